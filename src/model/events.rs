//! The events, placed in the hierarchy, and what became of them.

use std::collections::{HashMap, VecDeque};
use std::vec::IntoIter;

use bevy::prelude::*;

use super::Areas;
use super::changes::Changes;
use crate::config::Config;
use crate::domain::area::AreaIndex;
use crate::domain::event::Event;
use crate::domain::event_store::{ApplyCount, EventKey, EventStore, Placer};
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
    news: News,
    changes: Changes,
    /// Whether somebody judges single events; only then is noted which changed.
    is_watched: bool,
    touched: Touched,
    /// Of a batch that is being merged: what is still to come.
    waiting: IntoIter<Event>,
}

/// Events merged between two looks at the time that is left.
const MERGED_AT_ONCE: usize = 256;

/// Events given up in a frame where a new configuration keeps fewer.
const GIVEN_UP_AT_ONCE: usize = 2_000;

/// An event reported at most this long ago is news and pulses.
const NEWS_SECS: f64 = 120.0;

/// Seconds for which it is kept in mind when news came: longer than any pulse.
const NEWS_KEPT_SECS: f32 = 60.0;

/// News kept in mind at most: nobody sees more of them pulse.
const MAX_NEWS: usize = 50_000;

/// Events noted one by one as changed; looking at all of them anew is faster
/// than at more.
const MAX_TOUCHED: usize = 50_000;

/// Which events changed since somebody looked, some of them more than once.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Their keys.
    pub(super) keys: Vec<EventKey>,
    /// There were too many: look at all.
    pub(super) is_cut: bool,
}

impl Touched {
    fn cut() -> Self {
        Self { keys: Vec::new(), is_cut: true }
    }

    fn push(&mut self, key: EventKey) {
        if self.keys.len() >= MAX_TOUCHED {
            *self = Self::cut();
        } else if !self.is_cut {
            self.keys.push(key);
        }
    }
}

/// When news came, seconds since the program's start.
#[derive(Default)]
struct News {
    born: HashMap<EventKey, f32, foldhash::fast::RandomState>,
    /// In order of time, some of them forgotten already.
    order: VecDeque<(EventKey, f32)>,
}

impl News {
    fn add(&mut self, key: EventKey, elapsed_secs: f32) {
        if self.order.len() == MAX_NEWS {
            self.forget_first();
        }
        self.born.insert(key, elapsed_secs);
        self.order.push_back((key, elapsed_secs));
    }

    /// Forgets what is too old to pulse.
    fn forget(&mut self, elapsed_secs: f32) {
        while self.order.front().is_some_and(|&(_, born)| elapsed_secs - born >= NEWS_KEPT_SECS) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((key, born)) = self.order.pop_front()
            && self.born.get(&key) == Some(&born)
        {
            self.born.remove(&key);
        }
    }

    fn born_secs(&self, key: EventKey) -> f32 {
        self.born.get(&key).copied().unwrap_or(-1.0)
    }
}

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

    /// Merges a whole batch; `elapsed_secs` is the time since the program's
    /// start.
    pub fn apply(&mut self, batch: Vec<Event>, areas: &Areas, system: Instant1970, elapsed_secs: f32) {
        self.merge(batch.into_iter(), areas, system, elapsed_secs);
    }

    /// Takes a batch that is to be merged piece by piece, behind what waits.
    pub(super) fn accept(&mut self, batch: Vec<Event>) {
        if self.waiting.len() == 0 {
            self.waiting = batch.into_iter();
        } else {
            let all: Vec<Event> = std::mem::take(&mut self.waiting).chain(batch).collect();
            self.waiting = all.into_iter();
        }
    }

    /// Forgets all of them, and what of a batch is still to be merged; keeps at
    /// most so many of those that come.
    pub(super) fn forget(&mut self, keep: usize) {
        *self = Self {
            store: EventStore::with_capacity(keep),
            revision: self.revision + 1,
            counts: self.counts,
            changes: Changes::cut(),
            is_watched: self.is_watched,
            touched: Touched::cut(),
            // What comes is placed in the areas as they are.
            areas_revision: self.areas_revision,
            ..Self::default()
        };
    }

    /// How many events of a batch are still to be merged.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Merges some of what waits.
    pub(super) fn merge_some(&mut self, areas: &Areas, system: Instant1970, elapsed_secs: f32) {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.merge(waiting.by_ref().take(MERGED_AT_ONCE), areas, system, elapsed_secs);
        self.waiting = waiting;
    }

    fn merge(&mut self, batch: impl Iterator<Item = Event>, areas: &Areas, system: Instant1970, elapsed_secs: f32) {
        let Self { store, news, changes, is_watched, touched, .. } = self;
        let count = store.apply(batch, &InAreas(areas), system, |change| {
            if let (None, Some(new)) = (change.before, change.after)
                && system.secs_since(new.reported) < NEWS_SECS
            {
                news.add(new.key, elapsed_secs);
            }
            if let Some(new) = change.after.filter(|_| *is_watched) {
                touched.push(new.key);
            }
            changes.push(change);
        });
        self.counts.added += count.added;
        self.counts.changed += count.changed;
        self.counts.same += count.same;
        self.counts.dropped += count.dropped;
        self.counts.refused += count.refused;
        if count.added + count.changed + count.dropped > 0 {
            self.revision += 1;
        }
        self.news.forget(elapsed_secs);
    }

    /// Gives up some of what is too much for a new configuration. Tells whether
    /// that is all of it.
    pub(super) fn shrink(&mut self) -> bool {
        let Self { store, changes, .. } = self;
        let dropped = store.shrink(GIVEN_UP_AT_ONCE, |change| changes.push(change));
        self.counts.dropped += dropped;
        self.revision += u64::from(dropped > 0);
        dropped < GIVEN_UP_AT_ONCE
    }

    /// What changed since the last call.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// Whether changes are to be noted event by event, for [`Self::take_touched`].
    pub(super) fn watch(&mut self, is_watched: bool) {
        if self.is_watched != is_watched {
            self.is_watched = is_watched;
            self.touched = if is_watched { Touched::cut() } else { Touched::default() };
        }
    }

    /// Which events changed since the last call.
    pub(super) fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }

    /// When an event came that was news then, seconds since the program's
    /// start; negative for all others.
    pub fn born_secs(&self, key: EventKey) -> f32 {
        self.news.born_secs(key)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::tests::event;

    #[test]
    fn batches_are_merged_piece_by_piece_and_in_order() {
        let areas = Areas::default();
        let mut events = Events::default();
        let batch = |from: i64, stage: u8| {
            let step = move |i: i64| Event {
                stage,
                entered: vec![(0, Instant1970(i)), (stage, Instant1970(i + i64::from(stage)))],
                ..event(&format!("e{i}"), i)
            };
            (from..from + 600).map(step).collect::<Vec<_>>()
        };
        events.accept(batch(0, 1));
        events.accept(batch(300, 2));
        let mut pieces = 0;
        while events.waiting() > 0 {
            events.merge_some(&areas, Instant1970(0), 0.0);
            pieces += 1;
        }
        assert_eq!(
            (pieces, events.store.len(), events.counts.changed),
            (1_200_usize.div_ceil(MERGED_AT_ONCE), 900, 300)
        );
        assert_eq!(events.store.get("e300").map(|event| event.stage), Some(2));
    }

    /// A film lets its sources go with the half of a batch still waiting.
    #[test]
    fn what_waits_is_merged_without_sources_too() {
        use bevy::ecs::system::RunSystemOnce;

        use super::super::{Pictures, Points, Sources, Tiles, Waker, WallClock};

        let mut world = World::new();
        world.init_resource::<Sources>();
        world.init_resource::<Areas>();
        world.init_resource::<Events>();
        world.init_resource::<Points>();
        world.init_resource::<Pictures>();
        world.init_resource::<Tiles>();
        world.init_resource::<WallClock>();
        world.init_resource::<Waker>();
        world.init_resource::<Time<Real>>();
        world.resource_mut::<Events>().accept((0..600).map(|i| event(&format!("e{i}"), i)).collect());
        for _ in 0..600 {
            world.run_system_once(super::super::receive).expect("runs");
        }
        let events = world.resource::<Events>();
        assert_eq!((events.waiting(), events.store.len()), (0, 600));
    }

    #[test]
    fn news_are_forgotten_in_time_and_never_too_many() {
        let mut news = News::default();
        (0..MAX_NEWS as u64 + 10).for_each(|key| news.add(EventKey(key), 1.0));
        assert_eq!((news.born.len(), news.order.len()), (MAX_NEWS, MAX_NEWS));
        assert_eq!((news.born_secs(EventKey(9)), news.born_secs(EventKey(10))), (-1.0, 1.0));
        news.add(EventKey(10), 50.0);
        news.forget(70.0);
        assert_eq!((news.born.len(), news.born_secs(EventKey(10))), (1, 50.0));
    }
}
