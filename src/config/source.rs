//! One source of data: where, how often, what, and how its fields are named.

mod origin;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use crate::domain::area::Level;
use crate::domain::crs::Crs;
use crate::domain::crs::frame::AxisOrder;
use crate::domain::expression::Expression;
use crate::domain::privacy::Masks;
pub use origin::*;

/// One source of data.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Unique id: letters, digits, `-`, `_`.
    pub id: String,
    /// Name on the wall: 网格平台.
    pub name: String,
    /// What its records are.
    pub feed: Feed,
    /// Where they come from.
    pub origin: Origin,
    /// Where the records are in a JSON answer: a JSON pointer (RFC 6901) to
    /// an array. `None` takes, in this order, `/features`, the body itself if
    /// it is an array, `/data/records`, `/data`, `/records`, `/items`.
    pub records: Option<String>,
    /// Coordinate system of its coordinates.
    pub crs: Crs,
    /// How it writes text, times and places.
    pub writing: Writing,
    /// Field name of the domain → where the source has it. Fields not listed
    /// are looked up by their own name and usual variants.
    pub fields: BTreeMap<String, FieldRule>,
    /// Field name of the domain → (value of the source → value of the domain).
    /// What stands behind [`ANY_OTHER_VALUE`] is for all values that are not
    /// in the table.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// Areas only: level of areas whose records name none.
    pub level: Option<Level>,
    /// Areas only: parent code of areas whose records name none.
    pub parent: Option<String>,
    /// Age after which its data count as stale, seconds.
    pub stale_after_secs: f64,
    /// What is too much.
    pub limits: Limits,
}

impl Source {
    /// The same without what changes nothing about what is fetched and read.
    pub fn as_fetched(&self) -> Self {
        Self { name: String::new(), stale_after_secs: 0.0, ..self.clone() }
    }

    /// Whether the same is fetched from `other`, in the same way, and read alike.
    pub fn is_fetched_like(&self, other: &Self) -> bool {
        self.as_fetched() == other.as_fetched()
    }

    /// Whether `other` tells the same, however it is fetched: at another pace,
    /// with another password.
    pub fn tells_like(&self, other: &Self) -> bool {
        let told = |source: &Self| {
            let mut told = Self { limits: Limits::default(), ..source.as_fetched() };
            match &mut told.origin {
                Origin::File { .. } => {}
                Origin::Http { every_secs, headers, access, deadlines, .. } => {
                    (*every_secs, *access, *deadlines) = Default::default();
                    forget_secrets(headers);
                }
                Origin::Sse { headers, access, deadlines, .. } => {
                    (*access, *deadlines) = Default::default();
                    forget_secrets(headers);
                }
                Origin::WebSocket(origin) => {
                    (origin.key, origin.deadlines) = Default::default();
                    forget_secrets(&mut origin.headers);
                }
                Origin::Mqtt(origin) => {
                    (origin.username, origin.password, origin.client_id) = Default::default();
                    (origin.qos, origin.keep_alive_secs, origin.deadlines) = Default::default();
                    // It goes by whether there is a client id.
                    origin.clean_session = false;
                }
                Origin::Postgres(origin) => {
                    origin.username = Secret::Plain(String::new());
                    (origin.every_secs, origin.password, origin.tls, origin.deadlines) = Default::default();
                }
                Origin::Service(origin) => {
                    (origin.every_secs, origin.access, origin.deadlines) = Default::default();
                    forget_secrets(&mut origin.headers);
                }
            }
            told
        };
        told(self) == told(other)
    }
}

/// Leaves those headers that are written out: a password never is, and they may
/// say whose data are wanted.
fn forget_secrets(headers: &mut Vec<(String, Secret)>) {
    headers.retain(|(_, value)| matches!(value, Secret::Plain(_)));
}

/// In a table of values: all that are not in it.
pub const ANY_OTHER_VALUE: &str = "*";

/// Where a source has a field of the domain.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldRule {
    /// At a JSON pointer, or in a column of a table.
    At(String),
    /// Computed from the record.
    Computed(Expression),
}

impl From<&str> for FieldRule {
    fn from(place: &str) -> Self {
        Self::At(place.to_owned())
    }
}

/// How a source writes text, times and places, and what of that may be seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writing {
    /// Encoding of its bytes; `None` to find out.
    pub encoding: Option<TextEncoding>,
    /// Zone of times without an offset; `None` for the wall's.
    pub zone: Option<TimeZone>,
    /// The only form of its times, as `strptime` writes it; `None` for all
    /// that are usual.
    pub time_format: Option<String>,
    /// Which number of a pair of coordinates comes first.
    pub axis_order: AxisOrder,
    /// What of its texts is masked.
    pub masks: Masks,
}

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// GB 18030, which holds GBK and GB 2312.
    Gb18030,
}

/// What the records of a source are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feed {
    /// Boundaries of the hierarchy.
    Areas,
    /// Events of the closed loop.
    Events,
    /// Camera places.
    Cameras,
    /// Devices and their readings.
    Devices,
    /// Patrol tracks.
    Tracks,
    /// Ready-made figures.
    Figures,
    /// Water, roads, buildings.
    Context,
}

impl Feed {
    /// All feeds.
    pub const ALL: [Self; 7] =
        [Self::Areas, Self::Events, Self::Cameras, Self::Devices, Self::Tracks, Self::Figures, Self::Context];

    /// The name in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Areas => "areas",
            Self::Events => "events",
            Self::Cameras => "cameras",
            Self::Devices => "devices",
            Self::Tracks => "tracks",
            Self::Figures => "figures",
            Self::Context => "context",
        }
    }

    /// Whether its records are only ever replaced as a whole, because they
    /// belong together: none is pushed singly.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Areas | Self::Context)
    }

    /// The domain fields of its records: the keys that `[sources.fields]` and
    /// `[sources.values]` accept, and the names looked up by default.
    pub const fn field_names(self) -> &'static [&'static str] {
        match self {
            Self::Areas => &["code", "parent", "name", "level", "kind", "households", "responsible", "geometry"],
            Self::Events => &[
                "id",
                "category",
                "subcategory",
                "title",
                "place",
                "area",
                "lon",
                "lat",
                "severity",
                "channel",
                "reported",
                "stage",
                "history",
                "due",
                "closed",
                "solved",
                "satisfied",
                "returned",
                "repeats",
                "geometry",
            ],
            Self::Cameras => &["id", "name", "owner", "lon", "lat", "online", "picture", "geometry"],
            Self::Devices => &["id", "kind", "name", "lon", "lat", "state", "value", "unit", "read", "geometry"],
            Self::Tracks => &["id", "worker", "area", "points", "lon", "lat", "time"],
            Self::Figures => &[
                "key",
                "area",
                "label",
                "value",
                "unit",
                "numerator",
                "denominator",
                "previous",
                "more_is_better",
                "series",
            ],
            Self::Context => &["kind", "name", "rank", "geometry"],
        }
    }
}

/// Deadlines of one request, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deadlines {
    /// Until the connection stands.
    pub connect_secs: f64,
    /// Until the first byte, and between any two bytes.
    pub idle_secs: f64,
    /// Until the last byte.
    pub whole_secs: f64,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { connect_secs: 3.0, idle_secs: 5.0, whole_secs: 60.0 }
    }
}

/// What is too much for one answer of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body, after decompression.
    pub bytes: u64,
    /// Records or features.
    pub records: usize,
    /// Vertices of all geometries together.
    pub vertices: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 << 20, records: 1_000_000, vertices: 20_000_000 }
    }
}

/// A header value, perhaps secret. Its `Debug` never shows the value.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// Written in the configuration: not secret.
    Plain(String),
    /// In an environment variable of this name.
    Env(String),
    /// The content of this file, trimmed.
    File(PathBuf),
    /// A credential that systemd hands over (`LoadCredential=`), by its name.
    Credential(String),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Env(name) => write!(f, "Env({name})"),
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Credential(name) => write!(f, "Credential({name})"),
        }
    }
}

impl Secret {
    /// The value.
    ///
    /// # Errors
    /// Names the variable or file that is missing, never its content.
    pub fn reveal(&self) -> Result<String, String> {
        match self {
            Self::Plain(value) => Ok(value.clone()),
            Self::Env(name) => std::env::var(name).map_err(|_| format!("环境变量 {name} 未设置")),
            Self::File(path) => content(path).map_err(|error| format!("无法读取密钥文件 {}:{error}", path.display())),
            Self::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                    .ok_or_else(|| format!("没有 systemd 凭据 {name}:环境变量 CREDENTIALS_DIRECTORY 未设置"))?;
                content(&PathBuf::from(folder).join(name))
                    .map_err(|error| format!("无法读取 systemd 凭据 {name}:{error}"))
            }
        }
    }
}

/// A file's text, trimmed.
fn content(path: &std::path::Path) -> std::io::Result<String> {
    std::fs::read_to_string(path).map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::access::Tls;

    fn source(origin: Origin) -> Source {
        let text = "[[sources]]\nid = \"a\"\nfeed = \"events\"\nkind = \"http\"\nurl = \"http://h/\"\n";
        let config = crate::config::Config::parse(text, std::path::Path::new("/t.toml")).expect("is valid");
        Source { origin, ..config.sources[0].clone() }
    }

    fn secret(name: &str) -> Secret {
        Secret::Env(name.to_owned())
    }

    fn slow() -> Deadlines {
        Deadlines { whole_secs: 7.0, ..Deadlines::default() }
    }

    #[test]
    fn a_database_tells_the_same_at_another_pace_and_with_another_password() {
        let usual = PostgresOrigin {
            url: "postgres://h/d".into(),
            query: "SELECT 1".into(),
            every_secs: 5.0,
            listen: None,
            username: secret("A"),
            password: None,
            tls: None,
            deadlines: Deadlines::default(),
        };
        let of = |origin: &PostgresOrigin| source(Origin::Postgres(Box::new(origin.clone())));
        let other = PostgresOrigin {
            every_secs: 9.0,
            username: secret("B"),
            password: Some(secret("P")),
            tls: Some(Tls::default()),
            deadlines: slow(),
            ..usual.clone()
        };
        assert!(of(&usual).tells_like(&of(&other)) && !of(&usual).is_fetched_like(&of(&other)));
        let other = PostgresOrigin { query: "SELECT 2".into(), ..usual.clone() };
        assert!(!of(&usual).tells_like(&of(&other)));
    }

    #[test]
    fn what_is_pushed_is_the_same_with_another_password() {
        let usual = MqttOrigin {
            url: "mqtt://h".into(),
            topics: vec![Topic { filter: "gas/+".into(), fields: Vec::new() }],
            version: MqttVersion::V3,
            client_id: None,
            username: None,
            password: None,
            qos: 1,
            keep_alive_secs: 30,
            clean_session: true,
            payload: Payload::Records,
            deadlines: Deadlines::default(),
        };
        let of = |origin: &MqttOrigin| source(Origin::Mqtt(Box::new(origin.clone())));
        let other = MqttOrigin {
            client_id: Some("wall".into()),
            username: Some(secret("U")),
            password: Some(secret("P")),
            qos: 2,
            keep_alive_secs: 60,
            clean_session: false,
            deadlines: slow(),
            ..usual.clone()
        };
        assert!(of(&usual).tells_like(&of(&other)));
        let other = MqttOrigin { topics: Vec::new(), ..usual.clone() };
        assert!(!of(&usual).tells_like(&of(&other)));

        let header = |value: Secret| vec![("X-Of".to_owned(), value)];
        let usual = WebSocketOrigin {
            url: "ws://h/{key}".into(),
            headers: header(secret("A")),
            key: Some(secret("K")),
            hello: Vec::new(),
            deadlines: Deadlines::default(),
        };
        let of = |origin: &WebSocketOrigin| source(Origin::WebSocket(Box::new(origin.clone())));
        let other = WebSocketOrigin { headers: header(secret("B")), key: None, deadlines: slow(), ..usual.clone() };
        assert!(of(&usual).tells_like(&of(&other)));
        // It may say whose events are wanted.
        let other = WebSocketOrigin { headers: header(Secret::Plain("another street".into())), ..usual.clone() };
        assert!(!of(&usual).tells_like(&of(&other)));
    }
}
