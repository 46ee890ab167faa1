//! What a database says when something is wrong, in an operator's words.
//!
//! In: errors of the library and of the server. Out: the [`Fault`]. Known codes
//! (SQLSTATE, PostgreSQL manual, appendix A) have words of our own; what the
//! server says beside them is masked and cut, and its quotations, which may be
//! somebody's data, are left out.

use std::str::Utf8Error;

use tokio_postgres::Error;

use super::wire::{Stranger, TooMuch};
use crate::ingest::client::{deepest, find_source};
use crate::ingest::fault::{Fault, io_text};
use crate::ingest::tls;

/// Codes with which a login is refused: trying again soon would lock the
/// account, or fill somebody's log.
const DENIALS: [&str; 2] = ["28P01", "28000"];

/// "Protocol violation": with it PgBouncer tells of much, in older versions of
/// refused logins too.
const PROTOCOL_VIOLATION: &str = "08P01";

/// How its words, in lower case, tell of a refused login.
const POOLER_DENIALS: [&str; 4] = ["password", "authentication", "auth failed", "no such user"];

/// Begins the codes of faults in data, which the server's words quote in any
/// language, with and without quotation marks.
const DATA_CLASS: &str = "22";

/// All marks between which a server may quote data, in any language.
const QUOTES: &str = "\"'`“”„‟‘’‚«»‹›「」『』＂";

/// What went wrong at `host` behind `received` bytes, of which `limit` may come.
pub fn fault_of(error: &Error, host: &str, received: u64, limit: u64) -> Fault {
    if let Some(error) = error.as_db_error() {
        return of_server(error.code().code(), error.message());
    }
    if find_source::<TooMuch>(error).is_some() {
        return Fault::TooLarge { limit };
    }
    if find_source::<Stranger>(error).is_some() {
        return Fault::NotPostgres;
    }
    if find_source::<Utf8Error>(error).is_some() {
        // Such a database converts nothing, whatever is asked of it.
        let words = "有文字不是 UTF-8(数据库的编码是 SQL_ASCII?请在数据库中转换成 UTF8)";
        return Fault::Malformed(words.into());
    }
    if let Some(error) = find_source::<rustls::Error>(error) {
        return Fault::Connect { host: host.to_owned(), reason: tls::reason(error) };
    }
    let words = error.to_string();
    if words.starts_with("authentication error") || words.starts_with("invalid configuration") {
        return Fault::DatabaseDenied(match deepest(error) {
            words if words.contains("password missing") => "需要密码,而配置中没有".into(),
            words if words.contains("unsupported") => "要求的登录方式不受支持(支持密码:SCRAM-SHA-256、MD5)".into(),
            _ => "登录过程出错(密码不对?)".into(),
        });
    }
    if words.contains("TLS") {
        let reason = "服务器不支持 TLS:请在服务器上开启 ssl,或去掉 tls".into();
        return Fault::Connect { host: host.to_owned(), reason };
    }
    match find_source::<std::io::Error>(error) {
        Some(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => Fault::hangup(""),
        Some(io) if words.contains("communicating") => Fault::Broken { received, reason: io_text(io) },
        None if error.is_closed() => Fault::hangup(""),
        _ => Fault::NotPostgres,
    }
}

/// What the server said.
fn of_server(code: &str, message: &str) -> Fault {
    let words = meaning(code);
    if is_denial(code, message) {
        let words = if words.is_empty() { meaning("28P01") } else { words };
        // Its words name the user.
        let hint = if message.contains("no encryption") { ",服务器可能要求加密:请写 tls" } else { "" };
        return Fault::DatabaseDenied(format!("{words}{hint}"));
    }
    if code.starts_with(DATA_CLASS) {
        let words = if words.is_empty() { "查询中有值不合要求" } else { words };
        return Fault::database(format!("{words}({code})"), "");
    }
    let words = if words.is_empty() { code } else { words };
    Fault::database(words.to_owned(), &without_quoted(message))
}

/// Whether a login was refused.
fn is_denial(code: &str, message: &str) -> bool {
    let says_so = || {
        let message = message.to_ascii_lowercase();
        POOLER_DENIALS.iter().any(|words| message.contains(words))
    };
    DENIALS.contains(&code) || (code == PROTOCOL_VIOLATION && says_so())
}

/// Words without what is between their first and their last quotation mark:
/// what is quoted may hold such marks itself.
fn without_quoted(message: &str) -> String {
    let is_letter = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let mut marks = message.char_indices().filter(|&(at, letter)| {
        let (before, behind) = (&message[..at], &message[at + letter.len_utf8()..]);
        let is_apostrophe =
            matches!(letter, '\'' | '’') && is_letter(before.chars().next_back()) && is_letter(behind.chars().next());
        QUOTES.contains(letter) && !is_apostrophe
    });
    let Some((first, _)) = marks.next() else { return message.to_owned() };
    let behind = marks.next_back().map_or(message.len(), |(at, letter)| at + letter.len_utf8());
    format!("{}…{}", &message[..first], &message[behind..])
}

/// What a code means; nothing for those that are rare.
fn meaning(code: &str) -> &'static str {
    match code {
        "28P01" => "用户名或密码不对",
        "28000" => "不让这个用户从这里登录(pg_hba.conf)",
        "22003" => "查询中有数值超出范围",
        "22007" | "22008" => "查询中有日期或时间无法识别",
        "22012" => "查询中除以零",
        "22021" | "22P05" => "查询中有文字不能转换成 UTF-8",
        "22P02" => "查询中有文字不能转换成所要的类型",
        "3D000" => "没有这个数据库",
        "42601" => "查询有语法错误",
        "42P01" => "没有这张表",
        "42703" => "没有这一列",
        "42883" => "没有这个函数(没有安装 PostGIS?)",
        "42501" => "这个用户没有权限",
        "42P18" => "$1 的类型不明,请写作 $1::timestamptz",
        "25006" => "查询要写数据,而本程序只读",
        "57014" => "查询超过 whole_timeout,已中止",
        "53300" => "连接数已满",
        "57P01" | "57P02" => "数据库正在关闭",
        "57P03" => "数据库正在启动",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_that_a_server_quotes_is_not_shown() {
        let said = of_server("22P02", "无效的类型 integer 输入语法: \"张三\"").to_string();
        assert_eq!(said, "数据库报错:查询中有文字不能转换成所要的类型(22P02)");
        assert!(of_server("22023", "张三").to_string().ends_with("查询中有值不合要求(22023)"));
        for (message, left) in [
            ("column \"张三\" does not exist", "column … does not exist"),
            ("字段 \"张\"三\" 不存在", "字段 … 不存在"),
            ("la colonne « 张三 » n'existe pas", "la colonne … n'existe pas"),
            ("spalte „张三“ existiert nicht", "spalte … existiert nicht"),
            ("cut: '张三", "cut: …"),
            ("too many clients", "too many clients"),
        ] {
            assert_eq!(without_quoted(message), left);
        }
        let said = of_server("42P01", "关系 \"张三\" 不存在").to_string();
        assert!(said.contains("没有这张表") && !said.contains("张三"), "{said}");
    }

    #[test]
    fn refused_logins_are_told_from_other_faults() {
        let is_denied = |code: &str, message: &str| matches!(of_server(code, message), Fault::DatabaseDenied(_));
        assert!(is_denied("28P01", "") && is_denied("28000", ""));
        assert!(is_denied("08P01", "Password authentication failed") && is_denied("08P01", "auth failed"));
        assert!(!is_denied("08P01", "unsupported startup parameter: options"));
        assert!(!is_denied("53300", "password"));
        let Fault::DatabaseDenied(words) = of_server("08P01", "password authentication failed") else { panic!() };
        assert_eq!(words, "用户名或密码不对");
    }
}
