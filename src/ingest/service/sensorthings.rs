//! OGC SensorThings 1.1 (OGC 18-088).
//!
//! In: the root of a service. Out: things with their places, data streams and
//! the last observation of each, one record for each data stream.

use reqwest::Url;
use serde_json::{Map, Value, json};

use crate::ingest::fault::Fault;

use super::{Page, below, tree};

/// Data streams of one thing that are asked for.
const STREAMS: u32 = 100;

/// What is asked first.
pub fn first(root: &Url, per_page: u32) -> Url {
    let mut url =
        if root.path().trim_end_matches('/').ends_with("/Things") { root.clone() } else { below(root, &["Things"]) };
    let observations = "Observations($top=1;$orderby=phenomenonTime%20desc)";
    let expand = format!("Locations,Datastreams($top={STREAMS};$expand=ObservedProperty,{observations})");
    // As it is: not every server decodes the names of its own parameters.
    let own = format!("$top={per_page}&$expand={expand}");
    let query = root.query().filter(|query| !query.is_empty()).map_or(own.clone(), |query| format!("{query}&{own}"));
    url.set_query(Some(&query));
    url
}

/// The records of an answer.
///
/// # Errors
/// When it is none of SensorThings.
pub fn read(body: &[u8]) -> Result<Page<'static>, Fault> {
    let answer = tree(body)?;
    let Some(things) = answer.get("value").and_then(Value::as_array) else {
        // FROST: `{"code":400,"type":"error","message":"…"}`.
        return Err(match answer.get("message").and_then(Value::as_str) {
            Some(message) => Fault::refused(answer.get("code").map(Value::to_string).unwrap_or_default(), message),
            None => Fault::NotData("不是 SensorThings 的应答(没有 value)".into()),
        });
    };
    let mut features = Vec::new();
    let mut notes = Vec::new();
    for thing in things {
        let streams = thing.get("Datastreams").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        features.extend(streams.iter().map(|stream| feature(thing, stream)));
        if thing.get("Datastreams@iot.nextLink").is_some() {
            notes.push(format!("{} 的 Datastreams 多于 {STREAMS} 个,其余未读", id(thing)));
        }
    }
    let mut collection = json!({ "type": "FeatureCollection", "features": features });
    if let Some(next) = answer.get("@iot.nextLink") {
        collection["@iot.nextLink"] = next.clone();
    }
    Ok(Page { body: collection.to_string().into_bytes().into(), notes })
}

/// The id of an entity: a number or a text.
fn id(entity: &Value) -> String {
    match entity.get("@iot.id") {
        Some(Value::String(id)) => id.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// A data stream of a thing.
fn feature(thing: &Value, stream: &Value) -> Value {
    let text = |entity: &Value, pointer: &str| entity.pointer(pointer).cloned().unwrap_or_default();
    let observation = stream.pointer("/Observations/0").unwrap_or(&Value::Null);
    let unit = match text(stream, "/unitOfMeasurement/symbol") {
        Value::String(symbol) if !symbol.is_empty() => Value::String(symbol),
        _ => text(stream, "/unitOfMeasurement/name"),
    };
    let mut record = Map::new();
    // What somebody wrote beside it is there under its name.
    for entity in [thing, stream] {
        record.extend(entity.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
    }
    let members = [
        ("id", Value::String(id(stream))),
        ("kind", text(stream, "/ObservedProperty/name")),
        ("name", text(thing, "/name")),
        ("value", text(observation, "/result")),
        ("unit", unit),
        ("read", moment(observation)),
        ("thing", Value::String(id(thing))),
        ("datastream", text(stream, "/name")),
    ];
    record.extend(members.map(|(name, value)| (name.to_owned(), value)));
    json!({ "type": "Feature", "id": id(stream), "geometry": place(thing), "properties": record })
}

/// When something was observed: the end of an interval.
fn moment(observation: &Value) -> Value {
    let written = observation.get("phenomenonTime").or_else(|| observation.get("resultTime"));
    match written.and_then(Value::as_str) {
        Some(text) => text.rsplit('/').next().into(),
        None => Value::Null,
    }
}

/// Where a thing is: a geometry, or a feature around one.
fn place(thing: &Value) -> Value {
    let places = thing.get("Locations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let geometry = |place: &Value| {
        let location = place.get("location")?;
        let geometry = location.get("geometry").unwrap_or(location);
        geometry.get("coordinates").map(|_| geometry.clone())
    };
    places.iter().find_map(geometry).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"@iot.nextLink":"http://h/v1.1/Things?$skip=1","value":[{"@iot.id":7,"name":"燃气站",
        "properties":{"area":"A1","id":"不是它"},
        "Locations":[{"location":"无"},{"location":{"type":"Feature","geometry":{"type":"Point","coordinates":[120.7,31.3]}}}],
        "Datastreams@iot.nextLink":"x",
        "Datastreams":[{"@iot.id":"s-1","name":"CH4","unitOfMeasurement":{"symbol":"%LEL","name":"x"},
            "ObservedProperty":{"name":"甲烷"},
            "Observations":[{"result":0.8,"phenomenonTime":"2025-08-15T00:59:00Z/2025-08-15T01:00:00Z"}]},
          {"@iot.id":2,"Observations":[]}]}]}"#;

    #[test]
    fn each_data_stream_is_a_record() {
        let page = read(ANSWER.as_bytes()).unwrap();
        let value: Value = serde_json::from_slice(&page.body).unwrap();
        let record = &value["features"][0];
        assert_eq!(record["geometry"]["coordinates"][0], 120.7);
        let properties = &record["properties"];
        for (name, wanted) in [
            ("id", json!("s-1")),
            ("kind", json!("甲烷")),
            ("value", json!(0.8)),
            ("unit", json!("%LEL")),
            ("read", json!("2025-08-15T01:00:00Z")),
            ("thing", json!("7")),
            ("area", json!("A1")),
        ] {
            assert_eq!(properties[name], wanted, "{name}");
        }
        assert_eq!(value["features"][1]["properties"]["value"], Value::Null);
        assert_eq!(value["@iot.nextLink"], "http://h/v1.1/Things?$skip=1");
        assert_eq!(page.notes.len(), 1);
    }

    #[test]
    fn whatever_else_comes_is_a_fault() {
        for text in ["<html>", "{", "[]", r#"{"value":1}"#] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        let fault = read(r#"{"code":400,"type":"error","message":"不认识 $expand"}"#.as_bytes()).err().unwrap();
        assert!(fault.to_string().contains("不认识 $expand"), "{fault}");
    }

    #[test]
    fn the_last_reading_of_each_data_stream_is_asked_for() {
        let url = first(&Url::parse("http://h/FROST/v1.1/").unwrap(), 50);
        assert_eq!(
            url.as_str(),
            "http://h/FROST/v1.1/Things?$top=50&$expand=Locations,Datastreams($top=100;$expand=ObservedProperty,\
             Observations($top=1;$orderby=phenomenonTime%20desc))"
        );
    }
}
