//! The one place that talks to the GPU.
//!
//! How it works: the layers fill [`MapScene`] in the main world with arrays
//! behind `Arc`s. Each frame the scene is cloned into the render world (a few
//! pointers and tables); [`prepare`] uploads an array only when its `Arc` is
//! another one than last time; [`draw_map`] records one blur (when the bins
//! changed) and one render pass:
//!
//! area fill → map tiles → context over the fill's alpha → heat → lines → glow →
//! tracks → points → heads of tracks.
//!
//! A map whose areas have risen is drawn by [`tilted`] instead, with depth;
//! tracks are first drawn into a picture of their own, see [`tracks`].
//!
//! Everything is drawn with premultiplied alpha into the camera's target, in
//! linear light, without multisampling: lines and points carry their own
//! coverage. The alpha of the target is used as a mask: it is
//! `Theme::outside` where no area was drawn and 1 where one was, and the
//! context is blended by it.
//!
//! Resources are created in `RenderStartup`, which runs again when a lost
//! device was replaced.

mod buffers;
mod pipelines;
pub mod scene;
mod tiles;
mod tilted;
mod tracks;

use std::ops::Range;

use bevy::core_pipeline::{Core2d, Core2dSystems, core_2d::main_transparent_pass_2d};
use bevy::prelude::*;
use bevy::render::extract_component::{ExtractComponent, ExtractComponentPlugin};
use bevy::render::render_resource::{
    BufferUsages, IndexFormat, LoadOp, Operations, RenderPassColorAttachment, RenderPassDescriptor, RenderPipeline,
    StoreOp,
};
use bevy::render::renderer::{RenderContext, RenderDevice, RenderQueue, ViewQuery};
use bevy::render::view::ViewTarget;
use bevy::render::{Extract, ExtractSchedule, Render, RenderApp, RenderStartup, RenderSystems};

use buffers::{Cached, HeatTextures};
pub use pipelines::SHADERS;
use pipelines::{BindGroups, Pipelines, TiltPipelines};
pub use scene::{
    AreaStyle, ColumnInstance, ContextMesh, ContextVertex, HeatFrame, LineStyle, LineTable, MapScene, PointInstance,
    PointStyle, PointTable, RaisedFrame, RasterTile, TileTone, TileVertex, TrackFrame, TrackUniform, ViewUniform,
    palette_row,
};
use tiles::{TilePass, TileUploads};
use tilted::TiltTargets;
use tracks::TrackDrawing;

/// Marks the camera that the map is drawn for; other windows have others.
#[derive(Component, Clone, Copy, Debug, Default, ExtractComponent)]
pub struct MapCamera;

/// Adds extraction, upload and drawing of the map.
pub struct GpuPlugin;

impl Plugin for GpuPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<MapScene>().add_plugins(ExtractComponentPlugin::<MapCamera>::default());
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else { return };
        render_app
            .init_resource::<MapScene>()
            .add_systems(RenderStartup, set_up)
            .add_systems(ExtractSchedule, extract)
            .add_systems(Render, prepare.in_set(RenderSystems::PrepareResources))
            .add_systems(Core2d, draw_map.in_set(Core2dSystems::MainPass).after(main_transparent_pass_2d));
    }
}

/// GPU copies of what the scene holds.
#[derive(Resource, Default)]
struct Uploaded {
    fill_vertices: Cached,
    fill_indices: Cached,
    styles: Cached,
    context_vertices: Cached,
    context_indices: Cached,
    context_lines: Cached,
    lines: Cached,
    highlights: Cached,
    points: Cached,
    raised: Cached,
    raised_highlights: Cached,
    columns: Cached,
    tiles: TileUploads,
    tilt_pipelines: Option<TiltPipelines>,
    tilt_targets: TiltTargets,
    tracks: TrackDrawing,
    heat: Option<HeatTextures>,
    groups: Option<BindGroups>,
}

/// Creates pipelines and forgets uploads: at the start, and after a lost device.
fn set_up(mut commands: Commands, device: Res<RenderDevice>) {
    commands.insert_resource(Pipelines::new(&device));
    commands.insert_resource(Uploaded::default());
}

fn extract(scene: Extract<Res<MapScene>>, mut target: ResMut<MapScene>) {
    *target = scene.clone();
}

/// Uploads what is new.
fn prepare(
    scene: Res<MapScene>,
    pipelines: Option<Res<Pipelines>>,
    uploaded: Option<ResMut<Uploaded>>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
) {
    let (Some(pipelines), Some(mut uploaded)) = (pipelines, uploaded) else { return };
    let up = &mut *uploaded;
    let vertex = BufferUsages::VERTEX;
    up.fill_vertices.upload(&device, &queue, &scene.fill, &scene.fill.vertices, vertex);
    up.fill_indices.upload(&device, &queue, &scene.fill, &scene.fill.indices, BufferUsages::INDEX);
    let restyled = up.styles.upload(&device, &queue, &scene.styles, &scene.styles, BufferUsages::STORAGE);
    up.context_vertices.upload(&device, &queue, &scene.context, &scene.context.vertices, vertex);
    up.context_indices.upload(&device, &queue, &scene.context, &scene.context.indices, BufferUsages::INDEX);
    up.context_lines.upload(&device, &queue, &scene.context, &scene.context.lines, vertex);
    up.lines.upload(&device, &queue, &scene.lines, &scene.lines.segments, vertex);
    up.highlights.upload(&device, &queue, &scene.highlights, &scene.highlights, vertex);
    up.points.upload(&device, &queue, &scene.points, &scene.points, vertex);
    up.tracks.prepare(&scene.tracks, &device, &queue, &pipelines);
    up.tiles.prepare(&scene, &device, &queue, &pipelines);
    let reheated = HeatTextures::prepare(&mut up.heat, scene.heat.as_ref(), &device, &queue, &pipelines);
    let remapped = tilted::prepare(up, &scene, &device, &queue, &pipelines);
    if up.groups.is_none() || restyled || reheated || remapped {
        let height_map = up.tilt_targets.height_map();
        up.groups = Some(BindGroups::new(&device, &pipelines, &up.styles, up.heat.as_ref(), height_map));
    }
    if let Some(groups) = &up.groups {
        groups.write(&queue, &scene);
    }
}

/// Records the blur and the passes of the map.
fn draw_map(
    view: ViewQuery<&ViewTarget, With<MapCamera>>,
    scene: Res<MapScene>,
    pipelines: Option<Res<Pipelines>>,
    uploaded: Option<ResMut<Uploaded>>,
    device: Res<RenderDevice>,
    mut context: RenderContext,
) {
    let (Some(pipelines), Some(mut uploaded)) = (pipelines, uploaded) else { return };
    let target = view.into_inner();
    if scene.is_solid() {
        uploaded.tilt_targets.fit_depth(&device, target.main_texture().size());
    }
    if !scene.tracks.is_empty() {
        uploaded.tracks.fit_picture(&device, target.main_texture().size());
    }
    let uploaded = &*uploaded;
    let Some(groups) = &uploaded.groups else { return };
    let encoder = context.command_encoder();
    blur_heat(encoder, &pipelines, uploaded);
    let draw = Drawing { scene: &scene, pipelines: &pipelines, uploaded, groups };
    if scene.raised.is_some() {
        tilted::draw_raised(&draw, encoder, target);
    } else {
        tracks::draw_picture(&draw, encoder);
        let mut pass = draw.pass(encoder, target);
        draw.ground(&mut pass);
        tracks::draw_over(&draw, &mut pass);
        draw.highlights(&mut pass);
        if !scene.columns.is_empty() {
            drop(pass);
            tilted::draw_columns(&draw, encoder, target);
            pass = draw.pass(encoder, target);
        }
        draw.points(&mut pass, target);
        tracks::draw_heads(&draw, &mut pass, target);
    }
}

/// Blurs the bins when they changed.
fn blur_heat(encoder: &mut wgpu::CommandEncoder, pipelines: &Pipelines, uploaded: &Uploaded) {
    let Some(heat) = uploaded.heat.as_ref().filter(|heat| heat.take_dirty()) else { return };
    for (pass, attachment) in heat.passes() {
        let color = RenderPassColorAttachment {
            view: attachment,
            depth_slice: None,
            resolve_target: None,
            ops: Operations { load: LoadOp::Clear(Default::default()), store: StoreOp::Store },
        };
        let mut blur = encoder.begin_render_pass(&RenderPassDescriptor {
            label: Some("heat blur"),
            color_attachments: &[Some(color)],
            ..RenderPassDescriptor::default()
        });
        blur.set_pipeline(pipelines.blur(pass));
        blur.set_bind_group(0, heat.group(pass), &[]);
        blur.draw(0..3, 0..1);
    }
}

/// All that drawing reads.
struct Drawing<'a> {
    scene: &'a MapScene,
    pipelines: &'a Pipelines,
    uploaded: &'a Uploaded,
    groups: &'a BindGroups,
}

impl Drawing<'_> {
    /// A pass over the camera's target, without depth.
    fn pass<'e>(&self, encoder: &'e mut wgpu::CommandEncoder, target: &ViewTarget) -> wgpu::RenderPass<'e> {
        let mut pass = encoder.begin_render_pass(&RenderPassDescriptor {
            label: Some("map"),
            color_attachments: &[Some(target.get_color_attachment())],
            ..RenderPassDescriptor::default()
        });
        pass.set_bind_group(0, &self.groups.view, &[]);
        pass
    }

    /// Everything that lies on the ground.
    fn ground(&self, pass: &mut wgpu::RenderPass<'_>) {
        let Self { scene, pipelines, uploaded, groups } = *self;
        self.fill(pass, &pipelines.fill, &scene.fill_draws);
        if let Some(tiles) = uploaded.tiles.pipelines() {
            let (polygons, roads) = (&pipelines.context, &pipelines.context_line);
            self.tiles(pass, &TilePass { picture: &tiles.flat, polygons, roads });
        }
        self.context(pass, &pipelines.context, &pipelines.context_line);
        self.heat(pass, &pipelines.heat);
        pass.set_bind_group(1, &groups.line_table, &[]);
        if let Some(lines) = uploaded.lines.buffer() {
            pass.set_vertex_buffer(0, *lines.slice(..));
            pass.set_pipeline(&pipelines.glow);
            for range in &scene.glow_draws {
                pass.draw(0..4, range.clone());
            }
            pass.set_pipeline(&pipelines.line);
            for range in &scene.line_draws {
                pass.draw(0..4, range.clone());
            }
        }
    }

    fn fill(&self, pass: &mut wgpu::RenderPass<'_>, pipeline: &RenderPipeline, draws: &[Range<u32>]) {
        let up = self.uploaded;
        if let (Some(vertices), Some(indices)) = (up.fill_vertices.buffer(), up.fill_indices.buffer())
            && let Some(styles) = &self.groups.styles
        {
            pass.set_pipeline(pipeline);
            pass.set_bind_group(1, styles, &[]);
            pass.set_vertex_buffer(0, *vertices.slice(..));
            pass.set_index_buffer(*indices.slice(..), IndexFormat::Uint32);
            for range in draws {
                pass.draw_indexed(range.clone(), 0, 0..1);
            }
        }
    }

    fn context(&self, pass: &mut wgpu::RenderPass<'_>, polygons: &RenderPipeline, roads: &RenderPipeline) {
        let (up, scene) = (self.uploaded, self.scene);
        if let (Some(vertices), Some(indices)) = (up.context_vertices.buffer(), up.context_indices.buffer()) {
            pass.set_pipeline(polygons);
            pass.set_bind_group(1, &self.groups.palette, &[]);
            pass.set_vertex_buffer(0, *vertices.slice(..));
            pass.set_index_buffer(*indices.slice(..), IndexFormat::Uint32);
            for range in &scene.context_draws {
                pass.draw_indexed(range.clone(), 0, 0..1);
            }
        }
        if let Some(lines) = up.context_lines.buffer() {
            pass.set_pipeline(roads);
            pass.set_bind_group(1, &self.groups.line_table, &[]);
            pass.set_vertex_buffer(0, *lines.slice(..));
            for range in &scene.context_line_draws {
                pass.draw(0..4, range.clone());
            }
        }
    }

    fn heat(&self, pass: &mut wgpu::RenderPass<'_>, pipeline: &RenderPipeline) {
        if let (Some(group), Some(_)) = (&self.groups.heat, &self.scene.heat) {
            pass.set_pipeline(pipeline);
            pass.set_bind_group(1, group, &[]);
            pass.draw(0..4, 0..1);
        }
    }

    fn highlights(&self, pass: &mut wgpu::RenderPass<'_>) {
        let (scene, pipelines) = (self.scene, self.pipelines);
        if let Some(highlights) = self.uploaded.highlights.buffer() {
            pass.set_bind_group(1, &self.groups.line_table, &[]);
            pass.set_vertex_buffer(0, *highlights.slice(..));
            if scene.glow {
                pass.set_pipeline(&pipelines.glow);
                pass.draw(0..4, 0..scene.highlights.len() as u32);
            }
            pass.set_pipeline(&pipelines.line);
            pass.draw(0..4, 0..scene.highlights.len() as u32);
        }
    }

    /// Cuts off what would show through panels, as figures that nobody wrote
    /// there; tells whether anything is left of the map.
    fn cut_off(&self, pass: &mut wgpu::RenderPass<'_>, target: &ViewTarget) -> bool {
        // A target that shrank since the last layout must not be left.
        let room = target.main_texture().size();
        let [left, top, right, bottom] = self.scene.points_clip_px;
        let (right, bottom) = (right.min(room.width), bottom.min(room.height));
        if left >= right || top >= bottom {
            return false;
        }
        pass.set_scissor_rect(left, top, right - left, bottom - top);
        true
    }

    /// The last thing of a pass but for the heads of tracks.
    fn points(&self, pass: &mut wgpu::RenderPass<'_>, target: &ViewTarget) {
        if !self.cut_off(pass, target) {
            return;
        }
        if let Some(points) = self.uploaded.points.buffer() {
            let (scene, pipelines) = (self.scene, self.pipelines);
            let single = if scene.has_badges { &pipelines.point } else { &pipelines.point_plain };
            let (bubbles, end) = (scene.bubbles.clone(), scene.points.len() as u32);
            pass.set_bind_group(1, &self.groups.point_table, &[]);
            pass.set_vertex_buffer(0, *points.slice(..));
            for (pipeline, range) in
                [(single, 0..bubbles.start), (&pipelines.bubble, bubbles.clone()), (single, bubbles.end..end)]
            {
                if !range.is_empty() {
                    pass.set_pipeline(pipeline);
                    pass.draw(0..4, range);
                }
            }
        }
    }
}
