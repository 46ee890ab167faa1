//! Points and flat polygon storage.

use serde::{Deserialize, Serialize};

/// A place in degrees, WGS-84 unless the name of the value says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LonLat {
    /// Degrees east, −180…180.
    pub lon: f64,
    /// Degrees north, −90…90.
    pub lat: f64,
}

impl LonLat {
    /// A place from degrees east and north.
    pub const fn new(lon: f64, lat: f64) -> Self {
        Self { lon, lat }
    }

    /// Finite and inside the range of longitudes and latitudes.
    pub fn is_valid(self) -> bool {
        self.lon.is_finite() && self.lat.is_finite() && self.lon.abs() <= 180.0 && self.lat.abs() <= 90.0
    }
}

/// An axis-aligned box; empty while `min > max`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Smallest x and y.
    pub min: [f64; 2],
    /// Largest x and y.
    pub max: [f64; 2],
}

impl Default for Bounds {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Bounds {
    /// Holds nothing; growing it by a point gives that point.
    pub const EMPTY: Self = Self { min: [f64::INFINITY; 2], max: [f64::NEG_INFINITY; 2] };

    /// The smallest box around `points`.
    pub fn of(points: &[[f64; 2]]) -> Self {
        let mut bounds = Self::EMPTY;
        for &point in points {
            bounds.grow(point);
        }
        bounds
    }

    /// Extends the box to hold `point`.
    pub fn grow(&mut self, point: [f64; 2]) {
        let [x, y] = point;
        self.min = [self.min[0].min(x), self.min[1].min(y)];
        self.max = [self.max[0].max(x), self.max[1].max(y)];
    }

    /// Extends the box to hold `other`.
    pub fn merge(&mut self, other: &Self) {
        if !other.is_empty() {
            self.grow(other.min);
            self.grow(other.max);
        }
    }

    /// Holds no point.
    pub fn is_empty(&self) -> bool {
        self.min[0] > self.max[0] || self.min[1] > self.max[1]
    }

    /// Whether `point` lies inside or on the edge.
    pub fn contains(&self, point: [f64; 2]) -> bool {
        (0..2).all(|axis| point[axis] >= self.min[axis] && point[axis] <= self.max[axis])
    }

    /// Whether the two boxes share a point.
    pub fn intersects(&self, other: &Self) -> bool {
        (0..2).all(|axis| self.min[axis] <= other.max[axis] && other.min[axis] <= self.max[axis])
    }

    /// Width and height; zero when empty.
    pub fn size(&self) -> [f64; 2] {
        if self.is_empty() { [0.0; 2] } else { [self.max[0] - self.min[0], self.max[1] - self.min[1]] }
    }

    /// The middle.
    pub fn center(&self) -> [f64; 2] {
        [(self.min[0] + self.max[0]) / 2.0, (self.min[1] + self.max[1]) / 2.0]
    }
}

/// A multi-polygon in three flat arrays, so that a city of 40,976 areas is
/// some hundred thousand allocations fewer than nested vectors.
///
/// Rings are open (the first point is not repeated at the end); in each
/// polygon the first ring is the shell and the others are holes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// All vertices, ring after ring.
    pub points: Vec<[f64; 2]>,
    /// For each ring, one past its last index into `points`.
    pub ring_ends: Vec<u32>,
    /// For each polygon, one past its last index into `ring_ends`.
    pub polygon_ends: Vec<u32>,
}

impl Shape {
    /// A shape of one polygon with one ring and no holes.
    pub fn from_ring(points: Vec<[f64; 2]>) -> Self {
        let mut shape = Self::default();
        shape.push_ring(&points);
        shape.end_polygon();
        shape
    }

    /// Appends a ring to the polygon under construction, without the closing
    /// repeat of its first point. Rings of fewer than three points are left out.
    pub fn push_ring(&mut self, ring: &[[f64; 2]]) {
        let open = match ring {
            [first, middle @ .., last] if first == last && !middle.is_empty() => &ring[..ring.len() - 1],
            _ => ring,
        };
        if open.len() >= 3 {
            self.points.extend_from_slice(open);
            self.ring_ends.push(self.points.len() as u32);
        }
    }

    /// Ends the polygon under construction; does nothing when it has no ring.
    pub fn end_polygon(&mut self) {
        let rings = self.ring_ends.len() as u32;
        if rings > self.polygon_ends.last().copied().unwrap_or(0) {
            self.polygon_ends.push(rings);
        }
    }

    /// No polygon at all.
    pub fn is_empty(&self) -> bool {
        self.polygon_ends.is_empty()
    }

    /// The rings' index ranges into `points`, grouped by polygon.
    pub fn polygons(&self) -> impl Iterator<Item = impl Iterator<Item = &[[f64; 2]]> + '_> + '_ {
        (0..self.polygon_ends.len()).map(move |polygon| {
            let first = if polygon == 0 { 0 } else { self.polygon_ends[polygon - 1] };
            (first..self.polygon_ends[polygon]).map(move |ring| self.ring(ring as usize))
        })
    }

    /// Every ring, shells and holes alike.
    pub fn rings(&self) -> impl Iterator<Item = &[[f64; 2]]> + '_ {
        (0..self.ring_ends.len()).map(move |ring| self.ring(ring))
    }

    /// The points of ring number `ring`.
    pub fn ring(&self, ring: usize) -> &[[f64; 2]] {
        let start = if ring == 0 { 0 } else { self.ring_ends[ring - 1] as usize };
        &self.points[start..self.ring_ends[ring] as usize]
    }

    /// The smallest box around all points.
    pub fn bounds(&self) -> Bounds {
        Bounds::of(&self.points)
    }

    /// The same shape with each point passed through `convert`.
    #[must_use]
    pub fn map_points(&self, convert: impl Fn([f64; 2]) -> [f64; 2]) -> Self {
        Self {
            points: self.points.iter().map(|&p| convert(p)).collect(),
            ring_ends: self.ring_ends.clone(),
            polygon_ends: self.polygon_ends.clone(),
        }
    }

    /// Whether `point` is inside by the even-odd rule over all rings.
    /// On the boundary either answer may come.
    pub fn contains(&self, point: [f64; 2]) -> bool {
        self.rings().fold(false, |inside, ring| inside ^ ring_contains(ring, point))
    }

    /// The enclosed area in the square of the points' unit: shells less holes.
    pub fn area(&self) -> f64 {
        self.polygons()
            .map(|rings| {
                rings
                    .enumerate()
                    .map(|(i, ring)| signed_area(ring).abs() * if i == 0 { 1.0 } else { -1.0 })
                    .sum::<f64>()
            })
            .sum()
    }
}

/// Twice-checked even-odd crossing test of one open ring (Franklin's PNPOLY).
pub fn ring_contains(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let mut inside = false;
    let mut previous = match ring.last() {
        Some(&last) => last,
        None => return false,
    };
    for &[px, py] in ring {
        if (py > y) != (previous[1] > y) && x < (previous[0] - px) * (y - py) / (previous[1] - py) + px {
            inside = !inside;
        }
        previous = [px, py];
    }
    inside
}

/// Area of an open ring by the shoelace formula; positive when its points run
/// counter-clockwise with y up.
pub fn signed_area(ring: &[[f64; 2]]) -> f64 {
    let Some(&last) = ring.last() else { return 0.0 };
    let origin = ring[0];
    let mut previous = last;
    let mut sum = 0.0;
    for &point in ring {
        sum += (previous[0] - origin[0]) * (point[1] - origin[1]) - (point[0] - origin[0]) * (previous[1] - origin[1]);
        previous = point;
    }
    sum / 2.0
}

/// Whether a hole lies outside `shell`: most of its vertices do. Vertices on
/// the shell itself fall on either side, so one alone says nothing.
pub fn is_outside(hole: &[[f64; 2]], shell: &[[f64; 2]]) -> bool {
    let inside = hole.iter().filter(|&&point| ring_contains(shell, point)).count();
    2 * inside < hole.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square_with_hole() -> Shape {
        let mut shape = Shape::default();
        shape.push_ring(&[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0], [0.0, 0.0]]);
        shape.push_ring(&[[4.0, 4.0], [4.0, 6.0], [6.0, 6.0], [6.0, 4.0]]);
        shape.end_polygon();
        shape
    }

    #[test]
    fn closing_points_are_dropped_and_holes_subtract() {
        let shape = square_with_hole();
        assert_eq!(shape.ring_ends, [4, 8]);
        assert_eq!(shape.area(), 96.0);
        assert!(shape.contains([1.0, 1.0]));
        assert!(!shape.contains([5.0, 5.0]));
        assert!(!shape.contains([11.0, 5.0]));
    }

    #[test]
    fn degenerate_rings_leave_no_polygon() {
        let mut shape = Shape::default();
        shape.push_ring(&[[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]);
        shape.end_polygon();
        assert!(shape.is_empty());
    }

    #[test]
    fn counter_clockwise_is_positive() {
        assert_eq!(signed_area(&[[0.0, 0.0], [2.0, 0.0], [2.0, 3.0], [0.0, 3.0]]), 6.0);
        assert_eq!(signed_area(&[[0.0, 3.0], [2.0, 3.0], [2.0, 0.0], [0.0, 0.0]]), -6.0);
    }
}
