//! From model to panels: collects what panels show, draws them, and turns what
//! hands ask for into actions.
//!
//! What is costly to collect (rankings, counts by owner and by area) is
//! collected when its source changed, never per frame.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;
use bevy_egui::{EguiContext, EguiContexts, PrimaryEguiContext, egui};

use crate::config::source::Feed;
use crate::config::{Config, Fill, Layer, PanelKind};
use crate::domain::area::AreaIndex;
use crate::domain::choropleth::AreaFigure;
use crate::domain::clock::{Clock, ClockMode};
use crate::domain::device::DeviceState;
use crate::domain::event::Severity;
use crate::domain::figure::Figure;
use crate::ingest::PictureRequest;
use crate::layers::WallTheme;
use crate::layers::areas::AreaLayer;
use crate::layers::heat::HeatLayer;
use crate::layers::labels::{PlacedLabels, labels_ui};
use crate::layers::points::counts_ui;
use crate::map::marks::{Class, Look};
use crate::map::{Camera, HandOverPanel, Hover, MapView, Marks, Relief, ScreenRect};
use crate::model::{
    Action, AreaValues, Areas, Events, Focus, IngestLink, Overlays, Overview, Pictures, PointKey, Points, Sources,
    Visible, WallClock, WallConfig, Warnings,
};
use crate::panels::{
    self, AreaFacts, CameraSummary, CameraTile, DeviceKindSummary, Diagnostics, FigureOfArea, Legend, OwnerCount,
    PanelAction, PanelView, Ranking, ReplayView, SourceRow, StageLayout,
};
use crate::theme::size;

use super::cards::{Cards, image_of};

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
    rankings: Vec<Ranking>,
    rankings_of: (u64, u64),
    cameras: CameraSummary,
    cameras_of: u64,
    devices: Vec<DeviceKindSummary>,
    devices_of: u64,
    tiles: Vec<Tile>,
    /// Those that take their place once their pictures have come.
    next_tiles: Vec<Tile>,
    requests: Vec<PictureRequest>,
    /// Revision of the cameras of which none has a picture.
    no_picture_of: u64,
    card_picture: Option<PictureRequest>,
    turn: usize,
    turned_at_secs: f64,
    open_events: Option<u64>,
    open_events_of: (u64, u64),
    frames_ms: VecDeque<f32>,
}

struct Tile {
    id: String,
    name: String,
    owner: String,
    texture: Option<egui::TextureHandle>,
    error: Option<String>,
    picture_revision: u64,
}

impl UiState {
    /// Whether pictures of cameras that are to be shown have neither come nor failed.
    pub fn waits_for_pictures(&self) -> bool {
        self.tiles.iter().chain(&self.next_tiles).any(|tile| tile.texture.is_none() && tile.error.is_none())
    }
}

/// Collects what changed since the last frame.
pub fn collect(
    mut state: ResMut<UiState>,
    areas: Res<Areas>,
    overview: Res<Overview>,
    points: Res<Points>,
    focus: Res<Focus>,
    config: Res<WallConfig>,
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
    if state.cameras_of != points.cameras_revision {
        state.cameras_of = points.cameras_revision;
        state.cameras = count_cameras(&points);
    }
    if state.devices_of != points.devices_revision {
        state.devices_of = points.devices_revision;
        state.devices = count_devices(&points);
    }
    let wanted = (overview.revision, focus.revision);
    if state.open_events_of != wanted {
        state.open_events_of = wanted;
        state.open_events = focus.area(&areas).and_then(|focused| {
            let tally = overview.tallies.get(focused as usize)?;
            Some(u64::from(tally.received.saturating_sub(tally.closed)))
        });
    }
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
    mut cards: ResMut<Cards>,
    link: Option<Res<IngestLink>>,
    real: Res<Time<Real>>,
) {
    let every_secs = visible.panels.iter().find_map(|&index| match config.0.panels.get(index)?.kind {
        PanelKind::Cameras { every_secs } => Some(every_secs),
        _ => None,
    });
    let Some(link) = link else { return };
    let state = &mut *state;
    let now = real.elapsed_secs_f64();
    let is_due = now - state.turned_at_secs >= every_secs.unwrap_or(CARD_PICTURE_SECS);
    let mut has_wishes = is_due || state.card_picture.as_ref() != cards.wanted_picture();
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
        let chosen: Vec<_> = (0..TILES.min(alive.len())).map(|i| alive[(first + i * 37) % alive.len()]).collect();
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

/// What the bridge reads.
#[derive(SystemParam)]
pub struct Shown<'w> {
    state: Res<'w, UiState>,
    config: Res<'w, WallConfig>,
    clock: Res<'w, WallClock>,
    theme: Res<'w, WallTheme>,
    sources: Res<'w, Sources>,
    areas: Res<'w, Areas>,
    events: Res<'w, Events>,
    points: Res<'w, Points>,
    overview: Res<'w, Overview>,
    warnings: Res<'w, Warnings>,
    values: Res<'w, AreaValues>,
    focus: Res<'w, Focus>,
    visible: Res<'w, Visible>,
    overlays: Res<'w, Overlays>,
    hover: Res<'w, Hover>,
    marks: Res<'w, Marks>,
    relief: Res<'w, Relief>,
    cards: Res<'w, Cards>,
    labels: Res<'w, PlacedLabels>,
    heat: Res<'w, HeatLayer>,
    area_layer: Res<'w, AreaLayer>,
    notice: Res<'w, super::app::WallNotice>,
    adapter: Option<Res<'w, RenderAdapterInfo>>,
}

/// Design units per metre, least and most, at which the map shows an event that
/// a panel asked for: some streets around it.
const EVENT_U_PER_M: [f64; 2] = [0.5, 1.5];
/// Time of the flight there, seconds.
const EVENT_FLIGHT_SECS: f64 = 1.1;

/// Draws names, numbers, panels and overlays.
///
/// # Errors
/// When there is no egui context, which Bevy reports.
pub fn wall_ui(
    mut contexts: EguiContexts,
    shown: Shown,
    mut view: ResMut<MapView>,
    mut warm: Local<NameGlyphs>,
    mut hand_over_panel: ResMut<HandOverPanel>,
    mut actions: MessageWriter<Action>,
    real: Res<Time<Real>>,
) -> Result {
    let context = contexts.ctx_mut()?;
    let screen = context.viewport_rect();
    let px_per_point = context.pixels_per_point();
    let unit = panels::unit_for(screen.size());
    let layout = panels::layout(screen.size(), unit, &shown.config.0, &shown.visible.panels);
    let to_px = |p: egui::Pos2| [p.x * px_per_point, p.y * px_per_point];
    let free = ScreenRect { min: to_px(layout.free.min), max: to_px(layout.free.max) };
    view.set_layout([screen.width() * px_per_point, screen.height() * px_per_point], unit * px_per_point, free);

    let card = shown.focus.area(&shown.areas).and_then(|area| {
        let panel_view = panel_view(&shown, unit, None);
        panels::area_card_place(layout.free, &panel_view, area, &facts_of(&shown, &panel_view, area))
    });
    let card_px = card.map(|rect| ScreenRect { min: to_px(rect.min), max: to_px(rect.max) });
    let said = panels::attribution_place(layout.free, unit, &shown.config.0);
    let said = said.map(|rect| ScreenRect { min: to_px(rect.min), max: to_px(rect.max) });
    let above = panels::free_for_legend(layout.free, unit, &shown.config.0);
    let above = ScreenRect { min: to_px(above.min), max: to_px(above.max) };
    let aids = map_aids(&free, &above, unit * px_per_point).into_iter().chain(said);
    view.bypass_change_detection().keep_clear = aids.chain(card_px).collect();
    let painter = context.layer_painter(egui::LayerId::background());
    warm_figures(&painter, unit);
    warm.names(&painter, &shown.areas, unit);
    labels_ui(&painter, &shown.labels, &shown.theme, unit, px_per_point);
    counts_ui(&painter, &shown.marks, &shown.labels, &view, &shown.theme, px_per_point);
    let builder = egui::UiBuilder::new().max_rect(screen).layer_id(egui::LayerId::background());
    let mut ui = egui::Ui::new(context.clone(), egui::Id::new("wall"), builder);
    let loading = loading_text(&shown.areas, &shown.area_layer);
    let (asked, open_card) = draw(&mut ui, &shown, &view, &layout, unit, px_per_point, loading.as_deref());
    let grounds = layout.panels.iter().map(|(_, rect)| *rect).chain([layout.header]).chain(open_card).chain(card);
    let grounds: Vec<egui::Rect> = grounds.collect();
    let is_on_ground = |at: egui::Pos2| grounds.iter().any(|rect| rect.contains(at));
    // Whatever answers to clicks is not the map either: the breadcrumb, the help.
    let is_on_widget = context.interaction_snapshot(|now| !now.hovered.is_empty());
    let is_over = context.pointer_latest_pos().is_some_and(|at| is_on_ground(at) || is_on_widget);
    hand_over_panel.set_if_neq(HandOverPanel(is_over));
    for action in asked {
        actions.write_batch(action_of(action, &shown, &mut view, real.elapsed_secs_f64()));
    }
    Ok(())
}

/// Flies to where an event is, so that its card has a place; focuses the area
/// of one that has none.
fn show_event(id: String, events: &Events, areas: &Areas, view: &mut MapView, now_secs: f64) -> Option<Action> {
    let event = events.store.event_ref(&id)?;
    let Some(at) = event.at() else { return event.area().map(Action::Focus) };
    let at = areas.projection.local_from_lonlat([at.lon, at.lat]);
    let u_per_m = view.camera.px_per_m / f64::from(view.unit_px);
    let px_per_m = u_per_m.clamp(EVENT_U_PER_M[0], EVENT_U_PER_M[1]) * f64::from(view.unit_px);
    view.fly(Camera { center: at, px_per_m }, now_secs, EVENT_FLIGHT_SECS);
    Some(Action::Select(vec![PointKey::Event(event.key())]))
}

/// Lays out every figure in every size and weight, so that no tick of
/// the clock has to make a glyph. Costs a few cache look-ups once the glyphs are there.
fn warm_figures(painter: &egui::Painter, unit: f32) {
    for size in [size::SMALL, size::BODY, size::LARGE, size::FIGURE, size::HERO] {
        for family in [egui::FontFamily::Proportional, egui::FontFamily::Name(super::fonts::BOLD.into())] {
            let font = egui::FontId::new(size * unit, family);
            drop(painter.layout_no_wrap("0123456789:.,-+/%".to_owned(), font, egui::Color32::PLACEHOLDER));
        }
    }
}

/// Names' characters whose glyphs are not in the texture yet.
#[derive(Default)]
pub struct NameGlyphs {
    areas_revision: u64,
    /// Those still to come, most frequent last.
    left: Vec<char>,
}

/// Characters whose glyphs are made in one frame: each brings the texture to
/// the GPU anew, so they come together, but not so many that a frame is late.
const GLYPHS_PER_FRAME: usize = 120;

/// Most characters that are made ahead; a city's names have about a thousand.
const GLYPHS_AHEAD: usize = 1_200;

impl NameGlyphs {
    /// Lays out the characters of all names in the sizes of names, some each
    /// frame, so that panning and flying meet no new glyph.
    fn names(&mut self, painter: &egui::Painter, areas: &Areas, unit: f32) {
        if self.areas_revision != areas.revision {
            self.areas_revision = areas.revision;
            let mut counts: HashMap<char, u32> = HashMap::new();
            for area in areas.tree.areas() {
                area.name.chars().for_each(|character| *counts.entry(character).or_default() += 1);
            }
            let mut order: Vec<(u32, char)> = counts.into_iter().map(|(character, count)| (count, character)).collect();
            order.sort_unstable();
            self.left = order.into_iter().rev().take(GLYPHS_AHEAD).rev().map(|(_, character)| character).collect();
        }
        let rest = self.left.len().saturating_sub(GLYPHS_PER_FRAME);
        let text: String = self.left.drain(rest..).collect();
        if text.is_empty() {
            return;
        }
        let bold = egui::FontFamily::Name(super::fonts::BOLD.into());
        for (size, family) in [
            (size::SMALL, egui::FontFamily::Proportional),
            (size::BODY, egui::FontFamily::Proportional),
            (size::BODY, bold),
        ] {
            let font = egui::FontId::new(size * unit, family);
            drop(painter.layout_no_wrap(text.clone(), font, egui::Color32::PLACEHOLDER));
        }
    }
}

/// Where the legend and the scale bar stand: the right bottom corner of `above`,
/// the left one of `free`.
fn map_aids(free: &ScreenRect, above: &ScreenRect, unit_px: f32) -> [ScreenRect; 2] {
    let [right, lowest] = above.max;
    let legend = ScreenRect { min: [right - 300.0 * unit_px, lowest - 232.0 * unit_px], max: above.max };
    let bottom = free.max[1];
    let scale =
        ScreenRect { min: [free.min[0], bottom - 52.0 * unit_px], max: [free.min[0] + 240.0 * unit_px, bottom] };
    [legend, scale]
}

fn loading_text(areas: &Areas, layer: &AreaLayer) -> Option<String> {
    if areas.is_building() || layer.is_building() {
        return Some(format!("正在建立网格 {}", areas.delivered()));
    }
    let has_boundary = areas.tree.areas().iter().any(|area| !area.shape.is_empty());
    (!has_boundary).then(|| "尚无边界数据".to_owned())
}

fn action_of(action: PanelAction, shown: &Shown, view: &mut MapView, now_secs: f64) -> Option<Action> {
    Some(match action {
        PanelAction::ShowEvent(id) => return show_event(id, &shown.events, &shown.areas, view, now_secs),
        PanelAction::OpenPoint(index) => Action::Select(shown.cards.keys.get(index).cloned().into_iter().collect()),
        PanelAction::CloseCard => Action::Select(Vec::new()),
        PanelAction::Focus(area) => Action::Focus(area),
        PanelAction::FocusParent => Action::FocusParent,
        PanelAction::FocusNothing => Action::FocusNothing,
        PanelAction::TogglePause => Action::TogglePause,
        PanelAction::StepHours(hours) => Action::StepHours(hours),
        PanelAction::StepRate(step) => Action::StepRate(step),
        PanelAction::ToggleLoop => Action::ToggleLoop,
        PanelAction::SetWindow(secs) => Action::SetWindow(secs),
        PanelAction::SeekTo(at) => Action::SeekTo(at),
        PanelAction::GoLive => Action::GoLive,
        PanelAction::ToggleDiagnostics => Action::ToggleDiagnostics,
        PanelAction::ToggleHelp => Action::ToggleHelp,
    })
}

fn replay_view(clock: &Clock) -> ReplayView {
    let is_loop = matches!(clock.mode(), ClockMode::Replay(replay) if replay.range().is_some());
    ReplayView { rate: clock.rate(), is_running: clock.is_replaying(), is_loop }
}

fn panel_view<'a>(shown: &'a Shown, unit: f32, loading: Option<&'a str>) -> PanelView<'a> {
    let config: &Config = &shown.config.0;
    let figures: Vec<&Figure> = shown.points.figures().filter(|figure| figure.area.is_none()).collect();
    PanelView {
        theme: &shown.theme.0,
        unit,
        config,
        scene: config.scenes.get(shown.visible.scene).map_or("", |scene| &scene.name),
        now: shown.clock.now(),
        system: shown.clock.system(),
        is_live: shown.clock.0.is_live(),
        replay: replay_view(&shown.clock.0),
        window_secs: shown.visible.window_secs,
        tree: &shown.areas.tree,
        focus: shown.focus.area(&shown.areas),
        overview: &shown.overview,
        rankings: &shown.state.rankings,
        outlook: shown.warnings.outlook(&shown.areas),
        figures,
        cameras: &shown.state.cameras,
        tiles: shown.state.tiles.iter().map(tile_view).collect(),
        devices: &shown.state.devices,
        sources: shown
            .sources
            .entries
            .iter()
            // What nobody has asked is neither well nor ill.
            .filter(|entry| !entry.is_unasked())
            .map(|entry| SourceRow {
                name: &entry.name,
                health: &entry.health,
                stale_after_secs: entry.stale_after_secs,
            })
            .collect(),
        loading,
    }
}

/// Whether urgent, major and ordinary events and devices in alarm are on the
/// map, one by one.
fn alerts_on(marks: &Marks) -> [bool; 4] {
    let mut has = [false; 4];
    for mark in &marks.placed {
        let (Look::Alert { class, .. } | Look::Point(class)) = mark.look else { continue };
        let events = [Severity::Urgent, Severity::Major, Severity::Normal].map(Class::event);
        let place = events.iter().position(|event| *event == class);
        let place = place.or((class.device_state() == Some(DeviceState::Alarm)).then_some(3));
        if let Some(place) = place {
            has[place] = true;
        }
    }
    has
}

/// Cards of what is selected and of the mark under the hand, beside their
/// places.
fn point_cards(
    ui: &mut egui::Ui,
    shown: &Shown,
    map: &MapView,
    layout: &StageLayout,
    view: &PanelView,
    px_per_point: f32,
) -> Option<(egui::Rect, Option<PanelAction>)> {
    let point = |[x, y]: [f32; 2]| egui::pos2(x / px_per_point, y / px_per_point);
    let cards = &shown.cards;
    if let Some(mark) = shown.hover.mark.filter(|&mark| mark < shown.marks.placed.len()) {
        let at = point(shown.marks.screen_px(mark, map));
        panels::tally_card_ui(ui, layout.free, at, view, &cards.hovered);
    }
    let at = cards.at?;
    let local = shown.areas.projection.local_from_lonlat([at.lon, at.lat]);
    let area = shown.areas.locator.locate_deepest(at);
    let height_m = area.map_or(0.0, |area| shown.relief.height_at(area, local, &shown.areas));
    let at = point(map.screen_from_local_at(local, height_m * map.rise()));
    match &cards.points[..] {
        [] => None,
        [facts] => panels::point_card_ui(ui, layout.free, at, view, facts, cards.picture().as_ref()),
        points => panels::point_list_ui(ui, layout.free, at, view, points),
    }
}

/// What the card of an area shows beyond the hierarchy.
fn facts_of<'a>(shown: &'a Shown, view: &PanelView, area: AreaIndex) -> AreaFacts<'a> {
    AreaFacts {
        cameras: shown.values.cameras.get(area as usize).copied().filter(|_| view.cameras.total > 0),
        open_events: shown.state.open_events,
        figure: figure_of(shown, area),
    }
}

/// The value of what colours the map; events are on every card already.
fn figure_of<'a>(shown: &'a Shown, area: AreaIndex) -> Option<FigureOfArea<'a>> {
    let AreaValues { values, label, unit, .. } = &*shown.values;
    let is_known = matches!(&shown.visible.fill, Fill::None | Fill::Figure(AreaFigure::Events));
    let value = *values.get(area as usize).filter(|_| !is_known)?;
    Some(FigureOfArea { label, unit, value })
}

fn tile_view(tile: &Tile) -> CameraTile<'_> {
    CameraTile {
        name: &tile.name,
        owner: &tile.owner,
        online: true,
        texture: tile.texture.as_ref().map(egui::TextureHandle::id),
        aspect: tile.texture.as_ref().map_or(16.0 / 9.0, egui::TextureHandle::aspect_ratio),
        error: tile.error.as_deref(),
    }
}

fn draw(
    ui: &mut egui::Ui,
    shown: &Shown,
    map: &MapView,
    layout: &StageLayout,
    unit: f32,
    px_per_point: f32,
    loading: Option<&str>,
) -> (Vec<PanelAction>, Option<egui::Rect>) {
    let view = panel_view(shown, unit, loading);
    let mut asked = Vec::new();
    let metres_per_point = f64::from(px_per_point) / map.camera.px_per_m.max(1e-9);
    if !shown.areas.bounds.is_empty() {
        panels::scale_bar_ui(ui, layout.free, &view, metres_per_point);
        if shown.visible.layers.contains(&Layer::Context) {
            panels::attribution_ui(ui, layout.free, &view);
        }
        // No legend for what is not there.
        let is_something = |value: &Option<f64>| value.is_some_and(|value| value != 0.0);
        let has_values = shown.visible.has(Layer::Areas) && shown.values.values.iter().any(is_something);
        let health = shown.sources.feed_health(Feed::Events, view.system);
        let breaks_label = format!("{}({})", shown.values.label, shown.values.unit);
        let legend = Legend {
            heat_full_scale: shown.heat.full_scale.filter(|_| !shown.overview.window.is_empty()),
            breaks: if has_values { &shown.area_layer.breaks } else { &[] },
            breaks_label: &breaks_label,
            has_missing: shown.area_layer.has_missing,
            health: health.as_ref(),
            has_bubbles: shown.marks.placed.iter().any(|mark| matches!(mark.look, Look::Bubble { .. })),
            has_alerts: alerts_on(&shown.marks),
        };
        let said = shown.visible.layers.contains(&Layer::Context);
        let above = if said { panels::free_for_legend(layout.free, unit, &shown.config.0) } else { layout.free };
        panels::legend_ui(ui, above, &view, &legend);
    }
    asked.extend(panels::breadcrumb_ui(ui, layout.free, &view));
    if let Some(area) = view.focus {
        asked.extend(panels::area_card_ui(ui, layout.free, &view, area, &facts_of(shown, &view, area)));
    }
    panels::hidden_panels_ui(ui, layout.free, &view, layout.hidden);
    for &(index, rect) in &layout.panels {
        let Some(panel) = view.config.panels.get(index) else { continue };
        let health = shown.sources.part_health(&panel.sources, view.system);
        asked.extend(panels::panel_ui(ui, rect, &view, panel, &health));
    }
    asked.extend(panels::header_ui(ui, layout, &view));
    let (open_card, action) = point_cards(ui, shown, map, layout, &view, px_per_point).unzip();
    asked.extend(action.flatten());
    if let (Some(area), None) = (shown.hover.area, shown.hover.mark) {
        let [x, y] = shown.hover.at_px.map(|v| v / px_per_point);
        panels::hover_card_ui(ui, layout.free, egui::pos2(x, y), &view, area, figure_of(shown, area));
    }
    if let Some(notice) = &shown.notice.0 {
        panels::notice_ui(ui, layout.free, &view, notice);
    }
    if shown.overlays.diagnostics {
        let frames: Vec<f32> = shown.state.frames_ms.iter().copied().collect();
        let recent: f32 = frames.iter().rev().take(30).sum();
        let counted = frames.len().min(30) as f32;
        let bytes = |mebi: Option<f64>| mebi.map_or(0, |mebi| (mebi * 1_048_576.0) as u64);
        let diagnostics = Diagnostics {
            fps: if recent > 0.0 { counted * 1_000.0 / recent } else { 0.0 },
            frames_ms: &frames,
            memory_bytes: bytes(super::bench::resident_mb()),
            heap_bytes: bytes(super::bench::heap_mb()),
            adapter: shown.adapter.as_ref().map_or("", |info| info.name.as_str()),
            events: shown.events.store.len() as u64,
            dropped_events: shown.events.store.dropped(),
        };
        asked.extend(panels::diagnostics_ui(ui, layout.free, &view, &diagnostics));
    }
    if shown.overlays.help {
        asked.extend(panels::help_ui(ui, ui.max_rect(), &view));
    }
    (asked, open_card)
}
