//! How each source is doing: what panels, the header and `quanyu check` read.

use super::time::Time;

/// Which source: derived from its id in the configuration, which no other has.
/// It stays the same wherever in the list the source stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u64);

impl SourceId {
    /// Of the source or tile set with this id (FNV-1a, 64 bits).
    pub const fn of(id: &str) -> Self {
        let (bytes, mut hash, mut at) = (id.as_bytes(), 0xcbf2_9ce4_8422_2325_u64, 0);
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        Self(hash)
    }
}

/// What a source is doing now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SourceState {
    /// Nothing came yet.
    #[default]
    Waiting,
    /// The last attempt succeeded.
    Live,
    /// The last attempt failed; trying again.
    Failing,
}

/// How many records came in the last minute: a ring of sums over five seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recent {
    sums: [u32; Self::STEPS],
    /// Number of the latest step since 1970.
    step: i64,
}

impl Recent {
    const STEPS: usize = 12;
    const STEP_SECS: i64 = 5;

    fn step_of(at: Time) -> i64 {
        at.0.div_euclid(Self::STEP_SECS * 1_000)
    }

    /// Steps between the latest one and `step`, within the ring.
    fn steps_to(&self, step: i64) -> usize {
        usize::try_from(step.saturating_sub(self.step)).unwrap_or(0).min(Self::STEPS)
    }

    /// Counts records that came at `at`. A clock that was set back counts them
    /// in the latest step.
    pub fn count(&mut self, records: u64, at: Time) {
        let passed = self.steps_to(Self::step_of(at));
        self.sums.rotate_right(passed % Self::STEPS);
        self.sums[..passed].fill(0);
        self.step = self.step.max(Self::step_of(at));
        self.sums[0] = self.sums[0].saturating_add(u32::try_from(records).unwrap_or(u32::MAX));
    }

    /// Records per second, over the minute before `now`.
    pub fn per_sec(&self, now: Time) -> f64 {
        let left = Self::STEPS - self.steps_to(Self::step_of(now));
        let sum: u64 = self.sums[..left].iter().map(|sum| u64::from(*sum)).sum();
        sum as f64 / (Self::STEPS as f64 * Self::STEP_SECS as f64)
    }
}

/// What one source reports about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceHealth {
    /// What it is doing.
    pub state: SourceState,
    /// When data last came, or when the back end last said that nothing changed.
    pub last_ok: Option<Time>,
    /// Records in the last good answer.
    pub records: u64,
    /// Bytes in the last good answer.
    pub bytes: u64,
    /// How long the last good answer took, milliseconds.
    pub took_ms: u64,
    /// Failures since the last success.
    pub failures: u32,
    /// The last error in one sentence, free of secrets.
    pub last_error: Option<String>,
    /// Findings in the last good answer.
    pub findings: u64,
    /// Batches that found the channel to the model full and waited.
    pub waits: u64,
    /// Records that came lately.
    pub recent: Recent,
    /// Answers that were not kept on disk, because too many waited for it.
    pub unkept: u64,
}

/// How a source looks to a person at the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Freshness {
    /// Nothing came yet.
    Waiting,
    /// Data is as fresh as promised.
    Fresh,
    /// Data is older than promised: kept, dimmed, dated.
    Stale,
}

impl SourceHealth {
    /// What of it is true of the data alone, however they came.
    pub fn of_data(&self) -> Self {
        let Self { last_ok, records, bytes, took_ms, .. } = *self;
        Self { last_ok, records, bytes, took_ms, ..Self::default() }
    }

    /// Seconds since data last came.
    pub fn age_secs(&self, now: Time) -> Option<f64> {
        self.last_ok.map(|at| now.secs_since(at).max(0.0))
    }

    /// Judges the age against the limit that the configuration sets.
    pub fn freshness(&self, now: Time, stale_after_secs: f64) -> Freshness {
        match self.age_secs(now) {
            None => Freshness::Waiting,
            Some(age) if age > stale_after_secs => Freshness::Stale,
            Some(_) => Freshness::Fresh,
        }
    }
}

/// How the sources behind one part of the wall are doing, together.
#[derive(Clone, Debug, PartialEq)]
pub struct PartHealth {
    /// Names of the sources, joined.
    pub names: String,
    /// Age of the oldest data among them, seconds; `None` while nothing came.
    pub age_secs: Option<f64>,
    /// The worst of them.
    pub freshness: Freshness,
    /// The first error among them.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let at = |secs: i64| Time(secs * 1_000);
        let mut recent = Recent::default();
        assert_eq!(recent.per_sec(at(1_000)), 0.0);
        for secs in 1_000..1_060 {
            recent.count(2, at(secs));
        }
        assert_eq!([1_059, 1_085, 1_115, 1_200].map(|secs| recent.per_sec(at(secs))), [2.0, 1.0, 0.0, 0.0]);
        recent.count(60, at(9_000));
        assert_eq!(recent.per_sec(at(9_000)), 1.0);
        // A clock that was set back, by an hour.
        recent.count(60, at(5_400));
        assert_eq!([5_400, 9_000].map(|secs| recent.per_sec(at(secs))), [2.0, 2.0]);
        recent.count(u64::MAX, at(9_000));
    }
}
