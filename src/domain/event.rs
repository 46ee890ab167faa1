//! Events (事件): what is reported, handled and closed.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::geometry::LonLat;
use super::time::Time;

/// A word without upper case; most have none, and are not copied.
pub fn folded(word: &str) -> Cow<'_, str> {
    let is_folded = !word.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_folded { Cow::Borrowed(word) } else { Cow::Owned(word.to_ascii_lowercase()) }
}

/// How serious an event is. The order is from mild to severe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// 一般
    #[default]
    Normal,
    /// 重要
    Major,
    /// 紧急
    Urgent,
}

impl Severity {
    /// The Chinese word on the wall.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Normal => "一般",
            Self::Major => "重要",
            Self::Urgent => "紧急",
        }
    }

    /// Reads a name, a Chinese word or a number from 1 (normal) to 3 (urgent).
    pub fn parse(text: &str) -> Option<Self> {
        Some(match &*folded(text.trim()) {
            "normal" | "一般" | "普通" | "1" => Self::Normal,
            "major" | "重要" | "较大" | "2" => Self::Major,
            "urgent" | "紧急" | "重大" | "特急" | "3" => Self::Urgent,
            _ => return None,
        })
    }
}

/// How an event came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// 12345 热线
    Hotline,
    /// 网格巡查
    #[default]
    Patrol,
    /// 物联感知
    Iot,
    /// 随手拍
    Snapshot,
    /// 视频巡检
    Video,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 5] = [Self::Hotline, Self::Patrol, Self::Iot, Self::Snapshot, Self::Video];

    /// The Chinese word on the wall.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hotline => "12345",
            Self::Patrol => "网格巡查",
            Self::Iot => "物联感知",
            Self::Snapshot => "随手拍",
            Self::Video => "视频巡检",
        }
    }

    /// Reads a name or a Chinese word.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match &*folded(text.trim()) {
            "hotline" | "12345" | "热线" | "12345热线" => Self::Hotline,
            "patrol" | "网格巡查" | "巡查" | "网格" => Self::Patrol,
            "iot" | "物联" | "物联感知" => Self::Iot,
            "snapshot" | "随手拍" => Self::Snapshot,
            "video" | "视频" | "视频巡检" => Self::Video,
            _ => return None,
        })
    }
}

/// One event with its whole course so far.
///
/// The form in which events travel; how they are kept, see
/// [`super::event_store`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique id at its source.
    pub id: Arc<str>,
    /// Major class, 市容环境 for example.
    pub category: Arc<str>,
    /// Minor class, 垃圾满溢 for example.
    pub subcategory: Arc<str>,
    /// What is shown in a list, already masked.
    pub title: String,
    /// Where, in words, already masked.
    pub place: String,
    /// Code of the smallest known area.
    pub area: Option<Arc<str>>,
    /// Where; an event without a place still counts everywhere but on the map.
    pub at: Option<LonLat>,
    /// How serious.
    pub severity: Severity,
    /// How it came in.
    pub channel: Channel,
    /// When it was reported.
    pub reported: Time,
    /// Index into the stage set: where it is now.
    pub stage: u8,
    /// When it entered each stage that it reached: (stage, instant) in order;
    /// empty where the back end does not tell.
    pub entered: Vec<(u8, Time)>,
    /// When it must be done.
    pub due: Option<Time>,
    /// When it was closed (办结).
    pub closed: Option<Time>,
    /// Whether it was actually solved (实际解决); known after closing.
    pub solved: Option<bool>,
    /// Whether the reporter was satisfied.
    pub satisfied: Option<bool>,
    /// How many times it was sent back a stage.
    pub returned: u16,
    /// The earlier event that it repeats.
    pub repeats: Option<Arc<str>>,
}

impl Event {
    /// When it entered the stage in which it is now.
    pub fn stage_entered(&self) -> Time {
        self.entered.last().map_or(self.reported, |&(_, at)| at)
    }
}

/// The title of an event of a class that has no other: the minor class, or the
/// major one where there is none.
pub fn usual_title<'a>(category: &'a str, subcategory: &'a str) -> &'a str {
    if subcategory.is_empty() { category } else { subcategory }
}

/// Words kept by [`Words`]: a large city's codes of areas, and as many again.
const MAX_WORDS: usize = 131_072;

/// Words that events have in common, each kept once.
#[derive(Clone, Debug, Default)]
pub struct Words(HashSet<Arc<str>>);

impl Words {
    /// Makes the event's classes and its area's code the ones that other
    /// events have. Where there are too many words, new ones are not shared.
    pub fn share(&mut self, event: &mut Event) {
        self.share_one(&mut event.category);
        self.share_one(&mut event.subcategory);
        if let Some(area) = &mut event.area {
            self.share_one(area);
        }
    }

    fn share_one(&mut self, word: &mut Arc<str>) {
        if let Some(known) = self.0.get(word) {
            *word = Arc::clone(known);
        } else if self.0.len() < MAX_WORDS {
            self.0.insert(Arc::clone(word));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An event reported at `reported` milliseconds, in its first stage.
    pub(crate) fn event(id: &str, reported: i64) -> Event {
        Event {
            id: id.into(),
            category: "市容环境".into(),
            subcategory: "垃圾满溢".into(),
            title: "垃圾满溢".into(),
            place: String::new(),
            area: None,
            at: None,
            severity: Severity::Normal,
            channel: Channel::Patrol,
            reported: Time(reported),
            stage: 0,
            entered: vec![(0, Time(reported))],
            due: None,
            closed: None,
            solved: None,
            satisfied: None,
            returned: 0,
            repeats: None,
        }
    }
}
