//! Something noticed about data that is worth telling an integrator.

/// What kind of thing was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// Two areas or records with one code.
    DuplicateCode,
    /// A parent code that no area has.
    Orphan,
    /// An area that is its own ancestor.
    Cycle,
    /// A feature without a geometry.
    NoGeometry,
    /// A geometry of a kind that this feed cannot use.
    WrongGeometry,
    /// A ring that crosses itself.
    SelfIntersection,
    /// A ring with fewer than three distinct points.
    DegenerateRing,
    /// A "hole" that lies outside its shell.
    HoleOutside,
    /// Coordinates that are not numbers or not on the Earth.
    BadCoordinate,
    /// A required field that is missing or of the wrong kind.
    BadField,
    /// A record or feature that could not be read at all.
    Unreadable,
    /// The encoding of a text was guessed.
    Encoding,
    /// The data fit another coordinate system better.
    Datum,
    /// A limit cut the data short.
    Limit,
    /// Two areas of one level that cover the same ground.
    Overlap,
    /// Points outside every area.
    Outside,
    /// Instants that have not come yet.
    Future,
    /// Events that are closed, and nobody tells since when.
    Untimed,
}

impl FindingKind {
    /// The name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DuplicateCode => "duplicate-code",
            Self::Orphan => "orphan",
            Self::Cycle => "cycle",
            Self::NoGeometry => "no-geometry",
            Self::WrongGeometry => "wrong-geometry",
            Self::SelfIntersection => "self-intersection",
            Self::DegenerateRing => "degenerate-ring",
            Self::HoleOutside => "hole-outside",
            Self::BadCoordinate => "bad-coordinate",
            Self::BadField => "bad-field",
            Self::Unreadable => "unreadable",
            Self::Encoding => "encoding",
            Self::Datum => "datum",
            Self::Limit => "limit",
            Self::Overlap => "overlap",
            Self::Outside => "outside",
            Self::Future => "future",
            Self::Untimed => "untimed",
        }
    }

    /// Whether the program mended it or makes up for it, so that nothing is lost on
    /// the wall.
    pub const fn is_mended(self) -> bool {
        matches!(self, Self::SelfIntersection | Self::HoleOutside | Self::Encoding | Self::Untimed)
    }
}

/// One thing noticed, with the record that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The kind, for counting and filtering.
    pub kind: FindingKind,
    /// Code, id or position (`#17`) of the record.
    pub subject: String,
    /// One sentence, without the subject.
    pub message: String,
}

impl Finding {
    /// A finding about `subject`.
    pub fn new(kind: FindingKind, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), message: message.into() }
    }
}
