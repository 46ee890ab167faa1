//! Figures computed from events: what panels, choropleth and heat show.
//!
//! A pure function of the events, their places and the shown instant: what a
//! replay shows is what the wall would have shown then.

use std::collections::HashMap;
use std::sync::Arc;

use super::area::{AreaIndex, AreaTree, Level};
use super::choropleth::Tally;
use super::closed_loop::LoopSummary;
use super::event::{Event, EventStore, Severity};
use super::time::Time;

/// Columns of the day's histogram: quarters of an hour.
pub const QUARTERS: usize = 96;
/// Days before today from which the usual band is taken.
pub const USUAL_DAYS: usize = 7;
/// Events kept for the live list.
const LIVE_KEPT: usize = 60;
const DAY_MILLIS: i64 = 86_400_000;
const QUARTER_MILLIS: i64 = 900_000;

/// Where an event is, worked out once when it comes or the areas change.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlacedEvent {
    /// The smallest known area.
    pub area: Option<AreaIndex>,
    /// Local metres.
    pub at: Option<[f32; 2]>,
    /// Seconds since the program's start at which it first came while live;
    /// negative for events that were there before.
    pub born_secs: f32,
}

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

/// One event on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEvent {
    /// Id at its source.
    pub id: Arc<str>,
    /// Local metres.
    pub at: [f32; 2],
    /// How serious.
    pub severity: Severity,
    /// When it came, seconds since the program's start; negative = before.
    pub born_secs: f32,
    /// Whether it lies in one of the areas; others stay out of the heat.
    pub is_inside: bool,
    /// The smallest area that it lies in.
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

/// What an [`Overview`] is computed from.
#[derive(Clone, Copy)]
pub struct OverviewInput<'a> {
    /// All events.
    pub store: &'a EventStore,
    /// Their places by id; events without one count everywhere but in areas.
    pub places: &'a HashMap<Arc<str>, PlacedEvent>,
    /// The hierarchy.
    pub tree: &'a AreaTree,
    /// The shown instant.
    pub now: Time,
    /// Start of the shown day.
    pub day_start: Time,
    /// Stages of the closed loop.
    pub stage_count: usize,
    /// Length of the heat window.
    pub window_secs: f64,
}

impl OverviewInput<'_> {
    fn place(&self, event: &Event) -> PlacedEvent {
        self.places.get(&event.id).copied().unwrap_or_default()
    }
}

impl Overview {
    /// Computes everything anew.
    pub fn build(input: &OverviewInput) -> Self {
        let &OverviewInput { store, now, day_start, stage_count, .. } = input;
        let a_day_ago = now.plus_millis(-DAY_MILLIS);
        let today = || store.between(day_start, now);
        let yesterday = || store.between(day_start.plus_millis(-DAY_MILLIS), a_day_ago);
        let window_start = now.plus_millis(-(input.window_secs * 1000.0) as i64);

        let mut window = Vec::new();
        let mut window_count = 0;
        for event in store.between(window_start, now) {
            window_count += 1;
            let place = input.place(event);
            if let Some(at) = place.at {
                window.push(MapEvent {
                    id: Arc::clone(&event.id),
                    at,
                    severity: event.severity,
                    born_secs: place.born_secs,
                    is_inside: place.area.is_some() || input.tree.is_empty(),
                    area: place.area,
                });
            }
        }
        let before = LoopSummary::of(yesterday(), stage_count, a_day_ago);
        let tallies = tally_per_area(today(), input);
        let usual_days = usual_days(store, day_start);
        Self {
            now,
            day_start,
            today: LoopSummary::of(today(), stage_count, now),
            has_before: before.received > 0,
            before,
            counts: tallies.iter().map(|tally| tally.received).collect(),
            tallies,
            counts_before: counts_per_area(yesterday(), input),
            quarters: quarters_of(today(), day_start),
            usual: band_of(&usual_days),
            usual_hours: band_of(&usual_days.iter().map(|day| rolling_hours(day)).collect::<Vec<_>>()),
            categories: categories_of(today()),
            live: live_of(input),
            window: Arc::new(window),
            window_count,
        }
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

/// Tallies each event in its area and in everything above; the conditions are
/// those of [`LoopSummary`].
fn tally_per_area<'a>(list: impl Iterator<Item = &'a Event>, input: &OverviewInput) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); input.tree.len()];
    for event in list {
        let is_closed = event.closed.is_some_and(|at| at <= input.now);
        let is_solved = is_closed && event.solved == Some(true);
        let is_overdue = event.is_overdue(input.now);
        let mut at = input.place(event).area;
        while let Some(index) = at {
            let tally = &mut tallies[index as usize];
            tally.received += 1;
            tally.closed += u32::from(is_closed);
            tally.solved += u32::from(is_solved);
            tally.overdue += u32::from(is_overdue);
            tally.repeated += u32::from(event.repeats.is_some());
            at = input.tree.parent(index);
        }
    }
    tallies
}

/// Counts each event in its area and in everything above.
fn counts_per_area<'a>(list: impl Iterator<Item = &'a Event>, input: &OverviewInput) -> Vec<u32> {
    let mut counts = vec![0_u32; input.tree.len()];
    for event in list {
        let mut at = input.place(event).area;
        while let Some(index) = at {
            counts[index as usize] += 1;
            at = input.tree.parent(index);
        }
    }
    counts
}

fn quarters_of<'a>(list: impl Iterator<Item = &'a Event>, day_start: Time) -> Vec<[u32; 2]> {
    let mut quarters = vec![[0; 2]; QUARTERS];
    for event in list {
        let quarter = event.reported.millis_since(day_start).div_euclid(QUARTER_MILLIS);
        if let Some(column) = usize::try_from(quarter).ok().and_then(|q| quarters.get_mut(q)) {
            column[usize::from(event.severity > Severity::Normal)] += 1;
        }
    }
    quarters
}

/// Events per quarter of each of the days before that has events.
fn usual_days(store: &EventStore, day_start: Time) -> Vec<Vec<u32>> {
    (1..=USUAL_DAYS as i64)
        .map(|day| {
            let start = day_start.plus_millis(-day * DAY_MILLIS);
            let quarters = quarters_of(store.between(start, start.plus_millis(DAY_MILLIS - 1)), start);
            quarters.iter().map(|q| q[0] + q[1]).collect::<Vec<u32>>()
        })
        .filter(|day| day.iter().any(|&count| count > 0))
        .collect()
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

fn categories_of<'a>(list: impl Iterator<Item = &'a Event>) -> Vec<(String, u64)> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for event in list {
        let name = if event.category.is_empty() { "其他" } else { &*event.category };
        *counts.entry(name).or_default() += 1;
    }
    let mut sorted: Vec<(String, u64)> = counts.into_iter().map(|(name, n)| (name.to_owned(), n)).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sorted
}

/// What to call the place of an area: its name, behind that of the area above
/// where the name is only a number there (第12微网格).
fn place_name(tree: &AreaTree, index: AreaIndex) -> String {
    let area = tree.area(index);
    // 第五元素社区 is no number.
    let is_numbered = area.name.trim_start_matches('第').starts_with(|c: char| c.is_ascii_digit());
    match tree.parent(index).filter(|_| is_numbered && area.level >= Level::Grid) {
        Some(parent) => format!("{}{}", tree.area(parent).name, area.name),
        None => area.name.clone(),
    }
}

fn live_of(input: &OverviewInput) -> Vec<LiveEvent> {
    let from = input.day_start.plus_millis(-DAY_MILLIS);
    input
        .store
        .between(from, input.now)
        .rev()
        .take(LIVE_KEPT)
        .map(|event| {
            let area = input.place(event).area;
            LiveEvent {
                id: event.id.to_string(),
                title: event.title.clone(),
                place: area.map_or_else(|| event.place.clone(), |index| place_name(input.tree, index)),
                severity: event.severity,
                reported: event.reported,
                stage: event.stage,
                overdue: event.is_open(input.now) && event.is_overdue(input.now),
                area,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::area::{Area, GridKind};
    use super::super::event::tests::event;
    use super::super::geometry::Shape;
    use super::*;

    fn area(code: &str, parent: Option<&str>, level: Level) -> Area {
        Area {
            code: code.into(),
            parent: parent.map(Into::into),
            name: code.into(),
            level,
            kind: GridKind::Comprehensive,
            shape: Shape::default(),
            households: None,
            responsible: Vec::new(),
        }
    }

    #[test]
    fn counts_climb_the_hierarchy_and_ranks_know_yesterday() {
        let (tree, _) = AreaTree::build(vec![
            area("s", None, Level::Street),
            area("a", Some("s"), Level::Community),
            area("b", Some("s"), Level::Community),
        ]);
        let day = 10 * DAY_MILLIS;
        let reported = [
            ("y1", 2, day - DAY_MILLIS + 1_000),
            ("t1", 1, day + 1_000),
            ("t2", 1, day + 2_000),
            ("t3", 2, day + 3_000),
            ("future", 2, day + DAY_MILLIS - 1),
        ];
        let mut store = EventStore::default();
        store.apply(reported.iter().map(|&(id, _, at)| event(id, at)));
        let places = reported
            .iter()
            .map(|&(id, area, _)| (id.into(), PlacedEvent { area: Some(area), ..PlacedEvent::default() }))
            .collect();
        let overview = Overview::build(&OverviewInput {
            store: &store,
            places: &places,
            tree: &tree,
            now: Time(day + 5_000),
            day_start: Time(day),
            stage_count: 4,
            window_secs: 4.0,
        });
        assert_eq!(overview.counts, [3, 2, 1]);
        assert_eq!(overview.counts_before, [1, 0, 1]);
        let sums = |of: fn(&Tally) -> u32| overview.tallies.iter().map(of).collect::<Vec<u32>>();
        assert_eq!(sums(|tally| tally.received), overview.counts);
        let LoopSummary { closed, solved, overdue, repeated, .. } = &overview.today;
        let top = overview.tallies[0];
        assert_eq!(
            [top.closed, top.solved, top.overdue, top.repeated].map(u64::from),
            [closed, solved, overdue, repeated].map(|ratio| ratio.numerator)
        );
        assert_eq!(overview.today.received, 3);
        assert_eq!(overview.quarters[0], [3, 0]);
        assert_eq!(overview.window_count, 3);
        assert_eq!(overview.ranking(&tree, Level::Community), [(1, 2, Some(1)), (2, 1, Some(-1))]);
        assert_eq!(overview.live[0].id, "t3");
        assert_eq!(overview.usual[0], [1, 1]);
        assert_eq!(overview.usual_hours[3], [1, 1]);
        assert_eq!(overview.usual_hours[4], [0, 0]);
    }

    #[test]
    fn numbered_places_are_named_with_the_area_above() {
        let (tree, _) = AreaTree::build(vec![
            area("梅园社区", None, Level::Community),
            area("第12微网格", Some("梅园社区"), Level::MicroGrid),
            area("第五元素1-02微网格", Some("梅园社区"), Level::MicroGrid),
        ]);
        let names = [0, 1, 2].map(|index| place_name(&tree, index));
        assert_eq!(names, ["梅园社区", "梅园社区第12微网格", "第五元素1-02微网格"]);
    }

    #[test]
    fn the_usual_hour_is_an_hour_that_was() {
        assert_eq!(rolling_hours(&[1, 2, 3, 4, 5]), [1, 3, 6, 10, 14]);
        let days = [vec![4, 0, 0, 0], vec![0, 0, 0, 6]];
        let hours: Vec<Vec<u32>> = days.iter().map(|day| rolling_hours(day)).collect();
        assert_eq!(band_of(&hours)[3], [4, 6]);
        assert_eq!(band_of(&days).iter().map(|b| b[1]).sum::<u32>(), 10);
    }
}
