//! Who may import whom: the table in `src/lib.rs` against the `use` lines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The table: module → modules that it may import.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(source_folder().join("lib.rs")).expect("src/lib.rs is part of the package");
    text.lines()
        .filter_map(|line| {
            line.strip_prefix("//! ")?.split_once(" :").or_else(|| line.strip_prefix("//! ")?.split_once(':'))
        })
        .filter(|(name, _)| name.trim().chars().all(|c| c.is_ascii_lowercase()) && !name.trim().is_empty())
        .map(|(name, list)| (name.trim().to_owned(), list.split_whitespace().map(str::to_owned).collect()))
        .collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("readable source folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Top-level modules that a file names with `crate::`, comments left out.
fn imports(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let name: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if !name.is_empty() {
                names.insert(name);
            }
        }
    }
    names
}

#[test]
fn no_arrow_that_the_table_does_not_list() {
    let allowed = allowed();
    assert!(allowed.len() >= 9, "the table in lib.rs was not read: {allowed:?}");
    let mut files = Vec::new();
    rust_files(&source_folder(), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(source_folder()).expect("found under it");
        let module = relative.iter().next().expect("not empty").to_string_lossy().into_owned();
        let Some(may) = allowed.get(&module) else { continue };
        let text = std::fs::read_to_string(&file).expect("readable source file");
        for name in imports(&text) {
            if name != module && allowed.contains_key(&name) && !may.contains(&name) {
                wrong.push(format!("{} imports {name}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_is_in_the_table() {
    let allowed = allowed();
    for entry in std::fs::read_dir(source_folder()).expect("readable source folder").flatten() {
        if entry.path().is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(allowed.contains_key(&name), "src/{name} is not in the table of src/lib.rs");
        }
    }
}

#[test]
fn an_arrow_in_the_code_is_seen_and_one_in_a_comment_is_not() {
    let text = "use crate::ingest::Ingest;\n// crate::panels\nlet x: crate::map::MapView;";
    assert_eq!(imports(text), ["ingest".to_owned(), "map".to_owned()].into());
}

#[test]
fn the_domain_is_pure() {
    let mut files = Vec::new();
    rust_files(&source_folder().join("domain"), &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable source file");
        for banned in ["bevy", "egui", "tokio", "std::fs", "std::net", "reqwest"] {
            let is_used = text.lines().any(|line| line.trim_start().starts_with("use ") && line.contains(banned));
            assert!(!is_used || text.contains("#[cfg(test)]"), "{} uses {banned}", file.display());
        }
    }
}
