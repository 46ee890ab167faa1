//! `quanyu check` and what it writes, as an integrator meets them: the program
//! itself, on files of this test and on real boundaries.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use quanyu::domain::time::{DAY_MILLIS, HOUR_MILLIS, Time};
use serde_json::Value;

use super::faults::server::Server;
use super::folder::Folder;
use super::realdata;

pub fn quanyu(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quanyu")).args(arguments).env("QUANYU_LOG", "error").output().unwrap()
}

pub fn check(config: &Path, more: &[&str]) -> (i32, String, String) {
    let mut arguments = vec!["check", "-c", config.to_str().unwrap()];
    arguments.extend(more);
    let output = quanyu(&arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The report as JSON; nothing else may stand on standard output.
fn report(config: &Path, more: &[&str]) -> (i32, Value) {
    let (code, out, _) = check(config, &[&["--json"], more].concat());
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}")))
}

/// Where Nanjing's boundary is, in its own datum: near to the vertices, so that
/// a wrong datum shows.
fn places(path: &Path, count: usize) -> Vec<([f64; 2], String)> {
    let collection: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut found = Vec::new();
    for feature in collection["features"].as_array().unwrap() {
        let code = feature["properties"]["adcode"].to_string();
        for polygon in feature["geometry"]["coordinates"].as_array().unwrap() {
            let ring: Vec<[f64; 2]> = polygon[0]
                .as_array()
                .unwrap()
                .iter()
                .map(|point| [point[0].as_f64().unwrap(), point[1].as_f64().unwrap()])
                .collect();
            let middle = [0, 1].map(|axis| ring.iter().map(|point| point[axis]).sum::<f64>() / ring.len() as f64);
            for vertex in &ring {
                // A little inside of the edge.
                let at = [0, 1].map(|axis| vertex[axis] + (middle[axis] - vertex[axis]) * 0.004);
                if quanyu::domain::geometry::ring_contains(&ring, at) {
                    found.push((at, code.clone()));
                }
            }
        }
    }
    let step = (found.len() / count).max(1);
    found.into_iter().step_by(step).take(count).collect()
}

/// Events as a platform with pinyin names lists them.
fn events(places: &[([f64; 2], String)]) -> String {
    let record = |(n, ([lon, lat], code)): (usize, &([f64; 2], String))| {
        serde_json::json!({
            "sjbh": format!("SJ{n:05}"), "sjdl": (["市容环境", "消防安全"][n % 2]),
            "sbsj": format!("2025-08-{:02} 09:{:02}:00", n % 28 + 1, n % 60), "zt": (["待派单", "处理中", "已办结"][n % 3]),
            "jjcd": (["一般", "特别重大"][n % 2]), "jd": lon, "wd": lat, "wgbm": code,
            "lxr": format!("张三{}", n % 9), "lxdh": format!("138{n:08}"),
        })
    };
    let list: Vec<Value> = places.iter().enumerate().map(record).collect();
    serde_json::json!({"code": 200, "msg": "ok", "data": {"total": list.len(), "list": list}}).to_string()
}

fn config(areas: &Path) -> String {
    format!(
        "# 南京的大屏\n[wall]\ntitle = \"南京\"   # 标题\naudience = \"duty\"\n\n[closed_loop]\n\
         stages = [\"群众点单\", \"平台派单\", \"干部接单\", \"反馈评价\"]\n\n[[sources]]\nid = \"areas\"\n\
         feed = \"areas\"\nkind = \"file\"\npath = '{}'\ncrs = \"gcj02\"\n\n# 事件\n[[sources]]\nid = \"events\"\n\
         name = \"网格平台\"\nfeed = \"events\"\nkind = \"file\"\npath = \"events.json\"\n\n\
         [sources.fields]\ndue = \"/qxsj\"   # 时限\n",
        areas.display()
    )
}

#[test]
fn what_nobody_mapped_is_found_mapped_and_written_once() {
    let Some(realdata) = realdata() else { return };
    let areas = realdata.join("areas/nanjing_districts_gcj02.geojson");
    let folder = Folder::new("fix");
    let text = config(&areas);
    folder.write("events.json", events(&places(&areas, 1_500)));
    let path = folder.write("wall.toml", &text);

    let (code, before) = report(&path, &[]);
    assert_eq!((code, &before["schema"], &before["exit"]), (2, &1.into(), &2.into()));
    let source = &before["sources"][1];
    assert!(source["error"].as_str().unwrap().contains("没有上报时间"), "{source}");
    let unused: Vec<&str> = source["unused"].as_array().unwrap().iter().filter_map(|u| u["key"].as_str()).collect();
    assert!(unused.contains(&"/sbsj") && unused.contains(&"/lxr"), "{unused:?}");
    let all = before.to_string();
    assert!(!all.contains("张三") && !all.contains("13800000"), "nothing of a person");

    let (code, out, err) = check(&path, &["--fix", "--json"]);
    assert_eq!(code, 2, "of what was found: {err}");
    let fixed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(fixed["fixes"]["written"], true, "{out}\n{err}");
    let backup = PathBuf::from(fixed["fixes"]["backup"].as_str().unwrap());
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), text);
    let new = std::fs::read_to_string(&path).unwrap();
    for line in [
        "# 南京的大屏",
        "title = \"南京\"   # 标题",
        "due = \"/qxsj\"   # 时限",
        "crs = \"gcj02\"  # 推测",
        "reported = \"/sbsj\"",
        "\"已办结\" = \"反馈评价\"",
        "\"特别重大\" = \"urgent\"",
    ] {
        assert!(new.contains(line), "{line} in\n{new}");
    }
    assert!(err.contains("+reported = \"/sbsj\"") && err.contains("@@"), "{err}");

    let (code, after) = report(&path, &[]);
    assert_eq!(code, 1, "{after:#}");
    let source = &after["sources"][1];
    assert_eq!((&source["records"], &source["error"]), (&1_500.into(), &Value::Null));
    assert!(source["failed"].as_array().unwrap().is_empty(), "{source}");
    assert!(source["datum"]["inside"].as_f64().unwrap() > 0.99 && source["datum"]["fits"].is_null(), "{source}");
    let absent = after["findings"].as_array().unwrap().iter().find(|item| item["kind"] == "absent-field").unwrap();
    assert_eq!((&absent["source"], &absent["key"]), (&"events".into(), &"sources[1].fields.due".into()));
    let line = absent["line"].as_u64().unwrap() as usize;
    assert!(new.lines().nth(line - 1).unwrap().starts_with("due ="), "line {line}");

    let files = folder.files();
    let (_, _, err) = check(&path, &["--fix"]);
    assert!(err.contains("没有可以改的"), "{err}");
    assert_eq!((folder.files(), std::fs::read_to_string(&path).unwrap()), (files, new));
}

#[test]
fn points_that_fit_in_another_datum_only_are_told_in_metres() {
    let Some(realdata) = realdata() else { return };
    let areas = realdata.join("areas/nanjing_districts_gcj02.geojson");
    let folder = Folder::new("datum");
    let mut csv = String::from("编号,名称,经度,纬度\n");
    for (n, ([lon, lat], _)) in places(&areas, 1_000).iter().enumerate() {
        csv += &format!("C{n},点位,{lon},{lat}\n");
    }
    folder.write("cams.csv", csv);
    let path = folder.write(
        "wall.toml",
        format!(
            "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = '{}'\ncrs = \"gcj02\"\n\
             [[sources]]\nid = \"c\"\nfeed = \"cameras\"\nkind = \"file\"\npath = \"cams.csv\"\n",
            areas.display()
        ),
    );
    let (_, out, _) = check(&path, &[]);
    assert!(out.contains("只有把这些点读作 gcj02"), "{out}");
    let (_, json) = report(&path, &[]);
    let fits = &json["sources"][1]["datum"]["fits"];
    assert_eq!((&fits["crs"], &fits["of"]), (&"gcj02".into(), &"points".into()));
    assert!((300.0..700.0).contains(&fits["shift_m"].as_f64().unwrap()), "{fits}");
}

#[test]
fn times_ids_and_codes_that_cannot_be_right_are_found() {
    let folder = Folder::new("wrong");
    let area = r#"{"type":"Feature","properties":{"code":"G1","name":"甲","level":"grid"},"geometry":{"type":"Polygon","coordinates":[[[118,32],[119,32],[119,33],[118,33],[118,32]]]}}"#;
    folder.write("areas.geojson", area);
    folder.write(
        "events.csv",
        "id,reported,area,lon,lat,severity,stage\nE1,2099-01-01 00:00:00,G1,118.5,32.5,1,\nE1,2025-08-15 09:00:00,G2,118.5,32.5,7,\n\
         E2,2025-08-15 09:00:00,G1,100,32.5,1,\nE3,2025-08-15 09:00:00,G1,118.5,32.5,1,综合评价\n",
    );
    let path = folder.write(
        "wall.toml",
        "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"areas.geojson\"\n\
         [[sources]]\nid = \"e\"\nfeed = \"events\"\nkind = \"file\"\npath = \"events.csv\"\n",
    );
    let (code, json) = report(&path, &[]);
    assert_eq!(code, 1);
    let kinds: Vec<&str> =
        json["findings"].as_array().unwrap().iter().filter_map(|item| item["kind"].as_str()).collect();
    for kind in ["future", "duplicate-code", "orphan", "outside", "failed-values", "untimed"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    let failed = &json["sources"][1]["failed"][0];
    assert_eq!((&failed["field"], &failed["failed"], &failed["values"]), (&"severity".into(), &1.into(), &4.into()));
    assert!(json["findings"].as_array().unwrap().iter().all(|item| item["line"].as_u64().is_some()));
    assert!(json.to_string().contains("办结但没有办结时间:1 件"), "{json:#}");
}

#[test]
fn a_faulty_configuration_is_reported_with_its_lines_and_never_changed() {
    let folder = Folder::new("faulty");
    let text = "[wall]\ntitel = \"甲\"\n[[sources]]\nid = \"a\"\nfeed = \"events\"\nkind = \"file\"\npath = \"x\"\n";
    let path = folder.write("wall.toml", text);
    let (code, json) = report(&path, &["--fix"]);
    assert_eq!(code, 2);
    let item = &json["findings"][0];
    assert_eq!(
        (&item["kind"], &item["severity"], &item["line"]),
        (&"configuration".into(), &"error".into(), &2.into())
    );
    assert_eq!(item["key"], "wall.titel");
    let (code, out, _) = check(&path, &[]);
    assert!(code == 2 && out.contains(":2:1: 未知的键"), "{out}");
    assert_eq!(folder.files(), ["wall.toml"]);
    let (code, json) = report(&folder.0.join("none.toml"), &[]);
    assert!(code == 2 && json["findings"][0]["message"].as_str().unwrap().contains("找不到"), "{json}");
}

/// Runs `init`; the configuration and what was said.
fn init(arguments: &[&str]) -> (i32, String, String) {
    let output = quanyu(&[&["init"], arguments].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_first_configuration_of_real_files_passes_check() {
    let Some(realdata) = realdata() else { return };
    let folder = Folder::new("init");
    let areas = realdata.join("areas/nanjing_districts_gcj02.geojson");
    folder.write("events.json", events(&places(&areas, 1_500)));
    let path = folder.0.join("wall.toml");
    let events = folder.0.join("events.json");
    let (code, out, err) = init(&[events.to_str().unwrap(), areas.to_str().unwrap(), "-o", path.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    let text = std::fs::read_to_string(&path).unwrap();
    for line in [
        "feed = \"areas\"",
        "crs = \"gcj02\"  # 字段像是 DataV",
        "parent = \"/parent/adcode\"",
        "feed = \"events\"",
        "reported = \"/sbsj\"",
        "crs = \"gcj02\"  # 推测:偏移约",
        "stages = [\"待派单\", \"处理中\", \"已办结\"]",
        "\"特别重大\" = \"urgent\"",
        "# 没有用到的:",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert!(!text.contains("张三") && !text.contains("13800000"), "{text}");
    let (code, json) = report(&path, &[]);
    assert_eq!(code, 1, "{json:#}");
    let counts: Vec<u64> = json["sources"].as_array().unwrap().iter().filter_map(|s| s["records"].as_u64()).collect();
    assert_eq!(counts, [11, 1_500]);
    assert!(json["sources"][1]["failed"].as_array().unwrap().is_empty(), "{json:#}");
    let (code, _, err) = init(&[areas.to_str().unwrap(), "-o", path.to_str().unwrap()]);
    assert!(code == 2 && err.contains("已经存在"), "{err}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "and is left alone");
}

#[test]
fn files_of_every_form_are_taken_for_what_they_are() {
    let Some(realdata) = realdata() else { return };
    let folder = Folder::new("forms");
    for (file, feed, records) in [
        ("areas/suzhou_districts_gcj02.geojson", "areas", 10),
        ("areas/westminster_lsoa.json", "areas", 128),
        ("points/usgs_earthquakes_month.geojson", "events", 1_707),
        ("cameras/chicago_redlight_cameras.csv", "cameras", 149),
    ] {
        let sample = realdata.join(file);
        if !sample.exists() {
            continue;
        }
        let (code, out, err) = init(&[sample.to_str().unwrap()]);
        assert_eq!(code, 0, "{file}: {err}");
        assert!(out.contains(&format!("feed = \"{feed}\"")), "{file}:\n{out}");
        let path = folder.write("wall.toml", &out);
        let (code, json) = report(&path, &[]);
        assert!(code < 2, "{file}: {json:#}");
        assert_eq!(json["sources"][0]["records"], records, "{file}");
    }
    let (code, _, err) = init(&["/nowhere/at-all.json"]);
    assert!(code == 2 && err.contains("不存在"), "{err}");
    let (code, _, err) = init(&["mqtt://broker"]);
    assert!(code == 2 && err.contains("接入手册"), "{err}");
}

#[test]
fn streams_envelopes_and_encodings_are_told_and_tables_without_headers_refused() {
    let event = r#"{"sjbh":"E1","sjdl":"市容","sbsj":"2025-08-15 09:00:00","zt":"处理中","jd":118.7,"wd":32.1}"#;
    let wrapped = format!(r#"{{"code":200,"data":{{"page":1,"content":[{event},{event}]}}}}"#);
    let server = Server::start(move |stream, head| {
        let (kind, body) = match head.starts_with("GET /push") {
            true => ("text/event-stream", format!("retry: 100\n\ndata: {event}\n\n")),
            false => ("application/json", wrapped.clone()),
        };
        _ = stream
            .write_all(format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n").as_bytes());
        _ = stream.write_all(body.as_bytes());
    });
    let folder = Folder::new("kinds");
    let table = encoding_rs::GBK.encode("编号,名称,经度,纬度\nC1,路口,118.7,32.1\nC2,桥头,118.8,32.2\n").0.into_owned();
    let table = folder.write("cameras.csv", table);
    let (push, list) = (server.url("/push"), server.url("/list"));
    let (code, out, err) = init(&[&push, &list, table.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    for line in [
        "kind = \"sse\"",
        "kind = \"http\"",
        "records = \"/data/content\"",
        "reported = \"/sbsj\"",
        "encoding = \"gbk\"",
        "lon = \"经度\"",
    ] {
        assert!(out.contains(line), "{line} in\n{out}");
    }
    assert!(out.matches("feed = \"events\"").count() == 2 && out.contains("feed = \"cameras\""), "{out}");

    let headless = folder.write("b.csv", "C1,张三,118.7,32.1\nC2,李四,118.8,32.2\n");
    let (code, out, err) = init(&[headless.to_str().unwrap()]);
    assert!(code == 2 && out.is_empty() && err.contains("没有表头") && !err.contains("张三"), "{err}");
    let (code, out, err) =
        init(&[headless.to_str().unwrap(), table.to_str().unwrap(), "http://127.0.0.1:1/a?token=geheim"]);
    assert!(code == 1 && out.contains("feed = \"cameras\"") && !err.contains("geheim"), "{err}");
}

#[test]
fn a_back_end_is_recognised_address_by_address() {
    let now = Time::system_now().0;
    let options = quanyu::simulate::SimulatorOptions {
        profile: "jinjihu".into(),
        seed: 7,
        listen: "127.0.0.1:0".parse().unwrap(),
        speed: 1.0,
        // The last noon in its zone: soon after midnight nobody is on patrol.
        start: Some(Time(now - (now - 4 * HOUR_MILLIS).rem_euclid(DAY_MILLIS))),
    };
    let simulator = quanyu::simulate::Simulator::start(options).unwrap();
    let folder = Folder::new("addresses");
    let at = |path: &str| format!("http://{}{path}", simulator.address());
    let feeds = ["areas", "events", "cameras", "devices", "tracks", "figures", "context"];
    let addresses: Vec<String> = feeds.iter().map(|feed| at(&format!("/api/{feed}"))).collect();
    let arguments: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let (code, out, err) = init(&arguments);
    assert_eq!(code, 0, "{err}");
    let path = folder.write("wall.toml", &out);
    let (code, json) = report(&path, &[]);
    assert!(code < 2, "{out}\n{json:#}");
    for (feed, address) in feeds.iter().zip(&addresses) {
        let source = json["sources"].as_array().unwrap().iter().find(|source| source["feed"] == *feed);
        let source = source.unwrap_or_else(|| panic!("{feed} in\n{out}"));
        assert!(source["records"].as_u64().unwrap() > 0 && source["error"].is_null(), "{feed}: {source}\n{out}");
        assert!(out.contains(&format!("url = \"{address}\"")), "{out}");
    }
    simulator.stop();
}
