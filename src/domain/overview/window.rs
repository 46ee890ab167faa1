//! The events of the last hours that have a place: what heat and marks show.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::crs::Projection;
use crate::domain::event::Severity;
use crate::domain::event_store::{ClassId, Course, EventKey, EventRef, EventStore, Sieve};
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
    /// Which events; `None` = all. With a filter a window must be refilled, not
    /// moved: in which stage an event stands changes with the clock.
    pub sieve: Option<Sieve<'a>>,
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

    /// The events after `start`, up to and including `end`, that pass the filter
    /// and have a place; and how many pass.
    fn events_between(&self, start: Time, end: Time, store: &EventStore) -> (Vec<MapEvent>, u64) {
        let (mut count, mut scratch) = (0, Course::default());
        let passes = |event: &EventRef| self.sieve.is_none_or(|sieve| sieve.passes(*event, &mut scratch));
        let events = store.between(start.plus_millis(1), end).filter(passes).inspect(|_| count += 1);
        let events = events.filter_map(|event| self.event(event)).collect();
        (events, count)
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

/// Changes that are taken over one by one; of more, the list is made anew.
const FEW_CHANGES: usize = 16;

/// What several changes of one event mean together.
struct Net {
    /// When it was reported by what the list says of it; absent where it is not
    /// in the list.
    was: Option<Time>,
    /// What the list has to say.
    is: Option<MapEvent>,
}

/// Whether the map shows both alike: most changes are a step taken.
fn is_same_on_map(before: Option<&Course>, after: Option<&Course>) -> bool {
    let shown = |course: &Course| (course.reported, course.at, course.area, course.class, course.severity);
    before.map(shown) == after.map(shown)
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
        let (events, count) = setting.events_between(start, end, store);
        let events = Arc::new(events);
        *self = Self { start, end, events, count, entered: Vec::new(), left: Vec::new(), is_new: true };
    }

    /// Moves both ends by looking at all events between them. Tells whether
    /// anything entered or left, by the filter or by the clock.
    pub fn refill(&mut self, start: Time, end: Time, store: &EventStore, setting: &WindowSetting) -> bool {
        let (events, count) = setting.events_between(start, end, store);
        (self.start, self.end) = (start, end);
        let is_moved = *self.events != events;
        if is_moved {
            let mut gone: HashMap<EventKey, MapEvent, foldhash::fast::RandomState> =
                self.events.iter().map(|event| (event.key, *event)).collect();
            for event in &events {
                match gone.remove(&event.key) {
                    Some(old) if old == *event => {}
                    old => {
                        self.left.extend(old);
                        self.entered.push(*event);
                    }
                }
            }
            self.left.extend(gone.into_values());
            self.events = Arc::new(events);
        }
        let was = std::mem::replace(&mut self.count, count);
        is_moved || was != count
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

    /// Takes over `count` changes of the store, which `tell` tells in order.
    pub fn change_all(
        &mut self,
        count: usize,
        setting: &WindowSetting,
        tell: impl FnOnce(&mut dyn FnMut(Option<&Course>, Option<&Course>)),
    ) {
        if count <= FEW_CHANGES {
            return tell(&mut |before, after| self.change(before, after, setting));
        }
        let mut nets: HashMap<EventKey, Net, foldhash::fast::RandomState> = HashMap::default();
        tell(&mut |before, after| self.note(before, after, setting, &mut nets));
        self.merge(nets.into_iter().collect());
    }

    /// Notes what a change means for the map, beside what the earlier ones meant.
    fn note<S: BuildHasher>(
        &mut self,
        before: Option<&Course>,
        after: Option<&Course>,
        setting: &WindowSetting,
        nets: &mut HashMap<EventKey, Net, S>,
    ) {
        let (before, after) = (self.within(before), self.within(after));
        if is_same_on_map(before, after) {
            return;
        }
        self.count = self.count.saturating_sub(u64::from(before.is_some())) + u64::from(after.is_some());
        let Some(key) = before.or(after).map(|course| course.key) else { return };
        let net = nets.entry(key).or_insert_with(|| Net { was: before.map(|course| course.reported), is: None });
        net.is = after.and_then(|course| setting.event_of(course));
    }

    /// Makes the list anew, with all that entered and without all that left.
    fn merge(&mut self, mut nets: Vec<(EventKey, Net)>) {
        nets.sort_unstable_by_key(|(key, net)| (net.is.map(|event| event.reported), *key));
        let mut gone: Vec<usize> = nets.iter().filter_map(|(key, net)| self.place_of(*key, net.was?)).collect();
        gone.sort_unstable();
        let come = nets.iter().filter_map(|(_, net)| net.is);
        if gone.is_empty() && come.clone().next().is_none() {
            return;
        }
        self.left.extend(gone.iter().map(|&place| self.events[place]));
        self.entered.extend(come.clone());
        let mut events = Vec::with_capacity(self.events.len() + come.clone().count() - gone.len());
        let (mut gone, mut come) = (gone.into_iter().peekable(), come.peekable());
        for (place, event) in self.events.iter().enumerate() {
            if gone.next_if_eq(&place).is_some() {
                continue;
            }
            while let Some(new) = come.next_if(|new| new.reported < event.reported) {
                events.push(new);
            }
            events.push(*event);
        }
        events.extend(come);
        self.events = Arc::new(events);
    }

    fn within<'a>(&self, course: Option<&'a Course>) -> Option<&'a Course> {
        course.filter(|course| self.start < course.reported && course.reported <= self.end)
    }

    /// Where an event stands in the list.
    fn place_of(&self, key: EventKey, reported: Time) -> Option<usize> {
        let from = self.events.partition_point(|event| event.reported < reported);
        let same = self.events[from..].iter().take_while(|event| event.reported == reported);
        same.enumerate().find(|(_, event)| event.key == key).map(|(place, _)| from + place)
    }

    /// Takes over a change of the store.
    pub fn change(&mut self, before: Option<&Course>, after: Option<&Course>, setting: &WindowSetting) {
        let (before, after) = (self.within(before), self.within(after));
        if is_same_on_map(before, after) {
            return;
        }
        if let Some(course) = before {
            self.count = self.count.saturating_sub(1);
            if let Some(place) = self.place_of(course.key, course.reported) {
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
