//! Whole answers in JSON, for every feed: one pass and chunks give the same,
//! and what comes out is masked, on Earth and sound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::ingest::decode::Format;
use quanyu_fuzz::sample::{decode_both_ways, source_of};

fuzz_target!(|data: &[u8]| {
    let Some((&head, body)) = data.split_first_chunk::<2>() else { return };
    decode_both_ways(&source_of(head), body, Format::Unknown);
});
