//! Coordinate systems: a name is read as it is written, a place is on Earth, and
//! the way there and back leads home.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::domain::crs::Crs;
use quanyu_fuzz::domain::crs::frame::{AxisOrder, Frame};
use quanyu_fuzz::domain::geometry::LonLat;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    is_swapped: bool,
    point: [f64; 2],
    /// Thousandths of a degree, in and around China.
    near: [u16; 2],
    name: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    let Some(crs) = Crs::parse(input.name) else { return };
    assert_eq!(Crs::parse(&crs.name()), Some(crs), "{:?} is named {}", input.name, crs.name());
    let order = if input.is_swapped { AxisOrder::LatLon } else { AxisOrder::LonLat };
    let frame = Frame::new(crs, order);
    let place = |point: [f64; 2]| match frame.place(point) {
        Ok([lon, lat]) => assert!(LonLat::new(lon, lat).is_valid(), "{point:?} of {crs:?} is {lon}, {lat}"),
        Err(misplaced) => assert!(!misplaced.to_string().is_empty()),
    };
    place(frame.sorted(input.point));
    let home = [70.0 + f64::from(input.near[0]) / 900.0, f64::from(input.near[1]) / 1_200.0];
    let there = crs.from_wgs84(home);
    place(there);
    // The other planes that EPSG numbers are true somewhere else.
    if !matches!(crs, Crs::Epsg(_)) && there.iter().all(|value| value.is_finite()) {
        let back = crs.to_wgs84(there);
        // A plane is not used far from where it is true.
        let is_near = (back[0] - home[0]).abs() < 1e-5 && (back[1] - home[1]).abs() < 1e-5;
        assert!(is_near || back.iter().any(|value| value.is_nan()), "{home:?} of {crs:?} came back as {back:?}");
    }
});
