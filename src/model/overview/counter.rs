//! One engine that is kept up with the clock and the events, or counted anew on
//! a task where there is much to count.

use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use crate::domain::event_store::Course;
use crate::domain::overview::{Engine, Setting};
use crate::domain::time::Time as Instant1970;
use crate::model::changes::Changes;
use crate::model::{Events, Waker};

/// Changes that are taken over within a frame: a few milliseconds. Of more of
/// them everything is counted anew, which is done on a task.
const TAKEN_OVER_AT_ONCE: usize = 5_000;

/// Events that are counted anew within a frame; more of them on a task.
const COUNTED_AT_ONCE: usize = 10_000;

/// See the module.
#[derive(Default)]
pub(super) struct Counter {
    engine: Option<Engine>,
    /// Another engine, counted on a task, and what changed since it began.
    counting: Option<(Task<Engine>, Changes)>,
}

impl Counter {
    /// What is counted so far.
    pub(super) fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }

    /// Whether something is being counted on a task.
    pub(super) fn is_counting(&self) -> bool {
        self.counting.is_some()
    }

    /// Brings the engine to `now`; tells whether it changed. `changes` are those
    /// of the store since it was last called.
    pub(super) fn follow(
        &mut self,
        now: Instant1970,
        setting: Setting,
        changes: &Changes,
        events: &Events,
        waker: &Waker,
        are_areas_new: bool,
    ) -> bool {
        let mut is_changed = false;
        let mut since_begin = None;
        if let Some((task, since)) = &mut self.counting {
            since.extend(changes.clone());
            if let Some(engine) = block_on(poll_once(task)) {
                since_begin = self.counting.take().map(|(_, since)| since);
                self.engine = Some(engine);
                is_changed = true;
            }
        }
        let changes = since_begin.as_ref().unwrap_or(changes);
        if are_areas_new {
            // What is being counted is of areas that are gone.
            self.counting = None;
        }
        if self.counting.is_some() {
            return is_changed;
        }
        let fits = |engine: &&mut Engine| {
            let of = engine.setting();
            let is_same =
                (of.day_start, of.stage_count, of.within) == (setting.day_start, setting.stage_count, setting.within);
            !are_areas_new && is_same
        };
        match self.engine.as_mut().filter(fits) {
            Some(engine)
                if !changes.is_cut()
                    && changes.len() <= TAKEN_OVER_AT_ONCE
                    && engine.moments_until(now) <= COUNTED_AT_ONCE =>
            {
                let mut scratch = Course::default();
                changes.for_each(|before, after| engine.change(before, after, &mut scratch));
                is_changed | engine.advance(now, &events.store)
            }
            _ => self.count(now, setting, events, waker, are_areas_new) | is_changed,
        }
    }

    /// Counts anew; tells whether that is done.
    fn count(
        &mut self,
        now: Instant1970,
        setting: Setting,
        events: &Events,
        waker: &Waker,
        are_areas_new: bool,
    ) -> bool {
        let snapshot = events.store.snapshot();
        let many = Engine::events_of(&setting, &snapshot) > COUNTED_AT_ONCE;
        // The figures of everything are never missing; those of a part may be.
        let can_wait = setting.within.is_some() || (self.engine.is_some() && !are_areas_new);
        if many && can_wait {
            let waker = waker.clone();
            let task = AsyncComputeTaskPool::get().spawn(async move {
                let engine = Engine::new(setting, now, &snapshot);
                (waker.0)();
                engine
            });
            self.counting = Some((task, Changes::default()));
            return false;
        }
        self.engine = Some(Engine::new(setting, now, &snapshot));
        true
    }
}
