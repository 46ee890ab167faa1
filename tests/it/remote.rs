//! The remote control over loopback: every route, every refusal, what is written
//! in `openapi.json`, and the page in a real browser. The wall behind it is made
//! by hand: it notes what it is asked.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command as Process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use quanyu::config::Layer;
use quanyu::config::remote::{Remote as Settings, RemoteToken};
use quanyu::config::source::Secret;
use quanyu::domain::area::{Area, AreaTree, GridKind, Level};
use quanyu::domain::geometry::Shape;
use quanyu::remote::{AreaRef, Asked, Command, LayerState, OPENAPI, Refusal, Remote, State, TABLE, Thing};
use serde_json::{Value, json};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A wall that carries out whatever it knows, unless it is asleep.
struct Wall {
    address: SocketAddr,
    remote: Arc<Mutex<Remote>>,
    asked: Arc<Mutex<Vec<(Command, String)>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

fn settings() -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        hosts: Vec::new(),
        session_secs: 3_600.0,
        tokens: vec![RemoteToken { name: "工单系统".into(), secret: Secret::Plain(TOKEN.into()) }],
    }
}

fn area(code: &str, parent: Option<&str>, name: &str, level: Level) -> Area {
    Area {
        code: code.into(),
        parent: parent.map(str::to_owned),
        name: name.into(),
        level,
        kind: GridKind::default(),
        shape: Shape::default(),
        households: None,
        responsible: Vec::new(),
    }
}

fn tree() -> Arc<AreaTree> {
    let mut areas = vec![area("3205", None, "金鸡湖街道", Level::Street)];
    areas.push(area("320501", Some("3205"), "湖东社区", Level::Community));
    areas.extend((0..30).map(|n| area(&format!("32050100{n:02}"), Some("320501"), &format!("第{n}网格"), Level::Grid)));
    Arc::new(AreaTree::build(areas).0)
}

fn state() -> State {
    State {
        title: "全域治理一张图".into(),
        audience: "duty",
        configured_audience: "duty",
        scene: "总览".into(),
        scenes: vec!["总览".into(), "夜间值守".into()],
        focus: Some(AreaRef { code: "320501".into(), name: "湖东社区".into(), path: vec!["湖东社区".into()] }),
        layers: Layer::ALL.map(|layer| LayerState { name: layer.name(), is_visible: true }).to_vec(),
        ..State::default()
    }
}

/// What the hand-made wall knows.
fn outcome(command: &Command) -> Result<(), Refusal> {
    let unknown = || Err(Refusal::Unknown("没有".into()));
    match command {
        Command::Scene(name) if name != "夜间值守" => unknown(),
        Command::Focus(code) if code != "320501" => unknown(),
        Command::Show(Thing::Event(id) | Thing::Device(id) | Thing::Camera(id)) if id != "e-1" => unknown(),
        Command::Acknowledge(id) | Command::ShowAlert(id) if id != "gas:1" => unknown(),
        Command::Play => Err(Refusal::NotNow("时刻是固定的".into())),
        _ => Ok(()),
    }
}

impl Wall {
    fn asleep() -> Self {
        let remote = Remote::start(&settings(), Arc::new(|| {})).unwrap();
        remote.publish(state(), tree());
        let address = remote.address();
        let remote = Arc::new(Mutex::new(remote));
        Self { address, remote, asked: Arc::default(), stop: Arc::default(), thread: None }
    }

    fn awake() -> Self {
        let mut wall = Self::asleep();
        let (remote, asked, stop) = (Arc::clone(&wall.remote), Arc::clone(&wall.asked), Arc::clone(&wall.stop));
        wall.thread = Some(std::thread::spawn(move || {
            while !stop.load(Ordering::Acquire) {
                let next = remote.lock().unwrap().try_recv();
                match next {
                    Some(Asked::Command { command, by, reply }) => {
                        let outcome = outcome(&command);
                        asked.lock().unwrap().push((command, by));
                        let _ = reply.send(outcome);
                    }
                    Some(Asked::Picture { reply }) => {
                        let _ = reply.send(Ok(image::DynamicImage::new_rgb8(64, 36)));
                    }
                    None => std::thread::sleep(Duration::from_millis(2)),
                }
            }
        }));
        wall
    }

    fn code(&self) -> String {
        let remote = self.remote.lock().unwrap();
        remote.open_pairing();
        remote.pairing().unwrap().0
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, "")
    }

    fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let headers: Vec<(&str, &str)> =
            headers.iter().copied().chain([("Content-Type", "application/json")]).collect();
        self.send("POST", path, &headers, &body.to_string())
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut socket = self.open(method, path, headers, body);
        let mut bytes = Vec::new();
        // Who refuses a long body may reset the connection behind the answer.
        let _ = socket.read_to_end(&mut bytes);
        Answer::of(&bytes)
    }

    fn open(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            text += &format!("Host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let mut socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _ = socket.write_all(text.as_bytes());
        socket
    }

    fn last(&self) -> Option<(Command, String)> {
        self.asked.lock().unwrap().last().cloned()
    }

    /// Pairs and returns the cookie.
    fn pair(&self) -> String {
        let answer = self.post("/api/v1/pair", &[], &json!({"code": self.code(), "name": "手机"}));
        assert_eq!(answer.status, 204, "{answer:?}");
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }
}

impl Drop for Wall {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn of(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A refusal says what it is in the same words everywhere.
    fn assert_problem(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
    }
}

fn bearer() -> (&'static str, String) {
    ("Authorization", format!("Bearer {TOKEN}"))
}

#[test]
fn every_route_does_what_it_says() {
    let wall = Wall::awake();
    let cookie = wall.pair();
    let me = [("Cookie", cookie.as_str())];
    let cases = [
        ("scene", json!({"name": "夜间值守"}), Command::Scene("夜间值守".into())),
        ("scene", json!({"step": -1}), Command::StepScene(-1)),
        ("focus", json!({"code": "320501"}), Command::Focus("320501".into())),
        ("focus", json!({"up": true}), Command::FocusUp),
        ("focus", json!({}), Command::FocusNothing),
        ("show", json!({"event": "e-1"}), Command::Show(Thing::Event("e-1".into()))),
        ("show", json!({"device": "e-1"}), Command::Show(Thing::Device("e-1".into()))),
        ("show", json!({"camera": "e-1"}), Command::Show(Thing::Camera("e-1".into()))),
        ("clock", json!({"action": "live"}), Command::Live),
        ("clock", json!({"action": "pause"}), Command::Pause),
        ("clock", json!({"action": "hours", "hours": -1}), Command::Hours(-1)),
        ("layers", json!({"toggle": "heat"}), Command::ToggleLayer(Layer::Heat)),
        ("tilt", json!({}), Command::ToggleTilt),
        ("audience", json!({"public": true}), Command::SetPublic(true)),
        ("audience", json!({"public": false}), Command::SetPublic(false)),
        ("alerts", json!({"acknowledge": "gas:1"}), Command::Acknowledge("gas:1".into())),
        ("alerts", json!({"acknowledge_all": true}), Command::AcknowledgeAll),
        ("alerts", json!({"show": "gas:1"}), Command::ShowAlert("gas:1".into())),
    ];
    for (path, body, command) in cases {
        let answer = wall.post(&format!("/api/v1/{path}"), &me, &body);
        assert_eq!(answer.status, 204, "{path} {body}: {answer:?}");
        assert_eq!(wall.last(), Some((command, "手机".to_owned())), "{path} {body}");
    }
    let shown = wall.get("/api/v1/state", &me).json();
    assert_eq!(shown["scenes"], json!(["总览", "夜间值守"]));
    assert_eq!((&shown["clock"]["mode"], &shown["focus"]["code"]), (&json!("live"), &json!("320501")));
    let found = wall.get("/api/v1/areas?search=%E6%B9%96%E4%B8%9C", &me).json();
    assert_eq!(found["areas"], json!([{"code": "320501", "name": "湖东社区", "path": ["金鸡湖街道", "湖东社区"]}]));
    assert_eq!(wall.get("/api/v1/areas?search=3205", &me).json()["areas"].as_array().unwrap().len(), 20);
    assert_eq!(wall.get("/api/v1/areas?search=", &me).json()["areas"], json!([]));
    let picture = wall.get("/api/v1/picture", &me);
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/jpeg")));
    assert!(picture.body.starts_with(&[0xFF, 0xD8]));
    for (path, kind) in [("/", "text/html"), ("/app.js", "text/javascript"), ("/app.css", "text/css")] {
        let answer = wall.get(path, &[]);
        assert!(answer.status == 200 && answer.header("content-type").unwrap().starts_with(kind), "{answer:?}");
        assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'self'"));
        assert_eq!(
            (answer.header("x-content-type-options"), answer.header("cache-control")),
            (Some("nosniff"), Some("no-store"))
        );
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    assert_eq!(wall.get("/healthz", &[]).body, b"ok");
    assert_eq!(wall.get("/api/v1/openapi.json", &[]).body, OPENAPI.as_bytes());
    assert_eq!(wall.post("/api/v1/unpair", &me, &json!({})).status, 204);
    wall.get("/api/v1/state", &me).assert_problem(401);
}

#[test]
fn another_system_has_a_token_and_never_ends_the_visitors_view() {
    let wall = Wall::awake();
    let (name, value) = bearer();
    let me = [(name, value.as_str())];
    assert_eq!(wall.post("/api/v1/show", &me, &json!({"event": "e-1"})).status, 204);
    assert_eq!(wall.last(), Some((Command::Show(Thing::Event("e-1".into())), "工单系统".to_owned())));
    assert_eq!(wall.post("/api/v1/audience", &me, &json!({"public": true})).status, 204);
    wall.post("/api/v1/audience", &me, &json!({"public": false})).assert_problem(403);
    assert_eq!(wall.last().map(|(command, _)| command), Some(Command::SetPublic(true)));
}

#[test]
fn what_is_not_there_or_not_now_is_said() {
    let wall = Wall::awake();
    let (name, value) = bearer();
    let me = [(name, value.as_str())];
    for (path, body, status) in [
        ("scene", json!({"name": "没有"}), 404),
        ("focus", json!({"code": "x"}), 404),
        ("show", json!({"event": "e-2"}), 404),
        ("layers", json!({"toggle": "x"}), 404),
        ("clock", json!({"action": "play"}), 409),
        ("clock", json!({"action": "hours"}), 400),
        ("clock", json!({"action": "live", "hours": 1}), 400),
        ("clock", json!({"action": "hours", "hours": i64::MIN}), 400),
        ("scene", json!({}), 400),
        ("scene", json!({"step": 2}), 400),
        ("focus", json!({"code": "320501", "up": true}), 400),
        ("show", json!({"event": "a", "device": "b"}), 400),
        ("tilt", json!({"deg": 45}), 400),
        ("audience", json!({"public": "yes"}), 400),
        ("alerts", json!({}), 400),
        ("alerts", json!({"acknowledge": "gas:1", "show": "gas:1"}), 400),
        ("alerts", json!({"acknowledge": "gone"}), 404),
    ] {
        wall.post(&format!("/api/v1/{path}"), &me, &body).assert_problem(status);
    }
    wall.get("/api/v1/nothing", &me).assert_problem(404);
    wall.get("/api/v1/scene", &me).assert_problem(405);
    let said = wall.post("/api/v1/scene", &me, &json!({"name": 1, "secret": "hunter2"}));
    assert!(!String::from_utf8_lossy(&said.body).contains("hunter2"));
}

#[test]
fn nobody_gets_in_who_should_not() {
    let wall = Wall::awake();
    let cookie = wall.pair();
    let own = wall.address.to_string();
    for route in TABLE.iter().filter(|route| !route.is_open) {
        let refused = match route.method {
            "get" => wall.get(route.path, &[]),
            _ => wall.post(route.path, &[], &json!({})),
        };
        refused.assert_problem(401);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    }
    for wrong in ["Bearer", "Bearer ", "Bearer x", &format!("Basic {TOKEN}"), &format!("Bearer {TOKEN}x")] {
        // A wrong token is not made good by a cookie beside it, but where it is none.
        let answer = wall.get("/api/v1/state", &[("Authorization", wrong)]);
        answer.assert_problem(401);
    }
    let me = ("Cookie", cookie.as_str());
    for host in ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.2:80"] {
        wall.get("/", &[("Host", host)]).assert_problem(421);
        wall.get("/api/v1/state", &[("Host", host), me]).assert_problem(421);
    }
    wall.post("/api/v1/tilt", &[me, ("Origin", "http://evil.example")], &json!({})).assert_problem(403);
    assert_eq!(wall.post("/api/v1/tilt", &[me, ("Origin", &format!("http://{own}"))], &json!({})).status, 204);
    wall.send("POST", "/api/v1/tilt", &[me, ("Content-Type", "text/plain")], "{}").assert_problem(415);
    wall.send("POST", "/api/v1/tilt", &[me], "{}").assert_problem(415);
    let long = "x".repeat((64 << 10) + 1);
    wall.post("/api/v1/scene", &[me], &json!({ "name": long })).assert_problem(413);
    wall.send("OPTIONS", "/api/v1/tilt", &[me, ("Origin", "http://evil.example")], "").assert_problem(405);
}

#[test]
fn codes_are_not_guessed() {
    let wall = Wall::awake();
    let code = wall.code();
    let other = if code == "000000" { "111111" } else { "000000" };
    for _ in 0..5 {
        wall.post("/api/v1/pair", &[], &json!({"code": other})).assert_problem(403);
    }
    let paused = wall.post("/api/v1/pair", &[], &json!({"code": wall.code()}));
    paused.assert_problem(429);
    assert!(paused.header("retry-after").unwrap().parse::<u64>().is_ok_and(|secs| (25..=30).contains(&secs)));
    assert_eq!(wall.remote.lock().unwrap().paired(), 0);
}

#[test]
fn a_wall_that_does_not_answer_is_said_to_be_busy_or_late() {
    let wall = Wall::asleep();
    let (name, value) = bearer();
    let headers = [(name, value.as_str()), ("Content-Type", "application/json")];
    let mut waiting: Vec<TcpStream> = (0..65).map(|_| wall.open("POST", "/api/v1/tilt", &headers, "{}")).collect();
    let answers: Vec<Answer> = waiting
        .iter_mut()
        .map(|socket| {
            let mut bytes = Vec::new();
            socket.read_to_end(&mut bytes).unwrap();
            Answer::of(&bytes)
        })
        .collect();
    let (busy, late): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 503);
    assert_eq!((busy.len(), late.len()), (1, 64));
    busy[0].assert_problem(503);
    assert_eq!(busy[0].header("retry-after"), Some("1"));
    late.iter().for_each(|answer| answer.assert_problem(504));
    // Who was told that it was not done shall not see it done later.
    assert!(wall.remote.lock().unwrap().try_recv().is_none());
}

#[test]
fn it_ends_at_once_and_leaves_the_port() {
    let wall = Wall::asleep();
    let (name, value) = bearer();
    let headers = [(name, value.as_str()), ("Content-Type", "application/json")];
    let _waiting = wall.open("POST", "/api/v1/tilt", &headers, "{}");
    let address = wall.address;
    let started = std::time::Instant::now();
    drop(wall);
    assert!(started.elapsed() < Duration::from_secs(2));
    let again = Remote::start(&Settings { listen: address, ..settings() }, Arc::new(|| {}));
    assert!(again.is_ok(), "{:?}", again.err());
    let taken = Remote::start(&Settings { listen: address, ..settings() }, Arc::new(|| {})).err();
    assert!(taken.is_some_and(|error| error.to_string().contains(&address.to_string())));
}

#[test]
fn a_token_that_can_be_guessed_is_refused_without_showing_it() {
    let short = RemoteToken { name: "甲".into(), secret: Secret::Plain("hunter2".into()) };
    let error = Remote::start(&Settings { tokens: vec![short], ..settings() }, Arc::new(|| {})).err().unwrap();
    let said = error.to_string();
    assert!(said.contains("甲") && said.contains("至少 16") && !said.contains("hunter2"), "{said}");
}

#[test]
fn what_is_documented_is_what_there_is() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut written = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let is_open = operation["security"].as_array().is_some_and(Vec::is_empty);
            written.insert((method.clone(), path.clone(), is_open));
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{method} {path}");
        }
    }
    let there: BTreeSet<(String, String, bool)> =
        TABLE.iter().map(|route| (route.method.to_owned(), route.path.to_owned(), route.is_open)).collect();
    assert_eq!(written, there);
    // Every reference leads somewhere.
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        if let Some(reference) = value["$ref"].as_str() {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    // What is answered has the documented members.
    let members: BTreeSet<&String> =
        document["components"]["schemas"]["State"]["properties"].as_object().unwrap().keys().collect();
    let shown = serde_json::to_value(state()).unwrap();
    assert_eq!(members, shown.as_object().unwrap().keys().collect());
}

/// A browser; `None`, and a line that says so, where there is none.
fn browser() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&folders)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)))
        .find(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: no chromium");
    }
    found
}

fn dumped(browser: &PathBuf, folder: &std::path::Path, address: &str) -> String {
    let output = Process::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic"])
        .args(["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=4000", "--window-size=390,844", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.display()))
        .arg(address)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The opening tag of the element with this id.
fn tag<'a>(page: &'a str, id: &str) -> &'a str {
    let at = page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {page}"));
    &page[page[..at].rfind('<').unwrap()..at + page[at..].find('>').unwrap()]
}

#[test]
fn the_page_pairs_and_shows_the_wall_in_a_browser() {
    let Some(browser) = browser() else { return };
    let wall = Wall::awake();
    let folder = crate::folder::Folder::new("remote-page");
    let page = dumped(&browser, &folder.0, &format!("http://{}/", wall.address));
    assert!(!tag(&page, "pair").contains("hidden") && tag(&page, "wall").contains("hidden"), "{page}");
    let page = dumped(&browser, &folder.0, &format!("http://{}/#code={}", wall.address, wall.code()));
    assert!(tag(&page, "pair").contains("hidden") && !tag(&page, "wall").contains("hidden"), "{page}");
    for text in ["夜间值守", "湖东社区", "全域治理一张图", "直播", "热力"] {
        assert!(page.contains(text), "no {text}: {page}");
    }
    assert_eq!(wall.remote.lock().unwrap().paired(), 1);
}
