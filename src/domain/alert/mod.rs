//! Alerts (告警): what somebody has to see, until somebody has.
//!
//! In: [`Rule`]s, what their conditions ([`condition`]) say of subjects at an
//! instant ([`Verdict`]), and acknowledgements. Out: [`Desk`]: the queue of
//! alerts that stand, those that are over, which of them takes the wall over
//! next; and all of it in a form that fits on disk ([`Record`]).
//!
//! How it works: an alert is one occurrence of a rule at a subject (an event, a
//! device, an area). It stands from when its condition has held for as long as
//! the rule wants it to, and is over once the condition holds no more *and*
//! somebody has acknowledged it, in whichever order. What cannot be known (a
//! device that fell silent, an event that did not come yet after a start)
//! changes nothing.

pub mod condition;
mod desk;
mod pulse;
#[cfg(test)]
mod tests;

use std::fmt::{self, Display};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::geometry::LonLat;
use super::privacy::{Masks, mask_name};
use super::time::Time;
pub use condition::{Limit, Threshold};
pub use desk::{Counts, Desk, FRESH_MILLIS, MOST_STANDING};
pub use pulse::Pulses;

/// Who acknowledges at a wall whose configuration names nobody.
pub const USUAL_OPERATOR: &str = "值班员";

/// How serious an alert is. The order is from mild to severe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertSeverity {
    /// 提醒: needs a look.
    #[default]
    Attention,
    /// 告警: needs a hand.
    Alarm,
}

impl AlertSeverity {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Attention, Self::Alarm];

    /// The name in `config.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Alarm => "alarm",
        }
    }

    /// The Chinese word on the wall.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Attention => "提醒",
            Self::Alarm => "告警",
        }
    }
}

/// What is true of all alerts of a rule, whatever it watches.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique id.
    pub id: Arc<str>,
    /// Title of its alerts.
    pub name: String,
    /// How serious they are.
    pub severity: AlertSeverity,
    /// How long each takes the wall over, seconds; `None` = not at all.
    pub takeover_secs: Option<f64>,
    /// How long the condition must hold before there is an alert.
    pub hold_millis: i64,
    /// Code of the area in which it watches; `None` = everywhere.
    pub area: Option<String>,
}

/// Which alert: a rule's at a subject. The same after a restart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertKey {
    /// Id of the rule.
    pub rule: Arc<str>,
    /// Id of the event or device, code of the area; empty for the whole place.
    pub subject: Arc<str>,
}

impl AlertKey {
    /// The key of a rule's alert at a subject.
    pub fn new(rule: &str, subject: &str) -> Self {
        Self { rule: rule.into(), subject: subject.into() }
    }

    /// Reads what [`Display`] writes: `gas:320571001-20004`.
    pub fn parse(text: &str) -> Option<Self> {
        // Ids of rules have no colon.
        text.split_once(':').map(|(rule, subject)| Self::new(rule, subject))
    }
}

impl Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.rule, self.subject)
    }
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// An event.
    Event,
    /// A device.
    Device,
    /// A figure, of the whole place or of an area.
    Figure,
    /// More in an area than is usual.
    Warning,
}

/// Why there is an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detail {
    /// In words.
    Words(String),
    /// A number beyond its limit.
    Reading {
        /// What was read.
        label: String,
        /// The number; finite.
        value: f64,
        /// Its unit; may be empty.
        unit: String,
        /// What it is beyond.
        limit: Limit,
    },
}

/// What is known of the subject of an alert, masked as its source's texts are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// What it is.
    pub kind: AlertKind,
    /// What it is called.
    pub name: String,
    /// Where, in words; may be empty.
    pub place: String,
    /// Code of the smallest known area.
    pub area: Option<String>,
    /// Where.
    pub at: Option<LonLat>,
    /// Why there is an alert.
    pub detail: Detail,
}

/// That somebody has seen an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    pub at: Time,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Which.
    pub key: AlertKey,
    /// How serious.
    pub severity: AlertSeverity,
    /// Name of its rule.
    pub title: String,
    /// What it is about.
    pub facts: Facts,
    /// Since when it has stood.
    pub raised: Time,
    /// When the condition held no more; `None` while it does.
    pub cleared: Option<Time>,
    /// Who has seen it.
    pub acknowledged: Option<Acknowledgement>,
    /// How many times the condition came to hold.
    pub times: u32,
    /// It shall take the wall over and has not yet.
    pub wants_wall: bool,
}

impl Alert {
    /// Whether its condition holds.
    pub fn stands(&self) -> bool {
        self.cleared.is_none()
    }

    /// For lists and other programs.
    pub fn line(&self) -> AlertLine {
        AlertLine {
            id: self.key.to_string(),
            rule: self.key.rule.to_string(),
            severity: self.severity,
            title: self.title.clone(),
            subject: self.facts.name.clone(),
            place: self.facts.place.clone(),
            detail: self.facts.detail.clone(),
            raised: self.raised,
            cleared: self.cleared,
            acknowledged_by: self.acknowledged.as_ref().map(|known| known.by.clone()),
            acknowledged_at: self.acknowledged.as_ref().map(|known| known.at),
        }
    }

    /// Masks its texts; twice is as good as once.
    fn mask(&mut self, masks: &Masks, is_public: bool) {
        let mask = |text: &mut String| {
            *text = if masks.others { masks.masked(text) } else { masks.free_text(text) }.into_owned();
        };
        mask(&mut self.facts.name);
        mask(&mut self.facts.place);
        if let Detail::Words(words) = &mut self.facts.detail {
            mask(words);
        }
        if let Some(known) = self.acknowledged.as_mut().filter(|_| is_public) {
            known.by = masked_operator(&known.by);
        }
    }
}

/// Who acknowledged, as visitors may read it: a role stays, a name does not.
pub fn masked_operator(by: &str) -> String {
    if by == USUAL_OPERATOR { by.to_owned() } else { mask_name(by) }
}

/// An alert in plain values, for other programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertLine {
    /// Which: what [`AlertKey::parse`] reads.
    pub id: String,
    /// Id of its rule.
    pub rule: String,
    /// How serious.
    pub severity: AlertSeverity,
    /// Name of its rule.
    pub title: String,
    /// What it is about.
    pub subject: String,
    /// Where, in words.
    pub place: String,
    /// Why.
    pub detail: Detail,
    /// Since when it has stood.
    pub raised: Time,
    /// When its condition held no more.
    pub cleared: Option<Time>,
    /// Who has seen it.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<Time>,
}

/// What a rule's condition says of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds, and it is known since when or not.
    Holds(Option<Time>),
    /// It does not.
    Not,
    /// Nobody can tell.
    Unknown,
}

/// All of it, to be kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Alerts that are not over.
    pub standing: Vec<Arc<Alert>>,
    /// Those that are, newest first.
    pub history: Vec<Arc<Alert>>,
}
