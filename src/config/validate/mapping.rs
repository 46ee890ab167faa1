//! Checks of how a source names and writes what it has: `[sources.fields]`,
//! `[sources.values]`, and the keys for text, times and places.
//!
//! In: the tables as written. Out: [`FieldRule`]s, tables of values,
//! [`Writing`], and a complaint about each field that the feed has not, each
//! value that the domain has not, each expression that cannot be compiled.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::not_blank;
use super::source::is_pointer;
use crate::config::error::Complaints;
use crate::config::raw::{RawField, RawSource};
use crate::config::read::{At, excerpt, hint, not_among};
use crate::config::source::{Feed, FieldRule, Writing};
use crate::domain::area::Level;
use crate::domain::context::ContextKind;
use crate::domain::device::DeviceState;
use crate::domain::event::{Channel, Severity};
use crate::domain::expression::Expression;
use crate::domain::written_time::format_fault;

/// Checks the keys that say how a source writes.
pub(super) fn writing(raw: &mut RawSource, complaints: &mut Complaints) -> Writing {
    let zone = raw.time_zone.take().and_then(|name| zone(&name, complaints));
    let time_format = raw.time_format.take().and_then(|format| {
        let fault = format_fault(&format.value);
        if let Some(fault) = &fault {
            complaints.add(format.offset, &format.key, fault.as_str());
        }
        fault.is_none().then_some(format.value)
    });
    Writing {
        encoding: raw.encoding.take().map(|at| at.value),
        zone,
        time_format,
        axis_order: raw.axis_order.take().map(|at| at.value).unwrap_or_default(),
        // `[privacy]` is the same for all sources.
        masks: Default::default(),
    }
}

/// A time zone by its IANA name, or by a fixed offset: `+08:00`.
fn zone(name: &At<String>, complaints: &mut Complaints) -> Option<TimeZone> {
    let fixed = || {
        let (hours, minutes) = name.value.strip_prefix(['+', '-'])?.split_once(':')?;
        let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
        let (hours, minutes) = (i32::from(hours), i32::from(minutes));
        let sign = if name.value.starts_with('-') { -1 } else { 1 };
        let secs = (hours * 3_600 + minutes * 60) * sign;
        jiff::tz::Offset::from_seconds(secs).ok().filter(|_| minutes < 60).map(TimeZone::fixed)
    };
    let zone = TimeZone::get(&name.value).ok().or_else(fixed);
    if zone.is_none() {
        let message = format!("不认识时区 `{}`,应为 IANA 名称(如 `Asia/Shanghai`)或 `+08:00`", excerpt(&name.value));
        complaints.add(name.offset, &name.key, message);
    }
    zone
}

/// Checks `[sources.fields]`.
pub(super) fn field_rules(
    raw: BTreeMap<String, At<RawField>>,
    feed: Option<Feed>,
    complaints: &mut Complaints,
) -> BTreeMap<String, FieldRule> {
    let mut fields = BTreeMap::new();
    for (field, rule) in raw {
        let known = is_field(&field, &rule, feed, complaints);
        let At { value, key, offset, key_offset } = rule;
        let rule = match value {
            RawField::At(place) => place_rule(At { value: place, key, offset, key_offset }, complaints),
            RawField::Computed(computed) => match computed.expr {
                Some(text) => computed_rule(text, complaints),
                None => {
                    if !complaints.concerns_within(&key) {
                        complaints.add(offset, &key, r#"缺少表达式,写作 { expr = "表达式" }"#);
                    }
                    None
                }
            },
        };
        fields.extend(rule.filter(|_| known).map(|rule| (field, rule)));
    }
    fields
}

/// A pointer or a column.
fn place_rule(place: At<String>, complaints: &mut Complaints) -> Option<FieldRule> {
    if !not_blank(&place, complaints) {
        return None;
    }
    // A text without a leading slash is the name of a CSV column.
    if place.value.starts_with('/') && !is_pointer(&place.value) {
        let message = format!("`{}` 不是 JSON 指针(~ 写作 ~0,/ 写作 ~1,RFC 6901)", excerpt(&place.value));
        complaints.add(place.offset, &place.key, message);
        return None;
    }
    Some(FieldRule::At(place.value))
}

/// An expression.
fn computed_rule(text: At<String>, complaints: &mut Complaints) -> Option<FieldRule> {
    match Expression::parse(&text.value) {
        Ok(expression) => Some(FieldRule::Computed(expression)),
        Err(fault) => {
            complaints.add(text.offset, &text.key, fault);
            None
        }
    }
}

/// Whether records of `feed` have this field; a feed that is not known has
/// its own complaint.
fn is_field<T>(field: &str, at: &At<T>, feed: Option<Feed>, complaints: &mut Complaints) -> bool {
    let Some(feed) = feed else { return true };
    let known = feed.field_names().contains(&field);
    if !known {
        let hint = hint(field, feed.field_names());
        let message = format!("`{}` 数据没有字段 `{}`{hint}", feed.name(), excerpt(field));
        complaints.add(at.key_offset, &at.key, message);
    }
    known
}

/// Checks `[sources.values.<field>]`.
pub(super) fn value_maps(
    raw: BTreeMap<String, At<BTreeMap<String, At<String>>>>,
    feed: Option<Feed>,
    stages: &[String],
    complaints: &mut Complaints,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut maps = BTreeMap::new();
    for (field, map) in raw {
        if !is_field(&field, &map, feed, complaints) {
            continue;
        }
        for value in map.value.values() {
            if let Some(fault) = value_fault(&field, feed, &value.value, stages) {
                complaints.add(value.offset, &value.key, fault);
            }
        }
        maps.insert(field, map.value.into_iter().map(|(from, to)| (from, to.value)).collect());
    }
    maps
}

/// What is wrong with `value` as a value of a field of the domain. Fields
/// that take any text take any value.
fn value_fault(field: &str, feed: Option<Feed>, value: &str, stages: &[String]) -> Option<String> {
    let known = match (feed?, field) {
        (Feed::Areas, "level") => Level::parse(value).is_some(),
        (Feed::Areas, "kind") => ["comprehensive", "dedicated"].contains(&value),
        (Feed::Events, "severity") => Severity::parse(value).is_some(),
        (Feed::Events, "channel") => Channel::parse(value).is_some(),
        (Feed::Events, "stage") => stages.iter().any(|stage| stage == value),
        (Feed::Devices, "state") => DeviceState::parse(value).is_some(),
        (Feed::Context, "kind") => ContextKind::parse(value).is_some(),
        (Feed::Events, "solved" | "satisfied") | (Feed::Cameras, "online") | (Feed::Figures, "more_is_better") => {
            ["true", "false"].contains(&value)
        }
        _ => true,
    };
    if known {
        return None;
    }
    let stage_names: Vec<&str> = stages.iter().map(String::as_str).collect();
    let names: &[&str] = match field {
        "level" => &["city", "district", "street", "community", "grid", "micro-grid"],
        "kind" if feed == Some(Feed::Areas) => &["comprehensive", "dedicated"],
        "kind" => &["water", "green", "building", "road"],
        "severity" => &["normal", "major", "urgent"],
        "channel" => &["hotline", "patrol", "iot", "snapshot", "video"],
        "stage" => &stage_names,
        "state" => &["normal", "offline", "alarm"],
        _ => &["true", "false"],
    };
    Some(not_among(value, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_with_a_fixed_set_of_values_is_checked() {
        let stages = ["收集".to_owned(), "处置".to_owned()];
        let fixed = [
            (Feed::Areas, "level", "grid"),
            (Feed::Areas, "kind", "dedicated"),
            (Feed::Events, "severity", "urgent"),
            (Feed::Events, "channel", "hotline"),
            (Feed::Events, "stage", "处置"),
            (Feed::Devices, "state", "alarm"),
            (Feed::Context, "kind", "water"),
            (Feed::Cameras, "online", "true"),
        ];
        for (feed, field, good) in fixed {
            assert!(feed.field_names().contains(&field));
            assert_eq!(value_fault(field, Some(feed), good, &stages), None, "{field}");
            assert!(value_fault(field, Some(feed), "不存在", &stages).is_some(), "{field}");
        }
        assert_eq!(value_fault("title", Some(Feed::Events), "随便", &stages), None);
    }
}
