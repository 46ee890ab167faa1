//! The one clock that everything on the wall reads.

use super::time::Time;

/// Where the wall is in time.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum ClockMode {
    /// Follows the operating system's clock.
    #[default]
    Live,
    /// Stands still: snapshots, tests, a paused replay.
    Fixed(Time),
    /// Runs from `from`, `rate` times as fast as the system's clock, since
    /// the system's clock showed `since`.
    Replay {
        /// Shown instant at the start of the replay.
        from: Time,
        /// System instant at the start of the replay.
        since: Time,
        /// Shown seconds per second.
        rate: f64,
    },
}

/// The clock of the wall. Data ages are always judged by the system's time;
/// everything shown as "now" by the clock's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clock {
    mode: ClockMode,
    system: Time,
}

impl Clock {
    /// A clock in `mode` that has not been told the system's time yet.
    pub fn new(mode: ClockMode) -> Self {
        Self { mode, system: Time::default() }
    }

    /// Tells the system's time. Called once a frame, so that everything drawn
    /// in a frame agrees on what time it is.
    pub fn tick(&mut self, system: Time) {
        self.system = system;
    }

    /// The instant that the wall shows.
    pub fn now(&self) -> Time {
        match self.mode {
            ClockMode::Live => self.system,
            ClockMode::Fixed(at) => at,
            ClockMode::Replay { from, since, rate } => {
                from.plus_millis((self.system.millis_since(since) as f64 * rate) as i64)
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

    /// Where the wall is in time.
    pub fn mode(&self) -> ClockMode {
        self.mode
    }

    /// Moves to another mode.
    pub fn set_mode(&mut self, mode: ClockMode) {
        self.mode = mode;
    }

    /// Stops where it is, or goes back to live when it stands.
    pub fn toggle_pause(&mut self) {
        self.mode = match self.mode {
            ClockMode::Fixed(_) => ClockMode::Live,
            _ => ClockMode::Fixed(self.now()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_runs_at_its_rate() {
        let mut clock = Clock::new(ClockMode::Replay { from: Time(1_000), since: Time(50_000), rate: 60.0 });
        clock.tick(Time(51_000));
        assert_eq!(clock.now(), Time(61_000));
        assert_eq!(clock.system(), Time(51_000));
        assert!(!clock.is_live());
    }

    #[test]
    fn pause_keeps_the_shown_instant_and_resumes_live() {
        let mut clock = Clock::default();
        clock.tick(Time(7));
        clock.toggle_pause();
        clock.tick(Time(99));
        assert_eq!(clock.now(), Time(7));
        clock.toggle_pause();
        assert_eq!(clock.now(), Time(99));
    }
}
