//! Calls of several tasks in one sequence of lines: a call is one line unless another task's line falls into it.
//! It must not know who runs when: it keeps the order in which it is told.

use std::collections::BTreeMap;

use super::{Event, EventKind, Part, TaskName};

/// Calls that have begun and have no result yet. A task has several where signal handlers run on top of a call.
#[derive(Debug, Default)]
pub struct Weave {
    pending: BTreeMap<TaskName, Vec<Pending>>,
    /// How many calls have begun.
    begun: u64,
}

/// A call that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun(u64);

#[derive(Debug)]
struct Pending {
    begun: Begun,
    event: Box<Event>,
    /// Its start has been shown.
    shown: bool,
}

impl Weave {
    /// A call has begun; `event` has the arguments known so far, and is kept until [`Weave::end`] gives it back. Nothing
    /// goes out yet.
    pub fn start(&mut self, event: Box<Event>) -> Begun {
        self.begun += 1;
        let begun = Begun(self.begun);
        self.pending.entry(event.task).or_default().push(Pending { begun, event, shown: false });
        begun
    }

    /// A call of `task` is over, whose event is then to be completed and pushed: [`Part::Resumed`] if its start was shown.
    /// `None` if it was forgotten.
    pub fn end(&mut self, task: TaskName, begun: Begun) -> Option<Box<Event>> {
        let pending = self.pending.get_mut(&task)?;
        let at = pending.iter().rposition(|pending| pending.begun == begun)?;
        let Pending { mut event, shown, .. } = pending.remove(at);
        if let EventKind::Call(call) = &mut event.kind {
            call.part = if shown { Part::Resumed } else { Part::Whole };
        }
        Some(event)
    }

    /// Passes `event` on. Before a line of one task, the starts of the other tasks' calls are shown, in the order
    /// of the tasks' names.
    pub fn push(&mut self, mut event: Box<Event>, out: &mut Vec<Event>) {
        if event.written {
            for (task, pending) in &mut self.pending {
                if *task != event.task {
                    pending.iter_mut().for_each(|pending| pending.show(out));
                }
            }
        }
        match &event.kind {
            // A line that begins must end, whatever was decided since.
            EventKind::Call(call) => event.written |= call.part == Part::Resumed,
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
        out.push(*event);
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

impl Pending {
    fn show(&mut self, out: &mut Vec<Event>) {
        if self.shown {
            return;
        }
        self.shown = true;
        let mut event = Event::clone(&self.event);
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
