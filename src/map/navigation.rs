//! Hands on the map: mouse, touch and keys become movements and actions.

use bevy::input::mouse::{AccumulatedMouseMotion, AccumulatedMouseScroll, MouseScrollUnit};
use bevy::input::touch::Touches;
use bevy::prelude::*;
use bevy::window::PrimaryWindow;

use super::{HandOverPanel, Hover, MapView, Relief, picked_level, relief};
use crate::config::Layer;
use crate::domain::area::{AreaIndex, Level};
use crate::model::{Action, Areas, Focus, WallConfig};

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
}

/// A press that moves less than this is a click, in design units.
const CLICK_SLACK_U: f32 = 6.0;

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
    areas: Res<Areas>,
    focus: Res<Focus>,
    relief: Res<Relief>,
    config: Res<WallConfig>,
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
    if motion.delta != Vec2::ZERO || buttons.get_pressed().len() > 0 || wheel.delta != Vec2::ZERO {
        hands.last_input_secs = real.elapsed_secs_f64();
    }
    if over_panel.0 {
        hover.set_if_neq(Hover::default());
        hands.pressed_at = None;
        return;
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
    let level = picked_level(&areas, &focus, config.0.map.fill_level);
    let picked = pick(&view, &areas, &relief, level, at);
    let is_click = buttons.just_released(MouseButton::Left)
        && hands.pressed_at.take().is_some_and(|from| {
            // At a low frame rate a drag may begin and end within one frame.
            !hands.dragged && (at[0] - from[0]).hypot(at[1] - from[1]) <= CLICK_SLACK_U * view.unit_px
        });
    if is_click {
        match picked {
            Some(index) if focus.area(&areas) == Some(index) => actions.write(Action::FocusParent),
            Some(index) => actions.write(Action::Focus(index)),
            None => actions.write(Action::FocusNothing),
        };
    }
    if buttons.just_pressed(MouseButton::Right) {
        actions.write(Action::FocusParent);
    }
    let next = Hover { area: picked, at_px: at };
    if hover.area != next.area || (next.area.is_some() && hover.at_px != next.at_px) {
        *hover = next;
    }
}

/// The area under a pixel, at the level that hands pick.
fn pick(view: &MapView, areas: &Areas, relief: &Relief, level: Option<Level>, at_px: [f32; 2]) -> Option<AreaIndex> {
    relief::pick(view, areas, relief, level?, at_px)
}

/// One finger pans and taps, two fingers zoom.
#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
pub(super) fn touch(
    touches: Option<Res<Touches>>,
    windows: Query<&Window, With<PrimaryWindow>>,
    over_panel: Res<HandOverPanel>,
    mut hands: ResMut<Hands>,
    mut view: ResMut<MapView>,
    areas: Res<Areas>,
    focus: Res<Focus>,
    relief: Res<Relief>,
    config: Res<WallConfig>,
    mut actions: MessageWriter<Action>,
    real: Res<Time<Real>>,
) {
    let (Some(touches), Ok(window)) = (touches, windows.single()) else { return };
    let scale = window.scale_factor();
    let fingers: Vec<_> = touches.iter().collect();
    if fingers.is_empty() && !touches.any_just_released() {
        hands.pinch_px = None;
        return;
    }
    hands.last_input_secs = real.elapsed_secs_f64();
    if over_panel.0 {
        return;
    }
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
    for finger in touches.iter_just_released() {
        if finger.distance().length() * scale < CLICK_SLACK_U * 2.0 * view.unit_px {
            let at = finger.position() * scale;
            let level = picked_level(&areas, &focus, config.0.map.fill_level);
            match pick(&view, &areas, &relief, level, [at.x, at.y]) {
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
    real: Res<Time<Real>>,
) {
    let Some(keys) = keys else { return };
    for key in keys.get_just_pressed() {
        hands.last_input_secs = real.elapsed_secs_f64();
        let action = match key {
            KeyCode::Escape => Action::FocusParent,
            KeyCode::Home => Action::FocusNothing,
            KeyCode::Space => Action::TogglePause,
            KeyCode::ArrowRight => Action::StepScene(1),
            KeyCode::ArrowLeft => Action::StepScene(-1),
            KeyCode::KeyC => {
                let is_back = keys.any_pressed([KeyCode::ShiftLeft, KeyCode::ShiftRight]);
                Action::StepFill(if is_back { -1 } else { 1 })
            }
            KeyCode::KeyL => Action::ToggleLayer(Layer::Labels),
            KeyCode::KeyT => Action::ToggleTilt,
            KeyCode::KeyD => Action::ToggleDiagnostics,
            KeyCode::KeyF => Action::ToggleFullscreen,
            KeyCode::KeyS => Action::Snapshot,
            KeyCode::Slash | KeyCode::F1 => Action::ToggleHelp,
            key => match layer_key(*key) {
                Some(layer) => Action::ToggleLayer(layer),
                None => continue,
            },
        };
        actions.write(action);
    }
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
