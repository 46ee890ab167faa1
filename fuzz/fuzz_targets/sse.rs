//! Event streams: where chunks are cut makes no difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::ingest::sse::parser::Parser;

fuzz_target!(|data: &[u8]| {
    let Some((&size, stream)) = data.split_first() else { return };
    let mut whole = Parser::default();
    let expected = whole.feed(stream).expect("is short");
    let mut cut = Parser::default();
    let mut found = Vec::new();
    for chunk in stream.chunks(usize::from(size).max(1)) {
        found.extend(cut.feed(chunk).expect("is short"));
    }
    assert_eq!(found, expected);
    assert_eq!(cut.last_event_id(), whole.last_event_id());
    assert_eq!(cut.take_retry(), whole.take_retry());
    assert_eq!(cut.take_comment(), whole.take_comment());
});
