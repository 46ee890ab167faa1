//! Drawing of a tilted map: what has risen hides what stands behind it.
//!
//! In: [`RaisedFrame`](super::RaisedFrame) or columns of the scene. Out: one
//! pass with depth, and one without for tracks, points and heads of tracks, which
//! nothing may hide. Before them the height map, from which points and tracks, which do not
//! know their area, take how high they stand.
//!
//! Order within the pass: ground of the other levels → roofs (with their heat)
//! → walls → map tiles and context, which stay on the ground → lines on the edges
//! → outlines.
//! While the map turns, the context that roofs will hide fades over them, and so
//! does the heat that has spilt beyond the areas.
//!
//! Nothing of this exists, compiled or allocated, before a map is first tilted.

use bevy::render::render_resource::{
    BufferUsages, Extent3d, LoadOp, Operations, RenderPassColorAttachment, RenderPassDepthStencilAttachment,
    RenderPassDescriptor, StoreOp, TextureUsages, TextureView, TextureViewDescriptor,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::view::ViewTarget;

use super::buffers::texture;
use super::pipelines::{DEPTH, HEIGHT, Pipelines, TiltPipelines};
use super::scene::MapScene;
use super::{Drawing, RaisedFrame, TilePass, Uploaded, tracks};

/// Textures that only a tilted map draws into.
#[derive(Default)]
pub(super) struct TiltTargets {
    depth: Option<(Extent3d, TextureView)>,
    height_map: Option<([u32; 2], TextureView)>,
}

impl TiltTargets {
    /// Heights seen from above, once a map was tilted that has points.
    pub(super) fn height_map(&self) -> Option<&TextureView> {
        self.height_map.as_ref().map(|(_, view)| view)
    }

    /// Makes the depth as large as the target: a pass refuses any other.
    pub(super) fn fit_depth(&mut self, device: &RenderDevice, size: Extent3d) {
        if self.depth.as_ref().is_none_or(|(old, _)| *old != size) {
            let depth = texture(device, size.width, size.height, DEPTH, TextureUsages::RENDER_ATTACHMENT);
            self.depth = Some((size, depth.create_view(&TextureViewDescriptor::default())));
        }
    }

    /// Makes the height map as large as the screen; tells whether it is new.
    fn fit_height_map(&mut self, device: &RenderDevice, size: [u32; 2]) -> bool {
        if self.height_map.as_ref().is_some_and(|(old, _)| *old == size) {
            return false;
        }
        let usage = TextureUsages::RENDER_ATTACHMENT | TextureUsages::TEXTURE_BINDING;
        let map = texture(device, size[0], size[1], HEIGHT, usage);
        self.height_map = Some((size, map.create_view(&TextureViewDescriptor::default())));
        true
    }
}

/// Uploads what only a tilted map has; tells whether bind groups must follow.
pub(super) fn prepare(
    up: &mut Uploaded,
    scene: &MapScene,
    device: &RenderDevice,
    queue: &RenderQueue,
    pipelines: &Pipelines,
) -> bool {
    if !scene.is_solid() {
        return false;
    }
    up.tilt_pipelines.get_or_insert_with(|| TiltPipelines::new(device, pipelines));
    let vertex = BufferUsages::VERTEX;
    up.columns.upload(device, queue, &scene.columns, &scene.columns, vertex);
    let Some(raised) = &scene.raised else { return false };
    up.raised.upload(device, queue, &raised.mesh, &raised.mesh.segments, vertex);
    up.raised_highlights.upload(device, queue, &raised.highlights, &raised.highlights, vertex);
    let size = scene.view.half_size_px.map(|half| ((half * 2.0) as u32).max(1));
    needs_height_map(scene) && up.tilt_targets.fit_height_map(device, size)
}

fn needs_height_map(scene: &MapScene) -> bool {
    !scene.points.is_empty() || !scene.tracks.is_empty()
}

/// Draws a map whose areas have risen.
pub(super) fn draw_raised(draw: &Drawing, encoder: &mut wgpu::CommandEncoder, target: &ViewTarget) {
    let Drawing { scene, uploaded, .. } = *draw;
    let (Some(raised), Some(pipelines)) = (&scene.raised, &uploaded.tilt_pipelines) else { return };
    draw_height_map(draw, raised, pipelines, encoder);
    if let Some(mut pass) = solid_pass(draw, encoder, target) {
        draw_solid(draw, raised, pipelines, &mut pass);
        draw_edges(draw, raised, pipelines, &mut pass);
    }
    tracks::draw_picture(draw, encoder);
    let mut pass = draw.pass(encoder, target);
    tracks::draw_over(draw, &mut pass);
    draw.points(&mut pass, target);
    tracks::draw_heads(draw, &mut pass, target);
}

/// Draws columns over a map that was drawn flat.
pub(super) fn draw_columns(draw: &Drawing, encoder: &mut wgpu::CommandEncoder, target: &ViewTarget) {
    let up = draw.uploaded;
    let (Some(pipelines), Some(columns), Some(styles)) = (&up.tilt_pipelines, up.columns.buffer(), &draw.groups.styles)
    else {
        return;
    };
    let Some(mut pass) = solid_pass(draw, encoder, target) else { return };
    pass.set_pipeline(&pipelines.column);
    pass.set_bind_group(1, styles, &[]);
    pass.set_vertex_buffer(0, *columns.slice(..));
    pass.draw(0..48, 0..draw.scene.columns.len() as u32);
}

/// A pass over the camera's target with a depth of its own, at first empty.
fn solid_pass<'e>(
    draw: &Drawing,
    encoder: &'e mut wgpu::CommandEncoder,
    target: &ViewTarget,
) -> Option<wgpu::RenderPass<'e>> {
    let (_, depth) = draw.uploaded.tilt_targets.depth.as_ref()?;
    let mut pass = encoder.begin_render_pass(&RenderPassDescriptor {
        label: Some("tilted map"),
        color_attachments: &[Some(target.get_color_attachment())],
        depth_stencil_attachment: Some(RenderPassDepthStencilAttachment {
            view: depth,
            depth_ops: Some(Operations { load: LoadOp::Clear(1.0), store: StoreOp::Discard }),
            stencil_ops: None,
        }),
        ..RenderPassDescriptor::default()
    });
    pass.set_bind_group(0, &draw.groups.view, &[]);
    Some(pass)
}

fn draw_height_map(
    draw: &Drawing,
    raised: &RaisedFrame,
    pipelines: &TiltPipelines,
    encoder: &mut wgpu::CommandEncoder,
) {
    let Some(map) = draw.uploaded.tilt_targets.height_map().filter(|_| needs_height_map(draw.scene)) else { return };
    let mut pass = encoder.begin_render_pass(&RenderPassDescriptor {
        label: Some("height map"),
        color_attachments: &[Some(RenderPassColorAttachment {
            view: map,
            depth_slice: None,
            resolve_target: None,
            ops: Operations { load: LoadOp::Clear(Default::default()), store: StoreOp::Store },
        })],
        ..RenderPassDescriptor::default()
    });
    pass.set_bind_group(0, &draw.groups.view_of_height_map, &[]);
    draw.fill(&mut pass, &pipelines.height, &raised.top_draws);
}

/// Ground, roofs, walls, and what stays on the ground between them.
fn draw_solid(draw: &Drawing, raised: &RaisedFrame, pipelines: &TiltPipelines, pass: &mut wgpu::RenderPass<'_>) {
    let Drawing { scene, uploaded, groups, .. } = *draw;
    draw.fill(pass, &pipelines.ground, &scene.fill_draws);
    if let (Some(heat), Some(_)) = (&groups.heat, &scene.heat) {
        pass.set_bind_group(2, heat, &[]);
        draw.fill(pass, &pipelines.top_heat, &raised.top_draws);
    } else {
        draw.fill(pass, &pipelines.top, &raised.top_draws);
    }
    if let (Some(walls), Some(styles)) = (uploaded.raised.buffer(), &groups.styles) {
        pass.set_pipeline(&pipelines.wall);
        pass.set_bind_group(1, styles, &[]);
        pass.set_vertex_buffer(0, *walls.slice(..));
        for range in &raised.wall_draws {
            pass.draw(0..4, range.clone());
        }
    }
    if let Some(tiles) = uploaded.tiles.pipelines() {
        let (polygons, roads) = (&pipelines.context, &pipelines.road);
        draw.tiles(pass, &TilePass { picture: &tiles.tilted, polygons, roads });
    }
    draw.context(pass, &pipelines.context, &pipelines.road);
    if scene.view.flatness > 0.0 {
        if let Some(tiles) = uploaded.tiles.pipelines() {
            let (polygons, roads) = (&pipelines.context_fading, &pipelines.road_fading);
            draw.tiles(pass, &TilePass { picture: &tiles.fading, polygons, roads });
        }
        draw.context(pass, &pipelines.context_fading, &pipelines.road_fading);
        draw.heat(pass, &pipelines.heat_fading);
    }
}

/// Lines on the edges, and outlines.
fn draw_edges(draw: &Drawing, raised: &RaisedFrame, pipelines: &TiltPipelines, pass: &mut wgpu::RenderPass<'_>) {
    let Drawing { scene, uploaded, groups, .. } = *draw;
    let Some(styles) = &groups.styles else { return };
    pass.set_bind_group(1, &groups.line_table, &[]);
    pass.set_bind_group(2, styles, &[]);
    if let Some(lines) = uploaded.raised.buffer() {
        pass.set_vertex_buffer(0, *lines.slice(..));
        pass.set_pipeline(&pipelines.glow);
        for range in &raised.glow_draws {
            pass.draw(0..4, range.clone());
        }
        pass.set_pipeline(&pipelines.line);
        for range in &raised.line_draws {
            pass.draw(0..4, range.clone());
        }
    }
    if let Some(highlights) = uploaded.raised_highlights.buffer() {
        pass.set_vertex_buffer(0, *highlights.slice(..));
        if scene.glow {
            pass.set_pipeline(&pipelines.glow);
            pass.draw(0..4, 0..raised.highlights.len() as u32);
        }
        pass.set_pipeline(&pipelines.line);
        pass.draw(0..4, 0..raised.highlights.len() as u32);
    }
}
