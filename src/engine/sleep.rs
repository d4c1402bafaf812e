//! What calls sleep on.
//! It must not know who sleeps, nor what wakes anybody.

use std::time::Duration;

use super::Engine;
use super::fixed::Form;
use super::futex::{Operation, futex};
use super::inspect::{Descriptor, Inspect};
use super::stop::RawCall;
use crate::abi::{Addr, Sysno};
use crate::transcript::TaskName;

/// What a sleeping task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SleepsOn {
    /// A number in memory, which only threads of the same memory can wake it by.
    Word(Word),
    /// What others do at the other end of a pipe or a socket.
    Stream,
    /// The end of a child, a change of its state, or its exec (vfork(2)).
    Child,
    /// Something else.
    Anything,
}

/// A number in memory that a call sleeps on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) addr: u64,
    /// The sleep may also be over by itself.
    pub(super) is_limited: bool,
}

const CLOCK_NANOSLEEP: Sysno = Sysno::named("clock_nanosleep");
const FANOTIFY_INIT: Sysno = Sysno::named("fanotify_init");
const INOTIFY_INIT: Sysno = Sysno::named("inotify_init");
const INOTIFY_INIT1: Sysno = Sysno::named("inotify_init1");
const NANOSLEEP: Sysno = Sysno::named("nanosleep");
const SCHED_YIELD: Sysno = Sysno::named("sched_yield");

/// Calls that wait for several descriptors.
const POLLS: [&str; 7] = ["epoll_pwait", "epoll_pwait2", "epoll_wait", "poll", "ppoll", "pselect6", "select"];

impl Engine {
    /// What a task sleeps on that is asleep in its call.
    pub(super) fn sleeps_on(&self, name: TaskName) -> SleepsOn {
        let Some(call) = self.tasks.get(&name).and_then(|task| task.call.as_ref()) else { return SleepsOn::Anything };
        let word = futex(call).filter(|futex| futex.operation == Operation::Wait && futex.is_private);
        if let Some(futex) = word {
            return SleepsOn::Word(Word { addr: futex.word, is_limited: futex.is_limited });
        }
        // Where a timer may send a signal, anything may be over without a call.
        let is_sure = !call.is_replaced() && !self.has_timers;
        match call.sysno.map(Sysno::name).filter(|_| is_sure) {
            Some("wait4" | "waitid" | "vfork" | "clone" | "clone3") => SleepsOn::Child,
            Some(_) if call.behind == Behind::Stream => SleepsOn::Stream,
            // A file is always ready. What it may have open from before it was attached to is not known.
            Some(call) if POLLS.contains(&call) && !self.watches_files && !self.spares() => SleepsOn::Stream,
            _ => SleepsOn::Anything,
        }
    }
}

/// Whether a call makes a descriptor that tells of what others do to files (inotify(7), fanotify(7)).
pub(super) fn watches_files(sysno: Sysno) -> bool {
    matches!(sysno, FANOTIFY_INIT | INOTIFY_INIT | INOTIFY_INIT1)
}

/// What is behind the descriptor that a call reads, writes or closes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Behind {
    /// Not asked, or something else.
    #[default]
    Other,
    /// It is not open.
    Nothing,
    /// A file or a directory, for which nobody waits.
    File,
    /// A pipe or a socket.
    Stream,
}

impl Behind {
    /// What is behind the descriptor of a call whose effect hangs on that.
    pub(super) fn of(sysno: Sysno, raw: &RawCall, inspect: &dyn Inspect) -> Behind {
        match sysno.name() {
            "read" | "write" | "readv" | "writev" | "pread64" | "pwrite64" | "preadv" | "pwritev" | "preadv2"
            | "pwritev2" | "close" => {}
            "accept" | "accept4" | "recvfrom" | "recvmsg" | "recvmmsg" | "sendto" | "sendmsg" | "sendmmsg" => {
                return Behind::Stream;
            }
            _ => return Behind::Other,
        }
        let fd = raw.args[0] as i32;
        match inspect.descriptor(fd) {
            Some(Descriptor::Path(path)) if is_special(&path) => Behind::Other,
            Some(Descriptor::Path(_)) if inspect.is_fifo(fd) => Behind::Other,
            Some(Descriptor::Path(_)) => Behind::File,
            Some(Descriptor::Pipe { .. } | Descriptor::Socket { .. }) => Behind::Stream,
            Some(Descriptor::Anon { .. }) => Behind::Other,
            None => Behind::Nothing,
        }
    }
}

/// Whether a path may be a device's, or of what the kernel tells of itself. In /dev/shm are files (shm_overview(7)).
fn is_special(path: &str) -> bool {
    path.strip_prefix("/dev/").is_some_and(|below| !below.starts_with("shm/")) || path.starts_with("/proc/")
}

/// Whether this call can put its task to sleep until somebody else acts: by the table, less what its arguments
/// rule out. Files and directories are read and written without waiting for another task.
pub(super) fn may_block(sysno: Sysno, raw: &RawCall, behind: Behind) -> bool {
    const F_SETLKW: u64 = 7;
    const F_OFD_SETLKW: u64 = 38;
    sysno.info().may_block
        && match sysno.name() {
            "fcntl" => matches!(raw.args[1], F_SETLKW | F_OFD_SETLKW),
            _ => !matches!(behind, Behind::Nothing | Behind::File),
        }
}

/// How long a call that only sleeps will sleep, if it is one.
pub(super) fn sleep_length(sysno: Sysno, raw: &RawCall, inspect: &dyn Inspect) -> Option<Duration> {
    const TIMER_ABSTIME: u64 = 1;
    let at = match sysno {
        NANOSLEEP => raw.args[0],
        CLOCK_NANOSLEEP if raw.args[1] & TIMER_ABSTIME == 0 => raw.args[2],
        _ => return None,
    };
    Form::Timespec.read(Addr(at), inspect).length()
}

/// Whether a task that got this result is likely to ask again in a loop, and had better let others go first.
#[inline]
pub(super) fn gives_way(sysno: Sysno, result: i64) -> bool {
    const EAGAIN: i64 = -11;
    sysno == SCHED_YIELD || result == EAGAIN || result == 0 && POLLS.contains(&sysno.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_memory_are_no_devices() {
        for (path, expected) in
            [("/dev/tty", true), ("/proc/self/maps", true), ("/dev/shm/a", false), ("/devel/a", false)]
        {
            assert_eq!(is_special(path), expected, "{path}");
        }
    }
}
