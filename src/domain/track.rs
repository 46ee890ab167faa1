//! Patrol tracks (巡查轨迹). A worker is a role and a number, never a name.

use serde::{Deserialize, Serialize};

use super::crs::distance_m;
use super::geometry::LonLat;
use super::time::Time;

/// One walk of one worker, in time order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// Unique id of the walk.
    pub id: String,
    /// Role and number: 网格员 07.
    pub worker: String,
    /// Code of the area on patrol.
    pub area: Option<String>,
    /// Where the worker was when: no instant twice, in order.
    pub points: Vec<(Time, LonLat)>,
}

/// A worker of whom nothing was heard for this long is nowhere, and a stretch
/// walked longer ago is gone, seconds: what is of yesterday says nothing about
/// today.
pub const TRACE_SECS: f32 = 24.0 * 3_600.0;

/// Where a worker was, and how far the walk was until then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// When a position was known last.
    pub seen: Time,
    /// Between that and the next one, on the way to it.
    pub at: LonLat,
    /// Length of the walk, metres; jumps do not count.
    pub walked_m: f64,
}

impl Track {
    /// Where the worker was at `now`; `None` before the walk.
    pub fn reached(&self, now: Time) -> Option<Reached> {
        let known = &self.points[..self.known(now)];
        let steps = known.windows(2).filter(|pair| !jumped(pair[0], pair[1]));
        let walked_m = steps.map(|pair| distance_m(pair[0].1, pair[1].1)).sum();
        Some(Reached { seen: known.last()?.0, at: self.place(now)?, walked_m })
    }

    /// The place alone of [`Self::reached`], while anything is known of it.
    pub fn place(&self, now: Time) -> Option<LonLat> {
        let count = self.known(now);
        let last = self.points[count.checked_sub(1)?];
        if now.secs_since(last.0) > f64::from(TRACE_SECS) {
            return None;
        }
        Some(match self.points.get(count) {
            Some(&next) if !jumped(last, next) => {
                let share = now.secs_since(last.0) / next.0.secs_since(last.0);
                let between = |from: f64, to: f64| from + (to - from) * share;
                LonLat::new(between(last.1.lon, next.1.lon), between(last.1.lat, next.1.lat))
            }
            _ => last.1,
        })
    }

    fn known(&self, now: Time) -> usize {
        self.points.partition_point(|&(at, _)| at <= now)
    }

    /// Goes on with what was reported later of the same walk: its points go
    /// where their time is, and those that would no longer be shown are left
    /// out.
    pub fn follow(&mut self, later: Self) {
        if !later.worker.is_empty() {
            self.worker = later.worker;
        }
        self.area = later.area.or(self.area.take());
        let first = later.points.iter().map(|&(at, _)| at).min();
        // What strays is seen by its neighbours: the last few are enough where
        // points come in order.
        let tail_starts = self.points.len().saturating_sub(2 * MAX_STRAY_POINTS);
        let is_in_order = self.points.get(tail_starts).is_none_or(|&(at, _)| first.is_none_or(|first| first > at));
        let mut tail = self.points.split_off(if is_in_order { tail_starts } else { 0 });
        tail.extend(later.points);
        tidy(&mut tail);
        self.points.append(&mut tail);
        if let Some(&(newest, _)) = self.points.last() {
            self.forget_before(Time(newest.0 - (f64::from(TRACE_SECS) * 1_000.0) as i64));
        }
    }

    /// Leaves out what was before `begin`.
    pub fn forget_before(&mut self, begin: Time) {
        let old = self.points.partition_point(|&(at, _)| at < begin);
        self.points.drain(..old);
    }
}

/// Faster than this nobody moves on patrol: 150 km/h.
const MAX_SPEED_M_PER_SEC: f64 = 150.0 / 3.6;
/// Positions between houses are off by tens of metres from one second to the
/// next: that is no jump.
const MAX_ERROR_M: f64 = 100.0;
/// A fault of the receiver seldom lasts longer than this many points.
const MAX_STRAY_POINTS: usize = 3;

/// Whether a position jumped: nobody covers `distance_m` in `secs`.
pub fn is_jump(distance_m: f64, secs: f64) -> bool {
    distance_m > MAX_ERROR_M && distance_m > secs * MAX_SPEED_M_PER_SEC
}

/// What [`tidy`] did to the points of a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Points left out because there was one for the same instant.
    pub repeated: usize,
    /// Points left out because the position jumped away and came back.
    pub stray: usize,
    /// Places where it jumped for good: nothing is drawn between the two.
    pub jumps: usize,
}

/// Puts points in the order of time, keeps the last of those of one instant,
/// and leaves out points that are nowhere near those before and after them.
pub fn tidy(points: &mut Vec<(Time, LonLat)>) -> Tidied {
    let mut tidied = Tidied::default();
    let count = points.len();
    points.sort_by_key(|&(at, _)| at);
    // The later in the source is the later report.
    points.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        if is_same {
            kept.1 = later.1;
        }
        is_same
    });
    tidied.repeated = count - points.len();
    let mut kept = 0;
    let mut next = 0;
    while next < points.len() {
        if kept > 0 && jumped(points[kept - 1], points[next]) {
            let back = (next + 1..points.len().min(next + 1 + MAX_STRAY_POINTS))
                .find(|&back| !jumped(points[kept - 1], points[back]) && jumped(points[back - 1], points[back]));
            match back {
                Some(back) => {
                    tidied.stray += back - next;
                    next = back;
                }
                None => tidied.jumps += 1,
            }
        }
        points[kept] = points[next];
        kept += 1;
        next += 1;
    }
    points.truncate(kept);
    tidied
}

fn jumped((left, from): (Time, LonLat), (reached, to): (Time, LonLat)) -> bool {
    is_jump(distance_m(from, to), reached.secs_since(left))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Points at a second and so many metres east of a corner in Nanjing.
    fn points(list: &[(i64, f64)]) -> Vec<(Time, LonLat)> {
        list.iter().map(|&(secs, east_m)| (Time(secs * 1_000), LonLat::new(118.8 + east_m / 94_500.0, 32.0))).collect()
    }

    fn tidied(list: &[(i64, f64)]) -> (Tidied, Vec<i64>) {
        let mut points = points(list);
        let tidied = tidy(&mut points);
        (tidied, points.iter().map(|(at, _)| at.0 / 1_000).collect())
    }

    #[test]
    fn a_worker_is_where_the_clock_says() {
        let points = points(&[(0, 0.0), (60, 60.0), (120, 9_000.0), (180, 9_060.0)]);
        let track = Track { id: "w".into(), worker: "网格员 07".into(), area: None, points };
        assert_eq!(track.reached(Time(-1)), None);
        let reached = |secs: i64| track.reached(Time(secs * 1_000)).expect("has begun");
        let east_m = |reached: Reached| ((reached.at.lon - 118.8) * 94_500.0).round();
        let told = |secs: i64| (reached(secs).seen.0 / 1_000, east_m(reached(secs)), reached(secs).walked_m.round());
        assert_eq!(told(30), (0, 30.0, 0.0));
        assert_eq!(told(90), (60, 60.0, 60.0), "nobody knows the way of a jump");
        assert_eq!(told(150), (120, 9_030.0, 60.0));
        assert_eq!(told(9_000), (180, 9_060.0, 120.0));
        assert_eq!(track.reached(Time(2 * 86_400_000)), None, "of yesterday");
    }

    #[test]
    fn points_come_in_the_order_of_time_and_an_instant_once() {
        let (found, order) = tidied(&[(120, 90.0), (0, 0.0), (60, 50.0), (60, 60.0)]);
        assert_eq!((found.repeated, found.stray, found.jumps), (1, 0, 0));
        assert_eq!(order, [0, 60, 120]);
        let mut repeated = points(&[(60, 50.0), (60, 60.0)]);
        tidy(&mut repeated);
        assert_eq!(repeated, points(&[(60, 60.0)]));
    }

    #[test]
    fn a_walk_goes_on_with_what_is_reported_later() {
        let walk = |list: &[(i64, f64)]| Track {
            id: "w".into(),
            worker: "网格员 07".into(),
            area: None,
            points: points(list),
        };
        let mut track = walk(&[]);
        for secs in 0..100 {
            track.follow(walk(&[(secs * 10, secs as f64 * 10.0)]));
        }
        track.follow(Track { worker: String::new(), area: Some("3205".into()), ..walk(&[(45, 45.0), (990, 991.0)]) });
        assert_eq!((track.points.len(), track.worker.as_str()), (101, "网格员 07"));
        assert_eq!(track.area.as_deref(), Some("3205"));
        assert!(track.points.windows(2).all(|pair| pair[0].0 < pair[1].0));
        track.follow(walk(&[(86_400 + 45, 0.0)]));
        assert_eq!(track.points.first().map(|point| point.0), Some(Time(45_000)), "a day is kept");
    }

    #[test]
    fn a_position_that_jumps_away_and_back_is_left_out() {
        let (found, order) =
            tidied(&[(0, 0.0), (60, 60.0), (120, 9_000.0), (130, 9_020.0), (180, 180.0), (240, 240.0)]);
        assert_eq!((found, order), (Tidied { stray: 2, ..Tidied::default() }, vec![0, 60, 180, 240]));
    }

    #[test]
    fn a_position_that_jumps_for_good_is_kept() {
        let (found, order) = tidied(&[(0, 0.0), (60, 60.0), (120, 9_000.0), (180, 9_060.0), (240, 9_120.0)]);
        assert_eq!((found.jumps, found.stray, order.len()), (1, 0, 5));
    }

    #[test]
    fn a_drive_and_an_uncertain_position_are_no_jumps() {
        // 90 km/h, and 80 m off within a second.
        let (found, _) = tidied(&[(0, 0.0), (60, 1_500.0), (61, 1_580.0)]);
        assert_eq!(found, Tidied::default());
        assert_eq!(tidied(&[]), (Tidied::default(), vec![]));
        assert_eq!(tidied(&[(5, 1.0)]), (Tidied::default(), vec![5]));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_in_order_and_accounted_for(list in prop::collection::vec((0_i64..500, -2e4..2e4), 0..60)) {
            let before = list.len();
            let mut points = points(&list);
            let found = tidy(&mut points);
            prop_assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert_eq!(points.len() + found.repeated + found.stray, before);
            prop_assert_eq!(points.windows(2).filter(|pair| jumped(pair[0], pair[1])).count(), found.jumps);
        }
    }
}
