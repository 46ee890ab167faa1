//! Points: cameras, devices and events, one instance each.

use std::sync::Arc;

use bevy::prelude::*;

use super::WallTheme;
use super::gpu::{MapScene, PointInstance, PointStyle, PointTable};
use crate::config::Layer;
use crate::domain::device::DeviceState;
use crate::domain::event::Severity;
use crate::map::MapView;
use crate::model::{Areas, Overview, Points, Visible, WallClock};
use crate::theme::{Rgba, Theme};

/// Revisions that the instances were built from: sets, areas, overview, the
/// shown minute, visible layers.
type Built = ([u64; 3], u64, u64, i64, u8);

/// Rows of the point table.
mod rows {
    pub const CAMERA_ONLINE: u32 = 0;
    pub const CAMERA_OFFLINE: u32 = 1;
    pub const DEVICE_NORMAL: u32 = 2;
    pub const DEVICE_OFFLINE: u32 = 3;
    pub const DEVICE_ALARM: u32 = 4;
    pub const EVENT_NORMAL: u32 = 5;
    pub const EVENT_MAJOR: u32 = 6;
    pub const EVENT_URGENT: u32 = 7;
    pub const WORKER: u32 = 8;
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Rebuilds the instances when a set, the areas or the visible layers changed;
/// the sizes follow the zoom each frame.
pub(super) fn sync(
    mut scene: ResMut<MapScene>,
    points: Res<Points>,
    areas: Res<Areas>,
    overview: Res<Overview>,
    visible: Res<Visible>,
    view: Res<MapView>,
    theme: Res<WallTheme>,
    clock: Res<WallClock>,
    mut built: Local<Built>,
) {
    scene.point_table = table(&theme.0, &view);
    let now = clock.now();
    let layers: u8 = [Layer::Cameras, Layer::Devices, Layer::Heat, Layer::Tracks]
        .iter()
        .enumerate()
        .map(|(bit, &layer)| u8::from(visible.has(layer)) << bit)
        .sum();
    // Workers move with the minute, everything else with its data.
    let minute = now.0.div_euclid(60_000);
    let sets = [points.cameras_revision, points.devices_revision, points.tracks_revision];
    let wanted = (sets, areas.revision, overview.revision, minute, layers);
    if *built == wanted {
        return;
    }
    *built = wanted;
    let mut instances = Vec::new();
    let project = |lon: f64, lat: f64| areas.projection.local_from_lonlat([lon, lat]).map(|v| v as f32);
    if visible.has(Layer::Cameras) {
        instances.extend(points.cameras().map(|(_, camera)| PointInstance {
            at: project(camera.at.lon, camera.at.lat),
            style: if camera.online { rows::CAMERA_ONLINE } else { rows::CAMERA_OFFLINE },
            born_secs: -1.0,
        }));
    }
    if visible.has(Layer::Devices) {
        let mut devices: Vec<_> = points.devices().collect();
        // Alarms last, so that they lie on top.
        devices.sort_by_key(|device| device.state);
        instances.extend(devices.into_iter().map(|device| PointInstance {
            at: project(device.at.lon, device.at.lat),
            style: match device.state {
                DeviceState::Normal => rows::DEVICE_NORMAL,
                DeviceState::Offline => rows::DEVICE_OFFLINE,
                DeviceState::Alarm => rows::DEVICE_ALARM,
            },
            born_secs: -1.0,
        }));
    }
    if visible.has(Layer::Heat) {
        instances.extend(overview.window.iter().map(|event| PointInstance {
            at: event.at,
            style: match event.severity {
                Severity::Normal => rows::EVENT_NORMAL,
                Severity::Major => rows::EVENT_MAJOR,
                Severity::Urgent => rows::EVENT_URGENT,
            },
            born_secs: event.born_secs,
        }));
    }
    if visible.has(Layer::Tracks) {
        instances.extend(points.tracks().filter_map(|track| {
            let (_, at) = track.points.iter().rev().find(|(reached, _)| *reached <= now)?;
            Some(PointInstance { at: project(at.lon, at.lat), style: rows::WORKER, born_secs: -1.0 })
        }));
    }
    scene.points = Arc::new(instances);
}

fn table(theme: &Theme, view: &MapView) -> PointTable {
    let mut table = PointTable::default();
    let u = view.unit_px;
    let grow = (view.zoom_ratio() as f32).clamp(1.0, 8.0).sqrt();
    let mut set = |row: u32, color: Rgba, alpha: f32, size_u: f32, shape: u32| {
        let [r, g, b, _] = color.linear();
        table[row as usize] = PointStyle { color: [r, g, b, alpha], size_px: size_u * u, shape, pad: [0.0; 2] };
    };
    set(rows::CAMERA_ONLINE, theme.text, 0.62, 2.6 * grow, 0);
    set(rows::CAMERA_OFFLINE, theme.attention, 0.9, 3.4 * grow, 4);
    set(rows::DEVICE_NORMAL, theme.good, 0.55, 2.4 * grow, 2);
    set(rows::DEVICE_OFFLINE, theme.offline, 0.8, 3.0 * grow, 2);
    set(rows::DEVICE_ALARM, theme.alarm, 1.0, 11.0, 3);
    set(rows::EVENT_NORMAL, theme.accent, 0.0, 6.0, 0);
    set(rows::EVENT_MAJOR, theme.attention, 0.95, 9.0, 2);
    set(rows::EVENT_URGENT, theme.alarm, 1.0, 13.0, 1);
    set(rows::WORKER, theme.text, 1.0, 8.0, 0);
    table
}
