//! One record as it stands in its text.
//!
//! In: a row of a table, the members of a JSON object, or a tree. Out: the same
//! to all who ask; rows and members point into the text, so that a record costs
//! no copy of what nobody wants to know.

use std::sync::Arc;

use serde_json::{Number, Value};

/// As [`str::trim`]; most texts end in something that is easily seen to be no
/// white space.
pub fn trimmed(text: &str) -> &str {
    // Whatever begins with a byte from here on is no white space.
    const SOLID: u8 = 0xE4;
    let bytes = text.as_bytes();
    let is_solid = |byte: u8| byte > b' ' && !(0x7F..SOLID).contains(&byte);
    let ends_solid = match *bytes {
        [.., last] if last < 0x7F => last > b' ',
        [.., first, _, _] => (SOLID..0xF0).contains(&first),
        _ => false,
    };
    if ends_solid && bytes.first().is_some_and(|&byte| is_solid(byte)) { text } else { text.trim() }
}

/// A number of a binary file. One without a fraction is a whole one, so that a
/// code in a column of fractions is the same code in texts and expressions.
pub fn number(number: f64) -> Option<Number> {
    // All whole numbers up to here are exact.
    const MOST: f64 = 9_007_199_254_740_992.0;
    match number.fract() == 0.0 && number.abs() <= MOST {
        true => Some(Number::from(number as i64)),
        false => Number::from_f64(number),
    }
}

/// A record.
#[derive(Debug)]
pub enum Record<'a> {
    /// As a tree: what `serde_json` reads.
    Tree(Value),
    /// The members of an object, none of which is named twice or with escapes.
    Members(Vec<Member<'a>>),
    /// A row of a table.
    Row(Row<'a>),
}

/// A member of an object.
#[derive(Debug)]
pub struct Member<'a> {
    /// Its name.
    pub key: &'a str,
    /// Its value.
    pub value: Loose<'a>,
}

/// A value that is kept without a tree where that can be.
#[derive(Debug)]
pub enum Loose<'a> {
    /// A text without escapes.
    Text(&'a str),
    /// A number.
    Number(Number),
    /// Anything else.
    Tree(Box<Value>),
}

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The names of the columns.
    pub headers: &'a Arc<[String]>,
    /// The cells, trimmed; as many as there are columns, or fewer.
    pub cells: &'a [&'a str],
}

/// A value of a record, wherever it stands.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// Text as it is.
    Text(&'a str),
    /// A number.
    Number(&'a Number),
    /// A value of a tree.
    Tree(&'a Value),
}

impl Default for Record<'_> {
    fn default() -> Self {
        Self::Tree(Value::Null)
    }
}

impl Record<'_> {
    /// Whether it has members by name.
    pub fn is_object(&self) -> bool {
        match self {
            Self::Tree(value) => value.is_object(),
            Self::Members(_) | Self::Row(_) => true,
        }
    }

    /// The record as a tree; empty cells are left out.
    pub fn into_tree(self) -> Value {
        match self {
            Self::Tree(value) => value,
            Self::Members(members) => {
                let member = |Member { key, value }: Member<'_>| (key.to_owned(), value.into_tree());
                Value::Object(members.into_iter().map(member).collect())
            }
            Self::Row(Row { headers, cells }) => {
                let named = headers.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
                Value::Object(named.map(|(header, &cell)| (header.clone(), Value::String(cell.to_owned()))).collect())
            }
        }
    }
}

impl Loose<'_> {
    fn into_tree(self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.to_owned()),
            Self::Number(number) => Value::Number(number),
            Self::Tree(value) => *value,
        }
    }

    /// To look at.
    pub fn cell(&self) -> Cell<'_> {
        match self {
            Self::Text(text) => Cell::Text(text),
            Self::Number(number) => Cell::Number(number),
            Self::Tree(value) => Cell::of(value),
        }
    }
}

impl<'a> Cell<'a> {
    /// A value of a tree.
    pub fn of(value: &'a Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            Value::Number(number) => Self::Number(number),
            other => Self::Tree(other),
        }
    }

    /// Nothing, or nothing but white space.
    pub fn is_missing(self) -> bool {
        match self {
            Self::Text(text) => trimmed(text).is_empty(),
            Self::Number(_) => false,
            Self::Tree(value) => value.is_null(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn trimming_is_that_of_the_standard_library(
            text in "[ \u{3000}\u{a0}\u{85}\u{2003}\u{feff}a甲é😀\t]{0,5}|\\PC{0,5}",
        ) {
            prop_assert_eq!(trimmed(&text), text.trim());
        }
    }
}
