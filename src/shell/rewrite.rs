//! A configuration file gets another text.
//!
//! In: the file, the text that it must still hold, the new one. Out: the new
//! file, whole or not at all: it is written beside the old one and put in its
//! place; and the former one beside it, under a name with the time.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::domain::time::Time;

/// Former files of one second that find a name.
const MAX_BACKUPS: u32 = 100;

/// Puts `new` in the place of the file, which must still hold `old`, and keeps
/// that beside it. Returns where.
///
/// # Errors
/// Why the file is as it was: somebody else wrote it meanwhile, or it cannot be
/// written.
pub(super) fn replace(path: &Path, old: &str, new: &str) -> Result<PathBuf, String> {
    let fail = |what: &str, error: std::io::Error| format!("{what}:{}", crate::ingest::io_text(&error));
    // A link stays one.
    let path = std::fs::canonicalize(path).map_err(|error| fail("找不到配置文件", error))?;
    let current = std::fs::read_to_string(&path).map_err(|error| fail("无法读取配置文件", error))?;
    if current != old {
        return Err("配置文件刚被别处改动,请再来一次".to_owned());
    }
    let like = std::fs::metadata(&path).map_err(|error| fail("无法读取配置文件", error))?;
    let stamp = Time::system_now().civil(&jiff::tz::TimeZone::system()).strftime("%Y%m%d-%H%M%S").to_string();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (mut file, backup) =
        new_file(&path, &format!("{name}.{stamp}.bak")).map_err(|error| fail("无法保存原来的文件", error))?;
    let saved = file.write_all(old.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| belong_like(&file, &like));
    saved.map_err(|error| fail("无法保存原来的文件", error))?;
    let (mut file, draft) =
        new_file(&path, &format!(".{name}.{stamp}.part")).map_err(|error| fail("无法写入", error))?;
    let written = file
        .write_all(new.as_bytes())
        .and_then(|()| belong_like(&file, &like))
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&draft, &path));
    if let Err(error) = written {
        _ = std::fs::remove_file(&draft);
        return Err(fail("无法写入", error));
    }
    Ok(backup)
}

/// Gives a file the owner and the rights of another: a wall that runs as somebody
/// else must still be able to read it.
fn belong_like(file: &File, like: &Metadata) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let is_same = file.metadata().is_ok_and(|own| (own.uid(), own.gid()) == (like.uid(), like.gid()));
        if !is_same {
            fchown(file, Some(like.uid()), Some(like.gid()))?;
        }
    }
    file.set_permissions(like.permissions())
}

/// A file beside `path` that was not there before; at first for its owner only.
fn new_file(path: &Path, name: &str) -> std::io::Result<(File, PathBuf)> {
    let mut number = 0;
    loop {
        let name = if number == 0 { name.to_owned() } else { format!("{name}.{number}") };
        let beside = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&beside) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < MAX_BACKUPS => number += 1,
            opened => return Ok((opened?, beside)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_former_file_is_kept_and_a_changed_one_is_left_alone() {
        let folder = std::env::temp_dir().join(format!("quanyu-fix-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("c.toml");
        std::fs::write(&path, "old").unwrap();
        let backup = replace(&path, "old", "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_to_string(&backup).unwrap(), "old");
        assert!(replace(&path, "old", "newer").is_err(), "somebody else wrote it meanwhile");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "no draft is left");
        let another = replace(&path, "new", "newer").unwrap();
        assert_ne!(another, backup);
        _ = std::fs::remove_dir_all(&folder);
    }
}
