//! Ids of events in as few bytes as they need.
//!
//! Most are a series with a running number, whose beginning stands in a
//! [`Dictionary`], or a UUID; any other is held as it is.

use std::sync::Arc;

use super::bytes::{Reader, put, put_text};
use super::dictionary::Dictionary;

/// An id, taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Id<'a> {
    /// `PAT-20250815-00012`: what comes before the digits, and those.
    Numbered {
        prefix: &'a str,
        digits: &'a str,
    },
    /// A UUID in lower case with hyphens.
    Uuid(u128),
    Other(&'a str),
}

// How an id is held.
const NUMBERED: u8 = 1;
const UUID: u8 = 2;
/// The bits of a record's first byte that say which.
pub(super) const FORM: u8 = 3;

/// Digits at the end of an id that are held as a number.
const MAX_DIGITS: usize = 9;
/// Longest beginning of an id that is looked for in others.
const MAX_PREFIX: usize = 40;

impl<'a> Id<'a> {
    fn of(id: &'a str) -> Self {
        if let Some(uuid) = uuid_of(id) {
            return Self::Uuid(uuid);
        }
        let count = id.bytes().rev().take_while(u8::is_ascii_digit).count().min(MAX_DIGITS);
        let (prefix, digits) = id.split_at(id.len() - count);
        // Few digits behind a long beginning: that is no series.
        if count < 3 || prefix.len() > MAX_PREFIX { Self::Other(id) } else { Self::Numbered { prefix, digits } }
    }
}

/// Places of the hyphens in a UUID.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

fn uuid_of(id: &str) -> Option<u128> {
    let bytes = id.as_bytes();
    if bytes.len() != 36 {
        return None;
    }
    bytes.iter().enumerate().try_fold(0_u128, |value, (place, &byte)| match byte {
        b'-' if HYPHENS.contains(&place) => Some(value),
        b'0'..=b'9' if !HYPHENS.contains(&place) => Some(value << 4 | u128::from(byte - b'0')),
        b'a'..=b'f' if !HYPHENS.contains(&place) => Some(value << 4 | u128::from(byte - b'a' + 10)),
        _ => None,
    })
}

fn uuid_text(value: u128) -> String {
    let hex = format!("{value:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The name under which a beginning stands in the dictionary: with the number
/// of digits that follow.
fn prefix_word(prefix: &str, digits: usize) -> String {
    // By hand, because it is done twice for each event.
    let mut word = String::with_capacity(prefix.len() + 1);
    word.push(char::from(b'0' + digits as u8));
    word.push_str(prefix);
    word
}

/// Appends an id, whose beginning is used once more, and tells its form.
pub(super) fn pack(id: &str, prefixes: &mut Arc<Dictionary>, out: &mut Vec<u8>) -> u8 {
    match Id::of(id) {
        Id::Uuid(uuid) => {
            out.extend(uuid.to_be_bytes());
            return UUID;
        }
        Id::Numbered { prefix, digits } => {
            if let Some(prefix) = Arc::make_mut(prefixes).acquire(&prefix_word(prefix, digits.len())) {
                put(out, u64::from(prefix));
                put(out, digits.parse().unwrap_or(0));
                return NUMBERED;
            }
        }
        Id::Other(_) => {}
    }
    put_text(out, id);
    0
}

/// Shows an id of this form. Without a text of its own where it can be, because
/// a count of a city's events goes through all of them.
pub(super) fn with<R>(reader: &mut Reader, form: u8, prefixes: &Dictionary, see: impl FnOnce(&str) -> R) -> R {
    match form {
        NUMBERED => {
            let word = prefixes.word_ref(reader.number() as u32);
            let number = reader.number();
            let (width, prefix) = word.split_at(word.len().min(1));
            let width = width.bytes().next().map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')));
            let mut text = [0; MAX_PREFIX + MAX_DIGITS];
            let (length, fits) = (prefix.len() + width, prefix.len() <= MAX_PREFIX && width <= MAX_DIGITS);
            if !fits {
                return see("");
            }
            text[..prefix.len()].copy_from_slice(prefix.as_bytes());
            let mut rest = number;
            for digit in text[prefix.len()..length].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            see(std::str::from_utf8(&text[..length]).unwrap_or_default())
        }
        UUID => {
            let mut bytes = [0; 16];
            let read = reader.take(16);
            bytes[..read.len()].copy_from_slice(read);
            see(&uuid_text(u128::from_be_bytes(bytes)))
        }
        _ => see(reader.text()),
    }
}

/// Passes an id of this form; tells the number of its beginning, if it has one.
pub(super) fn skip(reader: &mut Reader, form: u8) -> Option<u32> {
    match form {
        NUMBERED => {
            let prefix = reader.number() as u32;
            reader.number();
            return Some(prefix);
        }
        UUID => drop(reader.take(16)),
        _ => drop(reader.sized()),
    }
    None
}

/// An id to look for among records.
pub(super) struct Wanted<'a> {
    id: Id<'a>,
    text: &'a str,
    /// Number of its beginning, where that is known.
    prefix: Option<u32>,
    number: u64,
}

impl<'a> Wanted<'a> {
    /// The id `text` among records that refer to `prefixes`.
    pub(super) fn new(text: &'a str, prefixes: &Dictionary) -> Self {
        let id = Id::of(text);
        let (prefix, number) = match id {
            Id::Numbered { prefix, digits } => {
                (prefixes.find(&prefix_word(prefix, digits.len())), digits.parse().unwrap_or(0))
            }
            _ => (None, 0),
        };
        Self { id, text, prefix, number }
    }

    /// Whether the id of this form that comes next is this one.
    pub(super) fn is_next(&self, reader: &mut Reader, form: u8) -> bool {
        match form {
            NUMBERED => {
                let (prefix, number) = (reader.number() as u32, reader.number());
                self.prefix == Some(prefix) && self.number == number
            }
            UUID => {
                let bytes = reader.take(16);
                matches!(self.id, Id::Uuid(uuid) if uuid.to_be_bytes() == *bytes)
            }
            _ => reader.sized() == self.text.as_bytes(),
        }
    }
}
