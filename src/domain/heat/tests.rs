//! Cells against recounts, the surface against the kernel sum.

use proptest::prelude::*;

use super::*;
use crate::domain::geometry::Bounds;

fn square(side: f64) -> Bounds {
    Bounds { min: [0.0; 2], max: [side; 2] }
}

#[test]
fn the_grid_covers_its_bounds_within_the_limit() {
    let grid = HeatGrid::new(square(1_000.0), CellShape::Shared, 10.0, 1_000_000);
    assert_eq!((grid.columns, grid.rows, grid.cell_m), (100, 100, 10.0));
    for limit in [0, 1, 2, 7, 99, 10_000] {
        let grid = HeatGrid::new(Bounds { min: [-5.0, 3.0], max: [995.0, 40.0] }, CellShape::Shared, 0.5, limit);
        assert!(grid.bins.len() <= limit.max(6) && !grid.bins.is_empty());
        assert!(grid.cell_of([995.0, 40.0]).is_some() && grid.cell_of([-5.0, 3.0]) == Some(0));
    }
}

#[test]
fn odd_bounds_and_cells_make_a_harmless_grid() {
    for bounds in [Bounds::EMPTY, Bounds { min: [0.0; 2], max: [f64::INFINITY; 2] }, square(f64::NAN)] {
        let mut grid = HeatGrid::new(bounds, CellShape::Shared, f64::NAN, 0);
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
    let mut grid = HeatGrid::new(square(2_000.0), CellShape::Shared, 20.0, 1_000_000);
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
    let mut grid = HeatGrid::new(bounds, CellShape::Shared, cell_m, 8_000_000);
    assert_eq!(grid.cell_m, cell_m);
    for &point in points {
        grid.add(point, 1);
    }
    assert_eq!((grid.total(), grid.outside), (points.len() as i64, 0));
    let blurred = density_from_bins(&grid, sigma_m);
    // As a sampler does: between the middles of four cells.
    let drawn = |place: [f64; 2]| -> f64 {
        let [x, y] = [0, 1].map(|axis| (place[axis] - grid.origin[axis]) / grid.cell_m - 0.5);
        let at = |dx: f64, dy: f64| {
            let (column, row) = ((x.floor() + dx) as usize, (y.floor() + dy) as usize);
            f64::from(blurred[row * grid.columns as usize + column])
        };
        let (u, v) = (x - x.floor(), y - y.floor());
        (at(0.0, 0.0) * (1.0 - u) + at(1.0, 0.0) * u) * (1.0 - v) + (at(0.0, 1.0) * (1.0 - u) + at(1.0, 1.0) * u) * v
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
    let mut grid = HeatGrid::new(square(1_000.0), CellShape::Shared, 10.0, 1_000_000);
    let empty = grid.clone();
    let mut held: std::collections::VecDeque<([f64; 2], i32)> = std::collections::VecDeque::new();
    for _ in 0..1_000_000 {
        if held.len() > 5_000 || (random.u8(..3) == 0 && !held.is_empty()) {
            let (point, weight) = held.pop_front().unwrap_or_default();
            grid.add(point, -weight);
        } else {
            let point = [random.f64() * 1_040.0 - 20.0, random.f64() * 1_040.0 - 20.0];
            let weight = random.i32(1..4);
            held.push_back((point, weight));
            grid.add(point, weight);
        }
    }
    let mut recount = empty;
    held.iter().for_each(|&(point, weight)| recount.add(point, weight));
    assert_eq!(grid, recount);
}

fn any_shape() -> impl Strategy<Value = CellShape> {
    prop_oneof![Just(CellShape::Shared), Just(CellShape::Square), Just(CellShape::Hexagon)]
}

#[test]
fn a_surface_is_highest_where_its_blurred_cells_are() {
    let mut random = fastrand::Rng::with_seed(5);
    let mut grid = HeatGrid::new(square(6_000.0), CellShape::Shared, 25.0, 1_000_000);
    for spot in [[1_000.0_f64, 1_000.0], [4_000.0, 2_000.0], [2_500.0, 5_000.0]] {
        for _ in 0..(spot[0] / 20.0) as usize {
            grid.add(spot.map(|v| v + random.f64() * 300.0), 1);
        }
    }
    let taps = surface_taps(4.0);
    let found = peaks(&grid, &taps[taps.len() / 2..], 600.0, 3);
    let blurred = density_from_bins(&grid, 100.0);
    let highest = f64::from(blurred.iter().copied().fold(0.0, f32::max)) * grid.cell_m * grid.cell_m;
    assert!((found[0].value / highest - 1.0).abs() < 0.03, "{} {highest}", found[0].value);
    let near =
        |spot: [f64; 2]| found.iter().any(|peak| (0..2).all(|axis| (peak.at[axis] - spot[axis] - 150.0).abs() < 200.0));
    assert!(near([1_000.0, 1_000.0]) && near([4_000.0, 2_000.0]) && near([2_500.0, 5_000.0]));
    assert!(found.windows(2).all(|pair| pair[0].value >= pair[1].value));
}

proptest! {
    /// Each point of the bounds lies in a cell, and in the one whose middle is
    /// nearest.
    #[test]
    fn cells_tile_their_bounds(at in [0.0..100.0_f64, 0.0..100.0_f64], cell_m in 1.0..60.0_f64, shape in any_shape()) {
        let grid = HeatGrid::new(square(100.0), shape, cell_m, 1_000_000);
        let cell = grid.cell_of(at);
        prop_assert!(cell.is_some());
        let off = |cell: usize| {
            let middle = grid.center_of(cell);
            (middle[0] - at[0]).hypot(middle[1] - at[1])
        };
        let nearest = (0..grid.bins.len()).map(off).fold(f64::INFINITY, f64::min);
        prop_assert!(off(cell.unwrap_or_default()) <= nearest + 1e-9);
        let extent = grid.extent();
        prop_assert!((0..2).all(|axis| grid.origin[axis] <= 0.0 && grid.origin[axis] + extent[axis] >= 100.0 - 1e-9));
    }

    #[test]
    fn bins_equal_a_recount(
        steps in prop::collection::vec(([-20.0..120.0_f64, -20.0..120.0_f64], 0..1_000_i32, any::<bool>()), 0..200),
        shape in any_shape(),
    ) {
        let empty = HeatGrid::new(square(100.0), shape, 7.0, 10_000);
        let mut grid = empty.clone();
        let mut held: Vec<([f64; 2], i32)> = Vec::new();
        for (point, weight, takes_back) in steps {
            if takes_back && !held.is_empty() {
                let (point, weight) = held.swap_remove(weight as usize % held.len());
                grid.add(point, -weight);
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
        prop_assert_eq!(grid.total() + grid.outside, held.iter().map(|h| i64::from(h.1)).sum::<i64>());
        let sums: i64 = grid.fullest_blocks(usize::MAX).iter().map(|block| i64::from(block.0)).sum();
        prop_assert_eq!(sums, grid.total() * i64::from(SHARES));
        held.into_iter().for_each(|(point, weight)| grid.add(point, -weight));
        prop_assert_eq!(grid, empty);
    }
}
