//! Making a task stop that computes for longer than others can wait for it.
//!
//! The tracer is asleep in a wait for that task, and alone may send it PTRACE_INTERRUPT; whoever wakes it would need a
//! signal handler in what may be somebody else's process. So the task gets a SIGSTOP that says from whom it comes. It
//! shows as a signal-delivery-stop, in which the tracer takes the signal back: the program never sees it.

use std::time::Duration;

use crate::abi::{Signal, SignalInfo, SignalSet, TaskId};
use crate::sys::procfs::{self, RunState};
use crate::sys::queue_signal;

/// What comes with the signal: nobody else queues a SIGSTOP with this value in the name of rinject.
const VALUE: i32 = 0x7269_6e6a;

/// A task for which the tracer waits.
#[derive(Debug)]
pub(super) struct Awaited {
    task: TaskId,
    /// How long it may have a processor.
    limit: Duration,
    /// The processor time it had when it was first seen to be awaited.
    before: Option<Duration>,
    prodded: bool,
}

impl Awaited {
    pub(super) fn new(task: TaskId, limit: Duration) -> Awaited {
        Awaited { task, limit, before: None, prodded: false }
    }

    /// Makes the task stop if its time is up; to be asked every now and then while it is awaited.
    pub(super) fn look(&mut self) {
        if self.prodded || procfs::run_state(self.task) != RunState::Running {
            return;
        }
        let Some(now) = procfs::processor_time(self.task) else { return };
        if now.saturating_sub(*self.before.get_or_insert(now)) < self.limit {
            return;
        }
        // A SIGSTOP takes a SIGCONT back that waits for its delivery (signal(7)), and joins another SIGSTOP.
        let waiting = [Signal::STOP, Signal::CONT].iter().any(|signal| self.pending().contains(*signal));
        if let Some(process) = procfs::process_of(self.task).filter(|_| !waiting) {
            self.prodded = queue_signal(process, Some(self.task), Signal::STOP, VALUE);
        }
    }

    /// The signals that wait for their delivery.
    fn pending(&self) -> SignalSet {
        let [own, shared] = ["SigPnd", "ShdPnd"].map(|field| procfs::signal_mask(self.task, field).0);
        SignalSet(own | shared)
    }
}

/// Whether a signal in delivery was sent by [`Awaited::look`].
pub(super) fn is_prod(info: &SignalInfo) -> bool {
    // In a pid namespace of its own a program sees whoever is outside of it as 0.
    let is_own = info.sender.is_none_or(|sender| [0, std::process::id() as i32].contains(&sender.0));
    info.signal == Signal::STOP && info.value == Some(VALUE) && is_own
}
