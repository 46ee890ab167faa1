//! Parts one face into many by straight cuts, the way land is parcelled out.
//!
//! Each step halves the list of parcels and looks for the cut that gives both
//! halves their share of the land, keeps them compact and, where it can, ends
//! at a corner that is already there, so that streets run on across streets.

use std::f64::consts::FRAC_PI_2;

use fastrand::Rng;

use super::mesh::{Chord, FaceId, Line, Mesh, VertexId, distance};
use crate::domain::geometry::{Bounds, signed_area};

/// How to part a face.
#[derive(Clone, Copy, Debug)]
pub struct Subdivision<'a> {
    /// One entry per parcel: its share of the land.
    pub weights: &'a [f64],
    /// Direction of the streets, radians.
    pub angle: f64,
    /// How far single cuts may turn from it, radians.
    pub tilt: f64,
    /// A cut ends at a corner closer than this share of the face's width.
    pub snap: f64,
}

/// Parts `face`; gives one face per weight, and in `cuts` the ends of the cuts.
pub fn subdivide(
    mesh: &mut Mesh,
    face: FaceId,
    job: &Subdivision<'_>,
    rng: &mut Rng,
    cuts: &mut Vec<[VertexId; 2]>,
) -> Vec<FaceId> {
    if job.weights.len() < 2 {
        return vec![face];
    }
    let total: f64 = job.weights.iter().sum();
    let middle = middle_of(job.weights, total);
    let share = job.weights[..middle].iter().sum::<f64>() / total;
    let Some(chord) = best_chord(mesh, face, share, job, rng) else {
        // No straight line parts this face: cannot happen for a face with an
        // inside, because the last candidates cut at any angle without snapping.
        return vec![face];
    };
    let split = mesh.split(face, &chord);
    cuts.push(split.ends);
    let part = |weights| Subdivision { weights, ..*job };
    let mut faces = subdivide(mesh, split.left, &part(&job.weights[..middle]), rng, cuts);
    faces.extend(subdivide(mesh, split.right, &part(&job.weights[middle..]), rng, cuts));
    faces
}

/// Where to halve the list so that the halves weigh nearly the same.
fn middle_of(weights: &[f64], total: f64) -> usize {
    let mut sum = 0.0;
    let mut best = (f64::INFINITY, 1);
    for (i, weight) in weights[..weights.len() - 1].iter().enumerate() {
        sum += weight;
        let off = (sum - total / 2.0).abs();
        if off < best.0 {
            best = (off, i + 1);
        }
    }
    best.1
}

/// The best cut: first along the streets; at any angle only if none fits.
fn best_chord(mesh: &Mesh, face: FaceId, share: f64, job: &Subdivision<'_>, rng: &mut Rng) -> Option<Chord> {
    let polygon = mesh.polygon(face);
    let width = signed_area(&polygon).max(1.0).sqrt();
    let tilt = (rng.f64() - 0.5) * 2.0 * job.tilt;
    let usual = [job.angle + tilt, job.angle + tilt + FRAC_PI_2];
    let best_of = |angles: &[f64], snap_m: f64, worst: f64| {
        let mut best: Option<(f64, Chord)> = None;
        for &angle in angles {
            for shift in [0.0, -0.05, 0.05, -0.1, 0.1] {
                let line = line_at_share(&polygon, angle, (share + shift).clamp(0.08, 0.92));
                for chord in mesh.chords(face, &line, snap_m) {
                    let cost = cost(&mesh.halves(face, &chord), share, &chord, width);
                    if cost < worst && best.as_ref().is_none_or(|b| cost < b.0) {
                        best = Some((cost, chord));
                    }
                }
            }
        }
        best.map(|(_, chord)| chord)
    };
    let any: Vec<f64> = (0..12).map(|i| job.angle + f64::from(i) * FRAC_PI_2 / 6.0).collect();
    best_of(&usual, width * job.snap, 4.0)
        .or_else(|| best_of(&any, width * job.snap * 0.5, 8.0))
        .or_else(|| best_of(&any, 0.0, f64::INFINITY))
}

/// How bad a cut is: wrong shares, long thin halves; ends at corners are good.
fn cost(halves: &[Vec<[f64; 2]>; 2], share: f64, chord: &Chord, width: f64) -> f64 {
    let areas = [signed_area(&halves[0]), signed_area(&halves[1])];
    let total = areas[0] + areas[1];
    if areas.iter().any(|&a| a < 0.04 * total) {
        return f64::INFINITY;
    }
    let off = areas[0] / total - share;
    let shape = |ring: &[[f64; 2]], area: f64| perimeter(ring).powi(2) / (16.0 * area) - 1.0;
    let corners = [chord.from, chord.to].iter().filter(|end| matches!(end, super::mesh::End::Vertex(_))).count();
    let length = {
        let from_right = &halves[1];
        distance(from_right[0], from_right[from_right.len() - 1]) / width
    };
    off * off * 55.0 + shape(&halves[0], areas[0]) + shape(&halves[1], areas[1]) + 0.4 * length - 0.10 * corners as f64
}

fn perimeter(ring: &[[f64; 2]]) -> f64 {
    (0..ring.len()).map(|i| distance(ring[i], ring[(i + 1) % ring.len()])).sum()
}

/// The line at `angle` that has `share` of the polygon to its left.
fn line_at_share(polygon: &[[f64; 2]], angle: f64, share: f64) -> Line {
    let center = Bounds::of(polygon).center();
    let line = Line::new(center, angle);
    let normal = [-line.along[1], line.along[0]];
    let at = |offset: f64| Line { through: [center[0] + normal[0] * offset, center[1] + normal[1] * offset], ..line };
    let sides = polygon.iter().map(|&p| line.side(p));
    let (mut low, mut high) = sides.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), s| (l.min(s), h.max(s)));
    let total = signed_area(polygon);
    for _ in 0..24 {
        let middle = (low + high) / 2.0;
        if area_left_of(polygon, &at(middle)) / total > share {
            low = middle;
        } else {
            high = middle;
        }
    }
    at((low + high) / 2.0)
}

/// Area of the part of a polygon left of a line (Sutherland–Hodgman).
fn area_left_of(polygon: &[[f64; 2]], line: &Line) -> f64 {
    let mut kept: Vec<[f64; 2]> = Vec::with_capacity(polygon.len() + 2);
    for (i, &a) in polygon.iter().enumerate() {
        let b = polygon[(i + 1) % polygon.len()];
        let (sa, sb) = (line.side(a), line.side(b));
        if sa >= 0.0 {
            kept.push(a);
        }
        if (sa >= 0.0) != (sb >= 0.0) {
            let t = sa / (sa - sb);
            kept.push([a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]);
        }
    }
    signed_area(&kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parcel_gets_about_its_share() {
        let mut mesh = Mesh::default();
        let ring = [[0.0, 0.0], [400.0, -30.0], [430.0, 260.0], [200.0, 300.0], [10.0, 240.0]];
        let ring = ring.map(|p| mesh.add_vertex(p)).to_vec();
        let face = mesh.add_face(ring);
        let whole = mesh.area(face);
        let weights = [1.0, 2.0, 1.0, 1.5, 0.5, 1.0, 1.0];
        let job = Subdivision { weights: &weights, angle: 0.1, tilt: 0.05, snap: 0.1 };
        let mut cuts = Vec::new();
        let faces = subdivide(&mut mesh, face, &job, &mut Rng::with_seed(1), &mut cuts);
        assert_eq!((faces.len(), cuts.len()), (7, 6));
        let sum: f64 = faces.iter().map(|&f| mesh.area(f)).sum();
        assert!((sum - whole).abs() < 1e-6);
        for (&face, weight) in faces.iter().zip(weights) {
            let part = mesh.area(face) / whole * 8.0;
            assert!(part > weight * 0.5 && part < weight * 1.7, "{part} for {weight}");
        }
    }
}
