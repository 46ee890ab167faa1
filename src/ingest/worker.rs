//! One source at work, whatever its kind.
//!
//! In: a source of the configuration. Out: a [`Worker`] that fetches for ever,
//! or looks once.

use std::sync::Arc;

use crate::config::Source;
use crate::config::source::{Origin, Paging};
use crate::config::template::Template;
use crate::domain::time::Time;

use super::client::{Client, secs};
use super::decode::{Decoded, Decoder};
use super::fault::Fault;
use super::file::FileSource;
use super::gate::Gate;
use super::http::{Address, Answer, HttpSource, Polling, Target, expanded};
use super::intake::Intake;
use super::login::Logins;
#[cfg(feature = "mqtt")]
use super::mqtt::MqttSource;
use super::outlet::{Closed, Reporter};
#[cfg(feature = "postgres")]
use super::postgres::PostgresSource;
use super::service::Service;
use super::sse::SseSource;
#[cfg(feature = "websocket")]
use super::websocket::WebSocketSource;

/// One source at work.
pub enum Worker {
    /// A file.
    File(FileSource),
    /// An address that is polled.
    Http(Box<HttpSource>),
    /// An address that pushes.
    Sse(Box<SseSource>),
    /// A WebSocket.
    #[cfg(feature = "websocket")]
    WebSocket(Box<WebSocketSource>),
    /// Topics of a broker.
    #[cfg(feature = "mqtt")]
    Mqtt(Box<MqttSource>),
    /// A query of a database.
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresSource>),
}

impl Worker {
    /// A worker for `source`; it does nothing yet.
    ///
    /// # Errors
    /// When the address can never be used.
    pub fn new(source: &Source, decoder: Arc<Decoder>, gate: Gate, logins: &Logins) -> Result<Self, Fault> {
        let max_bytes = source.limits.bytes;
        Ok(match &source.origin {
            Origin::File { path } => Self::File(FileSource::new(path.clone(), max_bytes, decoder, gate)),
            Origin::Http { url, every_secs, paging, since, body, headers, access, deadlines } => {
                let url = Template::parse(url, &[]).map_err(Fault::Unusable)?;
                let zone = logins.zone.clone();
                let example = expanded(&url, Time::system_now(), &zone);
                let client = Client::with_access(&example, headers, *deadlines, access, logins)?;
                // The back end reads instants as it writes them.
                let since_zone = source.writing.zone.clone().unwrap_or_else(|| zone.clone());
                let (body, since) = (body.clone(), since.clone());
                let target = Target::Address(Address { url, zone, body, since, since_zone });
                let polling = Polling { target, every: secs(*every_secs), paging: paging.clone(), max_bytes };
                Self::Http(Box::new(HttpSource::new(client, polling, decoder, gate)))
            }
            Origin::Service(origin) => {
                let client =
                    Client::with_access(&origin.url, &origin.headers, origin.deadlines, &origin.access, logins)?;
                let target = Target::Service(Service::new(origin.clone()));
                let polling = Polling { target, every: secs(origin.every_secs), paging: Paging::Links, max_bytes };
                Self::Http(Box::new(HttpSource::new(client, polling, decoder, gate)))
            }
            Origin::Sse { url, headers, access, deadlines } => {
                let client = Client::with_access(url, headers, *deadlines, access, logins)?;
                Self::Sse(Box::new(SseSource::new(client, Intake::new(decoder, gate))))
            }
            #[cfg(feature = "websocket")]
            Origin::WebSocket(origin) => {
                let intake = Intake::new(decoder, gate);
                Self::WebSocket(Box::new(WebSocketSource::new((**origin).clone(), max_bytes, intake)?))
            }
            #[cfg(not(feature = "websocket"))]
            Origin::WebSocket(_) => return Err(Fault::NotBuilt("websocket")),
            #[cfg(feature = "mqtt")]
            Origin::Mqtt(origin) => {
                let intake = Intake::new(decoder, gate);
                Self::Mqtt(Box::new(MqttSource::new((**origin).clone(), max_bytes, intake)?))
            }
            #[cfg(not(feature = "mqtt"))]
            Origin::Mqtt(_) => return Err(Fault::NotBuilt("mqtt")),
            #[cfg(feature = "postgres")]
            Origin::Postgres(origin) => {
                let zone = source.writing.zone.clone().unwrap_or_else(|| logins.zone.clone());
                Self::Postgres(Box::new(PostgresSource::new((**origin).clone(), zone, max_bytes, decoder, gate)?))
            }
            #[cfg(not(feature = "postgres"))]
            Origin::Postgres(_) => return Err(Fault::NotBuilt("postgres")),
        })
    }

    /// Fetches until the wall closes.
    ///
    /// # Errors
    /// When the wall closes.
    pub async fn run(self, reporter: Reporter) -> Result<(), Closed> {
        match self {
            Self::File(file) => file.run(reporter).await,
            Self::Http(http) => http.run(reporter).await,
            Self::Sse(stream) => stream.run(reporter).await,
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => socket.run(reporter).await,
            #[cfg(feature = "mqtt")]
            Self::Mqtt(broker) => broker.run(reporter).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.run(reporter).await,
        }
    }

    /// Fetches once; the records and the bytes that they took.
    ///
    /// # Errors
    /// When nothing usable came.
    pub async fn look(self) -> Result<(Decoded, u64), Fault> {
        match self {
            Self::File(file) => file.read().await,
            Self::Http(mut http) => match http.ask().await? {
                Answer::Fresh { decoded, bytes } => Ok((decoded, bytes)),
                Answer::Unchanged => Err(Fault::NotData("内容为空".into())),
            },
            Self::Sse(stream) => stream.first_messages().await,
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => socket.first_messages().await,
            #[cfg(feature = "mqtt")]
            Self::Mqtt(broker) => broker.first_messages().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.look().await,
        }
    }
}
