//! Shapefiles and FlatGeobuf, as programs write them.
//!
//! The goldens hold invented data, written by others than the readers:
//! `goldens/grids.shp` (GBK, told by its `.cpg`; a plane, told by its `.prj`) and
//! `goldens/grids.fgb` (an index, columns of all kinds that it knows) by GDAL 3.12,
//! `goldens/cams.shp` (GBK, which nothing tells; heights) and `goldens/roads.shp`
//! (UTF-8; measures; a shape that is none) by the Python package `pyshp` 3.1,
//! `goldens/mixed.fgb` (every kind of geometry, no index) by the npm package
//! `flatgeobuf` 4.5. How they are read, cut and damaged, is tested beside the
//! decoders; here are the ways by which they come.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use quanyu::config::Config;
use quanyu::domain::area::Area;
use quanyu::domain::update::Records;
use quanyu::ingest::{IngestContext, ProbeReport, probe};
use serde_json::Value;

use super::faults::server::{Server, reply};
use super::folder::Folder;
use super::realdata;
use super::setup::check;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/goldens").join(name)
}

/// Looks at one source of areas.
fn look(keys: &str) -> ProbeReport {
    let text = format!("[[sources]]\nid = \"a\"\nfeed = \"areas\"\n{keys}\n");
    let config = Config::parse(&text, Path::new("it.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"));
    probe(&config.sources[0], &IngestContext::of(&config, Arc::new(|| {})))
}

fn look_at_file(path: &Path, keys: &str) -> ProbeReport {
    look(&format!("kind = \"file\"\npath = '{}'\n{keys}", path.display()))
}

/// The areas, in the order of their codes.
fn areas(report: ProbeReport) -> Vec<Area> {
    match report.records {
        Some(Records::Areas(mut areas)) => {
            areas.sort_by(|one, other| one.code.cmp(&other.code));
            areas
        }
        other => panic!("areas instead of {other:?}, {:?}", report.error),
    }
}

#[test]
fn a_flatgeobuf_comes_over_http_whatever_the_server_calls_it() {
    for content_type in ["application/octet-stream", "application/json", "text/csv"] {
        let head = format!("Content-Type: {content_type}\r\n");
        let server = Server::start(reply("200 OK", &head, &std::fs::read(golden("grids.fgb")).unwrap()));
        let url = server.url("/grids.fgb");
        let found = areas(look(&format!("kind = \"http\"\nurl = \"{url}\"\ncrs = \"EPSG:4549\"")));
        assert_eq!(found[0].code, "320571001002003001", "{content_type}");
        assert_eq!(found.iter().map(|area| area.shape.polygons().count()).collect::<Vec<_>>(), [1, 3]);
    }
    // A Shapefile is more than one answer.
    let server = Server::start(reply("200 OK", "", &std::fs::read(golden("grids.shp")).unwrap()));
    let error = look(&format!("kind = \"http\"\nurl = \"{}\"", server.url("/grids.shp"))).error.unwrap();
    assert!(error.contains("kind = \"file\""), "{error}");
}

#[test]
fn check_tells_the_system_that_a_shapefile_names_and_writes_it() {
    let folder = Folder::new("shapes");
    let path = golden("grids.shp");
    let text = format!("[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = '{}'\n", path.display());
    let config = folder.write("wall.toml", text);
    let (code, out, err) = check(&config, &["--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    let told = report["findings"].as_array().unwrap().iter().find(|item| item["kind"] == "datum");
    assert!(told.is_some_and(|item| item["message"].to_string().contains("EPSG:4549")), "{report:#}");
    assert_eq!(code, 1, "{err}");
    let (_, out, err) = check(&config, &["--fix"]);
    let fixed = std::fs::read_to_string(&config).unwrap();
    assert!(fixed.contains("crs = \"EPSG:4549\""), "{fixed}\n{out}\n{err}");
    let (_, out, _) = check(&config, &["--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert!(report["findings"].as_array().unwrap().iter().all(|item| item["kind"] != "datum"), "{report:#}");
}

/// Boundaries of real cities, written anew by GDAL, are what they were.
#[test]
fn real_boundaries_are_the_same_in_every_format() {
    let Some(realdata) = realdata() else { return };
    let has_gdal = Command::new("ogr2ogr").arg("--version").stdout(Stdio::null()).status();
    if !has_gdal.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no ogr2ogr");
        return;
    }
    let folder = Folder::new("gdal");
    for city in ["nanjing_districts_gcj02", "suzhou_districts_gcj02"] {
        let plain = realdata.join("areas").join(format!("{city}.geojson"));
        let expected = areas(look_at_file(&plain, "crs = \"gcj02\""));
        let written: [(&str, &[&str]); 3] = [
            ("gbk.shp", &["-f", "ESRI Shapefile", "-lco", "ENCODING=GBK"]),
            ("utf8.shp", &["-f", "ESRI Shapefile", "-lco", "ENCODING=UTF-8"]),
            ("one.fgb", &["-f", "FlatGeobuf", "-nlt", "PROMOTE_TO_MULTI"]),
        ];
        for (name, arguments) in written {
            let path = folder.0.join(format!("{city}-{name}"));
            let columns = ["-select", "adcode,name,level"];
            let made = Command::new("ogr2ogr").args(arguments).args(columns).arg(&path).arg(&plain).output().unwrap();
            assert!(made.status.success(), "{made:?}");
            let report = look_at_file(&path, "crs = \"gcj02\"");
            assert!(report.findings.iter().all(|finding| finding.kind.is_mended()), "{name}: {:?}", report.findings);
            let found = areas(report);
            assert_eq!(found.len(), expected.len(), "{city} {name}");
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!((&found.code, &found.name, found.level), (&expected.code, &expected.name, expected.level));
                let (area, whole) = (found.shape.area(), expected.shape.area());
                assert!((area - whole).abs() < 1e-6 * whole, "{city} {name} {}: {area} {whole}", found.name);
                assert_eq!(found.shape.polygons().count(), expected.shape.polygons().count(), "{}", found.name);
            }
        }
    }
}
