//! A process that ran before anybody traced it: taken as it is, and let go unharmed at the end.
//! It must not know why the run is over.

use std::sync::Arc;

use super::Engine;
use super::inspect::Inspect;
use super::step::STEPS;
use super::stop::{Decision, Next, Stop};
use super::task::{Go, Task};
use crate::abi::{Ending, Signal, TaskId};
use crate::plan::{ExitExpect, Plan};
use crate::transcript::{EventKind, TaskName};

/// How far tracing a process that ran already has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attachment {
    /// None of its tasks has stopped yet.
    New,
    /// Its events exist.
    Traced,
    /// Every task is let go at its next stop.
    Leaving,
}

impl Engine {
    /// An engine for one run of `plan` on a process that runs already: its tasks, none of which has stopped yet, and
    /// whether its first one has ended before the others.
    pub fn attached(plan: Arc<Plan>, process: TaskId, tasks: &[TaskId], leaderless: bool) -> Engine {
        let mut engine = Engine::new(plan, process);
        engine.attachment = Some(Attachment::New);
        engine.executed = true;
        engine.record.started = engine.log.begun();
        for process in engine.processes.values_mut() {
            process.tracing = true;
        }
        let leader = TaskName { process: 1, thread: 1 };
        engine.schedule.runs(leader);
        if leaderless {
            engine.schedule.zombie(leader);
            engine.leaderless = true;
        }
        for task in tasks.iter().filter(|task| **task != process) {
            engine.new_task((*task, *task), 1, !engine.plan.trace.follow.threads);
        }
        engine
    }

    /// A task of a process whose first thread nobody traces has ended: where it was the last one, that was the end of the
    /// process.
    pub(super) fn leader_ended(&mut self, process: u32, ending: Ending) {
        let is_last = self.processes.get(&process).is_some_and(|process| process.threads == 1);
        if self.leaderless && process == 1 && is_last {
            self.forget(TaskName { process, thread: 1 });
            self.record.ending = Some(ending);
            self.look_for_orphans();
        }
    }

    /// Whether a process is traced that ran already, and is not to be killed therefore.
    pub fn spares(&self) -> bool {
        self.attachment.is_some()
    }

    /// Whether every rule has fired as often as it has to at least, and nothing else is awaited: no time that the spec
    /// gives, and not the end of the process.
    pub fn is_content(&self) -> bool {
        let lasts = self.plan.target.attach.as_ref().is_some_and(|attach| attach.lasts.is_some());
        if lasts || self.plan.expect.exit != ExitExpect::Any || !self.log.begun() {
            return false;
        }
        self.rules.have_fired(&self.plan.rules)
    }

    /// Ends the tracing of a process that ran already.
    pub fn leave(&mut self) {
        if self.attachment.is_none() || self.is_leaving() {
            return;
        }
        self.attachment = Some(Attachment::Leaving);
        for process in self.processes.values_mut() {
            process.tracing = false;
        }
        self.points.started();
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.attachment == Some(Attachment::Leaving)
    }

    /// The first stop of a process that ran already: what it is and has.
    pub(super) fn introduce(&mut self, name: TaskName, inspect: &dyn Inspect) {
        if self.attachment != Some(Attachment::New) {
            return;
        }
        self.attachment = Some(Attachment::Traced);
        let image = inspect.image();
        let path = image.as_ref().map_or("", |image| image.path.as_str());
        let base = path.rsplit('/').next().unwrap_or(path).to_owned();
        if let Some(process) = self.processes.get_mut(&name.process) {
            process.image = Arc::from(base.as_str());
        }
        self.inherits(name, inspect);
    }

    /// Who is to stop for good.
    pub(super) fn next_leaving(&mut self) -> Next {
        let wait = Next::Wait { timers: Vec::new(), idle: None };
        let held: Vec<TaskName> = self.schedule.held_ones().map(|(name, _)| name).collect();
        for name in held {
            self.schedule.stopped(name);
        }
        let ready = self.schedule.ready_ones().next();
        if let Some(name) = ready {
            self.schedule.runs(name);
            return self.resume(name);
        }
        let kept = self.schedule.kept_ones().next();
        if let Some((name, id)) = kept.and_then(|name| Some((name, self.tasks.get(&name)?.id))) {
            self.schedule.runs(name);
            return Next::Recall { task: id };
        }
        match self.unasked() {
            Some(name) => self.interrupt(name),
            None if self.tasks.keys().all(|name| self.schedule.is_zombie(*name)) => Next::Finished,
            None => wait,
        }
    }

    /// A task that has not been asked to stop yet, and would.
    pub(super) fn unasked(&self) -> Option<TaskName> {
        let unasked = |(name, task): (&TaskName, &Task)| {
            let may_stop = self.schedule.is_running(*name) && !task.is_parked() || self.schedule.is_listening(*name);
            (may_stop && !task.asked && !task.go.step).then_some(*name)
        };
        self.tasks.iter().find_map(unasked)
    }

    /// A task has stopped for the last time: nothing of rinject's is left in it, and it goes on untraced.
    pub(super) fn leave_stop(&mut self, name: TaskName, stop: Stop, inspect: &dyn Inspect, decision: &mut Decision) {
        if !matches!(stop, Stop::Signal(_) | Stop::Exiting) && inspect.pending_signals().contains(Signal::TRAP) {
            // It has run into a breakpoint or made a step, and is about to tell so.
            if let Some(task) = self.tasks.get_mut(&name) {
                (task.go, task.asked) = (Go::default(), true);
            }
            return;
        }
        if matches!(stop, Stop::Entry(_)) && self.releasing.get(&name) != Some(&name) {
            // The kernel wakes a task that it detaches as a signal would: a call that has yet to begin would fail with
            // EINTR. At its end it is made again.
            self.undo(name, decision);
            return self.go(name, |go| *go = Go { calls: true, ..Go::default() });
        }
        let signal = match &stop {
            Stop::Signal(info)
                if info.signal == Signal::TRAP && self.is_trap_of_ours(name, info, inspect, decision) =>
            {
                None
            }
            Stop::Signal(info) => Some(info.signal),
            _ => None,
        };
        let is_shared = |space| self.tasks.keys().any(|other| *other != name && self.space(*other) == Some(space));
        if let Some(space) = self.space(name).filter(|space| self.is_leaving() || !is_shared(*space)) {
            decision.edits.extend(self.points.clear(space, inspect));
        }
        self.stepping.remove(&name);
        let mut name = name;
        match stop {
            Stop::Exit(result) => self.exit(name, result, inspect, decision),
            Stop::Born(born) => self.birth(name, born, inspect, decision),
            Stop::Exec { former } => {
                self.exec(name, former, inspect, decision);
                name = TaskName { process: name.process, thread: 1 };
            }
            Stop::Entry(_) | Stop::TheirFilter | Stop::Signal(_) | Stop::Group(_) | Stop::VforkDone => {}
            Stop::Exiting | Stop::Started | Stop::Prodded | Stop::Interrupted => {}
        }
        self.undo(name, decision);
        let Some(task) = self.tasks.get_mut(&name) else { return };
        (task.over, task.told, task.walk, task.pending_signal) = Default::default();
        if task.debug.iter().any(Option::is_some) {
            decision.edits.extend(super::hit::register("dr7").map(|register| super::hit::set(register, 0)));
        }
        task.go = Go { detach: true, signal, ..Go::default() };
        if !self.is_leaving() {
            let event = self.event(name, EventKind::Note("goes on untraced".to_owned()));
            self.emit(event, decision);
        }
    }

    /// What was changed for the time of a call that is not over is put back.
    fn undo(&mut self, name: TaskName, decision: &mut Decision) {
        let Some(task) = self.tasks.get(&name) else { return };
        for tampering in task.call.iter().flat_map(|call| call.tampering.iter().rev()) {
            decision.edits.extend(tampering.undo.iter().cloned());
        }
        self.call_lost(name, decision);
    }
}

impl Engine {
    /// Whether a SIGTRAP is due to a step, a breakpoint or a debug register of rinject's.
    fn is_trap_of_ours(
        &self,
        name: TaskName,
        info: &crate::abi::SignalInfo,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        let (Some(space), Some(task)) = (self.space(name), self.tasks.get(&name)) else { return false };
        if STEPS.contains(&info.code) && (task.over.is_some() || task.walk.is_some() || task.pending_signal.is_some())
        {
            return true;
        }
        if let Some(addr) = self.breakpoint_of_ours(space, info, inspect) {
            inspect.rewound_to(addr);
            decision.edits.push(super::hit::set(super::hit::rip(), addr.0));
            return true;
        }
        info.code == super::hit::DEBUG && task.debug.iter().any(Option::is_some)
    }
}
