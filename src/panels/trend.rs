//! Trend (时段趋势): events per hour of today over the band of the days before.
//!
//! The line is the number of events in the hour that ends at each quarter, so
//! that the last point compares a whole hour with whole hours; the band spans
//! the least and the most of that number over the days before. The first
//! three quarters of a day have no whole hour behind them and are left out,
//! as is the quarter that is not over yet.

use bevy_egui::egui::epaint::{Mesh, Vertex};
use bevy_egui::egui::{Align, Pos2, Rect, Shape, Ui, pos2};

use super::frame::{Shows, empty, panel_frame_ui};
use super::number::{count_text, nice_ceiling};
use super::pen::{MARK_EM, Mark, Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::health::PartHealth;
use crate::domain::overview::{Overview, QUARTER_MILLIS, QUARTERS, USUAL_DAYS, rolling_hours};
use crate::theme::{Rgba, size};

/// The first quarter that ends a whole hour.
const FIRST: usize = 3;
/// Room above the plot for the current value, below it for the hours, in
/// design units.
const ABOVE: f32 = 30.0;
const BELOW: f32 = 22.0;

/// Draws today's line over the usual band.
pub fn trend_ui(ui: &mut Ui, rect: Rect, view: &PanelView, title: &str, health: &PartHealth) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Then, |_, pen, inner| {
        let hours = hours_so_far(view.overview);
        let band = &view.overview.usual_hours;
        if hours.len() <= FIRST && band.is_empty() {
            empty(pen, inner, "满一小时后显示");
            return None;
        }
        let chart = Chart::new(pen, inner, &hours, band);
        chart.grid(pen);
        chart.band(pen, band);
        chart.today(pen, &hours);
        chart.labels(pen, &hours, band);
        None
    })
}

/// Events in the hour that ends with each quarter that is over.
fn hours_so_far(overview: &Overview) -> Vec<u32> {
    let over = overview.now.millis_since(overview.day_start).div_euclid(QUARTER_MILLIS).clamp(0, QUARTERS as i64);
    let quarters: Vec<u32> = overview.quarters.iter().take(over as usize).map(|q| q[0] + q[1]).collect();
    rolling_hours(&quarters)
}

/// How the last whole hour compares with the band: word, shape and colour.
fn judgement(last: u32, band: Option<&[u32; 2]>, pen: &Pen) -> (&'static str, Mark, Rgba) {
    let theme = pen.theme();
    match band {
        Some([_, most]) if last > *most => ("高于常态", Mark::Up, theme.attention),
        Some([least, _]) if last < *least => ("低于常态", Mark::Down, theme.text),
        Some(_) => ("在常态内", Mark::Dot, theme.good),
        None => ("", Mark::Dot, theme.accent),
    }
}

/// The plot's place and scale.
struct Chart {
    plot: Rect,
    /// Value at the top of the plot.
    full: f32,
    /// Value between grid lines.
    step: f32,
}

impl Chart {
    fn new(pen: &Pen, inner: Rect, hours: &[u32], band: &[[u32; 2]]) -> Self {
        let most = hours.iter().skip(FIRST).copied().chain(band.iter().map(|range| range[1])).max().unwrap_or(0);
        let height = (inner.height() - pen.u(ABOVE + BELOW)).max(1.0);
        let lines = f64::from((height / pen.u(48.0)).clamp(3.0, 6.0));
        let step = nice_ceiling(f64::from(most.max(1)) / lines).max(1.0);
        let full = (f64::from(most.max(1)) / step).ceil() * step;
        let widest = pen.width(&count_text(full as u64), pen.small());
        let plot = Rect::from_min_max(
            pos2(inner.left() + widest + pen.u(8.0), inner.top() + pen.u(ABOVE)),
            pos2(inner.right() - pen.u(2.0), inner.bottom() - pen.u(BELOW)),
        );
        Self { plot, full: full as f32, step: step as f32 }
    }

    /// The point of the hour that ends with quarter `index`.
    fn at(&self, index: usize, value: u32) -> Pos2 {
        let x = self.plot.left() + self.plot.width() * (index + 1) as f32 / QUARTERS as f32;
        pos2(x, self.y(value as f32))
    }

    fn y(&self, value: f32) -> f32 {
        self.plot.bottom() - self.plot.height() * (value / self.full).min(1.0)
    }

    fn grid(&self, pen: &Pen) {
        let theme = pen.theme();
        let lines = (self.full / self.step).round() as usize;
        // Labels need 20 units each: low charts show the ends only.
        let is_low = self.plot.height() / lines as f32 <= pen.u(20.0);
        for line in 0..=lines {
            let value = line as f32 * self.step;
            let y = self.y(value);
            let strength = if line == 0 { 1.0 } else { 0.5 };
            pen.hline(self.plot.left(), self.plot.right(), y, 1.0, theme.hairline.alpha(strength));
            if !is_low || line == 0 || line == lines {
                let at = [self.plot.left() - pen.u(8.0), pen.baseline(y, size::SMALL)];
                pen.text(at, Align::Max, &count_text(value as u64), pen.small(), pen.u(90.0));
            }
        }
        for hour in (0..=24).step_by(6) {
            let x = self.plot.left() + self.plot.width() * hour as f32 / 24.0;
            pen.vline(x, self.plot.bottom(), self.plot.bottom() + pen.u(4.0), 1.0, theme.hairline);
            let align = match hour {
                0 => Align::Min,
                24 => Align::Max,
                _ => Align::Center,
            };
            let text = format!("{hour:02} 时");
            pen.text([x, self.plot.bottom() + pen.u(20.0)], align, &text, pen.small(), pen.u(60.0));
        }
    }

    /// The band as a strip of triangles: it is not convex.
    fn band(&self, pen: &Pen, band: &[[u32; 2]]) {
        if band.len() < 2 {
            return;
        }
        let fill = pen.color(pen.theme().text_secondary.alpha(0.22));
        let mut mesh = Mesh::default();
        for (index, &[least, most]) in band.iter().enumerate().skip(FIRST) {
            let next = mesh.vertices.len() as u32;
            for value in [most, least] {
                mesh.vertices.push(Vertex::untextured(self.at(index, value), fill));
            }
            if next >= 2 {
                mesh.indices.extend([next - 2, next - 1, next, next - 1, next + 1, next]);
            }
        }
        pen.shape(Shape::mesh(mesh));
    }

    fn today(&self, pen: &Pen, hours: &[u32]) {
        let points: Vec<Pos2> = (FIRST..hours.len()).map(|index| self.at(index, hours[index])).collect();
        pen.path(points, 2.5, pen.theme().accent);
    }

    /// The current value above the plot, joined to its point; the band's name
    /// on the band.
    fn labels(&self, pen: &Pen, hours: &[u32], band: &[[u32; 2]]) {
        if let Some(last) = hours.len().checked_sub(1).filter(|&last| last >= FIRST) {
            self.current(pen, last, hours[last], band.get(last));
        }
        let name =
            if band.is_empty() { "尚无往日数据".to_owned() } else { format!("近 {USUAL_DAYS} 日常态") };
        let width = pen.width(&name, pen.small());
        // Above band and line at the end of the day, or at its start.
        let columns = (width / self.plot.width() * QUARTERS as f32).ceil() as usize + 2;
        for first in [QUARTERS.saturating_sub(columns), 0] {
            let highest = (first..(first + columns).min(QUARTERS))
                .map(|index| band.get(index).map_or(0, |range| range[1]).max(hours.get(index).copied().unwrap_or(0)))
                .max()
                .unwrap_or(0);
            let baseline = self.y(highest as f32) - pen.u(8.0);
            if baseline - pen.u(16.0) >= self.plot.top() {
                let (x, align) = if first > 0 {
                    (self.plot.right(), Align::Max)
                } else {
                    (self.plot.left() + pen.u(4.0), Align::Min)
                };
                pen.text([x, baseline], align, &name, pen.small(), width + 1.0);
                break;
            }
        }
    }

    /// The last whole hour: its value in words above its point.
    fn current(&self, pen: &Pen, last: usize, value: u32, usual: Option<&[u32; 2]>) {
        let (word, mark, color) = judgement(value, usual, pen);
        let point = self.at(last, value);
        pen.vline(point.x, self.plot.top() - pen.u(8.0), point.y, 1.0, color.alpha(0.5));
        pen.disc(point, 4.5, color);
        let text = format!("近 1 小时 {} 件 {word}", count_text(u64::from(value)));
        let style = Style::regular(size::SMALL, color);
        let width = pen.width(&text, style) + pen.u(size::SMALL * MARK_EM);
        let most_left = (self.plot.right() - width).max(self.plot.left());
        let left = (point.x - width * 0.5).clamp(self.plot.left(), most_left);
        let at = [left, self.plot.top() - pen.u(14.0)];
        pen.marked_text(at, Align::Min, mark, text.trim_end(), style, self.plot.width());
    }
}
