//! The briefing that somebody presents: a strip under the map with the step's
//! sentence, how far it is, and a button at each end.
//!
//! In: where the briefing is. Out: the strip, taken from the part of the stage
//! that panels leave free, so that nothing of the map is under it.

use bevy_egui::egui::{Align, Rect, Ui, pos2};

use super::chart::clickable;
use super::frame::card_ground;
use super::pen::{Pen, Style};
use super::{PanelAction, PanelView, StageLayout};
use crate::theme::{Rgba, size, space};

/// Where a briefing is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BriefingView<'a> {
    /// Its name.
    pub name: &'a str,
    /// The step, from 0.
    pub step: usize,
    /// How many there are.
    pub steps: usize,
    /// The sentence of the step.
    pub caption: Option<&'a str>,
}

/// Design units.
const STRIP: f32 = 132.0;
const BUTTON: f32 = 84.0;
const LINE: f32 = 34.0;
const BAR: f32 = 4.0;
const GAP: f32 = 3.0;
/// Narrower parts of the strip between two seams hold no sentence.
const LEAST_SPAN: f32 = 360.0;

/// Takes the strip from the free part of the stage; `None`, and nothing taken,
/// where too little of the map would be left.
pub fn take_briefing_strip(layout: &mut StageLayout, unit: f32) -> Option<Rect> {
    let height = (STRIP * unit).round();
    if layout.free.height() < height * 2.5 {
        return None;
    }
    let strip = Rect::from_min_max(pos2(layout.free.left(), layout.free.bottom() - height), layout.free.max);
    layout.free.max.y = strip.top() - (space::GUTTER * unit).round();
    Some(strip)
}

/// Draws the strip.
pub fn briefing_ui(
    ui: &mut Ui,
    layout: &StageLayout,
    strip: Rect,
    view: &PanelView,
    briefing: &BriefingView,
) -> Option<PanelAction> {
    // Somebody wrote these words for whoever sees them.
    let pen = Pen::new(ui, view).verbatim();
    card_ground(&pen, strip);
    progress_ui(&pen, strip, briefing);
    let side = pen.u(BUTTON).min(strip.width() * 0.16);
    let back = Rect::from_min_max(strip.min, pos2(strip.left() + side, strip.bottom()));
    let next = Rect::from_min_max(pos2(strip.right() - side, strip.top()), strip.max);
    button_ui(&pen, back, -1.0, briefing.step > 0);
    button_ui(&pen, next, 1.0, briefing.step + 1 < briefing.steps);
    let inner = Rect::from_min_max(pos2(back.right(), strip.top()), pos2(next.left(), strip.bottom()));
    let leave = head_ui(&pen, inner, briefing);
    if let Some(caption) = briefing.caption {
        let place = Rect::from_min_max(pos2(inner.left(), inner.top() + pen.u(LINE + 8.0)), inner.max);
        caption_ui(&pen, off_seams(&pen, place, layout), caption);
    }
    // The rest of the strip is not the map either.
    clickable(ui, strip, "briefing", briefing.name);
    let asks = |ui: &Ui, place: Rect, key: &str, name: &str| clickable(ui, place, key, name).clicked();
    let wishes = [
        (asks(ui, back, "briefing-back", "上一步"), PanelAction::StepBriefing(-1)),
        (asks(ui, next, "briefing-next", "下一步"), PanelAction::StepBriefing(1)),
        (asks(ui, leave, "briefing-leave", "结束汇报"), PanelAction::LeaveBriefing),
    ];
    wishes.into_iter().find_map(|(is_asked, action)| is_asked.then_some(action))
}

/// A piece of the upper edge for each step; those that were shown are lit. Of
/// many steps one line.
fn progress_ui(pen: &Pen, strip: Rect, briefing: &BriefingView) {
    let theme = pen.theme();
    let count = briefing.steps.max(1) as f32;
    let width = strip.width() / count;
    let edge = |from: f32, to: f32, color: Rgba| {
        pen.fill(Rect::from_min_max(pos2(from, strip.top()), pos2(to, strip.top() + pen.u(BAR))), color);
    };
    if width < pen.u(GAP * 3.0) {
        let done = strip.left() + width * (briefing.step + 1) as f32;
        edge(strip.left(), strip.right(), theme.hairline);
        edge(strip.left(), done, theme.accent);
        return;
    }
    for step in 0..briefing.steps {
        let left = strip.left() + width * step as f32;
        let color = if step <= briefing.step { theme.accent } else { theme.hairline };
        edge(left, left + width - pen.u(GAP), color);
    }
}

/// 3/7 and the name left, the way out right; returns where that is.
fn head_ui(pen: &Pen, inner: Rect, briefing: &BriefingView) -> Rect {
    let theme = pen.theme();
    let baseline = inner.top() + pen.u(28.0);
    let style = Style::regular(size::SMALL, theme.accent);
    let width = pen.text([inner.right(), baseline], Align::Max, "结束 Esc", style, inner.width() * 0.3);
    let leave = Rect::from_min_max(
        pos2(inner.right() - width.max(pen.u(40.0)), inner.top() + pen.u(BAR)),
        pos2(inner.right(), inner.top() + pen.u(LINE + 6.0)),
    );
    let room = leave.left() - pen.u(16.0) - inner.left();
    let count = format!("{}/{}", briefing.step + 1, briefing.steps);
    let style = Style::bold(size::SMALL, theme.text);
    let at = pen.text([inner.left(), baseline], Align::Min, &count, style, room) + pen.u(12.0);
    pen.text([inner.left() + at, baseline], Align::Min, briefing.name, pen.small(), room - at);
    leave
}

/// The part of the strip around the middle of the wall that no seam crosses.
fn off_seams(pen: &Pen, place: Rect, layout: &StageLayout) -> Rect {
    let between = place.intersect(Rect::from_x_y_ranges(layout.title.x_range(), place.y_range()));
    if between.width() >= pen.u(LEAST_SPAN).min(place.width()) { between } else { place }
}

/// The sentence as large as it can be: in one line, else in two.
fn caption_ui(pen: &Pen, place: Rect, caption: &str) {
    let theme = pen.theme();
    let fits = |text: &str, size: f32| pen.width(text, Style::bold(size, theme.text)) <= place.width();
    let one_line = [size::FIGURE, size::LARGE].into_iter().find(|&size| fits(caption, size));
    let middle = place.center();
    if let Some(size) = one_line {
        let style = Style::bold(size, theme.text);
        pen.text([middle.x, pen.baseline(middle.y - pen.u(4.0), size)], Align::Center, caption, style, place.width());
        return;
    }
    let lines = in_two(caption);
    let size =
        [size::LARGE, size::BODY, size::SMALL].into_iter().find(|&size| lines.iter().all(|line| fits(line, size)));
    let size = size.unwrap_or(size::SMALL);
    let style = Style::bold(size, theme.text);
    for (line, away) in lines.into_iter().zip([-0.68, 0.68]) {
        let y = middle.y - pen.u(4.0) + pen.u(size) * away;
        pen.text([middle.x, pen.baseline(y, size)], Align::Center, line, style, place.width());
    }
}

/// A sentence in two lines: after the mark that is nearest to its middle, else
/// there.
fn in_two(text: &str) -> [&str; 2] {
    let count = text.chars().count();
    let off = |index: usize| (index + 1).abs_diff(count.div_ceil(2));
    let marks = text.char_indices().enumerate().filter(|(_, (_, c))| "，。；：、！？,;:!? ".contains(*c));
    let near = marks.filter(|(index, _)| off(*index) * 3 <= count).min_by_key(|(index, _)| off(*index));
    let end = near.map(|(_, (at, c))| at + c.len_utf8());
    let middle = || text.char_indices().nth(count.div_ceil(2)).map_or(text.len(), |(at, _)| at);
    let (first, second) = text.split_at(end.unwrap_or_else(middle));
    [first.trim(), second.trim()]
}

/// An arrow to the left (−1) or right (1).
fn button_ui(pen: &Pen, place: Rect, way: f32, leads_on: bool) {
    let theme = pen.theme();
    let color = if leads_on { theme.accent } else { theme.hairline };
    let (center, half) = (place.center(), pen.u(16.0));
    let tip = center.x + way * half * 0.6;
    let tail = center.x - way * half * 0.4;
    pen.path(vec![pos2(tail, center.y - half), pos2(tip, center.y), pos2(tail, center.y + half)], 3.0, color);
    let edge = if way < 0.0 { place.right() } else { place.left() };
    pen.vline(edge - way * pen.u(12.0), place.top() + pen.u(28.0), place.bottom() - pen.u(28.0), 1.0, theme.hairline);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_sentences_break_at_a_mark_near_the_middle() {
        assert_eq!(in_two("今天早上积水最多，请各社区先查泵站"), ["今天早上积水最多，", "请各社区先查泵站"]);
        assert_eq!(in_two("好，今天请各社区先把泵站和井盖查一遍"), ["好，今天请各社区先", "把泵站和井盖查一遍"]);
        assert_eq!(in_two("甲"), ["甲", ""]);
        assert_eq!(in_two(""), ["", ""]);
    }

    proptest! {
        #[test]
        fn no_character_is_lost(text in "\\PC{0,40}") {
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&in_two(&text).concat()), bare(&text));
        }
    }
}
