//! Places of panels written into a configuration, whose comments and layout
//! stay as they are.
//!
//! In: the text, what it means, and where panels are to stand. Out: the new
//! text. What it means is held against what was wanted ([`check`]) before
//! anybody writes it.
//!
//! How it works: what follows what is a matter of the text: whole tables, or
//! items of a list, change places with the comments that are theirs
//! ([`pieces`], [`items`]); a key that goes takes its line along. Then keys are
//! set. The order of a scene's panels is that of its own list, else that of the
//! tables.

mod items;
mod pieces;

use std::collections::BTreeMap;

use toml_edit::{Document, DocumentMut, InlineTable, Item, RawString, TableLike, Value};

use super::fix::{is_of_windows, with_ends_of};
use crate::config::{Cell, Config, Panel, Side};

/// Where panels are to stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// Those that stand elsewhere now.
    pub moved: Vec<Placed>,
    /// How the panels of a scene follow each other, if otherwise than before.
    pub order: Option<Order>,
}

/// Where a panel is to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which.
    pub id: String,
    /// Side of the stage.
    pub side: Side,
    /// What it was given of the grid.
    pub cell: Cell,
}

/// How the panels of a scene follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Position of the scene, from 0.
    pub scene: usize,
    /// Ids of all its panels.
    pub panels: Vec<String>,
}

/// The text with the panels where they are to stand; `config` is what the text
/// means.
///
/// # Errors
/// When the text is no TOML, is written so that it cannot be changed, or does
/// not have these panels.
pub fn apply(text: &str, config: &Config, wanted: &Arrangement) -> Result<String, String> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let mut new = if is_of_windows(body) { body.replace("\r\n", "\n") } else { body.to_owned() };
    if !new.is_empty() && !new.ends_with('\n') {
        new.push('\n');
    }
    if !parsed(&new)?.contains_key("panels") {
        new += &written_out(config);
    }
    if let Some(order) = &wanted.order {
        new = reordered(&new, config, order)?;
    }
    new = without_keys(&new, config, wanted)?;
    new = with_keys(&new, config, wanted)?;
    Ok(format!("{mark}{}", with_ends_of(body, &new)))
}

/// The text with the places of its parts.
fn parsed(text: &str) -> Result<Document<&str>, String> {
    Document::parse(text).map_err(|error| error.message().to_owned())
}

/// Whether `after` is `before` with the panels where they are to stand, and
/// nothing else.
///
/// # Errors
/// What is otherwise.
pub fn check(before: &Config, after: &Config, wanted: &Arrangement) -> Result<(), String> {
    for placed in &wanted.moved {
        let found = after.panels.iter().find(|panel| panel.id == placed.id);
        if found.is_none_or(|panel| (panel.side, panel.cell) != (placed.side, placed.cell)) {
            return Err(format!("改后面板 {} 不在要放的位置", placed.id));
        }
    }
    if let Some(order) = &wanted.order
        && ids_of_scene(after, order.scene) != order.panels.iter().map(String::as_str).collect::<Vec<_>>()
    {
        return Err("改后面板的先后不是所要的".to_owned());
    }
    let is_moved = |id: &str| wanted.moved.iter().any(|placed| placed.id == id);
    if rest(before, &is_moved) == rest(after, &is_moved) {
        Ok(())
    } else {
        Err("改后的配置另有不同".to_owned())
    }
}

/// All of a configuration but where panels stand: panels by id, and which of
/// them each scene has.
fn rest(config: &Config, is_moved: &dyn Fn(&str) -> bool) -> (Config, BTreeMap<String, Panel>, Vec<Vec<String>>) {
    let mut left = config.clone();
    let mut ids_of = |scene: usize| {
        let mut ids: Vec<String> = ids_of_scene(config, scene).into_iter().map(str::to_owned).collect();
        ids.sort_unstable();
        left.scenes[scene].panels.clear();
        ids
    };
    let shown = (0..config.scenes.len()).map(&mut ids_of).collect();
    let unplaced = |mut panel: Panel| {
        if is_moved(&panel.id) {
            (panel.side, panel.cell) = (Side::default(), Cell::default());
        }
        (panel.id.clone(), panel)
    };
    let panels = std::mem::take(&mut left.panels).into_iter().map(unplaced).collect();
    (left, panels, shown)
}

fn ids_of_scene(config: &Config, scene: usize) -> Vec<&str> {
    let shown = config.scenes.get(scene).map(|scene| scene.panels.as_slice()).unwrap_or_default();
    shown.iter().filter_map(|&index| Some(config.panels.get(index)?.id.as_str())).collect()
}

/// The panels of a configuration that names none, written out. Their ids are
/// the names of their kinds.
fn written_out(config: &Config) -> String {
    let table = |panel: &Panel| format!("\n[[panels]]\nid = \"{0}\"\nkind = \"{0}\"\n", panel.id);
    let tables: String = config.panels.iter().map(table).collect();
    // The empty line keeps the comment from going with the first.
    format!("\n# 面板:此前没有写,按已有的数据源自动配齐的就是这些。\n{tables}")
}

/// The text with the panels of a scene in this order.
fn reordered(text: &str, config: &Config, order: &Order) -> Result<String, String> {
    let now = ids_of_scene(config, order.scene);
    let position = |id: &String| now.iter().position(|known| known == id);
    let wanted: Vec<usize> = order.panels.iter().filter_map(position).collect();
    let mut all = wanted.clone();
    all.sort_unstable();
    if all != (0..now.len()).collect::<Vec<_>>() || wanted.len() != order.panels.len() {
        return Err("场景里的面板与编排时的不同".to_owned());
    }
    let mut document: DocumentMut = parsed(text)?.into_mut();
    if let Some(list) = entry_mut(&mut document, "scenes", order.scene).and_then(|scene| scene.get_mut("panels")) {
        let list = list.as_array_mut().ok_or("场景的 panels 不是数组")?;
        items::permute(list, &wanted)?;
        return Ok(document.to_string());
    }
    match document.get_mut("panels") {
        Some(Item::Value(Value::Array(list))) => {
            items::permute(list, &wanted)?;
            Ok(document.to_string())
        }
        Some(Item::ArrayOfTables(_)) => pieces::permute(text, &wanted),
        _ => Err("面板不是以 [[panels]] 写的,无法改写".to_owned()),
    }
}

/// What is to be changed of a panel.
fn changes(before: &Panel, wanted: &Placed) -> Changes {
    let number = |value: Option<u32>| value.map(|value| Value::from(i64::from(value)));
    let (old, new) = (before.cell, wanted.cell);
    let mut changes = Vec::new();
    if before.side != wanted.side {
        changes.push(("side", Some(Value::from(side_name(wanted.side)))));
    }
    for (name, old, new) in
        [("column", old.column, new.column), ("columns", old.columns, new.columns), ("rows", old.rows, new.rows)]
    {
        if old != new {
            changes.push((name, number(new)));
        }
    }
    changes
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Left => "left",
        Side::Right => "right",
        Side::Bottom => "bottom",
    }
}

/// Keys of a panel with the values that they get; `None` takes one away.
type Changes = Vec<(&'static str, Option<Value>)>;

/// Position of a panel in the text, with what is to be changed of it.
fn changes_at(config: &Config, wanted: &Placed, document: &dyn TableLike) -> Result<(usize, Changes), String> {
    let missing = || format!("配置文件里没有面板 {}", wanted.id);
    let before = config.panels.iter().find(|panel| panel.id == wanted.id).ok_or_else(missing)?;
    let panels = document.get("panels").ok_or_else(missing)?;
    let is_it = |item: Option<&str>| item == Some(wanted.id.as_str());
    let position = match panels {
        Item::ArrayOfTables(tables) => tables.iter().position(|table| is_it(table.get("id").and_then(Item::as_str))),
        Item::Value(Value::Array(list)) => list
            .iter()
            .position(|value| is_it(value.as_inline_table().and_then(|table| table.get("id")).and_then(Value::as_str))),
        _ => None,
    };
    Ok((position.ok_or_else(missing)?, changes(before, wanted)))
}

/// The text without the keys that are not written any more; comments above
/// them stay.
fn without_keys(text: &str, config: &Config, wanted: &Arrangement) -> Result<String, String> {
    let document: Document<&str> = parsed(text)?;
    let mut lines = Vec::new();
    for placed in &wanted.moved {
        let (position, changes) = changes_at(config, placed, document.as_table())?;
        let Some(table) = document.get("panels").and_then(Item::as_array_of_tables).and_then(|all| all.get(position))
        else {
            continue;
        };
        for (name, _) in changes.iter().filter(|(_, value)| value.is_none()) {
            lines.extend(pieces::line_of(text, table, name));
        }
    }
    Ok(pieces::without(text, lines))
}

/// The text with the keys that are written now.
fn with_keys(text: &str, config: &Config, wanted: &Arrangement) -> Result<String, String> {
    let mut document: DocumentMut = parsed(text)?.into_mut();
    for placed in &wanted.moved {
        let (position, changes) = changes_at(config, placed, document.as_table())?;
        match document.get_mut("panels") {
            Some(Item::ArrayOfTables(tables)) => {
                let table = tables.get_mut(position).ok_or("没有这个面板")?;
                for (name, value) in changes {
                    // Those without a value went with their lines.
                    value.into_iter().for_each(|value| set(table, name, value));
                }
            }
            Some(Item::Value(Value::Array(list))) => {
                let table = list.get_mut(position).and_then(Value::as_inline_table_mut).ok_or("没有这个面板")?;
                changes.into_iter().for_each(|(name, value)| set_inline(table, name, value));
            }
            _ => return Err("面板不是以 [[panels]] 写的,无法改写".to_owned()),
        }
    }
    Ok(document.to_string())
}

/// One of a list of tables, however it is written.
fn entry_mut<'d>(document: &'d mut DocumentMut, name: &str, position: usize) -> Option<&'d mut dyn TableLike> {
    match document.get_mut(name)? {
        Item::ArrayOfTables(tables) => tables.get_mut(position).map(|table| table as &mut dyn TableLike),
        Item::Value(Value::Array(list)) => {
            list.get_mut(position)?.as_inline_table_mut().map(|table| table as &mut dyn TableLike)
        }
        _ => None,
    }
}

/// Sets a key; what stood around its value stays.
fn set(table: &mut dyn TableLike, name: &str, mut value: Value) {
    if let Some(old) = table.get(name).and_then(Item::as_value) {
        *value.decor_mut() = old.decor().clone();
    }
    match table.get_mut(name) {
        Some(item) => *item = Item::Value(value),
        None => _ = table.insert(name, Item::Value(value)),
    }
}

/// Sets a key inside braces, or takes it away. The blank before the closing
/// brace belongs to whatever is the last value.
fn set_inline(table: &mut InlineTable, name: &str, value: Option<Value>) {
    let is_new = !table.contains_key(name);
    let closing = last_suffix(table, "");
    match value {
        Some(value) if is_new => {
            table.insert(name, value.decorated(" ", ""));
        }
        Some(value) => {
            set(table, name, value);
        }
        None => _ = table.remove(name),
    }
    last_suffix(table, &closing);
}

/// Puts `suffix` behind the last value; returns what was there.
fn last_suffix(table: &mut InlineTable, suffix: &str) -> String {
    let Some((_, value)) = table.iter_mut().last() else { return String::new() };
    let old = value.decor().suffix().and_then(RawString::as_str).unwrap_or_default().to_owned();
    value.decor_mut().set_suffix(suffix);
    old
}

#[cfg(test)]
mod tests;
