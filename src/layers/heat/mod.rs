//! The heat map of live events: exact integer bins in, a density surface out.
//!
//! How it works: events of the window are counted in bins of a quarter of the
//! kernel's standard deviation; the GPU blurs the bins with a separable
//! Gaussian and looks the density up in the ramp. Colours stand for events per
//! km² and hour on a scale that is fixed or adapts slowly, so that the same
//! colour means the same number while panning, zooming and playing.

use std::sync::Arc;

use bevy::prelude::*;

use super::WallTheme;
use super::gpu::{HeatFrame, MapScene};
use crate::config::Layer;
use crate::domain::geometry::Bounds;
use crate::domain::heat::{HeatGrid, KERNEL_SIGMAS, SHARES, surface_taps};
use crate::domain::overview::MapEvent;
use crate::model::{Areas, Focus, Overview, Visible, WallConfig};
use crate::theme::ramp;

/// Bins per standard deviation of the kernel.
const BINS_PER_SIGMA: f64 = 4.0;
/// Bins along the longer side at most.
const MAX_BINS: f64 = 2_048.0;

/// What the legend needs, and what the frame was built from.
#[derive(Resource, Default)]
pub struct HeatLayer {
    /// Events per km² and hour at the bright end of the ramp; `None` while
    /// there is no heat to show.
    pub full_scale: Option<f64>,
    /// How long the last rebuild of the bins took, milliseconds.
    pub rebuild_ms: f64,
    taps: Option<(u64, Arc<Vec<f32>>)>,
    ramp: Option<Arc<Vec<[u8; 4]>>>,
    built: Option<[u64; 4]>,
}

impl HeatLayer {
    /// Counts the whole window anew in the next frame.
    pub fn rebin(&mut self) {
        self.built = None;
    }
}

/// Rebins when the events of the window, the areas or the focus changed.
pub(super) fn sync(
    mut layer: ResMut<HeatLayer>,
    mut scene: ResMut<MapScene>,
    overview: Res<Overview>,
    areas: Res<Areas>,
    focus: Res<Focus>,
    visible: Res<Visible>,
    config: Res<WallConfig>,
    theme: Res<WallTheme>,
) {
    if !visible.has(Layer::Heat) || areas.bounds.is_empty() {
        scene.heat = None;
        layer.built = None;
        layer.full_scale = None;
        return;
    }
    if theme.is_changed() {
        layer.ramp = None;
    }
    let wanted = [overview.revision, areas.revision, focus.revision, visible.window_secs.to_bits()];
    if layer.built == Some(wanted) && layer.ramp.is_some() {
        return;
    }
    layer.built = Some(wanted);
    let started = std::time::Instant::now();
    let heat = config.0.heat;
    let focused = focus.area(&areas);
    // In a focus only what lies in it: the rest is dimmed.
    let is_shown = |event: &MapEvent| {
        let is_in = |focused| event.area.is_some_and(|area| areas.tree.is_within(area, focused));
        event.is_inside && focused.is_none_or(is_in)
    };
    let grid = bin(overview.window.iter().filter(|event| is_shown(event)), &areas.bounds, heat.radius_m);
    let window_hours = (visible.window_secs / 3_600.0).max(1e-9);
    let cell_km2 = (grid.cell_m / 1_000.0).powi(2);
    let per_bin_to_density = 1.0 / (cell_km2 * window_hours);

    let sigma_cells = (heat.radius_m / grid.cell_m) as f32;
    let taps = match &layer.taps {
        Some((bits, taps)) if *bits == u64::from(sigma_cells.to_bits()) => Arc::clone(taps),
        _ => Arc::new(half_kernel(sigma_cells)),
    };
    layer.taps = Some((u64::from(sigma_cells.to_bits()), Arc::clone(&taps)));
    let full_scale = heat.full_scale.unwrap_or_else(|| {
        match layer.full_scale {
            // The same red is the same number in a focus and out of it.
            Some(scale) if focused.is_some() => scale,
            scale => adapt(scale, peak_density(&grid, &taps) * per_bin_to_density),
        }
    });
    layer.full_scale = Some(full_scale);
    let ramp =
        layer.ramp.get_or_insert_with(|| Arc::new(ramp::sample(theme.0.heat, 256).into_iter().map(|c| c.0).collect()));
    scene.heat = Some(HeatFrame {
        grid: Arc::new(grid),
        taps,
        gain: (per_bin_to_density / full_scale) as f32,
        opacity: 0.92,
        sigma_m: heat.radius_m as f32,
        ramp: Arc::clone(ramp),
    });
    layer.rebuild_ms = started.elapsed().as_secs_f64() * 1_000.0;
}

/// Counts the events in bins over the areas' bounds and a kernel around them.
fn bin<'a>(events: impl Iterator<Item = &'a MapEvent>, bounds: &Bounds, radius_m: f64) -> HeatGrid {
    let margin = radius_m * f64::from(KERNEL_SIGMAS);
    let around = Bounds { min: bounds.min.map(|v| v - margin), max: bounds.max.map(|v| v + margin) };
    let [width, height] = around.size();
    let cell_m = (radius_m / BINS_PER_SIGMA).max(width.max(height) / MAX_BINS);
    let mut grid = HeatGrid::new(around, cell_m, (MAX_BINS * MAX_BINS) as usize);
    for event in events {
        grid.add(event.at.map(f64::from), 1);
    }
    grid
}

/// The kernel's weights from the middle outwards.
fn half_kernel(sigma_cells: f32) -> Vec<f32> {
    let taps = surface_taps(sigma_cells);
    taps[taps.len() / 2..].to_vec()
}

/// Highest blurred count of any bin, looked for around the fullest ones.
fn peak_density(grid: &HeatGrid, taps: &[f32]) -> f64 {
    const LOOKED_AT: usize = 48;
    let mut fullest: Vec<(u32, usize)> =
        grid.bins.iter().enumerate().filter(|&(_, &n)| n > 0).map(|(i, &n)| (n, i)).collect();
    let keep = LOOKED_AT.min(fullest.len());
    if keep == 0 {
        return 0.0;
    }
    fullest.select_nth_unstable_by(keep - 1, |a, b| b.cmp(a));
    let (columns, rows) = (grid.columns as i64, grid.rows as i64);
    let arm = taps.len() as i64 - 1;
    let blurred_at = |index: usize| -> f64 {
        let (x, y) = (index as i64 % columns, index as i64 / columns);
        let mut sum = 0.0;
        for dy in -arm..=arm {
            for dx in -arm..=arm {
                let (cx, cy) = (x + dx, y + dy);
                if (0..columns).contains(&cx) && (0..rows).contains(&cy) {
                    let count = grid.bins[(cy * columns + cx) as usize];
                    if count > 0 {
                        sum += f64::from(count) / f64::from(SHARES)
                            * f64::from(taps[dx.unsigned_abs() as usize] * taps[dy.unsigned_abs() as usize]);
                    }
                }
            }
        }
        sum
    };
    fullest[..keep].iter().map(|&(_, index)| blurred_at(index)).fold(0.0, f64::max)
}

/// The full scale for a peak: stays while the peak is between a third of it
/// and a little more than all of it, else the next round number.
fn adapt(current: Option<f64>, peak: f64) -> f64 {
    match current {
        Some(scale) if peak <= scale * 1.25 && peak >= scale * 0.3 => scale,
        _ => round_up(peak.max(1e-9)),
    }
}

/// The next of 1, 2, 5, 10, 20 … that is not smaller.
fn round_up(value: f64) -> f64 {
    let magnitude = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * magnitude).find(|&n| n >= value * 0.999).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_round_and_steady() {
        assert_eq!(round_up(37.0), 50.0);
        assert_eq!(round_up(100.0), 100.0);
        assert_eq!(adapt(Some(50.0), 45.0), 50.0);
        assert_eq!(adapt(Some(50.0), 60.0), 50.0);
        assert_eq!(adapt(Some(50.0), 70.0), 100.0);
        assert_eq!(adapt(Some(50.0), 4.0), 5.0);
    }

    #[test]
    fn the_peak_is_found_where_events_crowd() {
        let bounds = Bounds { min: [0.0, 0.0], max: [1_000.0, 1_000.0] };
        let at = |x, y| MapEvent { at: [x, y], is_inside: true, ..MapEvent::default() };
        let one = bin([at(100.0, 100.0)].iter(), &bounds, 100.0);
        let taps = half_kernel((100.0 / one.cell_m) as f32);
        let crowd = [at(100.0, 100.0), at(100.0, 100.0), at(100.0, 100.0), at(900.0, 900.0)];
        let three = bin(crowd.iter(), &bounds, 100.0);
        let ratio = peak_density(&three, &taps) / peak_density(&one, &taps);
        assert!((ratio - 3.0).abs() < 1e-6, "{ratio}");
    }
}
