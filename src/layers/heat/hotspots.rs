//! The hottest places: where most happens, how many, and in which area.
//!
//! In: the bins and the events of the window. Out: [`Hotspot`]s, and their
//! rings and names on the screen.

use bevy_egui::egui;

use super::super::WallTheme;
use super::bins::Wanted;
use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::geometry::LonLat;
use crate::domain::heat::Peak;
use crate::domain::overview::{MapEvent, place_name};
use crate::layers::labels::overlaps;
use crate::map::{MapView, ScreenRect};
use crate::model::Areas;
use crate::theme::{Rgba, size};

/// Fewer events are no hotspot.
const LEAST: i64 = 3;

/// Share of the full scale that a hotspot reaches at least.
const LEAST_SHARE: f64 = 0.3;

/// A place that is one already stays one while it is this much lower than
/// another.
const STAYS: f64 = 1.25;

/// A place where most happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Hotspot {
    /// Middle, local metres.
    pub at: [f64; 2],
    /// What lies within is counted, metres.
    pub radius_m: f64,
    /// What to write: the area that it lies in, as large as itself at least, and
    /// the events within; of a difference, how many more than a week before.
    pub text: String,
}

/// What hotspots are looked for in.
pub(super) struct Ground<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) radius_m: f64,
    /// Weight per cell at the bright end.
    pub(super) full: f64,
    pub(super) now: &'a [MapEvent],
    pub(super) week_before: &'a [MapEvent],
    pub(super) areas: &'a Areas,
}

/// The hottest places out of `peaks`, hottest first. Those of `old` stay where they were as
/// long as about as much happens there.
pub(super) fn find(ground: &Ground, peaks: &[Peak], most: usize, old: &[Hotspot]) -> Vec<Hotspot> {
    let distance = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let mut candidates: Vec<Peak> =
        peaks.iter().copied().filter(|peak| peak.value >= ground.full * LEAST_SHARE).collect();
    for peak in &mut candidates {
        if let Some(before) = old.iter().find(|spot| distance(spot.at, peak.at) < ground.radius_m * 0.75) {
            (peak.at, peak.value) = (before.at, peak.value * STAYS);
        }
    }
    candidates.sort_by(|a, b| b.value.total_cmp(&a.value));
    let mut found: Vec<Hotspot> = Vec::new();
    for peak in candidates {
        if found.len() == most {
            break;
        }
        // Their circles do not cross.
        if found.iter().any(|spot| distance(spot.at, peak.at) < ground.radius_m * 2.0) {
            continue;
        }
        let count = count_within(ground, peak.at);
        if count >= LEAST {
            let name =
                area_of(ground, peak.at).map_or_else(|| "热点".to_owned(), |area| place_name(&ground.areas.tree, area));
            let sign = if ground.wanted.is_compared { "+" } else { "" };
            let text = format!("{name} {sign}{count} 件");
            found.push(Hotspot { at: peak.at, radius_m: ground.radius_m, text });
        }
    }
    found
}

/// Events within the circle that are counted, each as one.
fn count_within(ground: &Ground, at: [f64; 2]) -> i64 {
    let square = ground.radius_m * ground.radius_m;
    let count = |events: &[MapEvent]| {
        let is_within = |event: &&MapEvent| {
            let [dx, dy] = [0, 1].map(|axis| f64::from(event.at[axis]) - at[axis]);
            dx * dx + dy * dy <= square && ground.wanted.weight_of(event) != 0
        };
        events.iter().filter(is_within).count() as i64
    };
    count(ground.now) - if ground.wanted.is_compared { count(ground.week_before) } else { 0 }
}

/// The smallest area around the middle that is as wide as the circle.
fn area_of(ground: &Ground, at: [f64; 2]) -> Option<AreaIndex> {
    let areas = ground.areas;
    let [lon, lat] = areas.projection.lonlat_from_local(at);
    let deepest = areas.locator.locate_deepest(LonLat::new(lon, lat))?;
    let path: Vec<AreaIndex> = areas.tree.path(deepest);
    path.iter().rev().copied().find(|&area| is_wider(&areas.tree, area, areas, ground.radius_m * 2.0)).or(Some(deepest))
}

fn is_wider(tree: &AreaTree, area: AreaIndex, areas: &Areas, metres: f64) -> bool {
    let bounds = tree.area(area).shape.bounds();
    if bounds.is_empty() {
        return false;
    }
    let [min, max] = [bounds.min, bounds.max].map(|corner| areas.projection.local_from_lonlat(corner));
    (max[0] - min[0]).min(max[1] - min[1]) >= metres
}

/// A hotspot on the screen, physical pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Placed {
    /// What its words cover.
    chip: ScreenRect,
    /// Middle of its ring.
    at: [f32; 2],
    /// Half width and half height of the ring: a circle that lies on the ground
    /// is as much less high as the ground is shortened.
    ring_px: [f32; 2],
}

/// Where a hotspot stands that lies `height_m` above the ground, with its words
/// above its ring; `None` where that is not within what panels leave free.
fn place(spot: &Hotspot, view: &MapView, height_m: f64, text_px: [f32; 2]) -> Option<Placed> {
    let unit = view.unit_px;
    let at = view.screen_from_local_at(spot.at, height_m);
    let radius_px = ((spot.radius_m * view.camera.px_per_m) as f32).clamp(14.0 * unit, 120.0 * unit);
    let ring_px = [radius_px, radius_px * view.tilt_cos_sin()[0] as f32];
    let [half, height] = [text_px[0] / 2.0 + 8.0 * unit, text_px[1] + 6.0 * unit];
    let bottom = at[1] - ring_px[1] - 4.0 * unit;
    let chip = ScreenRect { min: [at[0] - half, bottom - height], max: [at[0] + half, bottom] };
    [chip.min, chip.max, at].iter().all(|&px| view.free.contains(px)).then_some(Placed { chip, at, ring_px })
}

/// Draws rings and words; tells which rectangles the words cover, physical
/// pixels. `stood_on_m` is how high a place lies now, on which the heat does
/// too. `taken` are those that nothing may cover.
pub fn hotspots_ui(
    painter: &egui::Painter,
    spots: &[Hotspot],
    view: &MapView,
    stood_on_m: impl Fn([f64; 2]) -> f64,
    theme: &WallTheme,
    px_per_point: f32,
    taken: &[ScreenRect],
) -> Vec<ScreenRect> {
    let unit = view.unit_px / px_per_point;
    let color = |Rgba([r, g, b, _]): Rgba| egui::Color32::from_rgb(r, g, b);
    let font = egui::FontId::new(size::SMALL * unit, egui::FontFamily::Name("bold".into()));
    let point = |[x, y]: [f32; 2]| egui::pos2((x / px_per_point).round(), (y / px_per_point).round());
    let mut covered: Vec<ScreenRect> = Vec::new();
    for spot in spots {
        let galley = painter.layout_no_wrap(spot.text.clone(), font.clone(), egui::Color32::PLACEHOLDER);
        let size_px = [galley.size().x * px_per_point, galley.size().y * px_per_point];
        let Some(placed) = place(spot, view, stood_on_m(spot.at), size_px) else { continue };
        if taken.iter().chain(&covered).any(|other| overlaps(other, &placed.chip)) {
            continue;
        }
        let (ground, text) = (color(theme.0.ground), color(theme.0.text));
        let [half_width, half_height] = placed.ring_px.map(|px| px / px_per_point);
        for (width, color) in [(4.0, ground.gamma_multiply(0.7)), (1.5, text)] {
            let (middle, radius) = (point(placed.at), egui::vec2(half_width, half_height));
            painter.add(egui::Shape::ellipse_stroke(middle, radius, egui::Stroke::new(width * unit, color)));
        }
        let chip = egui::Rect::from_min_max(point(placed.chip.min), point(placed.chip.max));
        painter.rect_filled(chip, 4.0 * unit, ground.gamma_multiply(0.9));
        let corner = chip.center() - galley.size() / 2.0;
        let corner = point([corner.x * px_per_point, corner.y * px_per_point]);
        painter.galley_with_override_text_color(corner, galley, text);
        covered.push(placed.chip);
    }
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_lies_on_what_it_is_around() {
        let mut view = MapView::default();
        view.set_layout([1_000.0; 2], 1.0, ScreenRect { min: [0.0; 2], max: [1_000.0; 2] });
        view.camera.px_per_m = 0.5;
        let spot = Hotspot { at: [30.0, 60.0], radius_m: 100.0, text: String::new() };
        let placed = |view: &MapView, height_m: f64| place(&spot, view, height_m, [40.0, 20.0]).expect("is in view");
        assert_eq!(placed(&view, 0.0).ring_px, [50.0; 2]);
        view.tilt_to(50.0, 0.0, 0.0);
        for height_m in [0.0, 80.0] {
            let Placed { chip, at, ring_px } = placed(&view, height_m);
            let edges = [[100.0, 0.0], [0.0, 100.0]].map(|[east, north]| [30.0 + east, 60.0 + north]);
            let [east, north] = edges.map(|edge| view.screen_from_local_at(edge, height_m));
            assert!((at[0] + ring_px[0] - east[0]).abs() < 0.01 && (at[1] - ring_px[1] - north[1]).abs() < 0.01);
            assert!((north[1] - chip.max[1] - 4.0).abs() < 0.01, "{chip:?} is above {north:?}");
        }
    }
}
