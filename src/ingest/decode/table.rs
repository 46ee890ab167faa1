//! CSV and its relatives: one record per row, columns by header.
//!
//! In: UTF-8 text with a header row, separated by comma, semicolon or tab.
//! Out: elements whose record is a row, so that everything behind treats CSV
//! and JSON alike.
//!
//! How it works: a long table is cut behind ends of lines, and its pieces are
//! read on all processors. They count only if each, read to its end, arrives
//! where the next begins: an end of line within quotes is none.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::domain::finding::FindingKind;

use super::super::fault::Fault;
use super::elements::{Document, Element, ElementReader, Take};
use super::notes::Notes;
use super::record::{Record, Row};
use super::rows::Rows;

/// Separators that occur; the most frequent in the first line wins.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// Bytes that one processor reads at a time: some thousand rows. What a fuzzer
/// writes is shorter.
const PIECE_BYTES: usize = if cfg!(fuzzing) { 48 } else { 1 << 20 };

/// The separator of the first line; `None` when there is none in it.
pub fn separator(text: &str) -> Option<u8> {
    let line = text.split('\n').next().unwrap_or_default();
    let count = |separator: u8| line.bytes().filter(|&byte| byte == separator).count();
    SEPARATORS.into_iter().max_by_key(|&separator| count(separator)).filter(|&separator| count(separator) > 0)
}

/// Reads all rows behind the header.
///
/// # Errors
/// When there is no header.
pub fn read(
    text: &str,
    reader: &mut ElementReader,
    take: &mut impl Take,
    notes: &mut Notes,
) -> Result<Document, Fault> {
    read_in_pieces(text, PIECE_BYTES, reader, take, notes)
}

fn read_in_pieces(
    text: &str,
    piece_bytes: usize,
    reader: &mut ElementReader,
    take: &mut impl Take,
    notes: &mut Notes,
) -> Result<Document, Fault> {
    let mut rows = Rows::new(text, separator(text).unwrap_or(b','));
    let mut header = Vec::new();
    rows.next_row(|cells| header.extend(cells.iter().map(|&cell| cell.to_owned())));
    if header.is_empty() {
        return Err(Fault::Malformed("CSV 没有表头".into()));
    }
    let table = Table { is_odd: has_twins(&header), headers: header.into() };
    let mut document = Document::default();
    let pieces = cut(&rows, piece_bytes);
    let total = count(&pieces);
    if let Some(counts) = total
        && let Some(first) = reader.count_many(counts.iter().sum())
    {
        document.elements = counts.iter().sum();
        table.take_pieces(&pieces, &counts, first, take, notes);
        return Ok(document);
    }
    loop {
        let mut is_full = false;
        let has_row = rows.next_row(|cells| match reader.count_one() {
            Some(number) => table.take_row(cells, number, take, notes),
            None => is_full = true,
        });
        if is_full {
            notes.add(FindingKind::Limit, &format!("#{}", document.elements), "超过条数上限,其余未读");
        }
        if !has_row || is_full {
            return Ok(document);
        }
        document.elements += 1;
    }
}

/// Whether a name occurs twice.
fn has_twins(headers: &[String]) -> bool {
    let mut names = HashSet::new();
    !headers.iter().all(|header| names.insert(header.as_str()))
}

/// Cuts what is left of the table behind ends of lines.
fn cut<'t>(rows: &Rows<'t>, piece_bytes: usize) -> Vec<Rows<'t>> {
    let text = rows.text().as_bytes();
    let mut starts = vec![rows.offset()];
    let mut next = rows.offset() + piece_bytes;
    while let Some(length) = text.get(next..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        starts.push(next + length + 1);
        next += length + 1 + piece_bytes;
    }
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    starts.iter().zip(ends).map(|(&start, end)| rows.part(start, end)).collect()
}

/// How many rows each piece has; `None` where they are no pieces.
fn count(pieces: &[Rows<'_>]) -> Option<Vec<usize>> {
    pieces.par_iter().with_max_len(1).map(|piece| piece.clone().count_to_end()).collect()
}

/// What all rows of a table share.
struct Table {
    headers: Arc<[String]>,
    /// Two columns have the same name: the last that is not empty counts.
    is_odd: bool,
}

impl Table {
    fn element<'a>(&'a self, cells: &'a [&'a str], number: usize) -> Element<'a> {
        let mut record = Record::Row(Row { headers: &self.headers, cells });
        if self.is_odd {
            record = Record::Tree(record.into_tree());
        }
        Element { number, record, ..Element::default() }
    }

    fn take_row(&self, cells: &[&str], number: usize, take: &mut impl Take, notes: &mut Notes) {
        take.take(self.element(cells, number), notes);
    }

    fn take_rows(&self, mut rows: Rows<'_>, first: usize, take: &mut impl Take, notes: &mut Notes) {
        let mut number = first;
        while rows.next_row(|cells| self.take_row(cells, number, take, notes)) {
            number += 1;
        }
    }

    /// What the rows of each piece weigh together.
    fn weigh<T: Take>(&self, pieces: &[Rows<'_>], take: &T) -> Vec<usize> {
        if !take.has_weight() {
            return vec![0; pieces.len()];
        }
        let mut scales: Vec<(T, Rows<'_>)> = pieces.iter().map(|rows| (take.fork(0), rows.clone())).collect();
        let weigh = |(scale, rows): &mut (T, Rows<'_>)| {
            let mut weight = 0;
            while rows.next_row(|cells| weight += scale.weigh(&self.element(cells, 0))) {}
            weight
        };
        scales.par_iter_mut().with_max_len(1).map(weigh).collect()
    }

    fn take_pieces<T: Take>(
        &self,
        pieces: &[Rows<'_>],
        counts: &[usize],
        first: usize,
        take: &mut T,
        notes: &mut Notes,
    ) {
        take.expect(counts.iter().sum());
        if pieces.len() < 2 || rayon::current_num_threads() < 2 {
            let mut number = first;
            for (piece, count) in pieces.iter().zip(counts) {
                self.take_rows(piece.clone(), number, take, notes);
                number += count;
            }
            return;
        }
        let mut number = first;
        // Not all at once: what is decoded waits here, once more.
        let together = 2 * rayon::current_num_threads();
        for (pieces, counts) in pieces.chunks(together).zip(counts.chunks(together)) {
            let mut parts = Vec::with_capacity(pieces.len());
            let weights = self.weigh(pieces, take);
            let mut weight = 0;
            for ((piece, &count), own) in pieces.iter().zip(counts).zip(weights) {
                parts.push((take.fork(weight), Notes::default(), number, count, piece.clone()));
                number += count;
                weight += own;
            }
            parts.par_iter_mut().with_max_len(1).for_each(|(part, notes, first, count, rows)| {
                part.expect(*count);
                self.take_rows(rows.clone(), *first, part, notes);
            });
            for (part, found, ..) in parts {
                take.join(part);
                notes.append(found);
            }
        }
    }
}
