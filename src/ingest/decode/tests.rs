//! Decoding of whole answers, in all the forms in which they come.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::config::source::{FieldRule, Writing};
use crate::domain::expression::Expression;
use crate::domain::finding::FindingKind;

/// A file source of `feed` with every setting at its default.
pub(crate) fn source(feed: Feed) -> Source {
    Source {
        id: "test".into(),
        name: "测试".into(),
        feed,
        origin: Origin::File { path: "test.json".into() },
        records: None,
        crs: Crs::Wgs84,
        writing: Default::default(),
        fields: Default::default(),
        values: Default::default(),
        level: None,
        parent: None,
        stale_after_secs: 60.0,
        limits: Limits::default(),
    }
}

fn decode_with(source: &Source, body: &[u8]) -> Result<Decoded, Fault> {
    let stages = ["收集", "处置", "反馈", "评价"].map(String::from);
    let decoder = Decoder::new(source, &TimeZone::fixed(jiff::tz::offset(8)), &stages);
    let mut batch = Batch::new(&decoder);
    batch.read(body, Format::Unknown)?;
    Ok(batch.finish())
}

fn decode(feed: Feed, body: &str) -> Decoded {
    decode_with(&source(feed), body.as_bytes()).unwrap()
}

fn kinds(decoded: &Decoded) -> Vec<FindingKind> {
    decoded.findings.iter().map(|finding| finding.kind).collect()
}

const SQUARE: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#;

#[test]
fn areas_come_in_every_form_of_geojson() {
    let feature = format!(r#"{{"type":"Feature","geometry":{SQUARE},"properties":{{"code":"a","name":"甲"}}}}"#);
    let forms = [
        format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#),
        format!(r#"{{"features":[{feature}],"type":"FeatureCollection","links":[]}}"#),
        format!("\u{feff}{feature}"),
        SQUARE.to_owned(),
        format!("[{feature}]"),
        format!(r#"{{"code":200,"msg":"","data":[{feature}]}}"#),
    ];
    for form in forms {
        let Decoded { records: Records::Areas(areas), .. } = decode(Feed::Areas, &form) else { panic!() };
        assert_eq!(areas.len(), 1, "{form}");
        assert_eq!(areas[0].shape.points.len(), 3, "{form}");
    }
    for form in [format!("\u{1e}{feature}\n\u{1e}{feature}\n"), format!("{feature}\r\n{feature}\r\n")] {
        assert_eq!(decode(Feed::Areas, &form).records.len(), 2, "{form}");
    }
}

#[test]
fn levels_are_taken_from_the_record_the_source_or_the_parent() {
    let body =
        r#"[{"code":1,"level":"街道"},{"code":3,"parent":2},{"code":2,"parent":{"code":1}},{"code":4,"parent":9}]"#;
    let Records::Areas(areas) = decode(Feed::Areas, body).records else { panic!() };
    let levels: Vec<Level> = areas.iter().map(|area| area.level).collect();
    assert_eq!(levels, [Level::Street, Level::Grid, Level::Community, Level::Community]);
    let with_level = Source { level: Some(Level::MicroGrid), ..source(Feed::Areas) };
    let Records::Areas(areas) = decode_with(&with_level, body.as_bytes()).unwrap().records else { panic!() };
    assert_eq!((areas[0].level, areas[3].level), (Level::Street, Level::MicroGrid));
}

#[test]
fn a_cut_file_gives_what_came_before_the_cut() {
    let feature = format!(r#"{{"type":"Feature","geometry":{SQUARE},"properties":{{"code":"a"}}}}"#);
    let body = format!(r#"{{"type":"FeatureCollection","features":[{feature},{feature},{}"#, &feature[..60]);
    let decoded = decode(Feed::Areas, &body);
    assert_eq!(decoded.records.len(), 2);
    assert_eq!(kinds(&decoded), [FindingKind::Unreadable]);
    assert_eq!(decoded.findings[0].subject, "#3");
    assert!(decoded.findings[0].message.contains("截断"));
}

#[test]
fn one_bad_feature_costs_only_itself() {
    let good = format!(r#"{{"type":"Feature","geometry":{SQUARE},"properties":{{"code":"a"}}}}"#);
    for bad in ["null", "7", r#"{"type" "Feature"}"#, r#"{"type":"Feature","properties":{"a":NaN},"geometry":null}"#] {
        let decoded = decode(Feed::Areas, &format!(r#"{{"features":[{bad},{good}]}}"#));
        assert_eq!(decoded.records.len(), 1, "{bad}");
        assert_eq!(decoded.findings[0].kind, FindingKind::Unreadable, "{bad}: {:?}", decoded.findings);
        assert_eq!(decoded.findings[0].subject, "#1", "{bad}");
    }
    let decoded = decode(Feed::Areas, &format!("{good}\n{{\"broken\n{good}\n"));
    assert_eq!((decoded.records.len(), decoded.findings.len()), (2, 1));
}

#[test]
fn events_are_read_masked_and_placed_in_the_loop() {
    let body = r#"{"code":200,"data":{"records":[{
        "id":"E1","category":"市容环境","subcategory":"垃圾满溢","title":"居民13812345678反映垃圾满溢","place":"湖东3网格",
        "area":"G1","lon":118.8,"lat":"32.0","severity":2,"channel":"hotline","reportedAt":"2025-08-15 09:00:00",
        "stage":"处置","history":[{"stage":"收集","at":"2025-08-15 09:00:00"},{"stage":"处置","at":1755219900000}],
        "dueAt":"2025-08-15 21:00:00","closedAt":null,"solved":null,"satisfied":"不满意","returned":1,"repeats":null}],
        "total":1}}"#;
    let decoded = decode(Feed::Events, body);
    assert!(decoded.findings.is_empty(), "{:?}", decoded.findings);
    let Records::Events(events) = decoded.records else { panic!() };
    let event = &events[0];
    assert!(!event.title.contains("13812345678"), "{}", event.title);
    assert_eq!((event.stage, event.entered.len(), event.returned), (1, 2, 1));
    assert_eq!(event.reported.rfc3339(), "2025-08-15T01:00:00Z");
    assert_eq!((event.satisfied, event.solved, event.closed), (Some(false), None, None));
    assert_eq!(event.at.map(|at| at.lat), Some(32.0));
    assert_eq!((event.severity as u8, event.channel.label()), (1, "12345"));
}

#[test]
fn a_close_without_an_instant_of_its_own_has_that_of_its_last_step() {
    let body = r#"[{"id":1,"reported":1755219600,"stage":"评价"},
        {"id":2,"reported":1755219600,"stage":"评价","history":[["收集",1755219600],["评价",1755223200]]},
        {"id":3,"reported":1755219600,"stage":"评价","closed":1755221400,"history":[["收集",1755219600],["评价",1755223200]]},
        {"id":4,"reported":1755219600,"stage":"评价","history":[["收集",1755219600],["反馈",1755223200]]},
        {"id":5,"reported":1755219600,"stage":"反馈","history":[["收集",1755219600],["评价",1755223200]]},
        {"id":6,"reported":1755219600,"history":[["收集",1755219600],["评价",1755223200]]},
        {"id":7,"reported":1755219600,"stage":"反馈"}]"#;
    let decoded = decode(Feed::Events, body);
    assert_eq!(kinds(&decoded), [FindingKind::NoGeometry; 7]);
    let Records::Events(events) = decoded.records else { panic!() };
    let minutes = |event: &crate::domain::event::Event| event.closed.map(|at| at.millis_since(event.reported) / 60_000);
    assert_eq!(events.iter().map(minutes).collect::<Vec<_>>(), [None, Some(60), Some(30), None, None, Some(60), None]);
    assert_eq!(events.iter().map(|event| event.stage).collect::<Vec<_>>(), [3, 3, 3, 3, 2, 3, 2]);
}

#[test]
fn bad_fields_are_named_and_the_event_is_kept() {
    let body = r#"[{"id":1,"time":1755219900,"lon":500,"lat":1,"stage":"不存在","severity":"十级","due":"明天"},
        {"id":2,"stage":"收集"},{"id":3,"time":"昨天"}]"#;
    let decoded = decode(Feed::Events, body);
    assert_eq!(decoded.records.len(), 1);
    assert_eq!(decoded.findings.iter().filter(|finding| finding.subject == "1").count(), 4, "{:?}", decoded.findings);
    assert_eq!(decoded.findings.len(), 6);
}

#[test]
fn cameras_devices_tracks_figures_and_context_are_read() {
    let Records::Cameras(cameras) = decode(
        Feed::Cameras,
        r#"{"data":{"records":[{"id":"32057100001311000001","name":"湖东路口","owner":"公安","lon":120.7,"lat":31.3,
        "online":false,"picture":"/api/cameras/1/snapshot.jpg"}],"total":1}}"#,
    )
    .records
    else {
        panic!()
    };
    assert_eq!((cameras[0].online, cameras[0].picture.as_deref()), (false, Some("/api/cameras/1/snapshot.jpg")));
    let body = "id,kind,name,lng,lat,state,value,unit,readAt\n1,燃气,井边,120.7,31.3,告警,12.5,%LEL,2025-08-15 09:00\n2,,,x,y,,,,\n";
    let decoded = decode(Feed::Devices, body);
    assert_eq!(decoded.findings.len(), 1);
    let Records::Devices(devices) = decoded.records else { panic!() };
    assert_eq!((devices[0].value, devices[0].state as u8, devices[0].read.is_some()), (Some(12.5), 2, true));
    let body =
        r#"[{"id":"t","worker":"张三丰","points":[[1755219960000,120.7,31.3],[1755219900000,120.701,31.3],[1,2]]}]"#;
    let decoded = decode(Feed::Tracks, body);
    assert_eq!(decoded.findings.len(), 1);
    let Records::Tracks(tracks) = decoded.records else { panic!() };
    assert_eq!(tracks[0].worker, "张**");
    assert_eq!(tracks[0].points.iter().map(|(_, at)| at.lon).collect::<Vec<_>>(), [120.701, 120.7]);
    let body = r#"[{"key":"closed","label":"办结率","unit":"%","numerator":91,"denominator":100,"moreIsBetter":true,"series":[1,2]}]"#;
    let Records::Figures(figures) = decode(Feed::Figures, body).records else { panic!() };
    assert_eq!((figures[0].value, figures[0].more_is_better, figures[0].series.len()), (91.0, Some(true), 2));
    let body = format!(
        r#"{{"features":[{{"type":"Feature","properties":{{"kind":"water"}},"geometry":{SQUARE}}},
        {{"type":"Feature","properties":{{"name":"路","rank":9}},"geometry":{{"type":"LineString","coordinates":[[0,0],[1,1]]}}}},
        {{"type":"Feature","properties":{{}},"geometry":{SQUARE}}}]}}"#
    );
    let decoded = decode(Feed::Context, &body);
    assert_eq!((decoded.records.len(), kinds(&decoded)), (2, vec![FindingKind::BadField]));
}

#[test]
fn what_is_no_data_is_named() {
    let fault = |body: &[u8]| decode_with(&source(Feed::Events), body).unwrap_err().to_string();
    assert_eq!(fault(b"\n<!DOCTYPE html><html>login</html>"), "返回的是网页而不是数据");
    assert!(fault(b"<?xml version=\"1.0\"?><a/>").contains("XML"));
    assert!(fault(b"").contains("内容为空"));
    assert!(fault(b"PK\0\0\0").contains("二进制"));
    assert!(fault(b"hello").contains("既不是"));
    assert!(fault(br#"{"code":401,"msg":"expired"}"#).contains("401"));
    assert!(fault(&[0xE9, b',', 0xFF, b'x'].repeat(20)).contains("GBK"));
}

#[test]
fn limits_cut_the_rest_off_and_say_so() {
    let mut few = source(Feed::Events);
    few.limits.records = 2;
    let decoded = decode_with(&few, br#"[{"id":1,"time":1},{"id":2,"time":1},{"id":3,"time":1}]"#).unwrap();
    assert_eq!(
        (decoded.records.len(), kinds(&decoded)),
        (2, vec![FindingKind::NoGeometry, FindingKind::NoGeometry, FindingKind::Limit])
    );
    let mut small = source(Feed::Areas);
    small.limits.vertices = 3;
    let decoded = decode_with(&small, SQUARE.as_bytes()).unwrap();
    assert_eq!((decoded.records.len(), kinds(&decoded)), (0, vec![FindingKind::Limit]));
}

#[test]
fn points_of_tracks_are_tidied_limited_and_accounted_for() {
    // Out of order, an instant twice, one point far away, then a jump for good.
    let body = r#"[{"id":"t","worker":"网格员 03","points":[
        [1755220020000,120.7010,31.3],[1755219900000,120.7,31.3],[1755219960000,120.7005,31.3],
        [1755219960000,120.7006,31.3],[1755220080000,121.9,31.3],[1755220140000,120.7020,31.3],
        [1755220200000,118.8,32.0],[1755220260000,118.8001,32.0],[1755220320000,118.8002,32.0],
        [1755220380000,118.8003,32.0]]}]"#;
    let decoded = decode(Feed::Tracks, body);
    assert_eq!(
        kinds(&decoded),
        [FindingKind::BadField, FindingKind::BadCoordinate, FindingKind::BadCoordinate],
        "{:?}",
        decoded.findings
    );
    let Records::Tracks(tracks) = decoded.records else { panic!() };
    let lons: Vec<f64> = tracks[0].points.iter().map(|(_, at)| at.lon).collect();
    assert_eq!(lons, [120.7, 120.7006, 120.701, 120.702, 118.8, 118.8001, 118.8002, 118.8003]);
    assert_eq!(tracks[0].worker, "网格员 03");

    let mut few = source(Feed::Tracks);
    few.limits.vertices = 3;
    let body = r#"[{"id":"a","points":[[1755219900000,120.7,31.3],[1755219960000,120.7005,31.3]]},
        {"id":"b","points":[[1755219900000,120.7,31.3],[1755219960000,120.7005,31.3]]}]"#;
    let decoded = decode_with(&few, body.as_bytes()).unwrap();
    assert_eq!(kinds(&decoded), [FindingKind::Limit]);
    let Records::Tracks(tracks) = decoded.records else { panic!() };
    assert_eq!(tracks.iter().map(|track| track.points.len()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(tracks[1].points[0].1.lon, 120.7005);
}

#[test]
fn five_hundred_tracks_of_two_thousand_points_are_read_whole() {
    let point = |track: usize, i: usize| {
        format!("[{},{:.6},{:.6}]", 1_755_219_900_000 + i * 10_000, 120.7 + track as f64 * 1e-3, 31.3 + i as f64 * 1e-4)
    };
    let track = |track: usize| {
        let points: Vec<String> = (0..2_000).map(|i| point(track, i)).collect();
        format!(r#"{{"id":"t{track}","worker":"网格员 {track}","points":[{}]}}"#, points.join(","))
    };
    let body = format!("[{}]", (0..500).map(track).collect::<Vec<_>>().join(","));
    let decoded = decode(Feed::Tracks, &body);
    assert_eq!(decoded.findings, []);
    let Records::Tracks(tracks) = decoded.records else { panic!() };
    assert_eq!((tracks.len(), tracks.iter().map(|track| track.points.len()).sum::<usize>()), (500, 1_000_000));
}

#[test]
fn events_come_from_what_a_mapping_says() {
    let mut source = source(Feed::Events);
    let computed = |text: &str| FieldRule::Computed(Expression::parse(text).unwrap());
    source.fields.insert("id".into(), computed("'E' ~ no|pad(4)"));
    source.fields.insert("title".into(), computed("big ~ '-' ~ small|default('其他')"));
    source.fields.insert("severity".into(), computed("'3' if hot|float > 37.5 else '1'"));
    source.fields.insert("geometry".into(), "where".into());
    source.writing = Writing {
        zone: Some(TimeZone::fixed(jiff::tz::offset(9))),
        time_format: Some("%d/%m/%Y %H:%M".to_owned()),
        axis_order: crate::domain::crs::frame::AxisOrder::LatLon,
        ..Writing::default()
    };
    let body = "no,big,small,hot,time,where\n\
        7,市容,垃圾,38.0,15/08/2025 09:05,\"32.04,118.78\"\n\
        8,市容,,36.6,15/08/2025 09:06,POINT(32.05 118.79)\n\
        9,市容,,高,15/08/2025 09:07,\"118.78,32.04\"\n";
    let decoded = decode_with(&source, body.as_bytes()).unwrap();
    let Records::Events(events) = decoded.records else { panic!() };
    let ids: Vec<&str> = events.iter().map(|event| &*event.id).collect();
    assert_eq!(ids, ["E0007", "E0008", "E0009"]);
    let titles: Vec<&str> = events.iter().map(|event| &*event.title).collect();
    assert_eq!(titles, ["市容-垃圾", "市容-其他", "市容-其他"]);
    assert_eq!(events.iter().map(|event| event.severity as u8).collect::<Vec<_>>(), [2, 0, 0]);
    assert_eq!(events[0].reported.rfc3339(), "2025-08-15T00:05:00Z");
    assert_eq!(events[0].at.map(|at| (at.lon, at.lat)), Some((118.78, 32.04)));
    assert_eq!(events[1].at.map(|at| (at.lon, at.lat)), Some((118.79, 32.05)));
    assert_eq!(events[2].at, None);
    let messages: Vec<(&str, &str)> =
        decoded.findings.iter().map(|finding| (&*finding.subject, &*finding.message)).collect();
    assert_eq!(messages[0], ("E0009", "severity 的表达式:不是数字"));
    assert!(messages[1].1.contains("不在地球上"), "{messages:?}");
    assert_eq!(messages.len(), 2);
}

#[test]
fn readings_keep_their_units_and_say_what_they_are_not() {
    let body = "id,lng,lat,value,unit\n1,120.7,31.3,36.5℃,\n2,120.7,31.3,\"1,234.5 kW\",kW\n\
        3,120.7,31.3,--,\n4,120.7,31.3,1.2万,元\n5,120.7,31.3,12.5%,%\n";
    let decoded = decode(Feed::Devices, body);
    let Records::Devices(devices) = &decoded.records else { panic!() };
    let values: Vec<Option<f64>> = devices.iter().map(|device| device.value).collect();
    assert_eq!(values, [Some(36.5), Some(1_234.5), None, None, Some(12.5)]);
    assert_eq!(decoded.findings.len(), 1, "{:?}", decoded.findings);
    assert_eq!(decoded.findings[0].subject, "4");
}

#[test]
fn geometries_stand_in_fields_of_every_feed() {
    let body = r#"[{"code":"a","name":"甲","geom":"POLYGON((0 0,1 0,1 1,0 0))"},
        {"code":"b","geometry":"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,0],[2,2],[0,0]]]}"},
        {"code":"c","geometry":{"type":"Polygon","coordinates":[[[0,0],[3,0],[3,3],[0,0]]]}},
        {"code":"d","wkt":"POLYGON((0 0,1"}]"#;
    let decoded = decode(Feed::Areas, body);
    assert_eq!(kinds(&decoded), [FindingKind::BadCoordinate]);
    let Records::Areas(areas) = decoded.records else { panic!() };
    assert_eq!(areas.iter().map(|area| area.shape.points.len()).collect::<Vec<_>>(), [3, 3, 3, 0]);
    let body = "kind,name,wkt\nroad,路,\"LINESTRING(0 0,1 1)\"\nwater,湖,\"MULTIPOLYGON(((0 0,1 0,1 1,0 0)))\"\n";
    let decoded = decode(Feed::Context, body);
    assert!(decoded.findings.is_empty(), "{:?}", decoded.findings);
    assert_eq!(decoded.records.len(), 2);
    for (body, place) in [
        (r#"[{"id":1,"坐标":"118.78,32.04"}]"#, (118.78, 32.04)),
        (r#"[{"id":1,"lngLat":[118.78,32.04]}]"#, (118.78, 32.04)),
        (r#"[{"id":1,"geom":"0101000020E6100000","lon":118.0,"lat":32.0}]"#, (118.0, 32.0)),
    ] {
        let Records::Cameras(cameras) = decode(Feed::Cameras, body).records else { panic!() };
        assert_eq!(cameras.iter().map(|camera| (camera.at.lon, camera.at.lat)).collect::<Vec<_>>(), [place], "{body}");
    }
}

#[test]
fn pages_and_totals_are_found() {
    let decoder = Decoder::new(&source(Feed::Areas), &TimeZone::UTC, &[]);
    let mut batch = Batch::new(&decoder);
    let body = br#"{"type":"FeatureCollection","features":[],"links":[{"rel":"self","href":"a"},{"rel":"next","href":"b?page=2"}]}"#;
    assert_eq!(batch.read(body, Format::Json).unwrap().next.as_deref(), Some("b?page=2"));
    let body = br#"{"type":"FeatureCollection","features":[],"properties":{"exceededTransferLimit":true}}"#;
    assert_eq!(batch.read(body, Format::Json).unwrap().next, None);
    assert_eq!(kinds(&batch.finish()), [FindingKind::Limit]);
}

/// A star around a place, counter-clockwise: nothing in it needs healing.
fn ring() -> impl Strategy<Value = Vec<[f64; 2]>> {
    (-150.0..150.0_f64, -60.0..60.0_f64, proptest::collection::vec(1.0..20.0_f64, 3..30)).prop_map(|(x, y, radii)| {
        let turn = std::f64::consts::TAU / radii.len() as f64;
        let corner = |(i, radius): (usize, &f64)| {
            let (sin, cos) = (i as f64 * turn).sin_cos();
            [x + radius * cos, y + radius * sin]
        };
        radii.iter().enumerate().map(corner).collect()
    })
}

/// All that decoding gives, in words. Records whose fields lie deeper than one
/// key are read as trees: with `is_tree` all are.
fn told(body: &str, is_tree: bool) -> String {
    told_with(body, is_tree, "/deep/er".into())
}

fn told_with(body: &str, is_tree: bool, rule: FieldRule) -> String {
    let mut source = source(Feed::Events);
    source.fields.insert("title".into(), "标题".into());
    source.values.insert("severity".into(), [("A".to_owned(), "3".to_owned())].into());
    if is_tree {
        source.fields.insert("repeats".into(), rule);
    }
    assert_eq!(FieldTable::new(&source, TimeZone::UTC).is_flat(), !is_tree);
    format!("{:?}", decode_with(&source, body.as_bytes()))
}

/// Names and values that events have, and some that are trouble.
const KEYS: &str =
    "id|eventId|code|data|time|上报时间|lng|LON|lat|level|severity|标题|title|大类|type|x|stage|a\\\\u0062|solved";
const VALUES: &str = "\"(7|G1|收集|A|市容 |2025-08-15 09:00:00|118.5|Feature|是|13800131234|a\\\\n| )\"|-?[0-9]{1,12}|118\\.[0-9]{1,6}|1e3|null|true|NaN|\\[\\]|\\{\"id\":1\\}";

proptest! {
    #[test]
    fn records_without_a_tree_are_those_with_one(
        objects in proptest::collection::vec(
            proptest::collection::vec((KEYS, VALUES), 0..7), 1..12),
        is_lines in any::<bool>(),
    ) {
        let member = |(key, value): &(String, String)| format!("\"{key}\":{value}");
        let object = |members: &Vec<(String, String)>| {
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        };
        let objects: Vec<String> = objects.iter().map(object).collect();
        let body = if is_lines { objects.join("\n") } else { format!("[{}]", objects.join(" ,\n")) };
        prop_assert_eq!(told(&body, false), told(&body, true));
        let computed = FieldRule::Computed(Expression::parse("record.deep.er").unwrap());
        prop_assert_eq!(told(&body, true), told_with(&body, true, computed));
    }

    #[test]
    fn rows_without_a_tree_are_those_with_one(
        headers in proptest::collection::vec("id|eventId|time|上报时间|lng|lat|level|标题|大类|x|stage", 2..8),
        rows in proptest::collection::vec(
            proptest::collection::vec("|7|G1|收集|A|\"市容,\"| 2025-08-15 09:00:00|118.5|\"a\"\"b\"|是", 0..9), 0..30),
    ) {
        let lines = [headers].into_iter().chain(rows).map(|cells| cells.join(","));
        let body = lines.collect::<Vec<_>>().join("\r\n");
        prop_assert_eq!(told(&body, false), told(&body, true));
    }

    #[test]
    fn one_limit_is_for_all_geometries_however_they_are_read(
        sides in proptest::collection::vec(prop_oneof![9 => (3..40_usize).prop_map(Some), 1 => Just(None)], 0..40),
        most_vertices in prop_oneof![Just(100_000_usize), 0..600_usize],
        is_tall in any::<bool>(),
        is_mapped in any::<bool>(),
    ) {
        let ring = |sides: usize| {
            let corner = |i: usize| {
                let (sin, cos) = ((i % sides) as f64 / sides as f64 * std::f64::consts::TAU).sin_cos();
                format!("{cos:.6} {sin:.6}")
            };
            (0..=sides).map(corner).collect::<Vec<_>>().join(",")
        };
        let filler = if is_tall { "x".repeat(40_000) } else { String::new() };
        let row = |(n, sides): (usize, &Option<usize>)| match sides {
            Some(sides) => format!("c{n},\"POLYGON(({}))\",{filler}\n", ring(*sides)),
            None => format!("c{n},,\n"),
        };
        let body = String::from("code,wkt,note\n") + &sides.iter().enumerate().map(row).collect::<String>();
        let mut source = source(Feed::Areas);
        source.limits.vertices = most_vertices;
        if is_mapped {
            source.fields.insert("geometry".into(), "/wkt".into());
        }
        let together = format!("{:?}", decode_with(&source, body.as_bytes()));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let alone = pool.install(|| format!("{:?}", decode_with(&source, body.as_bytes())));
        prop_assert_eq!(together, alone);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for feed in Feed::ALL {
            let _ = decode_with(&source(feed), &bytes);
        }
    }

    #[test]
    fn a_cut_anywhere_never_panics(at in 0_usize..400) {
        let body = format!(r#"{{"features":[{{"type":"Feature","id":1,"geometry":{SQUARE},"properties":{{"code":"甲","x":[{{}}]}}}},null]}}"#);
        let _ = decode_with(&source(Feed::Areas), &body.as_bytes()[..at.min(body.len())]);
    }

    #[test]
    fn a_written_collection_comes_back(rings in proptest::collection::vec(ring(), 1..8)) {
        let features: Vec<_> = rings.iter().enumerate().map(|(n, ring)| serde_json::json!({
            "type": "Feature", "properties": {"code": n, "name": format!("网格{n}")},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        })).collect();
        let body = serde_json::json!({"type": "FeatureCollection", "features": features}).to_string();
        let Records::Areas(areas) = decode(Feed::Areas, &body).records else { panic!() };
        prop_assert_eq!(areas.len(), rings.len());
        for (n, (area, ring)) in areas.iter().zip(&rings).enumerate() {
            prop_assert_eq!(&area.code, &n.to_string());
            prop_assert_eq!(area.shape.points.len(), ring.len());
            for (read, written) in area.shape.points.iter().zip(ring) {
                // Seventeen digits may come back one unit in the last place off.
                prop_assert!((read[0] - written[0]).abs() < 1e-12 && (read[1] - written[1]).abs() < 1e-12);
            }
        }
    }
}
