//! What panels and cards show, taken from the model.

use bevy_egui::egui;

use super::Shown;
use super::state::Tile;
use crate::config::{Config, Fill, HeatCompare, HeatForm, HeatWeight, Panel, PanelArea};
use crate::domain::area::AreaIndex;
use crate::domain::choropleth::AreaFigure;
use crate::domain::clock::Clock;
use crate::domain::coverage::Coverage;
use crate::domain::device::DeviceState;
use crate::domain::event::Severity;
use crate::domain::figure::Figure;
use crate::domain::health::{Freshness, PartHealth};
use crate::domain::overview::place_name;
use crate::layers::areas::AreaLayer;
use crate::layers::heat::ShownHeat;
use crate::map::Marks;
use crate::map::marks::{Class, Look};
use crate::model::{Areas, OfArea, Points};
use crate::panels::{AlertsView, AreaFacts, CameraTile, FigureOfArea, PanelView, ReplayView, SourceRow};

fn replay_view(clock: &Clock) -> ReplayView {
    ReplayView { rate: clock.rate(), is_running: clock.is_replaying(), range: clock.range() }
}

/// What all panels show; `loading` says what is still to come.
pub(super) fn panel_view<'a>(shown: &'a Shown, unit: f32, loading: Option<&'a str>) -> PanelView<'a> {
    let config: &Config = &shown.config.0;
    // There where the model may say more than the screen may show.
    let visitors = shown.state.visitors.as_ref();
    let figures: Vec<&Figure> = match visitors {
        Some(visitors) => visitors.figures.iter().collect(),
        None => shown.points.figures().filter(|figure| figure.area.is_none()).collect(),
    };
    PanelView {
        theme: &shown.theme.0,
        unit,
        config,
        audience: shown.screen.audience(config),
        scene: config.scenes.get(shown.visible.scene).map_or("", |scene| &scene.name),
        now: shown.clock.now(),
        system: shown.clock.system(),
        is_live: shown.clock.0.is_live(),
        replay: replay_view(&shown.clock.0),
        window_secs: shown.visible.window_secs,
        filter: visitors.map_or(&shown.visible.filter, |visitors| &visitors.filter),
        tree: shown.screen.tree(&shown.areas),
        focus: shown.focus.area(&shown.areas),
        overview: visitors.map_or(&**shown.overview, |visitors| &visitors.overview),
        rankings: &shown.state.rankings,
        outlook: visitors.map_or_else(|| shown.warnings.outlook(&shown.areas), |visitors| &visitors.outlook),
        alerts: AlertsView {
            desk: shown.state.alerts.as_ref().map_or(shown.alerts.desk(), |(_, desk)| desk),
            shown: shown.alerts.shown().map(|alert| &alert.key),
            cameras: &shown.state.near,
            glow: shown.takeover.glow(shown.real.elapsed_secs_f64()),
            has_panel: false,
            fault: shown.alerts.fault.as_deref(),
        },
        figures,
        cameras: &shown.state.cameras,
        tiles: shown.state.tiles.iter().map(tile_view).collect(),
        devices: &shown.state.devices,
        readings: &shown.state.readings,
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
                refused: entry.refused,
            })
            .collect(),
        loading,
    }
}

/// A panel that shows no more than one area: what it shows, under which title;
/// `None` while that is not known.
pub(super) fn view_of_area<'a>(
    shown: &'a Shown,
    view: &PanelView<'a>,
    panel: &Panel,
    which: &PanelArea,
) -> Option<(PanelView<'a>, Panel)> {
    let (area, figures) = match shown.overview.of_area(which) {
        OfArea::Pending => return None,
        OfArea::All => return Some((panel_view(shown, view.unit, view.loading), panel.clone())),
        OfArea::Known(area, figures) => (area, figures),
    };
    let tree = shown.screen.tree(&shown.areas);
    let name = tree.areas().get(area as usize).map(|_| place_name(tree, area))?;
    let (overview, figures) = match &shown.state.visitors {
        Some(visitors) => visitors.part(which)?,
        None => (figures, reported_of(&shown.points, &shown.areas, area)),
    };
    let own = PanelView { overview, figures, ..panel_view(shown, view.unit, view.loading) };
    Some((own, Panel { title: format!("{} · {name}", panel.title), ..panel.clone() }))
}

/// Figures that sources report of an area.
pub(super) fn reported_of<'a>(points: &'a Points, areas: &Areas, area: AreaIndex) -> Vec<&'a Figure> {
    let Some(area) = areas.tree.areas().get(area as usize) else { return Vec::new() };
    points.figures().filter(|figure| figure.area.as_deref() == Some(area.code.as_str())).collect()
}

/// What is waited for where the figures of an area are not known.
pub(super) fn pending(area: &PanelArea) -> PartHealth {
    let names = match area {
        PanelArea::Focus => "统计".to_owned(),
        PanelArea::Code(code) => format!("区域 {code}"),
    };
    PartHealth { names, age_secs: None, freshness: Freshness::Waiting, error: None }
}

/// Whether urgent, major and ordinary events and devices in alarm are on the
/// map, one by one.
pub(super) fn alerts_on(marks: &Marks) -> [bool; 4] {
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

/// What the card of an area shows beyond the hierarchy.
pub(super) fn facts_of<'a>(shown: &'a Shown, view: &PanelView, area: AreaIndex) -> AreaFacts<'a> {
    AreaFacts {
        cameras: shown.values.cameras.get(area as usize).copied().filter(|_| view.cameras.total > 0),
        open_events: shown.state.open_events,
        figure: figure_of(shown, area),
        streets: coverage_of(shown),
    }
}

/// How much of the streets in focus patrols walked, while that is shown.
pub(super) fn coverage_of<'a>(shown: &'a Shown) -> Option<&'a Coverage> {
    let focused = shown.focus.area(&shown.areas);
    shown.patrols.coverage(&shown.areas, focused).filter(|coverage| coverage.total_m > 0.0)
}

/// The value of what colours the map; events are on every card already.
pub(super) fn figure_of<'a>(shown: &'a Shown, area: AreaIndex) -> Option<FigureOfArea<'a>> {
    let is_known = matches!(&shown.visible.fill, Fill::None | Fill::Figure(AreaFigure::Events));
    let value = *shown.values.values.get(area as usize).filter(|_| !is_known)?;
    let [label, unit] = value_words(shown);
    Some(FigureOfArea { label, unit, value })
}

/// Name and unit of what colours the map.
pub(super) fn value_words<'a>(shown: &'a Shown) -> [&'a str; 2] {
    match &shown.state.visitors {
        Some(visitors) => visitors.value.each_ref().map(String::as_str),
        None => [&shown.values.label, &shown.values.unit],
    }
}

/// What the heat map's colours count.
pub(super) fn heat_label(heat: &ShownHeat) -> String {
    let of = match &heat.style.categories[..] {
        [] => "事件".to_owned(),
        [one] => one.clone(),
        several => format!("{} 个大类", several.len()),
    };
    let weight = if heat.style.weight == HeatWeight::Severity { "按轻重加权" } else { "" };
    let compared = if heat.style.compare == HeatCompare::LastWeek { "较上周同期 " } else { "" };
    match heat.style.form {
        HeatForm::Density => format!("{compared}{of}{weight}密度 件/km²·时"),
        // The unit is one word: the legend breaks its line at the last space.
        HeatForm::Hexagon | HeatForm::Square => {
            format!("{compared}{of}{weight} 件/格(宽\u{a0}{:.0}\u{a0}m)", heat.cell_m)
        }
    }
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

/// What is waited for before there is a map.
pub(super) fn loading_text(areas: &Areas, layer: &AreaLayer) -> Option<String> {
    if areas.is_building() || layer.is_building() {
        return Some(format!("正在建立网格 {}", areas.delivered()));
    }
    let has_boundary = areas.tree.areas().iter().any(|area| !area.shape.is_empty());
    (!has_boundary).then(|| "尚无边界数据".to_owned())
}
