//! A wait status as the engine's word for it.
//! It must not know what anybody does about it.

use crate::abi::{Arch, Registers, Signal, TaskId};
use crate::engine::{Birth, Newborn, RawCall, Stop};
use crate::sys::{self, CallStop, PtraceError, Status, procfs};

/// What a status says, asking the kernel for what the status leaves out; the registers, if they were read.
pub(super) fn decode(task: TaskId, status: Status) -> Result<(Stop, Option<Registers>), PtraceError> {
    let stop = match status {
        Status::SyscallStop => match sys::syscall_stop(task)? {
            CallStop::Entry { arch, number, args, ip } => match Arch::from_audit(arch) {
                Some(arch) => Stop::Entry(RawCall { arch, number, args, ip }),
                None => Stop::Interrupted,
            },
            CallStop::Exit { result } => Stop::Exit(result),
            CallStop::None => Stop::Interrupted,
        },
        Status::SignalStop(_) => Stop::Signal(sys::siginfo(task)?),
        Status::EventStop { event, signal } => match event {
            libc::PTRACE_EVENT_SECCOMP => {
                let registers = sys::registers(task)?;
                // The filter selects calls of the native table only.
                let arch = Arch::X86_64;
                let call =
                    RawCall { arch, number: registers.orig_rax, args: registers.call_args(), ip: registers.rip };
                return Ok((Stop::Entry(call), Some(registers)));
            }
            libc::PTRACE_EVENT_FORK => born(task, Birth::Fork)?,
            libc::PTRACE_EVENT_VFORK => born(task, Birth::Vfork)?,
            libc::PTRACE_EVENT_CLONE => born(task, Birth::Clone)?,
            libc::PTRACE_EVENT_VFORK_DONE => Stop::VforkDone,
            libc::PTRACE_EVENT_EXEC => Stop::Exec { former: TaskId(sys::event_message(task)? as i32) },
            libc::PTRACE_EVENT_EXIT => Stop::Exiting,
            libc::PTRACE_EVENT_STOP if signal != Signal::TRAP => Stop::Group(signal),
            libc::PTRACE_EVENT_STOP => Stop::Started,
            _ => Stop::Interrupted,
        },
        Status::Ended(_) | Status::Unexplained(_) => Stop::Interrupted,
    };
    Ok((stop, None))
}

fn born(task: TaskId, birth: Birth) -> Result<Stop, PtraceError> {
    let child = TaskId(sys::event_message(task)? as i32);
    let process = procfs::process_of(child).unwrap_or(child);
    let shares_memory = sys::shares_memory(task, child)
        .unwrap_or(birth == Birth::Vfork || process == procfs::process_of(task).unwrap_or(task));
    Ok(Stop::Born(Newborn { child, birth, process, shares_memory }))
}
