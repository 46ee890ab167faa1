//! Where the records of a source come from, and how they are asked for there.

use std::path::PathBuf;

use super::{Deadlines, Secret};
use crate::config::access::{Access, Body, Tls};
use crate::config::template::TimeFormat;

/// Where records come from.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there are a few of them, each in one place")]
pub enum Origin {
    /// A file, read again when it changes.
    File {
        /// Absolute, or relative to the working folder after resolution.
        path: PathBuf,
    },
    /// An HTTP address, asked again and again.
    Http {
        /// `http://` or `https://`; instants stand in it as placeholders.
        url: String,
        /// Seconds between the end of one answer and the next request.
        every_secs: f64,
        /// How the answer is cut into pages.
        paging: Paging,
        /// How changes since the last good answer are asked for.
        since: Option<Since>,
        /// What is posted; GET without.
        body: Option<Body>,
        /// Extra request headers; values may come from a secret.
        headers: Vec<(String, Secret)>,
        /// How it is let in.
        access: Access,
        /// Deadlines.
        deadlines: Deadlines,
    },
    /// A stream of server-sent events (WHATWG HTML, "Server-sent events").
    Sse {
        /// `http://` or `https://`.
        url: String,
        /// Extra request headers; values may come from a secret.
        headers: Vec<(String, Secret)>,
        /// How it is let in.
        access: Access,
        /// Deadlines; `whole_secs` is the longest silence that is not a fault.
        deadlines: Deadlines,
    },
    /// A WebSocket (RFC 6455).
    WebSocket(Box<WebSocketOrigin>),
    /// Topics of an MQTT broker.
    Mqtt(Box<MqttOrigin>),
    /// A query of a PostgreSQL database.
    Postgres(Box<PostgresOrigin>),
    /// A service of features over HTTP, with a protocol of its own.
    Service(Box<ServiceOrigin>),
}

impl Origin {
    /// How it is let in, where that is configured apart.
    pub fn access(&self) -> Option<&Access> {
        match self {
            Self::Http { access, .. } | Self::Sse { access, .. } => Some(access),
            Self::Service(service) => Some(&service.access),
            Self::File { .. } | Self::WebSocket(_) | Self::Mqtt(_) | Self::Postgres(_) => None,
        }
    }

    /// Seconds between the end of one answer and the next request, where it is
    /// asked again and again.
    pub const fn every_secs(&self) -> Option<f64> {
        match self {
            Self::Http { every_secs, .. } => Some(*every_secs),
            Self::Postgres(database) => Some(database.every_secs),
            Self::Service(service) => Some(service.every_secs),
            Self::File { .. } | Self::Sse { .. } | Self::WebSocket(_) | Self::Mqtt(_) => None,
        }
    }

    /// Whether it tells of each change as it happens: of single things, which
    /// are merged by id.
    pub const fn is_push(&self) -> bool {
        match self {
            Self::File { .. } | Self::Http { .. } | Self::Postgres(_) | Self::Service(_) => false,
            Self::Sse { .. } | Self::WebSocket(_) | Self::Mqtt(_) => true,
        }
    }
}

/// A WebSocket (RFC 6455).
#[derive(Clone, Debug, PartialEq)]
pub struct WebSocketOrigin {
    /// `ws://` or `wss://`, perhaps with `{key}`.
    pub url: String,
    /// Extra headers of the opening request; values may come from a secret.
    pub headers: Vec<(String, Secret)>,
    /// What `{key}` stands for in the address and the texts.
    pub key: Option<Secret>,
    /// Texts that are sent once it is open, perhaps with `{key}`.
    pub hello: Vec<String>,
    /// Deadlines; `whole_secs` is the longest silence that is not a fault.
    pub deadlines: Deadlines,
}

/// Topics of an MQTT broker.
#[derive(Clone, Debug, PartialEq)]
pub struct MqttOrigin {
    /// `mqtt://` or `mqtts://`, host and perhaps port.
    pub url: String,
    /// What is subscribed to.
    pub topics: Vec<Topic>,
    /// Version of the protocol.
    pub version: MqttVersion,
    /// Name of the session. `None`: another one for each connection.
    pub client_id: Option<String>,
    /// User, which some brokers take for a secret.
    pub username: Option<Secret>,
    /// Password.
    pub password: Option<Secret>,
    /// Most certain delivery that is asked for: 0, 1 or 2.
    pub qos: u8,
    /// Longest silence before the broker is asked for a sign of life, seconds.
    pub keep_alive_secs: u16,
    /// Whether the broker forgets the session when the connection ends.
    pub clean_session: bool,
    /// What a message is.
    pub payload: Payload,
    /// Deadlines; `whole_secs` is not used.
    pub deadlines: Deadlines,
}

/// A query of a PostgreSQL database.
#[derive(Clone, Debug, PartialEq)]
pub struct PostgresOrigin {
    /// `postgres://` or `postgresql://`, host, perhaps port, database.
    pub url: String,
    /// One `SELECT` without a semicolon; each row is a record.
    pub query: String,
    /// Seconds between the end of one answer and the next query.
    pub every_secs: f64,
    /// Channel on which the database tells of changes.
    pub listen: Option<String>,
    /// User.
    pub username: Secret,
    /// Password; some databases want none.
    pub password: Option<Secret>,
    /// Certificates; not encrypted without.
    pub tls: Option<Tls>,
    /// Deadlines; `whole_secs` is also how long the server may work on the
    /// query.
    pub deadlines: Deadlines,
}

impl PostgresOrigin {
    /// Whether the query asks for what changed since an instant.
    pub fn has_since(&self) -> bool {
        self.query.contains("$1")
    }
}

/// A service of features over HTTP, with a protocol of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceOrigin {
    /// `http://` or `https://`.
    pub url: String,
    /// Its protocol.
    pub service: Service,
    /// Seconds between the end of one answer and the next request.
    pub every_secs: f64,
    /// Features that are asked for at once; a service may give fewer.
    pub per_page: u32,
    /// West, south, east, north of what is asked for, degrees.
    pub bbox: Option<[f64; 4]>,
    /// Extra request headers; values may come from a secret.
    pub headers: Vec<(String, Secret)>,
    /// How it is let in.
    pub access: Access,
    /// Deadlines of each request.
    pub deadlines: Deadlines,
}

/// The protocol of a service.
#[derive(Clone, Debug, PartialEq)]
pub enum Service {
    /// OGC API – Features, Part 1 (OGC 17-069r4).
    OgcFeatures {
        /// Id of the collection; `None` where the address names it, or there
        /// is only one.
        collection: Option<String>,
        /// Whether only what is newer than the last good answer is asked for.
        since: bool,
    },
    /// WFS 2.0 (OGC 09-025r2).
    Wfs {
        /// Name of the feature type.
        type_names: String,
        /// Coordinate system that is asked for; `None` for degrees.
        srs_name: Option<String>,
    },
    /// A layer of an ArcGIS FeatureServer or MapServer.
    ArcGis {
        /// Condition in SQL.
        filter: String,
    },
    /// OGC SensorThings 1.1 (OGC 18-088).
    SensorThings,
}

/// Version of MQTT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MqttVersion {
    /// 3.1.1, which every broker speaks.
    #[default]
    V3,
    /// 5.0.
    V5,
}

/// What one message of a broker is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payload {
    /// Records, as in an answer over HTTP.
    #[default]
    Records,
    /// Telemetry of ThingsBoard, of a device or a gateway.
    ThingsBoard,
    /// What the rule engine of EMQX hands on: the message within a record
    /// about it.
    Emqx,
}

/// A topic filter of MQTT, in which `{field}` stands for one level whose text
/// is a field of the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// As it is subscribed to: with `+` for `{field}`.
    pub filter: String,
    /// Level, counted without `$share/group/`, and field.
    pub fields: Vec<(usize, String)>,
}

/// How an answer is cut into pages.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Paging {
    /// Everything in one answer, or a GeoJSON `next` link that is followed
    /// (OGC API – Features, `links[].rel = "next"`).
    #[default]
    Links,
    /// Page numbers.
    Number {
        /// Parameter for the page: `pageNum`.
        page: String,
        /// Parameter for the size: `pageSize`.
        size: String,
        /// Records per page.
        per_page: u32,
        /// Number of the first page: 1, or 0.
        first: u32,
        /// JSON pointer to the total: `/data/total`.
        total: String,
    },
    /// How many records to leave out.
    Offset {
        /// Parameter for the number of records before the page: `offset`.
        offset: String,
        /// Parameter for the size: `limit`.
        limit: String,
        /// Records per page.
        per_page: u32,
        /// JSON pointer to the total: `/data/total`.
        total: String,
    },
    /// Each page says how the next is asked for.
    Cursor {
        /// Parameter for the place: `cursor`.
        cursor: String,
        /// JSON pointer to the next place: `/data/nextCursor`; nothing there
        /// ends the answer.
        next: String,
        /// Parameter for the size, and records per page.
        size: Option<(String, u32)>,
    },
}

/// How changes are asked for.
///
/// This parameter, like those of pages, is one of the address's query; a
/// leading `/` makes it a place in the body (a JSON pointer, or a field of the
/// form).
#[derive(Clone, Debug, PartialEq)]
pub struct Since {
    /// The parameter.
    pub parameter: String,
    /// How the instant is written.
    pub format: TimeFormat,
}
