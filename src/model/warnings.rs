//! Where more happens than is usual, looked for once a minute on a task; see
//! [`crate::domain::warning`].

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use super::{Areas, Events, Overview, Visible, Waker, WallClock, WallConfig};
use crate::config::{Config, Occasion, PanelKind};
use crate::domain::area::{AreaTree, Level};
use crate::domain::time::Time as Instant1970;
use crate::domain::warning::{Options, Outlook, outlook};

/// What is warned of.
#[derive(Resource, Default)]
pub struct Warnings {
    /// What was found; unknown while nobody asks.
    outlook: Outlook,
    /// The areas' revision that it belongs to.
    areas_revision: u64,
    /// Grows with each look, and when a scene begins or ends to show them.
    pub revision: u64,
    /// Whether a panel of the scene says what is warned of: without it nothing on
    /// the map would tell why an area is outlined.
    pub are_shown: bool,
    /// The minute that it is of.
    minute: i64,
    /// What the last look was of.
    of: Option<LookKey>,
    looking: Option<Task<Outlook>>,
}

/// What a look depends on.
#[derive(Clone, Copy, PartialEq)]
struct LookKey {
    minute: i64,
    /// How many events there were, about: while they come in at the start.
    magnitude: u32,
    areas: u64,
    options: Options,
}

impl Warnings {
    /// What was found in these areas; unknown where it was in others.
    pub fn outlook(&self, areas: &Areas) -> &Outlook {
        if self.areas_revision == areas.revision { &self.outlook } else { &Outlook::Unknown }
    }

    /// Whether it is of about this instant, and not of another that a replay
    /// shows.
    pub(super) fn is_of(&self, now: Instant1970) -> bool {
        (0..=2).contains(&(now.0.div_euclid(60_000) - self.minute))
    }

    /// Whether somebody is looking.
    pub fn is_looking(&self) -> bool {
        self.looking.is_some()
    }
}

/// The level whose areas are warned of.
pub(super) fn level(config: &Config, tree: &AreaTree) -> Option<Level> {
    let levels = tree.levels();
    config.warning.level.or(config.map.fill_level).or(levels.get(1).or(levels.first()).copied())
}

/// Looks anew when the shown minute or the areas changed, where a panel of the
/// scene shows what comes of it, or the playlist or an alert depends on it.
pub(super) fn recompute(
    mut found: ResMut<Warnings>,
    events: Res<Events>,
    areas: Res<Areas>,
    overview: Res<Overview>,
    clock: Res<WallClock>,
    config: Res<WallConfig>,
    visible: Res<Visible>,
    waker: Res<Waker>,
) {
    if let Some(task) = &mut found.looking
        && let Some(outlook) = block_on(poll_once(task))
    {
        found.looking = None;
        found.outlook = outlook;
        found.areas_revision = found.of.map_or(0, |of| of.areas);
        found.minute = found.of.map_or(0, |of| of.minute);
        found.revision += 1;
    }
    let config = &config.0;
    let is_shown =
        |&panel: &usize| config.panels.get(panel).is_some_and(|panel| matches!(panel.kind, PanelKind::Warnings));
    let is_asked = config.scenes.iter().any(|scene| scene.only_when.contains(&Occasion::Warning))
        || config.alerting.watches_warnings();
    let are_shown = visible.panels.iter().any(is_shown);
    if found.are_shown != are_shown {
        found.are_shown = are_shown;
        found.revision += 1;
    }
    let level = level(config, &areas.tree).filter(|_| is_asked || are_shown);
    let Some(level) = level else {
        if found.of.is_some() {
            *found = Warnings { revision: found.revision + 1, ..Warnings::default() };
        }
        return;
    };
    let now = clock.now();
    let wanted = LookKey {
        minute: now.0.div_euclid(60_000),
        magnitude: usize::BITS - events.store.len().leading_zeros(),
        areas: areas.revision,
        options: Options { level, risk: config.warning.risk, least: config.warning.least },
    };
    // Events that are not placed in these areas yet would all be missed.
    if found.looking.is_some() || found.of == Some(wanted) || !overview.is_of_areas(areas.revision) {
        return;
    }
    found.of = Some(wanted);
    let (snapshot, tree, waker) = (events.store.snapshot(), Arc::clone(&areas.tree), waker.clone());
    found.looking = Some(AsyncComputeTaskPool::get().spawn(async move {
        let outlook = outlook(&snapshot, &tree, now, &wanted.options);
        (waker.0)();
        outlook
    }));
}
