//! `quanyu snapshot`: one picture of the wall, without a display.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::prelude::*;

use super::app::{Setup, assemble};
use super::headless::{HeadlessWall, NoPicture};
use crate::layers::areas::AreaLayer;
use crate::layers::areas::raise::RaisedLayer;
use crate::layers::heat::HeatLayer;
use crate::map::MapView;
use crate::model::{Action, Areas, Focus};

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The GPU gave none.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// It could not be written.
    #[error("无法写入画面 {path}:{reason}")]
    Unwritable {
        /// Where to.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// No scene of that name or number.
    #[error("没有场景“{wanted}”;已有:{known}")]
    UnknownScene {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// No area with that code.
    #[error("没有编码为 {0} 的区域")]
    UnknownArea(String),
}

/// What the picture shall show.
pub struct Request {
    /// Where to write it.
    pub out: PathBuf,
    /// Scene by name or number from 1.
    pub scene: Option<String>,
    /// Code of the area in focus.
    pub focus: Option<String>,
    /// Tilt of the map, degrees; the scene's own when not set.
    pub tilt_deg: Option<f64>,
    /// How long to wait for data.
    pub wait: Duration,
    /// How long to let the wall run after the data came.
    pub run: Duration,
}

/// Draws the wall until its data are there and writes one picture. Returns
/// whether all data were.
///
/// # Errors
/// When the scene or area does not exist, or the picture cannot be drawn or
/// written.
pub fn take(setup: Setup, request: &Request) -> Result<bool, SnapshotError> {
    let scene = request.scene.as_deref().map(|wanted| find_scene(&setup, wanted)).transpose()?;
    let mut wall = HeadlessWall::new(assemble(setup));
    if let Some(scene) = scene {
        wall.app.world_mut().write_message(Action::StepScene(scene as i32));
    }
    if let Some(deg) = request.tilt_deg {
        wall.app.world_mut().write_message(Action::SetTilt(deg));
    }
    let complete = wall.settle(request.wait);
    let until = std::time::Instant::now() + request.run;
    while std::time::Instant::now() < until {
        wall.frame();
        std::thread::sleep(Duration::from_millis(30));
    }
    if let Some(code) = &request.focus {
        focus(&mut wall, code)?;
    }
    come_to_rest(&mut wall);
    let image = wall.picture()?;
    write_png(&image, &request.out)?;
    super::app::stop(wall.app);
    Ok(complete)
}

fn find_scene(setup: &Setup, wanted: &str) -> Result<usize, SnapshotError> {
    let scenes = &setup.config.scenes;
    let by_number = wanted.parse::<usize>().ok().filter(|n| (1..=scenes.len()).contains(n)).map(|n| n - 1);
    by_number.or_else(|| scenes.iter().position(|scene| scene.name == wanted)).ok_or_else(|| {
        SnapshotError::UnknownScene {
            wanted: wanted.to_owned(),
            known: scenes.iter().map(|scene| scene.name.as_str()).collect::<Vec<_>>().join("、"),
        }
    })
}

fn focus(wall: &mut HeadlessWall, code: &str) -> Result<(), SnapshotError> {
    let world = wall.app.world_mut();
    let index = world.resource::<Areas>().tree.find(code).ok_or_else(|| SnapshotError::UnknownArea(code.to_owned()))?;
    let before = world.resource::<Focus>().revision;
    world.write_message(Action::Focus(index));
    // The flight takes 1.1 s; the picture is of where it ends.
    let end = std::time::Instant::now() + Duration::from_millis(1_600);
    while std::time::Instant::now() < end || wall.app.world().resource::<Focus>().revision == before {
        wall.frame();
    }
    Ok(())
}

/// Draws until no flight, tilt or rise is under way and the map's tiles are
/// there, for some seconds at most.
fn come_to_rest(wall: &mut HeadlessWall) {
    let end = std::time::Instant::now() + Duration::from_secs(20);
    let mut still = 0;
    while still < 3 && std::time::Instant::now() < end {
        wall.frame();
        let world = wall.app.world();
        let is_moving = world.resource::<MapView>().is_moving()
            || world.resource::<RaisedLayer>().is_building()
            || world.resource::<HeatLayer>().is_building()
            || world.resource::<AreaLayer>().is_refining();
        still = if is_moving || wall.waits_for_tiles() { 0 } else { still + 1 };
    }
}

/// Writes a picture as PNG without alpha, through a temporary file, so that a
/// reader never sees half of one.
///
/// # Errors
/// When the picture's format is not eight bits a channel, or the file cannot be
/// written.
pub fn write_png(image: &Image, path: &Path) -> Result<(), SnapshotError> {
    let fail = |reason: String| SnapshotError::Unwritable { path: path.to_owned(), reason };
    let picture = image.clone().try_into_dynamic().map_err(|error| fail(error.to_string()))?.to_rgb8();
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| fail(error.to_string()))?;
    }
    let draft = path.with_extension("png.part");
    picture.save_with_format(&draft, image::ImageFormat::Png).map_err(|error| fail(error.to_string()))?;
    std::fs::rename(&draft, path).map_err(|error| fail(error.to_string()))
}
