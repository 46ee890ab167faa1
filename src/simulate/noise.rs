//! Repeatable randomness: everything in the simulator is a function of the
//! seed and, where it moves, of the simulated time.
//!
//! Two tools. [`stream`] gives an independent generator per purpose, so that a
//! change in one part of the city does not reshuffle the others. [`wander`]
//! gives a smooth value at any instant without remembering earlier ones.

use fastrand::Rng;

/// Mixes two words into one whose every bit depends on all of theirs
/// (the finaliser of SplitMix64, Steele et al. 2014).
pub fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A generator for one purpose, independent of those for other purposes.
pub fn stream(seed: u64, purpose: &str) -> Rng {
    let tag = purpose
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    Rng::with_seed(mix(seed, tag))
}

/// A word as a fraction in `0.0..1.0`.
pub fn unit(word: u64) -> f64 {
    (word >> 11) as f64 / (1_u64 << 53) as f64
}

/// A fraction in `0.0..1.0` that belongs to the pair (`a`, `b`).
pub fn unit_of(a: u64, b: u64) -> f64 {
    unit(mix(a, b))
}

/// One draw from the standard normal distribution (Box–Muller).
pub fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.f64()).cos()
}

/// Index drawn with a probability proportional to its weight; 0 when no
/// weight is positive.
pub fn weighted(rng: &mut Rng, weights: &[f64]) -> usize {
    let total: f64 = weights.iter().sum();
    let mut left = rng.f64() * total;
    for (index, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return index;
        }
    }
    0
}

/// Many weights, summed up once: draws like [`weighted`] in logarithmic time.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    /// Sum of the weights up to and including each.
    sums: Vec<f64>,
}

impl Weights {
    /// Sums up weights that are not negative.
    pub fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        let add = |weight| {
            sum += weight;
            sum
        };
        Self { sums: weights.into_iter().map(add).collect() }
    }

    /// Index drawn with a probability proportional to its weight; 0 when no
    /// weight is positive.
    pub fn draw(&self, rng: &mut Rng) -> usize {
        let at = rng.f64() * self.sums.last().copied().unwrap_or(0.0);
        let index = self.sums.partition_point(|&sum| sum <= at);
        if index < self.sums.len() { index } else { 0 }
    }
}

/// A smooth value in −1…1 that changes over about `period_ms`: value noise
/// between hashed lattice points, eased by a cubic.
pub fn wander(seed: u64, at_ms: i64, period_ms: i64) -> f64 {
    let cell = at_ms.div_euclid(period_ms);
    let part = at_ms.rem_euclid(period_ms) as f64 / period_ms as f64;
    let value = |cell: i64| unit_of(seed, cell as u64) * 2.0 - 1.0;
    let eased = part * part * (3.0 - 2.0 * part);
    value(cell) + (value(cell + 1) - value(cell)) * eased
}

/// Splits `total` over `weights` by largest remainders, at least `least` each.
/// Where `least` alone exceeds the total, every share is `least`.
pub fn shares(total: usize, weights: &[f64], least: usize) -> Vec<usize> {
    let sum: f64 = weights.iter().sum();
    let spare = total.saturating_sub(least * weights.len());
    let ideal: Vec<f64> = weights.iter().map(|w| (w / sum * total as f64 - least as f64).max(0.0)).collect();
    let scale = spare as f64 / ideal.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mut result: Vec<usize> = ideal.iter().map(|i| least + (i * scale).floor() as usize).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let remainder = |i: &usize| (ideal[*i] * scale).fract();
    order.sort_by(|a, b| remainder(b).total_cmp(&remainder(a)).then(a.cmp(b)));
    let missing = (least * weights.len() + spare).saturating_sub(result.iter().sum());
    for &index in order.iter().cycle().take(missing) {
        result[index] += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_follow_the_weights() {
        let result = shares(100, &[1.0, 2.0, 1.0, 0.0], 1);
        assert_eq!(result.iter().sum::<usize>(), 100);
        assert!(result[1] > result[0] && result[3] == 1);
        assert_eq!(shares(2, &[1.0, 1.0, 1.0], 1), [1, 1, 1]);
    }

    #[test]
    fn summed_weights_draw_like_single_ones() {
        let weights = [0.0, 2.0, 0.5, 0.0, 7.25, 1.0];
        let summed = Weights::new(weights);
        let (mut a, mut b) = (Rng::with_seed(9), Rng::with_seed(9));
        for _ in 0..2_000 {
            assert_eq!(weighted(&mut a, &weights), summed.draw(&mut b));
        }
        assert_eq!(Weights::new([0.0, 0.0]).draw(&mut a), 0);
        assert_eq!(Weights::default().draw(&mut a), 0);
    }

    #[test]
    fn wandering_is_smooth_and_repeatable() {
        let mut previous = wander(7, 0, 1_000);
        for ms in (0..20_000).step_by(10) {
            let value = wander(7, ms, 1_000);
            assert!(value.abs() <= 1.0 && (value - previous).abs() < 0.05);
            assert_eq!(value, wander(7, ms, 1_000));
            previous = value;
        }
    }

    #[test]
    fn streams_of_different_purposes_differ() {
        assert_ne!(stream(1, "a").u64(..), stream(1, "b").u64(..));
        assert_eq!(stream(1, "a").u64(..), stream(1, "a").u64(..));
    }
}
