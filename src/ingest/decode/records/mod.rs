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
mod place;
mod survey;
mod tracks;
mod words;

use std::borrow::Cow;
use std::sync::Arc;

use crate::config::source::Feed;
use crate::domain::finding::FindingKind;
use crate::domain::survey::Survey;
use crate::domain::update::Records;

use super::Decoder;
use super::elements::{Element, Take};
use super::fields::{Computed, Fields, Given, place_of};
use super::geometry::GeometryReader;
use super::keys::KeyMemory;
use super::notes::Notes;
use super::record::Record;
use place::{geometry_place, has_shapes, position, position_if_told, read_place, take_geometry, weight};
use words::Words;

/// Collects the records of one answer.
pub struct Collector {
    decoder: Arc<Decoder>,
    memory: KeyMemory,
    words: Words,
    records: Records,
    /// Areas whose level is still to be found, by index.
    without_level: Vec<usize>,
    /// Records that had no id and got their position instead.
    without_id: usize,
    /// Points of tracks, and vertices of geometries that stand in fields, that
    /// may still be read.
    vertices_left: usize,
    /// Reads geometries that stand in fields.
    geometries: GeometryReader,
    /// What is known of the records that come.
    given: Arc<[Given]>,
    /// What they look like, where that is asked for.
    survey: Option<Box<Survey>>,
}

/// What decoding one record needs besides its fields.
struct Context<'a> {
    decoder: &'a Decoder,
    notes: &'a mut Notes,
    /// Code, id or position of the record, for findings.
    subject: Cow<'a, str>,
}

impl Context<'_> {
    fn note(&mut self, kind: FindingKind, message: impl Into<String>) {
        self.notes.add(kind, &self.subject, message);
    }

    fn note_all(&mut self, element: &Element<'_>) {
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
            Feed::Cameras if decoder.is_push => Records::CameraChanges(Vec::new()),
            Feed::Devices if decoder.is_push => Records::DeviceChanges(Vec::new()),
            Feed::Tracks if decoder.is_push => Records::TrackChanges(Vec::new()),
            Feed::Figures if decoder.is_push => Records::FigureChanges(Vec::new()),
            Feed::Cameras => Records::Cameras(Vec::new()),
            Feed::Devices => Records::Devices(Vec::new()),
            Feed::Tracks => Records::Tracks(Vec::new()),
            Feed::Figures => Records::Figures(Vec::new()),
            Feed::Context => Records::Context(Vec::new()),
        };
        let vertices_left = decoder.limits.vertices;
        let survey = decoder.is_surveying.then(Box::default);
        Self {
            decoder,
            memory: KeyMemory::default(),
            words: Words::default(),
            records,
            without_level: Vec::new(),
            without_id: 0,
            vertices_left,
            geometries: GeometryReader::new(usize::MAX),
            given: Arc::default(),
            survey,
        }
    }

    /// What the records looked like, where that was asked for.
    pub fn take_survey(&mut self) -> Option<Box<Survey>> {
        let mut survey = self.survey.take()?;
        survey.finish();
        Some(survey)
    }

    /// Tells what is known from elsewhere of the records that come next.
    #[cfg(feature = "mqtt")]
    pub fn give(&mut self, given: Arc<[Given]>) {
        self.given = given;
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

    /// Makes a record of the fields of an element.
    fn take_fields(
        &mut self,
        decoder: &Decoder,
        fields: &Fields<'_>,
        element: &mut Element<'_>,
        computed: &Computed,
        notes: &mut Notes,
    ) {
        let id = id_place(decoder.fields.feed()).and_then(|place| fields.code_at(place));
        let has_id = id.is_some();
        let subject = id.unwrap_or_else(|| Cow::Owned(format!("#{}", element.number)));
        let mut context = Context { decoder, notes, subject };
        for (name, fault) in &computed.faults {
            context.note(FindingKind::BadField, format!("{name} 的表达式:{fault}"));
        }
        if let Some(place) = geometry_place(decoder.fields.feed()) {
            take_geometry(place, fields, element, &mut context, &mut self.geometries, &mut self.vertices_left);
        }
        // Under a number no second report would find the first.
        let is_change = !matches!(self.records, Records::Areas(_) | Records::Events(_) | Records::Context(_));
        if decoder.is_push && is_change && !has_id {
            context.note(FindingKind::BadField, "没有编号");
            return;
        }
        let before = self.records.len();
        match &mut self.records {
            Records::Areas(areas) => {
                let (area, has_level) = areas::read(fields, element, &mut context);
                if !has_level {
                    self.without_level.push(areas.len());
                }
                areas.push(area);
            }
            Records::Events(all) => all.extend(events::read(fields, element, &mut context, &mut self.words)),
            Records::Cameras(all) => all.extend(devices::read_camera(fields, element, &mut context)),
            Records::Devices(all) => all.extend(devices::read_device(fields, element, &mut context)),
            Records::CameraChanges(all) => all.extend(devices::read_camera_change(fields, element, &mut context)),
            Records::DeviceChanges(all) => all.extend(devices::read_device_change(fields, element, &mut context)),
            Records::Tracks(all) | Records::TrackChanges(all) => {
                all.extend(tracks::read(fields, element, &mut context, &mut self.vertices_left));
            }
            Records::Figures(all) | Records::FigureChanges(all) => {
                all.extend(figures::read(fields, has_id, &mut context))
            }
            Records::Context(all) => all.extend(context::read(fields, element, &mut context)),
        }
        let is_named = has_id || matches!(self.records, Records::Context(_) | Records::Figures(_));
        self.without_id += usize::from(self.records.len() > before && !is_named);
    }
}

/// The place of the field that tells a feed's records apart, where it has one.
pub fn id_place(feed: Feed) -> Option<usize> {
    match feed {
        Feed::Areas => Some(const { place_of(Feed::Areas, "code") }),
        Feed::Events => Some(const { place_of(Feed::Events, "id") }),
        Feed::Cameras => Some(const { place_of(Feed::Cameras, "id") }),
        Feed::Devices => Some(const { place_of(Feed::Devices, "id") }),
        Feed::Tracks => Some(const { place_of(Feed::Tracks, "id") }),
        Feed::Figures => Some(const { place_of(Feed::Figures, "key") }),
        Feed::Context => None,
    }
}

/// More records than this are not believed before they come.
const MOST_EXPECTED: usize = 1 << 20;

impl Take for Collector {
    fn take(&mut self, mut element: Element<'_>, notes: &mut Notes) {
        let decoder = Arc::clone(&self.decoder);
        let mut record = std::mem::take(&mut element.record);
        // Before it is made a tree: rows of a table are seen as such.
        if let Some(survey) = &mut self.survey {
            survey::see_record(survey, &record, &element);
        }
        if !decoder.fields.is_flat() {
            record = Record::Tree(record.into_tree());
        }
        if !element.is_feature && !record.is_object() {
            notes.add(FindingKind::Unreadable, &format!("#{}", element.number), "不是对象");
            return;
        }
        let feature_id = element.id.take();
        let computed = decoder.fields.compute(&record, feature_id.as_ref());
        let tree;
        let given = Arc::clone(&self.given);
        let mut fields = match decoder.fields.resolve(&record, feature_id.as_ref(), &computed, &mut self.memory) {
            Some(fields) => fields,
            None => {
                tree = Record::Tree(record.into_tree());
                let found = decoder.fields.resolve(&tree, feature_id.as_ref(), &computed, &mut self.memory);
                let Some(fields) = found else { return };
                fields
            }
        };
        fields.give(&given);
        if let Some(survey) = &mut self.survey {
            survey::see_fields(survey, &fields, &element, &decoder);
        }
        self.take_fields(&decoder, &fields, &mut element, &computed, notes);
    }

    fn expect(&mut self, count: usize) {
        if let Records::Events(events) = &mut self.records {
            events.reserve(count.min(MOST_EXPECTED));
        }
    }

    fn has_weight(&self) -> bool {
        matches!(self.records, Records::Tracks(_) | Records::TrackChanges(_)) || has_shapes(self.decoder.fields.feed())
    }

    fn weigh(&mut self, element: &Element<'_>) -> usize {
        let is_record = element.is_feature || element.record.is_object();
        if !is_record || !self.has_weight() {
            return 0;
        }
        let decoder = Arc::clone(&self.decoder);
        let place = geometry_place(decoder.fields.feed());
        if element.geometry.is_some() && !place.is_some_and(|place| decoder.fields.is_configured(place)) {
            return 0;
        }
        let id = element.id.as_ref();
        let tree;
        // As it will be when it is taken: feeds that weigh anything are not flat.
        let record = match &element.record {
            Record::Row(row) => {
                tree = Record::Tree(Record::Row(*row).into_tree());
                &tree
            }
            record => record,
        };
        let computed = decoder.fields.compute(record, id);
        let Some(fields) = decoder.fields.resolve(record, id, &computed, &mut self.memory) else { return 0 };
        match place {
            None => tracks::count_points(&fields),
            Some(place) => weight(place, &fields, element, &decoder.fields),
        }
    }

    fn fork(&self, before: usize) -> Self {
        let vertices_left = self.vertices_left.saturating_sub(before);
        Self { vertices_left, given: Arc::clone(&self.given), ..Self::new(Arc::clone(&self.decoder)) }
    }

    fn join(&mut self, part: Self) {
        let before = self.records.len();
        self.without_level.extend(part.without_level.iter().map(|index| before + index));
        self.without_id += part.without_id;
        if let Some((survey, more)) = self.survey.as_mut().zip(part.survey) {
            survey.join(*more);
        }
        // It began with what all before it leave.
        self.vertices_left = part.vertices_left;
        match (&mut self.records, part.records) {
            (Records::Areas(all), Records::Areas(mut more)) => all.append(&mut more),
            (Records::Events(all), Records::Events(mut more)) => all.append(&mut more),
            (Records::Cameras(all), Records::Cameras(mut more)) => all.append(&mut more),
            (Records::Devices(all), Records::Devices(mut more)) => all.append(&mut more),
            (Records::Tracks(all), Records::Tracks(mut more)) => all.append(&mut more),
            (Records::Figures(all), Records::Figures(mut more)) => all.append(&mut more),
            (Records::Context(all), Records::Context(mut more)) => all.append(&mut more),
            (Records::CameraChanges(all), Records::CameraChanges(mut more)) => all.append(&mut more),
            (Records::DeviceChanges(all), Records::DeviceChanges(mut more)) => all.append(&mut more),
            (Records::TrackChanges(all), Records::TrackChanges(mut more)) => all.append(&mut more),
            (Records::FigureChanges(all), Records::FigureChanges(mut more)) => all.append(&mut more),
            // A fork has the feed of what it was forked from.
            _ => {}
        }
    }
}
