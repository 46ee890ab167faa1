//! How much of a column each kind of panel needs.
//!
//! In: a panel, the configuration. Out: its [`Need`], in design units.

use crate::config::{Config, Panel, PanelKind, STAGE_ROWS};
use crate::panels::closed_loop::stage_rows;
use crate::panels::frame::{ERROR_HEIGHT, FOOT, TITLE_HEIGHT};
use crate::theme::{DESIGN_HEIGHT, space};

/// From one row of the grid to the next, design units.
pub(super) const ROW: f32 = (DESIGN_HEIGHT - space::HEADER - space::MARGIN + space::GUTTER) / STAGE_ROWS as f32;

/// Rows over which a curve of a day is drawn at most: higher it would say no
/// more, and all of its slopes would look steep.
const TREND_ROWS: u32 = 4;

/// Height in design units that a panel wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Need {
    /// Below this it shows nothing useful.
    pub(super) least: f32,
    /// At this it looks right.
    pub(super) natural: f32,
    /// Above this it shows nothing more.
    pub(super) most: f32,
    /// Its part of the height to spare.
    pub(super) stretch: f32,
    /// Somebody said how high it is: the others shrink first.
    pub(super) is_fixed: bool,
}

impl Need {
    /// One that may be as high as there is room.
    pub(super) const fn new(least: f32, natural: f32, stretch: f32) -> Self {
        Self { least, natural, most: f32::INFINITY, stretch, is_fixed: false }
    }

    /// As many rows high, or as high as it must be.
    fn in_rows(self, rows: u32) -> Self {
        let height = height_of(rows).max(self.least);
        Self { natural: height, most: height, stretch: 0.0, is_fixed: true, ..self }
    }

    /// What `panel` needs in a column of the usual width.
    pub(super) fn of(panel: &Panel, config: &Config) -> Self {
        let need = of_kind(&panel.kind, config);
        panel.cell.rows.map_or(need, |rows| need.in_rows(rows))
    }
}

/// Height of so many rows with the gutters between them, design units.
pub(super) fn height_of(rows: u32) -> f32 {
    ROW * rows as f32 - space::GUTTER
}

fn of_kind(kind: &PanelKind, config: &Config) -> Need {
    const EDGES: f32 = TITLE_HEIGHT + FOOT;
    let need = |least: f32, natural: f32, stretch| Need::new(EDGES + least, EDGES + natural, stretch);
    match kind {
        PanelKind::KeyFigures { figures } => {
            let rows = figures.len().div_ceil(2).max(1) as f32;
            need(rows * 107.0, rows * 112.0, 0.15 * rows)
        }
        PanelKind::ClosedLoop => {
            let rows = stage_rows(config.closed_loop.stages.len()) as f32;
            need(54.0 + rows * 112.0 + ERROR_HEIGHT, 84.0 + rows * 120.0, 1.0)
        }
        PanelKind::LiveEvents => need(210.0, 320.0, 2.0),
        PanelKind::Ranking { .. } => need(110.0, 216.0, 1.2),
        PanelKind::Trend => Need { most: height_of(TREND_ROWS), ..need(104.0, 170.0, 1.0) },
        PanelKind::Categories => need(110.0, 210.0, 0.8),
        PanelKind::Alerts => need(140.0, 280.0, 1.6),
        PanelKind::Warnings => need(120.0, 200.0, 0.8),
        PanelKind::Devices { .. } => need(104.0, 180.0, 0.6),
        PanelKind::Cameras { .. } => need(140.0, 300.0, 0.4),
        PanelKind::TimeAxis => need(70.0, 78.0, 0.1),
    }
}
