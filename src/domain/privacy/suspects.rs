//! What a text may hold that has to be masked, seen in one pass.
//!
//! In: a text. Out: which of the scanners could find anything in it. Most
//! texts are a street and what happened there, and need none. A scanner that
//! is not named here finds nothing in the text; one that is may find nothing
//! either.

use std::sync::LazyLock;

use super::{ascii_digit, ascii_letter, doors, names, numbers};

/// What a character may be part of: bits.
const DIGIT: u8 = 1;
/// A digit, Arabic or Chinese.
const NUMBER: u8 = 2;
const LETTER: u8 = 4;
/// Province on a number plate.
const PROVINCE: u8 = 8;
/// Begins a title or an honorific.
const WORD: u8 = 16;
const AT: u8 = 32;
/// Begins what comes after the number of a building or of a room.
const DOOR: u8 = 64;
const SURNAME: u8 = 128;

/// The fewest digits that a telephone, identity or card number has.
const FEWEST_DIGITS: usize = 7;

/// The bits of every character of the basic plane, in which all of them are.
static CLASSES: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let class = |code: u32| char::from_u32(code).map_or(0, class_of);
    (0..=0xffff).map(class).collect()
});

fn class_of(c: char) -> u8 {
    let bits = [
        (DIGIT, ascii_digit(c).is_some()),
        (NUMBER, doors::is_number(c)),
        (LETTER, ascii_letter(c).is_some()),
        (PROVINCE, numbers::PLATE_PROVINCES.contains(c)),
        (WORD, names::begins_word(c)),
        (AT, numbers::is_at(c)),
        (DOOR, doors::begins_word(c)),
        (SURNAME, names::SURNAMES.contains(c)),
    ];
    bits.into_iter().filter(|&(_, is_set)| is_set).fold(0, |class, (bit, _)| class | bit)
}

/// Whether a title or an honorific begins with the character.
pub(super) fn begins_name_word(c: char) -> bool {
    has(c, WORD)
}

/// Whether a number, or a letter beside one, may be or begin with the character.
pub(super) fn begins_number(c: char) -> bool {
    has(c, NUMBER | LETTER)
}

fn has(c: char, bits: u8) -> bool {
    CLASSES.get(c as usize).is_some_and(|class| class & bits != 0)
}

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Suspects {
    pub(super) emails: bool,
    pub(super) names: bool,
    pub(super) plates: bool,
    pub(super) numbers: bool,
    pub(super) doors: bool,
}

impl Suspects {
    /// Looks at a text.
    pub(super) fn of(text: &str) -> Self {
        let classes: &[u8] = &CLASSES;
        let mut found = Self::default();
        let mut digits = 0;
        // Of the three characters before, the last first.
        let mut before = [0_u8; 3];
        for (at, c) in text.char_indices() {
            let class = classes.get(c as usize).copied().unwrap_or(0);
            if class != 0 {
                digits += usize::from(class & DIGIT);
                found.emails |= class & AT != 0;
                found.plates |= class & LETTER != 0 && before[0] & PROVINCE != 0;
                if class & WORD != 0 && !found.names {
                    let is_after_name = (before[1] | before[2]) & SURNAME != 0;
                    found.names = names::may_name(&text[at..], is_after_name);
                }
                if class & DOOR != 0 && before[0] & (NUMBER | LETTER) != 0 && !found.doors {
                    found.doors = doors::may_lead_on(&text[at..]);
                }
            }
            before = [class, before[0], before[1]];
        }
        found.numbers = digits >= FEWEST_DIGITS;
        found
    }

    /// Nothing to look for.
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }
}
