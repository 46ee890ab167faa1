//! Features of binary files: their properties are read already, their
//! geometries are drawn number by number.
//!
//! In: properties, and what draws a geometry with a [`Pen`]. Out: elements as
//! those of GeoJSON, within the same limits.

use serde_json::{Map, Value};

use super::super::geometry::{Coordinates, Geometry, GeometryReader, Problem};
use super::super::notes::Notes;
use super::super::record::Record;
use super::{Element, ElementReader, Stop, Take};
use crate::domain::crs::Crs;
use crate::domain::crs::frame::Frame;
use crate::domain::finding::FindingKind;

/// What is drawn at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// One point.
    Point,
    /// Points, of which the first counts.
    Points,
    /// Lines, a part each.
    Lines,
    /// Polygons: shell and holes, a part each.
    Polygons,
}

impl Drawn {
    /// The name in GeoJSON, and how deep coordinates are nested there.
    const fn geojson(self) -> (&'static str, u32) {
        match self {
            Self::Point => ("Point", 1),
            Self::Points => ("MultiPoint", 2),
            Self::Lines => ("MultiLineString", 3),
            Self::Polygons => ("MultiPolygon", 4),
        }
    }
}

/// Draws the geometry of one feature, in coordinates as the file has them.
pub struct Pen<'r> {
    reader: &'r mut GeometryReader,
    frame: &'r Frame,
    geometry: Geometry,
    problems: Vec<Problem>,
    is_full: bool,
}

impl Pen<'_> {
    /// Draws `vertices` at once, which `fill` writes down, unless that were
    /// too many.
    pub fn draw(&mut self, what: Drawn, vertices: usize, fill: impl FnOnce(&mut Coordinates) -> Result<(), Problem>) {
        self.is_full |= !self.reader.has_room(vertices);
        if self.is_full {
            return;
        }
        let (name, depth) = what.geojson();
        let buffer = self.reader.buffer();
        buffer.clear();
        buffer.depth = depth;
        let drawn = fill(buffer)
            .and_then(|()| self.reader.assemble(name.as_bytes(), self.frame, &mut self.geometry, &mut self.problems));
        self.problems.extend(drawn.err());
    }

    /// Notes what is wrong with the geometry.
    pub fn note(&mut self, kind: FindingKind, message: impl Into<String>) {
        self.problems.push((kind, message.into()));
    }
}

impl Coordinates {
    /// Adds a part: a line, or a ring.
    pub fn push_part(&mut self, points: impl IntoIterator<Item = [f64; 2]>) {
        self.points.extend(points);
        self.ring_ends.push(self.points.len());
    }

    /// The parts since the last polygon are one.
    pub fn end_polygon(&mut self) {
        self.polygon_ends.push(self.ring_ends.len());
    }
}

impl ElementReader {
    /// Hands a feature over; false, and a note, where a limit is reached.
    pub fn take_feature(
        &mut self,
        record: Map<String, Value>,
        draw: impl FnOnce(&mut Pen<'_>),
        take: &mut impl Take,
        notes: &mut Notes,
    ) -> bool {
        let mut full = |message: String| {
            notes.add(FindingKind::Limit, &format!("#{}", self.elements), message);
            false
        };
        if let Err(Stop::Full(message)) = self.check_room() {
            return full(message);
        }
        let mut pen = Pen {
            reader: &mut self.geometry,
            frame: &self.options.frame,
            geometry: Geometry::default(),
            problems: Vec::new(),
            is_full: false,
        };
        draw(&mut pen);
        let Pen { geometry, problems, is_full, .. } = pen;
        if is_full {
            return full("超过坐标点上限,其余未读".into());
        }
        self.elements += 1;
        let element = Element {
            number: self.elements,
            record: Record::Tree(Value::Object(record)),
            id: None,
            geometry: Some(geometry).filter(|drawn| *drawn != Geometry::default()),
            is_feature: true,
            problems,
        };
        take.take(element, notes);
        true
    }

    /// Counts a feature that cannot be read; false, and a note, where a limit
    /// is reached.
    pub fn skip_feature(&mut self, reason: &str, notes: &mut Notes) -> bool {
        let (kind, message) = match self.check_room() {
            Err(Stop::Full(message)) => (FindingKind::Limit, message),
            _ => (FindingKind::Unreadable, reason.to_owned()),
        };
        self.elements += usize::from(kind == FindingKind::Unreadable);
        notes.add(kind, &format!("#{}", self.elements), message);
        kind == FindingKind::Unreadable
    }

    /// The coordinate system that the data name, where that is another than
    /// the one in which they are read; that is noted.
    pub fn other_crs(&self, named: Option<Crs>, notes: &mut Notes) -> Option<Crs> {
        let own = self.options.frame.crs();
        let named = named.filter(|named| !own.goes_with(*named))?;
        let message = format!(
            "数据自己写明的坐标系是 {0},而数据源按 {1} 读取;数据说得对时请写 crs = \"{0}\"",
            named.name(),
            own.name()
        );
        notes.add(FindingKind::Datum, "…", message);
        Some(named)
    }
}
