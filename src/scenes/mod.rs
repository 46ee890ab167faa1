//! What is on screen, in which order, for how long.
//!
//! In: the playlist of the configuration and when a hand last did something.
//! Out: [`Action::StepScene`]. A hand stops the playlist; after the configured
//! time without one the wall goes back to it.

use bevy::prelude::*;

use crate::map::Hands;
use crate::model::{Action, Focus, Selection, Visible, WallClock, WallConfig, WallSystems};

/// Adds the playlist.
pub struct ScenesPlugin;

impl Plugin for ScenesPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Playlist>().add_systems(Update, advance.before(WallSystems::Act));
    }
}

/// Where the playlist is.
#[derive(Resource, Default, Debug)]
pub struct Playlist {
    scene: usize,
    entered_at_secs: f64,
    was_held: bool,
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
    real: Res<Time<Real>>,
    mut actions: MessageWriter<Action>,
) {
    let now = real.elapsed_secs_f64();
    let is_held = hands.last_input_secs > 0.0 && now - hands.last_input_secs < config.0.wall.return_after_secs;
    // Somebody has started it to see it to its end.
    let is_held = is_held || clock.0.is_replaying();
    let playlist = &mut *playlist;
    if playlist.scene != visible.scene || is_held {
        playlist.scene = visible.scene;
        playlist.entered_at_secs = now;
    }
    if playlist.was_held && !is_held {
        if !clock.0.is_live() {
            actions.write(Action::GoLive);
        }
        // The hand is gone: back to what the scene shows by itself.
        let scene_focus = config.0.scenes.get(visible.scene).and_then(|scene| scene.focus.as_deref());
        if focus.code.as_deref() != scene_focus || !selection.points.is_empty() {
            actions.write(Action::FocusCode(scene_focus.map(str::to_owned)));
        }
    }
    playlist.was_held = is_held;
    if !is_held && playlist.due_in_secs(&visible, &config, now) == Some(0.0) {
        actions.write(Action::StepScene(1));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;

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
