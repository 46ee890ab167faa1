use jiff::tz::TimeZone;

use super::*;
use crate::config::Source;
use crate::config::source::{Feed, Limits, MqttOrigin, Origin};
use crate::domain::change::DeviceChange;
use crate::domain::crs::Crs;
use crate::domain::time::Time;
use crate::domain::update::Records;

fn source(feed: Feed, payload: Payload, topics: &[(&str, &[(usize, &str)])], fields: &[(&str, &str)]) -> Source {
    let topics = topics.iter().map(|(filter, fields)| Topic {
        filter: (*filter).into(),
        fields: fields.iter().map(|&(level, field)| (level, field.to_owned())).collect(),
    });
    let origin = MqttOrigin {
        url: "mqtt://127.0.0.1".into(),
        topics: topics.collect(),
        version: Default::default(),
        client_id: None,
        username: None,
        password: None,
        qos: 0,
        keep_alive_secs: 30,
        clean_session: true,
        payload,
        deadlines: Default::default(),
    };
    Source {
        id: "broker".into(),
        name: "broker".into(),
        feed,
        origin: Origin::Mqtt(Box::new(origin)),
        records: None,
        crs: Crs::Wgs84,
        writing: Default::default(),
        fields: fields.iter().map(|&(field, place)| (field.to_owned(), place.into())).collect(),
        values: Default::default(),
        level: None,
        parent: None,
        stale_after_secs: 60.0,
        limits: Limits::default(),
    }
}

fn read(source: &Source, messages: &[(&str, &str)]) -> (Records, Vec<String>) {
    let decoder = Decoder::new(source, &TimeZone::UTC, &["收集".into(), "处置".into()]);
    let Origin::Mqtt(origin) = &source.origin else { panic!() };
    let reader = Reader::new(origin.payload, &origin.topics, &decoder);
    let mut batch = Batch::new(&decoder);
    for (topic, body) in messages {
        if let Err(fault) = reader.read(&mut batch, topic, body.as_bytes()) {
            batch.note_unreadable(&fault);
        }
    }
    let decoded = batch.finish();
    (decoded.records, decoded.findings.into_iter().map(|finding| finding.message).collect())
}

fn devices(source: &Source, messages: &[(&str, &str)]) -> Vec<DeviceChange> {
    let (records, findings) = read(source, messages);
    assert_eq!(findings, [""; 0]);
    let Records::DeviceChanges(changes) = records else { panic!("{records:?}") };
    changes
}

fn reading(id: &str, value: f64, read: i64) -> DeviceChange {
    DeviceChange { id: id.into(), value: Some(value), read: Some(Time(read)), ..DeviceChange::default() }
}

const GAS: &[(&str, &[(usize, &str)])] = &[("$share/wall/street/+/gas/+/state", &[(3, "id")])];

#[test]
fn a_level_of_the_topic_is_a_field_of_all_records() {
    let source = source(Feed::Devices, Payload::Records, GAS, &[]);
    let found = devices(
        &source,
        &[
            ("street/a/gas/g1/state", r#"{"id":"other","value":1.5,"ts":1755219900000}"#),
            ("street/b/gas/g2/state", r#"{"code":0,"data":[{"value":2,"ts":1755219900000}]}"#),
            ("street/b/gas/g3/state", r#"[{"value":"3","ts":1755219900000},{"value":4,"ts":1755219960000}]"#),
        ],
    );
    let expected = [
        reading("g1", 1.5, 1_755_219_900_000),
        reading("g2", 2.0, 1_755_219_900_000),
        reading("g3", 3.0, 1_755_219_900_000),
        reading("g3", 4.0, 1_755_219_960_000),
    ];
    assert_eq!(found, expected);
}

#[test]
fn topics_fit_their_filters_only() {
    let decoder = Decoder::new(&source(Feed::Devices, Payload::Records, GAS, &[]), &TimeZone::UTC, &[]);
    let fields = |filter: &str, topic: &str| {
        let pattern = Pattern::of(&Topic { filter: filter.into(), fields: vec![(1, "id".into())] }, &decoder);
        pattern.fields_of(topic).map(|given| given.into_iter().map(|given| given.text).collect::<Vec<_>>())
    };
    assert_eq!(fields("a/+/c", "a/b/c"), Some(vec!["b".to_owned()]));
    assert_eq!(fields("$share/g/a/+/#", "a/b/c/d"), Some(vec!["b".to_owned()]));
    assert_eq!(fields("a/+/#", "a/b"), Some(vec!["b".to_owned()]), "# is also the level above");
    for (filter, topic) in [("a/+/c", "a/b"), ("a/+/c", "a/b/c/d"), ("a/+", "x/b")] {
        assert_eq!(fields(filter, topic), None, "{filter} {topic}");
    }
}

#[test]
fn telemetry_of_thingsboard_is_read_in_all_its_forms() {
    let source =
        source(Feed::Devices, Payload::ThingsBoard, &[("tb/+/telemetry", &[(1, "id")])], &[("value", "/methane")]);
    let found = devices(
        &source,
        &[
            ("tb/g1/telemetry", r#"{"ts":1755219900000,"values":{"methane":1.5,"ts":5}}"#),
            ("tb/g2/telemetry", r#"[{"ts":1755219900000,"values":{"methane":2}}]"#),
        ],
    );
    assert_eq!(found, [reading("g1", 1.5, 1_755_219_900_000), reading("g2", 2.0, 1_755_219_900_000)]);
    let now = &devices(&source, &[("tb/g3/telemetry", r#"{"methane":3,"battery":"low"}"#)])[0];
    assert_eq!((now.id.as_str(), now.value), ("g3", Some(3.0)));
    assert!(now.read.is_some(), "of the time at which it came");
}

#[test]
fn a_gateway_of_thingsboard_names_its_devices() {
    let source =
        source(Feed::Devices, Payload::ThingsBoard, &[("v1/gateway/telemetry", &[])], &[("value", "/methane")]);
    let body = r#"{"Device A":[{"ts":1755219900000,"values":{"methane":1}},{"ts":1755219960000,"values":{"methane":2}}],
        "Device B":[{"ts":1755219900000,"values":{"methane":3}}]}"#;
    let found = devices(&source, &[("v1/gateway/telemetry", body)]);
    let expected = [
        reading("Device A", 1.0, 1_755_219_900_000),
        reading("Device A", 2.0, 1_755_219_960_000),
        reading("Device B", 3.0, 1_755_219_900_000),
    ];
    assert_eq!(found, expected);
}

/// Telemetry may be called as the envelopes of failures are.
#[test]
fn trouble_of_one_device_stays_with_it() {
    let source =
        source(Feed::Devices, Payload::ThingsBoard, &[("v1/gateway/telemetry", &[])], &[("value", "/methane")]);
    let body = r#"{"A":[{"ts":1755219900000,"values":{"error":"E12","code":500,"methane":1}}],
        "B":[{"ts":1755219900000,"values":{"methane":3}}]}"#;
    let (records, findings) = read(&source, &[("v1/gateway/telemetry", body)]);
    let Records::DeviceChanges(changes) = records else { panic!("{records:?}") };
    assert_eq!(changes.last(), Some(&reading("B", 3.0, 1_755_219_900_000)), "{findings:?}");
}

#[test]
fn rules_of_emqx_wrap_texts_or_objects_or_nothing() {
    let source = source(Feed::Devices, Payload::Emqx, &[("rule/#", &[])], &[]);
    let found = devices(
        &source,
        &[
            ("rule/1", r#"{"clientid":"g1","topic":"t/1","payload":"{\"value\":1}","timestamp":1755219900000}"#),
            ("rule/1", r#"{"clientid":"gw","payload":{"id":"g2","value":2,"ts":1755219960000},"timestamp":1}"#),
            ("rule/1", r#"{"clientid":"g3","value":3,"timestamp":1755219900000}"#),
        ],
    );
    let expected = [
        reading("g1", 1.0, 1_755_219_900_000),
        reading("g2", 2.0, 1_755_219_960_000),
        reading("g3", 3.0, 1_755_219_900_000),
    ];
    assert_eq!(found, expected);
}

#[test]
fn garbage_costs_its_own_message() {
    for payload in [Payload::Records, Payload::ThingsBoard, Payload::Emqx] {
        let source = source(Feed::Devices, payload, GAS, &[]);
        let good = ("street/a/gas/g1/state", r#"{"value":1,"ts":1755219900000}"#);
        let (records, findings) = read(&source, &[("street/a/gas/g1/state", "{\"value\":"), good, ("x", "\u{1}")]);
        assert_eq!((records.len(), findings.len()), (1, 2), "{payload:?} {findings:?}");
    }
}

#[test]
fn positions_of_workers_are_steps_of_their_walk() {
    let source = source(Feed::Tracks, Payload::Records, &[("patrol/+", &[(1, "id")])], &[]);
    let (records, findings) =
        read(&source, &[("patrol/07", r#"{"worker":"网格员 07","lng":120.7,"lat":31.3,"gpsTime":1755219900000}"#)]);
    let Records::TrackChanges(tracks) = records else { panic!("{findings:?}") };
    assert_eq!((tracks[0].id.as_str(), tracks[0].points[0].0), ("07", Time(1_755_219_900_000)));
}

#[test]
fn events_are_events_and_nameless_devices_are_left_out() {
    let events = source(Feed::Events, Payload::Records, &[("events", &[])], &[]);
    let (records, _) = read(&events, &[("events", r#"{"id":"e1","reported":"2025-08-15 09:00:00"}"#)]);
    assert!(matches!(records, Records::Events(events) if events.len() == 1));
    let nameless = source(Feed::Devices, Payload::Records, &[("d", &[])], &[]);
    let (records, findings) = read(&nameless, &[("d", r#"{"value":1}"#)]);
    assert_eq!((records.len(), findings), (0, vec!["没有编号".to_owned()]));
}

/// The time around the values is in milliseconds, however the values write theirs.
#[test]
fn a_time_of_the_wrapping_is_not_written_as_the_source_writes_times() {
    let mut wall = source(Feed::Devices, Payload::ThingsBoard, GAS, &[]);
    wall.writing.time_format = Some("%d/%m/%Y %H:%M".into());
    let topic = "street/a/gas/g1/state";
    let found = devices(&wall, &[(topic, r#"{"ts":1755219900000,"values":{"value":1.5}}"#)]);
    assert_eq!(found, [reading("g1", 1.5, 1_755_219_900_000)]);
    // Where the values say when, in their own way.
    wall.fields.insert("read".into(), "/at".into());
    let found = devices(&wall, &[(topic, r#"{"ts":1,"values":{"value":1.5,"at":"15/08/2025 01:05"}}"#)]);
    assert_eq!(found, [reading("g1", 1.5, 1_755_219_900_000)]);
}
