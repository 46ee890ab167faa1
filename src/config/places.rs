//! Where in a configuration something stands.
//!
//! In: the text of a configuration and the way to a key. Out: line and column
//! of the key, or of the nearest table around it that is there.

use toml::de::{DeTable, DeValue};

/// One step on the way to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A key of a table.
    Key(&'a str),
    /// An item of an array, from 0.
    Item(usize),
}

/// A place in a text, both from 1; columns are counted in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// Whether the whole way was there.
    pub is_exact: bool,
}

/// Where the way leads; `None` where not even its first step is there.
pub fn place_of(text: &str, way: &[Step<'_>]) -> Option<Place> {
    let document = DeTable::parse(text).ok()?;
    let mut value: Option<&DeValue<'_>> = None;
    let mut offset = None;
    let mut steps = 0;
    for step in way {
        let (at, next) = match (step, value) {
            (Step::Key(name), None) => {
                document.get_ref().get_key_value(*name).map(|(key, node)| (key.span().start, node))
            }
            (Step::Key(name), Some(DeValue::Table(table))) => {
                table.get_key_value(*name).map(|(key, node)| (key.span().start, node))
            }
            (Step::Item(index), Some(DeValue::Array(array))) => array.get(*index).map(|node| (node.span().start, node)),
            _ => None,
        }
        .unzip();
        let (Some(at), Some(next)) = (at, next) else { break };
        (offset, value, steps) = (Some(at), Some(next.get_ref()), steps + 1);
    }
    let before = &text[..offset?];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some(Place { line, column, is_exact: steps == way.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_and_so_is_what_surrounds_those_that_are_missing() {
        let text = "[wall]\ntitle = \"甲\"\n\n[[sources]]\nid = \"a\"\n\n[[sources]]\nid = \"b\"\n[sources.fields]\n  due = \"/d\"\n";
        let at = |way: &[Step<'_>]| place_of(text, way).map(|place| (place.line, place.column, place.is_exact));
        assert_eq!(at(&[Step::Key("wall"), Step::Key("title")]), Some((2, 1, true)));
        let source = [Step::Key("sources"), Step::Item(1)];
        assert_eq!(at(&source).map(|(line, ..)| line), Some(7));
        let field = [source[0], source[1], Step::Key("fields"), Step::Key("due")];
        assert_eq!(at(&field), Some((10, 3, true)));
        let none = [source[0], source[1], Step::Key("crs")];
        assert_eq!(at(&none).map(|(line, _, is_exact)| (line, is_exact)), Some((7, false)));
        assert_eq!(at(&[Step::Key("nothing")]), None);
        assert_eq!(place_of("= broken", &source), None);
    }
}
