//! Which case is run next: the first that waits, but for those whose process is traced just then. A process has one
//! tracer at a time, so cases that attach to the same one take turns, in their order.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Cases that wait for somebody to run them, by their numbers.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Case by case the process that it attaches to, if it does; `None` where the case has been taken.
    waiting: Vec<Option<Option<i32>>>,
    /// Processes that are attached to now.
    busy: Vec<i32>,
}

/// A case that somebody runs; its process is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Turn<'q> {
    queue: &'q Queue,
    /// Which case it is.
    pub(super) number: usize,
    process: Option<i32>,
}

impl Queue {
    /// Cases by the process that each attaches to, if it does.
    pub(super) fn new(processes: impl Iterator<Item = Option<i32>>) -> Queue {
        let state = State { waiting: processes.map(Some).collect(), busy: Vec::new() };
        Queue { state: Mutex::new(state), freed: Condvar::new() }
    }

    /// The next case; waits where all that are left have to wait for others. `None` when there is none left.
    pub(super) fn next(&self) -> Option<Turn<'_>> {
        let mut state = self.lock();
        loop {
            if state.waiting.iter().all(Option::is_none) {
                return None;
            }
            if let Some((number, process)) = state.take() {
                return Some(Turn { queue: self, number, process });
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A poisoned lock means that a case has panicked, which is told elsewhere: the state is plain data all the same.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the first case whose process is free.
    fn take(&mut self) -> Option<(usize, Option<i32>)> {
        let is_free = |process: Option<i32>| process.is_none_or(|process| !self.busy.contains(&process));
        let number = self.waiting.iter().position(|case| case.is_some_and(is_free))?;
        let process = self.waiting[number].take()?;
        self.busy.extend(process);
        Some((number, process))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.queue.lock().busy.retain(|busy| Some(*busy) != self.process);
        self.queue.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_on_one_process_take_turns_and_others_do_not_wait_for_them() {
        let queue = Queue::new([Some(7), Some(7), None, Some(8), Some(7)].into_iter());
        let take = || queue.next().unwrap();
        let (first, started, other) = (take(), take(), take());
        assert_eq!((first.number, started.number, other.number), (0, 2, 3));
        drop((started, other));
        drop(first);
        for number in [1, 4] {
            let turn = take();
            assert_eq!(turn.number, number);
            assert_eq!(queue.lock().take(), None);
        }
        assert!(queue.next().is_none());
    }

    #[test]
    fn who_waits_for_a_process_goes_on_when_it_is_free() {
        let queue = Queue::new([Some(7), Some(7)].into_iter());
        let first = queue.next().unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| queue.next().map(|turn| turn.number));
            drop(first);
            assert_eq!(second.join().unwrap(), Some(1));
        });
    }
}
