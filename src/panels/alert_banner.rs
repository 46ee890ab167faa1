//! The alert that has the wall, framed and worded over the top of the map; and,
//! in a scene without a panel of alerts, that there are some: no alert is ever
//! out of sight.
//!
//! The frame pulses three times and rests ([`crate::domain::alert::Pulses`]); shape
//! and words say the same without it.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::alerts::{button_ui, detail_texts, distance_text, mark_of, subject_text};
use super::chart::clickable;
use super::number::count_text;
use super::pen::{Pen, Style};
use super::{NearCamera, PanelAction, PanelView};
use crate::domain::alert::Alert;
use crate::domain::time::age_text;
use crate::theme::{Rgba, size, space};

/// Design units.
const WIDTH: f32 = 680.0;
const LEAST_WIDTH: f32 = 300.0;
const HEIGHT: f32 = 104.0;
const CAMERAS: f32 = 26.0;
const BUTTON: [f32; 2] = [92.0, 40.0];
const CHIP_HEIGHT: f32 = 44.0;
/// From the top of the map, under what stands there.
const TOP: f32 = 10.0;
/// Height of the breadcrumb, and of the chip of a filter.
const LINE: f32 = 48.0;
/// How bright the frame is while it rests.
const REST: f32 = 0.55;

/// Draws what there is to say of alerts over the map in `free`, left of a `card`
/// in its corner. Returns where, and what a hand asked for.
pub fn alert_banner_ui(
    ui: &mut Ui,
    free: Rect,
    card: Option<Rect>,
    view: &PanelView,
) -> Option<(Rect, Option<PanelAction>)> {
    let pen = Pen::new(ui, view);
    let alerts = view.alerts;
    let shown = alerts.shown.and_then(|key| alerts.desk.get(key));
    let room = room(&pen, free, card, view)?;
    if let Some(alert) = shown {
        frame_ui(&pen, free, mark_of(alert, &pen).1, alerts.glow);
        return banner_ui(ui, &pen, room, view, alert);
    }
    let first = alerts.desk.first().filter(|_| !alerts.has_panel)?;
    chip_ui(ui, &pen, room, view, first)
}

/// The part of the map in which it stands.
fn room(pen: &Pen, free: Rect, card: Option<Rect>, view: &PanelView) -> Option<Rect> {
    let gap = pen.u(space::GUTTER);
    let lines = usize::from(view.focus.is_some()) + usize::from(!view.filter.is_empty());
    let top = free.top() + pen.u(TOP + LINE * lines as f32);
    let beside = card.map_or(free.right(), |card| card.left()) - gap;
    // Over the card where there is no room beside it.
    let is_wide = beside - free.left() - gap >= pen.u(LEAST_WIDTH);
    let right = if is_wide { beside } else { free.right() - gap };
    let room = Rect::from_min_max(pos2(free.left() + gap, top), pos2(right, free.bottom()));
    (room.width() >= pen.u(120.0) && room.height() >= pen.u(HEIGHT + CAMERAS)).then_some(room)
}

/// The colour of the frame as it pulses.
fn lit(color: Rgba, glow: f32) -> Rgba {
    color.alpha(REST + (1.0 - REST) * glow.clamp(0.0, 1.0))
}

/// A frame around the map.
fn frame_ui(pen: &Pen, free: Rect, color: Rgba, glow: f32) {
    pen.outline(free, 4.0, lit(color, glow));
}

fn banner_ui(
    ui: &mut Ui,
    pen: &Pen,
    room: Rect,
    view: &PanelView,
    alert: &Alert,
) -> Option<(Rect, Option<PanelAction>)> {
    let theme = view.theme;
    let (mark, color) = mark_of(alert, pen);
    let cameras = view.alerts.cameras;
    let height = pen.u(HEIGHT + if cameras.is_empty() { 0.0 } else { CAMERAS });
    let width = pen.u(WIDTH).min(room.width());
    let banner = Rect::from_min_size(pos2(room.center().x - width * 0.5, room.top()), vec2(width, height));
    pen.fill(banner, theme.ground.alpha(0.97));
    pen.outline(banner, 3.0, lit(color, view.alerts.glow));
    pen.fill(Rect::from_min_size(banner.min, vec2(pen.u(8.0), height)), color);
    let (left, edge) = (banner.left() + pen.u(24.0), banner.right() - pen.u(16.0));
    let button = Rect::from_min_size(
        pos2(edge - pen.u(BUTTON[0]), banner.top() + pen.u(44.0)),
        vec2(pen.u(BUTTON[0]), pen.u(BUTTON[1])),
    );
    let gap = pen.u(14.0);
    let first = banner.top() + pen.u(36.0);
    let age = age_text(view.system.secs_since(alert.raised));
    let age_width = pen.text([edge, first], Align::Max, &age, pen.small(), width * 0.3);
    let title = format!("{} · {}", alert.severity.label(), alert.title);
    let title_room = edge - age_width - gap - left;
    let style = pen.shrunk(&title, Style::bold(size::LARGE, color), title_room - pen.u(size::LARGE));
    pen.marked_text([left, first], Align::Min, mark, &title, style, title_room);
    let text_room = button.left() - gap - left;
    let subject = Style::bold(size::BODY, theme.text);
    pen.text([left, first + pen.u(28.0)], Align::Min, &subject_text(alert), subject, text_room);
    let detail = Style::regular(size::SMALL, theme.text);
    let texts = detail_texts(&alert.facts.detail);
    let text = pen.fitting(&texts, detail, text_room);
    pen.text([left, first + pen.u(52.0)], Align::Min, text, detail, text_room);
    if !cameras.is_empty() {
        let texts: Vec<String> = (1..=cameras.len()).rev().map(|count| cameras_text(&cameras[..count])).collect();
        let text = pen.fitting(&texts, pen.small(), edge - left);
        pen.text([left, first + pen.u(78.0)], Align::Min, text, pen.small(), edge - left);
    }
    // Under the button, so that a click there is the button's.
    clickable(ui, banner, "alert-banner", &title);
    let name = format!("确认 {title}");
    let is_clicked = button_ui(ui, pen, button, "确认 A", "alert-banner-button", &name, color);
    Some((banner, is_clicked.then(|| PanelAction::AcknowledgeAlert(alert.key.clone()))))
}

/// `附近摄像头:湖东路口 120 m、…`.
fn cameras_text(cameras: &[NearCamera]) -> String {
    let near = cameras.iter().map(|camera| format!("{} {}", camera.name, distance_text(camera.away_m)));
    format!("附近摄像头:{}", near.collect::<Vec<_>>().join("、"))
}

/// How many there are, and the first of them; a click goes there.
fn chip_ui(ui: &mut Ui, pen: &Pen, room: Rect, view: &PanelView, first: &Alert) -> Option<(Rect, Option<PanelAction>)> {
    let (mark, color) = mark_of(first, pen);
    let count = view.alerts.desk.counts().unacknowledged;
    let words = format!("{} 项未确认", count_text(count as u64));
    let facts = &first.facts;
    let texts = [
        format!("{words}:{} · {}", first.title, subject_text(first)),
        format!("{words}:{} · {}", first.title, facts.name),
        format!("{words}:{}", first.title),
        words,
    ];
    let style = Style::bold(size::BODY, color);
    let button_width = pen.u(BUTTON[0]);
    let text_room = room.width().min(pen.u(WIDTH)) - button_width - pen.u(28.0);
    let text = pen.fitting(&texts, style, text_room - pen.u(size::BODY));
    let text_width = (pen.width(text, style) + pen.u(size::BODY)).min(text_room);
    let width = text_width + button_width + pen.u(28.0);
    let corner = pos2(room.center().x - width * 0.5, room.top());
    let chip = Rect::from_min_size(corner, vec2(width, pen.u(CHIP_HEIGHT)));
    pen.fill(chip, view.theme.ground.alpha(0.97));
    pen.outline(chip, 2.0, lit(color, view.alerts.glow));
    let at = [chip.left() + pen.u(12.0), pen.baseline(chip.center().y, size::BODY)];
    pen.marked_text(at, Align::Min, mark, text, style, text_width);
    let mut asked = None;
    if clickable(ui, chip, "alert-chip", text).clicked() {
        asked = Some(PanelAction::ShowAlert(first.key.clone()));
    }
    let button = Rect::from_min_max(
        pos2(chip.right() - button_width - pen.u(6.0), chip.top() + pen.u(6.0)),
        pos2(chip.right() - pen.u(6.0), chip.bottom() - pen.u(6.0)),
    );
    let name = format!("确认 {}", first.title);
    if button_ui(ui, pen, button, "确认 A", "alert-chip-button", &name, color) {
        asked = Some(PanelAction::AcknowledgeAlert(first.key.clone()));
    }
    Some((chip, asked))
}
