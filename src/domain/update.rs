//! What sources send to the model.

use super::area::Area;
use super::camera::Camera;
use super::change::{CameraChange, DeviceChange};
use super::context::ContextFeature;
use super::device::Device;
use super::event::Event;
use super::figure::Figure;
use super::finding::Finding;
use super::health::{SourceHealth, SourceId};
use super::tiles::{TileContent, TileId, TileSetId, TileSetInfo};
use super::track::Track;

/// Records of one kind. Replacing kinds carry the source's whole set; events,
/// and what sources that push tell of single things, are merged by id.
#[derive(Clone, Debug)]
pub enum Records {
    /// Replaces the source's areas.
    Areas(Vec<Area>),
    /// Merged by id.
    Events(Vec<Event>),
    /// Replaces the source's cameras.
    Cameras(Vec<Camera>),
    /// Replaces the source's devices.
    Devices(Vec<Device>),
    /// Replaces the source's tracks.
    Tracks(Vec<Track>),
    /// Replaces the source's figures.
    Figures(Vec<Figure>),
    /// Replaces the source's context.
    Context(Vec<ContextFeature>),
    /// Merged by id, over the cameras of all sources.
    CameraChanges(Vec<CameraChange>),
    /// Merged by id, over the devices of all sources.
    DeviceChanges(Vec<DeviceChange>),
    /// Points added by id to the source's tracks.
    TrackChanges(Vec<Track>),
    /// Merged by key and area into the source's figures.
    FigureChanges(Vec<Figure>),
}

impl Records {
    /// How many records.
    pub fn len(&self) -> usize {
        match self {
            Self::Areas(r) => r.len(),
            Self::Events(r) => r.len(),
            Self::Cameras(r) => r.len(),
            Self::Devices(r) => r.len(),
            Self::Tracks(r) => r.len(),
            Self::Figures(r) => r.len(),
            Self::Context(r) => r.len(),
            Self::CameraChanges(r) => r.len(),
            Self::DeviceChanges(r) => r.len(),
            Self::TrackChanges(r) => r.len(),
            Self::FigureChanges(r) => r.len(),
        }
    }

    /// Whether they are a source's whole set, in the place of what it told before.
    pub fn is_set(&self) -> bool {
        match self {
            Self::Areas(_)
            | Self::Cameras(_)
            | Self::Devices(_)
            | Self::Tracks(_)
            | Self::Figures(_)
            | Self::Context(_) => true,
            Self::Events(_)
            | Self::CameraChanges(_)
            | Self::DeviceChanges(_)
            | Self::TrackChanges(_)
            | Self::FigureChanges(_) => false,
        }
    }

    /// No record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One message from a source.
#[derive(Clone, Debug)]
pub enum Update {
    /// New records, with what was noticed while reading them.
    Records {
        /// Which source.
        source: SourceId,
        /// What came.
        records: Records,
        /// What was noticed.
        findings: Vec<Finding>,
    },
    /// How the source is doing.
    Health {
        /// Which source.
        source: SourceId,
        /// Its state.
        health: SourceHealth,
    },
    /// A camera's latest still picture, decoded.
    Picture {
        /// Which source the camera came from.
        source: SourceId,
        /// Which camera.
        camera: String,
        /// The picture, or why there is none.
        picture: Result<Picture, String>,
    },
    /// A tile set was opened, or opened anew: what came of it before is void.
    TileSet {
        /// Which set.
        set: TileSetId,
        /// What it is like.
        info: TileSetInfo,
    },
    /// One tile, decoded.
    Tile {
        /// Which set.
        set: TileSetId,
        /// Which of its tiles.
        tile: TileId,
        /// What it holds.
        content: TileContent,
    },
}

/// A decoded picture: sRGB, straight alpha, rows top down.
#[derive(Clone, PartialEq)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width × height × 4` bytes.
    pub rgba: std::sync::Arc<[u8]>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}×{})", self.width, self.height)
    }
}
