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
    let allowed = (0..CpuSet::count()).filter(|cpu| before.is_set(*cpu).unwrap_or(false));
    let here = sched_getcpu().ok();
    let mut kept = kept();
    let processor = least_kept(&kept, allowed, here)?;
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

/// The one of the allowed processors on which the fewest are kept: of several the one that is `here`, else the first.
fn least_kept(kept: &[usize], allowed: impl Iterator<Item = usize>, here: Option<usize>) -> Option<usize> {
    allowed.min_by_key(|cpu| (kept.get(*cpu).copied().unwrap_or_default(), Some(*cpu) != here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_that_nobody_is_kept_on_comes_before_the_one_at_hand() {
        let least = |kept: &[usize], here| least_kept(kept, [1, 2, 5].into_iter(), here);
        assert_eq!(least(&[], Some(2)), Some(2));
        assert_eq!(least(&[], Some(0)), Some(1));
        assert_eq!(least(&[0, 0, 1], Some(2)), Some(1));
        assert_eq!(least(&[0, 1, 1], Some(2)), Some(5));
        assert_eq!(least(&[0, 2, 1, 0, 0, 1], None), Some(2));
        assert_eq!(least_kept(&[], [].into_iter(), Some(2)), None);
    }
}
