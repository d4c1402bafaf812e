//! Targets that trace their own children. A task has one tracer: theirs is refused, or rinject lets go first.
//! It must not know how a task is let go.

use super::Engine;
use super::inspect::Inspect;
use super::stop::{Decision, Next, RawCall, Stop};
use crate::abi::{Arch, Sysno, TaskId};
use crate::plan::Nested;
use crate::transcript::TaskName;

const PTRACE: Sysno = Sysno::named("ptrace");

/// Requests of ptrace(2) by which a tracer gets a tracee.
const PTRACE_TRACEME: u64 = 0;
const PTRACE_ATTACH: u64 = 16;
const PTRACE_SEIZE: u64 = 0x4206;

impl Engine {
    /// Refuses a call by which a task would become a tracer of another or a tracee; whether it was one.
    pub(super) fn refuse_tracer(
        &mut self,
        name: TaskName,
        sysno: Sysno,
        raw: &RawCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        if sysno != PTRACE || self.plan.trace.nested != Nested::Deny || self.traced(name, raw).is_none() {
            return false;
        }
        let image = self.image_name(name);
        self.note(format!(
            "`{image}` was refused to trace its own children (EPERM), which rinject traces; \
             `[trace] nested = \"release\"` lets them go"
        ));
        self.refuse(name, raw, ("EPERM", Nested::RULE), inspect, decision);
        true
    }

    /// The task of the run that a call would give to another tracer.
    fn traced(&self, name: TaskName, raw: &RawCall) -> Option<TaskName> {
        match raw.args[0] {
            PTRACE_TRACEME => Some(name),
            PTRACE_ATTACH | PTRACE_SEIZE => {
                let traced = self.names.task(TaskId(raw.args[1] as i32));
                traced.filter(|traced| self.tasks.contains_key(traced))
            }
            _ => None,
        }
    }

    /// Whether a stop has to wait until another task has been let go: it is about to attach to that one.
    pub(super) fn awaits_release(&mut self, name: TaskName, stop: &Stop) -> bool {
        let Stop::Entry(raw) = stop else { return false };
        if self.plan.trace.nested != Nested::Release || raw.arch != Arch::X86_64 {
            return false;
        }
        if Sysno::from_number(raw.arch, raw.number).is_none_or(|call| call != PTRACE) {
            return false;
        }
        match self.traced(name, raw) {
            // It is let go at this very stop.
            Some(traced) if traced == name => {
                self.releasing.insert(name, name);
                false
            }
            Some(traced) => {
                self.releasing.insert(traced, name);
                true
            }
            None => false,
        }
    }

    /// Whether a task is let go at its next stop, for another tracer.
    pub(super) fn is_releasing(&self, name: TaskName) -> bool {
        self.releasing.contains_key(&name)
    }

    /// Whether a task waits until another has been let go.
    pub(super) fn is_awaiting(&self, name: TaskName) -> bool {
        self.releasing.iter().any(|(traced, tracer)| *tracer == name && *traced != name)
    }

    /// Makes tasks stop that are to be let go, and lets their tracers go on once they are.
    pub(super) fn next_releasing(&mut self) -> Option<Next> {
        let done = self.releasing.iter().find(|(traced, _)| !self.tasks.contains_key(traced));
        if let Some((traced, tracer)) = done.map(|(traced, tracer)| (*traced, *tracer)) {
            self.releasing.remove(&traced);
            let id = self.tasks.get(&tracer).filter(|_| traced != tracer)?.id;
            self.schedule.runs(tracer);
            return Some(Next::Recall { task: id });
        }
        let moving = self.releasing.keys().find(|name| {
            let asked = self.tasks.get(name).is_none_or(|task| task.asked || task.go.step || task.is_parked());
            !asked && (self.schedule.is_running(**name) || self.schedule.is_listening(**name))
        });
        let moving = moving.copied()?;
        Some(self.interrupt(moving))
    }
}
