//! What is kept on disk, opened for the fuzzer.
//!
//! In: files of any content, under a head that fits. Out: what a wall would
//! find in them.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::kept::{Found, Kept};
use crate::config::Source;
use crate::domain::health::SourceHealth;
use crate::domain::time::Time;
use crate::domain::update::Records;

/// Bytes of a head before the checksum: magic, format, fingerprint.
const BARE_HEAD: usize = 9;

/// Bytes that may be kept.
const LIMIT: u64 = 8 << 20;

/// A folder that one source keeps in; gone when dropped.
pub struct Shelf {
    folder: PathBuf,
    source: Source,
}

impl Shelf {
    /// An empty folder, in memory where there is such a place.
    pub fn new(source: Source) -> Self {
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let folder = parent.join(format!("quanyu-fuzz-kept-{}", std::process::id()));
        _ = std::fs::remove_dir_all(&folder);
        Self { folder, source }
    }

    /// Keeps records, and that the source was well, and waits until it is
    /// written.
    ///
    /// # Panics
    /// When the folder cannot be opened.
    pub fn keep(&self, records: &Records, at: Time) {
        let kept = Kept::open(&self.folder, LIMIT, &[&self.source.id]).expect("the folder can be opened");
        let mut of_source = kept.source(&self.source, &TimeZone::UTC, &crate::sample::stages());
        // What came before is known first.
        _ = of_source.find();
        of_source.keep(records);
        of_source.note(&SourceHealth { last_ok: Some(at), records: records.len() as u64, ..SourceHealth::default() });
    }

    /// What a wall would find.
    ///
    /// # Panics
    /// When the folder cannot be opened.
    pub fn find(&self) -> Option<(Records, SourceHealth)> {
        let kept = Kept::open(&self.folder, LIMIT, &[&self.source.id]).expect("the folder can be opened");
        let found = kept.source(&self.source, &TimeZone::UTC, &crate::sample::stages()).find();
        found.map(|Found { records, health }| (records, health))
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.source.id))
    }

    /// A file as it is.
    pub fn read(&self, ending: &str) -> Option<Vec<u8>> {
        std::fs::read(self.path(ending)).ok()
    }

    /// Puts a file there.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, ending: &str, content: &[u8]) {
        std::fs::write(self.path(ending), content).expect("a file can be written");
    }

    /// Puts a file there under a head that fits, whose checksum is right where
    /// `is_sealed`, and 0 as a log has it else. Something must have been kept.
    pub fn write_under_head(&self, ending: &str, body: &[u8], is_sealed: bool) {
        let note = self.read("note").expect("something was kept");
        let checksum = if is_sealed { crc32fast::hash(body) } else { 0 };
        self.write(ending, &[&note[..BARE_HEAD], &checksum.to_le_bytes(), body].concat());
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.folder);
    }
}
