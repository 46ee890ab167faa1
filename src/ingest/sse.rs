//! Sources that push: server-sent events (WHATWG HTML, 9.2).
//!
//! In: an address. Out: the records of each event as they come. The stream is
//! opened again whenever it ends or falls silent, with `Last-Event-ID`, so
//! that the back end can send what was missed. How long a silence may last is
//! configured; a stream that sends heartbeats is held to them.

mod heartbeat;
mod parser;

use std::time::{Duration, Instant};

use reqwest::Response;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};

use super::backoff::Backoff;
use super::client::{Client, check_status, secs};
use super::decode::{Batch, Decoded, Format};
use super::fault::Fault;
use super::intake::{End, Intake, REPORT_EVERY};
use super::outlet::{Closed, Reporter};
use heartbeat::Heartbeat;
use parser::Parser;

/// Longest answer in the place of a stream that is read, bytes.
const MAX_REFUSAL_BYTES: u64 = 64 << 10;

/// How much longer a look waits for a message on a stream that lives: greetings
/// and heartbeats come first.
const FIRST_MESSAGE: Duration = Duration::from_secs(3);

/// One source that pushes.
pub struct SseSource {
    client: Client,
    intake: Intake,
    last_event_id: Option<String>,
}

impl SseSource {
    /// A stream that was never opened.
    pub fn new(client: Client, intake: Intake) -> Self {
        Self { client, intake, last_event_id: None }
    }

    /// Reads until the wall closes.
    ///
    /// # Errors
    /// When the wall closes.
    pub async fn run(mut self, mut reporter: Reporter) -> Result<(), Closed> {
        let mut backoff = Backoff::default();
        loop {
            let fault = match self.read(&mut reporter, &mut backoff).await {
                End::Fault(fault) => fault,
                End::Closed => return Err(Closed),
            };
            reporter.failed(&fault);
            tokio::time::sleep(backoff.after_failure(fault.retry_after())).await;
        }
    }

    /// Opens the stream.
    ///
    /// # Errors
    /// When the answer is no event stream.
    pub async fn open(&self) -> Result<Response, Fault> {
        let mut opened = self.open_once().await;
        if self.client.renews_after(opened.as_ref().err()).await? {
            opened = self.open_once().await;
        }
        self.client.learn_from(opened.as_ref().err());
        opened
    }

    async fn open_once(&self) -> Result<Response, Fault> {
        let mut request = self
            .client
            .get(self.client.url().clone())
            .await?
            .header(ACCEPT, "text/event-stream")
            .header(CACHE_CONTROL, "no-store");
        if let Some(id) = self.last_event_id.as_ref().and_then(|id| HeaderValue::from_str(id).ok()) {
            request = request.header(HeaderName::from_static("last-event-id"), id);
        }
        let response = self.client.send(request).await?;
        check_status(&response)?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        match kind.split(';').next().unwrap_or("").trim() {
            "text/event-stream" => Ok(response),
            "text/html" => Err(Fault::WebPage),
            // It may say why there is no stream, and that somebody has to log in.
            json if json.ends_with("json") => {
                let not_stream = Fault::NotEventStream(json.chars().take(40).collect());
                let until = Instant::now() + secs(self.client.deadlines().idle_secs);
                let body = self.client.body(response, MAX_REFUSAL_BYTES, until).await.unwrap_or_default();
                Err(self.intake.refusal(body).await.unwrap_or(not_stream))
            }
            other => Err(Fault::NotEventStream(other.chars().take(40).collect())),
        }
    }

    async fn read(&mut self, reporter: &mut Reporter, backoff: &mut Backoff) -> End {
        match self.open().await {
            Err(fault) => End::Fault(fault),
            Ok(response) => {
                reporter.alive();
                self.read_stream(response, reporter, backoff).await.unwrap_or_else(|end| end)
            }
        }
    }

    /// Reads messages until the stream ends, breaks or falls silent.
    async fn read_stream(
        &mut self,
        mut response: Response,
        reporter: &mut Reporter,
        backoff: &mut Backoff,
    ) -> Result<End, End> {
        let deadlines = self.client.deadlines();
        let mut parser = Parser::default();
        let mut heartbeat = Heartbeat::default();
        let mut received = 0;
        let mut reported = Instant::now();
        loop {
            let silence_secs = heartbeat.longest_silence_secs(deadlines.idle_secs, deadlines.whole_secs);
            let chunk = match tokio::time::timeout(secs(silence_secs), response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => return Ok(Fault::StreamEnded.into()),
                Ok(Err(error)) => return Ok(self.client.fault_of(&error, received).into()),
                Err(_) => return Ok(Fault::Idle { secs: silence_secs, received }.into()),
            };
            received += chunk.len() as u64;
            backoff.reset();
            let started = Instant::now();
            let messages = parser.feed(&chunk)?;
            if parser.take_comment() {
                heartbeat.beat(started);
            }
            if let Some(retry) = parser.take_retry() {
                backoff.set_first(retry);
            }
            if !messages.is_empty() {
                let bytes = messages.iter().map(|data| data.len() as u64).sum();
                let decoded = self.intake.decode(messages, read_message).await?;
                reporter.deliver(decoded, bytes, started.elapsed()).await?;
                reported = Instant::now();
            } else if reported.elapsed() >= REPORT_EVERY {
                reporter.alive();
                reported = Instant::now();
            }
            // Only what was delivered need not be sent again.
            self.last_event_id = parser.last_event_id().or(self.last_event_id.take());
        }
    }

    /// Waits for the first sign of life of a stream just opened, a little
    /// longer for a message, and decodes those that came with it: what `quanyu
    /// check` does.
    ///
    /// # Errors
    /// When nothing comes in time.
    pub async fn first_messages(&self) -> Result<(Decoded, u64), Fault> {
        let mut response = self.open().await?;
        let idle_secs = self.client.deadlines().idle_secs;
        let mut until = Instant::now() + secs(idle_secs);
        let mut parser = Parser::default();
        let mut messages = Vec::new();
        let mut received = 0;
        while messages.is_empty() {
            let wait = until.saturating_duration_since(Instant::now());
            match tokio::time::timeout(wait, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    if received == 0 {
                        until = until.min(Instant::now() + FIRST_MESSAGE);
                    }
                    received += chunk.len() as u64;
                    messages = parser.feed(&chunk)?;
                }
                // It lives, and has nothing to say.
                _ if received > 0 => break,
                Ok(Ok(None)) => return Err(Fault::StreamEnded),
                Ok(Err(error)) => return Err(self.client.fault_of(&error, 0)),
                Err(_) => return Err(Fault::Idle { secs: idle_secs, received: 0 }),
            }
        }
        Ok((self.intake.decode(messages, read_message).await?, received))
    }
}

/// Reads one message. The specification has it in UTF-8.
fn read_message(batch: &mut Batch, data: &String) -> Result<(), Fault> {
    batch.read(data.as_bytes(), Format::Json).map(drop)
}
