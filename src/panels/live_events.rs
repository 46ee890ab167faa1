//! Events as they come (实时事件), newest first, as many as fit.
//!
//! Two lines each: what and when; where and at which stage. The shape before
//! the title is the severity. News of the last seconds stand on a lit ground.
//! A click focuses the event's area. In a replay the title says 当时.

use std::borrow::Cow;

use bevy_egui::egui::{Align, Rect, Ui, pos2};

use super::chart::{clickable, row, rows};
use super::filter::filter_words;
use super::frame::{Shows, empty, panel_frame_ui};
use super::pen::{Mark, Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::event::Severity;
use crate::domain::health::PartHealth;
use crate::domain::overview::LiveEvent;
use crate::domain::time::age_text;
use crate::theme::{Rgba, size};

/// An event reported this long ago or less is news, seconds.
const NEWS_SECS: f64 = 10.0;
const LEAST_ROW: f32 = 52.0;
const MOST_ROW: f32 = 62.0;

/// Draws the newest events.
pub fn live_events_ui(
    ui: &mut Ui,
    rect: Rect,
    view: &PanelView,
    title: &str,
    health: &PartHealth,
) -> Option<PanelAction> {
    let words = filter_words(view);
    let title = if view.is_live { Cow::Borrowed(title) } else { title_then(title) };
    let title = words.as_ref().map_or_else(|| title.to_string(), |words| format!("{title} · {words}"));
    panel_frame_ui(ui, rect, view, &title, health, Shows::Then, |ui, pen, inner| {
        let live = &view.overview.live;
        if live.is_empty() {
            empty(pen, inner, if words.is_some() { "最近的事件中没有这样的" } else { "今日尚无事件" });
            return None;
        }
        let (count, height) = rows(pen, inner, live.len(), LEAST_ROW, MOST_ROW);
        let mut action = None;
        for (index, event) in live.iter().take(count).enumerate() {
            let line = row(inner, index, height);
            if index > 0 {
                pen.hline(line.left(), line.right(), line.top(), 1.0, view.theme.hairline.alpha(0.5));
            }
            event_ui(pen, line, view, event);
            if clickable(ui, line, ("live", &event.id), &event.title).clicked() {
                action = Some(PanelAction::ShowEvent(event.id.clone()));
            }
        }
        action
    })
}

/// The title over what was known at another instant: nothing there is 实时.
fn title_then(title: &str) -> Cow<'_, str> {
    if title.contains("实时") {
        title.replace("实时", "当时").into()
    } else {
        format!("{title} · 当时").into()
    }
}

/// Shape and colour of a severity.
fn severity_mark(severity: Severity, pen: &Pen) -> (Mark, Rgba) {
    let theme = pen.theme();
    match severity {
        Severity::Normal => (Mark::Dot, theme.text_secondary),
        Severity::Major => (Mark::Square, theme.attention),
        Severity::Urgent => (Mark::Diamond, theme.alarm),
    }
}

fn event_ui(pen: &Pen, line: Rect, view: &PanelView, event: &LiveEvent) {
    let theme = view.theme;
    let age_secs = view.now.secs_since(event.reported);
    if (0.0..NEWS_SECS).contains(&age_secs) {
        pen.fill(line.shrink2([0.0, pen.u(1.0)].into()), theme.accent.alpha(0.13));
        let edge = Rect::from_min_max(line.min, pos2(line.left() + pen.u(3.0), line.bottom()));
        pen.fill(edge, theme.accent);
    }
    let middle = line.center().y;
    let (first, second) = (middle - pen.u(5.0), middle + pen.u(18.0));
    let left = line.left() + pen.u(26.0);
    let (mark, color) = severity_mark(event.severity, pen);
    let radius = if event.severity == Severity::Normal { 5.0 } else { 6.5 };
    pen.mark(pos2(line.left() + pen.u(13.0), first - pen.u(7.0)), radius, mark, color);

    let gap = pen.u(12.0);
    let time = time_text(view, event, age_secs);
    let time_width = pen.text([line.right(), first], Align::Max, &time, pen.small(), line.width() * 0.4);
    let title = Style::bold(size::BODY, theme.text);
    pen.text([left, first], Align::Min, &event.title, title, line.right() - time_width - gap - left);

    let stages = &view.config.closed_loop.stages;
    let stage = stages.get(usize::from(event.stage)).map_or("", String::as_str);
    let room = line.width() * 0.45;
    let right = [line.right(), second];
    let stage_width = if event.overdue {
        let style = Style::regular(size::SMALL, theme.alarm);
        pen.marked_text(right, Align::Max, Mark::Triangle, &format!("{stage} 超时"), style, room)
    } else {
        pen.text(right, Align::Max, stage, pen.small(), room)
    };
    pen.text([left, second], Align::Min, &event.place, pen.small(), line.right() - stage_width - gap - left);
}

/// Seconds while it is new, then the time of day; 昨日 before it when it is
/// from the day before.
fn time_text(view: &PanelView, event: &LiveEvent, age_secs: f64) -> String {
    if (0.0..60.0).contains(&age_secs) {
        return age_text(age_secs);
    }
    let minute = event.reported.minute_text(&view.config.wall.zone);
    if event.reported < view.overview.day_start { format!("昨日 {minute}") } else { minute }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_replay_is_called_live() {
        let titles = ["实时事件", "街面实时诉求", "最新诉求"].map(title_then);
        assert_eq!(titles, ["当时事件", "街面当时诉求", "最新诉求 · 当时"]);
    }
}
