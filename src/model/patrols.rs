//! How much of the streets patrols walked in the window of the map, worked out
//! on a task; see [`crate::domain::coverage`].

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use super::{Areas, Focus, Points, Visible, Waker, WallClock};
use crate::config::Layer;
use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::context::{ContextFeature, ContextKind};
use crate::domain::coverage::{Coverage, coverage};
use crate::domain::crs::Projection;
use crate::domain::geometry::LonLat;
use crate::domain::spatial::AreaLocator;
use crate::domain::time::Time as Instant1970;
use crate::domain::track::Track;

/// Who walks this far beside a street's middle still walks in it, metres: half
/// a wide street, and what a receiver is off between houses.
const REACH_M: f64 = 25.0;

/// Shown time after which it is worked out anew.
const SLOT_MILLIS: i64 = 5 * 60_000;

/// What patrols walked, while their tracks are shown.
#[derive(Resource, Default)]
pub struct Patrols {
    coverage: Coverage,
    /// What that is of.
    known: Option<LookKey>,
    looking: Option<(LookKey, Task<Coverage>)>,
    /// Grows with each look.
    pub revision: u64,
}

/// What a look depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LookKey {
    tracks: u64,
    context: u64,
    areas: u64,
    focus: Option<AreaIndex>,
    slot: i64,
    window_secs: u64,
}

impl Patrols {
    /// The streets of an area, or of all of them, and how much of them was
    /// walked; `None` while that is not known.
    pub fn coverage(&self, areas: &Areas, focus: Option<AreaIndex>) -> Option<&Coverage> {
        let is_of = |key: LookKey| (key.areas, key.focus) == (areas.revision, focus);
        self.known.is_some_and(is_of).then_some(&self.coverage)
    }

    /// Whether somebody is looking.
    pub fn is_looking(&self) -> bool {
        self.looking.is_some()
    }
}

/// All that a look reads.
struct Ground {
    streets: Vec<Arc<Vec<ContextFeature>>>,
    tracks: Vec<Arc<Vec<Track>>>,
    tree: Arc<AreaTree>,
    locator: Arc<AreaLocator>,
    projection: Projection,
    focus: Option<AreaIndex>,
    window: [Instant1970; 2],
}

impl Ground {
    fn look(&self) -> Coverage {
        let local = |at: &LonLat| self.projection.local_from_lonlat([at.lon, at.lat]);
        let lines = self.streets.iter().flat_map(|set| set.iter()).filter(|feature| feature.kind == ContextKind::Road);
        let lines: Vec<Vec<[f64; 2]>> = lines
            .flat_map(|feature| &feature.lines)
            .map(|line| line.iter().map(|&at| self.projection.local_from_lonlat(at)).collect())
            .collect();
        let counts = |at: [f64; 2]| {
            let [lon, lat] = self.projection.lonlat_from_local(at);
            let found = self.locator.locate_deepest(LonLat::new(lon, lat));
            found.is_some_and(|area| self.focus.is_none_or(|focus| self.tree.is_within(area, focus)))
        };
        let [first, last] = self.window;
        let walks = self.tracks.iter().flat_map(|set| set.iter()).flat_map(|track| {
            let start = track.points.partition_point(|&(at, _)| at < first);
            let end = track.points.partition_point(|&(at, _)| at <= last);
            track.points[start..end.max(start)].windows(2).map(|pair| [local(&pair[0].1), local(&pair[1].1)])
        });
        coverage(lines.iter().map(Vec::as_slice), counts, walks, REACH_M)
    }
}

/// Looks anew when tracks, streets, areas, focus or window changed, and with
/// the clock, while tracks are shown.
pub(super) fn recompute(
    mut patrols: ResMut<Patrols>,
    points: Res<Points>,
    areas: Res<Areas>,
    focus: Res<Focus>,
    clock: Res<WallClock>,
    visible: Res<Visible>,
    waker: Res<Waker>,
) {
    if let Some((of, task)) = &mut patrols.looking
        && let Some(coverage) = block_on(poll_once(task))
    {
        let of = *of;
        patrols.looking = None;
        patrols.coverage = coverage;
        patrols.known = Some(of);
        patrols.revision += 1;
    }
    let has_tracks = points.tracks().any(|set| !set.is_empty());
    if !visible.has(Layer::Tracks) || !has_tracks || areas.revision == 0 {
        if patrols.known.is_some() {
            *patrols = Patrols { revision: patrols.revision + 1, ..Patrols::default() };
        }
        return;
    }
    let now = clock.now();
    let wanted = LookKey {
        tracks: points.tracks_revision,
        context: points.context_revision,
        areas: areas.revision,
        focus: focus.area(&areas),
        slot: now.0.div_euclid(SLOT_MILLIS),
        window_secs: visible.window_secs.to_bits(),
    };
    if patrols.looking.is_some() || patrols.known == Some(wanted) {
        return;
    }
    let ground = Ground {
        streets: points.context_sets(),
        tracks: points.tracks().cloned().collect(),
        tree: Arc::clone(&areas.tree),
        locator: Arc::clone(&areas.locator),
        projection: areas.projection,
        focus: wanted.focus,
        window: [now.plus_millis(-(visible.window_secs * 1_000.0) as i64), now],
    };
    let waker = waker.clone();
    let task = AsyncComputeTaskPool::get().spawn(async move {
        let coverage = ground.look();
        (waker.0)();
        coverage
    });
    patrols.looking = Some((wanted, task));
}
