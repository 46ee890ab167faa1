//! What the project needs from the system, and how it gets there.
//!
//! On Debian and Ubuntu missing packages are installed: after a question when
//! a person is there, without one when nobody is. Elsewhere, or without the
//! right to install, the packages are named and nothing is hidden.

use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

/// A package and what it is for.
pub type Package = (&'static str, &'static str);

/// To build and to run the wall.
pub const RUN: &[Package] = &[
    ("gcc", "links the program"),
    ("libc6-dev", "links the program"),
    ("make", "builds the allocator"),
    ("pkg-config", "finds libraries while building"),
    ("libwayland-dev", "the window under Wayland, to build"),
    ("fonts-noto-cjk", "Chinese type"),
    ("libvulkan1", "finds the graphics driver"),
    ("mesa-vulkan-drivers", "graphics drivers, the software one included"),
    ("libx11-6", "opens a window under X11"),
    ("libx11-xcb1", "opens a window under X11"),
    ("libxcursor1", "the cursor under X11"),
    ("libxi6", "input under X11"),
    ("libxrandr2", "monitors under X11"),
    ("libxkbcommon0", "the keyboard"),
    ("libxkbcommon-x11-0", "the keyboard under X11"),
    ("libwayland-client0", "opens a window under Wayland"),
];

/// To test, beside those; tests need no display.
pub const TEST: &[Package] = &[("mosquitto", "the MQTT broker that sources are tested with")];

/// Sees to it that `packages` are installed.
///
/// # Errors
/// Names what is missing and the command that installs it.
pub fn require(packages: &[Package]) -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    if !has_program("dpkg-query") {
        eprintln!("xtask: not Debian or Ubuntu: please see to these yourself:");
        for (name, purpose) in packages {
            eprintln!("  {name}: {purpose}");
        }
        return Ok(());
    }
    let missing: Vec<Package> = packages.iter().copied().filter(|(name, _)| !is_installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
    eprintln!("These packages are missing:");
    for (name, purpose) in &missing {
        eprintln!("  {name}: {purpose}");
    }
    let by_hand = format!("sudo apt-get install {}", names.join(" "));
    if !may_install()? {
        return Err(format!("missing packages; install them with: {by_hand}"));
    }
    let prefix: &[&str] = if is_root() { &[] } else { &["sudo"] };
    apt(prefix, &["update", "-q"]).map_err(|error| format!("{error}; install by hand: {by_hand}"))?;
    let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
    arguments.extend(&names);
    apt(prefix, &arguments).map_err(|error| format!("{error}; install by hand: {by_hand}"))
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Result<(), String> {
    let words: Vec<&str> = prefix.iter().copied().chain(["apt-get"]).chain(arguments.iter().copied()).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::from(std::io::stderr()));
    let status = command.status().map_err(|error| format!("cannot start {}: {error}", words.join(" ")))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed: {status}", words.join(" "))) }
}

/// Asks when a person is there; in CI the answer is yes.
fn may_install() -> Result<bool, String> {
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    if is_ci || !std::io::stdin().is_terminal() {
        return Ok(is_root() || can_sudo());
    }
    eprint!("Install them now? [Y/n] ");
    std::io::stderr().flush().map_err(|error| error.to_string())?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| error.to_string())?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes"))
}

fn is_installed(package: &str) -> bool {
    // A renamed package (64-bit time on Ubuntu: libfoo0t64) provides the old name.
    [package.to_owned(), format!("{package}t64")].iter().any(|name| {
        Command::new("dpkg-query")
            .args(["-W", "-f", "${db:Status-Status}", name])
            .stderr(Stdio::null())
            .output()
            .is_ok_and(|output| output.status.success() && output.stdout == b"installed")
    })
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn can_sudo() -> bool {
    Command::new("sudo")
        .args(["-n", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn has_program(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}
