//! Map tiles: which of them the view needs, and how those at hand are drawn.
//!
//! In: the tile sets of the configuration, what came of them ([`Tiles`]), the
//! view. Out: requests to ingest, and [`TileDraw`]s in `MapScene`.
//!
//! How it works: a tile is turned into a mesh in local metres on a task, once.
//! What is shown is the cover of what is wanted by what is ready
//! (`domain::tiles::cover`): while a level loads, the one before stays, so the
//! map never blinks. While the view flies nothing is asked for.

mod mesh;
mod tone;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use super::WallTheme;
use super::gpu::scene::TileDraw;
use super::gpu::{ContextMesh, MapScene, RasterTile};
use crate::config::{Layer, TileSet};
use crate::domain::crs::Projection;
use crate::domain::geometry::Bounds;
use crate::domain::tiles::{self, TileContent, TileGrid, TileId, TileSetId, TileSetInfo};
use crate::map::MapView;
use crate::model::{Areas, IngestLink, Tiles, Visible, Waker, WallConfig};

/// Tiles that are not at hand may be there again after a while; so often it is
/// looked which.
const LOOK_EVERY_SECS: f32 = 5.0;

/// What was built from the tiles.
#[derive(Resource, Default)]
pub struct TileLayer {
    meshes: BTreeMap<(TileSetId, TileId), Mesh>,
    projection: Option<Projection>,
    /// Which opening of each set the meshes belong to.
    opened: BTreeMap<TileSetId, u64>,
    /// What ingest was asked for, and of which wiring.
    asked: Option<(Vec<(TileSetId, TileId)>, u64)>,
    /// Sets of which something in view is still to come.
    incomplete: BTreeSet<TileSetId>,
    seen: Option<Seen>,
}

/// What the drawn tiles depend on, but for tasks under way.
#[derive(Clone, PartialEq)]
struct Seen {
    view: (Bounds, f64, f32),
    tiles: u64,
    areas: u64,
    is_shown: bool,
    is_moving: bool,
    config: usize,
    period: u32,
}

/// One tile in local metres.
enum Mesh {
    Building(Task<Built>),
    Ready(Built),
}

/// What drawing a tile takes.
#[derive(Clone)]
enum Built {
    Picture(Arc<RasterTile>),
    Shapes(Arc<ContextMesh>),
}

impl TileLayer {
    /// Sets of which something in view is still to come.
    pub fn incomplete(&self) -> impl Iterator<Item = TileSetId> + '_ {
        self.incomplete.iter().copied()
    }

    /// Whether a mesh is under way.
    pub fn is_building(&self) -> bool {
        self.meshes.values().any(|mesh| matches!(mesh, Mesh::Building(_)))
    }

    /// Takes over finished meshes; tells whether there were any.
    fn poll(&mut self) -> bool {
        let mut is_news = false;
        for mesh in self.meshes.values_mut() {
            if let Mesh::Building(task) = mesh
                && let Some(built) = block_on(poll_once(task))
            {
                *mesh = Mesh::Ready(built);
                is_news = true;
            }
        }
        is_news
    }

    /// Starts to build a mesh unless there is one, or one under way.
    fn build(&mut self, set: TileSetId, tile: TileId, grid: TileGrid, store: &Tiles, waker: &Waker) {
        let Some(projection) = self.projection.filter(|_| !self.meshes.contains_key(&(set, tile))) else { return };
        let Some(content) = store.get(set, tile).cloned() else { return };
        if matches!(content, TileContent::Absent | TileContent::Faulty) {
            return;
        }
        let waker = waker.clone();
        let task = AsyncComputeTaskPool::get().spawn(async move {
            let built = match content {
                TileContent::Raster(picture) => {
                    Built::Picture(Arc::new(mesh::raster(picture, tile, &grid, &projection)))
                }
                TileContent::Shapes(shapes) => Built::Shapes(Arc::new(mesh::shapes(&shapes, &projection))),
                TileContent::Absent | TileContent::Faulty => Built::Shapes(Arc::default()),
            };
            (waker.0)();
            built
        });
        self.meshes.insert((set, tile), Mesh::Building(task));
    }

    fn is_drawable(&self, set: TileSetId, tile: TileId, store: &Tiles) -> bool {
        matches!(store.get(set, tile), Some(TileContent::Absent))
            || matches!(self.meshes.get(&(set, tile)), Some(Mesh::Ready(_)))
    }
}

/// What [`sync`] reads.
#[derive(bevy::ecs::system::SystemParam)]
pub(super) struct Inputs<'w> {
    config: Res<'w, WallConfig>,
    areas: Res<'w, Areas>,
    view: Res<'w, MapView>,
    visible: Res<'w, Visible>,
    theme: Res<'w, WallTheme>,
    waker: Res<'w, Waker>,
    real: Res<'w, Time<Real>>,
    link: Option<Res<'w, IngestLink>>,
}

/// Asks for what is missing and draws what is there.
pub(super) fn sync(
    mut layer: ResMut<TileLayer>,
    mut store: ResMut<Tiles>,
    mut scene: ResMut<MapScene>,
    inputs: Inputs,
) {
    let (config, view) = (&inputs.config.0, &*inputs.view);
    if config.tiles.is_empty() && scene.tiles.is_empty() {
        return;
    }
    let is_news = layer.poll();
    let is_shown =
        inputs.visible.has(Layer::Context) && inputs.areas.revision > 0 && view.has_room() && !config.tiles.is_empty();
    let seen = Seen {
        view: (view.visible_bounds(), view.camera.px_per_m, view.unit_px),
        tiles: store.revision,
        areas: inputs.areas.revision,
        is_shown,
        is_moving: view.is_moving(),
        config: Arc::as_ptr(config) as usize,
        period: (inputs.real.elapsed_secs() / LOOK_EVERY_SECS) as u32,
    };
    scene.tile_looks = tone::looks(&config.tiles, &inputs.theme.0);
    if !is_news && layer.seen.as_ref() == Some(&seen) {
        return;
    }
    layer.seen = Some(seen);
    if layer.projection != Some(inputs.areas.projection) {
        layer.projection = Some(inputs.areas.projection);
        layer.meshes.clear();
    }
    let (mut plan, mut draws) = (Plan::default(), Vec::new());
    layer.incomplete.clear();
    if is_shown {
        for (id, set) in config.tiles.iter().enumerate() {
            draw_set(&mut layer, &store, id as TileSetId, set, &inputs, &mut plan, &mut draws);
        }
    }
    layer.meshes.retain(|key, _| plan.kept.contains(key));
    store.look_at(&plan.kept);
    scene.tiles = draws;
    let is_asked = layer.asked.as_ref().is_some_and(|(asked, epoch)| *asked == plan.missing && *epoch == store.epoch);
    let is_in_flight = is_shown && view.is_moving();
    if let Some(link) = inputs.link.as_ref().filter(|_| !is_asked && !is_in_flight) {
        link.want_tiles(&plan.missing);
        layer.asked = Some((plan.missing, store.epoch));
    }
}

/// What one look at the view found over all sets.
#[derive(Default)]
struct Plan {
    /// Tiles to ask for, nearest to the middle first, set after set.
    missing: Vec<(TileSetId, TileId)>,
    /// Tiles whose contents and meshes are needed.
    kept: BTreeSet<(TileSetId, TileId)>,
}

/// Adds what one set shows, and what it lacks.
fn draw_set(
    layer: &mut TileLayer,
    store: &Tiles,
    id: TileSetId,
    set: &TileSet,
    inputs: &Inputs,
    plan: &mut Plan,
    draws: &mut Vec<TileDraw>,
) {
    if layer.opened.insert(id, store.opened(id)) != Some(store.opened(id)) {
        layer.meshes.retain(|(of, _), _| *of != id);
    }
    let Some(info) = store.info(id) else {
        layer.incomplete.insert(id);
        return;
    };
    let view = &*inputs.view;
    let wanted = wanted(&set.grid, info, &inputs.areas.projection, view);
    plan.missing.extend(wanted.iter().filter(|tile| store.is_missing(id, **tile)).map(|tile| (id, *tile)));
    let at_hand = store.ready(id);
    let stand_ins = tiles::cover(&wanted, &at_hand);
    for &tile in wanted.iter().chain(&stand_ins) {
        layer.build(id, tile, set.grid, store, &inputs.waker);
        plan.kept.insert((id, tile));
    }
    let drawable = at_hand.into_iter().filter(|tile| layer.is_drawable(id, *tile, store)).collect();
    let is_complete = |tile: &TileId| layer.is_drawable(id, *tile, store) || !is_awaited(store, id, *tile);
    if !wanted.iter().all(is_complete) {
        layer.incomplete.insert(id);
    }
    let building_px = building_px(view);
    for tile in tiles::cover(&wanted, &drawable) {
        plan.kept.insert((id, tile));
        draws.extend(match layer.meshes.get(&(id, tile)) {
            Some(Mesh::Ready(Built::Picture(tile))) => Some(TileDraw::Picture { tile: Arc::clone(tile), set: id }),
            Some(Mesh::Ready(Built::Shapes(mesh))) => {
                let (polygons, lines) = mesh.draws(building_px);
                Some(TileDraw::Shapes { mesh: Arc::clone(mesh), set: id, polygons, lines })
            }
            _ => None,
        });
    }
}

/// Whether a tile may still come by itself.
fn is_awaited(store: &Tiles, set: TileSetId, tile: TileId) -> bool {
    !matches!(store.get(set, tile), Some(TileContent::Faulty))
}

/// The tiles that the view needs. Vector tiles are as detailed at 3 m from the
/// wall as at a desk, so they grow with the design; pictures are sharpest pixel
/// by pixel.
fn wanted(grid: &TileGrid, info: TileSetInfo, projection: &Projection, view: &MapView) -> Vec<TileId> {
    const VECTOR_PX: u16 = 512;
    let unit = if info.tile_px >= VECTOR_PX { f64::from(view.unit_px).max(1.0) } else { 1.0 };
    tiles::wanted(grid, &info, projection, &view.visible_bounds(), view.camera.px_per_m / unit)
}

/// Design units across which a building of 20 m is shown: what decides how much
/// of the context is worth drawing.
fn building_px(view: &MapView) -> f32 {
    20.0 * view.camera.px_per_m as f32 / view.unit_px.max(0.01)
}
