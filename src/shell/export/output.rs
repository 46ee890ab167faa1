//! Where the pictures of a film go: to `ffmpeg`, or into a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use bevy::prelude::*;

use super::encoder::Encoder;
use crate::shell::snapshot::write_png;

/// Endings of files that look as if a film could be had in them.
const OTHER_FILMS: [&str; 8] = ["avi", "gif", "m4v", "mkv", "mov", "png", "webm", "wmv"];

/// Where pictures go.
pub enum Output {
    /// Into a film.
    Film(Encoder),
    /// Into a folder, numbered from 1.
    Pictures(PathBuf),
}

fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
}

/// The size at which pictures for `out` are drawn: H.264 with colours at half
/// the resolution needs even sides, so odd ones grow by a pixel.
pub fn size_for(out: &Path, size: [u32; 2]) -> [u32; 2] {
    if ends_in(out, "mp4") { size.map(|side| side.next_multiple_of(2)) } else { size }
}

impl Output {
    /// Prepares what `out` names: a film where it ends in `.mp4`, else a folder.
    /// Without `ffmpeg`, a folder in place of the film, and says so.
    ///
    /// # Errors
    /// When nothing can be written there, or pictures would mix with others.
    pub fn open(out: &Path, size: [u32; 2], fps: u32) -> anyhow::Result<Self> {
        if let Some(ending) = OTHER_FILMS.iter().find(|ending| ends_in(out, ending)) {
            bail!("不能写 .{ending} 文件:--out 应以 .mp4 结尾,或为一个文件夹");
        }
        if !ends_in(out, "mp4") {
            return folder(out).map(Self::Pictures);
        }
        if let Some(encoder) = Encoder::start(out, size, fps)? {
            return Ok(Self::Film(encoder));
        }
        let instead = folder(&out.with_extension(""))?;
        eprintln!(
            "quanyu: 没有找到 ffmpeg,不能写 MP4,改为逐帧 PNG,写入文件夹 {}。\
             需要视频请安装软件包 ffmpeg(Debian、Ubuntu:apt install ffmpeg;Windows:winget install ffmpeg)后重试",
            instead.display()
        );
        Ok(Self::Pictures(instead))
    }

    /// Takes the next picture, the `index`th from 0.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, index: u32, image: &Image) -> anyhow::Result<()> {
        match self {
            Self::Film(encoder) => encoder.write(image),
            Self::Pictures(folder) => Ok(write_png(image, &folder.join(name(index)))?),
        }
    }

    /// Completes it, and tells where it is.
    ///
    /// # Errors
    /// When the film cannot be completed.
    pub fn finish(self) -> anyhow::Result<PathBuf> {
        match self {
            Self::Film(encoder) => encoder.finish(),
            Self::Pictures(folder) => Ok(folder),
        }
    }
}

/// What every picture's name begins with.
const PREFIX: &str = "frame-";

/// Names in the order of the pictures, of one length for whatever sorts them.
fn name(index: u32) -> String {
    format!("{PREFIX}{:06}.png", index + 1)
}

/// A folder that pictures can be written into, and that has none of another film.
fn folder(path: &Path) -> anyhow::Result<PathBuf> {
    let failed = || format!("无法写入文件夹 {}", path.display());
    std::fs::create_dir_all(path).with_context(failed)?;
    for entry in std::fs::read_dir(path).with_context(failed)? {
        if entry.with_context(failed)?.file_name().to_string_lossy().starts_with(PREFIX) {
            bail!("文件夹 {} 中已有导出的画面;请清空,或换一个文件夹", path.display());
        }
    }
    // Loading takes long: whether a file can be written is better known before.
    let probe = path.join(format!("{PREFIX}000000.part"));
    std::fs::write(&probe, []).with_context(failed)?;
    std::fs::remove_file(&probe).with_context(failed)?;
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("quanyu-output-{name}-{}", std::process::id()));
        _ = std::fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn films_have_even_sides_and_pictures_the_ones_asked_for() {
        assert_eq!(size_for(Path::new("a.mp4"), [1_921, 1_080]), [1_922, 1_080]);
        assert_eq!(size_for(Path::new("a.MP4"), [65, 65]), [66, 66]);
        assert_eq!(size_for(Path::new("a"), [1_921, 1_081]), [1_921, 1_081]);
    }

    #[test]
    fn names_sort_as_the_pictures_come() {
        assert_eq!(name(0), "frame-000001.png");
        assert!(name(99_999) > name(9_999));
    }

    #[test]
    fn a_folder_is_made_and_films_do_not_mix() {
        let path = scratch("mix").join("deep");
        assert_eq!(folder(&path).expect("made"), path);
        assert_eq!(std::fs::read_dir(&path).expect("there").count(), 0, "nothing is left in it");
        std::fs::write(path.join(name(3)), "of another film").expect("written");
        assert!(folder(&path).unwrap_err().to_string().contains("已有导出的画面"));
        _ = std::fs::remove_dir_all(scratch("mix"));
    }

    #[test]
    fn what_cannot_be_written_is_said_before_anything_is_loaded() {
        let file = scratch("file");
        std::fs::write(&file, "no folder").expect("written");
        let refused = |out: &Path| format!("{:#}", Output::open(out, [64, 64], 30).err().expect("refused"));
        assert!(refused(&file).contains("无法写入"));
        assert!(refused(&file.join("film.mp4")).contains("无法写入"));
        assert!(refused(Path::new("film.mov")).contains(".mp4"));
        _ = std::fs::remove_file(&file);
    }
}
