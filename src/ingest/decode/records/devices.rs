//! Cameras and devices: things that stand somewhere and have a state.

use crate::domain::camera::Camera;
use crate::domain::device::{Device, DeviceState};
use crate::domain::finding::FindingKind;
use crate::domain::privacy::mask_free_text;

use super::super::elements::Element;
use super::super::fields::Fields;
use super::{Context, position};

/// Reads one camera; one without a place is left out.
pub fn read_camera(fields: &Fields<'_>, element: &Element<'_>, context: &mut Context<'_>) -> Option<Camera> {
    let at = position(fields, element, context)?;
    let online = match fields.has("online") {
        false => true,
        true => fields.flag("online").unwrap_or_else(|| {
            context.note(FindingKind::BadField, "在线状态无法识别,按离线计");
            false
        }),
    };
    let id = context.subject.to_string();
    Some(Camera {
        name: fields.text("name").unwrap_or_else(|| id.clone()),
        owner: fields.text("owner").unwrap_or_default(),
        at,
        online,
        picture: fields.text("picture"),
        id,
    })
}

/// Reads one device; one without a place is left out. Its name is masked like
/// free text, because meters and locks are often named after a door.
pub fn read_device(fields: &Fields<'_>, element: &Element<'_>, context: &mut Context<'_>) -> Option<Device> {
    let at = position(fields, element, context)?;
    let state = match fields.text("state") {
        None => DeviceState::Normal,
        Some(text) => DeviceState::parse(&text).unwrap_or_else(|| {
            context.note(FindingKind::BadField, format!("未知的设备状态“{}”", mask_free_text(&text)));
            DeviceState::Normal
        }),
    };
    let id = context.subject.to_string();
    Some(Device {
        kind: fields.text("kind").unwrap_or_default(),
        name: fields.text("name").map_or_else(|| id.clone(), |name| mask_free_text(&name)),
        at,
        state,
        value: fields.number("value"),
        unit: fields.text("unit").unwrap_or_default(),
        read: fields.time("read"),
        id,
    })
}
