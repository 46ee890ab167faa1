//! quanyu (全域): one screen for the whole area.
//!
//! The modules in the order in which a byte travels from a back end to a pixel:
//!
//! ```text
//! source ─► ingest ─► model ─► layers ─► GPU
//!                       └────► panels ─► egui
//! ```
//!
//! Who may import whom (`tests/it/layering.rs` reads this table and the `use`
//! lines, and fails on an arrow that is not listed):
//!
//! ```text
//! domain   :
//! config   : domain
//! theme    : config
//! simulate : domain
//! ingest   : domain config
//! setup    : domain config ingest
//! model    : domain config ingest
//! map      : domain config model
//! layers   : domain config theme model map
//! panels   : domain config theme
//! remote   : domain config
//! scenes   : domain config model map
//! shell    : domain config theme ingest setup model map layers panels remote scenes simulate
//! ```

pub mod config;
pub mod domain;
pub mod ingest;
pub mod layers;
pub mod map;
pub mod model;
pub mod panels;
pub mod remote;
pub mod scenes;
pub mod setup;
pub mod shell;
pub mod simulate;
pub mod theme;
