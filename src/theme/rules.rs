//! What must be true of a theme, so that everybody in the room can read it.
//!
//! In: a [`Theme`]. Out: each rule that it breaks, with the token that breaks
//! it. Shipped themes break none (tested); one of the operator's own that does
//! is used all the same, and `check` and the log say so.

use super::{Rgba, Theme, oklab_from_linear};

/// Contrast of text and of what is as fine as text.
const TEXT_CONTRAST: f32 = 7.0;

/// Contrast of what always comes with a shape or a word.
const MARK_CONTRAST: f32 = 5.5;

/// Least difference in lightness between steps of the choropleth, in Oklab.
const STEP_LIGHTNESS: f32 = 0.02;

/// Least distance in Oklab of colours with a meaning, as those see them who see
/// no red or no green.
const MEANING_DISTANCE: f32 = 0.025;

/// Least distance, seen so, of the two ends of the ramp of differences.
const ENDS_DISTANCE: f32 = 0.1;

/// What somebody sees who lacks one kind of cones: rows of a matrix in linear
/// RGB (Viénot, Brettel & Mollon 1999).
struct Vision {
    name: &'static str,
    rows: [[f32; 3]; 3],
}

const VISIONS: [Vision; 2] = [
    Vision {
        name: "绿色盲", rows: [[0.292_75, 0.707_25, 0.0], [0.292_75, 0.707_25, 0.0], [-0.022_34, 0.022_34, 1.0]]
    },
    Vision {
        name: "红色盲", rows: [[0.112_38, 0.887_62, 0.0], [0.112_38, 0.887_62, 0.0], [0.004_01, -0.004_01, 1.0]]
    },
];

impl Vision {
    /// How far apart two colours look, in Oklab.
    fn distance(&self, a: Rgba, b: Rgba) -> f32 {
        let seen = |color: Rgba| {
            let [r, g, b, _] = color.linear();
            let [r, g, b] = self.rows.map(|row| row[0] * r + row[1] * g + row[2] * b);
            oklab_from_linear([r, g, b, 1.0])
        };
        let (a, b) = (seen(a), seen(b));
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f32>().sqrt()
    }
}

/// A rule that a theme breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The token that breaks it.
    pub token: &'static str,
    /// One sentence.
    pub message: String,
}

/// Every rule that `theme` breaks.
pub fn breaches(theme: &Theme) -> Vec<Breach> {
    let mut found = Vec::new();
    contrast(theme, &mut found);
    heat(theme, &mut found);
    classes(theme, &mut found);
    meanings(theme, &mut found);
    differences(theme, &mut found);
    found
}

/// What is written is read on the ground and on panels. Those let through what
/// lies behind: mostly land.
fn contrast(theme: &Theme, found: &mut Vec<Breach>) {
    let grounds = [("panel", theme.panel.over(theme.land)), ("ground", theme.ground)];
    for (token, color, least) in [
        ("text", theme.text, TEXT_CONTRAST),
        ("text_secondary", theme.text_secondary, TEXT_CONTRAST),
        ("good", theme.good, TEXT_CONTRAST),
        ("attention", theme.attention, TEXT_CONTRAST),
        ("alarm", theme.alarm, TEXT_CONTRAST),
        ("offline", theme.offline, MARK_CONTRAST),
        ("accent", theme.accent, MARK_CONTRAST),
    ] {
        let contrasts = grounds.map(|(ground, behind)| (ground, color.over(behind).contrast(behind)));
        let worst = contrasts.into_iter().min_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some((ground, contrast)) = worst.filter(|(_, contrast)| *contrast < least) {
            // Rounded down: 6.996 is not 7.
            let contrast = (contrast * 100.0).floor() / 100.0;
            let message = format!("`{token}` 在 `{ground}` 上的对比度是 {contrast:.2},应不低于 {least}");
            found.push(Breach { token, message });
        }
    }
}

fn lightness(color: &Rgba) -> f32 {
    oklab_from_linear(color.linear())[0]
}

/// Whether each colour is lighter, or each darker, than the one before it by
/// more than `step`.
fn is_steady(colors: &[Rgba], step: f32) -> bool {
    let steps: Vec<f32> = colors.windows(2).map(|pair| lightness(&pair[1]) - lightness(&pair[0])).collect();
    steps.iter().all(|&by| by > step) || steps.iter().all(|&by| by < -step)
}

fn heat(theme: &Theme, found: &mut Vec<Breach>) {
    let mut breach = |message: &str| found.push(Breach { token: "heat", message: message.to_owned() });
    if theme.heat.first().is_some_and(|none| none.0[3] != 0) {
        breach("`heat` 的第一个颜色应全透明(末两位 00):没有事件的地方要看得见地图");
    }
    if !is_steady(&theme.heat, 0.0) {
        breach("`heat` 应一直变亮或一直变暗:不辨颜色的人只看明暗");
    }
}

fn classes(theme: &Theme, found: &mut Vec<Breach>) {
    if !is_steady(&theme.classes, STEP_LIGHTNESS) {
        let message = format!("`classes` 应一级比一级亮(或暗),相邻两级的明度至少差 {STEP_LIGHTNESS}");
        found.push(Breach { token: "classes", message });
    }
}

/// What colours mean is told apart without red or green.
fn meanings(theme: &Theme, found: &mut Vec<Breach>) {
    let meanings =
        [("good", theme.good), ("attention", theme.attention), ("alarm", theme.alarm), ("offline", theme.offline)];
    for (index, (token, color)) in meanings.into_iter().enumerate() {
        for (other, before) in &meanings[..index] {
            let alike: Vec<&str> = VISIONS
                .iter()
                .filter(|vision| vision.distance(color, *before) <= MEANING_DISTANCE)
                .map(|vision| vision.name)
                .collect();
            if !alike.is_empty() {
                let message = format!("`{token}` 与 `{other}` 在{}者看来几乎相同", alike.join("、"));
                found.push(Breach { token, message });
            }
        }
    }
}

/// More and less are told apart without red or green.
fn differences(theme: &Theme, found: &mut Vec<Breach>) {
    let [less, .., more] = theme.diverging;
    for vision in VISIONS.iter().filter(|vision| vision.distance(less, more) <= ENDS_DISTANCE) {
        let message = format!("`diverging` 的两端在{}者看来太接近", vision.name);
        found.push(Breach { token: "diverging", message });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::ThemeName;

    fn tokens(theme: &Theme) -> Vec<&'static str> {
        breaches(theme).into_iter().map(|breach| breach.token).collect()
    }

    #[test]
    fn shipped_themes_break_no_rule() {
        for name in ThemeName::ALL {
            assert_eq!(breaches(&Theme::named(name)), [], "{name:?}");
        }
    }

    #[test]
    fn heat_gets_brighter_on_dark_and_darker_on_light() {
        for name in ThemeName::ALL {
            let theme = Theme::named(name);
            let is_dark = theme.ground.luminance() < 0.2;
            let up = theme.heat.last().map(lightness) > theme.heat.first().map(lightness);
            assert_eq!(up, is_dark, "{name:?}");
        }
    }

    #[test]
    fn text_that_is_hard_to_read_is_named_with_its_ground() {
        let mut theme = Theme::named(ThemeName::Midnight);
        theme.text_secondary = Rgba::hex(0x50657A);
        let found = breaches(&theme);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].token, "text_secondary");
        assert!(found[0].message.contains("在 `panel` 上的对比度是 2.9"), "{}", found[0].message);
        // What shines through a panel is read on as well.
        let mut theme = Theme::named(ThemeName::Daylight);
        theme.panel = Rgba::hex(0x000000).alpha(0.5);
        assert!(tokens(&theme).contains(&"text"), "{:?}", tokens(&theme));
        // And what shines through text.
        let mut theme = Theme::named(ThemeName::HighContrast);
        theme.text = theme.text.alpha(0.4);
        assert_eq!(tokens(&theme), ["text"]);
    }

    #[test]
    fn meanings_that_red_green_blind_people_confuse_are_named() {
        let mut theme = Theme::named(ThemeName::Midnight);
        // Alike to an eye without green cones only.
        theme.good = Rgba::hex(0x9BC864);
        theme.alarm = Rgba::hex(0xF0A064);
        let found = breaches(&theme);
        let message = found.iter().find(|breach| breach.token == "alarm").map(|breach| breach.message.as_str());
        assert_eq!(message, Some("`alarm` 与 `good` 在绿色盲者看来几乎相同"), "{found:?}");
    }

    #[test]
    fn ramps_that_mislead_are_named() {
        let mut theme = Theme::named(ThemeName::Midnight);
        theme.heat[0] = theme.heat[0].alpha(1.0);
        assert_eq!(tokens(&theme), ["heat"]);
        theme.heat.swap(1, 3);
        assert_eq!(tokens(&theme), ["heat", "heat"]);
        let mut theme = Theme::named(ThemeName::Midnight);
        theme.classes[3] = theme.classes[2];
        assert_eq!(tokens(&theme), ["classes"]);
        let mut theme = Theme::named(ThemeName::Midnight);
        theme.diverging[4] = theme.diverging[0];
        assert_eq!(tokens(&theme), ["diverging", "diverging"]);
    }

    proptest! {
        /// Text in the ground's own colour is never passed, whatever the ground.
        #[test]
        fn text_on_its_own_colour_is_always_named(rgb in 0_u32..0x100_0000) {
            let mut theme = Theme::named(ThemeName::Midnight);
            (theme.ground, theme.text) = (Rgba::hex(rgb), Rgba::hex(rgb));
            prop_assert!(tokens(&theme).contains(&"text"));
        }
    }
}
