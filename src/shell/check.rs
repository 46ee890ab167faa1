//! `quanyu check`: the integrator's first question, answered in a table.
//!
//! Validates the configuration, looks at every source once, links the areas
//! and inspects what came: orphans, duplicates, invalid rings, the datum,
//! points outside the jurisdiction. Then it looks at every tile set: what it is,
//! what of it is drawn, whether it covers the jurisdiction.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use crate::config::error::Complaint;
use crate::config::{Config, Source, TileSet};
use crate::domain::area::AreaTree;
use crate::domain::context::ContextKind;
use crate::domain::finding::{Finding, FindingKind};
use crate::domain::geometry::{Bounds, LonLat};
use crate::domain::spatial::{AreaLocator, datum_hint};
use crate::domain::update::Records;
use crate::ingest::{IngestContext, ProbeReport, TileProbe, probe_all, probe_tiles};

/// Findings of one kind printed per source; `--json` has all.
const SHOWN: usize = 3;

#[derive(Serialize, Default)]
struct Report {
    config: String,
    complaints: Vec<Complaint>,
    sources: Vec<SourceReport>,
    tiles: Vec<TileReport>,
    /// What shows only when all sources are seen together.
    data: Vec<Finding>,
}

#[derive(Serialize)]
struct SourceReport {
    id: String,
    name: String,
    feed: &'static str,
    records: usize,
    bytes: u64,
    took_ms: u64,
    error: Option<String>,
    findings: Vec<Finding>,
    findings_total: u64,
}

#[derive(Serialize)]
struct TileReport {
    id: String,
    name: String,
    /// What its tiles are, in words.
    format: String,
    /// First and last level.
    zooms: Option<[u8; 2]>,
    /// West, south, east, north, WGS-84 degrees.
    bounds: Option<[f64; 4]>,
    /// Whether it covers all areas; `None` when that is not known.
    covers: Option<bool>,
    /// Vector layers and what they are drawn as.
    layers: Vec<(String, Option<ContextKind>)>,
    /// The tile that was looked at: level, column, row.
    tile: Option<[u32; 3]>,
    /// Whether it holds something that is drawn.
    is_drawn: bool,
    /// What its licence wants said.
    attribution: Option<String>,
    bytes: u64,
    took_ms: u64,
    error: Option<String>,
    /// What an integrator should look at, in words.
    findings: Vec<String>,
}

impl Report {
    fn code(&self) -> u8 {
        let is_dead = self.sources.iter().any(|source| source.error.is_some())
            || self.tiles.iter().any(|set| set.error.is_some());
        if !self.complaints.is_empty() || is_dead {
            return 2;
        }
        let has_findings = self.sources.iter().any(|source| source.findings_total > 0)
            || self.tiles.iter().any(|set| !set.findings.is_empty());
        u8::from(!self.data.is_empty() || has_findings)
    }
}

/// Checks and prints; the exit code is 0 for all good, 1 for findings, 2 for
/// what cannot be used.
pub fn run(path: &Path, offline: bool, json: bool) -> ExitCode {
    let report = examine(path, offline);
    let text = if json {
        serde_json::to_string_pretty(&report).unwrap_or_else(|error| error.to_string())
    } else {
        text_of(&report, offline)
    };
    ExitCode::from(if say(&text) { report.code() } else { 2 })
}

fn examine(path: &Path, offline: bool) -> Report {
    let mut report = Report { config: path.display().to_string(), ..Report::default() };
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => {
            report.complaints = error.complaints().to_vec();
            return report;
        }
    };
    if offline {
        return report;
    }
    let context = IngestContext::of(&config, std::sync::Arc::new(|| {}));
    let probes = probe_all(&config.sources, &context);
    report.data = inspect(&probes);
    report.tiles = examine_tiles(&config.tiles, bounds_of(&probes));
    report.sources = config.sources.iter().zip(probes).map(|(source, probe)| source_report(source, probe)).collect();
    report
}

/// Looks at all tile sets. `jurisdiction` is where the areas are, degrees.
fn examine_tiles(sets: &[TileSet], jurisdiction: Option<Bounds>) -> Vec<TileReport> {
    std::thread::scope(|scope| {
        let running: Vec<_> = sets.iter().map(|set| scope.spawn(move || probe_tiles(set, jurisdiction))).collect();
        let probes = running.into_iter().map(|thread| thread.join().unwrap_or_default());
        sets.iter().zip(probes).map(|(set, probe)| tile_report(set, probe)).collect()
    })
}

/// Where the areas are, degrees; `None` when no boundary came.
fn bounds_of(probes: &[ProbeReport]) -> Option<Bounds> {
    let mut bounds = Bounds::EMPTY;
    for probe in probes {
        if let Some(Records::Areas(areas)) = &probe.records {
            areas.iter().for_each(|area| bounds.merge(&area.shape.bounds()));
        }
    }
    (!bounds.is_empty()).then_some(bounds)
}

fn tile_report(set: &TileSet, probe: TileProbe) -> TileReport {
    let findings = if probe.error.is_some() { Vec::new() } else { tile_findings(set, &probe) };
    TileReport {
        id: set.id.clone(),
        name: set.name.clone(),
        format: probe.format,
        zooms: probe.zooms,
        bounds: probe.bounds.map(|bounds| [bounds.min[0], bounds.min[1], bounds.max[0], bounds.max[1]]),
        covers: probe.covers,
        layers: probe.layers,
        tile: probe.tile.map(|tile| [u32::from(tile.z), tile.x, tile.y]),
        is_drawn: probe.is_drawn,
        attribution: probe.attribution,
        bytes: probe.bytes,
        took_ms: probe.took_ms,
        error: probe.error,
        findings,
    }
}

/// What of a tile set may surprise whoever configured it.
fn tile_findings(set: &TileSet, probe: &TileProbe) -> Vec<String> {
    let mut findings = Vec::new();
    if probe.covers == Some(false) {
        findings.push("没有盖住全部区域".to_owned());
    }
    if !probe.layers.is_empty() && probe.layers.iter().all(|(_, kind)| kind.is_none()) {
        findings.push("没有一个图层会画出来,请在 layers 中对应".to_owned());
    }
    if !probe.is_drawn {
        findings.push("辖区中心的瓦片不存在或没有可画的内容".to_owned());
    }
    for (name, _) in set.layers.iter().filter(|(_, kind)| kind.is_some()) {
        if !probe.layers.is_empty() && !probe.layers.iter().any(|(known, _)| known == name) {
            findings.push(format!("layers 中的 `{name}` 没有出现在这组瓦片里"));
        }
    }
    if let Some(said) = probe.attribution.as_deref().filter(|said| set.attribution.is_none() && !said.trim().is_empty())
    {
        let said: String = said.chars().filter(|c| !c.is_control()).take(80).collect();
        findings.push(format!("文件要求署名而配置没有 attribution:{said}"));
    }
    findings
}

/// One tile set for a person to read.
fn push_tiles(lines: &mut Vec<String>, set: &TileReport) {
    let TileReport { name, id, format, took_ms, bytes, .. } = set;
    if let Some(error) = &set.error {
        lines.push(format!("✗ {name}({id},瓦片):{error}"));
        return;
    }
    let zooms = set.zooms.map_or(String::new(), |[least, most]| format!(",{least}–{most} 级"));
    let tile =
        set.tile.map_or(String::new(), |[z, x, y]| format!(",{z}/{x}/{y} 为 {:.1} KiB", *bytes as f64 / 1_024.0));
    lines.push(format!("✓ {name}({id},瓦片):{format}{zooms}{tile},{took_ms} 毫秒"));
    if let Some([west, south, east, north]) = set.bounds {
        lines.push(format!("    范围 {west:.4},{south:.4} 至 {east:.4},{north:.4}"));
    }
    let list = |drawn: bool| -> Vec<String> {
        let layers = set.layers.iter().filter(|(_, kind)| kind.is_some() == drawn);
        layers.map(|(name, kind)| kind.map_or_else(|| name.clone(), |kind| format!("{name}→{}", kind.name()))).collect()
    };
    for (what, layers) in [("画出", list(true)), ("不画", list(false))] {
        if !layers.is_empty() {
            lines.push(format!("    {what}:{}", layers.join("、")));
        }
    }
    lines.extend(set.findings.iter().map(|finding| format!("    {finding}")));
}

fn source_report(source: &Source, probe: ProbeReport) -> SourceReport {
    SourceReport {
        id: source.id.clone(),
        name: source.name.clone(),
        feed: source.feed.name(),
        records: probe.count(),
        bytes: probe.bytes,
        took_ms: probe.took_ms,
        error: probe.error,
        findings: probe.findings,
        findings_total: probe.findings_total,
    }
}

/// What shows only when all sources are seen together.
fn inspect(probes: &[ProbeReport]) -> Vec<Finding> {
    let areas = probes
        .iter()
        .filter_map(|probe| match &probe.records {
            Some(Records::Areas(areas)) => Some(areas.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let (tree, mut findings) = AreaTree::build(areas);
    if tree.is_empty() {
        return findings;
    }
    let locator = AreaLocator::build(&tree);
    for probe in probes {
        let points = points_of(probe);
        if points.is_empty() {
            continue;
        }
        if let Some(hint) = datum_hint(&points, &tree) {
            findings.push(Finding::new(FindingKind::Datum, &probe.source, hint.message()));
        }
        let outside = points.iter().filter(|&&at| locator.locate_deepest(at).is_none()).count();
        if outside > 0 {
            findings.push(Finding::new(
                FindingKind::Outside,
                &probe.source,
                format!("{} 个点中有 {outside} 个不在任何区域内", points.len()),
            ));
        }
    }
    findings
}

fn points_of(probe: &ProbeReport) -> Vec<LonLat> {
    match &probe.records {
        Some(Records::Events(events)) => events.iter().filter_map(|event| event.at).collect(),
        Some(Records::Cameras(cameras)) => cameras.iter().map(|camera| camera.at).collect(),
        Some(Records::Devices(devices)) => devices.iter().map(|device| device.at).collect(),
        Some(Records::CameraChanges(changes)) => changes.iter().filter_map(|change| change.at).collect(),
        Some(Records::DeviceChanges(changes)) => changes.iter().filter_map(|change| change.at).collect(),
        _ => Vec::new(),
    }
}

/// The report for a person to read.
fn text_of(report: &Report, offline: bool) -> String {
    let mut lines: Vec<String> = report.complaints.iter().map(ToString::to_string).collect();
    if !lines.is_empty() {
        return lines.join("\n");
    }
    lines.push(format!("配置 {} 有效", report.config));
    if offline {
        return lines.join("\n");
    }
    for source in &report.sources {
        let size = source.bytes as f64 / 1_024.0;
        let SourceReport { name, id, feed, records, took_ms, .. } = source;
        lines.push(match &source.error {
            Some(error) => format!("✗ {name}({id},{feed}):{error}"),
            None => format!("✓ {name}({id},{feed}):{records} 条,{size:.1} KiB,{took_ms} 毫秒"),
        });
        push_findings(&mut lines, &source.findings, source.findings_total as usize);
    }
    for set in &report.tiles {
        push_tiles(&mut lines, set);
    }
    if !report.data.is_empty() {
        lines.push("数据:".to_owned());
        push_findings(&mut lines, &report.data, report.data.len());
    }
    if report.code() == 0 {
        lines.push("一切正常".to_owned());
    }
    lines.join("\n")
}

/// Findings of one kind together: a few examples and how many more.
fn push_findings(lines: &mut Vec<String>, findings: &[Finding], total: usize) {
    let mut kinds: Vec<FindingKind> = findings.iter().map(|finding| finding.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let same: Vec<&Finding> = findings.iter().filter(|finding| finding.kind == kind).collect();
        lines.extend(same.iter().take(SHOWN).map(|finding| format!("    {}:{}", finding.subject, finding.message)));
        if same.len() > SHOWN {
            lines.push(format!("    …… 同类另有 {} 项", same.len() - SHOWN));
        }
    }
    if total > findings.len() {
        lines.push(format!("    …… 未列出 {} 项", total - findings.len()));
    }
}

/// Writes a line to standard output; a reader that went away is no error.
fn say(text: &str) -> bool {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => true,
        Err(error) => error.kind() == std::io::ErrorKind::BrokenPipe,
    }
}
