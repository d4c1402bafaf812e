//! Waiting for traced tasks by raw status: a library's decoding loses real-time signals.

use std::io;

use crate::abi::{Ending, Signal, TaskId};

/// A wait status, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The task is gone.
    Ended(Ending),
    /// A system-call stop (PTRACE_O_TRACESYSGOOD).
    SyscallStop,
    /// A signal-delivery-stop.
    SignalStop(Signal),
    /// A PTRACE_EVENT stop; the signal tells a group-stop in PTRACE_EVENT_STOP.
    EventStop {
        /// The `PTRACE_EVENT_*` number.
        event: i32,
        /// The signal in the status.
        signal: Signal,
    },
    /// A status that none of the above explains; the task is stopped.
    Unexplained(i32),
}

/// What a wait came back with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitOutcome {
    /// A task changed its state.
    Changed(TaskId, Status),
    /// Nothing yet (only when asked not to hang).
    Nothing,
    /// There is no such task to wait for.
    NoChild,
}

fn decode(status: i32) -> Status {
    if libc::WIFEXITED(status) {
        return Status::Ended(Ending::Exited(libc::WEXITSTATUS(status)));
    }
    if libc::WIFSIGNALED(status) {
        return match Signal::new(i64::from(libc::WTERMSIG(status))) {
            Some(signal) => Status::Ended(Ending::Killed(signal)),
            None => Status::Unexplained(status),
        };
    }
    if !libc::WIFSTOPPED(status) {
        return Status::Unexplained(status);
    }
    let stop = (status >> 8) & 0xff;
    let event = status >> 16;
    if stop == libc::SIGTRAP | 0x80 {
        return Status::SyscallStop;
    }
    match Signal::new(i64::from(stop)) {
        Some(signal) if event != 0 => Status::EventStop { event, signal },
        Some(signal) => Status::SignalStop(signal),
        None => Status::Unexplained(status),
    }
}

/// Waits for `task`, or for any traced task of this thread where it is `None`. Never takes another thread's
/// children (`__WNOTHREAD`), so that runs in one process do not see each other.
pub fn wait(task: Option<TaskId>, hang: bool) -> WaitOutcome {
    let flags = libc::__WALL | libc::__WNOTHREAD | if hang { 0 } else { libc::WNOHANG };
    let pid = task.map_or(-1, |task| task.0);
    loop {
        let mut status: i32 = 0;
        // The C library's own is a point where threads are cancelled, which takes two atomic changes more.
        // SAFETY: `status` outlives the call and is the only memory that wait4(2) writes, with nobody asking for the usage.
        let got = unsafe {
            libc::syscall(libc::SYS_wait4, pid, &raw mut status, flags, std::ptr::null_mut::<libc::rusage>())
        };
        return match got {
            0 => WaitOutcome::Nothing,
            -1 if io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) => continue,
            -1 => WaitOutcome::NoChild,
            tid => WaitOutcome::Changed(TaskId(tid as i32), decode(status)),
        };
    }
}

/// Reaps a task of whichever thread of this process if it has ended; whether it had. A stop is left to the next wait.
pub fn bury(task: TaskId) -> bool {
    let peek = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    // SAFETY: zeroes are a siginfo_t, too.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: `info` outlives the call and is the only memory that waitid(2) writes.
    let got = unsafe { libc::waitid(libc::P_PID, task.0 as libc::id_t, &mut info, peek) };
    let has_ended = got == 0 && [libc::CLD_EXITED, libc::CLD_KILLED, libc::CLD_DUMPED].contains(&info.si_code);
    // SAFETY: waitpid(2) may be given no place for the status.
    has_ended && unsafe { libc::waitpid(task.0, std::ptr::null_mut(), libc::__WALL | libc::WNOHANG) } == task.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: i32, expected: Status) {
        assert_eq!(decode(status), expected);
    }

    #[test]
    fn statuses_are_told_apart() {
        let signal = |number| Signal::new(number).unwrap();
        check(3 << 8, Status::Ended(Ending::Exited(3)));
        check(9, Status::Ended(Ending::Killed(Signal::KILL)));
        check(11 | 0x80, Status::Ended(Ending::Killed(Signal::SEGV)));
        check(0x7f | (0x85 << 8), Status::SyscallStop);
        check(0x7f | (10 << 8), Status::SignalStop(signal(10)));
        check(0x7f | (64 << 8), Status::SignalStop(signal(64)));
        check(0x7f | (5 << 8) | (7 << 16), Status::EventStop { event: 7, signal: Signal::TRAP });
        check(0x7f | (19 << 8) | (128 << 16), Status::EventStop { event: 128, signal: Signal::STOP });
    }
}
