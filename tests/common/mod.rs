//! What tests of the program as a whole share.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]
#![allow(dead_code, reason = "no test needs all of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

#[path = "../../fixtures/build.rs"]
mod fixtures;
pub(crate) mod sweeps;

/// Whether `RINJECT_REQUIRE` names what a test would otherwise be skipped without.
pub(crate) fn is_required(what: &str) -> bool {
    std::env::var("RINJECT_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == what))
}

/// Whether processes can be traced here; says why a test does nothing, or fails where it may not.
pub(crate) fn can_trace() -> bool {
    let refused = rinject::sys::probe_tracing().err();
    assert!(refused.is_none() || !is_required("ptrace"), "tracing is required and refused: {refused:?}");
    if let Some(error) = &refused {
        println!("skipped: this machine refuses to trace: {error:?}");
    }
    refused.is_none()
}

/// Whether a program is installed, as [`can_trace`].
pub(crate) fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    assert!(is_there || !is_required(name), "`{name}` is required and not installed");
    if !is_there {
        println!("skipped: `{name}` is not installed");
    }
    is_there
}

/// Whether tests that need to become somebody else can do so, as [`can_trace`].
pub(crate) fn is_root() -> bool {
    let able = nix::unistd::geteuid().is_root();
    assert!(able || !is_required("root"), "root is required");
    if !able {
        println!("skipped: only root can become another user");
    }
    able
}

/// Whether there is a page of vsyscalls here: kernels can do without.
pub(crate) fn has_vsyscalls() -> bool {
    let able = std::fs::read_to_string("/proc/self/maps").unwrap_or_default().contains("[vsyscall]");
    if !able {
        println!("skipped: this kernel has no page of vsyscalls");
    }
    able
}

/// Whether a user namespace can be made here, as [`can_trace`].
pub(crate) fn has_user_namespaces() -> bool {
    let mut unshare = Command::new("unshare");
    let able =
        unshare.args(["--user", "--map-root-user", "true"]).output().is_ok_and(|output| output.status.success());
    assert!(able || !is_required("userns"), "user namespaces are required and cannot be made");
    if !able {
        println!("skipped: no user namespace can be made here");
    }
    able
}

/// The folder with the programs that were built from fixtures/.
pub(crate) fn fixtures_bin() -> PathBuf {
    /// Tests run at the same time, and the compiler is to run once.
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = BUILT.get_or_init(|| fixtures::build(&root.join("fixtures")));
    built.clone().unwrap_or_else(|error| panic!("{error}"))
}

/// A fresh folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// A program in `folder`, killed after a minute, in an environment that says nothing to rinject.
pub(crate) fn limited(folder: &Path, program: &str) -> Command {
    let mut command = told_nothing(folder, "timeout");
    command.args(["-s", "KILL", "60", program]);
    command
}

/// A program in `folder`, in an environment that says nothing to rinject.
pub(crate) fn told_nothing(folder: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    let ours = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("RINJECT_"));
    for name in ours.chain(["CI", "INSTA_UPDATE", "GITHUB_ACTIONS"].map(str::to_owned)) {
        command.env_remove(name);
    }
    // What it remembers of the last run is none of the user's.
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Status, standard output and standard error of `rinject` in `folder`.
pub(crate) fn rinject(folder: &Path, words: &[&str]) -> (i32, String, String) {
    rinject_with(folder, words, &[])
}

/// The same, with these variables in its environment.
pub(crate) fn rinject_with(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = limited(folder, env!("CARGO_BIN_EXE_rinject"));
    let output = command.args(words).envs(variables.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("rinject writes UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Processes whose environment has this variable, as their lines in `/proc/PID/stat`.
pub(crate) fn processes_with(variable: &str) -> Vec<String> {
    let has = |folder: &Path| {
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|other| other == variable.as_bytes())
    };
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let alive = processes.filter(|folder| has(folder));
    alive.map(|folder| fs::read_to_string(folder.join("stat")).unwrap_or_default()).collect()
}
