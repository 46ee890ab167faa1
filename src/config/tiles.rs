//! One set of map tiles under the areas: where, in which datum, cut how, and
//! what in it is drawn.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::access::Access;
use super::source::{Deadlines, Secret};
use crate::domain::context::ContextKind;
use crate::domain::tiles::TileGrid;

/// Most tile sets of one wall.
pub const MAX_TILE_SETS: usize = 8;

/// One set of map tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct TileSet {
    /// Unique id: letters, digits, `-`, `_`.
    pub id: String,
    /// Name on the wall.
    pub name: String,
    /// Where its tiles come from.
    pub origin: TileOrigin,
    /// Matrix and datum of its tiles.
    pub grid: TileGrid,
    /// Pixels across which a tile is meant to be shown; `None` takes 256 for
    /// pictures and 512 for vector tiles.
    pub tile_px: Option<u16>,
    /// Shallowest level; a file's own, when not set.
    pub min_zoom: Option<u8>,
    /// Deepest level; a file's own, when not set.
    pub max_zoom: Option<u8>,
    /// Of the whole set, 0–1.
    pub opacity: f32,
    /// What its pictures are like.
    pub look: TileLook,
    /// Vector layer → what it is drawn as; `None` = not drawn. Empty takes the
    /// names of OpenMapTiles, Protomaps and Shortbread.
    pub layers: BTreeMap<String, Option<ContextKind>>,
    /// What its licence wants said on the map.
    pub attribution: Option<String>,
}

impl TileSet {
    /// Whether what comes of `other` is the same, tile by tile, so that only what
    /// the wall makes of it may differ.
    pub fn is_fetched_like(&self, other: &Self) -> bool {
        // Named one by one: whoever adds a field decides here.
        let Self {
            id,
            name: _,
            origin,
            grid,
            tile_px,
            min_zoom,
            max_zoom,
            opacity: _,
            look: _,
            layers,
            attribution: _,
        } = self;
        (id, origin, grid, layers) == (&other.id, &other.origin, &other.grid, &other.layers)
            && (tile_px, min_zoom, max_zoom) == (&other.tile_px, &other.min_zoom, &other.max_zoom)
    }
}

/// Where tiles come from.
#[derive(Clone, Debug, PartialEq)]
pub enum TileOrigin {
    /// A PMTiles archive, version 3.
    PmTiles {
        /// Absolute, or relative to the working folder after resolution.
        path: PathBuf,
    },
    /// An MBTiles file, SQLite.
    MbTiles {
        /// As for PMTiles.
        path: PathBuf,
    },
    /// A server of single tiles.
    Url(Box<TileUrl>),
}

/// A server of single tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct TileUrl {
    /// `http://` or `https://`, with `{z}`, `{x}`, `{y}` or `{-y}`, and perhaps
    /// `{s}` and `{key}`.
    pub template: String,
    /// What `{s}` stands for, in turn.
    pub subdomains: Vec<String>,
    /// What `{key}` stands for.
    pub key: Option<Secret>,
    /// Extra request headers; values may come from a secret.
    pub headers: Vec<(String, Secret)>,
    /// How it is let in.
    pub access: Access,
    /// Deadlines of one request.
    pub deadlines: Deadlines,
}

/// What pictures of a tile set are like: decides how they are toned down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TileLook {
    /// A map on light ground.
    #[default]
    Light,
    /// A map on dark ground.
    Dark,
    /// Photographs.
    Imagery,
}
