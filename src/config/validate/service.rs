//! Checks of `[[sources]]` of the kinds `ogc-features`, `wfs`, `arcgis` and
//! `sensorthings`.
//!
//! In: the tables as written. Out: [`Service`] with its box and page size, and
//! complaints: about what such a service would not understand, and about
//! coordinate systems that it is not asked for.

use super::{not_blank, optional_text, required_text};
use crate::config::error::Complaints;
use crate::config::kind::{Kind, SourceKind};
use crate::config::raw::RawSource;
use crate::config::read::{At, joined};
use crate::config::source::{Feed, Service};
use crate::domain::crs::Crs;

/// Most features that are asked for at once.
const MAX_PER_PAGE: u64 = 100_000;

/// Features that are asked for at once when the file does not say.
const USUAL_PER_PAGE: u32 = 1_000;

/// Everything, in SQL.
const EVERYTHING: &str = "1=1";

/// The only parameter that asks OGC API – Features for what is newer.
const DATETIME: &str = "datetime";

/// The protocol, and the box that is asked for; `None` after complaining.
pub(super) fn service(
    raw: &mut At<RawSource>,
    kind: SourceKind,
    feed: Option<Feed>,
    complaints: &mut Complaints,
) -> (Option<Service>, Option<[f64; 4]>) {
    if let Some(records) = &raw.value.records {
        let message = format!("`records` 不用于 kind = \"{}\":它的应答有固定的写法", kind.name());
        complaints.add(records.key_offset, &records.key, message);
    }
    let bbox = raw.value.bbox.take().and_then(|bbox| checked_box(bbox, complaints));
    let srs_name = raw.value.srs_name.take().filter(|name| not_blank(name, complaints));
    if let Some(crs) = raw.value.crs.as_ref().filter(|crs| !is_in_degrees(crs.value) && srs_name.is_none()) {
        let message = match kind {
            SourceKind::Wfs => "没有写 srs_name 时按经纬度(EPSG:4326)取数,crs 不能是平面坐标系",
            _ => "按经纬度(EPSG:4326)取数,crs 不能是平面坐标系",
        };
        complaints.add(crs.offset, &crs.key, message);
    }
    let service = match kind {
        SourceKind::OgcFeatures => {
            let collection = optional_text(raw.value.collection.take(), complaints);
            let since = raw.value.since.take();
            if let Some(since) = since.as_ref() {
                if since.value != DATETIME {
                    complaints.add(since.offset, &since.key, "ogc-features 的增量参数只有 since = \"datetime\"");
                } else if feed.is_some_and(|feed| feed != Feed::Events) {
                    complaints.add(since.offset, &since.key, "增量只用于 feed = \"events\",其他数据每次都要取全");
                }
            }
            Some(Service::OgcFeatures { collection, since: since.is_some() })
        }
        SourceKind::Wfs => {
            let type_names = raw.value.type_names.take();
            let type_names = required_text(type_names, "type_names", raw, complaints);
            let srs_name = srs_name.map(|name| name.value);
            type_names.map(|name| Service::Wfs { type_names: name.value, srs_name })
        }
        SourceKind::ArcGis => {
            let filter = optional_text(raw.value.filter.take(), complaints);
            Some(Service::ArcGis { filter: filter.unwrap_or_else(|| EVERYTHING.to_owned()) })
        }
        _ => {
            if let Some(feed) = feed.filter(|feed| *feed != Feed::Devices) {
                let message = format!("sensorthings 只有读数:feed 应为 \"devices\",却是 \"{}\"", feed.name());
                complaints.add(raw.offset, joined(&raw.key, "feed"), message);
            }
            Some(Service::SensorThings)
        }
    };
    (service, bbox)
}

const fn is_in_degrees(crs: Crs) -> bool {
    matches!(crs, Crs::Wgs84 | Crs::Cgcs2000 | Crs::Gcj02 | Crs::Bd09)
}

/// Whether what is asked for has its northing first.
pub(super) fn is_north_first(service: &Service) -> bool {
    let Service::Wfs { srs_name: Some(name), .. } = service else { return false };
    let name = name.to_ascii_lowercase();
    name.starts_with("urn:ogc:def:crs:epsg:") && (name.ends_with(":4326") || name.ends_with(":4490"))
}

/// Features that are asked for at once.
pub(super) fn per_page(raw: Option<At<u64>>, complaints: &mut Complaints) -> u32 {
    raw.map_or(USUAL_PER_PAGE, |at| {
        if !(1..=MAX_PER_PAGE).contains(&at.value) {
            complaints.add(at.offset, &at.key, format!("每页记录数须在 1 到 {MAX_PER_PAGE} 之间,却是 {}", at.value));
        }
        at.value.clamp(1, MAX_PER_PAGE) as u32
    })
}

/// West, south, east, north.
fn checked_box(raw: At<Vec<At<f64>>>, complaints: &mut Complaints) -> Option<[f64; 4]> {
    let numbers: Vec<f64> = raw.value.iter().map(|at| at.value).collect();
    let good = match numbers[..] {
        [west, south, east, north] => {
            let is_on_earth = west >= -180.0 && east <= 180.0 && south >= -90.0 && north <= 90.0;
            (is_on_earth && west < east && south < north).then_some([west, south, east, north])
        }
        _ => None,
    };
    if good.is_none() {
        complaints.add(raw.offset, &raw.key, "应为 [西, 南, 东, 北] 四个经纬度,例如 [120.6, 31.2, 120.8, 31.4]");
    }
    good
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn checked(numbers: &[f64]) -> Option<[f64; 4]> {
        let numbers = numbers.iter().map(|&value| At { value, key: "bbox".to_owned(), offset: 0, key_offset: 0 });
        let raw = At { value: numbers.collect(), key: "bbox".to_owned(), offset: 0, key_offset: 0 };
        checked_box(raw, &mut Complaints::new("", Path::new("config.toml")))
    }

    #[test]
    fn a_box_is_west_south_east_north() {
        assert_eq!(checked(&[120.6, 31.2, 120.8, 31.4]), Some([120.6, 31.2, 120.8, 31.4]));
        for bad in [&[31.2, 120.6, 31.4, 120.8][..], &[120.8, 31.2, 120.6, 31.4], &[1.0, 2.0, 3.0], &[]] {
            assert_eq!(checked(bad), None, "{bad:?}");
        }
    }
}
