//! The kinds of entries: what is written as `kind` in a table of a list.
//!
//! In: nothing. Out: [`SourceKind`], [`CredentialKind`], [`TileKind`] and
//! [`PanelType`], which only the file has, and [`Kind`], from which follows
//! which keys an entry may have.

use super::read::{Choice, choice_by_name};

/// A kind of entries. Some keys of their table are only for some kinds.
pub(super) trait Kind: Choice + PartialEq + 'static {
    /// The name in `config.toml`.
    fn name(self) -> &'static str;

    /// The kinds that have `key`, where not every kind has it; empty where
    /// every kind has. In the order of `ALL`: messages list them so.
    fn owners(key: &str) -> &'static [Self];
}

choice_by_name!(SourceKind, CredentialKind, TileKind, PanelType);

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
}

impl Kind for SourceKind {
    fn name(self) -> &'static str {
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

    fn owners(key: &str) -> &'static [Self] {
        match key {
            "path" => &[Self::File],
            "url" | "connect_timeout" | "idle_timeout" => &[
                Self::Http,
                Self::Sse,
                Self::WebSocket,
                Self::Mqtt,
                Self::Postgres,
                Self::OgcFeatures,
                Self::Wfs,
                Self::ArcGis,
                Self::SensorThings,
            ],
            "whole_timeout" => &[
                Self::Http,
                Self::Sse,
                Self::WebSocket,
                Self::Postgres,
                Self::OgcFeatures,
                Self::Wfs,
                Self::ArcGis,
                Self::SensorThings,
            ],
            "headers" => &[
                Self::Http,
                Self::Sse,
                Self::WebSocket,
                Self::OgcFeatures,
                Self::Wfs,
                Self::ArcGis,
                Self::SensorThings,
            ],
            "credentials" | "tls" => {
                &[Self::Http, Self::Sse, Self::Postgres, Self::OgcFeatures, Self::Wfs, Self::ArcGis, Self::SensorThings]
            }
            "every" => &[Self::Http, Self::Postgres, Self::OgcFeatures, Self::Wfs, Self::ArcGis, Self::SensorThings],
            "encoding" => &[Self::File, Self::Http],
            "paging" | "since_format" | "json" | "form" => &[Self::Http],
            "since" => &[Self::Http, Self::OgcFeatures],
            "key" | "hello" => &[Self::WebSocket],
            "topics" | "version" | "client_id" | "qos" | "keep_alive" | "clean_session" | "payload" => &[Self::Mqtt],
            "username" | "password" => &[Self::Mqtt, Self::Postgres],
            "query" | "listen" => &[Self::Postgres],
            "per_page" => &[Self::OgcFeatures, Self::Wfs, Self::ArcGis, Self::SensorThings],
            "bbox" => &[Self::OgcFeatures, Self::Wfs, Self::ArcGis],
            "collection" => &[Self::OgcFeatures],
            "type_names" | "srs_name" => &[Self::Wfs],
            "filter" => &[Self::ArcGis],
            _ => &[],
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
}

impl Kind for CredentialKind {
    fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::OAuth2 => "oauth2",
            Self::Login => "login",
            Self::Signature => "signature",
        }
    }

    fn owners(key: &str) -> &'static [Self] {
        match key {
            "username" | "password" => &[Self::Basic, Self::Login],
            "token" => &[Self::Bearer],
            "url" | "lifetime" | "tls" => &[Self::OAuth2, Self::Login],
            "headers" | "query" => &[Self::OAuth2, Self::Login, Self::Signature],
            "client_id" | "client_secret" | "scope" => &[Self::OAuth2],
            "json" | "form" | "answer" => &[Self::Login],
            "key" | "secret" | "digest" | "encoding" | "over" | "timestamp" => &[Self::Signature],
            _ => &[],
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
}

impl Kind for TileKind {
    fn name(self) -> &'static str {
        match self {
            Self::PmTiles => "pmtiles",
            Self::MbTiles => "mbtiles",
            Self::Xyz => "xyz",
            Self::Wmts => "wmts",
        }
    }

    fn owners(key: &str) -> &'static [Self] {
        match key {
            "path" => &[Self::PmTiles, Self::MbTiles],
            "url" | "subdomains" | "key" | "headers" | "credentials" | "tls" | "connect_timeout" | "idle_timeout"
            | "whole_timeout" => &[Self::Xyz, Self::Wmts],
            _ => &[],
        }
    }
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
    /// Alerts.
    Alerts,
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
    pub const ALL: [Self; 11] = [
        Self::KeyFigures,
        Self::ClosedLoop,
        Self::Categories,
        Self::Alerts,
        Self::Warnings,
        Self::LiveEvents,
        Self::Ranking,
        Self::Trend,
        Self::Devices,
        Self::Cameras,
        Self::TimeAxis,
    ];
}

impl Kind for PanelType {
    fn name(self) -> &'static str {
        match self {
            Self::KeyFigures => "key-figures",
            Self::ClosedLoop => "closed-loop",
            Self::LiveEvents => "live-events",
            Self::Ranking => "ranking",
            Self::Trend => "trend",
            Self::Categories => "categories",
            Self::Alerts => "alerts",
            Self::Warnings => "warnings",
            Self::Devices => "devices",
            Self::Cameras => "cameras",
            Self::TimeAxis => "time-axis",
        }
    }

    fn owners(key: &str) -> &'static [Self] {
        match key {
            "figures" => &[Self::KeyFigures],
            "area" => &[Self::KeyFigures, Self::ClosedLoop, Self::Categories, Self::LiveEvents, Self::Trend],
            "level" => &[Self::Ranking],
            "every" => &[Self::Cameras],
            "list" | "worst" => &[Self::Devices],
            _ => &[],
        }
    }
}
