//! Devices of one kind by their readings, the worst first: construction sites
//! with their score, water levels, gas. A click opens the device's card.

use bevy_egui::egui::{Align, Rect, Ui, pos2};

use super::chart::{clickable, quantity, row, rows};
use super::frame::{Shows, empty, panel_frame_ui};
use super::number::value_text;
use super::pen::{Mark, Pen, Style};
use super::{PanelAction, PanelView};
use crate::config::{DeviceList, Worst};
use crate::domain::device::{Device, DeviceState};
use crate::domain::health::PartHealth;
use crate::theme::size;

const LEAST_ROW: f32 = 46.0;
const MOST_ROW: f32 = 62.0;

/// Devices of one kind by their readings.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceReadings {
    /// Which devices, in which order.
    pub list: DeviceList,
    /// The worst, worst first: those in alarm before all others.
    pub rows: Vec<Reading>,
    /// All devices of the kind.
    pub total: usize,
    /// Those in alarm.
    pub alarms: usize,
    /// Mean reading of those that are not silent.
    pub mean: Option<f64>,
    /// Ends of the scale: 0, or less where a reading is, and the highest reading.
    pub range: [f64; 2],
}

/// The latest reading of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Id at its source.
    pub id: String,
    /// Name as shown.
    pub name: String,
    /// What it read; `None` where nothing is known.
    pub value: Option<f64>,
    /// Unit of the reading.
    pub unit: String,
    /// How it is.
    pub state: DeviceState,
}

impl DeviceReadings {
    /// The devices of `list` among all, the worst `most` of them in order.
    pub fn of<'a>(list: &DeviceList, devices: impl Iterator<Item = &'a Device>, most: usize) -> Self {
        let mut all: Vec<&Device> = devices.filter(|device| device.kind == list.kind).collect();
        let sign = if list.worst == Worst::Lowest { 1.0 } else { -1.0 };
        // Silent ones say nothing, and so come last.
        let key = |device: &Device| match (device.state, device.value) {
            (DeviceState::Alarm, value) => (0, value.unwrap_or(0.0) * sign),
            (DeviceState::Normal, Some(value)) => (1, value * sign),
            _ => (2, 0.0),
        };
        all.sort_by(|a, b| {
            let (first, second) = (key(a), key(b));
            first.0.cmp(&second.0).then(first.1.total_cmp(&second.1)).then_with(|| a.id.cmp(&b.id))
        });
        let read: Vec<f64> = all
            .iter()
            .filter(|device| device.state != DeviceState::Offline)
            .filter_map(|device| device.value)
            .collect();
        let fold = |from: f64, by: fn(f64, f64) -> f64| read.iter().copied().fold(from, by);
        Self {
            list: list.clone(),
            total: all.len(),
            alarms: all.iter().filter(|device| device.state == DeviceState::Alarm).count(),
            mean: (!read.is_empty()).then(|| read.iter().sum::<f64>() / read.len() as f64),
            range: [fold(0.0, f64::min), fold(0.0, f64::max)],
            rows: all
                .into_iter()
                .take(most)
                .map(|device| Reading {
                    id: device.id.clone(),
                    name: device.name.clone(),
                    value: device.value.filter(|_| device.state != DeviceState::Offline),
                    unit: device.unit.clone(),
                    state: device.state,
                })
                .collect(),
        }
    }
}

/// Draws the devices of `list`, as many as fit.
pub(super) fn readings_ui(
    ui: &mut Ui,
    rect: Rect,
    view: &PanelView,
    title: &str,
    health: &PartHealth,
    list: &DeviceList,
) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Now, |ui, pen, inner| {
        let Some(all) = view.readings.iter().find(|all| all.list == *list).filter(|all| !all.rows.is_empty()) else {
            empty(pen, inner, &format!("没有“{}”的读数", list.kind));
            return None;
        };
        let lines = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - pen.u(24.0)));
        let (count, height) = rows(pen, lines, all.rows.len(), LEAST_ROW, MOST_ROW);
        let mut asked = None;
        for (index, reading) in all.rows.iter().take(count).enumerate() {
            let place = row(lines, index, height);
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
