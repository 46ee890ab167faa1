//! Events as they came, one piece behind the other.
//!
//! A piece is its length, its checksum and a list of events. Reading ends at
//! the first that is not whole, which a power cut leaves at the end. When a log
//! has grown too long it becomes the one before, and the one before that goes:
//! events that are told again after that are written again. Of a history that is
//! longer than a log, only the newest are written: the others would push them
//! out, and be written anew each time that it is told.

use std::collections::HashMap;
use std::path::Path;

use super::disk::{HEAD, head};
use crate::domain::event::Event;
use crate::domain::time::Time;

/// Events of which it is known how they were written last: the first of more
/// are written again.
const MAX_MARKS: usize = 300_000;

/// Most events of one batch that are written.
const MAX_WRITTEN: usize = MAX_MARKS * 5 / 6;

/// Events of one piece.
const IN_A_PIECE: usize = 4_096;

/// Stands for an id, and for a state of the event.
pub(super) type Mark = (u64, u64);

/// What was written of a source's events.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    marks: HashMap<u64, u64, foldhash::fast::RandomState>,
    /// Bytes of what they stand for.
    bytes: usize,
    hasher: foldhash::fast::RandomState,
}

/// Something to append.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// To be handed to [`EventLog::was_written`] once it was taken.
    pub(super) marks: Vec<Mark>,
}

impl EventLog {
    /// Those of `events` that are not in the log as they are, where a log has
    /// `log_bytes`; `None` when all are.
    pub(super) fn piece_of(&self, events: &[Event], log_bytes: u64) -> Option<Piece> {
        use std::hash::BuildHasher;

        let oldest = oldest_written(events, log_bytes);
        let mut piece = Piece { bytes: Vec::new(), marks: Vec::new() };
        let (mut list, mut count) = (Vec::new(), 0);
        for event in events.iter().filter(|event| event.reported >= oldest) {
            let before = list.len();
            list = postcard::to_extend(event, list).ok()?;
            let mark = (self.hasher.hash_one(&event.id), self.hasher.hash_one(&list[before..]));
            if self.marks.get(&mark.0) == Some(&mark.1) {
                list.truncate(before);
                continue;
            }
            piece.marks.push(mark);
            count += 1;
            if count == IN_A_PIECE {
                append_piece(&mut piece.bytes, &list);
                list.clear();
                count = 0;
            }
        }
        if count > 0 {
            append_piece(&mut piece.bytes, &list);
        }
        (!piece.bytes.is_empty()).then_some(piece)
    }

    /// A piece of `bytes` is on its way to the disk, where a log is begun anew
    /// after `log_bytes`: then what is told again is written again.
    pub(super) fn was_written(&mut self, marks: Vec<Mark>, bytes: usize, log_bytes: u64) {
        self.bytes += bytes;
        if self.marks.len() + marks.len() > MAX_MARKS || self.bytes as u64 > log_bytes {
            self.marks.clear();
            self.bytes = 0;
        }
        self.marks.extend(marks);
    }
}

/// Events reported before this are left out, so that the rest leave a quarter of
/// a log for what changes later.
fn oldest_written(events: &[Event], log_bytes: u64) -> Time {
    /// An event is hardly longer: few of them are not measured.
    const MOST_BYTES: u64 = 1 << 10;
    let room = log_bytes / 4 * 3;
    let everything = Time(i64::MIN);
    if events.len() <= MAX_WRITTEN && events.len() as u64 * MOST_BYTES <= room {
        return everything;
    }
    let mut buffer = Vec::new();
    let mut size = |event: &Event| {
        buffer.clear();
        buffer = postcard::to_extend(event, std::mem::take(&mut buffer)).unwrap_or_default();
        buffer.len() as u64
    };
    let mut sizes: Vec<(Time, u64)> = events.iter().map(|event| (event.reported, size(event))).collect();
    sizes.sort_unstable_by_key(|(reported, _)| std::cmp::Reverse(*reported));
    let mut bytes = 0;
    let too_much = sizes.iter().enumerate().position(|(count, (_, size))| {
        bytes += size;
        count >= MAX_WRITTEN || bytes > room
    });
    // Those of the same instant stay together: outside.
    too_much.map_or(everything, |place| sizes[place].0.plus_millis(1))
}

fn append_piece(bytes: &mut Vec<u8>, list: &[u8]) {
    bytes.extend((list.len() as u32).to_le_bytes());
    bytes.extend(crc32fast::hash(list).to_le_bytes());
    bytes.extend(list);
}

/// The events of a log and of the one before it, in the order in which they
/// came.
pub(super) fn read(path: &Path, fingerprint: u32) -> Vec<Event> {
    let mut events = Vec::new();
    for path in [&*path.with_extension("log-before"), path] {
        let Ok(content) = std::fs::read(path) else { continue };
        if content.get(..HEAD) == Some(&head(fingerprint, 0)) {
            read_pieces(&content[HEAD..], &mut events);
        }
    }
    events
}

fn read_pieces(mut content: &[u8], events: &mut Vec<Event>) {
    while let Some((piece, rest)) = first_piece(content) {
        let mut list = piece;
        while let Ok((event, rest)) = postcard::take_from_bytes(list) {
            events.push(event);
            if rest.is_empty() {
                break;
            }
            list = rest;
        }
        content = rest;
    }
}

/// How long a log is up to the end of its last whole piece.
pub(super) fn whole_bytes(content: &[u8]) -> u64 {
    let mut rest = content.get(HEAD..).unwrap_or_default();
    while let Some((_, behind)) = first_piece(rest) {
        rest = behind;
    }
    (content.len() - rest.len()) as u64
}

/// The first piece, if it is whole, and what follows it.
fn first_piece(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = content.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let (piece, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    (crc32fast::hash(piece) == u32::from_le_bytes(*checksum)).then_some((piece, rest))
}
