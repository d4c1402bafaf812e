//! What this machine offers, tried out without leaving a trace. It must not know what it is wanted for.

use std::io;
use std::os::fd::OwnedFd;

use nix::sys::personality::{self, Persona};

use super::ptrace;
use super::spawn::{ChildPlan, SpawnError, spawn};
use super::wait::{Status, WaitOutcome, wait};
use crate::abi::{Addr, Arch, Register, TaskId, Word};

/// What can be done to a traced child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceOffers {
    /// PTRACE_GET_SYSCALL_INFO (Linux 5.3).
    pub tells_calls: bool,
    /// PTRACE_SET_SYSCALL_INFO (Linux 6.16).
    pub changes_calls: bool,
    /// PTRACE_POKEDATA where the task itself may not write.
    pub pokes_text: bool,
    /// Writes to /proc/PID/mem where the task itself may not write: Linux 6.12 can be told to refuse them
    /// (proc_mem.force_override).
    pub writes_text: bool,
    /// How many debug registers can be set.
    pub debug_registers: usize,
}

/// A kind of namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// user_namespaces(7), and the others inside of a new one.
    User,
    /// pid_namespaces(7).
    Pid,
    /// time_namespaces(7).
    Time,
}

/// Where no program may write; a child that has just been made has it in the same place.
static READ_ONLY: u8 = 0x5a;

/// What a traced child can have done to it: one is made, seized, and killed before it does anything.
///
/// # Errors
/// Where a child cannot be traced.
pub fn probe_tracing() -> Result<TraceOffers, SpawnError> {
    let null = || std::fs::File::open("/dev/null").map(OwnedFd::from);
    let plan = ChildPlan {
        program: c"/proc/self/exe".to_owned(),
        argv: Vec::new(),
        env: Vec::new(),
        cwd: c"/".to_owned(),
        stdio: [null()?, null()?, null()?],
        terminal: None,
        limits: Vec::new(),
        filter: Vec::new(),
        aslr: true,
        traps_counter: false,
        own_pids: false,
        inherits: false,
    };
    let spawned = spawn(&plan)?;
    let (tells_calls, changes_calls) = ptrace::syscall_info_offers(spawned.task);
    let text = Addr((&raw const READ_ONLY) as u64);
    let offers = TraceOffers {
        tells_calls,
        changes_calls,
        pokes_text: ptrace::poke_byte(spawned.task, text, READ_ONLY).is_ok(),
        writes_text: super::memory::write_mem_file(spawned.task, text, &[READ_ONLY]),
        debug_registers: debug_registers(spawned.task),
    };
    super::send_signal(spawned.task, None, crate::abi::Signal::KILL);
    while !matches!(wait(Some(spawned.task), true), WaitOutcome::NoChild | WaitOutcome::Changed(_, Status::Ended(_)))
    {
        // SIGKILL does not pull a task out of PTRACE_EVENT_EXIT (Linux 6.1).
        let _ = ptrace::resume(spawned.task, ptrace::Resume::Continue, None);
    }
    Ok(offers)
}

/// How many of the debug registers take a watchpoint on a byte.
fn debug_registers(task: TaskId) -> usize {
    let Some(arch) = Arch::host() else { return 0 };
    let set = |name: &str, value: u64| {
        Register::parse(name, arch).is_some_and(|register| {
            super::set_register(task, register, Word::from_u64(value, register.bits())).is_ok()
        })
    };
    // Enabled for this task, on writes of one byte, besides those before it (Intel SDM, volume 3, 18.2.4).
    let enabled = |number: u32| (0..=number).fold(0, |bits, at| bits | 1 << (2 * at) | 1 << (16 + 4 * at));
    (0..4).take_while(|number| set(&format!("dr{number}"), 0x1000) && set("dr7", enabled(*number))).count()
}

/// Whether this process could make a namespace: a child tries. The error is that of unshare(2).
///
/// # Errors
/// Why it could not.
pub fn probe_namespace(namespace: Namespace) -> io::Result<()> {
    let flags = match namespace {
        Namespace::User => libc::CLONE_NEWUSER,
        Namespace::Pid => libc::CLONE_NEWUSER | libc::CLONE_NEWPID,
        Namespace::Time => libc::CLONE_NEWUSER | libc::CLONE_NEWTIME,
    };
    // SAFETY: the child makes async-signal-safe calls only, and ends.
    let pid = unsafe { libc::fork() };
    if pid == -1 {
        return Err(io::Error::last_os_error());
    }
    if pid == 0 {
        // SAFETY: unshare(2) takes a number; this is the child, which is alone in its process.
        let made = unsafe { libc::unshare(flags) } == 0;
        let errno = io::Error::last_os_error().raw_os_error().unwrap_or(libc::EPERM);
        // SAFETY: ends the child at once; errnos that unshare(2) knows are below 256.
        unsafe { libc::_exit(if made { 0 } else { errno }) };
    }
    match wait(Some(TaskId(pid)), true) {
        WaitOutcome::Changed(_, Status::Ended(crate::abi::Ending::Exited(0))) => Ok(()),
        WaitOutcome::Changed(_, Status::Ended(crate::abi::Ending::Exited(errno))) => {
            Err(io::Error::from_raw_os_error(errno))
        }
        _ => Err(io::Error::from_raw_os_error(libc::EPERM)),
    }
}

/// Whether filters can hand calls to a tracer (SECCOMP_RET_TRACE).
///
/// # Errors
/// Why not.
pub fn probe_seccomp_trace() -> io::Result<()> {
    let action = libc::SECCOMP_RET_TRACE;
    // SAFETY: SECCOMP_GET_ACTION_AVAIL reads one number, which lives for the call.
    tried(unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) })
}

/// Whether process_vm_readv(2) works, on this process itself.
///
/// # Errors
/// Why not.
pub fn probe_vm_readv() -> io::Result<()> {
    let mut to = [0_u8];
    let local = libc::iovec { iov_base: to.as_mut_ptr().cast(), iov_len: 1 };
    let remote = libc::iovec { iov_base: (&raw const READ_ONLY).cast_mut().cast(), iov_len: 1 };
    // SAFETY: `local` describes `to`, which is borrowed exclusively; the kernel checks `remote`.
    tried(unsafe { libc::process_vm_readv(own(), &local, 1, &remote, 1, 0) } as libc::c_long)
}

/// Whether kcmp(2) works, on this process itself.
///
/// # Errors
/// Why not.
pub fn probe_kcmp() -> io::Result<()> {
    const KCMP_VM: libc::c_long = 1;
    // SAFETY: kcmp(2) compares by number and touches no memory of this process.
    tried(unsafe { libc::syscall(libc::SYS_kcmp, own(), own(), KCMP_VM, 0, 0) })
}

/// Whether pidfd_open(2) works, on this process itself.
///
/// # Errors
/// Why not.
pub fn probe_pidfd() -> io::Result<()> {
    super::ProcessHandle::open(TaskId(own())).map(drop)
}

/// Whether pidfd_getfd(2) is there.
///
/// # Errors
/// Why not.
pub fn probe_pidfd_getfd() -> io::Result<()> {
    // SAFETY: pidfd_getfd(2) takes numbers; -1 is no descriptor, so nothing is made.
    expect(unsafe { libc::syscall(libc::SYS_pidfd_getfd, -1, 0, 0) }, libc::EBADF)
}

/// Whether io_uring_setup(2) is let through to its arguments.
///
/// # Errors
/// Why not.
pub fn probe_io_uring() -> io::Result<()> {
    // SAFETY: a null pointer is refused by the kernel, and nothing is made.
    expect(unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, std::ptr::null_mut::<u8>()) }, libc::EFAULT)
}

/// Whether CPUID can be made to fault (arch_prctl(2), ARCH_SET_CPUID).
///
/// # Errors
/// Why not: ENODEV where the processor cannot.
#[cfg(target_arch = "x86_64")]
pub fn probe_cpuid_faults() -> io::Result<()> {
    const ARCH_SET_CPUID: libc::c_int = 0x1012;
    // SAFETY: the call takes numbers; this one allows what is allowed already.
    tried(unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SET_CPUID, 1) })
}

/// Whether reading the time stamp counter can be made to fault (PR_SET_TSC).
///
/// # Errors
/// Why not.
pub fn probe_tsc_faults() -> io::Result<()> {
    // SAFETY: PR_SET_TSC takes a number; this one allows what is allowed already.
    tried(unsafe { libc::prctl(libc::PR_SET_TSC, libc::PR_TSC_ENABLE, 0, 0, 0) }.into())
}

/// Whether a program can be given the same addresses on every run: personality(2), which profiles of containers forbid.
///
/// # Errors
/// Why not.
pub fn probe_fixed_addresses() -> io::Result<()> {
    let before = personality::get()?;
    personality::set(before | Persona::ADDR_NO_RANDOMIZE)?;
    // It was allowed before.
    personality::set(before)?;
    Ok(())
}

fn own() -> libc::pid_t {
    std::process::id() as libc::pid_t
}

fn tried(result: libc::c_long) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Success where a call that cannot succeed fails for the right reason.
fn expect(result: libc::c_long, errno: i32) -> io::Result<()> {
    tried(result).or_else(|error| if error.raw_os_error() == Some(errno) { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_out_leaves_nothing_behind() {
        let own = TaskId(std::process::id() as i32);
        let before = crate::sys::procfs::link(own, "ns/user");
        for namespace in [Namespace::User, Namespace::Pid, Namespace::Time] {
            // Either answer is right: it depends on the machine.
            let _ = probe_namespace(namespace);
        }
        assert_eq!(crate::sys::procfs::link(own, "ns/user"), before);
        probe_vm_readv().unwrap();
    }
}
