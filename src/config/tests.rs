//! The shipped configurations are valid and complete, and what is wrong is
//! said in words that help.

mod access;
mod briefings;
mod complaints;
#[cfg(feature = "postgres")]
mod databases;
mod privacy;
#[cfg(all(feature = "websocket", feature = "mqtt"))]
mod push;
mod remote;
mod services;
mod themes;

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::access::Access;
use super::raw::{
    RawAlert, RawAlertDevice, RawAlertEvent, RawAlerting, RawAnswer, RawBezels, RawBriefing, RawBriefingStep, RawCache,
    RawClosedLoop, RawConfig, RawCredential, RawEvents, RawFilter, RawHeat, RawLimits, RawMap, RawPaging, RawPanel,
    RawPrivacy, RawRemote, RawRemoteToken, RawScene, RawSceneHeat, RawSceneReplay, RawSecret, RawSource, RawTiles,
    RawTls, RawWall, RawWarning,
};
use super::source::{Deadlines, Feed, Limits, Origin, Paging, Secret};
use super::tiles::{TileLook, TileOrigin};
use super::*;
use crate::domain::crs::Crs;
use crate::domain::tiles::{TileGrid, TileMatrix};

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A file that is good as it is; `more` is what a test adds to it.
fn minimal(more: &str) -> String {
    format!("[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n{more}")
}

fn parsed(text: &str) -> Config {
    Config::parse(text, Path::new("etc/config.toml")).unwrap_or_else(|error| panic!("{error}"))
}

/// What is wrong with `text`, as printed.
fn refused(text: &str) -> String {
    match Config::parse(text, Path::new("config.toml")) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn shipped_configurations_are_valid() {
    for name in ["jinjihu", "badahu", "honghua", "yanlong", "nanjing", "files", "london", "nanjing-districts"] {
        Config::load(&repository(&format!("examples/{name}.toml"))).unwrap_or_else(|error| panic!("{error}"));
    }
    let demo = Config::load(&repository("config.toml")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(demo.wall.audience, Audience::Demo);
    assert_eq!((demo.sources.len(), demo.panels.len(), demo.scenes.len()), (8, 11, 3));
}

/// The keys that a text shows in each section, commented out or not.
/// Inline tables count as sections of the name of their key.
fn keys_by_section(text: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in text.lines() {
        let line = line.trim_start_matches(['#', ' ']);
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
            keys.extend(section.rsplit_once('.').map(|(outer, name)| (outer.to_owned(), name.to_owned())));
            keys.push((String::new(), section.split('.').next().unwrap_or_default().to_owned()));
            continue;
        }
        let Some((key, value)) = line.split_once(" = ") else { continue };
        keys.push((section.clone(), key.to_owned()));
        for inner in value.split(['{', ',', '}']).skip(1) {
            keys.extend(inner.split_once(" = ").map(|(name, _)| (key.to_owned(), name.trim().to_owned())));
        }
    }
    keys
}

#[test]
fn the_demo_configuration_shows_every_key() {
    let text = std::fs::read_to_string(repository("config.toml")).unwrap();
    let shown = keys_by_section(&text);
    let tables: [(&str, &[&str]); 30] = [
        ("", RawConfig::KEYS),
        ("wall", RawWall::KEYS),
        ("wall.bezels", RawBezels::KEYS),
        ("closed_loop", RawClosedLoop::KEYS),
        ("map", RawMap::KEYS),
        ("heat", RawHeat::KEYS),
        ("heat", RawSceneHeat::KEYS),
        ("replay", RawSceneReplay::KEYS),
        ("filter", RawFilter::KEYS),
        ("events", RawEvents::KEYS),
        ("cache", RawCache::KEYS),
        ("warning", RawWarning::KEYS),
        ("alerting", RawAlerting::KEYS),
        ("alerts", RawAlert::KEYS),
        ("event", RawAlertEvent::KEYS),
        ("device", RawAlertDevice::KEYS),
        ("privacy", RawPrivacy::KEYS),
        ("remote", RawRemote::KEYS),
        ("remote.tokens", RawRemoteToken::KEYS),
        ("credentials", RawCredential::KEYS),
        ("answer", RawAnswer::KEYS),
        ("tls", RawTls::KEYS),
        ("sources", RawSource::KEYS),
        ("paging", RawPaging::KEYS),
        ("limits", RawLimits::KEYS),
        ("tiles", RawTiles::KEYS),
        ("panels", RawPanel::KEYS),
        ("scenes", RawScene::KEYS),
        ("briefings", RawBriefing::KEYS),
        ("briefings.steps", RawBriefingStep::KEYS),
    ];
    for (section, keys) in tables {
        for key in keys {
            // `[sources.values.severity]` shows `values` through its outer section.
            let is_shown =
                shown.iter().any(|(at, name)| (at == section && name == key) || (at == &format!("{section}.{key}")));
            assert!(is_shown, "config.toml does not show [{section}] {key}");
        }
    }
    for key in RawSecret::KEYS {
        assert!(text.contains(&format!("{{ {key} = ")), "config.toml does not show {key}");
    }
}

#[test]
fn a_minimal_file_gets_sensible_defaults() {
    let config = parsed("[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"http\"\nurl = \"http://a/b\"\n");
    assert_eq!(config.wall.audience, Audience::Public);
    assert_eq!(config.wall.zone.iana_name(), Some("Asia/Shanghai"));
    assert_eq!(config.closed_loop.stages.len(), 7);
    let style = HeatStyle::default();
    let heat = Heat {
        window_secs: 10_800.0,
        radius_m: 150.0,
        cell_m: 300.0,
        full_scale: None,
        hotspots: 3,
        style: style.clone(),
    };
    assert_eq!((config.heat, &config.scenes[0].heat), (heat, &style));
    let source = &config.sources[0];
    assert_eq!((source.name.as_str(), source.crs, source.limits), ("a", Crs::Wgs84, Limits::default()));
    assert_eq!(source.stale_after_secs, 1_800.0);
    let expected = Origin::Http {
        url: "http://a/b".into(),
        every_secs: 600.0,
        paging: Paging::Links,
        since: None,
        body: None,
        headers: vec![],
        access: Access::default(),
        deadlines: Deadlines::default(),
    };
    assert_eq!(source.origin, expected);
    assert_eq!(config.panels, [], "areas alone fill no panel");
    assert_eq!(config.scenes[0].layers, Layer::ALL);
}

#[test]
fn panels_and_scenes_follow_the_sources_when_not_given() {
    let events = "[[sources]]\nid = \"e\"\nfeed = \"events\"\nkind = \"sse\"\nurl = \"http://a/b\"\n";
    let config = parsed(&minimal(events));
    let ids: Vec<&str> = config.panels.iter().map(|panel| panel.id.as_str()).collect();
    assert_eq!(ids, ["key-figures", "closed-loop", "categories", "live-events", "ranking", "trend", "time-axis"]);
    assert_eq!(config.panels[0].sources, [1]);
    assert_eq!(config.panels[4].sources, [0, 1]);
    assert_eq!(config.scenes[0].panels, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(parsed(&format!("panels = []\n{}", minimal(events))).panels, []);
}

#[test]
fn everything_that_is_set_arrives() {
    let text = r##"
[wall]
size = "3840x1080"
theme = "high-contrast"
time_zone = "Europe/London"
return_after = "2m"
bezels = { columns = 3, rows = 2, gap_mm = 1.8, screen_width_mm = 1209.6 }
[map]
focus = "320"
fill = "none"
fill_level = "micro-grid"
[heat]
window = "1d"
radius = "1.2km"
full_scale = 12
form = "hexagon"
cell = "500m"
hotspots = 0
categories = ["房屋安全", "消防"]
[[sources]]
id = "e"
name = "平台"
feed = "events"
kind = "http"
url = "https://a.example/b?type=1"
every = "500ms"
crs = "gcj02"
records = "/rows"
since = "after"
paging = { per_page = 50 }
headers = { Authorization = { env = "TOKEN" }, X-Secret = { file = "s.txt" }, Accept = "a/b" }
limits = { bytes = "1MiB", records = 7 }
whole_timeout = "1m"
[sources.fields]
reported = "/t~1x"
[sources.values.severity]
"甲" = "urgent"
[[panels]]
id = "k"
kind = "key-figures"
side = "bottom"
columns = 5
area = "focus"
figures = ["closed", "reported:房屋"]
[[panels]]
id = "c"
kind = "cameras"
every = "3s"
column = 2
columns = 2
rows = 4
[[panels]]
id = "t"
kind = "trend"
area = "321"
[[scenes]]
name = "甲"
layers = ["labels"]
panels = ["c"]
heat = { compare = "last-week", categories = [], color = "#ff7F50" }
duration = "90s"
[[scenes]]
name = "乙"
focus = "321"
"##;
    let config = parsed(text);
    assert_eq!(config.wall.size, Some([3840, 1080]));
    assert_eq!((config.wall.theme, config.wall.theme_file), (Theme::named(ThemeName::HighContrast), None));
    assert_eq!(config.wall.return_after_secs, 120.0);
    assert_eq!(config.wall.bezels, Bezels { columns: 3, rows: 2, gap_mm: 1.8, screen_width_mm: 1209.6 });
    assert_eq!((config.map.fill, config.map.fill_level), (Fill::None, Some(Level::MicroGrid)));
    let style = HeatStyle {
        form: HeatForm::Hexagon,
        categories: vec!["房屋安全".into(), "消防".into()],
        ..HeatStyle::default()
    };
    let numbers = Heat {
        window_secs: 86_400.0,
        radius_m: 1_200.0,
        cell_m: 500.0,
        full_scale: Some(12.0),
        hotspots: 0,
        style: style.clone(),
    };
    assert_eq!(config.heat, numbers);
    let own = HeatStyle {
        compare: HeatCompare::LastWeek,
        categories: Vec::new(),
        color: Some([255, 0x7f, 0x50]),
        ..style.clone()
    };
    assert_eq!((&config.scenes[0].heat, &config.scenes[1].heat), (&own, &style));
    let source = &config.sources[0];
    assert_eq!((source.feed, source.crs, source.records.as_deref()), (Feed::Events, Crs::Gcj02, Some("/rows")));
    assert_eq!((source.limits.bytes, source.limits.records), (1 << 20, 7));
    assert_eq!(source.values["severity"]["甲"], "urgent");
    let Origin::Http { every_secs, paging, headers, .. } = &source.origin else { panic!("{:?}", source.origin) };
    assert_eq!(*every_secs, 0.5);
    assert!(matches!(paging, Paging::Number { per_page: 50, total, .. } if total == "/data/total"));
    assert_eq!(headers.len(), 3);
    assert!(headers.contains(&("X-Secret".into(), Secret::File("etc/s.txt".into()))));
    let figures = vec![KeyFigure::Closed, KeyFigure::Reported("房屋".into())];
    assert_eq!(config.panels[0].kind, PanelKind::KeyFigures { figures });
    assert_eq!(config.panels[1].kind, PanelKind::Cameras { every_secs: 3.0 });
    assert_eq!(config.panels[0].cell, Cell { columns: Some(5), ..Cell::default() });
    assert_eq!(config.panels[0].area, Some(PanelArea::Focus));
    assert_eq!(config.panels[2].area, Some(PanelArea::Code("321".into())));
    assert_eq!(config.panels[1].cell, Cell { column: Some(2), columns: Some(2), rows: Some(4) });
    assert_eq!((config.scenes[0].panels.as_slice(), config.scenes[0].duration_secs), (&[1][..], Some(90.0)));
    assert_eq!(config.scenes[0].focus.as_deref(), Some("320"));
    assert_eq!((config.scenes[1].panels.as_slice(), config.scenes[1].focus.as_deref()), (&[0, 1, 2][..], Some("321")));
}

#[test]
fn tile_sets_arrive_with_their_defaults() {
    let text = r#"
[[tiles]]
id = "file"
kind = "pmtiles"
path = "n.pmtiles"
[[tiles]]
id = "tdt"
name = "天地图"
kind = "wmts"
url = "https://t{s}.a.cn/vec_c/wmts?TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
subdomains = ["0", "1"]
key = { file = "tdt.key" }
headers = { Referer = "https://wall.a.cn/" }
crs = "gcj02"
matrix = "geographic"
look = "imagery"
opacity = 0.5
max_zoom = 17
layers = { "水系面" = "water", POI = "none" }
attribution = "© 天地图"
"#;
    let config = parsed(&minimal(text));
    let [file, server] = &config.tiles[..] else { panic!("{:?}", config.tiles) };
    assert_eq!(file.origin, TileOrigin::PmTiles { path: "etc/n.pmtiles".into() });
    assert_eq!((file.name.as_str(), file.grid, file.opacity), ("file", TileGrid::default(), 1.0));
    assert_eq!((file.min_zoom, file.max_zoom, file.tile_px, file.look), (None, None, None, TileLook::Light));
    let TileOrigin::Url(url) = &server.origin else { panic!("{:?}", server.origin) };
    assert_eq!(url.key, Some(Secret::File("etc/tdt.key".into())));
    assert_eq!((url.subdomains.len(), url.headers.len(), url.deadlines), (2, 1, Deadlines::default()));
    assert_eq!(server.grid, TileGrid { matrix: TileMatrix::Geographic, datum: Crs::Gcj02 });
    assert_eq!((server.min_zoom, server.max_zoom, server.look), (None, Some(17), TileLook::Imagery));
    assert_eq!(server.layers["水系面"], Some(crate::domain::context::ContextKind::Water));
    assert_eq!(server.layers["POI"], None);
    assert_eq!(parsed(&minimal("")).tiles, []);
}

#[test]
fn paths_start_at_the_folder_of_the_file() {
    let path_of = |config: Config| match &config.sources[0].origin {
        Origin::File { path } => path.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(path_of(parsed(&minimal(""))), Path::new("etc/a.geojson"));
    let beside = Config::parse(&minimal(""), Path::new("config.toml")).unwrap();
    assert_eq!(path_of(beside), Path::new("a.geojson"));
    assert_eq!(path_of(parsed(&minimal("").replace("a.geojson", "/srv/a.geojson"))), Path::new("/srv/a.geojson"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let text = format!("\u{feff}{}", minimal("")).replace('\n', "\r\n");
    assert_eq!(parsed(&text).sources.len(), 1);
}

/// Wrong additions to a good file, each with all that is said about it.
#[test]
fn complaints_help() {
    for (more, expected) in complaints::CASES {
        assert_eq!(refused(&minimal(more)).lines().collect::<Vec<_>>(), expected, "\n{more}");
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let text = "[wall]\nthem = 1\n[heat]\nwidnow = \"3h\"\nradius = 150\n[[sources]]\nid = \"a b\"\n";
    let lines = refused(text);
    let places: Vec<&str> = lines.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(
        places,
        [
            "config.toml:2:1",
            "config.toml:4:1",
            "config.toml:5:10",
            "config.toml:6:1",
            "config.toml:6:1",
            "config.toml:7:6"
        ]
    );
}

#[test]
fn an_empty_file_is_refused_so_that_a_half_saved_one_never_blanks_the_wall() {
    assert_eq!(refused(""), "config.toml: 没有数据源:至少要有一个 [[sources]]");
}

#[test]
fn no_complaint_repeats_a_secret() {
    let secret = "hunter2";
    for line in [
        r#"headers = { Authorization = "hunter2" }"#,
        r#"headers = { X-Any = "Basic hunter2" }"#,
        r#"headers = { Authorization = ["hunter2"] }"#,
        r#"headers = { Authorization = { env = "hunter2!" } }"#,
        r#"headers = "hunter2""#,
        r#"pasword = "hunter2""#,
        r#"every = ["hunter2"]"#,
    ] {
        let text =
            format!("[[sources]]\nid = \"e\"\nfeed = \"events\"\nkind = \"http\"\nurl = \"http://a/\"\n{line}\n");
        let complaints = refused(&text);
        assert!(!complaints.contains(secret), "{complaints}");
    }
    let url = "[[sources]]\nid = \"e\"\nfeed = \"events\"\nkind = \"sse\"\nurl = \"ftp://u:hunter2@a/\"\n";
    assert!(!refused(url).contains(secret));
}

#[test]
fn garbage_is_answered_briefly() {
    for text in ["[".repeat(100_000), format!("a = {}", "[".repeat(100_000)), "=\n".repeat(5_000)] {
        let complaints = refused(&text).lines().count();
        assert!(complaints <= 101, "{complaints} complaints");
    }
}

/// Pieces of configurations, whole and broken.
fn piece() -> impl Strategy<Value = String> {
    let pieces: Vec<&'static str> = vec![
        "[wall]\n",
        "[[sources]]\n",
        "[[panels]]\n",
        "[[scenes]]\n",
        "[sources.fields]\n",
        "[sources.values.stage]\n",
        "id = \"a\"\n",
        "kind = \"http\"\n",
        "kind = \"ranking\"\n",
        "feed = \"events\"\n",
        "every = \"3s\"\n",
        "every = 3\n",
        "url = \"http://a\"\n",
        "sources = [\"a\", 1]\n",
        "headers = { a = { env = \"A\" } }\n",
        "paging = {}\n",
        "bezels = { columns = 9 }\n",
        "layers = [\"heat\", \"heat\"]\n",
        "[[tiles]]\n",
        "[[alerts]]\n",
        "figure = \"closed\"\n",
        "above = 3\n",
        "device = { kind = \"a\" }\n",
        "kind = \"xyz\"\n",
        "url = \"http://{s}/{z}/{x}/{key}\"\n",
        "x = \"",
        "'''",
        "}",
        "\n",
        "[closed_loop]\nstages = []\n",
        "limits = { bytes = \"0B\" }\n",
        "time_zone = \"Asia/Nanjing\"\n",
        "é字\u{0}",
    ];
    prop_oneof![9 => proptest::sample::select(pieces).prop_map(str::to_owned), 1 => ".{0,12}"]
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "(?s).{0,300}") {
        let _ = Config::parse(&text, Path::new("x.toml"));
    }

    #[test]
    fn any_mixture_is_answered_with_places_in_the_file(pieces in proptest::collection::vec(piece(), 0..30)) {
        let text = pieces.concat();
        if let Err(error) = Config::parse(&text, Path::new("x.toml")) {
            prop_assert!(!error.complaints().is_empty());
            let lines = text.matches('\n').count() + 1;
            prop_assert!(error.complaints().iter().all(|complaint| complaint.line <= lines));
        }
    }

    #[test]
    fn any_damage_to_the_demo_is_answered(at in 0_usize..10_000, length in 0_usize..40, patch in ".{0,8}") {
        let mut text: Vec<char> = include_str!("../../config.toml").chars().collect();
        let start = at.min(text.len());
        let end = (start + length).min(text.len());
        text.splice(start..end, patch.chars());
        let _ = Config::parse(&text.into_iter().collect::<String>(), Path::new("x.toml"));
    }
}

#[test]
fn tilt_and_heights_arrive_or_are_refused_with_their_range() {
    let config = parsed(&minimal("[map]\ntilt = \"columns\"\nheight = 2.5\n[[scenes]]\nname = \"一\"\ntilt = 30\n"));
    assert_eq!((config.map.tilt, config.map.height_factor), (TiltStyle::Columns, 2.5));
    assert_eq!(config.scenes[0].tilt_deg, 30.0);
    let flat = parsed(&minimal(""));
    assert_eq!((flat.map.tilt, flat.map.height_factor, flat.scenes[0].tilt_deg), (TiltStyle::Extrude, 1.0, 0.0));
    let error = refused(&minimal("[map]\ntilt = \"cubes\"\nheight = 9.0\n[[scenes]]\nname = \"一\"\ntilt = 60\n"));
    for part in ["`columns`", "高度系数须在 0.1 到 5 之间,却是 9", "倾斜角须在 0 到 55 度之间,却是 60"]
    {
        assert!(error.contains(part), "{error}");
    }
}
