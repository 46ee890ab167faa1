//! What all requests share, and the way from them to the wall.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use image::DynamicImage;
use tokio::sync::{mpsc, oneshot};

use super::command::{Asked, Command, Refusal, Reply};
use super::guard::Hosts;
use super::pairing::Pairing;
use super::picture::Last;
use super::problem::Problem;
use super::sessions::Sessions;
use super::state::State;
use crate::domain::area::AreaTree;

/// How long the wall may take to do something: it draws a frame first.
const DEADLINE: Duration = Duration::from_secs(2);

/// What was published last.
#[derive(Clone, Debug, Default)]
pub(super) struct Published {
    pub state: Arc<State>,
    /// The areas, under the names that the screen may show.
    pub areas: Arc<AreaTree>,
}

/// See the module.
pub(super) struct Shared {
    pub hosts: Hosts,
    pub session_ms: u64,
    pub pairing: Mutex<Pairing>,
    pub sessions: Mutex<Sessions>,
    pub published: Mutex<Published>,
    pub picture: tokio::sync::Mutex<Last>,
    pub to_wall: mpsc::Sender<Asked>,
    pub waker: Arc<dyn Fn() + Send + Sync>,
    pub started: Instant,
}

/// As handlers get it.
pub(super) type App = Arc<Shared>;

/// A thread that panicked left nothing half done here.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Milliseconds since the start, which only grow.
    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// What was published last.
    pub fn shown(&self) -> Published {
        locked(&self.published).clone()
    }

    /// Has the wall do something.
    pub async fn ask(&self, command: Command, by: &str) -> Result<(), Problem> {
        let by = by.to_owned();
        self.wait(DEADLINE, |reply| Asked::Command { command, by, reply }).await
    }

    /// Asks for what the wall shows.
    pub async fn ask_picture(&self, deadline: Duration) -> Result<DynamicImage, Problem> {
        self.wait(deadline, |reply| Asked::Picture { reply }).await
    }

    async fn wait<T>(&self, deadline: Duration, asked: impl FnOnce(Reply<T>) -> Asked) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel::<Result<T, Refusal>>();
        if self.to_wall.try_send(asked(reply)).is_err() {
            return Err(Problem::retry(StatusCode::SERVICE_UNAVAILABLE, "大屏正忙,请稍后再试", 1));
        }
        (self.waker)();
        let late = "大屏没有在限定时间内应答";
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(done)) => done.map_err(Problem::from),
            Ok(Err(_)) | Err(_) => Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, late)),
        }
    }
}
