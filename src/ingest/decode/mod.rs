//! From the bytes of an answer to the records of the domain.
//!
//! In: a body (or several, when an answer comes in pages) and the source's
//! settings. Out: [`Decoded`]: records, masked and in WGS-84, with findings.
//!
//! `text` tells what the bytes are; `elements` (JSON, with `scan`, `geometry`,
//! `polygon` and `envelope` under it), `table` (CSV, with `rows`), `shp` (Shapefile)
//! and `fgb` (FlatGeobuf) cut them into elements, each with a `record`; `fields` and
//! `keys` name its parts; `records` makes domain records of them. Nothing here
//! does I/O, and nothing keeps state between answers.

mod elements;
mod envelope;
mod fgb;
mod fields;
mod geometry;
mod keys;
mod notes;
mod polygon;
mod record;
mod records;
mod rows;
mod scan;
mod shp;
pub mod synonyms;
mod table;
mod text;
mod wkt;

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::config::Source;
use crate::config::source::{Feed, Limits, Origin, Paging, Service as Protocol, TextEncoding};
use crate::domain::area::Level;
use crate::domain::crs::Crs;
use crate::domain::crs::frame::Frame;
use crate::domain::finding::{Finding, FindingKind};
use crate::domain::privacy::Masks;
use crate::domain::survey::Survey;
use crate::domain::update::Records;

use super::fault::Fault;
pub use elements::{Document, Element, Take};
use elements::{ElementOptions, ElementReader};
use fields::FieldTable;
pub use fields::normalized;
#[cfg(feature = "mqtt")]
pub use fields::{Given, Weight};
pub use notes::Notes;
pub use shp::ShapeSet;
use text::Encoding;
pub use text::Format;

/// How to decode the answers of one source.
#[derive(Clone, Debug)]
pub struct Decoder {
    fields: FieldTable,
    records: Option<String>,
    total: Option<String>,
    cursor: Option<String>,
    frame: Frame,
    encoding: Option<TextEncoding>,
    level: Option<Level>,
    parent: Option<String>,
    limits: Limits,
    stages: Vec<String>,
    masks: Masks,
    /// Whether its records tell of single things, to be merged by id.
    is_push: bool,
    /// Whether it is noted what the records look like.
    is_surveying: bool,
    /// Whether answers that exceed a server's limit go on with another page.
    goes_on: bool,
}

/// The records of one answer.
#[derive(Debug)]
pub struct Decoded {
    /// What came.
    pub records: Records,
    /// What was noticed, bounded.
    pub findings: Vec<Finding>,
    /// How much was noticed.
    pub findings_total: u64,
    /// What the records look like, where that was asked for.
    pub survey: Option<Box<Survey>>,
    /// The coordinate system that the data name, where that is another than the
    /// source's.
    pub other_crs: Option<Crs>,
}

impl Decoded {
    /// The same, unless something came and nothing of it can be used: then the
    /// source is not well, and what it delivered before stays.
    ///
    /// # Errors
    /// When there are findings and no record.
    pub fn if_usable(self) -> Result<Self, Fault> {
        // Whoever surveys wants to know what came all the same.
        match self.useless().filter(|_| self.survey.is_none()) {
            Some(fault) => Err(fault),
            None => Ok(self),
        }
    }

    /// That something came and nothing of it can be used.
    pub fn useless(&self) -> Option<Fault> {
        let mut wrong = self.findings.iter().filter(|finding| finding.kind != FindingKind::Encoding);
        let finding = wrong.next().filter(|_| self.records.is_empty())?;
        let message = format!("{} 条记录都无法使用,例如 {}:{}", self.findings_total, finding.subject, finding.message);
        Some(Fault::NotData(message))
    }
}

impl Decoder {
    /// A decoder for `source`. `zone` is that of times without an offset,
    /// `stages` the closed loop's.
    pub fn new(source: &Source, zone: &TimeZone, stages: &[String]) -> Arc<Self> {
        Arc::new(Self::plain(source, zone, stages))
    }

    /// As [`Self::new`]; what it decodes comes with a [`Survey`].
    pub fn surveying(source: &Source, zone: &TimeZone, stages: &[String]) -> Arc<Self> {
        Arc::new(Self { is_surveying: true, ..Self::plain(source, zone, stages) })
    }

    fn plain(source: &Source, zone: &TimeZone, stages: &[String]) -> Self {
        let (total, cursor) = match &source.origin {
            Origin::Http { paging: Paging::Number { total, .. } | Paging::Offset { total, .. }, .. } => {
                (Some(total.clone()), None)
            }
            Origin::Http { paging: Paging::Cursor { next, .. }, .. } => (None, Some(next.clone())),
            Origin::Service(origin) => match &origin.service {
                // GeoServer writes it in GeoJSON as OGC API – Features does.
                Protocol::OgcFeatures { .. } | Protocol::Wfs { .. } => (Some("/numberMatched".to_owned()), None),
                _ => (None, None),
            },
            _ => (None, None),
        };
        Self {
            fields: FieldTable::new(source, zone.clone()),
            records: source.records.clone(),
            total,
            cursor,
            frame: Frame::new(source.crs, source.writing.axis_order),
            encoding: source.writing.encoding,
            level: source.level,
            parent: source.parent.clone(),
            limits: source.limits,
            stages: stages.to_vec(),
            masks: source.writing.masks,
            is_push: source.origin.is_push(),
            goes_on: matches!(source.origin, Origin::Service(_)),
            is_surveying: false,
        }
    }

    /// The same for what is told of single things, beside whole answers.
    #[cfg(feature = "postgres")]
    pub fn pushed(&self) -> Arc<Self> {
        Arc::new(Self { is_push: true, ..self.clone() })
    }

    /// What the decoder's records are.
    pub fn feed(&self) -> Feed {
        self.fields.feed()
    }

    /// Whether it computes anything from records.
    pub fn computes(&self) -> bool {
        self.fields.computes()
    }

    /// Most records of one answer.
    pub fn max_records(&self) -> usize {
        self.limits.records
    }
}

/// What is known of records from elsewhere goes to places of fields.
#[cfg(feature = "mqtt")]
impl Decoder {
    /// The place of a field among those of the decoder's feed.
    pub fn place(&self, field: &str) -> Option<usize> {
        self.fields.place(field)
    }

    /// The place of the field that tells records apart, where there is one.
    pub fn id_place(&self) -> Option<usize> {
        records::id_place(self.feed())
    }

    /// The place of the field that says when a record was true.
    pub fn time_place(&self) -> Option<usize> {
        match self.feed() {
            Feed::Events => self.place("reported"),
            Feed::Devices => self.place("read"),
            Feed::Tracks => self.place("time"),
            _ => None,
        }
    }
}

/// One answer while it is being read, page by page.
pub struct Batch {
    reader: ElementReader,
    collector: records::Collector,
    encoding: Encoding,
    notes: Notes,
    other_crs: Option<Crs>,
}

impl Batch {
    /// An answer of which nothing was read yet.
    pub fn new(decoder: &Arc<Decoder>) -> Self {
        let options = ElementOptions {
            records: decoder.records.clone(),
            total: decoder.total.clone(),
            cursor: decoder.cursor.clone(),
            frame: decoder.frame.clone(),
            max_elements: decoder.limits.records,
            is_flat: decoder.fields.is_flat(),
            goes_on: decoder.goes_on,
        };
        Self {
            reader: ElementReader::new(options, decoder.limits.vertices),
            collector: records::Collector::new(Arc::clone(decoder)),
            encoding: Encoding { configured: decoder.encoding, declared: None },
            notes: Notes::default(),
            other_crs: None,
        }
    }

    /// What the answer says about its encoding, in its content type.
    pub fn declare(&mut self, content_type: &str) {
        self.encoding.declared = text::charset(content_type);
    }

    /// Reads one page.
    ///
    /// # Errors
    /// When nothing of it can be used; a page that is broken after some
    /// records gives those and a finding.
    pub fn read(&mut self, body: &[u8], format: Format) -> Result<Document, Fault> {
        let (encoding, reader) = (self.encoding, &mut self.reader);
        let document = read_elements(body, format, encoding, reader, &mut self.collector, &mut self.notes)?;
        self.other_crs = self.other_crs.or(document.other_crs);
        Ok(document)
    }

    /// Reads a Shapefile.
    ///
    /// # Errors
    /// When its files do not belong together, or one is not whole.
    pub fn read_shapes(&mut self, set: &ShapeSet) -> Result<Document, Fault> {
        let (encoding, reader) = (self.encoding.configured, &mut self.reader);
        let document = shp::read(set, encoding, reader, &mut self.collector, &mut self.notes)?;
        self.other_crs = self.other_crs.or(document.other_crs);
        Ok(document)
    }

    /// As [`Self::read`], for records about which something is known from
    /// elsewhere.
    ///
    /// # Errors
    /// As [`Self::read`].
    #[cfg(feature = "mqtt")]
    pub fn read_with(&mut self, body: &[u8], format: Format, given: Arc<[Given]>) -> Result<Document, Fault> {
        self.collector.give(given);
        let read = self.read(body, format);
        self.collector.give(Arc::default());
        read
    }

    /// Notes a page that could not be used, where the rest of them can.
    pub fn note_unreadable(&mut self, fault: &Fault) {
        self.notes.add(FindingKind::Unreadable, "…", fault.to_string());
    }

    /// Notes what a service keeps back.
    pub fn note_missing(&mut self, message: String) {
        self.notes.add(FindingKind::Limit, "…", message);
    }

    /// The records of all pages.
    pub fn finish(mut self) -> Decoded {
        let survey = self.collector.take_survey();
        let records = self.collector.finish(&mut self.notes);
        let findings_total = self.notes.total();
        let other_crs = self.other_crs;
        Decoded { records, findings: self.notes.finish(), findings_total, survey, other_crs }
    }
}

/// Reads the elements of a body that belongs to no source: what benchmarks
/// read points from. Geometries are in `crs`.
///
/// # Errors
/// As [`Batch::read`].
pub fn read_plain(body: &[u8], format: Format, crs: Crs, take: &mut impl Take) -> Result<Vec<Finding>, Fault> {
    let limits = Limits::default();
    let options = ElementOptions { frame: Frame::from(crs), max_elements: limits.records, ..Default::default() };
    let mut reader = ElementReader::new(options, limits.vertices);
    let mut notes = Notes::default();
    read_elements(body, format, Encoding::default(), &mut reader, take, &mut notes)?;
    Ok(notes.finish())
}

fn read_elements(
    body: &[u8],
    format: Format,
    encoding: Encoding,
    reader: &mut ElementReader,
    take: &mut impl Take,
    notes: &mut Notes,
) -> Result<Document, Fault> {
    if fgb::is_flatgeobuf(body) {
        return fgb::read(body, reader, take, notes);
    }
    let (text, format) = text::classify(body, format, encoding, notes)?;
    match format {
        Format::Csv => table::read(&text, reader, take, notes),
        Format::Json | Format::Unknown => reader.read(&text, take, notes),
    }
}

#[cfg(test)]
pub(super) mod tests;
