//! Sources that are asked again and again over HTTP.
//!
//! In: address, interval, paging. Out: whole answers. An unchanged answer
//! (304) counts as data that just came. Pages are numbered, or linked by the
//! answer itself (OGC API – Features, Part 1, 7.15.4: follow `next`, never
//! compute it).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Response, StatusCode, Url};

use crate::config::source::{Feed, Paging};
use crate::domain::time::Time;
use crate::domain::update::Records;

use super::backoff::Backoff;
use super::client::{Client, check_status, http_date, secs};
use super::decode::{Batch, Decoded, Decoder, Document, Format};
use super::fault::Fault;
use super::gate::Gate;
use super::outlet::{Closed, Reporter};

/// Pages after which an answer counts as endless.
const MAX_PAGES: usize = 10_000;

/// What is accepted, best first.
const ACCEPTED: &str = "application/geo+json, application/json;q=0.9, text/csv;q=0.8, */*;q=0.1";

/// One source that is polled.
pub struct HttpSource {
    client: Client,
    decoder: Arc<Decoder>,
    gate: Gate,
    polling: Polling,
    /// Validators of the last answer, if it was in one page.
    validators: HeaderMap,
    /// Up to where changes are known.
    known_until: Option<Time>,
}

/// How a source is asked.
pub struct Polling {
    /// From the end of one answer to the next request.
    pub every: Duration,
    /// How answers are cut.
    pub paging: Paging,
    /// Query parameter that asks for changes only.
    pub since: Option<String>,
    /// Most bytes of all pages together.
    pub max_bytes: u64,
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

impl HttpSource {
    /// A source that was never asked.
    pub fn new(client: Client, mut polling: Polling, decoder: Arc<Decoder>, gate: Gate) -> Self {
        // Only events are merged by id; a part of anything else would replace
        // the whole.
        polling.since = polling.since.filter(|_| decoder.feed() == Feed::Events);
        Self { client, decoder, gate, polling, validators: HeaderMap::new(), known_until: None }
    }

    /// Asks until the wall closes.
    ///
    /// # Errors
    /// When the wall closes.
    pub async fn run(mut self, mut reporter: Reporter) -> Result<(), Closed> {
        let mut backoff = Backoff::default();
        loop {
            let started = Instant::now();
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
        let asked = Time::system_now();
        let mut batch = Batch::new(&self.decoder);
        let mut progress = Progress { url: self.first_url(), seen: HashSet::new(), page: 1, elements: 0 };
        let mut bytes = 0;
        let mut validators = HeaderMap::new();
        let mut server_time = asked;
        loop {
            let Some(response) = self.request(&progress).await? else { return Ok(Answer::Unchanged) };
            if progress.page == 1 {
                validators = validators_of(&response);
                server_time = header_text(&response, DATE).and_then(|text| http_date(&text)).unwrap_or(asked);
            }
            let format = Format::of_content_type(&header_text(&response, CONTENT_TYPE).unwrap_or_default());
            let base = response.url().clone();
            let until = Instant::now() + secs(self.client.deadlines().whole_secs);
            let body = self.client.body(response, self.polling.max_bytes.saturating_sub(bytes), until).await?;
            bytes += body.len() as u64;
            let (read, document) = self
                .gate
                .run(move || {
                    let document = batch.read(&body, format);
                    (batch, document)
                })
                .await?;
            batch = read;
            if !self.go_on(&mut progress, &document?, &base)? {
                break;
            }
        }
        // A changed later page does not change the validators of the first.
        self.validators = if progress.page == 1 { validators } else { HeaderMap::new() };
        let decoded = self.gate.run(move || batch.finish()).await?.if_usable()?;
        self.remember(&decoded.records, server_time);
        Ok(Answer::Fresh { decoded, bytes })
    }

    /// Requests one page; `None` when nothing changed.
    async fn request(&self, progress: &Progress) -> Result<Option<Response>, Fault> {
        let mut request = self.client.get(progress.url.clone())?.header(ACCEPT, ACCEPTED);
        if progress.page == 1 && self.known_until.is_none() {
            request = request.headers(self.validators.clone());
        }
        let response = self.client.send(request).await?;
        if progress.page == 1 && matches!(response.status(), StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
            return Ok(None);
        }
        check_status(&response)?;
        Ok(Some(response))
    }

    fn first_url(&self) -> Url {
        let mut url = self.client.url().clone();
        if let Some((name, since)) = self.polling.since.as_ref().zip(self.known_until) {
            set_query(&mut url, name, &since.0.to_string());
        }
        if let Paging::Number { page, size, per_page, .. } = &self.polling.paging {
            set_query(&mut url, page, "1");
            set_query(&mut url, size, &per_page.to_string());
        }
        url
    }

    /// Goes to the next page, if there is one.
    fn go_on(&self, progress: &mut Progress, document: &Document, base: &Url) -> Result<bool, Fault> {
        progress.elements += document.elements;
        if progress.elements >= self.decoder.max_records() {
            return Ok(false);
        }
        let next = match &self.polling.paging {
            Paging::Links => match &document.next {
                Some(href) => self.client.resolve(base, href)?,
                None => return Ok(false),
            },
            Paging::Number { page, per_page, .. } => {
                let is_last = match document.total {
                    Some(total) => progress.elements as u64 >= total,
                    None => document.elements < *per_page as usize,
                };
                if is_last || document.elements == 0 {
                    return Ok(false);
                }
                let mut url = progress.url.clone();
                set_query(&mut url, page, &(progress.page + 1).to_string());
                url
            }
        };
        let last = std::mem::replace(&mut progress.url, next);
        progress.seen.insert(last);
        progress.page += 1;
        if progress.seen.contains(&progress.url) {
            return Err(Fault::PagingLoop(format!("第 {} 页又回到之前的页", progress.page)));
        }
        if progress.page > MAX_PAGES {
            return Err(Fault::PagingLoop(format!("超过 {MAX_PAGES} 页")));
        }
        Ok(true)
    }

    /// Remembers from when on to ask for changes. The newest change in the
    /// data bounds it, because a back end's clock may be behind the one in its
    /// `Date`; asking for a little too much is harmless, too little is not.
    fn remember(&mut self, records: &Records, server_time: Time) {
        if self.polling.since.is_none() {
            return;
        }
        let Records::Events(events) = records else { return };
        let newest = events.iter().map(|event| event.closed.max(Some(event.stage_entered().max(event.reported)))).max();
        if let Some(newest) = newest.flatten() {
            self.known_until = self.known_until.max(Some(newest.min(server_time)));
        }
    }
}

/// Where one answer has got to.
struct Progress {
    url: Url,
    seen: HashSet<Url>,
    page: usize,
    elements: usize,
}

/// Sets one query parameter and keeps the others.
fn set_query(url: &mut Url, name: &str, value: &str) {
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != name)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
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
    fn a_query_parameter_is_set_once_and_others_stay() {
        let mut url = Url::parse("http://h/p?a=1&page=9&b=%E5%8C%BA").unwrap();
        set_query(&mut url, "page", "2");
        assert_eq!(url.as_str(), "http://h/p?a=1&b=%E5%8C%BA&page=2");
    }
}
