//! What the fuzz targets look at: the program's own files, without anything
//! that draws.
//!
//! In: `src/` of the program, file by file, by their paths. Out: the same
//! modules in another crate, which builds in minutes under the fuzzer's
//! instruments.
//!
//! `config`, `domain` and `setup` are whole. Of `ingest` there is all that
//! reads; what connects is a double ([`ingest::client`], [`ingest::dial`]) that
//! hands out what the fuzzer wrote. [`oracle`] says what must be true of
//! whatever comes out; [`sample`] has sources to decode for.

pub mod ask;
#[path = "../../src/config/mod.rs"]
pub mod config;
#[path = "../../src/domain/mod.rs"]
pub mod domain;
pub mod ingest;
pub mod oracle;
pub mod sample;
#[path = "../../src/setup/mod.rs"]
pub mod setup;
