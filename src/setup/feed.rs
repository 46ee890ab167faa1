//! What the records of a sample are: areas, events, cameras …
//!
//! In: a survey, and the name of where it came from. Out: feeds with marks,
//! the likeliest first, and why.

use super::fields::guess;
use crate::config::field::FieldKind;
use crate::config::source::Feed;
use crate::domain::survey::Survey;

/// A feed that the records may be of.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedGuess {
    /// Which one.
    pub feed: Feed,
    /// How likely, in no unit.
    pub mark: f64,
    /// Why, in a few words.
    pub reason: String,
}

/// Words in names of files, addresses and members that tell of a feed.
fn hints(feed: Feed) -> &'static [&'static str] {
    match feed {
        Feed::Areas => &["area", "boundar", "district", "grid", "adcode", "边界", "网格", "区划"],
        Feed::Events => &[
            "event", "case", "order", "ticket", "accident", "incident", "sjbh", "ajbh", "gdbh", "事件", "案件", "工单",
        ],
        Feed::Cameras => &["camera", "video", "gb28181", "channelid", "摄像", "视频", "监控", "国标"],
        Feed::Devices => &["device", "sensor", "iot", "meter", "imei", "设备", "传感", "物联"],
        Feed::Tracks => &["track", "trajectory", "patrol", "guiji", "轨迹", "巡查"],
        Feed::Figures => &["figure", "indicator", "kpi", "zbbm", "指标"],
        Feed::Context => &["context", "basemap", "water", "road", "building", "osm", "水系", "道路", "建筑"],
    }
}

/// Feeds, likeliest first; none where nothing can be said. What is pushed may
/// be single positions of a track.
pub fn rank(survey: &Survey, name: &str, is_push: bool) -> Vec<FeedGuess> {
    let mut all: Vec<FeedGuess> = Feed::ALL.into_iter().filter_map(|feed| mark(survey, feed, name, is_push)).collect();
    all.retain(|guess| guess.mark > 40.0);
    all.sort_by(|a, b| b.mark.total_cmp(&a.mark));
    all
}

fn mark(survey: &Survey, feed: Feed, name: &str, is_push: bool) -> Option<FeedGuess> {
    let records = survey.records().max(1);
    let shapes = survey.geometries();
    let most = |count: u64| count * 2 > records;
    let found = guess(survey, feed, feed.field_names(), &[], None);
    let of = |field: &str| found.iter().find(|guess| guess.field == field).map_or(0.0, |guess| f64::from(guess.mark));
    let has_place = most(shapes.points) || of("lon") > 0.0 && of("lat") > 0.0 || of("geometry") > 0.0;
    let name = name.to_lowercase();
    let is_hinted = hints(feed).iter().any(|hint| name.contains(hint));
    let in_keys = survey.keys().iter().any(|key| {
        let key = key.key.to_lowercase();
        hints(feed).iter().any(|hint| key.contains(hint))
    });
    let hint = if is_hinted { 90.0 } else { 0.0 } + if in_keys { 30.0 } else { 0.0 };
    let of_context = survey.keys().iter().any(|key| {
        let is_osm = ["fclass", "highway", "waterway", "landuse", "natural", "building"].contains(&key.name());
        let words = key.words();
        let known = words.iter().filter(|(word, _)| FieldKind::ContextKind.knows(word)).count();
        is_osm || (!words.is_empty() && known * 2 > words.len())
    });
    let (mark, reason) = match feed {
        Feed::Areas if most(shapes.polygons) => {
            (if of_context && of("parent") < 50.0 { 60.0 } else { 150.0 } + of("code") * 0.5, "要素多是多边形")
        }
        Feed::Areas => (
            if of("geometry") > 0.0 && of("code") > 50.0 { of("parent") + of("level") + hint } else { 0.0 },
            "有编码和几何",
        ),
        Feed::Context if most(shapes.polygons + shapes.lines) => {
            let lines = if most(shapes.lines) { 150.0 } else { 0.0 };
            (
                lines + if of_context { 120.0 } else { 0.0 } + hint * 0.5,
                if lines > 0.0 { "要素多是线" } else { "有地物种类" },
            )
        }
        Feed::Context => (0.0, ""),
        _ if most(shapes.polygons) || most(shapes.lines) => (0.0, ""),
        Feed::Events => {
            let course =
                ["category", "subcategory", "stage", "severity", "channel", "due", "closed", "title", "history"];
            let more: f64 = course.iter().map(|field| of(field)).sum();
            (if of("reported") > 0.0 { of("reported") + more * 0.4 + hint } else { 0.0 }, "有上报时间")
        }
        Feed::Cameras if has_place => {
            let more: f64 = ["picture", "online", "owner", "name"].iter().map(|field| of(field)).sum();
            (45.0 + more * 0.4 + hint, "有位置")
        }
        Feed::Devices if has_place => {
            let more: f64 = ["value", "unit", "state", "kind", "read"].iter().map(|field| of(field)).sum();
            (more * 0.5 + hint, "有读数或状态")
        }
        Feed::Cameras | Feed::Devices => (0.0, ""),
        Feed::Tracks => {
            let has_path = found.iter().any(|guess| guess.field == "points");
            let is_position = is_push && has_place && of("time") > 0.0 && (of("worker") > 0.0 || is_hinted);
            match () {
                // One object with a list of places may be the envelope of others.
                () if has_path && records == 1 && of("points") < 75.0 => (60.0, "有带时间的轨迹点"),
                () if has_path => (400.0, "有带时间的轨迹点"),
                () if is_position => (of("time") * 0.5 + of("worker") + hint, "推送的是人员的位置"),
                () => (0.0, ""),
            }
        }
        Feed::Figures if has_place || of("value") + of("numerator") == 0.0 => (0.0, ""),
        Feed::Figures => {
            let more: f64 = ["label", "numerator", "denominator", "unit", "previous", "more_is_better"]
                .iter()
                .map(|field| of(field))
                .sum();
            (of("key") * 0.5 + of("value") + more * 0.4 + hint, "有指标的值")
        }
    };
    let reason = if is_hinted { format!("{reason};名称中有这个意思") } else { reason.to_owned() };
    (mark > 0.0).then_some(FeedGuess { feed, mark, reason })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn first(records: &[Value], name: &str) -> Option<Feed> {
        let survey = Survey::of(records);
        rank(&survey, name, false).first().map(|guess| guess.feed)
    }

    #[test]
    fn feeds_are_told_apart() {
        let event = json!({"sjbh": "1", "sjdl": "市容", "sbsj": "2025-08-15 09:00:00", "zt": "处理中", "jd": 118.7, "wd": 32.1});
        assert_eq!(first(&[event], "data.json"), Some(Feed::Events));
        let camera = json!({"gbId": "34020000001320000001", "name": "路口", "lng": 118.7, "lat": 32.1, "snapshot": "/a.jpg", "online": true});
        assert_eq!(first(&[camera], "a.json"), Some(Feed::Cameras));
        let device = json!({"deviceId": "G1", "deviceType": "燃气", "value": 0.8, "unit": "%", "status": "正常", "lng": 118.7, "lat": 32.1, "collectTime": "2025-08-15 09:00:00"});
        assert_eq!(first(&[device], "a.json"), Some(Feed::Devices));
        let track = json!({"id": "1", "worker": "07", "points": [[1_755_219_600_000_i64, 118.7, 32.1]]});
        assert_eq!(first(&[track], "a.json"), Some(Feed::Tracks));
        let figure = json!({"zbbm": "k1", "zbmc": "办结率", "value": 98.5, "unit": "%"});
        assert_eq!(first(&[figure], "a.json"), Some(Feed::Figures));
        assert_eq!(first(&[json!({"lng": 118.7, "lat": 32.1})], "a.csv"), Some(Feed::Cameras));
        assert_eq!(first(&[json!({"a": 1})], "a.csv"), None);
    }

    #[test]
    fn positions_are_of_a_track_only_when_they_are_pushed() {
        let position =
            json!({"userId": "W7", "userName": "甲", "lng": 118.7, "lat": 32.1, "positionTime": "2025-08-15 09:00:00"});
        let survey = Survey::of(&[position]);
        assert_eq!(rank(&survey, "x", true)[0].feed, Feed::Tracks);
        assert!(rank(&survey, "x", false).iter().all(|guess| guess.feed != Feed::Tracks));
    }

    #[test]
    fn features_are_told_by_their_geometry() {
        let mut survey = Survey::default();
        survey.see_record(&json!({"adcode": 320102, "name": "玄武区"}), None);
        survey.see_geometry(true, false, false);
        assert_eq!(rank(&survey, "x", false)[0].feed, Feed::Areas);
        let mut survey = Survey::default();
        survey.see_record(&json!({"fclass": "primary", "name": "中山路"}), None);
        survey.see_geometry(false, true, false);
        assert_eq!(rank(&survey, "x", false)[0].feed, Feed::Context);
    }
}
