//! PMTiles archives, version 3: one file with a header, directories and tiles.
//!
//! In: a file. Out: the bytes of a tile, as they are stored. After the
//! specification (protomaps/PMTiles, `spec/v3/spec.md`).
//!
//! How it works: the root directory is read when the archive is opened, leaf
//! directories when a tile needs them; the last few are kept. Every offset and
//! length of the file is checked and bounded before it is used. Own code because
//! the crate of that name reads files only through a memory map, and a file that
//! is replaced under a map ends the program.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::ArchiveInfo;
use super::content::gunzip;
use crate::domain::geometry::Bounds;
use crate::domain::tiles::{MAX_ZOOM, TileId};
use crate::ingest::fault::Fault;

/// Longest directory or metadata, packed or not, bytes.
const MAX_DIRECTORY_BYTES: u64 = 16 << 20;

/// Longest tile as it is stored, bytes.
const MAX_STORED_BYTES: u64 = super::content::MAX_BYTES;

/// Leaf directories kept; one holds some thousand tiles.
const LEAVES_KEPT: usize = 16;

/// Directories under each other; the specification foresees two or three.
const MAX_DEPTH: usize = 4;

/// Bytes of the header.
const HEADER_BYTES: usize = 127;

/// An open archive.
pub(super) struct PmTiles {
    path: PathBuf,
    file: File,
    header: Header,
    root: Arc<Vec<Entry>>,
    /// Leaf directories by their offset, oldest first.
    leaves: Vec<(u64, Arc<Vec<Entry>>)>,
}

/// The parts of the header that reading needs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Header {
    root: [u64; 2],
    metadata: [u64; 2],
    leaves: [u64; 2],
    tiles: [u64; 2],
    is_gzip: bool,
    tile_packing: u8,
    tile_kind: u8,
    zooms: [u8; 2],
    bounds: Bounds,
}

/// One line of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    /// The first tile that it stands for.
    tile: u64,
    /// How many tiles in a row it stands for; 0 = it is a leaf directory.
    run: u32,
    offset: u64,
    length: u32,
}

/// A damaged archive, in one sentence.
fn damaged(what: &str) -> Fault {
    Fault::NotData(format!("PMTiles 文件损坏:{what}"))
}

impl Header {
    fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Fault> {
        if !bytes.starts_with(b"PMTiles") {
            return Err(Fault::NotData("不是 PMTiles 文件".into()));
        }
        if bytes[7] != 3 {
            return Err(Fault::NotData(format!("PMTiles 版本 {},只支持 3", bytes[7])));
        }
        let u64_at = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let degrees_at = |at: usize| f64::from(i32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))) / 1e7;
        let section = |at: usize| [u64_at(at), u64_at(at + 8)];
        let is_gzip = match bytes[97] {
            1 => false,
            2 => true,
            _ => return Err(Fault::NotData("PMTiles 的目录只支持 gzip 或不压缩".into())),
        };
        Ok(Self {
            root: section(8),
            metadata: section(24),
            leaves: section(40),
            tiles: section(56),
            is_gzip,
            tile_packing: bytes[98],
            tile_kind: bytes[99],
            zooms: [bytes[100].min(MAX_ZOOM), bytes[101].min(MAX_ZOOM)],
            bounds: Bounds { min: [degrees_at(102), degrees_at(106)], max: [degrees_at(110), degrees_at(114)] },
        })
    }

    /// What its tiles are, in words; an error for what is never readable.
    fn format(&self) -> Result<&'static str, Fault> {
        if matches!(self.tile_packing, 3 | 4) {
            let packing = if self.tile_packing == 3 { "brotli" } else { "zstd" };
            return Err(Fault::NotData(format!("瓦片以 {packing} 压缩,只支持 gzip 或不压缩")));
        }
        match self.tile_kind {
            1 => Ok("矢量 MVT"),
            2 => Ok("PNG"),
            3 => Ok("JPEG"),
            4 => Err(Fault::Picture("不支持 WebP,请改用 PNG 或 JPEG 瓦片".into())),
            5 => Err(Fault::Picture("不支持 AVIF,请改用 PNG 或 JPEG 瓦片".into())),
            6 => Err(Fault::NotData("不支持 MLT,请改用 MVT 瓦片".into())),
            _ => Ok("未注明"),
        }
    }
}

impl PmTiles {
    /// Opens an archive and reads its root directory.
    ///
    /// # Errors
    /// When the file cannot be read or is no such archive.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path).map_err(|error| Fault::file(path, &error))?;
        let mut opened =
            Self { path: path.to_owned(), file, header: Header::NONE, root: Arc::default(), leaves: Vec::new() };
        let mut bytes = [0; HEADER_BYTES];
        let head = opened.bytes_at(0, HEADER_BYTES as u64)?;
        bytes.copy_from_slice(&head);
        opened.header = Header::parse(&bytes)?;
        opened.header.format()?;
        opened.root = Arc::new(opened.directory(opened.header.root)?);
        Ok(opened)
    }

    /// What the archive says of itself.
    ///
    /// # Errors
    /// When its metadata cannot be read.
    pub fn info(&mut self) -> Result<ArchiveInfo, Fault> {
        let header = self.header;
        let metadata = self.section(header.metadata)?;
        let metadata: serde_json::Value = serde_json::from_slice(&metadata).unwrap_or_default();
        Ok(ArchiveInfo {
            format: header.format()?.to_owned(),
            is_vector: header.tile_kind == 1,
            zooms: header.zooms,
            bounds: Some(header.bounds).filter(|bounds| bounds.min[0] < bounds.max[0]),
            layers: super::archive::layer_ids(&metadata),
            attribution: metadata["attribution"].as_str().map(str::to_owned),
        })
    }

    /// The bytes of a tile as they are stored; `None` when there is none.
    ///
    /// # Errors
    /// When a directory is damaged or the file cannot be read.
    pub fn tile(&mut self, tile: TileId) -> Result<Option<Vec<u8>>, Fault> {
        let number = tile_number(tile);
        let mut directory = Arc::clone(&self.root);
        for _ in 0..MAX_DEPTH {
            let at = directory.partition_point(|entry| entry.tile <= number);
            let Some(entry) = at.checked_sub(1).map(|at| directory[at]) else { return Ok(None) };
            if entry.run > 0 {
                if number - entry.tile >= u64::from(entry.run) {
                    return Ok(None);
                }
                let [start, length] = self.header.tiles;
                let end = entry.offset.checked_add(u64::from(entry.length)).filter(|end| *end <= length);
                let offset = end.and_then(|_| start.checked_add(entry.offset)).ok_or_else(|| damaged("瓦片越界"))?;
                if u64::from(entry.length) > MAX_STORED_BYTES {
                    return Err(Fault::TooLarge { limit: MAX_STORED_BYTES });
                }
                return self.bytes_at(offset, u64::from(entry.length)).map(Some);
            }
            directory = self.leaf(entry)?;
        }
        Err(damaged("目录层数过多"))
    }

    fn leaf(&mut self, entry: Entry) -> Result<Arc<Vec<Entry>>, Fault> {
        if let Some(at) = self.leaves.iter().position(|(offset, _)| *offset == entry.offset) {
            let kept = self.leaves.remove(at);
            let directory = Arc::clone(&kept.1);
            self.leaves.push(kept);
            return Ok(directory);
        }
        let [start, length] = self.header.leaves;
        let end = entry.offset.checked_add(u64::from(entry.length)).filter(|end| *end <= length);
        let offset = end.and_then(|_| start.checked_add(entry.offset)).ok_or_else(|| damaged("目录越界"))?;
        let directory = Arc::new(self.directory([offset, u64::from(entry.length)])?);
        if self.leaves.len() >= LEAVES_KEPT {
            self.leaves.remove(0);
        }
        self.leaves.push((entry.offset, Arc::clone(&directory)));
        Ok(directory)
    }

    fn directory(&mut self, section: [u64; 2]) -> Result<Vec<Entry>, Fault> {
        parse_directory(&self.section(section)?)
    }

    /// A part of the file that is packed as directories are, unpacked.
    fn section(&mut self, [offset, length]: [u64; 2]) -> Result<Vec<u8>, Fault> {
        if length > MAX_DIRECTORY_BYTES {
            return Err(Fault::TooLarge { limit: MAX_DIRECTORY_BYTES });
        }
        let bytes = self.bytes_at(offset, length)?;
        if self.header.is_gzip && !bytes.is_empty() { gunzip(&bytes, MAX_DIRECTORY_BYTES) } else { Ok(bytes) }
    }

    fn bytes_at(&mut self, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        let fault = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => damaged("文件比它所说的短"),
            _ => Fault::file(&self.path, &error),
        };
        self.file.seek(SeekFrom::Start(offset)).map_err(fault)?;
        let mut bytes = Vec::new();
        // A length that the file does not have allocates nothing.
        (&self.file).take(length).read_to_end(&mut bytes).map_err(fault)?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(damaged("文件比它所说的短")) }
    }
}

impl Header {
    /// Stands in until the header was read.
    const NONE: Self = Self {
        root: [0; 2],
        metadata: [0; 2],
        leaves: [0; 2],
        tiles: [0; 2],
        is_gzip: false,
        tile_packing: 1,
        tile_kind: 0,
        zooms: [0; 2],
        bounds: Bounds::EMPTY,
    };
}

/// Reads a directory: four columns of numbers, one after the other.
fn parse_directory(bytes: &[u8]) -> Result<Vec<Entry>, Fault> {
    let mut rest = bytes;
    let mut next = || varint(&mut rest).ok_or_else(|| damaged("目录提前结束"));
    let count = next()?;
    // Each entry takes at least four bytes.
    let count = usize::try_from(count).ok().filter(|count| *count <= bytes.len() / 4);
    let count = count.ok_or_else(|| damaged("目录的条数"))?;
    let mut entries = vec![Entry { tile: 0, run: 0, offset: 0, length: 0 }; count];
    let mut tile = 0_u64;
    for entry in &mut entries {
        tile = tile.checked_add(next()?).ok_or_else(|| damaged("瓦片编号"))?;
        entry.tile = tile;
    }
    for entry in &mut entries {
        entry.run = u32::try_from(next()?).map_err(|_| damaged("连续数"))?;
    }
    for entry in &mut entries {
        entry.length = u32::try_from(next()?).map_err(|_| damaged("长度"))?;
    }
    let mut follows = None;
    for entry in &mut entries {
        let said = next()?;
        entry.offset = match (said, follows) {
            (0, Some(end)) => end,
            (0, None) => return Err(damaged("位置")),
            _ => said - 1,
        };
        follows = entry.offset.checked_add(u64::from(entry.length));
    }
    Ok(entries)
}

/// Takes one number off the front (protobuf's varint).
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Number of a tile: all coarser levels first, then along a Hilbert curve.
fn tile_number(tile: TileId) -> u64 {
    let z = u32::from(tile.z.min(MAX_ZOOM));
    let before = ((1_u64 << (2 * z)) - 1) / 3;
    let (mut x, mut y) = (u64::from(tile.x), u64::from(tile.y));
    let mut along = 0;
    for level in (0..z).rev() {
        let side = 1_u64 << level;
        let (right, lower) = (u64::from(x & side > 0), u64::from(y & side > 0));
        along += side * side * ((3 * right) ^ lower);
        if lower == 0 {
            if right == 1 {
                x = (side - 1).wrapping_sub(x);
                y = (side - 1).wrapping_sub(y);
            }
            (x, y) = (y, x);
        }
    }
    before + along
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_those_of_the_specification() {
        // Table in "Tile ID Encoding", and two more of the reference
        // implementation (Python `pmtiles` 3.8).
        for (z, x, y, number) in [
            (0, 0, 0, 0),
            (1, 0, 0, 1),
            (1, 0, 1, 2),
            (1, 1, 1, 3),
            (1, 1, 0, 4),
            (2, 0, 0, 5),
            (12, 3_423, 1_763, 19_078_479),
        ] {
            assert_eq!(tile_number(TileId { z, x, y }), number, "{z}/{x}/{y}");
        }
    }

    #[test]
    fn directories_that_lie_are_refused() {
        // A count of two hundred million in five bytes.
        assert!(parse_directory(&[0xFF, 0xFF, 0xFF, 0x5F, 0]).is_err());
        assert!(parse_directory(&[]).is_err());
        assert!(parse_directory(&[1, 5, 1, 10, 0]).is_err(), "nothing to follow");
        let one = Entry { tile: 5, run: 1, offset: 2, length: 10 };
        assert_eq!(parse_directory(&[1, 5, 1, 10, 3]), Ok(vec![one]));
    }

    proptest! {
        #[test]
        fn any_directory_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_directory(&bytes);
        }
    }
}
