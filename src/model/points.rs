//! Cameras, devices, tracks, figures, context and pictures: kinds whose
//! sources always deliver their whole set.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;

use crate::domain::camera::Camera;
use crate::domain::context::ContextFeature;
use crate::domain::device::Device;
use crate::domain::figure::Figure;
use crate::domain::health::SourceId;
use crate::domain::track::Track;
use crate::domain::update::Picture;

/// Sets by source, each with a revision that grows when it changes.
#[derive(Resource, Default)]
pub struct Points {
    // Shared, so that tasks can read them while the next set comes.
    cameras: BTreeMap<SourceId, Arc<Vec<Camera>>>,
    devices: BTreeMap<SourceId, Arc<Vec<Device>>>,
    tracks: BTreeMap<SourceId, Arc<Vec<Track>>>,
    figures: BTreeMap<SourceId, Vec<Figure>>,
    context: BTreeMap<SourceId, Arc<Vec<ContextFeature>>>,
    /// Grows when cameras change.
    pub cameras_revision: u64,
    /// Grows when devices change.
    pub devices_revision: u64,
    /// Grows when tracks change.
    pub tracks_revision: u64,
    /// Grows when figures change.
    pub figures_revision: u64,
    /// Grows when the context changes.
    pub context_revision: u64,
}

/// Puts `new` in the place of what `source` delivered before; tells whether
/// that changed anything.
fn replace<T: PartialEq>(sets: &mut BTreeMap<SourceId, T>, source: SourceId, new: T) -> bool {
    if sets.get(&source).is_some_and(|old| *old == new) {
        return false;
    }
    sets.insert(source, new);
    true
}

impl Points {
    /// Forgets what sources other than these delivered.
    pub(super) fn retain(&mut self, keep: impl Fn(SourceId) -> bool) {
        self.cameras.retain(|&source, _| keep(source));
        self.devices.retain(|&source, _| keep(source));
        self.tracks.retain(|&source, _| keep(source));
        self.figures.retain(|&source, _| keep(source));
        self.context.retain(|&source, _| keep(source));
        self.cameras_revision += 1;
        self.devices_revision += 1;
        self.tracks_revision += 1;
        self.figures_revision += 1;
        self.context_revision += 1;
    }

    /// Replaces the cameras of a source.
    pub fn set_cameras(&mut self, source: SourceId, cameras: Vec<Camera>) {
        self.cameras_revision += u64::from(replace(&mut self.cameras, source, Arc::new(cameras)));
    }

    /// Replaces the devices of a source.
    pub fn set_devices(&mut self, source: SourceId, devices: Vec<Device>) {
        self.devices_revision += u64::from(replace(&mut self.devices, source, Arc::new(devices)));
    }

    /// Replaces the tracks of a source.
    pub fn set_tracks(&mut self, source: SourceId, tracks: Vec<Track>) {
        self.tracks_revision += u64::from(replace(&mut self.tracks, source, Arc::new(tracks)));
    }

    /// Replaces the figures of a source.
    pub fn set_figures(&mut self, source: SourceId, figures: Vec<Figure>) {
        self.figures_revision += u64::from(replace(&mut self.figures, source, figures));
    }

    /// Replaces the context of a source.
    pub fn set_context(&mut self, source: SourceId, context: Vec<ContextFeature>) {
        self.context_revision += u64::from(replace(&mut self.context, source, Arc::new(context)));
    }

    /// All cameras, with the source that each came from.
    pub fn cameras(&self) -> impl Iterator<Item = (SourceId, &Camera)> + '_ {
        self.cameras.iter().flat_map(|(&source, set)| set.iter().map(move |camera| (source, camera)))
    }

    /// All devices.
    pub fn devices(&self) -> impl Iterator<Item = &Device> + '_ {
        self.devices.values().flat_map(|set| set.iter())
    }

    /// The cameras of each source, to read on a task.
    pub fn camera_sets(&self) -> Vec<Arc<Vec<Camera>>> {
        self.cameras.values().cloned().collect()
    }

    /// The devices of each source, to read on a task.
    pub fn device_sets(&self) -> Vec<Arc<Vec<Device>>> {
        self.devices.values().cloned().collect()
    }

    /// The tracks of each source: shared, because geometry is built from them
    /// on another thread.
    pub fn tracks(&self) -> impl Iterator<Item = &Arc<Vec<Track>>> + '_ {
        self.tracks.values()
    }

    /// All figures.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> + '_ {
        self.figures.values().flatten()
    }

    /// The whole context.
    pub fn context(&self) -> impl Iterator<Item = &ContextFeature> + '_ {
        self.context.values().flat_map(|set| set.iter())
    }

    /// The context of each source, to read on a task.
    pub fn context_sets(&self) -> Vec<Arc<Vec<ContextFeature>>> {
        self.context.values().cloned().collect()
    }
}

/// Latest still pictures of cameras, bounded.
#[derive(Resource, Default)]
pub struct Pictures {
    by_camera: BTreeMap<String, Result<Picture, String>>,
    /// Grows with each picture.
    pub revision: u64,
}

/// Pictures kept: some rotations' worth.
const PICTURES_KEPT: usize = 64;

impl Pictures {
    pub(super) fn set(&mut self, camera: String, picture: Result<Picture, String>) {
        if self.by_camera.len() >= PICTURES_KEPT && !self.by_camera.contains_key(&camera) {
            self.by_camera.pop_first();
        }
        self.by_camera.insert(camera, picture);
        self.revision += 1;
    }

    /// The latest picture of a camera, or why there is none.
    pub fn get(&self, camera: &str) -> Option<&Result<Picture, String>> {
        self.by_camera.get(camera)
    }
}
