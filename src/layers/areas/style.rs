//! What areas and lines look like: one style per area, one per class of line.
//!
//! In: figures, heights, the focus, the theme, the zoom. Out: styles and the
//! line table of the scene, and what the legend says of the classes.

use std::sync::Arc;

use bevy::prelude::*;

use super::geometry::LineClass;
use super::{AreaLayer, rows};
use crate::domain::area::{AreaIndex, AreaTree, Level};
use crate::domain::classes;
use crate::layers::WallTheme;
use crate::layers::gpu::{AreaStyle, LineStyle, LineTable, MapScene};
use crate::map::{MapView, Relief, picked_level};
use crate::model::{AreaValues, Areas, Focus, WallConfig};
use crate::theme::{Rgba, Theme};

/// What the styles depend on.
#[derive(Default, PartialEq, Clone)]
pub(super) struct StyleKey {
    values: u64,
    built: u64,
    focus: u64,
    relief: u64,
    fill_level: Option<Level>,
}

/// Writes one style per area when a figure, a height, the focus or the geometry
/// changed.
pub fn write(
    mut layer: ResMut<AreaLayer>,
    mut scene: ResMut<MapScene>,
    areas: Res<Areas>,
    values: Res<AreaValues>,
    relief: Res<Relief>,
    focus: Res<Focus>,
    config: Res<WallConfig>,
    theme: Res<WallTheme>,
) {
    let map = &config.0.map;
    let key = StyleKey {
        values: values.revision,
        built: layer.built_revision,
        focus: focus.revision,
        relief: relief.revision,
        fill_level: map.fill_level,
    };
    // Classes and colours have no revision; a new configuration brings both.
    let is_same = key == layer.styled && !config.is_changed() && !theme.is_changed();
    if is_same || layer.built_revision != areas.revision || layer.built_revision == 0 {
        return;
    }
    let focused = focus.area(&areas);
    let shown = picked_level(&areas, &focus, map.fill_level);
    let value = |index: AreaIndex| values.values.get(index as usize).copied().flatten();
    let coloured = shown.map(|level| areas.tree.at_level(level).filter(|&i| is_in(&areas.tree, i, focused)));
    let breaks = coloured
        .map_or_else(Vec::new, |list| classes::breaks(list.filter_map(value), &map.classing, theme.0.classes.len()));
    let is_figure = !values.values.is_empty();
    let has_missing = is_figure
        && shown.is_some_and(|level| {
            areas.tree.at_level(level).any(|index| is_in(&areas.tree, index, focused) && value(index).is_none())
        });
    let styles = (0..areas.tree.len() as AreaIndex)
        .map(|index| {
            let inside = is_in(&areas.tree, index, focused);
            let style = area_style(&theme.0, value(index), &breaks, inside, is_figure);
            AreaStyle { height_m: relief.height_m(index) as f32, ..style }
        })
        .collect();
    scene.styles = Arc::new(styles);
    layer.breaks = breaks;
    layer.has_missing = has_missing;
    layer.fill_level = shown;
    layer.styled = key;
}

fn is_in(tree: &AreaTree, index: AreaIndex, focused: Option<AreaIndex>) -> bool {
    focused.is_none_or(|focused| tree.is_within(index, focused))
}

fn area_style(theme: &Theme, value: Option<f64>, breaks: &[f64], inside: bool, is_figure: bool) -> AreaStyle {
    let color = match value {
        Some(value) if !breaks.is_empty() => theme.classes[class_row(value, breaks)],
        _ => theme.land,
    };
    let mut flags = 0;
    if is_figure && value.is_none() {
        flags |= AreaStyle::NO_DATA;
    }
    if !inside {
        flags |= AreaStyle::DIMMED;
    }
    AreaStyle::new(color.linear(), flags, 0.0)
}

/// Spreads however many classes there are over the seven colours.
fn class_row(value: f64, breaks: &[f64]) -> usize {
    let class = classes::class_of(value, breaks);
    if breaks.len() <= 1 { 1 } else { class * 6 / (breaks.len() - 1) }
}

/// Widths and colours of all lines at this zoom. Borders of a level fade in as
/// its areas grow on the screen, so that they never become a grey carpet.
pub(super) fn line_table(theme: &Theme, layer: &AreaLayer, view: &MapView) -> LineTable {
    let u = view.unit_px;
    let mut table = LineTable::default();
    let row = |color: Rgba, alpha: f32, width_u: f32, glow_u: f32| {
        let [r, g, b, a] = color.linear();
        LineStyle { color: [r, g, b, a * alpha], width_px: width_u * u, glow_px: glow_u * u, pad: [0.0; 2] }
    };
    table[LineClass::Outer.style() as usize] = row(theme.accent, 1.0, 3.0, 26.0);
    for level in Level::ALL {
        let side_m = layer.mean_side_m(level);
        let side_u = (side_m * view.camera.px_per_m) as f32 / u.max(0.01);
        // Width, alpha, and the sides between which it fades in: slowly where
        // many borders lie close together among those of a larger level.
        let (width_u, alpha, [from_u, to_u]) = match level {
            Level::City | Level::District | Level::Street => (2.5, 0.95, [12.0, 26.0]),
            Level::Community => (1.6, 0.80, [14.0, 70.0]),
            Level::Grid => (1.0, 0.50, [22.0, 70.0]),
            Level::MicroGrid => (0.6, 0.30, [20.0, 44.0]),
        };
        let fade = ((side_u - from_u) / (to_u - from_u)).clamp(0.0, 1.0);
        let color = theme.hairline.mix(theme.accent, if level <= Level::Community { 0.55 } else { 0.35 });
        table[LineClass::Level(level).style() as usize] = row(color, alpha * fade, width_u, 0.0);
    }
    let zoom = view.zoom_ratio().clamp(1.0, 6.0) as f32;
    for (rank, (width_u, alpha)) in [(2.2, 0.85), (1.2, 0.6), (0.8, 0.45)].into_iter().enumerate() {
        table[(rows::ROAD as usize) + rank] = row(theme.road, alpha, width_u * zoom.sqrt(), 0.0);
    }
    table[rows::MISSED as usize] = row(theme.attention, 0.85, 1.6 * zoom.sqrt(), 0.0);
    table[rows::WARNING as usize] = row(theme.attention, 1.0, 2.5, 14.0);
    table[rows::FOCUS as usize] = row(theme.text, 1.0, 3.0, 18.0);
    table[rows::HOVER as usize] = row(theme.accent, 1.0, 2.0, 8.0);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_classes_still_span_the_whole_ramp() {
        assert_eq!(class_row(0.0, &[0.0, 5.0]), 0);
        assert_eq!(class_row(5.0, &[0.0, 5.0]), 6);
        assert_eq!(class_row(3.0, &[3.0]), 1);
    }
}
