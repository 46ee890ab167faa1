//! Databases: a real one (`postgres`, skipped where it is not installed), and
//! sockets that merely listen on a database's port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use quanyu::config::Source;
use quanyu::config::access::Tls;
use quanyu::config::source::{Feed, Limits, Origin, PostgresOrigin, Secret};
use quanyu::domain::health::SourceState;
use quanyu::domain::update::{Records, Update};
use quanyu::ingest::probe;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::listener::{Listener, free_port};
use super::server::hold;
use super::{context, deadlines, source, start, wait_for, wait_for_health, wait_for_records};

/// Of the user `wall`.
const PASSWORD: &str = "pg-s3cret";

fn rows(port: u16, feed: Feed, query: &str, change: impl FnOnce(&mut PostgresOrigin)) -> Source {
    let mut origin = PostgresOrigin {
        url: format!("postgres://127.0.0.1:{port}/postgres"),
        query: query.into(),
        every_secs: 0.2,
        listen: None,
        username: Secret::Plain("wall".into()),
        password: Some(Secret::Plain(PASSWORD.into())),
        tls: None,
        deadlines: deadlines(),
    };
    change(&mut origin);
    source(feed, Origin::Postgres(Box::new(origin)))
}

/// A database of its own in a folder of its own.
struct Database {
    folder: PathBuf,
    bin: PathBuf,
    port: u16,
}

impl Database {
    /// Starts one; `None`, said aloud, where it is not installed.
    fn start(name: &str) -> Option<Self> {
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let bin = installed.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").is_file());
        let Some(bin) = bin else {
            eprintln!("skipped: no postgresql");
            return None;
        };
        let folder = std::env::temp_dir().join(format!("quanyu-pg-{name}-{}", std::process::id()));
        _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("password"), PASSWORD).unwrap();
        let database = Self { folder, bin, port: free_port() };
        if is_root() {
            // It refuses to run as root.
            let given = Command::new("chown").args(["-R", "postgres"]).arg(&database.folder).status();
            if !given.is_ok_and(|status| status.success()) {
                eprintln!("skipped: root, and no user postgres");
                return None;
            }
        }
        let data = database.data();
        let settings = ["-D", &data, "-U", "wall", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C"];
        let password = format!("--pwfile={}", database.folder.join("password").display());
        if !database.run("initdb", &[&settings[..], &[&password]].concat()) {
            eprintln!("skipped: initdb does not work here");
            return None;
        }
        database.go("");
        Some(database)
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    /// Runs one of its programs as a user who may.
    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let command = command.args(arguments).current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    fn go(&self, settings: &str) {
        let log = self.folder.join("log").display().to_string();
        let settings = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off {settings}",
            self.port
        );
        let started = self.run("pg_ctl", &["-D", &self.data(), "-l", &log, "-o", &settings, "-w", "start"]);
        assert!(started, "{}", std::fs::read_to_string(log).unwrap_or_default());
    }

    fn stop(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }

    /// Does something as another client; tells whether it could.
    fn execute(&self, sql: &str) -> bool {
        let mut psql = Command::new("psql");
        psql.args(["-h", "127.0.0.1", "-U", "wall", "-d", "postgres", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        psql.args(["-p", &self.port.to_string()]).env("PGPASSWORD", PASSWORD).stderr(Stdio::null());
        psql.status().is_ok_and(|status| status.success())
    }

    /// A file that the server may read and nobody else.
    fn give(&self, name: &str, content: &str) {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        let owned = Command::new("chmod").arg("600").arg(&path).status().unwrap().success();
        assert!(owned && (!is_root() || Command::new("chown").arg("postgres").arg(&path).status().unwrap().success()));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.stop();
        _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

const EVENTS: &str = "
CREATE SEQUENCE numbers;
CREATE TABLE cases (no bigint, kind text, place point, geom json, reported timestamptz, raw timestamp, done boolean, extra jsonb, uid uuid, cost numeric);
INSERT INTO cases VALUES
 (1, '市容', NULL, '{\"type\":\"Point\",\"coordinates\":[120.7,31.3]}', '2025-08-15 09:00:00+08', '2025-08-15 09:00:00', true, '{\"a\":[1]}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 12.50),
 (2, '停车', NULL, '{\"type\":\"Point\",\"coordinates\":[120.8,31.4]}', '2025-08-15 10:00:00+08', NULL, NULL, NULL, NULL, NULL);";

const QUERY: &str = "SELECT no AS id, kind AS category, kind AS title, geom AS geometry, reported, extra, uid, cost, done AS solved FROM cases -- all";

#[test]
fn rows_of_a_query_are_records() {
    let Some(database) = Database::start("rows") else { return };
    assert!(database.execute(EVENTS));
    let look = |query: &str, feed: Feed| probe(&rows(database.port, feed, query, |_| {}), &context());

    let report = look(QUERY, Feed::Events);
    assert_eq!((report.error.as_deref(), report.findings_total), (None, 0), "{:?}", report.findings);
    let Some(Records::Events(events)) = &report.records else { panic!("{report:?}") };
    assert_eq!((&*events[0].id, &*events[0].category), ("1", "市容"));
    assert_eq!((events[0].reported.0, events[0].solved), (1_755_219_600_000, Some(true)));
    assert!(events.iter().all(|event| event.at.is_some()));

    let said = |query: &str, words: &str| {
        let error = look(query, Feed::Events).error.unwrap_or_default();
        assert!(error.contains(words) && !error.contains(PASSWORD), "{query}: {error}");
    };
    said("SELECT * FROM nowhere", "没有这张表");
    said("SELECT nothing FROM cases", "没有这一列");
    said("SELECT FROM WHERE", "语法错误");
    said("WITH gone AS (DELETE FROM cases RETURNING *) SELECT * FROM gone", "数据库报错");
    said("SELECT no AS id FROM cases, nextval('missing')", "没有这张表");
    said("SELECT pg_sleep(60)", "whole_timeout");
    said("SELECT nextval('numbers') AS id", "只读");
    assert!(database.execute("DO $$ BEGIN ASSERT (SELECT count(*) FROM cases) = 2; END $$"), "nothing was deleted");

    // What is too much.
    let many =
        "SELECT n AS id, 'x' AS title, now() AS reported, 120.7 AS lon, 31.3 AS lat FROM generate_series(1, 5000) AS n";
    let mut limited = rows(database.port, Feed::Events, many, |_| {});
    limited.limits = Limits { records: 10, ..Limits::default() };
    let report = probe(&limited, &context());
    assert_eq!((report.count(), report.findings_total), (10, 1), "{report:?}");
    limited.limits = Limits { bytes: 10_000, ..Limits::default() };
    let error = probe(&limited, &context()).error.unwrap();
    assert!(error.contains("数据超过上限"), "{error}");

    if database.execute("CREATE EXTENSION postgis") {
        let query = "SELECT 'G1' AS id, 'gas' AS kind, ST_Transform(ST_SetSRID(ST_MakePoint(13436362, 3676130), 3857), 4326) AS geom";
        let Some(Records::Devices(devices)) = look(query, Feed::Devices).records else { panic!() };
        let at = devices[0].at;
        assert!((at.lon - 120.7).abs() < 0.01 && (at.lat - 31.3).abs() < 0.05, "{at:?}");
        let query =
            "SELECT 'G1' AS id, 'gas' AS kind, ST_AsGeoJSON(ST_SetSRID(ST_MakePoint(120.7, 31.3), 4326)) AS geometry";
        assert_eq!(look(query, Feed::Devices).count(), 1);
        let query = "SELECT 'A1' AS code, '某社区' AS name, 'community' AS level, ST_MakeEnvelope(120.7, 31.3, 120.8, 31.4, 4326) AS geometry";
        let Some(Records::Areas(areas)) = look(query, Feed::Areas).records else { panic!() };
        assert!(!areas[0].shape.is_empty());
    } else {
        eprintln!("skipped in part: no postgis");
    }
}

#[test]
fn only_what_changed_is_asked_for() {
    let Some(database) = Database::start("since") else { return };
    assert!(database.execute(EVENTS));
    for column in
        ["reported > $1", "extract(epoch FROM reported) * 1000 > $1::bigint", "reported > $1::text::timestamptz"]
    {
        let query = format!("SELECT no AS id, kind AS title, reported FROM cases WHERE {column}");
        let mut ingest = start(&[rows(database.port, Feed::Events, &query, |_| {})]);
        assert_eq!(wait_for_records(&mut ingest).len(), 2);
        assert_eq!(wait_for_records(&mut ingest).len(), 0, "{column}");
    }
}

#[test]
fn a_database_tells_of_changes() {
    let Some(database) = Database::start("listen") else { return };
    assert!(database.execute("CREATE TABLE d (id text, value float8); INSERT INTO d VALUES ('g1', 1.5)"));
    let query = "SELECT id, value, 'gas' AS kind, 120.7 AS lon, 31.3 AS lat FROM d";
    let mut ingest = start(&[rows(database.port, Feed::Devices, query, |origin| {
        origin.listen = Some("told".into());
        origin.every_secs = 600.0;
    })]);
    assert_eq!(wait_for_records(&mut ingest).len(), 1);
    assert!(database.execute("NOTIFY told, '{\"id\":\"g1\",\"value\":7.5}'"));
    let value = wait_for(&mut ingest, "pushed reading", |update| match update {
        Update::Records { records: Records::DeviceChanges(changes), .. } => Some(format!("{changes:?}")),
        _ => None,
    });
    assert!(value.contains("7.5"), "{value}");
    for payload in ["", "INSERT"] {
        assert!(database.execute(&format!("INSERT INTO d VALUES ('g2', 2); NOTIFY told, '{payload}'")));
        wait_for(&mut ingest, "another query", |update| match update {
            Update::Records { records: Records::Devices(devices), .. } => (devices.len() > 1).then_some(()),
            _ => None,
        });
    }
}

#[test]
fn passwords_certificates_and_restarts() {
    let Some(database) = Database::start("access") else { return };
    assert!(database.execute(EVENTS));
    let secret = database.folder.join("secret");
    std::fs::write(&secret, "wrong-s3cret").unwrap();
    let mut ingest = start(&[rows(database.port, Feed::Events, QUERY, |origin| {
        origin.password = Some(Secret::File(secret.clone()));
    })]);
    let health = wait_for_health(&mut ingest, "refusal", |health| health.state == SourceState::Failing);
    assert_eq!((health.last_error.as_deref(), health.failures), (Some("数据库拒绝登录:用户名或密码不对"), 1));
    std::fs::write(&secret, PASSWORD).unwrap();
    wait_for_health(&mut ingest, "success", |health| health.state == SourceState::Live);

    database.stop();
    wait_for_health(&mut ingest, "end", |health| health.state == SourceState::Failing);
    let (authority, other) = (Authority::new(), Authority::new());
    let (certificate, key) = authority.issue();
    database.give("server.pem", &certificate);
    database.give("server.key", &key);
    let folder = database.folder.display();
    database.go(&format!("-c ssl=on -c ssl_cert_file={folder}/server.pem -c ssl_key_file={folder}/server.key"));
    wait_for_health(&mut ingest, "recovery", |health| health.state == SourceState::Live);

    let error = |ca: &Authority| {
        let path = database.folder.join("ca.pem");
        std::fs::write(&path, ca.0.pem()).unwrap();
        let tls = Some(Tls { ca: Some(path), ..Tls::default() });
        probe(&rows(database.port, Feed::Events, QUERY, |origin| origin.tls = tls), &context()).error
    };
    assert_eq!(error(&authority), None);
    assert!(error(&other).unwrap().contains("服务器证书"));
    let missing = probe(&rows(database.port, Feed::Events, QUERY, |origin| origin.password = None), &context());
    assert!(missing.error.unwrap().contains("需要密码"));
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &self.0);
        (certificate.unwrap().pem(), key.serialize_pem())
    }
}

/// A message of the protocol.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat()
}

/// Reads the greeting and lets anybody in.
fn let_in(stream: &mut TcpStream) {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut rest = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut rest).unwrap();
    let ready = [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
    stream.write_all(&ready).unwrap();
}

fn error_with(behaviour: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = Listener::start(behaviour);
    let source = rows(listener.address.port(), Feed::Events, QUERY, |_| {});
    probe(&source, &context()).error.unwrap()
}

#[test]
fn whoever_is_no_database_is_named() {
    assert_eq!(error_with(|mut stream| hold(&mut stream)), "0.5 秒没有收到数据(已收 0 字节)");
    let gone = error_with(drop);
    assert!(gone.starts_with("连接中途断开") || gone.starts_with("对方关闭了连接"), "{gone}");
    let web = |mut stream: TcpStream| {
        _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        hold(&mut stream);
    };
    assert_eq!(error_with(web), "对方的应答不符合 PostgreSQL 协议");
    let refused = |mut stream: TcpStream| {
        _ = stream.write_all(&message(b'E', b"SFATAL\0C53300\0Mtoo many, token=abcdef\0\0"));
        hold(&mut stream);
    };
    let error = error_with(refused);
    assert!(error.contains("连接数已满") && !error.contains("abcdef"), "{error}");
}

#[test]
fn a_database_that_stalls_dies_or_floods_is_left() {
    let stalls = |mut stream: TcpStream| {
        let_in(&mut stream);
        hold(&mut stream);
    };
    assert!(error_with(stalls).starts_with("应答超过 3 秒"));
    let dies = |mut stream: TcpStream| {
        let_in(&mut stream);
        _ = stream.read(&mut [0; 1]);
    };
    let error = error_with(dies);
    assert!(error.starts_with("对方关闭了连接") || error.starts_with("连接中途断开"), "{error}");
    // One message of 1 GiB.
    let floods = |mut stream: TcpStream| {
        let_in(&mut stream);
        _ = stream.write_all(&[&[b'D'][..], &0x4000_0000_u32.to_be_bytes()].concat());
        while stream.write_all(&[0; 65_536]).is_ok() {}
    };
    let error = error_with(floods);
    assert!(error.starts_with("数据超过上限 8 MiB"), "{error}");
}

#[test]
fn a_port_where_nobody_listens_is_named() {
    let source = rows(free_port(), Feed::Events, QUERY, |_| {});
    let error = probe(&source, &context()).error.unwrap();
    assert!(error.contains("连接被拒绝"), "{error}");
}
