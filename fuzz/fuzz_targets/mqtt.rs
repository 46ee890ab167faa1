//! What a broker sends, in both versions: where it is cut makes no difference
//! to what is heard, answered or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::config::source::{MqttVersion, Topic};
use quanyu_fuzz::ingest::mqtt::codec::{Codec, Greeting, Heard, Remembered};

/// A connection on which somebody asked for a session and a topic.
fn connected(version: MqttVersion) -> Codec {
    let mut codec = Codec::new(version, 1 << 16, Remembered::default());
    let greeting = Greeting {
        client_id: "fuzz",
        username: Some("u"),
        password: Some("p"),
        keep_alive_secs: 30,
        clean_session: true,
    };
    codec.connect(&greeting).expect("is a greeting");
    codec
}

/// What is heard on a connection on which so many bytes come at a time, in
/// words, and whether it ends in a fault. What is heard is answered before the
/// rest is read, as the program does.
fn told(codec: &mut Codec, stream: &[u8], at_a_time: usize) -> (Vec<String>, Vec<u8>, bool) {
    let mut heard = Vec::new();
    for mut rest in stream.chunks(at_a_time) {
        while !rest.is_empty() && codec.fault().is_none() {
            let taken = codec.feed_first(rest);
            assert!(taken > 0, "stands still");
            rest = &rest[taken..];
            for one in codec.take_heard() {
                heard.push(answered(codec, one));
            }
        }
    }
    (heard, codec.take_out(), codec.fault().is_some())
}

fn answered(codec: &mut Codec, heard: Heard) -> String {
    match heard {
        Heard::Connected => {
            let topic = Topic { filter: "gas/+".into(), fields: Vec::new() };
            _ = codec.subscribe(&[topic], 2);
            "connected".to_owned()
        }
        Heard::Subscribed(granted) => format!("{granted:?}"),
        Heard::Letter(letter) => format!("{} {:?}", letter.topic(), letter.body()),
        Heard::Life => "life".to_owned(),
    }
}

fuzz_target!(init: std::panic::set_hook(Box::new(|what| eprintln!("{what}"))), |data: &[u8]| {
    let Some((&[version, size], stream)) = data.split_first_chunk::<2>() else { return };
    let version = if version & 1 == 0 { MqttVersion::V3 } else { MqttVersion::V5 };
    let expected = told(&mut connected(version), stream, usize::MAX);
    let mut cut = connected(version);
    assert_eq!(told(&mut cut, stream, usize::from(size).max(1)), expected);
    cut.ping();
    cut.disconnect();
    // All at once, answered late.
    let mut late = connected(version);
    late.feed(stream);
    late.take_heard().into_iter().for_each(|one| _ = answered(&mut late, one));
});
