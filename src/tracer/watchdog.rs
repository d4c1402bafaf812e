//! The deadline, and whoever else ends a run from outside: a thread that kills what the tracer waits for.
//!
//! It must not wait for or trace anything: it says why, then sends SIGKILL until the tracer says that all is over.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::abi::TaskId;
use crate::sys::ProcessHandle;
use crate::sys::procfs;
use crate::transcript::Abandoned;

/// How often outputs are measured, and how often a killed tree is killed again.
const PULSE: Duration = Duration::from_millis(20);

/// Ends a run from another thread.
#[derive(Clone, Debug, Default)]
pub struct Stopper(Arc<AtomicBool>);

impl Stopper {
    /// Asks the run to end; it is killed and reported as stopped.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the watchdog watches.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) deadline: Instant,
    pub(super) stopper: Stopper,
    /// Output files, and the bytes each may hold.
    pub(super) outputs: Vec<File>,
    pub(super) output_limit: u64,
}

/// The tracer's side.
#[derive(Debug)]
pub(super) struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    barked: AtomicBool,
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Debug, Default)]
struct State {
    processes: HashMap<TaskId, ProcessHandle>,
    reason: Option<Abandoned>,
    /// The call that each process was seen in when the run was given up.
    calls: HashMap<TaskId, u64>,
    over: bool,
}

impl Shared {
    /// A poisoned lock means that a thread of ours has panicked: the state is plain data all the same.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watchdog {
    pub(super) fn start(watch: Watch) -> std::io::Result<Watchdog> {
        let shared = Arc::new(Shared::default());
        let mine = shared.clone();
        let thread =
            std::thread::Builder::new().name("rinject-watchdog".into()).spawn(move || guard(&mine, &watch))?;
        Ok(Watchdog { shared, thread: Some(thread) })
    }

    /// A process of the run was born. It cannot have been reaped yet: the tracer alone does that.
    pub(super) fn add(&self, process: TaskId) {
        let Ok(handle) = ProcessHandle::open(process) else { return };
        let mut state = self.shared.lock();
        if state.reason.is_some() {
            handle.kill();
        }
        state.processes.insert(process, handle);
    }

    /// A process of the run was reaped.
    pub(super) fn remove(&self, process: TaskId) {
        self.shared.lock().processes.remove(&process);
    }

    /// Kills every process of the run.
    pub(super) fn kill_all(&self) {
        self.shared.lock().processes.values().for_each(ProcessHandle::kill);
    }

    /// Whether the run is to be given up. Set before anything is killed, so that no death of the watchdog's doing
    /// is taken for one of the program's.
    pub(super) fn has_barked(&self) -> bool {
        self.shared.barked.load(Ordering::Acquire)
    }

    /// Why, and in which calls processes were.
    pub(super) fn reason(&self) -> (Option<Abandoned>, HashMap<TaskId, u64>) {
        let state = self.shared.lock();
        (state.reason.clone(), state.calls.clone())
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.over.notify_all();
        if let Some(thread) = self.thread.take() {
            // It holds nothing that could panic; were it to, the run is over all the same.
            let _ = thread.join();
        }
    }
}

fn guard(shared: &Shared, watch: &Watch) {
    let mut state = shared.lock();
    while !state.over {
        if state.reason.is_none() {
            state.reason = verdict(watch);
        }
        if state.reason.is_some() && !shared.barked.swap(true, Ordering::Release) {
            let calls = state.processes.keys().filter_map(|task| Some((*task, procfs::call_in_progress(*task)?)));
            state.calls = calls.collect();
        }
        if state.reason.is_some() {
            state.processes.values().for_each(ProcessHandle::kill);
        }
        let pause = PULSE.min(watch.deadline.saturating_duration_since(Instant::now())).max(Duration::from_millis(1));
        state = shared.over.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0;
    }
}

fn verdict(watch: &Watch) -> Option<Abandoned> {
    if watch.stopper.is_stopped() {
        return Some(Abandoned::Stopped);
    }
    if Instant::now() >= watch.deadline {
        return Some(Abandoned::Timeout(Vec::new()));
    }
    let too_long = |file: &File| file.metadata().is_ok_and(|data| data.is_file() && data.len() > watch.output_limit);
    watch.outputs.iter().any(too_long).then_some(Abandoned::Output(watch.output_limit))
}
