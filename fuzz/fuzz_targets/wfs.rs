//! A service: WFS (capabilities in XML, then pages of GeoJSON).
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::ask::{Wanted, ask};
use quanyu_fuzz::config::source::Service;

fuzz_target!(|data: &[u8]| {
    let Some((&feed, body)) = data.split_first() else { return };
    ask(Wanted::Service(Service::Wfs { type_names: "a:grid".into(), srs_name: None }), feed, body);
});
