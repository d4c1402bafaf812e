//! Processes that run already: attached to, and let go with nothing changed, whatever ends the attachment.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

#[path = "attach/running.rs"]
mod running;

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use running::{Running, attach, can_trace, cycles, ended, fixture};

/// Rules of several kinds, each of which the fixture meets again and again.
const SPECS: [&str; 5] = [
    "inject = [{ on = \"getppid, poll, epoll_wait\", delay-exit = \"100us\", fires = \"20..\" }]",
    "inject = [{ at = \"tick\", quiet = true, fires = \"30..\" }]",
    "inject = [{ at = \"tick\", hardware = true, quiet = true, fires = \"5..\" }, \
        { watch = \"ticks\", quiet = true, fires = \"5..\" }]",
    "inject = [{ on = \"poll\", args = { timeout = \"1\" }, fires = \"5..\" }]",
    "trace = { syscalls = [\"all\"] }\nexpect = { count = [{ event = \"epoll_wait() -> 0\", is = \"5..\" }] }",
];

fn attached_again_and_again(threads: u32) {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::busy(threads);
    for spec in SPECS.into_iter().cycle().take(cycles(25)) {
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

/// Whether a process has begun to catch SIGINT and SIGTERM, or has ended.
fn waits_for_signals(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    status.contains("(zombie)") || caught.is_none_or(|caught| caught >> (Signal::SIGTERM as i32 - 1) & 1 == 1)
}

/// With a breakpoint planted that every thread runs into, rinject is told to end.
fn interrupted(signals: &[Signal]) {
    if !can_trace() {
        return;
    }
    // As nohup(1) and shells have it for what runs behind them; rinject leaves it at that.
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let is_ignored = |signal: &&Signal| ignored.is_some_and(|ignored| ignored >> (**signal as i32 - 1) & 1 == 1);
    if let Some(signal) = signals.iter().find(is_ignored) {
        return println!("skipped: {signal} is ignored here");
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
fn sighup_lets_it_go() {
    interrupted(&[Signal::SIGHUP]);
}

#[test]
fn every_other_signal_that_would_end_rinject_lets_it_go() {
    interrupted(&[Signal::SIGQUIT]);
    interrupted(&[Signal::SIGUSR1]);
    interrupted(&[Signal::SIGALRM]);
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
    // The wait for the first thread would last until all that is left is over.
    let target = Running::start(Command::new(fixture("leader-leaves")).arg("60"));
    let (status, said) = ended(attach(folder.path(), target.id(), "expect = { exit = 0 }"));
    assert_eq!(status, Some(0), "{said}");
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
