//! Addresses and request headers: well-formed, and free of secrets.
//!
//! `config.toml` is copied into tickets, backups and repositories, so a secret
//! in it is a leaked secret. Whatever looks like one is refused here, and no
//! complaint repeats it.

use std::path::Path;

use crate::config::error::Complaints;
use crate::config::raw::{RawHeader, RawSecret};
use crate::config::read::{At, excerpt};
use crate::config::source::Secret;
use crate::config::template::Template;

/// Parts of header names whose values are secret.
const SECRET_HEADER_PARTS: [&str; 6] = ["authorization", "token", "cookie", "key", "secret", "password"];

/// Parts of names of query parameters whose values are secret.
const SECRET_QUERY_PARTS: [&str; 4] = ["token", "secret", "password", "passwd"];

/// Whole names of query parameters whose values are secret: the access keys
/// of Chinese map services.
const SECRET_QUERY_NAMES: [&str; 4] = ["ak", "sk", "tk", "pwd"];

/// How a secret is written instead.
pub(super) const SECRET_HELP: &str = r#"密钥不得写入配置文件,请写作 { env = "环境变量名" } 或 { file = "密钥文件" }"#;

/// How addresses of one kind begin, and where their user and password go.
pub(super) struct Protocol {
    schemes: [&'static str; 2],
    login: &'static str,
}

/// Of requests.
pub(super) const HTTP: Protocol =
    Protocol { schemes: ["http", "https"], login: "headers = { Authorization = { env = \"环境变量名\" } }" };

/// Of WebSockets.
pub(super) const WEBSOCKET: Protocol = Protocol { schemes: ["ws", "wss"], login: HTTP.login };

/// Of MQTT brokers.
pub(super) const MQTT: Protocol = Protocol {
    schemes: ["mqtt", "mqtts"],
    login: "username = \"用户名\"、password = { env = \"环境变量名\" }",
};

/// Of PostgreSQL databases.
pub(super) const POSTGRES: Protocol = Protocol { schemes: ["postgres", "postgresql"], login: MQTT.login };

/// Checks an address; `None` after complaining. A parameter of the query whose
/// whole value is `placeholder` holds no secret.
pub(super) fn url(
    url: At<String>,
    protocol: &Protocol,
    placeholder: Option<&str>,
    complaints: &mut Complaints,
) -> Option<String> {
    match address_fault(&url.value, protocol, placeholder) {
        None => Some(url.value),
        Some(fault) => {
            complaints.add(url.offset, url.key, fault);
            None
        }
    }
}

/// Checks an address in which instants may stand; `None` after complaining.
pub(super) fn timed_url(url: At<String>, complaints: &mut Complaints) -> Option<String> {
    let fault = match Template::parse(&url.value, &[]) {
        Err(fault) => Some(fault),
        Ok(template) => {
            let authority = strip_scheme(&url.value, &HTTP).and_then(|rest| rest.split(['/', '?']).next());
            let is_fixed = authority.is_none_or(|authority| !authority.contains('{'));
            let in_host = (!is_fixed).then(|| "主机名中不能有占位符".to_owned());
            in_host.or_else(|| address_fault(&template.expand(|_| "0".to_owned()), &HTTP, None))
        }
    };
    match fault {
        None => Some(url.value),
        Some(fault) => {
            complaints.add(url.offset, url.key, fault);
            None
        }
    }
}

/// What stands for a secret in an address or a text.
pub(super) const KEY_PLACEHOLDER: &str = "{key}";

/// Checks the address of a tile set, in which placeholders stand for the tile
/// and `{key}` for a secret; `None` after complaining.
pub(super) fn tile_url(url: At<String>, complaints: &mut Complaints) -> Option<String> {
    let fault = url_fault(&url.value, Some(KEY_PLACEHOLDER)).or_else(|| placeholder_fault(&url.value));
    match fault {
        None => Some(url.value),
        Some(fault) => {
            complaints.add(url.offset, url.key, fault);
            None
        }
    }
}

/// What is wrong with the placeholders of an address.
fn placeholder_fault(url: &str) -> Option<String> {
    const KNOWN: [&str; 6] = ["z", "x", "y", "-y", "s", "key"];
    let host = strip_scheme(url, &HTTP).map_or("", |rest| rest.split(['/', '?']).next().unwrap_or(""));
    for (at, part) in url.split('{').enumerate().skip(1) {
        let Some((name, _)) = part.split_once('}') else { return Some("占位符缺少 }".to_owned()) };
        if !KNOWN.contains(&name) {
            let known = KNOWN.map(|name| format!("{{{name}}}")).join("、");
            return Some(format!("不认识第 {at} 个占位符 `{{{}}}`,可用的有 {known}", excerpt(name)));
        }
    }
    if host.replace("{s}", "").contains('{') {
        return Some("主机名中只能有占位符 {s}".to_owned());
    }
    let has = |name: &str| url.contains(&format!("{{{name}}}"));
    (!has("z") || !has("x") || has("y") == has("-y"))
        .then(|| "瓦片网址须有 {z}、{x},以及 {y} 与 {-y}(自南向北的行号)之一".to_owned())
}

/// What is wrong with the address of a request; see [`address_fault`].
fn url_fault(url: &str, placeholder: Option<&str>) -> Option<String> {
    address_fault(url, &HTTP, placeholder)
}

/// What is wrong with an address, without repeating it: it may hold a
/// password. A parameter whose whole value is `placeholder` holds none.
fn address_fault(url: &str, protocol: &Protocol, placeholder: Option<&str>) -> Option<String> {
    let Some(rest) = strip_scheme(url, protocol) else {
        let [plain, encrypted] = protocol.schemes;
        return Some(format!("网址须以 {plain}:// 或 {encrypted}:// 开头"));
    };
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("网址不能含空白或控制字符".to_owned());
    }
    let authority_end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    if authority.contains('@') {
        return Some(format!("网址中不得写用户名和密码;请用 {}", protocol.login));
    }
    if !is_host_and_port(authority) {
        return Some("网址缺少主机名或端口不对".to_owned());
    }
    if path.contains('#') {
        return Some("网址不能含 # 片段".to_owned());
    }
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut names = pairs.filter(|(_, value)| Some(*value) != placeholder).map(|(name, _)| name);
    names.find(|name| is_secret_parameter(name)).map(|name| {
        format!(
            "网址参数 `{}` 像是密钥,不得写入配置文件;请改用 headers = {{ 名称 = {{ env = \"环境变量名\" }} }}",
            excerpt(name)
        )
    })
}

/// What follows the scheme.
fn strip_scheme<'a>(url: &'a str, protocol: &Protocol) -> Option<&'a str> {
    let (scheme, rest) = url.split_once("://")?;
    protocol.schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(rest)
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn is_host_and_port(authority: &str) -> bool {
    let (is_host, rest) = match authority.strip_prefix('[') {
        Some(bracketed) => match bracketed.split_once(']') {
            Some((host, rest)) => (host.parse::<std::net::Ipv6Addr>().is_ok(), rest),
            None => (false, ""),
        },
        None => {
            let host_end = authority.find(':').unwrap_or(authority.len());
            (host_end > 0, &authority[host_end..])
        }
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    is_host && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
}

/// Whether the value under this name is secret.
pub(super) fn is_secret_parameter(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_QUERY_PARTS.iter().any(|part| name.contains(part))
        || SECRET_QUERY_NAMES.contains(&name.as_str())
        || name.ends_with("key")
}

pub(super) fn is_secret_header(name: &str) -> bool {
    let lower = name.to_lowercase();
    SECRET_HEADER_PARTS.iter().any(|part| lower.contains(part))
}

/// Checks one request header; `None` after complaining. `folder` is where
/// relative paths start.
pub(super) fn header(
    name: &str,
    header: At<RawHeader>,
    folder: &Path,
    complaints: &mut Complaints,
) -> Option<(String, Secret)> {
    if !is_token(name) {
        complaints.add(header.key_offset, &header.key, format!("`{}` 不是请求头的名称", excerpt(name)));
        return None;
    }
    let At { value, key, offset, .. } = header;
    let secret = match value {
        RawHeader::Plain(text) => match plain_fault(name, &text) {
            None => Secret::Plain(text),
            Some(fault) => {
                complaints.add(offset, key, fault);
                return None;
            }
        },
        RawHeader::Secret(secret) => kept_elsewhere(secret, key, offset, folder, complaints)?,
    };
    Some((name.to_owned(), secret))
}

/// What is wrong with a header value in the file, without repeating it.
fn plain_fault(name: &str, text: &str) -> Option<String> {
    let scheme = text.split_whitespace().next().unwrap_or("").to_lowercase();
    if is_secret_header(name) || ["bearer", "basic"].contains(&scheme.as_str()) {
        return Some(format!("请求头 `{name}` 像是密钥:{SECRET_HELP}"));
    }
    let visible = text.chars().all(|c| c.is_ascii_graphic() || c == ' ' || c == '\t');
    (!visible).then(|| "请求头的值只能用可见的 ASCII 字符".to_owned())
}

/// Where a secret is kept; `None` after complaining.
pub(super) fn kept_elsewhere(
    secret: RawSecret,
    key: String,
    offset: usize,
    folder: &Path,
    complaints: &mut Complaints,
) -> Option<Secret> {
    let before = complaints.concerns_within(&key);
    match (secret.env, secret.file, secret.credential) {
        (Some(env), None, None) if is_variable(&env.value) => Some(Secret::Env(env.value)),
        (Some(env), None, None) => {
            complaints.add(env.offset, env.key, "不是环境变量名(字母、数字、下划线,不以数字开头)");
            None
        }
        (None, Some(file), None) => super::source::resolved(file, folder, complaints).map(Secret::File),
        (None, None, Some(name)) if is_credential(&name.value) => Some(Secret::Credential(name.value)),
        (None, None, Some(name)) => {
            complaints.add(name.offset, name.key, "不是 systemd 凭据名(字母、数字、点、下划线、连字符)");
            None
        }
        _ if before => None,
        _ => {
            let message = r#"应恰有 env、file 与 credential 之一:{ env = "环境变量名" }、{ file = "密钥文件" } 或 { credential = "systemd 凭据名" }"#;
            complaints.add(offset, key, message);
            None
        }
    }
}

/// A text that may stand in the file or be kept elsewhere, such as a user
/// name; `None` after complaining.
pub(super) fn anywhere(text: At<RawHeader>, folder: &Path, complaints: &mut Complaints) -> Option<Secret> {
    let At { value, key, offset, key_offset } = text;
    match value {
        RawHeader::Plain(value) => {
            let text = At { value, key, offset, key_offset };
            super::not_blank(&text, complaints).then_some(Secret::Plain(text.value))
        }
        RawHeader::Secret(secret) => kept_elsewhere(secret, key, offset, folder, complaints),
    }
}

/// A token of RFC 9110, section 5.6.2: what names of headers and, here,
/// names of query parameters are made of.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The name of a credential of systemd: of a file in a folder.
fn is_credential(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_addresses_pass() {
        for url in [
            "http://127.0.0.1:8750/api/events",
            "HTTPS://grid.example.gov.cn/a?keyword=x&pageNum=1",
            "http://[::1]:80/a",
            "http://[::1]",
            "https://平台.example/市容?type=a@b",
        ] {
            assert_eq!(url_fault(url, None), None, "{url}");
        }
    }

    #[test]
    fn faulty_and_leaky_addresses_are_refused() {
        for url in [
            "ftp://a/b",
            "a.example/b",
            "http://",
            "http:///a",
            "http://a:port/",
            "http://a:0/",
            "http://[::1]x/",
            "http://[::1/",
            "http://a b/",
            "http://a/#x",
            "http://user:hunter2@a/",
            "http://hunter2@a",
            "http://a/?access_token=hunter2",
            "http://a/?q=1&apiKey=hunter2",
            "http://a/?tk=hunter2",
            "http://a?password=hunter2",
        ] {
            let fault = url_fault(url, None).unwrap_or_else(|| panic!("accepted {url}"));
            assert!(!fault.contains("hunter2"), "{fault}");
        }
    }

    #[test]
    fn tile_addresses_may_name_a_secret_but_not_hold_one() {
        let fault = |url: &str| url_fault(url, Some(KEY_PLACEHOLDER)).or_else(|| placeholder_fault(url));
        for url in [
            "https://t{s}.tianditu.gov.cn/vec_w/wmts?TILEROW={y}&TILECOL={x}&TILEMATRIX={z}&tk={key}",
            "http://127.0.0.1:8080/{z}/{x}/{-y}.png",
            "https://a.example/{key}/{z}/{x}/{y}@2x.png",
        ] {
            assert_eq!(fault(url), None, "{url}");
        }
        for url in [
            "https://t0.tianditu.gov.cn/vec_w/wmts?TILEROW={y}&TILECOL={x}&TILEMATRIX={z}&tk=hunter2",
            "https://t0.tianditu.gov.cn/vec_w/wmts?TILEROW={y}&TILECOL={x}&TILEMATRIX={z}&tk={key}hunter2",
            "http://a/{z}/{x}.png",
            "http://a/{z}/{x}/{y}/{-y}.png",
            "http://a/{z}/{x}/{y}/{q}.png",
            "http://a/{z}/{x}/{y.png",
            "http://{key}.a/{z}/{x}/{y}.png",
            "ftp://a/{z}/{x}/{y}.png",
        ] {
            let fault = fault(url).unwrap_or_else(|| panic!("accepted {url}"));
            assert!(!fault.contains("hunter2"), "{fault}");
        }
        assert!(url_fault("http://a/?tk={key}", None).is_some(), "a source has no placeholders");
    }

    #[test]
    fn plain_headers_that_look_secret_are_refused() {
        for (name, text) in [("Authorization", "x"), ("X-Api-Key", "x"), ("Set-Cookie", "x"), ("X-A", "Bearer x")] {
            assert!(plain_fault(name, text).is_some(), "{name}");
        }
        assert_eq!(plain_fault("Accept", "application/geo+json"), None);
        assert!(plain_fault("X-Name", "红花").is_some());
    }
}
