//! What a connection to a database runs over: bytes that are counted, with or
//! without TLS.
//!
//! In: a connection. Out: the same, which ends when more came than is allowed,
//! because the library takes a message of any length; and TLS as the library
//! wants it, with the trust that HTTP has.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use crate::ingest::dial::Wire;

/// How many bytes came, and how many may.
#[derive(Debug, Default)]
pub struct Tally {
    received: AtomicU64,
    limit: AtomicU64,
}

impl Tally {
    /// Bytes that came since the last [`Tally::begin`].
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Counts anew, up to `limit`.
    pub fn begin(&self, limit: u64) {
        self.received.store(0, Ordering::Relaxed);
        self.limit.store(limit, Ordering::Relaxed);
    }
}

/// More came than is allowed.
#[derive(Debug, thiserror::Error)]
#[error("too many bytes")]
pub struct TooMuch;

/// What came first begins no message of PostgreSQL.
#[derive(Debug, thiserror::Error)]
#[error("not PostgreSQL")]
pub struct Stranger;

/// How the first message of a server may begin: who it wants to be shown, an
/// error, a notice, its version, and what it thinks of TLS.
const BEGINNINGS: &[u8] = b"RENvS";

/// A connection whose bytes are counted.
pub struct Metered {
    wire: Box<dyn Wire>,
    tally: Arc<Tally>,
    is_begun: bool,
}

impl Metered {
    /// Counts the bytes of `wire`.
    pub fn new(wire: Box<dyn Wire>, tally: Arc<Tally>) -> Self {
        Self { wire, tally, is_begun: false }
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(cx, buffer))?;
        if let (false, Some(first)) = (self.is_begun, buffer.filled().get(before)) {
            // Taken for a message, it would be waited for to an end that never comes.
            if !BEGINNINGS.contains(first) {
                return Poll::Ready(Err(io::Error::other(Stranger)));
            }
            self.is_begun = true;
        }
        let came = (buffer.filled().len() - before) as u64;
        let received = self.tally.received.fetch_add(came, Ordering::Relaxed) + came;
        let is_within = received <= self.tally.limit.load(Ordering::Relaxed);
        Poll::Ready(if is_within { Ok(()) } else { Err(io::Error::other(TooMuch)) })
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

/// Makes a connection an encrypted one: with the trust that HTTP has, and the
/// name whose certificate is wanted. `None` where it stays in the clear; the
/// library wants to be given something all the same.
pub struct Encryption(pub Option<(TlsConnector, ServerName<'static>)>);

impl TlsConnect<Metered> for Encryption {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: Metered) -> Self::Future {
        Box::pin(async move {
            // With `SslMode::Disable` nobody asks for it.
            let Some((connector, name)) = self.0 else { return Err(io::Error::other("not to be encrypted")) };
            connector.connect(name, stream).await.map(Box::new).map(Encrypted)
        })
    }
}

/// An encrypted connection.
pub struct Encrypted(Box<tokio_rustls::client::TlsStream<Metered>>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        // The certificate was verified; that is as much.
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
