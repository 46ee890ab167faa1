//! Checks of `paging` and `since`: how an answer is cut, and how changes are
//! asked for.
//!
//! In: the tables as written, and whether the request has a body. Out:
//! [`Paging`] and [`Since`]; a key of another way of paging is refused.

use super::address::is_token;
use super::source::{is_pointer, pointer};
use crate::config::access::Body;
use crate::config::error::Complaints;
use crate::config::raw::RawPaging;
use crate::config::read::{At, excerpt, joined};
use crate::config::source::{Paging, Since};
use crate::config::template::TimeFormat;

/// Most records that one page may be asked for.
const MAX_PER_PAGE: u64 = 100_000;

/// Records per page when the file does not say.
const USUAL_PER_PAGE: u32 = 500;

/// The ways of paging: the key that chooses each, its name, and its keys.
const WAYS: [(&str, &str, &[&str]); 3] = [
    ("cursor", "游标", &["cursor", "next", "size", "per_page"]),
    ("offset", "偏移", &["offset", "limit", "per_page", "total"]),
    ("page", "页码", &["page", "first", "size", "per_page", "total"]),
];

/// Checks `paging`. A cursor or an offset chooses that way, else pages have
/// numbers.
pub(super) fn checked_paging(raw: At<RawPaging>, body: Option<&Body>, complaints: &mut Complaints) -> Paging {
    let At { value: raw, key, offset, .. } = raw;
    let present = raw.present();
    let has = |name: &str| present.iter().any(|(key, ..)| *key == name);
    let (way, what, keys) = WAYS.into_iter().find(|(way, ..)| has(way)).unwrap_or(WAYS[2]);
    for (name, key, at) in present.iter().filter(|(name, ..)| !keys.contains(name)) {
        complaints.add(*at, *key, format!("`{name}` 不能用于{what}分页,它的键有 {}", keys.join("、")));
    }
    let per_page = raw.per_page.as_ref().map_or(USUAL_PER_PAGE, |at| {
        if !(1..=MAX_PER_PAGE).contains(&at.value) {
            complaints.add(at.offset, &at.key, format!("每页记录数须在 1 到 {MAX_PER_PAGE} 之间,却是 {}", at.value));
        }
        at.value.min(MAX_PER_PAGE) as u32
    });
    let name = |text: Option<At<String>>, default: &str, complaints: &mut Complaints| {
        text.and_then(|text| parameter(text, body, complaints)).unwrap_or_else(|| default.to_owned())
    };
    match way {
        "cursor" => {
            let cursor = name(raw.cursor, "cursor", complaints);
            let size = raw.size.map(|size| (name(Some(size), "size", complaints), per_page));
            if raw.per_page.is_some() && size.is_none() {
                complaints.add(offset, joined(&key, "size"), "写了 per_page,还要写 size:每页条数的参数名");
            }
            let next_key = joined(&key, "next");
            if raw.next.is_none() && !complaints.concerns(&next_key) {
                complaints.add(
                    offset,
                    next_key,
                    "游标分页要写 next:下一页游标在应答中的 JSON 指针,如 /data/nextCursor",
                );
            }
            let next = raw.next.and_then(|next| pointer(next, complaints)).unwrap_or_default();
            Paging::Cursor { cursor, next, size }
        }
        "offset" => {
            let (offset, limit) = (name(raw.offset, "offset", complaints), name(raw.limit, "limit", complaints));
            Paging::Offset { offset, limit, per_page, total: total(raw.total, complaints) }
        }
        _ => {
            let (page, size) =
                (name(raw.page.clone(), "pageNum", complaints), name(raw.size.clone(), "pageSize", complaints));
            if let Some(at) = raw.size.or(raw.page).filter(|_| page == size) {
                complaints.add(at.offset, at.key, "page 与 size 不能是同一个参数");
            }
            let first = raw.first.map_or(1, |first| {
                if first.value > 1 {
                    complaints.add(first.offset, &first.key, format!("首页的页码是 0 或 1,却是 {}", first.value));
                }
                first.value.min(1) as u32
            });
            Paging::Number { page, size, per_page, first, total: total(raw.total, complaints) }
        }
    }
}

fn total(raw: Option<At<String>>, complaints: &mut Complaints) -> String {
    raw.and_then(|total| pointer(total, complaints)).unwrap_or_else(|| "/data/total".to_owned())
}

/// Checks `since` and `since_format`.
pub(super) fn checked_since(
    (since, format): (Option<At<String>>, Option<At<String>>),
    body: Option<&Body>,
    complaints: &mut Complaints,
) -> Option<Since> {
    if let Some(format) = format.as_ref().filter(|_| since.is_none()) {
        complaints.add(format.key_offset, &format.key, "`since_format` 要与 `since` 一起写");
    }
    let format = format.map_or(Some(TimeFormat::default()), |format| time_format(&format, complaints));
    let parameter = since.and_then(|since| parameter(since, body, complaints))?;
    Some(Since { parameter, format: format? })
}

/// How an instant is written.
pub(super) fn time_format(format: &At<String>, complaints: &mut Complaints) -> Option<TimeFormat> {
    let known = TimeFormat::parse(&format.value);
    if known.is_none() {
        let message = "时间格式应为 ms、s、rfc3339,或 strftime 写法如 %Y-%m-%d %H:%M:%S";
        complaints.add(format.offset, &format.key, message);
    }
    known
}

/// The name of a query parameter, or a place in the body.
fn parameter(name: At<String>, body: Option<&Body>, complaints: &mut Complaints) -> Option<String> {
    if name.value.starts_with('/') {
        let fault = match body {
            None => "以 / 开头的是正文中的位置,而这里没有正文(json 或 form)",
            Some(Body::Json(_)) if !is_pointer(&name.value) || name.value == "/" => {
                "不是 JSON 指针,写作 `/query/pageNum`"
            }
            Some(Body::Form(_)) if name.value[1..].is_empty() || name.value[1..].contains('/') => {
                "不是表单中的字段,写作 `/pageNum`"
            }
            Some(_) => return Some(name.value),
        };
        complaints.add(name.offset, name.key, format!("`{}` {fault}", excerpt(&name.value)));
        return None;
    }
    if !is_token(&name.value) || name.value.contains(['&', '#', '+']) {
        complaints.add(name.offset, name.key, format!("`{}` 不是网址参数的名称", excerpt(&name.value)));
        return None;
    }
    Some(name.value)
}
