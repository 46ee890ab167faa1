//! Pipelines, layouts and bind groups. Nothing is compiled that is not drawn.

use bevy::prelude::Resource;
use bevy::render::render_resource::{
    AddressMode, BindGroup, BindGroupEntry, BindGroupLayout, BindGroupLayoutEntry, BindingResource, BindingType,
    BlendComponent, BlendFactor, BlendOperation, BlendState, Buffer, BufferBindingType, BufferDescriptor, BufferUsages,
    ColorTargetState, ColorWrites, CompareFunction, DepthBiasState, DepthStencilState, FilterMode, MultisampleState,
    PipelineCompilationOptions, PipelineLayoutDescriptor, PrimitiveState, PrimitiveTopology, RawFragmentState,
    RawRenderPipelineDescriptor, RawVertexBufferLayout, RawVertexState, RenderPipeline, Sampler, SamplerBindingType,
    SamplerDescriptor, ShaderModule, ShaderModuleDescriptor, ShaderSource, ShaderStages, StencilState, TextureFormat,
    TextureSampleType, TextureUsages, TextureView, TextureViewDescriptor, TextureViewDimension, VertexAttribute,
    VertexFormat, VertexStepMode,
};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bytemuck::{Pod, Zeroable};

use super::buffers::{Cached, HeatTextures, texture};
use super::scene::{
    ColumnInstance, ContextVertex, LineTable, MapScene, PointInstance, PointTable, TileVertex, ViewUniform,
};
use crate::domain::heat::CellShape;
use crate::layers::areas::geometry::{FillVertex, RaisedSegment, Segment};
use crate::layers::tracks::geometry::Head;

/// Format of the camera's target.
const TARGET: TextureFormat = TextureFormat::Rgba8UnormSrgb;
/// Format of the depth of a tilted map.
pub(super) const DEPTH: TextureFormat = TextureFormat::Depth32Float;
/// Format of the height map.
pub(super) const HEIGHT: TextureFormat = TextureFormat::R32Float;

/// One source out of several files of `shaders/`.
macro_rules! shader {
    ($($file:literal),*) => {
        concat!($(include_str!(concat!("../../../shaders/", $file, ".wgsl"))),*)
    };
}

/// Every shader with the name that its Rust side uses; all but the blur are
/// prefixed with `view.wgsl`.
pub const SHADERS: [(&str, &str); 14] = [
    ("fill", shader!("view", "style", "heat_ramp", "fill")),
    ("context", shader!("view", "context")),
    ("tile", shader!("view", "tile")),
    ("line", shader!("view", "line")),
    ("raised", shader!("view", "style", "line", "raised")),
    ("wall", shader!("view", "style", "wall")),
    ("column", shader!("view", "style", "column")),
    ("height", shader!("view", "style", "height")),
    ("heat", shader!("view", "heat_ramp", "heat")),
    ("point", shader!("view", "point")),
    ("track", shader!("view", "track_style", "track")),
    ("track_over", shader!("view", "track_style", "track_over")),
    ("head", shader!("view", "track_style", "point", "head")),
    ("heat_blur", shader!("heat_blur")),
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
    /// Shapes and badges, shapes alone, bubbles.
    pub(super) point: RenderPipeline,
    pub(super) point_plain: RenderPipeline,
    pub(super) bubble: RenderPipeline,
    blur: [RenderPipeline; 2],
    view_layout: BindGroupLayout,
    pub(super) uniform_layout: BindGroupLayout,
    /// A table, a picture and how it is sampled.
    pub(super) picture_layout: BindGroupLayout,
    storage_layout: BindGroupLayout,
    heat_layout: BindGroupLayout,
    pub(super) blur_layout: BindGroupLayout,
    pub(super) sampler: Sampler,
    pub(super) blank_view: TextureView,
}

impl Pipelines {
    pub(super) fn new(device: &RenderDevice) -> Self {
        let view_layout = layout(device, &[uniform(0), sampled(1, TextureSampleType::Float { filterable: false })]);
        let uniform_layout = layout(device, &[uniform(0)]);
        let storage_layout = layout(device, &[buffer(0, BufferBindingType::Storage { read_only: true })]);
        let float = |filterable| TextureSampleType::Float { filterable };
        let heat_layout = layout(device, &[uniform(0), sampled(1, float(true)), sampled(2, float(true)), filtering(3)]);
        let picture_layout = layout(device, &[uniform(0), sampled(1, float(true)), filtering(2)]);
        let blur_layout = layout(device, &[uniform(0), sampled(1, TextureSampleType::Sint), sampled(2, float(false))]);

        let build = |shader: &str,
                     vs: &str,
                     fs: &str,
                     vertex: Option<(&[VertexFormat], u64, VertexStepMode)>,
                     groups: &[&BindGroupLayout],
                     target: TextureFormat,
                     blend: Option<BlendState>| {
            Recipe { device, shader, vs, fs, vertex, groups, target, blend, depth: None }.build()
        };
        let corner = VertexStepMode::Vertex;
        let instance = VertexStepMode::Instance;
        const V2: VertexFormat = VertexFormat::Float32x2;
        const U: VertexFormat = VertexFormat::Uint32;
        let segment: Option<(&[VertexFormat], u64, VertexStepMode)> =
            Some((&[V2, V2, U], size_of::<Segment>() as u64, instance));
        let point: Option<(&[VertexFormat], u64, VertexStepMode)> =
            Some((&[V2, U, VertexFormat::Float32, V2], size_of::<PointInstance>() as u64, instance));
        let plain = [&view_layout, &uniform_layout];

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
            point: build("point", "vs", "fs", point, &plain, TARGET, Some(OVER)),
            point_plain: build("point", "vs", "fs_plain", point, &plain, TARGET, Some(OVER)),
            bubble: build("point", "vs", "fs_bubble", point, &plain, TARGET, Some(OVER)),
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
            uniform_layout,
            picture_layout,
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

/// What only a tilted map draws with; compiled when one is drawn for the first
/// time.
pub(super) struct TiltPipelines {
    /// Fill of areas that do not rise, under those that do.
    pub(super) ground: RenderPipeline,
    /// Roofs, and roofs under heat.
    pub(super) top: RenderPipeline,
    pub(super) top_heat: RenderPipeline,
    pub(super) wall: RenderPipeline,
    pub(super) context: RenderPipeline,
    pub(super) context_fading: RenderPipeline,
    pub(super) road: RenderPipeline,
    pub(super) road_fading: RenderPipeline,
    pub(super) heat_fading: RenderPipeline,
    pub(super) glow: RenderPipeline,
    pub(super) line: RenderPipeline,
    /// In passes of their own.
    pub(super) column: RenderPipeline,
    pub(super) height: RenderPipeline,
}

impl TiltPipelines {
    pub(super) fn new(device: &RenderDevice, base: &Pipelines) -> Self {
        const V2: VertexFormat = VertexFormat::Float32x2;
        const U: VertexFormat = VertexFormat::Uint32;
        type Vertices<'a> = Option<(&'a [VertexFormat], u64, VertexStepMode)>;
        let (corner, instance) = (VertexStepMode::Vertex, VertexStepMode::Instance);
        let fill: Vertices = Some((&[V2, U], size_of::<FillVertex>() as u64, corner));
        let context: Vertices = Some((&[V2, U], size_of::<ContextVertex>() as u64, corner));
        let segment: Vertices = Some((&[V2, V2, U], size_of::<Segment>() as u64, instance));
        let raised: Vertices =
            Some((&[V2, V2, U, VertexFormat::Uint32x2], size_of::<RaisedSegment>() as u64, instance));
        let column: Vertices = Some((&[V2, VertexFormat::Float32, U], size_of::<ColumnInstance>() as u64, instance));
        let (view, uniform, styles) = (&base.view_layout, &base.uniform_layout, &base.storage_layout);
        let (plain, areas) = ([view, uniform], [view, styles]);
        let edges = [view, uniform, styles];
        let build = |[shader, vs, fs]: [&str; 3], vertex: Vertices, groups: &[&BindGroupLayout], blend, depth| {
            let target = TARGET;
            Recipe { device, shader, vs, fs, vertex, groups, target, blend: Some(blend), depth }.build()
        };
        let (solid, tested, ignored) = (Some(Depth::Solid), Some(Depth::Tested), Some(Depth::Ignored));
        let draped = [view, styles, &base.heat_layout];
        Self {
            ground: build(["fill", "vs", "fs"], fill, &areas, OVER_AND_MASK, ignored),
            top: build(["fill", "vs", "fs"], fill, &areas, OVER_AND_MASK, solid),
            top_heat: build(["fill", "vs", "fs_heat"], fill, &draped, OVER_AND_MASK, solid),
            wall: build(["wall", "vs", "fs"], raised, &areas, OVER_AND_MASK, solid),
            context: build(["context", "vs", "fs"], context, &plain, BY_MASK, tested),
            context_fading: build(["context", "vs", "fs_fading"], context, &plain, BY_MASK, ignored),
            road: build(["line", "vs", "fs"], segment, &plain, BY_MASK, tested),
            road_fading: build(["line", "vs", "fs_fading"], segment, &plain, BY_MASK, ignored),
            heat_fading: build(["heat", "vs", "fs_fading"], None, &[view, &base.heat_layout], OVER, tested),
            glow: build(["raised", "vs_raised_glow", "fs_glow"], raised, &edges, BRIGHTEST, tested),
            line: build(["raised", "vs_raised", "fs"], raised, &edges, OVER, tested),
            column: build(["column", "vs", "fs"], column, &areas, OVER_AND_MASK, solid),
            height: Recipe {
                device,
                shader: "height",
                vs: "vs",
                fs: "fs",
                vertex: fill,
                groups: &areas,
                target: HEIGHT,
                blend: None,
                depth: None,
            }
            .build(),
        }
    }
}

/// What only a map with tracks draws with; compiled when the first are there.
pub(super) struct TrackPipelines {
    /// Pieces of line into a picture of their own.
    pub(super) line: RenderPipeline,
    /// That picture over the map.
    pub(super) over: RenderPipeline,
    pub(super) head: RenderPipeline,
    /// Style and points.
    pub(super) points_layout: BindGroupLayout,
    /// Style and picture.
    pub(super) picture_layout: BindGroupLayout,
}

impl TrackPipelines {
    /// `picture` is the format of the picture of the lines.
    pub(super) fn new(device: &RenderDevice, base: &Pipelines, picture: TextureFormat) -> Self {
        let points = buffer(2, BufferBindingType::Storage { read_only: true });
        let points_layout = layout(device, &[uniform(1), points]);
        let picture_layout = layout(device, &[uniform(1), sampled(3, TextureSampleType::Float { filterable: false })]);
        let recipe = Recipe {
            device,
            shader: "track",
            vs: "vs",
            fs: "fs",
            vertex: None,
            groups: &[&base.view_layout, &points_layout],
            target: picture,
            blend: Some(BRIGHTEST),
            depth: None,
        };
        const V2: VertexFormat = VertexFormat::Float32x2;
        let head = [V2, V2, VertexFormat::Float32, VertexFormat::Uint32, VertexFormat::Uint32];
        Self {
            line: recipe.build(),
            over: Recipe {
                shader: "track_over",
                groups: &[&base.view_layout, &picture_layout],
                target: TARGET,
                blend: Some(OVER),
                ..recipe
            }
            .build(),
            head: Recipe {
                shader: "head",
                vs: "vs_head",
                fs: "fs_head",
                vertex: Some((&head, size_of::<Head>() as u64, VertexStepMode::Instance)),
                target: TARGET,
                blend: Some(OVER),
                ..recipe
            }
            .build(),
            points_layout,
            picture_layout,
        }
    }
}

/// What pictures of tiles are drawn with; compiled when one is drawn for the
/// first time.
pub(super) struct TilePipelines {
    /// On a map that lies flat.
    pub(super) flat: RenderPipeline,
    /// On the ground of one that is tilted.
    pub(super) tilted: RenderPipeline,
    /// Over areas that are about to rise.
    pub(super) fading: RenderPipeline,
}

impl TilePipelines {
    pub(super) fn new(device: &RenderDevice, base: &Pipelines) -> Self {
        let formats = [VertexFormat::Float32x2; 2];
        let build = |fs, depth| {
            Recipe {
                device,
                shader: "tile",
                vs: "vs",
                fs,
                vertex: Some((&formats, size_of::<TileVertex>() as u64, VertexStepMode::Vertex)),
                groups: &[&base.view_layout, &base.picture_layout],
                target: TARGET,
                blend: Some(BY_MASK),
                depth,
            }
            .build()
        };
        Self {
            flat: build("fs", None),
            tilted: build("fs", Some(Depth::Tested)),
            fading: build("fs_fading", Some(Depth::Ignored)),
        }
    }
}

/// What one pipeline is made of.
#[derive(Clone, Copy)]
struct Recipe<'a> {
    device: &'a RenderDevice,
    shader: &'a str,
    vs: &'a str,
    fs: &'a str,
    vertex: Option<(&'a [VertexFormat], u64, VertexStepMode)>,
    groups: &'a [&'a BindGroupLayout],
    target: TextureFormat,
    blend: Option<BlendState>,
    /// How it takes part in depth; `None` in a pass without.
    depth: Option<Depth>,
}

/// How a pipeline takes part in a pass with depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// Hidden by what is nearer, and hides what is farther.
    Solid,
    /// Hidden by what is nearer.
    Tested,
    /// Neither.
    Ignored,
}

impl Depth {
    fn state(self) -> DepthStencilState {
        DepthStencilState {
            format: DEPTH,
            depth_write_enabled: Some(self == Self::Solid),
            depth_compare: Some(if self == Self::Ignored {
                CompareFunction::Always
            } else {
                CompareFunction::LessEqual
            }),
            stencil: StencilState::default(),
            bias: DepthBiasState::default(),
        }
    }
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
        // Indexed meshes, columns and tracks are lists; everything else is a quad
        // or one triangle.
        let is_mesh = self.vertex.is_some_and(|(.., step)| step == VertexStepMode::Vertex);
        let topology = if is_mesh || ["column", "track"].contains(&self.shader) {
            PrimitiveTopology::TriangleList
        } else {
            PrimitiveTopology::TriangleStrip
        };
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
            depth_stencil: self.depth.map(Depth::state),
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
    form: u32,
    cell_m: f32,
}

/// Uniform buffers and the groups that bind them.
pub(super) struct BindGroups {
    view_buffer: Buffer,
    palette_buffer: Buffer,
    line_buffer: Buffer,
    point_buffer: Buffer,
    heat_buffer: Buffer,
    pub(super) view: BindGroup,
    /// As `view`, for the pass that draws the height map and cannot read it.
    pub(super) view_of_height_map: BindGroup,
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
        height_map: Option<&TextureView>,
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
        let view = |height_map: &TextureView| {
            device.create_bind_group(
                "view",
                &pipelines.view_layout,
                &[
                    BindGroupEntry { binding: 0, resource: view_buffer.as_entire_binding() },
                    BindGroupEntry { binding: 1, resource: BindingResource::TextureView(height_map) },
                ],
            )
        };
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
            view: view(height_map.unwrap_or(&pipelines.blank_view)),
            view_of_height_map: view(&pipelines.blank_view),
            palette: bind(&pipelines.uniform_layout, &palette_buffer),
            line_table: bind(&pipelines.uniform_layout, &line_buffer),
            point_table: bind(&pipelines.uniform_layout, &point_buffer),
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
            let form = match grid.shape {
                CellShape::Shared => 0,
                CellShape::Square => 1,
                CellShape::Hexagon => 2,
            };
            let uniform = HeatUniform {
                origin: grid.origin.map(|v| v as f32),
                extent: grid.extent().map(|v| v as f32),
                gain: heat.gain,
                opacity: heat.opacity_at(&scene.view),
                form: form | u32::from(heat.is_difference) << 2,
                cell_m: grid.cell_m as f32,
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
