//! How far an export is: a bar where somebody watches, a line now and then in
//! a log.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// Tells on standard error how far it is.
pub struct Progress {
    total: u32,
    begun: Instant,
    /// Where standard error is a terminal.
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins, with nothing done yet.
    pub fn new(total: u32) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(total));
        Self { total, begun: Instant::now(), bar }
    }

    /// So many are done.
    pub fn advance(&mut self, done: u32) {
        if let Some(bar) = &self.bar {
            bar.set_position(u64::from(done));
        } else if is_told(done, self.total) {
            eprintln!("quanyu: {}", line(done, self.total, self.begun.elapsed()));
        }
    }

    /// Leaves the line to what follows.
    pub fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish();
        }
    }
}

const TEMPLATE: &str = "{percent:>3}% [{bar:32}] {pos}/{len} 帧 {rate} 剩余 {left}";

fn bar(total: u32) -> ProgressBar {
    // A test reads the template: it has no fault.
    let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style
        .progress_chars("=> ")
        .with_key("rate", |state: &ProgressState, out: &mut dyn Write| _ = write!(out, "{:.1} 帧/秒", state.per_sec()))
        .with_key("left", |state: &ProgressState, out: &mut dyn Write| _ = out.write_str(&span_text(state.eta())));
    ProgressBar::new(u64::from(total)).with_style(style)
}

/// Whether a log hears of it: when a tenth more is done.
fn is_told(done: u32, total: u32) -> bool {
    let tenths = |done: u32| u64::from(done) * 10 / u64::from(total.max(1));
    done > 0 && tenths(done) > tenths(done - 1)
}

fn line(done: u32, total: u32, passed: Duration) -> String {
    let percent = u64::from(done) * 100 / u64::from(total.max(1));
    let rate = f64::from(done) / passed.as_secs_f64().max(1e-9);
    let left = Duration::from_secs_f64(f64::from(total.saturating_sub(done)) / rate.max(1e-9));
    format!("{percent}% {done}/{total} 帧 {rate:.1} 帧/秒 剩余 {}", span_text(left))
}

/// `45 秒`, `3 分 20 秒`, `2 小时 5 分`.
fn span_text(span: Duration) -> String {
    let secs = span.as_secs_f64().round() as u64;
    match secs {
        0..60 => format!("{secs} 秒"),
        60..3_600 => format!("{} 分 {} 秒", secs / 60, secs % 60),
        _ => format!("{} 小时 {} 分", secs / 3_600, secs % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_hears_of_every_tenth_once() {
        let told = |total: u32| (1..=total).filter(|&done| is_told(done, total)).collect::<Vec<_>>();
        assert_eq!(told(1_800), [180, 360, 540, 720, 900, 1_080, 1_260, 1_440, 1_620, 1_800]);
        assert_eq!(told(3), [1, 2, 3]);
        assert_eq!(told(101).len(), 10);
    }

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long_yet() {
        assert_eq!(line(180, 1_800, Duration::from_secs(90)), "10% 180/1800 帧 2.0 帧/秒 剩余 13 分 30 秒");
        assert_eq!(line(1_800, 1_800, Duration::from_secs(900)), "100% 1800/1800 帧 2.0 帧/秒 剩余 0 秒");
    }

    #[test]
    fn spans_are_written_in_two_units_at_most() {
        assert_eq!(span_text(Duration::from_millis(59_400)), "59 秒");
        assert_eq!(span_text(Duration::from_secs(200)), "3 分 20 秒");
        assert_eq!(span_text(Duration::from_secs(7_500)), "2 小时 5 分");
    }

    #[test]
    fn the_bar_s_template_is_one() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
