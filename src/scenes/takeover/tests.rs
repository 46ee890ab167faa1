//! Takeovers: in turn, back to where the wall was, and out of a hand's way.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bevy::ecs::system::RunSystemOnce;

use super::super::{Playlist, advance};
use super::*;
use crate::config::Config;
use crate::domain::alert::{Detail, Facts, Rule, Verdict};
use crate::domain::area::{Area, AreaTree, GridKind, Level};
use crate::domain::geometry::Shape;
use crate::domain::time::Time as Instant1970;
use crate::map::ScreenRect;
use crate::model::{AreaValues, Events, Finder, Overlays, Overview, Points, Warnings};

const CONFIG: &str = "[wall]\nreturn_after = \"60s\"\ntime_zone = \"UTC\"\n[[sources]]\nid = \"a\"\nfeed = \"areas\"\n\
                      kind = \"file\"\npath = \"a.geojson\"\n[[alerts]]\nid = \"gas\"\nname = \"燃气\"\n\
                      severity = \"alarm\"\ndevice = { kind = \"燃气\", state = \"alarm\" }\ntakeover_for = \"20s\"\n\
                      [[scenes]]\nname = \"一\"\nduration = \"30s\"\n[[scenes]]\nname = \"二\"\n";

const DAY: i64 = 86_400_000;

fn world_of(text: &str) -> World {
    let config = Arc::new(Config::parse(text, Path::new("t.toml")).unwrap_or_else(|error| panic!("{error}")));
    let area = Area {
        code: "s".into(),
        parent: None,
        name: "街道".into(),
        level: Level::Street,
        kind: GridKind::default(),
        shape: Shape::default(),
        households: None,
        responsible: Vec::new(),
    };
    let tree = Arc::new(AreaTree::build(vec![area]).0);
    let mut view = MapView::default();
    view.set_layout([1_920.0, 1_080.0], 1.0, ScreenRect { min: [400.0, 90.0], max: [1_500.0, 1_060.0] });
    view.camera = Camera { center: [123.0, 456.0], px_per_m: 0.125 };
    let mut world = World::new();
    world.insert_resource(view);
    world.insert_resource(Visible::of(&config));
    world.insert_resource(WallConfig(config));
    let mut areas = Areas::default();
    (areas.tree, areas.revision) = (tree, 1);
    world.insert_resource(areas);
    world.init_resource::<Playlist>();
    world.init_resource::<Takeover>();
    world.init_resource::<Alerts>();
    world.init_resource::<Presentation>();
    world.init_resource::<Focus>();
    world.init_resource::<Selection>();
    world.init_resource::<Hands>();
    world.init_resource::<WallClock>();
    world.init_resource::<Overlays>();
    world.init_resource::<Finder>();
    world.init_resource::<AreaValues>();
    world.init_resource::<Overview>();
    world.init_resource::<Events>();
    world.init_resource::<Points>();
    world.init_resource::<Warnings>();
    world.init_resource::<Messages<Action>>();
    world.insert_resource(Time::<Real>::new(std::time::Instant::now()));
    world
}

/// A frame at so many seconds since the program's start.
fn frame(world: &mut World, secs: f64) {
    let millis = (secs * 1e3) as i64;
    world.resource_mut::<WallClock>().0.tick(Instant1970(10 * DAY + millis), millis);
    let passed = Duration::from_secs_f64(secs).saturating_sub(world.resource::<Time<Real>>().elapsed());
    world.resource_mut::<Time<Real>>().advance_by(passed);
    world.run_system_once(show).expect("runs");
    world.run_system_once(run).expect("runs");
    world.run_system_once(advance).expect("runs");
    world.run_system_once(crate::model::act_for_test).expect("runs");
    world.run_system_once(crate::model::alerts::act).expect("runs");
    world.resource_mut::<Messages<Action>>().clear();
}

fn raise(world: &mut World, subject: &str, secs: f64) {
    let rule: Rule = world.resource::<WallConfig>().0.alerting.rules[0].rule.clone();
    let facts = || Facts {
        kind: AlertKind::Device,
        name: subject.into(),
        place: String::new(),
        area: Some("s".into()),
        at: (subject != "area").then_some(LonLat::new(120.7, 31.3)),
        detail: Detail::Words("设备告警".into()),
    };
    let now = Instant1970(10 * DAY + (secs * 1e3) as i64);
    let mut alerts = world.resource_mut::<Alerts>();
    alerts.desk_for_test().see(&rule, subject, Verdict::Holds(None), now, facts);
    alerts.desk_for_test().arrange();
}

fn shown(world: &World) -> Option<String> {
    world.resource::<Alerts>().shown().map(|alert| alert.key.subject.to_string())
}

fn selected(world: &World) -> Vec<PointKey> {
    world.resource::<Selection>().points.clone()
}

fn device(id: &str) -> PointKey {
    PointKey::Device(id.into())
}

#[test]
fn alerts_have_the_wall_in_turn_and_it_goes_on_where_it_was() {
    let mut world = world_of(CONFIG);
    frame(&mut world, 1.0);
    frame(&mut world, 11.0);
    let (focus, camera) = (world.resource::<Focus>().clone(), world.resource::<MapView>().camera);
    let left = [PointKey::Camera("c".into()), PointKey::Camera("d".into())];
    world.write_message(Action::Select(left.to_vec()));
    frame(&mut world, 12.0);
    for subject in ["1", "2", "area"] {
        raise(&mut world, subject, 12.0);
    }
    frame(&mut world, 13.0);
    frame(&mut world, 13.1);
    assert_eq!((shown(&world).as_deref(), selected(&world)), (Some("1"), vec![device("1")]));
    assert!(world.resource::<MapView>().is_moving() && world.resource::<Takeover>().glow(13.9) > 0.1);
    frame(&mut world, 32.9);
    assert_eq!(shown(&world).as_deref(), Some("1"));
    frame(&mut world, 33.0);
    frame(&mut world, 33.1);
    assert_eq!((shown(&world).as_deref(), selected(&world)), (Some("2"), vec![device("2")]));
    // Seen: the next comes at once.
    world.write_message(Action::AcknowledgeAlert { key: None, by: None });
    frame(&mut world, 36.0);
    frame(&mut world, 36.1);
    frame(&mut world, 36.2);
    assert_eq!(shown(&world).as_deref(), Some("area"));
    assert_eq!(world.resource::<Focus>().code.as_deref(), Some("s"));
    assert_eq!(world.resource::<Visible>().scene, 0, "the playlist waits");
    world.write_message(Action::AcknowledgeAlert { key: None, by: None });
    frame(&mut world, 40.0);
    frame(&mut world, 40.1);
    frame(&mut world, 40.2);
    assert_eq!((shown(&world), selected(&world)), (None, left.to_vec()));
    assert_eq!(world.resource::<Focus>().code, focus.code);
    // It flies back to the very place.
    assert!(world.resource::<MapView>().is_moving());
    world.resource_mut::<Time<Real>>().advance_by(Duration::from_secs(2));
    world.run_system_once(crate::map::advance_for_test).expect("runs");
    assert_eq!(world.resource::<MapView>().camera, camera);
    // Twelve of its thirty seconds had passed.
    frame(&mut world, 40.1 + 16.0);
    assert_eq!(world.resource::<Visible>().scene, 0);
    frame(&mut world, 40.2 + 19.0);
    assert_eq!(world.resource::<Visible>().scene, 1);
    let seen = world.resource::<Alerts>().desk().counts().unacknowledged;
    assert_eq!(seen, 1, "the first had its time, and waits to be seen");
}

#[test]
fn a_replay_of_the_scene_goes_on_from_where_it_was() {
    let text = CONFIG.replacen(
        "duration = \"30s\"",
        "replay = { from = \"00:00\", to = \"02:00\", rate = 60, days_ago = 1 }",
        1,
    );
    let mut world = world_of(&text);
    frame(&mut world, 1.0);
    frame(&mut world, 11.0);
    let before = world.resource::<WallClock>().0;
    assert!(!before.is_live());
    raise(&mut world, "1", 11.0);
    frame(&mut world, 12.0);
    let left = world.resource::<WallClock>().0;
    frame(&mut world, 12.5);
    assert!(world.resource::<WallClock>().0.is_live(), "the alert is of now");
    frame(&mut world, 32.0);
    frame(&mut world, 32.0);
    frame(&mut world, 32.0);
    let after = world.resource::<WallClock>().0;
    assert_eq!((after.range(), after.rate()), (before.range(), 60));
    let passed = after.now().millis_since(before.now());
    assert!((0..=60_000).contains(&passed), "{passed} ms of the replay from {:?}", left.now());
}

#[test]
fn a_hand_ends_it_at_once_and_nobody_is_disturbed_at_work() {
    let mut world = world_of(CONFIG);
    frame(&mut world, 1.0);
    raise(&mut world, "1", 1.0);
    frame(&mut world, 2.0);
    frame(&mut world, 2.1);
    assert_eq!(shown(&world).as_deref(), Some("1"));
    // A motion is no grip.
    world.resource_mut::<Hands>().last_input_secs = 3.0;
    frame(&mut world, 3.1);
    assert_eq!(shown(&world).as_deref(), Some("1"));
    world.resource_mut::<MapView>().pan_px([5.0, 5.0]);
    (world.resource_mut::<Hands>().last_input_secs, world.resource_mut::<Hands>().last_grip_secs) = (4.0, 4.0);
    let camera = world.resource::<MapView>().camera;
    frame(&mut world, 4.1);
    frame(&mut world, 4.2);
    assert_eq!((shown(&world), world.resource::<MapView>().camera), (None, camera));
    assert!(!world.resource::<MapView>().is_moving());
    raise(&mut world, "2", 5.0);
    frame(&mut world, 6.0);
    frame(&mut world, 60.0);
    assert_eq!(shown(&world), None, "somebody works here");
    assert!(world.resource::<Takeover>().is_pulsing(6.5), "but it calls");
    frame(&mut world, 65.0);
    frame(&mut world, 66.0);
    assert_eq!(shown(&world).as_deref(), Some("2"), "and waits for its turn");
}

#[test]
fn what_another_does_meanwhile_is_not_undone() {
    let mut world = world_of(&CONFIG.replace("duration = \"30s\"\n", ""));
    frame(&mut world, 1.0);
    raise(&mut world, "1", 1.0);
    frame(&mut world, 2.0);
    frame(&mut world, 2.1);
    frame(&mut world, 2.2);
    world.write_message(Action::Select(vec![PointKey::Camera("c".into())]));
    frame(&mut world, 3.0);
    frame(&mut world, 3.1);
    assert_eq!((shown(&world), selected(&world)), (None, vec![PointKey::Camera("c".into())]));
    // By its key: there, and it stays there.
    raise(&mut world, "area", 4.0);
    frame(&mut world, 5.0);
    frame(&mut world, 5.1);
    assert_eq!(shown(&world).as_deref(), Some("area"));
    world.write_message(Action::ShowAlert(AlertKey::new("gas", "1")));
    frame(&mut world, 6.0);
    frame(&mut world, 6.1);
    assert_eq!((shown(&world), selected(&world)), (None, vec![device("1")]));
    frame(&mut world, 60.0);
    assert_eq!(selected(&world), [device("1")]);
}

#[test]
fn pictures_and_films_are_not_taken_over() {
    use crate::domain::clock::{Clock, ClockMode};

    let mut world = world_of(CONFIG);
    for mode in
        [ClockMode::Fixed(Instant1970(9 * DAY)), ClockMode::Film { at: Instant1970(9 * DAY), is_rolling: false }]
    {
        world.resource_mut::<WallClock>().0 = Clock::new(mode);
        raise(&mut world, "1", 1.0);
        frame(&mut world, 2.0);
        frame(&mut world, 3.0);
        assert_eq!(shown(&world), None);
    }
}
