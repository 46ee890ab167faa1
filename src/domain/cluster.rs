//! Clusters of points: what a map draws where points would cover each other.
//!
//! In: places in local metres (a conformal projection) with a class each, and
//! a filter. Out: [`ClusterIndex`]; for the level of zoom that is shown, its
//! [`Cluster`]s, each with the exact number of the points it stands for, which
//! ones they are, how many of each class, and at which level they part.
//!
//! Levels are powers of two of the scale: level `z` is meant for 2^z to
//! 2^(z+1) px/m. A set of clusters therefore stays as it is while the map
//! moves, and changes only when the zoom crosses a power of two. One level
//! below the deepest stand the points themselves, those at one place as one.
//!
//! How it works: hierarchical greedy clustering as in `supercluster` (Mapbox,
//! ISC; V. Agafonkin, "Clustering millions of points on a map with
//! Supercluster", 2016). From the deepest level up: take the nodes of the
//! finer level in order; each that is not taken yet takes all others within
//! the radius, and the new node stands at the centroid weighted by count.
//!
//! The clusters are supercluster's, but neighbours are found by other means
//! than its k-d tree: a counting sort into square cells two radii wide, hashed
//! into about as many buckets as there are nodes (Teschner et al. 2003,
//! "Optimized Spatial Hashing for Collision Detection of Deformable Objects").
//! Cells of a row have adjacent buckets, so that the 2 × 2 cells which hold a
//! circle are two runs of memory. At deep levels most nodes have no neighbour,
//! and a table of two bits per cell spares those the search. Nodes that begin a cluster are farther than the radius from each other, and so only a
//! bounded number of them look into a cell, however the points are clumped.
//!
//! The members of a cluster are a run of one linked list over all points, and
//! a merge joins two runs. All levels share that list, because a finer
//! cluster's run lies inside that of the coarser one.

use super::geometry::Bounds;

/// How many classes are told apart; see [`Input::class`].
pub const CLASSES: usize = 32;

/// Places beyond this, in metres from the origin, are none on this earth. The
/// limit keeps one wild coordinate from spoiling the grid.
const FARTHEST_M: f64 = 1e8;

/// Levels outside of ±this are beyond every map.
const MOST_LEVEL: i32 = 64;

/// Most cells along one side of the grid; what a coordinate's rounding can do
/// to the number of a cell stays below [`CELL_SLACK`].
const MOST_CELLS_ALONG: f64 = (1_u64 << 31) as f64;

/// Cells are this much larger than the radius, so that two places within the
/// radius are never two cells apart by rounding.
const CELL_SLACK: f64 = 1.0 + 1e-5;

/// Step from row to row in the hashed grid: 2^32 divided by the golden ratio.
const ROW_HASH: u64 = 0x9E37_79B1;

/// Most words in the table of [`Crowd`]: cells are numbered in 32 bits.
const MOST_CROWD_WORDS: usize = 1 << 26;

/// End of a list.
const NONE: u32 = u32::MAX;

/// A point to be clustered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input {
    /// Local metres.
    pub at: [f64; 2],
    /// What it is counted as (category and state, say), below [`CLASSES`];
    /// anything above counts as the last class.
    pub class: u8,
}

impl Input {
    fn class_index(&self) -> usize {
        usize::from(self.class).min(CLASSES - 1)
    }

    /// Is it a place at all?
    fn is_place(&self) -> bool {
        // A comparison with a NaN is false.
        self.at.iter().all(|value| value.abs() <= FARTHEST_M)
    }
}

/// How to cluster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusterOptions {
    /// Points within this many pixels at the scale of a level, 2^level px/m,
    /// become one cluster.
    pub radius_px: f64,
    /// Fewer points than this stay single. Points at one place are one node
    /// even so, because nothing would part them.
    pub min_points: u32,
    /// The coarsest level.
    pub min_level: i32,
    /// The deepest level that clusters by pixels; `max_level + 1` holds the
    /// points themselves.
    pub max_level: i32,
    /// Points within this distance stand at one place and never part; 0 for
    /// equal coordinates only, `None` to part them all.
    pub same_place_m: Option<f64>,
}

impl Default for ClusterOptions {
    /// Clusters from the whole province (2^-14 px/m) down to single houses
    /// (2^2 px/m: 40 px are 10 m); what stands on one pole stays together.
    fn default() -> Self {
        Self { radius_px: 40.0, min_points: 2, min_level: -14, max_level: 2, same_place_m: Some(0.5) }
    }
}

impl ClusterOptions {
    /// The level for a scale: the greatest `z` with 2^z ≤ `px_per_m`, within
    /// `min_level ..= max_level + 1`. What is no positive number is the
    /// coarsest.
    pub fn level_of(&self, px_per_m: f64) -> i32 {
        // A NaN casts to 0, an infinity saturates.
        let level = if px_per_m > 0.0 { px_per_m.log2().floor() as i32 } else { i32::MIN };
        self.clamp_level(level)
    }

    /// The scale from which on a level is shown, px/m.
    pub fn scale_of(level: i32) -> f64 {
        2.0_f64.powi(level)
    }

    fn clamp_level(&self, level: i32) -> i32 {
        level.clamp(self.min_level, self.base_level())
    }

    /// The level of the points themselves.
    fn base_level(&self) -> i32 {
        self.max_level + 1
    }

    /// The same options with everything in a range that can be computed with.
    fn cleaned(self) -> Self {
        let max_level = self.max_level.clamp(-MOST_LEVEL, MOST_LEVEL);
        // `max` also turns what is no number into 0.
        Self {
            radius_px: self.radius_px.max(0.0),
            min_points: self.min_points.max(2),
            min_level: self.min_level.clamp(-MOST_LEVEL, max_level),
            max_level,
            same_place_m: self.same_place_m.map(|distance| distance.max(0.0)),
        }
    }
}

/// Some points drawn as one, or a single point. Belongs to the
/// [`ClusterIndex`] and the filter that it came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cluster {
    /// Centroid of its points, local metres.
    pub at: [f64; 2],
    /// How many points that pass the filter it stands for, at least 1.
    pub count: u32,
    /// First point of its run in the list of members.
    first: u32,
    /// Last point of its run.
    last: u32,
    /// The deepest level at which all its members are together.
    formed: i32,
}

impl Cluster {
    /// The index of its first point in the input: of a single one the point
    /// itself. Fit as an id that outlives a change of level.
    pub fn first(&self) -> usize {
        self.first as usize
    }

    /// The index of the point, if it is only one.
    pub fn single(&self) -> Option<usize> {
        (self.count == 1).then_some(self.first as usize)
    }
}

/// Points, a filter and the clusters of every level asked for so far.
///
/// Deterministic: the result depends on points (their order included), filter
/// and options only.
#[derive(Clone, Debug, Default)]
pub struct ClusterIndex {
    inputs: Vec<Input>,
    options: ClusterOptions,
    left_out: usize,
    /// For each point the one after it in the runs of members.
    next: Vec<u32>,
    /// The points that pass, before those at one place are one. Kept for its
    /// memory.
    singles: Vec<Cluster>,
    /// Nodes of the levels from the deepest up. Those past `ready` are left
    /// over from another filter and only kept for their memory.
    levels: Vec<Vec<Cluster>>,
    ready: usize,
    grid: Grid,
}

impl ClusterIndex {
    /// Takes over the points, all of which pass; no level is computed yet but
    /// the deepest. Points whose place is not finite, or farther than
    /// 100,000 km away, are left out and keep their index.
    pub fn build(inputs: Vec<Input>, options: ClusterOptions) -> Self {
        let mut index = Self { inputs, options: options.cleaned(), ..Self::default() };
        // Indices are 32 bits wide, and the last of them means "none".
        index.inputs.truncate(NONE as usize);
        let mut bounds = Bounds::EMPTY;
        for input in &index.inputs {
            if input.is_place() {
                bounds.grow(input.at);
            } else {
                index.left_out += 1;
            }
        }
        index.grid.cover(&bounds);
        index.refilter(|_, _| true);
        index
    }

    /// Starts over with the points for which `passes(index, class)` holds.
    /// Clusters given out before belong to the old filter.
    pub fn refilter(&mut self, mut passes: impl FnMut(usize, u8) -> bool) {
        let level = self.options.base_level();
        self.singles.clear();
        for (index, input) in self.inputs.iter().enumerate() {
            if input.is_place() && passes(index, input.class) {
                let point = index as u32;
                self.singles.push(Cluster { at: input.at, count: 1, first: point, last: point, formed: level });
            }
        }
        self.next.clear();
        self.next.resize(self.inputs.len(), NONE);
        if self.levels.is_empty() {
            self.levels.push(Vec::new());
        }
        let base = &mut self.levels[0];
        if let Some(radius_m) = self.options.same_place_m {
            let rule = Rule { radius_m, min_points: 2, level };
            merge(&self.singles, base, &mut self.next, &mut self.grid, rule);
        } else {
            std::mem::swap(&mut self.singles, base);
        }
        self.ready = 1;
    }

    /// Computes what is missing for [`at`](Self::at) of this level: all levels
    /// from the deepest one computed so far up to it.
    pub fn prepare(&mut self, level: i32) {
        let depth = self.depth_of(level);
        for depth in self.ready..=depth {
            if self.levels.len() == depth {
                self.levels.push(Vec::new());
            }
            let level = self.options.base_level() - depth as i32;
            let radius_m = self.options.radius_px / ClusterOptions::scale_of(level);
            let rule = Rule { radius_m, min_points: self.options.min_points, level };
            let (finer, coarser) = self.levels.split_at_mut(depth);
            merge(&finer[depth - 1], &mut coarser[0], &mut self.next, &mut self.grid, rule);
            self.ready = depth + 1;
        }
    }

    /// The clusters and single points of a level, which is clamped to those
    /// there are; `None` until it is [`prepare`](Self::prepare)d. Their counts
    /// add up to the number of points that pass the filter.
    pub fn at(&self, level: i32) -> Option<&[Cluster]> {
        let depth = self.depth_of(level);
        (depth < self.ready).then(|| self.levels[depth].as_slice())
    }

    /// The points of a cluster as indices into the input.
    pub fn leaves(&self, cluster: &Cluster) -> impl Iterator<Item = usize> {
        let first = ((cluster.first as usize) < self.inputs.len()).then_some(cluster.first);
        std::iter::successors(first, |&point| self.next.get(point as usize).copied().filter(|&next| next != NONE))
            .take(cluster.count as usize)
            .map(|point| point as usize)
    }

    /// How many points of each class a cluster stands for; adds up to its
    /// count. Walks its members: all clusters of a level together take about a
    /// millisecond for 100,000 points.
    pub fn class_counts(&self, cluster: &Cluster) -> [u32; CLASSES] {
        let mut counts = [0; CLASSES];
        for leaf in self.leaves(cluster) {
            counts[self.inputs[leaf].class_index()] += 1;
        }
        counts
    }

    /// The box around a cluster's points, local metres: where to zoom to.
    pub fn bounds(&self, cluster: &Cluster) -> Bounds {
        let mut bounds = Bounds::EMPTY;
        for leaf in self.leaves(cluster) {
            bounds.grow(self.inputs[leaf].at);
        }
        bounds
    }

    /// The first level at which a cluster is more than one node. `None` for a
    /// single point and for points at one place.
    pub fn expansion_level(&self, cluster: &Cluster) -> Option<i32> {
        (cluster.formed < self.options.base_level()).then_some(cluster.formed + 1)
    }

    /// More than one point, and no zoom parts them: they must be listed.
    pub fn is_coincident(&self, cluster: &Cluster) -> bool {
        cluster.count > 1 && cluster.formed >= self.options.base_level()
    }

    /// The options in use, put right where they made no sense.
    pub fn options(&self) -> &ClusterOptions {
        &self.options
    }

    /// The points as given.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// How many points have no usable place.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Levels above the deepest; 0 is the points themselves.
    fn depth_of(&self, level: i32) -> usize {
        (self.options.base_level() - self.options.clamp_level(level)) as usize
    }
}

/// What is merged at one level.
#[derive(Clone, Copy, Debug)]
struct Rule {
    radius_m: f64,
    min_points: u32,
    level: i32,
}

/// Merges the nodes of the finer level into `coarser`, and their runs of
/// members in `next`.
fn merge(finer: &[Cluster], coarser: &mut Vec<Cluster>, next: &mut [u32], grid: &mut Grid, rule: Rule) {
    coarser.clear();
    grid.fill(finer, rule.radius_m);
    let radius_sq = rule.radius_m * rule.radius_m;
    for (index, origin) in finer.iter().enumerate() {
        match grid.take(index) {
            State::Free => {}
            State::Alone => {
                coarser.push(*origin);
                continue;
            }
            State::Taken => continue,
        }
        let near = grid.take_near(origin.at, radius_sq);
        let count = origin.count + near.iter().map(|&node| finer[node as usize].count).sum::<u32>();
        if near.is_empty() || count < rule.min_points {
            // As in supercluster, neighbours that are too few are not tried
            // again among themselves.
            coarser.push(*origin);
            coarser.extend(near.iter().map(|&node| finer[node as usize]));
            continue;
        }
        let mut merged = Cluster { count, formed: rule.level, ..*origin };
        let mut sum = origin.at.map(|value| value * f64::from(origin.count));
        for node in near.iter().map(|&node| &finer[node as usize]) {
            let weight = f64::from(node.count);
            sum = [sum[0] + node.at[0] * weight, sum[1] + node.at[1] * weight];
            next[merged.last as usize] = node.first;
            merged.last = node.last;
        }
        merged.at = sum.map(|value| value / f64::from(count));
        coarser.push(merged);
    }
}

/// Finds the neighbours of nodes, and keeps which are taken. Kept between
/// levels for its memory.
#[derive(Clone, Debug, Default)]
struct Grid {
    /// South-west corner of all nodes.
    origin: [f64; 2],
    /// The longer side of the box around all nodes.
    size_m: f64,
    /// Cells are two radii wide, so that 2 × 2 of them hold a circle.
    cells_per_m: f64,
    /// Number of buckets, a power of two, less one.
    mask: u64,
    /// For each bucket where its nodes start in `slots`, and one past the last.
    starts: Vec<u32>,
    /// Nodes that may have neighbours, bucket after bucket.
    slots: Vec<Slot>,
    /// Those nodes and their buckets, in order.
    crowded: Vec<(u32, u32)>,
    crowd: Crowd,
    states: Vec<State>,
    /// Answer of the last question.
    near: Vec<u32>,
}

/// How a node stands during a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nobody has taken it.
    Free,
    /// Nobody ever will: it certainly has no neighbours.
    Alone,
    /// Part of the coarser level.
    Taken,
}

/// A node in its bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    at: [f64; 2],
    node: u32,
}

impl Grid {
    /// Lays the grid over everything that will be asked about. Centroids stay
    /// inside, but for rounding, which the first cells' number 1 makes room for.
    fn cover(&mut self, bounds: &Bounds) {
        if !bounds.is_empty() {
            self.origin = bounds.min;
            self.size_m = bounds.size().into_iter().fold(0.0, f64::max);
        }
    }

    /// Sorts the nodes for questions within `radius_m`; none is taken.
    fn fill(&mut self, nodes: &[Cluster], radius_m: f64) {
        let reach_m = (radius_m * CELL_SLACK).max(self.size_m / MOST_CELLS_ALONG);
        let reach_m = if reach_m > 0.0 { reach_m } else { 1.0 };
        self.cells_per_m = 0.5 / reach_m;
        self.crowd.fill(nodes, self.origin, 1.0 / reach_m);
        self.collect_crowded(nodes.len());
        self.sort_crowded(nodes);
    }

    /// Lists the nodes that may have neighbours. At deep levels they are few.
    fn collect_crowded(&mut self, nodes: usize) {
        self.states.clear();
        self.crowded.clear();
        for node in 0..nodes {
            let is_alone = self.crowd.is_alone(node);
            self.states.push(if is_alone { State::Alone } else { State::Free });
            if !is_alone {
                self.crowded.push((node as u32, 0));
            }
        }
        self.mask = (self.crowded.len() as u64).next_power_of_two().max(16) - 1;
    }

    /// A counting sort into buckets that keeps the order within a bucket.
    fn sort_crowded(&mut self, nodes: &[Cluster]) {
        self.starts.clear();
        self.starts.resize(self.mask as usize + 2, 0);
        for index in 0..self.crowded.len() {
            let at = nodes[self.crowded[index].0 as usize].at;
            let [column, row] = self.cell_of(at, 0.0);
            let bucket = self.bucket_of(column, row);
            self.starts[bucket] += 1;
            self.crowded[index].1 = bucket as u32;
        }
        let mut end = 0;
        for start in &mut self.starts {
            end += *start;
            *start = end;
        }
        self.slots.clear();
        self.slots.resize(self.crowded.len(), Slot::default());
        // Backwards, so that each bucket's end moves down to its start.
        for &(node, bucket) in self.crowded.iter().rev() {
            let start = &mut self.starts[bucket as usize];
            *start -= 1;
            self.slots[*start as usize] = Slot { at: nodes[node as usize].at, node };
        }
    }

    /// Column and row of the cell that lies `back` cells to the south-west of
    /// a place.
    fn cell_of(&self, at: [f64; 2], back: f64) -> [u64; 2] {
        [0, 1].map(|axis| ((at[axis] - self.origin[axis]) * self.cells_per_m + 1.0 - back) as i64 as u64)
    }

    fn bucket_of(&self, column: u64, row: u64) -> usize {
        (row.wrapping_mul(ROW_HASH).wrapping_add(column) & self.mask) as usize
    }

    /// Takes a node, and tells how it stood.
    fn take(&mut self, node: usize) -> State {
        std::mem::replace(&mut self.states[node], State::Taken)
    }

    /// Takes all nodes within the radius that are not taken yet; they come in
    /// the order of the finer level.
    fn take_near(&mut self, at: [f64; 2], radius_sq: f64) -> &[u32] {
        self.near.clear();
        let [column, row] = self.cell_of(at, 0.5);
        for row in [row, row.wrapping_add(1)] {
            let first = self.bucket_of(column, row);
            if first + 2 < self.starts.len() {
                self.scan(first, first + 2, at, radius_sq);
            } else {
                // The row runs over the last bucket and goes on at the first.
                self.scan(first, first + 1, at, radius_sq);
                self.scan(0, 1, at, radius_sq);
            }
        }
        self.near.sort_unstable();
        &self.near
    }

    /// Takes what is near in the buckets `first .. end`. Buckets may hold other
    /// cells too, and be scanned twice; neither changes what is found.
    fn scan(&mut self, first: usize, end: usize, at: [f64; 2], radius_sq: f64) {
        let run = &self.slots[self.starts[first] as usize..self.starts[end] as usize];
        let mut len = self.near.len();
        self.near.resize(len + run.len(), 0);
        // Without a branch, because nobody could predict it.
        for slot in run {
            let [dx, dy] = [slot.at[0] - at[0], slot.at[1] - at[1]];
            let state = &mut self.states[slot.node as usize];
            let is_new = (dx * dx + dy * dy <= radius_sq) & (*state == State::Free);
            *state = if is_new { State::Taken } else { *state };
            self.near[len] = slot.node;
            len += usize::from(is_new);
        }
        self.near.truncate(len);
    }
}

/// Which nodes certainly have no neighbour: a hashed table of cells of one
/// radius, two bits each (a node; more than one). Sparing those the search
/// halves the time of the deep levels.
#[derive(Clone, Debug, Default)]
struct Crowd {
    /// 32 cells each; the last is the first once more.
    words: Vec<u64>,
    /// For each node, its cell in the table.
    cells: Vec<u32>,
    /// Cells in the table, a power of two, less one.
    mask: u64,
}

impl Crowd {
    fn fill(&mut self, nodes: &[Cluster], origin: [f64; 2], cells_per_m: f64) {
        let words = nodes.len().next_power_of_two().clamp(2, MOST_CROWD_WORDS);
        self.mask = words as u64 * 32 - 1;
        self.words.clear();
        self.words.resize(words + 1, 0);
        self.cells.clear();
        for node in nodes {
            let [column, row] = [0, 1].map(|axis| ((node.at[axis] - origin[axis]) * cells_per_m + 1.0) as i64 as u64);
            let cell = (row.wrapping_mul(ROW_HASH).wrapping_add(column) & self.mask) as u32;
            let (word, shift) = (&mut self.words[cell as usize / 32], cell % 32 * 2);
            *word |= 1 << shift | (*word >> shift & 1) << (shift + 1);
            self.cells.push(cell);
        }
        self.words[words] = self.words[0];
    }

    /// Are there no others in the 3 × 3 cells around a node? `false` may be
    /// said for cells of the same hash, `true` is certain.
    fn is_alone(&self, node: usize) -> bool {
        let cell = u64::from(self.cells[node]);
        let row = |step: u64| {
            let first = (cell.wrapping_add(step).wrapping_sub(1) & self.mask) as usize;
            let pair = u128::from(self.words[first / 32 + 1]) << 64 | u128::from(self.words[first / 32]);
            (pair >> (first % 32 * 2)) as u64 & 0b11_11_11
        };
        (row(0) ^ 0b00_01_00) | row(ROW_HASH) | row(ROW_HASH.wrapping_neg()) == 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn inputs(places: &[[f64; 2]]) -> Vec<Input> {
        places.iter().enumerate().map(|(i, &at)| Input { at, class: (i % 5) as u8 }).collect()
    }

    /// Nodes of a level.
    fn nodes(index: &mut ClusterIndex, level: i32) -> Vec<Cluster> {
        index.prepare(level);
        index.at(level).expect("just prepared").to_vec()
    }

    fn sorted_leaves(index: &ClusterIndex, cluster: &Cluster) -> Vec<usize> {
        let mut leaves: Vec<usize> = index.leaves(cluster).collect();
        leaves.sort_unstable();
        leaves
    }

    /// Centroid and members, the slow way.
    type Plain = ([f64; 2], Vec<usize>);

    /// One level of greedy clustering that asks every pair.
    fn merge_plainly(finer: &[Plain], radius_m: f64, min_points: usize) -> Vec<Plain> {
        let mut taken = vec![false; finer.len()];
        let mut coarser = Vec::new();
        for (index, origin) in finer.iter().enumerate() {
            if std::mem::replace(&mut taken[index], true) {
                continue;
            }
            let is_near = |at: [f64; 2]| {
                let [dx, dy] = [at[0] - origin.0[0], at[1] - origin.0[1]];
                dx * dx + dy * dy <= radius_m * radius_m
            };
            let near: Vec<usize> = (0..finer.len()).filter(|&other| !taken[other] && is_near(finer[other].0)).collect();
            near.iter().for_each(|&other| taken[other] = true);
            let group: Vec<&Plain> = std::iter::once(origin).chain(near.iter().map(|&other| &finer[other])).collect();
            let members: Vec<usize> = group.iter().flat_map(|node| node.1.iter().copied()).collect();
            if group.len() == 1 || members.len() < min_points {
                coarser.extend(group.into_iter().cloned());
                continue;
            }
            let sum = |axis: usize| group.iter().map(|node| node.0[axis] * node.1.len() as f64).sum::<f64>();
            coarser.push(([0, 1].map(|axis| sum(axis) / members.len() as f64), members));
        }
        coarser
    }

    /// Clumps, grid-like and equal places, and a few far out.
    fn clumped() -> impl Strategy<Value = Vec<[f64; 2]>> {
        let coordinate = prop_oneof![
            4 => -60.0_f64..60.0,
            2 => (-8_i32..8).prop_map(|step| f64::from(step) * 10.0),
            2 => 500.0_f64..501.0,
            1 => -20_000.0_f64..20_000.0,
        ];
        prop::collection::vec([coordinate.clone(), coordinate], 0..150)
    }

    proptest! {
        /// The same nodes, members and places as by asking every pair, at every
        /// level, under any filter, whichever levels were asked for before.
        #[test]
        fn levels_equal_asking_every_pair(
            places in clumped(),
            mask in any::<u32>(),
            min_points in 2_u32..5,
            same_place_m in prop_oneof![Just(None), Just(Some(0.0)), Just(Some(0.5))],
            asked_before in -6_i32..4,
        ) {
            let options = ClusterOptions { radius_px: 40.0, min_points, min_level: -6, max_level: 2, same_place_m };
            let mut index = ClusterIndex::build(inputs(&places), options);
            index.prepare(asked_before);
            index.refilter(|_, class| mask >> class & 1 == 1);
            let passes = |point: &usize| mask >> (point % 5) & 1 == 1;
            let mut plain: Vec<Plain> = (0..places.len()).filter(passes).map(|i| (places[i], vec![i])).collect();
            if let Some(radius_m) = same_place_m {
                plain = merge_plainly(&plain, radius_m, 2);
            }
            for level in (-6..=3).rev() {
                if level < 3 {
                    plain = merge_plainly(&plain, options.radius_px / 2.0_f64.powi(level), min_points as usize);
                }
                let found = nodes(&mut index, level);
                prop_assert_eq!(found.len(), plain.len());
                for (node, (at, members)) in found.iter().zip(&plain) {
                    prop_assert_eq!(&index.leaves(node).collect::<Vec<_>>(), members);
                    prop_assert!((0..2).all(|axis| (node.at[axis] - at[axis]).abs() < 1e-6), "{:?} {:?}", node.at, at);
                }
            }
        }

        /// Nothing is lost or counted twice, by class either.
        #[test]
        fn counts_are_exact(
            places in clumped(),
            kept in prop::collection::vec(any::<bool>(), 150),
            level in -14_i32..=3,
        ) {
            let mut index = ClusterIndex::build(inputs(&places), ClusterOptions::default());
            index.refilter(|point, _| kept[point]);
            let mut expected = [0; CLASSES];
            (0..places.len()).filter(|&point| kept[point]).for_each(|point| expected[point % 5] += 1);
            let (mut counted, mut seen) = ([0; CLASSES], BTreeSet::new());
            for node in nodes(&mut index, level) {
                let counts = index.class_counts(&node);
                prop_assert_eq!(counts.iter().sum::<u32>(), node.count);
                (0..CLASSES).for_each(|class| counted[class] += counts[class]);
                prop_assert!(index.leaves(&node).all(|leaf| kept[leaf] && seen.insert(leaf)));
            }
            prop_assert_eq!(counted, expected);
        }

        /// A cluster is one node up to the level before its expansion.
        #[test]
        fn clusters_part_at_their_expansion_level(places in clumped(), level in -14_i32..=3) {
            let mut index = ClusterIndex::build(inputs(&places), ClusterOptions::default());
            for cluster in nodes(&mut index, level) {
                let members = sorted_leaves(&index, &cluster);
                let parts = |level| {
                    let level_nodes = index.at(level).unwrap_or_default();
                    level_nodes.iter().filter(|node| index.leaves(node).any(|leaf| members.contains(&leaf))).count()
                };
                if let Some(expansion) = index.expansion_level(&cluster) {
                    prop_assert!(parts(expansion) > 1 && parts(expansion - 1) == 1);
                } else {
                    prop_assert_eq!(parts(3), 1);
                    prop_assert_eq!(index.is_coincident(&cluster), cluster.count > 1);
                }
                let bounds = index.bounds(&cluster);
                for axis in 0..2 {
                    let span = bounds.min[axis] - 1e-6..=bounds.max[axis] + 1e-6;
                    prop_assert!(span.contains(&cluster.at[axis]));
                }
            }
        }

        /// Whatever comes in, the places among it are all there.
        #[test]
        fn anything_goes(
            places in prop::collection::vec([any::<f64>(), any::<f64>()], 0..40),
            radius_px in any::<f64>(),
            (low, high) in any::<(i32, i32)>(),
            same_place_m in any::<Option<f64>>(),
        ) {
            let options = ClusterOptions { radius_px, min_level: low, max_level: high, same_place_m, min_points: 0 };
            let mut index = ClusterIndex::build(inputs(&places), options);
            let total: u32 = nodes(&mut index, low).iter().map(|node| node.count).sum();
            prop_assert_eq!(total as usize + index.left_out(), places.len());
        }
    }

    #[test]
    fn levels_are_powers_of_two_of_the_scale() {
        let options = ClusterOptions::default();
        let levels = [0.0, f64::NAN, 1e-9, 0.25, 0.49, 0.5, 1.0, 7.9, 8.0, 1e9].map(|scale| options.level_of(scale));
        assert_eq!(levels, [-14, -14, -14, -2, -2, -1, 0, 2, 3, 3]);
        for level in -14..=3 {
            assert_eq!(options.level_of(ClusterOptions::scale_of(level)), level);
        }
    }

    #[test]
    fn points_at_one_place_never_part() {
        let places = [[5.0, 5.0], [5.3, 5.0], [5.0, 5.0], [400.0, 5.0], [f64::NAN, 0.0], [0.0, f64::INFINITY]];
        let mut index = ClusterIndex::build(inputs(&places), ClusterOptions::default());
        assert_eq!(index.left_out(), 2);
        let [pole, lone] = nodes(&mut index, 99)[..] else { panic!("two places") };
        assert!(index.is_coincident(&pole) && index.expansion_level(&pole).is_none());
        assert_eq!((sorted_leaves(&index, &pole), pole.single()), (vec![0, 1, 2], None));
        assert_eq!((lone.single(), lone.first(), index.is_coincident(&lone)), (Some(3), 3, false));
        // The class of an input counts up to the last.
        let mut index = ClusterIndex::build(vec![Input { at: [0.0; 2], class: 200 }], ClusterOptions::default());
        let only = nodes(&mut index, 0)[0];
        assert_eq!(index.class_counts(&only)[CLASSES - 1], 1);
    }

    #[test]
    fn a_level_is_there_once_prepared() {
        let mut index = ClusterIndex::build(inputs(&[[0.0, 0.0], [15.0, 0.0]]), ClusterOptions::default());
        assert!(index.at(3).is_some() && index.at(0).is_none());
        index.prepare(0);
        assert_eq!([2, 1].map(|level| index.at(level).map(<[Cluster]>::len)), [Some(2), Some(1)]);
        index.refilter(|_, _| false);
        assert!(index.at(0).is_none());
        assert!(nodes(&mut index, 0).is_empty());
    }

    /// Real data, or a note that there are none.
    fn read_json(path: &str) -> Option<Value> {
        let folder = std::env::var_os("QUANYU_REALDATA").map_or_else(
            || concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/realdata").into(),
            std::path::PathBuf::from,
        );
        let Ok(text) = std::fs::read_to_string(folder.join(path)) else {
            eprintln!("skipped: no {path} in {}", folder.display());
            return None;
        };
        Some(serde_json::from_str(&text).expect("fixture"))
    }

    /// Spherical Mercator on a unit square, y down, as supercluster projects.
    /// Its zoom `z` with tiles of 512 px is 512 · 2^z px per unit: level z + 9.
    /// One place of the fixture has no geometry, and none here.
    fn unit_mercator(place: &Value) -> [f64; 2] {
        let [lon, lat] = [0, 1].map(|axis| place["geometry"]["coordinates"][axis].as_f64().unwrap_or(f64::NAN));
        let sin = lat.to_radians().sin();
        let y = 0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * std::f64::consts::PI);
        [lon / 360.0 + 0.5, y.clamp(0.0, 1.0)].map(|value| f64::from(value as f32))
    }

    /// supercluster's fixture with its default options.
    fn places(min_points: u32) -> Option<(ClusterIndex, Vec<String>)> {
        let places = read_json("broken/supercluster/test/fixtures/places.json")?;
        let features = places["features"].as_array().expect("features");
        let names = features.iter().map(|place| place["properties"]["name"].to_string()).collect();
        let points = features.iter().map(|place| Input { at: unit_mercator(place), class: 0 }).collect();
        let options =
            ClusterOptions { radius_px: 40.0, min_points, min_level: 9, max_level: 16 + 9, same_place_m: None };
        let mut index = ClusterIndex::build(points, options);
        index.prepare(9);
        Some((index, names))
    }

    /// Pixel, count, and the name of a single place.
    type Drawn = (i64, i64, u64, Option<String>);

    /// What the world tile must show. What lies outside is shown twice.
    fn expected_tile(file: &str) -> Option<Vec<Drawn>> {
        let tile = read_json(&format!("broken/supercluster/test/fixtures/{file}"))?;
        let drawn = tile["features"].as_array().expect("features").iter().map(|feature| {
            let [x, y] = [0, 1].map(|axis| feature["geometry"][0][axis].as_i64().expect("pixel"));
            let count = feature["tags"]["point_count"].as_u64().unwrap_or(1);
            (x, y, count, (count == 1).then(|| feature["tags"]["name"].to_string()))
        });
        let mut drawn: Vec<Drawn> = drawn.filter(|drawn| (0..=512).contains(&drawn.0)).collect();
        drawn.sort();
        Some(drawn)
    }

    #[test]
    fn supercluster_fixtures_come_out() {
        for (min_points, file) in [(2, "places-z0-0-0.json"), (5, "places-z0-0-0-min5.json")] {
            let (Some((index, names)), Some(expected)) = (places(min_points), expected_tile(file)) else { return };
            let mut drawn: Vec<Drawn> = index
                .at(9)
                .expect("prepared")
                .iter()
                .map(|node| {
                    let [x, y] = node.at.map(|value| (value * 512.0).round() as i64);
                    (x, y, node.count.into(), node.single().map(|point| names[point].clone()))
                })
                .collect();
            drawn.sort();
            assert_eq!(drawn, expected, "{file}");
            assert_eq!(index.left_out(), 1);
            assert_eq!(drawn.iter().map(|drawn| drawn.2).sum::<u64>(), names.len() as u64 - 1);
        }
    }

    /// What supercluster's own tests say about children, leaves and expansion.
    #[test]
    fn supercluster_hierarchy_comes_out() {
        let Some((index, names)) = places(2) else { return };
        let by_pixel: BTreeMap<[i64; 2], &Cluster> = index
            .at(9)
            .expect("prepared")
            .iter()
            .map(|node| (node.at.map(|value| (value * 512.0).round() as i64), node))
            .collect();
        for (pixel, zoom) in [([150, 205], 1), ([165, 240], 1), ([162, 345], 2), ([26, 115], 2), ([202, 262], 3)] {
            assert_eq!(index.expansion_level(by_pixel[&pixel]), Some(zoom + 9), "{pixel:?}");
        }
        let leaves: BTreeSet<usize> = index.leaves(by_pixel[&[150, 205]]).collect();
        for name in ["Niagara Falls", "Cape San Blas", "San  Salvador", "I. de Cozumel", "Miquelon", "Cape Bauld"] {
            assert!(leaves.iter().any(|&leaf| names[leaf] == format!("{name:?}")), "{name}");
        }
        let finer = index.at(10).expect("prepared");
        assert_eq!(finer.len(), 61);
        let mut children: Vec<u32> =
            finer.iter().filter(|node| leaves.contains(&node.first())).map(|node| node.count).collect();
        children.sort_unstable();
        assert_eq!(children, [1, 2, 6, 7]);
    }
}
