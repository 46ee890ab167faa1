//! The heat map of live events: exact integer cells in, a density surface,
//! hexagons or squares out, or their difference to a week before.
//!
//! How it works: events of the window are counted in cells ([`bins`]): for a
//! surface a quarter of the kernel's standard deviation wide. The GPU blurs
//! them with a separable Gaussian and looks the density up in the ramp;
//! hexagons and squares take the same way without the blur. Colours stand for
//! events per km² and hour, or per cell, on a scale that is fixed or adapts
//! slowly ([`scale`]), so that the same colour means the same number while
//! panning, zooming and playing.

mod bins;
mod hotspots;
mod scale;

use std::sync::Arc;

use bevy::prelude::*;

use super::WallTheme;
use super::gpu::{HeatFrame, MapScene};
use crate::config::{HeatCompare, HeatForm, HeatStyle, Layer};
use crate::domain::heat::{CellShape, HeatGrid, KERNEL_SIGMAS, peaks, surface_taps};
use crate::map::MapView;
use crate::model::{Areas, Events, Focus, Overview, Visible, Waker, WallConfig};
use crate::theme::{Rgba, Theme, ramp};
use bins::{Bins, Wanted};
pub use hotspots::{Hotspot, hotspots_ui};
use scale::Scale;

/// Cells per standard deviation of the kernel.
const CELLS_PER_SIGMA: f64 = 4.0;

/// A hotspot reaches this many standard deviations, or widths of a cell.
const HOTSPOT_SIGMAS: f64 = 2.0;
const HOTSPOT_CELLS: f64 = 0.6;

/// Weight per cell at the bright end of the ramp at least.
const LEAST_PER_CELL: f64 = 5.0;

/// Places that the scale is taken from.
const PEAKS: usize = 4;

/// Colours of a ramp.
const RAMP_COLORS: usize = 256;

/// The heat map, and what the legend needs of it.
#[derive(Resource, Default)]
pub struct HeatLayer {
    /// What is shown; `None` while there is no heat to show.
    pub shown: Option<ShownHeat>,
    /// The hottest places, hottest first.
    pub hotspots: Vec<Hotspot>,
    bins: Bins,
    scale: Scale,
    scale_of: Option<ScaleKey>,
    taps: Option<(u32, Arc<Vec<f32>>)>,
    ramp: Option<(HeatStyle, Arc<Vec<[u8; 4]>>)>,
    built: Option<(u64, u64, f64)>,
}

/// What the colours stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownHeat {
    /// The number at the bright end: events per km² and hour of a surface,
    /// weight per cell of anything else; of a difference its magnitude at
    /// either end.
    pub full_scale: f64,
    /// Which events, and how.
    pub style: HeatStyle,
    /// Side of a square, width of a hexagon, metres.
    pub cell_m: f64,
}

/// Another scale begins when this changes.
#[derive(Clone, PartialEq)]
struct ScaleKey {
    style: HeatStyle,
    window_secs: u64,
    lengths_m: [u64; 2],
}

impl HeatLayer {
    /// Counts the whole window anew in the next frame.
    pub fn rebin(&mut self) {
        self.bins.forget();
    }

    /// Forgets also what it was before: its scale, and which places were hot.
    pub fn start_over(&mut self) {
        self.rebin();
        self.scale_of = None;
        self.hotspots.clear();
    }

    /// How long the last count of the whole window took, milliseconds.
    pub fn rebuild_ms(&self) -> f64 {
        self.bins.took_ms
    }

    /// Whether what is shown is not yet what is wanted.
    pub fn is_building(&self) -> bool {
        self.bins.is_counting()
    }

    fn taps(&mut self, sigma_cells: f32) -> Arc<Vec<f32>> {
        let bits = sigma_cells.to_bits();
        match &self.taps {
            Some((old, taps)) if *old == bits => Arc::clone(taps),
            _ => {
                let taps = Arc::new(half_kernel(sigma_cells));
                self.taps = Some((bits, Arc::clone(&taps)));
                taps
            }
        }
    }

    fn ramp(&mut self, style: &HeatStyle, theme: &Theme) -> Arc<Vec<[u8; 4]>> {
        if let Some((of, ramp)) = &self.ramp
            && (of.compare, of.color) == (style.compare, style.color)
        {
            return Arc::clone(ramp);
        }
        let stops = ramp_stops(style, theme);
        let ramp = Arc::new(ramp::sample(&stops, RAMP_COLORS).into_iter().map(|color| color.0).collect());
        self.ramp = Some((style.clone(), Arc::clone(&ramp)));
        ramp
    }
}

/// The colours that a heat map mixes, from the least to the most.
pub fn ramp_stops(style: &HeatStyle, theme: &Theme) -> Vec<Rgba> {
    match (style.compare, style.color) {
        // More is warm, fewer is cold: also for those who see no red or green.
        (HeatCompare::LastWeek, _) => theme.diverging.to_vec(),
        (HeatCompare::None, Some([r, g, b])) => {
            let color = Rgba([r, g, b, 255]);
            vec![color.mix(theme.land, 0.75), color.mix(theme.land, 0.35), color, color.mix(theme.text, 0.5)]
        }
        (HeatCompare::None, None) => theme.heat.clone(),
    }
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Follows the events of the window, the areas, the focus and what is wanted.
pub(super) fn sync(
    mut layer: ResMut<HeatLayer>,
    mut scene: ResMut<MapScene>,
    overview: Res<Overview>,
    events: Res<Events>,
    areas: Res<Areas>,
    focus: Res<Focus>,
    visible: Res<Visible>,
    view: Res<MapView>,
    config: Res<WallConfig>,
    theme: Res<WallTheme>,
    waker: Res<Waker>,
) {
    let layer = &mut *layer;
    if !visible.has(Layer::Heat) || areas.bounds.is_empty() {
        scene.heat = None;
        layer.bins.clear();
        layer.shown = None;
        layer.hotspots.clear();
        return;
    }
    if theme.is_changed() {
        layer.ramp = None;
    }
    let wanted = wanted(layer, &overview, &events, &areas, &focus, &visible, &view, &config);
    let is_changed = layer.bins.follow(wanted, &overview, &waker);
    let window_secs = overview.window_secs();
    let built = (overview.revision, areas.revision, window_secs);
    let is_restyled = layer.shown.as_ref().is_some_and(|shown| shown.style != visible.heat) || config.is_changed();
    let is_same = layer.ramp.is_some() && layer.built == Some(built) && !is_restyled;
    // What is there stays as it is until what is wanted has been counted.
    if !is_changed && (is_same || layer.bins.is_counting()) {
        return;
    }
    let Some((of, grid)) = layer.bins.shown() else { return };
    let (of, grid) = (of.clone(), Arc::clone(grid));
    layer.built = Some(built);
    let style = &visible.heat;
    let sigma_cells = if grid.shape == CellShape::Shared { (config.0.heat.radius_m / grid.cell_m) as f32 } else { 0.0 };
    let taps = layer.taps(sigma_cells);
    let unit = unit_of(&grid, window_secs);
    let key = ScaleKey {
        style: style.clone(),
        window_secs: window_secs.to_bits(),
        lengths_m: [config.0.heat.radius_m, config.0.heat.cell_m].map(f64::to_bits),
    };
    if layer.scale_of.as_ref() != Some(&key) {
        layer.scale = Scale::default();
        layer.scale_of = Some(key);
    }
    let reach_m = match grid.shape {
        CellShape::Shared => config.0.heat.radius_m * HOTSPOT_SIGMAS,
        CellShape::Square | CellShape::Hexagon => grid.cell_m * HOTSPOT_CELLS,
    };
    let most = config.0.heat.hotspots;
    // Of the scale and of the hotspots: of these more than are kept.
    let peaks = peaks(&grid, &taps, reach_m, PEAKS.max(most * 3));
    let fixed = config.0.heat.full_scale.filter(|_| grid.shape == CellShape::Shared);
    let highest = peaks.first().map_or(0.0, |peak| peak.value.abs());
    // Of a handful of events in a cell there is no half.
    let least = if grid.shape == CellShape::Shared || highest == 0.0 { 0.0 } else { LEAST_PER_CELL };
    let top = (highest * unit).max(least);
    let full_scale = fixed.unwrap_or_else(|| match layer.scale.value() {
        // The same red is the same number in a focus and out of it: there the scale
        // does not fall. It rises, for a wall may begin in a focus.
        Some(scale) if of.focus.is_some() && top <= scale => scale,
        _ => layer.scale.follow(overview.now, top),
    });
    let ground = hotspots::Ground {
        wanted: &of,
        radius_m: reach_m,
        full: full_scale / unit,
        now: &overview.window,
        week_before: &overview.week_before,
        areas: &areas,
    };
    layer.hotspots = hotspots::find(&ground, &peaks, most, &layer.hotspots);
    layer.shown = Some(ShownHeat { full_scale, style: style.clone(), cell_m: grid.cell_m });
    scene.heat = Some(HeatFrame {
        taps,
        gain: (unit / full_scale) as f32,
        opacity: if grid.shape == CellShape::Shared { 0.92 } else { 0.85 },
        is_difference: of.is_compared,
        sigma_m: config.0.heat.radius_m as f32,
        ramp: layer.ramp(style, &theme.0),
        grid,
    });
}

fn wanted(
    layer: &HeatLayer,
    overview: &Overview,
    events: &Events,
    areas: &Areas,
    focus: &Focus,
    visible: &Visible,
    view: &MapView,
    config: &WallConfig,
) -> Wanted {
    let heat = &config.0.heat;
    let shape = match visible.heat.form {
        HeatForm::Density => CellShape::Shared,
        HeatForm::Hexagon => CellShape::Hexagon,
        HeatForm::Square => CellShape::Square,
    };
    let is_surface = shape == CellShape::Shared;
    let cell_m = if is_surface { heat.radius_m / CELLS_PER_SIGMA } else { heat.cell_m };
    let margin_m = if is_surface { heat.radius_m * f64::from(KERNEL_SIGMAS) } else { 0.0 };
    let old =
        layer.bins.shown().map(|(of, _)| of).filter(|of| of.shape == shape && of.areas_revision == areas.revision);
    let old = old.filter(|of| of.cell_m == cell_m).map(|of| &of.covered);
    let classes = events.store.classes();
    let wanted_classes = &visible.heat.categories;
    let is_wanted = |category: &str| wanted_classes.iter().any(|name| name == category);
    Wanted {
        covered: bins::covered(&areas.bounds, &view.visible_bounds(), cell_m, margin_m, old),
        shape,
        cell_m,
        tree: Arc::clone(&areas.tree),
        areas_revision: areas.revision,
        focus: focus.area(areas),
        weight: visible.heat.weight,
        classes: (!wanted_classes.is_empty())
            .then(|| classes.all().iter().map(|class| is_wanted(&class.category)).collect()),
        is_compared: visible.heat.compare == HeatCompare::LastWeek && overview.revision > 0,
    }
}

/// What one weight per cell is in the unit of the scale.
fn unit_of(grid: &HeatGrid, window_secs: f64) -> f64 {
    match grid.shape {
        CellShape::Shared => {
            let hours = (window_secs / 3_600.0).max(1e-9);
            1.0 / ((grid.cell_m / 1_000.0).powi(2) * hours)
        }
        CellShape::Square | CellShape::Hexagon => 1.0,
    }
}

/// The kernel's weights from the middle outwards.
fn half_kernel(sigma_cells: f32) -> Vec<f32> {
    let taps = surface_taps(sigma_cells);
    taps[taps.len() / 2..].to_vec()
}
