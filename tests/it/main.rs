//! Everything that needs more than one module, in one binary: one link.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail where it stands")]

mod decode;
mod export;
mod faults;
mod folder;
mod layering;
mod mapping;
mod panels;
mod remote;
mod setup;
mod shaders;
mod shapes;
mod tiles;
mod wall;

use std::path::PathBuf;

/// The folder of real data; `None`, and a line that says so, where it is not.
fn realdata() -> Option<PathBuf> {
    let folder = std::env::var_os("QUANYU_REALDATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/realdata")), PathBuf::from);
    if !folder.is_dir() {
        eprintln!("skipped: no realdata");
        return None;
    }
    Some(folder)
}
