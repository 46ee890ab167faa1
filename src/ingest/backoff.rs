//! How long to wait after a failure.
//!
//! In: failures and successes. Out: waits that double from [`FIRST`] to
//! [`LONGEST`], each drawn at random from its upper half, so that many walls
//! do not ask a recovering back end all at once.
//!
//! There is no circuit breaker beside this. A source has one request on its way
//! at most, so at its longest wait it does what a half-open breaker does: one
//! probe every 15 to 30 s. A breaker could only make that rarer, and the data
//! come back later.

use std::time::{Duration, Instant};

use crate::config::access::Pace;
use crate::config::source::Secret;

use super::client::secs;

/// Wait after the first failure.
const FIRST: Duration = Duration::from_millis(500);

/// Longest wait of our own choice.
const LONGEST: Duration = Duration::from_secs(30);

/// Longest wait that a back end may ask for with `Retry-After`.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// Waits between attempts.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    next: Duration,
    first: Duration,
    /// Refused passwords in a row.
    refusals: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST, first: FIRST, refusals: 0 }
    }
}

impl Backoff {
    /// Begins anew after a success.
    pub fn reset(&mut self) {
        self.next = self.first;
        self.refusals = 0;
    }

    /// Changes the wait after the first failure (`retry:` of an event stream).
    pub fn set_first(&mut self, first: Duration) {
        self.first = first.clamp(Duration::from_millis(100), LONGEST);
        self.next = self.first;
    }

    /// The wait after a password was refused.
    pub fn after_refusal(&mut self, pace: Pace) -> Duration {
        self.refusals = self.refusals.saturating_add(1);
        secs(if self.refusals == 1 { pace.refused_secs } else { pace.refused_again_secs })
    }

    /// The wait after one more failure; at least what the back end asked for,
    /// within reason.
    pub fn after_failure(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.next.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.next = (self.next * 2).min(LONGEST);
        wait.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }
}

/// How often a rest looks whether the password is another.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Rests after a password was refused, until `print` of what would be shown is
/// another than `refused`: who mends it need not wait.
pub async fn rest(wait: Duration, refused: Print, print: impl Fn() -> Print) {
    let until = Instant::now() + wait;
    while Instant::now() < until && print() == refused {
        tokio::time::sleep(LOOK_EVERY.min(wait)).await;
    }
}

/// Tells a name with a password from another, without being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print([u8; 32]);

impl Print {
    /// Of these.
    pub fn of(name: &str, password: &str) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("{name}\n{password}").as_bytes());
        let mut print = [0; 32];
        print.copy_from_slice(digest.as_ref());
        Self(print)
    }

    /// Of what stands there now; what is missing counts as empty.
    pub fn now(name: Option<&Secret>, password: Option<&Secret>) -> Self {
        let [name, password] =
            [name, password].map(|secret| secret.and_then(|secret| secret.reveal().ok()).unwrap_or_default());
        Self::of(&name, &password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_cap_and_begin_anew() {
        let mut backoff = Backoff::default();
        for n in 0..20 {
            let whole = FIRST.saturating_mul(1 << n).min(LONGEST);
            let wait = backoff.after_failure(None);
            assert!(wait >= whole / 2 && wait <= whole, "{wait:?} after {n} failures");
        }
        backoff.reset();
        assert!(backoff.after_failure(None) <= FIRST);
    }

    #[test]
    fn a_refused_password_is_tried_again_only_slowly() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..3).map(|_| backoff.after_refusal(Pace::default()).as_secs()).collect();
        assert_eq!(waits, [600, 1_800, 1_800]);
        backoff.reset();
        assert_eq!(backoff.after_refusal(Pace::default()).as_secs(), 600);
    }

    #[test]
    fn a_back_end_may_ask_for_more_but_not_for_ever() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.after_failure(Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(backoff.after_failure(Some(Duration::from_secs(86_400))), LONGEST_ASKED);
    }
}
