//! Which points stand on the map, and which of them a hand means.
//!
//! In: cameras, devices, the events of the window, focus, view. Out:
//! [`Marks`]: single points, bubbles that stand for many, and alerts, as they
//! are in view; picking; counts by kind and state, exact whatever is filtered.
//!
//! How it works: points are gathered and clustered on a task when their data,
//! the focus or the visible layers changed ([`gather`]), in two groups. Alerts
//! (devices in alarm, major and urgent events) never hide in a bubble of
//! things that are well; where their marks would cover each other, the most
//! urgent stands for all and says how many they are. In a focus, bubbles count
//! what lies in it; points outside stay as faint dots. Each time the view
//! leaves the ground that was last placed, or the zoom crosses a level, the
//! marks around are taken from the clusters: a bounded number, since clusters
//! keep their distance on the screen.

mod class;
mod gather;
mod icon;

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use super::view::{Camera, MOST_PX_PER_M};
use super::{MapView, Relief};
use crate::config::{Layer, TiltStyle};
use crate::domain::cluster::{Cluster, ClusterOptions};
use crate::domain::geometry::{Bounds, LonLat};
use crate::model::{Areas, Focus, Overview, PointKey, Points, Visible, Waker, WallConfig};
use gather::{Gathered, Group, Wanted};

pub use class::Class;
pub use icon::Icon;

/// Design units per metre from which points are badges with icons: a badge
/// then is as wide as a building.
pub const BADGE_U_PER_M: f64 = 0.42;

/// Diameter of a badge, design units: an icon is read at three metres.
pub const BADGE_U: f32 = 26.0;

/// Share of the screen's sides by which marks are placed beyond it, so that a
/// moving view seldom needs new ones.
const MARGIN: f64 = 0.25;

/// Most points outside of the focus that are drawn: so many dots are a texture.
const MOST_OUTSIDE: usize = 20_000;

/// Marks that are told how high they stand on a tilted map when they are picked
/// by hand; a map whose points never cluster may have more.
const MOST_RAISED: usize = 5_000;

/// A hand this near to a mark means it, design units.
const REACH_U: f32 = 14.0;

/// Most points that one card lists.
const MOST_LISTED: usize = 24;

/// What a mark looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Look {
    /// Many cameras and devices.
    Bubble {
        /// How many.
        count: u32,
        /// How many of them are out of order.
        off: u32,
    },
    /// One camera, device or ordinary event.
    Point(Class),
    /// Alerts, of which this is the most urgent.
    Alert {
        /// The most urgent one's.
        class: Class,
        /// How many.
        count: u32,
    },
    /// A point outside of the focus.
    Outside(Class),
}

/// Something that stands on the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Local metres.
    pub at: [f64; 2],
    /// Full height of what it stands on, local metres.
    pub height_m: f64,
    /// What it looks like.
    pub look: Look,
    /// When its youngest event came, seconds since the program's start;
    /// negative = before, or no event.
    pub born_secs: f32,
    /// Where it came from; `None` outside of the focus.
    cluster: Option<(Group, Cluster)>,
}

/// How many points of one kind a mark stands for, by state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindTally {
    /// 摄像头, 智能井盖, 事件 …
    pub kind: String,
    /// All of them.
    pub total: u32,
    /// Out of order.
    pub off: u32,
    /// In alarm, or more than ordinary.
    pub alert: u32,
}

/// What a click on a mark leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Pick {
    /// Its points part where the view then looks.
    Approach(Camera),
    /// Nothing parts these.
    Open(Vec<PointKey>),
}

/// Revisions that points were gathered for: those of their sets, areas and
/// focus, the visible layers, whether the view is near, whether they cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct GatherKey {
    sets: [u64; 2],
    areas: u64,
    focus: u64,
    layers: u8,
    is_near: bool,
    is_clustered: bool,
}

/// One group, and its next state while that is being worked out.
#[derive(Default)]
struct Desk {
    gathered: Option<Arc<Gathered>>,
    /// Of what is gathered or being gathered.
    key: GatherKey,
    task: Option<Task<Gathered>>,
}

impl Desk {
    /// Takes over what is done; tells whether something was.
    fn poll(&mut self) -> bool {
        let Some(done) = self.task.as_mut().and_then(|task| block_on(poll_once(task))) else { return false };
        self.task = None;
        self.gathered = Some(Arc::new(done));
        true
    }
}

/// What the marks were placed for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct PlacedFor {
    gathered: u64,
    levels: [i32; 2],
    /// The relief, while anything has risen or rises.
    relief: Option<u64>,
    covered: Bounds,
}

/// The marks in view and a little around it.
#[derive(Resource, Default)]
pub struct Marks {
    /// From the least to the most important: later ones lie on top.
    pub placed: Vec<Mark>,
    /// Grows when they are placed anew.
    pub revision: u64,
    /// For each mark how far it is drawn beside its place, physical pixels from
    /// it, y down: names push bubbles aside. Written by the layer that draws
    /// them; may be shorter.
    pub shifts_px: Vec<[f32; 2]>,
    facilities: Desk,
    alerts: Desk,
    /// Grows when a group was gathered.
    gathered: u64,
    placed_for: Option<PlacedFor>,
}

impl Marks {
    /// Whether points that came are not on the map yet.
    pub fn is_building(&self) -> bool {
        self.facilities.task.is_some() || self.alerts.task.is_some()
    }

    fn gathered_of(&self, group: Group) -> Option<&Gathered> {
        match group {
            Group::Facilities => self.facilities.gathered.as_deref(),
            Group::Alerts => self.alerts.gathered.as_deref(),
        }
    }

    /// Where a mark is drawn, physical pixels.
    pub fn screen_px(&self, index: usize, view: &MapView) -> [f32; 2] {
        let mark = &self.placed[index];
        let [x, y] = view.screen_from_local_at(mark.at, mark.height_m * view.rise());
        let [dx, dy] = self.shifts_px.get(index).copied().unwrap_or_default();
        [x + dx, y + dy]
    }

    /// The mark that a hand at a pixel means: the topmost of those near, the
    /// nearest among its like.
    pub fn pick(&self, view: &MapView, at_px: [f32; 2]) -> Option<usize> {
        let near = (0..self.placed.len()).filter_map(|index| {
            let rank = match self.placed[index].look {
                Look::Alert { .. } => 2,
                Look::Bubble { .. } => 1,
                Look::Point(_) => 0,
                Look::Outside(_) => return None,
            };
            let [x, y] = self.screen_px(index, view);
            let off_px = (x - at_px[0]).hypot(y - at_px[1]);
            let reach_px = REACH_U.max(bubble_diameter_u(self.placed[index].look) / 2.0) * view.unit_px;
            (off_px <= reach_px).then_some((rank, off_px, index))
        });
        near.max_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1))).map(|(.., index)| index)
    }

    /// What a mark stands for, by kind, most first.
    pub fn tally(&self, index: usize) -> Vec<KindTally> {
        let mut tallies: Vec<KindTally> = Vec::new();
        let Some((group, cluster)) = self.placed.get(index).and_then(|mark| mark.cluster) else { return tallies };
        let Some(gathered) = self.gathered_of(group) else { return tallies };
        for (kind, class) in gathered.kinds(&cluster) {
            let at = tallies.iter().position(|tally| tally.kind == kind).unwrap_or_else(|| {
                tallies.push(KindTally { kind: kind.to_owned(), total: 0, off: 0, alert: 0 });
                tallies.len() - 1
            });
            tallies[at].total += 1;
            tallies[at].off += u32::from(class.is_off());
            tallies[at].alert += u32::from(class.is_alert());
        }
        tallies.sort_by(|a, b| (b.alert, b.total).cmp(&(a.alert, a.total)).then_with(|| a.kind.cmp(&b.kind)));
        tallies
    }

    /// The ids of what a mark stands for, as many as a card lists.
    pub fn keys(&self, index: usize) -> Vec<PointKey> {
        let Some((group, cluster)) = self.placed.get(index).and_then(|mark| mark.cluster) else { return Vec::new() };
        let Some(gathered) = self.gathered_of(group) else { return Vec::new() };
        gathered.keys(&cluster, MOST_LISTED)
    }

    /// What a click on a mark leads to.
    pub fn click(&self, index: usize, view: &MapView) -> Option<Pick> {
        let (group, cluster) = self.placed.get(index)?.cluster?;
        let gathered = self.gathered_of(group)?;
        let Some(level) = gathered.index().expansion_level(&cluster) else {
            return Some(Pick::Open(self.keys(index)));
        };
        // From there on they are more than one, and all of them are in view.
        let apart = ClusterOptions::scale_of(level) * f64::from(view.unit_px) * 1.01;
        let bounds = gathered.index().bounds(&cluster);
        let fitted = view.camera_for(&bounds);
        let px_per_m = apart.max(fitted.px_per_m.min(apart * 8.0)).min(MOST_PX_PER_M);
        Some(Pick::Approach(Camera { center: bounds.center(), px_per_m }))
    }
}

/// Diameter of a bubble by the digits in it, design units; 0 of anything else.
pub fn bubble_diameter_u(look: Look) -> f32 {
    match look {
        Look::Bubble { count, .. } => match count {
            0..=99 => 34.0,
            100..=999 => 42.0,
            1_000..=9_999 => 50.0,
            _ => 58.0,
        },
        _ => 0.0,
    }
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Has points gathered that changed, and places marks where the view needs
/// them.
pub(super) fn sync(
    mut marks: ResMut<Marks>,
    points: Res<Points>,
    overview: Res<Overview>,
    areas: Res<Areas>,
    focus: Res<Focus>,
    visible: Res<Visible>,
    view: Res<MapView>,
    relief: Res<Relief>,
    config: Res<WallConfig>,
    waker: Res<Waker>,
) {
    let marks = &mut *marks;
    let u_per_m = view.camera.px_per_m / f64::from(view.unit_px.max(1e-3));
    let has = |layer| visible.has(layer);
    let bits = |layers: &[Layer]| layers.iter().fold(0, |bits, &layer| bits << 1 | u8::from(has(layer)));
    let key = |sets, layers| GatherKey {
        sets,
        areas: areas.revision,
        focus: focus.revision,
        layers,
        is_near: u_per_m >= BADGE_U_PER_M,
        is_clustered: config.0.map.clusters,
    };
    // What is hidden does not matter when it changes.
    let of = |layer, revision| if has(layer) { revision } else { 0 };
    let devices = of(Layer::Devices, points.devices_revision);
    let facilities = [of(Layer::Cameras, points.cameras_revision), devices];
    let alerts = [of(Layer::Heat, overview.revision), devices];
    for (group, key) in [
        (Group::Facilities, key(facilities, bits(&[Layer::Cameras, Layer::Devices]))),
        (Group::Alerts, key(alerts, bits(&[Layer::Heat, Layer::Devices]))),
    ] {
        let desk = match group {
            Group::Facilities => &mut marks.facilities,
            Group::Alerts => &mut marks.alerts,
        };
        marks.gathered += u64::from(desk.poll());
        // Before the first areas nothing has a place.
        if desk.key == key || desk.task.is_some() || areas.revision == 0 {
            continue;
        }
        desk.key = key;
        let is_facilities = group == Group::Facilities;
        let wanted = Wanted {
            group,
            is_near: key.is_near,
            cameras: if is_facilities && has(Layer::Cameras) { points.camera_sets() } else { Vec::new() },
            devices: if has(Layer::Devices) { points.device_sets() } else { Vec::new() },
            events: if !is_facilities && has(Layer::Heat) { Arc::clone(&overview.window) } else { Arc::default() },
            tree: Arc::clone(&areas.tree),
            locator: Arc::clone(&areas.locator),
            projection: areas.projection,
            focus: focus.area(&areas),
            is_clustered: key.is_clustered,
        };
        let waker = waker.clone();
        desk.task = Some(AsyncComputeTaskPool::get().spawn(async move {
            let gathered = Gathered::new(wanted);
            (waker.0)();
            gathered
        }));
    }
    place(marks, u_per_m, &view, &relief, &areas);
}

/// Places marks anew when others are needed.
fn place(marks: &mut Marks, u_per_m: f64, view: &MapView, relief: &Relief, areas: &Areas) {
    let groups = [Group::Facilities, Group::Alerts];
    let levels = groups.map(|group| marks.gathered_of(group).map_or(0, |gathered| gathered.level_of(u_per_m)));
    let wanted_relief = (view.is_tilted() && relief.style == TiltStyle::Extrude).then_some(relief.revision);
    let bounds = view.visible_bounds();
    let is_good = marks.placed_for.is_some_and(|placed| {
        (placed.gathered, placed.levels, placed.relief) == (marks.gathered, levels, wanted_relief)
            && placed.covered.contains(bounds.min)
            && placed.covered.contains(bounds.max)
    });
    if is_good {
        return;
    }
    let margin = bounds.size().map(|side| side * MARGIN);
    let covered = Bounds {
        min: [0, 1].map(|axis| bounds.min[axis] - margin[axis]),
        max: [0, 1].map(|axis| bounds.max[axis] + margin[axis]),
    };
    marks.placed_for = Some(PlacedFor { gathered: marks.gathered, levels, relief: wanted_relief, covered });
    let mut placed = Vec::new();
    for group in groups {
        if let Some(gathered) = marks.gathered_of(group) {
            put(gathered, group, u_per_m, &covered, &mut placed);
        }
    }
    placed.sort_by_key(|mark| match mark.look {
        Look::Outside(class) => (0, class.urgency()),
        Look::Point(class) => (1, class.urgency()),
        Look::Bubble { .. } => (2, 0),
        Look::Alert { class, .. } => (3, class.urgency()),
    });
    if let Some(level) = relief.level.filter(|_| wanted_relief.is_some()) {
        for mark in placed.iter_mut().rev().take(MOST_RAISED) {
            let [lon, lat] = areas.projection.lonlat_from_local(mark.at);
            let stands_on = areas.locator.locate(LonLat::new(lon, lat), level);
            mark.height_m = stands_on.map_or(0.0, |area| relief.height_m(area));
        }
    }
    marks.placed = placed;
    marks.shifts_px.clear();
    marks.revision += 1;
}

/// Adds the marks of a group that lie in `covered`.
fn put(gathered: &Gathered, group: Group, u_per_m: f64, covered: &Bounds, placed: &mut Vec<Mark>) {
    let outside = gathered.outside().filter(|(at, _)| covered.contains(*at));
    placed.extend(outside.take(MOST_OUTSIDE).map(|(at, class)| Mark {
        at,
        height_m: 0.0,
        look: Look::Outside(class),
        born_secs: -1.0,
        cluster: None,
    }));
    let clusters = gathered.at(u_per_m).iter().filter(|cluster| covered.contains(cluster.at));
    placed.extend(clusters.map(|cluster| {
        let class = || gathered.class(cluster.first());
        let look = match (group, cluster.count) {
            (Group::Facilities, 1) => Look::Point(class()),
            (Group::Facilities, count) => Look::Bubble { count, off: gathered.count_off(cluster) },
            (Group::Alerts, 1) if !class().is_alert() => Look::Point(class()),
            (Group::Alerts, count) => Look::Alert { class: gathered.worst(cluster), count },
        };
        let born_secs = if group == Group::Alerts { gathered.born_secs(cluster) } else { -1.0 };
        Mark { at: cluster.at, height_m: 0.0, look, born_secs, cluster: Some((group, *cluster)) }
    }));
}

#[cfg(test)]
mod tests {
    use super::super::ScreenRect;
    use super::*;

    fn view(px_per_m: f64) -> MapView {
        let mut view = MapView::default();
        view.set_layout([1920.0, 1080.0], 1.0, ScreenRect { min: [460.0, 90.0], max: [1460.0, 1060.0] });
        view.camera.px_per_m = px_per_m;
        view
    }

    fn marks(view: &MapView) -> Marks {
        let mut marks = Marks::default();
        let mut wanted = gather::tests::wanted(Group::Facilities, false, None);
        wanted.events = Arc::default();
        marks.facilities.gathered = Some(Arc::new(Gathered::new(wanted)));
        marks.alerts.gathered = Some(Arc::new(Gathered::new(gather::tests::wanted(Group::Alerts, false, None))));
        place(&mut marks, view.camera.px_per_m, view, &Relief::default(), &Areas::default());
        marks
    }

    #[test]
    fn a_click_leads_to_where_all_members_are_in_view_and_parted() {
        let mut seen = 0;
        for px_per_m in [0.1, 0.2, 0.4] {
            let mut view = view(px_per_m);
            let marks = marks(&view);
            for index in 0..marks.placed.len() {
                let Some((group, cluster)) = marks.placed[index].cluster.filter(|(_, cluster)| cluster.count > 1)
                else {
                    continue;
                };
                seen += 1;
                let gathered = marks.gathered_of(group).expect("gathered");
                let Some(Pick::Approach(camera)) = marks.click(index, &view) else { panic!("is listed") };
                assert!(camera.px_per_m > px_per_m);
                let before = std::mem::replace(&mut view.camera, camera);
                for leaf in gathered.index().leaves(&cluster) {
                    let at_px = view.screen_from_local(gathered.index().inputs()[leaf].at);
                    assert!(view.free.contains(at_px), "{at_px:?}");
                }
                let members: std::collections::HashSet<usize> = gathered.index().leaves(&cluster).collect();
                let parts = gathered.at(camera.px_per_m).iter().filter(|part| members.contains(&part.first()));
                assert!(parts.count() > 1);
                view.camera = before;
            }
        }
        assert!(seen > 20, "{seen}");
    }

    #[test]
    fn a_hand_on_a_mark_means_it_or_a_more_important_one() {
        let view = view(0.1);
        let marks = marks(&view);
        let rank = |look: Look| match look {
            Look::Alert { .. } => 2,
            Look::Bubble { .. } => 1,
            Look::Point(_) | Look::Outside(_) => 0,
        };
        for index in 0..marks.placed.len() {
            let picked = marks.pick(&view, marks.screen_px(index, &view)).expect("something is there");
            assert!(picked == index || rank(marks.placed[picked].look) > rank(marks.placed[index].look));
        }
        assert_eq!(marks.pick(&view, [20.0, 20.0]), None);
    }

    #[test]
    fn marks_stay_as_they_are_until_the_view_needs_others() {
        let mut view = view(0.1);
        let mut marks = marks(&view);
        let revision = marks.revision;
        let mut look = |view: &MapView| {
            place(&mut marks, view.camera.px_per_m, view, &Relief::default(), &Areas::default());
            marks.revision
        };
        view.pan_px([200.0, 0.0]);
        view.camera.px_per_m *= 1.2;
        assert_eq!(look(&view), revision, "a little to the side, a little nearer");
        view.pan_px([900.0, 0.0]);
        assert_eq!(look(&view), revision + 1, "beyond what was placed");
        view.camera.px_per_m *= 1.3;
        assert_eq!(look(&view), revision + 2, "over a level");
    }
}
