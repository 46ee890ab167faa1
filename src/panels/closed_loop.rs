//! The closed loop (事件闭环): stages left to right, then 办结 beside 实际解决.
//!
//! A stage shows how many events reached it, the median time they spent in
//! it, and how many are in it past their due time. Under the stages the two
//! rates stand side by side on bars of the same scale, so that the gap
//! between "closed" and "solved" can be seen. A tall panel lists the stages
//! from top to bottom instead, with a bar each. A click on a stage leads to the
//! events that stand in it, on the map and in the list.

mod stage_list;

use std::ops::Range;

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::chart::{clickable, quantity};
use super::frame::{Shows, empty, panel_frame_ui};
use super::number::{NONE, count_text, parts_text, percent_text, shortest_count_text, span_text, tight_count_text};
use super::pen::{MARK_EM, Mark, Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::closed_loop::{LoopSummary, Ratio, StageCount};
use crate::domain::event_store::EventFilter;
use crate::domain::health::PartHealth;
use crate::theme::{Rgba, size};

/// Stages beside each other; more go into a second row.
const STAGES_PER_ROW: usize = 7;
/// Height of a row of stages in design units.
const STAGE_HEIGHT: f32 = 112.0;
/// Height of a stage in the list that a tall panel shows.
const LIST_ROW: f32 = 42.0;
/// Height of the two rates.
const RATES_HEIGHT: f32 = 54.0;
/// Height of the line under the rates.
const LAST_LINE: f32 = 24.0;

/// In how many rows a loop of so many stages is drawn.
pub(super) fn stage_rows(stages: usize) -> usize {
    stages.div_ceil(STAGES_PER_ROW).max(1)
}

/// Draws the loop over today's events.
pub fn closed_loop_ui(
    ui: &mut Ui,
    rect: Rect,
    view: &PanelView,
    title: &str,
    health: &PartHealth,
) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Then, |ui, pen, inner| {
        let names = &view.config.closed_loop.stages;
        let summary = &view.overview.today;
        if names.is_empty() || summary.stages.len() < names.len() {
            empty(pen, inner, "今日尚无事件");
            return None;
        }
        let list_height = names.len() as f32 * LIST_ROW + RATES_HEIGHT + LAST_LINE + 10.0;
        if inner.height() >= pen.u(list_height) {
            let height = ((inner.height() - pen.u(RATES_HEIGHT + LAST_LINE + 10.0)) / names.len() as f32)
                .min(pen.u(LIST_ROW * 1.6));
            let list = Rect::from_min_size(inner.min, vec2(inner.width(), height * names.len() as f32));
            let asked = stage_list::stage_list_ui(ui, pen, list, view, summary);
            rates_ui(pen, Rect::from_min_max(pos2(inner.left(), list.bottom() + pen.u(8.0)), inner.max), summary);
            return asked;
        }
        let rows = stage_rows(names.len());
        let spare = inner.height() - pen.u(rows as f32 * STAGE_HEIGHT + RATES_HEIGHT + LAST_LINE);
        let row_height = pen.u(STAGE_HEIGHT) + (spare / (rows + 1) as f32).clamp(0.0, pen.u(28.0));
        let per_row = names.len().div_ceil(rows);
        let mut asked = None;
        for (row, chunk) in names.chunks(per_row).enumerate() {
            let top = inner.top() + row as f32 * row_height;
            let line = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), row_height));
            asked = asked.or(stages_ui(ui, pen, line, view, row * per_row..row * per_row + chunk.len()));
        }
        let top = inner.top() + rows as f32 * row_height;
        rates_ui(pen, Rect::from_min_max(pos2(inner.left(), top), inner.max), summary);
        asked
    })
}

/// What a click on a stage asks for.
fn stage_clicked(ui: &Ui, place: Rect, stage: usize, name: &str) -> Option<PanelAction> {
    clickable(ui, place, ("stage", stage), name).clicked().then_some(PanelAction::ToggleStage(stage as u8))
}

/// The ground of a stage: lit where the wall shows its events only.
fn stage_ground(pen: &Pen, filter: &EventFilter, stage: usize) -> Rgba {
    let is_chosen = filter.stages.contains(&(stage as u8));
    if is_chosen { pen.theme().accent.alpha(0.5) } else { pen.theme().hairline.alpha(0.55) }
}

/// Draws these stages beside each other.
fn stages_ui(ui: &Ui, pen: &Pen, line: Rect, view: &PanelView, stages: Range<usize>) -> Option<PanelAction> {
    let theme = pen.theme();
    let names = &view.config.closed_loop.stages[stages.clone()];
    let counts = &view.overview.today.stages[stages.clone()];
    let mut asked = None;
    let width = line.width() / names.len() as f32;
    let room = width - pen.u(6.0);
    let name_room = width - pen.u(14.0);
    let texts = reached_texts(pen, counts, room);
    // All counts of a row at one size: they are compared with each other.
    let style = texts
        .iter()
        .map(|text| pen.shrunk(text, Style::bold(size::LARGE, theme.text), room))
        .min_by(|a, b| pen.width("0", *a).total_cmp(&pen.width("0", *b)))
        .unwrap_or(pen.body());
    let dwell_room = width - pen.u(4.0);
    let dwells = dwell_texts(pen, counts, dwell_room);
    let lines: Vec<[String; 2]> = names.iter().map(|name| two_lines(pen, name, name_room)).collect();
    let is_two = lines.iter().any(|[_, second]| !second.is_empty());
    let tile_height = pen.u(if is_two { 42.0 } else { 26.0 });
    for (index, (count, text)) in counts.iter().zip(&texts).enumerate() {
        let left = line.left() + index as f32 * width;
        let middle = left + width * 0.5;
        let tile = Rect::from_min_size(pos2(left, line.top()), vec2(width, tile_height));
        let stage = stages.start + index;
        stage_tile(pen, tile, index == 0, index + 1 == names.len(), stage_ground(pen, view.filter, stage));
        let place = Rect::from_min_size(tile.min, vec2(width, pen.u(STAGE_HEIGHT)));
        asked = asked.or(stage_clicked(ui, place, stage, &names[index]));
        let [first, second] = &lines[index];
        let top = line.top() + if is_two && second.is_empty() { pen.u(8.0) } else { 0.0 };
        pen.text([middle, top + pen.u(18.5)], Align::Center, first, pen.small(), name_room);
        pen.text([middle, top + pen.u(36.0)], Align::Center, second, pen.small(), name_room);
        let under = line.top() + tile_height;
        let gap = if is_two { 0.0 } else { pen.u(4.0) };
        pen.text([middle, under + gap + pen.u(28.0)], Align::Center, text, style, room);
        pen.text([middle, under + gap + pen.u(48.0)], Align::Center, &dwells[index], pen.small(), dwell_room);
        if count.overdue > 0 {
            overdue_ui(pen, [middle, under + gap + pen.u(67.0)], Align::Center, count.overdue, room);
        }
    }
    asked
}

/// A piece of the flow: flat at the ends of the loop, pointed to the right
/// between stages.
fn stage_tile(pen: &Pen, tile: Rect, is_first: bool, is_last: bool, color: Rgba) {
    let point = pen.u(7.0);
    let gap = pen.u(1.5);
    let (left, right) = (tile.left() + if is_first { 0.0 } else { gap }, tile.right() - gap);
    let middle = tile.center().y;
    let start = if is_first { 0.0 } else { point };
    let end = if is_last { 0.0 } else { point };
    // Two convex halves: egui fills convex polygons only, and the notch is not.
    for y in [tile.top(), tile.bottom()] {
        let mut corners = vec![pos2(left, y), pos2(right, y), pos2(right + end, middle), pos2(left + start, middle)];
        if y > middle {
            corners.reverse();
        }
        pen.polygon(corners, color);
    }
}

/// A stage's name on one line, or on two cut after an even character: most
/// Chinese words are two characters long.
fn two_lines(pen: &Pen, name: &str, room: f32) -> [String; 2] {
    let count = name.chars().count();
    if count < 4 || pen.width(name, pen.small()) <= room {
        return [name.to_owned(), String::new()];
    }
    let half = count.div_ceil(2);
    let even = half + half % 2;
    let fits = |n: usize| pen.width(&name.chars().take(n).collect::<String>(), pen.small()) <= room;
    let cut = if fits(even) { even } else { half };
    [name.chars().take(cut).collect(), name.chars().skip(cut).collect()]
}

/// How many events reached each stage, all written in the longest form of
/// which every one fits `room` at the smallest size.
fn reached_texts(pen: &Pen, counts: &[StageCount], room: f32) -> Vec<String> {
    let forms: [fn(u64) -> String; 3] = [count_text, tight_count_text, shortest_count_text];
    let write = |form: fn(u64) -> String| counts.iter().map(|count| form(count.reached)).collect::<Vec<String>>();
    let style = Style::bold(size::SMALL, pen.theme().text);
    let fits = |texts: &Vec<String>| texts.iter().all(|text| pen.width(text, style) <= room);
    forms.into_iter().map(write).find(fits).unwrap_or_else(|| write(shortest_count_text))
}

/// Median dwell of each stage, all written in the longest form that fits
/// `room` everywhere.
fn dwell_texts(pen: &Pen, counts: &[StageCount], room: f32) -> Vec<String> {
    let forms: [fn(&str, &str) -> String; 4] = [
        |value, unit| format!("中位 {value} {unit}"),
        |value, unit| format!("中位 {value}{}", short_unit(unit)),
        |value, unit| format!("中位{value}{}", short_unit(unit)),
        |value, unit| format!("{value}{}", short_unit(unit)),
    ];
    let mut texts = Vec::new();
    for form in forms {
        texts = counts
            .iter()
            .map(|count| count.median_dwell_secs.map(span_text))
            .map(|dwell| dwell.map_or_else(|| NONE.to_owned(), |(value, unit)| form(&value, unit)))
            .collect();
        if texts.iter().all(|text| pen.width(text, pen.small()) <= room) {
            break;
        }
    }
    texts
}

/// 分钟 and 小时 in one character, where a stage is narrow.
fn short_unit(unit: &str) -> &str {
    match unit {
        "分钟" => "分",
        "小时" => "时",
        other => other,
    }
}

/// ▲ 超时 9; without the word where a stage is narrow.
fn overdue_ui(pen: &Pen, at: [f32; 2], align: Align, overdue: u64, room: f32) {
    let style = Style::regular(size::SMALL, pen.theme().alarm);
    let texts = [format!("超时 {}", count_text(overdue)), count_text(overdue), tight_count_text(overdue)];
    let text = pen.fitting(&texts, style, room - pen.u(size::SMALL * MARK_EM));
    pen.marked_text(at, align, Mark::Triangle, text, style, room);
}

/// 办结率 beside 实际解决率, then what was closed without being solved,
/// sent back, or repeated.
fn rates_ui(pen: &Pen, rect: Rect, summary: &LoopSummary) {
    let gap = pen.u(16.0);
    let width = (rect.width() - gap) * 0.5;
    let half = |index: usize| {
        let left = rect.left() + index as f32 * (width + gap);
        Rect::from_min_size(pos2(left, rect.top()), vec2(width, pen.u(RATES_HEIGHT)))
    };
    pen.hline(rect.left(), rect.right(), rect.top(), 1.0, pen.theme().hairline);
    rate_ui(pen, half(0), "办结率", summary.closed, quantity(pen));
    rate_ui(pen, half(1), "实际解决率", summary.solved, pen.theme().good.alpha(0.8));
    let baseline = rect.top() + pen.u(RATES_HEIGHT + LAST_LINE - 3.0);
    if baseline <= rect.bottom() + pen.u(2.0) {
        pen.text([rect.left(), baseline], Align::Min, &gap_text(summary), pen.small(), rect.width());
    }
}

/// `办结未解决 79 · 退回 38 · 重复 112`.
fn gap_text(summary: &LoopSummary) -> String {
    let unsolved = summary.closed.numerator.saturating_sub(summary.solved.numerator);
    format!(
        "办结未解决 {} · 退回 {} · 重复 {}",
        count_text(unsolved),
        count_text(summary.returned),
        count_text(summary.repeated.numerator)
    )
}

fn rate_ui(pen: &Pen, rect: Rect, label: &str, ratio: Ratio, color: Rgba) {
    let baseline = rect.top() + pen.u(24.0);
    let bold = Style::bold(size::BODY, pen.theme().text);
    let percent = if ratio.denominator > 0 { format!("{}%", percent_text(ratio)) } else { percent_text(ratio) };
    let width = pen.text([rect.right(), baseline], Align::Max, &percent, bold, rect.width() * 0.5);
    pen.text([rect.left(), baseline], Align::Min, label, pen.small(), rect.width() - width - pen.u(6.0));
    let bar = Rect::from_min_size(pos2(rect.left(), rect.top() + pen.u(31.0)), vec2(rect.width(), pen.u(5.0)));
    pen.bar(bar, ratio.value().unwrap_or_default() as f32, color);
    pen.text([rect.left(), rect.top() + pen.u(53.0)], Align::Min, &parts_text(ratio), pen.small(), rect.width());
}
