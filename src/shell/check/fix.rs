//! `quanyu check --fix`: writes what it proposes, or says why it does not.
//!
//! In: the configuration with its text, and what was found. Out: the new file,
//! in which comments and layout are as they were, and beside it the former
//! one; what was changed on standard error.
//!
//! How it works: nothing is written that was not tried. The new text must load,
//! and every source that it changes must then give no fewer records than
//! before. The new file comes whole or not at all ([`rewrite`]).

use std::io::Write;

use super::inspect::inspect;
use super::report::{FixItem, Fixes};
use crate::config::Config;
use crate::domain::time::Time;
use crate::ingest::{IngestContext, ProbeReport, survey_all};
use crate::setup::diff::unified;
use crate::setup::fix::{Change, apply};
use crate::setup::propose::{Seen, propose};
use crate::shell::rewrite;

/// Rounds of proposing: what words a field has is only known once it is mapped.
const ROUNDS: usize = 4;

/// Proposes what to change after `probes`, tries it, and writes it.
pub fn carry_out(config: &Config, text: &str, probes: &[ProbeReport]) -> Fixes {
    let (changes, tried) = match improve(config, text, probes) {
        Ok((changes, new)) => (changes, Ok(new)),
        Err((changes, reason)) => (changes, Err(reason)),
    };
    let item = |change: &Change| FixItem {
        source: config.sources.get(change.source).map(|source| source.id.clone()).unwrap_or_default(),
        key: format!("sources[{}].{}", change.source, change.what.path().join(".")),
        value: change.what.value().to_owned(),
        reason: change.reason.clone(),
    };
    let mut fixes = Fixes { changes: changes.iter().map(item).collect(), ..Fixes::default() };
    if changes.is_empty() {
        tell("没有可以改的,配置文件未动\n");
        return fixes;
    }
    let written = tried.and_then(|new| {
        tell(&format!("--- {0}\n+++ {0}\n{1}", config.path.display(), unified(text, &new)));
        rewrite::replace(&config.path, text, &new)
    });
    match written {
        Ok(backup) => {
            tell(&format!("已写入 {} 处;原来的文件在 {}\n", changes.len(), backup.display()));
            fixes.written = true;
            fixes.backup = Some(backup.display().to_string());
        }
        Err(reason) => {
            tell(&format!("配置文件未动:{reason}\n"));
            fixes.refused = Some(reason);
        }
    }
    fixes
}

/// Writes to standard error; that nobody reads it is no reason to stop.
fn tell(text: &str) {
    _ = std::io::stderr().write_all(text.as_bytes());
}

/// Changes, and the text with all of them, of which each was tried.
///
/// # Errors
/// Changes, and why they are not to be made.
pub fn improve(
    config: &Config,
    text: &str,
    probes: &[ProbeReport],
) -> Result<(Vec<Change>, String), (Vec<Change>, String)> {
    let mut config = config.clone();
    let mut text = text.to_owned();
    let mut later: Vec<Option<ProbeReport>> = probes.iter().map(|_| None).collect();
    let mut all: Vec<Change> = Vec::new();
    for _ in 0..ROUNDS {
        let latest: Vec<&ProbeReport> =
            later.iter().zip(probes).map(|(later, first)| later.as_ref().unwrap_or(first)).collect();
        let changes = proposals(&config, &latest);
        if changes.is_empty() {
            break;
        }
        match tried(&config, &text, &changes, &latest) {
            Ok((new, improved, reports)) => {
                (text, config) = (new, improved);
                for (index, report) in reports {
                    later[index] = Some(report);
                }
                all.extend(changes);
            }
            // What went well before is worth having.
            Err(_) if !all.is_empty() => break,
            Err(reason) => return Err((changes, reason)),
        }
    }
    Ok((all, text))
}

fn proposals(config: &Config, probes: &[&ProbeReport]) -> Vec<Change> {
    let (_, found) = inspect(&config.sources, probes, config.closed_loop.stages.len(), Time::system_now());
    let seen: Vec<Seen<'_>> = probes
        .iter()
        .zip(&found)
        .map(|(probe, found)| Seen {
            survey: probe.survey.as_deref(),
            findings: &probe.findings,
            records: probe.count(),
            points: found.points,
            datum: found.datum,
            other_crs: probe.other_crs,
            ahead_secs: found.ahead_secs,
        })
        .collect();
    propose(&config.sources, &seen, &config.closed_loop.stages, &config.wall.zone)
}

/// What changing gives: the text, what it means, and what then comes of the
/// sources that it changes.
type Tried = (String, Config, Vec<(usize, ProbeReport)>);

/// Tries changes: the text must load, and the sources serve no worse.
fn tried(config: &Config, text: &str, changes: &[Change], before: &[&ProbeReport]) -> Result<Tried, String> {
    let new = apply(text, changes)?;
    let improved = Config::parse(&new, &config.path).map_err(|error| format!("改后的配置无效:{error}"))?;
    let mut changed: Vec<usize> = changes.iter().map(|change| change.source).collect();
    changed.sort_unstable();
    changed.dedup();
    let sources: Vec<_> = changed.iter().filter_map(|&index| improved.sources.get(index).cloned()).collect();
    let reports = survey_all(&sources, &IngestContext::of(&improved, std::sync::Arc::new(|| {})));
    for ((report, source), &index) in reports.iter().zip(&sources).zip(&changed) {
        let (now, then) = (report.count(), before.get(index).map_or(0, |probe| probe.count()));
        // What is pushed comes as it likes.
        if now < then && !source.origin.is_push() {
            return Err(format!("改后 {} 只有 {now} 条可用的记录(原来 {then} 条)", report.source));
        }
    }
    Ok((new, improved, changed.into_iter().zip(reports).collect()))
}
