//! Values that are one out of a short list of names.
//!
//! In: nothing. Out: [`Choice`] for every such type, from which reading,
//! messages and hints follow; and the types that only the file has,
//! [`SourceKind`], [`CredentialKind`],
//! [`TileKind`] and [`PanelType`].

use super::access::{Digest, Encoding};
use super::heat::{HeatCompare, HeatForm, HeatWeight};
use super::read::Choice;
use super::source::{Feed, MqttVersion, Payload, TextEncoding};
use super::tiles::TileLook;
use super::{Audience, Layer, Occasion, Side, ThemeName, TiltStyle, Worst};
use crate::domain::area::Level;
use crate::domain::crs::Crs;
use crate::domain::crs::frame::AxisOrder;
use crate::domain::event::{Channel, Severity};
use crate::domain::tiles::TileMatrix;

/// How the records of a source come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// From a file.
    File,
    /// From an HTTP address that is asked again and again.
    Http,
    /// From a stream of server-sent events.
    Sse,
    /// From a WebSocket.
    WebSocket,
    /// From an MQTT broker.
    Mqtt,
    /// From a query of a PostgreSQL database.
    Postgres,
    /// From a collection of OGC API – Features.
    OgcFeatures,
    /// From a feature type of a WFS 2.0.
    Wfs,
    /// From a layer of an ArcGIS FeatureServer or MapServer.
    ArcGis,
    /// From an OGC SensorThings service.
    SensorThings,
}

impl SourceKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::File,
        Self::Http,
        Self::Sse,
        Self::WebSocket,
        Self::Mqtt,
        Self::Postgres,
        Self::OgcFeatures,
        Self::Wfs,
        Self::ArcGis,
        Self::SensorThings,
    ];

    /// The name in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Http => "http",
            Self::Sse => "sse",
            Self::WebSocket => "websocket",
            Self::Mqtt => "mqtt",
            Self::Postgres => "postgres",
            Self::OgcFeatures => "ogc-features",
            Self::Wfs => "wfs",
            Self::ArcGis => "arcgis",
            Self::SensorThings => "sensorthings",
        }
    }

    /// Whether this program can read it: some kinds are left out where they are
    /// not wanted.
    pub const fn is_built(self) -> bool {
        match self {
            Self::File | Self::Http | Self::Sse => true,
            Self::OgcFeatures | Self::Wfs | Self::ArcGis | Self::SensorThings => true,
            Self::WebSocket => cfg!(feature = "websocket"),
            Self::Mqtt => cfg!(feature = "mqtt"),
            Self::Postgres => cfg!(feature = "postgres"),
        }
    }

    /// The keys that this kind has and not every kind has.
    pub const fn own_keys(self) -> &'static [&'static str] {
        match self {
            Self::File => &["path", "encoding"],
            Self::Http => &[
                "url",
                "every",
                "paging",
                "since",
                "since_format",
                "json",
                "form",
                "headers",
                "credentials",
                "tls",
                "encoding",
                "connect_timeout",
                "idle_timeout",
                "whole_timeout",
            ],
            Self::Sse => &["url", "headers", "credentials", "tls", "connect_timeout", "idle_timeout", "whole_timeout"],
            Self::WebSocket => &["url", "headers", "key", "hello", "connect_timeout", "idle_timeout", "whole_timeout"],
            Self::Mqtt => &[
                "url",
                "topics",
                "version",
                "client_id",
                "username",
                "password",
                "qos",
                "keep_alive",
                "clean_session",
                "payload",
                "connect_timeout",
                "idle_timeout",
            ],
            Self::Postgres => &[
                "url",
                "query",
                "every",
                "listen",
                "username",
                "password",
                "credentials",
                "tls",
                "connect_timeout",
                "idle_timeout",
                "whole_timeout",
            ],
            Self::OgcFeatures => &[
                "url",
                "collection",
                "since",
                "every",
                "per_page",
                "bbox",
                "headers",
                "credentials",
                "tls",
                "connect_timeout",
                "idle_timeout",
                "whole_timeout",
            ],
            Self::Wfs => &[
                "url",
                "type_names",
                "srs_name",
                "every",
                "per_page",
                "bbox",
                "headers",
                "credentials",
                "tls",
                "connect_timeout",
                "idle_timeout",
                "whole_timeout",
            ],
            Self::ArcGis => &[
                "url",
                "filter",
                "every",
                "per_page",
                "bbox",
                "headers",
                "credentials",
                "tls",
                "connect_timeout",
                "idle_timeout",
                "whole_timeout",
            ],
            Self::SensorThings => &[
                "url",
                "every",
                "per_page",
                "headers",
                "credentials",
                "tls",
                "connect_timeout",
                "idle_timeout",
                "whole_timeout",
            ],
        }
    }
}

/// What credentials show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// Name and password.
    Basic,
    /// A token that is kept current elsewhere.
    Bearer,
    /// OAuth 2, client credentials.
    OAuth2,
    /// A token from a login call.
    Login,
    /// A digest over the request.
    Signature,
}

impl CredentialKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Basic, Self::Bearer, Self::OAuth2, Self::Login, Self::Signature];

    /// The name in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::OAuth2 => "oauth2",
            Self::Login => "login",
            Self::Signature => "signature",
        }
    }

    /// The keys that this kind has and not every kind has.
    pub const fn own_keys(self) -> &'static [&'static str] {
        match self {
            Self::Basic => &["username", "password"],
            Self::Bearer => &["token"],
            Self::OAuth2 => &["url", "client_id", "client_secret", "scope", "headers", "query", "lifetime", "tls"],
            Self::Login => {
                &["url", "username", "password", "json", "form", "answer", "lifetime", "headers", "query", "tls"]
            }
            Self::Signature => &["key", "secret", "digest", "encoding", "over", "timestamp", "headers", "query"],
        }
    }
}

/// Where the tiles of a set come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileKind {
    /// From a PMTiles archive.
    PmTiles,
    /// From an MBTiles file.
    MbTiles,
    /// From a server, one address for each tile.
    Xyz,
    /// From a WMTS, whose requests are written as one address for each tile.
    Wmts,
}

impl TileKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::PmTiles, Self::MbTiles, Self::Xyz, Self::Wmts];

    /// The name in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PmTiles => "pmtiles",
            Self::MbTiles => "mbtiles",
            Self::Xyz => "xyz",
            Self::Wmts => "wmts",
        }
    }

    /// The keys that this kind has and not every kind has.
    pub const fn own_keys(self) -> &'static [&'static str] {
        match self {
            Self::PmTiles | Self::MbTiles => &["path"],
            Self::Xyz | Self::Wmts => &[
                "url",
                "subdomains",
                "key",
                "headers",
                "credentials",
                "tls",
                "connect_timeout",
                "idle_timeout",
                "whole_timeout",
            ],
        }
    }
}

/// Whether a kind of personal data is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masking {
    /// It is.
    Mask,
    /// It is shown as it came.
    Keep,
}

/// What a panel shows, without its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelType {
    /// Key figures.
    KeyFigures,
    /// The closed loop.
    ClosedLoop,
    /// Events as they come.
    LiveEvents,
    /// Areas by the number of events.
    Ranking,
    /// Events per hour.
    Trend,
    /// Events by major class.
    Categories,
    /// More than usual.
    Warnings,
    /// Devices.
    Devices,
    /// Pictures of cameras.
    Cameras,
    /// The histogram of the day.
    TimeAxis,
}

impl PanelType {
    /// All kinds, in the order in which a wall without `[[panels]]` has them.
    pub const ALL: [Self; 10] = [
        Self::KeyFigures,
        Self::ClosedLoop,
        Self::Categories,
        Self::Warnings,
        Self::LiveEvents,
        Self::Ranking,
        Self::Trend,
        Self::Devices,
        Self::Cameras,
        Self::TimeAxis,
    ];

    /// The name in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeyFigures => "key-figures",
            Self::ClosedLoop => "closed-loop",
            Self::LiveEvents => "live-events",
            Self::Ranking => "ranking",
            Self::Trend => "trend",
            Self::Categories => "categories",
            Self::Warnings => "warnings",
            Self::Devices => "devices",
            Self::Cameras => "cameras",
            Self::TimeAxis => "time-axis",
        }
    }
}

/// A kind of entries that has keys of its own.
pub(super) trait Kind: Choice {
    /// The name in `config.toml`.
    fn name(self) -> &'static str;

    /// The keys that this kind has and not every kind has.
    fn own_keys(self) -> &'static [&'static str];
}

/// Hands on what the type itself has.
macro_rules! kind {
    ($($kind:ty),*) => {
        $(impl Kind for $kind {
            fn name(self) -> &'static str {
                <$kind>::name(self)
            }

            fn own_keys(self) -> &'static [&'static str] {
                <$kind>::own_keys(self)
            }
        })*
    };
}

kind!(SourceKind, CredentialKind, TileKind);

impl Choice for Masking {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("mask", Self::Mask), ("keep", Self::Keep)]
    }
}

impl Choice for SourceKind {
    fn choices() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|kind| (kind.name(), kind)).into()
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

impl Choice for CredentialKind {
    fn choices() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|kind| (kind.name(), kind)).into()
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

impl Choice for TileKind {
    fn choices() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|kind| (kind.name(), kind)).into()
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

impl Choice for HeatForm {
    fn choices() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|form| (form.name(), form)).into()
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

impl Choice for PanelType {
    fn choices() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|kind| (kind.name(), kind)).into()
    }
}

impl Choice for Feed {
    fn choices() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|feed| (feed.name(), feed)).into()
    }
}

impl Choice for Layer {
    fn choices() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|layer| (layer.name(), layer)).into()
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

impl Choice for ThemeName {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("midnight", Self::Midnight), ("daylight", Self::Daylight), ("high-contrast", Self::HighContrast)]
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
