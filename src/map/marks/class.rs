//! What a point is counted and drawn as.

use super::Icon;
use crate::domain::camera::Camera;
use crate::domain::device::{Device, DeviceState};
use crate::domain::event::Severity;

/// Kind and state of a point; also its row in the table of looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class(u8);

/// Devices come after cameras: three states for each icon.
const DEVICES: u8 = 2;
/// Events come after devices: one for each severity.
const EVENTS: u8 = DEVICES + 3 * Icon::OF_DEVICES.len() as u8;
const END: u8 = EVENTS + 3;

impl Class {
    /// Cameras that deliver pictures.
    pub const CAMERA_ONLINE: Self = Self(0);
    /// Cameras that deliver none.
    pub const CAMERA_OFFLINE: Self = Self(1);

    /// The class of a camera.
    pub fn of_camera(camera: &Camera) -> Self {
        if camera.online { Self::CAMERA_ONLINE } else { Self::CAMERA_OFFLINE }
    }

    /// The class of a device.
    pub fn of_device(device: &Device) -> Self {
        Self::device(Icon::of_kind(&device.kind), device.state)
    }

    /// Devices of a kind in a state.
    pub fn device(icon: Icon, state: DeviceState) -> Self {
        let icons = Icon::OF_DEVICES;
        let place = icons.iter().position(|known| *known == icon).unwrap_or(icons.len() - 1);
        Self(DEVICES + 3 * place as u8 + state as u8)
    }

    /// Events of a severity.
    pub fn event(severity: Severity) -> Self {
        Self(EVENTS + severity as u8)
    }

    /// All classes.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..END).map(Self)
    }

    /// The class that [`Self::row`] gave the number of.
    pub(super) fn of_row(row: u8) -> Self {
        Self(row.min(END - 1))
    }

    /// Its number, from 0 without gaps.
    pub fn row(self) -> u8 {
        self.0
    }

    /// Whether it is out of order: a camera without pictures, a device without
    /// readings.
    pub fn is_off(self) -> bool {
        self == Self::CAMERA_OFFLINE || self.device_state() == Some(DeviceState::Offline)
    }

    /// Whether somebody has to see it: a device in alarm, an event that is more
    /// than ordinary.
    pub fn is_alert(self) -> bool {
        self.device_state() == Some(DeviceState::Alarm) || self.0 > EVENTS
    }

    /// How urgently it has to be seen: urgent events, alarms, major events.
    pub fn urgency(self) -> u8 {
        match self.device_state() {
            Some(DeviceState::Alarm) => 2,
            None if self == Self::event(Severity::Urgent) => 3,
            None if self == Self::event(Severity::Major) => 1,
            _ => 0,
        }
    }

    /// The state of a device; `None` for anything else.
    pub fn device_state(self) -> Option<DeviceState> {
        let states = [DeviceState::Normal, DeviceState::Offline, DeviceState::Alarm];
        (DEVICES..EVENTS).contains(&self.0).then(|| states[usize::from(self.0 - DEVICES) % 3])
    }

    /// The icon of a device; `None` for anything else.
    pub fn device_icon(self) -> Option<Icon> {
        (DEVICES..EVENTS).contains(&self.0).then(|| Icon::OF_DEVICES[usize::from(self.0 - DEVICES) / 3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cluster::CLASSES;

    #[test]
    fn classes_are_told_apart() {
        assert!(usize::from(END) <= CLASSES);
        for icon in Icon::OF_DEVICES {
            for state in [DeviceState::Normal, DeviceState::Offline, DeviceState::Alarm] {
                let class = Class::device(icon, state);
                assert_eq!((class.device_icon(), class.device_state()), (Some(icon), Some(state)));
                assert_eq!(class.is_off(), state == DeviceState::Offline);
                assert_eq!(class.is_alert(), state == DeviceState::Alarm);
            }
        }
        let events = [Severity::Normal, Severity::Major, Severity::Urgent].map(Class::event);
        assert_eq!(events.map(Class::is_alert), [false, true, true]);
        assert_eq!(Class::all().filter(|class| class.device_state().is_some()).count(), 24);
        assert!(events.iter().all(|event| event.device_state().is_none() && !event.is_off()));
        assert!(Class::all().all(|class| Class::of_row(class.row()) == class));
    }

    #[test]
    fn the_most_urgent_is_an_urgent_event() {
        let most = Class::all().max_by_key(|class| class.urgency());
        assert_eq!(most, Some(Class::event(Severity::Urgent)));
    }
}
