//! What `quanyu check` says about a theme of the operator's own.
//!
//! In: the configuration, with the theme as it was read. Out: one finding for
//! each rule that it breaks, with the place in its file.

use super::report::{Item, Weight};
use crate::config::Config;
use crate::config::places::{Step, place_of};
use crate::theme::rules::{Breach, breaches};

/// The kind of these findings.
pub const THEME: &str = "theme";

/// The rules that the theme breaks; of a shipped one none is broken.
pub fn theme_items(config: &Config) -> Vec<Item> {
    let Some(file) = &config.wall.theme_file else { return Vec::new() };
    // Only for the places: it was read before.
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let item = |breach: Breach| {
        let place = place_of(&text, &[Step::Key(breach.token)]);
        let (line, column) = place.map_or((0, 0), |place| (place.line, place.column));
        Item {
            severity: Weight::Warning,
            kind: THEME,
            source: None,
            subject: breach.token.to_owned(),
            message: breach.message,
            file: Some(file.display().to_string()),
            line,
            column,
            key: breach.token.to_owned(),
        }
    };
    breaches(&config.wall.theme).into_iter().map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{examine, text};

    #[test]
    fn a_theme_that_is_hard_to_read_is_a_finding_and_no_refusal() {
        let folder = std::env::temp_dir().join(format!("quanyu-check-theme-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("c.toml");
        let source = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.json\"\n";
        std::fs::write(&path, format!("[wall]\ntheme = \"mine.toml\"\n{source}")).unwrap();
        let looked_at = |theme: &str| {
            std::fs::write(folder.join("mine.toml"), theme).unwrap();
            let report = examine(&path, true, false);
            let text = text::text_of(&report, true);
            (report, text)
        };
        let (report, text) = looked_at("base = \"midnight\"\n\ntext = \"#304050\"\n");
        assert_eq!((report.exit, report.findings.len()), (1, 1), "{text}");
        assert!(text.contains("有效") && text.contains("mine.toml:3:1: `text` 在 "), "{text}");
        // What is faulty is refused, with the place in its own file.
        let (report, text) = looked_at("base = \"midnight\"\ntexd = \"#304050\"\n");
        assert_eq!(report.exit, 2);
        assert!(text.contains("mine.toml:2:1: 未知的键 `texd`(是否为 `text`?)〔texd〕"), "{text}");
        let (report, text) = looked_at("base = \"daylight\"\n");
        assert_eq!((report.exit, report.findings.len()), (0, 0), "{text}");
        _ = std::fs::remove_dir_all(&folder);
    }
}
