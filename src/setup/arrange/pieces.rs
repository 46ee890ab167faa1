//! Pieces of a text that are moved or taken away whole.
//!
//! In: a text, and where its tables and keys stand. Out: the text with
//! `[[panels]]` in another order, or without some lines. Everything else stays
//! to the byte.

use std::ops::Range;

use toml_edit::{Item, Table};

use super::parsed;

/// The text with its `[[panels]]` in this order, each with the comments that
/// are its own: those directly above it, and those directly behind its keys.
/// What stands apart, by an empty line, stays where it is.
pub(super) fn permute(text: &str, order: &[usize]) -> Result<String, String> {
    let document = parsed(text)?;
    let tables = document.get("panels").and_then(Item::as_array_of_tables).ok_or("没有 [[panels]]")?;
    let mut floor = 0;
    let mut pieces: Vec<Range<usize>> = Vec::new();
    for table in tables.iter() {
        let piece = piece_of(text, table, floor).ok_or("[[panels]] 写得无法改写")?;
        floor = piece.end;
        pieces.push(piece);
    }
    if pieces.len() != order.len() {
        return Err("面板的数目与编排时的不同".to_owned());
    }
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for (place, &from) in pieces.iter().zip(order) {
        new += &text[at..place.start];
        new += &text[pieces[from].clone()];
        at = place.end;
    }
    new += &text[at..];
    Ok(new)
}

/// Where a table stands with what is its own; nothing before `floor`.
fn piece_of(text: &str, table: &Table, floor: usize) -> Option<Range<usize>> {
    let header = table.span()?;
    let mut start = line_start(text, header.start);
    while start > floor {
        let above = line_start(text, start - 1);
        if above < floor || !is_comment(&text[above..start]) {
            break;
        }
        start = above;
    }
    let end = line_end(text, end_of(table));
    let mut behind = end;
    while behind < text.len() && is_comment(&text[behind..line_end(text, behind)]) {
        behind = line_end(text, behind);
    }
    // Comments directly above the next header are that one's.
    let touches_next = text[behind..].trim_start_matches([' ', '\t']).starts_with('[');
    Some(start..if touches_next { end } else { behind })
}

/// Where the last of a table ends.
fn end_of(table: &Table) -> usize {
    let of_item = |item: &Item| match item {
        Item::None => 0,
        Item::Value(value) => value.span().map_or(0, |span| span.end),
        Item::Table(inner) => end_of(inner),
        Item::ArrayOfTables(list) => list.iter().map(end_of).max().unwrap_or(0),
    };
    let inner = table.iter().map(|(_, item)| of_item(item)).max().unwrap_or(0);
    inner.max(table.span().map_or(0, |span| span.end))
}

/// The lines of a key of `table` and its value.
pub(super) fn line_of(text: &str, table: &Table, name: &str) -> Option<Range<usize>> {
    let key = table.key(name)?.span()?;
    let value = table.get(name)?.span()?;
    Some(line_start(text, key.start)..line_end(text, value.end))
}

/// The text without these lines.
pub(super) fn without(text: &str, mut lines: Vec<Range<usize>>) -> String {
    lines.sort_by_key(|range| range.start);
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for range in lines {
        new += &text[at..range.start.max(at)];
        at = range.end.max(at);
    }
    new + &text[at..]
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Behind the end of the line.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}
