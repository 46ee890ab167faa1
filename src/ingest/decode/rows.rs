//! Rows of separated values.
//!
//! In: UTF-8 text. Out: the cells of one row after the other, trimmed, as the
//! `csv` crate cuts them (RFC 4180, and what real files make of it). Cells
//! point into the text; only a row in which quotes are doubled is copied, and
//! those go through `csv-core`.

use csv_core::ReadRecordResult;

use super::record::trimmed;

/// Rows of a text from a place on.
#[derive(Clone, Debug)]
pub struct Rows<'t> {
    text: &'t str,
    at: usize,
    /// Rows that begin here belong to somebody else.
    until: usize,
    separator: u8,
    cells: Vec<&'t str>,
    /// What copies odd rows, once there was one.
    copier: Option<Box<Copier>>,
}

/// Copies rows in which quotes are doubled.
#[derive(Clone, Debug)]
struct Copier {
    core: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// How a row was read.
enum Cut {
    /// Its cells are in the list; it ends here.
    Plain(usize),
    /// It has to be copied.
    Odd,
}

impl<'t> Rows<'t> {
    /// All rows of a text.
    pub fn new(text: &'t str, separator: u8) -> Self {
        Self { text, at: 0, until: text.len(), separator, cells: Vec::new(), copier: None }
    }

    /// The rows that begin in a part of the text.
    pub fn part(&self, start: usize, until: usize) -> Self {
        Self { text: self.text, at: start, until, separator: self.separator, cells: Vec::new(), copier: None }
    }

    /// The whole text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Where the next row begins, or empty lines before it.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Shows the cells of the next row; false when there is none.
    pub fn next_row(&mut self, see: impl FnOnce(&[&str])) -> bool {
        if !self.skip_empty_lines() {
            return false;
        }
        match self.cut_row() {
            Cut::Plain(end) => {
                self.at = end;
                see(&self.cells);
            }
            Cut::Odd => self.copy_row(see),
        }
        true
    }

    /// Counts what is left; `None` where the last row goes on behind the end.
    pub fn count_to_end(mut self) -> Option<usize> {
        let part = self.text.as_bytes().get(self.at..self.until)?;
        if let Some(count) = count_lines(part) {
            return Some(count);
        }
        let mut count = 0;
        let mut end = self.at;
        while self.next_row(|_| {}) {
            count += 1;
            end = self.at;
        }
        (end < self.until || end == self.text.len()).then_some(count)
    }

    fn skip_empty_lines(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b'\r' | b'\n')) {
            self.at += 1;
        }
        self.at < self.until
    }

    /// Cuts the row at this place.
    fn cut_row(&mut self) -> Cut {
        let bytes = self.text.as_bytes();
        self.cells.clear();
        let mut at = self.at;
        loop {
            let end = if bytes.get(at) == Some(&b'"') {
                let start = at + 1;
                let Some(length) = memchr::memchr(b'"', &bytes[start..]) else { return Cut::Odd };
                self.cells.push(trimmed(&self.text[start..start + length]));
                start + length + 1
            } else {
                let rest = &bytes[at..];
                let length = memchr::memchr3(self.separator, b'\n', b'\r', rest).unwrap_or(rest.len());
                self.cells.push(trimmed(&self.text[at..at + length]));
                at + length
            };
            match bytes.get(end) {
                Some(&byte) if byte == self.separator => at = end + 1,
                None | Some(b'\n' | b'\r') => return Cut::Plain(end),
                // A quote within quotes, or text behind them.
                Some(_) => return Cut::Odd,
            }
        }
    }

    /// Reads the row at this place the long way.
    fn copy_row(&mut self, see: impl FnOnce(&[&str])) {
        let input = &self.text.as_bytes()[self.at..];
        let copier = self.copier.get_or_insert_with(|| Box::new(Copier::new(self.separator)));
        let (read, cells) = copier.copy(input);
        self.at += read;
        let text = String::from_utf8_lossy(&copier.text);
        let ends = &copier.ends[..cells];
        let starts = [0].into_iter().chain(ends.iter().copied());
        let cells = starts.zip(ends).map(|(start, &end)| text.get(start..end).unwrap_or_default().trim());
        see(&cells.collect::<Vec<_>>());
    }
}

impl Copier {
    fn new(separator: u8) -> Self {
        let core = csv_core::ReaderBuilder::new().delimiter(separator).build();
        Self { core, text: vec![0; 1_024], ends: vec![0; 64] }
    }

    /// Copies the first row of `input`; tells how long it is and how many cells
    /// it has.
    fn copy(&mut self, input: &[u8]) -> (usize, usize) {
        loop {
            self.core.reset();
            let (mut result, mut read, written, mut cells) =
                self.core.read_record(input, &mut self.text, &mut self.ends);
            if result == ReadRecordResult::InputEmpty {
                // The text ends without the end of a line.
                let rest = self.core.read_record(&[], &mut self.text[written..], &mut self.ends[cells..]);
                (result, read, cells) = (rest.0, input.len(), cells + rest.3);
            }
            match result {
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 4, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 4, 0),
                _ => return (read, cells),
            }
        }
    }
}

/// Lines with anything in them; `None` where lines are not all that matters.
fn count_lines(text: &[u8]) -> Option<usize> {
    if memchr::memchr(b'"', text).is_some() {
        return None;
    }
    let (mut start, mut count, mut returns) = (0, 0, 0);
    for end in memchr::memchr_iter(b'\n', text) {
        let line = &text[start..end];
        let has_return = line.last() == Some(&b'\r');
        returns += usize::from(has_return);
        count += usize::from(line.len() > usize::from(has_return));
        start = end + 1;
    }
    let is_plain = memchr::memchr_iter(b'\r', text).count() == returns;
    is_plain.then_some(count + usize::from(start < text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_csv(text: &str) -> Vec<Vec<String>> {
        let mut builder = csv::ReaderBuilder::new();
        builder.flexible(true).has_headers(false).trim(csv::Trim::All);
        let mut reader = builder.from_reader(text.as_bytes());
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    fn by_rows(text: &str) -> Vec<Vec<String>> {
        let mut rows = Rows::new(text, b',');
        let mut all = Vec::new();
        while rows.next_row(|cells| all.push(cells.iter().map(|&cell| cell.to_owned()).collect())) {}
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn rows_are_cut_as_the_csv_crate_cuts_them(text in "([a甲 ,\"]|\r\n|\n|\r|\"\"|,,){0,40}") {
            // The crate takes a byte order mark away, and so does `text`.
            prop_assert_eq!(by_rows(&text), by_csv(&text));
        }

        #[test]
        fn counting_is_reading(text in "([a甲 ,\"]|\r\n|\n|\r){0,40}", until in 0..40_usize) {
            let until = until.min(text.len());
            let rows = Rows::new(&text, b',').part(0, until);
            let (mut reading, mut count) = (rows.clone(), 0);
            while reading.next_row(|_| {}) {
                count += 1;
            }
            if let Some(counted) = rows.count_to_end() {
                prop_assert_eq!(counted, count);
            }
        }
    }

    #[test]
    fn long_rows_with_quotes_are_copied_whole() {
        let cell = "甲\"\"乙".repeat(2_000);
        let text = format!("{}\n1,2\n", vec![format!("\"{cell}\""); 100].join(","));
        let rows = by_rows(&text);
        assert_eq!(rows, by_csv(&text));
        assert_eq!((rows.len(), rows[0].len()), (2, 100));
    }
}
