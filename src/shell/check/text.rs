//! The report of `quanyu check` for a person to read.
//!
//! In: a [`Report`]. Out: lines: a table of all sources, aligned also where
//! characters are two columns wide, and below it what is to be known of each.

use unicode_width::UnicodeWidthStr;

use super::report::{Item, Report, SourceReport, Weight};
use super::themes::THEME;
use super::tiles::push_tiles;

/// Findings of one kind printed per source; `--json` has all.
const SHOWN: usize = 3;

/// Members without a mapping printed per source.
const SHOWN_UNUSED: usize = 8;

/// Columns of the table.
const HEADS: [&str; 7] = ["", "数据源", "内容", "记录", "大小", "用时", "最新记录"];

/// The whole report.
pub fn text_of(report: &Report, offline: bool) -> String {
    let complaints: Vec<String> = report
        .findings
        .iter()
        .filter(|item| item.kind == "configuration")
        .map(|item| complaint(report, item))
        .collect();
    if !complaints.is_empty() {
        return complaints.join("\n");
    }
    let mut lines = vec![format!("配置 {} 有效", report.config)];
    if !report.unmasked.is_empty() {
        lines.push(format!("注意:[privacy] 放宽了打码,照原样显示:{}", report.unmasked.join("、")));
    }
    push_theme(&mut lines, report);
    if offline {
        return lines.join("\n");
    }
    lines.extend(table(&report.sources));
    for source in &report.sources {
        push_source(&mut lines, report, source);
    }
    for set in &report.tiles {
        push_tiles(&mut lines, set);
    }
    let is_of_all = |item: &&Item| item.source.is_none() && item.kind != THEME;
    let of_all: Vec<&Item> = report.findings.iter().filter(is_of_all).collect();
    if !of_all.is_empty() {
        lines.push("区域:".to_owned());
        push_items(&mut lines, &of_all);
    }
    if report.exit == 0 {
        lines.push("一切正常".to_owned());
    }
    lines.join("\n")
}

/// What the rules say about a theme of one's own.
fn push_theme(lines: &mut Vec<String>, report: &Report) {
    let items: Vec<&Item> = report.findings.iter().filter(|item| item.kind == THEME).collect();
    if !items.is_empty() {
        lines.push("主题可以用,但不是人人看得清:".to_owned());
        lines.extend(items.into_iter().map(|item| format!("    ! {}", complaint(report, item))));
    }
}

/// In the form that editors jump to.
fn complaint(report: &Report, item: &Item) -> String {
    let place = if item.line > 0 { format!(":{}:{}", item.line, item.column) } else { String::new() };
    let key = if item.key.is_empty() { String::new() } else { format!("〔{}〕", item.key) };
    format!("{}{place}: {}{key}", item.file.as_ref().unwrap_or(&report.config), item.message)
}

fn table(sources: &[SourceReport]) -> Vec<String> {
    let mut rows: Vec<[String; HEADS.len()]> = vec![HEADS.map(str::to_owned)];
    rows.extend(sources.iter().map(|source| {
        let mark = if source.error.is_some() { "✗" } else { "✓" };
        let name = if source.name == source.id { source.id.clone() } else { format!("{}({})", source.name, source.id) };
        [
            mark.to_owned(),
            name,
            source.feed.to_owned(),
            format!("{} 条", source.records),
            size_text(source.bytes),
            took_text(source.took_ms),
            source.newest_age_s.map_or_else(|| "—".to_owned(), age_text),
        ]
    }));
    aligned(&rows, &[false, false, false, true, true, true, true])
}

/// Rows whose columns begin (or, where `right`, end) under each other on a
/// terminal.
fn aligned<const N: usize>(rows: &[[String; N]], right: &[bool; N]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| columns(&row[column])).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = (0..N).map(|column| {
            let gap = " ".repeat(widths[column] - columns(&row[column]));
            if right[column] { gap + &row[column] } else { row[column].clone() + &gap }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Columns that a text takes on a terminal that writes Chinese. Marks and
/// dashes that are as wide as the font likes count as one.
fn columns(text: &str) -> usize {
    text.width()
}

fn push_source(lines: &mut Vec<String>, report: &Report, source: &SourceReport) {
    let items: Vec<&Item> = report
        .findings
        .iter()
        .filter(|item| item.source.as_ref() == Some(&source.id))
        // Those have a line of their own: the error, the datum in metres.
        .filter(|item| !["tiles", "unreachable", "datum"].contains(&item.kind))
        .collect();
    let has_more = source.error.is_some() || !items.is_empty() || source.datum.is_some() || !source.unused.is_empty();
    if !has_more {
        return;
    }
    lines.push(format!("{}({},第 {} 行)", source.name, source.id, source.line));
    if let Some(error) = &source.error {
        lines.push(format!("    ✗ {error}"));
    }
    if let Some(datum) = &source.datum {
        lines.push(match &datum.fits {
            None => format!("    坐标系 {}:{} 个点,{:.1}% 在边界内", datum.crs, datum.points, datum.inside * 100.0),
            Some(fits) => {
                let what = if fits.of == "points" { "这些点" } else { "边界" };
                format!(
                    "    坐标系 {} 不符:只有把{what}读作 {},点才合边界({:.1}% → {:.1}%),偏移约 {:.0} 米",
                    datum.crs,
                    fits.crs,
                    datum.inside * 100.0,
                    fits.inside * 100.0,
                    fits.shift_m
                )
            }
        });
    }
    push_items(lines, &items);
    push_unused(lines, source);
}

fn push_unused(lines: &mut Vec<String>, source: &SourceReport) {
    if source.unused.is_empty() {
        return;
    }
    lines.push("    没有用到的字段:".to_owned());
    let rows: Vec<[String; 3]> = source
        .unused
        .iter()
        .take(SHOWN_UNUSED)
        .map(|unused| [unused.key.clone(), format!("{:.0}%", unused.share * 100.0), unused.example.clone()])
        .collect();
    lines.extend(aligned(&rows, &[false, true, false]).into_iter().map(|line| format!("        {line}")));
    if source.unused.len() > SHOWN_UNUSED {
        lines.push(format!("        …… 另有 {} 个", source.unused.len() - SHOWN_UNUSED));
    }
}

/// Findings of one kind together: a few examples and how many more.
fn push_items(lines: &mut Vec<String>, items: &[&Item]) {
    let mut kinds: Vec<&str> = Vec::new();
    for item in items {
        if !kinds.contains(&item.kind) {
            kinds.push(item.kind);
        }
    }
    for kind in kinds {
        let same: Vec<&&Item> = items.iter().filter(|item| item.kind == kind).collect();
        for item in same.iter().take(SHOWN) {
            let mark = if item.severity == Weight::Note { "·" } else { "!" };
            let subject = if item.subject.is_empty() { String::new() } else { format!("{}:", item.subject) };
            lines.push(format!("    {mark} {subject}{}", item.message));
        }
        if same.len() > SHOWN {
            lines.push(format!("      …… 同类另有 {} 项", same.len() - SHOWN));
        }
    }
}

fn size_text(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

fn took_text(millis: u64) -> String {
    if millis < 10_000 { format!("{millis} 毫秒") } else { format!("{:.1} 秒", millis as f64 / 1e3) }
}

fn age_text(secs: i64) -> String {
    if secs < 0 { "在将来".to_owned() } else { crate::domain::time::age_text(secs as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(id: &str, name: &str) -> SourceReport {
        SourceReport {
            id: id.into(),
            name: name.into(),
            feed: "events",
            line: 4,
            records: 12,
            bytes: 2_048,
            took_ms: 8,
            newest: None,
            newest_age_s: Some(59),
            error: None,
            datum: None,
            unused: Vec::new(),
            absent: Vec::new(),
            failed: Vec::new(),
            findings_total: 0,
        }
    }

    #[test]
    fn columns_stand_under_each_other_whatever_the_characters() {
        let lines = table(&[source("a", "网格平台"), source("events-live", "x"), source("中", "中")]);
        let at = |line: &str| columns(&line[..line.find("events ").unwrap_or_else(|| line.find("内容").unwrap())]);
        assert!(lines.windows(2).all(|pair| at(&pair[0]) == at(&pair[1])), "{lines:#?}");
        let ends: Vec<usize> = lines.iter().map(|line| columns(line)).collect();
        assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{lines:#?}");
    }

    #[test]
    fn all_good_is_said() {
        let mut report = Report { config: "c.toml".into(), sources: vec![source("a", "甲")], ..Report::default() };
        report.judge();
        let text = text_of(&report, false);
        assert!(text.starts_with("配置 c.toml 有效\n") && text.ends_with("一切正常"), "{text}");
        assert!(!text.contains("第 4 行"), "nothing more is to be said of it: {text}");
    }
}
