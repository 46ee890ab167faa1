//! The ground of the simulated place: its hierarchy, waters, roads, buildings.
//!
//! A straight-lined plan ([`board`]) is bent onto the ground ([`warp`]) edge by
//! edge, so that neighbours share every vertex. Areas are outlines of groups
//! of the plan's faces ([`areas`]); everything else is drawn around them
//! ([`context`], [`buildings`]). A whole city is drawn on the same mesh in its
//! own way ([`metropolis`]).

pub mod areas;
pub mod board;
pub mod buildings;
pub mod context;
pub mod geojson;
pub mod locate;
pub mod mesh;
pub mod metropolis;
pub mod subdivide;
pub mod warp;

use crate::domain::area::{Area, GridKind};
use crate::domain::context::ContextFeature;
use crate::domain::geometry::signed_area;
use crate::simulate::noise;
use crate::simulate::profile::{Ground as GroundKind, Profile, Town};
use board::Board;
use locate::Locator;
use warp::{Plane, Warp};

/// Farthest that a drawn edge may depart from the true curve, as a share of
/// the distance between arterials: invisible at any zoom that shows a block.
const CURVE_TOLERANCE: f64 = 0.0011;

/// One smallest piece of land: a micro-grid, a dedicated grid or a block.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Index into [`Geography::areas`] of the smallest area that holds it.
    pub area: usize,
    /// Index of its grid.
    pub grid: usize,
    /// Comprehensive or dedicated grid.
    pub kind: GridKind,
    /// Its ring in plan metres, before edges were bent; empty in a whole city,
    /// which draws no buildings.
    pub plan: Vec<[f64; 2]>,
    /// Direction of its streets on the plan, radians.
    pub angle: f64,
    /// Its ring in local metres.
    pub local: Vec<[f64; 2]>,
    /// A point well inside, local metres.
    pub inner: [f64; 2],
    /// Name of the nearest street.
    pub street: String,
}

impl Leaf {
    /// How lively it is: 1 where it measures a hundred metres a side, less in
    /// proportion where it is larger.
    pub fn bustle(&self) -> f64 {
        100.0 / signed_area(&self.local).max(1.0).sqrt()
    }
}

/// One road on the ground.
#[derive(Clone, Debug)]
pub struct Road {
    /// Name; empty for lanes.
    pub name: String,
    /// 1 = arterial … 3 = lane.
    pub rank: u8,
    /// Local metres.
    pub line: Vec<[f64; 2]>,
}

/// The whole ground of one place.
#[derive(Clone, Debug)]
pub struct Geography {
    /// From the street down, parents before children.
    pub areas: Vec<Area>,
    /// Pieces that tile the land.
    pub leaves: Vec<Leaf>,
    /// All roads.
    pub roads: Vec<Road>,
    /// Water, green, roads, buildings, in drawing order.
    pub context: Vec<ContextFeature>,
    /// Places on land a few steps from lake and river, local metres.
    pub waterside: Vec<[f64; 2]>,
    /// Metres to degrees.
    pub plane: Plane,
    locator: Locator,
}

impl Geography {
    /// Builds the ground of `profile` for `seed`: the same seed gives the same
    /// ground, bit for bit.
    pub fn build(profile: &Profile, seed: u64) -> Self {
        // One seed gives different ground to different places.
        let seed = noise::stream(seed, profile.name).u64(..);
        match &profile.ground {
            GroundKind::Town(town) => Self::of_town(town, Plane::at(profile.center), seed),
            GroundKind::Metropolis(metropolis) => metropolis::build(profile, metropolis, seed),
        }
    }

    fn of_town(town: &Town, plane: Plane, seed: u64) -> Self {
        let warp = Warp::new(&town.terrain.warp, seed);
        let mut board = board::draw(town, seed);
        let straight = board.mesh.clone();
        let tolerance_m = town.terrain.arterial_spacing_m * CURVE_TOLERANCE;
        board.mesh.densify(|p| warp.local_from_plan(p), tolerance_m);
        let ground = Ground::new(&board, &warp, plane);
        let hierarchy = areas::build(&ground, town, seed);
        let roads = context::roads(&board, &warp, town, seed);
        let leaves = leaves(&board, &straight, &ground, &hierarchy, &roads);
        let mut context = context::waters(&ground, town, seed);
        context.extend(context::greens(&ground, &leaves, town, seed));
        context.extend(context::road_features(&roads, plane));
        context.extend(buildings::build(&leaves, &ground, &context, town, seed));
        let locator = Locator::new(leaves.iter().map(|leaf| ground.degrees(&leaf.local)).collect());
        let waterside = context::waterside(&ground, town);
        Self { areas: hierarchy.areas, leaves, roads, context, waterside, plane, locator }
    }

    /// The leaf that holds a place, in degrees; `None` on water and outside.
    pub fn leaf_at(&self, degrees: [f64; 2]) -> Option<&Leaf> {
        self.locator.find(degrees).map(|index| &self.leaves[index])
    }
}

/// The plan with everything that is needed to put it on the ground.
#[derive(Clone, Debug)]
pub struct Ground<'a> {
    /// The plan, edges bent.
    pub board: &'a Board,
    /// Plan to local.
    pub warp: &'a Warp,
    /// Local to degrees.
    pub plane: Plane,
    /// Every vertex of the mesh in local metres.
    pub local: Vec<[f64; 2]>,
}

impl<'a> Ground<'a> {
    fn new(board: &'a Board, warp: &'a Warp, plane: Plane) -> Self {
        let local = board.mesh.points().iter().map(|&p| warp.local_from_plan(p)).collect();
        Self { board, warp, plane, local }
    }

    /// Degrees of many local points.
    pub fn degrees(&self, local: &[[f64; 2]]) -> Vec<[f64; 2]> {
        local.iter().map(|&p| self.plane.degrees_from_local(p)).collect()
    }

    /// The rings around a group of faces, in degrees.
    pub fn outline(&self, faces: &[mesh::FaceId]) -> Vec<Vec<[f64; 2]>> {
        let degrees =
            |ring: Vec<u32>| ring.into_iter().map(|v| self.plane.degrees_from_local(self.local[v as usize])).collect();
        self.board.mesh.outline(faces).into_iter().map(degrees).collect()
    }
}

/// Gathers the leaves, each with the street nearest to its middle.
fn leaves(
    board: &Board,
    straight: &mesh::Mesh,
    ground: &Ground<'_>,
    hierarchy: &areas::Hierarchy,
    roads: &[Road],
) -> Vec<Leaf> {
    let named: Vec<&Road> = roads.iter().filter(|road| !road.name.is_empty()).collect();
    let mut leaves = Vec::new();
    for (grid, &grid_area) in board.communities.iter().flatten().zip(&hierarchy.grids) {
        for &part in &grid.parts {
            let local: Vec<[f64; 2]> = board.mesh.ring(part).iter().map(|&v| ground.local[v as usize]).collect();
            let inner = board::inner_point(&local);
            leaves.push(Leaf {
                area: hierarchy.area_of_part.get(&part).copied().unwrap_or(grid_area),
                grid: grid_area,
                kind: grid.kind,
                plan: straight.polygon(part),
                angle: grid.angle,
                inner,
                street: nearest_street(&named, inner),
                local,
            });
        }
    }
    leaves
}

fn nearest_street(named: &[&Road], at: [f64; 2]) -> String {
    let distance = |road: &Road| {
        road.line.windows(2).map(|s| board::segment_distance(at, s[0], s[1])).fold(f64::INFINITY, f64::min)
    };
    let measured = named.iter().map(|road| (distance(road), road));
    measured.min_by(|a, b| a.0.total_cmp(&b.0)).map_or_else(String::new, |(_, road)| road.name.clone())
}

#[cfg(test)]
mod tests;
