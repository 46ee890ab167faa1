//! Patrol tracks: each worker walks the streets of one grid, morning and
//! afternoon, at a walking pace. A phone reports its place each minute and at
//! each turn, so that tracks follow the streets. A worker is a number, never a
//! name.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::calendar;
use super::city::City;
use super::noise;
use crate::domain::geometry::LonLat;
use crate::domain::time::{HOUR_MILLIS, Time};
use crate::domain::track::Track;

const PACE_M_PER_SEC: f64 = 1.05;
const POINT_EVERY_MS: i64 = 60_000;
/// Error of a phone's position between houses: standard deviation, metres.
const POSITION_ERROR_M: f64 = 2.2;
/// Shifts as hours of the day.
const SHIFTS: [(f64, f64); 2] = [(8.2, 11.4), (14.0, 17.4)];

/// The streets of one grid as a graph of corners, in local metres.
struct Streets {
    corners: Vec<[f64; 2]>,
    ways: Vec<Vec<usize>>,
}

/// The walks of a whole day, one per tracked worker.
pub fn of_day(city: &City, day: i64) -> Vec<Track> {
    let grids: Vec<usize> = {
        let mut grids: Vec<usize> = city.geography.leaves.iter().map(|leaf| leaf.grid).collect();
        grids.dedup();
        grids
    };
    let count = city.profile.tracked_workers.min(grids.len());
    let worker = |number: usize| {
        let grid = grids[number * grids.len() / count];
        let own = noise::mix(noise::mix(city.seed ^ 0x7AC4, number as u64), day as u64);
        Track {
            id: format!("{}-{}-{:03}", city.profile.code, calendar::compact_date(day), number + 1),
            worker: format!("网格员 {:02}", number + 1),
            area: Some(city.area(grid).code.clone()),
            points: walk(city, grid, day, &mut Rng::with_seed(own)),
        }
    };
    (0..count).map(worker).collect()
}

/// A day's walks cut off at an instant; walks not begun are left out.
pub fn until(tracks: &[Track], now: Time) -> impl Iterator<Item = Track> + '_ {
    tracks.iter().filter_map(move |track| {
        let points: Vec<_> = track.points.iter().copied().filter(|&(at, _)| at <= now).collect();
        (!points.is_empty()).then(|| Track { points, ..track.clone() })
    })
}

fn walk(city: &City, grid: usize, day: i64, rng: &mut Rng) -> Vec<(Time, LonLat)> {
    let streets = Streets::of(city, grid);
    let mut points = Vec::new();
    let (mut from, mut last) = (rng.usize(..streets.corners.len()), usize::MAX);
    for (start_h, end_h) in SHIFTS {
        let start =
            calendar::start_of(day).plus_millis(((start_h + 0.4 * (rng.f64() - 0.5)) * HOUR_MILLIS as f64) as i64);
        let end = calendar::start_of(day).plus_millis(((end_h + 0.4 * (rng.f64() - 0.5)) * HOUR_MILLIS as f64) as i64);
        let (mut now, mut to) = (start, streets.next(from, last, rng));
        let mut gone_m = 0.0;
        while now < end {
            points.push((now, place(city, streets.between(from, to, gone_m), rng)));
            let step_m = PACE_M_PER_SEC * POINT_EVERY_MS as f64 / 1000.0 * (0.6 + 0.6 * rng.f64());
            gone_m += step_m;
            while gone_m >= streets.length(from, to) {
                gone_m -= streets.length(from, to);
                // The next corner is chosen knowing where this way began.
                (last, from) = (from, to);
                to = streets.next(from, last, rng);
                let before_next_ms = (POINT_EVERY_MS as f64 * gone_m / step_m) as i64;
                let at = now.plus_millis(POINT_EVERY_MS - before_next_ms);
                let is_new = points.last().is_some_and(|&(last, _)| last < at) && before_next_ms > 0;
                if is_new && streets.is_turn(last, from, to) {
                    points.push((at, place(city, streets.corners[from], rng)));
                }
            }
            now = now.plus_millis(POINT_EVERY_MS);
        }
    }
    points
}

fn place(city: &City, [x, y]: [f64; 2], rng: &mut Rng) -> LonLat {
    let noisy = [x + noise::normal(rng) * POSITION_ERROR_M, y + noise::normal(rng) * POSITION_ERROR_M];
    let [lon, lat] = city.geography.plane.degrees_from_local(noisy);
    LonLat::new(lon, lat)
}

impl Streets {
    /// The borders of a grid's leaves: the streets and lanes around its blocks.
    fn of(city: &City, grid: usize) -> Self {
        // Shared vertices have identical coordinates, so their bits are a key.
        let mut numbers: BTreeMap<[u64; 2], usize> = BTreeMap::new();
        let mut streets = Self { corners: Vec::new(), ways: Vec::new() };
        for leaf in city.geography.leaves.iter().filter(|leaf| leaf.grid == grid) {
            let ring: Vec<usize> = leaf
                .local
                .iter()
                .map(|p| {
                    *numbers.entry(p.map(f64::to_bits)).or_insert_with(|| {
                        streets.corners.push(*p);
                        streets.ways.push(Vec::new());
                        streets.corners.len() - 1
                    })
                })
                .collect();
            for (i, &a) in ring.iter().enumerate() {
                let b = ring[(i + 1) % ring.len()];
                streets.ways[a].push(b);
                streets.ways[b].push(a);
            }
        }
        for ways in &mut streets.ways {
            ways.sort_unstable();
            ways.dedup();
        }
        streets
    }

    /// The next corner: any but the one just left, unless that is the only way.
    fn next(&self, at: usize, came_from: usize, rng: &mut Rng) -> usize {
        let on: Vec<usize> = self.ways[at].iter().copied().filter(|&way| way != came_from).collect();
        if on.is_empty() { self.ways[at][0] } else { on[rng.usize(..on.len())] }
    }

    /// Whether the way through `b` bends by more than a quarter of a right angle.
    fn is_turn(&self, a: usize, b: usize, c: usize) -> bool {
        let [p, q, r] = [a, b, c].map(|corner| self.corners[corner]);
        let (into, out) = ([q[0] - p[0], q[1] - p[1]], [r[0] - q[0], r[1] - q[1]]);
        let turn = (into[0] * out[1] - into[1] * out[0]).atan2(into[0] * out[0] + into[1] * out[1]);
        turn.abs() > std::f64::consts::FRAC_PI_8
    }

    fn length(&self, a: usize, b: usize) -> f64 {
        let (p, q) = (self.corners[a], self.corners[b]);
        (p[0] - q[0]).hypot(p[1] - q[1]).max(0.1)
    }

    fn between(&self, a: usize, b: usize, gone_m: f64) -> [f64; 2] {
        let t = gone_m / self.length(a, b);
        let (p, q) = (self.corners[a], self.corners[b]);
        [p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t]
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::PROFILES;
    use super::*;

    #[test]
    fn walks_keep_to_the_streets() {
        let city = City::build(&PROFILES[0], 8);
        let grid = city.geography.leaves[0].grid;
        let streets = Streets::of(&city, grid);
        let walked = walk(&city, grid, 20_315, &mut Rng::with_seed(5));
        let off_m = |at: LonLat| {
            let [x, y] = city.geography.plane.local_from_degrees([at.lon, at.lat]);
            let mut nearest = f64::INFINITY;
            for (a, ways) in streets.ways.iter().enumerate() {
                for &b in ways {
                    let (p, q) = (streets.corners[a], streets.corners[b]);
                    let (way, to) = ([q[0] - p[0], q[1] - p[1]], [x - p[0], y - p[1]]);
                    let along = (to[0] * way[0] + to[1] * way[1]) / (way[0] * way[0] + way[1] * way[1]).max(1e-9);
                    let share = along.clamp(0.0, 1.0);
                    nearest = nearest.min((to[0] - way[0] * share).hypot(to[1] - way[1] * share));
                }
            }
            nearest
        };
        // Between two reports as well: the straight way crosses no block.
        let between = |pair: &[(Time, LonLat)]| {
            LonLat::new((pair[0].1.lon + pair[1].1.lon) / 2.0, (pair[0].1.lat + pair[1].1.lat) / 2.0)
        };
        let off: Vec<f64> = walked.windows(2).map(|pair| off_m(between(pair))).collect();
        let strayed = off.iter().filter(|&&off_m| off_m > 12.0).count();
        assert!(strayed * 50 < off.len(), "{strayed} of {} ways cross a block", off.len());
    }

    #[test]
    fn walks_move_on_at_a_walking_pace_and_end_at_the_asked_instant() {
        let city = City::build(&PROFILES[0], 8);
        let tracks = of_day(&city, 20_315);
        assert_eq!(tracks.len(), 56);
        for track in &tracks {
            assert!(track.points.len() > 300);
            for pair in track.points.windows(2) {
                assert!(pair[1].0 > pair[0].0);
                let metres = (pair[1].1.lon - pair[0].1.lon).hypot(pair[1].1.lat - pair[0].1.lat) * 111_000.0;
                assert!(metres < 160.0, "{metres}");
            }
        }
        let ten = calendar::start_of(20_315).plus_millis(10 * HOUR_MILLIS);
        assert!(until(&tracks, ten).all(|t| t.points.iter().all(|p| p.0 <= ten)));
        assert_eq!(until(&tracks, calendar::start_of(20_315)).count(), 0);
    }
}
