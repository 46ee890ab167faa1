//! How pictures of tiles are toned down so that data stay readable over them.
//!
//! In: what the pictures of a set are like, the theme. Out: rows of the table in
//! `tile.wgsl`. A map is redrawn in the theme's own colours: its ground becomes
//! nothing, and whatever differs from it, darker or lighter, a tint; so a map for
//! a white desk does not dazzle on a dark wall. A photograph is dimmed and keeps a
//! little of its colour.

use crate::config::TileSet;
use crate::config::tiles::{MAX_TILE_SETS, TileLook};
use crate::layers::gpu::TileTone;
use crate::theme::{Rgba, Theme};

/// Lightness of the ground of a light map, and of a dark one, 0–1.
const LIGHT_PAPER: f32 = 0.96;
const DARK_PAPER: f32 = 0.10;

/// The tones of all sets.
pub(super) fn looks(sets: &[TileSet], theme: &Theme) -> [TileTone; MAX_TILE_SETS] {
    std::array::from_fn(|i| sets.get(i).map_or_else(TileTone::default, |set| tone(set, theme)))
}

fn tone(set: &TileSet, theme: &Theme) -> TileTone {
    let is_dark = theme.ground.luminance() < 0.2;
    let is_map = set.look != TileLook::Imagery;
    let ink = theme.road.mix(theme.text_secondary, if is_dark { 0.3 } else { 0.7 });
    // What differs little from the ground of a map, or is dark in a photograph;
    // and what differs much, or is light. Both are darker than the areas of a
    // light theme, so that they never lighten a figure's colour.
    let [low, high] = match (is_map, is_dark) {
        (_, true) => [theme.ground, ink],
        (true, false) => [ink, ink],
        (false, false) => [ink, theme.land],
    };
    let rgb = |color: Rgba, fourth: f32| {
        let [r, g, b, _] = color.linear();
        [r, g, b, fourth]
    };
    TileTone {
        low: rgb(low, set.opacity),
        high: rgb(high, if is_map && !is_dark { 0.35 } else { 0.15 }),
        paper: if set.look == TileLook::Dark { DARK_PAPER } else { LIGHT_PAPER },
        is_map: f32::from(u8::from(is_map)),
        paper_alpha: if is_map { 0.0 } else { 0.36 },
        ink_alpha: match (is_map, is_dark) {
            (true, true) => 0.85,
            (true, false) => 0.55,
            (false, _) => 0.36,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, ThemeName};

    fn sets(look: &str) -> Vec<TileSet> {
        let text = format!(
            "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a\"\n\
             [[tiles]]\nid = \"t\"\nkind = \"pmtiles\"\npath = \"t\"\nlook = \"{look}\"\n"
        );
        Config::parse(&text, Path::new("t.toml")).expect("valid").tiles
    }

    #[test]
    fn nothing_of_a_map_is_lighter_than_what_it_lies_on() {
        for theme in [ThemeName::Midnight, ThemeName::Daylight, ThemeName::HighContrast].map(Theme::named) {
            let under = if theme.ground.luminance() < 0.2 { theme.classes[6] } else { theme.classes[4] };
            for look in ["light", "dark"] {
                let tone = looks(&sets(look), &theme)[0];
                let under = under.linear();
                assert!((0..3).all(|i| tone.low[i] <= under[i]), "{look}: {tone:?} over {under:?}");
                assert_eq!((tone.is_map, tone.paper > 0.5), (1.0, look == "light"));
            }
            let photograph = looks(&sets("imagery"), &theme);
            assert_eq!((photograph[0].is_map, photograph[1]), (0.0, TileTone::default()));
        }
    }

    #[test]
    fn the_ground_of_a_map_hides_no_data() {
        assert_eq!(looks(&sets("light"), &Theme::named(ThemeName::Midnight))[0].paper_alpha, 0.0);
        assert!(looks(&sets("imagery"), &Theme::named(ThemeName::Midnight))[0].paper_alpha < 0.5);
    }
}
