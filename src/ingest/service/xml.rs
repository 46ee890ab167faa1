//! XML as services write it: no tree, no recursion, no entities but the usual.
//!
//! In: bytes. Out: each element with its attributes and each text, with the
//! names of the elements around it (without their prefixes).

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::ingest::fault::Fault;

/// Deeper nesting is none of what services say.
const MAX_DEPTH: usize = 64;

/// A piece of a document.
pub enum Piece<'a> {
    /// An element begins.
    Begin(&'a [(String, String)]),
    /// A text, trimmed.
    Text(&'a str),
}

/// Shows each piece with the names of the elements that it is in.
///
/// # Errors
/// When the document is damaged or too deep.
pub fn walk(bytes: &[u8], mut see: impl FnMut(&[String], Piece<'_>)) -> Result<(), Fault> {
    let text = String::from_utf8_lossy(bytes);
    let damaged = || Fault::Malformed("XML 有语法错误".into());
    let mut reader = Reader::from_str(&text);
    let mut path: Vec<String> = Vec::new();
    let mut content = String::new();
    loop {
        let event = reader.read_event().map_err(|_| damaged())?;
        let is_text = matches!(event, Event::Text(_) | Event::CData(_) | Event::GeneralRef(_));
        if !is_text && !content.trim().is_empty() {
            see(&path, Piece::Text(content.trim()));
        }
        if !is_text {
            content.clear();
        }
        match event {
            Event::Start(element) => {
                if path.len() >= MAX_DEPTH {
                    return Err(damaged());
                }
                path.push(name(element.local_name().as_ref()));
                see(&path, Piece::Begin(&attributes(&element)));
            }
            Event::Empty(element) => {
                path.push(name(element.local_name().as_ref()));
                see(&path, Piece::Begin(&attributes(&element)));
                path.pop();
            }
            Event::End(_) => _ = path.pop(),
            Event::Text(text) => content.push_str(&text.decode().map_err(|_| damaged())?),
            Event::CData(text) => content.push_str(&text.decode().map_err(|_| damaged())?),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten();
                let character = character.or(match &*reference.decode().map_err(|_| damaged())? {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => None,
                });
                content.extend(character);
            }
            Event::Eof if path.is_empty() => return Ok(()),
            Event::Eof => return Err(damaged()),
            _ => {}
        }
    }
}

fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn attributes(element: &BytesStart<'_>) -> Vec<(String, String)> {
    let written = element.attributes().flatten();
    written.map(|written| (name(written.key.local_name().as_ref()), name(&written.value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_with_their_path() {
        let mut seen = Vec::new();
        let xml = "<?xml version='1.0'?><a:x p='1'><y>甲&amp;<![CDATA[<乙>]]></y><z/></a:x>";
        walk(xml.as_bytes(), |path, piece| match piece {
            Piece::Begin(attributes) => seen.push(format!("{} {attributes:?}", path.join("/"))),
            Piece::Text(text) => seen.push(format!("{}={text}", path.join("/"))),
        })
        .unwrap();
        assert_eq!(seen, [r#"x [("p", "1")]"#, "x/y []", "x/y=甲&<乙>", "x/z []"]);
    }

    #[test]
    fn damage_and_depth_are_faults() {
        for xml in ["<a>", "<a></b>", "<a", &"<a>".repeat(100_000)] {
            assert!(walk(xml.as_bytes(), |_, _| {}).is_err(), "{}", &xml[..xml.len().min(20)]);
        }
    }
}
