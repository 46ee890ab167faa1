//! What one message of a broker is: records, ThingsBoard's telemetry, what
//! EMQX hands on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::config::source::{MqttOrigin, MqttVersion, Origin, Payload, Topic};
use quanyu_fuzz::ingest::decode::{Batch, Decoder};
use quanyu_fuzz::ingest::mqtt::payload::Reader;
use quanyu_fuzz::oracle::{self, PUSHED};
use quanyu_fuzz::sample::{ZONE, alone, source, stages};

fuzz_target!(|data: &[u8]| {
    let Some((&[kind, feed], message)) = data.split_first_chunk::<2>() else { return };
    let end = message.iter().position(|&byte| byte == b'\n').unwrap_or(0);
    let (topic, body) = message.split_at(end);
    let payload = [Payload::Records, Payload::ThingsBoard, Payload::Emqx][usize::from(kind) % 3];
    let feed = PUSHED[usize::from(feed) % PUSHED.len()];
    let id = if feed == quanyu_fuzz::config::source::Feed::Figures { "key" } else { "id" };
    let topics = vec![Topic { filter: "gas/+/up/+".into(), fields: vec![(1, id.to_owned()), (3, "name".into())] }];
    let mut source = source(feed);
    source.origin = Origin::Mqtt(Box::new(MqttOrigin {
        url: "mqtt://h".into(),
        topics: topics.clone(),
        version: MqttVersion::V5,
        client_id: None,
        username: None,
        password: None,
        qos: 1,
        keep_alive_secs: 30,
        clean_session: true,
        payload,
        deadlines: Default::default(),
    }));
    let decoder = Decoder::new(&source, &ZONE, &stages());
    let mut batch = Batch::new(&decoder);
    let reader = Reader::new(payload, &topics, &decoder);
    if let Err(fault) = reader.read(&mut batch, &String::from_utf8_lossy(topic), body) {
        batch.note_unreadable(&fault);
    }
    oracle::check(&alone(|| batch.finish()), &source);
});
