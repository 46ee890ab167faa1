//! `quanyu export`: a range of the past as a film, or as numbered pictures.
//!
//! In: a configuration, a range, a speed. Out: an MP4 by way of `ffmpeg`, or
//! PNGs where there is none or pictures are asked for.
//!
//! Nothing runs by the machine's time. The sources are asked once; then they are
//! let go, and the clock is set by hand to the instant of each picture
//! ([`plan`]), which is taken once everything on the wall is of that instant.
//! So a slow machine makes the same film as a fast one.

mod encoder;
pub mod output;
pub mod plan;
mod progress;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use bevy::prelude::*;
use clap::{Args, ValueHint};

use super::headless::{HeadlessWall, Shot};
use super::run::parse_time;
use super::stage::{StageArguments, StageError, set_up};
use super::{app, graphics, ui};
use crate::config::Config;
use crate::domain::clock::ClockMode;
use crate::domain::time::Time as Instant1970;
use crate::layers::heat::HeatLayer;
use crate::model::{IngestLink, WallClock};
use output::Output;
use plan::Plan;
use progress::Progress;

/// What to export, and where to.
#[derive(Args, Debug)]
pub struct ExportArguments {
    #[command(flatten)]
    stage: StageArguments,
    /// 从哪个时刻起,如 "2025-08-15 00:00"
    #[arg(long)]
    from: String,
    /// 到哪个时刻为止(不含)
    #[arg(long)]
    to: String,
    /// 写到哪个 .mp4 文件(需要 ffmpeg),或存放逐帧 PNG 的文件夹
    #[arg(short, long, value_hint = ValueHint::AnyPath)]
    out: PathBuf,
    /// 每秒视频回放多少秒;默认一天为一分钟
    #[arg(long, default_value_t = 1_440)]
    speed: u32,
    /// 每秒视频多少帧,1 到 60
    #[arg(long, default_value_t = 30)]
    fps: u32,
}

/// Makes the film and says where it is.
///
/// # Errors
/// When what is asked for makes no sense, data cannot be had, or a picture
/// cannot be drawn or written. No half film is left under its name then.
pub fn run(arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let (config, simulator) = arguments.stage.open()?;
    let plan = plan_of(arguments, &config)?;
    let view = arguments.stage.view();
    view.scene_of(&config)?;
    graphics::require()?;
    let size = output::size_for(&arguments.out, arguments.stage.size(&config));
    let mut output = Output::open(&arguments.out, size, plan.fps())?;
    let clock = ClockMode::Film { at: plan.at(0), is_rolling: false };
    let setup = set_up(config, clock, size)?;
    eprintln!("quanyu: 共 {} 帧,视频长 {:.1} 秒;正在载入数据", plan.count(), plan.secs());
    let (mut wall, is_complete) = view.open(setup)?;
    view.enter(&mut wall)?;
    let waited_secs = view.wait.as_secs_f64();
    if !is_complete {
        eprintln!("quanyu: 等待 {waited_secs} 秒后仍有数据未到,按现状导出");
    }
    let mut progress = Progress::new(plan.count());
    record(&mut wall, &plan, |picture| {
        output.write(picture.index, &picture.image)?;
        progress.advance(picture.index + 1);
        Ok(())
    })?;
    progress.end();
    app::stop(wall.app);
    drop(simulator);
    println!("{}", output.finish()?.display());
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn plan_of(arguments: &ExportArguments, config: &Config) -> anyhow::Result<Plan> {
    let [from, to] = [&arguments.from, &arguments.to].map(|text| parse_time(text, config));
    let (from, to) = (from.context("--from")?, to.context("--to")?);
    Ok(Plan::new([from, to], arguments.speed, arguments.fps, Instant1970::system_now())?)
}

/// One picture of a film.
pub struct Picture {
    /// Which, from 0.
    pub index: u32,
    /// The instant that it shows.
    pub at: Instant1970,
    /// As it was drawn.
    pub image: Image,
}

/// Takes the pictures of `plan` one after another, of a wall that is at rest.
/// Its sources are let go first: what comes in from now on belongs to no picture.
///
/// # Errors
/// When a picture cannot be drawn, somebody stops it, and what `keep` returns.
pub fn record(
    wall: &mut HeadlessWall,
    plan: &Plan,
    mut keep: impl FnMut(Picture) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let_sources_go(wall);
    // What came piece by piece has left its mark on the scale.
    wall.app.world_mut().resource_mut::<HeatLayer>().start_over();
    let each = Duration::from_secs(1) / plan.fps();
    // The next picture is being drawn while the driver hands the last one back.
    let mut taken: Option<Taken> = None;
    for index in 0..plan.count() {
        wall.expose(plan.at(index), plan.speed(), each)?;
        if let Some(taken) = taken.take() {
            hand_over(taken, wall, &mut keep)?;
        }
        let shot = wall.shoot_at_rest()?;
        taken = Some(Taken { index, at: wall.app.world().resource::<WallClock>().now(), shot });
    }
    match taken {
        Some(taken) => hand_over(taken, wall, &mut keep),
        None => Ok(()),
    }
}

/// Gives a picture away, unless somebody stops it.
fn hand_over(
    taken: Taken,
    wall: &mut HeadlessWall,
    keep: &mut impl FnMut(Picture) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let kept = taken.develop(wall).and_then(keep);
    if kept.is_err() {
        // Ctrl+C also ends an ffmpeg; the wall hears of it with the next frame.
        wall.frame();
    }
    if wall.is_told_to_stop() { Err(StageError::Stopped.into()) } else { kept }
}

/// A picture that the driver has not handed back yet.
struct Taken {
    index: u32,
    at: Instant1970,
    shot: Shot,
}

impl Taken {
    fn develop(self, wall: &mut HeadlessWall) -> anyhow::Result<Picture> {
        Ok(Picture { index: self.index, at: self.at, image: wall.develop(&self.shot)? })
    }
}

/// Time that the cameras' pictures may take before the film begins without.
const LONGEST_PICTURES: Duration = Duration::from_secs(5);

/// Asks the sources no more, once the cameras' pictures have come.
fn let_sources_go(wall: &mut HeadlessWall) {
    let end = Instant::now() + LONGEST_PICTURES;
    while wall.app.world().resource::<ui::UiState>().waits_for_pictures() && Instant::now() < end {
        wall.frame();
    }
    if let Some(link) = wall.app.world_mut().remove_resource::<IngestLink>() {
        link.0.stop();
    }
}
