//! Checks of `[[sources]]` of kind `postgres`.
//!
//! In: the table as written. Out: [`Origin`], and complaints: about passwords in
//! the file, about what is no query, and about `$1` where nothing is merged.

use std::path::Path;

use super::access::tls;
use super::address::{POSTGRES, url};
use super::credentials::Credentials;
use super::push::login;
use super::source::{default_every_secs, every_secs, source_deadlines};
use super::{not_blank, required_text};
use crate::config::access::Scheme;
use crate::config::error::Complaints;
use crate::config::raw::RawSource;
use crate::config::read::{At, joined};
use crate::config::source::{Feed, Origin, PostgresOrigin, Secret};

/// With `listen`, the query is repeated this often at least by default, seconds:
/// it is a sign of life, and finds what nobody told of.
const USUAL_LISTENING_SECS: f64 = 60.0;

/// Longest name in PostgreSQL, bytes.
const MAX_NAME_BYTES: usize = 63;

/// What a query begins with.
const QUERY_WORDS: [&str; 4] = ["select", "with", "values", "table"];

/// The origin; `None` after complaining.
pub(super) fn origin(
    raw: &mut At<RawSource>,
    feed: Option<Feed>,
    folder: &Path,
    credentials: &Credentials,
    complaints: &mut Complaints,
) -> Option<Origin> {
    if let Some(records) = &raw.value.records {
        complaints.add(records.key_offset, &records.key, "postgres 的每一行就是一条记录,不用写 `records`");
    }
    let address = raw.value.url.take();
    let address = required_text(address, "url", raw, complaints).and_then(|address| database(address, complaints));
    let query = raw.value.query.take();
    let query = required_text(query, "query", raw, complaints).and_then(|query| checked_query(query, feed, complaints));
    let listen = raw.value.listen.take().and_then(|channel| checked_channel(channel, complaints));
    let who = who(raw, folder, credentials, complaints);
    let tls = raw.value.tls.take().map(|written| tls(Some(written), true, folder, complaints));
    let usual_secs = default_every_secs(feed);
    let usual_secs = if listen.is_some() { usual_secs.max(USUAL_LISTENING_SECS) } else { usual_secs };
    let every_secs = every_secs(&mut raw.value, usual_secs, complaints);
    let deadlines = source_deadlines(&mut raw.value, complaints);
    let (username, password) = who?;
    Some(Origin::Postgres(Box::new(PostgresOrigin {
        url: address?,
        query: query?,
        every_secs,
        listen,
        username,
        password,
        tls,
        deadlines,
    })))
}

/// Who logs in: `credentials`, or `username` and `password`.
fn who(
    raw: &mut At<RawSource>,
    folder: &Path,
    credentials: &Credentials,
    complaints: &mut Complaints,
) -> Option<(Secret, Option<Secret>)> {
    let RawSource { username, password, credentials: named, .. } = &mut raw.value;
    let (username, password, named) = (username.take(), password.take(), named.take());
    if let Some(id) = named {
        if let Some(at) = username.as_ref().or(password.as_ref()) {
            complaints.add(at.key_offset, &at.key, "写了 `credentials`,就不写 `username`、`password`");
        }
        return match &credentials.named(&id, complaints)?.scheme {
            Scheme::Basic { username, password } => Some((username.clone(), Some(password.clone()))),
            _ => {
                complaints.add(id.offset, id.key, "postgres 只能用 kind = \"basic\" 的凭据");
                None
            }
        };
    }
    let password = password.map(|at| login(at, false, folder, complaints));
    let Some(username) = username else {
        if !complaints.concerns_within(&joined(&raw.key, "username")) {
            let message =
                r#"缺少用户:写 credentials = "凭据 id",或 username = "用户名"、password = { env = "环境变量名" }"#;
            complaints.add(raw.offset, joined(&raw.key, "username"), message);
        }
        return None;
    };
    let username = login(username, true, folder, complaints)?;
    match password {
        None => Some((username, None)),
        Some(password) => Some((username, Some(password?))),
    }
}

/// The address of a database: host, perhaps port, and its name.
fn database(address: At<String>, complaints: &mut Complaints) -> Option<String> {
    let (offset, key) = (address.offset, address.key.clone());
    let address = url(address, &POSTGRES, None, complaints)?;
    let path = address.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    if path.is_empty() || path.contains(['/', '?']) {
        complaints.add(offset, key, "网址写作 postgres://主机:5432/数据库名,不带参数;加密请写 tls");
        return None;
    }
    Some(address)
}

/// One query, without the semicolon behind it.
fn checked_query(query: At<String>, feed: Option<Feed>, complaints: &mut Complaints) -> Option<String> {
    let text = query.value.trim().trim_end_matches(|letter: char| letter == ';' || letter.is_whitespace());
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    let is_comment = text.starts_with("--") || text.starts_with("/*") || text.starts_with('(');
    let fault = if !is_comment && !QUERY_WORDS.contains(&word.as_str()) {
        Some("query 应为一条 SELECT 语句(每一行是一条记录)".to_owned())
    } else if text.contains("$2") {
        Some("query 中只有一个参数 $1:上次取到的最新时刻".to_owned())
    } else if text.contains("$1") && feed.is_some_and(|feed| feed != Feed::Events) {
        // Only events are merged by id; a part of anything else would replace the whole.
        Some("$1(增量)只用于 feed = \"events\",其他数据每次都要取全".to_owned())
    } else {
        None
    };
    match fault {
        None => Some(text.to_owned()),
        Some(fault) => {
            complaints.add(query.offset, query.key, fault);
            None
        }
    }
}

/// The name of a channel.
fn checked_channel(channel: At<String>, complaints: &mut Complaints) -> Option<String> {
    if !not_blank(&channel, complaints) {
        return None;
    }
    if channel.value.len() > MAX_NAME_BYTES || channel.value.chars().any(char::is_control) {
        complaints.add(channel.offset, channel.key, format!("频道名至多 {MAX_NAME_BYTES} 字节,不含控制字符"));
        return None;
    }
    Some(channel.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str, feed: Feed) -> Option<String> {
        let at = At { value: text.to_owned(), key: "query".into(), offset: 0, key_offset: 0 };
        checked_query(at, Some(feed), &mut Complaints::new("", Path::new("config.toml")))
    }

    #[test]
    fn one_query_is_taken_without_its_semicolon() {
        assert_eq!(query(" select 1 ;\n", Feed::Devices).as_deref(), Some("select 1"));
        assert!(query("WITH a AS (SELECT 1) SELECT * FROM a", Feed::Areas).is_some());
        assert!(query("SELECT * FROM e WHERE t > $1", Feed::Events).is_some());
        for (text, feed) in [
            ("DELETE FROM e", Feed::Events),
            ("", Feed::Events),
            ("SELECT $2", Feed::Events),
            ("SELECT * FROM d WHERE t > $1", Feed::Devices),
        ] {
            assert_eq!(query(text, feed), None, "{text}");
        }
    }
}
