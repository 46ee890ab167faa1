//! The one clock that everything on the wall reads.
//!
//! The shown instant is a pure function of the mode and of what the clock was
//! told last: the system's time, and a reading that only ever grows. A replay
//! advances by the latter: a system clock that is set while it runs (time
//! service, a machine that starts in 1970) does not throw it elsewhere. In
//! whole milliseconds, so that nothing drifts.

use super::time::Time;

/// How many shown seconds a replay may pass per second, slow to fast.
pub const RATES: [u32; 6] = [1, 10, 60, 300, 600, 3_600];

/// The rate of a replay of which nothing else was said.
pub const USUAL_RATE: u32 = 600;

/// Where the wall is in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ClockMode {
    /// Follows the operating system's clock.
    #[default]
    Live,
    /// Stands still for good: pictures of an instant, tests.
    Fixed(Time),
    /// Shows the past again.
    Replay(Replay),
    /// Shows the past again, from one instant to the next as it is told: a film
    /// whose pictures may each take as long as they do.
    Film {
        /// The shown instant.
        at: Time,
        /// The first picture was taken. From then on the system's time stands
        /// too: nothing grows older while a film is made.
        is_rolling: bool,
    },
}

/// A replay of the past, running or standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Shown instant when it last started or stopped.
    at: Time,
    /// The growing reading then, milliseconds.
    since_ms: i64,
    /// The system's time then.
    since_system: Time,
    is_paused: bool,
    /// First and last instant of what is shown again and again.
    range: Option<[Time; 2]>,
}

impl Replay {
    /// Stands still.
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }
}

/// The clock of the wall. Data ages are always judged by the system's time;
/// everything shown as "now" by the clock's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    mode: ClockMode,
    rate: u32,
    system: Time,
    steady_ms: i64,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(ClockMode::Live)
    }
}

impl Clock {
    /// A clock in `mode` that has not been told any time yet.
    pub fn new(mode: ClockMode) -> Self {
        Self { mode, rate: USUAL_RATE, system: Time::default(), steady_ms: 0 }
    }

    /// Tells the system's time and the reading that only grows, milliseconds.
    /// Called once a frame, so that everything drawn in a frame agrees on what
    /// time it is. A replay that has caught up becomes live.
    pub fn tick(&mut self, system: Time, steady_ms: i64) {
        if matches!(self.mode, ClockMode::Film { is_rolling: true, .. }) {
            return;
        }
        self.system = system;
        self.steady_ms = self.steady_ms.max(steady_ms);
        let ClockMode::Replay(replay) = self.mode else { return };
        if replay.is_paused {
            return;
        }
        let at = self.run(&replay);
        if let Some([first, _]) = replay.range {
            // What has run counts no more: the length of a loop over today
            // follows the system's clock, and each lap that is over would
            // multiply any change of it. Before its first instant there is
            // nothing to go on from: a clock in 1970 for a moment.
            if system >= first {
                self.mode = ClockMode::Replay(Replay { at, since_ms: self.steady_ms, ..replay });
            }
            return;
        }
        // A system clock that is set back has not been caught up with: the
        // present is also as far on as the steady reading says.
        let present = replay.since_system.plus_millis(self.steady_ms - replay.since_ms);
        if at >= system.max(present) {
            self.mode = ClockMode::Live;
        }
    }

    /// The instant that the wall shows; never later than the system's, but
    /// where it stands still for good or is of a film.
    pub fn now(&self) -> Time {
        match self.mode {
            ClockMode::Live => self.system,
            ClockMode::Fixed(at) | ClockMode::Film { at, .. } => at,
            ClockMode::Replay(replay) => self.run(&replay).min(self.system),
        }
    }

    /// Where a replay is, were there no present.
    fn run(&self, replay: &Replay) -> Time {
        if replay.is_paused {
            return replay.at;
        }
        let passed = self.steady_ms.saturating_sub(replay.since_ms).saturating_mul(i64::from(self.rate));
        match replay.range {
            None => replay.at.plus_millis(passed),
            Some([first, last]) => {
                // What has not come yet is not shown.
                let length = last.min(self.system).millis_since(first).max(0);
                let start = replay.at.millis_since(first).clamp(0, length);
                first.plus_millis(start.saturating_add(passed) % (length + 1))
            }
        }
    }

    /// The system's time at the last tick: what data ages are judged by.
    pub fn system(&self) -> Time {
        self.system
    }

    /// Follows the system's clock.
    pub fn is_live(&self) -> bool {
        self.mode == ClockMode::Live
    }

    /// The shown instant goes on, and is not the present.
    pub fn is_replaying(&self) -> bool {
        match self.mode {
            ClockMode::Live | ClockMode::Fixed(_) => false,
            ClockMode::Replay(replay) => !replay.is_paused,
            ClockMode::Film { .. } => true,
        }
    }

    /// Whether it shows the present or a replay, and not one instant for good or
    /// a film.
    pub fn can_be_moved(&self) -> bool {
        matches!(self.mode, ClockMode::Live | ClockMode::Replay(_))
    }

    /// Where the wall is in time.
    pub fn mode(&self) -> ClockMode {
        self.mode
    }

    /// Shown seconds per second of a replay, running or to come.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Follows the system's clock again.
    pub fn go_live(&mut self) {
        self.mode = ClockMode::Live;
    }

    /// Goes on from where another clock was, as it ran then, however long ago
    /// that is. What stands still for good or is of a film stays as it is.
    pub fn resume(&mut self, left: &Self) {
        if !self.can_be_moved() {
            return;
        }
        self.rate = left.rate;
        match left.mode {
            ClockMode::Replay(replay) => self.replay(left.now(), replay.is_paused, replay.range),
            _ => self.mode = ClockMode::Live,
        }
    }

    /// Stops where it is; starts again from there at the rate it had.
    pub fn toggle_pause(&mut self) {
        let (is_paused, range) = match self.mode {
            ClockMode::Replay(replay) => (!replay.is_paused, replay.range),
            ClockMode::Live => (true, None),
            ClockMode::Fixed(_) | ClockMode::Film { .. } => (false, None),
        };
        self.replay(self.now(), is_paused, range);
    }

    /// Shows `at`: of a running replay from there on, else standing.
    pub fn seek(&mut self, at: Time) {
        let (is_paused, range) = match self.mode {
            ClockMode::Replay(replay) => (replay.is_paused, replay.range),
            _ => (true, None),
        };
        self.replay(at, is_paused, range);
    }

    /// Shows the next instant of a film, of which a second holds `rate`.
    pub fn expose(&mut self, at: Time, rate: u32) {
        self.rate = rate.max(1);
        self.mode = ClockMode::Film { at, is_rolling: true };
    }

    /// Shows `from` and what came after it, at `rate`; again and again up to
    /// `to` where that is given.
    pub fn play(&mut self, from: Time, to: Option<Time>, rate: u32) {
        self.rate = rate.max(1);
        self.replay(from, false, to.filter(|&to| to > from).map(|to| [from, to]));
    }

    /// The next faster (1) or slower (−1) of [`RATES`].
    pub fn step_rate(&mut self, step: i32) {
        let at = RATES.partition_point(|&rate| rate < self.rate) as i32;
        let wanted = usize::try_from((at + step).clamp(0, RATES.len() as i32 - 1)).unwrap_or(0);
        let (mode, now) = (self.mode, self.now());
        self.rate = RATES[wanted];
        if let ClockMode::Replay(replay) = mode {
            self.replay(now, replay.is_paused, replay.range);
        }
    }

    /// Shows `range` again and again from its beginning, or goes on from where
    /// it is without.
    pub fn toggle_loop(&mut self, range: [Time; 2]) {
        match self.mode {
            ClockMode::Replay(Replay { range: Some(_), is_paused, .. }) => self.replay(self.now(), is_paused, None),
            _ => self.play(range[0], Some(range[1]), self.rate),
        }
    }

    /// Shows `range` again and again: on from where it is if that lies inside,
    /// else from the beginning. A range without length changes nothing.
    pub fn set_loop(&mut self, [first, last]: [Time; 2]) {
        if first >= last {
            return;
        }
        let is_paused = matches!(self.mode, ClockMode::Replay(Replay { is_paused: true, .. }));
        let now = self.now();
        // Who is live asks for the past, and not for its last instant.
        let is_inside = first <= now && now <= last && !self.is_live();
        self.replay(if is_inside { now } else { first }, is_paused, Some([first, last]));
    }

    /// First and last instant of what is shown again and again.
    pub fn range(&self) -> Option<[Time; 2]> {
        match self.mode {
            ClockMode::Replay(replay) => replay.range,
            _ => None,
        }
    }

    fn replay(&mut self, at: Time, is_paused: bool, range: Option<[Time; 2]>) {
        let at = at.min(self.system);
        // Whoever leaves what is shown again and again has had enough of it.
        let range = range.filter(|[first, last]| *first <= at && at <= *last);
        if at == self.system && !is_paused && range.is_none() {
            self.mode = ClockMode::Live;
            return;
        }
        self.mode =
            ClockMode::Replay(Replay { at, since_ms: self.steady_ms, since_system: self.system, is_paused, range });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A clock that has been told `system` after `steady` milliseconds.
    fn told(system: i64, steady: i64) -> Clock {
        let mut clock = Clock::default();
        clock.tick(Time(system), steady);
        clock
    }

    #[test]
    fn a_replay_runs_at_its_rate_until_it_is_live() {
        let mut clock = told(1_000_000, 50);
        clock.play(Time(400_000), None, 60);
        clock.tick(Time(1_001_000), 1_050);
        assert_eq!((clock.now(), clock.system()), (Time(460_000), Time(1_001_000)));
        assert!(!clock.is_live() && clock.is_replaying());
        clock.step_rate(1);
        clock.tick(Time(1_002_000), 2_050);
        assert_eq!((clock.rate(), clock.now()), (300, Time(760_000)));
        clock.tick(Time(1_003_000), 3_050);
        assert!(clock.is_live());
        assert_eq!(clock.now(), Time(1_003_000));
    }

    #[test]
    fn a_loop_can_be_moved_while_it_runs() {
        let mut clock = told(1_000_000, 0);
        clock.set_loop([Time(100_000), Time(400_000)]);
        assert_eq!((clock.now(), clock.range()), (Time(100_000), Some([Time(100_000), Time(400_000)])));
        clock.tick(Time(1_000_100), 100);
        assert_eq!(clock.now(), Time(160_000));
        clock.set_loop([Time(150_000), Time(400_000)]);
        assert_eq!(clock.now(), Time(160_000), "it goes on from where it is");
        clock.set_loop([Time(200_000), Time(300_000)]);
        assert_eq!(clock.now(), Time(200_000));
        clock.tick(Time(1_000_300), 300);
        assert_eq!(clock.now(), Time(200_000 + 120_000 - 100_001));
        clock.toggle_pause();
        clock.set_loop([Time(0), Time(900_000)]);
        clock.tick(Time(1_001_300), 1_300);
        assert_eq!(clock.now(), Time(219_999), "and stands where it stood");
        clock.set_loop([Time(900_000), Time(900_000)]);
        assert_eq!(clock.range(), Some([Time(0), Time(900_000)]), "nothing to play");
    }

    #[test]
    fn a_clock_goes_on_from_where_it_was() {
        let mut clock = told(1_000_000, 0);
        clock.play(Time(200_000), Some(Time(800_000)), 60);
        clock.tick(Time(1_001_000), 1_000);
        let before = clock;
        clock.go_live();
        clock.tick(Time(1_031_000), 31_000);
        clock.resume(&before);
        assert_eq!((clock.now(), clock.range()), (Time(260_000), Some([Time(200_000), Time(800_000)])));
        clock.tick(Time(1_032_000), 32_000);
        assert_eq!(clock.now(), Time(320_000), "and runs");
        clock.resume(&told(5, 5));
        assert!(clock.is_live());
    }

    #[test]
    fn a_pause_keeps_the_instant_and_goes_on_from_there() {
        let mut clock = told(1_000_000, 0);
        clock.toggle_pause();
        clock.tick(Time(1_005_000), 5_000);
        assert_eq!(clock.now(), Time(1_000_000));
        clock.step_rate(-5);
        clock.toggle_pause();
        clock.tick(Time(1_006_000), 6_000);
        assert_eq!((clock.rate(), clock.now()), (1, Time(1_001_000)));
        clock.go_live();
        assert_eq!(clock.now(), Time(1_006_000));
    }

    #[test]
    fn a_range_is_shown_again_and_again() {
        let mut clock = told(10_000_000, 0);
        clock.toggle_loop([Time(1_000_000), Time(1_060_000)]);
        let at = |clock: &mut Clock, steady: i64| {
            clock.tick(Time(10_000_000 + steady), steady);
            clock.now()
        };
        assert_eq!(at(&mut clock, 50), Time(1_030_000));
        assert_eq!(at(&mut clock, 120), Time(1_011_999), "the last instant is shown too");
        clock.seek(Time(1_050_000));
        assert_eq!(at(&mut clock, 140), Time(1_001_999), "still a loop");
        clock.toggle_loop([Time(0), Time(1)]);
        assert_eq!(at(&mut clock, 240), Time(1_061_999), "goes on without");
        clock.seek(Time(2_000_000));
        assert_eq!(clock.now(), Time(2_000_000));
    }

    #[test]
    fn a_replay_that_was_left_goes_on_from_there() {
        let mut clock = told(10_000_000, 0);
        clock.play(Time(1_000_000), Some(Time(1_600_000)), 10);
        clock.tick(Time(10_001_000), 1_000);
        let left = clock;
        clock.go_live();
        clock.step_rate(1);
        clock.tick(Time(10_021_000), 21_000);
        clock.resume(&left);
        assert_eq!((clock.now(), clock.rate(), clock.range()), (Time(1_010_000), 10, left.range()));
        clock.tick(Time(10_022_000), 22_000);
        assert_eq!(clock.now(), Time(1_020_000));
        let paused = {
            let mut paused = clock;
            paused.toggle_pause();
            paused
        };
        clock.go_live();
        clock.resume(&paused);
        assert!(!clock.is_replaying() && clock.now() == Time(1_020_000));
        let live = told(10_000_000, 0);
        clock.resume(&live);
        assert!(clock.is_live());
        let mut fixed = Clock::new(ClockMode::Fixed(Time(5)));
        fixed.resume(&left);
        assert_eq!(fixed.now(), Time(5));
    }

    #[test]
    fn a_clock_that_is_set_does_not_throw_a_replay() {
        let mut clock = told(1_000_000_000, 0);
        clock.play(Time(900_000_000), None, 10);
        clock.tick(Time(2_000_000_000), 100);
        assert_eq!(clock.now(), Time(900_001_000));
        clock.tick(Time(0), 200);
        assert!(clock.now() <= Time(0), "never later than the system");
    }

    #[test]
    fn laps_that_are_over_do_not_count_again() {
        const DAY: i64 = 86_400_000;
        let mut clock = told(DAY / 2, 0);
        clock.toggle_loop([Time(0), Time(DAY - 1)]);
        let (mut shown, mut passed) = (clock.now().0, 0);
        // Eight hours, a look each second; half way the clock is set back.
        for second in 1..=28_800_i64 {
            let set_back = if second >= 14_400 { 5_000 } else { 0 };
            clock.tick(Time(DAY / 2 + second * 1_000 - set_back), second * 1_000);
            let step = clock.now().0 - shown;
            passed += if step >= 0 { step } else { 600_000 };
            assert!(step < 0 || step == 600_000, "{step} in second {second}");
            shown = clock.now().0;
        }
        assert_eq!(passed, 28_800 * 600_000);
    }

    #[test]
    fn a_moment_in_1970_does_not_end_a_replay() {
        let mut clock = told(1_000_000_000, 0);
        clock.play(Time(900_000_000), None, 10);
        clock.tick(Time(0), 100);
        clock.tick(Time(1_000_000_200), 200);
        assert_eq!((clock.is_replaying(), clock.now()), (true, Time(900_002_000)));
        clock.tick(Time(1_020_000_000), 20_000_000);
        assert!(clock.is_live());
    }

    #[test]
    fn a_film_stands_until_it_is_told_the_next_instant() {
        let mut clock = Clock::new(ClockMode::Film { at: Time(400_000), is_rolling: false });
        clock.tick(Time(1_000_000), 0);
        clock.tick(Time(1_060_000), 60_000);
        assert_eq!((clock.now(), clock.system()), (Time(400_000), Time(1_060_000)));
        assert!(clock.is_replaying() && !clock.is_live());
        clock.expose(Time(448_000), 1_440);
        clock.tick(Time(1_120_000), 120_000);
        assert_eq!((clock.now(), clock.rate(), clock.system()), (Time(448_000), 1_440, Time(1_060_000)));
    }

    #[test]
    fn a_loop_that_has_not_begun_is_none() {
        let mut clock = told(10_000_000, 0);
        clock.toggle_loop([Time(10_032_362), Time(10_032_363)]);
        clock.toggle_pause();
        assert_eq!(clock.now(), Time(10_000_000));
        clock.toggle_pause();
        clock.tick(Time(10_000_001), 0);
        assert_eq!(clock.now(), Time(10_000_001));
    }

    #[derive(Clone, Debug)]
    enum Hand {
        Pause,
        Seek(i64),
        Rate(i32),
        Loop(i64, i64),
        Live,
    }

    fn hand() -> impl Strategy<Value = Hand> {
        let instant = || 0..20_000_000_i64;
        prop_oneof![
            Just(Hand::Pause),
            instant().prop_map(Hand::Seek),
            (-2..3_i32).prop_map(Hand::Rate),
            (instant(), instant()).prop_map(|(a, b)| Hand::Loop(a.min(b), a.max(b))),
            Just(Hand::Live),
        ]
    }

    proptest! {
        #[test]
        fn whatever_hands_do(steps in prop::collection::vec((hand(), 0..5_000_i64, -50_000..50_000_i64), 1..40)) {
            let (mut system, mut steady) = (10_000_000, 0);
            let mut clock = told(system, steady);
            for (hand, passes, jump) in steps {
                let before = clock.now();
                match hand {
                    Hand::Pause => {
                        clock.toggle_pause();
                        prop_assert_eq!(clock.now(), before, "a pause moves nothing");
                    }
                    Hand::Seek(at) => {
                        clock.seek(Time(at));
                        prop_assert_eq!(clock.now(), Time(at.min(system)));
                    }
                    Hand::Rate(step) => {
                        clock.step_rate(step);
                        prop_assert_eq!(clock.now(), before, "another speed moves nothing");
                    }
                    Hand::Loop(first, last) => clock.toggle_loop([Time(first), Time(last)]),
                    Hand::Live => clock.go_live(),
                }
                (system, steady) = (system + passes + jump, steady + passes);
                clock.tick(Time(system), steady);
                prop_assert!(clock.now() <= Time(system), "never of the future");
                if let ClockMode::Replay(Replay { range: Some([first, last]), is_paused: false, .. }) = clock.mode() {
                    prop_assert!((first..=last).contains(&clock.now()) || Time(system) < first);
                }
            }
        }
    }
}
