//! A second window for who presents a briefing: notes, what comes next, the time.
//!
//! In: whether notes are wanted ([`Presentation::notes`]). Out: a window with a
//! camera and an egui context of its own, on a monitor that the wall does not
//! fill.
//!
//! How it works: the window is opened and closed before a frame's input is read,
//! so that its context has fonts before its first pass, and its camera never
//! outlives it. The map is not drawn there: its camera lacks the mark of the
//! wall's ([`MapCamera`](crate::layers::gpu::MapCamera)).

use bevy::camera::RenderTarget;
use bevy::core_pipeline::tonemapping::{DebandDither, Tonemapping};
use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy::window::{
    ClosingWindow, Monitor, MonitorSelection, OnMonitor, PrimaryWindow, WindowMode, WindowRef, WindowResolution,
};
use bevy_egui::EguiSchedule;

use super::audience::PassingNotice;
use super::ui;
use crate::model::{Action, Presentation, Presenting, Waker, WallSystems};

/// Adds the window of the notes to a wall that has one of its own.
pub struct NotesPlugin;

impl Plugin for NotesPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<NotesWindow>()
            .add_systems(First, manage)
            .add_systems(Update, wake.after(WallSystems::Act))
            .add_systems(NotesPass, ui::notes_window_ui);
    }
}

/// When the window's panel is drawn: each egui context has a schedule of its own.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct NotesPass;

/// The window, while it is open.
#[derive(Resource, Default, Debug)]
pub struct NotesWindow(Option<Opened>);

#[derive(Clone, Copy, Debug)]
struct Opened {
    window: Entity,
    camera: Entity,
}

impl NotesWindow {
    /// Window and camera.
    pub fn entities(&self) -> Option<(Entity, Entity)> {
        self.0.map(|opened| (opened.window, opened.camera))
    }
}

/// Seconds in which the system tells which monitors there are.
const MONITORS_SECS: f32 = 2.0;

/// Size of the window, physical pixels.
const SIZE: [u32; 2] = [1_280, 800];

/// A frame for what [`manage`] has to do.
fn wake(opened: Res<NotesWindow>, presentation: Res<Presentation>, waker: Res<Waker>) {
    if opened.0.is_some() != presentation.notes {
        (waker.0)();
    }
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Opens the window when notes are wanted, and closes it when they are not, or
/// somebody closed it.
fn manage(
    mut commands: Commands,
    mut opened: ResMut<NotesWindow>,
    presentation: Res<Presentation>,
    clear: Res<ClearColor>,
    windows: Query<Has<ClosingWindow>, With<Window>>,
    wall: Query<(&Window, Option<&OnMonitor>), With<PrimaryWindow>>,
    monitors: Query<Entity, With<Monitor>>,
    mut notice: ResMut<PassingNotice>,
    mut actions: MessageWriter<Action>,
    real: Res<Time<Real>>,
) {
    if let Some(Opened { window, camera }) = opened.0 {
        let is_closing = windows.get(window).unwrap_or(true);
        if presentation.notes && !is_closing {
            return;
        }
        opened.0 = None;
        commands.entity(camera).despawn();
        if is_closing {
            // The window goes by itself; the wish for it goes with it.
            actions.write_batch(presentation.notes.then_some(Action::Present(Presenting::ToggleNotes)));
        } else {
            commands.entity(window).despawn();
        }
        return;
    }
    let (true, Ok((wall, on))) = (presentation.notes, wall.single()) else { return };
    let on = on.map(|monitor| monitor.0);
    let is_known = on.is_some() || real.elapsed_secs() > MONITORS_SECS;
    if wall.mode != WindowMode::Windowed && !is_known {
        return;
    }
    let all: Vec<Entity> = monitors.iter().collect();
    match position(wall.mode, on, &all) {
        Some(position) => opened.0 = Some(open(&mut commands, position, clear.0)),
        None => {
            notice.say("只有大屏这一个显示器,提词会被来宾看到:请接上第二个显示器", real.elapsed_secs_f64());
            actions.write(Action::Present(Presenting::ToggleNotes));
        }
    }
}

/// Where notes may stand: on a monitor beside the wall's; `None` where everybody
/// would read them.
fn position(mode: WindowMode, on: Option<Entity>, monitors: &[Entity]) -> Option<WindowPosition> {
    let beside = monitors.iter().find(|&&monitor| Some(monitor) != on).filter(|_| on.is_some());
    match beside {
        Some(&monitor) => Some(WindowPosition::Centered(MonitorSelection::Entity(monitor))),
        None if mode == WindowMode::Windowed || monitors.len() > 1 => Some(WindowPosition::Automatic),
        None => None,
    }
}

fn open(commands: &mut Commands, position: WindowPosition, clear: Color) -> Opened {
    let [width, height] = SIZE;
    let window = commands.spawn(Window {
        title: "提词".to_owned(),
        name: Some("quanyu-notes".to_owned()),
        position,
        resolution: WindowResolution::new(width, height).with_scale_factor_override(1.0),
        ..Window::default()
    });
    let window = window.id();
    let camera = commands.spawn((
        Camera2d,
        Camera { clear_color: ClearColorConfig::Custom(clear), ..Camera::default() },
        RenderTarget::Window(WindowRef::Entity(window)),
        EguiSchedule::new(NotesPass),
        Msaa::Off,
        Tonemapping::None,
        DebandDither::Disabled,
    ));
    Opened { window, camera: camera.id() }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bevy::ecs::system::RunSystemOnce;
    use bevy_egui::EguiContext;

    use super::*;

    fn world(is_wanted: bool) -> World {
        let mut world = World::new();
        world.init_resource::<NotesWindow>();
        world.init_resource::<ClearColor>();
        world.init_resource::<PassingNotice>();
        world.init_resource::<Messages<Action>>();
        let mut real = Time::<Real>::new(Instant::now());
        real.advance_by(Duration::from_secs(10));
        world.insert_resource(real);
        world.init_resource::<Presentation>();
        world.resource_mut::<Presentation>().notes = is_wanted;
        world.spawn((Window::default(), PrimaryWindow));
        world
    }

    fn run(world: &mut World) -> (usize, usize, Vec<Action>) {
        world.run_system_once(manage).expect("runs");
        let windows = world.query_filtered::<(), (With<Window>, Without<PrimaryWindow>)>().iter(world).count();
        let contexts = world.query::<&EguiContext>().iter(world).count();
        (windows, contexts, world.resource_mut::<Messages<Action>>().drain().collect())
    }

    #[test]
    fn a_window_comes_and_goes_with_the_wish_for_it() {
        let mut world = world(false);
        assert_eq!(run(&mut world), (0, 0, vec![]));
        world.resource_mut::<Presentation>().notes = true;
        assert_eq!(run(&mut world), (1, 1, vec![]));
        assert_eq!(run(&mut world), (1, 1, vec![]), "once");
        world.resource_mut::<Presentation>().notes = false;
        assert_eq!(run(&mut world), (0, 0, vec![]));
    }

    #[test]
    fn who_closes_the_window_wants_no_notes() {
        let mut world = world(true);
        run(&mut world);
        let (window, _) = world.resource::<NotesWindow>().entities().expect("is open");
        world.entity_mut(window).insert(ClosingWindow);
        let wish = Action::Present(Presenting::ToggleNotes);
        assert_eq!(run(&mut world), (1, 0, vec![wish]), "Bevy closes it in this frame, the camera is gone before");
    }

    #[test]
    fn notes_are_never_on_the_wall() {
        let mut world = world(true);
        let mut wall = world.query_filtered::<&mut Window, With<PrimaryWindow>>();
        let fullscreen = WindowMode::BorderlessFullscreen(MonitorSelection::Primary);
        wall.single_mut(&mut world).expect("is there").mode = fullscreen;
        assert_eq!(run(&mut world), (0, 0, vec![Action::Present(Presenting::ToggleNotes)]));
        assert!(world.resource::<PassingNotice>().text().is_some_and(|text| text.contains("第二个显示器")));
        let [own, other] = [world.spawn_empty().id(), world.spawn_empty().id()];
        let beside = WindowPosition::Centered(MonitorSelection::Entity(other));
        assert_eq!(position(fullscreen, Some(own), &[own, other]), Some(beside));
        assert_eq!(position(fullscreen, Some(own), &[own]), None);
        assert_eq!(position(WindowMode::Windowed, Some(own), &[own]), Some(WindowPosition::Automatic));
    }
}
