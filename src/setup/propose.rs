//! What to change in a configuration, after a look at its sources.
//!
//! In: the sources as they are configured, what came of each, what was found
//! about their datums. Out: [`Change`]s, of which each is more likely right
//! than what is there: fields that nobody mapped or that were never found,
//! words that mean nothing, times and places that are written otherwise.

use jiff::tz::TimeZone;

use super::fields::{Guess, WRITTEN, guess, is_swapped};
use super::fix::{Change, What};
use super::words::meaning;
use crate::config::Source;
use crate::config::field::FieldKind;
use crate::config::source::{Feed, FieldRule};
use crate::domain::crs::Crs;
use crate::domain::crs::frame::{AxisOrder, SWAP_AXES};
use crate::domain::finding::{Finding, FindingKind};
use crate::domain::spatial::{DatumHint, Misread};
use crate::domain::survey::{KeySurvey, Survey};

/// Words of one field that are proposed; of more, somebody has to think.
const MAX_WORDS: usize = 24;

/// Points of which some are near enough to the edge to tell datums apart.
const MANY_POINTS: usize = 200;

/// The offset of China's clocks, seconds.
const CHINA_SECS: i32 = 8 * 3_600;

/// What one look at a source gave.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What its records look like; `None` when nothing came.
    pub survey: Option<&'a Survey>,
    /// What was noticed.
    pub findings: &'a [Finding],
    /// Records that could be used.
    pub records: usize,
    /// Points that came.
    pub points: usize,
    /// That its points fit the boundary better in another datum.
    pub datum: Option<DatumHint>,
    /// The coordinate system that the data name, where that is another than the
    /// source's.
    pub other_crs: Option<Crs>,
    /// Seconds by which its newest instant lies ahead.
    pub ahead_secs: f64,
}

/// What to change in sources of which `seen` came, in the order of the file.
pub fn propose(sources: &[Source], seen: &[Seen<'_>], stages: &[String], zone: &TimeZone) -> Vec<Change> {
    let codes = sources
        .iter()
        .zip(seen)
        .find_map(|(source, seen)| (source.feed == Feed::Areas).then(|| code_key(source, seen.survey?)).flatten());
    let mut changes = Vec::new();
    for (index, (source, seen)) in sources.iter().zip(seen).enumerate() {
        let mut add = |what: What, reason: String| changes.push(Change { source: index, what, reason });
        if let Some(survey) = seen.survey.filter(|survey| survey.records() > 0) {
            fields(source, survey, codes, &mut add);
            words(source, survey, stages, &mut add);
            times(source, survey, seen, zone, &mut add);
        }
        if seen.findings.iter().any(|finding| finding.kind == FindingKind::Encoding)
            && source.writing.encoding.is_none()
        {
            add(What::Key { name: "encoding", value: "gbk".into() }, "文字不是 UTF-8".into());
        }
        if let Some(order) = axis_order(source, seen) {
            add(What::Key { name: "axis_order", value: order.into() }, "纬度在前".into());
        }
        if let Some(crs) = named(source, seen) {
            add(What::Key { name: "crs", value: crs.name().into_owned() }, "数据自己写明的坐标系".into());
        }
    }
    let is_open = |change: &Change| named(&sources[change.source], &seen[change.source]).is_none();
    changes.extend(datums(sources, seen).into_iter().filter(is_open));
    changes
}

/// Where the codes of areas are.
fn code_key<'s>(source: &Source, survey: &'s Survey) -> Option<&'s KeySurvey> {
    match source.fields.get("code") {
        Some(FieldRule::At(place)) => key_at(survey, place),
        Some(FieldRule::Computed(_)) => None,
        None => {
            let found = guess(survey, Feed::Areas, &["code"], &[], None);
            survey.key(&found.first()?.key)
        }
    }
}

/// The member that a configured place leads to.
pub fn key_at<'s>(survey: &'s Survey, place: &str) -> Option<&'s KeySurvey> {
    let inside = place.strip_prefix("/properties").filter(|rest| rest.starts_with('/'));
    let bare = |place: &str| survey.key(place).or_else(|| survey.key(place.strip_prefix('/')?));
    bare(place)
        .or_else(|| bare(inside?))
        .or_else(|| survey.key(&format!("/{place}")))
        .or_else(|| survey.key(&format!("/{}", place.replace('.', "/"))))
}

/// Whether one member is another, or around it.
pub fn holds(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Members that some configured field of a source is taken from.
pub fn taken<'s>(source: &Source, survey: &'s Survey) -> Vec<&'s str> {
    let places = source.fields.values().filter_map(|rule| match rule {
        FieldRule::At(place) => key_at(survey, place),
        FieldRule::Computed(_) => None,
    });
    places.map(|key| key.key.as_str()).collect()
}

fn fields(source: &Source, survey: &Survey, area_codes: Option<&KeySurvey>, add: &mut impl FnMut(What, String)) {
    let found = |name: &str| survey.fields().iter().any(|field| field.name == name && field.present > 0);
    let has_geometry = survey.geometries() != Default::default();
    let has_place = found("geometry") || found("lon") && found("lat") || has_geometry;
    let is_open = |name: &&'static str| {
        let name = *name;
        let is_place = matches!(name, "lon" | "lat" | "geometry");
        let is_placed = is_place && (has_place || source.feed == Feed::Tracks);
        let is_computed = matches!(source.fields.get(name), Some(FieldRule::Computed(_)));
        !found(name) && !is_placed && !is_computed
    };
    let wanted: Vec<&'static str> = source.feed.field_names().iter().copied().filter(is_open).collect();
    let mut others = taken(source, survey);
    // What a decoder finds by itself is in use as well.
    let names = source.feed.field_names().iter().filter(|name| found(name) && !source.fields.contains_key(**name));
    let by_itself: Vec<String> = guess(survey, source.feed, &names.copied().collect::<Vec<_>>(), &others, area_codes)
        .into_iter()
        .map(|g| g.key)
        .collect();
    others.extend(by_itself.iter().map(String::as_str));
    for Guess { field, key, mark, reason } in guess(survey, source.feed, &wanted, &others, area_codes) {
        if mark >= WRITTEN {
            add(What::Field { field: field.to_owned(), place: key }, reason);
        }
    }
    swapped(source, survey, add);
}

/// Longitude and latitude that are configured or found the wrong way round.
fn swapped(source: &Source, survey: &Survey, add: &mut impl FnMut(What, String)) {
    let failed =
        |name: &str| survey.fields().iter().any(|field| field.name == name && field.failed * 2 > field.present);
    if !failed("lon") || !failed("lat") {
        return;
    }
    let place = |name: &'static str| match source.fields.get(name) {
        Some(FieldRule::At(place)) => key_at(survey, place),
        Some(FieldRule::Computed(_)) => None,
        None => guess(survey, source.feed, &[name], &[], None).first().and_then(|guess| survey.key(&guess.key)),
    };
    let Some((lon, lat)) = place("lon").zip(place("lat")) else { return };
    if lon.shapes.range.zip(lat.shapes.range).is_some_and(|(east, north)| is_swapped(east, north)) {
        for (field, key) in [("lon", lat), ("lat", lon)] {
            let place = key.key.clone();
            add(What::Field { field: field.to_owned(), place }, "按数值看,与经纬度(东、北)相反".into());
        }
    }
}

fn words(source: &Source, survey: &Survey, stages: &[String], add: &mut impl FnMut(What, String)) {
    for field in survey.fields() {
        let kind = FieldKind::of(source.feed, field.name);
        let has_rest = source.values.get(field.name).is_some_and(|table| table.contains_key("*"));
        if !kind.is_word() || has_rest || field.vocabulary().len() > MAX_WORDS {
            continue;
        }
        for (word, count) in field.vocabulary() {
            if let Some(meaning) = meaning(kind, word, stages) {
                let what = What::Word { field: field.name.to_owned(), word: word.clone(), meaning };
                add(what, format!("{count} 条"));
            }
        }
    }
}

fn times(source: &Source, survey: &Survey, seen: &Seen<'_>, zone: &TimeZone, add: &mut impl FnMut(What, String)) {
    let is_time = |name: &str| FieldKind::of(source.feed, name) == FieldKind::Time;
    let fields: Vec<_> = survey.fields().iter().filter(|field| is_time(field.name) && field.present > 0).collect();
    let is_unread = |field: &&&crate::domain::survey::FieldSurvey| field.failed * 2 > field.present;
    if !fields.is_empty()
        && fields.iter().filter(is_unread).count() == fields.len()
        && source.writing.time_format.is_none()
    {
        let formats: Vec<String> = survey.keys().iter().filter_map(|key| key.shapes.odd_format()).collect();
        if let [first, rest @ ..] = formats.as_slice()
            && rest.iter().all(|format| format == first)
        {
            add(What::Key { name: "time_format", value: first.clone() }, "日期的年份在后".into());
        }
    }
    let own = source.writing.zone.as_ref().unwrap_or(zone);
    let offset = own.to_offset(jiff::Timestamp::now()).seconds();
    let missing = f64::from(CHINA_SECS - offset);
    let has_local = survey.keys().iter().any(|key| key.shapes.instants > key.shapes.with_offset);
    if seen.ahead_secs > 600.0 && missing > 0.0 && seen.ahead_secs <= missing + 600.0 && has_local {
        add(What::Key { name: "time_zone", value: "Asia/Shanghai".into() }, "现在的时区使时间在将来".into());
    }
}

/// The coordinate system that the data name, where nobody chose another.
fn named(source: &Source, seen: &Seen<'_>) -> Option<Crs> {
    let chosen_by_nobody = |_: &Crs| matches!(source.crs, Crs::Wgs84 | Crs::Cgcs2000);
    seen.other_crs.filter(chosen_by_nobody).filter(|&crs| is_believed(crs, seen.findings))
}

/// Whether data are in the system that they name themselves: a file may stand
/// beside another that was copied along. What can be read as degrees is in
/// degrees.
pub fn is_believed(crs: Crs, findings: &[Finding]) -> bool {
    // Xi'an 80 and Beijing 54, in degrees themselves.
    let is_in_degrees = matches!(crs, Crs::Epsg(4610 | 4214));
    is_in_degrees || findings.iter().any(|finding| finding.kind == FindingKind::BadCoordinate)
}

/// That pairs are written with the latitude first.
fn axis_order(source: &Source, seen: &Seen<'_>) -> Option<&'static str> {
    if source.writing.axis_order != AxisOrder::LonLat {
        return None;
    }
    let wrong = seen.findings.iter().filter(|finding| finding.kind == FindingKind::BadCoordinate);
    let is_swapped = |finding: &&Finding| finding.message.contains(SWAP_AXES);
    let has_pairs = seen.survey.is_some_and(|survey| {
        let is_named = survey.fields().iter().any(|field| matches!(field.name, "lon" | "lat") && field.present > 0);
        !is_named
    });
    let (swapped, all) = (wrong.clone().filter(is_swapped).count(), wrong.count());
    (has_pairs && swapped > 0 && swapped == all && seen.records < swapped).then_some("lat-lon")
}

/// Which sources to read in another datum, where that can be told: points
/// first; the boundary only when all points say so.
fn datums(sources: &[Source], seen: &[Seen<'_>]) -> Vec<Change> {
    let is_plain = |source: &Source| matches!(source.crs, Crs::Wgs84 | Crs::Cgcs2000);
    let hints: Vec<(usize, DatumHint)> =
        seen.iter().enumerate().filter_map(|(index, seen)| Some((index, seen.datum?))).collect();
    let set = |source: usize, crs: Crs, hint: &DatumHint| Change {
        source,
        what: What::Key { name: "crs", value: crs.name().into_owned() },
        reason: format!("偏移约 {:.0} 米", hint.shift_m),
    };
    let mut changes = Vec::new();
    // Of a few points, none may lie where it shows.
    let with_points = seen.iter().filter(|seen| seen.datum.is_some() || seen.points >= MANY_POINTS).count();
    for (index, hint) in &hints {
        match hint.misread {
            Misread::Points if is_plain(&sources[*index]) => changes.push(set(*index, hint.crs, hint)),
            // Points that are read in the datum of the boundary's making.
            Misread::Boundary if sources[*index].crs == hint.crs => {
                let areas = sources.iter().filter(|source| source.feed == Feed::Areas);
                if areas.clone().all(|source| !is_plain(source)) {
                    changes.push(set(*index, Crs::Wgs84, hint));
                }
            }
            _ => {}
        }
    }
    let says_boundary = |(_, hint): &&(usize, DatumHint)| hint.misread == Misread::Boundary;
    let boundary: Vec<_> = hints.iter().filter(says_boundary).collect();
    if changes.is_empty()
        && !boundary.is_empty()
        && boundary.len() == with_points
        && boundary.iter().all(|(index, _)| is_plain(&sources[*index]))
        && boundary.iter().all(|(_, hint)| hint.crs == boundary[0].1.crs)
    {
        let areas = sources.iter().enumerate().filter(|(_, source)| source.feed == Feed::Areas && is_plain(source));
        changes.extend(areas.map(|(index, _)| set(index, boundary[0].1.crs, &boundary[0].1)));
    }
    changes
}
