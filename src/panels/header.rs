//! The header: clock and date left, the wall's title in the middle, sources,
//! audience and the live mark right.
//!
//! While the wall does not show now, the mark becomes a filled, worded badge
//! with its speed, and a line in the same colour runs around the wall: nobody
//! should take a replay for the present.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::chart::clickable;
use super::pen::{MARK_EM, Mark, Pen, Style};
use super::{PanelAction, PanelView, ReplayView, StageLayout};
use crate::config::Audience;
use crate::domain::health::{Freshness, SourceState};
use crate::theme::{Rgba, size, space};

/// Under this width in design units the sides stack their parts.
const COMPACT_WIDTH: f32 = 1_400.0;
/// More sources than this are only counted.
const MOST_MARKS: usize = 16;
const WEEKDAYS: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];

/// Draws the header.
pub fn header_ui(ui: &mut Ui, layout: &StageLayout, view: &PanelView) -> Option<PanelAction> {
    let pen = Pen::new(ui, view);
    let rect = layout.header;
    let is_compact = rect.width() < pen.u(COMPACT_WIDTH);
    // The map may be zoomed under it.
    pen.fill(rect, view.theme.ground.alpha(0.6));
    if !view.is_live {
        let line = Rect::from_min_size(rect.min, vec2(rect.width(), pen.u(5.0)));
        pen.fill(line, view.theme.attention);
        // Around everything: no picture of a part of the wall lacks it.
        pen.outline(ui.max_rect(), 3.0, view.theme.attention);
    }
    let left = clock_ui(&pen, rect, view, is_compact);
    let (right, action) = right_ui(ui, &pen, rect, view, is_compact);
    let gap = pen.u(24.0);
    // Centred in its seam-free span, as wide as the sides leave it.
    let span = Rect::from_x_y_ranges(
        layout.title.left().max(left + gap)..=layout.title.right().min(right - gap),
        rect.y_range(),
    );
    title_ui(&pen.verbatim(), layout.title.center().x, span, view);
    action
}

/// Returns the right end of what it drew.
fn clock_ui(pen: &Pen, rect: Rect, view: &PanelView, is_compact: bool) -> f32 {
    let zone = &view.config.wall.zone;
    let color = if view.is_live { view.theme.text } else { view.theme.attention };
    let left = rect.left() + pen.u(space::MARGIN);
    let room = rect.width() * 0.3;
    let weekday = WEEKDAYS[view.now.civil(zone).weekday().to_monday_zero_offset() as usize % 7];
    let date = format!("{} {weekday}", view.now.date_text(zone));
    let (clock_size, baseline) = if is_compact { (size::LARGE, 38.0) } else { (size::FIGURE, 56.0) };
    let style = Style::bold(clock_size, color);
    let baseline = rect.top() + pen.u(baseline);
    let clock = view.now.clock_text(zone);
    let clock_width = pen.text([left, baseline], Align::Min, &clock, style, room);
    if is_compact {
        let date_width = pen.text([left, baseline + pen.u(26.0)], Align::Min, &date, pen.small(), room);
        return left + clock_width.max(date_width);
    }
    let at = left + clock_width + pen.u(16.0);
    at + pen.text([at, baseline], Align::Min, &date, pen.small(), room - clock_width)
}

fn title_ui(pen: &Pen, center: f32, span: Rect, view: &PanelView) {
    let title = &view.config.wall.title;
    let style = pen.shrunk(title, Style::bold(size::FIGURE, view.theme.text), span.width());
    let width = pen.width(title, style).min(span.width());
    // As close to the middle as the span allows.
    let center = |width: f32| {
        let half = width * 0.5;
        center.clamp(span.left() + half, (span.right() - half).max(span.left() + half))
    };
    let top = span.top();
    pen.text([center(width), top + pen.u(49.0)], Align::Center, title, style, span.width());
    let width = pen.width(view.scene, pen.small()).min(span.width());
    pen.text([center(width), top + pen.u(76.0)], Align::Center, view.scene, pen.small(), span.width());
}

/// Badges and sources, from the right edge inwards. Returns the left end.
fn right_ui(ui: &Ui, pen: &Pen, rect: Rect, view: &PanelView, is_compact: bool) -> (f32, Option<PanelAction>) {
    let right = rect.right() - pen.u(space::MARGIN);
    let middle = rect.top() + pen.u(if is_compact { 28.0 } else { 42.0 });
    let gap = pen.u(16.0);
    let mut action = None;
    let badge = live_badge(pen, [right, middle], view);
    if clickable(ui, badge, "live-badge", "实时或回放").clicked() {
        action = Some(if view.is_live { PanelAction::TogglePause } else { PanelAction::GoLive });
    }
    let audience = audience_ui(pen, [badge.left() - gap, middle], view);
    let (sources_right, sources_middle) =
        if is_compact { (right, middle + pen.u(34.0)) } else { (audience - gap, middle) };
    let sources = sources_ui(pen, [sources_right, sources_middle], view, !is_compact);
    if clickable(ui, sources, "sources", "数据源").clicked() {
        action = Some(PanelAction::ToggleDiagnostics);
    }
    (sources.left().min(audience), action)
}

/// 实时 outlined; 数据中断 when no source is well, or 回放, filled.
fn live_badge(pen: &Pen, [right, middle]: [f32; 2], view: &PanelView) -> Rect {
    let theme = view.theme;
    if view.is_live {
        // With every source lost, what stands here is of the past.
        let has_data = view.sources.iter().any(|row| row.health.last_ok.is_some());
        if has_data && view.sources_well() == 0 {
            return badge_ui(pen, [right, middle], Mark::Triangle, "数据中断", theme.alarm, true);
        }
        return badge_ui(pen, [right, middle], Mark::Dot, "实时", theme.good, false);
    }
    let word = match view.replay {
        ReplayView { is_running: true, range: Some(_), rate } => format!("循环回放 {rate}×"),
        ReplayView { is_running: true, rate, .. } => format!("回放 {rate}×"),
        _ => "回放 · 暂停".to_owned(),
    };
    badge_ui(pen, [right, middle], Mark::Rewind, &word, theme.attention, true)
}

/// A badge whose right end is at `right`.
fn badge_ui(pen: &Pen, [right, middle]: [f32; 2], mark: Mark, word: &str, color: Rgba, is_filled: bool) -> Rect {
    let size = if is_filled { size::BODY } else { size::SMALL };
    let ink = if is_filled { pen.theme().ground } else { color };
    let style = if is_filled { Style::bold(size, ink) } else { Style::regular(size, ink) };
    let width = pen.width(word, style) + pen.u(size * MARK_EM + 24.0);
    let height = pen.u(size + 14.0);
    let badge = Rect::from_min_size(pos2(right - width, middle - height * 0.5), vec2(width, height));
    if is_filled {
        pen.fill(badge, color);
    } else {
        pen.outline(badge, 1.5, color);
    }
    let at = [badge.left() + pen.u(12.0), pen.baseline(middle, size)];
    pen.marked_text(at, Align::Min, mark, word, style, width);
    badge
}

/// For whom the wall is; demonstration data is marked, whoever looks at it, and
/// so is a screen that a hand switched to visitors. Returns the left end.
fn audience_ui(pen: &Pen, [right, middle]: [f32; 2], view: &PanelView) -> f32 {
    let own = view.config.wall.audience;
    let is_switched = view.audience != own;
    let badge = |mark, word, color| badge_ui(pen, [right, middle], mark, word, color, false).left();
    let word = match own {
        Audience::Demo if is_switched => return badge(Mark::Triangle, "公开 · 演示数据", view.theme.attention),
        Audience::Demo => return badge(Mark::Triangle, "演示数据", view.theme.attention),
        _ if is_switched => return badge(Mark::Dot, "公开", view.theme.accent),
        Audience::Duty => "值班",
        Audience::Public => "公开",
    };
    let style = Style::regular(size::SMALL, view.theme.text);
    right - pen.text([right, pen.baseline(middle, size::SMALL)], Align::Max, word, style, pen.u(120.0))
}

/// One shape per source and 11/12 数据源.
fn sources_ui(pen: &Pen, [right, middle]: [f32; 2], view: &PanelView, with_marks: bool) -> Rect {
    let total = view.sources.len();
    let text = format!("{}/{total} 数据源", view.sources_well());
    let style = Style::regular(size::SMALL, view.theme.text);
    let baseline = pen.baseline(middle, size::SMALL);
    let mut left = right - pen.text([right, baseline], Align::Max, &text, style, pen.u(200.0));
    if with_marks && total <= MOST_MARKS {
        let step = pen.u(15.0);
        left -= pen.u(4.0);
        for row in view.sources.iter().rev() {
            left -= step;
            let (mark, color) = source_mark(row.freshness(view.system), row.health.state, pen);
            pen.mark(pos2(left + step * 0.5, middle), 5.0, mark, color);
        }
    }
    Rect::from_min_max(pos2(left, middle - pen.u(14.0)), pos2(right, middle + pen.u(14.0)))
}

/// Shape and colour of a source's state.
pub(super) fn source_mark(freshness: Freshness, state: SourceState, pen: &Pen) -> (Mark, Rgba) {
    let theme = pen.theme();
    match (freshness, state) {
        (_, SourceState::Failing) => (Mark::Triangle, theme.alarm),
        (Freshness::Waiting, _) => (Mark::Ring, theme.text_secondary),
        (Freshness::Stale, _) => (Mark::Diamond, theme.attention),
        (Freshness::Fresh, _) => (Mark::Dot, theme.good),
    }
}
