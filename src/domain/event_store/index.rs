//! From ids to rows: open addressing over numbers of rows.
//!
//! An entry is a row's number with seven bits of the id's hash; which row has
//! the id is seen from its record. The table doubles while it is small, then
//! takes the size of a full store at once.

/// Rows that can be numbered.
pub(super) const MAX_SLOTS: usize = (1 << 25) - super::block::ROWS;

const TAG_BITS: u32 = 7;
const EMPTY: u32 = u32::MAX;
/// Entries of a table that is still small.
const SMALL: usize = 1 << 21;
/// Share of entries in use at most: five sixths.
const fn limit_of(entries: usize) -> usize {
    entries / 6 * 5
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    entries: Vec<u32>,
    used: usize,
}

impl Index {
    fn home(&self, hash: u64) -> usize {
        // The upper half spreads over the table, the lower bits are the tag.
        (((hash >> 32) * self.entries.len() as u64) >> 32) as usize
    }

    fn tag(hash: u64) -> u32 {
        hash as u32 & ((1 << TAG_BITS) - 1)
    }

    fn next(&self, at: usize) -> usize {
        if at + 1 == self.entries.len() { 0 } else { at + 1 }
    }

    /// The row whose id has this hash and for which `is_it` holds.
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(usize) -> bool) -> Option<usize> {
        if self.entries.is_empty() {
            return None;
        }
        let mut at = self.home(hash);
        while self.entries[at] != EMPTY {
            let entry = self.entries[at];
            let slot = (entry >> TAG_BITS) as usize;
            if entry & ((1 << TAG_BITS) - 1) == Self::tag(hash) && is_it(slot) {
                return Some(slot);
            }
            at = self.next(at);
        }
        None
    }

    /// Whether one more row needs a larger table.
    pub(super) fn is_full(&self) -> bool {
        self.used + 1 > limit_of(self.entries.len())
    }

    /// Empties itself into a larger table for a store of `capacity` rows; the
    /// caller puts all rows in again.
    pub(super) fn grow(&mut self, capacity: usize) {
        let final_size = (capacity.min(MAX_SLOTS) / 5 * 6 + 64).max(self.entries.len() + 64);
        let size = match (self.entries.len() * 2).max(64) {
            doubled if doubled <= SMALL => doubled.min(final_size),
            _ => final_size,
        };
        self.entries = vec![EMPTY; size];
        self.used = 0;
    }

    /// Adds a row that is not in it.
    pub(super) fn insert(&mut self, hash: u64, slot: usize) {
        let mut at = self.home(hash);
        while self.entries[at] != EMPTY {
            at = self.next(at);
        }
        self.entries[at] = (slot as u32) << TAG_BITS | Self::tag(hash);
        self.used += 1;
    }

    /// Points the entry of a row at another.
    pub(super) fn redirect(&mut self, hash: u64, from: usize, to: usize) {
        if let Some(at) = self.place_of(hash, from) {
            self.entries[at] = (to as u32) << TAG_BITS | Self::tag(hash);
        }
    }

    fn place_of(&self, hash: u64, slot: usize) -> Option<usize> {
        let wanted = (slot as u32) << TAG_BITS | Self::tag(hash);
        let mut at = self.home(hash);
        while self.entries[at] != EMPTY {
            if self.entries[at] == wanted {
                return Some(at);
            }
            at = self.next(at);
        }
        None
    }

    /// Takes a row out; `hash_of` tells the hash of any other row.
    pub(super) fn remove(&mut self, hash: u64, slot: usize, hash_of: impl Fn(usize) -> u64) {
        let Some(mut hole) = self.place_of(hash, slot) else { return };
        self.used -= 1;
        let size = self.entries.len();
        let mut at = self.next(hole);
        // Whoever could not be where it belongs moves up, so that no search
        // ends too early.
        while self.entries[at] != EMPTY {
            let home = self.home(hash_of((self.entries[at] >> TAG_BITS) as usize));
            let (from_home, from_hole) = ((at + size - home) % size, (at + size - hole) % size);
            if from_home >= from_hole {
                self.entries[hole] = self.entries[at];
                hole = at;
            }
            at = self.next(at);
        }
        self.entries[hole] = EMPTY;
    }

    /// Bytes held.
    pub(super) fn heap_bytes(&self) -> usize {
        self.entries.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(steps in prop::collection::vec((0..40_usize, any::<bool>()), 0..400)) {
            // Hashes that crowd: five homes, two tags.
            let hash = |key: usize| ((key % 5) as u64) << 61 | (key % 2) as u64;
            let mut index = Index::default();
            let mut map: HashMap<usize, usize> = HashMap::new();
            for (number, (key, is_added)) in steps.into_iter().enumerate() {
                let slot = key + 40 * number;
                match map.get(&key).copied() {
                    None if is_added => {
                        if index.is_full() {
                            index.grow(100);
                            for &slot in map.values() {
                                index.insert(hash(slot % 40), slot);
                            }
                        }
                        index.insert(hash(key), slot);
                        map.insert(key, slot);
                    }
                    Some(known) if is_added => {
                        index.redirect(hash(key), known, slot);
                        map.insert(key, slot);
                    }
                    Some(known) => {
                        index.remove(hash(key), known, |slot| hash(slot % 40));
                        map.remove(&key);
                    }
                    None => {}
                }
                for key in 0..40 {
                    let found = index.find(hash(key), |slot| slot % 40 == key);
                    prop_assert_eq!(found, map.get(&key).copied());
                }
            }
        }
    }
}
