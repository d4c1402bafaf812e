//! Where things are in the project, and how they are built.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::fixtures as builder;

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
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "rinject", "--bin", "rinject", "--message-format", "json"])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("rinject could not be built".to_owned());
    }
    // Of cargo's messages only the path of the binary matters.
    let text = String::from_utf8_lossy(&output.stdout);
    let path = text.lines().filter_map(|line| line.split("\"executable\":\"").nth(1)?.split('"').next()).next_back();
    path.map(PathBuf::from).ok_or_else(|| "cargo did not say where it put rinject".to_owned())
}
