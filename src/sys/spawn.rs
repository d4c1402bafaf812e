//! Starting the first traced task: clone, seize, and only then filter and exec. Until its exec the child shares the memory of
//! this process, on a stack of its own, as vfork(2) has it: nothing is copied that the exec throws away.
//!
//! The child waits in a read on a pipe until it has been seized. Stopping itself with SIGSTOP instead would
//! leave a group-stop behind that its later children inherit; a seccomp filter installed before
//! PTRACE_O_TRACESECCOMP is in force would make selected calls fail with ENOSYS.

use std::ffi::{CString, c_char, c_int, c_long, c_void};
use std::io::{self, Read};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use super::namespace::{self, PidNamespace};
use super::ptrace::{self, PtraceError};
use super::raw;
use super::wait::{Status, WaitOutcome, wait};
use crate::abi::TaskId;
use crate::abi::bpf::BpfInsn;

/// Everything the child needs, prepared before it is there: it may not allocate.
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
    /// Making a process or pipes failed.
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
pub struct Spawned<'plan> {
    /// Its number.
    pub task: TaskId,
    failure: OwnedFd,
    /// What it is in, if it has numbers of its own.
    namespace: Option<PidNamespace>,
    /// What it reads and stands on until its exec. Kept for good where nobody asks how that went.
    ground: ManuallyDrop<Box<Ground>>,
    plan: PhantomData<&'plan ChildPlan>,
}

impl Spawned<'_> {
    /// Why the child could not exec; `None` if it did, or died before it could tell. Asked once it has ended, has
    /// executed, or is killed: it does not wait.
    pub fn failure(self) -> Option<ExecFailure> {
        drop(ManuallyDrop::into_inner(self.ground));
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

/// What a child has of its own in the memory that it shares until its exec.
#[derive(Debug)]
struct Ground {
    prepared: Prepared,
    stack: Box<[MaybeUninit<u128>]>,
}

/// Of the child's stack, in pieces of 16 bytes, as it is to be aligned: 64 KiB, of which it touches two pages.
const STACK: usize = 4096;

/// The child's view of the plan: raw pointers and numbers only.
#[derive(Debug)]
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

/// Makes a child, seizes it and leaves it stopped. Its exec, and what comes before, happen once it is resumed.
pub fn spawn(plan: &ChildPlan) -> Result<Spawned<'_>, SpawnError> {
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
    let mut ground =
        Box::new(Ground { prepared, stack: Box::new_uninit_slice(if plan.own_pids { 0 } else { STACK }) });
    let (task, namespace) = if plan.own_pids {
        // SAFETY: the child only makes async-signal-safe calls on prepared data, then execs or exits.
        match unsafe { namespace::fork() }.map_err(SpawnError::Namespace)? {
            // SAFETY: this is the child, and all of `prepared` is its own copy.
            None => unsafe { child(&ground.prepared) },
            Some((task, namespace)) => (task, Some(namespace)),
        }
    } else {
        (begin(&mut ground)?, None)
    };
    drop((go_read, tell_write));
    if let Err(error) = hold(task) {
        super::send_signal(task, None, crate::abi::Signal::KILL);
        wait(Some(task), true);
        return Err(SpawnError::Seize(error));
    }
    // One byte into an empty pipe whose reader is alive cannot fail; if the child was killed meanwhile the run ends by that.
    let _ = nix::unistd::write(&go_write, b"g");
    Ok(Spawned { task, failure: tell_read, namespace, ground: ManuallyDrop::new(ground), plan: PhantomData })
}

/// Makes a child that shares this memory, on `ground`.
fn begin(ground: &mut Ground) -> io::Result<TaskId> {
    extern "C" fn on_its_own_stack(prepared: *mut c_void) -> c_int {
        // SAFETY: its ground is kept until the child has executed or ended.
        let prepared = unsafe { &*prepared.cast::<Prepared>() };
        // SAFETY: this is the child.
        unsafe { child(prepared) }
    }
    let top = ground.stack.as_mut_ptr_range().end;
    let prepared = &raw mut ground.prepared;
    // A handler of this process that a signal ran in the child would do so in the memory of both.
    let mask = block_signals();
    // SAFETY: the stack grows down from its end and is the child's alone; what it shares it only reads.
    let pid = unsafe {
        libc::clone(on_its_own_stack, top.cast(), libc::CLONE_VM | libc::SIGCHLD, prepared.cast::<c_void>())
    };
    let made = if pid == -1 { Err(io::Error::last_os_error()) } else { Ok(TaskId(pid)) };
    set_mask(mask);
    made
}

/// Blocks every signal for the calling thread; what was blocked before.
fn block_signals() -> u64 {
    let (all, mut before) = (u64::MAX, 0u64);
    // SAFETY: both masks are eight bytes, as the last argument says.
    unsafe {
        raw::call(
            libc::SYS_rt_sigprocmask,
            [libc::SIG_SETMASK as usize, (&raw const all) as usize, (&raw mut before) as usize, MASK_SIZE],
        );
    }
    before
}

/// Blocks these signals for the calling thread, and no others.
fn set_mask(mask: u64) {
    // SAFETY: the mask is eight bytes, as the last argument says.
    unsafe {
        raw::call(libc::SYS_rt_sigprocmask, [libc::SIG_SETMASK as usize, (&raw const mask) as usize, 0, MASK_SIZE])
    };
}

/// Of a set of signals, in bytes.
const MASK_SIZE: usize = 8;

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

/// What the child does before its exec.
///
/// # Safety
/// Must run in a child that has just been made: it writes to no memory but its stack, and never returns.
#[allow(clippy::multiple_unsafe_ops_per_block)]
unsafe fn child(plan: &Prepared) -> ! {
    // SAFETY: calls on data that was prepared before, without `errno` and all else that is the parent's.
    unsafe {
        // Not to be left behind by a parent that is killed before it has seized this child. The end of the pipe would not
        // tell: other children that are being started may hold copies of its other end.
        prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize);
        if raw::call(libc::SYS_getppid, []) != plan.parent as isize {
            exit(126);
        }
        let mut byte = 0u8;
        let mut got = -(libc::EINTR as isize);
        while got == -(libc::EINTR as isize) {
            got = raw::call(libc::SYS_read, [plan.go as usize, (&raw mut byte) as usize, 1]);
        }
        if got != 1 {
            exit(126);
        }
        prctl(libc::PR_SET_PDEATHSIG, 0);
        if plan.inherits {
            // Ignored by the runtime of rinject, not by whoever started it.
            set_handler(libc::SIGPIPE, libc::SIG_DFL);
            (1..=SIGNALS).filter(|signal| handler(*signal) > libc::SIG_IGN).for_each(|signal| {
                set_handler(signal, libc::SIG_DFL);
            });
        } else {
            raw::call(libc::SYS_setsid, []);
            // The real-time ones that the C library keeps for itself, too; SIGKILL and SIGSTOP are refused, which is well.
            (1..=SIGNALS).for_each(|signal| set_handler(signal, libc::SIG_DFL));
        }
        set_mask(0);
        if plan.terminal != -1 {
            // Refused where the session exists already, and that is then well.
            raw::call(libc::SYS_setsid, []);
            raw::call(libc::SYS_ioctl, [plan.terminal as usize, libc::TIOCSCTTY as usize, 0]);
        }
        for (number, fd) in plan.stdio.iter().enumerate() {
            raw::call(libc::SYS_dup3, [*fd as usize, number, 0]);
        }
        if !plan.inherits {
            raw::call(libc::SYS_close_range, [3, u32::MAX as usize, libc::CLOSE_RANGE_CLOEXEC as usize]);
            raw::call(libc::SYS_umask, [0o022]);
        }
        or_give_up(raw::call(libc::SYS_chdir, [plan.cwd as usize]), plan, 0);
        if !plan.aslr {
            raw::call(libc::SYS_personality, [libc::ADDR_NO_RANDOMIZE as usize]);
        }
        if plan.traps_counter {
            // Where the processor cannot, programs read the true counter.
            prctl(libc::PR_SET_TSC, libc::PR_TSC_SIGSEGV as usize);
        }
        for (resource, limit) in &plan.limits {
            let limited = raw::call(libc::SYS_prlimit64, [0, *resource as usize, ptr::from_ref(limit) as usize, 0]);
            or_give_up(limited, plan, 1);
        }
        if plan.filter.len > 0 {
            or_give_up(install(&plan.filter), plan, 2);
        }
        let words = [plan.program as usize, plan.argv.as_ptr() as usize, plan.env.as_ptr() as usize];
        or_give_up(raw::call(libc::SYS_execve, words), plan, 3);
        exit(0)
    }
}

/// The highest number of a signal.
const SIGNALS: c_int = 64;

/// What the kernel takes for a signal's handling (`struct sigaction` of `asm/signal.h`): the handler comes first.
type Action = [usize; 4];

unsafe fn set_handler(signal: c_int, handler: libc::sighandler_t) {
    let action: Action = [handler, 0, 0, 0];
    let words = [signal as usize, (&raw const action) as usize, 0, MASK_SIZE];
    // SAFETY: the action is there, and the mask in it as long as the last argument says.
    unsafe { raw::call(libc::SYS_rt_sigaction, words) };
}

/// What this process does about a signal.
pub(super) fn handler(signal: c_int) -> libc::sighandler_t {
    let mut action: Action = [0; 4];
    let words = [signal as usize, 0, (&raw mut action) as usize, MASK_SIZE];
    // SAFETY: there is room for an action, and the mask in it is as long as the last argument says.
    unsafe { raw::call(libc::SYS_rt_sigaction, words) };
    action[0]
}

unsafe fn prctl(what: c_int, value: usize) -> isize {
    // SAFETY: what is asked for takes plain numbers.
    unsafe { raw::call(libc::SYS_prctl, [what as usize, value, 0, 0, 0]) }
}

/// Installs the filter, without no_new_privs where the kernel lets us: set-user-id programs keep their meaning.
unsafe fn install(filter: &libc::sock_fprog) -> isize {
    let set = || {
        let words = [libc::SECCOMP_SET_MODE_FILTER as usize, 0, ptr::from_ref(filter) as usize];
        // SAFETY: `filter` describes instructions that live until the exec.
        unsafe { raw::call(libc::SYS_seccomp, words) }
    };
    if set() == 0 {
        return 0;
    }
    // SAFETY: it takes plain numbers.
    match unsafe { prctl(libc::PR_SET_NO_NEW_PRIVS, 1) } {
        0 => set(),
        refused => refused,
    }
}

/// Where a call has failed, tells the parent at which step, and ends as a shell would: 127 for a missing file, else 126.
unsafe fn or_give_up(result: isize, plan: &Prepared, step: i32) {
    if result >= 0 {
        return;
    }
    let message = [step, -result as i32];
    // SAFETY: the message is of eight bytes.
    unsafe { raw::call(libc::SYS_write, [plan.tell as usize, message.as_ptr() as usize, 8]) };
    // SAFETY: the child ends.
    unsafe { exit(if message[1] == libc::ENOENT { 127 } else { 126 }) }
}

unsafe fn exit(status: c_int) -> ! {
    loop {
        // SAFETY: no memory has a part in it.
        unsafe { raw::call(libc::SYS_exit_group as c_long, [status as usize]) };
    }
}
