//! Where the edges and rings of a shape meet as they should not.
//!
//! In: a [`Shape`] whose rings have no repeated vertices and no spikes.
//! Out: [`Contacts`], or the single meetings for whoever wants to repair them.
//!
//! How it works: the edges of a ring stay in their order; boxes around runs of
//! 8, 16, 32 … of them are a binary tree that costs one pass to build, and
//! pairs of runs whose boxes meet are followed down to pairs of edges. Rings
//! are paired by a sweep over x. What two edges do to each other is decided
//! exactly (Shewchuk's adaptive predicates, through `geo`). Boundaries cost
//! O(n log n), because edges that follow one another lie together; many long
//! edges whose boxes overlap cost their number squared.

use std::collections::HashSet;
use std::ops::ControlFlow;

use geo::Coord;
use geo::kernels::{Kernel, Orientation, RobustKernel};

use crate::domain::geometry::{Bounds, Shape};

/// Edges under one box of the lowest level.
const LEAF_EDGES: usize = 8;

/// What two edges do to each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meeting {
    /// Each passes through the other.
    Cross,
    /// An end of one lies on the other, at this point.
    Touch([f64; 2]),
    /// They run along each other for some length.
    Along,
}

/// Where one ring lies in relation to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Inside,
    Outside,
    /// Partly inside, partly outside.
    Both,
    /// On the other's edge all the way.
    On,
}

/// One edge: its ring, its place in the ring and its ends.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Number of the ring in the shape.
    pub ring: usize,
    /// Number of the edge in the ring; it begins at the vertex of that number.
    pub index: usize,
    /// Where it begins.
    pub from: [f64; 2],
    /// Where it ends.
    pub to: [f64; 2],
}

/// How often the parts of a shape meet as they should not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contacts {
    /// Places where a ring crosses, touches or runs along itself.
    pub in_ring: usize,
    /// Places where two rings cross or run along each other.
    pub between_rings: usize,
    /// Holes that no part of lies inside their shell.
    pub holes_astray: Vec<usize>,
    /// Holes inside other holes of their polygon: the inner and the outer.
    pub nested_holes: Vec<(usize, usize)>,
    /// Polygons inside polygons.
    pub nested_polygons: usize,
    /// Counting stopped at the limit.
    pub is_cut: bool,
}

impl Contacts {
    /// Counts the contacts of `shape`, and stops soon after `limit`.
    pub fn of(shape: &Shape, limit: usize) -> Self {
        let index = Index::new(shape);
        let mut contacts = Self::default();
        let mut touches: Vec<[u64; 2]> = Vec::new();
        let mut crossing = HashSet::new();
        let mut meetings = 0;
        let stopped = index.meetings(&mut |[a, b], meeting| {
            meetings += 1;
            match meeting {
                Meeting::Touch(point) => touches.push(point.map(f64::to_bits)),
                _ if a.ring == b.ring => contacts.in_ring += 1,
                _ => {
                    contacts.between_rings += 1;
                    if meeting == Meeting::Cross {
                        crossing.insert((a.ring.min(b.ring), a.ring.max(b.ring)));
                    }
                }
            }
            if meetings >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        // A point is one place, however many pairs of edges meet in it.
        touches.sort_unstable();
        touches.dedup();
        contacts.in_ring += touches.len();
        contacts.is_cut = stopped.is_break();
        if !contacts.is_cut {
            index.relate(&crossing, &mut contacts);
        }
        contacts
    }

    /// Nothing meets as it should not.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The ends of all edges that meet as they should not, as indices into the
/// points of `shape`; at most some `limit`.
pub fn offenders(shape: &Shape, limit: usize) -> Vec<usize> {
    let index = Index::new(shape);
    let mut found = Vec::new();
    let _ = index.meetings(&mut |[a, b], _| {
        for edge in [a, b] {
            let ring = &index.rings[edge.ring];
            found.extend([ring.start + edge.index, ring.start + (edge.index + 1) % ring.count]);
        }
        if found.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}

/// Called with two edges and what they do to each other.
type OnMeeting<'f> = dyn FnMut([&Edge; 2], Meeting) -> ControlFlow<()> + 'f;

/// One ring in the index.
#[derive(Clone, Copy, Debug)]
struct Ring {
    polygon: usize,
    is_shell: bool,
    /// First vertex in the points of the shape, and how many there are.
    start: usize,
    count: usize,
    /// First box of the lowest level, and the number of the level of one box.
    boxes: usize,
    top: u32,
}

/// A run of edges: the `block`-th of those of `LEAF_EDGES << level`.
#[derive(Clone, Copy, Debug)]
struct Run {
    ring: usize,
    level: u32,
    block: usize,
}

/// What an edge of a ring has in common with an edge of another ring: a
/// point, twice, or a line.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    ring: usize,
    index: usize,
    ends: [[f64; 2]; 2],
}

/// The rings of a shape with boxes around runs of their edges.
struct Index<'a> {
    shape: &'a Shape,
    rings: Vec<Ring>,
    boxes: Vec<Bounds>,
}

/// How many boxes a level has.
fn blocks(edge_count: usize, level: u32) -> usize {
    edge_count.div_ceil(LEAF_EDGES << level)
}

impl<'a> Index<'a> {
    fn new(shape: &'a Shape) -> Self {
        let mut index = Self { shape, rings: Vec::with_capacity(shape.ring_ends.len()), boxes: Vec::new() };
        index.boxes.reserve(shape.points.len() / (LEAF_EDGES / 2) + 2 * shape.ring_ends.len());
        for (polygon, rings) in shape.polygons().enumerate() {
            for (place, points) in rings.enumerate() {
                index.push(polygon, place == 0, points);
            }
        }
        index
    }

    fn push(&mut self, polygon: usize, is_shell: bool, points: &[[f64; 2]]) {
        let start = self.rings.last().map_or(0, |ring| ring.start + ring.count);
        let (boxes, count) = (self.boxes.len(), points.len());
        for (block, run) in points.chunks(LEAF_EDGES).enumerate() {
            let mut bounds = Bounds::of(run);
            bounds.grow(points[(block * LEAF_EDGES + run.len()) % count]);
            self.boxes.push(bounds);
        }
        let mut top = 0;
        let mut below = boxes;
        while blocks(count, top) > 1 {
            let above = self.boxes.len();
            for block in 0..blocks(count, top + 1) {
                let mut bounds = self.boxes[below + 2 * block];
                if below + 2 * block + 1 < above {
                    bounds.merge(&self.boxes[below + 2 * block + 1]);
                }
                self.boxes.push(bounds);
            }
            below = above;
            top += 1;
        }
        self.rings.push(Ring { polygon, is_shell, start, count, boxes, top });
    }

    /// The box around a run.
    fn bounds(&self, run: Run) -> &Bounds {
        let ring = &self.rings[run.ring];
        let below: usize = (0..run.level).map(|level| blocks(ring.count, level)).sum();
        &self.boxes[ring.boxes + below + run.block]
    }

    /// The run of all edges of a ring.
    fn whole(&self, ring: usize) -> Run {
        Run { ring, level: self.rings[ring].top, block: 0 }
    }

    /// The two halves of a run, the second only if there is one.
    fn halves(&self, run: Run) -> (Run, Option<Run>) {
        let level = run.level - 1;
        let half = |block| Run { ring: run.ring, level, block };
        let second = 2 * run.block + 1;
        let has_second = second < blocks(self.rings[run.ring].count, level);
        (half(2 * run.block), has_second.then(|| half(second)))
    }

    /// The edges of a run of the lowest level.
    fn edges(&self, run: Run) -> impl Iterator<Item = Edge> + '_ {
        let ring = self.rings[run.ring];
        let points = &self.shape.points[ring.start..ring.start + ring.count];
        let first = run.block * LEAF_EDGES;
        (first..ring.count.min(first + LEAF_EDGES)).map(move |index| {
            let next = if index + 1 == ring.count { 0 } else { index + 1 };
            Edge { ring: run.ring, index, from: points[index], to: points[next] }
        })
    }

    /// Calls `found` for each two edges that meet as they should not.
    fn meetings(&self, found: &mut OnMeeting<'_>) -> ControlFlow<()> {
        for ring in 0..self.rings.len() {
            if self.rings[ring].count > 3 {
                self.meet_within(self.whole(ring), found)?;
            }
        }
        self.ring_pairs(&mut |a, b| self.meet_between(self.whole(a), self.whole(b), found))
    }

    /// Calls `found` for each two rings whose boxes meet.
    fn ring_pairs(&self, found: &mut dyn FnMut(usize, usize) -> ControlFlow<()>) -> ControlFlow<()> {
        if self.rings.len() < 2 {
            return ControlFlow::Continue(());
        }
        let mut by_x: Vec<(usize, Bounds)> =
            (0..self.rings.len()).map(|ring| (ring, *self.bounds(self.whole(ring)))).collect();
        by_x.sort_by(|(_, a), (_, b)| a.min[0].total_cmp(&b.min[0]));
        for (place, (a, bounds)) in by_x.iter().enumerate() {
            for (b, other) in by_x[place + 1..].iter().take_while(|(_, other)| other.min[0] <= bounds.max[0]) {
                if bounds.intersects(other) {
                    found(*a.min(b), *a.max(b))?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn meet_within(&self, run: Run, found: &mut OnMeeting<'_>) -> ControlFlow<()> {
        if run.level > 0 {
            let (first, second) = self.halves(run);
            self.meet_within(first, found)?;
            let Some(second) = second else { return ControlFlow::Continue(()) };
            self.meet_within(second, found)?;
            return self.meet_between(first, second, found);
        }
        for (place, a) in self.edges(run).enumerate() {
            for b in self.edges(run).skip(place + 2) {
                self.test(&a, &b, found)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn meet_between(&self, a: Run, b: Run, found: &mut OnMeeting<'_>) -> ControlFlow<()> {
        self.meet(a, b, &mut |a, b| self.test(a, b, found))
    }

    /// Calls `test` for the edges of two runs that may meet.
    fn meet(&self, a: Run, b: Run, test: &mut impl FnMut(&Edge, &Edge) -> ControlFlow<()>) -> ControlFlow<()> {
        let bounds = *self.bounds(b);
        if !self.bounds(a).intersects(&bounds) {
            return ControlFlow::Continue(());
        }
        if a.level == 0 && b.level == 0 {
            for edge in self.edges(a).filter(|edge| boxes_meet([edge.from, edge.to], [bounds.min, bounds.max])) {
                for other in self.edges(b) {
                    test(&edge, &other)?;
                }
            }
        } else if a.level >= b.level {
            let (first, second) = self.halves(a);
            self.meet(first, b, test)?;
            if let Some(second) = second {
                self.meet(second, b, test)?;
            }
        } else {
            let (first, second) = self.halves(b);
            self.meet(a, first, test)?;
            if let Some(second) = second {
                self.meet(a, second, test)?;
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn test(&self, a: &Edge, b: &Edge, found: &mut OnMeeting<'_>) -> ControlFlow<()> {
        if !boxes_meet([a.from, a.to], [b.from, b.to]) {
            return ControlFlow::Continue(());
        }
        let is_one_ring = a.ring == b.ring;
        if is_one_ring {
            let apart = a.index.abs_diff(b.index);
            // Neighbours share an end, and spikes are not for this module.
            if apart == 1 || apart + 1 == self.rings[a.ring].count {
                return ControlFlow::Continue(());
            }
        }
        match meeting(a, b) {
            None => ControlFlow::Continue(()),
            Some(Meeting::Touch(_)) if !is_one_ring => ControlFlow::Continue(()),
            Some(meeting) => found([a, b], meeting),
        }
    }

    /// The stretches that the edges of two rings have in common, in each of
    /// the two.
    fn stretches(&self, a: usize, b: usize) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        let _ = self.meet(self.whole(a), self.whole(b), &mut |a, b| {
            let ends = match meeting(a, b) {
                Some(Meeting::Touch(point)) => [point; 2],
                Some(Meeting::Along) => common_stretch(a, b),
                _ => return ControlFlow::Continue(()),
            };
            stretches.extend([a, b].map(|edge| Stretch { ring: edge.ring, index: edge.index, ends }));
            ControlFlow::Continue(())
        });
        stretches
    }

    /// Holes astray, nested rings, and rings that cross at their vertices;
    /// `crossing` are the pairs of rings whose edges cross.
    fn relate(&self, crossing: &HashSet<(usize, usize)>, contacts: &mut Contacts) {
        let mut is_astray: Vec<bool> = self.rings.iter().map(|ring| !ring.is_shell).collect();
        // (inner shell, polygon around it), and those with a hole in between.
        let mut inside: Vec<(usize, usize)> = Vec::new();
        let mut in_hole: HashSet<(usize, usize)> = HashSet::new();
        let _ = self.ring_pairs(&mut |a, b| {
            let (first, second) = (self.rings[a], self.rings[b]);
            let is_one_polygon = first.polygon == second.polygon;
            if !is_one_polygon && !first.is_shell && !second.is_shell {
                return ControlFlow::Continue(());
            }
            let sides = if crossing.contains(&(a, b)) { [Side::Both; 2] } else { self.sides(a, b) };
            if sides.contains(&Side::Both) && !crossing.contains(&(a, b)) {
                contacts.between_rings += 1;
            }
            for (inner, outer, side) in [(a, b, sides[0]), (b, a, sides[1])] {
                let (inner_ring, outer_ring) = (self.rings[inner], self.rings[outer]);
                match (is_one_polygon, inner_ring.is_shell, outer_ring.is_shell) {
                    (true, false, true) => is_astray[inner] = side == Side::Outside,
                    (true, false, false) if side == Side::Inside => contacts.nested_holes.push((inner, outer)),
                    (false, true, true) if side == Side::Inside => inside.push((inner, outer_ring.polygon)),
                    (false, true, false) if side == Side::Inside => _ = in_hole.insert((inner, outer_ring.polygon)),
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        });
        contacts.nested_polygons = inside.iter().filter(|pair| !in_hole.contains(pair)).count();
        contacts.holes_astray = (0..self.rings.len()).filter(|&ring| is_astray[ring]).collect();
    }

    /// Where ring `a` lies in relation to `b`, and `b` in relation to `a`, when
    /// their edges do not cross.
    fn sides(&self, a: usize, b: usize) -> [Side; 2] {
        let stretches = self.stretches(a, b);
        [(a, b), (b, a)].map(|(inner, outer)| {
            let mut own: Vec<Stretch> = stretches.iter().filter(|stretch| stretch.ring == inner).copied().collect();
            own.sort_by_key(|stretch| stretch.index);
            self.side(inner, outer, &own)
        })
    }

    /// Rings that have no point in common need one probe. Of the others every
    /// piece between two of the stretches in common, sorted by edge, may lie on
    /// another side.
    fn side(&self, inner: usize, outer: usize, stretches: &[Stretch]) -> Side {
        let points = self.shape.ring(inner);
        let named = |is_inside: bool| if is_inside { Side::Inside } else { Side::Outside };
        if stretches.is_empty() {
            return points.iter().find_map(|&point| self.is_inside(outer, point)).map_or(Side::On, named);
        }
        let mut rest = stretches;
        let mut side = Side::On;
        for (index, &from) in points.iter().enumerate() {
            let to = points[(index + 1) % points.len()];
            let own;
            (own, rest) = rest.split_at(rest.partition_point(|stretch| stretch.index <= index));
            for middle in middles(from, to, own) {
                let Some(this) = self.is_inside(outer, middle).map(named) else { continue };
                if side != Side::On && side != this {
                    return Side::Both;
                }
                side = this;
            }
        }
        side
    }

    /// Whether a ring winds around `point`; nothing on its edge.
    fn is_inside(&self, ring: usize, point: [f64; 2]) -> Option<bool> {
        let mut turns = 0;
        let mut runs = vec![self.whole(ring)];
        while let Some(run) = runs.pop() {
            let bounds = self.bounds(run);
            if bounds.min[1] > point[1] || bounds.max[1] < point[1] || bounds.max[0] < point[0] {
                continue;
            }
            if run.level > 0 {
                let (first, second) = self.halves(run);
                runs.push(first);
                runs.extend(second);
                continue;
            }
            for edge in self.edges(run) {
                turns += edge.passes(point)?;
            }
        }
        Some(turns != 0)
    }
}

impl Edge {
    /// How the edge passes a ray from `point` towards +x: upwards 1, downwards
    /// −1, not at all 0; nothing when the point lies on the edge.
    fn passes(&self, point: [f64; 2]) -> Option<i32> {
        let is_in_box = boxes_meet([self.from, self.to], [point, point]);
        let is_across = (self.from[1] > point[1]) != (self.to[1] > point[1]);
        if !is_in_box && !is_across {
            return Some(0);
        }
        let is_upwards = self.to[1] > self.from[1];
        match turn(self.from, self.to, point) {
            Orientation::Collinear if is_in_box => None,
            side if is_across && (side == Orientation::CounterClockwise) == is_upwards => {
                Some(if is_upwards { 1 } else { -1 })
            }
            _ => Some(0),
        }
    }
}

/// Whether the boxes around two pairs of corners share a point.
#[inline]
fn boxes_meet(a: [[f64; 2]; 2], b: [[f64; 2]; 2]) -> bool {
    let shared = |axis: usize| {
        let [a, b] = [a, b].map(|[p, q]| if p[axis] < q[axis] { [p[axis], q[axis]] } else { [q[axis], p[axis]] });
        (a[0] <= b[1]) & (b[0] <= a[1])
    };
    shared(0) & shared(1)
}

/// What two edges do to each other; nothing when they share no point.
fn meeting(a: &Edge, b: &Edge) -> Option<Meeting> {
    use Orientation::Collinear;
    if !boxes_meet([a.from, a.to], [b.from, b.to]) {
        return None;
    }
    let to_a = [turn(a.from, a.to, b.from), turn(a.from, a.to, b.to)];
    if to_a[0] == to_a[1] && to_a[0] != Collinear {
        return None;
    }
    let to_b = [turn(b.from, b.to, a.from), turn(b.from, b.to, a.to)];
    if to_b[0] == to_b[1] && to_b[0] != Collinear {
        return None;
    }
    if to_a == [Collinear; 2] && to_b == [Collinear; 2] {
        return Some(meeting_on_a_line(a, b));
    }
    let ends = [(to_a[0], b.from), (to_a[1], b.to), (to_b[0], a.from), (to_b[1], a.to)];
    let touch = ends.into_iter().find(|(side, _)| *side == Collinear);
    Some(touch.map_or(Meeting::Cross, |(_, point)| Meeting::Touch(point)))
}

/// What two edges of one line whose boxes meet do to each other.
fn meeting_on_a_line(a: &Edge, b: &Edge) -> Meeting {
    let shared = |axis: usize| {
        let ends = |edge: &Edge| [edge.from[axis].min(edge.to[axis]), edge.from[axis].max(edge.to[axis])];
        let ([a_min, a_max], [b_min, b_max]) = (ends(a), ends(b));
        a_max.min(b_max) - a_min.max(b_min)
    };
    if shared(0) > 0.0 || shared(1) > 0.0 {
        return Meeting::Along;
    }
    Meeting::Touch(if a.from == b.from || a.from == b.to { a.from } else { a.to })
}

/// The line that two edges that run along each other have in common: the two
/// in the middle of their four ends.
fn common_stretch(a: &Edge, b: &Edge) -> [[f64; 2]; 2] {
    let mut ends = [a.from, a.to, b.from, b.to];
    ends.sort_by(|p, q| p[0].total_cmp(&q[0]).then(p[1].total_cmp(&q[1])));
    [ends[1], ends[2]]
}

/// The middles of the pieces of an edge between `stretches` of it.
fn middles(from: [f64; 2], to: [f64; 2], stretches: &[Stretch]) -> Vec<[f64; 2]> {
    let along = |point: [f64; 2]| (point[0] - from[0]).abs() + (point[1] - from[1]).abs();
    let is_in_common = |point: [f64; 2]| {
        stretches.iter().any(|stretch| {
            let [p, q] = stretch.ends.map(along);
            p.min(q) < along(point) && along(point) < p.max(q)
        })
    };
    let mut stops: Vec<[f64; 2]> = stretches.iter().flat_map(|stretch| stretch.ends).chain([from, to]).collect();
    stops.sort_by(|&p, &q| along(p).total_cmp(&along(q)));
    stops.dedup();
    let pieces = stops.windows(2);
    let middles = pieces.map(|piece| [0, 1].map(|axis| (piece[0][axis] + piece[1][axis]) / 2.0));
    middles.filter(|&middle| !is_in_common(middle)).collect()
}

/// Whether the path a → b → c runs back along itself.
pub fn folds_back(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> bool {
    let dot = (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]);
    dot > 0.0 && turn(a, b, c) == Orientation::Collinear
}

/// Exactly which way the path a → b → c turns.
fn turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> Orientation {
    let [a, b, c] = [a, b, c].map(|[x, y]| Coord { x, y });
    RobustKernel::orient2d(a, b, c)
}
