//! Areas of a tilted map: walls, lines on their edges, columns.
//!
//! In: [`Relief`] (which level rises, how high), the areas, the view. Out:
//! [`RaisedFrame`] or columns of the scene.
//!
//! What stands between areas is built once per level, on the task pool, when a
//! map is first tilted; until it is there everything lies on the ground. It
//! holds no heights: those are in the style of each area.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use super::geometry::{LineClass, RaisedMesh, RaisedSegment, Rings, raised_mesh};
use super::{AreaLayer, push_range, rows};
use crate::config::{Layer, TiltStyle};
use crate::domain::area::{AreaIndex, AreaTree, Level};
use crate::domain::geometry::LonLat;
use crate::layers::WallTheme;
use crate::layers::gpu::{ColumnInstance, MapScene, RaisedFrame};
use crate::map::relief::Column;
use crate::map::{Hover, MapView, Relief};
use crate::model::{Areas, Focus, Visible, Waker};

/// Walls of the level that rises.
#[derive(Resource, Default)]
pub struct RaisedLayer {
    mesh: Arc<RaisedMesh>,
    building: Option<Task<Built>>,
    wanted: Option<(u64, Level, TiltStyle)>,
    highlights: Arc<Vec<RaisedSegment>>,
    highlighted: Option<Highlighted>,
    columns_of: Option<u64>,
}

impl RaisedLayer {
    /// Whether walls are still being built.
    pub fn is_building(&self) -> bool {
        self.building.is_some()
    }
}

/// What outlines depend on: revision of areas, level, focus, hand.
type Highlighted = (u64, Option<Level>, Option<AreaIndex>, Option<AreaIndex>);

struct Built {
    areas_revision: u64,
    level: Level,
    mesh: RaisedMesh,
}

/// Starts a build when another level or other areas rise, and takes over a
/// finished one.
pub(in crate::layers) fn build(
    mut layer: ResMut<RaisedLayer>,
    mut relief: ResMut<Relief>,
    area_layer: Res<AreaLayer>,
    areas: Res<Areas>,
    view: Res<MapView>,
    waker: Res<Waker>,
) {
    if let Some(task) = &mut layer.building
        && let Some(built) = block_on(poll_once(task))
    {
        layer.building = None;
        layer.mesh = Arc::new(built.mesh);
        layer.highlighted = None;
        relief.set_solids(built.areas_revision, built.level, Vec::new());
    }
    let Some(level) = relief.level.filter(|_| view.is_tilted()) else {
        if layer.wanted.is_some() && !view.is_tilted() && layer.building.is_none() {
            // Some tens of megabytes for a city; a build takes a moment.
            *layer = RaisedLayer::default();
        }
        return;
    };
    // Names and columns stand at anchors of the geometry.
    if layer.building.is_some() || area_layer.built_revision != areas.revision || areas.revision == 0 {
        return;
    }
    let wanted = (areas.revision, level, relief.style);
    if layer.wanted == Some(wanted) && relief.has_solids(areas.revision) {
        return;
    }
    layer.wanted = Some(wanted);
    if relief.style == TiltStyle::Columns {
        let columns = columns(&areas.tree, &area_layer, level);
        relief.set_solids(areas.revision, level, columns);
        return;
    }
    let (tree, locator, projection) = (Arc::clone(&areas.tree), Arc::clone(&areas.locator), areas.projection);
    let (areas_revision, waker) = (areas.revision, waker.clone());
    layer.building = Some(AsyncComputeTaskPool::get().spawn(async move {
        let rings = Rings::new(&tree, |point| projection.local_from_lonlat(point));
        let locate = |[lon, lat]: [f64; 2]| locator.locate(LonLat::new(lon, lat), level);
        let mesh = raised_mesh(&tree, &rings, level, locate);
        (waker.0)();
        Built { areas_revision, level, mesh }
    }));
}

/// Radius of a column over the mean extent of an area: slim, and the same for
/// all, so that only the height differs.
const COLUMN_RADIUS: f64 = 0.1;

/// A column at the anchor of each area of `level`, no wider than its area.
fn columns(tree: &AreaTree, layer: &AreaLayer, level: Level) -> Vec<Column> {
    let radius_m = (layer.mean_side_m(level) * COLUMN_RADIUS) as f32;
    tree.at_level(level)
        .filter_map(|area| {
            let anchor = layer.anchors.get(area as usize).copied().flatten()?;
            Some(Column { area, at: anchor.at, radius_m: radius_m.min(anchor.radius_m) })
        })
        .collect()
}

/// Tells the scene what to draw of what has risen.
#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
pub(in crate::layers) fn draw(
    mut layer: ResMut<RaisedLayer>,
    mut scene: ResMut<MapScene>,
    relief: Res<Relief>,
    areas: Res<Areas>,
    focus: Res<Focus>,
    hover: Res<Hover>,
    visible: Res<Visible>,
    view: Res<MapView>,
    theme: Res<WallTheme>,
) {
    let scene = &mut *scene;
    let is_shown = visible.has(Layer::Areas) && view.is_tilted() && relief.has_solids(areas.revision);
    let has_columns = is_shown && relief.style == TiltStyle::Columns;
    if !has_columns {
        layer.columns_of = None;
        scene.columns = Arc::default();
    } else if layer.columns_of != Some(relief.revision) {
        layer.columns_of = Some(relief.revision);
        let columns = relief.columns.iter().filter(|column| relief.height_m(column.area) > 0.0);
        let instance = |&Column { area, at, radius_m }: &Column| ColumnInstance { at, radius_m, area };
        scene.columns = Arc::new(columns.map(instance).collect());
    }
    if !is_shown || has_columns || view.rise() <= 0.0 {
        scene.raised = None;
        return;
    }
    let key = (areas.revision, relief.level, focus.area(&areas), hover.area);
    if layer.highlighted != Some(key) {
        layer.highlighted = Some(key);
        layer.highlights = Arc::new(outlines(&layer.mesh, &areas.tree, focus.area(&areas), hover.area));
    }
    let mut frame = RaisedFrame {
        mesh: Arc::clone(&layer.mesh),
        highlights: Arc::clone(&layer.highlights),
        ..RaisedFrame::default()
    };
    split_fill(scene, &mut frame, &relief, &view);
    let in_view = view.visible_bounds();
    for chunk in layer.mesh.chunks.iter().filter(|chunk| chunk.bounds.intersects(&in_view)) {
        let may_have_walls = match chunk.class {
            LineClass::Outer => false,
            LineClass::Level(level) => relief.level.is_some_and(|rising| level <= rising),
        };
        if may_have_walls {
            push_range(&mut frame.wall_draws, chunk.range.clone());
        }
        if scene.line_table[chunk.class.style() as usize].color[3] < 0.02 {
            continue;
        }
        push_range(&mut frame.line_draws, chunk.range.clone());
        if chunk.class == LineClass::Outer && theme.0.glow {
            push_range(&mut frame.glow_draws, chunk.range.clone());
        }
    }
    scene.raised = Some(frame);
}

/// Splits the fill into what lies on the ground and what rises.
fn split_fill(scene: &mut MapScene, frame: &mut RaisedFrame, relief: &Relief, view: &MapView) {
    let in_view = view.visible_bounds();
    let is_drawn = |range: &std::ops::Range<u32>, draws: &[std::ops::Range<u32>]| {
        draws.iter().any(|draw| draw.start <= range.start && range.end <= draw.end)
    };
    let draws = std::mem::take(&mut scene.fill_draws);
    for chunk in scene.fill.chunks.iter().filter(|chunk| is_drawn(&chunk.indices, &draws)) {
        if !chunk.bounds.intersects(&in_view) {
            continue;
        }
        let of_level = if Some(chunk.level) == relief.level { &mut frame.top_draws } else { &mut scene.fill_draws };
        push_range(of_level, chunk.indices.clone());
    }
}

/// Outlines on the edges of what has risen: around the area under the hand at
/// its own height, around the focus at that of what lies inside along its edge.
fn outlines(
    mesh: &RaisedMesh,
    tree: &AreaTree,
    focused: Option<AreaIndex>,
    hovered: Option<AreaIndex>,
) -> Vec<RaisedSegment> {
    let mut segments = Vec::new();
    if let Some(hovered) = hovered {
        let own = mesh.segments.iter().filter(|s| s.sides.contains(&hovered) && s.sides[0] != s.sides[1]);
        segments.extend(own.map(|s| RaisedSegment { style: rows::HOVER, sides: [hovered; 2], ..*s }));
    }
    if let Some(focused) = focused {
        let is_in = |side: AreaIndex| (side as usize) < tree.len() && tree.is_within(side, focused);
        let edge = mesh.segments.iter().filter(|s| is_in(s.sides[0]) != is_in(s.sides[1]));
        let start = segments.len();
        segments.extend(edge.map(|s| {
            let inside = if is_in(s.sides[0]) { s.sides[0] } else { s.sides[1] };
            RaisedSegment { style: rows::FOCUS, sides: [inside; 2], ..*s }
        }));
        let uprights = uprights(&segments[start..]);
        segments.extend(uprights);
    }
    segments
}

/// Of a style, as in `raised.wgsl`: both ends are in one place, each as high as
/// its own side.
const UPRIGHT: u32 = 1 << 8;

/// What joins an outline where the areas inside along it differ in height.
fn uprights(outline: &[RaisedSegment]) -> Vec<RaisedSegment> {
    let corner = |s: &RaisedSegment, at: [f32; 2]| (at.map(f32::to_bits), s.sides[0]);
    let mut corners: Vec<_> = outline.iter().flat_map(|s| [corner(s, s.a), corner(s, s.b)]).collect();
    corners.sort_unstable();
    corners.dedup();
    let pairs = corners.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    pairs
        .map(|pair| {
            let at = pair[0].0.map(f32::from_bits);
            RaisedSegment { a: at, b: at, style: rows::FOCUS | UPRIGHT, sides: [pair[0].1, pair[1].1] }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_joined_where_the_area_along_it_changes() {
        let edge = |a: f32, b: f32, area: AreaIndex| RaisedSegment {
            a: [a, 0.0],
            b: [b, 0.0],
            style: rows::FOCUS,
            sides: [area; 2],
        };
        let outline = [edge(0.0, 1.0, 7), edge(2.0, 1.0, 7), edge(2.0, 3.0, 9), edge(3.0, 4.0, 8)];
        let joints = uprights(&outline);
        let found: Vec<_> = joints.iter().map(|joint| (joint.a, joint.b, joint.sides)).collect();
        assert_eq!(found, [([2.0, 0.0], [2.0, 0.0], [7, 9]), ([3.0, 0.0], [3.0, 0.0], [8, 9])]);
        assert!(joints.iter().all(|joint| joint.style & 31 == rows::FOCUS && joint.style & UPRIGHT != 0));
    }
}
