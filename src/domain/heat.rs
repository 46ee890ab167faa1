//! Event density: exact counts in bins, and what the smooth picture of them
//! must be.
//!
//! In: places in local metres with whole weights. Out: [`HeatGrid`], whose
//! bins after any sequence of additions and removals equal a fresh count,
//! because they are integers; [`surface_taps`], which the GPU's blur uses
//! too; and two references that the GPU's picture is tested against:
//! [`density_exact`] (kernel sum over the points) and [`density_from_bins`]
//! (the same blur as the GPU's, on the CPU).
//!
//! How it works: a density is counts per cell, blurred with a Gaussian in two
//! passes (rows, then columns), divided by the cell's area: events per square
//! metre. The taps are cut at 4 σ and normalised, so blurring neither makes
//! nor loses events, except those that it carries over the edge of the grid.
//!
//! A point is shared among the four cells around it by its distances to their
//! middles (cloud in cell: Hockney and Eastwood, Computer Simulation Using
//! Particles, 5-2), in whole [`SHARES`] of a point that always add up to it, so
//! that removing it leaves nothing. That spreads it by a variance of h²/6 along
//! each axis, h being the side of a cell; looking the surface up between the
//! middles of cells spreads it by as much again. The taps' variance is less by
//! both. With cells of σ/4 the surface is nearer than 2 % of its maximum to the
//! kernel sum everywhere, around a single point too (the tests measure it).

use super::geometry::Bounds;

/// Standard deviations at which a kernel is cut.
pub const KERNEL_SIGMAS: f32 = 4.0;

/// Into how many parts a point is divided among cells.
pub const SHARES: u32 = 256;

/// Counts of events in square cells of a fixed place and size.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatGrid {
    /// Local metres of the south-west corner of cell 0.
    pub origin: [f64; 2],
    /// Side of a cell, metres.
    pub cell_m: f64,
    /// Cells from west to east.
    pub columns: u32,
    /// Cells from south to north.
    pub rows: u32,
    /// Weight in each cell in [`SHARES`], row after row from the south.
    pub bins: Vec<u32>,
    /// Weight of what lies outside the grid.
    pub outside: u64,
}

impl HeatGrid {
    /// An empty grid that covers `bounds` (local metres) with cells of
    /// `cell_m`, or with larger ones when that would take more than
    /// `max_cells`. Bounds that are empty or not finite give a single cell at
    /// the origin, a cell size that is no positive number gives 1 m.
    pub fn new(bounds: Bounds, cell_m: f64, max_cells: usize) -> Self {
        let size = bounds.size();
        let is_usable = !bounds.is_empty() && size.iter().chain(&bounds.min).all(|value| value.is_finite());
        let (origin, size) = if is_usable { (bounds.min, size) } else { ([0.0; 2], [0.0; 2]) };
        let max_cells = max_cells.clamp(1, u32::MAX as usize) as f64;
        let mut cell_m = if cell_m.is_finite() && cell_m > 0.0 { cell_m } else { 1.0 };
        loop {
            let [columns, rows] = size.map(|length| (length / cell_m).ceil().max(1.0));
            if columns * rows <= max_cells {
                let (columns, rows) = (columns as u32, rows as u32);
                let bins = vec![0; columns as usize * rows as usize];
                return Self { origin, cell_m, columns, rows, bins, outside: 0 };
            }
            // The square root alone forgets that counts are rounded up.
            cell_m *= (columns * rows / max_cells).sqrt().max(1.01);
        }
    }

    /// The cell that holds a point. A point on an inner edge belongs to the
    /// cell north or east of it, one on the outermost to the last cell.
    pub fn cell_of(&self, point: [f64; 2]) -> Option<usize> {
        let index = |axis: usize, count: u32| {
            let cells = (point[axis] - self.origin[axis]) / self.cell_m;
            (cells >= 0.0 && cells <= f64::from(count)).then(|| (cells as u32).min(count - 1) as usize)
        };
        Some(index(1, self.rows)? * self.columns as usize + index(0, self.columns)?)
    }

    /// The four cells that share a point, and how many [`SHARES`] each gets;
    /// beyond the outermost middles the last cells take it all.
    fn shares_of(&self, point: [f64; 2]) -> Option<[(usize, u32); 4]> {
        self.cell_of(point)?;
        let along = |axis: usize, count: u32| {
            let place = (point[axis] - self.origin[axis]) / self.cell_m - 0.5;
            let first = place.floor();
            let share = ((place - first) * f64::from(SHARES)).round() as u32;
            let last = i64::from(count) - 1;
            ([first as i64, first as i64 + 1].map(|cell| cell.clamp(0, last) as usize), share.min(SHARES))
        };
        let (columns, east) = along(0, self.columns);
        let (rows, north) = along(1, self.rows);
        // Rounded once, and the rest by subtraction: they add up.
        let both = (east * north + SHARES / 2) / SHARES;
        let cell = |row: usize, column: usize| rows[row] * self.columns as usize + columns[column];
        Some([
            (cell(0, 0), SHARES + both - east - north),
            (cell(0, 1), east - both),
            (cell(1, 0), north - both),
            (cell(1, 1), both),
        ])
    }

    /// Counts a point. Exact as long as no cell holds 2²⁴ or more.
    pub fn add(&mut self, point: [f64; 2], weight: u32) {
        match self.shares_of(point) {
            Some(shares) => {
                for (cell, share) in shares {
                    self.bins[cell] = self.bins[cell].saturating_add(share.saturating_mul(weight));
                }
            }
            None => self.outside = self.outside.saturating_add(u64::from(weight)),
        }
    }

    /// Takes back a point that was added with the same weight.
    pub fn remove(&mut self, point: [f64; 2], weight: u32) {
        match self.shares_of(point) {
            Some(shares) => {
                for (cell, share) in shares {
                    self.bins[cell] = self.bins[cell].saturating_sub(share.saturating_mul(weight));
                }
            }
            None => self.outside = self.outside.saturating_sub(u64::from(weight)),
        }
    }

    /// Forgets all points.
    pub fn clear(&mut self) {
        self.bins.fill(0);
        self.outside = 0;
    }

    /// The weight inside the grid.
    pub fn total(&self) -> u64 {
        self.bins.iter().map(|&bin| u64::from(bin)).sum::<u64>() / u64::from(SHARES)
    }

    /// Local metres of the middle of a cell.
    pub fn center_of(&self, cell: usize) -> [f64; 2] {
        let columns = self.columns as usize;
        let (column, row) = (cell % columns, cell / columns);
        [self.origin[0] + (column as f64 + 0.5) * self.cell_m, self.origin[1] + (row as f64 + 0.5) * self.cell_m]
    }
}

/// The weights of a Gaussian with standard deviation `sigma_cells` at the
/// cells −r … r, r = ⌈4 σ⌉: 2 r + 1 values that sum to 1. A sigma of zero or
/// less, or that is no number, gives the single weight 1: no blur.
pub fn gaussian_taps(sigma_cells: f32) -> Vec<f32> {
    if !(sigma_cells > 0.0 && sigma_cells.is_finite()) {
        return vec![1.0];
    }
    let sigma = f64::from(sigma_cells);
    let radius = (f64::from(KERNEL_SIGMAS) * sigma).ceil() as i64;
    let weights: Vec<f64> = (-radius..=radius).map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / sum) as f32).collect()
}

/// The weights with which bins of points become a surface whose kernel has the
/// standard deviation `sigma_cells`; see the module for what it is less by.
pub fn surface_taps(sigma_cells: f32) -> Vec<f32> {
    gaussian_taps((sigma_cells * sigma_cells - 1.0 / 3.0).max(0.0).sqrt())
}

/// Density at `at`, events per square metre: the sum over `points` of a
/// Gaussian with standard deviation `sigma_m`, uncut.
pub fn density_exact(points: &[[f64; 2]], at: [f64; 2], sigma_m: f64) -> f64 {
    let variance = sigma_m * sigma_m;
    let sum: f64 = points
        .iter()
        .map(|point| {
            let squared = (point[0] - at[0]).powi(2) + (point[1] - at[1]).powi(2);
            (-0.5 * squared / variance).exp()
        })
        .sum();
    sum / (std::f64::consts::TAU * variance)
}

/// Density in the middle of each cell, events per square metre: the bins
/// blurred along rows, then along columns, with [`surface_taps`], in `f32` as
/// on the GPU. Beyond the edge there is nothing.
pub fn density_from_bins(grid: &HeatGrid, sigma_m: f64) -> Vec<f32> {
    let taps = surface_taps((sigma_m / grid.cell_m) as f32);
    let (columns, rows) = (grid.columns as usize, grid.rows as usize);
    let counts: Vec<f32> = grid.bins.iter().map(|&bin| bin as f32 / SHARES as f32).collect();
    let along_rows = blur_lines(&counts, &taps, columns, rows, (1, columns));
    let both = blur_lines(&along_rows, &taps, rows, columns, (columns, 1));
    let per_area = (1.0 / (grid.cell_m * grid.cell_m)) as f32;
    both.into_iter().map(|count| count * per_area).collect()
}

/// Convolves `lines` lines of `length` cells with `taps`; `strides` are the
/// steps along a line and from line to line.
fn blur_lines(cells: &[f32], taps: &[f32], length: usize, lines: usize, (along, across): (usize, usize)) -> Vec<f32> {
    let radius = taps.len() / 2;
    let mut out = vec![0.0; cells.len()];
    for line in 0..lines {
        for i in 0..length {
            let first = i.saturating_sub(radius);
            let last = (i + radius).min(length - 1);
            let sum: f32 = (first..=last).map(|j| cells[line * across + j * along] * taps[j + radius - i]).sum();
            out[line * across + i * along] = sum;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn square(side: f64) -> Bounds {
        Bounds { min: [0.0; 2], max: [side; 2] }
    }

    #[test]
    fn the_grid_covers_its_bounds_within_the_limit() {
        let grid = HeatGrid::new(square(1_000.0), 10.0, 1_000_000);
        assert_eq!((grid.columns, grid.rows, grid.cell_m), (100, 100, 10.0));
        for limit in [0, 1, 2, 7, 99, 10_000] {
            let grid = HeatGrid::new(Bounds { min: [-5.0, 3.0], max: [995.0, 40.0] }, 0.5, limit);
            assert!(grid.bins.len() <= limit.max(1) && !grid.bins.is_empty());
            assert!(grid.cell_of([995.0, 40.0]).is_some() && grid.cell_of([-5.0, 3.0]) == Some(0));
        }
    }

    #[test]
    fn odd_bounds_and_cells_make_a_harmless_grid() {
        for bounds in [Bounds::EMPTY, Bounds { min: [0.0; 2], max: [f64::INFINITY; 2] }, square(f64::NAN)] {
            let mut grid = HeatGrid::new(bounds, f64::NAN, 0);
            grid.add([f64::NAN, 0.0], 3);
            grid.add([1e9, 0.0], 2);
            assert_eq!((grid.bins.len(), grid.total(), grid.outside), (1, 0, 5));
        }
    }

    #[test]
    fn taps_sum_to_one_and_are_symmetric() {
        for sigma in [0.0, 0.3, 1.0, 4.0, 33.3, f32::NAN] {
            let taps = gaussian_taps(sigma);
            assert!((taps.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            assert!(taps.iter().eq(taps.iter().rev()) && taps.len() % 2 == 1);
        }
    }

    #[test]
    fn blurring_conserves_events() {
        let mut grid = HeatGrid::new(square(2_000.0), 20.0, 1_000_000);
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..5_000 {
            grid.add([500.0 + random.f64() * 1_000.0, 500.0 + random.f64() * 1_000.0], 1);
        }
        let sum: f64 = density_from_bins(&grid, 100.0).iter().map(|&density| f64::from(density)).sum();
        let events = sum * grid.cell_m * grid.cell_m;
        assert!((events - 5_000.0).abs() < 0.5, "{events}");
    }

    /// The largest error of the drawn surface, as a share of the largest
    /// density, at places where it is looked up.
    fn worst_error(points: &[[f64; 2]], places: &[[f64; 2]], cell_m: f64, sigma_m: f64) -> f64 {
        let margin = 5.0 * sigma_m;
        let around = Bounds::of(points);
        let bounds = Bounds { min: around.min.map(|v| v - margin), max: around.max.map(|v| v + margin) };
        let mut grid = HeatGrid::new(bounds, cell_m, 8_000_000);
        assert_eq!(grid.cell_m, cell_m);
        for &point in points {
            grid.add(point, 1);
        }
        assert_eq!((grid.total(), grid.outside), (points.len() as u64, 0));
        let blurred = density_from_bins(&grid, sigma_m);
        // As a sampler does: between the middles of four cells.
        let drawn = |place: [f64; 2]| -> f64 {
            let [x, y] = [0, 1].map(|axis| (place[axis] - grid.origin[axis]) / grid.cell_m - 0.5);
            let at = |dx: f64, dy: f64| {
                let (column, row) = ((x.floor() + dx) as usize, (y.floor() + dy) as usize);
                f64::from(blurred[row * grid.columns as usize + column])
            };
            let (u, v) = (x - x.floor(), y - y.floor());
            (at(0.0, 0.0) * (1.0 - u) + at(1.0, 0.0) * u) * (1.0 - v)
                + (at(0.0, 1.0) * (1.0 - u) + at(1.0, 1.0) * u) * v
        };
        let pairs: Vec<[f64; 2]> =
            places.iter().map(|&place| [drawn(place), density_exact(points, place, sigma_m)]).collect();
        let peak = pairs.iter().map(|pair| pair[1]).fold(0.0, f64::max);
        pairs.iter().map(|[a, b]| (a - b).abs()).fold(0.0, f64::max) / peak
    }

    /// Places around `points`, many where these crowd.
    fn around(points: &[[f64; 2]], sigma_m: f64, random: &mut fastrand::Rng) -> Vec<[f64; 2]> {
        let mut near = || {
            let point = points[random.usize(..points.len())];
            point.map(|value| value + (random.f64() - 0.5) * 4.0 * sigma_m)
        };
        let mut places: Vec<[f64; 2]> = (0..300).map(|_| near()).collect();
        places.extend(points.iter().step_by((points.len() / 100).max(1)));
        places
    }

    #[test]
    fn the_surface_comes_near_the_kernel_sum() {
        let mut random = fastrand::Rng::with_seed(2);
        let mut normal = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        let cloud: Vec<[f64; 2]> = (0..4_000)
            .map(|i| {
                let [x, y, spread] = [[700.0, 800.0, 90.0], [1_200.0, 1_100.0, 200.0]][i % 2];
                [x + spread * normal(), y + spread * normal()]
            })
            .collect();
        for cells_per_sigma in [3.0, 4.0, 6.0] {
            for points in [&cloud[..], &cloud[..1], &cloud[1..3]] {
                let places = around(points, 100.0, &mut random);
                let error = worst_error(points, &places, 100.0 / cells_per_sigma, 100.0);
                eprintln!("{} points, cells of σ/{cells_per_sigma}: {:.2} %", points.len(), error * 100.0);
                assert!(error < 0.02 || cells_per_sigma < 4.0 && error < 0.04, "{error}");
            }
        }
    }

    /// Points of a file of the shared real data, in local metres around their
    /// middle.
    fn real_points(name: &str) -> Option<Vec<[f64; 2]>> {
        let root = std::env::var_os("QUANYU_REALDATA").map_or_else(
            || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/realdata"),
            std::path::PathBuf::from,
        );
        let text = std::fs::read_to_string(root.join("points").join(name)).ok()?;
        let places: Vec<[f64; 2]> = if name.ends_with(".csv") {
            let place = |line: &str| {
                let (lon, lat) = line.split_once(',')?;
                Some([lon.trim().parse().ok()?, lat.trim().parse().ok()?])
            };
            text.lines().filter_map(place).collect()
        } else {
            let data: serde_json::Value = serde_json::from_str(&text).ok()?;
            let rows = data["features"].as_array().or(data.as_array())?;
            let at = |row: &serde_json::Value| {
                let place = row.pointer("/geometry/coordinates").unwrap_or(row);
                Some([place[0].as_f64()?, place[1].as_f64()?])
            };
            rows.iter().filter_map(at).collect()
        };
        let middle = Bounds::of(&places);
        let origin = [0, 1].map(|axis| (middle.min[axis] + middle.max[axis]) * 0.5);
        let plane = crate::domain::crs::Projection::new(crate::domain::geometry::LonLat::new(origin[0], origin[1]));
        Some(places.into_iter().map(|place| plane.local_from_lonlat(place)).collect())
    }

    #[test]
    fn the_surface_of_real_points_comes_near_the_kernel_sum() {
        let mut random = fastrand::Rng::with_seed(3);
        for (name, sigmas_m) in [
            ("uk_accidents_heatmap.csv", [5_000.0, 2_000.0]),
            ("nyc_uber_pickups.json", [1_000.0, 200.0]),
            ("usgs_earthquakes_month.geojson", [300_000.0, 90_000.0]),
        ] {
            let Some(mut points) = real_points(name) else {
                eprintln!("skipped: no {name}");
                continue;
            };
            // A few stray points would make a street's grid a continent's.
            let far_m = 150.0 * sigmas_m[1];
            let middle = [0, 1].map(|axis| {
                let mut values: Vec<f64> = points.iter().map(|point| point[axis]).collect();
                let half = values.len() / 2;
                *values.select_nth_unstable_by(half, f64::total_cmp).1
            });
            points.retain(|point| (0..2).all(|axis| (point[axis] - middle[axis]).abs() < far_m));
            assert!(points.len() > 1_000, "{}", points.len());
            for sigma_m in sigmas_m {
                let places = around(&points, sigma_m, &mut random);
                let error = worst_error(&points, &places, sigma_m / 4.0, sigma_m);
                eprintln!("{name}, σ {sigma_m} m: {:.2} %", error * 100.0);
                assert!(error <= 0.02, "{name}: {error}");
            }
        }
    }

    #[test]
    fn a_million_adds_and_expiries_leave_what_a_recount_finds() {
        let mut random = fastrand::Rng::with_seed(4);
        let mut grid = HeatGrid::new(square(1_000.0), 10.0, 1_000_000);
        let empty = grid.clone();
        let mut held = std::collections::VecDeque::new();
        for _ in 0..1_000_000 {
            if held.len() > 5_000 || (random.u8(..3) == 0 && !held.is_empty()) {
                let (point, weight) = held.pop_front().unwrap_or_default();
                grid.remove(point, weight);
            } else {
                let point = [random.f64() * 1_040.0 - 20.0, random.f64() * 1_040.0 - 20.0];
                let weight = random.u32(1..4);
                held.push_back((point, weight));
                grid.add(point, weight);
            }
        }
        let mut recount = empty;
        held.iter().for_each(|&(point, weight)| recount.add(point, weight));
        assert_eq!(grid, recount);
    }

    proptest! {
        #[test]
        fn bins_equal_a_recount(
            steps in prop::collection::vec(([-20.0..120.0_f64, -20.0..120.0_f64], 0..1_000_u32, any::<bool>()), 0..200),
        ) {
            let empty = HeatGrid::new(square(100.0), 7.0, 10_000);
            let mut grid = empty.clone();
            let mut held: Vec<([f64; 2], u32)> = Vec::new();
            for (point, weight, takes_back) in steps {
                if takes_back && !held.is_empty() {
                    let (point, weight) = held.swap_remove(weight as usize % held.len());
                    grid.remove(point, weight);
                } else {
                    held.push((point, weight));
                    grid.add(point, weight);
                }
            }
            let mut recount = empty.clone();
            for &(point, weight) in &held {
                recount.add(point, weight);
            }
            prop_assert_eq!(&grid, &recount);
            prop_assert_eq!(u128::from(grid.total()) + u128::from(grid.outside), held.iter().map(|h| u128::from(h.1)).sum());
            grid.clear();
            prop_assert_eq!(grid, empty);
        }
    }
}
