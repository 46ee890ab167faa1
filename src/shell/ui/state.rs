//! What panels show and is costly to collect: rankings, counts by owner and by
//! kind, pictures of cameras. It is collected when its source changed, never per
//! frame.

use std::collections::{BTreeMap, VecDeque};

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_egui::{EguiContext, PrimaryEguiContext, egui};

use super::view::reported_of;
use super::visitors::{self, ForVisitors};
use crate::config::{Config, PanelKind};
use crate::domain::alert::{Alert, AlertKey, Desk};
use crate::domain::camera::Camera;
use crate::domain::crs::distance_m;
use crate::domain::device::DeviceState;
use crate::domain::geometry::LonLat;
use crate::domain::privacy::Masks;
use crate::ingest::PictureRequest;
use crate::model::{
    Alerts, AreaValues, Areas, Focus, IngestLink, Overview, Pictures, Points, Screen, Visible, WallConfig, Warnings,
};
use crate::panels::{CameraSummary, DeviceKindSummary, DeviceReadings, NearCamera, OwnerCount, Ranking};
use crate::shell::cards::{Cards, image_of};

/// Pictures shown side by side in the cameras panel.
const TILES: usize = 4;
/// Seconds after which the picture of an open card is fetched again, where no
/// panel of cameras sets the pace.
const CARD_PICTURE_SECS: f64 = 10.0;
/// Seconds that new pictures may take before their places are shown without.
const LONGEST_TURN_SECS: f64 = 3.0;
/// Frames whose times the diagnostics show.
const FRAMES_KEPT: usize = 120;

/// What is collected once and shown many times.
#[derive(Resource, Default)]
pub struct UiState {
    pub(super) rankings: Vec<Ranking>,
    rankings_of: (u64, u64),
    pub(super) cameras: CameraSummary,
    cameras_of: (u64, u64),
    pub(super) devices: Vec<DeviceKindSummary>,
    devices_of: (u64, u64),
    pub(super) readings: Vec<DeviceReadings>,
    /// Cameras near the alert that is shown, or the first; nearest first.
    pub(super) near: Vec<NearCamera>,
    near_of: Option<NearKey>,
    /// Alerts in words for visitors, on a screen that was switched to them, and
    /// the revisions of screen and alerts that they are of.
    pub(super) alerts: Option<([u64; 2], Desk)>,
    /// Those that the panel of cameras was turned to because of an alert.
    turned_to: Vec<String>,
    pub(super) tiles: Vec<Tile>,
    /// Those that take their place once their pictures have come.
    next_tiles: Vec<Tile>,
    requests: Vec<PictureRequest>,
    /// Revision of the cameras of which none has a picture.
    no_picture_of: u64,
    card_picture: Option<PictureRequest>,
    turn: usize,
    turned_at_secs: f64,
    /// There on a screen that was switched to visitors.
    pub(super) visitors: Option<ForVisitors>,
    pub(super) open_events: Option<u64>,
    open_events_of: (u64, u64),
    pub(super) frames_ms: VecDeque<f32>,
}

/// What the cameras near an alert depend on: which alert, and the revisions of
/// cameras, areas, screen.
type NearKey = (Option<AlertKey>, [u64; 3]);

/// A place in the panel of cameras.
pub(super) struct Tile {
    id: String,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) texture: Option<egui::TextureHandle>,
    pub(super) error: Option<String>,
    picture_revision: u64,
}

impl UiState {
    /// Whether pictures of cameras that are to be shown have neither come nor failed.
    pub fn waits_for_pictures(&self) -> bool {
        self.tiles.iter().chain(&self.next_tiles).any(|tile| tile.texture.is_none() && tile.error.is_none())
    }
}

/// Devices that a list of readings holds at most.
const READINGS: usize = 40;

fn readings(points: &Points, config: &Config) -> Vec<DeviceReadings> {
    let lists = config.panels.iter().filter_map(|panel| match &panel.kind {
        PanelKind::Devices { list } => list.as_ref(),
        _ => None,
    });
    lists.map(|list| DeviceReadings::of(list, points.devices(), READINGS)).collect()
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Collects what changed since the last frame.
pub fn collect(
    mut state: ResMut<UiState>,
    areas: Res<Areas>,
    overview: Res<Overview>,
    points: Res<Points>,
    focus: Res<Focus>,
    config: Res<WallConfig>,
    screen: Res<Screen>,
    others: Others,
    real: Res<Time<Real>>,
) {
    let state = &mut *state;
    if state.frames_ms.len() >= FRAMES_KEPT {
        state.frames_ms.pop_front();
    }
    state.frames_ms.push_back(real.delta_secs() * 1_000.0);
    let wanted = (overview.revision, areas.revision);
    if state.rankings_of != wanted {
        state.rankings_of = wanted;
        state.rankings = Ranking::all(&config.0, &overview, &areas.tree);
    }
    let wanted = (points.cameras_revision, screen.revision);
    if state.cameras_of != wanted {
        state.cameras_of = wanted;
        state.cameras = count_cameras(&points);
        visitors::mask_cameras(&mut state.cameras, &screen);
    }
    let wanted = (points.devices_revision, screen.revision);
    if state.devices_of != wanted || config.is_changed() {
        state.devices_of = wanted;
        state.devices = count_devices(&points);
        state.readings = readings(&points, &config.0);
        visitors::mask_devices(&mut state.devices, &screen);
        visitors::mask_readings(&mut state.readings, &screen);
    }
    collect_for_visitors(state, &screen, &others, &overview, &areas, &points);
    collect_alerts(state, &screen, &others.alerts, &points, &areas);
    let wanted = (overview.revision, focus.revision);
    if state.open_events_of != wanted {
        state.open_events_of = wanted;
        state.open_events = focus.area(&areas).and_then(|focused| {
            let tally = overview.tallies.get(focused as usize)?;
            Some(u64::from(tally.received.saturating_sub(tally.closed)))
        });
    }
}

/// What else has words in it that come from sources.
#[derive(SystemParam)]
pub struct Others<'w> {
    warnings: Res<'w, Warnings>,
    values: Res<'w, AreaValues>,
    visible: Res<'w, Visible>,
    alerts: Res<'w, Alerts>,
}

/// Masks anew what changed, or forgets it where nothing is to be masked.
fn collect_for_visitors(
    state: &mut UiState,
    screen: &Screen,
    others: &Others,
    overview: &Overview,
    areas: &Areas,
    points: &Points,
) {
    if !screen.is_switched() {
        state.visitors = None;
        return;
    }
    let outlook = others.warnings.outlook(areas);
    let key = visitors::Key {
        revisions: [
            screen.revision,
            overview.revision,
            points.figures_revision,
            others.warnings.revision,
            others.values.revision,
            overview.parts_revision(),
        ],
        outlook: std::ptr::from_ref(outlook) as usize,
        filter: others.visible.filter.clone(),
    };
    if state.visitors.as_ref().is_some_and(|visitors| visitors.key == key) {
        return;
    }
    let raw = visitors::Raw {
        overview,
        outlook,
        figures: points.figures().filter(|figure| figure.area.is_none()).collect(),
        parts: overview
            .parts()
            .map(|(which, area, figures)| (which.clone(), figures, reported_of(points, areas, area)))
            .collect(),
        value: [&others.values.label, &others.values.unit],
    };
    state.visitors = Some(ForVisitors::of(raw, key, screen));
}

/// Finds the cameras near the alert that is shown, or the first; and masks all of
/// them for visitors.
fn collect_alerts(state: &mut UiState, screen: &Screen, alerts: &Alerts, points: &Points, areas: &Areas) {
    let alert = alerts.shown().or_else(|| alerts.desk().first().map(AsRef::as_ref));
    let revisions = [points.cameras_revision, areas.revision, screen.revision];
    let wanted = (alert.map(|alert| alert.key.clone()), revisions);
    if state.near_of.as_ref() != Some(&wanted) {
        state.near_of = Some(wanted);
        state.near = alert.map(|alert| near(alert, points, areas)).unwrap_or_default();
        state.near.iter_mut().for_each(|camera| screen.mask(&mut camera.name));
    }
    if !screen.is_switched() {
        state.alerts = None;
        return;
    }
    let wanted = [screen.revision, alerts.desk().revision()];
    if state.alerts.as_ref().is_none_or(|(known, _)| *known != wanted) {
        let mut desk = alerts.desk().clone();
        desk.mask(&Masks::ALL, true);
        desk.arrange();
        state.alerts = Some((wanted, desk));
    }
}

/// Cameras that are told of near an alert, and how far away they may be, metres.
const NEAR: usize = 3;
const NEAR_M: f64 = 2_000.0;

/// Cameras that deliver pictures nearest to an alert; of an area, to its middle.
fn near(alert: &Alert, points: &Points, areas: &Areas) -> Vec<NearCamera> {
    let middle = || {
        let area = areas.tree.find(alert.facts.area.as_deref()?)?;
        let [lon, lat] = areas.tree.area(area).shape.bounds().center();
        Some(LonLat::new(lon, lat)).filter(|at| at.is_valid())
    };
    let Some(at) = alert.facts.at.or_else(middle) else { return Vec::new() };
    let online = points.cameras().filter(|(_, camera)| camera.online);
    let mut all: Vec<(f64, &Camera)> = online.map(|(_, camera)| (distance_m(at, camera.at), camera)).collect();
    all.retain(|(away_m, _)| *away_m <= NEAR_M);
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let of =
        |&(away_m, camera): &(f64, &Camera)| NearCamera { id: camera.id.clone(), name: camera.name.clone(), away_m };
    all.iter().take(NEAR).map(of).collect()
}

fn count_cameras(points: &Points) -> CameraSummary {
    let mut summary = CameraSummary::default();
    let mut owners: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (_, camera) in points.cameras() {
        summary.total += 1;
        summary.online += usize::from(camera.online);
        let owner = owners.entry(&camera.owner).or_default();
        owner.0 += 1;
        owner.1 += usize::from(camera.online);
    }
    summary.by_owner = owners
        .into_iter()
        .filter(|(owner, _)| !owner.is_empty())
        .map(|(owner, (total, online))| OwnerCount { owner: owner.to_owned(), total, online })
        .collect();
    summary.by_owner.sort_by_key(|count| std::cmp::Reverse(count.total));
    summary
}

fn count_devices(points: &Points) -> Vec<DeviceKindSummary> {
    let mut kinds: BTreeMap<&str, DeviceKindSummary> = BTreeMap::new();
    for device in points.devices() {
        let entry = kinds.entry(&device.kind).or_default();
        entry.kind.clone_from(&device.kind);
        entry.total += 1;
        entry.alarm += usize::from(device.state == DeviceState::Alarm);
        entry.offline += usize::from(device.state == DeviceState::Offline);
    }
    let mut list: Vec<DeviceKindSummary> = kinds.into_values().collect();
    list.sort_by_key(|kind| std::cmp::Reverse((kind.alarm, kind.total)));
    list
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Turns the cameras panel to the next cameras that deliver pictures, asks for
/// their pictures, and uploads those that came.
pub fn turn_cameras(
    mut state: ResMut<UiState>,
    mut contexts: Query<&mut EguiContext, With<PrimaryEguiContext>>,
    points: Res<Points>,
    pictures: Res<Pictures>,
    config: Res<WallConfig>,
    visible: Res<Visible>,
    alerts: Res<Alerts>,
    mut cards: ResMut<Cards>,
    screen: Res<Screen>,
    link: Option<Res<IngestLink>>,
    real: Res<Time<Real>>,
) {
    let every_secs = visible.panels.iter().find_map(|&index| match config.0.panels.get(index)?.kind {
        PanelKind::Cameras { every_secs } => Some(every_secs),
        _ => None,
    });
    // Pictures show whoever passes by: visitors get none, and none is fetched.
    let every_secs = every_secs.filter(|_| !screen.is_public(&config.0));
    let Some(link) = link else { return };
    let state = &mut *state;
    let now = real.elapsed_secs_f64();
    // While an alert has the wall, what cameras near it see.
    let near: Vec<String> = match alerts.shown() {
        Some(_) => state.near.iter().map(|camera| camera.id.clone()).collect(),
        None => Vec::new(),
    };
    let is_other = every_secs.is_some() && state.turned_to != near;
    let is_due = is_other || now - state.turned_at_secs >= every_secs.unwrap_or(CARD_PICTURE_SECS);
    let mut has_wishes = is_due || state.card_picture.as_ref() != cards.wanted_picture();
    has_wishes |= every_secs.is_none() && !state.requests.is_empty();
    if is_due {
        state.turned_at_secs = now;
    }
    if every_secs.is_none() {
        state.tiles.clear();
        state.next_tiles.clear();
        state.requests.clear();
    } else if (state.tiles.is_empty() && state.no_picture_of != points.cameras_revision) || is_due {
        let alive: Vec<_> = points.cameras().filter(|(_, camera)| camera.online && camera.picture.is_some()).collect();
        state.no_picture_of = if alive.is_empty() { points.cameras_revision } else { 0 };
        if !alive.is_empty() {
            state.turned_at_secs = now;
            has_wishes = true;
        }
        // A stride that shares no factor with most lengths visits all of them,
        // far from each other.
        let first = state.turn * TILES * 37;
        state.turn += 1;
        let of_alert = near.iter().filter_map(|id| alive.iter().find(|(_, camera)| camera.id == *id).copied());
        let mut chosen: Vec<_> = of_alert.collect();
        state.turned_to = near;
        if chosen.is_empty() {
            chosen = (0..TILES.min(alive.len())).map(|i| alive[(first + i * 37) % alive.len()]).collect();
        }
        let requests = chosen.iter().filter_map(|(source, camera)| {
            Some(PictureRequest { source: *source, camera: camera.id.clone(), url: camera.picture.clone()? })
        });
        state.requests = requests.collect();
        state.next_tiles = chosen
            .into_iter()
            .map(|(_, camera)| Tile {
                id: camera.id.clone(),
                name: camera.name.clone(),
                owner: camera.owner.clone(),
                texture: None,
                error: None,
                picture_revision: 0,
            })
            .collect();
    }
    if has_wishes {
        state.card_picture = cards.wanted_picture().cloned();
        // The open card first: somebody is looking at it.
        link.0.want_pictures(state.card_picture.iter().chain(&state.requests).cloned().collect());
    }
    let Ok(mut context) = contexts.single_mut() else { return };
    cards.take_picture(&pictures, context.get_mut());
    let tiles = state.tiles.iter_mut().chain(&mut state.next_tiles);
    for tile in tiles.filter(|tile| tile.picture_revision != pictures.revision) {
        tile.picture_revision = pictures.revision;
        match pictures.get(&tile.id) {
            Some(Ok(picture)) if tile.texture.is_none() => {
                let options = egui::TextureOptions::LINEAR;
                tile.texture = Some(context.get_mut().load_texture(&tile.id, image_of(picture), options));
            }
            Some(Err(error)) => tile.error = Some(error.clone()),
            _ => {}
        }
    }
    // The old pictures stay until the new ones are there, or late.
    let have_come = state.next_tiles.iter().all(|tile| tile.texture.is_some() || tile.error.is_some());
    let is_late = now - state.turned_at_secs > LONGEST_TURN_SECS;
    if !state.next_tiles.is_empty() && (have_come || is_late || state.tiles.is_empty()) {
        state.tiles = std::mem::take(&mut state.next_tiles);
    }
}
