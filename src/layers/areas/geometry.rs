//! From the area tree to what the GPU draws: fills, outlines, label anchors.
//!
//! In: an [`AreaTree`] in degrees and a projection to local metres
//! (`domain::crs::Projection::local_from_lonlat`). Out: [`FillMesh`],
//! [`LineMesh`] and [`Anchor`]s in `f32` local metres. Pure: no Bevy.
//!
//! How it works: [`Rings`] projects every vertex once; [`borders`] finds which
//! stretches areas share, and [`Detail`] how much each vertex matters, from
//! which follow rings with fewer vertices for when the view is far away. Areas (or
//! segments) are then ordered by level and along a Hilbert curve and cut into
//! chunks, so that one chunk is one draw call, lies in one place, and is
//! skipped as a whole when it is off screen or when its level is hidden. All
//! three steps run on all cores (`rayon`).
//!
//! Boundaries were healed (see `domain::heal`) but for the worst; vertices that
//! are not finite are left out, a "hole" outside its shell is filled, rings
//! that cross themselves give some triangulation. Nothing here panics on data
//! or writes a number that is not finite.

use rayon::prelude::*;

use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::geometry::{Bounds, LonLat, Shape};
use crate::domain::pole::pole;
use crate::domain::spatial::outermost;

mod detail;
mod fill;
mod line;
mod raised;
mod rings;
mod seams;

pub use fill::{Chunk, FillMesh, FillVertex, cut_shape, fill_mesh};
pub use line::{Borders, LineChunk, LineClass, LineMesh, Segment, borders, line_mesh};
pub use raised::{NO_AREA, RaisedMesh, RaisedSegment, raised_mesh};
pub use rings::Rings;

/// The place that local metres should be measured from: the middle of the
/// jurisdiction; (0, 0) when no area has a boundary.
pub fn local_origin(tree: &AreaTree) -> LonLat {
    let mut bounds = Bounds::EMPTY;
    for index in outermost(tree) {
        for &[lon, lat] in &tree.area(index).shape.points {
            if LonLat::new(lon, lat).is_valid() {
                bounds.grow([lon, lat]);
            }
        }
    }
    if bounds.is_empty() {
        return LonLat::default();
    }
    let [lon, lat] = bounds.center();
    LonLat::new(lon, lat)
}

/// Where the label of an area belongs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// Local metres.
    pub at: [f32; 2],
    /// Radius of the circle around it that lies within the area, metres.
    pub radius_m: f32,
}

/// Share of an area's longer side to which its anchor is exact.
const ANCHOR_PRECISION: f64 = 0.04;

/// Share of an area's longer side up to which a vertex does not matter for its
/// anchor.
const ANCHOR_TOLERANCE: f64 = 0.015;

/// The label anchor of each area; `None` for those without a boundary.
pub fn label_anchors(rings: &Rings, detail: &Detail) -> Vec<Option<Anchor>> {
    (0..rings.len() as AreaIndex)
        .into_par_iter()
        .with_min_len(16)
        .map(|area| {
            let size = Bounds::of(rings.of(area)).size();
            let side_m = size[0].max(size[1]);
            let shape = detail.shape(rings, area, (side_m * ANCHOR_TOLERANCE) as f32);
            let (at, radius_m) = pole(&shape, side_m * ANCHOR_PRECISION)?;
            let anchor = Anchor { at: at.map(|value| value as f32), radius_m: radius_m as f32 };
            anchor.at.iter().all(|value| value.is_finite()).then_some(anchor)
        })
        .collect()
}

/// How much each vertex matters; see the module `detail`.
pub struct Detail {
    /// For each vertex, the tolerance up to which it is needed, metres.
    needed_up_to_m: Vec<f32>,
}

impl Detail {
    /// Weighs every vertex.
    pub fn of(rings: &Rings, borders: &Borders) -> Self {
        Self { needed_up_to_m: detail::needed_up_to(rings, borders) }
    }

    /// The rings without the vertices that are not needed at this tolerance.
    /// They fit each other as the full ones do.
    pub fn reduced(&self, rings: &Rings, tolerance_m: f32) -> Rings {
        rings.filtered(|vertex| self.needed_up_to_m[vertex] >= tolerance_m)
    }

    /// How many vertices are needed at this tolerance.
    pub fn count(&self, tolerance_m: f32) -> usize {
        self.needed_up_to_m.iter().filter(|needed| **needed >= tolerance_m).count()
    }

    /// One area on its own, reduced; in full where nothing would be left.
    fn shape(&self, rings: &Rings, area: AreaIndex, tolerance_m: f32) -> Shape {
        let build = |tolerance_m: f32| {
            let mut shape = Shape::default();
            let mut kept = Vec::new();
            for polygon in rings.polygons(area) {
                for ring in polygon {
                    let vertices = rings.ring(ring).filter(|&vertex| self.needed_up_to_m[vertex] >= tolerance_m);
                    kept.clear();
                    kept.extend(vertices.map(|vertex| rings.points()[vertex]));
                    shape.push_ring(&kept);
                }
                shape.end_polygon();
            }
            shape
        };
        let reduced = build(tolerance_m);
        if reduced.is_empty() { build(0.0) } else { reduced }
    }
}

/// The farthest from the origin that anything is drawn, metres: half the
/// equator. Also refuses what is not a number.
const FARTHEST_M: f64 = 2.1e7;

/// Whether a vertex can be drawn.
fn is_drawable(point: [f64; 2]) -> bool {
    point.iter().all(|value| value.abs() <= FARTHEST_M)
}

/// Bits of a coordinate on the Hilbert curve: 4,096 cells along a side, 15 m
/// in a city of 60 km.
const CURVE_BITS: u32 = 12;

/// Bits of each coordinate that are looked up at once.
const STEP_BITS: u32 = 3;

/// For the turn of a quadrant (transposed, turned about: two bits), then three
/// bits of x and three of y: six bits of the key, then the turn of the
/// quadrants in there.
const STEPS: [u8; 1 << (2 + 2 * STEP_BITS)] = curve_steps();

const fn curve_steps() -> [u8; 1 << (2 + 2 * STEP_BITS)] {
    let mut steps = [0; 1 << (2 + 2 * STEP_BITS)];
    let mut index = 0;
    while index < steps.len() {
        let (mut transposed, mut turned) = ((index >> 7) & 1, (index >> 6) & 1);
        let (x, y) = ((index >> 3) & 7, index & 7);
        let mut key = 0;
        let mut bit = STEP_BITS;
        while bit > 0 {
            bit -= 1;
            let (a, b) = if transposed == 1 { (y, x) } else { (x, y) };
            let (right, upper) = (((a >> bit) & 1) ^ turned, ((b >> bit) & 1) ^ turned);
            key = (key << 2) | ((3 * right) ^ upper);
            // Turn the quadrant so that the curve goes on where it ended: the
            // lower ones are transposed, the lower right one is turned about
            // first.
            transposed ^= 1 - upper;
            turned ^= right & (1 - upper);
        }
        steps[index] = ((key << 2) | (transposed << 1) | turned) as u8;
        index += 1;
    }
    steps
}

/// The position of `point` on a Hilbert curve over `bounds`, below
/// 2^(2 · [`CURVE_BITS`]): near positions are near places. Points outside are
/// moved to the edge.
fn hilbert_key(bounds: &Bounds, point: [f64; 2]) -> u32 {
    const LAST_CELL: u32 = (1 << CURVE_BITS) - 1;
    let size = bounds.size();
    let cell = |axis: usize| {
        let share = (point[axis] - bounds.min[axis]) / size[axis].max(f64::MIN_POSITIVE);
        (share.clamp(0.0, 1.0) * f64::from(LAST_CELL)) as u32
    };
    let (x, y) = (cell(0), cell(1));
    let (mut key, mut turn) = (0, 0);
    for step in (0..CURVE_BITS / STEP_BITS).rev() {
        let bits = |value: u32| (value >> (step * STEP_BITS)) & 7;
        let found = u32::from(STEPS[(turn << 6 | bits(x) << 3 | bits(y)) as usize]);
        key = (key << (2 * STEP_BITS)) | (found >> 2);
        turn = found & 3;
    }
    key
}

#[cfg(test)]
pub(in crate::layers::areas) mod testing {
    //! Trees that the tests of fills and outlines share.

    use crate::domain::area::{Area, AreaTree, GridKind, Level};
    use crate::domain::geometry::Shape;

    pub fn area(code: &str, parent: Option<&str>, level: Level, shape: Shape) -> Area {
        Area {
            code: code.into(),
            parent: parent.map(Into::into),
            name: code.into(),
            level,
            kind: GridKind::default(),
            shape,
            households: None,
            responsible: Vec::new(),
        }
    }

    /// Two communities side by side that make up one street, each of
    /// `n / 2 × n` jittered grids; coordinates 0–1.
    pub fn tiling(n: usize, seed: u64) -> AreaTree {
        let mut random = fastrand::Rng::with_seed(seed);
        let cell = 1.0 / n as f64;
        let corner = |row: usize, column: usize, random: &mut fastrand::Rng| {
            // The edges of street and communities stay straight.
            let is_fixed = row == 0 || row == n || column == 0 || column == n || column == n / 2;
            let mut jitter = || if is_fixed { 0.0 } else { (random.f64() - 0.5) * 0.6 * cell };
            [column as f64 * cell + jitter(), row as f64 * cell + jitter()]
        };
        let corners: Vec<Vec<[f64; 2]>> =
            (0..=n).map(|row| (0..=n).map(|column| corner(row, column, &mut random)).collect()).collect();
        // Outlines carry every vertex that the grids have along them.
        let outline = |west: usize, east: usize| {
            let mut ring: Vec<[f64; 2]> = (west..east).map(|column| corners[0][column]).collect();
            ring.extend((0..n).map(|row| corners[row][east]));
            ring.extend((west + 1..=east).rev().map(|column| corners[n][column]));
            ring.extend((1..=n).rev().map(|row| corners[row][west]));
            Shape::from_ring(ring)
        };
        let mut areas = vec![
            area("S", None, Level::Street, outline(0, n)),
            area("C0", Some("S"), Level::Community, outline(0, n / 2)),
            area("C1", Some("S"), Level::Community, outline(n / 2, n)),
        ];
        for row in 0..n {
            for column in 0..n {
                let ring = [(0, 0), (0, 1), (1, 1), (1, 0)].map(|(r, c)| corners[row + r][column + c]);
                let parent = if column < n / 2 { "C0" } else { "C1" };
                areas.push(area(&format!("G{row}-{column}"), Some(parent), Level::Grid, Shape::from_ring(ring.into())));
            }
        }
        AreaTree::build(areas).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::area::Level;

    #[test]
    fn the_hilbert_curve_visits_neighbours_in_turn() {
        let bounds = Bounds { min: [0.0; 2], max: [4_095.0; 2] };
        let cells: Vec<[f64; 2]> = (0..16).flat_map(|x| (0..16).map(move |y| [f64::from(x), f64::from(y)])).collect();
        let mut keyed: Vec<(u32, [f64; 2])> = cells.iter().map(|&cell| (hilbert_key(&bounds, cell), cell)).collect();
        keyed.sort_unstable_by_key(|&(key, _)| key);
        for pair in keyed.windows(2) {
            let step = (pair[0].1[0] - pair[1].1[0]).abs() + (pair[0].1[1] - pair[1].1[1]).abs();
            assert_eq!((step, pair[1].0 - pair[0].0), (1.0, 1), "{pair:?}");
        }
        assert_eq!(hilbert_key(&Bounds::EMPTY, [f64::NAN; 2]), 0);
    }

    #[test]
    fn the_curve_is_the_same_in_long_and_in_short_steps() {
        let one_by_one = |mut x: u32, mut y: u32| {
            (0..CURVE_BITS).rev().fold(0, |key, bit| {
                let (right, upper) = ((x >> bit) & 1, (y >> bit) & 1);
                if right > upper {
                    (x, y) = (!x, !y);
                }
                if upper == 0 {
                    (x, y) = (y, x);
                }
                (key << 2) | ((3 * right) ^ upper)
            })
        };
        let bounds = Bounds { min: [0.0; 2], max: [4_095.0; 2] };
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..10_000 {
            let (x, y) = (random.u32(..4_096), random.u32(..4_096));
            assert_eq!(hilbert_key(&bounds, [x, y].map(f64::from)), one_by_one(x, y), "{x} {y}");
        }
    }

    fn anchors(tree: &AreaTree, rings: &Rings) -> Vec<Option<Anchor>> {
        label_anchors(rings, &Detail::of(rings, &borders(tree, rings)))
    }

    #[test]
    fn anchors_lie_in_their_areas() {
        let tree = testing::tiling(8, 1);
        let rings = Rings::new(&tree, |point| point.map(|value| value * 1_000.0));
        let anchors = anchors(&tree, &rings);
        for (index, anchor) in anchors.iter().enumerate() {
            let anchor = anchor.expect("each area of the tiling has a boundary");
            let at = anchor.at.map(|value| f64::from(value) / 1_000.0);
            assert!(tree.area(index as AreaIndex).shape.contains(at) && anchor.radius_m > 10.0, "{index} {anchor:?}");
        }
        assert_eq!(local_origin(&tree), LonLat::new(0.5, 0.5));
        assert_eq!(rings.bounds(), Bounds { min: [0.0; 2], max: [1_000.0; 2] });
    }

    #[test]
    fn areas_without_a_usable_boundary_have_no_anchor() {
        let broken = Shape::from_ring(vec![[0.0, 0.0], [f64::NAN, 1.0], [1.0, 1.0]]);
        let (tree, _) = AreaTree::build(vec![
            testing::area("a", None, Level::Grid, Shape::default()),
            testing::area("b", None, Level::Grid, broken),
        ]);
        assert_eq!(anchors(&tree, &Rings::new(&tree, |point| point)), [None, None]);
        assert_eq!(local_origin(&AreaTree::default()), LonLat::default());
    }
}
