//! Faulty back ends: each fault is named within the source's deadlines, costs
//! no panic and no unbounded memory, and is recovered from without a hand.
//!
//! The back end is a loopback server of raw sockets whose behaviour a test
//! changes while the wall's ingest is connected to it.

mod access;
#[cfg(feature = "mqtt")]
mod brokers;
#[cfg(feature = "postgres")]
mod databases;
#[cfg(any(feature = "websocket", feature = "mqtt", feature = "postgres"))]
mod listener;
mod paging;
mod reload;
pub mod server;
mod services;
mod streams;
mod tls;
#[cfg(feature = "websocket")]
mod websockets;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use quanyu::config::Source;
use quanyu::config::access::Access;
use quanyu::config::source::{Deadlines, Feed, Limits, Origin, Paging, Since};
use quanyu::config::template::TimeFormat;
use quanyu::domain::crs::Crs;
use quanyu::domain::health::{SourceHealth, SourceId, SourceState};
use quanyu::domain::update::{Picture, Records, Update};
use quanyu::ingest::{Ingest, IngestContext, Kept, PictureRequest, probe};

use server::{GOOD, Server, good, hold, reply};

use super::folder::Folder;

/// A hang is a failure; far above every deadline in these tests.
const PATIENCE: Duration = Duration::from_secs(30);

fn deadlines() -> Deadlines {
    Deadlines { connect_secs: 1.0, idle_secs: 0.5, whole_secs: 3.0 }
}

fn source(feed: Feed, origin: Origin) -> Source {
    Source {
        id: "platform".into(),
        name: "网格平台".into(),
        feed,
        origin,
        records: None,
        crs: Crs::Wgs84,
        writing: Default::default(),
        fields: Default::default(),
        values: Default::default(),
        level: None,
        parent: None,
        stale_after_secs: 60.0,
        limits: Limits { bytes: 8 << 20, ..Limits::default() },
    }
}

fn http(url: String) -> Origin {
    let (paging, since, body, headers, access) = (Paging::Links, None, None, Vec::new(), Access::default());
    Origin::Http { url, every_secs: 0.2, paging, since, body, headers, access, deadlines: deadlines() }
}

fn events(server: &Server) -> Source {
    source(Feed::Events, http(server.url("/api/events?token=s3cret")))
}

fn context() -> IngestContext {
    let stages = ["收集", "处置", "反馈", "评价"].map(String::from).into();
    IngestContext { zone: TimeZone::UTC, stages, waker: Arc::new(|| {}) }
}

fn start(sources: &[Source]) -> Ingest {
    Ingest::start(sources, context()).unwrap()
}

/// Takes updates until one is wanted.
fn wait_for<T>(ingest: &mut Ingest, what: &str, mut wanted: impl FnMut(Update) -> Option<T>) -> T {
    let started = Instant::now();
    let mut last = None;
    while started.elapsed() < PATIENCE {
        match ingest.try_recv() {
            Some(update) => {
                last = Some(format!("{update:?}"));
                if let Some(found) = wanted(update) {
                    return found;
                }
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    panic!("no {what}; last update: {last:?}");
}

fn wait_for_health(ingest: &mut Ingest, what: &str, wanted: impl Fn(&SourceHealth) -> bool) -> SourceHealth {
    wait_for(ingest, what, |update| match update {
        Update::Health { health, .. } if wanted(&health) => Some(health),
        _ => None,
    })
}

fn wait_for_records(ingest: &mut Ingest) -> Records {
    wait_for(ingest, "records", |update| match update {
        Update::Records { records, .. } => Some(records),
        _ => None,
    })
}

/// A wall that starts while its back ends are away shows what they said last.
#[test]
fn after_a_start_without_a_network_the_last_data_stand_there_dated() {
    let folder = std::env::temp_dir().join(format!("quanyu-it-kept-{}", std::process::id()));
    let server = Server::start(good());
    let source = events(&server);
    let start = || {
        let kept = Kept::open(&folder, 1 << 20, &[&source.id]).unwrap();
        Ingest::start_keeping(std::slice::from_ref(&source), &[], context(), Some(kept)).unwrap()
    };
    let mut ingest = start();
    let came = wait_for_records(&mut ingest);
    let health = wait_for_health(&mut ingest, "health", |health| health.last_ok.is_some());
    ingest.stop();
    server.behave(|_: &mut TcpStream, _: &str| {});
    let mut ingest = start();
    let (Records::Events(came), Records::Events(again)) = (came, wait_for_records(&mut ingest)) else { panic!() };
    assert_eq!(came, again);
    let dated = wait_for_health(&mut ingest, "a date", |health| health.last_ok.is_some());
    assert_eq!((dated.state, dated.last_ok), (SourceState::Waiting, health.last_ok));
    let failing = wait_for_health(&mut ingest, "a failure", |health| health.state == SourceState::Failing);
    assert_eq!(failing.last_ok, health.last_ok, "a failure makes them no younger");
    ingest.stop();
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The source fails with a message that holds `words`, and then recovers.
fn fails_and_recovers(words: &str, behaviour: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) {
    let server = Server::start(behaviour);
    let mut ingest = start(&[events(&server)]);
    let health = wait_for_health(&mut ingest, words, |health| health.state == SourceState::Failing);
    let message = health.last_error.unwrap();
    assert!(message.contains(words), "{message:?} names {words:?}");
    assert!(!message.contains("s3cret"), "{message:?} shows no secret");
    server.behave(good());
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
    let health = wait_for_health(&mut ingest, "recovery", |health| health.state == SourceState::Live);
    assert_eq!((health.failures, health.last_error, health.records), (0, None, 1));
    ingest.stop();
}

#[test]
fn refused_connections_are_named_and_a_returning_server_is_found() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut ingest = start(&[source(Feed::Events, http(format!("http://{address}/")))]);
    let health = wait_for_health(&mut ingest, "refusal", |health| health.failures >= 2);
    let message = health.last_error.unwrap();
    assert!(message.contains("连接被拒绝") && message.contains(&address.to_string()), "{message}");
    let _server = Server::listen(address, Arc::new(good()));
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
}

#[test]
fn a_server_that_never_answers() {
    fails_and_recovers("没有收到数据", |stream, _| hold(stream));
}

#[test]
fn a_server_that_stalls_in_the_body() {
    fails_and_recovers("没有收到数据(已收 10 字节)", |stream, _| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"code\":20");
        hold(stream);
    });
}

#[test]
fn a_server_that_trickles_for_ever() {
    fails_and_recovers("仍未收完", |stream, _| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn a_connection_that_is_reset_in_the_body() {
    // Closing a socket with unread data in it resets the connection.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            _ = stream.read(&mut [0]);
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{");
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let mut ingest = start(&[source(Feed::Events, http(format!("http://{address}/")))]);
    let health = wait_for_health(&mut ingest, "reset", |health| health.state == SourceState::Failing);
    assert!(health.last_error.as_ref().is_some_and(|words| words.contains("断开")), "{health:?}");
}

#[test]
fn a_content_length_that_lies() {
    fails_and_recovers("连接中途断开", |stream, _| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{\"id\":1}");
    });
}

#[test]
fn an_answer_that_is_no_http() {
    fails_and_recovers("不符合 HTTP", |stream, _| _ = stream.write_all(b"220 smtp.example.cn ready\r\n\r\n"));
}

#[test]
fn a_body_without_end_is_cut_off_at_the_limit() {
    fails_and_recovers("数据超过上限 8 MiB", |stream, _| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        let zeros = vec![0; 1 << 20];
        for _ in 0..2_048 {
            if stream.write_all(&zeros).is_err() {
                break;
            }
        }
    });
}

#[test]
fn a_body_that_announces_too_much_is_not_even_read() {
    fails_and_recovers("数据超过上限 8 MiB", |stream, _| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n");
        hold(stream);
    });
}

/// A gzip file of `megabytes` MiB of zero bytes, 160 times smaller: one
/// literal, then matches of 258 bytes at distance 1, in fixed Huffman codes
/// (RFC 1951, 3.2.6).
fn gzip_bomb(megabytes: usize) -> Vec<u8> {
    let mut bytes = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut bits, mut count) = (0_u32, 0);
    let mut push = |value: u32, length: u32| {
        for bit in (0..length).rev() {
            bits |= (value >> bit & 1) << count;
            count += 1;
            if count == 8 {
                bytes.push(bits as u8);
                (bits, count) = (0, 0);
            }
        }
    };
    push(0b110, 3); // final block, fixed codes (least significant bit first)
    push(0b0011_0000, 8); // the literal 0
    for _ in 0..megabytes * (1 << 20) / 258 {
        push(0b1100_0101, 8);
        push(0, 5);
    }
    push(0, 7 + 8); // end of block, and flush
    bytes
}

#[test]
fn a_gzip_bomb_is_measured_unpacked() {
    let bomb = gzip_bomb(64);
    assert!(bomb.len() < 1 << 20);
    fails_and_recovers("数据超过上限 8 MiB", reply("200 OK", "Content-Encoding: gzip\r\n", &bomb));
}

#[test]
fn broken_gzip() {
    fails_and_recovers("压缩数据损坏", reply("200 OK", "Content-Encoding: gzip\r\n", b"this is not gzip at all"));
}

#[test]
fn a_login_page_with_status_200() {
    let page = b"\n<!DOCTYPE html>\n<html><body>login</body></html>";
    fails_and_recovers("返回的是网页而不是数据", reply("200 OK", "Content-Type: application/json\r\n", page));
}

#[test]
fn ten_megabytes_of_noise() {
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(7 << 20)
    .collect();
    fails_and_recovers("返回的不是数据", reply("200 OK", "", &noise));
}

#[test]
fn text_in_another_encoding() {
    // Neither UTF-8 nor GBK, which is read.
    let unknown = [0xFF, 0xFF, b',', 0xFF, 0xFF, 0xFF, b'\n'].repeat(9);
    fails_and_recovers("不是 UTF-8 编码", reply("200 OK", "Content-Type: text/csv\r\n", &unknown));
}

#[test]
fn statuses_are_explained() {
    for (status, words) in [
        ("401 Unauthorized", "HTTP 401:未授权"),
        ("404 Not Found", "HTTP 404:地址不存在"),
        ("500 Internal Server Error", "HTTP 500:后端内部错误"),
        ("503 Service Unavailable", "HTTP 503:后端暂停服务"),
    ] {
        fails_and_recovers(words, reply(status, "", b"<html>error</html>"));
    }
}

#[test]
fn too_many_requests_with_retry_after() {
    fails_and_recovers("HTTP 429:请求过于频繁", reply("429 Too Many Requests", "Retry-After: 1\r\n", b""));
}

#[test]
fn an_expired_login_inside_http_200() {
    let body = r#"{"code":401,"msg":"登录已过期","data":null}"#;
    fails_and_recovers("业务码 401:登录已过期", reply("200 OK", "", body.as_bytes()));
}

#[test]
fn a_redirect_loop() {
    fails_and_recovers("重定向超过 5 次", reply("302 Found", "Location: /again\r\n", b""));
}

#[test]
fn a_redirect_to_another_host_is_not_followed() {
    let other = Server::start(good());
    let location = format!("Location: http://localhost:{}/steal\r\n", other.address.port());
    fails_and_recovers("拒绝转到其他主机 localhost", reply("302 Found", &location, b""));
    assert!(other.requests.lock().unwrap().is_empty());
}

#[test]
fn a_redirect_on_the_same_host_is_followed() {
    let server = Server::start(|stream, head| {
        if head.starts_with("GET /new") {
            good()(stream, head);
        } else {
            reply("301 Moved Permanently", "Location: /new\r\n", b"")(stream, head);
        }
    });
    assert_eq!(wait_for_records(&mut start(&[events(&server)])).len(), 1);
}

#[test]
fn a_cut_collection_gives_what_came_and_a_finding() {
    let body = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"code":"a"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}},
        {"type":"Feature","properties":{"code":"b"},"geometry":{"type":"Poly"#;
    let server = Server::start(reply("200 OK", "", body.as_bytes()));
    let report = probe(&source(Feed::Areas, http(server.url("/"))), &context());
    assert_eq!((report.count(), report.findings.len(), report.error), (1, 1, None));
    assert!(report.findings[0].message.contains("截断"), "{:?}", report.findings);
}

#[test]
fn an_unchanged_answer_keeps_the_source_fresh() {
    let server = Server::start(|stream, head| {
        if head.to_lowercase().contains("if-none-match: \"v1\"") {
            _ = stream.write_all(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
        } else {
            reply("200 OK", "ETag: \"v1\"\r\n", GOOD.as_bytes())(stream, head);
        }
    });
    let mut ingest = start(&[events(&server)]);
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
    for _ in 0..3 {
        let health = wait_for_health(&mut ingest, "health", |health| health.state == SourceState::Live);
        assert_eq!((health.records, health.failures), (1, 0));
    }
    assert!(server.saw("if-none-match: \"v1\""));
}

#[test]
fn numbered_pages_are_joined_and_changes_asked_for() {
    let server = Server::start(|stream, head| {
        let page = if head.contains("pageNum=2") { 2 } else { 1 };
        let records: Vec<String> = (0..if page == 1 { 2 } else { 1 })
            .map(|n| format!(r#"{{"id":"{page}-{n}","reported":{},"lon":1,"lat":1}}"#, 1_755_219_600_000_i64 + page))
            .collect();
        let body = format!(r#"{{"code":200,"data":{{"records":[{}],"total":3}}}}"#, records.join(","));
        reply("200 OK", "", body.as_bytes())(stream, head);
    });
    let (page, size, total) = ("pageNum".into(), "pageSize".into(), "/data/total".into());
    let paging = Paging::Number { page, size, per_page: 2, first: 1, total };
    let origin = Origin::Http {
        url: server.url("/api?a=1"),
        every_secs: 0.2,
        paging,
        since: Some(Since { parameter: "since".into(), format: TimeFormat::Millis }),
        body: None,
        headers: vec![],
        access: Access::default(),
        deadlines: deadlines(),
    };
    let mut ingest = start(&[source(Feed::Events, origin)]);
    assert_eq!(wait_for_records(&mut ingest).len(), 3);
    assert_eq!(wait_for_records(&mut ingest).len(), 3);
    assert!(server.saw("GET /api?a=1&pageNum=1&pageSize=2 "));
    assert!(server.saw("since=1755219600002"));
}

#[test]
fn next_links_are_followed_on_the_same_host_only() {
    let server = Server::start(|stream, head| {
        let next = if head.contains("offset=1") { "http://localhost:1/steal" } else { "?offset=1" };
        let body =
            format!(r#"{{"type":"FeatureCollection","features":[],"links":[{{"rel":"next","href":"{next}"}}]}}"#);
        reply("200 OK", "", body.as_bytes())(stream, head);
    });
    let report = probe(&source(Feed::Areas, http(server.url("/items"))), &context());
    assert_eq!(report.error.as_deref(), Some("拒绝转到其他主机 localhost:1"));
    assert!(server.saw("GET /items?offset=1 "));
}

#[test]
fn a_page_that_links_to_itself_ends() {
    let body = r#"{"type":"FeatureCollection","features":[],"links":[{"rel":"next","href":"/items"}]}"#;
    let server = Server::start(reply("200 OK", "", body.as_bytes()));
    let report = probe(&source(Feed::Areas, http(server.url("/items"))), &context());
    assert!(report.error.is_some_and(|error| error.contains("分页没有尽头")));
}

#[test]
fn a_dead_source_does_not_delay_another() {
    let dead = Server::start(|stream, _| hold(stream));
    let well = Server::start(good());
    let mut all = [&dead, &dead, &dead, &well].map(events);
    for (source, id) in all.iter_mut().zip(["a", "b", "c", "well"]) {
        source.id = id.into();
    }
    let mut ingest = start(&all);
    let source = wait_for(&mut ingest, "records", |update| match update {
        Update::Records { source, .. } => Some(source),
        _ => None,
    });
    assert_eq!(source, SourceId::of("well"));
    ingest.stop();
}

fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(960, 540).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn wait_for_picture(ingest: &mut Ingest, of: &str) -> Result<Picture, String> {
    wait_for(ingest, "picture", |update| match update {
        Update::Picture { camera, picture, .. } if camera == of => Some(picture),
        _ => None,
    })
}

#[test]
fn pictures_come_on_request_and_from_the_same_host_only() {
    let picture = png();
    let server = Server::start(move |stream, head| match head {
        head if head.starts_with("GET /api/cameras/1/") => reply("200 OK", "", &picture)(stream, head),
        head if head.starts_with("GET /api/cameras/2/") => reply("503 Service Unavailable", "", b"")(stream, head),
        head => good()(stream, head),
    });
    let mut ingest = start(&[events(&server)]);
    let request = |camera: &str, url: &str| PictureRequest {
        source: SourceId::of("platform"),
        camera: camera.into(),
        url: url.into(),
    };
    ingest.want_pictures(vec![
        request("1", "/api/cameras/1/snapshot.jpg"),
        request("2", "cameras/2/snapshot.jpg"),
        request("3", "http://localhost/steal.jpg"),
        request("4", "/api/not-a-picture"),
    ]);
    let mut pictures: Vec<(String, Result<Picture, String>)> = Vec::new();
    while pictures.len() < 4 {
        pictures.push(wait_for(&mut ingest, "picture", |update| match update {
            Update::Picture { camera, picture, .. } => Some((camera, picture)),
            _ => None,
        }));
    }
    pictures.sort_by(|a, b| a.0.cmp(&b.0));
    let messages: Vec<_> =
        pictures.iter().map(|(_, picture)| picture.as_ref().err().cloned().unwrap_or_default()).collect();
    assert_eq!(pictures[0].1.as_ref().map(|picture| (picture.width, picture.height)), Ok((480, 270)));
    assert!(
        messages[1].contains("503") && messages[2].contains("其他主机") && messages[3].contains("JPEG"),
        "{messages:?}"
    );
    ingest.want_pictures(vec![request("9", "/api/cameras/1/again.png")]);
    assert!(wait_for_picture(&mut ingest, "9").is_ok());
}

#[test]
fn a_file_is_read_again_when_it_changes_vanishes_and_returns() {
    let folder = Folder::new("watch");
    let path = folder.0.join("cameras.csv");
    let mut ingest = start(&[source(Feed::Cameras, Origin::File { path: path.clone() })]);
    let health = wait_for_health(&mut ingest, "absence", |health| health.state == SourceState::Failing);
    assert_eq!(health.last_error.as_deref(), Some("无法读取文件 cameras.csv:不存在"));
    std::fs::write(&path, "id,name,lon,lat\n1,路口,120,31\n").unwrap();
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
    // As editors do: a new file takes the place of the old one.
    let new = folder.0.join("new.tmp");
    std::fs::write(&new, "id,name,lon,lat\n1,路口,120,31\n2,桥,120,31\n").unwrap();
    std::fs::rename(&new, &path).unwrap();
    assert_eq!(wait_for_records(&mut ingest).len(), 2);
    std::fs::remove_file(&path).unwrap();
    wait_for_health(&mut ingest, "vanishing", |health| health.state == SourceState::Failing);
    std::fs::write(&path, "id,name,lon,lat\n3,门,120,31\n").unwrap();
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
    ingest.stop();
}

#[test]
fn an_unusable_address_is_told_and_stops_nothing() {
    let server = Server::start(good());
    let mut ingest = start(&[source(Feed::Events, http("not an address".into())), events(&server)]);
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
    let report = probe(&source(Feed::Events, http("not an address".into())), &context());
    assert!(report.error.is_some_and(|error| error.contains("配置无法使用")));
}
