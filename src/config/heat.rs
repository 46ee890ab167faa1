//! How the heat map shows what it shows.

/// The heat map.
#[derive(Clone, Debug, PartialEq)]
pub struct Heat {
    /// Events not older than this count.
    pub window_secs: f64,
    /// Standard deviation of the kernel, metres.
    pub radius_m: f64,
    /// Side of a square, width of a hexagon, metres.
    pub cell_m: f64,
    /// Density at the bright end of the ramp, events per km² per hour;
    /// `None` adapts slowly to what is there.
    pub full_scale: Option<f64>,
    /// Most places that are marked as hot.
    pub hotspots: usize,
    /// What a scene shows that says nothing else.
    pub style: HeatStyle,
}

/// Which events the heat map shows, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeatStyle {
    /// As what.
    pub form: HeatForm,
    /// How much an event counts.
    pub weight: HeatWeight,
    /// Whether it shows the difference.
    pub compare: HeatCompare,
    /// Major classes that count; empty = all.
    pub categories: Vec<String>,
    /// sRGB colour of its own; the theme's ramp when not set.
    pub color: Option<[u8; 3]>,
}

/// As what the heat map is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeatForm {
    /// A smooth surface.
    #[default]
    Density,
    /// Hexagons.
    Hexagon,
    /// Squares.
    Square,
}

impl HeatForm {
    /// All forms.
    pub const ALL: [Self; 3] = [Self::Density, Self::Hexagon, Self::Square];

    /// The name in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Density => "density",
            Self::Hexagon => "hexagon",
            Self::Square => "square",
        }
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Density => Self::Hexagon,
            Self::Hexagon => Self::Square,
            Self::Square => Self::Density,
        }
    }
}

/// How much an event counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeatWeight {
    /// Each as one.
    #[default]
    Count,
    /// An ordinary one as 1, a major one as 3, an urgent one as 9.
    Severity,
}

/// What the heat map is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeatCompare {
    /// With nothing: it shows what there is.
    #[default]
    None,
    /// With the same hours a week before: it shows the difference.
    LastWeek,
}
