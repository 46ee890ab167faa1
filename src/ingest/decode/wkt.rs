//! Well-known text (OGC 06-103r4, 7.2), straight into the buffer that GeoJSON
//! is read into.
//!
//! In: `POINT(118.78 32.04)`, `SRID=4490;MULTIPOLYGON Z (((…)))` and the like,
//! as tables and data bases write them. Out: a [`Geometry`] in WGS-84, and
//! what was wrong with it. Heights and measures are dropped; what `SRID` says
//! is not believed, because the source's `crs` is.
//!
//! There is a crate for this, `wkt`. It copies each number, recurses as deep
//! as the text nests, and logs the text that it cannot read.

use crate::domain::crs::frame::Frame;
use crate::domain::finding::FindingKind;

use super::geometry::{Coordinates, Geometry, GeometryReader, Problem};

/// Deepest nesting of collections.
const MAX_COLLECTION_DEPTH: u32 = 8;

/// Parentheses around the positions of a `MULTIPOLYGON`.
const MAX_LEVEL: u32 = 3;

impl GeometryReader {
    /// Reads a whole text into `geometry`. What is wrong goes to `problems`.
    pub fn read_wkt(&mut self, text: &str, frame: &Frame, geometry: &mut Geometry, problems: &mut Vec<Problem>) {
        let mut text = Text(text.trim());
        if let Some((srid, rest)) = text.0.split_once(';')
            && srid.trim_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case("srid="))
        {
            text.0 = rest;
        }
        let read = self.read_tagged(&mut text, frame, geometry, problems, 0);
        let problem = match read {
            Err(problem) => Some(problem),
            Ok(()) if text.peek().is_some() => Some(wrong("WKT 之后还有别的内容")),
            Ok(()) => None,
        };
        problems.extend(problem);
    }

    fn read_tagged(
        &mut self,
        text: &mut Text<'_>,
        frame: &Frame,
        geometry: &mut Geometry,
        problems: &mut Vec<Problem>,
        depth: u32,
    ) -> Result<(), Problem> {
        let word = text.word().to_ascii_lowercase();
        let kind = ["zm", "z", "m"].iter().find_map(|tag| word.strip_suffix(tag)).filter(|kind| is_known(kind));
        let kind = kind.unwrap_or(&word);
        if !is_known(kind) {
            let shown: String = word.chars().take(24).collect();
            return Err((FindingKind::WrongGeometry, format!("未知的几何类型“{shown}”")));
        }
        let mut next = text.word();
        if ["z", "m", "zm"].iter().any(|tag| next.eq_ignore_ascii_case(tag)) {
            next = text.word();
        }
        if next.eq_ignore_ascii_case("empty") {
            problems.push((FindingKind::NoGeometry, "几何为空(EMPTY)".into()));
            return Ok(());
        }
        if !next.is_empty() {
            return Err(wrong("WKT 不合语法"));
        }
        if kind != "geometrycollection" {
            let level = self.buffer().read_wkt(text)?;
            self.buffer().depth = match (kind, level) {
                ("point", 1) => 1,
                // Positions may stand in parentheses of their own.
                ("multipoint", 1 | 2) => 2,
                (_, level) => level + 1,
            };
            return self.assemble(kind.as_bytes(), frame, geometry, problems);
        }
        if depth == MAX_COLLECTION_DEPTH {
            return Err(wrong("几何集合嵌套过深"));
        }
        if !text.eat('(') {
            return Err(wrong("WKT 不合语法"));
        }
        loop {
            self.read_tagged(text, frame, geometry, problems, depth + 1)?;
            if !text.eat(',') {
                return if text.eat(')') { Ok(()) } else { Err(wrong("WKT 的括号不配对")) };
            }
        }
    }
}

fn is_known(kind: &str) -> bool {
    matches!(
        kind,
        "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection"
    )
}

fn wrong(message: &str) -> Problem {
    (FindingKind::WrongGeometry, message.to_owned())
}

impl Coordinates {
    /// Reads positions in parentheses; tells how many parentheses enclose them.
    fn read_wkt(&mut self, text: &mut Text<'_>) -> Result<u32, Problem> {
        self.clear();
        let (mut level, mut leaf) = (0, 0);
        loop {
            while text.eat('(') {
                level += 1;
                if level > MAX_LEVEL {
                    return Err(wrong("WKT 的括号嵌套过深"));
                }
            }
            if level == 0 || (leaf != 0 && level != leaf) {
                return Err(wrong("WKT 的括号嵌套不一致"));
            }
            leaf = level;
            self.points.push(text.position()?);
            while text.eat(')') {
                if level == leaf {
                    self.ring_ends.push(self.points.len());
                } else if level + 1 == leaf {
                    self.polygon_ends.push(self.ring_ends.len());
                }
                level -= 1;
                if level == 0 {
                    return Ok(leaf);
                }
            }
            if !text.eat(',') {
                return Err(wrong("WKT 的括号不配对"));
            }
        }
    }
}

/// What is still to be read.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn peek(&mut self) -> Option<char> {
        self.0 = self.0.trim_ascii_start();
        self.0.chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        self.0 = &self.0[if is_next { c.len_utf8() } else { 0 }..];
        is_next
    }

    /// The letters that come.
    fn word(&mut self) -> &'a str {
        self.peek();
        let length = self.0.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(length);
        self.0 = rest;
        word
    }

    fn number(&mut self) -> Option<f64> {
        self.peek();
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let length = self.0.find(|c| !is_part(c)).unwrap_or(self.0.len());
        let number = self.0[..length].parse().ok().filter(|number: &f64| number.is_finite())?;
        self.0 = &self.0[length..];
        Some(number)
    }

    /// `x y`, with height and measure or without.
    fn position(&mut self) -> Result<[f64; 2], Problem> {
        let pair = self.number().zip(self.number());
        let Some((x, y)) = pair else { return Err((FindingKind::BadCoordinate, "坐标不是数字".into())) };
        _ = self.number().and_then(|_| self.number());
        Ok([x, y])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::crs::Crs;
    use crate::domain::crs::frame::AxisOrder;

    fn read(text: &str) -> (Geometry, Vec<Problem>) {
        let (mut geometry, mut problems) = (Geometry::default(), Vec::new());
        GeometryReader::new(1_000).read_wkt(text, &Frame::default(), &mut geometry, &mut problems);
        (geometry, problems)
    }

    #[test]
    fn every_kind_is_read() {
        for text in [
            "POINT(118.78 32.04)",
            "point z (118.78 32.04 12)",
            "POINTZM(118.78 32.04 1 2)",
            "SRID=4490;POINT (118.78 32.04)",
        ] {
            assert_eq!(read(text).0.point, Some([118.78, 32.04]), "{text}");
        }
        for text in ["MULTIPOINT(1 2,3 4)", "MULTIPOINT((1 2),(3 4))"] {
            assert_eq!(read(text), (Geometry { point: Some([1.0, 2.0]), ..Geometry::default() }, vec![]), "{text}");
        }
        assert_eq!(read("LINESTRING(1 2, 3 4,5 6)").0.lines, [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]);
        assert_eq!(read("MULTILINESTRING((1 2,3 4),(5 6,7 8))").0.lines.len(), 2);
        let (polygon, problems) = read("POLYGON ((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 4,2 2))");
        assert_eq!((polygon.shape.rings().count(), polygon.shape.points.len(), problems.len()), (2, 7, 0));
        let (both, problems) =
            read("MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5),(5.5 5.2,5.6 5.2,5.6 5.3,5.5 5.2)))");
        assert_eq!((both.shape.polygons().count(), both.shape.rings().count(), problems.len()), (2, 3, 0));
        let (all, problems) =
            read("GEOMETRYCOLLECTION(POINT(1 2),GEOMETRYCOLLECTION(LINESTRING(0 0,1 1)),POLYGON((0 0,1 0,1 1,0 0)))");
        assert_eq!((all.point, all.lines.len(), all.shape.points.len(), problems.len()), (Some([1.0, 2.0]), 1, 3, 0));
        assert_eq!(read("POINT(1.5e2 -2E1)").0.point, Some([150.0, -20.0]));
    }

    #[test]
    fn each_defect_is_named() {
        use FindingKind::*;
        for (text, kind) in [
            ("POINT EMPTY", NoGeometry),
            ("CIRCULARSTRING(0 0,1 1,2 2)", WrongGeometry),
            ("POINT(1)", BadCoordinate),
            ("POINT(a b)", BadCoordinate),
            ("POINT(1,2)", BadCoordinate),
            ("POINT(inf 2)", BadCoordinate),
            ("POINT(200 2)", BadCoordinate),
            ("POINT 1 2", WrongGeometry),
            ("POINT(1 2", WrongGeometry),
            ("POINT((1 2))", WrongGeometry),
            ("POLYGON(0 0,1 0,1 1)", WrongGeometry),
            ("POLYGON((0 0,1 0,1 1)", WrongGeometry),
            ("POLYGON((0 0,1 0,(1 1)))", WrongGeometry),
            ("POLYGON((0 0,1 1,0 0))", DegenerateRing),
            ("POINT(1 2) x", WrongGeometry),
            ("((((((1 2", WrongGeometry),
            ("", WrongGeometry),
        ] {
            let problems = read(text).1;
            assert_eq!(problems.first().map(|(kind, _)| *kind), Some(kind), "{text}: {problems:?}");
        }
        let deep = "GEOMETRYCOLLECTION(".repeat(10_000);
        assert_eq!(read(&deep).1.len(), 1);
        assert_eq!(read(&"(".repeat(100_000)).1.len(), 1);
        assert_eq!(read(&format!("POLYGON{}", "(".repeat(100_000))).1.len(), 1);
    }

    #[test]
    fn planes_and_orders_are_followed() {
        let frame = Frame::new(Crs::parse("EPSG:4549").unwrap(), AxisOrder::LatLon);
        let (mut geometry, mut problems) = (Geometry::default(), Vec::new());
        let mut reader = GeometryReader::new(10);
        reader.read_wkt("POINT(3547751.0729 415000.8167)", &frame, &mut geometry, &mut problems);
        let [lon, lat] = geometry.point.unwrap();
        assert!((lon - 119.1).abs() < 1e-7 && (lat - 32.05).abs() < 1e-7 && problems.is_empty());
        reader.read_wkt("POINT(415000.8 3547751.1)", &frame, &mut Geometry::default(), &mut problems);
        assert_eq!(problems[0].0, FindingKind::BadCoordinate);
        assert!(problems[0].1.contains("EPSG:4549"), "{problems:?}");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}|(POINT|MULTI|POLYGON|LINESTRING|GEOMETRYCOLLECTION|SRID=1;|EMPTY|Z|[(), ]|[0-9.e-]{1,4}){0,30}") {
            _ = read(&text);
        }

        #[test]
        fn it_reads_what_geojson_says(rings in proptest::collection::vec(
            proptest::collection::vec((-170.0..170.0_f64, -80.0..80.0_f64), 3..8), 1..4)) {
            let written = |open: &str, close: &str, gap: &str, between: &str| {
                let ring = |ring: &Vec<(f64, f64)>| {
                    let positions: Vec<String> = ring.iter().map(|(x, y)| format!("{open}{x}{gap}{y}{close}")).collect();
                    positions.join(between)
                };
                rings.iter().map(ring).collect::<Vec<_>>()
            };
            let wkt = format!("MULTILINESTRING(({}))", written("", "", " ", ",").join("),("));
            let json = format!(
                r#"{{"type":"MultiLineString","coordinates":[[{}]]}}"#, written("[", "]", ",", ",").join("],["));
            let (mut geometry, mut problems) = (Geometry::default(), Vec::new());
            let mut reader = GeometryReader::new(1_000);
            let mut scanner = super::super::scan::Scanner::new(&json);
            reader.read(&mut scanner, &Frame::default(), &mut geometry, &mut problems).unwrap();
            let (by_wkt, wkt_problems) = read(&wkt);
            prop_assert_eq!(problems, wkt_problems);
            for (a, b) in geometry.lines.iter().flatten().zip(by_wkt.lines.iter().flatten()) {
                prop_assert!((a[0] - b[0]).abs() < 1e-12 && (a[1] - b[1]).abs() < 1e-12);
            }
            prop_assert_eq!(geometry.lines.len(), by_wkt.lines.len());
        }
    }
}
