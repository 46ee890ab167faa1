//! Devices of the Internet of Things (物联设备).

use serde::{Deserialize, Serialize};

use super::geometry::LonLat;
use super::time::Time;

/// How a device is. The order is from well to badly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// 正常
    #[default]
    Normal,
    /// 离线: no reading for too long.
    Offline,
    /// 告警: a reading out of bounds.
    Alarm,
}

impl DeviceState {
    /// Reads a name, a Chinese word or a number 0/1/2.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "normal" | "online" | "正常" | "在线" | "true" | "0" => Self::Normal,
            "offline" | "离线" | "false" | "1" => Self::Offline,
            "alarm" | "alert" | "告警" | "报警" | "2" => Self::Alarm,
            _ => return None,
        })
    }
}

/// One device with its latest reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Unique id.
    pub id: String,
    /// Kind as shown: 可燃气体, 智能井盖 …
    pub kind: String,
    /// Name as shown.
    pub name: String,
    /// Where it is.
    pub at: LonLat,
    /// How it is.
    pub state: DeviceState,
    /// Latest reading.
    pub value: Option<f64>,
    /// Unit of the reading.
    pub unit: String,
    /// When it was read.
    pub read: Option<Time>,
    /// Whether its source tells its state, or it is assumed to be well.
    pub is_told: bool,
}
