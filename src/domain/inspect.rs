//! What is wrong with a boundary, for `quanyu check`.
//!
//! In: a [`Shape`] in degrees. Out: the kinds of defect it has. None of them
//! stops the wall from drawing the area.
//!
//! How it works: an R-tree over all edges finds the pairs whose boxes meet;
//! exact orientation (Shewchuk's adaptive predicates, through `geo`) decides
//! whether such a pair crosses. Cost: O(n log n) for boundaries as they are
//! drawn. The rules are those of OGC Simple Features.

use geo::Coord;
use geo::kernels::{Kernel, Orientation, RobustKernel};
use rstar::{AABB, RTree, RTreeObject};

use super::finding::FindingKind;
use super::geometry::{LonLat, Shape, ring_contains, signed_area};

/// The kinds of defect of `shape`, each once:
///
/// - [`FindingKind::BadCoordinate`], and then nothing else can be said;
/// - [`FindingKind::SelfIntersection`]: a ring crosses, touches or runs along
///   itself, or crosses or runs along another;
/// - [`FindingKind::DegenerateRing`]: a ring has no area;
/// - [`FindingKind::HoleOutside`]: a hole lies outside its shell;
/// - [`FindingKind::Overlap`]: a polygon lies within another of the shape.
///
/// An empty shape has none: that a feature has no geometry is for its reader
/// to say.
pub fn inspect_shape(shape: &Shape) -> Vec<FindingKind> {
    if !shape.points.iter().all(|&[lon, lat]| LonLat::new(lon, lat).is_valid()) {
        return vec![FindingKind::BadCoordinate];
    }
    let polygons: Vec<Vec<&[[f64; 2]]>> = shape.polygons().map(Iterator::collect).collect();
    let has_hole_outside = || polygons.iter().any(|rings| rings.iter().skip(1).any(|hole| is_outside(hole, rings[0])));
    let tests: [(FindingKind, &dyn Fn() -> bool); 4] = [
        (FindingKind::SelfIntersection, &|| edges_meet(shape)),
        (FindingKind::DegenerateRing, &|| shape.rings().any(is_degenerate)),
        (FindingKind::HoleOutside, &has_hole_outside),
        (FindingKind::Overlap, &|| is_nested(&polygons)),
    ];
    tests.into_iter().filter(|(_, holds)| holds()).map(|(kind, _)| kind).collect()
}

/// Whether the shell of one polygon lies inside another polygon.
fn is_nested(polygons: &[Vec<&[[f64; 2]]>]) -> bool {
    let is_inside = |inner: &[[f64; 2]], outer: &[&[[f64; 2]]]| {
        !is_outside(inner, outer[0]) && outer[1..].iter().all(|hole| is_outside(inner, hole))
    };
    polygons
        .iter()
        .enumerate()
        .any(|(i, inner)| polygons.iter().enumerate().any(|(j, outer)| i != j && is_inside(inner[0], outer)))
}

/// Whether a ring has fewer than three distinct points, or no area.
fn is_degenerate(ring: &[[f64; 2]]) -> bool {
    let first = ring.first();
    let second = ring.iter().find(|&point| Some(point) != first);
    let has_three = ring.iter().any(|point| Some(point) != first && Some(point) != second);
    !has_three || signed_area(ring) == 0.0
}

/// Whether a hole lies outside `shell`: most of its vertices do. Vertices on
/// the shell itself fall on either side, so one alone says nothing.
pub fn is_outside(hole: &[[f64; 2]], shell: &[[f64; 2]]) -> bool {
    let inside = hole.iter().filter(|&&point| ring_contains(shell, point)).count();
    2 * inside < hole.len()
}

/// One edge of a shape, without the points that repeat their predecessor.
#[derive(Clone, Copy, Debug)]
struct Edge {
    ring: usize,
    /// Position in its ring, and how many there are.
    index: usize,
    count: usize,
    from: [f64; 2],
    to: [f64; 2],
}

impl RTreeObject for Edge {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.from, self.to)
    }
}

/// The edges of one ring; none when it has fewer than three points.
fn edges_of(ring: usize, points: &[[f64; 2]]) -> Vec<Edge> {
    let mut distinct = points.to_vec();
    distinct.dedup();
    while distinct.len() > 1 && distinct.first() == distinct.last() {
        distinct.pop();
    }
    let count = if distinct.len() < 3 { 0 } else { distinct.len() };
    let edge = |index: usize| Edge { ring, index, count, from: distinct[index], to: distinct[(index + 1) % count] };
    (0..count).map(edge).collect()
}

/// Whether two edges of a shape share a point that they should not.
fn edges_meet(shape: &Shape) -> bool {
    let edges: Vec<Edge> = shape.rings().enumerate().flat_map(|(ring, points)| edges_of(ring, points)).collect();
    let tree = RTree::bulk_load(edges.clone());
    edges.iter().any(|a| {
        tree.locate_in_envelope_intersecting(&a.envelope())
            .any(|b| (b.ring, b.index) > (a.ring, a.index) && collide(a, b))
    })
}

/// Whether two edges whose boxes meet, the first earlier in the shape, share a
/// point that they should not: of different rings more than a touch, of one
/// ring any, of neighbours any but their common end.
fn collide(a: &Edge, b: &Edge) -> bool {
    if a.ring != b.ring {
        cross_properly(a, b) || overlap(a, b)
    } else if b.index == a.index + 1 {
        folds_back(a.from, a.to, b.to)
    } else if a.index == 0 && b.index + 1 == b.count {
        folds_back(b.from, b.to, a.to)
    } else {
        share_a_point(a, b)
    }
}

/// The sides of each edge's line on which the ends of the other lie.
fn sides(a: &Edge, b: &Edge) -> [[Orientation; 2]; 2] {
    [[turn(a.from, a.to, b.from), turn(a.from, a.to, b.to)], [turn(b.from, b.to, a.from), turn(b.from, b.to, a.to)]]
}

/// Whether each edge has the ends of the other strictly on both sides.
fn cross_properly(a: &Edge, b: &Edge) -> bool {
    sides(a, b).iter().all(|pair| pair[0] != pair[1] && !pair.contains(&Orientation::Collinear))
}

/// Whether two edges run along each other for some length.
fn overlap(a: &Edge, b: &Edge) -> bool {
    let is_one_line = sides(a, b).iter().flatten().all(|&side| side == Orientation::Collinear);
    let length = |axis: usize| {
        let ends = |edge: &Edge| [edge.from[axis].min(edge.to[axis]), edge.from[axis].max(edge.to[axis])];
        let ([a_min, a_max], [b_min, b_max]) = (ends(a), ends(b));
        a_max.min(b_max) - a_min.max(b_min)
    };
    is_one_line && (length(0) > 0.0 || length(1) > 0.0)
}

/// Whether the path a → b → c runs back along itself.
fn folds_back(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> bool {
    let dot = (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]);
    turn(a, b, c) == Orientation::Collinear && dot > 0.0
}

/// Whether two edges whose boxes meet share a point.
fn share_a_point(a: &Edge, b: &Edge) -> bool {
    // Collinear edges whose boxes meet overlap.
    sides(a, b).iter().all(|pair| pair[0] != pair[1] || pair[0] == Orientation::Collinear)
}

/// Exactly which way the path a → b → c turns.
fn turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> Orientation {
    let [a, b, c] = [a, b, c].map(|[x, y]| Coord { x, y });
    RobustKernel::orient2d(a, b, c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(rings: &[&[[f64; 2]]]) -> Shape {
        let mut shape = Shape::default();
        for ring in rings {
            shape.push_ring(ring);
        }
        shape.end_polygon();
        shape
    }

    const SQUARE: [[f64; 2]; 4] = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]];

    #[test]
    fn sound_shapes_have_no_findings() {
        let touching_at_a_corner = [[10.0, 10.0], [12.0, 10.0], [12.0, 12.0]];
        let mut two = shape(&[&SQUARE]);
        two.push_ring(&touching_at_a_corner);
        two.end_polygon();
        assert!(inspect_shape(&two).is_empty());
        let hole = [[2.0, 2.0], [2.0, 4.0], [4.0, 4.0]];
        assert!(inspect_shape(&shape(&[&SQUARE, &hole])).is_empty());
        assert!(inspect_shape(&Shape::default()).is_empty());
        let repeated = [[0.0, 0.0], [0.0, 0.0], [10.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 0.0]];
        assert!(inspect_shape(&shape(&[&repeated])).is_empty());
    }

    #[test]
    fn each_defect_is_named() {
        let bow_tie = [[0.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0]];
        let touching = [[0.0, 0.0], [4.0, 0.0], [2.0, 2.0], [4.0, 4.0], [0.0, 4.0], [2.0, 2.0]];
        let spike = [[0.0, 0.0], [10.0, 0.0], [15.0, 0.0], [10.0, 0.0], [10.0, 10.0]];
        for ring in [&bow_tie[..], &touching, &spike] {
            assert!(inspect_shape(&shape(&[ring])).contains(&FindingKind::SelfIntersection), "{ring:?}");
        }
        let flat = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]];
        assert!(inspect_shape(&shape(&[&flat])).contains(&FindingKind::DegenerateRing));
        let elsewhere = SQUARE.map(|[x, y]| [x + 20.0, y]);
        assert_eq!(inspect_shape(&shape(&[&SQUARE, &elsewhere])), [FindingKind::HoleOutside]);
        let across = SQUARE.map(|[x, y]| [x + 3.0, y + 3.0]);
        assert!(inspect_shape(&shape(&[&SQUARE, &across])).contains(&FindingKind::SelfIntersection));
        let mut nested = shape(&[&SQUARE]);
        nested.push_ring(&[[2.0, 2.0], [4.0, 2.0], [4.0, 4.0]]);
        nested.end_polygon();
        assert_eq!(inspect_shape(&nested), [FindingKind::Overlap]);
        for bad in [f64::NAN, f64::INFINITY, 512.0] {
            assert_eq!(inspect_shape(&shape(&[&[[0.0, 0.0], [bad, 0.0], [1.0, 1.0]]])), [FindingKind::BadCoordinate]);
        }
    }

    #[test]
    fn real_files_have_the_defects_that_are_known() {
        for (path, count) in [("nanjing_districts", 2), ("yancheng_districts", 2)] {
            let Some(json) = realdata(&format!("areas/{path}_gcj02.geojson")) else { return };
            let invalid = json["features"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|feature| !inspect_shape(&shape_of(&feature["geometry"])).is_empty())
                .count();
            assert_eq!(invalid, count, "{path}");
        }
        let Some(json) = realdata("areas/jiangning_two_shells_gcj02.geojson") else { return };
        let geometry = if json["features"].is_array() { &json["features"][0]["geometry"] } else { &json["geometry"] };
        assert!(inspect_shape(&shape_of(geometry)).contains(&FindingKind::HoleOutside));
    }

    fn realdata(path: &str) -> Option<serde_json::Value> {
        let root = std::env::var("QUANYU_REALDATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/realdata").into());
        let Ok(text) = std::fs::read_to_string(format!("{root}/{path}")) else {
            eprintln!("skipped: no realdata");
            return None;
        };
        Some(serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap())
    }

    fn shape_of(geometry: &serde_json::Value) -> Shape {
        let mut coordinates = geometry["coordinates"].clone();
        if geometry["type"] == "Polygon" {
            coordinates = serde_json::json!([coordinates]);
        }
        let polygons: Vec<Vec<Vec<Vec<f64>>>> = serde_json::from_value(coordinates).unwrap();
        let mut shape = Shape::default();
        for polygon in polygons {
            for ring in polygon {
                shape.push_ring(&ring.iter().map(|p| [p[0], p[1]]).collect::<Vec<_>>());
            }
            shape.end_polygon();
        }
        shape
    }

    proptest! {
        #[test]
        fn a_star_is_sound_and_any_ring_ends(
            radii in prop::collection::vec(1.0..10.0_f64, 3..60),
            any_ring in prop::collection::vec([0..5_i32, 0..5_i32], 3..20),
        ) {
            let count = radii.len() as f64;
            let star: Vec<[f64; 2]> = radii.iter().enumerate().map(|(i, radius)| {
                let (sin, cos) = (i as f64 / count * std::f64::consts::TAU).sin_cos();
                [radius * cos, radius * sin]
            }).collect();
            prop_assert!(inspect_shape(&Shape::from_ring(star)).is_empty());

            let ring: Vec<[f64; 2]> = any_ring.iter().map(|p| p.map(f64::from)).collect();
            let found = edges_meet(&Shape::from_ring(ring.clone()));
            prop_assert_eq!(found, edges_meet_slowly(&ring));
        }
    }

    /// Every pair of edges of one ring, without the tree.
    fn edges_meet_slowly(ring: &[[f64; 2]]) -> bool {
        let edges = edges_of(0, Shape::from_ring(ring.to_vec()).points.as_slice());
        edges.iter().any(|a| {
            edges[a.index + 1..]
                .iter()
                .any(|b| rstar::Envelope::intersects(&a.envelope(), &b.envelope()) && collide(a, b))
        })
    }
}
