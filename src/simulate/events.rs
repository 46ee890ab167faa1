//! The events of a simulated day, from report to evaluation.
//!
//! A day is a pure function of the city and the day's number: each event is
//! drawn with its whole course, and what a back end would know at an instant
//! is that course cut off there ([`at`]). So history, live changes and replays
//! can never disagree.

use std::collections::HashMap;
use std::sync::Arc;

use fastrand::Rng;

use super::calendar;
use super::catalogue::{KINDS, Kind};
use super::city::{City, Site, Spot};
use super::noise;
use crate::domain::event::{Channel, Event, Severity, Words};
use crate::domain::geometry::LonLat;
use crate::domain::time::{DAY_MILLIS, HOUR_MILLIS, Time};

/// An outbreak of one kind of event around one spot.
struct Surge<'a> {
    spot: &'a Spot,
    kind: &'static Kind,
    start: Time,
    length_ms: i64,
    count: usize,
}

/// All events reported on a day, in order of report, with their whole course.
pub fn of_day(city: &City, day: i64) -> Vec<Event> {
    let mut rng = Rng::with_seed(noise::mix(noise::stream(city.seed, "events").u64(..), day as u64));
    let usual = city.profile.events_per_day as f64;
    let weekend = if calendar::is_weekend(day) { 0.84 } else { 1.03 };
    let count = (usual * weekend * (1.0 + 0.05 * noise::normal(&mut rng))).max(1.0) as usize;
    let emphasis = |kind: &Kind| city.profile.emphasis.iter().find(|(name, _)| *name == kind.name).map_or(1.0, |e| e.1);
    let kind_weights: Vec<f64> = KINDS.iter().map(|kind| kind.weight * emphasis(kind)).collect();
    let mut events = Vec::with_capacity(count + 64);
    for _ in 0..count {
        let number = noise::weighted(&mut rng, &kind_weights);
        let kind = &KINDS[number];
        let hour = noise::weighted(&mut rng, &kind.hours.weights()) as i64;
        let reported = calendar::start_of(day).plus_millis(hour * HOUR_MILLIS + rng.i64(0..HOUR_MILLIS));
        let site = city.site_for(number, &mut rng);
        events.push(draw(city, kind, reported, &site, &mut rng));
    }
    for surge in surges(city, day, usual, &mut rng) {
        for _ in 0..surge.count {
            let reported = surge.start.plus_millis(rng.i64(0..surge.length_ms));
            let site = city.site_around(surge.spot, &mut rng);
            events.push(draw(city, surge.kind, reported, &site, &mut rng));
        }
    }
    events.retain(|event| calendar::day_of(event.reported) == day);
    events.sort_by_key(|event| event.reported);
    let date = calendar::compact_date(day);
    let mut words = Words::default();
    for (number, event) in events.iter_mut().enumerate() {
        event.id = format!("{}-{date}-{:05}", city.profile.code, number + 1).into();
        words.share(event);
    }
    link_repeats(&mut events, city, &mut rng);
    events
}

/// What is known of an event at an instant; `None` before its report.
pub fn at(event: &Event, now: Time) -> Option<Event> {
    if event.reported > now {
        return None;
    }
    let mut known = event.clone();
    known.entered.retain(|&(_, entered)| entered <= now);
    known.stage = known.entered.last().map_or(0, |&(stage, _)| stage);
    known.returned = known.entered.windows(2).filter(|pair| pair[1].0 < pair[0].0).count() as u16;
    if known.closed.is_some_and(|closed| closed > now) {
        (known.closed, known.solved, known.satisfied) = (None, None, None);
    }
    Some(known)
}

/// Two or three outbreaks a day: a cloudburst, a burst of parking, a market night.
fn surges<'a>(city: &'a City, day: i64, usual: f64, rng: &mut Rng) -> Vec<Surge<'a>> {
    let likely = ["道路积水", "违停", "占道经营", "垃圾满溢", "共享单车淤积", "施工扰民"];
    let count = 2 + rng.usize(..2);
    let surge = |rng: &mut Rng| {
        let name = likely[rng.usize(..likely.len())];
        let kind = KINDS.iter().find(|kind| kind.name == name).unwrap_or(&KINDS[0]);
        let hour = noise::weighted(rng, &kind.hours.weights()) as i64;
        Surge {
            spot: &city.spots[rng.usize(..city.spots.len())],
            kind,
            start: calendar::start_of(day).plus_millis(hour * HOUR_MILLIS),
            length_ms: HOUR_MILLIS + rng.i64(0..2 * HOUR_MILLIS),
            count: (usual * (0.006 + 0.006 * rng.f64())) as usize,
        }
    };
    (0..count).map(|_| surge(rng)).collect()
}

/// Draws one event with its whole course; its id comes later, by order.
fn draw(city: &City, kind: &Kind, reported: Time, site: &Site<'_>, rng: &mut Rng) -> Event {
    let severity = match rng.f64() {
        p if p < kind.severe[1] => Severity::Urgent,
        p if p < kind.severe[0] + kind.severe[1] => Severity::Major,
        _ => Severity::Normal,
    };
    let street = &site.leaf.street;
    let exact = kind.where_[rng.usize(..kind.where_.len())];
    let mut event = Event {
        id: "".into(),
        category: kind.category.into(),
        subcategory: kind.name.into(),
        title: format!("{}{exact}{}", if kind.is_indoors() { city.community_of(site.leaf) } else { street }, kind.name),
        place: format!("{} · {street}", city.area(site.leaf.grid).name),
        area: Some(city.area(site.leaf.area).code.as_str().into()),
        at: Some(LonLat::new(site.degrees[0], site.degrees[1])),
        severity,
        channel: Kind::channel(noise::weighted(rng, &channels(city, kind))),
        reported,
        stage: 0,
        entered: Vec::new(),
        due: Some(reported.plus_millis(allowed_ms(severity))),
        closed: None,
        solved: None,
        satisfied: None,
        returned: 0,
        repeats: None,
    };
    let is_automatic = is_automatic(city, kind) && matches!(event.channel, Channel::Iot | Channel::Video);
    walk(&mut event, city.profile.stages.len(), is_automatic, rng);
    event
}

/// Whether the platform hands out what devices and cameras report of it.
fn is_automatic(city: &City, kind: &Kind) -> bool {
    city.profile.auto_dispatched.contains(&kind.name)
}

/// Relative frequency per channel; where devices and cameras do the reporting,
/// they do most of it.
fn channels(city: &City, kind: &Kind) -> [f64; 5] {
    let mut weights = kind.channels;
    if is_automatic(city, kind) {
        for (weight, channel) in weights.iter_mut().zip(Channel::ALL) {
            *weight *= if matches!(channel, Channel::Iot | Channel::Video) { 5.0 } else { 1.0 };
        }
    }
    weights
}

/// Time until an event must be done.
fn allowed_ms(severity: Severity) -> i64 {
    match severity {
        Severity::Normal => 8 * HOUR_MILLIS,
        Severity::Major => 4 * HOUR_MILLIS,
        Severity::Urgent => 2 * HOUR_MILLIS,
    }
}

/// Walks an event through its stages: dwell times are log-normal, one in
/// thirty is sent back once, one in eighty drags on.
fn walk(event: &mut Event, stages: usize, is_automatic: bool, rng: &mut Rng) {
    let drags = rng.f64() < 0.0125;
    let hurry = match event.severity {
        Severity::Normal => 1.0,
        Severity::Major => 0.6,
        Severity::Urgent => 0.35,
    };
    let handling = handling_stage(stages);
    let mut may_return = rng.f64() < 0.033;
    let (mut stage, mut now) = (0, event.reported);
    event.entered.push((0, now));
    while stage + 1 < stages {
        let (median_h, sigma) = match stage {
            s if s == handling => (1.05, 0.85),
            s if s > handling => (0.35, 0.6),
            _ => (0.16, 0.75),
        };
        let slow = if drags && stage == handling { 14.0 } else { 1.0 };
        let dwell_h = median_h * hurry * slow * (sigma * noise::normal(rng)).exp();
        // Nobody has to read what the platform hands out.
        let dwell_h = if is_automatic && stage == 0 { dwell_h * 0.05 } else { dwell_h };
        // At night only urgent work goes on at full pace.
        let night = if event.severity != Severity::Urgent && !(7.0..22.0).contains(&calendar::hour_of(now)) {
            2.2
        } else {
            1.0
        };
        now = now.plus_millis(((dwell_h * night * HOUR_MILLIS as f64) as i64).clamp(20_000, 6 * DAY_MILLIS));
        if may_return && stage == handling && stage > 0 {
            may_return = false;
            stage -= 1;
        } else {
            stage += 1;
        }
        event.entered.push((stage as u8, now));
    }
    event.closed = Some(now);
    event.stage = stage as u8;
    let solved = rng.f64() < if drags { 0.8 } else { 0.972 };
    event.solved = Some(solved);
    event.satisfied = (rng.f64() < 0.78).then(|| rng.f64() < if solved { 0.962 } else { 0.35 });
    event.returned = u16::from(event.entered.len() > stages);
}

/// The stage in which the work is done: the last but two, so that feedback
/// (and evaluation) follow it.
fn handling_stage(stages: usize) -> usize {
    stages.saturating_sub(3)
}

/// Marks events that repeat an earlier one of the same kind close by.
fn link_repeats(events: &mut [Event], city: &City, rng: &mut Rng) {
    let near_deg = city.profile.block_m() * 0.18 / 111_000.0;
    // Earlier events by kind and square of that size, so that a city's day
    // need not be compared with itself.
    let mut before: HashMap<(Arc<str>, i64, i64), Vec<usize>> = HashMap::new();
    let square = |at: LonLat| ((at.lon / near_deg).floor() as i64, (at.lat / near_deg).floor() as i64);
    for later in 0..events.len() {
        let Some(at) = events[later].at else { continue };
        let (x, y) = square(at);
        if later > 0 && rng.f64() <= 0.16 {
            let kind = &events[later].subcategory;
            let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
            let near = around.flat_map(|(x, y)| before.get(&(kind.clone(), x, y)).into_iter().flatten().copied());
            let is_close =
                |&other: &usize| events[other].at.is_some_and(|b| (b.lon - at.lon).hypot(b.lat - at.lat) < near_deg);
            let latest = near.filter(is_close).max();
            events[later].repeats = latest.map(|other| events[other].id.clone());
        }
        before.entry((events[later].subcategory.clone(), x, y)).or_default().push(later);
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::PROFILES;
    use super::*;
    use crate::domain::event_store::Course;

    const DAY: i64 = 20_315; // 2025-08-15, a Friday

    fn badahu() -> City {
        City::build(&PROFILES[0], 8)
    }

    #[test]
    fn a_day_is_repeatable_and_differs_from_the_next() {
        let city = badahu();
        let day = of_day(&city, DAY);
        assert_eq!(day, of_day(&badahu(), DAY));
        assert_ne!(day.len(), 0);
        assert_ne!(day, of_day(&city, DAY + 1));
    }

    #[test]
    fn volume_and_hours_follow_the_profile() {
        let city = badahu();
        let events: Vec<Event> = (0..5).flat_map(|day| of_day(&city, DAY - 4 + day)).collect();
        let per_day = events.len() / 5;
        assert!((540..=700).contains(&per_day), "{per_day}");
        let in_hours = |range: std::ops::Range<u8>| {
            let hours = range.len();
            events.iter().filter(|e| range.contains(&e.reported.hour_of_day(&calendar::zone()))).count() / hours
        };
        assert!(in_hours(8..11) > 4 * in_hours(1..5));
        assert!(in_hours(17..20) > 2 * in_hours(1..5));
    }

    #[test]
    fn every_course_keeps_the_order_of_stages() {
        let city = badahu();
        for event in of_day(&city, DAY) {
            assert_eq!(event.entered[0], (0, event.reported));
            for pair in event.entered.windows(2) {
                let step = i32::from(pair[1].0) - i32::from(pair[0].0);
                assert!((step == 1 || step == -1) && pair[1].1 > pair[0].1, "{event:?}");
            }
            assert_eq!(event.entered.last().map(|e| usize::from(e.0)), Some(city.profile.stages.len() - 1));
            assert_eq!(event.entered.last().map(|e| e.1), event.closed);
        }
    }

    #[test]
    fn what_is_known_grows_and_never_tells_the_future() {
        let city = badahu();
        let noon = calendar::start_of(DAY).plus_millis(12 * HOUR_MILLIS);
        for event in of_day(&city, DAY) {
            assert_eq!(at(&event, event.reported.plus_millis(-1)), None);
            let end = event.closed.expect("every course ends");
            assert_eq!(at(&event, end), Some(event.clone()));
            let Some(known) = at(&event, noon) else { continue };
            assert!(known.entered.iter().all(|e| e.1 <= noon));
            assert_eq!(known.closed.is_some(), end <= noon);
            assert_eq!(known.solved.is_some(), end <= noon);
        }
    }

    #[test]
    fn rates_are_those_of_a_real_place() {
        let city = badahu();
        let events: Vec<Event> = (0..5).flat_map(|day| of_day(&city, DAY + day)).collect();
        let share =
            |test: &dyn Fn(&Event) -> bool| events.iter().filter(|e| test(e)).count() as f64 / events.len() as f64;
        let solved = share(&|e| e.solved == Some(true));
        assert!((0.94..0.99).contains(&solved), "{solved}");
        let overdue = share(&|e| Course::of(e).is_overdue(Time(i64::MAX), city.profile.stages.len()));
        assert!((0.01..0.09).contains(&overdue), "{overdue}");
        let returned = share(&|e| e.returned > 0);
        assert!((0.015..0.06).contains(&returned), "{returned}");
        let repeats = share(&|e| e.repeats.is_some());
        assert!((0.02..0.13).contains(&repeats), "{repeats}");
        let urgent = share(&|e| e.severity == Severity::Urgent);
        assert!(urgent < 0.02, "{urgent}");
    }

    #[test]
    fn the_named_area_is_the_smallest_that_holds_the_place() {
        let city = badahu();
        for event in of_day(&city, DAY).iter().take(200) {
            let place = event.at.expect("simulated events have a place");
            let holding: Vec<_> =
                city.geography.areas.iter().filter(|area| area.shape.contains([place.lon, place.lat])).collect();
            let smallest = holding.iter().max_by_key(|area| area.level).map(|area| area.code.clone());
            assert_eq!(event.area.as_deref(), smallest.as_deref());
            assert!(event.repeats.as_ref().is_none_or(|id| *id < event.id));
        }
    }
}
