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
static OPENS: CallSet = CallSet::named(&["open", "openat", "openat2"]);

/// Calls that read directories.
static LISTS: CallSet = CallSet::named(&["getdents", "getdents64"]);

/// Calls that tell the time, set it, or set a timer. Those that may take time are stopped, too.
static CLOCKS: CallSet = CallSet::named(&[
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
]);

/// Calls that tell the times of files, or change them by reading, opening or binding; beside those that change something else.
static FILES: CallSet = CallSet::named(&[
    "bind",
    "fstat",
    "getdents",
    "getdents64",
    "lstat",
    "mmap",
    "newfstatat",
    "open",
    "openat",
    "openat2",
    "pread64",
    "preadv",
    "preadv2",
    "read",
    "readv",
    "stat",
    "statx",
]);

impl Fixed {
    /// Calls that stop for its sake, whatever else is traced.
    pub fn calls(&self) -> CallSet {
        let mut calls = CallSet::new();
        if self.random.is_some() {
            calls.union(const { &CallSet::named(&["getrandom"]) });
        }
        if self.cpus.is_some() {
            calls.union(const { &CallSet::named(&["sched_getaffinity"]) });
        }
        if self.random.is_some() || self.cpus.is_some() {
            calls.union(&OPENS);
        }
        if self.hostname.is_some() {
            calls.union(const { &CallSet::named(&["uname"]) });
        }
        if self.sorts_directories {
            calls.union(&LISTS);
        }
        if self.file_times.is_some() {
            calls.union(&FILES);
            calls.union(&Sysno::all().filter(|sysno| sysno.info().changes.is_some()).collect());
        }
        if self.clock.is_some() {
            calls.union(&CLOCKS);
            calls.union(&Sysno::all().filter(|sysno| sysno.info().may_block).collect());
        }
        calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_fixed_nothing_stops() {
        assert_eq!(Fixed::default().calls().iter().count(), 0);
    }

    #[test]
    fn calls_that_change_files_stop_where_their_times_are_fixed() {
        let calls = Fixed { file_times: Some(Duration::ZERO), ..Fixed::default() }.calls();
        for name in ["utimensat", "write", "link", "removexattr", "statx"] {
            assert!(Sysno::parse(name).is_some_and(|call| calls.contains(call)), "{name}");
        }
        assert!(Sysno::parse("fsync").is_some_and(|call| !calls.contains(call)));
    }
}
