//! A service: SensorThings (things with their last readings, in pages).
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::ask::{Wanted, ask};
use quanyu_fuzz::config::source::Service;

fuzz_target!(|data: &[u8]| {
    let Some((&feed, body)) = data.split_first() else { return };
    ask(Wanted::Service(Service::SensorThings), feed, body);
});
