//! Parts the districts' land into streets, communities and micro-grids.
//!
//! In: the layout and where people live. Out: a tree of faces, and the cuts
//! that parted streets and communities, which are the city's larger roads.

use fastrand::Rng;

use super::super::mesh::{FaceId, VertexId};
use super::density::Density;
use super::layout::Layout;
use super::parcel::{Manner, Parcel, part};
use crate::domain::geometry::{Bounds, ring_contains, signed_area};
use crate::simulate::noise;
use crate::simulate::profile::Metropolis;

/// People drawn per micro-grid.
const PEOPLE_PER_MICRO: usize = 2;
/// Fewer micro-grids per km² than this are countryside: towns and villages.
const TOWN_PER_KM2: f64 = 5.0;

/// One community.
#[derive(Clone, Debug)]
pub struct CommunityPlan {
    /// Its micro-grids.
    pub faces: Vec<FaceId>,
    /// A village rather than a community of residents.
    pub is_village: bool,
}

/// One street or town.
#[derive(Clone, Debug)]
pub struct StreetPlan {
    /// Its communities.
    pub communities: Vec<CommunityPlan>,
    /// A town 镇 rather than a street 街道.
    pub is_town: bool,
}

/// The parted city.
#[derive(Clone, Debug, Default)]
pub struct Settlement {
    /// Streets per district, in the profile's order.
    pub districts: Vec<Vec<StreetPlan>>,
    /// Cuts between streets and, after them, between communities: ends and rank.
    pub cuts: Vec<([VertexId; 2], u8)>,
}

/// Parts the land of `layout`.
pub fn settle(layout: &mut Layout, metropolis: &Metropolis, density: &Density, seed: u64) -> Settlement {
    let mut rng = noise::stream(seed, "settle");
    let counts = &metropolis.counts;
    let people = density.draw(layout.bounds, counts.micro_grids * PEOPLE_PER_MICRO, seed);
    let pieces = inhabited(layout, people);
    let mut result = Settlement::default();
    let streets = streets(layout, pieces, counts.streets, &mut rng, &mut result.cuts);
    let communities = communities(layout, &streets, counts.communities, &mut rng, &mut result.cuts);
    let masses: Vec<f64> = communities.iter().flatten().map(|parcel| mass(parcel, layout)).collect();
    let mut shares = noise::shares(counts.micro_grids, &masses, 4).into_iter();
    result.districts = vec![Vec::new(); layout.districts.len()];
    for ((district, street), parcels) in streets.into_iter().zip(communities) {
        let is_town = per_km2(&street, layout) < TOWN_PER_KM2;
        let mut plan = StreetPlan { communities: Vec::new(), is_town };
        for parcel in parcels {
            let is_village = is_town && per_km2(&parcel, layout) < TOWN_PER_KM2 / 2.0;
            let faces = micro_grids(layout, parcel, shares.next().unwrap_or(1), &mut rng);
            plan.communities.push(CommunityPlan { faces, is_village });
        }
        result.districts[district].push(plan);
    }
    result
}

/// The pieces of land with their district and the people in them.
fn inhabited(layout: &Layout, people: Vec<[f64; 2]>) -> Vec<(usize, Parcel)> {
    let mut pieces: Vec<(usize, Parcel)> = Vec::new();
    for (district, faces) in layout.districts.iter().enumerate() {
        pieces.extend(faces.iter().map(|&face| (district, Parcel { face, people: Vec::new() })));
    }
    let rings: Vec<(Bounds, Vec<[f64; 2]>)> = pieces
        .iter()
        .map(|(_, parcel)| layout.mesh.polygon(parcel.face))
        .map(|ring| (Bounds::of(&ring), ring))
        .collect();
    let mut last = 0;
    for person in people {
        let holds = |i: &usize| rings[*i].0.contains(person) && ring_contains(&rings[*i].1, person);
        // Neighbours are drawn one after another: mostly the same piece again.
        if let Some(at) = [last].into_iter().chain(0..rings.len()).find(holds) {
            pieces[at].1.people.push(person);
            last = at;
        }
    }
    pieces
}

/// Parts the pieces of land into `count` streets.
fn streets(
    layout: &mut Layout,
    pieces: Vec<(usize, Parcel)>,
    count: usize,
    rng: &mut Rng,
    cuts: &mut Vec<([VertexId; 2], u8)>,
) -> Vec<(usize, Parcel)> {
    const MANNER: Manner = Manner { tilt: 0.16, snap: 0.05, directions: 4 };
    // Densely built districts have larger streets by number, smaller by area.
    let weights: Vec<f64> = pieces.iter().map(|(_, parcel)| mass(parcel, layout).powf(0.8)).collect();
    let shares = noise::shares(count, &weights, 1);
    let mut streets = Vec::with_capacity(count);
    for ((district, parcel), share) in pieces.into_iter().zip(shares) {
        let weights: Vec<f64> = (0..share).map(|_| 0.7 + 0.6 * rng.f64()).collect();
        let mut ends = Vec::new();
        let parts = part(&mut layout.mesh, parcel, &weights, MANNER, rng, &mut ends);
        streets.extend(parts.into_iter().map(|part| (district, part)));
        cuts.extend(ends.into_iter().map(|ends| (ends, 2)));
    }
    streets.sort_by_key(|street| street.0);
    streets
}

/// Parts the streets into `count` communities.
fn communities(
    layout: &mut Layout,
    streets: &[(usize, Parcel)],
    count: usize,
    rng: &mut Rng,
    cuts: &mut Vec<([VertexId; 2], u8)>,
) -> Vec<Vec<Parcel>> {
    let weights: Vec<f64> = streets.iter().map(|(_, parcel)| mass(parcel, layout).powf(0.85)).collect();
    let shares = noise::shares(count, &weights, 3);
    let mut communities = Vec::with_capacity(streets.len());
    for ((_, street), share) in streets.iter().zip(shares) {
        let is_country = per_km2(street, layout) < TOWN_PER_KM2;
        let manner = Manner { tilt: if is_country { 0.3 } else { 0.07 }, snap: 0.09, directions: 2 };
        let weights: Vec<f64> = (0..share).map(|_| 0.65 + 0.7 * rng.f64()).collect();
        let mut ends = Vec::new();
        communities.push(part(&mut layout.mesh, street.clone(), &weights, manner, rng, &mut ends));
        cuts.extend(ends.into_iter().map(|ends| (ends, 3)));
    }
    communities
}

/// Parts a community into `count` micro-grids.
fn micro_grids(layout: &mut Layout, parcel: Parcel, count: usize, rng: &mut Rng) -> Vec<FaceId> {
    let is_country = per_km2(&parcel, layout) < TOWN_PER_KM2;
    let manner = Manner { tilt: if is_country { 0.3 } else { 0.06 }, snap: 0.12, directions: 1 };
    let weights: Vec<f64> = (0..count).map(|_| 0.75 + 0.5 * rng.f64()).collect();
    let parts = part(&mut layout.mesh, parcel, &weights, manner, rng, &mut Vec::new());
    parts.into_iter().map(|part| part.face).collect()
}

/// How much a piece of land weighs: its people, and a little for empty land.
fn mass(parcel: &Parcel, layout: &Layout) -> f64 {
    parcel.people.len() as f64 + 0.2 * area_km2(parcel, layout)
}

fn per_km2(parcel: &Parcel, layout: &Layout) -> f64 {
    parcel.people.len() as f64 / PEOPLE_PER_MICRO as f64 / area_km2(parcel, layout).max(1e-6)
}

fn area_km2(parcel: &Parcel, layout: &Layout) -> f64 {
    signed_area(&layout.mesh.polygon(parcel.face)) / 1e6
}
