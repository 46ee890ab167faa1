//! Cameras (视频点位).

use serde::{Deserialize, Serialize};

use super::geometry::LonLat;

/// One camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Camera {
    /// Unique id; a 20-digit GB/T 28181 device id in most places.
    pub id: String,
    /// Name as shown: the place it looks at.
    pub name: String,
    /// Who runs it: 公安, 城管, 防汛, 物业 …
    pub owner: String,
    /// Where it stands.
    pub at: LonLat,
    /// Whether it delivers pictures.
    pub online: bool,
    /// Whether its source tells whether it delivers pictures, or that is assumed.
    pub is_told: bool,
    /// Address of its latest still picture, when it has one.
    pub picture: Option<String>,
}
