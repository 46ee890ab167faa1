//! OGC API – Features, Part 1 (OGC 17-069r4).
//!
//! In: the address of a landing page, a collection, or its items. Out: the
//! address of the items. Links lead the way (7.1: landing page → `data` →
//! collection → `items`); paths are computed only where a collection links to
//! no items.

use jiff::tz::TimeZone;
use reqwest::Url;
use serde_json::Value;

use crate::config::source::ServiceOrigin;
use crate::config::template::TimeFormat;
use crate::domain::time::Time;
use crate::ingest::client::Client;
use crate::ingest::credentials::set_query;
use crate::ingest::fault::Fault;

use super::{about_in_json, below, box_text, listed};

/// Classes of conformance: features, and features as GeoJSON (annex A). What
/// stands before them differs by version.
const CORE: [&str; 2] = ["ogcapi-features-1", "wfs-3"];
const GEOJSON: &str = "/conf/geojson";

/// The longest that relation names are written.
const LONG_RELATION: &str = "http://www.opengis.net/def/rel/ogc/1.0/";

/// What is asked first.
///
/// # Errors
/// When the service is another, or has no such collection.
pub async fn first(client: &Client, collection: Option<&str>, origin: &ServiceOrigin) -> Result<Url, Fault> {
    let mut url = items(client, collection).await?;
    set_query(&mut url, "limit", &origin.per_page.to_string());
    if let Some(bbox) = origin.bbox {
        set_query(&mut url, "bbox", &box_text(bbox));
    }
    Ok(url)
}

/// An interval without an end (7.15.4).
pub fn newer_than(since: Time) -> String {
    format!("{}/..", TimeFormat::Rfc3339.render(since, &TimeZone::UTC))
}

/// Where the items are.
async fn items(client: &Client, collection: Option<&str>) -> Result<Url, Fault> {
    let url = client.url().clone();
    if url.path().trim_end_matches('/').ends_with("/items") {
        return Ok(url);
    }
    let (base, page) = about_in_json(client, url).await?;
    if let Some(items) = link(client, &base, &page, "items")? {
        return Ok(items);
    }
    let (base, page) = if page.get("collections").is_some() {
        (base, page)
    } else {
        conforms(client, &base, &page).await?;
        let Some(collections) = link(client, &base, &page, "data")? else {
            return Err(Fault::NotData(
                "不是 OGC API – Features 的首页、集合或 items(没有 rel=\"data\" 的链接)".into(),
            ));
        };
        about_in_json(client, collections).await?
    };
    let collections = page.get("collections").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let id = |found: &Value| found.get("id").and_then(Value::as_str).map(str::to_owned);
    let found = match (collection, collections) {
        (Some(wanted), _) => collections.iter().find(|found| id(found).as_deref() == Some(wanted)),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let Some(found) = found else {
        let ids: Vec<String> = collections.iter().filter_map(id).collect();
        let what = if collection.is_some() { "没有这个 collection" } else { "请写 collection" };
        return Err(Fault::Unusable(format!("{what},服务中有 {}", listed(&ids))));
    };
    match link(client, &base, found, "items")? {
        Some(items) => Ok(items),
        None => Ok(below(&base, &[&id(found).unwrap_or_default(), "items"])),
    }
}

/// Checks what the service says that it conforms to, where it says anything.
async fn conforms(client: &Client, base: &Url, page: &Value) -> Result<(), Fault> {
    let declared = match page.get("conformsTo") {
        Some(declared) => declared.clone(),
        None => match link(client, base, page, "conformance")? {
            // What cannot be read says nothing against it.
            Some(url) => match about_in_json(client, url).await {
                Ok((_, said)) => said.get("conformsTo").cloned().unwrap_or_default(),
                Err(_) => return Ok(()),
            },
            None => return Ok(()),
        },
    };
    let classes: Vec<&str> = declared.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if classes.is_empty() {
        return Ok(());
    }
    if !classes.iter().any(|class| CORE.iter().any(|core| class.contains(core))) {
        return Err(Fault::NotData("服务没有声明符合 OGC API – Features".into()));
    }
    if !classes.iter().any(|class| class.ends_with(GEOJSON)) {
        return Err(Fault::NotData("服务没有声明提供 GeoJSON".into()));
    }
    Ok(())
}

/// The link of a relation, JSON before anything else.
fn link(client: &Client, base: &Url, page: &Value, relation: &str) -> Result<Option<Url>, Fault> {
    let links = page.get("links").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_it = |link: &&Value| {
        let rel = link.get("rel").and_then(Value::as_str).unwrap_or_default();
        rel.strip_prefix(LONG_RELATION).unwrap_or(rel) == relation
    };
    let rank = |link: &&Value| match link.get("type").and_then(Value::as_str).unwrap_or_default() {
        kind if kind.contains("geo+json") => 0,
        kind if kind.is_empty() || kind.contains("json") => 1,
        _ => 2,
    };
    let best = links.iter().filter(is_it).min_by_key(rank).and_then(|link| link.get("href")).and_then(Value::as_str);
    best.map(|href| client.resolve(base, href)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_no_end() {
        assert_eq!(newer_than(Time(1_755_219_600_999)), "2025-08-15T01:00:00Z/..");
    }
}
