//! How long a city takes from a file to arrays for the GPU, to be recoloured and
//! picked from, and points to become clusters: `cargo bench --bench geometry`.
//!
//! The city is made up: 25,600 micro-grids of sixteen vertices each (London's
//! output areas are 25,053 of fourteen) in 256 grids, with wiggly borders that
//! neighbours share vertex by vertex. Patrol tracks are measured as well: a
//! million points.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use bevy::prelude::World;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use quanyu::config::{Config, ThemeName};
use quanyu::domain::area::{Area, AreaTree, GridKind, Level};
use quanyu::domain::cluster::{ClusterIndex, ClusterOptions, Input};
use quanyu::domain::crs::{Crs, Projection};
use quanyu::domain::event::{Channel, Event, Severity};
use quanyu::domain::event_store::EventStore;
use quanyu::domain::geometry::{Bounds, LonLat, Shape};
use quanyu::domain::heal::heal;
use quanyu::domain::heat::{CellShape, HeatGrid, density_from_bins};
use quanyu::domain::overview::{Engine, Setting};
use quanyu::domain::privacy::mask_free_text;
use quanyu::domain::spatial::AreaLocator;
use quanyu::domain::time::Time;
use quanyu::domain::track::Track;
use quanyu::ingest::load_areas;
use quanyu::layers::WallTheme;
use quanyu::layers::areas::AreaLayer;
use quanyu::layers::areas::geometry::{Detail, Rings, borders, fill_mesh, label_anchors, line_mesh, local_origin};
use quanyu::layers::areas::style;
use quanyu::layers::gpu::MapScene;
use quanyu::layers::labels::{PlacedLabels, place};
use quanyu::layers::tracks::geometry::track_mesh;
use quanyu::map::relief::pick;
use quanyu::map::{MapView, Marks, Relief, ScreenRect};
use quanyu::model::{AreaValues, Areas, Focus, Visible, WallConfig, link};
use quanyu::theme::Theme;

/// Micro-grids along a side, and along a side of a grid.
const CELLS: usize = 160;
const CELLS_PER_GRID: usize = 10;
/// Vertices along one side of a micro-grid.
const STEPS: usize = 4;
const WEST: f64 = 118.7;
const SOUTH: f64 = 31.9;
const SIZE_DEG: f64 = 0.3;

/// A lattice point moved by a wiggle that only depends on where it is.
fn vertex(column: usize, row: usize) -> [f64; 2] {
    let step = SIZE_DEG / (CELLS * STEPS) as f64;
    let (x, y) = (column as f64, row as f64);
    let wiggle = |phase: f64| 0.35 * (x * 1.3 + y * 2.1 + phase).sin();
    [WEST + (x + wiggle(0.0)) * step, SOUTH + (y + wiggle(1.7)) * step]
}

/// The outline of `cells × cells` micro-grids from the lattice cell on.
fn block(column: usize, row: usize, cells: usize) -> Shape {
    let (west, south, side) = (column * STEPS, row * STEPS, cells * STEPS);
    let mut ring: Vec<[f64; 2]> = (0..side).map(|i| vertex(west + i, south)).collect();
    ring.extend((0..side).map(|i| vertex(west + side, south + i)));
    ring.extend((0..side).map(|i| vertex(west + side - i, south + side)));
    ring.extend((0..side).map(|i| vertex(west, south + side - i)));
    Shape::from_ring(ring)
}

fn area(code: String, parent: Option<String>, level: Level, shape: Shape) -> Area {
    let name = code.clone();
    Area { code, parent, name, level, kind: GridKind::default(), shape, households: None, responsible: Vec::new() }
}

fn city() -> AreaTree {
    let mut areas = Vec::new();
    for row in (0..CELLS).step_by(CELLS_PER_GRID) {
        for column in (0..CELLS).step_by(CELLS_PER_GRID) {
            let grid = format!("G{row}-{column}");
            areas.push(area(grid.clone(), None, Level::Grid, block(column, row, CELLS_PER_GRID)));
            for r in row..row + CELLS_PER_GRID {
                for c in column..column + CELLS_PER_GRID {
                    areas.push(area(format!("M{r}-{c}"), Some(grid.clone()), Level::MicroGrid, block(c, r, 1)));
                }
            }
        }
    }
    AreaTree::build(areas).0
}

fn random_places(count: usize) -> Vec<LonLat> {
    let mut random = fastrand::Rng::with_seed(1);
    (0..count).map(|_| LonLat::new(WEST + random.f64() * SIZE_DEG, SOUTH + random.f64() * SIZE_DEG)).collect()
}

fn areas(c: &mut Criterion) {
    let tree = city();
    let projection = Projection::new(local_origin(&tree));
    let project = |point: [f64; 2]| projection.local_from_lonlat(point);
    let rings = Rings::new(&tree, project);
    let shared = borders(&tree, &rings);
    let detail = Detail::of(&rings, &shared);
    let mut group = c.benchmark_group("city of 25,600");
    group.sample_size(10);
    group.bench_function("project", |b| b.iter(|| Rings::new(black_box(&tree), project)));
    group.bench_function("borders", |b| b.iter(|| borders(black_box(&tree), &rings)));
    group.bench_function("detail", |b| b.iter(|| Detail::of(black_box(&rings), &shared)));
    group.bench_function("reduced", |b| b.iter(|| detail.reduced(black_box(&rings), 20.0)));
    group.bench_function("fill", |b| b.iter(|| fill_mesh(black_box(&tree), &rings)));
    group.bench_function("lines", |b| b.iter(|| line_mesh(black_box(&rings), &shared)));
    group.bench_function("anchors", |b| b.iter(|| label_anchors(black_box(&rings), &detail)));
    group.bench_function("locator", |b| b.iter(|| AreaLocator::build(black_box(&tree))));
    group.bench_function("heal", |b| {
        b.iter(|| tree.areas().iter().map(|area| usize::from(heal(&area.shape).is_some())).sum::<usize>());
    });
    group.finish();
}

/// The city on a wall, four times as large as fits it.
fn wall() -> World {
    let tree = Arc::new(city());
    let projection = Projection::new(local_origin(&tree));
    let layer = AreaLayer::built_at_once(1, &tree, &projection);
    let text = "[map]\nfill_level = \"grid\"\n[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n";
    let config = Arc::new(Config::parse(text, Path::new("bench.toml")).expect("valid"));
    let mut view = MapView::default();
    let screen = ScreenRect { min: [0.0; 2], max: [1_920.0, 1_080.0] };
    view.set_layout(screen.max, 1.0, screen);
    let rings = Rings::new(&tree, |point| projection.local_from_lonlat(point));
    view.camera = view.camera_for(&rings.bounds());
    view.camera.px_per_m *= 4.0;
    let mut areas = Areas::default();
    areas.locator = Arc::new(AreaLocator::build(&tree));
    (areas.tree, areas.projection, areas.revision) = (tree, projection, 1);
    let mut world = World::new();
    world.insert_resource(layer);
    world.insert_resource(areas);
    world.insert_resource(view);
    world.insert_resource(Visible::of(&config));
    world.insert_resource(WallConfig(config));
    world.init_resource::<PlacedLabels>();
    world.init_resource::<Focus>();
    world.init_resource::<Relief>();
    world.init_resource::<Marks>();
    world
}

/// Names while the map moves, colours of all areas, and what is under a hand.
fn moved_frame(c: &mut Criterion) {
    let mut world = wall();
    let place = world.register_system(place);
    let mut step = 3.0;
    c.bench_function("names of a moved frame", |b| {
        b.iter(|| {
            // To and fro: the city stays in view.
            step = -step;
            world.resource_mut::<MapView>().camera.center[0] += step;
            world.run_system(place).expect("runs");
        });
    });
    let placed = world.resource::<PlacedLabels>();
    // None are placed where another benchmark was asked for.
    assert!(placed.revision == 0 || placed.labels.len() > 20, "{} names are no test", placed.labels.len());

    let mut values = AreaValues::default();
    values.values = (0..world.resource::<Areas>().tree.len()).map(|index| Some((index * 7 % 101) as f64)).collect();
    world.insert_resource(values);
    world.insert_resource(WallTheme(Theme::named(ThemeName::Midnight)));
    world.insert_resource(MapScene::default());
    let restyle = world.register_system(style::write);
    c.bench_function("colours of 25,856 areas", |b| {
        b.iter(|| {
            world.resource_mut::<AreaLayer>().restyle();
            world.run_system(restyle).expect("runs");
        });
    });
    let styles = world.resource::<MapScene>().styles.len();
    assert!(styles == 0 || styles == 25_856, "{styles} styles");

    let mut random = fastrand::Rng::with_seed(5);
    let hands: Vec<[f32; 2]> = (0..1_000).map(|_| [random.f32() * 1_920.0, random.f32() * 1_080.0]).collect();
    let (view, areas, relief) = (world.resource::<MapView>(), world.resource::<Areas>(), world.resource::<Relief>());
    c.bench_function("pick at 1,000 pixels", |b| {
        let found = |&at: &[f32; 2]| pick(view, areas, relief, Level::MicroGrid, at).is_some();
        b.iter(|| hands.iter().filter(|at| found(at)).count());
    });
}

/// The city as a back end would send it.
fn geojson(tree: &AreaTree) -> String {
    let mut text = String::from(r#"{"type":"FeatureCollection","features":["#);
    for (number, area) in tree.areas().iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        let (code, level) = (&area.code, area.level.name());
        let parent = area.parent.as_deref().unwrap_or_default();
        let ring: Vec<String> = area.shape.points.iter().map(|[lon, lat]| format!("[{lon:.6},{lat:.6}]")).collect();
        let _ = write!(
            text,
            r#"{comma}{{"type":"Feature","properties":{{"code":"{code}","name":"{code}","level":"{level}","parent":"{parent}"}},"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}"#,
            ring.join(",")
        );
    }
    text + "]}"
}

fn loading(c: &mut Criterion) {
    let tree = city();
    let path = std::env::temp_dir().join(format!("quanyu-bench-{}.geojson", std::process::id()));
    std::fs::write(&path, geojson(&tree)).expect("the temporary folder can be written");
    let mut group = c.benchmark_group("loading 25,856 areas");
    group.sample_size(10);
    group.bench_function("parse and heal", |b| {
        b.iter(|| load_areas(std::slice::from_ref(&path), Crs::Wgs84, None).expect("the file is there").0.len());
    });
    group.bench_function("link", |b| {
        let areas = || tree.areas().iter().map(|area| Area::clone(area)).collect();
        b.iter_batched(areas, link, BatchSize::LargeInput);
    });
    group.finish();
    // It lies in the temporary folder, where it may also stay.
    let _ = std::fs::remove_file(&path);
}

fn places(c: &mut Criterion) {
    let tree = city();
    let locator = AreaLocator::build(&tree);
    let places = random_places(10_000);
    c.bench_function("locate 10,000 places", |b| {
        b.iter(|| places.iter().filter_map(|&place| locator.locate_deepest(place)).count());
    });
    c.bench_function("10,000 places from BD-09", |b| {
        b.iter(|| places.iter().map(|place| Crs::Bd09.to_wgs84([place.lon, place.lat])[0]).sum::<f64>());
    });
}

fn clusters(c: &mut Criterion) {
    // Most points stand in sixty crowds, as things in a city do.
    let mut random = fastrand::Rng::with_seed(3);
    let crowds: Vec<[f64; 2]> = (0..60).map(|_| [0, 1].map(|_| random.f64() * 60_000.0)).collect();
    let inputs: Vec<Input> = (0..100_000)
        .map(|_| {
            let crowd = crowds[random.usize(..crowds.len())];
            let at = crowd.map(|value| value + (random.f64() - 0.5) * (random.f64() * 8_000.0));
            Input { at, class: random.u8(..5) }
        })
        .collect();
    let options = ClusterOptions::default();
    let mut group = c.benchmark_group("100,000 points");
    group.sample_size(20);
    group.bench_function("cluster at all levels", |b| {
        let build = |inputs| {
            let mut index = ClusterIndex::build(inputs, options);
            index.prepare(options.min_level);
            index
        };
        b.iter_batched(|| inputs.clone(), build, BatchSize::LargeInput);
    });
    group.bench_function("filter and cluster at all levels", |b| {
        let mut index = ClusterIndex::build(inputs.clone(), options);
        let mut shown = 0;
        b.iter(|| {
            shown = (shown + 1) % 5;
            index.refilter(|_, class| class != shown);
            index.prepare(options.min_level);
        });
    });
    group.finish();
}

fn stored_event(number: i64) -> Event {
    let reported = Time(number * 4_000);
    Event {
        id: format!("20250815-{number:06}").into(),
        category: "市容环境".into(),
        subcategory: "垃圾满溢".into(),
        title: "垃圾满溢".into(),
        place: "湖东3网格".into(),
        area: Some(format!("32010{:05}", number % 40_000).into()),
        at: None,
        severity: Severity::Normal,
        channel: Channel::Patrol,
        reported,
        stage: 1,
        entered: vec![(0, reported), (1, reported.plus_millis(60_000))],
        due: None,
        closed: None,
        solved: None,
        satisfied: None,
        returned: 0,
        repeats: None,
    }
}

/// A store with these events.
fn held(events: &[Event]) -> EventStore {
    let mut store = EventStore::with_capacity(2_000_000);
    store.apply(events.iter().cloned(), &(), Time(0), |_| {});
    store
}

fn store(c: &mut Criterion) {
    let events: Vec<Event> = (0..100_000).map(stored_event).collect();
    let mut group = c.benchmark_group("100,000 events");
    group.sample_size(10);
    let apply = |events: Vec<Event>| {
        let mut store = EventStore::default();
        store.apply(events, &(), Time(0), |_| {});
        store
    };
    group.bench_function("store", |b| b.iter_batched(|| events.clone(), apply, BatchSize::LargeInput));
    let store = held(&events);
    let again = |mut store: EventStore| {
        let step = |event: &Event| {
            let mut event = event.clone();
            event.stage = 2;
            event.entered.push((2, event.reported.plus_millis(120_000)));
            event
        };
        store.apply(events.iter().map(step), &(), Time(0), |change| {
            black_box(change);
        });
        store
    };
    group.bench_function("change each", |b| b.iter_batched(|| store.clone(), again, BatchSize::LargeInput));
    let setting = |store: &EventStore| {
        let last = store.iter().next_back().map_or(Time(0), |event| event.reported());
        (Setting { tree: Arc::default(), day_start: last.plus_millis(-86_399_999), stage_count: 5, within: None }, last)
    };
    let (day, last) = setting(&store);
    let snapshot = store.snapshot();
    group.bench_function("count anew", |b| b.iter(|| Engine::new(day.clone(), last, &snapshot)));
    let noon = last.plus_millis(-43_200_000);
    let mut engine = Engine::new(day, noon, &snapshot);
    let mut now = noon;
    group.bench_function("ten seconds of a replay", |b| {
        b.iter(|| {
            now = if now > last { noon } else { now.plus_millis(10_000) };
            engine.advance(now, &store)
        });
    });
    group.finish();
}

fn events(c: &mut Criterion) {
    let bounds = Bounds { min: [-10_000.0; 2], max: [10_000.0; 2] };
    let mut random = fastrand::Rng::with_seed(2);
    let points: Vec<[f64; 2]> = (0..100_000).map(|_| [0, 1].map(|_| (random.f64() - 0.5) * 20_000.0)).collect();
    c.bench_function("bin 100,000 events", |b| {
        b.iter(|| {
            let mut grid = HeatGrid::new(bounds, CellShape::Shared, 20.0, 4_000_000);
            for &point in &points {
                grid.add(point, 1);
            }
            grid
        });
    });
    let mut grid = HeatGrid::new(bounds, CellShape::Shared, 80.0, 4_000_000);
    points.iter().for_each(|&point| grid.add(point, 1));
    c.bench_function("blur 250 × 250 bins", |b| b.iter(|| density_from_bins(black_box(&grid), 320.0)));
    let text = "联系人:张三丰 13800131234,红花街道3栋2单元501室楼道堆物,苏A12345违停";
    c.bench_function("mask a text", |b| b.iter(|| mask_free_text(black_box(text))));
}

/// Workers who walk a city's rectangular streets, a point each ten seconds.
fn walks(count: usize, points: usize) -> Vec<Track> {
    let mut random = fastrand::Rng::with_seed(3);
    let walk = |number: usize| {
        let mut random = random.fork();
        let mut at = [WEST + random.f64() * SIZE_DEG, SOUTH + random.f64() * SIZE_DEG];
        let mut way = [1.0, 0.0];
        let mut step = |i: usize| {
            if random.u8(..10) == 0 {
                way = if random.bool() { [way[1], way[0]] } else { [-way[1], -way[0]] };
            }
            // Ten metres, and an error of some.
            at = [0, 1].map(|axis| at[axis] + way[axis] * 1e-4 + (random.f64() - 0.5) * 4e-5);
            (Time(i as i64 * 10_000), LonLat::new(at[0], at[1]))
        };
        Track {
            id: number.to_string(),
            worker: String::new(),
            area: None,
            points: (0..points).map(&mut step).collect(),
        }
    };
    (0..count).map(walk).collect()
}

fn tracks(c: &mut Criterion) {
    let tracks = walks(500, 2_000);
    let projection = Projection::new(LonLat::new(WEST, SOUTH));
    let project = |place: [f64; 2]| projection.local_from_lonlat(place);
    let now = Time(1_500 * 10_000);
    let mut group = c.benchmark_group("500 tracks of 2,000 points");
    group.sample_size(10);
    group.bench_function("mesh", |b| b.iter(|| track_mesh(black_box(&[&tracks]), now, project)));
    let mesh = track_mesh(&[&tracks], now, project);
    group.bench_function("heads", |b| b.iter(|| black_box(&mesh).heads(now, 86_400.0)));
    group.finish();
}

criterion_group!(benches, loading, areas, moved_frame, places, clusters, store, events, tracks);
criterion_main!(benches);
