//! What the wall shows, as it tells it: in words that the screen itself may
//! show, so masked where visitors look at it.

use serde::Serialize;

/// What the wall shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct State {
    /// Title of the wall.
    pub title: String,
    /// For whom the screen is now: `duty`, `public`, `demo`.
    pub audience: &'static str,
    /// For whom it is by its configuration.
    pub configured_audience: &'static str,
    /// Name of the scene.
    pub scene: String,
    /// Names of all scenes, in their order.
    pub scenes: Vec<String>,
    /// The area in focus; none is everything.
    pub focus: Option<AreaRef>,
    /// Where the wall is in time.
    pub clock: ClockState,
    /// All layers, bottom first.
    pub layers: Vec<LayerState>,
    /// Tilt of the map, degrees.
    pub tilt_deg: f64,
    /// Whether the map and the list show only some of the events.
    pub is_filtered: bool,
    /// Alerts that nobody has acknowledged, most urgent first; of many the first.
    pub alerts: Vec<AlertState>,
    /// How many of them there are.
    pub unacknowledged: usize,
}

/// An alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlertState {
    /// By which it is acknowledged and shown.
    pub id: String,
    /// `attention` or `alarm`.
    pub severity: &'static str,
    /// Name of its rule.
    pub title: String,
    /// What it is about.
    pub subject: String,
    /// Where, in words; may be empty.
    pub place: String,
    /// Since when it has stood, in the wall's time zone: `2025-08-15 14:32:08`.
    pub raised: String,
    /// Whether it still stands.
    pub stands: bool,
}

/// An area.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AreaRef {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Names from the top down to its own.
    pub path: Vec<String>,
}

/// How the clock runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockMode {
    /// It follows the system's.
    #[default]
    Live,
    /// It stands still.
    Paused,
    /// It runs, but not at the present.
    Replay,
}

/// Where the wall is in time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClockState {
    /// How the clock runs.
    pub mode: ClockMode,
    /// The shown instant, in the wall's time zone: `2025-08-15 14:32:08`.
    pub shown: String,
    /// Shown seconds per second of a replay.
    pub rate: u32,
}

/// A layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LayerState {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Whether it is shown.
    pub is_visible: bool,
}
