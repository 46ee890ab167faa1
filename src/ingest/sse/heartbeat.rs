//! How long a stream may be silent.
//!
//! In: when heartbeats came. Out: the longest silence that is not a fault.
//!
//! A back end that sends a comment every two seconds and then none for ten is
//! dead, even when a minute of silence is allowed. Only comments count: events
//! come when they come. The longest of the last few gaps is taken, because a
//! congested network delivers beats in bunches.

use std::time::Instant;

/// Gaps that must be known before they are relied on.
const GAPS: usize = 3;

/// Missed beats after which a stream is dead.
const MISSED: f64 = 3.0;

/// The rhythm of one stream.
#[derive(Debug, Default)]
pub struct Heartbeat {
    last: Option<Instant>,
    gaps_secs: [f64; GAPS],
    count: usize,
}

impl Heartbeat {
    /// A heartbeat came.
    pub fn beat(&mut self, at: Instant) {
        if let Some(last) = self.last.replace(at) {
            self.gaps_secs[self.count % GAPS] = at.saturating_duration_since(last).as_secs_f64();
            self.count += 1;
        }
    }

    /// The longest silence that is not a fault: `allowed_secs`, or less when
    /// the rhythm is known, but never less than `shortest_secs`.
    pub fn longest_silence_secs(&self, shortest_secs: f64, allowed_secs: f64) -> f64 {
        if self.count < GAPS {
            return allowed_secs;
        }
        let gap_secs = self.gaps_secs.iter().copied().fold(0.0, f64::max);
        (gap_secs * MISSED).max(shortest_secs).min(allowed_secs)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_known_rhythm_shortens_the_allowed_silence() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::default();
        for beat in 0..3 {
            heartbeat.beat(start + Duration::from_secs(2 * beat));
            assert_eq!(heartbeat.longest_silence_secs(5.0, 60.0), 60.0, "after {beat}");
        }
        heartbeat.beat(start + Duration::from_secs(6));
        assert_eq!(heartbeat.longest_silence_secs(5.0, 60.0), 6.0);
        // A bunch of delayed beats does not make the stream look faster.
        heartbeat.beat(start + Duration::from_secs(10));
        heartbeat.beat(start + Duration::from_secs(10));
        assert_eq!(heartbeat.longest_silence_secs(5.0, 60.0), 12.0);
        assert_eq!(heartbeat.longest_silence_secs(5.0, 8.0), 8.0);
    }
}
