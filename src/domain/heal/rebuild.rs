//! Builds a shape anew from rings that cross.
//!
//! In: a [`Shape`] in degrees whose rings may cross themselves and each other,
//! and reach beyond ±180° where they cross the antimeridian. Out: a shape
//! whose rings do not, and the area that was written.
//!
//! How it works: the vertices go to a grid of at most 6 · 10⁻⁸ degrees (up to
//! 128 degrees across; 2 · 10⁻⁹ for a city), where `i_overlay` computes with
//! integers. Each ring by itself becomes what it winds around (non-zero rule),
//! the holes are taken from their shell, and the polygons are united. Then the
//! vertices that were in the data go back to where they were, to the last bit;
//! those whose return makes edges meet stay on the grid. All grid places are
//! exact in `f64`, so what does not cross there does not cross in degrees.

use std::collections::{HashMap, HashSet};

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;
use i_overlay::i_shape::int::shape::{IntContour, IntShapes};

use super::contacts::{Contacts, offenders};
use super::{has_repeat_or_spike, repeats_and_spikes};
use crate::domain::geometry::{Bounds, Shape};

/// Width of the finest grid, 2⁻²⁹ degrees (0.2 mm): more than twice
/// [`super::NEAR_DEG`], so that neighbours on the grid are not near.
const FINEST_STEP_DEG: f64 = 1.0 / (1_u64 << 29) as f64;

/// `i_overlay` keeps its intermediate products in 64 bits up to this.
const MAX_GRID: f64 = (1_u64 << 30) as f64;

/// How often vertices that make edges meet are left on the grid before all are.
const MAX_ROUNDS: usize = 8;

/// How often a result that is not sound is built again.
const MAX_PASSES: usize = 3;

/// Offending vertices found at once.
const MAX_OFFENDERS: usize = 1 << 16;

/// A shape built anew.
#[derive(Clone, Debug, Default)]
pub struct Rebuilt {
    /// The shape.
    pub shape: Shape,
    /// Shells less holes of the polygons as they were written, each ring by
    /// the non-zero rule; in square degrees.
    pub written_area: f64,
}

/// Builds `shape` anew; cut at ±180° if `is_wrapped`.
pub fn rebuild(shape: &Shape, is_wrapped: bool) -> Rebuilt {
    let grid = Grid::over(&shape.bounds());
    let originals: HashMap<IntPoint, [f64; 2]> =
        shape.points.iter().rev().map(|&point| (grid.snap(point), point)).collect();
    let (mut regions, written_area) = unite(shape, &grid);
    for _ in 1..MAX_PASSES {
        let on_grid = grid.shape_of(&regions, |_| None);
        if is_sound(&on_grid) {
            break;
        }
        regions = unite(&on_grid, &grid).0;
    }
    let is_new = |point: &IntPoint| !originals.contains_key(point);
    for contour in regions.iter_mut().flatten() {
        drop_straight(contour, is_new);
    }
    let mut parts = vec![(0.0, regions)];
    if is_wrapped {
        let regions = parts.remove(0).1;
        parts.extend([-1, 0, 1].map(|turn| (f64::from(-360 * turn), grid.window(&regions, turn))));
    }
    let mut whole = Shape::default();
    for (shift, regions) in parts {
        let part = unsnap(&regions, &grid, &originals);
        append(&mut whole, &part.map_points(|[lon, lat]| [lon + shift, lat]));
    }
    Rebuilt { shape: whole, written_area }
}

/// What the polygons of a shape cover together, and the area as written in
/// square degrees.
fn unite(shape: &Shape, grid: &Grid) -> (IntShapes, f64) {
    let mut whole = Vec::new();
    let mut written = 0.0;
    for rings in shape.polygons() {
        let mut polygon = Vec::new();
        let mut holes = Vec::new();
        for (place, ring) in rings.enumerate() {
            let contour: IntContour = ring.iter().map(|&point| grid.snap(point)).collect();
            let region = overlay(&[contour], &[], OverlayRule::Subject);
            let area = grid.shape_of(&region, |_| None).area();
            written += if place == 0 { area } else { -area };
            if place == 0 { &mut polygon } else { &mut holes }.extend(region.into_iter().flatten());
        }
        if !holes.is_empty() {
            polygon = overlay(&polygon, &holes, OverlayRule::Difference).into_iter().flatten().collect();
        }
        whole.append(&mut polygon);
    }
    (overlay(&whole, &[], OverlayRule::Subject), written)
}

/// One operation on the grid, by the non-zero rule.
fn overlay(subject: &[IntContour], clip: &[IntContour], rule: OverlayRule) -> IntShapes {
    let options = IntOverlayOptions { ogc: true, ..IntOverlayOptions::keep_all_points() };
    let capacity = subject.iter().chain(clip).map(Vec::len).sum();
    let mut overlay = Overlay::new_custom(capacity, options, Default::default());
    overlay.add_contours(subject, ShapeType::Subject);
    overlay.add_contours(clip, ShapeType::Clip);
    let mut regions = overlay.overlay(rule, FillRule::NonZero);
    // Version 4.5.2 gives holes that touch themselves or their shell in a
    // point the direction of a shell, and the next operation would fill them.
    for (place, contour) in regions.iter_mut().flat_map(|region| region.iter_mut().enumerate()) {
        if (doubled_area(contour) > 0) != (place == 0) {
            contour.reverse();
        }
    }
    regions
}

/// Twice the signed area of a contour, in squares of the grid.
fn doubled_area(contour: &IntContour) -> i128 {
    let next = contour.iter().cycle().skip(1);
    let cross = |a: &IntPoint, b: &IntPoint| i64::from(a.x) * i64::from(b.y) - i64::from(b.x) * i64::from(a.y);
    contour.iter().zip(next).map(|(a, b)| i128::from(cross(a, b))).sum()
}

/// Takes out the points between two straight edges for which `is_new` holds:
/// those where an edge was crossed by another that is gone.
fn drop_straight(contour: &mut IntContour, is_new: impl Fn(&IntPoint) -> bool) {
    let mut kept: IntContour = Vec::with_capacity(contour.len());
    for (place, &point) in contour.iter().enumerate() {
        let before = kept.last().or(contour.last()).copied().unwrap_or(point);
        let after = contour[(place + 1) % contour.len()];
        let [ax, ay] = [i64::from(point.x) - i64::from(before.x), i64::from(point.y) - i64::from(before.y)];
        let [bx, by] = [i64::from(after.x) - i64::from(point.x), i64::from(after.y) - i64::from(point.y)];
        let is_straight = i128::from(ax) * i128::from(by) == i128::from(ay) * i128::from(bx);
        if !(is_straight && is_new(&point)) {
            kept.push(point);
        }
    }
    if kept.len() >= 3 {
        *contour = kept;
    }
}

/// Moves the vertices that were in the data back to where they were, but for
/// those that would make edges meet.
fn unsnap(regions: &IntShapes, grid: &Grid, originals: &HashMap<IntPoint, [f64; 2]>) -> Shape {
    let points: Vec<IntPoint> = regions.iter().flatten().flatten().copied().collect();
    let mut stay: HashSet<IntPoint> = HashSet::new();
    for _ in 0..MAX_ROUNDS {
        let place = |point: &IntPoint| originals.get(point).filter(|_| !stay.contains(point)).copied();
        let shape = grid.shape_of(regions, place);
        let mut found = offenders(&shape, MAX_OFFENDERS);
        found.extend(repeats_and_spikes(&shape));
        if found.is_empty() {
            if is_sound(&shape) {
                return shape;
            }
            break;
        }
        stay.extend(found.into_iter().filter_map(|index| points.get(index)));
    }
    grid.shape_of(regions, |_| None)
}

/// Nothing is left to repair.
fn is_sound(shape: &Shape) -> bool {
    Contacts::of(shape, 1).is_none() && !has_repeat_or_spike(shape)
}

/// Adds the polygons of `part` to `whole`.
fn append(whole: &mut Shape, part: &Shape) {
    for rings in part.polygons() {
        rings.for_each(|ring| whole.push_ring(ring));
        whole.end_polygon();
    }
}

/// A square grid whose places are exact in `f64`.
#[derive(Clone, Copy, Debug)]
struct Grid {
    origin: [f64; 2],
    /// A power of two, in degrees.
    step: f64,
}

impl Grid {
    /// The finest grid that holds `bounds`.
    fn over(bounds: &Bounds) -> Self {
        let center = bounds.center();
        let [width, height] = bounds.size();
        let mut step = FINEST_STEP_DEG;
        // One step to spare for the rounding of the origin and of the places.
        while width.max(height) / 2.0 / step > MAX_GRID - 2.0 {
            step *= 2.0;
        }
        Self { origin: center.map(|value| (value / step).round() * step), step }
    }

    fn snap(&self, point: [f64; 2]) -> IntPoint {
        let [x, y] = [0, 1].map(|axis| ((point[axis] - self.origin[axis]) / self.step).round() as i32);
        IntPoint::new(x, y)
    }

    fn place(&self, point: IntPoint) -> [f64; 2] {
        [self.origin[0] + f64::from(point.x) * self.step, self.origin[1] + f64::from(point.y) * self.step]
    }

    /// The regions in degrees, each vertex at its `place` or else on the grid.
    /// Rings without area are kept, so that the order of the vertices is.
    fn shape_of(&self, regions: &IntShapes, place: impl Fn(&IntPoint) -> Option<[f64; 2]>) -> Shape {
        let mut shape = Shape::default();
        for contours in regions {
            for contour in contours {
                let ring: Vec<[f64; 2]> =
                    contour.iter().map(|point| place(point).unwrap_or_else(|| self.place(*point))).collect();
                shape.push_ring(&ring);
            }
            shape.end_polygon();
        }
        shape
    }

    /// What of `regions` lies between −180° and 180°, `turn` times around.
    fn window(&self, regions: &IntShapes, turn: i32) -> IntShapes {
        let limit = |lon: f64| ((lon - self.origin[0]) / self.step).clamp(-MAX_GRID, MAX_GRID) as i32;
        let center = f64::from(360 * turn);
        let [west, east] = [limit(center - 180.0), limit(center + 180.0)];
        let [south, north] = [-(MAX_GRID as i32), MAX_GRID as i32];
        let corner = IntPoint::new;
        let window = vec![corner(west, south), corner(east, south), corner(east, north), corner(west, north)];
        if west >= east {
            return Vec::new();
        }
        let contours: Vec<IntContour> = regions.iter().flatten().cloned().collect();
        overlay(&contours, &[window], OverlayRule::Intersect)
    }
}
