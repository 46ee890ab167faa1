//! Alerts (告警): those that stand, most urgent first, each with its limit, its
//! age and a way to acknowledge it; below, who acknowledged what.
//!
//! They are of the present, whatever instant the wall shows. A click on a row
//! flies there.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::chart::{clickable, row, rows};
use super::frame::{Shows, empty, panel_frame_ui};
use super::number::{count_text, value_text};
use super::pen::{Mark, Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::alert::{Alert, AlertKey, AlertSeverity, Desk, Detail, Limit};
use crate::domain::health::PartHealth;
use crate::domain::time::{Time, age_text};
use crate::theme::{Rgba, size};

const LEAST_ROW: f32 = 82.0;
const MOST_ROW: f32 = 94.0;
/// Height of a line of the history.
const PAST_ROW: f32 = 26.0;
/// Height of the words above the history.
const HEADING: f32 = 30.0;
/// Height of the line under all of it.
const FOOT: f32 = 26.0;
/// Lines of the history that are worth less room for what stands.
const LEAST_PAST: usize = 3;
/// Width and height of a button.
const BUTTON: [f32; 2] = [64.0, 32.0];

/// The alerts as panels show them.
#[derive(Clone, Copy)]
pub struct AlertsView<'a> {
    /// Queue, history, counts.
    pub desk: &'a Desk,
    /// The one that has the wall.
    pub shown: Option<&'a AlertKey>,
    /// Cameras that deliver pictures nearest to that one, or to the first.
    pub cameras: &'a [NearCamera],
    /// How bright the light is that calls for a look, 0–1.
    pub glow: f32,
    /// Whether a panel of the scene shows alerts.
    pub has_panel: bool,
    /// Why they are not kept on disk, where they should be.
    pub fault: Option<&'a str>,
}

/// A camera near an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct NearCamera {
    /// Id at its source.
    pub id: String,
    /// The place it looks at.
    pub name: String,
    /// How far away it is, metres.
    pub away_m: f64,
}

/// Shape and colour of an alert; of one that was seen, quieter.
pub(super) fn mark_of(alert: &Alert, pen: &Pen) -> (Mark, Rgba) {
    let theme = pen.theme();
    match (alert.severity, alert.stands(), alert.acknowledged.is_some()) {
        (AlertSeverity::Alarm, true, false) => (Mark::Triangle, theme.alarm),
        (AlertSeverity::Attention, true, false) => (Mark::Square, theme.attention),
        (AlertSeverity::Alarm, true, true) => (Mark::Triangle, theme.text_secondary),
        (AlertSeverity::Attention, true, true) => (Mark::Square, theme.text_secondary),
        (_, false, _) => (Mark::Ring, theme.good),
    }
}

/// Why there is an alert: `液位 3.2 m，高于 3 m`; the same in fewer words, for where
/// there is no room.
pub(super) fn detail_texts(detail: &Detail) -> Vec<String> {
    let (label, value, unit, limit) = match detail {
        Detail::Words(words) => return vec![words.clone()],
        Detail::Reading { label, value, unit, limit } => (label, *value, unit, limit),
    };
    let with_unit = |value: f64| format!("{} {unit}", value_text(value)).trim_end().to_owned();
    let (word, bound, is_beyond) = match *limit {
        Limit::Above(bound) => ("高于", bound, value > bound),
        Limit::Below(bound) => ("低于", bound, value < bound),
    };
    // Back behind the limit, but not far enough.
    let word = if is_beyond { word } else { "未恢复，告警线" };
    let (value, bound) = (with_unit(value), with_unit(bound));
    vec![format!("{label} {value}，{word} {bound}"), format!("{label} {value}"), value]
}

/// What and where: `汇景3网格 · 大明路`.
pub(super) fn subject_text(alert: &Alert) -> String {
    let facts = &alert.facts;
    let parts = [facts.name.as_str(), facts.place.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// `120 m`, `1.3 km`.
pub(super) fn distance_text(metres: f64) -> String {
    if metres < 1_000.0 { format!("{metres:.0} m") } else { format!("{:.1} km", metres / 1_000.0) }
}

/// Draws the queue and the history.
pub fn alerts_ui(ui: &mut Ui, rect: Rect, view: &PanelView, title: &str, health: &PartHealth) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Now, |ui, pen, inner| {
        let desk = view.alerts.desk;
        let list = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - pen.u(FOOT)));
        let past = desk.history().len().min(LEAST_PAST);
        let past_height = if past > 0 { pen.u(HEADING + PAST_ROW * past as f32) } else { 0.0 };
        let has_room = list.height() - past_height >= pen.u(LEAST_ROW);
        let bottom = if has_room { list.bottom() - past_height } else { list.bottom() };
        let upper = Rect::from_min_max(list.min, pos2(list.right(), bottom));
        let (count, height) = rows(pen, upper, desk.queue().len(), LEAST_ROW, MOST_ROW);
        let mut asked = None;
        if desk.queue().is_empty() {
            let place =
                if past > 0 { Rect { max: pos2(upper.right(), upper.top() + pen.u(64.0)), ..upper } } else { upper };
            empty(pen, place, "当前没有告警");
        }
        for (index, alert) in desk.queue().iter().take(count).enumerate() {
            asked = alert_ui(ui, pen, row(upper, index, height), view, alert).or(asked);
        }
        if has_room {
            let used = if desk.queue().is_empty() { pen.u(64.0).min(upper.height()) } else { height * count as f32 };
            let rest = Rect::from_min_max(pos2(list.left(), upper.top() + used), list.max);
            asked = history_ui(ui, pen, rest, view).or(asked);
        }
        foot_ui(ui, pen, inner, view, desk.queue().len() - count).or(asked)
    })
}

/// One alert: what, since when; at what; why, or who has seen it.
fn alert_ui(ui: &mut Ui, pen: &Pen, line: Rect, view: &PanelView, alert: &Alert) -> Option<PanelAction> {
    let theme = view.theme;
    if view.alerts.shown == Some(&alert.key) {
        pen.fill(line, mark_of(alert, pen).1.alpha(0.14));
    }
    pen.hline(line.left(), line.right(), line.top(), 1.0, theme.hairline.alpha(0.5));
    let first = line.top() + pen.u(26.0);
    let (second, third) = (first + pen.u(24.0), first + pen.u(46.0));
    let gap = pen.u(10.0);
    let age = age_text(view.system.secs_since(alert.raised));
    let age_width = pen.text([line.right(), first], Align::Max, &age, pen.small(), line.width() * 0.35);
    let (mark, color) = mark_of(alert, pen);
    let is_open = alert.acknowledged.is_none();
    let style = Style::bold(size::BODY, if is_open && alert.stands() { color } else { theme.text });
    let title = title_text(alert);
    pen.marked_text([line.left(), first], Align::Min, mark, &title, style, line.width() - age_width - gap);
    let style = Style::regular(size::SMALL, theme.text);
    let mut right = line.right();
    let mut asked = None;
    if clickable(ui, line, ("alert", &alert.key), &title).clicked() {
        asked = Some(PanelAction::ShowAlert(alert.key.clone()));
    }
    if is_open {
        let button = Rect::from_min_size(
            pos2(line.right() - pen.u(BUTTON[0]), first + pen.u(12.0)),
            vec2(pen.u(BUTTON[0]), pen.u(BUTTON[1])),
        );
        if button_ui(ui, pen, button, "确认", ("acknowledge", &alert.key), &format!("确认 {title}"), color) {
            asked = Some(PanelAction::AcknowledgeAlert(alert.key.clone()));
        }
        right = button.left() - gap;
    }
    pen.text([line.left(), second], Align::Min, &subject_text(alert), style, right - line.left());
    let texts = state_texts(alert, view);
    let text = pen.fitting(&texts, pen.small(), right - line.left());
    pen.text([line.left(), third], Align::Min, text, pen.small(), right - line.left());
    asked
}

/// The rule's name, and how many times it came where that is more than once.
fn title_text(alert: &Alert) -> String {
    if alert.times > 1 { format!("{} ×{}", alert.title, alert.times) } else { alert.title.clone() }
}

/// Why there is an alert; that it is over; who has seen it. Best first.
fn state_texts(alert: &Alert, view: &PanelView) -> Vec<String> {
    let zone = &view.config.wall.zone;
    let details = detail_texts(&alert.facts.detail);
    if let Some(known) = &alert.acknowledged {
        let seen = format!("{} {} 确认", known.at.minute_text(zone), known.by);
        return details.iter().map(|detail| format!("{detail} · {seen}")).chain([seen.clone()]).collect();
    }
    match alert.cleared {
        Some(cleared) => vec![format!("{} 已恢复，尚未确认", cleared.minute_text(zone))],
        None => details,
    }
}

/// A framed word that answers to clicks; tells whether it was clicked.
pub(super) fn button_ui(
    ui: &Ui,
    pen: &Pen,
    rect: Rect,
    word: &str,
    key: impl std::hash::Hash + std::fmt::Debug,
    name: &str,
    color: Rgba,
) -> bool {
    let response = clickable(ui, rect, key, name);
    pen.fill(rect, if response.hovered() { color.alpha(0.3) } else { pen.theme().ground.alpha(0.4) });
    pen.outline(rect, 1.5, color);
    let style = Style::bold(size::SMALL, pen.theme().text);
    let baseline = pen.baseline(rect.center().y, size::SMALL);
    pen.text([rect.center().x, baseline], Align::Center, word, style, rect.width() - pen.u(6.0));
    response.clicked()
}

/// Past alerts, newest first: when, what, who.
fn history_ui(ui: &mut Ui, pen: &Pen, rest: Rect, view: &PanelView) -> Option<PanelAction> {
    let history = view.alerts.desk.history();
    if history.len() == 0 || rest.height() < pen.u(HEADING + PAST_ROW) {
        return None;
    }
    let theme = view.theme;
    pen.hline(rest.left(), rest.right(), rest.top(), 1.0, theme.hairline.alpha(0.5));
    pen.text([rest.left(), rest.top() + pen.u(22.0)], Align::Min, "最近记录", pen.small(), rest.width());
    let list = Rect::from_min_max(pos2(rest.left(), rest.top() + pen.u(HEADING)), rest.max);
    let (count, height) = rows(pen, list, history.len(), PAST_ROW, PAST_ROW);
    let mut asked = None;
    for (index, alert) in history.take(count).enumerate() {
        let line = row(list, index, height);
        let baseline = line.top() + pen.u(18.0);
        let time = time_text(alert.cleared.unwrap_or(alert.raised), view);
        let time_width = pen.text([line.left(), baseline], Align::Min, &time, pen.small(), line.width() * 0.3);
        let who = alert.acknowledged.as_ref().map_or("未确认", |known| known.by.as_str());
        let style = match alert.acknowledged {
            Some(_) => pen.small(),
            None => Style::regular(size::SMALL, theme.attention),
        };
        let gap = pen.u(10.0);
        let who_width = pen.text([line.right(), baseline], Align::Max, who, style, line.width() * 0.3);
        let left = line.left() + time_width + gap;
        let what = format!("{} · {}", alert.title, alert.facts.name);
        let style = Style::regular(size::SMALL, theme.text);
        pen.text([left, baseline], Align::Min, &what, style, line.right() - who_width - gap - left);
        if clickable(ui, line, ("past-alert", index), &what).clicked() {
            asked = Some(PanelAction::ShowAlert(alert.key.clone()));
        }
    }
    asked
}

/// The time of day; the date before it where it is another day's.
fn time_text(at: Time, view: &PanelView) -> String {
    let zone = &view.config.wall.zone;
    let (date, today) = (at.date_text(zone), view.system.date_text(zone));
    let minute = at.minute_text(zone);
    if date == today { minute } else { format!("{} {minute}", date.get(5..).unwrap_or_default()) }
}

/// How many there are, and the way to acknowledge all of them.
fn foot_ui(ui: &Ui, pen: &Pen, inner: Rect, view: &PanelView, hidden: usize) -> Option<PanelAction> {
    let counts = view.alerts.desk.counts();
    let baseline = inner.bottom() - pen.u(4.0);
    let number = |count: usize| count_text(count as u64);
    let mut right = inner.right();
    let mut asked = None;
    if counts.unacknowledged > 1 {
        let word = "全部确认";
        let style = Style::bold(size::SMALL, view.theme.accent);
        let width = pen.text([right, baseline], Align::Max, word, style, inner.width() * 0.3);
        let place = Rect::from_min_max(pos2(right - width, inner.bottom() - pen.u(FOOT)), inner.max);
        if clickable(ui, place, "acknowledge-all", word).clicked() {
            asked = Some(PanelAction::AcknowledgeAllAlerts);
        }
        right = place.left() - pen.u(12.0);
    }
    if let Some(fault) = view.alerts.fault {
        let style = Style::regular(size::SMALL, view.theme.attention);
        let text = format!("未能存盘：{fault}");
        pen.marked_text([inner.left(), baseline], Align::Min, Mark::Triangle, &text, style, right - inner.left());
        return asked;
    }
    let total = format!("共 {}，未确认 {}", number(counts.standing), number(counts.unacknowledged));
    let hidden = hidden + counts.unlisted;
    let texts = match hidden {
        0 => vec![total],
        hidden => vec![format!("{total}，另有 {} 项未列出", number(hidden)), total],
    };
    let text = pen.fitting(&texts, pen.small(), right - inner.left());
    pen.text([inner.left(), baseline], Align::Min, text, pen.small(), right - inner.left());
    asked
}
