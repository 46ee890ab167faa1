//! Sources that push, as they are read.

use super::parsed;
use crate::config::source::{MqttVersion, Origin, Payload, Secret};

#[test]
fn a_websocket_knows_its_key_and_what_to_say() {
    let config = parsed(
        r#"[[sources]]
id = "w"
feed = "devices"
kind = "websocket"
url = "wss://a/ws?token={key}"
key = { env = "TOKEN" }
hello = ['{"cmd":"subscribe","token":"{key}"}']
"#,
    );
    let Origin::WebSocket(socket) = &config.sources[0].origin else { panic!() };
    assert_eq!((socket.key.as_ref(), socket.hello.len()), (Some(&Secret::Env("TOKEN".into())), 1));
    assert_eq!(config.sources[0].stale_after_secs, 120.0);
}

#[test]
fn a_broker_is_asked_in_the_usual_way_unless_the_file_says_otherwise() {
    let config = parsed(
        r##"[[sources]]
id = "a"
feed = "devices"
kind = "mqtt"
url = "mqtt://broker"
topics = ["#"]
[[sources]]
id = "b"
feed = "devices"
kind = "mqtt"
url = "mqtts://broker:8884/"
topics = ["$share/wall/gas/{id}/+"]
version = "5"
client_id = "wall-1"
username = { file = "user.txt" }
password = { env = "PASSWORD" }
qos = 2
keep_alive = "1m"
payload = "thingsboard"
"##,
    );
    let broker = |source: &crate::config::Source| match &source.origin {
        Origin::Mqtt(broker) => (**broker).clone(),
        other => panic!("{other:?}"),
    };
    let (a, b) = (broker(&config.sources[0]), broker(&config.sources[1]));
    assert_eq!((a.version, a.qos, a.keep_alive_secs, a.clean_session), (MqttVersion::V3, 1, 30, true));
    assert_eq!((b.version, b.qos, b.keep_alive_secs, b.clean_session), (MqttVersion::V5, 2, 60, false));
    assert_eq!((b.payload, b.client_id.as_deref()), (Payload::ThingsBoard, Some("wall-1")));
    assert_eq!(
        (b.topics[0].filter.as_str(), &b.topics[0].fields[..]),
        ("$share/wall/gas/+/+", &[(1, "id".into())][..])
    );
    assert_eq!(config.sources[0].stale_after_secs, 90.0);
}
