//! Chinese fonts of the system, for egui.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bevy_egui::egui::{FontData, FontDefinitions, FontFamily};
use fontdb::{Database, Family, ID, Query, Source, Stretch, Style, Weight};

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
    #[error("无法读取字体文件 {path}")]
    Unreadable {
        /// Which.
        path: String,
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
    let regular = read(&mut database, family, Weight::NORMAL)?;
    let bold = read(&mut database, family, Weight::BOLD)?;
    for (name, data, egui_family) in
        [("regular", regular, FontFamily::Proportional), ("bold", bold, FontFamily::Name(BOLD.into()))]
    {
        definitions.font_data.insert(name.to_owned(), Arc::new(data));
        definitions.families.insert(egui_family, vec![name.to_owned(), "regular".to_owned()]);
    }
    definitions.families.insert(FontFamily::Monospace, vec!["regular".to_owned()]);
    Ok(definitions)
}

fn find(database: &Database, family: &str, weight: Weight) -> Option<ID> {
    let id = database.query(&Query {
        families: &[Family::Name(family)],
        weight,
        stretch: Stretch::Normal,
        style: Style::Normal,
    })?;
    path_of(database, id).map(|_| id)
}

fn path_of(database: &Database, id: ID) -> Option<PathBuf> {
    match &database.face(id)?.source {
        Source::File(path) | Source::SharedFile(path, _) => Some(path.clone()),
        Source::Binary(_) => None,
    }
}

fn read(database: &mut Database, family: &str, weight: Weight) -> Result<FontData, FontError> {
    let id = find(database, family, weight).ok_or_else(|| FontError::NotFound { families: family.to_owned() })?;
    let path = path_of(database, id).unwrap_or_default();
    let unreadable = || FontError::Unreadable { path: path.display().to_string() };
    let mut data = FontData::from_static(mapped::bytes_of(database, id, &path).ok_or_else(unreadable)?);
    data.index = database.face(id).map_or(0, |face| face.index);
    Ok(data)
}

/// Font files as the operating system maps them: of the twenty million bytes
/// of a Chinese font a wall touches a few.
///
/// The only `unsafe` of the program. A mapped file must not be cut short by
/// somebody else while it is in use; then the system would end the program.
/// Package managers put a new file in the place of the old one, which stays as
/// it is for those that have it open; every desktop program relies on that for
/// its fonts (FreeType maps them too).
mod mapped {
    use super::{BTreeMap, Database, ID, Mutex, PathBuf, PoisonError};
    use std::path::Path;

    /// The bytes of the file of a face, mapped once and kept for good: egui
    /// copies bytes that may go away.
    #[expect(unsafe_code, reason = "mapping a file is unsafe; see the module")]
    pub(super) fn bytes_of(database: &mut Database, id: ID, path: &Path) -> Option<&'static [u8]> {
        static FILES: Mutex<BTreeMap<PathBuf, &'static [u8]>> = Mutex::new(BTreeMap::new());
        let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = files.get(path) {
            return Some(bytes);
        }
        // SAFETY: nothing shortens the file while the program runs; see above.
        let (data, _) = unsafe { database.make_shared_face_data(id) }?;
        let bytes: &'static [u8] = (**Box::leak(Box::new(data))).as_ref();
        files.insert(path.to_owned(), bytes);
        Some(bytes)
    }
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
