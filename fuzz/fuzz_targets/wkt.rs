//! Geometries in a field (WKT, EWKT, GeoJSON as text): upper and lower case
//! mean the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::config::source::Feed;
use quanyu_fuzz::ingest::decode::Format;
use quanyu_fuzz::sample::{decode_both_ways, source};
use serde_json::json;

fuzz_target!(|text: &str| {
    for feed in [Feed::Areas, Feed::Context, Feed::Events] {
        let read = |text: &str| {
            let record = json!([{ "id": "1", "code": "1", "kind": "water", "time": 1_755_219_900, "geometry": text }]);
            let decoded = decode_both_ways(&source(feed), record.to_string().as_bytes(), Format::Json);
            decoded.map(|decoded| format!("{:?}", decoded.records))
        };
        // GeoJSON has cases.
        if !text.contains(['{', '[']) {
            assert_eq!(read(&text.to_ascii_lowercase()), read(&text.to_ascii_uppercase()));
        }
        read(text);
    }
});
