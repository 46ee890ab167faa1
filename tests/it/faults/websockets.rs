//! WebSockets, well and faulty.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quanyu::config::Source;
use quanyu::config::source::{Deadlines, Feed, Limits, Origin, Secret, WebSocketOrigin};
use quanyu::domain::health::{SourceHealth, SourceState};
use quanyu::domain::update::{Records, Update};
use quanyu::ingest::probe;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocket;
use tokio_tungstenite::tungstenite::{Message, accept, accept_hdr};

use super::listener::Listener;
use super::server::hold;
use super::{context, deadlines, source, start, wait_for, wait_for_health, wait_for_records};

/// A good message.
const READING: &str = r#"{"id":"g1","value":1.5,"readAt":"2025-08-15 09:00:00"}"#;

fn devices(listener: &Listener) -> Source {
    source(Feed::Devices, origin(listener, "/ws?token={key}"))
}

fn origin(listener: &Listener, path: &str) -> Origin {
    Origin::WebSocket(Box::new(WebSocketOrigin {
        url: format!("ws://{}{path}", listener.address),
        headers: vec![],
        key: Some(Secret::Plain("s3cret".into())),
        hello: vec![r#"{"login":"{key}"}"#.into()],
        deadlines: deadlines(),
    }))
}

/// Sends texts and goes on listening, which answers pings.
fn say(stream: TcpStream, texts: &[&str]) {
    let mut socket = accept(stream).unwrap();
    for text in texts {
        _ = socket.send(Message::text(*text));
    }
    listen(&mut socket);
}

fn listen(socket: &mut WebSocket<TcpStream>) {
    while socket.read().is_ok() {}
}

/// The bytes of a frame as servers send it.
fn frame(head: u8, length: u64, body: &[u8]) -> Vec<u8> {
    [&[head, 127][..], &length.to_be_bytes(), body].concat()
}

/// The source fails with a message that holds `words`, and then recovers.
fn fails_and_recovers(words: &str, behaviour: impl Fn(TcpStream) + Send + Sync + 'static) {
    let listener = Listener::start(behaviour);
    let mut ingest = start(&[devices(&listener)]);
    let health = wait_for_health(&mut ingest, words, |health| health.state == SourceState::Failing);
    let message = health.last_error.unwrap();
    assert!(message.contains(words), "{message:?} names {words:?}");
    assert!(!message.contains("s3cret"), "{message:?} shows no secret");
    listener.behave(|stream| say(stream, &[READING]));
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
    wait_for_health(&mut ingest, "recovery", |health| health.state == SourceState::Live && health.records == 1);
    ingest.stop();
}

#[test]
fn texts_and_bytes_are_records_and_the_server_is_greeted() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let listener = Listener::start(move |stream| {
        let note = |words: String| record.lock().unwrap().push(words);
        #[expect(clippy::result_large_err, reason = "the type is the library's")]
        let head = |request: &Request, response: Response| {
            note(request.uri().to_string());
            note(request.headers()["x-wall"].to_str().unwrap().to_owned());
            Ok(response)
        };
        let mut socket = accept_hdr(stream, head).unwrap();
        note(socket.read().unwrap().to_string());
        _ = socket.send(Message::text(READING));
        _ = socket.send(Message::binary(READING.replace("g1", "g2").into_bytes()));
        _ = socket.send(Message::text(""));
        listen(&mut socket);
    });
    let mut wall = devices(&listener);
    let Origin::WebSocket(socket) = &mut wall.origin else { panic!() };
    socket.headers.push(("X-Wall".into(), Secret::Plain("7".into())));
    let mut ingest = start(&[wall]);
    let mut ids = Vec::new();
    while ids.len() < 2 {
        let Records::DeviceChanges(changes) = wait_for_records(&mut ingest) else { panic!() };
        ids.extend(changes.into_iter().map(|change| (change.id, change.value)));
    }
    assert_eq!(ids, [("g1".to_owned(), Some(1.5)), ("g2".to_owned(), Some(1.5))]);
    assert_eq!(*seen.lock().unwrap(), ["/ws?token=s3cret", "7", r#"{"login":"s3cret"}"#]);
}

#[test]
fn refused_connections_are_named_and_a_returning_server_is_found() {
    let reserved = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = reserved.local_addr().unwrap();
    drop(reserved);
    let gone = Listener::start(|_| {});
    let mut wall = devices(&gone);
    let Origin::WebSocket(socket) = &mut wall.origin else { panic!() };
    socket.url = format!("ws://{address}/");
    let mut ingest = start(&[wall]);
    let health = wait_for_health(&mut ingest, "refusal", |health| health.failures >= 2);
    let message = health.last_error.unwrap();
    assert!(message.contains("连接被拒绝") && message.contains(&address.to_string()), "{message}");
    let _listener = Listener::on(TcpListener::bind(address).unwrap(), |stream| say(stream, &[READING]));
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
}

#[test]
fn a_key_that_is_refused_is_not_shown_again_until_it_is_another() {
    let folder = super::Folder::new("websocket-key");
    let file = folder.0.join("key");
    std::fs::write(&file, "wrong").unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let listener = Listener::start(move |mut stream| {
        // Looked at first, because the library's own answer takes the stream.
        let mut head = [0; 64];
        let length = stream.peek(&mut head).unwrap_or(0);
        let is_right = String::from_utf8_lossy(&head[..length]).contains("token=right");
        record.lock().unwrap().push(is_right);
        if is_right {
            return say(stream, &[READING]);
        }
        super::server::read_request(&mut stream);
        _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    });
    let mut wall = devices(&listener);
    let Origin::WebSocket(socket) = &mut wall.origin else { panic!() };
    socket.key = Some(Secret::File(file.clone()));
    let mut ingest = start(&[wall]);
    let health = wait_for_health(&mut ingest, "refusal", |health| health.state == SourceState::Failing);
    assert_eq!(health.last_error.as_deref(), Some("HTTP 403:禁止访问"));
    // As long as three attempts without such a rest would take.
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(*seen.lock().unwrap(), [false]);
    std::fs::write(&file, "right").unwrap();
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
    assert_eq!(*seen.lock().unwrap(), [false, true]);
}

#[test]
fn a_server_that_stalls_after_the_connection() {
    fails_and_recovers("没有收到数据", |mut stream| hold(&mut stream));
}

#[test]
fn a_server_that_answers_without_a_socket() {
    for (answer, words) in [
        ("500 Internal Server Error", "HTTP 500:后端内部错误"),
        ("302 Found\r\nLocation: ws://127.0.0.1:1/", "HTTP 302:无法跟随的重定向"),
        ("200 OK", "不符合 WebSocket 协议"),
    ] {
        fails_and_recovers(words, move |mut stream| {
            let mut head = [0; 4_096];
            _ = std::io::Read::read(&mut stream, &mut head);
            _ = write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 2\r\n\r\nno");
        });
    }
}

#[test]
fn a_server_that_drops_the_connection_within_a_message() {
    let listener = Listener::start(|stream| {
        let mut socket = accept(stream).unwrap();
        _ = socket.send(Message::text(READING));
        _ = socket.get_mut().write_all(&frame(0x81, 1_000, b"{\"id\":"));
    });
    let mut ingest = start(&[devices(&listener)]);
    assert_eq!(wait_for_records(&mut ingest).len(), 1, "what came whole is kept");
    let health = wait_for_health(&mut ingest, "break", |health| health.state == SourceState::Failing);
    assert!(health.last_error.unwrap().contains("连接中途断开"));
    listener.behave(|stream| say(stream, &[READING]));
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
}

#[test]
fn a_server_that_closes_says_why() {
    fails_and_recovers("对方关闭了连接:(1013)稍后再试", |stream| {
        use tokio_tungstenite::tungstenite::protocol::CloseFrame;
        let mut socket = accept(stream).unwrap();
        _ = socket.close(Some(CloseFrame { code: 1013.into(), reason: "稍后再试 token=s3cret".into() }));
        listen(&mut socket);
    });
}

#[test]
fn garbage_on_the_socket() {
    let send = |bytes: Vec<u8>| {
        move |stream: TcpStream| {
            let mut socket = accept(stream).unwrap();
            _ = socket.get_mut().write_all(&bytes);
            hold(socket.get_mut());
        }
    };
    fails_and_recovers("不符合 WebSocket 协议", send(vec![0xff; 64]));
    fails_and_recovers("不是 UTF-8", send(frame(0x81, 3, b"\xb9\xe2\xff")));
    // The head alone is enough.
    fails_and_recovers("数据超过上限", send(frame(0x82, 1 << 40, b"")));
}

#[test]
fn messages_that_are_no_records_are_findings() {
    let listener = Listener::start(|stream| {
        let mut socket = accept(stream).unwrap();
        _ = socket.send(Message::text("{\"id\": broken"));
        _ = socket.send(Message::binary(b"\xb9\xe2".to_vec()));
        _ = socket.send(Message::text(READING));
        listen(&mut socket);
    });
    let mut ingest = start(&[devices(&listener)]);
    let (mut records, mut messages) = (0, Vec::new());
    while records < 1 {
        wait_for(&mut ingest, "records", |update| match update {
            Update::Records { records: came, findings, .. } => {
                records += came.len();
                messages.extend(findings.into_iter().map(|finding| finding.message));
                Some(())
            }
            _ => None,
        });
    }
    let unreadable = messages.iter().filter(|message| message.contains("无法解析")).count();
    assert_eq!(unreadable, 2, "{messages:?}");
    wait_for_health(&mut ingest, "life", |health| health.state == SourceState::Live && health.failures == 0);
}

#[test]
fn silence_is_a_fault_unless_pings_are_answered() {
    let listener = Listener::start(|stream| {
        let mut socket = accept(stream).unwrap();
        hold(socket.get_mut());
    });
    let mut wall = devices(&listener);
    let Origin::WebSocket(socket) = &mut wall.origin else { panic!() };
    socket.deadlines = Deadlines { whole_secs: 1.0, ..deadlines() };
    let mut ingest = start(&[wall]);
    let health = wait_for_health(&mut ingest, "silence", |health| health.state == SourceState::Failing);
    assert!(health.last_error.unwrap().contains("1 秒没有收到数据"));
    listener.behave(|stream| say(stream, &[]));
    let first = wait_for_health(&mut ingest, "opening", |health| health.state == SourceState::Live).last_ok.unwrap();
    let later = wait_for_health(&mut ingest, "pongs", |health: &SourceHealth| {
        assert_eq!(health.state, SourceState::Live, "{health:?}");
        health.last_ok.is_some_and(|at| at.secs_since(first) > 2.5)
    });
    assert_eq!(later.failures, 0);
}

#[test]
fn a_flood_waits_for_the_wall_and_loses_nothing() {
    const COUNT: usize = 200_000;
    let listener = Listener::start(|stream| {
        let mut socket = accept(stream).unwrap();
        for n in 0..COUNT {
            let text = format!(r#"{{"id":"g{}","value":{n},"ts":{}}}"#, n % 1_000, 1_755_219_900_000_u64 + n as u64);
            // One flush for many, as a busy server does.
            if socket.write(Message::text(text)).is_err() {
                return;
            }
        }
        _ = socket.flush();
        listen(&mut socket);
    });
    let mut ingest = start(&[devices(&listener)]);
    // Nobody takes anything for a while: the server is held up.
    std::thread::sleep(Duration::from_millis(300));
    let (mut came, mut batches, mut waits) = (0, 0, 0);
    let mut last = None;
    while came < COUNT {
        wait_for(&mut ingest, "records", |update| match update {
            Update::Records { records: Records::DeviceChanges(changes), .. } => {
                came += changes.len();
                batches += 1;
                last = changes.last().and_then(|change| change.value);
                Some(())
            }
            Update::Health { health, .. } => {
                waits = health.waits;
                None
            }
            _ => None,
        });
    }
    assert_eq!((came, last), (COUNT, Some((COUNT - 1) as f64)));
    assert!(batches < COUNT / 10, "many at once: {batches} batches, {waits} waits");
}

#[test]
fn a_look_takes_the_first_messages_or_says_that_none_came() {
    let listener = Listener::start(|stream| say(stream, &[READING]));
    let mut wall = Source { limits: Limits::default(), ..devices(&listener) };
    let report = probe(&wall, &context());
    assert_eq!((report.count(), report.error.as_deref()), (1, None), "{report:?}");
    listener.behave(|stream| say(stream, &[]));
    let report = probe(&wall, &context());
    assert_eq!((report.count(), report.error.as_deref()), (0, None), "{report:?}");
    assert!(report.findings.iter().any(|finding| finding.message.contains("没有消息")), "{report:?}");
    let Origin::WebSocket(socket) = &mut wall.origin else { panic!() };
    socket.key = Some(Secret::Env("QUANYU_TEST_NO_SUCH_KEY".into()));
    assert!(probe(&wall, &context()).error.unwrap().contains("QUANYU_TEST_NO_SUCH_KEY"));
}
