//! Checks of `[[credentials]]`.
//!
//! In: the tables as written. Out: [`Credential`]s by their ids, shared by the
//! sources that name them. Like everywhere, no complaint repeats a value.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::access::{body, is_https, tls};
use super::address::{
    HTTP, SECRET_HELP, anywhere, is_secret_header, is_secret_parameter, is_token, kept_elsewhere, url,
};
use super::paging::time_format;
use super::source::{is_id, pointer};
use super::{distinct, duration_secs, not_blank, refuse_keys_of_other_kinds, required, required_text};
use crate::config::access::{Body, Credential, Digest, LoginCall, Pace, Place, Scheme, Signature};
use crate::config::error::Complaints;
use crate::config::kind::CredentialKind;
use crate::config::raw::{RawAnswer, RawCredential, RawSecret};
use crate::config::read::{At, excerpt, joined, not_among};
use crate::config::source::{Deadlines, Secret};
use crate::config::template::Template;
use crate::config::units::DurationSecs;

/// Shortest lifetime of a token that may be written, seconds.
const MIN_LIFETIME_SECS: f64 = 10.0;

/// Placeholders of a login's body.
const LOGIN_NAMES: [&str; 2] = ["username", "password"];

/// Placeholders of what is digested.
const SIGNED_NAMES: [&str; 7] = ["key", "secret", "timestamp", "nonce", "method", "path", "query"];

/// Where most Chinese back ends put the token.
const USUAL_TOKEN: &str = "/data/token";

/// What most Chinese back ends want to be told.
const USUAL_BODY: &str = r#"{"username":"{username}","password":"{password}"}"#;

/// Credentials by id; `None` where one is not good.
pub(super) struct Credentials(Vec<(String, Option<Arc<Credential>>)>);

impl Credentials {
    /// Those that `id` names; `None` after complaining.
    pub fn named(&self, id: &At<String>, complaints: &mut Complaints) -> Option<Arc<Credential>> {
        if let Some((_, credential)) = self.0.iter().find(|(known, _)| *known == id.value) {
            return credential.clone();
        }
        let ids: Vec<&str> = self.0.iter().map(|(id, _)| id.as_str()).collect();
        let message = match ids.is_empty() {
            true => "没有 [[credentials]]".to_owned(),
            false => format!("没有这个凭据:{}", not_among(&id.value, &ids)),
        };
        complaints.add(id.offset, &id.key, message);
        None
    }
}

/// Checks all credentials.
pub(super) fn credentials(
    raw: Option<At<Vec<At<RawCredential>>>>,
    folder: &Path,
    complaints: &mut Complaints,
) -> Credentials {
    let raw = raw.map(|at| at.value).unwrap_or_default();
    let ids: Vec<At<String>> = raw.iter().filter_map(|one| one.value.id.clone()).collect();
    distinct(&ids, "凭据 id ", complaints);
    let checked = raw.into_iter().filter_map(|mut one| {
        let id = one.value.id.take();
        let id = required(id, "id", &one, complaints).filter(|id| is_id(id, complaints));
        let scheme = scheme(one, folder, complaints);
        let id = id?.value;
        Some((id.clone(), scheme.map(|scheme| Arc::new(Credential { id, scheme }))))
    });
    Credentials(checked.collect())
}

fn scheme(mut raw: At<RawCredential>, folder: &Path, complaints: &mut Complaints) -> Option<Scheme> {
    let kind = raw.value.kind.take();
    let kind = required(kind, "kind", &raw, complaints)?.value;
    refuse_keys_of_other_kinds(raw.value.present(), kind, "凭据", complaints);
    match kind {
        CredentialKind::Basic => {
            let (username, password) = name_and_password(&mut raw, ["username", "password"], folder, complaints);
            Some(Scheme::Basic { username: username?, password: password? })
        }
        CredentialKind::Bearer => {
            let token = raw.value.token.take();
            Some(Scheme::Bearer { token: secret(token, "token", &raw, folder, complaints)? })
        }
        CredentialKind::OAuth2 => oauth2(raw, folder, complaints),
        CredentialKind::Login => login(raw, folder, complaints),
        CredentialKind::Signature => signature(raw, folder, complaints),
    }
}

/// Who asks, and its secret, under the names that the kind has for them.
fn name_and_password(
    raw: &mut At<RawCredential>,
    [name_key, password_key]: [&str; 2],
    folder: &Path,
    complaints: &mut Complaints,
) -> (Option<Secret>, Option<Secret>) {
    let RawCredential { username, client_id, key, password, client_secret, secret: signing, .. } = &mut raw.value;
    let name = username.take().or(client_id.take()).or(key.take());
    let password = password.take().or(client_secret.take()).or(signing.take());
    let name = required(name, name_key, raw, complaints).and_then(|name| anywhere(name, folder, complaints));
    (name, secret(password, password_key, raw, folder, complaints))
}

fn secret(
    secret: Option<At<RawSecret>>,
    name: &str,
    table: &At<RawCredential>,
    folder: &Path,
    complaints: &mut Complaints,
) -> Option<Secret> {
    if secret.is_none() && complaints.concerns_within(&joined(&table.key, name)) {
        return None;
    }
    let secret = required(secret, name, table, complaints)?;
    kept_elsewhere(secret.value, secret.key, secret.offset, folder, complaints)
}

fn oauth2(mut raw: At<RawCredential>, folder: &Path, complaints: &mut Complaints) -> Option<Scheme> {
    let (username, password) = name_and_password(&mut raw, ["client_id", "client_secret"], folder, complaints);
    let mut fields = vec![("grant_type".to_owned(), "client_credentials".to_owned())];
    if let Some(scope) = raw.value.scope.take().filter(|scope| not_blank(scope, complaints)) {
        fields.push(("scope".to_owned(), scope.value.replace('{', "{{").replace('}', "}}")));
    }
    let call = call(&mut raw, folder, complaints);
    Some(Scheme::Login(Box::new(LoginCall {
        username: username?,
        password: password?,
        body: Body::Form(fields),
        is_basic: true,
        token: "/access_token".to_owned(),
        expires: Some("/expires_in".to_owned()),
        ..call?
    })))
}

fn login(mut raw: At<RawCredential>, folder: &Path, complaints: &mut Complaints) -> Option<Scheme> {
    let (username, password) = name_and_password(&mut raw, ["username", "password"], folder, complaints);
    let (json, form) = (raw.value.json.take(), raw.value.form.take());
    let at = json.as_ref().map(|at| (at.offset, at.key.clone()));
    let at = at.or_else(|| form.as_ref().map(|at| (at.offset, at.key.clone())));
    let body = match &at {
        None => serde_json::from_str(USUAL_BODY).ok().map(Body::Json),
        Some(_) => body(json, form, &LOGIN_NAMES, complaints),
    };
    if let (Some((offset, key)), Some(body)) = (at, &body)
        && !mentions(body, "password")
    {
        complaints.add(offset, key, "登录的正文中没有 {password}");
    }
    let answer = raw.value.answer.take().map(|at| at.value).unwrap_or_default();
    let RawAnswer { token, expires } = answer;
    let token = token.map_or_else(|| Some(USUAL_TOKEN.to_owned()), |token| pointer(token, complaints));
    let expires = expires.and_then(|expires| pointer(expires, complaints));
    let call = call(&mut raw, folder, complaints);
    Some(Scheme::Login(Box::new(LoginCall {
        username: username?,
        password: password?,
        body: body?,
        token: token?,
        expires,
        ..call?
    })))
}

/// What OAuth 2 and other logins have in common; the rest is to be filled in.
fn call(raw: &mut At<RawCredential>, folder: &Path, complaints: &mut Complaints) -> Option<LoginCall> {
    let address = raw.value.url.take();
    let address = required_text(address, "url", raw, complaints);
    let is_https = address.as_ref().is_none_or(|address| is_https(&address.value));
    let address = address.and_then(|address| url(address, &HTTP, None, complaints));
    let lifetime_secs = raw.value.lifetime.take().map(|lifetime: At<DurationSecs>| {
        duration_secs(Some(lifetime), MIN_LIFETIME_SECS, MIN_LIFETIME_SECS, complaints)
    });
    let tls = tls(raw.value.tls.take(), is_https, folder, complaints);
    let mut place = place(raw, &["token"], "token", complaints);
    if place == Place::default()
        && let Ok(template) = Template::parse("Bearer {token}", &["token"])
    {
        place.headers.push(("Authorization".to_owned(), template));
    }
    let nobody = || Secret::Plain(String::new());
    Some(LoginCall {
        url: address?,
        username: nobody(),
        password: nobody(),
        body: Body::Form(Vec::new()),
        is_basic: false,
        token: String::new(),
        expires: None,
        lifetime_secs,
        place,
        tls,
        deadlines: Deadlines::default(),
        pace: Pace::default(),
    })
}

fn signature(mut raw: At<RawCredential>, folder: &Path, complaints: &mut Complaints) -> Option<Scheme> {
    let (key, secret) = name_and_password(&mut raw, ["key", "secret"], folder, complaints);
    let digest = raw.value.digest.take().map(|at| at.value).unwrap_or_default();
    let encoding = raw.value.encoding.take().map(|at| at.value).unwrap_or_default();
    let timestamp = raw.value.timestamp.take();
    let timestamp = timestamp.map_or(Some(Default::default()), |format| time_format(&format, complaints));
    let over = raw.value.over.take();
    let over = required_text(over, "over", &raw, complaints).and_then(|over| {
        let template = Template::parse(&over.value, &SIGNED_NAMES);
        let fault = match &template {
            Err(fault) => Some(fault.clone()),
            // Without a key, only a secret in the text makes it a signature.
            Ok(template) if digest != Digest::HmacSha256 && !template.names("secret") => {
                Some("这种摘要没有密钥,其中须有 {secret}".to_owned())
            }
            Ok(_) => None,
        };
        if let Some(fault) = fault {
            complaints.add(over.offset, over.key, fault);
            return None;
        }
        template.ok()
    });
    let has_place = raw.value.headers.is_some() || raw.value.query.is_some();
    let place = place(&mut raw, &["key", "timestamp", "nonce", "digest"], "digest", complaints);
    if !has_place {
        complaints.add(raw.offset, joined(&raw.key, "headers"), "摘要没有去处:写 headers 或 query,其中有 {digest}");
    }
    Some(Scheme::Signature(Box::new(Signature {
        key: key?,
        secret: secret?,
        digest,
        encoding,
        over: over?,
        timestamp: timestamp?,
        place,
    })))
}

/// Checks `headers` and `query`: templates of `names`, of which `needed` must
/// stand in one at least.
fn place(raw: &mut At<RawCredential>, names: &[&str], needed: &str, complaints: &mut Complaints) -> Place {
    let at = raw.value.headers.as_ref().or(raw.value.query.as_ref()).map(|at| (at.offset, at.key.clone()));
    let before = at.as_ref().is_some_and(|(_, key)| complaints.concerns_within(key));
    let headers = raw.value.headers.take().map(|at| at.value).unwrap_or_default();
    let query = raw.value.query.take().map(|at| at.value).unwrap_or_default();
    let (all, mut good) = (headers.len() + query.len(), Place::default());
    good.headers = templates(headers, names, "请求头", is_secret_header, complaints);
    good.query = templates(query, names, "网址参数", is_secret_parameter, complaints);
    let mut used = good.headers.iter().chain(&good.query);
    let is_needed_there = used.any(|(_, template)| template.names(needed));
    let is_whole = good.headers.len() + good.query.len() == all;
    if let Some((offset, key)) = at.filter(|_| is_whole && !before && !is_needed_there) {
        complaints.add(offset, key, format!("其中没有 {{{needed}}}"));
    }
    good
}

fn templates(
    raw: BTreeMap<String, At<String>>,
    names: &[&str],
    what: &str,
    is_secret: impl Fn(&str) -> bool,
    complaints: &mut Complaints,
) -> Vec<(String, Template)> {
    let checked = raw.into_iter().filter_map(|(name, at)| {
        if !is_token(&name) {
            complaints.add(at.key_offset, &at.key, format!("`{}` 不是{what}的名称", excerpt(&name)));
            return None;
        }
        let template = Template::parse(&at.value, names);
        let fault = match &template {
            Err(fault) => Some(fault.clone()),
            Ok(template) if template.is_plain() && is_secret(&name) => {
                Some(format!("{what} `{}` 像是密钥:{SECRET_HELP}", excerpt(&name)))
            }
            Ok(_) => None,
        };
        if let Some(fault) = fault {
            complaints.add(at.offset, at.key, fault);
            return None;
        }
        Some((name, template.ok()?))
    });
    checked.collect()
}

/// Whether a placeholder stands in a body.
fn mentions(body: &Body, name: &str) -> bool {
    let has = |text: &str| Template::parse(text, &LOGIN_NAMES).is_ok_and(|template| template.names(name));
    match body {
        Body::Json(value) => value_mentions(value, &has),
        Body::Form(fields) => fields.iter().any(|(_, text)| has(text)),
    }
}

fn value_mentions(value: &serde_json::Value, has: &impl Fn(&str) -> bool) -> bool {
    match value {
        serde_json::Value::String(text) => has(text),
        serde_json::Value::Array(items) => items.iter().any(|item| value_mentions(item, has)),
        serde_json::Value::Object(members) => members.values().any(|value| value_mentions(value, has)),
        _ => false,
    }
}
