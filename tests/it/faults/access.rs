//! Logins that expire, fail and are refused: one for all sources, never so many
//! that an account is locked, and no secret in anything that is shown.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use quanyu::config::Source;
use quanyu::config::access::{
    Access, Body, Credential, Digest, Encoding, LoginCall, Pace, Place, Scheme, Signature, Tls,
};
use quanyu::config::source::{Deadlines, Feed, Origin, Secret};
use quanyu::config::template::{Template, TimeFormat};
use quanyu::domain::health::{SourceId, SourceState};
use quanyu::domain::update::Update;
use quanyu::ingest::{Ingest, survey_all};

use super::server::{Behaviour, GOOD, Server, good, reply};
use super::{Folder, context, deadlines, http, source, start, wait_for, wait_for_health};

/// What must never be seen.
const PASSWORD: &str = "hunter2";

/// A back end with a login, whose behaviour a test changes.
struct Platform {
    server: Server,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Logins that were tried.
    logins: AtomicUsize,
    /// Token that is good: `T<n>` of the n-th login; 0 = none.
    good: AtomicUsize,
}

impl Platform {
    /// Gives tokens to all, data to those who show the last one, and `refused`
    /// to others.
    fn start(refused: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) -> Self {
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let server = Server::start(move |stream, request| {
            if request.starts_with("POST /login") {
                let number = shared.logins.fetch_add(1, Ordering::SeqCst) + 1;
                shared.good.store(number, Ordering::SeqCst);
                let body = format!(r#"{{"code":200,"data":{{"token":"T{number}"}}}}"#);
                return reply("200 OK", "", body.as_bytes())(stream, request);
            }
            let token = format!("authorization: Bearer T{}\r\n", shared.good.load(Ordering::SeqCst));
            if request.contains(&token) { good()(stream, request) } else { refused(stream, request) }
        });
        Self { server, state }
    }

    fn expire(&self) {
        self.state.good.store(0, Ordering::SeqCst);
    }

    fn logins(&self) -> usize {
        self.server.count("POST /login")
    }
}

fn template(text: &str, name: &str) -> Template {
    Template::parse(text, &[name]).unwrap()
}

fn call(server: &Server, pace: Pace) -> LoginCall {
    LoginCall {
        url: server.url("/login"),
        username: Secret::Plain("wall".into()),
        password: Secret::Plain(PASSWORD.into()),
        body: Body::Json(serde_json::json!({"username": "{username}", "password": "{password}"})),
        is_basic: false,
        token: "/data/token".into(),
        expires: None,
        lifetime_secs: None,
        place: Place { headers: vec![("Authorization".into(), template("Bearer {token}", "token"))], query: vec![] },
        tls: Tls::default(),
        deadlines: deadlines(),
        pace,
    }
}

fn credential(scheme: Scheme) -> Arc<Credential> {
    Arc::new(Credential { id: "platform".into(), scheme })
}

fn login(server: &Server, pace: Pace) -> Arc<Credential> {
    credential(Scheme::Login(Box::new(call(server, pace))))
}

/// So many sources that share credentials.
fn sources(server: &Server, credential: &Arc<Credential>, count: usize) -> Vec<Source> {
    let one = |number| {
        let mut origin = http(server.url("/api/events"));
        let Origin::Http { access, .. } = &mut origin else { unreachable!() };
        *access = Access { credentials: Some(Arc::clone(credential)), tls: Tls::default() };
        Source { id: format!("s{number}"), ..source(Feed::Events, origin) }
    };
    (0..count).map(one).collect()
}

/// Which of [`sources`] it is.
fn number_of(source: SourceId) -> usize {
    (0..9).position(|number| SourceId::of(&format!("s{number}")) == source).expect("one of them")
}

/// A token may be renewed as soon as it came.
fn hasty() -> Pace {
    Pace { least_age_secs: 0.0, ..Pace::default() }
}

/// Waits until each of `count` sources was in `state` `times` times.
fn wait_for_all(ingest: &mut Ingest, count: usize, state: SourceState, times: usize) -> Vec<String> {
    let mut seen = vec![0; count];
    let mut said = Vec::new();
    wait_for(ingest, "all sources", |update| {
        let shown = format!("{update:?}");
        assert!(!shown.contains(PASSWORD), "{shown}");
        if let Update::Health { source, health } = update {
            said.extend(health.last_error.clone());
            if health.state == state {
                seen[number_of(source)] += 1;
            } else {
                seen[number_of(source)] = 0;
            }
        }
        seen.iter().all(|seen| *seen >= times).then_some(())
    });
    said
}

#[test]
fn an_expired_token_costs_one_login_and_no_source_its_data() {
    let expired = r#"{"code":401,"msg":"登录已过期","data":null}"#;
    let ways: [Box<Behaviour>; 2] = [
        Box::new(reply("401 Unauthorized", "", b"")),
        Box::new(reply("200 OK", "Content-Type: application/json\r\n", expired.as_bytes())),
    ];
    for refused in ways {
        let platform = Platform::start(refused);
        let credential = login(&platform.server, hasty());
        let mut ingest = start(&sources(&platform.server, &credential, 4));
        wait_for_all(&mut ingest, 4, SourceState::Live, 2);
        assert_eq!(platform.logins(), 1, "one login for all");
        platform.expire();
        let said = wait_for_all(&mut ingest, 4, SourceState::Live, 4);
        assert_eq!((platform.logins(), said), (2, vec![]));
        ingest.stop();
    }
}

#[test]
fn a_login_that_is_down_is_told_and_found_again() {
    let platform = Platform::start(reply("401 Unauthorized", "", b""));
    // The login is another server, so that it can be down alone.
    let door = Server::start(reply("503 Service Unavailable", "", b""));
    let mut way = call(&platform.server, hasty());
    way.url = door.url("/login");
    let mut ingest = start(&sources(&platform.server, &credential(Scheme::Login(Box::new(way))), 2));
    let said = wait_for_all(&mut ingest, 2, SourceState::Failing, 1);
    assert!(said.iter().all(|words| words == "登录 platform 失败:HTTP 503:后端暂停服务"), "{said:?}");
    assert_eq!(platform.server.count("GET"), 0, "nothing is asked without a token");
    platform.state.good.store(7, Ordering::SeqCst);
    door.behave(reply("200 OK", "", br#"{"data":{"token":"T7"}}"#));
    wait_for_all(&mut ingest, 2, SourceState::Live, 2);
    // Down again, with a token that is good: nobody notices.
    door.behave(reply("503 Service Unavailable", "", b""));
    let said = wait_for_all(&mut ingest, 2, SourceState::Live, 3);
    assert_eq!(said, Vec::<String>::new());
    platform.expire();
    wait_for_all(&mut ingest, 2, SourceState::Failing, 2);
    platform.state.good.store(8, Ordering::SeqCst);
    door.behave(reply("200 OK", "", br#"{"data":{"token":"T8"}}"#));
    wait_for_all(&mut ingest, 2, SourceState::Live, 2);
}

#[test]
fn a_storm_of_401_is_no_storm_of_logins() {
    let platform = Platform::start(reply("401 Unauthorized", "", b""));
    let server = Server::start(reply("401 Unauthorized", "", b""));
    let mut all = sources(&server, &login(&platform.server, Pace::default()), 5);
    // One that is let in shares the login, and is not disturbed.
    let well = sources(&platform.server, &login(&platform.server, Pace::default()), 1);
    all.extend(well.into_iter().map(|source| Source { id: "well".into(), ..source }));
    let mut ingest = start(&all);
    let mut failures = [0; 5];
    wait_for(&mut ingest, "failures", |update| {
        let Update::Health { source, health } = update else { return None };
        if source == SourceId::of("well") {
            assert_eq!(health.failures, 0, "{health:?}");
        } else {
            failures[number_of(source)] = health.failures;
        }
        failures.iter().all(|failures| *failures >= 4).then_some(())
    });
    assert_eq!(platform.logins(), 1, "{} requests", server.count("GET"));
}

#[test]
fn a_refused_login_is_not_repeated_until_the_password_changes() {
    let folder = Folder::new("refused-login");
    let file = folder.0.join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    let platform = Platform::start(reply("401 Unauthorized", "", b""));
    let door = Server::start(|stream, request| {
        if request.contains(r#""password":"right""#) {
            reply("200 OK", "", br#"{"data":{"token":"T1"}}"#)(stream, request);
        } else {
            let body = format!(r#"{{"code":500,"msg":"用户 wall 的密码 {PASSWORD} 错误"}}"#);
            reply("200 OK", "", body.as_bytes())(stream, request);
        }
    });
    platform.state.good.store(1, Ordering::SeqCst);
    let mut way = call(&door, Pace::default());
    way.password = Secret::File(file.clone());
    let all = sources(&platform.server, &credential(Scheme::Login(Box::new(way))), 3);
    let reports = survey_all(&all, &context());
    for report in &reports {
        let shown = format!("{report:?}");
        assert!(!shown.contains(PASSWORD) && shown.contains("被拒绝"), "{shown}");
    }
    assert_eq!(door.count("POST /login"), 1, "`check` tries once for all");
    let mut ingest = start(&all);
    let said = wait_for_all(&mut ingest, 3, SourceState::Failing, 3);
    let expected =
        "登录 platform 被拒绝(为免锁定账号,10 分钟后再试;改了密码立即再试):后端返回业务码 500:用户 … 的密码 … 错误";
    assert!(said.iter().all(|words| words == expected), "{said:?}");
    assert_eq!(door.count("POST /login"), 2);
    std::fs::write(&file, "right\n").unwrap();
    wait_for_all(&mut ingest, 3, SourceState::Live, 1);
    assert_eq!(door.count("POST /login"), 3);
}

#[test]
fn a_back_end_whose_clock_is_an_hour_off_is_not_asked_for_tokens_again_and_again() {
    for hours in [-1, 1] {
        let platform = Platform::start(reply("401 Unauthorized", "", b""));
        let door = Server::start(move |stream, request| {
            let now = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
            let date = jiff::fmt::rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
            let date = format!("Date: {}\r\n", date.replace("+0000", "GMT"));
            let ends = now.as_millisecond() + 100_000;
            let body = format!(r#"{{"data":{{"token":"T1","expires":{ends}}}}}"#);
            reply("200 OK", &date, body.as_bytes())(stream, request);
        });
        platform.state.good.store(1, Ordering::SeqCst);
        let mut way = call(&door, hasty());
        way.expires = Some("/data/expires".into());
        let mut ingest = start(&sources(&platform.server, &credential(Scheme::Login(Box::new(way))), 1));
        wait_for_all(&mut ingest, 1, SourceState::Live, 8);
        assert_eq!(door.count("POST /login"), 1);
    }
}

/// However wrong the clock of the back end is, nobody is ever refused.
#[test]
fn a_token_is_renewed_before_its_end_by_the_clock_of_who_gave_it() {
    const LIFE_MILLIS: i64 = 12_000;
    let ends = Arc::new(std::sync::Mutex::new([0; 2]));
    let given = Arc::clone(&ends);
    let refusals = Arc::new(AtomicUsize::new(0));
    let refused = Arc::clone(&refusals);
    // Its clock is three hours ahead.
    let now = || jiff::Timestamp::now() + jiff::SignedDuration::from_hours(3);
    let server = Server::start(move |stream, request| {
        let date = jiff::fmt::rfc2822::to_string(&now().to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        let date = format!("Date: {}\r\n", date.replace("+0000", "GMT"));
        let mut ends = given.lock().unwrap();
        if request.starts_with("POST /login") {
            let number = usize::from(ends[0] > 0);
            ends[number] = now().as_millisecond() + LIFE_MILLIS;
            let body = format!(r#"{{"data":{{"token":"T{number}","expires":{}}}}}"#, ends[number]);
            return reply("200 OK", &date, body.as_bytes())(stream, request);
        }
        let is_good = |number: usize| {
            request.contains(&format!("authorization: Bearer T{number}\r\n")) && now().as_millisecond() < ends[number]
        };
        if is_good(0) || is_good(1) {
            return good()(stream, request);
        }
        refused.fetch_add(1, Ordering::SeqCst);
        reply("401 Unauthorized", &date, b"")(stream, request);
    });
    let mut way = call(&server, Pace::default());
    way.expires = Some("/data/expires".into());
    let mut ingest = start(&sources(&server, &credential(Scheme::Login(Box::new(way))), 2));
    wait_for(&mut ingest, "data for the second token", |_| server.saw("authorization: Bearer T1\r\n").then_some(()));
    assert_eq!((server.count("POST /login"), refusals.load(Ordering::SeqCst)), (2, 0));
    assert!(ends.lock().unwrap()[0] > 0);
}

#[test]
fn a_stream_that_says_in_json_that_the_token_has_ended_gets_another() {
    let platform = Platform::start(reply("401 Unauthorized", "", b""));
    let stream = Server::start(|stream, request| {
        if request.contains("authorization: Bearer T2\r\n") {
            let body = b"data: {\"id\":1,\"time\":1755219600}\n\n";
            return reply("200 OK", "Content-Type: text/event-stream\r\n", body)(stream, request);
        }
        let body = "{\"code\":401,\"msg\":\"令牌已过期\"}".as_bytes();
        reply("200 OK", "Content-Type: application/json\r\n", body)(stream, request);
    });
    let access = Access { credentials: Some(login(&platform.server, hasty())), tls: Tls::default() };
    let origin = Origin::Sse { url: stream.url("/stream"), headers: vec![], access, deadlines: deadlines() };
    let mut ingest = start(&[source(Feed::Events, origin)]);
    wait_for_health(&mut ingest, "a stream", |health| health.state == SourceState::Live && health.records == 1);
    assert_eq!(platform.logins(), 2);
}

#[test]
fn a_picture_that_is_forbidden_is_no_reason_to_log_in_again_and_again() {
    let platform = Platform::start(reply("401 Unauthorized", "", b""));
    let state = Arc::clone(&platform.state);
    platform.server.behave(move |stream, request| {
        if request.starts_with("POST /login") {
            let number = state.logins.fetch_add(1, Ordering::SeqCst) + 1;
            let body = format!(r#"{{"data":{{"token":"T{number}"}}}}"#);
            return reply("200 OK", "", body.as_bytes())(stream, request);
        }
        if request.starts_with("GET /forbidden") {
            return reply("401 Unauthorized", "", b"")(stream, request);
        }
        good()(stream, request);
    });
    // The data of this source are of no concern.
    let mut ingest = start(&sources(&platform.server, &login(&platform.server, hasty()), 1));
    let request = |camera: &str, url: &str| quanyu::ingest::PictureRequest {
        source: SourceId::of("s0"),
        camera: camera.into(),
        url: url.into(),
    };
    for _ in 0..12 {
        ingest.want_pictures(vec![request("1", "/allowed"), request("2", "/forbidden")]);
        let mut missing = vec!["1", "2"];
        wait_for(&mut ingest, "both pictures", |update| {
            if let Update::Picture { camera, .. } = update {
                missing.retain(|missing| **missing != camera);
            }
            missing.is_empty().then_some(())
        });
    }
    assert_eq!(platform.logins(), 2, "once at the start, and once for what is forbidden");
}

/// systemd hands credentials over in a folder that it names.
#[test]
fn credentials_of_systemd_are_read_and_not_shown() {
    let folder = Folder::new("systemd");
    std::fs::write(folder.0.join("events-key"), format!("{PASSWORD}\n")).unwrap();
    let server = Server::start(good());
    let config = folder.0.join("config.toml");
    let text = format!(
        "[[sources]]\nid = \"events\"\nfeed = \"events\"\nkind = \"http\"\nurl = \"{}\"\n\
         headers = {{ X-Api-Key = {{ credential = \"events-key\" }} }}\n",
        server.url("/api/events")
    );
    std::fs::write(&config, text).unwrap();
    let check = |credentials: Option<&std::path::Path>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_quanyu"));
        command.arg("check").arg("-c").arg(&config).env_remove("CREDENTIALS_DIRECTORY");
        if let Some(folder) = credentials {
            command.env("CREDENTIALS_DIRECTORY", folder);
        }
        let output = command.output().unwrap();
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
    };
    let said = check(None);
    assert!(said.contains("events-key") && said.contains("CREDENTIALS_DIRECTORY"), "{said}");
    assert_eq!(server.count("GET"), 0);
    let said = check(Some(&folder.0));
    assert!(server.saw(&format!("x-api-key: {PASSWORD}\r\n")), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
}

#[test]
fn oauth_2_asks_as_the_standard_wants_it() {
    let server = Server::start(|stream, request| {
        if request.starts_with("POST /login") {
            let body = br#"{"access_token":"AT","token_type":"Bearer","expires_in":3600}"#;
            return reply("200 OK", "", body)(stream, request);
        }
        let is_shown = request.contains("?access_token=AT ") && request.contains("x-token: AT\r\n");
        if is_shown { good()(stream, request) } else { reply("401 Unauthorized", "", b"")(stream, request) }
    });
    let mut way = call(&server, Pace::default());
    way.username = Secret::Plain("the wall".into());
    way.password = Secret::Plain("a:b&c".into());
    way.is_basic = true;
    way.body =
        Body::Form(vec![("grant_type".into(), "client_credentials".into()), ("scope".into(), "read all".into())]);
    (way.token, way.expires) = ("/access_token".into(), Some("/expires_in".into()));
    way.place = Place {
        headers: vec![("X-Token".into(), template("{token}", "token"))],
        query: vec![("access_token".into(), template("{token}", "token"))],
    };
    let all = sources(&server, &credential(Scheme::Login(Box::new(way))), 1);
    assert_eq!(survey_all(&all, &context())[0].error, None);
    // RFC 6749, 2.3.1: `the+wall:a%3Ab%26c`.
    assert!(server.saw("authorization: Basic dGhlK3dhbGw6YSUzQWIlMjZj\r\n"));
    assert!(server.saw("content-type: application/x-www-form-urlencoded\r\n"));
    assert!(server.saw("\r\n\r\ngrant_type=client_credentials&scope=read+all"));
}

#[test]
fn names_tokens_and_signatures_are_shown() {
    let folder = Folder::new("shown");
    let file = folder.0.join("token");
    std::fs::write(&file, "abc\n").unwrap();
    let names = ["key", "secret", "timestamp", "nonce", "digest"];
    let template = |text: &str| Template::parse(text, &names).unwrap();
    let signature = Signature {
        key: Secret::Plain("app".into()),
        secret: Secret::Plain(PASSWORD.into()),
        digest: Digest::Md5,
        encoding: Encoding::HexUpper,
        over: template("{key}{secret}"),
        timestamp: TimeFormat::Secs,
        place: Place {
            headers: vec![("X-Time".into(), template("{timestamp}"))],
            query: vec![("appKey".into(), template("{key}")), ("sign".into(), template("{digest}"))],
        },
    };
    let basic = Scheme::Basic { username: Secret::Plain("wall".into()), password: Secret::Plain(PASSWORD.into()) };
    let server = Server::start(good());
    for (scheme, seen) in [
        (basic, "authorization: Basic d2FsbDpodW50ZXIy\r\n"),
        (Scheme::Bearer { token: Secret::File(file) }, "authorization: Bearer abc\r\n"),
        (Scheme::Signature(Box::new(signature)), "/api/events?appKey=app&sign=03E85550746D71A98C993B63448E3A99 "),
    ] {
        let reports = survey_all(&sources(&server, &credential(scheme), 1), &context());
        assert_eq!(reports[0].error, None);
        assert!(server.saw(seen), "{seen}\n{:?}", server.requests.lock().unwrap());
    }
    assert!(server.saw("x-time: 1"));
    assert!(!server.saw(PASSWORD));
}

#[test]
fn a_picture_and_a_stream_show_the_same_token() {
    let platform = Platform::start(reply("401 Unauthorized", "", b""));
    let credential = login(&platform.server, hasty());
    let access = Access { credentials: Some(Arc::clone(&credential)), tls: Tls::default() };
    let stream = Server::start(|stream, request| {
        let body = b"data: {\"id\":1,\"time\":1755219600}\n\n";
        if request.contains("authorization: Bearer T1\r\n") {
            reply("200 OK", "Content-Type: text/event-stream\r\n", body)(stream, request);
        } else {
            reply("401 Unauthorized", "", b"")(stream, request);
        }
    });
    let deadlines = Deadlines { connect_secs: 1.0, ..Deadlines::default() };
    let origin = Origin::Sse { url: stream.url("/stream"), headers: vec![], access, deadlines };
    let mut all = sources(&platform.server, &credential, 1);
    all.push(Source { id: "stream".into(), ..source(Feed::Events, origin) });
    let mut ingest = start(&all);
    wait_for_health(&mut ingest, "a stream", |health| health.state == SourceState::Live && health.records == 1);
    wait_for(&mut ingest, "records of the stream", |update| {
        matches!(update, Update::Records { source, .. } if source == SourceId::of("stream")).then_some(())
    });
    let request =
        quanyu::ingest::PictureRequest { source: SourceId::of("s0"), camera: "1".into(), url: "/api/picture".into() };
    ingest.want_pictures(vec![request]);
    let picture = wait_for(&mut ingest, "picture", |update| match update {
        Update::Picture { picture, .. } => Some(picture),
        _ => None,
    });
    // GOOD is no picture, but it came: the token was shown.
    assert!(picture.unwrap_err().contains("图片"), "{GOOD}");
    assert_eq!(platform.logins(), 1);
}
