//! The stages of the loop from top to bottom: what a tall panel shows.
//!
//! In: names and counts. Out: a row per stage with name, number, a bar of
//! those that reached it out of those received, median dwell, overdue.

use bevy_egui::egui::{Align, Rect, Ui, pos2};

use super::{overdue_ui, stage_clicked, stage_ground};
use crate::domain::closed_loop::{LoopSummary, StageCount};
use crate::panels::chart::{quantity, row};
use crate::panels::number::{count_text, span_text};
use crate::panels::pen::{Pen, Style};
use crate::panels::{PanelAction, PanelView};
use crate::theme::size;

/// Draws one row per stage into `list`.
pub(super) fn stage_list_ui(
    ui: &Ui,
    pen: &Pen,
    list: Rect,
    view: &PanelView,
    summary: &LoopSummary,
) -> Option<PanelAction> {
    let names = &view.config.closed_loop.stages;
    let mut asked = None;
    let height = list.height() / names.len() as f32;
    let most = summary.stages.iter().map(|stage| stage.reached).max().unwrap_or(0).max(summary.received).max(1);
    for (index, (name, stage)) in names.iter().zip(&summary.stages).enumerate() {
        let place = row(list, index, height);
        // ⌄ between stages, the way that events take, where it has room.
        if index > 0 && height >= pen.u(50.0) {
            arrow_ui(pen, place);
        }
        if view.filter.stages.contains(&(index as u8)) {
            pen.fill(place, stage_ground(pen, view.filter, index));
        }
        stage_ui(pen, place, name, stage, stage.reached as f32 / most as f32);
        asked = asked.or(stage_clicked(ui, place, index, name));
    }
    asked
}

fn arrow_ui(pen: &Pen, place: Rect) {
    let (x, y) = (place.left() + pen.u(8.0), place.top());
    let (w, h) = (pen.u(5.0), pen.u(3.0));
    pen.path(vec![pos2(x - w, y - h), pos2(x, y + h), pos2(x + w, y - h)], 1.5, pen.theme().text_secondary);
}

fn stage_ui(pen: &Pen, place: Rect, name: &str, stage: &StageCount, share: f32) {
    let theme = pen.theme();
    let middle = place.center().y;
    let (first, second) = (middle + pen.u(1.0), middle + pen.u(20.0));
    let bold = Style::bold(size::BODY, theme.text);
    let count = count_text(stage.reached);
    let width = pen.text([place.right(), first], Align::Max, &count, bold, place.width() * 0.4);
    let room = place.width() - width - pen.u(12.0);
    let name_width = pen.text([place.left(), first], Align::Min, name, pen.body(), room * 0.6);
    let dwell = stage.median_dwell_secs.map(span_text);
    let dwell = dwell.map_or_else(String::new, |(value, unit)| format!("中位 {value} {unit}"));
    let left = place.left() + name_width + pen.u(12.0);
    let dwell_room = place.right() - width - pen.u(16.0) - left;
    let fits = pen.width(&dwell, pen.small()) <= dwell_room;
    let used = if fits { pen.text([left, first], Align::Min, &dwell, pen.small(), dwell_room) } else { 0.0 };
    let overdue_left = left + used + pen.u(14.0);
    let overdue_room = place.right() - width - pen.u(16.0) - overdue_left;
    if stage.overdue > 0 && overdue_room > pen.u(40.0) {
        overdue_ui(pen, [overdue_left, first], Align::Min, stage.overdue, overdue_room);
    }
    let bar = Rect::from_min_max(pos2(place.left(), second - pen.u(9.0)), pos2(place.right(), second - pen.u(4.0)));
    pen.bar(bar, share, quantity(pen));
}
