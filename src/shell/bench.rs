//! `quanyu bench`: what this machine does with this data.
//!
//! Everything is measured on the real wall, drawn into a picture: the same
//! systems, shaders and frames as in a window, without the wait for a display.

mod replay;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;
use clap::{Args, ValueHint};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::app::{Setup, Target, assemble};
use super::headless::HeadlessWall;
use super::memory::{heap_mb, resident_mb};
use super::window::is_moving;
use super::{PROCESS_START, fonts, graphics};
use crate::config::Config;
use crate::domain::camera::Camera;
use crate::domain::clock::ClockMode;
use crate::domain::crs::Crs;
use crate::domain::event::Event;
use crate::domain::geometry::LonLat;
use crate::domain::health::SourceId;
use crate::domain::time::Time as Instant1970;
use crate::domain::track::Track;
use crate::ingest::{load_areas, load_points, load_tracks};
use crate::layers::areas::raise::RaisedLayer;
use crate::layers::areas::{self, AreaLayer};
use crate::layers::heat::HeatLayer;
use crate::layers::labels::PlacedLabels;
use crate::layers::tracks::TrackLayer;
use crate::map::MapView;
use crate::model::{self, Action, Areas, Events, Overview, Points, Waker};
use crate::simulate;

/// What to measure.
#[derive(Args, Debug)]
pub struct BenchArguments {
    /// 区域:GeoJSON 文件,或放着它们的文件夹;不给则用内置的金鸡湖示范街道
    #[arg(long, value_hint = ValueHint::AnyPath)]
    areas: Option<PathBuf>,
    /// 事件:带 lon,lat[,time] 的 CSV,或 GeoJSON 点
    #[arg(long, value_hint = ValueHint::FilePath)]
    events: Option<PathBuf>,
    /// 摄像头:带 lon,lat 的 CSV,或 GeoJSON 点
    #[arg(long, value_hint = ValueHint::FilePath)]
    cameras: Option<PathBuf>,
    /// 巡查轨迹:与 tracks 数据源同样的 JSON
    #[arg(long, value_hint = ValueHint::FilePath)]
    tracks: Option<PathBuf>,
    /// 画面大小
    #[arg(long, default_value = "1920x1080")]
    size: String,
    /// 平移缩放测多少秒
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// 地图倾斜角,0 到 55 度
    #[arg(long, default_value_t = 0.0, value_parser = super::run::parse_tilt)]
    tilt: f64,
    /// 再以这个倍速(1 到 3600)回放最新事件当日的最后一段,同样测 --seconds 秒
    #[arg(long, value_name = "RATE", requires = "events", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    replay: Option<u32>,
    /// 以 JSON 输出
    #[arg(long)]
    json: bool,
}

/// One run's figures; times in milliseconds.
#[derive(Serialize, Debug)]
struct Report {
    adapter: String,
    size: [u32; 2],
    areas: usize,
    vertices: usize,
    events: usize,
    cameras: usize,
    tracks: usize,
    /// Points of all tracks.
    track_points: usize,
    /// File read → geometry of the whole jurisdiction on the screen ready for
    /// the GPU, with nothing else going on.
    load_ms: f64,
    /// Processor time of the same and of `detail_ms`, all processors together.
    load_cpu_ms: Option<f64>,
    /// Its parts.
    parse_ms: f64,
    link_ms: f64,
    geometry_ms: f64,
    /// Exact geometry, when a near view first needs it, in the background.
    detail_ms: f64,
    /// Tracks → geometry for every zoom, in the background.
    tracks_ms: f64,
    /// Process start → first complete frame.
    first_frame_ms: f64,
    /// While the view pans and zooms without pause, GPU included.
    frame_ms: Percentiles,
    fps: f64,
    /// Main-thread time in those frames without waiting for the GPU.
    cpu_frame_ms: Percentiles,
    /// Names placed, per frame in which the map moves.
    label_ms: Percentiles,
    /// With `--replay`.
    #[serde(flatten)]
    replayed: Option<replay::Replayed>,
    /// The area under a place, mean over a hundred thousand places,
    /// microseconds.
    pick_us: f64,
    /// All areas recoloured → frame that shows it.
    restyle_ms: f64,
    /// The whole time window rebinned.
    heat_ms: f64,
    /// Draw calls for area fill and borders in the last frame.
    draw_calls: usize,
    /// Nothing changes for five seconds.
    idle_cpu_percent: Option<f64>,
    idle_frames: u32,
    rss_mb: Option<f64>,
    /// Of that, what the program's own allocator holds.
    heap_mb: Option<f64>,
}

#[derive(Serialize, Debug, Clone, Copy)]
struct Percentiles {
    p50: f64,
    p95: f64,
    p99: f64,
}

impl Percentiles {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = samples.len().saturating_sub(1) as f64;
            samples.get((last * share).round() as usize).copied().unwrap_or(0.0)
        };
        Self { p50: at(0.50), p95: at(0.95), p99: at(0.99) }
    }
}

/// The configuration of a benchmark: one scene, all layers, and as many panels
/// as a wall of 1920×1080 has room for.
const CONFIG: &str = include_str!("bench.toml");

/// Measures and prints.
///
/// # Errors
/// When files cannot be read, fonts are missing or there is nothing to draw with.
pub fn run(arguments: &BenchArguments) -> anyhow::Result<()> {
    graphics::require()?;
    let size = super::run::parse_size(&arguments.size).map_err(anyhow::Error::msg)?;
    let config = Arc::new(Config::parse(CONFIG, std::path::Path::new("bench.toml"))?);
    let data = Data::load(arguments, &config.wall.zone)?;
    let setup = Setup {
        clock: ClockMode::Fixed(data.now),
        target: Target::Picture(size),
        fonts: fonts::load(&config.wall.fonts)?,
        ingest: None,
        waker: Waker::default(),
        config,
    };
    let mut wall = HeadlessWall::new(assemble(setup));
    wall.app.world_mut().write_message(Action::SetTilt(arguments.tilt));
    let time = Duration::from_secs_f64(arguments.seconds.clamp(1.0, 600.0));
    let report = measure(&mut wall, data, size, time, arguments.replay);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

struct Data {
    areas: Vec<crate::domain::area::Area>,
    events: Vec<Event>,
    cameras: Vec<Camera>,
    tracks: Vec<Track>,
    now: Instant1970,
    area_path: PathBuf,
    /// Written for this run, removed at its end.
    demo: PathBuf,
}

impl Drop for Data {
    fn drop(&mut self) {
        // A folder that stays behind in the temporary one harms nobody.
        let _ = std::fs::remove_dir_all(&self.demo);
    }
}

impl Data {
    fn load(arguments: &BenchArguments, zone: &TimeZone) -> anyhow::Result<Self> {
        let demo = std::env::temp_dir().join(format!("quanyu-bench-{}", std::process::id()));
        let path = match &arguments.areas {
            Some(path) => path.clone(),
            None => {
                simulate::write_map("jinjihu", simulate::DEFAULT_SEED, &demo).context("无法生成示范街道")?;
                demo.join("jinjihu-areas.geojson")
            }
        };
        let (areas, findings) = load_areas(std::slice::from_ref(&path), Crs::Wgs84, None)?;
        for finding in findings.iter().take(5) {
            tracing::warn!(subject = finding.subject, "{}", finding.message);
        }
        let system = Instant1970::system_now();
        let load = |path: &Option<PathBuf>| -> anyhow::Result<Vec<(LonLat, Option<Instant1970>)>> {
            let Some(path) = path else { return Ok(Vec::new()) };
            let (points, findings) = load_points(path, zone)?;
            if let Some(finding) = findings.first() {
                tracing::warn!(subject = finding.subject, more = findings.len() - 1, "{}", finding.message);
            }
            Ok(points)
        };
        let points = load(&arguments.events)?;
        let tracks = arguments.tracks.as_ref().map_or(Ok((Vec::new(), Vec::new())), |path| load_tracks(path, zone))?;
        if let Some(finding) = tracks.1.first() {
            tracing::warn!(subject = finding.subject, more = tracks.1.len() - 1, "{}", finding.message);
        }
        let tracks = tracks.0;
        let walked = tracks.iter().filter_map(|track| track.points.last()).map(|(at, _)| *at);
        let now = points.iter().filter_map(|(_, at)| *at).chain(walked).max().unwrap_or(system);
        let events = points.into_iter().enumerate().map(|(i, (at, time))| event(i, at, time, now)).collect();
        let cameras = load(&arguments.cameras)?.into_iter().enumerate().map(|(i, (at, _))| camera(i, at)).collect();
        Ok(Self { areas, events, cameras, tracks, now, area_path: path, demo })
    }
}

/// An event at a place; those without a time are spread over the last hours.
fn event(i: usize, at: LonLat, time: Option<Instant1970>, now: Instant1970) -> Event {
    let reported = time.unwrap_or_else(|| now.plus_millis(-((i as i64 * 7_919) % 10_000_000)));
    Event {
        id: format!("bench-{i}").into(),
        category: "其他".into(),
        subcategory: "".into(),
        title: "事件".to_owned(),
        place: String::new(),
        area: None,
        at: Some(at),
        severity: Default::default(),
        channel: Default::default(),
        reported,
        stage: 0,
        entered: vec![(0, reported)],
        due: None,
        closed: None,
        solved: None,
        satisfied: None,
        returned: 0,
        repeats: None,
    }
}

fn camera(i: usize, at: LonLat) -> Camera {
    Camera {
        id: format!("{i:020}"),
        name: format!("点位 {i}"),
        owner: String::new(),
        at,
        online: !i.is_multiple_of(43),
        is_told: true,
        picture: None,
    }
}

fn measure(wall: &mut HeadlessWall, mut data: Data, size: [u32; 2], time: Duration, rate: Option<u32>) -> Report {
    let (areas, events, cameras) =
        (std::mem::take(&mut data.areas), std::mem::take(&mut data.events), std::mem::take(&mut data.cameras));
    let counts = (areas.len(), areas.iter().map(|area| area.shape.points.len()).sum(), events.len(), cameras.len());
    let mut events = Some(events);
    model::load_directly(wall.app.world_mut(), areas);
    let tracks = std::mem::take(&mut data.tracks);
    let track_counts = (tracks.len(), tracks.iter().map(|track| track.points.len()).sum());
    let mut points = wall.app.world_mut().resource_mut::<Points>();
    points.set_cameras(SourceId::of("cameras"), cameras);
    points.set_tracks(SourceId::of("tracks"), tracks);
    while !is_drawn(&wall.app) {
        wall.app.update();
        // Events are placed in the areas, so they come once these are linked.
        if wall.app.world().resource::<Areas>().revision > 0
            && let Some(events) = events.take()
        {
            model::load_directly_events(wall.app.world_mut(), events);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    wall.frame();
    let first_frame_ms = millis(PROCESS_START.elapsed());
    rest(wall);

    let Panned { frame_ms, cpu_frame_ms, label_ms, fps } = pan(wall, time);
    let replayed = rate.map(|rate| replay::replay(wall, data.now, rate, time));
    let pick_us = pick(wall);
    let draw_calls = wall.app.world().resource::<crate::layers::gpu::MapScene>().draw_calls();
    let restyle_ms = restyle(wall);
    let heat_ms = reheat(wall);
    let (idle_cpu_percent, idle_frames) = idle(wall, Duration::from_secs(5));
    // Before the areas are loaded once more.
    let (rss_mb, heap_mb) = (resident_mb(), heap_mb());
    let load = load_alone(&data.area_path);
    let world = wall.app.world();
    Report {
        adapter: world.get_resource::<RenderAdapterInfo>().map_or_else(String::new, |info| info.name.clone()),
        size,
        areas: counts.0,
        vertices: counts.1,
        events: counts.2,
        cameras: counts.3,
        tracks: track_counts.0,
        track_points: track_counts.1,
        load_ms: load.parse_ms + load.link_ms + load.geometry_ms,
        load_cpu_ms: load.cpu_ms,
        parse_ms: load.parse_ms,
        link_ms: load.link_ms,
        geometry_ms: load.geometry_ms,
        detail_ms: load.detail_ms,
        tracks_ms: world.resource::<TrackLayer>().build_ms,
        first_frame_ms,
        frame_ms,
        fps,
        cpu_frame_ms,
        label_ms,
        replayed,
        pick_us,
        restyle_ms,
        heat_ms,
        draw_calls,
        idle_cpu_percent,
        idle_frames,
        rss_mb,
        heap_mb,
    }
}

/// What loading takes, step by step.
#[derive(Default)]
struct Load {
    parse_ms: f64,
    link_ms: f64,
    geometry_ms: f64,
    detail_ms: f64,
    cpu_ms: Option<f64>,
}

/// Loads the areas once more while no frame is drawn: at the start, drawing
/// the first frames takes the same processors.
fn load_alone(path: &PathBuf) -> Load {
    let cpu_before = cpu_secs();
    let started = Instant::now();
    let Ok((areas, _)) = load_areas(std::slice::from_ref(path), Crs::Wgs84, None) else { return Load::default() };
    let parse_ms = millis(started.elapsed());
    let started = Instant::now();
    let (tree, projection) = model::link(areas);
    let link_ms = millis(started.elapsed());
    let (geometry_ms, detail_ms) = areas::time_build(&tree, &projection);
    let cpu_ms = cpu_before.zip(cpu_secs()).map(|(before, after)| (after - before) * 1_000.0);
    Load { parse_ms, link_ms, geometry_ms, detail_ms, cpu_ms }
}

fn is_drawn(app: &App) -> bool {
    let (areas, layer) = (app.world().resource::<Areas>(), app.world().resource::<AreaLayer>());
    areas.revision > 0
        && layer.built_revision == areas.revision
        && app.world().resource::<TrackLayer>().is_of(app.world().resource::<Points>().tracks_revision)
        && app.world().resource::<Overview>().revision > 0
        && app.world().resource::<MapView>().has_room()
        && app.world().resource::<Overview>().is_of(areas.revision, app.world().resource::<Events>().revision)
}

/// Draws until walls are built and have risen: nothing to wait for when flat.
fn rest(wall: &mut HeadlessWall) {
    for _ in 0..3 {
        wall.frame();
    }
    while wall.app.world().resource::<MapView>().is_moving() || wall.app.world().resource::<RaisedLayer>().is_building()
    {
        wall.frame();
    }
    for _ in 0..3 {
        wall.frame();
    }
}

/// Figures of frames in which the map moves.
struct Panned {
    frame_ms: Percentiles,
    cpu_frame_ms: Percentiles,
    label_ms: Percentiles,
    fps: f64,
}

/// Pans in a circle and zooms in and out, as fast as frames come.
fn pan(wall: &mut HeadlessWall, time: Duration) -> Panned {
    let home = wall.app.world().resource::<MapView>().camera;
    let [width, height] = wall.app.world().resource::<Areas>().bounds.size();
    let (mut frames, mut own, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    let started = Instant::now();
    while started.elapsed() < time || frames.len() < 5 {
        let t = started.elapsed().as_secs_f64();
        let mut view = wall.app.world_mut().resource_mut::<MapView>();
        view.camera.center =
            [home.center[0] + width * 0.2 * (t * 1.3).cos(), home.center[1] + height * 0.2 * (t * 1.7).sin()];
        view.camera.px_per_m = home.px_per_m * 2.0_f64.powf(1.0 + (t * 0.9).sin());
        let begun = Instant::now();
        own.push(millis(wall.frame()));
        frames.push(millis(begun.elapsed()));
        labels.push(wall.app.world().resource::<PlacedLabels>().took_ms);
    }
    let fps = frames.len() as f64 / started.elapsed().as_secs_f64();
    wall.app.world_mut().resource_mut::<MapView>().camera = home;
    wall.frame();
    Panned {
        frame_ms: Percentiles::of(frames),
        cpu_frame_ms: Percentiles::of(own),
        label_ms: Percentiles::of(labels),
        fps,
    }
}

/// Looks up the area under places all over the jurisdiction, at the deepest
/// level; microseconds each.
fn pick(wall: &HeadlessWall) -> f64 {
    const PLACES: u32 = 100_000;
    let areas = wall.app.world().resource::<Areas>();
    let (min, size) = (areas.bounds.min, areas.bounds.size());
    // Weyl sequences of two irrational steps cover the box evenly.
    let share = |i: u32, step: f64| (f64::from(i) * step).fract();
    let place = |i: u32| {
        let at = [min[0] + size[0] * share(i, 0.754_877_666), min[1] + size[1] * share(i, 0.569_840_291)];
        let [lon, lat] = areas.projection.lonlat_from_local(at);
        LonLat::new(lon, lat)
    };
    let places: Vec<LonLat> = (0..PLACES).map(place).collect();
    let started = Instant::now();
    let found = places.iter().filter(|at| areas.locator.locate_deepest(**at).is_some()).count();
    std::hint::black_box(found);
    millis(started.elapsed()) * 1_000.0 / f64::from(PLACES)
}

fn restyle(wall: &mut HeadlessWall) -> f64 {
    wall.app.world_mut().resource_mut::<AreaLayer>().restyle();
    let started = Instant::now();
    wall.frame();
    millis(started.elapsed())
}

fn reheat(wall: &mut HeadlessWall) -> f64 {
    wall.app.world_mut().resource_mut::<HeatLayer>().rebin();
    wall.frame();
    while wall.app.world().resource::<HeatLayer>().is_building() {
        wall.frame();
    }
    wall.app.world().resource::<HeatLayer>().rebuild_ms()
}

/// Runs the rule by which a window decides to draw, with nothing happening.
fn idle(wall: &mut HeadlessWall, time: Duration) -> (Option<f64>, u32) {
    let before = cpu_secs();
    let started = Instant::now();
    let mut frames = 0;
    while started.elapsed() < time {
        let world = wall.app.world();
        let elapsed_secs = world.resource::<Time<Real>>().elapsed_secs();
        if is_moving(world.resource::<MapView>(), world.resource::<Overview>(), elapsed_secs) {
            wall.frame();
            frames += 1;
        } else {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let percent = before.zip(cpu_secs()).map(|(before, after)| (after - before) / time.as_secs_f64() * 100.0);
    (percent, frames)
}

/// Processor time of this process, seconds; from `/proc` (proc(5)), else unknown.
fn cpu_secs() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold spaces; the fields after it do not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    // USER_HZ is 100 on every Linux that runs this.
    Some(ticks / 100.0)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn print(report: &Report) {
    let Percentiles { p50, p95, p99 } = report.frame_ms;
    println!("显卡          {}", report.adapter);
    println!(
        "数据          {} 区域,{} 顶点,{} 事件,{} 摄像头,{} 条轨迹({} 点)",
        report.areas, report.vertices, report.events, report.cameras, report.tracks, report.track_points
    );
    println!(
        "载入          {:.0} 毫秒(读取 {:.0},建立 {:.0},几何 {:.0};放大后在后台细化 {:.0})",
        report.load_ms, report.parse_ms, report.link_ms, report.geometry_ms, report.detail_ms
    );
    if report.tracks > 0 {
        println!("轨迹几何      {:.0} 毫秒(后台)", report.tracks_ms);
    }
    println!("首帧          {:.0} 毫秒", report.first_frame_ms);
    println!("平移缩放      {:.1} 帧/秒;每帧 {p50:.1} / {p95:.1} / {p99:.1} 毫秒(p50/p95/p99)", report.fps);
    println!("主线程        {:.2} / {:.2} 毫秒(p50/p99)", report.cpu_frame_ms.p50, report.cpu_frame_ms.p99);
    println!("名称与拾取    {:.2} 毫秒(p99);{:.2} 微秒", report.label_ms.p99, report.pick_us);
    if let Some(replayed) = &report.replayed {
        replay::print(replayed);
    }
    println!("重新着色      {:.1} 毫秒", report.restyle_ms);
    println!("热力重算      {:.1} 毫秒", report.heat_ms);
    if let Some(percent) = report.idle_cpu_percent {
        println!("空闲          {percent:.1} % 处理器,{} 帧", report.idle_frames);
    }
    if let Some(mb) = report.rss_mb {
        println!("内存          {mb:.0} MiB");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_a_known_list() {
        let p = Percentiles::of((0..=100).rev().map(f64::from).collect());
        assert_eq!((p.p50, p.p95, p.p99), (50.0, 95.0, 99.0));
    }
}
