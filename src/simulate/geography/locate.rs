//! Which leaf holds a place: a raster of buckets over the leaves' boxes.

use crate::domain::geometry::{Bounds, ring_contains};

/// Fewest buckets to either side.
const LEAST_CELLS: usize = 96;
/// Most buckets to either side.
const MOST_CELLS: usize = 320;

/// The index over the leaves' rings.
#[derive(Clone, Debug)]
pub struct Locator {
    rings: Vec<Vec<[f64; 2]>>,
    bounds: Bounds,
    /// Buckets to either side.
    count: usize,
    cells: Vec<Vec<u32>>,
}

impl Locator {
    /// Indexes rings that do not overlap.
    pub fn new(rings: Vec<Vec<[f64; 2]>>) -> Self {
        let mut bounds = Bounds::EMPTY;
        rings.iter().flatten().for_each(|&p| bounds.grow(p));
        let count = ((rings.len() as f64).sqrt() as usize * 2).clamp(LEAST_CELLS, MOST_CELLS);
        let mut result = Self { rings: Vec::new(), bounds, count, cells: vec![Vec::new(); count * count] };
        for (index, ring) in rings.iter().enumerate() {
            let own = Bounds::of(ring);
            let ([x0, y0], [x1, y1]) = (result.cell(own.min), result.cell(own.max));
            for y in y0..=y1 {
                for x in x0..=x1 {
                    result.cells[y * count + x].push(index as u32);
                }
            }
        }
        result.rings = rings;
        result
    }

    /// The ring that holds a place.
    pub fn find(&self, p: [f64; 2]) -> Option<usize> {
        if !self.bounds.contains(p) {
            return None;
        }
        let [x, y] = self.cell(p);
        let near = self.cells[y * self.count + x].iter().map(|&index| index as usize);
        near.into_iter().find(|&index| ring_contains(&self.rings[index], p))
    }

    fn cell(&self, p: [f64; 2]) -> [usize; 2] {
        let size = self.bounds.size();
        [0, 1].map(|axis| {
            let part = (p[axis] - self.bounds.min[axis]) / size[axis].max(f64::MIN_POSITIVE);
            ((part * self.count as f64) as usize).min(self.count - 1)
        })
    }
}
