//! Who may speak to the wall: those who paired, for a while, and other systems
//! with a token.
//!
//! In: what a request shows. Out: whose it is. Kept is only SHA-256 of each
//! secret, which is long and random and so needs no slower digest; a dump of
//! the memory lets nobody in.

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use super::equal;

/// Most who are paired at a time; of more, the one goes that ends first.
const MOST: usize = 64;

/// Letters of a name that are kept.
const NAME_LETTERS: usize = 40;

/// See the module.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Vec<Session>,
    tokens: Vec<([u8; 32], String)>,
}

#[derive(Debug)]
struct Session {
    digest: [u8; 32],
    name: String,
    ends_ms: u64,
}

impl Sessions {
    /// Nobody paired, and these tokens with the names of their owners.
    pub fn new(tokens: &[(String, String)]) -> Self {
        let tokens = tokens.iter().map(|(name, token)| (print_of(token), name.clone()));
        Self { open: Vec::new(), tokens: tokens.collect() }
    }

    /// Lets somebody in; the secret that they shall show, 256 bits. `None`
    /// where the system has no randomness.
    pub fn open(&mut self, name: &str, now_ms: u64, life_ms: u64) -> Option<String> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).ok()?;
        let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.open.retain(|session| now_ms < session.ends_ms);
        if self.open.len() >= MOST
            && let Some(first) = (0..self.open.len()).min_by_key(|&index| self.open[index].ends_ms)
        {
            self.open.swap_remove(first);
        }
        let ends_ms = now_ms.saturating_add(life_ms);
        let name = name.chars().filter(|letter| !letter.is_control()).take(NAME_LETTERS).collect();
        self.open.push(Session { digest: print_of(&secret), name, ends_ms });
        Some(secret)
    }

    /// Whose session a secret opens.
    pub fn session(&self, secret: &str, now_ms: u64) -> Option<&str> {
        let print = print_of(secret);
        // All are compared, whichever fits.
        let found = self.open.iter().fold(None, |found, session| match equal(&session.digest, &print) {
            true => Some(session),
            false => found,
        });
        found.filter(|session| now_ms < session.ends_ms).map(|session| session.name.as_str())
    }

    /// Whose token it is.
    pub fn token(&self, token: &str) -> Option<&str> {
        let print = print_of(token);
        self.tokens.iter().fold(None, |found, (known, name)| match equal(known, &print) {
            true => Some(name.as_str()),
            false => found,
        })
    }

    /// Ends a session.
    pub fn close(&mut self, secret: &str) {
        let print = print_of(secret);
        self.open.retain(|session| !equal(&session.digest, &print));
    }

    /// How many are paired.
    pub fn count(&self, now_ms: u64) -> usize {
        self.open.iter().filter(|session| now_ms < session.ends_ms).count()
    }
}

fn print_of(secret: &str) -> [u8; 32] {
    let mut print = [0; 32];
    print.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    print
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_its_own_session_until_that_ends() {
        let mut sessions = Sessions::default();
        let one = sessions.open("手机\n甲", 0, 1_000).expect("random");
        let other = sessions.open("乙", 500, 1_000).expect("random");
        assert!(one.len() == 64 && one != other);
        assert_eq!(sessions.session(&one, 999), Some("手机甲"));
        assert_eq!(sessions.session(&one, 1_000), None);
        assert_eq!(sessions.session(&other, 1_000), Some("乙"));
        for wrong in ["", "0", &one[1..], &other.to_uppercase()] {
            assert_eq!(sessions.session(wrong, 600), None);
        }
        assert_eq!((sessions.count(600), sessions.count(1_200), sessions.count(1_500)), (2, 1, 0));
        sessions.close(&other);
        assert_eq!(sessions.session(&other, 600), None);
    }

    #[test]
    fn of_too_many_the_one_goes_that_ends_first() {
        let mut sessions = Sessions::default();
        let secrets: Vec<String> = (0..=MOST as u64).map(|n| sessions.open("n", n, 100_000).expect("random")).collect();
        assert_eq!(sessions.count(100), MOST);
        assert_eq!(sessions.session(&secrets[0], 100), None);
        assert_eq!(sessions.session(&secrets[1], 100), Some("n"));
    }

    #[test]
    fn tokens_are_no_sessions_and_nothing_is_kept_of_either() {
        let mut sessions = Sessions::new(&[("工单系统".to_owned(), "0123456789abcdef".to_owned())]);
        let secret = sessions.open("甲", 0, 1_000).expect("random");
        assert_eq!(sessions.token("0123456789abcdef"), Some("工单系统"));
        assert_eq!(sessions.token("0123456789abcde"), None);
        assert_eq!(sessions.token(&secret), None);
        assert_eq!(sessions.session("0123456789abcdef", 1), None);
        let shown = format!("{sessions:?}");
        assert!(!shown.contains(&secret) && !shown.contains("0123456789abcdef"));
    }
}
