//! Outlines that know the areas on both of their sides: what a tilted map
//! needs for walls and for lines on top of them.
//!
//! Each stretch of border occurs once, as in [`super::line_mesh`]. On each side
//! of it lies an area of the level that rises, the same one on both sides where
//! the border is one of a smaller level, or none outside the jurisdiction. So a
//! wall stands exactly where the two differ in height, and its height is looked
//! up by area when it is drawn: a change of the figure touches nothing here.

use bytemuck::{Pod, Zeroable};

use super::is_drawable;
use super::line::{LineChunk, LineClass, Segment, chunk_segments, each_shared_edge};
use super::rings::Rings;
use crate::domain::area::{AreaIndex, AreaTree, Level};

/// Stands for an area where there is none; its height is 0.
pub const NO_AREA: AreaIndex = AreaIndex::MAX;

/// One straight piece of border with what lies beside it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct RaisedSegment {
    /// One end, local metres.
    pub a: [f32; 2],
    /// The other end, local metres.
    pub b: [f32; 2],
    /// Row of the table of line styles: [`LineClass::style`] for borders.
    pub style: u32,
    /// The areas of the rising level on its two sides, or [`NO_AREA`].
    pub sides: [AreaIndex; 2],
}

/// All borders of a map that rises by the areas of one level.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RaisedMesh {
    /// Small levels first, the outer edge last: as one of its level, and once
    /// more as what it is, on the ground.
    pub segments: Vec<RaisedSegment>,
    /// In the order of the segments.
    pub chunks: Vec<LineChunk>,
}

/// Collects the borders of every area with the areas of `level` beside them.
/// `locate` finds the area of `level` at a place in degrees: for borders of
/// larger levels that do not share their vertices with it.
pub fn raised_mesh(
    tree: &AreaTree,
    rings: &Rings,
    level: Level,
    locate: impl Fn([f64; 2]) -> Option<AreaIndex>,
) -> RaisedMesh {
    let degrees = vertices_in_degrees(tree);
    let mut by_class: [Vec<RaisedSegment>; LineClass::COUNT] = Default::default();
    each_shared_edge(tree, rings, |shared| {
        let [a, b] = shared.ends.map(|vertex| rings.points()[vertex as usize]);
        if !(is_drawable(a) && is_drawable(b)) {
            return;
        }
        let [from, to] = shared.ends.map(|vertex| degrees[vertex as usize]);
        let middle = [(from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0];
        let areas: Vec<AreaIndex> = shared.areas().collect();
        let sides = sides(tree, &areas, level, || locate(middle));
        let [a, b] = [a, b].map(|end| end.map(|value| value as f32));
        let style = LineClass::Level(shared.level).style();
        by_class[style as usize].push(RaisedSegment { a, b, style, sides });
        if shared.is_outer {
            // On the ground, where it stays in one piece: the edge of what has
            // risen is drawn like any other.
            let style = LineClass::Outer.style();
            by_class[style as usize].push(RaisedSegment { a, b, style, sides: [NO_AREA; 2] });
        }
    });
    let segments: Vec<RaisedSegment> = by_class.into_iter().rev().flatten().collect();
    let chunks = chunk_segments(&segments, |&RaisedSegment { a, b, style, .. }| Segment { a, b, style });
    RaisedMesh { segments, chunks }
}

fn vertices_in_degrees(tree: &AreaTree) -> Vec<[f64; 2]> {
    tree.areas().iter().flat_map(|area| area.shape.points.iter().copied()).collect()
}

/// The areas of `level` beside a border that belongs to `areas`.
fn sides(
    tree: &AreaTree,
    areas: &[AreaIndex],
    level: Level,
    locate: impl FnOnce() -> Option<AreaIndex>,
) -> [AreaIndex; 2] {
    let mut own = areas.iter().copied().filter(|&area| tree.area(area).level == level);
    if let Some(first) = own.next() {
        return [first, own.next().unwrap_or(NO_AREA)];
    }
    // A border inside an area of the level, or of a larger level whose
    // vertices are others: one area, and thus no wall.
    let above = areas.iter().find_map(|&area| tree.ancestor_at(area, level));
    [above.or_else(locate).unwrap_or(NO_AREA); 2]
}

#[cfg(test)]
mod tests {
    use super::super::{borders, line_mesh, testing};
    use super::*;

    fn mesh(tree: &AreaTree, level: Level) -> RaisedMesh {
        let rings = Rings::new(tree, |point| point.map(|value| value * 1e4));
        raised_mesh(tree, &rings, level, |_| None)
    }

    #[test]
    fn the_same_borders_are_drawn_as_on_a_flat_map() {
        let tree = testing::tiling(10, 2);
        let rings = Rings::new(&tree, |point| point.map(|value| value * 1e4));
        let flat = line_mesh(&rings, &borders(&tree, &rings));
        let raised = mesh(&tree, Level::Grid);
        let ends = |a: [f32; 2], b: [f32; 2]| [a, b].map(|end| end.map(f32::to_bits));
        let sorted = |mut list: Vec<[[u32; 2]; 2]>| {
            list.sort_unstable();
            list
        };
        let is_outer = |style: u32| style == LineClass::Outer.style();
        let of = |outer: bool| raised.segments.iter().filter(move |s| is_outer(s.style) == outer);
        assert_eq!(
            sorted(of(false).map(|s| ends(s.a, s.b)).collect()),
            sorted(flat.segments.iter().map(|s| ends(s.a, s.b)).collect())
        );
        assert_eq!(
            sorted(of(true).map(|s| ends(s.a, s.b)).collect()),
            sorted(flat.segments.iter().filter(|s| is_outer(s.style)).map(|s| ends(s.a, s.b)).collect())
        );
        assert!(of(true).all(|s| s.sides == [NO_AREA; 2]));
        assert_eq!(raised.chunks.last().map(|chunk| chunk.range.end as usize), Some(raised.segments.len()));
        assert_eq!(size_of::<RaisedSegment>(), 28);
    }

    #[test]
    fn walls_stand_between_two_areas_of_the_level_and_around_all() {
        let n = 10;
        let tree = testing::tiling(n, 2);
        let count = |mesh: &RaisedMesh, is: &dyn Fn([AreaIndex; 2]) -> bool| {
            mesh.segments.iter().filter(|segment| is(segment.sides)).count()
        };
        let grids = mesh(&tree, Level::Grid);
        assert_eq!(count(&grids, &|[l, r]| l != r && r != NO_AREA), 2 * n * (n + 1) - 4 * n);
        assert_eq!(count(&grids, &|[l, r]| l != r && r == NO_AREA), 4 * n);
        // Between the communities runs one border; those of the grids lie inside.
        let communities = mesh(&tree, Level::Community);
        assert_eq!(count(&communities, &|[l, r]| l != r && r != NO_AREA), n);
        assert_eq!(count(&communities, &|[l, r]| l == r && l != NO_AREA), 2 * n * (n + 1) - 5 * n);
        let sides = communities.segments.iter().map(|segment| segment.sides[0]).filter(|&side| side != NO_AREA);
        assert!(sides.into_iter().all(|side| tree.area(side).level == Level::Community));
    }

    #[test]
    fn borders_that_share_no_vertices_with_the_level_lie_on_what_is_there() {
        let square = |side: f64| {
            crate::domain::geometry::Shape::from_ring(vec![[0.0, 0.0], [side, 0.0], [side, side], [0.0, side]])
        };
        let (tree, _) = AreaTree::build(vec![
            testing::area("S", None, Level::Street, square(1.0)),
            testing::area("C", Some("S"), Level::Community, square(1.1)),
        ]);
        let rings = Rings::new(&tree, |point| point.map(|value| value * 1e4));
        let raised = raised_mesh(&tree, &rings, Level::Community, |_| Some(1));
        let style = LineClass::Level(Level::Street).style();
        let of_street = raised.segments.iter().filter(|segment| segment.style == style);
        assert!(of_street.clone().count() == 4 && of_street.clone().all(|segment| segment.sides == [1, 1]));
    }
}
