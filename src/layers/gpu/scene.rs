//! What the map draws, as plain arrays: filled by the layers, read by the GPU
//! side.

use std::ops::Range;
use std::sync::Arc;

use bevy::prelude::*;
use bytemuck::{Pod, Zeroable};

use crate::config::tiles::MAX_TILE_SETS;
use crate::domain::context::ContextKind;
use crate::domain::heat::{CellShape, HeatGrid};
use crate::domain::tiles::TileSetId;
use crate::domain::update::Picture;
use crate::layers::areas::geometry::{FillMesh, LineMesh, RaisedMesh, RaisedSegment, Segment};
use crate::layers::tracks::geometry::{Head, TrackMesh};

/// Block `View` of `view.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct ViewUniform {
    /// Local metres in the middle.
    pub center: [f32; 2],
    /// Half the viewport, physical pixels.
    pub half_size_px: [f32; 2],
    /// Shift of the map's middle, physical pixels, y up.
    pub offset_px: [f32; 2],
    /// Physical pixels per local metre.
    pub px_per_m: f32,
    /// Physical pixels per design unit.
    pub unit_px: f32,
    /// Seconds since the program's start.
    pub time_secs: f32,
    /// Area under the hand, or `u32::MAX`.
    pub hovered: u32,
    /// Area in focus, or `u32::MAX`.
    pub focused: u32,
    /// Brightness of what is drawn from events: 1, less when they are stale.
    pub event_light: f32,
    /// Cosine and sine of the tilt.
    pub tilt: [f32; 2],
    /// Share of their full height that areas have risen by.
    pub rise: f32,
    /// Share of their full height that columns have risen by.
    pub column_rise: f32,
    /// Local metres of the height map's lower left corner.
    pub height_map_origin: [f32; 2],
    /// One over the local metres that the height map covers.
    pub height_map_scale: [f32; 2],
    /// Depth for each pixel along the line of sight.
    pub depth_per_px: f32,
    /// 1 while flat, 0 once tilted.
    pub flatness: f32,
    /// Fills the block to 96 bytes.
    pub pad: [f32; 2],
}

/// Look of one area: struct `AreaStyle` of `style.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct AreaStyle {
    /// Linear red and green, half floats.
    pub rg: u32,
    /// Linear blue and straight alpha, half floats.
    pub ba: u32,
    /// See [`AreaStyle::NO_DATA`], [`AreaStyle::DIMMED`].
    pub flags: u32,
    /// Full height while the map is tilted, local metres.
    pub height_m: f32,
}

impl AreaStyle {
    /// Hatched: the figure is missing, which is not zero.
    pub const NO_DATA: u32 = 1;
    /// Outside the focus.
    pub const DIMMED: u32 = 2;

    /// A look from a linear colour with straight alpha, and a height.
    pub fn new([r, g, b, a]: [f32; 4], flags: u32, height_m: f32) -> Self {
        Self { rg: pack_half2(r, g), ba: pack_half2(b, a), flags, height_m }
    }
}

/// Two half floats (IEEE 754 binary16) in one word, the first in the low half,
/// as WGSL's `unpack2x16float` reads them. For colours: values 0–1, rounded to
/// nearest, anything below the smallest normal half becomes 0.
fn pack_half2(low: f32, high: f32) -> u32 {
    let half = |value: f32| -> u32 {
        let bits = value.clamp(0.0, 60_000.0).to_bits();
        let rounded = bits + 0x0FFF + ((bits >> 13) & 1);
        let exponent = (rounded >> 23) as i32 - 127 + 15;
        if exponent <= 0 { 0 } else { ((exponent as u32) << 10) | ((rounded >> 13) & 0x3FF) }
    };
    half(low) | (half(high) << 16)
}

/// Row of the palette for a kind of polygon.
pub const fn palette_row(kind: ContextKind) -> u32 {
    match kind {
        ContextKind::Water => 0,
        ContextKind::Green => 1,
        ContextKind::Building => 2,
        ContextKind::Road => 3,
    }
}

/// One vertex of a context polygon.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct ContextVertex {
    /// Local metres.
    pub position: [f32; 2],
    /// Row of the palette.
    pub kind: u32,
}

/// Context polygons and roads, ready to draw.
#[derive(Debug, Default)]
pub struct ContextMesh {
    /// Triangles' corners.
    pub vertices: Vec<ContextVertex>,
    /// Triangles.
    pub indices: Vec<u32>,
    /// Roads.
    pub lines: Vec<Segment>,
    /// One past the last index of parks and water, which lie under buildings.
    pub ground_indices: u32,
    /// One past the last segment of each rank of road, arterials first.
    pub rank_ends: [u32; 3],
}

impl ContextMesh {
    /// Index range of polygons and segment range of roads that are worth
    /// drawing where a building is this many design units wide.
    pub fn draws(&self, building_px: f32) -> (Range<u32>, Range<u32>) {
        let indices = self.indices.len() as u32;
        let [arterials, streets, lanes] = self.rank_ends;
        let street_end = if building_px > 3.5 { lanes } else { streets };
        (0..if building_px > 1.6 { indices } else { self.ground_indices }, 0..street_end.max(arterials))
    }
}

/// One corner of a tile's picture.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct TileVertex {
    /// Local metres.
    pub position: [f32; 2],
    /// Place in the picture: (0, 0) is its upper left corner, (1, 1) the lower
    /// right one.
    pub at: [f32; 2],
}

/// A picture on the ground.
#[derive(Debug)]
pub struct RasterTile {
    /// The picture.
    pub picture: Picture,
    /// Triangles.
    pub vertices: Vec<TileVertex>,
}

/// How the pictures of a tile set are toned: struct `TileTone` of `tile.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct TileTone {
    /// Linear colour of what is like a map's ground, or dark in a photograph;
    /// opacity of the set.
    pub low: [f32; 4],
    /// Linear colour of what is unlike it, or light; share of its own colour that
    /// a picture keeps.
    pub high: [f32; 4],
    /// Lightness of a map's ground.
    pub paper: f32,
    /// 1 for a map, 0 for a photograph.
    pub is_map: f32,
    /// Opacity of the ground.
    pub paper_alpha: f32,
    /// Opacity of what differs from it.
    pub ink_alpha: f32,
}

/// One tile to draw.
#[derive(Clone, Debug)]
pub enum TileDraw {
    /// A picture.
    Picture {
        /// The picture and where it lies.
        tile: Arc<RasterTile>,
        /// Its set: which row of the tones it has.
        set: TileSetId,
    },
    /// Polygons and roads.
    Shapes {
        /// As those of the context.
        mesh: Arc<ContextMesh>,
        /// Its set, whose opacity it has.
        set: TileSetId,
        /// Index range of polygons to draw.
        polygons: Range<u32>,
        /// Segment range of roads to draw.
        lines: Range<u32>,
    },
}

/// Row of the line table: struct `LineStyle` of `line.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct LineStyle {
    /// Linear colour, straight alpha.
    pub color: [f32; 4],
    /// Full width, physical pixels.
    pub width_px: f32,
    /// Reach of the glow, physical pixels.
    pub glow_px: f32,
    /// Fills the struct to 32 bytes.
    pub pad: [f32; 2],
}

/// Rows of the line table.
pub type LineTable = [LineStyle; 32];

/// Row of the point table: struct `PointStyle` of `point.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct PointStyle {
    /// Linear colour, straight alpha.
    pub color: [f32; 4],
    /// Diameter, physical pixels; of a bubble, physical pixels per design unit.
    pub size_px: f32,
    /// 0 disc, 1 diamond, 2 square, 3 triangle, 4 ring;
    /// [`PointStyle::BUBBLE`]; from [`PointStyle::BADGE`] on a badge with an
    /// icon.
    pub shape: u32,
    /// State of what a badge stands for: 0 well, 1 off, 2 alarm. A plain shape
    /// that is not well has an outline.
    pub state: u32,
    /// Grey of a badge's ground and of outlines, 0 dark to 1 light.
    pub ground: f32,
}

impl PointStyle {
    /// The shape of a disc that a number is written on, with a ring by shares.
    pub const BUBBLE: u32 = 8;
    /// The shape of a badge with icon 0.
    pub const BADGE: u32 = 16;
}

/// Rows of the point table.
pub type PointTable = [PointStyle; 32];

/// One point.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct PointInstance {
    /// Local metres.
    pub at: [f32; 2],
    /// Row of the point table in the low byte, transparency in the next; of a
    /// bubble, the share that is out of order in the third (255 = all) and the
    /// diameter in design units in the fourth.
    pub style: u32,
    /// Seconds since the program's start at which it begins to pulse;
    /// negative = never.
    pub born_secs: f32,
    /// How far beside its place it is drawn, physical pixels, y up.
    pub shift_px: [f32; 2],
}

/// The heat map as of one rebuild.
#[derive(Clone, Debug)]
pub struct HeatFrame {
    /// Exact bins.
    pub grid: Arc<HeatGrid>,
    /// Weights of the kernel from the middle outwards.
    pub taps: Arc<Vec<f32>>,
    /// Weight per cell, blurred → position on the ramp.
    pub gain: f32,
    /// Whether weights may be negative: the ramp has its zero in the middle.
    pub is_difference: bool,
    /// Of the whole layer.
    pub opacity: f32,
    /// Standard deviation of the kernel, metres.
    pub sigma_m: f32,
    /// 256 colours, sRGB with straight alpha.
    pub ramp: Arc<Vec<[u8; 4]>>,
}

/// One column of a tilted map.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct ColumnInstance {
    /// Middle, local metres.
    pub at: [f32; 2],
    /// From the middle to a corner, local metres.
    pub radius_m: f32,
    /// Its area, whose height and colour it has.
    pub area: u32,
}

/// Areas that have risen, while they have.
#[derive(Clone, Debug, Default)]
pub struct RaisedFrame {
    /// Index ranges of the fill of the areas that rise.
    pub top_draws: Vec<Range<u32>>,
    /// Borders with the areas beside them.
    pub mesh: Arc<RaisedMesh>,
    /// Segment ranges that may have walls.
    pub wall_draws: Vec<Range<u32>>,
    /// Segment ranges of lines to draw.
    pub line_draws: Vec<Range<u32>>,
    /// Segment ranges of lines that glow.
    pub glow_draws: Vec<Range<u32>>,
    /// Outlines of the areas in focus and under the hand.
    pub highlights: Arc<Vec<RaisedSegment>>,
}

/// Block `Tracks` of `track_style.wgsl`: the look of all tracks, and the shown
/// instant.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct TrackUniform {
    /// The way just walked: linear colour, straight alpha.
    pub line_color: [f32; 4],
    /// Arrowheads along the way.
    pub mark_color: [f32; 4],
    /// Under the line and around the heads.
    pub casing_color: [f32; 4],
    /// Heads.
    pub head_color: [f32; 4],
    /// Heads of which nothing was heard for too long.
    pub stale_color: [f32; 4],
    /// The shown instant, seconds from the epoch of the mesh.
    pub now_secs: f32,
    /// A stretch walked longer ago than this is at its faintest …
    pub tail_secs: f32,
    /// … and one longer ago than this is gone.
    pub trace_secs: f32,
    /// Brightness of the faintest as the eye takes it, 0–1.
    pub faintest: f32,
    /// Full width of the line, physical pixels.
    pub width_px: f32,
    /// Width of the casing on each side, physical pixels.
    pub casing_px: f32,
    /// Length of an arrowhead, physical pixels.
    pub mark_px: f32,
    /// Distance between arrowheads, local metres.
    pub mark_every_m: f32,
    /// How far the arrowheads halfway between those have faded in, 0–1.
    pub between: f32,
    /// Diameter of a head, physical pixels.
    pub head_px: f32,
    /// 1 where heads are badges with an icon, else 0.
    pub is_badge: f32,
    /// Brightness of all that is not picked as the eye takes it, 0–1; 1 while
    /// nothing is.
    pub others: f32,
    /// Left, top, right and bottom of what panels leave free, physical pixels.
    pub free_px: [f32; 4],
    /// Points of the walk that is picked at the two levels that are drawn: first
    /// and end of each.
    pub picked: [u32; 4],
    /// Number of that walk; no walk's where none is.
    pub picked_walk: u32,
    /// Fills the block.
    pub pad: [u32; 3],
}

/// Patrol tracks as of one frame.
#[derive(Clone, Debug, Default)]
pub struct TrackFrame {
    /// Points of all tracks at all levels of detail.
    pub mesh: Arc<TrackMesh>,
    /// Ranges of points whose pieces of line to draw; empty while tracks are
    /// hidden.
    pub draws: Vec<Range<u32>>,
    /// Where the workers are.
    pub heads: Arc<Vec<Head>>,
    /// How they look.
    pub style: TrackUniform,
}

impl TrackFrame {
    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.draws.is_empty() && self.heads.is_empty()
    }
}

impl HeatFrame {
    /// Opacity at this zoom. Near, where the kernel is as wide as a panel, one
    /// event would tint the whole screen: the surface steps back for the areas
    /// and points that then say more.
    pub fn opacity_at(&self, view: &ViewUniform) -> f32 {
        const FULL_BELOW_U: f32 = 60.0;
        const FAINT_FROM_U: f32 = 240.0;
        const FAINT: f32 = 0.4;
        if self.grid.shape != CellShape::Shared {
            return self.opacity;
        }
        let sigma_u = self.sigma_m * view.px_per_m / view.unit_px.max(1e-3);
        let t = ((sigma_u - FULL_BELOW_U) / (FAINT_FROM_U - FULL_BELOW_U)).clamp(0.0, 1.0);
        self.opacity * (1.0 - (1.0 - FAINT) * t * t * (3.0 - 2.0 * t))
    }
}

/// Everything that the map draws in one frame. Cloning copies pointers, draw
/// lists and two small tables.
#[derive(Resource, Clone)]
pub struct MapScene {
    /// Where things are on the screen.
    pub view: ViewUniform,
    /// Context polygons and roads.
    pub context: Arc<ContextMesh>,
    /// Index ranges of the context to draw.
    pub context_draws: Vec<Range<u32>>,
    /// Segment ranges of roads to draw.
    pub context_line_draws: Vec<Range<u32>>,
    /// Map tiles, those at the bottom first.
    pub tiles: Vec<TileDraw>,
    /// Tones of the tile sets.
    pub tile_looks: [TileTone; MAX_TILE_SETS],
    /// Linear colours of water, parks, buildings, and one spare.
    pub palette: [[f32; 4]; 4],
    /// Triangles of all areas.
    pub fill: Arc<FillMesh>,
    /// Index ranges of the fill to draw.
    pub fill_draws: Vec<Range<u32>>,
    /// Look of each area.
    pub styles: Arc<Vec<AreaStyle>>,
    /// Borders of all areas.
    pub lines: Arc<LineMesh>,
    /// Segment ranges of borders to draw.
    pub line_draws: Vec<Range<u32>>,
    /// Segment ranges of borders that glow.
    pub glow_draws: Vec<Range<u32>>,
    /// Looks of lines.
    pub line_table: LineTable,
    /// Whether highlights glow.
    pub glow: bool,
    /// Outlines of the areas in focus and under the hand.
    pub highlights: Arc<Vec<Segment>>,
    /// Patrol tracks.
    pub tracks: TrackFrame,
    /// Points.
    pub points: Arc<Vec<PointInstance>>,
    /// Looks of points.
    pub point_table: PointTable,
    /// Those of the points that are bubbles.
    pub bubbles: Range<u32>,
    /// Whether other points may be badges.
    pub has_badges: bool,
    /// Left, top, right and bottom of where points are drawn, physical pixels.
    pub points_clip_px: [u32; 4],
    /// The heat map, when it is shown.
    pub heat: Option<HeatFrame>,
    /// Areas that have risen; `None` while all lie on the ground, and then
    /// nothing is drawn with depth.
    pub raised: Option<RaisedFrame>,
    /// Columns; empty unless the map is tilted and shows them.
    pub columns: Arc<Vec<ColumnInstance>>,
}

impl MapScene {
    /// Whether anything is drawn that hides what stands behind it.
    pub fn is_solid(&self) -> bool {
        self.raised.is_some() || !self.columns.is_empty()
    }

    /// Draw calls for area fill and borders.
    pub fn draw_calls(&self) -> usize {
        let flat = self.fill_draws.len() + self.line_draws.len() + self.glow_draws.len();
        flat + self.raised.as_ref().map_or(0, |raised| {
            raised.top_draws.len() + raised.wall_draws.len() + raised.line_draws.len() + raised.glow_draws.len()
        })
    }
}

impl Default for MapScene {
    fn default() -> Self {
        Self {
            view: ViewUniform::default(),
            context: Arc::default(),
            context_draws: Vec::new(),
            context_line_draws: Vec::new(),
            tiles: Vec::new(),
            tile_looks: [TileTone::default(); MAX_TILE_SETS],
            palette: [[0.0; 4]; 4],
            fill: Arc::new(FillMesh::default()),
            fill_draws: Vec::new(),
            styles: Arc::default(),
            lines: Arc::new(LineMesh::default()),
            line_draws: Vec::new(),
            glow_draws: Vec::new(),
            line_table: LineTable::default(),
            glow: false,
            highlights: Arc::default(),
            tracks: TrackFrame::default(),
            points: Arc::default(),
            point_table: PointTable::default(),
            bubbles: 0..0,
            has_badges: false,
            points_clip_px: [0, 0, u32::MAX, u32::MAX],
            heat: None,
            raised: None,
            columns: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::geometry::Bounds;

    #[test]
    fn halves_are_rounded_to_nearest() {
        assert_eq!(pack_half2(1.0, 0.5), 0x3800_3C00);
        assert_eq!(pack_half2(0.0, 0.333_251_95), 0x3555_0000);
        assert_eq!(pack_half2(1e-9, 65_000.0) & 0xFFFF, 0);
    }

    #[test]
    fn heat_steps_back_when_one_event_would_fill_the_screen() {
        let heat = HeatFrame {
            grid: Arc::new(HeatGrid::new(Bounds { min: [0.0; 2], max: [1.0; 2] }, CellShape::Shared, 1.0, 6)),
            taps: Arc::default(),
            gain: 1.0,
            is_difference: false,
            opacity: 0.9,
            sigma_m: 150.0,
            ramp: Arc::default(),
        };
        let at = |px_per_m| heat.opacity_at(&ViewUniform { px_per_m, unit_px: 1.0, ..ViewUniform::default() });
        assert_eq!((at(0.1), at(0.4)), (0.9, 0.9));
        assert!(at(1.0) < 0.9 && at(1.0) > at(2.0));
        assert!((at(2.0) - 0.36).abs() < 1e-6);
    }

    #[test]
    fn blocks_have_the_sizes_that_the_shaders_expect() {
        assert_eq!(size_of::<ViewUniform>(), 96);
        assert_eq!(size_of::<AreaStyle>(), 16);
        assert_eq!(size_of::<LineStyle>(), 32);
        assert_eq!(size_of::<PointStyle>(), 32);
        assert_eq!(size_of::<PointInstance>(), 24);
        assert_eq!(size_of::<ColumnInstance>(), 16);
        assert_eq!(size_of::<TrackUniform>(), 176);
        assert_eq!(size_of::<TileTone>(), 48);
    }
}
