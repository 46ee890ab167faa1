//! Patrol tracks.

use serde_json::Value;

use crate::domain::finding::FindingKind;
use crate::domain::geometry::LonLat;
use crate::domain::time::Time;
use crate::domain::track::Track;

use super::super::elements::Element;
use super::super::fields::{Fields, scalar_text};
use super::people::mask_person;
use super::{Context, place};

/// No longitude is as large as this, and every instant since January 1970 is.
const SMALLEST_TIME: f64 = 1e6;

/// Reads one track: `[time, lon, lat]`, `[lon, lat, time]` or objects.
pub fn read(fields: &Fields<'_>, _element: &Element, context: &mut Context<'_>) -> Option<Track> {
    let Some(Value::Array(rows)) = fields.value("points") else {
        context.note(FindingKind::BadField, "没有带时间的轨迹点");
        return None;
    };
    let mut points: Vec<_> = rows.iter().filter_map(|row| read_point(row, fields, context)).collect();
    if points.len() < rows.len() {
        context.note(FindingKind::BadCoordinate, format!("{} 个轨迹点无法识别,已略去", rows.len() - points.len()));
    }
    points.sort_by_key(|&(at, _)| at);
    Some(Track {
        worker: fields.text("worker").map(|worker| mask_person(&worker)).unwrap_or_default(),
        area: fields.code("area"),
        points,
        id: context.subject.clone(),
    })
}

fn read_point(row: &Value, fields: &Fields<'_>, context: &Context<'_>) -> Option<(Time, LonLat)> {
    let number = |value: &Value| value.as_f64().or_else(|| scalar_text(value)?.parse().ok());
    let (at, lon, lat) = match row {
        Value::Array(row) => {
            let [first, second, third] = row.get(..3)? else { return None };
            // Times as text stand where the text is.
            let time_first = first.as_f64().map_or(third.is_number(), |value| value.abs() > SMALLEST_TIME);
            if time_first { (first, number(second)?, number(third)?) } else { (third, number(first)?, number(second)?) }
        }
        row => {
            let first = |keys: [&str; 4]| keys.iter().find_map(|key| row.get(key));
            let lon = first(["lon", "lng", "longitude", "x"])?;
            let lat = first(["lat", "latitude", "y", "纬度"])?;
            (first(["time", "at", "timestamp", "ts"])?, number(lon)?, number(lat)?)
        }
    };
    Some((fields.time_of(at)?, place(context, lon, lat)?))
}
