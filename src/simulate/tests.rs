//! The simulator over a real loopback socket, with a client of plain
//! `std::net`: what a wall would see.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::*;

const NOON: Time = Time(1_755_230_400_000); // 2025-08-15T12:00:00+08:00

fn simulator(speed: f64) -> Simulator {
    Simulator::start(SimulatorOptions {
        profile: "badahu".into(),
        seed: DEFAULT_SEED,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        speed,
        start: Some(NOON),
    })
    .expect("a free loopback port")
}

/// An answer: status, headers as written, body.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    fn records(&self) -> Vec<Value> {
        self.json()["data"]["records"].as_array().expect("records").clone()
    }

    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
        line.and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value.trim())
    }
}

fn connect(simulator: &Simulator, request: &str) -> BufReader<TcpStream> {
    let mut socket = TcpStream::connect(simulator.address()).expect("the simulator listens");
    socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout above zero");
    socket.write_all(request.as_bytes()).expect("the request goes out");
    BufReader::new(socket)
}

fn read_head(reader: &mut impl BufRead) -> String {
    let mut head = String::new();
    while reader.read_line(&mut head).expect("a head") > 2 {}
    head
}

fn ask(simulator: &Simulator, method: &str, target: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    let mut reader = connect(simulator, &request);
    let head = read_head(&mut reader);
    let mut body = Vec::new();
    reader.read_to_end(&mut body).expect("a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head, body }
}

fn get(simulator: &Simulator, target: &str) -> Answer {
    ask(simulator, "GET", target, "", "")
}

#[test]
fn an_unknown_profile_names_the_nearest_and_all() {
    let options = SimulatorOptions {
        profile: "jinjhu".into(),
        seed: 1,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        speed: 1.0,
        start: None,
    };
    let message = Simulator::start(options.clone()).expect_err("no such profile").to_string();
    for part in ["jinjhu", "“jinjihu”", "badahu、honghua"] {
        assert!(message.contains(part), "{message}");
    }
    let fast = SimulatorOptions { profile: "badahu".into(), speed: f64::NAN, ..options };
    assert!(matches!(Simulator::start(fast), Err(SimulateError::BadSpeed(_))));
}

#[test]
fn a_taken_address_is_an_error_not_a_panic() {
    let first = simulator(0.0);
    let again =
        SimulatorOptions { profile: "badahu".into(), seed: 1, listen: first.address(), speed: 1.0, start: None };
    assert!(matches!(Simulator::start(again), Err(SimulateError::Listen { .. })));
    first.stop();
}

#[test]
fn areas_come_once_and_then_as_not_modified() {
    let simulator = simulator(0.0);
    let first = get(&simulator, "/api/areas");
    assert_eq!(first.status, 200);
    assert_eq!(first.json()["features"].as_array().map(Vec::len), Some(67));
    let tag = format!("If-None-Match: {}\r\n", first.header("etag"));
    let second = ask(&simulator, "GET", "/api/areas", &tag, "");
    assert_eq!((second.status, second.body.len()), (304, 0));
    let grids = get(&simulator, "/api/areas?level=grid").json();
    assert_eq!(grids["features"].as_array().map(Vec::len), Some(56));
    assert_eq!(grids["features"][0]["properties"]["responsible"][0]["role"], "挂包领导");
    assert_eq!(get(&simulator, "/api/areas?level=planet").status, 400);
    let context = get(&simulator, "/api/context").json();
    assert_eq!(context["features"][0]["properties"]["kind"], "water");
}

#[test]
fn events_come_in_pages_that_add_up() {
    let simulator = simulator(0.0);
    let first = get(&simulator, "/api/events?pageNum=1&pageSize=2000").json();
    let total = first["data"]["total"].as_u64().expect("a total") as usize;
    assert!(total > 3_000, "{total}");
    let mut ids = std::collections::HashSet::new();
    for page in 1..=total.div_ceil(2_000) {
        for record in get(&simulator, &format!("/api/events?pageNum={page}&pageSize=2000")).records() {
            ids.insert(record["id"].as_str().expect("an id").to_owned());
            let stage = record["history"].as_array().and_then(|h| h.last()).map(|last| last["stage"].clone());
            assert_eq!(stage, Some(record["stage"].clone()));
            assert_eq!(record["closedAt"].is_null(), record["stage"] != "评价");
        }
    }
    assert_eq!(ids.len(), total);
    let since = NOON.plus_millis(-1_800_000).0;
    let changed = get(&simulator, &format!("/api/events?since={since}&pageSize=5000")).records();
    assert!(!changed.is_empty() && changed.len() < 200, "{}", changed.len());
    assert_eq!(get(&simulator, "/api/events?pageNum=99999").records().len(), 0);
}

#[test]
fn every_other_endpoint_answers_in_its_shape() {
    let simulator = simulator(0.0);
    let profile = get(&simulator, "/api/profile").json();
    assert_eq!(profile["data"]["stages"][3], "评价");
    assert_eq!(profile["data"]["now"], NOON.0);
    let devices = get(&simulator, "/api/devices").records();
    assert!(devices.iter().any(|d| d["kind"] == "智慧门禁") && devices.iter().all(|d| d["value"].is_number()));
    let tracks = get(&simulator, "/api/tracks").records();
    assert!(tracks[0]["points"][0][0].as_i64().is_some_and(|at| at <= NOON.0));
    assert!(tracks[0]["worker"].as_str().is_some_and(|name| name.starts_with("网格员 ")));
    let figures = get(&simulator, "/api/figures").records();
    let solved = figures.iter().find(|f| f["key"] == "solved").expect("the solved rate");
    assert!(solved["numerator"].as_f64() <= solved["denominator"].as_f64());
    assert_eq!(get(&simulator, "/api/nothing").status, 404);
}

#[test]
fn cameras_that_are_online_show_a_picture() {
    let simulator = simulator(0.0);
    let cameras = get(&simulator, "/api/cameras").records();
    let online = cameras.iter().find(|c| c["online"] == true).expect("an online camera");
    let offline = cameras.iter().find(|c| c["online"] == false).expect("an offline camera");
    let address = |camera: &Value| camera["picture"].as_str().expect("an address").to_owned();
    let picture = get(&simulator, &address(online));
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/jpeg"));
    assert!(image::load_from_memory(&picture.body).is_ok());
    assert_eq!(get(&simulator, &address(offline)).status, 503);
    assert_eq!(get(&simulator, "/api/cameras/0/snapshot.jpg").status, 404);
}

/// Reads server-sent events until `count` of them have an id; gives (id, data).
fn read_changes(reader: &mut impl BufRead, count: usize) -> Vec<(u64, Value)> {
    let (mut changes, mut id) = (Vec::new(), 0);
    let mut line = String::new();
    while changes.len() < count {
        line.clear();
        assert_ne!(reader.read_line(&mut line).expect("the stream goes on"), 0);
        if let Some(number) = line.strip_prefix("id: ") {
            id = number.trim().parse().expect("a number");
        }
        // Chunk sizes stand on lines of their own between the messages.
        if let Some(data) = line.strip_prefix("data: ") {
            changes.push((id, serde_json::from_str(data).expect("a record")));
        }
    }
    changes
}

#[test]
fn the_stream_resumes_where_it_broke_off() {
    let simulator = simulator(600.0);
    let request = "GET /api/events/stream HTTP/1.1\r\nHost: test\r\n\r\n";
    let mut reader = connect(&simulator, request);
    let head = read_head(&mut reader);
    assert!(head.contains("text/event-stream"), "{head}");
    let first = read_changes(&mut reader, 12);
    drop(reader);
    let seen = first[3].0;
    let resumed = format!("GET /api/events/stream HTTP/1.1\r\nHost: test\r\nLast-Event-ID: {seen}\r\n\r\n");
    let mut reader = connect(&simulator, &resumed);
    read_head(&mut reader);
    let second = read_changes(&mut reader, 8);
    assert_eq!(second, first[4..12]);
    // Numbers of an earlier run bring the whole ring, from its first message.
    let stale = "GET /api/events/stream HTTP/1.1\r\nHost: test\r\nLast-Event-ID: 99999999\r\n\r\n";
    let mut reader = connect(&simulator, stale);
    read_head(&mut reader);
    assert_eq!(read_changes(&mut reader, 1)[0].0, 1);
    simulator.stop();
}

#[test]
fn broken_endpoints_break_as_asked_and_mend() {
    let simulator = simulator(0.0);
    let switch = |mode: &str| {
        let body = format!("{{\"path\":\"/api/figures\",\"mode\":\"{mode}\"}}");
        ask(&simulator, "POST", "/api/faults", "", &body)
    };
    assert_eq!(switch("down").records().len(), 1);
    assert_eq!(get(&simulator, "/api/figures").status, 503);
    switch("garbage");
    assert!(serde_json::from_slice::<Value>(&get(&simulator, "/api/figures").body).is_err());
    switch("html");
    assert!(get(&simulator, "/api/figures").header("content-type").starts_with("text/html"));
    assert_eq!(get(&simulator, "/api/profile").status, 200);
    assert!(switch("off").records().is_empty());
    assert_eq!(get(&simulator, "/api/figures").status, 200);
    assert_eq!(switch("explode").status, 400);
}

#[test]
fn a_stalled_endpoint_does_not_keep_the_simulator_from_stopping() {
    let simulator = simulator(0.0);
    let body = "{\"path\":\"/api/areas\",\"mode\":\"stall\"}";
    ask(&simulator, "POST", "/api/faults", "", body);
    let mut stalled = connect(&simulator, "GET /api/areas HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(get(&simulator, "/api/profile").status, 200);
    simulator.stop();
    let mut rest = Vec::new();
    // Closed or reset, but over, and without an answer.
    let _ = stalled.read_to_end(&mut rest);
    assert!(rest.is_empty());
}

#[test]
fn a_whole_city_answers_like_a_street() {
    let simulator = Simulator::start(SimulatorOptions {
        profile: "nanjing".into(),
        seed: DEFAULT_SEED,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        speed: 0.0,
        start: Some(NOON),
    })
    .expect("a free loopback port");
    assert_eq!(get(&simulator, "/api/profile").json()["data"]["stages"].as_array().map(Vec::len), Some(7));
    let areas = get(&simulator, "/api/areas");
    assert!((36_000_000..46_000_000).contains(&areas.body.len()), "{}", areas.body.len());
    assert!(get(&simulator, "/api/context").body.len() < 8_000_000);
    let districts = get(&simulator, "/api/areas?level=district").json();
    assert_eq!(districts["features"].as_array().map(Vec::len), Some(11));
    let page = get(&simulator, "/api/events?pageSize=200").json();
    // A wall keeps 200,000 events: eight days must be fewer.
    let total = page["data"]["total"].as_u64().expect("a total");
    assert!((120_000..195_000).contains(&total), "{total}");
    assert!(page["data"]["records"][0]["area"].as_str().is_some_and(|code| code.len() == 15));
    assert_eq!(get(&simulator, "/api/cameras").records().len(), 20_000);
    assert_eq!(get(&simulator, "/api/devices").records().len(), 5_000);
    let figures = get(&simulator, "/api/figures").records();
    let repeated = figures.iter().find(|f| f["key"] == "repeated").expect("the repeat rate");
    assert!(repeated["value"].as_f64().is_some_and(|share| (1.0..12.0).contains(&share)), "{repeated}");
    let change = figures.iter().find(|f| f["key"] == "repeat-change").expect("its change");
    assert_eq!(change["value"], -25.28);
    assert_eq!(get(&simulator, "/api/tracks").records().len(), 500);
}

#[test]
fn maps_are_written_whole() {
    let folder = std::env::temp_dir().join(format!("quanyu-map-{}", std::process::id()));
    let paths = write_map("badahu", DEFAULT_SEED, &folder).expect("a writable folder");
    let mut bytes = 0;
    for path in &paths {
        let text = fs::read_to_string(path).expect("a file");
        bytes += text.len();
        let json: Value = serde_json::from_str(&text).expect("GeoJSON");
        assert_eq!(json["type"], "FeatureCollection");
    }
    assert!(bytes < 1_500_000, "{bytes}");
    fs::remove_dir_all(&folder).expect("our own folder");
    assert!(write_map("nowhere", 1, &folder).is_err());
}

#[test]
fn the_bundled_maps_are_those_that_the_simulator_serves() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/maps");
    for info in profiles() {
        let file = folder.join(format!("{}-areas.geojson", info.name));
        let Ok(text) = fs::read_to_string(&file) else {
            eprintln!("skipped: no {}", file.display());
            continue;
        };
        let profile = find_profile(info.name).expect("a listed profile");
        let geography = geography::Geography::build(profile, DEFAULT_SEED);
        let bundled: Value = serde_json::from_str(&text).expect("GeoJSON");
        let served = geography::geojson::areas(&geography.areas, None);
        let served: Value = serde_json::from_slice(&served).expect("GeoJSON");
        // Coordinates may differ in the last digit between processors' sine
        // functions; who is where may not.
        let properties = |map: &Value| -> Vec<Value> {
            map["features"].as_array().expect("features").iter().map(|f| f["properties"].clone()).collect()
        };
        assert_eq!(properties(&bundled), properties(&served), "write the maps anew");
    }
}
