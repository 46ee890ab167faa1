//! Everything on the wall that is text and charts, one file per panel.
//!
//! In: a [`PanelView`], which borrows what the model knows, and a rectangle
//! of the [`layout`]. Out: shapes in egui, and at most one [`PanelAction`] per
//! panel and frame.
//!
//! How it works: panels are pure. They read the view, paint straight into
//! their rectangle (no egui widgets: no second layout pass, nothing that
//! grows), and return what a hand asked for. They may run several times per
//! frame and keep no state; texts that do not change hit egui's galley cache.
//!
//! Every length is a number of design units times [`PanelView::unit`]; every
//! colour is a token of the theme; every size of type is one of the five in
//! [`crate::theme::size`]; text never leaves its panel (tested for all kinds
//! and sizes in `tests/it/panels.rs`). On a screen for visitors the pen itself
//! masks what it writes, whatever a panel forgot.

mod alert_banner;
mod alerts;
mod area_card;
mod arrange;
mod attribution;
mod briefing;
mod cameras;
mod categories;
mod chart;
mod closed_loop;
mod devices;
mod diagnostics;
mod figure_cell;
mod filter;
mod find;
mod frame;
mod header;
mod help;
mod key_figures;
pub mod layout;
mod live_events;
mod map_aids;
mod notes;
pub mod number;
mod pairing;
mod pen;
mod point_card;
mod ranking;
mod readings;
mod time_axis;
mod trend;
mod warnings;

use bevy_egui::egui::{Rect, TextureId, Ui};

use crate::config::{Audience, Config, Panel, PanelKind};
use crate::domain::alert::AlertKey;
use crate::domain::area::{AreaIndex, AreaTree, Level};
use crate::domain::event_store::EventFilter;
use crate::domain::figure::Figure;
use crate::domain::health::{Freshness, PartHealth, SourceHealth, SourceState};
use crate::domain::overview::Overview;
use crate::domain::time::Time;
use crate::domain::warning::Outlook;
use crate::theme::Theme;

pub use alert_banner::alert_banner_ui;
pub use alerts::{AlertsView, NearCamera, alerts_ui};
pub use area_card::{AreaFacts, FigureOfArea, area_card_place, area_card_ui, hover_card_ui};
pub use arrange::{ArrangeView, Arranging, Draft, Edit, Place, arrange_ui};
pub use attribution::{attribution_place, attribution_ui, free_for_legend};
pub use briefing::{BriefingView, briefing_ui, take_briefing_strip};
pub use cameras::cameras_ui;
pub use categories::categories_ui;
pub use closed_loop::closed_loop_ui;
pub use devices::devices_ui;
pub use diagnostics::{Diagnostics, diagnostics_ui};
pub use filter::filter_chip_ui;
pub use find::{FindView, find_ui};
pub use header::header_ui;
pub use help::help_ui;
pub use key_figures::key_figures_ui;
pub use layout::{StageGrid, StageLayout, grid, layout, unit_for};
pub use live_events::live_events_ui;
pub use map_aids::{
    HeatLegend, Legend, PatrolLegend, breadcrumb_ui, hidden_panels_ui, legend_ui, notice_ui, scale_bar_ui,
};
pub use notes::{NotesView, notes_ui};
pub use number::value_text;
pub use pairing::{PairingView, pairing_ui};
pub use pen::BOLD_FAMILY;
pub use point_card::{PointFacts, PointState, TallyLine, point_card_ui, point_list_ui, tally_card_ui};
pub use ranking::ranking_ui;
pub use readings::{DeviceReadings, Reading};
pub use time_axis::time_axis_ui;
pub use trend::trend_ui;
pub use warnings::warnings_ui;

/// What the panels show, borrowed for one frame.
pub struct PanelView<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// egui points per design unit; see [`unit_for`].
    pub unit: f32,
    /// Title, stages, audience, zone, panels.
    pub config: &'a Config,
    /// For whom the screen is now: what the configuration says, or visitors.
    pub audience: Audience,
    /// Name of the scene, under the title.
    pub scene: &'a str,
    /// The shown instant.
    pub now: Time,
    /// The system's time: what ages are judged by.
    pub system: Time,
    /// Whether the shown instant follows the system's time.
    pub is_live: bool,
    /// How the clock runs while it is not live.
    pub replay: ReplayView,
    /// Events of so many seconds count on the map.
    pub window_secs: f64,
    /// Which events the map and the list show.
    pub filter: &'a EventFilter,
    /// The hierarchy.
    pub tree: &'a AreaTree,
    /// The area in focus; `None` is everything.
    pub focus: Option<AreaIndex>,
    /// Figures computed from events.
    pub overview: &'a Overview,
    /// Areas by events, one per level that a panel ranks; see [`Ranking::all`].
    pub rankings: &'a [Ranking],
    /// Where more happens than is usual.
    pub outlook: &'a Outlook,
    /// Alerts.
    pub alerts: AlertsView<'a>,
    /// Figures that sources report.
    pub figures: Vec<&'a Figure>,
    /// Cameras, counted.
    pub cameras: &'a CameraSummary,
    /// Pictures in the turn that is shown, dead cameras already skipped.
    pub tiles: Vec<CameraTile<'a>>,
    /// Devices, counted by kind.
    pub devices: &'a [DeviceKindSummary],
    /// Devices by their readings, one list per kind that a panel asks for.
    pub readings: &'a [DeviceReadings],
    /// All sources, in the order of the configuration.
    pub sources: Vec<SourceRow<'a>>,
    /// What is being loaded, with counts: `网格边界 12,000 / 40,976`.
    pub loading: Option<&'a str>,
}

/// How the clock runs while it is not live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayView {
    /// Shown seconds per second, while it runs.
    pub rate: u32,
    /// Whether it runs.
    pub is_running: bool,
    /// First and last instant of what is shown again and again.
    pub range: Option<[Time; 2]>,
}

impl PanelView<'_> {
    /// Whether visitors look at it: texts are masked, persons and pictures hidden.
    pub fn is_public(&self) -> bool {
        self.audience == Audience::Public
    }

    /// How many sources answer, and are as fresh as promised.
    pub fn sources_well(&self) -> usize {
        let is_well =
            |row: &&SourceRow| row.health.state == SourceState::Live && row.freshness(self.system) == Freshness::Fresh;
        self.sources.iter().filter(is_well).count()
    }
}

/// What a hand on a panel asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum PanelAction {
    /// Focus an area.
    Focus(AreaIndex),
    /// Focus the area above, or everything.
    FocusParent,
    /// Show everything.
    FocusNothing,
    /// Fly to the event with this id and open its card.
    ShowEvent(String),
    /// Fly to the device with this id and open its card.
    ShowDevice(String),
    /// Open the card of this one of the listed points.
    OpenPoint(usize),
    /// Close the card or list that is open.
    CloseCard,
    /// Show only events that stand in this stage on the map and in the list, or
    /// all again.
    ToggleStage(u8),
    /// The same by major class.
    ToggleCategory(String),
    /// Show all events.
    ClearFilter,
    /// Stop the clock, or go on from there.
    TogglePause,
    /// Show what was so many hours later, or earlier.
    StepHours(i64),
    /// A faster (1) or slower (−1) replay.
    StepRate(i32),
    /// Show the day again and again, or go on without.
    ToggleLoop,
    /// Show this range again and again.
    SetLoop([Time; 2]),
    /// Count events of so many seconds on the map.
    SetWindow(f64),
    /// Show this instant.
    SeekTo(Time),
    /// Follow the system's time again.
    GoLive,
    /// Open or close the table of sources and frame times.
    ToggleDiagnostics,
    /// Open or close the list of keys.
    ToggleHelp,
    /// The next step of the briefing (1), or the previous one (−1).
    StepBriefing(i32),
    /// Back to what the wall showed before the briefing.
    LeaveBriefing,
    /// Open or close the code that pairs a remote control.
    TogglePairing,
    /// Open or close the line in which something is looked up.
    ToggleFind,
    /// Look for this.
    SetFind(String),
    /// Go to this one of what was found.
    OpenFound(usize),
    /// Arrange panels.
    Arrange(Arranging),
    /// Fly to where this alert is and open its card.
    ShowAlert(AlertKey),
    /// Somebody has seen this alert.
    AcknowledgeAlert(AlertKey),
    /// Somebody has seen all alerts.
    AcknowledgeAllAlerts,
}

/// Cameras, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameraSummary {
    /// All cameras.
    pub total: usize,
    /// Those that deliver pictures.
    pub online: usize,
    /// The same by owner, most first.
    pub by_owner: Vec<OwnerCount>,
}

/// Cameras of one owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerCount {
    /// 公安, 城管, 防汛, 物业 …
    pub owner: String,
    /// All cameras.
    pub total: usize,
    /// Those that deliver pictures.
    pub online: usize,
}

/// One picture in the cameras panel.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraTile<'a> {
    /// The place it looks at.
    pub name: &'a str,
    /// Who runs it.
    pub owner: &'a str,
    /// Whether it delivers pictures.
    pub online: bool,
    /// Its latest picture, once there is one.
    pub texture: Option<TextureId>,
    /// Width of the picture divided by its height.
    pub aspect: f32,
    /// Why there is no picture.
    pub error: Option<&'a str>,
}

/// Devices of one kind, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceKindSummary {
    /// Kind as shown.
    pub kind: String,
    /// All devices.
    pub total: usize,
    /// With a reading out of bounds.
    pub alarm: usize,
    /// Without a reading for too long.
    pub offline: usize,
}

/// One source with what it reports about itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceRow<'a> {
    /// Name on the wall.
    pub name: &'a str,
    /// What it reports about itself.
    pub health: &'a SourceHealth,
    /// Age after which its data count as stale, seconds.
    pub stale_after_secs: f64,
    /// Things that it told of and for which there was no room.
    pub refused: u64,
}

impl SourceRow<'_> {
    /// How it looks to a person at the wall.
    pub fn freshness(&self, system: Time) -> Freshness {
        self.health.freshness(system, self.stale_after_secs)
    }
}

/// Areas of one level by today's events.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The level.
    pub level: Level,
    /// (area, events, places won since yesterday), most events first.
    pub rows: Vec<(AreaIndex, u32, Option<i32>)>,
}

impl Ranking {
    /// The rankings that the panels of `config` show. Sorting 40,000
    /// micro-grids takes longer than a frame may: call it when the overview
    /// changes, not per frame.
    pub fn all(config: &Config, overview: &Overview, tree: &AreaTree) -> Vec<Self> {
        let mut levels: Vec<Level> = config
            .panels
            .iter()
            .filter_map(|panel| match panel.kind {
                PanelKind::Ranking { level } => ranked_level(level, config, tree),
                _ => None,
            })
            .collect();
        levels.sort_unstable();
        levels.dedup();
        levels.into_iter().map(|level| Self { level, rows: overview.ranking(tree, level) }).collect()
    }
}

/// The level that a ranking shows: its own, the map's, or the one just below
/// the top.
fn ranked_level(level: Option<Level>, config: &Config, tree: &AreaTree) -> Option<Level> {
    level.or(config.map.fill_level).or_else(|| {
        let root = tree.roots().first()?;
        let below = tree.children(*root).first().unwrap_or(root);
        Some(tree.area(*below).level)
    })
}

/// Draws any panel of the configuration into `rect`.
pub fn panel_ui(ui: &mut Ui, rect: Rect, view: &PanelView, panel: &Panel, health: &PartHealth) -> Option<PanelAction> {
    let title = &panel.title;
    match &panel.kind {
        PanelKind::KeyFigures { figures } => key_figures_ui(ui, rect, view, title, health, figures),
        PanelKind::ClosedLoop => closed_loop_ui(ui, rect, view, title, health),
        PanelKind::LiveEvents => live_events_ui(ui, rect, view, title, health),
        PanelKind::Ranking { level } => ranking_ui(ui, rect, view, title, health, *level),
        PanelKind::Trend => trend_ui(ui, rect, view, title, health),
        PanelKind::Categories => categories_ui(ui, rect, view, title, health),
        PanelKind::Alerts => alerts_ui(ui, rect, view, title, health),
        PanelKind::Warnings => warnings_ui(ui, rect, view, title, health),
        PanelKind::Devices { list: None } => devices_ui(ui, rect, view, title, health),
        PanelKind::Devices { list: Some(list) } => readings::readings_ui(ui, rect, view, title, health, list),
        PanelKind::Cameras { .. } => cameras_ui(ui, rect, view, title, health),
        PanelKind::TimeAxis => time_axis_ui(ui, rect, view, title, health),
    }
}
