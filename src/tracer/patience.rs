//! Making a task stop that computes for longer than others can wait for it.
//!
//! The tracer is asleep in a wait for that task, and alone may send it PTRACE_INTERRUPT; whoever wakes it would need a
//! signal handler in what may be somebody else's process. So the task gets a signal that says from whom it comes. It
//! shows as a signal-delivery-stop, in which the tracer takes the signal back: the program never sees it.

use std::time::Duration;

use crate::abi::{Signal, SignalInfo, TaskId};
use crate::sys::procfs::{self, RunState};
use crate::sys::queue_signal;

/// What comes with the signal: nobody else queues one with this value in the name of rinject.
const VALUE: i32 = 0x7269_6e6a;

/// Above 31 are the real-time signals (signal(7)); the first two of them are the C library's own.
const FIRST_REAL_TIME: i32 = 34;
const LAST_REAL_TIME: i32 = 64;

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
        if self.prodded || self.limit == Duration::MAX || procfs::run_state(self.task) != RunState::Running {
            return;
        }
        let Some(now) = procfs::processor_time(self.task) else { return };
        if now.saturating_sub(*self.before.get_or_insert(now)) < self.limit {
            return;
        }
        self.stop();
    }

    /// Makes the task stop, if it has not been made to yet.
    pub(super) fn stop(&mut self) {
        if self.prodded {
            return;
        }
        if let (Some(process), Some(signal)) = (procfs::process_of(self.task), self.harmless()) {
            self.prodded = queue_signal(process, Some(self.task), signal, VALUE);
        }
    }

    /// A signal that will be delivered, and whose sending changes nothing of those that wait for their delivery.
    fn harmless(&self) -> Option<Signal> {
        let mask = |field| procfs::signal_mask(self.task, field);
        let [own, shared, blocked] = ["SigPnd", "ShdPnd", "SigBlk"].map(mask);
        let waits = |signal| own.contains(signal) || shared.contains(signal);
        // A SIGSTOP cannot be blocked, but joins another one and takes back a SIGCONT that waits (signal(7)).
        if ![Signal::STOP, Signal::CONT].into_iter().any(waits) {
            return Some(Signal::STOP);
        }
        let mut real_time = (FIRST_REAL_TIME..=LAST_REAL_TIME).rev().filter_map(|number| Signal::new(number.into()));
        real_time.find(|signal| !waits(*signal) && !blocked.contains(*signal))
    }
}

/// Whether a signal in delivery was sent by [`Awaited::look`].
pub(super) fn is_prod(info: &SignalInfo) -> bool {
    // In a pid namespace of its own a program sees whoever is outside of it as 0.
    let is_own = info.sender.is_none_or(|sender| [0, std::process::id() as i32].contains(&sender.0));
    let is_possible = info.signal == Signal::STOP || info.signal.number() >= FIRST_REAL_TIME;
    is_possible && info.value == Some(VALUE) && is_own
}
