//! CSV and its relatives: one record per row, columns by header.
//!
//! In: UTF-8 text with a header row, separated by comma, semicolon or tab.
//! Out: elements whose record is an object of strings, so that everything
//! behind treats CSV and JSON alike. A row that cannot be read costs itself.

use serde_json::{Map, Value};

use crate::domain::finding::FindingKind;

use super::super::fault::Fault;
use super::elements::{Document, Element, ElementReader, Take};
use super::notes::Notes;

/// Separators that occur; the most frequent in the first line wins.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The separator of the first line; `None` when there is none in it.
pub fn separator(text: &[u8]) -> Option<u8> {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| line.iter().filter(|&&byte| byte == separator).count();
    SEPARATORS.into_iter().max_by_key(|&separator| count(separator)).filter(|&separator| count(separator) > 0)
}

/// Reads all rows behind the header.
///
/// # Errors
/// When there is no header.
pub fn read(
    text: &[u8],
    reader: &mut ElementReader,
    take: &mut impl Take,
    notes: &mut Notes,
) -> Result<Document, Fault> {
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(separator(text).unwrap_or(b','))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text);
    let headers: Vec<String> = match rows.headers() {
        Ok(headers) if !headers.is_empty() => headers.iter().map(str::to_owned).collect(),
        _ => return Err(Fault::Malformed("CSV 没有表头".into())),
    };
    let mut document = Document::default();
    let mut row = csv::StringRecord::new();
    loop {
        let read = rows.read_record(&mut row);
        if matches!(read, Ok(false)) {
            return Ok(document);
        }
        let Some(number) = reader.count_one() else {
            notes.add(FindingKind::Limit, &format!("#{}", document.elements), "超过条数上限,其余未读");
            return Ok(document);
        };
        document.elements += 1;
        if let Err(error) = read {
            let line = error.position().map_or(0, csv::Position::line);
            notes.add(FindingKind::Unreadable, &format!("#{number}"), format!("CSV 第 {line} 行无法识别"));
            continue;
        }
        let cells = headers.iter().zip(row.iter()).filter(|(_, cell)| !cell.is_empty());
        let record: Map<String, Value> =
            cells.map(|(header, cell)| (header.clone(), Value::String(cell.to_owned()))).collect();
        take.take(Element { number, record: Value::Object(record), ..Element::default() }, notes);
    }
}
