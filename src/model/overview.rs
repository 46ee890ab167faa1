//! Figures computed from events, kept up with the clock and the events; see
//! [`crate::domain::overview`]. Those of single areas, for panels that show no
//! more, in [`parts`].

mod counter;
mod parts;

use std::ops::Deref;
use std::sync::Arc;

use bevy::prelude::*;

use super::changes::Changes;
use super::{Areas, Events, Focus, Visible, Waker, WallClock, WallConfig};
use crate::config::PanelArea;
use crate::domain::area::AreaIndex;
use crate::domain::event_store::{EventFilter, Sieve};
use crate::domain::overview::{MapEvent, Overview as Figures, Setting, Window, WindowChange, WindowSetting};
use crate::domain::time::{DAY_MILLIS, Time as Instant1970};
use counter::Counter;
pub use parts::OfArea;
use parts::Parts;

/// Figures computed from events, with what they were computed from.
#[derive(Resource, Default)]
pub struct Overview {
    figures: Figures,
    /// Grows with each change.
    pub revision: u64,
    /// What entered and left the window with this revision.
    pub window_change: WindowChange,
    /// The window of the same hours a week before; empty while nobody compares.
    pub week_before: Arc<Vec<MapEvent>>,
    /// What entered and left that with this revision.
    pub week_change: WindowChange,
    counter: Counter,
    parts: Parts,
    window: Window,
    week_window: Option<Window>,
    events_revision: u64,
    areas_revision: u64,
    /// What the windows and the live list are cut down to.
    filter: EventFilter,
    built_at_secs: f64,
}

impl Overview {
    /// Whether it was computed from these revisions of areas and events.
    pub fn is_of(&self, areas_revision: u64, events_revision: u64) -> bool {
        !self.is_counting() && (self.areas_revision, self.events_revision) == (areas_revision, events_revision)
    }

    /// Whether something is being counted on a task.
    fn is_counting(&self) -> bool {
        self.counter.is_counting() || self.parts.is_counting()
    }

    /// Figures of single areas that are known, with what asks for them.
    pub fn parts(&self) -> impl Iterator<Item = (&PanelArea, AreaIndex, &Figures)> {
        self.parts.known()
    }

    /// Grows with each change of [`Self::parts`].
    pub fn parts_revision(&self) -> u64 {
        self.parts.revision
    }

    /// The figures that a panel shows whose `area` is this.
    pub fn of_area(&self, area: &PanelArea) -> OfArea<'_> {
        self.parts.of_area(area)
    }
}

impl Overview {
    /// Length of the window, seconds: a little behind what is wanted.
    pub fn window_secs(&self) -> f64 {
        self.window.secs()
    }

    /// Whether it is of these areas, whatever events are still to come.
    pub fn is_of_areas(&self, areas_revision: u64) -> bool {
        self.revision > 0 && self.areas_revision == areas_revision
    }
}

#[cfg(test)]
impl Overview {
    /// Puts these windows in place of what was worked out.
    pub fn set_for_test(&mut self, window: Vec<MapEvent>, week_before: Vec<MapEvent>) {
        self.figures.window = Arc::new(window);
        self.week_before = Arc::new(week_before);
    }
}

impl Deref for Overview {
    type Target = Figures;

    fn deref(&self) -> &Figures {
        &self.figures
    }
}

const WEEK_MILLIS: i64 = 7 * DAY_MILLIS;

/// The windows that are wanted.
#[derive(Clone, Copy)]
struct Windows {
    secs: f64,
    /// Also one a week before.
    has_week_before: bool,
}

/// Shortest time between two looks while the wall is live or filtered, so that
/// the cost of showing figures follows the eye and not the back ends.
const LOOK_SECS: f64 = 0.25;

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Follows the clock, the events and the focus.
pub(super) fn recompute(
    mut overview: ResMut<Overview>,
    mut events: ResMut<Events>,
    areas: Res<Areas>,
    clock: Res<WallClock>,
    config: Res<WallConfig>,
    visible: Res<Visible>,
    focus: Res<Focus>,
    waker: Res<Waker>,
    real: Res<Time<Real>>,
) {
    let now = clock.now();
    let is_refiltered = overview.filter != visible.filter;
    // Other areas: what was placed in the old ones must not be looked up in them.
    let are_areas_new = areas.revision != overview.areas_revision;
    let wanted = parts::wanted(&config.0, &visible, &focus, &areas);
    let is_urgent = are_areas_new || is_refiltered || !overview.parts.are_of(&wanted);
    let is_changed = is_urgent
        || events.revision != overview.events_revision
        || now != overview.now
        || overview.window.secs() != visible.window_secs
        || overview.week_window.is_some() != visible.compares_heat();
    let elapsed = real.elapsed_secs_f64();
    // A filter looks at the whole window, and so no more often than the eye.
    let is_early = overview.week_window.is_some() == visible.compares_heat()
        && (clock.0.is_live() || !overview.filter.is_empty())
        && overview.revision > 0
        && elapsed - overview.built_at_secs < LOOK_SECS;
    if !is_urgent && !overview.is_counting() && (!is_changed || is_early) {
        return;
    }
    let overview = &mut *overview;
    let changes = events.bypass_change_detection().take_changes();
    let setting = Setting {
        tree: Arc::clone(&areas.tree),
        day_start: now.start_of_day(&config.0.wall.zone),
        stage_count: config.0.closed_loop.stages.len(),
        within: None,
    };
    let windows = Windows { secs: visible.window_secs, has_week_before: visible.compares_heat() };
    if is_refiltered {
        overview.filter.clone_from(&visible.filter);
    }
    let filter = (!overview.filter.is_empty()).then(|| overview.filter.prepare(events.store.classes(), &areas.tree));
    let sieve = filter.as_ref().map(|filter| Sieve { filter, at: (!clock.0.is_live()).then_some(now) });
    let at = parts::Instant { now, is_live: clock.0.is_live(), are_areas_new, is_refiltered };
    overview.parts.follow(wanted, &at, &setting, &changes, &events, &overview.filter, &waker);
    let has_news =
        overview.follow(now, setting, windows, changes, &events, &areas, &waker, are_areas_new, sieve, is_refiltered);
    overview.events_revision = events.revision;
    overview.areas_revision = areas.revision;
    overview.built_at_secs = elapsed;
    let minute = |at: Instant1970| at.0.div_euclid(60_000);
    if has_news || minute(now) != minute(overview.now) || overview.revision == 0 {
        if let Some(engine) = overview.counter.engine() {
            overview.figures.refresh(engine, &events.store, sieve);
        }
        overview.figures.window = Arc::clone(overview.window.events());
        overview.figures.window_count = overview.window.count();
        overview.window_change = overview.window.take_change();
        overview.week_before = overview.week_window.as_ref().map(|week| Arc::clone(week.events())).unwrap_or_default();
        overview.week_change = overview.week_window.as_mut().map(Window::take_change).unwrap_or_default();
        overview.revision += 1;
    } else {
        overview.figures.now = now;
    }
}

impl Overview {
    /// Brings engine and window to `now`; tells whether they changed.
    #[expect(clippy::too_many_arguments, reason = "what figures are made of")]
    fn follow(
        &mut self,
        now: Instant1970,
        setting: Setting,
        windows: Windows,
        changes: Changes,
        events: &Events,
        areas: &Areas,
        waker: &Waker,
        are_areas_new: bool,
        sieve: Option<Sieve<'_>>,
        is_refiltered: bool,
    ) -> bool {
        let born_secs = |key| events.born_secs(key);
        let around = WindowSetting { tree: &areas.tree, projection: &areas.projection, born_secs: &born_secs, sieve };
        let mut is_changed = !changes.is_empty() || are_areas_new || is_refiltered;
        let millis = (windows.secs * 1_000.0) as i64;
        is_changed |= self.week_window.is_some() != windows.has_week_before;
        if !windows.has_week_before {
            self.week_window = None;
        } else if self.week_window.is_none() {
            self.week_window = Some(Window::default());
        }
        let moved = [(Some(&mut self.window), now), (self.week_window.as_mut(), now.plus_millis(-WEEK_MILLIS))];
        for (window, end) in moved.into_iter().filter_map(|(window, end)| Some((window?, end))) {
            let start = end.plus_millis(-millis);
            // What stood in a stage a week ago.
            let sieve = sieve.map(|sieve| if end == now { sieve } else { Sieve { at: Some(end), ..sieve } });
            let around = WindowSetting { sieve, ..around };
            if are_areas_new || changes.is_cut() || is_refiltered {
                window.fill(start, end, &events.store, &around);
                continue;
            }
            if sieve.is_some() {
                is_changed |= window.refill(start, end, &events.store, &around);
                continue;
            }
            window.change_all(changes.len(), &around, |see| changes.for_each(see));
            is_changed |= window.advance(start, end, &events.store, &around);
        }
        is_changed | self.counter.follow(now, setting, &changes, events, waker, are_areas_new)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use bevy::ecs::system::RunSystemOnce;

    use super::*;
    use crate::config::Config;

    #[test]
    fn figures_of_old_areas_do_not_outlive_them() {
        let text = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n";
        let config = Config::parse(text, Path::new("t.toml")).expect("valid");
        let mut world = World::new();
        world.insert_resource(WallConfig(Arc::new(config)));
        world.init_resource::<Overview>();
        world.init_resource::<Events>();
        world.init_resource::<Areas>();
        world.init_resource::<WallClock>();
        world.init_resource::<Waker>();
        world.init_resource::<Visible>();
        world.init_resource::<Focus>();
        world.init_resource::<Time<Real>>();
        world.resource_mut::<Areas>().revision = 1;
        world.run_system_once(recompute).expect("runs");
        assert!(world.resource::<Overview>().is_of(1, 0));
        // No time has passed: events have to wait, areas do not.
        world.resource_mut::<Events>().revision = 1;
        world.run_system_once(recompute).expect("runs");
        assert!(world.resource::<Overview>().is_of(1, 0));
        world.resource_mut::<Areas>().revision = 2;
        world.run_system_once(recompute).expect("runs");
        assert!(world.resource::<Overview>().is_of(2, 1));
    }
}
