//! From sources to the model: fetch, decode, deliver.
//!
//! In: the sources of the configuration. Out: [`Update`]s, one at a time, from
//! [`Ingest::try_recv`].
//!
//! ```text
//! file ──────┐
//! http ──────┤  (and services that are asked over HTTP)
//! sse ───────┼─► decode (blocking threads) ─► outlet ─► one bounded channel ─► model
//! websocket ─┤                                  ▲
//! mqtt ──────┤                                  │
//! postgres ──┘                                  │
//! pictures ─────────────────────────────────────┤
//! tiles ────────────────────────────────────────┘
//! ```
//!
//! How it works: one thread, `quanyu-ingest`, runs a tokio runtime with a task
//! per source. Each task fetches, hands the bytes to a decoder on a blocking
//! thread, and waits for room in the channel; no source can delay another or
//! fill the memory. A failure is reported at once, then tried again after a
//! growing wait, for ever. Data that came stay in the model; only their age
//! shows that a source is dead. Nothing leaves this module unmasked or in
//! another datum than WGS-84.

mod backoff;
mod body;
mod client;
mod credentials;
mod decode;
#[cfg(any(feature = "websocket", feature = "mqtt", feature = "postgres"))]
mod dial;
mod fault;
mod file;
mod gate;
mod http;
mod intake;
mod kept;
mod load;
mod login;
#[cfg(feature = "mqtt")]
mod mqtt;
mod outlet;
mod paging;
mod pictures;
mod plan;
#[cfg(feature = "postgres")]
mod postgres;
mod probe;
mod service;
mod signature;
mod sse;
mod tiles;
mod tls;
#[cfg(feature = "websocket")]
mod websocket;
mod work;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::{oneshot, watch};

use crate::config::{Config, Source, TileSet};
use crate::domain::health::{SourceHealth, SourceId};
use crate::domain::update::Update;

pub use decode::normalized;
pub use decode::synonyms::synonyms;
pub use fault::{Fault, io_text};
use gate::Gate;
pub use kept::Kept;
pub use load::{TimedPoint, decode_events, load_areas, load_points, load_tracks};
use login::Logins;
use outlet::Inlet;
pub use outlet::Waker;
use pictures::PictureDesk;
pub use pictures::PictureRequest;
use plan::Plan;
pub use plan::Untouched;
pub use probe::{ProbeReport, probe, survey, survey_all};
use tiles::TileDesk;
pub use tiles::{TileProbe, TileRequest, probe_tiles};
use work::Work;

/// Wait before a source whose task broke down is started again.
const RESTART_AFTER: Duration = Duration::from_secs(5);

/// How long a decoder may hold up the end of the program.
const LONGEST_FAREWELL: Duration = Duration::from_secs(2);

/// Why ingest cannot start, or a file cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The operating system gives no thread or no event queue.
    #[error("无法启动数据线程:{0}")]
    Start(#[from] std::io::Error),
    /// A file that benchmarks wanted.
    #[error("{}:{fault}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What all sources share.
#[derive(Clone)]
pub struct IngestContext {
    /// Zone of times without an offset.
    pub zone: TimeZone,
    /// Names of the closed loop's stages, in order.
    pub stages: Vec<String>,
    /// Called after each message, from the ingest thread; must return at once.
    pub waker: Waker,
}

impl IngestContext {
    /// What the sources of `config` share.
    pub fn of(config: &Config, waker: Waker) -> Self {
        Self { zone: config.wall.zone.clone(), stages: config.closed_loop.stages.clone(), waker }
    }
}

/// The connection to the sources. Dropping it stops them.
pub struct Ingest {
    inlet: Inlet,
    desk: PictureDesk,
    tile_desk: TileDesk,
    plan: watch::Sender<Arc<Plan>>,
    /// Dropping it tells the thread to end.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ingest {
    /// Starts fetching from `sources`.
    ///
    /// # Errors
    /// As [`Ingest::start_with_tiles`].
    pub fn start(sources: &[Source], context: IngestContext) -> Result<Self, IngestError> {
        Self::start_with_tiles(sources, &[], context)
    }

    /// Starts fetching from `sources` and opens the tile sets.
    ///
    /// # Errors
    /// When the operating system gives no thread. A source that cannot be
    /// reached, or whose address cannot be used, is no error here: it says so
    /// in its health.
    pub fn start_with_tiles(
        sources: &[Source],
        tiles: &[TileSet],
        context: IngestContext,
    ) -> Result<Self, IngestError> {
        Self::start_keeping(sources, tiles, context, None)
    }

    /// As [`Ingest::start_with_tiles`]; what comes is also kept on disk, and
    /// what was kept there before is shown until something comes.
    ///
    /// # Errors
    /// As [`Ingest::start_with_tiles`].
    pub fn start_keeping(
        sources: &[Source],
        tiles: &[TileSet],
        context: IngestContext,
        kept: Option<Kept>,
    ) -> Result<Self, IngestError> {
        let (outlet, mut inlet) = outlet::channel(Arc::clone(&context.waker));
        let plan = Arc::new(Plan::new(sources, tiles, &context));
        inlet.put_in_force(plan.runs());
        let (plan, plans) = watch::channel(plan);
        let (desk, tile_desk) = (PictureDesk::default(), TileDesk::default());
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = Work {
            desk: desk.clone(),
            tile_desk: tile_desk.clone(),
            gate: Gate::default(),
            outlet,
            kept,
            logins: Logins::new(context.zone),
        };
        let thread = std::thread::Builder::new().name("quanyu-ingest".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = work.run(plans) => {}
                    // Stopped or dropped: both mean the end.
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(LONGEST_FAREWELL);
        })?;
        Ok(Self { inlet, desk, tile_desk, plan, stop: Some(stop), thread: Some(thread) })
    }

    /// Fetches from these sources and tile sets from now on. Whatever is fetched
    /// as before does not notice; what is fetched otherwise is connected anew,
    /// and begins with what `known` tells of it; what is no longer there ends,
    /// and nothing more comes of it. Never waits.
    pub fn follow(
        &mut self,
        sources: &[Source],
        tiles: &[TileSet],
        context: &IngestContext,
        known: impl Fn(SourceId) -> SourceHealth,
    ) -> Untouched {
        let (plan, untouched) = self.plan.borrow().followed_by(sources, tiles, context, known);
        self.inlet.put_in_force(plan.runs());
        self.plan.send_replace(Arc::new(plan));
        untouched
    }

    /// The next message, if there is one. Never waits.
    pub fn try_recv(&mut self) -> Option<Update> {
        self.inlet.try_recv()
    }

    /// Wants these pictures, and no others any more, at most 64; they come as
    /// [`Update::Picture`].
    pub fn want_pictures(&self, wanted: Vec<PictureRequest>) {
        self.desk.want(wanted);
    }

    /// Wants these tiles, and no others any more; they come as
    /// [`Update::Tile`].
    pub fn want_tiles(&self, wanted: Vec<TileRequest>) {
        self.tile_desk.want(wanted);
    }

    /// Stops all sources and waits for the thread to end.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Ingest {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the ingest thread broke down");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> IngestContext {
        IngestContext { zone: TimeZone::UTC, stages: Vec::new(), waker: Arc::new(|| {}) }
    }

    #[test]
    fn the_connection_can_be_a_resource_of_many_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Ingest>();
    }

    #[test]
    fn without_sources_it_starts_says_nothing_and_stops() {
        let mut ingest = Ingest::start(&[], context()).unwrap();
        assert!(ingest.try_recv().is_none());
        ingest.stop();
    }
}
