//! Patrol tracks: where workers walked up to the shown instant, fading with age,
//! with the way they went, and where they are.
//!
//! In: tracks, areas (for the plane), the view, the clock. Out:
//! [`TrackFrame`](super::gpu::TrackFrame) of the scene.
//!
//! Geometry is built on the task pool when tracks or areas changed, and uploaded
//! once, with the instant of each point: the shader cuts the tracks off at the
//! shown instant and fades them. A turn of the clock writes one uniform, and the
//! places of the heads; a change of the view picks a level of detail and the
//! chunks in view. While a worker is picked, all others step back: the uniform
//! says which points are not to.

pub mod geometry;

use std::ops::Range;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use super::WallTheme;
use super::gpu::{MapScene, TrackUniform};
use crate::config::Layer;
use crate::domain::geometry::Bounds;
use crate::domain::time::Time as Instant1970;
use crate::domain::track::{TRACE_SECS, Track};
use crate::map::MapView;
use crate::model::{Areas, PointKey, Points, Selection, Visible, Waker, WallClock};
use crate::theme::{Rgba, Theme};
use geometry::{TrackLevel, TrackMesh, nearest, track_mesh};

/// A stretch walked longer ago than this is at its faintest.
const TAIL_SECS: f32 = 1.5 * 3_600.0;
/// Brightness of the faintest stretch as the eye takes it, 0–1.
const FAINTEST: f32 = 0.34;

/// Brightness of the tracks of others while a worker is picked, as the eye
/// takes it, 0–1.
const OTHERS: f32 = 0.45;

/// Pixels by which a track may be off without anybody seeing it, and by which
/// one may be that is at its faintest.
const INVISIBLE_PX: [f64; 2] = [0.7, 2.0];
/// Pieces of line after which coarser levels are taken although it is seen …
const MANY_PIECES: usize = 60_000;
/// … but none that is off by more pixels than this.
const MOST_OFF_PX: f64 = 3.0;

/// An `f32` is exact to 0.1 s for eleven days; a mesh is built anew well before.
const EPOCH_REACH_SECS: f64 = 5.0 * 86_400.0;

/// What was built from the tracks.
#[derive(Resource, Default)]
pub struct TrackLayer {
    mesh: Arc<TrackMesh>,
    /// Revisions of tracks and areas that the mesh belongs to.
    built: (u64, u64),
    building: Option<Task<Built>>,
    /// What the heads in the scene belong to.
    heads_of: Option<(u64, u64, Instant1970)>,
    /// The walk that is picked, and the mesh and selection that it was found in.
    picked: (Option<usize>, Option<(u64, u64, u64)>),
    /// Whether it was said that points are left out.
    is_cut: bool,
    /// How long the last build took, milliseconds.
    pub build_ms: f64,
}

struct Built {
    of: (u64, u64),
    mesh: TrackMesh,
    took_ms: f64,
}

impl TrackLayer {
    /// Whether geometry is still being built.
    pub fn is_building(&self) -> bool {
        self.building.is_some()
    }

    /// Whether the geometry is of this revision of the tracks.
    pub fn is_of(&self, tracks_revision: u64) -> bool {
        self.built.0 == tracks_revision && self.building.is_none()
    }

    /// The walk of the worker whose card is open.
    fn picked(&mut self, selection: &Selection) -> Option<usize> {
        let of = Some((self.built.0, self.built.1, selection.revision));
        if self.picked.1 != of {
            let walk = match &selection.points[..] {
                [PointKey::Worker(id)] => self.mesh.walk_of(id),
                _ => None,
            };
            self.picked = (walk, of);
        }
        self.picked.0
    }
}

/// Starts a build when tracks or areas changed, or the shown instant is far from
/// what instants are counted from, and takes over a finished one.
pub(super) fn build(
    mut layer: ResMut<TrackLayer>,
    points: Res<Points>,
    areas: Res<Areas>,
    clock: Res<WallClock>,
    waker: Res<Waker>,
) {
    if let Some(task) = &mut layer.building
        && let Some(built) = block_on(poll_once(task))
    {
        // Tracks come every few seconds: said once, until all fit again.
        let was_cut = std::mem::replace(&mut layer.is_cut, built.mesh.left_out > 0);
        if layer.is_cut && !was_cut {
            tracing::warn!(points = built.mesh.left_out, "轨迹点过多或位置无效,最早的一部分没有画");
        }
        layer.building = None;
        layer.built = built.of;
        layer.build_ms = built.took_ms;
        layer.mesh = Arc::new(built.mesh);
        layer.heads_of = None;
        layer.picked.1 = None;
    }
    let wanted = (points.tracks_revision, areas.revision);
    let near = nearest(layer.mesh.span, clock.now());
    let is_far = !layer.mesh.is_empty() && near.secs_since(layer.mesh.epoch).abs() > EPOCH_REACH_SECS;
    // Without areas there is no plane to draw in.
    if layer.building.is_some() || areas.revision == 0 || (layer.built == wanted && !is_far) {
        return;
    }
    let sets: Vec<Arc<Vec<Track>>> = points.tracks().map(Arc::clone).collect();
    let (projection, now, waker) = (areas.projection, clock.now(), waker.clone());
    layer.building = Some(AsyncComputeTaskPool::get().spawn(async move {
        let started = std::time::Instant::now();
        let sets: Vec<&[Track]> = sets.iter().map(|set| set.as_slice()).collect();
        let mesh = track_mesh(&sets, now, |place| projection.local_from_lonlat(place));
        (waker.0)();
        Built { of: wanted, mesh, took_ms: started.elapsed().as_secs_f64() * 1_000.0 }
    }));
}

/// Tells the scene what to draw of the tracks.
pub(super) fn draw(
    mut layer: ResMut<TrackLayer>,
    mut scene: ResMut<MapScene>,
    visible: Res<Visible>,
    view: Res<MapView>,
    clock: Res<WallClock>,
    theme: Res<WallTheme>,
    selection: Res<Selection>,
) {
    let frame = &mut scene.tracks;
    frame.mesh = Arc::clone(&layer.mesh);
    frame.draws.clear();
    if !visible.has(Layer::Tracks) || layer.mesh.is_empty() {
        frame.heads = Arc::default();
        layer.heads_of = None;
        return;
    }
    let now = clock.now();
    let key = (layer.built.0, layer.built.1, now);
    if layer.heads_of != Some(key) {
        layer.heads_of = Some(key);
        frame.heads = Arc::new(layer.mesh.heads(now, TRACE_SECS));
    }
    let picked = layer.picked(&selection);
    let now_secs = layer.mesh.secs_at(now);
    let levels;
    (levels, frame.draws) = draws(&layer.mesh, &view.visible_bounds(), view.camera.px_per_m, now_secs);
    frame.style = style(&theme.0, &view, now_secs);
    if let Some(walk) = picked {
        let [fresh, faint] = levels.map(|level| layer.mesh.points_of(walk, level));
        frame.style.picked = [fresh.start, fresh.end, faint.start, faint.end];
        frame.style.picked_walk = walk as u32;
        frame.style.others = OTHERS;
    }
}

/// The levels that the zoom needs, and the ranges of their points in view.
fn draws(mesh: &TrackMesh, in_view: &Bounds, px_per_m: f64, now_secs: f32) -> ([usize; 2], Vec<Range<u32>>) {
    let off_px = |level: &TrackLevel| f64::from(level.tolerance_m) * px_per_m;
    // The coarsest that is off by no more; the first is exact.
    let coarsest = |most_px: f64| mesh.levels.iter().skip(1).take_while(|level| off_px(level) <= most_px).count();
    let most = coarsest(MOST_OFF_PX);
    let mut wanted = INVISIBLE_PX.map(coarsest);
    loop {
        let ranges = ranges(&mesh.levels, wanted, in_view, now_secs);
        let pieces: usize = ranges.iter().map(|range| range.len()).sum();
        if pieces <= MANY_PIECES || wanted == [most; 2] {
            return (wanted, ranges);
        }
        wanted = wanted.map(|level| most.min(level + 1));
    }
}

/// Ranges of the chunks in view: of the first level where somebody walked of
/// late, of the second elsewhere.
fn ranges(levels: &[TrackLevel], wanted: [usize; 2], in_view: &Bounds, now_secs: f32) -> Vec<Range<u32>> {
    let [Some(fresh), Some(faint)] = wanted.map(|level| levels.get(level)) else { return Vec::new() };
    let mut ranges: Vec<Range<u32>> = Vec::new();
    // Every level has the same chunks.
    for (fresh, faint) in fresh.chunks.iter().zip(&faint.chunks) {
        let [first, last] = fresh.times_secs;
        if first > now_secs || now_secs - last > TRACE_SECS || !fresh.bounds.intersects(in_view) {
            continue;
        }
        let range = if now_secs - last > TAIL_SECS { &faint.range } else { &fresh.range };
        // One draw call for what lies side by side.
        match ranges.last_mut() {
            Some(before) if before.end == range.start => before.end = range.end,
            _ => ranges.push(range.clone()),
        }
    }
    ranges
}

/// Design units per metre from which heads are badges, as points are.
const BADGE_U_PER_M: f64 = 0.42;

/// Least distance between two arrowheads, design units; twice that at most.
const MARK_EVERY_U: f64 = 72.0;

fn style(theme: &Theme, view: &MapView, now_secs: f32) -> TrackUniform {
    let u = view.unit_px;
    let u_per_m = view.camera.px_per_m / f64::from(u.max(1e-3));
    // From a city on the screen to a street.
    let grow = (u_per_m / 0.15).clamp(0.8, 6.0).sqrt() as f32;
    let color = |color: Rgba, alpha: f32| {
        let [r, g, b, _] = color.linear();
        [r, g, b, alpha]
    };
    // The same places on the way at every zoom: powers of two of a metre.
    let power = (MARK_EVERY_U / u_per_m.max(1e-9)).log2();
    let mark_every_m = power.ceil().clamp(-4.0, 40.0).exp2();
    // Those halfway fade in before they are due.
    let between = ((mark_every_m * u_per_m / MARK_EVERY_U - 1.5) / 0.5).clamp(0.0, 1.0) as f32;
    let is_badge = u_per_m >= BADGE_U_PER_M;
    let head_u = if is_badge { 26.0 * (0.5 + (u_per_m / BADGE_U_PER_M - 1.0)).clamp(0.5, 1.0) as f32 } else { 8.0 };
    TrackUniform {
        line_color: color(theme.good, 0.92),
        mark_color: color(theme.text, 0.95),
        casing_color: color(theme.ground, 0.75),
        head_color: color(if is_badge { theme.good } else { theme.text }, 1.0),
        stale_color: color(theme.offline, 1.0),
        now_secs,
        tail_secs: TAIL_SECS,
        trace_secs: TRACE_SECS,
        faintest: FAINTEST,
        width_px: 1.7 * grow * u,
        casing_px: 0.7 * grow * u,
        mark_px: (4.5 + 1.5 * grow) * u,
        mark_every_m: mark_every_m as f32,
        between,
        head_px: head_u * u,
        is_badge: f32::from(u8::from(is_badge)),
        others: 1.0,
        free_px: [view.free.min[0], view.free.min[1], view.free.max[0], view.free.max[1]],
        picked: [0; 4],
        picked_walk: u32::MAX,
        pad: [0; 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ThemeName;
    use crate::domain::geometry::LonLat;

    fn view(u_per_m: f64) -> MapView {
        let mut view = MapView::default();
        view.set_layout([1920.0, 1080.0], 1.0, Default::default());
        view.camera.px_per_m = u_per_m;
        view
    }

    /// Two tracks a kilometre apart, of many points each.
    fn mesh() -> TrackMesh {
        let track = |north_m: f64| Track {
            id: "t".into(),
            worker: "网格员 01".into(),
            area: None,
            points: (0..1_000)
                .map(|i| (Instant1970(i * 60_000), LonLat::new((i as f64 * 0.7).sin() * 30.0, north_m + i as f64)))
                .collect(),
        };
        track_mesh(&[[track(0.0), track(2_000.0)]], Instant1970(0), |place| place)
    }

    fn pieces(draws: &[Range<u32>]) -> usize {
        draws.iter().map(|range| range.len()).sum()
    }

    #[test]
    fn only_what_is_in_view_and_of_the_day_is_drawn() {
        let mesh = mesh();
        let all = Bounds { min: [-1e4; 2], max: [1e4; 2] };
        let south = Bounds { min: [-1e4; 2], max: [1e4, 1_100.0] };
        let now_secs = 1_000.0 * 60.0;
        let draws = |in_view: &Bounds, now_secs: f32| draws(&mesh, in_view, 10.0, now_secs).1;
        assert_eq!(draws(&all, now_secs), vec![Range { start: 0, end: 2_000 }]);
        assert_eq!(draws(&south, now_secs), vec![Range { start: 0, end: 1_000 }]);
        assert!(draws(&all, -1.0).is_empty());
        assert!(draws(&all, now_secs + TRACE_SECS).is_empty());
        // Early in the day the afternoon is not touched.
        assert!(pieces(&draws(&all, 600.0)) < 600);
    }

    #[test]
    fn far_away_less_is_drawn_and_it_is_as_near_as_pixels_tell() {
        let mesh = mesh();
        let all = Bounds { min: [-1e4; 2], max: [1e4; 2] };
        let mut last = usize::MAX;
        for px_per_m in [10.0, 0.3, 0.05, 0.001] {
            let drawn = pieces(&draws(&mesh, &all, px_per_m, 6e4).1);
            assert!(drawn <= last && drawn > 0);
            last = drawn;
        }
        assert!(last < 100);
    }

    #[test]
    fn a_picked_walk_is_known_by_its_points_at_the_levels_that_are_drawn() {
        let mut layer = TrackLayer { mesh: Arc::new(mesh()), ..TrackLayer::default() };
        let picked = |keys: &[PointKey], revision| {
            let mut selection = Selection::default();
            (selection.points, selection.revision) = (keys.to_vec(), revision);
            selection
        };
        let worker = |id: &str| PointKey::Worker(id.into());
        assert_eq!(layer.picked(&picked(&[], 0)), None);
        assert_eq!(layer.picked(&picked(&[worker("t")], 1)), Some(0));
        assert_eq!(layer.picked(&picked(&[worker("gone")], 2)), None);
        assert_eq!(layer.picked(&picked(&[worker("t"), worker("u")], 3)), None);
        let all = Bounds { min: [-1e4; 2], max: [1e4; 2] };
        let (levels, ranges) = draws(&layer.mesh, &all, 0.05, 6e4);
        let of = levels.map(|level| layer.mesh.points_of(0, level));
        let is_of = |point: u32| of.iter().any(|range| range.contains(&point));
        let drawn: Vec<u32> = ranges.iter().flat_map(Clone::clone).collect();
        // The first of two alike: half of what is drawn, and the first half.
        let count = drawn.iter().filter(|&&point| is_of(point)).count();
        assert!(count * 2 == drawn.len() && drawn[..count].iter().all(|&point| is_of(point)), "{count}");
    }

    #[test]
    fn arrowheads_keep_their_distance_and_their_places() {
        let theme = Theme::named(ThemeName::Midnight);
        for step in 0..200 {
            let u_per_m = 0.001 * 1.05_f64.powi(step);
            let style = style(&theme, &view(u_per_m), 0.0);
            let distance_u = f64::from(style.mark_every_m) * u_per_m;
            assert!((MARK_EVERY_U * 0.99..MARK_EVERY_U * 2.02).contains(&distance_u), "{distance_u}");
            assert_eq!(style.mark_every_m.log2().fract(), 0.0);
            // About to be due is fully there; far from it not at all.
            let is_due = distance_u > MARK_EVERY_U * 1.99;
            assert!(!is_due || style.between > 0.97);
            assert!(distance_u > MARK_EVERY_U * 1.5 || style.between == 0.0);
        }
    }
}
