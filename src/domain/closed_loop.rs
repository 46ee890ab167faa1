//! The closed loop (事件闭环): how events move from report to evaluation.
//!
//! The names and the number of stages are configuration; the last stage is the
//! one in which an event rests after it was closed.

use super::event::Event;
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

    fn count(&mut self, fulfilled: bool) {
        self.denominator += 1;
        self.numerator += u64::from(fulfilled);
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
    /// 超时率: past due (open or closed) out of received.
    pub overdue: Ratio,
    /// 重复投诉率: repeats of an earlier event out of received.
    pub repeated: Ratio,
    /// Events that were sent back at least once.
    pub returned: u64,
    /// 平均处置时长: mean time from report to close, seconds.
    pub mean_handling_secs: Option<f64>,
}

impl LoopSummary {
    /// Sums up `events` at the instant `now` for a loop of `stage_count` stages.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>, stage_count: usize, now: Time) -> Self {
        let mut summary = Self { stages: vec![StageCount::default(); stage_count], ..Self::default() };
        let mut dwells: Vec<Vec<f64>> = vec![Vec::new(); stage_count];
        let mut handling = (0.0, 0_u64);
        for event in events {
            summary.received += 1;
            let closed = event.closed.filter(|&at| at <= now);
            summary.closed.count(closed.is_some());
            summary.solved.count(closed.is_some() && event.solved == Some(true));
            summary.overdue.count(event.is_overdue(now));
            summary.repeated.count(event.repeats.is_some());
            summary.returned += u64::from(event.returned > 0);
            if let (Some(_), Some(satisfied)) = (closed, event.satisfied) {
                summary.satisfied.count(satisfied);
            }
            if let Some(closed) = closed {
                handling.0 += closed.secs_since(event.reported);
                handling.1 += 1;
            }
            // Who is in a stage went through those before it, also where the
            // back end keeps no history.
            let mut reached = 0_u64;
            for (stage, count) in summary.stages.iter_mut().enumerate().take(usize::from(event.stage) + 1) {
                count.reached += 1;
                reached |= 1 << (stage & 63);
            }
            for (position, &(stage, entered)) in event.entered.iter().enumerate() {
                let Some(count) = summary.stages.get_mut(stage as usize) else { continue };
                // A returned event enters a stage again: it reached it once.
                if reached & (1 << (stage & 63)) == 0 {
                    reached |= 1 << (stage & 63);
                    count.reached += 1;
                }
                if let Some(&(_, left)) = event.entered.get(position + 1) {
                    dwells[stage as usize].push(left.secs_since(entered));
                }
            }
            if let Some(count) = summary.stages.get_mut(event.stage as usize) {
                count.here += 1;
                count.overdue += u64::from(closed.is_none() && event.is_overdue(now));
            }
        }
        for (stage, dwell) in summary.stages.iter_mut().zip(&mut dwells) {
            stage.median_dwell_secs = median(dwell);
        }
        summary.mean_handling_secs = (handling.1 > 0).then(|| handling.0 / handling.1 as f64);
        summary
    }
}

/// The middle value (the upper of two), reordering `values`.
fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::super::event::tests::event;
    use super::*;

    #[test]
    fn every_ratio_keeps_its_parts() {
        let mut done = event("a", 0);
        done.entered = vec![(0, Time(0)), (1, Time(1_000)), (2, Time(4_000))];
        done.stage = 2;
        done.closed = Some(Time(4_000));
        done.solved = Some(true);
        done.satisfied = Some(false);
        let mut late = event("b", 0);
        late.due = Some(Time(2_000));
        late.returned = 1;
        late.repeats = Some("a".into());
        late.entered = vec![(0, Time(0)), (1, Time(500)), (0, Time(900)), (1, Time(1_500))];
        late.stage = 1;
        let summary = LoopSummary::of([&done, &late], 3, Time(5_000));
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
    fn an_empty_loop_has_no_rates() {
        let summary = LoopSummary::of([], 4, Time(0));
        assert_eq!(summary.closed.value(), None);
        assert_eq!(summary.stages.len(), 4);
        assert_eq!(summary.mean_handling_secs, None);
    }

    #[test]
    fn a_close_in_the_future_has_not_happened() {
        let mut e = event("a", 0);
        e.closed = Some(Time(10));
        assert_eq!(LoopSummary::of([&e], 1, Time(5)).closed.numerator, 0);
    }
}
