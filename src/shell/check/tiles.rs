//! Tile sets in `quanyu check`.
//!
//! In: the sets, and where the areas are. Out: what each is, what of it is
//! drawn, whether it covers the jurisdiction.

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::config::TileSet;
use crate::domain::context::ContextKind;
use crate::domain::geometry::Bounds;
use crate::domain::update::Records;
use crate::ingest::{ProbeReport, TileProbe};

/// One tile set.
#[derive(Serialize)]
pub struct TileReport {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its tiles are, in words.
    pub format: String,
    /// First and last level.
    pub zooms: Option<[u8; 2]>,
    /// West, south, east, north, WGS-84 degrees.
    pub bounds: Option<[f64; 4]>,
    /// Whether it covers all areas; `None` when that is not known.
    pub covers: Option<bool>,
    /// Vector layers and what they are drawn as.
    pub layers: Vec<(String, Option<ContextKind>)>,
    /// The tile that was looked at: level, column, row.
    pub tile: Option<[u32; 3]>,
    /// Whether it holds something that is drawn.
    pub is_drawn: bool,
    /// What its licence wants said.
    pub attribution: Option<String>,
    /// Bytes of the tile.
    pub bytes: u64,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// Why nothing came.
    pub error: Option<String>,
    /// What an integrator should look at, in words.
    pub findings: Vec<String>,
}

/// Looks at all tile sets. `jurisdiction` is where the areas are, degrees.
pub fn examine_tiles(sets: &[TileSet], jurisdiction: Option<Bounds>, zone: &TimeZone) -> Vec<TileReport> {
    let probes = TileProbe::of_all(sets, jurisdiction, zone);
    sets.iter().zip(probes).map(|(set, probe)| tile_report(set, probe)).collect()
}

/// Where the areas are, degrees; `None` when no boundary came.
pub fn bounds_of(probes: &[ProbeReport]) -> Option<Bounds> {
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
pub fn push_tiles(lines: &mut Vec<String>, set: &TileReport) {
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
