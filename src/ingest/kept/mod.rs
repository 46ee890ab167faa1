//! What came last of each source, kept on disk: a wall that starts without a
//! network shows yesterday's city, dated, instead of nothing.
//!
//! In: records as they leave the decoder, masked and in WGS-84. Out: the same
//! after the next start, with the time at which they came.
//!
//! How it works: a set that replaces the one before it is a file, written at
//! most once a minute and only when it is another; events are appended to a
//! [`log`], each as often as it changes. What is pushed of single devices,
//! cameras and walks is not kept. When a source was last well stands in
//! a small file of its own. One thread writes, from a bounded queue: what finds
//! it full is kept the next time. Each file begins with the format and a
//! fingerprint of the source's configuration, ends up under its name only when
//! it is whole, and carries a checksum: what does not fit or was damaged counts
//! as nothing.

mod disk;
mod log;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::body::encoded;
use crate::config::Source;
use crate::config::source::{Origin, Secret};
use crate::domain::area::Area;
use crate::domain::camera::Camera;
use crate::domain::context::ContextFeature;
use crate::domain::device::Device;
use crate::domain::event::Event;
use crate::domain::figure::Figure;
use crate::domain::health::SourceHealth;
use crate::domain::time::Time;
use crate::domain::track::Track;
use crate::domain::update::Records;
use disk::{Disk, Job, What};
use log::{EventLog, Piece};

/// Files of another form count as nothing. Raise it with every change of a
/// record in `domain`.
const FORMAT: u8 = 2;

/// A set is written at most this often.
const WRITE_EVERY: Duration = Duration::from_secs(60);

/// When a source was last well is written at most this often.
const NOTE_EVERY: Duration = Duration::from_secs(20);

/// Files that wait to be written.
const QUEUE: usize = 64;

/// A set that replaces the one before it.
#[derive(Deserialize)]
enum Set {
    Areas(Vec<Area>),
    Cameras(Vec<Camera>),
    Devices(Vec<Device>),
    Tracks(Vec<Track>),
    Figures(Vec<Figure>),
    Context(Vec<ContextFeature>),
}

/// The same to be written: without taking it over.
#[derive(Serialize)]
enum SetRef<'a> {
    Areas(&'a [Area]),
    Cameras(&'a [Camera]),
    Devices(&'a [Device]),
    Tracks(&'a [Track]),
    Figures(&'a [Figure]),
    Context(&'a [ContextFeature]),
}

/// What decides an answer and `Debug` does not show: the body that is posted,
/// and the headers that stand in the configuration (a tenant, for example).
fn asked_for(source: &Source) -> (Vec<u8>, Vec<&str>) {
    let (body, headers): (_, &[_]) = match &source.origin {
        Origin::Http { body, headers, .. } => (body.as_ref(), headers),
        Origin::Sse { headers, .. } => (None, headers),
        Origin::Service(origin) => (None, &origin.headers),
        Origin::WebSocket(origin) => (None, &origin.headers),
        Origin::File { .. } | Origin::Mqtt(_) | Origin::Postgres(_) => (None, &[]),
    };
    let plain = headers.iter().filter_map(|(_, value)| match value {
        Secret::Plain(value) => Some(value.as_str()),
        _ => None,
    });
    (body.map(|body| encoded(body).1).unwrap_or_default(), plain.collect())
}

/// When and how a source was last well.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    last_ok: Time,
    records: u64,
    bytes: u64,
    took_ms: u64,
}

/// The folder in which it is kept. Clones share it; the last to go waits until
/// everything is written.
#[derive(Clone, Debug)]
pub struct Kept(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    log_bytes: u64,
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// Sources whose files were read: it happens once, at the start of the wall.
    read: Mutex<Vec<String>>,
    /// Number of the next [`KeptSource`].
    next_run: AtomicU64,
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that keeps data broke down");
        }
    }
}

impl Kept {
    /// Keeps in `folder`, which is made where it is missing, and no more than
    /// `limit` bytes. Files of sources other than `ids` are removed.
    ///
    /// # Errors
    /// When the folder cannot be made or there is no thread.
    pub fn open(folder: &Path, limit: u64, ids: &[&str]) -> std::io::Result<Self> {
        let disk = Disk::open(folder, limit, ids)?;
        let (queue, jobs) = mpsc::sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("quanyu-kept".into()).spawn(move || disk.work(&jobs))?;
        Ok(Self(Arc::new(Shared {
            folder: folder.to_owned(),
            log_bytes: disk::log_bytes(limit),
            queue: Some(queue),
            thread: Some(thread),
            read: Mutex::default(),
            next_run: AtomicU64::new(0),
        })))
    }

    /// What concerns one source, from now on: what one that was asked for before
    /// still writes counts no more once this one has written.
    pub(super) fn source(&self, source: &Source, zone: &TimeZone, stages: &[String]) -> KeptSource {
        // What its records mean depends on all of these.
        let asked = asked_for(source);
        let (version, zone, fetched) = (env!("CARGO_PKG_VERSION"), zone.iana_name(), source.as_fetched());
        let meaning = format!("{version} {fetched:?} {zone:?} {stages:?} {asked:?}");
        KeptSource {
            kept: self.clone(),
            id: source.id.clone(),
            run: self.0.next_run.fetch_add(1, Ordering::Relaxed),
            fingerprint: crc32fast::hash(meaning.as_bytes()),
            written: None,
            noted: None,
            is_behind: false,
            missed: 0,
            log: EventLog::default(),
        }
    }

    fn is_first_look(&self, id: &str) -> bool {
        let mut read = self.0.read.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !read.iter().any(|known| known == id);
        if is_first {
            read.push(id.to_owned());
        }
        is_first
    }

    /// Hands a file over to be written; false when too many wait.
    fn write(&self, job: Job) -> bool {
        self.0.queue.as_ref().is_some_and(|queue| queue.try_send(job).is_ok())
    }
}

/// What was kept of a source.
pub(super) struct Found {
    pub(super) records: Records,
    pub(super) health: SourceHealth,
}

/// What is kept of one source.
#[derive(Debug)]
pub(super) struct KeptSource {
    kept: Kept,
    id: String,
    /// See [`Job::run`].
    run: u64,
    fingerprint: u32,
    /// When its set was written, and its checksum.
    written: Option<(Instant, u32)>,
    noted: Option<Instant>,
    /// Something came that is not written: what stands there keeps its date.
    is_behind: bool,
    /// Answers that found the queue full.
    missed: u64,
    log: EventLog,
}

impl KeptSource {
    fn path(&self, ending: &str) -> PathBuf {
        self.kept.0.folder.join(format!("{}.{ending}", self.id))
    }

    /// Hands a file over to be written; false when too many wait.
    fn write(&self, ending: &str, what: What) -> bool {
        self.kept.write(Job { path: self.path(ending), run: self.run, what })
    }

    /// What was kept before the program started, the first time it is asked for.
    /// Blocks while it is read.
    pub(super) fn find(&mut self) -> Option<Found> {
        if !self.kept.is_first_look(&self.id) {
            return None;
        }
        let note: Note = postcard::from_bytes(&disk::read(&self.path("note"), self.fingerprint)?).ok()?;
        let records = self.find_set().or_else(|| {
            let events = log::read(&self.path("log"), self.fingerprint);
            if let Some(Piece { bytes, marks }) = self.log.piece_of(&events, self.kept.0.log_bytes) {
                self.log.was_written(marks, bytes.len(), self.kept.0.log_bytes);
            }
            (!events.is_empty()).then_some(Records::Events(events))
        })?;
        let health = SourceHealth {
            last_ok: Some(note.last_ok),
            records: note.records,
            bytes: note.bytes,
            took_ms: note.took_ms,
            ..SourceHealth::default()
        };
        Some(Found { records, health })
    }

    fn find_set(&self) -> Option<Records> {
        Some(match postcard::from_bytes(&disk::read(&self.path("set"), self.fingerprint)?).ok()? {
            Set::Areas(set) => Records::Areas(set),
            Set::Cameras(set) => Records::Cameras(set),
            Set::Devices(set) => Records::Devices(set),
            Set::Tracks(set) => Records::Tracks(set),
            Set::Figures(set) => Records::Figures(set),
            Set::Context(set) => Records::Context(set),
        })
    }

    /// How many answers were not written, because too much waited to be.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    /// Whether [`Self::keep`] may take longer than a moment.
    pub(super) fn is_work(&self, records: &Records) -> bool {
        match records {
            Records::Events(events) => events.len() > 256,
            records => records.is_set() && self.is_due(),
        }
    }

    fn is_due(&self) -> bool {
        self.written.is_none_or(|(at, _)| at.elapsed() >= WRITE_EVERY)
    }

    /// Keeps what came.
    pub(super) fn keep(&mut self, records: &Records) {
        if let Records::Events(events) = records {
            return self.keep_events(events);
        }
        if records.is_set() && !self.is_due() {
            self.is_behind = true;
            return;
        }
        let bare: Vec<Camera>;
        let set = match records {
            Records::Areas(set) => SetRef::Areas(set),
            Records::Cameras(set) => {
                // Addresses of pictures often carry somebody's key.
                bare = set.iter().map(|camera| Camera { picture: None, ..camera.clone() }).collect();
                SetRef::Cameras(&bare)
            }
            Records::Devices(set) => SetRef::Devices(set),
            Records::Tracks(set) => SetRef::Tracks(set),
            Records::Figures(set) => SetRef::Figures(set),
            Records::Context(set) => SetRef::Context(set),
            // A part of something: alone it would be taken for the whole.
            _ => return,
        };
        let Some((content, checksum)) = disk::sealed(self.fingerprint, &set) else { return };
        let is_another = self.written.is_none_or(|(_, known)| known != checksum);
        self.is_behind = is_another && !self.write("set", What::Whole(content));
        if self.is_behind {
            self.missed += 1;
        } else {
            self.written = Some((Instant::now(), checksum));
        }
    }

    fn keep_events(&mut self, events: &[Event]) {
        let Some(Piece { bytes, marks }) = self.log.piece_of(events, self.kept.0.log_bytes) else { return };
        let length = bytes.len();
        if self.write("log", What::Piece { fingerprint: self.fingerprint, bytes }) {
            self.log.was_written(marks, length, self.kept.0.log_bytes);
        } else {
            self.missed += 1;
        }
    }

    /// Whether all of these are on their way to the disk.
    #[cfg(test)]
    fn log_has(&self, records: &Records) -> bool {
        matches!(records, Records::Events(events) if self.log.piece_of(events, self.kept.0.log_bytes).is_none())
    }

    /// Notes when and how the source was last well.
    pub(super) fn note(&mut self, health: &SourceHealth) {
        let Some(last_ok) = health.last_ok else { return };
        if self.is_behind || self.noted.is_some_and(|at| at.elapsed() < NOTE_EVERY) {
            return;
        }
        let note = Note { last_ok, records: health.records, bytes: health.bytes, took_ms: health.took_ms };
        let Some((content, _)) = disk::sealed(self.fingerprint, &note) else { return };
        if self.write("note", What::Whole(content)) {
            self.noted = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests;
