//! Sources that push: WebSockets (RFC 6455).
//!
//! In: an address, and texts to send once it is open (a login, a subscription).
//! Out: the records of each message, text or binary, as they come. What can be
//! read at once is decoded and delivered at once, so that many small messages
//! cost little more than one; while the model has no room nothing is read, and
//! behind that the server waits. A socket that falls silent is asked for a sign
//! of life before it is given up. Redirects are not followed.

use std::time::{Duration, Instant};

use futures_util::{FutureExt, SinkExt, StreamExt};
use reqwest::Url;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::config::access::Pace;
use crate::config::source::{Secret, WebSocketOrigin};

use super::backoff::{Backoff, Print, rest};
use super::client::{encoded_in_address, retry_after, revealed, secs};
use super::decode::{Batch, Decoded, Format};
use super::dial::{Dial, Wire};
use super::fault::{Fault, io_text};
use super::intake::{self, End, Intake, MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, REPORT_EVERY};
use super::outlet::{Closed, Reporter};

/// A silent socket is asked for a sign of life at least this often: what lies
/// between forgets connections that nobody uses.
const PING_EVERY: Duration = Duration::from_secs(30);

/// What stands for the secret.
const KEY: &str = "{key}";

/// An open socket.
type Socket = WebSocketStream<Box<dyn Wire>>;

/// One source that pushes.
pub struct WebSocketSource {
    origin: WebSocketOrigin,
    dial: Dial,
    max_bytes: u64,
    intake: Intake,
}

/// What could be read at once.
#[derive(Default)]
struct Read {
    messages: Vec<Bytes>,
    bytes: usize,
    /// Why nothing will come any more.
    end: Option<Fault>,
}

impl intake::Message for Bytes {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl WebSocketSource {
    /// A socket that was never opened, with messages of at most `max_bytes`.
    ///
    /// # Errors
    /// When the address is none, or TLS cannot be set up.
    pub fn new(origin: WebSocketOrigin, max_bytes: u64, intake: Intake) -> Result<Self, Fault> {
        let url = Url::parse(&origin.url.replace(KEY, "")).map_err(|_| unusable())?;
        let is_encrypted = url.scheme() == "wss";
        let dial = Dial::new(&url, is_encrypted, if is_encrypted { 443 } else { 80 }, origin.deadlines)?;
        Ok(Self { origin, dial, max_bytes, intake })
    }

    /// Reads until the wall closes.
    ///
    /// # Errors
    /// When the wall closes.
    pub async fn run(self, mut reporter: Reporter) -> Result<(), Closed> {
        let mut backoff = Backoff::default();
        loop {
            let shown = self.shown();
            let fault = match self.open().await {
                Err(fault) => fault,
                Ok(socket) => {
                    reporter.alive();
                    match self.read(socket, &mut reporter, &mut backoff).await {
                        End::Fault(fault) => fault,
                        End::Closed => return Err(Closed),
                    }
                }
            };
            reporter.failed(&fault);
            match fault {
                // The same key again may have it locked.
                Fault::Status { status: 401 | 403, .. } if self.origin.key.is_some() => {
                    rest(backoff.after_refusal(Pace::default()), shown, || self.shown()).await;
                }
                _ => tokio::time::sleep(backoff.after_failure(fault.retry_after())).await,
            }
        }
    }

    /// Stands for the key that the server gets.
    fn shown(&self) -> Print {
        Print::now(None, self.origin.key.as_ref())
    }

    /// Opens the socket and says what is to be said first. Secrets are read each
    /// time, so that a renewed file takes effect without a restart.
    async fn open(&self) -> Result<Socket, Fault> {
        let key = self.origin.key.as_ref().map(Secret::reveal).transpose().map_err(Fault::Secret)?.unwrap_or_default();
        let mut request = opening_request(&self.origin.url, &key)?;
        request.headers_mut().extend(revealed(&self.origin.headers)?);
        let limit = usize::try_from(self.max_bytes).unwrap_or(usize::MAX);
        let config = WebSocketConfig::default().max_message_size(Some(limit)).max_frame_size(Some(limit));
        let wire = self.dial.connect().await?;
        let idle_secs = self.origin.deadlines.idle_secs;
        let opening = async {
            let (mut socket, _) = client_async_with_config(request, wire, Some(config)).await?;
            for text in &self.origin.hello {
                socket.send(Message::text(text.replace(KEY, &key))).await?;
            }
            Ok(socket)
        };
        match tokio::time::timeout(secs(idle_secs), opening).await {
            Ok(opened) => opened.map_err(|error| self.fault_of(error, 0)),
            Err(_) => Err(Fault::Idle { secs: idle_secs, received: 0 }),
        }
    }

    /// Reads messages until the socket closes, breaks or falls silent.
    async fn read(&self, mut socket: Socket, reporter: &mut Reporter, backoff: &mut Backoff) -> End {
        let deadlines = self.origin.deadlines;
        let longest_silence = secs(deadlines.whole_secs);
        let ping_every = (longest_silence / 3).min(PING_EVERY);
        let mut received = 0;
        let (mut heard, mut reported) = (Instant::now(), Instant::now());
        loop {
            let left = longest_silence.saturating_sub(heard.elapsed());
            let Ok(first) = tokio::time::timeout(ping_every.min(left), socket.next()).await else {
                let asked = socket.send(Message::Ping(Bytes::new()));
                let asked = tokio::time::timeout(secs(deadlines.idle_secs), asked).await;
                if heard.elapsed() >= longest_silence || asked.is_err() {
                    return Fault::Idle { secs: deadlines.whole_secs, received }.into();
                }
                continue;
            };
            let started = Instant::now();
            heard = started;
            let Read { messages, bytes, end } = self.gather(&mut socket, first, received);
            received += bytes as u64;
            if !messages.is_empty() {
                backoff.reset();
                let delivered = match self.intake.decode(messages, read_message).await {
                    Ok(decoded) => reporter.deliver(decoded, bytes as u64, started.elapsed()).await,
                    Err(fault) => return fault.into(),
                };
                if delivered.is_err() {
                    return End::Closed;
                }
                reported = Instant::now();
            } else if end.is_none() && reported.elapsed() >= REPORT_EVERY {
                reporter.alive();
                reported = Instant::now();
            }
            if let Some(fault) = end {
                return fault.into();
            }
        }
    }

    /// Takes what was read, and all that can be read without waiting.
    fn gather(&self, socket: &mut Socket, first: Option<Result<Message, Error>>, received: u64) -> Read {
        let mut read = Read::default();
        let mut next = first;
        loop {
            match next {
                Some(Ok(Message::Text(text))) => read.take(text.into()),
                Some(Ok(Message::Binary(bytes))) => read.take(bytes),
                Some(Ok(Message::Close(frame))) => {
                    let words = frame.map(|frame| format!("({}){}", u16::from(frame.code), frame.reason));
                    read.end = Some(Fault::hangup(&words.unwrap_or_default()));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => read.end = Some(self.fault_of(error, received + read.bytes as u64)),
                None => read.end = Some(Fault::hangup("")),
            }
            if read.end.is_some() || read.bytes >= MAX_BATCH_BYTES || read.messages.len() >= MAX_BATCH_MESSAGES {
                return read;
            }
            match socket.next().now_or_never() {
                Some(more) => next = more,
                None => return read,
            }
        }
    }

    /// Opens the socket, waits a little for the first messages and decodes them:
    /// what `quanyu check` does.
    ///
    /// # Errors
    /// When it does not open, or ends at once.
    pub async fn first_messages(&self) -> Result<(Decoded, u64), Fault> {
        let mut socket = self.open().await?;
        let idle_secs = self.origin.deadlines.idle_secs;
        let until = tokio::time::Instant::now() + secs(idle_secs);
        while let Ok(first) = tokio::time::timeout_at(until, socket.next()).await {
            let Read { messages, bytes, end } = self.gather(&mut socket, first, 0);
            if !messages.is_empty() {
                return Ok((self.intake.decode(messages, read_message).await?, bytes as u64));
            }
            if let Some(fault) = end {
                return Err(fault);
            }
        }
        Ok((self.intake.nothing(idle_secs), 0))
    }

    /// Names an error without the address.
    fn fault_of(&self, error: Error, received: u64) -> Fault {
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => Fault::hangup(""),
            Error::Io(error) => Fault::Broken { received, reason: io_text(&error) },
            Error::Capacity(CapacityError::MessageTooLong { .. }) => Fault::TooLarge { limit: self.max_bytes },
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::HandshakeIncomplete) => {
                Fault::Broken { received, reason: "数据没有收完".into() }
            }
            Error::Utf8(_) => Fault::NotUtf8 { offset: 0 },
            // Anything else than the change of protocols, a page among them.
            Error::Http(answer) if !answer.status().is_success() => {
                Fault::Status { status: answer.status().as_u16(), retry_after: retry_after(answer.headers()) }
            }
            _ => Fault::NotWebSocket,
        }
    }
}

impl Read {
    fn take(&mut self, message: Bytes) {
        // Some servers keep a connection with empty messages.
        if !message.is_empty() {
            self.bytes += message.len();
            self.messages.push(message);
        }
    }
}

/// What opens a socket at `url`, in which `key` may stand. Names in Chinese are
/// sent as Punycode.
fn opening_request(url: &str, key: &str) -> Result<Request<()>, Fault> {
    // What the parser says may repeat what it read.
    let address = Url::parse(&url.replace(KEY, &encoded_in_address(key))).map_err(|_| unusable())?;
    address.as_str().into_client_request().map_err(|_| unusable())
}

fn unusable() -> Fault {
    Fault::Unusable("地址不是 ws(s) 地址".into())
}

fn read_message(batch: &mut Batch, message: &Bytes) -> Result<(), Fault> {
    batch.read(message, Format::Json).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_addresses_are_sent_as_the_standards_have_them() {
        let request = opening_request("wss://平台.example.cn:8443/市容?k={key}", "a&b 密").ok().unwrap();
        let host = "xn--kpr97v.example.cn:8443";
        let expected = format!("wss://{host}/%E5%B8%82%E5%AE%B9?k=a%26b%20%E5%AF%86");
        assert_eq!(request.uri().to_string(), expected);
        assert_eq!(request.headers()["host"], host);
        assert!(opening_request("wss://", "").is_err());
    }
}
