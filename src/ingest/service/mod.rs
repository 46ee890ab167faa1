//! Services of features over HTTP that have a protocol of their own.
//!
//! In: the address of a service. Out: what is asked first ([`Service::plan`],
//! made from what the service says about itself), and of each answer its
//! records as GeoJSON and where the next page is ([`Reader`]). All the rest,
//! from deadlines to pages, is that of an address that is polled ([`super::http`]).
//!
//! | kind | says about itself | a page is | the next page |
//! |---|---|---|---|
//! | `ogc-features` | landing page, conformance, collections | GeoJSON | its `next` link |
//! | `wfs` | capabilities | GeoJSON | `startIndex` |
//! | `arcgis` | the layer | GeoJSON or Esri JSON | `resultOffset`, while it exceeded its limit |
//! | `sensorthings` | nothing | things with their last readings | its `@iot.nextLink` |

mod arcgis;
mod ogc_features;
mod sensorthings;
mod wfs;
mod xml;

use std::borrow::Cow;
use std::time::Instant;

use reqwest::Url;
use reqwest::header::ACCEPT;
use serde_json::Value;

use crate::config::source::{Service as Protocol, ServiceOrigin};
use crate::domain::time::Time;

use super::client::{Client, check_status, secs};
use super::credentials::set_query;
use super::decode::Document;
use super::fault::Fault;

/// Most bytes that a service may say about itself.
const MAX_ABOUT_BYTES: u64 = 16 << 20;

/// Most bytes of a page that is read as a tree, which takes ten times as much.
const MAX_TREE_BYTES: usize = 32 << 20;

/// Names that are listed where the configured one is missing.
const MAX_LISTED: usize = 12;

/// A service, and what it said about itself.
pub struct Service {
    origin: Box<ServiceOrigin>,
    plan: Option<Plan>,
}

/// How a service is asked.
#[derive(Clone, Debug)]
struct Plan {
    first: Url,
    reader: Reader,
}

/// What an answer of a service is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reader {
    /// Of OGC API – Features.
    OgcFeatures,
    /// Of a WFS.
    Wfs {
        /// Features in a page; `None` where it knows no pages.
        per_page: Option<u32>,
    },
    /// Of ArcGIS.
    ArcGis {
        /// Whether it is GeoJSON.
        is_geojson: bool,
        /// Features in a page; `None` where it knows no pages.
        per_page: Option<u32>,
    },
    /// Of SensorThings.
    SensorThings,
}

/// The records of an answer.
pub struct Page<'a> {
    /// GeoJSON.
    pub body: Cow<'a, [u8]>,
    /// What is missing in it.
    pub notes: Vec<String>,
}

impl<'a> From<&'a [u8]> for Page<'a> {
    fn from(body: &'a [u8]) -> Self {
        Self { body: Cow::Borrowed(body), notes: Vec::new() }
    }
}

/// What follows a page.
#[derive(Debug, Default, PartialEq)]
pub struct Next {
    /// Where the next page is.
    pub href: Option<String>,
    /// What is missing, where there is none.
    pub note: Option<String>,
}

impl Service {
    /// A service that said nothing yet.
    pub fn new(origin: Box<ServiceOrigin>) -> Self {
        Self { origin, plan: None }
    }

    /// Whether only what is newer than the last good answer is asked for.
    pub fn has_since(&self) -> bool {
        matches!(self.origin.service, Protocol::OgcFeatures { since: true, .. })
    }

    /// What is asked first, for what is newer than `since`, and what the answers
    /// are. Asks the service about itself, once until [`Self::forget`].
    ///
    /// # Errors
    /// When it says nothing, is none of its kind, or has not what is wanted.
    pub async fn question(&mut self, client: &Client, since: Option<Time>) -> Result<(Url, Reader), Fault> {
        let plan = match &self.plan {
            Some(plan) => plan.clone(),
            None => self.made_plan(client).await?,
        };
        self.plan = Some(plan.clone());
        let mut url = plan.first;
        if let Some(since) = since {
            set_query(&mut url, "datetime", &ogc_features::newer_than(since));
        }
        Ok((url, plan.reader))
    }

    async fn made_plan(&self, client: &Client) -> Result<Plan, Fault> {
        let origin = &self.origin;
        match &origin.service {
            Protocol::OgcFeatures { collection, .. } => {
                let first = ogc_features::first(client, collection.as_deref(), origin).await?;
                Ok(Plan { first, reader: Reader::OgcFeatures })
            }
            Protocol::Wfs { type_names, srs_name } => {
                let (first, per_page) = wfs::first(client, type_names, srs_name.as_deref(), origin).await?;
                Ok(Plan { first, reader: Reader::Wfs { per_page } })
            }
            Protocol::ArcGis { filter } => {
                let (first, is_geojson, per_page) = arcgis::first(client, filter, origin).await?;
                Ok(Plan { first, reader: Reader::ArcGis { is_geojson, per_page } })
            }
            Protocol::SensorThings => {
                let first = sensorthings::first(client.url(), origin.per_page);
                Ok(Plan { first, reader: Reader::SensorThings })
            }
        }
    }

    /// Forgets what the service said: after a fault it may be another.
    pub fn forget(&mut self) {
        self.plan = None;
    }
}

impl Reader {
    /// The records of an answer.
    ///
    /// # Errors
    /// When it tells of a fault, or is none of its kind.
    pub fn read<'a>(&self, body: &'a [u8]) -> Result<Page<'a>, Fault> {
        let is_tree = matches!(self, Self::ArcGis { is_geojson: false, .. } | Self::SensorThings);
        if is_tree && body.len() > MAX_TREE_BYTES {
            return Err(Fault::TooLarge { limit: MAX_TREE_BYTES as u64 });
        }
        match self {
            Self::OgcFeatures => Ok(body.into()),
            Self::Wfs { .. } => wfs::read(body),
            Self::ArcGis { is_geojson: true, .. } => Ok(body.into()),
            Self::ArcGis { is_geojson: false, .. } => arcgis::read(body),
            Self::SensorThings => sensorthings::read(body),
        }
    }

    /// What follows the page that was asked for at `asked`, which is
    /// `document`, behind `before` others.
    pub fn next(&self, asked: &Url, before: usize, document: &Document) -> Next {
        let until = before + document.elements;
        let go_on = |parameter: &str, from: usize| {
            let mut url = asked.clone();
            set_query(&mut url, parameter, &from.to_string());
            Next { href: Some(url.into()), note: None }
        };
        let is_missing = document.total.is_some_and(|total| total > until as u64);
        let missing = || {
            let total = document.total.unwrap_or_default();
            Next { href: None, note: Some(format!("服务声明共有 {total} 条,却只给出 {until} 条")) }
        };
        match self {
            Self::OgcFeatures if document.next.is_none() && is_missing => missing(),
            Self::OgcFeatures | Self::SensorThings => Next { href: document.next.clone(), note: None },
            Self::Wfs { per_page: Some(_) } if document.total.is_some() => match document.elements {
                0 if is_missing => missing(),
                _ if is_missing => go_on("startIndex", until),
                _ => Next::default(),
            },
            Self::Wfs { per_page: Some(per_page) } if document.elements >= *per_page as usize => {
                go_on("startIndex", until)
            }
            Self::Wfs { per_page: None } if is_missing => missing(),
            Self::Wfs { .. } => Next::default(),
            // Even where a page is empty: what it exceeded may be time.
            Self::ArcGis { per_page: Some(per_page), .. } if document.is_exceeded => {
                let step = if document.elements == 0 { *per_page as usize } else { document.elements };
                go_on("resultOffset", offset(asked) + step)
            }
            Self::ArcGis { .. } if document.is_exceeded => {
                Next { href: None, note: Some("服务不支持分页,还有更多数据没有返回".into()) }
            }
            Self::ArcGis { .. } => Next::default(),
        }
    }
}

/// How many features the page at `asked` left out.
fn offset(asked: &Url) -> usize {
    let found = asked.query_pairs().find(|(name, _)| name == "resultOffset");
    found.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

/// What a service says about itself, and from where it said so.
async fn about(client: &Client, url: Url, accepted: &'static str) -> Result<(Url, Vec<u8>), Fault> {
    let request = client.get(url).await?.header(ACCEPT, accepted);
    let response = client.send(request).await?;
    check_status(&response)?;
    let base = response.url().clone();
    let until = Instant::now() + secs(client.deadlines().whole_secs);
    Ok((base, client.body(response, MAX_ABOUT_BYTES, until).await?))
}

/// The same as JSON.
async fn about_in_json(client: &Client, url: Url) -> Result<(Url, Value), Fault> {
    let (base, body) = about(client, url, "application/json").await?;
    let value = tree(&body).map_err(|fault| match fault {
        Fault::Malformed(_) => Fault::NotData("服务的自述不是 JSON".into()),
        other => other,
    })?;
    Ok((base, value))
}

/// An answer as a tree.
fn tree(body: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(body).map_err(|error| match body.trim_ascii_start().first() {
        Some(b'<') => Fault::WebPage,
        _ => Fault::Malformed(format!("第 {} 行第 {} 列", error.line(), error.column())),
    })
}

/// A box as all of them take it: west, south, east, north.
fn box_text(bbox: [f64; 4]) -> String {
    bbox.map(|degrees| degrees.to_string()).join(",")
}

/// Puts a segment behind the path of an address.
fn below(url: &Url, segments: &[&str]) -> Url {
    let mut url = url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// The names that there are, where the wanted one is missing.
fn listed(names: &[String]) -> String {
    let more = if names.len() > MAX_LISTED { " 等" } else { "" };
    let names: Vec<&str> = names.iter().take(MAX_LISTED).map(String::as_str).collect();
    format!("{}{more}", names.join("、"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(elements: usize, total: Option<u64>, is_exceeded: bool) -> Document {
        Document { elements, total, is_exceeded, ..Document::default() }
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn query(next: Next) -> Option<String> {
        next.href.map(|href| url(&href).query().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_wfs_goes_on_until_all_are_there() {
        let reader = Reader::Wfs { per_page: Some(10) };
        let asked = url("http://h/wfs?count=10&startIndex=0");
        let next = |before, document: &Document| reader.next(&asked, before, document);
        // Fewer than were asked for are no end where more are promised.
        assert_eq!(query(next(0, &document(4, Some(9), false))).as_deref(), Some("count=10&startIndex=4"));
        assert_eq!(next(4, &document(5, Some(9), false)), Next::default());
        assert!(next(4, &document(0, Some(9), false)).note.is_some());
        assert_eq!(query(next(0, &document(10, None, false))).as_deref(), Some("count=10&startIndex=10"));
        assert_eq!(next(10, &document(3, None, false)), Next::default());
    }

    #[test]
    fn a_layer_goes_on_while_it_exceeds_its_limit() {
        let reader = Reader::ArcGis { is_geojson: true, per_page: Some(10) };
        let asked = url("http://h/0/query?resultOffset=20");
        assert_eq!(query(reader.next(&asked, 0, &document(7, None, true))).as_deref(), Some("resultOffset=27"));
        assert_eq!(query(reader.next(&asked, 0, &document(0, None, true))).as_deref(), Some("resultOffset=30"));
        assert_eq!(reader.next(&asked, 0, &document(10, None, false)), Next::default());
        let reader = Reader::ArcGis { is_geojson: true, per_page: None };
        assert!(reader.next(&asked, 0, &document(7, None, true)).note.is_some());
    }

    #[test]
    fn what_is_promised_and_missing_is_noted() {
        assert!(Reader::OgcFeatures.next(&url("http://h/items"), 0, &document(3, Some(9), false)).note.is_some());
        assert_eq!(Reader::OgcFeatures.next(&url("http://h/items"), 6, &document(3, Some(9), false)), Next::default());
    }
}
