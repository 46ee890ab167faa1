//! What surrounds the records of an answer.
//!
//! In: the members of an object by their byte ranges. Out: where the records
//! are, whether the back end refused (`{"code":401,"msg":"…"}` inside HTTP
//! 200), where the next page is and how many records there are in all.

use std::ops::Range;

use serde_json::Value;

use super::super::fault::Fault;
use super::elements::Document;
use super::fields::scalar_text;
use super::scan::{ScanError, Scanner};

/// Where records are looked for when the configuration does not say.
const USUAL_PLACES: [&str; 8] =
    ["/data/records", "/data", "/records", "/items", "/data/list", "/data/rows", "/rows", "/list"];

/// Members that only an envelope has.
const ENVELOPE_KEYS: [&[u8]; 4] = [b"data", b"msg", b"message", b"success"];

/// Members that hold the code of an envelope, and of nothing else.
const CODE_KEYS: [&[u8]; 4] = [b"errcode", b"errCode", b"errorCode", b"resultCode"];

/// Members that hold its words.
const MESSAGE_KEYS: [&[u8]; 6] = [b"msg", b"message", b"errmsg", b"errMsg", b"errorMsg", b"resultMsg"];

/// An envelope that is known by its status only has no more members.
const MAX_ENVELOPE_MEMBERS: usize = 6;

/// Codes of success, without leading zeros and in lower case.
const SUCCESS_CODES: [&str; 8] = ["", "1", "200", "20000", "null", "ok", "success", "true"];

/// Words with which an empty answer under an unknown code is a good one, and
/// those with which it is not all the same.
const SUCCESS_WORDS: [&str; 4] = ["success", "成功", "正常", "无数据"];
const FAILURE_WORDS: [&str; 5] = ["unsuccess", "不成功", "未成功", "不正常", "失败"];

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
            | "errcode"
            | "error"
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
    pub fn describe(&self, [total, cursor]: [Option<&str>; 2], document: &mut Document) {
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
            // 0 and -1 are how some say that there is no more.
            Value::String(text) => !matches!(text.trim(), "" | "0" | "-1"),
            Value::Number(number) => number.as_f64().is_some_and(|number| number > 0.0),
            _ => false,
        });
        let places = ["/exceededTransferLimit", "/properties/exceededTransferLimit", "/metadata/exceededTransferLimit"];
        document.is_exceeded =
            places.iter().filter_map(|pointer| self.find(pointer)).any(|range| &self.text[range] == "true");
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
            let found = self.classify(range).ok_or_else(|| Fault::Malformed(format!("{pointer} 不是数组")))?;
            return self.unless_refused(found);
        }
        let usual = USUAL_PLACES.iter().filter_map(|pointer| self.find(pointer));
        if let Some(range) = usual.into_iter().find(|range| self.starts_with(range, b'[')) {
            return self.unless_refused(Found::Array(range));
        }
        if let Some(fault) = self.error() {
            return Err(fault);
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

    /// What was found, unless there is nothing in it and the envelope says that
    /// something went wrong: `{"code":10021,"msg":"token expired","data":[]}`
    /// is no empty set.
    fn unless_refused(&self, found: Found) -> Result<Found, Fault> {
        let is_empty = match &found {
            Found::None => true,
            Found::One(range) | Found::Array(range) => {
                let inside = self.text.as_bytes().get(range.start + 1..range.end.saturating_sub(1));
                inside.is_some_and(|inside| inside.trim_ascii().is_empty())
            }
        };
        let fault = if is_empty { self.refusal(i64::MIN..=i64::MAX) } else { None };
        let says_success = || {
            let words = self.message().to_lowercase();
            let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
            words.is_empty() || words == "ok" || (has(&SUCCESS_WORDS) && !has(&FAILURE_WORDS))
        };
        match fault {
            Some(fault) if !says_success() => Err(fault),
            _ => Ok(found),
        }
    }

    /// The error of an answer that is nothing else: ArcGIS's
    /// `{"error":{"code":498,"message":"…"}}`, OAuth 2's `{"error":"…"}`.
    fn error(&self) -> Option<Fault> {
        match self.value(b"error")? {
            Value::Object(error) => {
                let text = |key: &str| error.get(key).and_then(scalar_text);
                Some(Fault::refused(text("code")?, &text("message").unwrap_or_default()))
            }
            Value::String(code) if self.members.len() <= 3 => {
                let words = self.value(b"error_description");
                Some(Fault::refused(code, words.as_ref().and_then(Value::as_str).unwrap_or_default()))
            }
            _ => None,
        }
    }

    /// What the envelope says in words.
    fn message(&self) -> String {
        let text = |key: &&[u8]| match self.value(key)? {
            Value::String(text) => Some(text),
            _ => None,
        };
        MESSAGE_KEYS.iter().find_map(text).unwrap_or_default()
    }

    /// Its code. `status` is one only where it is that of a failure and there
    /// are words: records have a status too.
    fn code(&self) -> Option<String> {
        let code = [b"code".as_slice()].iter().chain(&CODE_KEYS).find_map(|key| self.value(key));
        let is_failure = |status: &String| {
            status.parse().is_ok_and(|status: u16| (400..=599).contains(&status))
                || ["error", "fail", "failed", "failure"].contains(&status.to_lowercase().as_str())
        };
        match code {
            Some(Value::Null) => Some("null".to_owned()),
            Some(code) => scalar_text(&code).or(Some(String::new())),
            None if self.message().is_empty() => None,
            None => self.value(b"status").as_ref().and_then(scalar_text).filter(is_failure),
        }
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
        // Records have a status, and devices a code of their errors.
        let is_no_record = self.members.len() <= MAX_ENVELOPE_MEMBERS && !has(b"id");
        (has(b"code") && ENVELOPE_KEYS.iter().any(|key| has(key)))
            || has(b"success")
            || (is_no_record && CODE_KEYS.iter().any(|key| has(key)))
            || (is_no_record && has(b"status") && self.code().is_some())
    }

    /// Why the back end refused, when its code lies in `codes` and is none of
    /// the usual codes for success.
    fn refusal(&self, codes: std::ops::RangeInclusive<i64>) -> Option<Fault> {
        if !self.is_envelope() {
            return None;
        }
        let (message, code) = (self.message(), self.code());
        if self.value(b"success") == Some(Value::Bool(false)) {
            return Some(Fault::refused(code.unwrap_or_else(|| "false".into()), &message));
        }
        let code = code?;
        let is_success = SUCCESS_CODES.contains(&code.trim().trim_start_matches('0').to_lowercase().as_str());
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
            r#"{"code":10021,"msg":"token expired","data":[]}"#,
            r#"{"code":"10021","msg":"token expired","data":{"records":[ ]}}"#,
            r#"{"code":403,"msg":"没有权限","data":{"records":[]}}"#,
            r#"{"errcode":40001,"errmsg":"invalid credential"}"#,
            r#"{"status":401,"message":"Unauthorized"}"#,
            r#"{"status":"error","msg":"系统繁忙"}"#,
            r#"{"error":{"code":498,"message":"Invalid Token","details":[]}}"#,
            r#"{"error":"invalid_token","error_description":"expired"}"#,
        ] {
            assert!(matches!(records(text, None), Err(Fault::Refused { .. })), "{text}");
        }
    }

    #[test]
    fn an_empty_set_is_one_where_nothing_says_otherwise() {
        for text in [
            r#"{"code":0,"msg":"","data":[]}"#,
            r#"{"code":10000,"msg":"操作成功","data":[]}"#,
            r#"{"code":"SUCCESS","msg":"x","data":[]}"#,
            r#"{"code":70013,"msg":"限流","data":[1]}"#,
            r#"{"status":3,"message":"x","records":[]}"#,
            r#"{"success":true,"code":7,"msg":"ok","data":{"records":[]}}"#,
        ] {
            assert!(matches!(records(text, None), Ok(Found::Array(_))), "{text}");
        }
        let pointed = r#"{"code":10021,"msg":"登录已过期","rows":[]}"#;
        assert!(records(pointed, Some("/rows")).is_err_and(|fault| fault.is_unauthorised()));
    }

    #[test]
    fn a_record_in_trouble_is_no_refusal() {
        for text in [
            r#"{"id":1,"status":"error","message":"设备故障"}"#,
            r#"{"id":1,"errorCode":5,"message":"x"}"#,
            r#"{"status":3,"message":"x"}"#,
        ] {
            assert!(matches!(records(text, None), Ok(Found::One(_))), "{text}");
        }
    }

    #[test]
    fn whoever_has_to_log_in_is_told_so() {
        for text in
            [r#"{"code":401,"msg":"x"}"#, r#"{"code":"401","msg":"x","data":[]}"#, r#"{"code":401.0,"msg":"x"}"#]
        {
            assert!(records(text, None).is_err_and(|fault| fault.is_unauthorised()), "{text}");
        }
        assert!(records(r#"{"code":500,"msg":"x"}"#, None).is_err_and(|fault| !fault.is_unauthorised()));
    }

    #[test]
    fn the_code_of_an_area_is_no_refusal() {
        let text = r#"{"code":"401","name":"某网格"}"#;
        assert_eq!(records(text, None), Ok(Found::One(0..text.len())));
    }
}
