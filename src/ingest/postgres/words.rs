//! What a database says when something is wrong, in an operator's words.
//!
//! In: errors of the library and of the server. Out: the [`Fault`]. Known codes
//! (SQLSTATE, PostgreSQL manual, appendix A) have words of our own; what the
//! server says beside them is masked and cut.

use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use super::wire::{Stranger, TooMuch};
use crate::ingest::client::find_source;
use crate::ingest::fault::{Fault, io_text};
use crate::ingest::tls;

/// Codes with which a login is refused: trying again soon would lock the
/// account, or fill somebody's log.
const DENIALS: [&str; 2] = ["28P01", "28000"];

/// What went wrong at `host` behind `received` bytes, of which `limit` may come.
pub fn fault_of(error: &Error, host: &str, received: u64, limit: u64) -> Fault {
    if let Some(error) = error.as_db_error() {
        return of_server(error);
    }
    if find_source::<TooMuch>(error).is_some() {
        return Fault::TooLarge { limit };
    }
    if find_source::<Stranger>(error).is_some() {
        return Fault::NotPostgres;
    }
    if let Some(error) = find_source::<rustls::Error>(error) {
        return Fault::Connect { host: host.to_owned(), reason: tls::reason(error) };
    }
    let words = error.to_string();
    if words.starts_with("authentication error") || words.starts_with("invalid configuration") {
        return Fault::DatabaseDenied(match find_words(error) {
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

fn find_words(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(inner) = at.source() {
        at = inner;
    }
    at.to_string()
}

/// What the server said.
fn of_server(error: &DbError) -> Fault {
    let code = error.code().code();
    let words = meaning(code);
    if DENIALS.contains(&code) {
        // Its words name the user.
        let hint =
            if error.message().contains("no encryption") { ",服务器可能要求加密:请写 tls" } else { "" };
        return Fault::DatabaseDenied(format!("{words}{hint}"));
    }
    let words = if words.is_empty() { code.to_owned() } else { words.to_owned() };
    Fault::database(words, error.message())
}

/// What a code means; nothing for those that are rare.
fn meaning(code: &str) -> &'static str {
    match code {
        "28P01" => "用户名或密码不对",
        "28000" => "不让这个用户从这里登录(pg_hba.conf)",
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
