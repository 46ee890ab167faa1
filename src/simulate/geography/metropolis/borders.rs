//! From straight edges on the plan to borders on the ground: every edge gets
//! its bends once, and both neighbours and all their parents use the same.

use std::collections::HashMap;

use super::super::mesh::{FaceId, Mesh, VertexId, distance, edges};
use super::super::warp::Plane;
use super::bends::Bends;
use crate::domain::geometry::signed_area;

/// Points that a border of a square piece of land has along each side, about.
const POINTS_PER_SIDE: f64 = 5.6;
/// No border has points closer than this.
const LEAST_STEP_M: f64 = 11.0;

/// A point of a border.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Local metres.
    pub local: [f64; 2],
    /// Degrees, rounded as they are written.
    pub degrees: [f64; 2],
}

/// The bent edges of a mesh.
#[derive(Clone, Debug)]
pub struct Borders {
    corners: Vec<Point>,
    /// Range in `between` of the edge from the lower to the higher vertex.
    edges: HashMap<(VertexId, VertexId), (u32, u32)>,
    between: Vec<Point>,
}

impl Borders {
    /// Bends all edges of `faces`; those of small faces get closer points.
    pub fn new(mesh: &Mesh, faces: &[FaceId], bends: &Bends, plane: Plane) -> Self {
        let point = |p: [f64; 2]| {
            let local = bends.local_from_plan(p);
            Point { local, degrees: plane.degrees_from_local(local) }
        };
        let mut result = Self {
            corners: mesh.points().iter().map(|&p| point(p)).collect(),
            edges: HashMap::with_capacity(faces.len() * 4),
            between: Vec::with_capacity(faces.len() * 12),
        };
        let mut sizes: HashMap<FaceId, f64> = HashMap::with_capacity(faces.len());
        for &face in faces {
            sizes.insert(face, signed_area(&mesh.polygon(face)).max(0.0).sqrt());
        }
        for &face in faces {
            for (u, v) in edges(mesh.ring(face)) {
                let key = (u.min(v), u.max(v));
                if result.edges.contains_key(&key) {
                    continue;
                }
                let other = mesh.across(u, v).and_then(|other| sizes.get(&other)).copied();
                let size = sizes[&face].min(other.unwrap_or(f64::INFINITY));
                let (a, b) = (mesh.point(key.0), mesh.point(key.1));
                let pieces = (distance(a, b) / (size / POINTS_PER_SIDE).max(LEAST_STEP_M)).round().max(1.0);
                let from = result.between.len() as u32;
                result.between.extend((1..pieces as u32).map(|i| {
                    let t = f64::from(i) / pieces;
                    point([a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t])
                }));
                result.edges.insert(key, (from, result.between.len() as u32));
            }
        }
        result
    }

    /// A ring of vertices with the bends between them.
    pub fn bent<T>(&self, ring: &[VertexId], read: impl Fn(&Point) -> T) -> Vec<T> {
        let mut result = Vec::with_capacity(ring.len() * 4);
        for (u, v) in edges(ring) {
            result.push(read(&self.corners[u as usize]));
            let Some(&(from, to)) = self.edges.get(&(u.min(v), u.max(v))) else { continue };
            let between = &self.between[from as usize..to as usize];
            if u < v {
                result.extend(between.iter().map(&read));
            } else {
                result.extend(between.iter().rev().map(&read));
            }
        }
        result
    }
}
