//! Which stops can change what descriptors are, and working directories: between them each is asked for but once.
//! It must not know what they are.

use super::Engine;
use super::fixed::word64;
use super::inspect::{Inspect, Moved};
use super::stop::{RawCall, Stop};
use crate::abi::{Addr, Arch, CallSet, Errno, Sysno, TaskId};
use crate::plan::{Plan, Start};
use crate::transcript::TaskName;

/// Take a descriptor away or put another one in its place, give a file another name, or a process another working
/// directory. What only opens something is not among them: the number was free before.
static MOVERS: CallSet = CallSet::named(&[
    "chdir",
    "chroot",
    "close",
    "close_range",
    "dup2",
    "dup3",
    "execve",
    "execveat",
    "fchdir",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "ioctl",
    "link",
    "linkat",
    "mount",
    "mount_setattr",
    "move_mount",
    "pivot_root",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "setns",
    "umount2",
    "unlink",
    "unlinkat",
    "unshare",
]);

/// Of the flags of clone(2).
const CLONE_FS: u64 = 0x200;
const CLONE_FILES: u64 = 0x400;
const CLONE_THREAD: u64 = 0x1_0000;

/// Whether what was answered of descriptors and working directories stands for more than one stop.
#[derive(Debug)]
pub(super) struct Links {
    /// Whoever could change them is stopped before and after, and has them alone or with the threads of one process.
    are_watched: bool,
}

impl Links {
    pub(super) fn new(plan: &Plan) -> Links {
        let trace = &plan.trace;
        let stops = |call: Sysno| {
            trace.calls.contains(call) && !trace.beside.contains(call) && !trace.resultless.contains(call)
        };
        // All tasks from their images on; where they run at once one is at a call while another stops.
        let follow = trace.follow.threads && trace.follow.forks && trace.follow.execs;
        let is_from_image_on = matches!(trace.start, Start::Exec | Start::Entry | Start::Main { .. });
        let are_watched = follow
            && is_from_image_on
            && !plan.policy.is_free()
            && Sysno::all().filter(|call| MOVERS.contains(*call)).all(stops);
        Links { are_watched }
    }

    /// Somebody goes on unseen: nothing stands any more.
    pub(super) fn lost_sight(&mut self) {
        self.are_watched = false;
    }

    /// What a call can move. Of one that nothing is known of that is all.
    fn moved(&self, sysno: Option<Sysno>, raw: &RawCall) -> Moved {
        /// Commands of terminals begin with a `T` (ioctl_tty(2)).
        const TERMINAL: u64 = 0x54;
        let Some(sysno) = sysno.filter(|sysno| raw.arch != Arch::I386 && sysno.info().args.is_some()) else {
            return Moved::All;
        };
        if !MOVERS.contains(sysno) {
            return Moved::Nothing;
        }
        match sysno.name() {
            "close" => Moved::Descriptor(raw.args[0] as i32),
            "dup2" | "dup3" => Moved::Descriptor(raw.args[1] as i32),
            "ioctl" if raw.args[1] >> 8 & 0xff == TERMINAL => Moved::Nothing,
            _ => Moved::All,
        }
    }
}

/// Whether a call makes what others change, too, or what is changed while nobody stops.
fn is_out_of_sight(sysno: Sysno, raw: &RawCall, inspect: &dyn Inspect) -> bool {
    let flags = match sysno.name() {
        "io_uring_setup" | "unshare" => return true,
        "clone" => raw.args[0],
        // struct clone_args begins with the flags.
        "clone3" => word64(Addr(raw.args[0]), inspect).unwrap_or_default(),
        _ => return false,
    };
    const BOTH: u64 = CLONE_FS | CLONE_FILES;
    flags & BOTH != if flags & CLONE_THREAD == 0 { 0 } else { BOTH }
}

/// Whether a call may still be in the kernel, with all that it moves moved, while others go on.
fn may_linger(sysno: Sysno) -> bool {
    sysno.info().may_block || const { &CallSet::named(&["close", "dup2", "dup3", "ioctl"]) }.contains(sysno)
}

impl Engine {
    /// Tells what has become of what was answered of descriptors and working directories before this stop. What it returns
    /// is to be told when nothing more is asked at it.
    pub(super) fn note_moves(&mut self, name: TaskName, stop: &Stop, inspect: &dyn Inspect) -> Moved {
        if !self.links.are_watched {
            return Moved::Nothing;
        }
        let in_call = self.tasks.get(&name).and_then(|task| task.call.as_ref());
        let (moved, then) = match (stop, in_call) {
            (Stop::Entry(raw), _) => {
                let sysno = Sysno::from_number(raw.arch, raw.number);
                if sysno.is_some_and(|sysno| is_out_of_sight(sysno, raw, inspect)) {
                    self.links.lost_sight();
                    return Moved::Nothing;
                }
                let then = if sysno.is_none_or(may_linger) { self.links.moved(sysno, raw) } else { Moved::Nothing };
                (Moved::Nothing, then)
            }
            (Stop::Exit(result), Some(call)) if call.tampering.is_empty() => {
                let has_failed = Errno::from_result(*result).is_some() && !call.sysno.is_none_or(may_linger);
                let moved = if has_failed { Moved::Nothing } else { self.links.moved(call.sysno, &call.raw) };
                (moved, Moved::Nothing)
            }
            // Rules may have put another call in its place, or an image another one.
            (Stop::Exit(_) | Stop::Exec { .. }, _) => (Moved::All, Moved::Nothing),
            (_, Some(call)) if self.links.moved(call.sysno, &call.raw) != Moved::Nothing => {
                (Moved::All, Moved::Nothing)
            }
            _ => return Moved::Nothing,
        };
        // Before its start an image need not stop at any of them.
        let is_traced = self.executed && self.processes.get(&name.process).is_some_and(|process| process.tracing);
        if is_traced || moved == Moved::All {
            inspect.answers_stand(moved);
        }
        then
    }

    /// A task has ended, perhaps in a call that has moved something.
    pub(super) fn note_end(&self, task: TaskId, inspect: &dyn Inspect) {
        let call = self.ids.get(&task).and_then(|name| self.tasks.get(name)?.call.as_ref());
        if call.is_some_and(|call| self.links.moved(call.sysno, &call.raw) != Moved::Nothing) {
            inspect.answers_stand(Moved::All);
        }
    }
}
