//! Surroundings that are the same on every run.

use std::sync::Arc;
use std::time::Duration;

use crate::abi::{CallSet, Sysno};

/// What a program is told instead of what the kernel says.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// What random bytes are drawn from, where they are not the kernel's.
    pub random: Option<u64>,
    /// What time it is when the run begins, since 1970, where the run has a time of its own.
    pub clock: Option<Duration>,
    /// Whether the numbers of processes begin anew (pid_namespaces(7)).
    pub own_pids: bool,
    /// Processors that the program sees.
    pub cpus: Option<u32>,
    /// The name of the machine.
    pub hostname: Option<Arc<str>>,
    /// Whether names in a directory come in the order of their bytes.
    pub sorts_directories: bool,
    /// Where the times of files go by the clock of the run: when it begins by that of the machine, since 1970.
    pub file_times: Option<Duration>,
}

/// Calls that open what is read instead.
const OPENS: [&str; 3] = ["open", "openat", "openat2"];

/// Calls that read directories.
const LISTS: [&str; 2] = ["getdents", "getdents64"];

/// Calls that tell the time, set it, or set a timer. Those that may take time are stopped, too.
const CLOCKS: [&str; 24] = [
    "alarm",
    "clock_gettime",
    "clock_settime",
    "futex_wait",
    "futex_waitv",
    "getitimer",
    "getrusage",
    "getsockopt",
    "gettimeofday",
    "io_getevents",
    "io_pgetevents",
    "setitimer",
    "setsockopt",
    "settimeofday",
    "sysinfo",
    "time",
    "timer_create",
    "timer_delete",
    "timer_getoverrun",
    "timer_gettime",
    "timer_settime",
    "timerfd_gettime",
    "timerfd_settime",
    "times",
];

/// Calls that tell the times of files, or change them.
const FILES: [&str; 63] = [
    "bind",
    "chmod",
    "chown",
    "copy_file_range",
    "creat",
    "fallocate",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "fchown",
    "fchownat",
    "fremovexattr",
    "fsetxattr",
    "fstat",
    "ftruncate",
    "futimesat",
    "getdents",
    "getdents64",
    "lchown",
    "link",
    "linkat",
    "lremovexattr",
    "lsetxattr",
    "lstat",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "mmap",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pread64",
    "preadv",
    "preadv2",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readv",
    "removexattr",
    "removexattrat",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "setxattr",
    "setxattrat",
    "splice",
    "stat",
    "statx",
    "symlink",
    "symlinkat",
    "truncate",
    "unlink",
    "unlinkat",
    "utime",
    "utimensat",
    "utimes",
    "write",
    "writev",
];

impl Fixed {
    /// Calls that stop for its sake, whatever else is traced.
    pub fn calls(&self) -> CallSet {
        let set = |names: &[&str]| -> CallSet { names.iter().filter_map(|name| Sysno::parse(name)).collect() };
        let mut calls = CallSet::new();
        if self.random.is_some() {
            calls.union(&set(&["getrandom"]));
        }
        if self.cpus.is_some() {
            calls.union(&set(&["sched_getaffinity"]));
        }
        if self.random.is_some() || self.cpus.is_some() {
            calls.union(&set(&OPENS));
        }
        if self.hostname.is_some() {
            calls.union(&set(&["uname"]));
        }
        if self.sorts_directories {
            calls.union(&set(&LISTS));
        }
        if self.file_times.is_some() {
            calls.union(&set(&FILES));
        }
        if self.clock.is_some() {
            calls.union(&set(&CLOCKS));
            calls.union(&Sysno::all().filter(|sysno| sysno.info().may_block).collect());
        }
        calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_call() {
        for name in OPENS.iter().chain(&LISTS).chain(&CLOCKS).chain(&FILES) {
            assert!(Sysno::parse(name).is_some(), "{name}");
        }
    }

    #[test]
    fn where_nothing_is_fixed_nothing_stops() {
        assert_eq!(Fixed::default().calls().iter().count(), 0);
    }
}
