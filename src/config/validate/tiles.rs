//! Checks of `[[tiles]]`.
//!
//! In: the tables as written. Out: [`TileSet`]s, and a complaint about every
//! key that does not belong to the kind of its set.

use std::collections::BTreeMap;
use std::path::Path;

use super::access::{is_https, tls};
use super::address::{kept_elsewhere, tile_url};
use super::credentials::Credentials;
use super::source::{deadlines, headers, is_id, resolved};
use super::{distinct, optional_text, refuse_keys_of_other_kinds, required, required_text};
use crate::config::access::Access;
use crate::config::error::Complaints;
use crate::config::kind::TileKind;
use crate::config::raw::RawTiles;
use crate::config::read::{At, joined, not_among};
use crate::config::tiles::{MAX_TILE_SETS, TileOrigin, TileSet, TileUrl};
use crate::domain::context::ContextKind;
use crate::domain::crs::Crs;
use crate::domain::tiles::{MAX_ZOOM, TileGrid};

/// Pixels across which a tile may be meant to be shown.
const TILE_PX: std::ops::RangeInclusive<u64> = 64..=2_048;

/// Deepest level of a server that names none: the deepest that most have.
const USUAL_MAX_ZOOM: u8 = 18;

/// Checks all tile sets. `taken` are the ids of the sources, among which their
/// health is shown.
pub(super) fn tile_sets(
    raw: Option<At<Vec<At<RawTiles>>>>,
    taken: &[String],
    folder: &Path,
    credentials: &Credentials,
    complaints: &mut Complaints,
) -> Vec<TileSet> {
    let Some(raw) = raw else { return Vec::new() };
    if raw.value.len() > MAX_TILE_SETS {
        let message = format!("至多 {MAX_TILE_SETS} 组瓦片,却有 {}", raw.value.len());
        complaints.add(raw.offset, &raw.key, message);
    }
    let ids: Vec<At<String>> = raw.value.iter().filter_map(|set| set.value.id.clone()).collect();
    distinct(&ids, "瓦片 id ", complaints);
    for id in ids.iter().filter(|id| taken.contains(&id.value)) {
        complaints.add(id.offset, &id.key, "已有数据源用了这个 id");
    }
    raw.value.into_iter().filter_map(|set| tile_set(set, folder, credentials, complaints)).collect()
}

fn tile_set(
    mut raw: At<RawTiles>,
    folder: &Path,
    credentials: &Credentials,
    complaints: &mut Complaints,
) -> Option<TileSet> {
    let id = raw.value.id.take();
    let id = required(id, "id", &raw, complaints).filter(|id| is_id(id, complaints));
    let kind = raw.value.kind.take();
    let kind = required(kind, "kind", &raw, complaints).map(|at| at.value);
    if let Some(kind) = kind {
        refuse_keys_of_other_kinds(raw.value.present(), kind, "瓦片", complaints);
    }
    let origin = kind.and_then(|kind| origin(&mut raw, kind, folder, credentials, complaints));
    let RawTiles { name, crs, matrix, tile_size, min_zoom, max_zoom, opacity, look, layers, attribution, .. } =
        raw.value;
    let name = optional_text(name, complaints);
    let datum = datum(crs, complaints);
    let matrix = matrix.map(|at| at.value).unwrap_or_default();
    let tile_px = tile_size.map(|at| in_range(&at, TILE_PX, complaints) as u16);
    let levels = u64::from(matrix.least_zoom())..=u64::from(MAX_ZOOM);
    let min_at = min_zoom.as_ref().map(|at| (at.offset, at.key.clone()));
    let min_zoom = min_zoom.map(|at| in_range(&at, levels.clone(), complaints) as u8);
    let max_zoom = max_zoom.map(|at| in_range(&at, levels, complaints) as u8);
    let is_remote = matches!(origin, Some(TileOrigin::Url(_)));
    let max_zoom = max_zoom.or(is_remote.then_some(USUAL_MAX_ZOOM));
    if let (Some((offset, key)), Some(least), Some(most)) = (min_at, min_zoom, max_zoom)
        && least > most
    {
        complaints.add(offset, key, format!("最小级别 {least} 大于最大级别 {most}"));
    }
    let opacity = opacity.map_or(1.0, |at| {
        if !(0.0..=1.0).contains(&at.value) {
            complaints.add(at.offset, &at.key, format!("不透明度须在 0 到 1 之间,却是 {}", at.value));
        }
        at.value as f32
    });
    let layers = layers.map(|at| layer_kinds(at.value, complaints)).unwrap_or_default();
    let attribution = optional_text(attribution, complaints);
    let id = id?.value;
    Some(TileSet {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        origin: origin?,
        grid: TileGrid { matrix, datum },
        tile_px,
        min_zoom,
        max_zoom,
        opacity,
        look: look.map(|at| at.value).unwrap_or_default(),
        layers,
        attribution,
    })
}

fn origin(
    raw: &mut At<RawTiles>,
    kind: TileKind,
    folder: &Path,
    credentials: &Credentials,
    complaints: &mut Complaints,
) -> Option<TileOrigin> {
    if matches!(kind, TileKind::PmTiles | TileKind::MbTiles) {
        let path = raw.value.path.take();
        let path = resolved(required_text(path, "path", raw, complaints)?, folder, complaints)?;
        return Some(match kind {
            TileKind::PmTiles => TileOrigin::PmTiles { path },
            _ => TileOrigin::MbTiles { path },
        });
    }
    let address = raw.value.url.take();
    let address = required_text(address, "url", raw, complaints).and_then(|address| tile_url(address, complaints));
    let RawTiles { subdomains, key, headers: given, connect_timeout, idle_timeout, whole_timeout, .. } = &mut raw.value;
    let timeouts = [connect_timeout.take(), idle_timeout.take(), whole_timeout.take()];
    let headers = headers(given.take(), folder, complaints);
    let (subdomains, key) = (subdomains.take(), key.take());
    let (shown, certificates) = (raw.value.credentials.take(), raw.value.tls.take());
    let is_https = address.as_ref().is_none_or(|address| is_https(address));
    let access = Access {
        credentials: shown.and_then(|id| credentials.named(&id, complaints)),
        tls: tls(certificates, is_https, folder, complaints),
    };
    let deadlines = deadlines(timeouts, complaints);
    let has = |placeholder: &str| address.as_ref().is_some_and(|address| address.contains(placeholder));
    let subdomains = checked_subdomains(subdomains, has("{s}"), raw, complaints);
    if has("{key}") && key.is_none() && !complaints.concerns_within(&joined(&raw.key, "key")) {
        let message = r#"网址中有 {key},却没有 `key`,请写作 key = { env = "环境变量名" }"#;
        complaints.add(raw.offset, joined(&raw.key, "key"), message);
    }
    if let Some(key) = key.as_ref().filter(|_| address.is_some() && !has("{key}")) {
        complaints.add(key.key_offset, &key.key, "网址中没有 {key},密钥不会发出");
    }
    let key = key.and_then(|key| kept_elsewhere(key.value, key.key, key.offset, folder, complaints));
    Some(TileOrigin::Url(Box::new(TileUrl { template: address?, subdomains, key, headers, access, deadlines })))
}

fn checked_subdomains(
    subdomains: Option<At<Vec<At<String>>>>,
    is_used: bool,
    table: &At<RawTiles>,
    complaints: &mut Complaints,
) -> Vec<String> {
    let key = joined(&table.key, "subdomains");
    let Some(subdomains) = subdomains else {
        if is_used && !complaints.concerns_within(&key) {
            let message = r#"网址中有 {s},却没有 `subdomains`,请写作 subdomains = ["0", "1", "2"]"#;
            complaints.add(table.offset, key, message);
        }
        return Vec::new();
    };
    if is_used && subdomains.value.is_empty() && !complaints.concerns_within(&key) {
        complaints.add(subdomains.offset, &subdomains.key, "至少写一个");
    }
    for name in &subdomains.value {
        if name.value.is_empty() || !name.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.') {
            complaints.add(name.offset, &name.key, "只能由字母、数字、- 和 . 组成");
        }
    }
    subdomains.value.into_iter().map(|name| name.value).collect()
}

/// The datum of the tiles. Web Mercator is no datum here but a matrix.
fn datum(crs: Option<At<Crs>>, complaints: &mut Complaints) -> Crs {
    let Some(crs) = crs else { return Crs::default() };
    if !crs.value.is_datum() {
        let message = "瓦片的 crs 是基准(wgs84、cgcs2000、gcj02、bd09);墨卡托切分请写 matrix = \"web-mercator\"(默认)";
        complaints.add(crs.offset, &crs.key, message);
    }
    crs.value
}

/// A whole number within `range`; its nearest bound after complaining.
fn in_range(number: &At<u64>, range: std::ops::RangeInclusive<u64>, complaints: &mut Complaints) -> u64 {
    if !range.contains(&number.value) {
        let message = format!("须在 {} 到 {} 之间,却是 {}", range.start(), range.end(), number.value);
        complaints.add(number.offset, &number.key, message);
    }
    number.value.clamp(*range.start(), *range.end())
}

/// Checks `layers`.
fn layer_kinds(
    raw: BTreeMap<String, At<String>>,
    complaints: &mut Complaints,
) -> BTreeMap<String, Option<ContextKind>> {
    let mut kinds = BTreeMap::new();
    for (layer, kind) in raw {
        let known = ContextKind::parse(&kind.value);
        if known.is_none() && kind.value != "none" {
            let message = not_among(&kind.value, &["water", "green", "building", "road", "none"]);
            complaints.add(kind.offset, &kind.key, message);
        }
        kinds.insert(layer, known);
    }
    kinds
}
