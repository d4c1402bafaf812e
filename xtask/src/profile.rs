//! rinject for packages, compiled by what it does most: built once to count that, run on all specs and in a sweep, and built once
//! more by the counts. Where the toolchain has nothing that merges them (the component llvm-tools) it is built without.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::project;

/// A sweep, in which the same program is run a few hundred times.
const SWEEP: [&str; 9] =
    ["sweep", "--quiet", "--points", "each", "--state", "target/profile/kept", "--", "sort", "Cargo.toml"];

/// Builds the static binary; returns its path.
pub fn static_rinject() -> Result<PathBuf, String> {
    let Some(merger) = merger()? else {
        println!("built without a profile: `rustup component add llvm-tools` brings llvm-profdata, which merges one");
        return project::static_rinject();
    };
    let folder = project::root().join("target/profile");
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let merged = folder.join("rinject.profdata");
    // What the build script counts is not wanted, and comes to a place of its own.
    let counting = wrapper(&folder, "counting", &format!("-Cprofile-generate={}", folder.join("others").display()))?;
    let rinject = project::static_rinject_by(&counting)?;
    if !is_newer(&merged, &rinject) {
        merge(&merger, &counted(&rinject, &folder.join("counts"))?, &merged)?;
    }
    project::static_rinject_by(&wrapper(&folder, "counted", &format!("-Cprofile-use={}", merged.display()))?)
}

/// Runs all specs with a program that counts what it does; the files that it has written to a folder, which is made anew.
fn counted(rinject: &Path, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error| format!("cannot make and read {}: {error}", folder.display());
    // It is there from another build.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(cannot)?;
    // What comes of the specs is for tests to say, and a run that fails counts, too.
    for words in [&["run", "--quiet", "specs"][..], &SWEEP] {
        let status = Command::new(rinject)
            .args(words)
            .env("LLVM_PROFILE_FILE", folder.join("%m.profraw"))
            .current_dir(project::root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.map_err(|error| format!("cannot run {}: {error}", rinject.display()))?;
    }
    let files = fs::read_dir(folder).map_err(cannot)?.filter_map(|file| Some(file.ok()?.path())).collect::<Vec<_>>();
    if files.is_empty() { Err(format!("{} has counted nothing", rinject.display())) } else { Ok(files) }
}

fn merge(merger: &Path, counts: &[PathBuf], merged: &Path) -> Result<(), String> {
    let status = Command::new(merger).args(["merge", "-o"]).arg(merged).args(counts).status();
    let status = status.map_err(|error| format!("cannot run {}: {error}", merger.display()))?;
    if status.success() { Ok(()) } else { Err(format!("{} could not merge the counts: {status}", merger.display())) }
}

/// Whether a file is there, and is newer than another one.
fn is_newer(file: &Path, than: &Path) -> bool {
    let modified = |file: &Path| fs::metadata(file).ok()?.modified().ok();
    modified(file).is_some_and(|time| modified(than).is_some_and(|other| other < time))
}

/// llvm-profdata of the compiler's own version: no other one is sure to read its files.
fn merger() -> Result<Option<PathBuf>, String> {
    let output = Command::new("rustc").args(["--print", "target-libdir"]).current_dir(project::root()).output();
    let output = output.map_err(|error| format!("cannot run rustc: {error}"))?;
    let libraries = String::from_utf8_lossy(&output.stdout);
    let tool = Path::new(libraries.trim_end()).with_file_name("bin").join("llvm-profdata");
    Ok(tool.is_file().then_some(tool))
}

/// A script that calls the compiler with one flag more. Cargo takes it for the project's own crates alone: with flags for all
/// crates those that it depends on would be built three times.
fn wrapper(folder: &Path, name: &str, flag: &str) -> Result<PathBuf, String> {
    let path = folder.join(name);
    let text = format!("#!/bin/sh\nexec \"$@\" '{flag}'\n");
    fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    fs::set_permissions(&path, Permissions::from_mode(0o755))
        .map_err(|error| format!("cannot make {} a program: {error}", path.display()))?;
    Ok(path)
}
