//! Map tiles: archives and what is in them.
//!
//! In: bytes. Out: what the wall would draw of them.

#[path = "../../../src/ingest/tiles/archive.rs"]
mod archive;
#[path = "../../../src/ingest/tiles/content.rs"]
mod content;
#[path = "../../../src/ingest/tiles/mapping.rs"]
mod mapping;
#[path = "../../../src/ingest/tiles/mbtiles.rs"]
mod mbtiles;
#[path = "../../../src/ingest/tiles/pmtiles.rs"]
mod pmtiles;
#[path = "../../../src/ingest/tiles/vector.rs"]
mod vector;

use crate::config::tiles::TileOrigin;
use crate::domain::context::ContextKind;
use crate::domain::tiles::{TileContent, TileGrid, TileId, TileMatrix, TileShapes};

use super::fault::Fault;
use archive::{Archive, ArchiveInfo};
use content::Reading;
use mapping::Mapping;

/// Corners of one tile after which the rest is left out.
pub const MAX_VERTICES: usize = vector::MAX_VERTICES;

/// What a tile draws, with the named layers as one kind after the other; under
/// the usual names where none is named.
///
/// # Errors
/// When it cannot be used.
pub fn read(body: Vec<u8>, tile: TileId, grid: TileGrid, layers: &[String]) -> Result<TileContent, Fault> {
    let kinds = [ContextKind::Water, ContextKind::Road, ContextKind::Building, ContextKind::Green];
    let named = layers.iter().cloned().zip(kinds.into_iter().map(Some).cycle()).collect();
    content::read(body, tile, &Reading { grid, mapping: Mapping::new(&named) })
}

/// Names of the layers of a tile.
///
/// # Errors
/// When it is no vector tile.
pub fn layer_names(body: &[u8]) -> Result<Vec<String>, Fault> {
    vector::layer_names(&prost::bytes::Bytes::copy_from_slice(body))
}

/// Reads an archive as the wall does: what it says of itself, then some tiles.
///
/// # Errors
/// When it is no archive.
pub fn look(origin: &TileOrigin, matrix: TileMatrix, tiles: &[TileId]) -> Result<Vec<Vec<u8>>, Fault> {
    let Some(mut archive) = Archive::open(origin, matrix)? else { return Ok(Vec::new()) };
    if let Ok(ArchiveInfo { zooms, layers, .. }) = archive.info() {
        assert!(zooms[1] <= crate::domain::tiles::MAX_ZOOM && layers.len() <= 100);
    }
    Ok(tiles.iter().filter_map(|tile| archive.tile(*tile).ok().flatten()).collect())
}

/// What is drawn of a vector tile under the usual names.
///
/// # Errors
/// When it is none.
pub fn shapes(body: &[u8], tile: TileId, grid: &TileGrid) -> Result<TileShapes, Fault> {
    vector::decode(&prost::bytes::Bytes::copy_from_slice(body), tile, grid, &Mapping::default())
}
