//! Event streams: the parser.

#[path = "../../../src/ingest/sse/heartbeat.rs"]
pub mod heartbeat;
#[path = "../../../src/ingest/sse/parser.rs"]
pub mod parser;
