//! Texts with placeholders: addresses, bodies, headers that are made when a
//! request is sent.
//!
//! In: a text such as `from={now-1h:%Y-%m-%d %H:%M:%S}`. Out: a [`Template`]
//! that is filled in for each request, or what is wrong with it.
//!
//! How it works: `{name}` is one of the names that the place knows; `{now}`
//! and `{today}`, with a span added or taken off and a format behind a colon,
//! are instants. `{{` and `}}` are braces.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::read::{excerpt, quoted_list};
use crate::domain::time::Time;

/// How `{now}` is written when nothing else is said.
const USUAL_INSTANT: &str = "%Y-%m-%d %H:%M:%S";

/// How `{today}` is written when nothing else is said.
const USUAL_DAY: &str = "%Y-%m-%d";

/// Units of a span: `-90m`.
const UNITS: [(char, i64); 4] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];

/// Longest span, seconds: ten years.
const MAX_SPAN_SECS: i64 = 3_650 * 86_400;

/// How an instant is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TimeFormat {
    /// Milliseconds since 1970.
    #[default]
    Millis,
    /// Seconds since 1970.
    Secs,
    /// `2025-08-15T01:00:00Z`, as in RFC 3339.
    Rfc3339,
    /// A pattern of `strftime`, in the wall's time zone.
    Pattern(String),
}

impl TimeFormat {
    /// Reads `ms`, `s`, `rfc3339` or a pattern; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ms" => Self::Millis,
            "s" => Self::Secs,
            "rfc3339" => Self::Rfc3339,
            pattern if pattern.contains('%') => {
                let sample = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
                jiff::fmt::strtime::format(pattern, &sample).ok()?;
                Self::Pattern(pattern.to_owned())
            }
            _ => return None,
        })
    }

    /// `time` in this form.
    pub fn render(&self, time: Time, zone: &TimeZone) -> String {
        let instant = Timestamp::from_millisecond(time.0).unwrap_or_default();
        match self {
            Self::Millis => time.0.to_string(),
            Self::Secs => time.0.div_euclid(1000).to_string(),
            Self::Rfc3339 => format!("{instant:.0}"),
            Self::Pattern(pattern) => {
                jiff::fmt::strtime::format(pattern, &instant.to_zoned(zone.clone())).unwrap_or_default()
            }
        }
    }
}

/// An instant that depends on when the request is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The start of the day, not the instant itself.
    of_day: bool,
    /// Added to it.
    plus_secs: i64,
    format: TimeFormat,
}

impl Moment {
    /// Reads what stands in the braces: `now-1h:ms`; `None` when it is no
    /// instant.
    fn parse(text: &str) -> Option<Result<Self, String>> {
        let (what, format) = text.split_once(':').map_or((text, None), |(what, format)| (what, Some(format)));
        let base_end = what.find(['+', '-']).unwrap_or(what.len());
        let (base, span) = what.split_at(base_end);
        let of_day = match base {
            "now" => false,
            "today" => true,
            _ => return None,
        };
        let Some(plus_secs) = span_secs(span) else {
            return Some(Err(format!("`{{{}}}` 中的时间差写作 -90m、-1h、+1d(单位 s、m、h、d)", excerpt(text))));
        };
        let format = format.unwrap_or(if of_day { USUAL_DAY } else { USUAL_INSTANT });
        let Some(format) = TimeFormat::parse(format) else {
            return Some(Err(format!(
                "`{{{}}}` 中的时间格式应为 ms、s、rfc3339,或 strftime 写法如 %Y-%m-%d %H:%M:%S",
                excerpt(text)
            )));
        };
        Some(Ok(Self { of_day, plus_secs, format }))
    }

    /// The instant, seen at `now`.
    pub fn render(&self, now: Time, zone: &TimeZone) -> String {
        let base = if self.of_day { now.start_of_day(zone) } else { now };
        self.format.render(base.plus_millis(self.plus_secs.saturating_mul(1000)), zone)
    }
}

/// `-90m` in seconds; nothing is 0.
fn span_secs(text: &str) -> Option<i64> {
    let Some(sign) = text.chars().next() else { return Some(0) };
    let unit = text.chars().next_back()?;
    let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let number = text.get(1..text.len() - 1)?;
    let secs = number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse::<i64>().ok())??.checked_mul(*size)?;
    (secs <= MAX_SPAN_SECS).then_some(if sign == '-' { -secs } else { secs })
}

/// What stands in braces.
#[derive(Clone, Debug, PartialEq)]
pub enum Placeholder {
    /// One of the names that the place knows.
    Name(String),
    /// An instant.
    Moment(Moment),
}

/// A text with placeholders. Its `Debug` shows none of it: somebody may have
/// written a secret beside them.
#[derive(Clone, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq)]
enum Part {
    Text(String),
    Filled(Placeholder),
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Template(…)")
    }
}

impl Template {
    /// Reads a text in which `names` and instants may stand in braces.
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..at + 1];
            let after = &rest[at + 1..];
            if let Some(doubled) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = doubled;
                continue;
            }
            if brace == "}" {
                plain.push('}');
                rest = after;
                continue;
            }
            let Some((name, behind)) = after.split_once('}') else { return Err("占位符缺少 }".to_owned()) };
            let placeholder = match Moment::parse(name) {
                Some(moment) => Placeholder::Moment(moment?),
                None if names.contains(&name) => Placeholder::Name(name.to_owned()),
                None => return Err(unknown(name, names)),
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Filled(placeholder));
            rest = behind;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// The text with every placeholder filled in by `fill`.
    pub fn expand(&self, mut fill: impl FnMut(&Placeholder) -> String) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Filled(placeholder) => text.push_str(&fill(placeholder)),
            }
        }
        text
    }

    /// Whether `name` stands in it.
    pub fn names(&self, name: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Filled(Placeholder::Name(found)) if found == name))
    }

    /// Whether nothing in it is filled in.
    pub fn is_plain(&self) -> bool {
        !self.parts.iter().any(|part| matches!(part, Part::Filled(_)))
    }
}

fn unknown(name: &str, names: &[&str]) -> String {
    let braced: Vec<String> = names.iter().chain(&["now", "today"]).map(|name| format!("{{{name}}}")).collect();
    let braced: Vec<&str> = braced.iter().map(String::as_str).collect();
    format!("不认识占位符 `{{{}}}`,可用的有 {}", excerpt(name), quoted_list(&braced))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        // 2025-08-15 09:00:00 in Shanghai.
        let now = Time(1_755_219_600_123);
        Template::parse(text, &["token"]).unwrap().expand(|placeholder| match placeholder {
            Placeholder::Name(name) => format!("<{name}>"),
            Placeholder::Moment(moment) => moment.render(now, &zone),
        })
    }

    #[test]
    fn instants_are_written_as_asked() {
        assert_eq!(filled("{now}"), "2025-08-15 09:00:00");
        assert_eq!(filled("{now-1h}"), "2025-08-15 08:00:00");
        assert_eq!(filled("{now+90m:%H%M}"), "1030");
        assert_eq!(filled("{today}|{today-7d}"), "2025-08-15|2025-08-08");
        assert_eq!(filled("{today:ms}"), "1755187200000");
        assert_eq!(filled("{now:s}"), "1755219600");
        assert_eq!(filled("{now:rfc3339}"), "2025-08-15T01:00:00Z");
    }

    #[test]
    fn names_are_filled_in_and_doubled_braces_are_braces() {
        assert_eq!(filled("Bearer {token}"), "Bearer <token>");
        assert_eq!(filled("{{events {{ id }} }} }"), "{events { id } } }");
        assert_eq!(filled(""), "");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let fault = |text: &str| Template::parse(text, &["token"]).unwrap_err();
        assert!(fault("{tokem}").contains("`{token}`、`{now}`、`{today}`"), "{}", fault("{tokem}"));
        assert!(fault("{token").contains("缺少 }"));
        assert!(fault("{now-1w}").contains("时间差"));
        assert!(fault("{now-}").contains("时间差"));
        assert!(fault("{now-99999999999d}").contains("时间差"));
        assert!(fault("{now:yyyy-MM-dd}").contains("strftime"));
        assert!(fault("{now:%!}").contains("strftime"), "{}", fault("{now:%!}"));
    }

    #[test]
    fn debug_shows_nothing() {
        assert!(!format!("{:?}", Template::parse("hunter2 {token}", &["token"])).contains("hunter2"));
    }
}
