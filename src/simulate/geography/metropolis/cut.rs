//! Cuts along lines of many points: what rivers, ring roads and radials do to
//! the land.

use super::super::mesh::{Chord, End, FaceId, Mesh, distance, halves_of};
use crate::domain::geometry::{Bounds, ring_contains, signed_area};

/// A cut that would end this close to a corner ends there.
const SNAP_M: f64 = 30.0;
/// Points of a path this close to its end on a border are left out.
const CLEAR_M: f64 = 120.0;

/// Cuts a face along every piece of `path` that crosses it and leaves at least
/// `least_m2` on both sides; gives what is left. A closed path's last point is
/// its first.
pub fn cut(mesh: &mut Mesh, face: FaceId, path: &[[f64; 2]], least_m2: f64) -> Vec<FaceId> {
    let mut open = vec![face];
    let mut done = Vec::new();
    while let Some(face) = open.pop() {
        match first_piece(&mesh.polygon(face), path, least_m2) {
            Some(Piece::Cut(chord, between)) => {
                let split = mesh.split_along(face, &chord, &between);
                open.extend([split.left, split.right]);
            }
            Some(Piece::Corner(edge, point)) => {
                let ring = mesh.ring(face);
                let (u, v) = (ring[edge], ring[(edge + 1) % ring.len()]);
                mesh.insert_on_edge(u, v, point);
                open.push(face);
            }
            None => done.push(face),
        }
    }
    done.sort_unstable();
    done
}

/// Cuts off the part of one of `faces` between two of its corners and a path
/// that runs from the one to the other; gives the two new faces and which face
/// is no more. `None` when no face has both corners and the path inside.
pub fn cut_between(mesh: &mut Mesh, faces: &[FaceId], path: &[[f64; 2]]) -> Option<(FaceId, [FaceId; 2])> {
    let (&first, &last) = (path.first()?, path.last()?);
    let between = path.get(1..path.len() - 1)?;
    for &face in faces {
        let polygon = mesh.polygon(face);
        let corner = |p: [f64; 2]| polygon.iter().position(|&q| distance(p, q) < 1e-6);
        if let (Some(from), Some(to)) = (corner(first), corner(last))
            && between.get(between.len() / 2).is_some_and(|&p| ring_contains(&polygon, p))
        {
            let chord = Chord { from: End::Vertex(from), to: End::Vertex(to) };
            let split = mesh.split_along(face, &chord, between);
            return Some((face, [split.left, split.right]));
        }
    }
    None
}

/// What to do next with a face.
enum Piece {
    /// Cut it, along these points between the chord's ends.
    Cut(Chord, Vec<[f64; 2]>),
    /// Put a corner on this edge first: the path leaves through the edge
    /// through which it came.
    Corner(usize, [f64; 2]),
}

/// Where a path meets a border.
struct Hit {
    /// Number of the path's segment and how far along it.
    position: f64,
    end: End,
    at: [f64; 2],
}

/// The first piece of a path that crosses a polygon.
fn first_piece(polygon: &[[f64; 2]], path: &[[f64; 2]], least_m2: f64) -> Option<Piece> {
    let path = from_outside(polygon, path)?;
    let hits = hits(polygon, &path);
    hits.windows(2).find_map(|pair| {
        let (from, to) = (&pair[0], &pair[1]);
        let inner = path[from.position as usize + 1..=to.position as usize].iter().copied();
        let between: Vec<[f64; 2]> =
            inner.filter(|&p| distance(p, from.at) > CLEAR_M && distance(p, to.at) > CLEAR_M).collect();
        let middle = [0, 1].map(|axis| (from.at[axis] + to.at[axis]) / 2.0);
        let probe = between.get(between.len() / 2).copied().unwrap_or(middle);
        if from.end == to.end || !ring_contains(polygon, probe) {
            return None;
        }
        if let (End::Edge(a, point), End::Edge(b, _)) = (from.end, to.end)
            && a == b
        {
            return (closed_area(&between, from.at, to.at).abs() > least_m2).then_some(Piece::Corner(a, point));
        }
        let chord = Chord { from: from.end, to: to.end };
        let [mut left, mut right] = halves_of(polygon, &chord);
        left.extend(&between);
        right.extend(between.iter().rev());
        (signed_area(&left) > least_m2 && signed_area(&right) > least_m2).then_some(Piece::Cut(chord, between))
    })
}

/// Area between a piece of a path and the straight line between its ends.
fn closed_area(between: &[[f64; 2]], from: [f64; 2], to: [f64; 2]) -> f64 {
    signed_area(&[&[from], between, &[to]].concat())
}

/// The path, a closed one turned to begin outside the polygon; `None` where
/// it lies inside altogether.
fn from_outside(polygon: &[[f64; 2]], path: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
    if path.first() != path.last() {
        return Some(path.to_vec());
    }
    let ring = &path[1..];
    let start = ring.iter().position(|&p| !ring_contains(polygon, p))?;
    Some(ring[start..].iter().chain(&ring[..=start]).copied().collect())
}

/// All places where a path crosses a polygon's border, along the path.
fn hits(polygon: &[[f64; 2]], path: &[[f64; 2]]) -> Vec<Hit> {
    let bounds = Bounds::of(polygon);
    let mut hits: Vec<Hit> = Vec::new();
    for (number, step) in path.windows(2).enumerate() {
        if !bounds.intersects(&Bounds::of(step)) {
            continue;
        }
        for i in 0..polygon.len() {
            let next = (i + 1) % polygon.len();
            let Some((t, at)) = crossing([step[0], step[1]], [polygon[i], polygon[next]]) else { continue };
            let (near_a, near_b) = (distance(at, polygon[i]), distance(at, polygon[next]));
            let (end, at) = match near_a.min(near_b) <= SNAP_M {
                true if near_a <= near_b => (End::Vertex(i), polygon[i]),
                true => (End::Vertex(next), polygon[next]),
                false => (End::Edge(i, at), at),
            };
            hits.push(Hit { position: number as f64 + t, end, at });
        }
    }
    hits.sort_by(|a, b| a.position.total_cmp(&b.position));
    hits.dedup_by(|a, b| a.end == b.end || distance(a.at, b.at) < 1e-6);
    hits
}

/// Where segment `path` meets segment `edge`: how far along the path, 0…1 but
/// never quite 1, and the point.
pub fn crossing(path: [[f64; 2]; 2], edge: [[f64; 2]; 2]) -> Option<(f64, [f64; 2])> {
    let side = |[a, b]: [[f64; 2]; 2], p: [f64; 2]| (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
    let (ea, eb) = (side(path, edge[0]), side(path, edge[1]));
    let (pa, pb) = (side(edge, path[0]), side(edge, path[1]));
    if (ea >= 0.0) == (eb >= 0.0) || (pa >= 0.0) == (pb >= 0.0) {
        return None;
    }
    let (s, t) = (ea / (ea - eb), pa / (pa - pb));
    let at = [0, 1].map(|axis| edge[0][axis] + (edge[1][axis] - edge[0][axis]) * s);
    Some((t.clamp(0.0, 1.0 - 1e-9), at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> (Mesh, FaceId) {
        let mut mesh = Mesh::default();
        let corners = [[0.0, 0.0], [10_000.0, 0.0], [10_000.0, 10_000.0], [0.0, 10_000.0]];
        let ring = corners.map(|p| mesh.add_vertex(p)).to_vec();
        let face = mesh.add_face(ring);
        (mesh, face)
    }

    #[test]
    fn a_bent_path_parts_a_face_without_loss() {
        let (mut mesh, face) = square();
        let path = [[-100.0, 2_000.0], [3_000.0, 4_000.0], [7_000.0, 1_500.0], [10_100.0, 6_000.0]];
        let faces = cut(&mut mesh, face, &path, 1.0);
        assert_eq!(faces.len(), 2);
        let areas: Vec<f64> = faces.iter().map(|&face| mesh.area(face)).collect();
        assert!((areas[0] + areas[1] - 1e8).abs() < 1e-3 && areas.iter().all(|&a| a > 2e7), "{areas:?}");
    }

    #[test]
    fn a_ring_that_leaves_the_face_cuts_and_one_inside_does_not() {
        let ring = |center: [f64; 2]| -> Vec<[f64; 2]> {
            let at = |i: i32| f64::from(i % 40) / 40.0 * std::f64::consts::TAU;
            (0..=40).map(|i| [center[0] + 3_000.0 * at(i).cos(), center[1] + 3_000.0 * at(i).sin()]).collect()
        };
        let (mut mesh, face) = square();
        assert_eq!(cut(&mut mesh, face, &ring([5_000.0, 5_000.0]), 1.0), [face]);
        assert_eq!(cut(&mut mesh, face, &ring([9_000.0, 5_000.0]), 1.0).len(), 2);
        let (mut mesh, face) = square();
        // Leaves through one side and comes back: three pieces.
        let wave = [[-10.0, 5_000.0], [5_000.0, 14_000.0], [10_010.0, 5_000.0]];
        assert_eq!(cut(&mut mesh, face, &wave, 1.0).len(), 3);
    }

    #[test]
    fn a_lens_between_two_corners_is_cut_out() {
        let (mut mesh, face) = square();
        let path = [[-10.0, 5_000.0], [3_000.0, 5_000.0], [5_000.0, 6_000.0], [7_000.0, 5_000.0], [10_010.0, 5_000.0]];
        let faces = cut(&mut mesh, face, &path, 1.0);
        let shore = [[3_000.0, 5_000.0], [5_000.0, 4_000.0], [7_000.0, 5_000.0]];
        let (_, [a, b]) = cut_between(&mut mesh, &faces, &shore).expect("a face with both corners");
        assert!([a, b].iter().any(|&f| (mesh.area(f) - 4e6).abs() < 1e-3));
        assert!(cut_between(&mut mesh, &faces, &[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]).is_none());
    }
}
