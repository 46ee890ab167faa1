//! Which tiles a view needs, and which of those at hand it shows meanwhile.

use std::collections::BTreeSet;

use super::{TileGrid, TileId, TileSetInfo};
use crate::domain::crs::Projection;
use crate::domain::geometry::Bounds;

/// Most tiles of one set that a view may need; where there would be more, the
/// level is coarser.
pub const MAX_WANTED: usize = 192;

/// Places along each side of a view at which it is looked up where they lie in
/// the tiles: a shifted or bent view is no rectangle there.
const SAMPLES: u32 = 8;

/// The tiles that cover `view` (local metres) at the level whose tiles are
/// shown as large as they are meant to be: those nearest to its middle first,
/// never more than [`MAX_WANTED`].
///
/// None when the set is so fine that the view would need too many.
pub fn wanted(
    grid: &TileGrid,
    info: &TileSetInfo,
    projection: &Projection,
    view: &Bounds,
    px_per_m: f64,
) -> Vec<TileId> {
    let is_finite = view.min.iter().chain(&view.max).chain([&px_per_m]).all(|value| value.is_finite());
    if view.is_empty() || !is_finite || px_per_m <= 0.0 {
        return Vec::new();
    }
    let least = info.min_zoom.max(grid.matrix.least_zoom());
    let shown_px = TileGrid::side_m(0, projection) * px_per_m;
    let ideal = (shown_px / f64::from(info.tile_px.max(1))).log2().round();
    let mut z = (ideal.clamp(0.0, f64::from(super::MAX_ZOOM)) as u8).min(info.max_zoom);
    loop {
        z = z.max(least);
        let [west, north, east, south] = tile_range(grid, z, projection, view);
        let count = u64::from(east - west + 1) * u64::from(south - north + 1);
        if count <= MAX_WANTED as u64 {
            let middle = [(f64::from(west) + f64::from(east)) / 2.0, (f64::from(north) + f64::from(south)) / 2.0];
            let mut tiles: Vec<TileId> =
                (north..=south).flat_map(|y| (west..=east).map(move |x| TileId { z, x, y })).collect();
            tiles.sort_by(|a, b| off_middle(*a, middle).total_cmp(&off_middle(*b, middle)));
            return tiles;
        }
        if z <= least {
            return Vec::new();
        }
        z -= 1;
    }
}

fn off_middle(tile: TileId, [x, y]: [f64; 2]) -> f64 {
    (f64::from(tile.x) - x).powi(2) + (f64::from(tile.y) - y).powi(2)
}

/// First column, first row, last column and last row under a view.
fn tile_range(grid: &TileGrid, z: u8, projection: &Projection, view: &Bounds) -> [u32; 4] {
    let mut range = Bounds::EMPTY;
    let [width, height] = view.size();
    for i in 0..=SAMPLES {
        for j in 0..=SAMPLES {
            let share = [i, j].map(|n| f64::from(n) / f64::from(SAMPLES));
            let local = [view.min[0] + width * share[0], view.min[1] + height * share[1]];
            let [lon, lat] = projection.lonlat_from_local(local);
            range.grow(grid.position(z, [lon.clamp(-180.0, 180.0), lat]));
        }
    }
    // Between two samples a shift bends the edge by less than this.
    let slack = 1e-3;
    let [columns, rows] = grid.matrix.size(z);
    let cell = |position: f64, count: u32| (position.max(0.0) as u32).min(count - 1);
    [
        cell(range.min[0] - slack, columns),
        cell(range.min[1] - slack, rows),
        cell(range.max[0] + slack, columns),
        cell(range.max[1] + slack, rows),
    ]
}

/// Of the tiles at hand (`ready`) those that show the most of what is wanted
/// without covering each other: a wanted tile itself; where one is missing, the
/// nearest coarser one in the place of all that it covers, else finer ones.
/// Coarse first.
pub fn cover(wanted: &[TileId], ready: &BTreeSet<TileId>) -> Vec<TileId> {
    let mut chosen = BTreeSet::new();
    let mut missing = Vec::new();
    for &tile in wanted {
        if ready.contains(&tile) {
            chosen.insert(tile);
        } else if let Some(above) = (0..tile.z).rev().map(|z| tile.ancestor(z)).find(|above| ready.contains(above)) {
            chosen.insert(above);
        } else {
            missing.push(tile);
        }
    }
    let finer = finer_than(&missing, ready);
    chosen.extend(finer);
    // A coarse one stands in for everything under it.
    let all: Vec<TileId> = chosen.iter().copied().collect();
    all.iter().copied().filter(|tile| !(0..tile.z).any(|z| chosen.contains(&tile.ancestor(z)))).collect()
}

/// The coarsest tiles at hand under each of `missing`.
fn finer_than(missing: &[TileId], ready: &BTreeSet<TileId>) -> Vec<TileId> {
    let Some(z) = missing.first().map(|tile| tile.z) else { return Vec::new() };
    let missing: BTreeSet<TileId> = missing.iter().copied().collect();
    // Tiles are ordered by level, so that the coarse come first.
    ready.iter().copied().filter(|tile| tile.z > z && missing.contains(&tile.ancestor(z))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::crs::Crs;
    use crate::domain::geometry::LonLat;
    use crate::domain::tiles::TileMatrix;

    const INFO: TileSetInfo = TileSetInfo { min_zoom: 0, max_zoom: 18, tile_px: 256 };

    fn tile(z: u8, x: u32, y: u32) -> TileId {
        TileId { z, x, y }
    }

    #[test]
    fn tiles_are_shown_about_as_large_as_they_are_meant() {
        let projection = Projection::new(LonLat::new(118.8, 32.0));
        let view = Bounds { min: [-4_000.0, -2_000.0], max: [4_000.0, 2_000.0] };
        let wanted = wanted(&TileGrid::default(), &INFO, &projection, &view, 0.2);
        let side_px = TileGrid::side_m(wanted[0].z, &projection) * 0.2;
        assert!((256.0 / 1.5..256.0 * 1.5).contains(&side_px), "{side_px}");
        assert!(wanted.len() <= 60, "{}", wanted.len());
    }

    #[test]
    fn a_view_that_is_too_large_for_a_set_wants_nothing() {
        let projection = Projection::new(LonLat::new(118.8, 32.0));
        let view = Bounds { min: [-5e5, -5e5], max: [5e5, 5e5] };
        let fine = TileSetInfo { min_zoom: 16, ..INFO };
        assert_eq!(wanted(&TileGrid::default(), &fine, &projection, &view, 0.001), []);
        assert_eq!(wanted(&TileGrid::default(), &INFO, &projection, &Bounds::EMPTY, 0.1), []);
        assert_eq!(wanted(&TileGrid::default(), &INFO, &projection, &view, f64::NAN), []);
        let nowhere = Bounds { min: [f64::NAN; 2], ..view };
        assert_eq!(wanted(&TileGrid::default(), &INFO, &projection, &nowhere, 0.1), []);
    }

    #[test]
    fn a_coarse_tile_stands_in_until_all_under_it_are_there() {
        let wanted = [tile(3, 0, 0), tile(3, 1, 0), tile(3, 2, 0)];
        let mut ready: BTreeSet<TileId> = [tile(2, 0, 0), tile(3, 0, 0)].into();
        assert_eq!(cover(&wanted, &ready), [tile(2, 0, 0)]);
        ready.insert(tile(3, 1, 0));
        assert_eq!(cover(&wanted, &ready), [tile(3, 0, 0), tile(3, 1, 0)]);
        ready.insert(tile(3, 2, 0));
        assert_eq!(cover(&wanted, &ready), wanted);
    }

    #[test]
    fn finer_tiles_stand_in_when_nothing_coarser_is_there() {
        let ready: BTreeSet<TileId> = [tile(4, 0, 0), tile(4, 1, 1), tile(5, 0, 0), tile(4, 9, 9)].into();
        assert_eq!(cover(&[tile(3, 0, 0)], &ready), [tile(4, 0, 0), tile(4, 1, 1)]);
        assert_eq!(cover(&[], &ready), []);
    }

    proptest! {
        #[test]
        fn every_point_of_a_view_is_covered(
            lon in 75.0_f64..134.0,
            lat in 18.0_f64..53.0,
            width_px in 320.0_f64..7_680.0,
            height_px in 320.0_f64..4_320.0,
            log_px_per_m in -12.0_f64..4.0,
            is_geographic: bool,
            datum in 0_usize..4,
            at in prop::array::uniform2(0.0_f64..1.0),
        ) {
            let projection = Projection::new(LonLat::new(lon, lat));
            let px_per_m = log_px_per_m.exp2();
            let half = [width_px, height_px].map(|px| px / px_per_m / 2.0);
            let view = Bounds { min: half.map(|v| -v), max: half };
            let matrix = if is_geographic { TileMatrix::Geographic } else { TileMatrix::WebMercator };
            let grid = TileGrid { matrix, datum: [Crs::Wgs84, Crs::Cgcs2000, Crs::Gcj02, Crs::Bd09][datum] };
            let tiles = wanted(&grid, &INFO, &projection, &view, px_per_m);
            prop_assert!(!tiles.is_empty() && tiles.len() <= MAX_WANTED);
            let local = [0, 1].map(|i| view.min[i] + (view.max[i] - view.min[i]) * at[i]);
            let place = projection.lonlat_from_local(local);
            // Past the poles and the date line there is nothing to cover.
            prop_assume!(place[0].abs() < 180.0 && place[1].abs() < 85.0);
            let z = tiles[0].z;
            let [x, y] = grid.position(z, place).map(|v| v as u32);
            prop_assert!(tiles.contains(&tile(z, x, y)), "{:?} not among {} tiles", (z, x, y), tiles.len());
        }

        #[test]
        fn what_is_shown_never_overlaps(ready in prop::collection::btree_set((0_u8..5, 0_u32..16, 0_u32..16), 0..60)) {
            let ready: BTreeSet<TileId> = ready.into_iter().map(|(z, x, y)| tile(z, x, y).clipped()).collect();
            let wanted: Vec<TileId> = (0..8).flat_map(|x| (0..8).map(move |y| tile(3, x, y))).collect();
            let shown = cover(&wanted, &ready);
            for (i, a) in shown.iter().enumerate() {
                prop_assert!(ready.contains(a));
                prop_assert!(shown[..i].iter().all(|b| !a.is_in(*b) && !b.is_in(*a)));
            }
            for tile in wanted {
                let is_shown = shown.iter().any(|shown| tile.is_in(*shown));
                let can_be = ready.iter().any(|ready| tile.is_in(*ready));
                prop_assert_eq!(is_shown, can_be, "{:?}", tile);
            }
        }
    }

    impl TileId {
        fn clipped(self) -> Self {
            let columns = 1 << self.z;
            Self { x: self.x % columns, y: self.y % columns, ..self }
        }
    }
}
