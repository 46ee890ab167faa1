//! The events, each placed in the hierarchy and on the map once.

use std::collections::HashMap;
use std::sync::Arc;

use bevy::prelude::*;

use super::Areas;
use crate::domain::event::{ApplyCount, Event, EventStore};
use crate::domain::overview::PlacedEvent;
use crate::domain::time::Time as Instant1970;

/// The events and their places.
#[derive(Resource, Default)]
pub struct Events {
    /// The events.
    pub store: EventStore,
    /// Their places by id.
    pub places: HashMap<Arc<str>, PlacedEvent>,
    /// Grows with each batch that changed something.
    pub revision: u64,
    /// What the batches did, added up.
    pub counts: ApplyCount,
    areas_revision: u64,
}

/// An event reported at most this long ago is news and pulses.
const NEWS_SECS: f64 = 120.0;

impl Events {
    /// Merges a batch; `elapsed_secs` is the time since the program's start.
    pub fn apply(&mut self, batch: Vec<Event>, areas: &Areas, system: Instant1970, elapsed_secs: f32) {
        let placed: Vec<(Arc<str>, PlacedEvent)> = batch
            .iter()
            .map(|event| {
                let is_news = system.secs_since(event.reported) < NEWS_SECS;
                let born_secs = match self.places.get(&event.id) {
                    Some(known) => known.born_secs,
                    None if is_news => elapsed_secs,
                    None => -1.0,
                };
                (Arc::clone(&event.id), PlacedEvent { born_secs, ..place(event, areas) })
            })
            .collect();
        let count = self.store.apply(batch);
        self.counts.added += count.added;
        self.counts.changed += count.changed;
        self.counts.same += count.same;
        self.counts.dropped += count.dropped;
        if count.added + count.changed + count.dropped == 0 {
            return;
        }
        self.places.extend(placed);
        if count.dropped > 0 {
            self.places.retain(|id, _| self.store.get(id).is_some());
        }
        self.revision += 1;
    }

    /// Where the event with this id is.
    pub fn place(&self, id: &str) -> PlacedEvent {
        self.places.get(id).copied().unwrap_or_default()
    }
}

fn place(event: &Event, areas: &Areas) -> PlacedEvent {
    let named = event.area.as_deref().and_then(|code| areas.tree.find(code));
    let area = named.or_else(|| event.at.and_then(|at| areas.locator.locate_deepest(at)));
    let at = event.at.map(|at| areas.projection.local_from_lonlat([at.lon, at.lat]).map(|v| v as f32));
    PlacedEvent { area, at, born_secs: -1.0 }
}

/// Places all events anew after the areas changed.
pub(super) fn replace_places(mut events: ResMut<Events>, areas: Res<Areas>) {
    if events.areas_revision == areas.revision {
        return;
    }
    let Events { store, places, areas_revision, revision, .. } = &mut *events;
    for event in store.iter() {
        let born_secs = places.get(&event.id).map_or(-1.0, |known| known.born_secs);
        places.insert(Arc::clone(&event.id), PlacedEvent { born_secs, ..place(event, &areas) });
    }
    *areas_revision = areas.revision;
    *revision += 1;
}
