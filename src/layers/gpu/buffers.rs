//! Buffers and textures that follow the arrays of the scene.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bevy::render::render_resource::{
    BindGroup, BindGroupEntry, BindingResource, Buffer, BufferDescriptor, BufferInitDescriptor, BufferUsages, Extent3d,
    Origin3d, TexelCopyBufferLayout, TexelCopyTextureInfo, Texture, TextureAspect, TextureDescriptor, TextureDimension,
    TextureFormat, TextureUsages, TextureView, TextureViewDescriptor,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bytemuck::{Pod, Zeroable};

use super::pipelines::Pipelines;
use super::scene::HeatFrame;
use crate::domain::heat::HeatGrid;

/// A GPU buffer that holds the array behind an `Arc`, uploaded when the `Arc`
/// is another one than the last time. Grows as needed, and shrinks when it is
/// large and mostly empty: the exact borders of a city are needed from near only.
#[derive(Default)]
pub(super) struct Cached {
    buffer: Option<Buffer>,
    capacity: u64,
    len: usize,
    // The address is compared, and the allocation is kept alive so that no
    // other array can take the same address.
    source: Option<Arc<dyn std::any::Any + Send + Sync>>,
}

impl Cached {
    /// Uploads `data` when `owner` changed; tells whether the buffer object
    /// itself is a new one, so that bind groups must follow.
    pub(super) fn upload<O: Send + Sync + 'static, T: Pod>(
        &mut self,
        device: &RenderDevice,
        queue: &RenderQueue,
        owner: &Arc<O>,
        data: &[T],
        usage: BufferUsages,
    ) -> bool {
        let is_same = self.source.as_ref().is_some_and(|old| std::ptr::addr_eq(Arc::as_ptr(old), Arc::as_ptr(owner)));
        if is_same {
            return false;
        }
        let owner: Arc<O> = Arc::clone(owner);
        self.source = Some(owner);
        self.len = data.len();
        let bytes: &[u8] = bytemuck::cast_slice(data);
        if bytes.is_empty() {
            return false;
        }
        let needed = bytes.len() as u64;
        let capacity = capacity(self.capacity, needed);
        let is_new = self.buffer.is_none() || capacity != self.capacity;
        if is_new {
            self.capacity = capacity;
            self.buffer = Some(device.create_buffer(&BufferDescriptor {
                label: None,
                size: self.capacity,
                usage: usage | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }));
        }
        if let Some(buffer) = &self.buffer {
            queue.write_buffer(buffer, 0, bytes);
        }
        is_new
    }

    /// The buffer; `None` when the array is empty.
    pub(super) fn buffer(&self) -> Option<&Buffer> {
        self.buffer.as_ref().filter(|_| self.len > 0)
    }
}

/// From here on buffers are sized to the megabyte, and may shrink.
const LARGE: u64 = 1 << 20;

/// Size of a buffer for `needed` bytes where one of `old` bytes is there.
fn capacity(old: u64, needed: u64) -> u64 {
    let fitting = if needed < LARGE { needed.next_power_of_two() } else { needed.next_multiple_of(LARGE) };
    let is_too_large = old > LARGE && fitting <= old / 4;
    if needed > old || is_too_large { fitting } else { old }
}

/// Rows of taps in `heat_blur.wgsl`.
const TAP_ROWS: usize = 17;
/// Longest kernel arm that fits them.
pub(crate) const MAX_TAPS: usize = TAP_ROWS * 4;

/// Block `Blur` of `heat_blur.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct BlurUniform {
    step: [i32; 2],
    radius: i32,
    pad: i32,
    taps: [[f32; 4]; TAP_ROWS],
}

/// Bins, blurred rows, density and ramp.
pub(super) struct HeatTextures {
    grid: Arc<HeatGrid>,
    taps: Arc<Vec<f32>>,
    ramp_source: Arc<Vec<[u8; 4]>>,
    bins: Texture,
    rows_view: TextureView,
    pub(super) density_view: TextureView,
    pub(super) ramp_view: TextureView,
    groups: [BindGroup; 2],
    dirty: AtomicBool,
}

impl HeatTextures {
    /// Follows the frame; tells whether textures are new ones.
    pub(super) fn prepare(
        this: &mut Option<Self>,
        frame: Option<&HeatFrame>,
        device: &RenderDevice,
        queue: &RenderQueue,
        pipelines: &Pipelines,
    ) -> bool {
        let Some(frame) = frame else { return false };
        let fits = this.as_ref().is_some_and(|old| {
            (old.grid.columns, old.grid.rows) == (frame.grid.columns, frame.grid.rows)
                && Arc::ptr_eq(&old.taps, &frame.taps)
                && Arc::ptr_eq(&old.ramp_source, &frame.ramp)
        });
        if !fits {
            *this = Some(Self::new(frame, device, queue, pipelines));
        }
        let Some(heat) = this else { return false };
        if !fits || !Arc::ptr_eq(&heat.grid, &frame.grid) {
            heat.grid = Arc::clone(&frame.grid);
            write_texture(
                queue,
                &heat.bins,
                bytemuck::cast_slice(&frame.grid.bins),
                frame.grid.columns,
                frame.grid.rows,
            );
            heat.dirty.store(true, Ordering::Relaxed);
        }
        !fits
    }

    fn new(frame: &HeatFrame, device: &RenderDevice, queue: &RenderQueue, pipelines: &Pipelines) -> Self {
        let (columns, rows) = (frame.grid.columns, frame.grid.rows);
        let target = TextureUsages::RENDER_ATTACHMENT | TextureUsages::TEXTURE_BINDING;
        let bins = texture(
            device,
            columns,
            rows,
            TextureFormat::R32Sint,
            TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST,
        );
        let blurred = texture(device, columns, rows, TextureFormat::R32Float, target);
        let density = texture(device, columns, rows, TextureFormat::R16Float, target);
        let ramp = texture(
            device,
            frame.ramp.len() as u32,
            1,
            TextureFormat::Rgba8UnormSrgb,
            TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST,
        );
        write_texture(queue, &ramp, bytemuck::cast_slice(&frame.ramp), frame.ramp.len() as u32, 1);
        let view = |t: &Texture| t.create_view(&TextureViewDescriptor::default());
        let (bins_view, rows_view) = (view(&bins), view(&blurred));
        let groups = [[1, 0], [0, 1]].map(|step| {
            let uniform = device.create_buffer_with_data(&BufferInitDescriptor {
                label: Some("heat blur"),
                contents: bytemuck::bytes_of(&blur_uniform(step, &frame.taps)),
                usage: BufferUsages::UNIFORM,
            });
            device.create_bind_group(
                "heat blur",
                &pipelines.blur_layout,
                &[
                    BindGroupEntry { binding: 0, resource: uniform.as_entire_binding() },
                    BindGroupEntry { binding: 1, resource: BindingResource::TextureView(&bins_view) },
                    // The pass along rows reads the bins only; the one along
                    // columns must not see its own target.
                    BindGroupEntry {
                        binding: 2,
                        resource: BindingResource::TextureView(if step[0] == 1 {
                            &pipelines.blank_view
                        } else {
                            &rows_view
                        }),
                    },
                ],
            )
        });
        Self {
            grid: Arc::clone(&frame.grid),
            taps: Arc::clone(&frame.taps),
            ramp_source: Arc::clone(&frame.ramp),
            density_view: view(&density),
            ramp_view: view(&ramp),
            bins,
            rows_view,
            groups,
            dirty: AtomicBool::new(true),
        }
    }

    /// Whether the bins changed since the last blur; resets it.
    pub(super) fn take_dirty(&self) -> bool {
        self.dirty.swap(false, Ordering::Relaxed)
    }

    /// The two passes with their targets.
    pub(super) fn passes(&self) -> [(usize, &TextureView); 2] {
        [(0, &self.rows_view), (1, &self.density_view)]
    }

    /// Bind group of a pass.
    pub(super) fn group(&self, pass: usize) -> &BindGroup {
        &self.groups[pass]
    }
}

fn blur_uniform(step: [i32; 2], taps: &[f32]) -> BlurUniform {
    let mut rows = [[0.0; 4]; TAP_ROWS];
    for (i, &tap) in taps.iter().take(MAX_TAPS).enumerate() {
        rows[i / 4][i % 4] = tap;
    }
    BlurUniform { step, radius: taps.len().min(MAX_TAPS) as i32 - 1, pad: 0, taps: rows }
}

/// A two-dimensional texture without mip levels.
pub(super) fn texture(
    device: &RenderDevice,
    width: u32,
    height: u32,
    format: TextureFormat,
    usage: TextureUsages,
) -> Texture {
    device.create_texture(&TextureDescriptor {
        label: None,
        size: Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: TextureDimension::D2,
        format,
        usage,
        view_formats: &[],
    })
}

/// Writes a whole texture of four bytes a texel.
pub(super) fn write_texture(queue: &RenderQueue, target: &Texture, bytes: &[u8], width: u32, height: u32) {
    queue.write_texture(
        TexelCopyTextureInfo { texture: target, mip_level: 0, origin: Origin3d::ZERO, aspect: TextureAspect::All },
        bytes,
        TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(width * 4), rows_per_image: None },
        Extent3d { width, height, depth_or_array_layers: 1 },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_grow_in_few_steps_and_shrink_when_mostly_empty() {
        assert_eq!((capacity(0, 5), capacity(8, 6), capacity(8, 9)), (8, 8, 16));
        assert_eq!(capacity(LARGE, 15 * LARGE + 1), 16 * LARGE);
        assert_eq!(capacity(16 * LARGE, 5 * LARGE), 16 * LARGE);
        assert_eq!(capacity(16 * LARGE, 4 * LARGE), 4 * LARGE);
        // Small ones are not worth it.
        assert_eq!(capacity(LARGE, 1), LARGE);
    }
}
