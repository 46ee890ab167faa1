//! A whole city of invented ground: a five-level tree from the city down to
//! micro-grids that are a street block in the centre and a village in the
//! countryside.
//!
//! ```text
//! profile + seed ─► layout (river, rings, radials, lakes ─► districts)
//!        density ─► settle (streets ─► communities ─► micro-grids, by people)
//!          bends ─► borders ─► hierarchy, surroundings
//! ```
//!
//! Differs from the ground of a town ([`super::board`]) in that land is parted
//! by people and not by area, in lines that run on across the city, and in
//! that every edge is bent once for all the areas that share it, in time
//! linear in the number of edges.

mod bends;
mod borders;
mod cut;
mod density;
mod hierarchy;
mod layout;
mod names;
mod parcel;
mod settle;
mod surroundings;

use super::locate::Locator;
use super::warp::Plane;
use super::{Geography, Leaf, board, context};
use crate::domain::area::GridKind;
use crate::domain::geometry::ring_contains;
use crate::simulate::profile::{Metropolis, Profile};
use bends::Bends;
use borders::Borders;
use density::Density;
use hierarchy::Hierarchy;
use surroundings::RoadFinder;

/// Decimals of degrees: a tenth of a metre, and two thirds of the bytes of ten.
const DECIMALS: i32 = 6;

/// Builds the ground of `profile`; `seed` is already the profile's own.
pub fn build(profile: &Profile, metropolis: &Metropolis, seed: u64) -> Geography {
    let plane = Plane::rounding(profile.center, DECIMALS);
    let bends = Bends::new(seed);
    let mut layout = layout::draw(metropolis, seed);
    let density = Density::new(metropolis, layout.bounds, seed);
    let settlement = settle::settle(&mut layout, metropolis, &density, seed);
    let lakes = layout.lakes.iter().map(|lake| lake.1);
    let waters: Vec<_> = layout.river.iter().copied().chain(lakes).collect();
    let mut faces: Vec<_> =
        settlement.districts.iter().flatten().flat_map(|s| &s.communities).flat_map(|c| &c.faces).copied().collect();
    let is_land: std::collections::HashSet<_> = faces.iter().copied().collect();
    faces.extend(&waters);
    let borders = Borders::new(&layout.mesh, &faces, &bends, plane);
    let hierarchy = hierarchy::build(&layout.mesh, &borders, &settlement, &waters, profile, metropolis, seed);
    let roads = surroundings::roads(&layout, &settlement, &bends, seed);
    let leaves = leaves(&layout.mesh, &borders, &hierarchy, &RoadFinder::new(&roads));
    let mut context = surroundings::waters(&layout, &borders, &bends, plane, metropolis);
    context.extend(surroundings::greens(&leaves, &bends, plane, metropolis, seed));
    context.extend(context::road_features(&roads, plane));
    let waterside = surroundings::waterside(&layout.mesh, &waters, &bends, |face| is_land.contains(&face));
    let rings = hierarchy.micro_grids.iter().map(|&(_, area, _)| hierarchy.areas[area].shape.ring(0).to_vec());
    let locator = Locator::new(rings.collect());
    Geography { areas: hierarchy.areas, leaves, roads, context, waterside, plane, locator }
}

fn leaves(mesh: &super::mesh::Mesh, borders: &Borders, hierarchy: &Hierarchy, roads: &RoadFinder<'_>) -> Vec<Leaf> {
    let leaf = |&(face, area, grid)| {
        let local = borders.bent(mesh.ring(face), |point| point.local);
        let middle = board::centroid(&local);
        let inner = if ring_contains(&local, middle) { middle } else { board::inner_point(&local) };
        Leaf {
            area,
            grid,
            kind: GridKind::Comprehensive,
            plan: Vec::new(),
            angle: 0.0,
            inner,
            street: roads.name_near(inner).to_owned(),
            local,
        }
    };
    hierarchy.micro_grids.iter().map(leaf).collect()
}
