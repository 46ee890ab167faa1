//! Coordinate systems in Chinese use, and the plane that the map draws in.
//!
//! In: coordinates as a source wrote them, with the [`Crs`] that its
//! configuration names. Out: WGS-84 degrees, Web Mercator metres, or metres
//! around an origin ([`Projection`]). [`frame`] says how a source writes
//! places, [`plane`] has the systems that a library computes, [`wkt`] reads
//! which system a file names.
//!
//! How it works: GCJ-02 and BD-09 are published only as forward formulas
//! (WGS-84 → GCJ-02 → BD-09), so the way back is a fixed-point iteration on the
//! forward formula. The shifts change by less than 10⁻² of a step, so ten steps
//! reach 10⁻⁹ degrees (0.1 mm); a round trip loses nothing that a wall shows.
//!
//! Formulas: GCJ-02 as in `eviltransform` and `gcoord` (both MIT), with the
//! Krasovsky 1940 ellipsoid; Web Mercator as EPSG:3857, a sphere of
//! 6,378,137 m.

pub mod frame;
pub mod plane;
pub mod wkt;

use std::borrow::Cow;

use super::geometry::LonLat;
use plane::{GaussKruger, Plane};

/// Radius of the Web Mercator sphere, metres (EPSG:3857).
pub const EARTH_RADIUS_M: f64 = 6_378_137.0;

/// Largest latitude of Web Mercator, degrees: there the world is a square.
pub const MAX_MERCATOR_LAT: f64 = 85.051_129;

/// A coordinate system that source data may be in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Crs {
    /// EPSG:4326, longitude first.
    #[default]
    Wgs84,
    /// EPSG:4490; equal to WGS-84 on a wall.
    Cgcs2000,
    /// The "Mars" datum of Chinese map services.
    Gcj02,
    /// Baidu's datum on top of GCJ-02.
    Bd09,
    /// EPSG:3857, metres.
    WebMercator,
    /// A plane of Gauss–Krüger on CGCS2000, metres.
    GaussKruger(GaussKruger),
    /// Any other that EPSG numbers and [`Plane`] computes.
    Epsg(u16),
}

impl Crs {
    /// The names that configuration uses for those that need no number.
    pub const NAMES: [&'static str; 5] = ["wgs84", "cgcs2000", "gcj02", "bd09", "web-mercator"];

    /// The name in configuration.
    pub fn name(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Wgs84 => Self::NAMES[0],
            Self::Cgcs2000 => Self::NAMES[1],
            Self::Gcj02 => Self::NAMES[2],
            Self::Bd09 => Self::NAMES[3],
            Self::WebMercator => Self::NAMES[4],
            Self::GaussKruger(plane) => return Cow::Owned(plane.to_string()),
            Self::Epsg(code) => return Cow::Owned(format!("EPSG:{code}")),
        })
    }

    /// Reads a name in any case, with or without `-`, `_` and spaces, an EPSG
    /// code (`EPSG:4490`, `4549`, `urn:ogc:def:crs:EPSG::3857`), or a plane of
    /// Gauss–Krüger ([`GaussKruger::parse`]). Codes that nobody computes are
    /// none.
    ///
    /// Only the system is read: in which order a feed writes the two numbers
    /// is [`frame::AxisOrder`].
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(plane) = GaussKruger::parse(text) {
            return Some(Self::GaussKruger(plane));
        }
        let plain: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let code = plain.rsplit("epsg").next().unwrap_or(&plain).trim_start_matches('0');
        Some(match code {
            "wgs84" | "4326" | "crs84" | "wgs84ll" | "urnogcdefcrsogc13crs84" => Self::Wgs84,
            "cgcs2000" | "4490" => Self::Cgcs2000,
            "gcj02" | "gcj" | "mars" | "火星" | "火星坐标" => Self::Gcj02,
            "bd09" | "bd09ll" | "baidu" | "百度" | "百度坐标" => Self::Bd09,
            "webmercator" | "mercator" | "3857" | "900913" | "102100" => Self::WebMercator,
            code => {
                let crs = Self::Epsg(code.parse().ok()?);
                return Plane::of(crs).map(|_| crs);
            }
        })
    }

    /// Whether it is a datum in degrees that tiles and hints can be in.
    pub const fn is_datum(self) -> bool {
        matches!(self, Self::Wgs84 | Self::Cgcs2000 | Self::Gcj02 | Self::Bd09)
    }

    /// Whether data that say of themselves to be in `named` are rightly read in
    /// this system: both put a place at the same coordinates. What is in GCJ-02
    /// or BD-09 has no other name in a file than WGS-84 or CGCS2000.
    pub fn goes_with(self, named: Self) -> bool {
        // In most systems that occur in China.
        const PLACE: [f64; 2] = [114.0, 32.0];
        let told = if matches!(self, Self::Gcj02 | Self::Bd09) { Self::Wgs84 } else { self };
        let mut pairs = told.from_wgs84(PLACE).into_iter().zip(named.from_wgs84(PLACE));
        told == named || pairs.all(|(one, other)| (one - other).abs() <= 1e-6 * one.abs())
    }

    /// Converts a coordinate pair of this system (longitude or x first) to
    /// WGS-84 degrees; not a number where it is none. For many pairs of a
    /// plane, [`frame::Frame`] is faster.
    pub fn to_wgs84(self, point: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => point,
            Self::Gcj02 => wgs84_from_gcj02(point),
            Self::Bd09 => wgs84_from_gcj02(gcj02_from_bd09(point)),
            Self::WebMercator => {
                let place = lonlat_from_mercator(point);
                [place.lon, place.lat]
            }
            Self::GaussKruger(_) | Self::Epsg(_) => {
                Plane::of(self).and_then(|plane| plane.to_wgs84(point)).unwrap_or([f64::NAN; 2])
            }
        }
    }

    /// Converts WGS-84 degrees, longitude first, to this system.
    pub fn from_wgs84(self, point: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => point,
            Self::Gcj02 => gcj02_from_wgs84(point),
            Self::Bd09 => bd09_from_gcj02(gcj02_from_wgs84(point)),
            Self::WebMercator => mercator_from_lonlat(LonLat::new(point[0], point[1])),
            Self::GaussKruger(_) | Self::Epsg(_) => {
                Plane::of(self).and_then(|plane| plane.from_wgs84(point)).unwrap_or([f64::NAN; 2])
            }
        }
    }
}

/// Steps after which an inverse stops; it converges in five to ten.
const MAX_STEPS: usize = 32;

/// An inverse is done when its image is this near to the target, degrees.
const TOLERANCE_DEG: f64 = 1e-9;

/// Whether GCJ-02 shifts a WGS-84 place: the rectangle around China.
fn is_shifted([lon, lat]: [f64; 2]) -> bool {
    (72.004..=137.8347).contains(&lon) && (0.8293..=55.8271).contains(&lat)
}

/// GCJ-02 of a WGS-84 place; the same place outside the rectangle around China.
fn gcj02_from_wgs84(wgs: [f64; 2]) -> [f64; 2] {
    if is_shifted(wgs) { gcj02_everywhere(wgs) } else { wgs }
}

/// Sines of an angle's multiples, named by their period in half turns.
struct Waves {
    thirty: f64,
    twelve: f64,
    three: f64,
    one: f64,
    half: f64,
    sixth: f64,
}

impl Waves {
    /// One sine and one cosine, and the rest by addition theorems: a million
    /// places take four rounds each. They lose 10⁻¹² of the wave, which is
    /// nothing on the ground.
    fn of(value: f64) -> Self {
        type Angle = (f64, f64);
        let twice = |(sin, cos): Angle| (2.0 * sin * cos, 1.0 - 2.0 * sin * sin);
        let thrice = |(sin, cos): Angle| ((3.0 - 4.0 * sin * sin) * sin, (4.0 * cos * cos - 3.0) * cos);
        let sum = |(sin, cos): Angle, (other_sin, other_cos): Angle| {
            (sin * other_cos + cos * other_sin, cos * other_cos - sin * other_sin)
        };
        let sixtieth = (value * std::f64::consts::PI / 60.0).sin_cos();
        let thirty = twice(sixtieth);
        let twelve = sum(twice(thirty), sixtieth);
        let three = twice(twice(twelve));
        let one = thrice(three);
        let half = twice(one);
        let sixth = thrice(half);
        Self { thirty: thirty.0, twelve: twelve.0, three: three.0, one: one.0, half: half.0, sixth: sixth.0 }
    }
}

/// The GCJ-02 formula without its rectangle.
fn gcj02_everywhere([lon, lat]: [f64; 2]) -> [f64; 2] {
    const SEMI_MAJOR_M: f64 = 6_378_245.0;
    const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;

    let (x, y) = (lon - 105.0, lat - 35.0);
    let root = x.abs().sqrt();
    let (wave_x, wave_y) = (Waves::of(x), Waves::of(y));
    let ripple = 20.0 * wave_x.sixth + 20.0 * wave_x.half;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + (ripple + 20.0 * wave_y.one + 40.0 * wave_y.three + 160.0 * wave_y.twelve + 320.0 * wave_y.thirty) * 2.0
            / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + (ripple + 20.0 * wave_x.one + 40.0 * wave_x.three + 150.0 * wave_x.twelve + 300.0 * wave_x.thirty) * 2.0
            / 3.0;

    let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
    let magic = 1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat;
    let meridian_m = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (magic * magic.sqrt());
    let parallel_m = SEMI_MAJOR_M / magic.sqrt() * cos_lat;
    [lon + (east / parallel_m).to_degrees(), lat + (north / meridian_m).to_degrees()]
}

/// WGS-84 of a GCJ-02 place.
///
/// Solved without the rectangle, and taken only when the solution lies inside
/// it, so that each shifted place comes back, also next to the edge.
fn wgs84_from_gcj02(gcj: [f64; 2]) -> [f64; 2] {
    let near_rectangle = (71.0..=139.0).contains(&gcj[0]) && (0.0..=57.0).contains(&gcj[1]);
    if !near_rectangle {
        return gcj;
    }
    let wgs = invert(gcj, gcj, gcj02_everywhere);
    if is_shifted(wgs) { wgs } else { gcj }
}

/// Baidu's angle constant, degrees.
const BD09_WAVE: f64 = std::f64::consts::PI * 3000.0 / 180.0;

/// BD-09 of a GCJ-02 place.
fn bd09_from_gcj02([lon, lat]: [f64; 2]) -> [f64; 2] {
    let radius = lon.hypot(lat) + 2e-5 * (lat * BD09_WAVE).sin();
    let angle = lat.atan2(lon) + 3e-6 * (lon * BD09_WAVE).cos();
    [radius * angle.cos() + 0.0065, radius * angle.sin() + 0.006]
}

/// GCJ-02 of a BD-09 place.
fn gcj02_from_bd09(bd: [f64; 2]) -> [f64; 2] {
    invert(bd, [bd[0] - 0.0065, bd[1] - 0.006], bd09_from_gcj02)
}

/// Finds the point that `forward` maps to `target`, from a first guess, for a
/// `forward` that is nearly a translation.
fn invert(target: [f64; 2], guess: [f64; 2], forward: impl Fn([f64; 2]) -> [f64; 2]) -> [f64; 2] {
    let mut at = guess;
    for _ in 0..MAX_STEPS {
        let image = forward(at);
        let miss = [target[0] - image[0], target[1] - image[1]];
        at = [at[0] + miss[0], at[1] + miss[1]];
        // One step past the tolerance is free and wins two more digits.
        if miss[0].abs() < TOLERANCE_DEG && miss[1].abs() < TOLERANCE_DEG {
            break;
        }
    }
    at
}

/// Web Mercator metres of a WGS-84 place; latitudes beyond
/// ±[`MAX_MERCATOR_LAT`] are clamped.
pub fn mercator_from_lonlat(place: LonLat) -> [f64; 2] {
    let sin_lat = place.lat.clamp(-MAX_MERCATOR_LAT, MAX_MERCATOR_LAT).to_radians().sin();
    // atanh(sin φ), the quickest exact form: cities have hundreds of thousands of vertices.
    let stretched = ((1.0 + sin_lat) / (1.0 - sin_lat)).ln() / 2.0;
    [EARTH_RADIUS_M * place.lon.to_radians(), EARTH_RADIUS_M * stretched]
}

/// WGS-84 place of Web Mercator metres.
pub fn lonlat_from_mercator([x, y]: [f64; 2]) -> LonLat {
    LonLat::new((x / EARTH_RADIUS_M).to_degrees(), (y / EARTH_RADIUS_M).sinh().atan().to_degrees())
}

/// Length of the great circle between two places, metres (haversine on the
/// Web Mercator sphere; within 0.6 % of the ellipsoid).
pub fn distance_m(a: LonLat, b: LonLat) -> f64 {
    let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin();
    let (dlat, dlon) = (half(a.lat, b.lat), half(a.lon, b.lon));
    let chord = dlat * dlat + a.lat.to_radians().cos() * b.lat.to_radians().cos() * dlon * dlon;
    2.0 * EARTH_RADIUS_M * chord.sqrt().min(1.0).asin()
}

/// The plane that the map draws in: metres east and north of an origin.
///
/// It is Web Mercator, moved to the origin and scaled by the cosine of the
/// origin's latitude. So it is conformal everywhere (circles stay circles), a
/// straight scaling of any web map, true to scale at the origin, and off by
/// tan(latitude) · Δlatitude elsewhere: 0.1 % at 10 km in Nanjing. Values stay
/// small enough for `f32` to hold 4 mm at 50 km.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    origin: LonLat,
    origin_mercator: [f64; 2],
    /// Local metres for each Mercator metre.
    scale: f64,
}

impl Projection {
    /// A plane whose (0, 0) is `origin`; its latitude is clamped to
    /// ±[`MAX_MERCATOR_LAT`], and an origin that is not a number becomes (0, 0).
    pub fn new(origin: LonLat) -> Self {
        let origin = if origin.is_valid() { origin } else { LonLat::default() };
        let lat = origin.lat.clamp(-MAX_MERCATOR_LAT, MAX_MERCATOR_LAT);
        let origin = LonLat::new(origin.lon, lat);
        Self { origin, origin_mercator: mercator_from_lonlat(origin), scale: lat.to_radians().cos() }
    }

    /// The place at (0, 0).
    pub const fn origin(&self) -> LonLat {
        self.origin
    }

    /// Local metres (east, north) of WGS-84 degrees, longitude first.
    pub fn local_from_lonlat(&self, [lon, lat]: [f64; 2]) -> [f64; 2] {
        let [x, y] = mercator_from_lonlat(LonLat::new(lon, lat));
        [(x - self.origin_mercator[0]) * self.scale, (y - self.origin_mercator[1]) * self.scale]
    }

    /// WGS-84 degrees, longitude first, of local metres (east, north).
    pub fn lonlat_from_local(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let place =
            lonlat_from_mercator([x / self.scale + self.origin_mercator[0], y / self.scale + self.origin_mercator[1]]);
        [place.lon, place.lat]
    }

    /// Local metres for each metre on the ground at `lat` degrees: 1 at the
    /// origin, more towards the poles.
    pub fn stretch_at(&self, lat: f64) -> f64 {
        self.scale / lat.clamp(-MAX_MERCATOR_LAT, MAX_MERCATOR_LAT).to_radians().cos()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Text of a file of real data, or `None` with a line saying so.
    fn realdata(path: &str) -> Option<String> {
        let root = std::env::var("QUANYU_REALDATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/realdata").into());
        let text = std::fs::read_to_string(format!("{root}/{path}")).ok();
        if text.is_none() {
            eprintln!("skipped: no realdata");
        }
        text
    }

    fn miss([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
        (ax - bx).abs().max((ay - by).abs())
    }

    #[test]
    fn names_are_read_in_every_spelling() {
        for crs in [Crs::Wgs84, Crs::Cgcs2000, Crs::Gcj02, Crs::Bd09, Crs::WebMercator] {
            assert_eq!(Crs::parse(&crs.name()), Some(crs));
            assert_eq!(Crs::parse(&crs.name().to_uppercase()), Some(crs));
        }
        assert_eq!(Crs::parse("EPSG:4326"), Some(Crs::Wgs84));
        assert_eq!(Crs::parse("EPSG:03857"), Some(Crs::WebMercator));
        assert_eq!(Crs::parse("epsg:4490"), Some(Crs::Cgcs2000));
        assert_eq!(Crs::parse("urn:ogc:def:crs:EPSG::3857"), Some(Crs::WebMercator));
        assert_eq!(Crs::parse("urn:ogc:def:crs:OGC:1.3:CRS84"), Some(Crs::Wgs84));
        assert_eq!(Crs::parse("GCJ-02"), Some(Crs::Gcj02));
        assert_eq!(Crs::parse("bd_09"), Some(Crs::Bd09));
        assert_eq!(Crs::parse("EPSG:4547"), Some(Crs::Epsg(4547)));
        assert_eq!(Crs::parse("EPSG:1"), None);
        assert_eq!(Crs::parse(""), None);
    }

    #[test]
    fn a_file_is_believed_where_its_system_would_put_places_elsewhere() {
        let crs = |name: &str| Crs::parse(name).unwrap_or_else(|| panic!("{name}"));
        for (declared, named) in [
            ("wgs84", "cgcs2000"),
            ("gcj02", "wgs84"),
            ("bd09", "cgcs2000"),
            ("cgcs2000-gk3-120", "EPSG:4549"),
            ("EPSG:27700", "EPSG:27700"),
        ] {
            assert!(crs(declared).goes_with(crs(named)), "{declared} {named}");
        }
        for (declared, named) in [
            ("wgs84", "EPSG:4549"),
            ("gcj02", "EPSG:4549"),
            ("EPSG:4549", "wgs84"),
            ("EPSG:4549", "EPSG:4528"),
            ("EPSG:4549", "EPSG:2437"),
            ("web-mercator", "EPSG:32650"),
        ] {
            assert!(!crs(declared).goes_with(crs(named)), "{declared} {named}");
        }
    }

    #[test]
    fn published_vectors_hold() {
        let Some(text) = realdata("crs/vectors.csv") else { return };
        let mut checked = 0;
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let pair = |at: usize| Some([fields.get(at)?.parse().ok()?, fields.get(at + 1)?.parse().ok()?]);
            let Some(wgs) = pair(2) else { continue };
            // eviltransform's GCJ-02 is this formula. Its BD-09 is inverted in
            // one step, good to some tens of metres. gcoord's vectors came from map
            // services and are good to a metre.
            let (gcj_limit, bd_limit) = match fields[0] {
                "eviltransform" => (1e-9, 0.0),
                "eviltransform bd2wgs" => (0.0, 5e-4),
                _ => (1e-5, 1e-5),
            };
            if let Some(gcj) = pair(4) {
                assert!(miss(Crs::Gcj02.from_wgs84(wgs), gcj) < gcj_limit, "{line}");
                assert!(miss(Crs::Gcj02.to_wgs84(gcj), wgs) < gcj_limit, "{line}");
                checked += 1;
            }
            if let Some(bd) = pair(6) {
                assert!(miss(Crs::Bd09.from_wgs84(wgs), bd) < bd_limit, "{line}");
                assert!(miss(Crs::Bd09.to_wgs84(bd), wgs) < bd_limit, "{line}");
                checked += 1;
            }
        }
        assert!(checked > 60, "{checked}");
    }

    #[test]
    fn chinese_cities_agree_with_map_services() {
        let Some(text) = realdata("crs/gcoord_china-cities.json") else { return };
        let cities: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(cities.len(), 664);
        let mut worst = [0.0_f64; 4];
        for city in &cities {
            let pair = |name: &str| -> [f64; 2] { serde_json::from_value(city["coords"][name].clone()).unwrap() };
            let wgs = pair("WGS84");
            let misses = [
                miss(Crs::Gcj02.from_wgs84(wgs), pair("GCJ02")),
                miss(Crs::Bd09.from_wgs84(wgs), pair("BD09")),
                miss(Crs::Gcj02.from_wgs84(Crs::Bd09.to_wgs84(pair("BD09"))), pair("GCJ02")),
                miss(Crs::WebMercator.from_wgs84(wgs), pair("EPSG3857")),
            ];
            for (worst, miss) in worst.iter_mut().zip(misses) {
                *worst = worst.max(miss);
            }
        }
        eprintln!("worst misses: {worst:?}");
        // Degrees for the first three, metres for the last.
        assert!(worst[0] < 1e-5 && worst[1] < 1e-5 && worst[2] < 2e-7 && worst[3] < 1e-3, "{worst:?}");
    }

    #[test]
    fn waves_are_sines() {
        for step in 0..=7_000 {
            let value = f64::from(step) / 100.0 - 35.0;
            let wave = Waves::of(value);
            let sines =
                [30.0, 12.0, 3.0, 1.0, 0.5, 1.0 / 6.0].map(|period| (value * std::f64::consts::PI / period).sin());
            let waves = [wave.thirty, wave.twelve, wave.three, wave.one, wave.half, wave.sixth];
            let worst = waves.iter().zip(sines).map(|(wave, sine)| (wave - sine).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-11, "{value}: {worst}");
        }
    }

    #[test]
    fn datums_differ_by_the_known_shift() {
        let nanjing = LonLat::new(118.79, 32.06);
        let [lon, lat] = Crs::Gcj02.from_wgs84([nanjing.lon, nanjing.lat]);
        assert!((300.0..700.0).contains(&distance_m(nanjing, LonLat::new(lon, lat))));
        assert_eq!(Crs::Gcj02.from_wgs84([-0.12, 51.5]), [-0.12, 51.5]);
        assert_eq!(Crs::Gcj02.to_wgs84([-0.12, 51.5]), [-0.12, 51.5]);
    }

    #[test]
    fn mercator_is_a_square_and_clamps() {
        let edge = mercator_from_lonlat(LonLat::new(180.0, 90.0));
        assert!((edge[0] - edge[1]).abs() < 1.0, "{edge:?}");
        assert_eq!(edge[1], mercator_from_lonlat(LonLat::new(0.0, MAX_MERCATOR_LAT))[1]);
    }

    #[test]
    fn what_is_no_number_stays_none_and_ends() {
        for crs in [Crs::Gcj02, Crs::Bd09, Crs::WebMercator] {
            for bad in [f64::NAN, f64::INFINITY, f64::MAX, -f64::MAX] {
                let _ = crs.to_wgs84([bad, 30.0]);
                let _ = crs.from_wgs84([118.0, bad]);
            }
        }
        assert_eq!(Projection::new(LonLat::new(f64::NAN, 1.0)).origin(), LonLat::default());
    }

    proptest! {
        #[test]
        fn datums_round_trip_in_china(lon in 72.004..137.8347_f64, lat in 0.8293..55.8271_f64) {
            for crs in [Crs::Gcj02, Crs::Bd09, Crs::WebMercator] {
                let back = crs.to_wgs84(crs.from_wgs84([lon, lat]));
                prop_assert!(miss(back, [lon, lat]) < 2e-9, "{crs:?} {back:?}");
            }
        }

        #[test]
        fn mercator_round_trips(lon in -180.0..180.0_f64, lat in -85.05..85.05_f64) {
            let back = lonlat_from_mercator(mercator_from_lonlat(LonLat::new(lon, lat)));
            prop_assert!(miss([back.lon, back.lat], [lon, lat]) < 1e-10);
        }

        #[test]
        fn local_metres_are_metres_and_round_trip(
            lon in -170.0..170.0_f64, lat in -70.0..70.0_f64,
            east in -20_000.0..20_000.0_f64, north in -20_000.0..20_000.0_f64,
        ) {
            let origin = LonLat::new(lon, lat);
            let plane = Projection::new(origin);
            let [to_lon, to_lat] = plane.lonlat_from_local([east, north]);
            let back = plane.local_from_lonlat([to_lon, to_lat]);
            prop_assert!(miss(back, [east, north]) < 1e-5);
            let ground = distance_m(origin, LonLat::new(to_lon, to_lat));
            let drawn = east.hypot(north);
            // tan 70° · 28 km / R is 1.2 %, and the mean along the way is half.
            prop_assert!((ground - drawn).abs() <= drawn * 0.013 + 0.01, "{ground} {drawn}");
        }
    }
}
