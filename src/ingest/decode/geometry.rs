//! GeoJSON geometries, straight from bytes into the flat storage of the domain.
//!
//! In: a [`Scanner`] at a geometry object. Out: a [`Geometry`] in WGS-84, and
//! a list of what was wrong with it.
//!
//! How it works: `coordinates` may come before `type`, so nested arrays are
//! first read into one reused buffer, whatever their depth: points, the ends
//! of the arrays that hold points ("rings") and the ends of the arrays that
//! hold those ("polygons"). When the object ends, the depth is compared with
//! what the type requires. No allocation happens per coordinate, and none per
//! ring once the buffer has grown.

use crate::domain::crs::frame::Frame;
use crate::domain::finding::FindingKind;
use crate::domain::geometry::Shape;

use super::polygon::{open_ring, push_polygon};
use super::scan::{ScanError, Scanner};

/// Deepest nesting of geometry collections.
const MAX_COLLECTION_DEPTH: u32 = 8;

/// A `MultiPolygon` nests four arrays; deeper is always a mistake.
const MAX_ARRAY_DEPTH: u32 = 4;

/// A geometry in WGS-84 degrees; the parts of a collection all together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Geometry {
    /// Polygons.
    pub shape: Shape,
    /// Lines.
    pub lines: Vec<Vec<[f64; 2]>>,
    /// The first point.
    pub point: Option<[f64; 2]>,
}

/// One thing that was wrong with a geometry.
pub type Problem = (FindingKind, String);

/// Why a geometry could not be read to its end.
#[derive(Debug)]
pub enum GeometryStop {
    /// The text is no JSON here.
    Scan(ScanError),
    /// More vertices than allowed.
    TooManyVertices,
}

impl From<ScanError> for GeometryStop {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

/// Reads geometries; keeps its buffers between them.
#[derive(Debug, Default)]
pub struct GeometryReader {
    buffer: Coordinates,
    /// Vertices that may still be read.
    vertices_left: usize,
    /// Vertices of the geometries read so far.
    vertices_read: usize,
    /// The most that a limit on all vertices was compared with.
    most_vertices: usize,
}

impl GeometryReader {
    /// A reader of at most `max_vertices` vertices in all.
    pub fn new(max_vertices: usize) -> Self {
        Self { vertices_left: max_vertices, ..Self::default() }
    }

    /// Vertices that may still be read.
    pub fn vertices_left(&self) -> usize {
        self.vertices_left
    }

    /// Vertices of all geometries read so far.
    pub fn vertices_read(&self) -> usize {
        self.vertices_read
    }

    /// How many vertices must have been allowed for what was read so far.
    pub fn most_vertices(&self) -> usize {
        self.most_vertices
    }

    /// The buffer, for those that read something else than GeoJSON into it.
    pub(super) fn buffer(&mut self) -> &mut Coordinates {
        &mut self.buffer
    }

    /// Whether so many vertices may still be read.
    pub fn has_room(&self, vertices: usize) -> bool {
        vertices <= self.vertices_left
    }

    /// Counts vertices that another reader read.
    pub fn spend(&mut self, vertices: usize) {
        self.vertices_left = self.vertices_left.saturating_sub(vertices);
        self.vertices_read += vertices;
        self.most_vertices = self.most_vertices.max(self.vertices_read);
    }

    /// Reads the value at `scanner`, a geometry object or `null`, into
    /// `geometry`. What is wrong with it goes to `problems`; the scanner ends
    /// behind the value all the same.
    pub fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        frame: &Frame,
        geometry: &mut Geometry,
        problems: &mut Vec<Problem>,
    ) -> Result<(), GeometryStop> {
        self.read_nested(scanner, frame, geometry, problems, 0)
    }

    fn read_nested(
        &mut self,
        scanner: &mut Scanner<'_>,
        frame: &Frame,
        geometry: &mut Geometry,
        problems: &mut Vec<Problem>,
        depth: u32,
    ) -> Result<(), GeometryStop> {
        match scanner.peek() {
            Some(b'{') => {}
            Some(b'n') => {
                problems.push((FindingKind::NoGeometry, "没有几何(null)".into()));
                return Ok(scanner.skip_value().map(drop)?);
            }
            _ => {
                problems.push((FindingKind::WrongGeometry, "几何不是对象".into()));
                return Ok(scanner.skip_value().map(drop)?);
            }
        }
        let mut kind: &[u8] = b"";
        let mut coordinates = None;
        let mut is_collection = false;
        scanner.object(|scanner, key| match key {
            b"type" if scanner.peek() == Some(b'"') => {
                kind = scanner.raw_string()?;
                Ok(())
            }
            b"coordinates" => {
                let read = self.buffer.read(scanner, self.vertices_left);
                self.most_vertices = self.most_vertices.max(self.vertices_read + self.buffer.points.len());
                coordinates = Some(read?);
                Ok(())
            }
            b"geometries" if scanner.peek() == Some(b'[') && depth < MAX_COLLECTION_DEPTH => {
                is_collection = true;
                scanner.array(|scanner| self.read_nested(scanner, frame, geometry, problems, depth + 1))
            }
            _ => Ok::<_, GeometryStop>(scanner.skip_value().map(drop)?),
        })?;
        if is_collection {
            return Ok(());
        }
        let done = match coordinates {
            _ if kind.is_empty() => Err((FindingKind::WrongGeometry, "几何没有类型".into())),
            None => Err((FindingKind::NoGeometry, "几何没有坐标".into())),
            Some(Err(problem)) => Err(problem),
            Some(Ok(())) => self.assemble(kind, frame, geometry, problems),
        };
        if let Err(problem) = done {
            problems.push(problem);
        }
        Ok(())
    }

    /// Puts the buffered coordinates into `geometry` as the type says.
    pub(super) fn assemble(
        &mut self,
        kind: &[u8],
        frame: &Frame,
        geometry: &mut Geometry,
        problems: &mut Vec<Problem>,
    ) -> Result<(), Problem> {
        let buffer = &mut self.buffer;
        let required = match kind.to_ascii_lowercase().as_slice() {
            b"point" => 1,
            b"multipoint" | b"linestring" => 2,
            b"multilinestring" | b"polygon" => 3,
            b"multipolygon" => 4,
            _ => {
                let name: String = String::from_utf8_lossy(kind).chars().take(24).collect();
                return Err((FindingKind::WrongGeometry, format!("未知的几何类型“{name}”")));
            }
        };
        if buffer.points.is_empty() {
            return Err((FindingKind::NoGeometry, "坐标为空".into()));
        }
        if buffer.depth != required {
            let name = String::from_utf8_lossy(kind);
            let found = buffer.depth;
            return Err((FindingKind::WrongGeometry, format!("坐标嵌套 {found} 层,而 {name} 应为 {required} 层")));
        }
        buffer.convert(frame)?;
        self.vertices_left = self.vertices_left.saturating_sub(buffer.points.len());
        self.vertices_read += buffer.points.len();
        match required {
            1 => _ = geometry.point.get_or_insert(buffer.points[0]),
            2 if kind.eq_ignore_ascii_case(b"MultiPoint") => _ = geometry.point.get_or_insert(buffer.points[0]),
            2 => push_lines(buffer, geometry, problems),
            3 if kind.eq_ignore_ascii_case(b"MultiLineString") => push_lines(buffer, geometry, problems),
            _ => push_polygons(buffer, &mut geometry.shape, problems),
        }
        Ok(())
    }
}

/// Nested coordinate arrays, flattened.
#[derive(Debug, Default)]
pub(super) struct Coordinates {
    /// All positions.
    pub(super) points: Vec<[f64; 2]>,
    /// Where each array of positions ends.
    pub(super) ring_ends: Vec<usize>,
    /// Where each array of those ends.
    pub(super) polygon_ends: Vec<usize>,
    /// How many arrays enclose the numbers; 0 while there is no number.
    pub(super) depth: u32,
}

/// Why coordinates ended before their closing bracket.
enum CoordinateStop {
    Stop(GeometryStop),
    Wrong(Problem),
}

impl From<ScanError> for CoordinateStop {
    fn from(error: ScanError) -> Self {
        Self::Stop(GeometryStop::Scan(error))
    }
}

impl Coordinates {
    /// Reads the value at `scanner`. What is no coordinate array is skipped
    /// and comes back as a problem.
    fn read(&mut self, scanner: &mut Scanner<'_>, limit: usize) -> Result<Result<(), Problem>, GeometryStop> {
        self.clear();
        let start = scanner.clone();
        let problem = match self.read_arrays(scanner, limit) {
            Ok(()) => return Ok(Ok(())),
            Err(CoordinateStop::Stop(GeometryStop::Scan(ScanError::Syntax { .. }))) => {
                (FindingKind::BadCoordinate, "坐标数组不合语法".into())
            }
            Err(CoordinateStop::Stop(stop)) => return Err(stop),
            Err(CoordinateStop::Wrong(problem)) => problem,
        };
        *scanner = start;
        scanner.skip_value()?;
        Ok(Err(problem))
    }

    fn read_arrays(&mut self, scanner: &mut Scanner<'_>, limit: usize) -> Result<(), CoordinateStop> {
        let wrong = |kind, message: &str| Err(CoordinateStop::Wrong((kind, message.into())));
        let mut level = 0;
        loop {
            if !scanner.eat(b'[') {
                return match scanner.peek() {
                    None => Err(ScanError::End { at: scanner.offset() }.into()),
                    Some(_) => wrong(FindingKind::BadCoordinate, "坐标不是数组,或嵌套层数不一致"),
                };
            }
            level += 1;
            if level > MAX_ARRAY_DEPTH {
                return wrong(FindingKind::WrongGeometry, "坐标嵌套过深");
            }
            match scanner.peek() {
                Some(b'[') => continue,
                Some(b']') if self.depth == level => return wrong(FindingKind::BadCoordinate, "有一个坐标为空"),
                Some(b']') => {}
                _ => self.read_position(scanner, level)?,
            }
            if self.points.len() > limit {
                return Err(CoordinateStop::Stop(GeometryStop::TooManyVertices));
            }
            // Close every array that ends here.
            loop {
                if !scanner.eat(b']') {
                    return match scanner.peek() {
                        None => Err(ScanError::End { at: scanner.offset() }.into()),
                        Some(_) => wrong(FindingKind::BadCoordinate, "坐标不是数字,或嵌套层数不一致"),
                    };
                }
                if level + 1 == self.depth {
                    self.ring_ends.push(self.points.len());
                } else if level + 2 == self.depth {
                    self.polygon_ends.push(self.ring_ends.len());
                }
                level -= 1;
                if level == 0 {
                    return Ok(());
                }
                if scanner.eat(b',') {
                    break;
                }
            }
        }
    }

    /// Reads the numbers of one position up to its closing bracket. Numbers
    /// beyond the second (height, measure) are read and dropped.
    #[inline]
    fn read_position(&mut self, scanner: &mut Scanner<'_>, level: u32) -> Result<(), CoordinateStop> {
        if self.depth != level {
            if self.depth != 0 {
                let message = "坐标嵌套层数不一致".into();
                return Err(CoordinateStop::Wrong((FindingKind::WrongGeometry, message)));
            }
            self.depth = level;
        }
        let x = read_number(scanner)?;
        if !scanner.eat(b',') {
            return match scanner.peek() {
                None => Err(ScanError::End { at: scanner.offset() }.into()),
                Some(_) => Err(CoordinateStop::Wrong((FindingKind::BadCoordinate, "坐标只有一个数".into()))),
            };
        }
        let y = read_number(scanner)?;
        while scanner.eat(b',') {
            read_number(scanner)?;
        }
        self.points.push([x, y]);
        Ok(())
    }

    /// Empties the buffer.
    pub(super) fn clear(&mut self) {
        self.points.clear();
        self.ring_ends.clear();
        self.polygon_ends.clear();
        self.depth = 0;
    }

    /// Converts all points to WGS-84.
    fn convert(&mut self, frame: &Frame) -> Result<(), Problem> {
        for point in &mut self.points {
            let place = frame.place(frame.sorted(*point));
            *point = place.map_err(|misplaced| (FindingKind::BadCoordinate, misplaced.to_string()))?;
        }
        Ok(())
    }
}

#[inline]
fn read_number(scanner: &mut Scanner<'_>) -> Result<f64, CoordinateStop> {
    if let Some(number) = scanner.number() {
        return Ok(number);
    }
    let message = match scanner.peek() {
        None => return Err(ScanError::End { at: scanner.offset() }.into()),
        Some(b'"') => "坐标是文字而不是数字",
        Some(b'n') => "坐标为 null",
        Some(b'[') => "坐标嵌套层数不一致",
        _ => "坐标不是数字",
    };
    Err(CoordinateStop::Wrong((FindingKind::BadCoordinate, message.into())))
}

/// Adds the buffered lines, those of one point left out.
fn push_lines(buffer: &Coordinates, geometry: &mut Geometry, problems: &mut Vec<Problem>) {
    let mut start = 0;
    for &end in &buffer.ring_ends {
        let line = &buffer.points[start..end];
        start = end;
        if line.len() < 2 {
            problems.push((FindingKind::DegenerateRing, "线只有一个点,已略去".into()));
        } else {
            geometry.lines.push(line.to_vec());
        }
    }
}

/// Adds the buffered polygons.
fn push_polygons(buffer: &Coordinates, shape: &mut Shape, problems: &mut Vec<Problem>) {
    shape.points.reserve(buffer.points.len());
    let mut degenerate = 0;
    let mut split = 0;
    let mut first_ring = 0;
    for &last_ring in &buffer.polygon_ends {
        let rings = (first_ring..last_ring).map(|ring| {
            let start = if ring == 0 { 0 } else { buffer.ring_ends[ring - 1] };
            open_ring(&buffer.points[start..buffer.ring_ends[ring]])
        });
        first_ring = last_ring;
        let counts = push_polygon(rings, shape);
        degenerate += counts.0;
        split += counts.1;
    }
    if degenerate > 0 {
        problems.push((FindingKind::DegenerateRing, format!("{degenerate} 个环不足三个不同的点,已略去")));
    }
    if split > 0 {
        problems.push((FindingKind::HoleOutside, format!("{split} 个“洞”在外环之外,已作为独立的多边形")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Geometry, Vec<Problem>) {
        let mut reader = GeometryReader::new(1_000);
        let mut geometry = Geometry::default();
        let mut problems = Vec::new();
        let mut scanner = Scanner::new(text);
        reader.read(&mut scanner, &Frame::default(), &mut geometry, &mut problems).unwrap();
        assert_eq!(scanner.peek(), None, "the whole value is consumed");
        (geometry, problems)
    }

    fn problem_of(text: &str) -> FindingKind {
        let (_, problems) = read(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        problems[0].0
    }

    #[test]
    fn coordinates_may_come_before_the_type() {
        let (geometry, problems) = read(r#"{"coordinates":[[[0,0],[2,0],[2,2],[0,0]]],"type":"Polygon"}"#);
        assert!(problems.is_empty());
        assert_eq!(geometry.shape.points, [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0]]);
    }

    #[test]
    fn holes_stay_and_islands_are_split_off() {
        let (geometry, problems) = read(
            r#"{"type":"Polygon","coordinates":[
                [[0,0],[10,0],[10,10],[0,10],[0,0]], [[2,2],[4,2],[4,4],[2,2]],
                [[20,0],[30,0],[30,10],[20,0]], [[26,2],[28,2],[28,4],[26,2]]]}"#,
        );
        assert_eq!(problems[0].0, FindingKind::HoleOutside);
        let rings: Vec<usize> = geometry.shape.polygons().map(Iterator::count).collect();
        assert_eq!(rings, [2, 2]);
    }

    #[test]
    fn each_defect_is_named_and_the_value_is_consumed() {
        use FindingKind::*;
        assert_eq!(problem_of("null"), NoGeometry);
        assert_eq!(problem_of("\"is_a_string\""), WrongGeometry);
        assert_eq!(problem_of(r#"{"type":"Point"}"#), NoGeometry);
        assert_eq!(problem_of(r#"{"type":"FooBar","coordinates":[1,2]}"#), WrongGeometry);
        assert_eq!(problem_of(r#"{"coordinates":[1,2]}"#), WrongGeometry);
        assert_eq!(problem_of(r#"{"type":"Point","coordinates":["1",2]}"#), BadCoordinate);
        assert_eq!(problem_of(r#"{"type":"Point","coordinates":[null,2]}"#), BadCoordinate);
        assert_eq!(problem_of(r#"{"type":"Point","coordinates":[NaN,2]}"#), BadCoordinate);
        assert_eq!(problem_of(r#"{"type":"Point","coordinates":[2]}"#), BadCoordinate);
        assert_eq!(problem_of(r#"{"type":"Point","coordinates":[200,2]}"#), BadCoordinate);
        assert_eq!(problem_of(r#"{"type":"Point","coordinates":5}"#), BadCoordinate);
        assert_eq!(problem_of(r#"{"type":"Polygon","coordinates":[]}"#), NoGeometry);
        assert_eq!(problem_of(r#"{"type":"Polygon","coordinates":[[0,0],[1,1]]}"#), WrongGeometry);
        assert_eq!(problem_of(r#"{"type":"Polygon","coordinates":[[[0,0],[],[1,1]]]}"#), BadCoordinate);
        assert_eq!(problem_of(r#"{"type":"Polygon","coordinates":[[[[[0,0]]]]]}"#), WrongGeometry);
        assert_eq!(problem_of(r#"{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}"#), DegenerateRing);
        assert_eq!(problem_of(r#"{"type":"LineString","coordinates":[[0,0]]}"#), DegenerateRing);
    }

    #[test]
    fn a_collection_holds_all_its_parts() {
        let (geometry, problems) = read(
            r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2,3]},
               {"type":"LineString","coordinates":[[0,0],[1,1]]},
               {"type":"GeometryCollection","geometries":[{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]}]}]}"#,
        );
        assert!(problems.is_empty());
        assert_eq!(geometry.point, Some([1.0, 2.0]));
        assert_eq!((geometry.lines.len(), geometry.shape.points.len()), (1, 3));
    }

    #[test]
    fn a_cut_inside_coordinates_is_an_end_not_a_defect() {
        let mut reader = GeometryReader::new(10);
        for cut in
            [r#"{"type":"Point","coordinates":[1"#, r#"{"type":"Point","coordinates":[1,"#, r#"{"coordinates":["#]
        {
            let stop =
                reader.read(&mut Scanner::new(cut), &Frame::default(), &mut Geometry::default(), &mut Vec::new());
            assert!(matches!(stop, Err(GeometryStop::Scan(ScanError::End { .. }))), "{cut}");
        }
    }

    #[test]
    fn too_many_vertices_stop() {
        let mut reader = GeometryReader::new(2);
        let text = r#"{"type":"LineString","coordinates":[[0,0],[1,1],[2,2]]}"#;
        let stop = reader.read(&mut Scanner::new(text), &Frame::default(), &mut Geometry::default(), &mut Vec::new());
        assert!(matches!(stop, Err(GeometryStop::TooManyVertices)));
    }
}
