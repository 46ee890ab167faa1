//! What makes the plan's straight lines roads, banks and boundaries: waves of
//! all lengths, from half the city down to a street corner.
//!
//! In: plan metres. Out: local metres. Two transverse waves per octave; the
//! slopes of all add up to less than 1, so that nothing folds (see
//! [`super::super::warp`] for why).

use std::f64::consts::TAU;

use super::super::warp::Wave;
use crate::simulate::noise;

/// Wavelength in metres, and the slope of both waves of the octave together:
/// most for bends as long as a village is wide, less for those of a street.
const OCTAVES: [(f64, f64); 10] = [
    (43_000.0, 0.08),
    (23_000.0, 0.10),
    (12_000.0, 0.12),
    (6_700.0, 0.14),
    (3_700.0, 0.14),
    (2_050.0, 0.11),
    (1_130.0, 0.08),
    (630.0, 0.055),
    (340.0, 0.04),
    (190.0, 0.03),
];

/// The displacement of a whole city.
#[derive(Clone, Debug)]
pub struct Bends {
    waves: Vec<Wave>,
}

impl Bends {
    /// Draws the waves for `seed`.
    pub fn new(seed: u64) -> Self {
        let mut rng = noise::stream(seed, "bends");
        let mut waves = Vec::with_capacity(2 * OCTAVES.len());
        let mut toward = rng.f64() * TAU;
        for (length_m, slope) in OCTAVES {
            for _ in 0..2 {
                // A golden angle apart, so that no two waves add up to a grid.
                toward += 2.399_963 + rng.f64() * 0.3;
                let number = TAU / (length_m * (0.85 + 0.3 * rng.f64()));
                let along = toward + TAU / 4.0 + (rng.f64() - 0.5) * 0.6;
                waves.push(Wave {
                    along: [along.cos(), along.sin()],
                    vector: [toward.cos() * number, toward.sin() * number],
                    phase: rng.f64() * TAU,
                    amplitude_m: slope / 2.0 / number,
                });
            }
        }
        Self { waves }
    }

    /// Local metres from plan metres.
    pub fn local_from_plan(&self, plan: [f64; 2]) -> [f64; 2] {
        let mut local = plan;
        for wave in &self.waves {
            wave.shift(plan, &mut local);
        }
        local
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_add_up_to_less_than_one() {
        for seed in 0..20 {
            let bends = Bends::new(seed);
            let slope: f64 = bends.waves.iter().map(|w| w.amplitude_m * w.vector[0].hypot(w.vector[1])).sum();
            assert!(slope < 0.95, "{slope}");
        }
    }
}
