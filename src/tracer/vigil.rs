//! For whom the tracer waits, told to another thread without a lock, since it is said at every stop: one store as a wait
//! begins, one exchange as it ends.
//! It must not know what the other thread does about it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::abi::TaskId;

/// Nobody is waited for.
const NOBODY: u64 = 0;
/// The other thread acts on the task: the wait is not over before it has done so.
const HELD: u64 = 1;
/// The task stands above that bit, and above the task the number of the wait.
const TASK_SHIFT: u32 = 1;
/// The kernel has no task numbers of more bits: PID_MAX_LIMIT is 2^22, as the highest number is one less.
const TASK_BITS: u32 = 22;
const NUMBER_SHIFT: u32 = TASK_SHIFT + TASK_BITS;

/// Which wait it is. Comes round after 2^41 waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WaitNumber(u64);

/// A wait: one thread begins and ends it, another one may hold it up.
#[derive(Debug, Default)]
pub(super) struct Vigil {
    /// The number of the wait, the task, and whether it is held; or [`NOBODY`].
    now: AtomicU64,
    /// How long the task may have a processor, in nanoseconds; all ones where it may have one for ever.
    limit: AtomicU64,
    /// How many waits have begun.
    begun: AtomicU64,
}

/// A wait that does not end until this is dropped.
#[derive(Debug)]
pub(super) struct Held<'a> {
    pub(super) number: WaitNumber,
    pub(super) task: TaskId,
    /// How long it may have a processor; [`Duration::MAX`] where it may have one for ever.
    pub(super) limit: Duration,
    vigil: &'a Vigil,
    word: u64,
}

impl Vigil {
    /// A wait for `task` begins; the one before has ended.
    pub(super) fn begin(&self, task: TaskId, limit: Duration) {
        // One thread alone counts.
        let number = self.begun.load(Ordering::Relaxed).wrapping_add(1);
        self.begun.store(number, Ordering::Relaxed);
        let limit =
            if limit == Duration::MAX { u64::MAX } else { u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX) };
        self.limit.store(limit, Ordering::Relaxed);
        self.now.store(word(number, task), Ordering::Release);
    }

    /// The wait has ended; whether the other thread holds it, and is to be waited for until it has let go.
    #[must_use]
    pub(super) fn end(&self) -> bool {
        self.now.swap(NOBODY, Ordering::AcqRel) & HELD != 0
    }

    /// Holds up the end of the wait that there is now, if there is one. One thread alone may do so.
    pub(super) fn hold(&self) -> Option<Held<'_>> {
        let word = self.now.load(Ordering::Acquire);
        let is_still_there =
            || self.now.compare_exchange(word, word | HELD, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if word == NOBODY || !is_still_there() {
            return None;
        }
        let limit = match self.limit.load(Ordering::Relaxed) {
            u64::MAX => Duration::MAX,
            limit => Duration::from_nanos(limit),
        };
        let task = i32::try_from((word >> TASK_SHIFT) & ((1 << TASK_BITS) - 1)).ok()?;
        Some(Held { number: WaitNumber(word >> NUMBER_SHIFT), task: TaskId(task), limit, vigil: self, word })
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Where that fails the wait has ended meanwhile, and no other has begun: whoever ends it waits.
        let _ = self.vigil.now.compare_exchange(self.word | HELD, self.word, Ordering::AcqRel, Ordering::Relaxed);
    }
}

/// Never [`NOBODY`]: no task has the number 0.
fn word(number: u64, task: TaskId) -> u64 {
    let task = u64::from(task.0.unsigned_abs());
    debug_assert!(task != 0 && task < 1 << TASK_BITS, "{task} is no task");
    (number << NUMBER_SHIFT) | (task << TASK_SHIFT)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;
    use std::time::Instant;

    use super::*;

    const TASK: TaskId = TaskId(4_194_303);
    const LIMIT: Duration = Duration::from_millis(30);

    #[test]
    fn a_wait_is_told_of_from_its_beginning_to_its_end() {
        let vigil = Vigil::default();
        assert!(vigil.hold().is_none());
        vigil.begin(TASK, LIMIT);
        let held = vigil.hold().expect("it waits");
        assert_eq!((held.task, held.limit), (TASK, LIMIT));
        drop(held);
        assert!(!vigil.end());
        assert!(vigil.hold().is_none());
    }

    #[test]
    fn the_end_of_a_wait_that_is_held_is_told() {
        let vigil = Vigil::default();
        vigil.begin(TASK, Duration::MAX);
        let held = vigil.hold().expect("it waits");
        assert_eq!(held.limit, Duration::MAX);
        assert!(vigil.end());
        drop(held);
        assert!(vigil.hold().is_none());
    }

    #[test]
    fn a_wait_has_one_number_and_the_next_another() {
        let vigil = Vigil::default();
        let number = || vigil.hold().expect("it waits").number;
        vigil.begin(TASK, LIMIT);
        let first = number();
        assert_eq!(number(), first);
        assert!(!vigil.end());
        vigil.begin(TASK, LIMIT);
        assert_ne!(number(), first);
    }

    #[test]
    fn nobody_acts_on_a_task_whose_wait_is_over() {
        let (vigil, lock) = (Vigil::default(), Mutex::new(()));
        let [waits_for, held] = [const { AtomicU64::new(0) }; 2];
        let until = Instant::now() + Duration::from_secs(60);
        let goes_on = || held.load(Ordering::Relaxed) < 100 && Instant::now() < until;
        thread::scope(|scope| {
            scope.spawn(|| {
                while goes_on() {
                    let _lock = lock.lock();
                    let Some(now) = vigil.hold() else { continue };
                    let before = waits_for.load(Ordering::SeqCst);
                    thread::yield_now();
                    assert_eq!((before, waits_for.load(Ordering::SeqCst)), (now.number.0, now.number.0));
                    held.fetch_add(1, Ordering::Relaxed);
                }
            });
            for number in 1.. {
                waits_for.store(number, Ordering::SeqCst);
                vigil.begin(TASK, LIMIT);
                // Where both threads have one processor, the other one comes to it here.
                thread::yield_now();
                if vigil.end() {
                    drop(lock.lock());
                }
                waits_for.store(0, Ordering::SeqCst);
                if !goes_on() {
                    break;
                }
            }
        });
        assert_eq!(held.into_inner(), 100);
    }
}
