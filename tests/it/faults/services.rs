//! Services of features, each as a loopback server that answers as theirs do:
//! pages to the end, faults inside HTTP 200, and services that are others.

use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

use quanyu::config::Source;
use quanyu::config::access::Access;
use quanyu::config::source::{Feed, Origin, Service, ServiceOrigin};
use quanyu::domain::update::Records;
use quanyu::ingest::{ProbeReport, probe};

use super::server::{Server, reply};
use super::{context, deadlines, http, source, start, wait_for_health, wait_for_records};

/// Answers by path; `{base}` stands for the server's address.
fn routed(route: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Server {
    Server::start(routed_behaviour(route))
}

/// As [`routed`], for a server that runs.
fn routed_behaviour(
    route: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> impl Fn(&mut TcpStream, &str) + Send + Sync + 'static {
    move |stream, head| {
        let path = head.split_whitespace().nth(1).unwrap_or_default();
        let lower = head.to_lowercase();
        let host = lower.split("host: ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        match route(path) {
            Some(body) => {
                reply("200 OK", "", body.replace("{base}", &format!("http://{host}")).as_bytes())(stream, head);
            }
            None => reply("404 Not Found", "", b"")(stream, head),
        }
    }
}

fn of(url: String, feed: Feed, service: Service, per_page: u32) -> Source {
    let origin = ServiceOrigin {
        url,
        service,
        every_secs: 0.2,
        per_page,
        bbox: None,
        headers: Vec::new(),
        access: Access::default(),
        deadlines: deadlines(),
    };
    source(feed, Origin::Service(Box::new(origin)))
}

fn ogc(server: &Server, path: &str, collection: Option<&str>) -> Source {
    let service = Service::OgcFeatures { collection: collection.map(str::to_owned), since: false };
    of(server.url(path), Feed::Devices, service, 2)
}

fn point(id: usize) -> String {
    format!(
        r#"{{"type":"Feature","id":"d{id}","properties":{{"kind":"gas","value":{id}}},"geometry":{{"type":"Point","coordinates":[120.7,31.{id}]}}}}"#
    )
}

fn points(ids: std::ops::Range<usize>) -> String {
    ids.map(point).collect::<Vec<_>>().join(",")
}

/// A value of the query, decoded as far as numbers are.
fn parameter(path: &str, name: &str) -> Option<String> {
    path.split(['?', '&']).find_map(|pair| Some(pair.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

fn number(path: &str, name: &str) -> usize {
    parameter(path, name).and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn look(source: &Source) -> ProbeReport {
    probe(source, &context())
}

fn error(source: &Source) -> String {
    look(source).error.unwrap_or_default()
}

const LANDING: &str = r#"{"links":[{"rel":"data","type":"application/json","href":"{base}/ogc/collections"},
    {"rel":"conformance","href":"{base}/ogc/conformance"}]}"#;
const CONFORMANCE: &str = r#"{"conformsTo":["http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson"]}"#;
const COLLECTIONS: &str = r#"{"collections":[{"id":"lakes","links":[]},{"id":"parts","links":[
    {"rel":"items","type":"text/html","href":"{base}/ogc/html"},
    {"rel":"items","type":"application/geo+json","href":"/ogc/collections/parts/items"}]}]}"#;

fn ogc_route(path: &str) -> Option<String> {
    let items = |path: &str| {
        let from = number(path, "offset");
        let next = if from < 4 {
            format!(r#",{{"rel":"next","href":"{{base}}/ogc/collections/parts/items?offset={}"}}"#, from + 2)
        } else {
            String::new()
        };
        let features = points(from..(from + 2).min(5));
        format!(
            r#"{{"type":"FeatureCollection","numberMatched":5,"features":[{features}],"links":[{{"rel":"self","href":"x"}}{next}]}}"#
        )
    };
    Some(match path.split('?').next()? {
        "/ogc" | "/ogc/" => LANDING.into(),
        "/ogc/conformance" => CONFORMANCE.into(),
        "/ogc/collections" => COLLECTIONS.into(),
        "/ogc/collections/parts" => {
            r#"{"id":"parts","links":[{"rel":"items","href":"{base}/ogc/collections/parts/items"}]}"#.into()
        }
        "/ogc/collections/parts/items" => items(path),
        _ => return None,
    })
}

#[test]
fn a_collection_is_found_from_every_address() {
    let server = routed(ogc_route);
    for (path, collection) in [
        ("/ogc", Some("parts")),
        ("/ogc/collections", Some("parts")),
        ("/ogc/collections/parts", None),
        ("/ogc/collections/parts/items", None),
    ] {
        let report = look(&ogc(&server, path, collection));
        assert_eq!(
            (report.error.as_deref(), report.count(), report.findings_total),
            (None, 5, 0),
            "{path}: {report:?}"
        );
    }
    assert!(server.saw("/ogc/collections/parts/items?limit=2"));
    let said = error(&ogc(&server, "/ogc", Some("part")));
    assert!(said.contains("没有这个 collection") && said.contains("lakes、parts"), "{said}");
    assert!(error(&ogc(&server, "/ogc", None)).contains("请写 collection"));
    assert!(error(&ogc(&server, "/elsewhere", None)).contains("404"));
}

#[test]
fn only_a_box_and_what_is_newer_is_asked_for() {
    let server = routed(|path| {
        let features = if path.contains("datetime") { String::new() } else { point(1) };
        Some(
            format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#)
                .replace("\"kind\"", "\"reported\":\"2025-08-15T01:00:00Z\",\"title\":\"x\",\"kind\""),
        )
    });
    let mut events = of(server.url("/items"), Feed::Events, Service::OgcFeatures { collection: None, since: true }, 2);
    let Origin::Service(origin) = &mut events.origin else { unreachable!() };
    origin.bbox = Some([120.5, 31.0, 121.0, 32.0]);
    let mut ingest = start(&[events]);
    assert_eq!((wait_for_records(&mut ingest).len(), wait_for_records(&mut ingest).len()), (1, 0));
    assert!(server.saw("bbox=120.5%2c31%2c121%2c32") && server.saw("datetime=2025-08-15t01%3a00%3a00z%2f.."));
}

#[test]
fn what_is_no_service_or_keeps_something_back_is_told() {
    let other = routed(|path| match path {
        "/" => Some(r#"{"conformsTo":["http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core"]}"#.into()),
        "/html" => Some("<html></html>".into()),
        "/none" => Some(r#"{"links":[]}"#.into()),
        "/host" => Some(r#"{"links":[{"rel":"data","href":"http://example.org/collections"}]}"#.into()),
        path if path.starts_with("/short/items") => {
            Some(format!(r#"{{"type":"FeatureCollection","numberMatched":9,"features":[{}]}}"#, points(0..2)))
        }
        path if path.starts_with("/loop/items") => {
            let next = r#"{"rel":"next","href":"{base}/loop/items?limit=2"}"#;
            Some(format!(r#"{{"type":"FeatureCollection","features":[{}],"links":[{next}]}}"#, points(0..2)))
        }
        _ => None,
    });
    assert!(error(&ogc(&other, "/", None)).contains("没有声明符合"));
    assert!(error(&ogc(&other, "/html", None)).contains("网页"));
    assert!(error(&ogc(&other, "/none", None)).contains("rel=\"data\""));
    assert!(error(&ogc(&other, "/host", None)).contains("其他主机 example.org"));
    assert!(error(&ogc(&other, "/loop/items", None)).contains("分页没有尽头"));
    let report = look(&ogc(&other, "/short/items", None));
    assert_eq!(report.count(), 2);
    assert!(report.findings[0].message.contains("共有 9 条,却只给出 2 条"), "{:?}", report.findings);
}

const CAPABILITIES: &str = r#"<?xml version="1.0"?><wfs:WFS_Capabilities version="2.0.0" xmlns:wfs="w" xmlns:ows="o">
 <ows:OperationsMetadata><ows:Operation name="GetFeature"><ows:Parameter name="outputFormat"><ows:AllowedValues>
  <ows:Value>text/xml; subtype=gml/3.2.1</ows:Value><ows:Value>application/json</ows:Value></ows:AllowedValues></ows:Parameter></ows:Operation>
  <ows:Constraint name="CountDefault"><ows:NoValues/><ows:DefaultValue>2</ows:DefaultValue></ows:Constraint></ows:OperationsMetadata>
 <wfs:FeatureTypeList><wfs:FeatureType><wfs:Name>city:parts</wfs:Name><wfs:DefaultCRS>urn:ogc:def:crs:EPSG::4326</wfs:DefaultCRS></wfs:FeatureType></wfs:FeatureTypeList>
</wfs:WFS_Capabilities>"#;

fn wfs(server: &Server, type_names: &str, srs_name: Option<&str>) -> Source {
    let service = Service::Wfs { type_names: type_names.into(), srs_name: srs_name.map(str::to_owned) };
    of(server.url("/ows?map=a.map&SERVICE=WFS"), Feed::Devices, service, 1_000)
}

#[test]
fn a_wfs_gives_all_its_pages() {
    let server = routed(|path| {
        if path.contains("GetCapabilities") {
            return Some(CAPABILITIES.into());
        }
        let from = number(path, "startIndex");
        // It gives fewer than it is asked for.
        let features = points(from..(from + number(path, "count").min(2)).min(5));
        Some(format!(r#"{{"type":"FeatureCollection","numberMatched":5,"features":[{features}]}}"#))
    });
    let report = look(&wfs(&server, "parts", None));
    assert_eq!((report.error.as_deref(), report.count(), report.findings_total), (None, 5, 0), "{report:?}");
    assert!(server.saw("map=a.map") && server.saw("typenames=city%3aparts") && server.saw("srsname=epsg%3a4326"));
    assert!(server.saw("outputformat=application%2fjson") && server.saw("startindex=4"));
    let said = error(&wfs(&server, "city:none", None));
    assert!(said.contains("没有这个 type_names,服务中有 city:parts"), "{said}");
}

#[test]
fn exceptions_of_a_wfs_are_faults_with_their_words() {
    let server = routed(|path| {
        Some(if path.contains("GetCapabilities") {
            CAPABILITIES.into()
        } else {
            r#"<ows:ExceptionReport xmlns:ows="o"><ows:Exception exceptionCode="NoApplicableCode"><ows:ExceptionText>数据库连接池已满</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"#.into()
        })
    });
    let said = error(&wfs(&server, "parts", None));
    assert!(said.contains("NoApplicableCode") && said.contains("数据库连接池已满"), "{said}");
    let gml = routed(|_| Some(CAPABILITIES.replace("application/json", "GML2")));
    let said = error(&wfs(&gml, "parts", None));
    assert!(said.contains("不提供 GeoJSON"), "{said}");
    let old = routed(|_| Some(CAPABILITIES.replace("2.0.0", "1.1.0")));
    assert!(error(&wfs(&old, "parts", None)).contains("1.1.0"));
}

fn arcgis(server: &Server, path: &str) -> Source {
    of(server.url(path), Feed::Devices, Service::ArcGis { filter: "1=1".into() }, 1_000)
}

#[test]
fn a_layer_gives_all_its_pages_in_either_json() {
    for is_geojson in [true, false] {
        let server = routed(move |path| {
            let formats = if is_geojson { "JSON, geoJSON" } else { "JSON" };
            if !path.contains("/query") {
                return Some(format!(
                    r#"{{"type":"Feature Layer","fields":[],"objectIdField":"OID","maxRecordCount":2,"supportedQueryFormats":"{formats}","capabilities":"Query"}}"#
                ));
            }
            let from = number(path, "resultOffset");
            // The second page is empty, and yet there is more.
            let ids = match from {
                0 => 0..2,
                2 => 0..0,
                _ => 2..3,
            };
            let is_exceeded = from < 4;
            Some(if is_geojson {
                format!(
                    r#"{{"type":"FeatureCollection","properties":{{"exceededTransferLimit":{is_exceeded}}},"features":[{}]}}"#,
                    points(ids)
                )
            } else {
                let feature = |id: usize| {
                    format!(
                        r#"{{"attributes":{{"id":"d{id}","kind":"gas","read":1755219600000}},"geometry":{{"x":120.7,"y":31.{id}}}}}"#
                    )
                };
                let features: Vec<String> = ids.map(feature).collect();
                format!(
                    r#"{{"spatialReference":{{"wkid":4326}},"exceededTransferLimit":{is_exceeded},"features":[{}]}}"#,
                    features.join(",")
                )
            })
        });
        let report = look(&arcgis(&server, "/arcgis/rest/services/parts/FeatureServer/0"));
        assert_eq!((report.error.as_deref(), report.count(), report.findings_total), (None, 3, 0), "{report:?}");
        assert!(server.saw("orderbyfields=oid") && server.saw("resultoffset=4") && server.saw("outsr=4326"));
    }
}

#[test]
fn errors_of_a_layer_are_faults() {
    let server = routed(|path| {
        Some(match path.split('?').next()? {
            "/FeatureServer" => r#"{"layers":[{"id":0,"name":"部件"}]}"#.into(),
            "/FeatureServer/0" => r#"{"error":{"code":499,"message":"Token Required"}}"#.into(),
            "/FeatureServer/1" => r#"{"type":"Feature Layer","fields":[],"supportedQueryFormats":"JSON"}"#.into(),
            _ => r#"{"error":{"code":400,"message":"'where' 无效"}}"#.into(),
        })
    });
    assert!(error(&arcgis(&server, "/FeatureServer")).contains("0 部件"));
    assert!(error(&arcgis(&server, "/FeatureServer/0")).contains("业务码 499"));
    assert!(error(&arcgis(&server, "/FeatureServer/1")).contains("'where' 无效"));
}

#[test]
fn things_with_their_last_readings_are_devices() {
    let server = routed(|path| {
        let from = number(path, "$skip");
        let thing = |id: usize| {
            format!(
                r#"{{"@iot.id":{id},"name":"站{id}","Locations":[{{"location":{{"type":"Point","coordinates":[120.7,31.{id}]}}}}],
                "Datastreams":[{{"@iot.id":"s{id}","unitOfMeasurement":{{"symbol":"%"}},"ObservedProperty":{{"name":"甲烷"}},
                "Observations":[{{"result":{id},"phenomenonTime":"2025-08-15T01:00:00Z"}}]}}]}}"#
            )
        };
        let next = if from == 0 { r#""@iot.nextLink":"{base}/v1.1/Things?$skip=1","# } else { "" };
        Some(format!(r#"{{{next}"value":[{}]}}"#, thing(from)))
    });
    let source = of(server.url("/v1.1"), Feed::Devices, Service::SensorThings, 1);
    let report = look(&source);
    assert_eq!((report.error.as_deref(), report.findings_total), (None, 0), "{report:?}");
    let Some(Records::Devices(devices)) = &report.records else { panic!() };
    assert_eq!(devices.iter().map(|device| &*device.id).collect::<Vec<_>>(), ["s0", "s1"]);
    assert!(format!("{:?}", devices[1]).contains("甲烷"), "{:?}", devices[1]);
    assert!(server.saw("$expand=Locations,Datastreams("));
}

#[test]
fn a_service_that_comes_back_as_another_is_asked_anew() {
    let server = routed(ogc_route);
    let mut ingest = start(&[ogc(&server, "/ogc", Some("parts"))]);
    assert_eq!(wait_for_records(&mut ingest).len(), 5);
    server.behave(reply("503 Service Unavailable", "", b""));
    wait_for_health(&mut ingest, "fault", |health| health.failures > 0);
    let moved = routed_behaviour(|path| {
        ogc_route(&path.replace("/moved/", "/ogc/"))
            .map(|body| body.replace("/ogc/collections/parts/items", "/moved/collections/parts/items"))
    });
    server.behave(moved);
    wait_for_health(&mut ingest, "recovery", |health| health.failures == 0 && health.records == 5);
    assert!(server.saw("/moved/collections/parts/items"));
}

#[test]
fn answers_of_the_standard_and_of_koop_are_read() {
    let folder = std::env::var_os("QUANYU_REALDATA")
        .map_or_else(|| PathBuf::from("../shared/realdata"), PathBuf::from)
        .join("ogc");
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).ok();
    let examples = "ogcapi-features/core/examples/json";
    let (Some(landing), Some(collections), Some(lakes), Some(koop)) = (
        read(&format!("{examples}/LandingPage.json")),
        read(&format!("{examples}/Collections.json")),
        read("pygeoapi/tests/data/ne_110m_lakes.geojson"),
        read("koop-featureserver/test/provider-data/points-w-metadata-exceeded-transfer-limit.geojson"),
    ) else {
        eprintln!("skipped: no {}", folder.display());
        return;
    };
    // The example of a conformance declaration is no JSON.
    let conformance = Arc::new(read(&format!("{examples}/ConformsTo.json")).unwrap());
    let (landing, collections, lakes) = (Arc::new(landing), Arc::new(collections), Arc::new(lakes));
    let server = routed(move |path| {
        let text = match path.split('?').next()? {
            "/3.0/wfs" => &landing,
            "/3.0/wfs/conformance" => &conformance,
            "/3.0/wfs/collections" => &collections,
            "/3.0/wfs/collections/aerofacp_1m/items" => &lakes,
            _ => return None,
        };
        Some(text.replace("http://www.acme.com", "{base}"))
    });
    let mut source = ogc(&server, "/3.0/wfs", Some("aerofacp_1m"));
    source.feed = Feed::Context;
    source.values.insert("kind".into(), [("*".to_owned(), "water".to_owned())].into());
    source.fields.insert("kind".into(), "/featureclass".into());
    let report = look(&source);
    assert_eq!((report.error.as_deref(), report.count()), (None, 25), "{report:?}");

    let server = routed(move |path| {
        let layer = r#"{"type":"Feature Layer","fields":[],"supportedQueryFormats":"JSON, geoJSON"}"#;
        let body = if path.contains("/query") { koop.as_str() } else { layer };
        let is_last = number(path, "resultOffset") > 0;
        Some(if is_last {
            body.replace("\"exceededTransferLimit\": true", "\"exceededTransferLimit\": false")
        } else {
            body.into()
        })
    });
    let mut source = arcgis(&server, "/FeatureServer/0");
    source.fields.insert("kind".into(), "/category".into());
    assert_eq!(look(&source).count(), 6);
    // The same as a plain address: what is kept back is told.
    let report = look(&super::source(Feed::Devices, http(server.url("/0/query"))));
    assert!(report.findings.iter().any(|finding| finding.message.contains("还有更多")), "{report:?}");
}
