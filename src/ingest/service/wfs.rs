//! WFS 2.0 (OGC 09-025r2).
//!
//! In: the address of a service and a feature type. Out: a `GetFeature` request
//! for GeoJSON in degrees, as far as the capabilities offer it; and the words of
//! exception reports, which come with status 200 as well.

use reqwest::Url;

use crate::config::source::ServiceOrigin;
use crate::ingest::client::Client;
use crate::ingest::credentials::set_query;
use crate::ingest::fault::Fault;

use super::xml::{Piece, walk};
use super::{Page, about, box_text, listed};

/// Parameters that the address may hold already.
const OWN: [&str; 3] = ["service", "version", "request"];

/// Codes of degrees: WGS-84, and CGCS2000, which is the same on a wall.
const DEGREES: [&str; 2] = ["4326", "4490"];

/// What a service says about itself.
#[derive(Debug, Default)]
struct Capabilities {
    version: String,
    types: Vec<FeatureType>,
    formats: Vec<String>,
    /// Most features that it gives at once, if it says.
    most: Option<u32>,
    /// Whether it says that it knows no pages.
    has_no_pages: bool,
}

#[derive(Debug, Default)]
struct FeatureType {
    name: String,
    systems: Vec<String>,
    formats: Vec<String>,
}

/// What is asked first, and how many features a page has, if there are pages.
///
/// # Errors
/// When the service is another, has no such type, or no GeoJSON.
pub async fn first(
    client: &Client,
    type_names: &str,
    srs_name: Option<&str>,
    origin: &ServiceOrigin,
) -> Result<(Url, Option<u32>), Fault> {
    let plain = without_own(client.url());
    let mut url = plain.clone();
    for (name, value) in [("service", "WFS"), ("version", "2.0.0"), ("request", "GetCapabilities")] {
        set_query(&mut url, name, value);
    }
    let (_, body) = about(client, url, "application/xml, text/xml;q=0.9, */*;q=0.1").await?;
    let capabilities = capabilities(&body)?;
    let wanted = capabilities.wanted(type_names)?;
    let formats = if wanted.formats.is_empty() { &capabilities.formats } else { &wanted.formats };
    let srs_name = match srs_name {
        Some(written) => written.to_owned(),
        None => wanted.degrees()?,
    };
    let mut url = plain;
    let bbox = origin.bbox.map(|bbox| format!("{},EPSG:4326", box_text(bbox)));
    let parameters = [
        ("service", "WFS"),
        ("version", "2.0.0"),
        ("request", "GetFeature"),
        ("typeNames", &wanted.name),
        ("outputFormat", geojson(formats)?),
        ("srsName", &srs_name),
    ];
    for (name, value) in parameters.into_iter().chain(bbox.as_deref().map(|bbox| ("bbox", bbox))) {
        set_query(&mut url, name, value);
    }
    if capabilities.has_no_pages {
        return Ok((url, None));
    }
    let per_page = origin.per_page.min(capabilities.most.unwrap_or(u32::MAX)).max(1);
    set_query(&mut url, "count", &per_page.to_string());
    set_query(&mut url, "startIndex", "0");
    Ok((url, Some(per_page)))
}

/// The records of an answer.
///
/// # Errors
/// When it is an exception report.
pub fn read(body: &[u8]) -> Result<Page<'_>, Fault> {
    if body.trim_ascii_start().first() == Some(&b'<') {
        let said = capabilities(body);
        return Err(said.err().unwrap_or_else(|| Fault::NotData("WFS 给出 XML(GML),而需要 GeoJSON".into())));
    }
    Ok(body.into())
}

/// The address without what this asks for itself, however it is spelled.
fn without_own(url: &Url) -> Url {
    let mut plain = url.clone();
    let written = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let others: Vec<&str> = written
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !OWN.iter().any(|own| own.eq_ignore_ascii_case(name))
        })
        .collect();
    plain.set_query((!others.is_empty()).then(|| others.join("&")).as_deref());
    plain
}

/// Reads capabilities.
///
/// # Errors
/// When they are none, or an exception report.
fn capabilities(body: &[u8]) -> Result<Capabilities, Fault> {
    let mut found = Capabilities::default();
    let (mut is_capabilities, mut is_exception) = (false, false);
    let (mut operation, mut parameter, mut constraint) = (String::new(), String::new(), String::new());
    let (mut code, mut words) = (String::new(), String::new());
    walk(body, |path, piece| {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        match piece {
            Piece::Begin(attributes) => {
                let of = |wanted: &str| {
                    let found = attributes.iter().find(|(name, _)| name == wanted);
                    found.map(|(_, value)| value.clone()).unwrap_or_default()
                };
                match names[..] {
                    ["WFS_Capabilities"] => (is_capabilities, found.version) = (true, of("version")),
                    ["ExceptionReport" | "ServiceExceptionReport"] => is_exception = true,
                    ["ExceptionReport", "Exception"] => code = of("exceptionCode"),
                    ["ServiceExceptionReport", "ServiceException"] => code = of("code"),
                    [.., "FeatureTypeList", "FeatureType"] => found.types.push(FeatureType::default()),
                    [.., "Operation"] => operation = of("name"),
                    [.., "Parameter"] => parameter = of("name"),
                    [.., "Constraint"] => constraint = of("name"),
                    _ => {}
                }
            }
            Piece::Text(text) => match names[..] {
                ["ExceptionReport", .., "ExceptionText"] | ["ServiceExceptionReport", .., "ServiceException"] => {
                    words.push_str(text);
                }
                [.., "FeatureType", field] => {
                    if let Some(kind) = found.types.last_mut() {
                        match field {
                            "Name" => kind.name = text.to_owned(),
                            "DefaultCRS" | "OtherCRS" | "DefaultSRS" | "OtherSRS" => kind.systems.push(text.to_owned()),
                            _ => {}
                        }
                    }
                }
                [.., "FeatureType", "OutputFormats", "Format"] => {
                    if let Some(kind) = found.types.last_mut() {
                        kind.formats.push(text.to_owned());
                    }
                }
                [.., "Operation", "Parameter", "AllowedValues", "Value"] | [.., "Operation", "Parameter", "Value"]
                    if operation == "GetFeature" && parameter.eq_ignore_ascii_case("outputFormat") =>
                {
                    found.formats.push(text.to_owned());
                }
                [.., "Constraint", "DefaultValue"] if constraint == "CountDefault" => found.most = text.parse().ok(),
                [.., "Constraint", "DefaultValue"] if constraint == "ImplementsResultPaging" => {
                    found.has_no_pages = text.eq_ignore_ascii_case("FALSE");
                }
                _ => {}
            },
        }
    })?;
    if is_exception {
        return Err(Fault::refused(code, &words));
    }
    if !is_capabilities {
        return Err(Fault::NotData("不是 WFS(GetCapabilities 没有应答)".into()));
    }
    if !found.version.starts_with("2.") {
        return Err(Fault::NotData(format!("WFS 的版本是 {},而需要 2.0", found.version)));
    }
    Ok(found)
}

impl Capabilities {
    /// The feature type of this name, with or without its prefix.
    fn wanted(&self, type_names: &str) -> Result<&FeatureType, Fault> {
        let local = |name: &str| name.rsplit(':').next().unwrap_or_default().to_owned();
        let exact = self.types.iter().find(|kind| kind.name == type_names);
        exact.or_else(|| self.types.iter().find(|kind| local(&kind.name) == type_names)).ok_or_else(|| {
            let names: Vec<String> = self.types.iter().map(|kind| kind.name.clone()).collect();
            Fault::Unusable(format!("没有这个 type_names,服务中有 {}", listed(&names)))
        })
    }
}

impl FeatureType {
    /// The system of degrees that is offered, spelled so that longitudes come
    /// first (`EPSG:4326`, not its URN).
    fn degrees(&self) -> Result<String, Fault> {
        let code = |system: &String| {
            let is_84 = system.to_ascii_uppercase().ends_with("CRS84");
            if is_84 { DEGREES[0].to_owned() } else { system.rsplit([':', '/', '#']).next().unwrap_or("").to_owned() }
        };
        let codes: Vec<String> = self.systems.iter().map(code).collect();
        let offered = DEGREES.iter().find(|wanted| codes.iter().any(|code| code == *wanted));
        match offered {
            Some(code) => Ok(format!("EPSG:{code}")),
            // Some do not list what they can.
            None if codes.is_empty() => Ok(format!("EPSG:{}", DEGREES[0])),
            None => {
                let codes: Vec<String> = codes.iter().map(|code| format!("EPSG:{code}")).collect();
                let message = format!("这个图层不提供经纬度,只有 {}:请写 srs_name 和 crs", listed(&codes));
                Err(Fault::Unusable(message))
            }
        }
    }
}

/// The format that is GeoJSON.
fn geojson(formats: &[String]) -> Result<&str, Fault> {
    let rank = |format: &&String| {
        let format = format.to_ascii_lowercase();
        match format.as_str() {
            "application/json" | "application/geo+json" => Some(0),
            "geojson" | "application/vnd.geo+json" | "json" => Some(1),
            _ if format.contains("geojson") => Some(2),
            _ if format.contains("json") && !format.contains("callback") && !format.contains("javascript") => Some(3),
            _ => None,
        }
    };
    let best = formats.iter().filter_map(|format| Some((rank(&format)?, format))).min_by_key(|(rank, _)| *rank);
    match best {
        Some((_, format)) => Ok(format),
        None if formats.is_empty() => Ok("application/json"),
        None => Err(Fault::NotData(format!("WFS 不提供 GeoJSON,只有 {}:请在服务器上加上", listed(formats)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPABILITIES: &str = r#"<?xml version="1.0"?>
<wfs:WFS_Capabilities version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:ows="http://www.opengis.net/ows/1.1">
 <ows:OperationsMetadata>
  <ows:Operation name="DescribeFeatureType"><ows:Parameter name="outputFormat"><ows:AllowedValues><ows:Value>x/json</ows:Value></ows:AllowedValues></ows:Parameter></ows:Operation>
  <ows:Operation name="GetFeature"><ows:Parameter name="outputFormat"><ows:AllowedValues>
   <ows:Value>application/gml+xml; version=3.2</ows:Value><ows:Value>text/javascript</ows:Value><ows:Value>application/json</ows:Value>
  </ows:AllowedValues></ows:Parameter></ows:Operation>
  <ows:Constraint name="CountDefault"><ows:NoValues/><ows:DefaultValue>50</ows:DefaultValue></ows:Constraint>
  <ows:Constraint name="ImplementsResultPaging"><ows:NoValues/><ows:DefaultValue>TRUE</ows:DefaultValue></ows:Constraint>
 </ows:OperationsMetadata>
 <wfs:FeatureTypeList>
  <wfs:FeatureType><wfs:Name>city:grids</wfs:Name><wfs:DefaultCRS>urn:ogc:def:crs:EPSG::4549</wfs:DefaultCRS><wfs:OtherCRS>urn:ogc:def:crs:EPSG::4490</wfs:OtherCRS></wfs:FeatureType>
  <wfs:FeatureType><wfs:Name>city:pipes</wfs:Name><wfs:DefaultCRS>urn:ogc:def:crs:EPSG::4549</wfs:DefaultCRS></wfs:FeatureType>
 </wfs:FeatureTypeList>
</wfs:WFS_Capabilities>"#;

    #[test]
    fn capabilities_tell_what_can_be_asked_for() {
        let found = capabilities(CAPABILITIES.as_bytes()).unwrap();
        assert_eq!((found.most, found.has_no_pages), (Some(50), false));
        assert_eq!(geojson(&found.formats).unwrap(), "application/json");
        assert_eq!(found.wanted("grids").unwrap().degrees().unwrap(), "EPSG:4490");
        let fault = found.wanted("city:pipes").unwrap().degrees().unwrap_err().to_string();
        assert!(fault.contains("EPSG:4549"), "{fault}");
        assert!(found.wanted("none").unwrap_err().to_string().contains("city:grids、city:pipes"));
        assert!(geojson(&["GML3".into()]).is_err());
        assert_eq!(
            geojson(&["GML3".into(), "application/json; subtype=geojson".into()]).unwrap(),
            "application/json; subtype=geojson"
        );
    }

    #[test]
    fn exceptions_are_faults_with_their_words() {
        for xml in [
            r#"<ows:ExceptionReport><ows:Exception exceptionCode="InvalidParameterValue" locator="typeName"><ows:ExceptionText>没有图层 x</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"#,
            r#" <ServiceExceptionReport><ServiceException code="InvalidParameterValue">没有图层 x</ServiceException></ServiceExceptionReport>"#,
        ] {
            let fault = read(xml.as_bytes()).err().unwrap();
            assert_eq!(fault, Fault::refused("InvalidParameterValue".into(), "没有图层 x"));
        }
        assert!(matches!(read(b"<gml/>"), Err(Fault::NotData(_))));
        assert!(read(b"{}").is_ok());
    }

    #[test]
    fn what_the_address_holds_is_kept() {
        let url = Url::parse("http://h/cgi?map=/a.map&SERVICE=WFS&Request=GetCapabilities").unwrap();
        assert_eq!(without_own(&url).as_str(), "http://h/cgi?map=/a.map");
        let url = Url::parse("http://h/wfs?service=WFS").unwrap();
        assert_eq!(without_own(&url).as_str(), "http://h/wfs");
    }
}
