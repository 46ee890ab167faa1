//! What the heat map counts, kept up with the window.
//!
//! In: the events of the window (and of that a week before), what entered and
//! left it, what shall be counted. Out: a grid that equals a fresh count.
//!
//! How it works: where only events came and went they are added and taken
//! back; everything is counted anew where something else is to be counted, on a
//! task where there is much. What changes meanwhile is made up for afterwards.

use std::sync::Arc;

use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use crate::config::HeatWeight;
use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::event::Severity;
use crate::domain::geometry::Bounds;
use crate::domain::heat::{CellShape, HeatGrid};
use crate::domain::overview::{MapEvent, WindowChange};
use crate::model::{Overview, Waker};

/// Cells along the longer side at most, and so what a grid may take.
pub(super) const MAX_BINS: f64 = 2_048.0;

/// Events that are counted within a frame; more of them on a task.
const COUNTED_AT_ONCE: usize = 20_000;

/// What is counted. Other bins when it changes.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Ground that the cells cover, local metres.
    pub(super) covered: Bounds,
    pub(super) shape: CellShape,
    pub(super) cell_m: f64,
    /// The hierarchy, and its revision.
    pub(super) tree: Arc<AreaTree>,
    pub(super) areas_revision: u64,
    /// Only what lies in it.
    pub(super) focus: Option<AreaIndex>,
    pub(super) weight: HeatWeight,
    /// Whether a class counts, by its number; `None` = all do.
    pub(super) classes: Option<Vec<bool>>,
    /// Whether what was a week before is taken away.
    pub(super) is_compared: bool,
}

impl PartialEq for Wanted {
    fn eq(&self, other: &Self) -> bool {
        let key =
            |w: &Self| (w.covered, w.shape, w.cell_m.to_bits(), w.areas_revision, w.focus, w.weight, w.is_compared);
        key(self) == key(other) && self.classes == other.classes
    }
}

impl Wanted {
    /// How much an event counts; 0 where it does not.
    pub(super) fn weight_of(&self, event: &MapEvent) -> i32 {
        let is_in = |focus| event.area.is_some_and(|area| self.tree.is_within(area, focus));
        let is_of_class = |classes: &Vec<bool>| classes.get(usize::from(event.class)).copied().unwrap_or(false);
        // In a focus only what lies in it: the rest is dimmed.
        if !event.is_inside || self.focus.is_some_and(|focus| !is_in(focus)) {
            return 0;
        }
        if self.classes.as_ref().is_some_and(|classes| !is_of_class(classes)) {
            return 0;
        }
        match (self.weight, event.severity) {
            (HeatWeight::Count, _) | (HeatWeight::Severity, Severity::Normal) => 1,
            (HeatWeight::Severity, Severity::Major) => 3,
            (HeatWeight::Severity, Severity::Urgent) => 9,
        }
    }

    fn count(&self, now: &[MapEvent], week_before: &[MapEvent]) -> HeatGrid {
        let mut grid = HeatGrid::new(self.covered, self.shape, self.cell_m, (MAX_BINS * MAX_BINS) as usize);
        self.put(&mut grid, now, 1);
        if self.is_compared {
            self.put(&mut grid, week_before, -1);
        }
        grid
    }

    fn put(&self, grid: &mut HeatGrid, events: &[MapEvent], sign: i32) {
        for event in events {
            let weight = self.weight_of(event);
            if weight != 0 {
                grid.add(event.at.map(f64::from), sign * weight);
            }
        }
    }
}

/// The grid, and the state of the window that it counts.
#[derive(Default)]
pub(super) struct Bins {
    of: Option<Wanted>,
    grid: Arc<HeatGrid>,
    /// Revision of the overview.
    seen: u64,
    counting: Option<Counting>,
    /// What came and went during a count was not added to the grid.
    is_behind: bool,
    /// Asked for by [`Bins::forget`].
    is_forgotten: bool,
    /// How long the last count took, milliseconds.
    pub(super) took_ms: f64,
}

struct Counting {
    task: Task<(HeatGrid, f64)>,
    of: Wanted,
    /// What entered (1) and left (−1) since.
    later: Vec<(MapEvent, i32)>,
}

impl Bins {
    /// What the grid counts, and the grid.
    pub(super) fn shown(&self) -> Option<(&Wanted, &Arc<HeatGrid>)> {
        Some((self.of.as_ref()?, &self.grid))
    }

    /// Whether something is being counted.
    pub(super) fn is_counting(&self) -> bool {
        self.counting.is_some()
    }

    /// Counts everything anew the next time.
    pub(super) fn forget(&mut self) {
        self.is_forgotten = true;
    }

    /// Lets go of everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Brings the grid to what is wanted of the window as it is; tells whether
    /// it changed.
    pub(super) fn follow(&mut self, wanted: Wanted, overview: &Overview, waker: &Waker) -> bool {
        let is_next = overview.revision == self.seen + 1;
        let changes = [(&overview.window_change, 1), (&overview.week_change, -1)];
        let changes = &changes[..if wanted.is_compared { 2 } else { 1 }];
        let is_followed = !self.is_forgotten
            && (overview.revision == self.seen || is_next && changes.iter().all(|(change, _)| !change.is_new));
        let changes = if is_next { changes } else { &[] };
        self.seen = overview.revision;
        self.is_forgotten = false;
        if let Some(counting) = &mut self.counting {
            if is_followed && counting.of == wanted {
                counting.later.extend(changes.iter().flat_map(|&(change, sign)| moved(change, sign)));
                return self.take_over();
            }
            self.counting = None;
        }
        if is_followed && !self.is_behind && self.of.as_ref() == Some(&wanted) {
            let moved = changes.iter().flat_map(|&(change, sign)| moved(change, sign));
            return self.apply(moved);
        }
        self.is_behind = true;
        let (now, week_before) = (Arc::clone(&overview.window), Arc::clone(&overview.week_before));
        if now.len() + week_before.len() <= COUNTED_AT_ONCE {
            let started = std::time::Instant::now();
            self.grid = Arc::new(wanted.count(&now, &week_before));
            self.of = Some(wanted);
            self.is_behind = false;
            self.took_ms = started.elapsed().as_secs_f64() * 1_000.0;
            return true;
        }
        let (of, waker) = (wanted.clone(), waker.clone());
        let task = AsyncComputeTaskPool::get().spawn(async move {
            let started = std::time::Instant::now();
            let grid = wanted.count(&now, &week_before);
            (waker.0)();
            (grid, started.elapsed().as_secs_f64() * 1_000.0)
        });
        self.counting = Some(Counting { task, of, later: Vec::new() });
        false
    }

    fn take_over(&mut self) -> bool {
        let Some(counting) = &mut self.counting else { return false };
        let Some((grid, took_ms)) = block_on(poll_once(&mut counting.task)) else { return false };
        let later = std::mem::take(&mut counting.later);
        self.of = self.counting.take().map(|counting| counting.of);
        self.grid = Arc::new(grid);
        self.is_behind = false;
        self.took_ms = took_ms;
        self.apply(later.into_iter());
        true
    }

    fn apply(&mut self, moved: impl Iterator<Item = (MapEvent, i32)>) -> bool {
        let Some(of) = &self.of else { return false };
        let mut moved =
            moved.map(|(event, sign)| (event, sign * of.weight_of(&event))).filter(|(_, weight)| *weight != 0);
        let Some(first) = moved.next() else { return false };
        let grid = Arc::make_mut(&mut self.grid);
        for (event, weight) in std::iter::once(first).chain(moved) {
            grid.add(event.at.map(f64::from), weight);
        }
        true
    }
}

fn moved(change: &WindowChange, sign: i32) -> impl Iterator<Item = (MapEvent, i32)> + '_ {
    let entered = change.entered.iter().map(move |event| (*event, sign));
    entered.chain(change.left.iter().map(move |event| (*event, -sign)))
}

/// The ground that cells of `cell_m` cover: everything where that is not too
/// many, else what is in view and as much around; not other ground than `old`
/// while that is good enough, so that a moving map seldom counts anew.
pub(super) fn covered(
    everything: &Bounds,
    in_view: &Bounds,
    cell_m: f64,
    margin_m: f64,
    old: Option<&Bounds>,
) -> Bounds {
    let grown = |bounds: &Bounds, by: [f64; 2]| Bounds {
        min: [0, 1].map(|axis| bounds.min[axis] - by[axis]),
        max: [0, 1].map(|axis| bounds.max[axis] + by[axis]),
    };
    let longer = |bounds: &Bounds| bounds.size().into_iter().fold(0.0, f64::max);
    let whole = grown(everything, [margin_m; 2]);
    if longer(&whole) <= cell_m * MAX_BINS {
        return whole;
    }
    let clipped = |bounds: &Bounds| Bounds {
        min: [0, 1].map(|axis| bounds.min[axis].max(whole.min[axis])),
        max: [0, 1].map(|axis| bounds.max[axis].min(whole.max[axis])),
    };
    let needed = clipped(&grown(in_view, [margin_m; 2]));
    if needed.is_empty() {
        return whole;
    }
    if let Some(old) = old
        && old.contains(needed.min)
        && old.contains(needed.max)
        && longer(old) <= (longer(&needed) * 4.0).max(cell_m * MAX_BINS)
    {
        return *old;
    }
    clipped(&grown(&needed, in_view.size().map(|side| side * 0.5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(side: f64) -> Bounds {
        Bounds { min: [0.0; 2], max: [side; 2] }
    }

    fn wanted(is_compared: bool) -> Wanted {
        Wanted {
            covered: square(1_000.0),
            shape: CellShape::Shared,
            cell_m: 25.0,
            tree: Arc::default(),
            areas_revision: 1,
            focus: None,
            weight: HeatWeight::Severity,
            classes: Some(vec![true, false]),
            is_compared,
        }
    }

    fn event(random: &mut fastrand::Rng) -> MapEvent {
        MapEvent {
            at: [random.f32() * 1_000.0, random.f32() * 1_000.0],
            class: random.u16(..3),
            severity: [Severity::Normal, Severity::Major, Severity::Urgent][random.usize(..3)],
            is_inside: random.u8(..8) > 0,
            ..MapEvent::default()
        }
    }

    /// Whatever comes and goes, while a count is under way too, the grid is
    /// that of a fresh count.
    #[test]
    fn bins_follow_the_window() {
        AsyncComputeTaskPool::get_or_init(Default::default);
        let mut random = fastrand::Rng::with_seed(1);
        for (first, is_compared) in [(50, false), (50, true), (COUNTED_AT_ONCE, false), (COUNTED_AT_ONCE, true)] {
            let mut bins = Bins::default();
            let mut overview = Overview::default();
            let lists = |overview: &Overview| (Vec::clone(&overview.window), Vec::clone(&overview.week_before));
            let mut draw = |count| (0..count).map(|_| event(&mut random)).collect::<Vec<_>>();
            overview.revision = 1;
            overview.window_change.is_new = true;
            overview.set_for_test(draw(first), draw(first));
            for step in 0..30 {
                bins.follow(wanted(is_compared), &overview, &Waker::default());
                let (mut now, mut before) = lists(&overview);
                overview.revision += 1;
                overview.window_change =
                    WindowChange { entered: draw(3), left: now.drain(..2).collect(), is_new: false };
                overview.week_change =
                    WindowChange { entered: draw(1), left: before.drain(..1).collect(), is_new: step == 20 };
                now.extend(&overview.window_change.entered);
                before.extend(&overview.week_change.entered);
                overview.set_for_test(now, before);
            }
            while bins.follow(wanted(is_compared), &overview, &Waker::default()) || bins.is_counting() {
                std::thread::yield_now();
            }
            let (now, before) = lists(&overview);
            assert_eq!(*bins.grid, wanted(is_compared).count(&now, &before));
            assert!(bins.grid.bins.iter().any(|&bin| bin != 0));
        }
    }

    /// Asked for something else, and for the first again before that was counted.
    #[test]
    fn a_count_that_was_given_up_leaves_nothing_behind() {
        AsyncComputeTaskPool::get_or_init(Default::default);
        let mut random = fastrand::Rng::with_seed(2);
        let mut bins = Bins::default();
        let mut overview = Overview::default();
        overview.revision = 1;
        let mut events: Vec<MapEvent> = (0..=COUNTED_AT_ONCE).map(|_| event(&mut random)).collect();
        overview.set_for_test(events.clone(), Vec::new());
        let settle = |bins: &mut Bins, overview: &Overview| {
            while bins.follow(wanted(false), overview, &Waker::default()) || bins.is_counting() {
                std::thread::yield_now();
            }
        };
        settle(&mut bins, &overview);
        let other = Wanted { weight: HeatWeight::Count, ..wanted(false) };
        for wanted in [other.clone(), other, wanted(false)] {
            let entered = vec![event(&mut random)];
            events.extend(&entered);
            overview.revision += 1;
            overview.window_change = WindowChange { entered, ..WindowChange::default() };
            overview.set_for_test(events.clone(), Vec::new());
            bins.follow(wanted, &overview, &Waker::default());
        }
        settle(&mut bins, &overview);
        assert_eq!(*bins.grid, wanted(false).count(&events, &[]));
    }

    #[test]
    fn cells_cover_everything_or_what_is_in_view() {
        let city = square(100_000.0);
        let view = |at: f64, side: f64| Bounds { min: [at; 2], max: [at + side; 2] };
        assert_eq!(covered(&city, &view(0.0, 10.0), 100.0, 0.0, None), city);
        let near = covered(&city, &view(50_000.0, 4_000.0), 10.0, 100.0, None);
        assert_eq!(near, Bounds { min: [47_900.0; 2], max: [56_100.0; 2] });
        // A small move needs no others, a large one and one to much farther do.
        assert_eq!(covered(&city, &view(51_000.0, 4_000.0), 10.0, 100.0, Some(&near)), near);
        assert_ne!(covered(&city, &view(53_000.0, 4_000.0), 10.0, 100.0, Some(&near)), near);
        let far = covered(&city, &city, 10.0, 100.0, Some(&near));
        assert_eq!(far, Bounds { min: [-100.0; 2], max: [100_100.0; 2] });
        assert_ne!(covered(&city, &view(50_000.0, 4_000.0), 10.0, 100.0, Some(&far)), far);
    }
}
