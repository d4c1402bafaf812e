//! SIGINT and SIGTERM end the runs in order: trees are killed and reaped, results so far are told.

use nix::sys::signal::{SigSet, Signal};

use crate::tracer::Stopper;

/// Turns the next SIGINT or SIGTERM into a stop of all runs; a second one ends rinject at once, and PTRACE_O_EXITKILL
/// the programs with it. Must come before any other thread is started: threads inherit the mask.
pub(super) fn watch(stopper: Stopper) {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    if signals.thread_block().is_err() {
        return;
    }
    let waiter = std::thread::Builder::new().name("rinject-signals".into()).spawn(move || {
        let mut asked = false;
        while let Ok(signal) = signals.wait() {
            if asked {
                std::process::exit(128 + signal as i32);
            }
            asked = true;
            stopper.stop();
        }
    });
    if waiter.is_err() {
        // Without the thread nobody would take the signals: let them have their default effect.
        let _ = signals.thread_unblock();
    }
}
