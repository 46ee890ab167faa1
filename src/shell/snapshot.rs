//! `quanyu snapshot`: one picture of the wall, without a display.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bevy::prelude::*;

use super::app::{Setup, stop};
use super::headless::NoPicture;
use super::stage::{StageError, View};

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The GPU gave none.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// It cannot be of what was asked for.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// It could not be written.
    #[error("无法写入画面 {path}:{reason}")]
    Unwritable {
        /// Where to.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

/// What the picture shall show.
pub struct Request {
    /// Where to write it.
    pub out: PathBuf,
    /// What it shows.
    pub view: View,
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
    let (mut wall, complete) = request.view.open(setup)?;
    let until = Instant::now() + request.run;
    while Instant::now() < until {
        wall.frame();
        std::thread::sleep(Duration::from_millis(30));
    }
    request.view.enter(&mut wall)?;
    let image = wall.picture()?;
    write_png(&image, &request.out)?;
    stop(wall.app);
    Ok(complete)
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
