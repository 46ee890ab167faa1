//! The boundaries of all areas in local metres, in flat arrays.
//!
//! In: an `AreaTree` in degrees and a projection. Out: [`Rings`], from which
//! fills, outlines and label anchors are built, at full detail or reduced.
//! Each vertex keeps the key of its rounded place, by which the same border of
//! two areas is known to be the same.

use rayon::prelude::*;

use super::is_drawable;
use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::geometry::Bounds;

/// Degrees to key units: 10⁻⁷ degrees, 1 cm. 400° fit 32 bits.
const KEY_SCALE: f64 = 1e7;

/// The key of a vertex that is not on the Earth.
pub(super) const NOWHERE: u64 = u64::MAX;

/// Every ring of every area, in the order of the tree.
///
/// The origin of the local metres should be near: beyond 16 km of it, `f32`
/// steps by more than a millimetre, beyond 131 km by more than a centimetre.
#[derive(Clone, Debug, Default)]
pub struct Rings {
    /// Local metres.
    points: Vec<[f64; 2]>,
    /// Rounded place of each vertex, or [`NOWHERE`].
    keys: Vec<u64>,
    /// For each ring, one past its last vertex.
    ring_ends: Vec<u32>,
    /// For each polygon, one past its last ring.
    polygon_ends: Vec<u32>,
    /// For each area, one past its last polygon.
    area_ends: Vec<u32>,
}

impl Rings {
    /// Projects all vertices. `project` turns degrees, longitude first, into
    /// local metres.
    pub fn new(tree: &AreaTree, project: impl Fn([f64; 2]) -> [f64; 2] + Sync) -> Self {
        let count = tree.areas().iter().map(|area| area.shape.points.len()).sum();
        let mut rings = Self { points: vec![[0.0; 2]; count], keys: vec![NOWHERE; count], ..Self::default() };
        let (mut points, mut keys) = (rings.points.as_mut_slice(), rings.keys.as_mut_slice());
        let mut parts = Vec::with_capacity(tree.len());
        for area in tree.areas() {
            let shape = &area.shape;
            let (point_part, key_part);
            (point_part, points) = points.split_at_mut(shape.points.len());
            (key_part, keys) = keys.split_at_mut(shape.points.len());
            parts.push((point_part, key_part, shape.points.as_slice()));
            let first_ring = rings.ring_ends.len() as u32;
            let first_vertex = (count - points.len() - shape.points.len()) as u32;
            rings.ring_ends.extend(shape.ring_ends.iter().map(|end| end + first_vertex));
            rings.polygon_ends.extend(shape.polygon_ends.iter().map(|end| end + first_ring));
            rings.area_ends.push(rings.polygon_ends.len() as u32);
        }
        parts.into_par_iter().with_min_len(64).for_each(|(points, keys, degrees)| {
            for ((local, key), &lonlat) in points.iter_mut().zip(keys).zip(degrees) {
                *local = project(lonlat);
                *key = key_of(lonlat);
            }
        });
        rings
    }

    /// How many areas there are.
    pub fn len(&self) -> usize {
        self.area_ends.len()
    }

    /// Whether there is no area.
    pub fn is_empty(&self) -> bool {
        self.area_ends.is_empty()
    }

    /// All vertices, ring after ring, local metres.
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// The rounded place of each vertex.
    pub(super) fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// How many rings there are.
    #[cfg(test)]
    pub(super) fn ring_count(&self) -> u32 {
        self.ring_ends.len() as u32
    }

    /// The vertices of ring number `ring` as indices into all vertices.
    pub(super) fn ring(&self, ring: u32) -> std::ops::Range<usize> {
        start_of(&self.ring_ends, ring) as usize..self.ring_ends[ring as usize] as usize
    }

    /// The polygons of an area, each as a range of ring numbers, shell first.
    pub(super) fn polygons(&self, area: AreaIndex) -> impl Iterator<Item = std::ops::Range<u32>> + '_ {
        let first = start_of(&self.area_ends, area);
        (first..self.area_ends[area as usize])
            .map(|polygon| start_of(&self.polygon_ends, polygon)..self.polygon_ends[polygon as usize])
    }

    /// The ring numbers of an area.
    pub(super) fn rings_of(&self, area: AreaIndex) -> std::ops::Range<u32> {
        let polygons = start_of(&self.area_ends, area)..self.area_ends[area as usize];
        let first = start_of(&self.polygon_ends, polygons.start);
        first..if polygons.is_empty() { first } else { self.polygon_ends[polygons.end as usize - 1] }
    }

    /// The vertices of one area, local metres.
    pub fn of(&self, area: AreaIndex) -> &[[f64; 2]] {
        let rings = self.rings_of(area);
        if rings.is_empty() {
            return &[];
        }
        &self.points[start_of(&self.ring_ends, rings.start) as usize..self.ring_ends[rings.end as usize - 1] as usize]
    }

    /// The smallest box around all vertices that can be drawn, metres.
    pub fn bounds(&self) -> Bounds {
        let mut bounds = Bounds::EMPTY;
        for &point in self.points.iter().filter(|point| is_drawable(**point)) {
            bounds.grow(point);
        }
        bounds
    }

    /// The same rings with only the vertices for which `keep` is true; rings
    /// left with fewer than three are dropped, and polygons without a shell.
    pub(super) fn filtered(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut kept = Self::default();
        for area in 0..self.len() as AreaIndex {
            for polygon in self.polygons(area) {
                let shell = polygon.start;
                for ring in polygon.clone() {
                    let start = kept.points.len();
                    for vertex in self.ring(ring).filter(|&vertex| keep(vertex)) {
                        kept.points.push(self.points[vertex]);
                        kept.keys.push(self.keys[vertex]);
                    }
                    if kept.points.len() - start >= 3 {
                        kept.ring_ends.push(kept.points.len() as u32);
                    } else {
                        kept.points.truncate(start);
                        kept.keys.truncate(start);
                        if ring == shell {
                            break;
                        }
                    }
                }
                let rings = kept.ring_ends.len() as u32;
                if rings > kept.polygon_ends.last().copied().unwrap_or(0) {
                    kept.polygon_ends.push(rings);
                }
            }
            kept.area_ends.push(kept.polygon_ends.len() as u32);
        }
        kept
    }
}

/// Where the item after `index` items ends its predecessor.
fn start_of(ends: &[u32], index: u32) -> u32 {
    index.checked_sub(1).map_or(0, |before| ends[before as usize])
}

/// A vertex rounded to 10⁻⁷ degrees as one number.
fn key_of([lon, lat]: [f64; 2]) -> u64 {
    // From −200°, so that all are positive and truncation rounds.
    let part = |degrees: f64| (degrees.abs() <= 200.0).then_some(((degrees + 200.0) * KEY_SCALE + 0.5) as u32);
    match (part(lon), part(lat)) {
        (Some(lon), Some(lat)) => (u64::from(lon) << 32) | u64::from(lat),
        _ => NOWHERE,
    }
}

/// The vertex that a key stands for, in units of 10⁻⁷ degrees from −200°.
pub(super) fn place_of(key: u64) -> [f64; 2] {
    [(key >> 32) as u32, key as u32].map(f64::from)
}
