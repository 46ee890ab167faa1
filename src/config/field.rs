//! What the fields of the domain hold.
//!
//! In: a feed and the name of a field. Out: its [`FieldKind`]: how it is read,
//! and which words it knows.

use super::source::Feed;
use crate::domain::area::Level;
use crate::domain::context::ContextKind;
use crate::domain::device::DeviceState;
use crate::domain::event::{Channel, Severity};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// What tells records apart.
    Id,
    /// The code of an area.
    AreaCode,
    /// Any text.
    Text,
    /// A number.
    Number,
    /// East, or degrees of longitude.
    Longitude,
    /// North, or degrees of latitude.
    Latitude,
    /// An instant.
    Time,
    /// Yes or no.
    Flag,
    /// A stage of the closed loop.
    Stage,
    /// How serious.
    Severity,
    /// How an event came in.
    Channel,
    /// State of a device.
    DeviceState,
    /// Level of an area.
    Level,
    /// What a grid is for.
    AreaKind,
    /// Water, roads, buildings.
    ContextKind,
    /// A geometry or a pair.
    Geometry,
    /// Places with times.
    Path,
    /// The address of a picture.
    Picture,
    /// Lists and objects of other forms.
    Structure,
}

impl FieldKind {
    /// What a field of a feed holds.
    pub fn of(feed: Feed, field: &str) -> Self {
        match (feed, field) {
            (Feed::Areas, "code") | (Feed::Figures, "key") | (_, "id") => Self::Id,
            (Feed::Areas, "parent") | (_, "area") => Self::AreaCode,
            (_, "lon") => Self::Longitude,
            (_, "lat") => Self::Latitude,
            (_, "geometry") => Self::Geometry,
            (Feed::Areas, "level") => Self::Level,
            (Feed::Areas, "kind") => Self::AreaKind,
            (Feed::Context, "kind") => Self::ContextKind,
            (Feed::Events, "stage") => Self::Stage,
            (Feed::Events, "severity") => Self::Severity,
            (Feed::Events, "channel") => Self::Channel,
            (Feed::Devices, "state") => Self::DeviceState,
            (_, "reported" | "due" | "closed" | "read" | "time") => Self::Time,
            (_, "solved" | "satisfied" | "online" | "more_is_better") => Self::Flag,
            (_, "households" | "returned" | "value" | "numerator" | "denominator" | "previous" | "rank") => {
                Self::Number
            }
            (_, "picture") => Self::Picture,
            (_, "points") => Self::Path,
            (_, "history" | "series" | "responsible") => Self::Structure,
            _ => Self::Text,
        }
    }

    /// Whether a word means something here; all words do where any may stand.
    pub fn knows(self, word: &str) -> bool {
        match self {
            Self::Severity => Severity::parse(word).is_some(),
            Self::Channel => Channel::parse(word).is_some(),
            Self::DeviceState => DeviceState::parse(word).is_some(),
            Self::Level => Level::parse(word).is_some() || ["province", "country", "省"].contains(&word),
            Self::ContextKind => ContextKind::parse(word).is_some(),
            _ => true,
        }
    }

    /// Whether its words are of a fixed set, so that a table may translate them.
    pub const fn is_word(self) -> bool {
        matches!(
            self,
            Self::Flag
                | Self::Stage
                | Self::Severity
                | Self::Channel
                | Self::DeviceState
                | Self::Level
                | Self::AreaKind
                | Self::ContextKind
        )
    }
}
