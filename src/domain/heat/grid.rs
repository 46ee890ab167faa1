//! Counts in cells.

use super::super::geometry::Bounds;

/// Into how many parts a point is divided among cells.
pub const SHARES: u32 = 256;

/// Rows of hexagons lie so many widths above each other.
const HEX_ROW: f64 = 0.866_025_403_784_438_6;

/// Side of a block of cells, whose sum is kept: a look for the highest places
/// passes over the others.
pub(super) const BLOCK: u32 = 8;

/// What cells are, and how a point is counted in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellShape {
    /// Squares; a point is shared among the four around it, for a surface.
    #[default]
    Shared,
    /// Squares; a point counts in the one that it lies in.
    Square,
    /// Hexagons with a corner to the north; a point counts in the one that it
    /// lies in. Odd rows are half a width farther east.
    Hexagon,
}

impl CellShape {
    /// From row to row, in sides of a square or widths of a hexagon.
    pub const fn row_step(self) -> f64 {
        match self {
            Self::Shared | Self::Square => 1.0,
            Self::Hexagon => HEX_ROW,
        }
    }
}

/// Weights in cells of a fixed place and size.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatGrid {
    /// What the cells are.
    pub shape: CellShape,
    /// Local metres of the south-west corner of the box around all cells.
    pub origin: [f64; 2],
    /// Side of a square, width of a hexagon, metres.
    pub cell_m: f64,
    /// Cells from west to east.
    pub columns: u32,
    /// Cells from south to north.
    pub rows: u32,
    /// Weight in each cell in [`SHARES`], row after row from the south.
    pub bins: Vec<i32>,
    /// Weight of what lies outside the grid.
    pub outside: i64,
    /// Sums over blocks of [`BLOCK`] × [`BLOCK`] cells.
    blocks: Vec<i32>,
}

impl HeatGrid {
    /// An empty grid that covers `bounds` (local metres) with cells of
    /// `cell_m`, or with larger ones when that would take more than
    /// `max_cells`. Bounds that are empty or not finite give the fewest cells
    /// at the origin, a cell size that is no positive number gives 1 m.
    pub fn new(bounds: Bounds, shape: CellShape, cell_m: f64, max_cells: usize) -> Self {
        let size = bounds.size();
        let is_usable = !bounds.is_empty() && size.iter().chain(&bounds.min).all(|value| value.is_finite());
        let (origin, size) = if is_usable { (bounds.min, size) } else { ([0.0; 2], [0.0; 2]) };
        let max_cells = max_cells.clamp(6, u32::MAX as usize) as f64;
        let mut cell_m = if cell_m.is_finite() && cell_m > 0.0 { cell_m } else { 1.0 };
        loop {
            // Hexagons reach over the edges: half of one to the west where the
            // row is odd, their lower corners to the south.
            let over = if shape == CellShape::Hexagon { [0.5, 1.0 / 3.0] } else { [0.0; 2] };
            let steps = [cell_m, cell_m * shape.row_step()];
            let [columns, rows] = [0, 1].map(|axis| (size[axis] / steps[axis] + over[axis]).ceil().max(1.0));
            if columns * rows <= max_cells {
                let (columns, rows) = (columns as u32, rows as u32);
                let origin = [0, 1].map(|axis| origin[axis] - over[axis] * steps[axis]);
                let bins = vec![0; columns as usize * rows as usize];
                let blocks = vec![0; columns.div_ceil(BLOCK) as usize * rows.div_ceil(BLOCK) as usize];
                return Self { shape, origin, cell_m, columns, rows, bins, outside: 0, blocks };
            }
            // The square root alone forgets that counts are rounded up.
            cell_m *= (columns * rows / max_cells).sqrt().max(1.01);
        }
    }

    /// Local metres from the south-west corner to the north-east one of the box
    /// around all cells.
    pub fn extent(&self) -> [f64; 2] {
        let [columns, rows] = [self.columns, self.rows].map(f64::from);
        match self.shape {
            CellShape::Shared | CellShape::Square => [columns * self.cell_m, rows * self.cell_m],
            CellShape::Hexagon => [(columns + 0.5) * self.cell_m, (rows + 1.0 / 3.0) * HEX_ROW * self.cell_m],
        }
    }

    /// The cell that holds a point. A point on an inner edge of squares belongs
    /// to the cell north or east of it, one on the outermost to the last cell;
    /// of hexagons the one with the nearest middle is meant.
    pub fn cell_of(&self, point: [f64; 2]) -> Option<usize> {
        let [column, row] = match self.shape {
            CellShape::Shared | CellShape::Square => {
                let index = |axis: usize, count: u32| {
                    let cells = (point[axis] - self.origin[axis]) / self.cell_m;
                    (cells >= 0.0 && cells <= f64::from(count)).then(|| (cells as u32).min(count - 1))
                };
                [index(0, self.columns)?, index(1, self.rows)?]
            }
            CellShape::Hexagon => self.hexagon_of(point)?,
        };
        Some(row as usize * self.columns as usize + column as usize)
    }

    fn hexagon_of(&self, point: [f64; 2]) -> Option<[u32; 2]> {
        let [x, y] = [0, 1].map(|axis| (point[axis] - self.origin[axis]) / self.cell_m);
        // The nearest middle lies in the row below or in the one above.
        let below = (y / HEX_ROW - 2.0 / 3.0).floor();
        let candidates = [below, below + 1.0].map(|row| {
            let shift = 0.5 + 0.5 * row.rem_euclid(2.0);
            let column = (x - shift).round();
            let off = [x - shift - column, y - (row + 2.0 / 3.0) * HEX_ROW];
            (off[0] * off[0] + off[1] * off[1], [column, row])
        });
        let (_, cell) = if candidates[0].0 <= candidates[1].0 { candidates[0] } else { candidates[1] };
        let [columns, rows] = [self.columns, self.rows].map(f64::from);
        let is_inside = cell[0] >= 0.0 && cell[0] < columns && cell[1] >= 0.0 && cell[1] < rows;
        is_inside.then(|| cell.map(|index| index as u32))
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

    /// Adds a point; one with the opposite weight takes it back. Exact as long
    /// as no block holds a weight of 2²³ or more.
    pub fn add(&mut self, point: [f64; 2], weight: i32) {
        let shared = SHARES as i32;
        let found = match self.shape {
            CellShape::Shared => self.shares_of(point).map(|shares| {
                shares.into_iter().for_each(|(cell, share)| self.put(cell, weight.wrapping_mul(share as i32)));
            }),
            CellShape::Square | CellShape::Hexagon => {
                self.cell_of(point).map(|cell| self.put(cell, weight.wrapping_mul(shared)))
            }
        };
        if found.is_none() {
            self.outside += i64::from(weight);
        }
    }

    fn put(&mut self, cell: usize, shares: i32) {
        let block = self.block_of(cell);
        // Wrapping, so that what is taken back is gone whatever came between.
        self.bins[cell] = self.bins[cell].wrapping_add(shares);
        self.blocks[block] = self.blocks[block].wrapping_add(shares);
    }

    fn block_of(&self, cell: usize) -> usize {
        let (columns, block) = (self.columns as usize, BLOCK as usize);
        cell / columns / block * columns.div_ceil(block) + cell % columns / block
    }

    /// The blocks with the greatest sums, either way, greatest first: how many
    /// [`SHARES`], and their cells. Those without any are left out.
    pub(super) fn fullest_blocks(&self, most: usize) -> Vec<(i32, Vec<usize>)> {
        let mut sums: Vec<(i32, usize)> =
            self.blocks.iter().enumerate().filter(|&(_, &sum)| sum != 0).map(|(index, &sum)| (sum, index)).collect();
        let keep = most.min(sums.len());
        if keep == 0 {
            return Vec::new();
        }
        let order =
            |a: &(i32, usize), b: &(i32, usize)| b.0.unsigned_abs().cmp(&a.0.unsigned_abs()).then(a.1.cmp(&b.1));
        sums.select_nth_unstable_by(keep - 1, order);
        sums.truncate(keep);
        sums.sort_unstable_by(order);
        sums.into_iter().map(|(sum, index)| (sum, self.cells_of_block(index))).collect()
    }

    fn cells_of_block(&self, index: usize) -> Vec<usize> {
        let (columns, block) = (self.columns as usize, BLOCK as usize);
        let across = columns.div_ceil(block);
        let (west, south) = (index % across * block, index / across * block);
        let (east, north) = ((west + block).min(columns), (south + block).min(self.rows as usize));
        (south..north).flat_map(|row| (west..east).map(move |column| row * columns + column)).collect()
    }

    /// The weight inside the grid.
    pub fn total(&self) -> i64 {
        self.bins.iter().map(|&bin| i64::from(bin)).sum::<i64>() / i64::from(SHARES)
    }

    /// Local metres of the middle of a cell.
    pub fn center_of(&self, cell: usize) -> [f64; 2] {
        let columns = self.columns as usize;
        let (column, row) = ((cell % columns) as f64, (cell / columns) as f64);
        let [x, y] = match self.shape {
            CellShape::Shared | CellShape::Square => [column + 0.5, row + 0.5],
            CellShape::Hexagon => [column + 0.5 + 0.5 * row.rem_euclid(2.0), (row + 2.0 / 3.0) * HEX_ROW],
        };
        [self.origin[0] + x * self.cell_m, self.origin[1] + y * self.cell_m]
    }
}
