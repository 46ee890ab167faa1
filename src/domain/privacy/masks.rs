//! Which kinds of personal data are masked, and which may be seen.
//!
//! In: text, and what the configuration says. Out: the text without what is not
//! to be seen. Everything is masked unless somebody wrote that it is not.

use std::borrow::Cow;

use super::suspects::Suspects;
use super::{SCANNERS, mask_characters};

/// What is masked; by default everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Masks {
    /// Names of persons.
    pub names: bool,
    /// Telephone numbers, e-mail addresses.
    pub phones: bool,
    /// Identity and bank card numbers.
    pub id_numbers: bool,
    /// Doors: floor and room.
    pub addresses: bool,
    /// Number plates.
    pub plates: bool,
    /// Whether any of these is looked for in what people write: titles and
    /// places of events, names of devices.
    pub free_text: bool,
    /// Whether it is looked for in all other texts as well: names of areas,
    /// cameras, owners, classes, figures.
    pub others: bool,
}

impl Default for Masks {
    fn default() -> Self {
        Self::ALL
    }
}

impl Masks {
    /// Everything is masked.
    pub const ALL: Self = Self {
        names: true,
        phones: true,
        id_numbers: true,
        addresses: true,
        plates: true,
        free_text: true,
        others: true,
    };

    /// What people wrote, masked.
    pub fn free_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.free_text { self.masked(text) } else { Cow::Borrowed(text) }
    }

    /// A text of which nobody says what it is, masked.
    pub fn other(&self, text: String) -> String {
        if !self.others {
            return text;
        }
        match self.masked(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(masked) => masked,
        }
    }

    /// Masks whatever of these kinds is in a text; the text itself where nothing
    /// is, as in most.
    pub fn masked<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let suspects = Suspects::of(text);
        if suspects.is_none() {
            return Cow::Borrowed(text);
        }
        let characters: Vec<char> = text.chars().collect();
        // What every suspected scanner leaves as it is stays so under all of them.
        let is_clean = SCANNERS
            .iter()
            .all(|(is_suspected, scan)| !is_suspected(suspects) || scan(&characters, self) == characters);
        if is_clean { Cow::Borrowed(text) } else { Cow::Owned(mask_characters(characters, self)) }
    }
}
