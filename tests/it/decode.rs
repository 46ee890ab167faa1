//! Real data through the decoders: counts as the data's manifest gives them,
//! and every known defect named.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use quanyu::config::Source;
use quanyu::config::source::{Feed, Limits, Origin};
use quanyu::domain::area::{Area, Level};
use quanyu::domain::crs::Crs;
use quanyu::domain::finding::FindingKind;
use quanyu::domain::update::Records;
use quanyu::ingest::{IngestContext, ProbeReport, load_areas, load_points, probe};

use super::realdata;

fn look(feed: Feed, path: &Path) -> ProbeReport {
    let source = Source {
        id: "file".into(),
        name: "文件".into(),
        feed,
        origin: Origin::File { path: path.into() },
        records: None,
        crs: if path.to_string_lossy().contains("gcj02") { Crs::Gcj02 } else { Crs::Wgs84 },
        writing: Default::default(),
        fields: Default::default(),
        values: Default::default(),
        level: None,
        parent: None,
        stale_after_secs: 60.0,
        limits: Limits::default(),
    };
    probe(&source, &IngestContext { zone: TimeZone::UTC, stages: Vec::new(), waker: std::sync::Arc::new(|| {}) })
}

fn areas(report: ProbeReport) -> Vec<Area> {
    match report.records {
        Some(Records::Areas(areas)) => areas,
        other => panic!("areas instead of {other:?}, {:?}", report.error),
    }
}

fn kinds(report: &ProbeReport) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

#[test]
fn boundaries_of_chinese_cities() {
    let Some(folder) = realdata() else { return };
    // The last are those that are known to be invalid.
    let files: [(&str, usize, &str, &[&str]); 5] = [
        ("nanjing_districts_gcj02.geojson", 11, "320100", &["320114", "320118"]),
        ("suzhou_districts_gcj02.geojson", 10, "320500", &[]),
        ("yancheng_districts_gcj02.geojson", 9, "320900", &["320922", "320924"]),
        ("qingdao_districts_gcj02.geojson", 10, "370200", &[]),
        ("jiangsu_cities_gcj02.geojson", 13, "320000", &[]),
    ];
    for (file, count, parent, invalid) in files {
        let report = look(Feed::Areas, &folder.join("areas").join(file));
        let healed: Vec<&str> = report.findings.iter().map(|finding| finding.subject.as_str()).collect();
        assert_eq!(healed, invalid, "{file}: {:?}", report.findings);
        assert!(kinds(&report).iter().all(|kind| *kind == FindingKind::SelfIntersection), "{file}");
        let areas = areas(report);
        assert_eq!(areas.len(), count, "{file}");
        let level = if file.starts_with("jiangsu") { Level::City } else { Level::District };
        for area in areas {
            assert_eq!((area.parent.as_deref(), area.level), (Some(parent), level), "{file}: {}", area.name);
            assert!(!area.shape.is_empty() && area.code.len() == 6, "{file}: {}", area.name);
        }
    }
}

#[test]
fn boundaries_with_defects() {
    let Some(folder) = realdata() else { return };
    let report = look(Feed::Areas, &folder.join("areas/null_geometry_460400.geojson"));
    assert_eq!(kinds(&report), [FindingKind::NoGeometry]);
    assert_eq!(report.findings[0].subject, "460400");
    assert!(areas(report)[0].shape.is_empty());

    let report = look(Feed::Areas, &folder.join("areas/jiangning_two_shells_gcj02.geojson"));
    assert_eq!(kinds(&report), [FindingKind::HoleOutside]);
    assert_eq!(areas(report)[0].shape.polygons().count(), 2);

    let report = look(Feed::Areas, &folder.join("areas/qinhuai_bare_polygon_gcj02.json"));
    assert_eq!(kinds(&report), [FindingKind::BadField], "it has no code");
    assert_eq!(areas(report)[0].shape.polygons().count(), 1);
}

#[test]
fn one_borough_at_four_levels() {
    let Some(folder) = realdata() else { return };
    for (file, count) in [("wards", 20), ("msoa", 24), ("lsoa", 128), ("oa", 783)] {
        let report = look(Feed::Areas, &folder.join(format!("areas/westminster_{file}.json")));
        assert!(report.findings.is_empty(), "{file}: {:?}", report.findings);
        let areas = areas(report);
        assert_eq!(areas.len(), count, "{file}");
        assert!(areas.iter().all(|area| area.code.starts_with('E')), "{file}");
    }
}

#[test]
fn a_city_of_nine_million_from_a_folder() {
    let Some(folder) = realdata() else { return };
    let unpacked = std::env::temp_dir().join(format!("quanyu-it-{}-london", std::process::id()));
    std::fs::create_dir_all(&unpacked).unwrap();
    let archive = folder.join("areas/london_oa_by_lad.tar.gz");
    let tar = std::process::Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(&unpacked).status();
    if !tar.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no tar");
        return;
    }
    let boroughs = unpacked.join("json/statistical/eng/oa_by_lad");
    let (areas, findings) = load_areas(&[boroughs], Crs::Wgs84, Some(Level::MicroGrid)).unwrap();
    _ = std::fs::remove_dir_all(&unpacked);
    let vertices: usize = areas.iter().map(|area| area.shape.points.len()).sum();
    let rings: usize = areas.iter().map(|area| area.shape.rings().count()).sum();
    assert_eq!(areas.len(), 25_053);
    assert_eq!(findings.len(), 14, "{findings:?}");
    assert!(findings.iter().all(|finding| finding.kind == FindingKind::SelfIntersection), "{findings:?}");
    // The manifest counts the closing point of each ring too. The 14 areas cross
    // themselves 15 times, and each crossing becomes a vertex.
    assert_eq!(vertices + rings, 342_544 + 15);
    assert!(areas.iter().all(|area| area.level == Level::MicroGrid));
}

#[test]
fn what_the_boundary_rules_forbid_is_found() {
    let Some(folder) = realdata() else { return };
    let bad = folder.join("broken/geojsonhint/test/data/bad");
    use FindingKind::{BadCoordinate, BadField, DegenerateRing, NoGeometry, WrongGeometry};
    for (file, kind) in [
        ("bad-featurelist", BadCoordinate),
        ("badcoordtype", BadCoordinate),
        ("bad-properties-as-array", NoGeometry),
        ("expected_object", NoGeometry),
        ("multipoint-multidimension", WrongGeometry),
        ("multipoint-nondimension", WrongGeometry),
        ("point-labeled-as-a-multipolygon", WrongGeometry),
        ("point-string", BadCoordinate),
        ("point-toofew", BadCoordinate),
        ("stringcoord", BadCoordinate),
        ("short-line", DegenerateRing),
        ("notype", BadField),
    ] {
        let report = look(Feed::Areas, &bad.join(format!("{file}.geojson")));
        assert!(kinds(&report).contains(&kind), "{file}: {:?} {:?}", report.findings, report.error);
    }
    for (file, words) in [
        // Nothing of it can be used, so the source is not well.
        ("badfeature", "不是对象"),
        ("bad-json", "应为"),
        ("featurecollection", "没有 features 数组"),
        ("featurecollection-obj", "没有 features 数组"),
        ("rootstring", "既不是"),
    ] {
        let error = look(Feed::Areas, &bad.join(format!("{file}.geojson"))).error.unwrap_or_default();
        assert!(error.contains(words), "{file}: {error:?}");
    }
}

#[test]
fn everything_broken_is_survived_and_everything_good_is_used() {
    let Some(folder) = realdata() else { return };
    let mut files = Vec::new();
    collect(&folder.join("broken"), &mut files);
    collect(&folder.join("ogc"), &mut files);
    assert!(files.len() > 150, "{}", files.len());
    for file in files {
        for feed in Feed::ALL {
            let report = look(feed, &file);
            assert!(report.records.is_some() || report.error.is_some(), "{}", file.display());
        }
        let good = file.components().any(|part| part.as_os_str() == "good" || part.as_os_str() == "valid");
        if good && file.extension().is_some_and(|extension| extension == "geojson") {
            let report = look(Feed::Areas, &file);
            assert_eq!(report.error, None, "{}", file.display());
            let harmless = [FindingKind::NoGeometry, FindingKind::WrongGeometry, FindingKind::BadField];
            // One "good" polygon lies at 107° south.
            let is_good = file.file_name().is_some_and(|name| name != "issue82.geojson");
            assert!(
                !is_good || kinds(&report).iter().all(|kind| harmless.contains(kind)),
                "{}: {:?}",
                file.display(),
                report.findings
            );
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[test]
fn feature_services() {
    let Some(folder) = realdata() else { return };
    let ogc = folder.join("ogc");
    let report = look(
        Feed::Areas,
        &ogc.join("koop-featureserver/test/provider-data/points-w-metadata-exceeded-transfer-limit.geojson"),
    );
    assert!(kinds(&report).contains(&FindingKind::Limit), "{:?}", report.findings);
    let report = look(Feed::Areas, &ogc.join("pygeoapi/tests/data/ne_110m_lakes.geojson"));
    let lakes = areas(report);
    assert!(!lakes.is_empty() && lakes.iter().all(|lake| !lake.shape.is_empty()));
    let report = look(Feed::Cameras, &ogc.join("pygeoapi/tests/data/obs_malformatted.csv"));
    assert_eq!((report.count(), report.findings.len()), (3, 2), "{:?}", report.findings);
}

#[test]
fn cameras_from_tables() {
    let Some(folder) = realdata() else { return };
    for (file, count, name) in [("redlight", 149, "Pulaski-Diversey"), ("speed", 146, "3843 W 111th (Speed Camera)")] {
        let report = look(Feed::Cameras, &folder.join(format!("cameras/chicago_{file}_cameras.csv")));
        assert_eq!(kinds(&report), [FindingKind::BadField], "{file}: no ids, {:?}", report.findings);
        let Some(Records::Cameras(cameras)) = report.records else { panic!("{:?}", report.error) };
        assert_eq!((cameras.len(), cameras[0].name.as_str()), (count, name));
        assert!(cameras.iter().all(|camera| camera.online && (camera.at.lon + 87.7).abs() < 0.5), "{file}");
    }
}

#[test]
fn points_for_benchmarks() {
    let Some(folder) = realdata() else { return };
    let load = |file: &str| load_points(&folder.join("points").join(file), &TimeZone::UTC).unwrap();
    let (points, findings) = load("uk_accidents_heatmap.csv");
    assert_eq!((points.len(), findings.len()), (140_056 - 27, 27));
    let (points, findings) = load("nyc_uber_pickups.json");
    assert_eq!((points.len(), findings.len()), (100_000, 0));
    let (points, findings) = load("usgs_earthquakes_month.geojson");
    assert_eq!((points.len(), findings.len()), (1_707, 0));
    assert!(points.iter().all(|(_, time)| time.is_some()));
    let (points, _) = load("../cameras/chicago_speed_cameras.csv");
    assert_eq!(points.len(), 146);
}

#[test]
fn a_polygon_with_hundreds_of_islands() {
    let Some(folder) = realdata() else { return };
    let report = look(Feed::Areas, &folder.join("points/canada.json"));
    // Its islands are written as holes of the mainland, three of its rings cross
    // themselves, four lie in another one.
    use FindingKind::{BadField, HoleOutside, Overlap, SelfIntersection};
    assert_eq!(
        kinds(&report),
        [HoleOutside, HoleOutside, SelfIntersection, Overlap, BadField],
        "{:?}",
        report.findings
    );
    let canada = areas(report);
    let rings = canada[0].shape.rings().count();
    assert_eq!((canada.len(), rings), (1, 480));
    // The manifest counts the closing point of each ring too; what is rebuilt
    // loses vertices that lie on a straight line, and no more than those.
    let vertices = canada[0].shape.points.len() + rings;
    assert!((55_400..=55_563).contains(&vertices), "{vertices}");
}
