//! From the names of a source to the names of the domain.
//!
//! In: a record as JSON (CSV rows are objects of strings), the source's
//! `fields` and `values`. Out: [`Fields`], the record by domain field.
//!
//! How it works: a field is taken from where the configuration says; a field
//! that it does not mention is looked up by its own name, then by the names
//! that back ends commonly use, whatever their case and separators. A lookup
//! goes over the record's keys once, and each key's meaning is remembered, so
//! a record costs one hash per key, not one per possible name.

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::config::Source;
use crate::config::source::Feed;
use crate::domain::time::Time;

use super::synonyms::synonyms;

/// More distinct keys than this are looked up without being remembered, so
/// that a feed whose keys are data cannot fill the memory.
const MAX_REMEMBERED_KEYS: usize = 4_096;

/// No feed has more fields.
const MAX_FIELDS: usize = 24;

/// Rank of a name that merely ends like one: behind all real names.
const SUFFIX_RANK: u8 = u8::MAX;

/// What a key may mean: (field, rank), smaller ranks first choice.
type Meanings = Vec<(u8, u8)>;

/// The fields of one source.
#[derive(Debug)]
pub struct FieldTable {
    feed: Feed,
    names: &'static [&'static str],
    pointers: Vec<Option<String>>,
    by_key: HashMap<String, Meanings>,
    values: BTreeMap<String, BTreeMap<String, String>>,
    zone: TimeZone,
}

/// What keys meant so far; one per answer.
pub type KeyMemory = HashMap<String, Meanings>;

impl FieldTable {
    /// The fields of `source`; times without an offset are in `zone`.
    pub fn new(source: &Source, zone: TimeZone) -> Self {
        let names = source.feed.field_names();
        let mut by_key: HashMap<String, Meanings> = HashMap::new();
        for (field, name) in names.iter().enumerate() {
            if source.fields.contains_key(*name) {
                continue;
            }
            for (rank, synonym) in std::iter::once(name).chain(synonyms(source.feed, name)).enumerate() {
                by_key.entry(normalized(synonym)).or_default().push((field as u8, rank as u8));
            }
        }
        Self {
            feed: source.feed,
            names,
            pointers: names.iter().map(|name| source.fields.get(*name).cloned()).collect(),
            by_key,
            values: source.values.clone(),
            zone,
        }
    }

    /// The feed whose fields these are.
    pub fn feed(&self) -> Feed {
        self.feed
    }

    /// Finds the fields of `record`; `id` is that of the feature around it.
    pub fn resolve<'a>(&'a self, record: &'a Value, id: Option<&'a Value>, memory: &mut KeyMemory) -> Fields<'a> {
        let mut found: [Option<(&Value, u8)>; MAX_FIELDS] = [None; MAX_FIELDS];
        if let Value::Object(members) = record {
            self.find_by_key(members, &mut found, memory);
        }
        for (field, pointer) in self.pointers.iter().enumerate() {
            if let Some(pointer) = pointer {
                found[field] = follow(record, id, pointer).map(|value| (value, 0));
            }
        }
        let mut fields = Fields { table: self, values: found.map(|value| value.map(|(value, _)| value)) };
        if let Some(id) = id {
            let field = if self.feed == Feed::Areas { "code" } else { "id" };
            fields.set_default(field, id);
        }
        fields
    }

    fn find_by_key<'a>(
        &self,
        members: &'a Map<String, Value>,
        found: &mut [Option<(&'a Value, u8)>; MAX_FIELDS],
        memory: &mut KeyMemory,
    ) {
        for (key, value) in members {
            if is_missing(value) {
                continue;
            }
            let looked_up;
            let meanings = match memory.get(key) {
                Some(known) => known,
                None => {
                    looked_up = self.meanings(key);
                    if memory.len() < MAX_REMEMBERED_KEYS {
                        memory.insert(key.clone(), looked_up.clone());
                    }
                    &looked_up
                }
            };
            for &(field, rank) in meanings {
                let slot = &mut found[usize::from(field)];
                if slot.is_none_or(|(_, known)| rank < known) {
                    *slot = Some((value, rank));
                }
            }
        }
    }

    /// What a key means. Codes and names of areas are also recognised by their
    /// endings, because statistical offices put the year and the level into
    /// the name: `OA11CD`, `WD13NM`.
    fn meanings(&self, key: &str) -> Meanings {
        let key = normalized(key);
        if let Some(known) = self.by_key.get(&key) {
            return known.clone();
        }
        if self.feed != Feed::Areas || ["post", "tele", "zip"].iter().any(|other| key.starts_with(other)) {
            return Vec::new();
        }
        let ends = |endings: [&str; 2]| endings.iter().any(|ending| key.ends_with(ending));
        let field = match () {
            () if ends(["code", "cd"]) => "code",
            () if ends(["name", "nm"]) => "name",
            () => return Vec::new(),
        };
        match self.index(field) {
            Some(index) if self.pointers[index].is_none() => vec![(index as u8, SUFFIX_RANK)],
            _ => Vec::new(),
        }
    }

    fn index(&self, field: &str) -> Option<usize> {
        self.names.iter().position(|name| *name == field)
    }

    /// The domain's word for a word of the source.
    fn translate<'a>(&'a self, field: &str, text: &'a str) -> &'a str {
        self.values.get(field).and_then(|values| values.get(text)).map_or(text, String::as_str)
    }
}

/// A record by the fields of the domain.
#[derive(Debug)]
pub struct Fields<'a> {
    table: &'a FieldTable,
    values: [Option<&'a Value>; MAX_FIELDS],
}

impl<'a> Fields<'a> {
    fn set_default(&mut self, field: &str, value: &'a Value) {
        if let Some(index) = self.table.index(field)
            && self.table.pointers[index].is_none()
        {
            self.values[index].get_or_insert(value);
        }
    }

    /// The raw value of a field.
    pub fn value(&self, field: &str) -> Option<&'a Value> {
        self.values[self.table.index(field)?].filter(|value| !is_missing(value))
    }

    /// A field as text, translated by the source's `values`. Numbers become
    /// their shortest text, so a code may be either.
    pub fn text(&self, field: &str) -> Option<String> {
        let text = scalar_text(self.value(field)?)?;
        Some(match self.table.translate(field, &text) {
            same if same.len() == text.len() && same == text => text,
            other => other.to_owned(),
        })
    }

    /// A code: text, a number, or an object that holds one (`parent.adcode`).
    pub fn code(&self, field: &str) -> Option<String> {
        match self.value(field)? {
            Value::Object(members) => {
                ["adcode", "code", "id"].iter().find_map(|key| members.get(*key)).and_then(scalar_text)
            }
            _ => self.text(field),
        }
    }

    /// A finite number, also when it is written as text.
    pub fn number(&self, field: &str) -> Option<f64> {
        match self.value(field)? {
            Value::Number(number) => number.as_f64(),
            _ => self.text(field)?.trim_end_matches('%').trim().parse().ok(),
        }
        .filter(|number: &f64| number.is_finite())
    }

    /// An instant in any form that [`Time::parse`] reads.
    pub fn time(&self, field: &str) -> Option<Time> {
        self.time_of(self.value(field)?)
    }

    /// An instant from any value of the record.
    pub fn time_of(&self, value: &Value) -> Option<Time> {
        match value {
            Value::Number(number) => Time::from_number(number.as_f64()?),
            Value::String(text) => Time::parse(text, &self.table.zone),
            _ => None,
        }
    }

    /// Yes or no in the words that back ends use; `None` for anything else.
    pub fn flag(&self, field: &str) -> Option<bool> {
        flag(&self.text(field)?)
    }
}

/// Yes or no.
fn flag(text: &str) -> Option<bool> {
    Some(match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "on" | "online" | "normal" | "是" | "在线" | "正常" | "满意" | "非常满意"
        | "基本满意" | "已解决" | "solved" | "satisfied" => true,
        "false" | "0" | "no" | "n" | "off" | "offline" | "否" | "离线" | "故障" | "不满意" | "未解决" => {
            false
        }
        _ => return None,
    })
}

/// Text of a string, number or boolean; `None` for an empty one.
pub fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => match number.as_f64() {
            // `320102.0` is a code that went through a spreadsheet.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                Some((float as i64).to_string())
            }
            _ => Some(number.to_string()),
        },
        _ => None,
    }
}

fn is_missing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// A key without case and separators.
fn normalized(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Follows a configured pointer: `/properties/adcode`, `/adcode` or `adcode`.
/// The record of a feature is its properties, so that prefix is optional.
fn follow<'a>(record: &'a Value, id: Option<&'a Value>, pointer: &str) -> Option<&'a Value> {
    if !pointer.starts_with('/') {
        return record.get(pointer).or_else(|| record.pointer(&format!("/{}", pointer.replace('.', "/"))));
    }
    let inside = pointer.strip_prefix("/properties").filter(|rest| rest.starts_with('/'));
    record.pointer(pointer).or_else(|| record.pointer(inside?)).or_else(|| id.filter(|_| pointer == "/id"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::source;
    use super::*;

    fn table(feed: Feed, fields: &[(&str, &str)]) -> FieldTable {
        let mut source = source(feed);
        source.fields = fields.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        source.values.insert("severity".into(), [("A级".to_owned(), "3".to_owned())].into());
        FieldTable::new(&source, TimeZone::UTC)
    }

    #[test]
    fn usual_names_are_found_in_any_spelling() {
        let table = table(Feed::Events, &[]);
        let record = json!({"EventId": 7, "create_time": "2025-08-15 09:00", "经度": "118.5", "severity": "A级"});
        let fields = table.resolve(&record, None, &mut KeyMemory::new());
        assert_eq!(fields.text("id").as_deref(), Some("7"));
        assert_eq!(fields.time("reported"), Time::parse("2025-08-15 09:00", &TimeZone::UTC));
        assert_eq!(fields.number("lon"), Some(118.5));
        assert_eq!(fields.text("severity").as_deref(), Some("3"));
        assert_eq!(fields.text("title"), None);
    }

    #[test]
    fn the_own_name_goes_before_its_variants_and_configuration_before_both() {
        let record = json!({"id": "x", "adcode": 320102.0, "code": "c", "deep": {"er": "d"}});
        let plain = table(Feed::Areas, &[]);
        assert_eq!(plain.resolve(&record, None, &mut KeyMemory::new()).code("code").as_deref(), Some("c"));
        for (pointer, expected) in
            [("/properties/adcode", "320102"), ("/adcode", "320102"), ("adcode", "320102"), ("deep.er", "d")]
        {
            let mapped = table(Feed::Areas, &[("code", pointer)]);
            let code = mapped.resolve(&record, None, &mut KeyMemory::new()).code("code");
            assert_eq!(code.as_deref(), Some(expected), "{pointer}");
        }
        let absent = table(Feed::Areas, &[("code", "/nowhere")]);
        assert_eq!(absent.resolve(&record, None, &mut KeyMemory::new()).code("code"), None);
    }

    #[test]
    fn parents_may_be_objects_and_ids_stand_in_for_codes() {
        let table = table(Feed::Areas, &[]);
        let (record, id) = (json!({"parent": {"adcode": 320100}}), json!(42));
        let fields = table.resolve(&record, Some(&id), &mut KeyMemory::new());
        assert_eq!(fields.code("parent").as_deref(), Some("320100"));
        assert_eq!(fields.code("code").as_deref(), Some("42"));
    }

    #[test]
    fn endings_of_statistical_offices_are_recognised() {
        let table = table(Feed::Areas, &[]);
        let record = json!({"WD13CD": "E05000630", "WD13CDO": "00BKGA", "WD13NM": "Abbey Road", "postcode": "1"});
        let fields = table.resolve(&record, None, &mut KeyMemory::new());
        assert_eq!(fields.code("code").as_deref(), Some("E05000630"));
        assert_eq!(fields.text("name").as_deref(), Some("Abbey Road"));
    }
}
