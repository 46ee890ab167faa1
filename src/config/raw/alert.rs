//! The tables `[alerting]` and `[[alerts]]`.

use crate::config::error::Complaints;
use crate::config::read::{At, FromToml, Node, read_key, refuse_unknown, table_in};
use crate::config::units::DurationSecs;
use crate::domain::alert::AlertSeverity;
use crate::domain::area::Level;
use crate::domain::device::DeviceState;
use crate::domain::event::{Channel, Severity};

raw_table! {
    /// `[alerting]`: what is true of all alerts.
    RawAlerting {
        /// Who acknowledges by key or click.
        operator: String,
        /// Past alerts that are kept.
        keep: u64,
    }
}

raw_table! {
    /// One of `[[alerts]]`.
    RawAlert {
        /// Unique id.
        id: String,
        /// Title of its alerts.
        name: String,
        /// Which events.
        event: RawAlertEvent,
        /// Which devices.
        device: RawAlertDevice,
        /// Name of a figure.
        figure: String,
        /// Whether warnings are alerts.
        warning: bool,
        /// Level of the areas whose figure is watched.
        level: Level,
        /// Greater is too much.
        above: f64,
        /// Less is too little.
        below: f64,
        /// The alert of a number that is too small ends above it.
        clear_above: f64,
        /// The alert of a number that is too great ends below it.
        clear_below: f64,
        /// How long the condition must hold.
        hold: DurationSecs,
        /// How serious.
        severity: AlertSeverity,
        /// Whether its alerts take the wall over.
        takeover: bool,
        /// For how long.
        takeover_for: DurationSecs,
        /// Code of the area in which it watches.
        area: String,
    }
}

raw_table! {
    /// Which open events are worth an alert.
    RawAlertEvent {
        /// Major classes.
        categories: Vec<At<String>>,
        /// Minor classes.
        subcategories: Vec<At<String>>,
        /// Names of stages.
        stages: Vec<At<String>>,
        /// How serious.
        severities: Vec<At<Severity>>,
        /// Where they came from.
        channels: Vec<At<Channel>>,
        /// Past the due time.
        overdue: bool,
        /// Repeats of an earlier one.
        repeated: bool,
        /// Sent back at least so many times.
        returned: u64,
    }
}

raw_table! {
    /// Which devices are worth an alert.
    RawAlertDevice {
        /// Kind as their source writes it.
        kind: String,
        /// Id of the only one.
        id: String,
        /// The state that is worth it.
        state: DeviceState,
    }
}
