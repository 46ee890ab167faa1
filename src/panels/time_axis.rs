//! Time axis: the day's histogram, with the window of the map on it.
//!
//! One column per quarter of an hour, ordinary events below, major and urgent
//! ones above, bright inside the window. In a replay the part of the day that
//! it has not reached stands as outlines. A hand on the columns shows that
//! instant, one on the window moves it, one on its left edge, or a wheel, makes
//! it longer or shorter; with Shift it draws the range that is played again and
//! again, whose ends can be moved by their flags. The buttons on the title line are in [`transport`].

mod transport;

use bevy_egui::egui::{Align, CursorIcon, Pos2, Rect, Response, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};

use super::frame::{Shows, TITLE_HEIGHT, panel_frame_ui};
use super::number::{count_text, span_text};
use super::pen::{Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::health::{Freshness, PartHealth};
use crate::domain::overview::{QUARTERS, WINDOW_SECS};
use crate::domain::time::{DAY_MILLIS, Time};
use crate::theme::{size, space};

/// Design units under the columns for the hours.
const HOURS_HEIGHT: f32 = 22.0;
/// How near to the edge of the window a hand takes hold of it, design units.
const EDGE_REACH: f32 = 14.0;
/// Steps in which a hand changes the window, seconds.
const WINDOW_STEP_SECS: f64 = 300.0;
/// How far down the flags of a loop can be taken hold of, design units.
const FLAG_REACH: f32 = 20.0;
/// Shortest loop, seconds.
const LEAST_LOOP_SECS: f64 = 300.0;
/// Design units that the age of the data takes on the title line.
const AGE_WIDTH: f32 = 132.0;
/// Design units between headline and buttons.
const GAP: f32 = 24.0;

/// Draws the histogram of the shown day.
pub fn time_axis_ui(
    ui: &mut Ui,
    rect: Rect,
    view: &PanelView,
    title: &str,
    health: &PartHealth,
) -> Option<PanelAction> {
    if health.freshness == Freshness::Waiting {
        return panel_frame_ui(ui, rect, view, title, health, Shows::Then, |_, _, _| None);
    }
    let pen = Pen::new(ui, view);
    let buttons = transport::whole_width(&pen, view);
    let room = rect.width() - pen.u(space::PADDING * 2.0 + AGE_WIDTH + GAP) - buttons;
    let fits = |text: &String| pen.width(text, Style::bold(size::BODY, view.theme.text)) <= room;
    let [whole, short, shortest] = headlines(view, title);
    let title = [whole, short].into_iter().find(fits).unwrap_or(shortest);
    // The buttons stand where other panels name their sources.
    let health = PartHealth { names: String::new(), ..health.clone() };
    let moved = panel_frame_ui(ui, rect, view, &title, &health, Shows::Then, |ui, pen, inner| {
        let plot = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - pen.u(HOURS_HEIGHT)));
        let axis = Axis::new(plot, view);
        axis.to_come(pen, view);
        axis.window_ground(pen);
        axis.columns(pen, view);
        axis.hours(pen);
        axis.now_line(pen, view);
        axis.loop_ends(pen, view);
        key_ui(pen, plot, view);
        axis.hand(ui, pen, view)
    });
    let title_width = pen.width(&title, Style::bold(size::BODY, view.theme.text));
    let line = Rect::from_min_max(
        pos2(rect.left() + pen.u(space::PADDING) + title_width + pen.u(GAP), rect.top()),
        pos2(rect.right() - pen.u(space::PADDING + AGE_WIDTH), rect.top() + pen.u(TITLE_HEIGHT)),
    );
    transport::transport_ui(ui, &pen, line, view).or(moved)
}

/// `时间轴 · 近 3 小时 11:32–14:32 · 1,204 件`, and shorter ones that leave room
/// for the buttons.
fn headlines(view: &PanelView, title: &str) -> [String; 3] {
    let zone = &view.config.wall.zone;
    let from = view.now.plus_millis(-(view.window_secs * 1000.0) as i64);
    let (span, unit) = span_text(view.window_secs);
    let span = span.trim_end_matches(".0");
    let count = count_text(view.overview.window_count);
    let rest = format!("{}–{} · {count} 件", from.minute_text(zone), view.now.minute_text(zone));
    [format!("{title} · 近 {span} {unit} {rest}"), format!("{title} · {rest}"), rest]
}

/// What a hand holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hold {
    /// The shown instant.
    Instant,
    /// The window: so far left of its right end it was taken, points.
    Window(f32),
    /// The window's left edge.
    Edge,
    /// The begin (0) or the end (1) of what is played again and again.
    LoopEnd(usize),
    /// A new range to play, from where it was taken, points.
    Range(f32),
}

/// Where instants of the day stand on the plot.
struct Axis {
    plot: Rect,
    day_start: Time,
    /// Left and right end of the heat window.
    window: [f32; 2],
    most: u32,
}

impl Axis {
    fn new(plot: Rect, view: &PanelView) -> Self {
        let most = most_of(view).max(1);
        let mut axis = Self { plot, day_start: view.overview.day_start, window: [0.0; 2], most };
        let from = view.now.plus_millis(-(view.window_secs * 1000.0) as i64);
        axis.window = [axis.x(from), axis.x(view.now)];
        axis
    }

    fn x(&self, at: Time) -> f32 {
        let share = at.millis_since(self.day_start) as f32 / DAY_MILLIS as f32;
        self.plot.left() + self.plot.width() * share.clamp(0.0, 1.0)
    }

    /// To whole minutes: a hand does not point at a millisecond.
    fn time_at(&self, x: f32) -> Time {
        self.time_around(x.clamp(self.plot.left(), self.plot.right()))
    }

    /// As [`Self::time_at`], also of the days before and after.
    fn time_around(&self, x: f32) -> Time {
        let share = (x - self.plot.left()) / self.plot.width();
        let minutes = (f64::from(share) * 1_440.0).round() as i64;
        self.day_start.plus_millis(minutes * 60_000)
    }

    /// Where the window can be made longer: on its left edge, and to the left of
    /// it where it begins before the day, as it does after midnight.
    fn is_on_edge(&self, pen: &Pen, x: f32) -> bool {
        let [left, right] = self.window;
        let reach = pen.u(EDGE_REACH);
        // Of a narrow window the most is for moving it.
        (left - reach..=left + reach.min((right - left) * 0.4)).contains(&x)
    }

    /// Which end of the loop has its flag there.
    fn loop_end_at(&self, pen: &Pen, view: &PanelView, at: Pos2) -> Option<usize> {
        if at.y > self.plot.top() + pen.u(FLAG_REACH) {
            return None;
        }
        let away = view.replay.range?.map(|end| (self.x(end) - at.x).abs());
        let nearest = usize::from(away[1] <= away[0]);
        (away[nearest] <= pen.u(EDGE_REACH)).then_some(nearest)
    }

    /// What the hand on the plot wants.
    fn hand(&self, ui: &Ui, pen: &Pen, view: &PanelView) -> Option<PanelAction> {
        let id = ui.id().with("time-axis");
        let response = ui.interact(self.plot, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Slider, true, "时间轴"));
        if let Some(at) = response.hover_pos() {
            let is_end = self.loop_end_at(pen, view, at).is_some() || self.is_on_edge(pen, at.x);
            ui.ctx().set_cursor_icon(if is_end { CursorIcon::ResizeHorizontal } else { CursorIcon::PointingHand });
            let turned = ui.input(|input| input.smooth_scroll_delta.y);
            if turned.abs() > 0.5 {
                let step = WINDOW_STEP_SECS.copysign(f64::from(turned));
                return set_window(view.window_secs + step * (view.window_secs / 3_600.0).clamp(1.0, 6.0), view);
            }
        }
        let pointer = response.interact_pointer_pos()?;
        if response.clicked() {
            return Some(show(self.time_at(pointer.x), view));
        }
        if response.drag_started() {
            let from = ui.input(|input| input.pointer.press_origin()).unwrap_or(pointer);
            let hold = match self.loop_end_at(pen, view, from) {
                Some(end) => Hold::LoopEnd(end),
                None if ui.input(|input| input.modifiers.shift) => Hold::Range(from.x),
                None if self.is_on_edge(pen, from.x) => Hold::Edge,
                None if (self.window[0]..=self.window[1]).contains(&from.x) => Hold::Window(self.window[1] - from.x),
                None => Hold::Instant,
            };
            ui.data_mut(|data| data.insert_temp(id, hold));
        }
        if !response.dragged() {
            return None;
        }
        self.dragged(ui.data(|data| data.get_temp(id))?, &response, view)
    }

    fn dragged(&self, hold: Hold, response: &Response, view: &PanelView) -> Option<PanelAction> {
        let x = response.interact_pointer_pos()?.x;
        Some(match hold {
            Hold::Instant => show(self.time_at(x), view),
            Hold::Window(left_of_end) => show(self.time_at(x + left_of_end), view),
            Hold::Edge => return set_window(view.now.secs_since(self.time_around(x)), view),
            Hold::LoopEnd(end) => {
                let mut range = view.replay.range?;
                range[end] = self.time_at(x);
                return set_loop(range, view);
            }
            Hold::Range(from) => {
                return set_loop([self.time_at(x.min(from)), self.time_at(x.max(from))], view);
            }
        })
    }

    /// What is played again and again: a line on top from flag to flag.
    fn loop_ends(&self, pen: &Pen, view: &PanelView) {
        let Some(range) = view.replay.range else { return };
        let (top, color) = (self.plot.top(), view.theme.attention);
        let ends = range.map(|end| self.x(end));
        pen.hline(ends[0], ends[1], top, 2.5, color);
        for (x, inwards) in ends.into_iter().zip([1.0, -1.0]) {
            pen.vline(x, top, self.plot.bottom(), 1.5, color.alpha(0.7));
            let at = |across: f32, down: f32| pos2(x + pen.u(across * inwards), top + pen.u(down));
            pen.polygon(vec![at(0.0, 0.0), at(13.0, 0.0), at(0.0, 15.0)], color);
        }
    }

    /// The part of the day that has not come.
    fn to_come(&self, pen: &Pen, view: &PanelView) {
        let from = self.x(view.system);
        if from < self.plot.right() {
            let rest = Rect::from_min_max(pos2(from, self.plot.top()), self.plot.max);
            pen.hatch(rest, pen.theme().hairline.alpha(0.35));
        }
    }

    fn window_ground(&self, pen: &Pen) {
        let [left, right] = self.window;
        let window = Rect::from_min_max(pos2(left, self.plot.top()), pos2(right, self.plot.bottom()));
        pen.fill(window, pen.theme().accent.alpha(0.10));
        pen.hline(left, right, self.plot.top(), 1.5, pen.theme().accent);
        // A handle: two strokes on the edge that can be drawn.
        let middle = self.plot.center().y;
        for shift in [-2.0, 2.0] {
            let x = left + pen.u(shift);
            pen.vline(x, middle - pen.u(7.0), middle + pen.u(7.0), 1.5, pen.theme().accent);
        }
    }

    fn columns(&self, pen: &Pen, view: &PanelView) {
        let width = self.plot.width() / QUARTERS as f32;
        let height = self.plot.height() - pen.u(6.0);
        let column = |index: usize, bottom: f32, count: u32| {
            let left = self.plot.left() + index as f32 * width;
            let top = bottom - height * count as f32 / self.most as f32;
            Rect::from_min_max(pos2(left + width * 0.12, top), pos2(left + width * 0.88, bottom))
        };
        for (index, &[normal, major]) in view.overview.quarters.iter().enumerate() {
            let left = self.plot.left() + index as f32 * width;
            let is_inside = left + width * 0.5 >= self.window[0] && left <= self.window[1];
            let strength = if is_inside { 1.0 } else { 0.42 };
            let mut bottom = self.plot.bottom();
            for (count, color) in [(normal, pen.theme().accent), (major, pen.theme().attention)] {
                let rect = column(index, bottom, count);
                if count > 0 {
                    pen.fill(rect, color.alpha(strength));
                }
                bottom = rect.top();
            }
            let ahead = view.overview.ahead.get(index).map_or(0, |ahead| ahead[0] + ahead[1]);
            if ahead > 0 {
                pen.outline(column(index, bottom, ahead), 1.0, pen.theme().accent.alpha(0.35));
            }
        }
        pen.hline(self.plot.left(), self.plot.right(), self.plot.bottom(), 1.0, pen.theme().hairline);
    }

    fn hours(&self, pen: &Pen) {
        let room = self.plot.width() / 8.0;
        let step = if room >= pen.u(64.0) { 3 } else { 6 };
        for hour in (0..=24_i32).step_by(step) {
            let x = self.plot.left() + self.plot.width() * hour as f32 / 24.0;
            let align = match hour {
                0 => Align::Min,
                24 => Align::Max,
                _ => Align::Center,
            };
            pen.vline(x, self.plot.bottom(), self.plot.bottom() + pen.u(4.0), 1.0, pen.theme().hairline);
            let baseline = self.plot.bottom() + pen.u(20.0);
            pen.text([x, baseline], align, &format!("{hour:02}:00"), pen.small(), pen.u(64.0));
        }
    }

    fn now_line(&self, pen: &Pen, view: &PanelView) {
        let color = if view.is_live { view.theme.text } else { view.theme.attention };
        pen.vline(self.window[1], self.plot.top() - pen.u(4.0), self.plot.bottom(), 2.0, color);
    }
}

/// A window of about so many seconds, unless it is that long.
fn set_window(secs: f64, view: &PanelView) -> Option<PanelAction> {
    let secs = ((secs / WINDOW_STEP_SECS).round() * WINDOW_STEP_SECS).clamp(WINDOW_SECS[0], WINDOW_SECS[1]);
    (secs != view.window_secs).then_some(PanelAction::SetWindow(secs))
}

/// The range, unless it is shown already, too short to be played, or to come.
fn set_loop(range: [Time; 2], view: &PanelView) -> Option<PanelAction> {
    let is_sound = range[1].secs_since(range[0]) >= LEAST_LOOP_SECS && range[0] < view.system;
    (is_sound && view.replay.range != Some(range)).then_some(PanelAction::SetLoop(range))
}

/// The instant, or live where it has not come.
fn show(at: Time, view: &PanelView) -> PanelAction {
    if at >= view.system { PanelAction::GoLive } else { PanelAction::SeekTo(at) }
}

/// Events of the fullest quarter, reached or not.
fn most_of(view: &PanelView) -> u32 {
    let reached = view.overview.quarters.iter().map(|q| q[0] + q[1]);
    let ahead = view.overview.ahead.iter().map(|q| q[0] + q[1]).chain(std::iter::repeat(0));
    reached.zip(ahead).map(|(reached, ahead)| reached + ahead).max().unwrap_or(0)
}

/// What the colours are and how high the highest column is, in the part of
/// the day that is still empty, else left out.
fn key_ui(pen: &Pen, plot: Rect, view: &PanelView) {
    let entries = [("一般", view.theme.accent), ("重要以上", view.theme.attention)];
    let highest = format!("最高 {} 件/15 分钟", count_text(u64::from(most_of(view))));
    let style = Style::regular(size::SMALL, view.theme.text_secondary);
    let box_width = pen.u(11.0);
    let gap = pen.u(18.0);
    let widths: Vec<f32> = entries.iter().map(|(word, _)| box_width + pen.u(6.0) + pen.width(word, style)).collect();
    // Not under the flag of a loop that ends with the day.
    let right = plot.right() - if view.replay.range.is_some() { gap } else { 0.0 };
    let total = widths.iter().sum::<f32>() + gap * 2.0 + pen.width(&highest, style);
    let last = view.overview.ahead.iter().rposition(|ahead| ahead[0] + ahead[1] > 0).map_or(0, |quarter| quarter + 1);
    let share = view.now.millis_since(view.overview.day_start) as f32 / DAY_MILLIS as f32;
    let share = share.max(last as f32 / QUARTERS as f32);
    let clear_from = plot.left() + plot.width() * share.clamp(0.0, 1.0) + gap;
    if right - clear_from < total {
        return;
    }
    let baseline = plot.top() + pen.u(17.0);
    let mut x = right - total;
    x += pen.text([x, baseline], Align::Min, &highest, style, total) + gap;
    for ((word, color), width) in entries.into_iter().zip(widths) {
        pen.fill(Rect::from_min_size(pos2(x, baseline - pen.u(11.0)), vec2(box_width, box_width)), color);
        pen.text([x + box_width + pen.u(6.0), baseline], Align::Min, word, style, width);
        x += width + gap;
    }
}
