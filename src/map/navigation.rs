//! Hands on the map: mouse, touch and keys become movements and actions.

use std::collections::HashSet;

use bevy::ecs::system::SystemParam;
use bevy::input::mouse::{AccumulatedMouseMotion, AccumulatedMouseScroll, MouseScrollUnit};
use bevy::input::touch::{TouchInput, Touches};
use bevy::prelude::*;
use bevy::window::PrimaryWindow;

use super::marks::Pick;
use super::{HandOverPanel, Hover, MapView, Marks, Relief, picked_level, relief};
use crate::config::Layer;
use crate::domain::area::AreaIndex;
use crate::domain::track::Track;
use crate::model::{
    Action, Areas, Finder, Focus, Overlays, PointKey, Points, Presentation, Presenting, Selection, Visible, WallClock,
    WallConfig,
};

/// What hands are doing, and when one last did something.
#[derive(Resource, Default, Debug)]
pub struct Hands {
    /// Where the button went down, physical pixels.
    pressed_at: Option<[f32; 2]>,
    dragged: bool,
    /// Distance of two fingers in the last frame.
    pinch_px: Option<f32>,
    /// Seconds since the program's start at the last input.
    pub last_input_secs: f64,
    /// The same of one that took hold of the wall: no mere motion, nothing on a
    /// panel, no acknowledgement.
    pub last_grip_secs: f64,
}

/// A press that moves less than this is a click, in design units.
const CLICK_SLACK_U: f32 = 6.0;

/// A card stays under a hand that rests for this long.
const HOVER_SECS: f64 = 20.0;

/// Drag pans, wheel zooms at the hand, click focuses, right click goes up.
#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
pub(super) fn mouse(
    windows: Query<&Window, With<PrimaryWindow>>,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    motion: Option<Res<AccumulatedMouseMotion>>,
    wheel: Option<Res<AccumulatedMouseScroll>>,
    over_panel: Res<HandOverPanel>,
    mut hands: ResMut<Hands>,
    mut view: ResMut<MapView>,
    mut hover: ResMut<Hover>,
    ground: Ground,
    mut actions: MessageWriter<Action>,
    real: Res<Time<Real>>,
) {
    let (Ok(window), Some(buttons), Some(motion), Some(wheel)) = (windows.single(), buttons, motion, wheel) else {
        return;
    };
    let Some(at) = window.physical_cursor_position().map(|at| [at.x, at.y]) else {
        hover.set_if_neq(Hover::default());
        return;
    };
    let now = real.elapsed_secs_f64();
    if motion.delta != Vec2::ZERO || buttons.get_pressed().len() > 0 || wheel.delta != Vec2::ZERO {
        hands.last_input_secs = now;
    }
    // A hand that left the mouse lying is no hand: its card would stay for days.
    if over_panel.0 || now - hands.last_input_secs > HOVER_SECS {
        hover.set_if_neq(Hover::default());
        hands.pressed_at = None;
        return;
    }
    if buttons.get_pressed().len() > 0 || wheel.delta != Vec2::ZERO {
        hands.last_grip_secs = now;
    }
    if wheel.delta.y != 0.0 {
        let notches = match wheel.unit {
            MouseScrollUnit::Line => wheel.delta.y,
            MouseScrollUnit::Pixel => wheel.delta.y / 60.0,
        };
        view.zoom_at(at, 1.25_f64.powf(f64::from(notches)));
    }
    if buttons.just_pressed(MouseButton::Left) {
        hands.pressed_at = Some(at);
        hands.dragged = false;
    }
    if buttons.pressed(MouseButton::Left)
        && let Some(from) = hands.pressed_at
    {
        let moved = [at[0] - from[0], at[1] - from[1]];
        if hands.dragged || moved[0].hypot(moved[1]) > CLICK_SLACK_U * view.unit_px {
            hands.dragged = true;
            hands.pressed_at = Some(at);
            view.pan_px(moved);
        }
    }
    let mark = ground.marks.pick(&view, at);
    let picked = ground.area(&view, at);
    let is_click = buttons.just_released(MouseButton::Left)
        && hands.pressed_at.take().is_some_and(|from| {
            // At a low frame rate a drag may begin and end within one frame.
            !hands.dragged && (at[0] - from[0]).hypot(at[1] - from[1]) <= CLICK_SLACK_U * view.unit_px
        });
    if is_click && !click_point(mark, at, &ground, &mut view, &mut actions, now) {
        match picked {
            // Beside an open card: that closes.
            _ if !ground.selection.points.is_empty() => actions.write(Action::Select(Vec::new())),
            Some(index) if ground.focus.area(&ground.areas) == Some(index) => actions.write(Action::FocusParent),
            Some(index) => actions.write(Action::Focus(index)),
            None => actions.write(Action::FocusNothing),
        };
    }
    if buttons.just_pressed(MouseButton::Right) {
        actions.write(Action::FocusParent);
    }
    let next = Hover { area: picked, mark, at_px: at };
    let is_something = next.area.is_some() || next.mark.is_some();
    if (hover.area, hover.mark) != (next.area, next.mark) || (is_something && hover.at_px != next.at_px) {
        *hover = next;
    }
}

/// What hands pick from.
#[derive(SystemParam)]
pub(super) struct Ground<'w> {
    areas: Res<'w, Areas>,
    focus: Res<'w, Focus>,
    relief: Res<'w, Relief>,
    marks: Res<'w, Marks>,
    selection: Res<'w, Selection>,
    config: Res<'w, WallConfig>,
    points: Res<'w, Points>,
    visible: Res<'w, Visible>,
    clock: Res<'w, WallClock>,
}

impl Ground<'_> {
    /// The area under a pixel, at the level that hands pick.
    fn area(&self, view: &MapView, at_px: [f32; 2]) -> Option<AreaIndex> {
        let level = picked_level(&self.areas, &self.focus, self.config.0.map.fill_level)?;
        relief::pick(view, &self.areas, &self.relief, level, at_px)
    }
}

/// Time of a flight to where the points of a bubble part, seconds.
const APPROACH_SECS: f64 = 0.8;

/// Flies to where the points of a mark part, or opens their card or that of a
/// worker; tells whether there was any of them.
fn click_point(
    mark: Option<usize>,
    at_px: [f32; 2],
    ground: &Ground,
    view: &mut MapView,
    actions: &mut MessageWriter<Action>,
    now_secs: f64,
) -> bool {
    match mark.and_then(|mark| ground.marks.click(mark, view)) {
        Some(Pick::Approach(camera)) => view.fly(camera, now_secs, APPROACH_SECS),
        Some(Pick::Open(keys)) => {
            actions.write(Action::Select(keys));
        }
        None => return click_worker(at_px, ground, view, actions),
    }
    true
}

/// A hand this near to a worker means them, design units.
const WORKER_REACH_U: f32 = 16.0;

/// Opens the card of the worker at a pixel; tells whether there is one.
fn click_worker(at_px: [f32; 2], ground: &Ground, view: &MapView, actions: &mut MessageWriter<Action>) -> bool {
    if !ground.visible.has(Layer::Tracks) {
        return false;
    }
    let now = ground.clock.now();
    let tracks = ground.points.tracks().flat_map(|set| set.iter());
    let off_px = |track: &Track| {
        let place = track.place(now)?;
        let local = ground.areas.projection.local_from_lonlat([place.lon, place.lat]);
        let [x, y] = view.screen_from_local_at(local, 0.0);
        Some((x - at_px[0]).hypot(y - at_px[1]))
    };
    let near = tracks.filter_map(|track| Some((off_px(track)?, track)));
    let near = near.filter(|(off_px, _)| *off_px <= WORKER_REACH_U * view.unit_px);
    let Some((_, track)) = near.min_by(|a, b| a.0.total_cmp(&b.0)) else { return false };
    actions.write(Action::Select(vec![PointKey::Worker(track.id.clone())]));
    true
}

/// One finger pans and taps, two fingers zoom.
#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
pub(super) fn touch(
    touches: Option<Res<Touches>>,
    inputs: Option<MessageReader<TouchInput>>,
    mut elsewhere: Local<HashSet<u64>>,
    windows: Query<(Entity, &Window), With<PrimaryWindow>>,
    over_panel: Res<HandOverPanel>,
    mut hands: ResMut<Hands>,
    mut view: ResMut<MapView>,
    ground: Ground,
    mut actions: MessageWriter<Action>,
    real: Res<Time<Real>>,
) {
    let (Some(touches), Ok((wall, window))) = (touches, windows.single()) else { return };
    let scale = window.scale_factor();
    // Fingers on another window do not mean the map.
    for input in inputs.into_iter().flat_map(|mut inputs| inputs.read().cloned().collect::<Vec<_>>()) {
        if input.window == wall {
            elsewhere.remove(&input.id);
        } else {
            elsewhere.insert(input.id);
        }
    }
    let fingers: Vec<_> = touches.iter().filter(|finger| !elsewhere.contains(&finger.id())).collect();
    let released: Vec<_> = touches.iter_just_released().filter(|finger| !elsewhere.contains(&finger.id())).collect();
    if fingers.is_empty() && released.is_empty() {
        hands.pinch_px = None;
        return;
    }
    let now = real.elapsed_secs_f64();
    hands.last_input_secs = now;
    if over_panel.0 {
        return;
    }
    hands.last_grip_secs = now;
    if let [a, b] = fingers[..] {
        let span = (a.position() - b.position()).length() * scale;
        let middle = (a.position() + b.position()) * (scale / 2.0);
        if let Some(before) = hands.pinch_px.replace(span)
            && before > 1.0
        {
            view.zoom_at([middle.x, middle.y], f64::from(span / before));
        }
    } else if let [finger] = fingers[..] {
        hands.pinch_px = None;
        let by = finger.delta() * scale;
        if by != Vec2::ZERO {
            view.pan_px([by.x, by.y]);
        }
    }
    for finger in released {
        if finger.distance().length() * scale < CLICK_SLACK_U * 2.0 * view.unit_px {
            let at = (finger.position() * scale).to_array();
            let mark = ground.marks.pick(&view, at);
            if click_point(mark, at, &ground, &mut view, &mut actions, now) {
                continue;
            }
            match ground.area(&view, at) {
                _ if !ground.selection.points.is_empty() => actions.write(Action::Select(Vec::new())),
                Some(index) => actions.write(Action::Focus(index)),
                None => actions.write(Action::FocusParent),
            };
        }
    }
}

/// The keys of the design; `?` lists them on the wall.
pub(super) fn keyboard(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    mut actions: MessageWriter<Action>,
    mut hands: ResMut<Hands>,
    finder: Res<Finder>,
    overlays: Res<Overlays>,
    presentation: Res<Presentation>,
    selection: Res<Selection>,
    real: Res<Time<Real>>,
) {
    let Some(keys) = keys else { return };
    if finder.is_open || overlays.arrange {
        // What is typed is text, or concerns the panels.
        if keys.get_just_pressed().len() > 0 {
            hands.last_input_secs = real.elapsed_secs_f64();
            hands.last_grip_secs = hands.last_input_secs;
        }
        return;
    }
    let is_shifted = keys.any_pressed([KeyCode::ShiftLeft, KeyCode::ShiftRight]);
    for key in keys.get_just_pressed() {
        // Whoever acknowledges lets the wall go on by itself.
        if *key == KeyCode::KeyA {
            actions.write(match is_shifted {
                true => Action::AcknowledgeAllAlerts { by: None },
                false => Action::AcknowledgeAlert { key: None, by: None },
            });
            continue;
        }
        hands.last_input_secs = real.elapsed_secs_f64();
        hands.last_grip_secs = hands.last_input_secs;
        if presentation.is_on() {
            match presenting_key(*key, !selection.points.is_empty()) {
                Presented::Wish(wish) => {
                    actions.write(Action::Present(wish));
                    continue;
                }
                Presented::Nothing => continue,
                Presented::AsEver => {}
            }
        }
        let action = match key {
            KeyCode::KeyB if is_shifted => Action::Present(Presenting::Next),
            KeyCode::KeyB | KeyCode::F5 => Action::Present(Presenting::Toggle),
            KeyCode::Escape => Action::FocusParent,
            KeyCode::Home => Action::FocusNothing,
            KeyCode::Space => Action::TogglePause,
            KeyCode::End => Action::GoLive,
            KeyCode::Comma => Action::StepHours(if is_shifted { -24 } else { -1 }),
            KeyCode::Period => Action::StepHours(if is_shifted { 24 } else { 1 }),
            KeyCode::BracketLeft => Action::StepRate(-1),
            KeyCode::BracketRight => Action::StepRate(1),
            KeyCode::KeyO => Action::ToggleLoop,
            KeyCode::ArrowRight => Action::StepScene(1),
            KeyCode::ArrowLeft => Action::StepScene(-1),
            KeyCode::KeyC => Action::StepFill(if is_shifted { -1 } else { 1 }),
            KeyCode::KeyL => Action::ToggleLayer(Layer::Labels),
            KeyCode::KeyT => Action::ToggleTilt,
            KeyCode::KeyH => Action::NextHeatForm,
            KeyCode::KeyW => Action::ToggleHeatCompare,
            KeyCode::KeyD => Action::ToggleDiagnostics,
            KeyCode::KeyP => Action::ToggleAudience,
            KeyCode::KeyF => Action::ToggleFullscreen,
            KeyCode::KeyS => Action::Snapshot,
            KeyCode::KeyE => Action::ToggleArrange,
            KeyCode::KeyR => Action::TogglePairing,
            KeyCode::Slash if !is_shifted => Action::ToggleFind,
            KeyCode::Slash | KeyCode::F1 => Action::ToggleHelp,
            key => match layer_key(*key) {
                Some(layer) => Action::ToggleLayer(layer),
                None => continue,
            },
        };
        actions.write(action);
    }
}

/// What a key is while somebody presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presented {
    /// It goes through the briefing.
    Wish(Presenting),
    /// Clickers send it, and who holds one does not mean the wall.
    Nothing,
    /// What it is without a briefing.
    AsEver,
}

/// The keys of a briefing; clickers send those of pages, `F5`, `Esc`, and a full
/// stop for a black screen.
fn presenting_key(key: KeyCode, is_card_open: bool) -> Presented {
    Presented::Wish(match key {
        KeyCode::ArrowRight | KeyCode::PageDown => Presenting::Step(1),
        KeyCode::ArrowLeft | KeyCode::PageUp => Presenting::Step(-1),
        KeyCode::Home => Presenting::Go(0),
        KeyCode::End => Presenting::Go(usize::MAX),
        // What was opened last is closed first.
        KeyCode::Escape if !is_card_open => Presenting::Leave,
        KeyCode::KeyN => Presenting::ToggleNotes,
        KeyCode::F5 | KeyCode::Period => return Presented::Nothing,
        _ => return Presented::AsEver,
    })
}

/// `1`…`7`: the layers from the bottom up.
fn layer_key(key: KeyCode) -> Option<Layer> {
    const KEYS: [KeyCode; 7] = [
        KeyCode::Digit1,
        KeyCode::Digit2,
        KeyCode::Digit3,
        KeyCode::Digit4,
        KeyCode::Digit5,
        KeyCode::Digit6,
        KeyCode::Digit7,
    ];
    KEYS.iter().position(|&k| k == key).map(|i| Layer::ALL[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clickers_go_through_a_briefing_and_do_nothing_else() {
        for (key, wish) in [
            (KeyCode::PageDown, Presenting::Step(1)),
            (KeyCode::PageUp, Presenting::Step(-1)),
            (KeyCode::ArrowRight, Presenting::Step(1)),
            (KeyCode::ArrowLeft, Presenting::Step(-1)),
            (KeyCode::Home, Presenting::Go(0)),
            (KeyCode::End, Presenting::Go(usize::MAX)),
            (KeyCode::Escape, Presenting::Leave),
        ] {
            assert_eq!(presenting_key(key, false), Presented::Wish(wish), "{key:?}");
        }
        assert_eq!(presenting_key(KeyCode::Escape, true), Presented::AsEver, "an open card is closed first");
        for key in [KeyCode::F5, KeyCode::Period] {
            assert_eq!(presenting_key(key, false), Presented::Nothing, "{key:?}");
        }
        assert_eq!(presenting_key(KeyCode::KeyT, false), Presented::AsEver);
    }
}
