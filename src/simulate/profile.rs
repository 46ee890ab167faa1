//! The deployments that the simulator can play: one table, one row each.
//!
//! A row holds the counts that the place publishes about itself, the shape of
//! its ground and its names. Everything else follows from the seed, so a new
//! deployment is a new row.

mod deployments;
mod metropolis;

use super::geography::warp::WarpSpec;
use crate::domain::area::Level;
use crate::domain::geometry::LonLat;
pub use metropolis::{CityCounts, District, Hill, Hub, Lake, Metropolis, Radial, Ring, River};

/// A deployment that can be simulated, as `--help` and errors list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileInfo {
    /// Name on the command line.
    pub name: &'static str,
    /// Title for the wall's header.
    pub title: &'static str,
    /// One line about it.
    pub description: &'static str,
}

/// One deployment.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Name on the command line.
    pub name: &'static str,
    /// Title for the wall's header.
    pub title: &'static str,
    /// One line about it.
    pub description: &'static str,
    /// Code of the topmost area, with which the ids of everything else begin:
    /// at least the 6 digits of GB/T 2260.
    pub code: &'static str,
    /// Centre of the jurisdiction.
    pub center: LonLat,
    /// Levels of the hierarchy, from the one area at the top down.
    pub levels: &'static [Level],
    /// Stages of the closed loop, in order; the last is where closed events rest.
    pub stages: &'static [&'static str],
    /// Events reported on a working day, on average.
    pub events_per_day: usize,
    /// Kinds of events that are more frequent here than elsewhere, and how many
    /// times.
    pub emphasis: &'static [(&'static str, f64)],
    /// Kinds of events that devices and cameras report and the platform hands
    /// out by itself.
    pub auto_dispatched: &'static [&'static str],
    /// Grid workers whose patrol tracks are published.
    pub tracked_workers: usize,
    /// The ground and what stands on it.
    pub ground: Ground,
    /// Kinds of devices and how many of each.
    pub devices: &'static [DeviceKind],
    /// Cameras per owner.
    pub cameras: &'static [(&'static str, usize)],
    /// Figures that no event explains: key, label, value, unit.
    pub fixed_figures: &'static [(&'static str, &'static str, f64, &'static str)],
}

impl Profile {
    /// Metres between two larger roads where the place is built up; the
    /// yardstick for everything that scatters along streets.
    pub fn block_m(&self) -> f64 {
        match &self.ground {
            Ground::Town(town) => town.terrain.arterial_spacing_m,
            Ground::Metropolis(metropolis) => metropolis.block_m,
        }
    }

    /// Number of communities.
    pub fn communities(&self) -> usize {
        match &self.ground {
            Ground::Town(town) => town.names.communities.len(),
            Ground::Metropolis(metropolis) => metropolis.counts.communities,
        }
    }
}

/// What kind of place it is: each kind has its own generator.
#[derive(Clone, Copy, Debug)]
pub enum Ground {
    /// One street of a city, drawn to its buildings; see `geography::board`.
    Town(&'static Town),
    /// A whole city, drawn to its micro-grids; see `geography::metropolis`.
    Metropolis(&'static Metropolis),
}

/// The ground of one street.
#[derive(Clone, Copy, Debug)]
pub struct Town {
    /// Code of the street: 6 digits of GB/T 2260 and 3 of the street.
    pub street_code: &'static str,
    /// Name of the street.
    pub street_name: &'static str,
    /// How many of what.
    pub counts: Counts,
    /// The shape of the ground.
    pub terrain: Terrain,
    /// What things are called.
    pub names: Names,
}

/// How many of what.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Comprehensive grids 综合网格.
    pub comprehensive_grids: usize,
    /// Dedicated grids 专属网格.
    pub dedicated_grids: usize,
    /// Micro-grids, all within comprehensive grids; 0 where the place has none.
    pub micro_grids: usize,
    /// Households of a comprehensive grid, on average.
    pub households_per_grid: u32,
    /// Old residential buildings, drawn and named.
    pub old_buildings: usize,
    /// Courtyards 楼院, drawn as green and named.
    pub courtyards: usize,
    /// Footprints of other buildings, about.
    pub other_buildings: usize,
}

/// The shape of the ground; plan metres around the centre.
#[derive(Clone, Copy, Debug)]
pub struct Terrain {
    /// Half the width and half the height of the jurisdiction.
    pub radius_m: [f64; 2],
    /// Depth of the outline's bulges as a share of the radius.
    pub bulge: f64,
    /// How streets, river and outline bend.
    pub warp: WarpSpec,
    /// Width of the river; its axis is `warp.river_offset_m`.
    pub river_width_m: f64,
    /// Middle of the lake.
    pub lake_center_m: [f64; 2],
    /// Half the width and half the height of the lake.
    pub lake_radius_m: [f64; 2],
    /// Distance between arterial roads.
    pub arterial_spacing_m: f64,
    /// Size of a usual building's footprint; 1 = a slab of 40 × 11 metres.
    pub building_scale: f64,
    /// Waters outside the jurisdiction: name, middle, half width and height.
    pub outer_waters: &'static [(&'static str, [f64; 2], [f64; 2])],
}

/// What things are called.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// Communities without the word 社区, and villages with 村, those last; as
    /// many as there are of both.
    pub communities: &'static [&'static str],
    /// Arterials that run east–west, from south to north.
    pub arterials_east: &'static [&'static str],
    /// Arterials that run north–south, from west to east.
    pub arterials_north: &'static [&'static str],
    /// Streets inside.
    pub streets: &'static [&'static str],
    /// The river.
    pub river: &'static str,
    /// The lake.
    pub lake: &'static str,
    /// The road around the lake.
    pub lake_road: &'static str,
    /// Parks.
    pub parks: &'static [&'static str],
}

/// A kind of device and how its readings behave.
#[derive(Clone, Copy, Debug)]
pub struct DeviceKind {
    /// Name as shown.
    pub name: &'static str,
    /// How many.
    pub count: usize,
    /// Middle of the readings.
    pub middle: f64,
    /// How far readings wander to either side.
    pub swing: f64,
    /// Unit of the readings.
    pub unit: &'static str,
    /// A reading when something is wrong.
    pub alarm_value: f64,
    /// Share of devices in alarm at any time.
    pub alarm_share: f64,
    /// Share of devices offline at any time.
    pub offline_share: f64,
    /// Stands at the water.
    pub at_water: bool,
}

/// The deployments, the smallest first.
pub const PROFILES: &[Profile] =
    &[deployments::BADAHU, deployments::HONGHUA, deployments::YANLONG, deployments::JINJIHU, deployments::NANJING];

/// The deployments that can be simulated.
pub fn profiles() -> &'static [ProfileInfo] {
    const INFOS: [ProfileInfo; PROFILES.len()] = {
        let mut infos = [ProfileInfo { name: "", title: "", description: "" }; PROFILES.len()];
        let mut i = 0;
        while i < infos.len() {
            let p = &PROFILES[i];
            infos[i] = ProfileInfo { name: p.name, title: p.title, description: p.description };
            i += 1;
        }
        infos
    };
    &INFOS
}

/// The deployment with this name.
pub fn find(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

/// The known name that `name` was most likely meant to be.
pub fn nearest(name: &str) -> &'static str {
    let distance = |profile: &&Profile| strsim::damerau_levenshtein(&name.to_lowercase(), profile.name);
    PROFILES.iter().min_by_key(distance).map_or("", |profile| profile.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_enough() {
        for profile in PROFILES {
            let Ground::Town(town) = profile.ground else { continue };
            let distinct: BTreeSet<_> = town.names.communities.iter().collect();
            assert_eq!(distinct.len(), town.names.communities.len(), "{}", profile.name);
            let streets: BTreeSet<_> = town.names.streets.iter().collect();
            assert_eq!(streets.len(), town.names.streets.len(), "{}", profile.name);
            assert!(!town.names.arterials_east.is_empty() && !town.names.parks.is_empty());
        }
        assert_eq!(find("jinjihu").map(Profile::communities), Some(57));
        assert_eq!(find("jinjihu").map(|p| p.cameras.iter().map(|c| c.1).sum::<usize>()), Some(7_100));
    }

    #[test]
    fn a_typing_error_finds_its_profile() {
        assert_eq!(nearest("jinjhu"), "jinjihu");
        assert_eq!(nearest("Badaho"), "badahu");
        assert!(find("jinjhu").is_none());
    }
}
