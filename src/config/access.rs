//! How a source is let in: credentials, certificates, the body of a request.
//!
//! Secrets are named here, never held: [`Secret`] says where each is kept.

use std::path::PathBuf;
use std::sync::Arc;

use super::source::{Deadlines, Secret};
use super::template::Template;

/// How a source over HTTP is let in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Access {
    /// What it shows with each request; sources may share it.
    pub credentials: Option<Arc<Credential>>,
    /// Certificates.
    pub tls: Tls,
}

/// Certificates of one host. The default trusts whom the system trusts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tls {
    /// PEM of the authorities that are trusted in place of the system's.
    pub ca: Option<PathBuf>,
    /// PEM of our certificate with its chain, and of its key.
    pub client: Option<(PathBuf, PathBuf)>,
    /// SHA-256 of the public key (SubjectPublicKeyInfo) that the server must
    /// have, besides a valid certificate.
    pub pin: Option<[u8; 32]>,
}

impl Tls {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One of `[[credentials]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// Unique id.
    pub id: String,
    /// What is shown.
    pub scheme: Scheme,
}

/// What is shown with each request.
#[derive(Clone, Debug, PartialEq)]
pub enum Scheme {
    /// Name and password (RFC 7617).
    Basic {
        /// The name.
        username: Secret,
        /// The password.
        password: Secret,
    },
    /// A token that somebody else keeps current (RFC 6750).
    Bearer {
        /// The token.
        token: Secret,
    },
    /// A token that is asked for with name and password.
    Login(Box<LoginCall>),
    /// A digest over the request and a secret.
    Signature(Box<Signature>),
}

/// How a token is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct LoginCall {
    /// `http://` or `https://`.
    pub url: String,
    /// `{username}`: also the client id of OAuth 2.
    pub username: Secret,
    /// `{password}`: also the client secret of OAuth 2.
    pub password: Secret,
    /// What is posted; `{username}` and `{password}` stand in it.
    pub body: Body,
    /// Whether name and password go into an `Authorization: Basic` header, as
    /// OAuth 2 wants it (RFC 6749, 2.3.1).
    pub is_basic: bool,
    /// JSON pointer to the token.
    pub token: String,
    /// JSON pointer to its lifetime in seconds or to its end.
    pub expires: Option<String>,
    /// Its lifetime, seconds, when the answer does not say.
    pub lifetime_secs: Option<f64>,
    /// Where `{token}` goes in each request.
    pub place: Place,
    /// Certificates of the login's host.
    pub tls: Tls,
    /// Deadlines of the login.
    pub deadlines: Deadlines,
    /// How often it may be tried.
    pub pace: Pace,
}

/// Headers and query parameters made from templates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// Headers.
    pub headers: Vec<(String, Template)>,
    /// Query parameters.
    pub query: Vec<(String, Template)>,
}

/// How often a login may be tried. Not in the file: the rules protect the
/// account, so that nobody needs to think of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Age that a token must have before a 401 may ask for another, seconds;
    /// doubles for a source that is refused with a fresh token.
    pub least_age_secs: f64,
    /// To where that doubles, seconds.
    pub longest_age_secs: f64,
    /// Wait after the first refused login, seconds.
    pub refused_secs: f64,
    /// Wait after each further one, seconds.
    pub refused_again_secs: f64,
}

impl Default for Pace {
    fn default() -> Self {
        // Accounts are usually locked after five refusals within half an hour.
        Self { least_age_secs: 30.0, longest_age_secs: 900.0, refused_secs: 600.0, refused_again_secs: 1_800.0 }
    }
}

/// A digest over the request and a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// `{key}`: who asks.
    pub key: Secret,
    /// `{secret}`, and the key of an HMAC.
    pub secret: Secret,
    /// Which digest.
    pub digest: Digest,
    /// How it is written.
    pub encoding: Encoding,
    /// What is digested.
    pub over: Template,
    /// How `{timestamp}` is written.
    pub timestamp: super::template::TimeFormat,
    /// Where `{digest}`, `{key}`, `{timestamp}` and `{nonce}` go.
    pub place: Place,
}

/// A digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// HMAC with SHA-256 (RFC 2104).
    #[default]
    HmacSha256,
    /// SM3 (GB/T 32905).
    Sm3,
}

/// How a digest is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// `0a1b`.
    #[default]
    Hex,
    /// `0A1B`.
    HexUpper,
    /// RFC 4648, section 4.
    Base64,
}

/// What is posted. Placeholders stand in its texts. Its `Debug` shows none of
/// it.
#[derive(Clone, PartialEq)]
pub enum Body {
    /// `application/json`.
    Json(serde_json::Value),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Json(_) => "Json(…)",
            Self::Form(_) => "Form(…)",
        })
    }
}
