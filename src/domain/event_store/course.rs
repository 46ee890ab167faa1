//! The course of an event without its words: what figures are computed from.

use super::EventKey;
use super::dictionary::ClassId;
use crate::domain::area::AreaIndex;
use crate::domain::event::{Channel, Event, Severity};
use crate::domain::geometry::LonLat;
use crate::domain::time::Time;

/// An event without its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Stands for the id.
    pub key: EventKey,
    /// When it was reported.
    pub reported: Time,
    /// Where.
    pub at: Option<LonLat>,
    /// The smallest known area.
    pub area: Option<AreaIndex>,
    /// Its class; see [`super::Classes`].
    pub class: ClassId,
    /// How serious.
    pub severity: Severity,
    /// How it came in.
    pub channel: Channel,
    /// Index into the stage set.
    pub stage: u8,
    /// When it entered each stage that it reached, in order.
    pub entered: Vec<(u8, Time)>,
    /// When it must be done.
    pub due: Option<Time>,
    /// When it was closed.
    pub closed: Option<Time>,
    /// Whether it was actually solved.
    pub solved: Option<bool>,
    /// Whether the reporter was satisfied.
    pub satisfied: Option<bool>,
    /// How many times it was sent back a stage.
    pub returned: u16,
    /// Whether it repeats an earlier one.
    pub repeats: bool,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            key: EventKey(0),
            reported: Time(0),
            at: None,
            area: None,
            class: 0,
            severity: Severity::Normal,
            channel: Channel::default(),
            stage: 0,
            entered: Vec::new(),
            due: None,
            closed: None,
            solved: None,
            satisfied: None,
            returned: 0,
            repeats: false,
        }
    }
}

impl Course {
    /// The course of an event, without area and class.
    pub fn of(event: &Event) -> Self {
        Self {
            key: EventKey::of(&event.id),
            reported: event.reported,
            at: event.at,
            area: None,
            class: 0,
            severity: event.severity,
            channel: event.channel,
            stage: event.stage,
            entered: event.entered.clone(),
            due: event.due,
            closed: event.closed,
            solved: event.solved,
            satisfied: event.satisfied,
            returned: event.returned,
            repeats: event.repeats.is_some(),
        }
    }

    /// Goes back to what was known at `now`: steps, close, outcome and returns
    /// that came later are forgotten. Does not ask whether it was reported by
    /// then. Without steps before `now` it stands in its first stage.
    pub fn rewind(&mut self, now: Time) {
        let is_forgotten = self.closed.is_some_and(|closed| closed > now);
        if is_forgotten {
            (self.closed, self.solved, self.satisfied) = (None, None, None);
        }
        let known = self.entered.partition_point(|&(_, at)| at <= now);
        // The stage of a close is forgotten with it, also where no step tells.
        if known < self.entered.len() || is_forgotten {
            self.entered.truncate(known);
            self.stage = self.entered.last().map_or(0, |&(stage, _)| stage);
            self.returned = super::packed::returns(&self.entered);
        }
    }

    /// What was known of it at `now`: itself where nothing came later, else what
    /// [`Self::rewind`] leaves of it, in `scratch`.
    pub fn known_at<'a>(&'a self, now: Time, scratch: &'a mut Self) -> &'a Self {
        if self.closed <= Some(now) && self.entered.iter().all(|&(_, at)| at <= now) {
            return self;
        }
        let mut entered = std::mem::take(&mut scratch.entered);
        entered.clone_from(&self.entered);
        *scratch = Self { entered, ..*self };
        scratch.rewind(now);
        scratch
    }

    /// Closed at the instant to which it was rewound: at an instant that is
    /// known, or, in a loop of `stage_count` stages, by standing in the last of
    /// them. Then it was closed some time between its report and the step into
    /// that stage, or, without such a step, before the wall first heard of it.
    pub fn is_closed(&self, stage_count: usize) -> bool {
        self.closed.is_some() || usize::from(self.stage) + 1 == stage_count
    }

    /// Not closed at `now` and past its due time, or closed after it. What was
    /// closed nobody knows when is not.
    pub fn is_overdue(&self, now: Time, stage_count: usize) -> bool {
        let judged_at = self.closed.or_else(|| (!self.is_closed(stage_count)).then_some(now));
        self.due.zip(judged_at).is_some_and(|(due, at)| at > due)
    }

    /// The instants at which what is known of it changes.
    pub fn moments(&self) -> impl Iterator<Item = Time> + '_ {
        // Past due begins one millisecond after.
        let due = self.due.map(|due| due.plus_millis(1));
        self.entered.iter().map(|&(_, at)| at).chain([self.reported]).chain(due).chain(self.closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overdue_is_judged_at_the_close_or_now() {
        let mut course = Course { due: Some(Time(100)), ..Course::default() };
        assert!(!course.is_overdue(Time(100), 3));
        assert!(course.is_overdue(Time(101), 3));
        course.stage = 2;
        assert!(course.is_closed(3) && !course.is_overdue(Time(1_000), 3));
        assert!(!course.is_closed(4) && course.is_overdue(Time(1_000), 4));
        course.closed = Some(Time(90));
        assert!(course.is_closed(4) && !course.is_overdue(Time(1_000), 4));
        course.closed = Some(Time(110));
        assert!(course.is_overdue(Time(1_000), 3));
    }

    #[test]
    fn what_came_later_is_forgotten() {
        let whole = Course {
            entered: vec![(0, Time(0)), (1, Time(10)), (0, Time(20)), (1, Time(30)), (2, Time(40))],
            stage: 2,
            closed: Some(Time(40)),
            solved: Some(true),
            satisfied: Some(false),
            returned: 1,
            due: Some(Time(35)),
            ..Course::default()
        };
        let at = |now| {
            let mut course = whole.clone();
            course.rewind(Time(now));
            course
        };
        assert_eq!(at(40), whole);
        let before = at(39);
        assert_eq!((before.stage, before.returned, before.closed, before.solved), (1, 1, None, None));
        assert!(before.is_overdue(Time(39), 3) && !at(35).is_overdue(Time(35), 3));
        assert_eq!((at(15).stage, at(15).returned, at(15).entered.len()), (1, 0, 2));
        assert_eq!((at(-1).stage, at(-1).entered.len()), (0, 0));
        let mut untold = Course { entered: vec![(0, Time(0))], ..whole.clone() };
        untold.rewind(Time(39));
        assert_eq!((untold.stage, untold.closed), (0, None));
    }
}
