//! Credentials, certificates, bodies and ways of paging: what is set arrives,
//! what is wrong is said, and no secret is repeated.

use serde_json::json;

use super::*;
use crate::config::access::{Body, Credential, Digest, Encoding, Scheme};
use crate::config::template::TimeFormat;

/// A file with one HTTP source that has these keys, and these further tables.
fn with(keys: &str, tables: &str) -> String {
    format!("[[sources]]\nid = \"a\"\nfeed = \"events\"\nkind = \"http\"\nurl = \"https://a/b\"\n{keys}\n{tables}")
}

fn credential(table: &str) -> Credential {
    let config = parsed(&with("credentials = \"c\"", &format!("[[credentials]]\nid = \"c\"\n{table}\n")));
    let Origin::Http { access, .. } = &config.sources[0].origin else { panic!("{:?}", config.sources[0].origin) };
    access.credentials.as_deref().unwrap().clone()
}

#[test]
fn every_kind_of_credentials_arrives() {
    let basic = credential("kind = \"basic\"\nusername = \"wall\"\npassword = { credential = \"pw\" }");
    let expected = Scheme::Basic { username: Secret::Plain("wall".into()), password: Secret::Credential("pw".into()) };
    assert_eq!(basic.scheme, expected);
    let bearer = credential("kind = \"bearer\"\ntoken = { file = \"t\" }");
    assert_eq!(bearer.scheme, Scheme::Bearer { token: Secret::File("etc/t".into()) });

    let oauth2 = "kind = \"oauth2\"\nurl = \"https://sso/token\"\nclient_id = \"wall\"\n\
                  client_secret = { env = \"S\" }\nscope = \"read:{all}\"";
    let Scheme::Login(call) = credential(oauth2).scheme else { panic!() };
    assert!(call.is_basic);
    assert_eq!((call.token.as_str(), call.expires.as_deref()), ("/access_token", Some("/expires_in")));
    let fields = [("grant_type", "client_credentials"), ("scope", "read:{{all}}")];
    assert_eq!(call.body, Body::Form(fields.map(|(name, value)| (name.into(), value.into())).into()));
    assert_eq!(call.place.headers[0].0, "Authorization");
    assert_eq!(call.place.headers[0].1.expand(|_| "T".into()), "Bearer T");

    let login = r#"
kind = "login"
url = "http://a/login"
username = { env = "U" }
password = { env = "P" }
json = '{"user":{"name":"{username}","pwd":"{password}","type":1}}'
answer = { token = "/token", expires = "/expire" }
lifetime = "2h"
headers = { X-Token = "{token}" }
query = { t = "{token}" }
"#;
    let Scheme::Login(call) = credential(login).scheme else { panic!() };
    assert_eq!(call.body, Body::Json(json!({"user": {"name": "{username}", "pwd": "{password}", "type": 1}})));
    assert_eq!(
        (call.token.as_str(), call.expires.as_deref(), call.lifetime_secs),
        ("/token", Some("/expire"), Some(7_200.0))
    );
    assert_eq!((call.place.headers.len(), call.place.query.len(), call.is_basic), (1, 1, false));

    let signature = r#"
kind = "signature"
key = "app"
secret = { env = "S" }
digest = "sm3"
encoding = "hex-upper"
over = "{key}{timestamp}{nonce}{secret}"
timestamp = "%Y%m%d%H%M%S"
query = { appKey = "{key}", ts = "{timestamp}", nonce = "{nonce}", sign = "{digest}" }
"#;
    let Scheme::Signature(signature) = credential(signature).scheme else { panic!() };
    assert_eq!((signature.digest, signature.encoding), (Digest::Sm3, Encoding::HexUpper));
    assert_eq!(signature.timestamp, TimeFormat::Pattern("%Y%m%d%H%M%S".into()));
    assert_eq!(signature.place.query.len(), 4);
}

#[test]
fn sources_share_what_they_name() {
    let text = "[[credentials]]\nid = \"c\"\nkind = \"bearer\"\ntoken = { env = \"T\" }\n\
        [[sources]]\nid = \"a\"\nfeed = \"events\"\nkind = \"http\"\nurl = \"http://a\"\ncredentials = \"c\"\n\
        [[sources]]\nid = \"b\"\nfeed = \"events\"\nkind = \"sse\"\nurl = \"http://b\"\ncredentials = \"c\"\n";
    let config = parsed(text);
    let [Origin::Http { access: one, .. }, Origin::Sse { access: other, .. }] =
        [&config.sources[0].origin, &config.sources[1].origin]
    else {
        panic!("{:?}", config.sources)
    };
    assert!(one.credentials.is_some() && one.credentials == other.credentials);
}

#[test]
fn bodies_pages_and_certificates_arrive() {
    let origin = |keys: &str| parsed(&with(keys, "")).sources.remove(0).origin;
    let keys = r#"
json = '{"query":{"from":"{today:ms}"}}'
paging = { page = "/pageNum", first = 0, size = "/pageSize" }
since = "/query/since"
since_format = "%Y-%m-%d %H:%M:%S"
tls = { ca = "ca.pem", client_cert = "c.pem", client_key = "/k.pem", pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }
"#;
    let Origin::Http { body, paging, since, access, .. } = origin(keys) else { panic!() };
    assert_eq!(body, Some(Body::Json(json!({"query": {"from": "{today:ms}"}}))));
    assert!(matches!(paging, Paging::Number { page, first: 0, per_page: 500, .. } if page == "/pageNum"));
    assert_eq!(since.unwrap().format, TimeFormat::Pattern("%Y-%m-%d %H:%M:%S".into()));
    assert_eq!(access.tls.ca, Some("etc/ca.pem".into()));
    assert_eq!((access.tls.client, access.tls.pin), (Some(("etc/c.pem".into(), "/k.pem".into())), Some([0; 32])));

    let Origin::Http { paging, .. } = origin("paging = { offset = \"start\", per_page = 9 }") else { panic!() };
    assert!(
        matches!(paging, Paging::Offset { offset, limit, per_page: 9, .. } if offset == "start" && limit == "limit")
    );
    let Origin::Http { paging, body, .. } =
        origin("form = { a = \"b\" }\npaging = { cursor = \"/c\", next = \"/next\", size = \"n\", per_page = 9 }")
    else {
        panic!()
    };
    assert_eq!(body, Some(Body::Form(vec![("a".into(), "b".into())])));
    let expected = Paging::Cursor { cursor: "/c".into(), next: "/next".into(), size: Some(("n".into(), 9)) };
    assert_eq!(paging, expected);
}

/// Keys of a source and further tables, with what must be said about them.
const FAULTS: [(&str, &str, &[&str]); 17] = [
    ("credentials = \"c\"", "", &["没有 [[credentials]]〔sources[0].credentials〕"]),
    (
        "credentials = \"platfrom\"",
        "[[credentials]]\nid = \"platform\"\nkind = \"bearer\"\ntoken = { env = \"T\" }",
        &["没有这个凭据:不认识 `platfrom`(是否为 `platform`?)"],
    ),
    ("", "[[credentials]]\nid = \"c\"\nkind = \"basic\"", &["缺少必填的键 `username`", "缺少必填的键 `password`"]),
    (
        "",
        "[[credentials]]\nid = \"c\"\nkind = \"bearer\"\ntoken = { env = \"T\", file = \"t\" }\nusername = \"u\"",
        &[
            "应恰有 env、file 与 credential 之一",
            "`username` 不能用于 kind = \"bearer\" 的凭据,它属于 kind = \"basic\" 或 \"login\"",
        ],
    ),
    (
        "",
        "[[credentials]]\nid = \"c\"\nkind = \"login\"\nurl = \"http://a\"\nusername = \"u\"\npassword = { credential = \"../p\" }\njson = '{\"u\":\"{user}\"}'",
        &["不是 systemd 凭据名", "不认识占位符 `{user}`,可用的有 `{username}`、`{password}`"],
    ),
    (
        "",
        "[[credentials]]\nid = \"c\"\nkind = \"login\"\nurl = \"http://a\"\nusername = \"u\"\npassword = { env = \"P\" }\nform = { u = \"{username}\" }\nheaders = { X-T = \"x\" }\nlifetime = \"1s\"",
        &["登录的正文中没有 {password}", "其中没有 {token}", "1s 太短"],
    ),
    (
        "",
        "[[credentials]]\nid = \"c\"\nkind = \"signature\"\nkey = \"k\"\nsecret = { env = \"S\" }\ndigest = \"md5\"\nover = \"{key}\"",
        &["须有 {secret}", "摘要没有去处"],
    ),
    ("tls = { client_cert = \"c\" }", "", &["client_cert 与 client_key 要一起写〔sources[0].tls.client_key〕"]),
    ("tls = { pin = \"abc\" }", "", &["应为服务器公钥的 SHA-256"]),
    ("json = '{'", "", &["不是 JSON(其中第 1 行第 1 列)"]),
    ("json = '{}'\nform = {}", "", &["`json` 与 `form` 只能写一个"]),
    ("paging = { page = \"/p\" }", "", &["`/p` 以 / 开头的是正文中的位置,而这里没有正文"]),
    ("paging = { cursor = \"c\", total = \"/t\" }", "", &["`total` 不能用于游标分页", "游标分页要写 next"]),
    ("paging = { first = 7 }", "", &["首页的页码是 0 或 1,却是 7"]),
    ("since_format = \"yyyy\"", "", &["`since_format` 要与 `since` 一起写", "时间格式应为"]),
    (
        "credentials = \"c\"\nheaders = { Authorization = { env = \"T\" } }",
        "[[credentials]]\nid = \"c\"\nkind = \"bearer\"\ntoken = { env = \"T\" }",
        &["请求头 `Authorization` 与 `credentials` 只能写一个"],
    ),
    (
        "",
        "[[sources]]\nid = \"b\"\nfeed = \"events\"\nkind = \"http\"\nurl = \"http://{now}/?a={nwo}\"\n[[sources]]\nid = \"c\"\nfeed = \"events\"\nkind = \"http\"\nurl = \"http://{now:s}/\"\ntls = { ca = \"x\" }",
        &["不认识占位符 `{nwo}`", "主机名中不能有占位符", "`tls` 只用于 https:// 的网址"],
    ),
];

#[test]
fn what_is_wrong_with_access_is_said() {
    for (keys, tables, expected) in FAULTS {
        let said = refused(&with(keys, tables));
        for words in expected {
            assert!(said.contains(words), "{words}\nis not in\n{said}\n{keys}\n{tables}");
        }
        assert_eq!(said.lines().count(), expected.len(), "{said}\n{keys}\n{tables}");
    }
}

#[test]
fn no_complaint_about_access_repeats_a_secret() {
    let table = |keys: &str| format!("[[credentials]]\nid = \"c\"\n{keys}\n");
    let login = "kind = \"login\"\nurl = \"http://a\"\nusername = \"u\"\n";
    for text in [
        with("json = '{\"token\":\"hunter2\"}'", ""),
        with("json = '{\"a\":hunter2}'", ""),
        with("form = { password = \"hunter2\" }", ""),
        with("", &table("kind = \"basic\"\nusername = \"u\"\npassword = \"hunter2\"")),
        with("", &table("kind = \"bearer\"\ntoken = [\"hunter2\"]")),
        with("", &table(&format!("{login}password = {{ env = \"hunter2!\" }}"))),
        with("", &table(&format!("{login}password = {{ env = \"P\" }}\nheaders = {{ X-Token = \"hunter2\" }}"))),
        with("", &table(&format!("{login}password = {{ env = \"P\" }}\nquery = {{ token = \"hunter2\" }}"))),
        with("", &table(&format!("{login}password = {{ env = \"P\" }}\njson = '{{\"password\":\"hunter2\"}}'"))),
        with(
            "",
            &table(
                "kind = \"oauth2\"\nurl = \"http://u:hunter2@a/\"\nclient_id = \"i\"\nclient_secret = { env = \"P\" }",
            ),
        ),
    ] {
        let said = refused(&text);
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn debug_of_credentials_shows_no_value() {
    let config = parsed(&with(
        "credentials = \"c\"\njson = '{\"a\":\"s3cret\"}'",
        "[[credentials]]\nid = \"c\"\nkind = \"login\"\nurl = \"http://a\"\nusername = \"s3cret\"\npassword = { env = \"P\" }\nheaders = { X-A = \"s3cret {token}\" }",
    ));
    let debug = format!("{config:?}");
    assert!(!debug.contains("s3cret") && debug.contains("Env(P)"), "{debug}");
}
