//! A configuration that changes while the wall runs: only those sources are
//! connected anew that it concerns.

use std::io::Write;
use std::time::{Duration, Instant};

use quanyu::config::Source;
use quanyu::config::access::Access;
use quanyu::config::source::{Feed, Origin};
use quanyu::domain::health::{SourceHealth, SourceId};
use quanyu::domain::update::Update;
use quanyu::ingest::{Ingest, Untouched};

use super::server::{Server, good, hold};
use super::{context, deadlines, events, source, start, wait_for};

/// A stream that tells of one event and stays open.
fn streaming() -> Server {
    Server::start(|stream, _| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        let event = "id: 5\ndata: {\"id\":1,\"time\":1755219600}\n\n";
        _ = stream.write_all([head, event].concat().as_bytes());
        hold(stream);
    })
}

fn stream(id: &str, server: &Server) -> Source {
    let (url, headers, access) = (server.url("/stream"), Vec::new(), Access::default());
    let whole = quanyu::config::source::Deadlines { whole_secs: 60.0, idle_secs: 60.0, ..deadlines() };
    let origin = Origin::Sse { url, headers, access, deadlines: whole };
    Source { id: id.into(), ..source(Feed::Events, origin) }
}

fn poll(id: &str, server: &Server) -> Source {
    Source { id: id.into(), ..events(server) }
}

fn follow(ingest: &mut Ingest, sources: &[Source]) -> Untouched {
    ingest.follow(sources, &[], &context(), |_| SourceHealth::default())
}

/// Waits until records of all these sources came.
fn wait_for_all(ingest: &mut Ingest, sources: &[&str]) {
    let mut missing: Vec<SourceId> = sources.iter().map(|id| SourceId::of(id)).collect();
    wait_for(ingest, "records of all", |update| {
        if let Update::Records { source, .. } = update {
            missing.retain(|missing| *missing != source);
        }
        missing.is_empty().then_some(())
    });
}

/// Waits until so many more requests came, and then as long as nothing else
/// should come.
fn wait_for_requests(server: &Server, count: usize) {
    let started = Instant::now();
    while server.count("GET") < count && started.elapsed() < super::PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(server.count("GET") >= count);
}

#[test]
fn an_edit_of_one_source_leaves_the_streams_of_others_open() {
    let (first, second, polled) = (streaming(), streaming(), Server::start(good()));
    let sources = [stream("a", &first), stream("b", &second), poll("c", &polled)];
    let mut ingest = start(&sources);
    wait_for_all(&mut ingest, &["a", "b", "c"]);
    let mut edited = sources.clone();
    let Origin::Http { every_secs, .. } = &mut edited[2].origin else { unreachable!() };
    *every_secs = 0.25;
    // In another order as well, and under another name.
    edited.rotate_left(1);
    edited[2].name = "另一名称".into();
    let untouched = follow(&mut ingest, &edited);
    assert_eq!(untouched.sources, ["b", "a"].map(SourceId::of));
    let before = polled.count("GET");
    wait_for_requests(&polled, before + 3);
    wait_for_all(&mut ingest, &["c"]);
    assert_eq!((first.count("GET"), second.count("GET")), (1, 1), "still the first connection");
}

#[test]
fn what_is_added_starts_and_what_is_removed_ends() {
    let (first, second, third) = (streaming(), streaming(), streaming());
    let mut ingest = start(&[stream("a", &first), stream("b", &second)]);
    wait_for_all(&mut ingest, &["a", "b"]);
    follow(&mut ingest, &[stream("b", &second), stream("c", &third)]);
    wait_for_all(&mut ingest, &["c"]);
    assert_eq!((first.count("GET"), second.count("GET"), third.count("GET")), (1, 1, 1));
    // Renamed: from the beginning, and without the place where the other was.
    follow(&mut ingest, &[stream("d", &second), stream("c", &third)]);
    wait_for_all(&mut ingest, &["d"]);
    assert_eq!((second.count("GET"), third.count("GET")), (2, 1));
    assert!(!second.saw("last-event-id"));
    // Back again.
    follow(&mut ingest, &[stream("a", &first), stream("c", &third)]);
    wait_for_all(&mut ingest, &["a"]);
    assert_eq!((first.count("GET"), third.count("GET")), (2, 1));
}

#[test]
fn nothing_more_comes_of_what_was_removed() {
    let server = Server::start(good());
    let other = streaming();
    let mut ingest = start(&[poll("a", &server), stream("b", &other)]);
    // So many that some wait in the channel.
    wait_for_requests(&server, 20);
    follow(&mut ingest, &[stream("b", &other)]);
    let asked = server.count("GET");
    let mut seen = Vec::new();
    let until = Instant::now() + Duration::from_millis(700);
    while Instant::now() < until {
        match ingest.try_recv() {
            Some(Update::Records { source, .. } | Update::Health { source, .. }) => seen.push(source),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    assert!(!seen.is_empty() && seen.iter().all(|source| *source == SourceId::of("b")), "{seen:?}");
    assert!(server.count("GET") <= asked + 1, "one may have been on its way");
}

/// Dated while it is connected anew, and not asked of by others.
#[test]
fn a_source_that_is_connected_anew_knows_how_old_its_data_are() {
    let server = Server::start(|stream, _| hold(stream));
    let mut ingest = start(&[]);
    let at = quanyu::domain::time::Time(1_755_219_600_000);
    let known = |_| SourceHealth { last_ok: Some(at), ..SourceHealth::default() };
    ingest.follow(&[poll("a", &server)], &[], &context(), known);
    let health = super::wait_for_health(&mut ingest, "a fault", |health| health.last_error.is_some());
    assert_eq!(health.last_ok, Some(at));
}
