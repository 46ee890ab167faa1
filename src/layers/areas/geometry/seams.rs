//! Seams: borders that two neighbours drew each for itself.
//!
//! In: the edges of the areas that make up the jurisdiction which no neighbour
//! shares vertex by vertex. Out: those that run along a neighbour all the same.
//! Boundaries that were drawn or simplified one by one miss each other by some
//! metres, and would shine through the city as its outer edge.
//!
//! How it works: all shells run counter-clockwise, so neighbours go along their
//! common border in opposite directions, and in the same direction along the
//! edge of what both are part of. An edge is a seam when an edge of another
//! area passes its middle within [`reach_m`] the other way.

use std::collections::{HashMap, HashSet};

use super::is_drawable;
use crate::domain::area::AreaIndex;
use crate::domain::geometry::Bounds;

/// Neighbours miss each other by this part of the jurisdiction's longer side at
/// most: about one pixel of a wall that shows all of it.
const REACH_SHARE: f64 = 0.001;

/// By this at least, metres.
const LEAST_REACH_M: f64 = 10.0;

/// Cells along an edge at most; the middle of a longer one is seen in fewer
/// places.
const MOST_STEPS: f64 = 4_096.0;

/// An edge in the direction in which its ring runs, local metres.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenEdge {
    /// Its number.
    pub(super) edge: u32,
    /// Whose it is.
    pub(super) area: AreaIndex,
    /// Where it begins.
    pub(super) from: [f64; 2],
    /// Where it ends.
    pub(super) to: [f64; 2],
}

/// How far apart two neighbours may be, metres.
fn reach_m(edges: &[OpenEdge]) -> f64 {
    let mut bounds = Bounds::EMPTY;
    edges.iter().for_each(|edge| bounds.grow(edge.to));
    let [width, height] = bounds.size();
    (width.max(height) * REACH_SHARE).max(LEAST_REACH_M)
}

/// The numbers of the edges that are seams.
pub(super) fn seams(mut edges: Vec<OpenEdge>) -> HashSet<u32> {
    edges.retain(|edge| is_drawable(edge.from) && is_drawable(edge.to));
    if edges.windows(2).all(|pair| pair[0].area == pair[1].area) {
        return HashSet::new();
    }
    let reach_m = reach_m(&edges);
    let cell = |at: [f64; 2]| at.map(|value| (value / reach_m).floor() as i64);
    let mut cells: HashMap<[i64; 2], Vec<u32>> = HashMap::new();
    for (place, edge) in edges.iter().enumerate() {
        let length = distance(edge.from, edge.to);
        let steps = (length / reach_m).ceil().clamp(1.0, MOST_STEPS);
        for step in 0..=steps as u32 {
            let list = cells.entry(cell(between(edge.from, edge.to, f64::from(step) / steps))).or_default();
            // One after the other: an edge is last where it already is.
            if list.last() != Some(&(place as u32)) {
                list.push(place as u32);
            }
        }
    }
    let is_seam = |edge: &&OpenEdge| {
        let middle = between(edge.from, edge.to, 0.5);
        let [column, row] = cell(middle);
        let around = (-1..=1).flat_map(|x| (-1..=1).map(move |y| [column + x, row + y]));
        around.filter_map(|cell| cells.get(&cell)).flatten().any(|&other| {
            let other = &edges[other as usize];
            other.area != edge.area && run_apart(edge, other) && distance_to(middle, other) <= reach_m
        })
    };
    edges.iter().filter(is_seam).map(|edge| edge.edge).collect()
}

/// Whether two edges run in opposite directions, more or less.
fn run_apart(a: &OpenEdge, b: &OpenEdge) -> bool {
    let [along_a, along_b] = [a, b].map(|edge| [edge.to[0] - edge.from[0], edge.to[1] - edge.from[1]]);
    along_a[0] * along_b[0] + along_a[1] * along_b[1] < 0.0
}

fn between(from: [f64; 2], to: [f64; 2], share: f64) -> [f64; 2] {
    [0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * share)
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// From a place to the nearest of an edge, metres.
fn distance_to(at: [f64; 2], edge: &OpenEdge) -> f64 {
    let along = [0, 1].map(|axis| edge.to[axis] - edge.from[axis]);
    let length_sq = along[0] * along[0] + along[1] * along[1];
    let dot = (at[0] - edge.from[0]) * along[0] + (at[1] - edge.from[1]) * along[1];
    let share = if length_sq > 0.0 { (dot / length_sq).clamp(0.0, 1.0) } else { 0.0 };
    distance(at, between(edge.from, edge.to, share))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The edges of rings, one for each area, numbered one after the other.
    fn edges(rings: &[&[[f64; 2]]]) -> Vec<OpenEdge> {
        let mut edges = Vec::new();
        for (area, ring) in rings.iter().enumerate() {
            for (place, &from) in ring.iter().enumerate() {
                let to = ring[(place + 1) % ring.len()];
                edges.push(OpenEdge { edge: edges.len() as u32, area: area as AreaIndex, from, to });
            }
        }
        edges
    }

    fn found(rings: &[&[[f64; 2]]]) -> Vec<u32> {
        let mut found: Vec<u32> = seams(edges(rings)).into_iter().collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn neighbours_with_other_vertices_have_a_seam_between_them() {
        // A kilometre each; the border of the right one has a vertex more, and
        // lies four metres off.
        let left = [[0.0, 0.0], [1_000.0, 0.0], [1_000.0, 1_000.0], [0.0, 1_000.0]];
        let right = [[1_004.0, 0.0], [2_000.0, 0.0], [2_000.0, 1_000.0], [1_004.0, 1_000.0], [1_003.0, 400.0]];
        assert_eq!(found(&[&left, &right]), [1, 7, 8]);
        // They overlap as much.
        let right = right.map(|[x, y]| [x - 8.0, y]);
        assert_eq!(found(&[&left, &right]), [1, 7, 8]);
    }

    #[test]
    fn the_outer_edge_stays_that_of_both() {
        // Both go on along the southern edge, in the same direction.
        let left = [[0.0, 0.0], [995.0, 0.0], [1_000.0, 0.0], [1_000.0, 500.0], [0.0, 500.0]];
        let right = [[1_001.0, 0.0], [1_006.0, 0.0], [2_000.0, 0.0], [2_000.0, 500.0], [1_001.0, 500.0]];
        assert_eq!(found(&[&left, &right]), [2, 9]);
    }

    #[test]
    fn what_lies_apart_has_no_seam() {
        let left = [[0.0, 0.0], [1_000.0, 0.0], [1_000.0, 1_000.0], [0.0, 1_000.0]];
        let right = left.map(|[x, y]| [x + 1_050.0, y]);
        assert!(found(&[&left, &right]).is_empty(), "a river parts them");
        assert!(found(&[&left]).is_empty() && found(&[]).is_empty());
        let wild = left.map(|[x, y]| [x * 1e300, if x > 0.0 { f64::NAN } else { y }]);
        assert!(found(&[&left, &wild]).is_empty());
    }
}
