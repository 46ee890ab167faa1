//! Long arrays of elements, read on all processors.
//!
//! In: a scanner at an array. Out: exactly what reading its elements one after
//! the other gives: the same records, findings and numbers, in the same order.
//!
//! How it works: the text is cut where an element seems to begin, and the
//! chunks are read at once. A chunk counts only when the one before it, read
//! to its end, arrives at its beginning; so a place that was guessed wrong, in
//! the middle of a text for example, costs time and nothing else. A chunk that
//! meets a fault or a limit does not count either: from its beginning on,
//! elements are read one by one, as they are in short arrays. What elements
//! mean is found out on all processors, too, once their numbers are known.

use rayon::prelude::*;

use super::super::geometry::GeometryReader;
use super::super::notes::Notes;
use super::super::scan::Scanner;
use super::{Element, ElementReader, Stop, Take};

/// Bytes of one chunk: some hundred elements, a millisecond of work. What a
/// fuzzer writes is shorter.
pub(super) const CHUNK_BYTES: usize = if cfg!(fuzzing) { 96 } else { 256 * 1_024 };

/// Chunks read at once, for each processor: several, because they differ.
const CHUNKS_PER_PROCESSOR: usize = 4;

/// Longest beginning of an element by which others are recognised.
const MAX_HEAD_BYTES: usize = 64;

/// A piece of an array.
struct Chunk {
    /// Where its first element begins, if it was guessed right.
    start: usize,
    /// The first element from here on is not its own any more.
    until: usize,
}

/// A chunk that was read.
struct ReadChunk<'t> {
    /// Its elements, or why they cannot be read.
    elements: Vec<Result<Element<'t>, String>>,
    /// Where the element behind it begins, or the text behind the array.
    end: usize,
    /// The array ends in it.
    is_last: bool,
    /// It could not be read to its end.
    is_broken: bool,
    /// Vertices of its geometries.
    vertices: usize,
    /// Vertices that must have been allowed for it.
    most_vertices: usize,
}

/// Where reading got to.
enum Progress {
    /// Nothing of what was read counts.
    None,
    /// The scanner is at an element.
    More,
    /// The scanner is behind the array.
    Done,
}

impl ElementReader {
    /// Reads all elements of the array at `scanner`.
    pub(super) fn read_array<T: Take>(
        &mut self,
        scanner: &mut Scanner<'_>,
        take: &mut T,
        notes: &mut Notes,
    ) -> Result<(), Stop> {
        if !scanner.open_array()? {
            return Ok(());
        }
        let mut is_parallel = rayon::current_num_threads() > 1;
        loop {
            if is_parallel {
                match self.read_chunks(scanner, take, notes) {
                    Progress::Done => return Ok(()),
                    Progress::More => continue,
                    Progress::None => is_parallel = false,
                }
            }
            self.read_element(scanner, take, notes)?;
            if !scanner.go_on()? {
                return Ok(());
            }
        }
    }

    /// Reads the next chunks of an array, as far as they count.
    fn read_chunks<T: Take>(&mut self, scanner: &mut Scanner<'_>, take: &mut T, notes: &mut Notes) -> Progress {
        let chunks = self.chunks(scanner);
        if chunks.len() < 2 {
            return Progress::None;
        }
        let text = scanner.text();
        let read: Vec<ReadChunk<'_>> =
            chunks.par_iter().with_max_len(1).map(|chunk| self.read_chunk(text, chunk)).collect();
        let mut progress = Progress::None;
        let mut at = chunks[0].start;
        let mut parts = Vec::with_capacity(read.len());
        let mut weight = 0;
        for (chunk, read) in chunks.iter().zip(read) {
            let elements = self.elements + read.elements.len();
            let is_within = elements <= self.options.max_elements && self.geometry.has_room(read.most_vertices);
            if chunk.start != at || read.is_broken || !is_within {
                break;
            }
            let part = take.fork(weight);
            weight += read.elements.iter().flatten().map(|element| take.weigh(element)).sum::<usize>();
            parts.push((part, Notes::default(), self.elements + 1, read.elements));
            self.elements = elements;
            self.geometry.spend(read.vertices);
            at = read.end;
            progress = if read.is_last { Progress::Done } else { Progress::More };
            if read.is_last {
                break;
            }
        }
        parts.par_iter_mut().with_max_len(1).for_each(|(part, notes, first, elements)| {
            for (number, element) in (*first..).zip(std::mem::take(elements)) {
                super::hand_over(number, element, part, notes);
            }
        });
        for (part, found, ..) in parts {
            take.join(part);
            notes.append(found);
        }
        scanner.jump(at);
        progress
    }

    /// Cuts what is left of the array; fewer than two chunks where that is not
    /// worth the while.
    fn chunks(&self, scanner: &mut Scanner<'_>) -> Vec<Chunk> {
        scanner.peek();
        let (text, first) = (scanner.text().as_bytes(), scanner.offset());
        let mut chunks = Vec::new();
        if text.len() - first < 2 * self.chunk_bytes {
            return chunks;
        }
        let Some(head) = head_of(scanner.clone()) else { return chunks };
        let count = CHUNKS_PER_PROCESSOR * rayon::current_num_threads();
        let mut start = first;
        while chunks.len() < count {
            let soft_end = start + self.chunk_bytes;
            let next = find_element(text, soft_end, head);
            chunks.push(Chunk { start, until: next.unwrap_or(soft_end) });
            match next {
                Some(next) => start = next,
                None => break,
            }
        }
        chunks
    }

    /// Reads one chunk, as if all that is still allowed were for it.
    fn read_chunk<'t>(&self, text: &'t str, chunk: &Chunk) -> ReadChunk<'t> {
        let geometry = GeometryReader::new(self.geometry.vertices_left());
        let mut reader = Self { options: self.options.clone(), geometry, elements: 0, chunk_bytes: self.chunk_bytes };
        let mut scanner = Scanner::new(text);
        scanner.jump(chunk.start);
        let mut elements = Vec::new();
        let (mut is_last, mut is_broken) = (false, false);
        while !is_last && !is_broken && scanner.offset() < chunk.until {
            match reader.read_one(&mut scanner) {
                Ok(element) => elements.push(element),
                Err(_) => is_broken = true,
            }
            match scanner.go_on() {
                Ok(has_more) => is_last = !has_more,
                Err(_) => is_broken = true,
            }
            if !is_last {
                scanner.peek();
            }
        }
        ReadChunk {
            elements,
            end: scanner.offset(),
            is_last,
            is_broken,
            vertices: reader.geometry.vertices_read(),
            most_vertices: reader.geometry.most_vertices(),
        }
    }
}

/// How an element of this array begins: its first key and, where that is a
/// GeoJSON type, the type, which tells a feature from its geometry.
fn head_of(mut scanner: Scanner<'_>) -> Option<&[u8]> {
    let start = scanner.offset();
    if !scanner.eat(b'{') {
        return None;
    }
    let key = scanner.raw_string().ok()?;
    if key == b"type" && scanner.eat(b':') {
        scanner.raw_string().ok()?;
    }
    let head = &scanner.text().as_bytes()[start..scanner.offset()];
    (head.len() <= MAX_HEAD_BYTES).then_some(head)
}

/// The first place from `from` on that looks like the beginning of an element
/// which is not the array's first.
fn find_element(text: &[u8], from: usize, head: &[u8]) -> Option<usize> {
    let mut from = from;
    loop {
        let at = from + text.get(from..)?.iter().position(|&byte| byte == b'{')?;
        let is_behind_comma = text[..at].trim_ascii_end().last() == Some(&b',');
        if text[at..].starts_with(head) && is_behind_comma {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::super::super::Decoder;
    use super::super::super::records::Collector;
    use super::super::super::tests::source;
    use super::super::ElementOptions;
    use super::*;
    use crate::config::source::Feed;

    /// All that reading a text gives, in words.
    fn read(feed: Feed, text: &str, chunk_bytes: usize, max_elements: usize, max_vertices: usize) -> String {
        let mut source = source(feed);
        source.limits.vertices = max_vertices;
        let decoder = Decoder::new(&source, &TimeZone::UTC, &[]);
        let options = ElementOptions { max_elements, ..ElementOptions::default() };
        let mut reader = ElementReader::new(options, max_vertices);
        reader.chunk_bytes = chunk_bytes;
        let (mut collector, mut notes) = (Collector::new(decoder), Notes::default());
        let document = reader.read(text, &mut collector, &mut notes);
        let records = collector.finish(&mut notes);
        format!("{document:?} {records:?} {} {:?}", notes.total(), notes.finish())
    }

    fn feature(name: &str, vertices: usize) -> String {
        let ring: Vec<String> = (0..vertices)
            .map(|i| {
                let (sin, cos) = (i as f64 / vertices as f64 * std::f64::consts::TAU).sin_cos();
                format!("[{cos:.6},{sin:.6}]")
            })
            .collect();
        format!(
            r#"{{"type":"Feature","properties":{{"name":{name}}},"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}"#,
            ring.join(",")
        )
    }

    /// Elements as they come, some of which look as if another began in them.
    fn element() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => (3..40_usize).prop_map(|vertices| feature("\"甲\"", vertices)),
            1 => Just(feature(r#""x , {\"type\":\"Feature\", y""#, 4)),
            1 => Just(feature(r#"[1 , {"type":"Feature", "properties":{}}, {"type":"Feature"}]"#, 5)),
            1 => Just(r#"{"type":"Feature","properties":{"code":"c"},"geometry":{"type":"GeometryCollection","geometries":[
                {"type":"Point","coordinates":[1,2]} , {"type":"Point","coordinates":[1,2]}]}}"#.to_owned()),
            1 => Just(r#"{"type":"Feature","properties":{"a":NaN},"geometry":null}"#.to_owned()),
            1 => Just(r#"{"type" "Feature"}"#.to_owned()),
            1 => Just("null".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn chunks_give_what_one_by_one_gives(
            elements in prop::collection::vec(element(), 0..60),
            cut in 0.0..1.3_f64,
            chunk_bytes in 1..2_000_usize,
            max_elements in prop_oneof![Just(1_000_usize), 0..60_usize],
            max_vertices in prop_oneof![Just(100_000_usize), 0..1_000_usize],
        ) {
            let whole = format!(r#"{{"type":"FeatureCollection","features":[ {} ],"next":"b"}}"#, elements.join(" ,\n"));
            let mut end = ((whole.len() as f64 * cut) as usize).min(whole.len());
            while !whole.is_char_boundary(end) {
                end += 1;
            }
            let text = &whole[..end];
            let together = read(Feed::Areas, text, chunk_bytes, max_elements, max_vertices);
            prop_assert_eq!(together, read(Feed::Areas, text, usize::MAX / 4, max_elements, max_vertices));
        }

        #[test]
        fn chunks_of_tracks_share_one_limit(
            lengths in prop::collection::vec(prop_oneof![9 => (0..40_usize).prop_map(Some), 1 => Just(None)], 0..60),
            chunk_bytes in 1..2_000_usize,
            most_points in prop_oneof![Just(100_000_usize), 0..1_500_usize],
        ) {
            let point = |i: usize| format!("[{},118.8,{}]", 1_755_219_900_000_usize + i * 60_000, 32.0 + i as f64 * 1e-4);
            let track = |(n, length): (usize, &Option<usize>)| match length {
                // No points at all, and none that is read.
                None => format!(r#"{{"id":"t{n}" "points":[]}}"#),
                Some(length) => {
                    let points: Vec<String> = (0..*length).map(point).collect();
                    format!(r#"{{"id":"t{n}","points":[{}]}}"#, points.join(","))
                }
            };
            let text = format!("[{}]", lengths.iter().enumerate().map(track).collect::<Vec<_>>().join(" ,\n"));
            let together = read(Feed::Tracks, &text, chunk_bytes, 1_000, most_points);
            prop_assert_eq!(together, read(Feed::Tracks, &text, usize::MAX / 4, 1_000, most_points));
        }
    }

    #[test]
    fn most_of_a_long_array_is_read_in_chunks() {
        let elements = vec![feature("\"a\"", 12); 500].join(",");
        let text = format!("[{elements}]");
        let mut reader = ElementReader::new(ElementOptions { max_elements: 1_000, ..Default::default() }, 1_000_000);
        reader.chunk_bytes = 1_000;
        let mut scanner = Scanner::new(&text);
        assert!(scanner.open_array().unwrap());
        let chunks = reader.chunks(&mut scanner);
        assert_eq!(chunks.len(), CHUNKS_PER_PROCESSOR * rayon::current_num_threads());
        for pair in chunks.windows(2) {
            let read = reader.read_chunk(&text, &pair[0]);
            assert!(!read.is_broken && !read.is_last && read.end == pair[1].start);
            assert_eq!(read.vertices, 12 * read.elements.len());
        }
    }

    #[test]
    fn rows_and_records_in_envelopes_are_read_in_chunks_too() {
        let rows: Vec<String> = (0..300)
            .map(|i| format!(r#"{{"id":{i},"time":1755219900000,"lon":118.8,"lat":32,"x":[{{"id":1}} , {{"id":2}}]}}"#))
            .collect();
        let text = format!(r#"{{"code":200,"data":{{"records":[{}],"total":300}}}}"#, rows.join(","));
        let together = read(Feed::Events, &text, 200, 1_000, 1_000);
        assert!(together.contains("\"299\""), "{together}");
        assert_eq!(together, read(Feed::Events, &text, usize::MAX / 4, 1_000, 1_000));
    }
}
