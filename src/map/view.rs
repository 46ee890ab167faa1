//! View state: which local metres are on which pixels, and flights.

use bevy::prelude::*;

use crate::domain::geometry::Bounds;

/// A rectangle in physical pixels from the top left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScreenRect {
    /// Left and top.
    pub min: [f32; 2],
    /// Right and bottom.
    pub max: [f32; 2],
}

impl ScreenRect {
    /// Width and height.
    pub fn size(&self) -> [f32; 2] {
        [self.max[0] - self.min[0], self.max[1] - self.min[1]]
    }

    /// The middle.
    pub fn center(&self) -> [f32; 2] {
        [(self.min[0] + self.max[0]) / 2.0, (self.min[1] + self.max[1]) / 2.0]
    }

    /// Whether a point lies inside.
    pub fn contains(&self, at: [f32; 2]) -> bool {
        (0..2).all(|i| at[i] >= self.min[i] && at[i] <= self.max[i])
    }
}

/// Where a view looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Local metres in the middle of the free part of the screen.
    pub center: [f64; 2],
    /// Physical pixels per local metre.
    pub px_per_m: f64,
}

impl Default for Camera {
    fn default() -> Self {
        Self { center: [0.0; 2], px_per_m: 0.05 }
    }
}

#[derive(Clone, Copy, Debug)]
struct Flight {
    from: Camera,
    to: Camera,
    start_secs: f64,
    secs: f64,
}

/// What part of the world the map shows.
#[derive(Resource, Default, Debug)]
pub struct MapView {
    /// Where it looks now.
    pub camera: Camera,
    /// Size of the whole screen, physical pixels.
    pub screen_px: [f32; 2],
    /// The part that panels leave free.
    pub free: ScreenRect,
    /// Parts of it that legends stand on: no name goes there.
    pub keep_clear: Vec<ScreenRect>,
    /// Physical pixels per design unit.
    pub unit_px: f32,
    /// Grows when the screen or the free part changes.
    pub layout_revision: u64,
    flight: Option<Flight>,
    home_px_per_m: f64,
}

impl MapView {
    /// Tells the screen and its free part; nothing happens when they are the same.
    pub fn set_layout(&mut self, screen_px: [f32; 2], unit_px: f32, free: ScreenRect) {
        if self.screen_px != screen_px || self.free != free || self.unit_px != unit_px {
            self.screen_px = screen_px;
            self.free = free;
            self.unit_px = unit_px;
            self.layout_revision += 1;
        }
    }

    /// Whether there is a screen to draw on.
    pub fn has_room(&self) -> bool {
        self.free.size().iter().all(|&side| side > 1.0)
    }

    /// Whether a flight is under way.
    pub fn is_moving(&self) -> bool {
        self.flight.is_some()
    }

    /// The camera that shows `bounds` in the free part with some air around.
    pub fn fit(&mut self, bounds: &Bounds) -> Camera {
        let [width, height] = bounds.size();
        let [room_x, room_y] = self.free.size().map(f64::from);
        let air = 0.94;
        let px_per_m = (room_x * air / width.max(1.0)).min(room_y * air / height.max(1.0));
        self.home_px_per_m = px_per_m;
        Camera { center: bounds.center(), px_per_m }
    }

    /// Moves to `to` within `secs`; at once when that is 0.
    pub fn fly(&mut self, to: Camera, now_secs: f64, secs: f64) {
        if secs <= 0.0 {
            self.camera = to;
            self.flight = None;
        } else {
            self.flight = Some(Flight { from: self.camera, to, start_secs: now_secs, secs });
        }
    }

    /// Ends a flight where it is: a hand took over.
    pub fn stop(&mut self) {
        self.flight = None;
    }

    /// Moves the ground by this many pixels.
    pub fn pan_px(&mut self, by: [f32; 2]) {
        self.stop();
        self.camera.center[0] -= f64::from(by[0]) / self.camera.px_per_m;
        self.camera.center[1] += f64::from(by[1]) / self.camera.px_per_m;
    }

    /// Zooms by `factor` while the ground under `at_px` stays where it is.
    pub fn zoom_at(&mut self, at_px: [f32; 2], factor: f64) {
        self.stop();
        let before = self.local_from_screen(at_px);
        // From a country on the wall to a few metres across it.
        self.camera.px_per_m = (self.camera.px_per_m * factor).clamp(1e-4, 40.0);
        let after = self.local_from_screen(at_px);
        for axis in 0..2 {
            self.camera.center[axis] += before[axis] - after[axis];
        }
    }

    /// Local metres under a pixel.
    pub fn local_from_screen(&self, at_px: [f32; 2]) -> [f64; 2] {
        let middle = self.free.center();
        [
            self.camera.center[0] + f64::from(at_px[0] - middle[0]) / self.camera.px_per_m,
            self.camera.center[1] - f64::from(at_px[1] - middle[1]) / self.camera.px_per_m,
        ]
    }

    /// The pixel of a local place.
    pub fn screen_from_local(&self, local: [f64; 2]) -> [f32; 2] {
        let middle = self.free.center();
        [
            middle[0] + ((local[0] - self.camera.center[0]) * self.camera.px_per_m) as f32,
            middle[1] - ((local[1] - self.camera.center[1]) * self.camera.px_per_m) as f32,
        ]
    }

    /// Shift of the map's middle from the screen's, pixels, y up.
    pub fn offset_px(&self) -> [f32; 2] {
        let middle = self.free.center();
        [middle[0] - self.screen_px[0] / 2.0, self.screen_px[1] / 2.0 - middle[1]]
    }

    /// The local metres on the whole screen.
    pub fn visible_bounds(&self) -> Bounds {
        let mut bounds = Bounds::EMPTY;
        bounds.grow(self.local_from_screen([0.0, 0.0]));
        bounds.grow(self.local_from_screen(self.screen_px));
        bounds
    }

    /// How far the view is zoomed in beyond the last fit: 1 = fitted.
    pub fn zoom_ratio(&self) -> f64 {
        if self.home_px_per_m > 0.0 { self.camera.px_per_m / self.home_px_per_m } else { 1.0 }
    }

    fn advance(&mut self, now_secs: f64) {
        let Some(flight) = self.flight else { return };
        let t = ((now_secs - flight.start_secs) / flight.secs).clamp(0.0, 1.0);
        self.camera = between(&flight.from, &flight.to, smootherstep(t));
        if t >= 1.0 {
            self.camera = flight.to;
            self.flight = None;
        }
    }
}

/// Zoom changes evenly in its logarithm; the middle follows so that the
/// target, not the way, fills the end of the flight.
fn between(from: &Camera, to: &Camera, t: f64) -> Camera {
    let px_per_m = (from.px_per_m.ln() + (to.px_per_m.ln() - from.px_per_m.ln()) * t).exp();
    let ratio = to.px_per_m / from.px_per_m;
    // Share of the way covered when the ground moves in proportion to the
    // metres on screen: ∫ r^-t dt.
    let share = if (ratio - 1.0).abs() < 1e-6 { t } else { (1.0 - ratio.powf(-t)) / (1.0 - 1.0 / ratio) };
    let center = [0, 1].map(|i| from.center[i] + (to.center[i] - from.center[i]) * share);
    Camera { center, px_per_m }
}

/// Ken Perlin's: no jerk at either end.
fn smootherstep(t: f64) -> f64 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

/// Moves a flight on, once a frame.
pub(super) fn advance(mut view: ResMut<MapView>, real: Res<Time<Real>>) {
    if view.is_moving() {
        view.advance(real.elapsed_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> MapView {
        let mut view = MapView::default();
        view.set_layout([1920.0, 1080.0], 1.0, ScreenRect { min: [460.0, 90.0], max: [1460.0, 1060.0] });
        view
    }

    #[test]
    fn screen_and_local_are_inverse() {
        let mut view = view();
        view.camera = Camera { center: [120.0, -40.0], px_per_m: 0.7 };
        for at in [[0.0, 0.0], [960.0, 540.0], [1919.0, 3.0]] {
            let back = view.screen_from_local(view.local_from_screen(at));
            assert!((back[0] - at[0]).abs() < 1e-2 && (back[1] - at[1]).abs() < 1e-2, "{at:?} {back:?}");
        }
    }

    #[test]
    fn a_fit_centres_in_the_free_part() {
        let mut view = view();
        let bounds = Bounds { min: [0.0, 0.0], max: [1000.0, 100.0] };
        let target = view.fit(&bounds);
        view.fly(target, 0.0, 0.0);
        assert_eq!(view.screen_from_local([500.0, 50.0]), [960.0, 575.0]);
        assert!((view.camera.px_per_m - 0.94).abs() < 1e-9);
    }

    #[test]
    fn zooming_keeps_the_ground_under_the_hand() {
        let mut view = view();
        let at = [700.0, 300.0];
        let before = view.local_from_screen(at);
        view.zoom_at(at, 3.0);
        let after = view.local_from_screen(at);
        assert!((before[0] - after[0]).abs() < 1e-6 && (before[1] - after[1]).abs() < 1e-6);
    }

    #[test]
    fn a_flight_starts_and_ends_where_it_should_and_yields_to_a_hand() {
        let mut view = view();
        let from = view.camera;
        let to = Camera { center: [5_000.0, 100.0], px_per_m: 2.0 };
        view.fly(to, 10.0, 1.0);
        view.advance(10.0);
        assert!((view.camera.px_per_m - from.px_per_m).abs() < 1e-9);
        view.advance(10.5);
        assert!(view.is_moving());
        view.pan_px([10.0, 0.0]);
        assert!(!view.is_moving());
        view.fly(to, 11.0, 1.0);
        view.advance(12.5);
        assert_eq!(view.camera, to);
    }
}
