//! The simulated place as a whole: its ground, the spots where life gathers,
//! and draws of places from both.

use fastrand::Rng;

use super::catalogue::{KINDS, Kind, SpotKind};
use super::geography::{Geography, Leaf, Road};
use super::noise::{self, Weights};
use super::profile::{Ground, Profile};
use crate::domain::area::{Area, Level};
use crate::domain::geometry::{Bounds, ring_contains};

/// A spot around which events gather.
#[derive(Clone, Debug)]
pub struct Spot {
    /// What it is.
    pub kind: SpotKind,
    /// Where, local metres.
    pub at: [f64; 2],
    /// How far its events scatter: standard deviation, metres.
    pub spread_m: f64,
    /// Relative importance; falls like Zipf's law within a kind.
    pub weight: f64,
}

/// The simulated place.
#[derive(Clone, Debug)]
pub struct City {
    /// Which place.
    pub profile: &'static Profile,
    /// What makes it repeatable.
    pub seed: u64,
    /// Its ground.
    pub geography: Geography,
    /// Where life gathers.
    pub spots: Vec<Spot>,
    /// Roads within reach of the jurisdiction, for draws along roads.
    roads: Vec<Road>,
    /// How much happens along each of `roads`.
    road_weights: Weights,
    /// For each kind of event, how much of it happens around each spot.
    spot_weights: Vec<Weights>,
}

/// A place drawn in the city.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Degrees, 7 decimals.
    pub degrees: [f64; 2],
    /// The piece of land that holds it.
    pub leaf: &'a Leaf,
}

impl City {
    /// Builds the place.
    pub fn build(profile: &'static Profile, seed: u64) -> Self {
        let geography = Geography::build(profile, seed);
        let in_reach = |p: &[f64; 2]| geography.leaf_at(geography.plane.degrees_from_local(*p)).is_some();
        // Where there are micro-grids, lanes run through courtyards; the lanes
        // of a whole city are the streets between its communities.
        let is_metropolis = matches!(profile.ground, Ground::Metropolis(_));
        let has_busy_lanes = is_metropolis || !profile.levels.contains(&Level::MicroGrid);
        let mut roads = Vec::new();
        for road in geography.roads.iter().filter(|road| road.rank < 3 || has_busy_lanes) {
            // Both sides of a border lie in the jurisdiction or neither does;
            // the few steps between two points hide no surprise.
            for step in road.line.windows(2).filter(|step| step.iter().any(in_reach)) {
                roads.push(Road { name: road.name.clone(), rank: road.rank, line: step.to_vec() });
            }
        }
        // Along a kilometre of country road less happens than in a street of
        // the centre; the size of the land beside it says which it is.
        let bustle = |road: &Road| match is_metropolis {
            true => geography.leaf_at(geography.plane.degrees_from_local(road.line[0])).map_or(0.0, Leaf::bustle),
            false => 1.0,
        };
        let weigh = |road: &Road| importance(road.rank) * length(&road.line) * bustle(road);
        let road_weights = Weights::new(roads.iter().map(weigh));
        let mut city =
            Self { profile, seed, geography, spots: Vec::new(), roads, road_weights, spot_weights: Vec::new() };
        city.spots = city.place_spots();
        let of_kind = |kind: &Kind| Weights::new(city.spots.iter().map(|s| s.weight * kind.spots[s.kind as usize]));
        city.spot_weights = KINDS.iter().map(of_kind).collect();
        city
    }

    /// The area with this index.
    pub fn area(&self, index: usize) -> &Area {
        &self.geography.areas[index]
    }

    /// The name of the community that holds a leaf.
    pub fn community_of(&self, leaf: &Leaf) -> &str {
        let up = self.geography.areas[..=leaf.grid].iter().rev();
        up.into_iter().find(|area| area.level == Level::Community).map_or("", |area| area.name.as_str())
    }

    /// Chooses the spots: hubs and malls by the main roads, estates and sites
    /// within the blocks.
    fn place_spots(&self) -> Vec<Spot> {
        let mut rng = noise::stream(self.seed, "spots");
        let block_m = self.profile.block_m();
        let communities = self.profile.communities();
        let mut spots = Vec::new();
        for (kind, per_community, spread) in [
            (SpotKind::Mall, 0.22, 0.17),
            (SpotKind::Hub, 0.25, 0.07),
            (SpotKind::Market, 0.3, 0.09),
            (SpotKind::Estate, 0.7, 0.16),
            (SpotKind::Site, 0.2, 0.10),
        ] {
            let count = (communities as f64 * per_community).ceil() as usize;
            for rank in 1..=count {
                let by_road = matches!(kind, SpotKind::Mall | SpotKind::Hub | SpotKind::Market);
                let at = if by_road { self.on_road(&mut rng, 0.02 * block_m) } else { self.in_leaf(&mut rng).1 };
                spots.push(Spot {
                    kind,
                    at,
                    spread_m: spread * block_m * (0.7 + 0.6 * rng.f64()),
                    weight: (rank as f64).powf(-0.85),
                });
            }
        }
        spots
    }

    /// A place where an event of `KINDS[kind]` may happen.
    pub fn site_for(&self, kind: usize, rng: &mut Rng) -> Site<'_> {
        let by_road = rng.f64() < KINDS[kind].on_road;
        self.site(rng, |rng| {
            if by_road {
                self.on_road(rng, 5.0)
            } else if rng.f64() < 0.8 {
                around(&self.spots[self.spot_weights[kind].draw(rng)], rng)
            } else {
                self.in_leaf(rng).1
            }
        })
    }

    /// A place around a spot.
    pub fn site_around(&self, spot: &Spot, rng: &mut Rng) -> Site<'_> {
        self.site(rng, |rng| around(spot, rng))
    }

    /// A place by a road.
    pub fn site_by_road(&self, rng: &mut Rng) -> Site<'_> {
        self.site(rng, |rng| self.on_road(rng, 4.0))
    }

    /// A place within the blocks.
    pub fn site_in_block(&self, rng: &mut Rng) -> Site<'_> {
        self.site(rng, |rng| self.in_leaf(rng).1)
    }

    /// A place beside lake or river.
    pub fn site_by_water(&self, rng: &mut Rng) -> Site<'_> {
        let places = &self.geography.waterside;
        self.site(rng, |rng| scatter(places[rng.usize(..places.len())], 3.0, rng))
    }

    /// Draws until a place lies on land of the jurisdiction; after many
    /// failures takes the middle of some piece of land.
    fn site(&self, rng: &mut Rng, mut draw: impl FnMut(&mut Rng) -> [f64; 2]) -> Site<'_> {
        for _ in 0..24 {
            let degrees = self.geography.plane.degrees_from_local(draw(rng));
            if let Some(leaf) = self.geography.leaf_at(degrees) {
                return Site { degrees, leaf };
            }
        }
        let leaf = &self.geography.leaves[rng.usize(..self.geography.leaves.len())];
        Site { degrees: self.geography.plane.degrees_from_local(leaf.inner), leaf }
    }

    fn on_road(&self, rng: &mut Rng, spread_m: f64) -> [f64; 2] {
        let road = &self.roads[self.road_weights.draw(rng)];
        let ([a, b], t) = ([road.line[0], road.line[1]], rng.f64());
        scatter([a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t], spread_m, rng)
    }

    /// A leaf and a place in it.
    fn in_leaf(&self, rng: &mut Rng) -> (&Leaf, [f64; 2]) {
        let leaf = &self.geography.leaves[rng.usize(..self.geography.leaves.len())];
        let bounds = Bounds::of(&leaf.local);
        let [width, height] = bounds.size();
        for _ in 0..16 {
            let p = [bounds.min[0] + width * rng.f64(), bounds.min[1] + height * rng.f64()];
            if ring_contains(&leaf.local, p) {
                return (leaf, p);
            }
        }
        (leaf, leaf.inner)
    }
}

/// More happens on main roads.
fn importance(rank: u8) -> f64 {
    match rank {
        1 => 1.6,
        2 => 1.0,
        _ => 0.35,
    }
}

fn around(spot: &Spot, rng: &mut Rng) -> [f64; 2] {
    scatter(spot.at, spot.spread_m, rng)
}

fn scatter([x, y]: [f64; 2], spread_m: f64, rng: &mut Rng) -> [f64; 2] {
    [x + noise::normal(rng) * spread_m, y + noise::normal(rng) * spread_m]
}

fn length(line: &[[f64; 2]]) -> f64 {
    line.windows(2).map(|s| (s[1][0] - s[0][0]).hypot(s[1][1] - s[0][1])).sum()
}
