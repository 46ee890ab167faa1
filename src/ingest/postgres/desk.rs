//! One login at a time for all sources that show a database the same name and
//! password.
//!
//! In: attempts to log in. Out: what came of each, or the refusal that it would
//! only repeat.
//!
//! How it works: whoever wants in stands in line at the desk of its account.
//! Those who stood there while an attempt was refused, or met with silence,
//! take its fault for theirs; the others go on to try. After a refusal nobody
//! tries again within the pace, so that six sources with one wrong password
//! are refused once. Desks are the process's and not those of one set of
//! sources: a source that is configured anew is the same to the database.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::access::Pace;
use crate::ingest::backoff::{Backoff, Print};
use crate::ingest::fault::Fault;

/// The desks in use; a wall has few, so they are looked through.
static DESKS: Mutex<Vec<(Account, Arc<Desk>)>> = Mutex::new(Vec::new());

/// What a database judges a login by (`pg_hba.conf`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Host and port.
    pub host: String,
    /// The database.
    pub database: String,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// Name and password.
    pub print: Print,
}

/// Where those who show the same log in, one after another.
#[derive(Debug, Default)]
pub struct Desk {
    /// Whoever holds it logs in.
    past: tokio::sync::Mutex<Past>,
}

/// What is known about past attempts.
#[derive(Debug, Default)]
struct Past {
    backoff: Backoff,
    /// How the last attempt failed, if others are to take that for theirs.
    failure: Option<Failure>,
}

#[derive(Debug)]
struct Failure {
    at: Instant,
    /// Until then nobody tries again.
    until: Instant,
    fault: Fault,
}

impl Desk {
    /// That of an account, the same for all who ask.
    pub fn of(account: Account) -> Arc<Self> {
        let mut desks = DESKS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, desk)) = desks.iter().find(|(known, _)| *known == account) {
            return Arc::clone(desk);
        }
        // Passwords change: those that nobody shows any more are forgotten.
        desks.retain(|(_, desk)| Arc::strong_count(desk) > 1 || desk.is_resting());
        let desk = Arc::<Self>::default();
        desks.push((account, Arc::clone(&desk)));
        desk
    }

    /// Waits until it is this one's turn, and then for what comes of `attempt`,
    /// which is not begun where its end is known.
    ///
    /// # Errors
    /// When the attempt fails, or another did that counts for this one too.
    pub async fn enter<T>(&self, attempt: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let came = Instant::now();
        let mut past = self.past.lock().await;
        let known = past.failure.as_ref().filter(|last| came < last.at || Instant::now() < last.until);
        if let Some(failure) = known {
            return Err(failure.fault.clone());
        }
        let done = attempt.await;
        let now = Instant::now();
        match &done {
            Ok(_) => *past = Past::default(),
            Err(fault) => {
                let until = match fault {
                    Fault::DatabaseDenied(_) => Some(now + past.backoff.after_refusal(Pace::default())),
                    // A whole deadline for each who waits would add up.
                    Fault::Idle { .. } | Fault::ConnectTimeout { .. } => Some(now),
                    // The others' certificates or deadlines may be better.
                    _ => None,
                };
                past.failure = until.map(|until| Failure { at: now, until, fault: fault.clone() });
            }
        }
        done
    }

    /// How long nobody tries again; `None` when anybody may.
    pub async fn left(&self) -> Option<Duration> {
        let past = self.past.lock().await;
        let left = past.failure.as_ref().map(|last| last.until.saturating_duration_since(Instant::now()));
        left.filter(|left| !left.is_zero())
    }

    /// Whether there is something to remember; also while somebody logs in.
    fn is_resting(&self) -> bool {
        let Ok(past) = self.past.try_lock() else { return true };
        past.failure.as_ref().is_some_and(|last| Instant::now() < last.until)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn account(password: &str) -> Account {
        let print = Print::of("wall", password);
        Account { host: "desk.test:5432".into(), database: "grid".into(), is_encrypted: false, print }
    }

    #[tokio::test]
    async fn six_with_one_wrong_password_are_refused_once() {
        let tries = &AtomicU32::new(0);
        let refused = || async move {
            tries.fetch_add(1, Ordering::Relaxed);
            // The others come meanwhile.
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err::<(), _>(Fault::DatabaseDenied("no".into()))
        };
        let desks: Vec<_> = (0..6).map(|_| Desk::of(account("wrong"))).collect();
        let all = futures_util::future::join_all(desks.iter().map(|desk| desk.enter(refused()))).await;
        assert!(all.iter().all(|one| matches!(one, Err(Fault::DatabaseDenied(_)))), "{all:?}");
        // Nor later, nor after the sources were configured anew.
        drop(desks);
        let desk = Desk::of(account("wrong"));
        assert!(desk.enter(refused()).await.is_err());
        assert!(desk.left().await.is_some_and(|left| left > Duration::from_secs(500)));
        assert_eq!(tries.load(Ordering::Relaxed), 1);
        // Another password is tried at once.
        let other = Desk::of(account("right"));
        assert_eq!(other.enter(async { Ok(7) }).await, Ok(7));
        assert_eq!(other.left().await, None);
    }

    #[tokio::test]
    async fn silence_counts_for_those_who_waited_and_for_nobody_later() {
        let desk = Desk::default();
        let silent = || async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err::<(), _>(Fault::Idle { secs: 1.0, received: 0 })
        };
        let (first, second) = tokio::join!(desk.enter(silent()), desk.enter(async { Ok(()) }));
        assert!(first.is_err() && second.is_err());
        assert_eq!(desk.enter(async { Ok(()) }).await, Ok(()));
    }
}
