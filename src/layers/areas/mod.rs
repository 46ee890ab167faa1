//! Areas: fill by a figure, borders by level, outlines of what is in focus.
//!
//! Geometry is built on the task pool: when the areas change, as coarse as the
//! whole jurisdiction on the screen needs it; finer when the zoom first needs
//! that (see [`lods`]). A change of a figure writes one style per area
//! ([`style`]) and touches no vertex; a change of the view only picks which
//! level of detail, and which chunks of it, are drawn.

pub mod geometry;
mod lods;
pub mod raise;
pub mod style;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use super::WallTheme;
use super::gpu::MapScene;
use crate::config::Layer;
use crate::domain::area::{AreaIndex, AreaTree, Level};
use crate::domain::crs::Projection;
use crate::domain::geometry::Bounds;
use crate::map::{Hover, MapView, picked_level};
use crate::model::{Areas, Focus, Patrols, Visible, Waker, WallConfig, Warnings};
use geometry::{Anchor, Borders, Detail, LineClass, Rings, Segment, borders, fill_mesh, label_anchors, line_mesh};
use lods::{INVISIBLE_PX, Lod, Lods};
use style::{StyleKey, line_table};

/// Rows of the line table. Borders take [`LineClass::style`].
pub mod rows {
    /// Roads by rank: 8, 9, 10.
    pub const ROAD: u32 = 8;
    /// A street that nobody walked.
    pub const MISSED: u32 = 11;
    /// Outline of an area that is warned of.
    pub const WARNING: u32 = 12;
    /// Outline of the area in focus.
    pub const FOCUS: u32 = 13;
    /// Outline of the area under the hand.
    pub const HOVER: u32 = 14;
}

/// What was built from the areas.
#[derive(Resource, Default)]
pub struct AreaLayer {
    /// Where names go, by area.
    pub anchors: Arc<Vec<Option<Anchor>>>,
    /// Upper bounds of the classes of the fill, in the unit of the figure.
    pub breaks: Vec<f64>,
    /// Whether an area at the filled level has no value.
    pub has_missing: bool,
    /// Level that is filled, when there are areas.
    pub fill_level: Option<Level>,
    /// Areas' revision that the geometry belongs to; 0 while there is none.
    pub built_revision: u64,
    /// Mean extent of an area by level, local metres.
    mean_side_m: Vec<(Level, f64)>,
    lods: Lods,
    building: Option<Task<Built>>,
    refining: Option<Task<Refined>>,
    wanted_revision: u64,
    styled: StyleKey,
    highlighted: Option<([u64; 3], Option<AreaIndex>, Option<AreaIndex>)>,
}

/// What the whole jurisdiction on the screen needs.
struct Built {
    revision: u64,
    lods: Lods,
    anchors: Vec<Option<Anchor>>,
    mean_side_m: Vec<(Level, f64)>,
}

/// A finer level of detail of the areas of `revision`.
struct Refined {
    revision: u64,
    tolerance_m: f32,
    lod: Lod,
}

impl AreaLayer {
    /// The layer of areas of this revision, built at once: what benchmarks of
    /// what stands on it begin with.
    pub fn built_at_once(revision: u64, tree: &AreaTree, projection: &Projection) -> Self {
        let mut layer = Self::default();
        layer.take(build(revision, tree, projection));
        layer
    }

    fn take(&mut self, built: Built) {
        self.anchors = Arc::new(built.anchors);
        self.mean_side_m = built.mean_side_m;
        self.built_revision = built.revision;
        self.styled = StyleKey::default();
        self.highlighted = None;
        self.lods = built.lods;
    }

    /// Mean extent of an area of `level`, local metres; 0 when there is none.
    pub fn mean_side_m(&self, level: Level) -> f64 {
        self.mean_side_m.iter().find(|(l, _)| *l == level).map_or(0.0, |(_, side)| *side)
    }

    /// Writes all styles anew in the next frame.
    pub fn restyle(&mut self) {
        self.styled = StyleKey::default();
    }

    /// Whether the geometry of the newest areas is still being built.
    pub fn is_building(&self) -> bool {
        self.building.is_some()
    }

    /// Whether the level of detail that the zoom needs is still being built.
    pub fn is_refining(&self) -> bool {
        self.refining.is_some()
    }
}

/// Starts a build when the areas changed and takes over a finished one.
pub(super) fn build_geometry(mut layer: ResMut<AreaLayer>, areas: Res<Areas>, waker: Res<Waker>) {
    if let Some(task) = &mut layer.building
        && let Some(built) = block_on(poll_once(task))
    {
        layer.building = None;
        layer.take(built);
    }
    if areas.revision != layer.wanted_revision && layer.building.is_none() {
        layer.wanted_revision = areas.revision;
        // What is being refined is of the past.
        layer.refining = None;
        let (tree, projection, revision) = (Arc::clone(&areas.tree), areas.projection, areas.revision);
        let waker = waker.clone();
        layer.building = Some(AsyncComputeTaskPool::get().spawn(async move {
            let built = build(revision, &tree, &projection);
            (waker.0)();
            built
        }));
    }
}

/// Pixels across which the whole jurisdiction is taken to be shown first.
const FITTED_PX: f64 = 1_000.0;

/// Tolerances of the levels of detail, coarse to fine, four times finer each:
/// the first is as coarse as the fitted view allows, the last is exact. Those
/// that would spare little are left out.
fn tolerances_m(rings: &Rings, detail: &Detail) -> Vec<f32> {
    let size = rings.bounds().size();
    let fitted_px_per_m = FITTED_PX / size[0].max(size[1]).max(1.0);
    let coarsest_m = 2.0_f64.powf((INVISIBLE_PX / fitted_px_per_m).log2().floor()) as f32;
    let mut count = detail.count(0.0);
    let mut list = vec![0.0];
    for tolerance_m in [coarsest_m / 16.0, coarsest_m / 4.0, coarsest_m] {
        let left = detail.count(tolerance_m);
        if (left as f32) < count as f32 * 0.7 {
            list.push(tolerance_m);
            count = left;
        }
    }
    list.reverse();
    list
}

/// What the whole jurisdiction on the screen needs, and the tolerances of what
/// is finer, metres.
fn build(revision: u64, tree: &AreaTree, projection: &Projection) -> Built {
    let rings = Rings::new(tree, |point| projection.local_from_lonlat(point));
    let borders = borders(tree, &rings);
    let detail = Detail::of(&rings, &borders);
    let mut finer_m = tolerances_m(&rings, &detail);
    let coarsest_m = finer_m.remove(0);
    // Not needed for what is coarse, and large.
    let reduced = (coarsest_m > 0.0).then(|| detail.reduced(&rings, coarsest_m));
    // Side by side, so that one's steps on a single processor leave none idle.
    let (lod, (anchors, mean_side_m)) = rayon::join(
        || match &reduced {
            Some(reduced) => cut(tree, reduced, None),
            None => cut(tree, &rings, Some(&borders)),
        },
        || (label_anchors(&rings, &detail), mean_sides(tree, &rings)),
    );
    Built { revision, lods: Lods::new(revision, coarsest_m, lod, &finer_m), anchors, mean_side_m }
}

/// One finer level of detail, from the boundaries themselves: what could be
/// kept from the first build is as large as all that it would save.
fn refine(tree: &AreaTree, projection: &Projection, tolerance_m: f32) -> Lod {
    let rings = Rings::new(tree, |point| projection.local_from_lonlat(point));
    if tolerance_m > 0.0 {
        let detail = Detail::of(&rings, &borders(tree, &rings));
        cut(tree, &detail.reduced(&rings, tolerance_m), None)
    } else {
        cut(tree, &rings, None)
    }
}

/// Fills and borders of `rings`, whose shared stretches may be `known`.
fn cut(tree: &AreaTree, rings: &Rings, known: Option<&Borders>) -> Lod {
    let lines = || known.map_or_else(|| line_mesh(rings, &borders(tree, rings)), |known| line_mesh(rings, known));
    let (fill, lines) = rayon::join(|| fill_mesh(tree, rings), lines);
    Lod { fill: Arc::new(fill), lines: Arc::new(lines) }
}

/// Puts the level of detail into the scene that the zoom needs, and has it
/// built where it is not there.
pub(super) fn pick_detail(
    mut layer: ResMut<AreaLayer>,
    mut scene: ResMut<MapScene>,
    areas: Res<Areas>,
    view: Res<MapView>,
    time: Res<Time<Real>>,
    waker: Res<Waker>,
) {
    let now = time.elapsed();
    if let Some(task) = &mut layer.refining
        && let Some(Refined { revision, tolerance_m, lod }) = block_on(poll_once(task))
    {
        layer.refining = None;
        layer.lods.insert(revision, tolerance_m, lod, now);
    }
    let picked = layer.lods.pick(view.camera.px_per_m, now);
    if let Some(lod) = picked.changed {
        scene.fill = lod.fill;
        scene.lines = lod.lines;
    }
    // Of areas that are on their way out nothing more is built.
    let is_current = layer.built_revision == areas.revision && layer.building.is_none();
    if let Some(tolerance_m) = picked.missing_m.filter(|_| is_current && layer.refining.is_none()) {
        let (tree, projection, revision) = (Arc::clone(&areas.tree), areas.projection, areas.revision);
        let waker = waker.clone();
        layer.refining = Some(AsyncComputeTaskPool::get().spawn(async move {
            let lod = refine(&tree, &projection, tolerance_m);
            (waker.0)();
            Refined { revision, tolerance_m, lod }
        }));
    }
}

/// How long the geometry takes, for benchmarks: until the whole jurisdiction
/// can be drawn, and then the exact one for a near view; milliseconds.
pub fn time_build(tree: &AreaTree, projection: &Projection) -> (f64, f64) {
    let started = std::time::Instant::now();
    std::hint::black_box(build(0, tree, projection));
    let first_ms = started.elapsed().as_secs_f64() * 1_000.0;
    let started = std::time::Instant::now();
    std::hint::black_box(refine(tree, projection, 0.0));
    (first_ms, started.elapsed().as_secs_f64() * 1_000.0)
}

/// Side of a square as large as the mean box of an area, by level, local metres.
fn mean_sides(tree: &AreaTree, rings: &Rings) -> Vec<(Level, f64)> {
    tree.levels()
        .into_iter()
        .map(|level| {
            let (mut sum, mut count) = (0.0, 0.0_f64);
            for index in tree.at_level(level).filter(|&index| !rings.of(index).is_empty()) {
                let [width, height] = Bounds::of(rings.of(index)).size();
                sum += width * height;
                count += 1.0;
            }
            (level, (sum / count.max(1.0)).sqrt())
        })
        .collect()
}

/// Picks what is drawn: chunks in view, of the levels that the zoom shows.
pub(super) fn draw_lists(
    mut scene: ResMut<MapScene>,
    layer: Res<AreaLayer>,
    areas: Res<Areas>,
    focus: Res<Focus>,
    visible: Res<Visible>,
    view: Res<MapView>,
    config: Res<WallConfig>,
    theme: Res<WallTheme>,
) {
    let scene = &mut *scene;
    scene.line_table = line_table(&theme.0, &layer, &view);
    scene.glow = theme.0.glow;
    scene.fill_draws.clear();
    scene.line_draws.clear();
    scene.glow_draws.clear();
    if !visible.has(Layer::Areas) {
        return;
    }
    let in_view = view.visible_bounds();
    let base = picked_level(&areas, &Focus::default(), config.0.map.fill_level);
    let shown = picked_level(&areas, &focus, config.0.map.fill_level);
    for chunk in &scene.fill.chunks {
        if (Some(chunk.level) == base || Some(chunk.level) == shown) && chunk.bounds.intersects(&in_view) {
            push_range(&mut scene.fill_draws, chunk.indices.clone());
        }
    }
    for chunk in &scene.lines.chunks {
        let style = &scene.line_table[chunk.class.style() as usize];
        if style.color[3] < 0.02 || !chunk.bounds.intersects(&in_view) {
            continue;
        }
        push_range(&mut scene.line_draws, chunk.range.clone());
        if chunk.class == LineClass::Outer && theme.0.glow {
            push_range(&mut scene.glow_draws, chunk.range.clone());
        }
    }
}

/// Appends a range, joined to the last one where they touch: one draw call.
fn push_range(ranges: &mut Vec<Range<u32>>, range: Range<u32>) {
    match ranges.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => ranges.push(range),
    }
}

/// Streets that nobody walked, and outlines of the areas that are warned of, in
/// focus and under the hand.
pub(super) fn highlight(
    mut layer: ResMut<AreaLayer>,
    mut scene: ResMut<MapScene>,
    areas: Res<Areas>,
    focus: Res<Focus>,
    hover: Res<Hover>,
    warnings: Res<Warnings>,
    patrols: Res<Patrols>,
) {
    let focused = focus.area(&areas);
    let key = ([layer.built_revision, warnings.revision, patrols.revision], focused, hover.area);
    if layer.highlighted == Some(key) {
        return;
    }
    let mut segments = Vec::new();
    let missed = patrols.coverage(&areas, focused).map_or(&[][..], |coverage| &coverage.missed);
    for pair in missed.iter().flat_map(|line| line.windows(2)) {
        let [a, b] = [pair[0], pair[1]].map(|at| at.map(|v| v as f32));
        segments.push(Segment { a, b, style: rows::MISSED });
    }
    let warned = warnings.outlook(&areas).warnings().iter().filter(|_| warnings.are_shown);
    let warned: BTreeSet<AreaIndex> = warned.map(|warning| warning.area).collect();
    let warned = warned.into_iter().map(|area| (Some(area), rows::WARNING));
    for (index, row) in warned.chain([(hover.area, rows::HOVER), (focused, rows::FOCUS)]) {
        let Some(index) = index.filter(|&i| (i as usize) < areas.tree.len()) else { continue };
        for ring in areas.tree.area(index).shape.rings() {
            let points: Vec<[f32; 2]> =
                ring.iter().map(|&p| areas.projection.local_from_lonlat(p).map(|v| v as f32)).collect();
            for (i, &a) in points.iter().enumerate() {
                segments.push(Segment { a, b: points[(i + 1) % points.len()], style: row });
            }
        }
    }
    scene.highlights = Arc::new(segments);
    layer.highlighted = Some(key);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bevy::tasks::TaskPool;

    use super::geometry::testing;
    use super::*;
    use crate::domain::geometry::{LonLat, Shape};

    const VERTICES: usize = 20_000;

    /// One area, a circle of some ten kilometres with a vertex every few metres.
    fn circle(radius_deg: f64) -> Arc<AreaTree> {
        let ring = (0..VERTICES).map(|i| {
            let (sin, cos) = (i as f64 / VERTICES as f64 * std::f64::consts::TAU).sin_cos();
            [radius_deg * cos, radius_deg * sin]
        });
        Arc::new(AreaTree::build(vec![testing::area("a", None, Level::Grid, Shape::from_ring(ring.collect()))]).0)
    }

    /// The systems that build and pick, and nothing else.
    fn app(tree: Arc<AreaTree>, px_per_m: f64) -> App {
        AsyncComputeTaskPool::get_or_init(TaskPool::new);
        let mut app = App::new();
        app.init_resource::<AreaLayer>()
            .init_resource::<Areas>()
            .init_resource::<MapView>()
            .init_resource::<MapScene>()
            .init_resource::<Waker>()
            .init_resource::<Time<Real>>()
            .add_systems(Update, (build_geometry, pick_detail).chain());
        deliver(&mut app, tree, 1);
        app.world_mut().resource_mut::<MapView>().camera.px_per_m = px_per_m;
        app
    }

    fn deliver(app: &mut App, tree: Arc<AreaTree>, revision: u64) {
        let mut areas = app.world_mut().resource_mut::<Areas>();
        areas.projection = Projection::new(LonLat::default());
        (areas.tree, areas.revision) = (tree, revision);
    }

    fn run_until(app: &mut App, is_done: impl Fn(&AreaLayer) -> bool) {
        for _ in 0..60_000 {
            app.update();
            if is_done(app.world().resource::<AreaLayer>()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("the geometry does not come");
    }

    fn is_at_rest(layer: &AreaLayer, revision: u64) -> bool {
        layer.built_revision == revision && !layer.is_building() && !layer.is_refining()
    }

    fn drawn(app: &App) -> &Arc<geometry::FillMesh> {
        &app.world().resource::<MapScene>().fill
    }

    #[test]
    fn the_exact_geometry_comes_when_it_is_needed_and_goes_when_it_is_not() {
        let mut app = app(circle(0.1), 0.04);
        run_until(&mut app, |layer| is_at_rest(layer, 1));
        let far = drawn(&app).vertices.len();
        assert!(far < VERTICES / 10, "{far}");
        app.world_mut().resource_mut::<MapView>().camera.px_per_m = 10.0;
        app.update();
        assert_eq!(drawn(&app).vertices.len(), far);
        run_until(&mut app, |layer| is_at_rest(layer, 1));
        assert_eq!(drawn(&app).vertices.len(), VERTICES);
        let exact = Arc::downgrade(drawn(&app));
        app.world_mut().resource_mut::<MapView>().camera.px_per_m = 0.04;
        app.update();
        assert_eq!(drawn(&app).vertices.len(), far);
        assert!(exact.upgrade().is_some());
        app.world_mut().resource_mut::<Time<Real>>().advance_by(Duration::from_secs(60));
        app.update();
        assert!(exact.upgrade().is_none());
    }

    #[test]
    fn areas_that_change_while_a_finer_level_is_built_leave_nothing_behind() {
        let mut app = app(circle(0.1), 10.0);
        run_until(&mut app, AreaLayer::is_refining);
        let larger = circle(0.2);
        deliver(&mut app, Arc::clone(&larger), 2);
        run_until(&mut app, |layer| is_at_rest(layer, 2));
        let exact = refine(&larger, &Projection::new(LonLat::default()), 0.0);
        assert_eq!(**drawn(&app), *exact.fill);
        assert_eq!(*app.world().resource::<MapScene>().lines, *exact.lines);
    }

    #[test]
    fn touching_ranges_become_one_draw_call() {
        let mut ranges = Vec::new();
        for range in [0..3, 3..9, 12..15] {
            push_range(&mut ranges, range);
        }
        assert_eq!(ranges, [0..9, 12..15]);
    }
}
