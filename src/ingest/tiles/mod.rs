//! Map tiles, on request.
//!
//! In: the list of tiles that the map wants now, nearest to its middle first.
//! Out: decoded tiles ([`Update::Tile`]), and for each set its health.
//!
//! How it works: each set has a task of its own, which takes the tiles of the
//! latest list one after the other, a few at once. Only the latest list counts;
//! what is on its way when a newer one comes is still delivered, because most of
//! it is wanted as well. A tile that cannot be used costs itself; a server that
//! cannot be reached is asked again after a growing wait, and the list waits. An
//! archive whose file changed is opened anew.
//!
//! An archive may be on a drive that hangs. So it is read outside the gate that
//! all decoders share, one piece of work at a time for each set.

mod archive;
mod content;
mod mapping;
mod mbtiles;
mod pmtiles;
mod probe;
mod remote;
mod vector;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::TileSet;
use crate::domain::tiles::{TileContent, TileId, TileSetId, TileSetInfo};
use crate::domain::update::Update;

use super::backoff::Backoff;
use super::fault::Fault;
use super::file::{Version, version_of};
use super::gate::Gate;
use super::login::Logins;
use super::outlet::{Closed, Outlet, Reporter};
use archive::Archive;
use content::Reading;
use mapping::Mapping;
pub use probe::{TileProbe, probe_tiles};
use remote::{Answer, Remote};

/// Tiles of one set that are fetched at once.
const CONCURRENT: usize = 6;

/// The file of an archive is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Most tiles of one list.
const MAX_WANTED: usize = crate::config::tiles::MAX_TILE_SETS * crate::domain::tiles::MAX_WANTED;

/// A tile that the map wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileRequest {
    /// Of which set.
    pub set: TileSetId,
    /// Which tile.
    pub tile: TileId,
}

/// Asks for tiles; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct TileDesk {
    wanted: watch::Sender<Vec<TileRequest>>,
}

impl Default for TileDesk {
    fn default() -> Self {
        Self { wanted: watch::Sender::new(Vec::new()) }
    }
}

impl TileDesk {
    /// Wants these tiles, and no others any more.
    pub fn want(&self, mut wanted: Vec<TileRequest>) {
        wanted.truncate(MAX_WANTED);
        self.wanted.send_replace(wanted);
    }

    /// The work of one tile set. Ends when the wall closes, or when the
    /// address of the set can never be used.
    pub async fn serve(
        self,
        id: TileSetId,
        set: TileSet,
        gate: Gate,
        outlet: Outlet,
        mut reporter: Reporter,
        logins: Logins,
    ) {
        let mut backoff = Backoff::default();
        let reading = Arc::new(Reading { grid: set.grid, mapping: Mapping::new(&set.layers) });
        let disk = Gate::of_one();
        loop {
            match Store::open(&set, &disk, &logins).await {
                Ok(store) => {
                    backoff.reset();
                    let clerk = Clerk {
                        id,
                        set: &set,
                        store,
                        reading: Arc::clone(&reading),
                        disk: disk.clone(),
                        gate: gate.clone(),
                        outlet: outlet.clone(),
                    };
                    if clerk.serve(&self, &mut reporter).await.is_err() {
                        return;
                    }
                }
                // A file may be replaced by one that can be used.
                Err(fault @ Fault::Unusable(_)) if archive::path_of(&set.origin).is_none() => {
                    return reporter.failed(&fault);
                }
                Err(fault) => {
                    reporter.failed(&fault);
                    tokio::time::sleep(backoff.after_failure(None)).await;
                }
            }
        }
    }
}

/// Where the tiles of a set are taken from.
#[derive(Clone)]
enum Store {
    /// A file that was opened when it was of this version.
    Archive(Arc<Mutex<Archive>>, TileSetInfo, Version),
    /// A server.
    Remote(Arc<Remote>),
}

impl Store {
    async fn open(set: &TileSet, disk: &Gate, logins: &Logins) -> Result<Self, Fault> {
        if let crate::config::tiles::TileOrigin::Url(url) = &set.origin {
            return Ok(Self::Remote(Arc::new(Remote::new(url, set.grid.matrix, logins)?)));
        }
        let set = set.clone();
        disk.run(move || {
            let path = archive::path_of(&set.origin).ok_or(Fault::Internal)?;
            let version = version_of(path)?;
            let mut archive = Archive::open(&set.origin, set.grid.matrix)?.ok_or(Fault::Internal)?;
            let said = archive.info()?;
            let [min_zoom, max_zoom] = said.zooms_of(&set)?;
            let info = TileSetInfo {
                min_zoom,
                max_zoom,
                tile_px: set.tile_px.unwrap_or(if said.is_vector { 512 } else { 256 }),
            };
            Ok(Self::Archive(Arc::new(Mutex::new(archive)), info, version))
        })
        .await?
    }

    /// What the set is like.
    fn info(&self, set: &TileSet) -> TileSetInfo {
        match self {
            Self::Archive(_, info, _) => *info,
            Self::Remote(_) => TileSetInfo {
                min_zoom: set.min_zoom.unwrap_or_else(|| set.grid.matrix.least_zoom()),
                max_zoom: set.max_zoom.unwrap_or(crate::domain::tiles::MAX_ZOOM),
                tile_px: set.tile_px.unwrap_or(256),
            },
        }
    }

    /// Waits until the file is another one, or gone; for ever on a server.
    async fn changed(&self, set: &TileSet, disk: &Gate) {
        let (Self::Archive(_, _, version), Some(path)) = (self, archive::path_of(&set.origin)) else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let path = path.to_owned();
            let now = disk.run(move || version_of(&path)).await;
            if !matches!(now, Ok(Ok(now)) if now == *version) {
                return;
            }
        }
    }
}

/// What became of one request.
enum Outcome {
    /// The tile, and the bytes that it took.
    Tile(TileContent, u64),
    /// A server that says, with this status, that it has no such tile.
    None(u16),
    /// A tile that came and cannot be used.
    Unusable(Fault),
    /// Nothing came: neither would the next.
    Lost(Fault),
}

/// Serves one set from a store that is open.
struct Clerk<'a> {
    id: TileSetId,
    set: &'a TileSet,
    store: Store,
    reading: Arc<Reading>,
    /// Admits one at a time to the archive.
    disk: Gate,
    /// Admits to decoding, together with all sources.
    gate: Gate,
    outlet: Outlet,
}

/// What is to do, and what is being done.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<TileId>,
    flying: BTreeSet<TileId>,
    /// Until then nothing is asked.
    paused_until: Option<tokio::time::Instant>,
    backoff: Backoff,
    /// Whether a tile ever came: until then a missing one may mean that the
    /// address is wrong.
    has_any: bool,
}

impl Clerk<'_> {
    /// Delivers what is wanted until the archive is another one.
    ///
    /// # Errors
    /// When the wall closes.
    async fn serve(&self, desk: &TileDesk, reporter: &mut Reporter) -> Result<(), Closed> {
        let info = self.store.info(self.set);
        self.outlet.send(Update::TileSet { set: self.id, info }).await?;
        if matches!(self.store, Store::Archive(..)) {
            reporter.alive();
        }
        let mut wanted = desk.wanted.subscribe();
        // What was wanted before is wanted still.
        wanted.mark_changed();
        let mut queue = Queue::default();
        // Tasks of their own: while one outcome waits for room in the channel,
        // the others go on, and none is left standing in the gate.
        let mut fetches = JoinSet::new();
        // Beside the fetches, never between them: it passes the same `disk`.
        let mut changed = std::pin::pin!(self.store.changed(self.set, &self.disk));
        loop {
            while fetches.len() < CONCURRENT
                && queue.paused_until.is_none()
                && let Some(tile) = queue.waiting.pop_front()
            {
                queue.flying.insert(tile);
                fetches.spawn(self.fetch(tile));
            }
            let pause = queue.paused_until.unwrap_or_else(tokio::time::Instant::now);
            tokio::select! {
                news = wanted.changed() => {
                    if news.is_err() {
                        return Err(Closed);
                    }
                    let list = wanted.borrow_and_update();
                    let own = list.iter().filter(|request| request.set == self.id).map(|request| request.tile);
                    queue.waiting = own.filter(|tile| !queue.flying.contains(tile)).collect();
                }
                Some(fetched) = fetches.join_next() => {
                    // A panic of ours ends this task, which then starts again.
                    let (tile, outcome, took) = fetched.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
                    queue.flying.remove(&tile);
                    self.take(tile, outcome, took, &mut queue, reporter).await?;
                }
                () = tokio::time::sleep_until(pause), if queue.paused_until.is_some() => queue.paused_until = None,
                () = &mut changed => return Ok(()),
            }
        }
    }

    /// Delivers one outcome, or puts its tile back.
    async fn take(
        &self,
        tile: TileId,
        outcome: Outcome,
        took: Duration,
        queue: &mut Queue,
        reporter: &mut Reporter,
    ) -> Result<(), Closed> {
        match outcome {
            Outcome::Tile(content, bytes) => {
                queue.has_any = true;
                queue.backoff.reset();
                self.deliver(tile, content).await?;
                reporter.tile_came(bytes, took);
            }
            Outcome::None(status) => {
                self.deliver(tile, TileContent::Absent).await?;
                if !queue.has_any {
                    reporter.failed(&Fault::Status { status, retry_after: None });
                }
            }
            Outcome::Unusable(fault) => {
                self.deliver(tile, TileContent::Faulty).await?;
                reporter.failed(&fault);
            }
            Outcome::Lost(fault) => {
                queue.waiting.push_front(tile);
                // The others that were on their way are lost for the same reason.
                if queue.paused_until.is_none() {
                    let wait = queue.backoff.after_failure(fault.retry_after());
                    queue.paused_until = Some(tokio::time::Instant::now() + wait);
                    reporter.failed(&fault);
                }
            }
        }
        Ok(())
    }

    async fn deliver(&self, tile: TileId, content: TileContent) -> Result<(), Closed> {
        self.outlet.send(Update::Tile { set: self.id, tile, content }).await.map(|_| ())
    }

    /// Fetches and reads one tile.
    fn fetch(&self, tile: TileId) -> impl Future<Output = (TileId, Outcome, Duration)> + use<> {
        let (store, reading) = (self.store.clone(), Arc::clone(&self.reading));
        let (disk, gate) = (self.disk.clone(), self.gate.clone());
        async move {
            let started = Instant::now();
            let outcome = fetched(store, reading, disk, gate, tile).await;
            (tile, outcome, started.elapsed())
        }
    }
}

async fn fetched(store: Store, reading: Arc<Reading>, disk: Gate, gate: Gate, tile: TileId) -> Outcome {
    let body = match store {
        Store::Archive(archive, ..) => {
            let read = disk
                .run(move || archive.lock().unwrap_or_else(PoisonError::into_inner).tile(tile))
                .await
                .unwrap_or_else(Err);
            match read {
                Ok(body) => body.unwrap_or_default(),
                Err(fault @ Fault::File { .. }) => return Outcome::Lost(fault),
                Err(fault) => return Outcome::Unusable(fault),
            }
        }
        Store::Remote(remote) => match remote.tile(tile).await {
            Ok(Answer::Tile(body)) => body,
            Ok(Answer::None(status)) => return Outcome::None(status),
            Err(fault @ (Fault::TooLarge { .. } | Fault::Compression)) => return Outcome::Unusable(fault),
            Err(fault) => return Outcome::Lost(fault),
        },
    };
    let bytes = body.len() as u64;
    let read = gate.run(move || content::read(body, tile, &reading)).await.unwrap_or_else(Err);
    read.map_or_else(Outcome::Unusable, |content| Outcome::Tile(content, bytes))
}
