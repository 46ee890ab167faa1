//! Figures computed from events: what panels, choropleth and heat show.
//!
//! In: the events ([`EventStore`]) and the shown instant. Out: [`Overview`].
//! [`Engine`] holds the sums and moves them with the clock, [`Window`] the
//! events of the last hours for heat and marks. What a replay shows is what
//! the wall would have shown then.

mod engine;
#[cfg(test)]
mod tests;
mod window;

use std::collections::HashMap;
use std::sync::Arc;

use super::area::{AreaIndex, AreaTree, Level};
use super::choropleth::Tally;
use super::closed_loop::LoopSummary;
use super::event::Severity;
use super::event_store::{Course, EventStore, Sieve};
use super::time::{DAY_MILLIS, HOUR_MILLIS, Time};
pub use engine::{Engine, Setting};
pub use window::{MapEvent, Window, WindowChange, WindowSetting};

/// Columns of the day's histogram: quarters of an hour.
pub const QUARTERS: usize = 96;
/// Days before today from which the usual band is taken.
pub const USUAL_DAYS: usize = 7;
/// Events kept for the live list.
const LIVE_KEPT: usize = 60;
/// Newest events among which those of the live list are looked for.
const LIVE_SEARCHED: usize = 20_000;
/// Shortest and longest window that a hand may set, seconds.
pub const WINDOW_SECS: [f64; 2] = [600.0, 86_400.0];
/// Milliseconds of a quarter of an hour.
pub const QUARTER_MILLIS: i64 = HOUR_MILLIS / 4;

/// One line of the live list.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    /// Id at its source.
    pub id: String,
    /// What.
    pub title: String,
    /// Where: the name of its area, or the place in words.
    pub place: String,
    /// How serious.
    pub severity: Severity,
    /// When reported.
    pub reported: Time,
    /// Its stage now.
    pub stage: u8,
    /// Past its due time.
    pub overdue: bool,
    /// Its area.
    pub area: Option<AreaIndex>,
}

/// Figures computed from events, as of one shown instant.
#[derive(Default, Clone, Debug, PartialEq)]
pub struct Overview {
    /// The shown instant that this is as of.
    pub now: Time,
    /// Start of the shown day.
    pub day_start: Time,
    /// The loop over today's events.
    pub today: LoopSummary,
    /// The loop over yesterday's events up to the same time of day.
    pub before: LoopSummary,
    /// Whether there is a yesterday to compare with.
    pub has_before: bool,
    /// Today's events per area, with those of the areas below.
    pub counts: Vec<u32>,
    /// The same, by how they went.
    pub tallies: Vec<Tally>,
    /// Yesterday's events per area, up to the same time of day.
    pub counts_before: Vec<u32>,
    /// Events per quarter of an hour of today: (normal, major and urgent).
    pub quarters: Vec<[u32; 2]>,
    /// The same, of what the store knows of the shown day after the shown
    /// instant: what a replay will come to.
    pub ahead: Vec<[u32; 2]>,
    /// Least and most events per quarter on the days before; empty without any.
    pub usual: Vec<[u32; 2]>,
    /// Least and most events, on the days before, in the hour that ends with
    /// each quarter; empty without any. Not the sum of four of [`Self::usual`]:
    /// four least quarters of different days make no hour that ever was.
    pub usual_hours: Vec<[u32; 2]>,
    /// Today's events by major class, most first.
    pub categories: Vec<(String, u64)>,
    /// Newest events first.
    pub live: Vec<LiveEvent>,
    /// Events in the heat window that have a place.
    pub window: Arc<Vec<MapEvent>>,
    /// Events in the heat window, with or without a place.
    pub window_count: u64,
}

impl Overview {
    /// Takes over what the engine counted, and the newest events that pass
    /// `sieve`. Of the window it knows nothing.
    pub fn refresh(&mut self, engine: &Engine, store: &EventStore, sieve: Option<Sieve<'_>>) {
        let Setting { tree, day_start, stage_count, .. } = engine.setting();
        let days = &engine.quarters;
        let usual: Vec<Vec<u32>> = days[1..]
            .iter()
            .map(|day| day.iter().map(|column| column[0] + column[1]).collect())
            .filter(|day: &Vec<u32>| day.iter().any(|&count| count > 0))
            .collect();
        self.now = engine.now;
        self.day_start = *day_start;
        self.today = engine.today.total.summary();
        self.before = engine.before.total.summary();
        self.has_before = self.before.received > 0;
        self.tallies.clone_from(&engine.today.tallies);
        let received = |tallies: &[Tally], into: &mut Vec<u32>| {
            into.clear();
            into.extend(tallies.iter().map(|tally| tally.received));
        };
        received(&engine.today.tallies, &mut self.counts);
        received(&engine.before.tallies, &mut self.counts_before);
        self.quarters.clone_from(&days[0]);
        self.ahead.clone_from(&engine.ahead);
        self.usual = band_of(&usual);
        self.usual_hours = band_of(&usual.iter().map(|day| rolling_hours(day)).collect::<Vec<_>>());
        self.categories = categories_of(&engine.today.classes, store);
        self.live = live_of(store, tree, *day_start, *stage_count, engine.now, sieve);
    }

    /// Areas of `level` by today's events, most first: (area, events, places
    /// won since yesterday; `None` without a yesterday).
    pub fn ranking(&self, tree: &AreaTree, level: Level) -> Vec<(AreaIndex, u32, Option<i32>)> {
        let count = |counts: &[u32], index: AreaIndex| counts.get(index as usize).copied().unwrap_or(0);
        let order = |counts: &[u32]| {
            let mut list: Vec<AreaIndex> = tree.at_level(level).collect();
            list.sort_by_key(|&index| (std::cmp::Reverse(count(counts, index)), index));
            list
        };
        let before: HashMap<AreaIndex, usize> =
            order(&self.counts_before).into_iter().enumerate().map(|(rank, index)| (index, rank)).collect();
        order(&self.counts)
            .into_iter()
            .enumerate()
            .map(|(rank, index)| {
                let won = self.has_before.then(|| before[&index] as i32 - rank as i32);
                (index, count(&self.counts, index), won)
            })
            .collect()
    }
}

/// Least and most of each column over all days.
fn band_of(days: &[Vec<u32>]) -> Vec<[u32; 2]> {
    let Some((first, rest)) = days.split_first() else { return Vec::new() };
    let mut band: Vec<[u32; 2]> = first.iter().map(|&n| [n, n]).collect();
    for day in rest {
        for (range, &n) in band.iter_mut().zip(day) {
            *range = [range[0].min(n), range[1].max(n)];
        }
    }
    band
}

/// Events in the hour that ends with each quarter; the first three columns
/// hold what the day has so far.
pub fn rolling_hours(quarters: &[u32]) -> Vec<u32> {
    (0..quarters.len()).map(|end| quarters[end.saturating_sub(3)..=end].iter().sum()).collect()
}

/// Major classes with their events, most first.
fn categories_of(by_class: &[u64], store: &EventStore) -> Vec<(String, u64)> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for (class, &count) in store.classes().all().iter().zip(by_class).filter(|&(_, &count)| count > 0) {
        let name = if class.category.is_empty() { "其他" } else { &*class.category };
        *counts.entry(name).or_default() += count;
    }
    let mut sorted: Vec<(String, u64)> = counts.into_iter().map(|(name, n)| (name.to_owned(), n)).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sorted
}

/// What to call the place of an area: its name, behind that of the area above
/// where the name is only a number there (第12微网格).
pub fn place_name(tree: &AreaTree, index: AreaIndex) -> String {
    let area = tree.area(index);
    // 第五元素社区 is no number.
    let is_numbered = area.name.trim_start_matches('第').starts_with(|c: char| c.is_ascii_digit());
    match tree.parent(index).filter(|_| is_numbered && area.level >= Level::Grid) {
        Some(parent) => format!("{}{}", tree.area(parent).name, area.name),
        None => area.name.clone(),
    }
}

/// The newest events as they were known at `now`.
fn live_of(
    store: &EventStore,
    tree: &AreaTree,
    day_start: Time,
    stage_count: usize,
    now: Time,
    sieve: Option<Sieve<'_>>,
) -> Vec<LiveEvent> {
    let mut course = Course::default();
    let from = day_start.plus_millis(-DAY_MILLIS);
    let mut scratch = Course::default();
    let newest = store.between(from, now).rev().take(LIVE_SEARCHED);
    let newest = newest.filter(|event| sieve.is_none_or(|sieve| sieve.passes(*event, &mut scratch)));
    newest
        .take(LIVE_KEPT)
        .map(|found| {
            let event = found.to_event();
            found.read_course(&mut course);
            course.rewind(now);
            let area = course.area.filter(|&area| (area as usize) < tree.len());
            LiveEvent {
                id: event.id.to_string(),
                title: event.title,
                place: area.map_or(event.place, |index| place_name(tree, index)),
                severity: event.severity,
                reported: event.reported,
                stage: course.stage,
                overdue: !course.is_closed(stage_count) && course.is_overdue(now, stage_count),
                area,
            }
        })
        .collect()
}
