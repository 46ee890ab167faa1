//! A wall without a window, set up as the command line says: what `snapshot`
//! and `export` have in common.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::{Args, ValueHint};

use super::app::{Setup, Target, assemble};
use super::fonts;
use super::headless::HeadlessWall;
use super::run::{load, parse_size, parse_tilt, profile_config, start_ingest, start_simulator};
use crate::config::{Briefing, Config};
use crate::domain::clock::ClockMode;
use crate::layers::areas::AreaLayer;
use crate::layers::areas::raise::RaisedLayer;
use crate::layers::heat::HeatLayer;
use crate::map::MapView;
use crate::model::{Action, Areas, Focus, Presenting, Waker};
use crate::simulate::{DEFAULT_SEED, Simulator};

/// Of which data, and what of them.
#[derive(Args, Debug)]
pub struct StageArguments {
    /// 配置文件
    #[arg(short, long, value_hint = ValueHint::FilePath, conflicts_with = "profile", required_unless_present = "profile")]
    config: Option<PathBuf>,
    /// 用内置模拟器的这个街道
    #[arg(long)]
    profile: Option<String>,
    /// 画面大小,如 3840x1080;默认取配置,否则 1920x1080
    #[arg(long, value_parser = parse_size)]
    size: Option<[u32; 2]>,
    /// 场景:名称或从 1 起的序号
    #[arg(long)]
    scene: Option<String>,
    /// 聚焦的区域编码
    #[arg(long)]
    focus: Option<String>,
    /// 地图倾斜角,0 到 55 度;默认取场景的
    #[arg(long, value_parser = parse_tilt)]
    tilt: Option<f64>,
    /// 最多等数据多少秒
    #[arg(long, default_value_t = 20.0)]
    wait: f64,
    /// 模拟器的随机种子
    #[arg(long, default_value_t = DEFAULT_SEED)]
    seed: u64,
}

impl StageArguments {
    /// The configuration, and the simulator that it points at, if any; that
    /// stops when it is dropped.
    ///
    /// # Errors
    /// When there is none, it is faulty, or the simulator does not start.
    pub fn open(&self) -> anyhow::Result<(Arc<Config>, Option<Simulator>)> {
        Ok(match (&self.config, &self.profile) {
            (Some(path), _) => (load(path)?, None),
            (None, Some(profile)) => {
                let simulator = start_simulator(profile, self.seed, "127.0.0.1:0", 1.0)?;
                (profile_config(profile, simulator.address())?, Some(simulator))
            }
            (None, None) => bail!("请给出 --config 或 --profile"),
        })
    }

    /// Pixels of the picture.
    pub fn size(&self, config: &Config) -> [u32; 2] {
        self.size.or(config.wall.size).unwrap_or([1920, 1080])
    }

    /// What the picture shall show.
    pub fn view(&self) -> View {
        View {
            scene: self.scene.clone(),
            focus: self.focus.clone(),
            tilt_deg: self.tilt,
            briefing: None,
            wait: Duration::from_secs_f64(self.wait.clamp(0.0, 3_600.0)),
        }
    }
}

/// A wall that draws into a picture; its sources are being asked.
///
/// # Errors
/// When there are no fonts, or a source cannot be set up.
pub fn set_up(config: Arc<Config>, clock: ClockMode, size: [u32; 2]) -> anyhow::Result<Setup> {
    let config = Arc::new(standing(&config));
    let waker = Waker::default();
    Ok(Setup {
        clock,
        target: Target::Picture(size),
        fonts: fonts::load(&config.wall.fonts)?,
        ingest: Some(start_ingest(&config, &waker)?),
        waker,
        config,
    })
}

/// The same without a playlist and without alerts that take the wall over: a
/// picture is of the scene, or the step of a briefing, that was asked for, however
/// long its data take.
fn standing(config: &Config) -> Config {
    let mut config = config.clone();
    config.scenes.iter_mut().for_each(|scene| scene.duration_secs = None);
    let steps = config.briefings.iter_mut().flat_map(|briefing| &mut briefing.steps);
    steps.for_each(|step| step.duration_secs = None);
    config.alerting.rules.iter_mut().for_each(|rule| rule.rule.takeover_secs = None);
    config
}

/// Why the wall does not show what it shall.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// No scene of that name or number.
    #[error("没有场景“{wanted}”;已有:{known}")]
    UnknownScene {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// No briefing of that name or number.
    #[error("没有汇报“{wanted}”;{}", if known.is_empty() { "配置中没有 [[briefings]]".to_owned() } else { format!("已有:{known}") })]
    UnknownBriefing {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// The briefing has fewer steps.
    #[error("汇报“{name}”没有第 {wanted} 步,共 {steps} 步")]
    UnknownStep {
        /// The briefing.
        name: String,
        /// What was asked for, from 1.
        wanted: usize,
        /// What there is.
        steps: usize,
    },
    /// No area with that code.
    #[error("没有编码为 {0} 的区域")]
    UnknownArea(String),
    /// Somebody has had enough of waiting.
    #[error("已中断")]
    Stopped,
}

/// What a wall without a window shows.
#[derive(Default)]
pub struct View {
    /// Scene by name or number from 1.
    pub scene: Option<String>,
    /// Code of the area in focus.
    pub focus: Option<String>,
    /// Tilt of the map, degrees; the scene's own when not set.
    pub tilt_deg: Option<f64>,
    /// Briefing by name or number, and its step, both from 1.
    pub briefing: Option<(String, usize)>,
    /// How long to wait for data.
    pub wait: Duration,
}

/// The entry of a list that a name, or a number from 1, means.
fn named<'a>(wanted: &str, names: impl ExactSizeIterator<Item = &'a String>) -> Result<usize, String> {
    let names: Vec<&str> = names.map(String::as_str).collect();
    let by_number = wanted.parse::<usize>().ok().filter(|n| (1..=names.len()).contains(n)).map(|n| n - 1);
    by_number.or_else(|| names.iter().position(|name| *name == wanted)).ok_or_else(|| names.join("、"))
}

/// Index of a briefing by its name or number.
///
/// # Errors
/// When there is none of that name or number.
pub fn briefing_of(wanted: &str, config: &Config) -> Result<usize, StageError> {
    let found = named(wanted, config.briefings.iter().map(|briefing| &briefing.name));
    found.map_err(|known| StageError::UnknownBriefing { wanted: wanted.to_owned(), known })
}

impl View {
    /// Index of the scene, where one is named.
    ///
    /// # Errors
    /// When there is none of that name or number.
    pub fn scene_of(&self, config: &Config) -> Result<Option<usize>, StageError> {
        let Some(wanted) = &self.scene else { return Ok(None) };
        let found = named(wanted, config.scenes.iter().map(|scene| &scene.name));
        found.map(Some).map_err(|known| StageError::UnknownScene { wanted: wanted.clone(), known })
    }

    /// Index of the briefing and of its step, where one is named.
    fn step_of(&self, config: &Config) -> Result<Option<[usize; 2]>, StageError> {
        let Some((wanted, step)) = &self.briefing else { return Ok(None) };
        let briefing = briefing_of(wanted, config)?;
        let Briefing { name, steps } = &config.briefings[briefing];
        if !(1..=steps.len()).contains(step) {
            return Err(StageError::UnknownStep { name: name.clone(), wanted: *step, steps: steps.len() });
        }
        Ok(Some([briefing, step - 1]))
    }

    /// Assembles the wall and draws until its data are there. Returns it, and
    /// whether all data were.
    ///
    /// # Errors
    /// When the scene does not exist, or the wall is told to stop.
    pub fn open(&self, setup: Setup) -> Result<(HeadlessWall, bool), StageError> {
        let scene = self.scene_of(&setup.config)?;
        let step = self.step_of(&setup.config)?;
        let mut wall = HeadlessWall::new(assemble(setup));
        if let Some(scene) = scene {
            wall.app.world_mut().write_message(Action::StepScene(scene as i32));
        }
        if let Some(deg) = self.tilt_deg {
            wall.app.world_mut().write_message(Action::SetTilt(deg));
        }
        if let Some([briefing, step]) = step {
            for wish in [Presenting::Begin(briefing), Presenting::Go(step)] {
                wall.app.world_mut().write_message(Action::Present(wish));
            }
        }
        let complete = wall.settle(self.wait);
        if wall.is_told_to_stop() { Err(StageError::Stopped) } else { Ok((wall, complete)) }
    }

    /// Goes where the view shall be, and waits until it is there.
    ///
    /// # Errors
    /// When the area does not exist.
    pub fn enter(&self, wall: &mut HeadlessWall) -> Result<(), StageError> {
        if let Some(code) = &self.focus {
            focus(wall, code)?;
        }
        come_to_rest(wall);
        Ok(())
    }
}

fn focus(wall: &mut HeadlessWall, code: &str) -> Result<(), StageError> {
    let world = wall.app.world_mut();
    let index = world.resource::<Areas>().tree.find(code).ok_or_else(|| StageError::UnknownArea(code.to_owned()))?;
    let before = world.resource::<Focus>().revision;
    world.write_message(Action::Focus(index));
    // The flight takes 1.1 s; the picture is of where it ends.
    let end = Instant::now() + Duration::from_millis(1_600);
    while Instant::now() < end || wall.app.world().resource::<Focus>().revision == before {
        wall.frame();
    }
    Ok(())
}

/// Draws until no flight, tilt or rise is under way and the map's tiles are
/// there, for some seconds at most.
fn come_to_rest(wall: &mut HeadlessWall) {
    let end = Instant::now() + Duration::from_secs(20);
    let mut still = 0;
    while still < 3 && Instant::now() < end {
        wall.frame();
        let world = wall.app.world();
        let is_moving = world.resource::<MapView>().is_moving()
            || world.resource::<RaisedLayer>().is_building()
            || world.resource::<HeatLayer>().is_building()
            || world.resource::<AreaLayer>().is_refining();
        still = if is_moving || wall.waits_for_tiles() { 0 } else { still + 1 };
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_picture_does_not_wander_to_the_next_scene() {
        let text = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n\
                    [[scenes]]\nname = \"一\"\nduration = \"1s\"\n[[scenes]]\nname = \"二\"\n";
        let config = Config::parse(text, Path::new("t.toml")).expect("valid");
        assert!(config.scenes[0].duration_secs.is_some());
        assert!(standing(&config).scenes.iter().all(|scene| scene.duration_secs.is_none()));
    }

    #[test]
    fn a_step_of_a_briefing_is_found_or_what_there_is_is_told() {
        let text = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n\
                    [[scenes]]\nname = \"一\"\n[[briefings]]\nname = \"晨会\"\n\
                    [[briefings.steps]]\nscene = \"一\"\nduration = \"9s\"\n[[briefings.steps]]\nscene = \"一\"\n";
        let config = Config::parse(text, Path::new("t.toml")).expect("valid");
        let of = |name: &str, step: usize| {
            let view = View { briefing: Some((name.into(), step)), ..View::default() };
            view.step_of(&config).map_err(|error| error.to_string())
        };
        assert_eq!(of("晨会", 2), Ok(Some([0, 1])));
        assert_eq!(of("1", 1), Ok(Some([0, 0])));
        assert_eq!(of("晚会", 1), Err("没有汇报“晚会”;已有:晨会".into()));
        assert_eq!(of("晨会", 3), Err("汇报“晨会”没有第 3 步,共 2 步".into()));
        assert_eq!(of("晨会", 0), Err("汇报“晨会”没有第 0 步,共 2 步".into()));
        assert!(standing(&config).briefings[0].steps.iter().all(|step| step.duration_secs.is_none()));
    }
}
