//! The grid of the stage: columns and rows in which hands may put panels.
//!
//! In: the screen, the configuration, where panels stand. Out: [`StageGrid`],
//! in points.

use bevy_egui::egui::{Pos2, Rect, Vec2, pos2};

use super::need::{ROW, height_of};
use super::{Stage, StageLayout, scaled};
use crate::config::{Config, STAGE_ROWS, Side};
use crate::theme::space;

/// Rows that a strip under the map would have where there is none.
const STRIP_ROWS: u32 = 2;

/// A column that panels may stand in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridColumn {
    /// Side of the stage.
    pub side: Side,
    /// Its number, 1 at the edge.
    pub number: u32,
    /// All of it.
    pub rect: Rect,
}

/// The cells of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageGrid {
    /// From left to right.
    pub columns: Vec<GridColumn>,
    /// Where panels stand under the map, or would.
    pub strip: Rect,
    /// From one row to the next.
    pub row: f32,
    /// Between two columns or rows.
    pub gutter: f32,
    /// Whether both sides share the columns, as in portrait.
    pub is_shared: bool,
}

/// The grid of the stage on which `placed` stands.
pub fn grid(screen: Vec2, unit: f32, config: &Config, placed: &StageLayout) -> StageGrid {
    let unit = if unit.is_finite() && unit > 0.0 { unit } else { 1.0 };
    let stage = Stage::new(screen, unit, config);
    let is_below = |index: usize| config.panels.get(index).is_some_and(|panel| panel.side == Side::Bottom);
    let top_of = |wants_below: bool| {
        let tops = placed.panels.iter().filter(|(index, _)| is_below(*index) == wants_below);
        tops.map(|(_, rect)| rect.top() / unit).reduce(f32::min)
    };
    let end = stage.height - space::MARGIN;
    let (columns, strip) = if stage.is_portrait() {
        let strip_top = top_of(true).unwrap_or(end);
        let rest = Rect::from_min_max(
            pos2(space::MARGIN, space::HEADER),
            pos2(stage.width - space::MARGIN, if strip_top < end { strip_top - space::GUTTER } else { end }),
        );
        let top = top_of(false).unwrap_or(rest.top() + rest.height() * 0.42);
        let strip = Rect::from_min_max(pos2(rest.left(), strip_top), pos2(rest.right(), stage.height));
        (portrait_columns(&stage.portrait_spans(&rest), top, rest.bottom()), strip)
    } else {
        let strip_top = top_of(true).unwrap_or(end - height_of(STRIP_ROWS));
        let [left, right] = [placed.free.left() / unit, placed.free.right() / unit];
        let strip = Rect::from_min_max(pos2(left, strip_top), pos2(right, end));
        (landscape_columns(&stage, end), strip)
    };
    let columns = columns.into_iter().map(|column| GridColumn { rect: scaled(column.rect, unit), ..column });
    StageGrid {
        columns: columns.collect(),
        strip: scaled(strip, unit),
        row: ROW * unit,
        gutter: space::GUTTER * unit,
        is_shared: stage.is_portrait(),
    }
}

fn landscape_columns(stage: &Stage, end: f32) -> Vec<GridColumn> {
    let (_, most) = stage.columns();
    let of_side = |side: Side| {
        let spans = stage.column_spans(side, most);
        let last = spans.len();
        spans.into_iter().enumerate().map(move |(place, [left, right])| {
            let number = if side == Side::Right { last - place } else { place + 1 };
            let rect = Rect::from_min_max(pos2(left, space::HEADER), pos2(right, end));
            GridColumn { side, number: number as u32, rect }
        })
    };
    of_side(Side::Left).chain(of_side(Side::Right)).collect()
}

/// Under the map in portrait, the left half of the columns are the left side's.
fn portrait_columns(spans: &[[f32; 2]], top: f32, bottom: f32) -> Vec<GridColumn> {
    let column = |(place, &[left, right]): (usize, &[f32; 2])| {
        let is_left = place < spans.len().div_ceil(2);
        let (side, number) = if is_left { (Side::Left, place + 1) } else { (Side::Right, spans.len() - place) };
        let rect = Rect::from_min_max(pos2(left, top), pos2(right, bottom));
        GridColumn { side, number: number as u32, rect }
    };
    spans.iter().enumerate().map(column).collect()
}

impl StageGrid {
    /// The column at a place.
    pub fn column_at(&self, at: Pos2) -> Option<&GridColumn> {
        self.columns.iter().find(|column| column.rect.expand(self.gutter * 0.5).contains(at))
    }

    /// The column in which a panel begins, seen from the edge of its side.
    pub fn column_of(&self, rect: Rect, side: Side) -> Option<&GridColumn> {
        let mut covered = self.columns.iter().filter(|column| rect.x_range().contains(column.rect.center().x));
        if side == Side::Right { covered.next_back() } else { covered.next() }
    }

    /// How many columns a side has.
    pub fn count_of(&self, side: Side) -> usize {
        self.columns.iter().filter(|column| column.side == side).count()
    }

    /// Whether panels of a side flow through several columns, unless somebody
    /// gives them theirs.
    pub fn flows(&self, side: Side) -> bool {
        let own = self.columns.iter().filter(|column| self.is_shared || column.side == side);
        side != Side::Bottom && own.count() > 1
    }

    /// Rows that a height makes, at least one.
    pub fn rows_of(&self, height: f32) -> u32 {
        (((height + self.gutter) / self.row).round() as u32).clamp(1, STAGE_ROWS)
    }

    /// Height of so many rows.
    pub fn height_of(&self, rows: u32) -> f32 {
        self.row * rows as f32 - self.gutter
    }

    /// The first and the last row that `rect` touches in `column`, from 1.
    pub fn rows_in(&self, rect: Rect, column: &GridColumn) -> [u32; 2] {
        let first = ((rect.top() - column.rect.top()) / self.row).round().max(0.0) as u32 + 1;
        [first, (first + self.rows_of(rect.height()) - 1).max(first)]
    }
}
