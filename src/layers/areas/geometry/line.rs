//! Outlines: each stretch of border once, at the largest level that has it.
//!
//! Neighbours, and parents and their children, share borders vertex by vertex.
//! Drawn once per area they would be twice as dark and as many times as slow
//! as there are levels. So the ends of every edge are rounded to 10⁻⁷ degrees
//! (1 cm), and edges with the same ends become one [`Segment`] of the largest
//! level among them.
//!
//! One sort finds them and puts them in order: its key begins with the place
//! of the edge's middle on a Hilbert curve, which is the same for the same
//! edge, and goes on with a hash of its ends. Dealing the result out by class
//! keeps the order along the curve.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;

use super::rings::{NOWHERE, Rings, place_of};
use super::seams::{OpenEdge, seams};
use super::{CURVE_BITS, hilbert_key, is_drawable};
use crate::domain::area::{AreaIndex, AreaTree, Level};
use crate::domain::geometry::Bounds;
use crate::domain::spatial::outermost;

/// Segments after which a chunk is full.
const CHUNK_SEGMENTS: usize = 8_192;

/// What a border separates; the order is that of drawing, most important last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineClass {
    /// The jurisdiction from what lies outside.
    Outer,
    /// Two areas of this level, or one from nothing.
    Level(Level),
}

impl LineClass {
    /// How many classes there are.
    pub(super) const COUNT: usize = 1 + Level::ALL.len();

    /// Row of the table of line styles: 0 for the outer edge, 1 for
    /// [`Level::City`] … 6 for [`Level::MicroGrid`].
    pub const fn style(self) -> u32 {
        match self {
            Self::Outer => 0,
            Self::Level(level) => 1 + level as u32,
        }
    }

    /// The class of that number; what is no level is the outer edge.
    fn of_style(style: u32) -> Self {
        Level::ALL.into_iter().map(Self::Level).find(|class| class.style() == style).unwrap_or(Self::Outer)
    }
}

/// One straight piece of border.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Segment {
    /// One end, local metres.
    pub a: [f32; 2],
    /// The other end, local metres.
    pub b: [f32; 2],
    /// Row of the table of line styles: [`LineClass::style`] for borders.
    pub style: u32,
}

/// A run of segments of one class in one place: one draw call.
#[derive(Clone, Debug, PartialEq)]
pub struct LineChunk {
    /// Into [`LineMesh::segments`].
    pub range: Range<u32>,
    /// Around its segments, local metres; line width not included.
    pub bounds: Bounds,
    /// The class of its segments.
    pub class: LineClass,
}

/// All borders, as one instance buffer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineMesh {
    /// Small levels first, the outer edge last, so that drawing in order puts
    /// the important on top.
    pub segments: Vec<Segment>,
    /// In the order of the segments.
    pub chunks: Vec<LineChunk>,
}

/// The borders of all areas: which edges are the same, and whose they are.
///
/// Edge number i runs from the vertex before vertex i in its ring to vertex i.
pub struct Borders {
    /// One edge of each border, of the largest level that has it.
    edges: Vec<BorderEdge>,
    /// For each edge, a number that is the same for edges with the same areas
    /// on them; 0 for edges without length.
    parties: Vec<u32>,
}

/// One stretch of border between two vertices.
#[derive(Clone, Copy)]
struct BorderEdge {
    /// The vertices at its ends.
    ends: [u32; 2],
    /// [`LineClass::style`].
    style: u32,
}

impl Borders {
    /// Tells apart the sets of areas that have an edge: equal for equal sets.
    pub(super) fn parties(&self, edge: usize) -> u32 {
        self.parties[edge]
    }
}

/// Finds the borders of `rings`.
pub fn borders(tree: &AreaTree, rings: &Rings) -> Borders {
    let edges = Edges::of(rings);
    let order = edges.sorted();
    let kinds = kinds(tree);
    let seams = seams(edges.open(rings, &kinds));
    // Written at once; no edge is in two runs.
    let parties: Vec<AtomicU32> = (0..rings.points().len()).map(|_| AtomicU32::new(0)).collect();
    let parts: Vec<Vec<BorderEdge>> = edges
        .runs(&order)
        .into_par_iter()
        .with_max_len(1)
        .map(|run| {
            let mut found = Vec::with_capacity(run.len() / 2);
            edges.each_shared(&kinds, &seams, run, |shared| {
                // Sums do not depend on the order, and the odd constant spreads
                // them; two sets with the same sum only cost a vertex that
                // could have gone.
                let add = |sum: u32, area: AreaIndex| sum.wrapping_add((area + 1).wrapping_mul(0x9E37_79B1));
                let set = shared.areas().fold(0, add);
                for &(_, edge) in shared.same {
                    parties[edge as usize].store(set.max(1), Ordering::Relaxed);
                }
                let class = if shared.is_outer { LineClass::Outer } else { LineClass::Level(shared.level) };
                found.push(BorderEdge { ends: shared.ends, style: class.style() });
            });
            found
        })
        .collect();
    Borders { edges: parts.concat(), parties: parties.into_iter().map(AtomicU32::into_inner).collect() }
}

/// All edges between the same two places.
pub(super) struct SharedEdge<'a> {
    /// The vertices at the ends of the one of the largest level.
    pub(super) ends: [u32; 2],
    /// That level.
    pub(super) level: Level,
    /// Whether it parts the jurisdiction from what lies outside.
    pub(super) is_outer: bool,
    /// Sort keys and numbers of the edges.
    same: &'a [(u64, u32)],
    edges: &'a Edges<'a>,
}

impl SharedEdge<'_> {
    /// The areas that have the edge.
    pub(super) fn areas(&self) -> impl Iterator<Item = AreaIndex> + '_ {
        self.same.iter().map(|&(_, edge)| self.edges.areas[edge as usize])
    }
}

/// Hands each stretch of border to `visit` once, near ones one after the other.
pub(super) fn each_shared_edge(tree: &AreaTree, rings: &Rings, visit: impl FnMut(&SharedEdge)) {
    let edges = Edges::of(rings);
    let kinds = kinds(tree);
    edges.each_shared(&kinds, &seams(edges.open(rings, &kinds)), &edges.sorted(), visit);
}

/// What is asked of an area for each of its edges.
struct Kind {
    level: Level,
    /// It is one of those that make up the jurisdiction.
    is_outermost: bool,
}

/// The kind of each area, close together.
fn kinds(tree: &AreaTree) -> Vec<Kind> {
    let mut kinds: Vec<Kind> =
        tree.areas().iter().map(|area| Kind { level: area.level, is_outermost: false }).collect();
    for index in outermost(tree) {
        kinds[index as usize].is_outermost = true;
    }
    kinds
}

/// Turns borders into segments.
pub fn line_mesh(rings: &Rings, borders: &Borders) -> LineMesh {
    // By style, so that the small levels can come first.
    let mut by_class: [Vec<Segment>; LineClass::COUNT] = Default::default();
    for edge in &borders.edges {
        let [a, b] = edge.ends.map(|vertex| rings.points()[vertex as usize]);
        if is_drawable(a) && is_drawable(b) {
            let [a, b] = [a, b].map(|end| end.map(|value| value as f32));
            by_class[edge.style as usize].push(Segment { a, b, style: edge.style });
        }
    }
    let segments: Vec<Segment> = by_class.into_iter().rev().flatten().collect();
    let chunks = chunk_segments(&segments, |segment| *segment);
    LineMesh { segments, chunks }
}

/// The edges of all rings, in arrays as long as there are vertices.
struct Edges<'a> {
    /// Rounded place of each vertex.
    keys: &'a [u64],
    /// The vertex before each vertex in its ring.
    from: Vec<u32>,
    /// The area of each vertex.
    areas: Vec<AreaIndex>,
}

impl<'a> Edges<'a> {
    /// Lists the edges of every ring.
    fn of(rings: &'a Rings) -> Self {
        let keys = rings.keys();
        let mut edges = Self { keys, from: Vec::with_capacity(keys.len()), areas: Vec::with_capacity(keys.len()) };
        for area in 0..rings.len() as AreaIndex {
            for ring in rings.rings_of(area) {
                let Range { start, end } = rings.ring(ring);
                edges.from.push(end as u32 - 1);
                edges.from.extend(start as u32..end as u32 - 1);
                edges.areas.resize(end, area);
            }
        }
        edges
    }

    /// Both ends of an edge, the smaller first; `None` when one is not on the
    /// Earth.
    fn ends(&self, edge: u32) -> Option<[u64; 2]> {
        let (a, b) = (self.keys[self.from[edge as usize] as usize], self.keys[edge as usize]);
        (a != NOWHERE && b != NOWHERE).then(|| [a.min(b), a.max(b)])
    }

    /// Pieces of the sorted edges for as many processors as there may be; the
    /// same edges are all in one.
    fn runs<'o>(&self, order: &'o [(u64, u32)]) -> Vec<&'o [(u64, u32)]> {
        const RUN: usize = 16_384;
        let mut runs = Vec::with_capacity(order.len() / RUN + 1);
        let mut rest = order;
        while !rest.is_empty() {
            let mut end = RUN.min(rest.len());
            while end < rest.len() && self.ends(rest[end - 1].1) == self.ends(rest[end].1) {
                end += 1;
            }
            let run;
            (run, rest) = rest.split_at(end);
            runs.push(run);
        }
        runs
    }

    /// Hands each stretch of border among sorted edges to `visit` once.
    fn each_shared(
        &self,
        kinds: &[Kind],
        seams: &HashSet<u32>,
        order: &[(u64, u32)],
        mut visit: impl FnMut(&SharedEdge),
    ) {
        let is_outermost = |edge: u32| kinds[self.areas[edge as usize] as usize].is_outermost;
        let level_of = |edge: u32| kinds[self.areas[edge as usize] as usize].level;
        for same in order.chunk_by(|a, b| self.ends(a.1) == self.ends(b.1)) {
            let Some(&(_, coarsest)) = same.iter().min_by_key(|&&(_, edge)| (level_of(edge), edge)) else { continue };
            let ends = [self.from[coarsest as usize], coarsest];
            let mut shared = SharedEdge { ends, level: level_of(coarsest), is_outer: false, same, edges: self };
            let mut outermost = same.iter().map(|&(_, edge)| edge).filter(|&edge| is_outermost(edge));
            let first = outermost.next();
            shared.is_outer = outermost.next().is_none() && first.is_some_and(|edge| !seams.contains(&edge));
            visit(&shared);
        }
    }

    /// The edges of the outermost areas that no two of them share.
    fn open(&self, rings: &Rings, kinds: &[Kind]) -> Vec<OpenEdge> {
        let is_outermost = |&edge: &u32| kinds[self.areas[edge as usize] as usize].is_outermost;
        let with_ends = |edge: u32| Some((self.ends(edge).filter(|ends| ends[0] != ends[1])?, edge));
        let mut edges: Vec<([u64; 2], u32)> =
            (0..self.keys.len() as u32).filter(is_outermost).filter_map(with_ends).collect();
        edges.sort_unstable();
        let at = |vertex: u32| rings.points()[vertex as usize];
        let open = edges.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() == 1).map(|same| same[0].1);
        open.map(|edge| OpenEdge {
            edge,
            area: self.areas[edge as usize],
            from: at(self.from[edge as usize]),
            to: at(edge),
        })
        .collect()
    }

    /// Sort key and number of each edge with two distinct ends on the Earth,
    /// in an order in which the same edges are neighbours and near edges near.
    fn sorted(&self) -> Vec<(u64, u32)> {
        let mut bounds = Bounds::EMPTY;
        for &key in self.keys.iter().filter(|key| **key != NOWHERE) {
            bounds.grow(place_of(key));
        }
        let mut order: Vec<(u64, u32)> = (0..self.keys.len() as u32)
            .into_par_iter()
            .with_min_len(1_024)
            .filter_map(|edge| {
                let ends = self.ends(edge).filter(|ends| ends[0] != ends[1])?;
                Some((sort_key(&bounds, ends), edge))
            })
            .collect();
        order.par_sort_unstable();
        order
    }
}

/// The middle's place on a Hilbert curve, then a hash of both ends. Should two
/// edges in one place share the hash, the worst is a segment drawn twice.
fn sort_key(bounds: &Bounds, ends: [u64; 2]) -> u64 {
    const HASH_BITS: u32 = 64 - 2 * CURVE_BITS;
    let [a, b] = ends.map(place_of);
    let place = hilbert_key(bounds, [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]);
    // Fibonacci hashing: the odd constant is 2⁶⁴ over the golden ratio.
    let hash = (ends[0].rotate_left(29) ^ ends[1]).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (u64::from(place) << HASH_BITS) | (hash >> (64 - HASH_BITS))
}

/// Cuts sorted segments where the class changes or a chunk is full; `segment`
/// tells what is drawn of an item.
pub(super) fn chunk_segments<T>(items: &[T], segment: impl Fn(&T) -> Segment) -> Vec<LineChunk> {
    let mut chunks = Vec::new();
    let mut start = 0;
    for class in items.chunk_by(|a, b| segment(a).style == segment(b).style) {
        for run in class.chunks(CHUNK_SEGMENTS) {
            let mut bounds = Bounds::EMPTY;
            for item in run {
                let Segment { a, b, .. } = segment(item);
                bounds.grow(a.map(f64::from));
                bounds.grow(b.map(f64::from));
            }
            let end = start + run.len() as u32;
            let class = LineClass::of_style(segment(&run[0]).style);
            chunks.push(LineChunk { range: start..end, bounds, class });
            start = end;
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::domain::geometry::Shape;

    fn mesh(tree: &AreaTree) -> LineMesh {
        let rings = Rings::new(tree, |point| point.map(|value| value * 1e4));
        line_mesh(&rings, &borders(tree, &rings))
    }

    fn count(mesh: &LineMesh, class: LineClass) -> usize {
        mesh.segments.iter().filter(|segment| segment.style == class.style()).count()
    }

    #[test]
    fn each_border_is_drawn_once_at_its_largest_level() {
        let n = 10;
        let mesh = mesh(&testing::tiling(n, 2));
        // n × n cells have 2 n (n + 1) sides: 4 n outside, n between the two
        // communities, the rest between grids.
        assert_eq!(mesh.segments.len(), 2 * n * (n + 1));
        assert_eq!(count(&mesh, LineClass::Outer), 4 * n);
        assert_eq!(count(&mesh, LineClass::Level(Level::Community)), n);
        assert_eq!(count(&mesh, LineClass::Level(Level::Grid)), 2 * n * (n + 1) - 5 * n);
        let mut ends: Vec<[[u32; 2]; 2]> = mesh
            .segments
            .iter()
            .map(|segment| {
                let mut ends = [segment.a, segment.b].map(|end| end.map(f32::to_bits));
                ends.sort_unstable();
                ends
            })
            .collect();
        ends.sort_unstable();
        ends.dedup();
        assert_eq!(ends.len(), mesh.segments.len());
    }

    #[test]
    fn the_border_between_two_roots_is_not_outer() {
        let square = |x: f64| Shape::from_ring(vec![[x, 0.0], [x + 1.0, 0.0], [x + 1.0, 1.0], [x, 1.0]]);
        let (tree, _) = AreaTree::build(vec![
            testing::area("d1", None, Level::District, square(0.0)),
            testing::area("d2", None, Level::District, square(1.0)),
        ]);
        let mesh = mesh(&tree);
        assert_eq!(count(&mesh, LineClass::Outer), 6);
        assert_eq!(count(&mesh, LineClass::Level(Level::District)), 1);
    }

    #[test]
    fn rounding_errors_do_not_double_a_border() {
        let square = |x: f64, noise: f64| {
            Shape::from_ring(vec![[x, noise], [x + 1.0 + noise, 0.0], [x + 1.0, 1.0 + noise], [x, 1.0]])
        };
        let (tree, _) = AreaTree::build(vec![
            testing::area("a", None, Level::Grid, square(0.0, 0.0)),
            testing::area("b", None, Level::Grid, square(1.0, 2e-9)),
        ]);
        assert_eq!(mesh(&tree).segments.len(), 7);
    }

    #[test]
    fn chunks_cover_the_segments_and_the_outer_edge_comes_last() {
        let mesh = mesh(&testing::tiling(100, 2));
        let mut next = 0;
        for chunk in &mesh.chunks {
            assert_eq!(chunk.range.start, next);
            next = chunk.range.end;
            for segment in &mesh.segments[chunk.range.start as usize..chunk.range.end as usize] {
                assert_eq!(segment.style, chunk.class.style());
                assert!(
                    chunk.bounds.contains(segment.a.map(f64::from)) && chunk.bounds.contains(segment.b.map(f64::from))
                );
            }
        }
        assert_eq!(next as usize, mesh.segments.len());
        assert_eq!(mesh.chunks.last().map(|chunk| chunk.class), Some(LineClass::Outer));
        assert_eq!(size_of::<Segment>(), 20);
    }

    #[test]
    fn vertices_that_are_not_finite_have_no_segments() {
        let ring = vec![[0.0, 0.0], [f64::NAN, 5.0], [2.0, 0.0], [2.0, 0.0], [2.0, 2.0], [1e300, 2.0]];
        let (tree, _) = AreaTree::build(vec![testing::area("a", None, Level::Grid, Shape::from_ring(ring))]);
        let drawn = mesh(&tree);
        assert_eq!(drawn.segments.len(), 1);
        assert!(drawn.segments.iter().all(|segment| segment.a.iter().chain(&segment.b).all(|value| value.is_finite())));
        assert_eq!(mesh(&AreaTree::default()), LineMesh::default());
    }
}
