//! Sets of files in folders: how they are named, and while they are copied.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use super::*;
use crate::config::Source;
use crate::config::source::{Feed, Limits, Origin};
use crate::domain::health::SourceState;
use crate::domain::update::Update;
use crate::ingest::decode::tests::source;
use crate::ingest::{Ingest, IngestContext, probe};

/// A failure; far above what anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder of one test, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("quanyu-parts-{}-{name}", std::process::id()));
        _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Copies a part of a golden set.
    fn copy(&self, golden: &str, name: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/goldens").join(golden);
        std::fs::copy(from, self.0.join(name)).unwrap();
    }

    fn source(&self, name: &str) -> Source {
        Source { origin: Origin::File { path: self.0.join(name) }, ..source(Feed::Cameras) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn context() -> IngestContext {
    IngestContext { zone: TimeZone::UTC, stages: Vec::new(), waker: Arc::new(|| {}) }
}

#[test]
fn endings_may_be_written_in_any_case() {
    for (shp, dbf) in
        [("点位.shp", "点位.dbf"), ("点位.SHP", "点位.DBF"), ("点位.Shp", "点位.dbf"), ("点位.shp", "点位.Dbf")]
    {
        let folder = Folder::new("case");
        folder.copy("cams.shp", shp);
        folder.copy("cams.dbf", dbf);
        let report = probe(&folder.source(shp), &context());
        assert_eq!((report.count(), report.error), (3, None), "{shp} {dbf}");
        assert_eq!(report.bytes, 232 + 353);
    }
}

#[test]
fn what_is_missing_or_too_long_is_told() {
    let folder = Folder::new("missing");
    folder.copy("cams.shp", "a.shp");
    let report = probe(&folder.source("a.shp"), &context());
    let error = report.error.unwrap();
    assert!(error.contains("a.dbf") && error.contains("同一文件夹"), "{error}");
    folder.copy("cams.dbf", "a.dbf");
    let limits = Limits { bytes: 400, ..Limits::default() };
    let report = probe(&Source { limits, ..folder.source("a.shp") }, &context());
    assert!(report.error.is_some_and(|error| error.contains("400")), "of all parts together");
    folder.copy("cams.shp", "b.json");
    let report = probe(&folder.source("b.json"), &context());
    assert!(report.error.is_some_and(|error| error.contains(".shp")), "under another name it is none");
}

#[test]
fn files_beside_a_shapefile_are_its_own_and_no_others() {
    let of = |path: &str, source: &str| is_of(Path::new(path), Path::new(source));
    assert!(of("/d/a.shp", "d/a.shp") && of("/d/a.DBF", "d/a.shp") && of("/d/a.prj", "d/a.SHP"));
    assert!(!of("/d/b.dbf", "d/a.shp") && !of("/d/a.txt", "d/a.shp") && !of("/d/a.dbf", "d/a.json"));
    assert!(of("/d/a.json", "d/a.json"));
}

#[test]
fn a_set_is_read_again_when_any_of_it_changes_and_not_while_it_is_half_there() {
    let folder = Folder::new("watched");
    for ending in ["shp", "shx", "dbf"] {
        folder.copy(&format!("cams.{ending}"), &format!("a.{ending}"));
    }
    let mut ingest = Ingest::start(&[folder.source("a.shp")], context()).unwrap();
    let mut wait = |wanted: &dyn Fn(&Update) -> bool| {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            match ingest.try_recv() {
                Some(update) if wanted(&update) => return update,
                Some(_) => {}
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        panic!("it never came");
    };
    let records = |count: usize| move |update: &Update| matches!(update, Update::Records { records, .. } if records.len() == count);
    wait(&records(3));
    // Shapes of another set: the numbers agree, but the index does not name them all.
    let dbf = std::fs::read(folder.0.join("a.dbf")).unwrap();
    let mut fewer = dbf.clone();
    fewer[4] = 2;
    std::fs::write(folder.0.join("a.dbf"), &fewer).unwrap();
    let failed = wait(&|update| matches!(update, Update::Health { health, .. } if health.failures > 0));
    let Update::Health { health, .. } = failed else { panic!("{failed:?}") };
    assert!(health.last_error.as_deref().is_some_and(|error| error.contains("复制")), "{health:?}");
    assert!(health.records == 3 && health.state == SourceState::Failing, "what came before stays: {health:?}");
    // The rest comes, and one row is deleted.
    let mut whole = dbf;
    whole[161] = b'*';
    std::fs::write(folder.0.join("a.dbf"), &whole).unwrap();
    wait(&records(2));
    std::fs::write(folder.0.join("a.cpg"), "GBK").unwrap();
    wait(&records(2));
}
