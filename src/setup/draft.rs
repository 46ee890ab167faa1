//! A configuration that shows what was sampled: what `quanyu init` writes.
//!
//! In: samples, each with what it was taken for and where its fields are. Out:
//! the text of a configuration in which every guess has its reason behind it,
//! and what is unsure is a comment.

use super::fields::{Guess, WRITTEN};
use super::propose::holds;
use super::words::progress;
use crate::config::source::Feed;
use crate::domain::area::Level;
use crate::domain::privacy::mask_free_text;
use crate::domain::survey::{KeySurvey, Survey};

/// Members that are listed as not used.
const MAX_UNUSED: usize = 12;

/// Stages that a closed loop may have.
const STAGES: std::ops::RangeInclusive<usize> = 2..=12;

/// Where a sample came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file, as it shall be written.
    File(String),
    /// An address that is polled.
    Http(String),
    /// An address that pushes.
    Sse(String),
}

/// One sample and what it was taken for.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Where it came from.
    pub place: Place,
    /// What its records are taken for.
    pub feed: Feed,
    /// Why, and what else they may be.
    pub reason: String,
    /// Where the records are, if not where they usually are.
    pub records: Option<String>,
    /// What they look like.
    pub survey: Survey,
    /// Where the fields are.
    pub guesses: Vec<Guess>,
    /// Keys of the source with value and reason; without a value a comment.
    pub settings: Vec<(&'static str, Option<String>, String)>,
}

/// A text as TOML writes it, always within one line: it may stand in a comment.
pub fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => written.extend(['\\', c]),
            _ if c.is_control() => written += &format!("\\u{:04X}", u32::from(c)),
            _ => written.push(c),
        }
    }
    written.push('"');
    written
}

/// The whole configuration.
pub fn write(samples: &[Sample], stages: Option<&[String]>) -> String {
    let mut text = String::from(
        "# quanyu init 看了样本之后写的:# 之后是依据,拿不准的整行是注释,去掉开头的 # 即生效。\n\
         #   检查:quanyu check -c 本文件        画面:quanyu snapshot -c 本文件 --out wall.png\n\
         # 全部的键见 config.toml,说明见 docs/integrator.md。\n\n[wall]\ntitle = \"全域治理一张图\"\n\
         # 给谁看:duty 值班人员、public 来访者(脱敏最严)、demo 演示数据。\naudience = \"public\"\n\
         # 没有时区的时间按它理解。\ntime_zone = \"Asia/Shanghai\"\n",
    );
    if let Some(stages) = stages {
        let list: Vec<String> = stages.iter().map(|stage| quoted(stage)).collect();
        text += "\n[closed_loop]\n# 数据中出现的环节;次序是按词义推测的,请核对,最后一个是办结后停留的环节。\n";
        text += &format!("stages = [{}]\n", list.join(", "));
    }
    let mut ids: Vec<&str> = Vec::new();
    for sample in samples {
        let name = sample.feed.name();
        ids.push(name);
        let number = ids.iter().filter(|id| **id == name).count();
        let id = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
        text += &source(sample, &id);
    }
    text
}

fn source(sample: &Sample, id: &str) -> String {
    let Sample { place, feed, reason, survey, .. } = sample;
    let (kind, key, at) = match place {
        Place::File(path) => ("file", "path", path),
        Place::Http(url) => ("http", "url", url),
        Place::Sse(url) => ("sse", "url", url),
    };
    let mut text =
        format!("\n# 样本 {} 条,看作 {} {}:{}\n", survey.records(), feed.name(), word_of(*feed), comment(reason));
    text += &unused(sample);
    text += "[[sources]]\n";
    text += &format!("id = \"{id}\"\nname = {}\nfeed = \"{}\"\nkind = \"{kind}\"\n", quoted(&title(at)), feed.name());
    text += &format!("{key} = {}\n", quoted(at));
    match place {
        Place::Http(_) => {
            text += "# every = \"10s\"      # 多久请求一次;不写按内容的种类\n\
                     # headers = { Authorization = { env = \"QUANYU_TOKEN\" } }      # 需要密钥的,写在环境变量里\n";
        }
        Place::Sse(_) => text += "# headers = { Authorization = { env = \"QUANYU_TOKEN\" } }\n",
        Place::File(_) => {}
    }
    if let Some(records) = &sample.records {
        text += &format!("records = {}  # 记录所在的位置\n", quoted(records));
    }
    for (key, value, reason) in &sample.settings {
        match value {
            Some(value) => text += &format!("{key} = {}  # {}\n", quoted(value), comment(reason)),
            None => text += &format!("# {key}:{}\n", comment(reason)),
        }
    }
    let (sure, unsure): (Vec<&Guess>, Vec<&Guess>) = sample.guesses.iter().partition(|guess| guess.mark >= WRITTEN);
    // What is unsure comes first: behind the last key, a table of words that is
    // added later would come between it and its table.
    if !sample.guesses.is_empty() {
        text += if sure.is_empty() { "\n# [sources.fields]\n" } else { "\n[sources.fields]\n" };
    }
    for guess in unsure {
        text += &format!("# {} = {}  # 拿不准:{}\n", guess.field, quoted(&guess.key), about(survey, guess));
    }
    for guess in sure {
        text += &format!("{} = {}  # {}\n", guess.field, quoted(&guess.key), about(survey, guess));
    }
    text
}

/// The members that no field is taken from, as a remark.
fn unused(sample: &Sample) -> String {
    let survey = &sample.survey;
    let unused: Vec<&KeySurvey> = survey.keys().iter().filter(|key| !is_used(sample, key)).collect();
    if unused.is_empty() {
        return String::new();
    }
    let names: Vec<String> = unused.iter().take(MAX_UNUSED).map(|key| named(key)).collect();
    let rest = unused.len().saturating_sub(MAX_UNUSED);
    let rest = if rest > 0 { format!(" 等另 {rest} 个") } else { String::new() };
    format!("# 没有用到的:{}{rest}\n", names.join(" "))
}

/// The name of a member as it may be shown: objects by number have numbers of
/// persons for names.
pub fn named(key: &KeySurvey) -> String {
    let name = &key.key;
    comment(&if digits(name) < 5 { name.clone() } else { mask_free_text(name) })
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether a member, or one around or inside it, is a field.
fn is_used(sample: &Sample, key: &KeySurvey) -> bool {
    sample.guesses.iter().any(|guess| holds(&guess.key, &key.key) || holds(&key.key, &guess.key))
}

/// Why a guess was made, how often the member is there, and a value.
fn about(survey: &Survey, guess: &Guess) -> String {
    let Some(key) = survey.key(&guess.key) else { return comment(&guess.reason) };
    let share = key.present as f64 / survey.records().max(1) as f64 * 100.0;
    let example = key.example.as_deref().map(|example| format!(",如 {example}")).unwrap_or_default();
    comment(&format!("{},{share:.0}% 有值{example}", guess.reason))
}

/// A text that stays within its line.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn word_of(feed: Feed) -> &'static str {
    match feed {
        Feed::Areas => "区域边界",
        Feed::Events => "事件",
        Feed::Cameras => "视频点位",
        Feed::Devices => "物联设备",
        Feed::Tracks => "巡查轨迹",
        Feed::Figures => "现成指标",
        Feed::Context => "底图",
    }
}

/// A name from the last part of a path or an address.
fn title(at: &str) -> String {
    let bare = at.split(['?', '#']).next().unwrap_or(at).trim_end_matches('/');
    let last = bare.rsplit(['/', '\\']).next().unwrap_or(bare);
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    if stem.is_empty() { at.to_owned() } else { stem.to_owned() }
}

/// The stages that events are in, in the order of what their names mean;
/// `None` where most mean nothing, they are numbers, or too few or many.
pub fn stages(samples: &[Sample]) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    for sample in samples.iter().filter(|sample| sample.feed == Feed::Events) {
        let stage = sample.guesses.iter().find(|guess| guess.field == "stage" && guess.mark >= WRITTEN);
        let Some(key) = stage.and_then(|guess| sample.survey.key(&guess.key)) else { continue };
        words.extend(key.words().iter().map(|(word, _)| word.clone()));
    }
    words.sort();
    words.dedup();
    let is_named = words.iter().all(|word| word.chars().any(char::is_alphabetic));
    // Words of which nobody knows the order are no loop, and may be people.
    let known = words.iter().filter(|word| progress(word).is_some()).count();
    if !STAGES.contains(&words.len()) || !is_named || known * 2 <= words.len() {
        return None;
    }
    words.sort_by(|a, b| progress(a).unwrap_or(0.5).total_cmp(&progress(b).unwrap_or(0.5)));
    Some(words)
}

/// The level that most names of areas end in.
pub fn level(survey: &Survey, name_key: &str) -> Option<Level> {
    survey.key(name_key)?.shapes.ending()
}

/// Whether areas are parts of others of the same sample.
pub fn is_nested(sample: &Sample) -> bool {
    let key = |field: &str| {
        let guess = sample.guesses.iter().find(|guess| guess.field == field)?;
        sample.survey.key(&guess.key)
    };
    key("parent").zip(key("code")).is_some_and(|(parent, code)| parent.share_within(code) > 0.0)
}

/// A header that is a value: then the table has no headers, and its first row
/// is taken for them.
pub fn is_headless(survey: &Survey) -> bool {
    let is_value = |name: &str| {
        let is_number = name.chars().all(|c| c.is_ascii_digit() || "-+.:/ TZ".contains(c));
        // A year is a header like another.
        is_number && (digits(name) >= 5 || digits(name) >= 3 && name.contains('.')) || digits(name) >= 7
    };
    survey.is_table() && survey.keys().iter().any(|key| is_value(key.key.trim()))
}

/// Whether areas are as DataV (and the map services behind it) export them:
/// in GCJ-02, without saying so.
pub fn is_datav(survey: &Survey) -> bool {
    let has = |key: &str| survey.key(key).is_some();
    has("/adcode") && (has("/parent/adcode") || has("/childrenNum") || has("/acroutes") || has("/centroid"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::super::fields::guess;
    use super::super::fix::{Change, What, apply};
    use super::*;
    use crate::config::Config;

    fn sample(feed: Feed, records: &[serde_json::Value]) -> Sample {
        let survey = Survey::of(records);
        let guesses = guess(&survey, feed, feed.field_names(), &[], None);
        Sample {
            place: Place::File("data/a \"b\".json".into()),
            feed,
            reason: "样\n子".into(),
            records: None,
            survey,
            guesses,
            settings: vec![("crs", Some("gcj02".into()), "试过".into()), ("level", None, "拿不准".into())],
        }
    }

    #[test]
    fn texts_stay_within_their_line_and_mean_the_same() {
        for text in ["/a", "a \"b\" \\ c", "x\ny = 1", "\t\u{7f}\u{85}", "编号"] {
            let written = quoted(text);
            assert!(!written.contains('\n'), "{written}");
            let read: toml_edit::DocumentMut = format!("a = {written}\n").parse().unwrap();
            assert_eq!(read["a"].as_str(), Some(text));
        }
    }

    #[test]
    fn unsure_guesses_stay_in_their_table_when_words_are_added() {
        let records: Vec<_> = (0..6)
            .map(|n| json!({"k": format!("A{n}"), "sbsj": format!("2025-08-15 09:0{n}:00"), "zt": "处理中"}))
            .collect();
        let text = write(&[sample(Feed::Events, &records)], None);
        let what = What::Word { field: "stage".into(), word: "处理中".into(), meaning: "干部接单".into() };
        let new = apply(&text, &[Change { source: 0, what, reason: "6 条".into() }]).unwrap();
        let at = |part: &str| new.find(part).unwrap_or_else(|| panic!("{part} in\n{new}"));
        assert!(at("[sources.fields]") < at("# id = \"/k\"") && at("# id = \"/k\"") < at("[sources.values.stage]"));
    }

    #[test]
    fn tables_without_headers_are_told() {
        let survey = |headers: [&str; 3]| {
            let mut survey = Survey::default();
            survey.see_row(headers.into_iter().map(|header| (header, "1")));
            survey
        };
        assert!(!is_headless(&survey(["编号", "业主姓名", "2025"])));
        assert!(is_headless(&survey(["张三", "118.78", "x"])));
        assert!(is_headless(&survey(["张三", "x", "13800131234"])));
        assert!(is_headless(&survey(["a", "2025-08-15 09:00:00", "b"])));
    }

    #[test]
    fn what_is_written_loads() {
        let area = sample(Feed::Areas, &[json!({"adcode": 320102, "parent": {"adcode": 320100}, "name": "玄武区"})]);
        assert!(is_datav(&area.survey));
        assert_eq!(level(&area.survey, "/name"), Some(Level::District));
        let events: Vec<_> = ["待派单", "处理中", "已办结", "待派单", "处理中", "已办结"]
            .iter()
            .enumerate()
            .map(|(n, stage)| json!({"sjbh": n, "sbsj": format!("2025-08-15 09:0{n}:00"), "zt": stage, "x\ny": 1}))
            .collect();
        let mut events = sample(Feed::Events, &events);
        events.settings.pop();
        let all = [area, events.clone(), events];
        let stages = stages(&all).unwrap();
        assert_eq!(stages, ["待派单", "处理中", "已办结"]);
        let text = write(&all, Some(&stages));
        let config = Config::parse(&text, Path::new("x.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(
            config.sources.iter().map(|source| source.id.as_str()).collect::<Vec<_>>(),
            ["areas", "events", "events-2"]
        );
        assert!(config.sources[0].fields.contains_key("parent"), "{text}");
    }
}
