//! Which events the map and the list show, said on the map: a chip that a click
//! takes away.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::chart::clickable;
use super::pen::{Pen, Style};
use super::{PanelAction, PanelView};
use crate::theme::size;

/// The conditions in words, `处置 · 市容环境`; `None` while all events are shown.
pub(super) fn filter_words(view: &PanelView) -> Option<String> {
    let filter = view.filter;
    let stages = &view.config.closed_loop.stages;
    let stage = |&stage: &u8| stages.get(usize::from(stage)).map_or("", String::as_str);
    let groups: [Vec<&str>; 4] = [
        filter.stages.iter().map(stage).collect(),
        filter.categories.iter().map(String::as_str).collect(),
        filter.severities.iter().map(|severity| severity.label()).collect(),
        filter.channels.iter().map(|channel| channel.label()).collect(),
    ];
    let words: Vec<String> = groups.iter().filter(|group| !group.is_empty()).map(|group| group.join("、")).collect();
    (!words.is_empty()).then(|| words.join(" · "))
}

/// Draws the chip into the top left corner of `free`, under the breadcrumb.
pub fn filter_chip_ui(ui: &mut Ui, free: Rect, view: &PanelView) -> Option<PanelAction> {
    let words = filter_words(view)?;
    let pen = Pen::new(ui, view);
    let text = format!("地图与列表只看:{words}");
    let style = Style::regular(size::SMALL, view.theme.text);
    let (pad, cross) = (pen.u(14.0), pen.u(12.0));
    let room = free.width() * 0.5 - pad * 3.0 - cross;
    let width = pen.width(&text, style).min(room);
    let top = free.top() + pen.u(if view.focus.is_some() { 58.0 } else { 12.0 });
    let corner = pos2(free.left() + pen.u(8.0), top);
    let chip = Rect::from_min_size(corner, vec2(width + pad * 3.0 + cross, pen.u(36.0)));
    pen.fill(chip, view.theme.ground.alpha(0.92));
    pen.outline(chip, 1.5, view.theme.accent);
    pen.text([chip.left() + pad, pen.baseline(chip.center().y, size::SMALL)], Align::Min, &text, style, width);
    let middle = pos2(chip.right() - pad - cross * 0.5, chip.center().y);
    let half = cross * 0.42;
    for way in [1.0, -1.0] {
        let ends = vec![middle + vec2(-half, -half * way), middle + vec2(half, half * way)];
        pen.path(ends, 2.0, view.theme.accent);
    }
    clickable(ui, chip, "filter", &text).clicked().then_some(PanelAction::ClearFilter)
}
