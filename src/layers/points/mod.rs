//! Points: cameras, devices and events, one instance each.

use std::sync::Arc;

use bevy::prelude::*;

use super::WallTheme;
use super::gpu::{MapScene, PointInstance, PointStyle, PointTable};
use crate::config::Layer;
use crate::domain::device::DeviceState;
use crate::domain::event::Severity;
use crate::map::MapView;
use crate::model::{Areas, Overview, Points, Visible};
use crate::theme::{Rgba, Theme};
use icon::Icon;

mod icon;

/// Revisions that the instances were built from: sets, areas, overview,
/// visible layers.
type Built = ([u64; 2], u64, u64, u8);

/// Rows of the point table.
mod rows {
    pub const CAMERA_ONLINE: u32 = 0;
    pub const CAMERA_OFFLINE: u32 = 1;
    pub const EVENT_NORMAL: u32 = 2;
    pub const EVENT_MAJOR: u32 = 3;
    pub const EVENT_URGENT: u32 = 4;
    /// First of the devices: three states for each icon.
    pub const DEVICES: u32 = 6;
}

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
    mut built: Local<Built>,
) {
    scene.point_table = table(&theme.0, &view);
    let layers: u8 = [Layer::Cameras, Layer::Devices, Layer::Heat]
        .iter()
        .enumerate()
        .map(|(bit, &layer)| u8::from(visible.has(layer)) << bit)
        .sum();
    let sets = [points.cameras_revision, points.devices_revision];
    let wanted = (sets, areas.revision, overview.revision, layers);
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
            style: device_row(Icon::of_kind(&device.kind), device.state),
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
    scene.points = Arc::new(instances);
}

fn device_row(icon: Icon, state: DeviceState) -> u32 {
    let place = Icon::OF_DEVICES.iter().position(|known| *known == icon).unwrap_or(Icon::OF_DEVICES.len() - 1);
    rows::DEVICES + place as u32 * 3 + state as u32
}

/// Design units per metre from which points are badges with icons: a badge
/// then is as wide as a building.
const BADGE_U_PER_M: f64 = 0.42;

/// Diameter of a badge, design units: an icon is read at three metres.
const BADGE_U: f32 = 26.0;

fn table(theme: &Theme, view: &MapView) -> PointTable {
    let mut table = PointTable::default();
    let u = view.unit_px;
    let u_per_m = view.camera.px_per_m / f64::from(u.max(1e-3));
    // From a street on the screen to a community.
    let grow = (u_per_m / 0.08).clamp(1.0, 4.0).sqrt() as f32;
    let mut set = |row: u32, color: Rgba, alpha: f32, size_u: f32, shape: u32| {
        let [r, g, b, _] = color.linear();
        let color = [r, g, b, alpha];
        table[row as usize] = PointStyle { color, size_px: size_u * u, shape, ..PointStyle::default() };
    };
    set(rows::EVENT_NORMAL, theme.accent, 0.0, 6.0, 0);
    set(rows::EVENT_MAJOR, theme.attention, 0.95, 9.0, 2);
    set(rows::EVENT_URGENT, theme.alarm, 1.0, 13.0, 1);
    if u_per_m < BADGE_U_PER_M {
        set(rows::CAMERA_ONLINE, theme.text, 0.62, 2.6 * grow, 0);
        set(rows::CAMERA_OFFLINE, theme.attention, 0.9, 3.4 * grow, 4);
        for icon in Icon::OF_DEVICES {
            set(device_row(icon, DeviceState::Normal), theme.good, 0.55, 2.4 * grow, 2);
            set(device_row(icon, DeviceState::Offline), theme.offline, 0.8, 3.0 * grow, 2);
            set(device_row(icon, DeviceState::Alarm), theme.alarm, 1.0, 11.0, 3);
        }
        return table;
    }
    // Badges grow from half their size while the zoom grows by a half.
    let size_u = BADGE_U * (0.5 + (u_per_m / BADGE_U_PER_M - 1.0)).clamp(0.5, 1.0) as f32;
    let [r, g, b] = [0, 1, 2].map(|channel| f32::from(theme.ground.0[channel]) / 255.0);
    let ground = f32::from(u8::from(r + g + b > 1.5));
    let mut badge = |row: u32, icon: Icon, color: Rgba, state: DeviceState| {
        let [r, g, b, _] = color.linear();
        let shape = PointStyle::BADGE + icon as u32;
        // An alarm is larger than what is well.
        let size_px = size_u * u * if state == DeviceState::Alarm { 1.2 } else { 1.0 };
        table[row as usize] = PointStyle { color: [r, g, b, 1.0], size_px, shape, state: state as u32, ground };
    };
    badge(rows::CAMERA_ONLINE, Icon::Camera, theme.accent, DeviceState::Normal);
    badge(rows::CAMERA_OFFLINE, Icon::Camera, theme.attention, DeviceState::Offline);
    for icon in Icon::OF_DEVICES {
        badge(device_row(icon, DeviceState::Normal), icon, theme.good, DeviceState::Normal);
        badge(device_row(icon, DeviceState::Offline), icon, theme.offline, DeviceState::Offline);
        badge(device_row(icon, DeviceState::Alarm), icon, theme.alarm, DeviceState::Alarm);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ThemeName;

    #[test]
    fn every_row_of_the_table_is_its_own() {
        let states = [DeviceState::Normal, DeviceState::Offline, DeviceState::Alarm];
        let mut rows: Vec<u32> =
            Icon::OF_DEVICES.iter().flat_map(|&icon| states.map(|state| device_row(icon, state))).collect();
        rows.extend([rows::CAMERA_ONLINE, rows::CAMERA_OFFLINE, rows::EVENT_NORMAL, rows::EVENT_MAJOR]);
        rows.push(rows::EVENT_URGENT);
        let count = rows.len();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), count);
        assert!(rows.iter().all(|&row| (row as usize) < PointTable::default().len()));
    }

    #[test]
    fn states_differ_by_shape_and_colour_far_and_near() {
        let theme = Theme::named(ThemeName::Midnight);
        let mut view = MapView::default();
        view.set_layout([1920.0, 1080.0], 1.0, Default::default());
        for u_per_m in [BADGE_U_PER_M * 0.5, BADGE_U_PER_M * 2.0] {
            view.camera.px_per_m = u_per_m;
            let table = table(&theme, &view);
            let row = |state| table[device_row(Icon::Water, state) as usize];
            let [well, alarm] = [row(DeviceState::Normal), row(DeviceState::Alarm)];
            assert_ne!((well.shape, well.state), (alarm.shape, alarm.state));
            assert_ne!(well.color, alarm.color);
        }
    }
}
