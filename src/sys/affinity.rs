//! Keeping a tracer and its tracees on one processor: a stop then costs a switch and no wake-up of another core.

use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// Processor by processor how many threads of this process are kept on it.
static KEPT: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// Keeps the calling thread on one processor for as long as it is there.
#[derive(Debug)]
pub struct Pinned {
    processor: usize,
    /// What it was allowed before.
    before: CpuSet,
    /// It is the calling thread's own.
    here: PhantomData<*const ()>,
}

/// Pins the calling thread, and so the children it will make, to the one of the processors it may use on which the fewest others
/// are kept: to the one that it is on, if that is as good as another. `None` where the kernel refuses.
pub fn pin_to_one_processor() -> Option<Pinned> {
    let before = sched_getaffinity(Pid::from_raw(0)).ok()?;
    let is_allowed = |cpu: &usize| before.is_set(*cpu).unwrap_or(false);
    let here = sched_getcpu().ok();
    let allowed = here.into_iter().chain(0..CpuSet::count()).filter(is_allowed);
    let mut kept = kept();
    let processor = least_kept(&kept, allowed)?;
    let mut one = CpuSet::new();
    one.set(processor).ok()?;
    sched_setaffinity(Pid::from_raw(0), &one).ok()?;
    if kept.len() <= processor {
        kept.resize(processor + 1, 0);
    }
    kept[processor] += 1;
    Some(Pinned { processor, before, here: PhantomData })
}

impl Drop for Pinned {
    fn drop(&mut self) {
        kept()[self.processor] -= 1;
        // A failure means that the cpuset was taken away meanwhile; the thread ends soon anyway.
        let _ = sched_setaffinity(Pid::from_raw(0), &self.before);
    }
}

/// A poisoned lock means that a thread has panicked: numbers are numbers all the same.
fn kept() -> MutexGuard<'static, Vec<usize>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The one of the allowed processors on which the fewest are kept, and of several the one that comes first. Those behind one on
/// which nobody is kept are not looked at: there may be a thousand.
fn least_kept(kept: &[usize], mut allowed: impl Iterator<Item = usize>) -> Option<usize> {
    let count = |cpu: usize| kept.get(cpu).copied().unwrap_or_default();
    let mut least = allowed.next()?;
    while count(least) > 0 {
        let Some(next) = allowed.next() else { break };
        if count(next) < count(least) {
            least = next;
        }
    }
    Some(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_that_nobody_is_kept_on_comes_before_the_one_at_hand() {
        let least = |kept: &[usize], here: usize| least_kept(kept, [here, 1, 2, 5].into_iter());
        assert_eq!(least(&[], 2), Some(2));
        assert_eq!(least(&[0, 0, 1], 2), Some(1));
        assert_eq!(least(&[0, 1, 1], 2), Some(5));
        assert_eq!(least(&[0, 2, 1, 0, 0, 1], 5), Some(5));
        assert_eq!(least_kept(&[1, 1], 0..2), Some(0));
        assert_eq!(least_kept(&[], std::iter::empty()), None);
    }
}
