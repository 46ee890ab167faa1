//! Points: cameras, devices and events, one by one, as bubbles that count
//! many, or as marks of alerts; and where bubbles stand so that no name hides
//! a number.
//!
//! In: [`Marks`], the placed names, theme and view. Out: one instance for each
//! mark, and the numbers, which the shell writes over the map.

use std::sync::Arc;

use bevy::prelude::*;
use bevy_egui::egui;

use super::WallTheme;
use super::gpu::{MapScene, PointInstance, PointStyle, PointTable};
use super::labels::{PlacedLabels, alert_px, overlaps};
use crate::config::Layer;
use crate::domain::device::DeviceState;
use crate::domain::event::Severity;
use crate::map::marks::{BADGE_U, BADGE_U_PER_M, Class, Icon, Look, Mark, bubble_diameter_u};
use crate::map::{MapView, Marks, ScreenRect};
use crate::model::{Overview, Visible};
use crate::theme::{Rgba, Theme, size};

/// Rows of the point table after those of the classes.
mod rows {
    pub const BUBBLE: u32 = 31;
}

/// What the instances were built from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct BuiltFrom {
    marks: u64,
    overview: u64,
    has_events: bool,
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Rebuilds the instances when marks, names or events changed; the sizes follow
/// the zoom each frame.
pub(super) fn sync(
    mut scene: ResMut<MapScene>,
    mut marks: ResMut<Marks>,
    labels: Res<PlacedLabels>,
    overview: Res<Overview>,
    visible: Res<Visible>,
    view: Res<MapView>,
    theme: Res<WallTheme>,
    mut built: Local<BuiltFrom>,
    mut shifted_for: Local<(u64, u64)>,
) {
    scene.point_table = table(&theme.0, &view);
    scene.has_badges = scene.point_table.iter().any(|row| row.shape >= PointStyle::BADGE);
    let wanted = BuiltFrom { marks: marks.revision, overview: overview.revision, has_events: visible.has(Layer::Heat) };
    // Names move with the view; bubbles beside them seldom do.
    let mut is_same = *built == wanted;
    if *shifted_for != (marks.revision, labels.revision) {
        *shifted_for = (marks.revision, labels.revision);
        let shifts_px = shifts(&marks, &labels, &view);
        if marks.shifts_px != shifts_px {
            marks.shifts_px = shifts_px;
            is_same = false;
        }
    }
    if is_same {
        return;
    }
    *built = wanted;
    let mut instances = Vec::new();
    if visible.has(Layer::Heat) {
        instances.extend(news(&overview));
    }
    instances.extend(marks.placed.iter().zip(&marks.shifts_px).map(|(mark, &shift_px)| instance(mark, shift_px)));
    // Marks come in the order in which they lie on each other: bubbles are a run.
    let is_bubble = |instance: &PointInstance| instance.style & 0xff == rows::BUBBLE;
    let first = instances.iter().position(is_bubble).unwrap_or(instances.len());
    let count = instances[first..].iter().take_while(|instance| is_bubble(instance)).count();
    scene.bubbles = first as u32..(first + count) as u32;
    scene.points = Arc::new(instances);
}

/// Ordinary events that have just come, to pulse: the heat tells of all others.
fn news(overview: &Overview) -> impl Iterator<Item = PointInstance> {
    let fresh = overview.window.iter().filter(|event| event.born_secs >= 0.0 && event.severity == Severity::Normal);
    fresh.map(|event| PointInstance {
        at: event.at,
        // Only its pulse: once it has room, a mark of its own stands there.
        style: u32::from(Class::event(Severity::Normal).row()) | 0xff << 8,
        born_secs: event.born_secs,
        shift_px: [0.0; 2],
    })
}

/// Transparency of points outside of the focus.
const OUTSIDE: u32 = 190;

fn instance(mark: &Mark, [x, y]: [f32; 2]) -> PointInstance {
    let style = match mark.look {
        Look::Bubble { count, off } => {
            let share = (f64::from(off) / f64::from(count.max(1)) * 255.0).ceil() as u32;
            rows::BUBBLE | share << 16 | (bubble_diameter_u(mark.look) as u32) << 24
        }
        Look::Point(class) | Look::Alert { class, .. } => u32::from(class.row()),
        Look::Outside(class) => u32::from(class.row()) | OUTSIDE << 8,
    };
    PointInstance { at: mark.at.map(|v| v as f32), style, born_secs: mark.born_secs, shift_px: [x, -y] }
}

/// Air between a bubble and what it keeps off, design units.
const AIR_U: f32 = 2.0;
/// Farthest that a bubble is pushed aside, design units.
const FARTHEST_U: f32 = 72.0;
/// From one try to the next, design units.
const STEP_U: f32 = 6.0;
/// Directions of a try.
const DIRECTIONS: usize = 16;

/// How far bubbles are drawn beside their places, so that they keep off names,
/// alerts and each other. A bubble stands for a neighbourhood: some pixels off
/// its middle it still does, while a number under a name cannot be read.
fn shifts(marks: &Marks, labels: &PlacedLabels, view: &MapView) -> Vec<[f32; 2]> {
    let mut shifts_px = vec![[0.0; 2]; marks.placed.len()];
    let at_px = |mark: &Mark| view.screen_from_local_at(mark.at, mark.height_m * view.rise());
    let around = |[x, y]: [f32; 2], r: f32| ScreenRect { min: [x - r, y - r], max: [x + r, y + r] };
    let alert = |mark: &Mark| match mark.look {
        Look::Alert { count, .. } => Some(alert_px(at_px(mark), count, view.unit_px)),
        _ => None,
    };
    let alerts: Vec<ScreenRect> = marks.placed.iter().filter_map(alert).collect();
    let names = labels.labels.iter().map(|label| label.rect_px);
    let fixed: Vec<ScreenRect> = names.chain(view.keep_clear.iter().copied()).collect();
    let mut taken: Vec<([f32; 2], f32)> = Vec::new();
    for (index, mark) in marks.placed.iter().enumerate() {
        let diameter_u = bubble_diameter_u(mark.look);
        if diameter_u == 0.0 {
            continue;
        }
        let radius_px = (diameter_u / 2.0 + AIR_U) * view.unit_px;
        let at = at_px(mark);
        if !is_near(&view.free, at, radius_px * 3.0) {
            continue;
        }
        let near = around(at, radius_px + FARTHEST_U * view.unit_px);
        let those_near = |rects: &[ScreenRect]| -> Vec<ScreenRect> {
            rects.iter().filter(|rect| overlaps(rect, &near)).copied().collect()
        };
        let (near_fixed, near_alerts) = (those_near(&fixed), those_near(&alerts));
        let near_taken: Vec<([f32; 2], f32)> =
            taken.iter().filter(|(at, r)| overlaps(&around(*at, *r), &near)).copied().collect();
        let is_open = |[dx, dy]: [f32; 2]| {
            let [x, y] = [at[0] + dx, at[1] + dy];
            let square = around([x, y], radius_px);
            let hits_bubble = |&([bx, by], other): &([f32; 2], f32)| (x - bx).hypot(y - by) < other + radius_px;
            !near_fixed.iter().any(|rect| overlaps(rect, &square)) && !near_taken.iter().any(hits_bubble)
        };
        let is_clear = |&[dx, dy]: &[f32; 2]| {
            let square = around([at[0] + dx, at[1] + dy], radius_px);
            !near_alerts.iter().any(|rect| overlaps(rect, &square))
        };
        // Where it is too crowded, rather under an alert than under a name.
        let mut first_open = None;
        let clear = ways_out(view.unit_px).filter(|&by| is_open(by)).find(|by| {
            first_open.get_or_insert(*by);
            is_clear(by)
        });
        let shift = clear.or(first_open).unwrap_or_default();
        taken.push(([at[0] + shift[0], at[1] + shift[1]], radius_px));
        shifts_px[index] = shift;
    }
    shifts_px
}

/// Where a bubble may go, the shortest way first, up and down before aside.
fn ways_out(unit_px: f32) -> impl Iterator<Item = [f32; 2]> {
    let rings = 1..=(FARTHEST_U / STEP_U) as usize;
    let tries = rings.flat_map(move |ring| {
        (0..DIRECTIONS).map(move |direction| {
            let angle = direction as f32 / DIRECTIONS as f32 * std::f32::consts::TAU;
            let way_px = ring as f32 * STEP_U * unit_px;
            [(angle.sin() * way_px).round(), (-angle.cos() * way_px).round()]
        })
    });
    std::iter::once([0.0; 2]).chain(tries)
}

fn is_near(free: &ScreenRect, at: [f32; 2], by_px: f32) -> bool {
    (0..2).all(|axis| at[axis] > free.min[axis] - by_px && at[axis] < free.max[axis] + by_px)
}

/// Writes the numbers of bubbles and of alerts that stand for several;
/// `px_per_point` converts physical pixels to egui's points.
pub fn counts_ui(
    painter: &egui::Painter,
    marks: &Marks,
    labels: &PlacedLabels,
    view: &MapView,
    theme: &WallTheme,
    px_per_point: f32,
) {
    let unit = view.unit_px / px_per_point;
    let font = egui::FontId::new(size::SMALL * unit, egui::FontFamily::Name("bold".into()));
    let color = |Rgba([r, g, b, _]): Rgba| egui::Color32::from_rgb(r, g, b);
    for (index, mark) in marks.placed.iter().enumerate() {
        let (count, is_beside) = match mark.look {
            Look::Bubble { count, .. } => (count, false),
            Look::Alert { count, .. } if count > 1 => (count, true),
            _ => continue,
        };
        let [x, y] = marks.screen_px(index, view);
        if !is_near(&view.free, [x, y], 0.0) {
            continue;
        }
        let galley = painter.layout_no_wrap(count_text(count), font.clone(), egui::Color32::PLACEHOLDER);
        let half = galley.size() / 2.0;
        let middle = egui::pos2(x / px_per_point, y / px_per_point);
        // Beside an alert, right of it or where no name stands.
        let beside = |way: f32| middle + egui::vec2(way * (9.0 * unit + half.x) - half.x, -half.y);
        let is_free = |at: egui::Pos2| {
            let [min, max] = [at, at + galley.size()].map(|p| [p.x * px_per_point, p.y * px_per_point]);
            !labels.labels.iter().any(|label| overlaps(&label.rect_px, &ScreenRect { min, max }))
        };
        let side = if !is_free(beside(1.0)) && is_free(beside(-1.0)) { -1.0 } else { 1.0 };
        let at = if is_beside { beside(side) } else { middle - half };
        // Whole pixels: glyphs stay sharp.
        let at = egui::pos2((at.x * px_per_point).round() / px_per_point, (at.y * px_per_point).round() / px_per_point);
        if is_beside {
            let behind = egui::Rect::from_min_size(at, galley.size()).expand2(egui::vec2(2.0 * unit, -2.0 * unit));
            painter.rect_filled(behind, 3.0 * unit, color(theme.0.ground).gamma_multiply(0.8));
        }
        painter.galley_with_override_text_color(at, galley, color(theme.0.text));
    }
}

/// At most four digits: 9999, 1.2万.
fn count_text(count: u32) -> String {
    match count {
        0..=9_999 => count.to_string(),
        10_000..=99_999 => format!("{:.1}万", f64::from(count) / 10_000.0),
        _ => format!("{}万", (f64::from(count) / 10_000.0).round()),
    }
}

/// Grey that stands out from the theme's colours: of grounds and outlines.
fn grey_of(theme: &Theme) -> f32 {
    let [r, g, b] = [0, 1, 2].map(|channel| f32::from(theme.ground.0[channel]) / 255.0);
    f32::from(u8::from(r + g + b > 1.5))
}

fn table(theme: &Theme, view: &MapView) -> PointTable {
    let mut table = PointTable::default();
    let u = view.unit_px;
    let u_per_m = view.camera.px_per_m / f64::from(u.max(1e-3));
    let is_near = u_per_m >= BADGE_U_PER_M;
    // From a street on the screen to a community.
    let grow = (u_per_m / 0.08).clamp(1.0, 4.0).sqrt() as f32;
    let ground = grey_of(theme);
    let mut set = |row: u32, color: Rgba, alpha: f32, size_u: f32, shape: u32, is_outlined: bool| {
        let [r, g, b, _] = color.linear();
        let color = [r, g, b, alpha];
        let state = u32::from(is_outlined);
        table[row as usize] = PointStyle { color, size_px: size_u * u, shape, state, ground };
    };
    let row = |class: Class| u32::from(class.row());
    let [normal, major, urgent] = [Severity::Normal, Severity::Major, Severity::Urgent].map(|s| row(Class::event(s)));
    let larger = if is_near { 1.4 } else { 1.0 };
    set(normal, theme.accent, if is_near { 1.0 } else { 0.0 }, 6.0 * larger * larger, 0, is_near);
    set(major, theme.attention, 1.0, 11.0 * larger, 2, true);
    set(urgent, theme.alarm, 1.0, 15.0 * larger, 1, true);
    set(rows::BUBBLE, theme.accent, 1.0, 1.0, PointStyle::BUBBLE, false);
    if !is_near {
        set(row(Class::CAMERA_ONLINE), theme.text, 0.62, 2.6 * grow, 0, false);
        set(row(Class::CAMERA_OFFLINE), theme.attention, 0.9, 3.4 * grow, 4, false);
        for icon in Icon::OF_DEVICES {
            set(row(Class::device(icon, DeviceState::Normal)), theme.good, 0.55, 2.4 * grow, 2, false);
            set(row(Class::device(icon, DeviceState::Offline)), theme.offline, 0.8, 3.0 * grow, 2, false);
            set(row(Class::device(icon, DeviceState::Alarm)), theme.alarm, 1.0, 15.0, 3, true);
        }
        return table;
    }
    // Badges grow from half their size while the zoom grows by a half.
    let size_u = BADGE_U * (0.5 + (u_per_m / BADGE_U_PER_M - 1.0)).clamp(0.5, 1.0) as f32;
    let mut badge = |row: u32, icon: Icon, color: Rgba, state: DeviceState| {
        let [r, g, b, _] = color.linear();
        let shape = PointStyle::BADGE + icon as u32;
        // An alarm is larger than what is well.
        let size_px = size_u * u * if state == DeviceState::Alarm { 1.2 } else { 1.0 };
        table[row as usize] = PointStyle { color: [r, g, b, 1.0], size_px, shape, state: state as u32, ground };
    };
    badge(row(Class::CAMERA_ONLINE), Icon::Camera, theme.accent, DeviceState::Normal);
    badge(row(Class::CAMERA_OFFLINE), Icon::Camera, theme.attention, DeviceState::Offline);
    for icon in Icon::OF_DEVICES {
        let row = |state| row(Class::device(icon, state));
        badge(row(DeviceState::Normal), icon, theme.good, DeviceState::Normal);
        badge(row(DeviceState::Offline), icon, theme.offline, DeviceState::Offline);
        badge(row(DeviceState::Alarm), icon, theme.alarm, DeviceState::Alarm);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ThemeName;

    #[test]
    fn every_row_of_the_table_is_its_own() {
        let rows: Vec<u32> = Class::all().map(|class| u32::from(class.row())).collect();
        assert!(!rows.contains(&rows::BUBBLE));
        assert!((rows::BUBBLE as usize) < PointTable::default().len());
    }

    #[test]
    fn states_differ_by_shape_and_colour_far_and_near() {
        let theme = Theme::named(ThemeName::Midnight);
        let mut view = MapView::default();
        view.set_layout([1920.0, 1080.0], 1.0, Default::default());
        for u_per_m in [BADGE_U_PER_M * 0.5, BADGE_U_PER_M * 2.0] {
            view.camera.px_per_m = u_per_m;
            let table = table(&theme, &view);
            let row = |state| table[usize::from(Class::device(Icon::Water, state).row())];
            let [well, alarm] = [row(DeviceState::Normal), row(DeviceState::Alarm)];
            assert_ne!((well.shape, well.state), (alarm.shape, alarm.state));
            assert_ne!(well.color, alarm.color);
        }
    }

    #[test]
    fn bubbles_try_nearer_places_first_and_go_no_farther_than_they_may() {
        let ways: Vec<f32> = ways_out(1.5).map(|[x, y]| x.hypot(y)).collect();
        assert_eq!(ways[0], 0.0);
        assert!(ways.windows(2).all(|pair| pair[0] <= pair[1] + 1.5));
        assert!(ways.iter().all(|way| *way <= FARTHEST_U * 1.5 + 1.0));
    }

    #[test]
    fn counts_have_at_most_four_characters_that_are_wide() {
        assert_eq!([7, 9_999, 12_345, 123_456].map(count_text), ["7", "9999", "1.2万", "12万"]);
    }
}
