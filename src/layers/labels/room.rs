//! Room for names between the marks.
//!
//! In: the marks in view. Out: what names must not cover, and should not; where
//! a name may stand.

use std::collections::HashMap;

use crate::map::marks::{BADGE_U, BADGE_U_PER_M, Look, bubble_diameter_u};
use crate::map::{MapView, Marks, ScreenRect};

/// Lines by which a name may stand above or below its place.
const LINES: [f32; 5] = [0.0, -1.3, 1.3, -2.2, 2.2];
/// Ems by which it may stand beside it, where it finds no line.
const ASIDE: [f32; 4] = [-1.8, 1.8, -3.6, 3.6];

/// How far beside its place a name stands, pixels: not at all, or some lines
/// above or below it where the area has room, else to a side. Rather where it
/// `is_clear` of marks; only where it `is_open`.
pub(super) fn spot(
    radius_px: f32,
    em_px: f32,
    is_open: impl Fn([f32; 2]) -> bool,
    is_clear: impl Fn([f32; 2]) -> bool,
) -> Option<[f32; 2]> {
    let has_room = |ems: &f32| *ems == 0.0 || radius_px > (ems * em_px).abs();
    let lines = LINES.into_iter().filter(has_room).map(|ems| [0.0, ems * em_px]);
    let open: Vec<[f32; 2]> = lines.filter(|shift| is_open(*shift)).collect();
    let aside = || ASIDE.into_iter().filter(has_room).map(|ems| [ems * em_px, 0.0]).find(|shift| is_open(*shift));
    open.iter().copied().find(|shift| is_clear(*shift)).or(open.first().copied()).or_else(aside)
}

/// What the mark of an alert covers, with its number, around a pixel.
pub(in crate::layers) fn alert_px([x, y]: [f32; 2], count: u32, unit_px: f32) -> ScreenRect {
    let half_px = 9.0 * unit_px;
    let number_u = if count > 1 { 4.0 + 10.0 * (count.ilog10() + 1) as f32 } else { 0.0 };
    ScreenRect { min: [x - half_px, y - half_px], max: [x + half_px + number_u * unit_px, y + half_px] }
}

/// What marks cover, physical pixels; dots from afar are no loss under a name.
#[derive(Default)]
pub(super) struct Obstacles {
    /// Nothing may hide these: somebody has to see them.
    pub(super) alerts: Crowd,
    /// Better not these; bubbles can be pushed aside.
    pub(super) others: Crowd,
}

impl Obstacles {
    /// Those of the marks in view.
    pub(super) fn of(marks: &Marks, view: &MapView) -> Self {
        let is_near = view.camera.px_per_m >= BADGE_U_PER_M * f64::from(view.unit_px);
        let mut obstacles = Self::default();
        for mark in &marks.placed {
            let at = view.screen_from_local_at(mark.at, mark.height_m * view.rise());
            let around = |diameter_u: f32| {
                let half_px = diameter_u / 2.0 * view.unit_px;
                ScreenRect { min: at.map(|v| v - half_px), max: at.map(|v| v + half_px) }
            };
            let (rect, crowd) = match mark.look {
                Look::Alert { count, .. } => (alert_px(at, count, view.unit_px), &mut obstacles.alerts),
                Look::Bubble { .. } => (around(bubble_diameter_u(mark.look)), &mut obstacles.others),
                Look::Point(_) if is_near => (around(BADGE_U), &mut obstacles.others),
                Look::Point(_) | Look::Outside(_) => continue,
            };
            if overlaps(&rect, &view.free) {
                crowd.add(rect);
            }
        }
        obstacles
    }
}

/// Rectangles by the squares of the screen that they touch.
#[derive(Default)]
pub(super) struct Crowd(HashMap<[i32; 2], Vec<ScreenRect>>);

impl Crowd {
    /// Side of a square, pixels: about a name's width.
    const SIDE_PX: f32 = 96.0;

    fn squares(rect: &ScreenRect) -> impl Iterator<Item = [i32; 2]> + use<> {
        let [from, to] = [rect.min, rect.max].map(|corner| corner.map(|v| (v / Self::SIDE_PX).floor() as i32));
        (from[0]..=to[0]).flat_map(move |x| (from[1]..=to[1]).map(move |y| [x, y]))
    }

    fn add(&mut self, rect: ScreenRect) {
        for square in Self::squares(&rect) {
            self.0.entry(square).or_default().push(rect);
        }
    }

    /// Whether any of them touches `rect`.
    pub(super) fn any_touches(&self, rect: &ScreenRect) -> bool {
        Self::squares(rect).filter_map(|square| self.0.get(&square)).flatten().any(|other| overlaps(other, rect))
    }
}

/// Whether two rectangles have anything in common.
pub(in crate::layers) fn overlaps(a: &ScreenRect, b: &ScreenRect) -> bool {
    (0..2).all(|i| a.min[i] < b.max[i] && b.min[i] < a.max[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name four ems wide and one high whose middle is off by `shift`.
    fn name([dx, dy]: [f32; 2]) -> ScreenRect {
        ScreenRect { min: [300.0 + dx - 40.0, 300.0 + dy - 10.0], max: [300.0 + dx + 40.0, 300.0 + dy + 10.0] }
    }

    fn spot_beside(radius_px: f32, alerts: &[[f32; 2]], others: &[[f32; 2]]) -> Option<[f32; 2]> {
        let crowd = |places: &[[f32; 2]]| {
            let mut crowd = Crowd::default();
            places.iter().for_each(|&at| crowd.add(alert_px(at, 1, 1.0)));
            crowd
        };
        let (alerts, others) = (crowd(alerts), crowd(others));
        let is_open = |shift| !alerts.any_touches(&name(shift));
        let is_clear = |shift| !others.any_touches(&name(shift));
        spot(radius_px, 20.0, is_open, is_clear)
    }

    #[test]
    fn no_name_covers_an_alert() {
        let middle = [300.0, 300.0];
        assert_eq!(spot_beside(200.0, &[], &[]), Some([0.0, 0.0]));
        assert_eq!(spot_beside(200.0, &[middle], &[]), Some([0.0, -26.0]));
        // Above, on and below: to a side, if the area reaches there.
        let column: Vec<[f32; 2]> = (-3..=3).map(|row| [340.0, 300.0 + 20.0 * row as f32]).collect();
        assert_eq!(spot_beside(200.0, &column, &[]), Some([-36.0, 0.0]));
        assert_eq!(spot_beside(10.0, &[middle], &[]), None, "a small area has no other place");
    }

    #[test]
    fn a_name_rather_covers_a_bubble_than_be_left_out() {
        let all: Vec<[f32; 2]> = (-3..=3).map(|row| [300.0, 300.0 + 20.0 * row as f32]).collect();
        assert_eq!(spot_beside(200.0, &[], &[[300.0, 300.0]]), Some([0.0, -26.0]));
        assert_eq!(spot_beside(200.0, &[], &all), Some([0.0, 0.0]));
        assert_eq!(spot_beside(200.0, &[[300.0, 300.0]], &all), Some([0.0, -26.0]));
    }
}
