//! FlatGeobuf: features one behind the other, each a FlatBuffer.
//!
//! In: a file or an answer, whole. Out: features as those of GeoJSON. The
//! index in front of them is passed over.
//!
//! How it works: the crate `flatgeobuf` has the schema, and verifies that every
//! offset of a feature lies within it. Its readers are not used: they make room
//! for whatever length a feature claims, and panic where the numbers of a
//! geometry or the bytes of properties do not agree. Offsets may lead to one
//! place many times, so what they lead to counts each time, against the length
//! of the feature.

mod properties;

use ::flatgeobuf::{
    Geometry, GeometryType, Header, size_prefixed_root_as_feature_with_opts, size_prefixed_root_as_header_with_opts,
};
use flatbuffers::VerifierOptions;

use crate::domain::crs::{Crs, wkt};
use crate::domain::finding::FindingKind;

use super::super::fault::Fault;
use super::elements::{Document, Drawn, ElementReader, Pen, Take};
use super::geometry::{Coordinates, Problem};
use super::notes::Notes;
use properties::Column;

/// The newest version of the format that is known.
const VERSION: u8 = 3;

/// Bytes before the header.
const MAGIC_BYTES: usize = 8;

/// Bytes of a box in the index.
const NODE_BYTES: usize = 40;

/// No FlatBuffer is shorter than this, its length left out.
const LEAST_BYTES: usize = 8;

/// Deepest nesting of geometry collections.
const MAX_COLLECTION_DEPTH: u32 = 8;

/// Whether bytes are a FlatGeobuf, of whatever version.
pub fn is_flatgeobuf(body: &[u8]) -> bool {
    body.starts_with(b"fgb") && body.get(4..7) == Some(b"fgb")
}

/// Reads all features.
///
/// # Errors
/// When it is of an unknown version, damaged in its header, or cut off.
pub fn read(
    body: &[u8],
    reader: &mut ElementReader,
    take: &mut impl Take,
    notes: &mut Notes,
) -> Result<Document, Fault> {
    let version = body.get(3).copied().unwrap_or(0);
    if version > VERSION {
        return Err(Fault::NotData(format!("FlatGeobuf 第 {version} 版,只支持到第 {VERSION} 版")));
    }
    let cut = |what: &str| Fault::Malformed(format!("FlatGeobuf {what}不完整:可能还没有复制完"));
    let prefixed_header = prefixed(body, MAGIC_BYTES).ok_or_else(|| cut("的头"))?;
    let header = size_prefixed_root_as_header_with_opts(&bounds(prefixed_header), prefixed_header)
        .map_err(|_| Fault::Malformed("FlatGeobuf 的头损坏".to_owned()))?;
    let count = header.features_count();
    let index = index_bytes(count, header.index_node_size(), body.len()).ok_or_else(|| cut("的索引"))?;
    let mut document = Document { other_crs: reader.other_crs(crs(&header), notes), ..Document::default() };
    let columns = header.columns().map(|columns| columns.iter().map(Column::of).collect()).unwrap_or_default();
    let layer = Layer { columns, kind: header.geometry_type() };
    let mut at = MAGIC_BYTES + prefixed_header.len() + index;
    let mut seen = 0;
    // Where it does not say how many there are, it ends with the last.
    let goes_on = |at: usize, seen: u64| if count > 0 { seen < count } else { at < body.len() };
    while goes_on(at, seen) {
        let feature = prefixed(body, at).ok_or_else(|| cut(&format!("的第 {} 个要素", seen + 1)))?;
        (at, seen) = (at + feature.len(), seen + 1);
        if !layer.take_feature(feature, reader, take, notes) {
            break;
        }
        document.elements += 1;
    }
    Ok(document)
}

/// How much there may be in a FlatBuffer of these bytes: a table takes at least
/// its own offset and one that leads to it, and what several of them share is
/// small.
fn bounds(bytes: &[u8]) -> VerifierOptions {
    const MOST_SHARED: usize = 16;
    const HEAD_BYTES: usize = 4_096;
    let max_apparent_size = bytes.len().saturating_mul(MOST_SHARED).saturating_add(HEAD_BYTES);
    VerifierOptions { max_tables: bytes.len() / 8, max_apparent_size, ..VerifierOptions::default() }
}

/// Bytes at a place behind their length, with that.
fn prefixed(body: &[u8], at: usize) -> Option<&[u8]> {
    let rest = body.get(at..)?;
    let length = usize::try_from(u32::from_le_bytes(*rest.first_chunk()?)).ok()?;
    rest.get(..length.checked_add(4)?).filter(|_| length >= LEAST_BYTES)
}

/// How long the index is; `None` where that is more than `most`, or it is none.
fn index_bytes(count: u64, node_size: u16, most: usize) -> Option<usize> {
    if count == 0 || node_size == 0 {
        return Some(0);
    }
    let mut level = usize::try_from(count).ok().filter(|&count| count <= most && node_size > 1)?;
    let mut nodes = level;
    while level > 1 {
        level = level.div_ceil(usize::from(node_size));
        nodes += level;
    }
    // One feature has a root above it.
    nodes += usize::from(count == 1);
    nodes.checked_mul(NODE_BYTES)
}

/// The coordinate system that a header names.
fn crs(header: &Header<'_>) -> Option<Crs> {
    let crs = header.crs()?;
    let is_epsg = crs.org().is_none_or(|org| org.eq_ignore_ascii_case("epsg"));
    let by_number = (is_epsg && crs.code() > 0).then(|| Crs::parse(&format!("EPSG:{}", crs.code()))).flatten();
    by_number.or_else(|| wkt::named(crs.wkt()?))
}

/// What all features have in common.
struct Layer<'h> {
    columns: Vec<Column<'h>>,
    /// Unknown where each feature has its own.
    kind: GeometryType,
}

impl Layer<'_> {
    /// Hands a feature over; false where a limit is reached.
    fn take_feature(&self, bytes: &[u8], reader: &mut ElementReader, take: &mut impl Take, notes: &mut Notes) -> bool {
        let Ok(feature) = size_prefixed_root_as_feature_with_opts(&bounds(bytes), bytes) else {
            return reader.skip_feature("要素损坏", notes);
        };
        let own: Option<Vec<Column<'_>>> = feature.columns().map(|columns| columns.iter().map(Column::of).collect());
        let bytes = feature.properties().map_or(&[][..], |properties| properties.bytes());
        let Some(record) = properties::read(bytes, own.as_ref().unwrap_or(&self.columns)) else {
            return reader.skip_feature("要素的属性损坏", notes);
        };
        let draw_it = |pen: &mut Pen<'_>| match feature.geometry() {
            None => pen.note(FindingKind::NoGeometry, "没有几何"),
            Some(geometry) if self.kind == GeometryType::Unknown => draw(&geometry, geometry.type_(), 0, pen),
            Some(geometry) => draw(&geometry, self.kind, 0, pen),
        };
        reader.take_feature(record, draw_it, take, notes)
    }
}

fn draw(geometry: &Geometry<'_>, kind: GeometryType, depth: u32, pen: &mut Pen<'_>) {
    let own = own_vertices(geometry);
    match kind {
        GeometryType::Point => pen.draw(Drawn::Point, own, |buffer| push_parts(geometry, buffer)),
        GeometryType::MultiPoint => pen.draw(Drawn::Points, own, |buffer| push_parts(geometry, buffer)),
        GeometryType::LineString | GeometryType::MultiLineString => {
            pen.draw(Drawn::Lines, own, |buffer| push_parts(geometry, buffer));
        }
        GeometryType::Polygon | GeometryType::Triangle => {
            pen.draw(Drawn::Polygons, own, |buffer| push_polygon(geometry, buffer));
        }
        GeometryType::MultiPolygon => {
            let parts = || geometry.parts().into_iter().flat_map(|parts| parts.iter());
            let all = parts().map(|part| own_vertices(&part)).sum();
            pen.draw(Drawn::Polygons, all, |buffer| parts().try_for_each(|part| push_polygon(&part, buffer)));
        }
        GeometryType::GeometryCollection if depth < MAX_COLLECTION_DEPTH => {
            for part in geometry.parts().into_iter().flat_map(|parts| parts.iter()) {
                draw(&part, part.type_(), depth + 1, pen);
            }
        }
        kind => pen.note(FindingKind::WrongGeometry, format!("不支持的几何类型 {kind:?}")),
    }
}

/// Points of a geometry, those of its parts left out.
fn own_vertices(geometry: &Geometry<'_>) -> usize {
    geometry.xy().map_or(0, |xy| xy.len() / 2)
}

fn push_polygon(geometry: &Geometry<'_>, buffer: &mut Coordinates) -> Result<(), Problem> {
    push_parts(geometry, buffer)?;
    buffer.end_polygon();
    Ok(())
}

/// Adds what `ends` parts, or all points as one part.
fn push_parts(geometry: &Geometry<'_>, buffer: &mut Coordinates) -> Result<(), Problem> {
    let wrong = || (FindingKind::WrongGeometry, "几何的分段与点数不符".to_owned());
    let Some(xy) = geometry.xy() else { return Ok(()) };
    let points = xy.len() / 2;
    let mut from = 0;
    let mut push = |to: usize| {
        if to < from || to > points {
            return Err(wrong());
        }
        buffer.push_part((from..to).map(|point| [xy.get(2 * point), xy.get(2 * point + 1)]));
        from = to;
        Ok(())
    };
    match geometry.ends().filter(|ends| !ends.is_empty()) {
        Some(ends) => ends.iter().try_for_each(|end| push(end as usize))?,
        None => push(points)?,
    }
    if from == points && xy.len() % 2 == 0 { Ok(()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests;
