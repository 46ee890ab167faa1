//! Cards about cameras, devices and events: opened by a click on the map, or
//! small under the hand; a list where several stand at one place.
//!
//! In: what is known of them, and where on the screen they are. Out: a card
//! beside the place, inside the part of the stage that it is given, and what a
//! hand asked for.

use bevy_egui::egui::{Align, Pos2, Rect, Stroke, Ui, pos2, vec2};

use super::cameras::picture_ui;
use super::chart::clickable;
use super::frame::card_ground;
use super::number::grouped;
use super::pen::{MARK_EM, Mark, Pen, Style};
use super::{CameraTile, PanelAction, PanelView};
use crate::theme::{Rgba, size, space};

/// Design units.
const CARD_WIDTH: f32 = 352.0;
const LIST_WIDTH: f32 = 392.0;
const TALLY_WIDTH: f32 = 300.0;
const LINE: f32 = 28.0;
const HEAD: f32 = 76.0;
const ROW: f32 = 44.0;
/// From the middle of a mark to a card about it.
const AWAY: f32 = 34.0;
/// Room for what is wrong, right of a number.
const STATES: f32 = 84.0;
/// Room for a kind beside all its numbers, where it is long.
const KIND_WIDTH: f32 = 128.0;
/// Rows of a list; what is left is counted.
const MOST_ROWS: usize = 8;
/// Lines of a tally; what is left is counted.
const MOST_KINDS: usize = 6;

/// How something is, as a shape and a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointState {
    /// In order.
    Well,
    /// Delivers nothing.
    Off,
    /// A device in alarm, an urgent event.
    Alarm,
    /// A major event.
    Major,
    /// An ordinary event.
    Ordinary,
}

/// What is known of a camera, a device or an event.
#[derive(Clone, Debug, PartialEq)]
pub struct PointFacts {
    /// 摄像头, 智能井盖, 事件 …
    pub kind: String,
    /// What it is called.
    pub title: String,
    /// How it is.
    pub state: PointState,
    /// The same in words: 在线, 告警, 紧急 …
    pub state_text: String,
    /// Labels and values, most important first.
    pub lines: Vec<(String, String)>,
}

/// Points of one kind that a mark stands for, by state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyLine {
    /// 摄像头, 智能井盖, 事件 …
    pub kind: String,
    /// All of them.
    pub total: u32,
    /// Out of order.
    pub off: u32,
    /// In alarm, or more than ordinary.
    pub alert: u32,
}

fn mark_of(state: PointState, pen: &Pen) -> (Mark, Rgba) {
    let theme = pen.theme();
    match state {
        PointState::Well => (Mark::Dot, theme.good),
        PointState::Off => (Mark::Square, theme.attention),
        PointState::Alarm => (Mark::Triangle, theme.alarm),
        PointState::Major => (Mark::Square, theme.attention),
        PointState::Ordinary => (Mark::Dot, theme.text_secondary),
    }
}

/// A card of this size beside a mark, on the side where there is room.
fn beside(pen: &Pen, bounds: Rect, at: Pos2, size: [f32; 2]) -> Rect {
    let [width, height] = size;
    let away = pen.u(AWAY);
    let x = if at.x + away + width <= bounds.right() { at.x + away } else { at.x - away - width };
    let y = (at.y - height * 0.3).clamp(bounds.top(), (bounds.bottom() - height).max(bounds.top()));
    Rect::from_min_size(
        pos2(x.clamp(bounds.left(), (bounds.right() - width).max(bounds.left())), y),
        vec2(width, height),
    )
}

/// A ring around the mark that a card is about.
fn ring_ui(pen: &Pen, at: Pos2, bounds: Rect) {
    if bounds.contains(at) {
        let stroke = Stroke::new(pen.u(2.0), pen.color(pen.theme().text));
        pen.shape(bevy_egui::egui::Shape::circle_stroke(at, pen.u(22.0), stroke));
    }
}

/// Draws the card of one point at `at`; `picture` is a camera's. Returns where
/// it is: no hand there means the map.
pub fn point_card_ui(
    ui: &mut Ui,
    bounds: Rect,
    at: Pos2,
    view: &PanelView,
    facts: &PointFacts,
    picture: Option<&CameraTile>,
) -> Option<(Rect, Option<PanelAction>)> {
    let pen = Pen::new(ui, view);
    ring_ui(&pen, at, bounds);
    let width = pen.u(CARD_WIDTH).min(bounds.width());
    let inner_width = width - pen.u(space::PADDING * 2.0);
    let picture_height = if picture.is_some() { inner_width * 9.0 / 16.0 + pen.u(12.0) } else { 0.0 };
    let height = pen.u(HEAD + LINE * facts.lines.len() as f32 + 12.0) + picture_height;
    if width < pen.u(200.0) || height > bounds.height() {
        return None;
    }
    let card = beside(&pen, bounds, at, [width, height]);
    card_ground(&pen, card);
    let close = head_ui(&pen, card, facts);
    let mut top = card.top() + pen.u(HEAD);
    if let Some(tile) = picture {
        let rect = Rect::from_min_size(
            pos2(card.left() + pen.u(space::PADDING), top),
            vec2(inner_width, picture_height - pen.u(12.0)),
        );
        picture_ui(&pen, rect, tile);
        top += picture_height;
    }
    for (index, (label, value)) in facts.lines.iter().enumerate() {
        line_ui(&pen, card, top + pen.u(LINE * index as f32), label, value);
    }
    // For screen readers.
    clickable(ui, card, "point-card", &facts.title);
    let is_closed = clickable(ui, close, "point-card-close", "关闭").clicked();
    Some((card, is_closed.then_some(PanelAction::CloseCard)))
}

/// Title, kind and state; the way to close it. Returns where that is.
fn head_ui(pen: &Pen, card: Rect, facts: &PointFacts) -> Rect {
    let theme = pen.theme();
    let (left, right) = (card.left() + pen.u(space::PADDING), card.right() - pen.u(space::PADDING));
    let first = card.top() + pen.u(32.0);
    let close = close_ui(pen, card);
    pen.text([left, first], Align::Min, &facts.title, Style::bold(size::BODY, theme.text), close.left() - left);
    let second = first + pen.u(28.0);
    let (mark, color) = mark_of(facts.state, pen);
    let style = Style::bold(size::SMALL, color);
    let state = pen.marked_text([right, second], Align::Max, mark, &facts.state_text, style, (right - left) * 0.5);
    pen.text([left, second], Align::Min, &facts.kind, pen.small(), right - left - state - pen.u(12.0));
    close
}

fn close_ui(pen: &Pen, card: Rect) -> Rect {
    let side = pen.u(40.0);
    let close = Rect::from_min_size(pos2(card.right() - side, card.top()), vec2(side, side));
    let (center, arm) = (close.center(), pen.u(7.0));
    for direction in [-1.0, 1.0] {
        let by = vec2(arm, arm * direction);
        pen.path(vec![center - by, center + by], 2.0, pen.theme().text_secondary);
    }
    close
}

fn line_ui(pen: &Pen, card: Rect, top: f32, label: &str, value: &str) {
    let theme = pen.theme();
    let (left, right) = (card.left() + pen.u(space::PADDING), card.right() - pen.u(space::PADDING));
    pen.hline(left, right, top, 1.0, theme.hairline.alpha(0.5));
    let baseline = top + pen.u(20.0);
    let width = pen.text([left, baseline], Align::Min, label, pen.small(), (right - left) * 0.4);
    let style = Style::regular(size::SMALL, theme.text);
    pen.text([right, baseline], Align::Max, value, style, right - left - width - pen.u(10.0));
}

/// Lists the points that stand at one place; a click on a row opens its card.
/// Returns where it is, as [`point_card_ui`].
pub fn point_list_ui(
    ui: &mut Ui,
    bounds: Rect,
    at: Pos2,
    view: &PanelView,
    points: &[PointFacts],
) -> Option<(Rect, Option<PanelAction>)> {
    let pen = Pen::new(ui, view);
    ring_ui(&pen, at, bounds);
    let width = pen.u(LIST_WIDTH).min(bounds.width());
    let room = ((bounds.height() - pen.u(HEAD)) / pen.u(ROW)).max(0.0) as usize;
    let rows = points.len().min(MOST_ROWS).min(room);
    let rest = points.len() - rows;
    let height = pen.u(52.0 + ROW * rows as f32 + if rest > 0 { 30.0 } else { 8.0 });
    if width < pen.u(200.0) || rows == 0 {
        return None;
    }
    let card = beside(&pen, bounds, at, [width, height]);
    card_ground(&pen, card);
    let left = card.left() + pen.u(space::PADDING);
    let close = close_ui(&pen, card);
    let title = format!("同一位置 {} 项", points.len());
    let first = card.top() + pen.u(32.0);
    pen.text([left, first], Align::Min, &title, Style::bold(size::BODY, view.theme.text), close.left() - left);
    clickable(ui, card, "point-list", &title);
    let mut action = None;
    for (index, facts) in points.iter().take(rows).enumerate() {
        let top = card.top() + pen.u(52.0 + ROW * index as f32);
        let row = Rect::from_min_max(pos2(card.left(), top), pos2(card.right(), top + pen.u(ROW)));
        row_ui(&pen, row, facts);
        if clickable(ui, row, ("point-row", index), &facts.title).clicked() {
            action = Some(PanelAction::OpenPoint(index));
        }
    }
    if rest > 0 {
        let text = format!("另有 {rest} 项");
        pen.text([left, card.bottom() - pen.u(12.0)], Align::Min, &text, pen.small(), card.width());
    }
    if clickable(ui, close, "point-list-close", "关闭").clicked() {
        action = Some(PanelAction::CloseCard);
    }
    Some((card, action))
}

fn row_ui(pen: &Pen, row: Rect, facts: &PointFacts) {
    let theme = pen.theme();
    let (left, right) = (row.left() + pen.u(space::PADDING), row.right() - pen.u(space::PADDING));
    pen.hline(left, right, row.top(), 1.0, theme.hairline.alpha(0.5));
    let baseline = pen.baseline(row.center().y, size::SMALL);
    let (mark, color) = mark_of(facts.state, pen);
    let style = Style::regular(size::SMALL, color);
    let state = pen.marked_text([right, baseline], Align::Max, mark, &facts.state_text, style, (right - left) * 0.3);
    let kind = pen.text([left, baseline], Align::Min, &facts.kind, pen.small(), (right - left) * 0.3);
    let from = left + kind + pen.u(10.0);
    let style = Style::regular(size::SMALL, theme.text);
    pen.text([from, baseline], Align::Min, &facts.title, style, right - state - pen.u(10.0) - from);
}

/// Draws what a mark under the hand stands for: a name, or counts by kind and
/// state.
pub fn tally_card_ui(ui: &mut Ui, bounds: Rect, at: Pos2, view: &PanelView, tally: &[TallyLine]) {
    let pen = Pen::new(ui, view);
    let rows = tally.len().min(MOST_KINDS);
    let rest: u32 = tally.iter().skip(rows).map(|line| line.total).sum();
    let wanted = tally.iter().take(rows).map(|line| tally_width(&pen, line)).fold(pen.u(TALLY_WIDTH), f32::max);
    let width = wanted.min(bounds.width());
    let height = pen.u(16.0 + LINE * (rows + usize::from(rest > 0)) as f32);
    if rows == 0 || height > bounds.height() {
        return;
    }
    let card = beside(&pen, bounds, at, [width, height]);
    card_ground(&pen, card);
    let (left, right) = (card.left() + pen.u(space::PADDING), card.right() - pen.u(space::PADDING));
    for (index, line) in tally.iter().take(rows).enumerate() {
        let baseline = card.top() + pen.u(28.0 + LINE * index as f32);
        tally_ui(&pen, [left, right], baseline, line);
    }
    if rest > 0 {
        let baseline = card.top() + pen.u(28.0 + LINE * rows as f32);
        let text = format!("其余 {} 类 {}", tally.len() - rows, grouped(u64::from(rest)));
        pen.text([left, baseline], Align::Min, &text, pen.small(), right - left);
    }
}

/// What is wrong with how many, in the order from the right.
fn wrong(pen: &Pen, line: &TallyLine) -> impl Iterator<Item = (String, Mark, Rgba)> {
    let theme = pen.theme();
    let word = if line.kind == "事件" { "重要" } else { "告警" };
    [(line.off, Mark::Square, "离线", theme.attention), (line.alert, Mark::Triangle, word, theme.alarm)]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, mark, word, color)| (format!("{word} {}", grouped(u64::from(count))), mark, color))
}

/// How many there are; nothing for one.
fn total_text(line: &TallyLine) -> String {
    if line.total > 1 { grouped(u64::from(line.total)) } else { String::new() }
}

/// What a line takes with all its numbers and the beginning of its kind, with
/// the padding of the card.
fn tally_width(pen: &Pen, line: &TallyLine) -> f32 {
    let style = Style::bold(size::SMALL, pen.theme().text);
    let states: f32 = wrong(pen, line)
        .map(|(text, ..)| pen.width(&text, pen.small()) + pen.u(size::SMALL * MARK_EM + 14.0))
        .sum::<f32>()
        .max(pen.u(STATES));
    let kind = pen.width(&line.kind, pen.small()).min(pen.u(KIND_WIDTH));
    kind + pen.u(10.0) + pen.width(&total_text(line), style) + states + pen.u(space::PADDING * 2.0)
}

fn tally_ui(pen: &Pen, [left, right]: [f32; 2], baseline: f32, line: &TallyLine) {
    let mut end = right;
    for (text, mark, color) in wrong(pen, line) {
        let style = Style::regular(size::SMALL, color);
        end -= pen.marked_text([end, baseline], Align::Max, mark, &text, style, (right - left) * 0.4);
        end -= pen.u(14.0);
    }
    // Numbers stand in one column as long as what is right of them allows.
    let style = Style::bold(size::SMALL, pen.theme().text);
    let end = if line.total > 1 { end.min(right - pen.u(STATES)) } else { end };
    let number = pen.text([end, baseline], Align::Max, &total_text(line), style, end - left);
    pen.text([left, baseline], Align::Min, &line.kind, pen.small(), end - number - pen.u(10.0) - left);
}
