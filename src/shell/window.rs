//! The wall in a window: how often it draws, fullscreen, pictures on a key.
//!
//! Nothing is drawn while nothing changes: the event loop sleeps until input,
//! until new data (the ingest thread wakes it), or until the next second of
//! the clock. While something moves it runs with the display.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::window::{MonitorSelection, PrimaryWindow, WindowMode};
use bevy::winit::{EventLoopProxyWrapper, UpdateMode, WinitSettings, WinitUserEvent};

use super::app::TexturesPending;
use crate::domain::time::Time as Instant1970;
use crate::layers::areas::AreaLayer;
use crate::layers::areas::raise::RaisedLayer;
use crate::layers::heat::HeatLayer;
use crate::layers::tiles::TileLayer;
use crate::layers::tracks::TrackLayer;
use crate::map::{MapView, Marks};
use crate::model::{Action, Areas, Overview, Waker, WallClock, WallConfig};
use crate::scenes::Takeover;

/// Adds what only a window needs.
pub struct WindowPlugin;

impl Plugin for WindowPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(WinitSettings {
            focused_mode: UpdateMode::Continuous,
            unfocused_mode: UpdateMode::Continuous,
        })
        .init_resource::<WakeUp>()
        .add_systems(First, connect_waker)
        .add_systems(Update, (toggle_fullscreen, take_picture))
        .add_systems(Last, pace);
    }
}

/// Joins the ingest thread's wish for a frame to the event loop, which exists
/// only once the window does.
#[derive(Resource, Clone, Default)]
pub struct WakeUp(Arc<WakeState>);

#[derive(Default)]
struct WakeState {
    pending: AtomicBool,
    proxy: std::sync::OnceLock<bevy::winit::EventLoopProxy<WinitUserEvent>>,
}

impl WakeState {
    fn wake(&self) {
        if let Some(proxy) = self.proxy.get()
            && !self.pending.swap(true, Ordering::AcqRel)
        {
            // An event loop that is gone needs no frame.
            let _ = proxy.send_event(WinitUserEvent::WakeUp);
        }
    }
}

impl WakeUp {
    /// A waker for other threads. Wishes between two frames are one.
    pub fn waker(&self) -> Waker {
        let state = Arc::clone(&self.0);
        Waker(Arc::new(move || state.wake()))
    }

    /// Wakes the event loop whenever the second of the clock turns, until the
    /// wall is gone. A thread of its own, because a changed wait of the event
    /// loop counts there as a wish for a frame at once.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn wake_each_second(&self) -> std::io::Result<()> {
        let state = Arc::downgrade(&self.0);
        std::thread::Builder::new().name("quanyu-second".into()).spawn(move || {
            loop {
                let into_second = Instant1970::system_now().0.rem_euclid(1_000) as u64;
                std::thread::sleep(Duration::from_millis(1_001 - into_second));
                let Some(state) = state.upgrade() else { break };
                state.wake();
            }
        })?;
        Ok(())
    }
}

fn connect_waker(wake: Res<WakeUp>, proxy: Option<Res<EventLoopProxyWrapper>>) {
    wake.0.pending.store(false, Ordering::Release);
    if let Some(proxy) = proxy
        && wake.0.proxy.get().is_none()
    {
        let _ = wake.0.proxy.set((**proxy).clone());
    }
}

/// A frame is drawn at least this often, whatever happens to the wakers. The
/// same each time: the event loop takes a change for a wish for a frame.
const LONGEST_REST: Duration = Duration::from_secs(5);

/// Time between two frames of a replay in which nothing else moves.
const REPLAY_REST: Duration = Duration::from_millis(33);

/// A new event pulses this long.
const PULSE_SECS: f32 = 3.2;

/// Whether the picture would differ in the next frame without any input.
pub fn is_moving(view: &MapView, overview: &Overview, elapsed_secs: f32) -> bool {
    let is_pulsing = overview
        .window
        .iter()
        .rev()
        .take(64)
        .any(|event| event.born_secs >= 0.0 && elapsed_secs - event.born_secs < PULSE_SECS);
    view.is_moving() || is_pulsing
}

/// Sets when the next frame is due.
#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
fn pace(
    mut settings: ResMut<WinitSettings>,
    view: Res<MapView>,
    overview: Res<Overview>,
    areas: Res<Areas>,
    layer: Res<AreaLayer>,
    raised: Res<RaisedLayer>,
    tracks: Res<TrackLayer>,
    tiles: Res<TileLayer>,
    marks: Res<Marks>,
    heat: Res<HeatLayer>,
    takeover: Res<Takeover>,
    textures: Res<TexturesPending>,
    clock: Res<WallClock>,
    real: Res<Time<Real>>,
) {
    let is_building = areas.is_building()
        || layer.is_building()
        || layer.is_refining()
        || raised.is_building()
        || tracks.is_building();
    let is_building = is_building || tiles.is_building() || marks.is_building() || heat.is_building();
    let is_loading = is_building || textures.0 || real.elapsed_secs() < 1.0;
    let is_calling = takeover.is_pulsing(real.elapsed_secs_f64());
    let mode = if is_loading || is_calling || is_moving(&view, &overview, real.elapsed_secs()) {
        UpdateMode::Continuous
    } else {
        // Woken by input, by data, and when the second of the clock turns.
        UpdateMode::Reactive {
            wait: if clock.0.is_replaying() { REPLAY_REST } else { LONGEST_REST },
            react_to_device_events: false,
            react_to_user_events: true,
            react_to_window_events: true,
        }
    };
    settings.bypass_change_detection().focused_mode = mode;
    settings.bypass_change_detection().unfocused_mode = mode;
}

fn toggle_fullscreen(mut actions: MessageReader<Action>, mut windows: Query<&mut Window, With<PrimaryWindow>>) {
    for _ in actions.read().filter(|action| **action == Action::ToggleFullscreen) {
        for mut window in &mut windows {
            window.mode = match window.mode {
                WindowMode::Windowed => WindowMode::BorderlessFullscreen(MonitorSelection::Current),
                _ => WindowMode::Windowed,
            };
        }
    }
}

/// Writes what the window shows next to the configuration.
fn take_picture(
    mut actions: MessageReader<Action>,
    mut commands: Commands,
    config: Res<WallConfig>,
    clock: Res<WallClock>,
) {
    for _ in actions.read().filter(|action| **action == Action::Snapshot) {
        let zone = &config.0.wall.zone;
        let now = clock.now();
        let name = format!("quanyu-{}-{}.png", now.date_text(zone), now.clock_text(zone).replace(':', ""));
        let path = config.0.folder().join(name);
        commands.spawn(Screenshot::primary_window()).observe(move |captured: On<ScreenshotCaptured>| {
            match super::snapshot::write_png(&captured.image, &path) {
                Ok(()) => tracing::info!(path = %path.display(), "已保存画面"),
                Err(error) => tracing::error!("{error}"),
            }
        });
    }
}
