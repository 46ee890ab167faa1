//! The event stream: changes as server-sent events (WHATWG HTML).
//!
//! A ticker turns the advance of the simulated clock into numbered messages in
//! a bounded ring; each client reads on from its own number. A client that
//! comes back with a `Last-Event-ID` gets what it missed; one whose number has
//! left the ring, or is of an earlier run, gets the whole ring, so that it
//! misses nothing that the ring still knows.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch;

use super::{Shared, records};

/// Messages kept for clients that come back.
const RING: usize = 4_096;
/// Silence between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// What clients are told to wait before they come back, milliseconds.
const RETRY_MS: u32 = 1_000;
/// How often the simulated clock is turned into messages.
const TICK: Duration = Duration::from_millis(200);

/// Numbered messages, the newest last.
#[derive(Debug)]
pub struct Changes {
    ring: Mutex<VecDeque<(u64, String)>>,
    newest: watch::Sender<u64>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { ring: Mutex::default(), newest: watch::Sender::new(0) }
    }
}

impl Changes {
    /// Adds messages and wakes all clients.
    pub fn push(&self, messages: impl IntoIterator<Item = String>) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let mut number = *self.newest.borrow();
        for message in messages {
            number += 1;
            ring.push_back((number, message));
            if ring.len() > RING {
                ring.pop_front();
            }
        }
        drop(ring);
        self.newest.send_if_modified(|newest| std::mem::replace(newest, number) != number);
    }

    /// Number of the newest message; 0 before the first.
    pub fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// The message number after which a client reads that last saw `last`.
    pub fn resume_after(&self, last: Option<u64>) -> u64 {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = self.newest();
        let oldest = ring.front().map_or(newest, |(number, _)| number - 1);
        match last {
            None => newest,
            Some(last) if (oldest..=newest).contains(&last) => last,
            Some(_) => oldest,
        }
    }

    /// Messages after number `after`, as they go over the wire, and the number
    /// of the last of them.
    fn after(&self, after: u64) -> Option<(u64, String)> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        let mut last = None;
        for (number, message) in ring.iter().skip_while(|(number, _)| *number <= after) {
            text.push_str(&format!("id: {number}\nevent: change\ndata: {message}\n\n"));
            last = Some(*number);
        }
        last.map(|number| (number, text))
    }
}

/// `GET /api/events/stream`.
pub async fn serve(State(backend): State<Shared>, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let client = Client {
        after: backend.changes.resume_after(last),
        wake: backend.changes.newest.subscribe(),
        greeted: false,
        backend,
    };
    let body = stream::unfold(client, |mut client| async move {
        let chunk = client.next_chunk().await;
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), client))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(body)).into_response()
}

/// One listener and how far it has read.
struct Client {
    backend: Shared,
    after: u64,
    wake: watch::Receiver<u64>,
    greeted: bool,
}

impl Client {
    /// The next bytes for the client: a greeting, changes, or a heartbeat.
    async fn next_chunk(&mut self) -> String {
        if !std::mem::replace(&mut self.greeted, true) {
            return format!("retry: {RETRY_MS}\n\n");
        }
        loop {
            self.wake.borrow_and_update();
            if let Some((number, text)) = self.backend.changes.after(self.after) {
                self.after = number;
                return text;
            }
            match tokio::time::timeout(HEARTBEAT, self.wake.changed()).await {
                Ok(Ok(())) => {}
                // The sender lives in the backend that this client holds, so
                // only time can have run out.
                Ok(Err(_)) | Err(_) => return ": \n\n".to_owned(),
            }
        }
    }
}

/// Turns the advance of the simulated clock into messages, for ever.
pub async fn tick(backend: Shared) {
    let world = &backend.world;
    let stages = world.city.profile.stages;
    let mut done = world.clock.now();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = world.clock.now();
        let changes = world.changes(done, now);
        backend.changes.push(changes.iter().map(|event| records::event(event, stages).to_string()));
        done = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u64) -> String {
        format!("{{\"n\":{number}}}")
    }

    #[test]
    fn a_client_reads_on_from_its_number() {
        let changes = Changes::default();
        changes.push((1..=10).map(message));
        assert_eq!(changes.resume_after(Some(7)), 7);
        let (last, text) = changes.after(7).unwrap();
        assert_eq!(last, 10);
        assert!(text.starts_with("id: 8\nevent: change\ndata: {\"n\":8}\n\nid: 9\n"));
        assert_eq!(changes.after(10), None);
        assert_eq!(changes.resume_after(None), 10);
    }

    #[test]
    fn a_number_out_of_the_ring_gets_the_whole_ring() {
        let changes = Changes::default();
        changes.push((1..=RING as u64 + 100).map(message));
        assert_eq!(changes.resume_after(Some(3)), 100);
        assert_eq!(changes.resume_after(Some(u64::MAX)), 100);
        let (_, text) = changes.after(100).unwrap();
        assert!(text.starts_with("id: 101\n"));
    }
}
