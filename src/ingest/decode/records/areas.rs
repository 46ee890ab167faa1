//! Areas of the hierarchy.

use std::collections::HashMap;

use rayon::prelude::*;
use serde_json::Value;

use crate::domain::area::{Area, GridKind, Level, Responsible};
use crate::domain::finding::FindingKind;
use crate::domain::heal::{Healed, heal};
use crate::domain::privacy::{Masks, masked};

use super::super::elements::Element;
use super::super::fields::{Fields, cell_text, scalar_text};
use super::super::notes::Notes;
use super::super::record::Cell;
use super::Context;
use super::people::mask_person;

/// Reads one area, and tells whether its level is known. An area without a
/// usable boundary is kept: those below it hang on its code.
pub fn read(fields: &Fields<'_>, element: &mut Element<'_>, context: &mut Context<'_>) -> (Area, bool) {
    context.note_all(element);
    let shape = match element.geometry.take() {
        Some(geometry) => {
            if geometry.shape.is_empty() && element.problems.is_empty() {
                context.note(FindingKind::WrongGeometry, "几何不是多边形");
            }
            geometry.shape
        }
        None => Default::default(),
    };
    let level = read_level(fields, context).or(context.decoder.level);
    let code = context.subject.to_string();
    let area = Area {
        parent: fields.code("parent").or_else(|| context.decoder.parent.clone()).filter(|parent| *parent != code),
        name: fields.text("name").map_or_else(|| code.clone(), |name| context.decoder.masks.other(name)),
        code,
        level: level.unwrap_or(Level::Community),
        kind: read_kind(fields),
        shape,
        households: fields.number("households").filter(|n| *n >= 0.0).map(|n| n as u32),
        responsible: fields
            .cell("responsible")
            .map(|cell| read_responsible(cell, &context.decoder.masks))
            .unwrap_or_default(),
    };
    (area, level.is_some())
}

/// The level that the record names. A level above the city is shown like one.
fn read_level(fields: &Fields<'_>, context: &mut Context<'_>) -> Option<Level> {
    let text = fields.text("level")?;
    let level =
        Level::parse(&text).or_else(|| matches!(text.as_str(), "province" | "country" | "省").then_some(Level::City));
    if level.is_none() {
        context.note(FindingKind::BadField, format!("未知的级别“{}”", masked(&text)));
    }
    level
}

fn read_kind(fields: &Fields<'_>) -> GridKind {
    match fields.text("kind").as_deref() {
        Some("dedicated" | "专属" | "专属网格") => GridKind::Dedicated,
        _ => GridKind::Comprehensive,
    }
}

/// A list of `{role, holder}`, an object of role → holder, or one name.
fn read_responsible(cell: Cell<'_>, masks: &Masks) -> Vec<Responsible> {
    let one = |role: String, holder: Cell<'_>| {
        let holder = mask_person(&cell_text(holder)?, masks);
        Some(Responsible { role: masks.other(role), holder })
    };
    match cell {
        Cell::Tree(Value::Array(list)) => list
            .iter()
            .filter_map(|item| {
                let first = |keys: [&str; 3]| keys.iter().find_map(|key| item.get(key));
                let role = first(["role", "post", "职务"]).and_then(scalar_text).unwrap_or_default();
                one(role, Cell::of(first(["holder", "name", "姓名"])?))
            })
            .collect(),
        Cell::Tree(Value::Object(members)) => {
            members.iter().filter_map(|(role, holder)| one(role.clone(), Cell::of(holder))).collect()
        }
        name => one("责任人".into(), name).into_iter().collect(),
    }
}

/// Makes every boundary valid and notes what it took. All processors take
/// part: a city is a million vertices.
pub fn heal_shapes(areas: &mut [Area], notes: &mut Notes) {
    let healed: Vec<(usize, Healed)> =
        areas.par_iter().enumerate().with_min_len(64).filter_map(|(i, area)| Some((i, heal(&area.shape)?))).collect();
    for (index, Healed { shape, repairs, .. }) in healed {
        let area = &mut areas[index];
        area.shape = shape;
        for repair in repairs {
            if let Some(kind) = repair.finding_kind() {
                notes.add(kind, &area.code, repair.to_string());
            }
        }
    }
}

/// Gives the areas at `without` the level below their parent's; those without
/// a parent of known level stay communities.
pub fn infer_levels(areas: &mut [Area], without: &[usize]) {
    if without.is_empty() {
        return;
    }
    let mut known: HashMap<&str, Level> = HashMap::with_capacity(areas.len());
    let mut open: Vec<usize> = without.to_vec();
    let mut is_open = vec![false; areas.len()];
    open.iter().for_each(|&index| is_open[index] = true);
    known.extend(
        areas.iter().zip(&is_open).filter(|(_, open)| !**open).map(|(area, _)| (area.code.as_str(), area.level)),
    );
    let mut inferred: Vec<(usize, Level)> = Vec::new();
    // Each round finds the children of those found before; a level has
    // nothing below it after six.
    for _ in 1..Level::ALL.len() {
        let before = inferred.len();
        open.retain(|&index| {
            let parent = areas[index].parent.as_deref().and_then(|parent| known.get(parent));
            let Some(level) = parent.and_then(|&parent| below(parent)) else { return true };
            inferred.push((index, level));
            false
        });
        if inferred.len() == before {
            break;
        }
        known.extend(inferred[before..].iter().map(|&(index, level)| (areas[index].code.as_str(), level)));
    }
    for (index, level) in inferred {
        areas[index].level = level;
    }
}

fn below(level: Level) -> Option<Level> {
    Level::ALL.get(level as usize + 1).copied()
}
