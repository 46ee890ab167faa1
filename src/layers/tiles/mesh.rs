//! From one tile to what the GPU draws, in local metres. Pure.

use crate::domain::context::ContextKind;
use crate::domain::crs::Projection;
use crate::domain::tiles::{TileGrid, TileId, TileShapes};
use crate::domain::update::Picture;
use crate::layers::areas::geometry::{Segment, cut_shape};
use crate::layers::areas::rows;
use crate::layers::gpu::{ContextMesh, ContextVertex, RasterTile, TileVertex, palette_row};

/// Cells along a tile's side where its datum or matrix bends it. BD-09 sways by
/// 40 m within 13 km; at level 12 that leaves half a metre.
const CELLS: u32 = 16;

/// A picture on a grid of triangles that bends as its datum and matrix do.
pub(super) fn raster(picture: Picture, tile: TileId, grid: &TileGrid, projection: &Projection) -> RasterTile {
    let cells = if grid.is_straight() { 1 } else { CELLS };
    let share = |n: u32| f64::from(n) / f64::from(cells);
    let corner = |column: u32, row: u32| {
        let at = [share(column), share(row)];
        let local = projection.local_from_lonlat(grid.lonlat(tile, at));
        TileVertex { position: local.map(|v| v as f32), at: at.map(|v| v as f32) }
    };
    let mut vertices = Vec::with_capacity(6 * (cells * cells) as usize);
    for row in 0..cells {
        for column in 0..cells {
            let [a, b, c, d] = [[0, 0], [1, 0], [0, 1], [1, 1]].map(|[x, y]| corner(column + x, row + y));
            vertices.extend([a, c, b, b, c, d]);
        }
    }
    RasterTile { picture, vertices }
}

/// Polygons and roads, as those of the context are drawn.
pub(super) fn shapes(shapes: &TileShapes, projection: &Projection) -> ContextMesh {
    let mut mesh = ContextMesh::default();
    let project = |p: [f64; 2]| projection.local_from_lonlat(p);
    let polygons = [
        (ContextKind::Green, &shapes.green),
        (ContextKind::Water, &shapes.water),
        (ContextKind::Building, &shapes.building),
    ];
    for (kind, shape) in polygons {
        if kind == ContextKind::Building {
            mesh.ground_indices = mesh.indices.len() as u32;
        }
        cut_shape(&shape.map_points(project), |points, triangles| {
            let base = mesh.vertices.len() as u32;
            mesh.indices.extend(triangles.iter().map(|index| base + index));
            let vertex = |p: &[f64; 2]| ContextVertex { position: p.map(|v| v as f32), kind: palette_row(kind) };
            mesh.vertices.extend(points.iter().map(vertex));
        });
    }
    for (rank, segments) in shapes.roads.iter().enumerate() {
        for ends in segments {
            let [a, b] = ends.map(|p| project(p).map(|v| v as f32));
            mesh.lines.push(Segment { a, b, style: rows::ROAD + rank as u32 });
        }
        mesh.rank_ends[rank] = mesh.lines.len() as u32;
    }
    mesh
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::crs::Crs;
    use crate::domain::geometry::{LonLat, Shape};
    use crate::domain::tiles::TileMatrix;

    const NANJING: [f64; 2] = [118.79, 32.04];

    fn picture() -> Picture {
        Picture { width: 1, height: 1, rgba: vec![0; 4].into() }
    }

    /// The tile of level `z` under Nanjing, and where Nanjing is in it.
    fn under_nanjing(grid: &TileGrid, z: u8) -> (TileId, [f64; 2]) {
        let at = grid.position(z, NANJING);
        (TileId { z, x: at[0] as u32, y: at[1] as u32 }, at.map(f64::fract))
    }

    /// Where the mesh puts a place of the picture: within a triangle, evenly.
    fn placed(mesh: &RasterTile, at: [f64; 2]) -> Option<[f64; 2]> {
        mesh.vertices.as_chunks::<3>().0.iter().find_map(|[a, b, c]| {
            let [a_at, b_at, c_at] = [a.at, b.at, c.at].map(|at| at.map(f64::from));
            let side = |p: [f64; 2], q: [f64; 2]| (at[0] - p[0]) * (q[1] - p[1]) - (at[1] - p[1]) * (q[0] - p[0]);
            let whole = (c_at[0] - a_at[0]) * (b_at[1] - a_at[1]) - (c_at[1] - a_at[1]) * (b_at[0] - a_at[0]);
            let weights = [side(b_at, c_at), side(c_at, a_at), side(a_at, b_at)].map(|part| part / whole);
            let [u, v, w] = weights.map(f64::abs);
            if weights.iter().any(|weight| *weight < -1e-9) && weights.iter().any(|weight| *weight > 1e-9) {
                return None;
            }
            Some(
                [0, 1].map(|i| {
                    f64::from(a.position[i]) * u + f64::from(b.position[i]) * v + f64::from(c.position[i]) * w
                }),
            )
        })
    }

    #[test]
    fn pictures_of_every_datum_and_matrix_land_within_a_metre() {
        let projection = Projection::new(LonLat::new(NANJING[0], NANJING[1]));
        for matrix in [TileMatrix::WebMercator, TileMatrix::Geographic] {
            for datum in [Crs::Wgs84, Crs::Gcj02, Crs::Bd09, Crs::Cgcs2000] {
                for z in [12, 14, 17] {
                    let grid = TileGrid { matrix, datum };
                    let (tile, at) = under_nanjing(&grid, z);
                    let mesh = raster(picture(), tile, &grid, &projection);
                    let [x, y] = placed(&mesh, at).expect("in the picture");
                    assert!(x.hypot(y) < 1.0, "{matrix:?} {datum:?} {z}: {:.2} m", x.hypot(y));
                }
            }
        }
    }

    #[test]
    fn tiles_beside_each_other_share_their_edge_exactly() {
        let projection = Projection::new(LonLat::new(NANJING[0], NANJING[1]));
        let grid = TileGrid { matrix: TileMatrix::Geographic, datum: Crs::Gcj02 };
        let (west, _) = under_nanjing(&grid, 13);
        let east = TileId { x: west.x + 1, ..west };
        let edge = |tile: TileId, at: f32| {
            let mesh = raster(picture(), tile, &grid, &projection);
            let mut edge: Vec<[u32; 2]> =
                mesh.vertices.iter().filter(|v| v.at[0] == at).map(|v| v.position.map(f32::to_bits)).collect();
            edge.sort_unstable();
            edge.dedup();
            edge
        };
        assert_eq!(edge(west, 1.0), edge(east, 0.0));
    }

    #[test]
    fn shapes_become_triangles_and_ranked_segments() {
        let ring = vec![[118.0, 32.0], [118.1, 32.0], [118.1, 32.1], [118.0, 32.1]];
        let road = [[118.0, 32.0], [118.1, 32.1]];
        let tile = TileShapes {
            water: Shape::from_ring(ring.clone()),
            building: Shape::from_ring(ring),
            roads: [vec![road], vec![], vec![road, road]],
            ..TileShapes::default()
        };
        let mesh = shapes(&tile, &Projection::new(LonLat::new(118.0, 32.0)));
        assert_eq!((mesh.indices.len(), mesh.ground_indices), (12, 6));
        assert_eq!((mesh.lines.len(), mesh.rank_ends), (3, [1, 1, 3]));
        assert_eq!(mesh.lines[2].style, rows::ROAD + 2);
        assert_eq!(mesh.vertices[0].kind, palette_row(ContextKind::Water));
    }
}
