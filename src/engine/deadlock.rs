//! Runs in which everybody waits for somebody else: each task sleeps in a futex or waits for a child, without a time limit,
//! and no timer was set that could end that. It must not know how anybody waits for that.

use std::time::Duration;

use super::Engine;
use super::futex::{Operation, futex};
use super::task::InCall;
use crate::abi::Sysno;

/// How long nothing stirs where all tasks wait for each other, until that is taken to be so for ever.
pub(super) const IDLE: Duration = Duration::from_secs(1);

const ALARM: Sysno = Sysno::named("alarm");
const SETITIMER: Sysno = Sysno::named("setitimer");
const TIMER_CREATE: Sysno = Sysno::named("timer_create");

/// Whether by this call a process gets a signal later, from nobody.
#[inline]
pub(super) fn sets_timer(sysno: Sysno) -> bool {
    matches!(sysno, ALARM | SETITIMER | TIMER_CREATE)
}

/// Whether nobody but another task of the run can end this call.
fn waits_for_others(call: &InCall) -> bool {
    match futex(call) {
        Some(futex) => futex.operation == Operation::Wait && !futex.is_limited,
        None => call.sysno.is_some_and(|sysno| matches!(sysno.name(), "wait4" | "waitid")),
    }
}

impl Engine {
    /// Whether all tasks wait for each other, and nobody types on their terminal. A signal from outside of the run could
    /// still come.
    pub(super) fn is_deadlocked(&self) -> bool {
        !self.has_timers
            && !self.spares()
            && !self.plan.target.has_terminal()
            && self.schedule.all_sleep()
            && self
                .tasks
                .values()
                .all(|task| self.schedule.is_zombie(task.name) || task.call.as_deref().is_some_and(waits_for_others))
    }
}
