//! The deadline, and whoever else ends a run from outside: a thread that kills what the tracer waits for.
//!
//! It must not wait for or trace anything: it says why, then sends SIGKILL until the tracer says that all is over. It
//! also looks after a task that computes for too long.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::patience::Awaited;
use super::rounds::{self, Rounds};
use super::vigil::{Vigil, WaitNumber};
use crate::abi::TaskId;
use crate::sys::procfs;
use crate::sys::{Bell, ProcessHandle};
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

    /// What says that somebody has asked, for a signal to set.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }

    /// Whether somebody has asked.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How long the tasks of a process that ran already may take to stop once more, for them to be let go one by one. One
/// that does not, such as the parent of a vfork, is let go by the kernel when the tracer ends.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the watchdog watches.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) deadline: Instant,
    pub(super) stopper: Stopper,
    /// Output files, and the bytes each may hold.
    pub(super) outputs: Vec<File>,
    /// How much has come out of pipes and terminals, with the same bound.
    pub(super) drained: Vec<Arc<AtomicU64>>,
    pub(super) output_limit: u64,
    /// Where a process is traced that ran already: when that is over.
    pub(super) spared: Option<Spared>,
}

/// What the watchdog does about a process that is not to be killed: it wakes the tracer, which lets it go.
#[derive(Debug)]
pub(super) struct Spared {
    pub(super) bell: Arc<Bell>,
    /// When all has been seen that was to be seen.
    pub(super) end: Option<Instant>,
}

/// The tracer's side.
#[derive(Debug)]
pub(super) struct Watchdog {
    shared: Arc<Shared>,
    rounds: Rounds,
    spares: bool,
}

#[derive(Debug, Default)]
struct Shared {
    barked: AtomicBool,
    /// Patience with the tasks of a process that ran already is over.
    is_late: AtomicBool,
    /// For whom the tracer waits, which it says at every stop.
    vigil: Vigil,
    state: Mutex<State>,
}

/// How long the task that the tracer waits for may take to stop before it is killed with the others.
const GRACE: Duration = Duration::from_secs(1);

/// How many processes are held by a descriptor. A run may have more of them than rinject may have open.
const DESCRIPTORS: usize = 64;

#[derive(Debug, Default)]
struct State {
    processes: HashMap<TaskId, ProcessHandle>,
    /// Why the run is over; `Some(None)` where that is as it should be.
    reason: Option<Option<Abandoned>>,
    /// The call that each process was seen in when the run was given up.
    calls: HashMap<TaskId, u64>,
    /// What is known of the task that the tracer was last seen to wait for, and which wait that was.
    awaited: Option<(WaitNumber, Awaited)>,
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
        let spares = watch.spared.is_some();
        let mut since = None;
        let first = watch.deadline.saturating_duration_since(Instant::now());
        let rounds = rounds::begin(first, Box::new(move || guard(&mine, &watch, &mut since)))?;
        Ok(Watchdog { shared, rounds, spares })
    }

    /// A process of the run was born. It cannot have been reaped yet: the tracer alone does that.
    pub(super) fn add(&self, process: TaskId) {
        let mut state = self.shared.lock();
        let handle = if state.processes.len() < DESCRIPTORS {
            ProcessHandle::open(process).ok()
        } else {
            ProcessHandle::by_number(process)
        };
        let Some(handle) = handle else { return };
        if state.reason.is_some() && !self.spares {
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

    /// The tracer waits for a task, which is to stop once it has had a processor for `limit`, or the run is given up.
    pub(super) fn awaits(&self, task: TaskId, limit: Duration) {
        self.shared.vigil.begin(task, limit);
    }

    /// The task has stopped.
    pub(super) fn met(&self) {
        if self.shared.vigil.end() {
            // Whoever acts on the task does so under this lock.
            drop(self.shared.lock());
        }
    }

    /// Whether the run is to be given up. Set before anything is killed, so that no death of the watchdog's doing
    /// is taken for one of the program's.
    pub(super) fn has_barked(&self) -> bool {
        self.shared.barked.load(Ordering::Acquire)
    }

    /// Whether it kills what it watches once the run is to be given up.
    pub(super) fn kills(&self) -> bool {
        self.has_barked() && !self.spares
    }

    /// Whether the tasks of a process that ran already have taken too long to stop once more.
    pub(super) fn is_late(&self) -> bool {
        self.shared.is_late.load(Ordering::Acquire)
    }

    /// Begins to be impatient: the run is over as it should be.
    pub(super) fn enough(&self) {
        self.shared.lock().reason.get_or_insert(None);
        self.rounds.now();
    }

    /// Why, if it is not as it should be, and in which calls processes were.
    pub(super) fn reason(&self) -> (Option<Abandoned>, HashMap<TaskId, u64>) {
        let state = self.shared.lock();
        (state.reason.clone().flatten(), state.calls.clone())
    }
}

/// Looks once; `since` is when the run was first seen to be given up. How long it may be until the next look.
fn guard(shared: &Shared, watch: &Watch, since: &mut Option<Instant>) -> Duration {
    let mut locked = shared.lock();
    let state = &mut *locked;
    if state.reason.is_none() {
        state.reason = verdict(watch);
    }
    if state.reason.is_some() && !shared.barked.swap(true, Ordering::Release) {
        let calls = state.processes.keys().filter_map(|task| Some((*task, procfs::call_in_progress(*task)?)));
        state.calls = calls.collect();
    }
    // The tracer does not take it for met until this is dropped, and so is the lock.
    let held = shared.vigil.hold();
    state.awaited = held.as_ref().map(|held| match state.awaited.take() {
        Some((number, awaited)) if number == held.number => (number, awaited),
        _ => (held.number, Awaited::new(held.task, held.limit)),
    });
    if let Some((_, awaited)) = &mut state.awaited {
        awaited.look();
    }
    match &watch.spared {
        None if state.reason.is_some() => {
            let is_early = since.get_or_insert_with(Instant::now).elapsed() < GRACE;
            match &mut state.awaited {
                // Were it killed, it might tell the tracer nothing of that before the other threads of its process
                // have ended, which stand still until the tracer lets them go on.
                Some((_, awaited)) if is_early => awaited.stop(),
                _ => state.processes.values().for_each(ProcessHandle::kill),
            }
        }
        Some(spared) if state.reason.is_some() => {
            let is_late = since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE;
            shared.is_late.fetch_or(is_late, Ordering::Release);
            spared.bell.ring();
        }
        None | Some(_) => {}
    }
    PULSE.min(watch.deadline.saturating_duration_since(Instant::now())).max(Duration::from_millis(1))
}

/// Whether the run is over, and why if that is not as it should be.
fn verdict(watch: &Watch) -> Option<Option<Abandoned>> {
    if watch.stopper.is_stopped() {
        return Some(Some(Abandoned::Stopped));
    }
    let now = Instant::now();
    if watch.spared.as_ref().and_then(|spared| spared.end).is_some_and(|end| now >= end) {
        return Some(None);
    }
    if now >= watch.deadline {
        return Some(Some(Abandoned::Timeout(Vec::new())));
    }
    let too_long = |file: &File| file.metadata().is_ok_and(|data| data.is_file() && data.len() > watch.output_limit);
    let too_much = |drained: &Arc<AtomicU64>| drained.load(Ordering::Relaxed) > watch.output_limit;
    let is_over = watch.outputs.iter().any(too_long) || watch.drained.iter().any(too_much);
    is_over.then_some(Some(Abandoned::Output(watch.output_limit)))
}
