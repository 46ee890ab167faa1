//! From what a source sends to how it may be configured: what `quanyu check
//! --fix` and `quanyu init` propose.
//!
//! In: a [`Survey`](crate::domain::survey::Survey) of the records. Out: what the
//! records are ([`feed`]), where which field is ([`fields`], by [`names`]), what
//! words mean ([`words`]), what is to be changed ([`propose`]), written into a
//! configuration ([`fix`], shown by [`diff`]) or as a new one ([`draft`]). And from
//! what a hand arranged on the wall to the configuration that says so
//! ([`arrange`]).
//! Nothing here does I/O or decides anything by itself: each guess comes with how sure it
//! is and why.

pub mod arrange;
pub mod diff;
pub mod draft;
pub mod feed;
pub mod fields;
pub mod fix;
pub mod names;
pub mod propose;
pub mod words;
