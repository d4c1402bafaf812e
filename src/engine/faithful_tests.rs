//! Failures as the kernel makes them, and those that it would not make, against a scripted task.

use super::*;
use crate::faults::{Descriptor, Kind};

/// A run with one rule that lets `call` fail with `error`, on a descriptor 3 that is `kind`.
fn failing(call: &str, error: &str, kind: Kind, non_blocking: bool) -> Run {
    let mut run = Run::new(&format!("inject = [{{ on = \"{call}\", error = \"{error}\" }}]"));
    run.script.files.insert(3, Descriptor { kind: Some(kind), non_blocking });
    run
}

fn written(run: &mut Run) -> Vec<Edit> {
    run.enter(ROOT, "write", WRITE);
    run.take_edits()
}

fn signal(name: &str) -> Edit {
    let signal = crate::abi::Signal::parse(name).unwrap();
    Edit::Send { signal, to: crate::plan::Recipient::Thread, value: None }
}

#[test]
fn a_broken_pipe_sends_its_signal() {
    let mut run = failing("write", "EPIPE", Kind::Pipe, false);
    assert_eq!(written(&mut run), [Edit::Skip(-32), signal("SIGPIPE")]);
}

#[test]
fn a_file_has_no_broken_pipe() {
    let mut run = failing("write", "EPIPE", Kind::File, false);
    assert_eq!(written(&mut run), []);
}

#[test]
fn a_pipe_that_the_process_itself_could_read_is_not_broken() {
    let broken = |inode: u64| {
        let mut run = failing("write", "EPIPE", Kind::Pipe, false);
        run.script.files.insert(6, Descriptor { kind: Some(Kind::Pipe), non_blocking: false });
        run.script.pipe = Some((6, inode));
        run.enter(ROOT, "write", [6, 0x1000, 5, 0, 0, 0]);
        !run.take_edits().is_empty()
    };
    // The script's descriptor 4 reads from pipe 77.
    assert!(!broken(77));
    assert!(broken(78));
}

#[test]
fn nothing_is_looked_up_that_the_failure_does_not_hang_on() {
    let listed = |error: &str| {
        let mut run = failing("write", error, Kind::Pipe, false);
        run.script.files.insert(6, Descriptor { kind: Some(Kind::Pipe), non_blocking: false });
        run.script.pipe = Some((6, 78));
        run.enter(ROOT, "write", [6, 0x1000, 5, 0, 0, 0]);
        run.script.listed.get()
    };
    assert_eq!((listed("EPIPE"), listed("EIO")), (1, 0));
}

#[test]
fn what_may_wait_does_not_say_eagain() {
    assert_eq!(written(&mut failing("write", "EAGAIN", Kind::Pipe, false)), []);
    assert_eq!(written(&mut failing("write", "EAGAIN", Kind::Pipe, true)), [Edit::Skip(-11)]);
}

#[test]
fn without_a_handler_nothing_is_interrupted() {
    assert_eq!(written(&mut failing("write", "EINTR", Kind::Pipe, false)), []);
}

#[test]
fn a_handler_that_does_not_restart_runs_before_eintr_is_seen() {
    let mut run = failing("write", "EINTR", Kind::Pipe, false);
    handle_sigusr2(&mut run, 0);
    assert_eq!(written(&mut run), [Edit::Skip(-4), signal("SIGUSR2")]);
}

/// Sets a handler, as with `struct kernel_sigaction`.
fn handle_sigusr2(run: &mut Run, flags: u64) {
    let action = [0, flags, 0, 0].map(u64::to_ne_bytes).concat();
    run.script.memory.insert(0x2000, action);
    run.call(ROOT, "rt_sigaction", [12, 0x2000, 0, 8, 0, 0], 0);
    run.script.caught = SignalSet(1 << 11);
    run.take_edits();
}

#[test]
fn a_handler_that_restarts_interrupts_only_a_socket_with_a_time_limit() {
    const SA_RESTART: u64 = 0x1000_0000;
    for (timed, expected) in
        [(vec![], vec![]), (vec![(3, false)], vec![]), (vec![(3, true)], vec![Edit::Skip(-4), signal("SIGUSR2")])]
    {
        let mut run = failing("write", "EINTR", Kind::Socket, false);
        run.script.timed = timed;
        handle_sigusr2(&mut run, SA_RESTART);
        assert_eq!(written(&mut run), expected);
    }
}

#[test]
fn a_time_limit_is_of_one_direction() {
    for (call, sends) in [("recvfrom", false), ("read", false), ("accept", false), ("sendto", true), ("write", true)]
    {
        for limit in [false, true] {
            let mut run = failing(call, "EAGAIN", Kind::Socket, false);
            run.script.timed = vec![(3, limit)];
            run.enter(ROOT, call, [3, 0x1000, 5, 0, 0, 0]);
            let expected = if sends == limit { vec![Edit::Skip(-11)] } else { vec![] };
            assert_eq!(run.take_edits(), expected, "{call} with a limit, for sending: {limit}");
        }
    }
}

#[test]
fn a_futex_with_the_expected_value_is_waited_for() {
    const WAIT: u64 = 0;
    const CMP_REQUEUE: u64 = 4;
    const LOCK_PI: u64 = 6;
    for (operation, value, value3, fails) in [
        (WAIT, 5, 0, false),
        (WAIT, 5 | 1 << 40, 0, false),
        (WAIT, 6, 0, true),
        (CMP_REQUEUE, 1, 5, false),
        (CMP_REQUEUE, 1, 6, true),
        (LOCK_PI, 5, 0, true),
    ] {
        let mut run = failing("futex", "EAGAIN", Kind::File, false);
        run.script.memory.insert(0x3000, vec![5, 0, 0, 0]);
        run.enter(ROOT, "futex", [0x3000, operation | 0x80, value, 0, 0, value3]);
        let expected = if fails { vec![Edit::Skip(-11)] } else { vec![] };
        assert_eq!(run.take_edits(), expected, "{operation} {value} {value3}");
    }
}

#[test]
fn a_lock_that_is_given_up_cannot_be_refused() {
    const SETLK: u64 = 6;
    const SETLKW: u64 = 7;
    for (error, command) in [("EAGAIN", SETLK), ("EACCES", SETLK), ("ENOLCK", SETLK), ("EDEADLK", SETLKW)] {
        for (l_type, fails) in [(1, true), (2, false)] {
            let mut run = failing("fcntl", error, Kind::File, false);
            run.script.memory.insert(0x3000, vec![l_type, 0, 0, 0]);
            run.enter(ROOT, "fcntl", [3, command, 0x3000, 0, 0, 0]);
            assert_eq!(!run.take_edits().is_empty(), fails, "{error} {command} {l_type}");
        }
    }
}

#[test]
fn what_is_beyond_a_limit_of_size_brings_a_signal() {
    let mut run = failing("write", "EFBIG", Kind::File, false);
    run.script.size_limit = true;
    assert_eq!(written(&mut run), [Edit::Skip(-27), signal("SIGXFSZ")]);
    assert_eq!(written(&mut failing("write", "EFBIG", Kind::File, false)), [Edit::Skip(-27)]);
}

#[test]
fn an_open_file_hears_of_a_lost_write_once_by_whatever_descriptor() {
    let mut run = failing("fsync", "EIO", Kind::File, false);
    run.script.duplicates = vec![3, 7];
    let synced = |run: &mut Run, fd: u64| {
        run.enter(ROOT, "fsync", [fd, 0, 0, 0, 0, 0]);
        run.take_edits()
    };
    assert_eq!(synced(&mut run, 3), [Edit::Skip(-5)]);
    assert_eq!(synced(&mut run, 3), []);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(0));
    assert_eq!(synced(&mut run, 7), []);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(0));
    // A write can be lost anew.
    run.call(ROOT, "write", WRITE, 5);
    assert_eq!(synced(&mut run, 7), [Edit::Skip(-5)]);
}

#[test]
fn unfaithful_asks_nobody() {
    let mut run = Run::new("inject = [{ on = \"write\", error = \"EAGAIN\", unfaithful = true }]");
    assert_eq!(written(&mut run), [Edit::Skip(-11)]);
}

#[test]
fn a_call_of_a_class_that_never_fails_so_is_left_alone() {
    let mut run = Run::new("inject = [{ on = \"%desc\", error = \"ENOTEMPTY\" }]");
    assert_eq!(written(&mut run), []);
}
