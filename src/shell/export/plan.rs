//! Which instant each picture of a film shows.

use crate::domain::time::Time;

/// Most pictures of one film: 55 minutes of it, and a night of drawing.
pub const MOST_PICTURES: i64 = 100_000;

/// Most pictures per second that a screen shows.
const MOST_FPS: u32 = 60;

/// Most shown seconds per second: a week.
const MOST_SPEED: u32 = 604_800;

/// Why there is nothing to film.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    /// The range is empty, or runs backwards.
    #[error("--from 应早于 --to")]
    NoRange,
    /// Part of the range has not happened.
    #[error("--to 晚于现在:只能导出已经过去的时段")]
    Future,
    /// More pictures than anybody waits for.
    #[error("这段时间共 {0} 帧,上限 {MOST_PICTURES} 帧;请缩短时段、加大 --speed 或减小 --fps")]
    TooLong(i64),
    /// Not a rate of a screen.
    #[error("--fps {0} 不在 1 到 {MOST_FPS} 之间")]
    Fps(u32),
    /// Standing still, or a blur.
    #[error("--speed {0} 不在 1 到 {MOST_SPEED} 之间")]
    Speed(u32),
}

/// The pictures of a film: picture i shows `from` + i · speed / fps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    from: Time,
    speed: u32,
    fps: u32,
    count: u32,
}

impl Plan {
    /// Of a range without its end, `speed` seconds of it per second of the film.
    ///
    /// # Errors
    /// When the range is empty, reaches past `system`, or makes too many
    /// pictures; when speed or rate are none.
    pub fn new([from, to]: [Time; 2], speed: u32, fps: u32, system: Time) -> Result<Self, PlanError> {
        if !(1..=MOST_FPS).contains(&fps) {
            return Err(PlanError::Fps(fps));
        }
        if !(1..=MOST_SPEED).contains(&speed) {
            return Err(PlanError::Speed(speed));
        }
        let length_ms = to.millis_since(from);
        if length_ms <= 0 {
            return Err(PlanError::NoRange);
        }
        if to > system {
            return Err(PlanError::Future);
        }
        let per_picture = i64::from(speed) * 1_000;
        let count = length_ms.saturating_mul(i64::from(fps)).saturating_add(per_picture - 1) / per_picture;
        match u32::try_from(count) {
            Ok(fitting) if count <= MOST_PICTURES => Ok(Self { from, speed, fps, count: fitting }),
            _ => Err(PlanError::TooLong(count)),
        }
    }

    /// The instant of a picture, in whole milliseconds; none drifts.
    pub fn at(&self, index: u32) -> Time {
        self.from.plus_millis(i64::from(index) * i64::from(self.speed) * 1_000 / i64::from(self.fps))
    }

    /// How many pictures there are; one at least.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Pictures per second of the film.
    pub fn fps(&self) -> u32 {
        self.fps
    }

    /// Shown seconds per second of the film.
    pub fn speed(&self) -> u32 {
        self.speed
    }

    /// Length of the film, seconds.
    pub fn secs(&self) -> f64 {
        f64::from(self.count) / f64::from(self.fps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_800_000_000_000);
    const FROM: Time = Time(1_755_187_200_000);
    const DAY_MS: i64 = 86_400_000;

    fn plan(length_ms: i64, speed: u32, fps: u32) -> Result<Plan, PlanError> {
        Plan::new([FROM, FROM.plus_millis(length_ms)], speed, fps, NOW)
    }

    #[test]
    fn a_day_is_a_minute_and_does_not_reach_into_the_next() {
        let day = plan(DAY_MS, 1_440, 30).unwrap();
        assert_eq!((day.count(), day.secs()), (1_800, 60.0));
        assert_eq!(day.at(0), FROM);
        assert_eq!(day.at(1), FROM.plus_millis(48_000));
        assert_eq!(day.at(1_799), FROM.plus_millis(DAY_MS - 48_000));
    }

    #[test]
    fn thirds_of_a_second_do_not_add_up_to_less() {
        let third = plan(10_000, 1, 3).unwrap();
        let at: Vec<i64> = (0..7).map(|index| third.at(index).millis_since(FROM)).collect();
        assert_eq!(at, [0, 333, 666, 1_000, 1_333, 1_666, 2_000]);
        assert_eq!(third.count(), 30);
    }

    #[test]
    fn what_is_left_over_is_shown_too() {
        assert_eq!(plan(1, 3_600, 1).unwrap().count(), 1);
        let odd = plan(7_200_001, 3_600, 1).unwrap();
        assert_eq!((odd.count(), odd.at(2)), (3, FROM.plus_millis(7_200_000)));
    }

    #[test]
    fn what_cannot_be_filmed_is_refused_with_what_to_change() {
        let refused = |plan: Result<Plan, PlanError>| plan.unwrap_err().to_string();
        assert!(refused(plan(0, 600, 30)).contains("--from"));
        assert!(refused(plan(-1, 600, 30)).contains("--from"));
        assert_eq!(plan(DAY_MS, 600, 0), Err(PlanError::Fps(0)));
        assert_eq!(plan(DAY_MS, 600, 61), Err(PlanError::Fps(61)));
        assert_eq!(plan(DAY_MS, 0, 30), Err(PlanError::Speed(0)));
        assert_eq!(plan(DAY_MS, 604_801, 30), Err(PlanError::Speed(604_801)));
        assert!(refused(plan(DAY_MS, 604_801, 30)).contains("604800"));
        assert_eq!(plan(DAY_MS, 10, 30), Err(PlanError::TooLong(259_200)));
        assert!(refused(plan(DAY_MS, 10, 30)).contains("259200 帧"));
        let from_the_beginning = Plan::new([Time(i64::MIN), NOW], 1, 60, NOW);
        assert!(matches!(from_the_beginning, Err(PlanError::TooLong(_))));
        assert_eq!(Plan::new([FROM, NOW.plus_millis(1)], 604_800, 1, NOW), Err(PlanError::Future));
        assert!(Plan::new([FROM, NOW], 604_800, 1, NOW).is_ok());
    }
}
