//! The table `[remote]`.

use crate::config::error::Complaints;
use crate::config::read::{At, FromToml, Node, read_key, refuse_unknown, table_in};
use crate::config::units::DurationSecs;

raw_table! {
    /// `[remote]`: the remote control.
    RawRemote {
        /// Address and port.
        listen: String,
        /// Whether plain HTTP may cross the network.
        trusted_network: bool,
        /// Names of a proxy before it.
        hosts: Vec<At<String>>,
        /// How long somebody who paired stays so.
        session: DurationSecs,
        /// `[[remote.tokens]]`
        tokens: Vec<At<RawRemoteToken>>,
    }
}

raw_table! {
    /// One of `[[remote.tokens]]`: another system.
    RawRemoteToken {
        /// Whose it is.
        name: String,
        /// Environment variable that holds it.
        env: String,
        /// File that holds it.
        file: String,
        /// Credential of systemd that holds it.
        credential: String,
    }
}
