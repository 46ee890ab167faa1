//! What the records of a source look like before anybody maps them: the survey
//! that `quanyu check` reports and from which a mapping is guessed.
//!
//! In: records as they came, member by member, and how each field of the
//! domain that was found in them could be read. Out: for each member how often
//! it was there and of which shape its values are; for each field how often it
//! was there and how often it could not be read.
//!
//! How it works: values are looked at once and counted by shape. Kept of them
//! are one example, masked ([`shown`]), the few words of members that have few
//! and of which none hides a person, and hashes, by which codes are told from
//! words and children from parents. Everything is bounded, so a survey of a
//! million records is as large as one of a thousand.

mod key;
mod shapes;

use std::collections::HashMap;

use serde_json::Value;

pub use key::KeySurvey;
use key::{MAX_WORDS, count_word, word_of};
pub use shapes::{Shapes, shown};

/// Members that are told apart; of more, the later ones are left out.
const MAX_KEYS: usize = 512;

/// Objects within objects are followed so deep.
const MAX_DEPTH: usize = 3;

/// What records look like.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    records: u64,
    is_table: bool,
    keys: Vec<KeySurvey>,
    by_key: HashMap<String, usize>,
    geometries: Geometries,
    fields: Vec<FieldSurvey>,
}

/// Geometries of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Geometries {
    /// Features with polygons.
    pub polygons: u64,
    /// Features with lines.
    pub lines: u64,
    /// Features that are points.
    pub points: u64,
    /// Features without any.
    pub none: u64,
}

/// One field of the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSurvey {
    /// Its name.
    pub name: &'static str,
    /// Records in which it holds something.
    pub present: u64,
    /// Records in which that could not be read.
    pub failed: u64,
    /// A value that could not be read, masked.
    pub example: Option<String>,
    /// Words that mean nothing to the domain, most frequent first.
    words: Vec<(String, u64)>,
}

impl FieldSurvey {
    /// Words that mean nothing to the domain, most frequent first, where they
    /// are a vocabulary: few, each several times. Anything else may be about
    /// somebody.
    pub fn vocabulary(&self) -> &[(String, u64)] {
        let is_vocabulary = self.words.len() <= MAX_WORDS && self.failed >= 2 * self.words.len() as u64;
        if is_vocabulary { &self.words } else { &[] }
    }
}

impl Survey {
    /// Records that were looked at.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Whether they are rows of a table: then members are columns by name, else
    /// JSON pointers.
    pub fn is_table(&self) -> bool {
        self.is_table
    }

    /// All members, in the order in which they were first met.
    pub fn keys(&self) -> &[KeySurvey] {
        &self.keys
    }

    /// A member.
    pub fn key(&self, key: &str) -> Option<&KeySurvey> {
        self.by_key.get(key).map(|&index| &self.keys[index])
    }

    /// The geometries of features.
    pub fn geometries(&self) -> Geometries {
        self.geometries
    }

    /// The fields of the domain.
    pub fn fields(&self) -> &[FieldSurvey] {
        &self.fields
    }

    /// Sees a row of a table.
    pub fn see_row<'a>(&mut self, cells: impl Iterator<Item = (&'a str, &'a str)>) {
        self.records += 1;
        self.is_table = true;
        for (header, cell) in cells.filter(|(_, cell)| !cell.trim().is_empty()) {
            if let Some(key) = self.member(header) {
                key.see_text(cell);
            }
        }
    }

    #[cfg(test)]
    /// What these records look like.
    pub(crate) fn of(records: &[Value]) -> Self {
        let mut survey = Self::default();
        records.iter().for_each(|record| survey.see_record(record, None));
        survey
    }

    /// Sees a record; `id` is that of the feature around it.
    pub fn see_record(&mut self, record: &Value, id: Option<&Value>) {
        self.records += 1;
        if let Some(id) = id.filter(|_| record.get("id").is_none()) {
            self.see_value("/id", id, 0);
        }
        if let Value::Object(members) = record {
            for (name, value) in members {
                self.see_value(&pointer("", name), value, 0);
            }
        }
    }

    /// Sees the geometry of a feature.
    pub fn see_geometry(&mut self, polygons: bool, lines: bool, point: bool) {
        let counts = &mut self.geometries;
        match (polygons, lines, point) {
            (true, ..) => counts.polygons += 1,
            (_, true, _) => counts.lines += 1,
            (.., true) => counts.points += 1,
            _ => counts.none += 1,
        }
    }

    fn see_value(&mut self, key: &str, value: &Value, depth: usize) {
        let is_blank = match value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            _ => false,
        };
        if is_blank {
            return;
        }
        let Some(member) = self.member(key) else { return };
        member.see(value);
        if let Value::Object(members) = value
            && depth + 1 < MAX_DEPTH
            && !shapes::is_geometry(value)
        {
            for (name, inner) in members {
                self.see_value(&pointer(key, name), inner, depth + 1);
            }
        }
    }

    /// Tells how a field of one record could be read. `word` is what of it
    /// meant nothing.
    pub fn see_field(&mut self, name: &'static str, read: FieldRead<'_>) {
        let index = match self.fields.iter().position(|field| field.name == name) {
            Some(index) => index,
            None => {
                self.fields.push(FieldSurvey { name, present: 0, failed: 0, example: None, words: Vec::new() });
                self.fields.len() - 1
            }
        };
        let field = &mut self.fields[index];
        let (text, is_word) = match read {
            FieldRead::Good => {
                field.present += 1;
                return;
            }
            FieldRead::Bad(text) => (text, false),
            FieldRead::UnknownWord(text) => (text, true),
        };
        field.present += 1;
        field.failed += 1;
        field.example.get_or_insert_with(|| shown(text));
        if is_word && let Some(word) = word_of(text) {
            count_word(&mut field.words, word, 1);
        }
    }

    fn member(&mut self, key: &str) -> Option<&mut KeySurvey> {
        let index = match self.by_key.get(key) {
            Some(&index) => index,
            None if self.keys.len() == MAX_KEYS => return None,
            None => {
                self.by_key.insert(key.to_owned(), self.keys.len());
                self.keys.push(KeySurvey::new(key));
                self.keys.len() - 1
            }
        };
        let member = &mut self.keys[index];
        member.present += 1;
        Some(member)
    }

    /// Adds what was seen elsewhere.
    pub fn join(&mut self, other: Self) {
        self.records += other.records;
        self.is_table |= other.is_table;
        let (mine, more) = (&mut self.geometries, other.geometries);
        mine.polygons += more.polygons;
        mine.lines += more.lines;
        mine.points += more.points;
        mine.none += more.none;
        for key in other.keys {
            if let Some(known) = self.by_key.get(&key.key) {
                self.keys[*known].join(key);
            } else if self.keys.len() < MAX_KEYS {
                self.by_key.insert(key.key.clone(), self.keys.len());
                self.keys.push(key);
            }
        }
        for field in other.fields {
            match self.fields.iter_mut().find(|known| known.name == field.name) {
                None => self.fields.push(field),
                Some(known) => {
                    known.present += field.present;
                    known.failed += field.failed;
                    known.example = known.example.take().or(field.example);
                    for (word, count) in field.words {
                        count_word(&mut known.words, word, count);
                    }
                }
            }
        }
    }

    /// Puts the words of each field in order: the most frequent first.
    pub fn finish(&mut self) {
        for field in &mut self.fields {
            field.words.sort_by(|(a, first), (b, second)| second.cmp(first).then_with(|| a.cmp(b)));
        }
    }
}

/// How a field of one record could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldRead<'a> {
    /// It could.
    Good,
    /// It could not.
    Bad(&'a str),
    /// It is a word that the domain does not know.
    UnknownWord(&'a str),
}

/// The JSON pointer to a member (RFC 6901).
fn pointer(base: &str, name: &str) -> String {
    format!("{base}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_found_at_every_depth_and_counted() {
        let seen = Survey::of(&[
            json!({"id": 1, "grid": {"code": "320104", "a/b": 1}, "state": "处理中", "none": null, "blank": " "}),
            json!({"id": 2, "grid": {"code": "320104"}, "state": "处理中", "time": "2025-08-15 09:00:00"}),
        ]);
        let keys: Vec<&str> = seen.keys().iter().map(|key| key.key.as_str()).collect();
        assert_eq!(keys, ["/id", "/grid", "/grid/code", "/grid/a~1b", "/state", "/time"]);
        assert!(seen.key("/id").unwrap().is_unique());
        assert_eq!(seen.key("/state").unwrap().words(), [("处理中".to_owned(), 2)]);
        assert_eq!(seen.key("/time").unwrap().shapes.instants, 1);
        assert!(seen.key("/grid/code").unwrap().share_within(seen.key("/id").unwrap()) < 1e-9);
        assert_eq!(seen.key("/grid/code").unwrap().name(), "code");
    }

    #[test]
    fn nothing_of_a_person_is_kept() {
        let people: Vec<Value> =
            (0..50).map(|n| json!({"lxr": format!("张三{n}"), "tel": format!("138001312{n:02}")})).collect();
        let seen = Survey::of(&people);
        for key in seen.keys() {
            assert!(key.words().is_empty(), "{key:?}");
        }
        let text = format!("{:?}", seen.keys().iter().map(|key| &key.example).collect::<Vec<_>>());
        assert!(!text.contains("张三") && !text.contains("13800131200"), "{text}");
    }

    #[test]
    fn parts_seen_apart_are_as_one() {
        let all: Vec<Value> = (0..20).map(|n| json!({"a": n % 3, "b": n})).collect();
        let whole = Survey::of(&all);
        let mut parts = Survey::of(&all[..7]);
        parts.join(Survey::of(&all[7..]));
        for (one, other) in whole.keys().iter().zip(parts.keys()) {
            assert_eq!((one.present, one.distinct()), (other.present, other.distinct()));
            assert_eq!((one.words(), &one.shapes), (other.words(), &other.shapes));
        }
        assert_eq!(parts.records(), 20);
    }

    #[test]
    fn a_feed_whose_keys_are_data_is_bounded() {
        let mut seen = Survey::default();
        for n in 0..2_000 {
            seen.see_record(&json!({ format!("k{n}"): n }), None);
        }
        assert_eq!(seen.keys().len(), MAX_KEYS);
    }

    #[test]
    fn fields_count_what_failed() {
        let mut seen = Survey::default();
        seen.see_field("stage", FieldRead::UnknownWord("待派单"));
        seen.see_field("stage", FieldRead::UnknownWord("待派单"));
        seen.see_field("stage", FieldRead::Good);
        let stage = &seen.fields()[0];
        assert_eq!((stage.present, stage.failed), (3, 2));
        assert_eq!(stage.vocabulary(), [("待派单".to_owned(), 2)]);
        seen.see_field("closed", FieldRead::UnknownWord("张三"));
        seen.see_field("solved", FieldRead::Bad("张三"));
        for field in &seen.fields()[2..] {
            assert_eq!((field.example.as_deref(), field.vocabulary().len()), (Some("张**"), 0), "{field:?}");
        }
    }
}
