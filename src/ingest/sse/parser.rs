//! The parser of event streams (WHATWG HTML, 9.2.6).
//!
//! In: chunks of bytes, cut anywhere. Out: the data of whole events, and the
//! stream's wishes: `id:` for the next connection, `retry:` for the wait
//! before it. Comments (`:` heartbeats) and event names carry no data here.

use std::time::Duration;

use super::super::fault::Fault;

/// Longest line, and most data of one event, bytes.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// A stream being read.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    data: Vec<u8>,
    id: Option<String>,
    last_event_id: Option<String>,
    retry: Option<Duration>,
    had_comment: bool,
    /// The last byte was CR: an LF right after it belongs to the same end.
    after_cr: bool,
    started: bool,
}

impl Parser {
    /// Reads a chunk; returns the data of the events that it completes.
    ///
    /// # Errors
    /// When a line or an event is too long.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<String>, Fault> {
        let mut messages = Vec::new();
        let mut rest = chunk;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            self.line.extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
            if self.line.len() > MAX_MESSAGE_BYTES {
                return Err(Fault::LineTooLong { limit: MAX_MESSAGE_BYTES });
            }
            let Some(end) = end else { break };
            self.after_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut self.line);
            messages.extend(self.take_line(&line)?);
            self.line = line;
            self.line.clear();
        }
        Ok(messages)
    }

    /// Takes one line without its end; returns the data of an event that it
    /// completes.
    fn take_line(&mut self, line: &[u8]) -> Result<Option<String>, Fault> {
        let line = if self.started { line } else { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) };
        self.started = true;
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"" => self.had_comment = true,
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
                if self.data.len() > MAX_MESSAGE_BYTES {
                    return Err(Fault::LineTooLong { limit: MAX_MESSAGE_BYTES });
                }
            }
            b"id" if !value.contains(&0) => self.id = Some(String::from_utf8_lossy(value).into_owned()),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.retry = millis.map(Duration::from_millis);
            }
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<String> {
        self.last_event_id.clone_from(&self.id);
        let data = std::mem::take(&mut self.data);
        let data = data.strip_suffix(b"\n")?;
        Some(String::from_utf8_lossy(data).into_owned())
    }

    /// The id of the last complete event.
    pub fn last_event_id(&self) -> Option<String> {
        self.last_event_id.clone()
    }

    /// Whether a comment (a heartbeat) came since the last call.
    pub fn take_comment(&mut self) -> bool {
        std::mem::take(&mut self.had_comment)
    }

    /// The wait that the stream asked for since the last call.
    pub fn take_retry(&mut self) -> Option<Duration> {
        self.retry.take()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let mut parser = Parser::default();
        let stream =
            b"\xEF\xBB\xBF: test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n";
        assert_eq!(parser.feed(stream).unwrap(), ["first event", "second event"]);
        assert_eq!(parser.last_event_id().as_deref(), Some(""));
        assert!(parser.take_comment() && !parser.take_comment());
        assert_eq!(parser.feed(b"\n").unwrap(), [" third event"]);
        assert_eq!(Parser::default().feed(b"data: YHOO\ndata: +2\ndata: 10\n\n").unwrap(), ["YHOO\n+2\n10"]);
        assert_eq!(Parser::default().feed(b"data\n\ndata\ndata\n\ndata:").unwrap(), ["", "\n"]);
    }

    #[test]
    fn retry_takes_digits_only() {
        let mut parser = Parser::default();
        parser.feed(b"retry: 2500\n\n").unwrap();
        assert_eq!(parser.take_retry(), Some(Duration::from_millis(2_500)));
        parser.feed(b"retry: soon\nretry:\n\n").unwrap();
        assert_eq!(parser.take_retry(), None);
    }

    #[test]
    fn an_endless_line_and_an_endless_event_are_cut_off() {
        let mut parser = Parser::default();
        let fed: Result<Vec<_>, _> = (0..5).map(|_| parser.feed(&vec![b'x'; 1 << 20])).collect();
        assert!(matches!(fed, Err(Fault::LineTooLong { .. })));
        let mut parser = Parser::default();
        let line = [b"data:".as_slice(), &vec![b'x'; 1 << 20], b"\n"].concat();
        let fed: Result<Vec<_>, _> = (0..5).map(|_| parser.feed(&line)).collect();
        assert!(matches!(fed, Err(Fault::LineTooLong { .. })));
    }

    proptest! {
        #[test]
        fn where_chunks_are_cut_makes_no_difference(
            stream in "(data:[a-z\r\n: ]{0,8}|id:[0-9]{0,3}|:|\r\n|\n|\r|\n\n){0,30}",
            cut in 0_usize..200,
        ) {
            let mut whole = Parser::default();
            let expected = whole.feed(stream.as_bytes()).unwrap();
            let (head, tail) = stream.as_bytes().split_at(cut.min(stream.len()));
            let mut cut = Parser::default();
            let mut found = cut.feed(head).unwrap();
            found.extend(cut.feed(tail).unwrap());
            prop_assert_eq!(found, expected);
            prop_assert_eq!(cut.last_event_id(), whole.last_event_id());
        }
    }
}
