//! How each source is doing: what panels, the header and `quanyu check` read.

use super::time::Time;

/// Number of a source: its position in the configuration.
pub type SourceId = u16;

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
