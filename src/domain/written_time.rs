//! Written times, read by the hundred thousand.
//!
//! In: text in any form that [`Time::parse`] reads. Out: the same instant.
//!
//! How it works: what nearly all back ends write, `2025-08-15 09:00:00` and its
//! likes, is read digit by digit. Its zone's offset comes from a list of
//! stretches in which the offset stays the same, made once. Everything else,
//! and what lies next to a change of the offset, goes to [`Time::parse`]. A
//! reader with a format reads that and nothing else.

use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::time::Time;

/// Offsets are listed up to here: 2100-01-01T00:00:00Z, in seconds.
const LISTED_UNTIL: i64 = 4_102_444_800;

/// Nearer than this to a change of the offset, a local time may be none or two:
/// more than any offset.
const MARGIN_SECS: i64 = 26 * 3_600;

/// A stretch of time without a change of the offset.
#[derive(Clone, Copy, Debug)]
struct Steady {
    /// First second.
    from: i64,
    /// Second after the last.
    until: i64,
    /// Seconds that local time is ahead of UTC.
    offset: i64,
}

/// Reads times; those without an offset are in its zone.
#[derive(Clone, Debug)]
pub struct TimeReader {
    zone: TimeZone,
    steady: Vec<Steady>,
    /// The only format that is read, as `strptime` writes it.
    format: Option<String>,
}

impl TimeReader {
    /// A reader for a zone.
    pub fn new(zone: TimeZone) -> Self {
        let offset_at = |at: Timestamp| i64::from(zone.to_offset(at).seconds());
        let mut steady = vec![Steady { from: 0, until: LISTED_UNTIL, offset: offset_at(Timestamp::UNIX_EPOCH) }];
        for change in zone.following(Timestamp::UNIX_EPOCH) {
            let from = change.timestamp().as_second();
            if from >= LISTED_UNTIL {
                break;
            }
            if let Some(last) = steady.last_mut() {
                last.until = from;
            }
            steady.push(Steady { from, until: LISTED_UNTIL, offset: i64::from(change.offset().seconds()) });
        }
        Self { zone, steady, format: None }
    }

    /// The same, which reads times only as `format` writes them, where there is
    /// one.
    #[must_use]
    pub fn with_format(self, format: Option<String>) -> Self {
        Self { format, ..self }
    }

    /// Whether times are read in one format only.
    pub fn has_format(&self) -> bool {
        self.format.is_some()
    }

    /// Reads an instant from a number; see [`Time::from_number`].
    pub fn read_number(&self, number: f64) -> Option<Time> {
        Time::from_number(number, &self.zone)
    }

    /// Reads an instant; see [`Time::parse`].
    pub fn read(&self, text: &str) -> Option<Time> {
        if let Some(format) = &self.format {
            return formatted(&strtime::parse(format, text.trim()).ok()?, &self.zone);
        }
        self.read_any(text)
    }

    /// Reads an instant in any usual form, whatever the format.
    pub fn read_any(&self, text: &str) -> Option<Time> {
        // What has white space around it is none of the usual forms.
        self.read_usual(text.as_bytes()).or_else(|| Time::parse(text, &self.zone))
    }

    /// Reads `yyyy-mm-dd hh:mm[:ss[.mmm]]`, with `/` or `T` as well, and with
    /// `Z` or an offset behind it; `None` for all else.
    fn read_usual(&self, text: &[u8]) -> Option<Time> {
        let (date, rest) = text.split_first_chunk::<10>()?;
        let (&between, clock) = rest.split_first()?;
        let days = days_of(date).filter(|_| matches!(between, b' ' | b'T'))?;
        let (clock, offset) = split_offset(clock)?;
        let (secs, millis) = read_clock(clock)?;
        let local = days * 86_400 + secs;
        // Only ISO 8601 has offsets.
        let is_iso = between == b'T' && date[4] == b'-' && date[7] == b'-' && clock.len() > 5;
        let utc = match offset {
            Some(offset) => local - Some(offset).filter(|_| is_iso)?,
            None => self.utc_of(local)?,
        };
        (utc >= 0).then_some(Time(utc * 1_000 + millis))
    }

    /// The instant of a local time, in seconds, where that is plain.
    fn utc_of(&self, local: i64) -> Option<i64> {
        let after = self.steady.partition_point(|steady| steady.from <= local);
        let steady = self.steady.get(after.checked_sub(1)?)?;
        let utc = local - steady.offset;
        let is_plain = steady.from + MARGIN_SECS <= utc && utc < steady.until - MARGIN_SECS;
        is_plain.then_some(utc)
    }
}

/// What is wrong with a format of `strptime`: it must tell one instant, and
/// read what it writes.
pub fn format_fault(format: &str) -> Option<String> {
    let sample = civil::date(2025, 8, 15).at(21, 45, 0, 0);
    let zoned = sample.to_zoned(TimeZone::UTC).ok()?;
    let Ok(text) = strtime::format(format, &zoned) else {
        return Some("不是时间格式(strptime 的写法)".to_owned());
    };
    // As texts are read: without the white space around them.
    let read = strtime::parse(format, text.trim()).ok().and_then(|parts| formatted(&parts, &TimeZone::UTC));
    match read {
        None => Some("按这个格式读不出日期,至少要有年月日,如 %Y-%m-%d %H:%M".to_owned()),
        Some(at) if at.civil(&TimeZone::UTC).date() != sample.date() => Some("按这个格式读出的日期不对".to_owned()),
        Some(_) => None,
    }
}

/// The instant of what a format read; in `zone` where it has no offset.
fn formatted(parts: &BrokenDownTime, zone: &TimeZone) -> Option<Time> {
    if let Ok(stamp) = parts.to_timestamp() {
        return Some(Time(stamp.as_millisecond()));
    }
    let local = parts.to_datetime().or_else(|_| parts.to_date().map(|date| date.at(0, 0, 0, 0))).ok()?;
    Time::from_civil(local, zone)
}

/// The value of two digits.
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// Days from 1970-01-01 to a date of the years 1970 to 2099.
fn days_of(date: &[u8; 10]) -> Option<i64> {
    let [c1, c2, y1, y2, dash, m1, m2, dash2, d1, d2] = *date;
    let year = two(c1, c2)? * 100 + two(y1, y2)?;
    let (month, day) = (two(m1, m2)?, two(d1, d2)?);
    let is_separated = matches!(dash, b'-' | b'/') && matches!(dash2, b'-' | b'/');
    if !is_separated || !(1970..2100).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    // In these years every fourth one is a leap year.
    let is_leap = year % 4 == 0;
    const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let index = (month - 1) as usize;
    let length = LENGTHS[index] + i64::from(is_leap && month == 2);
    if !(1..=length).contains(&day) {
        return None;
    }
    let leap_days = (year - 1969) / 4 + i64::from(is_leap && month > 2);
    Some((year - 1970) * 365 + leap_days + BEFORE[index] + day - 1)
}

/// Parts a time of day from the offset behind it, in seconds.
fn split_offset(clock: &[u8]) -> Option<(&[u8], Option<i64>)> {
    if let Some(clock) = clock.strip_suffix(b"Z") {
        return Some((clock, Some(0)));
    }
    let Some((front, &[sign, h1, h2, b':', m1, m2])) = clock.split_last_chunk::<6>() else {
        return Some((clock, None));
    };
    if !matches!(sign, b'+' | b'-') {
        return Some((clock, None));
    }
    let (hours, minutes) = (two(h1, h2)?, two(m1, m2)?);
    let size = hours * 3_600 + minutes * 60;
    let is_usual = hours <= 23 && minutes <= 59;
    is_usual.then_some((front, Some(if sign == b'-' { -size } else { size })))
}

/// Seconds into the day, and milliseconds.
fn read_clock(clock: &[u8]) -> Option<(i64, i64)> {
    let (h1, h2, m1, m2, rest) = match *clock {
        [h1, h2, b':', m1, m2, ref rest @ ..] => (h1, h2, m1, m2, rest),
        _ => return None,
    };
    let (secs, millis) = match *rest {
        [] => (0, 0),
        [b':', s1, s2] => (two(s1, s2)?, 0),
        [b':', s1, s2, b'.', hundreds, tens, ones] => (two(s1, s2)?, two(b'0', hundreds)? * 100 + two(tens, ones)?),
        _ => return None,
    };
    let (hours, minutes) = (two(h1, h2)?, two(m1, m2)?);
    (hours < 24 && minutes < 60 && secs < 60).then_some((hours * 3_600 + minutes * 60 + secs, millis))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("bundled")
    }

    #[test]
    fn the_usual_form_is_read_at_once() {
        let reader = TimeReader::new(zone("Asia/Shanghai"));
        for text in ["2025-08-15 09:00:00", "2025/08/15 09:00", "2025-08-15T01:00:00.000Z", "2025-08-15T09:00:00+08:00"]
        {
            assert_eq!(reader.read_usual(text.as_bytes()), Some(Time(1_755_219_600_000)), "{text}");
        }
    }

    #[test]
    fn a_format_reads_what_nobody_would_guess() {
        let read = |format: &str, text: &str| {
            assert_eq!(format_fault(format), None, "{format}");
            TimeReader::new(zone("Asia/Shanghai")).with_format(Some(format.to_owned())).read(text)
        };
        let expected = Some(Time(1_755_219_600_000));
        assert_eq!(read("%d/%m/%Y %H:%M", "15/08/2025 09:00"), expected);
        assert_eq!(read("%m/%d/%y %I:%M %p", "08/15/25 09:00 AM"), expected);
        assert_eq!(read("%s", "1755219600"), expected);
        assert_eq!(read("%d.%m.%Y %H:%M:%S %z", "15.08.2025 01:00:00 +0000"), expected);
        assert_eq!(read("%Y%j", "2025227"), Some(Time(1_755_187_200_000)));
        assert_eq!(read("%d/%m/%Y %H:%M", "2025-08-15 09:00"), None);
        for format in ["%Q!", "%H:%M", "%Y-%m", "day", "", "%Y-%m-%d %", "%Y-%m-%d\u{b}"] {
            assert!(format_fault(format).is_some(), "{format}");
        }
    }

    fn written() -> impl Strategy<Value = String> {
        let date = (1965..2105_i32, 0..14_u8, 0..33_u8, "[-/]");
        let clock = (0..26_u8, 0..62_u8, prop::option::of(0..62_u8), prop::option::of(0..1_000_u16));
        (date, "[ T]", clock, "|Z|[+-](0[0-9]|1[0-4]|2[3-6]):[0-6]0").prop_map(
            |((year, month, day, dash), between, (hour, minute, second, millis), offset)| {
                let mut text = format!("{year}{dash}{month:02}{dash}{day:02}{between}{hour:02}:{minute:02}");
                if let Some(second) = second {
                    text += &format!(":{second:02}");
                    if let Some(millis) = millis {
                        text += &format!(".{millis:03}");
                    }
                }
                text + &offset
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn it_reads_what_the_slow_way_reads(
            text in prop_oneof![9 => written(), 1 => "[0-9T :/.+Z-]{0,26}"],
            name in prop::sample::select(vec!["Asia/Shanghai", "Europe/London", "America/Sao_Paulo", "UTC"]),
        ) {
            let zone = zone(name);
            prop_assert_eq!(TimeReader::new(zone.clone()).read(&text), Time::parse(&text, &zone));
        }

        #[test]
        fn the_hours_around_a_change_of_the_offset_are_read_alike(
            month in 3..12_u8, day in 1..31_u8, hour in 0..24_u8, minute in 0..60_u8, year in 1986..2030_i32,
            name in prop::sample::select(vec!["Asia/Shanghai", "Europe/London"]),
        ) {
            let zone = zone(name);
            let text = format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:00");
            prop_assert_eq!(TimeReader::new(zone.clone()).read(&text), Time::parse(&text, &zone));
        }
    }
}
