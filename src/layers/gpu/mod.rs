//! The one place that talks to the GPU.
//!
//! How it works: the layers fill [`MapScene`] in the main world with arrays
//! behind `Arc`s. Each frame the scene is cloned into the render world (a few
//! pointers and tables); [`prepare`] uploads an array only when its `Arc` is
//! another one than last time; [`draw_map`] records one blur (when the bins
//! changed) and one render pass:
//!
//! context → area fill → context again over the fill's alpha → heat → lines →
//! glow → tracks → points.
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

use bevy::core_pipeline::{Core2d, Core2dSystems, core_2d::main_transparent_pass_2d};
use bevy::prelude::*;
use bevy::render::render_resource::{
    BufferUsages, IndexFormat, LoadOp, Operations, RenderPassColorAttachment, RenderPassDescriptor, StoreOp,
};
use bevy::render::renderer::{RenderContext, RenderDevice, RenderQueue, ViewQuery};
use bevy::render::view::ViewTarget;
use bevy::render::{Extract, ExtractSchedule, Render, RenderApp, RenderStartup, RenderSystems};

use buffers::{Cached, HeatTextures};
pub use pipelines::SHADERS;
use pipelines::{BindGroups, Pipelines};
pub use scene::{
    AreaStyle, ContextVertex, HeatFrame, LineStyle, LineTable, MapScene, PointInstance, PointStyle, PointTable,
    ViewUniform,
};

/// Adds extraction, upload and drawing of the map.
pub struct GpuPlugin;

impl Plugin for GpuPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<MapScene>();
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
    tracks: Cached,
    points: Cached,
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
    up.tracks.upload(&device, &queue, &scene.tracks, &scene.tracks, vertex);
    up.points.upload(&device, &queue, &scene.points, &scene.points, vertex);
    let reheated = HeatTextures::prepare(&mut up.heat, scene.heat.as_ref(), &device, &queue, &pipelines);
    if up.groups.is_none() || restyled || reheated {
        up.groups = Some(BindGroups::new(&device, &pipelines, &up.styles, up.heat.as_ref()));
    }
    if let Some(groups) = &up.groups {
        groups.write(&queue, &scene);
    }
}

/// Records the blur and the pass.
fn draw_map(
    view: ViewQuery<&ViewTarget>,
    scene: Res<MapScene>,
    pipelines: Option<Res<Pipelines>>,
    uploaded: Option<Res<Uploaded>>,
    mut context: RenderContext,
) {
    let (Some(pipelines), Some(uploaded)) = (pipelines, uploaded) else { return };
    let Some(groups) = &uploaded.groups else { return };
    let target = view.into_inner();
    if let Some(heat) = &uploaded.heat
        && heat.take_dirty()
    {
        for (pass, attachment) in heat.passes() {
            let color = RenderPassColorAttachment {
                view: attachment,
                depth_slice: None,
                resolve_target: None,
                ops: Operations { load: LoadOp::Clear(Default::default()), store: StoreOp::Store },
            };
            let mut blur = context.command_encoder().begin_render_pass(&RenderPassDescriptor {
                label: Some("heat blur"),
                color_attachments: &[Some(color)],
                ..RenderPassDescriptor::default()
            });
            blur.set_pipeline(pipelines.blur(pass));
            blur.set_bind_group(0, heat.group(pass), &[]);
            blur.draw(0..3, 0..1);
        }
    }

    let mut pass = context.command_encoder().begin_render_pass(&RenderPassDescriptor {
        label: Some("map"),
        color_attachments: &[Some(target.get_color_attachment())],
        ..RenderPassDescriptor::default()
    });
    pass.set_bind_group(0, &groups.view, &[]);

    let draw_context = |pass: &mut wgpu::RenderPass<'_>| {
        if let (Some(vertices), Some(indices)) = (uploaded.context_vertices.buffer(), uploaded.context_indices.buffer())
        {
            pass.set_pipeline(&pipelines.context);
            pass.set_bind_group(1, &groups.palette, &[]);
            pass.set_vertex_buffer(0, *vertices.slice(..));
            pass.set_index_buffer(*indices.slice(..), IndexFormat::Uint32);
            for range in &scene.context_draws {
                pass.draw_indexed(range.clone(), 0, 0..1);
            }
        }
        if let Some(lines) = uploaded.context_lines.buffer() {
            pass.set_pipeline(&pipelines.context_line);
            pass.set_bind_group(1, &groups.line_table, &[]);
            pass.set_vertex_buffer(0, *lines.slice(..));
            for range in &scene.context_line_draws {
                pass.draw(0..4, range.clone());
            }
        }
    };

    if let (Some(vertices), Some(indices)) = (uploaded.fill_vertices.buffer(), uploaded.fill_indices.buffer())
        && let Some(styles) = &groups.styles
    {
        pass.set_pipeline(&pipelines.fill);
        pass.set_bind_group(1, styles, &[]);
        pass.set_vertex_buffer(0, *vertices.slice(..));
        pass.set_index_buffer(*indices.slice(..), IndexFormat::Uint32);
        for range in &scene.fill_draws {
            pass.draw_indexed(range.clone(), 0, 0..1);
        }
    }
    draw_context(&mut pass);
    if let (Some(group), Some(_)) = (&groups.heat, &scene.heat) {
        pass.set_pipeline(&pipelines.heat);
        pass.set_bind_group(1, group, &[]);
        pass.draw(0..4, 0..1);
    }
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
    if let Some(tracks) = uploaded.tracks.buffer() {
        pass.set_pipeline(&pipelines.line);
        pass.set_vertex_buffer(0, *tracks.slice(..));
        pass.draw(0..4, 0..scene.tracks.len() as u32);
    }
    if let Some(highlights) = uploaded.highlights.buffer() {
        pass.set_vertex_buffer(0, *highlights.slice(..));
        if scene.glow {
            pass.set_pipeline(&pipelines.glow);
            pass.draw(0..4, 0..scene.highlights.len() as u32);
        }
        pass.set_pipeline(&pipelines.line);
        pass.draw(0..4, 0..scene.highlights.len() as u32);
    }
    if let Some(points) = uploaded.points.buffer() {
        pass.set_pipeline(&pipelines.point);
        pass.set_bind_group(1, &groups.point_table, &[]);
        pass.set_vertex_buffer(0, *points.slice(..));
        pass.draw(0..4, 0..scene.points.len() as u32);
    }
}
