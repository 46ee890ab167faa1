//! Why one attempt to get data from a source failed.
//!
//! In: errors of sockets, HTTP, files and decoders. Out: a [`Fault`] whose
//! text is one Chinese sentence for the wall and the log. Faults never hold
//! addresses with their query, header values or unmasked text of a back end,
//! so every one of them may be shown to visitors.

use std::time::Duration;

use crate::domain::privacy::mask_free_text;

/// Longest piece of a back end's own words that is shown, characters.
const MAX_QUOTE_CHARS: usize = 80;

/// Why one attempt to get data from a source failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The name does not resolve, nobody listens, the network is down.
    #[error("无法连接 {host}:{reason}")]
    Connect {
        /// Host and port, never user information or a path.
        host: String,
        /// What the operating system said.
        reason: String,
    },
    /// The connection did not stand in time.
    #[error("连接 {host} 超时({secs} 秒)")]
    ConnectTimeout {
        /// Host and port.
        host: String,
        /// The deadline, seconds.
        secs: f64,
    },
    /// Not one byte came for too long.
    #[error("{secs} 秒没有收到数据(已收 {received} 字节)")]
    Idle {
        /// The deadline, seconds.
        secs: f64,
        /// Bytes of the body that had come.
        received: u64,
    },
    /// The answer as a whole took too long.
    #[error("应答超过 {secs} 秒仍未收完(已收 {received} 字节)")]
    Whole {
        /// The deadline, seconds.
        secs: f64,
        /// Bytes of the body that had come.
        received: u64,
    },
    /// The connection ended before the answer did.
    #[error("连接中途断开(已收 {received} 字节):{reason}")]
    Broken {
        /// Bytes of the body that had come.
        received: u64,
        /// What the transport said.
        reason: String,
    },
    /// The answer is no valid HTTP.
    #[error("应答不符合 HTTP 协议")]
    Protocol,
    /// The answer's gzip is damaged.
    #[error("应答的压缩数据损坏")]
    Compression,
    /// More bytes than the source may send, counted after decompression.
    #[error("数据超过上限 {}", bytes_text(*limit))]
    TooLarge {
        /// The limit, bytes.
        limit: u64,
    },
    /// A status other than success.
    #[error("HTTP {status}:{}", status_text(*status))]
    Status {
        /// The status code.
        status: u16,
        /// How long the back end asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// HTTP said success, the envelope did not.
    #[error("后端返回业务码 {code}{}", quoted(message))]
    Refused {
        /// The envelope's `code`.
        code: String,
        /// The envelope's message, masked.
        message: String,
    },
    /// A login page, a proxy's notice, an error page: HTML with status 200.
    #[error("返回的是网页而不是数据")]
    WebPage,
    /// Neither JSON nor CSV.
    #[error("返回的不是数据:{0}")]
    NotData(String),
    /// JSON from whose start nothing could be read.
    #[error("无法解析数据:{0}")]
    Malformed(String),
    /// The text is in another encoding.
    #[error("不是 UTF-8 编码,第 {offset} 字节起无法识别;如果是 GBK,请在数据源中写 encoding = \"gbk\"")]
    NotUtf8 {
        /// Where the first bad byte is.
        offset: usize,
    },
    /// A redirect or link to somebody else.
    #[error("拒绝转到其他主机 {host}")]
    OtherHost {
        /// The host that was refused.
        host: String,
    },
    /// Redirects without end.
    #[error("重定向超过 {limit} 次")]
    RedirectLoop {
        /// How many are followed.
        limit: usize,
    },
    /// Pages without end.
    #[error("分页没有尽头:{0}")]
    PagingLoop(String),
    /// The answer to a stream request is no event stream.
    #[error("返回的不是事件流(Content-Type:{0})")]
    NotEventStream(String),
    /// The stream ended; it is opened again.
    #[error("事件流已结束,正在重连")]
    StreamEnded,
    /// The other side said goodbye; it is called again.
    #[error("对方关闭了连接{},正在重连", quoted(.0))]
    Hangup(String),
    /// The answer to the opening of a WebSocket, or what came over it, is none.
    #[error("对方的应答不符合 WebSocket 协议")]
    NotWebSocket,
    /// What came is no MQTT.
    #[error("对方的应答不符合 MQTT 协议")]
    NotMqtt,
    /// A broker does not want to.
    #[error("MQTT 服务器拒绝{0}")]
    BrokerRefused(String),
    /// The broker does not know the user, or the password is another.
    #[error("MQTT 服务器拒绝{0}")]
    BrokerDenied(String),
    /// A database does not know the user, or the password is another.
    #[error("数据库拒绝登录:{0}")]
    DatabaseDenied(String),
    /// A database does not want to.
    #[error("数据库报错:{what}{}", quoted(message))]
    Database {
        /// What that means.
        what: String,
        /// The database's own words, masked.
        message: String,
    },
    /// What came is no PostgreSQL.
    #[error("对方的应答不符合 PostgreSQL 协议")]
    NotPostgres,
    /// A kind of source that is not in this program.
    #[error("本程序编译时没有加入 kind = \"{0}\"")]
    NotBuilt(&'static str),
    /// One line of a stream is longer than any sane one.
    #[error("事件流的一行超过 {}", bytes_text(*limit as u64))]
    LineTooLong {
        /// The limit, bytes.
        limit: usize,
    },
    /// A file that cannot be read.
    #[error("无法读取文件 {name}:{reason}")]
    File {
        /// The file's name without its folders.
        name: String,
        /// What the operating system said.
        reason: String,
    },
    /// A header's secret is missing; the text names where, never what.
    #[error("{0}")]
    Secret(String),
    /// No token: the login that several sources may share failed.
    #[error("登录 {id} {}:{reason}", login_text(*rest))]
    Login {
        /// The credentials' id.
        id: String,
        /// Why, in the words of the fault that it met.
        reason: String,
        /// How long it is not tried again, so that the account is not locked;
        /// `None` when it was not refused, and soon is.
        rest: Option<Duration>,
    },
    /// An address or header in the configuration that cannot be used.
    #[error("配置无法使用:{0}")]
    Unusable(String),
    /// A picture that cannot be decoded.
    #[error("图片无法解码:{0}")]
    Picture(String),
    /// A fault of our own that must not take the wall down.
    #[error("解码器内部错误")]
    Internal,
}

impl Fault {
    /// The back end's code and words, masked and cut to a sane length.
    pub fn refused(code: String, message: &str) -> Self {
        Self::Refused { code: quote(&code), message: quote(message) }
    }

    /// Somebody else's words at the end of a connection.
    pub fn hangup(words: &str) -> Self {
        Self::Hangup(quote(words))
    }

    /// What a database said, and what that means.
    #[cfg(feature = "postgres")]
    pub fn database(what: String, message: &str) -> Self {
        Self::Database { what, message: quote(message) }
    }

    /// A file that cannot be read.
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self::File { name, reason: io_text(error) }
    }

    /// Whether the back end wants somebody to log in (again): HTTP 401, or an
    /// envelope that says as much inside HTTP 200, by its code or in words.
    pub fn is_unauthorised(&self) -> bool {
        match self {
            Self::Status { status, .. } => *status == 401,
            Self::Refused { code, message } => {
                UNAUTHORISED_CODES.contains(&code.trim()) || says_log_in(&message.to_lowercase())
            }
            _ => false,
        }
    }

    /// How long the back end asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// Codes inside HTTP 200 that mean "log in": that of HTTP, those of ArcGIS for
/// tokens that are invalid or missing, that of OAuth 2.
const UNAUTHORISED_CODES: [&str; 4] = ["401", "498", "499", "invalid_token"];

/// Whether words, in lower case, say that a token or a session has ended.
fn says_log_in(words: &str) -> bool {
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let names_login = has(&["token", "令牌", "登录", "登陆", "会话", "session", "凭证", "jwt"]);
    let names_end =
        has(&["过期", "失效", "超时", "无效", "未登", "尚未", "重新登", "expire", "invalid", "not logged in"]);
    (names_login && names_end) || has(&["unauthorized", "unauthorised", "未授权", "未认证", "请先登录", "请登录"])
}

/// Masks and shortens somebody else's words.
fn quote(words: &str) -> String {
    let plain: String = words.chars().filter(|c| !c.is_control()).take(MAX_QUOTE_CHARS).collect();
    mask_tokens(&mask_assignments(&mask_free_text(plain.trim())))
}

/// Letters from which a word of a token's letters on counts as one.
const TOKEN_LETTERS: usize = 20;

/// Takes out what looks like a token wherever it stands: `令牌 eyJhbGciOi… 已过期`.
fn mask_tokens(text: &str) -> String {
    let is_token = |letter: char| letter.is_ascii_alphanumeric() || "-_.+/".contains(letter);
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_token) {
        let word = &rest[start..];
        let end = word.find(|letter| !is_token(letter)).unwrap_or(word.len());
        let (word, behind) = word.split_at(end);
        masked.push_str(&rest[..start]);
        // Words of a sentence have no digits.
        let is_word = word.len() < TOKEN_LETTERS || !word.bytes().any(|byte| byte.is_ascii_digit());
        masked.push_str(if is_word { word } else { "…" });
        rest = behind;
    }
    masked.push_str(rest);
    masked
}

/// Takes the values out of `token=…`, `"key": "…"` and the like: what another
/// server writes about a request may hold its secrets.
fn mask_assignments(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, after) = rest.split_at(at + 1);
        masked.push_str(before);
        let name = before[..at].trim_end_matches(['"', ' ', '\'']);
        let is_named = name.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric());
        let value_starts = after.len() - after.trim_start_matches([' ', '"', '\'']).len();
        let value = &after[value_starts..];
        let end = value
            .find(|c: char| c.is_whitespace() || matches!(c, '&' | ',' | ';' | '"' | '\'' | '}'))
            .unwrap_or(value.len());
        if is_named && end > 0 && !value.starts_with("//") {
            masked.push_str(&after[..value_starts]);
            masked.push('…');
            rest = &value[end..];
        } else {
            rest = after;
        }
    }
    masked.push_str(rest);
    masked
}

fn login_text(rest: Option<Duration>) -> String {
    match rest.map(|rest| rest.as_secs()) {
        None => "失败".into(),
        Some(secs) if secs < 60 => format!("被拒绝({secs} 秒后再试)"),
        Some(secs) => format!("被拒绝(为免锁定账号,{} 分钟后再试;改了密码立即再试)", secs / 60),
    }
}

fn quoted(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(":{message}") }
}

/// The usual Chinese words for an I/O error; the system's own for rare ones.
pub fn io_text(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => "连接被拒绝".into(),
        ErrorKind::ConnectionReset => "连接被对方重置".into(),
        ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => "连接被中止".into(),
        ErrorKind::UnexpectedEof => "数据提前结束".into(),
        ErrorKind::NotFound => "不存在".into(),
        ErrorKind::PermissionDenied => "没有权限".into(),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "网络不可达".into(),
        ErrorKind::TimedOut => "超时".into(),
        ErrorKind::IsADirectory => "是文件夹而不是文件".into(),
        // The resolver's errors have no kind of their own.
        _ if error.to_string().contains("lookup address") => "域名无法解析".into(),
        kind => kind.to_string(),
    }
}

/// `256 MiB`, `4.0 KiB`, `12 字节`.
fn bytes_text(bytes: u64) -> String {
    const KIB: f64 = 1024.0;
    let amount = bytes as f64;
    if amount >= KIB * KIB {
        format!("{:.0} MiB", amount / KIB / KIB)
    } else if amount >= KIB {
        format!("{:.0} KiB", amount / KIB)
    } else {
        format!("{bytes} 字节")
    }
}

/// What an HTTP status means to an operator.
fn status_text(status: u16) -> &'static str {
    match status {
        400 => "请求有误",
        401 => "未授权,请检查密钥或登录",
        403 => "禁止访问",
        404 => "地址不存在",
        408 => "后端等待超时",
        429 => "请求过于频繁",
        500 => "后端内部错误",
        502 => "网关错误",
        503 => "后端暂停服务",
        504 => "网关超时",
        300..=399 => "无法跟随的重定向",
        402..=499 => "请求被拒绝",
        _ => "后端出错",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_reason_and_hide_people() {
        assert_eq!(Fault::Status { status: 401, retry_after: None }.to_string(), "HTTP 401:未授权,请检查密钥或登录");
        assert_eq!(Fault::TooLarge { limit: 256 << 20 }.to_string(), "数据超过上限 256 MiB");
        let refused = Fault::refused("401".into(), "用户 13812345678 登录已过期\r\n").to_string();
        assert!(refused.starts_with("后端返回业务码 401:"), "{refused}");
        assert!(!refused.contains("13812345678"), "{refused}");
    }

    #[test]
    fn a_login_that_is_needed_is_told_in_both_places() {
        assert!(Fault::Status { status: 401, retry_after: None }.is_unauthorised());
        assert!(Fault::refused("401".into(), "").is_unauthorised());
        assert!(!Fault::Status { status: 403, retry_after: None }.is_unauthorised());
        assert!(!Fault::refused("500".into(), "401").is_unauthorised());
    }

    #[test]
    fn values_of_named_things_are_left_out() {
        let quoted = mask_assignments(r#"登录失败 token=abcdef&x=1 {"apiKey": "s3cret", "code": 7} 参数:错误"#);
        for secret in ["abcdef", "s3cret"] {
            assert!(!quoted.contains(secret), "{quoted}");
        }
        assert!(quoted.starts_with("登录失败 token=…") && quoted.ends_with("参数:错误"), "{quoted}");
        assert_eq!(mask_assignments("见 http://a.cn/b"), "见 http://a.cn/b");
    }

    #[test]
    fn a_long_message_is_cut() {
        let refused = Fault::refused("500".into(), &"错".repeat(5_000)).to_string();
        assert!(refused.chars().count() < 120);
    }

    #[test]
    fn it_is_told_when_somebody_has_to_log_in() {
        let refused = |code: &str, message: &str| Fault::refused(code.into(), message);
        for fault in [
            Fault::Status { status: 401, retry_after: None },
            refused("401", ""),
            refused("10021", "token expired"),
            refused("A0230", "用户登录已过期"),
            refused("-1", "尚未登录"),
            refused("498", "Invalid Token"),
            refused("invalid_token", ""),
            refused("1", "Unauthorized"),
        ] {
            assert!(fault.is_unauthorised(), "{fault}");
        }
        for fault in [
            Fault::Status { status: 403, retry_after: None },
            refused("403", "没有权限"),
            refused("500", "内部错误"),
            refused("4010", "参数错误"),
            refused("500", "数据已过期"),
            Fault::StreamEnded,
        ] {
            assert!(!fault.is_unauthorised(), "{fault}");
        }
    }
}
