//! What surrounds the records of an answer.
//!
//! In: the members of an object by their byte ranges. Out: where the records
//! are, whether the back end refused (`{"code":401,"msg":"…"}` inside HTTP
//! 200), where the next page is and how many records there are in all.

use std::ops::Range;

use serde_json::Value;

use crate::domain::finding::FindingKind;

use super::super::fault::Fault;
use super::elements::Document;
use super::notes::Notes;
use super::scan::{ScanError, Scanner};

/// Where records are looked for when the configuration does not say.
const USUAL_PLACES: [&str; 8] =
    ["/data/records", "/data", "/records", "/items", "/data/list", "/data/rows", "/rows", "/list"];

/// Members that only an envelope has.
const ENVELOPE_KEYS: [&[u8]; 4] = [b"data", b"msg", b"message", b"success"];

/// Whether a member of this name makes an object more than a record.
pub fn is_of_envelope(key: &str) -> bool {
    matches!(
        key,
        "features"
            | "links"
            | "@iot.nextLink"
            | "exceededTransferLimit"
            | "metadata"
            | "data"
            | "records"
            | "items"
            | "rows"
            | "list"
            | "code"
            | "success"
    )
}

/// Where the records of an object are.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// Nowhere, and that is an answer: `"data": null`.
    None,
    /// One record.
    One(Range<usize>),
    /// An array of records.
    Array(Range<usize>),
}

/// The members of one object.
pub struct Members<'a> {
    text: &'a str,
    members: Vec<(&'a [u8], Range<usize>)>,
}

impl<'a> Members<'a> {
    /// No member yet.
    pub fn new(text: &'a str) -> Self {
        Self { text, members: Vec::new() }
    }

    /// Remembers a member.
    pub fn push(&mut self, key: &'a [u8], range: Range<usize>) {
        self.members.push((key, range));
    }

    fn range(&self, key: &[u8]) -> Option<Range<usize>> {
        self.members.iter().rev().find(|(name, _)| *name == key).map(|(_, range)| range.clone())
    }

    fn value(&self, key: &[u8]) -> Option<Value> {
        serde_json::from_str(&self.text[self.range(key)?]).ok()
    }

    /// Follows a JSON pointer from the object.
    fn find(&self, pointer: &str) -> Option<Range<usize>> {
        let mut segments =
            pointer.strip_prefix('/')?.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~"));
        let mut range = self.range(segments.next()?.as_bytes())?;
        for segment in segments {
            range = find_member(self.text, range, &segment)?;
        }
        Some(range)
    }

    fn starts_with(&self, range: &Range<usize>, byte: u8) -> bool {
        self.text.as_bytes().get(range.start) == Some(&byte)
    }

    /// Reads what the object says about pages into `document`.
    pub fn describe(&self, [total, cursor]: [Option<&str>; 2], document: &mut Document, notes: &mut Notes) {
        if let Some(Value::Array(links)) = self.value(b"links") {
            let is_next = |link: &&Value| link.get("rel").and_then(Value::as_str) == Some("next");
            let href = links.iter().find(is_next).and_then(|link| link.get("href")).and_then(Value::as_str);
            document.next = href.map(str::to_owned).or(document.next.take());
        }
        if let Some(Value::String(next)) = self.value(b"@iot.nextLink") {
            document.next = Some(next);
        }
        let total = total.and_then(|pointer| self.find(pointer)).map(|range| &self.text[range]);
        if let Some(total) = total.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
            document.total = total.as_u64().or_else(|| total.as_str()?.trim().parse().ok());
        }
        let cursor = cursor.and_then(|pointer| self.find(pointer)).map(|range| &self.text[range]);
        document.cursor = cursor.and_then(|text| serde_json::from_str(text).ok()).filter(|cursor| match cursor {
            Value::String(text) => !text.is_empty(),
            Value::Number(_) => true,
            _ => false,
        });
        let places = ["/exceededTransferLimit", "/properties/exceededTransferLimit", "/metadata/exceededTransferLimit"];
        let exceeded = places.iter().filter_map(|pointer| self.find(pointer)).any(|range| &self.text[range] == "true");
        if exceeded && document.next.is_none() {
            notes.add(FindingKind::Limit, "exceededTransferLimit", "后端声明还有更多数据没有返回");
        }
    }

    /// Where the records are: at `pointer`, or at one of the usual places, or
    /// the object is a record itself, `whole`.
    ///
    /// # Errors
    /// When the envelope says no, or nothing is where it should be.
    pub fn records(&self, pointer: Option<&str>, whole: Range<usize>) -> Result<Found, Fault> {
        if let Some(fault) = self.refusal(400..=599) {
            return Err(fault);
        }
        if let Some(pointer) = pointer {
            let whole = if pointer.is_empty() { Some(whole) } else { self.find(pointer) };
            let Some(range) = whole else {
                let fault = self.refusal(i64::MIN..=i64::MAX);
                return Err(fault.unwrap_or_else(|| Fault::Malformed(format!("应答中没有 {pointer}"))));
            };
            return self.classify(range).ok_or_else(|| Fault::Malformed(format!("{pointer} 不是数组")));
        }
        let usual = USUAL_PLACES.iter().filter_map(|pointer| self.find(pointer));
        if let Some(range) = usual.into_iter().find(|range| self.starts_with(range, b'[')) {
            return Ok(Found::Array(range));
        }
        if self.is_envelope() {
            if let Some(fault) = self.refusal(i64::MIN..=i64::MAX) {
                return Err(fault);
            }
            if let Some(range) = self.range(b"data") {
                return self.classify(range).ok_or_else(|| Fault::Malformed("data 不是数组".into()));
            }
        }
        let kind = self.value(b"type");
        if kind.as_ref().and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("FeatureCollection")) {
            return Err(Fault::Malformed("FeatureCollection 没有 features 数组".into()));
        }
        Ok(Found::One(whole))
    }

    fn classify(&self, range: Range<usize>) -> Option<Found> {
        match self.text.as_bytes().get(range.start) {
            Some(b'[') => Some(Found::Array(range)),
            Some(b'{') => Some(Found::One(range)),
            Some(b'n') => Some(Found::None),
            _ => None,
        }
    }

    /// A `code` beside `data`, `msg` or `success`: not the code of an area.
    fn is_envelope(&self) -> bool {
        let has = |key: &[u8]| self.range(key).is_some();
        (has(b"code") && ENVELOPE_KEYS.iter().any(|key| has(key))) || has(b"success")
    }

    /// Why the back end refused, when its code lies in `codes` and is none of
    /// the usual codes for success.
    fn refusal(&self, codes: std::ops::RangeInclusive<i64>) -> Option<Fault> {
        if !self.is_envelope() {
            return None;
        }
        let message = [b"msg".as_slice(), b"message"].iter().find_map(|key| match self.value(key)? {
            Value::String(text) => Some(text),
            _ => None,
        });
        let message = message.unwrap_or_default();
        let code = self.value(b"code").map(|code| match code {
            Value::String(text) => text,
            other => other.to_string(),
        });
        if self.value(b"success") == Some(Value::Bool(false)) {
            return Some(Fault::refused(code.unwrap_or_else(|| "false".into()), &message));
        }
        let code = code?;
        let is_success = matches!(code.trim_start_matches('0'), "" | "1" | "200" | "20000" | "null");
        let in_range = code.parse::<i64>().map_or(codes.contains(&i64::MAX), |code| codes.contains(&code));
        (!is_success && in_range).then(|| Fault::refused(code, &message))
    }
}

/// The value of one member or element inside the value at `range`.
fn find_member(text: &str, range: Range<usize>, segment: &str) -> Option<Range<usize>> {
    let mut scanner = Scanner::new(&text[..range.end]);
    scanner.jump(range.start);
    let mut found = None;
    if scanner.peek() == Some(b'[') {
        let wanted: usize = segment.parse().ok()?;
        let mut index = 0;
        let walk: Result<(), ScanError> = scanner.array(|scanner| {
            let range = scanner.skip_value()?;
            if index == wanted {
                found = Some(range);
            }
            index += 1;
            Ok(())
        });
        return walk.ok().and(found);
    }
    let walk: Result<(), ScanError> = scanner.object(|scanner, key| {
        let range = scanner.skip_value()?;
        if key == segment.as_bytes() {
            found = Some(range);
        }
        Ok(())
    });
    walk.ok().and(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str, pointer: Option<&str>) -> Result<Found, Fault> {
        let mut members = Members::new(text);
        let mut scanner = Scanner::new(text);
        scanner
            .object(|scanner, key| {
                let range = scanner.skip_value()?;
                members.push(key, range);
                Ok::<_, ScanError>(())
            })
            .unwrap();
        members.records(pointer, 0..text.len())
    }

    #[test]
    fn the_usual_envelopes_are_opened() {
        assert_eq!(records(r#"{"code":200,"data":{"records":[1]}}"#, None), Ok(Found::Array(30..33)));
        assert_eq!(records(r#"{"code":0,"msg":"","data":[]}"#, None), Ok(Found::Array(26..28)));
        assert_eq!(records(r#"{"code":"200","msg":"ok","data":null}"#, None), Ok(Found::None));
        assert_eq!(records(r#"{"a":{"b":[[],[7]]}}"#, Some("/a/b/1")), Ok(Found::Array(14..17)));
        assert_eq!(records(r#"{"id":"1","title":"x"}"#, None), Ok(Found::One(0..22)));
    }

    #[test]
    fn a_refusal_inside_200_is_a_fault() {
        for text in [
            r#"{"code":401,"msg":"登录已过期"}"#,
            r#"{"code":"500","message":"内部错误","data":[]}"#,
            r#"{"success":false,"msg":"没有权限"}"#,
            r#"{"code":70013,"msg":"限流","data":null}"#,
            r#"{"code":"A0230","msg":"令牌失效","data":null}"#,
        ] {
            assert!(matches!(records(text, None), Err(Fault::Refused { .. })), "{text}");
        }
    }

    #[test]
    fn the_code_of_an_area_is_no_refusal() {
        let text = r#"{"code":"401","name":"某网格"}"#;
        assert_eq!(records(text, None), Ok(Found::One(0..text.len())));
    }
}
