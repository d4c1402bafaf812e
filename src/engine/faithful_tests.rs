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
    // `struct kernel_sigaction`: no SA_RESTART.
    run.script.memory.insert(0x2000, vec![0; 32]);
    run.call(ROOT, "rt_sigaction", [12, 0x2000, 0, 8, 0, 0], 0);
    run.script.caught = SignalSet(1 << 11);
    run.take_edits();
    assert_eq!(written(&mut run), [Edit::Skip(-4), signal("SIGUSR2")]);
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
