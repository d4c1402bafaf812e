//! The signal handlers of a process, as far as its calls tell: which of them let an interrupted call start again.
//! It must not know why somebody asks.

use std::collections::BTreeMap;

use super::inspect::Inspect;
use super::stop::RawCall;
use crate::abi::{Addr, Signal, SignalSet, Sysno};

const RT_SIGACTION: Sysno = Sysno::named("rt_sigaction");

/// `SA_RESTART` of sigaction(2).
const SA_RESTART: u64 = 0x1000_0000;

/// Signals that a program sends to itself when it is broken; what handles them expects that it is.
const OF_FAULTS: [&str; 7] = ["SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGSYS"];

/// The first real-time signals are the C library's own (nptl(7)); it hides them from programs.
const OF_THE_LIBRARY: [i32; 3] = [32, 33, 34];

/// The flags that handlers were set with, by signal number.
#[derive(Clone, Debug, Default)]
pub(super) struct Handlers {
    flags: BTreeMap<i32, u64>,
}

impl Handlers {
    /// Notes a call that is about to set a handler. Whether it succeeds is not waited for: where it does not, the
    /// kernel does not list the signal among those that are caught.
    pub(super) fn notice(&mut self, sysno: Option<Sysno>, raw: &RawCall, inspect: &dyn Inspect) {
        let action = Addr(raw.args[1]);
        if sysno != Some(RT_SIGACTION) || action == Addr(0) {
            return;
        }
        // `struct kernel_sigaction` on 64-bit architectures: the handler, then the flags.
        let mut flags = [0; 8];
        if inspect.read(action.plus(8), &mut flags) == flags.len() {
            self.flags.insert(raw.args[0] as i32, u64::from_ne_bytes(flags));
        }
    }

    /// Whether a signal among `caught` has a handler that interrupts a call which `restarts` where SA_RESTART says so.
    pub(super) fn interrupts(&self, signal: Signal, caught: SignalSet, restarts: bool) -> bool {
        let lets_go_on = |flags: &u64| flags & SA_RESTART != 0;
        caught.contains(signal)
            && (!restarts || self.flags.get(&signal.number()).is_some_and(|flags| !lets_go_on(flags)))
    }

    /// The lowest-numbered signal that can interrupt such a call.
    pub(super) fn interrupter(&self, caught: SignalSet, restarts: bool) -> Option<Signal> {
        let fit = |signal: &Signal| {
            let number = signal.number();
            !OF_THE_LIBRARY.contains(&number) && !OF_FAULTS.contains(&signal.to_string().as_str())
        };
        Signal::all().filter(fit).find(|signal| self.interrupts(*signal, caught, restarts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(name: &str) -> Signal {
        Signal::parse(name).unwrap()
    }

    #[test]
    fn the_lowest_signal_whose_handler_interrupts() {
        let caught = SignalSet((1 << 1) | (1 << 9) | (1 << 10) | (1 << 13) | (1 << 32));
        let handlers = Handlers { flags: BTreeMap::from([(2, SA_RESTART), (10, SA_RESTART), (14, 0), (11, 0)]) };
        assert_eq!(handlers.interrupter(caught, true), Some(signal("SIGALRM")));
        assert_eq!(handlers.interrupter(caught, false), Some(signal("SIGINT")));
        assert_eq!(handlers.interrupter(SignalSet(1 << 10), false), None);
        assert!(!handlers.interrupts(signal("SIGUSR2"), caught, false));
    }
}
