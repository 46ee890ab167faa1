//! Reading typed values out of a TOML document without stopping at the first
//! fault.
//!
//! In: `toml`'s tree with byte spans. Out: values that remember where they
//! stand ([`At`]), and a complaint for each one that could not be read.
//!
//! How it works: [`FromToml`] reads one value or complains and gives `None`.
//! A struct is read from a table key by key with [`read_key`];
//! [`refuse_unknown`] then complains about the keys that nobody asked for.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Complaints;

/// Longest excerpt of a value that a message repeats, in characters.
const EXCERPT_CHARS: usize = 60;

/// A value with the place where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// What was written.
    pub value: T,
    /// Full path of its key: `sources[2].every`.
    pub key: String,
    /// Byte offset of the value in the text.
    pub offset: usize,
    /// Byte offset of its key; of the value itself in an array.
    pub key_offset: usize,
}

/// A node of the document.
pub(super) type Node<'i> = Spanned<DeValue<'i>>;

/// Something that can be read from one TOML value.
pub(super) trait FromToml: Sized {
    /// Reads `node`, which stands under `key`; complains and gives `None`
    /// when it does not fit.
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self>;
}

/// One value out of a short list of names.
pub(super) trait Choice: Copy {
    /// The names that configuration uses, with what they mean.
    fn choices() -> Vec<(&'static str, Self)>;

    /// Reads a name; a type with more spellings than names adds them here.
    fn parse_choice(text: &str) -> Option<Self> {
        Self::choices().into_iter().find(|(name, _)| *name == text).map(|(_, choice)| choice)
    }
}

/// [`Choice`] for types whose values stand in `ALL`, each with its `name`.
macro_rules! choice_by_name {
    ($($choice:ty),*) => {
        $(impl Choice for $choice {
            fn choices() -> Vec<(&'static str, Self)> {
                Self::ALL.map(|choice| (choice.name(), choice)).into()
            }
        })*
    };
}

pub(super) use choice_by_name;

/// Reads `node` and remembers where it stands. `key_offset` is that of its
/// key; a place of its own when it has none.
fn read_at<T: FromToml>(
    node: &Node<'_>,
    key: String,
    key_offset: Option<usize>,
    complaints: &mut Complaints,
) -> Option<At<T>> {
    let value = T::from_toml(node, &key, complaints)?;
    let offset = node.span().start;
    Some(At { value, key, offset, key_offset: key_offset.unwrap_or(offset) })
}

/// The value of `name` in `table`, which stands under the path `prefix`.
pub(super) fn read_key<T: FromToml>(
    table: &DeTable<'_>,
    prefix: &str,
    name: &str,
    complaints: &mut Complaints,
) -> Option<At<T>> {
    let (written, node) = table.get_key_value(name)?;
    read_at(node, joined(prefix, name), Some(written.span().start), complaints)
}

/// Complains about every key of `table` that is not in `known`.
pub(super) fn refuse_unknown(table: &DeTable<'_>, prefix: &str, known: &[&str], complaints: &mut Complaints) {
    for name in table.keys().filter(|name| !known.contains(&name.get_ref().as_ref())) {
        let message = format!("未知的键 `{}`{}", excerpt(name.get_ref()), hint(name.get_ref(), known));
        complaints.add(name.span().start, joined(prefix, name.get_ref()), message);
    }
}

/// The table in `node`, or a complaint.
pub(super) fn table_in<'n, 'i>(node: &'n Node<'i>, key: &str, complaints: &mut Complaints) -> Option<&'n DeTable<'i>> {
    let table = node.get_ref().as_table();
    if table.is_none() {
        wrong_type(node, key, "表", complaints);
    }
    table
}

/// `prefix.name`, quoted as TOML would where the name is not a bare key.
pub(super) fn joined(prefix: &str, name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let name = if bare { name.to_owned() } else { format!("\"{}\"", excerpt(name)) };
    if prefix.is_empty() { name } else { format!("{prefix}.{name}") }
}

/// Complains that `node` should be `expected`.
pub(super) fn wrong_type(node: &Node<'_>, key: &str, expected: &str, complaints: &mut Complaints) {
    complaints.add(node.span().start, key, format!("应为{expected},却是{}", described(node.get_ref())));
}

/// A value in words. Texts are left out: this says what type it has, and a
/// text in the wrong place may be a secret.
fn described(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(_) => "字符串".to_owned(),
        DeValue::Integer(number) => format!("整数 {number}"),
        DeValue::Float(number) => format!("小数 {number}"),
        DeValue::Boolean(value) => format!("布尔值 {value}"),
        DeValue::Datetime(time) => format!("时间 {time}"),
        DeValue::Array(_) => "数组".to_owned(),
        DeValue::Table(_) => "表".to_owned(),
    }
}

/// The beginning of a text, fit for a terminal: no control characters.
pub(super) fn excerpt(text: &str) -> String {
    let mut shown: String = text.chars().take(EXCERPT_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(EXCERPT_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// What to write instead of `name`: the nearest of `known`, or all of them.
pub(super) fn hint(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(near) => format!("(是否为 `{near}`?)"),
        None if known.is_empty() => String::new(),
        None => format!(",可用的有 {}", quoted_list(known)),
    }
}

/// The names in backquotes, one after another.
pub(super) fn quoted_list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join("、")
}

/// The name in `known` that was probably meant, if one is near.
///
/// Case, `-` and `_` do not count: `staleAfter` is `stale_after`. Otherwise a
/// third of the letters may differ (optimal string alignment), and a name cut
/// short or lengthened counts as one letter: `heatmap` is `heat`.
pub(super) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let meant = letters(name);
    let distance = |candidate: &str| {
        let candidate = letters(candidate);
        let length = candidate.chars().count();
        let begins = candidate.starts_with(&meant) || meant.starts_with(&candidate);
        let distance = strsim::osa_distance(&meant, &candidate);
        let distance = if begins && length.min(meant.chars().count()) > 2 { distance.min(1) } else { distance };
        (distance <= (length + 1) / 3 && distance < length).then_some(distance)
    };
    let near = known.iter().filter_map(|candidate| Some((distance(candidate)?, *candidate)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// What of a name counts in a comparison. Long ones are cut: the comparison
/// takes the product of the lengths.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(EXCERPT_CHARS).collect()
}

impl FromToml for String {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let Some(text) = node.get_ref().as_str() else {
            wrong_type(node, key, "字符串", complaints);
            return None;
        };
        if text.contains("${") {
            let message = "不支持 ${…} 替换,请直接写出值;密钥请写作 headers = { 名称 = { env = \"变量名\" } }";
            complaints.add(node.span().start, key, message);
            return None;
        }
        Some(text.to_owned())
    }
}

impl FromToml for bool {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let value = node.get_ref().as_bool();
        if value.is_none() {
            wrong_type(node, key, " true 或 false", complaints);
        }
        value
    }
}

impl FromToml for f64 {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let number = match node.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n as f64),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let finite = number.filter(|number| number.is_finite());
        if finite.is_none() {
            wrong_type(node, key, "有限的数", complaints);
        }
        finite
    }
}

impl FromToml for u64 {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let number = match node.get_ref() {
            DeValue::Integer(number) => Self::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            wrong_type(node, key, "非负整数", complaints);
        }
        number
    }
}

impl<T: FromToml> FromToml for Vec<At<T>> {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let Some(array) = node.get_ref().as_array() else {
            // `[sources]` for `[[sources]]` is the usual slip.
            let expected = match node.get_ref() {
                DeValue::Table(_) => format!("数组(多个同类的表写作 [[{key}]])"),
                _ => "数组".to_owned(),
            };
            wrong_type(node, key, &expected, complaints);
            return None;
        };
        let items = array.iter().enumerate();
        Some(items.filter_map(|(index, item)| read_at(item, format!("{key}[{index}]"), None, complaints)).collect())
    }
}

/// A table whose keys are the operator's own.
impl<T: FromToml> FromToml for BTreeMap<String, At<T>> {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let table = table_in(node, key, complaints)?;
        let names = table.keys().map(Spanned::get_ref);
        Some(names.filter_map(|name| Some((name.to_string(), read_key(table, key, name, complaints)?))).collect())
    }
}

impl<T: Choice> FromToml for T {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let text = String::from_toml(node, key, complaints)?;
        let choice = T::parse_choice(&text);
        if choice.is_none() {
            let names: Vec<&str> = T::choices().into_iter().map(|(name, _)| name).collect();
            complaints.add(node.span().start, key, not_among(&text, &names));
        }
        choice
    }
}

/// The sentence about a text that is none of `names`.
pub(super) fn not_among(text: &str, names: &[&str]) -> String {
    let near = nearest(text, names).map_or_else(String::new, |near| format!("(是否为 `{near}`?)"));
    format!("不认识 `{}`{near},可用的有 {}", excerpt(text), quoted_list(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_ignore_case_and_dashes() {
        assert_eq!(nearest("staleAfter", &["since", "stale_after"]), Some("stale_after"));
        assert_eq!(nearest("widnow", &["radius", "window"]), Some("window"));
        assert_eq!(nearest("colour", &["every", "window"]), None);
        assert_eq!(nearest("heatmap", &["context", "heat"]), Some("heat"));
        assert_eq!(nearest("b", &["a"]), None);
        assert_eq!(nearest("", &["id"]), None);
    }

    #[test]
    fn excerpts_are_short_and_harmless() {
        assert_eq!(excerpt("红花\u{1b}[31m"), "红花\\u{1b}[31m");
        assert_eq!(excerpt(&"长".repeat(61)).chars().count(), 61);
    }

    #[test]
    fn key_paths_quote_what_is_not_bare() {
        assert_eq!(joined("a", "b-c"), "a.b-c");
        assert_eq!(joined("", "x y"), "\"x y\"");
    }
}
