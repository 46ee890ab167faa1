//! The number at the bright end of the ramp: steady, so that the same colour
//! means the same number while panning and playing.

use std::collections::VecDeque;

use crate::domain::time::Time;

/// Shown time that a peak is remembered.
const REMEMBERED_SECS: f64 = 3_600.0;

/// A step of shown time from which on it is another place in time, of which
/// nothing is remembered.
const JUMP_SECS: f64 = 7_200.0;

/// A scale that follows peaks slowly.
#[derive(Debug, Default)]
pub(super) struct Scale {
    value: Option<f64>,
    /// Highest peak of each shown minute of the last hour.
    peaks: VecDeque<(Time, f64)>,
}

impl Scale {
    /// The scale for a peak at the shown instant `now`: it grows when the peak
    /// outgrows it by a quarter, and falls when the highest of a whole hour
    /// reached less than three tenths of it; each time to the next of
    /// 1, 2, 5, 10, 20 …
    pub(super) fn follow(&mut self, now: Time, peak: f64) -> f64 {
        let last = self.peaks.back().map(|&(at, _)| at);
        if last.is_some_and(|last| now < last || now.secs_since(last) > JUMP_SECS) {
            self.peaks.clear();
        }
        let minute = |at: Time| at.0.div_euclid(60_000);
        match self.peaks.back_mut() {
            Some((at, highest)) if minute(*at) == minute(now) => *highest = highest.max(peak),
            _ => self.peaks.push_back((now, peak)),
        }
        let mut is_whole = false;
        while self.peaks.front().is_some_and(|&(at, _)| now.secs_since(at) >= REMEMBERED_SECS) {
            self.peaks.pop_front();
            is_whole = true;
        }
        let highest = self.peaks.iter().map(|&(_, peak)| peak).fold(0.0, f64::max);
        let scale = match self.value {
            Some(scale) if peak > scale * 1.25 => round_up(peak),
            Some(scale) if is_whole && highest < scale * 0.3 => round_up(highest.max(1e-9)),
            Some(scale) => scale,
            // Nothing has no scale of its own.
            None if peak <= 0.0 => 1.0,
            None => round_up(peak),
        };
        // Nothing at all is no reason to keep the smallest of scales.
        self.value = (peak > 0.0 || self.value.is_some()).then_some(scale);
        scale
    }

    /// What it is, without a new peak.
    pub(super) fn value(&self) -> Option<f64> {
        self.value
    }
}

/// The next of 1, 2, 5, 10, 20 … that is not smaller.
fn round_up(value: f64) -> f64 {
    let magnitude = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * magnitude).find(|&n| n >= value * 0.999).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn the_scale_is_round_and_steady() {
        assert_eq!([37.0, 100.0, 0.03].map(round_up), [50.0, 100.0, 0.05]);
        let mut scale = Scale::default();
        assert_eq!(scale.follow(Time(0), 45.0), 50.0);
        assert_eq!(scale.follow(Time(MINUTE), 60.0), 50.0);
        assert_eq!(scale.follow(Time(2 * MINUTE), 70.0), 100.0);
        // It falls once the hour in which more was is over.
        let falls = (3..70).find(|minute| scale.follow(Time(minute * MINUTE), 4.0) < 100.0);
        assert_eq!(falls, Some(62));
        assert_eq!(scale.value(), Some(5.0));
    }

    #[test]
    fn another_place_in_time_keeps_the_scale_for_an_hour() {
        let mut scale = Scale::default();
        scale.follow(Time(0), 90.0);
        for minute in 0..59 {
            assert_eq!(scale.follow(Time((minute + 1_000) * MINUTE), 1.0), 100.0);
        }
        assert_eq!(scale.follow(Time(100 * MINUTE), 1.0), 100.0);
    }

    /// A day with its rhythm and noise changes the scale a few times only.
    #[test]
    fn a_day_changes_the_scale_seldom() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut scale = Scale::default();
        let mut changes = 0;
        let mut last = scale.follow(Time(0), 6.0);
        for minute in 1..1_440_i64 {
            let rhythm = 6.0 + 60.0 * (std::f64::consts::PI * minute as f64 / 1_440.0).sin().powi(2);
            let now = scale.follow(Time(minute * MINUTE), rhythm * (0.7 + 0.6 * random.f64()));
            changes += u32::from(now != last);
            last = now;
        }
        assert!(changes <= 8, "{changes}");
    }
}
