//! Processes that run already: attached to, and let go with nothing changed, whatever ends the attachment.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

#[path = "../fixtures/build.rs"]
mod fixtures;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long anything here may take before its tree is killed.
const PATIENCE: Duration = Duration::from_secs(60);

fn fixture(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    BUILT.get_or_init(|| fixtures::build(&root.join("fixtures")).unwrap()).join(name)
}

/// A program that runs; killed when the test is over.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    /// Starts it and waits for its first line.
    fn start(command: &mut Command) -> Running {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut String::new()).unwrap();
        Running { child, out }
    }

    fn busy(threads: u32) -> Running {
        Running::start(Command::new(fixture("busy-threads")).arg(threads.to_string()))
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id() as i32), signal).unwrap();
    }

    /// What each thread is doing, and who traces it.
    fn threads(&self) -> Vec<(String, String)> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.id())).unwrap().flatten();
        let status = tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
        let word = |text: &str, key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
            line.trim().to_owned()
        };
        status.map(|text| (word(&text, "State:"), word(&text, "TracerPid:"))).collect()
    }

    /// Nobody traces it, and no thread is in a stop.
    fn assert_free(&self) {
        for (state, tracer) in self.threads() {
            assert!(tracer == "0" && !state.starts_with(['t', 'T']), "{state}, traced by {tracer}");
        }
    }

    /// Ends it; the rest of its output and its status.
    fn finish(mut self) -> (String, Option<i32>) {
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
    fn assert_unharmed(self) {
        self.assert_free();
        assert_eq!(self.finish(), ("wrong=0 lost=0 changed=0\n".to_owned(), Some(0)));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test has passed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `rinject attach` with a spec of this text.
fn attach(folder: &Path, process: u32, spec: &str) -> Child {
    let path = folder.join("attach.toml");
    fs::write(&path, format!("spec = 1\ntarget = {{ attach = 1 }}\n{spec}\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rinject"));
    command.args(["attach", &process.to_string()]).arg(&path).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for it; its status and what it said.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("rinject did not end: {}", String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn can_trace() -> bool {
    let doctor = Command::new(env!("CARGO_BIN_EXE_rinject")).arg("doctor").output().unwrap();
    let required = std::env::var("RINJECT_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == "ptrace"));
    assert!(doctor.status.success() || !required, "tracing is required and refused");
    if !doctor.status.success() {
        println!("skipped: this machine refuses to trace");
    }
    doctor.status.success()
}

/// Rules of several kinds, each of which the fixture meets again and again.
const SPECS: [&str; 5] = [
    "inject = [{ on = \"getppid, poll, epoll_wait\", delay-exit = \"100us\", fires = \"20..\" }]",
    "inject = [{ at = \"tick\", quiet = true, fires = \"30..\" }]",
    "inject = [{ at = \"tick\", hardware = true, quiet = true, fires = \"5..\" }, \
        { watch = \"ticks\", quiet = true, fires = \"5..\" }]",
    "inject = [{ on = \"poll\", args = { timeout = \"1\" }, fires = \"5..\" }]",
    "trace = { syscalls = [\"all\"] }\nexpect = { count = [{ event = \"epoll_wait() -> 0\", is = \"5..\" }] }",
];

/// How often a process is attached to; `RINJECT_CYCLES` says otherwise.
fn cycles() -> usize {
    std::env::var("RINJECT_CYCLES").ok().and_then(|number| number.parse().ok()).unwrap_or(25)
}

fn attached_again_and_again(threads: u32) {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::busy(threads);
    for spec in SPECS.into_iter().cycle().take(cycles()) {
        let (status, said) = ended(attach(folder.path(), target.id(), spec));
        assert_eq!(status, Some(0), "{spec}\n{said}");
        target.assert_free();
    }
    target.assert_unharmed();
}

#[test]
fn a_program_of_three_threads_is_unharmed() {
    attached_again_and_again(3);
}

#[test]
fn a_program_of_64_threads_is_unharmed() {
    attached_again_and_again(64);
}

/// Whether a process has begun to wait for SIGINT and SIGTERM, which it blocks for that, or has ended.
fn waits_for_signals(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let blocked = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigBlk:")?.trim(), 16).ok());
    status.contains("(zombie)") || blocked.is_none_or(|blocked| blocked >> (Signal::SIGTERM as i32 - 1) & 1 == 1)
}

/// With a breakpoint planted that every thread runs into, rinject is told to end.
fn interrupted(signals: &[Signal]) {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::busy(9);
    for pause in [0, 1, 5, 20, 50, 100] {
        let rinject =
            attach(folder.path(), target.id(), "inject = [{ at = \"tick\", quiet = true, fires = \"1000000..\" }]");
        while pause >= 5 && !waits_for_signals(rinject.id()) {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(pause));
        for signal in signals {
            // Before it has begun to wait for signals it ends by them, with nothing done yet.
            kill(Pid::from_raw(rinject.id() as i32), *signal).unwrap();
        }
        let (status, said) = ended(rinject);
        assert!(status == Some(130) || status.is_none() && pause < 5, "{status:?} {said}");
        target.assert_free();
    }
    target.assert_unharmed();
}

#[test]
fn sigint_lets_it_go() {
    interrupted(&[Signal::SIGINT]);
}

#[test]
fn sigterm_lets_it_go() {
    interrupted(&[Signal::SIGTERM]);
}

#[test]
fn a_second_signal_does_not_leave_breakpoints_behind() {
    interrupted(&[Signal::SIGINT, Signal::SIGTERM, Signal::SIGINT]);
}

#[test]
fn the_time_limit_lets_it_go() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::busy(9);
    let path = folder.path().join("late.toml");
    let rule = "inject = [{ at = \"tick\", quiet = true, fires = \"100000000..\" }]";
    fs::write(&path, format!("spec = 1\ntarget = {{ attach = {}, timeout = \"300ms\" }}\n{rule}\n", target.id()))
        .unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_rinject"));
    let run = run.arg("run").arg(&path).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (status, said) = ended(run.spawn().unwrap());
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("did not end within its time limit"), "{said}");
    target.assert_unharmed();
}

#[test]
fn specs_for_one_process_take_turns() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::busy(3);
    for name in ["a", "b", "c", "d"] {
        let spec = format!("spec = 1\ntarget = {{ attach = {} }}\n{}\n", target.id(), SPECS[0]);
        fs::write(folder.path().join(name).with_extension("toml"), spec).unwrap();
    }
    let mut run = Command::new(env!("CARGO_BIN_EXE_rinject"));
    let run = run.args(["run", "-j", "4"]).arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (status, said) = ended(run.spawn().unwrap());
    assert_eq!(status, Some(0), "{said}");
    target.assert_unharmed();
}

#[test]
fn the_number_of_a_thread_is_not_that_of_a_process() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::busy(3);
    let tasks = fs::read_dir(format!("/proc/{}/task", target.id())).unwrap().flatten();
    let numbers = tasks.filter_map(|task| task.file_name().to_str()?.parse::<u32>().ok());
    let thread = numbers.max().unwrap();
    let (status, said) = ended(attach(folder.path(), thread, SPECS[0]));
    assert_eq!(status, Some(5), "{said}");
    assert!(said.contains(&format!("cannot attach to process {thread}")), "{said}");
    assert!(said.contains(&format!("it is a thread of process {}", target.id())), "{said}");
    target.assert_unharmed();
}

#[test]
fn a_stopped_process_stays_stopped() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::busy(9);
    target.signal(Signal::SIGSTOP);
    for _ in 0..5 {
        let path = folder.path().join("stopped.toml");
        fs::write(
            &path,
            format!(
                "spec = 1\ntarget = {{ attach = {{ pid = {}, for = \"50ms\" }} }}\n\
                 inject = [{{ at = \"tick\", fires = \"0..\" }}]\n",
                target.id()
            ),
        )
        .unwrap();
        let mut run = Command::new(env!("CARGO_BIN_EXE_rinject"));
        let run = run.arg("run").arg(&path).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (status, said) = ended(run.spawn().unwrap());
        assert_eq!(status, Some(0), "{said}");
        // A thread that is let go wakes for a moment to go into the stop of its own accord.
        let deadline = Instant::now() + Duration::from_secs(5);
        while !target.threads().iter().all(|(state, tracer)| tracer == "0" && state.starts_with('T')) {
            assert!(Instant::now() < deadline, "{:?}", target.threads());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    target.signal(Signal::SIGCONT);
    target.assert_unharmed();
}

#[test]
fn a_process_whose_first_thread_has_ended_is_attached_to() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut target = Running::start(Command::new(fixture("leader-leaves")).arg("200"));
    let (status, said) = ended(attach(
        folder.path(),
        target.id(),
        "inject = [{ on = \"getppid\", retval = 77, fires = \"3\" , when = \"1..3\" }]",
    ));
    assert_eq!(status, Some(0), "{said}");
    let mut rest = String::new();
    target.out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "3 times 77\n");
}

#[test]
fn children_are_followed_and_let_go() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "echo ready; while [ ! -e stop ]; do (exit 3) & wait $! || s=$?; \
        [ $s = 3 ] || echo bad $s; done; echo done";
    let mut target = Running::start(Command::new("sh").args(["-c", script]).current_dir(folder.path()));
    for _ in 0..5 {
        let spec = "expect = { count = [{ event = \"exit(code = 3)\", is = \"3..\" }] }";
        let (status, said) = ended(attach(folder.path(), target.id(), spec));
        assert_eq!(status, Some(0), "{said}");
    }
    fs::write(folder.path().join("stop"), "").unwrap();
    let mut rest = String::new();
    target.out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "done\n");
}

#[test]
fn the_end_of_the_process_is_the_end_of_the_run() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::start(Command::new("sh").args(["-c", "echo ready; sleep 0.3; exit 7"]));
    let (status, said) = ended(attach(folder.path(), target.id(), "expect = { exit = 7 }"));
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = ended(attach(folder.path(), target.id(), "expect = { exit = 7 }"));
    assert_eq!(status, Some(5), "it is a zombie now: {said}");
}

#[test]
fn a_rinject_that_is_killed_leaves_nothing_behind_without_places() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::busy(3);
    for pause in [5, 20, 50, 100] {
        let rinject = attach(folder.path(), target.id(), "trace = { syscalls = [\"all\"] }\nexpect = { exit = 9 }");
        std::thread::sleep(Duration::from_millis(pause));
        kill(Pid::from_raw(rinject.id() as i32), Signal::SIGKILL).unwrap();
        ended(rinject);
        target.assert_free();
    }
    target.assert_free();
    // Nobody is left to mend a call such as epoll_wait(2) that was interrupted just then and ends with EINTR, nor to hand
    // on a signal that the kernel has just told of: one for each task and kill.
    let (said, status) = target.finish();
    let lost = said.split_whitespace().find_map(|word| word.strip_prefix("lost=")?.parse().ok());
    assert!(lost.is_some_and(|lost: u32| lost <= 3 * 4), "{said:?}");
    assert!(said.ends_with(" changed=0\n") && status.is_some(), "{said:?} {status:?}");
}
