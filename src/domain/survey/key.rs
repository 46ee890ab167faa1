//! One member of the records: how often it is there, of which shape its values
//! are, which words it has, and how many different values.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::shapes::{Shapes, shown, tree_example};
use crate::domain::privacy::masked;

/// Words of a member that are kept; a member with more has none.
pub(super) const MAX_WORDS: usize = 40;

/// Longest word, characters.
const MAX_WORD_CHARS: usize = 16;

/// Values of a member that are told apart.
const MAX_DISTINCT: usize = 65_536;

/// One member of the records.
#[derive(Clone, Debug)]
pub struct KeySurvey {
    /// A column's name, or a JSON pointer into the record.
    pub key: String,
    /// Records in which it holds something.
    pub present: u64,
    /// Of which shape its values are.
    pub shapes: Shapes,
    /// One value, masked, fit for a terminal.
    pub example: Option<String>,
    words: Vec<(String, u64)>,
    has_many_words: bool,
    distinct: HashSet<u64>,
}

impl KeySurvey {
    pub(super) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            present: 0,
            shapes: Shapes::default(),
            example: None,
            words: Vec::new(),
            has_many_words: false,
            distinct: HashSet::new(),
        }
    }

    pub(super) fn see(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.see_text(text),
            Value::Number(number) => {
                let text = number.to_string();
                self.shapes.see_number(number.as_f64().unwrap_or(f64::NAN), &text);
                self.remember(&text);
            }
            Value::Bool(value) => {
                self.shapes.flags += 1;
                self.remember(if *value { "true" } else { "false" });
            }
            tree => {
                self.shapes.see_tree(tree);
                self.example.get_or_insert_with(|| tree_example(tree));
            }
        }
    }

    pub(super) fn see_text(&mut self, text: &str) {
        let text = text.trim();
        self.shapes.see_text(text);
        self.remember(text);
    }

    fn remember(&mut self, text: &str) {
        if !self.is_crowded() {
            self.distinct.insert(hash_of(text));
        }
        if !self.has_many_words {
            match word_of(text) {
                Some(word) => count_word(&mut self.words, word, 1),
                None => self.has_many_words = true,
            }
            if self.words.len() > MAX_WORDS {
                self.has_many_words = true;
            }
            if self.has_many_words {
                self.words = Vec::new();
            }
        }
        if self.example.is_none() {
            self.example = Some(shown(text));
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.present += other.present;
        self.shapes.join(&other.shapes);
        self.example = self.example.take().or(other.example);
        self.has_many_words |= other.has_many_words;
        for (word, count) in other.words {
            count_word(&mut self.words, word, count);
        }
        if self.words.len() > MAX_WORDS || self.has_many_words {
            self.has_many_words = true;
            self.words = Vec::new();
        }
        for hash in other.distinct {
            if self.is_crowded() {
                break;
            }
            self.distinct.insert(hash);
        }
    }

    /// Its words with how often each occurs, where there are few, each occurs
    /// several times and none hides anything.
    pub fn words(&self) -> &[(String, u64)] {
        let is_vocabulary = !self.has_many_words && self.present >= 2 * self.words.len() as u64;
        if is_vocabulary { &self.words } else { &[] }
    }

    /// Different values, as far as they are counted.
    pub fn distinct(&self) -> usize {
        self.distinct.len()
    }

    /// Whether no two records have the same value.
    pub fn is_unique(&self) -> bool {
        !self.is_crowded() && self.present > 0 && self.distinct.len() as u64 == self.present
    }

    /// Whether there are too many different values to tell more of them apart.
    fn is_crowded(&self) -> bool {
        self.distinct.len() >= MAX_DISTINCT
    }

    /// Share of the different values of this member that are values of another.
    pub fn share_within(&self, other: &Self) -> f64 {
        if self.distinct.is_empty() {
            return 0.0;
        }
        let shared = self.distinct.iter().filter(|hash| other.distinct.contains(hash)).count();
        shared as f64 / self.distinct.len() as f64
    }

    /// The last part of its name: `code` of `/grid/code`.
    pub fn name(&self) -> &str {
        if self.key.starts_with('/') { self.key.rsplit('/').next().unwrap_or(&self.key) } else { &self.key }
    }
}

/// A word fit for a table of values: short, and masking leaves it as it is.
pub(super) fn word_of(text: &str) -> Option<String> {
    let text = text.trim();
    let is_short = !text.is_empty() && text.chars().take(MAX_WORD_CHARS + 1).count() <= MAX_WORD_CHARS;
    let is_plain = is_short && !text.contains(char::is_control) && masked(text) == text;
    is_plain.then(|| text.to_owned())
}

pub(super) fn count_word(words: &mut Vec<(String, u64)>, word: String, count: u64) {
    if let Some((_, known)) = words.iter_mut().find(|(known, _)| *known == word) {
        *known += count;
    } else if words.len() <= MAX_WORDS {
        words.push((word, count));
    }
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
