//! Sending signals to traced tasks, and killing processes by a handle that cannot hit a reused number.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::procfs;
use super::shortage::noted;
use super::spawn::handler;
use crate::abi::{Signal, TaskId};

/// Sends `signal` to one thread (`thread` given: tgkill(2)) or to the process (kill(2)).
pub fn send_signal(process: TaskId, thread: Option<TaskId>, signal: Signal) -> bool {
    let got = match thread {
        // SAFETY: tgkill(2) takes plain numbers.
        Some(thread) => unsafe { libc::syscall(libc::SYS_tgkill, process.0, thread.0, signal.number()) },
        // SAFETY: kill(2) takes plain numbers.
        None => i64::from(unsafe { libc::kill(process.0, signal.number()) }),
    };
    got == 0
}

/// Whether this process ignores a signal.
pub fn is_ignored(signal: nix::sys::signal::Signal) -> bool {
    handler(signal as i32) == libc::SIG_IGN
}

/// The start of `siginfo_t` as rt_sigqueueinfo(2) takes it: three words, then pid, uid and value.
#[repr(C)]
struct QueueInfo {
    signo: i32,
    errno: i32,
    code: i32,
    pad: i32,
    pid: i32,
    uid: u32,
    value: u64,
    rest: [u64; 12],
}

/// Queues `signal` with a value (`SI_QUEUE`), to one thread or to the process.
pub fn queue_signal(process: TaskId, thread: Option<TaskId>, signal: Signal, value: i32) -> bool {
    let info = QueueInfo {
        signo: signal.number(),
        errno: 0,
        code: libc::SI_QUEUE,
        pad: 0,
        pid: std::process::id() as i32,
        uid: nix::unistd::getuid().as_raw(),
        value: value as u32 as u64,
        rest: [0; 12],
    };
    queue(process, thread, &info)
}

/// Sends the signal of a timer: of one of timer_create(2), by its number and `si_value`, as the kernel tells of it; or of
/// alarm(2), which then seems to come from a process.
pub fn ring(process: TaskId, thread: Option<TaskId>, signal: Signal, timer: Option<(i32, u64)>) -> bool {
    let Some((timer, value)) = timer else {
        let number = nix::sys::signal::Signal::try_from(signal.number());
        return number
            .is_ok_and(|number| nix::sys::signal::kill(nix::unistd::Pid::from_raw(process.0), number).is_ok());
    };
    // Where a sender has its number and its user, a timer has its own number and how often it was late (sigaction(2)).
    let info = QueueInfo {
        signo: signal.number(),
        errno: 0,
        code: libc::SI_TIMER,
        pad: 0,
        pid: timer,
        uid: 0,
        value,
        rest: [0; 12],
    };
    queue(process, thread, &info)
}

fn queue(process: TaskId, thread: Option<TaskId>, info: &QueueInfo) -> bool {
    let number = info.signo;
    let got = match thread {
        // SAFETY: `info` is laid out and sized as siginfo_t is, and lives through the call, which only reads it.
        Some(thread) => unsafe {
            libc::syscall(libc::SYS_rt_tgsigqueueinfo, process.0, thread.0, number, std::ptr::from_ref(info))
        },
        // SAFETY: as above.
        None => unsafe { libc::syscall(libc::SYS_rt_sigqueueinfo, process.0, number, std::ptr::from_ref(info)) },
    };
    got == 0
}

/// A process that can be killed from another thread, and no other that has its number by then.
#[derive(Debug)]
pub struct ProcessHandle(Identity);

#[derive(Debug)]
enum Identity {
    Descriptor(OwnedFd),
    /// The number, and when the process with it was started.
    Number(TaskId, u64),
}

impl ProcessHandle {
    /// Opens a handle (pidfd_open(2), Linux 5.3) on a process that has not been reaped yet.
    pub fn open(process: TaskId) -> io::Result<ProcessHandle> {
        // SAFETY: pidfd_open(2) takes plain numbers.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, process.0, 0) };
        if fd < 0 {
            return noted(Err(io::Error::last_os_error()));
        }
        // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
        Ok(ProcessHandle(Identity::Descriptor(unsafe { OwnedFd::from_raw_fd(fd as i32) })))
    }

    /// A handle that takes no descriptor: the process is told from another with its number by when it was started, looked
    /// at right before it is killed. `None` where it is gone.
    pub fn by_number(process: TaskId) -> Option<ProcessHandle> {
        Some(ProcessHandle(Identity::Number(process, procfs::started(process)?)))
    }

    /// Sends SIGKILL; a process that is gone already is no error.
    pub fn kill(&self) {
        match &self.0 {
            Identity::Descriptor(fd) => {
                let fd = fd.as_raw_fd();
                // SAFETY: pidfd_send_signal(2) takes plain numbers and, here, no siginfo.
                unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, libc::SIGKILL, 0, 0) };
            }
            Identity::Number(process, started) => {
                if procfs::started(*process) == Some(*started) {
                    // SAFETY: kill(2) takes plain numbers.
                    unsafe { libc::kill(process.0, libc::SIGKILL) };
                }
            }
        }
    }
}

/// Has the kernel send no SIGCHLD for tasks that stop: each stop of a traced task would send one to this process, which waits for
/// it anyhow (SA_NOCLDSTOP of sigaction(2)). An ended child sends one as before, and an exec forgets this. Where SIGCHLD is
/// ignored or handled it stays so.
pub fn want_no_signal_for_stops() {
    let mut before = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: nothing is set, and `before` has room for what the kernel writes.
    if unsafe { libc::sigaction(libc::SIGCHLD, std::ptr::null(), before.as_mut_ptr()) } != 0 {
        return;
    }
    // SAFETY: the call has succeeded, and has written all of it.
    let mut action = unsafe { before.assume_init() };
    if action.sa_sigaction == libc::SIG_DFL {
        action.sa_flags |= libc::SA_NOCLDSTOP;
        // SAFETY: the action is the one that was there; no handler of ours runs.
        unsafe { libc::sigaction(libc::SIGCHLD, &raw const action, std::ptr::null_mut()) };
    }
}
