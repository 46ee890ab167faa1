//! What the operator may set: `config.toml`, validated, units typed.
//!
//! Two stages. [`raw`] is the file as written: unknown keys and wrong types
//! are refused. [`Config`] is what the program uses: references resolved,
//! units checked, defaults filled in. Every complaint names file, line, key
//! and, where one is near, the valid name ([`error::ConfigError`]); all of
//! them come at once, because an operator should not have to start the wall
//! once per typing error.
//!
//! A leaf: imports `domain` for its vocabulary and nothing else of the crate.

pub mod access;
mod alerting;
mod briefing;
mod choice;
pub mod error;
pub mod field;
mod heat;
mod kind;
pub mod places;
pub mod raw;
mod read;
pub mod remote;
pub mod source;
mod syntax;
pub mod template;
#[cfg(test)]
mod tests;
pub mod theme;
pub mod tiles;
mod units;
mod validate;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::domain::area::Level;
use crate::domain::choropleth::AreaFigure;
pub use crate::domain::classes::Classing;
use crate::domain::event_store::EventFilter;
use crate::domain::privacy::Masks;
use crate::domain::time::{DAY_MILLIS, Time};
pub use alerting::{AlertRule, AlertSubject, Alerting};
pub use briefing::{Briefing, BriefingStep};
pub use error::ConfigError;
pub use heat::{Heat, HeatCompare, HeatForm, HeatStyle, HeatWeight};
pub use remote::Remote;
pub use source::Source;
pub use theme::{Theme, ThemeName};
pub use tiles::TileSet;

/// A whole, valid configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where it was read from; relative paths in it start at its folder.
    pub path: PathBuf,
    /// The screen and what is true of all of it.
    pub wall: Wall,
    /// The stages of the closed loop.
    pub closed_loop: ClosedLoop,
    /// The map.
    pub map: Map,
    /// The heat map.
    pub heat: Heat,
    /// The events that are kept.
    pub events: Events,
    /// What is kept on disk.
    pub cache: Cache,
    /// What is warned of.
    pub warning: Warning,
    /// What there are alerts of.
    pub alerting: Alerting,
    /// What is masked.
    pub privacy: Privacy,
    /// Where the wall may be spoken to; `None` = nowhere.
    pub remote: Option<Remote>,
    /// Where data come from, in the order of the file.
    pub sources: Vec<Source>,
    /// Map tiles under the areas, in the order of the file: lowest first.
    pub tiles: Vec<TileSet>,
    /// What stands beside the map, in the order of the file.
    pub panels: Vec<Panel>,
    /// What is shown together; never empty.
    pub scenes: Vec<Scene>,
    /// What somebody presents, in the order of the file.
    pub briefings: Vec<Briefing>,
}

/// The screen and what is true of all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Wall {
    /// Title in the middle of the header.
    pub title: String,
    /// Physical pixels of the window; 1920 × 1080 when not set. Fullscreen
    /// takes the monitor's.
    pub size: Option<[u32; 2]>,
    /// Borderless over the whole monitor.
    pub fullscreen: bool,
    /// Colours.
    pub theme: Theme,
    /// The file that they were read from; `None` = a shipped theme.
    pub theme_file: Option<PathBuf>,
    /// Font families, first found wins; must hold Chinese.
    pub fonts: Vec<String>,
    /// Time zone of everything shown and of times without one.
    pub zone: TimeZone,
    /// For whom the wall is.
    pub audience: Audience,
    /// Seconds without a hand after which the wall goes back to its scene.
    pub return_after_secs: f64,
    /// Whether a briefing opens a second window with the notes to its steps.
    pub notes_window: bool,
    /// Joints between the screens that make up the wall.
    pub bezels: Bezels,
}

/// What is masked, in the texts of all sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    /// What is masked.
    pub masks: Masks,
    /// Keys of `[privacy]` that say `"keep"`.
    pub loosened: Vec<&'static str>,
}

/// What the wall keeps on disk of what came, for a start without a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Whether it keeps anything.
    pub enabled: bool,
    /// Where; `None` = where the operating system has such files.
    pub folder: Option<PathBuf>,
    /// Bytes at most.
    pub bytes: u64,
}

/// Joints between the screens that make up the wall: no text sits on one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bezels {
    /// Screens side by side; 0 or 1 = none.
    pub columns: u32,
    /// Screens on top of each other; 0 or 1 = none.
    pub rows: u32,
    /// Width of a joint in millimetres.
    pub gap_mm: f64,
    /// Width of one screen's picture in millimetres.
    pub screen_width_mm: f64,
}

/// For whom the wall is: decides what is masked, hidden and marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// Staff on duty.
    Duty,
    /// Visitors: strictest masking. The default, because it fails closed.
    #[default]
    Public,
    /// Made-up data, marked as such.
    Demo,
}

/// The stages of the closed loop.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedLoop {
    /// Names in order; two to twelve.
    pub stages: Vec<String>,
}

/// The map.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Code of the area shown at the start; `None` shows everything.
    pub focus: Option<String>,
    /// What colours the areas, unless a scene says otherwise.
    pub fill: Fill,
    /// How their figures are cut into classes.
    pub classing: Classing,
    /// Level whose areas are coloured and ranked; `None` picks the level
    /// just below the top.
    pub fill_level: Option<Level>,
    /// What rises while the map is tilted.
    pub tilt: TiltStyle,
    /// Factor on the heights; at 1 the tallest area rises by an eighth of what
    /// the map shows.
    pub height_factor: f64,
    /// Whether cameras and devices that crowd become one mark.
    pub clusters: bool,
}

/// Steepest tilt of the map, degrees: beyond it what stands in front hides too
/// much of what lies behind.
pub const MAX_TILT_DEG: f64 = 55.0;

/// What rises while the map is tilted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TiltStyle {
    /// The areas themselves, by the figure that colours them.
    #[default]
    Extrude,
    /// One column in each area; the areas stay flat.
    Columns,
}

/// What colours the areas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Nothing: land colour.
    None,
    /// A figure of each area, in classes.
    Figure(AreaFigure),
}

impl Default for Fill {
    fn default() -> Self {
        Self::Figure(AreaFigure::Events)
    }
}

/// The events that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    /// How many at most; of more, the oldest go. A thousand to
    /// [`MAX_EVENTS`](crate::domain::event_store::MAX_EVENTS).
    pub keep: usize,
}

impl Default for Events {
    fn default() -> Self {
        Self { keep: 1_000_000 }
    }
}

/// What is warned of; see [`crate::domain::warning`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warning {
    /// Level of the areas; `None` = the level that is filled.
    pub level: Option<Level>,
    /// Probability of a warning without a cause, per hour, area and class.
    pub risk: f64,
    /// Fewer events in an hour than this are no warning.
    pub least: u32,
}

impl Default for Warning {
    fn default() -> Self {
        Self { level: None, risk: 1e-4, least: 3 }
    }
}

/// A switchable layer of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// Water, roads, buildings.
    Context,
    /// Area fill and outlines.
    Areas,
    /// Heat of live events.
    Heat,
    /// Patrol tracks.
    Tracks,
    /// Cameras.
    Cameras,
    /// Devices.
    Devices,
    /// Area names.
    Labels,
}

impl Layer {
    /// All layers, bottom first: also the order of the keys 1…7.
    pub const ALL: [Self; 7] =
        [Self::Context, Self::Areas, Self::Heat, Self::Tracks, Self::Cameras, Self::Devices, Self::Labels];

    /// The name in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Areas => "areas",
            Self::Heat => "heat",
            Self::Tracks => "tracks",
            Self::Cameras => "cameras",
            Self::Devices => "devices",
            Self::Labels => "labels",
        }
    }
}

/// One panel beside the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Unique id, by which scenes refer to it.
    pub id: String,
    /// What it shows, with its own settings.
    pub kind: PanelKind,
    /// Title; the kind's usual one when not set.
    pub title: String,
    /// Side of the stage.
    pub side: Side,
    /// Where on the grid of that side, and how large.
    pub cell: Cell,
    /// Whose figures it shows; `None` = those of everything.
    pub area: Option<PanelArea>,
    /// Sources whose age and health it shows: indices into
    /// [`Config::sources`]. By default those that feed what it shows.
    pub sources: Vec<usize>,
}

/// Side of the stage on which a panel stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Side {
    /// Left of the map.
    #[default]
    Left,
    /// Right of the map.
    Right,
    /// Under the map.
    Bottom,
}

/// Whose figures a panel shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PanelArea {
    /// Those of the area in focus.
    Focus,
    /// Those of the area with this code.
    Code(String),
}

/// Rows of the stage's grid, from under the header to the lower edge.
pub const STAGE_ROWS: u32 = 12;

/// Most columns that the grid has on one side.
pub const MOST_COLUMNS: u32 = 4;

/// Where on the grid of its side a panel stands, and how large it is. What is
/// `None` follows from the room that there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Its column, 1 at the edge of the stage. The inmost where a stage has
    /// fewer.
    pub column: Option<u32>,
    /// Columns that it covers, inwards; under the map its part of the width.
    pub columns: Option<u32>,
    /// Rows that it covers.
    pub rows: Option<u32>,
}

/// What a panel shows.
#[derive(Clone, Debug, PartialEq)]
pub enum PanelKind {
    /// Key figures; see [`KeyFigure`].
    KeyFigures {
        /// In reading order.
        figures: Vec<KeyFigure>,
    },
    /// The closed loop, stage by stage.
    ClosedLoop,
    /// Events as they come, newest first.
    LiveEvents,
    /// Areas by the number of events.
    Ranking {
        /// Level of the areas; `None` = the map's fill level.
        level: Option<Level>,
    },
    /// Events per hour of today beside the days before.
    Trend,
    /// Events by major class.
    Categories,
    /// Devices by kind and state, or those of one kind by their readings.
    Devices {
        /// The kind that is listed; `None` = all kinds, counted.
        list: Option<DeviceList>,
    },
    /// Still pictures of cameras in turn.
    Cameras {
        /// Seconds until the next pictures.
        every_secs: f64,
    },
    /// Alerts that stand, and those that are over.
    Alerts,
    /// Where more happens than is usual at this time.
    Warnings,
    /// The histogram of the day with the heat window on it.
    TimeAxis,
}

/// Devices of one kind, the worst first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceList {
    /// The kind as their source writes it.
    pub kind: String,
    /// Which readings are the worst.
    pub worst: Worst,
}

/// Which readings are the worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Worst {
    /// A temperature, a level.
    #[default]
    Highest,
    /// A score.
    Lowest,
}

/// One key figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFigure {
    /// 受理: received today.
    Received,
    /// 办结率: closed of received.
    Closed,
    /// 实际解决率: solved of received.
    Solved,
    /// 满意率: satisfied of those who answered.
    Satisfied,
    /// 超时率: past due of received.
    Overdue,
    /// 重复投诉率: repeats of received.
    Repeated,
    /// 平均处置时长: mean hours from report to close.
    HandlingTime,
    /// A figure that a source reports, by its key.
    Reported(String),
}

/// What is shown together.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Name under the wall's title.
    pub name: String,
    /// Visible layers.
    pub layers: Vec<Layer>,
    /// Visible panels: indices into [`Config::panels`].
    pub panels: Vec<usize>,
    /// Code of the area in focus.
    pub focus: Option<String>,
    /// What colours the areas.
    pub fill: Fill,
    /// What the heat map shows.
    pub heat: HeatStyle,
    /// Which events are on the map and in the list.
    pub filter: EventFilter,
    /// Tilt of the map, degrees; 0 looks straight down.
    pub tilt_deg: f64,
    /// Events of so many seconds count on the map.
    pub window_secs: f64,
    /// What the clock runs through again and again; `None` = the present.
    pub replay: Option<SceneReplay>,
    /// Seconds until the next scene of the playlist; `None` stays.
    pub duration_secs: Option<f64>,
    /// The playlist enters the scene only while there is one of these; empty =
    /// always.
    pub only_when: Vec<Occasion>,
}

/// What may give occasion to show a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Events in work that are past their due time.
    Overdue,
    /// Urgent events in the window of the map.
    Urgent,
    /// Devices in alarm.
    Alarm,
    /// Warnings.
    Warning,
}

/// A part of a day that a scene plays again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneReplay {
    /// Minutes after midnight at which it begins, below 1,440.
    pub from_minutes: i64,
    /// Minutes after midnight at which it ends, at most 1,440, after the begin.
    pub to_minutes: i64,
    /// Days before today.
    pub days_ago: i64,
    /// Shown seconds per second, at least 1.
    pub rate: u32,
}

impl SceneReplay {
    /// First and last instant, as of `now`. A part of the day that has not
    /// begun yet is taken from the day before; of one that has, what is not
    /// over yet is shown as far as it has come.
    pub fn range(&self, now: Time, zone: &TimeZone) -> [Time; 2] {
        let of_day = |days_ago: i64| {
            // Noon, because days with a change of the clock are longer or shorter.
            let noon = now.start_of_day(zone).plus_millis(DAY_MILLIS / 2 - DAY_MILLIS * days_ago);
            let start = noon.start_of_day(zone);
            [start.plus_millis(self.from_minutes * 60_000), start.plus_millis(self.to_minutes * 60_000 - 1)]
        };
        let range = of_day(self.days_ago);
        if range[0] < now { range } else { of_day(self.days_ago + 1) }
    }
}

impl Config {
    /// Reads and validates the file at `path`.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, has an unknown key or a bad
    /// value: all complaints at once, each with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        Self::parse(&text, path)
    }

    /// Validates the text of a configuration; `path` is for messages and for
    /// relative paths. A theme file that it names is read.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let (raw, complaints) = raw::parsed(text, path)?;
        validate::config_from_raw(raw, complaints, path)
    }

    /// Folder that relative paths start from.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }
}
