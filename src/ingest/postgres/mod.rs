//! Sources that are asked with a query: a PostgreSQL database, with or without
//! PostGIS.
//!
//! In: an address and one `SELECT`. Out: its rows, each a record whose members
//! are its columns; and what the database tells of on a channel (`NOTIFY`).
//!
//! How it works: the server makes JSON of each row (`row_to_json`), so that it
//! writes its types as it always does: times with their zone, geometries as
//! GeoJSON. The query runs in a transaction that may only read, and the server
//! ends it when it takes too long. A notification that is JSON is a record that
//! was pushed; any other means that the query is to be run again.

mod desk;
mod link;
mod wire;
mod words;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;
use tokio_postgres::types::{ToSql, Type};

use crate::config::access::Pace;
use crate::config::source::PostgresOrigin;
use crate::domain::time::Time;

use super::backoff::{Backoff, Print, rest};
use super::client::secs;
use super::decode::{Batch, Decoded, Decoder, Format};
use super::fault::Fault;
use super::gate::Gate;
use super::http::newest_change;
use super::intake::{End, Intake};
use super::outlet::{Closed, Reporter};
use desk::Desk;
use link::{Dialler, Link};

/// Between two queries at least, however often the database tells of changes;
/// and no less than the last one took, so that it rests half of the time.
const LEAST_PAUSE: Duration = Duration::from_millis(500);

/// A connection that would rest for longer is opened anew for each query:
/// firewalls forget it. One that listens asks for a sign of life instead.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// One source that is asked with a query.
pub struct PostgresSource {
    origin: PostgresOrigin,
    dialler: Dialler,
    decoder: Arc<Decoder>,
    gate: Gate,
    /// Decodes notifications; `None` where nothing is told of single things.
    intake: Option<Intake>,
    /// Zone of columns without one.
    zone: TimeZone,
    /// Up to where changes are known.
    known_until: Option<Time>,
    /// What was shown last, and where.
    login: Option<(Print, Arc<Desk>)>,
    max_bytes: u64,
}

impl PostgresSource {
    /// A source that was never asked; rows of at most `max_bytes` together.
    ///
    /// # Errors
    /// When the address is none, or TLS cannot be set up.
    pub fn new(
        origin: PostgresOrigin,
        zone: TimeZone,
        max_bytes: u64,
        decoder: Arc<Decoder>,
        gate: Gate,
    ) -> Result<Self, Fault> {
        let dialler = Dialler::new(&origin)?;
        // A boundary makes sense with all others only.
        let intake = (!decoder.feed().is_whole()).then(|| Intake::new(decoder.pushed(), gate.clone()));
        Ok(Self { origin, dialler, decoder, gate, intake, zone, known_until: None, login: None, max_bytes })
    }

    /// Asks until the wall closes.
    ///
    /// # Errors
    /// When the wall closes.
    pub async fn run(mut self, mut reporter: Reporter) -> Result<(), Closed> {
        let mut backoff = Backoff::default();
        loop {
            let fault = match self.session(&mut reporter, &mut backoff).await {
                Ok(()) => continue,
                Err(End::Closed) => return Err(Closed),
                Err(End::Fault(fault)) => fault,
            };
            reporter.failed(&fault);
            // A database that was down may come back with another state.
            self.known_until = None;
            let refused = matches!(fault, Fault::DatabaseDenied(_)).then(|| self.login.clone()).flatten();
            if let Some((shown, desk)) = refused {
                // As long as all others who show the same.
                let left = desk.left().await;
                let wait = left.unwrap_or_else(|| backoff.after_refusal(Pace::default()));
                rest(wait, shown, || self.shown()).await;
            } else {
                tokio::time::sleep(backoff.after_failure(None)).await;
            }
        }
    }

    /// Stands for the name and the password that the database gets.
    fn shown(&self) -> Print {
        Print::now(Some(&self.origin.username), self.origin.password.as_ref())
    }

    /// Connects and logs in, when it is this one's turn.
    async fn log_in(&mut self) -> Result<Link, Fault> {
        let keys = self.dialler.keys(&self.origin).await?;
        let desk = Desk::of(self.dialler.account(&keys));
        self.login = Some((keys.print, Arc::clone(&desk)));
        desk.enter(self.dialler.open(&self.origin, keys)).await
    }

    /// Connects, asks and listens until something goes wrong, or the connection
    /// has no more use.
    async fn session(&mut self, reporter: &mut Reporter, backoff: &mut Backoff) -> Result<(), End> {
        let mut link = self.log_in().await?;
        if let Some(channel) = &self.origin.listen {
            link.listen(channel).await?;
        }
        let every = secs(self.origin.every_secs);
        loop {
            let started = std::time::Instant::now();
            let (decoded, bytes) = self.ask(&mut link).await?;
            backoff.reset();
            let took = started.elapsed();
            reporter.deliver(decoded, bytes, took).await?;
            let asked = Instant::now();
            if self.origin.listen.is_none() && every >= LONGEST_REST {
                link.close().await;
                tokio::time::sleep(every).await;
                return Ok(());
            }
            let mut until = asked + every;
            while Instant::now() < until {
                let heard = link.hear(until.min(Instant::now() + LONGEST_REST)).await?;
                if heard.is_empty() {
                    if Instant::now() < until {
                        link.ping().await?;
                    }
                    continue;
                }
                let started = std::time::Instant::now();
                let has_records = !heard.records.is_empty();
                if heard.is_change || (has_records && self.intake.is_none()) {
                    until = until.min(asked + least_pause(took));
                }
                if let Some(intake) = self.intake.as_ref().filter(|_| has_records) {
                    let read = |batch: &mut Batch, text: &String| batch.read(text.as_bytes(), Format::Json).map(drop);
                    let decoded = intake.decode(heard.records, read).await?;
                    reporter.deliver(decoded, heard.bytes as u64, started.elapsed()).await?;
                }
            }
        }
    }

    /// Runs the query once.
    async fn ask(&mut self, link: &mut Link) -> Result<(Decoded, u64), Fault> {
        let asked = Time::system_now();
        let since = Since { from: self.known_until, zone: &self.zone };
        let limits = (self.max_bytes, self.decoder.max_records());
        let rows = link.rows(&self.origin.query, &since, limits).await?;
        let bytes = rows.len() as u64;
        let mut batch = Batch::new(&self.decoder);
        let decoded =
            self.gate.run(move || batch.read(&rows, Format::Json).map(|_| batch.finish())).await??.if_usable()?;
        if self.origin.has_since() {
            let newest = newest_change(&decoded.records).map(|newest| newest.min(asked));
            self.known_until = self.known_until.max(newest);
        }
        Ok((decoded, bytes))
    }

    /// Connects and runs the query once: what `quanyu check` does.
    ///
    /// # Errors
    /// When the database is not there or does not want to.
    pub async fn look(mut self) -> Result<(Decoded, u64), Fault> {
        let mut link = self.log_in().await?;
        if let Some(channel) = &self.origin.listen {
            link.listen(channel).await?;
        }
        let looked = self.ask(&mut link).await;
        link.close().await;
        looked
    }
}

/// Between the end of a query that took this long and the next, at least.
fn least_pause(took: Duration) -> Duration {
    took.max(LEAST_PAUSE)
}

/// What `$1` stands for: up to where changes are known.
pub struct Since<'a> {
    from: Option<Time>,
    zone: &'a TimeZone,
}

impl Since<'_> {
    /// As the query wants it: as a time, milliseconds, or text (RFC 3339).
    ///
    /// # Errors
    /// When it wants something else.
    pub fn parameter(&self, wanted: &Type) -> Result<Box<dyn ToSql + Sync + Send>, Fault> {
        let from = self.from.unwrap_or(Time(0));
        let at = |time: Time| Timestamp::from_millisecond(time.0).unwrap_or_default();
        Ok(match *wanted {
            Type::TIMESTAMPTZ => Box::new(SystemTime::from(at(from))),
            // The reading of the clocks on its wall.
            Type::TIMESTAMP => {
                let offset = i64::from(self.zone.to_offset(at(from)).seconds());
                Box::new(SystemTime::from(at(from.plus_millis(offset * 1_000))))
            }
            Type::INT8 => Box::new(from.0),
            Type::TEXT | Type::VARCHAR => Box::new(from.rfc3339()),
            _ => {
                let message = format!("query 中 $1 的类型是 {wanted},请写作 $1::timestamptz", wanted = wanted.name());
                return Err(Fault::Unusable(message));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_rests_as_long_as_it_worked() {
        assert_eq!(least_pause(Duration::from_millis(3)), LEAST_PAUSE);
        assert_eq!(least_pause(Duration::from_secs(30)), Duration::from_secs(30));
    }

    #[test]
    fn an_instant_is_given_as_the_query_wants_it() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let since = Since { from: Some(Time(1_755_219_600_123)), zone: &zone };
        let shown = |wanted: &Type| format!("{:?}", since.parameter(wanted).unwrap());
        assert!(shown(&Type::TEXT).contains("2025-08-15T01:00:00.123Z"));
        assert_eq!(shown(&Type::INT8), "1755219600123");
        let hours = |wanted: &Type| {
            let shown = shown(wanted);
            let secs = shown.split("tv_sec: ").nth(1).unwrap().split(',').next().unwrap().parse::<i64>().unwrap();
            secs % 86_400 / 3_600
        };
        assert_eq!((hours(&Type::TIMESTAMPTZ), hours(&Type::TIMESTAMP)), (1, 9));
        assert!(since.parameter(&Type::INET).is_err());
    }
}
