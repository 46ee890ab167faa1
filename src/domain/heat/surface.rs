//! The smooth surface over shared cells.

use super::grid::{CellShape, HeatGrid, SHARES};

/// Standard deviations at which a kernel is cut.
pub const KERNEL_SIGMAS: f32 = 4.0;

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

/// A place where more happens than around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Local metres.
    pub at: [f64; 2],
    /// What is there: of a surface the weight per cell, blurred; of other cells
    /// their weight.
    pub value: f64,
}

/// Cells of each block that are looked at.
const TRIED_CELLS: usize = 3;

/// Most steps from such a cell up to the top.
const MOST_STEPS: usize = 12;

/// The highest places, highest first, `apart_m` metres or more from each other,
/// `most` at most; of a difference also the lowest, where it is farther below
/// zero. `half_taps` are the weights of the kernel from the middle outwards.
/// Looks into the fullest blocks only: its cost depends neither on the number
/// of points nor much on that of cells.
pub fn peaks(grid: &HeatGrid, half_taps: &[f32], apart_m: f64, most: usize) -> Vec<Peak> {
    let value_of = |cell: usize| match grid.shape {
        CellShape::Shared => blurred_at(grid, half_taps, cell),
        CellShape::Square | CellShape::Hexagon => f64::from(grid.bins[cell]) / f64::from(SHARES),
    };
    let mut found: Vec<(f64, usize)> = Vec::new();
    for (_, mut cells) in grid.fullest_blocks(most * 4 + 12) {
        cells.sort_by_key(|&cell| (std::cmp::Reverse(grid.bins[cell].unsigned_abs()), cell));
        let tried = cells.into_iter().take(TRIED_CELLS).filter(|&cell| grid.bins[cell] != 0);
        found.extend(tried.map(|cell| (value_of(cell), cell)));
    }
    found.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then(a.1.cmp(&b.1)));
    let mut kept: Vec<Peak> = Vec::new();
    for (mut value, mut cell) in found {
        if kept.len() == most {
            break;
        }
        let is_near = |cell: usize| {
            let at = grid.center_of(cell);
            kept.iter().any(|other| (at[0] - other.at[0]).hypot(at[1] - other.at[1]) < apart_m)
        };
        if is_near(cell) {
            continue;
        }
        for _ in 0..MOST_STEPS {
            // The fullest cell is seldom the top of the surface above it.
            let around = beside(grid, cell).map(|next| (value_of(next), next));
            let highest = around.max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
            match highest.filter(|(next, _)| grid.shape == CellShape::Shared && next.abs() > value.abs()) {
                Some(next) => (value, cell) = next,
                None => break,
            }
        }
        if !is_near(cell) {
            kept.push(Peak { at: grid.center_of(cell), value });
        }
    }
    kept.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    kept
}

/// The cells to the west, east, south and north.
fn beside(grid: &HeatGrid, cell: usize) -> impl Iterator<Item = usize> {
    let columns = grid.columns as usize;
    let column = cell % columns;
    let across = [(column > 0).then(|| cell - 1), (column + 1 < columns).then_some(cell + 1)];
    let along = [cell.checked_sub(columns), Some(cell + columns).filter(|&next| next < grid.bins.len())];
    across.into_iter().chain(along).flatten()
}

fn blurred_at(grid: &HeatGrid, half_taps: &[f32], cell: usize) -> f64 {
    let columns = grid.columns as usize;
    let (x, y) = (cell % columns, cell / columns);
    let reach = half_taps.len().saturating_sub(1);
    let mut sum = 0.0;
    for row in y.saturating_sub(reach)..=(y + reach).min(grid.rows as usize - 1) {
        let (first, last) = (x.saturating_sub(reach), (x + reach).min(columns - 1));
        let cells = &grid.bins[row * columns + first..=row * columns + last];
        let along: f32 =
            cells.iter().zip(first..).map(|(&bin, column)| bin as f32 * half_taps[column.abs_diff(x)]).sum();
        sum += f64::from(along * half_taps[row.abs_diff(y)]);
    }
    sum / f64::from(SHARES)
}
