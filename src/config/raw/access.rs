//! The tables about access: `[[credentials]]` and certificates.

use std::collections::BTreeMap;

use super::RawHeader;
use super::RawSecret;
use crate::config::access::{Digest, Encoding};
use crate::config::error::Complaints;
use crate::config::kind::CredentialKind;
use crate::config::read::{At, FromToml, Node, read_key, refuse_unknown, table_in};
use crate::config::units::DurationSecs;

raw_table! {
    /// One of `[[credentials]]`.
    RawCredential {
        /// Unique id.
        id: String,
        /// What is shown.
        kind: CredentialKind,
        /// Where a token is asked for.
        url: String,
        /// Who asks.
        username: RawHeader,
        /// Its password.
        password: RawSecret,
        /// A token that is kept current elsewhere.
        token: RawSecret,
        /// Who asks, in OAuth 2.
        client_id: RawHeader,
        /// Its password, in OAuth 2.
        client_secret: RawSecret,
        /// What for, in OAuth 2.
        scope: String,
        /// JSON that is posted to log in.
        json: String,
        /// Fields of a form that is posted to log in.
        form: BTreeMap<String, At<String>>,
        /// Where the token is in the answer.
        answer: RawAnswer,
        /// How long a token lives when the answer does not say.
        lifetime: DurationSecs,
        /// Headers made from templates.
        headers: BTreeMap<String, At<String>>,
        /// Query parameters made from templates.
        query: BTreeMap<String, At<String>>,
        /// Who signs.
        key: RawHeader,
        /// What it signs with.
        secret: RawSecret,
        /// Which digest.
        digest: Digest,
        /// How the digest is written.
        encoding: Encoding,
        /// What is digested.
        over: String,
        /// How the instant is written.
        timestamp: String,
        /// Certificates of the host that gives the token.
        tls: RawTls,
    }
}

raw_table! {
    /// `answer` of `[[credentials]]`: JSON pointers.
    RawAnswer {
        /// The token.
        token: String,
        /// Its lifetime or end.
        expires: String,
    }
}

raw_table! {
    /// `tls`: certificates of a host.
    RawTls {
        /// PEM of the authorities that are trusted.
        ca: String,
        /// PEM of our certificate.
        client_cert: String,
        /// PEM of its key.
        client_key: String,
        /// SHA-256 of the server's public key.
        pin: String,
    }
}
