//! What the records look like, for `quanyu check` and `quanyu init`.
//!
//! In: records as they came, and the fields that were found in them. Out: a
//! [`Survey`]. Only a decoder that surveys comes here; it may be slow.

use std::borrow::Cow;

use serde_json::Value;

use crate::config::field::FieldKind;
use crate::config::source::Feed;
use crate::domain::survey::{FieldRead, Survey};
use crate::domain::written_number;

use super::super::Decoder;
use super::super::elements::Element;
use super::super::fields::Fields;
use super::super::record::{Cell, Record};

/// Sees a record as it came.
pub fn see_record(survey: &mut Survey, record: &Record<'_>, element: &Element<'_>) {
    if element.is_feature {
        let geometry = element.geometry.as_ref();
        survey.see_geometry(
            geometry.is_some_and(|geometry| !geometry.shape.is_empty()),
            geometry.is_some_and(|geometry| !geometry.lines.is_empty()),
            geometry.is_some_and(|geometry| geometry.point.is_some()),
        );
    }
    match record {
        Record::Row(row) => {
            let headers = row.headers.iter().map(String::as_str);
            survey.see_row(headers.zip(row.cells.iter().copied()));
        }
        Record::Tree(tree) => survey.see_record(tree, element.id.as_ref()),
        Record::Members(members) => {
            let tree: serde_json::Map<String, Value> =
                members.iter().map(|member| (member.key.to_owned(), tree_of(member.value.cell()))).collect();
            survey.see_record(&Value::Object(tree), element.id.as_ref());
        }
    }
}

fn tree_of(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Text(text) => Value::String(text.to_owned()),
        Cell::Number(number) => Value::Number(number.clone()),
        Cell::Tree(tree) => tree.clone(),
    }
}

/// Sees how the fields of a record can be read.
pub fn see_fields(survey: &mut Survey, fields: &Fields<'_>, element: &Element<'_>, decoder: &Decoder) {
    let feed = decoder.fields.feed();
    for (place, name) in feed.field_names().iter().enumerate() {
        let Some(cell) = fields.cell_at(place) else { continue };
        let text = match cell {
            Cell::Text(text) => Cow::Borrowed(text),
            Cell::Number(number) => Cow::Owned(number.to_string()),
            Cell::Tree(_) => Cow::Borrowed(""),
        };
        let word = fields.text_at(place).unwrap_or_default();
        let kind = FieldKind::of(feed, name);
        let read = match kind {
            FieldKind::Time if fields.time_at(place).is_none() => FieldRead::Bad(&text),
            FieldKind::Number if !is_number(fields, place, feed, name) => FieldRead::Bad(&text),
            FieldKind::Longitude | FieldKind::Latitude => match fields.number_at(place) {
                Some(number) if number != 0.0 && is_placed(fields, feed, decoder) => FieldRead::Good,
                _ => FieldRead::Bad(&text),
            },
            FieldKind::Flag if fields.flag_at(place).is_none() => FieldRead::UnknownWord(&word),
            FieldKind::Stage => match word.parse::<usize>() {
                Ok(number) if number < decoder.stages.len() => FieldRead::Good,
                _ if decoder.stages.iter().any(|stage| *stage == word) => FieldRead::Good,
                _ => FieldRead::UnknownWord(&word),
            },
            kind if !kind.knows(&word) => FieldRead::UnknownWord(&word),
            FieldKind::Geometry if element.is_feature && element.geometry.is_none() => FieldRead::Bad(&text),
            _ => FieldRead::Good,
        };
        survey.see_field(name, read);
    }
}

fn is_number(fields: &Fields<'_>, place: usize, feed: Feed, name: &str) -> bool {
    let is_with_unit = matches!((feed, name), (Feed::Devices | Feed::Figures, "value"));
    match fields.text_at(place) {
        Some(text) if written_number::is_nothing(&text) => true,
        _ if is_with_unit => fields.number_of_unit(name, "unit").is_ok(),
        _ => fields.number_at(place).is_some(),
    }
}

/// Whether `lon` and `lat` together are a place of the source's system.
fn is_placed(fields: &Fields<'_>, feed: Feed, decoder: &Decoder) -> bool {
    let names = feed.field_names();
    let number = |name: &str| names.iter().position(|known| *known == name).and_then(|place| fields.number_at(place));
    number("lon").zip(number("lat")).is_none_or(|(lon, lat)| decoder.frame.place([lon, lat]).is_ok())
}
