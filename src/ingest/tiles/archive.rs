//! Tile archives: files that hold a whole set.
//!
//! In: the origin of a tile set. Out: the bytes of its tiles, and what it says
//! of itself. Blocking, perhaps for ever: one at a time for each set.

use std::path::Path;

use super::mbtiles::MbTiles;
use super::pmtiles::PmTiles;
use crate::config::TileSet;
use crate::config::tiles::TileOrigin;
use crate::domain::geometry::Bounds;
use crate::domain::tiles::{TileId, TileMatrix};
use crate::ingest::fault::Fault;

/// Layers that an archive may list: more are not told.
const MAX_LAYERS: usize = 100;

/// An open archive.
pub(super) enum Archive {
    /// PMTiles.
    Pm(Box<PmTiles>),
    /// MBTiles.
    Mb(Box<MbTiles>),
}

/// What an archive says of itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ArchiveInfo {
    /// What its tiles are, in words.
    pub format: String,
    /// Whether they are vector tiles.
    pub is_vector: bool,
    /// First and last level.
    pub zooms: [u8; 2],
    /// What it covers, degrees of its datum.
    pub bounds: Option<Bounds>,
    /// Vector layers that it lists.
    pub layers: Vec<String>,
    /// What its licence wants said.
    pub attribution: Option<String>,
}

/// The file of an archive; `None` for a server.
pub(super) fn path_of(origin: &TileOrigin) -> Option<&Path> {
    match origin {
        TileOrigin::PmTiles { path } | TileOrigin::MbTiles { path } => Some(path),
        TileOrigin::Url(_) => None,
    }
}

impl ArchiveInfo {
    /// The levels that are in force for a tile set, whose own may narrow them.
    ///
    /// # Errors
    /// When the archive has none of those that the set asks for.
    pub fn zooms_of(&self, set: &TileSet) -> Result<[u8; 2], Fault> {
        let [least, most] = self.zooms;
        let zooms = [set.min_zoom.unwrap_or(least), set.max_zoom.unwrap_or(most).min(most)];
        if zooms[0] > zooms[1] || zooms[1] < least {
            let wanted = match (set.min_zoom, set.max_zoom) {
                (Some(min), Some(max)) => format!("min_zoom = {min},max_zoom = {max}"),
                (Some(min), None) => format!("min_zoom = {min}"),
                (None, Some(max)) => format!("max_zoom = {max}"),
                (None, None) => return Err(Fault::Malformed(format!("瓦片级别 {least}–{most} 不成立"))),
            };
            return Err(Fault::Unusable(format!("文件只有 {least}–{most} 级瓦片,配置的 {wanted} 不在其中")));
        }
        Ok(zooms)
    }
}

impl Archive {
    /// Opens the archive of a tile set; `None` when its tiles come from a server.
    ///
    /// # Errors
    /// When the file cannot be read or is no such archive.
    pub fn open(origin: &TileOrigin, matrix: TileMatrix) -> Result<Option<Self>, Fault> {
        Ok(match origin {
            TileOrigin::PmTiles { path } => Some(Self::Pm(Box::new(PmTiles::open(path)?))),
            TileOrigin::MbTiles { path } => Some(Self::Mb(Box::new(MbTiles::open(path, matrix)?))),
            TileOrigin::Url(_) => None,
        })
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn info(&mut self) -> Result<ArchiveInfo, Fault> {
        match self {
            Self::Pm(archive) => archive.info(),
            Self::Mb(archive) => archive.info(),
        }
    }

    /// The bytes of a tile as they are stored; `None` when there is none.
    ///
    /// # Errors
    /// When the archive is damaged or cannot be read.
    pub fn tile(&mut self, tile: TileId) -> Result<Option<Vec<u8>>, Fault> {
        match self {
            Self::Pm(archive) => archive.tile(tile),
            Self::Mb(archive) => archive.tile(tile),
        }
    }
}

/// The layers of `vector_layers` in the metadata of an archive.
pub(super) fn layer_ids(metadata: &serde_json::Value) -> Vec<String> {
    let layers = metadata["vector_layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    layers.iter().filter_map(|layer| layer["id"].as_str()).take(MAX_LAYERS).map(str::to_owned).collect()
}
