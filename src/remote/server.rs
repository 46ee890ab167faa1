//! The thread that serves, from its start to its end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::command::Asked;
use super::connections::Connections;
use super::guard::Hosts;
use super::pairing::Pairing;
use super::routes::router;
use super::sessions::Sessions;
use super::shared::{App, Published, Shared, locked};
use super::state::State;
use crate::config::remote::{Remote as Settings, RemoteToken};
use crate::domain::area::AreaTree;

/// What waits for the wall at most.
const WAITING: usize = 64;

/// Fewest letters of a token.
const TOKEN_LETTERS: usize = 16;

/// How long answers that are under way may take at the end.
const GRACE: Duration = Duration::from_millis(500);

/// Why there is no remote control.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The socket could not be opened.
    #[error("遥控无法在 {address} 上监听:{source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A token could not be read, or is too short.
    #[error("遥控令牌“{name}”不能用:{reason}")]
    Token {
        /// Whose it is.
        name: String,
        /// Why not.
        reason: String,
    },
    /// No thread or no runtime.
    #[error("无法启动遥控线程:{0}")]
    Thread(#[source] io::Error),
}

/// A running remote control: one named thread that ends when this is dropped.
pub struct Remote {
    address: SocketAddr,
    app: App,
    asked: mpsc::Receiver<Asked>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Remote {
    /// Opens the socket and serves; returns once clients can connect. `waker`
    /// is called when something was asked for.
    ///
    /// # Errors
    /// When the address is taken, or a token cannot be used.
    pub fn start(settings: &Settings, waker: Arc<dyn Fn() + Send + Sync>) -> Result<Self, RemoteError> {
        let tokens = settings.tokens.iter().map(revealed).collect::<Result<Vec<_>, _>>()?;
        let fail = |source| RemoteError::Listen { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).map_err(fail)?;
        listener.set_nonblocking(true).map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let (to_wall, asked) = mpsc::channel(WAITING);
        let app = Arc::new(Shared {
            hosts: Hosts::of(address, &settings.hosts),
            session_ms: (settings.session_secs * 1_000.0) as u64,
            pairing: Mutex::new(Pairing::default()),
            sessions: Mutex::new(Sessions::new(&tokens)),
            published: Mutex::new(Published::default()),
            picture: tokio::sync::Mutex::new(None),
            to_wall,
            waker,
            started: Instant::now(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .map_err(RemoteError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&app);
        let thread = std::thread::Builder::new()
            .name("quanyu-remote".into())
            .spawn(move || {
                runtime.block_on(serve(listener, served, stopped));
                runtime.shutdown_timeout(GRACE);
            })
            .map_err(RemoteError::Thread)?;
        tracing::info!(%address, "遥控已启动");
        Ok(Self { address, app, asked, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next thing that somebody waits for.
    pub fn try_recv(&mut self) -> Option<Asked> {
        while let Ok(asked) = self.asked.try_recv() {
            if !asked.is_given_up() {
                return Some(asked);
            }
        }
        None
    }

    /// Tells what the wall shows now, in words that the screen may show.
    pub fn publish(&self, state: State, areas: Arc<AreaTree>) {
        *locked(&self.app.published) = Published { state: Arc::new(state), areas };
    }

    /// Makes a code that the screen shows.
    pub fn open_pairing(&self) {
        locked(&self.app.pairing).open(self.app.now_ms());
    }

    /// Forgets the code.
    pub fn close_pairing(&self) {
        locked(&self.app.pairing).close();
    }

    /// The code that the screen shows, and seconds until it ends.
    pub fn pairing(&self) -> Option<(String, u64)> {
        let pairing = locked(&self.app.pairing);
        pairing.shown(self.app.now_ms()).map(|(code, ms)| (code.to_owned(), ms.div_ceil(1_000)))
    }

    /// How many are paired.
    pub fn paired(&self) -> usize {
        locked(&self.app.sessions).count(self.app.now_ms())
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // Whoever waits for the wall waits no longer.
        self.asked.close();
        while self.asked.try_recv().is_ok() {}
        // A thread that has already ended has dropped its receiver.
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("遥控线程意外结束");
        }
    }
}

/// A token with its owner's name.
fn revealed(RemoteToken { name, secret }: &RemoteToken) -> Result<(String, String), RemoteError> {
    let fail = |reason: String| RemoteError::Token { name: name.clone(), reason };
    let token = secret.reveal().map_err(fail)?;
    if token.chars().count() < TOKEN_LETTERS {
        return Err(fail(format!("太短,至少 {TOKEN_LETTERS} 个字符")));
    }
    Ok((name.clone(), token))
}

/// Serves until told to stop. Dropping the runtime then ends what is open.
async fn serve(listener: TcpListener, app: App, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!("遥控无法使用端口:{error}");
            return;
        }
    };
    tokio::select! {
        result = axum::serve(Connections::of(listener), router(app)) => {
            if let Err(error) = result {
                tracing::error!("遥控已停止:{error}");
            }
        }
        // Stopped, or the handle is gone: both mean the end.
        _ = stopped => {}
    }
}
