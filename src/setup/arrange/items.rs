//! Items of an array in another order, each with its comments.
//!
//! In: an array as it is written, over one line or many. Out: the same with its
//! items in another order. A comment behind an item, and comments on the lines
//! above it, are the item's; commas, blanks and the last line stay in place.

use toml_edit::{Array, RawString, Value};

/// What stands around one item.
#[derive(Clone, Debug, Default)]
struct Around {
    /// From the end of the line above to the item.
    before: String,
    /// Behind its comma, to the end of the line.
    behind: String,
}

/// Puts the items into this order, positions as they are now.
pub(super) fn permute(array: &mut Array, order: &[usize]) -> Result<(), String> {
    if array.len() != order.len() {
        return Err("场景里面板的数目与编排时的不同".to_owned());
    }
    let values: Vec<Value> = array.iter().cloned().collect();
    let count = values.len();
    let mut around = vec![Around::default(); count];
    // Blanks between items of one line, and what follows the opening bracket.
    let mut blanks = vec![String::new(); count];
    for (at, value) in values.iter().enumerate() {
        let prefix = text(value.decor().prefix());
        match prefix.find('\n') {
            None => blanks[at] = prefix.to_owned(),
            Some(end) => {
                let (head, rest) = prefix.split_at(end);
                rest.clone_into(&mut around[at].before);
                match at {
                    0 => head.clone_into(&mut blanks[0]),
                    _ => head.clone_into(&mut around[at - 1].behind),
                }
            }
        }
    }
    let has_comma = array.trailing_comma();
    let last = count.saturating_sub(1);
    let inner = values.last().map_or("", |value| text(value.decor().suffix()));
    let tail = if has_comma { text(Some(array.trailing())) } else { inner }.to_owned();
    let closing = match tail.find('\n') {
        None => tail,
        Some(end) => {
            if let Some(around) = around.get_mut(last) {
                tail[..end].clone_into(&mut around.behind);
            }
            tail[end..].to_owned()
        }
    };
    array.clear();
    let mut behind = String::new();
    for (place, &from) in order.iter().enumerate() {
        let mut value = values.get(from).cloned().ok_or("没有这个面板")?;
        let before = match &around[from].before {
            // A comment reaches to the end of its line.
            own if own.is_empty() && behind.contains('#') => "\n    ".to_owned(),
            own if own.is_empty() => blanks[place].clone(),
            own if place == 0 => format!("{}{own}", blanks[0]),
            own => own.clone(),
        };
        // What stands before the closing bracket is no item's.
        let suffix = if from == last && !has_comma { "" } else { text(value.decor().suffix()) }.to_owned();
        value.decor_mut().set_prefix(format!("{behind}{before}"));
        value.decor_mut().set_suffix(suffix);
        array.push_formatted(value);
        around[from].behind.clone_into(&mut behind);
    }
    let closing = if behind.contains('#') && !closing.contains('\n') { format!("\n{closing}") } else { closing };
    array.set_trailing_comma(has_comma);
    array.set_trailing(format!("{behind}{closing}"));
    Ok(())
}

fn text(raw: Option<&RawString>) -> &str {
    raw.and_then(RawString::as_str).unwrap_or_default()
}
