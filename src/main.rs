//! `quanyu`: arguments → command; nothing else.

use std::process::ExitCode;

use clap::Parser;
use quanyu::shell::{PROCESS_START, run};

// glibc's allocator grows for days under the churn of a wall. This one gives
// back what loading a city took, from a thread of its own, also while those
// that took it sleep.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

// The other does not know this compiler.
#[cfg(target_env = "msvc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    std::sync::LazyLock::force(&PROCESS_START);
    run::init_logging();
    match run::run(run::Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            // One or two lines: what, where, what to do.
            eprintln!("quanyu: {error:#}");
            ExitCode::from(2)
        }
    }
}
