//! Checks of `[[briefings]]`.
//!
//! In: the tables as written, the names of the scenes. Out: [`Briefing`]s whose
//! scenes are known.

use super::panel::MIN_SHOWN_SECS;
use super::{distinct, duration_secs, optional_text, required_text};
use crate::config::error::Complaints;
use crate::config::raw::{RawBriefing, RawBriefingStep};
use crate::config::read::{At, joined, not_among};
use crate::config::{Briefing, BriefingStep};

/// Characters of a caption: two lines that are read from afar.
const MOST_CAPTION: usize = 60;

/// Characters of the notes to one step: a page that is read while speaking.
const MOST_NOTES: usize = 2_000;

/// Steps of one briefing: an hour of them.
const MOST_STEPS: usize = 200;

/// Checks all briefings. `scenes` are the names of all scenes in their order,
/// also of those that are not good.
pub(super) fn briefings(
    raw: Option<At<Vec<At<RawBriefing>>>>,
    scenes: &[String],
    complaints: &mut Complaints,
) -> Vec<Briefing> {
    let briefings = raw.map(|at| at.value).unwrap_or_default();
    let names: Vec<At<String>> = briefings.iter().filter_map(|briefing| briefing.value.name.clone()).collect();
    distinct(&names, "汇报名称", complaints);
    briefings.into_iter().filter_map(|raw| briefing(raw, scenes, complaints)).collect()
}

fn briefing(mut raw: At<RawBriefing>, scenes: &[String], complaints: &mut Complaints) -> Option<Briefing> {
    let name = raw.value.name.take();
    let name = required_text(name, "name", &raw, complaints);
    let steps = raw.value.steps.take();
    // Steps that could not be read are missing from the list but not the file.
    let offset = steps.as_ref().map_or(raw.offset, |steps| steps.offset);
    let key = joined(&raw.key, "steps");
    let count = steps.as_ref().map_or(0, |steps| steps.value.len());
    if !(1..=MOST_STEPS).contains(&count) && !complaints.concerns_within(&key) {
        let message = format!("汇报应有 1 到 {MOST_STEPS} 步([[briefings.steps]]),却有 {count} 步");
        complaints.add(offset, key, message);
    }
    let steps = steps.map(|at| at.value).unwrap_or_default();
    let steps = steps.into_iter().filter_map(|raw| step(raw, scenes, complaints)).collect();
    Some(Briefing { name: name?.value, steps })
}

fn step(mut raw: At<RawBriefingStep>, scenes: &[String], complaints: &mut Complaints) -> Option<BriefingStep> {
    let scene = raw.value.scene.take();
    let scene = required_text(scene, "scene", &raw, complaints).and_then(|name| scene_of(&name, scenes, complaints));
    let RawBriefingStep { focus, caption, notes, duration, .. } = raw.value;
    let step = BriefingStep {
        scene: scene.unwrap_or_default(),
        focus: optional_text(focus, complaints),
        caption: text_of_at_most(caption, MOST_CAPTION, "字幕", complaints),
        notes: text_of_at_most(notes, MOST_NOTES, "提词", complaints),
        duration_secs: duration.map(|duration| duration_secs(Some(duration), MIN_SHOWN_SECS, 0.0, complaints)),
    };
    scene.map(|_| step)
}

fn scene_of(name: &At<String>, scenes: &[String], complaints: &mut Complaints) -> Option<usize> {
    let found = scenes.iter().position(|scene| *scene == name.value);
    if found.is_none() {
        let names: Vec<&str> = scenes.iter().map(String::as_str).collect();
        complaints.add(name.offset, &name.key, format!("没有这个场景:{}", not_among(&name.value, &names)));
    }
    found
}

fn text_of_at_most(text: Option<At<String>>, most: usize, what: &str, complaints: &mut Complaints) -> Option<String> {
    if let Some(text) = &text {
        let count = text.value.trim().chars().count();
        if count > most {
            complaints.add(text.offset, &text.key, format!("{what}至多 {most} 个字,却有 {count} 个"));
        }
    }
    optional_text(text, complaints).map(|text| text.trim().to_owned())
}
