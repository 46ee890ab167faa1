//! What lies under and around the grid: waters, parks and roads. Roads run on
//! for kilometres beyond the jurisdiction, because a town does.

use std::f64::consts::TAU;

use super::board::{Arterial, Board, REACH, Water, inner_point};
use super::mesh::bend_points;
use super::warp::{Plane, Warp};
use super::{Ground, Leaf, Road};
use crate::domain::area::GridKind;
use crate::domain::context::{ContextFeature, ContextKind};
use crate::domain::geometry::{Shape, ring_contains, signed_area};
use crate::simulate::noise;
use crate::simulate::profile::{Terrain, Town};

/// Deepest bend that a drawn context line may cut off, metres.
const BEND_M: f64 = 0.6;

/// All roads, arterials first.
pub fn roads(board: &Board, warp: &Warp, town: &Town, seed: u64) -> Vec<Road> {
    let terrain = &town.terrain;
    let barred = barred(board, terrain, seed);
    let mut roads = Vec::new();
    let mut draw = |name: &str, rank: u8, a: [f64; 2], b: [f64; 2]| {
        for [a, b] in outside_of(&barred, a, b) {
            let line = bent_line(a, b, warp).into_iter().map(|p| warp.local_from_plan(p)).collect();
            roads.push(Road { name: name.into(), rank, line });
        }
    };
    for arterial in &board.arterials {
        let [a, b] = span(arterial, terrain);
        draw(arterial_name(arterial, town), 1, a, b);
    }
    let mut names = town.names.streets.iter();
    for cut in &board.cuts {
        let name = if cut.rank == 2 { names.next().copied().unwrap_or("") } else { "" };
        draw(name, cut.rank, cut.ends[0], cut.ends[1]);
    }
    for [a, b] in outer_streets(board, terrain, seed) {
        draw("", 2, a, b);
    }
    let mut around = belt(&board.shore, terrain);
    around.push(around[0]);
    let line = around.into_iter().map(|p| warp.local_from_plan(p)).collect();
    roads.push(Road { name: town.names.lake_road.into(), rank: 2, line });
    roads
}

/// Waters: the lake and the waters outside, then the river.
pub fn waters(ground: &Ground<'_>, town: &Town, seed: u64) -> Vec<ContextFeature> {
    let terrain = &town.terrain;
    let lake: Vec<u32> = ground.board.water.iter().filter(|w| w.1 == Water::Lake).map(|w| w.0).collect();
    let mut result = vec![polygon(ContextKind::Water, town.names.lake, ground.outline(&lake))];
    for (number, &(name, ..)) in terrain.outer_waters.iter().enumerate() {
        let ring = outer_water(terrain, number, seed);
        result.push(polygon(ContextKind::Water, name, vec![to_degrees(ground, &ring)]));
    }
    let reach = terrain.radius_m[0] * REACH[0];
    let half = terrain.river_width_m / 2.0;
    let axis = terrain.warp.river_offset_m;
    let south = bent_line([-reach, axis - half], [reach, axis - half], ground.warp);
    let north = bent_line([reach, axis + half], [-reach, axis + half], ground.warp);
    let ring = [south, north].concat();
    result.push(polygon(ContextKind::Water, town.names.river, vec![to_degrees(ground, &ring)]));
    result
}

/// Parks: the belt around the lake, and rounded pieces of some large leaves.
pub fn greens(ground: &Ground<'_>, leaves: &[Leaf], town: &Town, seed: u64) -> Vec<ContextFeature> {
    let mut rng = noise::stream(seed, "parks");
    let (first, others) = town.names.parks.split_first().unwrap_or((&"", &[]));
    let mut shore = to_degrees(ground, &ground.board.shore);
    shore.reverse();
    let belt = to_degrees(ground, &belt(&ground.board.shore, &town.terrain));
    let mut result = vec![polygon(ContextKind::Green, first, vec![belt, shore])];
    let has_campuses = town.counts.dedicated_grids > 0;
    let fits = |leaf: &&Leaf| !has_campuses || leaf.kind == GridKind::Dedicated;
    let mut by_size: Vec<&Leaf> = leaves.iter().filter(fits).collect();
    by_size.sort_by(|a, b| signed_area(&b.plan).total_cmp(&signed_area(&a.plan)));
    by_size.truncate(others.len() * 3);
    rng.shuffle(&mut by_size);
    for (leaf, name) in by_size.into_iter().zip(others) {
        let ring = round_corners(&shrink(&leaf.plan, 0.84));
        result.push(polygon(ContextKind::Green, name, vec![to_degrees(ground, &ring)]));
    }
    result
}

/// Places a few steps from lake and river, in local metres; those of the
/// river may lie outside the jurisdiction.
pub fn waterside(ground: &Ground<'_>, town: &Town) -> Vec<[f64; 2]> {
    const STEPS_M: f64 = 9.0;
    let terrain = &town.terrain;
    let [cx, cy] = terrain.lake_center_m;
    let shore = ground.board.shore.iter().map(|p| {
        let scale = 1.0 + STEPS_M / (p[0] - cx).hypot(p[1] - cy);
        [cx + (p[0] - cx) * scale, cy + (p[1] - cy) * scale]
    });
    let half = terrain.river_width_m / 2.0 + STEPS_M;
    let bank = |i: i32| {
        let side = if i % 2 == 0 { half } else { -half };
        [terrain.radius_m[0] * f64::from(i) / 50.0, terrain.warp.river_offset_m + side]
    };
    shore.chain((-50..=50).map(bank)).map(|p| ground.warp.local_from_plan(p)).collect()
}

/// Roads as context features.
pub fn road_features(roads: &[Road], plane: Plane) -> impl Iterator<Item = ContextFeature> + '_ {
    roads.iter().map(move |road| ContextFeature {
        kind: ContextKind::Road,
        name: road.name.clone(),
        shape: Shape::default(),
        lines: vec![road.line.iter().map(|&p| plane.degrees_from_local(p)).collect()],
        rank: road.rank,
    })
}

/// A feature of one polygon.
pub fn polygon(kind: ContextKind, name: &str, rings: Vec<Vec<[f64; 2]>>) -> ContextFeature {
    let mut shape = Shape::default();
    for ring in rings {
        shape.push_ring(&ring);
    }
    shape.end_polygon();
    ContextFeature { kind, name: name.into(), shape, lines: Vec::new(), rank: 0 }
}

/// The ring of the road around the lake: the shore, moved outwards.
fn belt(shore: &[[f64; 2]], terrain: &Terrain) -> Vec<[f64; 2]> {
    let [cx, cy] = terrain.lake_center_m;
    let width = terrain.lake_radius_m[1] * 0.11;
    let outward = |p: &[f64; 2]| {
        let (dx, dy) = (p[0] - cx, p[1] - cy);
        let scale = 1.0 + width / dx.hypot(dy);
        [cx + dx * scale, cy + dy * scale]
    };
    shore.iter().map(outward).collect()
}

/// Rings in plan metres that no road enters.
fn barred(board: &Board, terrain: &Terrain, seed: u64) -> Vec<Vec<[f64; 2]>> {
    let outer = (0..terrain.outer_waters.len()).map(|number| outer_water(terrain, number, seed));
    [belt(&board.shore, terrain)].into_iter().chain(outer).collect()
}

/// The shore of a water outside.
fn outer_water(terrain: &Terrain, number: usize, seed: u64) -> Vec<[f64; 2]> {
    let (name, [cx, cy], [rx, ry]) = terrain.outer_waters[number];
    let mut rng = noise::stream(seed, name);
    let phases: Vec<f64> = (0..4).map(|_| rng.f64() * TAU).collect();
    let at = |i: u32| {
        let theta = TAU * f64::from(i) / 96.0;
        let wave = |k: usize, turns: f64| (turns * theta + phases[k]).cos();
        let bays = 1.0 + 0.09 * wave(0, 2.0) + 0.08 * wave(1, 3.0) + 0.05 * wave(2, 5.0) + 0.025 * wave(3, 9.0);
        [cx + rx * bays * theta.cos(), cy + ry * bays * theta.sin()]
    };
    (0..96).map(at).collect()
}

/// Ends of an arterial on the plan.
fn span(arterial: &Arterial, terrain: &Terrain) -> [[f64; 2]; 2] {
    let axis = usize::from(!arterial.runs_east);
    let reach = terrain.radius_m[axis] * REACH[axis];
    let line = arterial.line;
    [-reach, reach].map(|t| [line.through[0] + line.along[0] * t, line.through[1] + line.along[1] * t])
}

fn arterial_name(arterial: &Arterial, town: &Town) -> &'static str {
    let names = if arterial.runs_east { town.names.arterials_east } else { town.names.arterials_north };
    usize::try_from(arterial.number).ok().and_then(|number| names.get(number)).copied().unwrap_or("")
}

/// Unnamed streets in the blocks around the jurisdiction.
fn outer_streets(board: &Board, terrain: &Terrain, seed: u64) -> Vec<[[f64; 2]; 2]> {
    let mut rng = noise::stream(seed, "outer streets");
    let family = |runs_east: bool| board.arterials.iter().filter(move |a| a.runs_east == runs_east);
    let east: Vec<&Arterial> = family(true).collect();
    let north: Vec<&Arterial> = family(false).collect();
    let river = terrain.warp.river_offset_m;
    let mut result = Vec::new();
    for rows in east.windows(2) {
        for columns in north.windows(2) {
            let corner = |row: usize, column: usize| crossing(rows[row], columns[column]);
            let corners = [corner(0, 0), corner(0, 1), corner(1, 1), corner(1, 0)];
            let along = |a: [f64; 2], b: [f64; 2], t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
            let (t, kind) = (0.35 + 0.3 * rng.f64(), rng.f64());
            if corners.iter().any(|&p| ring_contains(&board.outline, p)) {
                continue;
            }
            let crosses_river = corners[0][1] < river && corners[3][1] > river;
            if kind < 0.55 && !crosses_river {
                result.push([along(corners[0], corners[1], t), along(corners[3], corners[2], t)]);
            }
            if kind > 0.35 && !crosses_river {
                result.push([along(corners[0], corners[3], t), along(corners[1], corners[2], t)]);
            }
        }
    }
    result
}

/// Points of a straight line on the plan, dense enough to bend. Long lines
/// are bent in steps, so that their points gather where the bends are.
fn bent_line(a: [f64; 2], b: [f64; 2], warp: &Warp) -> Vec<[f64; 2]> {
    const STEP_M: f64 = 600.0;
    let steps = ((a[0] - b[0]).hypot(a[1] - b[1]) / STEP_M).ceil().max(1.0) as u32;
    let at = |i: u32| [0, 1].map(|axis| a[axis] + (b[axis] - a[axis]) * f64::from(i) / f64::from(steps));
    let mut points = vec![a];
    for i in 0..steps {
        points.extend(bend_points(at(i), at(i + 1), &|p| warp.local_from_plan(p), BEND_M));
        points.push(at(i + 1));
    }
    points
}

/// Where two arterials of different directions cross.
fn crossing(east: &Arterial, north: &Arterial) -> [f64; 2] {
    let (a, b) = (east.line, north.line);
    let denominator = b.along[0] * a.along[1] - b.along[1] * a.along[0];
    let t = a.side(b.through) / denominator;
    [b.through[0] + b.along[0] * t, b.through[1] + b.along[1] * t]
}

/// The pieces of a segment that lie outside all rings.
fn outside_of(rings: &[Vec<[f64; 2]>], a: [f64; 2], b: [f64; 2]) -> Vec<[[f64; 2]; 2]> {
    let at = |t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
    let mut stops = vec![0.0, 1.0];
    for ring in rings {
        for (i, &p) in ring.iter().enumerate() {
            let q = ring[(i + 1) % ring.len()];
            let side = |c: [f64; 2]| (q[0] - p[0]) * (c[1] - p[1]) - (q[1] - p[1]) * (c[0] - p[0]);
            let (sa, sb) = (side(a), side(b));
            if (sa > 0.0) == (sb > 0.0) {
                continue;
            }
            let t = sa / (sa - sb);
            let c = at(t);
            let along = (c[0] - p[0]) * (q[0] - p[0]) + (c[1] - p[1]) * (q[1] - p[1]);
            let length2 = (q[0] - p[0]).powi(2) + (q[1] - p[1]).powi(2);
            // A crossing at a corner may fall just beside both of its edges.
            if (-1e-6..=1.0 + 1e-6).contains(&(along / length2)) {
                stops.push(t);
            }
        }
    }
    stops.sort_by(f64::total_cmp);
    let pieces = stops.windows(2).filter(|w| w[1] - w[0] > 1e-9);
    let free = pieces.filter(|w| !rings.iter().any(|ring| ring_contains(ring, at((w[0] + w[1]) / 2.0))));
    free.map(|w| [at(w[0]), at(w[1])]).collect()
}

/// A ring drawn in towards a point well inside it.
pub fn shrink(ring: &[[f64; 2]], scale: f64) -> Vec<[f64; 2]> {
    let [cx, cy] = inner_point(ring);
    ring.iter().map(|p| [cx + (p[0] - cx) * scale, cy + (p[1] - cy) * scale]).collect()
}

/// Corner cutting (Chaikin 1974), three times.
pub fn round_corners(ring: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut ring = ring.to_vec();
    for _ in 0..3 {
        let pairs = (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()]));
        let quarter = |a: [f64; 2], b: [f64; 2], t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
        ring = pairs.flat_map(|(a, b)| [quarter(a, b, 0.25), quarter(a, b, 0.75)]).collect();
    }
    ring
}

fn to_degrees(ground: &Ground<'_>, plan: &[[f64; 2]]) -> Vec<[f64; 2]> {
    plan.iter().map(|&p| ground.plane.degrees_from_local(ground.warp.local_from_plan(p))).collect()
}
