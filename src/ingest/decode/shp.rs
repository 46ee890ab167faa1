//! Shapefiles: shapes in one file, their properties in another beside it.
//!
//! In: the files of a set, whole. Out: features as those of GeoJSON.
//!
//! How it works: the index tells where shapes are, else one follows the other;
//! row for row they belong to the table ([`dbf`]). Of a set that is being
//! copied the numbers do not agree, and then nothing of it counts. The counts
//! of points within a shape are compared with its length before the crate
//! `shapefile` sees it, because it makes room for as many as it is told.
//! Heights and measures are read and dropped.

mod dbf;
mod rings;
mod texts;

use std::io::Cursor;

use ::shapefile::record::traits::HasXY;
use ::shapefile::{PolygonRing, ReadableShape, Shape};

use crate::config::source::TextEncoding;
use crate::domain::crs::wkt;
use crate::domain::finding::FindingKind;

use super::super::fault::Fault;
use super::elements::{Document, Drawn, ElementReader, Pen, Take};
use super::notes::Notes;
use dbf::Table;
use rings::Ring;
use texts::Texts;

/// What `.shp` and `.shx` begin with.
pub const MAGIC: [u8; 4] = 9_994_u32.to_be_bytes();

/// Bytes before the first record, of both.
const HEADER_BYTES: usize = 100;

/// Words of two bytes, in which lengths and offsets are counted.
const WORD_BYTES: usize = 2;

/// The files of a set.
#[derive(Clone, Debug, Default)]
pub struct ShapeSet {
    /// Shapes.
    pub shp: Vec<u8>,
    /// Where each shape is.
    pub shx: Option<Vec<u8>>,
    /// Properties.
    pub dbf: Vec<u8>,
    /// Encoding of the properties' texts.
    pub cpg: Option<Vec<u8>>,
    /// Coordinate system.
    pub prj: Option<Vec<u8>>,
}

/// Reads a set; `configured` is the encoding that its source names.
///
/// # Errors
/// When the files do not belong together, or one is not whole.
pub fn read(
    set: &ShapeSet,
    configured: Option<TextEncoding>,
    reader: &mut ElementReader,
    take: &mut impl Take,
    notes: &mut Notes,
) -> Result<Document, Fault> {
    let table = Table::read(&set.dbf)?;
    let contents = Contents::new(&set.shp, set.shx.as_deref())?;
    let count = contents.clone().try_fold(0_usize, |count, content| content.map(|_| count + 1))?;
    if count != table.len() {
        let message =
            format!("Shapefile 中有 {count} 个图形,.dbf 中有 {} 条记录,应一样多:可能还没有复制完", table.len());
        return Err(Fault::Malformed(message));
    }
    let named = set.prj.as_deref().and_then(|prj| wkt::named(&String::from_utf8_lossy(prj)));
    let mut document = Document { other_crs: reader.other_crs(named, notes), ..Document::default() };
    let mut texts = Texts::new(&table, configured, set.cpg.as_deref(), notes);
    let names = table.names(&mut texts, notes);
    take.expect(count);
    for (content, row) in contents.zip(table.rows()) {
        let Some(record) = row.record(&names, &mut texts) else { continue };
        let content = content?;
        if !reader.take_feature(record, |pen| draw(content, pen), take, notes) {
            break;
        }
        document.elements += 1;
    }
    texts.finish(notes)?;
    Ok(document)
}

/// A number of four bytes, the first the highest.
fn big(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_be_bytes(*number)).ok()
}

/// A number of four bytes, the last the highest.
fn little(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// How long a file says that it is, which it must be.
fn length(bytes: &[u8], part: &str) -> Result<usize, Fault> {
    if !bytes.starts_with(&MAGIC) {
        return Err(Fault::NotData(format!("{part} 不是 Shapefile")));
    }
    let claimed = big(bytes, 24).unwrap_or(0).saturating_mul(WORD_BYTES);
    if claimed < HEADER_BYTES || claimed > bytes.len() {
        let message = format!("{part} 应有 {claimed} 字节,却有 {} 字节:可能还没有复制完", bytes.len());
        return Err(Fault::Malformed(message));
    }
    Ok(claimed)
}

/// The contents of the records of shapes, in the order of the table's rows.
#[derive(Clone)]
struct Contents<'b> {
    shp: &'b [u8],
    /// Bytes that records may still have: an index may name one many times.
    left: usize,
    number: usize,
    next: Next<'b>,
}

/// Where the next record is.
#[derive(Clone)]
enum Next<'b> {
    /// Where the index says. What was edited leaves shapes behind that it does
    /// not name.
    Indexed(std::slice::ChunksExact<'b, u8>),
    /// Behind the last.
    At(usize),
}

impl<'b> Contents<'b> {
    fn new(shp: &'b [u8], shx: Option<&'b [u8]>) -> Result<Self, Fault> {
        let length_of_shp = length(shp, ".shp")?;
        let Some(shx) = shx else {
            let shp = &shp[..length_of_shp];
            return Ok(Self { shp, left: shp.len(), number: 0, next: Next::At(HEADER_BYTES) });
        };
        let entries = shx[HEADER_BYTES..length(shx, ".shx")?].chunks_exact(8);
        Ok(Self { shp, left: shp.len(), number: 0, next: Next::Indexed(entries) })
    }

    /// The record at a place, behind its number and its length.
    fn content(&self, at: usize) -> Option<&'b [u8]> {
        let bytes = big(self.shp, at.checked_add(4)?)?.checked_mul(WORD_BYTES)?;
        self.shp.get(at + 8..)?.get(..bytes)
    }
}

impl<'b> Iterator for Contents<'b> {
    type Item = Result<&'b [u8], Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = match &mut self.next {
            Next::Indexed(entries) => big(entries.next()?, 0)?.saturating_mul(WORD_BYTES),
            Next::At(at) if *at >= self.shp.len() => return None,
            Next::At(at) => *at,
        };
        self.number += 1;
        let content = self.content(at).filter(|content| content.len() + 8 <= self.left);
        let Some(content) = content else {
            let message = format!(".shp 的第 {} 个图形不完整:可能还没有复制完", self.number);
            return Some(Err(Fault::Malformed(message)));
        };
        self.left -= content.len() + 8;
        if let Next::At(at) = &mut self.next {
            *at += 8 + content.len();
        }
        Some(Ok(content))
    }
}

/// Points of a shape; the error says why it is not looked at.
fn vertices(content: &[u8]) -> Result<usize, (FindingKind, String)> {
    let wrong = |message: &str| (FindingKind::WrongGeometry, message.to_owned());
    let count = |at: usize| little(content, at).ok_or_else(|| wrong("图形不完整"));
    let (parts, points, head) = match count(0)? {
        0 => return Err((FindingKind::NoGeometry, "没有图形(Null Shape)".to_owned())),
        1 | 11 | 21 => (0, 1, 4),
        8 | 18 | 28 => (0, count(36)?, 40),
        3 | 5 | 13 | 15 | 23 | 25 => (count(36)?, count(40)?, 44),
        31 => return Err(wrong("不支持三维的 MultiPatch,请先转成面")),
        other => return Err((FindingKind::WrongGeometry, format!("未知的图形类型 {other}"))),
    };
    let least = head + 4 * u64::from(parts) + 16 * u64::from(points);
    // No part is empty.
    if parts > points || least > content.len() as u64 {
        return Err(wrong("图形的点数与它的长度不符"));
    }
    Ok(points as usize)
}

fn draw(content: &[u8], pen: &mut Pen<'_>) {
    let vertices = match vertices(content) {
        Ok(vertices) => vertices,
        Err((kind, message)) => return pen.note(kind, message),
    };
    let size = i32::try_from(content.len()).unwrap_or(i32::MAX);
    let Ok(shape) = Shape::read_from(&mut Cursor::new(content), size) else {
        return pen.note(FindingKind::WrongGeometry, "图形损坏");
    };
    match shape {
        Shape::NullShape | Shape::Multipatch(_) => {}
        Shape::Point(at) => points(&[at], Drawn::Point, pen),
        Shape::PointM(at) => points(&[at], Drawn::Point, pen),
        Shape::PointZ(at) => points(&[at], Drawn::Point, pen),
        Shape::Multipoint(all) => points(all.points(), Drawn::Points, pen),
        Shape::MultipointM(all) => points(all.points(), Drawn::Points, pen),
        Shape::MultipointZ(all) => points(all.points(), Drawn::Points, pen),
        Shape::Polyline(line) => lines(line.parts(), vertices, pen),
        Shape::PolylineM(line) => lines(line.parts(), vertices, pen),
        Shape::PolylineZ(line) => lines(line.parts(), vertices, pen),
        Shape::Polygon(polygon) => polygons(polygon.rings(), vertices, pen),
        Shape::PolygonM(polygon) => polygons(polygon.rings(), vertices, pen),
        Shape::PolygonZ(polygon) => polygons(polygon.rings(), vertices, pen),
    }
}

fn xy(point: &impl HasXY) -> [f64; 2] {
    [point.x(), point.y()]
}

fn points<P: HasXY>(points: &[P], what: Drawn, pen: &mut Pen<'_>) {
    pen.draw(what, points.len(), |buffer| {
        buffer.push_part(points.iter().map(xy));
        Ok(())
    });
}

fn lines<P: HasXY>(parts: &[Vec<P>], vertices: usize, pen: &mut Pen<'_>) {
    pen.draw(Drawn::Lines, vertices, |buffer| {
        parts.iter().for_each(|part| buffer.push_part(part.iter().map(xy)));
        Ok(())
    });
}

fn polygons<P: HasXY>(rings: &[PolygonRing<P>], vertices: usize, pen: &mut Pen<'_>) {
    // Not by the crate's word, which takes rings as closed that may not be.
    let ring = |ring: &PolygonRing<P>| Ring::of(ring.points().iter().map(xy).collect());
    let mut rings: Vec<Ring> = rings.iter().map(ring).filter(|ring| !ring.points.is_empty()).collect();
    rings::turn(&mut rings);
    if rings.iter().flat_map(|ring| &ring.points).any(|[x, y]| !x.is_finite() || !y.is_finite()) {
        return pen.note(FindingKind::BadCoordinate, "坐标不是数字");
    }
    let (polygons, astray) = rings::grouped(&rings);
    if astray > 0 {
        pen.note(FindingKind::HoleOutside, format!("{astray} 个“洞”在外环之外,已作为独立的多边形"));
    }
    pen.draw(Drawn::Polygons, vertices, |buffer| {
        for polygon in &polygons {
            polygon.iter().for_each(|&ring| buffer.push_part(rings[ring].points.iter().copied()));
            buffer.end_polygon();
        }
        Ok(())
    });
}

#[cfg(test)]
mod tests;
