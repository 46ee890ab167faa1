//! Drawing of patrol tracks.
//!
//! In: [`TrackFrame`](super::scene::TrackFrame) of the scene. Out: the lines in a
//! picture of their own, that picture over the map, and the heads on top.
//!
//! The picture holds shares of line, arrowhead and casing, blended with max, so
//! that lines which lie on each other are one line and not a brighter one; see
//! `track.wgsl`. Vertices are uploaded with a new mesh; the shown instant and the
//! look are one uniform.
//!
//! Nothing of this exists before there are tracks to show.

use bevy::render::render_resource::{
    BindGroup, BindGroupEntry, BindingResource, Buffer, BufferDescriptor, BufferUsages, Extent3d, LoadOp, Operations,
    RenderPassColorAttachment, RenderPassDescriptor, StoreOp, TextureFormat, TextureUsages, TextureView,
    TextureViewDescriptor,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::view::ViewTarget;

use super::Drawing;
use super::buffers::{Cached, texture};
use super::pipelines::{Pipelines, TrackPipelines};
use super::scene::{TrackFrame, TrackUniform};

/// Format of the picture of the lines: eight bits are as many shades of fading
/// as the screen shows.
const PICTURE: TextureFormat = TextureFormat::Rgba8Unorm;

/// Corners for each piece of line.
const CORNERS: u32 = 6;

/// GPU side of the tracks.
#[derive(Default)]
pub(super) struct TrackDrawing {
    points: Cached,
    heads: Cached,
    device_side: Option<DeviceSide>,
}

/// What exists once there are tracks.
struct DeviceSide {
    pipelines: TrackPipelines,
    style: Buffer,
    points_group: Option<BindGroup>,
    picture: Option<Picture>,
}

/// The picture of the lines, as large as the target.
struct Picture {
    size: Extent3d,
    view: TextureView,
    group: BindGroup,
}

impl TrackDrawing {
    /// Uploads what is new.
    pub(super) fn prepare(
        &mut self,
        frame: &TrackFrame,
        device: &RenderDevice,
        queue: &RenderQueue,
        pipelines: &Pipelines,
    ) {
        if frame.is_empty() {
            return;
        }
        let side = self.device_side.get_or_insert_with(|| DeviceSide {
            pipelines: TrackPipelines::new(device, pipelines, PICTURE),
            style: device.create_buffer(&BufferDescriptor {
                label: Some("tracks"),
                size: size_of::<TrackUniform>() as u64,
                usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
            points_group: None,
            picture: None,
        });
        queue.write_buffer(&side.style, 0, bytemuck::bytes_of(&frame.style));
        self.heads.upload(device, queue, &frame.heads, &frame.heads, BufferUsages::VERTEX);
        let is_new = self.points.upload(device, queue, &frame.mesh, &frame.mesh.points, BufferUsages::STORAGE);
        if is_new || side.points_group.is_none() {
            side.points_group = self.points.buffer().map(|points| {
                device.create_bind_group(
                    "tracks",
                    &side.pipelines.points_layout,
                    &[
                        BindGroupEntry { binding: 1, resource: side.style.as_entire_binding() },
                        BindGroupEntry { binding: 2, resource: points.as_entire_binding() },
                    ],
                )
            });
        }
    }

    /// Makes the picture as large as the target.
    pub(super) fn fit_picture(&mut self, device: &RenderDevice, size: Extent3d) {
        let Some(side) = &mut self.device_side else { return };
        if side.picture.as_ref().is_some_and(|old| old.size == size) {
            return;
        }
        let usage = TextureUsages::RENDER_ATTACHMENT | TextureUsages::TEXTURE_BINDING;
        let view =
            texture(device, size.width, size.height, PICTURE, usage).create_view(&TextureViewDescriptor::default());
        let group = device.create_bind_group(
            "picture of tracks",
            &side.pipelines.picture_layout,
            &[
                BindGroupEntry { binding: 1, resource: side.style.as_entire_binding() },
                BindGroupEntry { binding: 3, resource: BindingResource::TextureView(&view) },
            ],
        );
        side.picture = Some(Picture { size, view, group });
    }
}

/// Draws the lines into their picture; what has risen must be in the height map.
pub(super) fn draw_picture(draw: &Drawing, encoder: &mut wgpu::CommandEncoder) {
    let Some((side, picture)) = shown(draw) else { return };
    let Some(points) = &side.points_group else { return };
    let mut pass = encoder.begin_render_pass(&RenderPassDescriptor {
        label: Some("tracks"),
        color_attachments: &[Some(RenderPassColorAttachment {
            view: &picture.view,
            depth_slice: None,
            resolve_target: None,
            ops: Operations { load: LoadOp::Clear(Default::default()), store: StoreOp::Store },
        })],
        ..RenderPassDescriptor::default()
    });
    pass.set_pipeline(&side.pipelines.line);
    pass.set_bind_group(0, &draw.groups.view, &[]);
    pass.set_bind_group(1, points, &[]);
    for range in &draw.scene.tracks.draws {
        pass.draw(range.start * CORNERS..range.end * CORNERS, 0..1);
    }
}

/// Lays the picture of the lines over the map.
pub(super) fn draw_over(draw: &Drawing, pass: &mut wgpu::RenderPass<'_>) {
    let Some((side, picture)) = shown(draw) else { return };
    pass.set_pipeline(&side.pipelines.over);
    pass.set_bind_group(1, &picture.group, &[]);
    pass.draw(0..3, 0..1);
}

fn shown<'a>(draw: &Drawing<'a>) -> Option<(&'a DeviceSide, &'a Picture)> {
    let side = draw.uploaded.tracks.device_side.as_ref()?;
    let picture = side.picture.as_ref()?;
    (!draw.scene.tracks.draws.is_empty()).then_some((side, picture))
}

/// Draws where the workers are; cut off where points are, see
/// [`Drawing::points`].
pub(super) fn draw_heads(draw: &Drawing, pass: &mut wgpu::RenderPass<'_>, target: &ViewTarget) {
    let up = &draw.uploaded.tracks;
    let (Some(side), Some(heads)) = (&up.device_side, up.heads.buffer()) else { return };
    let Some(points) = side.points_group.as_ref().filter(|_| !draw.scene.tracks.heads.is_empty()) else { return };
    if draw.cut_off(pass, target) {
        pass.set_pipeline(&side.pipelines.head);
        pass.set_bind_group(1, points, &[]);
        pass.set_vertex_buffer(0, *heads.slice(..));
        pass.draw(0..4, 0..draw.scene.tracks.heads.len() as u32);
    }
}
