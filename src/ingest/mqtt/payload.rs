//! What one message of a broker is.
//!
//! In: topic and payload. Out: records, read into a batch, with what the topic
//! and the wrapping tell of them: who sent it, and when.
//!
//! | payload | a message is |
//! |---|---|
//! | records | records as in an answer over HTTP |
//! | thingsboard | `{"k":v}`, `{"ts":ms,"values":{…}}`, a list of them, or `{"device":[…]}` of a gateway |
//! | emqx | `{"clientid":…,"timestamp":…,"payload":"{…}"}`: records within a record about them |

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::config::source::{Payload, Topic};
use crate::ingest::decode::{Batch, Decoder, Format, Given, Weight};
use crate::ingest::fault::Fault;

/// Members of a JSON object, unread.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Reads the messages of one source.
#[derive(Debug)]
pub struct Reader {
    payload: Payload,
    topics: Vec<Pattern>,
    id_place: Option<usize>,
    time_place: Option<usize>,
}

/// A topic filter with the places of its fields.
#[derive(Debug)]
struct Pattern {
    levels: Vec<String>,
    /// Level and place of the field.
    fields: Vec<(usize, usize)>,
}

impl Reader {
    /// For the messages of `topics`, as records of the decoder's feed.
    pub fn new(payload: Payload, topics: &[Topic], decoder: &Decoder) -> Self {
        let topics = topics.iter().map(|topic| Pattern::of(topic, decoder)).collect();
        Self { payload, topics, id_place: decoder.id_place(), time_place: decoder.time_place() }
    }

    /// Reads one message.
    ///
    /// # Errors
    /// When nothing of it can be used.
    pub fn read(&self, batch: &mut Batch, topic: &str, body: &[u8]) -> Result<(), Fault> {
        let of_topic = self.topics.iter().find_map(|pattern| pattern.fields_of(topic)).unwrap_or_default();
        let message = Message { reader: self, of_topic };
        match self.payload {
            Payload::Records => message.read(batch, body, Vec::new()),
            Payload::ThingsBoard => message.read_thingsboard(batch, body),
            Payload::Emqx => message.read_emqx(batch, body),
        }
    }
}

impl Pattern {
    fn of(topic: &Topic, decoder: &Decoder) -> Self {
        let filter = topic.filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/'));
        let filter = filter.map_or(topic.filter.as_str(), |(_, filter)| filter);
        Self {
            levels: filter.split('/').map(str::to_owned).collect(),
            fields: topic.fields.iter().filter_map(|(level, field)| Some((*level, decoder.place(field)?))).collect(),
        }
    }

    /// The fields that a topic tells; `None` when the filter is not its.
    fn fields_of(&self, topic: &str) -> Option<Vec<Given>> {
        let mut told = Vec::with_capacity(self.fields.len());
        let mut levels = topic.split('/').enumerate();
        for wanted in &self.levels {
            if wanted == "#" {
                return Some(told);
            }
            let (number, level) = levels.next()?;
            if wanted != "+" && wanted != level {
                return None;
            }
            let field = self.fields.iter().find(|(of_level, _)| *of_level == number);
            told.extend(field.map(|&(_, place)| Given { place, text: level.to_owned(), weight: Weight::Fixed }));
        }
        levels.next().is_none().then_some(told)
    }
}

/// One message, of which its topic tells something.
struct Message<'a> {
    reader: &'a Reader,
    of_topic: Vec<Given>,
}

impl Message<'_> {
    /// Reads records; what the topic tells goes before what the wrapping does.
    fn read(&self, batch: &mut Batch, body: &[u8], mut given: Vec<Given>) -> Result<(), Fault> {
        given.extend_from_slice(&self.of_topic);
        let given: Arc<[Given]> = given.into();
        batch.read_with(body, Format::Json, given).map(drop)
    }

    fn read_thingsboard(&self, batch: &mut Batch, body: &[u8]) -> Result<(), Fault> {
        if let Some(entries) = list(body) {
            return self.read_entries(batch, &entries, None);
        }
        match members(body) {
            Some(devices) if !devices.is_empty() && devices.values().all(|value| starts_with(value, b'[')) => {
                // One device's trouble is not another's.
                let mut first = Ok(());
                for (device, entries) in &devices {
                    let entries = list(entries.get().as_bytes()).unwrap_or_default();
                    first = first.and(self.read_entries(batch, &entries, Some(device)));
                }
                first
            }
            _ => self.read_entry(batch, body, None),
        }
    }

    /// Reads all, and tells the first fault.
    fn read_entries(&self, batch: &mut Batch, entries: &[&RawValue], device: Option<&str>) -> Result<(), Fault> {
        let read = entries.iter().map(|entry| self.read_entry(batch, entry.get().as_bytes(), device));
        read.fold(Ok(()), Result::and)
    }

    /// `{"ts":ms,"values":{…}}`, or the values alone.
    fn read_entry(&self, batch: &mut Batch, entry: &[u8], device: Option<&str>) -> Result<(), Fault> {
        let device = device.map(|device| (self.reader.id_place, device.to_owned(), Weight::Usual));
        let members = members(entry).unwrap_or_default();
        match members.get("values").filter(|values| starts_with(values, b'{')) {
            None => self.read(batch, entry, given([device])),
            Some(values) => {
                let at = members.get("ts").and_then(|ts| text(ts));
                let at = at.map(|at| (self.reader.time_place, at, Weight::Usual));
                self.read(batch, values.get().as_bytes(), given([device, at]))
            }
        }
    }

    fn read_emqx(&self, batch: &mut Batch, body: &[u8]) -> Result<(), Fault> {
        let members = members(body).unwrap_or_default();
        let told = |name: &str| members.get(name).and_then(|value| text(value));
        let client = told("clientid").map(|client| (self.reader.id_place, client, Weight::Default));
        let at = told("timestamp").map(|at| (self.reader.time_place, at, Weight::Default));
        let given = given([client, at]);
        match members.get("payload") {
            // A rule may have taken the message apart already.
            None => self.read(batch, body, given),
            Some(payload) if starts_with(payload, b'"') => {
                let text = text(payload).unwrap_or_default();
                self.read(batch, text.as_bytes(), given)
            }
            Some(payload) => self.read(batch, payload.get().as_bytes(), given),
        }
    }
}

/// What is told, where the feed has a field for it.
fn given<const N: usize>(told: [Option<(Option<usize>, String, Weight)>; N]) -> Vec<Given> {
    let told = told.into_iter().flatten();
    told.filter_map(|(place, text, weight)| Some(Given { place: place?, text, weight })).collect()
}

fn members(body: &[u8]) -> Option<Members<'_>> {
    body.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(body).ok()).flatten()
}

fn list(body: &[u8]) -> Option<Vec<&RawValue>> {
    body.trim_ascii_start().starts_with(b"[").then(|| serde_json::from_slice(body).ok()).flatten()
}

fn starts_with(value: &RawValue, byte: u8) -> bool {
    value.get().as_bytes().first() == Some(&byte)
}

/// A text without its quotes, or a number.
fn text(value: &RawValue) -> Option<String> {
    match value.get().as_bytes().first()? {
        b'"' => serde_json::from_str::<Cow<'_, str>>(value.get()).ok().map(Cow::into_owned),
        b'{' | b'[' | b'n' => None,
        _ => Some(value.get().to_owned()),
    }
}

#[cfg(test)]
mod tests;
