//! What calls do to tasks that sleep.
//! It must not know who sleeps.

use super::futex::{Operation, futex};
use super::sleep::Behind;
use super::task::InCall;
use crate::abi::{CallSet, Sysno};

/// Change nothing that a task can sleep on, and are over at once: they look at something, or change their own memory map or
/// signal handlers.
pub(super) static QUIET: CallSet = CallSet::named(&[
    "access",
    "brk",
    "clock_gettime",
    "faccessat",
    "faccessat2",
    "fstat",
    "fstatfs",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getrusage",
    "gettid",
    "gettimeofday",
    "getuid",
    "lseek",
    "lstat",
    "madvise",
    "mmap",
    "mprotect",
    "newfstatat",
    "prlimit64",
    "readlink",
    "readlinkat",
    "rseq",
    "rt_sigaction",
    "sched_getaffinity",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "stat",
    "statfs",
    "statx",
    "sysinfo",
    "time",
    "umask",
    "uname",
]);

/// Wake nobody either: a new task tells of itself; who sleeps until a time, for a child or for an event does nothing to others, and
/// nobody waits yet for what a new descriptor leads to.
static WAITING: CallSet = CallSet::named(&[
    "arch_prctl",
    "capget",
    "clock_nanosleep",
    "clone",
    "clone3",
    "epoll_create",
    "epoll_create1",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd",
    "eventfd2",
    "fork",
    "getgroups",
    "getpgid",
    "getrandom",
    "getresgid",
    "getresuid",
    "getrlimit",
    "getsid",
    "inotify_init",
    "inotify_init1",
    "memfd_create",
    "munmap",
    "nanosleep",
    "pause",
    "pidfd_open",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "prctl",
    "pselect6",
    "rt_sigprocmask",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "sched_yield",
    "select",
    "setgid",
    "setgroups",
    "setresgid",
    "setresuid",
    "setuid",
    "socketpair",
    "timerfd_create",
    "vfork",
    "wait4",
    "waitid",
]);

/// Wake nobody where they cannot block: files and folders have no readers that wait.
static FILES: CallSet = CallSet::named(&[
    "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readv", "write", "writev",
]);

/// Touch files and their names, and wake those who wait for one of them: by a lock, by inotify(7), by open of a FIFO. An exec that fails
/// may have opened its file, and a folder that was removed goes with the last who is in it; an exec that succeeds tells of itself.
static NAMES: CallSet = CallSet::named(&[
    "chdir",
    "chmod",
    "chown",
    "copy_file_range",
    "creat",
    "execve",
    "execveat",
    "fallocate",
    "fchdir",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "fdatasync",
    "flock",
    "fsync",
    "ftruncate",
    "lchown",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "open",
    "openat",
    "openat2",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "symlink",
    "symlinkat",
    "truncate",
    "unlink",
    "unlinkat",
    "utimensat",
]);

/// Wake those who wait for something behind a descriptor.
static DESCRIPTORS: CallSet = CallSet::named(&[
    "accept",
    "accept4",
    "bind",
    "close",
    "close_range",
    "connect",
    "dup2",
    "dup3",
    "epoll_ctl",
    "fcntl",
    "ioctl",
    "listen",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "sendfile",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "shutdown",
    "socket",
    "splice",
    "tee",
    "vmsplice",
]);

/// Which of those who wait for something else than a number in memory; each of these has those before it in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    Nobody,
    /// Who waits for neither a stream nor a child.
    Anything,
    /// Who waits for a stream, too.
    Streams,
    /// All of them.
    Children,
}

/// Whom something may have woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wakes {
    Nobody,
    /// Sleepers of this kind.
    Those(Reach),
    /// Who waits for this number, and who does for it under another address.
    Word {
        addr: u64,
        is_shared: bool,
        /// All of them, or as many as the call says, in the order in which they fell asleep.
        all: bool,
    },
    All,
}

/// Whether a call need not stop for the sake of others.
pub(super) fn is_quiet(sysno: Option<Sysno>) -> bool {
    sysno.is_some_and(|sysno| QUIET.contains(sysno))
}

impl Wakes {
    /// Whom a call that is over may have woken.
    pub(super) fn of(call: &InCall) -> Wakes {
        // Another call may stand in the place of one that rules change.
        let Some(sysno) = call.sysno.filter(|_| call.tampering.iter().all(|tampering| tampering.is_same_call)) else {
            return Wakes::All;
        };
        if let Some(futex) = futex(call) {
            return match futex.operation {
                Operation::Wait => Wakes::Nobody,
                Operation::Wake => {
                    Wakes::Word { addr: futex.word, is_shared: !futex.is_private, all: !futex.is_counted }
                }
                Operation::Other => Wakes::All,
            };
        }
        let is_file = FILES.contains(sysno);
        match () {
            () if QUIET.contains(sysno) || WAITING.contains(sysno) => Wakes::Nobody,
            () if is_file && !call.may_block => Wakes::Nobody,
            () if NAMES.contains(sysno) || call.behind == Behind::File => Wakes::Those(Reach::Anything),
            () if is_file || DESCRIPTORS.contains(sysno) => Wakes::Those(Reach::Streams),
            () => Wakes::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_of_one_kind() {
        let all = [&QUIET, &WAITING, &FILES, &NAMES, &DESCRIPTORS];
        for call in Sysno::all() {
            assert!(all.iter().filter(|set| set.contains(call)).count() <= 1, "{}", call.name());
        }
    }
}
