//! Files by independent writers, whole, cut and damaged; `tests/it/shapes.rs`
//! says who wrote them.

use std::path::Path;

use ::flatgeobuf::{Feature, FeatureArgs, GeometryArgs, size_prefixed_root_as_feature, size_prefixed_root_as_header};
use flatbuffers::FlatBufferBuilder;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::Source;
use crate::config::source::{Feed, Limits};
use crate::domain::update::Records;
use crate::ingest::decode::tests::source;
use crate::ingest::decode::{Batch, Decoded, Decoder, Element, Format, read_plain};

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/goldens").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn decode(source: &Source, body: &[u8]) -> Result<Decoded, Fault> {
    let mut batch = Batch::new(&Decoder::new(source, &TimeZone::UTC, &[]));
    batch.read(body, Format::Unknown)?;
    Ok(batch.finish())
}

fn grids() -> Source {
    Source { crs: Crs::Epsg(4549), ..source(Feed::Areas) }
}

fn kinds(decoded: &Decoded) -> Vec<FindingKind> {
    decoded.findings.iter().map(|finding| finding.kind).collect()
}

/// What features are, without a feed.
#[derive(Default)]
struct Seen {
    records: Vec<Value>,
    /// Polygons, lines, points, problems.
    drawn: Vec<(usize, usize, usize, usize)>,
}

impl Take for Seen {
    fn take(&mut self, element: Element<'_>, _notes: &mut Notes) {
        assert!(element.is_feature && element.number == self.records.len() + 1);
        let geometry = element.geometry.unwrap_or_default();
        let (polygons, lines) = (geometry.shape.polygons().count(), geometry.lines.len());
        self.drawn.push((polygons, lines, usize::from(geometry.point.is_some()), element.problems.len()));
        self.records.push(element.record.into_tree());
    }

    fn has_weight(&self) -> bool {
        false
    }

    fn weigh(&mut self, _element: &Element<'_>) -> usize {
        0
    }

    fn fork(&self, _before: usize) -> Self {
        Self::default()
    }

    fn join(&mut self, _part: Self) {}
}

fn seen(name: &str, crs: Crs) -> Seen {
    let mut seen = Seen::default();
    let findings = read_plain(&golden(name), Format::Unknown, crs, &mut seen).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    seen
}

#[test]
fn columns_of_all_kinds_and_an_index() {
    let seen = seen("grids.fgb", Crs::Epsg(4549));
    // In the order of the index.
    let first = seen.records.iter().position(|record| record["名称"] == "红花街道湖东社区第一网格").unwrap();
    let mut record = seen.records[first].clone();
    let time = record.as_object_mut().unwrap().remove("建立时间").unwrap();
    assert!(time.as_str().unwrap().starts_with("2024-03-01T08:30:00"), "{time}");
    let expected = json!({
        "编码": 320_571_001_002_003_001_i64, "名称": "红花街道湖东社区第一网格", "户数": 412, "层数": 6,
        "满意率": 98.25, "系数": 0.1, "启用": true,
    });
    assert_eq!(record, expected);
    let other = &seen.records[1 - first];
    assert_eq!((&other["户数"], &other["层数"], &other["启用"]), (&json!(-7), &json!(-2), &json!(false)));
    assert_eq!((seen.drawn[first], seen.drawn[1 - first]), ((1, 0, 0, 0), (3, 0, 0, 0)));
}

#[test]
fn every_kind_of_geometry_in_one_file() {
    let seen = seen("mixed.fgb", Crs::Wgs84);
    assert_eq!(seen.records[0], json!({ "id": "a", "类别": "水系", "等级": 1, "备注": { "宽": 12 } }));
    assert_eq!(seen.records[3]["等级"], json!(2.5));
    let expected = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 2, 0, 0), (2, 0, 0, 0), (0, 0, 1, 0), (0, 1, 1, 0), (0, 0, 1, 0)];
    assert_eq!(seen.drawn, expected);
}

#[test]
fn areas_come_out_as_those_of_geojson() {
    let decoded = decode(&grids(), &golden("grids.fgb")).unwrap();
    assert!(decoded.findings.is_empty() && decoded.other_crs.is_none(), "{:?}", decoded.findings);
    let Records::Areas(areas) = decoded.records else { panic!("{:?}", decoded.records) };
    let plain = areas.iter().find(|area| area.code == "320571001002003001").unwrap();
    let bounds = plain.shape.bounds();
    assert!((bounds.min[0] - 119.1).abs() < 1e-7 && (bounds.max[1] - 32.01).abs() < 1e-7, "{bounds:?}");
    assert_eq!(plain.households, Some(412));

    let decoded = decode(&source(Feed::Areas), &golden("grids.fgb")).unwrap();
    assert_eq!((decoded.other_crs, kinds(&decoded)[0]), (Some(Crs::Epsg(4549)), FindingKind::Datum));
}

#[test]
fn limits_hold() {
    let limited = |limits| Source { limits, ..source(Feed::Context) };
    let usual = Limits::default();
    for (limits, most) in [(Limits { records: 3, ..usual }, 3), (Limits { vertices: 12, ..usual }, 1)] {
        let decoded = decode(&limited(limits), &golden("mixed.fgb")).unwrap();
        assert_eq!(kinds(&decoded).iter().filter(|kind| **kind == FindingKind::Limit).count(), 1);
        assert!(decoded.records.len() <= most, "{:?}", decoded.records);
    }
}

#[test]
fn what_is_cut_is_refused() {
    for name in ["grids.fgb", "mixed.fgb"] {
        let whole = golden(name);
        for cut in (0..whole.len()).step_by(7) {
            assert!(decode(&source(Feed::Context), &whole[..cut]).is_err(), "{name} {cut}");
        }
    }
}

/// Where the features begin.
fn features(body: &[u8]) -> usize {
    let header = prefixed(body, MAGIC_BYTES).unwrap();
    let head = size_prefixed_root_as_header(header).unwrap();
    MAGIC_BYTES + header.len() + index_bytes(head.features_count(), head.index_node_size(), body.len()).unwrap()
}

#[test]
fn claims_of_gigabytes_are_not_believed() {
    for name in ["grids.fgb", "mixed.fgb"] {
        let whole = golden(name);
        for at in [MAGIC_BYTES, features(&whole)] {
            for claim in [u32::MAX, 1 << 31, 0, 7] {
                let mut body = whole.clone();
                body[at..at + 4].copy_from_slice(&claim.to_le_bytes());
                assert!(decode(&source(Feed::Context), &body).is_err(), "{name} {at} {claim}");
            }
        }
    }
    // How many features there are.
    let whole = golden("grids.fgb");
    let header = whole[MAGIC_BYTES..features(&whole)].windows(8);
    let places: Vec<usize> =
        header.enumerate().filter(|(_, at)| *at == 2_u64.to_le_bytes()).map(|(at, _)| at).collect();
    let mut patched = 0;
    for at in places {
        for count in [u64::MAX, 1 << 40, 3] {
            let mut body = whole.clone();
            body[MAGIC_BYTES + at..][..8].copy_from_slice(&count.to_le_bytes());
            let Some(header) = prefixed(&body, MAGIC_BYTES) else { continue };
            if size_prefixed_root_as_header(header).is_ok_and(|header| header.features_count() == count) {
                patched += 1;
                assert!(decode(&source(Feed::Context), &body).is_err(), "{count}");
            }
        }
    }
    assert!(patched >= 3, "the count was found");
}

#[test]
fn parts_that_are_one_and_the_same_count_each_time() {
    let feature = |parts: usize| {
        let mut builder = FlatBufferBuilder::new();
        let xy = builder.create_vector(&[1.0_f64; 2_000]);
        let part = Geometry::create(&mut builder, &GeometryArgs { xy: Some(xy), ..GeometryArgs::default() });
        let parts = builder.create_vector(&vec![part; parts]);
        let all = GeometryArgs { parts: Some(parts), type_: GeometryType::MultiPolygon, ..GeometryArgs::default() };
        let geometry = Some(Geometry::create(&mut builder, &all));
        let feature = Feature::create(&mut builder, &FeatureArgs { geometry, ..FeatureArgs::default() });
        builder.finish_size_prefixed(feature, None);
        builder.finished_data().to_vec()
    };
    let is_read = |bytes: &[u8]| size_prefixed_root_as_feature_with_opts(&bounds(bytes), bytes).is_ok();
    assert!(is_read(&feature(2)));
    let bomb = feature(10_000);
    assert!(size_prefixed_root_as_feature(&bomb).is_ok() && !is_read(&bomb));
}

#[test]
fn an_index_is_as_long_as_the_format_says() {
    // By the reference implementation.
    for (count, node_size, nodes) in [(1, 16, 2), (2, 16, 3), (16, 16, 17), (17, 16, 20), (257, 16, 277), (5, 2, 11)] {
        assert_eq!(index_bytes(count, node_size, 1_000), Some(nodes * NODE_BYTES), "{count} {node_size}");
    }
    assert_eq!(index_bytes(0, 16, 1_000), Some(0));
    assert_eq!(index_bytes(9, 0, 1_000), Some(0));
    assert_eq!(index_bytes(9, 1, 1_000), None);
    assert_eq!(index_bytes(u64::MAX, 2, 1_000), None);
}

#[test]
fn a_newer_version_is_told() {
    let mut body = golden("mixed.fgb");
    body[3] = 4;
    assert!(decode(&source(Feed::Context), &body).unwrap_err().to_string().contains("第 4 版"));
}

proptest! {
    #[test]
    fn no_damage_panics(which in 0..2_usize, spots in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
        let mut body = golden(["grids.fgb", "mixed.fgb"][which]);
        for (at, byte) in spots {
            let length = body.len();
            body[usize::from(at) % length] = byte;
        }
        for feed in [Feed::Areas, Feed::Context] {
            _ = decode(&source(feed), &body);
        }
    }
}
