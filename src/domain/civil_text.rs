//! Dates and times of day as people and spreadsheets write them.
//!
//! In: text, or a number that is a date written without separators. Out: the
//! local date and time, and the offset where one is written. `2025/8/15 9:05`,
//! `2025年8月15日 9时5分`, `2025-08-15 下午3:05`, `2025-08-15 09:00:00 +0800`,
//! `20250815090000`. Nothing is guessed: the year comes first and has four
//! digits; `8/15/2025` could be two days and is none.

use jiff::civil::{Date, DateTime};

/// A local time, with its offset from UTC in seconds where one is written.
pub type Written = (DateTime, Option<i32>);

/// Reads a date with or without a time of day; a date alone is midnight.
pub fn read(text: &str) -> Option<Written> {
    let mut rest = Rest(text.trim());
    let year = rest.number(4..=4)?;
    let is_chinese = rest.eat(&["年"]);
    if !is_chinese && !rest.eat(&["-", "/", "."]) {
        return None;
    }
    let month = rest.number(1..=2)?;
    if !rest.eat(if is_chinese { &["月"] } else { &["-", "/", "."] }) {
        return None;
    }
    let day = rest.number(1..=2)?;
    if is_chinese {
        rest.eat(&["日", "号"]);
    }
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    if rest.0.trim_start().is_empty() {
        return Some((date.at(0, 0, 0, 0), None));
    }
    if !is_chinese && !rest.0.starts_with(['T', 't', ' ', '\u{3000}', '上', '下', '\u{a0}']) {
        return None;
    }
    rest.eat(&["T", "t"]);
    let clock = read_clock(&mut rest)?;
    let offset = read_offset(&mut rest)?;
    Some((date.at(clock.hour, clock.minute, clock.second, clock.nanos), offset))
}

/// The parts of a time of day, each within its range.
struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    nanos: i32,
}

fn read_clock(rest: &mut Rest<'_>) -> Option<Clock> {
    rest.skip_blanks();
    let mut is_afternoon = None;
    for (word, afternoon) in [("上午", false), ("下午", true), ("晚上", true)] {
        if rest.eat(&[word]) {
            is_afternoon = Some(afternoon);
        }
    }
    rest.skip_blanks();
    let mut clock = Clock { hour: i8::try_from(rest.number(1..=2)?).ok()?, minute: 0, second: 0, nanos: 0 };
    let is_chinese = rest.eat(&["时", "点"]);
    if !is_chinese && !rest.eat(&[":", ":"]) {
        return None;
    }
    if !is_chinese || rest.starts_with_digit() {
        clock.minute = i8::try_from(rest.number(1..=2)?).ok()?;
        if rest.eat(if is_chinese { &["分"] } else { &[":", ":"] }) && (!is_chinese || rest.starts_with_digit()) {
            clock.second = i8::try_from(rest.number(1..=2)?).ok()?;
            if rest.eat(&[".", ","]) {
                clock.nanos = rest.fraction()?;
            }
            rest.eat(&["秒"]);
        }
    }
    rest.skip_blanks();
    for (word, afternoon) in [("AM", false), ("am", false), ("PM", true), ("pm", true)] {
        if is_afternoon.is_none() && rest.eat(&[word]) {
            is_afternoon = Some(afternoon);
        }
    }
    match is_afternoon {
        Some(_) if clock.hour > 12 => return None,
        Some(false) if clock.hour == 12 => clock.hour = 0,
        Some(true) if clock.hour < 12 => clock.hour += 12,
        _ => {}
    }
    let is_time = clock.hour < 24 && clock.minute < 60 && clock.second < 60;
    is_time.then_some(clock)
}

/// `Z`, `+08`, `+0800`, `+08:00` or nothing, and then the end.
fn read_offset(rest: &mut Rest<'_>) -> Option<Option<i32>> {
    rest.skip_blanks();
    let offset = match rest.0.chars().next() {
        None => None,
        Some('Z' | 'z') => {
            rest.0 = &rest.0[1..];
            Some(0)
        }
        Some(sign @ ('+' | '-')) => {
            rest.0 = &rest.0[1..];
            let hours = rest.two_digits()?;
            rest.eat(&[":"]);
            let minutes = if rest.starts_with_digit() { rest.two_digits()? } else { 0 };
            let secs = i32::try_from(hours * 3_600 + minutes * 60).ok()?;
            (hours < 24 && minutes < 60).then_some(Some(if sign == '-' { -secs } else { secs }))?
        }
        Some(_) => return None,
    };
    rest.0.is_empty().then_some(offset)
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn skip_blanks(&mut self) {
        self.0 = self.0.trim_start();
    }

    fn starts_with_digit(&self) -> bool {
        self.0.starts_with(|c: char| c.is_ascii_digit())
    }

    fn eat(&mut self, words: &[&str]) -> bool {
        let behind = words.iter().find_map(|word| self.0.strip_prefix(word));
        self.0 = behind.unwrap_or(self.0);
        behind.is_some()
    }

    /// All digits that come, if there are as many as allowed.
    fn number(&mut self, lengths: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let length = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        digits.parse().ok().filter(|_| lengths.contains(&length))
    }

    /// Two digits, whatever comes behind them.
    fn two_digits(&mut self) -> Option<u32> {
        let digits = self.0.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        self.0 = &self.0[2..];
        digits.parse().ok()
    }

    /// The digits behind the point, as nanoseconds; those behind the ninth
    /// are dropped.
    fn fraction(&mut self) -> Option<i32> {
        let length = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        let kept = &digits[..length.min(9)];
        (length > 0).then(|| format!("{kept:0<9}").parse().ok()).flatten()
    }
}

/// Reads a date that is written as one number: `20250815`, `202508150900`,
/// `20250815090000`, `20250815090000123`. Only those of the years 1970 to 2099
/// are dates; as seconds, milliseconds or microseconds since 1970 they would
/// be days of 1970 to 1976, or of the 27th century.
pub fn from_digits(number: u64) -> Option<DateTime> {
    let (minutes, secs, millis) = match number {
        19_700_000..=21_000_000 => (number * 10_000, 0, 0),
        197_000_000_000..=210_000_000_000 => (number, 0, 0),
        19_700_000_000_000..=21_000_000_000_000 => (number / 100, number % 100, 0),
        19_700_000_000_000_000..=21_000_000_000_000_000 => (number / 100_000, number / 1_000 % 100, number % 1_000),
        _ => return None,
    };
    let two = |shift: u64| i8::try_from(minutes / shift % 100).ok();
    let year = i16::try_from(minutes / 100_000_000).ok()?;
    let date = Date::new(year, two(1_000_000)?, two(10_000)?).ok()?;
    let (hour, minute, second) = (two(100)?, two(1)?, i8::try_from(secs).ok()?);
    let is_time = hour < 24 && minute < 60 && second < 60;
    is_time.then(|| date.at(hour, minute, second, i32::try_from(millis).unwrap_or(0) * 1_000_000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Option<String> {
        let (local, offset) = read(text)?;
        Some(offset.map_or_else(|| local.to_string(), |offset| format!("{local} {offset}")))
    }

    #[test]
    fn one_minute_in_every_written_form() {
        for text in [
            "2025-08-15 09:05",
            "2025/8/15 9:05",
            "2025.8.15 9:05:00",
            "2025-8-15T9:05:00.000",
            "2025年8月15日 9时5分",
            "2025年08月15日09:05:00",
            "2025年8月15日9点5分0秒",
            "2025年8月15号 上午9:05",
            "2025-08-15 上午 9:05",
            "2025/8/15 9:05:00 AM",
            " 2025-08-15\u{3000}09:05 ",
        ] {
            assert_eq!(shown(text).as_deref(), Some("2025-08-15T09:05:00"), "{text}");
        }
        assert_eq!(shown("2025年8月15日").as_deref(), Some("2025-08-15T00:00:00"));
        assert_eq!(shown("2025年8月15日9时").as_deref(), Some("2025-08-15T09:00:00"));
        assert_eq!(shown("2025-08-15 下午3:05").as_deref(), Some("2025-08-15T15:05:00"));
        assert_eq!(shown("2025-08-15 下午12:05").as_deref(), Some("2025-08-15T12:05:00"));
        assert_eq!(shown("2025-08-15 12:05 AM").as_deref(), Some("2025-08-15T00:05:00"));
        assert_eq!(shown("2025-08-15 09:00:00,25").as_deref(), Some("2025-08-15T09:00:00.25"));
    }

    #[test]
    fn offsets_are_read() {
        for (text, offset) in [
            ("2025-08-15 09:05:00 +0800", 28_800),
            ("2025-08-15T09:05:00.000+0800", 28_800),
            ("2025-08-15 09:05:00+08", 28_800),
            ("2025/08/15 09:05:00 -03:30", -12_600),
            ("2025/08/15 09:05:00Z", 0),
        ] {
            assert_eq!(read(text).and_then(|(_, offset)| offset), Some(offset), "{text}");
        }
    }

    #[test]
    fn what_could_be_another_day_is_none() {
        for text in [
            "8/15/2025",
            "15.8.2025",
            "25-08-15",
            "2025-08",
            "2025-13-01",
            "2025-02-30",
            "2025-08-15x",
            "2025-08-15 9",
            "2025-08-15 25:00",
            "2025-08-15 09:60",
            "2025-08-15 13:00 PM",
            "2025-08-15 09:00 +8",
            "2025年8-15",
            "昨天",
            "2025-08-1509:00",
            "2025-08-15 09:00:00.",
            "",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn dates_of_digits_are_those_that_are_no_instants() {
        let shown = |number| from_digits(number).map(|at| at.to_string());
        assert_eq!(shown(20_250_815).as_deref(), Some("2025-08-15T00:00:00"));
        assert_eq!(shown(202_508_150_905).as_deref(), Some("2025-08-15T09:05:00"));
        assert_eq!(shown(20_250_815_090_507).as_deref(), Some("2025-08-15T09:05:07"));
        assert_eq!(shown(20_250_815_090_507_125).as_deref(), Some("2025-08-15T09:05:07.125"));
        for instant in [1_755_219_600, 1_755_219_600_000, 1_755_219_600_000_000, 20_251_315, 20_250_815_250_000, 0] {
            assert_eq!(shown(instant), None, "{instant}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,30}|[0-9]{4}[-年/][0-9]{1,3}[-月/][0-9]{1,3}[ 日T]?[0-9:时分.+-]{0,12}") {
            _ = read(&text);
        }

        #[test]
        fn no_number_panics(number in any::<u64>()) {
            _ = from_digits(number);
        }
    }
}
