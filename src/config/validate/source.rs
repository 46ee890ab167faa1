//! Checks of `[[sources]]`.
//!
//! In: the tables as written. Out: [`Source`]s, and a complaint about every
//! key that does not belong to the kind or the feed of its source, because
//! such a key does nothing and its writer believes otherwise.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::access::{body, is_https, tls};
use super::address::{HTTP, header, timed_url, url};
use super::credentials::Credentials;
use super::mapping::{field_rules, value_maps, writing};
use super::paging::{checked_paging, checked_since};
use super::postgres;
use super::push;
use super::service;
use super::{
    Entries, MAX_DURATION_SECS, distinct, duration_secs, not_blank, optional_text, refuse_keys_of_other_kinds,
    required, required_text,
};
use crate::config::access::Access;
use crate::config::error::Complaints;
use crate::config::kind::{Kind, SourceKind};
use crate::config::raw::{RawHeader, RawLimits, RawSource};
use crate::config::read::{At, excerpt, joined};
use crate::config::source::{Deadlines, Feed, Limits, Origin, Secret, ServiceOrigin, Source};
use crate::config::units::DurationSecs;
use crate::domain::crs::frame::AxisOrder;

/// Shortest interval between requests, and shortest deadline: below, a wall
/// would be a load test of somebody's back end.
const MIN_INTERVAL_SECS: f64 = 0.2;

/// Missed intervals after which data count as stale.
const STALE_INTERVALS: f64 = 3.0;

/// No data count as stale sooner than this by default, seconds.
const MIN_DEFAULT_STALE_SECS: f64 = 30.0;

/// Checks all sources. `stages` are the stages of the closed loop.
pub(super) fn sources(
    raw: Option<At<Vec<At<RawSource>>>>,
    folder: &Path,
    stages: &[String],
    credentials: &Credentials,
    complaints: &mut Complaints,
) -> Entries<Source> {
    let sources = raw.map(|at| at.value).unwrap_or_default();
    if sources.is_empty() && !complaints.concerns_within("sources") {
        // An editor that saves in two steps leaves an empty file for a moment:
        // a wall that reloads it must not go blank.
        complaints.add_about_file("没有数据源:至少要有一个 [[sources]]");
    }
    let ids: Vec<At<String>> = sources.iter().filter_map(|source| source.value.id.clone()).collect();
    distinct(&ids, "数据源 id ", complaints);
    let values = sources.into_iter().filter_map(|raw| source(raw, folder, stages, credentials, complaints)).collect();
    Entries { values, ids: ids.into_iter().map(|id| id.value).collect() }
}

fn source(
    mut raw: At<RawSource>,
    folder: &Path,
    stages: &[String],
    credentials: &Credentials,
    complaints: &mut Complaints,
) -> Option<Source> {
    let id = raw.value.id.take();
    let id = required(id, "id", &raw, complaints).filter(|id| is_id(id, complaints));
    let feed = raw.value.feed.take();
    let feed = required(feed, "feed", &raw, complaints).map(|at| at.value);
    let kind = raw.value.kind.take();
    let kind_at = kind.as_ref().map(|at| at.offset);
    let kind = required(kind, "kind", &raw, complaints).map(|at| at.value);
    if let Some(kind) = kind {
        refuse_keys_of_other_kinds(raw.value.present(), kind, "数据源", complaints);
    }
    if let (Some(kind), Some(at)) = (kind, kind_at.filter(|_| kind.is_some_and(|kind| !kind.is_built()))) {
        let message = format!("本程序编译时没有加入 kind = \"{0}\"(cargo 特性 `{0}`)", kind.name());
        complaints.add(at, joined(&raw.key, "kind"), message);
    }
    let origin = kind.and_then(|kind| origin(&mut raw, kind, feed, folder, credentials, complaints));
    // By its URN a system has the axes that EPSG gives it: north first.
    let is_north_first = matches!(&origin, Some(Origin::Service(origin)) if service::is_north_first(&origin.service));
    let has_axis_order = raw.value.axis_order.is_some();
    let mut writing = writing(&mut raw.value, complaints);
    if is_north_first && !has_axis_order {
        writing.axis_order = AxisOrder::LatLon;
    }
    let RawSource { name, records, crs, level, parent, stale_after, limits, fields, values, .. } = raw.value;
    let name = optional_text(name, complaints);
    let records = records.and_then(|records| pointer(records, complaints));
    if let Some(feed) = feed.filter(|feed| *feed != Feed::Areas) {
        let area_keys =
            [("level", level.as_ref().map(|at| at.key_offset)), ("parent", parent.as_ref().map(|at| at.key_offset))];
        for (name, offset) in area_keys {
            let Some(offset) = offset else { continue };
            let message = format!("`{name}` 只用于 feed = \"areas\" 的数据源,这里是 \"{}\"", feed.name());
            complaints.add(offset, joined(&raw.key, name), message);
        }
    }
    let parent = optional_text(parent, complaints);
    let fields = fields.map(|at| field_rules(at.value, feed, complaints)).unwrap_or_default();
    let values = values.map(|at| value_maps(at.value, feed, stages, complaints)).unwrap_or_default();
    let limits = limits.map(|at| checked_limits(at.value, complaints)).unwrap_or_default();
    let stale_after_secs = origin.as_ref().map_or(0.0, |origin| stale_after_secs(stale_after, origin, complaints));
    let id = id?.value;
    Some(Source {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        feed: feed?,
        origin: origin?,
        records,
        crs: crs.map(|at| at.value).unwrap_or_default(),
        writing,
        fields,
        values,
        level: level.map(|at| at.value),
        parent,
        stale_after_secs,
        limits,
    })
}

/// Whether an id is made of ASCII letters, digits, `-` and `_`: it also names
/// files of the cache.
pub(super) fn is_id(id: &At<String>, complaints: &mut Complaints) -> bool {
    let good = !id.value.is_empty() && id.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !good {
        let message = format!("id `{}` 只能由字母、数字、- 和 _ 组成", excerpt(&id.value));
        complaints.add(id.offset, &id.key, message);
    }
    good
}

fn origin(
    raw: &mut At<RawSource>,
    kind: SourceKind,
    feed: Option<Feed>,
    folder: &Path,
    credentials: &Credentials,
    complaints: &mut Complaints,
) -> Option<Origin> {
    if kind == SourceKind::File {
        let path = raw.value.path.take();
        let path = required_text(path, "path", raw, complaints)?;
        return resolved(path, folder, complaints).map(|path| Origin::File { path });
    }
    if let SourceKind::WebSocket | SourceKind::Mqtt = kind {
        return push::origin(raw, kind, feed, folder, complaints);
    }
    if kind == SourceKind::Postgres {
        return postgres::origin(raw, feed, folder, credentials, complaints);
    }
    let address = raw.value.url.take();
    let address = required_text(address, "url", raw, complaints);
    let is_https = address.as_ref().is_none_or(|address| is_https(&address.value));
    let address = address.and_then(|address| match kind {
        SourceKind::Http => timed_url(address, complaints),
        _ => url(address, &HTTP, None, complaints),
    });
    let headers = headers(raw.value.headers.take(), folder, complaints);
    let access = Access {
        credentials: raw.value.credentials.take().and_then(|id| credentials.named(&id, complaints)),
        tls: tls(raw.value.tls.take(), is_https, folder, complaints),
    };
    if let (Some(_), Some((name, _))) =
        (&access.credentials, headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization")))
    {
        complaints.add(raw.offset, joined(&raw.key, "headers"), format!("请求头 `{name}` 与 `credentials` 只能写一个"));
    }
    let deadlines = source_deadlines(&mut raw.value, complaints);
    let is_service =
        matches!(kind, SourceKind::OgcFeatures | SourceKind::Wfs | SourceKind::ArcGis | SourceKind::SensorThings);
    if is_service {
        let every_secs = every_secs(&mut raw.value, default_every_secs(feed), complaints);
        let (service, bbox) = service::service(raw, kind, feed, complaints);
        let per_page = service::per_page(raw.value.per_page.take(), complaints);
        let (url, service) = (address?, service?);
        let origin = ServiceOrigin { url, service, every_secs, per_page, bbox, headers, access, deadlines };
        return Some(Origin::Service(Box::new(origin)));
    }
    if kind == SourceKind::Sse {
        return Some(Origin::Sse { url: address?, headers, access, deadlines });
    }
    let every_secs = every_secs(&mut raw.value, default_every_secs(feed), complaints);
    let body = body(raw.value.json.take(), raw.value.form.take(), &[], complaints);
    let paging = raw.value.paging.take();
    let paging = paging.map(|paging| checked_paging(paging, body.as_ref(), complaints)).unwrap_or_default();
    let since = checked_since((raw.value.since.take(), raw.value.since_format.take()), body.as_ref(), complaints);
    Some(Origin::Http { url: address?, every_secs, paging, since, body, headers, access, deadlines })
}

/// How often a feed is asked for by default, seconds: as often as its records
/// change in a real deployment.
pub(super) const fn default_every_secs(feed: Option<Feed>) -> f64 {
    match feed {
        // A feed that could not be read has its complaint: the shortest
        // interval then brings no second one.
        None => MIN_INTERVAL_SECS,
        Some(Feed::Areas | Feed::Context) => 600.0,
        Some(Feed::Events) => 5.0,
        Some(Feed::Devices) => 10.0,
        Some(Feed::Tracks | Feed::Figures) => 30.0,
        Some(Feed::Cameras) => 60.0,
    }
}

/// How often a source is asked, seconds: `usual_secs` when it does not say.
pub(super) fn every_secs(raw: &mut RawSource, usual_secs: f64, complaints: &mut Complaints) -> f64 {
    duration_secs(raw.every.take(), MIN_INTERVAL_SECS, usual_secs, complaints)
}

/// `path` from `folder` on, or as it is when absolute.
pub(super) fn resolved(path: At<String>, folder: &Path, complaints: &mut Complaints) -> Option<PathBuf> {
    if !not_blank(&path, complaints) {
        return None;
    }
    if path.value.starts_with('~') {
        complaints.add(path.offset, path.key, "路径中的 ~ 不会展开,请写绝对路径或相对于配置文件的路径");
        return None;
    }
    Some(folder.join(path.value))
}

pub(super) fn headers(
    raw: Option<At<BTreeMap<String, At<RawHeader>>>>,
    folder: &Path,
    complaints: &mut Complaints,
) -> Vec<(String, Secret)> {
    let named = raw.map(|at| at.value).unwrap_or_default();
    // Names of headers do not differ by case (RFC 9110, section 5.1).
    let names: Vec<At<String>> = named
        .iter()
        .map(|(name, at)| At {
            value: name.to_lowercase(),
            key: at.key.clone(),
            offset: at.key_offset,
            key_offset: at.key_offset,
        })
        .collect();
    distinct(&names, "请求头", complaints);
    named.into_iter().filter_map(|(name, value)| header(&name, value, folder, complaints)).collect()
}

/// The deadlines of a source.
pub(super) fn source_deadlines(raw: &mut RawSource, complaints: &mut Complaints) -> Deadlines {
    deadlines([raw.connect_timeout.take(), raw.idle_timeout.take(), raw.whole_timeout.take()], complaints)
}

/// Deadlines until the connection stands, between bytes, and of the whole.
pub(super) fn deadlines(
    [connect, idle, whole]: [Option<At<DurationSecs>>; 3],
    complaints: &mut Complaints,
) -> Deadlines {
    let usual = Deadlines::default();
    let whole_at = whole.as_ref().map(|at| (at.offset, at.key.clone()));
    let mut secs = |duration, default| duration_secs(duration, MIN_INTERVAL_SECS, default, complaints);
    let deadlines = Deadlines {
        connect_secs: secs(connect, usual.connect_secs),
        idle_secs: secs(idle, usual.idle_secs),
        whole_secs: secs(whole, usual.whole_secs),
    };
    if let Some((offset, key)) = whole_at.filter(|_| deadlines.whole_secs < deadlines.connect_secs) {
        complaints.add(
            offset,
            key,
            format!("总时限 {}s 短于连接时限 {}s", deadlines.whole_secs, deadlines.connect_secs),
        );
    }
    deadlines
}

/// A JSON pointer (RFC 6901).
pub(super) fn pointer(text: At<String>, complaints: &mut Complaints) -> Option<String> {
    if !is_pointer(&text.value) {
        let message = format!("`{}` 不是 JSON 指针,写作 `/data/records`(RFC 6901)", excerpt(&text.value));
        complaints.add(text.offset, text.key, message);
        return None;
    }
    Some(text.value)
}

/// Empty, or `/`-led parts in which `~` only stands before 0 or 1.
pub(super) fn is_pointer(text: &str) -> bool {
    let is_escaped = |tail: &str| tail.starts_with(['0', '1']);
    (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(is_escaped)
}

fn checked_limits(raw: RawLimits, complaints: &mut Complaints) -> Limits {
    let usual = Limits::default();
    let mut at_least_one = |number: u64, offset: usize, key: &str| {
        if number == 0 {
            complaints.add(offset, key, "上限应大于 0,却是 0");
        }
        number
    };
    let mut count = |at: Option<At<u64>>, default: usize| {
        at.map_or(default, |at| usize::try_from(at_least_one(at.value, at.offset, &at.key)).unwrap_or(usize::MAX))
    };
    let (records, vertices) = (count(raw.records, usual.records), count(raw.vertices, usual.vertices));
    let bytes = raw.bytes.map_or(usual.bytes, |at| at_least_one(at.value.0, at.offset, &at.key));
    Limits { bytes, records, vertices }
}

/// A file is current until it changes, so it is never stale unless the
/// configuration says so; a poll is stale after some missed intervals; a
/// stream after two of its longest silences.
fn stale_after_secs(raw: Option<At<DurationSecs>>, origin: &Origin, complaints: &mut Complaints) -> f64 {
    // What is not asked again and again has no interval to fall short of.
    let every_secs = origin.every_secs().unwrap_or(0.0);
    let default_secs = match origin {
        Origin::File { .. } => MAX_DURATION_SECS,
        Origin::Http { .. } | Origin::Postgres(_) | Origin::Service(_) => every_secs * STALE_INTERVALS,
        Origin::Sse { deadlines, .. } => deadlines.whole_secs * 2.0,
        Origin::WebSocket(socket) => socket.deadlines.whole_secs * 2.0,
        // A broker is heard of at least this often.
        Origin::Mqtt(broker) => f64::from(broker.keep_alive_secs) * STALE_INTERVALS,
    };
    let default_secs = default_secs.max(MIN_DEFAULT_STALE_SECS);
    let at = raw.as_ref().map(|at| (at.offset, at.key.clone()));
    let secs = duration_secs(raw, MIN_INTERVAL_SECS, default_secs, complaints);
    if let Some((offset, key)) = at.filter(|_| secs < every_secs) {
        let message = format!("{secs}s 比请求间隔 {every_secs}s 还短,数据会总是显示为过期");
        complaints.add(offset, key, message);
    }
    secs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_follow_rfc_6901() {
        for good in ["", "/", "/data/records", "/a~1b/~0", "/属性/名称"] {
            assert!(is_pointer(good), "{good}");
        }
        for bad in ["data", "/a~", "/a~2", "data/~1"] {
            assert!(!is_pointer(bad), "{bad}");
        }
    }
}
