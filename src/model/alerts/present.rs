//! Figures and warnings of the present, while the wall shows those of the past.
//!
//! In: the events, the system's time. Out: the same figures and warnings that a
//! live wall shows, once a minute, worked out on a task. While the wall is live
//! they are not worked out a second time.

use std::sync::Arc;

use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use super::Around;
use crate::config::{AlertSubject, KeyFigure};
use crate::domain::choropleth::AreaFigure;
use crate::domain::overview::{Engine, Overview as Figures, Setting};
use crate::domain::time::Time as Instant1970;
use crate::domain::warning::{Options, Outlook, outlook};
use crate::model::Events;

/// Figures this far from the present are still of it.
const NEAR_MILLIS: u64 = 10_000;

/// What was worked out this long ago is of the present no more.
const STALE_MILLIS: u64 = 3 * 60_000;

/// What was worked out, of when, and of which areas.
#[derive(Default)]
pub(super) struct Present {
    figures: Figures,
    outlook: Outlook,
    known: Option<Key>,
    looking: Option<(Key, Task<(Engine, Outlook)>)>,
    /// Grows with each look.
    revision: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    at: Instant1970,
    areas: u64,
}

/// Whether any rule needs what is worked out here.
fn is_asked(around: &Around) -> bool {
    around.config.0.alerting.rules.iter().any(|rule| match &rule.subject {
        AlertSubject::Event(_) | AlertSubject::Device(_) => false,
        AlertSubject::Whole(figure, _) => !matches!(figure, KeyFigure::Reported(_)),
        AlertSubject::Areas { figure, .. } => !matches!(figure, AreaFigure::Reported(_) | AreaFigure::CameraOnlineRate),
        AlertSubject::Warning => true,
    })
}

/// Whether the figures that the wall shows are of the present.
fn is_shown(around: &Around) -> bool {
    let overview: &Figures = &around.overview;
    overview.now.0.abs_diff(around.clock.system().0) <= NEAR_MILLIS
        && around.overview.is_of_areas(around.areas.revision)
}

impl Present {
    /// Whether something is being worked out.
    pub(super) fn is_looking(&self) -> bool {
        self.looking.is_some()
    }

    /// Grows with each look.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    fn is_of(&self, around: &Around) -> bool {
        let now = around.clock.system();
        self.known
            .is_some_and(|known| known.areas == around.areas.revision && known.at.0.abs_diff(now.0) <= STALE_MILLIS)
    }

    /// Figures of the present, where they are known.
    pub(super) fn figures<'a>(&'a self, events: &Events, around: &'a Around) -> Option<&'a Figures> {
        // Of half a history nothing is to be said.
        if is_shown(around) {
            return (events.waiting() == 0).then(|| &**around.overview);
        }
        self.is_of(around).then_some(&self.figures)
    }

    /// Warnings of the present, where they are known.
    pub(super) fn outlook<'a>(&'a self, around: &'a Around) -> Option<&'a Outlook> {
        if around.warnings.is_of(around.clock.system()) {
            return Some(around.warnings.outlook(&around.areas));
        }
        self.is_of(around).then_some(&self.outlook)
    }

    /// Takes over what was worked out; tells whether something was.
    pub(super) fn poll(&mut self, events: &Events) -> bool {
        let Some((key, task)) = &mut self.looking else { return false };
        let Some((engine, outlook)) = block_on(poll_once(task)) else { return false };
        self.known = Some(*key);
        self.figures.refresh(&engine, &events.store, None);
        self.outlook = outlook;
        self.revision += 1;
        self.looking = None;
        true
    }

    /// Has worked out what is to be known and is not shown, once a minute.
    pub(super) fn look(&mut self, events: &Events, around: &Around) {
        let config = &around.config.0;
        let now = around.clock.system();
        let are_warnings_shown = !config.alerting.watches_warnings() || around.warnings.is_of(now);
        if self.looking.is_some() || !is_asked(around) || is_shown(around) && are_warnings_shown {
            return;
        }
        let is_known =
            self.known.is_some_and(|known| known.areas == around.areas.revision && known.at.0.abs_diff(now.0) < 60_000);
        if is_known || events.waiting() > 0 || around.areas.revision == 0 {
            return;
        }
        let setting = Setting {
            tree: Arc::clone(&around.areas.tree),
            day_start: now.start_of_day(&config.wall.zone),
            stage_count: config.closed_loop.stages.len(),
            within: None,
        };
        let level = crate::model::warnings::level(config, &around.areas.tree);
        let options = level.filter(|_| config.alerting.watches_warnings()).map(|level| Options {
            level,
            risk: config.warning.risk,
            least: config.warning.least,
        });
        let (snapshot, waker) = (events.store.snapshot(), around.waker.clone());
        let task = AsyncComputeTaskPool::get().spawn(async move {
            let tree = Arc::clone(&setting.tree);
            let engine = Engine::new(setting, now, &snapshot);
            let outlook = options.map(|options| outlook(&snapshot, &tree, now, &options)).unwrap_or_default();
            (waker.0)();
            (engine, outlook)
        });
        self.looking = Some((Key { at: now, areas: around.areas.revision }, task));
    }
}
