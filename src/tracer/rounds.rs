//! Looking after something now and then, on another thread: one for all that a thread has looked after, one after the other,
//! since to make one takes as long as many looks.
//! It must not know what is looked at.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often whoever has nothing to look at sees whether there is something by now. It need not be woken then.
const PULSE: Duration = Duration::from_millis(20);

/// One look; how long it may be until the next.
pub(super) type Look = Box<dyn FnMut() -> Duration + Send>;

/// What is looked after until this is dropped.
pub(super) struct Rounds(Arc<Post>);

#[derive(Default)]
struct Post {
    duty: Mutex<Duty>,
    called: Condvar,
}

#[derive(Default)]
struct Duty {
    look: Option<Look>,
    /// Nobody looks up by himself.
    asleep: bool,
    over: bool,
}

/// The thread that looks, for as long as the one that has made it is there.
struct Looker {
    post: Arc<Post>,
    thread: Option<JoinHandle<()>>,
}

thread_local! {
    static LOOKER: RefCell<Option<Looker>> = const { RefCell::new(None) };
}

/// Has `look` called again and again, the first time after `first` or [`PULSE`], whichever is shorter.
///
/// # Errors
/// There is no thread to be had.
pub(super) fn begin(first: Duration, look: Look) -> io::Result<Rounds> {
    LOOKER.with_borrow_mut(|known| {
        let is_free = |looker: &Looker| looker.is_there() && looker.post.lock().look.is_none();
        if !known.as_ref().is_some_and(is_free) {
            *known = Some(Looker::start()?);
        }
        let post = known.as_ref().map(|looker| looker.post.clone()).unwrap_or_default();
        let mut duty = post.lock();
        duty.look = Some(look);
        if duty.asleep || first < PULSE {
            post.called.notify_one();
        }
        drop(duty);
        Ok(Rounds(post))
    })
}

impl Rounds {
    /// Has it looked at now.
    pub(super) fn now(&self) {
        self.0.called.notify_one();
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        // Once this is over nobody looks any more, and nobody is woken to hear of it, unless it is the last thing to hear.
        let mut duty = self.0.lock();
        duty.look = None;
        if duty.over {
            self.0.called.notify_one();
        }
    }
}

impl fmt::Debug for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rounds")
    }
}

impl Post {
    /// A poisoned lock means that a look has panicked, and the thread is gone.
    fn lock(&self) -> MutexGuard<'_, Duty> {
        self.duty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) {
        let mut duty = self.lock();
        let mut idle = 0;
        while !duty.over || duty.look.is_some() {
            let pause = duty.look.as_mut().map(|look| look());
            idle = if pause.is_some() { 0 } else { idle + 1 };
            // Seen twice: between two runs there is nothing for a while.
            duty.asleep = idle > 1;
            duty = if duty.asleep {
                self.called.wait(duty).unwrap_or_else(PoisonError::into_inner)
            } else {
                let pause = pause.unwrap_or(PULSE);
                self.called.wait_timeout(duty, pause).unwrap_or_else(PoisonError::into_inner).0
            };
        }
    }
}

impl Looker {
    fn start() -> io::Result<Looker> {
        let post = Arc::new(Post::default());
        let mine = post.clone();
        let thread = std::thread::Builder::new().name("rinject-watchdog".into()).spawn(move || mine.serve())?;
        Ok(Looker { post, thread: Some(thread) })
    }

    fn is_there(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        let mut duty = self.post.lock();
        duty.over = true;
        self.post.called.notify_one();
        // Otherwise it ends with what it looks after.
        let is_last = duty.look.is_none();
        drop(duty);
        if let Some(thread) = self.thread.take().filter(|_| is_last) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn one_thread_looks_after_what_comes_one_after_the_other() {
        let mut threads = Vec::new();
        for _ in 0..3 {
            let (told, hears) = mpsc::channel();
            let look = move || {
                let _ = told.send(std::thread::current().id());
                Duration::from_millis(1)
            };
            let rounds = begin(Duration::ZERO, Box::new(look)).unwrap();
            threads.extend(hears.iter().take(2));
            drop(rounds);
            assert!(hears.iter().count() < 1000, "it is let go of");
        }
        threads.dedup();
        assert_eq!(threads.len(), 1);
        assert_ne!(threads[0], std::thread::current().id());
    }

    #[test]
    fn who_sleeps_is_woken_and_two_at_a_time_are_both_looked_after() {
        let looks: Vec<Arc<AtomicU32>> = (0..2).map(|_| Arc::default()).collect();
        let begin = |looks: &Arc<AtomicU32>| {
            let looks = looks.clone();
            let look = move || {
                looks.fetch_add(1, Ordering::SeqCst);
                Duration::from_secs(3600)
            };
            begin(Duration::MAX, Box::new(look)).unwrap()
        };
        let wait = |at: usize, count: u32| {
            let until = std::time::Instant::now() + Duration::from_secs(10);
            while looks[at].load(Ordering::SeqCst) < count {
                assert!(std::time::Instant::now() < until, "nobody looks");
                std::thread::yield_now();
            }
        };
        drop(begin(&looks[0]));
        std::thread::sleep(PULSE * 5);
        let (one, other) = (begin(&looks[0]), begin(&looks[1]));
        wait(0, 1);
        wait(1, 1);
        one.now();
        wait(0, 2);
        drop((one, other));
    }
}
