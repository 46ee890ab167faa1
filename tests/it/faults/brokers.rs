//! MQTT brokers: a real one (`mosquitto`, skipped where it is not installed),
//! and sockets that merely listen on a broker's port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use quanyu::config::Source;
use quanyu::config::source::{Feed, Limits, MqttOrigin, MqttVersion, Origin, Payload, Secret, Topic};
use quanyu::domain::health::SourceState;
use quanyu::domain::update::{Records, Update};
use quanyu::ingest::{Ingest, probe};

use super::listener::{Listener, free_port};
use super::server::hold;
use super::{PATIENCE, context, deadlines, source, start, wait_for, wait_for_health, wait_for_records};

/// A good message.
const READING: &str = r#"{"value":1.5,"ts":1755219900000}"#;

fn devices(port: u16, change: impl FnOnce(&mut MqttOrigin)) -> Source {
    let mut origin = MqttOrigin {
        url: format!("mqtt://127.0.0.1:{port}"),
        topics: vec![Topic { filter: "street/+/gas/+/state".into(), fields: vec![(3, "id".into())] }],
        version: MqttVersion::V3,
        client_id: None,
        username: None,
        password: None,
        qos: 1,
        keep_alive_secs: 1,
        clean_session: true,
        payload: Payload::Records,
        deadlines: deadlines(),
    };
    change(&mut origin);
    source(Feed::Devices, Origin::Mqtt(Box::new(origin)))
}

/// A text or a body, with its length before it.
fn counted(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

/// A packet of MQTT.
fn packet(head: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![head];
    let mut left = body.len();
    loop {
        let more = left >= 128;
        packet.push((left % 128) as u8 | if more { 128 } else { 0 });
        left /= 128;
        if !more {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

/// A message, at most once or at least once.
fn letter(topic: &str, body: &[u8], is_retained: bool, qos: u8) -> Vec<u8> {
    let mut content = counted(topic.as_bytes());
    if qos > 0 {
        content.extend(7_u16.to_be_bytes());
    }
    content.extend_from_slice(body);
    packet(0x30 | (qos << 1) | u8::from(is_retained), &content)
}

/// A password that is refused is shown once: twice may be once too often.
#[test]
fn a_look_shows_a_wrong_password_once() {
    for (password, attempts) in [(Some("wrong"), 1), (None, 2)] {
        let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let seen = std::sync::Arc::clone(&count);
        let listener = Listener::start(move |mut stream| {
            let mut greeting = [0; 256];
            if stream.read(&mut greeting).is_ok_and(|length| length > 0) {
                seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                _ = stream.write_all(&packet(0x20, &[0, 5]));
            }
            hold(&mut stream);
        });
        let wall = devices(listener.address.port(), |origin| {
            origin.client_id = Some("wall".into());
            origin.username = Some(Secret::Plain("wall".into()));
            origin.password = password.map(|password| Secret::Plain(password.into()));
        });
        let error = probe(&wall, &context()).error.unwrap_or_default();
        assert!(error.contains("未授权"), "{error}");
        assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), attempts, "{password:?}");
    }
}

/// A broker of its own in a folder of its own.
struct Broker {
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Broker {
    /// Starts one; `None`, said aloud, where it is not installed.
    fn start(name: &str, settings: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("quanyu-mqtt-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut broker = Self { folder, port: free_port(), child: None };
        let place = broker.folder.display();
        let settings = settings.replace("{folder}", &place.to_string());
        let settings = format!("listener {} 127.0.0.1\nuser root\n{settings}\n", broker.port);
        std::fs::write(broker.folder.join("broker.conf"), settings).unwrap();
        broker.run().then_some(broker)
    }

    fn run(&mut self) -> bool {
        // Debian keeps it where only root looks.
        let programs = ["mosquitto", "/usr/sbin/mosquitto"];
        let child = programs.iter().find_map(|program| {
            Command::new(program)
                .arg("-c")
                .arg(self.folder.join("broker.conf"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .ok()
        });
        if child.is_none() {
            eprintln!("skipped: no mosquitto");
            return false;
        }
        self.child = child;
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(started.elapsed() < PATIENCE, "mosquitto does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            _ = child.kill();
            _ = child.wait();
        }
    }

    /// Sends one message as another client.
    fn publish(&self, login: Option<(&str, &str)>, topic: &str, body: &[u8], is_retained: bool) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let flags = if login.is_some() { 0xC2 } else { 0x02 };
        let mut hello = [&counted(b"MQTT")[..], &[4, flags, 0, 30], &counted(b"")].concat();
        for text in login.into_iter().flat_map(|(user, password)| [user, password]) {
            hello.extend(counted(text.as_bytes()));
        }
        stream.write_all(&packet(0x10, &hello)).unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer[3], 0, "the publisher may connect");
        stream.write_all(&letter(topic, body, is_retained, 1)).unwrap();
        stream.read_exact(&mut answer).unwrap();
        _ = stream.write_all(&packet(0xE0, &[]));
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
        _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Ids and values of the devices that come next.
fn next_readings(ingest: &mut Ingest, count: usize) -> Vec<(String, Option<f64>)> {
    let mut readings = Vec::new();
    while readings.len() < count {
        let Records::DeviceChanges(changes) = wait_for_records(ingest) else { panic!() };
        readings.extend(changes.into_iter().map(|change| (change.id, change.value)));
    }
    readings
}

fn wait_until_live(ingest: &mut Ingest) {
    wait_for_health(ingest, "subscription", |health| health.state == SourceState::Live);
}

/// What a socket that is no broker does, and what is said of it.
fn fails(words: &str, behaviour: impl Fn(TcpStream) + Send + Sync + 'static) {
    let listener = Listener::start(behaviour);
    for version in [MqttVersion::V3, MqttVersion::V5] {
        let mut ingest = start(&[devices(listener.address.port(), |origin| {
            origin.version = version;
            origin.username = Some(Secret::Plain("wall".into()));
            origin.password = Some(Secret::Plain("s3cret".into()));
        })]);
        let health = wait_for_health(&mut ingest, words, |health| health.state == SourceState::Failing);
        let message = health.last_error.unwrap();
        assert!(message.contains(words), "{message:?} names {words:?}");
        assert!(!message.contains("s3cret"), "{message:?} shows no secret");
    }
}

/// Reads the greeting and says yes to it; 3.1.1.
fn welcome(stream: &mut TcpStream) {
    let mut greeting = [0; 1_024];
    _ = stream.read(&mut greeting);
    _ = stream.write_all(&packet(0x20, &[0, 0]));
}

#[test]
fn sockets_that_are_no_brokers_are_named() {
    fails("没有收到数据", |mut stream| hold(&mut stream));
    fails("对方关闭了连接", |mut stream| _ = stream.read(&mut [0; 1_024]));
    fails("不符合 MQTT 协议", |mut stream| {
        _ = stream.read(&mut [0; 1_024]);
        _ = stream.write_all(&b"HTTP/1.1 400 Bad Request\r\n".repeat(20));
        hold(&mut stream);
    });
    let port = free_port();
    let mut ingest = start(&[devices(port, |_| {})]);
    let health = wait_for_health(&mut ingest, "refusal", |health| health.failures >= 2);
    assert!(health.last_error.unwrap().contains(&format!("127.0.0.1:{port}:连接被拒绝")));
}

#[test]
fn a_broker_that_grants_no_topic_or_falls_silent_is_named() {
    let listener = Listener::start(|mut stream| {
        welcome(&mut stream);
        _ = stream.read(&mut [0; 1_024]);
        _ = stream.write_all(&packet(0x90, &[0, 1, 0x80]));
        hold(&mut stream);
    });
    let mut ingest = start(&[devices(listener.address.port(), |_| {})]);
    let failing = |health: &quanyu::domain::health::SourceHealth| health.state == SourceState::Failing;
    let message = wait_for_health(&mut ingest, "refusal", failing).last_error.unwrap();
    assert_eq!(message, "MQTT 服务器拒绝订阅 street/+/gas/+/state,请检查权限");
    // Grants the topic, and says no more: not even to the question whether it lives.
    listener.behave(|mut stream| {
        welcome(&mut stream);
        _ = stream.read(&mut [0; 1_024]);
        _ = stream.write_all(&packet(0x90, &[0, 1, 1]));
        hold(&mut stream);
    });
    wait_until_live(&mut ingest);
    let message = wait_for_health(&mut ingest, "silence", failing).last_error.unwrap();
    assert!(message.contains("没有收到数据"), "{message}");
}

#[test]
fn a_connection_that_breaks_within_a_message_costs_only_that() {
    let listener = Listener::start(|mut stream| {
        welcome(&mut stream);
        _ = stream.read(&mut [0; 1_024]);
        _ = stream.write_all(&packet(0x90, &[0, 1, 1]));
        _ = stream.write_all(&letter("street/a/gas/g1/state", READING.as_bytes(), false, 0));
        let half = letter("street/a/gas/g2/state", READING.as_bytes(), false, 0);
        _ = stream.write_all(&half[..20]);
    });
    let mut ingest = start(&[devices(listener.address.port(), |_| {})]);
    assert_eq!(next_readings(&mut ingest, 1), [("g1".to_owned(), Some(1.5))]);
    let health = wait_for_health(&mut ingest, "end", |health| health.state == SourceState::Failing);
    assert!(health.last_error.unwrap().contains("对方关闭了连接"));
    assert_eq!(next_readings(&mut ingest, 1), [("g1".to_owned(), Some(1.5))], "and again");
}

#[test]
fn a_flood_waits_for_the_wall_and_loses_nothing() {
    const COUNT: usize = 200_000;
    let listener = Listener::start(|mut stream| {
        welcome(&mut stream);
        _ = stream.read(&mut [0; 1_024]);
        let mut out = packet(0x90, &[0, 1, 1]);
        for n in 0..COUNT {
            let body = format!(r#"{{"value":{n},"ts":{}}}"#, 1_755_219_900_000_u64 + n as u64);
            out.extend(letter(&format!("street/a/gas/g{}/state", n % 1_000), body.as_bytes(), false, 0));
        }
        _ = stream.write_all(&out);
        // Answers the question whether it lives.
        while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {
            _ = stream.write_all(&packet(0xD0, &[]));
        }
    });
    let mut ingest = start(&[devices(listener.address.port(), |_| {})]);
    let (mut came, mut batches, mut last) = (0, 0, None);
    while came < COUNT {
        let Records::DeviceChanges(changes) = wait_for_records(&mut ingest) else { panic!() };
        came += changes.len();
        batches += 1;
        last = changes.last().and_then(|change| change.value);
    }
    assert_eq!((came, last), (COUNT, Some((COUNT - 1) as f64)));
    assert!(batches < COUNT / 10, "many at once: {batches} batches");
}

#[test]
fn topics_of_a_broker_are_fields_in_both_versions() {
    let Some(broker) = Broker::start("topics", "allow_anonymous true") else { return };
    for (version, shared) in [(MqttVersion::V3, ""), (MqttVersion::V5, ""), (MqttVersion::V5, "$share/wall/")] {
        for qos in 0..=2 {
            let mut ingest = start(&[devices(broker.port, |origin| {
                (origin.version, origin.qos) = (version, qos);
                origin.topics[0].filter.insert_str(0, shared);
            })]);
            wait_until_live(&mut ingest);
            broker.publish(None, "street/b/water/w1/state", READING.as_bytes(), false);
            broker.publish(None, "street/b/gas/g2/state", b"{\"value\":", false);
            broker.publish(None, "street/b/gas/g2/state", READING.as_bytes(), false);
            let found = next_readings(&mut ingest, 1);
            assert_eq!(found, [("g2".to_owned(), Some(1.5))], "{version:?} {shared:?} {qos}");
            if qos == 1 {
                // Longer than the broker waits for a client that says nothing.
                std::thread::sleep(Duration::from_millis(1_800));
            }
            broker.publish(None, "street/b/gas/g3/state", READING.as_bytes(), false);
            assert_eq!(next_readings(&mut ingest, 1)[0].0, "g3");
            while let Some(update) = ingest.try_recv() {
                assert!(!matches!(&update, Update::Health { health, .. } if health.failures > 0), "{update:?}");
            }
        }
    }
}

#[test]
fn a_wrong_password_is_named_and_a_corrected_one_taken() {
    const SETTINGS: &str = "allow_anonymous false\npassword_file {folder}/users";
    let folder = std::env::temp_dir().join(format!("quanyu-mqtt-password-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut maker = Command::new("mosquitto_passwd");
    let Ok(made) = maker.args(["-b", "-c"]).arg(folder.join("users")).args(["wall", "right"]).status() else {
        eprintln!("skipped: no mosquitto_passwd");
        return;
    };
    assert!(made.success());
    let Some(broker) = Broker::start("password", SETTINGS) else { return };
    let secret = folder.join("secret");
    for version in [MqttVersion::V3, MqttVersion::V5] {
        std::fs::write(&secret, "wrong-s3cret").unwrap();
        let mut ingest = start(&[devices(broker.port, |origin| {
            origin.version = version;
            origin.username = Some(Secret::Plain("wall".into()));
            origin.password = Some(Secret::File(secret.clone()));
        })]);
        let health = wait_for_health(&mut ingest, "refusal", |health| health.state == SourceState::Failing);
        let message = health.last_error.unwrap();
        assert!(message.starts_with("MQTT 服务器拒绝连接:"), "{message}");
        assert!(message.contains("密码") && !message.contains("s3cret"), "{message}");
        std::fs::write(&secret, "right\n").unwrap();
        wait_until_live(&mut ingest);
        broker.publish(Some(("wall", "right")), "street/b/gas/g2/state", READING.as_bytes(), false);
        assert_eq!(next_readings(&mut ingest, 1)[0].0, "g2");
    }
}

#[test]
fn a_broker_that_was_away_is_found_again() {
    let Some(mut broker) = Broker::start("restart", "allow_anonymous true") else { return };
    let mut ingest = start(&[devices(broker.port, |_| {})]);
    wait_until_live(&mut ingest);
    broker.stop();
    wait_for_health(&mut ingest, "end", |health| health.state == SourceState::Failing);
    broker.run();
    wait_until_live(&mut ingest);
    broker.publish(None, "street/b/gas/g2/state", READING.as_bytes(), false);
    assert_eq!(next_readings(&mut ingest, 1)[0].0, "g2");
}

#[test]
fn what_is_sent_while_the_wall_is_away_comes_when_it_is_back() {
    let Some(broker) = Broker::start("session", "allow_anonymous true") else { return };
    for version in [MqttVersion::V3, MqttVersion::V5] {
        let wall = devices(broker.port, |origin| {
            origin.version = version;
            origin.client_id = Some(format!("wall-{version:?}"));
            origin.clean_session = false;
        });
        let mut ingest = start(std::slice::from_ref(&wall));
        wait_until_live(&mut ingest);
        ingest.stop();
        for n in 0..50 {
            let body = format!(r#"{{"value":{n},"ts":1755219900000}}"#);
            broker.publish(None, &format!("street/b/gas/g{n}/state"), body.as_bytes(), false);
        }
        let mut ingest = start(&[wall]);
        let mut found = next_readings(&mut ingest, 50);
        found.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap());
        assert_eq!(found.last(), Some(&("g49".to_owned(), Some(49.0))), "{version:?}");
    }
}

#[test]
fn a_message_that_is_too_long_does_not_stop_the_others() {
    let Some(broker) = Broker::start("long", "allow_anonymous true") else { return };
    for version in [MqttVersion::V3, MqttVersion::V5] {
        let mut wall = devices(broker.port, |origin| origin.version = version);
        wall.limits = Limits { bytes: 1_000, ..Limits::default() };
        let mut ingest = start(&[wall]);
        wait_until_live(&mut ingest);
        broker.publish(None, "street/b/gas/g1/state", &[b' '; 2_000], false);
        if version == MqttVersion::V3 {
            let health = wait_for_health(&mut ingest, "limit", |health| health.state == SourceState::Failing);
            assert!(health.last_error.unwrap().contains("数据超过上限"));
            wait_until_live(&mut ingest);
        }
        broker.publish(None, "street/b/gas/g2/state", READING.as_bytes(), false);
        assert_eq!(next_readings(&mut ingest, 1)[0].0, "g2", "{version:?}");
    }
}

#[test]
fn a_look_takes_the_first_messages_or_says_that_none_came() {
    let Some(broker) = Broker::start("look", "allow_anonymous true") else { return };
    let wall = devices(broker.port, |origin| {
        origin.client_id = Some("wall".into());
        origin.clean_session = false;
    });
    let mut ingest = start(std::slice::from_ref(&wall));
    wait_until_live(&mut ingest);
    let report = probe(&wall, &context());
    assert_eq!((report.count(), report.error.as_deref()), (0, None), "{report:?}");
    assert!(report.findings.iter().any(|finding| finding.message.contains("没有消息")), "{report:?}");
    broker.publish(None, "street/b/gas/g1/state", READING.as_bytes(), true);
    let report = probe(&wall, &context());
    assert_eq!((report.count(), report.error.as_deref()), (1, None), "{report:?}");
    // The wall's own session was not disturbed.
    wait_for(&mut ingest, "records", |update| match update {
        Update::Health { health, .. } => {
            assert_eq!(health.failures, 0, "{health:?}");
            None
        }
        Update::Records { .. } => Some(()),
        _ => None,
    });
}

/// A certificate for `localhost` and the authority behind it, or nothing where
/// `openssl` is not installed.
fn certify(folder: &std::path::Path) -> bool {
    const KEY: [&str; 7] =
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"];
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("san.cnf"), "subjectAltName=DNS:localhost\n").unwrap();
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let authority = ["req", "-x509", "-days", "2", "-subj", "/CN=quanyu test", "-out", "ca.pem"];
    let request = ["req", "-subj", "/CN=localhost", "-out", "server.csr"];
    let certificate = "x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -extfile san.cnf -out server.pem";
    let done = openssl(&[&authority[..], &KEY].concat())
        && std::fs::rename(folder.join("key.pem"), folder.join("ca-key.pem")).is_ok()
        && openssl(&[&request[..], &KEY].concat())
        && openssl(&certificate.split(' ').collect::<Vec<_>>());
    if !done {
        eprintln!("skipped: no openssl");
    }
    done
}

#[test]
fn an_encrypted_broker_is_trusted_as_the_system_says() {
    let folder = std::env::temp_dir().join(format!("quanyu-mqtt-tls-{}", std::process::id()));
    const SETTINGS: &str =
        "allow_anonymous true\ncafile {folder}/ca.pem\ncertfile {folder}/server.pem\nkeyfile {folder}/key.pem";
    if !certify(&folder) {
        return;
    }
    let Some(broker) = Broker::start("tls", SETTINGS) else { return };
    let text = format!(
        "[[sources]]\nid = \"gas\"\nfeed = \"devices\"\nkind = \"mqtt\"\nurl = \"mqtts://localhost:{}\"\ntopics = [\"a\"]\nidle_timeout = \"500ms\"\n",
        broker.port
    );
    let config = folder.join("config.toml");
    std::fs::write(&config, text).unwrap();
    let check = |authority: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quanyu"));
        command.arg("check").arg("-c").arg(&config).env("SSL_CERT_FILE", folder.join(authority));
        String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
    };
    let said = check("ca.pem");
    assert!(said.contains("✓  gas") && said.contains("没有消息"), "{said}");
    let said = check("san.cnf");
    assert!(said.contains("✗  gas") && said.contains("无法"), "{said}");
}
