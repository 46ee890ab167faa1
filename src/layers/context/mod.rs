//! Context: water, parks, buildings and roads, quieter than the data.

use std::sync::Arc;

use bevy::prelude::*;

use super::WallTheme;
use super::areas::geometry::{Segment, cut_shape};
use super::areas::rows;
use super::gpu::{ContextMesh, ContextVertex, MapScene, palette_row};
use crate::config::Layer;
use crate::domain::context::{ContextFeature, ContextKind};
use crate::domain::crs::Projection;
use crate::map::MapView;
use crate::model::{Areas, Points, Visible};

/// Rebuilds the mesh when the context or the projection changed, and picks
/// what the zoom shows.
pub(super) fn sync(
    mut scene: ResMut<MapScene>,
    points: Res<Points>,
    areas: Res<Areas>,
    view: Res<MapView>,
    visible: Res<Visible>,
    theme: Res<WallTheme>,
    mut built: Local<(u64, u64)>,
) {
    let wanted = (points.context_revision, areas.revision);
    if *built != wanted && areas.revision > 0 {
        *built = wanted;
        scene.context = Arc::new(mesh(points.context(), &areas.projection));
    }
    let scene = &mut *scene;
    let theme = &theme.0;
    scene.palette = [theme.water, theme.green, theme.building, theme.road].map(|color| color.linear());
    scene.context_draws.clear();
    scene.context_line_draws.clear();
    if !visible.has(Layer::Context) {
        return;
    }
    // A building of 20 m is worth drawing once it is a few pixels wide.
    let building_px = 20.0 * view.camera.px_per_m as f32 / view.unit_px.max(0.01);
    let (polygons, lines) = scene.context.draws(building_px);
    scene.context_draws.push(polygons);
    scene.context_line_draws.push(lines);
}

fn mesh<'a>(features: impl Iterator<Item = &'a ContextFeature>, projection: &Projection) -> ContextMesh {
    let mut mesh = ContextMesh::default();
    let features: Vec<&ContextFeature> = features.collect();
    let project = |p: [f64; 2]| projection.local_from_lonlat(p);
    for kind in [ContextKind::Green, ContextKind::Water, ContextKind::Building] {
        if kind == ContextKind::Building {
            mesh.ground_indices = mesh.indices.len() as u32;
        }
        for feature in features.iter().filter(|feature| feature.kind == kind) {
            let local = feature.shape.map_points(project);
            cut_shape(&local, |points, triangles| {
                let base = mesh.vertices.len() as u32;
                mesh.indices.extend(triangles.iter().map(|index| base + index));
                mesh.vertices.extend(
                    points.iter().map(|p| ContextVertex { position: p.map(|v| v as f32), kind: palette_row(kind) }),
                );
            });
        }
    }
    for rank in 1..=3_u8 {
        let of_rank =
            |feature: &&&ContextFeature| feature.kind == ContextKind::Road && feature.rank.clamp(1, 3) == rank;
        for line in features.iter().filter(of_rank).flat_map(|feature| &feature.lines) {
            for pair in line.windows(2) {
                let [a, b] = [pair[0], pair[1]].map(|p| project(p).map(|v| v as f32));
                mesh.lines.push(Segment { a, b, style: rows::ROAD + u32::from(rank) - 1 });
            }
        }
        mesh.rank_ends[usize::from(rank) - 1] = mesh.lines.len() as u32;
    }
    mesh
}
