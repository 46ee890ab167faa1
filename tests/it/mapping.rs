//! Real data through mappings that an integrator writes: fields computed,
//! pairs, WKT and planes, whatever the encoding. What comes out is compared
//! with what the same data say by themselves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quanyu::config::Config;
use quanyu::domain::area::Area;
use quanyu::domain::camera::Camera;
use quanyu::domain::finding::FindingKind;
use quanyu::domain::update::Records;
use quanyu::ingest::{IngestContext, ProbeReport, probe};

use super::realdata;

/// A file of this test, gone when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, body: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("quanyu-it-{}-{name}", std::process::id()));
        std::fs::write(&path, body).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = std::fs::remove_file(&self.0);
    }
}

/// Looks at one file source, as `quanyu check` does.
fn look(feed: &str, path: &Path, settings: &str) -> ProbeReport {
    let path = path.to_string_lossy();
    let text = format!("[[sources]]\nid = \"a\"\nfeed = \"{feed}\"\nkind = \"file\"\npath = '{path}'\n{settings}\n");
    let config = Config::parse(&text, Path::new("it.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"));
    probe(&config.sources[0], &IngestContext::of(&config, Arc::new(|| {})))
}

fn cameras(report: ProbeReport) -> Vec<Camera> {
    match report.records {
        Some(Records::Cameras(cameras)) => cameras,
        other => panic!("cameras instead of {other:?}, {:?}", report.error),
    }
}

fn areas(report: ProbeReport) -> Vec<Area> {
    match report.records {
        Some(Records::Areas(areas)) => areas,
        other => panic!("areas instead of {other:?}, {:?}", report.error),
    }
}

#[test]
fn cities_are_where_they_are_in_whatever_system_and_form_they_come() {
    let Some(folder) = realdata() else { return };
    let path = folder.join("crs/gcoord_china-cities.json");
    let fields = |geometry: &str| {
        format!(
            "[sources.fields]\nid = {{ expr = \"attrs.province ~ '/' ~ attrs.name\" }}\nname = \"/attrs/name\"\n{geometry}"
        )
    };
    let plain = cameras(look("cameras", &path, &fields("geometry = \"/coords/WGS84\"")));
    assert_eq!(plain.len(), 664);
    assert_eq!((plain[0].id.as_str(), plain[0].name.as_str()), ("河南省/驻马店市", "驻马店市"));
    // What map services give is good to a metre.
    for (crs, geometry) in [
        ("gcj02", "geometry = \"/coords/GCJ02\""),
        ("bd09", "geometry = { expr = \"coords.BD09[0] ~ ',' ~ coords.BD09[1]\" }"),
        ("web-mercator", "lon = \"/coords/EPSG3857/0\"\nlat = \"/coords/EPSG3857/1\""),
        ("EPSG:3857", "geometry = { expr = \"'POINT Z (' ~ coords.EPSG3857|join(' ') ~ ' 0)'\" }"),
        ("EPSG:4490", "geometry = { expr = \"{'type': 'Point', 'coordinates': coords.WGS84} \" }"),
    ] {
        let report = look("cameras", &path, &format!("crs = \"{crs}\"\n{}", fields(geometry)));
        assert!(report.findings.is_empty(), "{crs}: {:?}", report.findings);
        let found = cameras(report);
        assert_eq!(found.len(), 664, "{crs}");
        for (one, other) in plain.iter().zip(&found) {
            let miss = (one.at.lon - other.at.lon).abs().max((one.at.lat - other.at.lat).abs());
            assert!(miss < 1e-5, "{crs} {}: {:?} {:?}", one.id, one.at, other.at);
        }
    }
}

#[test]
fn chinese_text_is_the_same_in_gbk() {
    let Some(folder) = realdata() else { return };
    let path = folder.join("crs/gcoord_china-cities.json");
    let fields = "[sources.fields]\nname = \"/attrs/name\"\ngeometry = \"/coords/WGS84\"\n";
    let text = std::fs::read_to_string(&path).unwrap();
    let gbk = Scratch::new("gbk.json", &encoding_rs::GBK.encode(&text).0);
    let names = |report| cameras(report).into_iter().map(|camera| camera.name).collect::<Vec<_>>();
    let plain = names(look("cameras", &path, fields));
    let told = look("cameras", &gbk.0, &format!("encoding = \"gbk\"\n{fields}"));
    assert!(told.findings.iter().all(|finding| finding.kind == FindingKind::BadField), "{:?}", told.findings);
    assert_eq!(names(told), plain);
    let guessed = look("cameras", &gbk.0, fields);
    assert_eq!(guessed.findings[0].kind, FindingKind::Encoding);
    assert_eq!(names(guessed), plain);
    let wrong = look("cameras", &gbk.0, &format!("encoding = \"utf-8\"\n{fields}"));
    assert!(wrong.error.is_some_and(|error| error.contains("encoding = \"gbk\"")));
}

#[test]
fn norwegian_towns_come_from_their_plane() {
    let Some(folder) = realdata() else { return };
    let path = folder.join("ogc/pygeoapi/tests/data/norwegian_urban_areas.csv");
    let fields = "[sources.fields]\nlon = \"easting\"\nlat = \"northing\"\n";
    let towns = cameras(look("cameras", &path, &format!("crs = \"EPSG:25833\"\n{fields}")));
    let at = |name: &str| towns.iter().find(|town| town.name == name).map(|town| town.at).unwrap();
    // Where the towns are, to two kilometres.
    for (name, lon, lat) in [("Oslo", 10.75, 59.93), ("Bergen", 5.32, 60.39)] {
        let town = at(name);
        assert!((town.lon - lon).abs() < 0.04 && (town.lat - lat).abs() < 0.04, "{name}: {town:?}");
    }
    let report = look("cameras", &path, fields);
    assert!(report.error.is_some_and(|error| error.contains("平面坐标")), "{:?}", report.findings);
}

#[test]
fn boundaries_in_a_column_are_those_of_the_file() {
    let Some(folder) = realdata() else { return };
    let path = folder.join("areas/suzhou_districts_gcj02.geojson");
    let plain = areas(look("areas", &path, "crs = \"gcj02\""));
    let text = std::fs::read_to_string(&path).unwrap();
    let collection: serde_json::Value = serde_json::from_str(&text).unwrap();
    let position = |position: &serde_json::Value| format!("{} {}", position[0], position[1]);
    let list = |value: &serde_json::Value, part: &dyn Fn(&serde_json::Value) -> String| {
        format!("({})", value.as_array().unwrap().iter().map(part).collect::<Vec<_>>().join(","))
    };
    let mut wkt = String::from("adcode,上级,name,wkt\n");
    let mut json = String::from("adcode;上级;name;geojson\n");
    for feature in collection["features"].as_array().unwrap() {
        let (properties, geometry) = (&feature["properties"], &feature["geometry"]);
        let polygon = |polygon: &serde_json::Value| list(polygon, &|ring| list(ring, &position));
        let shape = match geometry["type"].as_str().unwrap() {
            "Polygon" => format!("POLYGON {}", polygon(&geometry["coordinates"])),
            _ => format!("SRID=4326;MULTIPOLYGON{}", list(&geometry["coordinates"], &polygon)),
        };
        let head = [&properties["adcode"], &properties["parent"]["adcode"], &properties["name"]]
            .map(|value| value.to_string().replace('"', ""));
        wkt += &format!("{},\"{shape}\"\n", head.join(","));
        json += &format!("{};\"{}\"\n", head.join(";"), geometry.to_string().replace('"', "\"\""));
    }
    for (name, body) in [("wkt.csv", wkt), ("geojson.csv", json)] {
        let file = Scratch::new(name, body.as_bytes());
        let report = look("areas", &file.0, "crs = \"gcj02\"\nlevel = \"district\"");
        assert!(report.findings.is_empty(), "{name}: {:?}", report.findings);
        let found = areas(report);
        assert_eq!(found.len(), plain.len());
        for (one, other) in plain.iter().zip(&found) {
            assert_eq!((&one.code, &one.parent, &one.name), (&other.code, &other.parent, &other.name));
            assert_eq!(one.shape.points.len(), other.shape.points.len(), "{name} {}", one.name);
            let miss = |(a, b): (&[f64; 2], &[f64; 2])| (a[0] - b[0]).abs().max((a[1] - b[1]).abs());
            let worst = one.shape.points.iter().zip(&other.shape.points).map(miss).fold(0.0, f64::max);
            assert!(worst < 1e-9, "{name} {}: {worst}", one.name);
        }
        let few = look("areas", &file.0, "crs = \"gcj02\"\nlimits = { vertices = 100 }");
        assert!(few.findings.iter().any(|finding| finding.kind == FindingKind::Limit), "{:?}", few.findings);
    }
}
