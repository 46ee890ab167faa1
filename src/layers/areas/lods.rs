//! Which levels of detail are held, and which of them is drawn.
//!
//! In: the tolerances that a map has, geometry as it is built, the zoom. Out:
//! what to draw now, and what is missing for it.
//!
//! A city's exact geometry is some tens of megabytes, and most of the day
//! nobody looks at it: the coarsest level is always there, a finer one is built
//! when the zoom first needs it, and let go [`KEEP`] after it last did. Until
//! it is there the next best is drawn.

use std::sync::Arc;
use std::time::Duration;

use super::geometry::{FillMesh, LineMesh};

/// Pixels by which a border may be off without anybody seeing it.
pub(super) const INVISIBLE_PX: f64 = 0.4;

/// How long a level stays that the zoom no longer needs: a hand that goes back
/// and forth finds it still there.
const KEEP: Duration = Duration::from_secs(20);

/// Fills and borders at one level of detail.
#[derive(Clone)]
pub(super) struct Lod {
    /// Triangles of all areas.
    pub(super) fill: Arc<FillMesh>,
    /// Borders of all areas.
    pub(super) lines: Arc<LineMesh>,
}

/// One level of detail, there or not.
struct Slot {
    /// How far it may be from the true borders, local metres; 0 = not at all.
    tolerance_m: f32,
    lod: Option<Lod>,
    /// When the zoom last needed it, since the program's start.
    needed_at: Duration,
}

/// The levels of detail of one revision of the areas.
#[derive(Default)]
pub(super) struct Lods {
    revision: u64,
    /// Coarse to fine; the first is always there.
    slots: Vec<Slot>,
    shown: Option<usize>,
}

/// What follows from the zoom.
pub(super) struct Picked {
    /// What to draw from now on; `None` when it is what was drawn before.
    pub(super) changed: Option<Lod>,
    /// Tolerance in metres of the level that should be built.
    pub(super) missing_m: Option<f32>,
}

impl Lods {
    /// The levels of `revision`: the coarsest, and the tolerances of the finer
    /// ones, coarse to fine, metres.
    pub(super) fn new(revision: u64, coarsest_m: f32, coarsest: Lod, finer_m: &[f32]) -> Self {
        let slot = |tolerance_m, lod| Slot { tolerance_m, lod, needed_at: Duration::ZERO };
        let mut slots = vec![slot(coarsest_m, Some(coarsest))];
        slots.extend(finer_m.iter().map(|&tolerance_m| slot(tolerance_m, None)));
        Self { revision, slots, shown: None }
    }

    /// Takes a finished level over; one of other areas is dropped.
    pub(super) fn insert(&mut self, revision: u64, tolerance_m: f32, lod: Lod, now: Duration) {
        if revision != self.revision {
            return;
        }
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.tolerance_m == tolerance_m) {
            slot.lod = Some(lod);
            slot.needed_at = now;
        }
    }

    /// Picks what to draw at this zoom, and lets go what was long not needed.
    pub(super) fn pick(&mut self, px_per_m: f64, now: Duration) -> Picked {
        let Some(wanted) = self.wanted(px_per_m) else { return Picked { changed: None, missing_m: None } };
        // The next finer is as good to look at, and there is always a coarser.
        let is_there = |&index: &usize| self.slots[index].lod.is_some();
        let shown = (wanted..self.slots.len()).chain((0..wanted).rev()).find(is_there);
        for index in shown.into_iter().chain([wanted]) {
            self.slots[index].needed_at = now;
        }
        for slot in self.slots.iter_mut().skip(1).filter(|slot| now.saturating_sub(slot.needed_at) > KEEP) {
            slot.lod = None;
        }
        let is_changed = shown != self.shown;
        self.shown = shown;
        let slot = &self.slots[wanted];
        Picked {
            changed: shown.filter(|_| is_changed).and_then(|index| self.slots[index].lod.clone()),
            missing_m: slot.lod.is_none().then_some(slot.tolerance_m),
        }
    }

    /// The coarsest level whose errors cannot be seen, else the finest.
    fn wanted(&self, px_per_m: f64) -> Option<usize> {
        let off_px = |slot: &Slot| f64::from(slot.tolerance_m) * px_per_m;
        let best =
            self.slots.iter().position(|slot| off_px(slot) <= INVISIBLE_PX).or(self.slots.len().checked_sub(1))?;
        // A little late on the way in, so that a hand at the border between two
        // does not upload them in turn.
        let is_good_enough = |&shown: &usize| {
            best == shown + 1 && self.slots.get(shown).is_some_and(|slot| off_px(slot) <= INVISIBLE_PX * 1.25)
        };
        Some(self.shown.filter(is_good_enough).unwrap_or(best))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOLERANCES_M: [f32; 4] = [64.0, 16.0, 4.0, 0.0];

    fn lod() -> Lod {
        Lod { fill: Arc::default(), lines: Arc::default() }
    }

    fn lods() -> Lods {
        Lods::new(7, TOLERANCES_M[0], lod(), &TOLERANCES_M[1..])
    }

    /// The zoom at which a border that is off by `metres` is off by `px`.
    fn zoom(metres: f64, px: f64) -> f64 {
        px / metres
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// Tolerances of the levels that are held.
    fn held(lods: &Lods) -> Vec<f32> {
        lods.slots.iter().filter(|slot| slot.lod.is_some()).map(|slot| slot.tolerance_m).collect()
    }

    #[test]
    fn the_coarser_level_is_drawn_until_the_finer_is_there() {
        let mut lods = lods();
        let first = lods.pick(zoom(64.0, 0.3), secs(1));
        assert!(first.changed.is_some() && first.missing_m.is_none());
        let near = lods.pick(zoom(4.0, 0.3), secs(2));
        assert!(near.changed.is_none());
        assert_eq!((near.missing_m, lods.shown), (Some(4.0), Some(0)));
        let fine = lod();
        lods.insert(7, 4.0, fine.clone(), secs(3));
        let near = lods.pick(zoom(4.0, 0.3), secs(3));
        assert!(near.changed.is_some_and(|changed| Arc::ptr_eq(&changed.fill, &fine.fill)));
        assert_eq!((near.missing_m, lods.shown), (None, Some(2)));
    }

    #[test]
    fn a_level_outlasts_a_short_way_back_and_not_a_long_one() {
        let (far, near) = (zoom(64.0, 0.3), zoom(4.0, 0.3));
        let mut lods = lods();
        lods.pick(near, secs(0));
        lods.insert(7, 4.0, lod(), secs(0));
        lods.pick(near, secs(10));
        lods.pick(far, secs(11));
        assert_eq!(lods.pick(near, secs(29)).missing_m, None);
        lods.pick(far, secs(30));
        lods.pick(far, secs(49));
        assert_eq!(held(&lods), [64.0, 4.0]);
        lods.pick(far, secs(50));
        assert_eq!(held(&lods), [64.0]);
        assert_eq!(lods.pick(near, secs(51)).missing_m, Some(4.0));
    }

    #[test]
    fn at_the_border_between_two_the_shown_one_stays() {
        let mut lods = lods();
        lods.insert(7, 16.0, lod(), secs(0));
        lods.pick(zoom(64.0, 0.39), secs(0));
        assert_eq!(lods.pick(zoom(64.0, 0.45), secs(1)).missing_m, None);
        assert_eq!(lods.shown, Some(0));
        lods.pick(zoom(64.0, 0.55), secs(2));
        assert_eq!(lods.shown, Some(1));
    }

    #[test]
    fn geometry_of_other_areas_is_not_taken_over() {
        let mut lods = lods();
        lods.insert(6, 4.0, lod(), secs(0));
        assert_eq!(held(&lods), [64.0]);
        assert!(Lods::default().pick(1.0, secs(0)).changed.is_none());
    }

    proptest! {
        /// Whatever a hand does: something is drawn, what is missing is built
        /// once and then drawn, and nothing is off by more than can be seen
        /// once nothing is missing.
        #[test]
        fn any_walk_of_the_zoom_ends_well(steps in prop::collection::vec((-8.0..4.0_f64, 0..30_u64), 1..40)) {
            let mut lods = lods();
            let mut now = secs(0);
            for (log_zoom, wait) in steps {
                now += secs(wait);
                let px_per_m = log_zoom.exp2();
                if let Some(tolerance_m) = lods.pick(px_per_m, now).missing_m {
                    prop_assert!(!held(&lods).contains(&tolerance_m));
                    lods.insert(7, tolerance_m, lod(), now);
                }
                prop_assert_eq!(lods.pick(px_per_m, now).missing_m, None);
                let shown = &lods.slots[lods.shown.expect("the coarsest is always there")];
                prop_assert!(shown.lod.is_some());
                prop_assert!(f64::from(shown.tolerance_m) * px_per_m <= INVISIBLE_PX * 1.25);
                prop_assert!(lods.slots[0].lod.is_some());
            }
        }
    }
}
