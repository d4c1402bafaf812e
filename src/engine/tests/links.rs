//! What is told of answers that stand.

use super::*;
use crate::engine::inspect::Moved;

const CHILD: TaskId = TaskId(200);

/// What is told at the entry and at the exit of a call.
fn told(run: &mut Run, call: &str, args: [u64; 6], result: i64) -> Vec<Moved> {
    run.script.moved.take();
    run.call(ROOT, call, args, result);
    run.script.moved.take()
}

fn all_calls() -> Run {
    Run::new("trace = { syscalls = [\"all\"] }")
}

#[test]
fn answers_stand_but_for_what_a_call_moves() {
    use Moved::{All, Descriptor, Nothing};
    const TCGETS: u64 = 0x5401;
    const SECCOMP_IOCTL_NOTIF_ADDFD: u64 = 0x4018_2103;
    const ENOENT: i64 = -2;
    let mut run = all_calls();
    for (call, args, result, moves) in [
        ("read", [3, 0x1000, 5, 0, 0, 0], 5, &[Nothing, Nothing][..]),
        ("openat", [3, 0x1000, 0, 0, 0, 0], 4, &[Nothing, Nothing]),
        // What it closes is still open at its entry. It may wait, and others go on meanwhile.
        ("close", [7, 0, 0, 0, 0, 0], 0, &[Nothing, Descriptor(7), Descriptor(7)]),
        ("close", [7, 0, 0, 0, 0, 0], -5, &[Nothing, Descriptor(7), Descriptor(7)]),
        ("dup2", [7, 8, 0, 0, 0, 0], 8, &[Nothing, Descriptor(8), Descriptor(8)]),
        ("close_range", [3, 9, 0, 0, 0, 0], 0, &[Nothing, All]),
        ("rename", [0x1000, 0x1000, 0, 0, 0, 0], 0, &[Nothing, All]),
        ("rename", [0x1000, 0x1000, 0, 0, 0, 0], ENOENT, &[Nothing, Nothing]),
        ("chdir", [0x1000, 0, 0, 0, 0, 0], 0, &[Nothing, All]),
        ("ioctl", [3, TCGETS, 0, 0, 0, 0], 0, &[Nothing, Nothing]),
        ("ioctl", [3, SECCOMP_IOCTL_NOTIF_ADDFD, 0, 0, 0, 0], 0, &[Nothing, All, All]),
    ] {
        assert_eq!(told(&mut run, call, args, result), moves, "{call}");
    }
}

#[test]
fn who_is_killed_in_a_call_may_have_moved_something() {
    let mut run = all_calls();
    run.enter(ROOT, "rename", [0x1000, 0x1000, 0, 0, 0, 0]);
    run.script.moved.take();
    run.tell(Observation::Ended { task: ROOT, ending: Ending::Exited(1) });
    assert_eq!(run.script.moved.take(), [Moved::All]);
}

#[test]
fn a_call_that_a_rule_has_changed_moves_everything() {
    let mut run = Run::new("trace = { syscalls = [\"all\"] }\ninject = [{ on = \"read\", args = { fd = 9 } }]");
    assert_eq!(told(&mut run, "read", [3, 0x1000, 5, 0, 0, 0], 0), [Moved::Nothing, Moved::All]);
}

#[test]
fn an_exec_moves_everything_and_before_its_start_nothing_stands() {
    let mut run = all_calls();
    run.script.moved.take();
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exec { former: ROOT });
    assert_eq!(run.script.moved.take(), [Moved::All]);
    run.enter(ROOT, "read", [3, 0x1000, 5, 0, 0, 0]);
    assert_eq!(run.script.moved.take(), []);
}

#[test]
fn where_somebody_may_move_them_unseen_no_answer_stands() {
    for rest in [
        "trace = { syscalls = [\"read\"] }",
        "trace = { syscalls = [\"all\", \"!close\"] }",
        "trace = { syscalls = [\"all\"], follow = [\"threads\"] }",
        "trace = { syscalls = [\"all\"] }\ndeterminism = { schedule = \"free\" }",
        "trace = { syscalls = [\"all\"], results = false }",
    ] {
        let mut run = Run::new(rest);
        run.script.moved.take();
        run.call(ROOT, "read", [3, 0x1000, 5, 0, 0, 0], 0);
        assert_eq!(run.script.moved.take(), [], "{rest}");
    }
}

#[test]
fn a_process_that_shares_its_descriptors_with_another_has_no_answer_stand() {
    const CLONE_FILES: u64 = 0x400;
    const A_THREAD: u64 = 0x1_0f00;
    for (flags, stands) in [(17, true), (A_THREAD, true), (CLONE_FILES | 17, false), (A_THREAD & !CLONE_FILES, false)]
    {
        let mut run = all_calls();
        run.call(ROOT, "clone", [flags, 0, 0, 0, 0, 0], i64::from(CHILD.0));
        let told = told(&mut run, "read", [3, 0x1000, 5, 0, 0, 0], 0);
        assert_eq!(!told.is_empty(), stands, "{flags:#x}");
    }
    let mut run = all_calls();
    assert_eq!(told(&mut run, "io_uring_setup", [8, 0x1000, 0, 0, 0, 0], -38), []);
}
