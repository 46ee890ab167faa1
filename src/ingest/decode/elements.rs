//! The elements of a JSON text: features, records, rows.
//!
//! In: UTF-8 bytes in any of the forms that back ends send: a
//! `FeatureCollection`, one `Feature`, a bare geometry, a GeoJSON text
//! sequence (RFC 8142), newline-delimited JSON, an array of records, or
//! records somewhere inside an envelope. Out: one [`Element`] after the other
//! to a [`Take`], and what the document says about itself ([`Document`]).
//!
//! How it works: one pass. `features` is decoded as it is met, so a file that
//! is cut off gives all features before the cut; every other member of the
//! outer object is only remembered by its byte range and looked at when there
//! were no features. Long arrays are read on all processors ([`parallel`]),
//! plain records without a tree ([`flat`]). Features of binary files come in by
//! another door ([`drawn`]).

mod drawn;
mod flat;
mod parallel;

use std::ops::Range;

use serde_json::Value;

use crate::domain::crs::Crs;
use crate::domain::crs::frame::Frame;
use crate::domain::finding::FindingKind;

use super::super::fault::Fault;
use super::envelope;
use super::geometry::{Geometry, GeometryReader, GeometryStop, Problem};
use super::notes::Notes;
use super::record::{Loose, Member, Record};
use super::scan::{ScanError, Scanner};
pub use drawn::{Drawn, Pen};

/// Record separator of RFC 8142.
const RECORD_SEPARATOR: u8 = 0x1E;

/// One feature, record or row.
#[derive(Debug, Default)]
pub struct Element<'a> {
    /// Position in the answer, from 1.
    pub number: usize,
    /// The properties of a feature, or the record itself.
    pub record: Record<'a>,
    /// The `id` of a feature.
    pub id: Option<Value>,
    /// Its geometry; `None` when it has none or one that cannot be used.
    pub geometry: Option<Geometry>,
    /// Whether it is a GeoJSON feature or geometry.
    pub is_feature: bool,
    /// What was wrong with its geometry.
    pub problems: Vec<Problem>,
}

/// Takes elements one by one.
pub trait Take: Send {
    /// Takes one.
    fn take(&mut self, element: Element<'_>, notes: &mut Notes);

    /// About so many more elements will come.
    fn expect(&mut self, _count: usize) {}

    /// Whether any element can weigh anything.
    fn has_weight(&self) -> bool;

    /// How much taking an element uses up of a limit that all elements share.
    fn weigh(&mut self, element: &Element<'_>) -> usize;

    /// One of the same kind that took nothing yet, for elements that stand
    /// behind others which weigh `before` together and are not taken here yet.
    #[must_use]
    fn fork(&self, before: usize) -> Self;

    /// Adds what a fork took: elements behind all that were taken here, of
    /// which none is missing that was counted when it was forked.
    fn join(&mut self, part: Self);
}

/// What a document says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Where the next page is, as written.
    pub next: Option<String>,
    /// Where the next page begins: a text or a number.
    pub cursor: Option<Value>,
    /// How many records there are in all pages.
    pub total: Option<u64>,
    /// Elements in this document, good or not.
    pub elements: usize,
    /// Whether it says that there is more than it gives (ArcGIS).
    pub is_exceeded: bool,
    /// The coordinate system that it names, where that is another than the
    /// source's.
    pub other_crs: Option<Crs>,
}

/// Why reading stopped early.
#[derive(Debug)]
enum Stop {
    Scan(ScanError),
    Fault(Fault),
    /// A limit was reached; the text says which.
    Full(String),
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// How to read the elements of a source.
#[derive(Clone, Debug, Default)]
pub struct ElementOptions {
    /// JSON pointer to the records.
    pub records: Option<String>,
    /// JSON pointer to the total of all pages.
    pub total: Option<String>,
    /// JSON pointer to where the next page begins.
    pub cursor: Option<String>,
    /// How geometries are written.
    pub frame: Frame,
    /// Most elements over all pages.
    pub max_elements: usize,
    /// Records are mostly text and numbers by name, and wanted without a tree.
    pub is_flat: bool,
    /// Somebody goes on with another page where one says that it is not all.
    pub goes_on: bool,
}

/// Reads elements; counts over all pages of an answer.
pub struct ElementReader {
    options: ElementOptions,
    geometry: GeometryReader,
    elements: usize,
    /// Arrays of twice as many bytes are read on all processors.
    chunk_bytes: usize,
}

impl ElementReader {
    /// Reads at most `max_vertices` vertices.
    pub fn new(options: ElementOptions, max_vertices: usize) -> Self {
        Self { options, geometry: GeometryReader::new(max_vertices), elements: 0, chunk_bytes: parallel::CHUNK_BYTES }
    }

    /// Counts an element that did not come from JSON; `None` when there were
    /// enough.
    pub fn count_one(&mut self) -> Option<usize> {
        self.elements += 1;
        (self.elements <= self.options.max_elements).then_some(self.elements)
    }

    /// Counts `count` elements that did not come from JSON and tells the number
    /// of the first; `None`, and none counted, when that is too many.
    pub fn count_many(&mut self, count: usize) -> Option<usize> {
        let last = self.elements.checked_add(count).filter(|&last| last <= self.options.max_elements)?;
        Some(std::mem::replace(&mut self.elements, last) + 1)
    }

    /// Reads a whole text.
    ///
    /// # Errors
    /// When nothing can be used: no JSON, no records, or an envelope that
    /// says no. A text that is cut off or broken after some elements is no
    /// error but a finding.
    pub fn read(&mut self, text: &str, take: &mut impl Take, notes: &mut Notes) -> Result<Document, Fault> {
        let before = self.elements;
        let mut document = Document::default();
        let is_sequence = is_sequence(text);
        let mut scanner = Scanner::new(text);
        loop {
            while scanner.eat(RECORD_SEPARATOR) {}
            if scanner.peek().is_none() {
                break;
            }
            let line = scanner.clone();
            match self.read_value(&mut scanner, &mut document, take, notes) {
                Ok(()) => {}
                Err(Stop::Fault(fault)) => return Err(fault),
                Err(Stop::Full(message)) => {
                    notes.add(FindingKind::Limit, &format!("#{}", self.elements), message);
                    break;
                }
                Err(Stop::Scan(error)) if is_sequence => {
                    self.elements += 1;
                    notes.add(FindingKind::Unreadable, &format!("#{}", self.elements), error.to_string());
                    scanner = line;
                    scanner.skip_past(&[b'\n', RECORD_SEPARATOR]);
                }
                Err(Stop::Scan(error)) if self.elements > before => {
                    let message = format!("{error},其后的内容未读");
                    notes.add(FindingKind::Unreadable, &format!("#{}", self.elements + 1), message);
                    break;
                }
                Err(Stop::Scan(error)) => return Err(Fault::Malformed(error.to_string())),
            }
        }
        document.elements = self.elements - before;
        Ok(document)
    }

    /// Reads one value of the outermost level.
    fn read_value(
        &mut self,
        scanner: &mut Scanner<'_>,
        document: &mut Document,
        take: &mut impl Take,
        notes: &mut Notes,
    ) -> Result<(), Stop> {
        match scanner.peek() {
            Some(b'{') => self.read_object(scanner, document, take, notes),
            Some(b'[') if self.options.records.as_deref().is_none_or(str::is_empty) => {
                self.read_array(scanner, take, notes)
            }
            Some(b'[') => Err(Fault::Malformed("应答是数组,其中没有配置的 records 路径".into()).into()),
            _ => {
                scanner.skip_value()?;
                Err(Fault::Malformed("既不是对象也不是数组".into()).into())
            }
        }
    }

    /// Reads an object of the outermost level, whatever it is.
    fn read_object(
        &mut self,
        scanner: &mut Scanner<'_>,
        document: &mut Document,
        take: &mut impl Take,
        notes: &mut Notes,
    ) -> Result<(), Stop> {
        if self.read_line(scanner, take, notes)? {
            return Ok(());
        }
        let start = scanner.offset();
        let stream_features = self.options.records.as_deref().is_none_or(|pointer| pointer == "/features");
        let mut has_features = false;
        let mut members = envelope::Members::new(scanner.text());
        scanner.object(|scanner, key| {
            if stream_features && key == b"features" && scanner.peek() == Some(b'[') {
                has_features = true;
                return self.read_array(scanner, take, notes);
            }
            let range = scanner.skip_value()?;
            members.push(key, range);
            Ok::<_, Stop>(())
        })?;
        let pointers = [self.options.total.as_deref(), self.options.cursor.as_deref()];
        members.describe(pointers, document);
        if document.is_exceeded && document.next.is_none() && !self.options.goes_on {
            notes.add(FindingKind::Limit, "exceededTransferLimit", "后端声明还有更多数据没有返回");
        }
        if has_features {
            return Ok(());
        }
        let whole = start..scanner.offset();
        let found = members.records(self.options.records.as_deref(), whole)?;
        self.read_found(scanner.text(), found, take, notes)
    }

    /// Reads an object of the outermost level that is a plain record, as lines
    /// of newline-delimited JSON are; tells whether it was one.
    fn read_line(&mut self, scanner: &mut Scanner<'_>, take: &mut impl Take, notes: &mut Notes) -> Result<bool, Stop> {
        let is_paged = self.options.total.is_some() || self.options.cursor.is_some();
        if !self.options.is_flat || self.options.records.is_some() || is_paged {
            return Ok(false);
        }
        let is_special = |key: &str| flat::is_geojson(key) || envelope::is_of_envelope(key);
        let Some((members, end)) = flat::read(scanner.text(), scanner.offset(), is_special) else { return Ok(false) };
        let is_collection = |member: &Member<'_>| {
            member.key == "type"
                && matches!(member.value, Loose::Text(text) if text.eq_ignore_ascii_case("FeatureCollection"))
        };
        if members.iter().any(is_collection) {
            return Ok(false);
        }
        self.check_room()?;
        scanner.jump(end);
        self.elements += 1;
        let element = Element { record: Record::Members(members), ..Element::default() };
        hand_over(self.elements, Ok(element), take, notes);
        Ok(true)
    }

    /// Reads the elements that were found inside an object.
    fn read_found(
        &mut self,
        text: &str,
        found: envelope::Found,
        take: &mut impl Take,
        notes: &mut Notes,
    ) -> Result<(), Stop> {
        let at = |range: Range<usize>| {
            let mut scanner = Scanner::new(&text[..range.end]);
            scanner.jump(range.start);
            scanner
        };
        match found {
            envelope::Found::None => Ok(()),
            envelope::Found::One(range) => self.read_element(&mut at(range), take, notes),
            envelope::Found::Array(range) => self.read_array(&mut at(range), take, notes),
        }
    }

    /// Reads one element.
    fn read_element(&mut self, scanner: &mut Scanner<'_>, take: &mut impl Take, notes: &mut Notes) -> Result<(), Stop> {
        self.check_room()?;
        let element = self.read_one(scanner)?;
        self.elements += 1;
        hand_over(self.elements, element, take, notes);
        Ok(())
    }

    /// Whether one more element may be read.
    fn check_room(&self) -> Result<(), Stop> {
        if self.elements >= self.options.max_elements {
            return Err(Stop::Full(format!("超过上限 {} 条,其余未读", self.options.max_elements)));
        }
        Ok(())
    }

    /// Reads one element, which has no number yet; the inner error tells why it
    /// cannot be used. A defect that leaves the brackets in balance costs only
    /// this element.
    fn read_one<'t>(&mut self, scanner: &mut Scanner<'t>) -> Result<Result<Element<'t>, String>, Stop> {
        if self.options.is_flat
            && scanner.peek() == Some(b'{')
            && let Some((members, end)) = flat::read(scanner.text(), scanner.offset(), flat::is_geojson)
        {
            scanner.jump(end);
            return Ok(Ok(Element { record: Record::Members(members), ..Element::default() }));
        }
        let start = scanner.clone();
        let mut element = Element::default();
        let done = match scanner.peek() {
            Some(b'{') => self.read_members(scanner, &mut element),
            _ => scanner.skip_value().map_err(Stop::from).map(|range| range_value(scanner.text(), range, &mut element)),
        };
        let readable = match done {
            Ok(readable) => readable,
            Err(Stop::Scan(error @ (ScanError::Syntax { .. } | ScanError::TooDeep { .. }))) => {
                *scanner = start;
                scanner.skip_value()?;
                Err(error.to_string())
            }
            Err(stop) => return Err(stop),
        };
        Ok(readable.map(|()| element))
    }

    /// Reads the members of a feature, geometry or record. The inner result
    /// tells why the element, though skipped well, cannot be used.
    fn read_members(
        &mut self,
        scanner: &mut Scanner<'_>,
        element: &mut Element<'_>,
    ) -> Result<Result<(), String>, Stop> {
        scanner.peek();
        let start = scanner.clone();
        let mut geometry = None;
        let mut properties = None;
        let mut id = None;
        let mut is_feature = false;
        let mut is_geometry = false;
        scanner.object(|scanner, key| {
            match key {
                b"geometry" => {
                    let mut read = Geometry::default();
                    self.read_geometry(scanner, &mut read, element)?;
                    geometry = Some(read);
                    return Ok(());
                }
                b"type" if scanner.peek() == Some(b'"') => {
                    is_feature |= scanner.raw_string()?.eq_ignore_ascii_case(b"Feature");
                    return Ok(());
                }
                _ => {}
            }
            let range = scanner.skip_value()?;
            match key {
                b"properties" => properties = Some(range),
                b"id" => id = Some(range),
                b"coordinates" | b"geometries" => is_geometry = true,
                _ => {}
            }
            Ok::<_, Stop>(())
        })?;
        let text = scanner.text();
        if is_geometry && geometry.is_none() && properties.is_none() && !is_feature {
            let mut read = Geometry::default();
            self.read_geometry(&mut start.clone(), &mut read, element)?;
            (geometry, is_feature) = (Some(read), true);
            element.record = Record::default();
        } else if is_feature || (properties.is_some() && geometry.is_some()) {
            is_feature = true;
            if geometry.is_none() {
                element.problems.push((FindingKind::NoGeometry, "没有几何".into()));
            }
            if let Some(range) = properties
                && let Err(error) = parse_into(&mut element.record, &text[range])
            {
                return Ok(Err(error));
            }
            element.id = id.and_then(|range| serde_json::from_str(&text[range]).ok());
        } else {
            element.problems.clear();
            if let Err(error) = parse_into(&mut element.record, &text[start.offset()..scanner.offset()]) {
                return Ok(Err(error));
            }
        }
        element.is_feature = is_feature;
        element.geometry = geometry.filter(|found| *found != Geometry::default());
        Ok(Ok(()))
    }

    fn read_geometry(
        &mut self,
        scanner: &mut Scanner<'_>,
        geometry: &mut Geometry,
        element: &mut Element<'_>,
    ) -> Result<(), Stop> {
        self.geometry.read(scanner, &self.options.frame, geometry, &mut element.problems).map_err(|stop| match stop {
            GeometryStop::Scan(error) => Stop::Scan(error),
            GeometryStop::TooManyVertices => Stop::Full("超过坐标点上限,其余未读".into()),
        })
    }
}

/// Hands element number `number` over, or notes why it cannot be used.
fn hand_over(number: usize, element: Result<Element<'_>, String>, take: &mut impl Take, notes: &mut Notes) {
    match element {
        Ok(element) => take.take(Element { number, ..element }, notes),
        Err(reason) => notes.add(FindingKind::Unreadable, &format!("#{number}"), reason),
    }
}

/// A row (an array) is a record of its own; everything else is none.
fn range_value(text: &str, range: Range<usize>, element: &mut Element<'_>) -> Result<(), String> {
    parse_into(&mut element.record, &text[range])?;
    if matches!(&element.record, Record::Tree(Value::Array(_))) { Ok(()) } else { Err("不是对象".into()) }
}

fn parse_into(record: &mut Record<'_>, text: &str) -> Result<(), String> {
    let value = serde_json::from_str(text);
    *record = Record::Tree(value.map_err(|error| format!("内容不合 JSON 语法(第 {} 列)", error.column()))?);
    Ok(())
}

/// Whether the text is a sequence of JSON texts: RFC 8142, or one per line.
fn is_sequence(text: &str) -> bool {
    let text = text.as_bytes().trim_ascii_start();
    if text.first() == Some(&RECORD_SEPARATOR) {
        return true;
    }
    let Some(end) = text.iter().position(|&byte| byte == b'\n') else { return false };
    let first = text[..end].trim_ascii_end();
    let second = text[end..].trim_ascii_start();
    first.starts_with(b"{") && first.ends_with(b"}") && second.first() == Some(&b'{')
}
