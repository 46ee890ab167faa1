//! From the file as written to the configuration that the program uses.
//!
//! In: [`RawConfig`] with the complaints of reading it. Out: [`Config`] with
//! references resolved, defaults filled in and every number in its range, or
//! all complaints.
//!
//! How it works: every check goes on with a default where a value is missing
//! or bad. What it builds then is only handed out when nobody complained.

mod access;
mod address;
mod alert;
mod briefing;
mod cell;
mod credentials;
mod heat;
mod mapping;
mod paging;
mod panel;
mod postgres;
mod privacy;
mod push;
mod remote;
mod service;
mod source;
mod theme;
mod tiles;

use std::collections::HashMap;
use std::path::Path;

use jiff::tz::TimeZone;

use super::choice::ClassingMethod;
use super::error::{Complaints, ConfigError};
use super::kind::Kind;
use super::raw::{RawBezels, RawCache, RawClosedLoop, RawConfig, RawEvents, RawMap, RawWall, RawWarning};
use super::read::{At, excerpt, joined, nearest, not_among};
use super::units::DurationSecs;
use super::{Bezels, Cache, Classing, ClosedLoop, Config, Events, Fill, MAX_TILT_DEG, Map, Wall, Warning};
use crate::domain::choropleth::AreaFigure;
use crate::domain::event_store::MAX_EVENTS;

/// Title of a wall without one.
const DEFAULT_TITLE: &str = "全域治理一张图";

/// Fonts with Chinese on the systems that walls run on, best first.
const DEFAULT_FONTS: [&str; 6] = [
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "HarmonyOS Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Micro Hei",
];

/// China has one time zone.
const DEFAULT_TIME_ZONE: &str = "Asia/Shanghai";

/// The seven steps of GB/T 30428, for a deployment that names none.
const DEFAULT_STAGES: [&str; 7] = ["信息收集", "案卷建立", "任务派遣", "任务处理", "处理反馈", "核查结案", "综合评价"];

/// Pixels that a side of the window may have. Above, no GPU has a texture.
const WINDOW_SIDE_PX: std::ops::RangeInclusive<u32> = 320..=32_768;

/// Factors on the heights of a tilted map that still leave something to see.
const HEIGHT_FACTORS: std::ops::RangeInclusive<f64> = 0.1..=5.0;

/// Screens that a wall may have along one side.
const MAX_SCREENS: u64 = 64;

/// Longest duration that may be set; keeps additions to instants in range.
const MAX_DURATION_SECS: f64 = 3_650.0 * 86_400.0;

/// Checks `raw`, which was read from the file at `path`.
pub(super) fn config_from_raw(raw: RawConfig, mut complaints: Complaints, path: &Path) -> Result<Config, ConfigError> {
    let complain = &mut complaints;
    let folder = path.parent().unwrap_or(Path::new(""));
    let wall = wall(raw.wall, folder, complain);
    let closed_loop = closed_loop(raw.closed_loop, complain);
    let map = map(raw.map, complain);
    let heat = heat::heat(raw.heat, complain);
    let events = events(raw.events, complain);
    let warning = warning(raw.warning, complain);
    let has_alerts = raw.alerts.as_ref().is_some_and(|alerts| !alerts.value.is_empty());
    let alerting = alert::alerting(raw.alerting, raw.alerts, &closed_loop.stages, complain);
    let cache = cache(raw.cache, folder, complain);
    let credentials = credentials::credentials(raw.credentials, folder, complain);
    let privacy = privacy::privacy(raw.privacy, wall.audience, complain);
    let remote = remote::remote(raw.remote, folder, complain);
    let mut sources = source::sources(raw.sources, folder, &closed_loop.stages, &credentials, complain);
    for source in &mut sources.values {
        source.writing.masks = privacy.masks;
    }
    let tiles = tiles::tile_sets(raw.tiles, &sources.ids, folder, &credentials, complain);
    let panels = panel::panels(raw.panels, &sources, &alerting, has_alerts, complain);
    let written = raw.scenes.iter().flat_map(|scenes| &scenes.value).filter_map(|scene| scene.value.name.as_ref());
    let mut names: Vec<String> = written.map(|name| name.value.clone()).collect();
    let scenes = panel::scenes(raw.scenes, &panels, &map, &heat, &closed_loop.stages, complain);
    if names.is_empty() {
        names.extend(scenes.iter().map(|scene| scene.name.clone()));
    }
    let briefings = briefing::briefings(raw.briefings, &names, complain);
    let (sources, panels) = (sources.values, panels.values);
    complaints.unless_any(Config {
        path: path.to_owned(),
        wall,
        closed_loop,
        map,
        heat,
        events,
        cache,
        warning,
        alerting,
        privacy,
        remote,
        sources,
        tiles,
        panels,
        scenes,
        briefings,
    })
}

/// Complains about every key that belongs to other kinds: it does nothing, and
/// its writer believes otherwise. `what` is the Chinese word for the entry.
fn refuse_keys_of_other_kinds<K: Kind>(
    present: Vec<(&'static str, &str, usize)>,
    kind: K,
    what: &str,
    complaints: &mut Complaints,
) {
    for (name, key, offset) in present {
        let owners = K::owners(name);
        if owners.is_empty() || owners.contains(&kind) {
            continue;
        }
        let owners: Vec<&str> = owners.iter().map(|owner| owner.name()).collect();
        let owners = owners.join("\" 或 \"");
        let message = format!("`{name}` 不能用于 kind = \"{}\" 的{what},它属于 kind = \"{owners}\"", kind.name());
        complaints.add(offset, key, message);
    }
}

/// Checked entries of a list, with the places of the ids of all entries.
struct Entries<T> {
    values: Vec<T>,
    /// Ids as written, in the order of the file: also of entries that are not
    /// good, so that references to them do not count as a second fault.
    ids: Vec<String>,
}

impl<T> Entries<T> {
    /// Positions of the entries that `references` name.
    fn positions(&self, references: &[At<String>], what: &str, complaints: &mut Complaints) -> Vec<usize> {
        distinct(references, what, complaints);
        let mut positions = Vec::new();
        for reference in references {
            match self.ids.iter().position(|id| *id == reference.value) {
                Some(position) => positions.push(position),
                None => {
                    let ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
                    let message = format!("没有这个{what}:{}", not_among(&reference.value, &ids));
                    complaints.add(reference.offset, &reference.key, message);
                }
            }
        }
        positions
    }
}

/// Complains about every item that came before.
fn distinct<T: Eq + std::hash::Hash + std::fmt::Debug>(items: &[At<T>], what: &str, complaints: &mut Complaints) {
    let mut seen = HashMap::new();
    for item in items {
        if let Some(first) = seen.insert(&item.value, item.key.clone()) {
            complaints.add(item.offset, &item.key, format!("{what}重复:与 {first} 相同"));
        }
    }
}

/// The text of a key that must be there and not empty. `table` is the table
/// in which it stands.
fn required_text<T>(
    text: Option<At<String>>,
    name: &str,
    table: &At<T>,
    complaints: &mut Complaints,
) -> Option<At<String>> {
    let text = required(text, name, table, complaints)?;
    not_blank(&text, complaints).then_some(text)
}

/// A value that must be there.
fn required<V, T>(value: Option<At<V>>, name: &str, table: &At<T>, complaints: &mut Complaints) -> Option<At<V>> {
    let key = joined(&table.key, name);
    // A value that was there but could not be read has its complaint already.
    if value.is_none() && !complaints.concerns(&key) {
        complaints.add(table.offset, key, format!("缺少必填的键 `{name}`"));
    }
    value
}

/// A text that may be left out but not be empty.
fn optional_text(text: Option<At<String>>, complaints: &mut Complaints) -> Option<String> {
    text.filter(|text| not_blank(text, complaints)).map(|text| text.value)
}

/// Whether `text` has anything to see in it; complains when not.
fn not_blank(text: &At<String>, complaints: &mut Complaints) -> bool {
    let blank = text.value.trim().is_empty();
    if blank {
        complaints.add(text.offset, &text.key, "不能为空");
    }
    !blank
}

/// A duration not shorter than `least_secs`, and `default_secs` without one.
fn duration_secs(
    duration: Option<At<DurationSecs>>,
    least_secs: f64,
    default_secs: f64,
    complaints: &mut Complaints,
) -> f64 {
    let Some(At { value: DurationSecs(secs), key, offset, .. }) = duration else { return default_secs };
    if secs < least_secs {
        let least = if least_secs < 1.0 { format!("{}ms", least_secs * 1e3) } else { format!("{least_secs}s") };
        complaints.add(offset, key, format!("{secs}s 太短,至少 \"{least}\""));
    } else if secs > MAX_DURATION_SECS {
        complaints.add(offset, key, format!("{secs}s 太长,至多 \"3650d\""));
    }
    secs
}

fn wall(raw: Option<At<RawWall>>, folder: &Path, complaints: &mut Complaints) -> Wall {
    let raw = raw.map(|at| at.value).unwrap_or_default();
    let (theme, theme_file) = theme::theme(raw.theme, folder, complaints);
    let size = raw.size.map(|size| {
        let [width, height] = size.value.0;
        if !WINDOW_SIDE_PX.contains(&width) || !WINDOW_SIDE_PX.contains(&height) {
            let message = format!(
                "画面的宽和高须在 {} 到 {} 像素之间,却是 {width}x{height}",
                WINDOW_SIDE_PX.start(),
                WINDOW_SIDE_PX.end()
            );
            complaints.add(size.offset, &size.key, message);
        }
        size.value.0
    });
    Wall {
        title: optional_text(raw.title, complaints).unwrap_or_else(|| DEFAULT_TITLE.to_owned()),
        size,
        fullscreen: raw.fullscreen.is_some_and(|at| at.value),
        theme,
        theme_file,
        fonts: fonts(raw.fonts, complaints),
        zone: time_zone(raw.time_zone, complaints),
        audience: raw.audience.map(|at| at.value).unwrap_or_default(),
        return_after_secs: duration_secs(raw.return_after, 1.0, 60.0, complaints),
        notes_window: raw.notes_window.is_some_and(|at| at.value),
        bezels: bezels(raw.bezels, complaints),
    }
}

fn fonts(raw: Option<At<Vec<At<String>>>>, complaints: &mut Complaints) -> Vec<String> {
    let Some(fonts) = raw else { return DEFAULT_FONTS.map(str::to_owned).into() };
    if fonts.value.is_empty() && !complaints.concerns(&fonts.key) {
        complaints.add(fonts.offset, &fonts.key, "至少写一个含中文的字体,或去掉此键以使用默认字体");
    }
    fonts.value.into_iter().filter_map(|font| optional_text(Some(font), complaints)).collect()
}

fn time_zone(raw: Option<At<String>>, complaints: &mut Complaints) -> TimeZone {
    let name = raw.as_ref().map_or(DEFAULT_TIME_ZONE, |at| &at.value);
    TimeZone::get(name).unwrap_or_else(|_| {
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let near = nearest(name, &names).unwrap_or(DEFAULT_TIME_ZONE);
        let message = format!("不认识时区 `{}`,应为 IANA 名称,例如 `{near}`", excerpt(name));
        let (offset, key) = raw.as_ref().map_or((0, ""), |at| (at.offset, &at.key));
        complaints.add(offset, key, message);
        TimeZone::UTC
    })
}

fn bezels(raw: Option<At<RawBezels>>, complaints: &mut Complaints) -> Bezels {
    let Some(table) = raw else { return Bezels::default() };
    let width = table.value.screen_width_mm.clone();
    let mut screens = |count: Option<At<u64>>| {
        let Some(count) = count else { return 0 };
        if count.value > MAX_SCREENS {
            complaints.add(count.offset, &count.key, format!("至多 {MAX_SCREENS} 块屏,却是 {}", count.value));
        }
        count.value.min(MAX_SCREENS) as u32
    };
    let (columns, rows) = (screens(table.value.columns.clone()), screens(table.value.rows.clone()));
    let gap_mm = table.value.gap_mm.clone().map_or(0.0, |gap| {
        if gap.value < 0.0 {
            complaints.add(gap.offset, &gap.key, format!("拼缝宽度不能为负,却是 {}", gap.value));
        }
        gap.value
    });
    let has_joint = columns > 1 || rows > 1;
    let width = if has_joint { required(width, "screen_width_mm", &table, complaints) } else { width };
    let screen_width_mm = width.map_or(0.0, |width| positive(&width, complaints));
    Bezels { columns, rows, gap_mm, screen_width_mm }
}

/// A number that must be above zero.
fn positive(number: &At<f64>, complaints: &mut Complaints) -> f64 {
    if number.value <= 0.0 {
        complaints.add(number.offset, &number.key, format!("应大于 0,却是 {}", number.value));
    }
    number.value
}

fn closed_loop(raw: Option<At<RawClosedLoop>>, complaints: &mut Complaints) -> ClosedLoop {
    let Some(stages) = raw.and_then(|at| at.value.stages) else {
        return ClosedLoop { stages: DEFAULT_STAGES.map(str::to_owned).into() };
    };
    // Items that could not be read are missing from the list but not the file.
    if !(2..=12).contains(&stages.value.len()) && !complaints.concerns_within(&stages.key) {
        let message = format!("闭环应有 2 到 12 个环节,却有 {} 个", stages.value.len());
        complaints.add(stages.offset, &stages.key, message);
    }
    distinct(&stages.value, "环节", complaints);
    let names = stages.value.into_iter().filter_map(|stage| optional_text(Some(stage), complaints));
    ClosedLoop { stages: names.collect() }
}

fn map(raw: Option<At<RawMap>>, complaints: &mut Complaints) -> Map {
    let raw = raw.map(|at| at.value).unwrap_or_default();
    Map {
        focus: optional_text(raw.focus, complaints),
        fill: raw.fill.and_then(|name| fill(&name, complaints)).unwrap_or_default(),
        classing: classing(raw.classing, raw.breaks, complaints),
        fill_level: raw.fill_level.map(|at| at.value),
        tilt: raw.tilt.map(|at| at.value).unwrap_or_default(),
        height_factor: raw.height.map_or(1.0, |factor| {
            if !HEIGHT_FACTORS.contains(&factor.value) {
                let message = format!(
                    "高度系数须在 {} 到 {} 之间,却是 {}",
                    HEIGHT_FACTORS.start(),
                    HEIGHT_FACTORS.end(),
                    factor.value
                );
                complaints.add(factor.offset, &factor.key, message);
            }
            factor.value
        }),
        clusters: raw.clusters.is_none_or(|at| at.value),
    }
}

/// The tilt that a scene is entered with, degrees.
fn tilt_deg(raw: Option<At<f64>>, complaints: &mut Complaints) -> f64 {
    raw.map_or(0.0, |tilt| {
        if !(0.0..=MAX_TILT_DEG).contains(&tilt.value) {
            let message = format!("倾斜角须在 0 到 {MAX_TILT_DEG} 度之间,却是 {}", tilt.value);
            complaints.add(tilt.offset, &tilt.key, message);
        }
        tilt.value
    })
}

/// What a name says the areas are coloured by.
fn fill(name: &At<String>, complaints: &mut Complaints) -> Option<Fill> {
    if let Some(key) = panel::reported_key(&name.value) {
        return Some(Fill::Figure(AreaFigure::Reported(key.to_owned())));
    }
    if name.value == "none" {
        return Some(Fill::None);
    }
    let figure = AreaFigure::COMPUTED.into_iter().find(|figure| figure.name() == name.value);
    if figure.is_none() {
        let mut names: Vec<String> = AreaFigure::COMPUTED.iter().map(|figure| figure.name().to_owned()).collect();
        names.extend(["none", "reported:KEY"].map(str::to_owned));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        complaints.add(name.offset, &name.key, format!("没有这种填色:{}", not_among(&name.value, &names)));
    }
    figure.map(Fill::Figure)
}

/// Most classes that the map can tell apart by colour.
const MAX_CLASSES: usize = 7;

/// How figures are cut into classes: by numbers, else by a method.
fn classing(
    method: Option<At<ClassingMethod>>,
    breaks: Option<At<Vec<At<f64>>>>,
    complaints: &mut Complaints,
) -> Classing {
    let Some(breaks) = breaks else {
        return match method.map(|at| at.value) {
            None | Some(ClassingMethod::Quantile) => Classing::Quantile,
            Some(ClassingMethod::Equal) => Classing::Equal,
            Some(ClassingMethod::Jenks) => Classing::Jenks,
        };
    };
    if let Some(method) = method {
        let message = "`classing` 与 `breaks` 只能写一个:写了分级界限就不再自动分级";
        complaints.add(method.key_offset, &method.key, message);
    }
    if !(1..=MAX_CLASSES).contains(&breaks.value.len()) && !complaints.concerns_within(&breaks.key) {
        let message = format!("应有 1 到 {MAX_CLASSES} 个分级上界,却有 {} 个", breaks.value.len());
        complaints.add(breaks.offset, &breaks.key, message);
    }
    for pair in breaks.value.windows(2) {
        if pair[1].value <= pair[0].value {
            let message = format!("分级上界须从小到大,{} 却不大于 {}", pair[1].value, pair[0].value);
            complaints.add(pair[1].offset, &pair[1].key, message);
        }
    }
    Classing::Fixed(breaks.value.into_iter().map(|at| at.value).collect())
}

fn events(raw: Option<At<RawEvents>>, complaints: &mut Complaints) -> Events {
    let Some(keep) = raw.and_then(|at| at.value.keep) else { return Events::default() };
    if !(1_000..=MAX_EVENTS as u64).contains(&keep.value) {
        let message = format!("保留的事件数须在 1000 到 {MAX_EVENTS} 之间,却是 {}", keep.value);
        complaints.add(keep.offset, &keep.key, message);
    }
    Events { keep: usize::try_from(keep.value).unwrap_or(MAX_EVENTS).min(MAX_EVENTS) }
}

/// Least and usual bytes that are kept on disk.
const CACHE_BYTES: [u64; 2] = [1 << 20, 512 << 20];

fn cache(raw: Option<At<RawCache>>, folder: &Path, complaints: &mut Complaints) -> Cache {
    let raw = raw.map(|at| at.value).unwrap_or_default();
    let bytes = raw.size.map_or(CACHE_BYTES[1], |size| {
        if size.value.0 < CACHE_BYTES[0] {
            complaints.add(size.offset, &size.key, "至少 \"1MiB\";不要缓存时写 enabled = false".to_owned());
        }
        size.value.0
    });
    Cache {
        enabled: raw.enabled.is_none_or(|enabled| enabled.value),
        folder: raw.folder.and_then(|path| source::resolved(path, folder, complaints)),
        bytes,
    }
}

fn warning(raw: Option<At<RawWarning>>, complaints: &mut Complaints) -> Warning {
    let raw = raw.map(|at| at.value).unwrap_or_default();
    let usual = Warning::default();
    let risk = raw.risk.map_or(usual.risk, |risk| {
        if !(1e-9..=0.1).contains(&risk.value) {
            let message = format!("误报概率须在 1e-9 到 0.1 之间,却是 {}", risk.value);
            complaints.add(risk.offset, &risk.key, message);
        }
        risk.value
    });
    let least = raw.least.map_or(usual.least, |least| {
        if !(1..=1_000_000).contains(&least.value) {
            let message = format!("件数须在 1 到 1000000 之间,却是 {}", least.value);
            complaints.add(least.offset, &least.key, message);
        }
        u32::try_from(least.value).unwrap_or(u32::MAX)
    });
    Warning { level: raw.level.map(|level| level.value), risk, least }
}
