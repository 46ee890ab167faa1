//! Glyphs made before they are needed, so that no frame waits for them.

use std::collections::HashMap;

use bevy_egui::egui;

use crate::model::Areas;
use crate::shell::fonts::BOLD;
use crate::theme::size;

/// Lays out every figure in every size and weight, so that no tick of
/// the clock has to make a glyph. Costs a few cache look-ups once the glyphs are there.
pub(super) fn warm_figures(painter: &egui::Painter, unit: f32) {
    for size in [size::SMALL, size::BODY, size::LARGE, size::FIGURE, size::HERO] {
        for family in [egui::FontFamily::Proportional, egui::FontFamily::Name(BOLD.into())] {
            let font = egui::FontId::new(size * unit, family);
            drop(painter.layout_no_wrap("0123456789:.,-+/%".to_owned(), font, egui::Color32::PLACEHOLDER));
        }
    }
}

/// Names' characters whose glyphs are not in the texture yet.
#[derive(Default)]
pub struct NameGlyphs {
    areas_revision: u64,
    /// Those still to come, most frequent last.
    left: Vec<char>,
}

/// Characters whose glyphs are made in one frame: each brings the texture to
/// the GPU anew, so they come together, but not so many that a frame is late.
const GLYPHS_PER_FRAME: usize = 120;

/// Most characters that are made ahead; a city's names have about a thousand.
const GLYPHS_AHEAD: usize = 1_200;

impl NameGlyphs {
    /// Lays out the characters of all names in the sizes of names, some each
    /// frame, so that panning and flying meet no new glyph.
    pub(super) fn names(&mut self, painter: &egui::Painter, areas: &Areas, unit: f32) {
        if self.areas_revision != areas.revision {
            self.areas_revision = areas.revision;
            let mut counts: HashMap<char, u32> = HashMap::new();
            for area in areas.tree.areas() {
                area.name.chars().for_each(|character| *counts.entry(character).or_default() += 1);
            }
            let mut order: Vec<(u32, char)> = counts.into_iter().map(|(character, count)| (count, character)).collect();
            order.sort_unstable();
            self.left = order.into_iter().rev().take(GLYPHS_AHEAD).rev().map(|(_, character)| character).collect();
        }
        let rest = self.left.len().saturating_sub(GLYPHS_PER_FRAME);
        let text: String = self.left.drain(rest..).collect();
        if text.is_empty() {
            return;
        }
        let bold = egui::FontFamily::Name(BOLD.into());
        for (size, family) in [
            (size::SMALL, egui::FontFamily::Proportional),
            (size::BODY, egui::FontFamily::Proportional),
            (size::BODY, bold),
        ] {
            let font = egui::FontId::new(size * unit, family);
            drop(painter.layout_no_wrap(text.clone(), font, egui::Color32::PLACEHOLDER));
        }
    }
}
