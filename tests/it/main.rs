//! Everything that needs more than one module, in one binary: one link.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail where it stands")]

mod decode;
mod export;
mod faults;
mod layering;
mod mapping;
mod panels;
mod shaders;
mod tiles;
mod wall;
