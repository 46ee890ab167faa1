//! The file as written: every table with its keys, typed but not yet checked
//! against each other.
//!
//! In: the text of `config.toml`. Out: [`RawConfig`], in which a key that was
//! left out or could not be read is `None`, and the complaints so far.
//!
//! How it works: each struct below *is* the list of the keys of one table;
//! `raw_table!` derives the reader from it, so an unknown key is one that
//! has no field here. Reading goes on after a fault; only a text that is not
//! TOML ends it.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::choice::ClassingMethod;
use super::error::{Complaints, ConfigError};
use super::heat::{HeatCompare, HeatForm, HeatWeight};
use super::kind::{PanelType, TileKind};
use super::read::{At, FromToml, Node, read_key, refuse_unknown, table_in};
use super::syntax::translated;
use super::theme::ThemeChoice;
use super::tiles::TileLook;
use super::units::{ByteCount, DurationSecs, LengthM, PixelSize};
use super::{Audience, Layer, Occasion, Side, TiltStyle, Worst};
use crate::domain::area::Level;
use crate::domain::crs::Crs;
use crate::domain::event::{Channel, Severity};
use crate::domain::tiles::TileMatrix;

/// Most syntax errors that are told one by one: a picture that was saved as
/// `config.toml` has thousands.
const MAX_SYNTAX_ERRORS: usize = 100;

/// Declares the struct of one table and its reader.
macro_rules! raw_table {
    ($(#[$doc:meta])* $name:ident { $($(#[$key_doc:meta])* $key:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $($(#[$key_doc])* pub $key: Option<At<$kind>>,)*
        }

        impl $name {
            /// All keys of the table.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];

            /// The keys that were written and could be read: name, full path
            /// and byte offset of each.
            pub fn present(&self) -> Vec<(&'static str, &str, usize)> {
                let mut present = Vec::new();
                $(present.extend(self.$key.as_ref().map(|at| (stringify!($key), at.key.as_str(), at.key_offset)));)*
                present
            }
        }

        impl FromToml for $name {
            fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
                let table = table_in(node, key, complaints)?;
                refuse_unknown(table, key, Self::KEYS, complaints);
                Some(Self { $($key: read_key(table, key, stringify!($key), complaints),)* })
            }
        }
    };
}

pub(super) use raw_table;

// Behind the macro that it uses.
mod access;
mod alert;
mod briefing;
mod privacy;
mod remote;
mod source;

pub use access::{RawAnswer, RawCredential, RawTls};
pub use alert::{RawAlert, RawAlertDevice, RawAlertEvent, RawAlerting};
pub use briefing::{RawBriefing, RawBriefingStep};
pub use privacy::RawPrivacy;
pub use remote::{RawRemote, RawRemoteToken};
pub use source::{RawComputed, RawField, RawLimits, RawPaging, RawSource};

raw_table! {
    /// The whole file.
    RawConfig {
        /// `[wall]`
        wall: RawWall,
        /// `[closed_loop]`
        closed_loop: RawClosedLoop,
        /// `[map]`
        map: RawMap,
        /// `[heat]`
        heat: RawHeat,
        /// `[events]`
        events: RawEvents,
        /// `[cache]`
        cache: RawCache,
        /// `[warning]`
        warning: RawWarning,
        /// `[alerting]`
        alerting: RawAlerting,
        /// `[[alerts]]`
        alerts: Vec<At<RawAlert>>,
        /// `[privacy]`
        privacy: RawPrivacy,
        /// `[remote]`
        remote: RawRemote,
        /// `[[credentials]]`
        credentials: Vec<At<RawCredential>>,
        /// `[[sources]]`
        sources: Vec<At<RawSource>>,
        /// `[[tiles]]`
        tiles: Vec<At<RawTiles>>,
        /// `[[panels]]`
        panels: Vec<At<RawPanel>>,
        /// `[[scenes]]`
        scenes: Vec<At<RawScene>>,
        /// `[[briefings]]`
        briefings: Vec<At<RawBriefing>>,
    }
}

raw_table! {
    /// `[wall]`: the screen and what is true of all of it.
    RawWall {
        /// Title in the middle of the header.
        title: String,
        /// Window in physical pixels.
        size: PixelSize,
        /// Borderless over the whole monitor.
        fullscreen: bool,
        /// Colours.
        theme: ThemeChoice,
        /// Font families, first found wins.
        fonts: Vec<At<String>>,
        /// IANA name of the time zone.
        time_zone: String,
        /// For whom the wall is.
        audience: Audience,
        /// Time without a hand until the wall goes back to its scene.
        return_after: DurationSecs,
        /// Whether briefings open a window with their notes.
        notes_window: bool,
        /// `[wall.bezels]`
        bezels: RawBezels,
    }
}

raw_table! {
    /// `[wall.bezels]`: joints between the screens of the wall.
    RawBezels {
        /// Screens side by side.
        columns: u64,
        /// Screens on top of each other.
        rows: u64,
        /// Width of a joint, millimetres.
        gap_mm: f64,
        /// Width of one screen's picture, millimetres.
        screen_width_mm: f64,
    }
}

raw_table! {
    /// `[closed_loop]`: the stages of an event.
    RawClosedLoop {
        /// Names in order.
        stages: Vec<At<String>>,
    }
}

raw_table! {
    /// `[map]`
    RawMap {
        /// Code of the area shown at the start.
        focus: String,
        /// Name of the figure that colours the areas.
        fill: String,
        /// How figures are cut into classes.
        classing: ClassingMethod,
        /// Upper bounds of the classes, in place of a method.
        breaks: Vec<At<f64>>,
        /// Level whose areas are coloured and ranked.
        fill_level: Level,
        /// What rises while the map is tilted.
        tilt: TiltStyle,
        /// Factor on the heights.
        height: f64,
        /// Whether cameras and devices that crowd become one mark.
        clusters: bool,
    }
}

raw_table! {
    /// `[heat]`
    RawHeat {
        /// Events not older than this count.
        window: DurationSecs,
        /// Standard deviation of the kernel.
        radius: LengthM,
        /// Side of a square, width of a hexagon.
        cell: LengthM,
        /// Density at the bright end, events per km² per hour.
        full_scale: f64,
        /// Most places that are marked.
        hotspots: u64,
        /// As what it is drawn.
        form: HeatForm,
        /// How much an event counts.
        weight: HeatWeight,
        /// What it is compared with.
        compare: HeatCompare,
        /// Major classes that count.
        categories: Vec<At<String>>,
        /// Colour of its own.
        color: String,
    }
}

raw_table! {
    /// What a scene shows otherwise than `[heat]`.
    RawSceneHeat {
        /// Events not older than this count.
        window: DurationSecs,
        /// As what it is drawn.
        form: HeatForm,
        /// How much an event counts.
        weight: HeatWeight,
        /// What it is compared with.
        compare: HeatCompare,
        /// Major classes that count.
        categories: Vec<At<String>>,
        /// Colour of its own.
        color: String,
    }
}

raw_table! {
    /// `[events]`
    RawEvents {
        /// Events kept at most.
        keep: u64,
    }
}

raw_table! {
    /// `[cache]`: what came last, kept for a start without a network.
    RawCache {
        /// Whether anything is kept.
        enabled: bool,
        /// Where.
        folder: String,
        /// Bytes at most.
        size: ByteCount,
    }
}

raw_table! {
    /// `[warning]`
    RawWarning {
        /// Level of the areas.
        level: Level,
        /// Probability of a warning without a cause.
        risk: f64,
        /// Fewer events are no warning.
        least: u64,
    }
}

raw_table! {
    /// One of `[[tiles]]`.
    RawTiles {
        /// Unique id.
        id: String,
        /// Name on the wall.
        name: String,
        /// Where tiles come from.
        kind: TileKind,
        /// The file of an archive.
        path: String,
        /// Address with placeholders.
        url: String,
        /// What `{s}` stands for.
        subdomains: Vec<At<String>>,
        /// What `{key}` stands for.
        key: RawSecret,
        /// Extra request headers.
        headers: BTreeMap<String, At<RawHeader>>,
        /// Id of the credentials that are shown.
        credentials: String,
        /// Certificates.
        tls: RawTls,
        /// Datum that the tiles are drawn in.
        crs: Crs,
        /// How the world is cut.
        matrix: TileMatrix,
        /// Pixels across which a tile is shown.
        tile_size: u64,
        /// Shallowest level.
        min_zoom: u64,
        /// Deepest level.
        max_zoom: u64,
        /// Of the whole set, 0–1.
        opacity: f64,
        /// What its pictures are like.
        look: TileLook,
        /// Vector layer → what it is drawn as.
        layers: BTreeMap<String, At<String>>,
        /// What its licence wants said.
        attribution: String,
        /// Deadline until the connection stands.
        connect_timeout: DurationSecs,
        /// Deadline between any two bytes.
        idle_timeout: DurationSecs,
        /// Deadline until the last byte.
        whole_timeout: DurationSecs,
    }
}

raw_table! {
    /// One of `[[panels]]`.
    RawPanel {
        /// Unique id.
        id: String,
        /// What it shows.
        kind: PanelType,
        /// Title.
        title: String,
        /// Side of the map.
        side: Side,
        /// Column from the edge of the stage.
        column: u64,
        /// Columns that it covers.
        columns: u64,
        /// Rows that it covers.
        rows: u64,
        /// Area whose figures it shows.
        area: String,
        /// Ids of sources whose age and health it shows.
        sources: Vec<At<String>>,
        /// Names of key figures.
        figures: Vec<At<String>>,
        /// Level of the ranked areas.
        level: Level,
        /// Time until the next camera pictures.
        every: DurationSecs,
        /// Kind of devices that are listed by their readings.
        list: String,
        /// Which of their readings are the worst.
        worst: Worst,
    }
}

raw_table! {
    /// One of `[[scenes]]`.
    RawScene {
        /// Unique name.
        name: String,
        /// Visible layers.
        layers: Vec<At<Layer>>,
        /// Ids of visible panels.
        panels: Vec<At<String>>,
        /// Code of the area in focus.
        focus: String,
        /// Name of the figure that colours the areas.
        fill: String,
        /// What the heat map shows.
        heat: RawSceneHeat,
        /// Which events are on the map and in the list.
        filter: RawFilter,
        /// Tilt of the map, degrees.
        tilt: f64,
        /// What the clock runs through again and again.
        replay: RawSceneReplay,
        /// Time until the next scene.
        duration: DurationSecs,
        /// What there must be for the playlist to enter it.
        only_when: Vec<At<Occasion>>,
    }
}

raw_table! {
    /// Which events a scene shows on the map and in the list.
    RawFilter {
        /// Major classes.
        categories: Vec<At<String>>,
        /// Names of stages.
        stages: Vec<At<String>>,
        /// How serious.
        severities: Vec<At<Severity>>,
        /// Where they came from.
        channels: Vec<At<Channel>>,
    }
}

raw_table! {
    /// A part of a day that a scene plays again and again.
    RawSceneReplay {
        /// Time of day, `HH:MM`.
        from: String,
        /// Time of day, `HH:MM`.
        to: String,
        /// Days before today.
        days_ago: u64,
        /// Shown seconds per second.
        rate: u64,
    }
}

raw_table! {
    /// A header value that is kept elsewhere.
    RawSecret {
        /// Environment variable that holds it.
        env: String,
        /// File that holds it.
        file: String,
        /// Credential of systemd that holds it.
        credential: String,
    }
}

/// The value of a request header.
#[derive(Clone, PartialEq)]
pub enum RawHeader {
    /// Written in the file.
    Plain(String),
    /// Kept elsewhere.
    Secret(RawSecret),
}

/// Never shows a value that was written in the file: it may be a secret that
/// should not be there.
impl std::fmt::Debug for RawHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Secret(secret) => secret.fmt(f),
        }
    }
}

impl FromToml for RawHeader {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        match node.get_ref() {
            DeValue::String(_) => String::from_toml(node, key, complaints).map(Self::Plain),
            DeValue::Table(_) => RawSecret::from_toml(node, key, complaints).map(Self::Secret),
            _ => {
                let message =
                    r#"应为字符串、{ env = "变量名" }、{ file = "文件路径" } 或 { credential = "systemd 凭据名" }"#;
                complaints.add(node.span().start, key, message);
                None
            }
        }
    }
}

/// Reads a whole text, of `config.toml` or of a theme; `path` is for messages.
/// What could be read comes with the complaints about the rest, so that checking
/// can go on.
///
/// # Errors
/// When the text is not TOML: every syntax error, and nothing else,
/// because what a broken table seems to say is not worth judging.
pub(super) fn parsed<T: FromToml + Default>(text: &str, path: &Path) -> Result<(T, Complaints), ConfigError> {
    let mut complaints = Complaints::new(text, path);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors.iter().take(MAX_SYNTAX_ERRORS) {
        let offset = error.span().map_or(0, |span| span.start);
        complaints.add(offset, "", format!("TOML 语法错误:{}", translated(error.message())));
    }
    if let Some(more) = errors.len().checked_sub(MAX_SYNTAX_ERRORS).filter(|more| *more > 0) {
        complaints.add(text.len(), "", format!("还有 {more} 处语法错误未列出"));
    }
    let mut complaints = complaints.unless_any(Complaints::new(text, path))?;
    let root = Spanned::new(0..0, DeValue::Table(root.into_inner()));
    let raw = T::from_toml(&root, "", &mut complaints).unwrap_or_default();
    Ok((raw, complaints))
}
