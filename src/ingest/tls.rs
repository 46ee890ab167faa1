//! TLS for one host: whom to trust, who we are, which key the server has.
//!
//! In: [`Tls`] of the configuration. Out: an HTTP client that keeps to it, a
//! connector for what is not HTTP, and words for what goes wrong.
//!
//! How it works: without settings, the system's authorities are trusted. With
//! a file of authorities, only those are. A pin is checked after everything
//! else, never in its place. Files are read again when they change, so that a
//! renewed certificate takes effect without a restart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::redirect::Policy;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
};

use crate::config::access::Tls;

use super::fault::{Fault, io_text};

/// Makes the client of one source, again when a certificate changed.
#[derive(Debug)]
pub struct Connector {
    tls: Tls,
    connect_timeout: Duration,
    redirects: fn() -> Policy,
    built: Mutex<Option<(Stamps, reqwest::Client)>>,
}

/// When each file was last changed.
type Stamps = Vec<Option<SystemTime>>;

impl Connector {
    /// A connector that built nothing yet.
    pub fn new(tls: Tls, connect_timeout: Duration, redirects: fn() -> Policy) -> Self {
        Self { tls, connect_timeout, redirects, built: Mutex::new(None) }
    }

    /// The client; built anew when a file changed. Files are read on a blocking
    /// thread.
    ///
    /// # Errors
    /// When a file is missing or holds something else. Asked again, it looks
    /// again.
    pub async fn client(self: &Arc<Self>) -> Result<reqwest::Client, Fault> {
        if self.tls.is_default()
            && let Some((_, client)) = &*self.built.lock().unwrap_or_else(PoisonError::into_inner)
        {
            return Ok(client.clone());
        }
        let connector = Arc::clone(self);
        tokio::task::spawn_blocking(move || connector.read()).await.map_err(|_| Fault::Internal)?
    }

    fn read(&self) -> Result<reqwest::Client, Fault> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = stamps(&self.tls);
        if let Some((_, client)) = built.as_ref().filter(|(then, _)| *then == stamps) {
            return Ok(client.clone());
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("quanyu/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect_timeout)
            .redirect((self.redirects)())
            .no_proxy();
        if !self.tls.is_default() {
            let mut config = config(&self.tls)?;
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            builder = builder.tls_backend_preconfigured(config);
        }
        let client = builder.build().map_err(|error| Fault::Unusable(format!("TLS:{error}")))?;
        *built = Some((stamps, client.clone()));
        Ok(client)
    }
}

fn stamps(tls: &Tls) -> Stamps {
    let files = tls.ca.iter().chain(tls.client.iter().flat_map(|(cert, key)| [cert, key]));
    files.map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok()).collect()
}

/// The settings of `rustls` for `tls`.
///
/// # Errors
/// When a file is missing or holds something else.
fn config(tls: &Tls) -> Result<ClientConfig, Fault> {
    let unusable = |error: rustls::Error| Fault::Unusable(format!("TLS:{error}"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match &tls.ca {
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|_| unreadable(path, "其中有不能用作 CA 的证书"))?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| Fault::Unusable(format!("TLS:{error}")))?
        }
        None => Arc::new(rustls_platform_verifier::Verifier::new(Arc::clone(&provider)).map_err(unusable)?),
    };
    let verifier: Arc<dyn ServerCertVerifier> = match tls.pin {
        Some(pin) => Arc::new(Pinned { inner: verifier, pin }),
        None => verifier,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    Ok(match &tls.client {
        Some((cert, key)) => {
            let private = PrivateKeyDer::from_pem_slice(&content(key)?)
                .map_err(|_| unreadable(key, "不是 PEM 格式的私钥(不支持有口令的私钥)"))?;
            let chain = certificates(cert)?;
            builder.with_client_auth_cert(chain, private).map_err(|_| unreadable(cert, "与私钥不配对,或格式不支持"))?
        }
        None => builder.with_no_client_auth(),
    })
}

/// What a connection to `host` that is not HTTP is encrypted with. Reads
/// certificates.
///
/// # Errors
/// When `host` can stand in no certificate, and as [`config`].
#[cfg(any(feature = "websocket", feature = "mqtt", feature = "postgres"))]
pub fn connector(host: &str, tls: &Tls) -> Result<(tokio_rustls::TlsConnector, ServerName<'static>), Fault> {
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| Fault::Unusable(format!("TLS:{host} 不是主机名")))?;
    Ok((Arc::new(config(tls)?).into(), name))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let pem = content(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(|| unreadable(path, "不是 PEM 格式的证书"))
}

fn content(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|error| unreadable(path, &io_text(&error)))
}

/// The file's name without its folders: faults are shown to visitors.
fn unreadable(path: &Path, reason: &str) -> Fault {
    let name = PathBuf::from(path.file_name().unwrap_or(path.as_os_str()));
    Fault::Unusable(format!("证书文件 {}:{reason}", name.display()))
}

/// Checks the public key besides everything else.
#[derive(Debug)]
struct Pinned {
    inner: Arc<dyn ServerCertVerifier>,
    pin: [u8; 32],
}

/// The server has another key.
#[derive(Debug, thiserror::Error)]
#[error("public key does not match its pin")]
struct PinMismatch;

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        let digest = ring::digest::digest(&ring::digest::SHA256, key.as_ref());
        if digest.as_ref() == self.pin {
            return Ok(verified);
        }
        Err(CertificateError::Other(OtherError(Arc::new(PinMismatch))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Makes `ring` the process's cryptography, once, before any client is built.
pub fn install_cryptography() {
    if CryptoProvider::get_default().is_none() {
        // An error means that somebody installed a provider before: as good.
        _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// What went wrong, in an operator's words.
pub fn reason(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => certificate_reason(error).into(),
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired => "服务器要求客户端证书:请写 tls.client_cert 与 tls.client_key",
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::AccessDenied => "服务器不接受客户端证书",
            AlertDescription::CertificateExpired => "服务器认为客户端证书已过期",
            AlertDescription::CertificateRevoked => "服务器认为客户端证书已吊销",
            AlertDescription::HandshakeFailure => "TLS 握手被服务器拒绝(可能要求客户端证书或国密算法)",
            AlertDescription::ProtocolVersion => "服务器的 TLS 版本太旧(需 1.2 以上)",
            AlertDescription::UnrecognisedName => "服务器不认识这个主机名",
            _ => "TLS 握手被服务器拒绝",
        }
        .into(),
        rustls::Error::PeerIncompatible(_) => "服务器的 TLS 版本或算法不受支持(需 TLS 1.2 以上)".into(),
        rustls::Error::InvalidMessage(_) => "对方说的不是 TLS(端口或 https:// 写错了?)".into(),
        _ => "TLS 握手失败".into(),
    }
}

fn certificate_reason(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "服务器证书已过期(请核对本机时钟)",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "服务器证书尚未生效(请核对本机时钟)"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "服务器证书不是发给这个主机名的"
        }
        CertificateError::UnknownIssuer => "不信任服务器证书的签发机构:请把它的 CA 证书写在 tls.ca",
        CertificateError::Revoked => "服务器证书已吊销",
        CertificateError::BadSignature => "服务器证书的签名不对",
        CertificateError::Other(other) if other.0.is::<PinMismatch>() => "服务器的公钥与 tls.pin 不符",
        CertificateError::Other(other) if other.0.to_string().contains("CaUsedAsEndEntity") => {
            "服务器用 CA 证书充当自己的证书:请用这个 CA 另签一张服务器证书"
        }
        _ => "服务器证书无法验证",
    }
}
