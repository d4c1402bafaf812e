//! Attaching to all tasks of a process, whatever they do meanwhile. It must not know what is done with them then.
//!
//! A task that executes holds up whoever attaches to its process until all other threads are gone, and those that are traced
//! already are not gone before they are reaped: the kernel has both wait for each other (`cred_guard_mutex`; ptrace(2) has
//! no word of it). So no task stops when it ends as long as there are others to attach to, and another thread reaps it.

use std::collections::HashSet;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::errors::SeizeError;
use super::task::Running;
use crate::abi::TaskId;
use crate::sys::procfs::RunState;
use crate::sys::{self, procfs};

/// How long it takes until tasks that have ended are reaped.
const PULSE: Duration = Duration::from_millis(2);

/// How often a process is tried whose first thread is just being replaced: one that executes has none to attach to for
/// a moment (ESRCH, EPERM).
const TRIES: usize = 50;

impl Running {
    /// Attaches to every task of a process. They are listed again until there is no new one: a process that makes
    /// threads meanwhile has them all. One that ends meanwhile is left out, and so is a first thread that has ended
    /// before the others: nobody can attach to it any more. A task that ends before it has stopped for the first time
    /// does so without [`super::Why::Exiting`].
    ///
    /// # Errors
    /// Those of [`Running::seize`] for the first task; the number of another thread is that of no process (ESRCH).
    pub fn seize_process(process: TaskId) -> Result<Vec<Running>, SeizeError> {
        let own = TaskId(std::process::id() as i32);
        match procfs::process_of(process) {
            Some(of) if of == own => return Err(SeizeError::Oneself),
            Some(of) if of != process => return Err(SeizeError::Gone),
            _ => {}
        }
        for _ in 0..TRIES {
            let tasks = seize_once(process)?;
            if !tasks.is_empty() {
                return Ok(tasks);
            }
            if procfs::run_state(process) == RunState::Gone {
                break;
            }
            std::thread::sleep(PULSE);
        }
        Err(SeizeError::Gone)
    }
}

/// Attaches to all tasks there are; to none where the process has ended, or has but one, which executes.
fn seize_once(process: TaskId) -> Result<Vec<Running>, SeizeError> {
    let attached = Mutex::new(Vec::new());
    let list = &attached;
    std::thread::scope(|scope| {
        let (over, wait) = mpsc::channel();
        let reaper = std::thread::Builder::new().name("rinject-reaper".into());
        // Where no thread can be made any more a process that executes just then holds this one up.
        let _ = reaper.spawn_scoped(scope, move || reap(list, &wait));
        let seized = seize_all(process, list);
        drop(over);
        seized
    })?;
    let attached = attached.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(attached.into_iter().filter(|task| is_mine(*task)).map(Running::bare).collect())
}

/// Attaches to all tasks, and puts them into the list; some are gone again when this is done.
fn seize_all(process: TaskId, attached: &Mutex<Vec<TaskId>>) -> Result<(), SeizeError> {
    let listed = |task| {
        let mut attached = attached.lock().unwrap_or_else(PoisonError::into_inner);
        if !attached.contains(&task) {
            attached.push(task);
        }
    };
    let mut known = HashSet::from([process]);
    let mut tries = 0;
    loop {
        let has_ended = procfs::run_state(process) == RunState::Zombie;
        let attempt = if has_ended || is_mine(process) { Ok(()) } else { sys::attach_barely(process) };
        if let Err(error) = attempt.map_err(SeizeError::from) {
            tries += 1;
            if tries == TRIES || procfs::run_state(process) == RunState::Gone {
                return Err(error);
            }
            std::thread::sleep(PULSE);
            continue;
        }
        if !has_ended {
            listed(process);
        }
        let new: Vec<TaskId> = procfs::threads(process).into_iter().filter(|task| known.insert(*task)).collect();
        if new.is_empty() && (has_ended || is_mine(process)) {
            return Ok(());
        }
        // EPERM: the kernel itself has attached a new thread of a traced one (PTRACE_O_TRACECLONE), whose stop will tell
        // of it; to take it for one that was there before would be to wait for its first stop twice.
        new.into_iter().filter(|task| sys::attach_barely(*task).is_ok()).for_each(listed);
    }
}

/// Whether this thread traces a task.
fn is_mine(task: TaskId) -> bool {
    let tracer = procfs::status_field(task, "TracerPid").and_then(|tracer| tracer.parse().ok());
    tracer == Some(nix::unistd::gettid().as_raw())
}

/// Reaps what ends, until somebody says that it is enough or is gone.
fn reap(attached: &Mutex<Vec<TaskId>>, over: &Receiver<()>) {
    while over.recv_timeout(PULSE) == Err(RecvTimeoutError::Timeout) {
        attached.lock().unwrap_or_else(PoisonError::into_inner).retain(|task| !sys::bury(*task));
    }
}
