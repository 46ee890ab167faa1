//! Class breaks of a choropleth: which figures get the same colour.
//!
//! In: figures in any order, some of them missing, and a [`Classing`]. Out:
//! upper bounds of the classes, ascending ([`breaks`]); which class a figure
//! falls into ([`class_of`]); the same classes with rounder bounds ([`tidy`]).
//!
//! A class holds the figures above the bound before it, up to and including
//! its own bound. Figures that are not finite are missing and count nowhere.

/// More classes than this nobody tells apart by colour.
pub const MOST_CLASSES: usize = 32;

/// How figures are divided into classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Classing {
    /// About equally many figures in each class.
    #[default]
    Quantile,
    /// Classes equally wide; some may be empty.
    Equal,
    /// Natural breaks (Fisher 1958, Jenks 1977): the classes whose figures lie
    /// nearest to their class's mean, by the sum of squares.
    Jenks,
    /// Upper bounds as given, in any order, so that pictures of different
    /// times compare.
    Fixed(Vec<f64>),
}

/// Upper bounds of at most `classes` classes, strictly ascending, at most
/// [`MOST_CLASSES`].
///
/// Computed bounds end with the greatest value; there are never more of them
/// than distinct values, and none without values. Fixed bounds stay what they
/// are, whatever the values, so that a colour keeps its meaning: only the last
/// rises to the greatest value where that is higher.
pub fn breaks(values: impl IntoIterator<Item = f64>, classing: &Classing, classes: usize) -> Vec<f64> {
    let classes = classes.min(MOST_CLASSES);
    let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    match classing {
        Classing::Fixed(bounds) => fixed(bounds, sorted.last().copied(), classes),
        _ if sorted.is_empty() || classes == 0 => Vec::new(),
        Classing::Quantile => quantile(&sorted, classes),
        Classing::Equal => equal(&sorted, classes),
        Classing::Jenks => jenks(&sorted, classes),
    }
}

/// The class of `value`: the first whose upper bound it does not exceed, and
/// the last for what exceeds all of them or is no number. 0 without bounds.
pub fn class_of(value: f64, breaks: &[f64]) -> usize {
    breaks.iter().position(|&upper| value <= upper).unwrap_or(breaks.len().saturating_sub(1))
}

/// The bounds as given, put in order; the last rises to the greatest value.
fn fixed(bounds: &[f64], greatest: Option<f64>, classes: usize) -> Vec<f64> {
    let mut bounds: Vec<f64> = bounds.iter().copied().filter(|bound| bound.is_finite()).collect();
    bounds.sort_unstable_by(f64::total_cmp);
    bounds.dedup();
    bounds.truncate(classes);
    if let Some(last) = bounds.last_mut() {
        *last = greatest.map_or(*last, |greatest| last.max(greatest));
    }
    bounds
}

/// The value at each share of the sorted values, once.
fn quantile(sorted: &[f64], classes: usize) -> Vec<f64> {
    let mut breaks: Vec<f64> =
        (1..=classes).map(|class| sorted[(class * sorted.len()).div_ceil(classes) - 1]).collect();
    breaks.dedup();
    breaks
}

/// Equal steps from the least to the greatest value.
fn equal(sorted: &[f64], classes: usize) -> Vec<f64> {
    let (least, greatest) = (sorted[0], sorted[sorted.len() - 1]);
    let distinct = 1 + sorted.windows(2).filter(|pair| pair[0] != pair[1]).take(classes - 1).count();
    let mut breaks: Vec<f64> = (1..distinct)
        .map(|class| {
            let share = class as f64 / distinct as f64;
            // Not by the difference, which can be infinite.
            (least * (1.0 - share) + greatest * share).clamp(least, greatest)
        })
        .chain([greatest])
        .collect();
    breaks.dedup();
    breaks
}

/// The classes with the least sum of squared distances to their means.
///
/// How it works: dynamic programming over the distinct values, weighted with
/// how often they occur (`Ckmeans.1d.dp`, Wang & Song 2011). The best place
/// where the last class begins never moves back as values are added, so that
/// each class takes O(n log n) by divide and conquer. Of equally good ones the
/// division with the lower bounds is taken.
fn jenks(sorted: &[f64], classes: usize) -> Vec<f64> {
    let distinct = Distinct::of(sorted);
    let count = distinct.values.len();
    if count <= classes {
        return distinct.values;
    }
    let all = Task { low: 0, high: count, first_low: 0, first_high: count - 1 };
    let mut costs: Vec<f64> = (0..count).map(|last| distinct.cost(0, last)).collect();
    let mut firsts = Vec::with_capacity(classes);
    for class in 1..classes {
        let mut row =
            Row { distinct: &distinct, before: &costs, class, costs: vec![0.0; count], firsts: vec![0; count] };
        row.solve(Task { low: class, ..all });
        let Row { costs: row_costs, firsts: row_firsts, .. } = row;
        costs = row_costs;
        firsts.push(row_firsts);
    }
    let mut breaks = vec![distinct.values[count - 1]];
    let mut last = count - 1;
    for row_firsts in firsts.iter().rev() {
        last = row_firsts[last] as usize - 1;
        breaks.push(distinct.values[last]);
    }
    breaks.reverse();
    breaks
}

/// Distinct values, and sums from which the cost of any class follows.
#[derive(Clone, Debug)]
struct Distinct {
    values: Vec<f64>,
    /// Of all values before an index, one entry more than values: how many,
    /// their sum, the sum of their squares. Both sums are of values scaled to
    /// ±2 and shifted by the median, because squares of raw ones overflow or
    /// cancel.
    sums: Vec<[f64; 3]>,
}

impl Distinct {
    /// `sorted` has at least one value.
    fn of(sorted: &[f64]) -> Self {
        let scale = sorted[0].abs().max(sorted[sorted.len() - 1].abs());
        let scaled = |value: f64| if scale > 0.0 { value / scale } else { 0.0 };
        let median = scaled(sorted[sorted.len() / 2]);
        let mut distinct = Self { values: Vec::new(), sums: vec![[0.0; 3]] };
        let mut total = [0.0; 3];
        for run in sorted.chunk_by(|a, b| a == b) {
            let (value, weight) = (scaled(run[0]) - median, run.len() as f64);
            total = [total[0] + weight, total[1] + weight * value, total[2] + weight * value * value];
            distinct.values.push(run[0]);
            distinct.sums.push(total);
        }
        distinct
    }

    /// Sum of squared distances to the mean of the values `first ..= last`.
    fn cost(&self, first: usize, last: usize) -> f64 {
        let (before, through) = (self.sums[first], self.sums[last + 1]);
        let sum = through[1] - before[1];
        let cost = through[2] - before[2] - sum * sum / (through[0] - before[0]);
        // One value costs nothing; rounding must not make it less.
        if first == last { 0.0 } else { cost.max(0.0) }
    }
}

/// Part of a row: for each last value in `low .. high`, the last class begins
/// in `first_low ..= first_high`.
#[derive(Clone, Copy, Debug)]
struct Task {
    low: usize,
    high: usize,
    first_low: usize,
    first_high: usize,
}

/// One row of the dynamic program: the best division of the values up to each
/// one into `class + 1` classes.
struct Row<'a> {
    distinct: &'a Distinct,
    /// Costs of the row before.
    before: &'a [f64],
    class: usize,
    costs: Vec<f64>,
    /// Where the last class begins.
    firsts: Vec<u32>,
}

impl Row<'_> {
    /// Solves for the middle value, and so halves the question for the rest.
    fn solve(&mut self, task: Task) {
        if task.low >= task.high {
            return;
        }
        let last = task.low.midpoint(task.high);
        let candidates = task.first_low.max(self.class)..=task.first_high.min(last);
        let (mut best_cost, mut best_first) = (f64::INFINITY, *candidates.start());
        for first in candidates {
            let cost = self.before[first - 1] + self.distinct.cost(first, last);
            if cost < best_cost {
                (best_cost, best_first) = (cost, first);
            }
        }
        self.costs[last] = best_cost;
        self.firsts[last] = best_first as u32;
        self.solve(Task { high: last, first_high: best_first, ..task });
        self.solve(Task { low: last + 1, first_low: best_first, ..task });
    }
}

/// Rounds bounds without moving any value to another class: each becomes the
/// roundest number (the multiple of the largest 1, 2 or 5 × 10^n) between the
/// last value in its class and the first one above, so that a legend reads
/// "≤ 1500" and not "≤ 1483.27". The last bound stays, and so do those of empty
/// classes, which nothing holds in place; so this is for quantiles and natural
/// breaks rather than for equal steps. `breaks` must ascend; as many bounds
/// come back, and they ascend.
pub fn tidy(breaks: &[f64], values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let round = |class: usize, bound: f64| {
        let above = sorted.partition_point(|&value| value <= bound);
        let first_above = *sorted.get(above)?;
        let last_in = sorted[above.checked_sub(1)?];
        let is_empty = class > 0 && last_in <= breaks[class - 1];
        let is_next_empty = first_above > *breaks.get(class + 1)?;
        if is_empty || is_next_empty { None } else { roundest(last_in, first_above) }
    };
    breaks.iter().enumerate().map(|(class, &bound)| round(class, bound).unwrap_or(bound)).collect()
}

/// The roundest number in `least .. end`.
fn roundest(least: f64, end: f64) -> Option<f64> {
    if least <= 0.0 && end > 0.0 {
        return Some(0.0);
    }
    let widest = least.abs().max(end.abs());
    // Powers beyond these are not exact, or nothing to round.
    let highest = (widest.log10().floor().clamp(-300.0, 300.0) as i32) + 1;
    (highest - 17..=highest).rev().flat_map(|power| [(5.0, power), (2.0, power), (1.0, power)]).find_map(
        |(digit, power)| {
            // Divided by a whole power rather than multiplied with a broken
            // one: the result is then the double that is written that way.
            let (up, down) = (10.0_f64.powi(power.max(0)) * digit, 10.0_f64.powi((-power).max(0)));
            let round = (least * down / up).ceil() * up / down;
            (round >= least && round < end).then_some(round)
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sum of squared distances to the class means.
    fn cost(values: &[f64], breaks: &[f64]) -> f64 {
        (0..breaks.len())
            .map(|class| {
                let members: Vec<f64> = values.iter().copied().filter(|&v| class_of(v, breaks) == class).collect();
                let mean = members.iter().sum::<f64>() / members.len().max(1) as f64;
                members.iter().map(|v| (v - mean).powi(2)).sum::<f64>()
            })
            .sum()
    }

    /// The least cost of all ways to put `classes` bounds on distinct values.
    fn least_cost(values: &[f64], classes: usize) -> f64 {
        let mut distinct = values.to_vec();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        let inner = distinct.len() - 1;
        (0_u32..1 << inner)
            .filter(|chosen| chosen.count_ones() as usize == (classes - 1).min(inner))
            .map(|chosen| {
                let bounds: Vec<f64> =
                    (0..=inner).filter(|&i| i == inner || chosen >> i & 1 == 1).map(|i| distinct[i]).collect();
                cost(values, &bounds)
            })
            .fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn quantiles_hold_equal_shares() {
        let breaks = breaks((1..=70).map(f64::from), &Classing::Quantile, 7);
        assert_eq!(breaks, [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]);
        assert_eq!([10.0, 10.5, 99.0, f64::NAN].map(|value| class_of(value, &breaks)), [0, 1, 6, 6]);
        assert_eq!(class_of(1.0, &[]), 0);
    }

    #[test]
    fn equal_values_share_a_class() {
        for classing in [Classing::Quantile, Classing::Jenks] {
            assert_eq!(breaks([0.0, 0.0, 0.0, 5.0], &classing, 7), [0.0, 5.0]);
        }
        assert_eq!(breaks([0.0, 0.0, 0.0, 5.0], &Classing::Equal, 7), [2.5, 5.0]);
    }

    #[test]
    fn missing_values_give_no_bounds() {
        for classing in [Classing::Quantile, Classing::Equal, Classing::Jenks] {
            assert!(breaks([f64::NAN, f64::INFINITY], &classing, 7).is_empty());
            assert!(breaks([1.0, 2.0], &classing, 0).is_empty());
            assert_eq!(breaks([f64::NAN, 3.0, f64::NEG_INFINITY], &classing, 7), [3.0]);
        }
    }

    #[test]
    fn equal_steps_reach_the_greatest_value() {
        assert_eq!(breaks([0.0, 1.0, 2.0, 3.0, 10.0], &Classing::Equal, 4), [2.5, 5.0, 7.5, 10.0]);
        assert_eq!(breaks([-f64::MAX, 0.0, f64::MAX], &Classing::Equal, 2), [0.0, f64::MAX]);
    }

    #[test]
    fn natural_breaks_lie_in_the_gaps() {
        let values = [1.0, 2.0, 1.5, 101.0, 100.0, 50.0, 52.0, 51.0];
        assert_eq!(breaks(values, &Classing::Jenks, 3), [2.0, 52.0, 101.0]);
        // Squares of such figures overflow.
        assert_eq!(
            breaks(values.map(|value| value * 1e300), &Classing::Jenks, 3),
            [2.0, 52.0, 101.0].map(|value| value * 1e300)
        );
        // Ninety-nine of a value hold their class's mean, so that 2 leaves it.
        assert_eq!(breaks([0.0, 2.0, 3.5], &Classing::Jenks, 2), [0.0, 3.5]);
        assert_eq!(breaks([[0.0, 2.0].as_slice(), &[3.5; 99]].concat(), &Classing::Jenks, 2), [2.0, 3.5]);
    }

    #[test]
    fn fixed_bounds_stay() {
        let classing = Classing::Fixed(vec![30.0, 10.0, f64::NAN, 20.0, 20.0]);
        assert_eq!(breaks([5.0], &classing, 7), [10.0, 20.0, 30.0]);
        assert_eq!(breaks([f64::NAN], &classing, 7), [10.0, 20.0, 30.0]);
        assert_eq!(breaks([45.0], &classing, 7), [10.0, 20.0, 45.0]);
        assert_eq!(breaks([5.0], &classing, 2), [10.0, 20.0]);
    }

    #[test]
    fn tidy_bounds_are_round() {
        let values = [3.0, 1203.7, 1483.27, 1611.0, 9000.0];
        assert_eq!(tidy(&[1483.27, 9000.0], values), [1500.0, 9000.0]);
        assert_eq!(tidy(&[3.0, 1483.27, 9000.0], values), [1000.0, 1500.0, 9000.0]);
        assert_eq!(tidy(&[0.123, 0.9], [0.123, 0.134, 0.9]), [0.13, 0.9]);
        assert_eq!(tidy(&[-7.0, 4.0], [-7.0, 4.0]), [0.0, 4.0]);
        assert_eq!(tidy(&[-47.3, 4.0], [-47.3, -38.0, 4.0]), [-40.0, 4.0]);
        // Bounds of empty classes stay.
        assert_eq!(tidy(&[2.5, 5.0, 7.5, 10.0], [0.0, 10.0]), [2.5, 5.0, 7.5, 10.0]);
    }

    proptest! {
        #[test]
        fn jenks_is_optimal(quarters in prop::collection::vec(-40_i32..40, 1..14), classes in 1_usize..6) {
            let values: Vec<f64> = quarters.iter().map(|&quarter| f64::from(quarter) / 4.0).collect();
            let found = breaks(values.iter().copied(), &Classing::Jenks, classes);
            prop_assert!((cost(&values, &found) - least_cost(&values, classes)).abs() < 1e-9);
        }

        #[test]
        fn bounds_ascend_to_the_greatest(
            values in prop::collection::vec(prop::num::f64::ANY, 0..60),
            classes in 0_usize..40,
        ) {
            let greatest = values.iter().copied().filter(|v| v.is_finite()).reduce(f64::max);
            for classing in [Classing::Quantile, Classing::Equal, Classing::Jenks] {
                let found = breaks(values.iter().copied(), &classing, classes);
                prop_assert!(found.len() <= classes && found.is_sorted_by(|a, b| a < b), "{classing:?} {found:?}");
                prop_assert_eq!(found.last().copied(), greatest.filter(|_| classes > 0));
            }
        }

        #[test]
        fn tidy_moves_no_value(
            values in prop::collection::vec(-1e6_f64..1e6, 1..60),
            scale in -9_i32..9,
            classes in 1_usize..9,
        ) {
            let values: Vec<f64> = values.iter().map(|value| value * 10.0_f64.powi(scale)).collect();
            for classing in [Classing::Quantile, Classing::Equal, Classing::Jenks] {
                let found = breaks(values.iter().copied(), &classing, classes);
                let tidied = tidy(&found, values.iter().copied());
                prop_assert!(tidied.len() == found.len() && tidied.is_sorted_by(|a, b| a < b), "{found:?} {tidied:?}");
                for &value in &values {
                    prop_assert_eq!(class_of(value, &found), class_of(value, &tidied));
                }
            }
        }
    }
}
