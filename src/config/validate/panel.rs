//! Checks of `[[panels]]` and `[[scenes]]`, and the ones a wall has without
//! them.

use super::cell::cell;
use super::heat::{heat_style, window_secs};
use super::source::is_id;
use super::{
    Entries, distinct, duration_secs, not_blank, optional_text, refuse_keys_of_other_kinds, required, required_text,
};
use crate::config::error::Complaints;
use crate::config::kind::{Kind, PanelType};
use crate::config::raw::{RawFilter, RawPanel, RawScene, RawSceneReplay};
use crate::config::read::{At, not_among};
use crate::config::source::{Feed, Source};
use crate::config::{
    Alerting, Cell, DeviceList, Heat, KeyFigure, Layer, Map, Panel, PanelArea, PanelKind, Scene, SceneReplay, Side,
    Worst,
};
use crate::domain::clock::{RATES, USUAL_RATE};
use crate::domain::event_store::EventFilter;

/// Names of the key figures that are computed from events.
const COMPUTED_FIGURES: [(&str, KeyFigure); 7] = [
    ("received", KeyFigure::Received),
    ("closed", KeyFigure::Closed),
    ("solved", KeyFigure::Solved),
    ("satisfied", KeyFigure::Satisfied),
    ("overdue", KeyFigure::Overdue),
    ("repeated", KeyFigure::Repeated),
    ("handling-time", KeyFigure::HandlingTime),
];

/// What a figure of a source is written as, before its key.
const REPORTED_PREFIX: &str = "reported:";

/// Shortest time that pictures or a scene stand, seconds.
pub(super) const MIN_SHOWN_SECS: f64 = 1.0;

/// Time that camera pictures stand by default, seconds.
const DEFAULT_PICTURE_SECS: f64 = 10.0;

/// Name of the scene of a wall without scenes.
const DEFAULT_SCENE: &str = "总览";

/// Checks all panels; without `[[panels]]` there is one of each kind that the
/// sources can fill, but for warnings, and for alerts where there are rules.
pub(super) fn panels(
    raw: Option<At<Vec<At<RawPanel>>>>,
    sources: &Entries<Source>,
    alerting: &Alerting,
    has_alerts: bool,
    complaints: &mut Complaints,
) -> Entries<Panel> {
    let Some(panels) = raw else { return default_panels(sources, alerting) };
    let idle = |panel: &&At<RawPanel>| {
        !has_alerts && panel.value.kind.as_ref().is_some_and(|kind| kind.value == PanelType::Alerts)
    };
    if let Some(kind) = panels.value.iter().find(idle).and_then(|panel| panel.value.kind.as_ref()) {
        complaints.add(kind.offset, &kind.key, "alerts 面板要有规则:请写 [[alerts]]");
    }
    let ids: Vec<At<String>> = panels.value.iter().filter_map(|panel| panel.value.id.clone()).collect();
    distinct(&ids, "面板 id ", complaints);
    let values = panels.value.into_iter().filter_map(|raw| panel(raw, sources, alerting, complaints)).collect();
    Entries { values, ids: ids.into_iter().map(|id| id.value).collect() }
}

fn panel(
    mut raw: At<RawPanel>,
    sources: &Entries<Source>,
    alerting: &Alerting,
    complaints: &mut Complaints,
) -> Option<Panel> {
    let id = raw.value.id.take();
    let id = required(id, "id", &raw, complaints).filter(|id| is_id(id, complaints));
    let kind = raw.value.kind.take();
    let kind = required(kind, "kind", &raw, complaints).map(|at| at.value);
    if let Some(kind) = kind {
        refuse_keys_of_other_kinds(raw.value.present(), kind, "面板", complaints);
    }
    let RawPanel {
        title, side, column, columns, rows, area, sources: shown, figures, level, every, list, worst, ..
    } = raw.value;
    let title = optional_text(title, complaints);
    let area = optional_text(area, complaints);
    let figures = match figures {
        Some(figures) => key_figures(&figures, complaints),
        None => default_figures(),
    };
    let every_secs = duration_secs(every, MIN_SHOWN_SECS, DEFAULT_PICTURE_SECS, complaints);
    let shown = shown.map(|shown| sources.positions(&shown.value, "数据源", complaints));
    let side = side.map(|at| at.value).or(kind.map(default_side));
    let cell = cell(column, columns, rows, side == Some(Side::Bottom), complaints);
    let kind_name = kind?;
    let kind = match kind_name {
        PanelType::KeyFigures => PanelKind::KeyFigures { figures },
        PanelType::Ranking => PanelKind::Ranking { level: level.map(|at| at.value) },
        PanelType::Cameras => PanelKind::Cameras { every_secs },
        PanelType::Devices => PanelKind::Devices { list: device_list(list, worst, complaints) },
        plain => plain_kind(plain),
    };
    Some(Panel {
        id: id?.value,
        sources: shown.unwrap_or_else(|| feeding(&kind, sources, alerting)),
        title: title.unwrap_or_else(|| default_title(kind_name).to_owned()),
        side: side.unwrap_or_default(),
        cell,
        area: area.map(|code| if code == "focus" { PanelArea::Focus } else { PanelArea::Code(code) }),
        kind,
    })
}

fn device_list(list: Option<At<String>>, worst: Option<At<Worst>>, complaints: &mut Complaints) -> Option<DeviceList> {
    let kind = optional_text(list, complaints);
    if let (None, Some(worst)) = (&kind, &worst) {
        complaints.add(worst.offset, &worst.key, "`worst` 须与 `list` 一起写".to_owned());
    }
    Some(DeviceList { kind: kind?, worst: worst.map(|at| at.value).unwrap_or_default() })
}

/// A kind with its settings left out.
fn plain_kind(kind: PanelType) -> PanelKind {
    match kind {
        PanelType::KeyFigures => PanelKind::KeyFigures { figures: default_figures() },
        PanelType::ClosedLoop => PanelKind::ClosedLoop,
        PanelType::LiveEvents => PanelKind::LiveEvents,
        PanelType::Ranking => PanelKind::Ranking { level: None },
        PanelType::Trend => PanelKind::Trend,
        PanelType::Categories => PanelKind::Categories,
        PanelType::Alerts => PanelKind::Alerts,
        PanelType::Warnings => PanelKind::Warnings,
        PanelType::Devices => PanelKind::Devices { list: None },
        PanelType::Cameras => PanelKind::Cameras { every_secs: DEFAULT_PICTURE_SECS },
        PanelType::TimeAxis => PanelKind::TimeAxis,
    }
}

fn key_figures(raw: &At<Vec<At<String>>>, complaints: &mut Complaints) -> Vec<KeyFigure> {
    if raw.value.is_empty() && !complaints.concerns_within(&raw.key) {
        complaints.add(raw.offset, &raw.key, "至少写一个指标,或去掉此键以使用默认指标");
    }
    distinct(&raw.value, "指标", complaints);
    raw.value.iter().filter_map(|name| key_figure(name, complaints)).collect()
}

/// The key in `reported:KEY`.
pub(super) fn reported_key(name: &str) -> Option<&str> {
    name.strip_prefix(REPORTED_PREFIX).map(str::trim).filter(|key| !key.is_empty())
}

pub(super) fn key_figure(name: &At<String>, complaints: &mut Complaints) -> Option<KeyFigure> {
    if let Some(key) = reported_key(&name.value) {
        return Some(KeyFigure::Reported(key.to_owned()));
    }
    let computed = COMPUTED_FIGURES.iter().find(|(known, _)| *known == name.value);
    if computed.is_none() {
        let mut names = COMPUTED_FIGURES.map(|(name, _)| name).to_vec();
        names.push("reported:KEY");
        complaints.add(name.offset, &name.key, format!("没有这个指标:{}", not_among(&name.value, &names)));
    }
    computed.map(|(_, figure)| figure.clone())
}

/// The figures that command centres report first.
fn default_figures() -> Vec<KeyFigure> {
    vec![
        KeyFigure::Received,
        KeyFigure::Closed,
        KeyFigure::Solved,
        KeyFigure::Satisfied,
        KeyFigure::Overdue,
        KeyFigure::HandlingTime,
    ]
}

/// The sources that fill a panel.
fn feeding(kind: &PanelKind, sources: &Entries<Source>, alerting: &Alerting) -> Vec<usize> {
    let feeds: Vec<Feed> = match kind {
        PanelKind::KeyFigures { figures } => figures
            .iter()
            .map(|figure| if matches!(figure, KeyFigure::Reported(_)) { Feed::Figures } else { Feed::Events })
            .collect(),
        PanelKind::Ranking { .. } => vec![Feed::Areas, Feed::Events],
        PanelKind::Devices { .. } => vec![Feed::Devices],
        PanelKind::Cameras { .. } => vec![Feed::Cameras],
        PanelKind::Alerts => alerting.rules.iter().map(|rule| rule.subject.feed()).collect(),
        PanelKind::ClosedLoop
        | PanelKind::LiveEvents
        | PanelKind::Trend
        | PanelKind::Categories
        | PanelKind::Warnings
        | PanelKind::TimeAxis => vec![Feed::Events],
    };
    let fills = |source: &Source| feeds.contains(&source.feed);
    sources.values.iter().enumerate().filter(|(_, source)| fills(source)).map(|(index, _)| index).collect()
}

/// Title of a panel without one: the field's own word.
const fn default_title(kind: PanelType) -> &'static str {
    match kind {
        PanelType::KeyFigures => "核心指标",
        PanelType::ClosedLoop => "事件闭环",
        PanelType::LiveEvents => "实时事件",
        PanelType::Ranking => "区域排名",
        PanelType::Trend => "事件趋势",
        PanelType::Categories => "事件分类",
        PanelType::Alerts => "告警",
        PanelType::Warnings => "风险预警",
        PanelType::Devices => "物联设备",
        PanelType::Cameras => "视频巡检",
        PanelType::TimeAxis => "时间轴",
    }
}

/// Side of a panel without one: totals left, what changes right.
const fn default_side(kind: PanelType) -> Side {
    match kind {
        PanelType::KeyFigures | PanelType::ClosedLoop | PanelType::Categories => Side::Left,
        PanelType::Alerts
        | PanelType::Warnings
        | PanelType::LiveEvents
        | PanelType::Ranking
        | PanelType::Trend
        | PanelType::Devices
        | PanelType::Cameras => Side::Right,
        PanelType::TimeAxis => Side::Bottom,
    }
}

/// One panel of each kind for which there are sources.
fn default_panels(sources: &Entries<Source>, alerting: &Alerting) -> Entries<Panel> {
    let has = |feed: Feed| sources.values.iter().any(|source| source.feed == feed);
    let needed = |kind: PanelType| match kind {
        PanelType::Devices => Feed::Devices,
        PanelType::Cameras => Feed::Cameras,
        _ => Feed::Events,
    };
    let values: Vec<Panel> = PanelType::ALL
        .into_iter()
        // Empty on most days: where somebody wants it.
        .filter(|kind| *kind != PanelType::Warnings)
        .filter(|kind| match kind {
            PanelType::Alerts => !alerting.rules.is_empty(),
            kind => has(needed(*kind)),
        })
        .map(|kind| Panel {
            id: kind.name().to_owned(),
            title: default_title(kind).to_owned(),
            side: default_side(kind),
            cell: Cell::default(),
            area: None,
            sources: feeding(&plain_kind(kind), sources, alerting),
            kind: plain_kind(kind),
        })
        .collect();
    Entries { ids: values.iter().map(|panel| panel.id.clone()).collect(), values }
}

/// Checks all scenes; without any, one shows everything.
pub(super) fn scenes(
    raw: Option<At<Vec<At<RawScene>>>>,
    panels: &Entries<Panel>,
    map: &Map,
    heat: &Heat,
    stages: &[String],
    complaints: &mut Complaints,
) -> Vec<Scene> {
    let scenes = raw.map(|at| at.value).unwrap_or_default();
    if scenes.is_empty() {
        return vec![Scene {
            name: DEFAULT_SCENE.to_owned(),
            layers: Layer::ALL.into(),
            panels: (0..panels.values.len()).collect(),
            focus: map.focus.clone(),
            fill: map.fill.clone(),
            heat: heat.style.clone(),
            filter: EventFilter::default(),
            tilt_deg: 0.0,
            window_secs: heat.window_secs,
            replay: None,
            duration_secs: None,
            only_when: Vec::new(),
        }];
    }
    let names: Vec<At<String>> = scenes.iter().filter_map(|scene| scene.value.name.clone()).collect();
    distinct(&names, "场景名称", complaints);
    scenes.into_iter().filter_map(|raw| scene(raw, panels, map, heat, stages, complaints)).collect()
}

fn scene(
    mut raw: At<RawScene>,
    panels: &Entries<Panel>,
    map: &Map,
    heat: &Heat,
    stages: &[String],
    complaints: &mut Complaints,
) -> Option<Scene> {
    let name = raw.value.name.take();
    let name = required_text(name, "name", &raw, complaints);
    let RawScene {
        layers, panels: shown, focus, fill, heat: own_heat, filter, tilt, replay, duration, only_when, ..
    } = raw.value;
    let layers = layers.map_or_else(
        || Layer::ALL.into(),
        |layers| {
            distinct(&layers.value, "图层", complaints);
            layers.value.into_iter().map(|at| at.value).collect()
        },
    );
    let shown = shown
        .map_or_else(|| (0..panels.values.len()).collect(), |shown| panels.positions(&shown.value, "面板", complaints));
    let focus = optional_text(focus, complaints).or_else(|| map.focus.clone());
    let fill = fill.and_then(|name| super::fill(&name, complaints)).unwrap_or_else(|| map.fill.clone());
    let mut own_heat = own_heat.map(|at| at.value).unwrap_or_default();
    let window_secs = window_secs(own_heat.window.take(), heat.window_secs, complaints);
    let heat = heat_style(own_heat, &heat.style, complaints);
    let filter = filter.map(|filter| event_filter(filter.value, stages, complaints)).unwrap_or_default();
    let replay = replay.and_then(|replay| scene_replay(replay.value, complaints));
    let tilt_deg = super::tilt_deg(tilt, complaints);
    let duration_secs = duration.map(|duration| duration_secs(Some(duration), MIN_SHOWN_SECS, 0.0, complaints));
    let only_when = only_when.map(|list| list.value.into_iter().map(|at| at.value).collect()).unwrap_or_default();
    let name = name?.value;
    Some(Scene {
        name,
        layers,
        panels: shown,
        focus,
        fill,
        heat,
        filter,
        tilt_deg,
        window_secs,
        replay,
        duration_secs,
        only_when,
    })
}

/// Which events, as scenes and alerts say it.
pub(super) fn event_filter(raw: RawFilter, stages: &[String], complaints: &mut Complaints) -> EventFilter {
    let categories = raw.categories.map(|list| list.value).unwrap_or_default();
    distinct(&categories, "大类", complaints);
    let named = raw.stages.map(|list| list.value).unwrap_or_default();
    distinct(&named, "阶段", complaints);
    let mut number = |name: At<String>| {
        let found = stages.iter().position(|stage| *stage == name.value);
        if found.is_none() {
            let names: Vec<&str> = stages.iter().map(String::as_str).collect();
            complaints.add(name.offset, &name.key, format!("没有这个阶段:{}", not_among(&name.value, &names)));
        }
        found.map(|index| index as u8)
    };
    let stages = named.into_iter().filter_map(&mut number).collect();
    EventFilter {
        categories: categories.into_iter().filter(|name| not_blank(name, complaints)).map(|name| name.value).collect(),
        channels: raw.channels.map(|list| list.value.into_iter().map(|at| at.value).collect()).unwrap_or_default(),
        severities: raw.severities.map(|list| list.value.into_iter().map(|at| at.value).collect()).unwrap_or_default(),
        stages,
        area: None,
    }
}

/// Most days back that a scene may look.
const MOST_DAYS_AGO: u64 = 400;

fn scene_replay(raw: RawSceneReplay, complaints: &mut Complaints) -> Option<SceneReplay> {
    let mut minutes = |text: Option<At<String>>, usual: i64| {
        let Some(text) = text else { return Some(usual) };
        let minutes = minutes_of_day(&text.value);
        if minutes.is_none() {
            complaints.add(text.offset, &text.key, format!("“{}”不是一天中的时刻,写作 \"08:30\"", text.value));
        }
        minutes
    };
    let end = raw.to.clone();
    let (from, to) = (minutes(raw.from, 0), minutes(raw.to, 1_440));
    let (from_minutes, to_minutes) = (from?, to?);
    if from_minutes >= to_minutes {
        if let Some(end) = end {
            complaints.add(end.offset, &end.key, "回放的结束须晚于开始".to_owned());
        }
        return None;
    }
    let days_ago = raw.days_ago.map_or(0, |at| {
        if at.value > MOST_DAYS_AGO {
            complaints.add(at.offset, &at.key, format!("至多 {MOST_DAYS_AGO} 天前,却是 {}", at.value));
        }
        at.value as i64
    });
    let rate = raw.rate.map_or(USUAL_RATE, |at| {
        let fastest = RATES[RATES.len() - 1];
        if !(1..=u64::from(fastest)).contains(&at.value) {
            complaints.add(at.offset, &at.key, format!("回放的倍速须在 1 到 {fastest} 之间,却是 {}", at.value));
        }
        at.value as u32
    });
    Some(SceneReplay { from_minutes, to_minutes, days_ago, rate })
}

/// Minutes after midnight of `HH:MM`, `24:00` included.
fn minutes_of_day(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let is_plain = |digits: &str| (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(hours) || !is_plain(minutes) || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 1_440).then_some(total)
}
