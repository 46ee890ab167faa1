//! Sources that push: topics of an MQTT broker.
//!
//! In: an address and topics. Out: the records of each message as they come.
//! What can be read at once is decoded and delivered as one batch, and only then
//! acknowledged: a message of QoS 1 or 2 that comes while the model has no room,
//! or while the connection breaks, comes again. Where the session has a name the
//! broker also keeps what is sent while the wall is away. While nothing is said
//! the broker is asked for a sign of life.

mod codec;
mod payload;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::config::access::Pace;
use crate::config::source::{MqttOrigin, Secret};

use super::backoff::{Backoff, Print, rest};
use super::client::secs;
use super::decode::Decoded;
use super::dial::{Dial, Wire};
use super::fault::{Fault, io_text};
use super::intake::{End, Intake, MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, Message, REPORT_EVERY};
use super::outlet::{Closed, Reporter};
use codec::{Codec, Greeting, Heard, Letter, Remembered};
use payload::Reader;

/// Bytes that are read at once.
const READ_BYTES: usize = 64 << 10;

/// One source that pushes.
pub struct MqttSource {
    origin: MqttOrigin,
    dial: Dial,
    max_bytes: u64,
    intake: Intake,
    reader: Arc<Reader>,
    /// Name of the session, where the configuration gives none.
    own_id: String,
}

/// A connection on which the topics were asked for.
struct Link {
    wire: Box<dyn Wire>,
    codec: Codec,
    buffer: Vec<u8>,
    /// What came behind the answer to the greeting.
    ahead: Vec<u8>,
    /// Until when the broker must have answered what it was asked for.
    answer_until: Option<Instant>,
    /// Until when it must be heard of.
    life_until: Option<Instant>,
    /// When something was last sent.
    sent: Instant,
    received: u64,
    idle_secs: f64,
    keep_alive: Duration,
}

/// What could be read at once.
#[derive(Default)]
struct Read {
    letters: Vec<Letter>,
    bytes: usize,
    /// Whether each topic was granted, if the broker just said so.
    granted: Option<Vec<bool>>,
    /// Why nothing will come any more.
    end: Option<Fault>,
}

impl MqttSource {
    /// Topics that were never asked for, with messages of at most `max_bytes`.
    ///
    /// # Errors
    /// When the address is none, or TLS cannot be set up.
    pub fn new(origin: MqttOrigin, max_bytes: u64, intake: Intake) -> Result<Self, Fault> {
        let unusable = |error| Fault::Unusable(format!("地址不是 mqtt(s) 地址({error})"));
        let url = Url::parse(&origin.url).map_err(unusable)?;
        let is_encrypted = url.scheme() == "mqtts";
        let dial = Dial::new(&url, is_encrypted, if is_encrypted { 8883 } else { 1883 }, origin.deadlines)?;
        let reader = Arc::new(Reader::new(origin.payload, &origin.topics, intake.decoder()));
        // Brokers need not take more than 23 letters and digits.
        let own_id = format!("quanyu{:016x}", fastrand::u64(..));
        Ok(Self { origin, dial, max_bytes, intake, reader, own_id })
    }

    /// Reads until the wall closes.
    ///
    /// # Errors
    /// When the wall closes.
    pub async fn run(self, mut reporter: Reporter) -> Result<(), Closed> {
        let client_id = self.origin.client_id.as_ref().unwrap_or(&self.own_id);
        let mut backoff = Backoff::default();
        let mut remembered = Remembered::default();
        loop {
            let shown = self.shown();
            let fault = match self.open(client_id, self.origin.clean_session, remembered.clone()).await {
                Err(fault) => fault,
                Ok(mut link) => {
                    let end = self.read(&mut link, &mut reporter, &mut backoff).await;
                    remembered = link.codec.remembered();
                    match end {
                        End::Fault(fault) => fault,
                        End::Closed => return Err(Closed),
                    }
                }
            };
            reporter.failed(&fault);
            match fault {
                Fault::BrokerDenied(_) => rest(backoff.after_refusal(Pace::default()), shown, || self.shown()).await,
                _ => tokio::time::sleep(backoff.after_failure(None)).await,
            }
        }
    }

    /// Stands for the name and the password that the broker gets.
    fn shown(&self) -> Print {
        Print::now(self.origin.username.as_ref(), self.origin.password.as_ref())
    }

    /// Connects and asks for the topics. Secrets are read each time, so that a
    /// renewed file takes effect without a restart.
    async fn open(&self, client_id: &str, clean_session: bool, remembered: Remembered) -> Result<Link, Fault> {
        let reveal = |secret: &Option<Secret>| secret.as_ref().map(Secret::reveal).transpose().map_err(Fault::Secret);
        let (username, password) = (reveal(&self.origin.username)?, reveal(&self.origin.password)?);
        let greeting = Greeting {
            client_id,
            username: username.as_deref(),
            password: password.as_deref(),
            keep_alive_secs: self.origin.keep_alive_secs,
            clean_session,
        };
        let mut codec = Codec::new(self.origin.version, self.max_bytes, remembered);
        codec.connect(&greeting)?;
        let idle_secs = self.origin.deadlines.idle_secs;
        let now = Instant::now();
        let mut link = Link {
            wire: self.dial.connect().await?,
            codec,
            buffer: vec![0; READ_BYTES],
            ahead: Vec::new(),
            answer_until: Some(now + secs(idle_secs)),
            life_until: None,
            sent: now,
            received: 0,
            idle_secs,
            keep_alive: Duration::from_secs(self.origin.keep_alive_secs.into()),
        };
        link.flush().await?;
        while !link.greeted().await? {}
        link.codec.subscribe(&self.origin.topics, self.origin.qos)?;
        link.flush().await?;
        link.answer_until = Some(Instant::now() + secs(idle_secs));
        Ok(link)
    }

    /// Reads messages until the connection ends, breaks or falls silent.
    async fn read(&self, link: &mut Link, reporter: &mut Reporter, backoff: &mut Backoff) -> End {
        let mut reported = Instant::now();
        loop {
            let (Read { letters, bytes, granted, end }, started) = match link.hear().await {
                Ok(read) => (read, std::time::Instant::now()),
                Err(fault) => return fault.into(),
            };
            if let Some(fault) = granted.as_ref().and_then(|granted| self.not_granted(granted)) {
                return fault.into();
            }
            if !letters.is_empty() {
                backoff.reset();
                match self.decode(letters).await {
                    Ok(decoded) => {
                        if reporter.deliver(decoded, bytes as u64, started.elapsed()).await.is_err() {
                            return End::Closed;
                        }
                    }
                    Err(fault) => return fault.into(),
                }
                reported = Instant::now();
            } else if granted.is_some() || (end.is_none() && reported.elapsed() >= REPORT_EVERY) {
                reporter.alive();
                reported = Instant::now();
            }
            // Only what was delivered need not be sent again.
            let flushed = link.flush().await;
            if let Some(fault) = end.or(flushed.err()) {
                return fault.into();
            }
        }
    }

    async fn decode(&self, letters: Vec<Letter>) -> Result<Decoded, Fault> {
        let reader = Arc::clone(&self.reader);
        self.intake.decode(letters, move |batch, letter| reader.read(batch, letter.topic(), letter.body())).await
    }

    /// Connects, waits a little for the first messages and decodes them: what
    /// `quanyu check` does. The session is another than the wall's, which goes
    /// on; only where the broker insists on the name is it the same.
    ///
    /// # Errors
    /// When the broker is not there or does not want to.
    pub async fn first_messages(&self) -> Result<(Decoded, u64), Fault> {
        let beside = match &self.origin.client_id {
            Some(id) => format!("{id}-check"),
            None => self.own_id.clone(),
        };
        let mut opened = self.open(&beside, true, Remembered::default()).await;
        // With a password, "not authorised" is not asked for twice: it counts
        // as one more wrong password.
        let is_other_name_worth_it = match &opened {
            Err(Fault::BrokerRefused(_)) => true,
            Err(Fault::BrokerDenied(_)) => self.origin.password.is_none(),
            _ => false,
        };
        if let Some(id) = self.origin.client_id.as_ref().filter(|_| is_other_name_worth_it) {
            opened = self.open(id, self.origin.clean_session, Remembered::default()).await;
        }
        let mut link = opened?;
        let until = Instant::now() + secs(link.idle_secs);
        while let Ok(read) = tokio::time::timeout_at(until, link.hear()).await {
            let Read { letters, bytes, granted, end } = read?;
            if let Some(fault) = granted.as_ref().and_then(|granted| self.not_granted(granted)).or(end) {
                return Err(fault);
            }
            if granted.is_some() {
                link.answer_until = None;
            }
            if !letters.is_empty() {
                // Acknowledgements stay unsent: what the wall should see comes to it again.
                return Ok((self.decode(letters).await?, bytes as u64));
            }
        }
        if link.answer_until.is_some() {
            return Err(Fault::Idle { secs: link.idle_secs, received: link.received });
        }
        link.codec.disconnect();
        // The answer is known, whether or not the broker hears this.
        _ = link.flush().await;
        Ok((self.intake.nothing(link.idle_secs), 0))
    }

    /// The topic that the broker does not grant.
    fn not_granted(&self, granted: &[bool]) -> Option<Fault> {
        let refused = granted.iter().position(|granted| !granted)?;
        let filter = self.origin.topics.get(refused).map_or("", |topic| topic.filter.as_str());
        Some(Fault::BrokerRefused(format!("订阅 {filter},请检查权限")))
    }
}

impl Link {
    /// Waits for what the broker says to the greeting; tells whether it was that.
    async fn greeted(&mut self) -> Result<bool, Fault> {
        let until = self.answer_until.unwrap_or_else(Instant::now);
        let idle = Fault::Idle { secs: self.idle_secs, received: self.received };
        let count = tokio::time::timeout_at(until, self.wire.read(&mut self.buffer)).await.map_err(|_| idle)?;
        let came = self.came(count)?;
        let bytes = self.buffer.get(..came).unwrap_or_default();
        let used = self.codec.feed_first(bytes);
        self.ahead.extend_from_slice(bytes.get(used..).unwrap_or_default());
        if let Some(fault) = self.codec.fault() {
            return Err(fault);
        }
        // Nothing else may come before it (MQTT 5.0, 3.2).
        Ok(self.codec.take_heard().iter().any(|heard| matches!(heard, Heard::Connected)))
    }

    /// Waits until something comes, asks for a sign of life where that takes
    /// long, and takes all that can be read without waiting.
    ///
    /// # Errors
    /// When the broker is silent for too long, or the connection broke before
    /// anything came.
    async fn hear(&mut self) -> Result<Read, Fault> {
        if !self.ahead.is_empty() {
            let ahead = std::mem::take(&mut self.ahead);
            self.codec.feed(&ahead);
            return Ok(self.gathered(Read::default()));
        }
        let mut count = loop {
            let ping_at = self.sent + self.keep_alive;
            let until = [self.answer_until, self.life_until].into_iter().flatten().fold(ping_at, Instant::min);
            if let Ok(count) = tokio::time::timeout_at(until, self.wire.read(&mut self.buffer)).await {
                break count;
            }
            if ping_at > until {
                return Err(Fault::Idle { secs: self.idle_secs, received: self.received });
            }
            self.codec.ping();
            self.flush().await?;
            self.life_until.get_or_insert(Instant::now() + secs(self.idle_secs));
        };
        self.life_until = None;
        let mut read = Read::default();
        loop {
            match self.came(count) {
                Ok(count) => self.codec.feed(self.buffer.get(..count).unwrap_or_default()),
                Err(fault) => read.end = Some(fault),
            }
            read = self.gathered(read);
            if read.end.is_some() || read.bytes >= MAX_BATCH_BYTES || read.letters.len() >= MAX_BATCH_MESSAGES {
                return Ok(read);
            }
            match self.wire.read(&mut self.buffer).now_or_never() {
                Some(more) => count = more,
                None => return Ok(read),
            }
        }
    }

    /// Adds what the protocol made of what was read.
    fn gathered(&mut self, mut read: Read) -> Read {
        for heard in self.codec.take_heard() {
            match heard {
                // An empty message is how a topic is cleared.
                Heard::Letter(letter) if letter.bytes() > 0 => {
                    read.bytes += letter.bytes();
                    read.letters.push(letter);
                }
                Heard::Subscribed(granted) => {
                    read.granted = Some(granted);
                    self.answer_until = None;
                }
                Heard::Letter(_) | Heard::Connected | Heard::Life => {}
            }
        }
        read.end = read.end.or_else(|| self.codec.fault());
        read
    }

    /// How many bytes came.
    fn came(&mut self, count: std::io::Result<usize>) -> Result<usize, Fault> {
        let received = self.received;
        let broken = |error: std::io::Error| Fault::Broken { received, reason: io_text(&error) };
        let count = count.map_err(broken)?;
        self.received += count as u64;
        if count == 0 { Err(Fault::hangup("")) } else { Ok(count) }
    }

    /// Sends what is to be sent.
    async fn flush(&mut self) -> Result<(), Fault> {
        let out = self.codec.take_out();
        if out.is_empty() {
            return Ok(());
        }
        let received = self.received;
        let written = async {
            self.wire.write_all(&out).await?;
            self.wire.flush().await
        };
        match tokio::time::timeout(secs(self.idle_secs), written).await {
            Ok(Ok(())) => {
                self.sent = Instant::now();
                Ok(())
            }
            Ok(Err(error)) => Err(Fault::Broken { received, reason: io_text(&error) }),
            Err(_) => Err(Fault::Idle { secs: self.idle_secs, received }),
        }
    }
}
