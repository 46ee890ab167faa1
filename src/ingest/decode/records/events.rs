//! Events of the closed loop.

use std::sync::Arc;

use serde_json::Value;

use crate::config::source::Feed;
use crate::domain::event::{Channel, Event, Severity, usual_title};
use crate::domain::finding::FindingKind;
use crate::domain::privacy::masked;
use crate::domain::time::Time;

use super::super::elements::Element;
use super::super::fields::{Fields, place_of, scalar_text};
use super::super::record::{Cell, trimmed};
use super::words::Words;
use super::{Context, position};

/// Names under which a step of the history carries its instant.
const STEP_TIMES: [&str; 6] = ["at", "time", "enteredAt", "entered", "createTime", "handleTime"];

/// Where a field of events stands.
const fn place(name: &str) -> usize {
    place_of(Feed::Events, name)
}

// Looked up when this is compiled, and not for each of a million events.
const CATEGORY: usize = place("category");
const SUBCATEGORY: usize = place("subcategory");
const TITLE: usize = place("title");
const PLACE: usize = place("place");
const AREA: usize = place("area");
const SEVERITY: usize = place("severity");
const CHANNEL: usize = place("channel");
const REPORTED: usize = place("reported");
const STAGE: usize = place("stage");
const HISTORY: usize = place("history");
const DUE: usize = place("due");
const CLOSED: usize = place("closed");
const SOLVED: usize = place("solved");
const SATISFIED: usize = place("satisfied");
const RETURNED: usize = place("returned");
const REPEATS: usize = place("repeats");

/// Reads one event; one without an instant of report cannot be placed in time
/// and is left out.
pub fn read(fields: &Fields<'_>, element: &Element<'_>, context: &mut Context<'_>, words: &mut Words) -> Option<Event> {
    let entered = read_history(fields, context);
    let reported = match fields.time_at(REPORTED).or_else(|| entered.first().map(|&(_, at)| at)) {
        Some(reported) => reported,
        None => {
            let what =
                if fields.cell_at(REPORTED).is_some() { "上报时间无法识别" } else { "没有上报时间" };
            context.note(FindingKind::BadField, what);
            return None;
        }
    };
    let stage = read_stage(fields, context).or_else(|| entered.last().map(|&(stage, _)| stage)).unwrap_or(0);
    let masks = &context.decoder.masks;
    let [category, subcategory] = [CATEGORY, SUBCATEGORY].map(|place| {
        let text = fields.text_at(place).unwrap_or_default();
        if masks.others { words.share(&masks.masked(&text)) } else { words.share(&text) }
    });
    let masked_text = |place: usize| fields.text_at(place).map(|text| masks.free_text(&text).into_owned());
    Some(Event {
        title: masked_text(TITLE).unwrap_or_else(|| usual_title(&category, &subcategory).to_owned()),
        category,
        subcategory,
        place: masked_text(PLACE).unwrap_or_default(),
        area: fields.code_at(AREA).map(|code| words.share(&code)),
        at: position(fields, element, context),
        severity: word(fields, SEVERITY, Severity::parse, context),
        channel: word(fields, CHANNEL, Channel::parse, context),
        reported,
        stage,
        due: instant(fields, DUE, context),
        closed: instant(fields, CLOSED, context).or_else(|| step_to_rest(&entered, stage, context)),
        solved: fields.flag_at(SOLVED),
        satisfied: fields.flag_at(SATISFIED),
        returned: fields.number_at(RETURNED).map_or(0, |count| count.clamp(0.0, 65_535.0) as u16),
        repeats: fields.code_at(REPEATS).map(|code| Arc::from(&*code)),
        id: Arc::from(&*context.subject),
        entered,
    })
}

/// The name of a field, for findings.
fn name_of(place: usize) -> &'static str {
    Feed::Events.field_names()[place]
}

/// A word of a fixed set; an unknown one is noted and the default taken.
fn word<T: Default>(
    fields: &Fields<'_>,
    place: usize,
    parse: impl Fn(&str) -> Option<T>,
    context: &mut Context<'_>,
) -> T {
    let Some(text) = fields.text_at(place) else { return T::default() };
    parse(&text).unwrap_or_else(|| {
        let message = format!("{} 的值“{}”未知", name_of(place), masked(&text));
        context.note(FindingKind::BadField, message);
        T::default()
    })
}

/// An instant; one that cannot be read is noted.
fn instant(fields: &Fields<'_>, place: usize, context: &mut Context<'_>) -> Option<Time> {
    fields.cell_at(place)?;
    let time = fields.time_at(place);
    if time.is_none() {
        context.note(FindingKind::BadField, format!("{} 不是时间", name_of(place)));
    }
    time
}

/// The stage by its name in the configuration, or by its number from 0.
fn read_stage(fields: &Fields<'_>, context: &mut Context<'_>) -> Option<u8> {
    let text = fields.text_at(STAGE)?;
    let stage = stage_index(&text, context);
    if stage.is_none() {
        context.note(FindingKind::BadField, format!("未知的环节“{}”,按第一个环节计", masked(&text)));
    }
    Some(stage.unwrap_or(0))
}

fn stage_index(text: &str, context: &Context<'_>) -> Option<u8> {
    let stages = &context.decoder.stages;
    let by_name = stages.iter().position(|stage| stage == trimmed(text));
    by_name
        .or_else(|| text.parse().ok().filter(|&index| index < stages.len()))
        .and_then(|index| u8::try_from(index).ok())
}

/// When an event that rests in the last stage of the loop came there, by its own
/// history: that is its close where no other is told.
fn step_to_rest(entered: &[(u8, Time)], stage: u8, context: &Context<'_>) -> Option<Time> {
    let is_at_rest = usize::from(stage) + 1 == context.decoder.stages.len();
    entered.last().filter(|&&(last, _)| is_at_rest && last == stage).map(|&(_, at)| at)
}

/// The steps taken, in order of time: `{stage, at}` or `[stage, at]` each.
fn read_history(fields: &Fields<'_>, context: &mut Context<'_>) -> Vec<(u8, Time)> {
    let Some(Cell::Tree(Value::Array(steps))) = fields.cell_at(HISTORY) else { return Vec::new() };
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
