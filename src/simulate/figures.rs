//! The figures that the place's back end reports ready-made, from the same
//! events that it publishes: each with its parts, its value of the day before
//! at the same hour, and a week of daily values.

use super::calendar;
use super::profile::Profile;
use crate::domain::closed_loop::{LoopSummary, Ratio};
use crate::domain::event::{Channel, Event};
use crate::domain::figure::Figure;
use crate::domain::time::{DAY_MILLIS, HOUR_MILLIS, Time};

/// A report counts as answered when its second stage began within this time.
const RESPONSE_MS: i64 = HOUR_MILLIS;

/// What one day amounts to at an instant.
struct Day {
    summary: LoopSummary,
    response: Ratio,
    automatic: Ratio,
}

/// How a figure is computed from a day: value, numerator, denominator.
type Measure = fn(&Day) -> (f64, Option<Ratio>);

/// Key, label, unit, whether more is better, measure.
const FIGURES: [(&str, &str, &str, Option<bool>, Measure); 9] = [
    ("received", "受理", "件", None, |day| (day.summary.received as f64, None)),
    ("dispatched", "派单", "件", None, |day| (reached(day, 1), None)),
    ("closed", "办结率", "%", Some(true), |day| percent(day.summary.closed)),
    ("solved", "实际解决率", "%", Some(true), |day| percent(day.summary.solved)),
    ("satisfied", "满意率", "%", Some(true), |day| percent(day.summary.satisfied)),
    ("response", "响应率", "%", Some(true), |day| percent(day.response)),
    ("handling-time", "平均处置时长", "小时", Some(false), |day| {
        (day.summary.mean_handling_secs.unwrap_or(0.0) / 3_600.0, None)
    }),
    ("overdue", "超时率", "%", Some(false), |day| percent(day.summary.overdue)),
    ("repeated", "重复投诉率", "%", Some(false), |day| percent(day.summary.repeated)),
];

/// Of places whose platform hands events out by itself.
const AUTOMATIC: (&str, &str, &str, Option<bool>, Measure) =
    ("auto-dispatched", "自动派单率", "%", Some(true), |day| percent(day.automatic));

/// All figures at an instant. `days` gives the events of a day as known at an
/// instant; a week before the instant must be there.
pub fn at(profile: &Profile, now: Time, days: impl Fn(i64, Time) -> Vec<Event>) -> Vec<Figure> {
    let week: Vec<Day> = (0..8)
        .rev()
        .map(|back| {
            let then = now.plus_millis(-back * DAY_MILLIS);
            let events = days(calendar::day_of(then), then);
            let summary = LoopSummary::of(&events, profile.stages.len(), then);
            Day { summary, response: response(&events, then), automatic: automatic(profile, &events) }
        })
        .collect();
    let figure = |&(key, label, unit, more_is_better, measure): &(&str, &str, &str, Option<bool>, Measure)| {
        let series: Vec<f64> = week.iter().map(|day| round(measure(day).0)).collect();
        let ratio = week.last().and_then(|day| measure(day).1);
        Figure {
            area: None,
            key: key.into(),
            label: label.into(),
            value: series[series.len() - 1],
            unit: unit.into(),
            numerator: ratio.map(|r| r.numerator as f64),
            denominator: ratio.map(|r| r.denominator as f64),
            previous: Some(series[series.len() - 2]),
            more_is_better,
            series,
        }
    };
    let automatic = (!profile.auto_dispatched.is_empty()).then_some(&AUTOMATIC);
    FIGURES.iter().chain(automatic).map(figure).chain(profile.fixed_figures.iter().map(fixed)).collect()
}

fn fixed(&(key, label, value, unit): &(&str, &str, f64, &str)) -> Figure {
    Figure {
        area: None,
        key: key.into(),
        label: label.into(),
        value,
        unit: unit.into(),
        numerator: None,
        denominator: None,
        previous: None,
        more_is_better: None,
        series: Vec::new(),
    }
}

/// What devices and cameras reported and the platform handed out by itself.
fn automatic(profile: &Profile, events: &[Event]) -> Ratio {
    let is_automatic = |event: &&Event| {
        profile.auto_dispatched.contains(&&*event.subcategory) && matches!(event.channel, Channel::Iot | Channel::Video)
    };
    Ratio { numerator: events.iter().filter(is_automatic).count() as u64, denominator: events.len() as u64 }
}

fn response(events: &[Event], now: Time) -> Ratio {
    let mut ratio = Ratio::default();
    for event in events {
        let limit = event.reported.plus_millis(RESPONSE_MS);
        let answered = event.entered.get(1).map(|e| e.1);
        // A report whose time is not up yet is neither answered nor missed.
        if answered.is_none() && now < limit {
            continue;
        }
        ratio.denominator += 1;
        ratio.numerator += u64::from(answered.is_some_and(|at| at <= limit));
    }
    ratio
}

fn reached(day: &Day, stage: usize) -> f64 {
    day.summary.stages.get(stage).map_or(0.0, |stage| stage.reached as f64)
}

fn percent(ratio: Ratio) -> (f64, Option<Ratio>) {
    (ratio.value().unwrap_or(0.0) * 100.0, Some(ratio))
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::super::city::City;
    use super::super::events;
    use super::super::profile::PROFILES;
    use super::*;

    #[test]
    fn figures_agree_with_the_events() {
        let city = City::build(&PROFILES[0], 8);
        let now = calendar::start_of(20_315).plus_millis(15 * HOUR_MILLIS);
        let known =
            |day, then| events::of_day(&city, day).iter().filter_map(|e| events::at(e, then)).collect::<Vec<_>>();
        let figures = at(&PROFILES[0], now, known);
        let today = known(20_315, now);
        let value = |key: &str| figures.iter().find(|f| f.key == key).expect("a reported figure");
        assert_eq!(value("received").value, today.len() as f64);
        assert_eq!(value("closed").denominator, Some(today.len() as f64));
        assert_eq!(value("closed").numerator, Some(today.iter().filter(|e| e.closed.is_some()).count() as f64));
        assert!(value("solved").numerator < value("closed").numerator);
        assert!(value("closed").value > 60.0, "{}", value("closed").value);
        assert_eq!(value("received").series.len(), 8);
        assert!(value("response").value > 80.0);
    }
}
