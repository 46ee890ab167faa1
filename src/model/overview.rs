//! When the figures computed from events are due; see
//! [`crate::domain::overview`].

use std::ops::Deref;

use bevy::prelude::*;

use super::{Areas, Events, WallClock, WallConfig};
use crate::domain::overview::{Overview as Figures, OverviewInput};

/// Figures computed from events, with what they were computed from.
#[derive(Resource, Default)]
pub struct Overview {
    figures: Figures,
    /// Grows with each rebuild.
    pub revision: u64,
    events_revision: u64,
    areas_revision: u64,
    built_at_secs: f64,
}

impl Overview {
    /// Whether it was computed from these revisions of areas and events.
    pub fn is_of(&self, areas_revision: u64, events_revision: u64) -> bool {
        (self.areas_revision, self.events_revision) == (areas_revision, events_revision)
    }
}

impl Deref for Overview {
    type Target = Figures;

    fn deref(&self) -> &Figures {
        &self.figures
    }
}

/// Shortest time between two rebuilds, so that their cost follows the churn of
/// the data and not the frame rate.
const REBUILD_SECS: f64 = 0.5;

/// Rebuilds the figures when the events or the shown minute changed.
pub(super) fn recompute(
    mut overview: ResMut<Overview>,
    events: Res<Events>,
    areas: Res<Areas>,
    clock: Res<WallClock>,
    config: Res<WallConfig>,
    real: Res<Time<Real>>,
) {
    let now = clock.now();
    // Other areas: what was placed in the old ones must not be looked up in them.
    let is_urgent = areas.revision != overview.areas_revision;
    let is_due = is_urgent
        || events.revision != overview.events_revision
        || now.0.div_euclid(60_000) != overview.now.0.div_euclid(60_000);
    let elapsed = real.elapsed_secs_f64();
    let is_early = overview.revision > 0 && elapsed - overview.built_at_secs < REBUILD_SECS;
    if !is_due || (is_early && !is_urgent) {
        return;
    }
    let config = &config.0;
    let figures = Figures::build(&OverviewInput {
        store: &events.store,
        places: &events.places,
        tree: &areas.tree,
        now,
        day_start: now.start_of_day(&config.wall.zone),
        stage_count: config.closed_loop.stages.len(),
        window_secs: config.heat.window_secs,
    });
    *overview = Overview {
        figures,
        revision: overview.revision + 1,
        events_revision: events.revision,
        areas_revision: areas.revision,
        built_at_secs: elapsed,
    };
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use bevy::ecs::system::RunSystemOnce;

    use super::*;
    use crate::config::Config;

    #[test]
    fn figures_of_old_areas_do_not_outlive_them() {
        let text = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n";
        let config = Config::parse(text, Path::new("t.toml")).expect("valid");
        let mut world = World::new();
        world.insert_resource(WallConfig(Arc::new(config)));
        world.init_resource::<Overview>();
        world.init_resource::<Events>();
        world.init_resource::<Areas>();
        world.init_resource::<WallClock>();
        world.init_resource::<Time<Real>>();
        world.resource_mut::<Areas>().revision = 1;
        world.run_system_once(recompute).expect("runs");
        assert!(world.resource::<Overview>().is_of(1, 0));
        // No time has passed: events have to wait, areas do not.
        world.resource_mut::<Events>().revision = 1;
        world.run_system_once(recompute).expect("runs");
        assert!(world.resource::<Overview>().is_of(1, 0));
        world.resource_mut::<Areas>().revision = 2;
        world.run_system_once(recompute).expect("runs");
        assert!(world.resource::<Overview>().is_of(2, 1));
    }
}
