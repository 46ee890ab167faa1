//! What the wall knows about, and nothing of how it came or how it is drawn.
//!
//! Pure: the standard library, `serde`, `geo`, `i_overlay`, `rstar`, `jiff`,
//! `proj4rs`, `minijinja`. No Bevy, no egui, no tokio, no I/O. Every length is in metres, every angle in degrees,
//! every instant a [`time::Time`], every place [`geometry::LonLat`] in WGS-84,
//! unless a name says otherwise (`_px`, `_mercator`, `_gcj02`).

pub mod alert;
pub mod area;
pub mod camera;
pub mod change;
pub mod choropleth;
pub mod civil_text;
pub mod classes;
pub mod clock;
pub mod closed_loop;
pub mod cluster;
pub mod context;
pub mod coverage;
pub mod crs;
pub mod device;
pub mod event;
pub mod event_store;
pub mod expression;
pub mod figure;
pub mod finding;
pub mod geometry;
pub mod heal;
pub mod health;
pub mod heat;
pub mod overview;
pub mod pole;
pub mod privacy;
pub mod spatial;
pub mod survey;
pub mod tiles;
pub mod time;
pub mod track;
pub mod update;
pub mod warning;
pub mod written_number;
pub mod written_time;
