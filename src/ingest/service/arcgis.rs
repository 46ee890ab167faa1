//! A layer of an ArcGIS FeatureServer or MapServer.
//!
//! In: the address of a layer. Out: a query for all that meets a condition, as
//! GeoJSON where the server has it, and else Esri JSON made into it. Errors come
//! with status 200 (`{"error":{"code":…}}`).

use reqwest::Url;
use serde_json::{Map, Value, json};

use crate::config::source::ServiceOrigin;
use crate::domain::geometry::{Bounds, ring_contains, signed_area};
use crate::ingest::client::Client;
use crate::ingest::credentials::set_query;
use crate::ingest::fault::Fault;

use super::{Page, about_in_json, below, box_text, listed, tree};

/// Numbers of degrees on WGS-84, and on CGCS2000, which is the same on a wall.
const DEGREES: [u64; 2] = [4326, 4490];

/// What is asked first; whether that is GeoJSON, and how many features a page
/// has, if there are pages.
///
/// # Errors
/// When the service is another, or the address is no layer's.
pub async fn first(client: &Client, filter: &str, origin: &ServiceOrigin) -> Result<(Url, bool, Option<u32>), Fault> {
    let mut layer = client.url().clone();
    if let Some(path) = layer.path().trim_end_matches('/').strip_suffix("/query").map(str::to_owned) {
        layer.set_path(&path);
    }
    let mut url = layer.clone();
    set_query(&mut url, "f", "json");
    let (_, said) = about_in_json(client, url).await?;
    let (is_geojson, per_page) = abilities(&said, origin.per_page)?;
    let mut url = below(&layer, &["query"]);
    let format = if is_geojson { "geojson" } else { "json" };
    let parameters =
        [("where", filter), ("outFields", "*"), ("returnGeometry", "true"), ("outSR", "4326"), ("f", format)];
    for (name, value) in parameters {
        set_query(&mut url, name, value);
    }
    if let Some(bbox) = origin.bbox {
        let envelope = box_text(bbox);
        let relation = "esriSpatialRelIntersects";
        for (name, value) in [
            ("geometry", envelope.as_str()),
            ("geometryType", "esriGeometryEnvelope"),
            ("inSR", "4326"),
            ("spatialRel", relation),
        ] {
            set_query(&mut url, name, value);
        }
    }
    if let Some(per_page) = per_page {
        // Without an order, pages may overlap.
        if let Some(id) = said.get("objectIdField").and_then(Value::as_str).filter(|id| !id.is_empty()) {
            set_query(&mut url, "orderByFields", id);
        }
        set_query(&mut url, "resultOffset", "0");
        set_query(&mut url, "resultRecordCount", &per_page.to_string());
    }
    Ok((url, is_geojson, per_page))
}

/// Whether a layer gives GeoJSON, and how many features at once.
fn abilities(layer: &Value, wanted: u32) -> Result<(bool, Option<u32>), Fault> {
    if let Some(fault) = error(layer) {
        return Err(fault);
    }
    if let Some(layers) = layer.get("layers").and_then(Value::as_array) {
        let name = |layer: &Value| {
            Some(format!("{} {}", layer.get("id")?.as_u64()?, layer.get("name").and_then(Value::as_str).unwrap_or("")))
        };
        let layers: Vec<String> = layers.iter().filter_map(name).collect();
        let message = format!("网址应到图层为止,如 …/FeatureServer/0;服务中有 {}", listed(&layers));
        return Err(Fault::Unusable(message));
    }
    if layer.get("fields").is_none() && layer.get("geometryType").is_none() && layer.get("type").is_none() {
        return Err(Fault::NotData("不是 ArcGIS 的图层".into()));
    }
    if let Some(can) = layer.get("capabilities").and_then(Value::as_str)
        && !can.is_empty()
        && !["query", "map", "data"].iter().any(|word| can.to_lowercase().contains(word))
    {
        return Err(Fault::NotData(format!("这个图层不能查询(capabilities:{can})")));
    }
    let formats = layer.get("supportedQueryFormats").and_then(Value::as_str).unwrap_or_default();
    let is_geojson = formats.to_lowercase().contains("geojson");
    let advanced = layer.get("advancedQueryCapabilities").and_then(|can| can.get("supportsPagination"));
    let pages = advanced.or_else(|| layer.get("supportsPagination")).and_then(Value::as_bool);
    let most = layer.get("maxRecordCount").and_then(Value::as_u64).filter(|most| *most > 0);
    let per_page = most.map_or(wanted, |most| wanted.min(u32::try_from(most).unwrap_or(u32::MAX)));
    Ok((is_geojson, (pages != Some(false)).then_some(per_page)))
}

/// What the server says in place of an answer.
fn error(answer: &Value) -> Option<Fault> {
    let error = answer.get("error")?;
    let code = error.get("code").map(|code| code.to_string().trim_matches('"').to_owned()).unwrap_or_default();
    let message = error.get("message").and_then(Value::as_str).filter(|message| !message.is_empty());
    let details = error.get("details").and_then(|details| details.get(0)).and_then(Value::as_str);
    Some(Fault::refused(code, message.or(details).unwrap_or_default()))
}

/// The records of an answer in Esri JSON.
///
/// # Errors
/// When it is an error, or not in degrees.
pub fn read(body: &[u8]) -> Result<Page<'static>, Fault> {
    let mut answer = tree(body)?;
    if let Some(fault) = error(&answer) {
        return Err(fault);
    }
    let system = answer.get("spatialReference");
    let number = system.and_then(|system| system.get("latestWkid").or_else(|| system.get("wkid"))?.as_u64());
    if let Some(number) = number.filter(|number| !DEGREES.contains(number)) {
        return Err(Fault::NotData(format!("服务没有换算成经纬度,给出的是 EPSG:{number}")));
    }
    let is_exceeded = answer.get("exceededTransferLimit").and_then(Value::as_bool).unwrap_or(false);
    let Some(Value::Array(features)) = answer.get_mut("features").map(Value::take) else {
        return Err(Fault::Malformed("应答中没有 features".into()));
    };
    let features: Vec<Value> = features.into_iter().map(feature).collect();
    let collection = json!({ "type": "FeatureCollection", "exceededTransferLimit": is_exceeded, "features": features });
    Ok(Page { body: collection.to_string().into_bytes().into(), notes: Vec::new() })
}

fn feature(mut feature: Value) -> Value {
    let properties = feature.get_mut("attributes").map_or(Value::Null, Value::take);
    let geometry = feature.get("geometry").and_then(Value::as_object).and_then(geometry);
    json!({ "type": "Feature", "properties": properties, "geometry": geometry })
}

/// A geometry as GeoJSON writes it; `None` for an empty one and for curves.
fn geometry(esri: &Map<String, Value>) -> Option<Value> {
    if let Some(x) = esri.get("x").filter(|x| x.is_number()) {
        return Some(json!({ "type": "Point", "coordinates": [x, esri.get("y")?] }));
    }
    if let Some(points) = esri.get("points") {
        return Some(json!({ "type": "MultiPoint", "coordinates": points }));
    }
    if let Some(paths) = esri.get("paths").filter(|paths| has_any(paths)) {
        return Some(json!({ "type": "MultiLineString", "coordinates": paths }));
    }
    let rings = esri.get("rings").filter(|rings| has_any(rings))?;
    Some(json!({ "type": "MultiPolygon", "coordinates": polygons(rings.as_array()?) }))
}

fn has_any(value: &Value) -> bool {
    value.as_array().is_some_and(|array| !array.is_empty())
}

/// An outer ring with its holes.
struct Polygon<'a> {
    outer: Vec<[f64; 2]>,
    /// Around the outer ring.
    extent: Bounds,
    rings: Vec<&'a Value>,
}

impl<'a> Polygon<'a> {
    fn new(outer: Vec<[f64; 2]>, ring: &'a Value) -> Self {
        Self { extent: Bounds::of(&outer), outer, rings: vec![ring] }
    }

    /// Whether a point is in its outer ring.
    fn contains(&self, point: [f64; 2]) -> bool {
        self.extent.contains(point) && ring_contains(&self.outer, point)
    }
}

/// Rings by polygons: those that run clockwise are outer ones; each of the
/// others is a hole of the last outer one that its first point is in.
fn polygons(rings: &[Value]) -> Vec<Vec<&Value>> {
    let mut polygons: Vec<Polygon<'_>> = Vec::new();
    let mut holes = Vec::new();
    for ring in rings {
        let points = points(ring);
        if signed_area(&points) <= 0.0 { polygons.push(Polygon::new(points, ring)) } else { holes.push((points, ring)) }
    }
    for (points, ring) in holes {
        let first = points.first().copied().unwrap_or_default();
        match polygons.iter_mut().rev().find(|polygon| polygon.contains(first)) {
            Some(polygon) => polygon.rings.push(ring),
            // It runs the wrong way.
            None => polygons.push(Polygon::new(points, ring)),
        }
    }
    polygons.into_iter().map(|polygon| polygon.rings).collect()
}

fn points(ring: &Value) -> Vec<[f64; 2]> {
    let point = |point: &Value| Some([point.get(0)?.as_f64()?, point.get(1)?.as_f64()?]);
    ring.as_array().into_iter().flatten().filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(geometry: &str) -> String {
        let answer = format!(r#"{{"features":[{{"attributes":{{"a":1}},"geometry":{geometry}}}]}}"#);
        let page = read(answer.as_bytes()).unwrap();
        let value: Value = serde_json::from_slice(&page.body).unwrap();
        value["features"][0]["geometry"].to_string()
    }

    #[test]
    fn geometries_become_those_of_geojson() {
        assert_eq!(converted(r#"{"x":1.5,"y":2}"#), r#"{"type":"Point","coordinates":[1.5,2]}"#);
        assert_eq!(converted(r#"{"x":"NaN","y":"NaN"}"#), "null");
        assert_eq!(converted("null"), "null");
        assert_eq!(converted(r#"{"rings":[]}"#), "null");
        assert_eq!(
            converted(r#"{"paths":[[[0,0],[1,1]]]}"#),
            r#"{"type":"MultiLineString","coordinates":[[[0,0],[1,1]]]}"#
        );
        assert_eq!(converted(r#"{"points":[[0,0]]}"#), r#"{"type":"MultiPoint","coordinates":[[0,0]]}"#);
    }

    #[test]
    fn rings_go_to_their_polygons() {
        let square = |x: i32, size: i32| format!("[[{x},0],[{x},{size}],[{0},{size}],[{0},0],[{x},0]]", x + size);
        // Two squares, the hole of the first behind both; it runs the other way.
        let hole = "[[1,1],[2,1],[2,2],[1,2],[1,1]]";
        let rings = format!(r#"{{"rings":[{},{},{hole}]}}"#, square(0, 4), square(10, 4));
        let expected = format!("[[{},{hole}],[{}]]", square(0, 4), square(10, 4));
        assert_eq!(converted(&rings), format!(r#"{{"type":"MultiPolygon","coordinates":{expected}}}"#));
        // Alone, a ring is an outer one whichever way it runs.
        let rings = format!(r#"{{"rings":[{hole}]}}"#);
        assert_eq!(converted(&rings), format!(r#"{{"type":"MultiPolygon","coordinates":[[{hole}]]}}"#));
    }

    #[test]
    fn errors_and_other_systems_are_faults() {
        let fault = |body: &str| read(body.as_bytes()).err().unwrap();
        assert!(fault(r#"{"error":{"code":498,"message":"Invalid Token"}}"#).is_unauthorised());
        assert!(fault(r#"{"error":{"code":400,"message":"","details":["x 无效"]}}"#).to_string().contains("x 无效"));
        let other = r#"{"spatialReference":{"wkid":102100,"latestWkid":3857},"features":[]}"#;
        assert!(fault(other).to_string().contains("EPSG:3857"));
        assert!(read(br#"{"spatialReference":{"wkid":4326},"features":[]}"#).is_ok());
        assert_eq!(fault("<html>"), Fault::WebPage);
    }

    #[test]
    fn a_layer_says_what_it_can() {
        let can = |text: &str| abilities(&serde_json::from_str(text).unwrap(), 1_000);
        let layer =
            r#"{"type":"Feature Layer","fields":[],"maxRecordCount":500,"supportedQueryFormats":"JSON, geoJSON"}"#;
        assert_eq!(can(layer), Ok((true, Some(500))));
        let old = r#"{"type":"Feature Layer","fields":[],"advancedQueryCapabilities":{"supportsPagination":false}}"#;
        assert_eq!(can(old), Ok((false, None)));
        let service = r#"{"layers":[{"id":0,"name":"网格"},{"id":3,"name":"部件"}]}"#;
        assert!(can(service).unwrap_err().to_string().contains("0 网格、3 部件"));
        assert!(can(r#"{"error":{"code":499,"message":"Token Required"}}"#).unwrap_err().is_unauthorised());
        assert!(can("{}").is_err());
    }
}
