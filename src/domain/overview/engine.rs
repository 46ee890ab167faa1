//! Figures that follow a moving clock and changing events by what changed.
//!
//! In: a [`Snapshot`] to begin with, then the [`Change`]s of the store and the
//! instants that the clock shows. Out: the counting half of an [`Overview`].
//!
//! How it works: every figure is a sum over the events of a day as they were
//! known at an instant, and every sum can take an event back. What is known of
//! an event changes at a few moments: report, steps, due, close. They stand in
//! a list by time; a clock that moves takes the events whose moments it passed
//! out of the sums as they were before, and puts them in again as they are
//! now. It may move either way. What a replay shows is therefore, to the last
//! unit, what counting anew at that instant gives (the tests hold it to that).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{QUARTER_MILLIS, QUARTERS, USUAL_DAYS};
use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::choropleth::Tally;
use crate::domain::closed_loop::LoopTally;
use crate::domain::event::Severity;
use crate::domain::event_store::{Course, EventKey, EventStore, Snapshot};
use crate::domain::time::{DAY_MILLIS, Time};

/// What the sums are over; another setting needs them anew.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The hierarchy.
    pub tree: Arc<AreaTree>,
    /// Start of the shown day.
    pub day_start: Time,
    /// Stages of the closed loop.
    pub stage_count: usize,
    /// Only events of this area and of those below it; `None` = all.
    pub within: Option<AreaIndex>,
}

impl Setting {
    /// Whether events of an area are counted.
    fn counts(&self, area: Option<AreaIndex>) -> bool {
        let is_within =
            |wanted| area.is_some_and(|area| (area as usize) < self.tree.len() && self.tree.is_within(area, wanted));
        self.within.is_none_or(is_within)
    }
}

/// One day's sums, as known at an instant.
#[derive(Clone, Debug)]
pub(super) struct Day {
    start: Time,
    now: Time,
    pub(super) total: LoopTally,
    /// By area, with those of the areas below.
    pub(super) tallies: Vec<Tally>,
    /// By class.
    pub(super) classes: Vec<u64>,
    moments: Moments,
}

/// When what is known of which event changes.
#[derive(Clone, Debug, Default)]
struct Moments {
    /// In order of time.
    list: Vec<(Time, EventKey)>,
    /// Those that came after the list was sorted.
    late: BTreeMap<(Time, EventKey), ()>,
}

impl Moments {
    /// Moves what came late into the list.
    fn sort(&mut self) {
        self.list.extend(std::mem::take(&mut self.late).into_keys());
        self.list.sort_unstable();
    }

    fn add_late(&mut self, moment: (Time, EventKey)) {
        self.late.insert(moment, ());
        if self.late.len() > 4_096 + self.list.len() / 8 {
            self.sort();
            self.list.dedup();
        }
    }

    /// Moments in the list between two instants.
    fn count(&self, one: Time, other: Time) -> usize {
        let before = |at: Time| self.list.partition_point(|&(moment, _)| moment <= at);
        before(one).abs_diff(before(other))
    }

    /// Whose moments lie after `from`, up to and including `to`, each once.
    fn passed(&self, from: Time, to: Time) -> Vec<EventKey> {
        let start = self.list.partition_point(|&(at, _)| at <= from);
        let end = self.list.partition_point(|&(at, _)| at <= to).max(start);
        let after = |at: Time| (at.plus_millis(1), EventKey(0));
        let late = self.late.range(after(from)..after(to)).map(|(&(_, key), ())| key);
        let mut keys: Vec<EventKey> = self.list[start..end].iter().map(|&(_, key)| key).chain(late).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl Day {
    fn new(start: Time, setting: &Setting, class_count: usize) -> Self {
        Self {
            start,
            now: start.plus_millis(-1),
            total: LoopTally::new(setting.stage_count),
            tallies: vec![Tally::default(); setting.tree.len()],
            classes: vec![0; class_count],
            moments: Moments::default(),
        }
    }

    fn end(&self) -> Time {
        self.start.plus_millis(DAY_MILLIS - 1)
    }

    /// Whether an event reported then can be one of this day's.
    fn has(&self, reported: Time) -> bool {
        self.start <= reported && reported <= self.end()
    }

    /// Counts an event as known at `now`, once more or once less.
    fn count(&mut self, course: &Course, now: Time, setting: &Setting, sign: i64, scratch: &mut Course) {
        if course.reported > now || !setting.counts(course.area) {
            return;
        }
        let course = course.known_at(now, scratch);
        let stage_count = self.total.stage_count();
        let is_closed = course.is_closed(stage_count);
        self.total.add(course, now, sign);
        let class = usize::from(course.class);
        if self.classes.len() <= class {
            self.classes.resize(class + 1, 0);
        }
        self.classes[class] = self.classes[class].wrapping_add_signed(sign);
        let one = |is_so: bool| if is_so { sign as i32 } else { 0 };
        let step = [
            sign as i32,
            one(is_closed),
            one(is_closed && course.solved == Some(true)),
            one(course.is_overdue(now, stage_count)),
            one(course.repeats),
        ];
        let mut at = course.area.filter(|&area| (area as usize) < self.tallies.len());
        while let Some(index) = at {
            let tally = &mut self.tallies[index as usize];
            let counts =
                [&mut tally.received, &mut tally.closed, &mut tally.solved, &mut tally.overdue, &mut tally.repeated];
            for (count, step) in counts.into_iter().zip(step) {
                *count = count.wrapping_add_signed(step);
            }
            at = setting.tree.parent(index);
        }
    }

    fn advance(&mut self, now: Time, store: &EventStore, setting: &Setting, scratch: &mut [Course; 2]) -> bool {
        let [whole, scratch] = scratch;
        let before = self.now;
        let passed = self.moments.passed(before.min(now), before.max(now));
        for &key in &passed {
            // Given up since, and taken out of the sums then.
            let Some(event) = store.by_key(key) else { continue };
            if !self.has(event.reported()) {
                continue;
            }
            event.read_course(whole);
            for (at, sign) in [(before, -1), (now, 1)] {
                self.count(whole, at, setting, sign, scratch);
            }
        }
        self.now = now;
        !passed.is_empty()
    }

    fn change(&mut self, before: Option<&Course>, after: Option<&Course>, setting: &Setting, scratch: &mut Course) {
        let is_own = |course: &&Course| self.has(course.reported) && setting.counts(course.area);
        let [before, after] = [before, after].map(|course| course.filter(is_own));
        for (course, sign) in [(before, -1), (after, 1)] {
            if let Some(course) = course {
                self.count(course, self.now, setting, sign, scratch);
            }
        }
        let Some(after) = after else { return };
        for at in after.moments() {
            // Mostly one is new: that of the step that was taken.
            if !before.is_some_and(|before| before.moments().any(|known| known == at)) {
                self.moments.add_late((at, after.key));
            }
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Engine {
    setting: Setting,
    pub(super) now: Time,
    pub(super) today: Day,
    /// The day before, up to the same time of day.
    pub(super) before: Day,
    /// Events per quarter of an hour, ordinary ones and others, of the shown
    /// day and of each of the days before it, latest first; those that the clock
    /// has reached.
    pub(super) quarters: Vec<Vec<[u32; 2]>>,
    /// The same of the shown day, of those that the clock has not reached.
    pub(super) ahead: Vec<[u32; 2]>,
}

impl Engine {
    /// Counts everything anew.
    pub fn new(setting: Setting, now: Time, events: &Snapshot) -> Self {
        let day = |start: Time| Day::new(start, &setting, events.classes().all().len());
        let start = setting.day_start;
        let mut engine = Self {
            now,
            today: day(start),
            before: day(start.plus_millis(-DAY_MILLIS)),
            quarters: vec![vec![[0; 2]; QUARTERS]; USUAL_DAYS + 1],
            ahead: vec![[0; 2]; QUARTERS],
            setting,
        };
        engine.count_days(now, events);
        let from = start.plus_millis(-DAY_MILLIS * USUAL_DAYS as i64);
        let setting = engine.setting.clone();
        for event in events.between(from, engine.today.end()).filter(|event| setting.counts(event.area())) {
            engine.count_quarter(event.reported(), event.severity(), 1);
        }
        engine
    }

    fn count_days(&mut self, now: Time, events: &Snapshot) {
        let setting = self.setting.clone();
        let [mut course, mut scratch] = [Course::default(), Course::default()];
        for (day, now) in [(&mut self.today, now), (&mut self.before, now.plus_millis(-DAY_MILLIS))] {
            day.now = now;
            if setting.within.is_none() {
                // About: report, two steps, due.
                day.moments.list.reserve(4 * events.count(day.start, day.end()));
            }
            for event in events.between(day.start, day.end()).filter(|event| setting.counts(event.area())) {
                event.read_course(&mut course);
                let key = event.key();
                day.moments.list.extend(course.moments().map(|at| (at, key)));
                day.count(&course, now, &setting, 1, &mut scratch);
            }
            day.moments.sort();
        }
    }

    fn count_quarter(&mut self, reported: Time, severity: Severity, sign: i32) {
        let since = reported.millis_since(self.setting.day_start);
        let days_ago = -since.div_euclid(DAY_MILLIS);
        let quarter = since.rem_euclid(DAY_MILLIS) / QUARTER_MILLIS;
        let day = if reported > self.now {
            (days_ago == 0).then_some(&mut self.ahead)
        } else {
            usize::try_from(days_ago).ok().and_then(|day| self.quarters.get_mut(day))
        };
        if let Some(column) = day.and_then(|day| day.get_mut(quarter as usize)) {
            let count = &mut column[usize::from(severity > Severity::Normal)];
            *count = count.wrapping_add_signed(sign);
        }
    }

    /// What the sums are over.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// Events that [`Engine::new`] would look at closely.
    pub fn events_of(setting: &Setting, events: &Snapshot) -> usize {
        let start = setting.day_start;
        events.count(start.plus_millis(-DAY_MILLIS), start.plus_millis(DAY_MILLIS - 1))
    }

    /// Moments that [`Engine::advance`] would pass.
    pub fn moments_until(&self, now: Time) -> usize {
        self.today.moments.count(self.now, now)
    }

    /// Moves the clock, and tells whether anything changed. `store` must be
    /// the one whose every change was told. The instant must lie in the shown
    /// day.
    pub fn advance(&mut self, now: Time, store: &EventStore) -> bool {
        if now == self.now {
            return false;
        }
        let setting = self.setting.clone();
        let before = self.now;
        let (from, to) = (before.min(now), before.max(now));
        // From what lies ahead to what was, or back.
        for (at, sign) in [(before, -1), (now, 1)] {
            self.now = at;
            for event in store.between(from.plus_millis(1), to) {
                if self.today.has(event.reported()) && setting.counts(event.area()) {
                    self.count_quarter(event.reported(), event.severity(), sign);
                }
            }
        }
        let mut scratch = [Course::default(), Course::default()];
        let is_today = self.today.advance(now, store, &setting, &mut scratch);
        let is_before = self.before.advance(now.plus_millis(-DAY_MILLIS), store, &setting, &mut scratch);
        is_today || is_before
    }

    /// Takes over a change of the store.
    pub fn change(&mut self, before: Option<&Course>, after: Option<&Course>, scratch: &mut Course) {
        let setting = self.setting.clone();
        for (course, sign) in [(before, -1), (after, 1)] {
            if let Some(course) = course.filter(|course| setting.counts(course.area)) {
                self.count_quarter(course.reported, course.severity, sign);
            }
        }
        for day in [&mut self.today, &mut self.before] {
            day.change(before, after, &setting, scratch);
        }
    }
}
