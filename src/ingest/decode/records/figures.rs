//! Figures that a back end reports ready-made.

use serde_json::Value;

use crate::domain::figure::Figure;
use crate::domain::finding::FindingKind;
use crate::domain::privacy::mask_free_text;
use crate::domain::written_number;

use super::super::fields::{Fields, scalar_text};
use super::Context;

/// Reads one figure; one without a key or a value is left out. A ratio whose
/// value is missing is computed from its parts, in percent.
pub fn read(fields: &Fields<'_>, has_key: bool, context: &mut Context<'_>) -> Option<Figure> {
    if !has_key {
        context.note(FindingKind::BadField, "指标没有 key");
        return None;
    }
    let (numerator, denominator) = (fields.number("numerator"), fields.number("denominator"));
    let ratio = || numerator.zip(denominator).filter(|(_, of)| *of != 0.0).map(|(part, of)| part / of * 100.0);
    let value = match fields.number_of_unit("value", "unit") {
        Ok(value) => value.or_else(ratio),
        Err(text) => {
            context.note(FindingKind::BadField, format!("指标的值“{}”不是数字", mask_free_text(&text)));
            return None;
        }
    };
    let Some(value) = value else {
        context.note(FindingKind::BadField, "指标没有数值");
        return None;
    };
    let key = context.subject.to_string();
    Some(Figure {
        area: fields.text("area"),
        label: context.decoder.masks.other(fields.text("label").unwrap_or_else(|| key.clone())),
        value,
        unit: context.decoder.masks.other(fields.text("unit").unwrap_or_default()),
        numerator,
        denominator,
        previous: fields.number("previous"),
        more_is_better: fields.flag("more_is_better"),
        series: fields.tree("series").map(read_series).unwrap_or_default(),
        key,
    })
}

/// Numbers, numbers as text, or objects with a `value`.
fn read_series(value: &Value) -> Vec<f64> {
    let Value::Array(values) = value else { return Vec::new() };
    let number = |value: &Value| value.as_f64().or_else(|| written_number::read(&scalar_text(value)?));
    values.iter().filter_map(|value| number(value.get("value").unwrap_or(value))).filter(|n| n.is_finite()).collect()
}
