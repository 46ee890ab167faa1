//! What the bytes of an answer are: JSON, CSV, a web page, or rubbish.
//!
//! In: the body and what its name, content type or source promises. Out: UTF-8
//! text and its format, or the fault that names what came instead.
//!
//! How it works: what is UTF-8 is UTF-8, unless the source's `encoding` says
//! otherwise; content types are often wrong about it. All else is in the
//! encoding that the content type declares, or in GB 18030 where the bytes can
//! hardly be anything else, or refused.

use std::borrow::Cow;
use std::path::Path;

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

use crate::config::source::TextEncoding;
use crate::domain::finding::FindingKind;

use super::super::fault::Fault;
use super::notes::Notes;
use super::{shp, table};

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

/// What is known about the encoding of a body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoding {
    /// What the configuration says.
    pub configured: Option<TextEncoding>,
    /// What the content type says.
    pub declared: Option<&'static encoding_rs::Encoding>,
}

/// The encoding that a content type declares, where that says anything: many
/// servers declare UTF-8 or Latin-1 whatever they send.
pub fn charset(content_type: &str) -> Option<&'static encoding_rs::Encoding> {
    let mut parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, label) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    let encoding = encoding_rs::Encoding::for_label(label.trim().trim_matches(['"', '\'']).as_bytes())?;
    let says_nothing = encoding == encoding_rs::UTF_8 || encoding == encoding_rs::WINDOWS_1252;
    (!says_nothing).then_some(if encoding == encoding_rs::GBK { GB18030 } else { encoding })
}

/// Two-byte characters without which nothing is guessed.
const MIN_HANZI: usize = 4;

/// Whether bytes that are no UTF-8 can hardly be anything but Chinese in GB
/// 18030: nearly all of its characters beyond ASCII are the 3,755 common ones
/// of GB 2312 (first byte B0 to D7) or its punctuation (A1 to A3). Other
/// Chinese encodings, and UTF-8 that was cut, look otherwise.
pub(super) fn is_surely_gb(body: &[u8]) -> bool {
    let (mut usual, mut all) = (0_usize, 0_usize);
    let mut at = 0;
    while let Some(&first) = body.get(at) {
        if first < 0x80 {
            at += 1;
            continue;
        }
        let second = body.get(at + 1).copied().unwrap_or(0);
        all += 1;
        usual += usize::from(matches!(first, 0xB0..=0xD7 | 0xA1..=0xA3) && second >= 0xA1);
        at += 2;
    }
    usual >= MIN_HANZI && usual * 10 >= all * 9
}

/// Replacements up to this many are stray bytes, not another encoding.
pub(super) const MAX_STRAY_BYTES: usize = 8;

/// Bytes at the start in which a NUL gives binary data away.
const SNIFFED_BYTES: usize = 1_024;

/// Finds out what `body` is.
///
/// # Errors
/// When it is no data: empty, a web page, binary, or in another encoding.
pub fn classify<'a>(
    body: &'a [u8],
    promised: Format,
    encoding: Encoding,
    notes: &mut Notes,
) -> Result<(Cow<'a, str>, Format), Fault> {
    let wide = [UTF_16LE, UTF_16BE].into_iter().zip([b"\xFF\xFE", b"\xFE\xFF"]);
    if let Some((wide, mark)) = wide.into_iter().find(|(_, mark)| body.starts_with(*mark)) {
        let (text, _) = wide.decode_without_bom_handling(&body[mark.len()..]);
        let (text, format) = classify(text.as_bytes(), promised, Encoding::default(), notes)?;
        return Ok((Cow::Owned(text.into_owned()), format));
    }
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let start = body.trim_ascii_start();
    let Some(&first) = start.first() else { return Err(Fault::NotData("内容为空".into())) };
    if body.starts_with(&shp::MAGIC) {
        let message = "Shapefile 的 .shp;请作为 kind = \"file\" 读取,文件名以 .shp 结尾,.dbf 与它在同一文件夹";
        return Err(Fault::NotData(message.into()));
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
    let text = decoded(body, encoding, notes)?;
    let looks_like_json = matches!(first, b'{' | b'[' | 0x1E);
    let format = match promised {
        Format::Unknown if looks_like_json => Format::Json,
        Format::Unknown if table::separator(&text).is_some() => Format::Csv,
        Format::Unknown => return Err(Fault::NotData("既不是 JSON 也不是 CSV".into())),
        promised => promised,
    };
    Ok((text, format))
}

/// The text in whatever encoding.
fn decoded<'a>(body: &'a [u8], encoding: Encoding, notes: &mut Notes) -> Result<Cow<'a, str>, Fault> {
    match encoding.configured {
        Some(TextEncoding::Gb18030) => return foreign(body, GB18030, notes),
        Some(TextEncoding::Utf8) => return utf8(body, notes),
        None => {}
    }
    // Chinese text takes the standard library as long as reading the records.
    if let Ok(text) = simdutf8::basic::from_utf8(body) {
        return Ok(Cow::Borrowed(text));
    }
    if let Some(declared) = encoding.declared {
        return foreign(body, declared, notes);
    }
    if is_surely_gb(body)
        && let Some(text) = GB18030.decode_without_bom_handling_and_without_replacement(body)
    {
        let message = "文字不是 UTF-8,已按 GBK 读取;请在数据源中写明 encoding = \"gbk\"";
        notes.add(FindingKind::Encoding, "…", message);
        return Ok(text);
    }
    utf8(body, notes)
}

/// The text in an encoding that somebody named, with stray bytes replaced and
/// noted.
fn foreign<'a>(
    body: &'a [u8],
    encoding: &'static encoding_rs::Encoding,
    notes: &mut Notes,
) -> Result<Cow<'a, str>, Fault> {
    let (text, has_stray) = encoding.decode_without_bom_handling(body);
    if has_stray {
        let (replaced, beyond_ascii) = count_stray(&text);
        if replaced > MAX_STRAY_BYTES && replaced * 2 > beyond_ascii {
            return Err(Fault::NotData(format!("不是 {} 编码的文字", encoding.name())));
        }
        let message = format!("有 {replaced} 处不是 {} 编码,已用 � 代替", encoding.name());
        notes.add(FindingKind::Unreadable, "…", message);
    }
    Ok(text)
}

/// How many bytes were replaced, and how many characters are beyond ASCII.
fn count_stray(text: &str) -> (usize, usize) {
    let replaced = text.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER).count();
    (replaced, text.chars().filter(|c| !c.is_ascii()).count())
}

/// The text with stray bytes replaced and noted. Many bad bytes among few good
/// characters beyond ASCII mean another encoding.
fn utf8<'a>(body: &'a [u8], notes: &mut Notes) -> Result<Cow<'a, str>, Fault> {
    let error = match simdutf8::compat::from_utf8(body) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error,
    };
    let text = String::from_utf8_lossy(body);
    let (replaced, foreign) = count_stray(&text);
    let offset = error.valid_up_to();
    if replaced > MAX_STRAY_BYTES && replaced * 2 > foreign {
        return Err(Fault::NotUtf8 { offset });
    }
    let message = format!("有 {replaced} 处不是 UTF-8(第 {offset} 字节起),已用 � 代替");
    notes.add(FindingKind::Unreadable, "…", message);
    Ok(Cow::Owned(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &[u8], encoding: Encoding) -> (Result<String, Fault>, usize) {
        let mut notes = Notes::default();
        let text = classify(body, Format::Csv, encoding, &mut notes).map(|(text, _)| text.into_owned());
        (text, notes.finish().len())
    }

    const TEXT: &str = "编号,名称,地点\n1,垃圾满溢,红花街道湖东社区(东门)。\n";

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn chinese_text_is_read_in_the_encodings_in_which_it_comes() {
        let configured = Encoding { configured: Some(TextEncoding::Gb18030), declared: None };
        let declared = Encoding { configured: None, declared: charset("text/csv; charset=GB2312") };
        assert_eq!(read(TEXT.as_bytes(), Encoding::default()), (Ok(TEXT.to_owned()), 0));
        assert_eq!(read(TEXT.as_bytes(), declared), (Ok(TEXT.to_owned()), 0));
        assert_eq!(read(&gbk(TEXT), configured), (Ok(TEXT.to_owned()), 0));
        assert_eq!(read(&gbk(TEXT), declared), (Ok(TEXT.to_owned()), 0));
        assert_eq!(read(&gbk(TEXT), Encoding::default()), (Ok(TEXT.to_owned()), 1), "guessed, and said so");
        // Beyond GBK: four bytes each.
        let rare = "编号,名称\n1,㙍𠮷\n";
        assert_eq!(read(&gbk(rare), configured), (Ok(rare.to_owned()), 0));
        let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain(TEXT.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(read(&wide, Encoding::default()), (Ok(TEXT.to_owned()), 0));
    }

    #[test]
    fn nothing_is_guessed_where_it_could_be_another() {
        let (big5, ..) = encoding_rs::BIG5.encode("編號,名稱,地點,垃圾滿溢,紅花街道湖東社區東門,請儘快處理這個問題");
        assert!(!is_surely_gb(&big5));
        assert!(!is_surely_gb("垃圾满溢,红花街道湖东社区".as_bytes()));
        assert!(!is_surely_gb(&TEXT.as_bytes()[1..]));
        assert!(!is_surely_gb(b"caf\xE9,r\xE9sum\xE9,na\xEFve,\xC5ngstr\xF6m"));
        assert!(!is_surely_gb(&gbk("编号,1")));
        assert!(matches!(read(&big5, Encoding::default()).0, Err(Fault::NotUtf8 { .. })));
        let configured = Encoding { configured: Some(TextEncoding::Utf8), declared: None };
        assert!(matches!(read(&gbk(&TEXT.repeat(3)), configured).0, Err(Fault::NotUtf8 { .. })));
        let configured = Encoding { configured: Some(TextEncoding::Gb18030), declared: None };
        assert!(matches!(read(&[b'a', b',', 0xFF].repeat(20), configured).0, Err(Fault::NotData(_))));
        assert_eq!(read(b"a,b\n1,\xFF\n", configured).1, 1, "one stray byte is a finding");
    }

    #[test]
    fn content_types_are_believed_where_they_say_something() {
        assert_eq!(charset("text/csv; charset=GBK"), Some(GB18030));
        assert_eq!(charset("text/csv; header=present; Charset=\"gb18030\""), Some(GB18030));
        assert_eq!(charset("text/csv; charset=big5"), Some(encoding_rs::BIG5));
        for nothing in
            ["text/csv", "application/json;charset=UTF-8", "text/csv; charset=ISO-8859-1", "a; charset=x", ""]
        {
            assert_eq!(charset(nothing), None, "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..200), key in 0..3_usize, label in "[a-z0-9=; -]{0,30}") {
            let configured = [None, Some(TextEncoding::Utf8), Some(TextEncoding::Gb18030)][key];
            _ = read(&body, Encoding { configured, declared: charset(&label) });
        }

        #[test]
        fn text_in_gbk_comes_back(text in "[a-z,\n红花街道湖东社区垃圾满溢]{0,200}") {
            let configured = Encoding { configured: Some(TextEncoding::Gb18030), declared: None };
            if let Ok(read) = read(&gbk(&text), configured).0 {
                prop_assert_eq!(read, text);
            }
        }
    }
}
