//! Patrol tracks.

use serde_json::Value;

use crate::domain::finding::FindingKind;
use crate::domain::geometry::LonLat;
use crate::domain::time::Time;
use crate::domain::track::{Tidied, Track, tidy};

use super::super::elements::Element;
use super::super::fields::{Fields, scalar_text};
use super::devices::told_time;
use super::people::mask_person;
use super::{Context, position_if_told, read_place};

/// No longitude is as large as this, and every instant since January 1970 is.
const SMALLEST_TIME: f64 = 1e6;

/// Points that a track lists, good or not.
pub fn count_points(fields: &Fields<'_>) -> usize {
    fields.tree("points").and_then(Value::as_array).map_or(0, Vec::len)
}

/// Reads one track: `[time, lon, lat]`, `[lon, lat, time]` or objects; from a
/// source that pushes, also a single position. Takes no more than `points_left` points, and lowers that by what it took.
pub fn read(
    fields: &Fields<'_>,
    element: &Element<'_>,
    context: &mut Context<'_>,
    points_left: &mut usize,
) -> Option<Track> {
    let Some(Value::Array(rows)) = fields.tree("points") else {
        let position = context.decoder.is_push.then(|| read_position(fields, element, context)).flatten();
        if position.is_none() {
            context.note(FindingKind::BadField, "没有带时间的轨迹点");
        }
        return position.map(|point| track(fields, vec![point], context));
    };
    let allowed = rows.len().min(*points_left);
    *points_left -= allowed;
    if allowed < rows.len() {
        context.note(FindingKind::Limit, format!("超过顶点数上限,{} 个轨迹点未读", rows.len() - allowed));
    }
    // The newest stand last in almost all sources.
    let rows = &rows[rows.len() - allowed..];
    let mut points: Vec<_> = rows.iter().filter_map(|row| read_point(row, fields, context)).collect();
    if points.len() < rows.len() {
        context.note(FindingKind::BadCoordinate, format!("{} 个轨迹点无法识别,已略去", rows.len() - points.len()));
    }
    note_tidied(tidy(&mut points), context);
    Some(track(fields, points, context))
}

fn track(fields: &Fields<'_>, points: Vec<(Time, LonLat)>, context: &Context<'_>) -> Track {
    Track {
        worker: fields.text("worker").map(|worker| mask_person(&worker, &context.decoder.masks)).unwrap_or_default(),
        area: fields.code("area"),
        points,
        id: context.subject.to_string(),
    }
}

/// Where the worker is: what a message tells that comes with each step.
fn read_position(fields: &Fields<'_>, element: &Element<'_>, context: &mut Context<'_>) -> Option<(Time, LonLat)> {
    let at = position_if_told(fields, element, context)?;
    Some((told_time(fields.time("time"), context).0, at))
}

fn note_tidied(tidied: Tidied, context: &mut Context<'_>) {
    let Tidied { repeated, stray, jumps } = tidied;
    if repeated > 0 {
        context.note(FindingKind::BadField, format!("{repeated} 个轨迹点的时刻重复,每个时刻只取最后一个"));
    }
    if stray > 0 {
        context.note(FindingKind::BadCoordinate, format!("{stray} 个轨迹点跳到别处又跳回(快于 150 km/h),已略去"));
    }
    if jumps > 0 {
        context.note(FindingKind::BadCoordinate, format!("位置跳变 {jumps} 处(快于 150 km/h),轨迹在该处断开"));
    }
}

fn read_point(row: &Value, fields: &Fields<'_>, context: &Context<'_>) -> Option<(Time, LonLat)> {
    let number = |value: &Value| value.as_f64().or_else(|| scalar_text(value)?.parse().ok());
    let (at, lon, lat) = match row {
        Value::Array(row) => {
            let [first, second, third] = row.get(..3)? else { return None };
            // Times as text stand where the text is.
            let time_first = first.as_f64().map_or(third.is_number(), |value| value.abs() > SMALLEST_TIME);
            let (at, pair) = if time_first { (first, [second, third]) } else { (third, [first, second]) };
            let [lon, lat] = context.decoder.frame.sorted([number(pair[0])?, number(pair[1])?]);
            (at, lon, lat)
        }
        row => {
            let first = |keys: [&str; 4]| keys.iter().find_map(|key| row.get(key));
            let lon = first(["lon", "lng", "longitude", "x"])?;
            let lat = first(["lat", "latitude", "y", "纬度"])?;
            (first(["time", "at", "timestamp", "ts"])?, number(lon)?, number(lat)?)
        }
    };
    Some((fields.time_of(at)?, read_place(context, lon, lat)?))
}
