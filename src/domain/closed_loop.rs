//! The closed loop (事件闭环): how events move from report to evaluation.
//!
//! The names and the number of stages are configuration; the last stage is the
//! one in which an event rests after it was closed.
//!
//! Closed is what has a time of closing or stands in the last stage, so that
//! 办结率 never falls behind what the loop shows there. Many back ends tell the
//! stage alone: then nobody knows when the event was closed. It counts as closed
//! from the instant of that stage ([`Course::is_closed`]), is overdue no more,
//! and takes no part in the handling time.
//!
//! [`LoopTally`] counts: adding an event and taking it back leaves nothing
//! behind, so that figures can follow a moving clock by what changed alone.
//! [`LoopSummary`] is what is shown of it.

use super::event::Event;
use super::event_store::Course;
use super::time::Time;

/// A count out of a count: a ratio that never loses its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratio {
    /// How many fulfil the condition.
    pub numerator: u64,
    /// Out of how many.
    pub denominator: u64,
}

impl Ratio {
    /// The quotient; `None` over an empty base.
    pub fn value(self) -> Option<f64> {
        (self.denominator > 0).then(|| self.numerator as f64 / self.denominator as f64)
    }
}

/// One stage of the loop, as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageCount {
    /// Events that ever reached the stage.
    pub reached: u64,
    /// Events that are in the stage now.
    pub here: u64,
    /// Median time that events spent in the stage before leaving it, seconds.
    pub median_dwell_secs: Option<f64>,
    /// Events in the stage now that are past their due time.
    pub overdue: u64,
}

/// The loop over a set of events, at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoopSummary {
    /// One per stage of the stage set.
    pub stages: Vec<StageCount>,
    /// 受理: events in the set.
    pub received: u64,
    /// 办结率: closed out of received.
    pub closed: Ratio,
    /// 实际解决率: confirmed solved out of received.
    pub solved: Ratio,
    /// 满意率: satisfied out of those who answered.
    pub satisfied: Ratio,
    /// 超时率: past due (open or closed) out of received; what was closed nobody
    /// knows when is not.
    pub overdue: Ratio,
    /// 重复投诉率: repeats of an earlier event out of received.
    pub repeated: Ratio,
    /// Events that were sent back at least once.
    pub returned: u64,
    /// 平均处置时长: mean time from report to close of those whose close has an
    /// instant, seconds.
    pub mean_handling_secs: Option<f64>,
}

impl LoopSummary {
    /// Sums up `events` as they were known at `now`, for a loop of
    /// `stage_count` stages.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>, stage_count: usize, now: Time) -> Self {
        let mut tally = LoopTally::new(stage_count);
        for event in events {
            let mut course = Course::of(event);
            course.rewind(now);
            tally.add(&course, now, 1);
        }
        tally.summary()
    }
}

/// Running counts behind a [`LoopSummary`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoopTally {
    stages: Vec<StageTally>,
    received: i64,
    closed: i64,
    /// Of them, those with an instant.
    timed: i64,
    solved: i64,
    answered: i64,
    satisfied: i64,
    overdue: i64,
    repeated: i64,
    returned: i64,
    handling_ms: i64,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct StageTally {
    reached: i64,
    here: i64,
    overdue: i64,
    dwell: DwellSet,
}

impl LoopTally {
    /// An empty tally of a loop with so many stages.
    pub fn new(stage_count: usize) -> Self {
        Self { stages: vec![StageTally::default(); stage_count], ..Self::default() }
    }

    /// Stages of the loop.
    pub fn stage_count(&self) -> usize {
        self.stages.len()
    }

    /// Counts an event as it was known at `now` ([`Course::rewind`]): once
    /// more, or (`sign` −1) once less.
    pub fn add(&mut self, course: &Course, now: Time, sign: i64) {
        let count = |is_so: bool| if is_so { sign } else { 0 };
        let is_closed = course.is_closed(self.stage_count());
        let is_overdue = course.is_overdue(now, self.stage_count());
        self.received += sign;
        self.closed += count(is_closed);
        self.solved += count(is_closed && course.solved == Some(true));
        self.answered += count(is_closed && course.satisfied.is_some());
        self.satisfied += count(is_closed && course.satisfied == Some(true));
        self.overdue += count(is_overdue);
        self.repeated += count(course.repeats);
        self.returned += count(course.returned > 0);
        if let Some(closed) = course.closed {
            self.timed += sign;
            self.handling_ms += sign * closed.millis_since(course.reported);
        }
        // Who is in a stage went through those before it, also where the back
        // end keeps no history.
        let mut reached = 0_u64;
        for (stage, tally) in self.stages.iter_mut().enumerate().take(usize::from(course.stage) + 1) {
            tally.reached += sign;
            reached |= 1 << (stage & 63);
        }
        for (position, &(stage, entered)) in course.entered.iter().enumerate() {
            let Some(tally) = self.stages.get_mut(usize::from(stage)) else { continue };
            // A returned event enters a stage again: it reached it once.
            if reached & (1 << (stage & 63)) == 0 {
                reached |= 1 << (stage & 63);
                tally.reached += sign;
            }
            if let Some(&(_, left)) = course.entered.get(position + 1) {
                tally.dwell.add(left.millis_since(entered), sign);
            }
        }
        if let Some(tally) = self.stages.get_mut(usize::from(course.stage)) {
            tally.here += sign;
            tally.overdue += count(!is_closed && is_overdue);
        }
    }

    /// What is shown of it.
    pub fn summary(&self) -> LoopSummary {
        let whole = |count: i64| count.max(0) as u64;
        let ratio = |numerator, denominator| Ratio { numerator: whole(numerator), denominator: whole(denominator) };
        let stage = |tally: &StageTally| StageCount {
            reached: whole(tally.reached),
            here: whole(tally.here),
            median_dwell_secs: tally.dwell.median().map(|millis| millis as f64 / 1_000.0),
            overdue: whole(tally.overdue),
        };
        LoopSummary {
            stages: self.stages.iter().map(stage).collect(),
            received: whole(self.received),
            closed: ratio(self.closed, self.received),
            solved: ratio(self.solved, self.received),
            satisfied: ratio(self.satisfied, self.answered),
            overdue: ratio(self.overdue, self.received),
            repeated: ratio(self.repeated, self.received),
            returned: whole(self.returned),
            mean_handling_secs: (self.timed > 0).then(|| self.handling_ms as f64 / 1_000.0 / self.timed as f64),
        }
    }
}

/// Lengths of time, of which the middle one is asked for: in buckets of about
/// equal ratio, so that adding costs nothing and the median a look at one of
/// them.
#[derive(Clone, Debug, Default, PartialEq)]
struct DwellSet {
    /// Milliseconds; by [`bucket_of`]; sorted only so that sets compare.
    buckets: Vec<Vec<i64>>,
    count: usize,
}

/// Eight buckets for each power of two.
const fn bucket_of(millis: i64) -> usize {
    let value = if millis < 8 { 8 } else { millis as u64 };
    let power = value.ilog2() as usize;
    (power - 3) * 8 + (value >> (power - 3)) as usize - 8
}

impl DwellSet {
    fn add(&mut self, millis: i64, sign: i64) {
        let bucket = bucket_of(millis);
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, Vec::new());
        }
        let list = &mut self.buckets[bucket];
        let place = list.partition_point(|&other| other < millis);
        if sign > 0 {
            list.insert(place, millis);
            self.count += 1;
        } else if list.get(place) == Some(&millis) {
            list.remove(place);
            self.count -= 1;
        }
    }

    /// The middle value (the upper of two).
    fn median(&self) -> Option<i64> {
        let mut before = self.count / 2;
        self.buckets.iter().find_map(|list| match list.get(before) {
            Some(&millis) => Some(millis),
            None => {
                before -= list.len();
                None
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The loop over these events as they were known at `now`.
    fn of(events: &[Course], stage_count: usize, now: Time) -> LoopSummary {
        let mut tally = LoopTally::new(stage_count);
        for event in events {
            let mut course = event.clone();
            course.rewind(now);
            tally.add(&course, now, 1);
        }
        tally.summary()
    }

    fn done_and_late() -> [Course; 2] {
        let done = Course {
            entered: vec![(0, Time(0)), (1, Time(1_000)), (2, Time(4_000))],
            stage: 2,
            closed: Some(Time(4_000)),
            solved: Some(true),
            satisfied: Some(false),
            ..Course::default()
        };
        let late = Course {
            due: Some(Time(2_000)),
            returned: 1,
            repeats: true,
            entered: vec![(0, Time(0)), (1, Time(500)), (0, Time(900)), (1, Time(1_500))],
            stage: 1,
            ..Course::default()
        };
        [done, late]
    }

    #[test]
    fn every_ratio_keeps_its_parts() {
        let summary = of(&done_and_late(), 3, Time(5_000));
        assert_eq!(summary.received, 2);
        assert_eq!(summary.closed, Ratio { numerator: 1, denominator: 2 });
        assert_eq!(summary.solved, Ratio { numerator: 1, denominator: 2 });
        assert_eq!(summary.satisfied, Ratio { numerator: 0, denominator: 1 });
        assert_eq!(summary.overdue, Ratio { numerator: 1, denominator: 2 });
        assert_eq!(summary.repeated.numerator, 1);
        assert_eq!(summary.returned, 1);
        assert_eq!(summary.mean_handling_secs, Some(4.0));
        assert_eq!(summary.stages[0].reached, 2);
        assert_eq!(summary.stages[1].reached, 2);
        assert_eq!((summary.stages[1].here, summary.stages[1].overdue), (1, 1));
        assert_eq!(summary.stages[2].here, 1);
        assert_eq!(summary.stages[1].median_dwell_secs, Some(3.0));
    }

    #[test]
    fn the_last_stage_is_closed_also_where_nobody_told_when() {
        let [done, late] = done_and_late();
        // Known from the start, and seen to get there at 6 s; both were due.
        let rests = Course { stage: 2, solved: Some(true), entered: vec![(0, Time(0))], ..late.clone() };
        let seen = Course { stage: 2, entered: vec![(0, Time(0)), (2, Time(6_000))], ..late.clone() };
        let events = [done, late, rests, seen];
        let parts = |now: i64| {
            let summary = of(&events, 3, Time(now));
            let here: Vec<u64> = summary.stages.iter().map(|stage| stage.here).collect();
            (summary.closed.numerator, here, summary.overdue.numerator, summary.solved.numerator)
        };
        assert_eq!(parts(5_000), (2, vec![1, 1, 2], 2, 2));
        assert_eq!(parts(6_000), (3, vec![0, 1, 3], 1, 2));
        // Of the one whose close has an instant.
        assert_eq!(of(&events, 3, Time(6_000)).mean_handling_secs, Some(4.0));
        assert_eq!(of(&events[2..], 3, Time(6_000)).mean_handling_secs, None);
        // In a longer loop that stage is one on the way.
        let longer = of(&events[2..], 4, Time(6_000));
        assert_eq!((longer.closed.numerator, longer.overdue.numerator, longer.solved.numerator), (0, 2, 0));
    }

    #[test]
    fn an_earlier_instant_shows_what_was_known_then() {
        let summary = of(&done_and_late(), 3, Time(1_200));
        assert_eq!((summary.closed.numerator, summary.satisfied.denominator), (0, 0));
        assert_eq!((summary.stages[0].here, summary.stages[1].here, summary.stages[2].reached), (1, 1, 0));
        assert_eq!(summary.overdue.numerator, 0);
    }

    #[test]
    fn an_empty_loop_has_no_rates() {
        let summary = of(&[], 4, Time(0));
        assert_eq!(summary.closed.value(), None);
        assert_eq!(summary.stages.len(), 4);
        assert_eq!(summary.mean_handling_secs, None);
    }

    #[test]
    fn buckets_lie_in_order() {
        let values = (0..4_096).chain((12..40).map(|power| 1_i64 << power));
        let buckets: Vec<usize> = values.map(bucket_of).collect();
        assert!(buckets.is_sorted() && buckets.last() < Some(&400));
    }

    proptest! {
        #[test]
        fn the_median_is_the_middle_one(steps in prop::collection::vec((0..90_000_i64, any::<bool>()), 0..200)) {
            let mut set = DwellSet::default();
            let mut held: Vec<i64> = Vec::new();
            for (millis, takes_back) in steps {
                if takes_back && !held.is_empty() {
                    let gone = held.swap_remove(millis as usize % held.len());
                    set.add(gone, -1);
                } else {
                    held.push(millis);
                    set.add(millis, 1);
                }
                held.sort_unstable();
                prop_assert_eq!(set.median(), held.get(held.len() / 2).copied());
            }
        }
    }
}
