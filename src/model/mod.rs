//! Bevy resources that hold the state of the wall. Each has one writer:
//!
//! | resource | writer |
//! |---|---|
//! | [`WallClock`] | [`tick_clock`], actions |
//! | [`Sources`], [`Areas`], [`Events`], [`Points`], [`Pictures`] | [`receive`] |
//! | [`Tiles`] | [`receive`]; the layer that looks at them says which to keep |
//! | [`Overview`] | [`overview::recompute`] |
//! | [`AreaValues`] | `area_values::recompute` |
//! | [`Warnings`] | `warnings::recompute` |
//! | [`Alerts`] | `alerts::judge`, actions; what was kept, and whether it is, the shell |
//! | [`Patrols`] | `patrols::recompute` |
//! | [`Focus`], [`Visible`], [`Selection`], [`Overlays`] | [`actions::apply`] |
//! | [`Screen`] | `screen::apply` |
//! | [`Presentation`] | `presentation::apply`, which moves focus, selection and what is visible as well |
//!
//! Updates from the ingest channel come in at the start of a frame and never
//! take longer than a fixed slice of it; what panels want done comes back as
//! [`Action`] messages and ends here.

pub mod actions;
pub mod alerts;
mod area_values;
mod areas;
mod changes;
mod events;
mod find;
pub mod overview;
mod patrols;
mod per_source;
mod points;
mod presentation;
mod pushed;
mod screen;
mod sources;
mod tiles;
mod warnings;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::prelude::*;

use crate::config::Config;
use crate::domain::clock::Clock;
use crate::domain::health::SourceId;
use crate::domain::tiles::{TileId, TileSetId};
use crate::domain::time::Time as Instant1970;
use crate::domain::update::{Records, Update as SourceUpdate};
use crate::ingest::{Ingest, TileRequest};

pub use actions::{Action, Focus, Overlays, PointKey, Selection, Standpoint, Visible};
pub use alerts::Alerts;
pub use area_values::AreaValues;
pub use areas::{Areas, link};
pub use events::Events;
pub use find::{Finder, Found, Place};
pub use overview::{OfArea, Overview};
pub use patrols::Patrols;
pub use points::{Pictures, Points};
pub use presentation::{Presentation, Presented, Presenting};
pub use screen::Screen;
pub use sources::{Fate, SourceEntry, Sources};
pub use tiles::Tiles;
pub use warnings::Warnings;

/// The configuration in force.
#[derive(Resource, Clone)]
pub struct WallConfig(pub Arc<Config>);

/// The one clock; see [`crate::domain::clock`].
#[derive(Resource, Default)]
pub struct WallClock(pub Clock);

impl WallClock {
    /// The instant that the wall shows.
    pub fn now(&self) -> Instant1970 {
        self.0.now()
    }

    /// The system's time: what ages are judged by.
    pub fn system(&self) -> Instant1970 {
        self.0.system()
    }
}

/// Wakes the window's event loop from another thread; does nothing headless.
#[derive(Resource, Clone)]
pub struct Waker(pub Arc<dyn Fn() + Send + Sync>);

impl Default for Waker {
    fn default() -> Self {
        Self(Arc::new(|| {}))
    }
}

/// The connection to the ingest thread; absent in benchmarks that load files.
#[derive(Resource)]
pub struct IngestLink(pub Ingest);

impl IngestLink {
    /// Wants these tiles, and no others any more.
    pub fn want_tiles(&self, wanted: &[(TileSetId, TileId)]) {
        self.0.want_tiles(wanted.iter().map(|&(set, tile)| TileRequest { set, tile }).collect());
    }
}

/// Order of the main schedule: data first, then what is derived from them,
/// then what is drawn.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WallSystems {
    /// Clock and updates from sources.
    Receive,
    /// Actions of panels and keys.
    Act,
    /// Figures computed from events.
    Derive,
    /// View and picking.
    Map,
    /// From model to GPU-ready data.
    Layers,
}

/// Adds the model.
pub struct ModelPlugin {
    /// The configuration to start with.
    pub config: Arc<Config>,
    /// The clock to start with.
    pub clock: Clock,
}

impl Plugin for ModelPlugin {
    fn build(&self, app: &mut App) {
        use WallSystems::{Act, Derive, Layers, Map, Receive};
        let order = per_source::order_of(&self.config);
        let (mut areas, mut points) = (Areas::default(), Points::default());
        areas.set_order(&order);
        points.set_order(&order);
        app.insert_resource(WallConfig(Arc::clone(&self.config)))
            .insert_resource(WallClock(self.clock))
            .insert_resource(Sources::of(&self.config))
            .insert_resource(Visible::of(&self.config))
            .init_resource::<Waker>()
            .insert_resource(areas)
            .insert_resource(Events::of(&self.config))
            .insert_resource(points)
            .init_resource::<Pictures>()
            .init_resource::<Tiles>()
            .init_resource::<Overview>()
            .init_resource::<AreaValues>()
            .init_resource::<Warnings>()
            .init_resource::<Alerts>()
            .init_resource::<Patrols>()
            .insert_resource(Focus::of(&self.config))
            .init_resource::<Selection>()
            .init_resource::<Overlays>()
            .init_resource::<Finder>()
            .init_resource::<Screen>()
            .init_resource::<Presentation>()
            .add_message::<Action>()
            .configure_sets(Update, (Receive, Act, Derive, Map, Layers).chain())
            .add_systems(
                Update,
                (
                    (tick_clock, receive, areas::poll_build, areas::frame_points, events::replace_places)
                        .chain()
                        .in_set(Receive),
                    (actions::apply, screen::apply, presentation::apply, actions::look_up, alerts::act)
                        .chain()
                        .in_set(Act),
                    (
                        overview::recompute,
                        area_values::recompute,
                        warnings::recompute,
                        patrols::recompute,
                        alerts::judge,
                        find::look,
                    )
                        .chain()
                        .in_set(Derive),
                ),
            );
    }
}

/// Tells the clock the time, once a frame.
fn tick_clock(mut clock: ResMut<WallClock>, started: Local<Started>) {
    let steady_ms = i64::try_from(started.0.elapsed().as_millis()).unwrap_or(i64::MAX);
    clock.bypass_change_detection().0.tick(Instant1970::system_now(), steady_ms);
}

/// When the first frame was.
struct Started(Instant);

impl Default for Started {
    fn default() -> Self {
        Self(Instant::now())
    }
}

/// How long one frame may spend on taking in updates. What is left of a batch
/// of events waits where it is, the rest in the bounded channel, and behind it
/// the sources wait.
const RECEIVE_BUDGET: Duration = Duration::from_millis(4);

/// Share of a frame's time that it may take where a history waits: slow frames
/// are few, and the more must come with each.
const HISTORY_SHARE: f64 = 0.5;

/// But no more than this: the frame after a long rest is no slow one.
const HISTORY_BUDGET: Duration = Duration::from_millis(100);

/// So many events are a history, and no news.
const HISTORY_EVENTS: usize = 4_000;

/// Everything that sources write to.
#[derive(bevy::ecs::system::SystemParam)]
struct Stores<'w> {
    sources: ResMut<'w, Sources>,
    areas: ResMut<'w, Areas>,
    events: ResMut<'w, Events>,
    points: ResMut<'w, Points>,
    pictures: ResMut<'w, Pictures>,
    tiles: ResMut<'w, Tiles>,
}

/// Takes updates from the channel until it is empty or the budget is spent.
fn receive(
    mut link: Option<ResMut<IngestLink>>,
    mut stores: Stores,
    clock: Res<WallClock>,
    waker: Res<Waker>,
    real: Res<Time<Real>>,
) {
    let started = Instant::now();
    let elapsed_secs = real.elapsed_secs();
    let share = real.delta().mul_f64(HISTORY_SHARE).min(HISTORY_BUDGET);
    let mut is_all = stores.events.store.is_within_capacity() || stores.events.shrink();
    loop {
        // One batch after the other, or a late one would be overtaken.
        if stores.events.waiting() > 0 {
            let Stores { areas, events, .. } = &mut stores;
            events.merge_some(areas, clock.system(), elapsed_secs);
        } else if let Some(update) = link.as_mut().and_then(|link| link.0.try_recv()) {
            take(update, &mut stores);
        } else {
            break;
        }
        let is_history = stores.events.waiting() > HISTORY_EVENTS;
        if started.elapsed() > if is_history { share.max(RECEIVE_BUDGET) } else { RECEIVE_BUDGET } {
            is_all = false;
            break;
        }
    }
    if !is_all {
        (waker.0)();
    }
}

fn take(update: SourceUpdate, stores: &mut Stores) {
    match update {
        SourceUpdate::Health { source, mut health } => {
            // A task that broke down takes with it when data came last; they are
            // still shown, and still as old.
            if health.last_ok.is_none()
                && let Some(entry) = stores.sources.get(source)
            {
                let known = &entry.health;
                (health.last_ok, health.records) = (known.last_ok, known.records);
                (health.bytes, health.took_ms) = (known.bytes, known.took_ms);
            }
            stores.sources.set_health(source, health);
        }
        SourceUpdate::Picture { source, camera, picture } => stores.pictures.set(source, camera, picture),
        SourceUpdate::TileSet { set, info } => stores.tiles.open_set(set, info),
        SourceUpdate::Tile { set, tile, content } => stores.tiles.insert(set, tile, content),
        SourceUpdate::Records { source, records, findings } => {
            stores.sources.add_findings(source, findings);
            match records {
                Records::Areas(areas) => stores.areas.replace(source, areas),
                Records::Events(events) => stores.events.accept(events),
                Records::Cameras(cameras) => stores.points.set_cameras(source, cameras),
                Records::Devices(devices) => stores.points.set_devices(source, devices),
                Records::Tracks(tracks) => stores.points.set_tracks(source, tracks),
                Records::Figures(figures) => stores.points.set_figures(source, figures),
                Records::Context(context) => stores.points.set_context(source, context),
                Records::CameraChanges(changes) => {
                    stores.sources.note_refused(source, stores.points.merge_cameras(source, changes));
                }
                Records::DeviceChanges(changes) => {
                    stores.sources.note_refused(source, stores.points.merge_devices(source, changes));
                }
                Records::TrackChanges(changes) => {
                    stores.sources.note_refused(source, stores.points.merge_tracks(source, changes));
                }
                Records::FigureChanges(changes) => {
                    stores.sources.note_refused(source, stores.points.merge_figures(source, changes));
                }
            }
        }
    }
}

/// Forgets what sources delivered that are to be forgotten, and takes over the
/// order of those of `config`. Events stay.
pub fn keep_sources(world: &mut World, config: &Config, fate: impl Fn(SourceId) -> Fate) {
    let keep = |source: SourceId| fate(source) != Fate::Forgotten;
    let order = per_source::order_of(config);
    let mut areas = world.resource_mut::<Areas>();
    areas.retain(keep);
    areas.set_order(&order);
    let mut points = world.resource_mut::<Points>();
    points.retain(keep);
    points.set_order(&order);
    // Another system may have a camera of the same id, and pictures are fetched
    // again as soon as it is known.
    world.resource_mut::<Pictures>().retain(|source| fate(source) == Fate::GoesOn);
}

/// Forgets all events: nobody tells of them any more.
pub fn forget_events(world: &mut World, config: &Config) {
    world.resource_mut::<Events>().forget(config.events.keep);
}

/// Forgets all tiles: their sets are others now, or are opened anew.
pub fn forget_tiles(world: &mut World) {
    world.resource_mut::<Tiles>().clear();
}

/// Carries out the actions that were sent: for tests of who sends them.
#[cfg(test)]
pub(crate) use actions::apply as act_for_test;
#[cfg(test)]
pub(crate) use presentation::apply as act_on_briefing_for_test;

/// Puts areas into the model without a source: what benchmarks and tests do.
pub fn load_directly(world: &mut World, areas: Vec<crate::domain::area::Area>) {
    world.resource_mut::<Areas>().replace(SourceId::of(""), areas);
}

/// Hands events to the model as a message of a source does: they are taken in
/// piece by piece, from the next frame on. What benchmarks do.
pub fn deliver_events(world: &mut World, events: Vec<crate::domain::event::Event>) {
    world.resource_mut::<Events>().accept(events);
}

/// Puts events into the model without a source; see [`load_directly`].
pub fn load_directly_events(world: &mut World, events: Vec<crate::domain::event::Event>) {
    world.resource_scope(|world, mut store: Mut<Events>| {
        let system = world.resource::<WallClock>().system();
        store.apply(events, world.resource::<Areas>(), system, -1.0);
    });
}
