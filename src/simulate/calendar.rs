//! The simulated place's calendar: China Standard Time, one zone, no summer
//! time, so that a day is always 86,400 s and needs no time-zone data.

use jiff::tz::{Offset, TimeZone};

use crate::domain::time::{DAY_MILLIS, HOUR_MILLIS, Time};

const OFFSET_HOURS: i8 = 8;

/// UTC+08:00.
pub fn zone() -> TimeZone {
    TimeZone::fixed(Offset::constant(OFFSET_HOURS))
}

/// Number of the local day that holds an instant; day 0 is 1970-01-01.
pub fn day_of(at: Time) -> i64 {
    (at.0 + i64::from(OFFSET_HOURS) * HOUR_MILLIS).div_euclid(DAY_MILLIS)
}

/// Local midnight at the start of a day.
pub fn start_of(day: i64) -> Time {
    Time(day * DAY_MILLIS - i64::from(OFFSET_HOURS) * HOUR_MILLIS)
}

/// Hours since local midnight, with their fraction.
pub fn hour_of(at: Time) -> f64 {
    at.millis_since(start_of(day_of(at))) as f64 / HOUR_MILLIS as f64
}

/// Saturday or Sunday. Day 0 was a Thursday.
pub fn is_weekend(day: i64) -> bool {
    matches!((day + 3).rem_euclid(7), 5 | 6)
}

/// `2025-08-15 09:00:00`.
pub fn text(at: Time) -> String {
    let civil = at.civil(&zone());
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second()
    )
}

/// `20250815`.
pub fn compact_date(day: i64) -> String {
    start_of(day).date_text(&zone()).replace('-', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_turn_at_local_midnight() {
        let nine = Time(1_755_219_600_000); // 2025-08-15T09:00:00+08:00, a Friday
        assert_eq!(text(nine), "2025-08-15 09:00:00");
        assert_eq!(hour_of(nine), 9.0);
        let day = day_of(nine);
        assert_eq!(text(start_of(day)), "2025-08-15 00:00:00");
        assert_eq!(day_of(start_of(day).plus_millis(-1)), day - 1);
        assert!(!is_weekend(day) && is_weekend(day + 1) && is_weekend(day + 2) && !is_weekend(day + 3));
        assert_eq!(compact_date(day), "20250815");
    }
}
