//! Typing on the target's terminal: as somebody would who waits until nothing moves any more.
//! It must not know what is typed, nor touch what is traced.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::abi::TaskId;
use crate::sys::Keyboard;
use crate::sys::procfs::{self, RunState};

/// How long between two looks.
const PULSE: Duration = Duration::from_millis(1);

/// In how many looks on end everybody has to be asleep before the next is typed: for longer than the short sleeps that
/// programs make between two looks of their own, so that these are not taken for waiting. A clock would go on where the
/// whole machine stands still.
const QUIET: u32 = 10;

/// The same where it cannot be seen that the kernel has handed on what was typed before.
const QUIET_UNSEEN: u32 = 1000;

/// A thread that types.
#[derive(Debug)]
pub(super) struct Typist {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    desk: Mutex<Desk>,
    /// The thread that waits for the tasks.
    tracer: TaskId,
    /// Whether it waits. Taken back without the lock, since a thread that waits for the lock is asleep, too.
    waits: AtomicBool,
    over: AtomicBool,
}

#[derive(Debug)]
struct Desk {
    /// `None` once all has been typed: closed, so that the terminal ends with those who use it.
    keyboard: Option<Keyboard>,
    /// The tasks that run, while the tracer waits for them.
    awaited: Option<Vec<TaskId>>,
    /// In how many looks on end all of them have been asleep.
    asleep: u32,
}

impl Typist {
    /// Sits down at `keyboard`; called by the thread that traces.
    pub(super) fn start(keyboard: Keyboard) -> std::io::Result<Typist> {
        let desk = Desk { keyboard: Some(keyboard), awaited: None, asleep: 0 };
        let tracer = TaskId(nix::unistd::gettid().as_raw());
        let shared =
            Shared { desk: Mutex::new(desk), tracer, waits: AtomicBool::new(false), over: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        let mine = shared.clone();
        let thread = std::thread::Builder::new().name("rinject-typist".into()).spawn(move || {
            while !mine.over.load(Ordering::Acquire) && mine.lock().goes_on(&mine) {
                std::thread::sleep(PULSE);
            }
        })?;
        Ok(Typist { shared, thread: Some(thread) })
    }

    /// The tracer is going to wait for these, and has nothing else to do.
    pub(super) fn begin(&self, tasks: Vec<TaskId>) {
        let mut desk = self.shared.lock();
        desk.awaited = Some(tasks);
        desk.asleep = 0;
        self.shared.waits.store(true, Ordering::SeqCst);
    }

    /// It waits no more. Whatever was being typed has been.
    pub(super) fn end(&self) {
        self.shared.waits.store(false, Ordering::SeqCst);
        self.shared.lock().awaited = None;
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // It holds nothing that could panic; were it to, the run is over all the same.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Whether a task has stopped or ended, which wakes the tracer at once, though it may take long to get a processor.
    fn has_news(&self) -> bool {
        procfs::run_state(self.tracer) != RunState::Sleeping || !self.waits.load(Ordering::SeqCst)
    }

    /// A poisoned lock means that a thread of ours has panicked: the desk is plain data all the same.
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Types if all are asleep; false when there is nothing left to type.
    fn goes_on(&mut self, shared: &Shared) -> bool {
        let Some(keyboard) = &mut self.keyboard else { return false };
        let Some(tasks) = &self.awaited else { return true };
        let is_awake =
            |task: &TaskId| matches!(procfs::run_state(*task), RunState::Running | RunState::Uninterruptible);
        if tasks.iter().any(is_awake) || shared.has_news() {
            self.asleep = 0;
            return true;
        }
        self.asleep += 1;
        let quiet = if keyboard.is_handed_on() { QUIET } else { QUIET_UNSEEN };
        if self.asleep >= quiet {
            keyboard.type_next();
            self.asleep = 0;
            self.keyboard.take_if(|keyboard| keyboard.is_done());
        }
        true
    }
}
