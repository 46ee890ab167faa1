//! What may be asked of the wall.

use image::DynamicImage;
use tokio::sync::oneshot;

use crate::config::Layer;

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// So many scenes on, or back.
    StepScene(i32),
    /// The scene of this name.
    Scene(String),
    /// The area with this code.
    Focus(String),
    /// The area above, or everything.
    FocusUp,
    /// Everything.
    FocusNothing,
    /// Fly to something and open its card.
    Show(Thing),
    /// Follow the system's clock.
    Live,
    /// Stop the clock.
    Pause,
    /// Go on from where the clock stands.
    Play,
    /// What was so many hours later, or earlier.
    Hours(i64),
    /// Show or hide a layer.
    ToggleLayer(Layer),
    /// Tilt the map, or look straight down again.
    ToggleTilt,
    /// For visitors, or for those whom the configuration names.
    SetPublic(bool),
    /// Whoever asks has seen the alert with this id.
    Acknowledge(String),
    /// Whoever asks has seen all alerts.
    AcknowledgeAll,
    /// Fly to the alert with this id.
    ShowAlert(String),
}

/// Something that has a card, by its id at its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// An event.
    Event(String),
    /// A device.
    Device(String),
    /// A camera.
    Camera(String),
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such thing.
    Unknown(String),
    /// The wall does not do that as it is now.
    NotNow(String),
}

/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// Something that waits for the wall.
#[derive(Debug)]
pub enum Asked {
    /// To do something.
    Command {
        /// What.
        command: Command,
        /// Who asked, for the log.
        by: String,
        /// Whether it was done.
        reply: Reply<()>,
    },
    /// What the wall shows.
    Picture {
        /// Where the picture goes.
        reply: Reply<DynamicImage>,
    },
}

impl Asked {
    /// Nobody waits for the answer any more.
    pub fn is_given_up(&self) -> bool {
        match self {
            Self::Command { reply, .. } => reply.is_closed(),
            Self::Picture { reply } => reply.is_closed(),
        }
    }
}
