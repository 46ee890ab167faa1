//! Rules of a configuration against a world that changes: what is raised, what
//! clears, what a start and a replay do to it.

use std::path::Path;
use std::sync::Arc;

use bevy::ecs::system::RunSystemOnce;
use bevy::tasks::{AsyncComputeTaskPool, TaskPool};

use super::*;
use crate::domain::alert::AlertSeverity;
use crate::domain::area::{Area, AreaTree, GridKind, Level};
use crate::domain::device::{Device, DeviceState};
use crate::domain::event::{Event, Severity, tests::event};
use crate::domain::figure::Figure;
use crate::domain::geometry::{LonLat, Shape};
use crate::domain::health::SourceId;
use crate::domain::time::DAY_MILLIS;
use crate::model::Visible;

const SOURCE: &str = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n";

/// Ten in the morning of the eleventh day, in UTC.
const TEN: i64 = 10 * DAY_MILLIS + 10 * 3_600_000;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

fn config(rules: &str) -> Arc<Config> {
    let text = format!("{SOURCE}[wall]\ntime_zone = \"UTC\"\naudience = \"duty\"\n{rules}");
    Arc::new(Config::parse(&text, Path::new("t.toml")).unwrap_or_else(|error| panic!("{error}")))
}

/// A street with two communities.
fn tree() -> AreaTree {
    let area = |code: &str, name: &str, parent: Option<&str>, level| Area {
        code: code.into(),
        parent: parent.map(Into::into),
        name: name.into(),
        level,
        kind: GridKind::default(),
        shape: Shape::default(),
        households: None,
        responsible: Vec::new(),
    };
    let list = vec![
        area("s", "湖街道", None, Level::Street),
        area("e", "湖东社区", Some("s"), Level::Community),
        area("w", "湖西社区", Some("s"), Level::Community),
    ];
    AreaTree::build(list).0
}

fn world(rules: &str) -> World {
    AsyncComputeTaskPool::get_or_init(TaskPool::new);
    let config = config(rules);
    let mut world = World::new();
    world.insert_resource(Visible::of(&config));
    world.insert_resource(Events::of(&config));
    world.insert_resource(WallConfig(config));
    let mut areas = Areas::default();
    (areas.tree, areas.revision) = (Arc::new(tree()), 1);
    world.insert_resource(areas);
    world.init_resource::<crate::model::Focus>();
    world.init_resource::<Points>();
    world.init_resource::<Overview>();
    world.init_resource::<AreaValues>();
    world.init_resource::<Warnings>();
    world.init_resource::<WallClock>();
    world.init_resource::<Waker>();
    world.init_resource::<Alerts>();
    world.init_resource::<Time<Real>>();
    world.init_resource::<Messages<Action>>();
    world
}

/// Draws a frame's worth at an instant, until tasks are done.
fn at(world: &mut World, system: i64) {
    world.resource_mut::<WallClock>().0.tick(Instant1970(system), system);
    world.resource_mut::<Time<Real>>().advance_by(std::time::Duration::from_secs(1));
    for _ in 0..2_000 {
        world.run_system_once(crate::model::overview::recompute).expect("runs");
        world.run_system_once(crate::model::area_values::recompute).expect("runs");
        world.run_system_once(crate::model::warnings::recompute).expect("runs");
        world.run_system_once(act).expect("runs");
        world.resource_mut::<Messages<Action>>().clear();
        world.run_system_once(judge).expect("runs");
        if !world.resource::<Alerts>().is_looking() && !world.resource::<Warnings>().is_looking() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Acknowledges, and judges a second later.
fn acknowledge(world: &mut World, key: Option<&str>, by: Option<&str>, system: i64) {
    let key = key.map(|key| AlertKey::parse(key).expect("a key"));
    world.write_message(Action::AcknowledgeAlert { key, by: by.map(Into::into) });
    at(world, system);
}

fn tell(world: &mut World, events: Vec<Event>, system: i64) {
    world.resource_scope(|world, mut store: Mut<Events>| {
        store.apply(events, world.resource::<Areas>(), Instant1970(system), 0.0);
    });
}

fn devices(world: &mut World, list: &[(&str, DeviceState, Option<f64>)]) {
    let device = |&(id, state, value): &(&str, DeviceState, Option<f64>)| Device {
        id: id.into(),
        kind: "水位".into(),
        name: format!("{id} 号泵站"),
        at: LonLat::new(120.7, 31.3),
        state,
        value,
        unit: "m".into(),
        read: None,
        is_told: true,
    };
    world.resource_mut::<Points>().set_devices(SourceId::of("d"), list.iter().map(device).collect());
}

fn figure(key: &str, area: Option<&str>, value: f64) -> Figure {
    Figure {
        key: key.into(),
        area: area.map(Into::into),
        label: "评分".into(),
        value,
        unit: "分".into(),
        numerator: None,
        denominator: None,
        previous: None,
        more_is_better: None,
        series: Vec::new(),
    }
}

/// Keys of what stands and nobody has seen, of what was seen (`*`), of what is
/// over (`-`).
fn queue(world: &World) -> Vec<String> {
    let mark = |alert: &Arc<Alert>| match (alert.stands(), alert.acknowledged.is_some()) {
        (true, false) => alert.key.to_string(),
        (true, true) => format!("*{}", alert.key),
        (false, _) => format!("-{}", alert.key),
    };
    world.resource::<Alerts>().desk().queue().iter().map(mark).collect()
}

const LEVEL: &str = "[[alerts]]\nid = \"level\"\nname = \"水位过高\"\nseverity = \"alarm\"\n\
                     device = { kind = \"水位\" }\nabove = 3\nclear_below = 2.8\nhold = \"30s\"\n";

#[test]
fn a_reading_is_raised_held_and_cleared() {
    let mut world = world(LEVEL);
    let high = |value: f64| [("1", DeviceState::Normal, Some(value)), ("2", DeviceState::Normal, Some(1.0))];
    devices(&mut world, &high(3.2));
    at(&mut world, TEN);
    assert_eq!(queue(&world), Vec::<String>::new(), "not for long enough");
    at(&mut world, TEN + 31 * SECOND);
    assert_eq!(queue(&world), ["level:1"]);
    devices(&mut world, &high(2.9));
    at(&mut world, TEN + 33 * SECOND);
    assert_eq!(queue(&world), ["level:1"], "not far enough back");
    devices(&mut world, &[("1", DeviceState::Offline, Some(1.0))]);
    at(&mut world, TEN + 35 * SECOND);
    assert_eq!(queue(&world), ["level:1"], "silence is no news");
    devices(&mut world, &high(2.7));
    at(&mut world, TEN + 37 * SECOND);
    assert_eq!(queue(&world), ["-level:1"]);
    acknowledge(&mut world, None, None, TEN + 38 * SECOND);
    let alerts = world.resource::<Alerts>();
    let by = alerts.desk().history().next().and_then(|alert| alert.acknowledged.clone()).map(|known| known.by);
    assert_eq!((queue(&world).len(), by.as_deref()), (0, Some("值班员")));
    assert_eq!(alerts.listing().history[0].id, "level:1");
    assert!(serde_json::to_string(&alerts.listing()).expect("plain").contains("\"above\":3.0"));
}

#[test]
fn what_stands_and_does_not_change_is_not_taken_for_gone() {
    let mut world = world(&LEVEL.replace("hold = \"30s\"\n", ""));
    devices(&mut world, &[("1", DeviceState::Normal, Some(9.0)), ("1", DeviceState::Normal, Some(0.0))]);
    for minute in 0..150 {
        at(&mut world, TEN + minute * MINUTE);
        assert_eq!(queue(&world), ["level:1"], "after {minute} minutes, of two with one id the first counts");
    }
    // Gone from its set: it is missed for an hour.
    devices(&mut world, &[("2", DeviceState::Normal, Some(0.0))]);
    for minute in 150..212 {
        at(&mut world, TEN + minute * MINUTE);
    }
    assert_eq!(queue(&world), ["-level:1"]);
}

const URGENT: &str = "[closed_loop]\nstages = [\"甲\", \"乙\", \"丙\"]\n[[alerts]]\nid = \"urgent\"\nname = \"紧急\"\n\
                      severity = \"alarm\"\nevent = { severities = [\"urgent\"] }\n[[alerts]]\nid = \"late\"\n\
                      name = \"超时\"\nevent = { overdue = true }\narea = \"e\"\n";

fn urgent(id: &str, reported: i64) -> Event {
    Event { severity: Severity::Urgent, area: Some("e".into()), ..event(id, reported) }
}

#[test]
fn events_are_raised_as_they_come_and_when_their_time_has_come() {
    let mut world = world(URGENT);
    tell(&mut world, vec![urgent("1", TEN - MINUTE), event("2", TEN - MINUTE)], TEN);
    at(&mut world, TEN);
    assert_eq!(queue(&world), ["urgent:1"]);
    let alert = world.resource::<Alerts>().desk().queue()[0].clone();
    assert_eq!((alert.raised, alert.facts.area.as_deref()), (Instant1970(TEN - MINUTE), Some("e")));
    assert_eq!((alert.severity, alert.facts.place.as_str()), (AlertSeverity::Alarm, "湖东社区"));
    // In time, in the area; and elsewhere.
    let due = |id: &str, area: &str| Event {
        due: Some(Instant1970(TEN + 10 * SECOND)),
        area: Some(area.into()),
        ..event(id, TEN)
    };
    tell(&mut world, vec![due("3", "e"), due("4", "w")], TEN + SECOND);
    at(&mut world, TEN + 9 * SECOND);
    assert_eq!(queue(&world), ["urgent:1"]);
    at(&mut world, TEN + 11 * SECOND);
    assert_eq!(queue(&world), ["urgent:1", "late:3"]);
    // Closed, and no longer urgent.
    let closed = Event { closed: Some(Instant1970(TEN + 12 * SECOND)), stage: 2, ..due("3", "e") };
    let milder = Event { severity: Severity::Major, ..urgent("1", TEN - MINUTE) };
    tell(&mut world, vec![closed, milder], TEN + 12 * SECOND);
    at(&mut world, TEN + 12 * SECOND);
    assert_eq!(queue(&world), ["-urgent:1", "-late:3"]);
}

#[test]
fn a_restart_keeps_what_was_seen_and_waits_for_the_events() {
    let mut world_before = world(URGENT);
    tell(&mut world_before, vec![urgent("1", TEN), urgent("2", TEN)], TEN);
    at(&mut world_before, TEN);
    acknowledge(&mut world_before, Some("urgent:1"), Some(" 王五\n"), TEN + SECOND);
    assert_eq!(queue(&world_before), ["urgent:2", "*urgent:1"]);
    let record = world_before.resource::<Alerts>().desk().record();
    let mut world = world(URGENT);
    world.resource_mut::<Alerts>().load(record, Instant1970(TEN + MINUTE));
    at(&mut world, TEN + MINUTE);
    assert_eq!(queue(&world), ["urgent:2", "*urgent:1"]);
    // Others come before them.
    tell(&mut world, vec![urgent("3", TEN)], TEN + 2 * MINUTE);
    at(&mut world, TEN + 2 * MINUTE);
    assert_eq!(queue(&world), ["urgent:2", "urgent:3", "*urgent:1"]);
    let closed = Event { closed: Some(Instant1970(TEN + MINUTE)), stage: 2, ..urgent("2", TEN) };
    tell(&mut world, vec![urgent("1", TEN), closed], TEN + 3 * MINUTE);
    at(&mut world, TEN + 3 * MINUTE);
    assert_eq!(queue(&world), ["urgent:3", "-urgent:2", "*urgent:1"]);
    let alerts = world.resource::<Alerts>();
    let known = alerts.desk().get(&AlertKey::new("urgent", "1")).and_then(|alert| alert.acknowledged.clone());
    assert_eq!(known.map(|known| (known.by, known.at)), Some(("王五".into(), Instant1970(TEN + SECOND))));
}

#[test]
fn ten_at_once_in_a_history_of_many_all_stand() {
    let mut world = world(URGENT);
    at(&mut world, TEN - SECOND);
    let many = (0..30_000).map(|number| {
        let closed = Some(Instant1970(TEN - 3_600_000 + number));
        Event { closed, stage: 2, ..urgent(&format!("old{number}"), TEN - 7_200_000 + number) }
    });
    let ten = (0..10).map(|number| urgent(&format!("new{number}"), TEN - number * SECOND));
    tell(&mut world, many.chain(ten).collect(), TEN);
    // More changed than is noted one by one.
    tell(&mut world, (0..30_000).map(|number| event(&format!("x{number}"), TEN - 9_000_000)).collect(), TEN);
    at(&mut world, TEN);
    assert_eq!(queue(&world).len(), 10);
    assert_eq!(queue(&world)[0], "urgent:new9", "the oldest first");
    world.write_message(Action::AcknowledgeAllAlerts { by: None });
    at(&mut world, TEN + SECOND);
    assert_eq!(world.resource::<Alerts>().desk().counts().unacknowledged, 0);
}

const FIGURES: &str = "[[alerts]]\nid = \"many\"\nname = \"受理多\"\nfigure = \"received\"\nabove = 2\n\
                       [[alerts]]\nid = \"area\"\nname = \"社区\"\nfigure = \"events\"\nlevel = \"community\"\nabove = 1\n\
                       [[alerts]]\nid = \"score\"\nname = \"评分低\"\nfigure = \"reported:score\"\nbelow = 60\n\
                       [[alerts]]\nid = \"scores\"\nname = \"社区评分低\"\nfigure = \"reported:score\"\n\
                       level = \"community\"\nbelow = 60\n";

#[test]
fn figures_of_the_present_count_also_in_a_replay() {
    let mut world = world(FIGURES);
    let set = vec![figure("score", None, 70.0), figure("score", Some("e"), 50.0), figure("score", Some("w"), 61.0)];
    world.resource_mut::<Points>().set_figures(SourceId::of("f"), set);
    let of = |id: &str, area: &str, at: i64| Event { area: Some(area.into()), ..event(id, at) };
    tell(&mut world, vec![of("1", "e", TEN - 3 * MINUTE), of("2", "w", TEN - 3 * MINUTE)], TEN);
    at(&mut world, TEN);
    assert_eq!(queue(&world), ["scores:e"]);
    // Somebody looks at yesterday meanwhile.
    world.resource_mut::<WallClock>().0.seek(Instant1970(TEN - DAY_MILLIS));
    tell(&mut world, vec![of("3", "e", TEN + 2 * MINUTE)], TEN + 2 * MINUTE);
    at(&mut world, TEN + 3 * MINUTE);
    assert_eq!(world.resource::<Overview>().today.received, 0, "that is what the wall shows");
    let mut found = queue(&world);
    found.sort();
    assert_eq!(found, ["area:e", "many:", "scores:e"]);
    let alerts = world.resource::<Alerts>();
    let whole = alerts.desk().get(&AlertKey::new("many", "")).expect("stands");
    assert_eq!((whole.facts.name.as_str(), &whole.facts.area), ("全域", &None));
    // Back in the present, and well again.
    world.resource_mut::<WallClock>().0.go_live();
    let set = vec![figure("score", None, 59.0), figure("score", Some("e"), 60.0)];
    world.resource_mut::<Points>().set_figures(SourceId::of("f"), set);
    at(&mut world, TEN + 4 * MINUTE);
    let mut found = queue(&world);
    found.sort();
    assert_eq!(found, ["-scores:e", "area:e", "many:", "score:"]);
}

#[test]
fn more_than_usual_is_an_alert_until_it_is_not() {
    let mut world = world("[[alerts]]\nid = \"more\"\nname = \"突增\"\nwarning = true\n");
    let usual = (1..40).flat_map(|day| {
        let reported = TEN - day * DAY_MILLIS;
        (0..2).map(move |n| Event { area: Some("e".into()), ..event(&format!("{day}-{n}"), reported - n * MINUTE) })
    });
    let burst = (0..30).map(|n| Event { area: Some("e".into()), ..event(&format!("b{n}"), TEN - n * MINUTE) });
    tell(&mut world, usual.chain(burst).collect(), TEN);
    at(&mut world, TEN);
    at(&mut world, TEN + SECOND);
    assert_eq!(queue(&world), ["more:e|市容环境"]);
    at(&mut world, TEN + 3 * 60 * MINUTE);
    at(&mut world, TEN + 3 * 60 * MINUTE + SECOND);
    assert_eq!(queue(&world), ["-more:e|市容环境"]);
}

#[test]
fn another_configuration_takes_its_alerts_with_it() {
    let mut world = world(&format!("{LEVEL}[[alerts]]\nid = \"off\"\nname = \"离线\"\n{OFFLINE}"));
    devices(&mut world, &[("1", DeviceState::Offline, None)]);
    at(&mut world, TEN);
    assert_eq!(queue(&world), ["off:1"]);
    let follow = |world: &mut World, rules: &str| {
        let config = config(rules);
        world.insert_resource(Visible::of(&config));
        world.insert_resource(WallConfig(config));
    };
    follow(&mut world, LEVEL);
    at(&mut world, TEN + SECOND);
    assert_eq!((queue(&world).len(), world.resource::<Alerts>().desk().history().len()), (0, 1));
    follow(&mut world, "");
    at(&mut world, TEN + 2 * SECOND);
    assert_eq!(world.resource::<Alerts>().desk().history().len(), 1, "what was is kept");
}

const OFFLINE: &str = "device = { kind = \"水位\", state = \"offline\" }\n";

#[test]
fn visitors_read_no_names() {
    let mut world = world(&LEVEL.replace("hold = \"30s\"\n", ""));
    devices(&mut world, &[("1", DeviceState::Normal, Some(9.0))]);
    at(&mut world, TEN);
    acknowledge(&mut world, None, Some("李四"), TEN + SECOND);
    let by = |world: &World| {
        let alerts = world.resource::<Alerts>();
        alerts.desk().queue()[0].acknowledged.clone().map(|known| known.by)
    };
    assert_eq!(by(&world).as_deref(), Some("李四"));
    let text = format!("{SOURCE}[wall]\ntime_zone = \"UTC\"\n{}", LEVEL.replace("hold = \"30s\"\n", ""));
    let config = Config::parse(&text, Path::new("t.toml")).expect("valid");
    assert_eq!(config.wall.audience, Audience::Public);
    assert_eq!(name_of(Some("张三"), &config), "张**");
    assert_eq!(name_of(None, &config), "值班员");
    world.insert_resource(WallConfig(Arc::new(config)));
    at(&mut world, TEN + 2 * SECOND);
    assert_eq!(by(&world).as_deref(), Some("李**"), "nor those that were written down before");
}
