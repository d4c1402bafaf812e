//! A wait status as the engine's word for it.
//! It must not know what anybody does about it.

use super::patience::is_prod;
use crate::abi::{Addr, Arch, Signal, Sysno, TaskId};
use crate::engine::{Birth, Newborn, RawCall, Stop};
use crate::plan::{MARK, MARK_FOREIGN};
use crate::sys::{self, CallStop, PtraceError, Status, procfs};

/// What a status says, asking the kernel for what the status leaves out.
pub(super) fn decode(task: TaskId, status: Status) -> Result<Stop, PtraceError> {
    Ok(match status {
        Status::SyscallStop => call_stop(sys::syscall_stop(task)?),
        Status::SignalStop(_) => match sys::siginfo(task)? {
            info if is_prod(&info) => Stop::Prodded,
            // Killed in this stop, as by another thread's exec, and in the last one of its life already.
            info if info.code == libc::PTRACE_EVENT_EXIT << 8 | libc::SIGTRAP => return Err(PtraceError::Gone),
            info => Stop::Signal(info),
        },
        Status::EventStop { event, signal } => match event {
            // One request tells the call and whose filter has stopped it.
            libc::PTRACE_EVENT_SECCOMP => match sys::syscall_stop(task)? {
                CallStop::Entry { mark: Some(mark), .. } if ![MARK, MARK_FOREIGN].contains(&mark) => {
                    Stop::TheirFilter
                }
                stop => call_stop(stop),
            },
            libc::PTRACE_EVENT_FORK => born(task, message(task, event)?, Birth::Fork),
            libc::PTRACE_EVENT_VFORK => born(task, message(task, event)?, Birth::Vfork),
            libc::PTRACE_EVENT_CLONE => born(task, message(task, event)?, Birth::Clone),
            libc::PTRACE_EVENT_VFORK_DONE => Stop::VforkDone,
            libc::PTRACE_EVENT_EXEC => Stop::Exec { former: message(task, event)? },
            libc::PTRACE_EVENT_EXIT => Stop::Exiting,
            libc::PTRACE_EVENT_STOP if signal != Signal::TRAP => Stop::Group(signal),
            libc::PTRACE_EVENT_STOP => Stop::Started,
            _ => Stop::Interrupted,
        },
        Status::Ended(_) | Status::Unexplained(_) => Stop::Interrupted,
    })
}

/// The entry or exit of a call, by whatever table.
fn call_stop(stop: CallStop) -> Stop {
    match stop {
        CallStop::Entry { arch, number, args, ip, mark: _ } => match Arch::from_audit(arch) {
            Some(arch) => Stop::Entry(RawCall { arch, number, args, ip }),
            None => Stop::Interrupted,
        },
        CallStop::Exit { result } => Stop::Exit(result),
        CallStop::None => Stop::Interrupted,
    }
}

/// The task that an event stop tells of. A task that is killed in that stop may have come to its last one already, whose
/// message is an exit status: what the message belongs to stands in `si_code` (ptrace(2), PTRACE_GETSIGINFO).
fn message(task: TaskId, event: i32) -> Result<TaskId, PtraceError> {
    let message = sys::event_message(task)?;
    match sys::siginfo(task)?.code {
        code if code == event << 8 | libc::SIGTRAP => Ok(TaskId(message as i32)),
        _ => Err(PtraceError::Gone),
    }
}

fn born(task: TaskId, child: TaskId, birth: Birth) -> Stop {
    let process = procfs::process_of(child).or_else(|| process_of_dead(task, birth)).unwrap_or(child);
    let shares_memory = sys::shares_memory(task, child)
        .unwrap_or(birth == Birth::Vfork || process == procfs::process_of(task).unwrap_or(task));
    Stop::Born(Newborn { child, birth, process, shares_memory })
}

/// The process of a child that has ended and been reaped before its parent told of it: that of its parent, if the call
/// that the parent is in asked for a thread.
fn process_of_dead(parent: TaskId, birth: Birth) -> Option<TaskId> {
    const CLONE_THREAD: u64 = 0x1_0000;
    let registers = sys::registers(parent).ok().filter(|_| birth == Birth::Clone)?;
    let flags = match Sysno::from_number(Arch::X86_64, registers.orig_rax)?.name() {
        "clone" => registers.call_args()[0],
        "clone3" => {
            let mut flags = [0; 8];
            sys::read_memory(parent, Addr(registers.call_args()[0]), &mut flags);
            u64::from_ne_bytes(flags)
        }
        _ => return None,
    };
    procfs::process_of(parent).filter(|_| flags & CLONE_THREAD != 0)
}
