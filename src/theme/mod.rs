//! Tokens of the look: colours, type scale, spacing, ramps. One file's worth of
//! decisions, used by egui and by the shaders alike.
//!
//! A leaf: imports nothing of the crate but the theme's name from `config`.

pub mod ramp;

use crate::config::ThemeName;

/// An sRGB colour with straight alpha, 8 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgba(pub [u8; 4]);

impl Rgba {
    /// An opaque colour from `0xRRGGBB`.
    pub const fn hex(rgb: u32) -> Self {
        Self([(rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8, 255])
    }

    /// The same colour with alpha `alpha`, 0–1.
    #[must_use]
    pub const fn alpha(self, alpha: f32) -> Self {
        let Self([r, g, b, _]) = self;
        Self([r, g, b, (alpha * 255.0 + 0.5) as u8])
    }

    /// Linear light and straight alpha: what shaders blend in.
    pub fn linear(self) -> [f32; 4] {
        let [r, g, b, a] = self.0;
        [linear_from_srgb(r), linear_from_srgb(g), linear_from_srgb(b), f32::from(a) / 255.0]
    }

    /// The colour `t` of the way to `other`, mixed in Oklab so that equal steps
    /// look equal.
    #[must_use]
    pub fn mix(self, other: Self, t: f32) -> Self {
        let (a, b) = (oklab_from_linear(self.linear()), oklab_from_linear(other.linear()));
        let lab = [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * t);
        let alpha = f32::from(self.0[3]) + (f32::from(other.0[3]) - f32::from(self.0[3])) * t;
        let [r, g, b] = linear_from_oklab(lab).map(srgb_from_linear);
        Self([r, g, b, alpha.round() as u8])
    }

    /// Relative luminance (WCAG 2.2), 0–1; alpha is ignored.
    pub fn luminance(self) -> f32 {
        let [r, g, b, _] = self.linear();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Contrast ratio (WCAG 2.2), 1–21.
    pub fn contrast(self, other: Self) -> f32 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

/// IEC 61966-2-1, one channel.
pub fn linear_from_srgb(value: u8) -> f32 {
    let v = f32::from(value) / 255.0;
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// IEC 61966-2-1, one channel, rounded to 8 bits.
pub fn srgb_from_linear(value: f32) -> u8 {
    let v = value.clamp(0.0, 1.0);
    let s = if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    (s * 255.0).round() as u8
}

/// Björn Ottosson, "A perceptual color space for image processing" (2020).
pub fn oklab_from_linear([r, g, b, _]: [f32; 4]) -> [f32; 3] {
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// Inverse of [`oklab_from_linear`], without alpha.
pub fn linear_from_oklab([lightness, a, b]: [f32; 3]) -> [f32; 3] {
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ]
}

/// The colours of one theme. Text meets [`Theme::panel`] and [`Theme::ground`]
/// at a contrast of at least 7 (tested).
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Behind everything.
    pub ground: Rgba,
    /// The jurisdiction without data.
    pub land: Rgba,
    /// Ground of panels; translucent.
    pub panel: Rgba,
    /// Hairlines between and inside panels.
    pub hairline: Rgba,
    /// Text and figures.
    pub text: Rgba,
    /// Labels, units, ages.
    pub text_secondary: Rgba,
    /// The one accent.
    pub accent: Rgba,
    /// In order.
    pub good: Rgba,
    /// Needs a look.
    pub attention: Rgba,
    /// Needs a hand.
    pub alarm: Rgba,
    /// Delivers nothing.
    pub offline: Rgba,
    /// Context: water.
    pub water: Rgba,
    /// Context: parks.
    pub green: Rgba,
    /// Context: buildings.
    pub building: Rgba,
    /// Context: roads.
    pub road: Rgba,
    /// Choropleth, seven steps, few to many.
    pub classes: [Rgba; 7],
    /// Stops of the heat ramp, none to most; the first is transparent.
    pub heat: &'static [Rgba],
    /// How bright context is outside the jurisdiction, 0–1.
    pub outside: f32,
    /// Whether edges glow: only light on dark does.
    pub glow: bool,
}

/// Type sizes in design units (1/1080 of the wall's height).
pub mod size {
    /// Ages, units, axis labels: the smallest there is.
    pub const SMALL: f32 = 16.0;
    /// Lists, panel titles.
    pub const BODY: f32 = 20.0;
    /// Stage counts, area names in a card.
    pub const LARGE: f32 = 28.0;
    /// Key figures, the wall's title.
    pub const FIGURE: f32 = 40.0;
    /// One number from across the room.
    pub const HERO: f32 = 64.0;
}

/// Distances in design units.
pub mod space {
    /// Edge of the wall to the first panel.
    pub const MARGIN: f32 = 24.0;
    /// Between panels.
    pub const GUTTER: f32 = 16.0;
    /// Panel edge to content.
    pub const PADDING: f32 = 16.0;
    /// Height of the header.
    pub const HEADER: f32 = 88.0;
    /// Width of a panel column.
    pub const COLUMN: f32 = 416.0;
}

/// The height of the design: one unit is 1/1080 of the wall's height.
pub const DESIGN_HEIGHT: f32 = 1080.0;

const MIDNIGHT_HEAT: &[Rgba] = &[
    Rgba([0x1B, 0x0C, 0x41, 0x00]),
    Rgba([0x3A, 0x0E, 0x63, 0x8C]),
    Rgba([0x7A, 0x1D, 0x6D, 0xBE]),
    Rgba([0xBC, 0x37, 0x54, 0xD7]),
    Rgba([0xED, 0x69, 0x25, 0xE6]),
    Rgba([0xFB, 0xB3, 0x2F, 0xF0]),
    Rgba([0xFC, 0xFF, 0xC8, 0xF5]),
];

const DAYLIGHT_HEAT: &[Rgba] = &[
    Rgba([0xFF, 0xE9, 0xB0, 0x00]),
    Rgba([0xFD, 0xC9, 0x7A, 0x8C]),
    Rgba([0xF6, 0x93, 0x55, 0xBE]),
    Rgba([0xDD, 0x5A, 0x4E, 0xD7]),
    Rgba([0xA8, 0x2A, 0x57, 0xE6]),
    Rgba([0x5E, 0x12, 0x54, 0xF5]),
];

impl Theme {
    /// The built-in theme of this name.
    pub fn named(name: ThemeName) -> Self {
        match name {
            ThemeName::Midnight => Self::midnight(),
            ThemeName::Daylight => Self::daylight(),
            ThemeName::HighContrast => Self::high_contrast(),
        }
    }

    fn midnight() -> Self {
        let land = Rgba::hex(0x0B1A2B);
        Self {
            ground: Rgba::hex(0x06101C),
            land,
            panel: Rgba::hex(0x0A1726).alpha(0.82),
            hairline: Rgba::hex(0x1E3A56),
            text: Rgba::hex(0xE6F0FA),
            text_secondary: Rgba::hex(0x9DB4CA),
            accent: Rgba::hex(0x35C8E0),
            good: Rgba::hex(0x45D494),
            attention: Rgba::hex(0xF0B545),
            alarm: Rgba::hex(0xFF8086),
            offline: Rgba::hex(0x8FA3B8),
            water: Rgba::hex(0x124069),
            green: Rgba::hex(0x12393A),
            building: Rgba::hex(0x6E93B5).alpha(0.22),
            road: Rgba::hex(0x3A5C7C),
            classes: [0x0E2236, 0x12304A, 0x173F60, 0x1C4F77, 0x22608F, 0x2A73A8, 0x3588C2].map(Rgba::hex),
            heat: MIDNIGHT_HEAT,
            outside: 0.30,
            glow: true,
        }
    }

    fn daylight() -> Self {
        Self {
            ground: Rgba::hex(0xE9EEF3),
            land: Rgba::hex(0xFBFCFD),
            panel: Rgba::hex(0xFFFFFF).alpha(0.92),
            hairline: Rgba::hex(0xC2CEDA),
            text: Rgba::hex(0x10202F),
            text_secondary: Rgba::hex(0x394B5B),
            accent: Rgba::hex(0x0B5E78),
            good: Rgba::hex(0x00573A),
            attention: Rgba::hex(0x6B4700),
            alarm: Rgba::hex(0x8E0F3C),
            offline: Rgba::hex(0x3F4C66),
            water: Rgba::hex(0xC3DCEC),
            green: Rgba::hex(0xD6E8D5),
            building: Rgba::hex(0x6A7C8E).alpha(0.18),
            road: Rgba::hex(0xC4CED8),
            classes: [0xF1F6FA, 0xDEEAF4, 0xC7DCEC, 0xABCBE2, 0x8CB7D6, 0x6AA0C8, 0x4A88B8].map(Rgba::hex),
            heat: DAYLIGHT_HEAT,
            outside: 1.0,
            glow: false,
        }
    }

    fn high_contrast() -> Self {
        Self {
            ground: Rgba::hex(0x000000),
            land: Rgba::hex(0x0A0A0A),
            panel: Rgba::hex(0x000000).alpha(0.94),
            hairline: Rgba::hex(0x808080),
            text: Rgba::hex(0xFFFFFF),
            text_secondary: Rgba::hex(0xD6D6D6),
            accent: Rgba::hex(0x5CE1FF),
            good: Rgba::hex(0x5CF2A5),
            attention: Rgba::hex(0xFFD24A),
            alarm: Rgba::hex(0xFF8A8F),
            offline: Rgba::hex(0xB8B8B8),
            road: Rgba::hex(0x4A4A4A),
            building: Rgba::hex(0x9A9A9A).alpha(0.22),
            ..Self::midnight()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ThemeName; 3] = [ThemeName::Midnight, ThemeName::Daylight, ThemeName::HighContrast];

    /// What lies behind a panel is anything on the map: the panel over black
    /// and over white bound it.
    fn panel_over(theme: &Theme, behind: Rgba) -> Rgba {
        let alpha = f32::from(theme.panel.0[3]) / 255.0;
        let mixed = |i: usize| (f32::from(theme.panel.0[i]) * alpha + f32::from(behind.0[i]) * (1.0 - alpha)) as u8;
        Rgba([mixed(0), mixed(1), mixed(2), 255])
    }

    #[test]
    fn text_is_readable_on_its_ground() {
        for name in ALL {
            let theme = Theme::named(name);
            let panel = panel_over(&theme, theme.land);
            for (what, colour) in [
                ("text", theme.text),
                ("secondary", theme.text_secondary),
                ("good", theme.good),
                ("attention", theme.attention),
                ("alarm", theme.alarm),
                ("offline", theme.offline),
                ("accent", theme.accent),
            ] {
                let minimum = if matches!(what, "offline" | "accent") { 5.5 } else { 7.0 };
                for ground in [panel, theme.ground] {
                    let contrast = colour.contrast(ground);
                    assert!(contrast >= minimum, "{name:?} {what}: {contrast:.2} < {minimum}");
                }
            }
        }
    }

    #[test]
    fn heat_gets_steadily_brighter_on_dark_and_darker_on_light() {
        for name in ALL {
            let theme = Theme::named(name);
            assert_eq!(theme.heat[0].0[3], 0, "{name:?} begins transparent");
            let lightness: Vec<f32> = theme.heat.iter().map(|c| oklab_from_linear(c.linear())[0]).collect();
            let up = lightness.last() > lightness.first();
            assert!(lightness.windows(2).all(|w| (w[1] > w[0]) == up), "{name:?}: {lightness:?}");
        }
    }

    #[test]
    fn choropleth_steps_are_ordered_and_apart() {
        for name in ALL {
            let lightness: Vec<f32> =
                Theme::named(name).classes.iter().map(|c| oklab_from_linear(c.linear())[0]).collect();
            assert!(lightness.windows(2).all(|w| (w[1] - w[0]).abs() > 0.02), "{name:?}: {lightness:?}");
        }
    }

    #[test]
    fn meanings_stay_apart_without_red_green_vision() {
        // Viénot, Brettel & Mollon (1999): deuteranopia and protanopia in linear RGB.
        let simulate = |c: Rgba, rows: [[f32; 3]; 3]| {
            let [r, g, b, _] = c.linear();
            let v = rows.map(|row| row[0] * r + row[1] * g + row[2] * b);
            oklab_from_linear([v[0], v[1], v[2], 1.0])
        };
        let deutan = [[0.292_75, 0.707_25, 0.0], [0.292_75, 0.707_25, 0.0], [-0.022_34, 0.022_34, 1.0]];
        let protan = [[0.112_38, 0.887_62, 0.0], [0.112_38, 0.887_62, 0.0], [0.004_01, -0.004_01, 1.0]];
        for name in ALL {
            let theme = Theme::named(name);
            let meanings = [theme.good, theme.attention, theme.alarm, theme.offline];
            for rows in [deutan, protan] {
                for i in 0..meanings.len() {
                    for j in 0..i {
                        let (a, b) = (simulate(meanings[i], rows), simulate(meanings[j], rows));
                        let distance = (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f32>().sqrt();
                        assert!(distance > 0.025, "{name:?}: {i} and {j} look alike ({distance:.3})");
                    }
                }
            }
        }
    }

    #[test]
    fn mixing_keeps_the_ends() {
        let (a, b) = (Rgba::hex(0x123456), Rgba::hex(0xFEDCBA));
        assert_eq!(a.mix(b, 0.0), a);
        assert_eq!(a.mix(b, 1.0), b);
    }
}
