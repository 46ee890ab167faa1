//! Pairing: a code on the wall's own screen, typed where the remote control is.
//!
//! In: the instant, milliseconds that only grow. Out: the code that the screen
//! shows, and whether one that was typed is it.
//!
//! How it works: who reads the screen stands before it. A code has six digits,
//! lives two minutes and lets one in. Nobody can try them all: after five wrong
//! ones nothing is even looked at for half a minute, and twice as long after
//! each further one. There is no code unless a hand asked for it.

use ring::rand::{SecureRandom, SystemRandom};

use super::equal;

/// How long a code lives, milliseconds.
pub const CODE_LIFE_MS: u64 = 120_000;

/// Wrong codes that cost nothing.
const FREE_TRIES: u32 = 5;

/// The first pause, milliseconds.
const FIRST_PAUSE_MS: u64 = 30_000;

/// The longest pause, milliseconds.
const LONGEST_PAUSE_MS: u64 = 3_600_000;

/// What became of a code that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It is the one; it is used up now.
    Paired,
    /// It is not, or there is none.
    Wrong,
    /// Nobody looks at codes for so many milliseconds.
    Paused {
        /// Until then.
        for_ms: u64,
    },
}

/// See the module.
#[derive(Debug, Default)]
pub struct Pairing {
    code: Option<Code>,
    wrong: u32,
    paused_until_ms: u64,
}

struct Code {
    digits: String,
    ends_ms: u64,
}

/// Never shows the code.
impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code(…, ends {})", self.ends_ms)
    }
}

impl Pairing {
    /// Makes a code, in place of the one before.
    pub fn open(&mut self, now_ms: u64) {
        self.code = code().map(|digits| Code { digits, ends_ms: now_ms.saturating_add(CODE_LIFE_MS) });
    }

    /// Forgets the code.
    pub fn close(&mut self) {
        self.code = None;
    }

    /// The code, and milliseconds until it ends.
    pub fn shown(&self, now_ms: u64) -> Option<(&str, u64)> {
        let code = self.code.as_ref().filter(|code| now_ms < code.ends_ms)?;
        Some((&code.digits, code.ends_ms - now_ms))
    }

    /// Looks at a code that was typed.
    pub fn try_code(&mut self, typed: &str, now_ms: u64) -> Tried {
        if now_ms < self.paused_until_ms {
            return Tried::Paused { for_ms: self.paused_until_ms - now_ms };
        }
        let is_it = self.shown(now_ms).is_some_and(|(code, _)| equal(code.as_bytes(), typed.as_bytes()));
        if is_it {
            *self = Self::default();
            return Tried::Paired;
        }
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong >= FREE_TRIES {
            let doublings = (self.wrong - FREE_TRIES).min(16);
            let pause_ms = (FIRST_PAUSE_MS << doublings).min(LONGEST_PAUSE_MS);
            self.paused_until_ms = now_ms.saturating_add(pause_ms);
            // Whoever guesses shall not have the same code to guess at.
            self.code = None;
        }
        Tried::Wrong
    }
}

/// Six digits, each code as likely as any other; `None` where the system has no
/// randomness.
fn code() -> Option<String> {
    // Of 2³², the largest multiple of a million: above it some codes would be
    // likelier.
    const LIMIT: u32 = u32::MAX - u32::MAX % 1_000_000;
    let random = SystemRandom::new();
    for _ in 0..64 {
        let mut bytes = [0; 4];
        random.fill(&mut bytes).ok()?;
        let number = u32::from_le_bytes(bytes);
        if number < LIMIT {
            return Some(format!("{:06}", number % 1_000_000));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other_than(code: &str) -> &'static str {
        if code == "000000" { "111111" } else { "000000" }
    }

    #[test]
    fn a_code_lets_one_in_within_two_minutes() {
        let mut pairing = Pairing::default();
        assert_eq!(pairing.shown(0), None);
        assert_eq!(pairing.try_code("", 0), Tried::Wrong, "no code is not the empty code");
        pairing.open(1_000);
        let code = pairing.shown(1_000).expect("open").0.to_owned();
        assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
        assert_eq!(pairing.shown(121_000 - 1), Some((code.as_str(), 1)));
        assert_eq!(pairing.try_code(&code, 121_000), Tried::Wrong, "too late");
        pairing.open(130_000);
        let code = pairing.shown(130_000).expect("open").0.to_owned();
        assert_eq!(pairing.try_code(&code, 131_000), Tried::Paired);
        assert_eq!(pairing.try_code(&code, 131_001), Tried::Wrong, "used up");
        assert_eq!(pairing.shown(131_001), None);
    }

    #[test]
    fn who_guesses_waits_ever_longer_and_guesses_at_another_code() {
        let mut pairing = Pairing::default();
        pairing.open(0);
        let code = pairing.shown(0).expect("open").0.to_owned();
        for _ in 0..5 {
            assert_eq!(pairing.try_code(other_than(&code), 10), Tried::Wrong);
        }
        assert_eq!(pairing.shown(10), None);
        assert_eq!(pairing.try_code(&code, 10), Tried::Paused { for_ms: 30_000 });
        pairing.open(20);
        let fresh = pairing.shown(20).expect("open").0.to_owned();
        assert_eq!(pairing.try_code(&fresh, 20), Tried::Paused { for_ms: 29_990 }, "even the right one");
        let mut now_ms = 30_010;
        for pause_ms in [60_000, 120_000, 240_000, 480_000, 960_000, 1_920_000, 3_600_000, 3_600_000] {
            assert_eq!(pairing.try_code("x", now_ms), Tried::Wrong);
            assert_eq!(pairing.try_code("x", now_ms), Tried::Paused { for_ms: pause_ms });
            now_ms += pause_ms;
        }
        pairing.open(now_ms);
        let fresh = pairing.shown(now_ms).expect("open").0.to_owned();
        assert_eq!(pairing.try_code(&fresh, now_ms), Tried::Paired, "and then all is well again");
        assert_eq!(pairing.try_code("x", now_ms), Tried::Wrong);
        assert_eq!(pairing.try_code("x", now_ms), Tried::Wrong);
    }

    #[test]
    fn a_closed_code_is_none_and_debug_shows_none() {
        let mut pairing = Pairing::default();
        pairing.open(0);
        let code = pairing.shown(0).expect("open").0.to_owned();
        assert!(!format!("{pairing:?}").contains(&code));
        pairing.close();
        assert_eq!(pairing.try_code(&code, 1), Tried::Wrong);
    }
}
