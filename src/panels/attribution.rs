//! What the licences of map tiles want said on the map.
//!
//! In: the texts of the tile sets in force. Out: one line at the foot of the map,
//! beside the scale bar.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::PanelView;
use super::pen::Pen;
use crate::config::Config;

/// Design units from the left edge of the map: past the scale bar.
const LEFT: f32 = 300.0;

/// Design units at the right that belong to the legend.
const RIGHT: f32 = 320.0;

/// Whether there is anything to say.
pub fn has_attribution(config: &Config) -> bool {
    config.tiles.iter().any(|set| set.attribution.is_some())
}

/// Draws the line; nothing where there is nothing to say or no room.
pub fn attribution_ui(ui: &mut Ui, free: Rect, view: &PanelView) {
    let mut texts: Vec<&str> = view.config.tiles.iter().filter_map(|set| set.attribution.as_deref()).collect();
    texts.dedup();
    let pen = Pen::new(ui, view);
    let room = free.width() - pen.u(LEFT + RIGHT);
    if texts.is_empty() || room < pen.u(120.0) {
        return;
    }
    let text = texts.join(" · ");
    let style = pen.small();
    let width = pen.width(&text, style).min(room);
    let [left, baseline] = [free.left() + pen.u(LEFT), free.bottom() - pen.u(18.0)];
    let behind = Rect::from_min_max(pos2(left, baseline - pen.u(20.0)), pos2(left + width, baseline));
    pen.fill(behind.expand2(vec2(pen.u(12.0), pen.u(8.0))), view.theme.panel);
    pen.text([left, baseline], Align::Min, &text, style, room);
}
