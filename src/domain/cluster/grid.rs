//! Finds the neighbours of nodes, and keeps which are taken.
//!
//! In: the nodes of a level and a radius. Out: for a node in its turn, those
//! within the radius whose turn is later and that nobody has taken.
//!
//! How it works: a counting sort into square cells of one radius, hashed into
//! about as many buckets as there are nodes (Teschner et al. 2003, "Optimized
//! Spatial Hashing for Collision Detection of Deformable Objects"). Cells of a
//! row have adjacent buckets, and so have those of the row to the north: going
//! through the buckets in order, each node meets its neighbours to the east and
//! north in two runs of memory that move on with it: all pairs of a level are
//! found without a jump in memory, by several threads where there are many.
//!
//! Where nodes are clumped there are too many pairs to list: then each node
//! searches in its turn. Nodes that begin a cluster are farther than the radius
//! from each other, and so only a bounded number of them look into a cell,
//! however the points are clumped.

use std::ops::Range;

use rayon::prelude::*;

use super::{Cluster, NONE};
use crate::domain::geometry::Bounds;

/// Most cells along one side of the grid; what a coordinate's rounding can do
/// to the number of a cell stays below [`CELL_SLACK`].
const MOST_CELLS_ALONG: f64 = (1_u64 << 31) as f64;

/// Cells are this much larger than the radius, so that two places within the
/// radius are never two cells apart by rounding.
const CELL_SLACK: f64 = 1.0 + 1e-5;

/// Step from row to row in the hashed grid: 2^32 divided by the golden ratio.
const ROW_HASH: u64 = 0x9E37_79B1;

/// Pairs for each node up to which they are listed. Of the nodes of a finer
/// level, which stand apart, there are fewer than three.
const MOST_PAIRS: usize = 16;

/// Fewer nodes are looked at sooner than handed out to threads.
const FEW_NODES: usize = 8_192;

/// Parts at most that the buckets are cut into for threads.
const MOST_PARTS: usize = 16;

/// Nodes in their cells. Kept between levels for its memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    /// South-west corner of all nodes.
    origin: [f64; 2],
    /// The longer side of the box around all nodes.
    size_m: f64,
    radius_sq: f64,
    cells_per_m: f64,
    /// Number of buckets, a power of two, less one.
    mask: u64,
    /// For each bucket where its nodes start in `slots`, and for the first
    /// three once more.
    starts: Vec<u32>,
    /// The nodes, bucket after bucket, and those of the first two once more.
    slots: Vec<Slot>,
    /// Bucket of each node.
    buckets: Vec<u32>,
    pairs: Pairs,
    stands: Vec<Stand>,
    /// Answer of the last question.
    near: Vec<u32>,
}

/// A node in its bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    at: [f64; 2],
    node: u32,
}

/// How a node stands during a merge.
#[derive(Clone, Copy, Debug)]
struct Stand {
    /// The last of its pairs with later ones.
    pair: u32,
    is_taken: bool,
}

/// Pairs of nodes within the radius.
#[derive(Clone, Debug, Default)]
struct Pairs {
    /// The earlier node first, in any order of pairs.
    list: Vec<[u32; 2]>,
    /// What each part of the buckets gave, with room behind it. Kept for its
    /// memory.
    parts: Vec<Vec<[u32; 2]>>,
    /// For each pair the one before it of the same earlier node.
    links: Vec<u32>,
    /// There are too many: nothing is listed.
    are_too_many: bool,
}

impl Grid {
    /// Lays the grid over everything that will be asked about. Centroids stay
    /// inside, but for rounding, which the first cells' number 1 makes room for.
    pub(super) fn cover(&mut self, bounds: &Bounds) {
        if !bounds.is_empty() {
            self.origin = bounds.min;
            self.size_m = bounds.size().into_iter().fold(0.0, f64::max);
        }
    }

    /// Takes in the nodes for questions within `radius_m`; none is taken.
    pub(super) fn fill(&mut self, nodes: &[Cluster], radius_m: f64) {
        self.radius_sq = radius_m * radius_m;
        let cell_m = (radius_m * CELL_SLACK).max(self.size_m / MOST_CELLS_ALONG);
        self.cells_per_m = if cell_m > 0.0 { 1.0 / cell_m } else { 1.0 };
        self.sort(nodes);
        self.find_pairs(nodes.len());
        self.stands.clear();
        self.stands.resize(nodes.len(), Stand { pair: NONE, is_taken: false });
        self.pairs.links.clear();
        for (index, pair) in self.pairs.list.iter().enumerate() {
            let earlier = &mut self.stands[pair[0] as usize];
            self.pairs.links.push(std::mem::replace(&mut earlier.pair, index as u32));
        }
    }

    /// A counting sort into buckets.
    fn sort(&mut self, nodes: &[Cluster]) {
        let buckets = nodes.len().next_power_of_two().max(16);
        self.mask = buckets as u64 - 1;
        self.starts.clear();
        self.starts.resize(buckets + 3, 0);
        self.buckets.clear();
        for node in nodes {
            let bucket = self.bucket_of(node.at);
            self.starts[bucket] += 1;
            self.buckets.push(bucket as u32);
        }
        let mut end = 0;
        for start in &mut self.starts[..buckets] {
            end += *start;
            *start = end;
        }
        self.slots.clear();
        self.slots.resize(nodes.len(), Slot::default());
        // Backwards, so that each bucket's end moves down to its start.
        for (node, &bucket) in self.buckets.iter().enumerate().rev() {
            let start = &mut self.starts[bucket as usize];
            *start -= 1;
            self.slots[*start as usize] = Slot { at: nodes[node].at, node: node as u32 };
        }
        // A row that runs over the last bucket goes on at the first.
        for bucket in 0..3 {
            self.starts[buckets + bucket] = self.starts[bucket] + end;
        }
        self.slots.extend_from_within(..self.starts[2] as usize);
    }

    fn bucket_of(&self, at: [f64; 2]) -> usize {
        let [column, row] = [0, 1].map(|axis| ((at[axis] - self.origin[axis]) * self.cells_per_m + 1.0) as i64 as u64);
        (row.wrapping_mul(ROW_HASH).wrapping_add(column) & self.mask) as usize
    }

    /// The bucket in the next row north, or as many rows as `rows` says, one
    /// column to the west.
    fn north_west_of(&self, bucket: usize, rows: u64) -> usize {
        ((bucket as u64).wrapping_add(ROW_HASH.wrapping_mul(rows)).wrapping_sub(1) & self.mask) as usize
    }

    /// What lies in `count` buckets from this one on, three at most.
    fn run(&self, bucket: usize, count: usize) -> Range<usize> {
        self.starts[bucket] as usize..self.starts[bucket + count] as usize
    }

    /// Lists the pairs.
    fn find_pairs(&mut self, nodes: usize) {
        let mut pairs = std::mem::take(&mut self.pairs);
        let buckets = self.mask as usize + 1;
        let parts = if nodes < FEW_NODES { 1 } else { (2 * rayon::current_num_threads()).min(MOST_PARTS) };
        let length = buckets.div_ceil(parts);
        let most = (nodes + 256) * MOST_PAIRS;
        pairs.parts.resize(parts.max(pairs.parts.len()), Vec::new());
        let parts = pairs.parts[..parts].par_iter_mut().enumerate();
        let counts: Vec<Option<usize>> = parts
            .map(|(part, list)| {
                let (start, end) = (part * length, (part + 1) * length);
                self.find_pairs_of(start.min(buckets)..end.min(buckets), most, list)
            })
            .collect();
        pairs.list.clear();
        pairs.are_too_many = counts.iter().map(|count| count.unwrap_or(most + 1)).sum::<usize>() > most;
        if !pairs.are_too_many {
            for (list, count) in pairs.parts.iter().zip(counts) {
                pairs.list.extend_from_slice(&list[..count.unwrap_or(0)]);
            }
        }
        self.pairs = pairs;
    }

    /// Lists the pairs of which these buckets hold the more western or southern
    /// node, and tells how many there are; `None` when there may be more than
    /// `most`. Each node looks at those after it in its own cell, at the cell to
    /// the east, and at the three to the north. A bucket may hold other cells
    /// too and a pair come twice; neither changes what is taken.
    fn find_pairs_of(&self, buckets: Range<usize>, most: usize, list: &mut Vec<[u32; 2]>) -> Option<usize> {
        let mut count = 0;
        for bucket in buckets {
            let own = self.run(bucket, 1);
            if own.is_empty() {
                continue;
            }
            let east_end = self.run(bucket, 2).end;
            let north = &self.slots[self.run(self.north_west_of(bucket, 1), 3)];
            let highest = count + own.len() * (east_end - own.start + north.len());
            if highest > most {
                return None;
            }
            if list.len() < highest {
                list.resize(highest * 2, [0; 2]);
            }
            for index in own {
                let slot = self.slots[index];
                // Without a branch, because nobody could predict it.
                for other in self.slots[index + 1..east_end].iter().chain(north) {
                    let [dx, dy] = [slot.at[0] - other.at[0], slot.at[1] - other.at[1]];
                    let is_near = (dx * dx + dy * dy <= self.radius_sq) & (slot.node != other.node);
                    list[count] = [slot.node.min(other.node), slot.node.max(other.node)];
                    count += usize::from(is_near);
                }
            }
        }
        Some(count)
    }

    /// Whether another has taken the node.
    pub(super) fn is_taken(&self, node: usize) -> bool {
        self.stands[node].is_taken
    }

    /// Takes all later nodes within the radius that are not taken yet; they
    /// come in order.
    pub(super) fn take_near(&mut self, node: usize, at: [f64; 2]) -> &[u32] {
        self.near.clear();
        if self.pairs.are_too_many {
            self.search(node, at);
        }
        let mut pair = self.stands[node].pair;
        while pair != NONE {
            let other = self.pairs.list[pair as usize][1];
            pair = self.pairs.links[pair as usize];
            let stand = &mut self.stands[other as usize];
            if !stand.is_taken {
                stand.is_taken = true;
                self.near.push(other);
            }
        }
        self.near.sort_unstable();
        &self.near
    }

    /// Takes what is near in the 3 × 3 cells around a place.
    fn search(&mut self, node: usize, at: [f64; 2]) {
        let own = self.buckets[node] as usize;
        for rows in [1_u64.wrapping_neg(), 0, 1] {
            for slot in &self.slots[self.run(self.north_west_of(own, rows), 3)] {
                let [dx, dy] = [slot.at[0] - at[0], slot.at[1] - at[1]];
                let stand = &mut self.stands[slot.node as usize];
                if dx * dx + dy * dy <= self.radius_sq && slot.node as usize > node && !stand.is_taken {
                    stand.is_taken = true;
                    self.near.push(slot.node);
                }
            }
        }
    }
}
