//! Where a record is, however its source says so.
//!
//! In: a feature's geometry, a geometry or a pair in the field `geometry`, the
//! fields `lon` and `lat`. Out: places and geometries in WGS-84, or a finding
//! that says why there are none.

use serde_json::Value;

use crate::config::source::Feed;
use crate::domain::finding::FindingKind;
use crate::domain::geometry::LonLat;

use super::super::elements::Element;
use super::super::fields::{FieldTable, Fields, place_of};
use super::super::geometry::{Geometry, GeometryReader, GeometryStop, Problem};
use super::super::record::Cell;
use super::super::scan::Scanner;
use super::Context;

/// The place of the field `geometry`, in feeds that have one.
pub fn geometry_place(feed: Feed) -> Option<usize> {
    match feed {
        Feed::Areas => Some(const { place_of(Feed::Areas, "geometry") }),
        Feed::Events => Some(const { place_of(Feed::Events, "geometry") }),
        Feed::Cameras => Some(const { place_of(Feed::Cameras, "geometry") }),
        Feed::Devices => Some(const { place_of(Feed::Devices, "geometry") }),
        Feed::Context => Some(const { place_of(Feed::Context, "geometry") }),
        Feed::Tracks | Feed::Figures => None,
    }
}

/// The places of longitude and latitude among the fields of feeds that have
/// them.
fn lonlat_places(feed: Feed) -> Option<[usize; 2]> {
    const fn places(feed: Feed) -> [usize; 2] {
        [place_of(feed, "lon"), place_of(feed, "lat")]
    }
    match feed {
        Feed::Events => Some(const { places(Feed::Events) }),
        Feed::Cameras => Some(const { places(Feed::Cameras) }),
        Feed::Devices => Some(const { places(Feed::Devices) }),
        Feed::Tracks => Some(const { places(Feed::Tracks) }),
        _ => None,
    }
}

/// Whether geometries of a feed's records are kept whole.
pub fn has_shapes(feed: Feed) -> bool {
    matches!(feed, Feed::Areas | Feed::Context)
}

/// The geometry in a field, where it counts: a feature has its own, and a
/// record with `lon` and `lat` needs none, unless the configuration names it.
fn wanted<'a>(place: usize, fields: &Fields<'a>, element: &Element<'_>, table: &FieldTable) -> Option<Cell<'a>> {
    let cell = fields.cell_at(place)?;
    let has_other = || {
        element.geometry.is_some()
            || lonlat_places(table.feed())
                .is_some_and(|[lon, lat]| fields.cell_at(lon).is_some() && fields.cell_at(lat).is_some())
    };
    (table.is_configured(place) || !has_other()).then_some(cell)
}

/// How many vertices the geometry in a field can have, of feeds that keep
/// them: no fewer commas part them.
pub fn weight(place: usize, fields: &Fields<'_>, element: &Element<'_>, table: &FieldTable) -> usize {
    match wanted(place, fields, element, table) {
        Some(cell) if has_shapes(table.feed()) => weight_of(cell),
        _ => 0,
    }
}

fn weight_of(cell: Cell<'_>) -> usize {
    fn leaves(value: &Value) -> usize {
        match value {
            Value::Array(list) => list.iter().map(leaves).sum(),
            Value::Object(members) => members.values().map(leaves).sum(),
            _ => 1,
        }
    }
    match cell {
        Cell::Text(text) => 1 + memchr::memchr_iter(b',', text.as_bytes()).count(),
        Cell::Number(_) => 0,
        Cell::Tree(value) => leaves(value),
    }
}

/// Reads the geometry in the field at `place`, if it counts, in place of that
/// of a feature.
pub fn take_geometry(
    place: usize,
    fields: &Fields<'_>,
    element: &mut Element<'_>,
    context: &mut Context<'_>,
    reader: &mut GeometryReader,
    vertices_left: &mut usize,
) {
    let decoder = context.decoder;
    let Some(cell) = wanted(place, fields, element, &decoder.fields) else { return };
    if has_shapes(decoder.fields.feed()) {
        let weight = weight_of(cell);
        if weight > *vertices_left {
            // Nothing behind it is read either, so that what is cut off does
            // not depend on who reads it.
            *vertices_left = 0;
            context.note(FindingKind::Limit, "超过顶点数上限,几何未读");
            return;
        }
        *vertices_left -= weight;
    }
    let mut geometry = Geometry::default();
    let mut problems = Vec::new();
    read_cell(cell, context, reader, &mut geometry, &mut problems);
    element.problems.retain(|(kind, _)| *kind != FindingKind::NoGeometry);
    element.problems.append(&mut problems);
    element.geometry = Some(geometry).filter(|found| *found != Geometry::default());
}

/// Reads a GeoJSON geometry (as an object or as text), well-known text, or a
/// pair of numbers.
fn read_cell(
    cell: Cell<'_>,
    context: &Context<'_>,
    reader: &mut GeometryReader,
    geometry: &mut Geometry,
    problems: &mut Vec<Problem>,
) {
    let frame = &context.decoder.frame;
    let mut read_json = |text: &str| match reader.read(&mut Scanner::new(text), frame, geometry, problems) {
        Ok(()) => {}
        Err(GeometryStop::Scan(error)) => problems.push((FindingKind::WrongGeometry, error.to_string())),
        Err(GeometryStop::TooManyVertices) => problems.push((FindingKind::Limit, "几何的顶点过多".into())),
    };
    let pair = match cell {
        Cell::Tree(value @ Value::Object(_)) => return read_json(&value.to_string()),
        Cell::Tree(Value::Array(list)) => match list.as_slice() {
            [first, second] | [first, second, _] => first.as_f64().zip(second.as_f64()),
            _ => None,
        },
        Cell::Text(text) => {
            let text = text.trim();
            if text.starts_with('{') {
                return read_json(text);
            }
            if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return reader.read_wkt(text, frame, geometry, problems);
            }
            read_pair(text)
        }
        _ => None,
    };
    let Some((first, second)) = pair else {
        problems.push((FindingKind::WrongGeometry, "几何既不是一对坐标,也不是 WKT 或 GeoJSON".into()));
        return;
    };
    match frame.place(frame.sorted([first, second])) {
        _ if (first, second) == (0.0, 0.0) => problems.push((FindingKind::BadCoordinate, "坐标为 0,0".into())),
        Ok(point) => geometry.point = Some(point),
        Err(misplaced) => problems.push((FindingKind::BadCoordinate, misplaced.to_string())),
    }
}

/// Two numbers, or three of which the last is a height, parted by a comma or
/// white space, in brackets or without.
fn read_pair(text: &str) -> Option<(f64, f64)> {
    let bare = text.trim_matches(['[', ']', '(', ')', ' ']);
    let mut numbers = bare.split([',', ',', ';', ' ', '\t']).map(str::trim).filter(|part| !part.is_empty());
    let mut next = || Some(numbers.next()?.parse::<f64>().ok().filter(|number| number.is_finite()));
    let pair = next()??;
    let pair = (pair, next()??);
    let is_height = next().is_none_or(|height| height.is_some());
    (is_height && next().is_none()).then_some(pair)
}

/// Where a record is: its geometry's point, or its `lon` and `lat`. Findings
/// say why there is no place.
pub fn position(fields: &Fields<'_>, element: &Element<'_>, context: &mut Context<'_>) -> Option<LonLat> {
    if let Some([lon, lat]) = element.geometry.as_ref().and_then(|geometry| geometry.point) {
        return Some(LonLat::new(lon, lat));
    }
    let table = &context.decoder.fields;
    let is_elsewhere =
        geometry_place(table.feed()).is_some_and(|place| fields.cell_at(place).is_some() && table.is_configured(place));
    if let Some([lon, lat]) = lonlat_places(table.feed()).filter(|_| !is_elsewhere)
        && fields.cell_at(lon).is_some()
        && fields.cell_at(lat).is_some()
    {
        let Some((lon, lat)) = fields.number_at(lon).zip(fields.number_at(lat)).filter(|pair| *pair != (0.0, 0.0))
        else {
            context.note(FindingKind::BadCoordinate, "经纬度不是数字、为 0,0 或不在地球上");
            return None;
        };
        return match context.decoder.frame.place([lon, lat]) {
            Ok([lon, lat]) => Some(LonLat::new(lon, lat)),
            Err(misplaced) => {
                context.note(FindingKind::BadCoordinate, misplaced.to_string());
                None
            }
        };
    }
    context.note_all(element);
    if element.geometry.is_some() {
        context.note(FindingKind::WrongGeometry, "几何不是点");
    } else if element.problems.is_empty() {
        context.note(FindingKind::NoGeometry, "没有经纬度");
    }
    None
}

/// As [`position`], of something whose place may be known from elsewhere: no
/// coordinates are no finding.
pub fn position_if_told(fields: &Fields<'_>, element: &Element<'_>, context: &mut Context<'_>) -> Option<LonLat> {
    let table = &context.decoder.fields;
    let has = |place: usize| fields.cell_at(place).is_some();
    let is_told = element.geometry.is_some()
        || !element.problems.is_empty()
        || lonlat_places(table.feed()).is_some_and(|[lon, lat]| has(lon) || has(lat));
    if is_told { position(fields, element, context) } else { None }
}

/// A place in the source's coordinates, in WGS-84. `0, 0` is how back ends
/// write "unknown".
pub fn read_place(context: &Context<'_>, lon: f64, lat: f64) -> Option<LonLat> {
    if lon == 0.0 && lat == 0.0 {
        return None;
    }
    context.decoder.frame.place([lon, lat]).ok().map(|[lon, lat]| LonLat::new(lon, lat))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_are_read_and_anything_else_is_not() {
        for text in [
            "118.78,32.04",
            " 118.78 , 32.04 ",
            "118.78 32.04",
            "118.78,32.04",
            "[118.78, 32.04, 12.5]",
            "(118.78;32.04)",
        ] {
            assert_eq!(read_pair(text), Some((118.78, 32.04)), "{text}");
        }
        for text in
            ["", "118.78", "118.78,x", "118.78,32.04,1,2", "118.78,32.04,x", "118,78,32,04", "NaN,1", "E118,N32"]
        {
            assert_eq!(read_pair(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,24}|[0-9., ;()-]{0,24}") {
            _ = read_pair(&text);
        }
    }
}
