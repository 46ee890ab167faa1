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
//! than its k-d tree, all of a level at once; see [`grid`].
//!
//! The members of a cluster are a run of one linked list over all points, and
//! a merge joins two runs. All levels share that list, because a finer
//! cluster's run lies inside that of the coarser one.

mod grid;
#[cfg(test)]
mod tests;

use super::geometry::Bounds;
use grid::Grid;

/// How many classes are told apart; see [`Input::class`].
pub const CLASSES: usize = 32;

/// Places beyond this, in metres from the origin, are none on this earth. The
/// limit keeps one wild coordinate from spoiling the grid.
const FARTHEST_M: f64 = 1e8;

/// Levels outside of ±this are beyond every map.
const MOST_LEVEL: i32 = 64;

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
    /// single point and for points at one place, which no zoom parts: they must
    /// be listed.
    pub fn expansion_level(&self, cluster: &Cluster) -> Option<i32> {
        (cluster.formed < self.options.base_level()).then_some(cluster.formed + 1)
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
    for (index, origin) in finer.iter().enumerate() {
        if grid.is_taken(index) {
            continue;
        }
        let near = grid.take_near(index, origin.at);
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
