//! What a vector tile draws, in flat arrays.

use crate::domain::context::ContextKind;
use crate::domain::geometry::Shape;

/// Polygons and roads of one vector tile, cut at its edges, in WGS-84 degrees.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TileShapes {
    /// Parks and woods.
    pub green: Shape,
    /// Rivers and lakes.
    pub water: Shape,
    /// Buildings.
    pub building: Shape,
    /// Segments of roads by rank: arterials, streets, lanes.
    pub roads: [Vec<[[f64; 2]; 2]>; 3],
}

impl TileShapes {
    /// Where polygons of a kind go; `None` for roads.
    pub fn polygons_mut(&mut self, kind: ContextKind) -> Option<&mut Shape> {
        match kind {
            ContextKind::Green => Some(&mut self.green),
            ContextKind::Water => Some(&mut self.water),
            ContextKind::Building => Some(&mut self.building),
            ContextKind::Road => None,
        }
    }

    /// Corners of all polygons and segments.
    pub fn vertices(&self) -> usize {
        let polygons = [&self.green, &self.water, &self.building].map(|shape| shape.points.len());
        polygons.iter().sum::<usize>() + 2 * self.roads.iter().map(Vec::len).sum::<usize>()
    }

    /// Nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.vertices() == 0
    }

    /// Memory that it takes, bytes.
    pub fn bytes(&self) -> usize {
        let rings: usize =
            [&self.green, &self.water, &self.building].map(|s| s.ring_ends.len() + s.polygon_ends.len()).iter().sum();
        self.vertices() * size_of::<[f64; 2]>() + rings * size_of::<u32>()
    }
}
