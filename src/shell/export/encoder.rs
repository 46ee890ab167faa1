//! A film by way of `ffmpeg`: pictures go in through a pipe, an MP4 with H.264
//! comes out. The film has another name until it is complete.

use std::ffi::OsString;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use anyhow::{Context, anyhow, bail};
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;

/// A running `ffmpeg`. Ended and its draft removed when it is dropped before
/// the film is complete.
pub struct Encoder {
    process: Child,
    pictures: Option<ChildStdin>,
    /// Takes up what ffmpeg has to say, so that it never waits to say it.
    listener: Option<JoinHandle<String>>,
    draft: PathBuf,
    path: PathBuf,
}

impl Encoder {
    /// Starts `ffmpeg` for a film at `path`; `None` where there is none.
    ///
    /// # Errors
    /// When the film cannot be written there, or `ffmpeg` cannot be started.
    pub fn start(path: &Path, size: [u32; 2], fps: u32) -> anyhow::Result<Option<Self>> {
        if path.is_dir() {
            bail!("无法写入 {}:这是一个文件夹", path.display());
        }
        let failed = || format!("无法写入 {}", path.display());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(failed)?;
        }
        let draft = path.with_extension("mp4.part");
        // Loading takes long: whether a file can be written is better known before.
        std::fs::write(&draft, []).with_context(failed)?;
        let mut process = match command(&draft, size, fps).spawn() {
            Ok(process) => process,
            Err(error) => {
                // An empty file that stays behind harms nobody.
                let _ = std::fs::remove_file(&draft);
                return if error.kind() == ErrorKind::NotFound {
                    Ok(None)
                } else {
                    Err(error).context("无法启动 ffmpeg")
                };
            }
        };
        let (pictures, words) = (process.stdin.take(), process.stderr.take());
        let mut encoder = Self { process, pictures, listener: None, draft, path: path.to_owned() };
        let listen = move || words.map_or_else(String::new, last_words);
        encoder.listener = Some(std::thread::Builder::new().name("quanyu-ffmpeg".to_owned()).spawn(listen)?);
        Ok(Some(encoder))
    }

    /// Gives it the next picture.
    ///
    /// # Errors
    /// When `ffmpeg` has ended, with what it said.
    pub fn write(&mut self, image: &Image) -> anyhow::Result<()> {
        let (Some(data), TextureFormat::Rgba8UnormSrgb) = (&image.data, image.texture_descriptor.format) else {
            bail!("画面的像素格式不能写入视频");
        };
        let written = self.pictures.as_mut().map_or(Ok(()), |pictures| pictures.write_all(data));
        written.or_else(|error| {
            let status = self.end().context("ffmpeg 没有响应")?;
            Err(self.failure(status, &error.to_string()))
        })
    }

    /// Waits until the film is complete, and gives it its name.
    ///
    /// # Errors
    /// When `ffmpeg` could not complete it, or the name cannot be given.
    pub fn finish(mut self) -> anyhow::Result<PathBuf> {
        let status = self.end().context("ffmpeg 没有响应")?;
        // Whatever has the name of ffmpeg and ends well has not always written.
        let is_empty = std::fs::metadata(&self.draft).map_or(true, |draft| draft.len() == 0);
        if !status.success() || is_empty {
            return Err(self.failure(status, "没有写出任何内容"));
        }
        let path = self.path.clone();
        std::fs::rename(&self.draft, &path).with_context(|| format!("无法写入 {}", path.display()))?;
        Ok(path)
    }

    /// Tells it that no more pictures come, and waits for its end.
    fn end(&mut self) -> std::io::Result<ExitStatus> {
        self.pictures = None;
        self.process.wait()
    }

    /// Why there is no film: what `ffmpeg` said, else what was noticed.
    fn failure(&mut self, status: ExitStatus, noticed: &str) -> anyhow::Error {
        let words = self.listener.take().and_then(|listener| listener.join().ok()).unwrap_or_default();
        let said = words.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or(noticed);
        let code = status.code().map_or_else(|| "被系统终止".to_owned(), |code| format!("退出码 {code}"));
        let separator = if said.is_empty() { "" } else { ":" };
        anyhow!("视频未能写入 {}:ffmpeg 中途结束({code}){separator}{said}", self.path.display())
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        self.pictures = None;
        // It may have ended by itself, with a complete film that has its name by
        // now; else nothing of it is wanted. There is nobody left to tell.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        let _ = std::fs::remove_file(&self.draft);
    }
}

/// `ffmpeg`, taking pictures from its standard input.
fn command(draft: &Path, [width, height]: [u32; 2], fps: u32) -> Command {
    // Else a name with a colon would be an address, one with a dash an option.
    let mut file = OsString::from("file:");
    file.push(draft);
    let mut command = Command::new("ffmpeg");
    command
        .args(["-hide_banner", "-nostdin", "-loglevel", "error", "-xerror", "-y"])
        // Red, green, blue, and a byte that does not count.
        .args(["-f", "rawvideo", "-pixel_format", "rgb0", "-video_size", &format!("{width}x{height}")])
        .args(["-framerate", &fps.to_string(), "-i", "pipe:0"])
        // What players take a film for that does not say otherwise, and said too.
        .args(["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"])
        .args(["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"])
        // Figures have thin strokes: finer than the default of 23.
        .args(["-c:v", "libx264", "-preset", "medium", "-crf", "18"])
        .args(["-movflags", "+faststart", "-f", "mp4"])
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// How much of what `ffmpeg` says is kept, bytes.
const WORDS_KEPT: usize = 4_096;

/// The last of what it says until its end.
fn last_words(mut words: impl Read) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0; 1_024]);
    while let Ok(length @ 1..) = words.read(&mut piece) {
        kept.extend_from_slice(&piece[..length]);
        kept.drain(..kept.len().saturating_sub(WORDS_KEPT));
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_words_the_last_are_kept() {
        let said = format!("{}\nNo space left on device\n", "words ".repeat(2_000));
        let kept = last_words(said.as_bytes());
        assert!(kept.len() <= WORDS_KEPT && kept.ends_with("No space left on device\n"));
    }

    #[test]
    fn a_name_is_a_file_whatever_it_looks_like() {
        let command = command(Path::new("-y:a.mp4.part"), [64, 66], 30);
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
        assert_eq!(arguments.last().map(String::as_str), Some("file:-y:a.mp4.part"));
        assert!(arguments.contains(&"64x66".to_owned()));
    }
}
