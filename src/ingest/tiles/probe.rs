//! One look at one tile set: what `quanyu check` prints.
//!
//! In: a tile set, and where the jurisdiction is when that is known. Out: what
//! the set says of itself, and what one tile in the middle of the jurisdiction
//! holds, or why nothing came.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use prost::bytes::Bytes;

use super::archive::{Archive, ArchiveInfo};
use super::content::{self, Format, Reading};
use super::mapping::Mapping;
use super::remote::{Answer, Remote};
use super::vector;
use crate::config::TileSet;
use crate::config::tiles::TileOrigin;
use crate::domain::context::ContextKind;
use crate::domain::geometry::Bounds;
use crate::domain::tiles::{TileContent, TileId};
use crate::ingest::fault::Fault;
use crate::ingest::login::Logins;

/// Longest look at one tile set.
const LONGEST: Duration = Duration::from_secs(60);

/// Level of the tile that is looked at, where the set has it: a few streets.
const USUAL_ZOOM: u8 = 14;

/// The middle of China, for a server when no area is known.
const ANYWHERE: [f64; 2] = [104.0, 35.9];

/// What one look at a tile set found.
#[derive(Clone, Debug, Default)]
pub struct TileProbe {
    /// What its tiles are, in words; empty when none came.
    pub format: String,
    /// First and last level.
    pub zooms: Option<[u8; 2]>,
    /// What it says it covers, WGS-84 degrees.
    pub bounds: Option<Bounds>,
    /// Whether that holds the jurisdiction; `None` when one of them is not known.
    pub covers: Option<bool>,
    /// Vector layers, with what they are drawn as.
    pub layers: Vec<(String, Option<ContextKind>)>,
    /// The tile that was looked at.
    pub tile: Option<TileId>,
    /// Whether that tile is there and holds something that is drawn.
    pub is_drawn: bool,
    /// What its licence wants said.
    pub attribution: Option<String>,
    /// Bytes of the tile.
    pub bytes: u64,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// Why it cannot be used, in one sentence without secrets.
    pub error: Option<String>,
}

impl TileProbe {
    /// Looks at all `sets` at once, as [`probe_tiles`]; those with the same
    /// credentials log in once.
    pub fn of_all(sets: &[TileSet], jurisdiction: Option<Bounds>, zone: &TimeZone) -> Vec<Self> {
        let logins = Logins::new(zone.clone());
        look_at_all(sets, |set| look(set, jurisdiction, &logins))
    }
}

/// Looks at `set` once and waits for the answer. `jurisdiction` is in WGS-84
/// degrees, instants in templates of credentials in `zone`. Blocks; not to be
/// called from a thread that runs a tokio runtime.
pub fn probe_tiles(set: &TileSet, jurisdiction: Option<Bounds>, zone: &TimeZone) -> TileProbe {
    look(set, jurisdiction, &Logins::new(zone.clone()))
}

fn look_at_all(sets: &[TileSet], look: impl Fn(&TileSet) -> TileProbe + Sync) -> Vec<TileProbe> {
    // A bug of ours must not pass for a set without tiles.
    let broken = || TileProbe { error: Some(Fault::Internal.to_string()), ..TileProbe::default() };
    std::thread::scope(|scope| {
        let look = &look;
        let running: Vec<_> = sets.iter().map(|set| scope.spawn(move || look(set))).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| broken())).collect()
    })
}

fn look(set: &TileSet, jurisdiction: Option<Bounds>, logins: &Logins) -> TileProbe {
    let started = Instant::now();
    let mut probe = TileProbe::default();
    let looked = match &set.origin {
        TileOrigin::Url(_) => look_at_server(set, jurisdiction, logins, &mut probe),
        _ => look_at_archive(set, jurisdiction, &mut probe),
    };
    probe.error = looked.err().map(|fault| fault.to_string());
    probe.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    probe
}

fn look_at_archive(set: &TileSet, jurisdiction: Option<Bounds>, probe: &mut TileProbe) -> Result<(), Fault> {
    let mut archive = Archive::open(&set.origin, set.grid.matrix)?.ok_or(Fault::Internal)?;
    let info = archive.info()?;
    let in_force = info.zooms_of(set);
    let ArchiveInfo { format, zooms, bounds, layers, attribution, .. } = info;
    let to_wgs84 = |corner| set.grid.datum.to_wgs84(corner);
    let bounds = bounds.map(|bounds| Bounds { min: to_wgs84(bounds.min), max: to_wgs84(bounds.max) });
    probe.zooms = Some(zooms);
    probe.format = format;
    probe.attribution = attribution;
    probe.bounds = bounds;
    probe.covers = bounds.zip(jurisdiction).map(|(all, part)| all.contains(part.min) && all.contains(part.max));
    let mapping = Mapping::new(&set.layers);
    probe.layers = layers.into_iter().map(|name| with_kind(&mapping, name)).collect();
    let middle = jurisdiction.or(bounds).map_or(ANYWHERE, |bounds| bounds.center());
    // A coarser tile, where there is none of the usual level.
    let [least, most] = in_force?;
    for z in (least..=most.min(USUAL_ZOOM.max(least))).rev() {
        let tile = tile_at(set, z, middle);
        if let Some(body) = archive.tile(tile)? {
            return look_at_tile(set, tile, body, probe);
        }
    }
    Ok(())
}

fn look_at_server(
    set: &TileSet,
    jurisdiction: Option<Bounds>,
    logins: &Logins,
    probe: &mut TileProbe,
) -> Result<(), Fault> {
    let TileOrigin::Url(url) = &set.origin else { return Err(Fault::Internal) };
    let remote = Remote::new(url, set.grid.matrix, logins)?;
    let least = set.min_zoom.unwrap_or_else(|| set.grid.matrix.least_zoom());
    let most = set.max_zoom.unwrap_or(USUAL_ZOOM);
    let z = if jurisdiction.is_some() { USUAL_ZOOM.clamp(least, most.max(least)) } else { least };
    let tile = tile_at(set, z, jurisdiction.map_or(ANYWHERE, |bounds| bounds.center()));
    probe.tile = Some(tile);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::Unusable(format!("tokio:{error}")))?;
    let answer = runtime.block_on(async {
        let limit = tokio::time::timeout(LONGEST, remote.tile(tile)).await;
        limit.unwrap_or(Err(Fault::Whole { secs: LONGEST.as_secs_f64(), received: 0 }))
    })?;
    match answer {
        Answer::Tile(body) => look_at_tile(set, tile, body, probe),
        Answer::None(status) => Err(Fault::Status { status, retry_after: None }),
    }
}

/// What one tile holds.
fn look_at_tile(set: &TileSet, tile: TileId, body: Vec<u8>, probe: &mut TileProbe) -> Result<(), Fault> {
    probe.tile = Some(tile);
    probe.bytes = body.len() as u64;
    let reading = Reading { grid: set.grid, mapping: Mapping::new(&set.layers) };
    let Some((format, unpacked)) = content::unpack(body.clone())? else { return Ok(()) };
    if format == Format::Vector {
        add_layers(&unpacked, &reading.mapping, probe)?;
    }
    let read = content::read(body, tile, &reading)?;
    if let TileContent::Raster(picture) = &read {
        probe.format = format!("图片 {}×{}", picture.width, picture.height);
    } else {
        "矢量 MVT".clone_into(&mut probe.format);
    }
    probe.is_drawn = !matches!(read, TileContent::Absent | TileContent::Faulty);
    Ok(())
}

/// Layers that only the tile tells of.
fn add_layers(body: &Bytes, mapping: &Mapping, probe: &mut TileProbe) -> Result<(), Fault> {
    for name in vector::layer_names(body)? {
        if !probe.layers.iter().any(|(known, _)| *known == name) {
            probe.layers.push(with_kind(mapping, name));
        }
    }
    Ok(())
}

fn with_kind(mapping: &Mapping, name: String) -> (String, Option<ContextKind>) {
    let kind = mapping.rule(&name).map(|rule| rule.kind);
    (name, kind)
}

/// The tile of level `z` that holds a place.
fn tile_at(set: &TileSet, z: u8, lonlat: [f64; 2]) -> TileId {
    let [columns, rows] = set.grid.matrix.size(z);
    let [x, y] = set.grid.position(z, lonlat).map(|v| v.max(0.0) as u32);
    TileId { z, x: x.min(columns - 1), y: y.min(rows - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_breaks_down_is_an_error() {
        let text = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n\
            [[tiles]]\nid = \"t\"\nkind = \"xyz\"\nurl = \"http://a.cn/{z}/{x}/{y}\"\n";
        let config = crate::config::Config::parse(text, std::path::Path::new("/t.toml")).expect("is valid");
        let probes = look_at_all(&config.tiles, |_| panic!("of this test"));
        assert_eq!(probes.len(), 1);
        assert_eq!(probes[0].error.as_deref(), Some("解码器内部错误"));
    }
}
