//! `quanyu check`: the integrator's first question, answered in a table.
//!
//! Validates the configuration, looks at every source once, links the areas
//! and inspects what came: orphans, duplicates, invalid rings, the datum,
//! points outside the jurisdiction.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use crate::config::error::Complaint;
use crate::config::{Config, Source};
use crate::domain::area::AreaTree;
use crate::domain::finding::{Finding, FindingKind};
use crate::domain::geometry::LonLat;
use crate::domain::spatial::{AreaLocator, datum_hint};
use crate::domain::update::Records;
use crate::ingest::{IngestContext, ProbeReport, probe};

/// Findings of one kind printed per source; `--json` has all.
const SHOWN: usize = 3;

#[derive(Serialize, Default)]
struct Report {
    config: String,
    complaints: Vec<Complaint>,
    sources: Vec<SourceReport>,
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

impl Report {
    fn code(&self) -> u8 {
        if !self.complaints.is_empty() || self.sources.iter().any(|source| source.error.is_some()) {
            2
        } else {
            u8::from(!self.data.is_empty() || self.sources.iter().any(|source| source.findings_total > 0))
        }
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
    let probes: Vec<ProbeReport> = std::thread::scope(|scope| {
        // All at once: one stalled source must not hold up the others.
        let running: Vec<_> = config.sources.iter().map(|source| scope.spawn(|| probe(source, &context))).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    });
    report.data = inspect(&probes);
    report.sources = config.sources.iter().zip(probes).map(|(source, probe)| source_report(source, probe)).collect();
    report
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
