//! The areas, linked and indexed off the frame thread.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use super::per_source::PerSource;
use super::{Events, Points, Waker};
use crate::domain::area::{Area, AreaTree};
use crate::domain::crs::Projection;
use crate::domain::finding::Finding;
use crate::domain::geometry::{Bounds, LonLat};
use crate::domain::health::SourceId;
use crate::domain::spatial::AreaLocator;

/// The areas of all sources, ready for use.
#[derive(Resource)]
pub struct Areas {
    /// The hierarchy; empty until the first source delivered.
    pub tree: Arc<AreaTree>,
    /// Which area holds a place.
    pub locator: Arc<AreaLocator>,
    /// Local metres ↔ degrees.
    pub projection: Projection,
    /// Bounds of all areas in local metres.
    pub bounds: Bounds,
    /// Orphans, duplicates and cycles across sources.
    pub findings: Vec<Finding>,
    /// Grows with each change; 0 while nothing came.
    pub revision: u64,
    /// How long the last build took, milliseconds.
    pub build_ms: f64,
    /// Bounds of all boundaries in degrees.
    degrees: Bounds,
    /// Bounds in degrees of the points that frame a map without boundaries.
    point_frame: Bounds,
    /// Shared with the tree: no boundary is held twice.
    per_source: PerSource<Vec<Arc<Area>>>,
    wanted: bool,
    building: Option<Task<Built>>,
}

struct Built {
    tree: AreaTree,
    locator: AreaLocator,
    projection: Projection,
    degrees: Bounds,
    bounds: Bounds,
    findings: Vec<Finding>,
    build_ms: f64,
}

impl Default for Areas {
    fn default() -> Self {
        let tree = AreaTree::default();
        Self {
            locator: Arc::new(AreaLocator::build(&tree)),
            tree: Arc::new(tree),
            projection: Projection::new(LonLat::default()),
            bounds: Bounds::EMPTY,
            findings: Vec::new(),
            revision: 0,
            build_ms: 0.0,
            degrees: Bounds::EMPTY,
            point_frame: Bounds::EMPTY,
            per_source: PerSource::default(),
            wanted: false,
            building: None,
        }
    }
}

impl Areas {
    /// Replaces what `source` delivered. The result shows once the background
    /// task has linked and indexed it; the old areas stay until then.
    pub fn replace(&mut self, source: SourceId, areas: Vec<Area>) {
        let is_same = |old: &Vec<Arc<Area>>| old.len() == areas.len() && old.iter().zip(&areas).all(|(a, b)| **a == *b);
        if self.per_source.get(source).is_some_and(is_same) {
            return;
        }
        // Collected, they would keep the memory that held them side by side.
        let mut shared = Vec::with_capacity(areas.len());
        shared.extend(areas.into_iter().map(Arc::new));
        self.per_source.insert(source, shared);
        self.wanted = true;
    }

    /// Forgets what sources other than these delivered.
    pub(super) fn retain(&mut self, keep: impl Fn(SourceId) -> bool) {
        self.wanted |= self.per_source.retain(keep);
    }

    /// Takes over the order of the sources: of areas with one code, the first
    /// counts.
    pub(super) fn set_order(&mut self, order: &[SourceId]) {
        self.wanted |= self.per_source.set_order(order);
    }

    /// Areas that sources delivered, shown or not.
    pub fn delivered(&self) -> usize {
        self.per_source.values().map(Vec::len).sum()
    }

    /// Something was delivered that is not shown yet.
    pub fn is_building(&self) -> bool {
        self.wanted || self.building.is_some()
    }
}

/// The share of events by which there must be more before they frame the map
/// anew: one in so many.
const FEW_MORE: u64 = 8;

/// Where there are no boundaries, points still have a place: the map is framed
/// by them, the central 98 % so that one stray point does not shrink the rest.
pub(super) fn frame_points(
    mut areas: ResMut<Areas>,
    events: Res<Events>,
    points: Res<Points>,
    mut framed: Local<Option<(u64, u64, u64)>>,
) {
    if !areas.degrees.is_empty() || areas.is_building() {
        return;
    }
    let seen = (events.counts.added as u64, points.cameras_revision, points.devices_revision);
    // It takes all events, and may place them all anew: not for each that comes.
    let is_much_the_same = |framed: (u64, u64, u64)| {
        (framed.1, framed.2) == (seen.1, seen.2) && seen.0.abs_diff(framed.0) <= framed.0 / FEW_MORE
    };
    if framed.is_some_and(is_much_the_same) {
        return;
    }
    let cameras = points.cameras().map(|(_, camera)| camera.at);
    let devices = points.devices().map(|device| device.at);
    let places = events.store.iter().filter_map(|event| event.at()).chain(cameras).chain(devices);
    let (mut lons, mut lats): (Vec<f64>, Vec<f64>) = places.map(|at| (at.lon, at.lat)).unzip();
    if lons.len() < 2 {
        return;
    }
    *framed = Some(seen);
    let degrees = Bounds::of(&[0.01, 0.99].map(|share| [at_share(&mut lons, share), at_share(&mut lats, share)]));
    if areas.bounds.is_empty() || !areas.point_frame.contains(degrees.min) || !areas.point_frame.contains(degrees.max) {
        areas.point_frame = degrees;
        let [lon, lat] = degrees.center();
        areas.projection = Projection::new(LonLat::new(lon, lat));
        areas.bounds = local_bounds(&degrees, &areas.projection);
        areas.revision += 1;
    }
}

/// The value below which `share` of the values lie, reordering them.
fn at_share(values: &mut [f64], share: f64) -> f64 {
    let at = ((values.len() - 1) as f64 * share).round() as usize;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

fn local_bounds(degrees: &Bounds, projection: &Projection) -> Bounds {
    let mut bounds = Bounds::EMPTY;
    if !degrees.is_empty() {
        bounds.grow(projection.local_from_lonlat(degrees.min));
        bounds.grow(projection.local_from_lonlat(degrees.max));
    }
    bounds
}

/// Starts a build when there is something new and takes over a finished one.
pub(super) fn poll_build(mut areas: ResMut<Areas>, waker: Res<Waker>) {
    if let Some(task) = &mut areas.bypass_change_detection().building {
        let Some(built) = block_on(poll_once(task)) else { return };
        areas.building = None;
        areas.tree = Arc::new(built.tree);
        areas.locator = Arc::new(built.locator);
        areas.projection = built.projection;
        areas.degrees = built.degrees;
        areas.bounds = built.bounds;
        areas.findings = built.findings;
        areas.build_ms = built.build_ms;
        areas.revision += 1;
    }
    if areas.wanted {
        areas.wanted = false;
        let all: Vec<Arc<Area>> = areas.per_source.values().flatten().cloned().collect();
        let waker = waker.clone();
        areas.building = Some(AsyncComputeTaskPool::get().spawn(async move {
            let built = build(all);
            (waker.0)();
            built
        }));
    }
}

/// Links and indexes areas as the background task does: for benchmarks.
pub fn link(all: Vec<Area>) -> (AreaTree, Projection) {
    let built = build(all);
    (built.tree, built.projection)
}

fn build<A: Into<Arc<Area>>>(all: Vec<A>) -> Built {
    let started = std::time::Instant::now();
    let (tree, findings) = AreaTree::build(all);
    let mut degrees = Bounds::EMPTY;
    for area in tree.areas() {
        degrees.merge(&area.shape.bounds());
    }
    let [lon, lat] = if degrees.is_empty() { [0.0, 0.0] } else { degrees.center() };
    let projection = Projection::new(LonLat::new(lon, lat));
    let bounds = local_bounds(&degrees, &projection);
    let locator = AreaLocator::build(&tree);
    let build_ms = started.elapsed().as_secs_f64() * 1_000.0;
    Built { tree, locator, projection, degrees, bounds, findings, build_ms }
}
