//! SIGINT, SIGTERM and SIGHUP end the runs in order: trees are killed and reaped, results so far are told. Where a process
//! is traced that ran already, so does every other signal that would end rinject.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::sys::signal::Signal;
use signal_hook::flag;

use crate::sys;
use crate::tracer::Stopper;

/// What a second signal does while the runs are being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Second {
    /// It ends rinject at once, and PTRACE_O_EXITKILL the programs with it.
    Ends,
    /// Nothing: a process that ran already would be left with breakpoints that nobody answers.
    Waits,
}

/// What asks a program to end. Who was started with nohup(1) goes on when its terminal is closed.
fn requests() -> impl Iterator<Item = Signal> {
    let hung_up = (!sys::is_ignored(Signal::SIGHUP)).then_some(Signal::SIGHUP);
    [Signal::SIGINT, Signal::SIGTERM].into_iter().chain(hung_up)
}

/// Each of them ends a program that does nothing about it.
const OTHERS: [Signal; 10] = [
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
];

/// Turns the next such signal into a stop of all runs. A signal that cannot be caught keeps its default effect.
pub(super) fn watch(stopper: &Stopper, second: Second) {
    let asked = Arc::new(AtomicBool::new(false));
    let others = OTHERS.into_iter().filter(|_| second == Second::Waits);
    for signal in requests().chain(others).map(|signal| signal as i32) {
        if second == Second::Ends {
            // Comes before it is set.
            let _ = flag::register_conditional_shutdown(signal, 128 + signal, asked.clone());
        }
        let _ = flag::register(signal, asked.clone());
        let _ = flag::register(signal, stopper.flag());
    }
}

/// As [`watch`], beside a program on the same terminal: what is typed there is for that program, which gets it, too.
pub(super) fn watch_beside_terminal(stopper: &Stopper) {
    for signal in requests().chain([Signal::SIGQUIT]) {
        let is_typed = matches!(signal, Signal::SIGINT | Signal::SIGQUIT);
        let _ = flag::register(signal as i32, if is_typed { Arc::default() } else { stopper.flag() });
    }
}
