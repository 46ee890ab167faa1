//! Points of one kind, clustered for every zoom, on a task.
//!
//! In: the sets of cameras and devices, or the events of the window, and what
//! is in focus. Out: [`Gathered`], which never changes.

use std::sync::Arc;

use super::{Class, PointKey};
use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::camera::Camera;
use crate::domain::cluster::{Cluster, ClusterIndex, ClusterOptions, Input};
use crate::domain::crs::Projection;
use crate::domain::device::{Device, DeviceState};
use crate::domain::geometry::LonLat;
use crate::domain::overview::MapEvent;
use crate::domain::spatial::AreaLocator;

/// Design units between clusters from afar: twice the width of a bubble, so
/// that names find room between them.
const FAR_RADIUS_U: f64 = 72.0;
/// Design units between badges; a level is shown at up to twice its scale.
const NEAR_RADIUS_U: f64 = 18.0;
/// Design units between the marks of alerts while they are few: as wide as one.
const FEW_ALERTS_RADIUS_U: f64 = 20.0;
/// The same in a flood, where single marks would hide the map.
const MANY_ALERTS_RADIUS_U: f64 = 64.0;
/// So many alerts are few, and so many a flood.
const FEW_AND_MANY_ALERTS: [f64; 2] = [60.0, 600.0];
/// The deepest level of the far view: 2^−2 u/m lies below
/// [`super::BADGE_U_PER_M`].
const FAR_LEVEL: i32 = -2;

/// Which points are gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Cameras and devices that are well or off.
    Facilities,
    /// Devices in alarm and events.
    Alerts,
}

impl Group {
    /// How so many of these points are clustered; levels are powers of two of
    /// design units per metre.
    fn options(self, is_near: bool, count: usize) -> ClusterOptions {
        let (radius_px, max_level) = match (self, is_near) {
            (Self::Facilities, false) => (FAR_RADIUS_U, FAR_LEVEL),
            (Self::Alerts, false) => (alert_radius_u(count), FAR_LEVEL),
            (_, true) => (NEAR_RADIUS_U, 2),
        };
        let min_level = if is_near { FAR_LEVEL } else { ClusterOptions::default().min_level };
        ClusterOptions { radius_px, min_level, max_level, ..ClusterOptions::default() }
    }
}

/// Design units between the marks of so many alerts.
fn alert_radius_u(count: usize) -> f64 {
    let [few, many] = FEW_AND_MANY_ALERTS;
    let share = ((count as f64 / few).max(1.0).ln() / (many / few).ln()).min(1.0);
    FEW_ALERTS_RADIUS_U + (MANY_ALERTS_RADIUS_U - FEW_ALERTS_RADIUS_U) * share
}

/// What is gathered.
pub(super) struct Wanted {
    pub(super) group: Group,
    pub(super) is_near: bool,
    /// Empty while their layer is hidden.
    pub(super) cameras: Vec<Arc<Vec<Camera>>>,
    /// Empty while their layer is hidden.
    pub(super) devices: Vec<Arc<Vec<Device>>>,
    /// Empty while their layer is hidden.
    pub(super) events: Arc<Vec<MapEvent>>,
    pub(super) tree: Arc<AreaTree>,
    pub(super) locator: Arc<AreaLocator>,
    pub(super) projection: Projection,
    pub(super) focus: Option<AreaIndex>,
    /// Whether points are clustered at all.
    pub(super) is_clustered: bool,
}

/// Where a point came from.
#[derive(Clone, Copy, Debug)]
enum Origin {
    Camera { set: u32, index: u32 },
    Device { set: u32, index: u32 },
    Event { index: u32 },
}

/// Points of one group with their clusters.
pub(super) struct Gathered {
    wanted: Wanted,
    index: ClusterIndex,
    origins: Vec<Origin>,
    /// Points outside of the focus, which no cluster counts.
    outside: Vec<u32>,
}

impl Gathered {
    pub(super) fn new(wanted: Wanted) -> Self {
        let mut inputs = Vec::new();
        let mut origins = Vec::new();
        let mut is_outside = Vec::new();
        let mut push = |at: [f64; 2], class: Class, origin: Origin, area: &dyn Fn() -> Option<AreaIndex>| {
            inputs.push(Input { at, class: class.row() });
            origins.push(origin);
            let is_in = |focus| area().is_some_and(|area| wanted.tree.is_within(area, focus));
            is_outside.push(wanted.focus.is_some_and(|focus| !is_in(focus)));
        };
        let local = |at: LonLat| wanted.projection.local_from_lonlat([at.lon, at.lat]);
        let locate = |at: LonLat| wanted.locator.locate_deepest(at);
        for (set, cameras) in wanted.cameras.iter().enumerate() {
            for (index, camera) in cameras.iter().enumerate() {
                let origin = Origin::Camera { set: set as u32, index: index as u32 };
                push(local(camera.at), Class::of_camera(camera), origin, &|| locate(camera.at));
            }
        }
        for (set, devices) in wanted.devices.iter().enumerate() {
            for (index, device) in devices.iter().enumerate() {
                let is_alert = device.state == DeviceState::Alarm;
                if is_alert == (wanted.group == Group::Alerts) {
                    let origin = Origin::Device { set: set as u32, index: index as u32 };
                    push(local(device.at), Class::of_device(device), origin, &|| locate(device.at));
                }
            }
        }
        for (index, event) in wanted.events.iter().enumerate() {
            let class = Class::event(event.severity);
            // The heat tells of ordinary events until there is room for each.
            if class.is_alert() || wanted.is_near {
                let origin = Origin::Event { index: index as u32 };
                push(event.at.map(f64::from), class, origin, &|| event.area);
            }
        }
        let count = is_outside.iter().filter(|is_outside| !**is_outside).count();
        let mut options = wanted.group.options(wanted.is_near, count);
        if !wanted.is_clustered {
            options.radius_px = 0.0;
        }
        let mut index = ClusterIndex::build(inputs, options);
        if wanted.focus.is_some() {
            index.refilter(|point, _| !is_outside[point]);
        }
        index.prepare(options.min_level);
        let outside = (0..is_outside.len() as u32).filter(|&point| is_outside[point as usize]).collect();
        Self { wanted, index, origins, outside }
    }

    /// The clusters and single points for a scale.
    pub(super) fn at(&self, u_per_m: f64) -> &[Cluster] {
        self.index.at(self.level_of(u_per_m)).unwrap_or_default()
    }

    /// The level whose clusters are shown at a scale.
    pub(super) fn level_of(&self, u_per_m: f64) -> i32 {
        self.index.options().level_of(u_per_m)
    }

    /// Places and classes of the points outside of the focus.
    pub(super) fn outside(&self) -> impl Iterator<Item = ([f64; 2], Class)> + '_ {
        self.outside.iter().map(|&point| {
            let input = self.index.inputs()[point as usize];
            (input.at, Class::of_row(input.class))
        })
    }

    /// The class of a point.
    pub(super) fn class(&self, point: usize) -> Class {
        Class::of_row(self.index.inputs()[point].class)
    }

    /// How many points of a cluster are out of order.
    pub(super) fn count_off(&self, cluster: &Cluster) -> u32 {
        let counts = self.index.class_counts(cluster);
        Class::all().filter(|class| class.is_off()).map(|class| counts[usize::from(class.row())]).sum()
    }

    /// The most urgent class of a cluster.
    pub(super) fn worst(&self, cluster: &Cluster) -> Class {
        let classes = self.index.leaves(cluster).map(|point| self.class(point));
        classes.max_by_key(|class| (class.urgency(), class.row())).unwrap_or(Class::CAMERA_ONLINE)
    }

    /// When the youngest event of a cluster came; negative without any.
    pub(super) fn born_secs(&self, cluster: &Cluster) -> f32 {
        let born = self.index.leaves(cluster).filter_map(|point| match self.origins[point] {
            Origin::Event { index } => Some(self.wanted.events[index as usize].born_secs),
            _ => None,
        });
        born.fold(-1.0, f32::max)
    }

    pub(super) fn index(&self) -> &ClusterIndex {
        &self.index
    }

    /// What each point of a cluster is called in a tally: its kind and class.
    pub(super) fn kinds(&self, cluster: &Cluster) -> impl Iterator<Item = (&str, Class)> {
        self.index.leaves(cluster).map(|point| {
            let kind = match self.origins[point] {
                Origin::Camera { .. } => "摄像头",
                Origin::Device { set, index } => self.wanted.devices[set as usize][index as usize].kind.as_str(),
                Origin::Event { .. } => "事件",
            };
            (kind, self.class(point))
        })
    }

    /// The ids of a cluster's points, at most so many.
    pub(super) fn keys(&self, cluster: &Cluster, most: usize) -> Vec<PointKey> {
        let key = |point: usize| match self.origins[point] {
            Origin::Camera { set, index } => {
                PointKey::Camera(self.wanted.cameras[set as usize][index as usize].id.clone())
            }
            Origin::Device { set, index } => {
                PointKey::Device(self.wanted.devices[set as usize][index as usize].id.clone())
            }
            Origin::Event { index } => PointKey::Event(self.wanted.events[index as usize].key),
        };
        self.index.leaves(cluster).take(most).map(key).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::area::{Area, GridKind, Level};
    use crate::domain::event::Severity;
    use crate::domain::event_store::EventKey;
    use crate::domain::geometry::Shape;

    /// Two squares of 0.01° side by side under one street.
    fn tree() -> AreaTree {
        let square = |west: f64| {
            let points = [[west, 31.0], [west + 0.01, 31.0], [west + 0.01, 31.01], [west, 31.01]];
            Shape::from_ring(points.into())
        };
        let area = |code: &str, parent: Option<&str>, level, shape| Area {
            code: code.into(),
            parent: parent.map(Into::into),
            name: code.into(),
            level,
            kind: GridKind::default(),
            shape,
            households: None,
            responsible: Vec::new(),
        };
        let areas = vec![
            area("s", None, Level::Street, Shape::default()),
            area("west", Some("s"), Level::Community, square(120.0)),
            area("east", Some("s"), Level::Community, square(120.01)),
        ];
        AreaTree::build(areas).0
    }

    fn place(random: &mut fastrand::Rng) -> LonLat {
        LonLat::new(120.0 + 0.02 * random.f64(), 31.0 + 0.01 * random.f64())
    }

    /// 400 cameras, 300 devices, 90 events, strewn over both squares.
    pub(in crate::map::marks) fn wanted(group: Group, is_near: bool, focus: Option<&str>) -> Wanted {
        let mut random = fastrand::Rng::with_seed(7);
        let tree = Arc::new(tree());
        let locator = Arc::new(AreaLocator::build(&tree));
        let projection = Projection::new(LonLat::new(120.01, 31.005));
        let cameras = (0..400).map(|i| Camera {
            id: format!("c{i}"),
            name: String::new(),
            owner: String::new(),
            at: place(&mut random),
            online: i % 5 != 0,
            is_told: true,
            picture: None,
        });
        let cameras = vec![Arc::new(cameras.collect())];
        let devices = (0..300).map(|i| Device {
            id: format!("d{i}"),
            kind: if i % 2 == 0 { "智能井盖".into() } else { "可燃气体".into() },
            name: String::new(),
            at: place(&mut random),
            state: [DeviceState::Normal, DeviceState::Offline, DeviceState::Alarm][i % 3],
            value: None,
            unit: String::new(),
            read: None,
            is_told: true,
        });
        let devices = vec![Arc::new(devices.collect())];
        let severities = [Severity::Normal, Severity::Major, Severity::Urgent];
        let events = (0..90).map(|i| {
            let at = place(&mut random);
            MapEvent {
                key: EventKey::of(&i.to_string()),
                at: projection.local_from_lonlat([at.lon, at.lat]).map(|v| v as f32),
                severity: severities[i % 3],
                born_secs: -1.0,
                is_inside: true,
                area: locator.locate_deepest(at),
                ..MapEvent::default()
            }
        });
        let focus = focus.and_then(|code| tree.find(code));
        Wanted {
            group,
            is_near,
            events: Arc::new(events.collect()),
            cameras: if group == Group::Facilities { cameras } else { Vec::new() },
            devices,
            tree,
            locator,
            projection,
            focus,
            is_clustered: true,
        }
    }

    fn count(gathered: &Gathered, u_per_m: f64) -> u32 {
        gathered.at(u_per_m).iter().map(|cluster| cluster.count).sum()
    }

    #[test]
    fn every_scale_shows_every_point_once() {
        // 400 cameras, 200 devices that are not in alarm; 100 in alarm, 60 events
        // that are more than ordinary, from near all 90.
        let mut facilities = wanted(Group::Facilities, false, None);
        facilities.events = Arc::default();
        let facilities = Gathered::new(facilities);
        let alerts = Gathered::new(wanted(Group::Alerts, false, None));
        let near = Gathered::new(wanted(Group::Alerts, true, None));
        for u_per_m in [1e-5, 0.01, 0.2, 0.42, 1.0, 7.0, 100.0] {
            assert_eq!(
                (count(&facilities, u_per_m), count(&alerts, u_per_m), count(&near, u_per_m)),
                (600, 160, 190),
                "{u_per_m}"
            );
        }
        assert_eq!(facilities.at(0.01).len(), 1, "all in one from afar");
    }

    #[test]
    fn a_focus_counts_what_lies_in_it_and_keeps_the_rest_outside() {
        let counts = [None, Some("west"), Some("east"), Some("s")].map(|focus| {
            let mut wanted = wanted(Group::Facilities, false, focus);
            wanted.events = Arc::default();
            let gathered = Gathered::new(wanted);
            (count(&gathered, 0.05), gathered.outside().count() as u32)
        });
        let [all, west, east, street] = counts;
        assert_eq!((all, street), ((600, 0), (600, 0)));
        assert_eq!(west.0 + east.0, 600);
        assert_eq!((west.1, east.1), (east.0, west.0));
        assert!(west.0 > 200 && east.0 > 200);
    }

    #[test]
    fn kinds_states_and_ids_are_those_of_the_members() {
        let mut wanted = wanted(Group::Facilities, false, None);
        wanted.events = Arc::default();
        let gathered = Gathered::new(wanted);
        let whole = gathered.at(1e-3)[0];
        assert_eq!(gathered.count_off(&whole), 80 + 100);
        let is_kind = |wanted: &'static str| move |(kind, _): &(&str, Class)| *kind == wanted;
        assert_eq!(gathered.kinds(&whole).filter(is_kind("摄像头")).count(), 400);
        assert_eq!(gathered.kinds(&whole).filter(is_kind("智能井盖")).count(), 100);
        let keys = gathered.keys(&whole, usize::MAX);
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!((keys.len(), distinct.len()), (600, 600));
        assert_eq!(gathered.keys(&whole, 5).len(), 5);
    }

    #[test]
    fn a_flood_of_alerts_is_drawn_as_few() {
        assert_eq!([0, 60, 600, 100_000].map(alert_radius_u), [20.0, 20.0, 64.0, 64.0]);
        assert!((21.0..63.0).contains(&alert_radius_u(200)));
    }

    #[test]
    fn the_worst_stands_for_all() {
        let gathered = Gathered::new(wanted(Group::Alerts, false, None));
        let whole = gathered.at(1e-3)[0];
        let events = gathered.keys(&whole, usize::MAX).into_iter().filter(|key| matches!(key, PointKey::Event(_)));
        assert_eq!(events.count(), 60);
        assert_eq!(gathered.worst(&whole), Class::event(Severity::Urgent));
        assert_eq!(gathered.born_secs(&whole), -1.0);
    }

    #[test]
    fn without_clusters_points_stand_alone_but_where_they_coincide() {
        let mut wanted = wanted(Group::Facilities, false, None);
        wanted.events = Arc::default();
        wanted.is_clustered = false;
        let gathered = Gathered::new(wanted);
        assert!(gathered.at(1e-3).len() > 590, "{}", gathered.at(1e-3).len());
        assert_eq!(count(&gathered, 1e-3), 600);
    }
}
