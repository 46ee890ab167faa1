//! How fast events come in: from the bytes of CSV, JSON and NDJSON to records
//! of the domain, and from those into the model: `cargo bench --bench ingest`.
//!
//! The table is made up like a back end's export: Chinese words, times without
//! an offset, addresses, here and there a telephone number that is masked. One
//! thread decodes, so that rates are rates of a core.
//!
//! `cargo bench --bench ingest -- once csv` reads the table once and does
//! nothing else: what a profiler wants to see. `-- once flood` runs the whole
//! model while 200,000 events change in a second, and tells which share of the
//! frames that takes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::app::{App, TaskPoolPlugin, Update};
use bevy::prelude::{IntoScheduleConfigs, ResMut, Resource};
use bevy::time::TimePlugin;
use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use fastrand::Rng;
use jiff::tz::TimeZone;
use quanyu::config::Config;
use quanyu::domain::area::{Area, AreaTree, GridKind, Level};
use quanyu::domain::clock::Clock;
use quanyu::domain::crs::Crs;
use quanyu::domain::event::Event;
use quanyu::domain::event_store::EventStore;
use quanyu::domain::geometry::Shape;
use quanyu::domain::privacy::mask_free_text;
use quanyu::domain::time::Time;
use quanyu::ingest::decode_events;
use quanyu::model::{Areas, Events, ModelPlugin, WallSystems, deliver_events, load_directly, load_directly_events};

/// That of the program.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Rows of the table.
const ROWS: usize = 200_000;
/// Events that change in a frame at 200,000 a second and 50 frames a second.
const CHANGES_PER_FRAME: usize = 4_000;

const STAGES: [&str; 5] = ["收集", "交办", "处置", "反馈", "评价"];
const HEADERS: [&str; 14] = [
    "事件编号",
    "大类",
    "小类",
    "标题",
    "地址",
    "网格编码",
    "经度",
    "纬度",
    "上报时间",
    "渠道",
    "紧急程度",
    "阶段",
    "办结时限",
    "办结时间",
];
const CLASSES: [[&str; 2]; 12] = [
    ["市容环境", "垃圾满溢"],
    ["市容环境", "占道经营"],
    ["市容环境", "乱堆物料"],
    ["宣传广告", "违规张贴小广告"],
    ["街面秩序", "非机动车乱停放"],
    ["街面秩序", "机动车违停"],
    ["公用设施", "井盖缺失"],
    ["公用设施", "路灯不亮"],
    ["安全隐患", "楼道堆物"],
    ["安全隐患", "电动车飞线充电"],
    ["矛盾纠纷", "邻里噪音"],
    ["民生服务", "道路积水"],
];
const ROADS: [&str; 8] = ["中山南路", "大光路", "湖东路", "星海街", "苏州大道东", "瑞金路", "解放南路", "现代大道"];
const STREETS: [&str; 6] =
    ["玄武区新街口街道", "秦淮区大光路街道", "秦淮区五老村街道", "工业园区湖东社区", "建邺区沙洲街道", "鼓楼区"];
const CHANNELS: [&str; 5] = ["12345热线", "网格巡查", "物联感知", "随手拍", "视频巡检"];
const SEVERITIES: [&str; 3] = ["一般", "重要", "紧急"];

/// One of a list.
fn one<'a>(random: &mut Rng, words: &[&'a str]) -> &'a str {
    words[random.usize(..words.len())]
}

/// The title of an event of a class: mostly what happened, sometimes who said so.
fn title(random: &mut Rng, subcategory: &str) -> String {
    let road = one(random, &ROADS);
    match random.u8(..100) {
        0..60 => format!("{road}{subcategory}"),
        60..90 => format!("居民反映{road}附近{subcategory}"),
        90..97 => format!("{road}{subcategory}\u{ff0c}约{}平方米", random.u8(1..30)),
        97 => format!("业主张三反映{subcategory}\u{ff0c}请回电13{:09}", random.u32(..1_000_000_000)),
        _ => format!("王女士来电:{subcategory}"),
    }
}

/// Where, in words: mostly a street number, sometimes a door.
fn address(random: &mut Rng) -> String {
    let (street, road, number) = (one(random, &STREETS), one(random, &ROADS), random.u16(1..400));
    match random.u8(..100) {
        0..70 => format!("{street}{road}{number}号"),
        70..85 => format!("{street}{road}与{}交叉口", one(random, &ROADS)),
        85..95 => format!("{street}{road}{number}号东侧{}米", random.u8(1..90)),
        _ => format!("{street}{road}{number}号{}栋{}单元{}室", random.u8(1..30), random.u8(1..4), random.u16(101..999)),
    }
}

/// A local time as back ends write it, milliseconds after the table begins.
fn time_text(second: u32) -> String {
    let (day, second) = (second / 86_400, second % 86_400);
    let (month, day) = (7 + day / 31, day % 31 + 1);
    format!("2025-{month:02}-{day:02} {:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// The cells of one row, in the order of [`HEADERS`].
fn row(random: &mut Rng, number: usize) -> [String; 14] {
    let [category, subcategory] = CLASSES[random.usize(..CLASSES.len())];
    let second = (number * 13) as u32;
    let stage = random.usize(..STAGES.len());
    let closed = if stage == 4 { time_text(second + random.u32(600..80_000)) } else { String::new() };
    [
        format!("SJ20250701-{number:07}"),
        category.into(),
        subcategory.into(),
        title(random, subcategory),
        address(random),
        format!("3201{:02}{:03}{:03}", random.u8(2..15), random.u8(1..30), random.u8(1..90)),
        format!("{:.6}", 118.7 + random.f64() * 0.3),
        format!("{:.6}", 31.9 + random.f64() * 0.3),
        time_text(second),
        one(random, &CHANNELS).into(),
        one(random, &SEVERITIES).into(),
        STAGES[stage].into(),
        time_text(second + 86_400),
        closed,
    ]
}

fn rows() -> Vec<[String; 14]> {
    let mut random = Rng::with_seed(1);
    (0..ROWS).map(|number| row(&mut random, number)).collect()
}

/// The table as CSV, every cell in quotes where `is_quoted`.
fn csv(is_quoted: bool) -> String {
    let mut text = HEADERS.join(",") + "\r\n";
    for row in rows() {
        let line = if is_quoted { format!("\"{}\"", row.join("\",\"")) } else { row.join(",") };
        text += &line;
        text += "\r\n";
    }
    text
}

/// The table as JSON objects; numbers are numbers, what is missing is `null`.
fn objects() -> Vec<String> {
    const KEYS: [&str; 14] = [
        "id",
        "category",
        "subcategory",
        "title",
        "address",
        "gridCode",
        "lng",
        "lat",
        "reportTime",
        "channel",
        "urgency",
        "stage",
        "deadline",
        "finishTime",
    ];
    let object = |row: &[String; 14]| {
        let mut text = String::from("{");
        for (key, cell) in KEYS.iter().zip(row) {
            let comma = if text.len() > 1 { "," } else { "" };
            let _ = match cell.as_str() {
                "" => write!(text, "{comma}\"{key}\":null"),
                number if matches!(*key, "lng" | "lat") => write!(text, "{comma}\"{key}\":{number}"),
                cell => write!(text, "{comma}\"{key}\":\"{cell}\""),
            };
        }
        text + "}"
    };
    rows().iter().map(object).collect()
}

fn json() -> String {
    format!("{{\"code\":200,\"msg\":\"ok\",\"data\":[{}]}}", objects().join(","))
}

fn ndjson() -> String {
    objects().join("\n") + "\n"
}

/// What comes of the table.
fn decode(text: &str, crs: Crs) -> Vec<Event> {
    let zone = TimeZone::get("Asia/Shanghai").expect("bundled");
    let (events, findings) = decode_events(text.as_bytes(), crs, &zone, &STAGES.map(String::from)).expect("is data");
    assert_eq!((events.len(), findings.len()), (ROWS, 0), "{:?}", findings.first());
    events
}

fn decoding(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode 200,000 events");
    group.sample_size(10);
    let forms = [
        ("CSV", csv(false), Crs::Wgs84),
        ("CSV in GCJ-02", csv(false), Crs::Gcj02),
        ("CSV in quotes", csv(true), Crs::Wgs84),
        ("JSON", json(), Crs::Wgs84),
        ("NDJSON", ndjson(), Crs::Wgs84),
    ];
    for (name, text, crs) in &forms {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(*name, |b| b.iter_with_large_drop(|| decode(text, *crs)));
    }
    group.finish();
}

fn masking(c: &mut Criterion) {
    let texts: Vec<String> = rows().into_iter().take(10_000).flat_map(|row| [row[3].clone(), row[4].clone()]).collect();
    c.bench_function("mask 20,000 titles and addresses", |b| {
        b.iter(|| texts.iter().map(|text| mask_free_text(black_box(text)).len()).sum::<usize>());
    });
}

/// The next state of an event: one step on, a minute later.
fn stepped(event: &Event, second: i64) -> Event {
    let mut event = event.clone();
    let at = event.reported.plus_millis(second * 1_000);
    event.stage = (event.stage + 1) % 5;
    event.entered = vec![(0, event.reported), (event.stage, at)];
    event
}

/// The grids that the events name.
fn grids(events: &[Event]) -> AreaTree {
    let codes: BTreeSet<&str> = events.iter().filter_map(|event| event.area.as_deref()).collect();
    let corners = [[118.7, 31.9], [119.0, 31.9], [119.0, 32.2], [118.7, 32.2]];
    let grid = |(number, code): (usize, &&str)| Area {
        code: (*code).into(),
        parent: None,
        name: (*code).into(),
        level: Level::Grid,
        kind: GridKind::default(),
        // One is enough to frame the map.
        shape: if number == 0 { Shape::from_ring(corners.to_vec()) } else { Shape::default() },
        households: None,
        responsible: Vec::new(),
    };
    AreaTree::build(codes.iter().enumerate().map(grid).collect()).0
}

/// The store alone, then the model around it, for one frame of changes.
fn merging(c: &mut Criterion) {
    let events = decode(&csv(false), Crs::Wgs84);
    let mut group = c.benchmark_group("merge");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ROWS as u64));
    let load = |events: Vec<Event>| {
        let mut store = EventStore::default();
        store.apply(events, &(), Time(0), |_| {});
        store
    };
    group.bench_function("200,000 new events into a store", |b| {
        b.iter_batched(|| events.clone(), load, BatchSize::LargeInput);
    });
    group.throughput(Throughput::Elements(CHANGES_PER_FRAME as u64));
    let mut areas = Areas::default();
    areas.tree = Arc::new(grids(&events));
    let mut model = Events::default();
    let system = events[ROWS - 1].reported;
    model.apply(events.clone(), &areas, system, 0.0);
    drop(model.take_changes());
    let mut random = Rng::with_seed(2);
    let mut second = 60;
    let frame = |random: &mut Rng, second: i64| -> Vec<Event> {
        (0..CHANGES_PER_FRAME).map(|_| stepped(&events[random.usize(..ROWS)], second)).collect()
    };
    group.bench_function("4,000 changes of 200,000 events in a frame", |b| {
        let batch = || {
            second += 1;
            frame(&mut random, second)
        };
        let merge = |batch| {
            model.apply(batch, &areas, system, 1.0);
            model.take_changes()
        };
        b.iter_batched(batch, merge, BatchSize::LargeInput);
    });
    group.finish();
}

/// Events that change in a second of a flood, and frames of it.
const FLOOD_PER_SEC: usize = 200_000;
const FRAMES_PER_SEC: usize = 60;

/// How far the last frame was after taking in what came, and with all figures.
#[derive(Resource)]
struct Laps {
    begun: Instant,
    taken_in: Duration,
    derived: Duration,
}

fn begin(mut laps: ResMut<Laps>) {
    laps.begun = Instant::now();
}

fn take_in(mut laps: ResMut<Laps>) {
    laps.taken_in = laps.begun.elapsed();
}

fn derive(mut laps: ResMut<Laps>) {
    laps.derived = laps.begun.elapsed() - laps.taken_in;
}

/// The whole model on an empty wall, with laps.
fn model_with_laps() -> App {
    let text =
        "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n[events]\nkeep = 2000000\n";
    let config = Arc::new(Config::parse(text, Path::new("bench.toml")).expect("valid"));
    let mut app = App::new();
    app.add_plugins((TaskPoolPlugin::default(), TimePlugin, ModelPlugin { config, clock: Clock::default() }));
    app.insert_resource(Laps { begun: Instant::now(), taken_in: Duration::ZERO, derived: Duration::ZERO });
    app.add_systems(
        Update,
        (
            begin.before(WallSystems::Receive),
            take_in.after(WallSystems::Receive).before(WallSystems::Act),
            derive.after(WallSystems::Derive).before(WallSystems::Map),
        ),
    );
    app
}

/// The whole model while 200,000 events change in a second, as they come from a
/// source: what of a frame of a sixtieth of a second it takes of the thread that
/// draws, and whether it keeps up.
fn flood() {
    const PER_FRAME: usize = FLOOD_PER_SEC / FRAMES_PER_SEC;
    let whole_frame = Duration::from_secs(1) / FRAMES_PER_SEC as u32;
    let now = Time::system_now();
    let events: Vec<Event> = decode(&csv(false), Crs::Wgs84)
        .into_iter()
        .enumerate()
        .map(|(number, event)| Event { reported: now.plus_millis(-200 * (ROWS - number) as i64), ..event })
        .collect();
    let mut app = model_with_laps();
    load_directly(app.world_mut(), grids(&events).areas().iter().map(|area| Area::clone(area)).collect());
    load_directly_events(app.world_mut(), events.clone());
    for _ in 0..100 {
        app.update();
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut random = Rng::with_seed(2);
    let mut parts = [Vec::new(), Vec::new(), Vec::new()];
    let mut most_waiting = 0;
    for frame in 0..10 * FRAMES_PER_SEC {
        // Nine in ten take a step, one is new.
        let change = |n: usize| match n % 10 {
            0 => {
                Event { id: format!("NEW-{frame:05}-{n:05}").into(), reported: Time::system_now(), ..events[n].clone() }
            }
            _ => stepped(&events[random.usize(..ROWS)], 60 + frame as i64),
        };
        let batch: Vec<Event> = (0..PER_FRAME).map(change).collect();
        let begun = Instant::now();
        deliver_events(app.world_mut(), batch);
        app.update();
        let took = begun.elapsed();
        let (laps, model) = (app.world().resource::<Laps>(), app.world().resource::<Events>());
        for (part, secs) in parts.iter_mut().zip([laps.taken_in, laps.derived, took].map(|part| part.as_secs_f64())) {
            part.push(secs);
        }
        most_waiting = most_waiting.max(model.waiting());
        std::thread::sleep(whole_frame.saturating_sub(took));
    }
    for (name, mut secs) in ["taking in", "figures", "all of the model"].into_iter().zip(parts) {
        let mean = secs.iter().sum::<f64>() / secs.len() as f64;
        secs.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| secs[(share * (secs.len() - 1) as f64) as usize] * 1e3;
        println!(
            "{name}: {:.0} % of a frame of {:.1} ms; ms a frame: median {:.2}, 99 % {:.2}, longest {:.2}",
            100.0 * mean / whole_frame.as_secs_f64(),
            whole_frame.as_secs_f64() * 1e3,
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
    let left = app.world().resource::<Events>().waiting();
    println!("waiting for the next frame: {most_waiting} events at most, {left} at the end");
}

/// Reads the table once, for a profiler: `once csv`, `once json` …
fn once(form: &str) {
    let (text, crs) = match form {
        "gcj02" => (csv(false), Crs::Gcj02),
        "quoted" => (csv(true), Crs::Wgs84),
        "json" => (json(), Crs::Wgs84),
        "ndjson" => (ndjson(), Crs::Wgs84),
        _ => (csv(false), Crs::Wgs84),
    };
    let begun = Instant::now();
    let events = black_box(decode(&text, crs));
    let secs = begun.elapsed().as_secs_f64();
    let (rows, megabytes) = (events.len() as f64 / secs, text.len() as f64 / 1e6 / secs);
    println!("{form}: {} bytes a row, {rows:.0} rows/s, {megabytes:.0} MB/s", text.len() / events.len());
}

criterion_group!(benches, decoding, masking, merging);

fn main() {
    // Before anything starts the pool.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "once") {
        let form = arguments.get(place + 1).map_or("csv", String::as_str);
        return if form == "flood" { flood() } else { once(form) };
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
