//! The properties of a feature of a FlatGeobuf: numbers of columns, each with a
//! value as its column says.
//!
//! In: bytes, and the columns. Out: properties as JSON has them; nothing where
//! the bytes do not agree with the columns. Binary values are passed over.

use ::flatgeobuf::ColumnType;
use serde_json::{Map, Value};

use super::super::record::number;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column<'h> {
    name: &'h str,
    kind: ColumnType,
}

impl<'h> Column<'h> {
    /// One of a header's, or of a feature's own.
    pub fn of(column: ::flatgeobuf::Column<'h>) -> Self {
        Self { name: column.name(), kind: column.type_() }
    }
}

/// Reads all properties.
pub fn read(bytes: &[u8], columns: &[Column<'_>]) -> Option<Map<String, Value>> {
    let mut rest = bytes;
    let mut record = Map::new();
    // Some writers leave a single byte behind a binary value.
    while rest.len() > 1 {
        let number = u16::from_le_bytes(take(&mut rest)?);
        let Column { name, kind } = *columns.get(usize::from(number))?;
        let value = value(kind, &mut rest)?;
        if !value.is_null() {
            record.insert(name.to_owned(), value);
        }
    }
    Some(record)
}

fn value(kind: ColumnType, rest: &mut &[u8]) -> Option<Value> {
    Some(match kind {
        ColumnType::Byte => i8::from_le_bytes(take(rest)?).into(),
        ColumnType::UByte => u8::from_le_bytes(take(rest)?).into(),
        ColumnType::Bool => (u8::from_le_bytes(take(rest)?) != 0).into(),
        ColumnType::Short => i16::from_le_bytes(take(rest)?).into(),
        ColumnType::UShort => u16::from_le_bytes(take(rest)?).into(),
        ColumnType::Int => i32::from_le_bytes(take(rest)?).into(),
        ColumnType::UInt => u32::from_le_bytes(take(rest)?).into(),
        ColumnType::Long => i64::from_le_bytes(take(rest)?).into(),
        ColumnType::ULong => u64::from_le_bytes(take(rest)?).into(),
        // By way of its shortest text: 0.1, and not 0.10000000149.
        ColumnType::Float => fraction(f32::from_le_bytes(take(rest)?).to_string().parse().ok()?),
        ColumnType::Double => fraction(f64::from_le_bytes(take(rest)?)),
        ColumnType::String | ColumnType::DateTime => text(rest)?.into(),
        ColumnType::Json => {
            let text = text(rest)?;
            serde_json::from_str(&text).unwrap_or_else(|_| text.into())
        }
        ColumnType::Binary => {
            sized(rest)?;
            Value::Null
        }
        _ => return None,
    })
}

/// What is no number is nothing.
fn fraction(read: f64) -> Value {
    number(read).map_or(Value::Null, Value::Number)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    Some(String::from_utf8_lossy(sized(rest)?).into_owned())
}

/// Bytes behind their length.
fn sized<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(u32::from_le_bytes(take(rest)?)).ok()?;
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const KINDS: [ColumnType; 15] = [
        ColumnType::Byte,
        ColumnType::UByte,
        ColumnType::Bool,
        ColumnType::Short,
        ColumnType::UShort,
        ColumnType::Int,
        ColumnType::UInt,
        ColumnType::Long,
        ColumnType::ULong,
        ColumnType::Float,
        ColumnType::Double,
        ColumnType::String,
        ColumnType::Json,
        ColumnType::DateTime,
        ColumnType::Binary,
    ];

    const NAMES: [&str; 15] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"];

    fn columns() -> Vec<Column<'static>> {
        NAMES.into_iter().zip(KINDS).map(|(name, kind)| Column { name, kind }).collect()
    }

    /// One value of each kind, as the format writes them.
    fn all() -> Vec<u8> {
        let sized = |text: &str| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
        let values: [Vec<u8>; 15] = [
            (-3_i8).to_le_bytes().into(),
            200_u8.to_le_bytes().into(),
            vec![1],
            (-300_i16).to_le_bytes().into(),
            60_000_u16.to_le_bytes().into(),
            (-70_000_i32).to_le_bytes().into(),
            4_000_000_000_u32.to_le_bytes().into(),
            320_571_001_002_003_001_i64.to_le_bytes().into(),
            u64::MAX.to_le_bytes().into(),
            0.1_f32.to_le_bytes().into(),
            320_571_001.0_f64.to_le_bytes().into(),
            sized("红花街道"),
            sized("{\"role\":\"网格长\"}"),
            sized("2024-03-01T08:30:00"),
            sized("\0\0"),
        ];
        (0_u16..).zip(values).flat_map(|(column, value)| [&column.to_le_bytes()[..], &value].concat()).collect()
    }

    #[test]
    fn every_kind_of_column_is_read() {
        let expected = json!({
            "a": -3, "b": 200, "c": true, "d": -300, "e": 60_000, "f": -70_000, "g": 4_000_000_000_u32,
            "h": 320_571_001_002_003_001_i64, "i": u64::MAX, "j": 0.1, "k": 320_571_001, "l": "红花街道",
            "m": {"role": "网格长"}, "n": "2024-03-01T08:30:00",
        });
        assert_eq!(read(&all(), &columns()).map(Value::Object), Some(expected.clone()));
        let with_stray = [all(), vec![7]].concat();
        assert_eq!(read(&with_stray, &columns()).map(Value::Object), Some(expected));
    }

    #[test]
    fn what_does_not_agree_with_the_columns_is_nothing() {
        assert_eq!(read(&all(), &columns()[..14]), None, "a column that is not there");
        assert_eq!(read(&[11, 0, 0xFF, 0xFF, 0xFF, 0xFF, b'a'], &columns()), None, "4 GB of text");
        let nan = [&[10, 0][..], &f64::NAN.to_le_bytes()].concat();
        assert_eq!(read(&nan, &columns()), Some(Map::new()));
        let all = all();
        let whole = read(&all, &columns()).unwrap();
        for length in 0..all.len() {
            let cut = read(&all[..length], &columns()).unwrap_or_default();
            assert!(cut.iter().all(|(name, value)| whole.get(name) == Some(value)), "{length}: {cut:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), column in 0..16_u8) {
            _ = read(&[&[column, 0][..], &bytes].concat(), &columns());
        }
    }
}
