//! What alerts say of their subjects.
//!
//! In: an event, a device, a figure, a warning. Out: [`Facts`], in the words of
//! the wall.

use crate::domain::alert::condition::DeviceTest;
use crate::domain::alert::{AlertKind, Detail, Facts, Limit};
use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::device::{Device, DeviceState};
use crate::domain::event_store::EventRef;
use crate::domain::geometry::LonLat;
use crate::domain::overview::place_name;
use crate::domain::time::Time as Instant1970;
use crate::domain::warning::Warning;
use crate::model::Areas;

/// A number as it stands in a sentence.
fn plain(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Name and code of an area, if it is one of these.
fn area_of(tree: &AreaTree, area: Option<AreaIndex>) -> (String, Option<String>) {
    match area.filter(|&area| (area as usize) < tree.len()) {
        Some(area) => (place_name(tree, area), Some(tree.area(area).code.clone())),
        None => (String::new(), None),
    }
}

/// Places that no file and no map can take are none.
fn known(at: LonLat) -> Option<LonLat> {
    Some(at).filter(|at| at.is_valid())
}

/// Of an event.
pub(super) fn of_event(event: EventRef<'_>, tree: &AreaTree, stages: &[String], now: Instant1970) -> Facts {
    let area = event.area();
    let event = event.to_event();
    let (name, code) = area_of(tree, area);
    let place = [name, event.place].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let mut words = vec![event.severity.label()];
    words.extend(stages.get(usize::from(event.stage)).map(String::as_str));
    words.extend(event.due.filter(|&due| due < now).map(|_| "超时"));
    Facts {
        kind: AlertKind::Event,
        name: event.title,
        place,
        area: code,
        at: event.at.and_then(known),
        detail: Detail::Words(words.join(" · ")),
    }
}

/// Of a device that is beyond a limit or in a state.
pub(super) fn of_device(device: &Device, test: DeviceTest, areas: &Areas) -> Facts {
    let (place, code) = area_of(&areas.tree, areas.locator.locate_deepest(device.at));
    let value = device.value.filter(|value| value.is_finite());
    let detail = match (test, value) {
        (DeviceTest::Reading(threshold), Some(value)) => {
            Detail::Reading { label: device.kind.clone(), value, unit: device.unit.clone(), limit: threshold.limit }
        }
        (DeviceTest::State(DeviceState::Offline), _) | (_, None) => Detail::Words(state_word(device.state).to_owned()),
        (_, Some(value)) => {
            let reading = format!("{},读数 {} {}", state_word(device.state), plain(value), device.unit);
            Detail::Words(reading.trim_end().to_owned())
        }
    };
    let name = if device.name.is_empty() { &device.kind } else { &device.name };
    Facts { kind: AlertKind::Device, name: name.clone(), place, area: code, at: known(device.at), detail }
}

const fn state_word(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Normal => "正常",
        DeviceState::Offline => "离线",
        DeviceState::Alarm => "设备告警",
    }
}

/// A figure beyond its limit.
pub(super) struct Beyond<'a> {
    pub(super) label: &'a str,
    pub(super) value: f64,
    pub(super) unit: &'a str,
    pub(super) limit: Limit,
}

/// Of a figure of an area, or of the whole place.
pub(super) fn of_figure(beyond: &Beyond, tree: &AreaTree, area: Option<AreaIndex>) -> Facts {
    let (place, code) = area_of(tree, area);
    Facts {
        kind: AlertKind::Figure,
        name: if place.is_empty() { "全域".to_owned() } else { place },
        place: String::new(),
        area: code,
        at: None,
        detail: Detail::Reading {
            label: beyond.label.to_owned(),
            value: beyond.value,
            unit: beyond.unit.to_owned(),
            limit: beyond.limit,
        },
    }
}

/// Of more than is usual.
pub(super) fn of_warning(warning: &Warning, tree: &AreaTree) -> Facts {
    let (place, code) = area_of(tree, Some(warning.area));
    let name = if warning.category.is_empty() { "事件" } else { &warning.category };
    Facts {
        kind: AlertKind::Warning,
        name: name.to_owned(),
        place,
        area: code,
        at: None,
        detail: Detail::Words(format!("近 1 小时 {} 件,上限 {} 件", warning.count, warning.limit)),
    }
}
