//! Triangles that fill the areas.
//!
//! Ear clipping (`earcut`, a port of Mapbox's) in `f64` metres, one area after
//! the other, many chunks at once. Each vertex carries its area's index, so
//! that the shader looks up colour, hover and selection and the mesh never
//! changes when they do.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use earcut::Earcut;
use rayon::prelude::*;

use super::rings::Rings;
use super::{hilbert_key, is_drawable};
use crate::domain::area::{AreaIndex, AreaTree, Level};
use crate::domain::geometry::{Bounds, Shape, is_outside};

/// Triangles after which a chunk is full. Small enough that a street's worth
/// of a city is a few chunks, large enough that a city is a few dozen.
const CHUNK_TRIANGLES: usize = 16_384;

/// One corner of a fill.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct FillVertex {
    /// Local metres.
    pub position: [f32; 2],
    /// Index of the area in its tree.
    pub area: u32,
}

/// A run of triangles of one level in one place: one draw call.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Into [`FillMesh::indices`].
    pub indices: Range<u32>,
    /// Around its vertices, local metres.
    pub bounds: Bounds,
    /// The level of its areas.
    pub level: Level,
}

/// The fills of all areas, as one vertex and one index buffer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FillMesh {
    /// Corners, area by area.
    pub vertices: Vec<FillVertex>,
    /// Three for each triangle.
    pub indices: Vec<u32>,
    /// Large levels first.
    pub chunks: Vec<Chunk>,
}

/// Triangulates every area.
pub fn fill_mesh(tree: &AreaTree, rings: &Rings) -> FillMesh {
    let groups = chunk_areas(tree, rings);
    let parts: Vec<Part> =
        groups.par_iter().with_max_len(1).map(|(level, areas)| cut_chunk(rings, *level, areas)).collect();
    let mut mesh = FillMesh {
        vertices: Vec::with_capacity(parts.iter().map(|part| part.vertices.len()).sum()),
        indices: Vec::with_capacity(parts.iter().map(|part| part.indices.len()).sum()),
        chunks: Vec::with_capacity(parts.len()),
    };
    for part in parts {
        if part.indices.is_empty() {
            continue;
        }
        let first_vertex = mesh.vertices.len() as u32;
        let first_index = mesh.indices.len() as u32;
        mesh.vertices.extend_from_slice(&part.vertices);
        mesh.indices.extend(part.indices.iter().map(|index| index + first_vertex));
        let indices = first_index..mesh.indices.len() as u32;
        mesh.chunks.push(Chunk { indices, bounds: part.bounds, level: part.level });
    }
    mesh
}

/// The areas of each chunk: by level, then along a Hilbert curve, cut when
/// their triangles (about as many as vertices) fill a chunk.
fn chunk_areas(tree: &AreaTree, rings: &Rings) -> Vec<(Level, Vec<AreaIndex>)> {
    let bounds = rings.bounds();
    let mut order: Vec<(Level, u32, AreaIndex)> = (0..tree.len() as AreaIndex)
        .filter(|&index| !rings.of(index).is_empty())
        .map(|index| {
            let center = Bounds::of(rings.of(index)).center();
            (tree.area(index).level, hilbert_key(&bounds, center), index)
        })
        .collect();
    order.sort_unstable();
    let mut groups: Vec<(Level, Vec<AreaIndex>)> = Vec::new();
    let mut triangles = 0;
    for (level, _, index) in order {
        let count = rings.of(index).len();
        match groups.last_mut() {
            Some((group_level, areas)) if *group_level == level && triangles + count <= CHUNK_TRIANGLES => {
                areas.push(index);
                triangles += count;
            }
            _ => {
                groups.push((level, vec![index]));
                triangles = count;
            }
        }
    }
    groups
}

/// One chunk before it knows its place in the mesh.
struct Part {
    vertices: Vec<FillVertex>,
    indices: Vec<u32>,
    bounds: Bounds,
    level: Level,
}

/// Triangulates the areas of one chunk.
fn cut_chunk(rings: &Rings, level: Level, areas: &[AreaIndex]) -> Part {
    let mut part = Part { vertices: Vec::new(), indices: Vec::new(), bounds: Bounds::EMPTY, level };
    let mut cutter = Cutter::default();
    for &area in areas {
        let mut emit = |points: &[[f64; 2]], triangles: &[u32]| {
            let first = part.vertices.len() as u32;
            part.indices.extend(triangles.iter().map(|index| index + first));
            for &point in points {
                let position = point.map(|value| value as f32);
                // The box must hold what is drawn, which is rounded.
                part.bounds.grow(position.map(f64::from));
                part.vertices.push(FillVertex { position, area });
            }
        };
        for polygon in rings.polygons(area) {
            cutter.cut(polygon.map(|ring| &rings.points()[rings.ring(ring)]), &mut emit);
        }
    }
    part
}

/// Triangulates one shape whose vertices already are in local metres, for
/// anything else that is filled: hands the finite vertices of each polygon,
/// and three indices into them for each triangle, to `emit`.
pub fn cut_shape(shape: &Shape, mut emit: impl FnMut(&[[f64; 2]], &[u32])) {
    let mut cutter = Cutter::default();
    for rings in shape.polygons() {
        cutter.cut(rings, &mut emit);
    }
}

/// An ear clipper with its working memory.
#[derive(Default)]
struct Cutter {
    earcut: Earcut<f64>,
    /// Vertices of the polygon at hand.
    points: Vec<[f64; 2]>,
    /// Where each hole begins among them.
    holes: Vec<u32>,
    triangles: Vec<u32>,
}

impl Cutter {
    /// Triangulates a polygon, shell first, and hands vertices and triangles to
    /// `emit`. A hole outside its shell is a polygon of its own.
    fn cut<'a>(&mut self, mut rings: impl Iterator<Item = &'a [[f64; 2]]>, emit: &mut impl FnMut(&[[f64; 2]], &[u32])) {
        let Some(shell) = rings.next() else { return };
        let (islands, holes): (Vec<_>, Vec<_>) = rings.partition(|&ring| is_island(ring, shell));
        self.cut_polygon(std::iter::once(shell).chain(holes), emit);
        for island in islands {
            self.cut_polygon(std::iter::once(island), emit);
        }
    }

    /// Triangulates one polygon: its shell, then its holes.
    fn cut_polygon<'a>(
        &mut self,
        rings: impl Iterator<Item = &'a [[f64; 2]]>,
        emit: &mut impl FnMut(&[[f64; 2]], &[u32]),
    ) {
        self.points.clear();
        self.holes.clear();
        for (i, ring) in rings.enumerate() {
            let start = self.points.len();
            self.points.extend(ring.iter().copied().filter(|&point| is_drawable(point)));
            match (i, self.points.len() - start) {
                (0, 0..3) => return,
                (0, _) => {}
                (_, 0..3) => self.points.truncate(start),
                _ => self.holes.push(start as u32),
            }
        }
        self.earcut.earcut_slice(&self.points, &self.holes, &mut self.triangles);
        if !self.triangles.is_empty() {
            emit(&self.points, &self.triangles);
        }
    }
}

/// Whether a ring that is written as a hole lies outside its shell. The boxes
/// settle most cases; a few vertices settle the rest, because a true hole has
/// all its vertices inside.
fn is_island(hole: &[[f64; 2]], shell: &[[f64; 2]]) -> bool {
    const ENOUGH: usize = 9;
    let probes: Vec<[f64; 2]> = hole.iter().step_by(hole.len().div_ceil(ENOUGH).max(1)).copied().collect();
    is_outside(&probes, shell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing;
    use super::*;

    /// Twice the area of a triangle of the mesh, positive counter-clockwise.
    fn cross(corners: [[f64; 2]; 3]) -> f64 {
        let [[ax, ay], [bx, by], [cx, cy]] = corners;
        (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    }

    fn corners(mesh: &FillMesh, triangle: &[u32]) -> [[f64; 2]; 3] {
        [0, 1, 2].map(|i| mesh.vertices[triangle[i] as usize].position.map(f64::from))
    }

    /// Areas with a triangle around `point`.
    fn covering(mesh: &FillMesh, point: [f64; 2]) -> Vec<AreaIndex> {
        let mut areas: Vec<AreaIndex> = mesh
            .indices
            .chunks(3)
            .filter(|triangle| {
                let [a, b, c] = corners(mesh, triangle);
                let sides = [cross([a, b, point]), cross([b, c, point]), cross([c, a, point])];
                sides.iter().all(|&side| side >= 0.0) || sides.iter().all(|&side| side <= 0.0)
            })
            .map(|triangle| mesh.vertices[triangle[0] as usize].area)
            .collect();
        areas.sort_unstable();
        areas.dedup();
        areas
    }

    #[test]
    fn every_point_is_in_the_mesh_of_the_areas_that_hold_it_and_no_other() {
        let tree = testing::tiling(10, 3);
        let mesh = fill_mesh(&tree, &Rings::new(&tree, |point| point));
        let mut random = fastrand::Rng::with_seed(5);
        let mut checked = 0;
        for _ in 0..3_000 {
            let point = [random.f64(), random.f64()];
            let holders: Vec<AreaIndex> =
                (0..tree.len() as AreaIndex).filter(|&index| tree.area(index).shape.contains(point)).collect();
            let found = covering(&mesh, point);
            // f32 moves borders by 6e-8; a point that near may be on both sides.
            if found.len() == 3 {
                assert_eq!(found, holders, "{point:?}");
                checked += 1;
            }
        }
        assert!(checked > 2_990, "{checked}");
    }

    #[test]
    fn chunks_cover_the_mesh_in_order_of_level() {
        let tree = testing::tiling(120, 3);
        let mesh = fill_mesh(&tree, &Rings::new(&tree, |point| point.map(|value| value * 1e4)));
        assert!(mesh.chunks.len() > 3);
        let mut next = 0;
        for chunk in &mesh.chunks {
            assert_eq!(chunk.indices.start, next);
            next = chunk.indices.end;
            for &index in &mesh.indices[chunk.indices.start as usize..chunk.indices.end as usize] {
                let vertex = mesh.vertices[index as usize];
                assert_eq!(tree.area(vertex.area).level, chunk.level);
                assert!(chunk.bounds.contains(vertex.position.map(f64::from)));
            }
        }
        assert_eq!(next as usize, mesh.indices.len());
        assert!(mesh.chunks.is_sorted_by_key(|chunk| chunk.level));
        assert_eq!(size_of::<FillVertex>(), 12);
    }

    #[test]
    fn a_hole_outside_its_shell_is_filled() {
        let mut shape = Shape::default();
        shape.push_ring(&[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]);
        shape.push_ring(&[[5.0, 0.0], [6.0, 0.0], [6.0, 1.0], [5.0, 1.0]]);
        shape.push_ring(&[[0.5, 0.5], [1.5, 0.5], [1.5, 1.5], [0.5, 1.5]]);
        shape.end_polygon();
        assert!((mesh_area(&shape) - 4.0).abs() < 1e-6);
    }

    #[test]
    fn vertices_that_are_not_finite_are_left_out() {
        let ring =
            vec![[0.0, 0.0], [f64::NAN, 5.0], [2.0, 0.0], [f64::INFINITY, 1.0], [2.0, 2.0], [0.0, 2.0], [1e300, 0.0]];
        assert!((mesh_area(&Shape::from_ring(ring)) - 4.0).abs() < 1e-6);
        assert_eq!(mesh_area(&Shape::from_ring(vec![[f64::NAN; 2]; 5])), 0.0);
    }

    /// Area of the mesh of one shape; every vertex is checked to be finite.
    fn mesh_area(shape: &Shape) -> f64 {
        let (tree, _) = AreaTree::build(vec![testing::area("a", None, Level::Grid, shape.clone())]);
        let mesh = fill_mesh(&tree, &Rings::new(&tree, |point| point));
        assert!(mesh.vertices.iter().all(|vertex| vertex.position.iter().all(|value| value.is_finite())));
        mesh.indices.chunks(3).map(|triangle| cross(corners(&mesh, triangle)).abs() / 2.0).sum()
    }

    #[test]
    fn earcuts_own_fixtures_are_cut_as_well_as_there() {
        let root = std::env::var("QUANYU_REALDATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/realdata").into());
        let read = |path: &str| std::fs::read_to_string(format!("{root}/broken/earcut/test/{path}")).ok();
        let Some(expected) = read("expected.json") else {
            eprintln!("skipped: no realdata");
            return;
        };
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        for (name, count) in expected["triangles"].as_object().unwrap() {
            let text = read(&format!("fixtures/{name}.json")).unwrap();
            let rings: Vec<Vec<[f64; 2]>> = serde_json::from_str(&text).unwrap();
            let mut cutter = Cutter::default();
            let (mut points, mut holes) = (Vec::new(), Vec::new());
            for (i, ring) in rings.iter().enumerate() {
                if i > 0 {
                    holes.push(points.len() as u32);
                }
                points.extend_from_slice(ring);
            }
            cutter.earcut.earcut_slice(&points, &holes, &mut cutter.triangles);
            let triangles = cutter.triangles.len() as f64 / 3.0;
            let count = count.as_f64().unwrap();
            if count > 0.0 {
                let limit = expected["errors"][name].as_f64().unwrap_or(0.0);
                let deviation = earcut::deviation(points.iter().copied(), &holes, &cutter.triangles);
                assert!(deviation <= limit.max(1e-12), "{name}: {deviation} > {limit}");
            }
            // Which ears are cut first may differ; the filled area may not.
            assert!((triangles - count).abs() <= (count * 0.01).max(2.0), "{name}: {triangles} ≠ {count}");
        }
    }

    #[test]
    fn earcuts_own_fixtures_pass_through_shapes() {
        let root = std::env::var("QUANYU_REALDATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/realdata").into());
        let Ok(folder) = std::fs::read_dir(format!("{root}/broken/earcut/test/fixtures")) else {
            eprintln!("skipped: no realdata");
            return;
        };
        for entry in folder {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let rings: Vec<Vec<[f64; 2]>> = serde_json::from_str(&text).unwrap();
            let mut shape = Shape::default();
            for ring in &rings {
                shape.push_ring(ring);
            }
            shape.end_polygon();
            assert!(mesh_area(&shape) >= 0.0);
        }
    }

    proptest! {
        #[test]
        fn the_mesh_has_the_area_of_the_shape(
            radii in prop::collection::vec(10.0..100.0_f64, 3..60), hole in 0.0..0.9_f64,
        ) {
            let count = radii.len() as f64;
            let ring = |scale: f64| -> Vec<[f64; 2]> {
                radii.iter().enumerate().map(|(i, radius)| {
                    let (sin, cos) = (i as f64 / count * std::f64::consts::TAU).sin_cos();
                    [scale * radius * cos, scale * radius * sin]
                }).collect()
            };
            let mut shape = Shape::default();
            shape.push_ring(&ring(1.0));
            if hole > 0.1 {
                shape.push_ring(&ring(hole));
            }
            shape.end_polygon();
            let (mesh, exact) = (mesh_area(&shape), shape.area());
            prop_assert!((mesh - exact).abs() <= exact * 1e-5, "{mesh} {exact}");
        }

        #[test]
        fn any_ring_is_cut_without_panic(
            rings in prop::collection::vec(prop::collection::vec([-5..5_i32, -5..5_i32], 0..12), 1..5),
        ) {
            let mut shape = Shape::default();
            for ring in &rings {
                shape.push_ring(&ring.iter().map(|point| point.map(f64::from)).collect::<Vec<_>>());
            }
            shape.end_polygon();
            prop_assert!(mesh_area(&shape).is_finite());
        }
    }
}
