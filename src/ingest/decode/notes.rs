//! What was noticed while decoding, bounded.
//!
//! In: one note per bad record. Out: the first [`MAX_KEPT`] findings and the
//! count of all of them, so that a source with a million bad rows costs no
//! memory and still tells how bad it is.

use crate::domain::finding::{Finding, FindingKind};

/// Findings kept per answer; the rest is counted.
pub const MAX_KEPT: usize = 200;

/// Findings of one answer.
#[derive(Debug, Default)]
pub struct Notes {
    kept: Vec<Finding>,
    total: u64,
}

impl Notes {
    /// Notes something about `subject`; the texts are only made when kept.
    pub fn add(&mut self, kind: FindingKind, subject: &str, message: impl Into<String>) {
        self.total += 1;
        if self.kept.len() < MAX_KEPT {
            self.kept.push(Finding::new(kind, subject, message));
        }
    }

    /// Adds what was noticed elsewhere, after all that was noticed here.
    pub fn append(&mut self, other: Self) {
        self.total += other.total;
        let room = MAX_KEPT - self.kept.len();
        self.kept.extend(other.kept.into_iter().take(room));
    }

    /// How many were noticed, kept or not.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The kept findings; where some were not kept, one more says how many.
    pub fn finish(mut self) -> Vec<Finding> {
        let rest = self.total - self.kept.len() as u64;
        if rest > 0 {
            self.kept.push(Finding::new(FindingKind::Limit, "…", format!("另有 {rest} 个问题未逐条列出")));
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_capped_and_counted() {
        let mut notes = Notes::default();
        for n in 0..1_000 {
            notes.add(FindingKind::BadField, &format!("#{n}"), "缺少编码");
        }
        assert_eq!(notes.total(), 1_000);
        let kept = notes.finish();
        assert_eq!(kept.len(), MAX_KEPT + 1);
        assert!(kept[MAX_KEPT].message.contains("800"));
    }
}
