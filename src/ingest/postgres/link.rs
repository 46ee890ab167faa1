//! A connection to a database: logging in, asking, listening.
//!
//! In: where to connect to. Out: rows as JSON, and what is told on a channel.
//! The library's connection is driven only while somebody waits for something,
//! by whoever waits: nothing is read that nobody has room for.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt};
use reqwest::Url;
use tokio::time::Instant;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Connection};

use super::Since;
use super::desk::Account;
use super::wire::{Encrypted, Encryption, Metered, Tally};
use super::words::fault_of;
use crate::config::source::PostgresOrigin;
use crate::ingest::backoff::Print;
use crate::ingest::client::secs;
use crate::ingest::dial::Dial;
use crate::ingest::fault::Fault;
use crate::ingest::intake::{MAX_BATCH_BYTES, MAX_BATCH_MESSAGES};
use crate::ingest::tls;

/// The usual port.
const PORT: u16 = 5432;

/// Most bytes of what is not the answer to the query: greeting, notices.
const MAX_TALK_BYTES: u64 = 1 << 20;

/// Bytes of protocol around a row, for the count of all.
const ROW_OVERHEAD_BYTES: u64 = 64;

/// Connects to one database.
pub struct Dialler {
    dial: Dial,
    database: String,
}

/// What a database is shown, as it stands in its files now. It has no `Debug`:
/// it holds secrets.
pub struct Keys {
    username: String,
    password: Option<String>,
    encryption: Encryption,
    /// Stands for the name and the password.
    pub print: Print,
}

/// A connection on which somebody is logged in.
pub struct Link {
    client: Client,
    driver: Connection<Metered, Encrypted>,
    tally: Arc<Tally>,
    shown: String,
    /// What was told and not yet taken.
    told: Told,
    idle_secs: f64,
    whole_secs: f64,
}

/// What was told on a channel.
#[derive(Debug, Default)]
pub struct Told {
    /// Payloads that are JSON.
    pub records: Vec<String>,
    /// Their bytes.
    pub bytes: usize,
    /// Whether the query is to be run again.
    pub is_change: bool,
}

impl Told {
    /// Takes in a notification. What is too much for one batch is not kept: the
    /// query tells it all.
    fn add(&mut self, payload: &str) {
        let is_record = payload.trim_start().starts_with(['{', '[']);
        let has_room = self.records.len() < MAX_BATCH_MESSAGES && self.bytes + payload.len() <= MAX_BATCH_BYTES;
        if is_record && has_room {
            self.bytes += payload.len();
            self.records.push(payload.to_owned());
        } else {
            self.is_change = true;
        }
    }

    fn note(&mut self, message: &AsyncMessage) {
        if let AsyncMessage::Notification(told) = message {
            self.add(told.payload());
        }
    }

    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && !self.is_change
    }
}

impl Dialler {
    /// To the database of a source.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(origin: &PostgresOrigin) -> Result<Self, Fault> {
        tls::install_cryptography();
        let unusable = |error| Fault::Unusable(format!("地址不是 postgres 地址({error})"));
        let url = Url::parse(&origin.url).map_err(unusable)?;
        // TLS begins after a word of the protocol, not with the connection.
        let dial = Dial::new(&url, false, PORT, origin.deadlines)?;
        let database = origin.url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        Ok(Self { dial, database: database.map_or("", |(_, name)| name).to_owned() })
    }

    /// Reads secrets and certificates, on a blocking thread. It is done each
    /// time, so that a renewed file takes effect without a restart.
    ///
    /// # Errors
    /// When one of them is missing or holds something else.
    pub async fn keys(&self, origin: &PostgresOrigin) -> Result<Keys, Fault> {
        let (username, password, tls) = (origin.username.clone(), origin.password.clone(), origin.tls.clone());
        let host = self.dial.host.clone();
        let read = move || -> Result<Keys, Fault> {
            let username = username.reveal().map_err(Fault::Secret)?;
            let password = password.map(|password| password.reveal()).transpose().map_err(Fault::Secret)?;
            let encryption = Encryption(tls.map(|tls| tls::connector(&host, &tls)).transpose()?);
            let print = Print::of(&username, password.as_deref().unwrap_or_default());
            Ok(Keys { username, password, encryption, print })
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| Fault::Internal)?
    }

    /// What the database judges a login with `keys` by.
    pub fn account(&self, keys: &Keys) -> Account {
        Account {
            host: format!("{}:{}", self.dial.host.to_ascii_lowercase(), self.dial.port),
            database: self.database.clone(),
            is_encrypted: keys.encryption.0.is_some(),
            print: keys.print,
        }
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// When the connection does not stand in time, or the login is refused.
    pub async fn open(&self, origin: &PostgresOrigin, keys: Keys) -> Result<Link, Fault> {
        let Keys { username, password, encryption, .. } = keys;
        let mut config = Config::new();
        config.user(username);
        if let Some(password) = password {
            config.password(password);
        }
        config.dbname(&self.database).application_name("quanyu");
        config.ssl_mode(if encryption.0.is_some() { SslMode::Require } else { SslMode::Disable });
        let tally = Arc::new(Tally::default());
        tally.begin(MAX_TALK_BYTES);
        let stream = Metered::new(self.dial.connect().await?, Arc::clone(&tally));
        let idle_secs = origin.deadlines.idle_secs;
        let greeted = tokio::time::timeout(secs(idle_secs), config.connect_raw(stream, encryption)).await;
        let greeted = greeted.map_err(|_| Fault::Idle { secs: idle_secs, received: tally.received() })?;
        let (client, driver) =
            greeted.map_err(|error| fault_of(&error, &self.dial.shown, tally.received(), MAX_TALK_BYTES))?;
        Ok(Link {
            client,
            driver,
            tally,
            shown: self.dial.shown.clone(),
            told: Told::default(),
            idle_secs,
            whole_secs: origin.deadlines.whole_secs,
        })
    }
}

/// What a server takes as `statement_timeout`, milliseconds: 0 would be none,
/// and more than it can count would be refused.
fn timeout_millis(whole_secs: f64) -> i32 {
    (whole_secs * 1_000.0).clamp(1.0, f64::from(i32::MAX)) as i32
}

impl Link {
    /// Asks to be told what is told on a channel.
    ///
    /// # Errors
    /// When the server does not answer or does not want to.
    pub async fn listen(&mut self, channel: &str) -> Result<(), Fault> {
        self.command(&format!("LISTEN \"{}\"", channel.replace('"', "\"\""))).await
    }

    /// Asks for a sign of life: of a connection that a firewall forgot, nothing
    /// else tells.
    ///
    /// # Errors
    /// When none comes.
    pub async fn ping(&mut self) -> Result<(), Fault> {
        self.command("").await
    }

    /// Has the server do something that gives no rows; nothing is as good.
    async fn command(&mut self, command: &str) -> Result<(), Fault> {
        self.tally.begin(MAX_TALK_BYTES);
        let until = Instant::now() + secs(self.idle_secs);
        let Self { client, driver, told, .. } = self;
        match driven(driver, told, until, client.batch_execute(command)).await {
            Driven::Done(done) => done.map_err(|error| self.fault(Some(&error), MAX_TALK_BYTES)),
            Driven::Late => Err(Fault::Idle { secs: self.idle_secs, received: self.tally.received() }),
            Driven::Broken(error) => Err(self.fault(error.as_ref(), MAX_TALK_BYTES)),
        }
    }

    /// Runs the query in a transaction that may only read: an array of JSON
    /// objects, one for each row. Of more rows than are wanted, one more comes,
    /// so that it can be told.
    ///
    /// # Errors
    /// When the query fails, takes too long or gives too much.
    pub async fn rows(
        &mut self,
        query: &str,
        since: &Since<'_>,
        (max_bytes, max_rows): (u64, usize),
    ) -> Result<Vec<u8>, Fault> {
        let most_rows = u64::try_from(max_rows).unwrap_or(u64::MAX).saturating_add(1);
        let overhead = ROW_OVERHEAD_BYTES.saturating_mul(most_rows).min(max_bytes);
        self.tally.begin(max_bytes.saturating_add(overhead).saturating_add(MAX_TALK_BYTES));
        // The server is to end it first: it says why.
        let until = Instant::now() + secs(self.whole_secs) + secs(self.idle_secs);
        let begin = format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {}", timeout_millis(self.whole_secs));
        // A comment at the end of the query must not swallow the bracket.
        let query = format!(
            "SELECT row_to_json(quanyu_row)::text FROM (\n{query}\n) AS quanyu_row LIMIT {}",
            most_rows.min(i64::MAX as u64)
        );
        let Self { client, driver, told, tally, idle_secs, shown, .. } = self;
        let failed = |error: tokio_postgres::Error| fault_of(&error, shown, tally.received(), max_bytes);
        let work = async {
            client.batch_execute(&begin).await.map_err(failed)?;
            let statement = client.prepare(&query).await.map_err(failed)?;
            let wanted = statement.params().iter();
            let parameters: Vec<_> = wanted.map(|wanted| since.parameter(wanted)).collect::<Result<_, _>>()?;
            let parameters = parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync));
            let mut rows = pin!(client.query_raw(&statement, parameters).await.map_err(failed)?);
            let mut json = vec![b'['];
            // The first may take as long as the query does.
            let mut next = rows.next().await;
            while let Some(row) = next.transpose().map_err(failed)? {
                let row: &str = row.try_get(0).map_err(failed)?;
                if (json.len() + row.len()) as u64 > max_bytes {
                    return Err(Fault::TooLarge { limit: max_bytes });
                }
                if json.len() > 1 {
                    json.push(b',');
                }
                json.extend_from_slice(row.as_bytes());
                let idle = Fault::Idle { secs: *idle_secs, received: tally.received() };
                next = tokio::time::timeout(secs(*idle_secs), rows.next()).await.map_err(|_| idle)?;
            }
            json.push(b']');
            client.batch_execute("COMMIT").await.map_err(failed)?;
            Ok(json)
        };
        match driven(driver, told, until, work).await {
            Driven::Done(done) => done,
            Driven::Late => Err(Fault::Whole { secs: self.whole_secs, received: self.tally.received() }),
            Driven::Broken(error) => Err(self.fault(error.as_ref(), max_bytes)),
        }
    }

    /// Waits until something is told, or `until`, and takes all that can be
    /// read without waiting.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn hear(&mut self, until: Instant) -> Result<Told, Fault> {
        while self.told.is_empty() {
            self.tally.begin(MAX_TALK_BYTES);
            let message = tokio::time::timeout_at(until, poll_fn(|cx| self.driver.poll_message(cx))).await;
            match message {
                Ok(message) => self.take(message)?,
                Err(_) => break,
            }
        }
        for _ in 0..MAX_BATCH_MESSAGES {
            self.tally.begin(MAX_TALK_BYTES);
            match poll_fn(|cx| self.driver.poll_message(cx)).now_or_never() {
                Some(message) => self.take(message)?,
                None => break,
            }
        }
        Ok(std::mem::take(&mut self.told))
    }

    fn take(&mut self, message: Option<Result<AsyncMessage, tokio_postgres::Error>>) -> Result<(), Fault> {
        match message {
            Some(Ok(message)) => {
                self.told.note(&message);
                Ok(())
            }
            Some(Err(error)) => Err(self.fault(Some(&error), MAX_TALK_BYTES)),
            None => Err(self.fault(None, MAX_TALK_BYTES)),
        }
    }

    fn fault(&self, error: Option<&tokio_postgres::Error>, limit: u64) -> Fault {
        match error {
            Some(error) => fault_of(error, &self.shown, self.tally.received(), limit),
            None => Fault::hangup(""),
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        let Self { client, mut driver, idle_secs, .. } = self;
        // Without it the connection ends itself.
        drop(client);
        let ended = async { while let Some(Ok(_)) = poll_fn(|cx| driver.poll_message(cx)).await {} };
        // The rows are here, whether or not the server hears this.
        _ = tokio::time::timeout(secs(idle_secs), ended).await;
    }
}

/// How waiting ended.
enum Driven<T> {
    /// With this.
    Done(T),
    /// It took too long.
    Late,
    /// The connection ended.
    Broken(Option<tokio_postgres::Error>),
}

/// Waits for `work`, which needs the connection.
async fn driven<T>(
    driver: &mut Connection<Metered, Encrypted>,
    told: &mut Told,
    until: Instant,
    work: impl Future<Output = T>,
) -> Driven<T> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Driven::Done(done),
            message = poll_fn(|cx| driver.poll_message(cx)) => match message {
                Some(Ok(message)) => told.note(&message),
                Some(Err(error)) => return Driven::Broken(Some(error)),
                None => return Driven::Broken(None),
            },
            () = tokio::time::sleep_until(until) => return Driven::Late,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_of_a_timeout_that_it_takes() {
        for (secs, millis) in [(3.0, 3_000), (0.000_1, 1), (1e9, i32::MAX)] {
            assert_eq!(timeout_millis(secs), millis, "{secs}");
        }
    }

    #[test]
    fn what_is_told_is_a_record_or_a_change_and_bounded() {
        let mut told = Told::default();
        told.add(r#"{"id":"1"}"#);
        assert_eq!((told.records.len(), told.is_change), (1, false));
        for payload in ["", "changed", "12"] {
            let mut told = Told::default();
            told.add(payload);
            assert_eq!((told.records.len(), told.is_change), (0, true), "{payload}");
        }
        for _ in 0..2 * MAX_BATCH_MESSAGES {
            told.add(r#"{"id":"1"}"#);
        }
        assert_eq!((told.records.len(), told.is_change), (MAX_BATCH_MESSAGES, true));
    }
}
