//! The drawing board: outline, water, arterials, communities, grids and
//! blocks as straight cuts in plan metres.
//!
//! In: a profile and a seed. Out: a mesh of faces with who owns which. The
//! order of the cuts is the order in which a town grows: lake and river first,
//! then arterials across everything, then streets that part communities, lanes
//! that part grids, and at last the borders of micro-grids or blocks.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::mesh::{FaceId, Line, Mesh};
use super::subdivide::{Subdivision, subdivide};
use crate::domain::area::GridKind;
use crate::domain::geometry::{ring_contains, signed_area};
use crate::simulate::noise;
use crate::simulate::profile::{Terrain, Town};

/// How far roads and river reach to the sides and up and down, as multiples of
/// the jurisdiction's radii: a wall of 32:9 shows that much.
pub const REACH: [f64; 2] = [3.2, 2.3];

/// A street drawn by a cut, between two points of the plan.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Ends in plan metres.
    pub ends: [[f64; 2]; 2],
    /// 2 = street, 3 = lane.
    pub rank: u8,
}

/// A road across the whole plan and beyond.
#[derive(Clone, Copy, Debug)]
pub struct Arterial {
    /// Its line on the plan.
    pub line: Line,
    /// Runs east–west rather than north–south.
    pub runs_east: bool,
    /// Position among the roads of its direction, 0 for the first that
    /// crosses the jurisdiction; negative outside.
    pub number: i32,
}

/// One grid and the faces that make it up.
#[derive(Clone, Debug)]
pub struct GridPlan {
    /// Comprehensive or dedicated.
    pub kind: GridKind,
    /// Micro-grids, or blocks where the place has none.
    pub parts: Vec<FaceId>,
    /// Direction of its streets on the plan, radians.
    pub angle: f64,
}

/// What water a face is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Water {
    /// The lake.
    Lake,
    /// A piece of the river.
    River,
}

/// The finished plan.
#[derive(Clone, Debug)]
pub struct Board {
    /// All faces.
    pub mesh: Mesh,
    /// Faces that are water.
    pub water: Vec<(FaceId, Water)>,
    /// Communities, each a list of grids.
    pub communities: Vec<Vec<GridPlan>>,
    /// Streets and lanes.
    pub cuts: Vec<Cut>,
    /// Arterials.
    pub arterials: Vec<Arterial>,
    /// The jurisdiction's outline before any cut.
    pub outline: Vec<[f64; 2]>,
    /// The lake's shore.
    pub shore: Vec<[f64; 2]>,
}

/// A piece of land between arterials and water.
#[derive(Clone, Copy, Debug)]
struct Superblock {
    face: FaceId,
    /// Built-up weight: area by density.
    weight: f64,
}

/// Draws the plan.
pub fn draw(town: &Town, seed: u64) -> Board {
    let terrain = &town.terrain;
    let mut mesh = Mesh::default();
    let shore = shore(terrain, seed);
    let outline = outline(terrain, seed);
    let (mut land, lake) = ring_around_lake(&mut mesh, &outline, &shore, terrain.lake_center_m[1]);
    let mut water = vec![(lake, Water::Lake)];
    cut_river(&mut mesh, &mut land, &mut water, terrain);
    let arterials = arterials(terrain, seed);
    for arterial in &arterials {
        land = land.into_iter().flat_map(|face| cut_all(&mut mesh, face, &arterial.line, terrain)).collect();
    }
    let is_water = |face: FaceId| water.iter().any(|&(f, _)| f == face);
    let superblocks = merge_small(&mut mesh, land, town, is_water);
    let mut board = Board { mesh, water, communities: Vec::new(), cuts: Vec::new(), arterials, outline, shore };
    board.settle(&superblocks, town, seed);
    board
}

impl Board {
    /// Parts superblocks into communities, grids and blocks.
    fn settle(&mut self, superblocks: &[Superblock], town: &Town, seed: u64) {
        let mut rng = noise::stream(seed, "settle");
        let weights: Vec<f64> = superblocks.iter().map(|s| s.weight).collect();
        let per_superblock = noise::shares(town.names.communities.len(), &weights, 1);
        let mut faces: Vec<(FaceId, f64)> = Vec::new();
        for (superblock, &count) in superblocks.iter().zip(&per_superblock) {
            // Each quarter has its own slight turn, as quarters built in
            // different decades have.
            let angle = (rng.f64() - 0.5) * 0.20;
            let job = Subdivision { weights: &vec![1.0; count], angle, tilt: 0.03, snap: 0.10 };
            faces.extend(self.part(superblock.face, &job, 2, &mut rng).into_iter().map(|face| (face, angle)));
        }
        faces.sort_by(|a, b| reading_order(&self.mesh, a.0, town).total_cmp(&reading_order(&self.mesh, b.0, town)));
        let grids = self.grids(&faces, town, &mut rng);
        self.blocks(grids, town, &mut rng);
    }

    /// Parts communities into grids.
    fn grids(&mut self, faces: &[(FaceId, f64)], town: &Town, rng: &mut fastrand::Rng) -> Vec<Vec<GridPlan>> {
        let counts = &town.counts;
        let weights: Vec<f64> = faces.iter().map(|f| weight(&self.mesh, f.0, &town.terrain)).collect();
        let comprehensive = noise::shares(counts.comprehensive_grids, &weights, 2);
        // Campuses and malls gather where the town is densest.
        let central: Vec<f64> =
            faces.iter().map(|f| density(centroid(&self.mesh.polygon(f.0)), &town.terrain).powi(3)).collect();
        let dedicated = noise::shares(counts.dedicated_grids, &central, 0);
        let mut communities = Vec::new();
        for (at, &(face, angle)) in faces.iter().enumerate() {
            let mut kinds = vec![GridKind::Comprehensive; comprehensive[at]];
            kinds.extend(vec![GridKind::Dedicated; dedicated[at]]);
            rng.shuffle(&mut kinds);
            let weight_of = |kind: &GridKind| if *kind == GridKind::Dedicated { 0.62 } else { 1.0 };
            let weights: Vec<f64> = kinds.iter().map(|k| weight_of(k) * (0.85 + 0.3 * rng.f64())).collect();
            let angle = angle + (rng.f64() - 0.5) * 0.04;
            let job = Subdivision { weights: &weights, angle, tilt: 0.04, snap: 0.10 };
            let parts = self.part(face, &job, 3, rng);
            let plan = |(face, kind)| GridPlan { kind, parts: vec![face], angle };
            communities.push(parts.into_iter().zip(kinds).map(plan).collect());
        }
        communities
    }

    /// Parts grids into micro-grids, or into blocks where there are none.
    fn blocks(&mut self, mut communities: Vec<Vec<GridPlan>>, town: &Town, rng: &mut fastrand::Rng) {
        let has_micro = town.counts.micro_grids > 0;
        let grids: Vec<&mut GridPlan> = communities
            .iter_mut()
            .flatten()
            .filter(|grid| !has_micro || grid.kind == GridKind::Comprehensive)
            .collect();
        let weights: Vec<f64> = grids.iter().map(|g| weight(&self.mesh, g.parts[0], &town.terrain).sqrt()).collect();
        let total = if has_micro { town.counts.micro_grids } else { grids.len() * 5 };
        let counts = noise::shares(total, &weights, 3);
        for (grid, count) in grids.into_iter().zip(counts) {
            let weights: Vec<f64> = (0..count).map(|_| 0.8 + 0.4 * rng.f64()).collect();
            let job = Subdivision { weights: &weights, angle: grid.angle, tilt: 0.05, snap: 0.12 };
            let rank = if has_micro { 0 } else { 3 };
            grid.parts = self.part(grid.parts[0], &job, rank, rng);
        }
        self.communities = communities;
    }

    /// Subdivides a face and keeps its cuts as streets; rank 0 draws none.
    fn part(&mut self, face: FaceId, job: &Subdivision<'_>, rank: u8, rng: &mut fastrand::Rng) -> Vec<FaceId> {
        let mut ends = Vec::new();
        let faces = subdivide(&mut self.mesh, face, job, rng, &mut ends);
        if rank > 0 {
            let point = |v| self.mesh.point(v);
            self.cuts.extend(ends.into_iter().map(|[a, b]| Cut { ends: [point(a), point(b)], rank }));
        }
        faces
    }
}

/// The outline before any cut: a rounded box with bulges, counter-clockwise.
fn outline(terrain: &Terrain, seed: u64) -> Vec<[f64; 2]> {
    const POINTS: u32 = 240;
    const SQUARENESS: f64 = 2.7;
    let mut rng = noise::stream(seed, "outline");
    let phases: Vec<f64> = (0..4).map(|_| rng.f64() * TAU).collect();
    let radius = |theta: f64| {
        let [a, b] = terrain.radius_m;
        let rounded = ((theta.cos().abs() / a).powf(SQUARENESS) + (theta.sin().abs() / b).powf(SQUARENESS))
            .powf(-1.0 / SQUARENESS);
        let bulge = (2.0 * theta + phases[0]).cos() * 0.5
            + (3.0 * theta + phases[1]).cos() * 0.75
            + (5.0 * theta + phases[2]).cos() * 0.4
            + (7.0 * theta + phases[3]).cos() * 0.16;
        rounded * (1.0 + terrain.bulge * bulge)
    };
    let at = |i: u32| {
        let theta = TAU * f64::from(i) / f64::from(POINTS);
        [radius(theta) * theta.cos(), radius(theta) * theta.sin()]
    };
    (0..POINTS).map(at).collect()
}

/// The lake's shore: star-shaped about its centre, with bays. Its first point
/// lies due east of the centre and the one half way around due west.
fn shore(terrain: &Terrain, seed: u64) -> Vec<[f64; 2]> {
    const POINTS: u32 = 168;
    let mut rng = noise::stream(seed, "shore");
    let phases: Vec<f64> = (0..5).map(|_| rng.f64() * TAU).collect();
    let at = |i: u32| {
        let theta = TAU * f64::from(i) / f64::from(POINTS);
        let bays = 0.11 * (2.0 * theta + phases[0]).cos()
            + 0.10 * (3.0 * theta + phases[1]).cos()
            + 0.055 * (4.0 * theta + phases[2]).cos()
            + 0.045 * (6.0 * theta + phases[3]).cos()
            + 0.022 * (9.0 * theta + phases[4]).cos();
        let [cx, cy] = terrain.lake_center_m;
        let [rx, ry] = terrain.lake_radius_m;
        let y = if i.is_multiple_of(POINTS / 2) { 0.0 } else { ry * theta.sin() * (1.0 + bays) };
        [cx + rx * theta.cos() * (1.0 + bays), cy + y]
    };
    (0..POINTS).map(at).collect()
}

/// Cuts the land around the lake into a northern and a southern half along
/// the lake's east–west axis, and adds the lake.
fn ring_around_lake(mesh: &mut Mesh, outline: &[[f64; 2]], shore: &[[f64; 2]], axis_y: f64) -> (Vec<FaceId>, FaceId) {
    let ring: Vec<u32> = shore.iter().map(|&p| mesh.add_vertex(p)).collect();
    let half = ring.len() / 2;
    // The outline from its eastern crossing over north to the western one, and back.
    let [mut north, mut south] = halves_at(outline, axis_y)
        .map(|points| -> Vec<u32> { points.into_iter().map(|p| mesh.add_vertex(p)).collect() });
    // The crossings belong to both halves: the southern half reuses the northern's.
    let (east, west) = (north[0], north[north.len() - 1]);
    south[0] = west;
    let last = south.len() - 1;
    south[last] = east;
    north.extend(ring[..=half].iter().rev());
    south.extend(ring[half..].iter().chain([&ring[0]]).rev());
    let land = vec![mesh.add_face(north), mesh.add_face(south)];
    (land, mesh.add_face(ring))
}

/// The parts of a ring above and below `y`, each from crossing to crossing.
fn halves_at(ring: &[[f64; 2]], y: f64) -> [Vec<[f64; 2]>; 2] {
    let above = |p: &[f64; 2]| p[1] > y;
    let start = (0..ring.len()).find(|&i| !above(&ring[i]) && above(&ring[(i + 1) % ring.len()])).unwrap_or(0);
    let turned: Vec<[f64; 2]> = (1..=ring.len()).map(|i| ring[(start + i) % ring.len()]).collect();
    let count = turned.iter().take_while(|p| above(p)).count();
    let crossing = |a: [f64; 2], b: [f64; 2]| [a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]), y];
    let east = crossing(turned[turned.len() - 1], turned[0]);
    let west = crossing(turned[count - 1], turned[count % turned.len()]);
    let join = |first, middle: &[[f64; 2]], last| [&[first], middle, &[last]].concat();
    [join(east, &turned[..count], west), join(west, &turned[count..], east)]
}

/// Cuts both banks through the land and sets the band between them apart.
fn cut_river(mesh: &mut Mesh, land: &mut Vec<FaceId>, water: &mut Vec<(FaceId, Water)>, terrain: &Terrain) {
    let axis = terrain.warp.river_offset_m;
    let half = terrain.river_width_m / 2.0;
    for bank in [axis - half, axis + half] {
        let line = Line::new([0.0, bank], 0.0);
        *land = land.drain(..).flat_map(|face| cut_all(mesh, face, &line, terrain)).collect();
    }
    land.retain(|&face| {
        let is_river = (centroid(&mesh.polygon(face))[1] - axis).abs() < half;
        if is_river {
            water.push((face, Water::River));
        }
        !is_river
    });
}

/// Cuts a face by every piece of a line that crosses it, and gives what is left.
fn cut_all(mesh: &mut Mesh, face: FaceId, line: &Line, terrain: &Terrain) -> Vec<FaceId> {
    let least_m2 = (terrain.arterial_spacing_m * 0.03).powi(2);
    let mut open = vec![face];
    let mut done = Vec::new();
    while let Some(face) = open.pop() {
        let worth = |chord: &super::mesh::Chord| mesh.halves(face, chord).iter().all(|h| signed_area(h) > least_m2);
        match mesh.chords(face, line, 1.5).into_iter().find(worth) {
            Some(chord) => {
                let split = mesh.split(face, &chord);
                open.extend([split.left, split.right]);
            }
            None => done.push(face),
        }
    }
    done.sort_unstable();
    done
}

/// Two families of arterials that reach a few kilometres beyond the outline.
/// One of the east–west family is the lake's axis; none runs in the river.
fn arterials(terrain: &Terrain, seed: u64) -> Vec<Arterial> {
    let mut rng = noise::stream(seed, "arterials");
    let mut result = Vec::new();
    for runs_east in [true, false] {
        let across = usize::from(runs_east);
        let radius = terrain.radius_m[across];
        let spacing = terrain.arterial_spacing_m;
        let start = terrain.lake_center_m[across] + if runs_east { 0.0 } else { spacing * 0.5 };
        let reach = (radius * REACH[across] / spacing).ceil() as i32;
        let mut number = 0;
        for step in -reach..=reach {
            let on_axis = runs_east && step == 0;
            let wobble = if on_axis { [0.0, 0.0] } else { [rng.f64() - 0.5, rng.f64() - 0.5] };
            let offset = start + spacing * (f64::from(step) + wobble[0] * 0.34);
            let to_river = (offset - terrain.warp.river_offset_m).abs() - terrain.river_width_m / 2.0;
            if (runs_east && to_river < spacing * 0.22) || offset.abs() > radius * REACH[across] {
                continue;
            }
            let inside = offset.abs() < radius * 0.97;
            let through = if runs_east { [0.0, offset] } else { [offset, 0.0] };
            let angle = wobble[1] * 0.055 + if runs_east { 0.0 } else { FRAC_PI_2 };
            result.push(Arterial {
                line: Line::new(through, angle),
                runs_east,
                number: if inside {
                    number
                } else if offset < 0.0 {
                    -1
                } else {
                    number + 100
                },
            });
            number += i32::from(inside);
        }
    }
    result
}

/// Unites superblocks that are too small for a community with a neighbour on
/// the same bank.
fn merge_small(
    mesh: &mut Mesh,
    mut land: Vec<FaceId>,
    town: &Town,
    is_water: impl Fn(FaceId) -> bool,
) -> Vec<Superblock> {
    let communities = town.names.communities.len();
    let total: f64 = land.iter().map(|&face| weight(mesh, face, &town.terrain)).sum();
    let least = 0.62 * total / communities as f64;
    let mut stuck: Vec<FaceId> = Vec::new();
    loop {
        let weigh = |face: &FaceId| weight(mesh, *face, &town.terrain);
        let smallest = land.iter().copied().filter(|f| !stuck.contains(f)).min_by(|a, b| weigh(a).total_cmp(&weigh(b)));
        let Some(face) = smallest.filter(|f| weigh(f) < least || land.len() > communities) else { break };
        let partners: Vec<FaceId> =
            mesh.neighbours(face).into_iter().map(|(other, _)| other).filter(|&other| !is_water(other)).collect();
        let merged = partners.into_iter().find_map(|other| Some((other, mesh.merge(face, other)?)));
        match merged {
            Some((other, united)) => {
                land.retain(|&f| f != face && f != other);
                land.push(united);
            }
            None => stuck.push(face),
        }
    }
    land.into_iter().map(|face| Superblock { face, weight: weight(mesh, face, &town.terrain) }).collect()
}

/// Built-up weight of a face.
fn weight(mesh: &Mesh, face: FaceId, terrain: &Terrain) -> f64 {
    let polygon = mesh.polygon(face);
    signed_area(&polygon) * density(centroid(&polygon), terrain)
}

/// How densely built the place is: 1 at the rim, about twice that around the lake.
fn density(plan: [f64; 2], terrain: &Terrain) -> f64 {
    let away = |axis: usize| (plan[axis] - terrain.lake_center_m[axis]) / terrain.radius_m[axis];
    1.0 + 1.1 * (-(away(0).powi(2) + away(1).powi(2)) / 0.32).exp()
}

/// Sorts communities by rows from north to south, west to east within a row.
fn reading_order(mesh: &Mesh, face: FaceId, town: &Town) -> f64 {
    let [x, y] = centroid(&mesh.polygon(face));
    let row = (-y / town.terrain.arterial_spacing_m).floor();
    row * 1e6 + x
}

/// Area centroid of a simple ring; its first point when it encloses nothing.
pub fn centroid(ring: &[[f64; 2]]) -> [f64; 2] {
    let Some(&origin) = ring.first() else { return [0.0, 0.0] };
    let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
    for (i, a) in ring.iter().enumerate() {
        let b = ring[(i + 1) % ring.len()];
        let (ax, ay, bx, by) = (a[0] - origin[0], a[1] - origin[1], b[0] - origin[0], b[1] - origin[1]);
        let cross = ax * by - bx * ay;
        sum += cross;
        x += (ax + bx) * cross;
        y += (ay + by) * cross;
    }
    if sum.abs() < 1e-9 { origin } else { [origin[0] + x / (3.0 * sum), origin[1] + y / (3.0 * sum)] }
}

/// A point well inside a ring: of a lattice, the one farthest from the border.
pub fn inner_point(ring: &[[f64; 2]]) -> [f64; 2] {
    let bounds = crate::domain::geometry::Bounds::of(ring);
    let [width, height] = bounds.size();
    let mut best = (0.0, centroid(ring));
    for i in 1..12 {
        for j in 1..12 {
            let p = [bounds.min[0] + width * f64::from(i) / 12.0, bounds.min[1] + height * f64::from(j) / 12.0];
            let depth = border_distance(ring, p);
            if depth > best.0 && ring_contains(ring, p) {
                best = (depth, p);
            }
        }
    }
    best.1
}

/// Metres from a point to the nearest edge of a ring.
pub fn border_distance(ring: &[[f64; 2]], p: [f64; 2]) -> f64 {
    let edge = |i: usize| segment_distance(p, ring[i], ring[(i + 1) % ring.len()]);
    (0..ring.len()).map(edge).fold(f64::INFINITY, f64::min)
}

/// Metres from a point to a segment.
pub fn segment_distance(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length2 = dx * dx + dy * dy;
    let t = if length2 > 0.0 { (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (p[0] - a[0] - dx * t).hypot(p[1] - a[1] - dy * t)
}
