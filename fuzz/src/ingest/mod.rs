//! The program's `ingest`, without its threads: what reads is the program's,
//! what connects is a double.
//!
//! The modules stand here as in the program, so that `super::` and
//! `crate::ingest` lead to the same places. Modules that are private there and
//! have children of their own are declared in files of their own here: `mqtt`,
//! `sse`, `tiles`.

#[path = "../../../src/ingest/backoff.rs"]
pub mod backoff;
#[path = "../../../src/ingest/body.rs"]
pub mod body;
pub mod client;
#[path = "../../../src/ingest/credentials.rs"]
pub mod credentials;
#[path = "../../../src/ingest/decode/mod.rs"]
pub mod decode;
pub mod dial;
#[path = "../../../src/ingest/fault.rs"]
pub mod fault;
#[path = "../../../src/ingest/gate.rs"]
pub mod gate;
#[path = "../../../src/ingest/http.rs"]
pub mod http;
#[path = "../../../src/ingest/intake.rs"]
pub mod intake;
pub mod keeping;
#[path = "../../../src/ingest/kept/mod.rs"]
pub mod kept;
// rustfmt would look for its tests beside this file.
#[rustfmt::skip]
#[path = "../../../src/ingest/login.rs"]
pub mod login;
pub mod mqtt;
#[path = "../../../src/ingest/outlet.rs"]
pub mod outlet;
#[path = "../../../src/ingest/paging.rs"]
pub mod paging;
#[path = "../../../src/ingest/pictures.rs"]
pub mod pictures;
#[path = "../../../src/ingest/postgres/mod.rs"]
pub mod postgres;
#[path = "../../../src/ingest/client.rs"]
mod real_client;
#[path = "../../../src/ingest/dial.rs"]
mod real_dial;
#[path = "../../../src/ingest/service/mod.rs"]
pub mod service;
#[path = "../../../src/ingest/signature.rs"]
pub mod signature;
pub mod sse;
pub mod tiles;
#[path = "../../../src/ingest/tls.rs"]
pub mod tls;

pub use decode::normalized;
pub use decode::synonyms::synonyms;
pub use fault::{Fault, io_text};
