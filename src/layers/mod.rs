//! What the map draws. Each layer turns model into GPU-ready arrays; [`gpu`]
//! draws them.
//!
//! | folder | in | out |
//! |---|---|---|
//! | [`context`] | water, parks, buildings, roads | triangles and segments |
//! | [`areas`] | the hierarchy, figures per area | triangles, borders, styles |
//! | [`heat`] | events of the window | exact bins |
//! | [`tracks`] | patrol walks | segments |
//! | [`points`] | cameras, devices, events | instances |
//! | [`labels`] | names, anchors, the view | texts placed on the screen |
//!
//! Layers never import each other but for the plain arrays of
//! [`areas::geometry`]; none of them imports `ingest` or `panels`.

pub mod areas;
pub mod context;
pub mod gpu;
pub mod heat;
pub mod labels;
pub mod points;
pub mod tracks;

use bevy::prelude::*;

use crate::config::Layer;
use crate::map::{Hover, MapView};
use crate::model::{Areas, Focus, Visible, WallSystems};
use crate::theme::Theme;
use gpu::{MapScene, ViewUniform};

/// The theme in force.
#[derive(Resource, Clone)]
pub struct WallTheme(pub Theme);

/// Adds all layers.
pub struct LayersPlugin;

impl Plugin for LayersPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(gpu::GpuPlugin)
            .init_resource::<areas::AreaLayer>()
            .init_resource::<heat::HeatLayer>()
            .init_resource::<labels::PlacedLabels>()
            .add_systems(
                Update,
                (
                    context::sync,
                    (areas::build_geometry, areas::style, areas::draw_lists, areas::highlight).chain(),
                    heat::sync,
                    tracks::sync,
                    points::sync,
                    sync_view,
                    labels::place,
                )
                    .chain()
                    .in_set(WallSystems::Layers),
            );
    }
}

/// Copies the view into the scene.
fn sync_view(
    mut scene: ResMut<MapScene>,
    view: Res<MapView>,
    hover: Res<Hover>,
    focus: Res<Focus>,
    areas: Res<Areas>,
    visible: Res<Visible>,
    real: Res<Time<Real>>,
) {
    let none = u32::MAX;
    let next = ViewUniform {
        center: view.camera.center.map(|v| v as f32),
        half_size_px: view.screen_px.map(|v| v / 2.0),
        offset_px: view.offset_px(),
        px_per_m: view.camera.px_per_m as f32,
        unit_px: view.unit_px,
        time_secs: real.elapsed_secs(),
        hovered: if visible.has(Layer::Areas) { hover.area.unwrap_or(none) } else { none },
        focused: focus.area(&areas).unwrap_or(none),
        pad: 0,
    };
    scene.view = next;
}
