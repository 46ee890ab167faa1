//! The city in time: the simulator's clock and what its back end knows.
//!
//! Days are generated when they come and forgotten a week later, so that the
//! simulator may run for months. Nothing here does I/O.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::calendar;
use super::cameras;
use super::city::City;
use super::devices;
use super::events;
use super::figures;
use super::profile::DeviceKind;
use super::tracks;
use crate::domain::camera::Camera;
use crate::domain::device::Device;
use crate::domain::event::Event;
use crate::domain::figure::Figure;
use crate::domain::time::Time;
use crate::domain::track::Track;

/// Whole days before today that are kept.
const HISTORY_DAYS: i64 = 7;

/// The simulator's own clock.
#[derive(Clone, Copy, Debug)]
pub struct SimulatedClock {
    start: Time,
    began: Instant,
    began_system: Time,
    speed: f64,
}

impl SimulatedClock {
    /// A clock that shows `start` now and runs `speed` times as fast as the system's.
    pub fn new(start: Option<Time>, speed: f64) -> Self {
        let began_system = Time::system_now();
        Self { start: start.unwrap_or(began_system), began: Instant::now(), began_system, speed }
    }

    /// The simulated instant.
    pub fn now(&self) -> Time {
        self.start.plus_millis((self.began.elapsed().as_secs_f64() * self.speed * 1000.0) as i64)
    }

    /// The simulated instant that a client means by `since`. Clients send
    /// times of this clock, or, where their own runs ahead of it, times of
    /// the system's, which are converted.
    pub fn meant_by(&self, since: Time) -> Time {
        if since <= self.now() {
            return since;
        }
        let elapsed_ms = since.millis_since(self.began_system) as f64;
        self.start.plus_millis((elapsed_ms * self.speed) as i64)
    }
}

/// The city, its clock and what is generated of its days.
#[derive(Debug)]
pub struct World {
    /// The place.
    pub city: City,
    /// What time it is there.
    pub clock: SimulatedClock,
    /// Cameras without their state.
    cameras: Vec<Camera>,
    /// Devices without their readings.
    devices: Vec<(Device, &'static DeviceKind)>,
    days: Mutex<BTreeMap<i64, Arc<Vec<Event>>>>,
    walks: Mutex<Option<(i64, Arc<Vec<Track>>)>>,
}

impl World {
    /// Sets the city going.
    pub fn new(city: City, clock: SimulatedClock) -> Self {
        let (cameras, devices) = (cameras::build(&city), devices::build(&city));
        Self { city, clock, cameras, devices, days: Mutex::default(), walks: Mutex::default() }
    }

    /// One page of the events known at `now` that were reported or changed at or
    /// after `since`, in order of report, and how many there are in all.
    ///
    /// New events join at the end, so that a client that pages while the city
    /// lives on misses none. Only the page itself is copied.
    pub fn events(&self, now: Time, since: Option<Time>, page: Range<usize>) -> (Vec<Event>, usize) {
        let today = calendar::day_of(now);
        let (mut records, mut total) = (Vec::new(), 0);
        for day in today - HISTORY_DAYS..=today {
            for event in self.day(day, today).iter().take_while(|event| event.reported <= now) {
                let changed = |since: Time| event.entered.iter().any(|&(_, at)| at >= since && at <= now);
                if since.is_none_or(changed) {
                    records.extend(page.contains(&total).then(|| events::at(event, now)).flatten());
                    total += 1;
                }
            }
        }
        (records, total)
    }

    /// The states that events reached after `from` up to and including `to`,
    /// each as it was when it was reached, in order of time.
    pub fn changes(&self, from: Time, to: Time) -> Vec<Event> {
        let today = calendar::day_of(to);
        let mut changes: Vec<(Time, Event)> = Vec::new();
        for day in today - HISTORY_DAYS..=today {
            for event in self.day(day, today).iter() {
                let steps = event.entered.iter().map(|e| e.1).filter(|&at| at > from && at <= to);
                changes.extend(steps.filter_map(|step| Some((step, events::at(event, step)?))));
            }
        }
        changes.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.id.cmp(&b.1.id)));
        changes.into_iter().map(|(_, event)| event).collect()
    }

    /// All cameras with their state at `now`.
    pub fn cameras(&self, now: Time) -> impl Iterator<Item = Camera> + '_ {
        let at_now = move |(index, camera): (usize, &Camera)| Camera {
            online: cameras::is_online(&self.city, index, now),
            picture: Some(format!("/api/cameras/{}/snapshot.jpg", camera.id)),
            ..camera.clone()
        };
        self.cameras.iter().enumerate().map(at_now)
    }

    /// Whether a camera delivers pictures at `now`; `None` when there is no such camera.
    pub fn camera_is_online(&self, id: &str, now: Time) -> Option<bool> {
        let index = self.cameras.iter().position(|camera| camera.id == id)?;
        Some(cameras::is_online(&self.city, index, now))
    }

    /// All devices with their readings at `now`.
    pub fn devices(&self, now: Time) -> impl Iterator<Item = Device> + '_ {
        let at_now = move |(index, (device, kind)): (usize, &(Device, &DeviceKind))| {
            devices::read(&self.city, index, device, kind, now)
        };
        self.devices.iter().enumerate().map(at_now)
    }

    /// Today's walks so far.
    pub fn tracks(&self, now: Time) -> Vec<Track> {
        let today = calendar::day_of(now);
        let mut walks = self.walks.lock().unwrap_or_else(PoisonError::into_inner);
        let walks = match walks.as_ref() {
            Some((day, walks)) if *day == today => Arc::clone(walks),
            _ => {
                let fresh = Arc::new(tracks::of_day(&self.city, today));
                *walks = Some((today, Arc::clone(&fresh)));
                fresh
            }
        };
        tracks::until(&walks, now).collect()
    }

    /// The figures reported at `now`.
    pub fn figures(&self, now: Time) -> Vec<Figure> {
        let today = calendar::day_of(now);
        let known = |day, then| self.day(day, today).iter().filter_map(|event| events::at(event, then)).collect();
        figures::at(self.city.profile, now, known)
    }

    /// The events of one day, generated on first use. Days long past are let go.
    fn day(&self, day: i64, today: i64) -> Arc<Vec<Event>> {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        days.retain(|&kept, _| kept >= today - HISTORY_DAYS - 1);
        Arc::clone(days.entry(day).or_insert_with(|| Arc::new(events::of_day(&self.city, day))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::PROFILES;
    use super::*;
    use crate::domain::time::HOUR_MILLIS;

    fn world() -> (World, Time) {
        let start = calendar::start_of(20_315).plus_millis(14 * HOUR_MILLIS);
        (World::new(City::build(&PROFILES[0], 8), SimulatedClock::new(Some(start), 0.0)), start)
    }

    fn all(world: &World, now: Time, since: Option<Time>) -> Vec<Event> {
        world.events(now, since, 0..usize::MAX).0
    }

    #[test]
    fn pages_are_pieces_of_the_whole() {
        let (world, now) = world();
        let every = all(&world, now, None);
        let (page, total) = world.events(now, None, 300..450);
        assert_eq!((page.as_slice(), total), (&every[300..450], every.len()));
        assert_eq!(world.events(now, None, total..total + 9), (Vec::new(), total));
    }

    #[test]
    fn history_and_changes_tell_the_same_story() {
        let (world, now) = world();
        let hour_later = now.plus_millis(HOUR_MILLIS);
        let mut known: BTreeMap<Arc<str>, Event> =
            all(&world, now, None).into_iter().map(|event| (event.id.clone(), event)).collect();
        let changes = world.changes(now, hour_later);
        assert!(!changes.is_empty());
        for event in changes {
            known.insert(event.id.clone(), event);
        }
        let later: BTreeMap<Arc<str>, Event> =
            all(&world, hour_later, None).into_iter().map(|event| (event.id.clone(), event)).collect();
        assert_eq!(known, later);
    }

    #[test]
    fn since_gives_what_changed_and_nothing_else() {
        let (world, now) = world();
        let since = now.plus_millis(-HOUR_MILLIS);
        let changed = all(&world, now, Some(since));
        let every = all(&world, now, None);
        assert!(!changed.is_empty() && changed.len() < every.len() / 4);
        assert!(changed.iter().all(|event| event.stage_entered() >= since));
        assert_eq!(changed.len(), every.iter().filter(|event| event.stage_entered() >= since).count());
    }

    #[test]
    fn the_clock_takes_times_of_the_system_for_its_own() {
        let start = Time(1_000_000_000_000);
        let clock = SimulatedClock::new(Some(start), 1.0);
        let meant = clock.meant_by(Time::system_now());
        assert!(meant >= start && meant.millis_since(start) < 60_000);
        assert_eq!(clock.meant_by(start.plus_millis(-5)), start.plus_millis(-5));
    }

    #[test]
    fn what_never_changes_is_the_same_at_any_instant() {
        let (world, now) = world();
        let later = now.plus_millis(30 * HOUR_MILLIS);
        let places = |at| world.cameras(at).map(|c| (c.id, c.at.lon.to_bits())).collect::<Vec<_>>();
        assert_eq!(places(now), places(later));
        assert_eq!(world.devices(now).count(), world.devices(later).count());
        assert!(!world.tracks(now).is_empty());
    }
}
