//! From the drawing board to the ground: the smooth map that bends a plan of
//! straight lines into a town.
//!
//! The plan is cut by straight lines in *plan* metres, which is robust. A
//! displacement field then bends everything at once (streets, banks, outline)
//! into *local* metres (x east, y north of the centre), and a tangent plane
//! turns those into WGS-84 degrees.
//!
//! The map cannot fold: the Lipschitz constant of the displacement, the sum of
//! `amplitude × wave number` over all waves, is kept below 1, and `p ↦ p + d(p)`
//! is one-to-one wherever that holds. So what tiles on the board tiles on the
//! ground.

use std::f64::consts::TAU;

use super::super::noise;
use crate::domain::geometry::LonLat;

/// One sinusoidal displacement.
#[derive(Clone, Debug)]
pub struct Wave {
    /// Unit vector along which points move.
    pub along: [f64; 2],
    /// Wave vector, radians per metre.
    pub vector: [f64; 2],
    /// Radians.
    pub phase: f64,
    /// Metres.
    pub amplitude_m: f64,
}

impl Wave {
    /// Adds the displacement of the plan's point `plan` to `to`.
    pub fn shift(&self, plan: [f64; 2], to: &mut [f64; 2]) {
        let swing = (self.vector[0] * plan[0] + self.vector[1] * plan[1] + self.phase).sin() * self.amplitude_m;
        to[0] += self.along[0] * swing;
        to[1] += self.along[1] * swing;
    }
}

/// A sideways swing of everything near one east–west line: the river's bends,
/// which the streets beside it follow.
#[derive(Clone, Debug)]
struct Meander {
    offset_m: f64,
    amplitude_m: f64,
    wavelength_m: f64,
    reach_m: f64,
    phase: f64,
}

/// The displacement field and the rotation after it.
#[derive(Clone, Debug)]
pub struct Warp {
    waves: Vec<Wave>,
    meander: Meander,
    turn: (f64, f64),
}

/// What the field is made from; lengths in metres.
#[derive(Clone, Copy, Debug)]
pub struct WarpSpec {
    /// Longest wavelength; about the width of the jurisdiction.
    pub wavelength_m: f64,
    /// How strongly streets bend, 0…1: the Lipschitz constant of the waves.
    pub bend: f64,
    /// Anticlockwise turn of the whole plan, degrees.
    pub turn_deg: f64,
    /// y of the river's axis on the plan.
    pub river_offset_m: f64,
    /// Swing of the river to either side.
    pub meander_m: f64,
    /// Length of one bend to the left and right.
    pub meander_wavelength_m: f64,
}

impl Warp {
    /// Draws the field for `seed`.
    pub fn new(spec: &WarpSpec, seed: u64) -> Self {
        let mut rng = noise::stream(seed, "warp");
        // (wavelength, share of the bend): long waves shape the town, short
        // ones take the ruler-straightness from its lanes.
        let octaves = [(1.15, 0.26), (0.95, 0.24), (0.62, 0.17), (0.5, 0.15), (0.3, 0.10), (0.17, 0.08)];
        let first = rng.f64() * TAU;
        let waves = octaves.iter().enumerate().map(|(i, &(length, share))| {
            // Directions a golden angle apart: no two waves add up to a grid.
            let toward = first + i as f64 * 2.399_963 + rng.f64() * 0.3;
            let number = TAU / (spec.wavelength_m * length);
            // Mostly transverse waves (shear): they bend without pinching.
            let along = toward + TAU / 4.0 + (rng.f64() - 0.5) * 0.7;
            Wave {
                along: [along.cos(), along.sin()],
                vector: [toward.cos() * number, toward.sin() * number],
                phase: rng.f64() * TAU,
                amplitude_m: spec.bend * share / number,
            }
        });
        let turn = spec.turn_deg.to_radians();
        Self {
            waves: waves.collect(),
            meander: Meander {
                offset_m: spec.river_offset_m,
                amplitude_m: spec.meander_m,
                wavelength_m: spec.meander_wavelength_m,
                reach_m: spec.meander_wavelength_m * 0.28,
                phase: rng.f64() * TAU,
            },
            turn: (turn.sin(), turn.cos()),
        }
    }

    /// Local metres from plan metres.
    pub fn local_from_plan(&self, plan: [f64; 2]) -> [f64; 2] {
        let mut local = plan;
        for wave in &self.waves {
            wave.shift(plan, &mut local);
        }
        let [x, mut y] = local;
        let m = &self.meander;
        let away = (plan[1] - m.offset_m) / m.reach_m;
        y += m.amplitude_m * (TAU * plan[0] / m.wavelength_m + m.phase).sin() * (-away * away / 2.0).exp();
        let (sin, cos) = self.turn;
        [x * cos - y * sin, x * sin + y * cos]
    }

    /// Upper bound of the displacement's Lipschitz constant.
    #[cfg(test)]
    fn lipschitz(&self) -> f64 {
        let waves: f64 = self.waves.iter().map(|w| w.amplitude_m * w.vector[0].hypot(w.vector[1])).sum();
        let m = &self.meander;
        waves + m.amplitude_m * (TAU / m.wavelength_m).hypot(0.61 / m.reach_m)
    }
}

/// The tangent plane at a jurisdiction's centre: metres to degrees by the
/// series for the WGS-84 ellipsoid's degree lengths (NGA, "Length of a degree
/// of latitude and longitude"); errors stay below a metre over ten kilometres.
#[derive(Clone, Copy, Debug)]
pub struct Plane {
    center: LonLat,
    metres_per_degree: [f64; 2],
    /// Degrees are rounded to whole multiples of 1 / this.
    steps_per_degree: f64,
}

impl Plane {
    /// The plane that touches the ellipsoid at `center`, rounding degrees to 7
    /// decimals (about a centimetre).
    pub fn at(center: LonLat) -> Self {
        Self::rounding(center, 7)
    }

    /// The same, rounding degrees to `decimals`.
    pub fn rounding(center: LonLat, decimals: i32) -> Self {
        let lat = center.lat.to_radians();
        let east = 111_412.84 * lat.cos() - 93.5 * (3.0 * lat).cos() + 0.118 * (5.0 * lat).cos();
        let north = 111_132.92 - 559.82 * (2.0 * lat).cos() + 1.175 * (4.0 * lat).cos();
        Self { center, metres_per_degree: [east, north], steps_per_degree: 10_f64.powi(decimals) }
    }

    /// Degrees from local metres, rounded: exactly what is written to JSON, so
    /// that what shares a vertex here shares it everywhere.
    pub fn degrees_from_local(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let round = |degrees: f64| (degrees * self.steps_per_degree).round() / self.steps_per_degree;
        [round(self.center.lon + x / self.metres_per_degree[0]), round(self.center.lat + y / self.metres_per_degree[1])]
    }

    /// Local metres from degrees.
    #[cfg(test)]
    pub fn local_from_degrees(&self, [lon, lat]: [f64; 2]) -> [f64; 2] {
        [(lon - self.center.lon) * self.metres_per_degree[0], (lat - self.center.lat) * self.metres_per_degree[1]]
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::profile::{Ground, PROFILES};
    use super::*;

    #[test]
    fn no_profile_folds_the_ground() {
        for profile in PROFILES {
            let Ground::Town(town) = &profile.ground else { continue };
            for seed in 0..20 {
                let bound = Warp::new(&town.terrain.warp, seed).lipschitz();
                assert!(bound < 0.97, "{}: {bound}", profile.name);
            }
        }
    }

    #[test]
    fn the_plane_goes_there_and_back() {
        let plane = Plane::at(LonLat::new(120.7, 31.31));
        let [x, y] = plane.local_from_degrees(plane.degrees_from_local([4_000.0, -2_500.0]));
        assert!((x - 4_000.0).abs() < 0.02 && (y + 2_500.0).abs() < 0.02);
    }
}
