//! Events (事件): what is reported, handled and closed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::geometry::LonLat;
use super::time::Time;

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
        Some(match text.trim().to_ascii_lowercase().as_str() {
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
        Some(match text.trim().to_ascii_lowercase().as_str() {
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
/// What many events have in common, and the id, by which tables find it, are
/// shared: a wall holds two hundred thousand of these.
#[derive(Clone, Debug, PartialEq)]
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
    /// When it entered each stage that it reached: (stage, instant) in order.
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
    /// Not closed at `now` and past its due time, or closed after it.
    pub fn is_overdue(&self, now: Time) -> bool {
        self.due.is_some_and(|due| self.closed.unwrap_or(now) > due)
    }

    /// Whether it was open at `now`.
    pub fn is_open(&self, now: Time) -> bool {
        self.closed.is_none_or(|closed| closed > now)
    }

    /// When it entered the stage in which it is now.
    pub fn stage_entered(&self) -> Time {
        self.entered.last().map_or(self.reported, |&(_, at)| at)
    }
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

    /// Forgets the words that no event has any more.
    fn forget_unused(&mut self) {
        self.0.retain(|word| Arc::strong_count(word) > 1);
    }
}

/// What one batch of changes did to an [`EventStore`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApplyCount {
    /// Ids not seen before.
    pub added: usize,
    /// Known ids whose record differs.
    pub changed: usize,
    /// Known ids with the same record.
    pub same: usize,
    /// Oldest events given up to stay within the capacity.
    pub dropped: usize,
}

/// The events that the wall holds, newest last, bounded.
#[derive(Clone, Debug)]
pub struct EventStore {
    /// Boxed, because a growing table of records this large would hold two
    /// copies of all of them.
    events: HashMap<Arc<str>, Box<Event>>,
    /// (reported, id) in time order, so that windows and "newest" are slices.
    order: std::collections::BTreeSet<(Time, Arc<str>)>,
    words: Words,
    capacity: usize,
    dropped: u64,
}

impl Default for EventStore {
    fn default() -> Self {
        Self::with_capacity(200_000)
    }
}

impl EventStore {
    /// An empty store that keeps at most `capacity` events.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            events: HashMap::new(),
            order: Default::default(),
            words: Words::default(),
            capacity: capacity.max(1),
            dropped: 0,
        }
    }

    /// Adds or replaces events by id. A repeated or late delivery changes
    /// nothing that is already newer: a record that went through fewer steps
    /// than the known one is ignored.
    pub fn apply(&mut self, batch: impl IntoIterator<Item = Event>) -> ApplyCount {
        let mut count = ApplyCount::default();
        for mut event in batch {
            match self.events.get(&event.id) {
                Some(known) if **known == event || is_older(&event, known) => {
                    count.same += 1;
                    continue;
                }
                Some(known) => {
                    count.changed += 1;
                    // The one that the tables have.
                    event.id = Arc::clone(&known.id);
                    if known.reported != event.reported {
                        self.order.remove(&(known.reported, known.id.clone()));
                        self.order.insert((event.reported, event.id.clone()));
                    }
                }
                None => {
                    count.added += 1;
                    self.order.insert((event.reported, event.id.clone()));
                }
            }
            self.words.share(&mut event);
            self.events.insert(Arc::clone(&event.id), Box::new(event));
        }
        while self.events.len() > self.capacity {
            let Some((_, id)) = self.order.pop_first() else { break };
            self.events.remove(&id);
            count.dropped += 1;
            self.dropped += 1;
        }
        if count.dropped > 0 {
            self.words.forget_unused();
        }
        count
    }

    /// The event with this id.
    pub fn get(&self, id: &str) -> Option<&Event> {
        self.events.get(id).map(Box::as_ref)
    }

    /// Number of events held.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// No event at all.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Events given up since the start because the store was full.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// All events, oldest first by the time of report.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> + '_ {
        self.order.iter().filter_map(|(_, id)| self.get(id))
    }

    /// Events reported in `from..=to`, oldest first.
    pub fn between(&self, from: Time, to: Time) -> impl DoubleEndedIterator<Item = &Event> + '_ {
        let low = (from, Arc::from(""));
        let high = (Time(to.0.saturating_add(1)), Arc::from(""));
        self.order.range(low..high).filter_map(|(_, id)| self.get(id))
    }
}

/// Whether `event` is an earlier state of `known`: its last step was taken
/// before the last step of the known one.
fn is_older(event: &Event, known: &Event) -> bool {
    let last_step = |e: &Event| e.stage_entered().max(e.closed.unwrap_or(e.reported));
    last_step(event) < last_step(known)
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

    #[test]
    fn late_and_repeated_deliveries_change_nothing() {
        let mut store = EventStore::default();
        let first = event("a", 1_000);
        let mut second = first.clone();
        second.stage = 1;
        second.entered.push((1, Time(2_000)));
        assert_eq!(store.apply([first.clone(), second.clone()]).changed, 1);
        let again = store.apply([first, second.clone()]);
        assert_eq!((again.added, again.changed, again.same), (0, 0, 2));
        assert_eq!(store.get("a"), Some(&second));
    }

    #[test]
    fn the_oldest_go_first_when_full() {
        let mut store = EventStore::with_capacity(2);
        let count = store.apply([event("new", 3_000), event("old", 1_000), event("mid", 2_000)]);
        assert_eq!(count.dropped, 1);
        let ids: Vec<_> = store.iter().map(|e| &*e.id).collect();
        assert_eq!(ids, ["mid", "new"]);
        assert_eq!(store.dropped(), 1);
    }

    #[test]
    fn words_in_common_and_ids_are_held_once() {
        let mut store = EventStore::with_capacity(2);
        let in_area = |id: &str, reported| Event { area: Some("320106".into()), ..event(id, reported) };
        store.apply([in_area("a", 1_000), in_area("b", 2_000)]);
        store.apply([Event { returned: 1, entered: vec![(1, Time(5_000))], ..in_area("a", 1_000) }]);
        let [a, b] = ["a", "b"].map(|id| store.get(id).unwrap());
        assert_eq!(a.returned, 1);
        assert!(Arc::ptr_eq(&a.category, &b.category) && Arc::ptr_eq(&a.subcategory, &b.subcategory));
        assert!(a.area.as_ref().zip(b.area.as_ref()).is_some_and(|(a, b)| Arc::ptr_eq(a, b)));
        // The event, the table and the order.
        assert_eq!(Arc::strong_count(&a.id), 3);
        // Words go with the last event that has them.
        store.apply([event("c", 3_000), event("d", 4_000)]);
        assert_eq!(store.words.0.len(), 2);
    }

    #[test]
    fn windows_hold_both_ends() {
        let mut store = EventStore::default();
        store.apply((0..10).map(|i| event(&format!("e{i}"), i * 1_000)));
        assert_eq!(store.between(Time(2_000), Time(5_000)).count(), 4);
    }

    #[test]
    fn overdue_is_judged_at_the_close_or_now() {
        let mut e = event("a", 0);
        e.due = Some(Time(100));
        assert!(!e.is_overdue(Time(100)));
        assert!(e.is_overdue(Time(101)));
        e.closed = Some(Time(90));
        assert!(!e.is_overdue(Time(1_000)));
    }
}
