//! `[wall] theme`: a shipped theme or a file.

use std::path::{Path, PathBuf};

use super::super::error::{Complaints, unreadable_text};
use super::super::read::{At, excerpt};
use super::super::theme::{Theme, ThemeChoice, ThemeName};
use super::source::resolved;

/// The theme that a wall is to have, and the file that it is read from; the
/// usual theme where it cannot be.
pub(super) fn theme(
    raw: Option<At<ThemeChoice>>,
    folder: &Path,
    complaints: &mut Complaints,
) -> (Theme, Option<PathBuf>) {
    let usual = || Theme::named(ThemeName::default());
    let Some(At { value, key, offset, key_offset }) = raw else { return (usual(), None) };
    let path = match value {
        ThemeChoice::Shipped(name) => return (Theme::named(name), None),
        ThemeChoice::File(path) => {
            resolved(At { value: path, key: key.clone(), offset, key_offset }, folder, complaints)
        }
    };
    let Some(path) = path else { return (usual(), None) };
    let theme = match std::fs::read_to_string(&path) {
        Ok(text) => Theme::parse(&text, &path).unwrap_or_else(|error| {
            complaints.adopt(offset, error);
            usual()
        }),
        Err(error) => {
            let what = format!("主题文件 {}", excerpt(&path.display().to_string()));
            complaints.add(offset, key, unreadable_text(&what, &error));
            usual()
        }
    };
    (theme, Some(path))
}
