//! Warnings (风险预警): where more happens than is usual at this time.
//!
//! In: the events, the hierarchy, the shown instant. Out: areas and major
//! classes whose count in the last hour exceeds a control limit, each with the
//! numbers that the limit was made of. A pure function of the past: a replay
//! warns of what the wall would have warned of then.
//!
//! How it works: the count of an area and class in an hour is taken to be a
//! Poisson number whose rate λ is not known exactly. What is known of it comes
//! from the same hour in the past, with weights that fade:
//!
//! - the same hour of the same day of the week, one to [`WEEKS`] weeks ago,
//!   each week with [`WEEK_FADE`] of the weight of the one after it;
//! - the hours around it (−1 h, 0, +1 h) on each of the last [`DAYS`] days,
//!   together with the weight of [`DAYS_WEIGHT`] hours.
//!
//! With a Gamma prior that has the mean of the whole level ([`PRIOR_WEIGHT`]
//! of an hour), the rate is Gamma distributed with shape a = Σ wᵢ nᵢ and rate
//! b = Σ wᵢ, and the next count negative binomial with r = a, p = b ∕ (b + 1)
//! (Gelman et al., Bayesian Data Analysis, 3rd ed., 2.6). The limit is the
//! smallest count that is exceeded with a probability below [`Options::risk`]:
//! few data make a wide limit, many a narrow one.

use std::collections::HashMap;
use std::sync::Arc;

use super::area::{AreaIndex, AreaTree, Level};
use super::event_store::Snapshot;
use super::time::{DAY_MILLIS, HOUR_MILLIS, Time};

/// Weeks that are looked back.
const WEEKS: i64 = 6;
/// Weight of a week beside that of the week after it.
const WEEK_FADE: f64 = 0.8;
/// Days that are looked back.
const DAYS: i64 = 7;
/// Hours that all of these days weigh together.
const DAYS_WEIGHT: f64 = 2.0;
/// Hours that the mean of the level weighs.
const PRIOR_WEIGHT: f64 = 0.25;

/// What is warned of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Level of the areas.
    pub level: Level,
    /// Probability with which an area and class whose rate has not changed is
    /// warned of in an hour.
    pub risk: f64,
    /// Fewer events in the hour than this are no warning, however unusual.
    pub least: u32,
}

/// What is known of what is more than usual.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Outlook {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    /// There is less than a day of the past to compare with.
    TooShort,
    /// Most surprising first.
    Known(Vec<Warning>),
}

impl Outlook {
    /// The warnings; none while they are not known.
    pub fn warnings(&self) -> &[Warning] {
        if let Self::Known(warnings) = self { warnings } else { &[] }
    }
}

/// More than usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// Where.
    pub area: AreaIndex,
    /// Which major class; may be empty.
    pub category: Arc<str>,
    /// Events in the last hour.
    pub count: u32,
    /// Events that were to be expected in it.
    pub expected: f64,
    /// Most events that would still have been no warning.
    pub limit: u32,
    /// Events in the same hour yesterday.
    pub yesterday: u32,
    /// Events in the same hour a week ago.
    pub last_week: u32,
    /// Probability of so many or more without a cause, as −log₁₀.
    pub surprise: f64,
}

/// Counts by area and major class.
type Counts = HashMap<(AreaIndex, u16), f64>;

/// One hour in the past: how long before now it ended, and what it weighs.
struct Look {
    ago: i64,
    weight: f64,
}

fn looks() -> Vec<Look> {
    let mut looks = Vec::new();
    let mut weight = 1.0;
    for week in 1..=WEEKS {
        looks.push(Look { ago: week * 7 * DAY_MILLIS, weight });
        weight *= WEEK_FADE;
    }
    let weight = DAYS_WEIGHT / (3.0 * DAYS as f64);
    for day in 1..=DAYS {
        for around in [-1, 0, 1] {
            looks.push(Look { ago: day * DAY_MILLIS + around * HOUR_MILLIS, weight });
        }
    }
    looks
}

/// Looks for what is more than usual at `now`.
pub fn outlook(events: &Snapshot, tree: &AreaTree, now: Time, options: &Options) -> Outlook {
    warnings(events, tree, now, options).map_or(Outlook::TooShort, Outlook::Known)
}

fn warnings(events: &Snapshot, tree: &AreaTree, now: Time, options: &Options) -> Option<Vec<Warning>> {
    // The area of the level in which each area lies.
    let above: Vec<Option<AreaIndex>> =
        (0..tree.len() as AreaIndex).map(|index| tree.ancestor_at(index, options.level)).collect();
    let hour = |ago: i64| {
        let end = now.plus_millis(-ago);
        count(events, &above, end.plus_millis(1 - HOUR_MILLIS), end)
    };
    let first = events.first_reported()?;
    let (mut sums, mut weights) = (Counts::new(), 0.0);
    for Look { ago, weight } in looks() {
        // What lies before the first event is not known to have been quiet.
        if now.plus_millis(-ago - HOUR_MILLIS) < first {
            continue;
        }
        weights += weight;
        for (key, counted) in hour(ago) {
            *sums.entry(key).or_default() += weight * counted;
        }
    }
    if weights <= 0.0 {
        return None;
    }
    let means = means_of(&sums, weights, tree.at_level(options.level).count());
    let (yesterday, last_week) = (hour(DAY_MILLIS), hour(7 * DAY_MILLIS));
    let whole = |counts: &Counts, key: (AreaIndex, u16)| counts.get(&key).map_or(0, |&count| count as u32);
    let mut found: Vec<Warning> = hour(0)
        .into_iter()
        .filter(|&(_, counted)| counted >= f64::from(options.least))
        .filter_map(|(key, counted)| {
            let mean = means.get(&key.1).copied().unwrap_or(0.0);
            let shape = sums.get(&key).copied().unwrap_or(0.0) + PRIOR_WEIGHT * mean;
            let rate = Rate { shape: shape.max(1e-3), weight: weights + PRIOR_WEIGHT };
            let limit = rate.limit(options.risk);
            let count = counted as u32;
            (count > limit).then(|| Warning {
                area: key.0,
                category: Arc::clone(&events.classes().categories()[usize::from(key.1)]),
                count,
                expected: rate.mean(),
                limit,
                yesterday: whole(&yesterday, key),
                last_week: whole(&last_week, key),
                surprise: -rate.chance_of_more(count - 1).max(1e-300).log10(),
            })
        })
        .collect();
    found.sort_by(|a, b| {
        b.surprise.total_cmp(&a.surprise).then_with(|| (a.area, &a.category).cmp(&(b.area, &b.category)))
    });
    Some(found)
}

/// Counts the events reported in `from..=to` in the areas of the level.
fn count(events: &Snapshot, above: &[Option<AreaIndex>], from: Time, to: Time) -> Counts {
    let mut counts = Counts::new();
    let classes = events.classes();
    for event in events.between(from, to) {
        let area = event.area().and_then(|area| above.get(area as usize).copied().flatten());
        if let Some(area) = area {
            *counts.entry((area, classes.class(event.class()).category_id)).or_default() += 1.0;
        }
    }
    counts
}

/// Events per hour of each class in a mean area.
fn means_of(sums: &Counts, weights: f64, areas: usize) -> HashMap<u16, f64> {
    let mut means = HashMap::new();
    for (&(_, category), &sum) in sums {
        *means.entry(category).or_default() += sum / weights / areas.max(1) as f64;
    }
    means
}

/// What is known of a rate per hour.
#[derive(Clone, Copy, Debug)]
struct Rate {
    shape: f64,
    weight: f64,
}

impl Rate {
    fn mean(self) -> f64 {
        self.shape / self.weight
    }

    /// Probability of more than `count` events in the next hour.
    fn chance_of_more(self, count: u32) -> f64 {
        let places = count as usize + 1;
        let left = 1.0 - self.chances().take(places).sum::<f64>();
        // The tail itself, where 1 − x has no digits left.
        if left > 1e-9 { left } else { self.chances().skip(places).take(400).sum() }
    }

    /// Probabilities of 0, 1, 2 … events: negative binomial.
    fn chances(self) -> impl Iterator<Item = f64> {
        let Self { shape, weight } = self;
        let p = weight / (weight + 1.0);
        let mut chance = shape * p.ln();
        (0_u32..).map(move |number| {
            let now = chance.exp();
            let next = f64::from(number) + 1.0;
            chance += ((shape + next - 1.0) / next * (1.0 - p)).ln();
            now
        })
    }

    /// The smallest count that is exceeded with a probability below `risk`.
    fn limit(self, risk: f64) -> u32 {
        let mut left = 1.0;
        for (number, chance) in (0_u32..1_000_000).zip(self.chances()) {
            left -= chance;
            if left < risk {
                return number;
            }
        }
        u32::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::super::area::{Area, GridKind};
    use super::super::event::{Event, tests::event};
    use super::super::event_store::{EventStore, Placer};
    use super::super::geometry::{LonLat, Shape};
    use super::*;

    const AREAS: usize = 24;
    const CLASSES: usize = 4;

    fn tree() -> AreaTree {
        let area = |code: String, level| Area {
            name: code.clone(),
            parent: (level == Level::Community).then(|| "s".to_owned()),
            code,
            level,
            kind: GridKind::Comprehensive,
            shape: Shape::default(),
            households: None,
            responsible: Vec::new(),
        };
        let communities = (0..AREAS).map(|number| area(format!("c{number}"), Level::Community));
        AreaTree::build([area("s".into(), Level::Street)].into_iter().chain(communities).collect()).0
    }

    struct Tree<'a>(&'a AreaTree);

    impl Placer for Tree<'_> {
        fn place(&self, code: Option<&str>, _: Option<LonLat>) -> Option<AreaIndex> {
            code.and_then(|code| self.0.find(code))
        }
    }

    const OPTIONS: Options = Options { level: Level::Community, risk: 1e-4, least: 3 };

    fn poisson(random: &mut fastrand::Rng, rate: f64) -> u32 {
        let (mut left, mut count) = ((-rate).exp(), 0);
        let mut draw = random.f64();
        while draw > left && count < 10_000 {
            draw -= left;
            count += 1;
            left *= rate / f64::from(count);
        }
        count
    }

    /// Rate per hour of an area and class: daily and weekly ups and downs.
    fn rate(area: usize, class: usize, hour: i64) -> f64 {
        let of_day = 1.0 + 0.9 * (std::f64::consts::TAU * (hour % 24 - 9) as f64 / 24.0).cos();
        let of_week = if hour / 24 % 7 >= 5 { 0.7 } else { 1.1 };
        (0.05 + 0.3 * area as f64 / AREAS as f64) * [4.0, 1.0, 0.3, 0.1][class] * of_day * of_week
    }

    fn weeks(count: i64, seed: u64, tree: &AreaTree) -> EventStore {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut batch = Vec::new();
        for hour in 0..count * 168 {
            for area in 0..AREAS {
                for class in 0..CLASSES {
                    for _ in 0..poisson(&mut random, rate(area, class, hour)) {
                        let reported = hour * HOUR_MILLIS + random.i64(0..HOUR_MILLIS);
                        batch.push(of(area, class, reported, batch.len()));
                    }
                }
            }
        }
        let mut store = EventStore::with_capacity(2_000_000);
        store.apply(batch, &Tree(tree), Time(0), |_| {});
        store
    }

    fn of(area: usize, class: usize, reported: i64, number: usize) -> Event {
        Event {
            category: format!("类{class}").as_str().into(),
            area: Some(format!("c{area}").as_str().into()),
            ..event(&format!("e-{number:07}"), reported)
        }
    }

    #[test]
    fn normal_weeks_warn_as_seldom_as_promised() {
        let tree = tree();
        let store = weeks(10, 1, &tree);
        let snapshot = store.snapshot();
        let hours = 8 * 168..10 * 168;
        let found: usize = hours
            .clone()
            .map(|hour| warnings(&snapshot, &tree, Time(hour * HOUR_MILLIS), &OPTIONS).expect("has a past").len())
            .sum();
        let looked_at = hours.count() * AREAS * CLASSES;
        let share = found as f64 / looked_at as f64;
        eprintln!("{found} false warnings in {looked_at} hours of an area and class: {share:.1e} (risk 1e-4)");
        assert!(share <= 2.0 * OPTIONS.risk, "{share}");
    }

    #[test]
    fn an_outbreak_is_seen_and_explained() {
        let tree = tree();
        let mut store = weeks(8, 2, &tree);
        let now = Time((7 * 168 + 34) * HOUR_MILLIS);
        let outbreak = (0..17).map(|number| of(3, 0, now.0 - 1_000 * number, 5_000_000 + number as usize));
        store.apply(outbreak, &Tree(&tree), Time(0), |_| {});
        let found = warnings(&store.snapshot(), &tree, now, &OPTIONS).expect("has a past");
        let warning = found.first().expect("warns");
        assert_eq!(tree.area(warning.area).code, "c3");
        assert_eq!(&*warning.category, "类0");
        assert!(warning.count >= 17 && warning.limit < 17 && warning.expected < 3.0, "{warning:?}");
        let hour_of = |ago: i64| {
            let end = now.plus_millis(-ago);
            let list = store.between(end.plus_millis(1 - HOUR_MILLIS), end);
            list.filter(|event| event.area() == Some(warning.area) && event.class() == 0).count() as u32
        };
        assert_eq!((warning.yesterday, warning.last_week), (hour_of(DAY_MILLIS), hour_of(7 * DAY_MILLIS)));
    }

    #[test]
    fn nothing_to_compare_with_is_no_warning() {
        let tree = tree();
        let mut store = EventStore::default();
        store.apply((0..50).map(|number| of(1, 0, 1_000 * number, number as usize)), &Tree(&tree), Time(0), |_| {});
        assert_eq!(warnings(&store.snapshot(), &tree, Time(60_000), &OPTIONS), None);
        assert_eq!(warnings(&EventStore::default().snapshot(), &tree, Time(0), &OPTIONS), None);
        let later = warnings(&store.snapshot(), &tree, Time(26 * HOUR_MILLIS), &OPTIONS);
        assert_eq!(later, Some(Vec::new()));
    }

    #[test]
    fn limits_are_those_of_the_negative_binomial() {
        // Many data: nearly Poisson. P(X > 10) of Poisson(4) is 0.00284,
        // P(X > 11) 0.00092.
        let known = Rate { shape: 4.0e6, weight: 1.0e6 };
        assert_eq!(known.limit(0.001), 11);
        assert!((known.chance_of_more(10) - 0.002_840).abs() < 1e-5, "{}", known.chance_of_more(10));
        // Few data: wider.
        let vague = Rate { shape: 4.0, weight: 1.0 };
        assert!(vague.limit(0.001) > 15);
        assert!((vague.chances().take(400).sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(known.chance_of_more(60) > 0.0 && known.chance_of_more(60) < 1e-30);
    }
}
