//! A double of connections: what comes is what the fuzzer wrote.
//!
//! In: [`script`]ed bytes. Out: a wire that gives them in pieces, then ends, and
//! takes whatever is written to it.

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use reqwest::Url;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::config::source::Deadlines;

use super::client::host_of;
use super::fault::Fault;
pub use super::real_dial::Wire;

static SCRIPT: Mutex<(Vec<u8>, usize)> = Mutex::new((Vec::new(), 0));

/// What the next connection tells, so many bytes at a time.
pub fn script(bytes: Vec<u8>, at_a_time: usize) {
    *SCRIPT.lock().unwrap_or_else(PoisonError::into_inner) = (bytes, at_a_time.max(1));
}

/// See the module.
pub struct Dial {
    /// As the real one.
    pub(super) host: String,
    /// As the real one.
    pub(super) port: u16,
    /// As the real one.
    pub(super) shown: String,
}

impl Dial {
    /// As the real one.
    pub fn new(url: &Url, _is_encrypted: bool, usual_port: u16, _deadlines: Deadlines) -> Result<Self, Fault> {
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Self { host, port: url.port().unwrap_or(usual_port), shown: host_of(url) })
    }

    /// The wire.
    pub async fn connect(&self) -> Result<Box<dyn Wire>, Fault> {
        let (bytes, at_a_time) = std::mem::take(&mut *SCRIPT.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Box::new(Tape { bytes, at: 0, at_a_time: at_a_time.max(1) }))
    }
}

/// A wire that only tells.
struct Tape {
    bytes: Vec<u8>,
    at: usize,
    at_a_time: usize,
}

impl AsyncRead for Tape {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let count = self.at_a_time.min(buffer.remaining()).min(self.bytes.len() - self.at);
        buffer.put_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tape {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
