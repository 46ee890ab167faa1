//! Level of detail: how much each vertex matters to the shape of its border.
//!
//! In: [`Rings`] and the borders that areas share. Out: for each vertex the
//! tolerance in metres up to which it is needed; leaving out all that are not
//! gives rings that differ from the full ones by less than the tolerance and
//! still fit each other without a gap.
//!
//! How it works: a vertex in which borders meet (a node) is always needed.
//! Between two nodes runs an arc, the same in every area that has it; each is
//! simplified on its own by Douglas and Peucker's method (1973), always in the
//! same direction, so that every area arrives at the same numbers.

use rayon::prelude::*;

use super::line::Borders;
use super::rings::Rings;
use crate::domain::area::AreaIndex;

/// For each vertex of `rings`, the tolerance in metres up to which it is
/// needed; infinite for nodes.
pub(super) fn needed_up_to(rings: &Rings, borders: &Borders) -> Vec<f32> {
    let mut needed = vec![f32::INFINITY; rings.points().len()];
    let mut rest = needed.as_mut_slice();
    let mut parts = Vec::with_capacity(rings.len());
    for area in 0..rings.len() as AreaIndex {
        let count = rings.of(area).len();
        let part;
        (part, rest) = rest.split_at_mut(count);
        parts.push((area, part));
    }
    parts.into_par_iter().with_min_len(64).for_each_init(Memory::default, |memory, (area, part)| {
        let Some(first) = rings.rings_of(area).next() else { return };
        let area_start = rings.ring(first).start;
        for ring in rings.rings_of(area) {
            let vertices = rings.ring(ring);
            let offset = vertices.start - area_start;
            let count = vertices.len();
            weigh_ring(rings, borders, vertices, &mut part[offset..offset + count], memory);
        }
    });
    needed
}

/// Working memory.
#[derive(Default)]
struct Memory {
    /// The vertices of the arc at hand.
    arc: Vec<usize>,
    /// Parts of it that are still to be weighed: first and last vertex, and
    /// the most that what lies between may matter, metres.
    spans: Vec<(usize, usize, f32)>,
    /// How far the vertices of a part are from the line between its ends,
    /// square metres.
    squared: Vec<f64>,
}

/// Weighs the vertices of one ring, arc by arc.
fn weigh_ring(
    rings: &Rings,
    borders: &Borders,
    vertices: std::ops::Range<usize>,
    needed: &mut [f32],
    memory: &mut Memory,
) {
    let count = vertices.len();
    let start = vertices.start;
    let next = |i: usize| if i + 1 == count { 0 } else { i + 1 };
    // Edge number v ends in vertex v: a node is where the areas along the
    // border change.
    let is_node = |i: usize| borders.parties(start + i) != borders.parties(start + next(i));
    // A ring without a node is cut where its smallest key is: every area that
    // has this ring cuts it there.
    let key = |i: usize| rings.keys()[start + i];
    let first = (0..count).find(|&i| is_node(i)).or_else(|| (0..count).min_by_key(|&i| key(i)));
    let Some(first) = first else { return };
    memory.arc.clear();
    memory.arc.push(first);
    let mut at = first;
    loop {
        at = next(at);
        memory.arc.push(at);
        if at == first || is_node(at) {
            weigh_arc(rings, start, needed, memory);
            memory.arc.clear();
            memory.arc.push(at);
        }
        if at == first {
            return;
        }
    }
}

/// Weighs the inner vertices of one arc; its ends stay as they are.
fn weigh_arc(rings: &Rings, start: usize, needed: &mut [f32], memory: &mut Memory) {
    let Memory { arc, spans, squared } = memory;
    let [first, second, .., last] = arc[..] else { return };
    let key = |i: usize| rings.keys()[start + i];
    // One direction for all that have the arc. A closed one is told apart by
    // the vertices beside its end.
    let before_last = arc[arc.len() - 2];
    if (key(first), key(second)) > (key(last), key(before_last)) {
        arc.reverse();
    }
    let points = &rings.points()[start..];
    spans.clear();
    spans.push((0, arc.len() - 1, f32::INFINITY));
    while let Some((from, to, limit)) = spans.pop() {
        let (a, b) = (points[arc[from]], points[arc[to]]);
        squared.clear();
        squared.extend(arc[from + 1..to].iter().map(|&i| squared_distance(points[i], a, b)));
        let Some((distance, offset)) = farthest(squared) else { continue };
        let middle = from + 1 + offset;
        // A part is never needed for longer than the whole that it refines.
        let distance = distance.min(limit);
        needed[arc[middle]] = distance;
        spans.push((from, middle, distance));
        spans.push((middle, to, distance));
    }
}

/// The largest distance, rounded, and the first that is as large. Roots are
/// only taken of squares that are as good as the largest.
fn farthest(squared: &[f64]) -> Option<(f32, usize)> {
    let most = squared.iter().copied().reduce(f64::max)?;
    let near = squared.iter().enumerate().filter(|(_, square)| **square >= most * (1.0 - 1e-6));
    near.map(|(i, square)| (square.sqrt() as f32, i)).reduce(|best, next| if best.0 >= next.0 { best } else { next })
}

/// Squared distance of `p` from the segment `a`–`b`.
fn squared_distance(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (ab, ap) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let square = ab[0] * ab[0] + ab[1] * ab[1];
    let along = if square > 0.0 { ((ap[0] * ab[0] + ap[1] * ab[1]) / square).clamp(0.0, 1.0) } else { 0.0 };
    let [x, y] = [ap[0] - ab[0] * along, ap[1] - ab[1] * along];
    x * x + y * y
}

#[cfg(test)]
mod tests {
    use super::super::line::borders;
    use super::super::testing;
    use super::*;
    use crate::domain::area::{AreaTree, Level};
    use crate::domain::geometry::{Shape, signed_area};

    fn rings_of(tree: &AreaTree) -> Rings {
        Rings::new(tree, |point| point.map(|value| value * 1e4))
    }

    /// `n × n` cells whose sides have `steps` vertices with noise.
    fn wiggly(n: usize, steps: usize, seed: u64) -> AreaTree {
        let mut random = fastrand::Rng::with_seed(seed);
        let side = n * steps + 1;
        let noise = 0.3 / (n * steps) as f64;
        let lattice: Vec<[f64; 2]> = (0..side * side)
            .map(|i| {
                let at = [i % side, i / side].map(|v| v as f64 / (side - 1) as f64);
                at.map(|v| v + (random.f64() - 0.5) * noise)
            })
            .collect();
        let at = |x: usize, y: usize| lattice[y * side + x];
        let mut areas = Vec::new();
        for row in 0..n {
            for column in 0..n {
                let (x, y) = (column * steps, row * steps);
                let mut ring: Vec<[f64; 2]> = (0..steps).map(|i| at(x + i, y)).collect();
                ring.extend((0..steps).map(|i| at(x + steps, y + i)));
                ring.extend((0..steps).map(|i| at(x + steps - i, y + steps)));
                ring.extend((0..steps).map(|i| at(x, y + steps - i)));
                areas.push(testing::area(&format!("{row}-{column}"), None, Level::Grid, Shape::from_ring(ring)));
            }
        }
        AreaTree::build(areas).0
    }

    #[test]
    fn shared_vertices_matter_equally_to_all_who_share_them() {
        let tree = wiggly(6, 8, 3);
        let rings = rings_of(&tree);
        let needed = needed_up_to(&rings, &borders(&tree, &rings));
        let mut by_key = std::collections::HashMap::new();
        for (key, metres) in rings.keys().iter().zip(&needed) {
            assert_eq!(*by_key.entry(key).or_insert(*metres), *metres);
        }
        assert!(needed.iter().any(|metres| metres.is_finite() && *metres > 0.0));
        // Corners of four cells, and of the whole, are nodes.
        let nodes = by_key.values().filter(|metres| metres.is_infinite()).count();
        assert!((5 * 5 + 4 * 5..=5 * 5 + 4 * 5 + 4 + 4).contains(&nodes), "{nodes}");
    }

    #[test]
    fn reduced_rings_tile_and_stay_within_the_tolerance() {
        let tree = wiggly(5, 12, 9);
        let rings = rings_of(&tree);
        let needed = needed_up_to(&rings, &borders(&tree, &rings));
        let area_sum = |rings: &Rings| -> f64 {
            (0..rings.ring_count()).map(|ring| signed_area(&rings.points()[rings.ring(ring)])).sum()
        };
        let mut before = rings.points().len();
        for tolerance in [10.0_f32, 40.0, 200.0] {
            let reduced = rings.filtered(|vertex| needed[vertex] >= tolerance);
            assert!(reduced.points().len() < before);
            before = reduced.points().len();
            assert_eq!(reduced.len(), rings.len());
            // Every inner edge is there twice, once in each direction: the
            // cells still fit each other.
            let mut edges = std::collections::HashMap::new();
            for ring in 0..reduced.ring_count() {
                let range = reduced.ring(ring);
                let keys = &reduced.keys()[range];
                for i in 0..keys.len() {
                    let (a, b) = (keys[i], keys[(i + 1) % keys.len()]);
                    *edges.entry((a.min(b), a.max(b))).or_insert(0) += if a < b { 1 } else { -1 };
                }
            }
            let open = edges.values().filter(|sum| **sum != 0).count();
            let outer = reduced.filtered(|_| true);
            assert!(open <= 4 * 5 * 13, "{open} of {} edges are the outline", outer.points().len());
            // Each left-out vertex is within the tolerance of what is left.
            for (vertex, point) in rings.points().iter().enumerate().filter(|(vertex, _)| needed[*vertex] < tolerance) {
                let nearest = (0..reduced.ring_count())
                    .flat_map(|ring| {
                        let points = &reduced.points()[reduced.ring(ring)];
                        (0..points.len()).map(move |i| (points[i], points[(i + 1) % points.len()]))
                    })
                    .map(|(a, b)| squared_distance(*point, a, b).sqrt())
                    .fold(f64::INFINITY, f64::min);
                assert!(nearest <= f64::from(tolerance) * 1.001, "{vertex}: {nearest} > {tolerance}");
            }
            let (all, left) = (area_sum(&rings), area_sum(&reduced));
            assert!((all - left).abs() < all * 0.05, "{all} {left}");
        }
    }

    #[test]
    fn a_lone_ring_keeps_its_shape_and_vanishes_when_it_is_too_small() {
        let ring: Vec<[f64; 2]> = (0..64)
            .map(|i| {
                let (sin, cos) = (f64::from(i) / 64.0 * std::f64::consts::TAU).sin_cos();
                [0.01 * cos, 0.01 * sin]
            })
            .collect();
        let (tree, _) = AreaTree::build(vec![testing::area("a", None, Level::Grid, Shape::from_ring(ring))]);
        let rings = rings_of(&tree);
        let needed = needed_up_to(&rings, &borders(&tree, &rings));
        // A circle of 100 m: eight or so vertices stay within 10 m of it.
        let count = rings.filtered(|vertex| needed[vertex] >= 10.0).points().len();
        assert!((6..=16).contains(&count), "{count}");
        let gone = rings.filtered(|vertex| needed[vertex] >= 500.0);
        assert_eq!((gone.len(), gone.points().len(), gone.of(0).len()), (1, 0, 0));
    }
}
