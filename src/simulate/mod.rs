//! The demonstration back end: a real HTTP server over a made-up city.
//!
//! It is somebody else's server: it shares nothing with the wall but the
//! vocabulary of `domain`, and the wall reaches it through the same HTTP that
//! a real back end would speak. Everything that it says follows from a profile
//! (`profile`), a seed and the simulated time.
//!
//! ```text
//! profile + seed ─► geography ─► city ─► events, cameras, devices, tracks
//!                                           │ at a simulated instant
//!                                           ▼
//!                                   world ─► server (HTTP, SSE)
//! ```

mod calendar;
mod cameras;
mod catalogue;
mod city;
mod devices;
mod events;
mod figures;
mod geography;
mod noise;
mod picture;
mod profile;
mod server;
mod tracks;
mod world;

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::domain::time::Time;
pub use profile::{ProfileInfo, profiles};

/// The seed of the bundled maps and of the demonstration.
pub const DEFAULT_SEED: u64 = 4;

/// What the simulator is to play.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatorOptions {
    /// Name of a profile; see [`profiles`].
    pub profile: String,
    /// Anything; the same seed gives the same city and the same events.
    pub seed: u64,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Simulated seconds per second; 0 stands still.
    pub speed: f64,
    /// The simulated instant at the start; `None` is now.
    pub start: Option<Time>,
}

/// Why the simulator did not start or write.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// No such profile.
    #[error("没有名为“{asked}”的演示场景;是否为“{nearest}”?可用:{known}")]
    UnknownProfile {
        /// What was asked for.
        asked: String,
        /// The known name nearest to it.
        nearest: &'static str,
        /// All known names.
        known: String,
    },
    /// A speed that no clock can run at.
    #[error("速度 {0} 无效:须为不小于 0 的有限数")]
    BadSpeed(f64),
    /// The address is taken or not ours.
    #[error("无法监听 {address}:{source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No thread or no runtime.
    #[error("无法启动模拟线程:{0}")]
    Thread(#[source] io::Error),
    /// A map file could not be written.
    #[error("无法写入 {path}:{source}", path = path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A running simulator: one named thread that ends when this is stopped or
/// dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Builds the city, opens the socket and serves; returns once clients can
    /// connect.
    ///
    /// # Errors
    /// For an unknown profile, a bad speed, or when the address cannot be had.
    pub fn start(options: SimulatorOptions) -> Result<Self, SimulateError> {
        let profile = find_profile(&options.profile)?;
        if !options.speed.is_finite() || options.speed < 0.0 {
            return Err(SimulateError::BadSpeed(options.speed));
        }
        let listen_error = |source| SimulateError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).map_err(listen_error)?;
        listener.set_nonblocking(true).map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let city = city::City::build(profile, options.seed);
        let clock = world::SimulatedClock::new(options.start, options.speed);
        let backend = Arc::new(server::Backend::new(world::World::new(city, clock)));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SimulateError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("simulator".into())
            .spawn(move || runtime.block_on(serve(listener, backend, stopped)))
            .map_err(SimulateError::Thread)?;
        tracing::info!(profile = profile.name, %address, "simulator listening");
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it and waits until its thread has ended; open streams break off.
    pub fn stop(mut self) {
        self.end();
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("simulator thread panicked");
        }
    }

    fn end(&mut self) {
        // A thread that has already ended has dropped its receiver: nothing to tell it.
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("simulator thread panicked");
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.end();
    }
}

/// Serves until told to stop. Dropping the runtime then ends open streams.
async fn serve(listener: TcpListener, backend: server::Shared, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "simulator cannot use its socket");
            return;
        }
    };
    let router = server::routes::router(Arc::clone(&backend));
    tokio::select! {
        result = axum::serve(listener, router) => {
            if let Err(error) = result {
                tracing::error!(%error, "simulator stopped serving");
            }
        }
        () = server::stream::tick(backend) => {}
        // Stopped, or the handle is gone: both mean the end.
        _ = stopped => {}
    }
}

/// Writes `<profile>-areas.geojson` and `<profile>-context.geojson` into a
/// folder, which is made if need be; gives their paths.
///
/// # Errors
/// For an unknown profile, or when a file cannot be written.
pub fn write_map(profile: &str, seed: u64, folder: &Path) -> Result<[PathBuf; 2], SimulateError> {
    let profile = find_profile(profile)?;
    let geography = geography::Geography::build(profile, seed);
    let write = |path: PathBuf, body: Vec<u8>| match fs::write(&path, body) {
        Ok(()) => Ok(path),
        Err(source) => Err(SimulateError::Write { path, source }),
    };
    fs::create_dir_all(folder).map_err(|source| SimulateError::Write { path: folder.into(), source })?;
    let areas = geography::geojson::areas(&geography.areas, None);
    let context = geography::geojson::context(&geography.context);
    Ok([
        write(folder.join(format!("{}-areas.geojson", profile.name)), areas)?,
        write(folder.join(format!("{}-context.geojson", profile.name)), context)?,
    ])
}

fn find_profile(name: &str) -> Result<&'static profile::Profile, SimulateError> {
    profile::find(name).ok_or_else(|| SimulateError::UnknownProfile {
        asked: name.into(),
        nearest: profile::nearest(name),
        known: profiles().iter().map(|profile| profile.name).collect::<Vec<_>>().join("、"),
    })
}

#[cfg(test)]
mod tests;
