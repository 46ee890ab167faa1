//! What lies under the grid and is quieter than it: water, roads, buildings.

use serde::{Deserialize, Serialize};

use super::geometry::Shape;

/// What a context feature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContextKind {
    /// Rivers and lakes: polygons.
    Water,
    /// Parks: polygons.
    Green,
    /// Buildings: polygons.
    Building,
    /// Roads: lines.
    Road,
}

impl ContextKind {
    /// The configuration's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Water => "water",
            Self::Green => "green",
            Self::Building => "building",
            Self::Road => "road",
        }
    }

    /// Reads the configuration's name.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "water" | "river" | "lake" | "水系" => Self::Water,
            "green" | "park" | "绿地" => Self::Green,
            "building" | "建筑" => Self::Building,
            "road" | "street" | "道路" => Self::Road,
            _ => return None,
        })
    }
}

/// One context feature in WGS-84 degrees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContextFeature {
    /// What it is.
    pub kind: ContextKind,
    /// Name, when it has one.
    pub name: String,
    /// Polygons; empty for roads.
    pub shape: Shape,
    /// Lines; empty for everything but roads.
    pub lines: Vec<Vec<[f64; 2]>>,
    /// 1 = arterial … 3 = lane; roads only.
    pub rank: u8,
}
