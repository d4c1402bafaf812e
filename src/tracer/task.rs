//! A traced task by what may be done to it: only a stopped one takes requests, and resuming consumes it.

use crate::abi::{Ending, Registers, Signal, TaskId};
use crate::sys::{self, PtraceError, Resume, Status, WaitOutcome};

/// A task in a ptrace-stop.
#[derive(Debug)]
pub struct Stopped {
    task: TaskId,
}

/// A task that runs, sleeps, or listens in a group-stop.
#[derive(Debug)]
pub struct Running {
    task: TaskId,
}

/// What looking at a running task came to.
#[derive(Debug)]
pub enum Seen {
    /// It stopped.
    Stopped(Stopped, Status),
    /// It was reaped.
    Ended(Ending),
    /// It runs on.
    Running(Running),
    /// There is no such task to wait for: another thread's exec took its place.
    Vanished,
}

impl Stopped {
    /// The task that a wait has just told to be stopped.
    pub(super) fn told(task: TaskId) -> Stopped {
        Stopped { task }
    }

    /// Its number.
    pub fn id(&self) -> TaskId {
        self.task
    }

    /// Its general registers.
    pub fn registers(&self) -> Result<Registers, PtraceError> {
        sys::registers(self.task)
    }

    /// Sets its general registers.
    pub fn set_registers(&self, registers: &Registers) -> Result<(), PtraceError> {
        sys::set_registers(self.task, registers)
    }

    /// Lets it go on. A task that was killed in its stop cannot, and reports its end all the same.
    pub fn resume(self, how: Resume, signal: Option<Signal>) -> Running {
        // ESRCH means that SIGKILL has pulled it out of the stop already (ptrace(2), "Death under ptrace").
        let _ = sys::resume(self.task, how, signal);
        Running { task: self.task }
    }

    /// Leaves it in its group-stop until something happens to it.
    pub fn listen(self) -> Running {
        let _ = sys::listen(self.task);
        Running { task: self.task }
    }
}

impl Running {
    /// A task that is known to run, such as a new one.
    pub(super) fn told(task: TaskId) -> Running {
        Running { task }
    }

    /// Its number.
    pub fn id(&self) -> TaskId {
        self.task
    }

    /// Waits for its next stop or its end.
    pub fn wait(self) -> Seen {
        self.look(true)
    }

    /// Looks whether it has stopped or ended.
    pub fn poll(self) -> Seen {
        self.look(false)
    }

    fn look(self, hang: bool) -> Seen {
        match sys::wait(Some(self.task), hang) {
            WaitOutcome::Changed(_, Status::Ended(ending)) => Seen::Ended(ending),
            WaitOutcome::Changed(task, status) => Seen::Stopped(Stopped { task }, status),
            WaitOutcome::Nothing => Seen::Running(self),
            WaitOutcome::NoChild => Seen::Vanished,
        }
    }
}
