//! Archives of tiles: PMTiles, and MBTiles where the file is one of SQLite.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::config::tiles::TileOrigin;
use quanyu_fuzz::domain::tiles::{TileId, TileMatrix};
use quanyu_fuzz::ingest::tiles;

static PATH: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    folder.join(format!("quanyu-fuzz-archive-{}", std::process::id()))
});

fuzz_target!(|data: &[u8]| {
    std::fs::write(&*PATH, data).expect("a file can be written");
    let path = PATH.clone();
    let is_database = data.starts_with(b"SQLite format 3\0");
    let origin = if is_database { TileOrigin::MbTiles { path } } else { TileOrigin::PmTiles { path } };
    let all = (0..4_u8).flat_map(|z| (0..1_u32 << z).map(move |x| TileId { z, x, y: x }));
    let more = [(12, 3_423, 1_763), (14, 13_598, 6_652)].map(|(z, x, y)| TileId { z, x, y });
    let wanted: Vec<TileId> = all.chain(more).collect();
    match tiles::look(&origin, TileMatrix::default(), &wanted) {
        // A tile is a part of the file, so many times at most.
        Ok(found) => assert!(found.iter().all(|tile| is_database || tile.len() <= data.len())),
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
    _ = std::fs::remove_file(&*PATH);
});
