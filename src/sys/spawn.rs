//! Starting the first traced task: fork, seize, and only then filter and exec.
//!
//! The child waits in a read on a pipe until it has been seized. Stopping itself with SIGSTOP instead would
//! leave a group-stop behind that its later children inherit; a seccomp filter installed before
//! PTRACE_O_TRACESECCOMP is in force would make selected calls fail with ENOSYS.

use std::ffi::{CString, c_char};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use super::namespace::{self, PidNamespace};
use super::ptrace::{self, PtraceError};
use super::wait::{Status, WaitOutcome, wait};
use crate::abi::TaskId;
use crate::abi::bpf::BpfInsn;

/// Everything the child needs, prepared before the fork: it may not allocate.
#[derive(Debug)]
pub struct ChildPlan {
    /// The file to execute, an absolute path.
    pub program: CString,
    /// `argv`.
    pub argv: Vec<CString>,
    /// `NAME=value`.
    pub env: Vec<CString>,
    /// The working directory.
    pub cwd: CString,
    /// Standard input, output and error.
    pub stdio: [OwnedFd; 3],
    /// The terminal that becomes the controlling one of a session of its own.
    pub terminal: Option<OwnedFd>,
    /// Resources (`RLIMIT_*`) with their soft and hard limit.
    pub limits: Vec<(u32, u64)>,
    /// The seccomp filter; empty for none.
    pub filter: Vec<BpfInsn>,
    /// Whether address-space randomisation stays on.
    pub aslr: bool,
    /// Whether instructions that read the counter of the processor fault.
    pub traps_counter: bool,
    /// Whether it is in a namespace of process numbers of its own (pid_namespaces(7)).
    pub own_pids: bool,
    /// Whether it keeps session, umask, ignored signals and descriptors, as any child of this process would.
    pub inherits: bool,
}

/// The number of the first process of a namespace, which makes the others.
const FIRST: libc::pid_t = 1;

/// The step at which a child gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecFailure {
    /// Changing to the working directory.
    Directory(i32),
    /// Setting resource limits.
    Limits(i32),
    /// Installing the seccomp filter.
    Filter(i32),
    /// The exec itself.
    Exec(i32),
}

/// Why no child could be started.
#[derive(Debug)]
pub enum SpawnError {
    /// Forking or making pipes failed.
    Resources(io::Error),
    /// The kernel refused to let it be traced.
    Seize(PtraceError),
    /// It could not have process numbers of its own.
    Namespace(io::Error),
}

impl From<io::Error> for SpawnError {
    fn from(error: io::Error) -> SpawnError {
        SpawnError::Resources(error)
    }
}

/// A child that is seized and stopped before its exec.
#[derive(Debug)]
pub struct Spawned {
    /// Its number.
    pub task: TaskId,
    failure: OwnedFd,
    /// What it is in, if it has numbers of its own.
    namespace: Option<PidNamespace>,
}

impl Spawned {
    /// Why the child could not exec; `None` if it did, or died before it could tell. Asked once it has ended
    /// or has executed: it does not wait.
    pub fn failure(self) -> Option<ExecFailure> {
        drop(self.namespace);
        let mut told = [0; 8];
        std::fs::File::from(self.failure).read_exact(&mut told).ok()?;
        let [step, errno] = [0, 4].map(|at| i32::from_ne_bytes([told[at], told[at + 1], told[at + 2], told[at + 3]]));
        Some(match step {
            0 => ExecFailure::Directory(errno),
            1 => ExecFailure::Limits(errno),
            2 => ExecFailure::Filter(errno),
            _ => ExecFailure::Exec(errno),
        })
    }
}

/// The child's view of the plan: raw pointers and numbers only.
struct Prepared {
    program: *const c_char,
    argv: Vec<*const c_char>,
    env: Vec<*const c_char>,
    cwd: *const c_char,
    stdio: [RawFd; 3],
    /// -1 for none.
    terminal: RawFd,
    limits: Vec<(u32, libc::rlimit)>,
    filter: libc::sock_fprog,
    aslr: bool,
    traps_counter: bool,
    inherits: bool,
    go: RawFd,
    tell: RawFd,
    parent: libc::pid_t,
}

/// Forks a child, seizes it and leaves it stopped. Its exec, and what comes before, happen once it is resumed.
pub fn spawn(plan: &ChildPlan) -> Result<Spawned, SpawnError> {
    let (go_read, go_write) = pipe(0)?;
    let (tell_read, tell_write) = pipe(libc::O_NONBLOCK)?;
    let stdio = [high(&plan.stdio[0])?, high(&plan.stdio[1])?, high(&plan.stdio[2])?];
    let terminal = plan.terminal.as_ref().map(high).transpose()?;
    let pointers =
        |strings: &[CString]| strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect::<Vec<*const c_char>>();
    let prepared = Prepared {
        program: plan.program.as_ptr(),
        argv: pointers(&plan.argv),
        env: pointers(&plan.env),
        cwd: plan.cwd.as_ptr(),
        stdio: [stdio[0].as_raw_fd(), stdio[1].as_raw_fd(), stdio[2].as_raw_fd()],
        terminal: terminal.as_ref().map_or(-1, AsRawFd::as_raw_fd),
        limits: plan.limits.iter().map(|(what, to)| (*what, libc::rlimit { rlim_cur: *to, rlim_max: *to })).collect(),
        filter: libc::sock_fprog {
            len: plan.filter.len() as u16,
            filter: plan.filter.as_ptr().cast_mut().cast::<libc::sock_filter>(),
        },
        aslr: plan.aslr,
        traps_counter: plan.traps_counter,
        inherits: plan.inherits,
        go: go_read.as_raw_fd(),
        tell: tell_write.as_raw_fd(),
        // SAFETY: getpid(2) always succeeds.
        parent: if plan.own_pids { FIRST } else { unsafe { libc::getpid() } },
    };
    let forked = if plan.own_pids {
        // SAFETY: the child only makes async-signal-safe calls on prepared data, then execs or exits.
        let forked = unsafe { namespace::fork() }.map_err(SpawnError::Namespace)?;
        forked.map(|(task, namespace)| (task, Some(namespace)))
    } else {
        // SAFETY: as above.
        unsafe { fork() }?.map(|task| (task, None))
    };
    match forked {
        // SAFETY: this is the child, and `prepared` with all it points to is its own copy.
        None => unsafe { child(&prepared) },
        Some((task, namespace)) => {
            drop((go_read, tell_write));
            if let Err(error) = hold(task) {
                super::send_signal(task, None, crate::abi::Signal::KILL);
                wait(Some(task), true);
                return Err(SpawnError::Seize(error));
            }
            // One byte into an empty pipe whose reader is alive cannot fail; if the child was killed meanwhile
            // the run ends by that.
            let _ = nix::unistd::write(&go_write, b"g");
            Ok(Spawned { task, failure: tell_read, namespace })
        }
    }
}

/// Forks; `None` in the child.
unsafe fn fork() -> io::Result<Option<TaskId>> {
    // SAFETY: the caller sees to what the child does.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(TaskId(pid))),
    }
}

/// Seizes the child and waits until it has stopped.
fn hold(task: TaskId) -> Result<(), PtraceError> {
    ptrace::seize(task)?;
    ptrace::interrupt(task)?;
    match wait(Some(task), true) {
        WaitOutcome::Changed(_, Status::EventStop { .. } | Status::SignalStop(_)) => Ok(()),
        _ => Err(PtraceError::Gone),
    }
}

/// A pipe's two ends, closed on exec.
pub(super) fn pipe(flags: i32) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: pipe2(2) writes two descriptors into the array it is given.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | flags) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else owns it.
    let read = unsafe { OwnedFd::from_raw_fd(ends[0]) };
    // SAFETY: as above.
    let write = unsafe { OwnedFd::from_raw_fd(ends[1]) };
    Ok((read, write))
}

/// A copy of a descriptor out of the way of 0, 1 and 2.
fn high(fd: &OwnedFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC takes plain numbers.
    let copy = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 10) };
    if copy == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// Another descriptor for one of this process's standard streams; `/dev/null` where that is closed.
pub fn standard_stream(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC takes plain numbers.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 10) };
    if copy == -1 {
        return std::fs::File::options().read(true).write(true).open("/dev/null").map(OwnedFd::from);
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// What the child does between fork and exec.
///
/// # Safety
/// Must run in a freshly forked child: it allocates nothing and never returns.
#[allow(clippy::multiple_unsafe_ops_per_block)]
unsafe fn child(plan: &Prepared) -> ! {
    // SAFETY: async-signal-safe calls only, on data prepared before the fork.
    unsafe {
        // Not to be left behind by a parent that is killed before it has seized this child. The end of the pipe would not
        // tell: other children that are being started may hold copies of its other end.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
        if libc::getppid() != plan.parent {
            libc::_exit(126);
        }
        let mut byte = 0u8;
        let mut got = -1;
        while got != 1 {
            got = libc::read(plan.go, (&raw mut byte).cast(), 1);
            if got == 0 || got == -1 && *libc::__errno_location() != libc::EINTR {
                libc::_exit(126);
            }
        }
        libc::prctl(libc::PR_SET_PDEATHSIG, 0, 0, 0, 0);
        if plan.inherits {
            // Ignored by the runtime of rinject and blocked by its signal thread, not by whoever started it.
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            unblock_signals();
        } else {
            libc::setsid();
            reset_signals();
        }
        if plan.terminal != -1 {
            // Refused where the session exists already, and that is then well.
            libc::setsid();
            libc::ioctl(plan.terminal, libc::TIOCSCTTY, 0);
        }
        for (number, fd) in plan.stdio.iter().enumerate() {
            libc::dup2(*fd, number as i32);
        }
        if !plan.inherits {
            libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
            libc::umask(0o022);
        }
        if libc::chdir(plan.cwd) == -1 {
            give_up(plan.tell, 0);
        }
        if !plan.aslr {
            libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong);
        }
        if plan.traps_counter {
            // Where the processor cannot, programs read the true counter.
            libc::prctl(libc::PR_SET_TSC, libc::PR_TSC_SIGSEGV, 0, 0, 0);
        }
        for (resource, limit) in &plan.limits {
            if libc::setrlimit(*resource, limit) == -1 {
                give_up(plan.tell, 1);
            }
        }
        if plan.filter.len > 0 && !install(&plan.filter) {
            give_up(plan.tell, 2);
        }
        libc::execve(plan.program, plan.argv.as_ptr(), plan.env.as_ptr());
        give_up(plan.tell, 3)
    }
}

/// All signals to their default and unblocked, the real-time ones that libc keeps for itself too.
unsafe fn reset_signals() {
    let default = [0u64; 4];
    for signal in 1..=64 {
        // SAFETY: the kernel's sigaction is four words on this architecture, all zero meaning SIG_DFL; SIGKILL
        // and SIGSTOP are refused, which is what is wanted.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), 0, 8) };
    }
    // SAFETY: plain calls in a freshly forked child.
    unsafe { unblock_signals() };
}

/// No signal is blocked.
unsafe fn unblock_signals() {
    let none = 0u64;
    // SAFETY: the mask is eight bytes, as the last argument says.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const none, 0, 8) };
}

/// Installs the filter, without no_new_privs where the kernel lets us: set-user-id programs keep their meaning.
unsafe fn install(filter: &libc::sock_fprog) -> bool {
    let set = |()| {
        // SAFETY: `filter` describes instructions that live until the exec.
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, ptr::from_ref(filter)) == 0 }
    };
    if set(()) {
        return true;
    }
    // SAFETY: PR_SET_NO_NEW_PRIVS takes plain numbers.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && set(()) }
}

/// Tells the parent at which step it failed, and ends as a shell would: 127 for a missing file, else 126.
#[allow(clippy::multiple_unsafe_ops_per_block)]
unsafe fn give_up(tell: RawFd, step: i32) -> ! {
    // SAFETY: errno is thread-local and always there; write and _exit are async-signal-safe.
    unsafe {
        let errno = *libc::__errno_location();
        let message = [step, errno];
        libc::write(tell, message.as_ptr().cast(), 8);
        libc::_exit(if errno == libc::ENOENT { 127 } else { 126 })
    }
}
