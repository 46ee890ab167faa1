//! The domain in the back end's own words: field names, local times and
//! numbers as the usual Chinese platforms write them.

use serde_json::{Value, json};

use crate::domain::camera::Camera;
use crate::domain::device::{Device, DeviceState};
use crate::domain::event::{Channel, Event, Severity};
use crate::domain::figure::Figure;
use crate::domain::time::Time;
use crate::domain::track::Track;
use crate::simulate::calendar;

/// An answer in the usual envelope.
pub fn envelope(data: &Value) -> Value {
    json!({"code": 200, "msg": "ok", "data": data})
}

/// One event; `stages` names its stages.
pub fn event(event: &Event, stages: &[&str]) -> Value {
    let name = |stage: u8| stages.get(usize::from(stage)).copied().unwrap_or("");
    let history: Vec<Value> =
        event.entered.iter().map(|&(stage, at)| json!({"stage": name(stage), "at": text(at)})).collect();
    json!({
        "id": event.id,
        "category": event.category,
        "subcategory": event.subcategory,
        "title": event.title,
        "place": event.place,
        "area": event.area,
        "lon": event.at.map(|at| at.lon),
        "lat": event.at.map(|at| at.lat),
        "severity": match event.severity {
            Severity::Normal => 1,
            Severity::Major => 2,
            Severity::Urgent => 3,
        },
        "channel": match event.channel {
            Channel::Hotline => "hotline",
            Channel::Patrol => "patrol",
            Channel::Iot => "iot",
            Channel::Snapshot => "snapshot",
            Channel::Video => "video",
        },
        "reportedAt": text(event.reported),
        "stage": name(event.stage),
        "history": history,
        "dueAt": event.due.map(text),
        "closedAt": event.closed.map(text),
        "solved": event.solved,
        "satisfied": event.satisfied,
        "returned": event.returned,
        "repeats": event.repeats,
    })
}

/// One camera.
pub fn camera(camera: &Camera) -> Value {
    json!({
        "id": camera.id,
        "name": camera.name,
        "owner": camera.owner,
        "lon": camera.at.lon,
        "lat": camera.at.lat,
        "online": camera.online,
        "picture": camera.picture,
    })
}

/// One device with its reading.
pub fn device(device: &Device) -> Value {
    json!({
        "id": device.id,
        "kind": device.kind,
        "name": device.name,
        "lon": device.at.lon,
        "lat": device.at.lat,
        "state": match device.state {
            DeviceState::Normal => "normal",
            DeviceState::Offline => "offline",
            DeviceState::Alarm => "alarm",
        },
        "value": device.value,
        "unit": device.unit,
        "readAt": device.read.map(text),
    })
}

/// One walk.
pub fn track(track: &Track) -> Value {
    let points: Vec<Value> = track.points.iter().map(|&(at, place)| json!([at.0, place.lon, place.lat])).collect();
    json!({"id": track.id, "worker": track.worker, "area": track.area, "points": points})
}

/// One figure.
pub fn figure(figure: &Figure) -> Value {
    json!({
        "key": figure.key,
        "label": figure.label,
        "value": figure.value,
        "unit": figure.unit,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "previous": figure.previous,
        "moreIsBetter": figure.more_is_better,
        "series": figure.series,
    })
}

fn text(at: Time) -> String {
    calendar::text(at)
}
