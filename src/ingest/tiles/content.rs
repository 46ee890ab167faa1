//! From the bytes of one tile to what it draws.
//!
//! In: bytes as an archive or a server gave them, packed or not. Out:
//! [`TileContent`]. What the bytes are is seen from how they begin, not from
//! what somebody says that they are. Sizes are bounded before anything is
//! unpacked.

use std::io::Read;

use prost::bytes::Bytes;

use super::mapping::Mapping;
use super::vector;
use crate::domain::tiles::{TileContent, TileGrid, TileId};
use crate::ingest::fault::Fault;
use crate::ingest::pictures;

/// Longest tile, unpacked, bytes.
pub(super) const MAX_BYTES: u64 = 4 << 20;

/// Widest picture of a tile that is kept, pixels; wider ones are made smaller.
const MAX_WIDTH_PX: u32 = 1_024;

/// How the tiles of a set are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// Where its tiles lie.
    pub grid: TileGrid,
    /// What of its layers is drawn.
    pub mapping: Mapping,
}

/// What the bytes of a tile are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// PNG or JPEG.
    Picture,
    /// Mapbox Vector Tile, or so it seems.
    Vector,
}

/// Unpacks a tile and tells what it is; `None` when it is empty.
///
/// # Errors
/// When it is damaged, too long, or a web page.
pub(super) fn unpack(body: Vec<u8>) -> Result<Option<(Format, Bytes)>, Fault> {
    let body = if body.starts_with(&[0x1F, 0x8B]) { gunzip(&body, MAX_BYTES)? } else { body };
    if body.len() as u64 > MAX_BYTES {
        return Err(Fault::TooLarge { limit: MAX_BYTES });
    }
    let text = body.trim_ascii_start();
    if text.is_empty() {
        return Ok(None);
    }
    if body.starts_with(b"\x89PNG") || body.starts_with(b"\xFF\xD8\xFF") {
        return Ok(Some((Format::Picture, body.into())));
    }
    if body.starts_with(b"RIFF") && body.get(8..12) == Some(b"WEBP") {
        return Err(Fault::Picture("不支持 WebP,请改用 PNG 或 JPEG 瓦片".into()));
    }
    if body.starts_with(b"\x28\xB5\x2F\xFD") {
        return Err(Fault::NotData("瓦片以 zstd 压缩,只支持 gzip 或不压缩".into()));
    }
    if text.starts_with(b"<") {
        return Err(Fault::WebPage);
    }
    if text.starts_with(b"{") {
        // What a tile server answers with instead of an error status.
        return Err(Fault::NotData("JSON,不是瓦片(多半是服务端的出错信息)".into()));
    }
    Ok(Some((Format::Vector, body.into())))
}

/// What a tile draws.
///
/// # Errors
/// When it cannot be used.
pub(super) fn read(body: Vec<u8>, tile: TileId, reading: &Reading) -> Result<TileContent, Fault> {
    let Some((format, body)) = unpack(body)? else { return Ok(TileContent::Absent) };
    Ok(match format {
        Format::Picture => TileContent::Raster(pictures::decode(&body, MAX_WIDTH_PX)?),
        Format::Vector => {
            let shapes = vector::decode(&body, tile, &reading.grid, &reading.mapping)?;
            if shapes.is_empty() { TileContent::Absent } else { TileContent::Shapes(shapes.into()) }
        }
    })
}

/// Unpacks gzip of at most `limit` bytes.
///
/// # Errors
/// When it is damaged or longer.
pub(super) fn gunzip(packed: &[u8], limit: u64) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    let reader = flate2::read::MultiGzDecoder::new(packed);
    reader.take(limit + 1).read_to_end(&mut body).map_err(|_| Fault::Compression)?;
    if body.len() as u64 > limit { Err(Fault::TooLarge { limit }) } else { Ok(body) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TILE: TileId = TileId { z: 14, x: 13_598, y: 6_652 };

    fn gzipped(body: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(body).unwrap();
        packer.finish().unwrap()
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(width, height).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn read(body: Vec<u8>) -> Result<TileContent, Fault> {
        super::read(body, TILE, &Reading::default())
    }

    #[test]
    fn tiles_are_known_by_their_bytes_packed_or_not() {
        let vector = vector::tests::sample_tile();
        for body in [vector.to_vec(), gzipped(&vector)] {
            let Ok(TileContent::Shapes(shapes)) = read(body) else { panic!() };
            assert_eq!(shapes.vertices(), 6);
        }
        let Ok(TileContent::Raster(picture)) = read(gzipped(&png(256, 256))) else { panic!() };
        assert_eq!((picture.width, picture.height), (256, 256));
        let Ok(TileContent::Raster(picture)) = read(png(2_048, 2_048)) else { panic!() };
        assert_eq!((picture.width, picture.height), (1_024, 1_024));
        assert!(matches!(read(Vec::new()), Ok(TileContent::Absent)));
    }

    #[test]
    fn what_is_no_tile_says_what_it_is() {
        let message = |body: &[u8]| read(body.to_vec()).unwrap_err().to_string();
        assert!(message(b"\n<html>login</html>").contains("网页"));
        assert!(message(br#"{"code":301001,"msg":"Invalid key"}"#).contains("JSON"));
        assert!(message(b"RIFF\0\0\0\0WEBPVP8 ").contains("WebP"));
        assert!(message(b"\x28\xB5\x2F\xFD....").contains("zstd"));
        assert!(message(&gzipped(b"x")[..8]).contains("压缩"));
        assert!(message(&png(64, 64)[..40]).contains("损坏"));
        assert!(message(&gzipped(&vec![0; 5 << 20])).contains("上限 4 MiB"));
    }
}
