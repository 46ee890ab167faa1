//! Tables, for every feed: one pass and pieces give the same, and how lines end
//! makes no difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::ingest::decode::Format;
use quanyu_fuzz::sample::{decode, decode_both_ways, source_of};

fuzz_target!(|data: &[u8]| {
    let Some((&head, body)) = data.split_first_chunk::<2>() else { return };
    let source = source_of(head);
    let decoded = decode_both_ways(&source, body, Format::Csv);
    // Within quotes an end of line is a part of the text.
    let is_plain = !body.iter().any(|byte| matches!(byte, b'"' | b'\r')) && std::str::from_utf8(body).is_ok();
    if let Some(decoded) = decoded.filter(|_| is_plain) {
        let crlf: Vec<u8> =
            body.iter().flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] }).collect();
        let again = decode(&source, &crlf, Format::Csv).expect("was read before");
        assert_eq!(format!("{:?}", again.records), format!("{:?}", decoded.records), "CRLF differs from LF");
    }
});
