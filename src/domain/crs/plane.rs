//! Coordinate systems that a library knows: the planes of Chinese government
//! data, and whatever else EPSG numbers.
//!
//! In: a [`Crs`] by number or by its central meridian. Out: a [`Plane`] that
//! turns its coordinates into WGS-84 and back, and says which cannot be its
//! own.
//!
//! How it works: `crs-definitions` has the parameters, `proj4rs` (PROJ's
//! projections, within 10⁻⁶ m of it) computes. East always comes before north,
//! whatever order EPSG gives the axes. CGCS2000 is taken for WGS-84. Beijing
//! 1954 and Xi'an 1980 are as exact as the library's shift, which is to some
//! ten metres, or none at all: what a city really used is not public.

use std::fmt;

use proj4rs::Proj;
use proj4rs::transform::transform;

use super::Crs;
use super::frame::SWAP_AXES;

/// How far beyond its zone a plane is used, degrees: a city that lies across
/// the edge of a zone is drawn in one of them.
const MARGIN_DEG: f64 = 1.5;

/// How far from its central meridian any other transverse Mercator is used.
const WIDEST_DEG: f64 = 15.0;

/// Where Gauss–Krüger is used: China and its seas.
const CHINA_LAT: std::ops::RangeInclusive<f64> = 0.0..=57.0;

/// Eastings begin here in each zone.
const FALSE_EASTING_M: f64 = 500_000.0;

/// A number of a zone stands in front of the easting's seventh digit.
const ZONE_M: f64 = 1_000_000.0;

/// A way there and back must end this near, metres or degrees.
const MISS_M: f64 = 1.0;
const MISS_DEG: f64 = 1e-5;

/// The plane of Gauss–Krüger on CGCS2000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GaussKruger {
    /// 3 or 6 degrees.
    zone_deg: u8,
    /// Central meridian, millionths of a degree.
    meridian: i32,
    /// The number of the zone, where it stands in front of the easting.
    zone: Option<u8>,
}

impl GaussKruger {
    /// Reads `cgcs2000-gk3-118.5` (central meridian) or `cgcs2000-gk3-zone40`
    /// (number of the zone, in front of the easting), any case, `_` or a
    /// space for `-`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase().replace(['_', ' '], "-");
        let rest = text.strip_prefix("cgcs2000-gk")?;
        let (zone_deg, place) = rest.split_once('-')?;
        let zone_deg: u8 = zone_deg.parse().ok().filter(|deg| [3, 6].contains(deg))?;
        if let Some(number) = place.strip_prefix("zone") {
            let zone: u8 = number.parse().ok()?;
            let zones = if zone_deg == 3 { 24..=46 } else { 13..=23 };
            let meridian = i32::from(zone) * i32::from(zone_deg) - if zone_deg == 6 { 3 } else { 0 };
            return zones.contains(&zone).then_some(Self {
                zone_deg,
                meridian: meridian * 1_000_000,
                zone: Some(zone),
            });
        }
        let meridian: f64 = place.parse().ok().filter(|deg| (70.0..=140.0).contains(deg))?;
        Some(Self { zone_deg, meridian: (meridian * 1e6).round() as i32, zone: None })
    }

    fn meridian_deg(self) -> f64 {
        f64::from(self.meridian) / 1e6
    }

    fn false_easting_m(self) -> f64 {
        FALSE_EASTING_M + self.zone.map_or(0.0, |zone| f64::from(zone) * ZONE_M)
    }

    fn definition(self) -> String {
        let (meridian, easting) = (self.meridian_deg(), self.false_easting_m());
        format!("+proj=tmerc +lat_0=0 +lon_0={meridian} +k=1 +x_0={easting} +y_0=0 +ellps=GRS80 +units=m +no_defs")
    }
}

impl fmt::Display for GaussKruger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cgcs2000-gk{}-", self.zone_deg)?;
        match self.zone {
            Some(zone) => write!(f, "zone{zone}"),
            None => write!(f, "{}", self.meridian_deg()),
        }
    }
}

/// A coordinate system, ready to compute with.
pub struct Plane {
    proj: Proj,
    wgs84: Proj,
    /// Degrees from the central meridian that are still its own.
    reach_deg: Option<(f64, f64)>,
    /// It is Gauss–Krüger as used in China.
    is_gauss_kruger: bool,
    is_degrees: bool,
}

impl fmt::Debug for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plane({})", self.proj.projname())
    }
}

impl Plane {
    /// The plane of `crs`; `None` for those that need none, and for numbers
    /// that the library does not know or cannot compute.
    pub fn of(crs: Crs) -> Option<Self> {
        let (definition, zone_deg) = match crs {
            Crs::GaussKruger(plane) => (plane.definition(), Some(plane.zone_deg)),
            Crs::Epsg(code) => (crs_definitions::from_code(code)?.proj4.to_owned(), zone_of_epsg(code)),
            _ => return None,
        };
        let proj = Proj::from_proj_string(&definition).ok()?;
        let wgs84 = Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs").ok()?;
        if proj.is_geocent() || !proj.has_inverse() || !proj.has_forward() {
            return None;
        }
        let is_transverse = matches!(proj.projname(), "tmerc" | "etmerc" | "utm");
        let reach = zone_deg.map_or(WIDEST_DEG, |zone| f64::from(zone) / 2.0 + MARGIN_DEG);
        let meridian = proj.longitude_of_origin().to_degrees();
        Some(Self {
            reach_deg: is_transverse.then_some((meridian, reach)),
            is_gauss_kruger: zone_deg.is_some(),
            is_degrees: proj.is_latlong(),
            proj,
            wgs84,
        })
    }

    /// WGS-84 degrees of a place in this system; `None` where it cannot be in
    /// it.
    pub fn to_wgs84(&self, point: [f64; 2]) -> Option<[f64; 2]> {
        let place = self.raw_to_wgs84(point)?;
        let back = self.from_wgs84(place)?;
        let most = if self.is_degrees { MISS_DEG } else { MISS_M };
        let is_near = (back[0] - point[0]).abs() < most && (back[1] - point[1]).abs() < most;
        (is_near && self.is_own(place)).then_some(place)
    }

    /// A place of WGS-84 in this system; `None` where it has none.
    pub fn from_wgs84(&self, [lon, lat]: [f64; 2]) -> Option<[f64; 2]> {
        let mut pair = (lon.to_radians(), lat.to_radians());
        transform(&self.wgs84, &self.proj, &mut pair).ok()?;
        let (x, y) = if self.is_degrees { (pair.0.to_degrees(), pair.1.to_degrees()) } else { pair };
        (x.is_finite() && y.is_finite()).then_some([x, y])
    }

    fn raw_to_wgs84(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        if !x.is_finite() || !y.is_finite() {
            return None;
        }
        let mut pair = if self.is_degrees { (x.to_radians(), y.to_radians()) } else { (x, y) };
        transform(&self.proj, &self.wgs84, &mut pair).ok()?;
        let place = [pair.0.to_degrees(), pair.1.to_degrees()];
        (place[0].abs() <= 180.0 && place[1].abs() <= 90.0).then_some(place)
    }

    fn is_own(&self, [lon, lat]: [f64; 2]) -> bool {
        self.reach_deg.is_none_or(|(meridian, reach)| (lon - meridian).abs() <= reach)
            && (!self.is_gauss_kruger || CHINA_LAT.contains(&lat))
    }

    /// What a place that cannot be in this system looks like instead, for
    /// whoever wrote the configuration.
    pub fn advice(&self, [x, y]: [f64; 2]) -> Option<String> {
        if self.is_degrees {
            return None;
        }
        if x.abs() <= 180.0 && y.abs() <= 90.0 {
            return Some("像是经纬度".to_owned());
        }
        if self.to_wgs84([y, x]).is_some() {
            return Some(format!("两个数像是写反了(北在前),{SWAP_AXES}"));
        }
        if !self.is_gauss_kruger {
            return None;
        }
        let zone = |easting: f64| Some((easting / ZONE_M).floor()).filter(|zone| (13.0..=46.0).contains(zone));
        let own = zone(self.proj.false_easting());
        match (own, zone(x)) {
            (None, Some(zone)) => Some(format!("东坐标前有带号 {zone}")),
            (Some(own), Some(zone)) if own != zone => Some(format!("带号是 {zone},不是 {own}")),
            (Some(_), None) => Some("东坐标前没有带号".to_owned()),
            _ => None,
        }
    }
}

/// The width of the zones of the Gauss–Krüger planes that EPSG numbers for
/// China (Beijing 1954, Xi'an 1980, CGCS2000), degrees.
fn zone_of_epsg(code: u16) -> Option<u8> {
    match code {
        2327..=2348 | 4491..=4512 | 21_413..=21_423 | 21_453..=21_463 => Some(6),
        2349..=2390 | 2401..=2442 | 4513..=4554 => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plane(name: &str) -> Plane {
        Plane::of(Crs::parse(name).unwrap_or_else(|| panic!("{name} is not known"))).unwrap()
    }

    /// Computed by PROJ 9.5.1 (pyproj, `always_xy`).
    const BY_PROJ: [(&str, [f64; 2], [f64; 2]); 16] = [
        ("EPSG:4549", [119.1, 32.05], [415_000.816, 3_547_751.072]),
        ("EPSG:4549", [121.4, 40.5], [618_676.742, 4_485_990.494]),
        ("EPSG:4528", [119.1, 32.05], [40_415_000.816, 3_547_751.072]),
        ("EPSG:4547", [113.1, 32.05], [415_000.816, 3_547_751.072]),
        ("EPSG:4498", [118.4, 40.5], [20_618_676.742, 4_485_990.494]),
        ("EPSG:4513", [74.1, 32.05], [25_415_000.816, 3_547_751.072]),
        ("EPSG:4554", [136.4, 40.5], [618_676.742, 4_485_990.494]),
        ("cgcs2000-gk3-120", [119.1, 32.05], [415_000.816, 3_547_751.072]),
        ("cgcs2000-gk3-zone40", [119.1, 32.05], [40_415_000.816, 3_547_751.072]),
        ("cgcs2000-gk6-zone20", [118.4, 40.5], [20_618_676.742, 4_485_990.494]),
        ("cgcs2000-gk3-118.5", [118.79, 32.06], [527_385.202, 3_548_542.461]),
        ("CGCS2000_GK3_119", [118.79, 32.06], [480_169.353, 3_548_524.964]),
        ("EPSG:32650", [118.79, 32.06], [668_976.962, 3_548_487.637]),
        ("EPSG:3826", [121.5, 25.03], [300_458.150, 2_769_193.576]),
        ("EPSG:2326", [114.17, 22.31], [835_559.692, 819_003.099]),
        ("EPSG:27700", [-0.12, 51.5], [530_591.166, 179_571.065]),
    ];

    #[test]
    fn it_agrees_with_proj() {
        for (name, [lon, lat], point) in BY_PROJ {
            let [found_lon, found_lat] = plane(name).to_wgs84(point).unwrap_or_else(|| panic!("{name}"));
            // PROJ takes grids and the newest shifts for the last two.
            let limit = if name == "EPSG:27700" {
                5e-5
            } else if name == "EPSG:2326" {
                2e-5
            } else {
                2e-8
            };
            let miss = (found_lon - lon).abs().max((found_lat - lat).abs());
            assert!(miss < limit, "{name}: {found_lon} {found_lat} ({miss:e})");
        }
    }

    #[test]
    fn old_chinese_datums_are_near_and_not_exact() {
        // PROJ: 120.00068641, 32.07312251 and 120, 32.07346107.
        let [lon, lat] = plane("EPSG:2437").to_wgs84([500_000.0, 3_550_000.0]).unwrap();
        assert!((lon - 120.0006864).abs() < 1e-3 && (lat - 32.0731225).abs() < 1e-3, "{lon} {lat}");
        let [lon, lat] = plane("EPSG:2385").to_wgs84([500_000.0, 3_550_000.0]).unwrap();
        assert!((lon - 120.0).abs() < 1e-7 && (lat - 32.0734611).abs() < 1e-7, "{lon} {lat}");
    }

    #[test]
    fn what_cannot_be_in_the_zone_is_nowhere_and_told() {
        let advice = |name: &str, point: [f64; 2]| {
            let plane = plane(name);
            assert_eq!(plane.to_wgs84(point), None, "{name} {point:?}");
            plane.advice(point).unwrap_or_default()
        };
        assert!(advice("EPSG:4549", [40_415_000.0, 3_547_751.0]).contains("带号 40"));
        assert!(advice("EPSG:4528", [415_000.0, 3_547_751.0]).contains("没有带号"));
        assert!(advice("EPSG:4528", [39_415_000.0, 3_547_751.0]).contains("带号是 39"));
        assert!(advice("EPSG:4549", [3_547_751.0, 415_000.0]).contains("axis_order"));
        assert!(advice("EPSG:4549", [118.79, 32.06]).contains("经纬度"));
        assert!(advice("cgcs2000-gk3-118.5", [118.79, 32.06]).contains("经纬度"));
        // Six degrees away: another zone.
        assert_eq!(advice("EPSG:4549", [1_100_000.0, 3_547_751.0]), "");
        assert_eq!(advice("EPSG:4549", [415_000.0, -3_547_751.0]), "");
        assert_eq!(advice("EPSG:4549", [f64::NAN, 3_547_751.0]), "");
        assert_eq!(advice("EPSG:4549", [1e300, -1e300]), "");
    }

    #[test]
    fn names_are_read_and_written() {
        for name in ["cgcs2000-gk3-118.5", "cgcs2000-gk3-zone40", "cgcs2000-gk6-117", "EPSG:4549", "EPSG:32650"] {
            assert_eq!(Crs::parse(name).map(|crs| crs.name().into_owned()).as_deref(), Some(name));
        }
        for name in [
            "cgcs2000-gk4-118",
            "cgcs2000-gk3-zone12",
            "cgcs2000-gk6-zone40",
            "cgcs2000-gk3-20",
            "cgcs2000-gk3",
            "EPSG:1",
            // Earth-centred: no plane.
            "EPSG:4479",
            "EPSG:99999",
        ] {
            assert_eq!(Crs::parse(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn planes_round_trip(lon in 117.1..122.9_f64, lat in 1.0..55.0_f64) {
            for name in ["EPSG:4549", "cgcs2000-gk3-zone40"] {
                let plane = plane(name);
                let back = plane.from_wgs84([lon, lat]).and_then(|point| plane.to_wgs84(point)).unwrap();
                prop_assert!((back[0] - lon).abs() < 1e-9 && (back[1] - lat).abs() < 1e-9, "{back:?}");
            }
        }

        #[test]
        fn no_number_panics_or_leaves_the_zone(x in any::<f64>(), y in any::<f64>(), near in -5e7..5e7_f64) {
            let plane = plane("EPSG:4549");
            for point in [[x, y], [near, y], [near, near / 7.0], [near, 3.5e6]] {
                if let Some([lon, lat]) = plane.to_wgs84(point) {
                    prop_assert!((lon - 120.0).abs() <= 3.0 && (0.0..=57.0).contains(&lat));
                }
                _ = plane.advice(point);
            }
        }

        #[test]
        fn no_code_panics(code in any::<u16>(), x in -1e7..1e7_f64, y in -1e7..1e7_f64) {
            if let Some(plane) = Plane::of(Crs::Epsg(code)) {
                _ = plane.to_wgs84([x, y]);
                _ = plane.advice([x, y]);
            }
        }
    }
}
