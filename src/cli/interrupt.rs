//! SIGINT, SIGTERM and SIGHUP end the runs in order: trees are killed and reaped, results so far are told. Where a process
//! is traced that ran already, so does every other signal that would end rinject.

use nix::sys::signal::{SigSet, Signal};

use crate::abi::{self, TaskId};
use crate::sys::procfs;
use crate::tracer::Stopper;

/// What a second signal does while the runs are being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Second {
    /// It ends rinject at once, and PTRACE_O_EXITKILL the programs with it.
    Ends,
    /// Nothing: a process that ran already would be left with breakpoints that nobody answers.
    Waits,
}

/// Turns the next such signal into a stop of all runs. Must come before any other thread is started: threads inherit the mask.
pub(super) fn watch(stopper: Stopper, second: Second) {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    // A terminal that is closed; who was started with nohup(1) goes on.
    if !is_ignored(Signal::SIGHUP) {
        signals.add(Signal::SIGHUP);
    }
    if second == Second::Waits {
        // Each of them ends a program that does nothing about it.
        signals.extend([
            Signal::SIGQUIT,
            Signal::SIGALRM,
            Signal::SIGUSR1,
            Signal::SIGUSR2,
            Signal::SIGVTALRM,
            Signal::SIGPROF,
            Signal::SIGXCPU,
            Signal::SIGIO,
            Signal::SIGPWR,
            Signal::SIGSTKFLT,
        ]);
    }
    if signals.thread_block().is_err() {
        return;
    }
    let waiter = std::thread::Builder::new().name("rinject-signals".into()).spawn(move || {
        let mut asked = false;
        while let Ok(signal) = signals.wait() {
            if asked && second == Second::Ends {
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

/// As [`watch`], beside a program on the same terminal: what is typed there is for that program, which gets it, too.
pub(super) fn watch_beside_terminal(stopper: Stopper) {
    let mut signals = SigSet::empty();
    signals.extend([Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM]);
    if !is_ignored(Signal::SIGHUP) {
        signals.add(Signal::SIGHUP);
    }
    if signals.thread_block().is_err() {
        return;
    }
    let waiter = std::thread::Builder::new().name("rinject-signals".into()).spawn(move || {
        while let Ok(signal) = signals.wait() {
            if !matches!(signal, Signal::SIGINT | Signal::SIGQUIT) {
                stopper.stop();
            }
        }
    });
    if waiter.is_err() {
        // Without the thread nobody would take the signals: let them have their default effect.
        let _ = signals.thread_unblock();
    }
}

/// Whether whoever started rinject had a signal ignored.
fn is_ignored(signal: Signal) -> bool {
    let ignored = procfs::signal_mask(TaskId(std::process::id() as i32), "SigIgn");
    abi::Signal::new(signal as i64).is_some_and(|signal| ignored.contains(signal))
}
