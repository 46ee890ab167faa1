//! The book in which alerts are kept on disk: those that stand, who has seen
//! them, and those that are over.
//!
//! In: a [`Record`] whenever it is worth keeping. Out: `alerts.json` beside what
//! the wall keeps of its sources, and after the next start the same record.
//!
//! How it works: a thread of its own writes the latest record, whole or not at
//! all; records that come meanwhile are one. It is joined when the wall ends, and
//! first writes what waits. A file that cannot be read is set aside, not
//! overwritten: somebody may need what it says.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::kept::folder_of;
use crate::config::Config;
use crate::domain::alert::Record;
use crate::model::{Alerts, Waker};

/// Name of the file.
const FILE: &str = "alerts.json";

/// Files of another form are set aside. Raise it with every change of a record
/// that older files do not fit.
const FORMAT: u32 = 1;

/// No record is as long.
const MAX_BYTES: u64 = 64 << 20;

/// Shortest time between two writes.
const REST: Duration = Duration::from_millis(250);

/// Time until what could not be written is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// The file as it is read.
#[derive(Deserialize)]
struct Kept {
    format: u32,
    #[serde(flatten)]
    record: Record,
}

/// The file as it is written.
#[derive(Serialize)]
struct KeptRef<'a> {
    format: u32,
    #[serde(flatten)]
    record: &'a Record,
}

/// See the module. Dropping it waits until everything is written.
#[derive(Resource)]
pub struct AlertBook {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Of what was handed over last.
    revision: u64,
}

#[derive(Default)]
struct Shared {
    slot: Mutex<Slot>,
    turned: Condvar,
}

#[derive(Default)]
struct Slot {
    /// To be written.
    record: Option<Record>,
    is_closing: bool,
    /// Why the last one could not be.
    fault: Option<String>,
}

impl AlertBook {
    /// Opens it where `config` says that the wall keeps things, and tells what is
    /// in it. A wall without a place to keep things runs all the same.
    pub fn open(config: &Config, waker: &Waker) -> Option<(Self, Record)> {
        let folder = folder_of(config)?;
        match Self::start(&folder, waker) {
            Ok(opened) => Some(opened),
            Err(error) => {
                tracing::warn!("无法在 {} 保存告警记录:{error};重启后不记得谁确认过", folder.display());
                None
            }
        }
    }

    fn start(folder: &Path, waker: &Waker) -> io::Result<(Self, Record)> {
        create_folder(folder)?;
        let path = folder.join(FILE);
        let record = read(&path);
        let shared = Arc::new(Shared::default());
        let (writer, waker) = (Arc::clone(&shared), waker.clone());
        let work = move || writer.work(&path, &waker);
        let thread = std::thread::Builder::new().name("quanyu-alerts".into()).spawn(work)?;
        Ok((Self { shared, thread: Some(thread), revision: 0 }, record))
    }

    /// Has a record written in place of any that waits.
    fn keep(&self, record: Record) {
        self.shared.lock().record = Some(record);
        self.shared.turned.notify_all();
    }

    fn fault(&self) -> Option<String> {
        self.shared.lock().fault.clone()
    }
}

impl Drop for AlertBook {
    fn drop(&mut self) {
        self.shared.lock().is_closing = true;
        self.shared.turned.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that keeps alerts broke down");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next record; `None` when there will be none.
    fn next(&self) -> Option<Record> {
        let mut slot = self.lock();
        loop {
            if let Some(record) = slot.record.take() {
                return Some(record);
            }
            if slot.is_closing {
                return None;
            }
            slot = self.turned.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes until nobody is left to ask for it.
    fn work(&self, path: &Path, waker: &Waker) {
        while let Some(record) = self.next() {
            let fault = write(path, &record).err().map(|error| error.to_string());
            let mut slot = self.lock();
            let rest = if fault.is_some() { RETRY } else { REST };
            // At the end there is no later.
            if fault.is_some() && slot.record.is_none() && !slot.is_closing {
                slot.record = Some(record);
            }
            if slot.fault != fault {
                if let Some(error) = &fault {
                    tracing::warn!(path = %path.display(), error, "告警记录未能写入磁盘,稍后再试");
                }
                slot.fault = fault;
                (waker.0)();
            }
            drop(self.turned.wait_timeout_while(slot, rest, |slot| !slot.is_closing));
        }
    }
}

/// Hands over what is worth keeping, and says on the wall when it is not kept.
pub fn keep(mut alerts: ResMut<Alerts>, book: Option<ResMut<AlertBook>>) {
    let Some(mut book) = book else { return };
    let revision = alerts.desk().record_revision();
    if std::mem::replace(&mut book.revision, revision) != revision {
        book.keep(alerts.desk().record());
    }
    let fault = book.fault();
    if alerts.fault != fault {
        alerts.fault = fault;
    }
}

/// What the file says; nothing where there is none, or where it is no such file:
/// then it is set aside.
fn read(path: &Path) -> Record {
    let found = match load(path) {
        Ok(record) => return record,
        Err(error) if error.kind() == ErrorKind::NotFound => return Record::default(),
        Err(error) => error,
    };
    let aside = path.with_extension("json.damaged");
    match std::fs::rename(path, &aside) {
        Ok(()) => {
            tracing::warn!("告警记录 {} 无法读取({found}),已移到 {},从空的开始", path.display(), aside.display());
        }
        Err(error) => tracing::warn!("告警记录 {} 无法读取({found}),也无法移开:{error}", path.display()),
    }
    Record::default()
}

fn load(path: &Path) -> io::Result<Record> {
    let bytes = std::fs::metadata(path)?.len();
    if bytes > MAX_BYTES {
        return Err(io::Error::other(format!("有 {bytes} 字节,不会是它")));
    }
    let kept: Kept = serde_json::from_slice(&std::fs::read(path)?).map_err(io::Error::other)?;
    if kept.format != FORMAT {
        return Err(io::Error::other(format!("格式为 {},而本程序只认识 {FORMAT}", kept.format)));
    }
    Ok(kept.record)
}

/// Puts a record in the place of the one before it.
fn write(path: &Path, record: &Record) -> io::Result<()> {
    let content = serde_json::to_vec(&KeptRef { format: FORMAT, record }).map_err(io::Error::other)?;
    let part = path.with_extension("json.part");
    let written = (|| {
        let mut file = create(&part)?;
        file.write_all(&content)?;
        // Before the name: after a power cut it would be a name of nothing.
        file.sync_all()?;
        std::fs::rename(&part, path)
    })();
    if written.is_err() {
        _ = std::fs::remove_file(&part);
    }
    written
}

/// Opens a file that only its owner may read.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder that only its owner may open.
fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::domain::alert::{AlertKey, AlertKind, AlertSeverity, Desk, Detail, Facts, Limit, Rule, Verdict};
    use crate::domain::geometry::LonLat;
    use crate::domain::time::Time as Instant1970;

    /// A folder of its own, gone at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("quanyu-alerts-{name}-{}", std::process::id()));
            _ = std::fs::remove_dir_all(&folder);
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn desk() -> Desk {
        let severity = AlertSeverity::Alarm;
        let rule =
            Rule { id: "gas".into(), name: "燃气".into(), severity, takeover_secs: None, hold_millis: 0, area: None };
        let facts = || Facts {
            kind: AlertKind::Device,
            name: "汇景3网格".into(),
            place: "大明路".into(),
            area: Some("320".into()),
            at: Some(LonLat::new(118.8, 32.0)),
            detail: Detail::Reading {
                label: "可燃气体".into(),
                value: 32.5,
                unit: "%LEL".into(),
                limit: Limit::Above(25.0),
            },
        };
        let mut desk = Desk::default();
        for (subject, verdict) in [("a", Verdict::Holds(None)), ("b", Verdict::Holds(None)), ("b", Verdict::Not)] {
            desk.see(&rule, subject, verdict, Instant1970(5), facts);
        }
        for subject in ["a", "b"] {
            assert!(desk.acknowledge(&AlertKey::new("gas", subject), "值班员", Instant1970(7)));
        }
        desk.arrange();
        desk
    }

    #[test]
    fn what_was_handed_over_last_is_there_after_a_restart() {
        let folder = Folder::new("restart");
        let record = desk().record();
        assert_eq!((record.standing.len(), record.history.len()), (1, 1));
        let (book, found) = AlertBook::start(&folder.0, &Waker::default()).expect("opens");
        assert_eq!(found, Record::default());
        book.keep(Record::default());
        book.keep(record.clone());
        drop(book);
        let (_book, found) = AlertBook::start(&folder.0, &Waker::default()).expect("opens again");
        assert_eq!(found, record);
        assert!(!folder.0.join("alerts.json.part").exists());
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_the_wall_starts_empty() {
        let folder = Folder::new("damaged");
        std::fs::create_dir_all(&folder.0).expect("a folder");
        let path = folder.0.join(FILE);
        write(&path, &desk().record()).expect("written");
        let whole = std::fs::read(&path).expect("read");
        let other = String::from_utf8(whole.clone()).expect("text").replace("\"format\":1", "\"format\":99");
        for damaged in [&whole[..whole.len() / 2], b"", b"\xff\x00", b"{\"format\":1}", other.as_bytes()] {
            std::fs::write(&path, damaged).expect("written");
            let (book, found) = AlertBook::start(&folder.0, &Waker::default()).expect("opens");
            assert_eq!(found, Record::default());
            assert_eq!(std::fs::read(folder.0.join("alerts.json.damaged")).expect("set aside"), damaged);
            drop(book);
        }
    }

    #[test]
    fn what_cannot_be_written_is_said_and_does_not_hold_up_the_end() {
        let folder = Folder::new("fault");
        let (book, _) = AlertBook::start(&folder.0, &Waker::default()).expect("opens");
        // A folder where the file should be.
        std::fs::create_dir_all(folder.0.join("alerts.json/x")).expect("a folder");
        book.keep(desk().record());
        let started = std::time::Instant::now();
        while book.fault().is_none() {
            assert!(started.elapsed() < Duration::from_secs(20), "no fault was told");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(book);
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
