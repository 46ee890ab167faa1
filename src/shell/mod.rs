//! The program around the wall: assembly, window, headless pictures,
//! benchmarks, checks, what happens on errors.

mod alert_book;
pub mod app;
mod arrange;
mod audience;
pub mod bench;
mod cards;
pub mod check;
pub mod export;
pub mod fonts;
pub mod graphics;
pub mod headless;
mod init;
mod kept;
mod memory;
mod notes;
pub mod reload;
mod remote;
mod rewrite;
pub mod run;
pub mod snapshot;
pub mod stage;
mod ui;
mod window;

use std::sync::LazyLock;
use std::time::Instant;

/// When the program started; touched first thing in `main`.
pub static PROCESS_START: LazyLock<Instant> = LazyLock::new(Instant::now);
