//! Films: pictures of instants, numbered or by way of `ffmpeg`, and what is left
//! when something goes wrong.
//!
//! Needs what `wall.rs` needs; the film also `ffmpeg` and `ffprobe`. Says so and
//! passes where they are missing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use quanyu::config::Config;
use quanyu::domain::clock::ClockMode;
use quanyu::domain::time::Time;
use quanyu::model::{Events, Overview, WallClock};
use quanyu::shell::app::stop;
use quanyu::shell::export::plan::Plan;
use quanyu::shell::export::{Picture, record};
use quanyu::shell::headless::HeadlessWall;
use quanyu::shell::stage::{View, set_up};
use quanyu::shell::{fonts, graphics, run};

use super::wall::simulator;

const HOUR_MS: i64 = 3_600_000;

/// The shipped configuration, with its back end at `address`.
fn badahu(address: &str) -> Arc<Config> {
    run::profile_config("badahu", address.parse().expect("an address")).expect("valid")
}

fn can_draw() -> bool {
    if graphics::require().is_err() {
        eprintln!("skipped: no graphics driver");
        return false;
    }
    if fonts::load(&badahu("127.0.0.1:9").wall.fonts).is_err() {
        eprintln!("skipped: no Chinese fonts");
        return false;
    }
    true
}

fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("-version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: no {program}");
    }
    found
}

/// The last midnight that the simulator's place has seen, but one.
fn midnight(config: &Config) -> Time {
    Time::system_now().plus_millis(-24 * HOUR_MS).start_of_day(&config.wall.zone)
}

/// Events of the shown day so far and of the hours before, counted one by one.
fn count_one_by_one(wall: &HeadlessWall, config: &Config, at: Time) -> (u64, usize) {
    let events = wall.app.world().resource::<Events>();
    let of_day = events.store.between(at.start_of_day(&config.wall.zone), at).count();
    // Without the instant at which the window begins.
    let from = at.plus_millis(1 - (config.heat.window_secs * 1_000.0) as i64);
    (of_day as u64, events.store.between(from, at).filter(|event| event.at().is_some()).count())
}

fn difference(a: &Picture, b: &Picture) -> f64 {
    let [a, b] = [a, b].map(|picture| picture.image.data.as_ref().expect("a picture on this side"));
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}

fn film(wall: &mut HeadlessWall, plan: &Plan) -> Vec<Picture> {
    let mut pictures = Vec::new();
    record(wall, plan, |picture| {
        pictures.push(picture);
        Ok(())
    })
    .expect("a film");
    pictures
}

#[test]
fn every_picture_shows_its_instant_and_a_second_film_is_the_first() {
    if !can_draw() {
        return;
    }
    let simulator = simulator();
    let config = badahu(&simulator.address().to_string());
    // Over midnight, where the day is counted anew on a task.
    let from = midnight(&config).plus_millis(-HOUR_MS);
    let plan = Plan::new([from, from.plus_millis(2 * HOUR_MS)], 1_800, 1, Time::system_now()).expect("a plan");
    let clock = ClockMode::Film { at: plan.at(0), is_rolling: false };
    let setup = set_up(Arc::clone(&config), clock, [640, 360]).expect("set up");
    let view = View { wait: Duration::from_secs(90), ..View::default() };
    let (mut wall, is_complete) = view.open(setup).expect("a wall");
    assert!(is_complete, "not all sources answered");
    view.enter(&mut wall).expect("the view");

    let (first, second) = (film(&mut wall, &plan), film(&mut wall, &plan));
    let at: Vec<i64> = first.iter().map(|picture| picture.at.millis_since(from)).collect();
    assert_eq!(at, [0, HOUR_MS / 2, HOUR_MS, HOUR_MS * 3 / 2]);
    for (index, (first, second)) in first.iter().zip(&second).enumerate() {
        assert_eq!((first.index as usize, first.index, first.at), (index, second.index, second.at));
        let difference = difference(first, second);
        assert!(difference < 0.2, "picture {index} is another: {difference:.2}");
    }
    assert!(difference(&first[0], &first[3]) > 0.2, "pictures of different instants are alike");

    for index in 0..plan.count() {
        wall.expose(plan.at(index), plan.speed(), Duration::ZERO).expect("at rest");
        let world = wall.app.world();
        let overview = world.resource::<Overview>();
        assert_eq!((world.resource::<WallClock>().now(), overview.now), (plan.at(index), plan.at(index)));
        let counted = (overview.today.received, overview.window.len());
        assert_eq!(counted, count_one_by_one(&wall, &config, plan.at(index)), "picture {index}");
    }
    stop(wall.app);
    simulator.stop();
}

/// A folder of its own, beside the program that is tested.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("export-{name}-{}", std::process::id()));
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Two hours of yesterday in four pictures, but for what `more` says. Programs
/// are looked for in `path`.
fn export(out: &Path, path: OsString, more: &[&str]) -> Output {
    let from = midnight(&badahu("127.0.0.1:9"));
    let range = [from, from.plus_millis(2 * HOUR_MS)].map(|at| at.0.to_string());
    let usual = [
        ["--profile", "badahu"],
        ["--wait", "90"],
        ["--size", "321x180"],
        ["--scene", "1"],
        ["--from", &range[0]],
        ["--to", &range[1]],
        ["--speed", "3600"],
        ["--fps", "2"],
    ];
    let arguments = usual.iter().filter(|[name, _]| !more.contains(name)).flatten();
    let mut command = Command::new(env!("CARGO_BIN_EXE_quanyu"));
    command.arg("export").args(arguments).args(more).arg("--out").arg(out).env("PATH", path);
    command.env("QUANYU_LOG", "error");
    command.output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn without_ffmpeg_pictures_are_numbered_and_it_is_said() {
    if !can_draw() {
        return;
    }
    let folder = scratch("numbered");
    let output = export(&folder.join("film.mp4"), folder.clone().into(), &[]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("没有找到 ffmpeg") && said.contains("apt install ffmpeg"), "{said}");
    assert!(said.contains("100% 4/4 帧"), "{said}");
    assert_eq!(names_in(&folder), ["film"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), folder.join("film").display().to_string());
    let names = names_in(&folder.join("film"));
    assert_eq!(names, ["frame-000001.png", "frame-000002.png", "frame-000003.png", "frame-000004.png"]);
    for name in names {
        let picture = image::open(folder.join("film").join(name)).expect("a whole PNG");
        assert_eq!((picture.width(), picture.height()), (322, 180), "of the size that the film would have");
    }
    _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn an_ffmpeg_that_dies_leaves_nothing_but_its_reason() {
    if !can_draw() {
        return;
    }
    let folder = scratch("dead");
    let programs = folder.join("bin");
    std::fs::create_dir(&programs).expect("a folder");
    // The arguments mean something else to it, and it ends at once.
    let fake = programs.join(format!("ffmpeg{}", std::env::consts::EXE_SUFFIX));
    let program = Path::new(env!("CARGO_BIN_EXE_quanyu"));
    std::fs::hard_link(program, &fake).or_else(|_| std::fs::copy(program, &fake).map(drop)).expect("a program");
    let out = folder.join("film.mp4");
    let output = export(&out, programs.into(), &[]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("ffmpeg 中途结束"), "{said}");
    assert_eq!(names_in(&folder), ["bin"], "{said}");
    _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn a_film_has_the_pictures_and_the_rate_asked_for() {
    if !can_draw() || !is_installed("ffmpeg") || !is_installed("ffprobe") {
        return;
    }
    let folder = scratch("film");
    let out = folder.join("时段:一.mp4");
    let output = export(&out, std::env::var_os("PATH").unwrap_or_default(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(names_in(&folder), ["时段:一.mp4"]);
    let entries = "stream=codec_name,width,height,pix_fmt,color_space,r_frame_rate,nb_read_frames";
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_entries", entries, "-of", "csv=p=0"])
        .arg(PathBuf::from(format!("file:{}", out.display())))
        .output()
        .expect("ffprobe starts");
    let found = String::from_utf8_lossy(&probe.stdout);
    assert_eq!(found.trim(), "h264,322,180,yuv420p,bt709,2/1,4", "{}", said(&probe));
    _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn what_makes_no_film_is_refused_in_one_line() {
    let folder = scratch("refused");
    let later = Time::system_now().plus_millis(HOUR_MS).0.to_string();
    let refused: [(&[&str], &str); 7] = [
        (&["--from", "2025-08-16", "--to", "2025-08-15"], "--from 应早于 --to"),
        (&["--to", &later], "--to 晚于现在"),
        (&["--from", "2001-01-01", "--speed", "1"], "上限 100000 帧"),
        (&["--to", "昨天"], "--to: “昨天”不是时刻"),
        (&["--fps", "0"], "--fps 0 不在 1 到 60 之间"),
        (&["--speed", "0"], "--speed 0 不在 1 到 604800 之间"),
        (&["--scene", "没有的"], "没有场景“没有的”"),
    ];
    for (more, words) in refused {
        let output = export(&folder.join("film.mp4"), OsString::new(), more);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {said}");
        assert!(said.contains(words) && said.trim().lines().count() == 1, "{more:?}: {said}");
    }
    assert!(names_in(&folder).is_empty(), "a refusal leaves nothing");
    _ = std::fs::remove_dir_all(&folder);
}
