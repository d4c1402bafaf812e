//! Being woken in time from a short sleep.

use std::ffi::c_ulong;
use std::marker::PhantomData;

use nix::sys::prctl;

/// The least, in nanoseconds; 0 would stand for the usual one.
const LEAST: c_ulong = 1;

/// Has the kernel wake the calling thread when its time is up for as long as this is there, and not up to 50 µs later, as it does
/// to wake several at a time (PR_SET_TIMERSLACK(2const)).
///
/// Threads and processes that it makes meanwhile would have that, too.
#[derive(Debug)]
pub struct NoSlack {
    before: c_ulong,
    /// It is the calling thread's own.
    here: PhantomData<*const ()>,
}

impl NoSlack {
    /// `None` where the kernel tells nothing or refuses.
    pub fn take() -> Option<NoSlack> {
        let before = prctl::get_timerslack().ok().and_then(|slack| c_ulong::try_from(slack).ok())?;
        prctl::set_timerslack(LEAST).ok()?;
        Some(NoSlack { before, here: PhantomData })
    }
}

impl Drop for NoSlack {
    fn drop(&mut self) {
        // Refused it would only be woken sooner than it has to be.
        let _ = prctl::set_timerslack(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_is_there_again_afterwards() {
        let before = prctl::get_timerslack().unwrap();
        let none = NoSlack::take().unwrap();
        assert_eq!(prctl::get_timerslack().unwrap(), 1);
        drop(none);
        assert_eq!(prctl::get_timerslack().unwrap(), before);
    }
}
