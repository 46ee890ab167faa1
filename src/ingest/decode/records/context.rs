//! Water, parks, buildings and roads.

use crate::domain::context::{ContextFeature, ContextKind};
use crate::domain::finding::FindingKind;

use super::super::elements::Element;
use super::super::fields::Fields;
use super::Context;

/// Reads one context feature. Lines without a kind are roads; polygons must
/// say what they are.
pub fn read(fields: &Fields<'_>, element: &mut Element<'_>, context: &mut Context<'_>) -> Option<ContextFeature> {
    context.note_all(element);
    let geometry = element.geometry.take()?;
    let kind = match fields.text("kind") {
        Some(text) => ContextKind::parse(&text),
        None => (!geometry.lines.is_empty()).then_some(ContextKind::Road),
    };
    let Some(kind) = kind else {
        context.note(FindingKind::BadField, "缺少 kind,或不是 water、green、building、road");
        return None;
    };
    let is_road = kind == ContextKind::Road;
    if if is_road { geometry.lines.is_empty() } else { geometry.shape.is_empty() } {
        if element.problems.is_empty() {
            context.note(FindingKind::WrongGeometry, if is_road { "道路不是线" } else { "几何不是多边形" });
        }
        return None;
    }
    Some(ContextFeature {
        kind,
        name: context.decoder.masks.other(fields.text("name").unwrap_or_default()),
        shape: if is_road { Default::default() } else { geometry.shape },
        lines: if is_road { geometry.lines } else { Vec::new() },
        rank: fields.number("rank").map_or(2, |rank| rank.clamp(1.0, 3.0) as u8),
    })
}
