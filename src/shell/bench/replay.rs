//! What a replay takes while it runs.
//!
//! In: a wall at rest that shows one instant, a rate. Out: [`Replayed`]: frame
//! times while the clock runs, and how many events enter and leave the window of
//! the map meanwhile: figures of an hour in which nothing happens say little.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Percentiles, millis, rest};
use crate::domain::clock::{Clock, ClockMode};
use crate::domain::time::Time as Instant1970;
use crate::model::{Overview, WallClock, WallConfig};
use crate::shell::headless::HeadlessWall;

/// Figures of a running replay.
#[derive(Serialize, Debug)]
pub(super) struct Replayed {
    /// Shown seconds per second.
    replay_rate: u32,
    /// While the clock runs and the view stands still, GPU included.
    replay_frame_ms: Percentiles,
    /// Main-thread time in those frames without waiting for the GPU.
    replay_cpu_frame_ms: Percentiles,
    /// Events that enter or leave the window of the map, per second.
    churn_per_s: f64,
}

/// Plays the end of the day of `last` at `rate` for `time`, or all of the day up
/// to then where it is shorter, again and again. Leaves the wall as it was.
pub(super) fn replay(wall: &mut HeadlessWall, last: Instant1970, rate: u32, time: Duration) -> Replayed {
    let day = last.start_of_day(&wall.app.world().resource::<WallConfig>().0.wall.zone);
    let first = first_of(day, last, rate, time);
    clock(wall).seek(first);
    come_to_rest(wall);
    clock(wall).play(first, (first == day).then_some(last), rate);
    let (mut frames, mut own, mut churn) = (Vec::new(), Vec::new(), 0);
    let mut seen = wall.app.world().resource::<Overview>().revision;
    let started = Instant::now();
    while started.elapsed() < time || frames.len() < 5 {
        let begun = Instant::now();
        own.push(millis(wall.frame()));
        frames.push(millis(begun.elapsed()));
        let overview = wall.app.world().resource::<Overview>();
        if overview.revision != seen {
            seen = overview.revision;
            churn += overview.window_change.entered.len() + overview.window_change.left.len();
        }
    }
    let churn_per_s = churn as f64 / started.elapsed().as_secs_f64();
    *clock(wall) = Clock::new(ClockMode::Fixed(last));
    come_to_rest(wall);
    Replayed {
        replay_rate: rate,
        replay_frame_ms: Percentiles::of(frames),
        replay_cpu_frame_ms: Percentiles::of(own),
        churn_per_s,
    }
}

/// Where to begin so that `last` is reached after `time`, but not before the
/// day.
fn first_of(day: Instant1970, last: Instant1970, rate: u32, time: Duration) -> Instant1970 {
    let length_ms = (time.as_secs_f64() * 1_000.0 * f64::from(rate)) as i64;
    day.max(last.plus_millis(-length_ms))
}

fn clock(wall: &mut HeadlessWall) -> &mut Clock {
    &mut wall.app.world_mut().resource_mut::<WallClock>().into_inner().0
}

/// Draws until everything is of the shown instant.
fn come_to_rest(wall: &mut HeadlessWall) {
    wall.frame();
    while !wall.is_at_rest() && !wall.is_told_to_stop() {
        std::thread::sleep(Duration::from_millis(1));
        wall.frame();
    }
    rest(wall);
}

pub(super) fn print(replayed: &Replayed) {
    let Percentiles { p50, p95, p99 } = replayed.replay_frame_ms;
    let own = replayed.replay_cpu_frame_ms;
    println!(
        "回放 {} 倍    每帧 {p50:.1} / {p95:.1} / {p99:.1} 毫秒(p50/p95/p99);主线程 {:.2} / {:.2} 毫秒(p50/p99);每秒 {:.0} 件进出统计时段",
        replayed.replay_rate, own.p50, own.p99, replayed.churn_per_s
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_played_ends_with_the_newest_event_and_is_of_its_day() {
        const HOUR: i64 = 3_600_000;
        let first = |last: i64, rate: u32, secs: u64| {
            first_of(Instant1970(0), Instant1970(last), rate, Duration::from_secs(secs)).0
        };
        assert_eq!(first(20 * HOUR, 600, 12), 18 * HOUR);
        assert_eq!(first(20 * HOUR, 3_600, 60), 0);
        assert_eq!(first(20 * HOUR, 1, 1), 20 * HOUR - 1_000);
    }
}
