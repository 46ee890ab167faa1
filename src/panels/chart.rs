//! What charts share: rows of bars, ticks, colours of quantity.

use bevy_egui::egui::{Rect, Response, Sense, Ui};

use super::pen::Pen;
use crate::theme::Rgba;

/// Colour of bars that carry no judgement.
pub(super) fn quantity(pen: &Pen) -> Rgba {
    pen.theme().accent.alpha(0.62)
}

/// How many rows of at least `least` units fit into `rect`, and their height
/// in points: stretched up to `most` units so that few rows do not crowd at
/// the top.
pub(super) fn rows(pen: &Pen, rect: Rect, wanted: usize, least: f32, most: f32) -> (usize, f32) {
    let fitting = (rect.height() / pen.u(least)).floor().max(0.0) as usize;
    let count = fitting.min(wanted);
    let height = if count == 0 { 0.0 } else { (rect.height() / count as f32).min(pen.u(most)) };
    (count, height)
}

/// The `index`-th of rows of equal height.
pub(super) fn row(rect: Rect, index: usize, height: f32) -> Rect {
    let top = rect.top() + index as f32 * height;
    Rect::from_min_max([rect.left(), top].into(), [rect.right(), top + height].into())
}

/// Makes `rect` answer to clicks, under the name that screen readers say.
pub(super) fn clickable(ui: &Ui, rect: Rect, key: impl std::hash::Hash + std::fmt::Debug, name: &str) -> Response {
    use bevy_egui::egui::{CursorIcon, WidgetInfo, WidgetType};
    let response = ui.interact(rect, ui.id().with(key), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, name));
    response.on_hover_cursor(CursorIcon::PointingHand)
}
