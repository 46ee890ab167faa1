//! One look at one source: what `quanyu check` prints.
//!
//! In: a source. Out: what came, or why nothing did, within its deadlines.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::Source;
use crate::domain::crs::Crs;
use crate::domain::finding::Finding;
use crate::domain::survey::Survey;
use crate::domain::update::Records;

use super::IngestContext;
use super::decode::{Decoded, Decoder};
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
    /// What the records look like, where that was asked for.
    pub survey: Option<Box<Survey>>,
    /// The coordinate system that the data name, where that is another than the
    /// source's.
    pub other_crs: Option<Crs>,
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
    let decoder = Decoder::new(source, &context.zone, &context.stages);
    report(source, look(source, decoder, &Logins::new(context.zone.clone())))
}

/// Looks at all sources at once, because a stalled one must not hold up the
/// others; those with the same credentials log in once. With what the records
/// look like, also of sources of which no record can be used. Blocks, as
/// [`probe`].
pub fn survey_all(sources: &[Source], context: &IngestContext) -> Vec<ProbeReport> {
    let logins = Logins::new(context.zone.clone());
    look_at_all(sources, |source| {
        let decoder = Decoder::surveying(source, &context.zone, &context.stages);
        report(source, look(source, decoder, &logins))
    })
}

/// What one source sends, and what it looks like, or why nothing came.
///
/// # Errors
/// When nothing came.
pub fn survey(source: &Source, context: &IngestContext) -> Result<ProbeReport, Fault> {
    let decoder = Decoder::surveying(source, &context.zone, &context.stages);
    let (looked, took_ms) = look(source, decoder, &Logins::new(context.zone.clone()));
    Ok(report(source, (Ok(looked?), took_ms)))
}

fn look_at_all(sources: &[Source], look: impl Fn(&Source) -> ProbeReport + Sync) -> Vec<ProbeReport> {
    std::thread::scope(|scope| {
        let look = &look;
        let running: Vec<_> = sources.iter().map(|source| (source, scope.spawn(move || look(source)))).collect();
        running.into_iter().map(|(source, thread)| thread.join().unwrap_or_else(|_| broken(source))).collect()
    })
}

/// Of a look that broke down: a bug of ours must not pass for nothing sent.
fn broken(source: &Source) -> ProbeReport {
    report(source, (Err(Fault::Internal), 0))
}

/// What a look gave, and how long it took, milliseconds.
type Looked = (Result<(Decoded, u64), Fault>, u64);

fn look(source: &Source, decoder: Arc<Decoder>, logins: &Logins) -> Looked {
    let started = Instant::now();
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
    (looked, u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX))
}

fn report(source: &Source, (looked, took_ms): Looked) -> ProbeReport {
    let report = ProbeReport { source: source.id.clone(), took_ms, ..ProbeReport::default() };
    match looked {
        Ok((decoded, bytes)) => ProbeReport {
            error: decoded.useless().filter(|_| decoded.survey.is_some()).map(|fault| fault.to_string()),
            survey: decoded.survey,
            other_crs: decoded.other_crs,
            records: Some(decoded.records),
            findings: decoded.findings,
            findings_total: decoded.findings_total,
            bytes,
            ..report
        },
        Err(fault) => ProbeReport { error: Some(fault.to_string()), ..report },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_breaks_down_is_an_error_of_its_source() {
        let text = "[[sources]]\nid = \"a\"\nfeed = \"events\"\nkind = \"http\"\nurl = \"http://127.0.0.1:9/\"\n";
        let config = crate::config::Config::parse(text, std::path::Path::new("/t.toml")).expect("is valid");
        let reports = look_at_all(&config.sources, |_| panic!("of this test"));
        assert_eq!((reports.len(), reports[0].source.as_str()), (1, "a"));
        assert_eq!(reports[0].error.as_deref(), Some("解码器内部错误"));
    }
}
