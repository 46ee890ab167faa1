//! Areas and context as GeoJSON (RFC 7946), compact, rings closed, degrees as
//! the ground has rounded them.
//!
//! Written straight from the domain, feature by feature: a whole city is
//! forty megabytes of text and would be ten times that as a tree of values.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::domain::area::{Area, GridKind, Level, Responsible};
use crate::domain::context::{ContextFeature, ContextKind};
use crate::domain::geometry::Shape;

/// The areas as a FeatureCollection; `only` keeps one level.
pub fn areas(areas: &[Area], only: Option<Level>) -> Vec<u8> {
    let wanted = areas.iter().filter(|area| only.is_none_or(|level| area.level == level));
    collection(wanted.map(AreaFeature), areas.iter().map(|area| area.shape.points.len() * 23 + 240).sum())
}

/// The context as a FeatureCollection.
pub fn context(features: &[ContextFeature]) -> Vec<u8> {
    let points = features.iter().map(|f| f.shape.points.len() + f.lines.iter().map(Vec::len).sum::<usize>());
    collection(features.iter().map(ContextFeatureJson), points.map(|count| count * 23 + 120).sum())
}

/// The text of a collection; `about` bytes are set aside for it.
fn collection<F: Serialize>(features: impl Iterator<Item = F>, about: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(about + 64);
    text.extend_from_slice(br#"{"type":"FeatureCollection","features":["#);
    for (number, feature) in features.enumerate() {
        if number > 0 {
            text.push(b',');
        }
        // Strings and finite numbers into memory: there is nothing to go wrong.
        if let Err(error) = serde_json::to_writer(&mut text, &feature) {
            tracing::error!(%error, "a feature was not written");
        }
    }
    text.extend_from_slice(b"]}");
    text
}

struct AreaFeature<'a>(&'a Area);

impl Serialize for AreaFeature<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        feature(serializer, &AreaProperties(self.0), &ShapeGeometry(&self.0.shape))
    }
}

struct AreaProperties<'a>(&'a Area);

impl<'a> Serialize for AreaProperties<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Link<'a> {
            role: &'a str,
            holder: &'a str,
        }
        let area = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", &area.code)?;
        map.serialize_entry("parent", &area.parent)?;
        map.serialize_entry("name", &area.name)?;
        map.serialize_entry("level", area.level.name())?;
        if area.level >= Level::Grid {
            let kind = if area.kind == GridKind::Dedicated { "dedicated" } else { "comprehensive" };
            map.serialize_entry("kind", kind)?;
        }
        map.serialize_entry("households", &area.households)?;
        let link = |r: &'a Responsible| Link { role: &r.role, holder: &r.holder };
        let chain: Vec<Link<'a>> = area.responsible.iter().map(link).collect();
        map.serialize_entry("responsible", &chain)?;
        map.end()
    }
}

struct ContextFeatureJson<'a>(&'a ContextFeature);

impl Serialize for ContextFeatureJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let properties = ContextProperties(self.0);
        match self.0.lines.as_slice() {
            [] => feature(serializer, &properties, &ShapeGeometry(&self.0.shape)),
            [line] => feature(serializer, &properties, &Geometry { kind: "LineString", coordinates: line }),
            lines => feature(serializer, &properties, &Geometry { kind: "MultiLineString", coordinates: lines }),
        }
    }
}

struct ContextProperties<'a>(&'a ContextFeature);

impl Serialize for ContextProperties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = match self.0.kind {
            ContextKind::Water => "water",
            ContextKind::Green => "green",
            ContextKind::Building => "building",
            ContextKind::Road => "road",
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", kind)?;
        if !self.0.name.is_empty() {
            map.serialize_entry("name", &self.0.name)?;
        }
        if self.0.kind == ContextKind::Road {
            map.serialize_entry("rank", &self.0.rank)?;
        }
        map.end()
    }
}

/// A Feature object.
fn feature<S: Serializer>(
    serializer: S,
    properties: &impl Serialize,
    geometry: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(3))?;
    map.serialize_entry("type", "Feature")?;
    map.serialize_entry("properties", properties)?;
    map.serialize_entry("geometry", geometry)?;
    map.end()
}

#[derive(Serialize)]
struct Geometry<'a, C: Serialize + ?Sized> {
    #[serde(rename = "type")]
    kind: &'static str,
    coordinates: &'a C,
}

/// A shape as Polygon, or as MultiPolygon unless it is one polygon.
struct ShapeGeometry<'a>(&'a Shape);

impl Serialize for ShapeGeometry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let polygons: Vec<Rings<'_>> = self.0.polygons().map(|rings| Rings(rings.map(ClosedRing).collect())).collect();
        match polygons.as_slice() {
            [polygon] => Geometry { kind: "Polygon", coordinates: polygon }.serialize(serializer),
            many => Geometry { kind: "MultiPolygon", coordinates: many }.serialize(serializer),
        }
    }
}

struct Rings<'a>(Vec<ClosedRing<'a>>);

impl Serialize for Rings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

/// A ring whose first point is repeated at its end.
struct ClosedRing<'a>(&'a [[f64; 2]]);

impl Serialize for ClosedRing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut ring = serializer.serialize_seq(None)?;
        for point in self.0.iter().chain(self.0.first()) {
            ring.serialize_element(point)?;
        }
        ring.end()
    }
}
