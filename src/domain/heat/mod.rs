//! Event density: exact counts in cells, and what the smooth picture of them
//! must be.
//!
//! In: places in local metres with whole weights, negative ones for what a
//! difference takes away. Out: [`HeatGrid`], whose cells after any sequence of
//! additions and removals equal a fresh count, because they are integers;
//! [`peaks`], where it is highest; [`surface_taps`], which the GPU's blur uses
//! too; and two references that the GPU's picture is tested against:
//! [`density_exact`] (kernel sum over the points) and [`density_from_bins`]
//! (the same blur as the GPU's, on the CPU).
//!
//! How it works: a density is counts per cell, blurred with a Gaussian in two
//! passes (rows, then columns), divided by the cell's area: events per square
//! metre. The taps are cut at 4 σ and normalised, so blurring neither makes
//! nor loses events, except those that it carries over the edge of the grid.
//!
//! For a surface, a point is shared among the four cells around it by its
//! distances to their middles (cloud in cell: Hockney and Eastwood, Computer
//! Simulation Using Particles, 5-2), in whole [`SHARES`] of a point that always
//! add up to it, so that removing it leaves nothing. That spreads it by a
//! variance of h²/6 along each axis, h being the side of a cell; looking the
//! surface up between the middles of cells spreads it by as much again. The
//! taps' variance is less by both. With cells of σ/4 the surface is nearer than
//! 2 % of its maximum to the kernel sum everywhere, around a single point too
//! (the tests measure it). Squares and hexagons that are drawn as such take
//! their points whole.

mod grid;
mod surface;
#[cfg(test)]
mod tests;

pub use grid::{CellShape, HeatGrid, SHARES};
pub use surface::{KERNEL_SIGMAS, Peak, density_exact, density_from_bins, gaussian_taps, peaks, surface_taps};
