//! Brokers: the protocol and what a message is.

#[path = "../../../src/ingest/mqtt/codec.rs"]
pub mod codec;
// rustfmt would look for its tests beside this file.
#[rustfmt::skip]
#[path = "../../../src/ingest/mqtt/payload.rs"]
pub mod payload;
