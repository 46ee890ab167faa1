//! A plane cut into faces that share their vertices.
//!
//! Cutting a face inserts the ends of the cut into the face on the other side
//! of the edge as well, so that neighbours always have identical borders: no
//! gap, no sliver, no overlap can arise. Outlines of groups of faces are found
//! by cancelling opposite edges, never drawn a second time.
//!
//! Rings run counter-clockwise (y up) and are open. Results never depend on
//! the order of a hash map.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::geometry::{ring_contains, signed_area};

/// Number of a vertex.
pub type VertexId = u32;
/// Number of a face.
pub type FaceId = u32;

/// A directed straight line: what lies to its left is on its positive side.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// A point on it.
    pub through: [f64; 2],
    /// Unit vector along it.
    pub along: [f64; 2],
}

impl Line {
    /// The line through a point at an angle (radians, anticlockwise from +x).
    pub fn new(through: [f64; 2], angle: f64) -> Self {
        Self { through, along: [angle.cos(), angle.sin()] }
    }

    /// Signed distance; positive to the left.
    pub fn side(&self, p: [f64; 2]) -> f64 {
        self.along[0] * (p[1] - self.through[1]) - self.along[1] * (p[0] - self.through[0])
    }

    /// Position along the line.
    pub fn position(&self, p: [f64; 2]) -> f64 {
        self.along[0] * (p[0] - self.through[0]) + self.along[1] * (p[1] - self.through[1])
    }
}

/// Where a cut meets a face's ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// At the vertex with this position in the ring.
    Vertex(usize),
    /// On the edge that starts at this position, at this point.
    Edge(usize, [f64; 2]),
}

/// A straight cut through the inside of a face.
#[derive(Clone, Copy, Debug)]
pub struct Chord {
    /// Start.
    pub from: End,
    /// End.
    pub to: End,
}

/// The faces and their vertices.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    points: Vec<[f64; 2]>,
    faces: Vec<Vec<VertexId>>,
    /// Directed edge → the face to its left.
    sides: HashMap<(VertexId, VertexId), FaceId>,
}

impl Mesh {
    /// Adds a free vertex.
    pub fn add_vertex(&mut self, point: [f64; 2]) -> VertexId {
        self.points.push(point);
        (self.points.len() - 1) as VertexId
    }

    /// Adds a face from a counter-clockwise ring.
    pub fn add_face(&mut self, ring: Vec<VertexId>) -> FaceId {
        let face = self.faces.len() as FaceId;
        for (u, v) in edges(&ring) {
            self.sides.insert((u, v), face);
        }
        self.faces.push(ring);
        face
    }

    /// The point of a vertex.
    pub fn point(&self, vertex: VertexId) -> [f64; 2] {
        self.points[vertex as usize]
    }

    /// All points, by vertex number.
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// The vertices of a face.
    pub fn ring(&self, face: FaceId) -> &[VertexId] {
        &self.faces[face as usize]
    }

    /// The points of a face.
    pub fn polygon(&self, face: FaceId) -> Vec<[f64; 2]> {
        self.ring(face).iter().map(|&v| self.point(v)).collect()
    }

    /// The area of a face.
    #[cfg(test)]
    pub fn area(&self, face: FaceId) -> f64 {
        signed_area(&self.polygon(face))
    }

    /// The face on the other side of the edge `u → v`.
    pub fn across(&self, u: VertexId, v: VertexId) -> Option<FaceId> {
        self.sides.get(&(v, u)).copied()
    }

    /// Faces that share an edge with `face`, with the length that they share,
    /// longest first.
    pub fn neighbours(&self, face: FaceId) -> Vec<(FaceId, f64)> {
        let mut shared: BTreeMap<FaceId, f64> = BTreeMap::new();
        for (u, v) in edges(self.ring(face)) {
            if let Some(other) = self.across(u, v) {
                *shared.entry(other).or_default() += distance(self.point(u), self.point(v));
            }
        }
        let mut result: Vec<_> = shared.into_iter().collect();
        result.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        result
    }

    /// Puts a vertex on the edge `u → v`, into the faces on both sides.
    pub fn insert_on_edge(&mut self, u: VertexId, v: VertexId, point: [f64; 2]) -> VertexId {
        let w = self.add_vertex(point);
        for (a, b) in [(u, v), (v, u)] {
            let Some(face) = self.sides.remove(&(a, b)) else { continue };
            let ring = &mut self.faces[face as usize];
            if let Some(at) = ring.iter().enumerate().position(|(i, &x)| x == a && ring[(i + 1) % ring.len()] == b) {
                ring.insert(at + 1, w);
            }
            self.sides.insert((a, w), face);
            self.sides.insert((w, b), face);
        }
        w
    }

    /// The cuts that `line` makes through `face`. A cut that would end closer
    /// than `snap_m` to a vertex ends there. Cuts that leave the face, touch
    /// another edge or cut nothing off are left out.
    pub fn chords(&self, face: FaceId, line: &Line, snap_m: f64) -> Vec<Chord> {
        let polygon = self.polygon(face);
        let count = polygon.len();
        let mut ends: Vec<(f64, End)> = Vec::new();
        for i in 0..count {
            let (a, b) = (polygon[i], polygon[(i + 1) % count]);
            let (sa, sb) = (line.side(a), line.side(b));
            if (sa >= 0.0) == (sb >= 0.0) {
                continue;
            }
            let t = sa / (sa - sb);
            let p = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
            let (near_a, near_b) = (distance(p, a), distance(p, b));
            let end = match near_a.min(near_b) <= snap_m {
                true if near_a <= near_b => End::Vertex(i),
                true => End::Vertex((i + 1) % count),
                false => End::Edge(i, p),
            };
            ends.push((line.position(p), end));
        }
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let pairs = ends.chunks_exact(2).map(|pair| Chord { from: pair[0].1, to: pair[1].1 });
        pairs.filter(|chord| is_clear(&polygon, chord)).collect()
    }

    /// The two rings, in points, that `chord` would leave: left of it, right of it.
    pub fn halves(&self, face: FaceId, chord: &Chord) -> [Vec<[f64; 2]>; 2] {
        halves_of(&self.polygon(face), chord)
    }

    /// Cuts `face` along `chord` into the face to its left and the one to its
    /// right, and gives the vertices of the cut's ends. `face` is no more.
    pub fn split(&mut self, face: FaceId, chord: &Chord) -> Split {
        self.split_along(face, chord, &[])
    }

    /// Like [`Mesh::split`], along a path: `between` holds its points between
    /// the chord's ends. The path must run inside the face and not meet itself.
    pub fn split_along(&mut self, face: FaceId, chord: &Chord, between: &[[f64; 2]]) -> Split {
        let ring = self.ring(face).to_vec();
        let edge_of = |i: usize| (ring[i], ring[(i + 1) % ring.len()]);
        let mut vertex_of = |end: End| match end {
            End::Vertex(i) => ring[i],
            End::Edge(i, p) => {
                let (u, v) = edge_of(i);
                self.insert_on_edge(u, v, p)
            }
        };
        let (a, b) = (vertex_of(chord.from), vertex_of(chord.to));
        let mut ring = std::mem::take(&mut self.faces[face as usize]);
        let start = ring.iter().position(|&v| v == a).unwrap_or(0);
        ring.rotate_left(start);
        let middle = ring.iter().position(|&v| v == b).unwrap_or(0);
        let path: Vec<VertexId> = between.iter().map(|&p| self.add_vertex(p)).collect();
        let right = ring[..=middle].iter().chain(path.iter().rev()).copied().collect();
        let left = ring[middle..].iter().chain([&a]).chain(&path).copied().collect();
        let left = self.add_face(left);
        let right = self.add_face(right);
        Split { left, right, ends: [a, b] }
    }

    /// Unites two neighbours when the result is one ring without holes.
    pub fn merge(&mut self, a: FaceId, b: FaceId) -> Option<FaceId> {
        let mut rings = self.outline(&[a, b]);
        if rings.len() != 1 {
            return None;
        }
        for face in [a, b] {
            let ring = std::mem::take(&mut self.faces[face as usize]);
            for edge in edges(&ring) {
                self.sides.remove(&edge);
            }
        }
        rings.pop().map(|ring| self.add_face(ring))
    }

    /// The rings around a group of faces: shells counter-clockwise, holes
    /// clockwise, each touching itself nowhere.
    pub fn outline(&self, faces: &[FaceId]) -> Vec<Vec<VertexId>> {
        let group: HashSet<FaceId> = faces.iter().copied().collect();
        let all = faces.iter().flat_map(|&face| edges(self.ring(face)));
        self.chain(all.filter(|&(u, v)| self.across(u, v).is_none_or(|other| !group.contains(&other))))
    }

    /// Chains directed edges that bound a region on their left into rings:
    /// shells counter-clockwise, holes clockwise, each touching itself nowhere.
    pub fn chain(&self, border: impl Iterator<Item = (VertexId, VertexId)>) -> Vec<Vec<VertexId>> {
        let mut next: BTreeMap<VertexId, Vec<VertexId>> = BTreeMap::new();
        for (u, v) in border {
            next.entry(u).or_default().push(v);
        }
        let mut rings = Vec::new();
        while let Some((&start, _)) = next.first_key_value() {
            let mut ring = vec![start];
            let mut at = take_next(&mut next, start, |outs| outs.len() - 1);
            while at != start {
                let came_from = ring[ring.len() - 1];
                ring.push(at);
                at = take_next(&mut next, at, |outs| self.leftmost(came_from, at, outs));
            }
            rings.push(ring);
        }
        rings
    }

    /// Of several ways on, the sharpest turn to the left: it keeps rings that
    /// touch at a vertex apart.
    fn leftmost(&self, from: VertexId, at: VertexId, outs: &[VertexId]) -> usize {
        let angle = |a: VertexId, b: VertexId| {
            let (p, q) = (self.point(a), self.point(b));
            (q[1] - p[1]).atan2(q[0] - p[0])
        };
        let turn = |to: &VertexId| {
            (angle(at, *to) - angle(from, at) + 3.0 * std::f64::consts::PI).rem_euclid(std::f64::consts::TAU)
        };
        let best = outs.iter().enumerate().max_by(|a, b| turn(a.1).total_cmp(&turn(b.1)));
        best.map_or(0, |(index, _)| index)
    }

    /// Adds vertices to every edge so that its image under `image` departs
    /// from the straight line between them by less than `tolerance_m`.
    pub fn densify(&mut self, image: impl Fn([f64; 2]) -> [f64; 2], tolerance_m: f64) {
        let mut all: Vec<_> =
            self.sides.keys().copied().filter(|&(u, v)| u < v || !self.sides.contains_key(&(v, u))).collect();
        all.sort_unstable();
        for (u, v) in all {
            let mut from = u;
            for p in bend_points(self.point(u), self.point(v), &image, tolerance_m) {
                // Later points lie on the remaining part `from → v` of the edge.
                let (a, b) = if self.sides.contains_key(&(from, v)) { (from, v) } else { (v, from) };
                from = self.insert_on_edge(a, b, p);
            }
        }
    }
}

/// What a cut leaves.
#[derive(Clone, Copy, Debug)]
pub struct Split {
    /// The face left of the cut.
    pub left: FaceId,
    /// The face right of the cut.
    pub right: FaceId,
    /// The vertices at the cut's start and end.
    pub ends: [VertexId; 2],
}

/// The edges of an open ring.
pub fn edges(ring: &[VertexId]) -> impl Iterator<Item = (VertexId, VertexId)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Points to add between `a` and `b` so that the image of the straight line
/// departs from a chord through them by less than `tolerance_m`.
pub fn bend_points(a: [f64; 2], b: [f64; 2], image: &impl Fn([f64; 2]) -> [f64; 2], tolerance_m: f64) -> Vec<[f64; 2]> {
    let at = |t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
    for pieces in 1..64 {
        let bent = (0..pieces).any(|i| {
            let (from, to) = (i as f64 / pieces as f64, (i + 1) as f64 / pieces as f64);
            let (p, m, q) = (image(at(from)), image(at((from + to) / 2.0)), image(at(to)));
            let flat = [(p[0] + q[0]) / 2.0, (p[1] + q[1]) / 2.0];
            distance(m, flat) > tolerance_m
        });
        if !bent {
            return (1..pieces).map(|i| at(i as f64 / pieces as f64)).collect();
        }
    }
    (1..64).map(|i| at(f64::from(i) / 64.0)).collect()
}

/// Metres between two points.
pub fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn end_point(polygon: &[[f64; 2]], end: End) -> [f64; 2] {
    match end {
        End::Vertex(i) => polygon[i],
        End::Edge(_, p) => p,
    }
}

/// The rings that a chord would leave: left of it, right of it.
pub fn halves_of(polygon: &[[f64; 2]], chord: &Chord) -> [Vec<[f64; 2]>; 2] {
    let walk = |from: End, to: End| {
        let mut ring = vec![end_point(polygon, from)];
        let first = match from {
            End::Vertex(i) | End::Edge(i, _) => i + 1,
        };
        let last = match to {
            End::Vertex(i) => i,
            End::Edge(i, _) => i + 1,
        };
        let count = polygon.len();
        let mut i = first % count;
        while i != last % count {
            ring.push(polygon[i]);
            i = (i + 1) % count;
        }
        ring.push(end_point(polygon, to));
        ring
    };
    [walk(chord.to, chord.from), walk(chord.from, chord.to)]
}

/// Whether the chord runs inside the polygon and cuts something off it.
fn is_clear(polygon: &[[f64; 2]], chord: &Chord) -> bool {
    let (a, b) = (end_point(polygon, chord.from), end_point(polygon, chord.to));
    let middle = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    if distance(a, b) < 1e-6 || !ring_contains(polygon, middle) {
        return false;
    }
    // A chord along the border has its middle on the border, where the test
    // above may say either; it cuts nothing off.
    let areas = halves_of(polygon, chord).map(|half| signed_area(&half));
    if areas.iter().any(|&area| area <= 1e-9 * (areas[0] + areas[1]).abs()) {
        return false;
    }
    let count = polygon.len();
    (0..count).all(|i| {
        let (p, q) = (polygon[i], polygon[(i + 1) % count]);
        let touches_end = [chord.from, chord.to].iter().any(|&end| match end {
            End::Vertex(v) => v == i || v == (i + 1) % count,
            End::Edge(e, _) => e == i,
        });
        touches_end || !segments_meet(a, b, p, q)
    })
}

/// Whether the closed segments `ab` and `pq` have a point in common.
pub fn segments_meet(a: [f64; 2], b: [f64; 2], p: [f64; 2], q: [f64; 2]) -> bool {
    let cross = |o: [f64; 2], u: [f64; 2], v: [f64; 2]| (u[0] - o[0]) * (v[1] - o[1]) - (u[1] - o[1]) * (v[0] - o[0]);
    let (d1, d2) = (cross(a, b, p), cross(a, b, q));
    let (d3, d4) = (cross(p, q, a), cross(p, q, b));
    d1 * d2 <= 0.0 && d3 * d4 <= 0.0
}

fn take_next(
    next: &mut BTreeMap<VertexId, Vec<VertexId>>,
    at: VertexId,
    choose: impl Fn(&[VertexId]) -> usize,
) -> VertexId {
    let outs = next.get_mut(&at).expect("every vertex of a closed outline has a way on");
    let index = choose(outs);
    let to = outs.swap_remove(index);
    if outs.is_empty() {
        next.remove(&at);
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> (Mesh, FaceId) {
        let mut mesh = Mesh::default();
        let ring = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]].map(|p| mesh.add_vertex(p)).to_vec();
        let face = mesh.add_face(ring);
        (mesh, face)
    }

    fn cut(mesh: &mut Mesh, face: FaceId, line: Line) -> Split {
        let chord = mesh.chords(face, &line, 0.1)[0];
        mesh.split(face, &chord)
    }

    #[test]
    fn a_cut_keeps_the_area_and_tells_left_from_right() {
        let (mut mesh, face) = square();
        let line = Line::new([3.0, 0.0], std::f64::consts::FRAC_PI_2);
        let chord = mesh.chords(face, &line, 0.1)[0];
        let [left, right] = mesh.halves(face, &chord);
        assert!((signed_area(&left) - 30.0).abs() < 1e-9 && (signed_area(&right) - 70.0).abs() < 1e-9);
        let split = mesh.split(face, &chord);
        assert!((mesh.area(split.left) - 30.0).abs() < 1e-9);
        assert!((mesh.area(split.right) - 70.0).abs() < 1e-9);
    }

    #[test]
    fn a_t_junction_enters_the_face_across() {
        let (mut mesh, face) = square();
        let first = cut(&mut mesh, face, Line::new([0.0, 5.0], 0.0));
        let before = mesh.ring(first.right).len();
        cut(&mut mesh, first.left, Line::new([4.0, 0.0], std::f64::consts::FRAC_PI_2));
        assert_eq!(mesh.ring(first.right).len(), before + 1);
    }

    #[test]
    fn the_outline_of_all_pieces_is_the_whole() {
        let (mut mesh, face) = square();
        let first = cut(&mut mesh, face, Line::new([0.0, 5.0], 0.1));
        let second = cut(&mut mesh, first.left, Line::new([4.0, 0.0], 1.5));
        let rings = mesh.outline(&[first.right, second.left, second.right]);
        assert_eq!(rings.len(), 1);
        let points: Vec<_> = rings[0].iter().map(|&v| mesh.point(v)).collect();
        assert!((signed_area(&points) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn merging_undoes_a_cut() {
        let (mut mesh, face) = square();
        let split = cut(&mut mesh, face, Line::new([0.0, 5.0], 0.3));
        let whole = mesh.merge(split.left, split.right).unwrap();
        assert!((mesh.area(whole) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn densified_edges_stay_shared() {
        let (mut mesh, face) = square();
        let split = cut(&mut mesh, face, Line::new([0.0, 5.0], 0.0));
        mesh.densify(|[x, y]| [x, y + (x * 0.6).sin()], 0.01);
        for (u, v) in edges(mesh.ring(split.left)) {
            if (mesh.point(u)[1] - 5.0).abs() < 1e-9 && (mesh.point(v)[1] - 5.0).abs() < 1e-9 {
                assert_eq!(mesh.across(u, v), Some(split.right));
            }
        }
        assert!(mesh.ring(split.left).len() > 12);
    }

    proptest::proptest! {
        /// Whatever is cut, faces keep the whole area, each inner edge has a
        /// face on both sides, and the outline of all faces is the square.
        #[test]
        fn any_cuts_leave_a_clean_tiling(cuts in proptest::collection::vec((0.0..10.0, 0.0..10.0, 0.0..3.15_f64), 1..24)) {
            let (mut mesh, face) = square();
            let mut faces = vec![face];
            for (x, y, angle) in cuts {
                let line = Line::new([x, y], angle);
                let mut next = Vec::new();
                for face in faces {
                    match mesh.chords(face, &line, 0.05).first().copied() {
                        Some(chord) => {
                            let split = mesh.split(face, &chord);
                            next.extend([split.left, split.right]);
                        }
                        None => next.push(face),
                    }
                }
                faces = next;
            }
            let sum: f64 = faces.iter().map(|&f| mesh.area(f)).sum();
            proptest::prop_assert!((sum - 100.0).abs() < 1e-9);
            let on_rim = |v: u32| mesh.point(v).iter().any(|&c| c.abs() < 1e-9 || (c - 10.0).abs() < 1e-9);
            for &face in &faces {
                for (u, v) in edges(mesh.ring(face)) {
                    proptest::prop_assert!(mesh.across(u, v).is_some() || (on_rim(u) && on_rim(v)));
                }
            }
            let rings = mesh.outline(&faces);
            proptest::prop_assert_eq!(rings.len(), 1);
            let points: Vec<_> = rings[0].iter().map(|&v| mesh.point(v)).collect();
            proptest::prop_assert!((signed_area(&points) - 100.0).abs() < 1e-9);
        }
    }
}
