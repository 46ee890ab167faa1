//! What there are alerts of.
//!
//! In: nothing. Out: [`Alerting`]: the rules with what each watches. How alerts
//! come and go, see [`crate::domain::alert`].

use super::KeyFigure;
use super::read::{Choice, choice_by_name};
use super::source::Feed;
use crate::domain::alert::condition::{DeviceCondition, EventCondition};
use crate::domain::alert::{AlertSeverity, Rule, Threshold, USUAL_OPERATOR};
use crate::domain::area::Level;
use crate::domain::choropleth::AreaFigure;
use crate::domain::device::DeviceState;

choice_by_name!(AlertSeverity);

impl Choice for DeviceState {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("alarm", Self::Alarm), ("offline", Self::Offline)]
    }
}

/// Alerts.
#[derive(Clone, Debug, PartialEq)]
pub struct Alerting {
    /// Who acknowledges by key or click.
    pub operator: String,
    /// Past alerts that are kept.
    pub keep: usize,
    /// What there are alerts of, in the order of the file.
    pub rules: Vec<AlertRule>,
}

impl Default for Alerting {
    fn default() -> Self {
        Self { operator: USUAL_OPERATOR.to_owned(), keep: 500, rules: Vec::new() }
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRule {
    /// What is true of its alerts.
    pub rule: Rule,
    /// What it watches.
    pub subject: AlertSubject,
}

/// What a rule watches.
#[derive(Clone, Debug, PartialEq)]
pub enum AlertSubject {
    /// Open events, each by itself.
    Event(EventCondition),
    /// Devices, each by itself.
    Device(DeviceCondition),
    /// A figure of the whole place.
    Whole(KeyFigure, Threshold),
    /// A figure of areas, each by itself.
    Areas {
        /// Which.
        figure: AreaFigure,
        /// Of the areas of this level; `None` = of the rule's area alone.
        level: Option<Level>,
        /// When there is an alert.
        threshold: Threshold,
    },
    /// More in an area than is usual.
    Warning,
}

impl AlertSubject {
    /// What feeds it.
    pub fn feed(&self) -> Feed {
        match self {
            Self::Event(_) | Self::Warning => Feed::Events,
            Self::Device(_) => Feed::Devices,
            Self::Whole(KeyFigure::Reported(_), _) => Feed::Figures,
            Self::Areas { figure: AreaFigure::Reported(_), .. } => Feed::Figures,
            Self::Areas { figure: AreaFigure::CameraOnlineRate, .. } => Feed::Cameras,
            Self::Whole(..) | Self::Areas { .. } => Feed::Events,
        }
    }
}

impl Alerting {
    /// Whether a rule watches warnings.
    pub fn watches_warnings(&self) -> bool {
        self.rules.iter().any(|rule| rule.subject == AlertSubject::Warning)
    }
}

impl KeyFigure {
    /// Name and unit of a computed one, as alerts show it; the key of another.
    pub fn label(&self) -> (&str, &'static str) {
        match self {
            Self::Received => ("受理", "件"),
            Self::Closed => ("办结率", "%"),
            Self::Solved => ("实际解决率", "%"),
            Self::Satisfied => ("满意率", "%"),
            Self::Overdue => ("超时率", "%"),
            Self::Repeated => ("重复投诉率", "%"),
            Self::HandlingTime => ("平均处置时长", "小时"),
            Self::Reported(key) => (key, ""),
        }
    }
}
