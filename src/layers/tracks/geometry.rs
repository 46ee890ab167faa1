//! From tracks to what the GPU draws: points with an instant and a length.
//!
//! In: tracks in degrees, a projection to local metres. Out: [`TrackMesh`]: the
//! points of all tracks, once for each level of detail, in one array; chunks of
//! them, with where and when; and [`TrackMesh::heads`], where the workers are at
//! an instant. Pure: no Bevy.
//!
//! How it works: a piece of line runs from each point to the next where the
//! length walked grows; it does not at the end of a track and where the position
//! jumped, for there the length starts again at 0. Coarser levels leave points
//! out by Douglas and Peucker's rule, with the distance taken in space and time:
//! a point may go when the walk without it is near where the worker was *at that
//! instant*. So a track may be cut off at any instant at every level, and ends
//! where the head is.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;

use crate::domain::geometry::Bounds;
use crate::domain::time::Time;
use crate::domain::track::{Track, is_jump};

/// One point of a track: struct `TrackPoint` of `track.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct TrackPoint {
    /// Local metres.
    pub at: [f32; 2],
    /// Seconds from [`TrackMesh::epoch`].
    pub time_secs: f32,
    /// Local metres walked since the track began or jumped. The same at every
    /// level of detail.
    pub along_m: f32,
}

impl TrackPoint {
    /// Whether a line runs from here to `next`, the point after it.
    pub fn leads_to(&self, next: &Self) -> bool {
        next.along_m > self.along_m
    }
}

/// A stretch of one track: what is drawn or left out as one.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackChunk {
    /// Points from which its pieces of line start, into [`TrackMesh::points`].
    pub range: Range<u32>,
    /// Around it, local metres; the width of the line not included.
    pub bounds: Bounds,
    /// First and last instant, seconds from [`TrackMesh::epoch`].
    pub times_secs: [f32; 2],
}

/// All tracks at one level of detail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrackLevel {
    /// How far a track may be from the true one, local metres; 0 = not at all.
    pub tolerance_m: f32,
    /// In the order of the points; the same stretches at every level.
    pub chunks: Vec<TrackChunk>,
}

/// All tracks, as one storage buffer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrackMesh {
    /// Level after level, track after track; one more at the end, so that each
    /// point of a track has a next one.
    pub points: Vec<TrackPoint>,
    /// Fine to coarse; the first is exact.
    pub levels: Vec<TrackLevel>,
    /// What instants are counted from: near the shown one, so that an `f32`
    /// is exact there.
    pub epoch: Time,
    /// First and last instant of all tracks.
    pub span: [Time; 2],
    walks: Vec<Walk>,
    /// Points that were left out because there were too many.
    pub left_out: usize,
}

/// What a head needs to know of its track.
#[derive(Clone, Debug, PartialEq)]
struct Walk {
    /// Of the track.
    id: String,
    /// Its points at the exact level.
    range: Range<u32>,
    /// Its chunks, at every level.
    chunks: Range<usize>,
    /// Without a point for this long a worker may be anywhere.
    stale_after_secs: f32,
}

/// Where a worker is at the shown instant.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct Head {
    /// Local metres.
    pub at: [f32; 2],
    /// Way that the worker goes, of length 1; (0, 0) while standing.
    pub direction: [f32; 2],
    /// Seconds since the last point.
    pub age_secs: f32,
    /// 1 when there has been no point for too long, else 0.
    pub stale: u32,
    /// Number of the walk; see [`TrackMesh::walk_of`].
    pub walk: u32,
}

/// Points of a chunk: short enough that most of a city is left out when a
/// street is shown, and Douglas and Peucker's rule never takes long.
const CHUNK_POINTS: usize = 256;

/// Points of all tracks that are drawn. Of more, long tracks keep their latest.
const MAX_POINTS: usize = 4_000_000;
/// Points of all levels together: 128 MB, what every storage buffer can hold.
/// Levels that would exceed it are left out.
const MAX_BUFFERED: usize = 8_000_000;

/// Tolerance of the first level that is not exact, local metres.
const FINEST_M: f32 = 1.0;
/// A level is worth its memory when it has fewer than this share of the points
/// of the level before.
const WORTH_KEEPING: f64 = 0.6;
/// Levels at most: up to tolerances of kilometres.
const MAX_LEVELS: usize = 14;

/// A point may be off along the way by this many times as much as across it:
/// the first moves the end of the line under the head, the second the line.
const ALONG_SHARE: f64 = 6.0;

/// Without a point for this many times the usual interval, and for at least
/// [`STALE_SECS`], a worker may be anywhere.
const STALE_INTERVALS: f32 = 5.0;
/// See [`STALE_INTERVALS`].
const STALE_SECS: f32 = 300.0;

/// Of the way just walked, this much tells where a worker goes: less is within
/// the error of the position.
const DIRECTION_M: f32 = 12.0;

/// One track, before it is put into the array.
struct Part {
    id: String,
    points: Vec<TrackPoint>,
    /// For each point, the tolerance up to which it is needed, local metres.
    needed_up_to_m: Vec<f32>,
    /// Where chunks begin, into `points`.
    starts: Vec<usize>,
    stale_after_secs: f32,
}

/// Builds the mesh of all tracks. Instants are counted from the one among theirs
/// that is nearest to `now`, and are exact to 0.1 s within eleven days of it.
pub fn track_mesh<S: AsRef<[Track]>>(
    sets: &[S],
    now: Time,
    project: impl Fn([f64; 2]) -> [f64; 2] + Sync,
) -> TrackMesh {
    let tracks: Vec<&Track> =
        sets.iter().flat_map(|set| set.as_ref()).filter(|track| !track.points.is_empty()).collect();
    let span = span(&tracks);
    let epoch = nearest(span, now);
    let total: usize = tracks.iter().map(|track| track.points.len()).sum();
    let allowed = fair_share(tracks.iter().map(|track| track.points.len()).collect(), MAX_POINTS);
    let parts: Vec<Part> =
        tracks.par_iter().with_min_len(4).filter_map(|track| Part::of(track, allowed, epoch, &project)).collect();
    let mut mesh = TrackMesh { epoch, span, ..TrackMesh::default() };
    mesh.left_out = total - parts.iter().map(|part| part.points.len()).sum::<usize>();
    mesh.push_exact(&parts);
    mesh.push_coarser(&parts);
    mesh.points.push(TrackPoint::default());
    mesh
}

/// The most points of one track for which all tracks together, `lengths` points
/// long, have at most `most`. What short tracks leave goes to the long ones.
fn fair_share(mut lengths: Vec<usize>, most: usize) -> usize {
    lengths.sort_unstable();
    let (mut points_left, mut tracks_left) = (most, lengths.len());
    for length in lengths {
        let share = points_left / tracks_left;
        if length > share {
            return share;
        }
        points_left -= length;
        tracks_left -= 1;
    }
    usize::MAX
}

/// The instant of a span that is nearest to `now`.
pub fn nearest([first, last]: [Time; 2], now: Time) -> Time {
    now.max(first).min(last)
}

fn span(tracks: &[&Track]) -> [Time; 2] {
    let ends = tracks.iter().filter_map(|track| Some((track.points.first()?.0, track.points.last()?.0)));
    ends.fold(None, |span: Option<[Time; 2]>, (first, last)| {
        Some(span.map_or([first, last], |[from, to]| [from.min(first), to.max(last)]))
    })
    .unwrap_or_default()
}

impl TrackMesh {
    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.walks.is_empty()
    }

    /// The number of the walk of a track.
    pub fn walk_of(&self, id: &str) -> Option<usize> {
        self.walks.iter().position(|walk| walk.id == id)
    }

    /// Points from which the pieces of line of a walk start, at a level.
    pub fn points_of(&self, walk: usize, level: usize) -> Range<u32> {
        let chunks = self.walks.get(walk).zip(self.levels.get(level));
        match chunks.and_then(|(walk, level)| level.chunks.get(walk.chunks.clone())) {
            Some([first, .., last] | [first @ last]) => first.range.start..last.range.end,
            _ => 0..0,
        }
    }

    fn push_exact(&mut self, parts: &[Part]) {
        let mut chunks = 0;
        for part in parts {
            let start = self.points.len() as u32;
            self.points.extend_from_slice(&part.points);
            let range = start..self.points.len() as u32;
            let first = chunks;
            chunks += part.starts.len();
            let (id, stale_after_secs) = (part.id.clone(), part.stale_after_secs);
            self.walks.push(Walk { id, range, chunks: first..chunks, stale_after_secs });
        }
        let mut level = TrackLevel::default();
        for (part, walk) in parts.iter().zip(&self.walks) {
            let start = walk.range.start as usize;
            self.push_chunks(&mut level, start, part.starts.iter().copied(), part.points.len());
        }
        self.levels.push(level);
    }

    /// Levels of which each has far fewer points than the one before.
    fn push_coarser(&mut self, parts: &[Part]) {
        let count = |tolerance_m: f32| -> usize {
            parts.par_iter().map(|part| part.needed_up_to_m.iter().filter(|&&up_to| up_to > tolerance_m).count()).sum()
        };
        let mut last: usize = parts.iter().map(|part| part.points.len()).sum();
        for power in 0..MAX_LEVELS {
            let tolerance_m = FINEST_M * (1_u32 << power) as f32;
            let left = count(tolerance_m);
            if left as f64 > last as f64 * WORTH_KEEPING || self.points.len() + left >= MAX_BUFFERED {
                continue;
            }
            last = left;
            let mut level = TrackLevel { tolerance_m, chunks: Vec::new() };
            self.points.reserve(left);
            for part in parts {
                self.push_reduced(&mut level, part);
            }
            self.levels.push(level);
        }
    }

    fn push_reduced(&mut self, level: &mut TrackLevel, part: &Part) {
        let start = self.points.len();
        let mut starts = Vec::with_capacity(part.starts.len());
        let mut next_start = part.starts.iter().peekable();
        for (index, point) in part.points.iter().enumerate() {
            if next_start.next_if(|&&at| at == index).is_some() {
                starts.push(self.points.len() - start);
            }
            if part.needed_up_to_m[index] > level.tolerance_m {
                self.points.push(*point);
            }
        }
        let count = self.points.len() - start;
        self.push_chunks(level, start, starts.into_iter(), count);
    }

    /// Chunks of the `count` points from `first` on; `starts` counts from there.
    fn push_chunks(
        &self,
        level: &mut TrackLevel,
        first: usize,
        starts: impl Iterator<Item = usize> + Clone,
        count: usize,
    ) {
        let ends = starts.clone().skip(1).chain([count]);
        for (start, end) in starts.zip(ends) {
            // The piece of line from its last point may end in the next chunk.
            let goes_on = end < count && self.points[first + end - 1].leads_to(&self.points[first + end]);
            let points = &self.points[first + start..first + end + usize::from(goes_on)];
            let mut bounds = Bounds::EMPTY;
            points.iter().for_each(|point| bounds.grow(point.at.map(f64::from)));
            let times_secs = [points[0].time_secs, points[points.len() - 1].time_secs];
            let range = (first + start) as u32..(first + end) as u32;
            level.chunks.push(TrackChunk { range, bounds, times_secs });
        }
    }

    /// Seconds from the epoch.
    pub fn secs_at(&self, instant: Time) -> f32 {
        instant.secs_since(self.epoch) as f32
    }

    /// Where the workers are at `now`: those whose last point is at most
    /// `max_age_secs` old.
    pub fn heads(&self, now: Time, max_age_secs: f32) -> Vec<Head> {
        let now_secs = self.secs_at(now);
        (0..self.walks.len()).filter_map(|walk| self.head(walk, now_secs, max_age_secs)).collect()
    }

    fn head(&self, number: usize, now_secs: f32, max_age_secs: f32) -> Option<Head> {
        let walk = &self.walks[number];
        let points = &self.points[walk.range.start as usize..walk.range.end as usize];
        let reached = points.partition_point(|point| point.time_secs <= now_secs).checked_sub(1)?;
        let last = &points[reached];
        let next = points.get(reached + 1).filter(|next| last.leads_to(next));
        let since_secs = now_secs - last.time_secs;
        if since_secs > max_age_secs {
            return None;
        }
        let at = next.map_or(last.at, |next| {
            let share = since_secs / (next.time_secs - last.time_secs).max(f32::MIN_POSITIVE);
            [0, 1].map(|axis| last.at[axis] + (next.at[axis] - last.at[axis]) * share.min(1.0))
        });
        let stale = since_secs > walk.stale_after_secs;
        let direction = if stale { [0.0; 2] } else { direction(points, reached, at) };
        Some(Head { at, direction, age_secs: since_secs, stale: u32::from(stale), walk: number as u32 })
    }
}

/// The way from where the worker was some metres ago to `at`.
fn direction(points: &[TrackPoint], reached: usize, at: [f32; 2]) -> [f32; 2] {
    let mut from = reached;
    loop {
        let way = [0, 1].map(|axis| at[axis] - points[from].at[axis]);
        let length_m = way[0].hypot(way[1]);
        if length_m >= DIRECTION_M {
            return way.map(|part| part / length_m);
        }
        // Not beyond a jump or the beginning, and not for ever where a worker
        // stands.
        if from == 0 || !points[from - 1].leads_to(&points[from]) || reached - from >= 16 {
            return if length_m > 1.0 { way.map(|part| part / length_m) } else { [0.0; 2] };
        }
        from -= 1;
    }
}

impl Part {
    /// The last `allowed` points of a track; `None` when none can be drawn.
    fn of(track: &Track, allowed: usize, epoch: Time, project: impl Fn([f64; 2]) -> [f64; 2]) -> Option<Self> {
        let walked = &track.points[track.points.len().saturating_sub(allowed)..];
        let mut points: Vec<TrackPoint> = Vec::with_capacity(walked.len());
        let mut starts = Vec::new();
        // In f64: sums of thousands of steps.
        let mut along_m = 0.0_f64;
        let mut before: Option<([f64; 2], Time)> = None;
        for &(time, place) in walked {
            let at = project([place.lon, place.lat]);
            if !at.iter().all(|value| (*value as f32).is_finite()) {
                continue;
            }
            let mut is_start = true;
            if let Some((from, left)) = before {
                let step_m = (at[0] - from[0]).hypot(at[1] - from[1]);
                is_start = is_jump(step_m, time.secs_since(left));
                along_m = if is_start { 0.0 } else { along_m + step_m };
            }
            let in_chunk = starts.last().map_or(0, |start| points.len() - start);
            if is_start || in_chunk >= CHUNK_POINTS {
                starts.push(points.len());
            }
            before = Some((at, time));
            points.push(TrackPoint {
                at: at.map(|value| value as f32),
                time_secs: time.secs_since(epoch) as f32,
                along_m: along_m as f32,
            });
        }
        if points.is_empty() {
            return None;
        }
        let needed_up_to_m = needed_up_to(&points, &starts);
        let stale_after_secs = (usual_interval_secs(&points) * STALE_INTERVALS).max(STALE_SECS);
        Some(Self { id: track.id.clone(), points, needed_up_to_m, starts, stale_after_secs })
    }
}

/// The median of the latest intervals.
fn usual_interval_secs(points: &[TrackPoint]) -> f32 {
    let latest = &points[points.len().saturating_sub(32)..];
    let mut steps: Vec<f32> = latest.windows(2).map(|pair| pair[1].time_secs - pair[0].time_secs).collect();
    let middle = steps.len() / 2;
    if steps.is_empty() { 0.0 } else { *steps.select_nth_unstable_by(middle, f32::total_cmp).1 }
}

/// For each point, the tolerance up to which it is needed. The ends of chunks
/// always are.
fn needed_up_to(points: &[TrackPoint], starts: &[usize]) -> Vec<f32> {
    let mut needed = vec![0.0; points.len()];
    let ends = starts.iter().skip(1).copied().chain([points.len()]);
    for (&start, end) in starts.iter().zip(ends) {
        // Up to the first point of the next chunk, where the walk goes on there.
        let goes_on = points.get(end).is_some_and(|next| next.along_m > 0.0);
        let last = if goes_on { end } else { end - 1 };
        needed[start] = f32::INFINITY;
        needed[last] = f32::INFINITY;
        weigh(points, start..last, &mut needed);
    }
    needed
}

/// Douglas and Peucker: the point that is farthest from the straight way
/// matters as much as it is far, those on either side at most as much.
fn weigh(points: &[TrackPoint], range: Range<usize>, needed: &mut [f32]) {
    let mut open = vec![(range, f32::INFINITY)];
    while let Some((Range { start, end }, at_most)) = open.pop() {
        let mut farthest = (start, -1.0_f64);
        for middle in start + 1..end {
            let error = error_m(&points[start], &points[end], &points[middle]);
            if error > farthest.1 {
                farthest = (middle, error);
            }
        }
        if farthest.0 > start {
            let matters = (farthest.1 as f32).min(at_most);
            needed[farthest.0] = matters;
            open.push((start..farthest.0, matters));
            open.push((farthest.0..end, matters));
        }
    }
}

/// How far `point` is from where the straight way from `a` to `b` has the
/// worker at its instant, local metres; along the way it counts less.
fn error_m(a: &TrackPoint, b: &TrackPoint, point: &TrackPoint) -> f64 {
    let f64s = |p: &TrackPoint| (p.at.map(f64::from), f64::from(p.time_secs));
    let ((a, left), (b, reached), (p, at)) = (f64s(a), f64s(b), f64s(point));
    let way = [b[0] - a[0], b[1] - a[1]];
    let share = (at - left) / (reached - left).max(1e-9);
    let off = [0, 1].map(|axis| p[axis] - (a[axis] + way[axis] * share));
    let length_m = way[0].hypot(way[1]);
    if length_m < 1e-3 {
        return off[0].hypot(off[1]);
    }
    let along = (off[0] * way[0] + off[1] * way[1]) / length_m;
    let across = (off[0] * way[1] - off[1] * way[0]) / length_m;
    across.hypot(along / ALONG_SHARE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::geometry::LonLat;

    /// A track through local metres, by seconds.
    fn track(points: &[(f64, [f64; 2])]) -> Track {
        let point = |&(secs, [x, y]): &(f64, [f64; 2])| (Time((secs * 1_000.0) as i64), LonLat::new(x / 1e3, y / 1e3));
        Track { id: "t".into(), worker: "网格员 01".into(), area: None, points: points.iter().map(point).collect() }
    }

    fn mesh_of(tracks: &[Track]) -> TrackMesh {
        track_mesh(&[tracks.to_vec()], Time(0), |p| p.map(|value| value * 1e3))
    }

    /// Where the walk is at an instant, by the points of one level.
    fn place_at(points: &[TrackPoint], secs: f32) -> Option<[f32; 2]> {
        points.windows(2).find(|p| p[0].leads_to(&p[1]) && (p[0].time_secs..=p[1].time_secs).contains(&secs)).map(|p| {
            let share = (secs - p[0].time_secs) / (p[1].time_secs - p[0].time_secs);
            [0, 1].map(|axis| p[0].at[axis] + (p[1].at[axis] - p[0].at[axis]) * share)
        })
    }

    #[test]
    fn lengths_grow_along_a_walk_and_start_again_after_a_jump() {
        let walk = track(&[(0.0, [0.0, 0.0]), (60.0, [30.0, 40.0]), (120.0, [30.0, 100.0]), (180.0, [9e3, 0.0])]);
        let mesh = mesh_of(&[walk]);
        let exact: Vec<f32> = mesh.points[..4].iter().map(|point| point.along_m.round()).collect();
        assert_eq!(exact, [0.0, 50.0, 110.0, 0.0]);
        let drawn: Vec<bool> = mesh.points[..5].windows(2).map(|pair| pair[0].leads_to(&pair[1])).collect();
        assert_eq!(drawn, [true, true, false, false]);
        assert_eq!(mesh.levels[0].chunks.len(), 2);
        assert_eq!(size_of::<TrackPoint>(), 16);
    }

    #[test]
    fn chunks_cover_all_points_of_a_level_in_order() {
        let walk = |n: usize| {
            let place = |i: usize| (i as f64 * 10.0, [(i as f64 * 0.3).sin() * 500.0, i as f64 * 2.0]);
            track(&(0..n).map(place).collect::<Vec<_>>())
        };
        let mesh = mesh_of(&[walk(1_000), walk(1), walk(256), walk(257), walk(2)]);
        assert!(mesh.levels.len() > 2);
        let stretches = |level: &TrackLevel| level.chunks.iter().map(|chunk| chunk.times_secs).collect::<Vec<_>>();
        assert!(mesh.levels.iter().all(|level| stretches(level) == stretches(&mesh.levels[0])));
        let mut next = 0;
        for level in &mesh.levels {
            for chunk in &level.chunks {
                assert_eq!(chunk.range.start, next);
                assert!(!chunk.range.is_empty());
                next = chunk.range.end;
                for index in chunk.range.clone() {
                    let [from, to] = [0, 1].map(|step| &mesh.points[index as usize + step]);
                    assert!(chunk.bounds.contains(from.at.map(f64::from)));
                    assert!((chunk.times_secs[0]..=chunk.times_secs[1]).contains(&from.time_secs));
                    if from.leads_to(to) {
                        assert!(chunk.bounds.contains(to.at.map(f64::from)));
                        assert!(chunk.times_secs[1] >= to.time_secs);
                    }
                }
            }
        }
        // And the one that ends the array.
        assert_eq!(next as usize + 1, mesh.points.len());
    }

    #[test]
    fn a_walk_is_found_by_its_id_at_every_level() {
        let walk = |id: &str, n: usize| {
            let place = |i: usize| (i as f64 * 10.0, [(i as f64 * 0.3).sin() * 500.0, i as f64 * 2.0]);
            Track { id: id.into(), ..track(&(0..n).map(place).collect::<Vec<_>>()) }
        };
        let walks = [walk("a", 1_000), walk("none", 0), walk("b", 300), walk("c", 1)];
        let mesh = mesh_of(&walks);
        assert_eq!(["a", "none", "b", "c"].map(|id| mesh.walk_of(id)), [Some(0), None, Some(1), Some(2)]);
        for (number, level) in mesh.levels.iter().enumerate() {
            let of = [0, 1, 2].map(|walk| mesh.points_of(walk, number));
            // One after the other, and all of the level.
            assert!(of[0].end == of[1].start && of[1].end == of[2].start, "{of:?}");
            let ends = [of[0].start, of[2].end];
            assert_eq!(ends, [level.chunks[0].range.start, level.chunks[level.chunks.len() - 1].range.end]);
        }
        assert_eq!((mesh.points_of(3, 0), mesh.points_of(0, 99)), (0..0, 0..0));
        let heads = mesh.heads(Time(5_000), 1e6);
        assert_eq!(heads.iter().map(|head| head.walk).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn a_head_is_between_the_points_around_the_instant() {
        let mesh = mesh_of(&[track(&[(0.0, [0.0, 0.0]), (100.0, [50.0, 0.0]), (200.0, [50.0, 80.0])])]);
        let head = |secs: i64| mesh.heads(Time(secs * 1_000), 1e6).first().copied();
        assert_eq!(head(-1), None);
        assert_eq!(head(0).map(|head| head.at), Some([0.0, 0.0]));
        let halfway = head(50).unwrap();
        assert!((halfway.at[0] - 25.0).abs() < 0.01 && halfway.direction == [1.0, 0.0] && halfway.stale == 0);
        assert!((head(150).unwrap().at[1] - 40.0).abs() < 0.01);
        let gone = head(200 + 501).unwrap();
        assert_eq!((gone.stale, gone.direction), (1, [0.0, 0.0]));
        assert_eq!(head(200 + 499).unwrap().stale, 0);
        assert!(mesh.heads(Time(10_000_000), 3_600.0).is_empty());
    }

    #[test]
    fn a_head_does_not_glide_along_a_jump() {
        let mesh = mesh_of(&[track(&[(0.0, [0.0, 0.0]), (60.0, [9e3, 0.0]), (120.0, [9_050.0, 0.0])])]);
        assert_eq!(mesh.heads(Time(59_000), 1e6)[0].at, [0.0, 0.0]);
        assert_eq!(mesh.heads(Time(60_000), 1e6)[0].at, [9e3, 0.0]);
    }

    #[test]
    fn a_worker_who_stands_has_no_direction() {
        let place = |i: usize| (i as f64 * 60.0, [0.2 * (i % 3) as f64, 0.1 * (i % 2) as f64]);
        let mesh = mesh_of(&[track(&(0..40).map(place).collect::<Vec<_>>())]);
        assert_eq!(mesh.heads(Time(39 * 60_000), 1e6)[0].direction, [0.0, 0.0]);
    }

    #[test]
    fn a_single_point_has_a_head_and_no_line() {
        let mesh = mesh_of(&[track(&[(5.0, [1.0, 2.0])]), track(&[(6.0, [3.0, 2.0])]), track(&[])]);
        assert_eq!((mesh.walks.len(), mesh.heads(Time(9_000), 1e6).len()), (2, 2));
        assert!(mesh.points.windows(2).all(|pair| !pair[0].leads_to(&pair[1])));
        assert!(mesh_of(&[]).is_empty());
    }

    #[test]
    fn instants_are_exact_to_a_tenth_of_a_second_for_days() {
        let day_secs = 86_400.0;
        let at: Vec<f64> = (0..20).map(|i| i as f64 * 0.55 * day_secs + 0.1 * f64::from(i)).collect();
        let walk = track(&at.iter().map(|&secs| (secs, [secs / 100.0, 0.0])).collect::<Vec<_>>());
        let mesh = track_mesh(&[[walk]], Time((5.0 * day_secs * 1_000.0) as i64), |p| p.map(|value| value * 1e3));
        assert_eq!(mesh.epoch, Time((5.0 * day_secs * 1_000.0) as i64));
        for (point, secs) in mesh.points.iter().zip(at) {
            assert!((f64::from(point.time_secs) + 5.0 * day_secs - secs).abs() < 0.05, "{secs}");
        }
    }

    #[test]
    fn instants_are_counted_from_the_shown_one_within_the_tracks() {
        let span = [100, 200].map(Time);
        assert_eq!([50, 150, 250].map(|now| nearest(span, Time(now))), [100, 150, 200].map(Time));
    }

    #[test]
    fn what_short_tracks_leave_goes_to_long_ones() {
        assert_eq!(fair_share(vec![10, 1_000, 20, 500], 600), 285);
        assert_eq!(fair_share(vec![10, 1_000, 20, 100], 600), 470);
        assert_eq!(fair_share(vec![300, 300], 600), usize::MAX);
        assert_eq!(fair_share(vec![301, 300], 600), 300);
        assert_eq!(fair_share(vec![], 600), usize::MAX);
    }

    #[test]
    fn places_that_are_no_numbers_are_left_out() {
        let mesh = mesh_of(&[track(&[(0.0, [0.0, 0.0]), (60.0, [f64::NAN, 0.0]), (120.0, [60.0, 0.0])])]);
        assert_eq!(mesh.left_out, 1);
        assert!(mesh.points.iter().all(|point| point.at.iter().all(|value| value.is_finite())));
    }

    proptest! {
        #[test]
        fn shares_use_up_what_is_allowed(lengths in prop::collection::vec(0..500_usize, 0..40), most in 0..9_000_usize) {
            let share = fair_share(lengths.clone(), most);
            let drawn: usize = lengths.iter().map(|length| length.min(&share)).sum();
            prop_assert!(drawn <= most);
            // All of them, or all but a remainder.
            prop_assert!(share == usize::MAX || drawn + lengths.len() > most);
        }

        #[test]
        fn coarser_levels_have_the_worker_where_the_tolerance_says(
            steps in prop::collection::vec((1.0..90.0_f64, -80.0..80.0_f64, -80.0..80.0_f64), 2..400),
        ) {
            let (mut secs, mut at) = (0.0, [0.0, 0.0]);
            let walk: Vec<_> = steps.iter().map(|&(pause, east, north)| {
                secs += pause + 10.0;
                at = [at[0] + east, at[1] + north];
                (secs, at)
            }).collect();
            let mesh = mesh_of(&[track(&walk)]);
            for level in &mesh.levels {
                let range = level.chunks[0].range.start as usize..level.chunks[level.chunks.len() - 1].range.end as usize;
                for &(secs, [x, y]) in &walk {
                    let place = place_at(&mesh.points[range.clone()], mesh.secs_at(Time((secs * 1_000.0) as i64)));
                    prop_assert!(place.is_some());
                    let [px, py] = place.unwrap().map(f64::from);
                    let off_m = (px - x).hypot(py - y);
                    prop_assert!(off_m <= f64::from(level.tolerance_m) * ALONG_SHARE + 0.5, "{off_m} at {}", level.tolerance_m);
                }
            }
        }
    }
}
