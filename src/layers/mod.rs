//! What the map draws. Each layer turns model into GPU-ready arrays; [`gpu`]
//! draws them.
//!
//! | folder | in | out |
//! |---|---|---|
//! | [`context`] | water, parks, buildings, roads | triangles and segments |
//! | [`tiles`] | map tiles, the view | pictures, triangles and segments; requests |
//! | [`areas`] | the hierarchy, figures per area | triangles, borders, styles |
//! | [`heat`] | events of the window | exact bins |
//! | [`tracks`] | patrol walks, the clock | points with instants, heads |
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
pub mod tiles;
pub mod tracks;

use bevy::prelude::*;

use crate::config::source::Feed;
use crate::config::{Layer, TiltStyle};
use crate::map::{Hover, MapView, Relief};
use crate::model::{Areas, Focus, Sources, Visible, WallClock, WallSystems};
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
            .init_resource::<areas::raise::RaisedLayer>()
            .init_resource::<heat::HeatLayer>()
            .init_resource::<tiles::TileLayer>()
            .init_resource::<labels::PlacedLabels>()
            .init_resource::<tracks::TrackLayer>()
            .add_systems(
                Update,
                (
                    (context::sync, tiles::sync),
                    (
                        areas::build_geometry,
                        areas::pick_detail,
                        areas::raise::build,
                        areas::style::write,
                        areas::draw_lists,
                        areas::highlight,
                        areas::raise::draw,
                    )
                        .chain(),
                    heat::sync,
                    (tracks::build, tracks::draw).chain(),
                    sync_view,
                    labels::place,
                    points::sync,
                )
                    .chain()
                    .in_set(WallSystems::Layers),
            );
    }
}

/// Depth for each pixel along the line of sight, so that all that is on the
/// screen lies between 0 and 1: the ground from its lower to its upper edge, and
/// the tallest area on it. What lies outside is cut off.
fn depth_per_px(view: &MapView) -> f32 {
    let [cos, sin] = view.tilt_cos_sin();
    let tallest_px = view.tallest_m * view.rise() * view.camera.px_per_m;
    // The middle of the map may lie anywhere on the screen.
    let reach_px = f64::from(view.screen_px[1]) * sin / cos + 2.0 * tallest_px / cos + 500.0;
    (0.5 / reach_px) as f32
}

/// Brightness of what is drawn from events when their sources are lost.
const LOST_LIGHT: f32 = 0.45;

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Copies the view into the scene.
fn sync_view(
    mut scene: ResMut<MapScene>,
    view: Res<MapView>,
    relief: Res<Relief>,
    hover: Res<Hover>,
    focus: Res<Focus>,
    areas: Res<Areas>,
    visible: Res<Visible>,
    sources: Res<Sources>,
    clock: Res<WallClock>,
    real: Res<Time<Real>>,
) {
    let none = u32::MAX;
    let is_lost = sources.is_lost(Feed::Events, clock.system());
    let (tilt, in_view) = (view.tilt_cos_sin(), view.visible_bounds());
    let rise = if scene.raised.is_some() { view.rise() as f32 } else { 0.0 };
    let column_rise = if relief.style == TiltStyle::Columns { view.rise() as f32 } else { 0.0 };
    let [min, max] = [view.free.min, view.free.max];
    scene.points_clip_px = [min[0], min[1], max[0], max[1]].map(|edge| edge.max(0.0) as u32);
    let next = ViewUniform {
        center: view.camera.center.map(|v| v as f32),
        half_size_px: view.screen_px.map(|v| v / 2.0),
        offset_px: view.offset_px(),
        px_per_m: view.camera.px_per_m as f32,
        unit_px: view.unit_px,
        time_secs: real.elapsed_secs(),
        hovered: if visible.has(Layer::Areas) { hover.area.unwrap_or(none) } else { none },
        focused: focus.area(&areas).unwrap_or(none),
        event_light: if is_lost { LOST_LIGHT } else { 1.0 },
        tilt: tilt.map(|v| v as f32),
        rise,
        column_rise,
        height_map_origin: in_view.min.map(|v| v as f32),
        height_map_scale: in_view.size().map(|side| (1.0 / side.max(1e-6)) as f32),
        depth_per_px: depth_per_px(&view),
        flatness: (1.0 - view.tilt_progress()) as f32,
        pad: [0.0; 2],
    };
    scene.view = next;
}
