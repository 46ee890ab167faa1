//! The tables `[[briefings]]` and `[[briefings.steps]]`.

use crate::config::error::Complaints;
use crate::config::read::{At, FromToml, Node, read_key, refuse_unknown, table_in};
use crate::config::units::DurationSecs;

raw_table! {
    /// One of `[[briefings]]`.
    RawBriefing {
        /// Unique name.
        name: String,
        /// `[[briefings.steps]]`
        steps: Vec<At<RawBriefingStep>>,
    }
}

raw_table! {
    /// One of `[[briefings.steps]]`.
    RawBriefingStep {
        /// Name of a scene.
        scene: String,
        /// Code of the area in focus.
        focus: String,
        /// Stands large on the wall.
        caption: String,
        /// For who presents it.
        notes: String,
        /// Time until the next step.
        duration: DurationSecs,
    }
}
