//! What is kept comes back as it was, or not at all.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::tz::TimeZone;

use super::*;
use crate::config::source::{Feed, Origin};
use crate::domain::event::tests::event;
use crate::domain::geometry::LonLat;
use crate::ingest::decode::tests::source as any_source;

/// A folder of its own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("quanyu-kept-{}-{number}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

const LIMIT: u64 = 8 << 20;

fn source(id: &str, feed: Feed) -> Source {
    Source { id: id.into(), ..any_source(feed) }
}

fn stages() -> Vec<String> {
    vec!["收集".into()]
}

fn cameras(count: usize) -> Records {
    let camera = |number: usize| Camera {
        id: number.to_string(),
        name: "路口".into(),
        owner: "公安".into(),
        at: LonLat::new(120.7, 31.3),
        online: true,
        is_told: true,
        picture: None,
    };
    Records::Cameras((0..count).map(camera).collect())
}

fn well(at: i64) -> SourceHealth {
    SourceHealth { last_ok: Some(Time(at)), records: 3, ..SourceHealth::default() }
}

/// Opens the folder, lets `keep` keep, and waits until it is written.
fn keep(folder: &Folder, source: &Source, keep: impl FnOnce(&mut KeptSource)) {
    let kept = Kept::open(&folder.0, LIMIT, &[&source.id]).unwrap();
    keep(&mut kept.source(source, &TimeZone::UTC, &stages()));
}

fn find(folder: &Folder, source: &Source) -> Option<Found> {
    Kept::open(&folder.0, LIMIT, &[&source.id]).unwrap().source(source, &TimeZone::UTC, &stages()).find()
}

fn count_of(found: Option<Found>) -> Option<usize> {
    found.map(|found| found.records.len())
}

#[test]
fn a_set_comes_back_dated() {
    let (folder, source) = (Folder::new(), source("a", Feed::Cameras));
    keep(&folder, &source, |kept| {
        kept.keep(&cameras(3));
        kept.note(&well(1_000));
    });
    let found = find(&folder, &source).expect("was kept");
    let (Records::Cameras(found_set), Records::Cameras(set)) = (&found.records, cameras(3)) else { panic!() };
    assert_eq!(*found_set, set);
    assert_eq!((found.health.last_ok, found.health.records), (Some(Time(1_000)), 3));
    assert_eq!(found.health.state, crate::domain::health::SourceState::Waiting, "it says nothing of now");
    // Once: after a change of the configuration it would be older than what is shown.
    let kept = Kept::open(&folder.0, LIMIT, &["a"]).unwrap();
    assert!(kept.source(&source, &TimeZone::UTC, &stages()).find().is_some());
    assert!(kept.source(&source, &TimeZone::UTC, &stages()).find().is_none());
}

#[test]
fn what_is_configured_otherwise_or_damaged_counts_as_nothing() {
    let (folder, source) = (Folder::new(), source("a", Feed::Cameras));
    keep(&folder, &source, |kept| {
        kept.keep(&cameras(3));
        kept.note(&well(1_000));
    });
    let other = Source { origin: Origin::File { path: "elsewhere.json".into() }, ..source.clone() };
    assert!(find(&folder, &other).is_none());
    assert!(find(&folder, &source).is_some());
    let path = folder.0.join("a.set");
    let whole = std::fs::read(&path).unwrap();
    for length in [0, 5, disk::HEAD, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(find(&folder, &source).is_none(), "{length} bytes");
    }
    for place in [0, 4, 6, 10, disk::HEAD, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert!(find(&folder, &source).is_none(), "byte {place}");
    }
}

#[test]
fn events_come_back_in_their_last_state() {
    let (folder, source) = (Folder::new(), source("e", Feed::Events));
    let of = |number: i64, stage: u8| Event { stage, ..event(&format!("e{number}"), number) };
    let batch = |stage: u8| Records::Events((0..5_000).map(|number| of(number, stage)).collect());
    let size = || std::fs::metadata(folder.0.join("e.log")).unwrap().len();
    keep(&folder, &source, |kept| {
        kept.keep(&batch(0));
        kept.keep(&batch(0));
        kept.note(&well(1_000));
    });
    let before = size();
    keep(&folder, &source, |kept| {
        let Some(Found { records: Records::Events(events), .. }) = kept.find() else { panic!() };
        assert_eq!(events, (0..5_000).map(|number| of(number, 0)).collect::<Vec<_>>(), "each once");
        // Known already, but for one.
        kept.keep(&batch(0));
        kept.keep(&Records::Events(vec![of(7, 1)]));
    });
    assert!(size() - before < 200, "{} {before}", size());
    let Some(Found { records: Records::Events(events), .. }) = find(&folder, &source) else { panic!() };
    assert_eq!((events.len(), events.last()), (5_001, Some(&of(7, 1))));
    // A power cut in the middle of the last piece.
    let path = folder.0.join("e.log");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    assert_eq!(count_of(find(&folder, &source)), Some(5_000));
    // What comes after it is found as well.
    keep(&folder, &source, |kept| kept.keep(&Records::Events(vec![of(8, 1)])));
    let Some(Found { records: Records::Events(events), .. }) = find(&folder, &source) else { panic!() };
    assert_eq!((events.len(), events.last()), (5_001, Some(&of(8, 1))));
}

#[test]
fn a_set_that_is_behind_keeps_its_date() {
    let (folder, source) = (Folder::new(), source("a", Feed::Cameras));
    keep(&folder, &source, |kept| {
        kept.keep(&cameras(3));
        kept.note(&well(1_000));
        kept.noted = None;
        // Too soon to be written.
        kept.keep(&cameras(4));
        kept.note(&well(2_000));
    });
    let found = find(&folder, &source).expect("was kept");
    assert_eq!((found.records.len(), found.health.last_ok), (3, Some(Time(1_000))));
}

#[test]
fn another_question_is_another_source() {
    let http = |body: &str, tenant: &str| Source {
        origin: Origin::Http {
            url: "http://a/b".into(),
            every_secs: 5.0,
            paging: Default::default(),
            since: None,
            body: Some(crate::config::access::Body::Json(serde_json::from_str(body).unwrap())),
            headers: vec![("X-Tenant".into(), Secret::Plain(tenant.into()))],
            access: Default::default(),
            deadlines: Default::default(),
        },
        ..source("a", Feed::Cameras)
    };
    let folder = Folder::new();
    let first = http(r#"{"type":1}"#, "t1");
    keep(&folder, &first, |kept| {
        kept.keep(&cameras(3));
        kept.note(&well(1_000));
    });
    for other in [http(r#"{"type":2}"#, "t1"), http(r#"{"type":1}"#, "t2")] {
        assert!(find(&folder, &other).is_none());
    }
    assert!(find(&folder, &first).is_some());
}

#[test]
fn a_changed_source_begins_its_log_anew() {
    let (folder, before) = (Folder::new(), source("e", Feed::Events));
    let after = Source { parent: Some("320571".into()), ..before.clone() };
    let kept = Kept::open(&folder.0, LIMIT, &["e"]).unwrap();
    for (source, id) in [(&before, "a"), (&after, "b")] {
        let mut own = kept.source(source, &TimeZone::UTC, &stages());
        own.keep(&Records::Events(vec![event(id, 1)]));
        own.note(&well(1_000));
    }
    drop(kept);
    assert!(find(&folder, &before).is_none());
    let Some(Found { records: Records::Events(events), .. }) = find(&folder, &after) else { panic!() };
    assert_eq!(events.iter().map(|event| &*event.id).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_log_does_not_grow_for_ever() {
    let (folder, source) = (Folder::new(), source("e", Feed::Events));
    let long = |number: i64| Event { place: "长".repeat(300), ..event(&format!("e{number}"), number) };
    keep(&folder, &source, |kept| {
        for piece in 0..40 {
            let events = Records::Events((piece * 100..piece * 100 + 100).map(long).collect());
            kept.keep(&events);
            // Room in the queue.
            while !kept.log_has(&events) {
                std::thread::yield_now();
                kept.keep(&events);
            }
        }
        kept.note(&well(1_000));
    });
    let used: u64 = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(used <= 3 * disk::log_bytes(LIMIT), "{used}");
    let Some(Found { records: Records::Events(events), .. }) = find(&folder, &source) else { panic!() };
    assert_eq!(events.last().map(|event| &*event.id), Some("e3999"), "the newest stay");
    assert!(events.len() > 1_000, "{} of 4,000 in the log and the one before", events.len());
}

#[test]
fn a_history_longer_than_a_log_is_written_once() {
    let (folder, source) = (Folder::new(), source("e", Feed::Events));
    let of = |number: i64, stage: u8| Event {
        place: "长".repeat(300),
        stage,
        ..event(&format!("e{number}"), number * 1_000)
    };
    let history = |changed: i64| Records::Events((0..5_000).map(|n| of(n, u8::from(n == changed))).collect());
    let size = || std::fs::metadata(folder.0.join("e.log")).unwrap().len();
    keep(&folder, &source, |kept| {
        kept.keep(&history(-1));
        assert!(kept.log_has(&history(-1)), "told again, nothing is new");
        kept.note(&well(1_000));
    });
    let before = size();
    assert!(before < disk::log_bytes(LIMIT) && before > disk::log_bytes(LIMIT) / 2, "{before}");
    keep(&folder, &source, |kept| {
        assert!(kept.find().is_some());
        kept.keep(&history(4_990));
    });
    assert!(size() - before < 2_000, "one event and no more");
    let Some(Found { records: Records::Events(events), .. }) = find(&folder, &source) else { panic!() };
    assert_eq!(events.last(), Some(&of(4_990, 1)));
}

#[test]
fn what_has_no_room_is_left_out_and_strangers_are_removed() {
    let (folder, source) = (Folder::new(), source("a", Feed::Cameras));
    std::fs::create_dir_all(&folder.0).unwrap();
    for name in ["gone.set", "gone.log-before", "a.set.part", "readme.txt"] {
        std::fs::write(folder.0.join(name), "x").unwrap();
    }
    let kept = Kept::open(&folder.0, 200, &["a"]).unwrap();
    let mut own = kept.source(&source, &TimeZone::UTC, &stages());
    own.keep(&cameras(100));
    own.note(&well(1_000));
    drop((own, kept));
    let mut names: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.note", "readme.txt"]);
    assert!(find(&folder, &source).is_none());
}

#[test]
fn what_an_ended_run_still_writes_does_not_undo_what_the_next_wrote() {
    let folder = Folder::new();
    let of = |number: i64| Records::Events((0..number).map(|n| event(&format!("e{n}"), n)).collect());
    let old = source("e", Feed::Events);
    let new = Source { origin: Origin::File { path: "elsewhere.json".into() }, ..old.clone() };
    let kept = Kept::open(&folder.0, LIMIT, &["e"]).unwrap();
    let [mut ended, mut next] = [&old, &new].map(|source| kept.source(source, &TimeZone::UTC, &stages()));
    ended.keep(&of(1));
    next.keep(&of(5));
    next.note(&well(1_000));
    ended.keep(&of(9));
    ended.note(&well(2_000));
    next.keep(&of(6));
    drop((ended, next, kept));
    assert!(find(&folder, &old).is_none());
    let found = find(&folder, &new).expect("was kept");
    assert_eq!((found.records.len(), found.health.last_ok), (6, Some(Time(1_000))));
}

#[test]
fn a_folder_that_cannot_be_is_told() {
    let folder = Folder::new();
    std::fs::write(&folder.0, "a file").unwrap();
    assert!(Kept::open(&folder.0.join("inside"), LIMIT, &[]).is_err());
    std::fs::remove_file(&folder.0).unwrap();
}
