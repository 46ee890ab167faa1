//! What shows only when all sources are seen together.
//!
//! In: what came of each source. Out: how the areas hang together, and for
//! each source where its points lie, in which datum, how old its newest record
//! is, and which ids, codes and instants cannot be right.

use std::collections::HashSet;

use crate::config::Source;
use crate::domain::area::{Area, AreaTree};
use crate::domain::event::Event;
use crate::domain::event_store::Course;
use crate::domain::finding::{Finding, FindingKind};
use crate::domain::geometry::LonLat;
use crate::domain::spatial::{AreaLocator, DatumHint, datum_hint};
use crate::domain::survey::shown;
use crate::domain::time::Time;
use crate::domain::update::Records;
use crate::ingest::ProbeReport;

/// Clocks may differ by so much before an instant is one of the future.
const AHEAD_MILLIS: i64 = 5 * 60_000;

/// What was found about one source beside its records.
#[derive(Default)]
pub struct Inspection {
    /// Points that came.
    pub points: usize,
    /// Of them, those outside of every area; `None` where there are no areas.
    pub outside: Option<usize>,
    /// That the points fit the boundary better in another datum.
    pub datum: Option<DatumHint>,
    /// The newest instant of a record.
    pub newest: Option<Time>,
    /// Seconds by which it lies ahead of now, at least 0.
    pub ahead_secs: f64,
    /// What does not fit.
    pub findings: Vec<Finding>,
}

/// Looks at all sources together: what is wrong with the areas, and what with
/// each source. The closed loop has `stage_count` stages.
pub fn inspect(
    sources: &[Source],
    probes: &[&ProbeReport],
    stage_count: usize,
    now: Time,
) -> (Vec<Finding>, Vec<Inspection>) {
    let areas: Vec<Area> = probes
        .iter()
        .filter_map(|probe| match &probe.records {
            Some(Records::Areas(areas)) => Some(areas.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let (tree, findings) = AreaTree::build(areas);
    let locator = AreaLocator::build(&tree);
    let inspect_one = |(source, probe): (&Source, &&ProbeReport)| {
        let mut found = Inspection::default();
        let Some(records) = &probe.records else { return found };
        let mut note = |kind, message: String| found.findings.push(Finding::new(kind, &source.id, message));
        if !tree.is_empty() {
            let points = points_of(records);
            found.points = points.len();
            found.datum = datum_hint(&points, &tree);
            if let Some(hint) = found.datum {
                note(FindingKind::Datum, hint.message());
            }
            let outside = points.iter().filter(|&&at| locator.locate_deepest(at).is_none()).count();
            found.outside = Some(outside).filter(|_| !points.is_empty());
            if outside > 0 {
                note(FindingKind::Outside, format!("{} 个点中有 {outside} 个不在任何区域内", points.len()));
            }
            let codes = area_codes(records);
            let unknown: Vec<&str> = codes.iter().copied().filter(|code| tree.find(code).is_none()).collect();
            if let Some(first) = unknown.first() {
                let (all, count) = (codes.len(), unknown.len());
                note(
                    FindingKind::Orphan,
                    format!("{all} 条带区域编码的记录中有 {count} 条的编码不在边界数据中,例如 {}", shown(first)),
                );
            }
        }
        let twice = twins(records);
        if let Some(first) = twice.first() {
            let first = shown(first);
            note(FindingKind::DuplicateCode, format!("{} 条记录的编号与别的记录相同,例如 {first}", twice.len()));
        }
        let untimed = untimed(records, stage_count);
        if untimed > 0 {
            let message = format!("办结但没有办结时间:{untimed} 件(按环节计入办结率,不计入处置时长,也不算超时)");
            note(FindingKind::Untimed, message);
        }
        let times = times_of(records);
        found.newest = times.iter().max().copied();
        let ahead = times.iter().filter(|at| at.millis_since(now) > AHEAD_MILLIS).count();
        if let Some(newest) = found.newest.filter(|_| ahead > 0) {
            found.ahead_secs = newest.secs_since(now);
            note(FindingKind::Future, format!("{ahead} 条记录的时间在将来,最晚 {}", newest.rfc3339()));
        }
        found
    };
    (findings, sources.iter().zip(probes).map(inspect_one).collect())
}

fn points_of(records: &Records) -> Vec<LonLat> {
    match records {
        Records::Events(events) => events.iter().filter_map(|event| event.at).collect(),
        Records::Cameras(cameras) => cameras.iter().map(|camera| camera.at).collect(),
        Records::Devices(devices) => devices.iter().map(|device| device.at).collect(),
        Records::CameraChanges(changes) => changes.iter().filter_map(|change| change.at).collect(),
        Records::DeviceChanges(changes) => changes.iter().filter_map(|change| change.at).collect(),
        Records::Tracks(tracks) | Records::TrackChanges(tracks) => {
            tracks.iter().flat_map(|track| track.points.iter().map(|(_, at)| *at)).collect()
        }
        Records::Areas(_) | Records::Figures(_) | Records::FigureChanges(_) | Records::Context(_) => Vec::new(),
    }
}

/// The codes of areas that records name.
fn area_codes(records: &Records) -> Vec<&str> {
    match records {
        Records::Events(events) => events.iter().filter_map(|event| event.area.as_deref()).collect(),
        Records::Tracks(tracks) | Records::TrackChanges(tracks) => {
            tracks.iter().filter_map(|track| track.area.as_deref()).collect()
        }
        Records::Figures(figures) | Records::FigureChanges(figures) => {
            figures.iter().filter_map(|figure| figure.area.as_deref()).collect()
        }
        _ => Vec::new(),
    }
}

/// Ids that an earlier record has. Of areas the tree tells.
fn twins(records: &Records) -> Vec<&str> {
    let ids: Vec<&str> = match records {
        Records::Events(events) => events.iter().map(|event| &*event.id).collect(),
        Records::Cameras(cameras) => cameras.iter().map(|camera| camera.id.as_str()).collect(),
        Records::Devices(devices) => devices.iter().map(|device| device.id.as_str()).collect(),
        Records::Tracks(tracks) => tracks.iter().map(|track| track.id.as_str()).collect(),
        // What is pushed tells of one thing again and again.
        _ => Vec::new(),
    };
    let mut seen = HashSet::with_capacity(ids.len());
    ids.into_iter().filter(|id| !seen.insert(*id)).collect()
}

/// Events that rest in the last stage and have no time of closing.
fn untimed(records: &Records, stage_count: usize) -> usize {
    let Records::Events(events) = records else { return 0 };
    let is_untimed = |event: &&Event| event.closed.is_none() && Course::of(event).is_closed(stage_count);
    events.iter().filter(is_untimed).count()
}

/// The latest instant of each record at which something happened.
fn times_of(records: &Records) -> Vec<Time> {
    match records {
        Records::Events(events) => events
            .iter()
            .map(|event| event.stage_entered().max(event.reported).max(event.closed.unwrap_or(event.reported)))
            .collect(),
        Records::Devices(devices) => devices.iter().filter_map(|device| device.read).collect(),
        Records::DeviceChanges(changes) => changes.iter().filter_map(|change| change.read).collect(),
        Records::Tracks(tracks) | Records::TrackChanges(tracks) => {
            tracks.iter().filter_map(|track| Some(track.points.last()?.0)).collect()
        }
        _ => Vec::new(),
    }
}
