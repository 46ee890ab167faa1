//! `quanyu check`: the integrator's first question, answered in a table.
//!
//! Validates the configuration, holds a theme of one's own to the rules
//! (`themes`), looks at every source once, links the areas
//! and inspects what came (`inspect`): orphans, duplicates, invalid rings, the
//! datum, points outside the jurisdiction, instants of the future, members that
//! no mapping uses, fields that are not there or cannot be read. Then it looks
//! at every tile set (`tiles`). What it found is a `report`, printed as `text`
//! or JSON; `fix` writes what it proposes.

mod fix;
mod inspect;
mod report;
mod text;
mod themes;
mod tiles;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueHint};

pub use fix::improve;

use crate::config::{Config, ConfigError};
use crate::domain::time::Time;
use crate::ingest::{IngestContext, survey_all};
use inspect::inspect;
use report::{Item, Lines, Report, SCHEMA, Weight, area_item, source_report};
use themes::theme_items;
use tiles::{bounds_of, examine_tiles};

/// What to check, and how to say what was found.
#[derive(Args, Debug)]
pub struct CheckArguments {
    /// 配置文件
    #[arg(short, long, default_value = "config.toml", value_hint = ValueHint::FilePath)]
    config: PathBuf,
    /// 只检查配置,不连接数据源
    #[arg(long)]
    offline: bool,
    /// 以 JSON 输出(一个对象,写法见接入手册);标准输出上别无其他
    #[arg(long)]
    json: bool,
    /// 把建议的字段、取值、坐标系、时间写法写入配置文件,保留注释;原来的文件另存,改动列在标准错误上
    #[arg(long, conflicts_with = "offline")]
    fix: bool,
}

/// Checks and prints; the exit code is 0 for all good, 1 for findings, 2 for
/// what cannot be used: of what was found before anything was mended.
pub fn run(arguments: &CheckArguments) -> ExitCode {
    let CheckArguments { config, offline, json, fix } = arguments;
    let report = examine(config, *offline, *fix);
    let text = if *json {
        serde_json::to_string_pretty(&report).unwrap_or_else(|error| error.to_string())
    } else {
        text::text_of(&report, *offline)
    };
    ExitCode::from(if say(&text) { report.exit } else { 2 })
}

fn examine(path: &Path, offline: bool, fix: bool) -> Report {
    let name = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Report::refused(name, ConfigError::unreadable(path, &error).complaints()),
    };
    let config = match Config::parse(&text, path) {
        Ok(config) => config,
        Err(error) => return Report::refused(name, error.complaints()),
    };
    let unmasked = config.privacy.loosened.clone();
    let mut report = Report { schema: SCHEMA, config: name, unmasked, ..Report::default() };
    report.findings.extend(theme_items(&config));
    if offline {
        report.judge();
        return report;
    }
    let probes = survey_all(&config.sources, &IngestContext::of(&config, std::sync::Arc::new(|| {})));
    let now = Time::system_now();
    let stage_count = config.closed_loop.stages.len();
    let (of_areas, found) = inspect(&config.sources, &probes.iter().collect::<Vec<_>>(), stage_count, now);
    report.tiles = examine_tiles(&config.tiles, bounds_of(&probes), &config.wall.zone);
    if fix {
        report.fixes = Some(fix::carry_out(&config, &text, &probes));
    }
    for (index, ((source, probe), found)) in config.sources.iter().zip(probes).zip(&found).enumerate() {
        let lines = Lines { text: &text, index };
        let of_source = source_report(source, probe, found, &lines, now, &mut report.findings);
        report.sources.push(of_source);
    }
    report.findings.extend(of_areas.iter().map(area_item));
    report.findings.extend(report.tiles.iter().flat_map(tile_items));
    report.judge();
    report
}

fn tile_items(set: &tiles::TileReport) -> Vec<Item> {
    let item = |severity, message: &String| Item {
        severity,
        kind: "tiles",
        source: Some(set.id.clone()),
        subject: String::new(),
        message: message.clone(),
        file: None,
        line: 0,
        column: 0,
        key: String::new(),
    };
    let error = set.error.iter().map(|error| item(Weight::Error, error));
    error.chain(set.findings.iter().map(|finding| item(Weight::Warning, finding))).collect()
}

/// Writes a line to standard output; a reader that went away is no error.
fn say(text: &str) -> bool {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => true,
        Err(error) => error.kind() == std::io::ErrorKind::BrokenPipe,
    }
}
