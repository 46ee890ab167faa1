//! Where the wall may be spoken to, and what is refused.

use super::*;
use crate::config::remote::{Remote, RemoteToken};

fn remote(keys: &str) -> Option<Remote> {
    parsed(&minimal(&format!("[remote]\n{keys}"))).remote
}

fn complaint(keys: &str) -> String {
    refused(&minimal(&format!("[remote]\n{keys}")))
}

#[test]
fn a_wall_listens_nowhere_unless_somebody_wrote_where() {
    assert_eq!(parsed(&minimal("")).remote, None);
    let usual = remote("listen = \"127.0.0.1:8760\"").expect("configured");
    assert_eq!((usual.listen.to_string().as_str(), usual.session_secs), ("127.0.0.1:8760", 43_200.0));
    assert!(usual.tokens.is_empty());
    assert!(remote("listen = \"[::1]:8760\"").is_some());
    assert!(complaint("").contains("缺少必填的键 `listen`"));
}

#[test]
fn beyond_this_machine_only_where_the_network_is_said_to_be_trusted() {
    for address in ["0.0.0.0:8760", "192.168.1.20:8760", "[::]:8760"] {
        let refused = complaint(&format!("listen = \"{address}\""));
        assert!(refused.contains("config.toml:7:") && refused.contains("trusted_network = true"), "{refused}");
        assert!(complaint(&format!("listen = \"{address}\"\ntrusted_network = false")).contains("明文 HTTP"));
        assert!(remote(&format!("listen = \"{address}\"\ntrusted_network = true")).is_some());
    }
    for address in ["8760", "localhost:8760", "127.0.0.1", "127.0.0.1:99999"] {
        assert!(complaint(&format!("listen = \"{address}\"")).contains("不是“IP 地址:端口”"), "{address}");
    }
    let proxied = remote("listen = \"127.0.0.1:8760\"\nhosts = [\"wall.example.gov.cn\"]").expect("configured");
    assert_eq!(proxied.hosts, ["wall.example.gov.cn"]);
    for host in ["https://wall.example.gov.cn", "wall.example.gov.cn:443", ""] {
        assert!(complaint(&format!("listen = \"127.0.0.1:8760\"\nhosts = [\"{host}\"]")).contains("不是主机名"));
    }
    assert!(complaint("listen = \"127.0.0.1:0\"").contains("端口不能为 0"));
}

#[test]
fn sessions_end_and_tokens_are_kept_elsewhere() {
    let with = |more: &str| format!("listen = \"127.0.0.1:8760\"\n{more}");
    assert_eq!(remote(&with("session = \"8h\"")).map(|remote| remote.session_secs), Some(28_800.0));
    assert!(complaint(&with("session = \"10s\"")).contains("太短"));
    assert!(complaint(&with("session = \"31d\"")).contains("太长"));
    let token = |keys: &str| with(&format!("[[remote.tokens]]\n{keys}"));
    let known = remote(&token("name = \"工单系统\"\nenv = \"ORDERS\"")).expect("configured").tokens;
    assert_eq!(known, [RemoteToken { name: "工单系统".into(), secret: Secret::Env("ORDERS".into()) }]);
    assert!(complaint(&token("name = \"工单系统\"")).contains("应恰有 env、file 与 credential 之一"));
    assert!(complaint(&token("env = \"ORDERS\"")).contains("缺少必填的键 `name`"));
    let twice = token("name = \"甲\"\nenv = \"A\"\n[[remote.tokens]]\nname = \"甲\"\nenv = \"B\"");
    assert!(complaint(&twice).contains("令牌名称重复"));
    // A token that was written in the file is not repeated by the complaint.
    let refused = complaint(&token("name = \"甲\"\ntoken = \"hunter2hunter2\""));
    assert!(refused.contains("token") && !refused.contains("hunter2"), "{refused}");
}
