//! The files of a Shapefile, for every feed.
//!
//! In: the feed, how it writes, then each file behind its length of two bytes:
//! shapes, properties, index, encoding, coordinate system. One that is empty is
//! not there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::domain::crs::wkt;
use quanyu_fuzz::ingest::decode::ShapeSet;
use quanyu_fuzz::oracle;
use quanyu_fuzz::sample::{decode_shapes, source_of};

/// The next file, as much as there is of it.
fn next(rest: &mut &[u8]) -> Vec<u8> {
    let Some((length, behind)) = rest.split_first_chunk::<2>() else { return Vec::new() };
    let length = usize::from(u16::from_le_bytes(*length)).min(behind.len());
    let (file, behind) = behind.split_at(length);
    *rest = behind;
    file.to_vec()
}

fuzz_target!(|data: &[u8]| {
    let Some((&head, mut rest)) = data.split_first_chunk::<2>() else { return };
    let source = source_of(head);
    let [shp, dbf, shx, cpg, prj] = std::array::from_fn(|_| next(&mut rest));
    let [shx, cpg, prj] = [shx, cpg, prj].map(|file| Some(file).filter(|file| !file.is_empty()));
    if let Some(named) = prj.as_deref().and_then(|prj| wkt::named(&String::from_utf8_lossy(prj))) {
        assert!(!format!("{named:?}").is_empty());
    }
    match decode_shapes(&source, &ShapeSet { shp, shx, dbf, cpg, prj }) {
        Ok(decoded) => oracle::check(&decoded, &source),
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
});
