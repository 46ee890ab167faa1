//! What part of the world the map shows: view state, navigation, picking.
//!
//! In: the model, input, and the part of the screen that panels leave free.
//! Out: [`MapView`], which layers and labels draw by.

pub mod marks;
mod navigation;
pub mod relief;
mod view;

use bevy::prelude::*;

use crate::domain::area::{AreaIndex, Level};
use crate::domain::geometry::Bounds;
use crate::model::{Areas, Focus, Visible, WallSystems};

pub use marks::Marks;
pub use navigation::Hands;
pub use relief::Relief;
pub use view::{Camera, MapView, ScreenRect};

/// Moves a flight on: for tests of who begins one.
#[cfg(test)]
pub(crate) use view::advance as advance_for_test;

/// What is under the hand.
#[derive(Resource, Default, Debug, Clone, PartialEq)]
pub struct Hover {
    /// The area, at the level shown.
    pub area: Option<AreaIndex>,
    /// The mark on top of it: an index into [`Marks::placed`].
    pub mark: Option<usize>,
    /// Where the hand is, physical pixels from the top left.
    pub at_px: [f32; 2],
}

/// Set by the panels: whether the hand is over one of them.
#[derive(Resource, Default, Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandOverPanel(pub bool);

/// Adds the map's view, navigation and picking.
pub struct MapPlugin;

impl Plugin for MapPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<MapView>()
            .init_resource::<Hover>()
            .init_resource::<Relief>()
            .init_resource::<Marks>()
            .init_resource::<HandOverPanel>()
            .init_resource::<Hands>()
            .add_systems(
                Update,
                (
                    follow_tilt,
                    relief::sync,
                    follow_focus,
                    marks::sync,
                    navigation::mouse,
                    navigation::touch,
                    navigation::keyboard,
                    view::advance,
                )
                    .chain()
                    .in_set(WallSystems::Map),
            );
    }
}

/// A change of the tilt takes this long.
const TILT_SECS: f64 = 0.6;

/// Tilts as the model asks for it. A view that shows the whole focus still does
/// so afterwards; one that a hand has moved keeps its middle and its scale.
fn follow_tilt(
    mut view: ResMut<MapView>,
    visible: Res<Visible>,
    focus: Res<Focus>,
    areas: Res<Areas>,
    real: Res<Time<Real>>,
) {
    if view.wanted_tilt_deg() == visible.tilt_deg {
        return;
    }
    let (now, is_home) = (real.elapsed_secs_f64(), view.is_home());
    let is_empty = areas.bounds.is_empty() || !view.has_room();
    view.tilt_to(visible.tilt_deg, now, if is_empty { 0.0 } else { TILT_SECS });
    if is_home && !is_empty {
        let target = view.fit(&focus_bounds(&areas, &focus));
        view.fly(target, now, TILT_SECS);
    }
}

/// Flies to the area in focus when the focus, the areas or the free part of
/// the screen changed.
fn follow_focus(
    mut view: ResMut<MapView>,
    focus: Res<Focus>,
    areas: Res<Areas>,
    real: Res<Time<Real>>,
    mut seen: Local<(u64, u64, u64)>,
) {
    let wanted = (focus.revision, areas.revision, view.layout_revision);
    if *seen == wanted || areas.bounds.is_empty() || !view.has_room() {
        return;
    }
    let is_new_ground = seen.1 != wanted.1 || seen.2 != wanted.2;
    *seen = wanted;
    let bounds = focus_bounds(&areas, &focus);
    let target = view.fit(&bounds);
    // New data or a new screen: be there at once. A new focus: fly.
    let secs = if is_new_ground { 0.0 } else { 1.1 };
    view.fly(target, real.elapsed_secs_f64(), secs);
}

/// Bounds in local metres of the area in focus, or of everything.
pub fn focus_bounds(areas: &Areas, focus: &Focus) -> Bounds {
    let Some(index) = focus.area(areas) else { return areas.bounds };
    let shape = &areas.tree.area(index).shape;
    let mut bounds = Bounds::EMPTY;
    for &point in &shape.points {
        bounds.grow(areas.projection.local_from_lonlat(point));
    }
    if bounds.is_empty() { areas.bounds } else { bounds }
}

/// The level whose areas are filled and picked: the children of the focus, or
/// `configured`, or the level below the top.
pub fn picked_level(areas: &Areas, focus: &Focus, configured: Option<Level>) -> Option<Level> {
    if let Some(index) = focus.area(areas) {
        let own = areas.tree.area(index).level;
        return Some(areas.tree.children(index).first().map_or(own, |&child| areas.tree.area(child).level));
    }
    let levels = areas.tree.levels();
    configured.filter(|level| levels.contains(level)).or_else(|| levels.get(1).or_else(|| levels.first()).copied())
}
