//! FlatGeobuf, for every feed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::ingest::decode::Format;
use quanyu_fuzz::sample::{decode_both_ways, source_of};

fuzz_target!(|data: &[u8]| {
    let Some((&head, body)) = data.split_first_chunk::<2>() else { return };
    // Nothing else is looked at here.
    if body.starts_with(b"fgb") {
        decode_both_ways(&source_of(head), body, Format::Unknown);
    }
});
