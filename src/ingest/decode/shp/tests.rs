//! Sets by independent writers, whole, cut and damaged; `tests/it/shapes.rs`
//! says who wrote them.

use std::path::Path;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::config::Source;
use crate::config::source::{Feed, FieldRule, Limits};
use crate::domain::area::Area;
use crate::domain::camera::Camera;
use crate::domain::crs::Crs;
use crate::domain::update::Records;
use crate::ingest::decode::tests::source;
use crate::ingest::decode::{Batch, Decoded, Decoder};

fn golden(name: &str) -> ShapeSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/goldens");
    let part = |ending: &str| std::fs::read(folder.join(format!("{name}.{ending}"))).ok();
    let needed = |ending| part(ending).unwrap_or_else(|| panic!("{name}.{ending}"));
    ShapeSet { shp: needed("shp"), dbf: needed("dbf"), shx: part("shx"), cpg: part("cpg"), prj: part("prj") }
}

fn decode(source: &Source, set: &ShapeSet) -> Result<Decoded, Fault> {
    let mut batch = Batch::new(&Decoder::new(source, &TimeZone::UTC, &[]));
    batch.read_shapes(set)?;
    Ok(batch.finish())
}

fn grids() -> Source {
    Source { crs: Crs::Epsg(4549), ..source(Feed::Areas) }
}

fn areas(decoded: Decoded) -> Vec<Area> {
    match decoded.records {
        Records::Areas(areas) => areas,
        other => panic!("{other:?}"),
    }
}

fn cameras(decoded: Decoded) -> Vec<Camera> {
    match decoded.records {
        Records::Cameras(cameras) => cameras,
        other => panic!("{other:?}"),
    }
}

fn kinds(decoded: &Decoded) -> Vec<FindingKind> {
    decoded.findings.iter().map(|finding| finding.kind).collect()
}

#[test]
fn areas_in_gbk_on_a_plane() {
    let decoded = decode(&grids(), &golden("grids")).unwrap();
    assert_eq!(kinds(&decoded), [FindingKind::NoGeometry], "{:?}", decoded.findings);
    assert_eq!(decoded.findings[0].subject, "320571001002003003");
    let areas = areas(decoded);
    let named: Vec<(&str, &str, Option<u32>)> =
        areas.iter().map(|area| (area.code.as_str(), area.name.as_str(), area.households)).collect();
    assert_eq!(
        named,
        [
            ("320571001002003001", "红花街道湖东社区第一网格", Some(412)),
            ("320571001002003002", "岛", Some(0)),
            ("320571001002003003", "城南片区(无界)", Some(7)),
        ]
    );
    let bounds = areas[0].shape.bounds();
    let miss = |at: [f64; 2], lon: f64, lat: f64| (at[0] - lon).abs().max((at[1] - lat).abs());
    assert!(miss(bounds.min, 119.1, 32.0) < 1e-7 && miss(bounds.max, 119.11, 32.01) < 1e-7, "{bounds:?}");
    // A shell with a lake, an island in the lake, and a shell beside them.
    let rings: Vec<usize> = areas[1].shape.polygons().map(Iterator::count).collect();
    assert_eq!((rings.iter().sum::<usize>(), rings.len()), (4, 3));
    assert!(areas[1].shape.contains([119.22, 32.02]) && !areas[1].shape.contains([119.212, 32.012]));
    assert!(areas[2].shape.is_empty());
}

#[test]
fn every_column_is_read_as_what_it_is() {
    let set = golden("grids");
    let table = Table::read(&set.dbf).unwrap();
    let mut notes = Notes::default();
    let mut texts = Texts::new(&table, None, set.cpg.as_deref(), &mut notes);
    let names = table.names(&mut texts, &mut notes);
    let records = table.rows().filter_map(|row| row.record(&names, &mut texts));
    let records: Vec<serde_json::Value> = records.map(serde_json::Value::Object).collect();
    assert_eq!(
        records[0],
        serde_json::json!({
            "编码": 320_571_001_002_003_001_i64, "名称": "红花街道湖东社区第一网格", "建立日期": "2024-03-01",
            "户数": 412, "满意率": 98.25, "折算户": 320_571_001,
        })
    );
    assert_eq!(
        records[2],
        serde_json::json!({ "编码": 320_571_001_002_003_003_i64, "名称": "城南片区(无界)", "户数": 7, "折算户": 0.5 })
    );
    assert!(notes.finish().is_empty());
}

#[test]
fn the_system_that_a_set_names_is_told() {
    let decoded = decode(&source(Feed::Areas), &golden("grids")).unwrap();
    assert_eq!(decoded.other_crs, Some(Crs::Epsg(4549)));
    assert_eq!(decoded.findings[0].kind, FindingKind::Datum);
    assert!(decoded.findings[0].message.contains("EPSG:4549"), "{:?}", decoded.findings);
    let own_plane = Source { crs: Crs::parse("cgcs2000-gk3-120").unwrap(), ..source(Feed::Areas) };
    assert_eq!(decode(&own_plane, &golden("grids")).unwrap().other_crs, None);
}

#[test]
fn points_with_heights_in_an_encoding_that_nobody_named() {
    let decoded = decode(&source(Feed::Cameras), &golden("cams")).unwrap();
    assert_eq!(kinds(&decoded), [FindingKind::Encoding]);
    let found = cameras(decoded);
    let told: Vec<(&str, &str, bool, bool)> =
        found.iter().map(|camera| (camera.id.as_str(), camera.name.as_str(), camera.online, camera.is_told)).collect();
    assert_eq!(told[0], ("CAM-000", "红花街道东门", true, true));
    assert_eq!(told[1], ("CAM-001", "湖东社区南门岗亭", false, true));
    assert_eq!((told[2].0, told[2].1, told[2].3), ("CAM-002", "秦淮河闸口", false));
    assert_eq!((found[1].at.lon, found[1].at.lat), (118.79, 32.04));
    // Without the index, one follows the other.
    let decoded = decode(&source(Feed::Cameras), &ShapeSet { shx: None, ..golden("cams") }).unwrap();
    assert_eq!(cameras(decoded), found);
}

#[test]
fn lines_with_measures_and_nothing_in_a_place() {
    let decoded = decode(&source(Feed::Context), &golden("roads")).unwrap();
    assert_eq!(kinds(&decoded), [FindingKind::NoGeometry]);
    let Records::Context(roads) = decoded.records else { panic!("{:?}", decoded.records) };
    let told: Vec<(&str, u8, Vec<usize>)> =
        roads.iter().map(|road| (road.name.as_str(), road.rank, road.lines.iter().map(Vec::len).collect())).collect();
    assert_eq!(told, [("迎宾大道", 1, vec![2, 2]), ("纬三路", 3, vec![3])]);
}

/// Where the rows of `cams.dbf` begin, and how long each is.
const CAMS: (usize, usize) = (161, 64);

#[test]
fn deleted_rows_keep_in_step_with_their_shapes() {
    let mut set = golden("cams");
    set.dbf[CAMS.0 + CAMS.1] = b'*';
    let found = cameras(decode(&source(Feed::Cameras), &set).unwrap());
    let told: Vec<(&str, f64)> = found.iter().map(|camera| (camera.id.as_str(), camera.at.lon)).collect();
    assert_eq!(told, [("CAM-000", 118.78), ("CAM-002", 118.8)]);
}

#[test]
fn shapes_that_the_index_does_not_name_are_passed_over() {
    let mut set = golden("cams");
    let old = set.shp[100..144].to_vec();
    set.shp.extend(old);
    let words = (set.shp.len() / 2) as u32;
    set.shp[24..28].copy_from_slice(&words.to_be_bytes());
    assert_eq!(cameras(decode(&source(Feed::Cameras), &set).unwrap()).len(), 3);
    let fault = decode(&source(Feed::Cameras), &ShapeSet { shx: None, ..set }).unwrap_err();
    assert!(fault.to_string().contains("有 4 个图形") && fault.to_string().contains("3 条记录"), "{fault}");
}

#[test]
fn an_index_that_names_a_shape_again_and_again_ends() {
    let set = golden("cams");
    let mut shx = set.shx.unwrap_or_default();
    let first = shx[100..108].to_vec();
    shx.extend(first.repeat(9));
    let words = (shx.len() / 2) as u32;
    shx[24..28].copy_from_slice(&words.to_be_bytes());
    let contents: Vec<bool> = Contents::new(&set.shp, Some(&shx)).unwrap().map(|content| content.is_ok()).collect();
    // The header of 100 bytes leaves room for two more.
    assert_eq!(contents.iter().filter(|is_read| **is_read).count(), 232 / 44);
    assert_eq!(contents.len(), 12);
}

#[test]
fn a_set_that_is_half_copied_is_refused() {
    let refused =
        |set: &ShapeSet| decode(&source(Feed::Cameras), set).map(|decoded| decoded.records.len()).unwrap_err();
    for fewer in [0_u8, 2] {
        let mut set = golden("cams");
        set.dbf[4] = fewer;
        assert!(refused(&set).to_string().contains("复制"), "{}", refused(&set));
    }
    assert!(
        refused(&ShapeSet { dbf: golden("roads").dbf, shx: golden("grids").shx, ..golden("cams") })
            .to_string()
            .contains(".shp")
    );
    assert!(matches!(refused(&ShapeSet { shp: b"<html>".to_vec(), ..golden("cams") }), Fault::NotData(_)));
    assert!(refused(&ShapeSet { dbf: Vec::new(), ..golden("cams") }).to_string().contains(".dbf"));
}

/// Every set, with a source that reads it and how many records it has.
fn sets() -> [(Source, ShapeSet, usize); 3] {
    [
        (grids(), golden("grids"), 3),
        (source(Feed::Cameras), golden("cams"), 3),
        (source(Feed::Context), golden("roads"), 2),
    ]
}

/// The parts of a set that must be whole.
fn parts(set: &mut ShapeSet) -> [&mut Vec<u8>; 3] {
    [&mut set.shp, &mut set.dbf, set.shx.as_mut().expect("every golden has one")]
}

#[test]
fn what_is_cut_is_refused_or_less() {
    for (source, whole, most) in sets() {
        for part in 0..3 {
            let (mut refused, length) = (0, parts(&mut whole.clone())[part].len());
            for cut in (0..length).step_by(7) {
                let mut set = whole.clone();
                parts(&mut set)[part].truncate(cut);
                match decode(&source, &set) {
                    Ok(decoded) => assert!(decoded.records.len() <= most && part == 1, "{part} {cut}"),
                    Err(_) => refused += 1,
                }
            }
            // All but the end of the table, behind its last row.
            assert!(refused + 1 >= length.div_ceil(7), "{part}: {refused} of {length}");
        }
    }
}

/// With four bytes in the place of others.
fn with(name: &str, part: usize, at: usize, bytes: [u8; 4]) -> ShapeSet {
    let mut set = golden(name);
    parts(&mut set)[part][at..at + 4].copy_from_slice(&bytes);
    set
}

#[test]
fn claims_of_gigabytes_are_not_believed() {
    // Parts and points of the first shape; the library's own sum of them wraps.
    for (at, count) in
        [(144, u32::MAX), (148, u32::MAX), (148, 1 << 28), (148, (1 << 27) + 1), (144, 1 << 30), (144, 6)]
    {
        let decoded = decode(&grids(), &with("grids", 0, at, count.to_le_bytes())).unwrap();
        assert_eq!(kinds(&decoded)[..1], [FindingKind::WrongGeometry], "{at} {count}: {:?}", decoded.findings);
        assert_eq!(areas(decoded).len(), 3);
    }
    // Lengths of the first record and of the file, rows of the table, where a shape is.
    for (part, at, bytes) in [
        (0, 104, u32::MAX.to_be_bytes()),
        (0, 24, u32::MAX.to_be_bytes()),
        (1, 4, u32::MAX.to_le_bytes()),
        (2, 100, u32::MAX.to_be_bytes()),
        (2, 24, u32::MAX.to_be_bytes()),
    ] {
        assert!(decode(&grids(), &with("grids", part, at, bytes)).is_err(), "{part} {at}");
    }
}

#[test]
fn kinds_of_shapes_that_nobody_draws_are_told() {
    for (kind, told) in [(31_u32, "MultiPatch"), (2, "未知的图形类型 2"), (0, "没有图形")] {
        let decoded = decode(&grids(), &with("grids", 0, 108, kind.to_le_bytes())).unwrap();
        assert!(decoded.findings[0].message.contains(told), "{:?}", decoded.findings);
        assert_eq!(areas(decoded).len(), 3, "the properties count all the same");
    }
}

#[test]
fn limits_hold() {
    let limited = |limits| Source { limits, ..grids() };
    let usual = Limits::default();
    let decoded = decode(&limited(Limits { records: 2, ..usual }), &golden("grids")).unwrap();
    assert_eq!(kinds(&decoded), [FindingKind::Limit]);
    assert_eq!(areas(decoded).len(), 2);
    let decoded = decode(&limited(Limits { vertices: 6, ..usual }), &golden("grids")).unwrap();
    assert_eq!(kinds(&decoded), [FindingKind::Limit]);
    assert_eq!(areas(decoded).len(), 1);
}

#[test]
fn columns_are_mapped_like_any_other() {
    let mut source = grids();
    source.fields.insert("code".into(), FieldRule::from("折算户"));
    source.fields.insert("name".into(), FieldRule::from("建立日期"));
    let areas = areas(decode(&source, &golden("grids")).unwrap());
    assert_eq!((areas[0].code.as_str(), areas[0].name.as_str()), ("320571001", "2024-03-01"));
}

proptest! {
    #[test]
    fn no_damage_panics(which in 0..3_usize, part in 0..3_usize, spots in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..8)) {
        let (source, mut set, most) = sets().into_iter().nth(which).unwrap();
        let bytes = &mut *parts(&mut set)[part];
        for (at, byte) in spots {
            let length = bytes.len();
            bytes[usize::from(at) % length] = byte;
        }
        if let Ok(decoded) = decode(&source, &set) {
            prop_assert!(decoded.records.len() <= most + 1);
        }
    }
}
