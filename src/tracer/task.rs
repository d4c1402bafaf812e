//! A traced task by what may be done to it: only a stopped one takes requests, and resuming consumes it.

use std::marker::PhantomData;

use super::errors::{Gone, RegisterError, SeizeError, SetRegisterError, SetRegistersError, SignalError, Unmapped};
use super::why::Why;
use crate::abi::{Addr, Ending, Register, Registers, Signal, SignalInfo, TaskId, Word};
use crate::sys::{self, Resume, Status, WaitOutcome, procfs};

/// Keeps a type on its thread: the kernel takes ptrace requests from no other (ptrace(2)).
type OfThisThread = PhantomData<*const ()>;

/// A task in a ptrace-stop.
///
/// ```compile_fail
/// fn elsewhere(stopped: rinject::tracer::Stopped) {
///     std::thread::spawn(move || stopped.registers());
/// }
/// ```
///
/// ```compile_fail
/// fn twice(stopped: rinject::tracer::Stopped) {
///     stopped.run(None);
///     stopped.run(None);
/// }
/// ```
#[derive(Debug)]
pub struct Stopped {
    task: TaskId,
    here: OfThisThread,
}

/// A task that runs, sleeps, or listens in a group-stop.
#[derive(Debug)]
pub struct Running {
    task: TaskId,
    /// Whether its options are still to be set, at its first stop.
    is_bare: bool,
    here: OfThisThread,
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

/// Asking about a stopped task, and changing it.
impl Stopped {
    /// The task that a wait has just told to be stopped.
    pub(super) fn told(task: TaskId) -> Stopped {
        Stopped { task, here: PhantomData }
    }

    /// Its number.
    pub fn id(&self) -> TaskId {
        self.task
    }

    /// The process it belongs to; `None` when it is gone.
    pub fn process(&self) -> Option<TaskId> {
        procfs::process_of(self.task)
    }

    /// What stopped it, from the status that the wait gave. Asked once for each stop: a new task is handed out.
    ///
    /// # Errors
    /// ESRCH of PTRACE_GETEVENTMSG and PTRACE_GET_SYSCALL_INFO.
    pub fn why(&self, status: Status) -> Result<Why, Gone> {
        Why::of(self.task, status)
    }

    /// The signal in delivery, with what came with it.
    ///
    /// # Errors
    /// ESRCH and EINVAL of PTRACE_GETSIGINFO.
    pub fn signal(&self) -> Result<SignalInfo, SignalError> {
        Ok(sys::siginfo(self.task)?)
    }

    /// Its general registers.
    ///
    /// # Errors
    /// ESRCH of PTRACE_GETREGS.
    pub fn registers(&self) -> Result<Registers, Gone> {
        Ok(sys::registers(self.task)?)
    }

    /// Sets its general registers.
    ///
    /// # Errors
    /// ESRCH and EIO of PTRACE_SETREGS.
    pub fn set_registers(&self, registers: &Registers) -> Result<(), SetRegistersError> {
        Ok(sys::set_registers(self.task, registers)?)
    }

    /// One register of any kind: general, x87, SSE, AVX, debug.
    ///
    /// # Errors
    /// ESRCH of PTRACE_GETREGS, PTRACE_GETREGSET and PTRACE_PEEKUSER; ENODEV of the second.
    pub fn register(&self, register: Register) -> Result<Word, RegisterError> {
        Ok(sys::register(self.task, register)?)
    }

    /// Sets one register of any kind.
    ///
    /// # Errors
    /// ESRCH, ENODEV, EINVAL and EIO of PTRACE_SETREGS, PTRACE_SETREGSET and PTRACE_POKEUSER; EBUSY of the last.
    pub fn set_register(&self, register: Register, value: Word) -> Result<(), SetRegisterError> {
        Ok(sys::set_register(self.task, register, value)?)
    }

    /// Reads memory as it is, planted breakpoints included; all of `buffer` or nothing.
    ///
    /// # Errors
    /// EIO and EFAULT of PTRACE_PEEKDATA, with the first address that cannot be read.
    pub fn read(&self, addr: Addr, buffer: &mut [u8]) -> Result<(), Unmapped> {
        let got = sys::read_memory(self.task, addr, buffer);
        if got == buffer.len() { Ok(()) } else { Err(Unmapped { addr: addr.plus(got as u64) }) }
    }

    /// Writes memory, also where the program may not (private text). Nothing is written where not all can be.
    ///
    /// # Errors
    /// EIO and EFAULT of PTRACE_POKEDATA, with the first address that cannot be accessed.
    pub fn write(&self, addr: Addr, bytes: &[u8]) -> Result<(), Unmapped> {
        self.read(addr, &mut vec![0; bytes.len()])?;
        if sys::write_memory(self.task, addr, bytes) { Ok(()) } else { Err(Unmapped { addr }) }
    }
}

/// Letting a stopped task go. None of these can fail: a task that was killed in its stop (ESRCH) cannot go on, and
/// tells its end to the next wait as any other does.
impl Stopped {
    pub(super) fn resume(self, how: Resume, signal: Option<Signal>) -> Running {
        // ESRCH means that SIGKILL has pulled it out of the stop already (ptrace(2), "Death under ptrace").
        let _ = sys::resume(self.task, how, signal);
        Running::told(self.task)
    }

    /// To its next stop that is not a system call's (PTRACE_CONT). `signal` is delivered where the task is in a
    /// signal-delivery-stop, and ignored elsewhere.
    pub fn run(self, signal: Option<Signal>) -> Running {
        self.resume(Resume::Continue, signal)
    }

    /// To the next entry or exit of a system call, too (PTRACE_SYSCALL).
    pub fn run_to_call(self, signal: Option<Signal>) -> Running {
        self.resume(Resume::Syscall, signal)
    }

    /// One instruction (PTRACE_SINGLESTEP).
    pub fn step(self, signal: Option<Signal>) -> Running {
        self.resume(Resume::Step, signal)
    }

    /// Leaves it in its group-stop until something happens to it (PTRACE_LISTEN). In any other stop it stays as it is.
    pub fn listen(self) -> Running {
        let _ = sys::listen(self.task);
        Running::told(self.task)
    }

    /// It goes on untraced (PTRACE_DETACH). Breakpoints have to be unset first: nobody would catch them.
    pub fn detach(self, signal: Option<Signal>) {
        let _ = sys::resume(self.task, Resume::Detach, signal);
    }

    /// Kills its whole process; every task of it tells its end.
    pub fn kill(self) -> Running {
        sys::send_signal(self.process().unwrap_or(self.task), None, Signal::KILL);
        // SIGKILL does not pull a task out of PTRACE_EVENT_EXIT (Linux 6.1).
        self.run(None)
    }
}

impl Running {
    /// A task that is known to run, such as a new one.
    pub(super) fn told(task: TaskId) -> Running {
        Running { task, is_bare: false, here: PhantomData }
    }

    /// A task that has been attached to barely, or made by one that was.
    pub(super) fn bare(task: TaskId) -> Running {
        Running { is_bare: true, ..Running::told(task) }
    }

    /// It has stopped for the first time: from now on it also stops when it ends.
    pub(super) fn complete(&self) {
        self.complete_as(self.task);
    }

    /// As [`Running::complete`], under the number that an exec has given it.
    pub(super) fn complete_as(&self, task: TaskId) {
        if self.is_bare {
            // A task that is gone tells its end to the next wait.
            let _ = sys::set_options(task);
        }
    }

    /// Attaches to a running task (PTRACE_SEIZE), which goes on running. It is let go when this tracer ends. All later
    /// requests have to come from the same thread.
    ///
    /// # Errors
    /// ESRCH and EPERM of PTRACE_SEIZE; attaching to one's own process is refused before the kernel is asked.
    pub fn seize(task: TaskId) -> Result<Running, SeizeError> {
        let own = TaskId(std::process::id() as i32);
        if procfs::process_of(task) == Some(own) {
            return Err(SeizeError::Oneself);
        }
        sys::attach(task)?;
        Ok(Running::told(task))
    }

    /// Its number.
    pub fn id(&self) -> TaskId {
        self.task
    }

    /// Makes it stop soon (PTRACE_INTERRUPT); the stop is told by a wait, as [`Why::Interrupted`].
    ///
    /// # Errors
    /// ESRCH of PTRACE_INTERRUPT.
    pub fn interrupt(&self) -> Result<(), Gone> {
        Ok(sys::interrupt(self.task)?)
    }

    /// Sends it a signal, and no other thread of its process (tgkill(2)); false when it is gone.
    pub fn send(&self, signal: Signal) -> bool {
        procfs::process_of(self.task).is_some_and(|process| sys::send_signal(process, Some(self.task), signal))
    }

    /// Waits for its next stop or its end (`__WALL`).
    pub fn wait(self) -> Seen {
        self.look(true)
    }

    /// Looks whether it has stopped or ended.
    pub fn poll(self) -> Seen {
        self.look(false)
    }

    /// Waits for whichever of some tasks stops or ends first, and takes it out of the list. A new task whose parent's
    /// stop is not known yet comes by itself. `None` when there is nothing left to wait for.
    pub fn wait_any(tasks: &mut Vec<Running>) -> Option<(TaskId, Seen)> {
        match sys::wait(None, true) {
            WaitOutcome::Changed(task, status) => {
                tasks.extract_if(.., |running| running.task == task).for_each(|running| running.complete());
                Some((task, seen(task, status)))
            }
            WaitOutcome::Nothing | WaitOutcome::NoChild => None,
        }
    }

    fn look(self, hang: bool) -> Seen {
        match sys::wait(Some(self.task), hang) {
            WaitOutcome::Changed(task, status) => {
                self.complete();
                seen(task, status)
            }
            WaitOutcome::Nothing => Seen::Running(self),
            WaitOutcome::NoChild => Seen::Vanished,
        }
    }
}

fn seen(task: TaskId, status: Status) -> Seen {
    match status {
        Status::Ended(ending) => Seen::Ended(ending),
        status => Seen::Stopped(Stopped::told(task), status),
    }
}
