//! Map tiles from files and servers, good, damaged and faulty.
//!
//! `goldens/tiles.pmtiles` and `goldens/tiles.mbtiles` hold the same two tiles,
//! written by the Python packages `pmtiles`, `mapbox-vector-tile` and `sqlite3`:
//! 13/6799/3326 and 14/13598/6652, each a square of water with a hole over the
//! north-western quarter, a primary road along the middle, a railway, a wood and a
//! point. In `goldens/leaves.pmtiles` all four children of the first are alike, one
//! entry stands for them, and each entry is in a leaf directory of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use proptest::prelude::*;
use quanyu::config::{Config, TileSet};
use quanyu::domain::context::ContextKind;
use quanyu::domain::geometry::Bounds;
use quanyu::domain::health::{SourceHealth, SourceState};
use quanyu::domain::tiles::{TileContent, TileId, TileShapes};
use quanyu::domain::update::Update;
use quanyu::ingest::{Ingest, IngestContext, TileRequest, probe_tiles};

use crate::faults::server::{Server, hold, reply};

/// A hang is a failure; far above every deadline in these tests.
const PATIENCE: Duration = Duration::from_secs(30);

const TILE: TileId = TileId { z: 14, x: 13_598, y: 6_652 };
const PARENT: TileId = TileId { z: 13, x: 6_799, y: 3_326 };

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/goldens").join(name)
}

/// The tile set that `keys` describe.
fn set(keys: &str) -> TileSet {
    let text = format!(
        "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a\"\n[[tiles]]\nid = \"t\"\n{keys}\n"
    );
    Config::parse(&text, Path::new("/t.toml")).unwrap_or_else(|error| panic!("{error}")).tiles.remove(0)
}

fn archive(kind: &str, path: &Path) -> TileSet {
    set(&format!("kind = \"{kind}\"\npath = \"{}\"", path.display()))
}

fn server_set(server: &Server) -> TileSet {
    let url = server.url("/{z}/{x}/{y}?tk={key}");
    let deadlines = "connect_timeout = \"1s\"\nidle_timeout = \"500ms\"\nwhole_timeout = \"3s\"";
    let key = key_file().display();
    set(&format!("kind = \"xyz\"\nurl = \"{url}\"\nkey = {{ file = \"{key}\" }}\n{deadlines}"))
}

/// The key of all tile servers in these tests.
const KEY: &str = "hunter2";

/// The file that holds it.
fn key_file() -> &'static Path {
    static FILE: std::sync::LazyLock<Scratch> = std::sync::LazyLock::new(|| {
        let file = Scratch::new("key");
        std::fs::write(&file.0, KEY).unwrap();
        file
    });
    &FILE.0
}

fn start(set: &TileSet) -> Ingest {
    let context = IngestContext { zone: TimeZone::UTC, stages: Vec::new(), waker: Arc::new(|| {}) };
    Ingest::start_with_tiles(&[], std::slice::from_ref(set), context).unwrap()
}

fn want(ingest: &Ingest, tiles: &[TileId]) {
    ingest.want_tiles(tiles.iter().map(|&tile| TileRequest { set: 0, tile }).collect());
}

/// Takes updates until one is wanted. None may tell the key.
fn wait_for<T>(ingest: &mut Ingest, what: &str, mut wanted: impl FnMut(Update) -> Option<T>) -> T {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let Some(update) = ingest.try_recv() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        assert!(!format!("{update:?}").contains(KEY), "{update:?}");
        if let Some(found) = wanted(update) {
            return found;
        }
    }
    panic!("no {what}");
}

fn wait_for_tile(ingest: &mut Ingest, of: TileId) -> TileContent {
    wait_for(ingest, "tile", |update| match update {
        Update::Tile { set: 0, tile, content } if tile == of => Some(content),
        _ => None,
    })
}

fn wait_for_health(ingest: &mut Ingest, what: &str, wanted: impl Fn(&SourceHealth) -> bool) -> SourceHealth {
    wait_for(ingest, what, |update| match update {
        Update::Health { health, .. } if wanted(&health) => Some(health),
        _ => None,
    })
}

fn shapes(content: TileContent) -> Arc<TileShapes> {
    match content {
        TileContent::Shapes(shapes) => shapes,
        other => panic!("{other:?}"),
    }
}

fn assert_is_golden(shapes: &TileShapes) {
    assert_eq!((shapes.water.polygons().count(), shapes.water.ring_ends.len()), (1, 2));
    assert_eq!((shapes.green.polygons().count(), shapes.building.polygons().count()), (1, 0));
    assert_eq!(shapes.roads.each_ref().map(Vec::len), [1, 0, 0], "one road, no railway");
}

#[test]
fn archives_of_independent_writers_are_read() {
    for kind in ["pmtiles", "mbtiles"] {
        let mut ingest = start(&archive(kind, &golden(&format!("tiles.{kind}"))));
        let missing = TileId { x: 9, ..TILE };
        want(&ingest, &[TILE, missing, PARENT]);
        let info = wait_for(&mut ingest, "set", |update| match update {
            Update::TileSet { set: 0, info } => Some(info),
            _ => None,
        });
        assert_eq!((info.min_zoom, info.max_zoom, info.tile_px), (13, 14, 512));
        let (mut seen, mut absent) = (0, false);
        while seen < 2 || !absent {
            let (tile, content) = wait_for(&mut ingest, "tile", |update| match update {
                Update::Tile { tile, content, .. } => Some((tile, content)),
                _ => None,
            });
            if tile == missing {
                absent = matches!(content, TileContent::Absent);
                assert!(absent, "{kind}: {content:?}");
            } else {
                assert_is_golden(&shapes(content));
                seen += 1;
            }
        }
        // The square of water is the north-western quarter of its tile.
        let grid = archive(kind, Path::new("/x")).grid;
        want(&ingest, &[]);
        want(&ingest, &[TILE]);
        let bounds = shapes(wait_for_tile(&mut ingest, TILE)).water.bounds();
        let [west, north] = grid.lonlat(TILE, [0.0, 0.0]);
        let [east, south] = grid.lonlat(TILE, [0.5, 0.5]);
        for (got, expected) in bounds.min.iter().chain(&bounds.max).zip([west, south, east, north]) {
            assert!((got - expected).abs() < 1e-9, "{kind}: {bounds:?}");
        }
        ingest.stop();
    }
}

#[test]
fn more_tiles_than_fit_through_the_gate_at_once_all_come() {
    for kind in ["pmtiles", "mbtiles"] {
        let mut ingest = start(&archive(kind, &golden(&format!("tiles.{kind}"))));
        let row: Vec<TileId> = (0..150).map(|x| TileId { x, ..TILE }).collect();
        want(&ingest, &row);
        for _ in &row {
            wait_for(&mut ingest, "tile", |update| matches!(update, Update::Tile { .. }).then_some(()));
        }
    }
}

/// A named pipe that nobody writes to: whoever opens it waits.
#[cfg(unix)]
#[test]
fn archives_that_hang_hold_up_no_source() {
    use quanyu::domain::update::Records;

    let pipe = Scratch::new("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe.0).status().unwrap().success());
    let areas = Scratch::new("areas.json");
    std::fs::write(&areas.0, r#"[{"code":"a","name":"甲"}]"#).unwrap();
    let kind = format!("kind = \"file\"\npath = \"{}\"", areas.0.display());
    let sets: Vec<String> = (0..8)
        .map(|n| format!("[[tiles]]\nid = \"t{n}\"\nkind = \"pmtiles\"\npath = \"{}\"", pipe.0.display()))
        .collect();
    let text = format!("[[sources]]\nid = \"a\"\nfeed = \"areas\"\n{kind}\n{}", sets.join("\n"));
    let config = Config::parse(&text, Path::new("/t.toml")).unwrap_or_else(|error| panic!("{error}"));
    let context = IngestContext { zone: TimeZone::UTC, stages: Vec::new(), waker: Arc::new(|| {}) };
    let mut ingest = Ingest::start_with_tiles(&config.sources, &config.tiles, context).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    // A second answer, for the first may have come before the sets opened.
    std::fs::write(&areas.0, r#"[{"code":"a","name":"甲"},{"code":"b","name":"乙"}]"#).unwrap();
    let count = wait_for(&mut ingest, "areas", |update| match update {
        Update::Records { records: Records::Areas(areas), .. } if areas.len() == 2 => Some(areas.len()),
        _ => None,
    });
    assert_eq!(count, 2);
    // Lets all of them go.
    drop(std::fs::OpenOptions::new().read(true).write(true).open(&pipe.0).unwrap());
}

#[test]
fn leaf_directories_and_runs_of_tiles_are_followed() {
    let mut ingest = start(&archive("pmtiles", &golden("leaves.pmtiles")));
    let children = [[13_598, 6_653], [13_599, 6_653], [13_598, 6_652], [13_599, 6_652]];
    for tile in children.map(|[x, y]| TileId { z: 14, x, y }).into_iter().chain([PARENT]) {
        want(&ingest, &[tile]);
        assert_is_golden(&shapes(wait_for_tile(&mut ingest, tile)));
    }
    let beside = TileId { x: 13_597, ..TILE };
    want(&ingest, &[beside]);
    assert!(matches!(wait_for_tile(&mut ingest, beside), TileContent::Absent));
}

#[test]
fn a_look_at_an_archive_tells_what_is_in_it() {
    let inside = Bounds { min: [118.78, 32.01], max: [118.80, 32.03] };
    let beyond = Bounds { max: [119.5, 32.03], ..inside };
    for kind in ["pmtiles", "mbtiles"] {
        let set = archive(kind, &golden(&format!("tiles.{kind}")));
        let probe = probe_tiles(&set, Some(inside), &TimeZone::UTC);
        assert_eq!((probe.error, probe.zooms, probe.tile), (None, Some([13, 14]), Some(TILE)), "{kind}");
        assert_eq!((probe.covers, probe.is_drawn), (Some(true), true));
        let kind_of = |name: &str| probe.layers.iter().find(|(layer, _)| layer == name).map(|(_, kind)| *kind);
        assert_eq!(kind_of("water"), Some(Some(ContextKind::Water)));
        assert_eq!(kind_of("transportation"), Some(Some(ContextKind::Road)));
        assert_eq!((kind_of("poi"), kind_of("building")), (Some(None), None));
        assert_eq!(probe_tiles(&set, Some(beyond), &TimeZone::UTC).covers, Some(false));
    }
    assert_eq!(
        probe_tiles(&archive("pmtiles", &golden("tiles.pmtiles")), None, &TimeZone::UTC).attribution.as_deref(),
        Some("© 测绘")
    );
}

/// A file of its own that is removed again.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("quanyu-tiles-{}-{name}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn levels_that_an_archive_does_not_have_are_told_of() {
    for kind in ["pmtiles", "mbtiles"] {
        let path = golden(&format!("tiles.{kind}"));
        let with = |keys: &str| set(&format!("kind = \"{kind}\"\npath = \"{}\"\n{keys}", path.display()));
        for keys in ["min_zoom = 15", "max_zoom = 12", "min_zoom = 3\nmax_zoom = 12"] {
            let mut ingest = start(&with(keys));
            let health = wait_for_health(&mut ingest, "fault", |health| health.state == SourceState::Failing);
            let error = probe_tiles(&with(keys), None, &TimeZone::UTC).error.unwrap_or_default();
            for said in [health.last_error.unwrap_or_default(), error] {
                assert!(said.contains("13–14") && said.contains(&keys.replace('\n', ",")), "{said}");
            }
        }
        assert_eq!(probe_tiles(&with("min_zoom = 14\nmax_zoom = 18"), None, &TimeZone::UTC).error, None);
    }
}

#[test]
fn archives_cut_short_at_any_place_say_so() {
    for kind in ["pmtiles", "mbtiles"] {
        let whole = std::fs::read(golden(&format!("tiles.{kind}"))).unwrap();
        let scratch = Scratch::new(&format!("cut.{kind}"));
        // The last page of the database may be needed by no tile.
        let lengths = if kind == "mbtiles" { whole.len() - 512 } else { whole.len() };
        for length in (0..lengths).step_by(7) {
            std::fs::write(&scratch.0, &whole[..length]).unwrap();
            let probe = probe_tiles(&archive(kind, &scratch.0), None, &TimeZone::UTC);
            assert!(probe.error.is_some() || !probe.is_drawn, "{kind} of {length} bytes passes as whole");
        }
    }
}

#[test]
fn archives_of_the_wrong_kind_are_named() {
    for (kind, file, words) in [
        ("pmtiles", "tiles.mbtiles", "不是 PMTiles 文件"),
        ("mbtiles", "tiles.pmtiles", "不是 MBTiles 文件"),
        ("pmtiles", "no-such-file", "无法读取文件 no-such-file:不存在"),
        ("mbtiles", "no-such-file", "无法读取文件 no-such-file:不存在"),
    ] {
        let error = probe_tiles(&archive(kind, &golden(file)), None, &TimeZone::UTC).error;
        assert!(error.as_ref().is_some_and(|error| error.contains(words)), "{error:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn archives_damaged_at_random_are_answered(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        for kind in ["pmtiles", "mbtiles"] {
            let mut bytes = std::fs::read(golden(&format!("tiles.{kind}"))).unwrap();
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            let scratch = Scratch::new(&format!("damaged.{kind}"));
            std::fs::write(&scratch.0, &bytes).unwrap();
            let _ = probe_tiles(&archive(kind, &scratch.0), None, &TimeZone::UTC);
        }
    }
}

#[test]
fn an_archive_that_appears_and_is_replaced_is_opened_anew() {
    let scratch = Scratch::new("late.mbtiles");
    let mut ingest = start(&archive("mbtiles", &scratch.0));
    want(&ingest, &[TILE]);
    let health = wait_for_health(&mut ingest, "absence", |health| health.state == SourceState::Failing);
    assert!(health.last_error.is_some_and(|error| error.contains("不存在")));
    std::fs::copy(golden("tiles.mbtiles"), &scratch.0).unwrap();
    assert_is_golden(&shapes(wait_for_tile(&mut ingest, TILE)));
    // In the place of the old one, as exports do.
    let database = rusqlite::Connection::open(&scratch.0).unwrap();
    database.execute("UPDATE tiles SET tile_data = x''", []).unwrap();
    drop(database);
    wait_for(&mut ingest, "set", |update| matches!(update, Update::TileSet { .. }).then_some(()));
    want(&ingest, &[]);
    want(&ingest, &[TILE]);
    assert!(matches!(wait_for_tile(&mut ingest, TILE), TileContent::Absent));
}

fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(256, 256).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn a_server_gets_the_key_and_the_place_of_each_tile() {
    let server = Server::start(reply("200 OK", "Content-Type: image/png\r\n", &png()));
    let url = server.url("/{s}/wmts?TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}");
    let keys =
        "subdomains = [\"a\", \"b\"]\nkey = { env = \"CARGO_PKG_NAME\" }\nheaders = { Referer = \"http://wall/\" }";
    let set = set(&format!("kind = \"wmts\"\nurl = \"{url}\"\n{keys}"));
    let mut ingest = start(&set);
    want(&ingest, &[TILE]);
    let TileContent::Raster(picture) = wait_for_tile(&mut ingest, TILE) else { panic!() };
    assert_eq!((picture.width, picture.height), (256, 256));
    assert!(server.saw("GET /a/wmts?TILEMATRIX=14&TILEROW=6652&TILECOL=13598&tk=quanyu HTTP"));
    assert!(server.saw("referer: http://wall/"));
    assert_eq!(wait_for_health(&mut ingest, "health", |health| health.records > 0).state, SourceState::Live);
}

/// A server that answers with `bad` is told of by `words`; once it answers well
/// again, so is that.
fn fails_and_recovers(words: &str, bad: impl Fn(&mut std::net::TcpStream, &str) + Send + Sync + 'static) {
    let server = Server::start(bad);
    let mut ingest = start(&server_set(&server));
    want(&ingest, &[TILE]);
    let health = wait_for_health(&mut ingest, words, |health| health.state == SourceState::Failing);
    let error = health.last_error.unwrap_or_default();
    assert!(error.contains(words), "{error}");
    assert!(server.saw("?tk=hunter2 HTTP"));
    server.behave(reply("200 OK", "", &png()));
    // What came damaged is asked for again by the model, after a while.
    want(&ingest, &[]);
    want(&ingest, &[TILE]);
    let is_picture = |update| match update {
        Update::Tile { content: TileContent::Raster(_), .. } => Some(()),
        _ => None,
    };
    wait_for(&mut ingest, "picture", is_picture);
    wait_for_health(&mut ingest, "recovery", |health| health.state == SourceState::Live);
    ingest.stop();
}

#[test]
fn a_server_without_any_tile_is_told_of() {
    fails_and_recovers("HTTP 404:地址不存在", reply("404 Not Found", "", b"<html>no</html>"));
}

#[test]
fn a_server_that_stalls() {
    fails_and_recovers("没有收到数据", |stream, _| hold(stream));
}

#[test]
fn a_login_page_in_the_place_of_a_tile() {
    fails_and_recovers("返回的是网页", reply("200 OK", "Content-Type: image/png\r\n", b"<!DOCTYPE html><html>login"));
}

#[test]
fn an_error_message_in_the_place_of_a_tile() {
    fails_and_recovers("JSON", reply("200 OK", "", r#"{"msg":"非法Key","code":301001}"#.as_bytes()));
}

#[test]
fn a_tile_that_is_none_and_one_that_ends_early() {
    fails_and_recovers("既不是图片,也不是矢量瓦片", reply("200 OK", "", b"\x1b\xffgarbage"));
    fails_and_recovers("内容损坏", reply("200 OK", "", &png()[..60]));
}

#[test]
fn a_tile_without_end() {
    fails_and_recovers("数据超过上限 4 MiB", reply("200 OK", "", &vec![b'x'; 5 << 20]));
}

#[test]
fn a_refused_key() {
    fails_and_recovers("HTTP 403:禁止访问", reply("403 Forbidden", "", b"<html>tk invalid</html>"));
}

#[test]
fn a_server_that_breaks_off() {
    fails_and_recovers("中途断开", |stream, _| {
        use std::io::Write;
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n\x89PNG");
    });
}

#[test]
fn a_redirect_to_another_host_does_not_carry_the_key_away() {
    let other = Server::start(reply("200 OK", "", &png()));
    let location = format!("Location: http://localhost:{}/steal\r\n", other.address.port());
    fails_and_recovers("拒绝转到其他主机", reply("302 Found", &location, b""));
    assert!(other.requests.lock().unwrap().is_empty());
}

#[test]
fn holes_in_a_set_are_no_failure() {
    let picture = png();
    let server = Server::start(move |stream, head| {
        if head.contains("/14/13598/") {
            reply("200 OK", "", &picture)(stream, head);
        } else {
            reply("404 Not Found", "", b"")(stream, head);
        }
    });
    let mut ingest = start(&server_set(&server));
    want(&ingest, &[TILE]);
    assert!(matches!(wait_for_tile(&mut ingest, TILE), TileContent::Raster(_)));
    let hole = TileId { x: 13_599, ..TILE };
    want(&ingest, &[hole]);
    let mut failures = 0;
    let content = wait_for(&mut ingest, "hole", |update| match update {
        Update::Tile { tile, content, .. } if tile == hole => Some(content),
        Update::Health { health, .. } => {
            failures += health.failures;
            None
        }
        _ => None,
    });
    assert!(matches!(content, TileContent::Absent));
    assert_eq!(failures, 0);
}

#[test]
fn only_the_latest_list_is_worked_off() {
    let picture = png();
    let server = Server::start(move |stream, head| {
        std::thread::sleep(Duration::from_millis(20));
        reply("200 OK", "", &picture)(stream, head);
    });
    let mut ingest = start(&server_set(&server));
    let row: Vec<TileId> = (0..150).map(|x| TileId { x, ..TILE }).collect();
    want(&ingest, &row);
    wait_for_tile(&mut ingest, row[0]);
    want(&ingest, &[TILE]);
    wait_for_tile(&mut ingest, TILE);
    // All that was on its way may still come, but not the whole row.
    assert!(server.requests.lock().unwrap().len() < 60);
}

#[test]
fn a_server_that_wants_a_login_gets_it() {
    let picture = png();
    let server = Server::start(move |stream, head| {
        // wall:hunter2
        if head.contains("authorization: Basic d2FsbDpodW50ZXIy\r\n") {
            reply("200 OK", "Content-Type: image/png\r\n", &picture)(stream, head);
        } else {
            reply("401 Unauthorized", "", b"")(stream, head);
        }
    });
    let url = server.url("/{z}/{x}/{y}.png");
    let text = format!(
        "[[credentials]]\nid = \"c\"\nkind = \"basic\"\nusername = \"wall\"\npassword = {{ file = \"{}\" }}\n\
         [[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a\"\n\
         [[tiles]]\nid = \"t\"\nkind = \"xyz\"\nurl = \"{url}\"\ncredentials = \"c\"\n",
        key_file().display()
    );
    let set = Config::parse(&text, Path::new("/t.toml")).unwrap_or_else(|error| panic!("{error}")).tiles.remove(0);
    let mut ingest = start(&set);
    want(&ingest, &[TILE]);
    assert!(matches!(wait_for_tile(&mut ingest, TILE), TileContent::Raster(_)));
    assert_eq!(probe_tiles(&set, None, &TimeZone::UTC).error, None);
    let refused = |more: &str| Config::parse(&format!("{text}{more}"), Path::new("/t.toml")).unwrap_err().to_string();
    assert!(refused("tls = { ca = \"ca.pem\" }").contains("只用于 https://"));
}
