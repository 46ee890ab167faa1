//! Cameras, devices, tracks, figures, context and pictures: kinds whose
//! sources deliver their whole set, or, those that push, single things.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bevy::prelude::*;

use crate::domain::camera::Camera;
use crate::domain::change::{CameraChange, DeviceChange};
use crate::domain::context::ContextFeature;
use crate::domain::device::Device;
use crate::domain::figure::Figure;
use crate::domain::health::SourceId;
use crate::domain::time::Time as Instant1970;
use crate::domain::track::Track;
use crate::domain::update::Picture;

use super::per_source::PerSource;
use super::pushed::{Merged, Pushed, Sets};

/// Points of tracks that a source may push; of more, the oldest go.
const TRACK_POINTS_KEPT: usize = 4_000_000;

/// Tracks and figures that a source may push; more are left out.
const NAMES_KEPT: usize = 20_000;

/// Sets by source, each with a revision that grows when it changes.
#[derive(Resource, Default)]
pub struct Points {
    // Shared, so that tasks can read them while the next set comes.
    cameras: Sets<Camera>,
    devices: Sets<Device>,
    pushed_cameras: Pushed<CameraChange>,
    pushed_devices: Pushed<DeviceChange>,
    tracks: Sets<Track>,
    figures: PerSource<Vec<Figure>>,
    /// Where in the figures of a source that of a key and an area is; made when
    /// it is first asked for, gone when a set names others.
    figure_places: PerSource<HashMap<(String, Option<String>), usize>>,
    context: Sets<ContextFeature>,
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
fn replace<T: PartialEq>(sets: &mut PerSource<T>, source: SourceId, new: T) -> bool {
    if sets.get(source).is_some_and(|old| *old == new) {
        return false;
    }
    sets.insert(source, new);
    true
}

/// Leaves the oldest points out until no more than `most` are left.
fn forget_oldest(tracks: &mut [Track], most: usize) {
    let count = |tracks: &[Track]| tracks.iter().map(|track| track.points.len()).sum::<usize>();
    while count(tracks) > most {
        let ends = || tracks.iter().filter_map(|track| Some((track.points.first()?.0.0, track.points.last()?.0.0)));
        let (Some(first), Some(last)) = (ends().map(|(first, _)| first).min(), ends().map(|(_, last)| last).max())
        else {
            return;
        };
        // A quarter of the time at once, so that this is seldom.
        let begin = Instant1970(first + (last - first) / 4 + 1);
        tracks.iter_mut().for_each(|track| track.forget_before(begin));
    }
}

impl Points {
    /// Forgets what sources other than these delivered.
    pub(super) fn retain(&mut self, keep: impl Fn(SourceId) -> bool) {
        self.cameras_revision += u64::from(self.pushed_cameras.retain(&mut self.cameras, &keep));
        self.devices_revision += u64::from(self.pushed_devices.retain(&mut self.devices, &keep));
        self.tracks_revision += u64::from(self.tracks.retain(&keep));
        self.figures_revision += u64::from(self.figures.retain(&keep));
        self.figure_places.retain(&keep);
        self.context_revision += u64::from(self.context.retain(&keep));
    }

    /// Takes over the order of the sources.
    pub(super) fn set_order(&mut self, order: &[SourceId]) {
        self.pushed_cameras.set_order(order);
        self.pushed_devices.set_order(order);
        self.cameras_revision += u64::from(self.cameras.set_order(order));
        self.devices_revision += u64::from(self.devices.set_order(order));
        self.tracks_revision += u64::from(self.tracks.set_order(order));
        self.figures_revision += u64::from(self.figures.set_order(order));
        self.context_revision += u64::from(self.context.set_order(order));
    }

    /// Replaces the cameras of a source.
    pub fn set_cameras(&mut self, source: SourceId, mut cameras: Vec<Camera>) {
        let touched = self.pushed_cameras.lay_over(&mut self.cameras, source, &mut cameras);
        let replaced = replace(&mut self.cameras, source, Arc::new(cameras));
        self.cameras_revision += u64::from(touched || replaced);
    }

    /// Replaces the devices of a source.
    pub fn set_devices(&mut self, source: SourceId, mut devices: Vec<Device>) {
        let touched = self.pushed_devices.lay_over(&mut self.devices, source, &mut devices);
        let replaced = replace(&mut self.devices, source, Arc::new(devices));
        self.devices_revision += u64::from(touched || replaced);
    }

    /// Replaces the tracks of a source.
    pub fn set_tracks(&mut self, source: SourceId, tracks: Vec<Track>) {
        self.tracks_revision += u64::from(replace(&mut self.tracks, source, Arc::new(tracks)));
    }

    /// Replaces the figures of a source.
    pub fn set_figures(&mut self, source: SourceId, figures: Vec<Figure>) {
        // Most sets name the same figures as the one before.
        let is_named_alike = self.figures.get(source).is_some_and(|old| {
            let mut pairs = old.iter().zip(&figures);
            old.len() == figures.len() && pairs.all(|(old, new)| old.key == new.key && old.area == new.area)
        });
        if !is_named_alike {
            self.figure_places.retain(|other| other != source);
        }
        self.figures_revision += u64::from(replace(&mut self.figures, source, figures));
    }

    /// Replaces the context of a source.
    pub fn set_context(&mut self, source: SourceId, context: Vec<ContextFeature>) {
        self.context_revision += u64::from(replace(&mut self.context, source, Arc::new(context)));
    }

    /// Takes in what a source tells of single cameras.
    pub fn merge_cameras(&mut self, source: SourceId, changes: Vec<CameraChange>) -> Merged {
        let merged = self.pushed_cameras.merge(&mut self.cameras, source, changes);
        self.cameras_revision += u64::from(merged.changed);
        merged
    }

    /// Takes in what a source tells of single devices.
    pub fn merge_devices(&mut self, source: SourceId, changes: Vec<DeviceChange>) -> Merged {
        let merged = self.pushed_devices.merge(&mut self.devices, source, changes);
        self.devices_revision += u64::from(merged.changed);
        merged
    }

    /// Adds points to the tracks of a source.
    pub fn merge_tracks(&mut self, source: SourceId, later: Vec<Track>) -> Merged {
        let tracks = Arc::make_mut(self.tracks.get_or_default(source));
        let mut places: HashMap<String, usize> =
            tracks.iter().enumerate().map(|(place, track)| (track.id.clone(), place)).collect();
        let mut merged = Merged::default();
        for track in later {
            match places.get(&track.id) {
                Some(&place) => tracks[place].follow(track),
                None if tracks.len() >= NAMES_KEPT => {
                    merged.refused += 1;
                    continue;
                }
                None => {
                    places.insert(track.id.clone(), tracks.len());
                    tracks.push(track);
                }
            }
            merged.changed = true;
        }
        forget_oldest(tracks, TRACK_POINTS_KEPT);
        self.tracks_revision += u64::from(merged.changed);
        merged
    }

    /// Puts figures in the place of those of the same key and area.
    pub fn merge_figures(&mut self, source: SourceId, later: Vec<Figure>) -> Merged {
        let figures = self.figures.get_or_default(source);
        let name = |figure: &Figure| (figure.key.clone(), figure.area.clone());
        if !self.figure_places.has(source) {
            let mut places = HashMap::with_capacity(figures.len());
            for (place, figure) in figures.iter().enumerate() {
                places.entry(name(figure)).or_insert(place);
            }
            self.figure_places.insert(source, places);
        }
        let places = self.figure_places.get_or_default(source);
        let mut merged = Merged::default();
        for figure in later {
            let name = name(&figure);
            match places.get(&name).copied() {
                Some(place) if figures[place] == figure => continue,
                Some(place) => figures[place] = figure,
                None if figures.len() >= NAMES_KEPT => {
                    merged.refused += 1;
                    continue;
                }
                None => {
                    places.insert(name, figures.len());
                    figures.push(figure);
                }
            }
            merged.changed = true;
        }
        self.figures_revision += u64::from(merged.changed);
        merged
    }

    /// All cameras, with the source that each came from.
    pub fn cameras(&self) -> impl Iterator<Item = (SourceId, &Camera)> + '_ {
        self.cameras.iter().flat_map(|(source, set)| set.iter().map(move |camera| (source, camera)))
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
    /// With the source that the camera came from.
    by_camera: BTreeMap<String, (SourceId, Result<Picture, String>)>,
    /// Grows with each picture.
    pub revision: u64,
}

/// Pictures kept: some rotations' worth.
const PICTURES_KEPT: usize = 64;

impl Pictures {
    pub(super) fn set(&mut self, source: SourceId, camera: String, picture: Result<Picture, String>) {
        if self.by_camera.len() >= PICTURES_KEPT && !self.by_camera.contains_key(&camera) {
            self.by_camera.pop_first();
        }
        self.by_camera.insert(camera, (source, picture));
        self.revision += 1;
    }

    /// Forgets the pictures of the cameras of sources other than these.
    pub(super) fn retain(&mut self, keep: impl Fn(SourceId) -> bool) {
        let before = self.by_camera.len();
        self.by_camera.retain(|_, (source, _)| keep(*source));
        self.revision += u64::from(self.by_camera.len() != before);
    }

    /// The latest picture of a camera, or why there is none.
    pub fn get(&self, camera: &str) -> Option<&Result<Picture, String>> {
        self.by_camera.get(camera).map(|(_, picture)| picture)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::geometry::LonLat;

    use super::*;

    const STREAM: SourceId = SourceId::of("stream");

    fn walk(id: &str, secs: std::ops::Range<i64>) -> Track {
        let points = secs.map(|secs| (Instant1970(secs * 1_000), LonLat::new(118.8, 32.0))).collect();
        Track { id: id.into(), worker: String::new(), area: None, points }
    }

    fn figure(key: &str, area: Option<&str>, value: f64) -> Figure {
        Figure {
            key: key.into(),
            area: area.map(str::to_owned),
            label: key.into(),
            value,
            unit: String::new(),
            numerator: None,
            denominator: None,
            previous: None,
            more_is_better: None,
            series: vec![],
        }
    }

    #[test]
    fn walks_go_on_and_others_stay() {
        let mut points = Points::default();
        points.merge_tracks(STREAM, vec![walk("a", 0..5), walk("b", 0..5)]);
        points.merge_tracks(STREAM, vec![walk("a", 5..8)]);
        let lengths: Vec<_> = points.tracks().flat_map(|set| set.iter().map(|track| track.points.len())).collect();
        assert_eq!((lengths, points.tracks_revision), (vec![8, 5], 2));
    }

    #[test]
    fn too_many_points_are_forgotten_oldest_first() {
        let mut tracks = [walk("a", 0..100), walk("b", 50..150)];
        forget_oldest(&mut tracks, 120);
        let count: usize = tracks.iter().map(|track| track.points.len()).sum();
        assert!(count <= 120 && tracks[1].points.last().map(|point| point.0.0) == Some(149_000), "{count}");
        forget_oldest(&mut [walk("a", 0..2)], 0);
    }

    #[test]
    fn a_figure_takes_the_place_of_its_own_only() {
        let mut points = Points::default();
        points.merge_figures(STREAM, vec![figure("k", None, 1.0), figure("k", Some("3205"), 2.0)]);
        points.merge_figures(STREAM, vec![figure("k", None, 3.0)]);
        assert!(!points.merge_figures(STREAM, vec![figure("k", None, 3.0)]).changed);
        let values: Vec<f64> = points.figures().map(|figure| figure.value).collect();
        assert_eq!((values, points.figures_revision), (vec![3.0, 2.0], 2));
        // A set in their place, with others at their places.
        points.set_figures(STREAM, vec![figure("n", None, 9.0), figure("k", None, 4.0)]);
        points.merge_figures(STREAM, vec![figure("k", None, 5.0), figure("k", Some("3205"), 6.0)]);
        let values: Vec<f64> = points.figures().map(|figure| figure.value).collect();
        assert_eq!(values, [9.0, 5.0, 6.0]);
        // A set that names the same in the same order: the places still hold.
        let again = vec![figure("n", None, 1.0), figure("k", None, 2.0), figure("k", Some("3205"), 3.0)];
        points.set_figures(STREAM, again);
        points.merge_figures(STREAM, vec![figure("k", None, 4.0)]);
        let values: Vec<f64> = points.figures().map(|figure| figure.value).collect();
        assert_eq!(values, [1.0, 4.0, 3.0]);
    }

    #[test]
    fn pictures_go_with_the_source_of_their_camera() {
        let mut pictures = Pictures::default();
        let other = SourceId::of("other");
        pictures.set(STREAM, "a".into(), Err("离线".into()));
        pictures.set(other, "b".into(), Err("离线".into()));
        pictures.retain(|source| source == other);
        assert_eq!(["a", "b"].map(|camera| pictures.get(camera).is_some()), [false, true]);
        assert_eq!(pictures.revision, 3);
    }
}
