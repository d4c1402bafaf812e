//! Keeping a tracer and its tracees on one processor: a stop then costs a switch and no wake-up of another core.

use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Pins the calling thread, and so the children it will make, to one of the processors it may use; parallel
/// runs get them in turn. Returns what it was allowed before, for [`unpin`].
pub fn pin_to_one_processor() -> Option<CpuSet> {
    let me = Pid::from_raw(0);
    let before = sched_getaffinity(me).ok()?;
    let allowed: Vec<usize> = (0..CpuSet::count()).filter(|cpu| before.is_set(*cpu).unwrap_or(false)).collect();
    let turn = NEXT.fetch_add(1, Ordering::Relaxed);
    let cpu = *allowed.get(turn % allowed.len().max(1))?;
    let mut one = CpuSet::new();
    one.set(cpu).ok()?;
    sched_setaffinity(me, &one).ok()?;
    Some(before)
}

/// Gives the calling thread back the processors it had.
pub fn unpin(before: &CpuSet) {
    // A failure means that the cpuset was taken away meanwhile; the thread ends soon anyway.
    let _ = sched_setaffinity(Pid::from_raw(0), before);
}
