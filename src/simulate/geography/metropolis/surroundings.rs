//! What is drawn around a city's grid: river, lakes, streams, hills, parks,
//! and the roads that parted the land. No buildings: at this scale they would
//! be a hundred megabytes that nobody can see.

use std::collections::HashMap;
use std::f64::consts::TAU;

use fastrand::Rng;

use super::super::board::segment_distance;
use super::super::context::{polygon, round_corners, shrink};
use super::super::mesh::{FaceId, Mesh, bend_points, edges};
use super::super::warp::Plane;
use super::super::{Leaf, Road};
use super::bends::Bends;
use super::borders::Borders;
use super::layout::{Layout, MainLine};
use super::names;
use super::settle::Settlement;
use crate::domain::context::{ContextFeature, ContextKind};
use crate::domain::geometry::signed_area;
use crate::simulate::noise;
use crate::simulate::profile::{Hill, Metropolis};

/// Deepest bend that a drawn road may cut off, metres: a pixel where a
/// micro-grid fills the screen.
const ROAD_BEND_M: f64 = 2.5;
/// The same for banks, which run along borders.
const BANK_BEND_M: f64 = 1.0;
/// Parks are this large at least and at most.
const PARK_M2: std::ops::Range<f64> = 60_000.0..700_000.0;

/// All roads: main roads, then those between streets, then between communities.
pub fn roads(layout: &Layout, settlement: &Settlement, bends: &Bends, seed: u64) -> Vec<Road> {
    let mut names = names::roads(&mut noise::stream(seed, "roads")).into_iter();
    let main = layout.lines.iter().filter(|line| line.stream_width_m == 0.0);
    let mut roads: Vec<Road> =
        main.map(|road| Road { name: road.name.into(), rank: 1, line: bent(&road.line, bends, ROAD_BEND_M) }).collect();
    for &(ends, rank) in &settlement.cuts {
        let line = bent(&ends.map(|v| layout.mesh.point(v)), bends, ROAD_BEND_M);
        roads.push(Road { name: names.next().unwrap_or_default(), rank, line });
    }
    roads
}

/// The river with its islands left out, lakes, streams.
pub fn waters(
    layout: &Layout,
    borders: &Borders,
    bends: &Bends,
    plane: Plane,
    metropolis: &Metropolis,
) -> Vec<ContextFeature> {
    let degrees =
        |local: Vec<[f64; 2]>| -> Vec<[f64; 2]> { local.into_iter().map(|p| plane.degrees_from_local(p)).collect() };
    let bank = |ring: &[[f64; 2]]| degrees(bent_ring(ring, bends, BANK_BEND_M));
    let rings = [&layout.river_ring].into_iter().chain(&layout.islands).map(|ring| bank(ring)).collect();
    let mut result = vec![polygon(ContextKind::Water, metropolis.river.name, rings)];
    for &(name, face) in &layout.lakes {
        let ring = borders.bent(layout.mesh.ring(face), |point| point.degrees);
        result.push(polygon(ContextKind::Water, name, vec![ring]));
    }
    for stream in layout.lines.iter().filter(|line| line.stream_width_m > 0.0) {
        result.push(polygon(ContextKind::Water, stream.name, vec![degrees(stream_ring(stream, bends))]));
    }
    result
}

/// Wooded hills, and parks in the built-up land.
pub fn greens(leaves: &[Leaf], bends: &Bends, plane: Plane, metropolis: &Metropolis, seed: u64) -> Vec<ContextFeature> {
    let mut rng = noise::stream(seed, "greens");
    let mut result: Vec<ContextFeature> = Vec::new();
    for hill in metropolis.hills {
        let ring = bent_ring(&foot(hill, &mut rng), bends, 4.0);
        let ring = ring.into_iter().map(|p| plane.degrees_from_local(p)).collect();
        result.push(polygon(ContextKind::Green, hill.name, vec![ring]));
    }
    let mut fitting: Vec<&Leaf> = leaves.iter().filter(|leaf| PARK_M2.contains(&signed_area(&leaf.local))).collect();
    rng.shuffle(&mut fitting);
    for (leaf, name) in fitting.into_iter().zip(metropolis.parks) {
        let ring = round_corners(&shrink(&every_third(&leaf.local), 0.86));
        let ring = ring.into_iter().map(|p| plane.degrees_from_local(p)).collect();
        result.push(polygon(ContextKind::Green, name, vec![ring]));
    }
    result
}

/// Places on land a few steps from river and lakes, local metres.
pub fn waterside(mesh: &Mesh, waters: &[FaceId], bends: &Bends, is_land: impl Fn(FaceId) -> bool) -> Vec<[f64; 2]> {
    const STEPS_M: f64 = 14.0;
    let mut places = Vec::new();
    for &water in waters {
        for (u, v) in edges(mesh.ring(water)) {
            if mesh.across(u, v).is_some_and(&is_land) {
                let (a, b) = (mesh.point(u), mesh.point(v));
                let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
                let scale = STEPS_M / dx.hypot(dy).max(1.0);
                // Water lies left of its edges, land on the right.
                let place = [(a[0] + b[0]) / 2.0 + dy * scale, (a[1] + b[1]) / 2.0 - dx * scale];
                places.push(bends.local_from_plan(place));
            }
        }
    }
    places
}

/// Finds the nearest of many roads: a raster of their segments.
#[derive(Debug)]
pub struct RoadFinder<'a> {
    roads: &'a [Road],
    cells: HashMap<(i32, i32), Vec<(u32, u32)>>,
}

impl<'a> RoadFinder<'a> {
    const CELL_M: f64 = 500.0;
    const FARTHEST_CELLS: i32 = 16;

    /// Indexes the roads that have a name.
    pub fn new(roads: &'a [Road]) -> Self {
        let mut cells: HashMap<(i32, i32), Vec<(u32, u32)>> = HashMap::new();
        for (road, line) in roads.iter().enumerate().filter(|(_, road)| !road.name.is_empty()) {
            for (step, pair) in line.line.windows(2).enumerate() {
                let ((ax, ay), (bx, by)) = (Self::cell(pair[0]), Self::cell(pair[1]));
                for x in ax.min(bx)..=ax.max(bx) {
                    for y in ay.min(by)..=ay.max(by) {
                        cells.entry((x, y)).or_default().push((road as u32, step as u32));
                    }
                }
            }
        }
        Self { roads, cells }
    }

    /// The name of the road nearest to a place; empty where there is none for
    /// several kilometres.
    pub fn name_near(&self, at: [f64; 2]) -> &'a str {
        let (cx, cy) = Self::cell(at);
        let mut best = (f64::INFINITY, "");
        for ring in 0..=Self::FARTHEST_CELLS {
            // Whatever lies in rings farther out is farther away than this.
            if best.0 < f64::from(ring - 1) * Self::CELL_M {
                break;
            }
            for x in cx - ring..=cx + ring {
                // Of the columns between, only the ends belong to the ring.
                let step = if (x - cx).abs() == ring { 1 } else { 2 * ring as usize };
                for y in (cy - ring..=cy + ring).step_by(step) {
                    for &(road, step) in self.cells.get(&(x, y)).into_iter().flatten() {
                        let road = &self.roads[road as usize];
                        let away = segment_distance(at, road.line[step as usize], road.line[step as usize + 1]);
                        if away < best.0 {
                            best = (away, &road.name);
                        }
                    }
                }
            }
        }
        best.1
    }

    fn cell(p: [f64; 2]) -> (i32, i32) {
        ((p[0] / Self::CELL_M).floor() as i32, (p[1] / Self::CELL_M).floor() as i32)
    }
}

/// The foot of a hill: an ellipse with spurs.
fn foot(hill: &Hill, rng: &mut Rng) -> Vec<[f64; 2]> {
    let phases: Vec<f64> = (0..4).map(|_| rng.f64() * TAU).collect();
    let (sin, cos) = hill.turn_deg.to_radians().sin_cos();
    let at = |i: u32| {
        let theta = TAU * f64::from(i) / 72.0;
        let spurs = [(2.0, 0.05), (3.0, 0.10), (5.0, 0.09), (9.0, 0.06)];
        let out: f64 = spurs.iter().zip(&phases).map(|((k, size), phase)| size * (k * theta + phase).cos()).sum();
        let (x, y) = (hill.radius_m[0] * (1.0 + out) * theta.cos(), hill.radius_m[1] * (1.0 + out) * theta.sin());
        [hill.at_m[0] + x * cos - y * sin, hill.at_m[1] + x * sin + y * cos]
    };
    (0..72).map(at).collect()
}

/// Both banks of a stream as one ring, local metres.
fn stream_ring(stream: &MainLine, bends: &Bends) -> Vec<[f64; 2]> {
    let axis = bent(&stream.line, bends, BANK_BEND_M);
    let beside = |i: usize, side: f64| {
        let (a, b) = (axis[i.saturating_sub(1)], axis[(i + 1).min(axis.len() - 1)]);
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let scale = side * stream.stream_width_m / 2.0 / dx.hypot(dy).max(1e-3);
        [axis[i][0] - dy * scale, axis[i][1] + dx * scale]
    };
    let right = (0..axis.len()).map(|i| beside(i, -1.0));
    right.chain((0..axis.len()).rev().map(|i| beside(i, 1.0))).collect()
}

/// A line of the plan, bent: local metres.
fn bent(line: &[[f64; 2]], bends: &Bends, tolerance_m: f64) -> Vec<[f64; 2]> {
    /// Longer steps are bent in pieces, so that points gather at the bends.
    const PIECE_M: f64 = 400.0;
    let image = |p| bends.local_from_plan(p);
    let mut result = Vec::new();
    for step in line.windows(2) {
        let length = (step[1][0] - step[0][0]).hypot(step[1][1] - step[0][1]);
        let pieces = (length / PIECE_M).ceil().max(1.0);
        let at = |i: f64| [0, 1].map(|axis| step[0][axis] + (step[1][axis] - step[0][axis]) * i / pieces);
        for i in 0..pieces as u32 {
            let (a, b) = (at(f64::from(i)), at(f64::from(i) + 1.0));
            result.push(image(a));
            result.extend(bend_points(a, b, &image, tolerance_m).into_iter().map(image));
        }
    }
    result.extend(line.last().map(|&p| image(p)));
    result
}

fn bent_ring(ring: &[[f64; 2]], bends: &Bends, tolerance_m: f64) -> Vec<[f64; 2]> {
    let closed: Vec<[f64; 2]> = ring.iter().chain(ring.first()).copied().collect();
    let mut line = bent(&closed, bends, tolerance_m);
    line.pop();
    line
}

fn every_third(ring: &[[f64; 2]]) -> Vec<[f64; 2]> {
    ring.iter().step_by(3).copied().collect()
}
