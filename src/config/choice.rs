//! Values that are one out of a short list of names.
//!
//! In: nothing. Out: [`Choice`] for every such type but the kinds of
//! entries ([`super::kind`]), from which reading, messages and hints follow;
//! and the types that only the file has, [`Masking`] and [`ClassingMethod`].

use super::access::{Digest, Encoding};
use super::heat::{HeatCompare, HeatForm, HeatWeight};
use super::read::{Choice, choice_by_name};
use super::source::{Feed, MqttVersion, Payload, TextEncoding};
use super::theme::ThemeName;
use super::tiles::TileLook;
use super::{Audience, Layer, Occasion, Side, TiltStyle, Worst};
use crate::domain::area::Level;
use crate::domain::crs::Crs;
use crate::domain::crs::frame::AxisOrder;
use crate::domain::event::{Channel, Severity};
use crate::domain::tiles::TileMatrix;

choice_by_name!(HeatForm, Feed, Layer, ThemeName);

/// Whether a kind of personal data is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masking {
    /// It is.
    Mask,
    /// It is shown as it came.
    Keep,
}

impl Choice for Masking {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("mask", Self::Mask), ("keep", Self::Keep)]
    }
}

impl Choice for MqttVersion {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("3.1.1", Self::V3), ("5", Self::V5)]
    }

    fn parse_choice(text: &str) -> Option<Self> {
        match text {
            "3.1.1" | "3" => Some(Self::V3),
            "5" | "5.0" => Some(Self::V5),
            _ => None,
        }
    }
}

impl Choice for Payload {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("records", Self::Records), ("thingsboard", Self::ThingsBoard), ("emqx", Self::Emqx)]
    }
}

impl Choice for Digest {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![
            ("md5", Self::Md5),
            ("sha1", Self::Sha1),
            ("sha256", Self::Sha256),
            ("hmac-sha256", Self::HmacSha256),
            ("sm3", Self::Sm3),
        ]
    }
}

impl Choice for Encoding {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("hex", Self::Hex), ("hex-upper", Self::HexUpper), ("base64", Self::Base64)]
    }
}

impl Choice for TileMatrix {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("web-mercator", Self::WebMercator), ("geographic", Self::Geographic)]
    }
}

impl Choice for TileLook {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("light", Self::Light), ("dark", Self::Dark), ("imagery", Self::Imagery)]
    }
}

impl Choice for HeatWeight {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("count", Self::Count), ("severity", Self::Severity)]
    }
}

impl Choice for HeatCompare {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("none", Self::None), ("last-week", Self::LastWeek)]
    }
}

impl Choice for Level {
    fn choices() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|level| (level.name(), level)).into()
    }

    fn parse_choice(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Choice for Occasion {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("overdue", Self::Overdue), ("urgent", Self::Urgent), ("alarm", Self::Alarm), ("warning", Self::Warning)]
    }
}

impl Choice for Worst {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("highest", Self::Highest), ("lowest", Self::Lowest)]
    }
}

impl Choice for Severity {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("normal", Self::Normal), ("major", Self::Major), ("urgent", Self::Urgent)]
    }

    fn parse_choice(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Choice for Channel {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![
            ("hotline", Self::Hotline),
            ("patrol", Self::Patrol),
            ("iot", Self::Iot),
            ("snapshot", Self::Snapshot),
            ("video", Self::Video),
        ]
    }

    fn parse_choice(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Choice for Crs {
    fn choices() -> Vec<(&'static str, Self)> {
        let planes = ["EPSG:4549", "cgcs2000-gk3-118.5", "cgcs2000-gk3-zone40"];
        Self::NAMES.iter().chain(&planes).filter_map(|name| Some((*name, Self::parse(name)?))).collect()
    }

    fn parse_choice(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Choice for TextEncoding {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("utf-8", Self::Utf8), ("gbk", Self::Gb18030), ("gb18030", Self::Gb18030)]
    }

    fn parse_choice(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Self::Utf8,
            "gbk" | "gb18030" | "gb2312" | "gb-18030" | "cp936" => Self::Gb18030,
            _ => return None,
        })
    }
}

impl Choice for AxisOrder {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("lon-lat", Self::LonLat), ("lat-lon", Self::LatLon)]
    }
}

impl Choice for Audience {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("duty", Self::Duty), ("public", Self::Public), ("demo", Self::Demo)]
    }
}

impl Choice for TiltStyle {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("extrude", Self::Extrude), ("columns", Self::Columns)]
    }
}

/// A way of cutting figures into classes that needs no numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassingMethod {
    /// As many areas in each class.
    Quantile,
    /// As wide a range for each class.
    Equal,
    /// Natural breaks.
    Jenks,
}

impl Choice for ClassingMethod {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("quantile", Self::Quantile), ("equal", Self::Equal), ("jenks", Self::Jenks)]
    }
}

impl Choice for Side {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("left", Self::Left), ("right", Self::Right), ("bottom", Self::Bottom)]
    }
}
