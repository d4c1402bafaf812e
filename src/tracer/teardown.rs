//! The end of a run that was given up: kill the tree, reap it, leave nothing.

use std::time::{Duration, Instant};

use crate::abi::{Signal, TaskId};
use crate::sys::{self, Resume, Status, WaitOutcome};

/// How long a killed tree may take to die; a task that sleeps uninterruptibly may take longer and is left to the
/// kernel, which kills it with the tracer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Kills and reaps everything this thread traces. `kill_all` kills the processes that are known.
pub(super) fn reap_everything(stopped: impl Iterator<Item = TaskId>, kill_all: impl Fn()) {
    kill_all();
    // SIGKILL does not pull a task out of PTRACE_EVENT_EXIT (Linux 6.1): it has to be resumed.
    for task in stopped {
        let _ = sys::resume(task, Resume::Continue, None);
    }
    let give_up = Instant::now() + PATIENCE;
    let mut pause = Duration::from_micros(50);
    while Instant::now() < give_up {
        match sys::wait(None, false) {
            WaitOutcome::NoChild => return,
            WaitOutcome::Changed(_, Status::Ended(_)) => {}
            WaitOutcome::Changed(task, _) => {
                // A child that was born while its parent was being killed.
                sys::send_signal(task, None, Signal::KILL);
                let _ = sys::resume(task, Resume::Continue, None);
            }
            WaitOutcome::Nothing => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(5));
            }
        }
    }
}
