//! Tokens of the look: colours, type scale, spacing, ramps, used by egui and by
//! the shaders alike. Which colours there are, a file says, which `config` reads;
//! what is computed with them, and what must be true of them, stands here.
//!
//! A leaf: imports nothing of the crate but the theme from `config`.

pub mod ramp;
pub mod rules;

pub use crate::config::theme::{Rgba, Theme};

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

    /// The opaque colour that is seen where this one lies over `ground`, blended
    /// as egui blends.
    #[must_use]
    pub fn over(self, ground: Self) -> Self {
        let alpha = f32::from(self.0[3]) / 255.0;
        let channel = |i: usize| f32::from(self.0[i]) * alpha + f32::from(ground.0[i]) * (1.0 - alpha);
        let [r, g, b] = [0, 1, 2].map(|i| channel(i).round() as u8);
        Self([r, g, b, 255])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_keeps_the_ends() {
        let (a, b) = (Rgba::hex(0x123456), Rgba::hex(0xFEDCBA));
        assert_eq!(a.mix(b, 0.0), a);
        assert_eq!(a.mix(b, 1.0), b);
        assert_eq!((a.over(b), a.alpha(0.0).over(b)), (a, b));
    }
}
