//! A service: OGC API – Features (landing page, conformance, collections, then pages).
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::ask::{Wanted, ask};
use quanyu_fuzz::config::source::Service;

fuzz_target!(|data: &[u8]| {
    let Some((&feed, body)) = data.split_first() else { return };
    ask(Wanted::Service(Service::OgcFeatures { collection: Some("grid".into()), since: false }), feed, body);
});
