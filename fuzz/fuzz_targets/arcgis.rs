//! A service: ArcGIS (the layer, then pages of GeoJSON or Esri JSON).
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::ask::{Wanted, ask};
use quanyu_fuzz::config::source::Service;

fuzz_target!(|data: &[u8]| {
    let Some((&feed, body)) = data.split_first() else { return };
    ask(Wanted::Service(Service::ArcGis { filter: "1=1".into() }), feed, body);
});
