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
/// Design units between badges.
const NEAR_RADIUS_U: f64 = 26.0;
/// Design units between the marks of alerts.
const ALERT_RADIUS_U: f64 = 20.0;
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
    /// How these points are clustered; levels are powers of two of design
    /// units per metre.
    fn options(self, is_near: bool) -> ClusterOptions {
        let (radius_px, max_level) = match (self, is_near) {
            (Self::Facilities, false) => (FAR_RADIUS_U, FAR_LEVEL),
            (Self::Facilities, true) => (NEAR_RADIUS_U, 2),
            (Self::Alerts, false) => (ALERT_RADIUS_U, FAR_LEVEL),
            (Self::Alerts, true) => (NEAR_RADIUS_U, 2),
        };
        let min_level = if is_near { FAR_LEVEL } else { ClusterOptions::default().min_level };
        ClusterOptions { radius_px, min_level, max_level, ..ClusterOptions::default() }
    }
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
        let mut options = wanted.group.options(wanted.is_near);
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

    /// The ids of a cluster's points; `events_at` finds those of the events at
    /// a place.
    pub(super) fn keys(
        &self,
        cluster: &Cluster,
        most: usize,
        mut events_at: impl FnMut(&MapEvent) -> Vec<String>,
    ) -> Vec<PointKey> {
        let mut keys = Vec::new();
        for point in self.index.leaves(cluster) {
            match self.origins[point] {
                Origin::Camera { set, index } => {
                    keys.push(PointKey::Camera(self.wanted.cameras[set as usize][index as usize].id.clone()));
                }
                Origin::Device { set, index } => {
                    keys.push(PointKey::Device(self.wanted.devices[set as usize][index as usize].id.clone()));
                }
                Origin::Event { index } => {
                    for id in events_at(&self.wanted.events[index as usize]) {
                        let key = PointKey::Event(id);
                        if !keys.contains(&key) {
                            keys.push(key);
                        }
                    }
                }
            }
            if keys.len() >= most {
                break;
            }
        }
        keys
    }
}
