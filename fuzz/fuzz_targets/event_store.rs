//! The store of events against a plain map: in any order, late, repeated,
//! corrected, given up.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::domain::event::{Channel, Event, Severity};
use quanyu_fuzz::domain::event_store::{EventKey, EventRef, EventStore};
use quanyu_fuzz::domain::geometry::LonLat;
use quanyu_fuzz::domain::time::Time;

#[derive(Arbitrary, Debug)]
struct Told {
    id: u8,
    is_long_id: bool,
    reported: i32,
    is_far: bool,
    words: [u8; 4],
    area: Option<u8>,
    at: Option<[i16; 2]>,
    steps: Vec<(u8, u16)>,
    due: Option<i32>,
    closed: Option<u32>,
    flags: [Option<bool>; 2],
    returned: u16,
    repeats: Option<u8>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Tell(Vec<Told>),
    Capacity(u8),
    Shrink(u8),
    Between(i32, i32),
    Snapshot,
}

/// An event whose last step is the one that it is in: then nothing is learned.
fn event(told: &Told) -> Event {
    let id = if told.is_long_id { format!("PAT-20250815-{:05}", told.id) } else { told.id.to_string() };
    let reported = Time(if told.is_far { i64::from(told.reported) << 14 } else { i64::from(told.reported % 4_096) });
    let mut at = reported;
    let mut entered = vec![(0, reported)];
    for &(stage, gap) in told.steps.iter().take(8) {
        at = at.plus_millis(i64::from(gap) * if gap % 2 == 0 { 1_000 } else { 1 });
        entered.push((stage % 12, at));
    }
    let word = |number: u8| ["", "垃圾满溢", "井盖缺失", "x", "道路积水很深很深"][usize::from(number) % 5];
    Event {
        id: id.as_str().into(),
        category: word(told.words[0]).into(),
        subcategory: word(told.words[1]).into(),
        title: word(told.words[2]).repeat(usize::from(told.words[2] / 64)),
        place: word(told.words[3]).to_owned(),
        area: told.area.map(|code| format!("3201{code}").as_str().into()),
        at: told.at.map(|[lon, lat]| LonLat::new(f64::from(lon % 18_000) / 100.0, f64::from(lat % 9_000) / 100.0)),
        severity: [Severity::Normal, Severity::Major, Severity::Urgent][usize::from(told.words[0]) % 3],
        channel: Channel::ALL[usize::from(told.words[1]) % 5],
        reported,
        stage: entered.last().map_or(0, |&(stage, _)| stage),
        entered,
        due: told.due.map(|gap| reported.plus_millis(gap.into())),
        closed: told.closed.map(|gap| reported.plus_millis(gap.into())),
        solved: told.flags[0],
        satisfied: told.flags[1],
        returned: told.returned,
        repeats: told.repeats.map(|id| id.to_string().as_str().into()),
    }
}

#[derive(Default)]
struct Plain(BTreeMap<String, Event>);

impl Plain {
    fn apply(&mut self, event: Event) {
        let last = |e: &Event| e.entered.last().map_or(e.reported, |step| step.1).max(e.closed.unwrap_or(e.reported));
        if !self.0.get(&*event.id).is_some_and(|known| last(&event) < last(known)) {
            self.0.insert(event.id.to_string(), event);
        }
    }

    fn oldest(&self) -> Option<Time> {
        self.0.values().map(|event| event.reported).min()
    }

    /// What the store gave up must have been the oldest.
    fn give_up(&mut self, key: EventKey) {
        let id = self.0.keys().find(|id| EventKey::of(id) == key).cloned().expect("was held");
        assert_eq!(self.0.get(&id).map(|event| event.reported), self.oldest(), "not the oldest");
        self.0.remove(&id);
    }

    fn between(&self, from: Time, to: Time) -> Vec<Event> {
        sorted(self.0.values().filter(|event| from <= event.reported && event.reported <= to).cloned().collect())
    }
}

fn sorted(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by(|a, b| (a.reported, &a.id).cmp(&(b.reported, &b.id)));
    events
}

fuzz_target!(|steps: Vec<Step>| {
    let mut store = EventStore::default();
    let mut capacity = usize::MAX;
    let mut plain = Plain::default();
    for step in steps {
        let mut gone = Vec::new();
        match step {
            Step::Tell(batch) => {
                for told in &batch {
                    let event = event(told);
                    let is_known = plain.0.contains_key(&*event.id);
                    let count = store.apply([event.clone()], &(), Time(0), |change| {
                        if change.after.is_none() {
                            gone.extend(change.before.map(|course| course.key));
                        }
                    });
                    if count.refused == 1 {
                        assert!(!is_known && plain.0.len() >= capacity && plain.oldest() > Some(event.reported));
                    } else {
                        plain.apply(event);
                    }
                    gone.drain(..).for_each(|key| plain.give_up(key));
                }
            }
            Step::Capacity(count) => {
                capacity = usize::from(count).max(1);
                store.set_capacity(capacity);
            }
            Step::Shrink(count) => {
                let before = store.len();
                let given_up = store.shrink(count.into(), |change| gone.extend(change.before.map(|course| course.key)));
                assert_eq!((before - store.len(), gone.len()), (given_up, given_up));
                gone.drain(..).for_each(|key| plain.give_up(key));
            }
            Step::Between(from, to) => {
                let (from, to) = (Time(i64::from(from) << 14), Time(i64::from(to) << 14));
                let held: Vec<Event> = store.between(from, to).map(EventRef::to_event).collect();
                assert!(held.is_sorted_by_key(|event| event.reported));
                assert_eq!(sorted(held), plain.between(from, to));
            }
            Step::Snapshot => {
                let snapshot = store.snapshot();
                let (from, to) = (Time(i64::MIN), Time(i64::MAX));
                // Those that were given up count until their block goes.
                assert!(snapshot.count(from, to) >= plain.0.len());
                assert_eq!(snapshot.between(from, to).count(), plain.0.len());
                assert_eq!(snapshot.first_reported(), plain.oldest());
                let parts = snapshot.parts(from, to, 3);
                assert_eq!(parts.into_iter().flatten().count(), plain.0.len());
            }
        }
        assert_eq!(store.len(), plain.0.len());
    }
    let held: Vec<Event> = store.iter().map(EventRef::to_event).collect();
    assert_eq!(sorted(held), plain.between(Time(i64::MIN), Time(i64::MAX)));
    for (id, event) in &plain.0 {
        assert_eq!(store.get(id).as_ref(), Some(event));
    }
});
