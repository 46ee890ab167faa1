//! A made-up afternoon on a wall: what the panels' tests draw.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bevy_egui::egui;
use jiff::tz::TimeZone;
use quanyu::config::tiles::{TileLook, TileOrigin};
use quanyu::config::{
    Audience, Bezels, Cache, Cell, Classing, ClosedLoop, Config, DeviceList, Fill, Heat, HeatStyle, KeyFigure, Map,
    Panel, PanelKind, Scene, Side, ThemeName, TileSet, TiltStyle, Wall, Worst,
};
use quanyu::domain::alert::{
    AlertKey, AlertKind, AlertSeverity, Desk, Detail, Facts, Limit, MOST_STANDING, Rule, Verdict,
};
use quanyu::domain::area::{Area, AreaIndex, AreaTree, GridKind, Level, Responsible};
use quanyu::domain::closed_loop::{LoopSummary, Ratio, StageCount};
use quanyu::domain::crs::Crs;
use quanyu::domain::device::{Device, DeviceState};
use quanyu::domain::event::Severity;
use quanyu::domain::event_store::EventFilter;
use quanyu::domain::figure::Figure;
use quanyu::domain::geometry::{LonLat, Shape};
use quanyu::domain::health::{Freshness, PartHealth, Recent, SourceHealth, SourceState};
use quanyu::domain::overview::{LiveEvent, Overview, QUARTERS};
use quanyu::domain::tiles::{TileGrid, TileMatrix};
use quanyu::domain::time::Time;
use quanyu::domain::warning::{Outlook, Warning};
use quanyu::panels::{
    AlertsView, BOLD_FAMILY, CameraSummary, CameraTile, DeviceKindSummary, DeviceReadings, NearCamera, OwnerCount,
    PanelView, Ranking, ReplayView, SourceRow,
};
use quanyu::theme::Theme;

/// The longest name that a real deployment showed us.
pub const LONG: &str = "盐城市盐都区盐龙街道社会治理现代化指挥中心";

/// What areas, classes, devices and cameras are called where whoever enters them
/// writes the authority before the name: more than thirty characters.
pub const LONGER: &str = "盐城市盐都区盐龙街道社会治理现代化指挥中心综合网格与专属网格";

/// How the made-up data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As on any afternoon.
    Usual,
    /// Every name as long as names get.
    LongNames,
    /// Every number as large as numbers get.
    Huge,
    /// Nothing at all.
    Empty,
    /// Seven stages, dedicated grids, many kinds.
    ManyStages,
}

/// Everything that a [`PanelView`] borrows.
pub struct World {
    pub config: Config,
    pub theme: Theme,
    pub tree: AreaTree,
    pub overview: Overview,
    pub rankings: Vec<Ranking>,
    pub outlook: Outlook,
    pub desk: Desk,
    /// The alert that has the wall.
    pub shown: Option<AlertKey>,
    pub near: Vec<NearCamera>,
    pub fault: Option<String>,
    pub figures: Vec<Figure>,
    pub cameras: CameraSummary,
    pub devices: Vec<DeviceKindSummary>,
    pub sources: Vec<(String, SourceHealth)>,
    pub readings: Vec<DeviceReadings>,
    pub filter: EventFilter,
    pub focus: Option<AreaIndex>,
    pub audience: Audience,
    pub is_live: bool,
    pub replay: ReplayView,
    pub texture: Option<egui::TextureId>,
    pub mood: Mood,
}

/// 14:32:08 in Shanghai.
pub fn now() -> Time {
    Time(1_755_239_528_000)
}

fn day_start() -> Time {
    Time(1_755_187_200_000)
}

impl World {
    pub fn new(mood: Mood) -> Self {
        let config = config(mood);
        let tree = tree(mood);
        let overview = overview(mood, &tree, config.closed_loop.stages.len());
        let rankings = Ranking::all(&config, &overview, &tree);
        Self {
            theme: config.wall.theme.clone(),
            rankings,
            outlook: outlook(mood, &tree),
            desk: desk(mood),
            shown: None,
            near: near(mood),
            fault: None,
            figures: figures(mood),
            cameras: cameras(mood),
            devices: devices(mood),
            sources: sources(mood),
            readings: readings(mood),
            filter: EventFilter::default(),
            focus: None,
            audience: config.wall.audience,
            is_live: true,
            replay: ReplayView { rate: 600, is_running: true, range: None },
            texture: None,
            config,
            tree,
            overview,
            mood,
        }
    }

    pub fn view(&self, unit: f32) -> PanelView<'_> {
        PanelView {
            theme: &self.theme,
            unit,
            config: &self.config,
            audience: self.audience,
            scene: if self.mood == Mood::LongNames { LONG } else { "事件总览" },
            now: if self.is_live { now() } else { now().plus_millis(-3_600_000) },
            system: now(),
            is_live: self.is_live,
            replay: self.replay,
            window_secs: 10_800.0,
            filter: &self.filter,
            tree: &self.tree,
            focus: self.focus,
            overview: &self.overview,
            rankings: &self.rankings,
            outlook: &self.outlook,
            alerts: AlertsView {
                desk: &self.desk,
                shown: self.shown.as_ref(),
                cameras: &self.near,
                glow: 0.5,
                has_panel: self.shown.is_none() && self.mood == Mood::ManyStages,
                fault: self.fault.as_deref(),
            },
            figures: self.figures.iter().collect(),
            cameras: &self.cameras,
            tiles: self.tiles(),
            devices: &self.devices,
            readings: &self.readings,
            sources: self.sources.iter().map(|(name, health)| row(name, health)).collect(),
            loading: None,
        }
    }

    fn tiles(&self) -> Vec<CameraTile<'_>> {
        if self.mood == Mood::Empty {
            return Vec::new();
        }
        let name = |name: &'static str| if self.mood == Mood::LongNames { LONGER } else { name };
        let tile = |at, owner, online, error| CameraTile {
            name: name(at),
            owner: name(owner),
            online,
            texture: self.texture,
            aspect: 16.0 / 9.0,
            error,
        };
        let mut tiles = vec![
            tile("湖东路·星湖街口", "公安", true, None),
            tile("玲珑湾南门", "物业", true, None),
            tile("金鸡湖 4 号闸", "防汛", true, Some("网关超时：5 秒内没有应答")),
            tile("李公堤商业街", "城管", false, None),
        ];
        tiles[2].texture = None;
        tiles
    }
}

fn row<'a>(name: &'a str, health: &'a SourceHealth) -> SourceRow<'a> {
    SourceRow { name, health, stale_after_secs: 60.0, refused: 0 }
}

/// Health of a panel's sources in each designed state.
pub fn health(freshness: Freshness, mood: Mood) -> PartHealth {
    PartHealth {
        names: if mood == Mood::LongNames { LONG.into() } else { "网格平台".into() },
        age_secs: match freshness {
            Freshness::Waiting => None,
            Freshness::Fresh => Some(3.0),
            Freshness::Stale => Some(366.0),
        },
        freshness,
        error: (mood == Mood::LongNames).then(|| format!("HTTP 503：{LONG}的接口拒绝了请求，30 秒后重试")),
    }
}

fn config(mood: Mood) -> Config {
    let stages: &[&str] = match mood {
        Mood::ManyStages => &["信息收集", "案卷建立", "任务派遣", "任务处理", "处理反馈", "核查结案", "综合评价"],
        Mood::LongNames => &["社区上报需求", "街道组织协调", "部门精准对接", "资源下沉服务"],
        _ => &["事件收集", "任务分派", "监督处置", "结果反馈", "办结评价"],
    };
    let long = mood == Mood::LongNames;
    let panel = |id: &str, kind: PanelKind, title: &str, side: Side| Panel {
        id: id.into(),
        kind,
        title: if long { LONG.into() } else { title.into() },
        side,
        cell: Cell::default(),
        area: None,
        sources: Vec::new(),
    };
    let figures =
        vec![KeyFigure::Received, KeyFigure::Closed, KeyFigure::Solved, KeyFigure::Reported("workers".into())];
    let panels = vec![
        panel("key", PanelKind::KeyFigures { figures }, "今日要情", Side::Left),
        panel("loop", PanelKind::ClosedLoop, "事件闭环", Side::Left),
        panel("trend", PanelKind::Trend, "时段趋势", Side::Left),
        panel(
            "sites",
            PanelKind::Devices { list: Some(DeviceList { kind: "建设工地".into(), worst: Worst::Lowest }) },
            "工地动态评分",
            Side::Right,
        ),
        panel("devices", PanelKind::Devices { list: None }, "物联设备", Side::Left),
        panel("live", PanelKind::LiveEvents, "实时事件", Side::Right),
        panel("cameras", PanelKind::Cameras { every_secs: 12.0 }, "视频巡检", Side::Right),
        panel("ranking", PanelKind::Ranking { level: Some(Level::Community) }, "社区排名·事件数", Side::Right),
        panel("categories", PanelKind::Categories, "事件类别", Side::Right),
        panel("warnings", PanelKind::Warnings, "风险预警", Side::Right),
        panel("alerts", PanelKind::Alerts, "告警", Side::Right),
        panel("axis", PanelKind::TimeAxis, "时间轴", Side::Bottom),
    ];
    Config {
        path: PathBuf::from("config.toml"),
        wall: Wall {
            title: if long { LONG.into() } else { "金鸡湖街道·一屏观全域".into() },
            size: None,
            fullscreen: false,
            theme: Theme::named(ThemeName::Midnight),
            theme_file: None,
            fonts: Vec::new(),
            zone: TimeZone::get("Asia/Shanghai").expect("bundled"),
            audience: match mood {
                Mood::LongNames => Audience::Demo,
                Mood::ManyStages => Audience::Public,
                _ => Audience::Duty,
            },
            return_after_secs: 60.0,
            notes_window: false,
            bezels: Bezels::default(),
        },
        closed_loop: ClosedLoop { stages: stages.iter().map(|&name| name.to_owned()).collect() },
        map: Map {
            clusters: true,
            focus: None,
            fill: Fill::default(),
            classing: Classing::default(),
            fill_level: Some(Level::Community),
            tilt: TiltStyle::default(),
            height_factor: 1.0,
        },
        events: Default::default(),
        cache: Cache { enabled: false, folder: None, bytes: 1 << 20 },
        warning: Default::default(),
        remote: None,
        alerting: Default::default(),
        privacy: Default::default(),
        heat: Heat {
            window_secs: 10_800.0,
            radius_m: 150.0,
            cell_m: 300.0,
            full_scale: Some(60.0),
            hotspots: 3,
            style: HeatStyle::default(),
        },
        sources: Vec::new(),
        tiles: vec![TileSet {
            id: "map".into(),
            name: "底图".into(),
            origin: TileOrigin::PmTiles { path: PathBuf::from("map.pmtiles") },
            grid: TileGrid { matrix: TileMatrix::default(), datum: Crs::default() },
            tile_px: None,
            min_zoom: None,
            max_zoom: None,
            opacity: 1.0,
            look: TileLook::default(),
            layers: BTreeMap::new(),
            attribution: Some(if long { format!("© {LONG}") } else { "© 天地图".into() }),
        }],
        scenes: vec![Scene {
            name: "事件总览".into(),
            layers: Vec::new(),
            panels: (0..panels.len()).collect(),
            focus: None,
            fill: Fill::default(),
            filter: EventFilter::default(),
            heat: HeatStyle::default(),
            tilt_deg: 0.0,
            window_secs: 3.0 * 3_600.0,
            replay: None,
            duration_secs: None,
            only_when: Vec::new(),
        }],
        briefings: Vec::new(),
        panels,
    }
}

fn tree(mood: Mood) -> AreaTree {
    const NAMES: [&str; 12] =
        ["湖东", "玲珑", "星公元", "欧典", "方悦", "沁苑", "领汇", "东港", "师惠", "水墨", "彩虹", "天域"];
    let area = |code: String, parent: Option<&str>, name: String, level| Area {
        code,
        parent: parent.map(Into::into),
        name: if mood == Mood::LongNames { format!("{LONGER}{name}") } else { name },
        level,
        kind: GridKind::Comprehensive,
        shape: Shape::default(),
        households: Some(2_314),
        responsible: ["挂包领导", "网格长", "网格员", "下沉干部"]
            .map(|role| Responsible { role: role.into(), holder: "张**".into() })
            .into(),
    };
    let mut areas = Vec::new();
    if mood != Mood::Empty {
        areas.push(area("320506001".into(), None, "金鸡湖街道".into(), Level::Street));
        for (index, name) in NAMES.iter().enumerate() {
            let code = format!("320506001{index:03}");
            areas.push(area(code.clone(), Some("320506001"), format!("{name}社区"), Level::Community));
            areas.push(area(format!("{code}001"), Some(&code), "第 1 网格".into(), Level::Grid));
        }
    }
    AreaTree::build(areas).0
}

fn overview(mood: Mood, tree: &AreaTree, stages: usize) -> Overview {
    let base = Overview { now: now(), day_start: day_start(), ..Overview::default() };
    if mood == Mood::Empty {
        let today = LoopSummary { stages: vec![StageCount::default(); stages], ..LoopSummary::default() };
        return Overview { today, quarters: vec![[0; 2]; QUARTERS], ..base };
    }
    let scale: u64 = if mood == Mood::Huge { 1_234_567 } else { 1 };
    let usual = |quarter: usize| {
        let hour = quarter as f64 / 4.0;
        let day = (-(hour - 10.0).powi(2) / 14.0).exp() + 0.8 * (-(hour - 17.0).powi(2) / 10.0).exp();
        4.0 + 19.0 * day
    };
    let wobble = |quarter: usize| 1.0 + 0.25 * ((quarter * 7 % 11) as f64 / 11.0 - 0.5);
    let elapsed = 58;
    let quarters: Vec<[u32; 2]> = (0..QUARTERS)
        .map(|q| if q <= elapsed { usual(q) * wobble(q) } else { 0.0 })
        .map(|n| [(n * 0.82) as u32 * scale.min(900) as u32, (n * 0.2) as u32 * scale.min(900) as u32])
        .collect();
    let band = |factor: f64, q: usize| (usual(q) * factor) as u32 * scale.min(900) as u32;
    let bands: Vec<[u32; 2]> = (0..QUARTERS).map(|q| [band(0.75, q), band(1.15, q)]).collect();
    let hours: Vec<[u32; 2]> = (0..QUARTERS)
        .map(|q| bands[q.saturating_sub(3)..=q].iter().fold([0, 0], |sum, b| [sum[0] + b[0], sum[1] + b[1]]))
        .collect();
    let counts: Vec<u32> =
        (0..tree.len() as u32).map(|index| 214_u32.saturating_sub(index * 9) * scale as u32).collect();
    let before = counts.iter().enumerate().map(|(i, &n)| n + [3, 0, 40, 0, 5][i % 5]).collect();
    Overview {
        today: summary(stages, scale, 0),
        before: summary(stages, scale, 1),
        has_before: true,
        counts,
        counts_before: before,
        quarters,
        ahead: (0..QUARTERS).map(|q| if q > elapsed { [7, 2] } else { [0, 0] }).collect(),
        usual: bands,
        usual_hours: hours,
        categories: categories(mood, scale),
        live: live(mood),
        window: Arc::default(),
        window_count: 1_204 * scale,
        ..base
    }
}

fn summary(stages: usize, scale: u64, day: u64) -> LoopSummary {
    let received = (2_816 - day * 164) * scale;
    let ratio = |share: f64| Ratio { numerator: (received as f64 * share) as u64, denominator: received };
    let stage = |index: usize| StageCount {
        reached: received * (20 - index as u64 * 3).max(2) / 20,
        here: 40 * scale,
        median_dwell_secs: Some(720.0 * (1.0 + index as f64 * 2.2)),
        overdue: [0, 3, 9, 2, 0, 1, 0][index % 7] * scale,
    };
    LoopSummary {
        stages: (0..stages).map(stage).collect(),
        received,
        closed: ratio(0.941 - day as f64 * 0.012),
        solved: ratio(0.913 + day as f64 * 0.004),
        satisfied: ratio(0.95),
        overdue: ratio(0.021),
        repeated: ratio(0.04),
        returned: 38 * scale,
        mean_handling_secs: Some(12_960.0 + day as f64 * 1_440.0),
    }
}

fn outlook(mood: Mood, tree: &AreaTree) -> Outlook {
    let factor = if mood == Mood::Huge { 1_000_000 } else { 1 };
    let category = if mood == Mood::LongNames { LONGER } else { "市容环境" };
    let warning = |area: u32| Warning {
        area,
        category: category.into(),
        count: 17 * factor,
        expected: 3.24 * f64::from(factor),
        limit: 9 * factor,
        yesterday: 4 * factor,
        last_week: 2 * factor,
        surprise: 7.0,
    };
    match mood {
        Mood::Empty => Outlook::TooShort,
        _ => Outlook::Known((1..(tree.len() as u32).min(9)).map(warning).collect()),
    }
}

/// A reading that is far too high, an event that is late, an area, a device that
/// fell silent, one that is well again; what was yesterday. Of many, more than
/// there is room for.
fn desk(mood: Mood) -> Desk {
    let mut desk = Desk::default();
    if mood == Mood::Empty {
        return desk;
    }
    let long = |text: &str| if mood == Mood::LongNames { format!("{LONG}{text}") } else { text.to_owned() };
    let huge = if mood == Mood::Huge { 1e9 } else { 1.0 };
    let rule = |id: &str, name: &str, severity| Rule {
        id: id.into(),
        name: long(name),
        severity,
        takeover_secs: Some(20.0),
        hold_millis: 0,
        area: None,
    };
    let facts = |kind, name: &str, place: &str, detail| Facts {
        kind,
        name: long(name),
        place: if place.is_empty() { String::new() } else { long(place) },
        area: Some("320506001001".into()),
        at: Some(LonLat::new(120.7, 31.3)),
        detail,
    };
    let reading = |label: &str, value: f64, unit: &str, limit| Detail::Reading {
        label: long(label),
        value: value * huge,
        unit: unit.into(),
        limit,
    };
    let level = rule("level", "泵站水位过高", AlertSeverity::Alarm);
    let late = rule("late", "紧急事件超时", AlertSeverity::Alarm);
    let rate = rule("rate", "社区办结率偏低", AlertSeverity::Attention);
    let ago = |minutes: i64| now().plus_millis(-minutes * 60_000);
    let holds = |minutes: i64| Verdict::Holds(Some(ago(minutes)));
    let pump = || {
        let limit = Limit::Above(3.0 * huge);
        facts(AlertKind::Device, "湖东路泵站", "湖东社区", reading("液位", 3.2, "m", limit))
    };
    let gas = || facts(AlertKind::Event, "燃气异味", "玲珑社区 · 玲珑湾南门", Detail::Words("紧急 · 超时".into()));
    let area = || {
        let limit = Limit::Below(80.0 * huge);
        facts(AlertKind::Figure, "星公元社区", "", reading("今日办结率", 71.4, "%", limit))
    };
    for (subject, minutes) in [("past-1", 200), ("past-2", 1_700), ("past-3", 90), ("past-4", 45)] {
        desk.see(&level, subject, holds(minutes), ago(minutes), pump);
        if subject != "past-3" {
            desk.acknowledge(&AlertKey::new("level", subject), &long("值班员"), ago(minutes - 2));
        }
        desk.see(&level, subject, Verdict::Not, ago(minutes - 10), pump);
    }
    desk.tidy(now());
    desk.see(&level, "pump", holds(4), now(), pump);
    desk.see(&late, "gas", holds(52), now(), gas);
    desk.see(&rate, "area", holds(9), now(), area);
    desk.see(&rate, "seen", holds(30), now(), area);
    desk.acknowledge(&AlertKey::new("rate", "seen"), &long("值班员"), ago(20));
    desk.see(&level, "over", holds(70), ago(70), pump);
    desk.see(&level, "over", Verdict::Not, ago(15), pump);
    if mood == Mood::Huge {
        for number in 0..MOST_STANDING + 500 {
            desk.see(&late, &number.to_string(), holds(3), now(), gas);
        }
    }
    desk.arrange();
    desk
}

fn near(mood: Mood) -> Vec<NearCamera> {
    let name = |name: &str| if mood == Mood::LongNames { LONG.to_owned() } else { name.to_owned() };
    match mood {
        Mood::Empty => Vec::new(),
        _ => [("湖东路·星湖街口", 84.0), ("玲珑湾南门", 310.0), ("金鸡湖 4 号闸", 1_280.0)]
            .map(|(at, away_m)| NearCamera { id: at.into(), name: name(at), away_m })
            .into(),
    }
}

fn categories(mood: Mood, scale: u64) -> Vec<(String, u64)> {
    [
        ("市容环境", 812),
        ("街面秩序", 640),
        ("公用设施", 418),
        ("施工管理", 332),
        ("邻里矛盾", 287),
        ("突发事件", 74),
        ("其他", 9),
    ]
    .map(|(name, n)| (if mood == Mood::LongNames { format!("{LONGER}{name}") } else { name.into() }, n * scale))
    .into()
}

fn live(mood: Mood) -> Vec<LiveEvent> {
    let titles = ["道路积水", "垃圾满溢", "违停", "占道经营", "楼道堆物", "施工扰民", "可燃气体超限", "路灯不亮"];
    let places = ["湖东 12 网格", "玲珑 03 网格", "星公元 07 网格", "欧典 01 网格", "方悦 33 微网格", "沁苑 09 网格"];
    let long = |text: &str| if mood == Mood::LongNames { format!("{LONGER}{text}") } else { text.to_owned() };
    (0..24)
        .map(|index: usize| LiveEvent {
            id: format!("e{index}"),
            title: long(titles[index % titles.len()]),
            place: long(places[index % places.len()]),
            severity: [Severity::Urgent, Severity::Major, Severity::Normal, Severity::Normal][index % 4],
            reported: now().plus_millis(-4_000 - index as i64 * 47_000 * (1 + index as i64)),
            stage: (index % 4) as u8,
            overdue: index % 5 == 3,
            area: Some(1 + index as AreaIndex % 20),
        })
        .collect()
}

fn figures(mood: Mood) -> Vec<Figure> {
    let huge = mood == Mood::Huge;
    vec![Figure {
        key: "workers".into(),
        area: None,
        label: if mood == Mood::LongNames { LONG.into() } else { "在岗网格员".into() },
        value: if huge { 987_654_321.0 } else { 183.0 },
        unit: "人".into(),
        numerator: Some(if huge { 987_654_321.0 } else { 183.0 }),
        denominator: Some(if huge { 1_987_654_321.0 } else { 204.0 }),
        previous: Some(176.0),
        more_is_better: Some(true),
        series: (0..24).map(|n| 150.0 + f64::from(n * 5 % 17) + f64::from(n)).collect(),
    }]
}

fn cameras(mood: Mood) -> CameraSummary {
    if mood == Mood::Empty {
        return CameraSummary::default();
    }
    let owner = |owner: &str, total: usize, online: usize| OwnerCount { owner: owner.into(), total, online };
    CameraSummary {
        total: 7_100,
        online: 6_938,
        by_owner: vec![owner("公安", 3_900, 3_845), owner("城管", 1_650, 1_602), owner("物业", 1_100, 1_060)],
    }
}

fn readings(mood: Mood) -> Vec<DeviceReadings> {
    let number = if mood == Mood::Empty { 0 } else { 36 };
    let name = |index: usize| match mood {
        Mood::LongNames => LONGER.to_owned(),
        _ => format!("汇景{index}网格 · 大明路"),
    };
    let state = |index: usize| match index {
        0 => DeviceState::Alarm,
        5 => DeviceState::Offline,
        _ => DeviceState::Normal,
    };
    let huge = if mood == Mood::Huge { 1e9 } else { 1.0 };
    let devices: Vec<Device> = (0..number)
        .map(|index| Device {
            id: index.to_string(),
            kind: "建设工地".into(),
            name: name(index),
            at: LonLat::new(0.0, 0.0),
            state: state(index),
            is_told: true,
            value: (index != 7).then_some((56.0 + index as f64) * huge),
            unit: "分".into(),
            read: None,
        })
        .collect();
    let list = DeviceList { kind: "建设工地".into(), worst: Worst::Lowest };
    vec![DeviceReadings::of(&list, devices.iter(), 40)]
}

fn devices(mood: Mood) -> Vec<DeviceKindSummary> {
    let kind = |name: &str, total, alarm, offline| DeviceKindSummary {
        kind: if mood == Mood::LongNames { format!("{LONGER}{name}") } else { name.into() },
        total: if mood == Mood::Huge { total * 1_000_000 } else { total },
        alarm: if mood == Mood::Huge { alarm * 10_000 } else { alarm },
        offline: if mood == Mood::Huge { offline * 10_000 } else { offline },
    };
    match mood {
        Mood::Empty => Vec::new(),
        _ => vec![
            kind("河道水质", 38, 0, 1),
            kind("可燃气体", 612, 1, 9),
            kind("智慧用电", 1_240, 3, 22),
            kind("智能井盖", 860, 0, 0),
            kind("智能垃圾桶", 430, 5, 6),
            kind("烟感", 2_140, 0, 11),
        ],
    }
}

fn sources(mood: Mood) -> Vec<(String, SourceHealth)> {
    let names = [
        "网格平台",
        "12345",
        "视频网关",
        "物联平台",
        "移动终端",
        "数字城管",
        "气象",
        "水务",
        "住建",
        "消防",
        "应急",
        "信访",
    ];
    names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let name = if mood == Mood::LongNames { format!("{LONG}{name}") } else { (*name).to_owned() };
            let age_ms = if index == 3 { 366_000 } else { 3_000 + index as i64 * 1_000 };
            let health = SourceHealth {
                state: if index == 5 { SourceState::Failing } else { SourceState::Live },
                last_ok: (index != 8).then(|| now().plus_millis(-age_ms)),
                records: 2_816 * (index as u64 + 1),
                failures: u32::from(index == 5) * 4,
                waits: index as u64 * 1_234,
                unkept: u64::from(index == 6) * 56_789,
                recent: {
                    let mut recent = Recent::default();
                    recent.count(index as u64 * 98_765, now());
                    recent
                },
                last_error: (index == 5).then(|| "HTTP 503：服务暂不可用，30 秒后重试".to_owned()),
                ..SourceHealth::default()
            };
            (name, health)
        })
        .collect()
}

/// A context that draws Chinese, or `None` where the machine has no font.
pub fn context() -> Option<egui::Context> {
    let context = egui::Context::default();
    context.set_fonts(fonts()?);
    Some(context)
}

/// The fonts of the wall; `None`, and a word about it, where they are missing.
pub fn fonts() -> Option<egui::FontDefinitions> {
    const FOLDER: &str = "/usr/share/fonts/opentype/noto";
    let mut fonts = egui::FontDefinitions::empty();
    let bold = egui::FontFamily::Name(BOLD_FAMILY.into());
    for (name, file, family) in
        [("regular", "NotoSansCJK-Regular.ttc", egui::FontFamily::Proportional), ("bold", "NotoSansCJK-Bold.ttc", bold)]
    {
        let Ok(bytes) = std::fs::read(format!("{FOLDER}/{file}")) else {
            eprintln!("skipped: no {FOLDER}/{file}");
            return None;
        };
        // Face 2 of the collection is the simplified Chinese one.
        let data = egui::FontData { index: 2, ..egui::FontData::from_owned(bytes) };
        fonts.font_data.insert(name.into(), Arc::new(data));
        fonts.families.entry(family).or_default().push(name.into());
    }
    fonts.families.insert(egui::FontFamily::Monospace, vec!["regular".into()]);
    Some(fonts)
}
