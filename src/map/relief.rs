//! What rises while the map is tilted, how high, and what a hand then points at.
//!
//! In: the figure that colours the areas, the focus, the view. Out: [`Relief`],
//! one height per area, by which layers draw and names are lifted, and
//! [`pick`].
//!
//! How it works: the tallest area of the shown level, inside the focus, rises
//! by [`HEIGHT_SHARE`] of what the map shows; the others in proportion to their
//! values, from zero, so that twice as high is twice as many. Everything else
//! stays on the ground. While the view is flat nothing here is computed.

use std::sync::Arc;

use bevy::prelude::*;

use super::{MapView, focus_bounds, picked_level};
use crate::config::TiltStyle;
use crate::domain::area::{AreaIndex, Level};
use crate::domain::geometry::LonLat;
use crate::domain::spatial::{AreaLocator, Stretch};
use crate::model::{AreaValues, Areas, Focus, WallConfig};

/// Height of the tallest area over the longer side of what the map shows, at
/// the factor 1.
const HEIGHT_SHARE: f64 = 0.12;

/// One column: a prism over a regular hexagon with a corner in the east.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Its area.
    pub area: AreaIndex,
    /// Middle, local metres.
    pub at: [f32; 2],
    /// From the middle to a corner, metres.
    pub radius_m: f32,
}

/// Height by area.
#[derive(Resource, Default)]
pub struct Relief {
    /// Metres of the map when all have risen, by area; empty while flat.
    pub heights_m: Arc<Vec<f32>>,
    /// The level whose areas rise.
    pub level: Option<Level>,
    /// What rises.
    pub style: TiltStyle,
    /// Grows with each change of the heights.
    pub revision: u64,
    /// The columns, in the order of their areas; empty unless columns rise.
    pub columns: Arc<Vec<Column>>,
    /// Areas' revision and level that walls or columns were built for.
    solids_of: Option<(u64, Level)>,
    heights_of: Option<HeightsKey>,
    grown_for: Option<(u64, u64, Level)>,
}

/// What the heights depend on.
#[derive(Clone, PartialEq)]
struct HeightsKey {
    values: u64,
    areas: u64,
    focus: u64,
    level: Option<Level>,
    style: TiltStyle,
    factor: f64,
}

impl Relief {
    /// Full height of an area, metres of the map.
    pub fn height_m(&self, area: AreaIndex) -> f64 {
        self.heights_m.get(area as usize).map_or(0.0, |&height| f64::from(height))
    }

    /// Full height of what stands at a place of `area`, which may be of
    /// another level than the one that rises.
    pub fn height_at(&self, area: AreaIndex, local: [f64; 2], areas: &Areas) -> f64 {
        let Some(level) = self.level.filter(|_| !self.heights_m.is_empty()) else { return 0.0 };
        let risen = areas.tree.ancestor_at(area, level).or_else(|| {
            let [lon, lat] = areas.projection.lonlat_from_local(local);
            let is_column = self.style == TiltStyle::Columns;
            areas.locator.locate(LonLat::new(lon, lat), level).filter(|_| !is_column)
        });
        risen.map_or(0.0, |risen| self.height_m(risen))
    }

    /// Full height of what heat and marks at a place lie on: a roof, or the
    /// ground, on which columns stand.
    pub fn stood_on_m(&self, local: [f64; 2], areas: &Areas) -> f64 {
        let has_roofs = self.style == TiltStyle::Extrude && !self.heights_m.is_empty();
        let Some(level) = self.level.filter(|_| has_roofs) else { return 0.0 };
        let [lon, lat] = areas.projection.lonlat_from_local(local);
        areas.locator.locate(LonLat::new(lon, lat), level).map_or(0.0, |area| self.height_m(area))
    }

    /// Tells for which areas and level there are walls or columns to draw:
    /// nothing rises before.
    pub fn set_solids(&mut self, areas_revision: u64, level: Level, columns: Vec<Column>) {
        self.solids_of = Some((areas_revision, level));
        self.columns = Arc::new(columns);
    }

    /// Whether what rises has its walls or columns.
    pub fn has_solids(&self, areas_revision: u64) -> bool {
        self.level.is_some_and(|level| self.solids_of == Some((areas_revision, level)))
    }
}

/// Follows figure and focus while the view is tilted, and lets areas rise once
/// they can.
pub(super) fn sync(
    mut relief: ResMut<Relief>,
    mut view: ResMut<MapView>,
    areas: Res<Areas>,
    values: Res<AreaValues>,
    focus: Res<Focus>,
    config: Res<WallConfig>,
    real: Res<Time<Real>>,
) {
    let map = &config.0.map;
    let share = HEIGHT_SHARE * map.height_factor;
    if view.height_share != share {
        view.height_share = share;
    }
    if !view.is_tilted() {
        if relief.heights_of.is_some() {
            let revision = relief.revision + 1;
            *relief = Relief { revision, ..Relief::default() };
            view.flatten();
        }
        return;
    }
    let key = HeightsKey {
        values: values.revision,
        areas: areas.revision,
        focus: focus.revision,
        level: picked_level(&areas, &focus, map.fill_level),
        style: map.tilt,
        factor: map.height_factor,
    };
    if relief.heights_of.as_ref() != Some(&key) {
        if relief.style != key.style {
            relief.solids_of = None;
        }
        relief.level = key.level;
        relief.style = key.style;
        relief.heights_m = Arc::new(heights(&areas, &values, &focus, key.level, share));
        view.tallest_m = f64::from(relief.heights_m.iter().copied().fold(0.0, f32::max));
        relief.revision += 1;
        relief.heights_of = Some(key);
    }
    let Some(level) = relief.level else { return };
    let ground = (areas.revision, focus.revision, level);
    if relief.grown_for != Some(ground) {
        view.flatten();
        relief.grown_for = None;
    }
    if relief.grown_for.is_none() && relief.has_solids(areas.revision) {
        relief.grown_for = Some(ground);
        view.grow(real.elapsed_secs_f64());
    }
}

/// Heights in proportion to the values of `level` inside the focus.
fn heights(areas: &Areas, values: &AreaValues, focus: &Focus, level: Option<Level>, share: f64) -> Vec<f32> {
    let focused = focus.area(areas);
    let mut heights = vec![0.0; areas.tree.len()];
    let Some(level) = level.filter(|_| values.values.len() == areas.tree.len()) else { return heights };
    let rising: Vec<(AreaIndex, f64)> = areas
        .tree
        .at_level(level)
        .filter(|&index| focused.is_none_or(|focused| areas.tree.is_within(index, focused)))
        .filter_map(|index| Some((index, values.values[index as usize].filter(|v| v.is_finite() && *v > 0.0)?)))
        .collect();
    let most = rising.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let [width, height] = focus_bounds(areas, focus).size();
    let tallest_m = share * width.max(height);
    for (index, value) in rising {
        heights[index as usize] = (value / most * tallest_m) as f32;
    }
    heights
}

/// The area of `level` that shows at a pixel.
pub fn pick(view: &MapView, areas: &Areas, relief: &Relief, level: Level, at_px: [f32; 2]) -> Option<AreaIndex> {
    let [cos, sin] = view.tilt_cos_sin();
    let ground = view.local_from_screen(at_px);
    let rise = if relief.level == Some(level) { view.rise() } else { 0.0 };
    let [lon, lat] = areas.projection.lonlat_from_local(ground);
    if sin <= 0.0 || rise <= 0.0 {
        return areas.locator.locate(LonLat::new(lon, lat), level);
    }
    let sight = Sight { ground, tan: sin / cos };
    match relief.style {
        TiltStyle::Columns => nearest_column(&relief.columns, &sight, |area| relief.height_m(area) * rise)
            .or_else(|| areas.locator.locate(LonLat::new(lon, lat), level)),
        TiltStyle::Extrude => {
            let stretches = stretches_below(&areas.locator, areas, &sight, view.tallest_m * rise, level);
            nearest_block(&stretches, &sight, |area| relief.height_m(area) * rise)
        }
    }
}

/// The line of sight through one pixel: at the height h it is over the place
/// `tan` · h south of where it meets the ground.
struct Sight {
    /// Where it meets the ground, local metres.
    ground: [f64; 2],
    /// Tangent of the tilt.
    tan: f64,
}

/// The stretches of ground under the line of sight from `tallest_m` down, in
/// local metres.
fn stretches_below(locator: &AreaLocator, areas: &Areas, sight: &Sight, tallest_m: f64, level: Level) -> Vec<Stretch> {
    let [x, y] = sight.ground;
    let [lon, north] = areas.projection.lonlat_from_local([x, y]);
    let [_, south] = areas.projection.lonlat_from_local([x, y - tallest_m * sight.tan]);
    let local = |lat: f64| areas.projection.local_from_lonlat([lon, lat])[1];
    locator
        .stretches(lon, [south, north], level)
        .into_iter()
        .map(|stretch| Stretch { south: local(stretch.south), north: local(stretch.north), ..stretch })
        .collect()
}

/// The first block that the line of sight meets on its way north and down. It
/// meets a block in its southern wall when it is no higher than the roof where
/// it enters, and in the roof when it comes down to it before it leaves.
fn nearest_block(stretches: &[Stretch], sight: &Sight, height_m: impl Fn(AreaIndex) -> f64) -> Option<AreaIndex> {
    stretches
        .iter()
        .filter_map(|stretch| {
            let roof_at = sight.ground[1] - height_m(stretch.area) * sight.tan;
            let met_at = roof_at.max(stretch.south);
            (met_at <= stretch.north && met_at <= sight.ground[1]).then_some((met_at, stretch.area))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .map(|(_, area)| area)
}

/// The first column that the line of sight meets.
fn nearest_column(columns: &[Column], sight: &Sight, height_m: impl Fn(AreaIndex) -> f64) -> Option<AreaIndex> {
    let [x, y] = sight.ground;
    columns
        .iter()
        .filter_map(|column| {
            let radius = f64::from(column.radius_m);
            let (east, middle) = ((x - f64::from(column.at[0])).abs(), f64::from(column.at[1]));
            // Half the chord of the hexagon along the meridian through x.
            let half = (3.0_f64.sqrt() * (radius - east)).min(radius * 3.0_f64.sqrt() / 2.0);
            let height = height_m(column.area);
            let met_at = (y - height * sight.tan).max(middle - half);
            (half > 0.0 && height > 0.0 && met_at <= middle + half && met_at <= y).then_some((met_at, column.area))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .map(|(_, area)| area)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::area::{Area, AreaTree, GridKind};
    use crate::domain::geometry::Shape;

    const SIDE: usize = 6;

    /// `SIDE` × `SIDE` cells of 100 m with jittered corners, row by row.
    fn corners(seed: u64) -> Vec<[f64; 2]> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..=SIDE)
            .flat_map(|row| (0..=SIDE).map(move |column| [column as f64 * 100.0, row as f64 * 100.0]))
            .map(|[x, y]| [x + random.f64() * 50.0, y + random.f64() * 50.0])
            .collect()
    }

    fn rings(corners: &[[f64; 2]]) -> Vec<[[f64; 2]; 4]> {
        let at = |row: usize, column: usize| corners[row * (SIDE + 1) + column];
        (0..SIDE * SIDE)
            .map(|cell| {
                let (row, column) = (cell / SIDE, cell % SIDE);
                [at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)]
            })
            .collect()
    }

    fn locator(rings: &[[[f64; 2]; 4]]) -> AreaLocator {
        let areas = rings.iter().enumerate().map(|(index, ring)| Area {
            code: index.to_string(),
            parent: None,
            name: String::new(),
            level: Level::Grid,
            kind: GridKind::default(),
            shape: Shape::from_ring(ring.to_vec()),
            households: None,
            responsible: Vec::new(),
        });
        AreaLocator::build(&AreaTree::build(areas.collect()).0)
    }

    /// What shows at the pixel over `ground`: of all roofs and all walls that
    /// cover it, projected one by one, the one farthest south.
    fn brute_force(rings: &[[[f64; 2]; 4]], heights: &[f64], sight: &Sight) -> Option<(f64, AreaIndex)> {
        let [x, y] = sight.ground;
        let mut shown: Vec<(f64, AreaIndex)> = Vec::new();
        for (area, ring) in rings.iter().enumerate() {
            let roof: Vec<[f64; 2]> = ring.iter().map(|p| [p[0], p[1] + heights[area] * sight.tan]).collect();
            if crate::domain::geometry::ring_contains(&roof, [x, y]) {
                shown.push((y - heights[area] * sight.tan, area as AreaIndex));
            }
            for (i, a) in ring.iter().enumerate() {
                let b = ring[(i + 1) % ring.len()];
                if (a[0] > x) == (b[0] > x) {
                    continue;
                }
                let foot = a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]);
                let height = (y - foot) / sight.tan;
                if (0.0..=heights[area]).contains(&height) {
                    shown.push((foot, area as AreaIndex));
                }
            }
        }
        shown.into_iter().min_by(|a, b| a.0.total_cmp(&b.0))
    }

    proptest! {
        #[test]
        fn picks_what_a_projection_of_all_roofs_and_walls_shows(
            seed in 0_u64..50,
            heights in proptest::collection::vec(0.0_f64..250.0, SIDE * SIDE),
            x in -20.0_f64..700.0,
            y in -20.0_f64..1_000.0,
            tilt_deg in 1.0_f64..55.0,
        ) {
            let rings = rings(&corners(seed));
            let sight = Sight { ground: [x, y], tan: tilt_deg.to_radians().tan() };
            let tallest = heights.iter().copied().fold(0.0, f64::max);
            // The plane itself stands for degrees: both are used as numbers only.
            let stretches = locator(&rings).stretches(x, [y - tallest * sight.tan, y], Level::Grid);
            let picked = nearest_block(&stretches, &sight, |area| heights[area as usize]);
            let expected = brute_force(&rings, &heights, &sight);
            // Where two walls meet in one line either is right.
            if picked != expected.map(|(_, area)| area) {
                let met = |area: AreaIndex| {
                    let of: Vec<Stretch> = stretches.iter().filter(|s| s.area == area).copied().collect();
                    of.iter()
                        .map(|s| (sight.ground[1] - heights[area as usize] * sight.tan).max(s.south))
                        .fold(f64::INFINITY, f64::min)
                };
                let (picked, expected) = (picked.map(met), expected.map(|(at, _)| at));
                prop_assert!(picked.zip(expected).is_some_and(|(a, b)| (a - b).abs() < 1e-6), "{picked:?} {expected:?}");
            }
        }
    }

    #[test]
    fn a_column_is_met_in_its_face_and_on_its_top_but_not_behind_it() {
        let columns = [Column { area: 7, at: [0.0, 0.0], radius_m: 10.0 }];
        let met = |ground: [f64; 2]| nearest_column(&columns, &Sight { ground, tan: 1.0 }, |_| 100.0);
        // The face is 8.66 m south of the middle; the top reaches 100 m north.
        assert_eq!(met([0.0, -8.0]), Some(7));
        assert_eq!(met([0.0, -9.0]), None);
        assert_eq!(met([0.0, 108.0]), Some(7));
        assert_eq!(met([0.0, 109.0]), None);
        assert_eq!(met([9.9, 50.0]), Some(7));
        assert_eq!(met([10.1, 50.0]), None);
    }
}
