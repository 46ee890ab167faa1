//! The briefing that somebody presents: which step the wall shows, and where it
//! was before.
//!
//! In: actions, the briefings of the configuration, the time. Out:
//! [`Presentation`], and the scene, focus, card and clock of its step. Whoever
//! shows notes beside the wall, in a window or on a phone, asks
//! [`Presentation::now`].
//!
//! How it works: a step takes the wall whole, as its scene has it; what a hand
//! does meanwhile lasts until the next one. What the wall showed before the first
//! step is kept and put back after the last. Where the map looked is the map's:
//! `scenes::presenting` keeps that.

use std::sync::Arc;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::actions::run_as_scene;
use super::{Action, Focus, PointKey, Selection, Visible, WallClock, WallConfig};
use crate::config::{Briefing, BriefingStep, Config};
use crate::domain::clock::Clock;

/// What a hand wants of a briefing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presenting {
    /// Begin the one that was presented last, or leave it.
    Toggle,
    /// Begin the one after it.
    Next,
    /// Begin this one.
    Begin(usize),
    /// The next step (1) or the previous one (−1).
    Step(i32),
    /// This step, from 0; the last one where there are fewer.
    Go(usize),
    /// Back to what the wall showed before.
    Leave,
    /// Show or hide the notes beside the wall.
    ToggleNotes,
}

/// See the module.
#[derive(Resource, Default, Debug)]
pub struct Presentation {
    running: Option<Running>,
    /// The one that was presented last.
    last: usize,
    /// Whether its notes are wanted in a window.
    pub notes: bool,
    /// When it was left, seconds since the program's start.
    pub left_at_secs: Option<f64>,
}

#[derive(Debug)]
struct Running {
    name: String,
    briefing: usize,
    step: usize,
    begun_secs: f64,
    entered_secs: f64,
    /// The configuration that it is of.
    config: Arc<Config>,
    before: Before,
}

/// What the wall showed before.
#[derive(Debug)]
struct Before {
    visible: Visible,
    focus: Option<String>,
    points: Vec<PointKey>,
    clock: Clock,
}

/// Where a briefing is, for whoever shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Presented<'a> {
    /// Name of the briefing.
    pub name: &'a str,
    /// The step, from 0.
    pub step: usize,
    /// How many there are.
    pub steps: usize,
    /// Stands large on the wall.
    pub caption: Option<&'a str>,
    /// For who presents it.
    pub notes: Option<&'a str>,
    /// What comes next: its caption, or the name of its scene; `None` at the end.
    pub next: Option<&'a str>,
    /// Seconds since the first step.
    pub elapsed_secs: f64,
    /// Seconds since this step.
    pub step_secs: f64,
    /// Seconds until the next step comes by itself; `None` waits for a hand.
    pub due_in_secs: Option<f64>,
}

impl Presentation {
    /// Whether somebody presents.
    pub fn is_on(&self) -> bool {
        self.running.is_some()
    }

    /// Where it is at an instant, seconds since the program's start.
    pub fn now<'a>(&'a self, config: &'a Config, now_secs: f64) -> Option<Presented<'a>> {
        let running = self.running.as_ref()?;
        let steps = &config.briefings.get(running.briefing)?.steps;
        let step = steps.get(running.step)?;
        let scene = |step: &BriefingStep| config.scenes.get(step.scene).map_or("", |scene| &scene.name);
        let step_secs = (now_secs - running.entered_secs).max(0.0);
        let next = steps.get(running.step + 1);
        Some(Presented {
            name: &running.name,
            step: running.step,
            steps: steps.len(),
            caption: step.caption.as_deref(),
            notes: step.notes.as_deref(),
            next: next.map(|next| next.caption.as_deref().unwrap_or_else(|| scene(next))),
            elapsed_secs: (now_secs - running.begun_secs).max(0.0),
            step_secs,
            due_in_secs: step.duration_secs.filter(|_| next.is_some()).map(|secs| (secs - step_secs).max(0.0)),
        })
    }

    fn begin(&mut self, index: usize, stage: &mut Stage, config: &Arc<Config>, now_secs: f64) {
        let Some(briefing) = config.briefings.get(index) else { return };
        // From one briefing to the next: the wall goes back to before the first.
        let before = self.running.take().map_or_else(|| stage.leave_behind(), |running| running.before);
        self.last = index;
        self.notes |= config.wall.notes_window;
        self.running = Some(Running {
            name: briefing.name.clone(),
            briefing: index,
            step: 0,
            begun_secs: now_secs,
            entered_secs: now_secs,
            config: Arc::clone(config),
            before,
        });
        stage.enter(&briefing.steps, 0, None, config);
    }

    fn go(&mut self, wanted: usize, stage: &mut Stage, config: &Arc<Config>, now_secs: f64) {
        let Some(running) = &mut self.running else { return };
        let Some(briefing) = config.briefings.get(running.briefing) else { return };
        let step = wanted.min(briefing.steps.len().saturating_sub(1));
        if step != running.step {
            let left = std::mem::replace(&mut running.step, step);
            running.entered_secs = now_secs;
            stage.enter(&briefing.steps, step, Some(left), config);
        }
    }

    fn leave(&mut self, stage: &mut Stage, now_secs: f64) {
        if let Some(running) = self.running.take() {
            stage.put_back(running.before);
            self.notes = false;
            self.left_at_secs = Some(now_secs);
        }
    }

    /// Takes over another configuration: the same briefing in it, by its name, or
    /// none. What the wall goes back to is its scene as it is written now.
    fn follow(&mut self, stage: &mut Stage, config: &Arc<Config>, now_secs: f64) {
        let Some(running) = self.running.as_mut().filter(|running| !Arc::ptr_eq(&running.config, config)) else {
            return;
        };
        running.config = Arc::clone(config);
        let scene = running.before.visible.scene.min(config.scenes.len().saturating_sub(1));
        running.before.visible.enter(config, scene);
        let is_it = |briefing: &Briefing| briefing.name == running.name;
        match config.briefings.iter().position(is_it) {
            Some(index) => {
                running.briefing = index;
                running.step = running.step.min(config.briefings[index].steps.len().saturating_sub(1));
                stage.enter(&config.briefings[index].steps, running.step, None, config);
            }
            None => self.leave(stage, now_secs),
        }
    }

    fn act(&mut self, wish: Presenting, stage: &mut Stage, config: &Arc<Config>, now_secs: f64) {
        let count = config.briefings.len();
        match wish {
            Presenting::Toggle if self.is_on() => self.leave(stage, now_secs),
            Presenting::Toggle => self.begin(self.last.min(count.saturating_sub(1)), stage, config, now_secs),
            Presenting::Next => self.begin((self.last + 1) % count.max(1), stage, config, now_secs),
            Presenting::Begin(index) => self.begin(index, stage, config, now_secs),
            Presenting::Step(by) => {
                if let Some(step) = self.running.as_ref().map(|running| running.step) {
                    self.go(step.saturating_add_signed(by as isize), stage, config, now_secs);
                }
            }
            Presenting::Go(step) => self.go(step, stage, config, now_secs),
            Presenting::Leave => self.leave(stage, now_secs),
            Presenting::ToggleNotes => self.notes = self.is_on() && !self.notes,
        }
    }
}

/// What a step takes over.
#[derive(SystemParam)]
pub(crate) struct Stage<'w> {
    visible: ResMut<'w, Visible>,
    focus: ResMut<'w, Focus>,
    selection: ResMut<'w, Selection>,
    clock: ResMut<'w, WallClock>,
}

impl Stage<'_> {
    fn leave_behind(&self) -> Before {
        Before {
            visible: self.visible.clone(),
            focus: self.focus.code.clone(),
            points: self.selection.points.clone(),
            clock: self.clock.0,
        }
    }

    fn put_back(&mut self, before: Before) {
        *self.visible = before.visible;
        self.focus.set(before.focus);
        self.selection.clear();
        if !before.points.is_empty() {
            self.selection.select(before.points);
        }
        self.clock.0.resume(&before.clock);
    }

    /// Shows a step as its scene has it. A replay goes on where the step before
    /// showed the same scene.
    fn enter(&mut self, steps: &[BriefingStep], step: usize, left: Option<usize>, config: &Config) {
        let Some((step, scene)) = steps.get(step).and_then(|step| Some((step, config.scenes.get(step.scene)?))) else {
            return;
        };
        self.visible.enter(config, step.scene);
        self.focus.set(step.focus.clone().or_else(|| scene.focus.clone()));
        self.selection.clear();
        let is_same = left.and_then(|left| steps.get(left)).is_some_and(|left| left.scene == step.scene);
        let goes_on = is_same && scene.replay.is_some() && self.clock.0.range().is_some();
        if self.clock.0.can_be_moved() && !goes_on {
            run_as_scene(&mut self.clock, config, step.scene);
        }
    }
}

/// Goes through the briefing as hands ask and as its steps are due.
pub(crate) fn apply(
    mut actions: MessageReader<Action>,
    mut presentation: ResMut<Presentation>,
    mut stage: Stage,
    config: Res<WallConfig>,
    real: Res<Time<Real>>,
) {
    let now_secs = real.elapsed_secs_f64();
    if presentation.is_on() {
        presentation.follow(&mut stage, &config.0, now_secs);
    }
    for action in actions.read() {
        if let Action::Present(wish) = action {
            presentation.act(*wish, &mut stage, &config.0, now_secs);
        }
    }
    let is_due = presentation.now(&config.0, now_secs).is_some_and(|now| now.due_in_secs == Some(0.0));
    if is_due {
        presentation.act(Presenting::Step(1), &mut stage, &config.0, now_secs);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use bevy::ecs::system::RunSystemOnce;

    use super::*;
    use crate::domain::event_store::EventFilter;
    use crate::domain::time::Time as Instant1970;

    const TEXT: &str = r#"
[[sources]]
id = "a"
feed = "areas"
kind = "file"
path = "a.geojson"
[[scenes]]
name = "总览"
[[scenes]]
name = "热力"
layers = ["heat"]
focus = "32"
[[scenes]]
name = "昨日"
replay = { from = "06:00", to = "08:00", days_ago = 1 }
[[briefings]]
name = "晨会"
[[briefings.steps]]
scene = "热力"
caption = "先看热力"
notes = "请各社区注意"
[[briefings.steps]]
scene = "昨日"
focus = "3201"
duration = "10s"
[[briefings.steps]]
scene = "昨日"
caption = "还是昨日"
[[briefings]]
name = "接待"
[[briefings.steps]]
scene = "总览"
"#;

    fn config(text: &str) -> WallConfig {
        WallConfig(Arc::new(Config::parse(text, Path::new("t.toml")).unwrap_or_else(|error| panic!("{error}"))))
    }

    fn world() -> World {
        let mut world = World::new();
        let config = config(TEXT);
        world.insert_resource(Visible::of(&config.0));
        world.insert_resource(Focus::of(&config.0));
        world.insert_resource(config);
        world.init_resource::<Selection>();
        world.init_resource::<WallClock>();
        world.init_resource::<Presentation>();
        world.init_resource::<Messages<Action>>();
        world.insert_resource(Time::<Real>::new(Instant::now()));
        world.resource_mut::<WallClock>().0.tick(Instant1970(20 * 86_400_000), 0);
        world
    }

    /// Runs a frame at an instant, after these wishes.
    fn frame(world: &mut World, secs: u64, wishes: &[Presenting]) {
        let passed = Duration::from_secs(secs).saturating_sub(world.resource::<Time<Real>>().elapsed());
        world.resource_mut::<Time<Real>>().advance_by(passed);
        world
            .resource_mut::<WallClock>()
            .0
            .tick(Instant1970(20 * 86_400_000 + secs as i64 * 1_000), secs as i64 * 1_000);
        world.resource_mut::<Messages<Action>>().clear();
        for wish in wishes {
            world.write_message(Action::Present(*wish));
        }
        world.run_system_once(apply).expect("runs");
    }

    /// Step, scene, code in focus, whether the wall is live.
    fn shown(world: &World) -> (Option<usize>, usize, Option<String>, bool) {
        let now = world.resource::<Presentation>().now(&world.resource::<WallConfig>().0, 0.0);
        (
            now.map(|now| now.step),
            world.resource::<Visible>().scene,
            world.resource::<Focus>().code.clone(),
            world.resource::<WallClock>().0.is_live(),
        )
    }

    #[test]
    fn steps_show_their_scenes_and_hands_go_through_them() {
        let mut world = world();
        frame(&mut world, 1, &[Presenting::Step(1)]);
        assert_eq!(shown(&world).0, None, "nothing to step through");
        frame(&mut world, 2, &[Presenting::Toggle]);
        assert_eq!(shown(&world), (Some(0), 1, Some("32".into()), true));
        frame(&mut world, 3, &[Presenting::Step(-1)]);
        assert_eq!(shown(&world).0, Some(0), "there is none before the first");
        frame(&mut world, 4, &[Presenting::Step(1)]);
        assert_eq!(shown(&world), (Some(1), 2, Some("3201".into()), false));
        frame(&mut world, 5, &[Presenting::Go(usize::MAX)]);
        assert_eq!(shown(&world), (Some(2), 2, None, false));
        frame(&mut world, 6, &[Presenting::Step(1)]);
        assert_eq!(shown(&world).0, Some(2), "nor one after the last");
        frame(&mut world, 7, &[Presenting::Go(0)]);
        assert_eq!(shown(&world), (Some(0), 1, Some("32".into()), true));
    }

    #[test]
    fn the_wall_goes_back_to_exactly_where_it_was() {
        let mut world = world();
        let mut visible = world.resource_mut::<Visible>();
        (visible.tilt_deg, visible.filter) = (45.0, EventFilter { stages: vec![1], ..EventFilter::default() });
        let before = visible.clone();
        world.resource_mut::<Focus>().set(Some("320104".into()));
        world.resource_mut::<Selection>().select(vec![PointKey::Camera("c".into())]);
        world.resource_mut::<WallClock>().0.play(Instant1970(9_000_000), None, 10);
        frame(&mut world, 10, &[Presenting::Begin(0)]);
        let at = world.resource::<WallClock>().now();
        assert_eq!(at, Instant1970(20 * 86_400_000 + 10_000), "a scene without a replay is live");
        frame(&mut world, 20, &[Presenting::Step(2)]);
        frame(&mut world, 30, &[Presenting::Next, Presenting::Leave]);
        assert_eq!(*world.resource::<Visible>(), before);
        assert_eq!(world.resource::<Focus>().code.as_deref(), Some("320104"));
        assert_eq!(world.resource::<Selection>().points, [PointKey::Camera("c".into())]);
        assert_eq!(world.resource::<WallClock>().now(), Instant1970(9_100_000), "as if no time had passed");
        assert!(
            !world.resource::<Presentation>().is_on() && world.resource::<Presentation>().left_at_secs == Some(30.0)
        );
    }

    #[test]
    fn a_step_that_is_due_comes_by_itself() {
        let mut world = world();
        frame(&mut world, 10, &[Presenting::Toggle, Presenting::Step(1)]);
        let due = |world: &World, now: f64| {
            let now = world.resource::<Presentation>().now(&world.resource::<WallConfig>().0, now);
            now.and_then(|now| now.due_in_secs)
        };
        assert_eq!(due(&world, 14.0), Some(6.0));
        frame(&mut world, 19, &[]);
        assert_eq!(shown(&world).0, Some(1));
        let range = world.resource::<WallClock>().0.range();
        frame(&mut world, 20, &[]);
        assert_eq!(shown(&world).0, Some(2));
        assert_eq!(world.resource::<WallClock>().0.range(), range, "the replay goes on");
        assert_eq!(due(&world, 21.0), None, "the last one stays");
        frame(&mut world, 500, &[]);
        assert_eq!(shown(&world).0, Some(2));
    }

    #[test]
    fn who_presents_sees_notes_and_what_comes_next() {
        let mut world = world();
        frame(&mut world, 10, &[Presenting::Toggle]);
        let config = world.resource::<WallConfig>().0.clone();
        let presentation = world.resource::<Presentation>();
        let now = presentation.now(&config, 75.0).expect("is on");
        assert_eq!((now.name, now.step, now.steps), ("晨会", 0, 3));
        assert_eq!((now.caption, now.notes, now.next), (Some("先看热力"), Some("请各社区注意"), Some("昨日")));
        assert_eq!((now.elapsed_secs, now.step_secs, now.due_in_secs), (65.0, 65.0, None));
        assert!(!presentation.notes);
        frame(&mut world, 11, &[Presenting::ToggleNotes]);
        assert!(world.resource::<Presentation>().notes);
        frame(&mut world, 12, &[Presenting::Leave, Presenting::ToggleNotes]);
        assert!(!world.resource::<Presentation>().notes, "no notes without a briefing");
    }

    #[test]
    fn another_configuration_keeps_the_briefing_if_it_still_has_it() {
        let mut world = world();
        frame(&mut world, 10, &[Presenting::Toggle, Presenting::Go(2)]);
        world
            .insert_resource(config(&TEXT.replace("[[briefings]]\nname = \"接待\"", "[[briefings]]\nname = \"晚会\"")));
        frame(&mut world, 11, &[]);
        assert_eq!(shown(&world).0, Some(2));
        let (shorter, _) = TEXT.split_once("[[briefings.steps]]\nscene = \"昨日\"\nfocus").expect("is there");
        world.insert_resource(config(shorter));
        frame(&mut world, 12, &[]);
        assert_eq!(shown(&world), (Some(0), 1, Some("32".into()), true));
        world.insert_resource(config(&TEXT.replace("晨会", "例会")));
        frame(&mut world, 13, &[]);
        assert_eq!(shown(&world), (None, 0, None, true));
    }

    #[test]
    fn a_wall_without_briefings_has_nothing_to_begin() {
        let mut world = world();
        let (none, _) = TEXT.split_once("[[briefings]]").expect("is there");
        world.insert_resource(config(none));
        frame(&mut world, 1, &[Presenting::Toggle, Presenting::Next, Presenting::Begin(3), Presenting::ToggleNotes]);
        assert!(!world.resource::<Presentation>().is_on() && !world.resource::<Presentation>().notes);
    }
}
