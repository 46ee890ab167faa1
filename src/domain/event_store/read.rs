//! Reading events where they lie: one at a time, column by column or whole,
//! from the store itself or, on a task, from a [`Snapshot`] of it.

use std::sync::Arc;

use super::EventKey;
use super::block::{Bits, Block};
use super::course::Course;
use super::dictionary::{ClassId, Classes, Dictionary};
use super::packed::{self, Words};
use crate::domain::area::AreaIndex;
use crate::domain::event::{Channel, Event, Severity};
use crate::domain::geometry::LonLat;
use crate::domain::time::Time;

/// What reading events takes beside their blocks.
#[derive(Clone, Copy)]
pub(super) struct Read<'a> {
    /// Absent in a snapshot.
    pub(super) words: Option<&'a Words>,
    pub(super) prefixes: &'a Dictionary,
    pub(super) classes: &'a Classes,
}

impl<'a> Read<'a> {
    /// The event in a row of a block.
    pub(super) fn event(self, block: &'a Block, row: usize) -> EventRef<'a> {
        EventRef { block, row, read: self }
    }

    /// Events of these blocks that were reported in `from..=to`.
    pub(super) fn rows(
        self,
        blocks: Vec<&'a Block>,
        from: Time,
        to: Time,
    ) -> impl DoubleEndedIterator<Item = EventRef<'a>> + use<'a> {
        blocks.into_iter().flat_map(move |block| {
            let rows = block.places(from, to).map(move |place| block.row(place));
            let alive = rows.filter(move |&row| block.is_alive(row));
            alive.map(move |row| self.event(block, row))
        })
    }
}

/// The events of a store at one moment, without their words; see
/// [`super::EventStore::snapshot`].
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// In order of time.
    pub(super) blocks: Vec<Arc<Block>>,
    pub(super) prefixes: Arc<Dictionary>,
    pub(super) classes: Arc<Classes>,
}

impl Snapshot {
    /// The classes that occur.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Events reported in `from..=to`, oldest first.
    pub fn between(&self, from: Time, to: Time) -> impl DoubleEndedIterator<Item = EventRef<'_>> + '_ {
        self.parts(from, to, 1).into_iter().flatten()
    }

    /// When the first of the events was reported.
    pub fn first_reported(&self) -> Option<Time> {
        self.between(Time(i64::MIN), Time(i64::MAX)).next().map(EventRef::reported)
    }

    /// About how many events were reported in `from..=to`: those that have been
    /// given up count until their block goes.
    pub fn count(&self, from: Time, to: Time) -> usize {
        self.in_span(from, to).iter().map(|block| block.places(from, to).len()).sum()
    }

    fn in_span(&self, from: Time, to: Time) -> &[Arc<Block>] {
        let start = self.blocks.partition_point(|block| block.span().1 < from);
        let end = self.blocks.partition_point(|block| block.span().0 <= to).max(start);
        &self.blocks[start..end]
    }

    /// Events reported in `from..=to`, oldest first, in about `count` parts of
    /// equal size that different processors may read.
    pub fn parts(&self, from: Time, to: Time, count: usize) -> Vec<impl DoubleEndedIterator<Item = EventRef<'_>> + '_> {
        let blocks = self.in_span(from, to);
        let read = Read { words: None, prefixes: &self.prefixes, classes: &self.classes };
        blocks
            .chunks(blocks.len().div_ceil(count.max(1)).max(1))
            .map(|chunk| read.rows(chunk.iter().map(Arc::as_ref).collect(), from, to))
            .collect()
    }
}

/// One event of a store.
#[derive(Clone, Copy)]
pub struct EventRef<'a> {
    block: &'a Block,
    row: usize,
    read: Read<'a>,
}

impl EventRef<'_> {
    /// When it was reported.
    pub fn reported(self) -> Time {
        self.block.reported(self.row)
    }

    /// Where, to 10⁻⁷ degrees.
    pub fn at(self) -> Option<LonLat> {
        self.block.at(self.row)
    }

    /// The smallest known area.
    pub fn area(self) -> Option<AreaIndex> {
        self.block.area(self.row)
    }

    /// Its class; see [`super::EventStore::classes`].
    pub fn class(self) -> ClassId {
        self.block.class(self.row)
    }

    /// How serious.
    pub fn severity(self) -> Severity {
        self.bits().severity()
    }

    /// How it came in.
    pub fn channel(self) -> Channel {
        self.bits().channel()
    }

    /// Its stage now.
    pub fn stage(self) -> u8 {
        self.bits().stage()
    }

    /// Whether it is closed now, in a loop of `stage_count` stages; see
    /// [`Course::is_closed`].
    pub fn is_closed(self, stage_count: usize) -> bool {
        self.bits().is_closed() || usize::from(self.stage()) + 1 == stage_count
    }

    pub(super) fn bits(self) -> Bits {
        self.block.bits(self.row)
    }

    /// Its record, and what follows it.
    fn record(&self) -> &[u8] {
        self.block.record_and_more(self.row)
    }

    /// Stands for the id.
    pub fn key(self) -> EventKey {
        packed::with_id(self.record(), self.read.prefixes, EventKey::of)
    }

    /// Its course but for its key, into a place that is used again.
    pub fn read_course(self, into: &mut Course) {
        let reported = self.reported();
        let bits = self.bits();
        let packed = packed::course_of(self.record(), reported, &mut into.entered);
        into.reported = reported;
        into.at = self.at();
        into.area = self.area();
        into.class = self.class();
        into.severity = bits.severity();
        into.channel = bits.channel();
        into.stage = bits.stage();
        into.due = packed.due;
        into.closed = packed.closed;
        into.solved = bits.solved();
        into.satisfied = bits.satisfied();
        into.returned = packed.returned;
        into.repeats = bits.repeats();
    }

    /// Its id.
    pub fn id(self) -> String {
        packed::with_id(self.record(), self.read.prefixes, str::to_owned)
    }

    /// The whole event; in a snapshot without code, title, place and the event
    /// that it repeats.
    pub fn to_event(self) -> Event {
        let mut course = Course::default();
        self.read_course(&mut course);
        let class = self.read.classes.class(self.class());
        let texts = self.read.words.map(|words| packed::texts_of(self.record(), words));
        let (id, code, title, place, repeats) = match texts {
            Some(texts) => (texts.id, texts.code, texts.title, texts.place, texts.repeats),
            None => (self.id().into(), None, None, String::new(), None),
        };
        Event {
            id,
            category: Arc::clone(&class.category),
            subcategory: Arc::clone(&class.subcategory),
            title: title.unwrap_or_else(|| class.title().to_owned()),
            place,
            area: code,
            at: course.at,
            severity: course.severity,
            channel: course.channel,
            reported: course.reported,
            stage: course.stage,
            entered: course.entered,
            due: course.due,
            closed: course.closed,
            solved: course.solved,
            satisfied: course.satisfied,
            returned: course.returned,
            repeats,
        }
    }
}
