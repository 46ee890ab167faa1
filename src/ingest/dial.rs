//! Connections that are not HTTP: TCP, and TLS with the trust that HTTP has.
//!
//! In: an address of a scheme of its own. Out: a stream of bytes within the
//! source's deadlines, or the [`Fault`] that names what went wrong.

use reqwest::Url;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config::access::Tls;
use crate::config::source::Deadlines;

use super::client::{host_of, secs};
use super::fault::{Fault, io_text};
use super::tls;

/// A connection, encrypted or not.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Where to connect to, and how.
pub struct Dial {
    /// Name or address, as the resolver takes it.
    pub(super) host: String,
    pub(super) port: u16,
    /// Host and port, as they may be shown.
    pub(super) shown: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    deadlines: Deadlines,
}

impl Dial {
    /// To the host of `url`; `usual_port` where it names none.
    ///
    /// # Errors
    /// When the address has no host, or TLS cannot be set up.
    pub fn new(url: &Url, is_encrypted: bool, usual_port: u16, deadlines: Deadlines) -> Result<Self, Fault> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(Fault::Unusable("地址没有主机名".into()));
        }
        // The trust that HTTP has.
        let tls = is_encrypted.then(|| tls::connector(&host, &Tls::default())).transpose()?;
        Ok(Self { host, port: url.port().unwrap_or(usual_port), shown: host_of(url), tls, deadlines })
    }

    /// Connects.
    ///
    /// # Errors
    /// When the connection does not stand in time.
    pub async fn connect(&self) -> Result<Box<dyn Wire>, Fault> {
        let secs_left = self.deadlines.connect_secs;
        let too_late = |_| Fault::ConnectTimeout { host: self.shown.clone(), secs: secs_left };
        let refused = |error: std::io::Error| Fault::Connect { host: self.shown.clone(), reason: reason(&error) };
        let dialled = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            // Answers of a few bytes must not wait for more.
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        let stream = tokio::time::timeout(secs(secs_left), dialled).await.map_err(too_late)?.map_err(refused)?;
        let Some((connector, name)) = &self.tls else { return Ok(Box::new(stream)) };
        let greeted = tokio::time::timeout(secs(secs_left), connector.connect(name.clone(), stream)).await;
        Ok(Box::new(greeted.map_err(too_late)?.map_err(refused)?))
    }
}

/// Why a connection does not stand, in the words that HTTP has for it.
fn reason(error: &std::io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => tls::reason(error),
        None => io_text(error),
    }
}
