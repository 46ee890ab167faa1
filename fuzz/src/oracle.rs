//! What must be true of whatever a decoder gives.
//!
//! Written anew and simply, not with the code that it judges.

use crate::config::Source;
use crate::config::source::Feed;
use crate::domain::area::Area;
use crate::domain::finding::FindingKind;
use crate::domain::geometry::{LonLat, Shape};
use crate::domain::heal;
use crate::domain::privacy::{Masks, mask_free_text};
use crate::domain::update::Records;
use crate::ingest::decode::Decoded;

/// Findings kept of one answer, and one that counts the others.
const MAX_FINDINGS: usize = 201;

/// The ASCII digit that a digit of normal or full width stands for.
fn digit(c: char) -> Option<u8> {
    match c {
        '0'..='9' => Some(c as u8 - b'0'),
        '０'..='９' => Some((c as u32 - '０' as u32) as u8),
        _ => None,
    }
}

/// A mobile number or an identity number that stands in a text without a
/// break; a plate.
pub fn leak(text: &str) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let digits: Vec<Option<u8>> = characters.iter().map(|&c| digit(c)).collect();
    let shown = |at: usize, count: usize| Some(characters[at..at + count].iter().collect());
    for (at, window) in digits.windows(11).enumerate() {
        let is_mobile = window[0] == Some(1) && window[1].is_some_and(|second| second >= 3);
        if is_mobile && window.iter().all(Option::is_some) {
            return shown(at, 11);
        }
    }
    for (at, window) in digits.windows(17).enumerate() {
        let Some(digits) = window.iter().copied().collect::<Option<Vec<u8>>>() else { continue };
        let pair = |at: usize| digits[at] * 10 + digits[at + 1];
        let is_born = matches!(pair(6), 19 | 20) && (1..=12).contains(&pair(10)) && (1..=31).contains(&pair(12));
        let last = characters.get(at + 17);
        if is_born && last.is_some_and(|&c| digit(c).is_some() || matches!(c, 'x' | 'X')) {
            return shown(at, 18);
        }
    }
    const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
    for (at, window) in characters.windows(7).enumerate() {
        let is_serial = window[2..].iter().all(char::is_ascii_alphanumeric);
        let digits = window[2..].iter().filter(|c| c.is_ascii_digit()).count();
        if PROVINCES.contains(window[0]) && window[1].is_ascii_alphabetic() && is_serial && digits >= 2 {
            return shown(at, 7);
        }
    }
    None
}

/// Holds what a decoder gave to what it promises.
///
/// # Panics
/// When it breaks a promise.
pub fn check(decoded: &Decoded, source: &Source) {
    assert!(decoded.findings.len() <= MAX_FINDINGS, "{} findings", decoded.findings.len());
    assert!(decoded.findings_total + 1 >= decoded.findings.len() as u64);
    for finding in &decoded.findings {
        assert!(!finding.message.is_empty());
        // Coordinates are as long as telephone numbers.
        let is_number = matches!(finding.kind, FindingKind::BadCoordinate);
        assert!(is_number || leak(&finding.message).is_none(), "in the finding {:?}", finding.message);
    }
    assert!(decoded.records.len() <= source.limits.records, "{} records", decoded.records.len());
    check_records(&decoded.records, &source.writing.masks);
}

/// Holds records to what must be true of all of them.
///
/// # Panics
/// When it is not.
pub fn check_records(records: &Records, masks: &Masks) {
    let free = |text: &str| {
        if masks.free_text && *masks == Masks::ALL {
            hides_all(text);
        }
    };
    let other = |text: &str| {
        if masks.others && *masks == Masks::ALL {
            hides_all(text);
        }
    };
    let person = |text: &str| assert!(!masks.names || leak(text).is_none(), "a person: {text:?}");
    match records {
        Records::Areas(areas) => areas.iter().for_each(|area| {
            check_area(area);
            area.responsible.iter().for_each(|one| {
                person(&one.holder);
                other(&one.role);
            });
            if area.name != area.code {
                other(&area.name);
            }
        }),
        Records::Events(events) => {
            for event in events {
                assert!(!event.id.is_empty());
                event.at.into_iter().for_each(is_place);
                assert!(event.entered.is_sorted_by_key(|&(_, at)| at));
                free(&event.title);
                free(&event.place);
                other(&event.category);
                other(&event.subcategory);
            }
        }
        Records::Cameras(cameras) => cameras.iter().for_each(|camera| {
            is_place(camera.at);
            other(&camera.name);
            other(&camera.owner);
        }),
        Records::Devices(devices) => devices.iter().for_each(|device| {
            is_place(device.at);
            assert!(device.value.is_none_or(f64::is_finite), "{device:?}");
            free(&device.name);
            other(&device.kind);
            other(&device.unit);
        }),
        Records::Tracks(tracks) | Records::TrackChanges(tracks) => {
            for track in tracks {
                assert!(track.points.is_sorted_by(|a, b| a.0 < b.0), "{track:?}");
                track.points.iter().for_each(|&(_, at)| is_place(at));
                person(&track.worker);
            }
        }
        Records::Figures(figures) | Records::FigureChanges(figures) => {
            for figure in figures {
                let all = [Some(figure.value), figure.numerator, figure.denominator, figure.previous];
                let series = figure.series.iter().copied();
                assert!(all.into_iter().flatten().chain(series).all(f64::is_finite), "{figure:?}");
                other(&figure.label);
                other(&figure.unit);
            }
        }
        Records::Context(features) => features.iter().for_each(|feature| {
            check_shape(&feature.shape);
            feature.lines.iter().flatten().for_each(|&[lon, lat]| is_place(LonLat::new(lon, lat)));
            assert!((1..=3).contains(&feature.rank));
            other(&feature.name);
        }),
        Records::CameraChanges(changes) => changes.iter().for_each(|change| {
            change.at.into_iter().for_each(is_place);
            change.name.iter().chain(&change.owner).for_each(|text| other(text));
        }),
        Records::DeviceChanges(changes) => changes.iter().for_each(|change| {
            change.at.into_iter().for_each(is_place);
            assert!(change.value.is_none_or(f64::is_finite));
            change.name.iter().for_each(|text| free(text));
            change.kind.iter().chain(&change.unit).for_each(|text| other(text));
        }),
    }
}

/// Whether a text that everybody may see is as masked as it can be.
fn hides_all(text: &str) {
    assert_eq!(leak(text), None, "in {text:?}");
    assert_eq!(mask_free_text(text), text, "could be masked further");
}

fn is_place(at: LonLat) {
    assert!(at.is_valid(), "{at:?} is nowhere");
}

/// A boundary is on Earth and sound, unless its edges meet too often.
fn check_area(area: &Area) {
    check_shape(&area.shape);
    let defects = heal::defects(&area.shape);
    assert!(defects.is_none() || defects.is_tangled, "{defects:?} in {:?}", area.shape);
}

/// The three arrays of a shape fit each other, and all of it is on Earth.
pub fn check_shape(shape: &Shape) {
    shape.points.iter().for_each(|&[lon, lat]| is_place(LonLat::new(lon, lat)));
    let mut before = 0;
    for &end in &shape.ring_ends {
        assert!(end >= before + 3, "a ring of fewer than three points");
        before = end;
    }
    assert_eq!(before as usize, shape.points.len());
    let mut before = 0;
    for &end in &shape.polygon_ends {
        assert!(end > before, "a polygon without a ring");
        before = end;
    }
    assert_eq!(before as usize, shape.ring_ends.len());
}

/// The feeds whose records a boundary is no part of, to go through them.
pub const PUSHED: [Feed; 5] = [Feed::Events, Feed::Cameras, Feed::Devices, Feed::Tracks, Feed::Figures];
