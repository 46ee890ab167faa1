//! The events, placed in the hierarchy, and what became of them.

use std::collections::HashMap;

use bevy::prelude::*;

use super::Areas;
use crate::config::Config;
use crate::domain::area::AreaIndex;
use crate::domain::event::Event;
use crate::domain::event_store::{ApplyCount, Course, EventKey, EventStore, Placer};
use crate::domain::geometry::LonLat;
use crate::domain::time::Time as Instant1970;

/// The events.
#[derive(Resource, Default)]
pub struct Events {
    /// The events.
    pub store: EventStore,
    /// Grows with each batch that changed something.
    pub revision: u64,
    /// What the batches did, added up.
    pub counts: ApplyCount,
    areas_revision: u64,
    /// When news came, seconds since the program's start.
    news: HashMap<EventKey, f32>,
    changes: Changes,
}

/// What changed in the store since somebody looked.
#[derive(Debug, Default)]
pub struct Changes {
    /// In order: what was known of an event, and what is known now.
    pub list: Vec<(Option<Course>, Option<Course>)>,
    /// There were more than a list is good for: look at the store.
    pub is_cut: bool,
}

/// Changes that are kept apart; counting anew is faster than taking over more.
const MAX_CHANGES: usize = 20_000;

impl Changes {
    fn push(&mut self, before: Option<&Course>, after: Option<&Course>) {
        if self.list.len() < MAX_CHANGES && !self.is_cut {
            self.list.push((before.cloned(), after.cloned()));
        } else {
            self.list = Vec::new();
            self.is_cut = true;
        }
    }

    /// Appends later ones.
    pub fn extend(&mut self, later: Self) {
        self.is_cut |= later.is_cut;
        self.list.extend(later.list);
        if self.is_cut || self.list.len() > MAX_CHANGES {
            *self = Self { list: Vec::new(), is_cut: true };
        }
    }
}

/// An event reported at most this long ago is news and pulses.
const NEWS_SECS: f64 = 120.0;

/// Seconds for which it is kept in mind when news came: longer than any pulse.
const NEWS_KEPT_SECS: f32 = 60.0;

/// Areas as they are now.
struct InAreas<'a>(&'a Areas);

impl Placer for InAreas<'_> {
    fn place(&self, code: Option<&str>, at: Option<LonLat>) -> Option<AreaIndex> {
        let named = code.and_then(|code| self.0.tree.find(code));
        named.or_else(|| at.and_then(|at| self.0.locator.locate_deepest(at)))
    }
}

impl Events {
    /// None yet, and room for as many as `config` says.
    pub fn of(config: &Config) -> Self {
        Self { store: EventStore::with_capacity(config.events.keep), ..Self::default() }
    }

    /// Merges a batch; `elapsed_secs` is the time since the program's start.
    pub fn apply(&mut self, batch: Vec<Event>, areas: &Areas, system: Instant1970, elapsed_secs: f32) {
        let Self { store, news, changes, .. } = self;
        let count = store.apply(batch, &InAreas(areas), system, |change| {
            if let (None, Some(new)) = (change.before, change.after)
                && system.secs_since(new.reported) < NEWS_SECS
            {
                news.insert(new.key, elapsed_secs);
            }
            changes.push(change.before, change.after);
        });
        self.counts.added += count.added;
        self.counts.changed += count.changed;
        self.counts.same += count.same;
        self.counts.dropped += count.dropped;
        if count.added + count.changed + count.dropped > 0 {
            self.revision += 1;
        }
        self.news.retain(|_, born| elapsed_secs - *born < NEWS_KEPT_SECS);
    }

    /// What changed since the last call.
    pub(super) fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// When an event came that was news then, seconds since the program's
    /// start; negative for all others.
    pub fn born_secs(&self, key: EventKey) -> f32 {
        self.news.get(&key).copied().unwrap_or(-1.0)
    }
}

/// Places all events anew after the areas changed.
pub(super) fn replace_places(mut events: ResMut<Events>, areas: Res<Areas>) {
    if events.areas_revision != areas.revision {
        events.store.place_again(&InAreas(&areas));
        events.areas_revision = areas.revision;
        events.revision += 1;
    }
}
