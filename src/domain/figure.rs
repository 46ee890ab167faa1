//! Figures (指标) that a back end reports ready-made.

use serde::{Deserialize, Serialize};

/// One reported figure. A ratio always carries its numerator and denominator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Key by which panels refer to it.
    pub key: String,
    /// Code of the area that it is of; `None` = everything.
    pub area: Option<String>,
    /// Name as shown.
    pub label: String,
    /// Value in `unit`; for a ratio in percent.
    pub value: f64,
    /// Unit as shown: 件, %, 小时.
    pub unit: String,
    /// Numerator of a ratio.
    pub numerator: Option<f64>,
    /// Denominator of a ratio.
    pub denominator: Option<f64>,
    /// Value of the comparison period.
    pub previous: Option<f64>,
    /// Whether more is better; decides the colour of a change.
    pub more_is_better: Option<bool>,
    /// Recent values, oldest first, for a sparkline.
    pub series: Vec<f64>,
}
