//! The tables of a source: `[[sources]]` and what stands in it.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::{RawHeader, RawSecret, RawTls};
use crate::config::error::Complaints;
use crate::config::kind::SourceKind;
use crate::config::read::{At, FromToml, Node, read_key, refuse_unknown, table_in};
use crate::config::source::{Feed, MqttVersion, Payload, TextEncoding};
use crate::config::units::{ByteCount, DurationSecs};
use crate::domain::area::Level;
use crate::domain::crs::Crs;
use crate::domain::crs::frame::AxisOrder;

raw_table! {
    /// One of `[[sources]]`.
    RawSource {
        /// Unique id.
        id: String,
        /// Name on the wall.
        name: String,
        /// What its records are.
        feed: Feed,
        /// How they come.
        kind: SourceKind,
        /// Where they come from over HTTP.
        url: String,
        /// Where they come from in the file system.
        path: String,
        /// Pause between an answer and the next request.
        every: DurationSecs,
        /// How the answer is cut into pages.
        paging: RawPaging,
        /// Parameter that asks for changes only.
        since: String,
        /// How its instant is written.
        since_format: String,
        /// Collection of OGC API – Features.
        collection: String,
        /// Feature type of a WFS.
        type_names: String,
        /// Coordinate system that a WFS is asked for.
        srs_name: String,
        /// Condition of an ArcGIS layer, in SQL.
        filter: String,
        /// Features that are asked for at once.
        per_page: u64,
        /// West, south, east, north of what is asked for.
        bbox: Vec<At<f64>>,
        /// JSON that is posted.
        json: String,
        /// Fields of a form that is posted.
        form: BTreeMap<String, At<String>>,
        /// Extra request headers.
        headers: BTreeMap<String, At<RawHeader>>,
        /// What `{key}` stands for.
        key: RawSecret,
        /// Texts that are sent once a WebSocket is open.
        hello: Vec<At<String>>,
        /// Topic filters of MQTT.
        topics: Vec<At<String>>,
        /// Version of MQTT.
        version: MqttVersion,
        /// Name of the session at the broker.
        client_id: String,
        /// User at the broker or the database.
        username: RawHeader,
        /// Password at the broker or the database.
        password: RawHeader,
        /// Most certain delivery that is asked for.
        qos: u64,
        /// Longest silence before the broker is asked for a sign of life.
        keep_alive: DurationSecs,
        /// Whether the broker forgets the session when the connection ends.
        clean_session: bool,
        /// What a message is.
        payload: Payload,
        /// The query of a database.
        query: String,
        /// Channel on which a database tells of changes.
        listen: String,
        /// Id of the credentials that are shown.
        credentials: String,
        /// Certificates.
        tls: RawTls,
        /// JSON pointer to the records.
        records: String,
        /// Coordinate system.
        crs: Crs,
        /// Which coordinate comes first.
        axis_order: AxisOrder,
        /// Encoding of its text.
        encoding: TextEncoding,
        /// Zone of its times.
        time_zone: String,
        /// Form of its times.
        time_format: String,
        /// Level of areas whose records name none.
        level: Level,
        /// Parent of areas whose records name none.
        parent: String,
        /// Age after which its data count as stale.
        stale_after: DurationSecs,
        /// Deadline until the connection stands.
        connect_timeout: DurationSecs,
        /// Deadline between any two bytes.
        idle_timeout: DurationSecs,
        /// Deadline until the last byte.
        whole_timeout: DurationSecs,
        /// What is too much.
        limits: RawLimits,
        /// Field of the domain → pointer, column or expression of the source.
        fields: BTreeMap<String, At<RawField>>,
        /// Field of the domain → value of the source → value of the domain.
        values: BTreeMap<String, At<BTreeMap<String, At<String>>>>,
    }
}

raw_table! {
    /// A field that is computed.
    RawComputed {
        /// The expression.
        expr: String,
    }
}

/// Where a source has a field.
#[derive(Clone, Debug, PartialEq)]
pub enum RawField {
    /// A pointer or a column.
    At(String),
    /// An expression.
    Computed(RawComputed),
}

impl FromToml for RawField {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        match node.get_ref() {
            DeValue::String(_) => String::from_toml(node, key, complaints).map(Self::At),
            DeValue::Table(_) => RawComputed::from_toml(node, key, complaints).map(Self::Computed),
            _ => {
                let message = r#"字段应为 JSON 指针或列名(字符串),或 { expr = "表达式" }"#;
                complaints.add(node.span().start, key, message);
                None
            }
        }
    }
}

raw_table! {
    /// `paging` of a source.
    RawPaging {
        /// Parameter for the page number.
        page: String,
        /// Number of the first page.
        first: u64,
        /// Parameter for the page size.
        size: String,
        /// Parameter for the number of records to leave out.
        offset: String,
        /// Parameter for the page size beside `offset`.
        limit: String,
        /// Parameter for the place where the page begins.
        cursor: String,
        /// JSON pointer to the place where the next page begins.
        next: String,
        /// Records per page.
        per_page: u64,
        /// JSON pointer to the number of all records.
        total: String,
    }
}

raw_table! {
    /// `limits` of a source.
    RawLimits {
        /// Bytes of one answer.
        bytes: ByteCount,
        /// Records of one answer.
        records: u64,
        /// Vertices of one answer.
        vertices: u64,
    }
}
