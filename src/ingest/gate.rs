//! Where heavy decoding happens: on few threads beside the network's.
//!
//! In: closures that may take seconds. Out: their results. At least two may
//! run at once, so one slow source never holds up the others; never more than
//! four, so decoding a city leaves processors to the picture.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::fault::Fault;

/// Admits decoders to the blocking threads.
#[derive(Clone, Debug)]
pub struct Gate {
    permits: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { permits: Arc::new(Semaphore::new(processors.clamp(2, 4))) }
    }
}

impl Gate {
    /// Admits one at a time: for a source of which a single piece of work may
    /// hang for ever, and must not hold up the decoders of others.
    pub fn of_one() -> Self {
        Self { permits: Arc::new(Semaphore::new(1)) }
    }

    /// Runs `work` on a blocking thread. The next is admitted when the work is
    /// done, whether or not anybody waits for its result.
    ///
    /// # Errors
    /// When `work` panics: a bug of ours costs one answer, not the wall.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        // The semaphore is never closed; were it, running at once is right.
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let admitted = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(admitted).await.map_err(|_| Fault::Internal)
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};
    use std::time::Duration;

    use super::*;

    /// A failure; far above what anything here takes.
    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_result_that_nobody_takes_holds_nobody_up() {
        let gate = Gate::of_one();
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let mut first = Box::pin(gate.run(move || wait.recv().is_err()));
        // Begun, and then left alone.
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(go_on);
        let second = tokio::time::timeout(PATIENCE, gate.run(|| 2)).await;
        assert_eq!(second.ok().and_then(Result::ok), Some(2));
        assert_eq!(first.await.ok(), Some(true));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_still_counts() {
        let gate = Gate::of_one();
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let mut first = Box::pin(gate.run(move || wait.recv()));
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(first);
        assert_eq!(gate.permits.available_permits(), 0);
        drop(go_on);
        assert_eq!(tokio::time::timeout(PATIENCE, gate.run(|| 2)).await.ok().and_then(Result::ok), Some(2));
    }

    #[tokio::test]
    async fn a_panic_costs_one_answer() {
        let gate = Gate::of_one();
        assert!(gate.run(|| panic!("of this test")).await.is_err());
        assert_eq!(gate.run(|| 2).await.ok(), Some(2));
    }
}
