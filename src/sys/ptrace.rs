//! The ptrace requests that rinject uses, by task number; who may call them when is the tracer's typestate.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::ptr;

use crate::abi::{Addr, Registers, Signal, SignalInfo, TaskId};

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PtraceError {
    /// The task is gone or is not stopped (ESRCH): SIGKILL can do that at any moment.
    Gone,
    /// Refused or impossible, with the errno.
    Refused(i32),
}

impl PtraceError {
    pub(super) fn last() -> PtraceError {
        match io::Error::last_os_error().raw_os_error() {
            Some(libc::ESRCH) | None => PtraceError::Gone,
            Some(errno) => PtraceError::Refused(errno),
        }
    }
}

/// How a stopped task goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// To the next stop of any kind but a system call's.
    Continue,
    /// To the next entry or exit of a system call, too.
    Syscall,
    /// One instruction.
    Step,
    /// Goes on untraced.
    Detach,
}

pub(super) fn request(code: libc::c_uint, task: TaskId, addr: usize, data: usize) -> Result<i64, PtraceError> {
    // SAFETY: the caller passes an `addr` and `data` that are either plain words or point to memory of the
    // size this request reads or writes, alive for the duration of the call.
    let got = unsafe { libc::ptrace(code, task.0, addr as *mut libc::c_void, data as *mut libc::c_void) };
    if got == -1 { Err(PtraceError::last()) } else { Ok(got) }
}

/// Seizes `task` with all the options rinject relies on; the tracer's death kills it (PTRACE_O_EXITKILL).
pub fn seize(task: TaskId) -> Result<(), PtraceError> {
    seize_with(task, libc::PTRACE_O_EXITKILL | libc::PTRACE_O_TRACEEXIT)
}

/// Seizes a `task` that is not the tracer's own: it outlives the tracer.
pub fn attach(task: TaskId) -> Result<(), PtraceError> {
    seize_with(task, libc::PTRACE_O_TRACEEXIT)
}

/// Seizes a `task` that is not the tracer's own, and that does not stop when it ends unless [`set_options`] has it do so.
pub fn attach_barely(task: TaskId) -> Result<(), PtraceError> {
    seize_with(task, 0)
}

/// Gives a stopped task that is not the tracer's own all the options rinject relies on.
pub fn set_options(task: TaskId) -> Result<(), PtraceError> {
    let options = OPTIONS | libc::PTRACE_O_TRACEEXIT;
    request(libc::PTRACE_SETOPTIONS, task, 0, options as usize).map(drop)
}

const OPTIONS: libc::c_int = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACEVFORKDONE
    | libc::PTRACE_O_TRACECLONE;

fn seize_with(task: TaskId, more: libc::c_int) -> Result<(), PtraceError> {
    request(libc::PTRACE_SEIZE, task, 0, (OPTIONS | more) as usize).map(drop)
}

/// Makes a running task stop with PTRACE_EVENT_STOP.
pub fn interrupt(task: TaskId) -> Result<(), PtraceError> {
    request(libc::PTRACE_INTERRUPT, task, 0, 0).map(drop)
}

/// Leaves a task in its group-stop, still telling when it ends (PTRACE_LISTEN).
pub fn listen(task: TaskId) -> Result<(), PtraceError> {
    request(libc::PTRACE_LISTEN, task, 0, 0).map(drop)
}

/// Lets a stopped task go on, delivering `signal` where the stop is a signal-delivery-stop.
pub fn resume(task: TaskId, how: Resume, signal: Option<Signal>) -> Result<(), PtraceError> {
    let code = match how {
        Resume::Continue => libc::PTRACE_CONT,
        Resume::Syscall => libc::PTRACE_SYSCALL,
        Resume::Step => libc::PTRACE_SINGLESTEP,
        Resume::Detach => libc::PTRACE_DETACH,
    };
    request(code, task, 0, signal.map_or(0, |signal| signal.number() as usize)).map(drop)
}

/// The message of the last PTRACE_EVENT stop: a child's number, an exit status, the data of a seccomp filter.
pub fn event_message(task: TaskId) -> Result<u64, PtraceError> {
    let mut message: libc::c_ulong = 0;
    request(libc::PTRACE_GETEVENTMSG, task, 0, ptr::from_mut(&mut message) as usize)?;
    Ok(message)
}

/// The general registers.
pub fn registers(task: TaskId) -> Result<Registers, PtraceError> {
    let mut regs = MaybeUninit::<libc::user_regs_struct>::uninit();
    request(libc::PTRACE_GETREGS, task, 0, regs.as_mut_ptr() as usize)?;
    // SAFETY: PTRACE_GETREGS succeeded, so the kernel has filled all of the structure.
    let regs = unsafe { regs.assume_init() };
    Ok(from_user(&regs))
}

/// Sets the general registers.
pub fn set_registers(task: TaskId, registers: &Registers) -> Result<(), PtraceError> {
    let regs = to_user(registers);
    request(libc::PTRACE_SETREGS, task, 0, ptr::from_ref(&regs) as usize).map(drop)
}

/// Makes the kernel skip the call the task is about to make, and return `result`. One request more than
/// [`set_registers`] needs, but it need not know the registers.
pub fn skip_call(task: TaskId, registers: Option<&Registers>, result: i64) -> Result<(), PtraceError> {
    use std::mem::offset_of;
    // What is known needs one request, and two words take less than all registers out and in again.
    if let Some(regs) = registers {
        return set_registers(task, &Registers { orig_rax: u64::MAX, rax: result as u64, ..*regs });
    }
    poke_user(task, offset_of!(libc::user_regs_struct, orig_rax), u64::MAX)?;
    poke_user(task, offset_of!(libc::user_regs_struct, rax), result as u64)
}

/// Gives the call that a task is about to make another number.
pub fn set_call_number(task: TaskId, number: u64) -> Result<(), PtraceError> {
    poke_user(task, std::mem::offset_of!(libc::user_regs_struct, orig_rax), number)
}

/// Sets the argument register at position `at`, 0 to 5, of a task at the entry or exit of a call.
pub fn set_call_argument(task: TaskId, at: usize, value: u64) -> Result<(), PtraceError> {
    use std::mem::offset_of;
    // syscall(2), x86-64.
    const OFFSETS: [usize; 6] = [
        offset_of!(libc::user_regs_struct, rdi),
        offset_of!(libc::user_regs_struct, rsi),
        offset_of!(libc::user_regs_struct, rdx),
        offset_of!(libc::user_regs_struct, r10),
        offset_of!(libc::user_regs_struct, r8),
        offset_of!(libc::user_regs_struct, r9),
    ];
    poke_user(task, OFFSETS[at], value)
}

fn poke_user(task: TaskId, offset: usize, value: u64) -> Result<(), PtraceError> {
    request(libc::PTRACE_POKEUSER, task, offset, value as usize).map(drop)
}

/// Changes one byte of a stopped task's memory, whatever its protection (ptrace(2), PTRACE_POKEDATA).
pub(super) fn poke_byte(task: TaskId, addr: Addr, byte: u8) -> Result<(), PtraceError> {
    let start = addr.0 & !7;
    let shift = (addr.0 - start) * 8;
    let mut word = 0_u64;
    // SAFETY: the bare system call writes one word to its last argument, which outlives the call.
    let got = unsafe { libc::syscall(libc::SYS_ptrace, libc::PTRACE_PEEKDATA, task.0, start, &raw mut word) };
    if got == -1 {
        return Err(PtraceError::last());
    }
    let changed = word & !(0xff << shift) | u64::from(byte) << shift;
    request(libc::PTRACE_POKEDATA, task, start as usize, changed as usize).map(drop)
}

/// Sets the instruction pointer.
pub(super) fn set_instruction_pointer(task: TaskId, addr: u64) -> Result<(), PtraceError> {
    poke_user(task, std::mem::offset_of!(libc::user_regs_struct, rip), addr)
}

/// Sets the result register of a task at the exit of a call.
pub fn set_result(task: TaskId, result: i64) -> Result<(), PtraceError> {
    let offset = std::mem::offset_of!(libc::user_regs_struct, rax);
    poke_user(task, offset, result as u64)
}

/// What PTRACE_GET_SYSCALL_INFO tells of a system-call stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStop {
    /// Entry, or a seccomp stop.
    Entry {
        /// `AUDIT_ARCH_*`.
        arch: u32,
        /// The call's number.
        number: u64,
        /// The arguments.
        args: [u64; 6],
        /// Address of the instruction after the call.
        ip: u64,
        /// At a seccomp stop: the 16 bits that the filter has given it (SECCOMP_RET_DATA).
        mark: Option<u16>,
    },
    /// Exit.
    Exit {
        /// The raw result, negative errno for failures.
        result: i64,
    },
    /// The task is in no system-call stop.
    None,
}

const PTRACE_GET_SYSCALL_INFO: libc::c_uint = 0x420e;

/// `struct ptrace_syscall_info` (`linux/ptrace.h`, Linux 5.3): a header and a union by `op`.
#[repr(C)]
#[derive(Clone, Copy)]
struct RawSyscallInfo {
    op: u8,
    pad: [u8; 3],
    arch: u32,
    ip: u64,
    sp: u64,
    data: [u64; 8],
}

/// Asks what kind of system-call stop `task` is in.
pub fn syscall_stop(task: TaskId) -> Result<CallStop, PtraceError> {
    let mut info = RawSyscallInfo { op: 0, pad: [0; 3], arch: 0, ip: 0, sp: 0, data: [0; 8] };
    request(PTRACE_GET_SYSCALL_INFO, task, size_of::<RawSyscallInfo>(), ptr::from_mut(&mut info) as usize)?;
    let [number, args @ ..] = info.data;
    Ok(match info.op {
        1 | 3 => CallStop::Entry {
            arch: info.arch,
            number,
            args: [args[0], args[1], args[2], args[3], args[4], args[5]],
            ip: info.ip,
            mark: (info.op == 3).then_some(args[6] as u16),
        },
        2 => CallStop::Exit { result: info.data[0] as i64 },
        _ => CallStop::None,
    })
}

/// Whether the kernel knows PTRACE_GET_SYSCALL_INFO (5.3) and PTRACE_SET_SYSCALL_INFO (6.16), asked of a stopped tracee
/// with no room for an answer: an unknown request has an errno of its own.
pub(super) fn syscall_info_offers(task: TaskId) -> (bool, bool) {
    const PTRACE_SET_SYSCALL_INFO: libc::c_uint = 0x4212;
    let is_known = |what| !matches!(request(what, task, 0, 0), Err(PtraceError::Refused(libc::EIO)));
    (is_known(PTRACE_GET_SYSCALL_INFO), is_known(PTRACE_SET_SYSCALL_INFO))
}

/// The signal a task in a signal-delivery-stop is about to get.
pub fn siginfo(task: TaskId) -> Result<SignalInfo, PtraceError> {
    let info = raw_siginfo(task)?;
    let signal = Signal::new(i64::from(info.si_signo)).ok_or(PtraceError::Refused(libc::EINVAL))?;
    let code = info.si_code;
    let from_task = matches!(code, libc::SI_USER | libc::SI_TKILL | libc::SI_QUEUE | libc::SI_MESGQ);
    let is_child = signal == Signal::CHLD && code > 0;
    let has_value = matches!(code, libc::SI_QUEUE | libc::SI_TIMER | libc::SI_MESGQ);
    let is_fault = code > 0 && code < 0x80 && matches!(signal.number(), 4 | 5 | 7 | 8 | 11);
    Ok(SignalInfo {
        signal,
        code,
        // SAFETY: for these codes sigaction(2) says that si_pid is the member of the union in use.
        sender: (from_task || is_child).then(|| TaskId(unsafe { info.si_pid() })),
        value: has_value.then(|| {
            // SAFETY: for these codes sigaction(2) says that si_value is the member in use.
            let value = unsafe { info.si_value() };
            value.sival_ptr as usize as i32
        }),
        // SAFETY: for these signals with a kernel code sigaction(2) says that si_addr is the member in use.
        addr: is_fault.then(|| Addr(unsafe { info.si_addr() } as u64)),
        // SAFETY: for SIGCHLD with a kernel code sigaction(2) says that si_status is the member in use.
        status: is_child.then(|| unsafe { info.si_status() }),
    })
}

fn raw_siginfo(task: TaskId) -> Result<libc::siginfo_t, PtraceError> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    request(libc::PTRACE_GETSIGINFO, task, 0, info.as_mut_ptr() as usize)?;
    // SAFETY: the structure is plain data, was zeroed, and the kernel has filled it.
    Ok(unsafe { info.assume_init() })
}

/// Rewrites number and code of the signal in delivery, so that a replaced signal looks sent, not forged.
pub fn set_siginfo_word(task: TaskId, signal: Signal) -> Result<(), PtraceError> {
    let mut info = raw_siginfo(task)?;
    info.si_signo = signal.number();
    request(libc::PTRACE_SETSIGINFO, task, 0, ptr::from_ref(&info) as usize).map(drop)
}

/// Makes two functions that copy between the kernel's structure of general registers and ours: they have the same
/// fields under the same names.
macro_rules! copies {
    ($($field:ident)*) => {
        fn from_user(regs: &libc::user_regs_struct) -> Registers {
            Registers { $($field: regs.$field),* }
        }

        fn to_user(regs: &Registers) -> libc::user_regs_struct {
            libc::user_regs_struct { $($field: regs.$field),* }
        }
    };
}

copies!(r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es
    fs gs);
