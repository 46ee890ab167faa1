//! The sources and how they are doing.

use std::collections::VecDeque;

use bevy::prelude::*;

use crate::config::Config;
use crate::config::source::Feed;
use crate::domain::finding::{Finding, FindingKind};
use crate::domain::health::{Freshness, PartHealth, SourceHealth, SourceId, SourceState};
use crate::domain::time::Time as Instant1970;

use super::pushed::Merged;

/// Findings kept per source: the newest.
const FINDINGS_KEPT: usize = 200;

/// One source as the wall sees it.
#[derive(Clone, Debug)]
pub struct SourceEntry {
    /// Id in the configuration.
    pub id: String,
    /// Name as shown.
    pub name: String,
    /// What its records are.
    pub feed: Feed,
    /// Whether it is told of each change as it happens.
    pub is_stream: bool,
    /// Whether it is only asked for what is looked at, as tile servers are.
    pub is_on_demand: bool,
    /// Age after which its data count as stale.
    pub stale_after_secs: f64,
    /// How it is doing.
    pub health: SourceHealth,
    /// What was noticed in its data, newest last.
    pub findings: VecDeque<Finding>,
    /// Things that it told of and for which there was no room.
    pub refused: u64,
}

impl SourceEntry {
    /// Which source it is.
    pub fn source(&self) -> SourceId {
        SourceId::of(&self.id)
    }

    /// Fresh, stale, or waiting for its first data.
    pub fn freshness(&self, now: Instant1970) -> Freshness {
        self.health.freshness(now, self.stale_after_secs)
    }

    /// Fresh, and its last attempt did not fail; or nobody has asked it yet.
    pub fn is_well(&self, now: Instant1970) -> bool {
        self.is_unasked() || (self.health.state == SourceState::Live && self.freshness(now) == Freshness::Fresh)
    }

    /// Whether it waits to be asked, and owes nothing.
    pub fn is_unasked(&self) -> bool {
        self.is_on_demand && self.health.state == SourceState::Waiting
    }
}

/// What becomes of what is known of a source when the configuration changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It did not even notice.
    GoesOn,
    /// It is connected anew; what it told is still shown, and dated.
    Shown,
    /// It is gone, or tells of something else.
    Forgotten,
}

/// All sources, in the order of the configuration, and after them all tile sets.
#[derive(Resource, Default)]
pub struct Sources {
    /// One entry per source.
    pub entries: Vec<SourceEntry>,
}

impl Sources {
    /// Entries for the sources and tile sets of `config`, all waiting.
    pub fn of(config: &Config) -> Self {
        let tiles = config.tiles.iter().map(|set| SourceEntry {
            id: set.id.clone(),
            name: set.name.clone(),
            feed: Feed::Context,
            is_stream: false,
            is_on_demand: true,
            // A map does not change from day to day.
            stale_after_secs: f64::INFINITY,
            health: SourceHealth::default(),
            findings: VecDeque::new(),
            refused: 0,
        });
        let entries = config
            .sources
            .iter()
            .map(|source| SourceEntry {
                id: source.id.clone(),
                name: source.name.clone(),
                feed: source.feed,
                is_stream: source.origin.is_push(),
                is_on_demand: false,
                stale_after_secs: source.stale_after_secs,
                health: SourceHealth::default(),
                findings: VecDeque::new(),
                refused: 0,
            })
            .chain(tiles)
            .collect();
        Self { entries }
    }

    /// Takes over the sources and tile sets of `config`. What was known of one
    /// stays where `fate` says so.
    pub fn follow(&mut self, config: &Config, fate: impl Fn(SourceId) -> Fate) {
        let before = std::mem::replace(self, Self::of(config));
        for old in before.entries {
            let fate = fate(old.source());
            let Some(new) = self.entries.iter_mut().find(|new| new.id == old.id) else { continue };
            match fate {
                Fate::GoesOn => {
                    (new.health, new.findings, new.refused) = (old.health, old.findings, old.refused);
                }
                Fate::Shown => new.health = old.health.of_data(),
                Fate::Forgotten => {}
            }
        }
    }

    /// One source or tile set.
    pub fn get(&self, source: SourceId) -> Option<&SourceEntry> {
        self.entries.iter().find(|entry| entry.source() == source)
    }

    fn get_mut(&mut self, source: SourceId) -> Option<&mut SourceEntry> {
        self.entries.iter_mut().find(|entry| entry.source() == source)
    }

    pub(super) fn set_health(&mut self, source: SourceId, health: SourceHealth) {
        if let Some(entry) = self.get_mut(source) {
            entry.health = health;
        }
    }

    pub(super) fn add_findings(&mut self, source: SourceId, findings: Vec<Finding>) {
        if let Some(entry) = self.get_mut(source) {
            entry.findings.extend(findings);
            let surplus = entry.findings.len().saturating_sub(FINDINGS_KEPT);
            entry.findings.drain(..surplus);
        }
    }

    /// Notes that a source told of more things than are kept, once in a row.
    pub(super) fn note_refused(&mut self, source: SourceId, merged: Merged) {
        if merged.refused == 0 {
            return;
        }
        if let Some(entry) = self.get_mut(source) {
            entry.refused += merged.refused as u64;
        }
        let message = "推送的编号过多,新的不再采用".to_owned();
        let finding = Finding { kind: FindingKind::Limit, subject: "…".into(), message };
        let is_known = |entry: &SourceEntry| entry.findings.back() == Some(&finding);
        if self.get(source).is_some_and(|entry| !is_known(entry)) {
            self.add_findings(source, vec![finding]);
        }
    }

    /// How many of all sources are well: (well, all).
    pub fn well_of_all(&self, now: Instant1970) -> (usize, usize) {
        (self.entries.iter().filter(|entry| entry.is_well(now)).count(), self.entries.len())
    }

    /// The health of all sources of a feed, taken together; `None` when none is
    /// configured.
    pub fn feed_health(&self, feed: Feed, now: Instant1970) -> Option<PartHealth> {
        let indices: Vec<usize> = (0..self.entries.len()).filter(|&i| self.entries[i].feed == feed).collect();
        (!indices.is_empty()).then(|| self.part_health(&indices, now))
    }

    /// Whether what a feed told of is of the past: it came once, and its
    /// sources are stale or fail. Asked in every frame, so it copies nothing.
    pub fn is_lost(&self, feed: Feed, now: Instant1970) -> bool {
        let speaks = speaker(self.entries.iter().filter(|entry| entry.feed == feed), now);
        speaks.is_some_and(|entry| entry.freshness(now) != Freshness::Waiting && !entry.is_well(now))
    }

    /// The health of the sources with these indices, taken together: that of
    /// the worst. Only where a feed has a stream do its sources stand in for
    /// each other, because a stream and a poll beside it tell of the same
    /// events; there the youngest data count.
    pub fn part_health(&self, indices: &[usize], now: Instant1970) -> PartHealth {
        let entries: Vec<&SourceEntry> = indices.iter().filter_map(|&i| self.entries.get(i)).collect();
        let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        names.dedup();
        let mut part =
            PartHealth { names: names.join(" · "), age_secs: None, freshness: Freshness::Waiting, error: None };
        let mut feeds: Vec<Feed> = entries.iter().map(|entry| entry.feed).collect();
        feeds.sort();
        feeds.dedup();
        let mut worst = None;
        for feed in feeds {
            if let Some(speaks) = speaker(entries.iter().copied().filter(|entry| entry.feed == feed), now)
                && worst.is_none_or(|worst| rank(speaks, now) > rank(worst, now))
            {
                worst = Some(speaks);
            }
        }
        if let Some(worst) = worst {
            part.age_secs = worst.health.age_secs(now);
            part.freshness = worst.freshness(now);
            part.error = worst.health.last_error.clone().filter(|_| worst.health.state == SourceState::Failing);
        }
        part
    }
}

/// The one of the sources of a feed that stands for all of them: with a stream
/// among them the best, else the worst.
fn speaker<'a>(same: impl Iterator<Item = &'a SourceEntry> + Clone, now: Instant1970) -> Option<&'a SourceEntry> {
    let by_rank = |a: &&SourceEntry, b: &&SourceEntry| rank(a, now).total_cmp(&rank(b, now));
    if same.clone().any(|entry| entry.is_stream) { same.min_by(by_rank) } else { same.max_by(by_rank) }
}

/// Orders sources from fresh to hopeless by the age of their data; what is
/// stale or fails comes after everything that is well, whatever its limits.
fn rank(entry: &SourceEntry, now: Instant1970) -> f64 {
    /// Older than any data: a thousand years.
    const UNWELL_SECS: f64 = 3.2e10;
    let age_secs = entry.health.age_secs(now).unwrap_or(f64::INFINITY);
    if entry.is_well(now) { age_secs } else { age_secs + UNWELL_SECS }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(feed: Feed, last_ok: Option<i64>) -> SourceEntry {
        SourceEntry {
            id: String::new(),
            name: format!("{feed:?}"),
            feed,
            is_stream: false,
            is_on_demand: false,
            stale_after_secs: 10.0,
            health: SourceHealth {
                state: if last_ok.is_some() { SourceState::Live } else { SourceState::Waiting },
                last_ok: last_ok.map(Instant1970),
                ..SourceHealth::default()
            },
            findings: VecDeque::new(),
            refused: 0,
        }
    }

    #[test]
    fn a_stream_covers_for_a_poll_of_the_same_feed_but_not_of_another() {
        let stream = SourceEntry { is_stream: true, ..entry(Feed::Events, Some(99_000)) };
        let sources =
            Sources { entries: vec![entry(Feed::Events, Some(0)), stream, entry(Feed::Figures, Some(50_000))] };
        let now = Instant1970(100_000);
        assert_eq!(sources.part_health(&[0, 1], now).freshness, Freshness::Fresh);
        let all = sources.part_health(&[0, 1, 2], now);
        assert_eq!(all.freshness, Freshness::Stale);
        assert_eq!(all.age_secs, Some(50.0));
        assert_eq!(sources.well_of_all(now), (1, 3));
    }

    #[test]
    fn one_of_two_polls_of_a_feed_that_fails_is_not_hidden() {
        let mut failing = entry(Feed::Areas, Some(99_000));
        failing.health.state = SourceState::Failing;
        failing.health.last_error = Some("拒绝连接".into());
        let sources = Sources { entries: vec![entry(Feed::Areas, Some(95_000)), failing] };
        let part = sources.feed_health(Feed::Areas, Instant1970(100_000)).expect("configured");
        assert_eq!(part.error.as_deref(), Some("拒绝连接"));
        assert_eq!(sources.feed_health(Feed::Tracks, Instant1970(0)), None);
    }

    #[test]
    fn what_never_came_is_waited_for() {
        let sources = Sources { entries: vec![entry(Feed::Events, None)] };
        let part = sources.part_health(&[0], Instant1970(5));
        assert_eq!((part.freshness, part.age_secs), (Freshness::Waiting, None));
    }
}
