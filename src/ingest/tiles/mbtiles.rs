//! MBTiles files, version 1.3: tiles in an SQLite database.
//!
//! In: a file. Out: the bytes of a tile, as they are stored. Rows are counted
//! from the south there, as in TMS.
//!
//! The database is opened for reading only, and as one that strangers may have
//! written: its schema runs no functions, and no value in it may be longer than
//! a tile.

use std::path::{Path, PathBuf};

use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::archive::ArchiveInfo;
use crate::domain::geometry::Bounds;
use crate::domain::tiles::{MAX_ZOOM, TileId, TileMatrix};
use crate::ingest::fault::Fault;

/// An open file.
pub(super) struct MbTiles {
    path: PathBuf,
    database: Connection,
    matrix: TileMatrix,
}

impl MbTiles {
    /// Opens a file; `matrix` says how many rows a level has.
    ///
    /// # Errors
    /// When the file cannot be read or is no such database.
    pub fn open(path: &Path, matrix: TileMatrix) -> Result<Self, Fault> {
        // SQLite would say "unable to open" to everything.
        std::fs::File::open(path).map_err(|error| Fault::file(path, &error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let open = || -> rusqlite::Result<Connection> {
            let database = Connection::open_with_flags(uri(path), flags)?;
            database.set_limit(Limit::SQLITE_LIMIT_LENGTH, super::content::MAX_BYTES as i32)?;
            database.pragma_update(None, "trusted_schema", false)?;
            Ok(database)
        };
        let database = open().map_err(|error| fault(path, &error))?;
        let opened = Self { path: path.to_owned(), database, matrix };
        // What is no database shows only when it is read.
        opened.tile(TileId { z: 0, x: 0, y: 0 })?;
        Ok(opened)
    }

    /// What the file says of itself.
    ///
    /// # Errors
    /// When it has no tiles or cannot be read.
    pub fn info(&self) -> Result<ArchiveInfo, Fault> {
        let said = |name: &str| self.metadata(name);
        let metadata: serde_json::Value =
            said("json").and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let zoom = |name: &str, column: &str| {
            said(name).and_then(|zoom| zoom.trim().parse().ok()).map_or_else(|| self.zoom(column), Ok)
        };
        let zooms = [zoom("minzoom", "min")?, zoom("maxzoom", "max")?];
        let format = said("format").unwrap_or_default();
        if format == "webp" {
            return Err(Fault::Picture("不支持 WebP,请改用 PNG 或 JPEG 瓦片".into()));
        }
        Ok(ArchiveInfo {
            is_vector: matches!(format.as_str(), "pbf" | "mvt"),
            format: match format.as_str() {
                "pbf" | "mvt" => "矢量 MVT".into(),
                "jpg" | "jpeg" => "JPEG".into(),
                "png" => "PNG".into(),
                _ => "未注明".into(),
            },
            zooms: zooms.map(|z| z.min(MAX_ZOOM)),
            bounds: said("bounds").and_then(|text| bounds(&text)),
            layers: super::archive::layer_ids(&metadata),
            attribution: said("attribution"),
        })
    }

    /// The bytes of a tile as they are stored; `None` when there is none.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn tile(&self, tile: TileId) -> Result<Option<Vec<u8>>, Fault> {
        let Some(row) = (self.matrix.size(tile.z)[1] - 1).checked_sub(tile.y) else { return Ok(None) };
        let mut statement = self
            .database
            .prepare("SELECT tile_data FROM tiles WHERE zoom_level = ?1 AND tile_column = ?2 AND tile_row = ?3")
            .map_err(|error| fault(&self.path, &error))?;
        let found = statement.query_row((tile.z, tile.x, row), |row| row.get(0)).optional();
        found.map_err(|error| fault(&self.path, &error))
    }

    /// A value of the table `metadata`.
    fn metadata(&self, name: &str) -> Option<String> {
        let query = "SELECT value FROM metadata WHERE name = ?1";
        self.database.query_row(query, [name], |row| row.get(0)).ok()
    }

    /// The first or last level that has a tile.
    fn zoom(&self, which: &str) -> Result<u8, Fault> {
        let query = format!("SELECT {which}(zoom_level) FROM tiles");
        let zoom: Option<u8> =
            self.database.query_row(&query, [], |row| row.get(0)).map_err(|error| fault(&self.path, &error))?;
        zoom.ok_or_else(|| Fault::NotData("MBTiles 文件中没有瓦片".into()))
    }
}

/// The address of a file for SQLite, as one that nobody changes: so nothing is
/// locked, and no journal is written beside it.
fn uri(path: &Path) -> String {
    let path = path.to_string_lossy().replace('\\', "/");
    let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    // `C:/…` begins with a slash in an address.
    let root = if path.contains(':') && !path.starts_with('/') { "/" } else { "" };
    format!("file:{root}{path}?immutable=1")
}

/// `118.3,31.2,119.2,32.6`: west, south, east, north.
fn bounds(text: &str) -> Option<Bounds> {
    let numbers: Vec<f64> = text.split(',').map_while(|part| part.trim().parse().ok()).collect();
    let [west, south, east, north] = *numbers.as_slice() else { return None };
    (west < east && south < north).then_some(Bounds { min: [west, south], max: [east, north] })
}

/// Why a database cannot be used, without its path.
fn fault(path: &Path, error: &rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Fault::NotData("不是 MBTiles 文件(不是 SQLite 数据库)".into()),
        Some(ErrorCode::DatabaseCorrupt) => Fault::NotData("MBTiles 文件损坏".into()),
        Some(ErrorCode::TooBig) => Fault::TooLarge { limit: super::content::MAX_BYTES },
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::PermissionDenied) => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            Fault::File { name, reason: "SQLite 无法读取".into() }
        }
        _ => Fault::NotData("不是 MBTiles 文件:没有 tiles 表或其列不对".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_files_are_quoted() {
        assert_eq!(uri(Path::new("/地图/a b#1?.mbtiles")), "file:/地图/a b%231%3F.mbtiles?immutable=1");
        assert_eq!(uri(Path::new("data/100%.mbtiles")), "file:data/100%25.mbtiles?immutable=1");
    }

    #[test]
    fn bounds_are_read_or_left_out() {
        assert_eq!(bounds("118, 31.5,119,32"), Some(Bounds { min: [118.0, 31.5], max: [119.0, 32.0] }));
        for text in ["", "1,2,3", "3,2,1,4", "a,b,c,d", "1,2,3,4,5"] {
            assert_eq!(bounds(text), None, "{text}");
        }
    }
}
