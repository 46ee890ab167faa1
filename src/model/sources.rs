//! The sources and how they are doing.

use std::collections::VecDeque;

use bevy::prelude::*;

use crate::config::Config;
use crate::config::source::Feed;
use crate::domain::finding::Finding;
use crate::domain::health::{Freshness, PartHealth, SourceHealth, SourceId, SourceState};
use crate::domain::time::Time as Instant1970;

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
    /// Age after which its data count as stale.
    pub stale_after_secs: f64,
    /// How it is doing.
    pub health: SourceHealth,
    /// What was noticed in its data, newest last.
    pub findings: VecDeque<Finding>,
}

impl SourceEntry {
    /// Fresh, stale, or waiting for its first data.
    pub fn freshness(&self, now: Instant1970) -> Freshness {
        self.health.freshness(now, self.stale_after_secs)
    }

    /// Fresh, and its last attempt did not fail.
    pub fn is_well(&self, now: Instant1970) -> bool {
        self.health.state == SourceState::Live && self.freshness(now) == Freshness::Fresh
    }
}

/// All sources, in the order of the configuration.
#[derive(Resource, Default)]
pub struct Sources {
    /// One entry per source; the index is the [`SourceId`].
    pub entries: Vec<SourceEntry>,
}

impl Sources {
    /// Entries for the sources of `config`, all waiting.
    pub fn of(config: &Config) -> Self {
        let entries = config
            .sources
            .iter()
            .map(|source| SourceEntry {
                id: source.id.clone(),
                name: source.name.clone(),
                feed: source.feed,
                stale_after_secs: source.stale_after_secs,
                health: SourceHealth::default(),
                findings: VecDeque::new(),
            })
            .collect();
        Self { entries }
    }

    pub(super) fn set_health(&mut self, source: SourceId, health: SourceHealth) {
        if let Some(entry) = self.entries.get_mut(source as usize) {
            entry.health = health;
        }
    }

    pub(super) fn add_findings(&mut self, source: SourceId, findings: Vec<Finding>) {
        if let Some(entry) = self.entries.get_mut(source as usize) {
            entry.findings.extend(findings);
            let surplus = entry.findings.len().saturating_sub(FINDINGS_KEPT);
            entry.findings.drain(..surplus);
        }
    }

    /// How many of all sources are well: (well, all).
    pub fn well_of_all(&self, now: Instant1970) -> (usize, usize) {
        (self.entries.iter().filter(|entry| entry.is_well(now)).count(), self.entries.len())
    }

    /// The health of the sources with these indices, taken together.
    /// The youngest data of a feed count: a poll beside a stream covers for it.
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
            let best =
                entries.iter().filter(|entry| entry.feed == feed).min_by(|a, b| rank(a, now).total_cmp(&rank(b, now)));
            if let Some(best) = best
                && worst.is_none_or(|worst| rank(best, now) > rank(worst, now))
            {
                worst = Some(best);
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

/// Orders sources from fresh to hopeless by the age of their data.
fn rank(entry: &SourceEntry, now: Instant1970) -> f64 {
    entry.health.age_secs(now).unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(feed: Feed, last_ok: Option<i64>) -> SourceEntry {
        SourceEntry {
            id: String::new(),
            name: format!("{feed:?}"),
            feed,
            stale_after_secs: 10.0,
            health: SourceHealth {
                state: if last_ok.is_some() { SourceState::Live } else { SourceState::Waiting },
                last_ok: last_ok.map(Instant1970),
                ..SourceHealth::default()
            },
            findings: VecDeque::new(),
        }
    }

    #[test]
    fn a_stream_covers_for_a_poll_of_the_same_feed_but_not_of_another() {
        let sources = Sources {
            entries: vec![
                entry(Feed::Events, Some(0)),
                entry(Feed::Events, Some(99_000)),
                entry(Feed::Figures, Some(50_000)),
            ],
        };
        let now = Instant1970(100_000);
        assert_eq!(sources.part_health(&[0, 1], now).freshness, Freshness::Fresh);
        let all = sources.part_health(&[0, 1, 2], now);
        assert_eq!(all.freshness, Freshness::Stale);
        assert_eq!(all.age_secs, Some(50.0));
        assert_eq!(sources.well_of_all(now), (1, 3));
    }

    #[test]
    fn what_never_came_is_waited_for() {
        let sources = Sources { entries: vec![entry(Feed::Events, None)] };
        let part = sources.part_health(&[0], Instant1970(5));
        assert_eq!((part.freshness, part.age_secs), (Freshness::Waiting, None));
    }
}
