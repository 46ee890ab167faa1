//! The rows of the table of deployments, a file each. Counts are those that the
//! places publish; the shape of the ground is a likeness, not a survey.

mod badahu;
mod honghua;
mod jinjihu;
mod nanjing;
mod yanlong;

use super::DeviceKind;
pub use badahu::BADAHU;
pub use honghua::HONGHUA;
pub use jinjihu::JINJIHU;
pub use nanjing::NANJING;
pub use yanlong::YANLONG;

/// A kind of device with the usual shares of alarms and silence.
const fn device(name: &'static str, count: usize, middle: f64, swing: f64, unit: &'static str) -> DeviceKind {
    DeviceKind {
        name,
        count,
        middle,
        swing,
        unit,
        alarm_value: middle + 3.0 * swing,
        alarm_share: 0.002,
        offline_share: 0.015,
        at_water: false,
    }
}
