//! Cameras and devices: things that stand somewhere and have a state.

use crate::domain::camera::Camera;
use crate::domain::change::{CameraChange, DeviceChange};
use crate::domain::device::{Device, DeviceState};
use crate::domain::finding::FindingKind;
use crate::domain::privacy::mask_free_text;
use crate::domain::time::Time;

use super::super::elements::Element;
use super::super::fields::Fields;
use super::{Context, position, position_if_told};

/// Reads one camera; one without a place is left out.
pub fn read_camera(fields: &Fields<'_>, element: &Element<'_>, context: &mut Context<'_>) -> Option<Camera> {
    let at = position(fields, element, context)?;
    let online = read_online(fields, context);
    let id = context.subject.to_string();
    let masks = &context.decoder.masks;
    Some(Camera {
        name: masks.other(fields.text("name").unwrap_or_else(|| id.clone())),
        owner: masks.other(fields.text("owner").unwrap_or_default()),
        at,
        online: online.unwrap_or(true),
        is_told: online.is_some(),
        picture: fields.text("picture"),
        id,
    })
}

/// Reads one device; one without a place is left out. Its name is masked like
/// free text, because meters and locks are often named after a door.
pub fn read_device(fields: &Fields<'_>, element: &Element<'_>, context: &mut Context<'_>) -> Option<Device> {
    let at = position(fields, element, context)?;
    let state = read_state(fields, context);
    let value = read_value(fields, context);
    let id = context.subject.to_string();
    let masks = &context.decoder.masks;
    Some(Device {
        kind: masks.other(fields.text("kind").unwrap_or_default()),
        name: fields.text("name").map_or_else(|| masks.other(id.clone()), |name| masks.free_text(&name).into_owned()),
        at,
        state: state.unwrap_or_default(),
        is_told: state.is_some(),
        value,
        unit: masks.other(fields.text("unit").unwrap_or_default()),
        read: fields.time("read"),
        id,
    })
}

/// Reads what a message tells of a camera.
pub fn read_camera_change(
    fields: &Fields<'_>,
    element: &Element<'_>,
    context: &mut Context<'_>,
) -> Option<CameraChange> {
    let masks = context.decoder.masks;
    Some(CameraChange {
        name: fields.text("name").map(|name| masks.other(name)),
        owner: fields.text("owner").map(|owner| masks.other(owner)),
        at: position_if_told(fields, element, context),
        online: read_online(fields, context),
        picture: fields.text("picture"),
        id: context.subject.to_string(),
    })
}

/// Reads what a message tells of a device. A reading without a time is of the
/// time at which it came.
pub fn read_device_change(
    fields: &Fields<'_>,
    element: &Element<'_>,
    context: &mut Context<'_>,
) -> Option<DeviceChange> {
    let (state, value) = (read_state(fields, context), read_value(fields, context));
    let is_reading = state.is_some() || value.is_some();
    let told = is_reading.then(|| told_time(fields.time("read"), context));
    let masks = context.decoder.masks;
    Some(DeviceChange {
        kind: fields.text("kind").map(|kind| masks.other(kind)),
        name: fields.text("name").map(|name| masks.free_text(&name).into_owned()),
        at: position_if_told(fields, element, context),
        state,
        value,
        unit: fields.text("unit").map(|unit| masks.other(unit)),
        read: told.map(|(at, _)| at),
        is_undated: told.is_some_and(|(_, is_told)| !is_told),
        id: context.subject.to_string(),
    })
}

fn read_value(fields: &Fields<'_>, context: &mut Context<'_>) -> Option<f64> {
    fields.number_of_unit("value", "unit").unwrap_or_else(|text| {
        context.note(FindingKind::BadField, format!("读数“{}”不是数字", mask_free_text(&text)));
        None
    })
}

/// Milliseconds by which a device's clock may be ahead of ours.
const MOST_AHEAD_MILLIS: i64 = 5 * 60_000;

/// The instant that a message tells. Without one, or with one in the future, it
/// is that at which it came: later messages must not count as older. Tells as
/// well whether it was told.
pub(super) fn told_time(told: Option<Time>, context: &mut Context<'_>) -> (Time, bool) {
    let now = Time::system_now();
    match told {
        Some(at) if at > now.plus_millis(MOST_AHEAD_MILLIS) => {
            context.note(FindingKind::BadField, "时间在将来,按收到的时刻计");
            (now, false)
        }
        told => (told.unwrap_or(now), told.is_some()),
    }
}

fn read_online(fields: &Fields<'_>, context: &mut Context<'_>) -> Option<bool> {
    fields.has("online").then(|| {
        fields.flag("online").unwrap_or_else(|| {
            context.note(FindingKind::BadField, "在线状态无法识别,按离线计");
            false
        })
    })
}

fn read_state(fields: &Fields<'_>, context: &mut Context<'_>) -> Option<DeviceState> {
    let text = fields.text("state")?;
    Some(DeviceState::parse(&text).unwrap_or_else(|| {
        context.note(FindingKind::BadField, format!("未知的设备状态“{}”", mask_free_text(&text)));
        DeviceState::Normal
    }))
}
