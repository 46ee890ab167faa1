//! Map tiles: how they are numbered, which of them a view needs, and what one
//! holds once it is decoded.
//!
//! In: a view in local metres, the datum and the matrix of a tile set. Out:
//! [`TileId`]s ([`wanted`], [`cover`]) and places ([`TileGrid`]). Pure.
//!
//! How it works: a tile set is drawn in a datum (GCJ-02 for Amap) and cut by a
//! matrix (Web Mercator, or degrees as 天地图's `_c` sets are). Both are undone
//! for each point: position in the tile → degrees of the datum → WGS-84. So a
//! tile lands where WGS-84 data say, and bends where its matrix is not ours.

mod cover;
mod shapes;

pub use cover::{MAX_WANTED, cover, wanted};
pub use shapes::TileShapes;

use super::crs::{Crs, EARTH_RADIUS_M, Projection, lonlat_from_mercator, mercator_from_lonlat};
use super::geometry::LonLat;
use super::update::Picture;

/// The deepest level that anybody numbers: tiles of 4 cm.
pub const MAX_ZOOM: u8 = 24;

/// Number of a tile set: its position in the configuration.
pub type TileSetId = u16;

/// One tile of a set: level, column from the west, row from the north.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// Level; each has twice the columns of the one before.
    pub z: u8,
    /// Column, 0 in the west.
    pub x: u32,
    /// Row, 0 in the north.
    pub y: u32,
}

impl TileId {
    /// The tile of level `z` that holds this one; itself when `z` is not above.
    #[must_use]
    pub fn ancestor(self, z: u8) -> Self {
        let by = self.z.saturating_sub(z).min(31);
        Self { z: self.z - by, x: self.x >> by, y: self.y >> by }
    }

    /// Whether this tile lies in `other`, or is it.
    pub fn is_in(self, other: Self) -> bool {
        self.z >= other.z && self.ancestor(other.z) == other
    }
}

/// How the world is cut into tiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TileMatrix {
    /// EPSG:3857: a square of 2^z × 2^z tiles.
    #[default]
    WebMercator,
    /// EPSG:4326 and 4490, degrees: 2^z × 2^(z−1) tiles from −180, 90 on;
    /// there is no level 0.
    Geographic,
}

impl TileMatrix {
    /// Columns and rows of a level.
    pub fn size(self, z: u8) -> [u32; 2] {
        let columns = 1_u32 << z.min(MAX_ZOOM);
        match self {
            Self::WebMercator => [columns; 2],
            Self::Geographic => [columns, (columns / 2).max(1)],
        }
    }

    /// The shallowest level that there is.
    pub const fn least_zoom(self) -> u8 {
        match self {
            Self::WebMercator => 0,
            Self::Geographic => 1,
        }
    }

    /// Degrees of a position in columns and rows of level `z`, fractions
    /// included.
    pub fn lonlat(self, z: u8, [column, row]: [f64; 2]) -> [f64; 2] {
        let columns = f64::from(self.size(z)[0]);
        match self {
            Self::WebMercator => {
                let half_m = std::f64::consts::PI * EARTH_RADIUS_M;
                let metres = [(column / columns * 2.0 - 1.0) * half_m, (1.0 - row / columns * 2.0) * half_m];
                let place = lonlat_from_mercator(metres);
                [place.lon, place.lat]
            }
            Self::Geographic => [column / columns * 360.0 - 180.0, 90.0 - row / columns * 360.0],
        }
    }

    /// Position in columns and rows of level `z` of a place in degrees.
    pub fn position(self, z: u8, [lon, lat]: [f64; 2]) -> [f64; 2] {
        let columns = f64::from(self.size(z)[0]);
        match self {
            Self::WebMercator => {
                let half_m = std::f64::consts::PI * EARTH_RADIUS_M;
                let [x, y] = mercator_from_lonlat(LonLat::new(lon, lat));
                [(x / half_m + 1.0) / 2.0 * columns, (1.0 - y / half_m) / 2.0 * columns]
            }
            Self::Geographic => [(lon + 180.0) / 360.0 * columns, (90.0 - lat) / 360.0 * columns],
        }
    }
}

/// Matrix and datum of one tile set: where its tiles lie on the Earth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TileGrid {
    /// How the world is cut.
    pub matrix: TileMatrix,
    /// The datum that the tiles are drawn in.
    pub datum: Crs,
}

impl TileGrid {
    /// WGS-84 degrees of a place in a tile: (0, 0) is its north-western corner,
    /// (1, 1) the south-eastern one.
    pub fn lonlat(&self, tile: TileId, [across, down]: [f64; 2]) -> [f64; 2] {
        let at = [f64::from(tile.x) + across, f64::from(tile.y) + down];
        self.datum.to_wgs84(self.matrix.lonlat(tile.z, at))
    }

    /// Columns and rows of level `z`, with fractions, of WGS-84 degrees.
    pub fn position(&self, z: u8, lonlat: [f64; 2]) -> [f64; 2] {
        self.matrix.position(z, self.datum.from_wgs84(lonlat))
    }

    /// Whether tiles are plain squares of the plane that the map draws in, so
    /// that their corners say everything.
    pub fn is_straight(&self) -> bool {
        self.matrix == TileMatrix::WebMercator && matches!(self.datum, Crs::Wgs84 | Crs::Cgcs2000)
    }

    /// Side of a tile of level `z` from west to east, local metres.
    pub fn side_m(z: u8, projection: &Projection) -> f64 {
        let stretch = projection.stretch_at(0.0);
        2.0 * std::f64::consts::PI * EARTH_RADIUS_M * stretch / f64::from(1_u32 << z.min(MAX_ZOOM))
    }
}

/// What one tile holds.
#[derive(Clone, Debug)]
pub enum TileContent {
    /// A picture.
    Raster(Picture),
    /// Polygons and lines.
    Shapes(std::sync::Arc<TileShapes>),
    /// The set has no such tile, or nothing in it that is drawn.
    Absent,
    /// It came and could not be used; a coarser one stands in.
    Faulty,
}

impl TileContent {
    /// Memory that it takes, bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Raster(picture) => picture.rgba.len(),
            Self::Shapes(shapes) => shapes.bytes(),
            Self::Absent | Self::Faulty => 0,
        }
    }
}

/// What a tile set is like, told when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileSetInfo {
    /// Shallowest level that it has.
    pub min_zoom: u8,
    /// Deepest level that it has; deeper views enlarge its tiles.
    pub max_zoom: u8,
    /// Pixels across which one tile is meant to be shown.
    pub tile_px: u16,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MATRICES: [TileMatrix; 2] = [TileMatrix::WebMercator, TileMatrix::Geographic];

    #[test]
    fn known_tiles() {
        // Confucius Temple in Nanjing, as tile calculators number it.
        let nanjing = [118.789, 32.021];
        let at = TileMatrix::WebMercator.position(14, nanjing);
        assert_eq!(at.map(|v| v as u32), [13_598, 6_652]);
        // 天地图 level 1 of a `_c` set: two tiles side by side.
        assert_eq!(TileMatrix::Geographic.size(1), [2, 1]);
        assert_eq!(TileMatrix::Geographic.position(1, [0.0, 0.0]), [1.0, 0.5]);
        assert_eq!(TileMatrix::Geographic.lonlat(3, [0.0, 0.0]), [-180.0, 90.0]);
        assert_eq!(TileMatrix::Geographic.lonlat(3, [8.0, 4.0]), [180.0, -90.0]);
    }

    #[test]
    fn ancestors_are_found_level_by_level() {
        let tile = TileId { z: 14, x: 13_598, y: 6_652 };
        assert_eq!(tile.ancestor(13), TileId { z: 13, x: 6_799, y: 3_326 });
        assert_eq!(tile.ancestor(0), TileId { z: 0, x: 0, y: 0 });
        assert_eq!(tile.ancestor(20), tile);
        assert!(tile.is_in(tile.ancestor(5)) && !tile.ancestor(5).is_in(tile));
    }

    #[test]
    fn a_tile_s_side_is_what_its_corners_say() {
        let projection = Projection::new(LonLat::new(118.8, 32.0));
        for matrix in MATRICES {
            let grid = TileGrid { matrix, datum: Crs::Wgs84 };
            let tile = TileId { z: 12, x: 3_399, y: 1_663 };
            let [west, east] =
                [0.0, 1.0].map(|across| projection.local_from_lonlat(grid.lonlat(tile, [across, 0.0]))[0]);
            assert!(((east - west) - TileGrid::side_m(12, &projection)).abs() < 1e-3);
        }
    }

    proptest! {
        #[test]
        fn places_come_back(lon in -179.9_f64..179.9, lat in -84.9_f64..84.9, z in 1_u8..20) {
            for matrix in MATRICES {
                let back = matrix.lonlat(z, matrix.position(z, [lon, lat]));
                prop_assert!((back[0] - lon).abs() < 1e-9 && (back[1] - lat).abs() < 1e-9, "{:?}", back);
            }
        }

        #[test]
        fn shifted_tiles_land_within_a_metre(lon in 75.0_f64..134.0, lat in 18.0_f64..53.0, z in 3_u8..19) {
            for matrix in MATRICES {
                for datum in [Crs::Gcj02, Crs::Bd09, Crs::Cgcs2000, Crs::Wgs84] {
                    let grid = TileGrid { matrix, datum };
                    let at = grid.position(z, [lon, lat]);
                    let tile = TileId { z, x: at[0] as u32, y: at[1] as u32 };
                    let back = grid.lonlat(tile, [at[0].fract(), at[1].fract()]);
                    let miss_m = crate::domain::crs::distance_m(LonLat::new(lon, lat), LonLat::new(back[0], back[1]));
                    prop_assert!(miss_m < 1.0, "{:?} {} m", datum, miss_m);
                }
            }
        }
    }
}
