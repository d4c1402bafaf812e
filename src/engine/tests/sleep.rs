//! Who sleeps on what, and is asked therefore.

use super::*;

const CHILD: TaskId = TaskId(200);
const NONE: [u64; 6] = [0; 6];
const A_PIPE: [u64; 6] = [4, 0x1000, 5, 0, 0, 0];

/// A parent that is asleep in a call, and its child, whose turn it is.
fn asleep_in(call: &str, args: [u64; 6]) -> Run {
    asleep_after("getpid", call, args)
}

/// The same after another call.
fn asleep_after(before: &str, call: &str, args: [u64; 6]) -> Run {
    let mut run = Run::new("trace = { syscalls = [\"read\"] }");
    run.call(ROOT, before, NONE, 5);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Born(Newborn { child: CHILD, birth: Birth::Fork, process: CHILD, shares_memory: false }));
    run.see(CHILD, Stop::Started);
    run.enter(ROOT, call, args);
    run.resumes(ROOT);
    run.tell(Observation::Asleep { task: ROOT });
    run.engine.sleepers();
    run
}

/// Whether the sleeper is asked after a call of the other one.
fn is_asked(run: &mut Run, call: &str, args: [u64; 6]) -> bool {
    run.call(CHILD, call, args, 0);
    !run.engine.sleepers().is_empty()
}

#[test]
fn who_waits_at_a_pipe_is_not_asked_for_what_is_done_to_files() {
    for (call, args) in [("read", A_PIPE), ("recvfrom", A_PIPE), ("poll", NONE), ("epoll_wait", NONE)] {
        let mut run = asleep_in(call, args);
        for (file, args) in [("openat", NONE), ("rename", NONE), ("close", WRITE), ("write", WRITE)] {
            assert!(!is_asked(&mut run, file, args), "{call} {file}");
        }
        for (pipe, args) in [("write", A_PIPE), ("close", A_PIPE), ("sendmsg", A_PIPE), ("kill", NONE)] {
            assert!(is_asked(&mut run, pipe, args), "{call} {pipe}");
        }
    }
}

#[test]
fn who_waits_for_a_child_is_asked_when_one_executes_or_ends() {
    for call in ["wait4", "waitid", "vfork", "clone"] {
        let mut run = asleep_in(call, NONE);
        assert!(!is_asked(&mut run, "openat", NONE) && !is_asked(&mut run, "write", A_PIPE), "{call}");
        run.resumes(CHILD);
        run.see(CHILD, Stop::Exec { former: CHILD });
        assert_eq!(run.engine.sleepers(), [ROOT], "{call}");
        run.tell(Observation::Ended { task: CHILD, ending: Ending::Exited(0) });
        assert_eq!(run.engine.sleepers(), [ROOT], "{call}");
    }
}

#[test]
fn who_waits_for_something_else_is_asked_for_what_is_done_to_files_too() {
    // A lock of a file, a FIFO that is opened, a page of memory.
    for call in ["flock", "openat", "mlock"] {
        let mut run = asleep_in(call, NONE);
        assert!(is_asked(&mut run, "close", WRITE), "{call}");
        assert!(!is_asked(&mut run, "write", WRITE), "nobody waits for what is in a file");
    }
}

#[test]
fn whoever_changes_only_what_it_is_itself_wakes_nobody() {
    for call in ["arch_prctl", "getrandom", "pipe2", "prctl", "setresuid"] {
        assert!(!is_asked(&mut asleep_in("flock", NONE), call, NONE), "{call}");
    }
    // Another one may wait for the file of this name, or be told of what is done to it.
    for call in ["chdir", "chmod", "execve", "link"] {
        assert!(is_asked(&mut asleep_in("flock", NONE), call, NONE), "{call}");
        assert!(is_asked(&mut asleep_after("inotify_init1", "poll", NONE), call, NONE), "{call}");
        assert!(!is_asked(&mut asleep_in("read", A_PIPE), call, NONE), "{call}");
    }
    for call in ["kill", "seccomp", "signalfd4"] {
        assert!(is_asked(&mut asleep_in("read", A_PIPE), call, NONE), "{call}");
    }
}

#[test]
fn whoever_may_be_told_of_files_or_get_a_signal_from_nobody_is_asked_for_everything() {
    for (before, call) in [("inotify_init1", "poll"), ("fanotify_init", "epoll_wait"), ("setitimer", "wait4")] {
        assert!(is_asked(&mut asleep_after(before, call, NONE), "openat", NONE), "{call} after {before}");
        assert!(!is_asked(&mut asleep_in(call, NONE), "openat", NONE), "{call}");
    }
}
