//! Key figures (今日要情): value, unit, parts of the ratio, change, sparkline.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::chart::row;
use super::figure_cell::{Change, FigureCell, figure_cell};
use super::frame::{Shows, panel_frame_ui};
use super::pen::{MARK_EM, Mark, Pen, Style};
use super::{PanelAction, PanelView};
use crate::config::KeyFigure;
use crate::domain::health::PartHealth;
use crate::theme::size;

/// Design units.
const GAP: f32 = 16.0;
const LEAST_CELL_WIDTH: f32 = 176.0;
const LEAST_ROW_HEIGHT: f32 = 86.0;
const MOST_ROW_HEIGHT: f32 = 132.0;
/// Between a value and its unit.
const UNIT_GAP: f32 = 7.0;
/// Share of a list's width that parts and change take.
const LIST_RIGHT: f32 = 0.45;
/// Height of a figure in the list that a tall panel shows.
const LIST_ROW_HEIGHT: f32 = 98.0;
const MOST_LIST_ROW_HEIGHT: f32 = 150.0;

/// Draws `figures` in a grid, two side by side in a column of usual width; in a tall
/// panel one under the other.
pub fn key_figures_ui(
    ui: &mut Ui,
    rect: Rect,
    view: &PanelView,
    title: &str,
    health: &PartHealth,
    figures: &[KeyFigure],
) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Then, |_, pen, inner| {
        let fitting = ((inner.width() + pen.u(GAP)) / pen.u(LEAST_CELL_WIDTH + GAP)).floor().max(1.0) as usize;
        let list_height = pen.u(LIST_ROW_HEIGHT) * figures.len() as f32;
        if inner.height() >= list_height && fitting <= 2 {
            list_ui(pen, inner, view, figures);
            return None;
        }
        // More than two beside each other only where there is truly room.
        let columns = fitting.min(if inner.width() > pen.u(600.0) { 4 } else { 2 });
        let rows = figures.len().div_ceil(columns).max(1);
        let shown_rows = rows.min((inner.height() / pen.u(LEAST_ROW_HEIGHT)).floor().max(1.0) as usize);
        let height = (inner.height() / shown_rows as f32).min(pen.u(MOST_ROW_HEIGHT));
        let width = (inner.width() - pen.u(GAP) * (columns - 1) as f32) / columns as f32;
        let cells: Vec<_> = figures.iter().take(shown_rows * columns).map(|figure| figure_cell(figure, view)).collect();
        let style = one_size(pen, size::FIGURE, &cells, |_| width);
        for (index, cell) in cells.iter().enumerate() {
            let (row, column) = (index / columns, index % columns);
            let corner = inner.min + vec2(column as f32 * (width + pen.u(GAP)), row as f32 * height);
            cell_ui(pen, Rect::from_min_size(corner, vec2(width, height)), cell, style);
        }
        None
    })
}

/// The largest style up to `most` in which every value fits the room of its
/// cell: values of a panel are compared with each other, and a larger number
/// must not be smaller.
fn one_size(pen: &Pen, most: f32, cells: &[FigureCell], room: impl Fn(&FigureCell) -> f32) -> Style {
    let bold = Style::bold(most, pen.theme().text);
    let styles = cells.iter().map(|cell| pen.shrunk(&cell.value, bold, room(cell) - unit_width(pen, cell, room(cell))));
    styles.min_by(|a, b| a.size.total_cmp(&b.size)).unwrap_or(bold)
}

/// Of the unit beside a value and the gap between them.
fn unit_width(pen: &Pen, cell: &FigureCell, room: f32) -> f32 {
    let gap = if cell.unit.is_empty() { 0.0 } else { pen.u(UNIT_GAP) };
    pen.width(&cell.unit, pen.small()).min(room * 0.4) + gap
}

/// One figure under the other, to be read from across the room.
fn list_ui(pen: &Pen, inner: Rect, view: &PanelView, figures: &[KeyFigure]) {
    let height = (inner.height() / figures.len().max(1) as f32).min(pen.u(MOST_LIST_ROW_HEIGHT));
    let cells: Vec<_> = figures.iter().map(|figure| figure_cell(figure, view)).collect();
    let style = one_size(pen, size::HERO, &cells, |cell| list_value_room(pen, inner.width(), cell));
    for (index, cell) in cells.iter().enumerate() {
        let place = row(inner, index, height);
        if index > 0 {
            pen.hline(place.left(), place.right(), place.top(), 1.0, view.theme.hairline.alpha(0.5));
        }
        list_cell_ui(pen, place, cell, style);
    }
}

/// Room of a value with its unit: all where nothing is to be said beside it.
fn list_value_room(pen: &Pen, width: f32, cell: &FigureCell) -> f32 {
    let is_alone = cell.parts.is_none() && cell.change.is_none() && cell.series.len() < 2;
    if is_alone { width } else { width * (1.0 - LIST_RIGHT) - pen.u(10.0) }
}

/// The value large on the left; parts, change and sparkline on the right.
fn list_cell_ui(pen: &Pen, place: Rect, cell: &FigureCell, style: Style) {
    let top = place.center().y - pen.u(LIST_ROW_HEIGHT * 0.5);
    let left = place.left();
    let right_room = place.width() * LIST_RIGHT;
    let value_room = list_value_room(pen, place.width(), cell);
    pen.text([left, top + pen.u(22.0)], Align::Min, &cell.label, pen.small(), value_room);
    let baseline = top + pen.u(83.0);
    value_ui(pen, [left, baseline], cell, style, value_room);

    let right = place.right() - right_room;
    let mut line = baseline;
    if let Some(change) = &cell.change {
        change_ui(pen, [right, line], change, right_room);
        line -= pen.u(23.0);
    }
    if let Some(parts) = &cell.parts {
        pen.text([right, line], Align::Min, parts, pen.small(), right_room);
        line -= pen.u(23.0);
    }
    let spark = Rect::from_min_max(pos2(right, top + pen.u(12.0)), pos2(place.right() - pen.u(4.0), line + pen.u(4.0)));
    if cell.series.len() >= 2 && spark.height() >= pen.u(16.0) {
        sparkline(pen, spark, cell.series);
    }
}

/// The value and its unit; tells how wide they are.
fn value_ui(pen: &Pen, [x, baseline]: [f32; 2], cell: &FigureCell, style: Style, room: f32) -> f32 {
    let beside = unit_width(pen, cell, room);
    let width = pen.text([x, baseline], Align::Min, &cell.value, style, room - beside);
    let gap = if cell.unit.is_empty() { 0.0 } else { pen.u(UNIT_GAP) };
    pen.text([x + width + gap, baseline], Align::Min, &cell.unit, pen.small(), beside - gap + 1.0);
    width + beside
}

fn cell_ui(pen: &Pen, rect: Rect, cell: &FigureCell, style: Style) {
    let at = |x: f32, y: f32| [rect.left() + x, rect.top() + pen.u(y)];
    pen.text(at(0.0, 17.0), Align::Min, &cell.label, pen.small(), rect.width());

    let used = value_ui(pen, at(0.0, 54.0), cell, style, rect.width()) + pen.u(14.0);
    let spark = Rect::from_min_max(
        pos2(rect.left() + used, rect.top() + pen.u(26.0)),
        pos2(rect.right() - pen.u(4.0), rect.top() + pen.u(54.0)),
    );
    if cell.series.len() >= 2 && spark.width() >= pen.u(40.0) {
        sparkline(pen, spark, cell.series);
    }
    last_lines(pen, rect, cell);
}

/// The parts, then the change: on two lines, or on one where rows are low.
fn last_lines(pen: &Pen, rect: Rect, cell: &FigureCell) {
    let (left, first) = (rect.left(), rect.top() + pen.u(77.0));
    let Some(parts) = &cell.parts else {
        if let Some(change) = &cell.change {
            change_ui(pen, [left, first], change, rect.width());
        }
        return;
    };
    let width = pen.text([left, first], Align::Min, parts, pen.small(), rect.width());
    let Some(change) = &cell.change else { return };
    if rect.height() >= pen.u(102.0) {
        change_ui(pen, [left, rect.top() + pen.u(98.0)], change, rect.width());
    } else {
        let gap = pen.u(10.0);
        arrow_ui(pen, [left + width + gap, first], change, rect.width() - width - gap);
    }
}

/// 较昨日同期 ↑1.4 点, without the words where they do not fit.
fn change_ui(pen: &Pen, [x, baseline]: [f32; 2], change: &Change, max_width: f32) {
    let against = pen.width(change.against, pen.small()) + pen.u(6.0);
    if against + arrow_width(pen, change) <= max_width {
        pen.text([x, baseline], Align::Min, change.against, pen.small(), max_width);
        arrow_ui(pen, [x + against, baseline], change, max_width - against);
    } else {
        arrow_ui(pen, [x, baseline], change, max_width);
    }
}

fn arrow_width(pen: &Pen, change: &Change) -> f32 {
    let text = if change.amount.is_empty() { "持平" } else { &change.amount };
    pen.width(text, pen.small()) + pen.u(size::SMALL * MARK_EM)
}

/// ↑1.4 点 in the colour of its meaning. Left out where it does not fit: half
/// a number is a wrong number.
fn arrow_ui(pen: &Pen, at: [f32; 2], change: &Change, max_width: f32) {
    let theme = pen.theme();
    let color = match change.is_good {
        Some(true) => theme.good,
        Some(false) => theme.attention,
        None => theme.text_secondary,
    };
    let style = Style::regular(size::SMALL, color);
    if arrow_width(pen, change) > max_width {
        return;
    }
    if change.amount.is_empty() {
        pen.text(at, Align::Min, "持平", style, max_width);
    } else {
        let mark = if change.is_up { Mark::Up } else { Mark::Down };
        pen.marked_text(at, Align::Min, mark, &change.amount, style, max_width);
    }
}

/// Recent values between their least and most; the last one marked.
fn sparkline(pen: &Pen, rect: Rect, series: &[f64]) {
    let values: Vec<f64> = series.iter().copied().filter(|value| value.is_finite()).collect();
    let Some(last) = values.len().checked_sub(1).filter(|&last| last > 0) else { return };
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let span = if high > low { high - low } else { 1.0 };
    let points: Vec<_> = values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let x = rect.left() + rect.width() * index as f32 / last as f32;
            pos2(x, rect.bottom() - rect.height() * ((value - low) / span) as f32)
        })
        .collect();
    let end = points[last];
    pen.path(points, 1.5, pen.theme().accent.alpha(0.8));
    pen.disc(end, 3.0, pen.theme().accent);
}
