//! A light that calls for a look: three pulses, and then it rests.
//!
//! In: when something calls. Out: how bright the light is at an instant.
//!
//! How it works: all pulses stand on one grid of time, and the light only ever
//! begins and ends where it is dark. However often something calls, there is
//! one pulse in a period: never more than two flashes in a second, which is what
//! people with photosensitive epilepsy can bear (WCAG 2.2 allows three).

/// Length of one pulse, seconds.
const PERIOD_SECS: f64 = 0.75;

/// Pulses for one call.
const PULSES: f64 = 3.0;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pulses {
    from_secs: f64,
    until_secs: f64,
}

impl Pulses {
    /// Calls for a look, from the next whole period on.
    pub fn call(&mut self, now_secs: f64) {
        let from_secs = (now_secs / PERIOD_SECS).ceil() * PERIOD_SECS;
        if !self.is_on(now_secs) {
            self.from_secs = from_secs;
        }
        self.until_secs = from_secs + PULSES * PERIOD_SECS;
    }

    /// Whether the light changes by itself.
    pub fn is_on(&self, now_secs: f64) -> bool {
        now_secs < self.until_secs
    }

    /// How bright the light is, 0–1.
    pub fn glow(&self, now_secs: f64) -> f32 {
        if now_secs < self.from_secs || !self.is_on(now_secs) {
            return 0.0;
        }
        (0.5 - 0.5 * (now_secs / PERIOD_SECS * std::f64::consts::TAU).cos()) as f32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_call_is_three_pulses() {
        let mut pulses = Pulses::default();
        assert!(!pulses.is_on(10.0) && pulses.glow(10.0) == 0.0);
        pulses.call(10.0);
        let bright = |step: &i32| pulses.glow(10.0 + f64::from(*step) * 0.01) > 0.5;
        let flashes = (1..500).filter(|step| bright(step) && !bright(&(step - 1))).count();
        assert_eq!(flashes, 3);
        assert!(!pulses.is_on(13.0), "and then it rests");
    }

    proptest! {
        #[test]
        fn never_more_than_two_flashes_in_a_second(gaps in prop::collection::vec(0_u32..3_000, 1..40)) {
            const STEP_SECS: f64 = 0.005;
            let mut calls = Vec::new();
            let mut at = 100.0;
            for gap in gaps {
                at += f64::from(gap) / 1_000.0;
                calls.push(at);
            }
            let (mut pulses, mut was_bright, mut flashes) = (Pulses::default(), false, Vec::<f64>::new());
            let mut before = 0.0_f32;
            let (mut now, mut next) = (100.0, 0);
            while now < at + 4.0 {
                while calls.get(next).is_some_and(|&call| call <= now) {
                    pulses.call(now);
                    next += 1;
                }
                let glow = pulses.glow(now);
                // No jump: what appears or goes at once is a flash as well.
                prop_assert!((glow - before).abs() < 0.05, "{before} to {glow} at {now}");
                before = glow;
                if glow > 0.5 && !was_bright {
                    flashes.push(now);
                }
                was_bright = glow > 0.5;
                now += STEP_SECS;
            }
            for pair in flashes.windows(3) {
                prop_assert!(pair[2] - pair[0] > 1.0, "{pair:?}");
            }
        }
    }
}
