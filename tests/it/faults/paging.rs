//! Ways of paging, bodies that are posted, and addresses with instants in them.

use std::net::TcpStream;

use quanyu::config::access::Body;
use quanyu::config::source::{Feed, Origin, Paging, Since};
use quanyu::config::template::TimeFormat;
use quanyu::ingest::{ProbeReport, probe};

use super::server::{Server, good, reply};
use super::{context, http, source, start, wait_for_records};

fn asked(server: &Server, change: impl Fn(&mut Origin)) -> ProbeReport {
    let mut origin = http(server.url("/api?a=1"));
    change(&mut origin);
    probe(&source(Feed::Events, origin), &context())
}

fn set_paging(origin: &mut Origin, way: &Paging) {
    let Origin::Http { paging, .. } = origin else { unreachable!() };
    *paging = way.clone();
}

fn set_body(origin: &mut Origin, what: &Body) {
    let Origin::Http { body, .. } = origin else { unreachable!() };
    *body = Some(what.clone());
}

/// Three records in pages of two; `second` is what is asked for the second.
fn pages(second: &'static str, more: &'static str) -> impl Fn(&mut TcpStream, &str) + Send + Sync + 'static {
    move |stream, request| {
        let is_second = request.contains(second);
        let ids: &[u8] = if is_second { &[3] } else { &[1, 2] };
        let records: Vec<String> =
            ids.iter().map(|id| format!(r#"{{"id":{id},"reported":1755219600,"lon":1,"lat":1}}"#)).collect();
        let more = if is_second { r#""next":"""# } else { more };
        let body = format!(r#"{{"code":200,"data":{{"records":[{}],"total":3,{more}}}}}"#, records.join(","));
        reply("200 OK", "", body.as_bytes())(stream, request);
    }
}

#[test]
fn pages_by_number_from_0_by_offset_and_by_cursor() {
    let total = || "/data/total".to_owned();
    let number = Paging::Number { page: "p".into(), size: "n".into(), per_page: 2, first: 0, total: total() };
    let offset = Paging::Offset { offset: "o".into(), limit: "n".into(), per_page: 2, total: total() };
    let cursor = Paging::Cursor { cursor: "c".into(), next: "/data/next".into(), size: Some(("n".into(), 2)) };
    for (paging, first, second) in [
        (number, "GET /api?a=1&p=0&n=2 ", "?a=1&n=2&p=1 "),
        (offset, "GET /api?a=1&o=0&n=2 ", "?a=1&n=2&o=2 "),
        (cursor, "GET /api?a=1&n=2 ", "?a=1&n=2&c=x%26y "),
    ] {
        let server = Server::start(pages(second, r#""next":"x&y""#));
        let report = asked(&server, |origin| set_paging(origin, &paging));
        assert_eq!((report.count(), report.error.clone()), (3, None), "{paging:?}");
        assert!(server.saw(first), "{first}: {:?}", server.requests.lock().unwrap());
        assert_eq!(server.count("GET"), 2);
    }
}

#[test]
fn a_cursor_that_stands_still_ends() {
    let server = Server::start(pages("never", r#""next":7"#));
    let paging = Paging::Cursor { cursor: "c".into(), next: "/data/next".into(), size: None };
    let report = asked(&server, |origin| set_paging(origin, &paging));
    assert!(report.error.is_some_and(|error| error.contains("分页没有尽头")));
}

#[test]
fn a_body_is_posted_with_pages_in_it() {
    let json = Body::Json(serde_json::json!({"query": {"type": 1, "day": "{today:%Y}"}}));
    let form = Body::Form(vec![("type".into(), "1".into())]);
    let paging = |page: &str, size: &str| Paging::Number {
        page: page.into(),
        size: size.into(),
        per_page: 2,
        first: 1,
        total: "/data/total".into(),
    };
    let year = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
    let in_json = format!(r#"{{"query":{{"type":1,"day":"{year}","p":1}},"n":2}}"#);
    for (body, paging, second, first) in [
        (json, paging("/query/p", "/n"), r#""p":2}"#, in_json),
        (form, paging("/p", "/n"), "p=2", "type=1&p=1&n=2".to_owned()),
    ] {
        let server = Server::start(pages(second, r#""next":"""#));
        let report = asked(&server, |origin| {
            set_body(origin, &body);
            set_paging(origin, &paging);
        });
        assert_eq!((report.count(), report.error), (3, None));
        assert!(server.saw(&format!("\r\n\r\n{first}")), "{first}: {:?}", server.requests.lock().unwrap());
        assert_eq!((server.count("POST /api?a=1 "), server.count("GET")), (2, 0));
    }
}

#[test]
fn instants_in_addresses_and_changes_in_their_own_form() {
    let server = Server::start(good());
    let mut origin = http(server.url("/api?day={today:%Y%m%d}&to={now:ms}"));
    let Origin::Http { since, .. } = &mut origin else { unreachable!() };
    *since = Some(Since { parameter: "from".into(), format: TimeFormat::Pattern("%Y-%m-%d %H:%M:%S".into()) });
    let mut ingest = start(&[source(Feed::Events, origin)]);
    wait_for_records(&mut ingest);
    wait_for_records(&mut ingest);
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y%m").to_string();
    assert!(server.saw(&format!("GET /api?day={today}")), "{:?}", server.requests.lock().unwrap());
    assert!(server.saw("&from=2025-08-15+09%3A00%3A00 "), "{:?}", server.requests.lock().unwrap());
}
