//! The whole path: a simulated back end over HTTP, the wall, a picture.
//!
//! Needs a Vulkan, Metal or DX12 driver (the software one will do) and the
//! Chinese fonts; says so and passes where they are missing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::image::Image;
use quanyu::config::{Config, Layer};
use quanyu::domain::clock::{Clock, ClockMode};
use quanyu::domain::device::{Device, DeviceState};
use quanyu::domain::health::{Freshness, SourceState};
use quanyu::domain::tiles::{TileGrid, TileId};
use quanyu::ingest::{Ingest, IngestContext};
use quanyu::layers::gpu::MapScene;
use quanyu::map::marks::Look;
use quanyu::map::{MapView, Marks};
use quanyu::model::{Action, Areas, Events, Points, Sources, Visible, Waker, WallClock};
use quanyu::shell::app::{Setup, Target, assemble, stop};
use quanyu::shell::headless::HeadlessWall;
use quanyu::shell::{fonts, graphics, run};
use quanyu::simulate::{Simulator, SimulatorOptions};

const SIZE: [u32; 2] = [1280, 720];

/// The `badahu` simulator, on a free port.
pub fn simulator() -> Simulator {
    let options = SimulatorOptions {
        profile: "badahu".into(),
        seed: 1,
        listen: "127.0.0.1:0".parse().expect("an address"),
        speed: 1.0,
        start: None,
    };
    Simulator::start(options).expect("the simulator starts")
}

/// A wall on the `badahu` simulator, or `None` where nothing can be drawn.
fn wall() -> Option<(Simulator, HeadlessWall)> {
    if graphics::require().is_err() {
        eprintln!("skipped: no graphics driver");
        return None;
    }
    let simulator = simulator();
    let config = run::profile_config("badahu", simulator.address()).expect("the shipped configuration is valid");
    let wall = wall_of(config)?;
    Some((simulator, wall))
}

fn wall_of(config: Arc<Config>) -> Option<HeadlessWall> {
    let Ok(fonts) = fonts::load(&config.wall.fonts) else {
        eprintln!("skipped: no Chinese fonts");
        return None;
    };
    let waker = Waker::default();
    let context = IngestContext {
        zone: config.wall.zone.clone(),
        stages: config.closed_loop.stages.clone(),
        waker: Arc::clone(&waker.0),
    };
    let ingest = Ingest::start_with_tiles(&config.sources, &config.tiles, context).expect("ingest starts");
    let setup =
        Setup { config, clock: ClockMode::Live, target: Target::Picture(SIZE), fonts, ingest: Some(ingest), waker };
    Some(HeadlessWall::new(assemble(setup)))
}

fn post(address: SocketAddr, path: &str, body: &str) {
    let mut stream = TcpStream::connect(address).expect("the simulator listens");
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Mean of each channel over a rectangle given as shares of the picture.
fn mean(image: &Image, [x0, y0, x1, y1]: [f32; 4]) -> [f32; 3] {
    let data = image.data.as_ref().expect("a picture on this side");
    let [width, height] = SIZE.map(|v| v as f32);
    let mut sum = [0.0; 3];
    let mut count = 0.0;
    for y in (y0 * height) as usize..(y1 * height) as usize {
        for x in (x0 * width) as usize..(x1 * width) as usize {
            let at = (y * SIZE[0] as usize + x) * 4;
            for channel in 0..3 {
                sum[channel] += f32::from(data[at + channel]);
            }
            count += 1.0;
        }
    }
    sum.map(|s| s / count)
}

/// Share of the pixels of a rectangle that are as bright as text.
fn bright_share(image: &Image, [x0, y0, x1, y1]: [f32; 4]) -> f32 {
    let data = image.data.as_ref().expect("a picture on this side");
    let [width, height] = SIZE.map(|v| v as f32);
    let (mut bright, mut count) = (0.0, 0.0);
    for y in (y0 * height) as usize..(y1 * height) as usize {
        for x in (x0 * width) as usize..(x1 * width) as usize {
            let at = (y * SIZE[0] as usize + x) * 4;
            bright += f32::from(u8::from(data[at..at + 3].iter().all(|&channel| channel > 190)));
            count += 1.0;
        }
    }
    bright / count
}

/// Recolouring all areas writes their styles and nothing else.
fn another_figure_touches_no_vertex(wall: &mut HeadlessWall) {
    let before = wall.app.world().resource::<MapScene>().clone();
    // Soon after midnight the first events colour one figure as the other.
    let is_recoloured = (0..3).any(|_| {
        wall.app.world_mut().write_message(Action::StepFill(1));
        wall.frame();
        wall.app.world().resource::<MapScene>().styles != before.styles
    });
    assert!(is_recoloured, "nothing was recoloured");
    let after = wall.app.world().resource::<MapScene>();
    assert!(Arc::ptr_eq(&before.fill, &after.fill) && Arc::ptr_eq(&before.lines, &after.lines), "vertices changed");
}

/// Circles and single points together stand for every camera and every device
/// that is not in alarm.
fn marks_count_everything(wall: &mut HeadlessWall) {
    for layer in [Layer::Cameras, Layer::Devices] {
        if !wall.app.world().resource::<Visible>().has(layer) {
            wall.app.world_mut().write_message(Action::ToggleLayer(layer));
        }
    }
    wall.frame();
    let begun = Instant::now();
    while wall.app.world().resource::<Marks>().is_building() {
        assert!(begun.elapsed() < Duration::from_secs(30), "points were not clustered");
        wall.frame();
    }
    let world = wall.app.world();
    let points = world.resource::<Points>();
    let is_calm = |device: &&Device| device.state != DeviceState::Alarm;
    let expected = points.cameras().count() + points.devices().filter(is_calm).count();
    let counted = world.resource::<Marks>().placed.iter().map(|mark| match mark.look {
        Look::Bubble { count, .. } => count as usize,
        Look::Point(_) => 1,
        Look::Alert { .. } | Look::Outside(_) => 0,
    });
    assert_eq!(counted.sum::<usize>(), expected);
}

#[test]
fn from_a_back_end_to_pixels_and_a_dead_source_is_seen() {
    let Some((simulator, mut wall)) = wall() else { return };
    assert!(wall.settle(Duration::from_secs(90)), "not all sources answered");
    let world = wall.app.world();
    assert_eq!(world.resource::<Areas>().tree.areas().iter().filter(|a| a.level.name() == "grid").count(), 56);
    let events = world.resource::<Events>().store.len();
    assert!(events > 500, "{events} events");

    let image = wall.picture().expect("a picture");
    assert_eq!([image.width(), image.height()], SIZE);
    // The margin left of the panels shows neither panel nor map.
    let ground = mean(&image, [0.001, 0.20, 0.010, 0.90]);
    let middle = mean(&image, [0.40, 0.30, 0.60, 0.60]);
    assert!(middle[2] > ground[2] + 12.0, "no map in the middle: {middle:?} on {ground:?}");
    let panel = mean(&image, [0.02, 0.10, 0.22, 0.40]);
    assert!(panel.iter().sum::<f32>() > ground.iter().sum::<f32>(), "no panel on the left: {panel:?} on {ground:?}");
    let text = bright_share(&image, [0.02, 0.10, 0.22, 0.40]);
    assert!(text > 0.003, "no text on the left panel: {text}");

    another_figure_touches_no_vertex(&mut wall);
    marks_count_everything(&mut wall);

    post(simulator.address(), "/api/faults", r#"{"path":"/api/devices","mode":"down"}"#);
    let begun = Instant::now();
    let devices = |wall: &HeadlessWall| {
        let world = wall.app.world();
        let sources = world.resource::<Sources>();
        let entry = sources.entries.iter().find(|entry| entry.id == "devices").expect("configured").clone();
        (entry, world.resource::<WallClock>().system())
    };
    loop {
        wall.frame();
        let (entry, now) = devices(&wall);
        if entry.health.state == SourceState::Failing && !entry.is_well(now) {
            assert!(entry.health.last_error.is_some(), "a dead source says why");
            assert!(entry.freshness(now) != Freshness::Waiting, "its data are kept");
            break;
        }
        // The source is asked every 10 s; the failure itself shows at once.
        assert!(begun.elapsed() < Duration::from_secs(25), "the dead source was not noticed");
        std::thread::sleep(Duration::from_millis(100));
    }
    let kept = wall.app.world().resource::<Points>().devices().count();
    assert!(kept > 0, "the data of a dead source are gone");
    post(simulator.address(), "/api/faults", r#"{"path":"/api/devices","mode":"off"}"#);
    stop(wall.app);
    simulator.stop();
}

#[test]
fn a_wall_without_any_data_says_what_it_waits_for() {
    if graphics::require().is_err() {
        eprintln!("skipped: no graphics driver");
        return;
    }
    // Nobody listens on port 9 of the loopback.
    let config = run::profile_config("badahu", "127.0.0.1:9".parse().expect("an address")).expect("valid");
    let Some(mut wall) = wall_of(config) else { return };
    wall.settle(Duration::from_secs(4));
    let image = wall.picture().expect("a picture of the empty wall");
    let panel = mean(&image, [0.02, 0.10, 0.22, 0.40]);
    assert!(panel.iter().sum::<f32>() > 20.0, "an empty wall still has its panels: {panel:?}");
    let sources = wall.app.world().resource::<Sources>();
    assert!(sources.entries.iter().any(|entry| entry.health.last_error.is_some()));
    stop(wall.app);
}

/// The bundled map of Badahu as a file source, standing still.
const STILL: &str = r#"
[wall]
title = "八大湖街道"
audience = "demo"
[closed_loop]
stages = ["收集", "处置", "反馈", "评价"]
[[sources]]
id = "areas"
name = "网格底图"
feed = "areas"
kind = "file"
path = "assets/maps/badahu-areas.geojson"
[[sources]]
id = "context"
name = "基础地理"
feed = "context"
kind = "file"
path = "assets/maps/badahu-context.geojson"
[[panels]]
id = "figures"
kind = "key-figures"
[[panels]]
id = "ranking"
kind = "ranking"
"#;

/// Channels may differ by this much on average, out of 255: other drivers
/// round differently, and ages are counted in seconds.
const GOLDEN_TOLERANCE: f64 = 3.0;

#[test]
fn the_bundled_map_looks_as_it_did() {
    if graphics::require().is_err() {
        eprintln!("skipped: no graphics driver");
        return;
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = Config::parse(STILL, &root.join("still.toml")).expect("a valid configuration");
    let Some(mut wall) = wall_of(Arc::new(config)) else { return };
    wall.app.world_mut().resource_mut::<WallClock>().0 =
        Clock::new(ClockMode::Fixed(quanyu::domain::time::Time(1_755_239_528_000)));
    assert!(wall.settle(Duration::from_secs(60)), "the files were not read");
    let picture = wall.picture().expect("a picture").try_into_dynamic().expect("eight bits a channel").to_rgb8();
    stop(wall.app);
    let small = image::imageops::resize(&picture, SIZE[0] / 4, SIZE[1] / 4, image::imageops::FilterType::Triangle);
    let golden = root.join("tests/it/goldens/badahu-map.png");
    if std::env::var_os("QUANYU_BLESS").is_some() || !golden.exists() {
        std::fs::create_dir_all(golden.parent().expect("a folder")).expect("created");
        small.save(&golden).expect("written");
        assert!(std::env::var_os("QUANYU_BLESS").is_some(), "there was no golden; it is written now: look at it");
        return;
    }
    let expected = image::open(&golden).expect("a readable golden").to_rgb8();
    assert_eq!(expected.dimensions(), small.dimensions());
    let sum: f64 = expected.as_raw().iter().zip(small.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    let mean = sum / small.as_raw().len() as f64;
    assert!(mean < GOLDEN_TOLERANCE, "mean difference {mean:.2}; look, then `cargo xtask bless`");
}

/// The pixel at a place of the golden tile 14/13598/6652.
fn pixel_in_tile(wall: &HeadlessWall, image: &Image, at: [f64; 2]) -> [u8; 3] {
    let world = wall.app.world();
    let lonlat = TileGrid::default().lonlat(TileId { z: 14, x: 13_598, y: 6_652 }, at);
    let local = world.resource::<Areas>().projection.local_from_lonlat(lonlat);
    let [x, y] = world.resource::<MapView>().screen_from_local(local).map(|v| v as usize);
    let at = (y * SIZE[0] as usize + x) * 4;
    let data = image.data.as_ref().expect("a picture on this side");
    [data[at], data[at + 1], data[at + 2]]
}

#[test]
fn map_tiles_lie_where_they_belong_and_hide_with_the_context() {
    if graphics::require().is_err() {
        eprintln!("skipped: no graphics driver");
        return;
    }
    let folder = std::env::temp_dir().join(format!("quanyu-wall-tiles-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let area = r#"{"type":"Feature","properties":{"code":"1","name":"","level":"street"},"geometry":{"type":"Polygon",
        "coordinates":[[[118.78,32.0],[118.81,32.0],[118.81,32.03],[118.78,32.03],[118.78,32.0]]]}}"#;
    std::fs::write(folder.join("areas.geojson"), area).expect("a file");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/goldens/tiles.pmtiles");
    let text = format!(
        "panels = []\n[map]\nfill = \"none\"\n[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\n\
         path = \"areas.geojson\"\n[[tiles]]\nid = \"t\"\nkind = \"pmtiles\"\npath = \"{golden}\"\n"
    );
    let config = Config::parse(&text, &folder.join("config.toml")).expect("valid");
    let Some(mut wall) = wall_of(Arc::new(config)) else { return };
    assert!(wall.settle(Duration::from_secs(60)), "not everything came");
    // Water, the hole in it, land beside it.
    const PLACES: [[f64; 2]; 3] = [[0.40, 0.06], [0.19, 0.19], [0.70, 0.06]];
    let image = wall.picture().expect("a picture");
    let [water, hole, land] = PLACES.map(|at| pixel_in_tile(&wall, &image, at));
    assert_eq!(hole, land);
    assert!(water[2] > land[2] + 20, "no water: {water:?} on {land:?}");
    wall.app.world_mut().write_message(Action::ToggleLayer(Layer::Context));
    wall.frame();
    let image = wall.picture().expect("a picture");
    assert_eq!(PLACES.map(|at| pixel_in_tile(&wall, &image, at)), [land; 3]);
    stop(wall.app);
    _ = std::fs::remove_dir_all(&folder);
}
