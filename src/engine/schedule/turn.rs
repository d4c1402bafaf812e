//! Whose turn it is, and how time passes meanwhile.
//! It must not know what anybody does with a turn.

use std::time::Duration;

use super::{Schedule, State, Turn};
use crate::transcript::TaskName;

/// What a turn takes on the counter of time; about what a task really needs from one stop to the next.
const STEP: Duration = Duration::from_micros(10);

/// How long past its deadline a task lets others go on. In a short run nobody is cut off by a sleeper, so that the order
/// of events does not hang on how many calls a library makes.
const GRACE: Duration = Duration::from_millis(100);

/// How many turns a task has in a row while others could go on.
const ENOUGH: u32 = 10_000;

impl Schedule {
    /// Whose turn it is; that task is running from now on. `alarm` is when the first timer goes off that rinject keeps.
    #[inline]
    pub(in crate::engine) fn turn(&mut self, alarm: Option<Duration>) -> Turn {
        if self.entries.is_empty() {
            return Turn::Nobody;
        }
        let goes_on = std::mem::take(&mut self.goes_on);
        let first = self.deadlines.first().copied();
        if let Some(alarm) = alarm.filter(|alarm| first.is_none_or(|(deadline, _)| *alarm <= deadline))
            && (alarm <= self.now || self.ready.is_empty() && !self.awaits_somebody())
        {
            self.now = self.now.max(alarm);
            return Turn::Alarm;
        }
        let is_due = first.is_some_and(|(deadline, _)| deadline.saturating_add(GRACE) <= self.now);
        if !is_due && let Some(task) = self.ready(goes_on) {
            // Where a task stops that touches nobody hangs on how calls are selected; the time of the run must not.
            let step = if self.is_virtual && (goes_on || self.alone()) { Duration::ZERO } else { STEP };
            self.now = self.now.saturating_add(step);
            self.current = Some(task);
            self.put(task, State::Running);
            return Turn::Run(task);
        }
        match first.and_then(|(_, name)| Some((name, self.entries.get(&name)?.state))) {
            Some((task, State::Awake(deadline))) => {
                self.now = self.now.max(deadline);
                self.current = Some(task);
                self.put(task, State::Running);
                Turn::Recall(task)
            }
            Some(_) if self.is_virtual && self.awaits_somebody() => Turn::Wait { timer: None },
            Some((task, State::Sleeping(deadline))) if self.is_virtual => {
                self.now = self.now.max(deadline);
                self.slept(task);
                self.put(task, State::Running);
                (self.current, self.roused) = (Some(task), Some(task));
                Turn::Rouse(task)
            }
            Some((task, State::Held(_))) if self.is_virtual => {
                self.elapsed(task);
                self.turn(alarm)
            }
            Some((task, State::Held(_))) => {
                let held_for = self.entries.get(&task).map_or(Duration::ZERO, |entry| entry.held_for);
                Turn::Wait { timer: Some((task, held_for)) }
            }
            Some(_) | None => Turn::Wait { timer: None },
        }
    }

    /// A task is on its way to its end.
    pub(in crate::engine) fn exits(&mut self, task: TaskName) {
        self.exiting.insert(task);
    }

    /// Whether something is about to happen for which no time passes: a task that was roused has not stirred yet, or one
    /// that ends sleeps in the kernel on its way.
    fn awaits_somebody(&self) -> bool {
        let sleeps = |task: &TaskName| self.entries.get(task).is_some_and(|entry| entry.state == State::Blocked);
        self.roused.is_some_and(|task| self.is_running(task)) || self.exiting.iter().any(sleeps)
    }

    /// The ready task whose turn it is; in the serial order the current one as long as it can, then the lowest name.
    fn ready(&mut self, goes_on: bool) -> Option<TaskName> {
        let is_fresh = |name: &TaskName| {
            self.ready.contains(*name) && self.entries.get(name).is_some_and(|entry| !entry.yielded)
        };
        let first = || self.ready.iter().find(is_fresh);
        let (serial, all_yielded) = match self.current.filter(is_fresh).or_else(first) {
            Some(serial) => (serial, false),
            None => (self.ready.first()?, true),
        };
        if goes_on && self.current == Some(serial) {
            return Some(serial);
        }
        let others = self.ready.iter().filter(|name| all_yielded || is_fresh(name));
        let chosen = self.picker.pick(serial, others);
        if self.current == Some(chosen) && self.ready.len() > 1 {
            self.streak += 1;
        } else {
            self.streak = 0;
        }
        if all_yielded {
            for entry in self.entries.values_mut() {
                entry.yielded = false;
            }
        }
        if self.streak >= ENOUGH {
            // Whoever is never done must not keep those waiting who may be there to end it.
            self.streak = 0;
            self.yielded(chosen);
        }
        Some(chosen)
    }
}
