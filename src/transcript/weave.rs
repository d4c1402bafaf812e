//! Calls of several tasks in one sequence of lines: a call is one line unless another task's line falls into it.
//! It must not know who runs when: it keeps the order in which it is told.

use std::collections::BTreeMap;

use super::{Call, Event, EventKind, Part, TaskName};

/// Calls that have begun and have no result yet. A task has several where signal handlers run on top of a call.
#[derive(Debug, Default)]
pub struct Weave {
    pending: BTreeMap<TaskName, Vec<Pending>>,
}

#[derive(Debug)]
struct Pending {
    event: Event,
    /// Its start has been shown.
    shown: bool,
}

impl Weave {
    /// A call has begun; `event` has the arguments known so far. Nothing goes out yet.
    pub fn start(&mut self, event: &Event) {
        self.pending.entry(event.task).or_default().push(Pending { event: event.clone(), shown: false });
    }

    /// Passes `event` on. Before a line of one task, the starts of the other tasks' calls are shown, in the order
    /// of the tasks' names; a call whose start was shown is [`Part::Resumed`].
    pub fn push(&mut self, mut event: Event, out: &mut Vec<Event>) {
        if event.written {
            for (task, pending) in &mut self.pending {
                if *task != event.task {
                    pending.iter_mut().for_each(|pending| pending.show(out));
                }
            }
        }
        match &mut event.kind {
            EventKind::Call(call) => {
                let shown = self
                    .pending
                    .get_mut(&event.task)
                    .and_then(|all| take(all, call))
                    .is_some_and(|begun| begun.shown);
                call.part = if shown { Part::Resumed } else { Part::Whole };
                // A line that begins must end, whatever was decided since.
                event.written |= shown;
            }
            EventKind::Exit { .. } | EventKind::Killed(_) => self.forget(event.task),
            EventKind::Signal { .. }
            | EventKind::Hit { .. }
            | EventKind::Watch { .. }
            | EventKind::Step { .. }
            | EventKind::Stopped(_)
            | EventKind::Exec { .. }
            | EventKind::Clone { .. }
            | EventKind::Note(_) => {}
        }
        out.push(event);
    }

    /// Another line of `task` is about to fall into its own call, such as a signal's: the start is shown now.
    pub fn split(&mut self, task: TaskName, out: &mut Vec<Event>) {
        for pending in self.pending.get_mut(&task).into_iter().flatten() {
            pending.show(out);
        }
    }

    /// `from` is called `to` from now on; the call it has begun goes on under that name.
    pub fn renamed(&mut self, from: TaskName, to: TaskName) {
        if let Some(mut pending) = self.pending.remove(&from) {
            pending.iter_mut().for_each(|pending| pending.event.task = to);
            self.pending.insert(to, pending);
        }
    }

    /// The call that `task` has begun will have no result.
    pub fn forget(&mut self, task: TaskName) {
        self.pending.remove(&task);
    }
}

/// Takes the begun call that `call` is the end of: the latest one of the same kind and arguments.
fn take(pending: &mut Vec<Pending>, call: &Call) -> Option<Pending> {
    let at = pending.iter().rposition(|pending| match &pending.event.kind {
        EventKind::Call(begun) => begun.number == call.number && raw(begun).eq(raw(call)),
        _ => false,
    })?;
    Some(pending.remove(at))
}

fn raw(call: &Call) -> impl Iterator<Item = u64> {
    call.args.iter().map(|arg| arg.raw)
}

impl Pending {
    fn show(&mut self, out: &mut Vec<Event>) {
        if self.shown {
            return;
        }
        self.shown = true;
        let mut event = self.event.clone();
        event.written = true;
        // Rules are named at the call's end, once.
        event.fired.clear();
        event.frames.clear();
        if let EventKind::Call(call) = &mut event.kind {
            call.part = Part::Started;
            call.result = None;
        }
        out.push(event);
    }
}

#[cfg(test)]
#[path = "weave_tests.rs"]
mod tests;
