//! Which member of the records is which field of the domain.
//!
//! In: a survey, the feed. Out: guesses, surest first: by name, and by the
//! shape of the values, which must fit in any case.
//!
//! How it works: every member gets a mark for every field; a mark is given
//! once, the best first. Names of which nothing is known are told by their
//! values only where hardly anything else can have such values: two numbers
//! that are a place in China, the only instants, the only addresses of
//! pictures, codes that are codes of areas.

use crate::config::field::FieldKind;
use crate::config::source::Feed;
use crate::domain::survey::{KeySurvey, Survey};

use super::names::score_of_key;

/// A guess of at least so much is written; others are only mentioned.
pub const WRITTEN: u8 = 55;

/// A guess by values alone that is written all the same.
const BY_VALUES: u8 = 60;

/// Share of the values that must be of the field's shape.
const FITTING: f64 = 0.6;

/// Longitudes and latitudes of China, degrees.
const CHINA: [std::ops::RangeInclusive<f64>; 2] = [73.0..=136.0, 3.0..=54.0];

/// A member that may be a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// The field.
    pub field: &'static str,
    /// The column or the pointer.
    pub key: String,
    /// How sure it is, 0 to 100.
    pub mark: u8,
    /// Why, in a few words.
    pub reason: String,
}

/// Guesses where the fields of `feed` are, in the order of its fields. Members
/// in `taken` are somebody else's; `area_codes` is where the codes of areas stand,
/// in a survey of areas.
pub fn guess(
    survey: &Survey,
    feed: Feed,
    wanted: &[&'static str],
    taken: &[&str],
    area_codes: Option<&KeySurvey>,
) -> Vec<Guess> {
    let mut open: Vec<Guess> = Vec::new();
    for &field in wanted {
        for key in survey.keys().iter().filter(|key| !taken.contains(&key.key.as_str())) {
            open.extend(mark(survey, feed, field, key, area_codes));
        }
    }
    // Short ways and early members first among equals.
    open.sort_by_key(|guess| (std::cmp::Reverse(guess.mark), guess.key.matches('/').count()));
    let mut found: Vec<Guess> = Vec::new();
    for guess in open {
        let is_new = found.iter().all(|other| other.field != guess.field && other.key != guess.key);
        if is_new {
            found.push(guess);
        }
    }
    add_places(survey, wanted, taken, &mut found);
    swap_places(survey, &mut found);
    let order = |guess: &Guess| feed.field_names().iter().position(|name| *name == guess.field);
    found.sort_by_key(order);
    found
}

/// The mark of a member for a field.
fn mark(
    survey: &Survey,
    feed: Feed,
    field: &'static str,
    key: &KeySurvey,
    area_codes: Option<&KeySurvey>,
) -> Option<Guess> {
    let kind = FieldKind::of(feed, field);
    let fit = fitting(kind, survey, key);
    if fit < FITTING {
        return None;
    }
    let guess = |mark: u8, reason: &str| Guess { field, key: key.key.clone(), mark, reason: reason.to_owned() };
    let by_name = score_of_key(feed, field, &key.key);
    if by_name > 0 {
        return Some(guess(by_name, "名称"));
    }
    match kind {
        FieldKind::Path => Some(guess(BY_VALUES + 10, "值是带时间的轨迹点")),
        FieldKind::Picture => Some(guess(BY_VALUES, "值是图片的地址")),
        FieldKind::AreaCode if field == "area" => {
            let share = area_codes.map_or(0.0, |codes| key.share_within(codes));
            (share > 0.8 && key.distinct() > 1).then(|| guess(BY_VALUES + 5, "值是边界数据中的区域编码"))
        }
        FieldKind::AreaCode => {
            let codes = survey.keys().iter().filter(|other| other.key != key.key && other.is_unique());
            let share = codes.map(|codes| key.share_within(codes)).fold(0.0, f64::max);
            let is_parent = share > 0.8 && (key.distinct() as u64) < survey.records();
            is_parent.then(|| guess(BY_VALUES, "值是另一列中的编码"))
        }
        FieldKind::Time if field == "reported" || field == "time" => {
            let others = survey.keys().iter().filter(|other| fitting(kind, survey, other) >= FITTING).count();
            (others == 1).then(|| guess(BY_VALUES, "唯一的时间"))
        }
        FieldKind::Id => {
            let has_codes = key.shapes.codes + key.shapes.numbers >= key.present && key.present == survey.records();
            let is_plain = key.shapes.fractions == 0 && key.shapes.instants + key.shapes.epochs == 0;
            (has_codes && is_plain && key.is_unique() && survey.records() > 3).then(|| guess(40, "值各不相同"))
        }
        FieldKind::Geometry => Some(guess(BY_VALUES, "值是坐标或几何")),
        _ => None,
    }
}

/// Share of a member's values that a field of this kind could have.
fn fitting(kind: FieldKind, survey: &Survey, key: &KeySurvey) -> f64 {
    let shapes = &key.shapes;
    let share = |count: u64| count as f64 / key.present.max(1) as f64;
    let scalars = share(shapes.numbers.max(shapes.texts) + shapes.flags).min(1.0);
    let is_code = shapes.fractions == 0 && shapes.pairs + shapes.geometries == 0;
    match kind {
        FieldKind::Time => share(shapes.instants.max(shapes.epochs).max(shapes.odd_dates)),
        FieldKind::Number | FieldKind::Longitude | FieldKind::Latitude => share(shapes.numbers),
        FieldKind::Geometry => share(shapes.pairs + shapes.geometries),
        FieldKind::Path => share(shapes.paths),
        FieldKind::Picture => share(shapes.pictures),
        FieldKind::Structure => share(shapes.lists + shapes.objects),
        FieldKind::Id => {
            let is_telling = key.distinct() as u64 * 2 > key.present || survey.records() < 4;
            if is_code && is_telling { scalars } else { 0.0 }
        }
        FieldKind::AreaCode if is_code => scalars,
        FieldKind::Text if shapes.fractions == 0 && shapes.instants + shapes.pairs == 0 => scalars,
        kind if kind.is_word() && (shapes.flags > 0 || key.distinct() <= 40) => {
            let is_word = shapes.fractions == 0 && shapes.instants + shapes.epochs == 0;
            if is_word { scalars } else { 0.0 }
        }
        _ => 0.0,
    }
}

/// Longitude and latitude by their values, where no name tells.
fn add_places(survey: &Survey, wanted: &[&'static str], taken: &[&str], found: &mut Vec<Guess>) {
    let has = |field: &str| found.iter().any(|guess| guess.field == field);
    let is_wanted = wanted.contains(&"lon") && wanted.contains(&"lat");
    if !is_wanted || has("lon") || has("lat") || has("geometry") || survey.geometries().points > 0 {
        return;
    }
    let free = |key: &&KeySurvey| !taken.contains(&key.key.as_str()) && found.iter().all(|guess| guess.key != key.key);
    let within = |axis: usize| {
        let candidates: Vec<&KeySurvey> = survey
            .keys()
            .iter()
            .filter(free)
            .filter(|key| key.shapes.fractions * 2 > key.present && key.shapes.numbers == key.present)
            .filter(|key| key.shapes.range.is_some_and(|range| range.iter().all(|value| CHINA[axis].contains(value))))
            .collect();
        // Two of them, and nobody knows.
        (candidates.len() == 1).then(|| candidates[0].key.clone())
    };
    if let (Some(lon), Some(lat)) = (within(0), within(1)) {
        let reason = "数值像是中国境内的经纬度";
        for (field, key) in [("lon", lon), ("lat", lat)] {
            found.push(Guess { field, key, mark: BY_VALUES, reason: reason.to_owned() });
        }
    }
}

/// Swaps longitude and latitude where their values say that the names are the
/// wrong way round: surveyors' X is north.
fn swap_places(survey: &Survey, found: &mut [Guess]) {
    let at = |field: &str| found.iter().position(|guess| guess.field == field);
    let Some((lon, lat)) = at("lon").zip(at("lat")) else { return };
    let range = |index: usize| survey.key(&found[index].key).and_then(|key| key.shapes.range);
    let (Some(east), Some(north)) = (range(lon), range(lat)) else { return };
    if is_swapped(east, north) {
        let key = std::mem::take(&mut found[lon].key);
        found[lon].key = std::mem::replace(&mut found[lat].key, key);
        for index in [lon, lat] {
            found[index].reason = "按数值看,名称与经纬度(东、北)相反".to_owned();
        }
    }
}

/// Whether what is called east is north, and the other way round: in degrees,
/// or in metres of a plane of Gauss–Krüger.
pub fn is_swapped(east: [f64; 2], north: [f64; 2]) -> bool {
    let all =
        |range: [f64; 2], within: &std::ops::RangeInclusive<f64>| range.iter().all(|value| within.contains(value));
    let [lon, lat] = CHINA;
    let is_degrees = all(east, &lat) && all(north, &lon);
    let northing = 1_500_000.0..=6_500_000.0;
    let easting = [100_000.0..=1_000_000.0, 13_000_000.0..=46_000_000.0];
    let is_plane = all(east, &northing) && easting.iter().any(|easting| all(north, easting));
    is_degrees || is_plane
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn guesses(feed: Feed, records: &[Value]) -> Vec<(&'static str, String)> {
        let found = guess(&Survey::of(records), feed, feed.field_names(), &[], None);
        found.into_iter().filter(|guess| guess.mark >= WRITTEN).map(|guess| (guess.field, guess.key)).collect()
    }

    #[test]
    fn pinyin_records_are_understood() {
        let record = |n: usize| {
            json!({"sjbh": format!("SJ{n:04}"), "sjdl": "市容环境", "sbsj": format!("2025-08-{:02} 09:00:00", n + 1),
                "zt": "处理中", "jd": 118.7 + n as f64 / 100.0, "wd": 32.04, "wgbm": "320104001"})
        };
        let records: Vec<Value> = (0..8).map(record).collect();
        let found = guesses(Feed::Events, &records);
        for pair in [
            ("id", "/sjbh"),
            ("category", "/sjdl"),
            ("reported", "/sbsj"),
            ("stage", "/zt"),
            ("lon", "/jd"),
            ("lat", "/wd"),
            ("area", "/wgbm"),
        ] {
            assert!(found.contains(&(pair.0, pair.1.to_owned())), "{pair:?} in {found:?}");
        }
    }

    #[test]
    fn values_tell_what_names_do_not() {
        let record = |n: usize| json!({"f1": 118.7 + n as f64 / 977.0, "f2": 32.04 + n as f64 / 977.0, "f3": format!("2025-08-15 09:{n:02}:00")});
        let records: Vec<Value> = (1..9).map(record).collect();
        let found = guesses(Feed::Events, &records);
        assert_eq!(found, [("lon", "/f1".into()), ("lat", "/f2".into()), ("reported", "/f3".into())]);
    }

    #[test]
    fn a_name_whose_values_do_not_fit_is_not_taken() {
        let records: Vec<Value> = (0..5).map(|n| json!({"reportTime": "x", "lng": "东", "id": n})).collect();
        assert_eq!(guesses(Feed::Events, &records), [("id", "/id".to_owned())]);
    }

    #[test]
    fn surveyors_x_is_north() {
        let record = |n: usize| json!({"x": 3_547_751.1 + n as f64, "y": 40_415_000.8 + n as f64, "id": n});
        let records: Vec<Value> = (0..5).map(record).collect();
        let found = guesses(Feed::Devices, &records);
        assert!(found.contains(&("lon", "/y".to_owned())) && found.contains(&("lat", "/x".to_owned())), "{found:?}");
        assert!(is_swapped([31.0, 33.0], [118.0, 119.0]) && !is_swapped([118.0, 119.0], [31.0, 33.0]));
    }

    #[test]
    fn parents_are_found_by_their_codes() {
        let record = |n: usize| json!({"k": format!("G{n}"), "u": if n == 0 { Value::Null } else { json!("G0") }, "mc": "甲网格"});
        let records: Vec<Value> = (0..6).map(record).collect();
        let found = guess(&Survey::of(&records), Feed::Areas, Feed::Areas.field_names(), &[], None);
        assert!(found.iter().any(|guess| (guess.field, guess.key.as_str()) == ("parent", "/u")), "{found:?}");
    }
}
