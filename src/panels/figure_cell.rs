//! What one key figure says: value, unit, parts, change.
//!
//! In: a [`KeyFigure`] of the configuration and the view. Out: a
//! [`FigureCell`], ready to be written. Each ratio carries its parts, each
//! change is against the same time of yesterday (or what the source says).

use super::PanelView;
use super::number::{NONE, count_text, parts_text, percent_text, span_text, value_text};
use crate::config::KeyFigure;
use crate::domain::closed_loop::{LoopSummary, Ratio};
use crate::domain::figure::Figure;

/// One key figure in words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FigureCell<'a> {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) unit: String,
    /// `2,650 / 2,816`; ratios only.
    pub(super) parts: Option<String>,
    pub(super) change: Option<Change>,
    /// Recent values, oldest first.
    pub(super) series: &'a [f64],
}

/// A change against the comparison period.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    /// 较昨日同期, 较上期.
    pub(super) against: &'static str,
    /// Without its sign: `6.2%`, `1.4 点`; empty when nothing changed.
    pub(super) amount: String,
    /// Whether it went up.
    pub(super) is_up: bool,
    /// Whether that is good; `None` where neither way is.
    pub(super) is_good: Option<bool>,
}

impl Change {
    /// `None` when the two are too close to tell apart in `amount`.
    fn of(against: &'static str, delta: f64, amount: String, more_is_better: Option<bool>) -> Self {
        let is_flat = !delta.is_finite() || amount.chars().filter(char::is_ascii_digit).all(|digit| digit == '0');
        let amount = if is_flat { String::new() } else { amount };
        let is_up = delta > 0.0;
        Self { against, amount, is_up, is_good: more_is_better.filter(|_| !is_flat).map(|better| better == is_up) }
    }
}

const YESTERDAY: &str = "较昨日同期";

/// The cell of a key figure.
pub(super) fn figure_cell<'a>(figure: &KeyFigure, view: &PanelView<'a>) -> FigureCell<'a> {
    let ratio =
        |label: &str, more_is_better: bool, of: fn(&LoopSummary) -> Ratio| ratio_cell(view, label, more_is_better, of);
    match figure {
        KeyFigure::Received => received_cell(view),
        KeyFigure::Closed => ratio("办结率", true, |summary| summary.closed),
        KeyFigure::Solved => ratio("实际解决率", true, |summary| summary.solved),
        KeyFigure::Satisfied => ratio("满意率", true, |summary| summary.satisfied),
        KeyFigure::Overdue => ratio("超时率", false, |summary| summary.overdue),
        KeyFigure::Repeated => ratio("重复投诉率", false, |summary| summary.repeated),
        KeyFigure::HandlingTime => handling_cell(view),
        KeyFigure::Reported(key) => match view.figures.iter().find(|figure| figure.key == *key) {
            Some(figure) => {
                let mut cell = reported_cell(figure);
                if !view.is_live {
                    // Only the latest is known of it.
                    cell.label += "(现状)";
                }
                cell
            }
            None => bare_cell(key, NONE, "尚未上报"),
        },
    }
}

fn bare_cell<'a>(label: &str, value: impl Into<String>, unit: impl Into<String>) -> FigureCell<'a> {
    FigureCell {
        label: label.to_owned(),
        value: value.into(),
        unit: unit.into(),
        parts: None,
        change: None,
        series: &[],
    }
}

/// A count and its unit, 万 and 亿 as part of the unit.
fn count_cell<'a>(label: &str, count: &str, unit: &str) -> FigureCell<'a> {
    match count.split_once(' ') {
        Some((digits, scale)) => bare_cell(label, digits, format!("{scale}{unit}")),
        None => bare_cell(label, count, unit),
    }
}

fn received_cell<'a>(view: &PanelView) -> FigureCell<'a> {
    let (now, before) = (view.overview.today.received, view.overview.before.received);
    let mut cell = count_cell("受理", &count_text(now), "件");
    if view.overview.has_before && before > 0 {
        let share = (now as f64 - before as f64) / before as f64;
        // Neither way is good or bad: more may mean more trouble or more trust.
        cell.change = Some(Change::of(YESTERDAY, share, format!("{:.1}%", share.abs() * 100.0), None));
    }
    cell
}

fn ratio_cell<'a>(
    view: &PanelView,
    label: &str,
    more_is_better: bool,
    of: fn(&LoopSummary) -> Ratio,
) -> FigureCell<'a> {
    let (now, before) = (of(&view.overview.today), of(&view.overview.before));
    let mut cell = bare_cell(label, percent_text(now), if now.denominator > 0 { "%" } else { "" });
    cell.parts = Some(parts_text(now));
    if let (true, Some(now), Some(before)) = (view.overview.has_before, now.value(), before.value()) {
        let points = (now - before) * 100.0;
        cell.change = Some(Change::of(YESTERDAY, points, format!("{:.1} 点", points.abs()), Some(more_is_better)));
    }
    cell
}

fn handling_cell<'a>(view: &PanelView) -> FigureCell<'a> {
    let Some(now) = view.overview.today.mean_handling_secs else { return bare_cell("平均处置", NONE, "") };
    let (value, unit) = span_text(now);
    let mut cell = bare_cell("平均处置", value, unit);
    if let Some(before) = view.overview.before.mean_handling_secs.filter(|_| view.overview.has_before) {
        let (amount, unit) = span_text((now - before).abs());
        cell.change = Some(Change::of(YESTERDAY, now - before, format!("{amount} {unit}"), Some(false)));
    }
    cell
}

fn reported_cell(figure: &Figure) -> FigureCell<'_> {
    let mut cell = count_cell(&figure.label, &value_text(figure.value), &figure.unit);
    if let (Some(numerator), Some(denominator)) = (figure.numerator, figure.denominator) {
        cell.parts = Some(format!("{} / {}", value_text(numerator), value_text(denominator)));
    }
    if let Some(previous) = figure.previous {
        let delta = figure.value - previous;
        let unit = if figure.unit == "%" { "点" } else { &figure.unit };
        let amount = format!("{} {unit}", value_text((delta.abs() * 10.0).round() / 10.0));
        cell.change = Some(Change::of("较上期", delta, amount.trim_end().to_owned(), figure.more_is_better));
    }
    cell.series = &figure.series;
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_too_small_to_write_is_none() {
        let change = Change::of(YESTERDAY, 0.01, "0.0 点".into(), Some(true));
        assert_eq!((change.amount.as_str(), change.is_good), ("", None));
        let change = Change::of(YESTERDAY, -1.2, "1.2 点".into(), Some(false));
        assert_eq!((change.is_up, change.is_good), (false, Some(true)));
    }

    #[test]
    fn large_counts_put_the_scale_into_the_unit() {
        let cell = count_cell("受理", "12.3 万", "件");
        assert_eq!((cell.value.as_str(), cell.unit.as_str()), ("12.3", "万件"));
    }
}
