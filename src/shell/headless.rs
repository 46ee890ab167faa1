//! A wall without a window: frames on demand, into a picture.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bevy::diagnostic::FrameCount;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_resource::{PipelineCache, PollType};
use bevy::render::renderer::RenderDevice;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::time::TimeUpdateStrategy;

use super::app::{PictureTarget, TexturesPending};
use crate::domain::health::SourceState;
use crate::domain::time::Time as Instant1970;
use crate::layers::areas::AreaLayer;
use crate::layers::areas::raise::RaisedLayer;
use crate::layers::heat::HeatLayer;
use crate::layers::tiles::TileLayer;
use crate::layers::tracks::TrackLayer;
use crate::map::Marks;
use crate::model::{Alerts, Areas, Events, Overview, Patrols, Sources, WallClock, WallConfig, Warnings};

/// Processor time of this thread; from `/proc` (schedstat), else unknown.
fn thread_cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// A headless wall, frame by frame.
pub struct HeadlessWall {
    /// The assembled application.
    pub app: App,
}

/// The picture did not come.
#[derive(Debug, thiserror::Error)]
#[error("画面未能生成:图形驱动没有返回图像")]
pub struct NoPicture;

/// What an instant shows was not worked out within two minutes.
#[derive(Debug, thiserror::Error)]
#[error("等待 {} 秒后画面仍未算完", LONGEST_WORK.as_secs())]
pub struct NotAtRest;

/// Time within which the driver has to hand a picture back.
const LONGEST_SHOT: Duration = Duration::from_secs(20);

/// Time within which what an instant shows has to be worked out: a city's
/// geometry takes seconds.
const LONGEST_WORK: Duration = Duration::from_secs(120);

/// A picture that was taken, and comes with a later frame.
pub struct Shot {
    slot: Arc<Mutex<Option<Image>>>,
    taken: Instant,
}

impl HeadlessWall {
    /// Finishes the assembly: plugins that wait for the renderer get it.
    pub fn new(mut app: App) -> Self {
        while app.plugins_state() == bevy::app::PluginsState::Adding {
            bevy::tasks::tick_global_task_pools_on_main_thread();
        }
        app.finish();
        app.cleanup();
        Self { app }
    }

    /// Draws one frame and waits until the GPU is done with it. Returns the
    /// main thread's own time in it: processor time where the system tells it
    /// (a software driver may block the thread), else the time that passed.
    pub fn frame(&mut self) -> Duration {
        let started = Instant::now();
        let before = thread_cpu_time();
        self.app.update();
        let own = before.zip(thread_cpu_time()).map_or_else(|| started.elapsed(), |(before, after)| after - before);
        self.wait_for_gpu();
        own
    }

    fn wait_for_gpu(&self) {
        if let Some(device) = self.app.world().get_resource::<RenderDevice>() {
            // An error here is a lost device; the next frame reports it.
            let _ = device.poll(PollType::wait_indefinitely());
        }
    }

    /// Whether somebody has pressed Ctrl+C, as of the last frame. Bevy takes the
    /// key, and would end a wall with a window by itself.
    pub fn is_told_to_stop(&self) -> bool {
        self.app.should_exit().is_some()
    }

    /// Draws frames until everything that was configured is on the wall, or
    /// `limit` has passed, or it is told to stop. Returns whether it is.
    pub fn settle(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            self.app.update();
            if self.is_settled() {
                return true;
            }
            if Instant::now() > deadline || self.is_told_to_stop() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Every source has answered or failed, and what came is drawn.
    fn is_settled(&self) -> bool {
        let world = self.app.world();
        let has_answers = world.resource::<Sources>().entries.iter().all(|entry| {
            entry.health.state == SourceState::Live
                || entry.is_unasked()
                || (entry.health.state == SourceState::Failing && entry.health.failures > 1)
        });
        // Shaders are compiled beside the frames; until then parts are missing.
        let pipelines = self.app.get_sub_app(RenderApp).and_then(|app| app.world().get_resource::<PipelineCache>());
        has_answers
            && pipelines.is_some_and(|cache| cache.waiting_pipelines().next().is_none())
            && world.resource::<FrameCount>().0 > 3
            && !self.waits_for_tiles()
            && self.is_at_rest()
    }

    /// Whether the last frame was of the shown instant and of all that had come,
    /// with nothing of it still being worked out.
    pub fn is_at_rest(&self) -> bool {
        let world = self.app.world();
        let (areas, layer) = (world.resource::<Areas>(), world.resource::<AreaLayer>());
        let (clock, overview) = (world.resource::<WallClock>(), world.resource::<Overview>());
        !areas.is_building()
            && !layer.is_building()
            && !layer.is_refining()
            && !world.resource::<RaisedLayer>().is_building()
            && !world.resource::<Marks>().is_building()
            && !world.resource::<HeatLayer>().is_building()
            && !world.resource::<Warnings>().is_looking()
            && !world.resource::<Patrols>().is_looking()
            && !world.resource::<Alerts>().is_looking()
            && !world.resource::<TrackLayer>().is_building()
            && layer.built_revision == areas.revision
            && world.resource::<Events>().waiting() == 0
            && overview.is_of(areas.revision, world.resource::<Events>().revision)
            // Of the present, figures are a quarter of a second behind.
            && (clock.0.is_live() || overview.now == clock.now())
    }

    /// Shows the next instant of a film whose second holds `rate`, and draws
    /// until everything on the wall is of it. Whatever moves by itself moves as
    /// far as in `passed`, however long that takes.
    ///
    /// # Errors
    /// When it is not worked out within two minutes, or somebody stops it.
    pub fn expose(&mut self, at: Instant1970, rate: u32, passed: Duration) -> Result<(), NotAtRest> {
        let world = self.app.world_mut();
        world.resource_mut::<WallClock>().0.expose(at, rate);
        world.insert_resource(TimeUpdateStrategy::ManualDuration(passed));
        self.frame();
        self.app.world_mut().insert_resource(TimeUpdateStrategy::ManualDuration(Duration::ZERO));
        self.rest()
    }

    fn rest(&mut self) -> Result<(), NotAtRest> {
        let deadline = Instant::now() + LONGEST_WORK;
        while !self.is_at_rest() {
            if Instant::now() > deadline || self.is_told_to_stop() {
                return Err(NotAtRest);
            }
            // What is being worked out needs the processor more than a frame does.
            std::thread::sleep(Duration::from_millis(1));
            self.frame();
        }
        Ok(())
    }

    /// Whether a tile is missing that a set may still deliver.
    pub fn waits_for_tiles(&self) -> bool {
        let world = self.app.world();
        let sources = world.resource::<Sources>();
        let is_failing = |set: usize| {
            let first = world.resource::<WallConfig>().0.sources.len();
            sources.entries.get(first + set).is_some_and(|entry| entry.health.state == SourceState::Failing)
        };
        world.resource::<TileLayer>().incomplete().any(|set| !is_failing(usize::from(set)))
    }

    /// The picture as it is after the next frame.
    ///
    /// # Errors
    /// When the driver does not hand it back within some seconds.
    pub fn picture(&mut self) -> Result<Image, NoPicture> {
        // A frame that brought glyphs or pictures is seldom the last of its kind.
        for _ in 0..5 {
            self.frame();
            if !self.app.world().resource::<TexturesPending>().0 {
                break;
            }
        }
        let shot = self.shoot();
        self.develop(&shot)
    }

    /// A picture of which everything was at rest, glyphs included; for
    /// [`Self::expose`] to go on with before it is there.
    ///
    /// # Errors
    /// When what comes in meanwhile is not worked out within two minutes.
    pub fn shoot_at_rest(&mut self) -> Result<Shot, NotAtRest> {
        let mut shot = self.shoot();
        // A frame that brought glyphs or pictures is seldom the last of its kind.
        for _ in 0..5 {
            if self.is_at_rest() && !self.app.world().resource::<TexturesPending>().0 {
                break;
            }
            self.rest()?;
            shot = self.shoot();
        }
        Ok(shot)
    }

    /// Draws a frame and takes a picture of it.
    fn shoot(&mut self) -> Shot {
        let target = self.app.world().resource::<PictureTarget>().0.clone();
        let shot = Shot { slot: Arc::default(), taken: Instant::now() };
        let writer = Arc::clone(&shot.slot);
        self.app.world_mut().spawn(Screenshot::image(target)).observe(move |captured: On<ScreenshotCaptured>| {
            if let Ok(mut slot) = writer.lock() {
                *slot = Some(captured.image.clone());
            }
        });
        self.frame();
        shot
    }

    /// Draws frames until a picture is there: none, where some were drawn since.
    ///
    /// # Errors
    /// When the driver does not hand it back within some seconds.
    pub fn develop(&mut self, shot: &Shot) -> Result<Image, NoPicture> {
        loop {
            if let Some(image) = shot.slot.lock().ok().and_then(|mut slot| slot.take()) {
                return Ok(image);
            }
            if shot.taken.elapsed() > LONGEST_SHOT {
                return Err(NoPicture);
            }
            self.frame();
        }
    }
}
