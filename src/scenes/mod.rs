//! What is on screen, in which order, for how long.
//!
//! In: the playlist of the configuration, what there is occasion for, and when a
//! hand last did something. Out: [`Action::StepScene`]. A hand stops the
//! playlist; after the configured time without one the wall goes back to it. While
//! an alert has the wall ([`takeover`]) the playlist waits; while somebody presents
//! a briefing there is none ([`presenting`]).

mod presenting;
mod takeover;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use crate::config::{Occasion, Scene};
use crate::domain::device::DeviceState;
use crate::domain::event::Severity;
use crate::domain::time::Time as Instant1970;
use crate::map::Hands;
use crate::model::{
    Action, Areas, Events, Focus, Overlays, Overview, Points, Presentation, Selection, Visible, WallClock, WallConfig,
    WallSystems, Warnings,
};

pub use takeover::Takeover;

/// Adds the playlist, and alerts that interrupt it.
pub struct ScenesPlugin;

impl Plugin for ScenesPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Playlist>()
            .init_resource::<Takeover>()
            .init_resource::<presenting::KeptView>()
            .add_systems(Update, (takeover::show, takeover::run, advance).chain().before(WallSystems::Act))
            .add_systems(
                Update,
                (
                    presenting::keep.after(WallSystems::Act).before(WallSystems::Map),
                    presenting::put_back.after(WallSystems::Map).before(WallSystems::Layers),
                ),
            );
    }
}

/// Where the playlist is.
#[derive(Resource, Default, Debug)]
pub struct Playlist {
    scene: usize,
    entered_at_secs: f64,
    was_held: bool,
    /// When it was last looked at.
    looked_at_secs: f64,
}

impl Playlist {
    /// Seconds until the next scene is due, as of the last frame; `None` when
    /// it stays.
    pub fn due_in_secs(&self, visible: &Visible, config: &WallConfig, now_secs: f64) -> Option<f64> {
        let scenes = &config.0.scenes;
        let duration = scenes.get(visible.scene)?.duration_secs.filter(|_| scenes.len() > 1)?;
        Some((self.entered_at_secs + duration - now_secs).max(0.0))
    }
}

/// What the clock runs through in a scene that has a replay.
fn scene_range(config: &WallConfig, scene: usize, now: Instant1970) -> Option<[Instant1970; 2]> {
    let replay = config.0.scenes.get(scene)?.replay.as_ref()?;
    // Before the clock was told the time there is no today.
    (now > Instant1970::default()).then(|| replay.range(now, &config.0.wall.zone))
}

/// What there may be occasion for.
#[derive(SystemParam)]
struct Occasions<'w> {
    overview: Res<'w, Overview>,
    events: Res<'w, Events>,
    clock: Res<'w, WallClock>,
    visible: Res<'w, Visible>,
    points: Res<'w, Points>,
    warnings: Res<'w, Warnings>,
    areas: Res<'w, Areas>,
}

impl Occasions<'_> {
    fn is_there(&self, occasion: Occasion) -> bool {
        match occasion {
            Occasion::Overdue => self.overview.today.stages.iter().any(|stage| stage.overdue > 0),
            // Not those of the window: the scene that is shown may filter it.
            Occasion::Urgent => {
                let end = self.clock.now();
                let start = end.plus_millis(-(self.visible.window_secs * 1_000.0) as i64);
                self.events.store.between(start, end).any(|event| event.severity() == Severity::Urgent)
            }
            Occasion::Alarm => self.points.devices().any(|device| device.state == DeviceState::Alarm),
            Occasion::Warning => !self.warnings.outlook(&self.areas).warnings().is_empty(),
        }
    }

    /// How many scenes on the next one is that is to be shown; as many as there
    /// are where it is this one again.
    fn step(&self, scenes: &[Scene], from: usize) -> usize {
        let is_wanted = |step: &usize| {
            let only_when = &scenes[(from + step) % scenes.len()].only_when;
            only_when.is_empty() || only_when.iter().any(|&occasion| self.is_there(occasion))
        };
        (1..scenes.len()).find(is_wanted).unwrap_or(scenes.len())
    }
}

/// Whether somebody works at the wall, or has just done so.
fn is_held(
    config: &WallConfig,
    clock: &WallClock,
    hands: &Hands,
    visible: &Visible,
    overlays: &Overlays,
    presentation: &Presentation,
    now_secs: f64,
) -> bool {
    let own_range = scene_range(config, visible.scene, clock.system());
    // Somebody has started a replay to see it to its end: up to the present, or
    // once more around.
    let held_secs = match clock.0.range() {
        range if range.is_some() && range == own_range => 0.0,
        Some([first, last]) => last.secs_since(first) / f64::from(clock.0.rate()),
        None if clock.0.is_replaying() => f64::INFINITY,
        None => 0.0,
    };
    let held_secs = held_secs.max(config.0.wall.return_after_secs);
    // Who arranges panels or presents may think as long as they like; who has
    // presented left the wall as by hand, whatever they held.
    let is_busy = overlays.arrange || presentation.is_on();
    let last_secs = presentation.left_at_secs.unwrap_or_default().max(hands.last_input_secs);
    is_busy || (last_secs > 0.0 && now_secs - last_secs < held_secs)
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Steps to the next scene when its time has come and no hand holds the wall.
fn advance(
    mut playlist: ResMut<Playlist>,
    visible: Res<Visible>,
    focus: Res<Focus>,
    selection: Res<Selection>,
    config: Res<WallConfig>,
    hands: Res<Hands>,
    clock: Res<WallClock>,
    overlays: Res<Overlays>,
    presentation: Res<Presentation>,
    takeover: Res<Takeover>,
    real: Res<Time<Real>>,
    occasions: Occasions,
    mut actions: MessageWriter<Action>,
) {
    let now = real.elapsed_secs_f64();
    let own_range = scene_range(&config, visible.scene, clock.system());
    let is_held = is_held(&config, &clock, &hands, &visible, &overlays, &presentation, now);
    let playlist = &mut *playlist;
    let passed = now - std::mem::replace(&mut playlist.looked_at_secs, now);
    if takeover.is_on() {
        // The scene has as much of its time left as it had.
        playlist.entered_at_secs += passed;
        return;
    }
    if playlist.scene != visible.scene || is_held {
        playlist.scene = visible.scene;
        playlist.entered_at_secs = now;
    }
    if playlist.was_held && !is_held {
        if !clock.0.is_live() || own_range.is_some() {
            actions.write(Action::SceneClock);
        }
        // The hand is gone: back to what the scene shows by itself.
        let scene_focus = config.0.scenes.get(visible.scene).and_then(|scene| scene.focus.as_deref());
        if focus.code.as_deref() != scene_focus || !selection.points.is_empty() {
            actions.write(Action::FocusCode(scene_focus.map(str::to_owned)));
        }
        if config.0.scenes.get(visible.scene).is_some_and(|scene| scene.filter != visible.filter) {
            actions.write(Action::SceneFilter);
        }
    }
    // The start, a new day, another configuration.
    let is_another = own_range.is_some() && clock.0.range() != own_range && clock.0.can_be_moved();
    if is_another && !is_held && !playlist.was_held {
        actions.write(Action::SceneClock);
    }
    playlist.was_held = is_held;
    if !is_held && playlist.due_in_secs(&visible, &config, now) == Some(0.0) {
        let step = occasions.step(&config.0.scenes, visible.scene);
        if step < config.0.scenes.len() {
            actions.write(Action::StepScene(step as i32));
        } else {
            // Nothing else is to be shown: look again after as long.
            playlist.entered_at_secs = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;
    use crate::domain::event::{Event, tests::event};

    const CONFIG: &str = r#"
        [[sources]]
        id = "areas"
        name = "网格"
        feed = "areas"
        kind = "file"
        path = "a.geojson"
        [[scenes]]
        name = "一"
        layers = ["areas"]
        duration = "20s"
        [[scenes]]
        name = "二"
        layers = ["areas"]
    "#;

    /// Runs the playlist and what it asks for at an instant, milliseconds.
    fn step(world: &mut World, system: i64, secs: u64) {
        use bevy::ecs::system::RunSystemOnce;
        let mut clock = world.resource_mut::<WallClock>();
        clock.0.tick(Instant1970(system), secs as i64 * 1_000);
        let now = std::time::Duration::from_secs(secs);
        let passed = now.saturating_sub(world.resource::<Time<Real>>().elapsed());
        world.resource_mut::<Time<Real>>().advance_by(passed);
        world.run_system_once(advance).expect("runs");
        world.run_system_once(crate::model::act_for_test).expect("runs");
        world.resource_mut::<Messages<Action>>().clear();
    }

    const DAY: i64 = 86_400_000;

    fn world_of(text: &str) -> World {
        let config = Arc::new(Config::parse(text, Path::new("t.toml")).expect("valid"));
        let mut world = World::new();
        world.insert_resource(Visible::of(&config));
        world.insert_resource(WallConfig(config));
        world.init_resource::<Playlist>();
        world.init_resource::<Focus>();
        world.init_resource::<Selection>();
        world.init_resource::<Hands>();
        world.init_resource::<WallClock>();
        world.init_resource::<Overlays>();
        world.init_resource::<Presentation>();
        world.init_resource::<crate::model::Finder>();
        world.init_resource::<Areas>();
        world.init_resource::<crate::model::AreaValues>();
        world.init_resource::<Overview>();
        world.init_resource::<Events>();
        world.init_resource::<Points>();
        world.init_resource::<Warnings>();
        world.init_resource::<Takeover>();
        world.init_resource::<Messages<Action>>();
        world.insert_resource(Time::<Real>::new(std::time::Instant::now()));
        world
    }

    #[test]
    fn a_scene_plays_its_part_of_the_day_until_a_hand_comes_and_after_it_went() {
        let text = CONFIG.replace("duration = \"20s\"", "replay = { from = \"06:00\", to = \"08:00\" }");
        let mut world = world_of(&format!("[wall]\ntime_zone = \"UTC\"\nreturn_after = \"60s\"\n{text}"));
        let range = |world: &World| world.resource::<WallClock>().0.range().map(|range| range.map(|at| at.0 / 60_000));
        let day = |days: i64, minutes: i64| days * 1_440 + minutes;
        // Seven in the morning of the eleventh day.
        step(&mut world, 10 * DAY + 7 * 3_600_000, 100);
        assert_eq!(range(&world), Some([day(10, 360), day(10, 479)]));
        // The day after, before it has begun: still that of the day before.
        step(&mut world, 11 * DAY + 3_600_000, 200);
        assert_eq!(range(&world), Some([day(10, 360), day(10, 479)]));
        step(&mut world, 11 * DAY + 7 * 3_600_000, 300);
        assert_eq!(range(&world), Some([day(11, 360), day(11, 479)]));
        // A hand goes live and is left alone for a minute.
        world.resource_mut::<Hands>().last_input_secs = 300.0;
        world.resource_mut::<WallClock>().0.go_live();
        step(&mut world, 11 * DAY + 8 * 3_600_000, 330);
        assert!(world.resource::<WallClock>().0.is_live());
        step(&mut world, 11 * DAY + 8 * 3_600_000, 361);
        assert_eq!(range(&world), Some([day(11, 360), day(11, 479)]));
    }

    #[test]
    fn a_scene_without_occasion_is_passed_over() {
        let text =
            CONFIG.replace("name = \"二\"", "name = \"二\"\nduration = \"5s\"\nonly_when = [\"urgent\", \"alarm\"]");
        let mut world = world_of(&text);
        let scene = |world: &World| world.resource::<Visible>().scene;
        step(&mut world, 10 * DAY, 1);
        step(&mut world, 10 * DAY, 30);
        assert_eq!(scene(&world), 0, "there is nothing urgent");
        let urgent = Event { severity: Severity::Urgent, ..event("1", 10 * DAY - 1_000) };
        world.resource_mut::<Events>().store.apply([urgent], &(), Instant1970(10 * DAY), |_| {});
        step(&mut world, 10 * DAY, 45);
        assert_eq!(scene(&world), 0, "its time is not up again");
        step(&mut world, 10 * DAY, 51);
        assert_eq!(scene(&world), 1);
        step(&mut world, 10 * DAY, 52);
        step(&mut world, 10 * DAY, 57);
        assert_eq!(scene(&world), 0);
    }

    #[test]
    fn what_a_hand_filtered_is_gone_when_the_hand_is() {
        let text = CONFIG.replacen("duration = \"20s\"", "filter = { severities = [\"urgent\"] }", 1);
        let mut world = world_of(&format!("[wall]\nreturn_after = \"60s\"\n{text}"));
        let filter = |world: &World| world.resource::<Visible>().filter.clone();
        let own = filter(&world);
        assert!(!own.is_empty());
        step(&mut world, 10 * DAY, 10);
        world.resource_mut::<Hands>().last_input_secs = 10.0;
        for (action, stages) in [
            (Action::ToggleStage(1), vec![1]),
            (Action::ToggleStage(2), vec![2]),
            (Action::ToggleStage(2), vec![]),
            (Action::ToggleStage(0), vec![0]),
        ] {
            world.write_message(action);
            step(&mut world, 10 * DAY, 11);
            assert_eq!(filter(&world).stages, stages);
        }
        world.write_message(Action::ClearFilter);
        step(&mut world, 10 * DAY, 12);
        assert!(filter(&world).is_empty());
        step(&mut world, 10 * DAY, 71);
        assert_eq!(filter(&world), own);
        // Esc where nothing is open and nothing in focus does it at once.
        world.write_message(Action::ToggleCategory("其他".to_owned()));
        step(&mut world, 10 * DAY, 72);
        assert_ne!(filter(&world), own);
        world.write_message(Action::FocusParent);
        step(&mut world, 10 * DAY, 73);
        assert_eq!(filter(&world), own);
    }

    #[test]
    fn a_loop_that_was_forgotten_ends_after_one_more_round() {
        let mut world = world_of(&format!("[wall]\ntime_zone = \"UTC\"\nreturn_after = \"60s\"\n{CONFIG}"));
        step(&mut world, 10 * DAY, 10);
        world.resource_mut::<Hands>().last_input_secs = 10.0;
        // A day in 144 s.
        world.resource_mut::<WallClock>().0.play(Instant1970(9 * DAY), Some(Instant1970(10 * DAY)), 600);
        step(&mut world, 10 * DAY, 150);
        assert!(!world.resource::<WallClock>().0.is_live());
        step(&mut world, 10 * DAY, 155);
        assert!(world.resource::<WallClock>().0.is_live());
    }

    #[test]
    fn while_panels_are_arranged_nothing_moves() {
        let mut world = world_of(&format!("[wall]\nreturn_after = \"60s\"\n{CONFIG}"));
        let scene = |world: &World| world.resource::<Visible>().scene;
        step(&mut world, 10 * DAY, 1);
        world.write_message(Action::ToggleArrange);
        step(&mut world, 10 * DAY, 2);
        world.write_message(Action::FocusCode(Some("x".to_owned())));
        step(&mut world, 10 * DAY, 3);
        step(&mut world, 10 * DAY, 500);
        assert_eq!(scene(&world), 0);
        assert_eq!(world.resource::<Focus>().code.as_deref(), Some("x"));
        world.write_message(Action::ToggleArrange);
        step(&mut world, 10 * DAY, 501);
        step(&mut world, 10 * DAY, 502);
        assert_eq!(world.resource::<Focus>().code, None, "and then back to the scene");
        step(&mut world, 10 * DAY, 530);
        assert_eq!(scene(&world), 1);
    }

    #[test]
    fn a_briefing_stops_the_playlist_and_is_followed_by_the_usual_rest() {
        use crate::model::{Presenting, act_on_briefing_for_test};
        use bevy::ecs::system::RunSystemOnce;
        let briefing = "[[briefings]]\nname = \"晨会\"\n[[briefings.steps]]\nscene = \"二\"\n";
        let mut world = world_of(&format!("[wall]\nreturn_after = \"60s\"\n{CONFIG}\n{briefing}"));
        let present = |world: &mut World, wish| {
            world.write_message(Action::Present(wish));
            world.run_system_once(act_on_briefing_for_test).expect("runs");
            world.resource_mut::<Messages<Action>>().clear();
        };
        let scene = |world: &World| world.resource::<Visible>().scene;
        step(&mut world, 10 * DAY, 1);
        present(&mut world, Presenting::Begin(0));
        for secs in [2, 100, 1_000] {
            step(&mut world, 10 * DAY, secs);
            assert_eq!(scene(&world), 1, "after {secs} s");
        }
        present(&mut world, Presenting::Leave);
        // The rest after a hand, and the time of the scene.
        for (secs, expected) in [(1_001, 0), (1_059, 0), (1_061, 0), (1_078, 0), (1_081, 1)] {
            step(&mut world, 10 * DAY, secs);
            assert_eq!(scene(&world), expected, "after {secs} s");
        }
    }

    #[test]
    fn a_scene_with_a_duration_is_due_and_one_without_stays() {
        let config = WallConfig(Arc::new(Config::parse(CONFIG, Path::new("t.toml")).expect("valid")));
        let playlist = Playlist { entered_at_secs: 100.0, ..Playlist::default() };
        let mut visible = Visible::of(&config.0);
        assert_eq!(playlist.due_in_secs(&visible, &config, 105.0), Some(15.0));
        assert_eq!(playlist.due_in_secs(&visible, &config, 130.0), Some(0.0));
        visible.enter(&config.0, 1);
        assert_eq!(playlist.due_in_secs(&visible, &config, 130.0), None);
    }
}
