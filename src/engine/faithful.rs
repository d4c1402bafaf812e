//! How a call fails: what the kernel would still have done, and whether it could have failed so at all.
//! It must not know which rule fires when.

use std::sync::Arc;

use super::Engine;
use super::fire::{Deed, Due};
use super::inspect::{Descriptor, Inspect, Region};
use super::stop::Edit;
use super::tamper::Tampering;
use super::task::InCall;
use crate::abi::{Addr, ArgKind, Errno, Operation, Signal, SignalSet, Sysno, TaskId};
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

/// Which open files have heard of an error of their file: fsync(2) tells it once for each.
#[derive(Debug, Default)]
pub(super) struct Told {
    heard: Vec<Heard>,
}

/// An open file that has heard of an error.
#[derive(Debug)]
struct Heard {
    /// The path on the host.
    file: Arc<str>,
    /// By which descriptor of which process it was asked.
    process: u32,
    task: TaskId,
    fd: i32,
    name: Arc<str>,
    /// The descriptors that the process had for it then: its duplicates live on when it is closed.
    duplicates: Vec<i32>,
}

impl Heard {
    /// Whether `fd`, called `name`, of a process is this open file.
    fn is(&self, (process, fd, name): (u32, i32, &str), inspect: &dyn Inspect) -> bool {
        if process == self.process && fd == self.fd {
            return *name == *self.name;
        }
        let known = process == self.process && self.duplicates.contains(&fd);
        known || inspect.is_same_file(fd, self.task, self.fd) == Some(true)
    }
}

impl Told {
    /// What is written anew can be lost anew.
    pub(super) fn written(&mut self, sysno: Sysno, event: &Event) {
        if self.heard.is_empty() {
            return;
        }
        let Some(member) = Operation::parse("file.write").and_then(|write| write.member(sysno)) else { return };
        let EventKind::Call(call) = &event.kind else { return };
        for arg in call.args.iter().filter(|arg| member.sides.contains(&arg.name)) {
            if let Value::Descriptor { host, .. } = &arg.value {
                self.heard.retain(|heard| heard.file != *host);
            }
        }
    }
}

impl Request<'_> {
    /// What makes the call fail as the kernel would; `Err` says why it could not fail so here.
    pub(super) fn carried_out(
        &self,
        engine: &mut Engine,
        inspect: &dyn Inspect,
        deeds: &mut Vec<Deed>,
    ) -> Result<(), String> {
        let (sysno, errno) = (self.sysno, self.errno);
        let model = faults::model(sysno);
        let signal = self.interrupter(engine, model.restart, inspect);
        let effect = match model.fit(errno, &self.facts(engine, signal.is_some(), inspect)) {
            Fit::Holds(failure) => {
                let needs_signal = failure.when.clauses().contains(&Clause::Caught);
                let send = signal.filter(|signal| needs_signal && !self.sends(*signal));
                return self.with_effect(engine, failure.effect, send, inspect, deeds);
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
        self.with_effect(engine, effect, None, inspect, deeds)
    }

    fn with_effect(
        &self,
        engine: &mut Engine,
        effect: Effect,
        interrupter: Option<Signal>,
        inspect: &dyn Inspect,
        deeds: &mut Vec<Deed>,
    ) -> Result<(), String> {
        deeds.push(match effect {
            Effect::Closes | Effect::Background => Deed::Fail(self.at, self.errno),
            Effect::OldBreak => Deed::Tamper(self.old_break(inspect)?),
            Effect::OncePerFile => {
                self.tell(engine, inspect)?;
                self.skip()
            }
            Effect::Nothing | Effect::Partial | Effect::Sigpipe | Effect::Sigxfsz => self.skip(),
        });
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
        Ok(())
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
            ..Tampering::default()
        })
    }

    fn tell(&self, engine: &mut Engine, inspect: &dyn Inspect) -> Result<(), String> {
        let EventKind::Call(call) = &self.event.kind else { return Ok(()) };
        let descriptor = call.args.iter().zip(self.call.raw.args).find_map(|(arg, raw)| match &arg.value {
            Value::Descriptor { name, host, .. } => Some((raw as i32, name, host)),
            _ => None,
        });
        let Some((fd, name, file)) = descriptor else { return Ok(()) };
        let process = self.event.task.process;
        let Some(task) = engine.processes.get(&process).map(|process| process.id) else { return Ok(()) };
        let told = &mut engine.told.heard;
        if !told.iter().any(|heard| heard.file == *file && heard.is((process, fd, name), inspect)) {
            let is_duplicate = |other: &i32| inspect.is_same_file(fd, task, *other) == Some(true);
            let duplicates = inspect.open_descriptors().into_iter().filter(is_duplicate).collect();
            let (file, name) = (file.clone(), name.clone());
            told.push(Heard { file, process, task, fd, name, duplicates });
            return Ok(());
        }
        Err(format!(
            "`{}` tells {} once for each open file, and nothing was written to it since",
            self.sysno, self.errno
        ))
    }

    fn facts(&self, engine: &Engine, caught: bool, inspect: &dyn Inspect) -> Facts {
        let raw = &self.call.raw;
        if !self.asks_for(|_| true) {
            return Facts { args: raw.args, caught, ..Facts::default() };
        }
        let time_limit = self.asks_for(|clause| clause == Clause::Timed) && self.is_timed(engine, inspect);
        let size_limit = self.asks_for(|clause| clause == Clause::Limited) && inspect.size_limit();
        let compares = self.asks_for(|clause| matches!(clause, Clause::Differs { .. }));
        let mut word = [0; 4];
        let is_read = compares && inspect.read(Addr(raw.args[0]), &mut word) == word.len();
        let pointed_at = is_read.then(|| u32::from_ne_bytes(word));
        let lock = self.lock(inspect);
        let mut facts =
            Facts { args: raw.args, caught, size_limit, time_limit, pointed_at, lock, ..Facts::default() };
        for (at, arg) in self.sysno.info().args.unwrap_or_default().iter().enumerate() {
            if arg.kind == ArgKind::Fd {
                facts.descriptors[at] = inspect.open_file(raw.args[at] as i32);
                let looks = self.asks_for(|clause| clause == Clause::Unread { arg: at as u8 });
                facts.read_by_itself[at] = looks && can_read_pipe(raw.args[at] as i32, inspect);
            }
        }
        facts
    }

    /// The type of the lock that an argument points to: the first member of `struct flock`, a short.
    fn lock(&self, inspect: &dyn Inspect) -> Option<u16> {
        let arg = faults::model(self.sysno).clauses_of(self.errno).find_map(|clause| match clause {
            Clause::Locks { arg } => Some(usize::from(arg)),
            _ => None,
        })?;
        let mut short = [0; 2];
        let is_read = inspect.read(Addr(self.call.raw.args[arg]), &mut short) == short.len();
        is_read.then(|| u16::from_ne_bytes(short))
    }

    /// Whether this failure depends on such a clause.
    fn asks_for(&self, wanted: impl Fn(Clause) -> bool) -> bool {
        faults::model(self.sysno).clauses_of(self.errno).any(wanted)
    }

    /// Whether it waits on a socket with a time limit. Whatever its handler says such a call is not started again
    /// (signal(7)).
    fn is_timed(&self, engine: &Engine, inspect: &dyn Inspect) -> bool {
        if !faults::model(self.sysno).clauses().any(|clause| clause == Clause::Timed) {
            return false;
        }
        let sends = ["net.send", "net.connect", "file.write"].into_iter().any(|job| self.sysno.does(job));
        let fd = self.call.raw.args[0] as i32;
        inspect.time_limit(fd, sends) || engine.fixed.is_limited(fd, sends, inspect)
    }

    /// The signal that can interrupt the call: the rule's own, or the lowest-numbered one.
    fn interrupter(&self, engine: &Engine, restart: Restart, inspect: &dyn Inspect) -> Option<Signal> {
        if self.errno.number() != EINTR || restart == Restart::Never {
            return None;
        }
        let handlers = &engine.processes.get(&self.event.task.process)?.handlers;
        let restarts = restart == Restart::Restarts && !self.is_timed(engine, inspect);
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

/// Whether the process has the end of a pipe where it is read, of which `fd` is the other one.
fn can_read_pipe(fd: i32, inspect: &dyn Inspect) -> bool {
    let Some(Descriptor::Pipe { inode, .. }) = inspect.descriptor(fd) else { return false };
    let other = Descriptor::Pipe { inode, writes: false };
    inspect.open_descriptors().into_iter().any(|fd| inspect.descriptor(fd).as_ref() == Some(&other))
}

const EINTR: i32 = 4;

const CAUGHT: &str = "whose handler does not start it again; the program catches none now";
