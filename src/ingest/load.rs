//! Files read at once, without sources: what `quanyu bench` measures with.
//!
//! In: paths. Out: areas, points or tracks. The decoders are those of the sources, so
//! what is measured is what the wall does.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use rayon::prelude::*;
use serde_json::Value;

use crate::config::Source;
use crate::config::source::{Feed, Limits, Origin};
use crate::domain::area::{Area, Level};
use crate::domain::crs::Crs;
use crate::domain::event::Event;
use crate::domain::finding::Finding;
use crate::domain::geometry::LonLat;
use crate::domain::time::Time;
use crate::domain::track::Track;
use crate::domain::update::Records;

use super::IngestError;
use super::decode::{Batch, Decoder, Element, Format, Notes, Take, read_plain};
use super::fault::Fault;
use super::file::{read_bounded, read_into};

/// Names under which points carry their instant.
const TIME_NAMES: [&str; 9] =
    ["time", "timestamp", "datetime", "reported", "reportedAt", "createTime", "createdAt", "date", "时间"];

/// Reads the areas of files, or of all `.json` and `.geojson` files in a
/// folder, all processors at once. Areas whose records name no level get
/// `level`, else the one below their parent's, else that of a community.
///
/// # Errors
/// When a path cannot be read, or a file holds no areas at all.
pub fn load_areas(paths: &[PathBuf], crs: Crs, level: Option<Level>) -> Result<(Vec<Area>, Vec<Finding>), IngestError> {
    let mut files = Vec::new();
    for path in paths {
        collect_files(path, &mut files)?;
    }
    let source = Source { crs, level, ..plain_source(Feed::Areas) };
    let decoder = Decoder::new(&source, &TimeZone::UTC, &[]);
    let read_file = |path: &PathBuf| {
        let mut batch = Batch::new(&decoder);
        read_into(&mut batch, path, source.limits.bytes)?;
        Ok(batch.finish())
    };
    let loaded: Result<Vec<_>, IngestError> = files
        .par_iter()
        .map(|path| read_file(path).map_err(|fault| IngestError::Load { path: path.clone(), fault }))
        .collect();
    let (mut areas, mut findings) = (Vec::new(), Vec::new());
    for (path, decoded) in files.iter().zip(loaded?) {
        findings.extend(decoded.findings);
        if let Records::Areas(mut of_file) = decoded.records {
            if files.len() > 1 {
                name_by_file(&mut of_file, path);
            }
            areas.append(&mut of_file);
        }
    }
    Ok((areas, findings))
}

/// A source of files that nothing is known about.
fn plain_source(feed: Feed) -> Source {
    Source {
        id: feed.name().into(),
        name: feed.name().into(),
        feed,
        origin: Origin::File { path: PathBuf::new() },
        records: None,
        crs: Crs::Wgs84,
        writing: Default::default(),
        fields: Default::default(),
        values: Default::default(),
        level: None,
        parent: None,
        stale_after_secs: f64::INFINITY,
        limits: Limits::default(),
    }
}

/// Reads patrol tracks of a file, as a source of them would. Times without an
/// offset are in `zone`.
///
/// # Errors
/// When the file cannot be read or is no data.
pub fn load_tracks(path: &Path, zone: &TimeZone) -> Result<(Vec<Track>, Vec<Finding>), IngestError> {
    let failed = |fault| IngestError::Load { path: path.into(), fault };
    let source = plain_source(Feed::Tracks);
    let decoder = Decoder::new(&source, zone, &[]);
    let mut batch = Batch::new(&decoder);
    read_into(&mut batch, path, source.limits.bytes).map_err(failed)?;
    let decoded = batch.finish();
    let tracks = if let Records::Tracks(tracks) = decoded.records { tracks } else { Vec::new() };
    Ok((tracks, decoded.findings))
}

/// Decodes events from the bytes of an answer or a file, CSV or JSON, as a
/// source of them would: what the wall does for each answer, without the
/// fetching. Times without an offset are in `zone`; `stages` are the closed
/// loop's.
///
/// # Errors
/// When the bytes are no data; single bad records are findings.
pub fn decode_events(
    body: &[u8],
    crs: Crs,
    zone: &TimeZone,
    stages: &[String],
) -> Result<(Vec<Event>, Vec<Finding>), Fault> {
    let source = Source { crs, ..plain_source(Feed::Events) };
    let mut batch = Batch::new(&Decoder::new(&source, zone, stages));
    batch.read(body, Format::Unknown)?;
    let decoded = batch.finish();
    let events = if let Records::Events(events) = decoded.records { events } else { Vec::new() };
    Ok((events, decoded.findings))
}

/// Areas without a code have their position for one, which is unique in a
/// file only.
fn name_by_file(areas: &mut [Area], path: &Path) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    for area in areas.iter_mut().filter(|area| area.code.starts_with('#')) {
        area.code.insert_str(0, &stem);
    }
}

/// The file itself, or the data files of a folder, in the order of names.
fn collect_files(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), IngestError> {
    let error = |error: std::io::Error| IngestError::Load { path: path.into(), fault: Fault::file(path, &error) };
    if !path.is_dir() {
        files.push(path.into());
        return Ok(());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(error)? {
        let file = entry.map_err(error)?.path();
        if Format::of_path(&file) == Format::Json {
            found.push(file);
        }
    }
    found.sort();
    files.append(&mut found);
    Ok(())
}

/// A place, and when something happened there, if that is known.
pub type TimedPoint = (LonLat, Option<Time>);

/// Reads points with the instants that they carry, if any: CSV with a header
/// (`lon,lat[,time]`, `lng`, `longitude` …), GeoJSON points, or JSON rows
/// `[lon, lat, …]`. Times without an offset are in `zone`.
///
/// # Errors
/// When the file cannot be read or is no data; single bad points are findings.
pub fn load_points(path: &Path, zone: &TimeZone) -> Result<(Vec<TimedPoint>, Vec<Finding>), IngestError> {
    let failed = |fault| IngestError::Load { path: path.into(), fault };
    let body = read_bounded(path, Limits::default().bytes).map_err(failed)?;
    let mut points = Points { zone, points: Vec::new() };
    let findings = read_plain(&body, Format::of_path(path), Crs::Wgs84, &mut points).map_err(failed)?;
    Ok((points.points, findings))
}

/// Collects points.
struct Points<'a> {
    zone: &'a TimeZone,
    points: Vec<TimedPoint>,
}

impl Take for Points<'_> {
    fn take(&mut self, mut element: Element<'_>, notes: &mut Notes) {
        let record = &std::mem::take(&mut element.record).into_tree();
        let named = |names: &[&str]| names.iter().find_map(|name| field(record, name)).and_then(number);
        let place = match (&element.geometry, record) {
            (Some(geometry), _) => geometry.point.map(|[lon, lat]| (lon, lat)),
            (None, Value::Array(row)) => row.first().and_then(number).zip(row.get(1).and_then(number)),
            (None, _) => {
                named(&["lon", "lng", "longitude", "long", "x", "经度"]).zip(named(&["lat", "latitude", "y", "纬度"]))
            }
        };
        match place.map(|(lon, lat)| LonLat::new(lon, lat)).filter(|place| place.is_valid()) {
            Some(place) => {
                let time = TIME_NAMES.iter().find_map(|name| field(record, name));
                self.points.push((place, time.and_then(|value| self.time(value))));
            }
            None => notes.add(
                crate::domain::finding::FindingKind::BadCoordinate,
                &format!("#{}", element.number),
                "没有可用的经纬度",
            ),
        }
    }

    fn has_weight(&self) -> bool {
        false
    }

    fn weigh(&mut self, _element: &Element<'_>) -> usize {
        0
    }

    fn fork(&self, _before: usize) -> Self {
        Self { zone: self.zone, points: Vec::new() }
    }

    fn join(&mut self, mut part: Self) {
        self.points.append(&mut part.points);
    }
}

impl Points<'_> {
    fn time(&self, value: &Value) -> Option<Time> {
        match value {
            Value::Number(number) => Time::from_number(number.as_f64()?, self.zone),
            value => Time::parse(value.as_str()?, self.zone),
        }
    }
}

/// A member of a record, whatever the case of its name.
fn field<'a>(record: &'a Value, name: &str) -> Option<&'a Value> {
    let members = record.as_object()?;
    members.get(name).or_else(|| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}
