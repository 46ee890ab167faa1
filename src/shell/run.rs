//! The command line: which command does what.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use bevy::app::AppExit;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};

use super::alert_book::AlertBook;
use super::app::{Setup, Target, assemble};
use super::kept::WallKept;
use super::reload::ConfigWatch;
use super::stage::{StageArguments, View};
use super::window::WakeUp;
use super::{bench, check, export, fonts, graphics, init, snapshot, stage};
use crate::config::{Config, MAX_TILT_DEG};
use crate::domain::clock::ClockMode;
use crate::domain::time::Time;
use crate::ingest::{Ingest, IngestContext};
use crate::model::{Action, Alerts, Presenting, Waker};
use crate::simulate::{DEFAULT_SEED, Simulator, SimulatorOptions};

/// 一屏观全域:街道、区、市指挥中心大屏。
#[derive(Parser, Debug)]
#[command(name = "quanyu", version, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    wall: WallArguments,
}

#[derive(Args, Debug)]
struct WallArguments {
    /// 配置文件
    #[arg(short, long, default_value = "config.toml", value_hint = ValueHint::FilePath)]
    config: PathBuf,
    /// 开始时聚焦的区域编码
    #[arg(long)]
    focus: Option<String>,
    /// 打开后即开始这个汇报:名称或从 1 起的序号
    #[arg(long)]
    briefing: Option<String>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// 打开大屏(默认命令)
    Wall(WallArguments),
    /// 启动内置模拟器,并在其上打开大屏
    Demo {
        /// 示范街道
        #[arg(long, default_value = "jinjihu")]
        profile: String,
        /// 模拟的随机种子
        #[arg(long, default_value_t = DEFAULT_SEED)]
        seed: u64,
        /// 打开后即开始这个汇报:名称或从 1 起的序号
        #[arg(long)]
        briefing: Option<String>,
    },
    /// 只启动模拟器
    Simulate {
        /// 示范街道
        #[arg(long, default_value = "jinjihu")]
        profile: String,
        /// 监听地址
        #[arg(long, default_value = "127.0.0.1:8750")]
        listen: SocketAddr,
        /// 随机种子
        #[arg(long, default_value_t = DEFAULT_SEED)]
        seed: u64,
        /// 模拟时间的快慢,1 为真实时间
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
        /// 把该街道的边界与底图写入此文件夹后退出
        #[arg(long, value_hint = ValueHint::DirPath)]
        write_map: Option<PathBuf>,
    },
    /// 不开窗口,生成一张画面后退出
    Snapshot(SnapshotArguments),
    /// 不开窗口,把一段时间的回放导出为视频(MP4)或逐帧画面(PNG)
    Export(export::ExportArguments),
    /// 看几个数据样本(文件或网址),写出一份带注释的配置;0 正常,1 有样本不能用,2 没有写出
    Init(init::InitArguments),
    /// 检查配置、数据源与数据;0 正常,1 有发现,2 不可用
    Check(check::CheckArguments),
    /// 用给定的数据测量这台机器
    Bench(bench::BenchArguments),
    /// 输出命令行补全脚本
    Completions {
        /// 哪种命令行
        shell: clap_complete::Shell,
    },
}

#[derive(Args, Debug)]
struct SnapshotArguments {
    #[command(flatten)]
    stage: StageArguments,
    /// 写到哪个 PNG 文件
    #[arg(short, long, value_hint = ValueHint::FilePath)]
    out: PathBuf,
    /// 显示的时刻,如 "2025-08-15 14:32:08"
    #[arg(long)]
    at: Option<String>,
    /// 数据到齐后再运行多少秒才取画面
    #[arg(long, default_value_t = 0.0)]
    run: f64,
    /// 汇报中的一步:汇报的名称或从 1 起的序号
    #[arg(long, conflicts_with_all = ["scene", "focus", "tilt"])]
    briefing: Option<String>,
    /// 汇报的第几步
    #[arg(long, default_value_t = 1, requires = "briefing")]
    step: usize,
}

/// Reads `1920x1080`.
pub(super) fn parse_size(text: &str) -> Result<[u32; 2], String> {
    let complaint = || format!("“{text}”不是画面大小,应如 1920x1080(每边 64–16384)");
    let (width, height) = text.split_once(['x', 'X', '×']).ok_or_else(complaint)?;
    let side = |part: &str| part.trim().parse::<u32>().ok().filter(|n| (64..=16_384).contains(n)).ok_or_else(complaint);
    Ok([side(width)?, side(height)?])
}

/// Reads degrees of tilt.
pub(super) fn parse_tilt(text: &str) -> Result<f64, String> {
    let deg = text.trim().parse::<f64>().ok().filter(|deg| (0.0..=MAX_TILT_DEG).contains(deg));
    deg.ok_or_else(|| format!("“{text}”不是倾斜角,应为 0 到 {MAX_TILT_DEG} 度,如 45"))
}

/// Logs go to standard error, at the level in `QUANYU_LOG` or `warn`.
pub fn init_logging() {
    let filter = std::env::var("QUANYU_LOG").unwrap_or_else(|_| "warn,quanyu=info,wgpu_hal=error".to_owned());
    // At finer levels it writes whole requests, with what they carry.
    let filter = format!("{filter},tungstenite=info");
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
}

/// Carries a command out.
///
/// # Errors
/// With what, where and what to do, for a person to read.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command.unwrap_or(Command::Wall(arguments.wall)) {
        Command::Wall(WallArguments { config, focus, briefing }) => {
            let config = load(&config)?;
            let file = Some(config.path.clone());
            return open_wall(config, file, focus, briefing);
        }
        Command::Demo { profile, seed, briefing } => {
            let simulator = start_simulator(&profile, seed, "127.0.0.1:0", 1.0)?;
            let config = profile_config(&profile, simulator.address())?;
            tracing::info!(address = %simulator.address(), profile, "模拟器已启动");
            let code = open_wall(config, None, None, briefing)?;
            simulator.stop();
            return Ok(code);
        }
        Command::Simulate { profile, listen, seed, speed, write_map } => {
            if let Some(folder) = write_map {
                crate::simulate::write_map(&profile, seed, &folder)?;
                return Ok(ExitCode::SUCCESS);
            }
            let simulator = start_simulator(&profile, seed, &listen.to_string(), speed)?;
            println!("模拟器 {profile} 正在 http://{} 提供数据,Ctrl+C 结束", simulator.address());
            simulator.wait();
        }
        Command::Snapshot(arguments) => return take_snapshot(arguments),
        Command::Export(arguments) => return export::run(&arguments),
        Command::Init(arguments) => return init::run(&arguments),
        Command::Check(arguments) => return Ok(check::run(&arguments)),
        Command::Bench(arguments) => bench::run(&arguments)?,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "quanyu", &mut std::io::stdout());
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn load(path: &Path) -> anyhow::Result<Arc<Config>> {
    Ok(Arc::new(Config::load(path)?))
}

pub(super) fn start_simulator(profile: &str, seed: u64, listen: &str, speed: f64) -> anyhow::Result<Simulator> {
    let listen = listen.parse().with_context(|| format!("“{listen}”不是监听地址,应如 127.0.0.1:8750"))?;
    Ok(Simulator::start(SimulatorOptions { profile: profile.to_owned(), seed, listen, speed, start: None })?)
}

/// The shipped configuration of a profile, pointed at the running simulator.
///
/// # Errors
/// When the profile ships no configuration.
pub fn profile_config(profile: &str, address: SocketAddr) -> anyhow::Result<Arc<Config>> {
    let (name, text) = match profile {
        "badahu" => ("examples/badahu.toml", include_str!("../../examples/badahu.toml")),
        "honghua" => ("examples/honghua.toml", include_str!("../../examples/honghua.toml")),
        "yanlong" => ("examples/yanlong.toml", include_str!("../../examples/yanlong.toml")),
        "jinjihu" => ("examples/jinjihu.toml", include_str!("../../examples/jinjihu.toml")),
        "nanjing" => ("examples/nanjing.toml", include_str!("../../examples/nanjing.toml")),
        other => bail!("示范街道 {other} 没有配置文件;已有:badahu、honghua、yanlong、jinjihu、nanjing"),
    };
    let text = text.replace("127.0.0.1:8750", &address.to_string());
    let mut config = Config::parse(&text, Path::new(name))?;
    // An invented city is there again after the next start.
    config.cache.enabled = false;
    Ok(Arc::new(config))
}

/// Opens the wall; `file` is where its configuration was read from, `focus` the
/// code of the area that it shows where the configuration names none.
/// `briefing` is begun at once.
fn open_wall(
    config: Arc<Config>,
    file: Option<PathBuf>,
    focus: Option<String>,
    briefing: Option<String>,
) -> anyhow::Result<ExitCode> {
    let config = focused(config, focus.as_deref());
    let briefing = briefing.map(|wanted| stage::briefing_of(&wanted, &config)).transpose()?;
    if !has_display() {
        bail!(
            "这台机器没有显示器(DISPLAY 与 WAYLAND_DISPLAY 都未设置)。\
             请在桌面会话中运行,或用 quanyu snapshot 生成画面"
        );
    }
    graphics::require()?;
    let wake = WakeUp::default();
    wake.wake_each_second()?;
    let waker = wake.waker();
    let watch_waker = waker.clone();
    let kept = WallKept::open(&config);
    let book = AlertBook::open(&config, &waker);
    let context = IngestContext::of(&config, Arc::clone(&waker.0));
    let ingest = Ingest::start_keeping(&config.sources, &config.tiles, context, kept.0.clone())?;
    let fonts = fonts::load(&config.wall.fonts)?;
    let setup = Setup { config, clock: ClockMode::Live, target: Target::Window, fonts, ingest: Some(ingest), waker };
    let mut app = assemble(setup);
    app.insert_resource(wake);
    app.insert_resource(kept);
    if let Some(briefing) = briefing {
        app.world_mut().write_message(Action::Present(Presenting::Begin(briefing)));
    }
    if let Some((book, record)) = book {
        app.world_mut().resource_mut::<Alerts>().load(record, Time::system_now());
        app.insert_resource(book);
    }
    if let Some(file) = file {
        let mut watch = ConfigWatch::of(&file, focus);
        if let Err(error) = watch.start(&watch_waker) {
            // The wall runs without; a new configuration then needs a restart.
            tracing::warn!("无法监视配置文件:{error}");
        }
        app.insert_resource(watch);
    }
    // A supervisor starts the wall again when it ended for a reason of its own.
    Ok(match app.run() {
        AppExit::Success => ExitCode::SUCCESS,
        AppExit::Error(code) => ExitCode::from(code.get()),
    })
}

/// The configuration with `focus` as the area that every scene shows that
/// names none of its own.
pub(super) fn focused(config: Arc<Config>, focus: Option<&str>) -> Arc<Config> {
    let Some(code) = focus else { return config };
    let mut config = Config::clone(&config);
    let default = config.map.focus.replace(code.to_owned());
    for scene in config.scenes.iter_mut().filter(|scene| scene.focus == default) {
        scene.focus = Some(code.to_owned());
    }
    Arc::new(config)
}

/// Whether a window can be opened. On systems other than Unix one always can.
pub fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(all(unix, not(target_os = "macos"))) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

pub(super) fn start_ingest(config: &Config, waker: &Waker) -> anyhow::Result<Ingest> {
    Ok(Ingest::start_with_tiles(&config.sources, &config.tiles, IngestContext::of(config, Arc::clone(&waker.0)))?)
}

fn take_snapshot(arguments: SnapshotArguments) -> anyhow::Result<ExitCode> {
    graphics::require()?;
    let (config, simulator) = arguments.stage.open()?;
    let clock = match &arguments.at {
        None => ClockMode::Live,
        Some(text) => ClockMode::Fixed(parse_time(text, &config)?),
    };
    let size = arguments.stage.size(&config);
    let request = snapshot::Request {
        out: arguments.out.clone(),
        view: View { briefing: arguments.briefing.map(|name| (name, arguments.step)), ..arguments.stage.view() },
        run: Duration::from_secs_f64(arguments.run.clamp(0.0, 3_600.0)),
    };
    let complete = snapshot::take(stage::set_up(config, clock, size)?, &request)?;
    if let Some(simulator) = simulator {
        simulator.stop();
    }
    println!("{}", arguments.out.display());
    if !complete {
        eprintln!("quanyu: 等待 {} 秒后仍有数据未到,画面按现状生成", request.view.wait.as_secs_f64());
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads an instant in the wall's time zone.
pub(super) fn parse_time(text: &str, config: &Config) -> anyhow::Result<Time> {
    Time::parse(text, &config.wall.zone).with_context(|| format!("“{text}”不是时刻,应如 \"2025-08-15 14:32:08\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn tilts_are_read_or_refused_with_an_example() {
        assert_eq!(parse_tilt("45"), Ok(45.0));
        for bad in ["", "-1", "56", "NaN", "steil"] {
            assert!(parse_tilt(bad).unwrap_err().contains("45"), "{bad}");
        }
    }

    #[test]
    fn sizes_are_read_or_refused_with_an_example() {
        assert_eq!(parse_size("3840x1080"), Ok([3840, 1080]));
        assert_eq!(parse_size("6656×1792"), Ok([6656, 1792]));
        for bad in ["", "1920", "0x10", "99999x1080", "axb"] {
            assert!(parse_size(bad).unwrap_err().contains("1920x1080"), "{bad}");
        }
    }
}
