//! What the licences of map tiles want said on the map.
//!
//! In: the texts of the tile sets in force. Out: one line at the foot of the map:
//! beside the scale bar, on a narrow stage above it, on a very narrow one under
//! the legend, which makes room. It is never left out.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::PanelView;
use super::pen::Pen;
use crate::config::Config;

/// Design units from the left edge of the map: past the scale bar.
const LEFT: f32 = 300.0;

/// Design units at the right that belong to the legend.
const RIGHT: f32 = 320.0;

/// Design units from an edge where nothing else stands.
const EDGE: f32 = 20.0;

/// Design units below the baseline of the lowest line, and of the one above the
/// scale bar.
const BASELINES: [f32; 2] = [18.0, 58.0];

/// Design units that a text needs beside the scale bar and above it.
const LEAST_ROOM: [f32; 2] = [300.0, 160.0];

/// Design units of the line around its baseline.
const ABOVE: f32 = 28.0;
/// See [`ABOVE`].
const BELOW: f32 = 8.0;

/// What is to be said: each text once, in the order of the sets.
fn texts(config: &Config) -> Vec<&str> {
    let mut texts: Vec<&str> = Vec::new();
    for text in config.tiles.iter().filter_map(|set| set.attribution.as_deref()) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Where the line may stand, ground included, when there is anything to say.
/// `free` is in points, `unit` is points per design unit.
pub fn attribution_place(free: Rect, unit: f32, config: &Config) -> Option<Rect> {
    (!texts(config).is_empty()).then(|| place(free, unit))
}

fn place(free: Rect, unit: f32) -> Rect {
    let width = free.width() / unit;
    let ([left, right], baseline) = match width {
        _ if width >= LEFT + RIGHT + LEAST_ROOM[0] => ([LEFT, RIGHT], BASELINES[0]),
        _ if width >= EDGE + RIGHT + LEAST_ROOM[1] => ([EDGE, RIGHT], BASELINES[1]),
        _ => ([EDGE; 2], BASELINES[0]),
    };
    // On a map that is hardly higher than the line, at its top.
    let baseline = (free.bottom() - baseline * unit).max(free.top() + ABOVE * unit);
    Rect::from_min_max(
        pos2(free.left() + left * unit, baseline - ABOVE * unit),
        pos2(free.right() - right * unit, baseline + BELOW * unit),
    )
}

/// The part of `free` in which the legend finds its corner: all of it, or what is
/// above the line. `unit` is points per design unit.
pub fn free_for_legend(free: Rect, unit: f32, config: &Config) -> Rect {
    attribution_place(free, unit, config).map_or(free, |place| above(free, place, unit))
}

fn above(free: Rect, place: Rect, unit: f32) -> Rect {
    let is_under_legend = place.right() > free.right() - RIGHT * unit;
    if is_under_legend { Rect { max: pos2(free.right(), place.top()), ..free } } else { free }
}

/// Draws the line; nothing where there is nothing to say.
pub fn attribution_ui(ui: &mut Ui, free: Rect, view: &PanelView) {
    let Some(place) = attribution_place(free, view.unit, view.config) else { return };
    let pen = Pen::new(ui, view);
    let text = texts(view.config).join(" · ");
    let style = pen.small();
    let width = pen.width(&text, style).min(place.width());
    let [left, baseline] = [place.left(), place.bottom() - pen.u(BELOW)];
    let behind = Rect::from_min_max(place.min, pos2(left + width, place.bottom()));
    pen.fill(behind.expand2(vec2(pen.u(12.0), 0.0)), view.theme.panel);
    pen.text([left, baseline], Align::Min, &text, style, place.width());
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_text_is_said_once_in_the_order_of_the_sets() {
        let set =
            |n: usize, text: &str| format!("[[tiles]]\nid = \"t{n}\"\nkind = \"pmtiles\"\npath = \"t\"\n{text}\n");
        let said = ["甲", "乙", "甲", "丙", "乙"].map(|text| format!("attribution = \"{text}\""));
        let sets: String =
            said.iter().map(String::as_str).chain([""]).enumerate().map(|(n, text)| set(n, text)).collect();
        let source = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a\"\n";
        let config =
            Config::parse(&format!("{source}{sets}"), Path::new("t.toml")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(texts(&config), ["甲", "乙", "丙"]);
        let nothing = Config::parse(source, Path::new("t.toml")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(attribution_place(Rect::EVERYTHING, 1.0, &nothing), None);
    }

    #[test]
    fn there_is_room_on_every_stage_beside_scale_bar_and_legend() {
        for unit in [0.5, 1.0, 1.66] {
            for width in (150..4_000).step_by(7) {
                let size = vec2(width as f32, 700.0) * unit;
                let free = Rect::from_min_size(pos2(40.0, 90.0), size);
                let place = place(free, unit);
                assert!(place.width() >= 100.0 * unit && free.contains_rect(place), "{width}: {place:?}");
                let corner = |free: Rect, size: [f32; 2], is_left: bool| {
                    let left = if is_left { free.left() } else { free.right() - size[0] * unit };
                    Rect::from_min_size(pos2(left, free.bottom() - size[1] * unit), vec2(size[0], size[1]) * unit)
                };
                // As far as they are drawn.
                assert!(width < 640 || !place.intersects(corner(free, [285.0, 46.0], true)), "{width}: scale bar");
                assert!(
                    width < 312
                        || !place.shrink(0.1).intersects(corner(above(free, place, unit), [300.0, 240.0], false)),
                    "{width}: legend"
                );
            }
        }
    }
}
