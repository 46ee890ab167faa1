//! Checks of certificates and of what is posted.
//!
//! In: `tls`, `json`, `form`. Out: [`Tls`] and [`Body`]; what looks like a
//! secret in a body is refused, as it is everywhere.

use std::collections::BTreeMap;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use super::address::{SECRET_HELP, is_secret_parameter};
use super::source::resolved;
use crate::config::access::{Body, Tls};
use crate::config::error::Complaints;
use crate::config::raw::RawTls;
use crate::config::read::{At, excerpt, joined};
use crate::config::template::Template;

/// Whether an address is encrypted.
pub(super) fn is_https(url: &str) -> bool {
    url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// Checks `tls`.
pub(super) fn tls(raw: Option<At<RawTls>>, is_https: bool, folder: &Path, complaints: &mut Complaints) -> Tls {
    let Some(At { value: raw, key, offset, key_offset }) = raw else { return Tls::default() };
    if !is_https {
        complaints.add(key_offset, &key, "`tls` 只用于 https:// 的网址");
    }
    let missing = match (&raw.client_cert, &raw.client_key) {
        (Some(_), None) => Some("client_key"),
        (None, Some(_)) => Some("client_cert"),
        _ => None,
    };
    if let Some(name) = missing.filter(|name| !complaints.concerns(&joined(&key, name))) {
        complaints.add(offset, joined(&key, name), "client_cert 与 client_key 要一起写");
    }
    let mut path = |at: Option<At<String>>| at.and_then(|at| resolved(at, folder, complaints));
    let (ca, cert, private) = (path(raw.ca), path(raw.client_cert), path(raw.client_key));
    let pin = raw.pin.and_then(|at| {
        let pin = pin(&at.value);
        if pin.is_none() {
            let message = "应为服务器公钥的 SHA-256:sha256//BASE64,或 64 位十六进制";
            complaints.add(at.offset, &at.key, message);
        }
        pin
    });
    Tls { ca, client: cert.zip(private), pin }
}

/// `sha256//BASE64` as `curl` writes it, or hexadecimal digits.
fn pin(text: &str) -> Option<[u8; 32]> {
    if let Some(base64) = text.strip_prefix("sha256//") {
        return BASE64_STANDARD.decode(base64).ok()?.try_into().ok();
    }
    let digits: Vec<u32> = text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | *digit as u8)).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

/// Checks `json` and `form`, of which at most one may be written. `names` are
/// the placeholders beside instants.
pub(super) fn body(
    json: Option<At<String>>,
    form: Option<At<BTreeMap<String, At<String>>>>,
    names: &[&str],
    complaints: &mut Complaints,
) -> Option<Body> {
    if let (Some(_), Some(form)) = (&json, &form) {
        complaints.add(form.key_offset, &form.key, "`json` 与 `form` 只能写一个");
    }
    if let Some(At { value, key, offset, .. }) = json {
        let parsed = match serde_json::from_str::<Value>(&value) {
            Ok(parsed @ (Value::Object(_) | Value::Array(_))) => parsed,
            Ok(_) => {
                complaints.add(offset, key, "应为 JSON 对象,例如 '{ \"type\": 1 }'");
                return None;
            }
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                complaints.add(offset, key, format!("不是 JSON(其中第 {line} 行第 {column} 列)"));
                return None;
            }
        };
        if let Some(fault) = value_fault("", &parsed, names) {
            complaints.add(offset, key, fault);
            return None;
        }
        return Some(Body::Json(parsed));
    }
    let fields = form?.value.into_iter().filter_map(|(name, at)| match text_fault(&name, &at.value, names) {
        None => Some((name, at.value)),
        Some(fault) => {
            complaints.add(at.offset, at.key, fault);
            None
        }
    });
    Some(Body::Form(fields.collect()))
}

/// What is wrong with a part of a JSON body; `name` is that of its member.
fn value_fault(name: &str, value: &Value, names: &[&str]) -> Option<String> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| value_fault(name, value, names)),
        Value::Array(items) => items.iter().find_map(|item| value_fault(name, item, names)),
        Value::String(text) => text_fault(name, text, names),
        Value::Number(_) if is_secret_parameter(name) => Some(secret_fault(name)),
        _ => None,
    }
}

fn text_fault(name: &str, text: &str, names: &[&str]) -> Option<String> {
    match Template::parse(text, names) {
        Err(fault) => Some(fault),
        Ok(template) if template.is_plain() && !text.is_empty() && is_secret_parameter(name) => {
            Some(secret_fault(name))
        }
        Ok(_) => None,
    }
}

fn secret_fault(name: &str) -> String {
    format!("正文中的 `{}` 像是密钥:{SECRET_HELP}", excerpt(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_in_both_forms() {
        let bytes: [u8; 32] = std::array::from_fn(|n| n as u8 * 7);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let colons: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        for text in [format!("sha256//{}", BASE64_STANDARD.encode(bytes)), hex.clone(), colons.join(":")] {
            assert_eq!(pin(&text), Some(bytes), "{text}");
        }
        for text in ["", "sha256//", "sha256//AAAA", "zz", &hex[1..]] {
            assert_eq!(pin(text), None, "{text}");
        }
    }

    #[test]
    fn secrets_in_a_body_are_refused_and_placeholders_are_not() {
        let fault = |json: &str| value_fault("", &serde_json::from_str(json).unwrap(), &["password"]);
        assert_eq!(fault(r#"{"a":[{"password":"{password}"}],"keyword":"x","token":""}"#), None);
        for json in [r#"{"a":{"password":"hunter2"}}"#, r#"{"pwd":["hunter2"]}"#, r#"{"appKey":123}"#] {
            let fault = fault(json).unwrap_or_else(|| panic!("accepted {json}"));
            assert!(fault.contains("密钥") && !fault.contains("hunter2"), "{fault}");
        }
    }
}
