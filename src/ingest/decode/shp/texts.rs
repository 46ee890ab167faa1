//! In which encoding the texts of a Shapefile's table are.
//!
//! In: what the configuration says, else the `.cpg` beside the table, else a
//! byte of its header, else the texts themselves. Out: UTF-8.
//!
//! How it works: where nobody says anything, texts are UTF-8 if all of them can
//! be, else GBK. Latin-1 is what programs write that were not asked, and UTF-8
//! is often said and not done: both count only if the texts are no GBK. A
//! character that was cut at the end of its cell is left out.

use std::borrow::Cow;

use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, WINDOWS_1252};

use crate::config::source::TextEncoding;
use crate::domain::finding::FindingKind;

use super::super::super::fault::Fault;
use super::super::notes::Notes;
use super::super::text::{MAX_STRAY_BYTES, is_surely_gb};
use super::dbf::Table;

/// Bytes by which GBK is recognised.
const SAMPLE_BYTES: usize = 64 << 10;

/// Reads the texts of a table, and counts what cannot be read.
#[derive(Debug)]
pub struct Texts {
    encoding: &'static Encoding,
    replaced: usize,
    beyond_ascii: usize,
}

impl Texts {
    /// For `table`, whose source names `configured` and whose `.cpg` holds
    /// `cpg`. A guess is noted.
    pub fn new(table: &Table<'_>, configured: Option<TextEncoding>, cpg: Option<&[u8]>, notes: &mut Notes) -> Self {
        let encoding = match configured {
            Some(TextEncoding::Utf8) => UTF_8,
            Some(TextEncoding::Gb18030) => GB18030,
            None => found(table, cpg, notes),
        };
        Self { encoding, replaced: 0, beyond_ascii: 0 }
    }

    /// The text of a cell or a name.
    pub fn read<'c>(&mut self, cell: &'c [u8]) -> Cow<'c, str> {
        if let Some(text) = std::str::from_utf8(cell).ok().filter(|text| text.is_ascii()) {
            return Cow::Borrowed(text);
        }
        let (mut text, has_stray) = self.encoding.decode_without_bom_handling(cell);
        if has_stray {
            let whole = text.strip_suffix(char::REPLACEMENT_CHARACTER).unwrap_or(&text).to_owned();
            self.replaced += whole.matches(char::REPLACEMENT_CHARACTER).count();
            text = Cow::Owned(whole);
        }
        self.beyond_ascii += text.chars().filter(|c| !c.is_ascii()).count();
        text
    }

    /// Notes what could not be read.
    ///
    /// # Errors
    /// When that is so much that the encoding is another.
    pub fn finish(&self, notes: &mut Notes) -> Result<(), Fault> {
        let Self { encoding, replaced, beyond_ascii } = self;
        let name = encoding.name();
        if *replaced > MAX_STRAY_BYTES && replaced * 2 > *beyond_ascii {
            return Err(Fault::NotData(format!(".dbf 中不是 {name} 编码的文字;请核对 encoding 或 .cpg")));
        }
        if *replaced > 0 {
            let message = format!(".dbf 中有 {replaced} 处不是 {name} 编码,已用 � 代替");
            notes.add(FindingKind::Unreadable, "…", message);
        }
        Ok(())
    }
}

/// The encoding of a table of which the configuration says nothing.
fn found(table: &Table<'_>, cpg: Option<&[u8]>, notes: &mut Notes) -> &'static Encoding {
    let declared = cpg.and_then(of_cpg).or_else(|| of_language(table.language));
    // A cell that is only cut says nothing where whole ones do.
    let may_be = |cell: &[u8]| is_utf8(cell) || is_cut(cell);
    let is_whole = table.texts().next().is_none() || table.texts().any(is_utf8);
    match declared {
        Some(encoding) if encoding != UTF_8 && encoding != WINDOWS_1252 => return encoding,
        _ if is_whole && table.texts().all(may_be) => return UTF_8,
        Some(encoding) if !is_surely_gb(&sample(table)) => return encoding,
        _ => {}
    }
    let message = match declared {
        None => "文字不是 UTF-8,已按 GBK 读取;请在数据源中写明 encoding = \"gbk\",或附上 .cpg".to_owned(),
        Some(encoding) => {
            format!(".cpg 写的是 {},文字却是 GBK,已按 GBK 读取;请在数据源中写明 encoding = \"gbk\"", encoding.name())
        }
    };
    notes.add(FindingKind::Encoding, "…", message);
    GB18030
}

/// Whether a cell is UTF-8, or was before its end was cut off.
fn is_utf8(cell: &[u8]) -> bool {
    let Err(error) = std::str::from_utf8(cell) else { return true };
    // Half a character says nothing by itself: `caf\xE9`.
    error.error_len().is_none() && !cell[..error.valid_up_to()].is_ascii()
}

/// Whether a cell ends within a character, and is UTF-8 before.
fn is_cut(cell: &[u8]) -> bool {
    std::str::from_utf8(cell).is_err_and(|error| error.error_len().is_none())
}

/// Some texts beyond ASCII, one after the other.
fn sample(table: &Table<'_>) -> Vec<u8> {
    let mut sample = Vec::new();
    for text in table.texts() {
        sample.extend_from_slice(text);
        // So that half a character is not taken for one with what follows.
        sample.push(b'\n');
        if sample.len() > SAMPLE_BYTES {
            break;
        }
    }
    sample
}

/// What a `.cpg` names: a label (`UTF-8`, `GBK`), a code page (`936`, `ANSI
/// 936`), or a byte as of the header (`LDID/77`).
fn of_cpg(cpg: &[u8]) -> Option<&'static Encoding> {
    let text = String::from_utf8_lossy(cpg);
    let label = text.trim_matches(|c: char| c == '\u{feff}' || c == '\0' || c.is_whitespace());
    if let Some(byte) = label.strip_prefix("LDID/") {
        return of_language(byte.parse().ok()?);
    }
    if let Some(encoding) = Encoding::for_label(label.as_bytes()) {
        return Some(if encoding == GBK { GB18030 } else { encoding });
    }
    let number = label.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    Some(match number.parse().ok()? {
        936_u32 | 54_936 => GB18030,
        950 => BIG5,
        932 => SHIFT_JIS,
        949 => EUC_KR,
        1252 => WINDOWS_1252,
        65_001 => UTF_8,
        _ => return None,
    })
}

/// What the byte in the header says, where that is about east Asia: most write
/// something else, whatever they write.
fn of_language(byte: u8) -> Option<&'static Encoding> {
    Some(match byte {
        0x4D | 0x7A => GB18030,
        0x4F | 0x78 => BIG5,
        0x13 | 0x7B => SHIFT_JIS,
        0x4E | 0x79 => EUC_KR,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of one column of 20 bytes.
    fn table(language: u8, cells: &[&[u8]]) -> Vec<u8> {
        let mut body = vec![0_u8; 32];
        body[4..8].copy_from_slice(&(cells.len() as u32).to_le_bytes());
        body[8..10].copy_from_slice(&65_u16.to_le_bytes());
        body[10..12].copy_from_slice(&21_u16.to_le_bytes());
        body[29] = language;
        let mut column = [0_u8; 32];
        column[..4].copy_from_slice(b"NAME");
        (column[11], column[16]) = (b'C', 20);
        body.extend(column);
        body.push(0x0D);
        for cell in cells {
            body.push(b' ');
            body.extend_from_slice(&cell[..cell.len().min(20)]);
            body.resize(body.len() + 20 - cell.len().min(20), b' ');
        }
        body
    }

    /// What of the cells comes out, and how many findings there are.
    fn read(language: u8, cpg: &str, cells: &[&[u8]]) -> (Result<String, Fault>, usize) {
        let body = table(language, cells);
        let table = Table::read(&body).unwrap();
        let mut notes = Notes::default();
        let cpg = (!cpg.is_empty()).then_some(cpg.as_bytes());
        let mut texts = Texts::new(&table, None, cpg, &mut notes);
        let names = table.names(&mut texts, &mut notes);
        let records = table.rows().filter_map(|row| row.record(&names, &mut texts));
        let all: Vec<String> = records.filter_map(|record| Some(record["NAME"].as_str()?.to_owned())).collect();
        let text = texts.finish(&mut notes).map(|()| all.join("|"));
        (text, notes.finish().len())
    }

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn one_cell_that_was_cut_makes_no_table_gbk() {
        let (text, findings) = read(0, "", &["红花街道".as_bytes(), b"Grid-0012\xE5\x8F"]);
        assert!(text.is_ok_and(|text| text.starts_with("红花街道|Grid-0012")), "{findings}");
        let alone = read(0, "", &[b"caf\xE9"]);
        assert!(alone.1 > 0, "half a character says nothing by itself");
    }

    #[test]
    fn what_is_said_counts_and_else_utf_8_goes_before_gbk() {
        let (name, other) = (gbk("红花街道"), gbk("湖东社区"));
        let read_gbk = |language, cpg: &str| read(language, cpg, &[&name, &other]);
        let good = |findings| (Ok("红花街道|湖东社区".to_owned()), findings);
        for (language, cpg) in
            [(0x4D, ""), (0x7A, ""), (0, "GBK"), (0, "gb2312\r\n"), (0x57, "936"), (0, "ANSI 936"), (0, "LDID/77")]
        {
            assert_eq!(read_gbk(language, cpg), good(0), "{language} {cpg}");
        }
        for (language, cpg) in [(0, ""), (0x57, ""), (0x03, ""), (0, "ISO-8859-1"), (0, "UTF-8"), (0, "X")] {
            assert_eq!(read_gbk(language, cpg), good(1), "{language} {cpg}: guessed, and said so");
        }
        let utf8 = ["红花街道".as_bytes(), "湖东社区".as_bytes()];
        for (language, cpg) in [(0, ""), (0x57, ""), (0, "UTF-8"), (0, "65001"), (0, "\u{feff}utf8"), (0, "ISO-8859-1")]
        {
            assert_eq!(read(language, cpg, &utf8), good(0), "{language} {cpg}");
        }
        // One character that both could be: the header knows.
        assert_eq!(read(0x4D, "", &[&gbk("路")]), (Ok("路".to_owned()), 0));
        assert_eq!(read(0, "1252", &[b"caf\xE9"]), (Ok("café".to_owned()), 0));
        assert_eq!(read(0, "", &[b"CAM-1"]), (Ok("CAM-1".to_owned()), 0));
    }

    #[test]
    fn a_character_that_was_cut_is_left_out() {
        let long = "红花街道湖东社区第一网格";
        assert_eq!(read(0, "", &[long.as_bytes()]), (Ok("红花街道湖东".to_owned()), 0));
        let long = format!("1{long}");
        assert_eq!(read(0x4D, "", &[&gbk(&long)]), (Ok("1红花街道湖东社区第".to_owned()), 0));
    }

    #[test]
    fn stray_bytes_are_found_and_another_encoding_is_refused() {
        let (text, findings) = read(0, "GBK", &[b"\xFF\xFFa", &gbk("红花街道")]);
        assert_eq!((text.map(|text| text.contains('�')), findings), (Ok(true), 1));
        let strange = [0xFF_u8; 18];
        assert!(matches!(read(0, "GBK", &[&strange, &gbk("路")]).0, Err(Fault::NotData(_))));
    }
}
