//! Where the map looked before a briefing, kept and put back.
//!
//! In: whether somebody presents, the view. Out: the view as a hand had left it.
//! A view that shows the whole focus needs none of this: it follows the focus,
//! which the model puts back.

use bevy::prelude::*;

use crate::map::{Camera, MapView};
use crate::model::{Presentation, Waker};

/// Frames in which the view is put back: the panels that come back with the scene
/// are placed in the first, and fit the view anew in the second.
const FRAMES: u32 = 3;

/// See the module.
#[derive(Resource, Default, Debug)]
pub struct KeptView {
    was_on: bool,
    camera: Option<Camera>,
    frames_left: u32,
}

/// Keeps where the view looks when a briefing begins, before it flies anywhere.
pub(super) fn keep(mut kept: ResMut<KeptView>, view: Res<MapView>, presentation: Res<Presentation>) {
    let is_on = presentation.is_on();
    if is_on == kept.was_on {
        return;
    }
    kept.was_on = is_on;
    if is_on {
        kept.camera = (!view.is_home()).then_some(view.camera);
        kept.frames_left = 0;
    } else if kept.camera.is_some() {
        kept.frames_left = FRAMES;
    }
}

/// Puts the view back after the map has followed the focus.
pub(super) fn put_back(
    mut kept: ResMut<KeptView>,
    mut view: ResMut<MapView>,
    waker: Res<Waker>,
    real: Res<Time<Real>>,
) {
    if kept.frames_left == 0 {
        return;
    }
    kept.frames_left -= 1;
    if let Some(camera) = kept.camera {
        view.fly(camera, real.elapsed_secs_f64(), 0.0);
    }
    // The next of these frames must not wait for the clock.
    (waker.0)();
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Instant;

    use bevy::ecs::system::RunSystemOnce;

    use super::*;
    use crate::config::Config;
    use crate::domain::geometry::Bounds;
    use crate::map::ScreenRect;
    use crate::model::{
        Action, Focus, Presenting, Selection, Visible, WallClock, WallConfig, act_on_briefing_for_test,
    };

    const TEXT: &str = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n\
                        [[scenes]]\nname = \"一\"\n[[briefings]]\nname = \"晨会\"\n[[briefings.steps]]\nscene = \"一\"\n";

    fn world() -> World {
        let mut world = World::new();
        let config = Arc::new(Config::parse(TEXT, Path::new("t.toml")).expect("valid"));
        world.insert_resource(Visible::of(&config));
        world.insert_resource(WallConfig(config));
        world.init_resource::<Focus>();
        world.init_resource::<Selection>();
        world.init_resource::<WallClock>();
        world.init_resource::<Presentation>();
        world.init_resource::<KeptView>();
        world.init_resource::<Waker>();
        world.init_resource::<Messages<Action>>();
        world.insert_resource(Time::<Real>::new(Instant::now()));
        let mut view = MapView::default();
        let free = ScreenRect { min: [0.0; 2], max: [1_000.0, 800.0] };
        view.set_layout([1_000.0, 800.0], 1.0, free);
        let home = fit(&mut view);
        view.fly(home, 0.0, 0.0);
        world.insert_resource(view);
        world
    }

    fn fit(view: &mut MapView) -> Camera {
        view.fit(&Bounds { min: [0.0; 2], max: [5_000.0, 4_000.0] })
    }

    /// A frame after this wish; the map flies home in it, as it does for another
    /// focus or another layout.
    fn frame(world: &mut World, wish: Option<Presenting>) {
        world.resource_mut::<Messages<Action>>().clear();
        if let Some(wish) = wish {
            world.write_message(Action::Present(wish));
        }
        world.run_system_once(act_on_briefing_for_test).expect("runs");
        world.run_system_once(keep).expect("runs");
        let mut view = world.resource_mut::<MapView>();
        let home = fit(&mut view);
        view.fly(home, 0.0, 0.0);
        world.run_system_once(put_back).expect("runs");
    }

    #[test]
    fn a_view_that_a_hand_had_moved_is_there_again() {
        let mut world = world();
        world.resource_mut::<MapView>().pan_px([120.0, -30.0]);
        let before = world.resource::<MapView>().camera;
        frame(&mut world, Some(Presenting::Toggle));
        assert_ne!(world.resource::<MapView>().camera, before);
        frame(&mut world, None);
        for _ in 0..2 {
            frame(&mut world, Some(Presenting::Leave));
            assert_eq!(world.resource::<MapView>().camera, before, "also when the panels are back");
        }
    }

    #[test]
    fn a_view_at_home_follows_its_focus() {
        let mut world = world();
        frame(&mut world, Some(Presenting::Toggle));
        frame(&mut world, Some(Presenting::Leave));
        assert!(world.resource::<MapView>().is_home());
        assert_eq!(world.resource::<KeptView>().frames_left, 0);
    }
}
