//! Services of features as sources, as they are read.

use super::{parsed, refused};
use crate::config::source::{Origin, Service, ServiceOrigin};
use crate::domain::crs::frame::AxisOrder;

fn service(kind: &str, keys: &str) -> String {
    let feed = if kind == "sensorthings" { "devices" } else { "events" };
    format!("[[sources]]\nid = \"s\"\nfeed = \"{feed}\"\nkind = \"{kind}\"\nurl = \"https://gis/a\"\n{keys}")
}

fn origin(text: &str) -> ServiceOrigin {
    match &parsed(text).sources[0].origin {
        Origin::Service(origin) => (**origin).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn services_are_asked_by_their_protocols() {
    let usual = origin(&service("ogc-features", ""));
    assert_eq!((usual.per_page, usual.every_secs, usual.bbox), (1_000, 5.0, None));
    assert_eq!(usual.service, Service::OgcFeatures { collection: None, since: false });
    let keys = "collection = \"parts\"\nsince = \"datetime\"\nper_page = 50\nbbox = [120.5, 31.0, 121.0, 32.0]\n";
    let other = origin(&service("ogc-features", keys));
    assert_eq!((other.per_page, other.bbox), (50, Some([120.5, 31.0, 121.0, 32.0])));
    assert_eq!(other.service, Service::OgcFeatures { collection: Some("parts".into()), since: true });
    let all = origin(&service("arcgis", "")).service;
    assert_eq!(all, Service::ArcGis { filter: "1=1".into() });
    assert_eq!(origin(&service("sensorthings", "")).service, Service::SensorThings);
}

#[test]
fn a_system_by_its_urn_has_the_north_first() {
    let order =
        |keys: &str| parsed(&service("wfs", &format!("type_names = \"a\"\n{keys}"))).sources[0].writing.axis_order;
    assert_eq!(order(""), AxisOrder::LonLat);
    assert_eq!(order("srs_name = \"EPSG:4326\"\n"), AxisOrder::LonLat);
    assert_eq!(order("srs_name = \"urn:ogc:def:crs:EPSG::4326\"\n"), AxisOrder::LatLon);
    assert_eq!(order("srs_name = \"urn:ogc:def:crs:EPSG::4490\"\naxis_order = \"lon-lat\"\n"), AxisOrder::LonLat);
    assert_eq!(order("srs_name = \"EPSG:4549\"\ncrs = \"EPSG:4549\"\n"), AxisOrder::LonLat);
}

#[test]
fn what_a_service_would_not_understand_is_refused() {
    for (kind, keys, words) in [
        ("wfs", "", "缺少必填的键 `type_names`"),
        ("wfs", "type_names = \"a\"\ncrs = \"EPSG:4549\"\n", "没有写 srs_name"),
        ("arcgis", "crs = \"EPSG:4549\"\n", "crs 不能是平面坐标系"),
        ("arcgis", "collection = \"a\"\n", "它属于 kind = \"ogc-features\""),
        ("ogc-features", "since = \"from\"\n", "只有 since = \"datetime\""),
        ("ogc-features", "bbox = [31.0, 120.5, 32.0, 121.0]\n", "[西, 南, 东, 北]"),
        ("ogc-features", "per_page = 0\n", "每页记录数须在 1 到 100000 之间"),
        ("ogc-features", "records = \"/a\"\n", "固定的写法"),
        ("sensorthings", "bbox = [1.0, 2.0, 3.0, 4.0]\n", "`bbox` 不能用于"),
    ] {
        let said = refused(&service(kind, keys));
        assert!(said.contains(words), "{kind} {keys}: {said}");
    }
    let said = refused(&service("sensorthings", "").replace("\"devices\"", "\"events\""));
    assert!(said.contains("feed 应为 \"devices\""), "{said}");
}
