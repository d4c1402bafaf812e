//! A kernel stop in words. It must not know what anybody does about it.

use super::errors::Gone;
use super::task::Running;
use crate::abi::{Signal, TaskId};
use crate::sys::{self, CallStop, Status};

/// What stopped a task (ptrace(2), "Stopped states").
#[derive(Debug)]
pub enum Why {
    /// A signal is about to be delivered: resuming with it delivers it, without it suppresses it.
    Signal(Signal),
    /// A stopping signal has stopped the whole process (group-stop).
    Group(Signal),
    /// A system call begins, or ends.
    Call(CallStop),
    /// It has made another task.
    Born {
        /// The new task, which stops by itself before it runs.
        child: Running,
        /// Whether that is a thread of the same process.
        is_thread: bool,
    },
    /// The child that it made with vfork has ended or executed.
    VforkDone,
    /// It runs another program now. All other threads are gone, and it has the process's number.
    Exec {
        /// The number it had.
        former: TaskId,
    },
    /// It is about to end; its memory is still there. No signal stops this.
    Exiting {
        /// The wait status it will have.
        status: i32,
    },
    /// A seccomp filter wants its tracer to look.
    Seccomp {
        /// The filter's data.
        data: u16,
    },
    /// A new task's first stop, or one that was asked for.
    Interrupted,
}

impl Why {
    pub(super) fn of(task: TaskId, status: Status) -> Result<Why, Gone> {
        let message = || Ok::<u64, Gone>(sys::event_message(task)?);
        Ok(match status {
            Status::SignalStop(signal) => Why::Signal(signal),
            Status::SyscallStop => Why::Call(call(task)?),
            Status::EventStop { event, signal } => match event {
                libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                    let child = TaskId(message()? as i32);
                    let is_thread = sys::procfs::process_of(child) == sys::procfs::process_of(task);
                    Why::Born { child: Running::told(child), is_thread }
                }
                libc::PTRACE_EVENT_VFORK_DONE => Why::VforkDone,
                libc::PTRACE_EVENT_EXEC => Why::Exec { former: TaskId(message()? as i32) },
                libc::PTRACE_EVENT_EXIT => Why::Exiting { status: message()? as i32 },
                libc::PTRACE_EVENT_SECCOMP => Why::Seccomp { data: message()? as u16 },
                libc::PTRACE_EVENT_STOP if signal != Signal::TRAP => Why::Group(signal),
                _ => Why::Interrupted,
            },
            Status::Ended(_) | Status::Unexplained(_) => Why::Interrupted,
        })
    }
}

/// What kind of system-call stop this is; none where the kernel is too old to tell (before 5.3).
fn call(task: TaskId) -> Result<CallStop, Gone> {
    match sys::syscall_stop(task) {
        Ok(call) => Ok(call),
        Err(sys::PtraceError::Gone) => Err(Gone::Gone),
        Err(sys::PtraceError::Refused(_)) => Ok(CallStop::None),
    }
}
