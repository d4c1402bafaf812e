//! Where things are in the project, and how they are built.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::fixtures as builder;

/// The profile that packages are built with.
pub const PACKAGED: &str = "dist";

/// How the C library gets into it, at a fixed address.
const STATIC: &str = "-C target-feature=+crt-static -C relocation-model=static";

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Builds the fixtures; returns the folder of the programs.
pub fn fixtures() -> Result<PathBuf, String> {
    builder::build(&root().join("fixtures"))
}

/// Builds `rinject` in release mode; returns its path.
pub fn rinject() -> Result<PathBuf, String> {
    built(&mut cargo_build("rinject", "release"))
}

/// Builds what takes stops through the engine; returns its path.
pub fn hot() -> Result<PathBuf, String> {
    built(&mut cargo_build("hot", "release"))
}

/// Builds `rinject` as packages have it, with the C library in it; returns its path.
pub fn static_rinject() -> Result<PathBuf, String> {
    built(&mut static_build())
}

/// The same, with a program that calls the compiler for the project's own crates.
pub fn static_rinject_by(wrapper: &Path) -> Result<PathBuf, String> {
    built(static_build().env("RUSTC_WORKSPACE_WRAPPER", wrapper))
}

fn static_build() -> Command {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut build = cargo_build("rinject", PACKAGED);
    build.args(["--target", &target]).env("RUSTFLAGS", STATIC);
    build
}

/// The package and its binary have one name.
fn cargo_build(package: &str, profile: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--profile", profile, "--package", package, "--bin", package]);
    command.args(["--message-format", "json"]);
    command.current_dir(root()).stderr(Stdio::inherit());
    command
}

fn built(command: &mut Command) -> Result<PathBuf, String> {
    let output = command.output().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("rinject could not be built".to_owned());
    }
    // Of cargo's messages only the path of the binary matters.
    let text = String::from_utf8_lossy(&output.stdout);
    let path = text.lines().filter_map(|line| line.split("\"executable\":\"").nth(1)?.split('"').next()).next_back();
    path.map(PathBuf::from).ok_or_else(|| "cargo did not say where it put rinject".to_owned())
}
