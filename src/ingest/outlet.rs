//! The way out: the one bounded channel to the model.
//!
//! In: records, pictures and health from all sources. Out: [`Update`]s in the
//! order in which each source sent them.
//!
//! How it works: records and pictures wait for room, and behind them their
//! source waits, so nothing is lost and nothing piles up. Health never waits:
//! where there is no room, only the latest of each source is kept in its slot,
//! and the receiver takes it when the channel is empty. After each message the
//! waker is called, so that an idle window draws it. Each message carries the
//! number of the [`Run`] that sent it: what is still on its way of a run that
//! was ended counts as nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::domain::health::{SourceHealth, SourceId, SourceState};
use crate::domain::time::Time;
use crate::domain::update::{Records, Update};

use super::decode::Decoded;
use super::fault::Fault;
use super::kept::{Found, KeptSource};

/// Messages in the channel. Small, because one may hold a whole city.
const CAPACITY: usize = 64;

/// Number of one run of a source, a tile set or the desk of pictures: another
/// each time that one of them is started with another configuration.
pub type Run = u64;

/// Health that found no room: the latest of each run. Bounded by the number of
/// sources: what was ended is taken out.
type Slots = Arc<Mutex<BTreeMap<Run, (SourceId, SourceHealth)>>>;

/// Wakes whoever receives.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// The receiver is gone: the wall is closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("接收端已关闭")]
pub struct Closed;

/// The sending side of one run; cheap to clone.
#[derive(Clone)]
pub struct Outlet {
    sender: mpsc::Sender<(Run, Update)>,
    slots: Slots,
    waker: Waker,
    run: Run,
}

/// The receiving side.
pub struct Inlet {
    receiver: mpsc::Receiver<(Run, Update)>,
    slots: Slots,
    /// Runs whose messages count.
    in_force: BTreeSet<Run>,
}

/// Makes both sides; the outlet is that of run 0. No run is in force yet.
pub fn channel(waker: Waker) -> (Outlet, Inlet) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let slots = Slots::default();
    let outlet = Outlet { sender, slots: Arc::clone(&slots), waker, run: 0 };
    (outlet, Inlet { receiver, slots, in_force: BTreeSet::new() })
}

fn lock(slots: &Slots) -> MutexGuard<'_, BTreeMap<Run, (SourceId, SourceHealth)>> {
    // The slots are whole between any two statements, so a panic elsewhere
    // has not spoilt them.
    slots.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outlet {
    /// The same way out for another run.
    pub fn of_run(&self, run: Run) -> Self {
        Self { run, ..self.clone() }
    }

    /// Sends a message, waiting for room; tells whether it had to wait.
    ///
    /// # Errors
    /// When the receiver is gone.
    pub async fn send(&self, update: Update) -> Result<bool, Closed> {
        let waited = match self.sender.try_send((self.run, update)) {
            Ok(()) => false,
            Err(TrySendError::Closed(_)) => return Err(Closed),
            Err(TrySendError::Full(update)) => {
                self.sender.send(update).await.map_err(|_| Closed)?;
                true
            }
        };
        (self.waker)();
        Ok(waited)
    }

    /// Sends a source's health, or keeps it until there is room.
    pub fn send_health(&self, source: SourceId, health: &SourceHealth) {
        let mut slots = lock(&self.slots);
        let update = Update::Health { source, health: health.clone() };
        // An older report in the slot must not overtake this one.
        match self.sender.try_send((self.run, update)) {
            Ok(()) | Err(TrySendError::Closed(_)) => _ = slots.remove(&self.run),
            Err(TrySendError::Full(_)) => _ = slots.insert(self.run, (source, health.clone())),
        }
        drop(slots);
        (self.waker)();
    }
}

impl Inlet {
    /// From now on only what these runs send counts, what they sent before as well.
    pub fn put_in_force(&mut self, runs: impl IntoIterator<Item = Run>) {
        self.in_force = runs.into_iter().collect();
        lock(&self.slots).retain(|run, _| self.in_force.contains(run));
    }

    /// The next message, if there is one.
    pub fn try_recv(&mut self) -> Option<Update> {
        while let Ok((run, update)) = self.receiver.try_recv() {
            if self.in_force.contains(&run) {
                return Some(update);
            }
        }
        let mut slots = lock(&self.slots);
        while let Some((run, (source, health))) = slots.pop_first() {
            if self.in_force.contains(&run) {
                return Some(Update::Health { source, health });
            }
        }
        None
    }
}

/// What one source reports about itself.
pub struct Reporter {
    outlet: Outlet,
    source: SourceId,
    /// The id that it has in the configuration.
    id: String,
    health: SourceHealth,
    /// Keeps what comes on disk.
    kept: Option<KeptSource>,
}

impl Reporter {
    /// A reporter of a source with this id, from which nothing came yet.
    pub fn new(outlet: Outlet, id: &str) -> Self {
        let health = SourceHealth::default();
        Self { outlet, source: SourceId::of(id), id: id.to_owned(), health, kept: None }
    }

    /// Goes on from what is known of the source: when its data came, which are
    /// still shown.
    pub fn knowing(self, health: SourceHealth) -> Self {
        Self { health, ..self }
    }

    /// Also keeps what comes on disk.
    pub fn keeping(self, kept: Option<KeptSource>) -> Self {
        Self { kept, ..self }
    }

    /// Sends what was kept before the program started, dated, if there is any.
    ///
    /// # Errors
    /// When the receiver is gone.
    pub async fn send_kept(&mut self) -> Result<(), Closed> {
        let Some(mut kept) = self.kept.take() else { return Ok(()) };
        let Ok((found, kept)) = tokio::task::spawn_blocking(move || (kept.find(), kept)).await else { return Ok(()) };
        self.kept = Some(kept);
        if let Some(Found { records, health }) = found {
            self.outlet.send(Update::Records { source: self.source, records, findings: Vec::new() }).await?;
            self.health = health;
            self.outlet.send_health(self.source, &self.health);
        }
        Ok(())
    }

    /// Keeps records on disk, on another thread where that takes its time.
    async fn keep(&mut self, records: Records) -> Result<Records, Fault> {
        let Some(mut kept) = self.kept.take() else { return Ok(records) };
        if !kept.is_work(&records) {
            kept.keep(&records);
            self.health.unkept = kept.missed();
            self.kept = Some(kept);
            return Ok(records);
        }
        let work = move || {
            kept.keep(&records);
            (kept, records)
        };
        let (kept, records) = tokio::task::spawn_blocking(work).await.map_err(|_| Fault::Internal)?;
        self.health.unkept = kept.missed();
        self.kept = Some(kept);
        Ok(records)
    }

    /// Sends records, waiting for room, and reports that all is well.
    ///
    /// # Errors
    /// When the receiver is gone.
    pub async fn deliver(&mut self, decoded: Decoded, bytes: u64, took: Duration) -> Result<(), Closed> {
        let records = match self.keep(decoded.records).await {
            Ok(records) => records,
            Err(fault) => {
                self.failed(&fault);
                return Ok(());
            }
        };
        self.health.records = records.len() as u64;
        self.health.recent.count(records.len() as u64, Time::system_now());
        self.health.findings = decoded.findings_total;
        let update = Update::Records { source: self.source, records, findings: decoded.findings };
        if self.outlet.send(update).await? {
            self.health.waits += 1;
        }
        self.health.bytes = bytes;
        self.health.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.alive();
        Ok(())
    }

    /// Reports that the source is well although it sent no records.
    pub fn alive(&mut self) {
        self.health.state = SourceState::Live;
        self.health.last_ok = Some(Time::system_now());
        self.health.failures = 0;
        self.health.last_error = None;
        self.outlet.send_health(self.source, &self.health);
        if let Some(kept) = &mut self.kept {
            kept.note(&self.health);
        }
    }

    /// Reports a tile that came, of many: health that says the same as a moment
    /// ago is not sent again. `records` counts the tiles.
    pub fn tile_came(&mut self, bytes: u64, took: Duration) {
        self.health.records += 1;
        self.health.recent.count(1, Time::system_now());
        self.health.bytes = bytes;
        self.health.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let is_news = self.health.age_secs(Time::system_now()).is_none_or(|age_secs| age_secs >= 1.0);
        if is_news || self.health.state != SourceState::Live {
            self.alive();
        }
    }

    /// Reports a failure.
    pub fn failed(&mut self, fault: &Fault) {
        self.health.state = SourceState::Failing;
        self.health.failures = self.health.failures.saturating_add(1);
        let message = fault.to_string();
        if self.health.last_error.as_ref() != Some(&message) {
            tracing::warn!(source = self.id, error = %message, "source failed");
        }
        self.health.last_error = Some(message);
        self.outlet.send_health(self.source, &self.health);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn picture() -> Update {
        Update::Picture { source: SourceId::of("a"), camera: "1".into(), picture: Err("离线".into()) }
    }

    #[test]
    fn health_never_waits_and_the_latest_wins() {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let waker: Waker = Arc::new(move || _ = count.fetch_add(1, Ordering::Relaxed));
        let (outlet, mut inlet) = channel(waker);
        inlet.put_in_force([0]);
        for _ in 0..CAPACITY {
            outlet.sender.try_send((0, picture())).unwrap();
        }
        let mut reporter = Reporter::new(outlet, "b");
        reporter.failed(&Fault::WebPage);
        reporter.failed(&Fault::StreamEnded);
        assert_eq!(woken.load(Ordering::Relaxed), 2);
        for _ in 0..CAPACITY {
            assert!(matches!(inlet.try_recv(), Some(Update::Picture { .. })));
        }
        let Some(Update::Health { source, health }) = inlet.try_recv() else { panic!() };
        assert_eq!(source, SourceId::of("b"));
        assert_eq!((health.failures, health.last_error), (2, Some(Fault::StreamEnded.to_string())));
        assert!(inlet.try_recv().is_none());
    }

    #[test]
    fn a_full_channel_makes_the_sender_wait_and_loses_nothing() {
        let (outlet, mut inlet) = channel(Arc::new(|| {}));
        inlet.put_in_force([0]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..CAPACITY {
                assert_eq!(outlet.send(picture()).await, Ok(false));
            }
            let one_more = tokio::spawn({
                let outlet = outlet.clone();
                async move { outlet.send(picture()).await }
            });
            tokio::task::yield_now().await;
            assert!(!one_more.is_finished());
            for _ in 0..=CAPACITY {
                assert!(inlet.try_recv().is_some());
                tokio::task::yield_now().await;
            }
            assert_eq!(one_more.await.unwrap(), Ok(true));
        });
        drop(inlet);
        assert_eq!(runtime.block_on(outlet.send(picture())), Err(Closed));
    }

    #[test]
    fn what_a_run_sent_that_was_ended_counts_as_nothing() {
        let (outlet, mut inlet) = channel(Arc::new(|| {}));
        inlet.put_in_force([1, 2]);
        let mut reporters = [(1, "a"), (2, "b")].map(|(run, id)| Reporter::new(outlet.of_run(run), id));
        reporters.iter_mut().for_each(Reporter::alive);
        for _ in 2..CAPACITY {
            outlet.of_run(1).sender.try_send((1, picture())).unwrap();
        }
        // No room: these wait in their slots.
        reporters.iter_mut().for_each(Reporter::alive);
        inlet.put_in_force([2, 3]);
        for _ in 0..2 {
            assert!(matches!(inlet.try_recv(), Some(Update::Health { source, .. }) if source == SourceId::of("b")));
        }
        assert!(inlet.try_recv().is_none());
    }
}
