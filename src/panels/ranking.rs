//! Areas by today's events: rank, name, bar, count, change of rank. A click
//! flies there.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::chart::{clickable, quantity, row, rows};
use super::frame::{Shows, empty, panel_frame_ui};
use super::number::count_text;
use super::pen::{Mark, Pen, Style};
use super::{PanelAction, PanelView, ranked_level};
use crate::domain::area::{AreaIndex, Level};
use crate::domain::health::PartHealth;
use crate::theme::size;

const LEAST_ROW: f32 = 34.0;
const MOST_ROW: f32 = 56.0;
/// Design units for `升 12` with its arrow.
const CHANGE_WIDTH: f32 = 62.0;

/// One line: rank from 1, area, events, places won.
type Line = (usize, AreaIndex, u32, Option<i32>);

/// Draws the ranking of the areas at `level`.
pub fn ranking_ui(
    ui: &mut Ui,
    rect: Rect,
    view: &PanelView,
    title: &str,
    health: &PartHealth,
    level: Option<Level>,
) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Then, |ui, pen, inner| {
        let level = ranked_level(level, view.config, view.tree);
        let ranked = view.rankings.iter().find(|ranking| Some(ranking.level) == level);
        let Some(ranked) = ranked.filter(|ranking| !ranking.rows.is_empty()) else {
            empty(pen, inner, "尚无区域");
            return None;
        };
        let (count, height) = rows(pen, inner, ranked.rows.len(), LEAST_ROW, MOST_ROW);
        let lines = lines(&ranked.rows, count, view);
        let columns = Columns::of(pen, inner, view, &lines);
        let most = ranked.rows[0].1.max(1);
        let mut action = None;
        for (index, line) in lines.iter().enumerate() {
            let place = row(inner, index, height);
            line_ui(pen, place, view, &columns, line, most);
            let name = &view.tree.area(line.1).name;
            if clickable(ui, place, ("ranking", level, line.1), name).clicked() {
                action = Some(PanelAction::Focus(line.1));
            }
        }
        action
    })
}

/// The first `count` lines; the last one gives way to the area in focus when
/// that is further down.
fn lines(ranked: &[(AreaIndex, u32, Option<i32>)], count: usize, view: &PanelView) -> Vec<Line> {
    let numbered = |rank: usize| {
        let (area, events, won) = ranked[rank];
        (rank + 1, area, events, won)
    };
    let mut lines: Vec<Line> = (0..count.min(ranked.len())).map(numbered).collect();
    let focused = ranked.iter().position(|&(area, ..)| is_focused(view, area));
    if let (Some(rank), Some(last)) = (focused.filter(|&rank| rank >= count), lines.last_mut()) {
        *last = numbered(rank);
    }
    lines
}

/// Whether the focus is this area or inside it.
fn is_focused(view: &PanelView, area: AreaIndex) -> bool {
    view.focus.is_some_and(|focus| (focus as usize) < view.tree.len() && view.tree.is_within(focus, area))
}

/// Where the columns begin and end, in points.
struct Columns {
    rank_right: f32,
    name_left: f32,
    name_room: f32,
    bar_left: f32,
    bar_right: f32,
    count_right: f32,
    has_change: bool,
}

impl Columns {
    fn of(pen: &Pen, inner: Rect, view: &PanelView, lines: &[Line]) -> Self {
        let widest = |texts: &mut dyn Iterator<Item = f32>| texts.fold(0.0, f32::max);
        let bold = Style::bold(size::BODY, view.theme.text);
        let gap = pen.u(12.0);
        let rank = widest(&mut lines.iter().map(|line| pen.width(&line.0.to_string(), pen.small())));
        let name = widest(&mut lines.iter().map(|line| pen.width(&view.tree.area(line.1).name, pen.body())));
        let count = widest(&mut lines.iter().map(|line| pen.width(&count_text(u64::from(line.2)), bold)));
        let has_change = lines.iter().any(|line| line.3.is_some());
        let name_left = inner.left() + pen.u(6.0) + rank + gap;
        let count_right = inner.right() - if has_change { pen.u(CHANGE_WIDTH) } else { pen.u(4.0) };
        let bar_right = count_right - count - gap;
        // Names take what they need, but leave the bars a third of the line.
        let name_room = name.min((bar_right - name_left) * 0.62) + 1.0;
        Self {
            rank_right: inner.left() + pen.u(6.0) + rank,
            name_left,
            name_room,
            bar_left: name_left + name_room + gap,
            bar_right,
            count_right,
            has_change,
        }
    }
}

fn line_ui(pen: &Pen, place: Rect, view: &PanelView, columns: &Columns, line: &Line, most: u32) {
    let theme = view.theme;
    let &(rank, area, events, won) = line;
    let is_focused = is_focused(view, area);
    if is_focused {
        pen.fill(place.shrink2(vec2(0.0, pen.u(1.0))), theme.accent.alpha(0.16));
        let edge = Rect::from_min_max(place.min, pos2(place.left() + pen.u(3.0), place.bottom()));
        pen.fill(edge, theme.accent);
    }
    let middle = place.center().y;
    let small = pen.baseline(middle, size::SMALL);
    let body = pen.baseline(middle, size::BODY);
    pen.text([columns.rank_right, small], Align::Max, &rank.to_string(), pen.small(), pen.u(60.0));
    let name = &view.tree.area(area).name;
    pen.text([columns.name_left, body], Align::Min, name, pen.body(), columns.name_room);
    let bar =
        Rect::from_min_max(pos2(columns.bar_left, middle - pen.u(4.0)), pos2(columns.bar_right, middle + pen.u(4.0)));
    let color = if is_focused { theme.accent } else { quantity(pen) };
    pen.bar(bar, events as f32 / most as f32, color);
    let bold = Style::bold(size::BODY, theme.text);
    let room = columns.count_right - columns.bar_right;
    pen.text([columns.count_right, body], Align::Max, &count_text(u64::from(events)), bold, room);
    if columns.has_change {
        change_ui(pen, [place.right() - pen.u(2.0), small], won);
    }
}

/// 升 2 / 降 1 with an arrow. More events than others is nothing to be proud
/// of: rising asks for attention.
fn change_ui(pen: &Pen, at: [f32; 2], won: Option<i32>) {
    let theme = pen.theme();
    let room = pen.u(CHANGE_WIDTH);
    match won {
        Some(won) if won != 0 => {
            let (mark, word, color) =
                if won > 0 { (Mark::Up, "升", theme.attention) } else { (Mark::Down, "降", theme.good) };
            let text = format!("{word}{}", won.unsigned_abs());
            pen.marked_text(at, Align::Max, mark, &text, Style::regular(size::SMALL, color), room);
        }
        _ => {
            pen.text(at, Align::Max, "–", pen.small(), room);
        }
    }
}
