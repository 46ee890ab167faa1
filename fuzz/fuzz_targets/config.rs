//! Configurations and themes: valid or with complaints that have a place; a wall for
//! visitors masks everything, whatever the file says.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::config::theme::Theme;
use quanyu_fuzz::config::{Audience, Config, ConfigError};
use quanyu_fuzz::domain::privacy::Masks;

fn check(text: &str) {
    let path = Path::new("/fuzz/config.toml");
    match Config::parse(text, path) {
        Ok(config) => {
            if config.wall.audience == Audience::Public {
                assert_eq!(config.privacy.masks, Masks::ALL);
                assert!(config.sources.iter().all(|source| source.writing.masks == Masks::ALL));
                assert!(config.privacy.loosened.is_empty());
            }
            assert!(!config.scenes.is_empty());
            assert!((2..=12).contains(&config.closed_loop.stages.len()));
            assert_eq!(Config::parse(text, path).as_ref(), Ok(&config));
        }
        Err(error) => check_error(text, &error),
    }
}

fn check_error(text: &str, error: &ConfigError) {
    let lines = text.lines().count() + 1;
    assert!(!error.complaints().is_empty() && !error.to_string().is_empty());
    for complaint in error.complaints() {
        assert!(complaint.line <= lines && !complaint.message.is_empty(), "{complaint:?}");
        assert_eq!(complaint.line == 0, complaint.column == 0);
    }
}

fuzz_target!(|text: &str| {
    check(text);
    // As the file of a theme.
    if let Err(error) = Theme::parse(text, Path::new("/fuzz/theme.toml")) {
        check_error(text, &error);
    }
    if text.contains("\"duty\"") {
        check(&text.replace("\"duty\"", "\"public\""));
    }
});
