//! The simulator's HTTP side: what a municipal back end would answer.
//!
//! `routes` answers requests, `records` writes the domain in the back end's
//! own words, `stream` pushes changes, `faults` breaks endpoints on demand.

pub mod faults;
pub mod records;
pub mod routes;
pub mod stream;

use std::sync::Arc;

use faults::Faults;
use stream::Changes;

use super::world::World;

/// What all requests share.
#[derive(Debug)]
pub struct Backend {
    /// The simulated place.
    pub world: World,
    /// Recent changes for the event stream.
    pub changes: Changes,
    /// Endpoints that fail on demand.
    pub faults: Faults,
    /// The areas' GeoJSON, which never changes.
    pub areas: routes::Document,
    /// The context's GeoJSON, which never changes.
    pub context: routes::Document,
}

/// Shared by all requests.
pub type Shared = Arc<Backend>;

impl Backend {
    /// Prepares the answers that never change.
    pub fn new(world: World) -> Self {
        let geography = &world.city.geography;
        let areas = routes::Document::new(super::geography::geojson::areas(&geography.areas, None));
        let context = routes::Document::new(super::geography::geojson::context(&geography.context));
        Self { world, changes: Changes::default(), faults: Faults::default(), areas, context }
    }
}
