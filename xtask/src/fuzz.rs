//! `cargo xtask fuzz`: builds the targets of `fuzz/` and runs them one after
//! the other.
//!
//! In: the names of targets, and for how long. Out: what each found, in
//! `fuzz/artifacts/`. The flags are those of `cargo fuzz run -s none`, which
//! finds the same folders; so nothing has to be installed, and the stable
//! compiler will do: nothing of ours is `unsafe`, so no sanitizer is missed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{cargo_command, root, run};

/// What makes a program one that a fuzzer can steer.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// For how long each target runs when nobody says.
const USUAL_SECONDS: u64 = 60;

/// Runs the named targets, all of them when none is named.
pub fn fuzz(arguments: &[String]) -> Result<(), String> {
    let (mut wanted, mut seconds) = (Vec::new(), USUAL_SECONDS);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--seconds" => {
                let number = rest.next().and_then(|number| number.parse().ok());
                seconds = number.ok_or("--seconds wants a number")?;
            }
            name => wanted.push(name.to_owned()),
        }
    }
    let known = targets()?;
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        return Err(format!("no target `{unknown}`; there are {}", known.join(", ")));
    }
    let host = host()?;
    for name in if wanted.is_empty() { known } else { wanted } {
        run_one(&name, &host, seconds)?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    root().join("fuzz")
}

/// The targets by name: one file each.
fn targets() -> Result<Vec<String>, String> {
    let folder = folder().join("fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

/// The machine that this runs on: flags that are given for one by name reach no
/// build script.
fn host() -> Result<String, String> {
    let told = Command::new("rustc").arg("-vV").output().map_err(|error| format!("cannot start rustc: {error}"))?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc names no host".to_owned())
}

fn run_one(name: &str, host: &str, seconds: u64) -> Result<(), String> {
    let folder = folder();
    let of_target = |part: &str| folder.join(part).join(name);
    let (corpus, artifacts, seeds) = (of_target("corpus"), of_target("artifacts"), of_target("seeds"));
    for made in [&corpus, &artifacts] {
        fs::create_dir_all(made).map_err(|error| format!("{}: {error}", made.display()))?;
    }
    let words = folder.join("dictionaries").join(format!("{name}.dict"));
    let manifest = folder.join("Cargo.toml");
    let mut command = cargo_command(&["run", "--release", "--locked", "--manifest-path"], &[]);
    command.env("RUSTFLAGS", FLAGS).arg(&manifest).args(["--target", host, "--bin", name, "--"]);
    command.arg(&corpus).args(Some(&seeds).filter(|seeds| seeds.is_dir()));
    command.arg(format!("-max_total_time={seconds}")).args([
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]);
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args(words.is_file().then(|| format!("-dict={}", words.display())));
    run(&mut command)
}
