//! Answers in pages: links, numbers, offsets, cursors. They end, and what comes
//! is what a decoder promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::ask::{Wanted, ask, paging};

fuzz_target!(|data: &[u8]| {
    let Some((&[first, second], body)) = data.split_first_chunk::<2>() else { return };
    ask(Wanted::Pages(paging(first)), second, body);
});
