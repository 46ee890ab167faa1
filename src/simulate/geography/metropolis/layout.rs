//! The lie of the land: outline, river with islands, ring roads, radials and
//! lakes, and which district each piece of land between them belongs to.
//!
//! Everything is cut into one mesh in plan metres, the river first, so that
//! streets and communities parted from these pieces later keep to the banks,
//! the ring roads and the radials.

use std::f64::consts::TAU;

use super::super::board::{centroid, inner_point};
use super::super::mesh::{FaceId, Mesh, distance};
use super::cut::{crossing, cut, cut_between};
use crate::domain::geometry::{Bounds, ring_contains, signed_area};
use crate::simulate::noise;
use crate::simulate::profile::{Lake, Metropolis, Radial, Ring, River};

/// Distance of the points of a bent line.
const STEP_M: f64 = 400.0;
/// Cuts leave no piece smaller than this.
const LEAST_M2: f64 = 400_000.0;

/// Which side of the river.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bank {
    Left,
    Right,
    Island,
}

/// A piece of land.
#[derive(Clone, Copy, Debug)]
struct Land {
    face: FaceId,
    bank: Bank,
}

/// A main road, or a stream, on the plan.
#[derive(Clone, Debug)]
pub struct MainLine {
    /// Name.
    pub name: &'static str,
    /// Width of a stream; 0 for a road.
    pub stream_width_m: f64,
    /// Plan metres; runs on beyond the city.
    pub line: Vec<[f64; 2]>,
}

/// The cut-up plan.
#[derive(Clone, Debug)]
pub struct Layout {
    /// All faces.
    pub mesh: Mesh,
    /// Faces of land per district, in the profile's order.
    pub districts: Vec<Vec<FaceId>>,
    /// Faces that are river.
    pub river: Vec<FaceId>,
    /// The river's banks beyond the city: one ring.
    pub river_ring: Vec<[f64; 2]>,
    /// Shores of the river's islands.
    pub islands: Vec<Vec<[f64; 2]>>,
    /// Lakes by name.
    pub lakes: Vec<(&'static str, FaceId)>,
    /// Rings, avenues, motorways, streams.
    pub lines: Vec<MainLine>,
    /// Box around the outline.
    pub bounds: Bounds,
}

/// Draws the plan for `seed`.
pub fn draw(metropolis: &Metropolis, seed: u64) -> Layout {
    let mut mesh = Mesh::default();
    let outline = outline(metropolis, seed);
    let bounds = Bounds::of(&outline);
    let ring = outline.iter().map(|&p| mesh.add_vertex(p)).collect();
    let whole = mesh.add_face(ring);
    let shape = RiverShape::new(&metropolis.river, seed);
    let (mut land, mut river) = cut_river(&mut mesh, whole, &shape);
    let raised = metropolis.river.islands.iter();
    let islands = raised.filter_map(|&island| raise_island(&mut mesh, &mut land, &mut river, &shape, island)).collect();
    let mut lines = Vec::new();
    for ring in metropolis.rings {
        let line = ring_line(ring, seed);
        let crosses = |bank| bank == Bank::Right || (ring.crosses_river && bank == Bank::Left);
        cut_land(&mut mesh, &mut land, &line, crosses);
        lines.push(MainLine { name: ring.name, stream_width_m: 0.0, line: dry_part(line, ring, &shape) });
    }
    let mut lakes = Vec::new();
    for radial in metropolis.radials {
        let line = smooth(radial.line_m);
        let (path, other_shore) = around_lake(&line, radial.lake, seed);
        cut_land(&mut mesh, &mut land, &path, |bank| bank != Bank::Island);
        if let Some((lake, shore)) = radial.lake.zip(other_shore)
            && let Some(face) = flood(&mut mesh, &mut land, &shore)
        {
            lakes.push((lake.name, face));
        }
        lines.push(main_line(radial, line, path, &lines, &shape));
    }
    let districts = settle(&mut mesh, &land, metropolis);
    Layout { mesh, districts, river, river_ring: shape.ring(), islands, lakes, lines, bounds }
}

/// The outline before any cut, counter-clockwise.
fn outline(metropolis: &Metropolis, seed: u64) -> Vec<[f64; 2]> {
    const POINTS: u32 = 300;
    const SQUARENESS: f64 = 2.5;
    let mut rng = noise::stream(seed, "outline");
    let phases: Vec<f64> = (0..6).map(|_| rng.f64() * TAU).collect();
    let ([a, b], [cx, cy]) = (metropolis.radius_m, metropolis.middle_m);
    let at = |i: u32| {
        let theta = TAU * f64::from(i) / f64::from(POINTS);
        let waves = [(3.0, 0.03), (4.0, 0.03), (5.0, 0.04), (8.0, 0.035), (13.0, 0.028), (21.0, 0.014)];
        let bulge: f64 = waves.iter().zip(&phases).map(|((k, size), phase)| size * (k * theta + phase).cos()).sum();
        let squared = (theta.cos().abs().powf(SQUARENESS) + theta.sin().abs().powf(SQUARENESS)).powf(-1.0 / SQUARENESS);
        let out = (1.0 + bulge) * squared;
        [cx + a * out * theta.cos(), cy + b * out * theta.sin()]
    };
    (0..POINTS).map(at).collect()
}

/// The river's axis and half its width at each point of it.
struct RiverShape {
    axis: Vec<[f64; 2]>,
    normals: Vec<[f64; 2]>,
    half_m: Vec<f64>,
}

impl RiverShape {
    fn new(river: &River, seed: u64) -> Self {
        let axis = smooth(river.axis_m);
        let normals = normals(&axis);
        let mut rng = noise::stream(seed, "river");
        let phases = [rng.f64() * TAU, rng.f64() * TAU];
        let half = |(i, _): (usize, &[f64; 2])| {
            let along = i as f64 * STEP_M;
            let swell =
                0.10 * (along / 9_700.0 * TAU + phases[0]).sin() + 0.06 * (along / 4_300.0 * TAU + phases[1]).sin();
            river.width_m / 2.0 * (1.0 + swell)
        };
        let mut half_m: Vec<f64> = axis.iter().enumerate().map(half).collect();
        for &(at, half_length_m, half_width_m) in river.islands {
            let middle = nearest(&axis, at) as f64 * STEP_M;
            for (i, half) in half_m.iter_mut().enumerate() {
                let part = (i as f64 * STEP_M - middle) / half_length_m;
                *half += half_width_m * (-0.6 * part * part).exp();
            }
        }
        Self { axis, normals, half_m }
    }

    /// A point beside the axis, to the left where `offset_m` is positive.
    fn beside(&self, i: usize, offset_m: f64) -> [f64; 2] {
        [0, 1].map(|axis| self.axis[i][axis] + self.normals[i][axis] * offset_m)
    }

    /// The left or right bank, downstream.
    fn bank(&self, sign: f64) -> Vec<[f64; 2]> {
        (0..self.axis.len()).map(|i| self.beside(i, sign * self.half_m[i])).collect()
    }

    /// Both banks as one ring.
    fn ring(&self) -> Vec<[f64; 2]> {
        self.bank(-1.0).into_iter().chain(self.bank(1.0).into_iter().rev()).collect()
    }

    /// Whether a point lies between the banks.
    fn holds(&self, p: [f64; 2]) -> bool {
        let i = nearest(&self.axis, p);
        distance(self.axis[i], p) < self.half_m[i]
    }

    /// Whether a point lies left of the axis.
    fn is_left(&self, p: [f64; 2]) -> bool {
        let i = nearest(&self.axis, p);
        let (dx, dy) = (p[0] - self.axis[i][0], p[1] - self.axis[i][1]);
        dx * self.normals[i][0] + dy * self.normals[i][1] > 0.0
    }
}

/// Cuts both banks; gives the land left and right of the river, and the river.
fn cut_river(mesh: &mut Mesh, whole: FaceId, shape: &RiverShape) -> (Vec<Land>, Vec<FaceId>) {
    let mut faces = vec![whole];
    for sign in [1.0, -1.0] {
        let bank = shape.bank(sign);
        faces = faces.into_iter().flat_map(|face| cut(mesh, face, &bank, LEAST_M2)).collect();
    }
    let (mut land, mut river) = (Vec::new(), Vec::new());
    for face in faces {
        let inside = inner_point(&mesh.polygon(face));
        if shape.holds(inside) {
            river.push(face);
        } else {
            land.push(Land { face, bank: if shape.is_left(inside) { Bank::Left } else { Bank::Right } });
        }
    }
    (land, river)
}

/// Cuts an island out of the river: across the river at both of its tips,
/// then along both of its shores; gives its ring.
fn raise_island(
    mesh: &mut Mesh,
    land: &mut Vec<Land>,
    river: &mut Vec<FaceId>,
    shape: &RiverShape,
    (at, half_length_m, half_width_m): ([f64; 2], f64, f64),
) -> Option<Vec<[f64; 2]>> {
    let middle = nearest(&shape.axis, at);
    let reach = (half_length_m / STEP_M) as usize;
    if middle < reach + 1 || middle + reach + 1 >= shape.axis.len() {
        return None;
    }
    let (first, last) = (middle - reach, middle + reach);
    for tip in [first, last] {
        let half = shape.half_m[tip] + 200.0;
        let across = [shape.beside(tip, half), shape.axis[tip], shape.beside(tip, -half)];
        *river = river.drain(..).flat_map(|face| cut(mesh, face, &across, LEAST_M2)).collect();
    }
    let shore = |sign: f64| -> Vec<[f64; 2]> {
        let out = |i: usize| {
            let part = (i as f64 - middle as f64) / reach as f64;
            // Rivers heap islands up at the head and draw them out at the tail.
            sign * half_width_m * (1.0 - part * part).max(0.0).powf(0.65) * (1.0 - 0.22 * part)
        };
        (first..=last).map(|i| shape.beside(i, out(i))).collect()
    };
    let shores = [shore(1.0), shore(-1.0)];
    for shore in &shores {
        let (gone, parts) = cut_between(mesh, river, shore)?;
        river.retain(|&face| face != gone);
        river.extend(parts);
    }
    let face = river.iter().copied().find(|&face| ring_contains(&mesh.polygon(face), shape.axis[middle]))?;
    river.retain(|&f| f != face);
    land.push(Land { face, bank: Bank::Island });
    let [left, right] = shores;
    Some(left.into_iter().chain(right.into_iter().rev().skip(1)).collect())
}

/// Cuts the land on some banks along a path.
fn cut_land(mesh: &mut Mesh, land: &mut Vec<Land>, path: &[[f64; 2]], is_cut: impl Fn(Bank) -> bool) {
    let cut_one = |piece: Land| match is_cut(piece.bank) {
        true => cut(mesh, piece.face, path, LEAST_M2).into_iter().map(|face| Land { face, ..piece }).collect(),
        false => vec![piece],
    };
    *land = land.drain(..).flat_map(cut_one).collect();
}

/// A ring road: a circle with slow swellings, closed.
fn ring_line(ring: &Ring, seed: u64) -> Vec<[f64; 2]> {
    let mut rng = noise::stream(seed, ring.name);
    let phases: Vec<f64> = (0..3).map(|_| rng.f64() * TAU).collect();
    let count = (ring.radius_m * TAU / STEP_M) as u32;
    let at = |i: u32| {
        let theta = TAU * f64::from(i % count) / f64::from(count);
        let wave = |k: usize, turns: f64| (turns * theta + phases[k]).cos();
        let radius = ring.radius_m * (1.0 + 0.035 * wave(0, 3.0) + 0.025 * wave(1, 5.0) + 0.012 * wave(2, 8.0));
        [radius * theta.cos(), radius * theta.sin()]
    };
    (0..=count).map(at).collect()
}

/// What is drawn of a ring road: all of it, or the part on the centre's bank.
fn dry_part(line: Vec<[f64; 2]>, ring: &Ring, shape: &RiverShape) -> Vec<[f64; 2]> {
    if ring.crosses_river {
        return line;
    }
    let is_dry = |p: [f64; 2]| !shape.is_left(p) && !shape.holds(p);
    let open = &line[1..];
    let count = open.len();
    let start = (0..count).find(|&i| !is_dry(open[i]) && is_dry(open[(i + 1) % count])).map_or(0, |i| i + 1);
    (0..count).map(|i| open[(start + i) % count]).take_while(|&p| is_dry(p)).collect()
}

/// The line with its lake's left shore in place of the part that the lake
/// covers, and the lake's right shore from tip to tip.
fn around_lake(line: &[[f64; 2]], lake: Option<Lake>, seed: u64) -> (Vec<[f64; 2]>, Option<Vec<[f64; 2]>>) {
    let Some(lake) = lake else { return (line.to_vec(), None) };
    let (middle, reach) = (nearest(line, lake.at_m), (lake.half_length_m / STEP_M).round() as usize);
    if middle < reach || middle + reach >= line.len() {
        return (line.to_vec(), None);
    }
    let mut rng = noise::stream(seed, lake.name);
    let normals = normals(line);
    let (first, last) = (middle - reach, middle + reach);
    let mut shore = |sign: f64| -> Vec<[f64; 2]> {
        let phases = [rng.f64() * TAU, rng.f64() * TAU];
        let steps = 12 * reach;
        let at = |i: usize| {
            let t = i as f64 / steps as f64;
            let position = first as f64 + t * (last - first) as f64;
            let (from, part) = ((position as usize).min(last - 1), position.fract());
            let part = if i == steps { 1.0 } else { part };
            let bays = 1.0 + 0.26 * (t * TAU * 1.5 + phases[0]).sin() + 0.13 * (t * TAU * 3.5 + phases[1]).sin();
            let ends = i == 0 || i == steps;
            let out = if ends { 0.0 } else { sign * lake.half_width_m * bays * (t * TAU / 2.0).sin().powf(0.6) };
            [0, 1].map(|axis| {
                let on_line = line[from][axis] + (line[from + 1][axis] - line[from][axis]) * part;
                on_line + normals[from][axis] * out
            })
        };
        (0..=steps).map(at).collect()
    };
    let (left, right) = (shore(1.0), shore(-1.0));
    let path = line[..first].iter().chain(&left).chain(&line[last + 1..]).copied().collect();
    // Both shores must end at the very same points.
    let ends = [left[0], left[left.len() - 1]];
    let inner = right[1..right.len() - 1].iter().copied();
    (path, Some([ends[0]].into_iter().chain(inner).chain([ends[1]]).collect()))
}

/// Takes the land between the last cut and `shore` as a lake.
fn flood(mesh: &mut Mesh, land: &mut Vec<Land>, shore: &[[f64; 2]]) -> Option<FaceId> {
    let faces: Vec<FaceId> = land.iter().map(|piece| piece.face).collect();
    let (gone, parts) = cut_between(mesh, &faces, shore)?;
    let at = land.iter().position(|piece| piece.face == gone)?;
    let bank = land.swap_remove(at).bank;
    let area = |face: FaceId| signed_area(&mesh.polygon(face));
    let [lake, rest] = if area(parts[0]) < area(parts[1]) { parts } else { [parts[1], parts[0]] };
    land.push(Land { face: rest, bank });
    Some(lake)
}

/// A radial as it is drawn: a road goes around its lake, a stream through it;
/// an end within the city is where it meets a bank or an earlier line.
fn main_line(
    radial: &Radial,
    line: Vec<[f64; 2]>,
    path: Vec<[f64; 2]>,
    earlier: &[MainLine],
    shape: &RiverShape,
) -> MainLine {
    /// An end farther than this from any crossing lies outside the city.
    const STUB_M: f64 = 7_000.0;
    let is_stream = radial.stream_width_m > 0.0;
    let mut line = if is_stream { line } else { path };
    let banks = [shape.bank(1.0), shape.bank(-1.0)];
    let others: Vec<&[[f64; 2]]> =
        earlier.iter().map(|l| l.line.as_slice()).chain(banks.iter().map(Vec::as_slice)).collect();
    for _ in 0..2 {
        let first = line.windows(2).enumerate().find_map(|(i, step)| {
            let all = others.iter().flat_map(|other| other.windows(2));
            all.filter_map(|o| crossing([step[0], step[1]], [o[0], o[1]]))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .map(|hit| (i, hit.1))
        });
        if let Some((i, at)) = first
            && i as f64 * STEP_M < STUB_M
        {
            line.splice(..=i, [at]);
        }
        line.reverse();
    }
    MainLine { name: radial.name, stream_width_m: radial.stream_width_m, line }
}

/// Gives each piece of land to a district: the one with a seat in it, or the
/// one with the nearest seat on the same bank. Small pieces join a neighbour.
fn settle(mesh: &mut Mesh, land: &[Land], metropolis: &Metropolis) -> Vec<Vec<FaceId>> {
    let seats: Vec<(usize, [f64; 2])> = metropolis
        .districts
        .iter()
        .enumerate()
        .flat_map(|(number, district)| district.seats_m.iter().map(move |&seat| (number, seat)))
        .collect();
    let home: Vec<Option<Bank>> = seats
        .iter()
        .map(|&(_, seat)| land.iter().find(|piece| ring_contains(&mesh.polygon(piece.face), seat)).map(|p| p.bank))
        .collect();
    let mut districts = vec![Vec::new(); metropolis.districts.len()];
    for piece in land {
        let polygon = mesh.polygon(piece.face);
        let middle = centroid(&polygon);
        let own = seats.iter().find(|seat| ring_contains(&polygon, seat.1));
        let same_bank = |i: &usize| piece.bank == Bank::Island || home[*i] == Some(piece.bank);
        let nearest = || {
            let near = (0..seats.len()).filter(same_bank);
            near.min_by(|&a, &b| distance(seats[a].1, middle).total_cmp(&distance(seats[b].1, middle)))
        };
        let district = own.map(|seat| seat.0).or_else(|| nearest().map(|i| seats[i].0)).unwrap_or(0);
        districts[district].push(piece.face);
    }
    for faces in &mut districts {
        join_small(mesh, faces);
    }
    districts
}

/// Unites pieces too small for a street with a neighbour of the same district.
fn join_small(mesh: &mut Mesh, faces: &mut Vec<FaceId>) {
    const LEAST_STREET_M2: f64 = 5e6;
    let mut at = 0;
    while at < faces.len() {
        let face = faces[at];
        let is_small = signed_area(&mesh.polygon(face)) < LEAST_STREET_M2;
        let partners = mesh.neighbours(face).into_iter().map(|(other, _)| other).filter(|other| faces.contains(other));
        let partners: Vec<FaceId> = if is_small { partners.collect() } else { Vec::new() };
        match partners.into_iter().find_map(|other| Some((other, mesh.merge(face, other)?))) {
            Some((other, united)) => {
                faces.retain(|&f| f != face && f != other);
                faces.push(united);
            }
            None => at += 1,
        }
    }
}

/// A smooth line through points (Catmull and Rom 1974), one point every [`STEP_M`].
pub fn smooth(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let count = points.len();
    let mut fine = Vec::new();
    for i in 0..count.saturating_sub(1) {
        let around = [points[i.saturating_sub(1)], points[i], points[i + 1], points[(i + 2).min(count - 1)]];
        fine.extend((0..64).map(|k| spline(&around, f64::from(k) / 64.0)));
    }
    fine.extend(points.last());
    let mut result: Vec<[f64; 2]> = fine.first().copied().into_iter().collect();
    let mut gone = 0.0;
    for step in fine.windows(2) {
        let length = distance(step[0], step[1]);
        let mut at = STEP_M - gone;
        while at <= length {
            result.push([0, 1].map(|axis| step[0][axis] + (step[1][axis] - step[0][axis]) * at / length));
            at += STEP_M;
        }
        gone = length - (at - STEP_M);
    }
    result
}

fn spline([a, b, c, d]: &[[f64; 2]; 4], t: f64) -> [f64; 2] {
    [0, 1].map(|axis| {
        let (a, b, c, d) = (a[axis], b[axis], c[axis], d[axis]);
        let (linear, square, cube) = (c - a, 2.0 * a - 5.0 * b + 4.0 * c - d, 3.0 * b - a - 3.0 * c + d);
        0.5 * (2.0 * b + t * (linear + t * (square + t * cube)))
    })
}

/// Unit vectors to the left of a line, at each of its points.
fn normals(line: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let at = |i: usize| {
        let (a, b) = (line[i.saturating_sub(1)], line[(i + 1).min(line.len() - 1)]);
        let length = distance(a, b).max(f64::MIN_POSITIVE);
        [-(b[1] - a[1]) / length, (b[0] - a[0]) / length]
    };
    (0..line.len()).map(at).collect()
}

fn nearest(line: &[[f64; 2]], p: [f64; 2]) -> usize {
    (0..line.len()).min_by(|&a, &b| distance(line[a], p).total_cmp(&distance(line[b], p))).unwrap_or(0)
}
