//! From model to panels and back: draws panels with what the model knows
//! ([`view`], and [`state`] for what is costly to collect), and turns what hands
//! ask for into actions.

mod glyphs;
mod notes;
mod state;
mod view;
mod visitors;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;
use bevy_egui::{EguiContexts, egui};

use super::arrange::ArrangeMode;
use super::cards::Cards;
use super::memory::{heap_mb, resident_mb};
use super::reload::ConfigWatch;
use super::remote::RemoteControl;
use crate::config::source::Feed;
use crate::config::{HeatCompare, HeatForm, Layer, PanelKind};
use crate::domain::geometry::LonLat;
use crate::layers::WallTheme;
use crate::layers::areas::AreaLayer;
use crate::layers::heat::{HeatLayer, hotspots_ui, ramp_stops};
use crate::layers::labels::{PlacedLabels, labels_ui};
use crate::layers::points::counts_ui;
use crate::map::marks::Look;
use crate::map::{HandOverPanel, Hover, MapView, Marks, Relief, ScreenRect};
use crate::model::{
    Action, Alerts, AreaValues, Areas, Events, Finder, Focus, Overlays, Overview, Patrols, Place, PointKey, Points,
    Presentation, Presented, Presenting, Screen, Sources, Visible, Waker, WallClock, WallConfig, Warnings,
};
use crate::panels::{
    self, ArrangeView, BriefingView, Diagnostics, HeatLegend, Legend, PanelAction, PanelView, PatrolLegend, StageLayout,
};
use crate::scenes::Takeover;
use glyphs::{NameGlyphs, warm_figures};
pub use notes::notes_window_ui;
pub use state::{UiState, collect, turn_cameras};
use view::{
    alerts_on, coverage_of, facts_of, figure_of, heat_label, loading_text, panel_view, pending, value_words,
    view_of_area,
};
use visitors::{class_meant, hotspots};

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
    alerts: Res<'w, Alerts>,
    takeover: Res<'w, Takeover>,
    real: Res<'w, Time<Real>>,
    patrols: Res<'w, Patrols>,
    values: Res<'w, AreaValues>,
    focus: Res<'w, Focus>,
    visible: Res<'w, Visible>,
    overlays: Res<'w, Overlays>,
    finder: Res<'w, Finder>,
    presentation: Res<'w, Presentation>,
    screen: Res<'w, Screen>,
    hover: Res<'w, Hover>,
    marks: Res<'w, Marks>,
    relief: Res<'w, Relief>,
    cards: Res<'w, Cards>,
    labels: Res<'w, PlacedLabels>,
    heat: Res<'w, HeatLayer>,
    area_layer: Res<'w, AreaLayer>,
    notice: Res<'w, super::app::WallNotice>,
    passing: Res<'w, super::audience::PassingNotice>,
    watch: Option<Res<'w, ConfigWatch>>,
    remote: Option<Res<'w, RemoteControl>>,
    waker: Res<'w, Waker>,
    adapter: Option<Res<'w, RenderAdapterInfo>>,
}

/// Height of what the wall itself has to say, over the top of the map, design
/// units.
const NOTICE_U: f32 = 56.0;

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
    mut arrange: ResMut<ArrangeMode>,
    mut actions: MessageWriter<Action>,
    real: Res<Time<Real>>,
) -> Result {
    let context = contexts.ctx_mut()?;
    let screen = context.viewport_rect();
    let px_per_point = context.pixels_per_point();
    let unit = panels::unit_for(screen.size());
    let (config, visible) = arrange.shown().unwrap_or((&shown.config.0, &shown.visible.panels));
    let mut layout = panels::layout(screen.size(), unit, config, visible);
    let now_secs = real.elapsed_secs_f64();
    // Who arranges panels needs the whole stage.
    let presented = shown.presentation.now(&shown.config.0, now_secs).filter(|_| !arrange.is_on());
    let strip = presented.and_then(|now| Some((panels::take_briefing_strip(&mut layout, unit)?, briefing_view(&now))));
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
    let stood_on_m = |local| shown.relief.stood_on_m(local, &shown.areas) * view.rise();
    let spots = hotspots(&shown.heat.hotspots, &shown.screen);
    let hot = hotspots_ui(&painter, &spots, &view, stood_on_m, &shown.theme, px_per_point, &view.keep_clear);
    view.bypass_change_detection().keep_clear.extend(hot);
    let builder = egui::UiBuilder::new().max_rect(screen).layer_id(egui::LayerId::background());
    let mut ui = egui::Ui::new(context.clone(), egui::Id::new("wall"), builder);
    let loading = loading_text(&shown.areas, &shown.area_layer);
    let mut what = panel_view(&shown, unit, loading.as_deref());
    let is_of_alerts =
        |(index, _): &(usize, egui::Rect)| config.panels.get(*index).is_some_and(|p| p.kind == PanelKind::Alerts);
    // One that found no room shows nothing.
    what.alerts.has_panel = layout.panels.iter().any(is_of_alerts);
    let file = shown.watch.as_ref().map(|watch| watch.path().display().to_string());
    let arranged = arrange.view(file.as_deref());
    let (mut asked, open_card) = draw(&mut ui, &shown, &view, &layout, px_per_point, &what, arranged.as_ref());
    if let Some((strip, briefing)) = &strip {
        asked.extend(panels::briefing_ui(&mut ui, &layout, *strip, &what, briefing));
    }
    let grounds = layout.panels.iter().map(|(_, rect)| *rect).chain([layout.header]).chain(open_card).chain(card);
    let grounds = grounds.chain(strip.map(|(strip, _)| strip));
    let grounds: Vec<egui::Rect> = grounds.collect();
    let is_on_ground = |at: egui::Pos2| grounds.iter().any(|rect| rect.contains(at));
    // Whatever answers to clicks is not the map either: the breadcrumb, the help.
    let is_on_widget = context.interaction_snapshot(|now| !now.hovered.is_empty());
    let is_over = context.pointer_latest_pos().is_some_and(|at| is_on_ground(at) || is_on_widget);
    hand_over_panel.set_if_neq(HandOverPanel(is_over || arrange.is_on()));
    for action in asked {
        if let PanelAction::Arrange(asked) = action {
            actions.write_batch(arrange.act(asked, screen.size(), shown.watch.as_deref(), &shown.waker));
            continue;
        }
        actions.write_batch(action_of(action, &shown, &mut view, now_secs));
    }
    Ok(())
}

/// Where a briefing is, for the wall.
fn briefing_view<'a>(now: &Presented<'a>) -> BriefingView<'a> {
    BriefingView { name: now.name, step: now.step, steps: now.steps, caption: now.caption }
}

/// Goes to something that was looked up.
fn open_found(index: usize, shown: &Shown, view: &mut MapView, now_secs: f64) -> Option<Action> {
    match shown.finder.found.get(index)?.place.clone() {
        Place::Area(area) => Some(Action::Focus(area)),
        Place::Point(key, at) => {
            if let Some(at) = at {
                fly_to(at, &shown.areas, view, now_secs);
            }
            Some(Action::Select(vec![key]))
        }
    }
}

/// Flies to a place, near enough to see the streets around it.
pub(super) fn fly_to(at: LonLat, areas: &Areas, view: &mut MapView, now_secs: f64) {
    view.fly_near(areas.projection.local_from_lonlat([at.lon, at.lat]), now_secs);
}

/// Flies to where an event is, so that its card has a place; focuses the area
/// of one that has none.
pub(super) fn show_event(
    id: String,
    events: &Events,
    areas: &Areas,
    view: &mut MapView,
    now_secs: f64,
) -> Option<Action> {
    let event = events.store.event_ref(&id)?;
    let Some(at) = event.at() else { return event.area().map(Action::Focus) };
    fly_to(at, areas, view, now_secs);
    Some(Action::Select(vec![PointKey::Event(event.key())]))
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

fn action_of(action: PanelAction, shown: &Shown, view: &mut MapView, now_secs: f64) -> Option<Action> {
    Some(match action {
        PanelAction::ShowEvent(id) => return show_event(id, &shown.events, &shown.areas, view, now_secs),
        PanelAction::ShowDevice(id) => {
            let at = shown.points.devices().find(|device| device.id == id)?.at;
            fly_to(at, &shown.areas, view, now_secs);
            Action::Select(vec![PointKey::Device(id)])
        }
        PanelAction::OpenPoint(index) => Action::Select(shown.cards.keys.get(index).cloned().into_iter().collect()),
        PanelAction::CloseCard => Action::Select(Vec::new()),
        PanelAction::Focus(area) => Action::Focus(area),
        PanelAction::FocusParent => Action::FocusParent,
        PanelAction::FocusNothing => Action::FocusNothing,
        PanelAction::ToggleStage(stage) => Action::ToggleStage(stage),
        PanelAction::ToggleCategory(name) => Action::ToggleCategory(class_meant(name, &shown.overview, &shown.screen)),
        PanelAction::ClearFilter => Action::ClearFilter,
        PanelAction::TogglePause => Action::TogglePause,
        PanelAction::StepHours(hours) => Action::StepHours(hours),
        PanelAction::StepRate(step) => Action::StepRate(step),
        PanelAction::ToggleLoop => Action::ToggleLoop,
        PanelAction::SetLoop(range) => Action::SetLoop(range),
        PanelAction::SetWindow(secs) => Action::SetWindow(secs),
        PanelAction::SeekTo(at) => Action::SeekTo(at),
        PanelAction::GoLive => Action::GoLive,
        PanelAction::ToggleDiagnostics => Action::ToggleDiagnostics,
        PanelAction::ToggleHelp => Action::ToggleHelp,
        PanelAction::StepBriefing(by) => Action::Present(Presenting::Step(by)),
        PanelAction::LeaveBriefing => Action::Present(Presenting::Leave),
        PanelAction::TogglePairing => Action::TogglePairing,
        PanelAction::ToggleFind => Action::ToggleFind,
        PanelAction::SetFind(text) => Action::SetFind(text),
        PanelAction::ShowAlert(key) => Action::ShowAlert(key),
        PanelAction::AcknowledgeAlert(key) => Action::AcknowledgeAlert { key: Some(key), by: None },
        PanelAction::AcknowledgeAllAlerts => Action::AcknowledgeAllAlerts { by: None },
        PanelAction::OpenFound(index) => return open_found(index, shown, view, now_secs),
        // The arrange mode's.
        PanelAction::Arrange(_) => return None,
    })
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
    let height_m = shown.relief.stood_on_m(local, &shown.areas);
    let at = point(map.screen_from_local_at(local, height_m * map.rise()));
    match &cards.points[..] {
        [] => None,
        [facts] => panels::point_card_ui(ui, layout.free, at, view, facts, cards.picture().as_ref()),
        points => panels::point_list_ui(ui, layout.free, at, view, points),
    }
}

fn draw(
    ui: &mut egui::Ui,
    shown: &Shown,
    map: &MapView,
    layout: &StageLayout,
    px_per_point: f32,
    view: &PanelView<'_>,
    arranged: Option<&ArrangeView>,
) -> (Vec<PanelAction>, Option<egui::Rect>) {
    let mut asked = Vec::new();
    let metres_per_point = f64::from(px_per_point) / map.camera.px_per_m.max(1e-9);
    if !shown.areas.bounds.is_empty() {
        panels::scale_bar_ui(ui, layout.free, view, metres_per_point);
        if shown.visible.layers.contains(&Layer::Context) {
            panels::attribution_ui(ui, layout.free, view);
        }
        // No legend for what is not there.
        let is_something = |value: &Option<f64>| value.is_some_and(|value| value != 0.0);
        let has_values = shown.visible.has(Layer::Areas) && shown.values.values.iter().any(is_something);
        let health = shown.sources.feed_health(Feed::Events, view.system);
        let breaks_label = {
            let [label, unit] = value_words(shown);
            format!("{label}({unit})")
        };
        let heat = shown.heat.shown.as_ref();
        let heat_label = heat.map(heat_label).unwrap_or_default();
        let heat_stops = heat.map(|heat| ramp_stops(&heat.style, &shown.theme.0)).unwrap_or_default();
        let legend = Legend {
            heat: shown.heat.shown.as_ref().filter(|_| !shown.overview.window.is_empty()).map(|heat| HeatLegend {
                label: &heat_label,
                full_scale: heat.full_scale,
                is_difference: heat.style.compare == HeatCompare::LastWeek,
                is_whole: heat.style.form != HeatForm::Density,
                stops: &heat_stops,
            }),
            breaks: if has_values { &shown.area_layer.breaks } else { &[] },
            breaks_label: &breaks_label,
            has_missing: shown.area_layer.has_missing,
            health: health.as_ref(),
            has_bubbles: shown.marks.placed.iter().any(|mark| matches!(mark.look, Look::Bubble { .. })),
            patrols: coverage_of(shown).map(|coverage| PatrolLegend {
                hours: shown.visible.window_secs / 3_600.0,
                missed_m: coverage.total_m - coverage.walked_m,
                total_m: coverage.total_m,
            }),
            has_alerts: alerts_on(&shown.marks),
        };
        let said = shown.visible.layers.contains(&Layer::Context);
        let above = if said { panels::free_for_legend(layout.free, view.unit, &shown.config.0) } else { layout.free };
        panels::legend_ui(ui, above, view, &legend);
    }
    asked.extend(panels::breadcrumb_ui(ui, layout.free, view));
    asked.extend(panels::filter_chip_ui(ui, layout.free, view));
    if let Some(area) = view.focus {
        asked.extend(panels::area_card_ui(ui, layout.free, view, area, &facts_of(shown, view, area)));
    }
    panels::hidden_panels_ui(ui, layout.free, view, layout.hidden);
    for &(index, rect) in &layout.panels {
        let Some(panel) = view.config.panels.get(index) else { continue };
        let health = shown.sources.part_health(&panel.sources, view.system);
        asked.extend(match &panel.area {
            None => panels::panel_ui(ui, rect, view, panel, &health),
            Some(area) => match view_of_area(shown, view, panel, area) {
                Some((own, panel)) => panels::panel_ui(ui, rect, &own, &panel, &health),
                None => panels::panel_ui(ui, rect, view, panel, &pending(area)),
            },
        });
    }
    asked.extend(panels::header_ui(ui, layout, view));
    let (open_card, action) = point_cards(ui, shown, map, layout, view, px_per_point).unzip();
    asked.extend(action.flatten());
    // Under the hand that opened a worker's card lies their area as well.
    let is_worker = shown.cards.keys.iter().any(|key| matches!(key, PointKey::Worker(_)));
    if let (Some(area), None, false) = (shown.hover.area, shown.hover.mark, is_worker) {
        let [x, y] = shown.hover.at_px.map(|v| v / px_per_point);
        panels::hover_card_ui(ui, layout.free, egui::pos2(x, y), view, area, figure_of(shown, area));
    }
    let card =
        view.focus.and_then(|area| panels::area_card_place(layout.free, view, area, &facts_of(shown, view, area)));
    let mut room = layout.free;
    if let Some(notice) = shown.notice.0.as_deref().or(shown.passing.text()) {
        panels::notice_ui(ui, layout.free, view, notice);
        room.min.y += NOTICE_U * view.unit;
    }
    asked.extend(panels::alert_banner_ui(ui, room, card, view).and_then(|(_, action)| action));
    if shown.overlays.diagnostics {
        let frames: Vec<f32> = shown.state.frames_ms.iter().copied().collect();
        let recent: f32 = frames.iter().rev().take(30).sum();
        let counted = frames.len().min(30) as f32;
        let bytes = |mebi: Option<f64>| mebi.map_or(0, |mebi| (mebi * 1_048_576.0) as u64);
        let diagnostics = Diagnostics {
            fps: if recent > 0.0 { counted * 1_000.0 / recent } else { 0.0 },
            frames_ms: &frames,
            memory_bytes: bytes(resident_mb()),
            heap_bytes: bytes(heap_mb()),
            adapter: shown.adapter.as_ref().map_or("", |info| info.name.as_str()),
            events: shown.events.store.len() as u64,
            dropped_events: shown.events.store.dropped(),
        };
        asked.extend(panels::diagnostics_ui(ui, layout.free, view, &diagnostics));
    }
    if shown.finder.is_open {
        let found = shown.finder.found.iter().map(|found| [found.name.as_str(), found.kind.as_str()]).collect();
        let find = panels::FindView { text: &shown.finder.text, found };
        asked.extend(panels::find_ui(ui, layout.free, view, &find));
    }
    if let Some(arranged) = arranged {
        // Meanwhile hands mean the panels, and not what is in them.
        asked = panels::arrange_ui(ui, ui.max_rect(), view, layout, arranged).into_iter().collect();
    }
    if shown.overlays.pairing {
        let pairing = shown.remote.as_ref().map_or(panels::PairingView::Off, |remote| remote.view());
        asked.extend(panels::pairing_ui(ui, ui.max_rect(), view, &pairing));
    }
    if shown.overlays.help {
        asked.extend(panels::help_ui(ui, ui.max_rect(), view));
    }
    (asked, open_card)
}
