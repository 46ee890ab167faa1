//! Parts land by people rather than by area: streets, communities and
//! micro-grids that hold like numbers and are small where many live.
//!
//! Recursive halving as in [`super::super::subdivide`], with two differences:
//! the halves are measured by the people in them as long as there are enough
//! to count, and cuts follow the directions that the piece's own borders have,
//! so that quarters along a bent road are built along it.

use std::f64::consts::{FRAC_PI_2, PI};

use fastrand::Rng;

use super::super::mesh::{Chord, End, FaceId, Line, Mesh, VertexId, distance, edges};
use crate::domain::geometry::{ring_contains, signed_area};

/// Fewer people than this per piece are no measure of a share.
const LEAST_PEOPLE: usize = 6;

/// A piece of land and the people drawn in it.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The face.
    pub face: FaceId,
    /// Where they live, plan metres.
    pub people: Vec<[f64; 2]>,
}

/// How to cut.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How far single cuts may turn from the borders' direction, radians.
    pub tilt: f64,
    /// A cut ends at a corner closer than this share of the piece's width.
    pub snap: f64,
    /// Number of directions tried over a right angle; 1 keeps to the borders'.
    pub directions: u32,
}

/// Parts `parcel` into one piece per weight; `cuts` receives the ends of the cuts.
pub fn part(
    mesh: &mut Mesh,
    parcel: Parcel,
    weights: &[f64],
    manner: Manner,
    rng: &mut Rng,
    cuts: &mut Vec<[VertexId; 2]>,
) -> Vec<Parcel> {
    let mut done = Vec::with_capacity(weights.len());
    let mut open = vec![(parcel, weights)];
    while let Some((parcel, weights)) = open.pop() {
        let Some((middle, share)) = halve(weights) else {
            done.push(parcel);
            continue;
        };
        let counts = parcel.people.len() >= LEAST_PEOPLE * weights.len();
        let Some(chord) = best_chord(mesh, &parcel, share, counts, manner, rng) else {
            done.push(parcel);
            continue;
        };
        let ends = [chord.from, chord.to].map(|end| end_point(mesh, parcel.face, end));
        let split = mesh.split(parcel.face, &chord);
        cuts.push(split.ends);
        let left_ring = mesh.polygon(split.left);
        let line = Line { through: ends[0], along: unit(ends[0], ends[1]) };
        let is_plain = is_one_sided(&left_ring, &line, 1.0) && is_one_sided(&mesh.polygon(split.right), &line, -1.0);
        let is_left = |p: &[f64; 2]| if is_plain { line.side(*p) >= 0.0 } else { ring_contains(&left_ring, *p) };
        let (left, right) = parcel.people.into_iter().partition(is_left);
        // The stack is emptied from its end: the right half waits.
        open.push((Parcel { face: split.right, people: right }, &weights[middle..]));
        open.push((Parcel { face: split.left, people: left }, &weights[..middle]));
    }
    done
}

/// Where to halve a list of weights so that the halves weigh nearly the same,
/// and the share of the first; `None` for a list that is not to be halved.
fn halve(weights: &[f64]) -> Option<(usize, f64)> {
    let total: f64 = weights.iter().sum();
    let mut sum = 0.0;
    let halves = weights.iter().enumerate().take(weights.len().saturating_sub(1)).map(|(i, weight)| {
        sum += weight;
        (i + 1, sum / total)
    });
    halves.min_by(|a, b| (a.1 - 0.5).abs().total_cmp(&(b.1 - 0.5).abs()))
}

/// The best cut: along the borders, and only if nothing fits at any angle.
fn best_chord(mesh: &Mesh, parcel: &Parcel, share: f64, counts: bool, manner: Manner, rng: &mut Rng) -> Option<Chord> {
    let polygon = mesh.polygon(parcel.face);
    let base = main_direction(mesh, parcel.face) + (rng.f64() - 0.5) * 2.0 * manner.tilt;
    let width = signed_area(&polygon).max(1.0).sqrt();
    let people: &[[f64; 2]] = if counts { &parcel.people } else { &[] };
    let best_of = |directions: u32, shifts: &[f64], snap_m: f64, worst: f64| {
        let mut best: Option<(f64, Chord)> = None;
        for i in 0..2 * directions {
            let angle = base + f64::from(i) * FRAC_PI_2 / f64::from(directions);
            for shift in shifts {
                let line = line_at_share(&polygon, people, angle, (share + shift).clamp(0.06, 0.94));
                for chord in mesh.chords(parcel.face, &line, snap_m) {
                    let cost = cost(&mesh.halves(parcel.face, &chord), people, share, &chord, width);
                    if cost < worst && best.as_ref().is_none_or(|b| cost < b.0) {
                        best = Some((cost, chord));
                    }
                }
            }
        }
        best.map(|(_, chord)| chord)
    };
    best_of(manner.directions, &[0.0], width * manner.snap, 1.6)
        .or_else(|| best_of(4, &[0.0, -0.08, 0.08], width * manner.snap, 4.0))
        .or_else(|| best_of(6, &[0.0, -0.1, 0.1], width * manner.snap * 0.4, 12.0))
        .or_else(|| best_of(12, &[0.0, -0.2, 0.2], 0.0, f64::INFINITY))
}

/// How bad a cut is: wrong shares, long thin halves; ends at corners are good.
fn cost(halves: &[Vec<[f64; 2]>; 2], people: &[[f64; 2]], share: f64, chord: &Chord, width: f64) -> f64 {
    let areas = [signed_area(&halves[0]), signed_area(&halves[1])];
    let total = areas[0] + areas[1];
    if areas.iter().any(|&area| area < 0.02 * total) {
        return f64::INFINITY;
    }
    let cut = [halves[1][0], halves[1][halves[1].len() - 1]];
    let left = if people.is_empty() {
        areas[0] / total
    } else {
        let line = Line { through: cut[0], along: unit(cut[0], cut[1]) };
        // A line through a corner of the piece leaves either half on the
        // wrong side of its extension; such cuts are rare and only less apt.
        let on_left = people.iter().filter(|&&p| line.side(p) >= 0.0).count() as f64 / people.len() as f64;
        if line.side(centre_of(&halves[0])) >= 0.0 { on_left } else { 1.0 - on_left }
    };
    let off = left - share;
    let shape = |ring: &[[f64; 2]], area: f64| perimeter(ring).powi(2) / (16.0 * area) - 1.0;
    let corners = [chord.from, chord.to].iter().filter(|end| matches!(end, End::Vertex(_))).count();
    let length = distance(cut[0], cut[1]) / width;
    off * off * 45.0 + 0.8 * (shape(&halves[0], areas[0]) + shape(&halves[1], areas[1])) + 0.3 * length
        - 0.08 * corners as f64
}

/// The direction that a face's borders keep to, modulo a right angle: the
/// circular mean of four times their angles, weighted by length.
fn main_direction(mesh: &Mesh, face: FaceId) -> f64 {
    let (mut x, mut y) = (0.0, 0.0);
    for (u, v) in edges(mesh.ring(face)) {
        let (p, q) = (mesh.point(u), mesh.point(v));
        let (dx, dy) = (q[0] - p[0], q[1] - p[1]);
        let four = 4.0 * dy.atan2(dx);
        x += dx.hypot(dy) * four.cos();
        y += dx.hypot(dy) * four.sin();
    }
    y.atan2(x) / 4.0
}

/// The line at `angle` that has `share` of the people, or of the area where
/// none are given, to its left.
fn line_at_share(polygon: &[[f64; 2]], people: &[[f64; 2]], angle: f64, share: f64) -> Line {
    let line = Line::new(centre_of(polygon), angle.rem_euclid(PI));
    let normal = [-line.along[1], line.along[0]];
    let at = |offset: f64| Line {
        through: [line.through[0] + normal[0] * offset, line.through[1] + normal[1] * offset],
        ..line
    };
    if people.is_empty() {
        return at(offset_by_area(polygon, &line, share));
    }
    let mut sides: Vec<f64> = people.iter().map(|&p| line.side(p)).collect();
    let wanted = (((1.0 - share) * sides.len() as f64) as usize).min(sides.len() - 1);
    // A millimetre aside: a border must not run through anybody's house.
    at(*sides.select_nth_unstable_by(wanted, f64::total_cmp).1 - 1e-3)
}

/// How far to shift a line to the left so that `share` of a polygon stays on its left.
fn offset_by_area(polygon: &[[f64; 2]], line: &Line, share: f64) -> f64 {
    let places: Vec<[f64; 2]> = polygon.iter().map(|&p| [line.position(p), line.side(p)]).collect();
    let range = places.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p[1]), h.max(p[1])));
    let total = signed_area(polygon);
    let (mut low, mut high) = range;
    for _ in 0..13 {
        let middle = (low + high) / 2.0;
        if area_above(&places, middle) > share * total {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// Area of the part of a ring with y above `level` (Green's theorem on the
/// clipped edges; the closing edges along the level add nothing).
fn area_above(ring: &[[f64; 2]], level: f64) -> f64 {
    let mut doubled = 0.0;
    for (i, &[ax, ay]) in ring.iter().enumerate() {
        let [bx, by] = ring[(i + 1) % ring.len()];
        let (ha, hb) = (ay - level, by - level);
        if ha >= 0.0 && hb >= 0.0 {
            doubled -= (bx - ax) * (ha + hb);
        } else if ha > 0.0 {
            doubled -= (bx - ax) * ha * ha / (ha - hb);
        } else if hb > 0.0 {
            doubled -= (bx - ax) * hb * hb / (hb - ha);
        }
    }
    doubled / 2.0
}

/// Whether a ring lies altogether on one side of a line that bounds it: 1 for
/// the left, −1 for the right.
fn is_one_sided(ring: &[[f64; 2]], line: &Line, side: f64) -> bool {
    ring.iter().all(|&p| line.side(p) * side > -1e-6)
}

fn end_point(mesh: &Mesh, face: FaceId, end: End) -> [f64; 2] {
    match end {
        End::Vertex(i) => mesh.point(mesh.ring(face)[i]),
        End::Edge(_, p) => p,
    }
}

fn unit(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    let length = distance(a, b).max(f64::MIN_POSITIVE);
    [(b[0] - a[0]) / length, (b[1] - a[1]) / length]
}

fn centre_of(ring: &[[f64; 2]]) -> [f64; 2] {
    let count = ring.len().max(1) as f64;
    [0, 1].map(|axis| ring.iter().map(|p| p[axis]).sum::<f64>() / count)
}

fn perimeter(ring: &[[f64; 2]]) -> f64 {
    (0..ring.len()).map(|i| distance(ring[i], ring[(i + 1) % ring.len()])).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(side: f64) -> (Mesh, FaceId) {
        let mut mesh = Mesh::default();
        let ring = [[0.0, 0.0], [side, 0.0], [side, side], [0.0, side]].map(|p| mesh.add_vertex(p)).to_vec();
        let face = mesh.add_face(ring);
        (mesh, face)
    }

    const MANNER: Manner = Manner { tilt: 0.1, snap: 0.05, directions: 2 };

    #[test]
    fn pieces_hold_like_numbers_of_people_and_all_the_land() {
        let (mut mesh, face) = square(1_000.0);
        let mut rng = Rng::with_seed(5);
        // Four in five live in the western fifth.
        let people = (0..4_000).map(|i| [rng.f64() * if i % 5 == 0 { 1_000.0 } else { 200.0 }, rng.f64() * 1_000.0]);
        let parcel = Parcel { face, people: people.collect() };
        let parts = part(&mut mesh, parcel, &[1.0; 13], MANNER, &mut rng, &mut Vec::new());
        assert_eq!(parts.len(), 13);
        assert_eq!(parts.iter().map(|p| p.people.len()).sum::<usize>(), 4_000);
        let area: f64 = parts.iter().map(|p| mesh.area(p.face)).sum();
        assert!((area - 1e6).abs() < 1e-3);
        for piece in &parts {
            let ring = mesh.polygon(piece.face);
            assert!((150..600).contains(&piece.people.len()), "{}", piece.people.len());
            let outside: Vec<_> = piece.people.iter().filter(|&&p| !ring_contains(&ring, p)).collect();
            assert!(outside.is_empty(), "{outside:?} {ring:?}");
        }
    }

    #[test]
    fn without_people_area_counts() {
        let (mut mesh, face) = square(100.0);
        let parcel = Parcel { face, people: Vec::new() };
        let parts = part(&mut mesh, parcel, &[1.0; 16], MANNER, &mut Rng::with_seed(2), &mut Vec::new());
        assert_eq!(parts.len(), 16);
        assert!(parts.iter().all(|p| (300.0..1_100.0).contains(&mesh.area(p.face))));
    }

    proptest::proptest! {
        #[test]
        fn the_area_above_a_level_is_that_of_the_clipped_ring(level in -1.0..11.0_f64) {
            let ring = [[0.0, 0.0], [8.0, 1.0], [10.0, 10.0], [4.0, 3.0], [1.0, 9.0]];
            let mut clipped = Vec::new();
            for (i, a) in ring.iter().enumerate() {
                let b = ring[(i + 1) % ring.len()];
                if a[1] >= level {
                    clipped.push(*a);
                }
                if (a[1] >= level) != (b[1] >= level) {
                    let t = (level - a[1]) / (b[1] - a[1]);
                    clipped.push([a[0] + (b[0] - a[0]) * t, level]);
                }
            }
            proptest::prop_assert!((area_above(&ring, level) - signed_area(&clipped)).abs() < 1e-9);
        }
    }
}
