//! The pole of inaccessibility: where a label of an area belongs.
//!
//! In: a [`Shape`] in any plane unit. Out: the point inside its largest
//! polygon that is farthest from the outline, and that distance.
//!
//! How it works: the `polylabel` algorithm (Mapbox, ISC): cover the polygon
//! with square cells; of all cells open, halve the one that could hold the
//! farthest point; give up cells that cannot beat the best point known by more
//! than the precision. A cell of half-width h around c holds no point farther
//! from the outline than distance(c) + h·√2.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::geometry::{Bounds, Shape, signed_area};

/// Most cells along the longer side at the start, so that a needle of a
/// polygon costs no more than a round one.
const MOST_CELLS_ALONG: f64 = 256.0;

/// Precision never goes below this share of the polygon's longer side.
const FINEST_PRECISION: f64 = 1e-6;

/// Finds the pole of inaccessibility of the largest polygon of `shape`, to
/// within `precision` (in the shape's unit; coarser is faster).
///
/// Returns the point and its distance to the nearest outline or hole. The
/// distance is 0 for a polygon without area, and the point then lies on it.
/// `None` when there is no polygon, or a coordinate is not finite.
pub fn pole(shape: &Shape, precision: f64) -> Option<([f64; 2], f64)> {
    let polygon: Vec<&[[f64; 2]]> = shape
        .polygons()
        .map(|rings| rings.collect::<Vec<_>>())
        .max_by(|a, b| polygon_area(a).total_cmp(&polygon_area(b)))?;
    if !polygon.iter().copied().flatten().flatten().all(|value| value.is_finite()) {
        return None;
    }
    let bounds = Bounds::of(polygon[0]);
    let outline = Outline::new(&polygon);
    let size = bounds.size();
    let (narrow, long) = (size[0].min(size[1]), size[0].max(size[1]));
    if narrow == 0.0 {
        return Some((bounds.min, 0.0));
    }
    // `max` also turns a precision that is no number into the finest.
    let precision = precision.max(long * FINEST_PRECISION);
    let best = first_guess(&outline);
    let mut search = Search { outline: &outline, precision, queue: BinaryHeap::new(), best };
    search.offer(Cell::new(bounds.center(), 0.0, &outline));
    search.cover(&bounds, precision.max(narrow).max(long / MOST_CELLS_ALONG));
    search.refine();
    Some((search.best.center, search.best.distance.max(0.0)))
}

/// Shell less holes.
fn polygon_area(rings: &[&[[f64; 2]]]) -> f64 {
    let holes: f64 = rings.iter().skip(1).map(|ring| signed_area(ring).abs()).sum();
    rings.first().map_or(0.0, |shell| signed_area(shell).abs()) - holes
}

/// A square of the search.
#[derive(Clone, Copy, Debug)]
struct Cell {
    center: [f64; 2],
    half_width: f64,
    /// From the center to the outline; negative outside.
    distance: f64,
    /// No point of the cell is farther from the outline than this.
    potential: f64,
}

impl Cell {
    fn new(center: [f64; 2], half_width: f64, outline: &Outline) -> Self {
        let distance = outline.signed_distance(center);
        Self { center, half_width, distance, potential: distance + half_width * std::f64::consts::SQRT_2 }
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Cell {}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        self.potential.total_cmp(&other.potential)
    }
}

/// The state of one search.
struct Search<'a> {
    outline: &'a Outline<'a>,
    precision: f64,
    queue: BinaryHeap<Cell>,
    best: Cell,
}

impl Search<'_> {
    /// Keeps `cell` when it is better than the best.
    fn offer(&mut self, cell: Cell) {
        if cell.distance > self.best.distance {
            self.best = cell;
        }
    }

    /// Looks at a cell, and keeps it for halving when that may pay.
    fn open(&mut self, center: [f64; 2], half_width: f64) {
        let cell = Cell::new(center, half_width, self.outline);
        if cell.potential > self.best.distance + self.precision {
            self.queue.push(cell);
        }
        self.offer(cell);
    }

    /// Covers the box with cells of `width`.
    fn cover(&mut self, bounds: &Bounds, width: f64) {
        let half = width / 2.0;
        let [columns, rows] = bounds.size().map(|size| (size / width).ceil() as usize);
        for column in 0..columns {
            for row in 0..rows {
                let corner = [bounds.min[0] + column as f64 * width, bounds.min[1] + row as f64 * width];
                self.open([corner[0] + half, corner[1] + half], half);
            }
        }
    }

    /// Halves the most promising cell until none can beat the best.
    fn refine(&mut self) {
        while let Some(cell) = self.queue.pop() {
            if cell.potential - self.best.distance <= self.precision {
                break;
            }
            let half = cell.half_width / 2.0;
            let [x, y] = cell.center;
            for [dx, dy] in [[-half, -half], [half, -half], [-half, half], [half, half]] {
                self.open([x + dx, y + dy], half);
            }
        }
    }
}

/// The centroid of the shell; a vertex when the shell has no area.
fn first_guess(outline: &Outline) -> Cell {
    let shell = outline.rings[0];
    let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
    let mut previous = shell[shell.len() - 1];
    // Relative to a vertex, so that far-away coordinates keep their digits.
    let [ox, oy] = shell[0];
    for &point in shell {
        let [ax, ay] = [point[0] - ox, point[1] - oy];
        let [bx, by] = [previous[0] - ox, previous[1] - oy];
        let cross = ax * by - bx * ay;
        x += (ax + bx) * cross;
        y += (ay + by) * cross;
        sum += cross * 3.0;
        previous = point;
    }
    let center = if sum == 0.0 { shell[0] } else { [ox + x / sum, oy + y / sum] };
    Cell::new(center, 0.0, outline)
}

/// Edges whose distances are computed side by side.
const LANES: usize = 4;

/// A number of each of so many edges.
type Lanes = [f64; LANES];

/// Edges side by side: where each begins, how far it runs, and the square of
/// its length, 1 where it has none.
#[derive(Clone, Copy, Default)]
struct Edges {
    x: Lanes,
    y: Lanes,
    dx: Lanes,
    dy: Lanes,
    length_squared: Lanes,
}

/// The rings of a polygon, and their edges in blocks, so that one instruction
/// works on several of them.
struct Outline<'a> {
    rings: &'a [&'a [[f64; 2]]],
    blocks: Vec<Edges>,
}

impl<'a> Outline<'a> {
    fn new(rings: &'a [&'a [[f64; 2]]]) -> Self {
        let count: usize = rings.iter().map(|ring| ring.len()).sum();
        let mut blocks = vec![Edges::default(); count.div_ceil(LANES)];
        let mut number = 0;
        for ring in rings {
            let mut previous = ring[ring.len() - 1];
            for &point in *ring {
                put(&mut blocks, number, point, previous);
                number += 1;
                previous = point;
            }
        }
        // What is left of the last block is its last edge once more.
        if let (Some(ring), 1..) = (rings.last(), number % LANES) {
            let from = if ring.len() > 1 { ring[ring.len() - 2] } else { ring[0] };
            (number..blocks.len() * LANES).for_each(|number| put(&mut blocks, number, ring[ring.len() - 1], from));
        }
        Self { rings, blocks }
    }

    /// Distance from `point` to the nearest edge; negative outside (even-odd).
    fn signed_distance(&self, point: [f64; 2]) -> f64 {
        let distance = self.least_squared(point).sqrt();
        if distance == 0.0 || self.contains(point) { distance } else { -distance }
    }

    /// Squared distance from `point` to the nearest edge.
    fn least_squared(&self, [x, y]: [f64; 2]) -> f64 {
        let mut least = [f64::INFINITY; LANES];
        for edges in &self.blocks {
            for (lane, least) in least.iter_mut().enumerate() {
                let [ax, ay] = [edges.x[lane], edges.y[lane]];
                let [dx, dy] = [edges.dx[lane], edges.dy[lane]];
                let along = (((x - ax) * dx + (y - ay) * dy) / edges.length_squared[lane]).clamp(0.0, 1.0);
                let [mx, my] = [x - (ax + along * dx), y - (ay + along * dy)];
                let squared = mx * mx + my * my;
                *least = if squared < *least { squared } else { *least };
            }
        }
        least.into_iter().fold(f64::INFINITY, f64::min)
    }

    fn contains(&self, [x, y]: [f64; 2]) -> bool {
        let mut inside = false;
        for ring in self.rings {
            let mut b = ring[ring.len() - 1];
            for &a in *ring {
                if (a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0] {
                    inside = !inside;
                }
                b = a;
            }
        }
        inside
    }
}

/// Puts an edge where edge `number` belongs.
fn put(blocks: &mut [Edges], number: usize, [x, y]: [f64; 2], to: [f64; 2]) {
    let edges = &mut blocks[number / LANES];
    let lane = number % LANES;
    let [dx, dy] = [to[0] - x, to[1] - y];
    let length_squared = dx * dx + dy * dy;
    (edges.x[lane], edges.y[lane], edges.dx[lane], edges.dy[lane]) = (x, y, dx, dy);
    edges.length_squared[lane] = if length_squared > 0.0 { length_squared } else { 1.0 };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape_of(rings: &[Vec<[f64; 2]>]) -> Shape {
        let mut shape = Shape::default();
        for ring in rings {
            shape.push_ring(ring);
        }
        shape.end_polygon();
        shape
    }

    #[test]
    fn polylabels_own_cases_hold() {
        let root = std::env::var("QUANYU_REALDATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/realdata").into());
        let read = |path: &str| std::fs::read_to_string(format!("{root}/broken/polylabel/{path}")).ok();
        let Some(expected) = read("EXPECTED.json") else {
            eprintln!("skipped: no realdata");
            return;
        };
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        for case in expected["cases"].as_array().unwrap() {
            let rings: Vec<Vec<[f64; 2]>> = match case["file"].as_str() {
                Some(file) => serde_json::from_str(&read(&format!("test/fixtures/{file}")).unwrap()).unwrap(),
                None => serde_json::from_value(case["rings"].clone()).unwrap(),
            };
            let precision = case["precision"].as_f64().unwrap_or(1.0);
            let (at, distance) = pole(&shape_of(&rings), precision).unwrap();
            let point: [f64; 2] = serde_json::from_value(case["point"].clone()).unwrap();
            assert_eq!(at, point, "{case}");
            assert!((distance - case["distance"].as_f64().unwrap()).abs() < 1e-9, "{case} {distance}");
        }
    }

    #[test]
    fn the_pole_of_a_ring_lies_between_shell_and_hole() {
        let square = |half: f64| vec![[-half, -half], [half, -half], [half, half], [-half, half]];
        let (at, distance) = pole(&shape_of(&[square(10.0), square(4.0)]), 0.01).unwrap();
        assert!((distance - 3.5147).abs() < 0.02, "{distance} at {at:?}");
    }

    #[test]
    fn the_largest_polygon_gets_the_label() {
        let mut shape = Shape::from_ring(vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
        shape.push_ring(&[[10.0, 0.0], [14.0, 0.0], [14.0, 4.0], [10.0, 4.0]]);
        shape.end_polygon();
        assert_eq!(pole(&shape, 0.1), Some(([12.0, 2.0], 2.0)));
    }

    #[test]
    fn odd_shapes_end() {
        assert_eq!(pole(&Shape::default(), 1.0), None);
        assert_eq!(pole(&Shape::from_ring(vec![[0.0, 0.0], [f64::NAN, 1.0], [1.0, 1.0]]), 1.0), None);
        let needle = Shape::from_ring(vec![[0.0, 0.0], [1e6, 1e-3], [1e6, 2e-3]]);
        assert!(pole(&needle, 1e-9).is_some());
        assert!(pole(&Shape::from_ring(vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), f64::NAN).is_some());
    }

    proptest! {
        #[test]
        fn no_probe_is_farther_from_the_outline(
            radii in prop::collection::vec(1.0..10.0_f64, 3..40), probes in prop::collection::vec([-10.0..10.0_f64, -10.0..10.0_f64], 50),
        ) {
            let count = radii.len() as f64;
            let star: Vec<[f64; 2]> = radii.iter().enumerate().map(|(i, radius)| {
                let (sin, cos) = (i as f64 / count * std::f64::consts::TAU).sin_cos();
                [radius * cos, radius * sin]
            }).collect();
            let shape = Shape::from_ring(star.clone());
            let (at, distance) = pole(&shape, 0.01).unwrap();
            prop_assert!(distance == 0.0 || shape.contains(at));
            for probe in probes {
                prop_assert!(Outline::new(&[&star]).signed_distance(probe) <= distance + 0.01 + 1e-9);
            }
        }
    }
}
