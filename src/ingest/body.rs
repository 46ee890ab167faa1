//! Bodies of requests: JSON and forms with placeholders.
//!
//! In: a [`Body`] of the configuration and what stands for its placeholders.
//! Out: bytes and their media type.

use jiff::tz::TimeZone;
use reqwest::Url;
use serde_json::Value;

use crate::config::access::Body;
use crate::config::template::{Placeholder, Template};
use crate::domain::time::Time;

/// Placeholders that may stand in a body, beside instants.
const NAMES: [&str; 2] = ["username", "password"];

/// A body with its placeholders filled in: by instants at `now`, and by what
/// `named` gives for a name.
pub fn filled(body: &Body, now: Time, zone: &TimeZone, named: impl Fn(&str) -> String) -> Body {
    let fill = |text: &str| match Template::parse(text, &NAMES) {
        Ok(template) => template.expand(|placeholder| match placeholder {
            Placeholder::Name(name) => named(name),
            Placeholder::Moment(moment) => moment.render(now, zone),
        }),
        // The configuration was checked.
        Err(_) => text.to_owned(),
    };
    match body {
        Body::Json(value) => {
            let mut value = value.clone();
            fill_texts(&mut value, &fill);
            Body::Json(value)
        }
        Body::Form(fields) => Body::Form(fields.iter().map(|(name, text)| (name.clone(), fill(text))).collect()),
    }
}

fn fill_texts(value: &mut Value, fill: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = fill(text),
        Value::Array(items) => items.iter_mut().for_each(|item| fill_texts(item, fill)),
        Value::Object(members) => members.values_mut().for_each(|value| fill_texts(value, fill)),
        _ => {}
    }
}

/// Media type and bytes of a body that is filled in.
pub fn encoded(body: &Body) -> (&'static str, Vec<u8>) {
    match body {
        Body::Json(value) => ("application/json", value.to_string().into_bytes()),
        Body::Form(fields) => {
            let pairs: Vec<String> =
                fields.iter().map(|(name, text)| format!("{}={}", form_encoded(name), form_encoded(text))).collect();
            ("application/x-www-form-urlencoded", pairs.join("&").into_bytes())
        }
    }
}

/// Media type and bytes of a body, filled in as by [`filled`].
pub fn rendered(body: &Body, now: Time, zone: &TimeZone, named: impl Fn(&str) -> String) -> (&'static str, Vec<u8>) {
    encoded(&filled(body, now, zone, named))
}

/// Puts `value` at a place of the body: a JSON pointer, or `/` and the name of
/// a field. Objects on the way are made.
pub fn put(body: &mut Body, place: &str, value: &Value) {
    match body {
        Body::Form(fields) => {
            let name = place.trim_start_matches('/');
            fields.retain(|(field, _)| field != name);
            fields.push((name.to_owned(), text_of(value)));
        }
        Body::Json(root) => {
            let mut at = root;
            for segment in place.split('/').skip(1) {
                let name = segment.replace("~1", "/").replace("~0", "~");
                at = match at {
                    Value::Array(items) => match name.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                        Some(item) => item,
                        None => return,
                    },
                    other => {
                        if !other.is_object() {
                            *other = Value::Object(serde_json::Map::new());
                        }
                        let Value::Object(members) = other else { return };
                        members.entry(name).or_insert(Value::Null)
                    }
                };
            }
            *at = value.clone();
        }
    }
}

/// A value as it stands in an address or a form.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A text as it stands in a form (WHATWG URL, 5).
pub fn form_encoded(text: &str) -> String {
    // The only way to the serialiser that needs no further library.
    let Ok(mut url) = Url::parse("http://f/") else { return String::new() };
    url.query_pairs_mut().append_pair("", text);
    url.query().and_then(|query| query.strip_prefix('=')).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Body {
        Body::Json(serde_json::from_str(text).unwrap())
    }

    fn text(body: &Body) -> String {
        String::from_utf8(encoded(body).1).unwrap()
    }

    #[test]
    fn placeholders_are_filled_in_and_escaped() {
        let named = |name: &str| format!("{name}\"&区");
        let now = Time(1_755_219_600_000);
        let body = filled(&json(r#"{"a":["{username}",1],"t":"{now:ms}"}"#), now, &TimeZone::UTC, named);
        assert_eq!(text(&body), r#"{"a":["username\"&区",1],"t":"1755219600000"}"#);
        let form = Body::Form(vec![("p".into(), "{password}".into())]);
        assert_eq!(text(&filled(&form, now, &TimeZone::UTC, named)), "p=password%22%26%E5%8C%BA");
    }

    #[test]
    fn places_in_bodies_are_set_once() {
        let mut body = json(r#"{"query":{"type":1},"list":[{}]}"#);
        put(&mut body, "/query/pageNum", &2.into());
        put(&mut body, "/new/a~1b", &"x".into());
        put(&mut body, "/list/0/n", &true.into());
        put(&mut body, "/list/7/n", &true.into());
        assert_eq!(text(&body), r#"{"query":{"type":1,"pageNum":2},"list":[{"n":true}],"new":{"a/b":"x"}}"#);
        let mut form = Body::Form(vec![("page".into(), "0".into()), ("a".into(), "b".into())]);
        put(&mut form, "/page", &3.into());
        assert_eq!(text(&form), "a=b&page=3");
    }
}
