//! `quanyu`: arguments → command; nothing else.

use std::process::ExitCode;

use clap::Parser;
use quanyu::shell::{PROCESS_START, run};

// glibc's allocator grows for days under the churn of a wall; this one gives
// memory back.
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
