//! Ramps: colours for numbers.

use super::Rgba;

/// `count` colours along `stops`, spaced evenly and mixed in Oklab.
pub fn sample(stops: &[Rgba], count: usize) -> Vec<Rgba> {
    let last = stops.len().saturating_sub(1);
    (0..count)
        .map(|i| {
            let at = i as f32 / (count.max(2) - 1) as f32 * last as f32;
            let low = (at as usize).min(last.saturating_sub(1));
            stops[low].mix(stops[(low + 1).min(last)], at - low as f32)
        })
        .collect()
}

/// Upper bounds of at most `classes` classes with about equally many values
/// each (quantiles). Values of one class are equal or adjacent; equal values
/// never fall into two classes, so there may be fewer classes than asked for.
/// Non-finite values are left out.
pub fn quantile_breaks(values: impl IntoIterator<Item = f64>, classes: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    if sorted.is_empty() || classes == 0 {
        return Vec::new();
    }
    sorted.sort_by(f64::total_cmp);
    let mut breaks: Vec<f64> =
        (1..=classes).map(|class| sorted[(class * sorted.len()).div_ceil(classes) - 1]).collect();
    breaks.dedup();
    breaks
}

/// The class of `value`: the first whose upper bound it does not exceed.
pub fn class_of(value: f64, breaks: &[f64]) -> usize {
    breaks.iter().position(|&upper| value <= upper).unwrap_or(breaks.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_hit_both_ends() {
        let stops = [Rgba::hex(0x000000), Rgba::hex(0x808080), Rgba::hex(0xFFFFFF)];
        let colours = sample(&stops, 5);
        assert_eq!((colours[0], colours[2], colours[4]), (stops[0], stops[1], stops[2]));
    }

    #[test]
    fn quantiles_hold_equal_shares() {
        let breaks = quantile_breaks((1..=70).map(f64::from), 7);
        assert_eq!(breaks, [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]);
        assert_eq!(class_of(10.0, &breaks), 0);
        assert_eq!(class_of(10.5, &breaks), 1);
        assert_eq!(class_of(99.0, &breaks), 6);
    }

    #[test]
    fn equal_values_share_a_class() {
        assert_eq!(quantile_breaks([0.0, 0.0, 0.0, 5.0], 7), [0.0, 5.0]);
        assert!(quantile_breaks([f64::NAN], 7).is_empty());
    }
}
