//! The free schedule: every task goes on as soon as its stop is dealt with, as it would alone. Only around a
//! breakpoint the others of its address space stand still.
//! It must not know why a task has stopped.

use super::Engine;
use super::attach::Attachment;
use super::inspect::Inspect;
use super::points::SpaceId;
use super::stop::{Edit, Next, Stop};
use crate::abi::{Errno, Signal};
use crate::transcript::TaskName;

/// Raw result by which the kernel starts a call again unless a handler runs: ERESTARTNOHAND.
const AGAIN: i64 = -514;

impl Engine {
    /// Who goes on, or is to stop.
    pub(super) fn next_free(&mut self) -> Next {
        if self.tasks.is_empty() {
            return Next::Finished;
        }
        if self.attachment == Some(Attachment::New)
            && let Some(name) = self.unasked()
        {
            return self.interrupt(name);
        }
        if let Some(next) = self.next_releasing() {
            return next;
        }
        let still: Vec<SpaceId> =
            self.kept_here().chain(self.stepping.iter().copied()).filter_map(|name| self.space(name)).collect();
        let may_run = |name: &TaskName| {
            still.is_empty()
                || self.stepping.contains(name)
                || self.space(*name).is_none_or(|space| !still.contains(&space))
        };
        let next = self.schedule.ready_ones().find(may_run);
        if let Some(name) = next {
            self.schedule.runs(name);
            return self.resume(name);
        }
        if !still.is_empty()
            && let Some(next) = self.stand_still(&still)
        {
            return next;
        }
        let timers = self.schedule.held_ones().filter_map(|(name, length)| Some((self.tasks.get(&name)?.id, length)));
        Next::Wait { timers: timers.collect(), idle: None }
    }

    /// Tasks whose stop is told when their address space stands still.
    fn kept_here(&self) -> impl Iterator<Item = TaskName> + '_ {
        self.schedule.kept_ones().filter(|name| !self.is_awaiting(*name))
    }

    /// Stops whoever runs in an address space that is to stand still; whose stop can be told then.
    fn stand_still(&mut self, still: &[SpaceId]) -> Option<Next> {
        let mut moving = Vec::new();
        let mut ask = None;
        for (name, task) in self.tasks.iter() {
            let Some(space) = self.space(*name).filter(|space| still.contains(space)) else { continue };
            if self.stepping.contains(name) {
                moving.push(space);
            } else if self.schedule.is_running(*name) && !task.is_parked() {
                moving.push(space);
                if !task.asked {
                    ask = ask.or(Some(*name));
                }
            }
        }
        if let Some(name) = ask {
            return Some(self.interrupt(name));
        }
        let kept = self.kept_here().find(|name| self.space(*name).is_none_or(|space| !moving.contains(&space)))?;
        self.schedule.runs(kept);
        Some(Next::Recall { task: self.tasks.get(&kept)?.id })
    }

    /// Makes a running task stop soon.
    pub(super) fn interrupt(&mut self, name: TaskName) -> Next {
        let Some(task) = self.tasks.get_mut(&name) else { return Next::Wait { timers: Vec::new(), idle: None } };
        (task.asked, task.cut_short) = (true, true);
        Next::Interrupt { task: task.id }
    }

    /// Whether a stop is to be told only once nobody else moves in that address space: at a breakpoint that the task
    /// has to be stepped over.
    pub(super) fn needs_stillness(&self, name: TaskName, stop: &Stop, inspect: &dyn Inspect) -> bool {
        if !self.schedule.is_free() {
            return false;
        }
        let Stop::Signal(info) = stop else { return false };
        let Some(space) = self.space(name).filter(|_| info.signal == Signal::TRAP) else { return false };
        let moves = |other: &TaskName| {
            *other != name
                && self.space(*other) == Some(space)
                && (self.schedule.is_running(*other) && self.tasks.get(other).is_some_and(|task| !task.is_parked())
                    || self.stepping.contains(other))
        };
        self.breakpoint_of_ours(space, info, inspect).is_some() && self.tasks.keys().any(moves)
    }

    /// A task that was asked to stop has done so. A call that nothing else has cut short is made again, as the kernel
    /// does it for most calls by itself; the result that it has now.
    pub(super) fn has_stopped(&mut self, name: TaskName, stop: &mut Stop, inspect: &dyn Inspect) -> Option<Edit> {
        let task = self.tasks.get_mut(&name)?;
        task.asked = false;
        let was_cut_short = match stop {
            Stop::Exit(_) => task.cut_short,
            Stop::Started | Stop::Prodded | Stop::Interrupted | Stop::Group(_) => std::mem::take(&mut task.cut_short),
            _ => false,
        };
        if !was_cut_short {
            return None;
        }
        let eintr = -i64::from(Errno::parse("EINTR")?.number());
        let result = match stop {
            Stop::Exit(result) => *result,
            _ => inspect.registers().ok().filter(|registers| registers.orig_rax as i64 >= 0)?.rax as i64,
        };
        let due = inspect.pending_signals().0 & !inspect.blocked_signals().0;
        if result != eintr || due != 0 {
            return None;
        }
        if let Stop::Exit(result) = stop {
            *result = AGAIN;
        }
        Some(Edit::Result(AGAIN))
    }
}
