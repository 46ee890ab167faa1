//! From elements to the records of a feed: one file per feed.
//!
//! In: an [`Element`] (record, geometry). Out: a record of the domain, or a
//! finding that says why there is none. Personal data are masked here, so
//! nothing behind this module ever sees a name or a telephone number.

mod areas;
mod context;
mod devices;
mod events;
mod figures;
mod people;
mod tracks;

use std::sync::Arc;

use crate::config::source::Feed;
use crate::domain::finding::FindingKind;
use crate::domain::geometry::LonLat;
use crate::domain::update::Records;

use super::Decoder;
use super::elements::{Element, Take};
use super::fields::{Fields, KeyMemory};
use super::notes::Notes;

/// Collects the records of one answer.
pub struct Collector {
    decoder: Arc<Decoder>,
    memory: KeyMemory,
    records: Records,
    /// Areas whose level is still to be found, by index.
    without_level: Vec<usize>,
    /// Records that had no id and got their position instead.
    without_id: usize,
    /// Points of tracks that may still be read.
    track_points_left: usize,
}

/// What decoding one record needs besides its fields.
struct Context<'a> {
    decoder: &'a Decoder,
    notes: &'a mut Notes,
    /// Code, id or position of the record, for findings.
    subject: String,
}

impl Context<'_> {
    fn note(&mut self, kind: FindingKind, message: impl Into<String>) {
        self.notes.add(kind, &self.subject, message);
    }

    fn note_all(&mut self, element: &Element) {
        for (kind, message) in &element.problems {
            self.notes.add(*kind, &self.subject, message.as_str());
        }
    }
}

impl Collector {
    /// Collects for `decoder`'s feed.
    pub fn new(decoder: Arc<Decoder>) -> Self {
        let records = match decoder.fields.feed() {
            Feed::Areas => Records::Areas(Vec::new()),
            Feed::Events => Records::Events(Vec::new()),
            Feed::Cameras => Records::Cameras(Vec::new()),
            Feed::Devices => Records::Devices(Vec::new()),
            Feed::Tracks => Records::Tracks(Vec::new()),
            Feed::Figures => Records::Figures(Vec::new()),
            Feed::Context => Records::Context(Vec::new()),
        };
        let track_points_left = decoder.limits.vertices;
        let memory = KeyMemory::new();
        Self { decoder, memory, records, without_level: Vec::new(), without_id: 0, track_points_left }
    }

    /// The records, with what only the whole set can tell.
    pub fn finish(self, notes: &mut Notes) -> Records {
        let mut records = self.records;
        if let Records::Areas(areas) = &mut records {
            areas::infer_levels(areas, &self.without_level);
            areas::heal_shapes(areas, notes);
        }
        if self.without_id > 0 {
            let message = format!("{} 条记录没有编码,以序号代替", self.without_id);
            notes.add(FindingKind::BadField, "…", message);
        }
        records
    }
}

impl Take for Collector {
    fn take(&mut self, mut element: Element, notes: &mut Notes) {
        let decoder = Arc::clone(&self.decoder);
        let (record, feature_id) = (std::mem::take(&mut element.record), element.id.take());
        let fields = decoder.fields.resolve(&record, feature_id.as_ref(), &mut self.memory);
        let id_field = match decoder.fields.feed() {
            Feed::Areas => "code",
            Feed::Figures => "key",
            _ => "id",
        };
        let id = fields.code(id_field);
        let has_id = id.is_some();
        let id = id.unwrap_or_else(|| format!("#{}", element.number));
        let mut context = Context { decoder: &decoder, notes, subject: id };
        if !element.is_feature && !record.is_object() {
            context.note(FindingKind::Unreadable, "不是对象");
            return;
        }
        let before = self.records.len();
        match &mut self.records {
            Records::Areas(areas) => {
                let (area, has_level) = areas::read(&fields, &mut element, &mut context);
                if !has_level {
                    self.without_level.push(areas.len());
                }
                areas.push(area);
            }
            Records::Events(all) => all.extend(events::read(&fields, &element, &mut context)),
            Records::Cameras(all) => all.extend(devices::read_camera(&fields, &element, &mut context)),
            Records::Devices(all) => all.extend(devices::read_device(&fields, &element, &mut context)),
            Records::Tracks(all) => {
                all.extend(tracks::read(&fields, &element, &mut context, &mut self.track_points_left));
            }
            Records::Figures(all) => all.extend(figures::read(&fields, has_id, &mut context)),
            Records::Context(all) => all.extend(context::read(&fields, &mut element, &mut context)),
        }
        let is_named = has_id || matches!(self.records, Records::Context(_) | Records::Figures(_));
        self.without_id += usize::from(self.records.len() > before && !is_named);
    }

    fn weigh(&mut self, element: &Element) -> usize {
        let is_record = element.is_feature || element.record.is_object();
        if !is_record || !matches!(self.records, Records::Tracks(_)) {
            return 0;
        }
        let fields = self.decoder.fields.resolve(&element.record, element.id.as_ref(), &mut self.memory);
        tracks::count_points(&fields)
    }

    fn fork(&self, before: usize) -> Self {
        let track_points_left = self.track_points_left.saturating_sub(before);
        Self { track_points_left, ..Self::new(Arc::clone(&self.decoder)) }
    }

    fn join(&mut self, part: Self) {
        let before = self.records.len();
        self.without_level.extend(part.without_level.iter().map(|index| before + index));
        self.without_id += part.without_id;
        // It began with what all before it leave.
        self.track_points_left = part.track_points_left;
        match (&mut self.records, part.records) {
            (Records::Areas(all), Records::Areas(mut more)) => all.append(&mut more),
            (Records::Events(all), Records::Events(mut more)) => all.append(&mut more),
            (Records::Cameras(all), Records::Cameras(mut more)) => all.append(&mut more),
            (Records::Devices(all), Records::Devices(mut more)) => all.append(&mut more),
            (Records::Tracks(all), Records::Tracks(mut more)) => all.append(&mut more),
            (Records::Figures(all), Records::Figures(mut more)) => all.append(&mut more),
            (Records::Context(all), Records::Context(mut more)) => all.append(&mut more),
            // A fork has the feed of what it was forked from.
            _ => {}
        }
    }
}

/// Where a record is: its geometry's point, or its `lon` and `lat`. Findings
/// say why there is no place.
fn position(fields: &Fields<'_>, element: &Element, context: &mut Context<'_>) -> Option<LonLat> {
    if let Some([lon, lat]) = element.geometry.as_ref().and_then(|geometry| geometry.point) {
        return Some(LonLat::new(lon, lat));
    }
    match (fields.value("lon"), fields.value("lat")) {
        (Some(_), Some(_)) => {
            let place = fields.number("lon").zip(fields.number("lat")).and_then(|(lon, lat)| place(context, lon, lat));
            if place.is_none() {
                context.note(FindingKind::BadCoordinate, "经纬度不是数字、为 0,0 或不在地球上");
            }
            place
        }
        _ => {
            context.note_all(element);
            if element.geometry.is_some() {
                context.note(FindingKind::WrongGeometry, "几何不是点");
            } else if element.problems.is_empty() {
                context.note(FindingKind::NoGeometry, "没有经纬度");
            }
            None
        }
    }
}

/// A place in the source's coordinates, in WGS-84. `0, 0` is how back ends
/// write "unknown".
fn place(context: &Context<'_>, lon: f64, lat: f64) -> Option<LonLat> {
    if lon == 0.0 && lat == 0.0 {
        return None;
    }
    let [lon, lat] = context.decoder.crs.to_wgs84([lon, lat]);
    Some(LonLat::new(lon, lat)).filter(|place| place.is_valid())
}
