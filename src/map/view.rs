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

/// A change of the tilt under way.
#[derive(Clone, Copy, Debug)]
struct Turn {
    from_deg: f64,
    start_secs: f64,
    secs: f64,
}

/// How the view is tilted, and how far areas have risen.
#[derive(Clone, Copy, Debug, Default)]
struct Tilt {
    deg: f64,
    to_deg: f64,
    /// The tilt at which areas stand at their full height.
    full_deg: f64,
    turn: Option<Turn>,
    /// Share of their height that areas have, the tilt left aside.
    grown: f64,
    growing_since_secs: Option<f64>,
}

impl Tilt {
    fn cos(&self) -> f64 {
        if self.deg > 0.0 { self.deg.to_radians().cos() } else { 1.0 }
    }

    fn sin(&self) -> f64 {
        if self.deg > 0.0 { self.deg.to_radians().sin() } else { 0.0 }
    }

    fn progress(&self) -> f64 {
        if self.deg > 0.0 { (self.deg / self.full_deg.max(1.0)).min(1.0) } else { 0.0 }
    }

    fn advance(&mut self, now_secs: f64) {
        if let Some(turn) = self.turn {
            let t = share_of(now_secs - turn.start_secs, turn.secs);
            self.deg = turn.from_deg + (self.to_deg - turn.from_deg) * smootherstep(t);
            if t >= 1.0 {
                self.deg = self.to_deg;
                self.turn = None;
            }
        }
        if let Some(since) = self.growing_since_secs {
            let t = share_of(now_secs - since, GROWTH_SECS);
            self.grown = smootherstep(t);
            self.growing_since_secs = (t < 1.0).then_some(since);
        }
    }
}

/// From a country on the wall to a few metres across it.
const LEAST_PX_PER_M: f64 = 1e-4;
pub(super) const MOST_PX_PER_M: f64 = 40.0;

/// Design units per metre, least and most, at which the map shows a place that a
/// panel asked for: some streets around it.
const PLACE_U_PER_M: [f64; 2] = [0.5, 1.5];

/// Time of the flight there, seconds.
const PLACE_FLIGHT_SECS: f64 = 1.1;

/// Time in which areas rise once they can.
const GROWTH_SECS: f64 = 0.5;

/// What part of the world the map shows.
///
/// The projection is orthographic also where it is tilted: sizes stay
/// comparable over the whole map. With the tilt θ the local place (x, y) at the
/// height h stands at ((x − cx) · s, (y − cy) · s · cos θ + h · s · sin θ)
/// pixels from the middle, y up.
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
    /// Height of the tallest area in metres of its map, when all have risen.
    pub tallest_m: f64,
    /// Height of the tallest area as a share of the shown extent; see
    /// [`Self::fit`].
    pub height_share: f64,
    flight: Option<Flight>,
    home: Option<Camera>,
    tilt: Tilt,
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

    /// Whether a flight, a change of the tilt or a rise is under way.
    pub fn is_moving(&self) -> bool {
        self.flight.is_some() || self.tilt.turn.is_some() || self.tilt.growing_since_secs.is_some()
    }

    /// The camera that shows `bounds` in the free part with some air around,
    /// at the tilt that the view has or is on its way to.
    pub fn fit(&mut self, bounds: &Bounds) -> Camera {
        let home = self.camera_for(bounds);
        self.home = Some(home);
        home
    }

    /// As [`Self::fit`], for a look that is not the view's home.
    pub fn camera_for(&self, bounds: &Bounds) -> Camera {
        let [width, mut height] = bounds.size();
        let mut center = bounds.center();
        let [room_x, room_y] = self.free.size().map(f64::from);
        if self.tilt.to_deg > 0.0 {
            let (sin, cos) = self.tilt.to_deg.to_radians().sin_cos();
            // What rises needs room above; seldom is it the northern edge.
            let rise = 0.6 * self.height_share * width.max(height) * sin;
            center[1] += rise / (2.0 * cos);
            height = height * cos + rise;
        }
        let air = 0.94;
        let px_per_m = (room_x * air / width.max(1.0)).min(room_y * air / height.max(1.0));
        Camera { center, px_per_m }
    }

    /// Whether the view shows, or flies to, what the last [`Self::fit`] gave.
    pub fn is_home(&self) -> bool {
        self.home == Some(self.flight.map_or(self.camera, |flight| flight.to))
    }

    /// Tilts to `deg` within `secs`, from wherever a change under way has come
    /// to; at once when `secs` is 0.
    pub fn tilt_to(&mut self, deg: f64, now_secs: f64, secs: f64) {
        let tilt = &mut self.tilt;
        tilt.to_deg = deg;
        if deg > 0.0 {
            tilt.full_deg = deg;
        }
        if secs <= 0.0 {
            tilt.deg = deg;
            tilt.turn = None;
        } else {
            tilt.turn = Some(Turn { from_deg: tilt.deg, start_secs: now_secs, secs });
        }
    }

    /// The tilt that the view has or is on its way to, degrees.
    pub fn wanted_tilt_deg(&self) -> f64 {
        self.tilt.to_deg
    }

    /// Whether the view is tilted, or about to be.
    pub fn is_tilted(&self) -> bool {
        self.tilt.deg > 0.0 || self.tilt.to_deg > 0.0
    }

    /// Cosine and sine of the tilt as of now; exactly (1, 0) when flat.
    pub fn tilt_cos_sin(&self) -> [f64; 2] {
        [self.tilt.cos(), self.tilt.sin()]
    }

    /// Share of their full height that areas have now: 0 when flat.
    pub fn rise(&self) -> f64 {
        self.tilt.grown * self.tilt.progress()
    }

    /// How far the view is on its way from flat to its tilt, 0–1.
    pub fn tilt_progress(&self) -> f64 {
        self.tilt.progress()
    }

    /// Lays all areas flat until [`Self::grow`].
    pub fn flatten(&mut self) {
        self.tilt.grown = 0.0;
        self.tilt.growing_since_secs = None;
    }

    /// Lets areas rise out of the ground, from now on.
    pub fn grow(&mut self, now_secs: f64) {
        self.tilt.growing_since_secs = Some(now_secs);
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

    /// Flies to a place in local metres, near enough to see the streets around it.
    pub fn fly_near(&mut self, center: [f64; 2], now_secs: f64) {
        let u_per_m = self.camera.px_per_m / f64::from(self.unit_px);
        let px_per_m = u_per_m.clamp(PLACE_U_PER_M[0], PLACE_U_PER_M[1]) * f64::from(self.unit_px);
        self.fly(Camera { center, px_per_m }, now_secs, PLACE_FLIGHT_SECS);
    }

    /// Ends a flight where it is: a hand took over.
    pub fn stop(&mut self) {
        self.flight = None;
    }

    /// Moves the ground by this many pixels.
    pub fn pan_px(&mut self, by: [f32; 2]) {
        self.stop();
        self.camera.center[0] -= f64::from(by[0]) / self.camera.px_per_m;
        self.camera.center[1] += f64::from(by[1]) / (self.camera.px_per_m * self.tilt.cos());
    }

    /// Zooms by `factor` while what is under `at_px`, ground or roof, stays
    /// where it is: heights grow with the scale.
    pub fn zoom_at(&mut self, at_px: [f32; 2], factor: f64) {
        self.stop();
        let before = self.local_from_screen(at_px);
        self.camera.px_per_m = (self.camera.px_per_m * factor).clamp(LEAST_PX_PER_M, MOST_PX_PER_M);
        let after = self.local_from_screen(at_px);
        for axis in 0..2 {
            self.camera.center[axis] += before[axis] - after[axis];
        }
    }

    /// Local metres of the ground under a pixel.
    pub fn local_from_screen(&self, at_px: [f32; 2]) -> [f64; 2] {
        let middle = self.free.center();
        [
            self.camera.center[0] + f64::from(at_px[0] - middle[0]) / self.camera.px_per_m,
            self.camera.center[1] - f64::from(at_px[1] - middle[1]) / (self.camera.px_per_m * self.tilt.cos()),
        ]
    }

    /// The pixel of a local place on the ground.
    pub fn screen_from_local(&self, local: [f64; 2]) -> [f32; 2] {
        self.screen_from_local_at(local, 0.0)
    }

    /// The pixel of a local place `height_m` above the ground.
    pub fn screen_from_local_at(&self, local: [f64; 2], height_m: f64) -> [f32; 2] {
        let middle = self.free.center();
        let [cos, sin] = self.tilt_cos_sin();
        let (east, north) = (local[0] - self.camera.center[0], local[1] - self.camera.center[1]);
        [
            middle[0] + (east * self.camera.px_per_m) as f32,
            middle[1] - ((north * cos + height_m * sin) * self.camera.px_per_m) as f32,
        ]
    }

    /// Shift of the map's middle from the screen's, pixels, y up.
    pub fn offset_px(&self) -> [f32; 2] {
        let middle = self.free.center();
        [middle[0] - self.screen_px[0] / 2.0, self.screen_px[1] / 2.0 - middle[1]]
    }

    /// The local metres of the ground on the whole screen, and of the ground
    /// below it whose areas rise into view.
    pub fn visible_bounds(&self) -> Bounds {
        let mut bounds = Bounds::EMPTY;
        bounds.grow(self.local_from_screen([0.0, 0.0]));
        bounds.grow(self.local_from_screen(self.screen_px));
        let [cos, sin] = self.tilt_cos_sin();
        bounds.min[1] -= self.tallest_m * self.rise() * sin / cos;
        bounds
    }

    /// How far the view is zoomed in beyond the last fit: 1 = fitted.
    pub fn zoom_ratio(&self) -> f64 {
        self.home.map_or(1.0, |home| self.camera.px_per_m / home.px_per_m)
    }

    fn advance(&mut self, now_secs: f64) {
        self.tilt.advance(now_secs);
        let Some(flight) = self.flight else { return };
        let t = share_of(now_secs - flight.start_secs, flight.secs);
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

/// How much of `whole` has passed, 0–1.
fn share_of(passed: f64, whole: f64) -> f64 {
    (passed / whole).clamp(0.0, 1.0)
}

/// Ken Perlin's: no jerk at either end.
fn smootherstep(t: f64) -> f64 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

/// Moves a flight on, once a frame.
pub(crate) fn advance(mut view: ResMut<MapView>, real: Res<Time<Real>>) {
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
    fn screen_and_local_are_inverse_when_tilted() {
        let mut view = view();
        view.camera = Camera { center: [120.0, -40.0], px_per_m: 0.7 };
        view.tilt_to(50.0, 0.0, 0.0);
        for at in [[0.0, 0.0], [960.0, 540.0], [1919.0, 3.0]] {
            let back = view.screen_from_local(view.local_from_screen(at));
            assert!((back[0] - at[0]).abs() < 1e-2 && (back[1] - at[1]).abs() < 1e-2, "{at:?} {back:?}");
        }
        // The sight falls on (x, y) at the height h and on (x, y + h tan θ).
        let roof = view.screen_from_local_at([0.0, 0.0], 100.0);
        let ground = view.screen_from_local([0.0, 100.0 * 50.0_f64.to_radians().tan()]);
        assert!((roof[1] - ground[1]).abs() < 1e-3);
    }

    #[test]
    fn a_tilt_starts_and_ends_where_it_should_and_yields_to_the_next() {
        let mut view = view();
        view.tilt_to(45.0, 10.0, 0.6);
        view.grow(10.0);
        view.advance(10.3);
        let halfway = view.tilt_cos_sin();
        assert!(halfway[0] < 1.0 && view.is_moving());
        view.tilt_to(0.0, 10.3, 0.6);
        view.advance(10.3);
        assert_eq!(view.tilt_cos_sin(), halfway);
        view.advance(10.95);
        assert_eq!((view.tilt_cos_sin(), view.rise()), ([1.0, 0.0], 0.0));
        assert!(!view.is_moving() && !view.is_tilted());
        view.tilt_to(45.0, 11.0, 0.6);
        view.advance(12.0);
        assert_eq!(view.rise(), 1.0);
    }

    #[test]
    fn what_rises_from_below_the_screen_is_in_view() {
        let mut view = view();
        view.camera = Camera { center: [0.0, 0.0], px_per_m: 1.0 };
        view.tallest_m = 200.0;
        view.tilt_to(45.0, 0.0, 0.0);
        view.grow(0.0);
        view.advance(1.0);
        let south = view.visible_bounds().min[1];
        assert!(view.screen_from_local_at([0.0, south], 200.0)[1] >= view.screen_px[1] - 0.1);
        assert!(view.screen_from_local([0.0, south])[1] > view.screen_px[1] + 100.0);
    }

    #[test]
    fn a_tilted_fit_shows_what_rises() {
        let mut view = view();
        view.height_share = 0.12;
        view.tilt_to(45.0, 0.0, 0.0);
        let bounds = Bounds { min: [0.0, 0.0], max: [1000.0, 1000.0] };
        let target = view.fit(&bounds);
        view.fly(target, 0.0, 0.0);
        assert!(view.is_home());
        for corner in [[0.0, 0.0], [1000.0, 1000.0]] {
            assert!(view.free.contains(view.screen_from_local(corner)));
        }
        assert!(view.free.contains(view.screen_from_local_at([500.0, 800.0], 120.0)));
        view.pan_px([3.0, 0.0]);
        assert!(!view.is_home());
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
