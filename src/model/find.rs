//! Looking something up by its name or number: a worker on patrol, an area, a
//! device, a camera, an event.
//!
//! In: what somebody typed. Out: what fits best, a few of each kind. Looked for
//! when the text changes; later records appear with the next letter.

use std::cmp::Reverse;

use bevy::prelude::*;

use super::{Areas, Events, PointKey, Points, Screen, WallConfig};
use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::geometry::LonLat;

/// Of one kind, and in all.
const MOST_OF_A_KIND: usize = 5;
const MOST: usize = 12;

/// Letters that are looked at: of a text that somebody pasted.
const MOST_LETTERS: usize = 64;

/// What is looked for, and what was found.
#[derive(Resource, Default, Debug)]
pub struct Finder {
    /// Somebody is typing.
    pub is_open: bool,
    /// What was typed.
    pub text: String,
    /// What fits, best first.
    pub found: Vec<Found>,
    looked_for: String,
    /// Revision of the screen that it was looked for on.
    looked_on: u64,
}

/// Something that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its name as shown.
    pub name: String,
    /// What it is: 网格员, 社区, 视频点位 …
    pub kind: String,
    /// Where to go.
    pub place: Place,
}

/// Where something is.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// An area.
    Area(AreaIndex),
    /// A point, and where it is; `None` for one without a place.
    Point(PointKey, Option<LonLat>),
}

impl Finder {
    /// Opens or closes it; nothing is kept of what was typed.
    pub(super) fn toggle(&mut self) {
        *self = Self { is_open: !self.is_open, ..Self::default() };
    }
}

/// Looks for what was typed since the last frame. Visitors find areas, by the
/// names that they can read: that somebody or something is not found must not
/// tell that it is there.
pub(super) fn look(
    mut finder: ResMut<Finder>,
    areas: Res<Areas>,
    points: Res<Points>,
    events: Res<Events>,
    screen: Res<Screen>,
    config: Res<WallConfig>,
) {
    if finder.looked_for == finder.text && finder.looked_on == screen.revision {
        return;
    }
    let found = match screen.is_public(&config.0) {
        true => find_areas(&finder.text, screen.tree(&areas)),
        false => find(&finder.text, &areas, &points, &events),
    };
    let finder = &mut *finder;
    finder.looked_for.clone_from(&finder.text);
    finder.looked_on = screen.revision;
    finder.found = found;
}

/// A name without case and spaces: `网格员 07` is found by `网格员07`.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// How well a name fits: whole, from its beginning, somewhere.
fn fit(name: &str, wanted: &str) -> Option<u8> {
    let name = plain(name);
    let rank = if name == wanted {
        2
    } else if name.starts_with(wanted) {
        1
    } else if name.contains(wanted) {
        0
    } else {
        return None;
    };
    Some(rank)
}

/// Letters of a code below which it must be whole: two digits stand in every
/// second one.
const LEAST_OF_A_CODE: usize = 4;

/// How well a code or an id fits: whole, or one end of it.
fn fit_code(code: &str, wanted: &str) -> Option<u8> {
    let code = plain(code);
    if code == wanted {
        return Some(2);
    }
    let is_end = code.starts_with(wanted) || code.ends_with(wanted);
    (is_end && wanted.chars().count() >= LEAST_OF_A_CODE).then_some(1)
}

/// The best of one kind.
struct Kind(Vec<(u8, Found)>);

impl Kind {
    fn of(found: impl Iterator<Item = (u8, Found)>) -> Self {
        let mut list: Vec<(u8, Found)> = found.collect();
        // Those that came first stay first among equals.
        list.sort_by_key(|&(rank, _)| Reverse(rank));
        list.truncate(MOST_OF_A_KIND);
        Self(list)
    }
}

/// What was typed, as names and codes are compared with it; `None` for nothing.
fn wanted(text: &str) -> Option<String> {
    let wanted: String = plain(text).chars().take(MOST_LETTERS).collect();
    (!wanted.is_empty()).then_some(wanted)
}

/// How well a name or a code fits.
fn best([name, code]: [&str; 2], wanted: &str) -> Option<u8> {
    fit(name, wanted).max(fit_code(code, wanted))
}

/// The areas that fit.
fn areas_of<'a>(tree: &'a AreaTree, wanted: &'a str) -> impl Iterator<Item = (u8, Found)> + 'a {
    tree.areas().iter().enumerate().filter_map(move |(index, area)| {
        let rank = best([&area.name, &area.code], wanted)?;
        let place = Place::Area(index as AreaIndex);
        Some((rank, Found { name: area.name.clone(), kind: area.level.label().into(), place }))
    })
}

/// What visitors find.
fn find_areas(text: &str, tree: &AreaTree) -> Vec<Found> {
    let Some(wanted) = wanted(text) else { return Vec::new() };
    Kind::of(areas_of(tree, &wanted)).0.into_iter().map(|(_, found)| found).collect()
}

fn find(text: &str, areas: &Areas, points: &Points, events: &Events) -> Vec<Found> {
    let Some(wanted) = wanted(text) else { return Vec::new() };
    let best = |names: [&str; 2]| best(names, &wanted);
    let event = events.store.event_ref(text.trim()).map(|event| {
        let place = Place::Point(PointKey::Event(event.key()), event.at());
        (2, Found { name: event.id(), kind: "事件".into(), place })
    });
    let workers = points.tracks().flat_map(|set| set.iter()).filter_map(|track| {
        let rank = best([&track.worker, &track.id])?;
        let place = Place::Point(PointKey::Worker(track.id.clone()), track.points.last().map(|&(_, at)| at));
        Some((rank, Found { name: track.worker.clone(), kind: "巡查人员".into(), place }))
    });
    let named = areas_of(&areas.tree, &wanted);
    let devices = points.devices().filter_map(|device| {
        let rank = best([&device.name, &device.id])?;
        let place = Place::Point(PointKey::Device(device.id.clone()), Some(device.at));
        Some((rank, Found { name: device.name.clone(), kind: device.kind.clone(), place }))
    });
    let cameras = points.cameras().filter_map(|(_, camera)| {
        let rank = best([&camera.name, &camera.id])?;
        let place = Place::Point(PointKey::Camera(camera.id.clone()), Some(camera.at));
        Some((rank, Found { name: camera.name.clone(), kind: "视频点位".into(), place }))
    });
    let kinds = [Kind::of(event.into_iter()), Kind::of(workers), Kind::of(named), Kind::of(devices), Kind::of(cameras)];
    let mut all: Vec<(u8, Found)> = kinds.into_iter().flat_map(|kind| kind.0).collect();
    all.sort_by_key(|&(rank, _)| Reverse(rank));
    all.into_iter().take(MOST).map(|(_, found)| found).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::area::{Area, GridKind, Level};
    use crate::domain::camera::Camera;
    use crate::domain::event::tests::event;
    use crate::domain::geometry::Shape;
    use crate::domain::health::SourceId;
    use crate::domain::time::Time as Instant1970;
    use crate::domain::track::Track;

    fn world() -> (Areas, Points, Events) {
        let area = |code: &str, name: &str, level| Area {
            code: code.into(),
            parent: None,
            name: name.into(),
            level,
            kind: GridKind::default(),
            shape: Shape::default(),
            households: None,
            responsible: Vec::new(),
        };
        let mut areas = Areas::default();
        let list = vec![area("320571", "湖东社区", Level::Community), area("32057107", "湖东社区第7网格", Level::Grid)];
        areas.tree = Arc::new(AreaTree::build(list).0);
        let mut points = Points::default();
        let at = LonLat::new(120.7, 31.3);
        let walk = |id: &str, worker: &str| Track {
            id: id.into(),
            worker: worker.into(),
            area: None,
            points: vec![(Instant1970(0), at)],
        };
        points.set_tracks(
            SourceId::of("a"),
            vec![walk("w1", "网格员 07"), walk("w2", "网格员 17"), walk("w3", "网格员 070")],
        );
        let camera = |number: usize| Camera {
            id: format!("3205{number:04}"),
            name: format!("湖东路口 {number}"),
            owner: String::new(),
            at,
            online: true,
            is_told: true,
            picture: None,
        };
        points.set_cameras(SourceId::of("a"), (0..100).map(camera).collect());
        let mut events = Events::default();
        events.apply(vec![event("SJ-0042", 1)], &areas, Instant1970(1), 0.0);
        (areas, points, events)
    }

    #[test]
    fn what_fits_best_stands_first_and_no_kind_crowds_out_the_others() {
        let (areas, points, events) = world();
        let find = |text: &str| -> Vec<String> {
            find(text, &areas, &points, &events).into_iter().map(|found| found.name).collect()
        };
        assert_eq!(find("网格员07"), ["网格员 07", "网格员 070"]);
        assert_eq!(find("网格员 17"), ["网格员 17"]);
        assert_eq!(find("32057107"), ["湖东社区第7网格"]);
        assert_eq!(find(" SJ-0042 "), ["SJ-0042"]);
        let by_name = find("湖东");
        assert_eq!(by_name[..2], ["湖东社区", "湖东社区第7网格"]);
        assert_eq!(by_name.len(), 2 + MOST_OF_A_KIND);
        assert_eq!(find("w2"), ["网格员 17"], "by the id of the walk");
        assert_eq!(find("07"), ["网格员 07", "网格员 070"], "not by what stands in every code");
        assert!(find("   ").is_empty() && find("没有").is_empty());
    }

    #[test]
    fn visitors_find_areas_and_nobody() {
        let (areas, ..) = world();
        let find = |text: &str| find_areas(text, &areas.tree).into_iter().map(|found| found.name).collect::<Vec<_>>();
        assert_eq!(find("湖东"), ["湖东社区", "湖东社区第7网格"]);
        for text in ["网格员07", "w2", "湖东路口", "SJ-0042", ""] {
            assert!(find(text).is_empty(), "{text}");
        }
    }
}
