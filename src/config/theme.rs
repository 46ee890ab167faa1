//! A theme: a file of colours, shipped (`assets/themes/`) or the operator's own.
//!
//! In: what `[wall] theme` names. Out: [`Theme`], every token of it, or all
//! complaints about its file, each with its place in it.
//!
//! How it works: `tokens!` lists the tokens once. What the program draws with
//! and how the file is read follow from it, for shipped files and others alike.
//! What is computed with colours, and what must be true of them, is `theme`'s.

use std::path::{Path, PathBuf};

use super::error::{Complaints, ConfigError};
use super::raw::{RawConfig, parsed, raw_table};
use super::read::{
    At, Choice, FromToml, Node, excerpt, not_among, quoted_list, read_key, refuse_unknown, table_in, wrong_type,
};

/// A shipped theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// Dark, for dim rooms.
    #[default]
    Midnight,
    /// Light, for bright rooms.
    Daylight,
    /// Black and white with bright lines.
    HighContrast,
}

impl ThemeName {
    /// All shipped themes.
    pub const ALL: [Self; 3] = [Self::Midnight, Self::Daylight, Self::HighContrast];

    /// The name in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Midnight => "midnight",
            Self::Daylight => "daylight",
            Self::HighContrast => "high-contrast",
        }
    }

    /// The text of its file.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Midnight => include_str!("../../assets/themes/midnight.toml"),
            Self::Daylight => include_str!("../../assets/themes/daylight.toml"),
            Self::HighContrast => include_str!("../../assets/themes/high-contrast.toml"),
        }
    }
}

/// An sRGB colour with straight alpha, 8 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgba(pub [u8; 4]);

impl Rgba {
    /// Reads `#RRGGBB` and `#RRGGBBAA`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let is_whole = matches!(digits.len(), 6 | 8) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_whole {
            return None;
        }
        let channel = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([channel(0)?, channel(2)?, channel(4)?, channel(6).unwrap_or(255)]))
    }
}

/// A part of a whole, 0–1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(pub f32);

/// Declares the tokens of a theme: [`Theme`], and the table that it is read from.
macro_rules! tokens {
    ($($(#[$doc:meta])* $token:ident: $kind:ty,)*) => {
        /// The colours of one theme. What must be true of them is in
        /// [`crate::theme::rules`].
        #[derive(Clone, Debug, PartialEq)]
        pub struct Theme {
            $($(#[$doc])* pub $token: $kind,)*
        }

        raw_table! {
            /// A theme file.
            RawTheme {
                /// Shipped theme that has what the file leaves out.
                base: ThemeName,
                $($(#[$doc])* $token: $kind,)*
            }
        }

        impl Theme {
            /// What `raw` holds, if it holds all.
            fn whole(raw: RawTheme) -> Option<Self> {
                Some(Self { $($token: raw.$token?.value,)* })
            }

            /// The same with what `raw` holds.
            fn with(mut self, raw: RawTheme) -> Self {
                $(if let Some(at) = raw.$token {
                    self.$token = at.value;
                })*
                self
            }
        }
    };
}

tokens! {
    /// Behind everything.
    ground: Rgba,
    /// The jurisdiction without data.
    land: Rgba,
    /// Ground of panels; translucent.
    panel: Rgba,
    /// Hairlines between and inside panels.
    hairline: Rgba,
    /// Text and figures.
    text: Rgba,
    /// Labels, units, ages.
    text_secondary: Rgba,
    /// The one accent.
    accent: Rgba,
    /// In order.
    good: Rgba,
    /// Needs a look.
    attention: Rgba,
    /// Needs a hand.
    alarm: Rgba,
    /// Delivers nothing.
    offline: Rgba,
    /// Context: water.
    water: Rgba,
    /// Context: parks.
    green: Rgba,
    /// Context: buildings.
    building: Rgba,
    /// Context: roads.
    road: Rgba,
    /// How bright context is outside the jurisdiction.
    outside: Share,
    /// Choropleth, few to many.
    classes: [Rgba; 7],
    /// Stops of the heat ramp, none to most; the first is transparent.
    heat: Vec<Rgba>,
    /// Stops of the ramp of differences: far fewer, as many, far more.
    diverging: [Rgba; 5],
    /// Whether edges glow: only light on dark does.
    glow: bool,
}

impl Theme {
    /// The shipped theme of this name.
    pub fn named(name: ThemeName) -> Self {
        Self::parse(name.text(), Path::new(name.name())).expect("a shipped theme is whole, as a test says")
    }

    /// Reads the text of a theme file; `path` is for messages.
    ///
    /// # Errors
    /// When it is not TOML, has an unknown key or a bad value, or leaves a token
    /// out and names no `base`: all complaints at once.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let (raw, mut complaints): (RawTheme, Complaints) = parsed(text, path)?;
        let theme = match raw.base.as_ref().map(|at| at.value) {
            Some(base) => Some(Self::named(base).with(raw)),
            None => {
                complain_of_missing(&raw, &mut complaints);
                Self::whole(raw)
            }
        };
        match theme {
            Some(theme) => complaints.unless_any(theme),
            None => Err(complaints.refusal()),
        }
    }
}

/// Complains about tokens that a file without a base leaves out.
fn complain_of_missing(raw: &RawTheme, complaints: &mut Complaints) {
    if complaints.concerns("base") {
        return;
    }
    let present: Vec<&str> = raw.present().into_iter().map(|(name, ..)| name).collect();
    let is_missing = |name: &&str| *name != "base" && !present.contains(name) && !complaints.concerns_within(name);
    let missing: Vec<&str> = RawTheme::KEYS.iter().copied().filter(is_missing).collect();
    if !missing.is_empty() {
        let message =
            format!("没有写 base 的主题要写全,缺少 {};只改几项时写 base = \"midnight\"", quoted_list(&missing));
        complaints.add_about_file(message);
    }
}

/// What `[wall] theme` names.
#[derive(Clone, Debug, PartialEq)]
pub enum ThemeChoice {
    /// A shipped theme.
    Shipped(ThemeName),
    /// A theme file, as it was written.
    File(String),
}

/// The theme file that the configuration at `path` names, whatever else is
/// wrong with either.
pub fn file_named_in(path: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(path).ok()?;
    let (raw, _): (RawConfig, Complaints) = parsed(&text, path).ok()?;
    match raw.wall?.value.theme?.value {
        ThemeChoice::File(file) => Some(path.parent().unwrap_or(Path::new("")).join(file)),
        ThemeChoice::Shipped(_) => None,
    }
}

impl FromToml for ThemeChoice {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let text = String::from_toml(node, key, complaints)?;
        if Path::new(&text).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            return Some(Self::File(text));
        }
        let name = ThemeName::parse_choice(&text);
        if name.is_none() {
            let message = not_among(&text, &ThemeName::ALL.map(ThemeName::name));
            complaints.add(node.span().start, key, format!("{message};自己的主题写文件的路径,以 .toml 结尾"));
        }
        name.map(Self::Shipped)
    }
}

impl FromToml for Rgba {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        const NOTATION: &str = r##"写作 "#RRGGBB" 或 "#RRGGBBAA""##;
        let Some(text) = node.get_ref().as_str() else {
            wrong_type(node, key, &format!("颜色({NOTATION})"), complaints);
            return None;
        };
        let color = Self::parse(text);
        if color.is_none() {
            complaints.add(node.span().start, key, format!("`{}` 不是颜色,{NOTATION}", excerpt(text)));
        }
        color
    }
}

impl FromToml for Share {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let share = f64::from_toml(node, key, complaints)?;
        let fits = (0.0..=1.0).contains(&share);
        if !fits {
            complaints.add(node.span().start, key, format!("应在 0 到 1 之间,却是 {share}"));
        }
        fits.then_some(Self(share as f32))
    }
}

/// The colours of a list; `None`, with complaints, where one is none.
fn colors(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Vec<Rgba>> {
    let written = node.get_ref().as_array().map_or(0, |array| array.iter().count());
    let colors = Vec::<At<Rgba>>::from_toml(node, key, complaints)?;
    (colors.len() == written).then(|| colors.into_iter().map(|at| at.value).collect())
}

/// A ramp.
impl FromToml for Vec<Rgba> {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        /// Fewer are no ramp, and nobody sees more.
        const STOPS: std::ops::RangeInclusive<usize> = 2..=16;
        let colors = colors(node, key, complaints)?;
        let fits = STOPS.contains(&colors.len());
        if !fits {
            let (least, most) = (STOPS.start(), STOPS.end());
            let message = format!("应有 {least} 到 {most} 个颜色,却有 {} 个", colors.len());
            complaints.add(node.span().start, key, message);
        }
        fits.then_some(colors)
    }
}

impl<const N: usize> FromToml for [Rgba; N] {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let colors = colors(node, key, complaints)?;
        let count = colors.len();
        let array = Self::try_from(colors).ok();
        if array.is_none() {
            complaints.add(node.span().start, key, format!("应有 {N} 个颜色,却有 {count} 个"));
        }
        array
    }
}
