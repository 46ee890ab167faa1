//! Map tiles at hand, bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bevy::prelude::*;

use crate::domain::tiles::{TileContent, TileId, TileSetId, TileSetInfo};

/// Memory that tiles may take which nobody looks at, bytes. What is in view
/// stays whatever it takes: a view has a bounded number of tiles, and a tile a
/// bounded size.
const MAX_BYTES: usize = 96 << 20;

/// Most tiles kept of all sets, empty ones included.
const MAX_TILES: usize = 4_096;

/// A tile that came damaged is wanted again after this.
const FAULTY_FOR: Duration = Duration::from_secs(60);

/// A tile that its set did not have is wanted again after this.
const ABSENT_FOR: Duration = Duration::from_secs(600);

/// One tile at hand.
#[derive(Debug)]
struct Kept {
    content: TileContent,
    came: Instant,
    /// Count of the frame in which it was last looked at.
    used: u64,
}

/// What is known of one tile set.
#[derive(Debug, Default)]
struct KeptSet {
    info: Option<TileSetInfo>,
    /// Revision at which it was opened.
    opened: u64,
    tiles: BTreeMap<TileId, Kept>,
}

/// The tiles of all sets.
#[derive(Resource, Default, Debug)]
pub struct Tiles {
    sets: BTreeMap<TileSetId, KeptSet>,
    frame: u64,
    /// Grows when a tile comes or a set is opened anew.
    pub revision: u64,
    /// Grows when the sets are others, or are served by another ingest.
    pub epoch: u64,
}

impl Tiles {
    /// A set was opened: what is kept of it is void.
    pub(super) fn open_set(&mut self, set: TileSetId, info: TileSetInfo) {
        self.revision += 1;
        self.sets.insert(set, KeptSet { info: Some(info), opened: self.revision, tiles: BTreeMap::new() });
    }

    /// Keeps a tile.
    pub(super) fn insert(&mut self, set: TileSetId, tile: TileId, content: TileContent) {
        let kept = Kept { content, came: Instant::now(), used: self.frame };
        self.sets.entry(set).or_default().tiles.insert(tile, kept);
        self.revision += 1;
    }

    /// Forgets everything: the sets are others now.
    pub(super) fn clear(&mut self) {
        self.sets.clear();
        self.revision += 1;
        self.epoch += 1;
    }

    /// What a set is like; `None` until it was opened.
    pub fn info(&self, set: TileSetId) -> Option<TileSetInfo> {
        self.sets.get(&set)?.info
    }

    /// Another number whenever a set is opened: what was made of its tiles before
    /// is void.
    pub fn opened(&self, set: TileSetId) -> u64 {
        self.sets.get(&set).map_or(0, |kept| kept.opened)
    }

    /// What a tile holds, if it is at hand.
    pub fn get(&self, set: TileSetId, tile: TileId) -> Option<&TileContent> {
        Some(&self.sets.get(&set)?.tiles.get(&tile)?.content)
    }

    /// Whether a tile should be asked for: it is not at hand, or so long ago
    /// that it was not there that it may be now.
    pub fn is_missing(&self, set: TileSetId, tile: TileId) -> bool {
        let kept = self.sets.get(&set).and_then(|kept| kept.tiles.get(&tile));
        kept.is_none_or(|kept| match kept.content {
            TileContent::Faulty => kept.came.elapsed() > FAULTY_FOR,
            TileContent::Absent => kept.came.elapsed() > ABSENT_FOR,
            TileContent::Raster(_) | TileContent::Shapes(_) => false,
        })
    }

    /// The tiles of a set that can be shown, empty ones included.
    pub fn ready(&self, set: TileSetId) -> BTreeSet<TileId> {
        let tiles = self.sets.get(&set).into_iter().flat_map(|kept| &kept.tiles);
        tiles.filter(|(_, kept)| !matches!(kept.content, TileContent::Faulty)).map(|(tile, _)| *tile).collect()
    }

    /// Notes which tiles are looked at, and forgets those that were not for the
    /// longest where there are too many.
    pub fn look_at(&mut self, in_view: &BTreeSet<(TileSetId, TileId)>) {
        self.frame += 1;
        for (set, tile) in in_view {
            if let Some(kept) = self.sets.get_mut(set).and_then(|kept| kept.tiles.get_mut(tile)) {
                kept.used = self.frame;
            }
        }
        let all =
            || self.sets.iter().flat_map(|(set, kept)| kept.tiles.iter().map(move |(tile, kept)| (*set, *tile, kept)));
        let (mut bytes, mut count) = all().fold((0, 0), |(bytes, n), (.., kept)| (bytes + kept.content.bytes(), n + 1));
        if bytes <= MAX_BYTES && count <= MAX_TILES {
            return;
        }
        let mut unused: Vec<(u64, TileSetId, TileId, usize)> = all()
            .filter(|(.., kept)| kept.used != self.frame)
            .map(|(set, tile, kept)| (kept.used, set, tile, kept.content.bytes()))
            .collect();
        unused.sort_unstable();
        for (_, set, tile, size) in unused {
            if bytes <= MAX_BYTES && count <= MAX_TILES {
                break;
            }
            self.sets.entry(set).or_default().tiles.remove(&tile);
            bytes -= size;
            count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::update::Picture;

    fn tile(x: u32) -> TileId {
        TileId { z: 12, x, y: 0 }
    }

    fn raster() -> TileContent {
        TileContent::Raster(Picture { width: 1_024, height: 1_024, rgba: vec![0; 4 << 20].into() })
    }

    #[test]
    fn what_nobody_looks_at_goes_first_and_what_is_in_view_stays() {
        let mut tiles = Tiles::default();
        for x in 0..40 {
            tiles.insert(0, tile(x), raster());
            tiles.look_at(&[(0, tile(0)), (0, tile(x))].into());
        }
        assert_eq!(tiles.ready(0).len(), MAX_BYTES / (4 << 20));
        assert!(tiles.get(0, tile(0)).is_some() && tiles.get(0, tile(39)).is_some());
        assert!(tiles.get(0, tile(1)).is_none() && tiles.is_missing(0, tile(1)));
        // A view that needs more than the limit gets it.
        for x in 0..40 {
            tiles.insert(1, tile(x), raster());
        }
        tiles.look_at(&(0..40).map(|x| (1, tile(x))).collect());
        assert_eq!((tiles.ready(0).len(), tiles.ready(1).len()), (0, 40));
    }

    #[test]
    fn a_damaged_tile_is_not_shown_and_not_asked_for_at_once() {
        let mut tiles = Tiles::default();
        tiles.insert(0, tile(1), TileContent::Faulty);
        tiles.insert(0, tile(2), TileContent::Absent);
        assert_eq!(tiles.ready(0), [tile(2)].into());
        assert!(!tiles.is_missing(0, tile(1)) && !tiles.is_missing(0, tile(2)) && tiles.is_missing(0, tile(3)));
    }

    #[test]
    fn a_set_that_is_opened_anew_starts_empty() {
        let mut tiles = Tiles::default();
        let info = TileSetInfo { min_zoom: 3, max_zoom: 14, tile_px: 512 };
        tiles.open_set(2, info);
        tiles.insert(2, tile(1), TileContent::Absent);
        assert_eq!((tiles.info(2), tiles.ready(2).len()), (Some(info), 1));
        let before = tiles.opened(2);
        tiles.open_set(2, info);
        assert_eq!(tiles.ready(2).len(), 0);
        assert_ne!(tiles.opened(2), before);
        tiles.clear();
        assert_eq!((tiles.info(2), tiles.opened(2)), (None, 0));
    }
}
