//! Databases as sources, as they are read.

use super::{parsed, refused};
use crate::config::source::{Origin, PostgresOrigin, Secret};

fn database(keys: &str) -> String {
    format!("[[sources]]\nid = \"d\"\nfeed = \"events\"\nkind = \"postgres\"\n{keys}")
}

fn origin(text: &str) -> PostgresOrigin {
    match &parsed(text).sources[0].origin {
        Origin::Postgres(origin) => (**origin).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_database_is_asked_in_the_usual_way_unless_the_file_says_otherwise() {
    let usual = origin(&database("url = \"postgres://db/grid\"\nquery = \"SELECT 1;\"\nusername = \"wall\"\n"));
    assert_eq!((usual.query.as_str(), usual.every_secs, usual.has_since()), ("SELECT 1", 5.0, false));
    assert_eq!((usual.tls, usual.password, usual.listen), (None, None, None));
    let text = database(
        r#"url = "postgresql://10.0.0.1:5433/网格"
query = "SELECT * FROM e WHERE t > $1"
listen = "Told"
credentials = "c"
tls = {}
whole_timeout = "10s"
[[credentials]]
id = "c"
kind = "basic"
username = "wall"
password = { env = "DB" }
"#,
    );
    let other = origin(&text);
    // Who is told need not ask often.
    assert_eq!((other.every_secs, other.listen.as_deref(), other.has_since()), (60.0, Some("Told"), true));
    assert_eq!((other.password, other.deadlines.whole_secs), (Some(Secret::Env("DB".into())), 10.0));
    assert!(other.tls.is_some_and(|tls| tls.is_default()));
    assert_eq!(parsed(&text).sources[0].stale_after_secs, 180.0);
}

#[test]
fn what_a_database_would_refuse_is_refused_before() {
    let good = "query = \"SELECT 1\"\nusername = \"w\"\n";
    for (keys, words) in [
        (format!("url = \"postgres://w:hunter2@db/grid\"\n{good}"), "不得写用户名和密码"),
        (format!("url = \"postgres://db/\"\n{good}"), "postgres://主机:5432/数据库名"),
        (format!("url = \"postgres://db/grid?sslmode=require\"\n{good}"), "加密请写 tls"),
        (format!("url = \"http://db/grid\"\n{good}"), "须以 postgres:// 或 postgresql:// 开头"),
        ("url = \"postgres://db/grid\"\nquery = \"UPDATE e SET a = 1\"\nusername = \"w\"\n".into(), "一条 SELECT"),
        ("url = \"postgres://db/grid\"\nusername = \"w\"\n".into(), "缺少必填的键 `query`"),
        ("url = \"postgres://db/grid\"\nquery = \"SELECT 1\"\n".into(), "缺少用户"),
        (format!("url = \"postgres://db/grid\"\n{good}password = \"hunter2\"\n"), "密钥不得写入配置文件"),
        (format!("url = \"postgres://db/grid\"\n{good}records = \"/a\"\n"), "不用写 `records`"),
        (format!("url = \"postgres://db/grid\"\n{good}listen = \"\"\n"), "listen"),
        (
            format!(
                "url = \"postgres://db/grid\"\n{good}credentials = \"t\"\n[[credentials]]\nid = \"t\"\nkind = \"basic\"\nusername = \"u\"\npassword = {{ env = \"P\" }}\n"
            ),
            "就不写 `username`",
        ),
        (
            "url = \"postgres://db/grid\"\nquery = \"SELECT 1\"\ncredentials = \"t\"\n[[credentials]]\nid = \"t\"\nkind = \"bearer\"\ntoken = { env = \"T\" }\n".into(),
            "只能用 kind = \"basic\" 的凭据",
        ),
    ] {
        let said = refused(&database(&keys));
        assert!(said.contains(words) && !said.contains("hunter2"), "{keys}: {said}");
    }
}
