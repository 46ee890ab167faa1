//! From the names of a source to the names of the domain.
//!
//! In: a [`Record`], the source's `fields` and `values`. Out: [`Fields`], the
//! record by domain field.
//!
//! How it works: a field is taken from where the configuration says, or
//! computed as it says ([`Computed`], from a tree, before all else); a field
//! that it does not mention is looked up by its own name, then by the names
//! that back ends commonly use, whatever their case and separators. What the
//! keys of a source mean is found out once and remembered ([`KeyMemory`]): a
//! table costs one look at its header, and an object one comparison per key,
//! because the keys of records follow each other in the same order.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::config::Source;
use crate::config::source::{ANY_OTHER_VALUE, Feed, FieldRule};
use crate::domain::event::folded;
use crate::domain::expression::Expression;
use crate::domain::time::Time;
use crate::domain::written_number;
use crate::domain::written_time::TimeReader;

use super::keys::{KeyMemory, Meaning, Meanings};
use super::record::{Cell, Record, trimmed};
use super::synonyms::synonyms;

/// No feed has more fields.
const MAX_FIELDS: usize = 24;

/// Rank of a name that merely ends like one: behind all real names.
const SUFFIX_RANK: u8 = u8::MAX;

/// The fields of one source.
#[derive(Clone, Debug)]
pub struct FieldTable {
    feed: Feed,
    names: &'static [&'static str],
    pointers: Vec<Option<String>>,
    /// Fields that are computed, by place.
    expressions: Vec<(usize, Expression)>,
    by_key: HashMap<String, Meanings>,
    /// The domain's words for the source's, by field.
    values: Vec<Option<ValueTable>>,
    is_flat: bool,
    times: TimeReader,
}

/// A field whose value stands outside of the records: in a topic, or in what
/// surrounds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Place of the field.
    pub place: usize,
    /// Its value.
    pub text: String,
    /// Whether it goes before what the record says.
    pub weight: Weight,
}

/// Whether a value that stands outside of a record goes before its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "mqtt"), expect(dead_code, reason = "only topics tell anything"))]
pub enum Weight {
    /// Only where the record has none.
    Default,
    /// Unless the configuration says where the record has it.
    Usual,
    /// Always.
    Fixed,
}

/// The domain's words for those of a source.
#[derive(Clone, Debug)]
struct ValueTable {
    words: BTreeMap<String, String>,
    /// For all others.
    other: Option<String>,
}

impl ValueTable {
    fn new(words: &BTreeMap<String, String>) -> Self {
        let mut words = words.clone();
        let other = words.remove(ANY_OTHER_VALUE);
        Self { words, other }
    }

    fn word(&self, text: &str) -> Option<&str> {
        self.words.get(text).or(self.other.as_ref()).map(String::as_str)
    }
}

/// What expressions made of one record.
#[derive(Debug, Default)]
pub struct Computed {
    /// Values by the places of their fields.
    pub values: Vec<(usize, Value)>,
    /// Names of the fields that could not be computed, and why.
    pub faults: Vec<(&'static str, String)>,
}

/// Where a field stands in [`Feed::field_names`]. A name that is not there
/// does not compile, where the place is a constant.
pub const fn place_of(feed: Feed, name: &str) -> usize {
    let names = feed.field_names();
    let mut at = 0;
    while !is_same(names[at], name) {
        at += 1;
    }
    at
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

impl FieldTable {
    /// The fields of `source`; times without an offset are in its zone, else in
    /// `zone`.
    pub fn new(source: &Source, zone: TimeZone) -> Self {
        let names = source.feed.field_names();
        let mut by_key: HashMap<String, Meanings> = HashMap::new();
        for (field, name) in names.iter().enumerate() {
            if source.fields.contains_key(*name) {
                continue;
            }
            for (rank, synonym) in std::iter::once(name).chain(synonyms(source.feed, name)).enumerate() {
                let meaning = Meaning { field: field as u8, rank: rank as u8 };
                by_key.entry(normalized(synonym)).or_default().push(meaning);
            }
        }
        let is_plain = matches!(source.feed, Feed::Events | Feed::Cameras | Feed::Devices);
        let pointer = |name: &&str| match source.fields.get(*name) {
            Some(FieldRule::At(pointer)) => Some(pointer.clone()),
            _ => None,
        };
        let expression = |(place, name): (usize, &&str)| match source.fields.get(*name) {
            Some(FieldRule::Computed(expression)) => Some((place, expression.clone())),
            _ => None,
        };
        let is_at_key = |rule: &FieldRule| matches!(rule, FieldRule::At(pointer) if plain_key(pointer).is_some());
        Self {
            feed: source.feed,
            names,
            pointers: names.iter().map(pointer).collect(),
            expressions: names.iter().enumerate().filter_map(expression).collect(),
            by_key,
            values: names.iter().map(|name| source.values.get(*name).map(ValueTable::new)).collect(),
            is_flat: is_plain && source.fields.values().all(is_at_key),
            times: TimeReader::new(source.writing.zone.clone().unwrap_or(zone))
                .with_format(source.writing.time_format.clone()),
        }
    }

    /// The feed whose fields these are.
    pub fn feed(&self) -> Feed {
        self.feed
    }

    /// Whether its records are wanted without a tree: they are text and numbers
    /// by name.
    pub fn is_flat(&self) -> bool {
        self.is_flat
    }

    /// Whether any field is computed.
    pub fn computes(&self) -> bool {
        !self.expressions.is_empty()
    }

    /// Whether the configuration says where a field is.
    pub fn is_configured(&self, place: usize) -> bool {
        self.pointers[place].is_some() || self.expressions.iter().any(|&(computed, _)| computed == place)
    }

    /// Computes the fields of `record` that are computed; `id` is that of the
    /// feature around it.
    pub fn compute(&self, record: &Record<'_>, id: Option<&Value>) -> Computed {
        let mut computed = Computed::default();
        let Record::Tree(tree) = record else { return computed };
        for (place, expression) in &self.expressions {
            match expression.evaluate(tree, id) {
                Ok(value) => computed.values.push((*place, value)),
                Err(fault) => computed.faults.push((self.names[*place], fault)),
            }
        }
        computed
    }

    /// Finds the fields of `record`; `id` is that of the feature around it,
    /// `computed` what [`Self::compute`] gave. `None` for members that only a
    /// tree gets right.
    pub fn resolve<'a>(
        &'a self,
        record: &'a Record<'a>,
        id: Option<&'a Value>,
        computed: &'a Computed,
        memory: &mut KeyMemory,
    ) -> Option<Fields<'a>> {
        let mut values = [None; MAX_FIELDS];
        match record {
            Record::Tree(tree) => self.find_in_tree(tree, id, &mut values, memory),
            Record::Row(row) => {
                for &(column, field) in memory.columns(self, row.headers) {
                    let slot = &mut values[usize::from(field)];
                    if slot.is_none() {
                        let cell = row.cells.get(column).filter(|cell| !cell.is_empty());
                        *slot = cell.map(|cell| Cell::Text(cell));
                    }
                }
            }
            Record::Members(members) => {
                let mut found = Found::default();
                let mut order = memory.begin();
                for member in members {
                    let meanings = memory.next(self, member.key, &mut order)?;
                    let cell = member.value.cell();
                    if !meanings.is_empty() && !cell.is_missing() {
                        found.add(meanings, cell);
                    }
                }
                values = found.cells;
            }
        }
        for (place, value) in &computed.values {
            values[*place] = Some(Cell::of(value));
        }
        let mut fields = Fields { table: self, values, foreign: 0 };
        if let Some(id) = id {
            let field = if self.feed == Feed::Areas { "code" } else { "id" };
            fields.set_default(field, id);
        }
        Some(fields)
    }

    fn find_in_tree<'a>(
        &self,
        tree: &'a Value,
        id: Option<&'a Value>,
        values: &mut [Option<Cell<'a>>; MAX_FIELDS],
        memory: &mut KeyMemory,
    ) {
        if let Value::Object(members) = tree {
            *values = self.find_by_key(members, memory);
        }
        for (field, pointer) in self.pointers.iter().enumerate() {
            if let Some(pointer) = pointer {
                values[field] = follow(tree, id, pointer).map(Cell::of);
            }
        }
    }

    fn find_by_key<'a>(
        &self,
        members: &'a Map<String, Value>,
        memory: &mut KeyMemory,
    ) -> [Option<Cell<'a>>; MAX_FIELDS] {
        let mut found = Found::default();
        for (key, value) in members {
            let cell = Cell::of(value);
            if !cell.is_missing() {
                found.add(memory.meanings(self, key), cell);
            }
        }
        found.cells
    }

    /// What a key means. Codes and names of areas are also recognised by their
    /// endings, because statistical offices put the year and the level into
    /// the name: `OA11CD`, `WD13NM`.
    pub(super) fn meanings(&self, key: &str) -> Meanings {
        let mut meanings = self.meanings_by_name(key);
        for (field, pointer) in self.pointers.iter().enumerate().filter(|_| self.is_flat) {
            if pointer.as_deref().and_then(plain_key) == Some(key) {
                meanings.push(Meaning { field: field as u8, rank: 0 });
            }
        }
        meanings
    }

    fn meanings_by_name(&self, key: &str) -> Meanings {
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
            Some(index) if !self.is_configured(index) => {
                vec![Meaning { field: index as u8, rank: SUFFIX_RANK }]
            }
            _ => Vec::new(),
        }
    }

    /// The place of a field.
    #[cfg(feature = "mqtt")]
    pub fn place(&self, field: &str) -> Option<usize> {
        self.index(field)
    }

    fn index(&self, field: &str) -> Option<usize> {
        self.names.iter().position(|name| *name == field)
    }
}

/// The best value of each field so far, with the rank of its name.
#[derive(Default)]
struct Found<'a> {
    cells: [Option<Cell<'a>>; MAX_FIELDS],
    ranks: [u8; MAX_FIELDS],
}

impl<'a> Found<'a> {
    fn add(&mut self, meanings: &[Meaning], cell: Cell<'a>) {
        for meaning in meanings {
            let field = usize::from(meaning.field);
            if self.cells[field].is_none() || meaning.rank < self.ranks[field] {
                (self.cells[field], self.ranks[field]) = (Some(cell), meaning.rank);
            }
        }
    }
}

/// A record by the fields of the domain. Fields are asked for by name, or by
/// their place among the names, which is faster.
#[derive(Debug)]
pub struct Fields<'a> {
    table: &'a FieldTable,
    values: [Option<Cell<'a>>; MAX_FIELDS],
    /// Places whose values are of what is around the record: they are written as
    /// that writes them, and not as the source does. One bit each.
    foreign: u32,
}

impl<'a> Fields<'a> {
    fn set_default(&mut self, field: &str, value: &'a Value) {
        if let Some(index) = self.table.index(field)
            && !self.table.is_configured(index)
        {
            self.values[index].get_or_insert(Cell::of(value));
        }
    }

    /// Takes in what is known from elsewhere.
    pub fn give(&mut self, given: &'a [Given]) {
        for Given { place, text, weight } in given {
            let Some(slot) = self.values.get_mut(*place) else { continue };
            let is_own = match weight {
                Weight::Default => slot.is_some_and(|cell| !cell.is_missing()),
                Weight::Usual => self.table.is_configured(*place),
                Weight::Fixed => false,
            };
            if !is_own {
                *slot = Some(Cell::Text(text));
                self.foreign |= u32::from(*weight != Weight::Fixed) << place;
            }
        }
    }

    /// The value at a place.
    pub fn cell_at(&self, place: usize) -> Option<Cell<'a>> {
        self.values[place].filter(|cell| !cell.is_missing())
    }

    /// The value of a field.
    pub fn cell(&self, field: &str) -> Option<Cell<'a>> {
        self.cell_at(self.table.index(field)?)
    }

    /// Whether there is anything in a field.
    pub fn has(&self, field: &str) -> bool {
        self.cell(field).is_some()
    }

    /// An array or an object in a field.
    pub fn tree(&self, field: &str) -> Option<&'a Value> {
        match self.cell(field)? {
            Cell::Tree(value) => Some(value),
            _ => None,
        }
    }

    /// A field as text, translated by the source's `values`. Numbers become
    /// their shortest text, so a code may be either.
    pub fn text(&self, field: &str) -> Option<String> {
        self.text_at(self.table.index(field)?).map(Cow::into_owned)
    }

    /// As [`Self::text`], by place.
    pub fn text_at(&self, place: usize) -> Option<Cow<'a, str>> {
        let text = cell_text(self.cell_at(place)?)?;
        let Some(words) = &self.table.values[place] else { return Some(text) };
        Some(words.word(&text).map_or(text, Cow::Borrowed))
    }

    /// A code: text, a number, or an object that holds one (`parent.adcode`).
    pub fn code(&self, field: &str) -> Option<String> {
        self.code_at(self.table.index(field)?).map(Cow::into_owned)
    }

    /// As [`Self::code`], by place.
    pub fn code_at(&self, place: usize) -> Option<Cow<'a, str>> {
        match self.cell_at(place)? {
            Cell::Tree(Value::Object(members)) => {
                let inner = ["adcode", "code", "id"].iter().find_map(|key| members.get(*key));
                inner.and_then(|value| cell_text(Cell::of(value)))
            }
            _ => self.text_at(place),
        }
    }

    /// A finite number, also when it is written as text; see
    /// [`written_number`].
    pub fn number(&self, field: &str) -> Option<f64> {
        self.number_at(self.table.index(field)?)
    }

    /// As [`Self::number`], by place.
    pub fn number_at(&self, place: usize) -> Option<f64> {
        match self.cell_at(place)? {
            Cell::Number(number) => number.as_f64(),
            _ => written_number::read(&self.text_at(place)?),
        }
        .filter(|number: &f64| number.is_finite())
    }

    /// As [`Self::number`], behind which may stand what is in the field `unit`;
    /// the error is a text that is no number and no word for nothing.
    pub fn number_of_unit(&self, field: &str, unit: &str) -> Result<Option<f64>, String> {
        if let Some(number) = self.number(field) {
            return Ok(Some(number));
        }
        let Some(text) = self.text(field).filter(|text| !written_number::is_nothing(text)) else { return Ok(None) };
        let unit = self.text(unit).unwrap_or_default();
        written_number::read_with_unit(&text, &unit).map(Some).ok_or(text)
    }

    /// An instant in any form that [`Time::parse`] reads.
    pub fn time(&self, field: &str) -> Option<Time> {
        self.time_at(self.table.index(field)?)
    }

    /// As [`Self::time`], by place.
    pub fn time_at(&self, place: usize) -> Option<Time> {
        match self.cell_at(place)? {
            Cell::Text(text) if self.foreign >> place & 1 == 1 => self.table.times.read_any(text),
            cell => self.time_of_cell(cell),
        }
    }

    /// An instant from any value of the record.
    pub fn time_of(&self, value: &Value) -> Option<Time> {
        self.time_of_cell(Cell::of(value))
    }

    fn time_of_cell(&self, cell: Cell<'_>) -> Option<Time> {
        match cell {
            Cell::Number(_) if self.table.times.has_format() => self.table.times.read(&cell_text(cell)?),
            Cell::Number(number) => self.table.times.read_number(number.as_f64()?),
            Cell::Text(text) => self.table.times.read(text),
            Cell::Tree(_) => None,
        }
    }

    /// Yes or no in the words that back ends use; `None` for anything else.
    pub fn flag(&self, field: &str) -> Option<bool> {
        self.flag_at(self.table.index(field)?)
    }

    /// As [`Self::flag`], by place.
    pub fn flag_at(&self, place: usize) -> Option<bool> {
        flag(&self.text_at(place)?)
    }
}

/// Yes or no.
fn flag(text: &str) -> Option<bool> {
    Some(match &*folded(text) {
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
    cell_text(Cell::of(value)).map(Cow::into_owned)
}

/// Text of a scalar; `None` for an empty one.
pub fn cell_text(cell: Cell<'_>) -> Option<Cow<'_, str>> {
    match cell {
        Cell::Text(text) => Some(trimmed(text)).filter(|text| !text.is_empty()).map(Cow::Borrowed),
        Cell::Number(number) => Some(Cow::Owned(match number.as_f64() {
            // `320102.0` is a code that went through a spreadsheet.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => (float as i64).to_string(),
            _ => number.to_string(),
        })),
        Cell::Tree(Value::Bool(value)) => Some(Cow::Owned(value.to_string())),
        Cell::Tree(_) => None,
    }
}

/// A key without case and separators.
pub fn normalized(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The one key that a configured pointer leads to, whatever the record, if
/// that can be told.
fn plain_key(pointer: &str) -> Option<&str> {
    let key = pointer.strip_prefix('/').unwrap_or(pointer);
    let is_plain = !key.is_empty() && !key.contains(['/', '~']) && (pointer.starts_with('/') || !key.contains('.'));
    is_plain.then_some(key)
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
mod tests;
