//! Plain records of JSON, read in one go and without a tree.
//!
//! In: a text at an object. Out: its members, if it is nothing but a record and
//! all of it is JSON to the letter; else nothing, and whoever asked reads it
//! the long way. So what is wrong with a record is found, and worded, in one
//! place only.

use serde_json::{Number, Value};

use super::super::record::{Loose, Member};
use super::super::scan::{POWERS_OF_TEN, Scanner};

/// Members that most records have room for.
const USUAL_MEMBERS: usize = 16;

/// Digits of which a double holds every number.
const EXACT_DIGITS: usize = 15;

/// Members that only GeoJSON has.
pub fn is_geojson(key: &str) -> bool {
    matches!(key, "geometry" | "properties" | "coordinates" | "geometries")
}

/// Reads the object at `at` and tells where it ends. `None` where it is no
/// plain record, or one of its keys is `special`.
pub fn read(text: &str, at: usize, special: impl Fn(&str) -> bool) -> Option<(Vec<Member<'_>>, usize)> {
    let mut reader = Reader { text, at };
    reader.eat(b'{')?;
    let mut members = Vec::with_capacity(USUAL_MEMBERS);
    if reader.next()? == b'}' {
        return Some((members, reader.at + 1));
    }
    loop {
        reader.next()?;
        let key = reader.string().filter(|key| !special(key))?;
        reader.eat(b':')?;
        let value = reader.value()?;
        // Its other members may not be what they seem.
        let is_feature = key == "type" && matches!(value, Loose::Text(text) if text.eq_ignore_ascii_case("Feature"));
        if is_feature {
            return None;
        }
        members.push(Member { key, value });
        match reader.next()? {
            b',' => reader.at += 1,
            b'}' => return Some((members, reader.at + 1)),
            _ => return None,
        }
    }
}

/// A place in a text.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next byte after white space, not consumed.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.at += 1)
    }

    /// The text between the quotes at this place; `None`, and nothing consumed,
    /// where it has escapes or what must be escaped.
    #[inline]
    fn string(&mut self) -> Option<&'a str> {
        let rest = self.text.as_bytes().get(self.at..)?.strip_prefix(b"\"")?;
        let length = memchr::memchr2(b'"', b'\\', rest).filter(|&end| rest[end] == b'"')?;
        // No early exit: it is done many bytes at a time.
        let has_controls = rest[..length].iter().fold(false, |found, &byte| found | (byte < 0x20));
        let start = self.at + 1;
        let text = self.text.get(start..start + length).filter(|_| !has_controls)?;
        self.at = start + length + 1;
        Some(text)
    }

    fn value(&mut self) -> Option<Loose<'a>> {
        match self.next()? {
            b'"' => match self.string() {
                Some(text) => Some(Loose::Text(text)),
                None => self.tree(),
            },
            b'-' | b'0'..=b'9' => self.number().map(Loose::Number),
            b'{' | b'[' => self.tree(),
            b'n' => self.word("null", Value::Null),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            _ => None,
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Loose<'a>> {
        self.text.get(self.at..)?.strip_prefix(word)?;
        self.at += word.len();
        Some(Loose::Tree(Box::new(value)))
    }

    /// A text with escapes, an array or an object.
    fn tree(&mut self) -> Option<Loose<'a>> {
        let mut scanner = Scanner::new(self.text);
        scanner.jump(self.at);
        let range = scanner.skip_value().ok()?;
        self.at = range.end;
        serde_json::from_str(self.text.get(range)?).ok().map(|value| Loose::Tree(Box::new(value)))
    }

    /// A number as JSON writes it.
    #[inline]
    fn number(&mut self) -> Option<Number> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let first = start + usize::from(bytes[start] == b'-');
        let mut at = first;
        let mut mantissa = 0_u64;
        let mut digits = |at: &mut usize| {
            let from = *at;
            while let Some(digit) = bytes.get(*at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
                *at += 1;
            }
            *at - from
        };
        let whole = digits(&mut at);
        let mut decimals = 0;
        let has_point = bytes.get(at) == Some(&b'.');
        if has_point {
            at += 1;
            decimals = digits(&mut at);
        }
        let is_json = whole > 0 && (whole == 1 || bytes[first] != b'0') && has_point == (decimals > 0);
        let is_plain =
            is_json && whole + decimals <= EXACT_DIGITS && mantissa > 0 && !matches!(bytes.get(at), Some(b'e' | b'E'));
        if !is_plain {
            return self.long_number();
        }
        self.at = at;
        let is_negative = first > start;
        if has_point {
            // Both are exact, so one division rounds as `serde_json` does.
            let value = mantissa as f64 / POWERS_OF_TEN[decimals];
            return Number::from_f64(if is_negative { -value } else { value });
        }
        Some(if is_negative { Number::from(-(mantissa as i64)) } else { Number::from(mantissa) })
    }

    /// A number of many digits, with an exponent, or none at all.
    fn long_number(&mut self) -> Option<Number> {
        let rest = self.text.get(self.at..)?;
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += length;
        serde_json::from_str(&rest[..length]).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::record::Record;
    use super::*;

    fn tree(text: &str) -> Option<Value> {
        let (members, end) = read(text, 0, |key| is_geojson(key) || key == "special")?;
        assert_eq!(text[end..].trim(), "");
        Some(Record::Members(members).into_tree())
    }

    #[test]
    fn plain_records_are_read_and_others_are_not() {
        for text in [
            "{}",
            r#" { "a" : "甲" , "b":-1.5,"c":null,"d":true,"e":[1,{"f":"]"}],"g":"\u7532\n","h":12345678901234567890 }"#,
            r#"{"a":0,"b":-0,"c":0.1,"d":1e3,"e":-7,"type":"市容"}"#,
        ] {
            assert_eq!(tree(text), serde_json::from_str(text).ok(), "{text}");
        }
        for text in [
            r#"{"type":"feature"}"#,
            r#"{"special":1}"#,
            r#"{"geometry":null}"#,
            r#"{"a\u0062":1}"#,
            r#"{"a":NaN}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            "{\"a\":\"\t\"}",
            "[1]",
            "",
        ] {
            assert_eq!(tree(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_nothing_that_serde_json_reads_otherwise(
            text in r#"\{("[abx]{1,2}" ?: ?("[0-9甲乙\\n ]{0,3}"|-?[0-9]{1,3}(\.[0-9]{0,2})?(e[0-9])?|null|true|\[1,"\]"\]|NaN),?){0,4}\}"#,
        ) {
            if let Some(read) = tree(&text) {
                prop_assert_eq!(Some(read), serde_json::from_str(&text).ok());
            }
        }

        #[test]
        fn numbers_are_those_of_serde_json(value in -200.0..200.0_f64, decimals in 0..17_usize) {
            let text = format!("{{\"a\":{value:.decimals$}}}");
            prop_assert_eq!(tree(&text), serde_json::from_str(&text).ok());
        }
    }
}
