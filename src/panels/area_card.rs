//! Cards about one area: opened by focus, or small under the hand.
//!
//! In: the area's index and what is known of it beyond the hierarchy. Out: a
//! card whose height follows its lines, kept inside the part of the stage
//! that it is given.

use bevy_egui::egui::{Align, Pos2, Rect, Ui, pos2, vec2};

use super::chart::clickable;
use super::frame::card_ground;
use super::number::{count_text, grouped, value_text};
use super::pen::{Mark, Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::area::{AreaIndex, GridKind, Level};
use crate::domain::choropleth::CameraTally;
use crate::domain::coverage::Coverage;
use crate::theme::{size, space};

/// Design units.
const CARD_WIDTH: f32 = 344.0;
const HOVER_WIDTH: f32 = 288.0;
const LINE: f32 = 28.0;
const HEAD: f32 = 84.0;

/// What is known of an area beyond the hierarchy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AreaFacts<'a> {
    /// What colours the map, and this area's value of it.
    pub figure: Option<FigureOfArea<'a>>,
    /// Cameras in it.
    pub cameras: Option<CameraTally>,
    /// Open events in it.
    pub open_events: Option<u64>,
    /// How much of its streets patrols walked of late.
    pub streets: Option<&'a Coverage>,
}

/// One area's value of the figure that colours the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FigureOfArea<'a> {
    /// Name as shown.
    pub label: &'a str,
    /// Unit as shown.
    pub unit: &'a str,
    /// In `unit`; `None` where it cannot be known.
    pub value: Option<f64>,
}

impl FigureOfArea<'_> {
    /// The value in words: 87.5 %, 无数据.
    fn text(&self) -> String {
        self.value.map_or_else(|| "无数据".to_owned(), |value| format!("{} {}", value_text(value), self.unit))
    }
}

/// One line of a card: label left, value right.
struct Line {
    label: String,
    value: String,
    mark: Option<Mark>,
}

impl Line {
    fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), mark: None }
    }
}

/// Draws the card of an area into the top right corner of `free`: name, level
/// and code, events today, households, areas below, cameras, the chain of
/// responsibility.
pub fn area_card_ui(
    ui: &mut Ui,
    free: Rect,
    view: &PanelView,
    area: AreaIndex,
    facts: &AreaFacts,
) -> Option<PanelAction> {
    let pen = Pen::new(ui, view);
    let (card, lines) = laid_out(free, view, area, facts)?;
    let entry = view.tree.area(area);
    card_ground(&pen, card);
    let back = head_ui(&pen, card, view, area);
    for (index, line) in lines.iter().enumerate() {
        line_ui(&pen, card, card.top() + pen.u(HEAD + LINE * index as f32), line);
    }
    // The card itself takes clicks, so that they do not reach the map.
    clickable(ui, card, "area-card", &entry.name);
    clickable(ui, back, "area-card-up", "返回上级").clicked().then_some(PanelAction::FocusParent)
}

/// Where [`area_card_ui`] draws the card: no name of the map goes there.
pub fn area_card_place(free: Rect, view: &PanelView, area: AreaIndex, facts: &AreaFacts) -> Option<Rect> {
    laid_out(free, view, area, facts).map(|(card, _)| card)
}

/// Place and lines of the card; `None` where there is no room for it.
fn laid_out(free: Rect, view: &PanelView, area: AreaIndex, facts: &AreaFacts) -> Option<(Rect, Vec<Line>)> {
    let u = |n: f32| n * view.unit;
    let entry = view.tree.areas().get(area as usize)?;
    let margin = u(space::GUTTER);
    let width = u(CARD_WIDTH).min(free.width() - margin * 2.0);
    let mut lines = figures(view, area, facts);
    // Visitors are told of places and things, not of persons.
    let chain = entry.responsible.iter().filter(|_| !view.is_public());
    lines.extend(chain.map(|link| Line::new(&link.role, &link.holder)));
    let room = ((free.height() - margin * 2.0) / u(LINE) - HEAD / LINE - 1.0).max(0.0);
    lines.truncate(room as usize);
    let height = u(HEAD + LINE * lines.len() as f32 + 10.0);
    let corner = pos2(free.right() - width, free.top() + margin);
    let card = Rect::from_min_size(corner, vec2(width, height));
    (width >= u(160.0) && card.bottom() <= free.bottom()).then_some((card, lines))
}

/// Name, level and code; the way back up. Returns where that is.
fn head_ui(pen: &Pen, card: Rect, view: &PanelView, area: AreaIndex) -> Rect {
    let entry = view.tree.area(area);
    let left = card.left() + pen.u(space::PADDING);
    let right = card.right() - pen.u(space::PADDING);
    let first = card.top() + pen.u(40.0);
    let style = Style::regular(size::SMALL, view.theme.accent);
    let back = pen.marked_text([right, first], Align::Max, Mark::Up, "上级", style, card.width() * 0.3);
    let room = right - back - pen.u(12.0) - left;
    let style = pen.shrunk(&entry.name, Style::bold(size::LARGE, view.theme.text), room);
    pen.text([left, first], Align::Min, &entry.name, style, room);
    let kind = if entry.level == Level::Grid && entry.kind == GridKind::Dedicated { "专属" } else { "" };
    let level = format!("{kind}{}", entry.level.label());
    let second = if view.is_public() { level } else { format!("{level} · {}", entry.code) };
    pen.text([left, first + pen.u(26.0)], Align::Min, &second, pen.small(), right - left);
    Rect::from_min_max(pos2(right - back, first - pen.u(24.0)), pos2(right, first + pen.u(10.0)))
}

fn figures(view: &PanelView, area: AreaIndex, facts: &AreaFacts) -> Vec<Line> {
    let mut lines = vec![events_line(view, area)];
    if let Some(figure) = facts.figure {
        lines.push(Line::new(figure.label, figure.text()));
    }
    if let Some(open) = facts.open_events {
        lines.push(Line::new("未办结", format!("{} 件", count_text(open))));
    }
    if let Some((streets, share)) = facts.streets.and_then(|streets| Some((streets, streets.share()?))) {
        let km = |metres: f64| value_text(metres / 1_000.0);
        let percent = (share * 100.0).round();
        lines.push(Line::new("巡查覆盖", format!("{percent} % · {}/{} km", km(streets.walked_m), km(streets.total_m))));
    }
    if let Some(households) = view.tree.area(area).households {
        lines.push(Line::new("户数", format!("{} 户", grouped(u64::from(households)))));
    }
    let children = view.tree.children(area);
    if let Some(&first) = children.first() {
        let level = view.tree.area(first).level.label();
        lines.push(Line::new(format!("下辖{level}"), grouped(children.len() as u64)));
    }
    if let Some(CameraTally { online, total }) = facts.cameras {
        let value = format!("在线 {} / {}", grouped(u64::from(online)), grouped(u64::from(total)));
        lines.push(Line::new("摄像头", value));
    }
    lines
}

/// Today's events against yesterday's at the same time.
fn events_line(view: &PanelView, area: AreaIndex) -> Line {
    let count = |counts: &[u32]| counts.get(area as usize).copied().unwrap_or_default();
    let (now, before) = (count(&view.overview.counts), count(&view.overview.counts_before));
    let mut line = Line::new("今日事件", format!("{} 件", grouped(u64::from(now))));
    if view.overview.has_before {
        line.value = format!("{} · 昨日同期 {before}", line.value);
        line.mark = match now.cmp(&before) {
            std::cmp::Ordering::Greater => Some(Mark::Up),
            std::cmp::Ordering::Less => Some(Mark::Down),
            std::cmp::Ordering::Equal => None,
        };
    }
    line
}

fn line_ui(pen: &Pen, card: Rect, top: f32, line: &Line) {
    let theme = pen.theme();
    let (left, right) = (card.left() + pen.u(space::PADDING), card.right() - pen.u(space::PADDING));
    pen.hline(left, right, top, 1.0, theme.hairline.alpha(0.5));
    let baseline = top + pen.u(20.0);
    let label = pen.text([left, baseline], Align::Min, &line.label, pen.small(), (right - left) * 0.42);
    let room = right - left - label - pen.u(10.0);
    let style = Style::regular(size::SMALL, theme.text);
    match line.mark {
        Some(mark) => pen.marked_text([right, baseline], Align::Max, mark, &line.value, style, room),
        None => pen.text([right, baseline], Align::Max, &line.value, style, room),
    };
}

/// Draws a small card about the area under the hand at `at`, inside `bounds`;
/// `figure` is what colours the map, when it is something else than events.
pub fn hover_card_ui(
    ui: &mut Ui,
    bounds: Rect,
    at: Pos2,
    view: &PanelView,
    area: AreaIndex,
    figure: Option<FigureOfArea>,
) {
    let pen = Pen::new(ui, view);
    let Some(entry) = view.tree.areas().get(area as usize) else { return };
    let events = events_line(view, area);
    let path: Vec<&str> = view.tree.path(area).iter().map(|&index| view.tree.area(index).name.as_str()).collect();
    let above = path[..path.len() - 1].join(" · ");
    let width = pen.u(HOVER_WIDTH).min(bounds.width());
    let height = pen.u(72.0 + if above.is_empty() { 0.0 } else { 24.0 } + if figure.is_some() { 26.0 } else { 0.0 });
    // Beside the hand, on the side where there is room.
    let gap = pen.u(18.0);
    let x = if at.x + gap + width <= bounds.right() { at.x + gap } else { at.x - gap - width };
    let y = if at.y + gap + height <= bounds.bottom() { at.y + gap } else { at.y - gap - height };
    let corner = pos2(x.max(bounds.left()), y.max(bounds.top()));
    let card = Rect::from_min_size(corner, vec2(width, height));
    card_ground(&pen, card);
    let left = card.left() + pen.u(space::PADDING);
    let room = card.width() - pen.u(space::PADDING * 2.0);
    let mut baseline = card.top() + pen.u(30.0);
    let style = Style::bold(size::BODY, view.theme.text);
    let level = pen.text([left + room, baseline], Align::Max, entry.level.label(), pen.small(), room * 0.3);
    pen.text([left, baseline], Align::Min, &entry.name, style, room - level - pen.u(10.0));
    if !above.is_empty() {
        baseline += pen.u(24.0);
        pen.text([left, baseline], Align::Min, &above, pen.small(), room);
    }
    baseline += pen.u(26.0);
    let text = format!("{} {}", events.label, events.value);
    let style = Style::regular(size::SMALL, view.theme.text);
    pen.text([left, baseline], Align::Min, &text, style, room);
    if let Some(figure) = figure {
        let text = format!("{} {}", figure.label, figure.text());
        pen.text([left, baseline + pen.u(26.0)], Align::Min, &text, style, room);
    }
}
