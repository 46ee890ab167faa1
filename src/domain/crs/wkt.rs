//! Which coordinate system a text of WKT names: the `.prj` beside a Shapefile,
//! the header of a FlatGeobuf.
//!
//! In: WKT 1 as ESRI and GDAL write it, or WKT 2 (ISO 19162). Out: a [`Crs`],
//! where EPSG numbers it or Chinese data come in it; else nothing.
//!
//! How it works: the number counts, where there is one. ESRI writes none, so
//! its systems are known by their names (degrees) and parameters (Gauss–Krüger
//! on four datums, UTM, web Mercator).

use super::Crs;

/// Longer texts are not looked at.
const MAX_BYTES: usize = 64 << 10;

/// Words before a system in degrees.
const GEOGRAPHIC: [&str; 6] = ["GEOGCS", "GEOGCRS", "GEODCRS", "GEODETICCRS", "BASEGEOGCRS", "BASEGEODCRS"];

/// Words before a plane.
const PROJECTED: [&str; 3] = ["PROJCS", "PROJCRS", "PROJECTEDCRS"];

/// The system that a text names.
pub fn named(text: &str) -> Option<Crs> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let nodes = nodes(text);
    // Around it may stand one of heights.
    let at = nodes.iter().position(|node| node.is_one_of(&GEOGRAPHIC) || node.is_one_of(&PROJECTED))?;
    let system = &nodes[at];
    let within: Vec<&Node<'_>> = nodes[at + 1..].iter().take_while(|node| node.depth > system.depth).collect();
    let number = within.iter().find(|node| {
        node.depth == system.depth + 1
            && node.is_one_of(&["AUTHORITY", "ID"])
            && node.name().eq_ignore_ascii_case("epsg")
    });
    let by_number = number.and_then(|node| Crs::parse(&format!("EPSG:{}", node.arguments.get(1)?)));
    by_number.or_else(|| match system.is_one_of(&GEOGRAPHIC) {
        true => geographic(system.name()),
        false => projected(system, &within),
    })
}

/// One word with what stands in its brackets, but for other such words.
struct Node<'t> {
    depth: usize,
    word: &'t str,
    /// Texts without their quotes, numbers and bare words.
    arguments: Vec<&'t str>,
}

impl Node<'_> {
    fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.word.eq_ignore_ascii_case(word))
    }

    fn name(&self) -> &str {
        self.arguments.first().copied().unwrap_or_default()
    }
}

/// All words with brackets, in the order in which they begin.
fn nodes(text: &str) -> Vec<Node<'_>> {
    let mut nodes: Vec<Node<'_>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut start = 0;
    let mut quoted = None;
    for (at, byte) in text.bytes().enumerate() {
        let argument = match (quoted, byte) {
            (Some(begin), b'"') => {
                (quoted, start) = (None, at + 1);
                &text[begin..at]
            }
            (Some(_), _) => continue,
            (None, b'"') => {
                quoted = Some(at + 1);
                continue;
            }
            (None, b'[' | b'(') => {
                nodes.push(Node { depth: open.len(), word: text[start..at].trim(), arguments: Vec::new() });
                open.push(nodes.len() - 1);
                start = at + 1;
                continue;
            }
            (None, b',' | b']' | b')') => {
                let word = text[start..at].trim();
                start = at + 1;
                word
            }
            _ => continue,
        };
        if let Some(&node) = open.last().filter(|_| byte == b'"' || !argument.is_empty()) {
            nodes[node].arguments.push(argument);
        }
        if matches!(byte, b']' | b')') {
            open.pop();
        }
    }
    nodes
}

/// Letters and digits, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A datum in which Chinese data come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Datum {
    Wgs84,
    Cgcs2000,
    Xian1980,
    Beijing1954,
}

impl Datum {
    fn of(name: &str) -> Option<Self> {
        let name = plain(name);
        let has = |words: [&str; 2]| words.iter().any(|word| name.contains(word));
        Some(match () {
            () if has(["wgs1984", "wgs84"]) => Self::Wgs84,
            () if has(["geodeticcoordinatesystem2000", "cgcs2000"]) => Self::Cgcs2000,
            () if has(["xian1980", "xian80"]) => Self::Xian1980,
            () if has(["beijing1954", "beijing54"]) => Self::Beijing1954,
            () => return None,
        })
    }

    /// The numbers of the first of its planes: 6 degrees by zone and by
    /// meridian, 3 degrees by zone and by meridian.
    const fn planes(self) -> [i64; 4] {
        match self {
            // On a wall one is the other.
            Self::Wgs84 | Self::Cgcs2000 => [4491, 4502, 4513, 4534],
            Self::Xian1980 => [2327, 2338, 2349, 2370],
            Self::Beijing1954 => [21_413, 21_453, 2401, 2422],
        }
    }
}

fn geographic(name: &str) -> Option<Crs> {
    match Datum::of(name)? {
        Datum::Wgs84 => Some(Crs::Wgs84),
        Datum::Cgcs2000 => Some(Crs::Cgcs2000),
        Datum::Xian1980 => Crs::parse("EPSG:4610"),
        Datum::Beijing1954 => Crs::parse("EPSG:4214"),
    }
}

fn projected(system: &Node<'_>, within: &[&Node<'_>]) -> Option<Crs> {
    let name = plain(system.name());
    let method = plain(within.iter().find(|node| node.is_one_of(&["PROJECTION", "METHOD"]))?.name());
    if method == "mercatorauxiliarysphere" || name.contains("webmercator") || name.contains("pseudomercator") {
        return Some(Crs::WebMercator);
    }
    let unit = within.iter().rfind(|node| node.depth == system.depth + 1 && node.is_one_of(&["UNIT", "LENGTHUNIT"]));
    let metres = unit.map_or(Some(1.0), |unit| unit.arguments.get(1)?.parse().ok())?;
    if !matches!(method.as_str(), "transversemercator" | "gausskruger") || !is_near(metres, 1.0) {
        return None;
    }
    let parameter = |names: [&str; 2]| {
        let is_it = |node: &&&Node<'_>| node.is_one_of(&["PARAMETER"]) && names.contains(&plain(node.name()).as_str());
        within.iter().find(is_it).and_then(|node| node.arguments.get(1)?.parse::<f64>().ok())
    };
    let datum = Datum::of(within.iter().find(|node| node.is_one_of(&GEOGRAPHIC))?.name())?;
    let meridian = parameter(["centralmeridian", "longitudeofnaturalorigin"])?;
    let origin = parameter(["latitudeoforigin", "latitudeofnaturalorigin"]).unwrap_or(0.0);
    let scale = parameter(["scalefactor", "scalefactoratnaturalorigin"]).unwrap_or(1.0);
    let [east, north] = ["falseeasting", "falsenorthing"].map(|name| parameter([name, name]).unwrap_or(0.0));
    match () {
        () if !is_near(origin, 0.0) => None,
        () if is_near(scale, 0.9996) && datum == Datum::Wgs84 => utm(meridian, [east, north]),
        () if is_near(scale, 1.0) && is_near(north, 0.0) => gauss_kruger(datum, &name, meridian, east),
        () => None,
    }
}

fn is_near(number: f64, other: f64) -> bool {
    (number - other).abs() < 1e-9
}

/// A number without a fraction.
fn whole(number: f64) -> Option<i64> {
    (number.abs() < 1e6 && is_near(number, number.round())).then_some(number.round() as i64)
}

fn utm(meridian: f64, [east, north]: [f64; 2]) -> Option<Crs> {
    let zone = whole((meridian + 183.0) / 6.0).filter(|zone| (1..=60).contains(zone))?;
    let first = match whole(north / 1e6)? {
        0 => 32_600,
        10 => 32_700,
        _ => return None,
    };
    is_near(east, 500_000.0).then(|| Crs::parse(&format!("EPSG:{}", first + zone))).flatten()
}

/// A plane by its meridian or, where that stands in front of the easting, by
/// the number of its zone.
fn gauss_kruger(datum: Datum, name: &str, meridian: f64, easting: f64) -> Option<Crs> {
    let zone = whole((easting - 500_000.0) / 1e6).filter(|zone| (0..=60).contains(zone))?;
    let of_zone = |width: i64| (zone * width - if width == 6 { 3 } else { 0 }) as f64;
    // Planes of 6 degrees say nothing of their width.
    let says_six = !name.contains("3degree") && (name.contains("gk") || name.contains("gausskruger"));
    let width = match zone {
        0 if says_six && whole((meridian - 3.0) / 6.0).is_some() => 6,
        0 => 3,
        _ => [3, 6].into_iter().find(|&width| is_near(of_zone(width), meridian))?,
    };
    let (zones, first_zone) = if width == 3 { (21, 25) } else { (11, 13) };
    let place = if zone > 0 { Some(zone - first_zone) } else { whole((meridian - 75.0) / width as f64) };
    let first = datum.planes()[usize::from(width == 3) * 2 + usize::from(zone == 0)];
    match place.filter(|place| (0..zones).contains(place)) {
        Some(place) => Crs::parse(&format!("EPSG:{}", first + place)),
        None if !matches!(datum, Datum::Wgs84 | Datum::Cgcs2000) => None,
        None if zone > 0 => Crs::parse(&format!("cgcs2000-gk{width}-zone{zone}")),
        None => Crs::parse(&format!("cgcs2000-gk{width}-{meridian}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As ArcGIS writes them.
    fn esri(name: &str, datum: &str, meridian: f64, easting: f64) -> String {
        format!(
            "PROJCS[\"{name}\",GEOGCS[\"{datum}\",DATUM[\"D\",SPHEROID[\"S\",6378137.0,298.257222101]],\
             PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Gauss_Kruger\"],\
             PARAMETER[\"False_Easting\",{easting:?}],PARAMETER[\"False_Northing\",0.0],\
             PARAMETER[\"Central_Meridian\",{meridian:?}],PARAMETER[\"Scale_Factor\",1.0],\
             PARAMETER[\"Latitude_Of_Origin\",0.0],UNIT[\"Meter\",1.0]]"
        )
    }

    const CGCS2000: &str = "GCS_China_Geodetic_Coordinate_System_2000";

    #[test]
    fn systems_of_arcgis_are_known_by_names_and_parameters() {
        let plane = |name: &str, datum: &str, meridian, easting| {
            named(&esri(name, datum, meridian, easting)).map(|crs| crs.name().into_owned()).unwrap_or_default()
        };
        for (name, datum, meridian, easting, known) in [
            ("CGCS2000_3_Degree_GK_CM_120E", CGCS2000, 120.0, 5e5, "EPSG:4549"),
            ("CGCS2000_3_Degree_GK_Zone_40", CGCS2000, 120.0, 40.5e6, "EPSG:4528"),
            ("CGCS2000_GK_CM_117E", CGCS2000, 117.0, 5e5, "EPSG:4509"),
            ("CGCS2000_GK_Zone_20", CGCS2000, 117.0, 20.5e6, "EPSG:4498"),
            ("Xian_1980_3_Degree_GK_CM_120E", "GCS_Xian_1980", 120.0, 5e5, "EPSG:2385"),
            ("Xian_1980_GK_Zone_20", "GCS_Xian_1980", 117.0, 20.5e6, "EPSG:2334"),
            ("Beijing_1954_3_Degree_GK_CM_120E", "GCS_Beijing_1954", 120.0, 5e5, "EPSG:2437"),
            ("Beijing_1954_GK_Zone_20N", "GCS_Beijing_1954", 117.0, 20.5e6, "EPSG:21420"),
            // A city's own.
            ("Nanjing", CGCS2000, 118.5, 5e5, "cgcs2000-gk3-118.5"),
            // Of a zone that lies elsewhere.
            ("X", CGCS2000, 118.0, 40.5e6, ""),
            ("X", "GCS_Xian_1980", 118.5, 5e5, ""),
            ("X", "GCS_Elsewhere", 120.0, 5e5, ""),
        ] {
            assert_eq!(plane(name, datum, meridian, easting), known, "{name}");
        }
        let degrees = |name: &str| named(&format!("GEOGCS[\"{name}\",DATUM[\"D\"],UNIT[\"Degree\",0.017]]"));
        assert_eq!(degrees("GCS_WGS_1984"), Some(Crs::Wgs84));
        assert_eq!(degrees(CGCS2000), Some(Crs::Cgcs2000));
        assert_eq!(degrees("GCS_Xian_1980"), Some(Crs::Epsg(4610)));
        assert_eq!(degrees("GCS_Nowhere"), None);
        let mercator = "PROJCS[\"WGS_1984_Web_Mercator_Auxiliary_Sphere\",GEOGCS[\"GCS_WGS_1984\"],\
                        PROJECTION[\"Mercator_Auxiliary_Sphere\"],UNIT[\"Meter\",1.0]]";
        assert_eq!(named(mercator), Some(Crs::WebMercator));
        let utm = esri("WGS_1984_UTM_Zone_50N", "GCS_WGS_1984", 117.0, 5e5)
            .replace("Gauss_Kruger", "Transverse_Mercator")
            .replace("\"Scale_Factor\",1.0", "\"Scale_Factor\",0.9996");
        assert_eq!(named(&utm), Some(Crs::Epsg(32_650)));
        assert_eq!(named(&utm.replace("\"Meter\",1.0", "\"Foot_US\",0.3048006")), None);
    }

    #[test]
    fn the_number_of_the_system_itself_counts() {
        let inner = "GEOGCS[\"X\",AUTHORITY[\"EPSG\",\"4490\"]]";
        let plane = format!(
            "PROJCS[\"X\",{inner},UNIT[\"metre\",1,AUTHORITY[\"EPSG\",\"9001\"]],AUTHORITY[\"EPSG\",\"4549\"]]"
        );
        assert_eq!(named(&plane), Some(Crs::Epsg(4549)));
        assert_eq!(
            named(&format!("COMPD_CS[\"X + height\",{plane},VERT_CS[\"H\",AUTHORITY[\"EPSG\",\"5737\"]]]")),
            Some(Crs::Epsg(4549))
        );
        assert_eq!(named(inner), Some(Crs::Cgcs2000));
        assert_eq!(
            named("PROJCRS[\"X\",BASEGEOGCRS[\"Y\",ID[\"EPSG\",4490]],ID[\"EPSG\",4549]]"),
            Some(Crs::Epsg(4549))
        );
        assert_eq!(named(&format!("PROJCS[\"X\",{inner},PROJECTION[\"Albers\"]]")), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(PROJCS|GEOGCS|ID|[\\[\\](),\"甲 1.-]){0,40}|\\PC{0,40}") {
            _ = named(&text);
        }
    }
}
