//! Which events are written, in which order, and who is told of them before they are.

use super::filter::{host_text, is_for};
use crate::abi::{CallSet, SignalSet};
use crate::pattern::{Bindings, Matcher, PathGlob};
use crate::plan::{Plan, Spared, Start};
use crate::transcript::{Arg, Begun, Event, EventKind, Part, TaskName, Weave};

/// The way of an event into the transcript.
#[derive(Debug)]
pub(super) struct Log {
    weave: Weave,
    written: CallSet,
    signals: SignalSet,
    drop: Vec<Matcher>,
    paths: Vec<PathGlob>,
    spared: Option<Spared>,
    start: Option<Matcher>,
    /// Whether events exist yet, for starts that are an event of their own.
    begun: bool,
    events: u64,
}

/// The event of a call between its entry and its exit.
#[derive(Debug)]
pub(super) enum Pending {
    /// It will be a line, of which the start may have to be shown before the end is known.
    Woven(Begun),
    /// It will be none, as far as it is known.
    Apart(Box<Event>),
}

impl Log {
    pub(super) fn new(plan: &Plan) -> Log {
        let start = match &plan.trace.start {
            Start::Event(pattern) => Some(Matcher::new(pattern.clone())),
            Start::Main { .. } | Start::Entry | Start::Exec | Start::Place { .. } => None,
        };
        Log {
            weave: Weave::default(),
            written: plan.trace.written.clone(),
            signals: plan.trace.signals,
            drop: plan.trace.drop.iter().cloned().map(Matcher::new).collect(),
            paths: plan.trace.paths.clone(),
            spared: plan.spared.clone(),
            begun: start.is_none() && !matches!(plan.trace.start, Start::Place { .. }),
            start,
            events: 0,
        }
    }

    /// Whether events other than the life cycle's exist yet.
    pub(super) fn begun(&self) -> bool {
        self.begun
    }

    /// The place where everything starts was reached.
    pub(super) fn start(&mut self) {
        self.begun = true;
    }

    /// How many events were written that are not of the life cycle.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Takes a finished event; true if it is the one that everything starts with.
    #[inline]
    pub(super) fn push(&mut self, mut event: Box<Event>, out: &mut Vec<Event>) -> bool {
        if !self.begun && self.begins_with(&event) {
            return true;
        }
        if !self.begun && !is_life_cycle(&event) {
            return false;
        }
        event.written = self.is_written(&event);
        for matcher in &mut self.drop {
            matcher.note(&*event);
        }
        if event.written && !is_life_cycle(&event) {
            self.events += 1;
        }
        self.weave.push(event, out);
        false
    }

    /// A call has begun whose result is still to come.
    pub(super) fn begin(&mut self, event: Box<Event>) -> Pending {
        if self.begun && self.is_written(&event) {
            Pending::Woven(self.weave.start(event))
        } else {
            Pending::Apart(event)
        }
    }

    /// A call of a task is over: its event as it was; `None` if nobody wants it any more.
    pub(super) fn end(&mut self, task: TaskName, pending: Pending) -> Option<Box<Event>> {
        match pending {
            Pending::Woven(begun) => self.weave.end(task, begun),
            Pending::Apart(mut event) => {
                event.task = task;
                Some(event)
            }
        }
    }

    /// Another line of the same task is about to fall into its call: its start is shown now.
    pub(super) fn split(&mut self, task: TaskName, out: &mut Vec<Event>) {
        self.weave.split(task, out);
    }

    /// A task has another name now; the call it is in goes on.
    pub(super) fn renamed(&mut self, from: TaskName, to: TaskName) {
        self.weave.renamed(from, to);
    }

    /// A call that was begun will have no line: nobody wants it any more.
    pub(super) fn forget(&mut self, task: TaskName) {
        self.weave.forget(task);
    }

    fn begins_with(&mut self, event: &Event) -> bool {
        let Some(start) = &mut self.start else { return false };
        let found = start.matches(event, &mut Bindings::default());
        start.note(event);
        self.begun = found;
        found
    }

    /// Whether a path that is asked for takes part in a call with these arguments.
    fn is_about_paths(&self, args: &[Arg]) -> bool {
        let is_asked = |text: &str| self.paths.iter().any(|glob| glob.matches(text));
        self.paths.is_empty() || args.iter().filter_map(host_text).any(is_asked)
    }

    /// Whether an event is a line of the transcript.
    pub(super) fn is_written(&self, event: &Event) -> bool {
        let wanted = match &event.kind {
            EventKind::Call(call) => {
                call.sysno.is_some_and(|call| self.written.contains(call))
                    && self.is_about_paths(&call.args)
                    && !self.spared.as_ref().is_some_and(|spared| is_for(&spared.folder, event))
            }
            EventKind::Signal { info, .. } => self.signals.contains(info.signal),
            EventKind::Stopped(signal) => self.signals.contains(*signal),
            EventKind::Hit { .. }
            | EventKind::Watch { .. }
            | EventKind::Step { .. }
            | EventKind::Exec { .. }
            | EventKind::Clone { .. }
            | EventKind::Exit { .. }
            | EventKind::Killed(_)
            | EventKind::Note(_) => true,
        };
        if event.quiet || !event.fired.is_empty() {
            return !event.quiet;
        }
        wanted && !self.drop.iter().any(|matcher| matcher.matches(event, &mut Bindings::default()))
    }
}

fn is_life_cycle(event: &Event) -> bool {
    match &event.kind {
        EventKind::Call(call) => call.part == Part::Started,
        EventKind::Signal { .. } | EventKind::Stopped(_) => false,
        EventKind::Hit { .. } | EventKind::Watch { .. } | EventKind::Step { .. } => false,
        EventKind::Exec { .. }
        | EventKind::Clone { .. }
        | EventKind::Exit { .. }
        | EventKind::Killed(_)
        | EventKind::Note(_) => true,
    }
}
