//! A stretch of time: up to [`ROWS`] events in columns.
//!
//! A row never moves within its block, so that the index can point at it; the
//! order of time is a list of rows, which in-order arrivals do without.

use std::ops::Range;

use super::dictionary::ClassId;
use super::packed;
use crate::domain::area::AreaIndex;
use crate::domain::event::{Channel, Event, Severity};
use crate::domain::geometry::LonLat;
use crate::domain::time::Time;

/// Rows of a block at most.
pub(super) const ROWS: usize = 1_024;

/// Bytes of a block's records at most: their places are 16 bits.
const MAX_BYTES: usize = 1 << 16;

/// Index of an area in three bytes: a state has sixteen million grids at most.
#[derive(Clone, Copy, Debug)]
struct Area([u8; 3]);

impl Area {
    const NONE: Self = Self([0xff; 3]);

    fn of(area: Option<AreaIndex>) -> Self {
        let fits = area.filter(|&area| area < 0xff_ffff);
        fits.map_or(Self::NONE, |area| {
            let [a, b, c, _] = area.to_le_bytes();
            Self([a, b, c])
        })
    }

    fn get(self) -> Option<AreaIndex> {
        let [a, b, c] = self.0;
        (self.0 != Self::NONE.0).then(|| u32::from_le_bytes([a, b, c, 0]))
    }
}

/// No place.
const UNPLACED: [i32; 2] = [i32::MIN; 2];

/// Steps per degree: 1 cm on the ground.
const STEPS_PER_DEG: f64 = 1e7;

/// What filters and heat look at, of one event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hot {
    pub(super) reported: Time,
    at: [i32; 2],
    pub(super) area: Option<AreaIndex>,
    pub(super) class: ClassId,
    bits: Bits,
}

impl Hot {
    pub(super) fn of(event: &Event, area: Option<AreaIndex>, class: ClassId) -> Self {
        Self { reported: event.reported, at: steps(event.at), area, class, bits: Bits::of(event) }
    }

    /// Whether both are at one place.
    pub(super) fn is_where(&self, other: &Self) -> bool {
        self.at == other.at
    }

    /// Equal but for the area, which is worked out from the rest.
    pub(super) fn tells_the_same(&self, other: &Self) -> bool {
        Self { area: other.area, ..*self } == *other
    }
}

fn steps(at: Option<LonLat>) -> [i32; 2] {
    at.map_or(UNPLACED, |at| [at.lon, at.lat].map(|deg| (deg * STEPS_PER_DEG).round() as i32))
}

fn degrees([lon, lat]: [i32; 2]) -> Option<LonLat> {
    let deg = |steps: i32| f64::from(steps) / STEPS_PER_DEG;
    ([lon, lat] != UNPLACED).then(|| LonLat::new(deg(lon), deg(lat)))
}

/// The small facts of an event: severity (2 bits), channel (3), stage (4),
/// closed (1), solved (2), satisfied (2), repeats (1), dead (1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bits(u16);

const CLOSED: u16 = 1 << 9;
const REPEATS: u16 = 1 << 14;
const DEAD: u16 = 1 << 15;

impl Bits {
    fn of(event: &Event) -> Self {
        let three = |value: Option<bool>| value.map_or(0, |value| 1 + u16::from(value));
        let mut bits = event.severity as u16 | (event.channel as u16) << 2 | u16::from(event.stage.min(15)) << 5;
        bits |= three(event.solved) << 10 | three(event.satisfied) << 12;
        for (flag, is_set) in [(CLOSED, event.closed.is_some()), (REPEATS, event.repeats.is_some())] {
            bits |= if is_set { flag } else { 0 };
        }
        Self(bits)
    }

    pub(super) const fn severity(self) -> Severity {
        match self.0 & 3 {
            0 => Severity::Normal,
            1 => Severity::Major,
            _ => Severity::Urgent,
        }
    }

    pub(super) const fn channel(self) -> Channel {
        Channel::ALL[if (self.0 >> 2 & 7) < 5 { (self.0 >> 2 & 7) as usize } else { 0 }]
    }

    pub(super) const fn stage(self) -> u8 {
        (self.0 >> 5 & 15) as u8
    }

    pub(super) const fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    pub(super) const fn solved(self) -> Option<bool> {
        three_of(self.0 >> 10 & 3)
    }

    pub(super) const fn satisfied(self) -> Option<bool> {
        three_of(self.0 >> 12 & 3)
    }

    pub(super) const fn repeats(self) -> bool {
        self.0 & REPEATS != 0
    }
}

const fn three_of(bits: u16) -> Option<bool> {
    match bits {
        1 => Some(false),
        2 => Some(true),
        _ => None,
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Instant from which [`Self::reported`] counts.
    base: i64,
    /// Milliseconds after `base`.
    reported: Vec<u32>,
    at: Vec<[i32; 2]>,
    area: Vec<Area>,
    class: Vec<ClassId>,
    bits: Vec<Bits>,
    /// Where the row's record begins in `bytes`.
    starts: Vec<u16>,
    bytes: Vec<u8>,
    /// Bytes that belong to no row any more.
    wasted: usize,
    /// Rows in order of time; empty = they are in order.
    order: Vec<u16>,
    dead: usize,
    /// Places in the order before this one are dead.
    front: usize,
    span: (Time, Time),
}

impl Default for Block {
    fn default() -> Self {
        Self::new(Time(0))
    }
}

impl Block {
    /// An empty one for events around `start`.
    pub(super) fn new(start: Time) -> Self {
        Self {
            // Late events come before the first.
            base: start.0.saturating_sub(i64::from(u32::MAX / 2)),
            reported: Vec::new(),
            at: Vec::new(),
            area: Vec::new(),
            class: Vec::new(),
            bits: Vec::new(),
            starts: Vec::new(),
            bytes: Vec::new(),
            wasted: 0,
            order: Vec::new(),
            dead: 0,
            front: 0,
            span: (Time(i64::MAX), Time(i64::MIN)),
        }
    }

    /// Rows, dead ones included.
    pub(super) fn len(&self) -> usize {
        self.reported.len()
    }

    /// Rows that hold an event.
    pub(super) fn alive(&self) -> usize {
        self.len() - self.dead
    }

    /// First and last instant of report that it ever held.
    pub(super) fn span(&self) -> (Time, Time) {
        self.span
    }

    fn offset(&self, reported: Time) -> Option<u32> {
        u32::try_from(reported.0.checked_sub(self.base)?).ok()
    }

    /// Whether one more event fits.
    pub(super) fn has_room(&self, reported: Time, record: &[u8]) -> bool {
        self.len() < ROWS && self.bytes.len() + record.len() <= MAX_BYTES && self.offset(reported).is_some()
    }

    /// Appends a row and tells its number. Only while [`Self::has_room`].
    pub(super) fn push(&mut self, hot: Hot, record: &[u8]) -> usize {
        let row = self.len();
        let offset = self.offset(hot.reported);
        debug_assert!(offset.is_some(), "{:?} is out of the reach of {}", hot.reported, self.base);
        let offset = offset.unwrap_or(0);
        let is_in_order = row == 0 || hot.reported >= self.span.1;
        if !is_in_order && self.order.is_empty() {
            self.order = (0..row as u16).collect();
        }
        if !is_in_order {
            let place = self.order.partition_point(|&other| self.reported[usize::from(other)] <= offset);
            self.order.insert(place, row as u16);
            self.front = self.front.min(place);
        } else if !self.order.is_empty() {
            self.order.push(row as u16);
        }
        self.reported.push(offset);
        self.at.push(hot.at);
        self.area.push(Area::of(hot.area));
        self.class.push(hot.class);
        self.bits.push(hot.bits);
        self.starts.push(self.bytes.len() as u16);
        self.bytes.extend(record);
        self.span = (self.span.0.min(hot.reported), self.span.1.max(hot.reported));
        if self.len() == ROWS {
            self.shrink();
        }
        row
    }

    /// Gives back what it reserved and will not need.
    fn shrink(&mut self) {
        self.reported.shrink_to_fit();
        self.at.shrink_to_fit();
        self.area.shrink_to_fit();
        self.class.shrink_to_fit();
        self.bits.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.bytes.shrink_to_fit();
        self.order.shrink_to_fit();
    }

    /// Puts another state in the place of a row's, reported at the same
    /// instant. False, and nothing done, when its record has no room.
    pub(super) fn rewrite(&mut self, row: usize, hot: Hot, record: &[u8]) -> bool {
        let old = self.record(row).len();
        if record.len() > old && self.bytes.len() + record.len() > MAX_BYTES {
            if self.bytes.len() - self.wasted - old + record.len() > MAX_BYTES {
                return false;
            }
            self.pack_records();
        }
        if record.len() <= old {
            let start = usize::from(self.starts[row]);
            self.bytes[start..start + record.len()].copy_from_slice(record);
            self.wasted += old - record.len();
        } else if self.bytes.len() + record.len() <= MAX_BYTES {
            self.starts[row] = self.bytes.len() as u16;
            self.bytes.extend(record);
            self.wasted += old;
        } else {
            return false;
        }
        self.at[row] = hot.at;
        self.area[row] = Area::of(hot.area);
        self.class[row] = hot.class;
        self.bits[row] = hot.bits;
        // A growing record leaves its old place: not for ever.
        if self.wasted > 4_096 && self.wasted > self.bytes.len() / 4 {
            self.pack_records();
        }
        true
    }

    /// Moves the records together.
    fn pack_records(&mut self) {
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.wasted);
        for row in 0..self.len() {
            let start = bytes.len() as u16;
            if self.is_alive(row) {
                bytes.extend(self.record(row));
            }
            self.starts[row] = start;
        }
        self.bytes = bytes;
        self.wasted = 0;
    }

    /// Takes a row's event out.
    pub(super) fn kill(&mut self, row: usize) {
        if self.is_alive(row) {
            self.wasted += self.record(row).len();
            self.bits[row].0 |= DEAD;
            self.dead += 1;
        }
        while self.front < self.len() && !self.is_alive(self.row(self.front)) {
            self.front += 1;
        }
    }

    /// The row of the oldest event.
    pub(super) fn oldest(&self) -> Option<usize> {
        (self.front < self.len()).then(|| self.row(self.front))
    }

    pub(super) fn is_alive(&self, row: usize) -> bool {
        self.bits[row].0 & DEAD == 0
    }

    /// The row at a place in the order of time.
    pub(super) fn row(&self, place: usize) -> usize {
        self.order.get(place).map_or(place, |&row| usize::from(row))
    }

    /// Places in the order of time of what was reported in `from..=to`.
    pub(super) fn places(&self, from: Time, to: Time) -> Range<usize> {
        if from <= self.span.0 && self.span.1 <= to {
            return 0..self.len();
        }
        let start = self.places_before(|reported| reported < from);
        start..self.places_before(|reported| reported <= to).max(start)
    }

    fn places_before(&self, is_before: impl Fn(Time) -> bool) -> usize {
        if self.order.is_empty() {
            return self.reported.partition_point(|&offset| is_before(Time(self.base + i64::from(offset))));
        }
        self.order.partition_point(|&row| is_before(self.reported(usize::from(row))))
    }

    pub(super) fn reported(&self, row: usize) -> Time {
        Time(self.base + i64::from(self.reported[row]))
    }

    pub(super) fn at(&self, row: usize) -> Option<LonLat> {
        degrees(self.at[row])
    }

    pub(super) fn area(&self, row: usize) -> Option<AreaIndex> {
        self.area[row].get()
    }

    pub(super) fn set_area(&mut self, row: usize, area: Option<AreaIndex>) {
        self.area[row] = Area::of(area);
    }

    pub(super) fn class(&self, row: usize) -> ClassId {
        self.class[row]
    }

    pub(super) fn bits(&self, row: usize) -> Bits {
        self.bits[row]
    }

    pub(super) fn hot(&self, row: usize) -> Hot {
        Hot {
            reported: self.reported(row),
            at: self.at[row],
            area: self.area(row),
            class: self.class[row],
            bits: self.bits[row],
        }
    }

    /// From the row's record to the end of all.
    pub(super) fn record_and_more(&self, row: usize) -> &[u8] {
        &self.bytes[usize::from(self.starts[row])..]
    }

    /// The row's record.
    pub(super) fn record(&self, row: usize) -> &[u8] {
        let rest = self.record_and_more(row);
        &rest[..packed::length_of(rest)]
    }

    /// Bytes held, reserved ones included.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of::<Self>()
            + self.reported.capacity() * 4
            + self.at.capacity() * 8
            + self.area.capacity() * 3
            + (self.class.capacity() + self.bits.capacity() + self.starts.capacity() + self.order.capacity()) * 2
            + self.bytes.capacity()
    }
}
