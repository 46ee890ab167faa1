//! Devices of one kind by their readings, the worst first: construction sites
//! with their score, water levels, gas. A click opens the device's card.

use bevy_egui::egui::{Align, Rect, Ui, pos2};

use super::chart::{clickable, quantity, row, rows};
use super::frame::{Shows, empty, panel_frame_ui};
use super::number::value_text;
use super::pen::{Mark, Pen, Style};
use super::{DeviceReadings, PanelAction, PanelView, Reading};
use crate::domain::device::DeviceState;
use crate::domain::health::PartHealth;
use crate::theme::size;

const LEAST_ROW: f32 = 46.0;
const MOST_ROW: f32 = 62.0;

/// Draws the devices of `kind`, as many as fit.
pub(super) fn readings_ui(
    ui: &mut Ui,
    rect: Rect,
    view: &PanelView,
    title: &str,
    health: &PartHealth,
    kind: &str,
) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Now, |ui, pen, inner| {
        let Some(all) = view.readings.iter().find(|all| all.kind == kind).filter(|all| !all.rows.is_empty()) else {
            empty(pen, inner, &format!("没有“{kind}”的读数"));
            return None;
        };
        let list = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - pen.u(24.0)));
        let (count, height) = rows(pen, list, all.rows.len(), LEAST_ROW, MOST_ROW);
        let mut asked = None;
        for (index, reading) in all.rows.iter().take(count).enumerate() {
            let place = row(list, index, height);
            if index > 0 {
                pen.hline(place.left(), place.right(), place.top(), 1.0, view.theme.hairline.alpha(0.5));
            }
            reading_ui(pen, place, index + 1, reading, all.range);
            if clickable(ui, place, ("reading", &reading.id), &reading.name).clicked() {
                asked = Some(PanelAction::ShowDevice(reading.id.clone()));
            }
        }
        pen.text([inner.left(), inner.bottom() - pen.u(4.0)], Align::Min, &sum_text(all), pen.small(), inner.width());
        asked
    })
}

/// `36 处，平均 84.2 分，告警 2`.
fn sum_text(all: &DeviceReadings) -> String {
    let unit = all.rows.first().map_or("", |reading| reading.unit.as_str());
    let mean = all.mean.map_or_else(String::new, |mean| format!("，平均 {} {unit}", value_text(mean)));
    format!("共 {}{mean}，告警 {}", all.total, all.alarms)
}

fn reading_ui(pen: &Pen, place: Rect, rank: usize, reading: &Reading, range: [f64; 2]) {
    let theme = pen.theme();
    let middle = place.center().y;
    let first = middle - pen.u(1.0);
    let small = Style::regular(size::SMALL, theme.text_secondary);
    let is_alarm = reading.state == DeviceState::Alarm;
    let bold = Style::bold(size::BODY, if is_alarm { theme.alarm } else { theme.text });
    let left = place.left() + pen.u(30.0);
    pen.text([place.left(), first], Align::Min, &rank.to_string(), small, pen.u(28.0));
    let value =
        reading.value.map_or_else(|| "无读数".to_owned(), |value| format!("{} {}", value_text(value), reading.unit));
    let room = place.width() * 0.4;
    let width = match is_alarm {
        true => pen.marked_text([place.right(), first], Align::Max, Mark::Triangle, &value, bold, room),
        false => pen.text([place.right(), first], Align::Max, &value, bold, room),
    };
    pen.text([left, first], Align::Min, &reading.name, pen.body(), place.right() - width - pen.u(12.0) - left);
    let bar = Rect::from_min_max(pos2(left, middle + pen.u(10.0)), pos2(place.right(), middle + pen.u(15.0)));
    let [low, high] = range;
    let share = reading.value.map_or(0.0, |value| ((value - low) / (high - low).max(1e-9)).clamp(0.0, 1.0));
    pen.bar(bar, share as f32, if is_alarm { theme.alarm } else { quantity(pen) });
}
