//! Sources that are files.
//!
//! In: a path. Out: the file's records, again whenever it changes, or one of the
//! files that belong to it ([`parts`]).
//!
//! How it works: the folder is watched, not the file, because most programs
//! replace a file instead of writing into it. Changes are collected until they
//! stop for a moment, so that a file is not read half written. Beside the
//! watch the file is looked at every few seconds, because network drives
//! notify nobody.

mod parts;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::backoff::Backoff;
use super::decode::{Batch, Decoded, Decoder};
use super::fault::Fault;
use super::gate::Gate;
use super::outlet::{Closed, Reporter};
pub use parts::read_into;

/// The file is looked at this often, watched or not.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A file that was not touched for so long is read.
const QUIET: Duration = Duration::from_millis(300);

/// A file that is touched all the time is read this often.
const LONGEST_UNQUIET: Duration = Duration::from_secs(3);

/// One source that is a file.
pub struct FileSource {
    path: PathBuf,
    decoder: Arc<Decoder>,
    gate: Gate,
    max_bytes: u64,
}

/// What tells two versions of a file apart without reading it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Version {
    bytes: u64,
    modified: Option<SystemTime>,
}

/// Tells when something happens in the folder of a file; nothing, when the
/// folder cannot be watched.
struct FolderWatch {
    changes: mpsc::Receiver<()>,
    /// Watching ends when this is dropped.
    _watcher: Option<notify::RecommendedWatcher>,
    /// Keeps `changes` open while nothing is watched.
    _sender: mpsc::Sender<()>,
}

impl FileSource {
    /// A file that was never read, of at most `max_bytes`.
    pub fn new(path: PathBuf, max_bytes: u64, decoder: Arc<Decoder>, gate: Gate) -> Self {
        Self { path, decoder, gate, max_bytes }
    }

    /// Reads the file, and again whenever it changes, until the wall closes.
    ///
    /// # Errors
    /// When the wall closes.
    pub async fn run(self, mut reporter: Reporter) -> Result<(), Closed> {
        let mut watch = FolderWatch::of(&self.path);
        let mut backoff = Backoff::default();
        let mut known = None;
        loop {
            let started = Instant::now();
            let wait = match self.read_if_changed(&mut known).await {
                Ok(None) => {
                    reporter.alive();
                    LOOK_EVERY
                }
                Ok(Some((decoded, bytes))) => {
                    backoff.reset();
                    reporter.deliver(decoded, bytes, started.elapsed()).await?;
                    LOOK_EVERY
                }
                Err(fault) => {
                    known = None;
                    reporter.failed(&fault);
                    backoff.after_failure(None).min(LOOK_EVERY)
                }
            };
            watch.changed_within(wait).await;
        }
    }

    /// Reads the file unless it and all that belongs to it are as at `known`.
    async fn read_if_changed(&self, known: &mut Option<Vec<Option<Version>>>) -> Result<Option<(Decoded, u64)>, Fault> {
        let path = self.path.clone();
        let versions = self.gate.run(move || parts::versions(&path)).await??;
        if known.as_ref() == Some(&versions) {
            return Ok(None);
        }
        let read = self.read().await?;
        *known = Some(versions);
        Ok(Some(read))
    }

    /// Reads the file once.
    ///
    /// # Errors
    /// When it cannot be read or holds no data.
    pub async fn read(&self) -> Result<(Decoded, u64), Fault> {
        let (path, max_bytes) = (self.path.clone(), self.max_bytes);
        let mut batch = Batch::new(&self.decoder);
        self.gate
            .run(move || {
                let bytes = read_into(&mut batch, &path, max_bytes)?;
                Ok((batch.finish().if_usable()?, bytes))
            })
            .await?
    }
}

/// The version of a file as it is now.
///
/// # Errors
/// When there is no such file.
pub(super) fn version_of(path: &Path) -> Result<Version, Fault> {
    let metadata = std::fs::metadata(path).map_err(|error| Fault::file(path, &error))?;
    Ok(Version { bytes: metadata.len(), modified: metadata.modified().ok() })
}

/// Reads a file of at most `limit` bytes, however long it says it is.
///
/// # Errors
/// When it cannot be read or is longer.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, Fault> {
    let fault = |error: std::io::Error| Fault::file(path, &error);
    let file = std::fs::File::open(path).map_err(fault)?;
    let expected = file.metadata().map_or(0, |metadata| metadata.len().min(limit));
    let mut body = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut body).map_err(fault)?;
    if body.len() as u64 > limit { Err(Fault::TooLarge { limit }) } else { Ok(body) }
}

impl FolderWatch {
    fn of(path: &Path) -> Self {
        // One waiting message says as much as a thousand.
        let (sender, changes) = mpsc::channel(1);
        let source = path.to_owned();
        let notifier = sender.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let concerns = |event: &notify::Event| {
                !event.kind.is_access() && event.paths.iter().any(|path| parts::is_of(path, &source))
            };
            if event.as_ref().is_ok_and(concerns) {
                _ = notifier.try_send(());
            }
        });
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let watcher = watcher.and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        if let Err(error) = &watcher {
            tracing::warn!(folder = %folder.display(), %error, "cannot watch folder, looking every few seconds instead");
        }
        Self { changes, _watcher: watcher.ok(), _sender: sender }
    }

    /// Waits for a change, and then until changes stop; at most `wait` when
    /// nothing changes.
    async fn changed_within(&mut self, wait: Duration) {
        if tokio::time::timeout(wait, self.changes.recv()).await.is_err() {
            return;
        }
        let first = Instant::now();
        while first.elapsed() < LONGEST_UNQUIET {
            if tokio::time::timeout(QUIET, self.changes.recv()).await.is_err() {
                return;
            }
        }
    }
}
