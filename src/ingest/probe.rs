//! One look at one source: what `quanyu check` prints.
//!
//! In: a source. Out: what came, or why nothing did, within its deadlines.

use std::time::{Duration, Instant};

use crate::config::Source;
use crate::domain::finding::Finding;
use crate::domain::update::Records;

use super::IngestContext;
use super::decode::Decoder;
use super::fault::Fault;
use super::gate::Gate;
use super::login::Logins;
use super::worker::Worker;

/// Longest look at one source, whatever its deadlines: pages add up.
const LONGEST: Duration = Duration::from_secs(120);

/// What one look at a source found.
#[derive(Debug, Default)]
pub struct ProbeReport {
    /// The source's id.
    pub source: String,
    /// The records that came, masked and in WGS-84; `None` after an error.
    pub records: Option<Records>,
    /// Bytes that came, after decompression.
    pub bytes: u64,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// What was noticed, bounded.
    pub findings: Vec<Finding>,
    /// How much was noticed.
    pub findings_total: u64,
    /// Why nothing came, in one sentence without secrets.
    pub error: Option<String>,
}

impl ProbeReport {
    /// How many records came.
    pub fn count(&self) -> usize {
        self.records.as_ref().map_or(0, Records::len)
    }
}

/// Looks at `source` once and waits for the answer. Blocks; not to be called
/// from a thread that runs a tokio runtime.
pub fn probe(source: &Source, context: &IngestContext) -> ProbeReport {
    look(source, context, &Logins::new(context.zone.clone()))
}

/// Looks at all sources at once, because a stalled one must not hold up the
/// others; those with the same credentials log in once. Blocks, as [`probe`].
pub fn probe_all(sources: &[Source], context: &IngestContext) -> Vec<ProbeReport> {
    let logins = Logins::new(context.zone.clone());
    std::thread::scope(|scope| {
        let running: Vec<_> = sources.iter().map(|source| scope.spawn(|| look(source, context, &logins))).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

fn look(source: &Source, context: &IngestContext, logins: &Logins) -> ProbeReport {
    let started = Instant::now();
    let decoder = Decoder::new(source, &context.zone, &context.stages);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let looked = match runtime {
        Ok(runtime) => {
            let looked = runtime.block_on(async {
                let worker = Worker::new(source, decoder, Gate::default(), logins)?;
                let limit = tokio::time::timeout(LONGEST, worker.look()).await;
                limit.unwrap_or(Err(Fault::Whole { secs: LONGEST.as_secs_f64(), received: 0 }))
            });
            // A decoder that is still busy must not hold up the report.
            runtime.shutdown_background();
            looked
        }
        Err(error) => Err(Fault::Unusable(format!("tokio:{error}"))),
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let report = ProbeReport { source: source.id.clone(), took_ms, ..ProbeReport::default() };
    match looked {
        Ok((decoded, bytes)) => ProbeReport {
            records: Some(decoded.records),
            findings: decoded.findings,
            findings_total: decoded.findings_total,
            bytes,
            ..report
        },
        Err(fault) => ProbeReport { error: Some(fault.to_string()), ..report },
    }
}
