//! The events of the last hours that have a place: what heat and marks show.

use std::sync::Arc;

use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::crs::Projection;
use crate::domain::event::Severity;
use crate::domain::event_store::{ClassId, Course, EventKey, EventRef, EventStore};
use crate::domain::geometry::LonLat;
use crate::domain::time::Time;

/// One event on the map.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MapEvent {
    /// Stands for the id.
    pub key: EventKey,
    /// When it was reported.
    pub reported: Time,
    /// Local metres.
    pub at: [f32; 2],
    /// The smallest area that it lies in.
    pub area: Option<AreaIndex>,
    /// When it came, seconds since the program's start; negative = before.
    pub born_secs: f32,
    /// Its class; see [`crate::domain::event_store::Classes`].
    pub class: ClassId,
    /// How serious.
    pub severity: Severity,
    /// Whether it lies in one of the areas; others stay out of the heat.
    pub is_inside: bool,
}

/// What events on the map are worked out with.
#[derive(Clone, Copy)]
pub struct WindowSetting<'a> {
    /// The hierarchy.
    pub tree: &'a AreaTree,
    /// From degrees to local metres.
    pub projection: &'a Projection,
    /// Seconds since the program's start at which an event came that was news
    /// then, negative for all others.
    pub born_secs: &'a dyn Fn(EventKey) -> f32,
}

impl WindowSetting<'_> {
    fn event(&self, event: EventRef) -> Option<MapEvent> {
        let at = self.local(event.at()?);
        let key = event.key();
        Some(self.placed(MapEvent {
            key,
            reported: event.reported(),
            at,
            area: event.area(),
            born_secs: (self.born_secs)(key),
            class: event.class(),
            severity: event.severity(),
            is_inside: false,
        }))
    }

    fn event_of(&self, course: &Course) -> Option<MapEvent> {
        Some(self.placed(MapEvent {
            key: course.key,
            reported: course.reported,
            at: self.local(course.at?),
            area: course.area,
            born_secs: (self.born_secs)(course.key),
            class: course.class,
            severity: course.severity,
            is_inside: false,
        }))
    }

    fn placed(&self, event: MapEvent) -> MapEvent {
        let area = event.area.filter(|&area| (area as usize) < self.tree.len());
        MapEvent { area, is_inside: area.is_some() || self.tree.is_empty(), ..event }
    }

    fn local(&self, at: LonLat) -> [f32; 2] {
        self.projection.local_from_lonlat([at.lon, at.lat]).map(|v| v as f32)
    }
}

/// A moving window over the events: those reported after its start, up to and
/// including its end. It is moved by what enters and what leaves.
#[derive(Debug)]
pub struct Window {
    start: Time,
    end: Time,
    events: Arc<Vec<MapEvent>>,
    /// Events of the window, with or without a place.
    count: u64,
    /// What came in since [`Window::take_change`].
    entered: Vec<MapEvent>,
    /// What went out since then.
    left: Vec<MapEvent>,
    is_new: bool,
}

/// What happened to a [`Window`].
#[derive(Debug, Default)]
pub struct WindowChange {
    /// What came in.
    pub entered: Vec<MapEvent>,
    /// What went out.
    pub left: Vec<MapEvent>,
    /// It is another window: the lists say nothing.
    pub is_new: bool,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            start: Time(0),
            end: Time(0),
            events: Arc::default(),
            count: 0,
            entered: Vec::new(),
            left: Vec::new(),
            is_new: true,
        }
    }
}

impl Window {
    /// The events, in order of report.
    pub fn events(&self) -> &Arc<Vec<MapEvent>> {
        &self.events
    }

    /// Events of the window, with or without a place.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Its length, seconds.
    pub fn secs(&self) -> f64 {
        self.end.secs_since(self.start)
    }

    /// What entered and left since the last call.
    pub fn take_change(&mut self) -> WindowChange {
        WindowChange {
            entered: std::mem::take(&mut self.entered),
            left: std::mem::take(&mut self.left),
            is_new: std::mem::take(&mut self.is_new),
        }
    }

    /// Fills it anew.
    pub fn fill(&mut self, start: Time, end: Time, store: &EventStore, setting: &WindowSetting) {
        let mut count = 0;
        let events = store.between(start.plus_millis(1), end).inspect(|_| count += 1);
        let events = Arc::new(events.filter_map(|event| setting.event(event)).collect());
        *self = Self { start, end, events, count, entered: Vec::new(), left: Vec::new(), is_new: true };
    }

    /// Moves both ends; anew where it leaves nothing of the old one. Tells
    /// whether anything entered or left.
    pub fn advance(&mut self, start: Time, end: Time, store: &EventStore, setting: &WindowSetting) -> bool {
        if (start, end) == (self.start, self.end) {
            return false;
        }
        if start >= self.end || end <= self.start || start >= end {
            self.fill(start, end, store, setting);
            return true;
        }
        let count = self.count;
        let stretches =
            [(start.max(self.end), end, 1), (end, self.end, -1), (self.start, start, -1), (start, self.start, 1)];
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for (place, (from, to, sign)) in stretches.into_iter().enumerate().filter(|(_, (from, to, _))| from < to) {
            for event in store.between(from.plus_millis(1), to) {
                self.count = self.count.wrapping_add_signed(sign);
                if sign > 0
                    && let Some(event) = setting.event(event)
                {
                    if place == 0 { last.push(event) } else { first.push(event) }
                }
            }
        }
        let kept = |at: Time| self.events.partition_point(|event| event.reported <= at);
        let (keep_from, keep_to) = (kept(start), kept(end));
        let is_moved = keep_from > 0 || keep_to < self.events.len() || !first.is_empty() || !last.is_empty();
        if is_moved {
            self.left.extend(self.events[..keep_from].iter().chain(&self.events[keep_to..]));
            self.entered.extend(first.iter().chain(&last));
            let events = Arc::make_mut(&mut self.events);
            events.truncate(keep_to);
            events.extend(last);
            events.splice(..keep_from, first);
        }
        (self.start, self.end) = (start, end);
        is_moved || self.count != count
    }

    /// Takes over a change of the store.
    pub fn change(&mut self, before: Option<&Course>, after: Option<&Course>, setting: &WindowSetting) {
        let is_in = |course: &&Course| self.start < course.reported && course.reported <= self.end;
        let (before, after) = (before.filter(is_in), after.filter(is_in));
        if let Some(course) = before {
            self.count = self.count.saturating_sub(1);
            let from = self.events.partition_point(|event| event.reported < course.reported);
            let same = self.events[from..].iter().take_while(|event| event.reported == course.reported);
            if let Some(place) = same.enumerate().find(|(_, event)| event.key == course.key).map(|(i, _)| from + i) {
                self.left.push(Arc::make_mut(&mut self.events).remove(place));
            }
        }
        if let Some(course) = after {
            self.count += 1;
            if let Some(event) = setting.event_of(course) {
                let place = self.events.partition_point(|other| other.reported <= event.reported);
                Arc::make_mut(&mut self.events).insert(place, event);
                self.entered.push(event);
            }
        }
    }
}
