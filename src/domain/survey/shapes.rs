//! The shapes of values: what a member may be by what stands in it.
//!
//! In: single values. Out: counts by shape, and one value as it may be shown:
//! times, numbers and codes as they are, everything else masked, text that may
//! name somebody by its first character.

use serde_json::Value;

use crate::domain::area::Level;
use crate::domain::civil_text;
use crate::domain::privacy::{is_han, mask_free_text};
use crate::domain::written_number;

/// Longest example, characters.
const MAX_EXAMPLE_CHARS: usize = 32;

/// Seconds since 1970 that are believed to be an instant: 2000 to 2100.
const EPOCH_SECS: std::ops::Range<f64> = 946_684_800.0..4_102_444_800.0;

/// How many values of a member are of which shape; one may be of several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shapes {
    /// Texts.
    pub texts: u64,
    /// Numbers, also as text.
    pub numbers: u64,
    /// Numbers with a fraction.
    pub fractions: u64,
    /// Smallest and largest number.
    pub range: Option<[f64; 2]>,
    /// Yes or no as JSON has it.
    pub flags: u64,
    /// Written instants.
    pub instants: u64,
    /// Of them, those with an offset.
    pub with_offset: u64,
    /// Numbers that may be seconds or milliseconds since 1970.
    pub epochs: u64,
    /// Dates whose year stands last: `15/08/2025`.
    pub odd_dates: u64,
    /// Largest first and second number of those.
    pub odd_parts: [u32; 2],
    /// Of those, the ones with a time of day, and with its seconds.
    pub odd_clocks: [u64; 2],
    /// Pairs of numbers.
    pub pairs: u64,
    /// Well-known text, GeoJSON, or such an object.
    pub geometries: u64,
    /// Addresses of pictures.
    pub pictures: u64,
    /// Letters, digits and dashes only.
    pub codes: u64,
    /// Lists.
    pub lists: u64,
    /// Lists of objects.
    pub object_lists: u64,
    /// Most items of a list.
    pub longest_list: usize,
    /// Lists of places with times.
    pub paths: u64,
    /// Objects.
    pub objects: u64,
    endings: [u64; 6],
}

impl Shapes {
    pub(super) fn see_number(&mut self, number: f64, text: &str) {
        if !number.is_finite() {
            return;
        }
        self.numbers += 1;
        self.fractions += u64::from(number.fract() != 0.0);
        let [least, most] = self.range.unwrap_or([number; 2]);
        self.range = Some([least.min(number), most.max(number)]);
        let is_whole = !text.contains(['.', 'e', 'E']);
        let is_epoch = EPOCH_SECS.contains(&number) || EPOCH_SECS.contains(&(number / 1e3));
        self.epochs += u64::from(is_whole && is_epoch);
        let is_date = is_whole && text.parse().ok().and_then(civil_text::from_digits).is_some();
        self.instants += u64::from(is_date);
    }

    pub(super) fn see_text(&mut self, text: &str) {
        self.texts += 1;
        if let Some(ending) = ending_of(text) {
            self.endings[ending as usize] += 1;
        }
        if let Some(number) = written_number::read(text) {
            return self.see_number(number, text);
        }
        if let Some(has_offset) = written_instant(text) {
            self.instants += 1;
            self.with_offset += u64::from(has_offset);
            return;
        }
        if let Some(parts) = odd_date(text) {
            self.odd_dates += 1;
            for (largest, part) in self.odd_parts.iter_mut().zip(parts) {
                *largest = (*largest).max(part);
            }
            let colons = text.matches(':').count();
            self.odd_clocks[0] += u64::from(colons > 0);
            self.odd_clocks[1] += u64::from(colons > 1);
            return;
        }
        self.pairs += u64::from(is_pair(text));
        self.geometries += u64::from(is_geometry_text(text));
        self.pictures += u64::from(is_picture(text));
        self.codes += u64::from(is_code(text));
    }

    pub(super) fn see_tree(&mut self, tree: &Value) {
        match tree {
            Value::Array(list) => {
                self.lists += 1;
                self.longest_list = self.longest_list.max(list.len());
                self.object_lists += u64::from(list.first().is_some_and(Value::is_object));
                self.paths += u64::from(list.first().is_some_and(is_timed_place));
                let numbers = list.iter().filter(|item| item.is_number()).count();
                self.pairs += u64::from(matches!(list.len(), 2 | 3) && numbers == list.len());
            }
            Value::Object(_) => {
                self.objects += 1;
                self.geometries += u64::from(is_geometry(tree));
            }
            _ => {}
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        let ours = [
            &mut self.texts,
            &mut self.numbers,
            &mut self.fractions,
            &mut self.flags,
            &mut self.instants,
            &mut self.with_offset,
            &mut self.epochs,
            &mut self.odd_dates,
            &mut self.pairs,
            &mut self.geometries,
            &mut self.pictures,
            &mut self.codes,
            &mut self.lists,
            &mut self.object_lists,
            &mut self.paths,
            &mut self.objects,
        ];
        let theirs = [
            other.texts,
            other.numbers,
            other.fractions,
            other.flags,
            other.instants,
            other.with_offset,
            other.epochs,
            other.odd_dates,
            other.pairs,
            other.geometries,
            other.pictures,
            other.codes,
            other.lists,
            other.object_lists,
            other.paths,
            other.objects,
        ];
        ours.into_iter().zip(theirs).for_each(|(our, their)| *our += their);
        self.range = match (self.range, other.range) {
            (Some([a, b]), Some([c, d])) => Some([a.min(c), b.max(d)]),
            (one, another) => one.or(another),
        };
        self.longest_list = self.longest_list.max(other.longest_list);
        for index in 0..2 {
            self.odd_parts[index] = self.odd_parts[index].max(other.odd_parts[index]);
            self.odd_clocks[index] += other.odd_clocks[index];
        }
        self.endings.iter_mut().zip(other.endings).for_each(|(our, their)| *our += their);
    }

    /// The `strptime` format of dates whose year stands last, where the values
    /// tell day from month.
    pub fn odd_format(&self) -> Option<String> {
        if self.odd_dates == 0 {
            return None;
        }
        let date = match self.odd_parts {
            [13..=31, 0..=12] => "%d/%m/%Y",
            [0..=12, 13..=31] => "%m/%d/%Y",
            _ => return None,
        };
        Some(match self.odd_clocks {
            [0, _] => date.to_owned(),
            [clocks, 0] if clocks == self.odd_dates => format!("{date} %H:%M"),
            [clocks, seconds] if clocks == self.odd_dates && seconds == clocks => format!("{date} %H:%M:%S"),
            _ => return None,
        })
    }

    /// What most names end in, where most do.
    pub fn ending(&self) -> Option<Level> {
        let (ending, &count) = Level::ALL.into_iter().zip(&self.endings).max_by_key(|(_, count)| **count)?;
        (count * 2 > self.texts).then_some(ending)
    }
}

fn ending_of(name: &str) -> Option<Level> {
    const WORDS: [(&str, Level); 13] = [
        ("微网格", Level::MicroGrid),
        ("网格", Level::Grid),
        ("社区", Level::Community),
        ("居委会", Level::Community),
        ("村委会", Level::Community),
        ("村", Level::Community),
        ("街道", Level::Street),
        ("镇", Level::Street),
        ("乡", Level::Street),
        ("新区", Level::District),
        ("区", Level::District),
        ("县", Level::District),
        ("市", Level::City),
    ];
    WORDS.into_iter().find(|(word, _)| name.ends_with(word)).map(|(_, ending)| ending)
}

/// A written instant, and whether it has an offset.
fn written_instant(text: &str) -> Option<bool> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.len() > 64 {
        return None;
    }
    if text.parse::<jiff::Timestamp>().is_ok() {
        return Some(true);
    }
    civil_text::read(text).map(|(_, offset)| offset.is_some())
}

/// First and second number of a date whose year stands last.
fn odd_date(text: &str) -> Option<[u32; 2]> {
    let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    if clock.len() > 11 || !(clock.is_empty() || clock.contains(':')) {
        return None;
    }
    let mut parts = date.split('/');
    let [first, second, year] = [parts.next()?, parts.next()?, parts.next()?];
    let number = |part: &str| part.parse::<u32>().ok().filter(|part| (1..=31).contains(part));
    (parts.next().is_none() && year.len() == 4 && year.parse::<u32>().is_ok_and(|year| (1900..2200).contains(&year)))
        .then(|| Some([number(first)?, number(second)?]))?
}

fn is_pair(text: &str) -> bool {
    let mut parts = text.split([',', ',', ';', ' ']).filter(|part| !part.is_empty());
    // Whole numbers may be an area code and what follows it.
    let is_coordinate = |part: &str| part.contains('.') && part.parse::<f64>().is_ok_and(|number| number.abs() < 1e9);
    let mut next = || parts.next().is_some_and(|part| is_coordinate(part.trim()));
    next() && next() && parts.next().is_none()
}

fn is_geometry_text(text: &str) -> bool {
    const KINDS: [&str; 6] = ["POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON"];
    let head: String = text.chars().take(24).collect::<String>().to_ascii_uppercase();
    let head =
        head.split_once(';').filter(|(srid, _)| srid.starts_with("SRID")).map_or(head.as_str(), |(_, rest)| rest);
    KINDS
        .iter()
        .any(|kind| head.strip_prefix(kind).is_some_and(|rest| rest.trim_start().starts_with(['(', 'Z', 'M', 'E'])))
        || (text.starts_with('{') && text.contains("\"coordinates\""))
}

/// Whether an object is a GeoJSON geometry.
pub(super) fn is_geometry(value: &Value) -> bool {
    value.get("type").is_some_and(Value::is_string) && value.get("coordinates").is_some_and(Value::is_array)
}

fn is_timed_place(item: &Value) -> bool {
    match item {
        Value::Array(row) => row.len() >= 3 && row.iter().take(3).filter(|cell| cell.is_number()).count() >= 2,
        Value::Object(members) => {
            let has = |names: [&str; 4]| names.iter().any(|name| members.contains_key(*name));
            has(["lon", "lng", "longitude", "x"]) && has(["time", "at", "timestamp", "ts"])
        }
        _ => false,
    }
}

fn is_picture(text: &str) -> bool {
    let bare = text.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".jpg", ".jpeg", ".png"].iter().any(|end| bare.ends_with(end))
}

fn is_code(text: &str) -> bool {
    text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.'))
}

/// A value as it may be shown on a terminal: see the module.
pub fn shown(text: &str) -> String {
    let text = text.trim();
    let plain: String = text.chars().filter(|c| !c.is_control()).take(MAX_EXAMPLE_CHARS).collect();
    let is_cut = text.chars().nth(MAX_EXAMPLE_CHARS).is_some();
    let cut = |text: String| if is_cut { text + "…" } else { text };
    if written_instant(text).is_some() || odd_date(text).is_some() {
        return cut(plain);
    }
    if is_geometry_text(text) {
        return "几何".to_owned();
    }
    if is_picture(text) {
        return "图片地址".to_owned();
    }
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    if let Some(number) = written_number::read(text) {
        let is_epoch = EPOCH_SECS.contains(&number) || EPOCH_SECS.contains(&(number / 1e3));
        // A landline begins with 0, and an instant is told by its day: a number
        // of ten digits may be anybody's.
        let is_epoch = is_epoch && !plain.starts_with('0') && number.fract() == 0.0;
        return match () {
            () if digits < 7 => plain,
            () if is_epoch => {
                let secs = if EPOCH_SECS.contains(&number) { number } else { number / 1e3 };
                let day = jiff::Timestamp::from_second(secs as i64).unwrap_or_default();
                format!("时间戳 {}", day.strftime("%Y-%m-%d"))
            }
            () if number.fract() != 0.0 && number.abs() < 1e9 => {
                format!("{:.6}", number).trim_end_matches('0').to_owned()
            }
            () => hidden_digits(&plain),
        };
    }
    if is_pair(text) {
        let parts = plain.split(',').filter_map(|part| part.trim().parse::<f64>().ok());
        let rounded: Vec<String> = parts.map(|number| ((number * 1e6).round() / 1e6).to_string()).collect();
        return if rounded.len() == 2 { rounded.join(",") } else { "一对坐标".to_owned() };
    }
    let masked = mask_free_text(&plain);
    match masked.chars().next() {
        // A name among others looks like any other text.
        Some(first) if plain.chars().any(is_han) => format!("{first}**"),
        // One letter and eight digits: a passport.
        _ if is_code(text) && digits == 8 && text.len() == 9 => hidden_digits(&plain),
        _ if is_code(text) && digits > 0 && digits < 12 => cut(masked),
        Some(first) if plain.chars().any(char::is_alphabetic) => format!("{first}**"),
        _ if digits >= 7 => hidden_digits(&plain),
        _ => cut(masked),
    }
}

/// A long number: its ends.
fn hidden_digits(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    let tail: String = characters[characters.len().saturating_sub(2)..].iter().collect();
    let head: String = characters.iter().take(2).collect();
    format!("{head}****{tail}")
}

/// A list or an object in words.
pub(super) fn tree_example(tree: &Value) -> String {
    match tree {
        Value::Array(list) => format!("列表({} 项)", list.len()),
        Value::Object(members) => format!("对象({} 个成员)", members.len()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shapes(texts: &[&str]) -> Shapes {
        let mut shapes = Shapes::default();
        texts.iter().for_each(|text| shapes.see_text(text));
        shapes
    }

    #[test]
    fn shapes_are_told_apart() {
        assert_eq!(shapes(&["2025-08-15 09:00:00", "2025年8月15日", "20250815090000"]).instants, 3);
        assert_eq!(shapes(&["2025-08-15T01:00:00Z", "2025-08-15 09:00:00+08:00"]).with_offset, 2);
        assert_eq!(shapes(&["1755219600000", "1755219600"]).epochs, 2);
        assert_eq!(shapes(&["13800131234", "118.78"]).epochs, 0);
        assert_eq!(shapes(&["118.78,32.04", "118.78 32.04", "1,2,3", "a,b"]).pairs, 2);
        assert_eq!(shapes(&["POINT(1 2)", "SRID=4326;POLYGON ((1 2))", "POINTLESS"]).geometries, 2);
        assert_eq!(shapes(&["http://a/b.jpg", "b.PNG?x=1", "c.txt"]).pictures, 2);
        assert_eq!(shapes(&["118.78", "119"]).range, Some([118.78, 119.0]));
        assert_eq!(shapes(&["红花街道", "月牙湖街道", "x"]).ending(), Some(Level::Street));
    }

    #[test]
    fn day_and_month_are_told_apart_only_where_the_values_do() {
        assert_eq!(shapes(&["15/08/2025 09:00", "03/12/2025 10:30"]).odd_format().as_deref(), Some("%d/%m/%Y %H:%M"));
        assert_eq!(shapes(&["8/15/2025", "12/3/2025"]).odd_format().as_deref(), Some("%m/%d/%Y"));
        assert_eq!(shapes(&["01/02/2025"]).odd_format(), None);
        assert_eq!(shapes(&["15/08/2025 09:00", "03/12/2025"]).odd_format(), None);
    }

    #[test]
    fn examples_show_no_person() {
        for (text, expected) in [
            ("2025-08-15 09:00:00", "2025-08-15 09:00:00"),
            ("118.78,32.04", "118.78,32.04"),
            ("张三", "张**"),
            ("反映人:张三丰,电话13800131234", "反**"),
            ("13800131234", "13****34"),
            ("1755219600000", "时间戳 2025-08-15"),
            ("02584521212", "02****12"),
            ("025,84521212", "02****12"),
            ("E12345678", "E1****78"),
            ("320104199001011234", "32****34"),
            ("E-2025-17", "E-2025-17"),
            ("John Smith", "J**"),
            ("3.5", "3.5"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_or_shows_a_mobile_number(before in "\\PC{0,8}", phone in "1[3-9][0-9]{9}") {
            let text = format!("{before}{phone}");
            shapes(&[&text]);
            prop_assert!(!shown(&text).contains(&phone));
        }
    }
}
