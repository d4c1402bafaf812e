//! A program that runs already, and rinject attached to it: what the tests of attaching share. It must not know which
//! specs they use.
#![allow(dead_code, reason = "each of the tests that share it leaves something out")]

#[path = "../../fixtures/build.rs"]
mod fixtures;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// How long anything here may take before its tree is killed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn fixture(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    BUILT.get_or_init(|| fixtures::build(&root.join("fixtures")).unwrap()).join(name)
}

/// A program that runs; killed with all that it has started when the test is over.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) out: BufReader<ChildStdout>,
}

impl Running {
    /// Starts it and waits for its first line.
    pub(crate) fn start(command: &mut Command) -> Running {
        let mut child = command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut String::new()).unwrap();
        Running { child, out }
    }

    pub(crate) fn busy(threads: u32) -> Running {
        Running::start(Command::new(fixture("busy-threads")).arg(threads.to_string()))
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id() as i32), signal).unwrap();
    }

    /// What each thread is doing, and who traces it.
    pub(crate) fn threads(&self) -> Vec<(String, String)> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.id())).unwrap().flatten();
        let status = tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
        let word = |text: &str, key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
            line.trim().to_owned()
        };
        status.map(|text| (word(&text, "State:"), word(&text, "TracerPid:"))).collect()
    }

    /// Nobody traces it, and no thread is in a stop.
    pub(crate) fn assert_free(&self) {
        for (state, tracer) in self.threads() {
            assert!(tracer == "0" && !state.starts_with(['t', 'T']), "{state}, traced by {tracer}");
        }
    }

    /// Ends it; the rest of its output and its status.
    pub(crate) fn finish(mut self) -> (String, Option<i32>) {
        self.signal(Signal::SIGTERM);
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it did not end: {:?}", self.threads());
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap().code())
    }

    /// Ends it; nothing was out of order.
    pub(crate) fn assert_unharmed(self) {
        self.assert_free();
        assert_eq!(self.finish(), ("wrong=0 lost=0 changed=0\n".to_owned(), Some(0)));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test has passed.
        let _ = killpg(Pid::from_raw(self.id() as i32), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// `rinject attach` with a spec of this text.
pub(crate) fn attach(folder: &Path, process: u32, spec: &str) -> Child {
    let path = folder.join("attach.toml");
    fs::write(&path, format!("spec = 1\n{spec}\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rinject"));
    command.args(["attach", &process.to_string()]).arg(&path).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for it; its status and what it said.
pub(crate) fn ended(mut child: Child) -> (Option<i32>, String) {
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("rinject did not end: {}", String::from_utf8_lossy(&output.stdout));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

pub(crate) fn can_trace() -> bool {
    let doctor = Command::new(env!("CARGO_BIN_EXE_rinject")).arg("doctor").output().unwrap();
    let required = std::env::var("RINJECT_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == "ptrace"));
    assert!(doctor.status.success() || !required, "tracing is required and refused");
    if !doctor.status.success() {
        println!("skipped: this machine refuses to trace");
    }
    doctor.status.success()
}

/// How often a process is attached to; `RINJECT_CYCLES` says otherwise.
pub(crate) fn cycles(unless_said: usize) -> usize {
    std::env::var("RINJECT_CYCLES").ok().and_then(|number| number.parse().ok()).unwrap_or(unless_said)
}
