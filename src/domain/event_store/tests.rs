//! The store against a plain map, and what it costs.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::dictionary::MAX_CLASSES;
use super::*;
use crate::domain::event::tests::event;
use crate::domain::event::{Channel, Severity};

fn no_changes(_: Change) {}

/// A store with these events, which came at `observed`.
fn apply(store: &mut EventStore, batch: impl IntoIterator<Item = Event>, observed: i64) -> ApplyCount {
    store.apply(batch, &(), Time(observed), no_changes)
}

#[test]
fn late_and_repeated_deliveries_change_nothing() {
    let mut store = EventStore::default();
    let first = event("a", 1_000);
    let mut second = first.clone();
    second.stage = 1;
    second.entered.push((1, Time(2_000)));
    assert_eq!(apply(&mut store, [first.clone(), second.clone()], 0).changed, 1);
    let again = apply(&mut store, [first, second.clone()], 0);
    assert_eq!((again.added, again.changed, again.same), (0, 0, 2));
    assert_eq!(store.get("a"), Some(second));
}

/// Steps keep the words of an event, whichever way its record moves: each is
/// held for as long as an event has it, and no longer.
#[test]
fn steps_neither_lose_words_nor_keep_them() {
    let mut store = EventStore::with_capacity(1_000);
    let of = |number: i64, stage: u8, reported: i64| Event {
        stage,
        title: format!("第{}处", number % 3),
        place: "湖东路".into(),
        area: Some("320571".into()),
        entered: (0..=stage).map(|stage| (stage, Time(reported + i64::from(stage) * 1_000))).collect(),
        ..event(&format!("PAT-{number:05}"), reported)
    };
    apply(&mut store, (0..500).map(|number| of(number, 0, number)), 0);
    for stage in 1..6 {
        // Every other one turns out to have been reported at another time.
        let again = |number: i64| of(number, stage, number + number % 2 * i64::from(stage) * 7_000);
        let count = apply(&mut store, (0..500).map(again), 0);
        assert_eq!((count.changed, count.same), (500, 0));
        assert_eq!(apply(&mut store, (0..500).map(again), 0).same, 500);
    }
    assert_eq!(store.words.counts(), [4, 1, 1]);
    assert_eq!(store.get("PAT-00007").map(|event| event.title), Some("第1处".into()));
    store.set_capacity(1);
    while !store.is_within_capacity() {
        store.shrink(100, no_changes);
    }
    assert_eq!(store.words.counts(), [2, 1, 1]);
}

#[test]
fn the_oldest_go_first_when_full() {
    let mut store = EventStore::with_capacity(2);
    let mut gone = Vec::new();
    let batch = [event("new", 3_000), event("old", 1_000), event("mid", 2_000)];
    let count = store.apply(batch, &(), Time(0), |change| {
        if change.after.is_none() {
            gone.extend(change.before.map(|course| course.key));
        }
    });
    assert_eq!((count.dropped, store.dropped(), store.len()), (1, 1, 2));
    assert_eq!(store.iter().map(|e| e.id()).collect::<Vec<_>>(), ["mid", "new"]);
    assert_eq!(gone, [EventKey::of("old")]);
}

#[test]
fn what_is_older_than_all_is_not_taken_into_a_full_store() {
    let mut store = EventStore::with_capacity(2);
    apply(&mut store, [event("a", 2_000), event("b", 3_000)], 0);
    let mut told = 0;
    let count = store.apply([event("old", 1_000), event("a", 2_000)], &(), Time(0), |_| told += 1);
    assert_eq!((count.added, count.dropped, count.refused, count.same, told), (0, 0, 1, 1, 0));
    assert_eq!((store.len(), store.dropped()), (2, 1));
    // As old as the oldest is not older.
    assert_eq!(apply(&mut store, [event("c", 2_000)], 0).added, 1);
}

#[test]
fn a_smaller_capacity_is_reached_little_by_little() {
    let mut store = EventStore::with_capacity(10_000);
    apply(&mut store, (0..5_000).map(|i| event(&format!("e{i:04}"), i * 1_000)), 0);
    store.set_capacity(100);
    let count = apply(&mut store, (5_000..5_010).map(|i| event(&format!("e{i:04}"), i * 1_000)), 0);
    assert_eq!((count.dropped, store.len()), (20, 4_990));
    let mut gone = Vec::new();
    assert_eq!(store.shrink(1_000, |change| gone.extend(change.before.map(|course| course.reported.0))), 1_000);
    assert_eq!((gone[0], gone[999], store.len()), (20_000, 1_019_000, 3_990));
    assert_eq!((store.shrink(1_000_000, |_| {}), store.shrink(1_000, |_| {}), store.len()), (3_890, 0, 100));
    assert_eq!(store.dropped(), 4_910);
}

#[test]
fn windows_hold_both_ends() {
    let mut store = EventStore::default();
    apply(&mut store, (0..10).map(|i| event(&format!("e{i}"), i * 1_000)), 0);
    assert_eq!(store.between(Time(2_000), Time(5_000)).count(), 4);
    assert_eq!(store.between(Time(5_000), Time(2_000)).count(), 0);
    assert_eq!(store.between(Time(2_000), Time(5_000)).next_back().map(|e| e.id()), Some("e5".into()));
}

#[test]
fn a_stage_without_an_instant_was_taken_when_it_came() {
    let mut store = EventStore::default();
    let told = |stage: u8| Event { stage, ..event("a", 1_000) };
    apply(&mut store, [told(0)], 1_000);
    apply(&mut store, [told(1)], 5_000);
    apply(&mut store, [told(1)], 6_000);
    apply(&mut store, [Event { closed: Some(Time(7_000)), ..told(2) }], 9_000);
    let known = store.get("a").expect("is held");
    assert_eq!(known.entered, [(0, Time(1_000)), (1, Time(5_000)), (2, Time(7_000))]);
}

#[test]
fn a_way_back_to_the_first_stage_is_learned_too() {
    let mut store = EventStore::default();
    let told = |stage: u8| Event { stage, entered: Vec::new(), ..event("a", 1_000) };
    for (stage, observed) in [(0, 1_000), (0, 2_000), (2, 3_000), (0, 4_000), (0, 5_000)] {
        apply(&mut store, [told(stage)], observed);
    }
    let known = store.get("a").expect("is held");
    assert_eq!((known.stage, known.entered), (0, vec![(0, Time(1_000)), (2, Time(3_000)), (0, Time(4_000))]));
}

#[test]
fn what_was_closed_at_a_known_instant_was_open_before_also_after_it_was_opened_again() {
    let mut store = EventStore::default();
    let told = |stage: u8, closed: Option<i64>| Event {
        stage,
        closed: closed.map(Time),
        entered: Vec::new(),
        ..event("a", 1_000)
    };
    apply(&mut store, [told(3, Some(4_000))], 5_000);
    apply(&mut store, [told(1, None)], 7_000);
    let known = store.get("a").map(|known| known.entered).unwrap_or_default();
    assert_eq!(known, [(0, Time(1_000)), (3, Time(4_000)), (1, Time(7_000))]);
}

#[test]
fn a_close_that_is_told_later_moves_no_step_forward() {
    let mut store = EventStore::default();
    let told = |closed: Option<i64>, stage: u8| Event {
        stage,
        closed: closed.map(Time),
        entered: Vec::new(),
        ..event("a", 1_000)
    };
    apply(&mut store, [told(None, 0)], 2_000);
    apply(&mut store, [told(None, 1)], 5_000);
    apply(&mut store, [told(Some(20_000), 1)], 21_000);
    let known = store.get("a").map(|known| (known.entered, known.closed)).unwrap_or_default();
    assert_eq!(known, (vec![(0, Time(1_000)), (1, Time(5_000))], Some(Time(20_000))));
}

#[test]
fn where_an_event_was_first_met_it_stays_until_it_moves() {
    let mut store = EventStore::default();
    let told = |stage: u8| Event { stage, entered: Vec::new(), ..event("a", 1_000) };
    let mut at = |stage: u8, observed: i64| {
        let count = apply(&mut store, [told(stage)], observed);
        (count.same, store.get("a").map(|known| known.entered).unwrap_or_default())
    };
    assert_eq!(at(3, 5_000), (0, vec![(0, Time(1_000))]));
    assert_eq!(at(3, 6_000), (1, vec![(0, Time(1_000))]));
    // Opened again: until then it stood where it was met.
    assert_eq!(at(1, 7_000), (0, vec![(3, Time(1_000)), (1, Time(7_000))]));
    assert_eq!(at(3, 8_000), (0, vec![(3, Time(1_000)), (1, Time(7_000)), (3, Time(8_000))]));
    let mut course = Course::of(&store.get("a").expect("is held"));
    assert!(course.is_closed(4));
    course.rewind(Time(7_500));
    assert!(!course.is_closed(4));
    course.rewind(Time(6_999));
    assert_eq!((course.stage, course.is_closed(4), course.returned), (3, true, 0));
}

#[test]
fn the_instant_of_a_close_replaces_that_at_which_the_wall_saw_it() {
    let told = |stage: u8, closed: Option<i64>| Event {
        stage,
        entered: Vec::new(),
        closed: closed.map(Time),
        ..event("a", 1_000)
    };
    // With and without its history, and from where it was first met.
    let whole = Event { entered: vec![(0, Time(1_000)), (3, Time(4_000))], ..told(3, Some(4_000)) };
    for (first, last) in [(0, told(3, Some(4_000))), (0, whole), (3, told(3, Some(4_000)))] {
        let mut store = EventStore::default();
        apply(&mut store, [told(first, None)], 2_000);
        apply(&mut store, [told(3, None)], 9_000);
        assert_eq!(apply(&mut store, [last.clone()], 10_000).changed, 1);
        assert_eq!(apply(&mut store, [last], 11_000).same, 1);
        let known = store.get("a").expect("is held");
        assert_eq!(known.closed, Some(Time(4_000)));
        let stage_at = |now: i64| {
            let mut course = Course::of(&known);
            course.rewind(Time(now));
            (course.stage, course.is_closed(4))
        };
        assert_eq!((stage_at(3_999), stage_at(4_000)), ((0, false), (3, true)), "met in {first}");
    }
    // Closed, opened again, closed again: the first close is not the last one.
    let mut store = EventStore::default();
    for (stage, observed) in [(0, 1_000), (3, 3_000), (1, 5_000), (3, 7_000)] {
        apply(&mut store, [told(stage, None)], observed);
    }
    let first = Event { entered: vec![(0, Time(1_000)), (3, Time(2_500))], ..told(3, Some(2_500)) };
    assert_eq!(apply(&mut store, [first], 8_000).same, 1);
    assert_eq!(apply(&mut store, [told(3, Some(6_500))], 9_000).changed, 1);
    let known = store.get("a").expect("is held");
    assert_eq!((known.closed, known.entered.last()), (Some(Time(6_500)), Some(&(3, Time(6_500)))));
}

#[test]
fn titles_stay_where_classes_do_not() {
    let mut store = EventStore::default();
    let titled = |number: usize, title: &str| Event {
        category: format!("大类{}", number % 128).into(),
        subcategory: format!("小类{number}").into(),
        title: title.to_owned(),
        ..event(&format!("e-{number:05}"), number as i64)
    };
    let of_itself = |number: usize| titled(number, &format!("小类{number}"));
    apply(&mut store, (0..=MAX_CLASSES).map(of_itself), 0);
    apply(&mut store, [titled(MAX_CLASSES + 1, "其他")], 0);
    let read = |number: usize| store.get(&format!("e-{number:05}")).expect("is held");
    assert_eq!(read(0), of_itself(0));
    // The class has gone into the rest.
    let folded = read(MAX_CLASSES);
    assert_eq!((&*folded.category, &*folded.subcategory), ("其他", ""));
    assert_eq!(folded.title, of_itself(MAX_CLASSES).title);
    assert_eq!(read(MAX_CLASSES + 1).title, "其他");
}

#[test]
fn a_snapshot_stays_as_it_was() {
    let mut store = EventStore::default();
    apply(&mut store, (0..3_000).map(|i| event(&format!("e-{i:05}"), i)), 0);
    let before = store.snapshot();
    apply(&mut store, (0..3_000).map(|i| Event { severity: Severity::Urgent, ..event(&format!("e-{i:05}"), i) }), 0);
    let all = |part: &Snapshot| part.between(Time(0), Time(9_999)).map(EventRef::severity).collect::<Vec<_>>();
    assert_eq!(all(&before), vec![Severity::Normal; 3_000]);
    assert_eq!(all(&store.snapshot()), vec![Severity::Urgent; 3_000]);
    let parts = before.parts(Time(10), Time(2_500), 2);
    assert_eq!(parts.len(), 2);
    let ids: Vec<String> = parts.into_iter().flatten().map(|event| event.id()).collect();
    assert_eq!((ids.len(), ids[0].as_str(), ids[2_490].as_str()), (2_491, "e-00010", "e-02500"));
}

#[test]
fn places_follow_the_hierarchy() {
    struct Codes(u32);
    impl Placer for Codes {
        fn place(&self, code: Option<&str>, at: Option<LonLat>) -> Option<AreaIndex> {
            code.filter(|&code| code == "c").map(|_| self.0).or(at.map(|_| 7))
        }
    }
    let mut store = EventStore::default();
    let batch = [
        Event { area: Some("c".into()), ..event("a", 0) },
        Event { area: Some("unknown".into()), at: Some(LonLat::new(1.0, 2.0)), ..event("b", 1) },
        event("c", 2),
    ];
    store.apply(batch, &Codes(3), Time(0), no_changes);
    let areas = |store: &EventStore| store.iter().map(EventRef::area).collect::<Vec<_>>();
    assert_eq!(areas(&store), [Some(3), Some(7), None]);
    assert!(store.place_again(&Codes(4)) && !store.place_again(&Codes(4)));
    assert_eq!(areas(&store), [Some(4), Some(7), None]);
}

#[test]
fn filters_combine() {
    let mut store = EventStore::default();
    let batch = (0..24_u8).map(|i| Event {
        category: ["市容环境", "公共安全"][usize::from(i % 2)].into(),
        severity: [Severity::Normal, Severity::Major, Severity::Urgent][usize::from(i % 3)],
        stage: i % 4,
        entered: vec![(i % 4, Time(i.into()))],
        ..event(&format!("e{i}"), i.into())
    });
    apply(&mut store, batch, 0);
    let tree = crate::domain::area::AreaTree::default();
    let count = |filter: EventFilter| {
        let filter = filter.prepare(store.classes(), &tree);
        store.iter().filter(|event| filter.passes(*event)).count()
    };
    assert_eq!(count(EventFilter::default()), 24);
    let categories = vec!["公共安全".to_owned()];
    assert_eq!(count(EventFilter { categories: categories.clone(), ..EventFilter::default() }), 12);
    let severities = vec![Severity::Major, Severity::Urgent];
    assert_eq!(count(EventFilter { categories: categories.clone(), severities, ..EventFilter::default() }), 8);
    let stages = vec![1, 2];
    assert_eq!(count(EventFilter { categories, stages, ..EventFilter::default() }), 6);
    assert_eq!(count(EventFilter { area: Some(0), ..EventFilter::default() }), 0);
}

fn time() -> impl Strategy<Value = Time> {
    // Crowded, spread over years, and beyond what a block can count.
    prop_oneof![0..50_i64, 0..100_000_000_000_i64, -1_i64 << 45..1_i64 << 45].prop_map(Time)
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..60_u32).prop_map(|n| format!("PAT-20250815-{n:05}")),
        (0..9_u32).prop_map(|n| format!("{n}")),
        (0..9_u128).prop_map(|n| {
            let hex = format!("{:032x}", n * 0x1234_5678_9abc_def0_1234);
            format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
        }),
        "[a-z东城]{0,3}[0-9]{0,4}",
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    let texts = ("[ab]{0,2}", "[xy]{0,1}", "[pq路]{0,3}", prop::option::of("[0-9]{1,3}"), prop::option::of(id()));
    let course = (
        prop::collection::vec((0..6_u8, 0..4_000_000_i64, any::<bool>()), 1..6),
        prop::option::of(-100_000_000..100_000_000_i64),
        prop::option::of(0..100_000_000_i64),
        0..3_u16,
    );
    let facts = (0..3_usize, 0..5_usize, any::<Option<bool>>(), any::<Option<bool>>(), any::<Option<(i32, i32)>>());
    (id(), time(), texts, course, facts).prop_map(|(id, reported, texts, course, facts)| {
        let (category, subcategory, title, area, repeats) = texts;
        let (steps, due, closed, returned) = course;
        let mut at = reported;
        let mut entered = Vec::new();
        for (stage, gap, is_whole) in steps {
            at = at.plus_millis(if is_whole { gap / 1_000 * 1_000 } else { gap });
            entered.push((stage, at));
        }
        Event {
            id: id.into(),
            category: category.as_str().into(),
            subcategory: subcategory.as_str().into(),
            title,
            place: "某处".repeat(usize::from(returned)),
            area: area.map(|code| code.as_str().into()),
            at: facts.4.map(|(lon, lat)| LonLat::new(f64::from(lon % 180_000) / 1e3, f64::from(lat % 90_000) / 1e3)),
            severity: [Severity::Normal, Severity::Major, Severity::Urgent][facts.0],
            channel: Channel::ALL[facts.1],
            reported,
            stage: entered.last().map_or(0, |&(stage, _)| stage),
            entered,
            due: due.map(|gap| reported.plus_millis(gap)),
            closed: closed.map(|gap| reported.plus_millis(gap)),
            solved: facts.2,
            satisfied: facts.3,
            returned,
            repeats: repeats.map(|id| id.as_str().into()),
        }
    })
}

/// What a store does, in plain words.
#[derive(Default)]
struct Plain {
    events: BTreeMap<String, Event>,
}

impl Plain {
    fn apply(&mut self, event: Event) {
        let last = |e: &Event| e.entered.last().map_or(e.reported, |step| step.1).max(e.closed.unwrap_or(e.reported));
        let last_but_one = |e: &Event| e.entered.iter().rev().nth(1).map_or(e.reported, |step| step.1);
        let says_when = |known: &Event| {
            (known.closed, known.stage) == (None, event.stage)
                && event.closed.is_some_and(|at| at >= last_but_one(known))
        };
        let is_older = self.events.get(&*event.id).is_some_and(|known| !says_when(known) && last(&event) < last(known));
        if !is_older {
            self.events.insert(event.id.to_string(), event);
        }
    }

    fn drop_to(&mut self, capacity: usize) {
        while self.events.len() > capacity {
            let oldest = self.events.iter().min_by_key(|(_, event)| event.reported).map(|(id, _)| id.clone());
            self.events.remove(&oldest.unwrap_or_default());
        }
    }

    fn between(&self, from: Time, to: Time) -> Vec<Event> {
        let mut list: Vec<Event> =
            self.events.values().filter(|event| (from..=to).contains(&event.reported)).cloned().collect();
        list.sort_by(|a, b| (a.reported, &a.id).cmp(&(b.reported, &b.id)));
        list
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_store_holds_what_a_plain_map_holds(
        batches in prop::collection::vec(prop::collection::vec(any_event(), 0..60), 0..20),
        windows in prop::collection::vec((time(), time()), 8),
    ) {
        let mut store = EventStore::default();
        let mut plain = Plain::default();
        for batch in batches {
            for event in &batch {
                plain.apply(event.clone());
            }
            apply(&mut store, batch, 0);
            let snapshot = store.snapshot();
            prop_assert_eq!(store.len(), plain.events.len());
            for (from, to) in &windows {
                let mut held: Vec<Event> = store.between(*from, *to).map(EventRef::to_event).collect();
                prop_assert!(held.is_sorted_by_key(|event| event.reported));
                prop_assert_eq!(snapshot.between(*from, *to).count(), held.len());
                held.sort_by(|a, b| (a.reported, &a.id).cmp(&(b.reported, &b.id)));
                prop_assert_eq!(held, plain.between(*from, *to));
            }
        }
        for (id, event) in &plain.events {
            let found = store.get(id);
            prop_assert_eq!(found.as_ref(), Some(event));
            prop_assert_eq!(store.by_key(EventKey::of(id)).map(|found| found.id()), Some(id.clone()));
        }
        prop_assert!(store.get("nobody").is_none());
    }
}

/// Blocks fill, split, empty and are used again, in any order of arrival.
#[test]
fn many_events_in_any_order() {
    let mut random = fastrand::Rng::with_seed(7);
    for order in 0..4 {
        let mut store = EventStore::with_capacity(9_000);
        let mut plain = Plain::default();
        let mut numbers: Vec<i64> = (0..12_000).collect();
        match order {
            0 => {}
            1 => numbers.reverse(),
            _ => random.shuffle(&mut numbers),
        }
        for (place, &number) in numbers.iter().enumerate() {
            // Long titles of their own fill blocks by bytes.
            let title = if order == 3 { format!("{number}{}", "长".repeat(60)) } else { "短".into() };
            let event = Event { title, ..event(&format!("PAT-{number:06}"), number * 60_000) };
            plain.apply(event.clone());
            apply(&mut store, [event], 0);
            plain.drop_to(9_000);
            // A correction of the time moves an event.
            if place % 50 == 0 {
                let moved = Event {
                    // No two at the same instant: which of them is the oldest is not said.
                    reported: Time(random.i64(0..12_000) * 60_000 + place as i64 + 1),
                    entered: vec![(1, Time(i64::from(u32::MAX) * 1_000))],
                    stage: 1,
                    ..store.iter().next_back().map(EventRef::to_event).expect("holds some")
                };
                plain.apply(moved.clone());
                apply(&mut store, [moved], 0);
            }
            if place % 3_000 == 0 || place + 1 == numbers.len() {
                let held: Vec<Event> = store.iter().map(EventRef::to_event).collect();
                assert_eq!(held.len(), plain.events.len());
                assert!(held.is_sorted_by_key(|event| event.reported));
                for event in &held {
                    assert_eq!(plain.events.get(&*event.id), Some(event));
                    assert_eq!(store.get(&event.id).as_ref(), Some(event), "order {order}, after {place}");
                }
            }
        }
        assert!(store.order.len() < 64, "{} blocks", store.order.len());
    }
}

/// A quiet site: its blocks reach over weeks, and history comes newest first.
#[test]
fn times_stay_what_they_were_over_months() {
    const DAY: i64 = 86_400_000;
    let mut store = EventStore::default();
    let mut plain = Plain::default();
    let mut number = 0;
    let mut come = |store: &mut EventStore, plain: &mut Plain, reported: i64| {
        number += 1;
        let event = event(&format!("PAT-{number:06}"), reported);
        plain.apply(event.clone());
        apply(store, [event], 0);
    };
    for back in 0..240 {
        come(&mut store, &mut plain, 100 * DAY - back * DAY / 10);
    }
    for on in 1..1_200 {
        come(&mut store, &mut plain, 100 * DAY + on * DAY / 40);
        // Late ones part the blocks.
        if on % 100 == 0 {
            come(&mut store, &mut plain, 90 * DAY + on * DAY / 80 + 1);
        }
    }
    let (from, to) = (Time(i64::MIN), Time(i64::MAX));
    assert_eq!(store.iter().map(EventRef::to_event).collect::<Vec<_>>(), plain.between(from, to));
}

/// A block of which little is left still spans what it held.
#[test]
fn late_events_find_their_place_among_what_was_given_up() {
    const MINUTE: i64 = 60_000;
    for left in [0, 511, 1_023] {
        let mut store = EventStore::default();
        let mut plain = Plain::default();
        let number_of = |number: i64| format!("PAT-{number:06}");
        let first: Vec<Event> = (0..1_024).map(|i| event(&number_of(i), i * MINUTE)).collect();
        let moved: Vec<Event> =
            (0..1_024).filter(|i| *i != left).map(|i| event(&number_of(i), i * MINUTE + 1)).collect();
        let moved = moved.into_iter().map(|event| Event { reported: event.reported.plus_millis(1 << 40), ..event });
        let late = (0..40).map(|i| event(&number_of(9_000 + i), i * 25 * MINUTE + 7));
        for event in first.into_iter().chain(moved).chain(late) {
            plain.apply(event.clone());
            apply(&mut store, [event], 0);
        }
        for (from, to) in [(0, 1 << 50), (200 * MINUTE, 800 * MINUTE), (900 * MINUTE, 1_100 * MINUTE)] {
            let held: Vec<Event> = store.between(Time(from), Time(to)).map(EventRef::to_event).collect();
            assert_eq!(held, plain.between(Time(from), Time(to)), "{left} left");
        }
    }
}

/// Ten million events take at most 48 bytes each; see the columns and the
/// packing. Here fewer of the same make: the mean does not depend on how many.
#[test]
fn an_event_takes_few_bytes() {
    let mut store = EventStore::with_capacity(300_000);
    for day in 0..30 {
        apply(&mut store, course_of_a_day(day, 10_000), 0);
    }
    let each = store.heap_bytes() as f64 / store.len() as f64;
    eprintln!("{each:.1} bytes for each of {} events with their whole course", store.len());
    assert!(each <= 48.0, "{each}");
}

/// Events as back ends write them: a series of ids a day, a street, a place in
/// words, a grid out of forty thousand, four further steps, all closed.
fn course_of_a_day(day: i64, count: usize) -> Vec<Event> {
    let mut random = fastrand::Rng::with_seed(day as u64);
    let mut reported: Vec<i64> = (0..count).map(|_| day * 86_400_000 + random.i64(0..86_400_000)).collect();
    reported.sort_unstable();
    let numbered = reported.into_iter().enumerate();
    let one = |(number, reported): (usize, i64)| {
        let reported = Time(reported / 1_000 * 1_000);
        let mut at = reported;
        let mut entered = vec![(0, at)];
        for stage in 1..5 {
            at = at.plus_millis(1_000 * random.i64(60..9_000));
            entered.push((stage, at));
        }
        let (street, kind, grid) = (random.u32(0..120), random.u32(0..40), random.u32(0..40_976));
        Event {
            id: format!("XWQ-2025{day:04}-{number:05}").into(),
            category: format!("大类{}", kind % 8).as_str().into(),
            subcategory: format!("小类{kind}").as_str().into(),
            title: format!("第{street}街沿街店铺小类{kind}"),
            place: format!("第{}社区第{}网格", street, street * 9 + random.u32(0..9)),
            area: Some(format!("3201060{grid:08}").as_str().into()),
            at: Some(LonLat::new(118.0 + random.f64(), 32.0 + random.f64())),
            due: Some(reported.plus_millis([2, 4, 8][kind as usize % 3] * 3_600_000)),
            stage: 4,
            closed: Some(at),
            solved: Some(true),
            satisfied: Some(random.bool()),
            entered,
            ..event("", reported.0)
        }
    };
    numbered.map(one).collect()
}
