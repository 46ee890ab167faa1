//! Boundaries: whatever is drawn, the healed shape is sound, is healed once and
//! for all, and covers no more than its box.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::domain::geometry::{Shape, signed_area};
use quanyu_fuzz::domain::heal::{defects, heal};
use quanyu_fuzz::oracle::check_shape;

#[derive(Arbitrary, Debug)]
enum Vertex {
    /// On a coarse grid, where much meets.
    Coarse(i8, i8),
    /// On a fine one, around a city.
    Fine(i16, i16),
    /// A hair beside the last.
    Near(i8, i8),
    /// Anywhere, or nowhere.
    Any(f64, f64),
}

#[derive(Arbitrary, Debug)]
struct Ring {
    vertices: Vec<Vertex>,
    ends_polygon: bool,
}

fn points(ring: &Ring) -> Vec<[f64; 2]> {
    let mut last = [0.0, 0.0];
    let place = |vertex: &Vertex| {
        last = match *vertex {
            Vertex::Coarse(x, y) => [f64::from(x % 16), f64::from(y % 16)],
            Vertex::Fine(x, y) => [118.0 + f64::from(x) / 1e5, 32.0 + f64::from(y) / 1e5],
            Vertex::Near(x, y) => [last[0] + f64::from(x) * 1e-9, last[1] + f64::from(y) * 1e-9],
            Vertex::Any(x, y) => [x, y],
        };
        last
    };
    ring.vertices.iter().map(place).collect()
}

fuzz_target!(|rings: Vec<Ring>| {
    let mut shape = Shape::default();
    for ring in &rings {
        shape.push_ring(&points(ring));
        if ring.ends_polygon {
            shape.end_polygon();
        }
    }
    shape.end_polygon();
    let Some(healed) = heal(&shape) else { return };
    check_shape(&healed.shape);
    // Of a ring whose area is lost in rounding, nobody can tell the direction.
    if healed.shape.rings().any(|ring| signed_area(ring).abs() < 1e-11) {
        return;
    }
    let left = defects(&healed.shape);
    assert!(left.is_none() || left.is_tangled, "{left:?} of {shape:?} as {:?}", healed.shape);
    if left.is_none() {
        assert_eq!(heal(&healed.shape), None);
    }
    let [width, height] = healed.shape.bounds().size();
    let area = healed.shape.area();
    assert!(area >= 0.0 && area <= width * height * (1.0 + 1e-9), "{area} in {width} by {height}");
    healed.repairs.iter().for_each(|repair| assert!(!repair.to_string().is_empty()));
});
