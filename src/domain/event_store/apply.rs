//! Taking events in: new ones, corrected ones, and the oldest out.
//!
//! In: events in any order, and a placer that knows the hierarchy. Out: the
//! store with each in its newest state, and what became of it told to whoever
//! follows.

use std::sync::Arc;

use super::block::{Hot, ROWS};
use super::course::Course;
use super::{ApplyCount, Change, EventKey, EventStore, MAX_BLOCKS, Placer, packed, slot_of};
use crate::domain::event::Event;
use crate::domain::time::Time;

/// Events that go for one that comes while there are too many: more than one,
/// so that they become fewer.
const DROPPED_FOR_ONE: usize = 2;

impl EventStore {
    /// Adds or replaces events by id, and tells `changes` of each that became
    /// another. A repeated or late delivery changes nothing that is already
    /// newer: a record whose last step was taken before the last step of the
    /// known one is ignored, unless it says when that was closed and nobody had.
    /// `observed` is the instant at which the batch came: a back end that tells
    /// stages without instants is taken to have changed them then.
    pub fn apply(
        &mut self,
        batch: impl IntoIterator<Item = Event>,
        placer: &impl Placer,
        observed: Time,
        mut changes: impl FnMut(Change),
    ) -> ApplyCount {
        let mut count = ApplyCount::default();
        for event in batch {
            self.apply_one(event, placer, observed, &mut changes, &mut count);
            for _ in 0..DROPPED_FOR_ONE {
                count.dropped += usize::from(self.len > self.capacity && self.drop_oldest(&mut changes));
            }
            while self.order.len() >= MAX_BLOCKS && self.drop_oldest(&mut changes) {
                count.dropped += 1;
            }
        }
        count
    }

    /// Gives up the oldest events of those that are too many, at most `most`,
    /// and tells how many.
    pub fn shrink(&mut self, most: usize, mut changes: impl FnMut(Change)) -> usize {
        let too_many = self.len.saturating_sub(self.capacity).min(most);
        (0..too_many).take_while(|_| self.drop_oldest(&mut changes)).count()
    }

    fn apply_one(
        &mut self,
        mut event: Event,
        placer: &impl Placer,
        observed: Time,
        changes: &mut impl FnMut(Change),
        count: &mut ApplyCount,
    ) {
        if !event.entered.is_sorted_by_key(|&(_, at)| at) {
            event.entered.sort_by_key(|&(_, at)| at);
        }
        let key = EventKey::of(&event.id);
        let known = self.find(key, &event.id);
        if let Some(slot) = known {
            let spare = std::mem::take(&mut self.before);
            self.before = self.course(key, slot, spare);
            learn_steps(&mut event, Some(&self.before), observed);
            if is_older(&event, &self.before) {
                count.same += 1;
                return;
            }
        } else if self.is_full_of_newer(event.reported) {
            count.refused += 1;
            self.dropped += 1;
            return;
        } else {
            learn_steps(&mut event, None, observed);
        }
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        if let Some((slot, hot)) = known.and_then(|slot| Some((slot, self.step(slot, &event, &mut record)?))) {
            self.take_step(key, slot, hot, record, changes, count);
            return;
        }
        let class = Arc::make_mut(&mut self.classes).number(&event.category, &event.subcategory);
        // Not of the event's own classes: past the limit it is of another, and
        // only that is known when it is read.
        let usual = self.classes.class(class).title();
        packed::pack(&event, usual, &mut self.words, &mut record);
        let mut hot = Hot::of(&event, None, class);
        let is_same = known.is_some_and(|slot| {
            let (block, row) = self.block_of(slot);
            block.hot(row).tells_the_same(&hot) && block.record(row) == record
        });
        if is_same {
            packed::release(&record, &mut self.words);
            self.record = record;
            count.same += 1;
            return;
        }
        hot.area = placer.place(event.area.as_deref(), event.at);
        let slot = match known {
            Some(slot) => {
                count.changed += 1;
                self.replace(key, slot, hot, &record)
            }
            None => {
                count.added += 1;
                self.len += 1;
                self.insert(key, hot, &record)
            }
        };
        self.record = record;
        self.tell_change(key, known.is_some(), slot, changes);
    }

    fn tell_change(&mut self, key: EventKey, is_known: bool, slot: usize, changes: &mut impl FnMut(Change)) {
        let spare = std::mem::take(&mut self.after);
        self.after = self.course(key, slot, spare);
        changes(Change { before: is_known.then_some(&self.before), after: Some(&self.after) });
    }

    /// What most changes are: the event has the words, the class and the place
    /// that it had, and they need not be looked up. `None` and nothing in
    /// `record` for any other.
    fn step(&self, slot: usize, event: &Event, record: &mut Vec<u8>) -> Option<Hot> {
        let (block, row) = self.block_of(slot);
        let old = block.hot(row);
        let class = self.classes.class(old.class);
        let hot = Hot::of(event, old.area, old.class);
        if class.category != event.category || class.subcategory != event.subcategory || !old.is_where(&hot) {
            return None;
        }
        packed::repack(event, class.title(), block.record(row), &self.words, record)?;
        Some(hot)
    }

    /// Puts the state that [`Self::step`] worked out in the place of a known one.
    fn take_step(
        &mut self,
        key: EventKey,
        slot: usize,
        hot: Hot,
        record: Vec<u8>,
        changes: &mut impl FnMut(Change),
        count: &mut ApplyCount,
    ) {
        let (handle, row) = (slot / ROWS, slot % ROWS);
        let block = self.block(handle as u32);
        if block.hot(row).tells_the_same(&hot) && block.record(row) == record {
            count.same += 1;
            self.record = record;
            return;
        }
        count.changed += 1;
        let is_same_instant = block.reported(row) == hot.reported;
        let slot = if is_same_instant && self.block_mut(handle).rewrite(row, hot, &record) {
            slot
        } else {
            packed::retain(&record, &mut self.words);
            self.take_out(key, slot);
            self.insert(key, hot, &record)
        };
        self.record = record;
        self.tell_change(key, true, slot, changes);
    }

    /// Puts a new state in the place of a known one.
    fn replace(&mut self, key: EventKey, slot: usize, hot: Hot, record: &[u8]) -> usize {
        let (handle, row) = (slot / ROWS, slot % ROWS);
        let old = self.block(handle as u32).record(row).to_vec();
        let block = self.block_mut(handle);
        if block.reported(row) == hot.reported && block.rewrite(row, hot, record) {
            packed::release(&old, &mut self.words);
            return slot;
        }
        self.take_out(key, slot);
        self.insert(key, hot, record)
    }

    fn drop_oldest(&mut self, changes: &mut impl FnMut(Change)) -> bool {
        let Some(&handle) = self.order.first() else { return false };
        let Some(row) = self.block(handle).oldest() else { return false };
        let slot = slot_of(handle, row);
        let key = self.at(slot).key();
        let spare = std::mem::take(&mut self.before);
        self.before = self.course(key, slot, spare);
        self.take_out(key, slot);
        self.len -= 1;
        self.dropped += 1;
        changes(Change { before: Some(&self.before), after: None });
        true
    }

    /// Whether an event of this instant would be the first to go.
    fn is_full_of_newer(&self, reported: Time) -> bool {
        let oldest = || {
            let block = self.block(*self.order.first()?);
            block.oldest().map(|row| block.reported(row))
        };
        self.len >= self.capacity && oldest().is_some_and(|oldest| reported < oldest)
    }
}

/// A back end that tells stages without their instants: what is known of the
/// event's steps stays, and the step to another stage was taken when it came.
/// Where an event was first met it has been since its report, as far as anybody
/// knows. The instant of its close, once that is told, is the one at which it
/// went where the wall only saw it later.
fn learn_steps(event: &mut Event, known: Option<&Course>, observed: Time) {
    let is_untold = match event.entered[..] {
        [] => true,
        [(told, _)] => told != event.stage,
        _ => false,
    };
    let Some(known) = known.filter(|known| is_untold && known.reported == event.reported) else {
        if event.entered.is_empty() {
            event.entered.push((0, event.reported));
        }
        return;
    };
    event.entered.clone_from(&known.entered);
    if event.stage != known.stage {
        if let [first] = event.entered[..] {
            match known.closed.filter(|&at| at > first.1) {
                Some(at) => event.entered.push((known.stage, at)),
                None => event.entered[0].0 = known.stage,
            }
        }
        let last = event.entered.last().map_or(event.reported, |&(_, at)| at);
        event.entered.push((event.stage, event.closed.unwrap_or(observed).max(last)));
    } else if let ([.., (_, before), (stage, at)], Some(closed)) = (&mut event.entered[..], event.closed)
        && known.closed.is_none()
        && *stage == event.stage
    {
        // It may have been seen late, and never early.
        *at = (*at).min(closed).max(*before);
    }
}

/// Whether `event` says when `known` was closed, which stands in the same stage
/// and of which nobody had said it. The step into that stage may be one that the
/// wall saw late; the one before it may not.
fn dates_the_close(event: &Event, known: &Course) -> bool {
    let before = known.entered.iter().rev().nth(1).map_or(known.reported, |&(_, at)| at);
    known.closed.is_none() && event.stage == known.stage && event.closed.is_some_and(|closed| before <= closed)
}

/// Whether `event` is an earlier state of `known`: its last step was taken
/// before the last step of the known one.
fn is_older(event: &Event, known: &Course) -> bool {
    if dates_the_close(event, known) {
        return false;
    }
    let last_step = |entered: &[(u8, Time)], closed: Option<Time>, reported: Time| {
        entered.last().map_or(reported, |&(_, at)| at).max(closed.unwrap_or(reported))
    };
    last_step(&event.entered, event.closed, event.reported) < last_step(&known.entered, known.closed, known.reported)
}
