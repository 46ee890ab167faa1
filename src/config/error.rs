//! What is wrong with a configuration: all of it at once, each with its place.
//!
//! In: byte offsets into the text, key paths and sentences, from the readers
//! of [`super::raw`] and the checks of `validate`. Out: [`ConfigError`], whose
//! `Display` is one line per complaint in the form that editors jump to
//! (`path:line:column: message`), and the complaints themselves.
//!
//! Nothing here prints a line of the file: it may hold the secret that the
//! complaint is about.

use std::fmt::{self, Display};
use std::io;
use std::path::Path;

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file, as it was named.
    pub path: String,
    /// Line from 1; 0 when the complaint is about the file as a whole.
    pub line: usize,
    /// Column from 1, counted in characters; 0 with line 0.
    pub column: usize,
    /// Full path of the key, `sources[2].every` (array positions from 0);
    /// empty when there is none.
    pub key: String,
    /// What is wrong and what would be right, one sentence in Chinese.
    pub message: String,
}

impl Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        if !self.key.is_empty() {
            write!(f, "〔{}〕", self.key)?;
        }
        Ok(())
    }
}

/// A configuration that cannot be used, with every reason why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.complaints))]
pub struct ConfigError {
    complaints: Vec<Complaint>,
}

/// One line per complaint.
fn lines(complaints: &[Complaint]) -> String {
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl ConfigError {
    /// The file at `path` cannot be read at all.
    pub fn unreadable(path: &Path, error: &io::Error) -> Self {
        let message = unreadable_text("配置文件", error);
        let path = path.display().to_string();
        Self { complaints: vec![Complaint { path, line: 0, column: 0, key: String::new(), message }] }
    }

    /// Everything that is wrong, in the order of the file; never empty.
    pub fn complaints(&self) -> &[Complaint] {
        &self.complaints
    }
}

/// Why a file cannot be read; `what` is the Chinese word for it.
pub(super) fn unreadable_text(what: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("找不到{what}"),
        io::ErrorKind::InvalidData => "不是 UTF-8 文本,请另存为 UTF-8 编码".to_owned(),
        _ => format!("无法读取{what}:{error}"),
    }
}

/// Gathers complaints while a text is read and checked.
#[derive(Clone, Debug)]
pub(super) struct Complaints {
    path: String,
    text: String,
    /// Byte offset at which each line starts.
    line_starts: Vec<usize>,
    /// With the byte offset of each, by which they are put in order.
    found: Vec<(usize, Complaint)>,
}

impl Complaints {
    /// None yet, about `text`, which came from `path`.
    pub(super) fn new(text: &str, path: &Path) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1));
        Self {
            path: path.display().to_string(),
            text: text.to_owned(),
            line_starts: line_starts.collect(),
            found: Vec::new(),
        }
    }

    /// Complains about what stands at byte `offset`, which belongs to `key`.
    pub(super) fn add(&mut self, offset: usize, key: impl Into<String>, message: impl Into<String>) {
        let (line, column) = self.place(offset);
        let complaint = Complaint { path: self.path.clone(), line, column, key: key.into(), message: message.into() };
        self.found.push((offset, complaint));
    }

    /// Complains about the file as a whole.
    pub(super) fn add_about_file(&mut self, message: impl Into<String>) {
        let message = message.into();
        self.found.push((0, Complaint { path: self.path.clone(), line: 0, column: 0, key: String::new(), message }));
    }

    /// Takes over what is wrong with another file, which is named at byte `offset`.
    pub(super) fn adopt(&mut self, offset: usize, error: ConfigError) {
        self.found.extend(error.complaints.into_iter().map(|complaint| (offset, complaint)));
    }

    /// Whether there is a complaint about exactly this key: then its absence
    /// after reading is no second fault.
    pub(super) fn concerns(&self, key: &str) -> bool {
        self.found.iter().any(|(_, complaint)| complaint.key == key)
    }

    /// Whether there is a complaint about this key or about one under it.
    pub(super) fn concerns_within(&self, key: &str) -> bool {
        let under =
            |found: &str| found.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        self.found.iter().any(|(_, complaint)| under(&complaint.key))
    }

    /// `value` when there was nothing to complain about.
    pub(super) fn unless_any<T>(self, value: T) -> Result<T, ConfigError> {
        if self.found.is_empty() { Ok(value) } else { Err(self.refusal()) }
    }

    /// Everything that was complained about, where something was.
    pub(super) fn refusal(mut self) -> ConfigError {
        self.found.sort_by_key(|(offset, _)| *offset);
        ConfigError { complaints: self.found.into_iter().map(|(_, complaint)| complaint).collect() }
    }

    /// Line and column of a byte offset, both from 1. An offset past the end
    /// is the end; one inside a character is that character.
    fn place(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let in_line = &self.text.as_bytes()[self.line_starts[line - 1]..offset];
        // A character starts at every byte that is not a UTF-8 continuation.
        let column = 1 + in_line.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        (line, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let complaints = Complaints::new("a\n标题 = 1\r\nz", Path::new("x.toml"));
        assert_eq!(complaints.place(0), (1, 1));
        assert_eq!(complaints.place(2), (2, 1));
        assert_eq!(complaints.place(9), (2, 4));
        assert_eq!(complaints.place(14), (3, 1));
        assert_eq!(complaints.place(9_999), (3, 2));
    }

    #[test]
    fn complaints_come_in_the_order_of_the_file() {
        let mut complaints = Complaints::new("a = 1\nb = 2\n", Path::new("x.toml"));
        complaints.add(6, "b", "乙");
        complaints.add(0, "a", "甲");
        assert!(complaints.concerns("a") && !complaints.concerns("c"));
        let error = complaints.unless_any(()).unwrap_err();
        assert_eq!(error.to_string(), "x.toml:1:1: 甲〔a〕\nx.toml:2:1: 乙〔b〕");
    }

    #[test]
    fn a_missing_file_and_a_wrong_encoding_are_told_apart() {
        let path = Path::new("x.toml");
        let missing = ConfigError::unreadable(path, &io::ErrorKind::NotFound.into());
        assert_eq!(missing.to_string(), "x.toml: 找不到配置文件");
        let encoding = ConfigError::unreadable(path, &io::ErrorKind::InvalidData.into());
        assert_eq!(encoding.to_string(), "x.toml: 不是 UTF-8 文本,请另存为 UTF-8 编码");
    }
}
