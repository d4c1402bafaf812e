//! Runs in which everybody waits for somebody else: each task sleeps in a futex or waits for a child, without a time limit,
//! and no timer was set that could end that. It must not know how long one waits to be sure.

use super::Engine;
use super::task::InCall;

/// Operations of futex(2) that wait, and the bits beside them (FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME).
const WAIT: u64 = 0;
const LOCK_PI: u64 = 6;
const WAIT_BITSET: u64 = 9;
const WAIT_REQUEUE_PI: u64 = 11;
const LOCK_PI2: u64 = 13;
const BESIDE: u64 = 128 | 256;

/// Calls by which a process gets a signal later, from nobody.
pub(super) const TIMERS: [&str; 3] = ["alarm", "setitimer", "timer_create"];

/// Whether nobody but another task of the run can end this call.
fn waits_for_others(call: &InCall) -> bool {
    let Some(sysno) = call.sysno else { return false };
    match sysno.name() {
        "futex" => {
            let operation = call.raw.args[1] & !BESIDE;
            matches!(operation, WAIT | LOCK_PI | WAIT_BITSET | WAIT_REQUEUE_PI | LOCK_PI2) && call.raw.args[3] == 0
        }
        "wait4" | "waitid" => true,
        _ => false,
    }
}

impl Engine {
    /// Whether all tasks wait for each other. A signal from outside of the run could still come.
    pub(super) fn is_deadlocked(&self) -> bool {
        !self.has_timers
            && !self.spares()
            && self.schedule.all_sleep()
            && self
                .tasks
                .values()
                .all(|task| self.schedule.is_zombie(task.name) || task.call.as_ref().is_some_and(waits_for_others))
    }
}
