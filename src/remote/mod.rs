//! The remote control: the wall lets itself be told what to show, by a phone
//! that was paired with a code on the screen, and by other systems with a token.
//!
//! In: requests over HTTP, where `[remote]` says; what the wall shows now
//! ([`Remote::publish`]). Out: [`Asked`], which whoever holds the wall carries
//! out and answers; a page for browsers; `openapi.json` for programs.
//!
//! How it works: a thread of its own answers requests and knows nothing of the
//! wall but what was published last. What is asked for waits in a bounded
//! channel for the next frame, and the request for its answer. `guard` stands
//! before everything: which names a request may come under, who asks, what it
//! may carry.

mod command;
mod connections;
mod guard;
mod page;
mod pairing;
mod picture;
mod problem;
mod routes;
mod server;
mod sessions;
mod shared;
mod state;

pub use command::{Asked, Command, Refusal, Reply, Thing};
pub use pairing::{CODE_LIFE_MS, Pairing, Tried};
pub use routes::{OPENAPI, TABLE};
pub use server::{Remote, RemoteError};
pub use sessions::Sessions;
pub use state::{AlertState, AreaRef, ClockMode, ClockState, LayerState, State};

/// Whether two byte strings are equal, in a time that does not tell where they
/// differ.
fn equal(a: &[u8], b: &[u8]) -> bool {
    let differences = a.iter().zip(b).fold(0, |all, (a, b)| std::hint::black_box(all | (a ^ b)));
    a.len() == b.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::equal;

    #[test]
    fn equal_is_equality() {
        assert!(equal(b"", b"") && equal(b"123456", b"123456"));
        for (a, b) in [("", "1"), ("123456", "12345"), ("123456", "023456"), ("123456", "123457")] {
            assert!(!equal(a.as_bytes(), b.as_bytes()) && !equal(b.as_bytes(), a.as_bytes()));
        }
    }
}
