//! What the bytes of an answer are: JSON, CSV, a web page, or rubbish.
//!
//! In: the body and what its name or content type promises. Out: UTF-8 text
//! and its format, or the fault that names what came instead.

use std::borrow::Cow;
use std::path::Path;

use crate::domain::finding::FindingKind;

use super::super::fault::Fault;
use super::notes::Notes;
use super::table;

/// What a body is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// To be found out from the content.
    #[default]
    Unknown,
    /// JSON of any arrangement.
    Json,
    /// Separated values.
    Csv,
}

impl Format {
    /// What a file's name promises.
    pub fn of_path(path: &Path) -> Self {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "csv" | "tsv" => Self::Csv,
            "json" | "geojson" | "ndjson" | "jsonl" | "geojsonl" | "geojsons" => Self::Json,
            _ => Self::Unknown,
        }
    }

    /// What a content type promises. JSON is often sent as something else, so
    /// only CSV is believed.
    pub fn of_content_type(content_type: &str) -> Self {
        if content_type.starts_with("text/csv") { Self::Csv } else { Self::Unknown }
    }
}

/// Replacements up to this many are stray bytes, not another encoding.
const MAX_STRAY_BYTES: usize = 8;

/// Bytes at the start in which a NUL gives binary data away.
const SNIFFED_BYTES: usize = 1_024;

/// Finds out what `body` is.
///
/// # Errors
/// When it is no data: empty, a web page, binary, or in another encoding.
pub fn classify<'a>(body: &'a [u8], promised: Format, notes: &mut Notes) -> Result<(Cow<'a, str>, Format), Fault> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let start = body.trim_ascii_start();
    let Some(&first) = start.first() else { return Err(Fault::NotData("内容为空".into())) };
    if body.starts_with(b"\xFF\xFE") || body.starts_with(b"\xFE\xFF") {
        return Err(Fault::NotUtf8 { offset: 0 });
    }
    if body[..body.len().min(SNIFFED_BYTES)].contains(&0) {
        return Err(Fault::NotData("二进制内容".into()));
    }
    if first == b'<' {
        let head = start[..start.len().min(SNIFFED_BYTES)].to_ascii_lowercase();
        let is_page = [b"<!doctype html".as_slice(), b"<html", b"<head", b"<body", b"<script"]
            .iter()
            .any(|tag| head.windows(tag.len()).any(|window| window == *tag));
        return Err(if is_page { Fault::WebPage } else { Fault::NotData("XML,而需要 JSON 或 CSV".into()) });
    }
    let text = utf8(body, notes)?;
    let looks_like_json = matches!(first, b'{' | b'[' | 0x1E);
    let format = match promised {
        Format::Unknown if looks_like_json => Format::Json,
        Format::Unknown if table::separator(&text).is_some() => Format::Csv,
        Format::Unknown => return Err(Fault::NotData("既不是 JSON 也不是 CSV".into())),
        promised => promised,
    };
    Ok((text, format))
}

/// The text with stray bytes replaced and noted. Many bad bytes among few good
/// characters beyond ASCII mean another encoding.
fn utf8<'a>(body: &'a [u8], notes: &mut Notes) -> Result<Cow<'a, str>, Fault> {
    // Chinese text takes the standard library as long as reading the records.
    let error = match simdutf8::compat::from_utf8(body) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error,
    };
    let text = String::from_utf8_lossy(body);
    let replaced = text.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER).count();
    let foreign = text.chars().filter(|c| !c.is_ascii()).count();
    let offset = error.valid_up_to();
    if replaced > MAX_STRAY_BYTES && replaced * 2 > foreign {
        return Err(Fault::NotUtf8 { offset });
    }
    let message = format!("有 {replaced} 处不是 UTF-8(第 {offset} 字节起),已用 � 代替");
    notes.add(FindingKind::Unreadable, "…", message);
    Ok(Cow::Owned(text.into_owned()))
}
