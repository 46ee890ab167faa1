//! Alerts that take the wall over, one after the other, and the way back.
//!
//! In: the queue of alerts, the time, what hands do. Out: flights to where an
//! alert is, its card ([`Action::Select`], [`Action::FocusCode`]), and at the end
//! [`Action::Resume`]; how bright the light is that calls for a look.
//!
//! How it works: the first takeover notes where the wall is; those that wait
//! follow without a return between them; after the last the wall is where it
//! was: focus, card, view, clock, and the rest of the time of its scene. A hand
//! on the map ends it at once and keeps what it sees. While somebody works at
//! the wall none begins; the banner calls nevertheless.

use bevy::ecs::message::MessageCursor;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::is_held;
use crate::domain::alert::{Alert, AlertKey, AlertKind, Pulses};
use crate::domain::event_store::EventKey;
use crate::domain::geometry::LonLat;
use crate::map::{Camera, Hands, MapView, focus_bounds};
use crate::model::{
    Action, Alerts, Areas, Focus, Overlays, PointKey, Presentation, Selection, Standpoint, Visible, WallClock,
    WallConfig,
};

/// How long an alert has the wall whose rule is gone, seconds.
const USUAL_SECS: f64 = 20.0;

/// Time of the flight back, seconds.
const RETURN_SECS: f64 = 1.1;

/// Which alert has the wall, and the way back.
#[derive(Resource, Default, Debug)]
pub struct Takeover {
    session: Option<Session>,
    has_just_ended: bool,
    /// Where to fly in the next frame: a focus that changes flies in this one.
    goal: Option<Goal>,
    pulses: Pulses,
    calls: u64,
}

/// One takeover of several alerts.
#[derive(Debug)]
struct Session {
    key: AlertKey,
    began_secs: f64,
    until_secs: f64,
    scene: usize,
    /// Focus and selection as this takeover made them, once it has.
    made: Option<(u64, Vec<PointKey>)>,
    left: Left,
}

/// Where the wall was.
#[derive(Clone, Debug)]
struct Left {
    standpoint: Standpoint,
    camera: Camera,
    is_home: bool,
}

/// Where to fly.
#[derive(Clone, Copy, Debug)]
enum Goal {
    /// So that the whole focus is seen.
    Home,
    Camera(Camera),
    /// Near enough to see the streets around it.
    Place(LonLat),
}

impl Takeover {
    /// Whether an alert has the wall, or had it until this frame.
    pub fn is_on(&self) -> bool {
        self.session.is_some() || self.has_just_ended
    }

    /// How bright the light is that calls for a look, 0–1.
    pub fn glow(&self, now_secs: f64) -> f32 {
        self.pulses.glow(now_secs)
    }

    /// Whether that changes by itself.
    pub fn is_pulsing(&self, now_secs: f64) -> bool {
        self.pulses.is_on(now_secs)
    }
}

/// What a takeover takes over.
#[derive(SystemParam)]
pub(super) struct Stage<'w> {
    alerts: Res<'w, Alerts>,
    visible: Res<'w, Visible>,
    focus: Res<'w, Focus>,
    selection: Res<'w, Selection>,
    clock: Res<'w, WallClock>,
    config: Res<'w, WallConfig>,
    areas: Res<'w, Areas>,
    hands: Res<'w, Hands>,
    overlays: Res<'w, Overlays>,
    presentation: Res<'w, Presentation>,
}

/// Begins, follows and ends takeovers.
pub(super) fn run(
    mut takeover: ResMut<Takeover>,
    mut view: ResMut<MapView>,
    stage: Stage,
    real: Res<Time<Real>>,
    mut actions: MessageWriter<Action>,
) {
    let now = real.elapsed_secs_f64();
    let takeover = &mut *takeover;
    takeover.has_just_ended = false;
    let desk = stage.alerts.desk();
    if takeover.calls != desk.calls() {
        takeover.calls = desk.calls();
        takeover.pulses.call(now);
    }
    if let Some(session) = &mut takeover.session
        && session.is_interrupted(&stage)
    {
        // Whoever did that wants to see what there is now.
        takeover.goal = None;
        takeover.end();
        actions.write(Action::TakeOver(None));
        return;
    }
    if let Some(goal) = takeover.goal.take() {
        fly(goal, &mut view, &stage, now);
    }
    let next = desk.next_for_wall();
    match (&takeover.session, next) {
        (Some(session), next) if session.is_over(&stage, now) => {
            let left = session.left.clone();
            match next {
                Some(next) => takeover.begin(next, left, &stage, now, &mut actions),
                None => takeover.leave(left, &mut actions),
            }
        }
        (Some(_), _) | (None, None) => {}
        (None, Some(next)) => {
            let can_begin = view.has_room() && stage.areas.revision > 0 && stage.clock.0.can_be_moved();
            let Stage { config, clock, hands, visible, overlays, presentation, .. } = &stage;
            if can_begin && !is_held(config, clock, hands, visible, overlays, presentation, now) {
                let standpoint = Standpoint::of(&stage.focus, &stage.selection, &stage.clock);
                let left = Left { standpoint, camera: view.camera, is_home: view.is_home() };
                takeover.begin(next, left, &stage, now, &mut actions);
            }
        }
    }
}

impl Session {
    /// Whether somebody did something to the wall: a hand, or another program.
    fn is_interrupted(&mut self, stage: &Stage) -> bool {
        if stage.hands.last_grip_secs > self.began_secs || stage.visible.scene != self.scene {
            return true;
        }
        let Some((focus_revision, points)) = &self.made else {
            // What this takeover asked for has only just been done.
            self.made = Some((stage.focus.revision, stage.selection.points.clone()));
            return false;
        };
        // A card closes by itself where its point is gone.
        let is_other_card = !stage.selection.points.is_empty() && stage.selection.points != *points;
        stage.focus.revision != *focus_revision || is_other_card || !stage.clock.0.is_live()
    }

    /// Whether the alert has had its time, or somebody has seen it.
    fn is_over(&self, stage: &Stage, now_secs: f64) -> bool {
        let alert = stage.alerts.desk().get(&self.key);
        now_secs >= self.until_secs || alert.is_none_or(|alert| alert.acknowledged.is_some())
    }
}

impl Takeover {
    /// Gives the wall to an alert; it was left as `left` says.
    fn begin(&mut self, alert: &Alert, left: Left, stage: &Stage, now_secs: f64, actions: &mut MessageWriter<Action>) {
        let rules = &stage.config.0.alerting.rules;
        let rule = rules.iter().find(|rule| rule.rule.id == alert.key.rule);
        let secs = rule.and_then(|rule| rule.rule.takeover_secs).unwrap_or(USUAL_SECS);
        actions.write(Action::TakeOver(Some(alert.key.clone())));
        if !stage.clock.0.is_live() {
            actions.write(Action::GoLive);
        }
        let target = Target::of(alert, &stage.areas);
        // Where it is not of an area itself, what was in focus stays so.
        let wanted = if let Target::Area(code) = &target { Some(code.as_str()) } else { left.standpoint.focus() };
        if stage.focus.code.as_deref() != wanted {
            actions.write(Action::FocusCode(wanted.map(str::to_owned)));
        }
        if let Target::Point(key, at) = target {
            actions.write(Action::Select(vec![key]));
            self.goal = Some(Goal::Place(at));
        }
        self.pulses.call(now_secs);
        self.session = Some(Session {
            key: alert.key.clone(),
            began_secs: now_secs,
            until_secs: now_secs + secs,
            scene: stage.visible.scene,
            made: None,
            left,
        });
    }

    /// Gives the wall back as it was.
    fn leave(&mut self, left: Left, actions: &mut MessageWriter<Action>) {
        actions.write(Action::TakeOver(None));
        actions.write(Action::Resume(Box::new(left.standpoint)));
        self.goal = Some(if left.is_home { Goal::Home } else { Goal::Camera(left.camera) });
        self.end();
    }

    fn end(&mut self) {
        self.session = None;
        self.has_just_ended = true;
    }
}

fn fly(goal: Goal, view: &mut MapView, stage: &Stage, now_secs: f64) {
    match goal {
        Goal::Place(at) => view.fly_near(stage.areas.projection.local_from_lonlat([at.lon, at.lat]), now_secs),
        Goal::Camera(camera) => view.fly(camera, now_secs, RETURN_SECS),
        Goal::Home => {
            let target = view.fit(&focus_bounds(&stage.areas, &stage.focus));
            view.fly(target, now_secs, RETURN_SECS);
        }
    }
}

/// What of the map an alert is about.
enum Target {
    Point(PointKey, LonLat),
    Area(String),
    Nothing,
}

impl Target {
    fn of(alert: &Alert, areas: &Areas) -> Self {
        let facts = &alert.facts;
        let key = match facts.kind {
            AlertKind::Event => Some(PointKey::Event(EventKey::of(&alert.key.subject))),
            AlertKind::Device => Some(PointKey::Device(alert.key.subject.to_string())),
            AlertKind::Figure | AlertKind::Warning => None,
        };
        let area = facts.area.as_ref().filter(|code| areas.tree.find(code).is_some());
        match (key.zip(facts.at), area) {
            (Some((key, at)), _) => Self::Point(key, at),
            (None, Some(code)) => Self::Area(code.clone()),
            (None, None) => Self::Nothing,
        }
    }
}

/// Goes to alerts that somebody asked for, standing or over.
pub(super) fn show(
    mut actions: ResMut<Messages<Action>>,
    mut cursor: Local<MessageCursor<Action>>,
    mut takeover: ResMut<Takeover>,
    mut view: ResMut<MapView>,
    stage: Stage,
    real: Res<Time<Real>>,
) {
    let wanted = |action: &Action| if let Action::ShowAlert(key) = action { Some(key.clone()) } else { None };
    let Some(key) = cursor.read(&actions).filter_map(wanted).last() else { return };
    let desk = stage.alerts.desk();
    let Some(alert) = desk.get(&key).or_else(|| desk.history().find(|past| past.key == key)) else { return };
    if takeover.session.is_some() {
        takeover.end();
        actions.write(Action::TakeOver(None));
    }
    takeover.goal = None;
    // In the past it may not have happened yet.
    if !stage.clock.0.is_live() {
        actions.write(Action::GoLive);
    }
    match Target::of(alert, &stage.areas) {
        Target::Point(key, at) => {
            fly(Goal::Place(at), &mut view, &stage, real.elapsed_secs_f64());
            actions.write(Action::Select(vec![key]));
        }
        Target::Area(code) => {
            actions.write(Action::FocusCode(Some(code)));
        }
        Target::Nothing => {}
    }
}

#[cfg(test)]
mod tests;
