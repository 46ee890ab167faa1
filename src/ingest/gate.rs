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
    /// Runs `work` on a blocking thread.
    ///
    /// # Errors
    /// When `work` panics: a bug of ours costs one answer, not the wall.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        // The semaphore is never closed; were it, running at once is right.
        let _permit = self.permits.acquire().await;
        tokio::task::spawn_blocking(work).await.map_err(|_| Fault::Internal)
    }
}
