//! Alerts (告警): judged by the present, whatever instant the wall shows; see
//! [`crate::domain::alert`].
//!
//! In: events, devices, figures, warnings, as they are now, and the rules of the
//! configuration; acknowledgements. Out: [`Alerts`].
//!
//! How it works: events are judged one by one as they change, in a slice of a
//! frame ([`events`]), and all of them anew on a task where the rules or the
//! areas are others; devices, figures and warnings once a second where they
//! changed, and once a minute ([`sets`]). Figures and warnings of the present
//! are worked out on a task while a replay shows those of the past ([`present`]).

mod events;
mod facts;
mod present;
mod sets;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::{Action, AreaValues, Areas, Events, Overview, Points, Waker, WallClock, WallConfig, Warnings};
use crate::config::{Alerting, Audience, Config};
use crate::domain::alert::{Alert, AlertKey, AlertLine, Desk, Record, masked_operator};
use crate::domain::privacy::Masks;
use crate::domain::time::Time as Instant1970;
use events::EventWatch;
use present::Present;
use sets::Seen;

/// Longest name of somebody who acknowledges, characters.
const MAX_NAME: usize = 40;

/// The alerts.
#[derive(Resource, Default)]
pub struct Alerts {
    desk: Desk,
    /// The one that has the wall.
    shown: Option<AlertKey>,
    /// Why they are not kept on disk, where they should be. Written by the shell.
    pub fault: Option<String>,
    /// Rules and masks that were followed last.
    followed: Option<Followed>,
    watch: EventWatch,
    seen: Seen,
    present: Present,
    second: i64,
    minute: i64,
}

/// What of the configuration alerts depend on.
#[derive(Clone, PartialEq)]
struct Followed {
    alerting: Alerting,
    stage_count: usize,
    masks: Masks,
    is_public: bool,
}

impl Followed {
    fn of(config: &Config) -> Self {
        let is_public = config.wall.audience == Audience::Public;
        let stage_count = config.closed_loop.stages.len();
        Self { alerting: config.alerting.clone(), stage_count, masks: config.privacy.masks, is_public }
    }
}

/// All alerts in plain values.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct AlertListing {
    /// Those that are not over, most urgent first.
    pub standing: Vec<AlertLine>,
    /// Those that are, newest first.
    pub history: Vec<AlertLine>,
    /// Alerts for which there was no room among [`Self::standing`].
    pub unlisted: usize,
}

impl Alerts {
    /// Queue, history and counts.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The alert that has the wall.
    pub fn shown(&self) -> Option<&Alert> {
        self.shown.as_ref().and_then(|key| self.desk.get(key)).map(AsRef::as_ref)
    }

    /// All of it for other programs.
    pub fn listing(&self) -> AlertListing {
        AlertListing {
            standing: self.desk.queue().iter().map(|alert| alert.line()).collect(),
            history: self.desk.history().map(|alert| alert.line()).collect(),
            unlisted: self.desk.counts().unlisted,
        }
    }

    /// Takes over what was kept before the program started.
    pub fn load(&mut self, record: Record, now: Instant1970) {
        self.desk.load(record, now);
        // What was kept may be of a wall that masked less, and of other rules.
        self.followed = None;
        self.desk.arrange();
    }

    /// Whether something is being worked out on a task.
    pub fn is_looking(&self) -> bool {
        self.watch.is_looking() || self.present.is_looking()
    }

    /// The desk, for tests of who looks at it.
    #[cfg(test)]
    pub(crate) fn desk_for_test(&mut self) -> &mut Desk {
        &mut self.desk
    }

    /// Follows rules and masks where they changed; tells whether they did.
    fn follow(&mut self, config: &Config, now: Instant1970) -> bool {
        let wanted = &config.alerting;
        let is_public = config.wall.audience == Audience::Public;
        let is_same = |known: &Followed| {
            known.alerting == *wanted
                && known.stage_count == config.closed_loop.stages.len()
                && known.masks == config.privacy.masks
                && known.is_public == is_public
        };
        if self.followed.as_ref().is_some_and(is_same) {
            return false;
        }
        self.desk.follow(wanted.rules.iter().map(|rule| &rule.rule), wanted.keep, now);
        self.desk.mask(&config.privacy.masks, is_public);
        self.followed = Some(Followed::of(config));
        true
    }
}

/// What is judged.
#[derive(SystemParam)]
pub(super) struct Around<'w> {
    areas: Res<'w, Areas>,
    points: Res<'w, Points>,
    overview: Res<'w, Overview>,
    values: Res<'w, AreaValues>,
    warnings: Res<'w, Warnings>,
    clock: Res<'w, WallClock>,
    config: Res<'w, WallConfig>,
    waker: Res<'w, Waker>,
}

/// Judges what changed.
pub(super) fn judge(mut alerts: ResMut<Alerts>, mut events: ResMut<Events>, around: Around) {
    let alerts = alerts.bypass_change_detection();
    let events = events.bypass_change_detection();
    let now = around.clock.system();
    let config = &around.config.0;
    let is_new = (alerts.followed.is_none() || around.config.is_changed()) && alerts.follow(config, now);
    let rules = &config.alerting.rules;
    if rules.is_empty() {
        events.watch(false);
        alerts.desk.arrange();
        return;
    }
    let second = now.0.div_euclid(1_000);
    let minute = now.0.div_euclid(60_000);
    let has_turned = std::mem::replace(&mut alerts.second, second) != second || is_new;
    let is_minute = has_turned && std::mem::replace(&mut alerts.minute, minute) != minute || is_new;
    let has_room = has_turned && alerts.desk.take_room();
    if is_new || has_room {
        alerts.watch.look_again(is_new);
    }
    alerts.watch.judge(&mut alerts.desk, events, &around, is_minute);
    let is_known = alerts.present.poll(events);
    if has_turned {
        alerts.present.look(events, &around);
    }
    if has_turned || is_known {
        let is_due = is_minute || has_room;
        sets::judge(&mut alerts.desk, &mut alerts.seen, &alerts.present, events, &around, is_due);
    }
    if is_minute {
        alerts.desk.tidy(now);
    }
    alerts.desk.arrange();
}

/// Takes in who has seen what, and which alert has the wall.
pub(crate) fn act(
    mut alerts: ResMut<Alerts>,
    mut actions: MessageReader<Action>,
    clock: Res<WallClock>,
    config: Res<WallConfig>,
) {
    let alerts = alerts.bypass_change_detection();
    let now = clock.system();
    for action in actions.read() {
        match action {
            Action::AcknowledgeAlert { key, by } => {
                // The one that is before everybody's eyes comes before the others.
                let shown = alerts.shown().filter(|alert| alert.acknowledged.is_none());
                let first = || shown.or(alerts.desk.first().map(AsRef::as_ref)).map(|alert| alert.key.clone());
                if let Some(key) = key.clone().or_else(first) {
                    let by = name_of(by.as_deref(), &config.0);
                    alerts.desk.acknowledge(&key, &by, now);
                }
            }
            Action::AcknowledgeAllAlerts { by } => {
                alerts.desk.acknowledge_all(&name_of(by.as_deref(), &config.0), now);
            }
            Action::TakeOver(key) => {
                if let Some(key) = key {
                    alerts.desk.had_wall(key);
                }
                alerts.shown.clone_from(key);
            }
            _ => {}
        }
    }
    alerts.desk.arrange();
}

/// Who acknowledges, as it may be kept and shown.
fn name_of(by: Option<&str>, config: &Config) -> String {
    let by = by.map(str::trim).filter(|by| !by.is_empty()).unwrap_or(&config.alerting.operator);
    let by: String = by.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    let by = config.privacy.masks.masked(&by);
    if config.wall.audience == Audience::Public { masked_operator(&by) } else { by.into_owned() }
}

#[cfg(test)]
mod tests;
