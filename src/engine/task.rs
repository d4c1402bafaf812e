//! What the engine knows of tasks and processes.

use std::sync::Arc;
use std::time::Duration;

use super::fire::Due;
use super::fixed::{Before, Limit, Listed, Sets};
use super::handlers::Handlers;
use super::leaks::Given;
use super::log::Pending;
use super::names::TableId;
use super::points::{DebugPoint, SpaceId};
use super::second_filter::SecondFilter;
use super::sleep::Behind;
use super::stop::{Edit, RawCall};
use super::tamper::Tampering;
use crate::abi::{Addr, Errno, Signal, Sysno, TaskId};
use crate::transcript::{Event, TaskName};

/// A task of the run.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: TaskId,
    /// The number that the programs of the run know it by.
    pub(super) number: TaskId,
    pub(super) name: TaskName,
    /// Its events do not exist: `follow` leaves it out.
    pub(super) silent: bool,
    /// How it goes on from the stop it is in.
    pub(super) go: Go,
    /// The call it is in.
    pub(super) call: Option<Box<InCall>>,
    /// The call that it has last begun, where that is no event and its end is not told.
    pub(super) counted: Option<RawCall>,
    /// Calls that signal handlers run on top of; the kernel will start them again.
    pub(super) interrupted: Vec<InCall>,
    /// A signal line that waits until it is known whether the call below it failed or will go on.
    pub(super) pending_signal: Option<Box<Event>>,
    /// Its process ends, whatever it is about to do.
    pub(super) is_killed: bool,
    /// It is past PTRACE_EVENT_EXIT.
    pub(super) exiting: bool,
    /// It was asked to stop and has not stopped since.
    pub(super) asked: bool,
    /// The call that it is in may have been cut short by that.
    pub(super) cut_short: bool,
    /// It executes the instruction under the breakpoint there.
    pub(super) over: Option<Addr>,
    /// The breakpoint there was told with the stack there, and is about to be hit again.
    pub(super) told: Option<(Addr, u64)>,
    /// It is stepped through an instruction that pushes the flags, that of the step among them: so many bytes.
    pub(super) pushes_flags: Option<usize>,
    /// It is stepped, and where it gets to is recorded.
    pub(super) walk: Option<Walk>,
    /// It has a seccomp filter that rinject has not put there.
    pub(super) sandboxed: bool,
    /// How far it has come with a filter that tells which calls may wake somebody.
    pub(super) second_filter: SecondFilter,
    /// A call that the filters are about to look at.
    pub(super) announced: Option<RawCall>,
    /// It was resumed so that it stops at the entry of every call.
    pub(super) told_every_call: bool,
    /// Takes back what was changed for the call that made it.
    pub(super) undo: Vec<Edit>,
    /// What its debug registers hold.
    pub(super) debug: [Option<DebugPoint>; 4],
}

/// How far a task is stepped.
#[derive(Debug)]
pub(super) enum Walk {
    /// So many instructions more.
    Count(u64),
    /// Until it stands at one of these.
    Until(Vec<Addr>),
}

/// How a task goes on from its stop.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Go {
    /// The signal it gets.
    pub(super) signal: Option<Signal>,
    /// One instruction only.
    pub(super) step: bool,
    /// Untraced.
    pub(super) detach: bool,
    /// To the entry or exit of a call, at the latest.
    pub(super) calls: bool,
    /// It stays stopped.
    pub(super) listen: bool,
    /// It may end, or wait for others to end.
    pub(super) may_end: bool,
    /// It is kept back this long.
    pub(super) hold: Option<Duration>,
}

impl Task {
    pub(super) fn new((id, number): (TaskId, TaskId), name: TaskName, silent: bool) -> Task {
        Task {
            id,
            number,
            name,
            silent,
            go: Go::default(),
            call: None,
            counted: None,
            interrupted: Vec::new(),
            pending_signal: None,
            is_killed: false,
            exiting: false,
            asked: false,
            cut_short: false,
            over: None,
            told: None,
            pushes_flags: None,
            walk: None,
            sandboxed: false,
            second_filter: SecondFilter::None(0),
            announced: None,
            told_every_call: false,
            undo: Vec::new(),
            debug: [None; 4],
        }
    }

    /// Whether it waits in the kernel for other tasks, where it executes nothing and no request to stop reaches it.
    pub(super) fn is_parked(&self) -> bool {
        self.go.may_end || self.exiting || self.call.as_ref().is_some_and(|call| call.waits_for_ends)
    }
}

/// A call between its entry and its exit.
#[derive(Debug)]
pub(super) struct InCall {
    pub(super) raw: RawCall,
    pub(super) sysno: Option<Sysno>,
    /// The event as far as it is known; `None` where nobody wants it.
    pub(super) event: Option<Pending>,
    /// Its exit stop is needed.
    pub(super) wants_exit: bool,
    /// It maps a file that may hold the places of rules.
    pub(super) maps: bool,
    /// The kernel skips it, and it returns this raw result.
    pub(super) skipped: Option<i64>,
    /// A signal interrupted it and it may start again.
    pub(super) suspended: bool,
    /// It goes on only when other tasks have ended, and sleeps where no signal wakes it.
    pub(super) waits_for_ends: bool,
    /// It may put its task to sleep.
    pub(super) may_block: bool,
    /// What is behind its descriptor, where that matters.
    pub(super) behind: Behind,
    /// It reports this failure whatever it has done.
    pub(super) fails: Option<(usize, Errno)>,
    /// What is changed for the time of the call.
    pub(super) tampering: Vec<Tampering>,
    /// Rules that count what it uses.
    pub(super) charges: Vec<usize>,
    /// What rules have in store for its exit.
    pub(super) due: Vec<Due>,
    /// What it comes to, where it reads a directory whose names come in order.
    pub(super) listed: Option<Listed>,
    /// How long it may sleep, where the run has a time of its own.
    pub(super) limit: Option<Limit>,
    /// What it sets for the run.
    pub(super) sets: Option<Sets>,
    /// What it is about to do to files, where their times are the run's.
    pub(super) before: Option<Before>,
}

impl InCall {
    /// A call of which nothing is known but what stands in the registers.
    pub(super) fn new(raw: RawCall, sysno: Option<Sysno>) -> InCall {
        InCall {
            raw,
            sysno,
            event: None,
            wants_exit: false,
            maps: false,
            skipped: None,
            suspended: false,
            waits_for_ends: false,
            may_block: false,
            behind: Behind::Other,
            fails: None,
            tampering: Vec::new(),
            charges: Vec::new(),
            due: Vec::new(),
            listed: None,
            limit: None,
            sets: None,
            before: None,
        }
    }

    /// Makes it a call like a new one, in its place and with the memory that it has.
    pub(super) fn renew(&mut self, now: RawCall, number: Option<Sysno>) {
        // Named one by one: what comes to a call is to be thought of here, too.
        let InCall {
            raw,
            sysno,
            event,
            wants_exit,
            maps,
            skipped,
            suspended,
            waits_for_ends,
            may_block,
            behind,
            fails,
            tampering,
            charges,
            due,
            listed,
            limit,
            sets,
            before,
        } = self;
        (*raw, *sysno, *behind) = (now, number, Behind::Other);
        for flag in [wants_exit, maps, suspended, waits_for_ends, may_block] {
            *flag = false;
        }
        (*skipped, *fails) = (None, None);
        tampering.clear();
        charges.clear();
        due.clear();
        *event = None;
        *listed = None;
        *limit = None;
        *sets = None;
        *before = None;
    }

    /// Whether a rule has put another call in its place.
    pub(super) fn is_replaced(&self) -> bool {
        self.tampering.iter().any(|tampering| tampering.number.is_some() && !tampering.is_same_call)
    }

    /// Its registers with the arguments that rules have given it.
    pub(super) fn changed(&self) -> RawCall {
        let mut raw = self.raw;
        for edit in self.tampering.iter().flat_map(|tampering| &tampering.edits) {
            if let Edit::Argument { at, value } = edit {
                raw.args[*at] = *value;
            }
        }
        raw
    }

    /// Whether the entry of `raw` is this call being started again.
    pub(super) fn goes_on_as(&self, raw: &RawCall) -> bool {
        let numbers = self.tampering.iter().filter_map(|tampering| tampering.number);
        let restart = raw.ip == self.raw.ip && numbers.chain([self.raw.number]).any(|number| raw.number == number);
        restart || Sysno::from_number(raw.arch, raw.number).is_some_and(|call| call.name() == "restart_syscall")
    }
}

/// A process of the run.
#[derive(Debug)]
pub(super) struct Process {
    /// The kernel's number.
    pub(super) id: TaskId,
    /// The number that the programs of the run know it by.
    pub(super) number: TaskId,
    /// Base name of its image.
    pub(super) image: Arc<str>,
    /// Its descriptors.
    pub(super) table: TableId,
    /// Its image has reached the start of tracing.
    pub(super) tracing: bool,
    /// What its signal handlers are like, where some rule needs to know.
    pub(super) handlers: Handlers,
    /// Descriptors that are none of its leaks, where some invariant needs to know.
    pub(super) given: Given,
    /// Its memory.
    pub(super) space: SpaceId,
    /// Its threads that are alive.
    pub(super) threads: u32,
    /// How many threads it ever had.
    pub(super) born: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Arch;

    #[test]
    fn a_renewed_call_is_like_a_new_one() {
        let raw = |number| RawCall { arch: Arch::X86_64, number, args: [number; 6], ip: number };
        let mut call = InCall {
            wants_exit: true,
            maps: true,
            skipped: Some(1),
            suspended: true,
            waits_for_ends: true,
            may_block: true,
            behind: Behind::Nothing,
            fails: Errno::new(5).map(|errno| (1, errno)),
            charges: vec![1],
            ..InCall::new(raw(1), Sysno::parse("read"))
        };
        let new = InCall::new(raw(2), Sysno::parse("close"));
        call.renew(new.raw, new.sysno);
        assert_eq!(format!("{call:?}"), format!("{new:?}"));
    }
}
