//! Where the city's people live: micro-grids per square kilometre, and places
//! drawn from that, each of which stands for the same number of people.

use crate::domain::geometry::Bounds;
use crate::simulate::noise;
use crate::simulate::profile::{Hill, Hub, Metropolis};

/// Share of people that a hill leaves on its slopes.
const HILL_SHARE: f64 = 0.10;
/// Cells of the raster from which places are drawn.
const CELL_M: f64 = 400.0;

/// Density over the plan.
#[derive(Clone, Debug)]
pub struct Density {
    hubs: Vec<Hub>,
    hills: &'static [Hill],
    rural_per_km2: f64,
}

impl Density {
    /// The hubs of the profile, and small towns strewn over `bounds`.
    pub fn new(metropolis: &Metropolis, bounds: Bounds, seed: u64) -> Self {
        let mut rng = noise::stream(seed, "towns");
        let mut density =
            Self { hubs: metropolis.hubs.to_vec(), hills: metropolis.hills, rural_per_km2: metropolis.rural_per_km2 };
        let [width, height] = bounds.size();
        let mut left = metropolis.towns;
        for _ in 0..metropolis.towns * 12 {
            let at_m = [bounds.min[0] + width * rng.f64(), bounds.min[1] + height * rng.f64()];
            let is_country = density.at(at_m) < 1.6 * metropolis.rural_per_km2;
            if left > 0 && is_country && !density.is_hill(at_m) {
                left -= 1;
                let hub = Hub { at_m, per_km2: 5.0 + 7.0 * rng.f64(), reach_m: 650.0 + 750.0 * rng.f64() };
                density.hubs.push(hub);
            }
        }
        density
    }

    /// Relative number of micro-grids per km² at a point of the plan.
    pub fn at(&self, p: [f64; 2]) -> f64 {
        let of_hub = |hub: &Hub| {
            let away2 = ((p[0] - hub.at_m[0]).powi(2) + (p[1] - hub.at_m[1]).powi(2)) / hub.reach_m.powi(2);
            if away2 > 12.0 { 0.0 } else { hub.per_km2 * (-away2).exp() }
        };
        let sum = self.rural_per_km2 + self.hubs.iter().map(of_hub).sum::<f64>();
        if self.is_hill(p) { (sum * HILL_SHARE).max(self.rural_per_km2 * 0.35) } else { sum }
    }

    fn is_hill(&self, p: [f64; 2]) -> bool {
        self.hills.iter().any(|hill| {
            let [along, across] = hill_position(hill, p);
            along.hypot(across) < 1.0
        })
    }

    /// About `count` places within `bounds`, drawn by density.
    pub fn draw(&self, bounds: Bounds, count: usize, seed: u64) -> Vec<[f64; 2]> {
        let mut rng = noise::stream(seed, "people");
        let cells = bounds.size().map(|size| (size / CELL_M).ceil() as usize);
        let corner = |x: usize, y: usize| [bounds.min[0] + x as f64 * CELL_M, bounds.min[1] + y as f64 * CELL_M];
        let all = || (0..cells[1]).flat_map(|y| (0..cells[0]).map(move |x| (x, y)));
        let densities: Vec<f64> = all().map(|(x, y)| self.at(corner(x, y).map(|low| low + CELL_M / 2.0))).collect();
        let per_density = count as f64 / densities.iter().sum::<f64>();
        let mut places = Vec::with_capacity(count + count / 8);
        for ((x, y), density) in all().zip(densities) {
            let [x0, y0] = corner(x, y);
            for _ in 0..(density * per_density + rng.f64()) as usize {
                places.push([x0 + CELL_M * rng.f64(), y0 + CELL_M * rng.f64()]);
            }
        }
        places
    }
}

/// A point in a hill's own axes; the foot of the hill is the unit circle.
pub fn hill_position(hill: &Hill, p: [f64; 2]) -> [f64; 2] {
    let (sin, cos) = hill.turn_deg.to_radians().sin_cos();
    let (x, y) = (p[0] - hill.at_m[0], p[1] - hill.at_m[1]);
    [(x * cos + y * sin) / hill.radius_m[0], (y * cos - x * sin) / hill.radius_m[1]]
}
