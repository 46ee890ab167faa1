//! Time axis: the day's histogram, with the heat window on it.
//!
//! One column per quarter of an hour, ordinary events below, major and urgent
//! ones above, bright inside the heat window. A click shows that instant; on
//! the part of the day that has not come it goes back to live.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::chart::clickable;
use super::frame::panel_frame_ui;
use super::number::{count_text, span_text};
use super::pen::{Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::health::{Freshness, PartHealth};
use crate::domain::overview::QUARTERS;
use crate::domain::time::Time;
use crate::theme::size;

const DAY_MILLIS: i64 = 86_400_000;
/// Design units under the columns for the hours.
const HOURS_HEIGHT: f32 = 22.0;

/// Draws the histogram of the shown day.
pub fn time_axis_ui(
    ui: &mut Ui,
    rect: Rect,
    view: &PanelView,
    title: &str,
    health: &PartHealth,
) -> Option<PanelAction> {
    let is_waiting = health.freshness == Freshness::Waiting;
    let title = if is_waiting { title.to_owned() } else { headline(view, title) };
    panel_frame_ui(ui, rect, view, &title, health, |ui, pen, inner| {
        let plot = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - pen.u(HOURS_HEIGHT)));
        let axis = Axis::new(plot, view);
        axis.window_ground(pen);
        axis.columns(pen, view);
        axis.hours(pen);
        axis.now_line(pen, view);
        key_ui(pen, plot, view);
        let response = clickable(ui, plot, "time-axis", "时间轴");
        let pointer = response.clicked().then(|| response.interact_pointer_pos()).flatten()?;
        let instant = axis.time_at(pointer.x);
        Some(if instant >= view.system { PanelAction::GoLive } else { PanelAction::SeekTo(instant) })
    })
}

/// `时间轴 · 窗口 3 小时 11:32–14:32 · 1,204 件`.
fn headline(view: &PanelView, title: &str) -> String {
    let zone = &view.config.wall.zone;
    let window_secs = view.config.heat.window_secs;
    let from = view.now.plus_millis(-(window_secs * 1000.0) as i64);
    let (span, unit) = span_text(window_secs);
    let span = span.trim_end_matches(".0");
    format!(
        "{title} · 近 {span} {unit} {}–{} · {} 件",
        from.minute_text(zone),
        view.now.minute_text(zone),
        count_text(view.overview.window_count)
    )
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
        let most = view.overview.quarters.iter().map(|q| q[0] + q[1]).max().unwrap_or(0).max(1);
        let mut axis = Self { plot, day_start: view.overview.day_start, window: [0.0; 2], most };
        let from = view.now.plus_millis(-(view.config.heat.window_secs * 1000.0) as i64);
        axis.window = [axis.x(from), axis.x(view.now)];
        axis
    }

    fn x(&self, at: Time) -> f32 {
        let share = at.millis_since(self.day_start) as f32 / DAY_MILLIS as f32;
        self.plot.left() + self.plot.width() * share.clamp(0.0, 1.0)
    }

    /// To whole minutes: a hand does not point at a millisecond.
    fn time_at(&self, x: f32) -> Time {
        let share = ((x - self.plot.left()) / self.plot.width()).clamp(0.0, 1.0);
        let minutes = (f64::from(share) * 1_440.0).round() as i64;
        self.day_start.plus_millis(minutes * 60_000)
    }

    fn window_ground(&self, pen: &Pen) {
        let [left, right] = self.window;
        let window = Rect::from_min_max(pos2(left, self.plot.top()), pos2(right, self.plot.bottom()));
        pen.fill(window, pen.theme().accent.alpha(0.10));
        pen.hline(left, right, self.plot.top(), 1.5, pen.theme().accent);
    }

    fn columns(&self, pen: &Pen, view: &PanelView) {
        let width = self.plot.width() / QUARTERS as f32;
        let height = self.plot.height() - pen.u(6.0);
        for (index, &[normal, major]) in view.overview.quarters.iter().enumerate() {
            if normal + major == 0 {
                continue;
            }
            let left = self.plot.left() + index as f32 * width;
            let middle = left + width * 0.5;
            let is_inside = middle >= self.window[0] && left <= self.window[1];
            let strength = if is_inside { 1.0 } else { 0.42 };
            let mut bottom = self.plot.bottom();
            for (count, color) in [(normal, pen.theme().accent), (major, pen.theme().attention)] {
                let top = bottom - height * count as f32 / self.most as f32;
                let column = Rect::from_min_max(pos2(left + width * 0.12, top), pos2(left + width * 0.88, bottom));
                if count > 0 {
                    pen.fill(column, color.alpha(strength));
                }
                bottom = top;
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

/// What the colours are and how high the highest column is, in the part of
/// the day that is still empty, else left out.
fn key_ui(pen: &Pen, plot: Rect, view: &PanelView) {
    let most = view.overview.quarters.iter().map(|q| q[0] + q[1]).max().unwrap_or(0);
    let entries = [("一般", view.theme.accent), ("重要以上", view.theme.attention)];
    let highest = format!("最高 {} 件/15 分钟", count_text(u64::from(most)));
    let style = Style::regular(size::SMALL, view.theme.text_secondary);
    let box_width = pen.u(11.0);
    let gap = pen.u(18.0);
    let widths: Vec<f32> = entries.iter().map(|(word, _)| box_width + pen.u(6.0) + pen.width(word, style)).collect();
    let total = widths.iter().sum::<f32>() + gap * 2.0 + pen.width(&highest, style);
    let share = view.now.millis_since(view.overview.day_start) as f32 / DAY_MILLIS as f32;
    let clear_from = plot.left() + plot.width() * share.clamp(0.0, 1.0) + gap;
    if plot.right() - clear_from < total {
        return;
    }
    let baseline = plot.top() + pen.u(17.0);
    let mut x = plot.right() - total;
    x += pen.text([x, baseline], Align::Min, &highest, style, total) + gap;
    for ((word, color), width) in entries.into_iter().zip(widths) {
        pen.fill(Rect::from_min_size(pos2(x, baseline - pen.u(11.0)), vec2(box_width, box_width)), color);
        pen.text([x + box_width + pen.u(6.0), baseline], Align::Min, word, style, width);
        x += width + gap;
    }
}
