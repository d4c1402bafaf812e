//! futex(2) as far as it matters who waits for whom.
//! It must not know who runs.

use super::task::InCall;

/// Operations of futex(2) that wait no longer than some time.
pub(super) const WAIT: u64 = 0;
pub(super) const LOCK_PI: u64 = 6;
pub(super) const WAIT_BITSET: u64 = 9;
pub(super) const WAIT_REQUEUE_PI: u64 = 11;
pub(super) const LOCK_PI2: u64 = 13;
const PRIVATE: u64 = 128;
const CLOCK_REALTIME: u64 = 256;

/// An operation without its flags.
pub(super) fn command(operation: u64) -> u64 {
    u64::from(operation as u32) & !(PRIVATE | CLOCK_REALTIME)
}

/// What a futex(2) call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// It waits for its number in memory, or takes the lock that it is.
    Wait,
    /// It wakes those who wait for it.
    Wake,
    /// It moves waiters to another number, or does something else.
    Other,
}

/// A futex(2) call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Futex {
    pub(super) operation: Operation,
    /// The address of the number.
    pub(super) word: u64,
    /// It is for threads of one memory alone (FUTEX_PRIVATE_FLAG).
    pub(super) is_private: bool,
    /// What it returns is how many it has woken (FUTEX_WAKE, FUTEX_WAKE_BITSET).
    pub(super) is_counted: bool,
    /// It waits no longer than some time.
    pub(super) is_limited: bool,
}

/// What `call` is, if it is one.
pub(super) fn futex(call: &InCall) -> Option<Futex> {
    if call.sysno?.name() != "futex" {
        return None;
    }
    let [word, operation, _, limit, ..] = call.raw.args;
    let command = command(operation);
    Some(Futex {
        operation: match command {
            WAIT | LOCK_PI | WAIT_BITSET | WAIT_REQUEUE_PI | LOCK_PI2 => Operation::Wait,
            // FUTEX_WAKE, FUTEX_UNLOCK_PI, FUTEX_WAKE_BITSET
            1 | 7 | 10 => Operation::Wake,
            _ => Operation::Other,
        },
        word,
        is_private: operation & PRIVATE != 0,
        is_counted: matches!(command, 1 | 10),
        is_limited: limit != 0,
    })
}
