//! Drawing of map tiles: under the context, blended as it is.
//!
//! In: the [`TileDraw`]s of the scene. Out: draw calls in the pass that lies on
//! the ground. Each tile is uploaded once, when it is first drawn, and forgotten
//! with the frame that does not draw it.
//!
//! Nothing of this exists, compiled or allocated, before a tile is first drawn.

use std::collections::HashMap;
use std::sync::Arc;

use bevy::render::render_resource::{
    BindGroup, BindGroupEntry, BindingResource, Buffer, BufferDescriptor, BufferUsages, IndexFormat, RenderPipeline,
    TextureFormat, TextureUsages, TextureViewDescriptor,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bytemuck::Pod;

use super::buffers::{Cached, texture, write_texture};
use super::pipelines::{Pipelines, TilePipelines};
use super::scene::{LineTable, MapScene, RasterTile, TileDraw, TileTone};
use super::{ContextMesh, Drawing};
use crate::config::tiles::MAX_TILE_SETS;
use crate::domain::tiles::TileSetId;

/// What was uploaded for tiles.
#[derive(Default)]
pub(super) struct TileUploads {
    pipelines: Option<TilePipelines>,
    tones: Option<Buffer>,
    /// By the address of what they were made from, which they keep alive.
    rasters: HashMap<usize, Raster>,
    shapes: HashMap<usize, Shapes>,
    /// Colours of vector tiles, by set: those of the context, less opaque.
    colors: HashMap<TileSetId, Colors>,
}

struct Raster {
    _source: Arc<RasterTile>,
    vertices: Cached,
    group: BindGroup,
}

#[derive(Default)]
struct Shapes {
    vertices: Cached,
    indices: Cached,
    lines: Cached,
}

struct Colors {
    palette_buffer: Buffer,
    line_buffer: Buffer,
    palette: BindGroup,
    lines: BindGroup,
}

/// The pipelines of the pass that tiles are drawn in.
pub(super) struct TilePass<'a> {
    pub picture: &'a RenderPipeline,
    pub polygons: &'a RenderPipeline,
    pub roads: &'a RenderPipeline,
}

fn uniform_buffer<T: Pod>(device: &RenderDevice) -> Buffer {
    device.create_buffer(&BufferDescriptor {
        label: Some("tiles"),
        size: size_of::<T>() as u64,
        usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

impl TileUploads {
    /// The pipelines; `None` before a tile is first drawn.
    pub fn pipelines(&self) -> Option<&TilePipelines> {
        self.pipelines.as_ref()
    }

    /// Uploads new tiles, forgets those that are no longer drawn.
    pub fn prepare(&mut self, scene: &MapScene, device: &RenderDevice, queue: &RenderQueue, base: &Pipelines) {
        if scene.tiles.is_empty() {
            self.rasters.clear();
            self.shapes.clear();
            return;
        }
        let mut drawn: Vec<usize> = scene.tiles.iter().map(address).collect();
        drawn.sort_unstable();
        self.rasters.retain(|key, _| drawn.binary_search(key).is_ok());
        self.shapes.retain(|key, _| drawn.binary_search(key).is_ok());
        for draw in &scene.tiles {
            match draw {
                TileDraw::Picture { tile, .. } => self.upload_raster(address(draw), tile, device, queue, base),
                TileDraw::Shapes { mesh, set, .. } => {
                    self.shapes.entry(address(draw)).or_default().upload(mesh, device, queue);
                    self.colors.entry(*set).or_insert_with(|| Colors::new(device, base));
                }
            }
        }
        for (set, colors) in &self.colors {
            let opacity = scene.tile_looks.get(usize::from(*set)).map_or(1.0, |tone| tone.low[3]);
            colors.write(scene, opacity, queue);
        }
        self.pipelines.get_or_insert_with(|| TilePipelines::new(device, base));
        if let Some(tones) = &self.tones {
            queue.write_buffer(tones, 0, bytemuck::cast_slice(&scene.tile_looks));
        }
    }

    fn upload_raster(
        &mut self,
        key: usize,
        tile: &Arc<RasterTile>,
        device: &RenderDevice,
        queue: &RenderQueue,
        base: &Pipelines,
    ) {
        if self.rasters.contains_key(&key) {
            return;
        }
        let tones = self.tones.get_or_insert_with(|| uniform_buffer::<[TileTone; MAX_TILE_SETS]>(device));
        let picture = &tile.picture;
        let usage = TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST;
        let uploaded = texture(device, picture.width, picture.height, TextureFormat::Rgba8UnormSrgb, usage);
        write_texture(queue, &uploaded, &picture.rgba, picture.width, picture.height);
        let view = uploaded.create_view(&TextureViewDescriptor::default());
        let group = device.create_bind_group(
            "tile",
            &base.picture_layout,
            &[
                BindGroupEntry { binding: 0, resource: tones.as_entire_binding() },
                BindGroupEntry { binding: 1, resource: BindingResource::TextureView(&view) },
                BindGroupEntry { binding: 2, resource: BindingResource::Sampler(&base.sampler) },
            ],
        );
        let mut vertices = Cached::default();
        vertices.upload(device, queue, tile, &tile.vertices, BufferUsages::VERTEX);
        self.rasters.insert(key, Raster { _source: Arc::clone(tile), vertices, group });
    }
}

/// What a tile was made from stays where it is while it is drawn.
fn address(draw: &TileDraw) -> usize {
    match draw {
        TileDraw::Picture { tile, .. } => Arc::as_ptr(tile).addr(),
        TileDraw::Shapes { mesh, .. } => Arc::as_ptr(mesh).addr(),
    }
}

impl Shapes {
    fn upload(&mut self, mesh: &Arc<ContextMesh>, device: &RenderDevice, queue: &RenderQueue) {
        self.vertices.upload(device, queue, mesh, &mesh.vertices, BufferUsages::VERTEX);
        self.indices.upload(device, queue, mesh, &mesh.indices, BufferUsages::INDEX);
        self.lines.upload(device, queue, mesh, &mesh.lines, BufferUsages::VERTEX);
    }
}

impl Colors {
    fn new(device: &RenderDevice, base: &Pipelines) -> Self {
        let (palette_buffer, line_buffer) =
            (uniform_buffer::<[[f32; 4]; 4]>(device), uniform_buffer::<LineTable>(device));
        let bind = |buffer: &Buffer| {
            let entry = BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() };
            device.create_bind_group("tiles", &base.uniform_layout, &[entry])
        };
        let (palette, lines) = (bind(&palette_buffer), bind(&line_buffer));
        Self { palette_buffer, line_buffer, palette, lines }
    }

    fn write(&self, scene: &MapScene, opacity: f32, queue: &RenderQueue) {
        let faint = |[r, g, b, a]: [f32; 4]| [r, g, b, a * opacity];
        let mut table = scene.line_table;
        for row in &mut table {
            row.color = faint(row.color);
        }
        queue.write_buffer(&self.palette_buffer, 0, bytemuck::bytes_of(&scene.palette.map(faint)));
        queue.write_buffer(&self.line_buffer, 0, bytemuck::bytes_of(&table));
    }
}

impl Drawing<'_> {
    /// All tiles, those at the bottom first.
    pub(super) fn tiles(&self, pass: &mut wgpu::RenderPass<'_>, with: &TilePass<'_>) {
        let up = &self.uploaded.tiles;
        for draw in &self.scene.tiles {
            match draw {
                TileDraw::Picture { tile, set } => {
                    let Some(raster) = up.rasters.get(&address(draw)) else { continue };
                    let Some(vertices) = raster.vertices.buffer() else { continue };
                    let set = u32::from(*set);
                    pass.set_pipeline(with.picture);
                    pass.set_bind_group(1, &raster.group, &[]);
                    pass.set_vertex_buffer(0, *vertices.slice(..));
                    pass.draw(0..tile.vertices.len() as u32, set..set + 1);
                }
                TileDraw::Shapes { set, polygons, lines, .. } => {
                    let (Some(shapes), Some(colors)) = (up.shapes.get(&address(draw)), up.colors.get(set)) else {
                        continue;
                    };
                    if let (Some(vertices), Some(indices)) = (shapes.vertices.buffer(), shapes.indices.buffer()) {
                        pass.set_pipeline(with.polygons);
                        pass.set_bind_group(1, &colors.palette, &[]);
                        pass.set_vertex_buffer(0, *vertices.slice(..));
                        pass.set_index_buffer(*indices.slice(..), IndexFormat::Uint32);
                        pass.draw_indexed(polygons.clone(), 0, 0..1);
                    }
                    if let Some(segments) = shapes.lines.buffer() {
                        pass.set_pipeline(with.roads);
                        pass.set_bind_group(1, &colors.lines, &[]);
                        pass.set_vertex_buffer(0, *segments.slice(..));
                        pass.draw(0..4, lines.clone());
                    }
                }
            }
        }
    }
}
