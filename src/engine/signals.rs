//! Signals in delivery. Those that are rinject's own doing, breakpoints and steps, are told apart here.

use super::Engine;
use super::fire::{Deed, Moment};
use super::inspect::Inspect;
use super::step::STEPS;
use super::stop::{Decision, Edit};
use crate::abi::{Signal, SignalInfo};
use crate::plan::Start;
use crate::transcript::{EventKind, TaskName};

impl Engine {
    pub(super) fn signal(
        &mut self,
        name: TaskName,
        info: SignalInfo,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        if info.signal == Signal::TRAP && self.is_ours(name, &info, inspect, decision) {
            return;
        }
        if self.reads_counter(name, &info, inspect, decision) {
            return;
        }
        self.signal_taken(name.process, Some(info.signal));
        let suspended = self.tasks.get(&name).and_then(|task| task.call.as_ref()).is_some_and(|call| call.suspended);
        let wanted = self.plan.trace.signals.contains(info.signal) || self.rules.concern_signals() || suspended;
        if !self.has_events(name) {
            self.may_start(name, info, decision);
            return self.deliver(name, Some(info.signal), inspect);
        }
        if !wanted || inspect.ignored_signals().contains(info.signal) {
            return self.deliver(name, Some(info.signal), inspect);
        }
        let sender = info.sender.and_then(|sender| self.names.task(sender));
        let mut event = self.event(name, EventKind::Signal { info, sender, delivered: Some(info.signal) });
        let mut delivered = Some(info.signal);
        for deed in self.fire(Moment::Signal, &mut event, inspect) {
            match deed {
                Deed::Deliver(signal) => {
                    decision.edits.extend(signal.map(Edit::Renumber));
                    delivered = signal;
                }
                other => self.carry_out(name, vec![other], inspect, decision),
            }
        }
        self.trace_back(&mut event, inspect);
        if let EventKind::Signal { delivered: shown, .. } = &mut event.kind {
            *shown = delivered;
        }
        let caught = delivered.is_some_and(|signal| inspect.caught_signals().contains(signal));
        if suspended && caught {
            // Whether the call below has failed or will go on is known once the handler's frame is there.
            self.go(name, |go| go.step = true);
            if let Some(task) = self.tasks.get_mut(&name) {
                task.pending_signal = Some(event);
            }
        } else {
            if suspended {
                self.log.split(name, &mut decision.events);
            }
            self.emit(event, decision);
        }
        self.deliver(name, delivered, inspect);
    }

    /// Everything may start with this signal; before that no rule knows of it.
    fn may_start(&mut self, name: TaskName, info: SignalInfo, decision: &mut Decision) {
        let silent = self.tasks.get(&name).is_none_or(|task| task.silent);
        if !silent && matches!(self.plan.trace.start, Start::Event(_)) {
            let kind = EventKind::Signal { info, sender: None, delivered: Some(info.signal) };
            let event = self.event(name, kind);
            self.emit(event, decision);
        }
    }

    fn deliver(&mut self, name: TaskName, signal: Option<Signal>, inspect: &dyn Inspect) {
        let threads = self.processes.get(&name.process).map_or(0, |process| process.threads);
        // A signal that ends the process with a core dump makes its threads wait for each other in the kernel.
        let may_end = threads > 1 && signal.is_some_and(|signal| !inspect.caught_signals().contains(signal));
        self.go(name, |go| {
            go.signal = signal;
            go.may_end |= may_end;
        });
    }

    /// Whether a SIGTRAP is rinject's own doing: a step, or a breakpoint.
    fn is_ours(&mut self, name: TaskName, info: &SignalInfo, inspect: &dyn Inspect, decision: &mut Decision) -> bool {
        if STEPS.contains(&info.code) && self.tasks.get(&name).is_some_and(|task| task.pending_signal.is_some()) {
            self.handler_entered(name, inspect, decision);
            return true;
        }
        if STEPS.contains(&info.code) {
            self.at_watched_data(name, inspect, decision);
        }
        if STEPS.contains(&info.code) && self.walk(name, inspect, decision) {
            return true;
        }
        self.at_point(name, info, inspect, decision)
    }

    /// A handler is about to run on top of a suspended call: the registers it will return to tell whether the
    /// call fails with EINTR or is made again.
    fn handler_entered(&mut self, name: TaskName, inspect: &dyn Inspect, decision: &mut Decision) {
        let again = returns_into_call(inspect);
        let Some(task) = self.tasks.get_mut(&name) else { return };
        let Some(signal) = task.pending_signal.take() else { return };
        if again {
            self.log.split(name, &mut decision.events);
            if let Some(task) = self.tasks.get_mut(&name)
                && let Some(call) = task.call.take()
            {
                task.interrupted.push(*call);
            }
        } else {
            self.call_interrupted(name, inspect, decision);
        }
        self.emit(signal, decision);
    }

    pub(super) fn group_stop(&mut self, name: TaskName, signal: Signal, decision: &mut Decision) {
        self.go(name, |go| go.listen = true);
        let silent = self.tasks.get(&name).is_none_or(|task| task.silent);
        let tracing = self.processes.get(&name.process).is_some_and(|process| process.tracing);
        // Each thread of a process reports the stop; it is one event.
        if name.thread == 1 && !silent && tracing {
            let event = self.event(name, EventKind::Stopped(signal));
            self.emit(event, decision);
        }
    }
}

/// Whether the frame of the handler that a task stands at the start of returns to a call that is to be made
/// again: the kernel has put the return address back onto the two bytes of `syscall` then (x86-64 signal frame:
/// return address, then `struct ucontext` with the general registers at offset 40, rip the 17th of them).
fn returns_into_call(inspect: &dyn Inspect) -> bool {
    const SYSCALL: [u8; 2] = [0x0f, 0x05];
    const RIP: u64 = 8 + 40 + 16 * 8;
    let Ok(regs) = inspect.registers() else { return false };
    let mut rip = [0; 8];
    if inspect.read(crate::abi::Addr(regs.rsp).plus(RIP), &mut rip) < rip.len() {
        return false;
    }
    let mut code = [0; 2];
    inspect.read(crate::abi::Addr(u64::from_ne_bytes(rip)), &mut code) == code.len() && code == SYSCALL
}
