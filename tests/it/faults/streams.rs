//! Faulty event streams.

use std::io::Write;
use std::time::Duration;

use quanyu::config::Source;
use quanyu::config::access::Access;
use quanyu::config::source::{Feed, Origin};
use quanyu::domain::health::{SourceHealth, SourceState};
use quanyu::domain::update::{Records, Update};

use super::server::{Server, hold, reply};
use super::{deadlines, source, start, wait_for, wait_for_health, wait_for_records};

fn stream_head() -> &'static [u8] {
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nretry: 100\n\n"
}

fn event_stream(server: &Server) -> Source {
    source(
        Feed::Events,
        Origin::Sse { url: server.url("/stream"), headers: vec![], access: Access::default(), deadlines: deadlines() },
    )
}

#[test]
fn a_stream_is_resumed_where_it_broke_off() {
    let server = Server::start(|stream, head| {
        let resumed = head.to_lowercase().contains("last-event-id: 7");
        let id = if resumed { 8 } else { 7 };
        _ = stream.write_all(stream_head());
        let event =
            format!(": beat\n\nid: {id}\nevent: change\ndata: {{\"id\":\"E{id}\",\ndata: \"time\":1755219600}}\n\n");
        _ = stream.write_all(event.as_bytes());
        if resumed {
            hold(stream);
        }
    });
    let mut ingest = start(&[event_stream(&server)]);
    let mut ids = Vec::new();
    while ids.len() < 2 {
        if let Records::Events(events) = wait_for_records(&mut ingest) {
            ids.extend(events.into_iter().map(|event| event.id.to_string()));
        }
    }
    assert_eq!(ids, ["E7", "E8"]);
}

#[test]
fn a_silent_stream_and_a_page_instead_of_a_stream_are_named() {
    let server = Server::start(reply("200 OK", "Content-Type: text/html\r\n", b"<html></html>"));
    let mut ingest = start(&[event_stream(&server)]);
    let failing = |health: &SourceHealth| health.state == SourceState::Failing;
    assert_eq!(wait_for_health(&mut ingest, "page", failing).last_error.as_deref(), Some("返回的是网页而不是数据"));
    server.behave(|stream, _| {
        _ = stream.write_all(stream_head());
        hold(stream);
    });
    wait_for_health(&mut ingest, "opening", |health| health.state == SourceState::Live);
    let health = wait_for_health(&mut ingest, "silence", failing);
    assert!(health.last_error.is_some_and(|words| words.contains("没有收到数据")));
}

#[test]
fn heartbeats_keep_a_stream_alive_and_bad_events_are_findings() {
    let server = Server::start(|stream, _| {
        _ = stream.write_all(stream_head());
        _ = stream.write_all(b"data: {\"id\": broken\n\ndata: {\"id\":1,\"time\":1755219600}\n\n");
        while stream.write_all(b": beat\n").is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let mut ingest = start(&[event_stream(&server)]);
    let findings = wait_for(&mut ingest, "records", |update| match update {
        Update::Records { records, findings, .. } => Some((records.len(), findings)),
        _ => None,
    });
    assert_eq!(findings.0, 1);
    assert!(findings.1.iter().any(|finding| finding.message.contains("无法解析")), "{:?}", findings.1);
    // Longer than `whole_secs`: without the heartbeats it would have failed.
    let first = wait_for_health(&mut ingest, "beat", |health| health.last_ok.is_some()).last_ok.unwrap();
    let later = wait_for_health(&mut ingest, "beats", |health| {
        assert_eq!(health.state, SourceState::Live, "{health:?}");
        health.last_ok.is_some_and(|at| at.secs_since(first) > 4.0)
    });
    assert_eq!(later.failures, 0);
}
