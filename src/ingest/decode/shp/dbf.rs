//! The table beside the shapes of a Shapefile (dBASE III).
//!
//! In: a `.dbf`, whole. Out: the properties of a row, as JSON has them.
//!
//! There is a crate for this, `dbase`. It makes a number of 64 bits with a
//! fraction of each number, and 18 digits of a code are more than that holds;
//! it gives a row up for one number that is none, and a table without a date
//! of its last change as a whole; deleted rows it leaves out, where they must
//! keep in step with the shapes.

use std::ops::Range;

use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::domain::finding::FindingKind;

use super::super::super::fault::Fault;
use super::super::notes::Notes;
use super::super::record;
use super::texts::Texts;

/// Bytes of the header, and of each column behind it.
const HEAD_BYTES: usize = 32;

/// Longest name of a column.
const NAME_BYTES: usize = 11;

/// Behind the last column.
const END_OF_COLUMNS: u8 = 0x0D;

/// Before a row that was deleted.
const DELETED: u8 = b'*';

/// A table.
#[derive(Debug)]
pub struct Table<'b> {
    columns: Vec<Column<'b>>,
    rows: &'b [u8],
    row_bytes: usize,
    /// What the header says of the encoding.
    pub language: u8,
}

/// A column.
#[derive(Debug)]
struct Column<'b> {
    name: &'b [u8],
    kind: Kind,
    /// Where it is in a row.
    at: Range<usize>,
}

/// What is in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
    Date,
    /// Something that stands elsewhere, or no text.
    Unread(u8),
}

impl Kind {
    fn of(letter: u8) -> Self {
        match letter {
            b'N' | b'F' => Self::Number,
            b'L' => Self::Flag,
            b'D' => Self::Date,
            b'M' | b'B' | b'G' | b'P' | b'I' | b'O' | b'T' | b'Y' | b'W' | b'V' | b'Q' | b'@' | b'+' | b'0' => {
                Self::Unread(letter)
            }
            _ => Self::Text,
        }
    }
}

impl<'b> Table<'b> {
    /// Reads what the header says.
    ///
    /// # Errors
    /// When it is none, or the rows are fewer than it says.
    pub fn read(body: &'b [u8]) -> Result<Self, Fault> {
        let damaged = |what: &str| Fault::Malformed(format!(".dbf {what}"));
        let word = |at: usize| body.get(at..)?.first_chunk().map(|bytes| usize::from(u16::from_le_bytes(*bytes)));
        let (Some(count), Some(head), Some(row_bytes), Some(&language)) =
            (super::little(body, 4), word(8), word(10), body.get(29))
        else {
            return Err(damaged("不完整:可能还没有复制完"));
        };
        let rows = body.get(head..).ok_or_else(|| damaged("不完整:可能还没有复制完"))?;
        let columns = columns(&body[..head]);
        let end = columns.last().map_or(0, |column| column.at.end);
        if columns.is_empty() || end > row_bytes {
            return Err(damaged("的表头损坏"));
        }
        let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(row_bytes));
        let Some(rows) = length.and_then(|length| rows.get(..length)) else {
            let held = rows.len() / row_bytes;
            return Err(damaged(&format!("应有 {count} 条记录,却只有 {held} 条:可能还没有复制完")));
        };
        Ok(Self { columns, rows, row_bytes, language })
    }

    /// How many rows there are, deleted ones too.
    pub fn len(&self) -> usize {
        self.rows.len() / self.row_bytes
    }

    /// All rows, deleted ones too.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_, 'b>> {
        self.rows.chunks_exact(self.row_bytes).map(|bytes| Row { columns: &self.columns, bytes })
    }

    /// All texts beyond ASCII: names of columns, and what is in them.
    pub fn texts(&self) -> impl Iterator<Item = &'b [u8]> {
        let names = self.columns.iter().map(|column| column.name);
        let cells = self.rows().filter(|row| !row.is_deleted()).flat_map(|row| {
            let texts = row.columns.iter().filter(|column| column.kind == Kind::Text);
            texts.map(move |column| trimmed(&row.bytes[column.at.clone()]))
        });
        names.chain(cells).filter(|text| !text.is_ascii())
    }

    /// The names of the columns. Those that are not read are noted.
    pub fn names(&self, texts: &mut Texts, notes: &mut Notes) -> Vec<String> {
        let names: Vec<String> = self.columns.iter().map(|column| texts.read(column.name).into_owned()).collect();
        for (column, name) in self.columns.iter().zip(&names) {
            if let Kind::Unread(letter) = column.kind {
                let message = format!("列 {name} 未读:类型 {} 不是文字、数字、日期或是否", char::from(letter));
                notes.add(FindingKind::BadField, ".dbf", message);
            }
        }
        names
    }
}

/// The columns that a header lists.
fn columns(head: &[u8]) -> Vec<Column<'_>> {
    let mut start = 1;
    let listed = head.get(HEAD_BYTES..).unwrap_or_default().chunks_exact(HEAD_BYTES);
    listed
        .take_while(|column| column[0] != END_OF_COLUMNS)
        .map(|column| {
            let at = start..start + usize::from(column[16]);
            start = at.end;
            Column { name: trimmed(&column[..NAME_BYTES]), kind: Kind::of(column[NAME_BYTES]), at }
        })
        .collect()
}

/// What stands in a cell of fixed width: up to a NUL, without white space
/// around.
fn trimmed(cell: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, cell).unwrap_or(cell.len());
    cell[..end].trim_ascii()
}

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'t, 'b> {
    columns: &'t [Column<'b>],
    bytes: &'b [u8],
}

impl Row<'_, '_> {
    fn is_deleted(self) -> bool {
        self.bytes.first() == Some(&DELETED)
    }

    /// The properties by name, empty cells left out; `None` when the row was
    /// deleted.
    pub fn record(self, names: &[String], texts: &mut Texts) -> Option<Map<String, Value>> {
        if self.is_deleted() {
            return None;
        }
        let mut record = Map::new();
        for (column, name) in self.columns.iter().zip(names) {
            let cell = trimmed(&self.bytes[column.at.clone()]);
            let value = match column.kind {
                _ if cell.is_empty() => None,
                Kind::Text => Some(texts.read(cell).into_owned().into()),
                Kind::Number => number(cell),
                Kind::Flag => flag(cell),
                Kind::Date => date(cell),
                Kind::Unread(_) => None,
            };
            if let Some(value) = value {
                record.insert(name.clone(), value);
            }
        }
        Some(record)
    }
}

/// A number as it is written, so that a code keeps all its digits and gets no
/// fraction; a text, where it is none.
fn number(cell: &[u8]) -> Option<Value> {
    // What did not fit in is written so.
    if cell.iter().all(|&byte| byte == b'*') {
        return None;
    }
    let text = String::from_utf8_lossy(cell);
    let (whole, fraction) = text.split_once('.').unwrap_or((&*text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    if !digits.is_empty() && is_digits(digits) && fraction.bytes().all(|byte| byte == b'0') {
        return Some(whole.parse::<i64>().map_or_else(|_| whole.into(), Value::from));
    }
    let number = text.parse().ok().and_then(record::number);
    Some(number.map_or_else(|| text.into_owned().into(), Value::Number))
}

fn flag(cell: &[u8]) -> Option<Value> {
    match cell[0].to_ascii_lowercase() {
        b't' | b'y' | b'1' => Some(true.into()),
        b'f' | b'n' | b'0' => Some(false.into()),
        _ => None,
    }
}

/// A day as others write it; what is none stays as it is.
fn date(cell: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(cell);
    if text.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let part = |range: Range<usize>| text.get(range).filter(|_| text.len() == 8)?.parse::<i16>().ok();
    let month_and_day = || Some((i8::try_from(part(4..6)?).ok()?, i8::try_from(part(6..8)?).ok()?));
    let day = part(0..4).zip(month_and_day()).and_then(|(year, (month, day))| Date::new(year, month, day).ok());
    Some(day.map_or_else(|| text.into_owned().into(), |day| day.to_string().into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_as_they_are_written() {
        let read = |cell: &str| number(cell.as_bytes()).unwrap_or_default();
        assert_eq!(read("320571001"), json!(320_571_001));
        assert_eq!(read("320571001002003001"), json!(320_571_001_002_003_001_i64));
        assert_eq!(read("320571001.00000000"), json!(320_571_001));
        assert_eq!(read("320571001002003001.000"), json!(320_571_001_002_003_001_i64));
        assert_eq!(read("3.20571001e+008"), json!(320_571_001));
        assert_eq!(read("32057100100200300101"), json!("32057100100200300101"));
        assert_eq!(read("-0.25"), json!(-0.25));
        assert_eq!(read("+7"), json!(7));
        assert_eq!(read("1,5"), json!("1,5"));
        assert_eq!(read("NaN"), json!("NaN"));
        assert_eq!(read("******"), Value::Null);
    }

    #[test]
    fn days_and_flags_are_read_and_nothing_is_made_up() {
        let day = |cell: &str| date(cell.as_bytes()).unwrap_or_default();
        assert_eq!(day("20240301"), json!("2024-03-01"));
        assert_eq!(day("00000000"), Value::Null);
        assert_eq!(day("20241331"), json!("20241331"));
        assert_eq!(day("2024/3/1"), json!("2024/3/1"));
        let flags = [b"T", b"y", b"F", b"n", b"?"].map(|cell| flag(cell));
        assert_eq!(flags, [Some(true), Some(true), Some(false), Some(false), None].map(|flag| flag.map(Value::from)));
    }

    proptest! {
        #[test]
        fn no_cell_panics(cell in proptest::collection::vec(any::<u8>(), 1..24), digits in "[0-9.+eE*-]{1,24}") {
            for cell in [cell.as_slice(), digits.as_bytes()] {
                _ = (number(cell), date(cell), flag(cell));
            }
        }

        #[test]
        fn no_bytes_panic(mut body in proptest::collection::vec(any::<u8>(), 0..400), head in 0..200_u16, row in 0..40_u16) {
            for (at, byte) in [(4, 3), (5, 0), (6, 0), (7, 0)].into_iter().chain((8..).zip(head.to_le_bytes())).chain((10..).zip(row.to_le_bytes())) {
                if let Some(slot) = body.get_mut(at) {
                    *slot = byte;
                }
            }
            if let Ok(table) = Table::read(&body) {
                prop_assert_eq!(table.rows().count(), table.len());
                _ = table.texts().count();
            }
        }
    }
}
