//! The devices of the Internet of Things: readings that wander, few alarms,
//! some silence. A reading is a pure function of device and instant.

use super::calendar;
use super::city::City;
use super::noise;
use super::profile::DeviceKind;
use crate::domain::device::{Device, DeviceState};
use crate::domain::geometry::LonLat;
use crate::domain::time::{HOUR_MILLIS, Time};

/// Devices report this often.
const REPORT_MS: i64 = 60_000;
/// Alarms and outages are drawn anew after this long.
const STATE_MS: i64 = 2 * HOUR_MILLIS;

/// Builds all devices, without readings.
pub fn build(city: &City) -> Vec<(Device, &'static DeviceKind)> {
    let mut rng = noise::stream(city.seed, "devices");
    let mut devices = Vec::new();
    for (row, kind) in city.profile.devices.iter().enumerate() {
        for number in 1..=kind.count {
            let site = if kind.at_water {
                city.site_by_water(&mut rng)
            } else if kind.name == "智能井盖" || kind.name == "智能垃圾桶" {
                city.site_by_road(&mut rng)
            } else {
                city.site_in_block(&mut rng)
            };
            let device = Device {
                id: format!("{}-{}{number:04}", city.profile.code, row + 1),
                kind: kind.name.into(),
                name: format!("{} · {}", city.area(site.leaf.grid).name, site.leaf.street),
                at: LonLat::new(site.degrees[0], site.degrees[1]),
                state: DeviceState::Normal,
                value: None,
                unit: kind.unit.into(),
                read: None,
                is_told: true,
            };
            devices.push((device, kind));
        }
    }
    devices
}

/// The device with its latest reading at an instant.
pub fn read(city: &City, index: usize, device: &Device, kind: &DeviceKind, now: Time) -> Device {
    let own = noise::mix(city.seed ^ 0x0D0D, index as u64);
    // States of different devices change at different instants.
    let shifted = now.0 + (own % STATE_MS as u64) as i64;
    let slot = shifted.div_euclid(STATE_MS);
    let lot = noise::unit_of(own, slot as u64);
    let state = match lot {
        p if p < kind.alarm_share => DeviceState::Alarm,
        p if p < kind.alarm_share + kind.offline_share => DeviceState::Offline,
        _ => DeviceState::Normal,
    };
    // A silent device's last reading is from before it fell silent.
    let heard = if state == DeviceState::Offline { now.0 - shifted.rem_euclid(STATE_MS) } else { now.0 };
    let read = Time(heard.div_euclid(REPORT_MS) * REPORT_MS + (own % 50_000) as i64 - REPORT_MS);
    let value = if state == DeviceState::Alarm { kind.alarm_value } else { usual(own, kind, read) };
    Device { state, value: Some((value * 10.0).round() / 10.0), read: Some(read), ..device.clone() }
}

/// A usual reading: its own level, the hour of the day, and slow wandering.
fn usual(own: u64, kind: &DeviceKind, at: Time) -> f64 {
    let level = noise::unit(own) - 0.5;
    let daily = ((calendar::hour_of(at) - 9.0) / 24.0 * std::f64::consts::TAU).sin();
    let wander = noise::wander(own, at.0, HOUR_MILLIS / 2);
    (kind.middle + kind.swing * (0.5 * level + 0.35 * daily + 0.4 * wander)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::profile::PROFILES;
    use super::*;

    #[test]
    fn readings_are_repeatable_and_few_are_bad() {
        let city = City::build(&PROFILES[0], 8);
        let devices = build(&city);
        assert_eq!(devices.len(), city.profile.devices.iter().map(|k| k.count).sum::<usize>());
        let now = Time(1_755_219_600_000);
        let readings: Vec<Device> =
            devices.iter().enumerate().map(|(i, (d, kind))| read(&city, i, d, kind, now)).collect();
        assert_eq!(readings[3], read(&city, 3, &devices[3].0, devices[3].1, now));
        let count = |state| readings.iter().filter(|d| d.state == state).count();
        assert!(count(DeviceState::Alarm) < readings.len() / 50);
        assert!(count(DeviceState::Offline) < readings.len() / 20);
        assert!(readings.iter().all(|d| d.read.is_some_and(|read| read <= now)));
    }
}
