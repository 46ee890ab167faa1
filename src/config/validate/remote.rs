//! Checks of `[remote]`.
//!
//! In: the table as written. Out: where the wall listens, and the tokens that
//! it knows. It listens beyond this machine only where the file says both:
//! the address, and that plain HTTP may cross the network.

use std::net::SocketAddr;
use std::path::Path;

use super::address::kept_elsewhere;
use super::{distinct, duration_secs, required_text};
use crate::config::error::Complaints;
use crate::config::raw::{RawRemote, RawRemoteToken, RawSecret};
use crate::config::read::{At, excerpt};
use crate::config::remote::{Remote, RemoteToken};

/// Shortest session, seconds.
const MIN_SESSION_SECS: f64 = 60.0;

/// Longest session, seconds: a phone that is lost shall not stay paired.
const MAX_SESSION_SECS: f64 = 30.0 * 86_400.0;

/// A shift of work, seconds.
const SESSION_SECS: f64 = 12.0 * 3_600.0;

/// Most tokens.
const MAX_TOKENS: usize = 32;

/// Checks `[remote]`.
pub(super) fn remote(raw: Option<At<RawRemote>>, folder: &Path, complaints: &mut Complaints) -> Option<Remote> {
    let mut raw = raw?;
    let is_trusted = raw.value.trusted_network.take().is_some_and(|at| at.value);
    let listen = raw.value.listen.take();
    let listen = required_text(listen, "listen", &raw, complaints);
    let listen = listen.and_then(|listen| address(&listen, is_trusted, complaints));
    let hosts = hosts(raw.value.hosts.take(), complaints);
    let session = raw.value.session.take();
    let session_at = session.as_ref().map(|at| (at.offset, at.key.clone()));
    let session_secs = duration_secs(session, MIN_SESSION_SECS, SESSION_SECS, complaints);
    if let Some((offset, key)) = session_at.filter(|_| session_secs > MAX_SESSION_SECS) {
        complaints.add(offset, key, "太长,至多 \"30d\"");
    }
    let tokens = tokens(raw.value.tokens.take(), folder, complaints);
    Some(Remote { listen: listen?, hosts, session_secs, tokens })
}

/// Where to listen; `None` after complaining.
fn address(listen: &At<String>, is_trusted: bool, complaints: &mut Complaints) -> Option<SocketAddr> {
    let fault = match listen.value.parse::<SocketAddr>() {
        Err(_) => format!("“{}”不是“IP 地址:端口”,应如 \"127.0.0.1:8760\"", excerpt(&listen.value)),
        Ok(address) if address.port() == 0 => "端口不能为 0:遥控页的网址须是固定的".to_owned(),
        Ok(address) if !address.ip().is_loopback() && !is_trusted => {
            "本机之外的地址会让遥控的口令以明文 HTTP 经过网络;网络可信时请另写 trusted_network = true,\
             否则监听 127.0.0.1 并在前面放一个 TLS 代理"
                .to_owned()
        }
        Ok(address) => return Some(address),
    };
    complaints.add(listen.offset, &listen.key, fault);
    None
}

/// Names under which a proxy serves.
fn hosts(raw: Option<At<Vec<At<String>>>>, complaints: &mut Complaints) -> Vec<String> {
    let raw = raw.map(|at| at.value).unwrap_or_default();
    distinct(&raw, "主机名", complaints);
    let is_good = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    };
    let checked = raw.into_iter().filter_map(|name| {
        if !is_good(&name.value) {
            let message = format!("“{}”不是主机名:不带 http://、端口与路径", excerpt(&name.value));
            complaints.add(name.offset, name.key, message);
            return None;
        }
        Some(name.value)
    });
    checked.collect()
}

fn tokens(raw: Option<At<Vec<At<RawRemoteToken>>>>, folder: &Path, complaints: &mut Complaints) -> Vec<RemoteToken> {
    let Some(raw) = raw else { return Vec::new() };
    if raw.value.len() > MAX_TOKENS {
        complaints.add(raw.offset, &raw.key, format!("太多,至多 {MAX_TOKENS} 个"));
    }
    let names: Vec<At<String>> = raw.value.iter().filter_map(|one| one.value.name.clone()).collect();
    distinct(&names, "令牌名称", complaints);
    let checked = raw.value.into_iter().filter_map(|mut one| {
        let name = one.value.name.take();
        let name = required_text(name, "name", &one, complaints);
        let At { value: RawRemoteToken { env, file, credential, .. }, key, offset, .. } = one;
        let secret = kept_elsewhere(RawSecret { env, file, credential }, key, offset, folder, complaints);
        Some(RemoteToken { name: name?.value, secret: secret? })
    });
    checked.collect()
}
