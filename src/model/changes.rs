//! What changed in the store of events since somebody looked.
//!
//! In: changes as the store tells them. Out: the same, in order. The steps of
//! all courses stand in one list, so that keeping a change asks for no memory
//! of its own: there may be hundreds of thousands a second.

use crate::domain::event_store::{Change, Course};
use crate::domain::time::Time;

/// Changes that are kept apart; looking at the store anew is faster than taking
/// over more.
const MAX_CHANGES: usize = 100_000;

/// Steps of all their courses.
const MAX_STEPS: usize = 20 * MAX_CHANGES;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    list: Vec<[Option<Kept>; 2]>,
    steps: Vec<(u8, Time)>,
    is_cut: bool,
}

/// A course whose steps stand in the list of all.
#[derive(Clone, Debug)]
struct Kept {
    course: Course,
    steps: usize,
}

impl Changes {
    /// Everything may have changed.
    pub fn cut() -> Self {
        Self { is_cut: true, ..Self::default() }
    }

    /// There were more than a list is good for: look at the store.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// How many there are in the list.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.is_cut
    }

    /// Appends one.
    pub fn push(&mut self, change: Change<'_>) {
        if !self.is_cut {
            let pair = [change.before, change.after].map(|course| course.map(|course| self.keep(course)));
            self.list.push(pair);
            self.cut_if_long();
        }
    }

    fn keep(&mut self, course: &Course) -> Kept {
        self.steps.extend(&course.entered);
        Kept { course: Course { entered: Vec::new(), ..*course }, steps: course.entered.len() }
    }

    fn cut_if_long(&mut self) {
        if self.is_cut || self.list.len() > MAX_CHANGES || self.steps.len() > MAX_STEPS {
            *self = Self::cut();
        }
    }

    /// Appends later ones.
    pub fn extend(&mut self, later: Self) {
        self.is_cut |= later.is_cut;
        self.list.extend(later.list);
        self.steps.extend(later.steps);
        self.cut_if_long();
    }

    /// Shows all, in order: what was known of an event, and what is known now.
    pub fn for_each(&self, mut see: impl FnMut(Option<&Course>, Option<&Course>)) {
        let mut scratch = [Course::default(), Course::default()];
        let mut steps = self.steps.as_slice();
        for pair in &self.list {
            for (kept, whole) in pair.iter().zip(&mut scratch) {
                let Some(kept) = kept else { continue };
                let (own, rest) = steps.split_at(kept.steps.min(steps.len()));
                steps = rest;
                let mut entered = std::mem::take(&mut whole.entered);
                entered.clear();
                entered.extend(own);
                *whole = Course { entered, ..kept.course };
            }
            let [before, after] = &scratch;
            see(pair[0].as_ref().map(|_| before), pair[1].as_ref().map(|_| after));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(reported: i64, steps: u8) -> Course {
        let entered = (0..steps).map(|stage| (stage, Time(reported + i64::from(stage)))).collect();
        Course { reported: Time(reported), entered, ..Course::default() }
    }

    #[test]
    fn changes_come_out_as_they_went_in() {
        let pairs = [
            (None, Some(course(1, 1))),
            (Some(course(1, 1)), Some(course(1, 3))),
            (Some(course(2, 0)), None),
            (Some(course(3, 2)), Some(course(3, 4))),
        ];
        let mut changes = Changes::default();
        for half in pairs.chunks(2) {
            let mut later = Changes::default();
            half.iter()
                .for_each(|(before, after)| later.push(Change { before: before.as_ref(), after: after.as_ref() }));
            changes.extend(later);
        }
        let mut seen = Vec::new();
        changes.for_each(|before, after| seen.push((before.cloned(), after.cloned())));
        assert_eq!(seen, pairs);
    }

    #[test]
    fn too_many_are_none() {
        let mut changes = Changes::default();
        let one = course(1, 1);
        for _ in 0..MAX_CHANGES + 5 {
            changes.push(Change { before: None, after: Some(&one) });
        }
        assert!(changes.is_cut() && !changes.is_empty() && changes.list.is_empty() && changes.steps.is_empty());
    }
}
