//! Checks of `[alerting]` and `[[alerts]]`.
//!
//! In: the tables as written, the names of the stages. Out: the rules, each with
//! exactly one thing that it watches and, where that is a number, one limit.

use super::panel::{event_filter, key_figure};
use super::source::is_id;
use super::{distinct, duration_secs, not_blank, optional_text, required, required_text};
use crate::config::Fill;
use crate::config::alerting::{AlertRule, AlertSubject, Alerting};
use crate::config::error::Complaints;
use crate::config::raw::{RawAlert, RawAlertDevice, RawAlertEvent, RawAlerting, RawFilter};
use crate::config::read::{At, joined};
use crate::domain::alert::condition::{DeviceCondition, DeviceTest, EventCondition};
use crate::domain::alert::{AlertSeverity, Limit, Rule, Threshold};

/// Past alerts that may be kept.
const KEEP: std::ops::RangeInclusive<u64> = 10..=10_000;

/// How long an alert has the wall: at least, usually, at most, seconds.
const TAKEOVER_SECS: [f64; 3] = [5.0, 20.0, 600.0];

/// What a rule may watch.
const SUBJECTS: [&str; 4] = ["event", "device", "figure", "warning"];

/// Checks what is true of all alerts, and all rules.
pub(super) fn alerting(
    raw: Option<At<RawAlerting>>,
    rules: Option<At<Vec<At<RawAlert>>>>,
    stages: &[String],
    complaints: &mut Complaints,
) -> Alerting {
    let raw = raw.map(|at| at.value).unwrap_or_default();
    let usual = Alerting::default();
    let rules = rules.map(|at| at.value).unwrap_or_default();
    let ids: Vec<At<String>> = rules.iter().filter_map(|rule| rule.value.id.clone()).collect();
    distinct(&ids, "告警规则 id ", complaints);
    Alerting {
        operator: optional_text(raw.operator, complaints).unwrap_or(usual.operator),
        keep: raw.keep.map_or(usual.keep, |keep| {
            if !KEEP.contains(&keep.value) {
                let message = format!("保留的记录数须在 {} 到 {} 之间,却是 {}", KEEP.start(), KEEP.end(), keep.value);
                complaints.add(keep.offset, &keep.key, message);
            }
            keep.value.min(*KEEP.end()) as usize
        }),
        rules: rules.into_iter().filter_map(|raw| alert_rule(raw, stages, complaints)).collect(),
    }
}

fn alert_rule(mut raw: At<RawAlert>, stages: &[String], complaints: &mut Complaints) -> Option<AlertRule> {
    let id = raw.value.id.take();
    let id = required(id, "id", &raw, complaints).filter(|id| is_id(id, complaints));
    let name = raw.value.name.take();
    let name = required_text(name, "name", &raw, complaints);
    let area = optional_text(raw.value.area.take(), complaints);
    let severity = raw.value.severity.take().map(|at| at.value).unwrap_or_default();
    let takeover_secs = takeover_secs(&mut raw.value, severity, complaints);
    let hold_secs = duration_secs(raw.value.hold.take(), 0.0, 0.0, complaints);
    let subject = subject(raw, area.is_some(), stages, complaints)?;
    let hold_millis = (hold_secs * 1e3) as i64;
    let rule = Rule { id: id?.value.into(), name: name?.value, severity, takeover_secs, hold_millis, area };
    Some(AlertRule { rule, subject })
}

/// How long alerts have the wall: alarms by themselves, others where it is said.
fn takeover_secs(raw: &mut RawAlert, severity: AlertSeverity, complaints: &mut Complaints) -> Option<f64> {
    let [least, usual, most] = TAKEOVER_SECS;
    let (wanted, length) = (raw.takeover.take().map(|at| at.value), raw.takeover_for.take());
    if let (Some(false), Some(length)) = (wanted, &length) {
        complaints.add(length.key_offset, &length.key, "takeover = false 时 `takeover_for` 没有作用");
    }
    let is_wanted = wanted.unwrap_or(severity == AlertSeverity::Alarm || length.is_some());
    if let Some(length) = length.as_ref().filter(|length| length.value.0 > most) {
        complaints.add(length.offset, &length.key, format!("{}s 太长,至多 \"{most}s\"", length.value.0));
    }
    let secs = duration_secs(length, least, usual, complaints);
    is_wanted.then_some(secs)
}

fn subject(raw: At<RawAlert>, has_area: bool, stages: &[String], complaints: &mut Complaints) -> Option<AlertSubject> {
    let written: Vec<(&str, String, usize)> = raw
        .value
        .present()
        .into_iter()
        .filter(|(name, ..)| SUBJECTS.contains(name))
        .map(|(name, key, offset)| (name, key.to_owned(), offset))
        .collect();
    // One that could not be read has its complaint already.
    let has_bad = SUBJECTS.iter().any(|name| complaints.concerns_within(&joined(&raw.key, name)));
    let only = match &written[..] {
        [(name, ..)] => *name,
        [] if has_bad => return None,
        [] => {
            complaints.add(raw.offset, &raw.key, "须写 event、device、figure、warning 之一:这条规则看什么");
            return None;
        }
        [_, (name, key, offset), ..] => {
            let message = format!("一条规则只看一样,`{name}` 请另写一条 [[alerts]]");
            complaints.add(*offset, key, message);
            return None;
        }
    };
    let limits = limits(&raw.value, only, complaints);
    let RawAlert { event, device, figure, warning, level, .. } = raw.value;
    if let Some(level) = level.as_ref().filter(|_| only != "figure") {
        complaints.add(level.key_offset, &level.key, "`level` 只用于 figure");
    }
    if let Some(event) = event {
        return Some(AlertSubject::Event(event_condition(event.value, stages, complaints)));
    }
    if let Some(device) = device {
        return device_condition(device, limits, complaints).map(AlertSubject::Device);
    }
    if let Some(warning) = warning {
        if !warning.value {
            complaints.add(warning.offset, &warning.key, "只能写 true;不要这条规则就去掉它");
        }
        return Some(AlertSubject::Warning);
    }
    let figure = figure?;
    if limits.is_none() && !complaints.concerns_within(&raw.key) {
        let message = "指标须写 above 或 below:高于或低于多少为告警";
        complaints.add(figure.offset, &figure.key, message);
    }
    let level = level.map(|at| at.value);
    if level.is_none() && !has_area {
        return Some(AlertSubject::Whole(key_figure(&figure, complaints)?, limits?));
    }
    let Fill::Figure(known) = super::fill(&figure, complaints)? else {
        complaints.add(figure.offset, &figure.key, "`none` 不是指标");
        return None;
    };
    Some(AlertSubject::Areas { figure: known, level, threshold: limits? })
}

/// The limit of a number, which only some things are.
fn limits(raw: &RawAlert, subject: &str, complaints: &mut Complaints) -> Option<Threshold> {
    let RawAlert { above, below, clear_above, clear_below, .. } = raw;
    if !["figure", "device"].contains(&subject) {
        for at in [above, below, clear_above, clear_below].into_iter().filter_map(Option::as_ref) {
            complaints.add(at.key_offset, &at.key, "上下限只用于 figure 和 device");
        }
        return None;
    }
    if let (Some(_), Some(below)) = (above, below) {
        complaints.add(below.key_offset, &below.key, "`above` 与 `below` 只能写一个:上限、下限各写一条规则");
        return None;
    }
    let (limit, clear, other) = match (above, below) {
        (Some(above), _) => (Some(Limit::Above(above.value)), clear_below, clear_above),
        (None, Some(below)) => (Some(Limit::Below(below.value)), clear_above, clear_below),
        (None, None) => (None, clear_above, clear_below),
    };
    let pair = if matches!(limit, Some(Limit::Above(_))) { "clear_below" } else { "clear_above" };
    if let Some(other) = other {
        let message = match limit {
            Some(_) => format!("这里须写 `{pair}`:回到界内多远才算恢复"),
            None => "须与 above 或 below 一起写".to_owned(),
        };
        complaints.add(other.key_offset, &other.key, message);
    }
    if let (None, Some(clear)) = (limit, clear) {
        complaints.add(clear.key_offset, &clear.key, "须与 above 或 below 一起写");
    }
    let limit = limit?;
    let clear = clear.as_ref().map(|clear| {
        let is_inside = match limit {
            Limit::Above(limit) => clear.value <= limit,
            Limit::Below(limit) => clear.value >= limit,
        };
        if !is_inside {
            let message = "恢复的界限须在告警的界限以内:clear_below 不大于 above,clear_above 不小于 below";
            complaints.add(clear.offset, &clear.key, message);
        }
        clear.value
    });
    Some(Threshold { limit, clear })
}

fn event_condition(raw: RawAlertEvent, stages: &[String], complaints: &mut Complaints) -> EventCondition {
    let subcategories = raw.subcategories.map(|list| list.value).unwrap_or_default();
    distinct(&subcategories, "小类", complaints);
    let RawAlertEvent { categories, stages: named, severities, channels, .. } = raw;
    let last = stages.last();
    for stage in named.iter().flat_map(|list| &list.value).filter(|stage| Some(&stage.value) == last) {
        complaints.add(stage.offset, &stage.key, "最后一个环节即办结,而告警只看未办结的事件");
    }
    let filter = RawFilter { categories, stages: named, severities, channels };
    EventCondition {
        filter: event_filter(filter, stages, complaints),
        subcategories: subcategories
            .into_iter()
            .filter(|name| not_blank(name, complaints))
            .map(|name| name.value)
            .collect(),
        is_overdue: raw.overdue.is_some_and(|at| at.value),
        is_repeated: raw.repeated.is_some_and(|at| at.value),
        returned: raw.returned.map_or(0, |at| {
            if at.value > u64::from(u16::MAX) {
                complaints.add(at.offset, &at.key, format!("退回次数至多 {},却是 {}", u16::MAX, at.value));
            }
            at.value.min(u64::from(u16::MAX)) as u16
        }),
    }
}

fn device_condition(
    raw: At<RawAlertDevice>,
    limits: Option<Threshold>,
    complaints: &mut Complaints,
) -> Option<DeviceCondition> {
    let At { value: RawAlertDevice { kind, id, state }, key, offset, .. } = raw;
    if kind.is_none() && id.is_none() && !complaints.concerns_within(&key) {
        complaints.add(offset, &key, "须写 kind(设备种类)或 id(一台设备)");
    }
    let (kind, id) = (optional_text(kind, complaints), optional_text(id, complaints));
    let test = match (state, limits) {
        (Some(state), None) => DeviceTest::State(state.value),
        (None, Some(threshold)) => DeviceTest::Reading(threshold),
        (Some(state), Some(_)) => {
            complaints.add(state.key_offset, &state.key, "`state` 与 above、below 只能写一个");
            return None;
        }
        (None, None) => {
            if !complaints.concerns_within(&key) {
                let message = "须写 state = \"alarm\" 或 \"offline\",或在规则中写 above 或 below(读数的上限、下限)";
                complaints.add(offset, &key, message);
            }
            return None;
        }
    };
    Some(DeviceCondition { kind, id, test })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, KeyFigure};
    use crate::domain::area::Level;
    use crate::domain::choropleth::AreaFigure;
    use crate::domain::device::DeviceState;
    use crate::domain::event::Severity;

    fn alerting_of(text: &str) -> Alerting {
        let source = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n";
        let config = Config::parse(&format!("{source}{text}"), Path::new("t.toml"));
        config.unwrap_or_else(|error| panic!("{error}")).alerting
    }

    #[test]
    fn every_subject_arrives_with_its_limits() {
        let alerting = alerting_of(
            r#"
[alerting]
operator = "值班一席"
keep = 50
[[alerts]]
id = "urgent"
name = "紧急事件超时"
severity = "alarm"
takeover_for = "30s"
event = { severities = ["urgent"], subcategories = ["燃气异味"], stages = ["案卷建立"], overdue = true, returned = 2 }
[[alerts]]
id = "gas"
name = "可燃气体超标"
device = { kind = "可燃气体" }
above = 25
clear_below = 20.5
hold = "30s"
[[alerts]]
id = "lost"
name = "设备离线"
device = { id = "d1", state = "offline" }
takeover = true
[[alerts]]
id = "rate"
name = "办结率低"
figure = "closed"
below = 80
[[alerts]]
id = "areas"
name = "社区超时"
figure = "overdue"
level = "community"
above = 5
area = "320571001"
[[alerts]]
id = "one"
name = "评分"
figure = "reported:score"
area = "320571001"
below = 60
clear_above = 65
[[alerts]]
id = "more"
name = "事件突增"
warning = true
severity = "alarm"
takeover = false
"#,
        );
        assert_eq!((alerting.operator.as_str(), alerting.keep, alerting.rules.len()), ("值班一席", 50, 7));
        let [urgent, gas, lost, rate, areas, one, more] = &alerting.rules[..] else { panic!() };
        let AlertSubject::Event(condition) = &urgent.subject else { panic!("{urgent:?}") };
        assert_eq!(
            (&condition.filter.severities[..], &condition.filter.stages[..]),
            (&[Severity::Urgent][..], &[1][..])
        );
        assert_eq!((condition.is_overdue, condition.returned, condition.subcategories.len()), (true, 2, 1));
        let takeovers: Vec<Option<f64>> = alerting.rules.iter().map(|rule| rule.rule.takeover_secs).collect();
        assert_eq!(takeovers, [Some(30.0), None, Some(20.0), None, None, None, None]);
        let high = Threshold { limit: Limit::Above(25.0), clear: Some(20.5) };
        let of_kind = |kind: Option<&str>, id: Option<&str>, test| {
            AlertSubject::Device(DeviceCondition { kind: kind.map(Into::into), id: id.map(Into::into), test })
        };
        assert_eq!((gas.rule.hold_millis, gas.rule.severity), (30_000, AlertSeverity::Attention));
        assert_eq!(gas.subject, of_kind(Some("可燃气体"), None, DeviceTest::Reading(high)));
        assert_eq!(lost.subject, of_kind(None, Some("d1"), DeviceTest::State(DeviceState::Offline)));
        let low = |limit, clear| Threshold { limit: Limit::Below(limit), clear };
        assert_eq!(rate.subject, AlertSubject::Whole(KeyFigure::Closed, low(80.0, None)));
        let threshold = Threshold { limit: Limit::Above(5.0), clear: None };
        let level = Some(Level::Community);
        assert_eq!(areas.subject, AlertSubject::Areas { figure: AreaFigure::Overdue, level, threshold });
        let score = AreaFigure::Reported("score".into());
        assert_eq!(one.subject, AlertSubject::Areas { figure: score, level: None, threshold: low(60.0, Some(65.0)) });
        assert_eq!((&more.subject, areas.rule.area.as_deref()), (&AlertSubject::Warning, Some("320571001")));
        assert!(alerting.watches_warnings());
    }

    #[test]
    fn without_rules_there_is_nothing_to_acknowledge() {
        assert_eq!(alerting_of(""), Alerting::default());
    }
}
