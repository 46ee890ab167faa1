//! Checks of `[[sources]]` of the kinds `websocket` and `mqtt`.
//!
//! In: the tables as written. Out: [`Origin`]s, and complaints: about what a
//! server would refuse, about secrets in the file, and about feeds whose records
//! do not come one by one.

use std::path::Path;

use super::address::{KEY_PLACEHOLDER, MQTT, SECRET_HELP, WEBSOCKET, is_secret_parameter, kept_elsewhere, url};
use super::source::{deadlines, headers, source_deadlines};
use super::{MAX_DURATION_SECS, distinct, duration_secs, not_blank, optional_text, required_text};
use crate::config::error::Complaints;
use crate::config::kind::{Kind, SourceKind};
use crate::config::raw::{RawHeader, RawSource};
use crate::config::read::{At, excerpt, hint, joined};
use crate::config::source::{Feed, MqttOrigin, Origin, Secret, Topic, WebSocketOrigin};

/// Keep alive of MQTT, seconds: below, a wall would be a load test; above,
/// the protocol has no number.
const KEEP_ALIVE_SECS: std::ops::RangeInclusive<f64> = 1.0..=65_535.0;

/// Keep alive when nothing is said, seconds.
const USUAL_KEEP_ALIVE_SECS: f64 = 30.0;

/// Delivery at least once.
const USUAL_QOS: u64 = 1;

/// Longest text of MQTT, bytes.
const MAX_TEXT_BYTES: usize = 65_535;

/// The origin of a source that pushes; `None` after complaining.
pub(super) fn origin(
    raw: &mut At<RawSource>,
    kind: SourceKind,
    feed: Option<Feed>,
    folder: &Path,
    complaints: &mut Complaints,
) -> Option<Origin> {
    if let Some(feed) = feed.filter(|feed| feed.is_whole()) {
        let message = format!(
            "feed = \"{}\" 是整体替换的数据,不能用 kind = \"{}\" 逐条推送,请用 http 或 file",
            feed.name(),
            kind.name()
        );
        complaints.add(raw.offset, joined(&raw.key, "feed"), message);
    }
    match kind {
        SourceKind::Mqtt => mqtt(raw, feed, folder, complaints),
        _ => websocket(raw, folder, complaints),
    }
}

fn websocket(raw: &mut At<RawSource>, folder: &Path, complaints: &mut Complaints) -> Option<Origin> {
    let address = raw.value.url.take();
    let address = required_text(address, "url", raw, complaints)
        .and_then(|address| url(address, &WEBSOCKET, Some(KEY_PLACEHOLDER), complaints))
        .filter(|address| is_host_plain(address, raw, complaints));
    let headers = headers(raw.value.headers.take(), folder, complaints);
    let RawSource { key, hello, .. } = &mut raw.value;
    let (key, hello) = (key.take(), hello.take().map(|at| at.value).unwrap_or_default());
    let deadlines = source_deadlines(&mut raw.value, complaints);
    let has_key = |text: &String| text.contains(KEY_PLACEHOLDER);
    let wants_key = address.as_ref().is_some_and(has_key) || hello.iter().any(|text| has_key(&text.value));
    if wants_key && key.is_none() && !complaints.concerns_within(&joined(&raw.key, "key")) {
        let message = r#"写了 {key},却没有 `key`,请写作 key = { env = "环境变量名" }"#;
        complaints.add(raw.offset, joined(&raw.key, "key"), message);
    }
    if let Some(key) = key.as_ref().filter(|_| address.is_some() && !wants_key) {
        complaints.add(key.key_offset, &key.key, "url 和 hello 中都没有 {key},密钥不会发出");
    }
    let key = key.and_then(|key| kept_elsewhere(key.value, key.key, key.offset, folder, complaints));
    let hello = hello.into_iter().filter_map(|text| hello_text(text, complaints)).collect();
    Some(Origin::WebSocket(Box::new(WebSocketOrigin { url: address?, headers, key, hello, deadlines })))
}

/// Whether the host holds no placeholder: a secret would be asked of a name
/// server.
fn is_host_plain(address: &str, raw: &At<RawSource>, complaints: &mut Complaints) -> bool {
    let host = address.split_once("://").map_or("", |(_, rest)| rest).split(['/', '?']).next().unwrap_or("");
    let plain = !host.contains(['{', '}']);
    if !plain {
        complaints.add(raw.offset, joined(&raw.key, "url"), format!("主机名中不能有 {KEY_PLACEHOLDER}"));
    }
    plain
}

/// A text that is sent once the socket is open; `None` after complaining.
fn hello_text(text: At<String>, complaints: &mut Complaints) -> Option<String> {
    if !not_blank(&text, complaints) {
        return None;
    }
    let json = serde_json::from_str(&text.value).unwrap_or_default();
    if let Some(name) = secret_member("", &json) {
        let message = format!(
            "`{}` 像是密钥,不得写入配置文件;请写作 {KEY_PLACEHOLDER},并加上 key = {{ env = \"环境变量名\" }}",
            excerpt(name)
        );
        complaints.add(text.offset, text.key, message);
        return None;
    }
    Some(text.value)
}

/// The name of a member whose value looks like a secret; `name` is that of the
/// member that holds `value`.
fn secret_member<'a>(name: &'a str, value: &'a serde_json::Value) -> Option<&'a str> {
    use serde_json::Value;
    let is_secret = match value {
        Value::Object(members) => return members.iter().find_map(|(name, value)| secret_member(name, value)),
        Value::Array(values) => return values.iter().find_map(|value| secret_member(name, value)),
        Value::String(text) => !text.is_empty() && !text.contains(KEY_PLACEHOLDER),
        Value::Number(_) => true,
        _ => false,
    };
    (is_secret && is_secret_parameter(name)).then_some(name)
}

fn mqtt(raw: &mut At<RawSource>, feed: Option<Feed>, folder: &Path, complaints: &mut Complaints) -> Option<Origin> {
    let address = raw.value.url.take();
    let address = required_text(address, "url", raw, complaints).and_then(|address| broker(address, complaints));
    let topics = topics(raw, feed, complaints);
    let RawSource { version, client_id, username, password, clean_session, payload, .. } = &mut raw.value;
    let version = version.take().map(|at| at.value).unwrap_or_default();
    let payload = payload.take().map(|at| at.value).unwrap_or_default();
    let (clean_session, username, password) = (clean_session.take(), username.take(), password.take());
    let client_id = client_id.take().filter(|id| is_text(id, complaints));
    let client_id = optional_text(client_id, complaints);
    if let Some(at) = clean_session.as_ref().filter(|at| !at.value && client_id.is_none()) {
        complaints.add(at.offset, &at.key, "会话要能续接,须写明 client_id(每台大屏各用一个)");
    }
    if let Some(at) = password.as_ref().filter(|_| username.is_none()) {
        complaints.add(at.key_offset, &at.key, "有 password 须有 username");
    }
    let username = username.and_then(|at| login(at, true, folder, complaints));
    let password = password.and_then(|at| login(at, false, folder, complaints));
    let qos = raw.value.qos.take().map_or(USUAL_QOS, |at| {
        if at.value > 2 {
            complaints.add(at.offset, &at.key, format!("qos 只能是 0、1、2,却是 {}", at.value));
        }
        at.value.min(2)
    });
    let keep_alive = raw.value.keep_alive.take();
    let keep_alive_at = keep_alive.as_ref().map(|at| (at.offset, at.key.clone()));
    let keep_alive_secs = duration_secs(keep_alive, *KEEP_ALIVE_SECS.start(), USUAL_KEEP_ALIVE_SECS, complaints);
    if let Some((offset, key)) =
        keep_alive_at.filter(|_| keep_alive_secs > *KEEP_ALIVE_SECS.end() && keep_alive_secs <= MAX_DURATION_SECS)
    {
        complaints.add(offset, key, format!("{keep_alive_secs}s 太长,至多 \"65535s\""));
    }
    let timeouts = [raw.value.connect_timeout.take(), raw.value.idle_timeout.take(), None];
    let deadlines = deadlines(timeouts, complaints);
    Some(Origin::Mqtt(Box::new(MqttOrigin {
        url: address?,
        topics,
        version,
        clean_session: clean_session.map_or(client_id.is_none(), |at| at.value),
        client_id,
        username,
        password,
        qos: qos as u8,
        keep_alive_secs: keep_alive_secs.clamp(1.0, 65_535.0).ceil() as u16,
        payload,
        deadlines,
    })))
}

/// The address of a broker: a host, and perhaps a port.
fn broker(address: At<String>, complaints: &mut Complaints) -> Option<String> {
    let (offset, key) = (address.offset, address.key.clone());
    let address = url(address, &MQTT, None, complaints)?;
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    if rest.trim_end_matches('/').contains(['/', '?']) {
        complaints.add(offset, key, "MQTT 的网址只有主机和端口,写作 mqtt://主机:1883");
        return None;
    }
    Some(address)
}

/// User or password; `None` after complaining.
pub(super) fn login(
    at: At<RawHeader>,
    may_be_plain: bool,
    folder: &Path,
    complaints: &mut Complaints,
) -> Option<Secret> {
    let At { value, key, offset, .. } = at;
    match value {
        RawHeader::Plain(text) if may_be_plain => Some(Secret::Plain(text)),
        RawHeader::Plain(_) => {
            complaints.add(offset, key, SECRET_HELP);
            None
        }
        RawHeader::Secret(secret) => kept_elsewhere(secret, key, offset, folder, complaints),
    }
}

/// Whether a text can be sent: MQTT has no longer ones, and no control
/// characters.
fn is_text(text: &At<String>, complaints: &mut Complaints) -> bool {
    let good = text.value.len() <= MAX_TEXT_BYTES && !text.value.chars().any(char::is_control);
    if !good {
        complaints.add(text.offset, &text.key, "不能含控制字符,至多 65535 字节");
    }
    good
}

fn topics(raw: &mut At<RawSource>, feed: Option<Feed>, complaints: &mut Complaints) -> Vec<Topic> {
    let Some(written) = raw.value.topics.take() else {
        if !complaints.concerns_within(&joined(&raw.key, "topics")) {
            let message = r##"缺少必填的键 `topics`,写作 topics = ["street/+/gas/{id}/state"]"##;
            complaints.add(raw.offset, joined(&raw.key, "topics"), message);
        }
        return Vec::new();
    };
    if written.value.is_empty() {
        complaints.add(written.offset, &written.key, "至少要订阅一个主题");
    }
    distinct(&written.value, "主题", complaints);
    let mut topics: Vec<Topic> = Vec::new();
    for at in written.value {
        let read = topic(&at.value).and_then(|topic| match wrong_field(&topic, feed, raw) {
            Some(fault) => Err(fault),
            None if topics.first().is_some_and(|first| names(first) != names(&topic)) => {
                Err("同一数据源的各个主题须给出相同的字段".to_owned())
            }
            None => Ok(topic),
        });
        match read {
            Ok(topic) => topics.push(topic),
            Err(fault) => complaints.add(at.offset, at.key, fault),
        }
    }
    topics
}

fn names(topic: &Topic) -> Vec<&str> {
    let mut names: Vec<&str> = topic.fields.iter().map(|(_, field)| field.as_str()).collect();
    names.sort_unstable();
    names
}

/// What is wrong with the fields that a topic names.
fn wrong_field(topic: &Topic, feed: Option<Feed>, raw: &At<RawSource>) -> Option<String> {
    let mapped = raw.value.fields.as_ref().map(|at| &at.value);
    for (at, (_, field)) in topic.fields.iter().enumerate() {
        if let Some(feed) = feed.filter(|feed| !feed.field_names().contains(&field.as_str())) {
            let hint = hint(field, feed.field_names());
            return Some(format!("`{}` 数据没有字段 `{}`{hint}", feed.name(), excerpt(field)));
        }
        if mapped.is_some_and(|fields| fields.contains_key(field)) {
            return Some(format!("字段 `{}` 已在 fields 中写明,不能又取自主题", excerpt(field)));
        }
        if topic.fields[..at].iter().any(|(_, other)| other == field) {
            return Some(format!("字段 `{}` 在主题中出现两次", excerpt(field)));
        }
    }
    None
}

/// Reads a topic filter (MQTT 5.0, 4.7 and 4.8.2) with fields.
fn topic(text: &str) -> Result<Topic, String> {
    if text.is_empty() || text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) {
        return Err("主题不能为空,不能含控制字符,至多 65535 字节".into());
    }
    let (shared, levels) = match text.strip_prefix("$share/") {
        None => (String::new(), text),
        Some(rest) => match rest.split_once('/') {
            Some((group, levels)) if !group.is_empty() && !levels.is_empty() && !group.contains(['+', '#', '{']) => {
                (format!("$share/{group}/"), levels)
            }
            _ => return Err("共享订阅写作 $share/组名/主题".into()),
        },
    };
    let mut fields = Vec::new();
    let mut filter = Vec::new();
    let count = levels.split('/').count();
    for (number, level) in levels.split('/').enumerate() {
        let field = level.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let is_wildcard = level == "+" || (level == "#" && number + 1 == count);
        if let Some(field) = field.filter(|field| !field.contains(['{', '}'])) {
            fields.push((number, field.to_owned()));
            filter.push("+");
        } else if !is_wildcard && level.contains(['+', '#', '{', '}']) {
            return Err("+、#、{字段} 须独占一级,# 只能在最后".into());
        } else {
            filter.push(level);
        }
    }
    Ok(Topic { filter: shared + &filter.join("/"), fields })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_filters_with_fields() {
        let good = topic("$share/wall/street/+/gas/{id}/state/#").expect("good");
        assert_eq!(good.filter, "$share/wall/street/+/gas/+/state/#");
        assert_eq!(good.fields, [(3, "id".to_owned())]);
        assert_eq!(topic("#").map(|topic| topic.filter).as_deref(), Ok("#"));
        for bad in
            ["", "a/#/b", "a+/b", "a/{id", "a/x{id}", "a/{{id}}", "$share/g", "$share//t", "$share/+/t", "a\u{0}"]
        {
            assert!(topic(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_in_texts_are_seen_wherever_they_are() {
        let seen = |text: &str| secret_member("", &serde_json::from_str(text).unwrap_or_default()).map(str::to_owned);
        assert_eq!(seen(r#"{"cmd":[{"auth":{"accessToken":"hunter2"}}]}"#).as_deref(), Some("accessToken"));
        assert_eq!(seen(r#"{"auth":{"token":"{key}"},"topic":"a"}"#), None);
        assert_eq!(seen("SUBSCRIBE a"), None);
    }
}
