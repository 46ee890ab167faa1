//! `cargo xtask demo | test | check | fuzz | bless | bench | dist`: everything
//! that a person or CI does with this project. Only the standard library, so
//! that it is there seconds after a clone.

mod fuzz;
mod packages;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "\
cargo xtask <command>

  demo    install what is missing, build, open the wall on the built-in simulator;
          without a display, render it to a picture and say where it is
  test    install what is missing, then check
  check   format, lints, every test: what CI runs
  fuzz    run fuzz targets: all or those named, a minute each or `--seconds N`
  bless   renew every golden
  bench   run the benchmarks in benches/
  dist    build the release binary
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let result = match command {
        "demo" => demo(rest),
        "test" => packages::require(&[packages::RUN, packages::TEST].concat()).and_then(|()| check()),
        "check" => check(),
        "fuzz" => fuzz::fuzz(rest),
        "bless" => bless(),
        "bench" => cargo(&["bench", "--benches"], rest),
        "dist" => cargo(&["build", "--release", "--locked"], rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("unknown command `{other}`\n\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root: the folder above this package.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// For the wall itself our own code is compiled as for a release; the profile
/// that tests use favours short builds. Dependencies are the same for both, so
/// nothing but this package is built again.
const FAST: [(&str, &str); 3] = [
    ("CARGO_PROFILE_DEV_OPT_LEVEL", "3"),
    ("CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "false"),
    ("CARGO_PROFILE_DEV_OVERFLOW_CHECKS", "false"),
];

/// Runs cargo in the root; the error names the command.
fn cargo(fixed: &[&str], rest: &[String]) -> Result<(), String> {
    run(&mut cargo_command(fixed, rest))
}

/// As [`cargo`], with our own code compiled as for a release.
fn cargo_fast(fixed: &[&str], rest: &[String]) -> Result<(), String> {
    run(cargo_command(fixed, rest).envs(FAST))
}

fn cargo_command(fixed: &[&str], rest: &[String]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(fixed).args(rest);
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    eprintln!("$ {}", describe(command));
    let status = command.status().map_err(|error| format!("cannot start {}: {error}", describe(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed: {status}", describe(command))) }
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program).chain(command.get_args()).map(|part| part.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn demo(rest: &[String]) -> Result<(), String> {
    packages::require(packages::RUN)?;
    cargo_fast(&["build", "--locked"], &[])?;
    if has_display() {
        return cargo_fast(&["run", "--quiet", "--locked", "--", "demo"], rest);
    }
    let out = env::temp_dir().join("quanyu-demo.png");
    let out_text = out.to_string_lossy().into_owned();
    let mut arguments: Vec<String> = rest.to_vec();
    if !arguments.iter().any(|argument| argument.starts_with("--profile")) {
        arguments.extend(["--profile".to_owned(), "jinjihu".to_owned()]);
    }
    arguments.extend(["--out".to_owned(), out_text.clone()]);
    let mut command = cargo_command(&["run", "--quiet", "--locked", "--", "snapshot"], &arguments);
    if env::var_os("XDG_RUNTIME_DIR").is_none() {
        // Without it the driver's Wayland side complains on standard error.
        command.env("XDG_RUNTIME_DIR", env::temp_dir());
    }
    run(command.envs(FAST))?;
    println!("This machine has no display: the wall is in {out_text}");
    Ok(())
}

fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(all(unix, not(target_os = "macos"))) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Format, lints, every test. The test runner's closing line comes last.
fn check() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"], &[])?;
    cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])?;
    cargo(&["test", "--locked", "--workspace"], &[])
}

/// Renews the golden pictures: look at them before they are committed.
fn bless() -> Result<(), String> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).env("INSTA_UPDATE", "always").env("QUANYU_BLESS", "1").args([
        "test",
        "--locked",
        "--workspace",
    ]);
    run(&mut command)
}
