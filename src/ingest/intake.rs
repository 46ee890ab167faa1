//! From messages that were pushed to records.
//!
//! In: the messages that could be read at once. Out: their records as one batch:
//! decoded where they are while they are few, on a blocking thread when they are
//! many or when anything is to be computed. A message that cannot be read is a
//! finding: the stream itself is well.

use std::sync::Arc;
use std::time::Duration;

use super::decode::{Batch, Decoded, Decoder, Format};
use super::fault::Fault;
use super::gate::Gate;
use super::outlet::Closed;
#[cfg(any(feature = "websocket", feature = "mqtt"))]
use crate::domain::finding::{Finding, FindingKind};

/// Messages of up to this many bytes are decoded where they are: moving them
/// to another thread would take longer.
const SMALL_BYTES: usize = 64 << 10;

/// Signs of life are reported at most this often.
pub const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Decodes what one source pushes.
pub struct Intake {
    decoder: Arc<Decoder>,
    gate: Gate,
}

/// Why reading a stream ended.
pub enum End {
    /// It broke: it is opened again.
    Fault(Fault),
    /// The wall closes.
    Closed,
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

/// One message.
pub trait Message: Send + 'static {
    /// Its length, bytes.
    fn bytes(&self) -> usize;
}

impl Message for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Intake {
    /// For a source's decoder.
    pub fn new(decoder: Arc<Decoder>, gate: Gate) -> Self {
        Self { decoder, gate }
    }

    /// What a whole answer says about why it holds no records, if it does.
    pub async fn refusal(&self, body: Vec<u8>) -> Option<Fault> {
        let mut batch = Batch::new(&self.decoder);
        let fault = self.gate.run(move || batch.read(&body, Format::Json).err()).await.ok()?;
        fault.filter(|fault| matches!(fault, Fault::Refused { .. }))
    }

    /// The source's decoder.
    #[cfg(feature = "mqtt")]
    pub fn decoder(&self) -> &Arc<Decoder> {
        &self.decoder
    }

    /// What a look finds where all is well and nothing was sent meanwhile.
    #[cfg(any(feature = "websocket", feature = "mqtt"))]
    pub fn nothing(&self, secs: f64) -> Decoded {
        let mut decoded = Batch::new(&self.decoder).finish();
        // Of nothing, nothing is useless.
        decoded.survey = None;
        let message = format!("已连接,{secs} 秒内没有消息");
        decoded.findings.push(Finding::new(FindingKind::Unreadable, "…", message));
        decoded.findings_total += 1;
        decoded
    }

    /// Decodes messages together; `read` reads one of them.
    ///
    /// # Errors
    /// When a decoder breaks down.
    pub async fn decode<M: Message>(
        &self,
        messages: Vec<M>,
        read: impl Fn(&mut Batch, &M) -> Result<(), Fault> + Send + 'static,
    ) -> Result<Decoded, Fault> {
        // An expression may take its time, whatever the length of the message.
        let is_small = !self.decoder.computes() && messages.iter().map(Message::bytes).sum::<usize>() <= SMALL_BYTES;
        let mut batch = Batch::new(&self.decoder);
        let work = move || {
            for message in &messages {
                if let Err(fault) = read(&mut batch, message) {
                    batch.note_unreadable(&fault);
                }
            }
            batch.finish()
        };
        if is_small { Ok(work()) } else { self.gate.run(work).await }
    }
}

/// Most bytes of messages that are decoded together.
#[cfg(any(feature = "websocket", feature = "mqtt", feature = "postgres"))]
pub const MAX_BATCH_BYTES: usize = 1 << 20;

/// Most messages that are decoded together.
#[cfg(any(feature = "websocket", feature = "mqtt", feature = "postgres"))]
pub const MAX_BATCH_MESSAGES: usize = 16_384;

#[cfg(test)]
mod tests {
    use std::thread::{ThreadId, current};

    use jiff::tz::TimeZone;

    use super::*;
    use crate::config::Source;
    use crate::config::source::{Feed, FieldRule};
    use crate::domain::expression::Expression;
    use crate::ingest::decode::tests::source;

    /// The thread on which a small message is read.
    async fn thread_of(source: &Source) -> ThreadId {
        let (told, threads) = std::sync::mpsc::channel();
        let intake = Intake::new(Decoder::new(source, &TimeZone::UTC, &[]), Gate::default());
        let read = move |_: &mut Batch, _: &String| told.send(current().id()).map_err(|_| Fault::Internal);
        intake.decode(vec!["{}".to_owned()], read).await.unwrap();
        threads.recv().unwrap()
    }

    #[tokio::test]
    async fn what_is_computed_is_computed_elsewhere() {
        let plain = source(Feed::Events);
        assert_eq!(thread_of(&plain).await, current().id());
        let mut computing = plain.clone();
        let rule = FieldRule::Computed(Expression::parse("a ~ b").unwrap());
        computing.fields.insert("title".into(), rule);
        assert_ne!(thread_of(&computing).await, current().id());
    }
}
