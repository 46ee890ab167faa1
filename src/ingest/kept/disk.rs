//! Files of what is kept: whole or not at all, and never more than allowed.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use serde::Serialize;

use super::FORMAT;

/// What every file begins with.
const MAGIC: [u8; 4] = *b"QYK\n";

/// Magic, format, fingerprint of the source, checksum of what follows.
pub(super) const HEAD: usize = 4 + 1 + 4 + 4;

/// Endings of the files that are ours.
const ENDINGS: [&str; 5] = ["set", "note", "log", "log-before", "part"];

/// Bytes after which a log is begun anew, where `limit` are allowed in all.
pub(super) fn log_bytes(limit: u64) -> u64 {
    (limit / 8).min(32 << 20)
}

/// Something to write.
#[derive(Debug)]
pub(super) struct Job {
    /// Name of the file.
    pub(super) path: PathBuf,
    /// Number of the [`super::KeptSource`] that wants it: of one source, the
    /// later has the greater.
    pub(super) run: u64,
    /// What to write.
    pub(super) what: What,
}

/// See [`Job`].
#[derive(Debug)]
pub(super) enum What {
    /// A whole file in the place of the one before: what [`sealed`] made.
    Whole(Vec<u8>),
    /// One more piece of a log.
    Piece {
        /// Of the source.
        fingerprint: u32,
        /// What [`super::log`] made.
        bytes: Vec<u8>,
    },
}

/// The files of a folder, as one thread writes them.
pub(super) struct Disk {
    limit: u64,
    sizes: HashMap<PathBuf, u64>,
    /// With the fingerprint of the source that it is of.
    logs: HashMap<PathBuf, (File, u32)>,
    /// The latest run of each source that wrote something, by the name of its
    /// files without an ending.
    runs: HashMap<PathBuf, u64>,
    /// Said once, and again after it was well.
    last_complaint: Option<String>,
}

/// A value with its head, and its checksum; `None` for what cannot be written.
pub(super) fn sealed(fingerprint: u32, value: &impl Serialize) -> Option<(Vec<u8>, u32)> {
    let mut content = postcard::to_extend(value, vec![0; HEAD]).ok()?;
    let checksum = crc32fast::hash(&content[HEAD..]);
    content[..HEAD].copy_from_slice(&head(fingerprint, checksum));
    Some((content, checksum))
}

/// The head of a file.
pub(super) fn head(fingerprint: u32, checksum: u32) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&MAGIC);
    head[4] = FORMAT;
    head[5..9].copy_from_slice(&fingerprint.to_le_bytes());
    head[9..].copy_from_slice(&checksum.to_le_bytes());
    head
}

/// What [`sealed`] wrote into a file, if it is whole and of this source as it is
/// configured now.
pub(super) fn read(path: &Path, fingerprint: u32) -> Option<Vec<u8>> {
    let mut content = std::fs::read(path).ok()?;
    let body = content.get(HEAD..)?;
    if content[..HEAD] != head(fingerprint, crc32fast::hash(body)) {
        tracing::info!(path = %path.display(), "what was kept is damaged or of another configuration");
        return None;
    }
    content.drain(..HEAD);
    Some(content)
}

/// Opens a file that only its owner may read: what is masked is still nobody
/// else's business.
fn create(path: &Path, options: &mut OpenOptions) -> std::io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// Makes a folder that only its owner may open.
fn create_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl Disk {
    /// Looks at what is there, and removes what belongs to no source.
    pub(super) fn open(folder: &Path, limit: u64, ids: &[&str]) -> std::io::Result<Self> {
        create_folder(folder)?;
        let mut sizes = HashMap::new();
        for entry in std::fs::read_dir(folder)?.flatten() {
            let path = entry.path();
            let [Some(stem), Some(ending)] = [path.file_stem(), path.extension()].map(|part| part?.to_str()) else {
                continue;
            };
            if !ENDINGS.contains(&ending) {
                continue;
            }
            if ending == "part" || !ids.contains(&stem) {
                _ = std::fs::remove_file(&path);
            } else if let Ok(metadata) = entry.metadata() {
                sizes.insert(path, metadata.len());
            }
        }
        Ok(Self { limit, sizes, logs: HashMap::new(), runs: HashMap::new(), last_complaint: None })
    }

    /// Writes until nobody is left to ask for it.
    pub(super) fn work(mut self, jobs: &Receiver<Job>) {
        while let Ok(Job { path, run, what }) = jobs.recv() {
            if self.is_overtaken(&path, run) {
                continue;
            }
            let done = match what {
                What::Whole(content) => self.replace(path.clone(), &content),
                What::Piece { fingerprint, bytes } => self.append(&path, fingerprint, &bytes),
            };
            let complaint = done.err().map(|error| error.to_string());
            if complaint.is_some() && path.extension().is_some_and(|ending| ending == "set") {
                // It is of the past, and would be dated as if it were not.
                _ = std::fs::remove_file(&path);
                self.sizes.remove(&path);
            }
            if let Some(error) = complaint.as_ref().filter(|_| self.last_complaint != complaint) {
                tracing::warn!(path = %path.display(), %error, "data are not kept");
            }
            self.last_complaint = complaint;
        }
    }

    /// Whether a later run of the same source has written already. What an ended
    /// run was still at may come behind it, and would undo it.
    fn is_overtaken(&mut self, path: &Path, run: u64) -> bool {
        let latest = self.runs.entry(path.with_extension("")).or_insert(run);
        *latest = run.max(*latest);
        run < *latest
    }

    fn has_room(&self, path: &Path, bytes: u64) -> std::io::Result<()> {
        let others: u64 = self.sizes.iter().filter(|(other, _)| *other != path).map(|(_, bytes)| bytes).sum();
        if others.saturating_add(bytes) <= self.limit {
            return Ok(());
        }
        Err(std::io::Error::other(format!("cache.size = {} MiB is too little", self.limit >> 20)))
    }

    fn replace(&mut self, path: PathBuf, content: &[u8]) -> std::io::Result<()> {
        self.has_room(&path, content.len() as u64)?;
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let written = (|| {
            let mut file = create(&part, OpenOptions::new().write(true).create(true).truncate(true))?;
            file.write_all(content)?;
            // Before the name: after a power cut it would be a name of nothing.
            file.sync_all()?;
            std::fs::rename(&part, &path)
        })();
        if written.is_err() {
            _ = std::fs::remove_file(&part);
        } else {
            self.sizes.insert(path, content.len() as u64);
        }
        written
    }

    fn append(&mut self, path: &Path, fingerprint: u32, piece: &[u8]) -> std::io::Result<()> {
        let written = self.append_to_open(path, fingerprint, piece);
        if written.is_err() {
            // Whatever state it is in: look again the next time.
            self.logs.remove(path);
        }
        written
    }

    fn append_to_open(&mut self, path: &Path, fingerprint: u32, piece: &[u8]) -> std::io::Result<()> {
        let known = self.sizes.get(path).copied().unwrap_or(0);
        if known > log_bytes(self.limit) {
            self.logs.remove(path);
            let before = path.with_extension("log-before");
            std::fs::rename(path, &before)?;
            self.sizes.remove(path);
            self.sizes.insert(before, known);
        }
        let known = self.sizes.get(path).copied().unwrap_or(0);
        self.has_room(path, known + piece.len() as u64)?;
        // Another configuration while the wall runs: the log begins anew.
        if self.logs.get(path).is_none_or(|&(_, known)| known != fingerprint) {
            let file = open_log(path, fingerprint)?;
            self.sizes.insert(path.to_owned(), file.metadata()?.len());
            self.logs.insert(path.to_owned(), (file, fingerprint));
        }
        if let Some((file, _)) = self.logs.get_mut(path) {
            file.write_all(piece)?;
            file.sync_data()?;
            *self.sizes.entry(path.to_owned()).or_default() += piece.len() as u64;
        }
        Ok(())
    }
}

/// Opens a log at its end; one of another configuration is begun anew.
fn open_log(path: &Path, fingerprint: u32) -> std::io::Result<File> {
    let expected = head(fingerprint, 0);
    let mut found = [0; HEAD];
    let is_log = File::open(path).and_then(|mut file| file.read_exact(&mut found)).is_ok();
    if is_log && found == expected {
        // Behind half a piece, which a power cut leaves, nobody would find more.
        let file = create(path, OpenOptions::new().read(true).append(true))?;
        file.set_len(super::log::whole_bytes(&std::fs::read(path)?))?;
        return Ok(file);
    }
    if is_log {
        _ = std::fs::remove_file(path.with_extension("log-before"));
    }
    let mut file = create(path, OpenOptions::new().write(true).create(true).truncate(true))?;
    file.write_all(&expected)?;
    Ok(file)
}
