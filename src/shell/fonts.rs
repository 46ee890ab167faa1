//! Chinese fonts of the system, for egui.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bevy_egui::egui::{FontData, FontDefinitions, FontFamily};
use fontdb::{Database, Family, Query, Source, Stretch, Style, Weight};

/// Why there are no fonts.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// None of the configured families is installed.
    #[error(
        "未找到中文字体:{families}。请安装 fonts-noto-cjk(Debian/Ubuntu:sudo apt-get install fonts-noto-cjk),\
         或在 config.toml 的 wall.fonts 中写上已安装的中文字体"
    )]
    NotFound {
        /// What was looked for.
        families: String,
    },
    /// A font file could not be read.
    #[error("无法读取字体文件 {path}:{source}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Name of the bold family in egui.
pub const BOLD: &str = "bold";

/// Loads the first installed family of `families`, regular and bold. Where the
/// family has no bold, the regular one serves for both.
///
/// # Errors
/// When none of the families is installed or its file cannot be read.
pub fn load(families: &[String]) -> Result<FontDefinitions, FontError> {
    let mut database = Database::new();
    database.load_system_fonts();
    let family = families.iter().find(|family| find(&database, family, Weight::NORMAL).is_some());
    let Some(family) = family else {
        return Err(FontError::NotFound { families: families.join("、") });
    };
    let mut definitions = FontDefinitions::empty();
    let regular = read(&database, family, Weight::NORMAL)?;
    let bold = read(&database, family, Weight::BOLD)?;
    for (name, data, egui_family) in
        [("regular", regular, FontFamily::Proportional), ("bold", bold, FontFamily::Name(BOLD.into()))]
    {
        definitions.font_data.insert(name.to_owned(), Arc::new(data));
        definitions.families.insert(egui_family, vec![name.to_owned(), "regular".to_owned()]);
    }
    definitions.families.insert(FontFamily::Monospace, vec!["regular".to_owned()]);
    Ok(definitions)
}

fn find(database: &Database, family: &str, weight: Weight) -> Option<(PathBuf, u32)> {
    let id = database.query(&Query {
        families: &[Family::Name(family)],
        weight,
        stretch: Stretch::Normal,
        style: Style::Normal,
    })?;
    let face = database.face(id)?;
    match &face.source {
        Source::File(path) | Source::SharedFile(path, _) => Some((path.clone(), face.index)),
        Source::Binary(_) => None,
    }
}

fn read(database: &Database, family: &str, weight: Weight) -> Result<FontData, FontError> {
    let (path, index) =
        find(database, family, weight).ok_or_else(|| FontError::NotFound { families: family.to_owned() })?;
    let mut data = FontData::from_static(bytes_of(&path)?);
    data.index = index;
    Ok(data)
}

/// The bytes of a font file, read once and kept for good: from bytes that may
/// go away egui would make a copy, and a Chinese font has twenty million.
fn bytes_of(path: &Path) -> Result<&'static [u8], FontError> {
    static FILES: Mutex<BTreeMap<PathBuf, &'static [u8]>> = Mutex::new(BTreeMap::new());
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bytes) = files.get(path) {
        return Ok(bytes);
    }
    let unreadable = |source| FontError::Unreadable { path: path.display().to_string(), source };
    let bytes: &'static [u8] = std::fs::read(path).map_err(unreadable)?.leak();
    files.insert(path.to_owned(), bytes);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_font_names_the_package() {
        let error = load(&["没有这种字体".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("fonts-noto-cjk"), "{error}");
    }
}
