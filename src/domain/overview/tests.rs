//! Figures against counting anew, at any instant, after any changes.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::area::{Area, GridKind};
use crate::domain::closed_loop::Ratio;
use crate::domain::crs::Projection;
use crate::domain::event::{Event, tests::event};
use crate::domain::event_store::{EventFilter, EventKey, Placer, Sieve};
use crate::domain::geometry::{LonLat, Shape};

fn area(code: &str, parent: Option<&str>, level: Level) -> Area {
    Area {
        code: code.into(),
        parent: parent.map(Into::into),
        name: code.into(),
        level,
        kind: GridKind::Comprehensive,
        shape: Shape::default(),
        households: None,
        responsible: Vec::new(),
    }
}

fn tree() -> Arc<AreaTree> {
    let areas = vec![
        area("s", None, Level::Street),
        area("a", Some("s"), Level::Community),
        area("b", Some("s"), Level::Community),
    ];
    Arc::new(AreaTree::build(areas).0)
}

struct Tree<'a>(&'a AreaTree);

impl Placer for Tree<'_> {
    fn place(&self, code: Option<&str>, _: Option<LonLat>) -> Option<AreaIndex> {
        code.and_then(|code| self.0.find(code))
    }
}

const DAY: i64 = 10 * DAY_MILLIS;

fn setting(tree: &Arc<AreaTree>) -> Setting {
    Setting { tree: Arc::clone(tree), day_start: Time(DAY), stage_count: 4, within: None }
}

/// Everything, counted anew at `now`.
fn overview(store: &EventStore, tree: &Arc<AreaTree>, now: Time) -> Overview {
    overview_within(store, tree, now, None)
}

/// What happened in an area, counted anew at `now`.
fn overview_within(store: &EventStore, tree: &Arc<AreaTree>, now: Time, within: Option<AreaIndex>) -> Overview {
    let mut overview = Overview::default();
    let setting = Setting { within, ..setting(tree) };
    overview.refresh(&Engine::new(setting, now, &store.snapshot()), store, None);
    overview
}

#[test]
fn counts_climb_the_hierarchy_and_ranks_know_yesterday() {
    let tree = tree();
    let reported = [
        ("y1", "b", DAY - DAY_MILLIS + 1_000),
        ("t1", "a", DAY + 1_000),
        ("t2", "a", DAY + 2_000),
        ("t3", "b", DAY + 3_000),
        ("future", "b", DAY + DAY_MILLIS - 1),
    ];
    let mut store = EventStore::default();
    let batch = reported.iter().map(|&(id, code, at)| Event { area: Some(code.into()), ..event(id, at) });
    store.apply(batch, &Tree(&tree), Time(0), |_| {});
    let overview = overview(&store, &tree, Time(DAY + 5_000));
    assert_eq!(overview.counts, [3, 2, 1]);
    assert_eq!(overview.counts_before, [1, 0, 1]);
    let sums = |of: fn(&Tally) -> u32| overview.tallies.iter().map(of).collect::<Vec<u32>>();
    assert_eq!(sums(|tally| tally.received), overview.counts);
    let LoopSummary { closed, solved, overdue, repeated, .. } = &overview.today;
    let top = overview.tallies[0];
    assert_eq!(
        [top.closed, top.solved, top.overdue, top.repeated].map(u64::from),
        [closed, solved, overdue, repeated].map(|ratio: &Ratio| ratio.numerator)
    );
    assert_eq!(overview.today.received, 3);
    assert_eq!(overview.quarters[0], [3, 0]);
    assert_eq!(overview.ranking(&tree, Level::Community), [(1, 2, Some(1)), (2, 1, Some(-1))]);
    assert_eq!(overview.live[0].id, "t3");
    assert_eq!(overview.usual[0], [1, 1]);
    assert_eq!(overview.usual_hours[3], [1, 1]);
    assert_eq!(overview.usual_hours[4], [0, 0]);
    assert_eq!(overview.categories, [("市容环境".to_owned(), 3)]);
    let of_a = overview_within(&store, &tree, Time(DAY + 5_000), tree.find("a"));
    assert_eq!((of_a.today.received, of_a.before.received, of_a.quarters[0]), (2, 0, [2, 0]));
    assert_eq!(of_a.categories, [("市容环境".to_owned(), 2)]);
    let of_s = overview_within(&store, &tree, Time(DAY + 5_000), tree.find("s"));
    assert_eq!(of_s.today, overview.today, "events of the areas below are its own");
}

#[test]
fn a_filter_cuts_window_and_list_down_to_what_stood_in_a_stage_then() {
    let tree = tree();
    let walked = |id: &str, second: i64| Event {
        entered: vec![(0, Time(DAY + 1_000)), (1, Time(DAY + second))],
        stage: 1,
        at: Some(LonLat::new(120.0, 31.0)),
        ..event(id, DAY + 1_000)
    };
    let other = Event { category: "其他".into(), ..walked("other", 9_000) };
    let mut store = EventStore::default();
    store.apply([walked("early", 3_000), walked("late", 9_000), other], &Tree(&tree), Time(0), |_| {});
    let projection = Projection::new(LonLat::new(120.0, 31.0));
    let at = |now: i64, filter: EventFilter| {
        let now = Time(DAY + now);
        let prepared = filter.prepare(store.classes(), &tree);
        let sieve = Sieve { filter: &prepared, at: Some(now) };
        let around = WindowSetting { tree: &tree, projection: &projection, born_secs: &|_| -1.0, sieve: Some(sieve) };
        let mut window = Window::default();
        window.fill(Time(DAY), now, &store, &around);
        // By way of another instant: what entered and left leads there as well.
        let mut moved = Window::default();
        let earlier = Time(DAY + 2_000);
        let before = WindowSetting { sieve: Some(Sieve { at: Some(earlier), ..sieve }), ..around };
        moved.fill(Time(DAY), earlier, &store, &before);
        let mut held = moved.events().to_vec();
        moved.take_change();
        moved.refill(Time(DAY), now, &store, &around);
        let change = moved.take_change();
        assert!(!change.is_new);
        held.retain(|event| !change.left.contains(event));
        held.extend(change.entered);
        assert_eq!(sorted(held), sorted(window.events().to_vec()));
        assert!(!moved.refill(Time(DAY), now, &store, &around), "nothing has changed");
        let mut shown = Overview::default();
        shown.refresh(&Engine::new(setting(&tree), now, &store.snapshot()), &store, Some(sieve));
        assert_eq!(window.count(), window.events().len() as u64, "all have a place");
        let mut ids: Vec<String> = shown.live.iter().map(|event| event.id.clone()).collect();
        ids.sort();
        assert_eq!(window.count() as usize, ids.len());
        assert_eq!(shown.today.received, 3, "figures are of all events");
        ids
    };
    let stage = |stage: u8| EventFilter { stages: vec![stage], ..EventFilter::default() };
    assert_eq!(at(5_000, EventFilter::default()), ["early", "late", "other"]);
    assert_eq!(at(5_000, stage(0)), ["late", "other"]);
    assert_eq!(at(5_000, stage(1)), ["early"]);
    assert_eq!(at(9_000, stage(0)), [""; 0]);
    assert_eq!(at(9_000, EventFilter { categories: vec!["其他".into()], ..stage(1) }), ["other"]);
}

#[test]
fn a_replay_shows_what_was_known_then() {
    let tree = tree();
    let mut store = EventStore::default();
    let done = Event {
        stage: 2,
        entered: vec![(0, Time(DAY + 1_000)), (1, Time(DAY + 5_000)), (2, Time(DAY + 9_000))],
        closed: Some(Time(DAY + 9_000)),
        due: Some(Time(DAY + 7_000)),
        solved: Some(true),
        area: Some("a".into()),
        ..event("e", DAY + 1_000)
    };
    store.apply([done], &Tree(&tree), Time(0), |_| {});
    let mut engine = Engine::new(setting(&tree), Time(DAY + 20_000), &store.snapshot());
    let mut shown = Overview::default();
    let mut at = |now: i64| {
        engine.advance(Time(DAY + now), &store);
        shown.refresh(&engine, &store, None);
        let stages: Vec<u64> = shown.today.stages.iter().map(|stage| stage.here).collect();
        let live = shown.live.first().map(|event| (event.stage, event.overdue));
        (shown.today.received, shown.today.closed.numerator, shown.today.overdue.numerator, stages, live)
    };
    assert_eq!(at(20_000), (1, 1, 1, vec![0, 0, 1, 0], Some((2, false))));
    assert_eq!(at(8_000), (1, 0, 1, vec![0, 1, 0, 0], Some((1, true))));
    assert_eq!(at(6_000), (1, 0, 0, vec![0, 1, 0, 0], Some((1, false))));
    assert_eq!(at(500), (0, 0, 0, vec![0, 0, 0, 0], None));
    assert_eq!(at(7_001), (1, 0, 1, vec![0, 1, 0, 0], Some((1, true))));
}

#[test]
fn what_was_closed_nobody_knows_when_is_closed_and_late_no_more() {
    let tree = tree();
    let mut store = EventStore::default();
    let told = |stage: u8, closed: Option<i64>| Event {
        stage,
        entered: Vec::new(),
        due: Some(Time(DAY + 4_000)),
        closed: closed.map(|at| Time(DAY + at)),
        area: Some("a".into()),
        ..event("e", DAY + 1_000)
    };
    let mut engine = Engine::new(setting(&tree), Time(DAY + 500), &store.snapshot());
    let mut scratch = Course::default();
    let mut step = |store: &mut EventStore, stage: u8, closed: Option<i64>, observed: i64| {
        store.apply([told(stage, closed)], &Tree(&tree), Time(DAY + observed), |change| {
            engine.change(change.before, change.after, &mut scratch);
        });
        engine.advance(Time(DAY + observed), store);
        let mut shown = Overview::default();
        shown.refresh(&engine, store, None);
        assert_eq!(shown, overview(store, &tree, Time(DAY + observed)));
        let tally = shown.tallies[0];
        assert_eq!(u64::from(tally.closed), shown.today.closed.numerator);
        assert_eq!(u64::from(tally.overdue), shown.today.overdue.numerator);
        (tally.closed, shown.today.stages[3].here, tally.overdue, shown.live[0].overdue, shown.today.mean_handling_secs)
    };
    assert_eq!(step(&mut store, 1, None, 9_000), (0, 0, 1, true, None));
    assert_eq!(step(&mut store, 3, None, 10_000), (1, 1, 0, false, None));
    assert_eq!(step(&mut store, 1, None, 11_000), (0, 0, 1, true, None));
    assert_eq!(step(&mut store, 3, None, 12_000), (1, 1, 0, false, None));
    // Then it is told: closed after it was due.
    assert_eq!(step(&mut store, 3, Some(11_500), 13_000), (1, 1, 1, false, Some(10.5)));
}

#[test]
fn numbered_places_are_named_with_the_area_above() {
    let (tree, _) = AreaTree::build(vec![
        area("梅园社区", None, Level::Community),
        area("第12微网格", Some("梅园社区"), Level::MicroGrid),
        area("第五元素1-02微网格", Some("梅园社区"), Level::MicroGrid),
    ]);
    let names = [0, 1, 2].map(|index| place_name(&tree, index));
    assert_eq!(names, ["梅园社区", "梅园社区第12微网格", "第五元素1-02微网格"]);
}

#[test]
fn the_usual_hour_is_an_hour_that_was() {
    assert_eq!(rolling_hours(&[1, 2, 3, 4, 5]), [1, 3, 6, 10, 14]);
    let days = [vec![4, 0, 0, 0], vec![0, 0, 0, 6]];
    let hours: Vec<Vec<u32>> = days.iter().map(|day| rolling_hours(day)).collect();
    assert_eq!(band_of(&hours)[3], [4, 6]);
    assert_eq!(band_of(&days).iter().map(|b| b[1]).sum::<u32>(), 10);
}

/// Steps in the life of a wall.
#[derive(Clone, Debug)]
enum Step {
    /// Events come, or come again as something else.
    Events(Vec<Event>),
    /// The clock shows another instant of the day.
    Clock(i64),
    /// The window gets another length, milliseconds.
    Length(i64),
}

fn any_event() -> impl Strategy<Value = Event> {
    let steps = prop::collection::vec((0..4_u8, 1..9_000_000_i64), 0..5);
    let facts = (0..3_usize, any::<Option<bool>>(), any::<Option<bool>>(), prop::option::of(0..20_000_000_i64));
    let day = -2 * DAY_MILLIS..DAY_MILLIS;
    let told = (any::<bool>(), any::<bool>());
    (0..40_u32, day, steps, facts, 0..4_usize, told).prop_map(|(id, since, steps, facts, place, told)| {
        let (is_closed, has_history) = told;
        let reported = Time(DAY + since);
        let mut entered = vec![(0, reported)];
        for (stage, gap) in steps {
            entered.push((stage, entered[entered.len() - 1].1.plus_millis(gap)));
        }
        let (stage, last) = entered[entered.len() - 1];
        Event {
            category: ["甲", "乙", "丙"][facts.0].into(),
            severity: [Severity::Normal, Severity::Major, Severity::Urgent][facts.0],
            area: [Some("a"), Some("b"), Some("s"), None][place].map(Into::into),
            at: (place != 1).then(|| LonLat::new(120.0 + f64::from(id) / 1e3, 31.0)),
            stage,
            closed: is_closed.then_some(last),
            solved: facts.1,
            satisfied: facts.2,
            due: facts.3.map(|gap| reported.plus_millis(gap)),
            entered: if has_history { entered } else { Vec::new() },
            ..event(&format!("e{id}"), reported.0)
        }
    })
}

/// What is closed and overdue, and how long the close took on the mean, event
/// by event.
fn plain_loop(store: &EventStore, now: Time) -> (u64, u64, Option<f64>) {
    let (mut closed_count, mut overdue, mut spans) = (0, 0, Vec::new());
    for event in store.between(Time(DAY), now).map(|event| event.to_event()) {
        let closed = event.closed.filter(|&at| at <= now);
        let last = event.entered.iter().rev().find(|&&(_, at)| at <= now);
        let is_all_known = closed == event.closed && last == event.entered.last();
        let stage = if is_all_known { event.stage } else { last.map_or(0, |step| step.0) };
        closed_count += u64::from(closed.is_some() || stage == 3);
        overdue += u64::from(event.due.is_some_and(|due| match closed {
            Some(at) => at > due,
            None => stage != 3 && now > due,
        }));
        spans.extend(closed.map(|at| at.millis_since(event.reported)));
    }
    let mean = (!spans.is_empty()).then(|| spans.iter().sum::<i64>() as f64 / 1_000.0 / spans.len() as f64);
    (closed_count, overdue, mean)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec(any_event(), 0..12).prop_map(Step::Events),
        (0..DAY_MILLIS).prop_map(Step::Clock),
        (0..DAY_MILLIS).prop_map(Step::Clock),
        (60_000..DAY_MILLIS).prop_map(Step::Length),
    ]
}

/// Told order among equals does not matter.
fn sorted(mut events: Vec<MapEvent>) -> Vec<MapEvent> {
    events.sort_by_key(|event| (event.reported, event.key));
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_moved_there_equals_what_is_counted_there(steps in prop::collection::vec(step(), 1..30)) {
        let tree = tree();
        let projection = Projection::new(LonLat::new(120.0, 31.0));
        let born = |_: EventKey| -1.0;
        let around = WindowSetting { tree: &tree, projection: &projection, born_secs: &born, sieve: None };
        let mut store = EventStore::with_capacity(30);
        let (mut now, mut length) = (Time(DAY + DAY_MILLIS / 2), DAY_MILLIS / 8);
        let mut engine = Engine::new(setting(&tree), now, &store.snapshot());
        let of_a = Setting { within: tree.find("a"), ..setting(&tree) };
        let mut part = Engine::new(of_a, now, &store.snapshot());
        let mut window = Window::default();
        window.fill(now.plus_millis(-length), now, &store, &around);
        window.take_change();
        let mut held: Vec<MapEvent> = Vec::new();
        let mut scratch = Course::default();
        for step in steps {
            match step {
                Step::Events(batch) => {
                    // One by one, or all at once.
                    let count = if batch.len() % 2 == 0 { usize::MAX } else { 0 };
                    let mut told = Vec::new();
                    store.apply(batch, &Tree(&tree), now, |change| {
                        engine.change(change.before, change.after, &mut scratch);
                        part.change(change.before, change.after, &mut scratch);
                        told.push((change.before.cloned(), change.after.cloned()));
                    });
                    window.change_all(count, &around, |see| {
                        told.iter().for_each(|(before, after)| see(before.as_ref(), after.as_ref()));
                    });
                }
                Step::Clock(since) => now = Time(DAY + since),
                Step::Length(millis) => length = millis,
            }
            engine.advance(now, &store);
            part.advance(now, &store);
            window.advance(now.plus_millis(-length), now, &store, &around);
            let mut moved = Overview::default();
            moved.refresh(&engine, &store, None);
            prop_assert_eq!(&moved, &overview(&store, &tree, now));
            let LoopSummary { closed, overdue, mean_handling_secs, stages, .. } = &moved.today;
            prop_assert_eq!((closed.numerator, overdue.numerator, *mean_handling_secs), plain_loop(&store, now));
            prop_assert!(stages[3].here <= closed.numerator);
            moved.refresh(&part, &store, None);
            prop_assert_eq!(&moved, &overview_within(&store, &tree, now, tree.find("a")));

            let mut fresh = Window::default();
            fresh.fill(now.plus_millis(-length), now, &store, &around);
            prop_assert_eq!(window.count(), fresh.count());
            prop_assert!(window.events().is_sorted_by_key(|event| event.reported));
            prop_assert_eq!(sorted(window.events().to_vec()), sorted(fresh.events().to_vec()));
            // Whoever follows what entered and left holds the same.
            let change = window.take_change();
            if change.is_new {
                held = window.events().to_vec();
            } else {
                held.extend(change.entered);
                for gone in change.left {
                    let place = held.iter().position(|event| *event == gone);
                    prop_assert!(place.is_some());
                    held.swap_remove(place.unwrap_or_default());
                }
            }
            prop_assert_eq!(sorted(held.clone()), sorted(window.events().to_vec()));
        }
    }
}
