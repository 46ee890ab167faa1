//! Changes to a configuration that leave its comments and its layout alone.
//!
//! In: the text, and the changes. Out: the new text, which the caller
//! validates, or why it cannot be changed.

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

/// One change to one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Position of the source in the file, from 0.
    pub source: usize,
    /// What is set.
    pub what: What,
    /// Why, in a few words; written behind the value.
    pub reason: String,
}

/// What is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A key of the source itself: `crs`, `time_zone` …
    Key {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// Where a field is.
    Field {
        /// The field.
        field: String,
        /// A pointer or a column.
        place: String,
    },
    /// What a word means.
    Word {
        /// The field.
        field: String,
        /// The source's word.
        word: String,
        /// The domain's.
        meaning: String,
    },
}

impl What {
    /// The full path of the key in a source.
    pub fn path(&self) -> Vec<String> {
        match self {
            Self::Key { name, .. } => vec![(*name).to_owned()],
            Self::Field { field, .. } => vec!["fields".to_owned(), field.clone()],
            Self::Word { field, word, .. } => vec!["values".to_owned(), field.clone(), word.clone()],
        }
    }

    /// What stands there.
    pub fn value(&self) -> &str {
        match self {
            Self::Key { value, .. } => value,
            Self::Field { place, .. } => place,
            Self::Word { meaning, .. } => meaning,
        }
    }
}

/// The text with the changes in it.
///
/// # Errors
/// When the text is no TOML, or its sources are written so that nothing can be
/// added to them.
pub fn apply(text: &str, changes: &[Change]) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let sources = document
        .get_mut("sources")
        .and_then(Item::as_array_of_tables_mut)
        .ok_or("数据源不是以 [[sources]] 写的,无法改写")?;
    for change in changes {
        apply_one(sources, change)?;
    }
    Ok(with_ends_of(text, &document.to_string()))
}

/// Whether all lines end as those of Windows do.
pub(super) fn is_of_windows(text: &str) -> bool {
    text.contains("\r\n") && !text.replace("\r\n", "").contains('\n')
}

/// `new` with its lines ending as those of `text` do.
pub(super) fn with_ends_of(text: &str, new: &str) -> String {
    if is_of_windows(text) { new.replace("\r\n", "\n").replace('\n', "\r\n") } else { new.to_owned() }
}

fn apply_one(sources: &mut ArrayOfTables, change: &Change) -> Result<(), String> {
    let source = sources.get_mut(change.source).ok_or("没有这个数据源")?;
    let path = change.what.path();
    let (name, way) = path.split_last().ok_or("没有键")?;
    let mut table: &mut dyn toml_edit::TableLike = source;
    for step in way {
        let is_inline = table.get(step).is_some_and(Item::is_value);
        if !table.contains_key(step) {
            // A table of its own, below those of the source that are there.
            let is_outer = step == "values";
            let mut new = Table::new();
            new.set_implicit(is_outer);
            table.insert(step, Item::Table(new));
        }
        let next = table.get_mut(step).and_then(Item::as_table_like_mut);
        table = next.ok_or_else(|| format!("`{step}` 不是表,无法改写"))?;
        if is_inline {
            // No comment fits into one.
            return set_inline(
                table,
                &way[way.iter().position(|known| known == step).unwrap_or(0) + 1..],
                name,
                change,
            );
        }
    }
    set(table, name, change.what.value(), Some(&change.reason));
    Ok(())
}

/// Sets a value inside an inline table.
fn set_inline(
    mut table: &mut dyn toml_edit::TableLike,
    way: &[String],
    name: &str,
    change: &Change,
) -> Result<(), String> {
    for step in way {
        if !table.contains_key(step) {
            table.insert(step, Item::Value(Value::InlineTable(InlineTable::new())));
        }
        let next = table.get_mut(step).and_then(Item::as_table_like_mut);
        table = next.ok_or_else(|| format!("`{step}` 不是表,无法改写"))?;
    }
    // The blank before the closing brace belongs to the last value.
    if !table.contains_key(name)
        && let Some((_, last)) = table.iter_mut().last()
        && let Some(value) = last.as_value_mut()
    {
        value.decor_mut().set_suffix("");
    }
    set(table, name, change.what.value(), None);
    if let Some(value) = table.get_mut(name).and_then(Item::as_value_mut) {
        value.decor_mut().set_suffix(" ");
    }
    Ok(())
}

/// Sets a value; what stood around it stays, and behind a new one stands why.
fn set(table: &mut dyn toml_edit::TableLike, name: &str, text: &str, reason: Option<&str>) {
    let mut value = Value::from(text);
    match table.get(name).and_then(Item::as_value) {
        Some(old) => *value.decor_mut() = old.decor().clone(),
        None => {
            if let Some(reason) = reason {
                let plain: String = reason.chars().filter(|c| !c.is_control()).collect();
                value.decor_mut().set_prefix(" ");
                value.decor_mut().set_suffix(format!("  # 推测:{plain}"));
            }
        }
    }
    match table.get_mut(name) {
        Some(item) => *item = Item::Value(value),
        None => _ = table.insert(name, Item::Value(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(source: usize, what: What) -> Change {
        Change { source, what, reason: "名称".into() }
    }

    fn field(field: &str, place: &str) -> What {
        What::Field { field: field.into(), place: place.into() }
    }

    const TEXT: &str = "# 开头的话\n[wall]\ntitle = '甲'   # 标题\n\n[[sources]]\nid = \"a\" # 第一个\nfeed = \"events\"\n\n# 对应\n[sources.fields]\nid = \"/x\"\n\n[[sources]]\nid = \"b\"\nfeed = \"events\"\ncrs = \"wgs84\"  # 坐标\n\n[[panels]]\nid = \"p\"\n";

    #[test]
    fn comments_and_layout_stay() {
        let new = apply(
            TEXT,
            &[
                change(0, field("reported", "/t")),
                change(1, What::Key { name: "crs", value: "gcj02".into() }),
                change(1, field("id", "/code")),
                change(1, What::Word { field: "stage".into(), word: "待 派".into(), meaning: "派单".into() }),
            ],
        )
        .unwrap();
        let expected = "# 开头的话\n[wall]\ntitle = '甲'   # 标题\n\n[[sources]]\nid = \"a\" # 第一个\nfeed = \"events\"\n\n# 对应\n[sources.fields]\nid = \"/x\"\nreported = \"/t\"  # 推测:名称\n\n[[sources]]\nid = \"b\"\nfeed = \"events\"\ncrs = \"gcj02\"  # 坐标\n\n[sources.fields]\nid = \"/code\"  # 推测:名称\n\n[sources.values.stage]\n\"待 派\" = \"派单\"  # 推测:名称\n\n[[panels]]\nid = \"p\"\n";
        assert_eq!(new, expected);
        assert!(new.parse::<DocumentMut>().is_ok());
    }

    #[test]
    fn inline_tables_stay_inline() {
        let text = "[[sources]]\nid = \"a\"\nfields = { id = \"/x\" }\n";
        let new = apply(text, &[change(0, field("reported", "/t"))]).unwrap();
        assert_eq!(new, "[[sources]]\nid = \"a\"\nfields = { id = \"/x\", reported = \"/t\" }\n");
    }

    #[test]
    fn what_cannot_be_changed_is_said() {
        assert!(apply("sources = [{ id = \"a\" }]\n", &[change(0, field("id", "/x"))]).is_err());
        assert!(apply("[[sources]]\nid = 1\n", &[change(3, field("id", "/x"))]).is_err());
        assert!(apply("= x", &[change(0, field("id", "/x"))]).is_err());
    }

    #[test]
    fn ends_of_lines_stay() {
        let text = "[[sources]]\r\nid = \"a\"\r\n";
        let new = apply(text, &[change(0, field("reported", "/t"))]).unwrap();
        assert!(!new.replace("\r\n", "").contains('\n') && new.contains("reported = \"/t\""), "{new:?}");
    }
}
