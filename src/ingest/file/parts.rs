//! The files that a source of kind `file` consists of: one, or the set of a
//! Shapefile.
//!
//! In: the path that the configuration names. Out: what tells versions apart,
//! whether a change concerns the source, and the records.
//!
//! How it works: what ends in `.shp` has its other parts beside it, under the
//! same name. Endings are written in small or capital letters, whatever that of
//! the first is. A set of which one part is newer than the others may be half
//! copied: its numbers do not agree then, and the decoder refuses it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::super::decode::{Batch, Format, ShapeSet};
use super::super::fault::Fault;
use super::{Version, read_bounded, version_of};

/// Endings of the parts beside a `.shp`.
const BESIDE: [&str; 4] = ["dbf", "shx", "cpg", "prj"];

/// The parts that are a line of text are no longer.
const MAX_LINE_BYTES: u64 = 64 << 10;

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending))
}

/// Whether a file is a Shapefile by its name.
fn is_shapefile(path: &Path) -> bool {
    has_ending(path, "shp")
}

/// A part beside a `.shp`, if it is there.
fn beside(path: &Path, ending: &str) -> Option<PathBuf> {
    let mut capital = ending.to_owned();
    capital[..1].make_ascii_uppercase();
    let spellings = [ending.to_owned(), ending.to_ascii_uppercase(), capital];
    spellings.into_iter().map(|ending| path.with_extension(ending)).find(|path| path.is_file())
}

/// The versions of all files of a source; nothing in the place of those that
/// are missing and not named.
///
/// # Errors
/// When the file that is named is not there.
pub fn versions(path: &Path) -> Result<Vec<Option<Version>>, Fault> {
    let mut versions = vec![Some(version_of(path)?)];
    if is_shapefile(path) {
        versions.extend(BESIDE.map(|ending| version_of(&beside(path, ending)?).ok()));
    }
    Ok(versions)
}

/// Whether a file in the folder of a source is one of its files.
pub fn is_of(path: &Path, source: &Path) -> bool {
    let is_part = || path.file_stem() == source.file_stem() && BESIDE.iter().any(|ending| has_ending(path, ending));
    path.file_name() == source.file_name() || is_shapefile(source) && is_part()
}

/// Reads all files of a source, of at most `limit` bytes together; tells how
/// many they were.
///
/// # Errors
/// When a file is missing, too long or no data.
pub fn read_into(batch: &mut Batch, path: &Path, limit: u64) -> Result<u64, Fault> {
    if !is_shapefile(path) {
        let body = read_bounded(path, limit)?;
        batch.read(&body, Format::of_path(path))?;
        return Ok(body.len() as u64);
    }
    let mut left = limit;
    let mut read = |path: &Path| {
        let too_large = |fault| if matches!(fault, Fault::TooLarge { .. }) { Fault::TooLarge { limit } } else { fault };
        let body = read_bounded(path, left).map_err(too_large)?;
        left -= body.len() as u64;
        Ok::<_, Fault>(body)
    };
    let line = |ending: &str| read_bounded(&beside(path, ending)?, MAX_LINE_BYTES).ok();
    let shp = read(path)?;
    let dbf = read(&beside(path, "dbf").ok_or_else(|| no_table(path))?)?;
    let shx = beside(path, "shx").map(|shx| read(&shx)).transpose()?;
    let set = ShapeSet { shp, shx, dbf, cpg: line("cpg"), prj: line("prj") };
    batch.read_shapes(&set)?;
    Ok(limit - left)
}

/// That a Shapefile has no properties.
fn no_table(path: &Path) -> Fault {
    let name = path.with_extension("dbf").file_name().unwrap_or(OsStr::new("dbf")).to_string_lossy().into_owned();
    Fault::File { name, reason: "不存在;它是 Shapefile 的属性表,请与 .shp 放在同一文件夹".to_owned() }
}

#[cfg(test)]
mod tests;
