//! The desk: nothing is lost, nothing stands twice, and what somebody has seen
//! stays seen.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::condition::{DeviceCondition, DeviceTest, EventCondition};
use super::*;
use crate::domain::area::AreaTree;
use crate::domain::device::{Device, DeviceState};
use crate::domain::event::{Event, Severity, tests::event};
use crate::domain::event_store::{Course, EventFilter, EventStore};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

fn rule(id: &str, severity: AlertSeverity) -> Rule {
    let takeover_secs = (severity == AlertSeverity::Alarm).then_some(20.0);
    Rule { id: id.into(), name: id.to_uppercase(), severity, takeover_secs, hold_millis: 0, area: None }
}

fn facts(name: &str) -> Facts {
    Facts {
        kind: AlertKind::Device,
        name: name.into(),
        place: String::new(),
        area: None,
        at: None,
        detail: Detail::Words(String::new()),
    }
}

fn see(desk: &mut Desk, rule: &Rule, subject: &str, verdict: Verdict, now: i64) {
    desk.see(rule, subject, verdict, Time(now), || facts(subject));
    desk.arrange();
}

const HOLDS: Verdict = Verdict::Holds(None);

fn subjects(desk: &Desk) -> Vec<&str> {
    desk.queue().iter().map(|alert| &*alert.key.subject).collect()
}

#[test]
fn ten_at_once_are_ten_in_the_queue_alarms_first_then_the_oldest() {
    let (alarm, mild) = (rule("alarm", AlertSeverity::Alarm), rule("mild", AlertSeverity::Attention));
    let mut desk = Desk::default();
    for number in 0..5_i64 {
        desk.see(&mild, &format!("m{number}"), Verdict::Holds(Some(Time(number))), Time(90), || facts("m"));
        desk.see(&alarm, &format!("a{number}"), Verdict::Holds(Some(Time(50 - number))), Time(90), || facts("a"));
    }
    assert!(desk.arrange() && !desk.arrange());
    assert_eq!(subjects(&desk), ["a4", "a3", "a2", "a1", "a0", "m0", "m1", "m2", "m3", "m4"]);
    assert_eq!(desk.counts(), Counts { standing: 10, unacknowledged: 10, alarms: 5, unlisted: 0 });
    // One after the other has the wall, and none twice.
    let mut had = Vec::new();
    while let Some(next) = desk.next_for_wall().cloned() {
        had.push(next.key.subject.to_string());
        desk.had_wall(&next.key);
        desk.arrange();
    }
    assert_eq!(had, ["a4", "a3", "a2", "a1", "a0"]);
    assert_eq!(desk.counts().unacknowledged, 10, "that is not to have been seen");
}

#[test]
fn seen_and_over_is_history_whichever_came_first() {
    let rule = rule("r", AlertSeverity::Alarm);
    let mut desk = Desk::default();
    see(&mut desk, &rule, "x", HOLDS, 1);
    see(&mut desk, &rule, "y", HOLDS, 2);
    assert!(desk.acknowledge(&AlertKey::new("r", "x"), "甲", Time(3)));
    assert!(!desk.acknowledge(&AlertKey::new("r", "x"), "乙", Time(4)), "the first counts");
    see(&mut desk, &rule, "y", Verdict::Not, 5);
    assert_eq!(subjects(&desk), ["y", "x"], "nobody has seen y");
    see(&mut desk, &rule, "x", Verdict::Not, 6);
    assert_eq!(subjects(&desk), ["y"]);
    desk.acknowledge(&AlertKey::new("r", "y"), "乙", Time(7));
    desk.arrange();
    assert_eq!((desk.queue().len(), desk.first()), (0, None));
    let past: Vec<_> = desk.history().map(|alert| (&*alert.key.subject, alert.acknowledged.clone())).collect();
    let by = |by: &str, at| Some(Acknowledgement { by: by.into(), at: Time(at) });
    assert_eq!(past, [("y", by("乙", 7)), ("x", by("甲", 3))]);
}

#[test]
fn a_condition_must_hold_for_as_long_as_the_rule_wants() {
    let rule = Rule { hold_millis: 30 * SECOND, ..rule("r", AlertSeverity::Alarm) };
    let mut desk = Desk::default();
    see(&mut desk, &rule, "x", HOLDS, 0);
    assert!(desk.is_waiting("r") && !desk.is_standing("r", "x"));
    see(&mut desk, &rule, "x", Verdict::Unknown, 20 * SECOND);
    see(&mut desk, &rule, "x", HOLDS, 29 * SECOND);
    assert_eq!(subjects(&desk).len(), 0);
    see(&mut desk, &rule, "x", HOLDS, 31 * SECOND);
    assert_eq!((subjects(&desk).len(), desk.queue()[0].raised), (1, Time(30 * SECOND)));
    // Once well in between, it begins anew.
    see(&mut desk, &rule, "y", HOLDS, 40 * SECOND);
    see(&mut desk, &rule, "y", Verdict::Not, 60 * SECOND);
    see(&mut desk, &rule, "y", HOLDS, 71 * SECOND);
    assert_eq!(subjects(&desk), ["x"]);
    // Of an event it is known since when, also after a start.
    see(&mut desk, &rule, "z", Verdict::Holds(Some(Time(10 * SECOND))), 72 * SECOND);
    assert_eq!(subjects(&desk), ["x", "z"]);
}

#[test]
fn what_flutters_is_one_alert_and_what_returns_later_is_another() {
    let rule = rule("r", AlertSeverity::Alarm);
    let mut desk = Desk::default();
    let key = AlertKey::new("r", "x");
    see(&mut desk, &rule, "x", HOLDS, 0);
    desk.had_wall(&key);
    see(&mut desk, &rule, "x", Verdict::Not, 10 * SECOND);
    see(&mut desk, &rule, "x", HOLDS, 20 * SECOND);
    assert_eq!((desk.queue()[0].times, desk.queue()[0].wants_wall), (2, false));
    see(&mut desk, &rule, "x", Verdict::Not, 30 * SECOND);
    see(&mut desk, &rule, "x", HOLDS, 10 * MINUTE);
    assert_eq!((desk.queue()[0].times, desk.queue()[0].wants_wall), (3, true), "worth a second look");
    desk.acknowledge(&key, "甲", Time(11 * MINUTE));
    see(&mut desk, &rule, "x", Verdict::Not, 12 * MINUTE);
    assert_eq!(desk.history().len(), 1);
    see(&mut desk, &rule, "x", HOLDS, 12 * MINUTE + 30 * SECOND);
    assert!(desk.queue()[0].acknowledged.is_some() && desk.history().len() == 0, "still the same");
    see(&mut desk, &rule, "x", Verdict::Not, 13 * MINUTE);
    see(&mut desk, &rule, "x", HOLDS, 20 * MINUTE);
    assert!(desk.queue()[0].acknowledged.is_none() && desk.history().len() == 1, "another");
    assert_eq!(desk.queue()[0].times, 1);
}

#[test]
fn what_a_starting_wall_finds_does_not_take_it_over_but_stands() {
    let rule = rule("r", AlertSeverity::Alarm);
    let mut desk = Desk::default();
    let now = 600 * MINUTE;
    see(&mut desk, &rule, "old", Verdict::Holds(Some(Time(now - 31 * MINUTE))), now);
    see(&mut desk, &rule, "new", Verdict::Holds(Some(Time(now - MINUTE))), now);
    assert_eq!(subjects(&desk), ["old", "new"]);
    assert_eq!(desk.next_for_wall().map(|alert| &*alert.key.subject), Some("new"));
}

#[test]
fn a_restart_forgets_nothing_and_silence_clears_nothing() {
    let rule = rule("r", AlertSeverity::Alarm);
    let mut desk = Desk::default();
    see(&mut desk, &rule, "seen", HOLDS, 0);
    see(&mut desk, &rule, "unseen", HOLDS, 0);
    desk.acknowledge(&AlertKey::new("r", "seen"), "甲", Time(1));
    desk.arrange();
    let text = serde_json::to_string(&desk.record()).expect("plain values");
    let mut later = Desk::default();
    later.load(serde_json::from_str(&text).expect("reads what it wrote"), Time(2));
    later.arrange();
    assert_eq!(later.record(), desk.record());
    // Nothing came yet.
    later.tidy(Time(3));
    see(&mut later, &rule, "seen", HOLDS, 4);
    assert!(later.get(&AlertKey::new("r", "seen")).is_some_and(|alert| alert.acknowledged.is_some()));
    assert_eq!(later.first().map(|alert| &*alert.key.subject), Some("unseen"));
    // Of one of them nothing is heard any more.
    for minute in 0..61 {
        see(&mut later, &rule, "seen", HOLDS, minute * MINUTE);
    }
    later.tidy(Time(61 * MINUTE));
    later.arrange();
    assert!(later.get(&AlertKey::new("r", "unseen")).is_some_and(|alert| !alert.stands()));
    // And nobody ever looks at it.
    later.tidy(Time(122 * MINUTE));
    let past = later.history().find(|alert| *alert.key.subject == *"unseen");
    assert!(past.is_some_and(|alert| alert.acknowledged.is_none()));
}

#[test]
fn alerts_of_a_rule_that_is_gone_are_over() {
    let (a, b) = (rule("a", AlertSeverity::Alarm), rule("b", AlertSeverity::Alarm));
    let mut desk = Desk::default();
    see(&mut desk, &a, "x", HOLDS, 0);
    see(&mut desk, &b, "y", HOLDS, 0);
    desk.acknowledge(&AlertKey::new("b", "y"), "甲", Time(1));
    desk.follow([&Rule { name: "新名".into(), ..a.clone() }], 10, Time(2));
    desk.arrange();
    assert_eq!(subjects(&desk), ["x"]);
    assert_eq!(desk.history().map(|alert| alert.cleared).collect::<Vec<_>>(), [Some(Time(2))]);
    see(&mut desk, &Rule { name: "新名".into(), ..a }, "x", HOLDS, 3);
    assert_eq!(desk.queue()[0].title, "新名");
}

#[test]
fn a_flood_is_counted_and_comes_up_when_there_is_room() {
    const FLOOD: usize = 3 * MOST_STANDING;
    let (alarm, mild) = (rule("alarm", AlertSeverity::Alarm), rule("mild", AlertSeverity::Attention));
    let mut desk = Desk::default();
    let started = std::time::Instant::now();
    // As whoever judges does: all of them, again and again.
    let tell = |desk: &mut Desk, now: i64, is_well: &dyn Fn(usize) -> bool| {
        for number in 0..FLOOD {
            let rule = if number % 3 == 0 { &alarm } else { &mild };
            let verdict = if is_well(number) { Verdict::Not } else { HOLDS };
            desk.see(rule, &number.to_string(), verdict, Time(now), || facts("x"));
        }
        desk.arrange();
    };
    tell(&mut desk, 1, &|_| false);
    assert_eq!((desk.queue().len(), desk.counts().standing), (MOST_STANDING, FLOOD));
    assert_eq!(desk.counts().alarms, MOST_STANDING, "no alarm waits behind what is none");
    assert!(desk.queue().iter().all(|alert| alert.severity == AlertSeverity::Alarm));
    let (mut seen, mut seen_by) = (0, std::collections::HashSet::new());
    for round in 1..=3 {
        seen += desk.acknowledge_all("甲", Time(2));
        seen_by.extend(desk.queue().iter().map(|alert| alert.key.subject.to_string()));
        assert_eq!((seen, seen_by.len()), (round * MOST_STANDING, round * MOST_STANDING));
        // All that were seen are over, and the rest is told again.
        tell(&mut desk, 2 + round as i64, &|number| seen_by.contains(&number.to_string()));
        assert_eq!((desk.take_room(), desk.take_room()), (round == 1, false));
    }
    assert_eq!((seen, desk.queue().len(), desk.counts().unlisted), (FLOOD, 0, 0));
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn texts_and_names_are_masked_where_visitors_see_them() {
    let rule = rule("r", AlertSeverity::Alarm);
    let mut desk = Desk::default();
    desk.see(&rule, "x", HOLDS, Time(0), || facts("张三 13800131234"));
    desk.acknowledge(&AlertKey::new("r", "x"), "李四", Time(1));
    desk.see(&rule, "y", HOLDS, Time(0), || facts("y"));
    desk.acknowledge(&AlertKey::new("r", "y"), USUAL_OPERATOR, Time(1));
    desk.mask(&Masks::ALL, true);
    desk.arrange();
    let by = |subject: &str| {
        let alert = desk.get(&AlertKey::new("r", subject)).expect("stands");
        (alert.facts.name.clone(), alert.acknowledged.clone().map(|known| known.by))
    };
    assert!(by("x").0.contains("138****1234"), "{:?}", by("x"));
    assert_eq!((by("x").1, by("y").1), (Some("李**".into()), Some(USUAL_OPERATOR.into())));
}

#[test]
fn keys_are_written_and_read() {
    for (rule, subject) in [("gas", "a:b"), ("gas", ""), ("w-1", "320571|市容环境")] {
        let key = AlertKey::new(rule, subject);
        assert_eq!(AlertKey::parse(&key.to_string()), Some(key));
    }
    assert_eq!(AlertKey::parse("gas"), None);
}

#[test]
fn a_number_is_well_again_only_behind_the_second_limit() {
    let high = Threshold { limit: Limit::Above(3.0), clear: Some(2.8) };
    let at = |value: f64, is_standing: bool| high.holds(value, is_standing);
    assert_eq!(
        [at(3.0, false), at(3.1, false), at(2.9, true), at(2.9, false), at(2.7, true)].map(Option::unwrap),
        [false, true, true, false, false]
    );
    assert_eq!(at(f64::NAN, true), None);
    let low = Threshold { limit: Limit::Below(10.0), clear: Some(12.0) };
    assert_eq!(
        [low.holds(9.0, false), low.holds(11.0, true), low.holds(12.5, true)].map(Option::unwrap),
        [true, true, false]
    );
    let plain = Threshold { limit: Limit::Below(10.0), clear: None };
    assert_eq!(plain.holds(10.0, true), Some(false));
}

#[test]
fn a_silent_device_tells_only_that_it_is_silent() {
    let device = |state, value| Device {
        id: "1".into(),
        kind: "可燃气体".into(),
        name: String::new(),
        at: LonLat::new(120.0, 31.0),
        state,
        value,
        unit: "%LEL".into(),
        read: None,
        is_told: true,
    };
    let condition = |test| DeviceCondition { kind: Some("可燃气体".into()), id: None, test };
    let alarm = condition(DeviceTest::State(DeviceState::Alarm));
    let silent = condition(DeviceTest::State(DeviceState::Offline));
    let high = condition(DeviceTest::Reading(Threshold { limit: Limit::Above(25.0), clear: None }));
    let off = device(DeviceState::Offline, Some(80.0));
    assert_eq!([&alarm, &silent, &high].map(|test| test.holds(&off, true)), [None, Some(true), None]);
    let bad = device(DeviceState::Alarm, Some(80.0));
    assert_eq!([&alarm, &silent, &high].map(|test| test.holds(&bad, false)), [Some(true), Some(false), Some(true)]);
    assert_eq!(high.holds(&device(DeviceState::Normal, None), false), None);
    assert!(high.concerns(&bad));
    assert!(!DeviceCondition { id: Some("2".into()), ..high }.concerns(&bad));
}

#[test]
fn events_are_judged_by_all_that_is_set_and_never_once_closed() {
    let mut store = EventStore::default();
    let base = Event { severity: Severity::Urgent, due: Some(Time(900)), stage: 1, ..event("e", 100) };
    let base = Event { entered: vec![(0, Time(100)), (1, Time(300))], returned: 0, ..base };
    store.apply([base.clone()], &(), Time(0), |_| {});
    let begins = |store: &EventStore, condition: &EventCondition| {
        let prepared = condition.prepare(store.classes(), &AreaTree::default(), None, 4);
        prepared.begins(store.event_ref("e").expect("held"), &mut Course::default())
    };
    let all = EventCondition::default();
    let of = |filter: EventFilter| EventCondition { filter, ..EventCondition::default() };
    assert_eq!(begins(&store, &all), Some(Time(100)));
    assert_eq!(begins(&store, &EventCondition { is_overdue: true, ..all.clone() }), Some(Time(901)), "not yet");
    let in_stage = of(EventFilter { stages: vec![1], ..EventFilter::default() });
    assert_eq!(begins(&store, &in_stage), Some(Time(300)));
    assert_eq!(begins(&store, &of(EventFilter { stages: vec![2], ..EventFilter::default() })), None);
    assert_eq!(begins(&store, &of(EventFilter { severities: vec![Severity::Major], ..EventFilter::default() })), None);
    for (names, expected) in [(vec!["垃圾满溢".to_owned()], Some(Time(100))), (vec!["违停".to_owned()], None)] {
        assert_eq!(begins(&store, &EventCondition { subcategories: names, ..all.clone() }), expected);
    }
    assert_eq!(begins(&store, &EventCondition { is_repeated: true, ..all.clone() }), None);
    assert_eq!(begins(&store, &EventCondition { returned: 1, ..all.clone() }), None);
    let later =
        |stage: u8| Event { stage, entered: vec![(0, Time(100)), (1, Time(300)), (stage, Time(400))], ..base.clone() };
    store.apply([later(2)], &(), Time(0), |_| {});
    assert_eq!(begins(&store, &all), Some(Time(100)));
    store.apply([later(3)], &(), Time(0), |_| {});
    assert_eq!(begins(&store, &all), None, "in the last stage it is closed, whoever tells when");
    store.apply([Event { closed: Some(Time(500)), ..later(2) }], &(), Time(0), |_| {});
    assert_eq!(begins(&store, &all), None);
}

/// What happens at the desk.
#[derive(Clone, Debug)]
enum Step {
    See(u8, Option<bool>),
    Acknowledge(u8),
    Pass(i64),
    Tidy,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u8..6, prop::option::weighted(0.85, any::<bool>())).prop_map(|(who, holds)| Step::See(who, holds)),
        2 => (0_u8..6).prop_map(Step::Acknowledge),
        2 => prop_oneof![0_i64..40 * SECOND, 0_i64..25 * MINUTE].prop_map(Step::Pass),
        1 => Just(Step::Tidy),
        1 => Just(Step::Restart),
    ]
}

/// What is expected of a subject: stands, seen, when it was over, and when
/// something was last heard of it.
#[derive(Clone, Copy, Debug, Default)]
struct Expected {
    stands: bool,
    seen: bool,
    over: Option<i64>,
    heard: i64,
}

impl Expected {
    fn is_listed(&self) -> bool {
        self.stands || self.over.is_some() && !self.seen
    }

    fn see(&mut self, holds: Option<bool>, now: i64) {
        if holds == Some(true) && !self.stands {
            // Seen, and over for a while: another one.
            let is_another = self.seen && self.over.is_none_or(|over| now - over >= MINUTE);
            *self = Self { stands: true, seen: self.seen && !is_another, over: None, heard: now };
        } else if holds == Some(false) && self.stands {
            *self = Self { stands: false, over: Some(now), ..*self };
        }
        self.heard = now;
    }

    fn tidy(&mut self, now: i64) {
        if self.stands && now - self.heard >= 60 * MINUTE {
            *self = Self { stands: false, over: Some(now), heard: now, ..*self };
        } else if !self.stands && !self.seen && self.over.is_some_and(|over| now - over >= 60 * MINUTE) {
            *self = Self::default();
        }
    }
}

proptest! {
    /// Beside a reference that knows nothing but the rules: whatever happens in
    /// whatever order, who has not been seen is in the queue, and who has is
    /// not asked for again.
    #[test]
    fn nothing_is_lost_and_nothing_is_asked_twice(steps in prop::collection::vec(step(), 0..120)) {
        let rule = rule("r", AlertSeverity::Alarm);
        let mut desk = Desk::default();
        let mut known: BTreeMap<u8, Expected> = BTreeMap::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Pass(millis) => now += millis,
                Step::Tidy => {
                    desk.tidy(Time(now));
                    known.values_mut().for_each(|entry| entry.tidy(now));
                }
                Step::Restart => {
                    desk.arrange();
                    let record = desk.record();
                    desk = Desk::default();
                    desk.load(record, Time(now));
                    known.values_mut().for_each(|entry| entry.heard = now);
                }
                Step::Acknowledge(who) => {
                    let entry = known.entry(who).or_default();
                    let is_there = entry.is_listed() && !entry.seen;
                    let key = AlertKey::new("r", &who.to_string());
                    prop_assert_eq!(desk.acknowledge(&key, "甲", Time(now)), is_there);
                    entry.seen |= is_there;
                }
                Step::See(who, holds) => {
                    let verdict = match holds {
                        Some(true) => HOLDS,
                        Some(false) => Verdict::Not,
                        None => Verdict::Unknown,
                    };
                    desk.see(&rule, &who.to_string(), verdict, Time(now), || facts("x"));
                    known.entry(who).or_default().see(holds, now);
                }
            }
            desk.arrange();
            for (who, entry) in &known {
                let found = desk.get(&AlertKey::new("r", &who.to_string()));
                prop_assert_eq!(found.is_some(), entry.is_listed(), "{} {:?}", who, entry);
                if let Some(found) = found {
                    prop_assert_eq!((found.stands(), found.acknowledged.is_some()), (entry.stands, entry.seen));
                }
            }
            let queue = desk.queue();
            prop_assert_eq!(queue.len(), known.values().filter(|entry| entry.is_listed()).count());
            prop_assert!(queue.is_sorted_by_key(|alert| alert.acknowledged.is_some()));
            let unseen = queue.iter().filter(|alert| alert.acknowledged.is_none()).count();
            prop_assert_eq!(desk.counts().unacknowledged, unseen);
        }
    }
}
