//! Well-known facts about calls, as the table has them.

use super::*;
use crate::abi::Errno;
use crate::abi::Sysno;

fn call(name: &str) -> Sysno {
    Sysno::parse(name).unwrap()
}

fn errno(name: &str) -> Errno {
    Errno::parse(name).unwrap()
}

fn of(name: &str) -> &'static Model {
    model(call(name))
}

fn descriptor(kind: Kind, non_blocking: bool) -> Facts {
    let mut facts = Facts::default();
    facts.descriptors[0] = Some(Descriptor { kind: Some(kind), non_blocking });
    facts
}

/// What happens when `name` fails with `error`; `None` where it cannot now, or never.
fn effect(name: &str, error: &str, facts: &Facts) -> Option<Effect> {
    match of(name).fit(errno(error), facts) {
        Fit::Holds(failure) => Some(failure.effect),
        Fit::Lacks(_) | Fit::Never => None,
    }
}

#[test]
fn every_call_has_its_model() {
    for call in Sysno::all() {
        assert_eq!(model(call).name(), call.name());
        assert!(!model(call).source.is_empty());
        assert!(model(call).failures().all(|failure| !failure.source.is_empty()));
        // A call that returns nothing can neither fail nor be waited for.
        if call.info().ret == crate::abi::RetKind::Never {
            assert!(model(call).cannot_fail(), "{call}");
        }
    }
}

#[test]
fn no_call_is_told_to_the_program_by_a_number_that_only_the_kernel_sees() {
    // ERESTARTSYS and its like begin at 512.
    assert!(Sysno::all().flat_map(|call| model(call).failures()).all(|failure| failure.errno.number() < 134));
}

#[test]
fn calls_that_cannot_fail() {
    for name in ["getpid", "gettid", "getuid", "umask", "sched_yield", "exit_group", "sync", "alarm"] {
        assert!(of(name).cannot_fail(), "{name}");
    }
    assert!(!of("getpgid").cannot_fail());
}

#[test]
fn close_closes_whatever_it_says() {
    for error in ["EIO", "EINTR", "ENOSPC", "EDQUOT"] {
        assert_eq!(effect("close", error, &Facts::default()), Some(Effect::Closes));
    }
    assert_eq!(effect("close", "EBADF", &Facts::default()), Some(Effect::Nothing));
    assert_eq!(of("close").fit(errno("ENOMEM"), &Facts::default()), Fit::Never);
}

#[test]
fn brk_has_no_errno() {
    assert_eq!(of("brk").errnos(), [errno("ENOMEM")]);
    assert_eq!(effect("brk", "ENOMEM", &Facts::default()), Some(Effect::OldBreak));
}

#[test]
fn only_a_descriptor_that_does_not_block_would_block() {
    assert_eq!(effect("read", "EAGAIN", &descriptor(Kind::Pipe, true)), Some(Effect::Nothing));
    assert_eq!(effect("read", "EAGAIN", &descriptor(Kind::Pipe, false)), None);
    assert_eq!(effect("read", "EAGAIN", &descriptor(Kind::File, true)), None);
    let timed = Facts { time_limit: true, ..descriptor(Kind::Socket, false) };
    assert_eq!(effect("read", "EAGAIN", &timed), Some(Effect::Nothing));
    let dont_wait = Facts { args: [0, 0, 0, 0x40, 0, 0], ..descriptor(Kind::Socket, false) };
    assert_eq!(effect("recvfrom", "EAGAIN", &dont_wait), Some(Effect::Nothing));
    assert_eq!(effect("recvfrom", "EAGAIN", &descriptor(Kind::Socket, false)), None);
    // Resources run out whether one waits or not.
    assert_eq!(effect("clone", "EAGAIN", &Facts::default()), Some(Effect::Nothing));
}

#[test]
fn only_a_caught_signal_interrupts() {
    let caught = Facts { caught: true, ..descriptor(Kind::Pipe, false) };
    assert_eq!(effect("read", "EINTR", &caught), Some(Effect::Nothing));
    assert_eq!(effect("read", "EINTR", &descriptor(Kind::Pipe, false)), None);
    assert_eq!(effect("read", "EINTR", &Facts { caught: true, ..descriptor(Kind::File, false) }), None);
    assert_eq!(effect("connect", "EINTR", &caught), Some(Effect::Background));
}

#[test]
fn signal_7_says_what_is_started_again() {
    for name in ["read", "wait4", "connect", "futex", "openat", "flock", "mq_timedsend", "getrandom"] {
        assert_eq!(of(name).restart, Restart::Restarts, "{name}");
    }
    for name in ["poll", "select", "epoll_wait", "nanosleep", "semop", "msgrcv", "rt_sigtimedwait", "pause"] {
        assert_eq!(of(name).restart, Restart::Interrupts, "{name}");
    }
    for name in ["fstat", "rename", "mmap", "close"] {
        assert_eq!(of(name).restart, Restart::Never, "{name}");
    }
}

#[test]
fn calls_that_never_wait_for_others_are_never_interrupted() {
    for call in Sysno::all().filter(|call| call.info().args.is_some() && model(*call).restart != Restart::Never) {
        let waits = call.info().may_block
            || matches!(
                call.name(),
                // They wait for a disk or a server, or for what determinism makes the kernel do at once.
                "copy_file_range"
                    | "fallocate"
                    | "fdatasync"
                    | "fstatfs"
                    | "fstatfs64"
                    | "fsync"
                    | "ftruncate"
                    | "getrandom"
                    | "io_getevents"
                    | "io_pgetevents"
                    | "io_uring_enter"
                    | "open_by_handle_at"
                    | "request_key"
                    | "statfs"
                    | "statfs64"
                    | "syslog"
                    | "truncate"
            );
        assert!(waits, "{call}");
    }
}

#[test]
fn a_futex_is_only_full_of_reasons_while_it_waits() {
    let operation = |command: u64| Facts { args: [0, command, 0, 0, 0, 0], ..Facts::default() };
    assert_eq!(effect("futex", "EAGAIN", &operation(0)), Some(Effect::Nothing));
    // FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME
    assert_eq!(effect("futex", "EAGAIN", &operation(9 | 0x80 | 0x100)), Some(Effect::Nothing));
    assert_eq!(effect("futex", "EAGAIN", &operation(1)), None);
    assert_eq!(effect("futex", "ETIMEDOUT", &operation(0)), None);
}

#[test]
fn only_a_lock_that_is_asked_for_is_refused() {
    let lock = |command: u64, lock| Facts { args: [3, command, 0, 0, 0, 0], lock, ..Facts::default() };
    for command in [6, 37] {
        assert_eq!(effect("fcntl", "EAGAIN", &lock(command, Some(1))), Some(Effect::Nothing));
        assert_eq!(effect("fcntl", "EAGAIN", &lock(command, None)), Some(Effect::Nothing));
        assert_eq!(effect("fcntl", "EAGAIN", &lock(command, Some(2))), None);
    }
    // A lease is a number, not a lock in memory.
    assert_eq!(effect("fcntl", "EAGAIN", &lock(1024, Some(2))), Some(Effect::Nothing));
    let give_up = |operation: u64| Facts { args: [3, operation, 0, 0, 0, 0], ..Facts::default() };
    assert_eq!(effect("flock", "ENOLCK", &give_up(8)), None);
    assert_eq!(effect("flock", "ENOLCK", &give_up(2)), Some(Effect::Nothing));
}

#[test]
fn a_pipe_is_not_broken_for_who_reads_it() {
    let mut reader = descriptor(Kind::Pipe, false);
    reader.read_by_itself[0] = true;
    assert_eq!(effect("write", "EPIPE", &reader), None);
    assert_eq!(effect("write", "EPIPE", &descriptor(Kind::Pipe, false)), Some(Effect::Sigpipe));
}

#[test]
fn some_failures_bring_a_signal_along() {
    assert_eq!(effect("write", "EPIPE", &descriptor(Kind::Pipe, false)), Some(Effect::Sigpipe));
    assert_eq!(effect("write", "EPIPE", &descriptor(Kind::File, false)), None);
    let quiet = Facts { args: [0, 0, 0, 0x4000, 0, 0], ..descriptor(Kind::Socket, false) };
    assert_eq!(effect("sendto", "EPIPE", &quiet), Some(Effect::Nothing));
    assert_eq!(effect("sendto", "EPIPE", &descriptor(Kind::Socket, false)), Some(Effect::Sigpipe));
    assert_eq!(effect("write", "EFBIG", &descriptor(Kind::File, false)), Some(Effect::Nothing));
    let limited = Facts { size_limit: true, ..descriptor(Kind::File, false) };
    assert_eq!(effect("write", "EFBIG", &limited), Some(Effect::Sigxfsz));
}

#[test]
fn disks_lose_data() {
    assert_eq!(effect("fsync", "EIO", &descriptor(Kind::File, false)), Some(Effect::OncePerFile));
    assert_eq!(effect("write", "ENOSPC", &descriptor(Kind::File, false)), Some(Effect::Partial));
    assert_eq!(effect("write", "ENOSPC", &descriptor(Kind::Socket, false)), None);
}

#[test]
fn what_is_not_known_of_a_descriptor_may_be_so() {
    assert_eq!(effect("write", "EPIPE", &Facts::default()), Some(Effect::Sigpipe));
}

#[test]
fn conditions_are_told_in_words() {
    let told = |name: &str, error: &str| of(name).failure(errno(error)).unwrap().when.told(call(name));
    assert_eq!(told("rename", "EXDEV"), "");
    assert_eq!(told("write", "EPIPE"), "`fd` on a pipe or socket, `fd` without its other end");
    assert_eq!(told("flock", "EAGAIN"), "`operation` with LOCK_NB");
    assert_eq!(told("futex", "ENFILE"), "`futex_op` = FUTEX_FD");
}
