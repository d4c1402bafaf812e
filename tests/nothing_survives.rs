//! rinject killed at any moment leaves no process behind, and no folder that the next run does not remove.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A variable that every process of a run inherits, by which it is found.
const MARK: &str = "RINJECT_SURVIVAL_MARK";

/// Targets that make it hard: a tree of forks, many threads, daemons in sessions of their own, a command before the run.
const SPECS: [(&str, &str); 4] = [
    (
        "forks",
        "target = { program = \"sh\", args = [\"-c\", \"while :; do (sleep 10 | cat) & (true); done\"], env-clear = false }\n\
         inject = [{ on = \"execve\", delay-enter = \"1ms\", fires = \"0..\" }]\n",
    ),
    (
        "threads",
        "target = { program = \"BIN/busy-threads\", args = [\"32\"], env-clear = false }\n\
         inject = [{ at = \"tick\", fires = \"0..\" }]\n",
    ),
    (
        "daemons",
        "target = { program = \"sh\", args = [\"-c\", \"for i in 1 2 3 4 5 6; do (setsid sh -c 'sleep 20 & sleep 20' &) ; done; \
         sleep 20\"], env-clear = false }\ndeterminism = { schedule = \"free\" }\ntrace = { syscalls = [\"%process\"] }\n",
    ),
    (
        "setup",
        "target = { program = \"true\", env-clear = false }\nsetup = [{ run = [\"sh\", \"-c\", \"sleep 20 & sleep 20\"] }]\n",
    ),
];

/// How often rinject is killed; `RINJECT_KILLS` says otherwise.
fn kills() -> u64 {
    std::env::var("RINJECT_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(24)
}

/// Folders of runs that nobody claims.
fn unclaimed() -> BTreeSet<PathBuf> {
    let entries = fs::read_dir("/tmp").unwrap().flatten().map(|entry| entry.path());
    let claims = entries.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(".rinject-") && name.ends_with(".lock")
    });
    let folder = |claim: PathBuf| {
        let file = fs::File::open(&claim).ok()?;
        let lock = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockSharedNonblock).ok()?;
        drop(lock);
        let name = claim.file_name()?.to_str()?.strip_prefix('.')?.strip_suffix(".lock")?.to_owned();
        Some(claim.with_file_name(name))
    };
    claims.filter_map(folder).collect()
}

/// Folders of runs that no file claims: nobody would ever remove them.
fn forgotten() -> BTreeSet<PathBuf> {
    let entries = fs::read_dir("/tmp").unwrap().flatten().map(|entry| entry.path());
    let names =
        entries.filter(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"rinject-")));
    let has_claim = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.with_file_name(format!(".{name}.lock")).exists()
    };
    names.filter(|path| !has_claim(path)).collect()
}

fn rinject(spec: &Path, mark: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rinject"));
    command.args(["run", "--update", "no"]).arg(spec).env(MARK, mark).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn rinject_killed_at_any_moment_leaves_nothing() {
    if !common::can_trace() {
        return;
    }
    let bin = common::fixtures_bin();
    let folder = tempfile::tempdir().unwrap();
    let specs = SPECS.map(|(name, text)| {
        let path = folder.path().join(format!("{name}.toml"));
        let text = text.replace("BIN", &bin.to_string_lossy());
        fs::write(&path, format!("spec = 1\nsnapshot = {{ transcript = false }}\n{text}")).unwrap();
        path
    });
    let forgotten_before = forgotten();
    let mut moment = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..kills() {
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Most are met while they begin, some when they have run for long.
        let most = if round % 5 == 0 { 600_000 } else { 60_000 };
        let pause = Duration::from_micros((moment >> 40) % most);
        let mark = format!("{}-{round}", std::process::id());
        let mut child = rinject(&specs[(round % 4) as usize], &mark).spawn().unwrap();
        std::thread::sleep(pause);
        child.kill().unwrap();
        child.wait().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut left = common::processes_with(&format!("{MARK}={mark}"));
        while !left.is_empty() {
            assert!(Instant::now() < deadline, "round {round}, after {pause:?}: {left:?}");
            std::thread::sleep(Duration::from_millis(2));
            left = common::processes_with(&format!("{MARK}={mark}"));
        }
    }
    let left = unclaimed();
    assert!(!left.is_empty(), "no run was killed while it had a folder: the moments are wrong");
    let next = folder.path().join("next.toml");
    fs::write(&next, "spec = 1\nsnapshot = { transcript = false }\ntarget = { program = \"true\" }\n").unwrap();
    assert!(rinject(&next, "next").status().unwrap().success());
    let still: Vec<_> = left.iter().filter(|folder| folder.exists()).collect();
    assert!(still.is_empty(), "not removed: {still:?}");
    let never: Vec<_> = forgotten().difference(&forgotten_before).cloned().collect();
    assert!(never.is_empty(), "never to be removed: {never:?}");
}
