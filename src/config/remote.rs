//! The remote control: where the wall lets itself be spoken to, and by whom.

use std::net::SocketAddr;

use super::source::Secret;

/// `[remote]`. A wall without it listens nowhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Remote {
    /// Where it listens; elsewhere than on this machine only where the file
    /// also says that the network is trusted.
    pub listen: SocketAddr,
    /// Names of a proxy before it, under which requests may come as well.
    pub hosts: Vec<String>,
    /// Seconds that somebody who paired stays so.
    pub session_secs: f64,
    /// Other systems.
    pub tokens: Vec<RemoteToken>,
}

/// One of `[[remote.tokens]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteToken {
    /// Whose it is, for the log.
    pub name: String,
    /// Where the token is kept.
    pub secret: Secret,
}
