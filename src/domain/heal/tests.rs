//! Known defects, real files, and properties of random rings against a slow
//! and simple reference.

use std::collections::BTreeSet;
use std::path::PathBuf;

use geo::Coord;
use geo::kernels::{Kernel, Orientation, RobustKernel};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::geometry::ring_contains;

type Ring = Vec<[f64; 2]>;

fn shape(polygons: &[&[&[[f64; 2]]]]) -> Shape {
    let mut shape = Shape::default();
    for polygon in polygons {
        polygon.iter().for_each(|ring| shape.push_ring(ring));
        shape.end_polygon();
    }
    shape
}

fn square(x: f64, y: f64, side: f64) -> [[f64; 2]; 4] {
    [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
}

fn reversed<const N: usize>(mut ring: [[f64; 2]; N]) -> [[f64; 2]; N] {
    ring.reverse();
    ring
}

/// Heals, and holds the result to the slow reference and to a second pass.
fn healed(shape: &Shape) -> Healed {
    let healed = heal(shape).expect("nothing to heal");
    assert_eq!(defects(&healed.shape), Defects::default(), "{shape:?} became {:?}", healed.shape);
    assert_eq!(heal(&healed.shape), None);
    healed
}

fn area_after(shape: &Shape, repairs: &[Repair]) -> f64 {
    let healed = healed(shape);
    assert_eq!(healed.repairs, repairs);
    assert_eq!(slow_fault(&healed.shape), None);
    healed.shape.area()
}

fn bits_of(shape: &Shape) -> BTreeSet<[u64; 2]> {
    shape.points.iter().map(|point| point.map(f64::to_bits)).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-7 * a.abs().max(b.abs()).max(1.0)
}

#[test]
fn sound_shapes_are_left_alone() {
    let lake = reversed(square(2.0, 2.0, 4.0));
    let island = square(3.0, 3.0, 1.0);
    let at_a_corner = square(10.0, 10.0, 1.0);
    let sound = shape(&[&[&square(0.0, 0.0, 10.0), &lake], &[&island], &[&at_a_corner]]);
    assert_eq!(heal(&sound), None);
    assert!(is_valid(&sound) && is_valid(&Shape::default()));
    // A box around the world is not across the antimeridian.
    assert_eq!(heal(&shape(&[&[&[[-180.0, -90.0], [180.0, -90.0], [180.0, 90.0], [-180.0, 90.0]]]])), None);
}

#[test]
fn vertices_are_cleaned() {
    let expect = |ring: &[[f64; 2]], repair: Repair, ring_after: &[[f64; 2]]| {
        let healed = healed(&shape(&[&[ring]]));
        assert_eq!((healed.repairs, healed.area_change), (vec![repair], 0.0));
        assert_eq!(healed.shape.points, ring_after);
    };
    let [a, b, c, d] = square(0.0, 0.0, 2.0);
    let close_to_b = [b[0] + 1e-10, b[1]];
    expect(&[a, a, b, close_to_b, c, d, a], Repair::RepeatedVertices(2), &[a, b, c, d]);
    // Out and back; out and past; in two steps; at the seam.
    expect(&[a, b, [5.0, 0.0], b, c, d], Repair::Spikes(1), &[a, b, c, d]);
    expect(&[a, [5.0, 0.0], b, c, d], Repair::Spikes(1), &[a, b, c, d]);
    expect(&[a, b, [3.0, 1.0], [4.0, 3.0], [3.0, 1.0], b, c, d], Repair::Spikes(2), &[a, b, c, d]);
    expect(&[[-3.0, -1.0], a, b, c, d, a], Repair::Spikes(1), &[a, b, c, d]);
    for bad in [[f64::NAN, 1.0], [1.0, f64::INFINITY], [600.0, 1.0], [1.0, 91.0]] {
        expect(&[a, b, bad, c, d], Repair::BadVertices(1), &[a, b, c, d]);
    }
    let clockwise = [d, c, b, a];
    expect(&clockwise, Repair::Winding(1), &[a, b, c, d]);
}

/// Out, nearly the same way back, and further: whether that is an area does not
/// go by the vertex that the ring begins with.
#[test]
fn a_ring_is_healed_alike_wherever_it_begins() {
    let mut there_and_back = vec![[-9.9e-8, -9.9e-8], [9.0, 9.0], [2.5e-156, 8.3e-246], [-4.0, -1.0], [0.0, 0.0]];
    for _ in 0..there_and_back.len() {
        healed(&Shape::from_ring(there_and_back.clone()));
        there_and_back.rotate_left(1);
    }
}

#[test]
fn rings_without_area_go_and_take_their_holes_along() {
    let flat = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]];
    let lost = healed(&shape(&[&[&flat, &square(5.0, 5.0, 1.0)]]));
    assert!(lost.shape.is_empty());
    assert_eq!(lost.repairs, [Repair::Spikes(1), Repair::CollapsedRings(1)]);
    let all_bad = [[f64::NAN; 2]; 4];
    assert!(healed(&shape(&[&[&all_bad]])).shape.is_empty());
    let kept = healed(&shape(&[&[&square(0.0, 0.0, 9.0), &flat, &all_bad]]));
    assert_eq!(kept.shape.points, square(0.0, 0.0, 9.0));
}

#[test]
fn rings_that_cross_themselves_cover_what_they_wind_around() {
    let bow_tie = [[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [0.0, 4.0]];
    let crossing = |places, polygons| Repair::SelfCrossings { places, polygons };
    assert!(close(area_after(&shape(&[&[&bow_tie]]), &[crossing(1, 2)]), 8.0));
    // A loop that overlaps its own ring stays filled: no hole that nobody drew.
    let looped = [[0.0, 0.0], [6.0, 0.0], [6.0, 4.0], [2.0, 4.0], [2.0, -2.0], [4.0, -2.0], [4.0, 6.0], [0.0, 6.0]];
    assert!(close(area_after(&shape(&[&[&looped]]), &[crossing(3, 1)]), 36.0));
    // A ring that touches itself in a point is two; one that runs along itself
    // on the way to its hole has a hole.
    let pinched = [[0.0, 0.0], [2.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.0, 2.0], [1.0, 1.0]];
    assert!(close(area_after(&shape(&[&[&pinched]]), &[crossing(1, 2)]), 2.0));
    let key = [[0.0, 0.0], [3.0, 0.0], [6.0, 0.0], [6.0, 6.0], [0.0, 6.0], [0.0, 0.0]];
    let hole = [[2.0, 2.0], [2.0, 4.0], [4.0, 4.0], [4.0, 2.0], [2.0, 2.0]];
    let keyhole: Ring = [&key[..], &hole[..]].concat();
    assert!(close(healed(&shape(&[&[&keyhole]])).shape.area(), 32.0));
}

#[test]
fn rings_that_cross_each_other_unite_or_subtract() {
    let big = square(0.0, 0.0, 10.0);
    let hole = |x, y, side| reversed(square(x, y, side));
    let crossed = healed(&shape(&[&[&big, &hole(7.0, 2.0, 5.0)]]));
    assert_eq!(crossed.repairs[0], Repair::RingCrossings(2));
    assert!(close(crossed.shape.area(), 85.0) && close(crossed.area_change, 85.0 / 75.0 - 1.0));
    assert!(matches!(crossed.repairs[1], Repair::AreaChange(_)));
    let holes = healed(&shape(&[&[&big, &hole(2.0, 2.0, 4.0), &hole(4.0, 4.0, 4.0)]]));
    assert!(close(holes.shape.area(), 100.0 - 28.0));
    let nested_holes = healed(&shape(&[&[&big, &hole(2.0, 2.0, 4.0), &hole(3.0, 3.0, 1.0)]]));
    assert_eq!(nested_holes.repairs[0], Repair::Nested(1));
    assert!(close(nested_holes.shape.area(), 84.0));
    // Overlapping, adjacent and nested polygons, whichever way they run.
    for other in [square(5.0, 5.0, 10.0), hole(5.0, 5.0, 10.0)] {
        assert!(close(healed(&shape(&[&[&big], &[&other]])).shape.area(), 175.0));
    }
    let adjacent = healed(&shape(&[&[&big], &[&square(10.0, 0.0, 10.0)]]));
    assert_eq!((adjacent.shape.polygon_ends.len(), adjacent.area_change), (1, 0.0));
    assert_eq!(adjacent.repairs, [Repair::RingCrossings(1)]);
    let nested = healed(&shape(&[&[&big], &[&square(3.0, 3.0, 2.0)]]));
    assert_eq!(nested.repairs[0], Repair::Nested(1));
    assert_eq!(bits_of(&nested.shape), bits_of(&shape(&[&[&big]])));
}

#[test]
fn rings_that_cross_only_at_vertices_are_found() {
    let shell = [[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [4.0, 4.0], [0.0, 4.0], [0.0, 2.0]];
    let through = [[4.0, 2.0], [2.0, 3.0], [0.0, 2.0], [-1.0, 3.0], [-1.0, 5.0], [5.0, 5.0], [5.0, 3.0]];
    let crossing = shape(&[&[&shell], &[&through]]);
    assert!(defects(&crossing).ring_crossings > 0);
    assert_eq!(slow_fault(&healed(&crossing).shape), None);
}

#[test]
fn repeated_rings_and_holes_outside() {
    let big = square(0.0, 0.0, 10.0);
    let turned = [[10.0, 10.0], [10.0, 0.0], [0.0, 0.0], [0.0, 10.0]];
    let hole = reversed(square(2.0, 2.0, 2.0));
    // As a hole of itself, and as a polygon that runs the other way.
    for repeated in [shape(&[&[&big, &turned]]), shape(&[&[&big], &[&turned]])] {
        assert!(close(area_after(&repeated, &[Repair::RepeatedRings(1)]), 100.0));
    }
    let again = shape(&[&[&big, &hole, &hole]]);
    assert!(close(area_after(&again, &[Repair::RepeatedRings(1)]), 96.0));
    let lake = reversed(square(22.0, 2.0, 2.0));
    let island_with_lake = shape(&[&[&big, &lake, &reversed(square(20.0, 0.0, 6.0))]]);
    assert!(close(area_after(&island_with_lake, &[Repair::HolesOutside(2)]), 132.0));
    let outside = shape(&[&[&big, &reversed(square(20.0, 0.0, 2.0)), &hole]]);
    assert!(close(area_after(&outside, &[Repair::HolesOutside(1)]), 100.0));
}

#[test]
fn the_antimeridian_is_cut() {
    let box_of = |shape: &Shape| shape.bounds().size()[0];
    let fiji = [[179.0, -17.0], [-179.0, -17.0], [-179.0, -15.0], [179.0, -15.0]];
    let hole = [[-179.8, -16.5], [-179.8, -16.0], [-179.2, -16.0], [-179.2, -16.5]];
    let cut = healed(&shape(&[&[&fiji, &hole]]));
    assert_eq!(cut.repairs, [Repair::Antimeridian(1)]);
    assert!(close(cut.shape.area(), 4.0 - 0.3));
    assert_eq!(cut.shape.polygon_ends.len(), 2);
    assert!(cut.shape.points.iter().all(|point| point[0].abs() >= 179.0 && point[0].abs() <= 180.0));
    assert!(box_of(&cut.shape) == 360.0);
    let further = [[179.0, 0.0], [181.0, 0.0], [181.0, 2.0], [179.0, 2.0]];
    assert!(close(healed(&shape(&[&[&further]])).shape.area(), 4.0));
    let crossing_itself = [[179.0, 0.0], [-179.0, 4.0], [-179.0, 0.0], [179.0, 4.0]];
    assert!(close(healed(&shape(&[&[&crossing_itself]])).shape.area(), 4.0));
}

#[test]
fn vertices_where_nothing_was_wrong_stay_to_the_last_bit() {
    let mut ring: Ring = (0..400)
        .map(|i| f64::from(i) / 400.0 * std::f64::consts::TAU)
        .map(|angle| {
            let (sin, cos) = angle.sin_cos();
            [118.7 + 0.1 * cos, 32.0 + 0.1 * sin]
        })
        .collect();
    ring.swap(100, 101);
    let healed = healed(&Shape::from_ring(ring.clone()));
    let (before, after) = (bits_of(&Shape::from_ring(ring)), bits_of(&healed.shape));
    assert!(before.intersection(&after).count() >= 398, "{}", before.intersection(&after).count());
}

#[test]
fn a_scribble_is_refused_in_bounded_time() {
    let scribble: Ring = (0..3000_u32)
        .map(|i| {
            let spread = |factor: u32| f64::from(i.wrapping_mul(factor) % 9973) / 9973.0;
            [spread(7_919), spread(104_729)]
        })
        .collect();
    let refused = heal(&Shape::from_ring(scribble)).unwrap();
    assert!(refused.repairs.contains(&Repair::Tangled));
    assert!(!refused.shape.is_empty());
}

#[test]
fn repairs_are_told_in_chinese() {
    let all = [Repair::Spikes(2), Repair::SelfCrossings { places: 3, polygons: 2 }, Repair::AreaChange(-0.0123)];
    assert_eq!(
        all.map(|repair| repair.to_string()),
        ["尖刺 2 处,已去除", "自相交 3 处,已重新构成 2 个多边形", "面积较原数据变化 -1.23%",]
    );
}

// --- real files ---

fn realdata(path: &str) -> Option<PathBuf> {
    let root = std::env::var("QUANYU_REALDATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/realdata").into());
    let path = PathBuf::from(root).join(path);
    if !path.exists() {
        eprintln!("skipped: no {}", path.display());
        return None;
    }
    Some(path)
}

fn json(path: &std::path::Path) -> Option<Value> {
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
}

/// The polygons of a file, as they were written.
fn shapes_in(value: &Value) -> Vec<Shape> {
    let geometries: Vec<&Value> = match value["features"].as_array() {
        Some(features) => features.iter().map(|feature| &feature["geometry"]).collect(),
        None if value["geometry"].is_object() => vec![&value["geometry"]],
        None => vec![value],
    };
    geometries.into_iter().filter_map(shape_of).collect()
}

fn shape_of(geometry: &Value) -> Option<Shape> {
    let coordinates = match geometry["type"].as_str()? {
        "Polygon" => serde_json::json!([geometry["coordinates"]]),
        "MultiPolygon" => geometry["coordinates"].clone(),
        _ => return None,
    };
    let polygons: Vec<Vec<Vec<Vec<f64>>>> = serde_json::from_value(coordinates).ok()?;
    let mut shape = Shape::default();
    for polygon in polygons {
        for ring in polygon {
            if ring.iter().any(|point| point.len() < 2) {
                return None;
            }
            shape.push_ring(&ring.iter().map(|p| [p[0], p[1]]).collect::<Ring>());
        }
        shape.end_polygon();
    }
    Some(shape)
}

#[test]
fn districts_heal() {
    let files =
        [("nanjing", 2), ("yancheng", 2), ("suzhou", 0), ("qingdao", 0)].map(|(n, c)| (format!("{n}_districts"), c));
    for (name, invalid) in files {
        let Some(path) = realdata(&format!("areas/{name}_gcj02.geojson")) else { return };
        let mut count = 0;
        for shape in shapes_in(&json(&path).unwrap()) {
            if defects(&shape).is_simple() {
                continue;
            }
            count += 1;
            let healed = healed(&shape);
            eprintln!("{name}: {:?} {}", healed.repairs, healed.area_change);
            assert!(healed.area_change.abs() < AREA_TOLERANCE);
            if shape.points.len() < 6000 {
                assert_eq!(slow_fault(&healed.shape), None);
            }
        }
        assert_eq!(count, invalid, "{name}");
    }
    let Some(path) = realdata("areas/jiangning_two_shells_gcj02.geojson") else { return };
    let two = &shapes_in(&json(&path).unwrap())[0];
    let healed = healed(two);
    assert!(healed.repairs.contains(&Repair::HolesOutside(1)), "{:?}", healed.repairs);
    let sum: f64 = two.rings().map(|ring| signed_area(ring).abs()).sum();
    assert!((healed.shape.area() / sum - 1.0).abs() < 1e-9);
}

#[test]
fn canada_is_healed() {
    let Some(path) = realdata("points/canada.json") else { return };
    let shape = &shapes_in(&json(&path).unwrap())[0];
    let started = std::time::Instant::now();
    let found = defects(shape);
    eprintln!("canada: {found:?} in {:?}", started.elapsed());
    let started = std::time::Instant::now();
    let healed = healed(shape);
    eprintln!("canada: {:?} {:+.6} in {:?} (twice over)", healed.repairs, healed.area_change, started.elapsed());
    assert!(!healed.shape.is_empty());
}

#[test]
fn small_broken_files_heal() {
    let Some(root) = realdata("broken") else { return };
    let mut folders = vec![root.join("geojson-invalid-geometry"), root.join("geojsonhint")];
    let mut polygons = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Some(value) = json(&path) else { continue };
            for shape in shapes_in(&value) {
                polygons += 1;
                let sound = heal(&shape).map_or_else(|| shape.clone(), |healed| healed.shape);
                assert!(is_valid(&sound), "{}", path.display());
                assert_eq!(slow_fault(&sound), None, "{}", path.display());
                eprintln!("{}: {:?}", path.display(), heal(&shape).map(|healed| healed.repairs));
            }
        }
    }
    assert!(polygons > 10);
}

/// The fixtures are in pixels; a power of two makes degrees of them and loses
/// no bit.
#[test]
fn earcut_fixtures_heal() {
    let Some(root) = realdata("broken/earcut/test/fixtures") else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(root).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    for path in files {
        let rings: Vec<Ring> = serde_json::from_value(json(&path).unwrap()).unwrap();
        let largest = rings.iter().flatten().flatten().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let scale = (-(largest.max(1.0) / 64.0).log2().ceil()).exp2();
        let rings: Vec<Ring> = rings.iter().map(|ring| ring.iter().map(|p| p.map(|v| v * scale)).collect()).collect();
        let mut shape = Shape::default();
        rings.iter().for_each(|ring| shape.push_ring(ring));
        shape.end_polygon();
        let sound = heal(&shape).map_or_else(|| shape.clone(), |healed| healed.shape);
        assert_eq!(defects(&sound), Defects::default(), "{}", path.display());
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        eprintln!("{name}: {:?}", heal(&shape).map(|healed| (healed.repairs, healed.area_change)));
        // The reference is cubic. In infinite-loop the hole repeats its shell
        // but for 10⁻²⁸, which is sound.
        if shape.points.len() < 150 && name != "infinite-loop-jhl.json" {
            check_points(&shape, &sound, &name);
        }
        if sound.points.len() < 3000 {
            assert_eq!(slow_fault(&sound), None, "{name}");
        }
    }
}

// --- the slow reference ---

/// What `shape` is meant to cover: what a shell winds around and none of its
/// holes does; holes that are apart from their shell are islands, or lakes in
/// islands, by turns.
fn is_meant(shape: &Shape, point: [f64; 2]) -> bool {
    let winds = |ring: &[[f64; 2]]| winding_number(ring, point) != 0;
    shape.polygons().any(|rings| {
        let rings: Vec<&[[f64; 2]]> = rings.collect();
        let is_repeat = |ring: &[[f64; 2]]| canonical(ring) == canonical(rings[0]);
        let is_island = |ring: &[[f64; 2]]| lies_inside(ring, rings[0]) == Some(false);
        let (islands, holes): (Vec<&[[f64; 2]]>, Vec<_>) = rings[1..].iter().partition(|ring| is_island(ring));
        if winds(rings[0]) && !holes.iter().any(|ring| !is_repeat(ring) && winds(ring)) {
            return true;
        }
        let is_in = |inner: &[[f64; 2]], outer: &[[f64; 2]]| lies_inside(inner, outer) == Some(true);
        let depth = |ring: &[[f64; 2]]| islands.iter().filter(|outer| is_in(ring, outer)).count();
        islands.iter().filter(|ring| winds(ring) && depth(ring) % 2 == 0).any(|island| {
            let is_lake = |ring: &[[f64; 2]]| is_in(ring, island) && depth(ring) == depth(island) + 1;
            !islands.iter().any(|ring| winds(ring) && is_lake(ring))
        })
    })
}

/// Whether a ring lies inside of `shell` or outside; nothing when it crosses
/// the shell or runs along it all the way. Its edges are cut into pieces where
/// any edge of the shell meets them.
fn lies_inside(ring: &[[f64; 2]], shell: &[[f64; 2]]) -> Option<bool> {
    let edges = |ring: &[[f64; 2]]| -> Vec<[[f64; 2]; 2]> {
        ring.iter().zip(ring.iter().cycle().skip(1)).map(|(&a, &b)| [a, b]).collect()
    };
    let others = edges(shell);
    let crosses = |[a, b]: [[f64; 2]; 2], [c, d]: [[f64; 2]; 2]| {
        let sides = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
        !sides.contains(&Orientation::Collinear) && sides[0] != sides[1] && sides[2] != sides[3]
    };
    let shell = Shape::from_ring(shell.to_vec());
    let mut answer = None;
    for [a, b] in edges(ring) {
        if others.iter().any(|&other| crosses([a, b], other)) {
            return None;
        }
        let at = |t: f64| [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
        let mut stops = vec![0.0, 1.0];
        for [c, d] in &others {
            let cross = (b[0] - a[0]) * (d[1] - c[1]) - (b[1] - a[1]) * (d[0] - c[0]);
            let t = ((c[0] - a[0]) * (d[1] - c[1]) - (c[1] - a[1]) * (d[0] - c[0])) / cross;
            stops.extend(Some(t).filter(|t| (0.0..=1.0).contains(t)));
        }
        stops.sort_by(f64::total_cmp);
        let middles = stops.windows(2).map(|pair| at((pair[0] + pair[1]) / 2.0));
        for middle in middles.filter(|&middle| distance_to_edges(&shell, middle) > 1e-9) {
            let is_inside = winding_number(shell.ring(0), middle) != 0;
            if answer.is_some_and(|answer| answer != is_inside) {
                return None;
            }
            answer = Some(is_inside);
        }
    }
    answer
}

/// How often a ring winds around a point (Sunday's crossing count).
fn winding_number(ring: &[[f64; 2]], point: [f64; 2]) -> i32 {
    let mut turns = 0;
    for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        let side = (b[0] - a[0]) * (point[1] - a[1]) - (point[0] - a[0]) * (b[1] - a[1]);
        if a[1] <= point[1] && b[1] > point[1] && side > 0.0 {
            turns += 1;
        } else if a[1] > point[1] && b[1] <= point[1] && side < 0.0 {
            turns -= 1;
        }
    }
    turns
}

fn distance_to_edges(shape: &Shape, point: [f64; 2]) -> f64 {
    let edges = shape.rings().flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)));
    edges
        .map(|(a, b)| {
            let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
            let length = dx * dx + dy * dy;
            let along = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / length;
            let along = if length > 0.0 { along.clamp(0.0, 1.0) } else { 0.0 };
            (a[0] + along * dx - point[0]).hypot(a[1] + along * dy - point[1])
        })
        .fold(f64::INFINITY, f64::min)
}

/// Points all over the box of `meant` that are not at an edge are in `sound`
/// when they are meant.
fn check_points(meant: &Shape, sound: &Shape, name: &str) {
    // Where a spike runs to says nothing about where its ring lies.
    let meant = &clean(meant, &mut Defects::default());
    let bounds = meant.bounds();
    let [width, height] = bounds.size();
    for i in 0..400_u32 {
        // The R2 sequence of Martin Roberts spreads evenly.
        let place = |factor: f64| (0.5 + factor * f64::from(i)).fract() * 1.04 - 0.02;
        let point = [bounds.min[0] + width * place(0.754_877_666), bounds.min[1] + height * place(0.569_840_291)];
        if distance_to_edges(meant, point) > 1e-6 {
            assert_eq!(sound.contains(point), is_meant(meant, point), "{name}: {point:?}");
        }
    }
}

fn turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> Orientation {
    let [a, b, c] = [a, b, c].map(|[x, y]| Coord { x, y });
    RobustKernel::orient2d(a, b, c)
}

/// Whether `p` lies on the segment from `a` to `b`.
fn is_on(a: [f64; 2], b: [f64; 2], p: [f64; 2]) -> bool {
    let is_between = |axis: usize| a[axis].min(b[axis]) <= p[axis] && p[axis] <= a[axis].max(b[axis]);
    is_between(0) && is_between(1) && turn(a, b, p) == Orientation::Collinear
}

/// What is wrong with a shape, by comparing each edge with each other.
fn slow_fault(shape: &Shape) -> Option<String> {
    let mut edges: Vec<(usize, [f64; 2], [f64; 2])> = Vec::new();
    for (ring, points) in shape.rings().enumerate() {
        edges.extend(points.iter().zip(points.iter().cycle().skip(1)).map(|(&a, &b)| (ring, a, b)));
    }
    for (place, &(ring, a, b)) in edges.iter().enumerate() {
        if a == b {
            return Some(format!("{a:?} is repeated"));
        }
        for &(other, c, d) in &edges[place + 1..] {
            if a[0].max(b[0]) < c[0].min(d[0]) || c[0].max(d[0]) < a[0].min(b[0]) {
                continue;
            }
            let sides = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
            let crosses = !sides.contains(&Orientation::Collinear) && sides[0] != sides[1] && sides[2] != sides[3];
            let ends = [is_on(a, b, c), is_on(a, b, d), is_on(c, d, a), is_on(c, d, b)];
            let shared: BTreeSet<[u64; 2]> = [(ends[0], c), (ends[1], d), (ends[2], a), (ends[3], b)]
                .into_iter()
                .filter(|(is_on, _)| *is_on)
                .map(|(_, point)| point.map(|value| (value + 0.0).to_bits()))
                .collect();
            let is_neighbour = b == c || a == d;
            if crosses || shared.len() > 1 || (ring == other && !shared.is_empty() && !is_neighbour) {
                return Some(format!("{a:?} {b:?} meets {c:?} {d:?}"));
            }
        }
    }
    ring_fault(shape)
}

/// Wrong windings, holes outside their shell, shells within another polygon.
fn ring_fault(shape: &Shape) -> Option<String> {
    let polygons: Vec<Vec<&[[f64; 2]]>> = shape.polygons().map(Iterator::collect).collect();
    // A point just inside of a ring: beside the middle of its longest edge.
    let inner = |ring: &[[f64; 2]]| {
        let edges = ring.iter().zip(ring.iter().cycle().skip(1));
        let length = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        let (a, b) = edges.max_by(|(a, b), (c, d)| length(a, b).total_cmp(&length(c, d)))?;
        let middle = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
        let sign = signed_area(ring).signum();
        let beside = |width: f64| {
            let step = width * sign / length(a, b);
            [middle[0] - (b[1] - a[1]) * step, middle[1] + (b[0] - a[0]) * step]
        };
        (4..12)
            .map(|digit| beside(length(a, b) * 10.0_f64.powi(-digit)))
            .find(|&point| ring_contains(ring, point) && distance_to_edges(shape, point) > 0.0)
    };
    for (number, rings) in polygons.iter().enumerate() {
        for (place, ring) in rings.iter().enumerate() {
            if (signed_area(ring) > 0.0) != (place == 0) {
                return Some(format!("ring {place} of polygon {number} runs the wrong way"));
            }
            let Some(point) = inner(ring) else { continue };
            if place > 0 && !ring_contains(rings[0], point) {
                return Some(format!("hole {place} of polygon {number} is outside"));
            }
            let covers =
                |other: &Vec<&[[f64; 2]]>| other.iter().filter(|ring| ring_contains(ring, point)).count() % 2 == 1;
            if place == 0 && polygons.iter().enumerate().any(|(other, rings)| other != number && covers(rings)) {
                return Some(format!("polygon {number} is within another"));
            }
        }
    }
    None
}

fn ring_of(places: &[[i32; 2]], step: f64) -> Ring {
    places.iter().map(|place| place.map(|value| f64::from(value) * step)).collect()
}

/// Rings on a coarse lattice, where vertices, edges and corners coincide, or
/// with places of any value.
fn any_rings(largest: usize) -> impl Strategy<Value = Vec<Ring>> {
    let ring = |range: i32, step: f64| {
        prop::collection::vec([0..range, 0..range], 3..largest).prop_map(move |places| ring_of(&places, step))
    };
    let rings = |range, step| prop::collection::vec(ring(range, step), 1..4);
    prop_oneof![rings(6, 1.0), rings(12, 0.1), rings(1 << 30, 1e-9), rings(8, 0.1 / 3.0)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_shape_heals(rings in any_rings(14), ends in prop::collection::vec(any::<bool>(), 4)) {
        let mut shape = Shape::default();
        for (ring, is_end) in rings.iter().zip(&ends) {
            shape.push_ring(ring);
            if *is_end { shape.end_polygon(); }
        }
        shape.end_polygon();
        match heal(&shape) {
            None => prop_assert_eq!(slow_fault(&shape), None),
            Some(healed) => {
                prop_assert_eq!(slow_fault(&healed.shape), None);
                prop_assert_eq!(defects(&healed.shape), Defects::default());
            }
        }
    }

    #[test]
    fn what_was_meant_is_covered(rings in any_rings(10), ends in prop::collection::vec(any::<bool>(), 4)) {
        let mut shape = Shape::default();
        for (ring, is_end) in rings.iter().zip(&ends) {
            shape.push_ring(ring);
            if *is_end { shape.end_polygon(); }
        }
        shape.end_polygon();
        let sound = heal(&shape).map_or_else(|| shape.clone(), |healed| healed.shape);
        check_points(&shape, &sound, "random");
    }

    #[test]
    fn sound_shapes_keep_their_area(
        radii in prop::collection::vec(0.1..1.0_f64, 8..200),
        inner in 0.01..0.09_f64,
    ) {
        let count = radii.len() as f64;
        let star = |scale: f64, direction: f64| -> Ring {
            radii.iter().enumerate().map(|(i, radius)| {
                let (sin, cos) = (direction * i as f64 / count * std::f64::consts::TAU).sin_cos();
                [118.0 + scale * radius * cos, 32.0 + scale * radius * sin]
            }).collect()
        };
        let sound = shape(&[&[&star(1.0, 1.0), &star(inner, -1.0)]]);
        prop_assert_eq!(heal(&sound), None);
        prop_assert_eq!(slow_fault(&sound), None);
        // Reversed, only the direction changes.
        let reversed = healed(&shape(&[&[&star(1.0, -1.0), &star(inner, 1.0)]]));
        prop_assert_eq!(reversed.repairs, [Repair::Winding(2)]);
        prop_assert!((reversed.shape.area() / sound.area() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn repeats_change_nothing(rings in any_rings(12), value in any::<[f64; 2]>(), place in 0..12_usize) {
        // No data panics.
        let mut ring = rings[0].clone();
        ring.insert(place.min(ring.len()), value);
        let mut shape = Shape::from_ring(ring);
        shape.push_ring(&[value, [0.0, 0.0], value]);
        shape.end_polygon();
        if let Some(healed) = heal(&shape) {
            prop_assert!(is_valid(&healed.shape));
        }
    }
}
