//! From sources to the model: fetch, decode, deliver.
//!
//! In: the sources of the configuration. Out: [`Update`]s, one at a time, from
//! [`Ingest::try_recv`].
//!
//! ```text
//! file ──────┐
//! http ──────┤
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
#[cfg(feature = "postgres")]
mod postgres;
mod probe;
mod signature;
mod sse;
mod tiles;
mod tls;
#[cfg(feature = "websocket")]
mod websocket;
mod worker;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::config::source::Origin;
use crate::config::template::Template;
use crate::config::{Config, Source, TileSet};
use crate::domain::health::SourceId;
use crate::domain::tiles::TileSetId;
use crate::domain::time::Time;
use crate::domain::update::Update;

use client::Client;
use decode::Decoder;
pub use decode::synonyms::synonyms;
pub use fault::{Fault, io_text};
use gate::Gate;
pub use kept::Kept;
pub use load::{TimedPoint, decode_events, load_areas, load_points, load_tracks};
use login::Logins;
pub use outlet::Waker;
use outlet::{Inlet, Outlet, Reporter};
use pictures::PictureDesk;
pub use pictures::PictureRequest;
pub use probe::{ProbeReport, probe, probe_all, survey, survey_all};
use tiles::TileDesk;
pub use tiles::{TileProbe, TileRequest, probe_tiles};
use worker::Worker;

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
    /// More sources than can be numbered.
    #[error("数据源过多:{0} 个")]
    TooManySources(usize),
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
    /// Dropping it tells the thread to end.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ingest {
    /// Starts fetching from `sources`; the [`SourceId`] of each is its index.
    ///
    /// # Errors
    /// As [`Ingest::start_with_tiles`].
    pub fn start(sources: &[Source], context: IngestContext) -> Result<Self, IngestError> {
        Self::start_with_tiles(sources, &[], context)
    }

    /// Starts fetching from `sources` and opens the tile sets; the [`SourceId`]
    /// of each is its index, those of the tile sets follow after the sources.
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
        let count = sources.len() + tiles.len();
        if count > usize::from(SourceId::MAX) {
            return Err(IngestError::TooManySources(count));
        }
        let (outlet, inlet) = outlet::channel(count, Arc::clone(&context.waker));
        let (desk, tile_desk) = (PictureDesk::default(), TileDesk::default());
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (pictures, tile_work) = (desk.clone(), tile_desk.clone());
        let work = Work {
            logins: Logins::new(context.zone.clone()),
            sources: sources.into(),
            tiles: tiles.into(),
            tile_desk: tile_work,
            context,
            gate: Gate::default(),
            outlet,
            kept,
        };
        let thread = std::thread::Builder::new().name("quanyu-ingest".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = work.run(pictures) => {}
                    // Stopped or dropped: both mean the end.
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(LONGEST_FAREWELL);
        })?;
        Ok(Self { inlet, desk, tile_desk, stop: Some(stop), thread: Some(thread) })
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

/// What the ingest thread does.
struct Work {
    logins: Logins,
    sources: Arc<[Source]>,
    tiles: Arc<[TileSet]>,
    tile_desk: TileDesk,
    context: IngestContext,
    gate: Gate,
    outlet: Outlet,
    kept: Option<Kept>,
}

impl Work {
    /// Runs a task per source and tile set until the model is gone; one that breaks
    /// down is reported and started again.
    async fn run(&self, desk: PictureDesk) {
        let mut tasks = JoinSet::new();
        let mut indices = HashMap::new();
        let count = self.sources.len() + self.tiles.len();
        for index in 0..count {
            indices.insert(self.start_one(&mut tasks, index, Duration::ZERO), index);
        }
        tasks.spawn(desk.serve(self.clients(), self.gate.clone(), self.outlet.clone()));
        while let Some(ended) = tasks.join_next_with_id().await {
            let Err(error) = ended else { continue };
            if let Some(index) = indices.remove(&error.id()) {
                tracing::error!(source = self.name(index), %error, "source task broke down");
                self.reporter(index).failed(&Fault::Internal);
                indices.insert(self.start_one(&mut tasks, index, RESTART_AFTER), index);
            }
        }
    }

    /// Starts the task of the source or tile set with this number.
    fn start_one(&self, tasks: &mut JoinSet<()>, index: usize, after: Duration) -> tokio::task::Id {
        let Some(set) = index.checked_sub(self.sources.len()) else {
            return tasks.spawn(self.run_source(index, after)).id();
        };
        let (tiles, desk) = (Arc::clone(&self.tiles), self.tile_desk.clone());
        let (gate, outlet, reporter) = (self.gate.clone(), self.outlet.clone(), self.reporter(index));
        let task = async move {
            tokio::time::sleep(after).await;
            if let (Some(tiles), Ok(id)) = (tiles.get(set), TileSetId::try_from(set)) {
                desk.serve(id, tiles.clone(), gate, outlet, reporter).await;
            }
        };
        tasks.spawn(task).id()
    }

    /// Id in the configuration of the source or tile set with this number.
    fn name(&self, index: usize) -> &str {
        let source = self.sources.get(index).map(|source| source.id.as_str());
        source.or_else(|| Some(&self.tiles.get(index - self.sources.len())?.id)).unwrap_or_default()
    }

    fn reporter(&self, index: usize) -> Reporter {
        Reporter::new(self.outlet.clone(), SourceId::try_from(index).unwrap_or(SourceId::MAX))
    }

    /// The work of one source. Ends when the model is gone, or at once when
    /// the source's address can never be used.
    fn run_source(&self, index: usize, after: Duration) -> impl Future<Output = ()> + Send + use<> {
        let sources = Arc::clone(&self.sources);
        let (gate, logins) = (self.gate.clone(), self.logins.clone());
        let decoder = Decoder::new(&sources[index], &self.context.zone, &self.context.stages);
        let kept = self.kept.as_ref().map(|kept| kept.source(&sources[index], &self.context));
        let mut reporter = self.reporter(index).keeping(kept);
        async move {
            tokio::time::sleep(after).await;
            if reporter.send_kept().await.is_err() {
                return;
            }
            match Worker::new(&sources[index], decoder, gate, &logins) {
                // The other end closed: nobody is left to tell.
                Ok(worker) => _ = worker.run(reporter).await,
                Err(fault) => reporter.failed(&fault),
            }
        }
    }

    /// One client per HTTP source, for pictures.
    fn clients(&self) -> Arc<[Option<Client>]> {
        let client = |source: &Source| match &source.origin {
            Origin::Http { url, headers, access, deadlines, .. } | Origin::Sse { url, headers, access, deadlines } => {
                let address = Template::parse(url, &[]).ok()?;
                let url = http::expanded(&address, Time::system_now(), &self.logins.zone);
                Client::with_access(&url, headers, *deadlines, access, &self.logins).ok()
            }
            Origin::File { .. } | Origin::WebSocket(_) | Origin::Mqtt(_) | Origin::Postgres(_) => None,
        };
        self.sources.iter().map(client).collect()
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
