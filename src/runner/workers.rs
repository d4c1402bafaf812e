//! Work on several threads. It must not know what the work is.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};

/// Runs `work` on so many threads at once, and meanwhile `tell`, on this one, with what they send.
pub(super) fn share<T: Send, R>(
    jobs: usize,
    work: impl Fn(Sender<T>) + Sync,
    tell: impl FnOnce(Receiver<T>) -> R,
) -> R {
    let (sender, receiver) = mpsc::channel();
    let work = &work;
    std::thread::scope(|scope| {
        let start = |_: &usize| {
            let sender = sender.clone();
            std::thread::Builder::new().spawn_scoped(scope, move || work(sender)).is_ok()
        };
        // Where threads cannot be had, there are fewer; where none can, this one does all.
        if (0..jobs).take_while(start).count() == 0 {
            work(sender.clone());
        }
        drop(sender);
        tell(receiver)
    })
}

/// Does `work` for each of so many things, by their numbers, `jobs` at a time. None begins once one breaks off.
pub(super) fn each(jobs: usize, count: usize, work: impl Fn(usize) -> ControlFlow<()> + Sync) {
    let next = AtomicUsize::new(0);
    let work = |_: Sender<()>| {
        loop {
            let at = next.fetch_add(1, Ordering::SeqCst);
            if at >= count {
                return;
            }
            if work(at).is_break() {
                next.store(count, Ordering::SeqCst);
            }
        }
    };
    share(jobs.clamp(1, count.max(1)), work, drop);
}

/// What `work` makes of each of so many things, in their order; `jobs` at a time. None begins once one has failed.
///
/// # Errors
/// The first of those that were done.
pub(super) fn all<T: Send, E: Send>(
    jobs: usize,
    count: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let done = Mutex::new(Vec::new());
    each(jobs, count, |at| {
        let one = work(at);
        let goes_on = if one.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        done.lock().unwrap_or_else(PoisonError::into_inner).push((at, one));
        goes_on
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_comes_in_order_however_many_make_it() {
        for jobs in [0, 1, 3, 8] {
            let made: Result<Vec<usize>, ()> = all(jobs, 5, |at| Ok(at * at));
            assert_eq!(made, Ok(vec![0, 1, 4, 9, 16]), "{jobs}");
        }
        assert_eq!(all::<(), ()>(2, 0, |_| Err(())), Ok(Vec::new()));
    }

    #[test]
    fn none_begins_once_one_has_failed() {
        let begun = AtomicUsize::new(0);
        let failed = all(1, 5, |at| {
            begun.fetch_add(1, Ordering::SeqCst);
            if at < 2 { Ok(()) } else { Err(at) }
        });
        assert_eq!((failed, begun.into_inner()), (Err(2), 3));
        // Of several that fail at a time one is told.
        let failed: Result<Vec<()>, usize> = all(4, 4, Err);
        assert!(failed.is_err_and(|at| at < 4));
    }
}
