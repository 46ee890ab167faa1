//! The events that the wall holds: in columns, in order of time, bounded.
//!
//! In: [`Event`]s in any order, late, repeated, corrected. Out: the events of
//! a stretch of time ([`EventStore::between`]) or of an id, as [`EventRef`]s
//! that read single columns, as [`Course`]s without words, or whole ([`read`]).
//!
//! How it works: blocks of up to 1,024 events, each block a stretch of time
//! ([`block`]). What filters and heat look at stands in columns of 21 bytes;
//! the rest is packed ([`packed`], [`id`]), its words in dictionaries. The index
//! from ids takes 5 bytes an event. Blocks are shared: a [`Snapshot`] for a task
//! costs a reference each, and the store copies a block before it changes one
//! that somebody else still reads.
//!
//! Places are kept to 10⁻⁷ degrees (1 cm), titles and places in words to
//! 2,048 bytes, stages up to 15.

mod apply;
mod block;
mod bytes;
mod course;
mod dictionary;
mod filter;
mod id;
mod index;
mod packed;
mod read;
#[cfg(test)]
mod tests;

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use super::area::AreaIndex;
use super::event::Event;
use super::geometry::LonLat;
use super::time::Time;
use block::{Block, Hot, ROWS};
pub use course::Course;
pub use dictionary::{Class, ClassId, Classes};
pub use filter::{EventFilter, PreparedFilter, Sieve};
use id::Wanted;
use index::{Index, MAX_SLOTS};
use packed::Words;
use read::Read;
pub use read::{EventRef, Snapshot};

/// Events that a store can keep.
pub const MAX_EVENTS: usize = 30_000_000;

/// Stands for the id of an event: its hash, the same in every run. Two of ten
/// million events share one with a chance of three in a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventKey(pub u64);

impl EventKey {
    /// The key of an id.
    pub fn of(id: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(id.as_bytes());
        Self(hasher.finish())
    }
}

/// What one batch of changes did to an [`EventStore`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApplyCount {
    /// Ids not seen before.
    pub added: usize,
    /// Known ids whose record differs.
    pub changed: usize,
    /// Known ids with the same or an older record.
    pub same: usize,
    /// Oldest events given up to stay within the capacity.
    pub dropped: usize,
    /// Older than all that are held, where there is no room: not taken in.
    pub refused: usize,
}

/// A change of one event: what was known, and what is known now. No `before` =
/// new, no `after` = given up.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Before the change.
    pub before: Option<&'a Course>,
    /// After it.
    pub after: Option<&'a Course>,
}

/// Where events lie in the hierarchy.
pub trait Placer {
    /// The area for the code and the place of an event.
    fn place(&self, code: Option<&str>, at: Option<LonLat>) -> Option<AreaIndex>;
}

/// No hierarchy: no area.
impl Placer for () {
    fn place(&self, _: Option<&str>, _: Option<LonLat>) -> Option<AreaIndex> {
        None
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct EventStore {
    /// By handle; those that are free hold empty ones.
    blocks: Vec<Arc<Block>>,
    /// Handles that are free.
    free: Vec<u32>,
    /// Handles in order of time. The stretches do not overlap.
    order: Vec<u32>,
    index: Index,
    words: Words,
    classes: Arc<Classes>,
    capacity: usize,
    len: usize,
    dropped: u64,
    record: Vec<u8>,
    before: Course,
    after: Course,
}

impl Default for EventStore {
    fn default() -> Self {
        Self::with_capacity(1_000_000)
    }
}

/// Blocks at most: fewer than there are handles, so that one can be split.
const MAX_BLOCKS: usize = MAX_SLOTS / ROWS - 2;

/// Index of a row over all blocks.
const fn slot_of(handle: u32, row: usize) -> usize {
    handle as usize * ROWS + row
}

impl EventStore {
    /// An empty store that keeps at most `capacity` events, and at most
    /// [`MAX_EVENTS`].
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            blocks: Vec::new(),
            free: Vec::new(),
            order: Vec::new(),
            index: Index::default(),
            words: Words::default(),
            classes: Arc::default(),
            capacity: capacity.clamp(1, MAX_EVENTS),
            len: 0,
            dropped: 0,
            record: Vec::new(),
            before: Course::default(),
            after: Course::default(),
        }
    }

    /// Keeps at most so many. What is too much goes little by little: with each
    /// event that comes, and with [`Self::shrink`].
    pub fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity.clamp(1, MAX_EVENTS);
    }

    /// Gives up the row of an event.
    fn take_out(&mut self, key: EventKey, slot: usize) {
        let (handle, row) = (slot / ROWS, slot % ROWS);
        let mut index = std::mem::take(&mut self.index);
        index.remove(key.0, slot, |slot| self.at(slot).key().0);
        self.index = index;
        let block = self.block_mut(handle);
        let record = block.record(row).to_vec();
        block.kill(row);
        let is_empty = block.alive() == 0;
        packed::release(&record, &mut self.words);
        if is_empty {
            self.blocks[handle] = Arc::default();
            self.free.push(handle as u32);
            self.order.retain(|&other| other as usize != handle);
        }
    }

    /// Adds a row where its time belongs.
    fn insert(&mut self, key: EventKey, hot: Hot, record: &[u8]) -> usize {
        if self.index.is_full() {
            self.grow_index();
        }
        let handle = self.block_for(hot.reported, record);
        let row = self.block_mut(handle as usize).push(hot, record);
        let slot = slot_of(handle, row);
        self.index.insert(key.0, slot);
        slot
    }

    fn grow_index(&mut self) {
        let mut index = std::mem::take(&mut self.index);
        index.grow(self.capacity + 1);
        for &handle in &self.order {
            let block = self.block(handle);
            for row in (0..block.len()).filter(|&row| block.is_alive(row)) {
                let slot = slot_of(handle, row);
                index.insert(self.at(slot).key().0, slot);
            }
        }
        self.index = index;
    }

    /// The block that takes an event of this instant; makes room where there
    /// is none.
    fn block_for(&mut self, reported: Time, record: &[u8]) -> u32 {
        loop {
            // The last that begins before the event, else the first.
            let after = self.order.partition_point(|&handle| self.block(handle).span().0 <= reported);
            let place = after.saturating_sub(1);
            let Some(&handle) = self.order.get(place) else { return self.open_block(0, reported) };
            let block = self.block(handle);
            if block.has_room(reported, record) {
                return handle;
            }
            let (first, last) = block.span();
            if reported < first {
                return self.open_block(place, reported);
            }
            if reported >= last {
                let next = self.order.get(place + 1).copied();
                let follower = next.filter(|&next| self.block(next).has_room(reported, record));
                return follower.unwrap_or_else(|| self.open_block(place + 1, reported));
            }
            // It spans an instant before and one after: there are two rows to
            // part, or dead ones to get rid of.
            self.split(place);
        }
    }

    /// A new, empty block at a place in the order.
    fn open_block(&mut self, place: usize, start: Time) -> u32 {
        let handle = self.free.pop().unwrap_or_else(|| {
            self.blocks.push(Arc::default());
            self.blocks.len() as u32 - 1
        });
        self.blocks[handle as usize] = Arc::new(Block::new(start));
        self.order.insert(place, handle);
        handle
    }

    /// Makes two blocks of the one at a place.
    fn split(&mut self, place: usize) {
        let old_handle = self.order.remove(place);
        let old = std::mem::take(&mut self.blocks[old_handle as usize]);
        let rows: Vec<usize> = (0..old.len()).map(|place| old.row(place)).filter(|&row| old.is_alive(row)).collect();
        let keys: Vec<EventKey> = rows.iter().map(|&row| self.read().event(&old, row).key()).collect();
        let middle = rows.len().div_ceil(2);
        for (half, range) in [(0, 0..middle), (1, middle..rows.len())] {
            let Some([first, .., last] | [first @ last]) = rows.get(range.clone()) else { continue };
            // From the middle it reaches all of them: the old block did.
            let [first, last] = [first, last].map(|&row| old.reported(row));
            let start = first.plus_millis(last.millis_since(first) / 2);
            let handle = self.open_block(place + half, start);
            for position in range {
                let row = rows[position];
                let new_row = self.block_mut(handle as usize).push(old.hot(row), old.record(row));
                self.index.redirect(keys[position].0, slot_of(old_handle, row), slot_of(handle, new_row));
            }
        }
        // Not to be taken again before its rows have moved.
        self.free.push(old_handle);
    }

    fn block(&self, handle: u32) -> &Block {
        &self.blocks[handle as usize]
    }

    fn block_mut(&mut self, handle: usize) -> &mut Block {
        Arc::make_mut(&mut self.blocks[handle])
    }

    fn block_of(&self, slot: usize) -> (&Block, usize) {
        (self.block((slot / ROWS) as u32), slot % ROWS)
    }

    fn find(&self, key: EventKey, id: &str) -> Option<usize> {
        let wanted = Wanted::new(id, &self.words.prefixes);
        self.index.find(key.0, |slot| {
            let (block, row) = self.block_of(slot);
            packed::is_of(block.record_and_more(row), &wanted)
        })
    }

    fn read(&self) -> Read<'_> {
        Read { words: Some(&self.words), prefixes: &self.words.prefixes, classes: &self.classes }
    }

    fn at(&self, slot: usize) -> EventRef<'_> {
        let (block, row) = self.block_of(slot);
        self.read().event(block, row)
    }

    /// The course of the event in a slot, in a place that is used again.
    fn course(&self, key: EventKey, slot: usize, mut into: Course) -> Course {
        self.at(slot).read_course(&mut into);
        into.key = key;
        into
    }

    /// The event with this id.
    pub fn get(&self, id: &str) -> Option<Event> {
        self.event_ref(id).map(|event| event.to_event())
    }

    /// The event with this id, to read parts of it.
    pub fn event_ref(&self, id: &str) -> Option<EventRef<'_>> {
        self.find(EventKey::of(id), id).map(|slot| self.at(slot))
    }

    /// The event behind a key.
    pub fn by_key(&self, key: EventKey) -> Option<EventRef<'_>> {
        self.index.find(key.0, |slot| self.at(slot).key() == key).map(|slot| self.at(slot))
    }

    /// Whether there are not too many.
    pub fn is_within_capacity(&self) -> bool {
        self.len <= self.capacity
    }

    /// Number of events held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// No event at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Events given up since the start because the store was full.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The classes that occur.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// All events, oldest first by the time of report.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = EventRef<'_>> + '_ {
        self.between(Time(i64::MIN), Time(i64::MAX))
    }

    /// Events reported in `from..=to`, oldest first.
    pub fn between(&self, from: Time, to: Time) -> impl DoubleEndedIterator<Item = EventRef<'_>> + '_ {
        let span = |handle: u32| self.block(handle).span();
        let start = self.order.partition_point(|&handle| span(handle).1 < from);
        let end = self.order.partition_point(|&handle| span(handle).0 <= to).max(start);
        let blocks = self.order[start..end].iter().map(|&handle| self.block(handle)).collect();
        self.read().rows(blocks, from, to)
    }

    /// The store as it is now, for a task: without words.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            blocks: self.order.iter().map(|&handle| Arc::clone(&self.blocks[handle as usize])).collect(),
            prefixes: Arc::clone(&self.words.prefixes),
            classes: Arc::clone(&self.classes),
        }
    }

    /// Works out anew where the events lie. Tells whether any moved.
    pub fn place_again(&mut self, placer: &impl Placer) -> bool {
        let mut has_moved = false;
        for handle in 0..self.blocks.len() {
            let block = &self.blocks[handle];
            let area_of = |row: usize| {
                let code = packed::code_of(block.record_and_more(row), &self.words);
                placer.place(code.as_deref(), block.at(row))
            };
            let alive = (0..block.len()).filter(|&row| block.is_alive(row));
            let moved: Vec<(usize, Option<AreaIndex>)> =
                alive.map(|row| (row, area_of(row))).filter(|&(row, area)| block.area(row) != area).collect();
            has_moved |= !moved.is_empty();
            if !moved.is_empty() {
                let block = self.block_mut(handle);
                for (row, area) in moved {
                    block.set_area(row, area);
                }
            }
        }
        has_moved
    }

    /// Bytes held by blocks and index; the dictionaries, which grow with the
    /// number of different words and not of events, are not counted.
    pub fn heap_bytes(&self) -> usize {
        self.order.iter().map(|&handle| self.block(handle).heap_bytes()).sum::<usize>() + self.index.heap_bytes()
    }
}
