//! Instants, spans and their written forms.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, civil::DateTime};
use serde::{Deserialize, Serialize};

use super::civil_text;

/// Milliseconds of an hour.
pub const HOUR_MILLIS: i64 = 3_600_000;
/// Milliseconds of a day on which no clock is put forward or back.
pub const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;

/// An instant in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// The operating system's clock, now.
    pub fn system_now() -> Self {
        Self(Timestamp::now().as_millisecond())
    }

    /// Milliseconds from `earlier` to `self`; negative when `self` comes first.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Seconds from `earlier` to `self`; negative when `self` comes first.
    pub fn secs_since(self, earlier: Self) -> f64 {
        self.millis_since(earlier) as f64 / 1000.0
    }

    /// This instant moved by `millis`, saturating at the ends of time.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The start of the local day that holds this instant.
    #[must_use]
    pub fn start_of_day(self, zone: &TimeZone) -> Self {
        let zoned = self.timestamp().to_zoned(zone.clone());
        zoned.start_of_day().map_or(self, |start| Self(start.timestamp().as_millisecond()))
    }

    /// Whole hours into the local day, 0–23.
    pub fn hour_of_day(self, zone: &TimeZone) -> u8 {
        self.civil(zone).hour().unsigned_abs()
    }

    /// The local date and time of day.
    pub fn civil(self, zone: &TimeZone) -> DateTime {
        self.timestamp().to_zoned(zone.clone()).datetime()
    }

    /// `14:32:08` in `zone`.
    pub fn clock_text(self, zone: &TimeZone) -> String {
        let at = self.civil(zone);
        format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
    }

    /// `14:32` in `zone`.
    pub fn minute_text(self, zone: &TimeZone) -> String {
        let at = self.civil(zone);
        format!("{:02}:{:02}", at.hour(), at.minute())
    }

    /// `2025-08-15` in `zone`.
    pub fn date_text(self, zone: &TimeZone) -> String {
        let at = self.civil(zone);
        format!("{:04}-{:02}-{:02}", at.year(), at.month(), at.day())
    }

    /// RFC 3339 in UTC, for logs and machine-readable output.
    pub fn rfc3339(self) -> String {
        self.timestamp().to_string()
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }

    /// Reads an instant in any of the forms that back ends write: RFC 3339,
    /// a local time in `zone` as [`civil_text`] reads it, with or without an
    /// offset, and what [`Time::from_number`] makes of digits.
    pub fn parse(text: &str, zone: &TimeZone) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        if let Ok(number) = text.parse::<f64>() {
            // A double does not hold seventeen digits.
            let digits = text.parse().ok().and_then(civil_text::from_digits);
            return digits.map_or_else(|| Self::from_number(number, zone), |local| Self::from_civil(local, zone));
        }
        if let Ok(stamp) = text.parse::<Timestamp>() {
            return Some(Self(stamp.as_millisecond()));
        }
        match civil_text::read(text)? {
            (local, Some(offset)) => Self::from_civil(local, &TimeZone::fixed(Offset::from_seconds(offset).ok()?)),
            (local, None) => Self::from_civil(local, zone),
        }
    }

    /// Reads a number: seconds (below 10¹¹, the years to 5138), milliseconds
    /// (below 10¹⁴), microseconds (below 10¹⁷) or nanoseconds since 1970, or a
    /// local date in `zone` as `20250815090000`.
    pub fn from_number(number: f64, zone: &TimeZone) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        // Exact below 2⁵³; with milliseconds only as text.
        if number.fract() == 0.0
            && (0.0..9e15).contains(&number)
            && let Some(local) = civil_text::from_digits(number as u64)
        {
            return Self::from_civil(local, zone);
        }
        let millis = match number.abs() {
            0.0..1e11 => number * 1e3,
            1e11..1e14 => number,
            1e14..1e17 => number / 1e3,
            1e17..9e18 => number / 1e6,
            _ => return None,
        };
        Some(Self(millis.round() as i64))
    }

    /// The instant of a local time. Where the clock was put back it is the
    /// first of two, where it was put forward the one after as many minutes.
    pub fn from_civil(local: DateTime, zone: &TimeZone) -> Option<Self> {
        local.to_zoned(zone.clone()).ok().map(|zoned| Self(zoned.timestamp().as_millisecond()))
    }
}

/// How long ago, in the shortest words a person at a wall would use:
/// `3 秒前`, `6 分钟前`, `2 小时前`, `4 天前`.
pub fn age_text(age_secs: f64) -> String {
    let secs = age_secs.max(0.0) as u64;
    match secs {
        0..60 => format!("{secs} 秒前"),
        60..3_600 => format!("{} 分钟前", secs / 60),
        3_600..86_400 => format!("{} 小时前", secs / 3_600),
        _ => format!("{} 天前", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").expect("bundled time zones hold Asia/Shanghai")
    }

    #[test]
    fn one_instant_in_every_written_form() {
        let zone = shanghai();
        let expected = Time(1_755_219_600_000);
        for text in [
            "2025-08-15T09:00:00+08:00",
            "2025-08-15T01:00:00Z",
            "2025-08-15 09:00:00",
            "2025/08/15 09:00:00",
            "2025-08-15T09:00:00",
            "2025-08-15 09:00",
            "1755219600",
            "1755219600000",
            "1755219600.0",
            "1755219600000000",
            "1755219600000000000",
            "20250815090000",
            "202508150900",
            "20250815090000000",
            "2025/8/15 9:00",
            "2025年8月15日 9时0分",
            "2025-08-15T09:00:00.000+0800",
            "2025-08-15 01:00:00+00",
        ] {
            assert_eq!(Time::parse(text, &zone), Some(expected), "{text}");
        }
        for text in ["2025-08-15", "20250815", "2025年8月15日", "20250815.0"] {
            assert_eq!(Time::parse(text, &zone), Some(Time(1_755_187_200_000)), "{text}");
        }
        assert_eq!(Time::from_number(20_250_815_090_000.0, &zone), Some(expected));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "昨天", "NaN", "inf", "2025-13-01", "8/15/2025", "99999999999999999999"] {
            assert_eq!(Time::parse(text, &shanghai()), None, "{text}");
        }
    }

    #[test]
    fn a_day_starts_at_local_midnight() {
        let zone = shanghai();
        let noon = Time::parse("2025-08-15 12:34:56", &zone).unwrap();
        assert_eq!(noon.start_of_day(&zone), Time::parse("2025-08-15", &zone).unwrap());
        assert_eq!(noon.hour_of_day(&zone), 12);
        assert_eq!(noon.clock_text(&zone), "12:34:56");
    }

    #[test]
    fn ages_are_written_in_the_largest_whole_unit() {
        assert_eq!(age_text(3.9), "3 秒前");
        assert_eq!(age_text(359.0), "5 分钟前");
        assert_eq!(age_text(7_200.0), "2 小时前");
        assert_eq!(age_text(-5.0), "0 秒前");
    }
}
