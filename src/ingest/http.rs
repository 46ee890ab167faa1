//! Sources that are asked again and again over HTTP.
//!
//! In: address, interval, paging. Out: whole answers. An unchanged answer
//! (304) counts as data that just came. Requests are GET, or POST with the body
//! that the configuration writes; `paging` leads through the pages of an
//! answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Response, StatusCode, Url};
use serde_json::Value;

use crate::config::access::{Body, Pace};
use crate::config::source::{Feed, Paging, Since};
use crate::config::template::{Placeholder, Template, TimeFormat};
use crate::domain::time::Time;
use crate::domain::update::Records;

use super::backoff::{Backoff, rest};
use super::body::{encoded, filled};
use super::client::{Client, check_status, encoded_in_address, http_date, secs};
use super::decode::{Batch, Decoded, Decoder, Document, Format};
use super::fault::Fault;
use super::gate::Gate;
use super::outlet::{Closed, Reporter};
use super::paging::{Progress, Question};
use super::service::{Reader, Service};

/// What is accepted, best first.
const ACCEPTED: &str = "application/geo+json, application/json;q=0.9, text/csv;q=0.8, */*;q=0.1";

/// One source that is polled.
pub struct HttpSource {
    client: Client,
    decoder: Arc<Decoder>,
    gate: Gate,
    polling: Polling,
    /// Whether changes are asked for, as soon as it is known since when.
    has_since: bool,
    /// Validators of the last answer, if it was in one page, and its address.
    validators: Option<(Url, HeaderMap)>,
    /// Up to where changes are known.
    known_until: Option<Time>,
}

/// How a source is asked.
pub struct Polling {
    /// What is asked.
    pub target: Target,
    /// From the end of one answer to the next request.
    pub every: Duration,
    /// How answers are cut.
    pub paging: Paging,
    /// Most bytes of all pages together.
    pub max_bytes: u64,
}

/// What is asked.
pub enum Target {
    /// An address.
    Address(Address),
    /// A service with a protocol of its own.
    Service(Service),
}

/// An address, and what is asked there.
pub struct Address {
    /// The address itself; instants stand in it as placeholders.
    pub url: Template,
    /// Zone of those instants.
    pub zone: TimeZone,
    /// What is posted; GET without.
    pub body: Option<Body>,
    /// How changes are asked for.
    pub since: Option<Since>,
    /// Zone of the instant that changes are asked for since.
    pub since_zone: TimeZone,
}

/// One good answer.
pub enum Answer {
    /// Nothing changed since the last one.
    Unchanged,
    /// Records came.
    Fresh {
        /// The records of all pages.
        decoded: Decoded,
        /// Bytes of all pages.
        bytes: u64,
    },
}

impl Target {
    /// Whether it can be asked for changes.
    fn has_since(&self) -> bool {
        match self {
            Self::Address(address) => address.since.is_some(),
            Self::Service(service) => service.has_since(),
        }
    }
}

impl Address {
    /// What all pages of an answer that is asked for at `now` have in common.
    fn question(&self, now: Time, known_until: Option<Time>) -> Result<Question, Fault> {
        let url = expanded(&self.url, now, &self.zone);
        let url = Url::parse(&url).map_err(|error| Fault::Unusable(format!("地址不是 http(s) 地址({error})")))?;
        let body = self.body.as_ref().map(|body| filled(body, now, &self.zone, |_| String::new()));
        let mut question = Question { url, body };
        if let Some((since, from)) = self.since.as_ref().zip(known_until) {
            let value = match &since.format {
                TimeFormat::Millis => from.0.into(),
                TimeFormat::Secs => from.0.div_euclid(1000).into(),
                other => Value::String(other.render(from, &self.since_zone)),
            };
            question.set(&since.parameter, &value);
        }
        Ok(question)
    }
}

impl HttpSource {
    /// A source that was never asked.
    pub fn new(client: Client, polling: Polling, decoder: Arc<Decoder>, gate: Gate) -> Self {
        // Only events are merged by id; a part of anything else would replace
        // the whole.
        let has_since = decoder.feed() == Feed::Events && polling.target.has_since();
        Self { client, decoder, gate, polling, has_since, validators: None, known_until: None }
    }

    /// Asks until the wall closes.
    ///
    /// # Errors
    /// When the wall closes.
    pub async fn run(mut self, mut reporter: Reporter) -> Result<(), Closed> {
        let mut backoff = Backoff::default();
        loop {
            let started = Instant::now();
            let shown = self.client.password_print();
            let wait = match self.ask().await {
                Ok(answer) => {
                    backoff.reset();
                    match answer {
                        Answer::Unchanged => reporter.alive(),
                        Answer::Fresh { decoded, bytes } => reporter.deliver(decoded, bytes, started.elapsed()).await?,
                    }
                    self.polling.every
                }
                Err(fault) => {
                    reporter.failed(&fault);
                    // A back end that was down may come back with another
                    // state or another clock: ask for everything once.
                    self.known_until = None;
                    if let Some(shown) = shown.filter(|_| fault.is_unauthorised()) {
                        let wait = backoff.after_refusal(Pace::default());
                        rest(wait, shown, || self.client.password_print().unwrap_or(shown)).await;
                        continue;
                    }
                    backoff.after_failure(fault.retry_after())
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Asks once, all pages.
    ///
    /// # Errors
    /// When any page fails: half an answer is none.
    pub async fn ask(&mut self) -> Result<Answer, Fault> {
        let mut answer = self.ask_once().await;
        if self.client.renews_after(answer.as_ref().err()).await? {
            answer = self.ask_once().await;
        }
        self.client.learn_from(answer.as_ref().err());
        if let Target::Service(service) = &mut self.polling.target
            && answer.is_err()
        {
            service.forget();
        }
        answer
    }

    async fn ask_once(&mut self) -> Result<Answer, Fault> {
        let asked = Time::system_now();
        let mut batch = Batch::new(&self.decoder);
        let (question, reader) = match &mut self.polling.target {
            Target::Address(address) => (address.question(asked, self.known_until)?, None),
            Target::Service(service) => {
                let (url, reader) = service.question(&self.client, self.known_until).await?;
                (Question { url, body: None }, Some(reader))
            }
        };
        let mut progress = Progress::new(&self.polling.paging, question);
        let first_url = progress.question.url.clone();
        let mut bytes = 0;
        let mut validators = HeaderMap::new();
        let mut server_time = asked;
        loop {
            let Some(response) = self.request(&progress).await? else { return Ok(Answer::Unchanged) };
            if progress.pages == 0 {
                validators = validators_of(&response);
                server_time = header_text(&response, DATE).and_then(|text| http_date(&text)).unwrap_or(asked);
            }
            let content_type = header_text(&response, CONTENT_TYPE).unwrap_or_default();
            let format = Format::of_content_type(&content_type);
            batch.declare(&content_type);
            let base = response.url().clone();
            let until = Instant::now() + secs(self.client.deadlines().whole_secs);
            let body = self.client.body(response, self.polling.max_bytes.saturating_sub(bytes), until).await?;
            bytes += body.len() as u64;
            let (read, document) = self
                .gate
                .run(move || {
                    let document = read_page(&mut batch, &body, format, reader);
                    (batch, document)
                })
                .await?;
            batch = read;
            let mut document = document?;
            if let Some(reader) = reader {
                let next = reader.next(&progress.question.url, progress.elements(), &document);
                document.next = next.href;
                if let Some(note) = next.note {
                    batch.note_missing(note);
                }
            }
            let how = (&self.polling.paging, self.decoder.max_records());
            if !progress.go_on(how, &document, &self.client, &base)? {
                break;
            }
        }
        // A changed later page does not change the validators of the first.
        let is_one = progress.pages == 1 && progress.question.body.is_none();
        self.validators = None;
        let decoded = self.gate.run(move || batch.finish()).await?.if_usable()?;
        // Not before: "unchanged" after an answer without use would count as well.
        self.validators = is_one.then_some((first_url, validators));
        self.remember(&decoded.records, server_time);
        Ok(Answer::Fresh { decoded, bytes })
    }

    /// Requests one page; `None` when nothing changed.
    async fn request(&self, progress: &Progress) -> Result<Option<Response>, Fault> {
        let Question { url, body } = &progress.question;
        let request = match body {
            None => self.client.get(url.clone()).await?,
            Some(body) => {
                let (content_type, bytes) = encoded(body);
                self.client.post(url.clone(), content_type, bytes).await?
            }
        };
        let mut request = request.header(ACCEPT, ACCEPTED);
        let is_first = progress.pages == 0;
        if let Some((of, validators)) = self.validators.as_ref().filter(|_| is_first && self.known_until.is_none())
            && of == url
        {
            request = request.headers(validators.clone());
        }
        let response = self.client.send(request).await?;
        if is_first && matches!(response.status(), StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
            return Ok(None);
        }
        check_status(&response)?;
        Ok(Some(response))
    }

    /// Remembers from when on to ask for changes. The newest change in the
    /// data bounds it, because a back end's clock may be behind the one in its
    /// `Date`; asking for a little too much is harmless, too little is not.
    fn remember(&mut self, records: &Records, server_time: Time) {
        if !self.has_since {
            return;
        }
        if let Some(newest) = newest_change(records) {
            self.known_until = self.known_until.max(Some(newest.min(server_time)));
        }
    }
}

/// Reads a page, of a service by its reader.
fn read_page(batch: &mut Batch, body: &[u8], format: Format, reader: Option<Reader>) -> Result<Document, Fault> {
    let Some(reader) = reader else { return batch.read(body, format) };
    let page = reader.read(body)?;
    for note in page.notes {
        batch.note_missing(note);
    }
    batch.read(&page.body, Format::Json)
}

/// The newest change that events tell of.
pub fn newest_change(records: &Records) -> Option<Time> {
    let Records::Events(events) = records else { return None };
    events.iter().map(|event| event.closed.max(Some(event.stage_entered().max(event.reported)))).max().flatten()
}

/// An address with its instants filled in.
pub fn expanded(address: &Template, now: Time, zone: &TimeZone) -> String {
    address.expand(|placeholder| match placeholder {
        Placeholder::Moment(moment) => encoded_in_address(&moment.render(now, zone)),
        Placeholder::Name(_) => String::new(),
    })
}

fn header_text(response: &Response, name: reqwest::header::HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// What makes the next request conditional.
fn validators_of(response: &Response) -> HeaderMap {
    let copy = |name| response.headers().get(name).cloned();
    let found: [(_, Option<HeaderValue>); 2] = [(IF_NONE_MATCH, copy(ETAG)), (IF_MODIFIED_SINCE, copy(LAST_MODIFIED))];
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_in_addresses_are_encoded() {
        let address = Template::parse("http://h/a?from={now-1h}&day={today:%Y%m%d}", &[]).unwrap();
        let url = expanded(&address, Time(1_755_219_600_000), &TimeZone::UTC);
        assert_eq!(url, "http://h/a?from=2025-08-15%2000%3A00%3A00&day=20250815");
    }
}
