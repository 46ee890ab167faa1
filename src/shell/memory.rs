//! How much memory the program takes, for the diagnostics and `bench`.

/// Resident memory in MiB; from `/proc`, else unknown.
pub(super) fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1_024.0)
}

/// What the program's own allocator holds, in MiB: the resident memory without
/// the program file, its libraries and what the graphics driver takes; unknown
/// with another allocator.
#[cfg(not(target_env = "msvc"))]
pub(super) fn heap_mb() -> Option<f64> {
    tikv_jemalloc_ctl::epoch::advance().ok()?;
    let resident = tikv_jemalloc_ctl::stats::resident::read().ok()?;
    Some(resident as f64 / 1_048_576.0)
}

/// Unknown with this allocator.
#[cfg(target_env = "msvc")]
pub(super) fn heap_mb() -> Option<f64> {
    None
}
