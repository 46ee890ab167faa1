//! Frame times, memory and sources: what an integrator looks at.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::chart::clickable;
use super::frame::card_ground;
use super::header::source_mark;
use super::number::{count_text, shortest_count_text, tight_count_text, value_text};
use super::pen::{MARK_EM, Mark, Pen, Style};
use super::{PanelAction, PanelView, SourceRow};
use crate::domain::health::{Freshness, SourceState};
use crate::domain::time::age_text;
use crate::theme::{Rgba, size, space};

/// What the program measures about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Diagnostics<'a> {
    /// Frames per second over the last second; 0 while nothing is drawn.
    pub fps: f32,
    /// Milliseconds of the latest frames, oldest first.
    pub frames_ms: &'a [f32],
    /// Resident memory in bytes; 0 = unknown.
    pub memory_bytes: u64,
    /// Of that, what the program itself allocated; 0 = unknown.
    pub heap_bytes: u64,
    /// Name of the graphics adapter.
    pub adapter: &'a str,
    /// Events held by the model.
    pub events: u64,
    /// Events given up because there were too many.
    pub dropped_events: u64,
}

/// Design units.
const LINE: f32 = 30.0;
const HEAD: f32 = 178.0;
const WIDTH: f32 = 1_040.0;
/// Between columns.
const GAP: f32 = 14.0;
/// A name, and an error, that is shorter says nothing.
const LEAST_NAME: f32 = 96.0;
/// See [`LEAST_NAME`].
const LEAST_ERROR: f32 = 120.0;
/// Columns of the table; those at the right go where there is no room.
const HEADS: [&str; 7] = ["数据源", "状态", "数据时间", "记录", "每秒", "等候 · 舍去", "最近错误"];
/// The frame time that the frame chart ends at: two frames at 60 Hz.
const CHART_MS: f32 = 33.3;

/// Draws the table of sources and the frame times in the middle of `free`.
pub fn diagnostics_ui(ui: &mut Ui, free: Rect, view: &PanelView, diagnostics: &Diagnostics) -> Option<PanelAction> {
    let pen = Pen::new(ui, view);
    let theme = view.theme;
    let width = pen.u(WIDTH).min(free.width() - pen.u(space::GUTTER * 2.0));
    let fitting = ((free.height() - pen.u(HEAD + 40.0)) / pen.u(LINE)).floor().max(0.0) as usize;
    let shown = view.sources.len().min(fitting);
    let height = pen.u(HEAD + LINE * shown as f32 + 34.0);
    if width < pen.u(300.0) || height > free.height() {
        return None;
    }
    let card = Rect::from_center_size(free.center(), vec2(width, height));
    card_ground(&pen, card);
    let inner = card.shrink2(vec2(pen.u(space::PADDING), 0.0));
    figures_ui(&pen, inner, diagnostics);
    let lines: Vec<SourceLine<'_>> = view.sources.iter().take(shown).map(|row| source_line(&pen, view, row)).collect();
    let columns = columns(&pen, inner, &lines);
    let head = card.top() + pen.u(HEAD - 8.0);
    for (&[left, room], name) in columns.iter().zip(HEADS) {
        pen.text([left, head], Align::Min, name, pen.small(), room);
    }
    for (index, line) in lines.iter().enumerate() {
        let top = card.top() + pen.u(HEAD + LINE * index as f32);
        pen.hline(inner.left(), inner.right(), top, 1.0, theme.hairline.alpha(0.5));
        source_ui(&pen, top + pen.u(21.0), &columns, line);
    }
    let hidden = view.sources.len() - shown;
    if hidden > 0 {
        let text = format!("另有 {hidden} 个数据源");
        pen.text([inner.left(), card.bottom() - pen.u(12.0)], Align::Min, &text, pen.small(), inner.width());
    }
    clickable(ui, card, "diagnostics", "关闭诊断").clicked().then_some(PanelAction::ToggleDiagnostics)
}

fn figures_ui(pen: &Pen, inner: Rect, diagnostics: &Diagnostics) {
    let theme = pen.theme();
    let top = inner.top();
    let title = Style::bold(size::BODY, theme.text);
    let left = inner.left();
    let width = pen.text([left, top + pen.u(34.0)], Align::Min, "诊断", title, inner.width() * 0.3);
    let room = inner.width() - width - pen.u(20.0);
    pen.text([inner.right(), top + pen.u(34.0)], Align::Max, diagnostics.adapter, pen.small(), room);
    let mut sorted = diagnostics.frames_ms.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = |share: f32| sorted.get(((sorted.len() as f32 - 1.0) * share).max(0.0) as usize).copied();
    let ms = |value: Option<f32>| value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.1}"));
    let mebi = |bytes: u64| value_text((bytes as f64 / 1_048_576.0).round());
    let memory = if diagnostics.memory_bytes == 0 { "–".to_owned() } else { mebi(diagnostics.memory_bytes) };
    let memory_label = match diagnostics.heap_bytes {
        0 => vec!["内存 MiB".to_owned()],
        heap => vec![format!("内存 MiB · 自用 {}", mebi(heap)), "内存 MiB".to_owned()],
    };
    let events = match diagnostics.dropped_events {
        0 => vec!["事件".to_owned()],
        dropped => vec![
            format!("事件 · 舍去 {}", count_text(dropped)),
            format!("舍去 {}", tight_count_text(dropped)),
            shortest_count_text(dropped),
        ],
    };
    let plain = |label: &str| vec![label.to_owned()];
    let figures = [
        (plain("帧率 帧/秒"), format!("{:.0}", diagnostics.fps)),
        (plain("帧时 P50 ms"), ms(at(0.5))),
        (plain("帧时 P99 ms"), ms(at(0.99))),
        (memory_label, memory),
        (events, count_text(diagnostics.events)),
    ];
    let column = inner.width() / figures.len() as f32;
    let room = column - pen.u(8.0);
    for (index, (labels, value)) in figures.iter().enumerate() {
        let x = left + index as f32 * column;
        let label = pen.fitting(labels, pen.small(), room);
        pen.text([x, top + pen.u(66.0)], Align::Min, label, pen.small(), room);
        let style = pen.shrunk(value, Style::bold(size::LARGE, theme.text), room);
        pen.text([x, top + pen.u(97.0)], Align::Min, value, style, room);
    }
    let chart = Rect::from_min_max(pos2(left, top + pen.u(108.0)), pos2(inner.right(), top + pen.u(144.0)));
    frames_ui(pen, chart, diagnostics.frames_ms);
}

/// A bar per frame up to two frames of 60 Hz, with a line at one.
fn frames_ui(pen: &Pen, chart: Rect, frames_ms: &[f32]) {
    let theme = pen.theme();
    pen.fill(chart, theme.hairline.alpha(0.25));
    let width = (chart.width() / frames_ms.len().max(1) as f32).min(pen.u(6.0));
    for (index, &ms) in frames_ms.iter().enumerate() {
        let share = (ms / CHART_MS).clamp(0.0, 1.0);
        let left = chart.left() + index as f32 * width;
        let bar = Rect::from_min_max(
            pos2(left, chart.bottom() - chart.height() * share),
            pos2(left + width * 0.8, chart.bottom()),
        );
        pen.fill(bar, if ms > CHART_MS * 0.5 { theme.attention } else { theme.accent });
    }
    pen.hline(chart.left(), chart.right(), chart.center().y, 1.0, theme.text_secondary.alpha(0.7));
}

/// Records per second.
fn rate_text(per_sec: f64) -> String {
    if per_sec == 0.0 {
        "0".to_owned()
    } else if per_sec < 0.1 {
        "<0.1".to_owned()
    } else if per_sec < 10.0 {
        format!("{per_sec:.1}")
    } else {
        count_text(per_sec.round() as u64)
    }
}

/// What the table says of a source.
struct SourceLine<'a> {
    name: &'a str,
    mark: Mark,
    color: Rgba,
    /// State, age, records, records per second, waits and losses.
    numbers: [String; 5],
    is_losing: bool,
    error: &'a str,
}

fn source_line<'a>(pen: &Pen, view: &PanelView, row: &SourceRow<'a>) -> SourceLine<'a> {
    let health = row.health;
    let freshness = row.freshness(view.system);
    let (mark, color) = source_mark(freshness, health.state, pen);
    let word = match (freshness, health.state) {
        (_, SourceState::Failing) => format!("失败 {} 次", count_text(u64::from(health.failures))),
        (Freshness::Waiting, _) => "等待".to_owned(),
        (Freshness::Stale, _) => "滞后".to_owned(),
        (Freshness::Fresh, _) => "正常".to_owned(),
    };
    let age = health.age_secs(view.system).map_or_else(|| "–".to_owned(), age_text);
    let lost = health.unkept + row.refused;
    let queued = match (health.waits, lost) {
        (0, 0) => "–".to_owned(),
        (waits, lost) => format!("{} · {}", count_text(waits), count_text(lost)),
    };
    let rate = rate_text(health.recent.per_sec(view.system));
    SourceLine {
        name: row.name,
        mark,
        color,
        numbers: [word, age, count_text(health.records), rate, queued],
        is_losing: lost > 0,
        error: health.last_error.as_deref().unwrap_or("–"),
    }
}

/// Left end and room of each column that has room: numbers are as wide as they
/// are, names and errors share what is left.
fn columns(pen: &Pen, inner: Rect, lines: &[SourceLine<'_>]) -> Vec<[f32; 2]> {
    let width = |column: usize| {
        let mark = if column == 0 { pen.u(size::SMALL * MARK_EM) } else { 0.0 };
        let words = lines.iter().map(|line| pen.width(&line.numbers[column], pen.small()) + mark);
        words.fold(pen.width(HEADS[column + 1], pen.small()), f32::max) + pen.u(GAP)
    };
    let mut rooms: Vec<f32> = (0..5).map(width).collect();
    let mut rest = inner.width() - rooms.iter().sum::<f32>();
    let has_errors = rest >= pen.u(LEAST_NAME + GAP + LEAST_ERROR);
    while rest < pen.u(LEAST_NAME) {
        let Some(last) = rooms.pop() else { break };
        rest += last;
    }
    let name = if has_errors { (rest * 0.4).max(pen.u(LEAST_NAME + GAP)) } else { rest };
    rooms.insert(0, name);
    if has_errors {
        rooms.push(rest - name + pen.u(GAP));
    }
    let mut left = inner.left();
    let place = |room: f32| {
        let from = left;
        left += room;
        [from, room - pen.u(GAP) + 1.0]
    };
    rooms.into_iter().map(place).collect()
}

fn source_ui(pen: &Pen, baseline: f32, columns: &[[f32; 2]], line: &SourceLine<'_>) {
    let text = Style::regular(size::SMALL, pen.theme().text);
    let state = Style::regular(size::SMALL, line.color);
    // ○ has no fill to carry the colour of text.
    let state = if line.mark == Mark::Ring { pen.small() } else { state };
    let queued = if line.is_losing { Style::regular(size::SMALL, pen.theme().attention) } else { text };
    for (index, &[left, room]) in columns.iter().enumerate() {
        let at = [left, baseline];
        match index {
            0 => pen.text(at, Align::Min, line.name, text, room),
            1 => pen.marked_text(at, Align::Min, line.mark, &line.numbers[0], state, room),
            5 => pen.text(at, Align::Min, &line.numbers[4], queued, room),
            6 => pen.text(at, Align::Min, line.error, pen.small(), room),
            number => pen.text(at, Align::Min, &line.numbers[number - 1], text, room),
        };
    }
}
