//! Events of the closed loop.

use serde_json::Value;

use crate::domain::event::{Channel, Event, Severity, usual_title};
use crate::domain::finding::FindingKind;
use crate::domain::privacy::mask_free_text;
use crate::domain::time::Time;

use super::super::elements::Element;
use super::super::fields::{Fields, scalar_text};
use super::{Context, position};

/// Names under which a step of the history carries its instant.
const STEP_TIMES: [&str; 6] = ["at", "time", "enteredAt", "entered", "createTime", "handleTime"];

/// Reads one event; one without an instant of report cannot be placed in time
/// and is left out.
pub fn read(fields: &Fields<'_>, element: &Element, context: &mut Context<'_>) -> Option<Event> {
    let entered = read_history(fields, context);
    let reported = match fields.time("reported").or_else(|| entered.first().map(|&(_, at)| at)) {
        Some(reported) => reported,
        None => {
            let what =
                if fields.value("reported").is_some() { "上报时间无法识别" } else { "没有上报时间" };
            context.note(FindingKind::BadField, what);
            return None;
        }
    };
    let stage = read_stage(fields, context).or_else(|| entered.last().map(|&(stage, _)| stage)).unwrap_or(0);
    let category = fields.text("category").unwrap_or_default();
    let subcategory = fields.text("subcategory").unwrap_or_default();
    let title = fields.text("title").map(|title| mask_free_text(&title));
    Some(Event {
        title: title.unwrap_or_else(|| usual_title(&category, &subcategory).to_owned()),
        category: category.into(),
        subcategory: subcategory.into(),
        place: fields.text("place").map(|place| mask_free_text(&place)).unwrap_or_default(),
        area: fields.code("area").map(Into::into),
        at: position(fields, element, context),
        severity: word(fields, "severity", Severity::parse, context),
        channel: word(fields, "channel", Channel::parse, context),
        reported,
        stage,
        entered,
        due: instant(fields, "due", context),
        closed: instant(fields, "closed", context),
        solved: fields.flag("solved"),
        satisfied: fields.flag("satisfied"),
        returned: fields.number("returned").map_or(0, |count| count.clamp(0.0, 65_535.0) as u16),
        repeats: fields.code("repeats").map(Into::into),
        id: context.subject.as_str().into(),
    })
}

/// A word of a fixed set; an unknown one is noted and the default taken.
fn word<T: Default>(
    fields: &Fields<'_>,
    field: &str,
    parse: impl Fn(&str) -> Option<T>,
    context: &mut Context<'_>,
) -> T {
    let Some(text) = fields.text(field) else { return T::default() };
    parse(&text).unwrap_or_else(|| {
        context.note(FindingKind::BadField, format!("{field} 的值“{}”未知", mask_free_text(&text)));
        T::default()
    })
}

/// An instant; one that cannot be read is noted.
fn instant(fields: &Fields<'_>, field: &str, context: &mut Context<'_>) -> Option<Time> {
    let value = fields.value(field)?;
    let time = fields.time_of(value);
    if time.is_none() {
        context.note(FindingKind::BadField, format!("{field} 不是时间"));
    }
    time
}

/// The stage by its name in the configuration, or by its number from 0.
fn read_stage(fields: &Fields<'_>, context: &mut Context<'_>) -> Option<u8> {
    let text = fields.text("stage")?;
    let stage = stage_index(&text, context);
    if stage.is_none() {
        context.note(FindingKind::BadField, format!("未知的环节“{}”,按第一个环节计", mask_free_text(&text)));
    }
    Some(stage.unwrap_or(0))
}

fn stage_index(text: &str, context: &Context<'_>) -> Option<u8> {
    let stages = &context.decoder.stages;
    let by_name = stages.iter().position(|stage| stage == text.trim());
    by_name
        .or_else(|| text.parse().ok().filter(|&index| index < stages.len()))
        .and_then(|index| u8::try_from(index).ok())
}

/// The steps taken, in order of time: `{stage, at}` or `[stage, at]` each.
fn read_history(fields: &Fields<'_>, context: &mut Context<'_>) -> Vec<(u8, Time)> {
    let Some(Value::Array(steps)) = fields.value("history") else { return Vec::new() };
    let mut entered = Vec::with_capacity(steps.len());
    for step in steps {
        let (stage, at) = match step {
            Value::Array(pair) => (pair.first(), pair.get(1)),
            step => {
                let stage = ["stage", "stageName", "name", "node", "status"].iter().find_map(|key| step.get(key));
                (stage, STEP_TIMES.iter().find_map(|key| step.get(key)))
            }
        };
        let stage = stage.and_then(scalar_text).and_then(|text| stage_index(&text, context));
        match stage.zip(at.and_then(|at| fields.time_of(at))) {
            Some(step) => entered.push(step),
            None => context.note(FindingKind::BadField, "流程中有一步的环节或时间无法识别,已略去"),
        }
    }
    entered.sort_by_key(|&(_, at)| at);
    entered
}
