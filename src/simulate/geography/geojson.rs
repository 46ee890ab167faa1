//! Areas and context as GeoJSON (RFC 7946), compact, 7 decimals, rings closed.

use serde_json::{Map, Value, json};

use crate::domain::area::{Area, GridKind, Level};
use crate::domain::context::{ContextFeature, ContextKind};
use crate::domain::geometry::Shape;

/// The areas as a FeatureCollection; `only` keeps one level.
pub fn areas(areas: &[Area], only: Option<Level>) -> Value {
    let wanted = areas.iter().filter(|area| only.is_none_or(|level| area.level == level));
    collection(wanted.map(area_feature).collect())
}

/// The context as a FeatureCollection.
pub fn context(features: &[ContextFeature]) -> Value {
    collection(features.iter().map(context_feature).collect())
}

fn collection(features: Vec<Value>) -> Value {
    json!({"type": "FeatureCollection", "features": features})
}

fn area_feature(area: &Area) -> Value {
    let mut properties = Map::new();
    properties.insert("code".into(), area.code.clone().into());
    properties.insert("parent".into(), area.parent.clone().into());
    properties.insert("name".into(), area.name.clone().into());
    properties.insert("level".into(), area.level.name().into());
    if area.level >= Level::Grid {
        let kind = if area.kind == GridKind::Dedicated { "dedicated" } else { "comprehensive" };
        properties.insert("kind".into(), kind.into());
    }
    properties.insert("households".into(), area.households.into());
    let chain = area.responsible.iter().map(|r| json!({"role": r.role, "holder": r.holder})).collect();
    properties.insert("responsible".into(), Value::Array(chain));
    json!({"type": "Feature", "properties": properties, "geometry": shape_geometry(&area.shape)})
}

fn context_feature(feature: &ContextFeature) -> Value {
    let kind = match feature.kind {
        ContextKind::Water => "water",
        ContextKind::Green => "green",
        ContextKind::Building => "building",
        ContextKind::Road => "road",
    };
    let mut properties = Map::new();
    properties.insert("kind".into(), kind.into());
    if !feature.name.is_empty() {
        properties.insert("name".into(), feature.name.clone().into());
    }
    if feature.kind == ContextKind::Road {
        properties.insert("rank".into(), feature.rank.into());
    }
    let geometry = match feature.lines.as_slice() {
        [] => shape_geometry(&feature.shape),
        [line] => json!({"type": "LineString", "coordinates": line}),
        lines => json!({"type": "MultiLineString", "coordinates": lines}),
    };
    json!({"type": "Feature", "properties": properties, "geometry": geometry})
}

fn shape_geometry(shape: &Shape) -> Value {
    let closed = |ring: &[[f64; 2]]| -> Vec<[f64; 2]> { ring.iter().chain(ring.first()).copied().collect() };
    let mut polygons: Vec<Vec<Vec<[f64; 2]>>> = shape.polygons().map(|rings| rings.map(closed).collect()).collect();
    match polygons.len() {
        1 => json!({"type": "Polygon", "coordinates": polygons.pop()}),
        _ => json!({"type": "MultiPolygon", "coordinates": polygons}),
    }
}
