//! Pipelines, layouts and bind groups. Nothing is compiled that is not drawn.

use bevy::prelude::Resource;
use bevy::render::render_resource::{
    AddressMode, BindGroup, BindGroupEntry, BindGroupLayout, BindGroupLayoutEntry, BindingResource, BindingType,
    BlendComponent, BlendFactor, BlendOperation, BlendState, Buffer, BufferBindingType, BufferDescriptor, BufferUsages,
    ColorTargetState, ColorWrites, FilterMode, MultisampleState, PipelineCompilationOptions, PipelineLayoutDescriptor,
    PrimitiveState, PrimitiveTopology, RawFragmentState, RawRenderPipelineDescriptor, RawVertexBufferLayout,
    RawVertexState, RenderPipeline, Sampler, SamplerBindingType, SamplerDescriptor, ShaderModule,
    ShaderModuleDescriptor, ShaderSource, ShaderStages, TextureFormat, TextureSampleType, TextureUsages, TextureView,
    TextureViewDescriptor, TextureViewDimension, VertexAttribute, VertexFormat, VertexStepMode,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bytemuck::{Pod, Zeroable};

use super::buffers::{Cached, HeatTextures, texture};
use super::scene::{ContextVertex, LineTable, MapScene, PointInstance, PointTable, ViewUniform};
use crate::layers::areas::geometry::{FillVertex, Segment};

/// Format of the camera's target.
const TARGET: TextureFormat = TextureFormat::Rgba8UnormSrgb;

/// Every shader with the name that its Rust side uses; all but the blur are
/// prefixed with `view.wgsl`.
pub const SHADERS: [(&str, &str); 6] = [
    ("fill", concat!(include_str!("../../../shaders/view.wgsl"), include_str!("../../../shaders/fill.wgsl"))),
    ("context", concat!(include_str!("../../../shaders/view.wgsl"), include_str!("../../../shaders/context.wgsl"))),
    ("line", concat!(include_str!("../../../shaders/view.wgsl"), include_str!("../../../shaders/line.wgsl"))),
    ("heat", concat!(include_str!("../../../shaders/view.wgsl"), include_str!("../../../shaders/heat.wgsl"))),
    ("point", concat!(include_str!("../../../shaders/view.wgsl"), include_str!("../../../shaders/point.wgsl"))),
    ("heat_blur", include_str!("../../../shaders/heat_blur.wgsl")),
];

/// Colour by premultiplied alpha; the target's alpha stays: it is the mask.
const OVER: BlendState = BlendState {
    color: BlendComponent {
        src_factor: BlendFactor::One,
        dst_factor: BlendFactor::OneMinusSrcAlpha,
        operation: BlendOperation::Add,
    },
    alpha: BlendComponent {
        src_factor: BlendFactor::Zero,
        dst_factor: BlendFactor::One,
        operation: BlendOperation::Add,
    },
};

/// As [`OVER`], and raises the mask.
const OVER_AND_MASK: BlendState = BlendState {
    alpha: BlendComponent {
        src_factor: BlendFactor::One,
        dst_factor: BlendFactor::OneMinusSrcAlpha,
        operation: BlendOperation::Add,
    },
    ..OVER
};

/// Darker where the mask is low.
const BY_MASK: BlendState =
    BlendState { color: BlendComponent { src_factor: BlendFactor::DstAlpha, ..OVER.color }, ..OVER };

/// The brighter of the two.
const BRIGHTEST: BlendState = BlendState {
    color: BlendComponent {
        src_factor: BlendFactor::One,
        dst_factor: BlendFactor::One,
        operation: BlendOperation::Max,
    },
    alpha: BlendComponent {
        src_factor: BlendFactor::One,
        dst_factor: BlendFactor::One,
        operation: BlendOperation::Max,
    },
};

/// Everything that is compiled once per device.
#[derive(Resource)]
pub(super) struct Pipelines {
    pub(super) fill: RenderPipeline,
    pub(super) context: RenderPipeline,
    pub(super) context_line: RenderPipeline,
    pub(super) line: RenderPipeline,
    pub(super) glow: RenderPipeline,
    pub(super) heat: RenderPipeline,
    pub(super) point: RenderPipeline,
    blur: [RenderPipeline; 2],
    view_layout: BindGroupLayout,
    storage_layout: BindGroupLayout,
    heat_layout: BindGroupLayout,
    pub(super) blur_layout: BindGroupLayout,
    sampler: Sampler,
    pub(super) blank_view: TextureView,
}

impl Pipelines {
    pub(super) fn new(device: &RenderDevice) -> Self {
        let view_layout = layout(device, &[uniform(0)]);
        let storage_layout = layout(device, &[buffer(0, BufferBindingType::Storage { read_only: true })]);
        let float = |filterable| TextureSampleType::Float { filterable };
        let heat_layout = layout(device, &[uniform(0), sampled(1, float(true)), sampled(2, float(true)), filtering(3)]);
        let blur_layout = layout(device, &[uniform(0), sampled(1, TextureSampleType::Uint), sampled(2, float(false))]);

        let build = |shader: &str,
                     vs: &str,
                     fs: &str,
                     vertex: Option<(&[VertexFormat], u64, VertexStepMode)>,
                     groups: &[&BindGroupLayout],
                     target: TextureFormat,
                     blend: Option<BlendState>| {
            Recipe { device, shader, vs, fs, vertex, groups, target, blend }.build()
        };
        let corner = VertexStepMode::Vertex;
        let instance = VertexStepMode::Instance;
        const V2: VertexFormat = VertexFormat::Float32x2;
        const U: VertexFormat = VertexFormat::Uint32;
        let segment: Option<(&[VertexFormat], u64, VertexStepMode)> =
            Some((&[V2, V2, U], size_of::<Segment>() as u64, instance));
        let plain = [&view_layout, &view_layout];

        Self {
            fill: build(
                "fill",
                "vs",
                "fs",
                Some((&[V2, U], size_of::<FillVertex>() as u64, corner)),
                &[&view_layout, &storage_layout],
                TARGET,
                Some(OVER_AND_MASK),
            ),
            context: build(
                "context",
                "vs",
                "fs",
                Some((&[V2, U], size_of::<ContextVertex>() as u64, corner)),
                &plain,
                TARGET,
                Some(BY_MASK),
            ),
            context_line: build("line", "vs", "fs", segment, &plain, TARGET, Some(BY_MASK)),
            line: build("line", "vs", "fs", segment, &plain, TARGET, Some(OVER)),
            glow: build("line", "vs_glow", "fs_glow", segment, &plain, TARGET, Some(BRIGHTEST)),
            heat: build("heat", "vs", "fs", None, &[&view_layout, &heat_layout], TARGET, Some(OVER)),
            point: build(
                "point",
                "vs",
                "fs",
                Some((&[V2, U, VertexFormat::Float32], size_of::<PointInstance>() as u64, instance)),
                &plain,
                TARGET,
                Some(OVER),
            ),
            blur: [
                build("heat_blur", "vs", "fs_bins", None, &[&blur_layout], TextureFormat::R32Float, None),
                build("heat_blur", "vs", "fs_rows", None, &[&blur_layout], TextureFormat::R16Float, None),
            ],
            sampler: device.create_sampler(&SamplerDescriptor {
                address_mode_u: AddressMode::ClampToEdge,
                address_mode_v: AddressMode::ClampToEdge,
                mag_filter: FilterMode::Linear,
                min_filter: FilterMode::Linear,
                ..SamplerDescriptor::default()
            }),
            blank_view: texture(device, 1, 1, TextureFormat::R32Float, TextureUsages::TEXTURE_BINDING)
                .create_view(&TextureViewDescriptor::default()),
            view_layout,
            storage_layout,
            heat_layout,
            blur_layout,
        }
    }

    /// The pipeline of a blur pass: 0 along rows, 1 along columns.
    pub(super) fn blur(&self, pass: usize) -> &RenderPipeline {
        &self.blur[pass]
    }
}

/// What one pipeline is made of.
struct Recipe<'a> {
    device: &'a RenderDevice,
    shader: &'a str,
    vs: &'a str,
    fs: &'a str,
    vertex: Option<(&'a [VertexFormat], u64, VertexStepMode)>,
    groups: &'a [&'a BindGroupLayout],
    target: TextureFormat,
    blend: Option<BlendState>,
}

impl Recipe<'_> {
    fn build(&self) -> RenderPipeline {
        let module = self.module();
        let groups: Vec<_> = self.groups.iter().map(|group| Some(&***group)).collect();
        let layout = self.device.create_pipeline_layout(&PipelineLayoutDescriptor {
            label: Some(self.shader),
            bind_group_layouts: &groups,
            ..PipelineLayoutDescriptor::default()
        });
        let mut attributes = Vec::new();
        let mut offset = 0;
        for (location, &format) in self.vertex.iter().flat_map(|(formats, ..)| formats.iter()).enumerate() {
            attributes.push(VertexAttribute { format, offset, shader_location: location as u32 });
            offset += format.size();
        }
        let buffers: Vec<_> = self
            .vertex
            .iter()
            .map(|&(_, array_stride, step_mode)| RawVertexBufferLayout {
                array_stride,
                step_mode,
                attributes: &attributes,
            })
            .collect();
        // Indexed meshes are lists; everything else is a quad or one triangle.
        let is_mesh = self.vertex.is_some_and(|(.., step)| step == VertexStepMode::Vertex);
        let topology = if is_mesh { PrimitiveTopology::TriangleList } else { PrimitiveTopology::TriangleStrip };
        self.device.create_render_pipeline(&RawRenderPipelineDescriptor {
            label: Some(self.shader),
            layout: Some(&layout),
            vertex: RawVertexState {
                module: &module,
                entry_point: Some(self.vs),
                compilation_options: PipelineCompilationOptions::default(),
                buffers: &buffers,
            },
            primitive: PrimitiveState { topology, ..PrimitiveState::default() },
            depth_stencil: None,
            multisample: MultisampleState::default(),
            fragment: Some(RawFragmentState {
                module: &module,
                entry_point: Some(self.fs),
                compilation_options: PipelineCompilationOptions::default(),
                targets: &[Some(ColorTargetState {
                    format: self.target,
                    blend: self.blend,
                    write_mask: ColorWrites::ALL,
                })],
            }),
            multiview_mask: None,
            cache: None,
        })
    }

    fn module(&self) -> ShaderModule {
        let source = SHADERS.iter().find(|(name, _)| *name == self.shader).map_or("", |(_, source)| source);
        self.device.create_and_validate_shader_module(ShaderModuleDescriptor {
            label: Some(self.shader),
            source: ShaderSource::Wgsl(source.into()),
        })
    }
}

/// Block `Heat` of `heat.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct HeatUniform {
    origin: [f32; 2],
    extent: [f32; 2],
    gain: f32,
    opacity: f32,
    pad: [f32; 2],
}

/// Uniform buffers and the groups that bind them.
pub(super) struct BindGroups {
    view_buffer: Buffer,
    palette_buffer: Buffer,
    line_buffer: Buffer,
    point_buffer: Buffer,
    heat_buffer: Buffer,
    pub(super) view: BindGroup,
    pub(super) palette: BindGroup,
    pub(super) line_table: BindGroup,
    pub(super) point_table: BindGroup,
    pub(super) styles: Option<BindGroup>,
    pub(super) heat: Option<BindGroup>,
}

impl BindGroups {
    pub(super) fn new(
        device: &RenderDevice,
        pipelines: &Pipelines,
        styles: &Cached,
        heat: Option<&HeatTextures>,
    ) -> Self {
        let block = |size: usize| {
            device.create_buffer(&BufferDescriptor {
                label: None,
                size: size as u64,
                usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let bind = |layout: &BindGroupLayout, buffer: &Buffer| {
            device.create_bind_group(
                None,
                layout,
                &[BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() }],
            )
        };
        let view_buffer = block(size_of::<ViewUniform>());
        let palette_buffer = block(size_of::<[[f32; 4]; 4]>());
        let line_buffer = block(size_of::<LineTable>());
        let point_buffer = block(size_of::<PointTable>());
        let heat_buffer = block(size_of::<HeatUniform>());
        let heat = heat.map(|heat| {
            device.create_bind_group(
                None,
                &pipelines.heat_layout,
                &[
                    BindGroupEntry { binding: 0, resource: heat_buffer.as_entire_binding() },
                    BindGroupEntry { binding: 1, resource: BindingResource::TextureView(&heat.density_view) },
                    BindGroupEntry { binding: 2, resource: BindingResource::TextureView(&heat.ramp_view) },
                    BindGroupEntry { binding: 3, resource: BindingResource::Sampler(&pipelines.sampler) },
                ],
            )
        });
        Self {
            view: bind(&pipelines.view_layout, &view_buffer),
            palette: bind(&pipelines.view_layout, &palette_buffer),
            line_table: bind(&pipelines.view_layout, &line_buffer),
            point_table: bind(&pipelines.view_layout, &point_buffer),
            styles: styles.buffer().map(|buffer| bind(&pipelines.storage_layout, buffer)),
            heat,
            view_buffer,
            palette_buffer,
            line_buffer,
            point_buffer,
            heat_buffer,
        }
    }

    /// Writes this frame's uniforms.
    pub(super) fn write(&self, queue: &RenderQueue, scene: &MapScene) {
        queue.write_buffer(&self.view_buffer, 0, bytemuck::bytes_of(&scene.view));
        queue.write_buffer(&self.palette_buffer, 0, bytemuck::bytes_of(&scene.palette));
        queue.write_buffer(&self.line_buffer, 0, bytemuck::bytes_of(&scene.line_table));
        queue.write_buffer(&self.point_buffer, 0, bytemuck::bytes_of(&scene.point_table));
        if let Some(heat) = &scene.heat {
            let grid = &heat.grid;
            let extent = [grid.columns, grid.rows].map(|cells| (f64::from(cells) * grid.cell_m) as f32);
            let uniform = HeatUniform {
                origin: grid.origin.map(|v| v as f32),
                extent,
                gain: heat.gain,
                opacity: heat.opacity,
                pad: [0.0; 2],
            };
            queue.write_buffer(&self.heat_buffer, 0, bytemuck::bytes_of(&uniform));
        }
    }
}

fn layout(device: &RenderDevice, entries: &[BindGroupLayoutEntry]) -> BindGroupLayout {
    device.create_bind_group_layout(None, entries)
}

fn entry(binding: u32, ty: BindingType) -> BindGroupLayoutEntry {
    BindGroupLayoutEntry { binding, visibility: ShaderStages::VERTEX_FRAGMENT, ty, count: None }
}

fn buffer(binding: u32, ty: BufferBindingType) -> BindGroupLayoutEntry {
    entry(binding, BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None })
}

fn uniform(binding: u32) -> BindGroupLayoutEntry {
    buffer(binding, BufferBindingType::Uniform)
}

fn sampled(binding: u32, sample_type: TextureSampleType) -> BindGroupLayoutEntry {
    entry(binding, BindingType::Texture { sample_type, view_dimension: TextureViewDimension::D2, multisampled: false })
}

fn filtering(binding: u32) -> BindGroupLayoutEntry {
    entry(binding, BindingType::Sampler(SamplerBindingType::Filtering))
}
