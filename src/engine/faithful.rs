//! How a call fails: what the kernel would still have done, and whether it could have failed so at all.
//! It must not know which rule fires when.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Engine;
use super::fire::{Deed, Due};
use super::inspect::{Inspect, Region};
use super::stop::Edit;
use super::tamper::Tampering;
use super::task::InCall;
use crate::abi::{Addr, ArgKind, Errno, Operation, Signal, SignalSet, Sysno};
use crate::faults::{self, Clause, Effect, Facts, Fit, Restart};
use crate::pattern::Head;
use crate::plan::{Action, Recipient, Rule, Side};
use crate::transcript::{Event, EventKind, Value};

/// A failure that a rule asks for at the entry of a call.
pub(super) struct Request<'a> {
    /// The rule's position.
    pub(super) at: usize,
    /// The call as it is shown.
    pub(super) event: &'a Event,
    /// The rule.
    pub(super) rule: &'a Rule,
    /// The call.
    pub(super) sysno: Sysno,
    /// Its registers.
    pub(super) call: &'a InCall,
    /// The failure.
    pub(super) errno: Errno,
}

/// Which descriptors have heard of an error of their file: fsync(2) tells it once for each open file.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The process, the descriptor's name, and the file.
    heard: BTreeSet<(u32, Arc<str>, Arc<str>)>,
}

impl Told {
    /// What is written anew can be lost anew.
    pub(super) fn written(&mut self, sysno: Sysno, event: &Event) {
        let Some(member) = Operation::parse("file.write").and_then(|write| write.member(sysno)) else { return };
        let EventKind::Call(call) = &event.kind else { return };
        for arg in call.args.iter().filter(|arg| member.sides.contains(&arg.name)) {
            if let Value::Descriptor { host, .. } = &arg.value {
                self.heard.retain(|(_, _, file)| file != host);
            }
        }
    }
}

impl Request<'_> {
    /// What makes the call fail as the kernel would; `Err` says why it could not fail so here.
    pub(super) fn carried_out(&self, engine: &mut Engine, inspect: &dyn Inspect) -> Result<Vec<Deed>, String> {
        let (sysno, errno) = (self.sysno, self.errno);
        let model = faults::model(sysno);
        let signal = self.interrupter(engine, model.restart, inspect);
        let effect = match model.fit(errno, &self.facts(engine, signal.is_some(), inspect)) {
            Fit::Holds(failure) => {
                let needs_signal = failure.when.clauses().contains(&Clause::Caught);
                let send = signal.filter(|signal| needs_signal && !self.sends(*signal));
                return self.with_effect(engine, failure.effect, send, inspect);
            }
            // The author named the call and was warned.
            Fit::Never if self.is_named() => Effect::Nothing,
            Fit::Never => return Err(format!("`{sysno}` never fails with {errno}")),
            Fit::Lacks(Clause::Caught) => {
                return Err(format!("`{sysno}` fails with {errno} only where a signal can come {}", CAUGHT));
            }
            Fit::Lacks(clause) => {
                return Err(format!("`{sysno}` fails with {errno} only so: {}", clause.told(sysno)));
            }
        };
        self.with_effect(engine, effect, None, inspect)
    }

    fn with_effect(
        &self,
        engine: &mut Engine,
        effect: Effect,
        interrupter: Option<Signal>,
        inspect: &dyn Inspect,
    ) -> Result<Vec<Deed>, String> {
        let mut deeds = match effect {
            Effect::Closes | Effect::Background => vec![Deed::Fail(self.at, self.errno)],
            Effect::OldBreak => vec![Deed::Tamper(self.old_break(inspect)?)],
            Effect::OncePerFile => {
                self.tell(&mut engine.told)?;
                vec![self.skip()]
            }
            Effect::Nothing | Effect::Partial | Effect::Sigpipe | Effect::Sigxfsz => vec![self.skip()],
        };
        let brought = match effect {
            Effect::Sigpipe => Signal::parse("SIGPIPE").filter(|signal| !self.sends(*signal)),
            Effect::Sigxfsz => Signal::parse("SIGXFSZ").filter(|signal| !self.sends(*signal)),
            _ => interrupter,
        };
        if let Some(signal) = brought {
            // At the exit: the handler runs before the caller sees the result, and the call itself is not disturbed.
            let action = Action::Signal { signal, to: Recipient::Thread, value: None, at: Side::Exit };
            deeds.push(Deed::Later(Due { rule: self.at, action }));
        }
        Ok(deeds)
    }

    fn skip(&self) -> Deed {
        Deed::Skip { result: -i64::from(self.errno.number()), chosen: false }
    }

    /// The break stays, and the program is told where it is: `brk` with an impossible address does nothing else
    /// (brk(2), "C library/kernel differences").
    fn old_break(&self, inspect: &dyn Inspect) -> Result<Tampering, String> {
        let wanted = self.call.raw.args[0];
        let is_heap = |addr: u64| inspect.region(Addr(addr)) == Some(Region::Heap);
        if wanted == 0 || is_heap(wanted) || is_heap(wanted.wrapping_sub(1)) {
            return Err("`brk` fails only where it would grow the heap".to_owned());
        }
        Ok(Tampering {
            edits: vec![Edit::Argument { at: 0, value: 0 }],
            undo: vec![Edit::Argument { at: 0, value: wanted }],
            number: None,
        })
    }

    fn tell(&self, told: &mut Told) -> Result<(), String> {
        let EventKind::Call(call) = &self.event.kind else { return Ok(()) };
        let descriptor = call.args.iter().find_map(|arg| match &arg.value {
            Value::Descriptor { name, host, .. } => Some((Arc::from(&**name), Arc::from(&**host))),
            _ => None,
        });
        let Some((name, file)) = descriptor else { return Ok(()) };
        if told.heard.insert((self.event.task.process, name, file)) {
            return Ok(());
        }
        Err(format!(
            "`{}` tells {} once for each open file, and nothing was written to it since",
            self.sysno, self.errno
        ))
    }

    fn facts(&self, engine: &Engine, caught: bool, inspect: &dyn Inspect) -> Facts {
        let raw = &self.call.raw;
        let size_limit = engine.plan.target.limits.fsize.is_some();
        let mut facts = Facts { args: raw.args, caught, size_limit, ..Facts::default() };
        for (at, arg) in self.sysno.info().args.unwrap_or_default().iter().enumerate() {
            if arg.kind == ArgKind::Fd {
                facts.descriptors[at] = inspect.open_file(raw.args[at] as i32);
            }
        }
        facts
    }

    /// The signal that can interrupt the call: the rule's own, or the lowest-numbered one.
    fn interrupter(&self, engine: &Engine, restart: Restart, inspect: &dyn Inspect) -> Option<Signal> {
        if self.errno.name() != Some("EINTR") || restart == Restart::Never {
            return None;
        }
        let handlers = &engine.processes.get(&self.event.task.process)?.handlers;
        let restarts = restart == Restart::Restarts;
        let able = SignalSet(inspect.caught_signals().0 & !inspect.blocked_signals().0);
        let own = self.rule.actions.iter().find_map(|action| match action {
            Action::Signal { signal, .. } => Some(*signal),
            _ => None,
        });
        match own {
            Some(own) => handlers.interrupts(own, able, restarts).then_some(own),
            None => handlers.interrupter(able, restarts),
        }
    }

    fn sends(&self, wanted: Signal) -> bool {
        let sends = |action: &Action| matches!(action, Action::Signal { signal, .. } if *signal == wanted);
        self.rule.actions.iter().any(sends)
    }

    /// Whether the rule names this very call.
    fn is_named(&self) -> bool {
        self.rule.trigger.pattern.alts.iter().any(|alt| alt.head == Head::Call(self.sysno))
    }
}

const CAUGHT: &str = "whose handler does not start it again; the program catches none now";
