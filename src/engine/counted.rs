//! Calls that are counted for a rule and are no events: their ends are not told, which halves what they cost.
//! It must not know which calls these are.

use super::Engine;
use super::calls::RESTARTS;
use super::inspect::Inspect;
use super::stop::{RawCall, Stop};
use crate::abi::Sysno;
use crate::plan::Counted;
use crate::transcript::TaskName;

impl Engine {
    /// Whether a call that exists is no event.
    pub(super) fn is_only_counted(&self, sysno: Sysno) -> bool {
        let Some(counted) = self.plan.trace.counted.as_ref().filter(|counted| counted.call == sysno) else {
            return false;
        };
        // Beside others it has to be seen who is woken, and with a clock what time it takes.
        let is_sure = self.schedule.alone() && !self.has_clock() && self.log.begun();
        is_sure && counted.holds(self.rules.counted() + 1)
    }

    /// A call begins that is no event.
    pub(super) fn count_call(&mut self, name: TaskName, raw: &RawCall, inspect: &dyn Inspect) {
        self.rules.count();
        let names = |counted: &Counted| counted.names && self.rules.counted() < counted.first;
        if self.plan.trace.counted.as_ref().is_some_and(names) {
            self.decoder(name, inspect).entry(raw.arch, raw.number, &raw.args);
        }
        if let Some(task) = self.tasks.get_mut(&name) {
            task.counted = Some(*raw);
        }
    }

    /// What comes into a call whose end is not told may have the kernel start it again: nobody could tell the two apart.
    pub(super) fn doubt_count(&mut self, name: TaskName, stop: &Stop, inspect: &dyn Inspect) {
        if self.plan.trace.counted.is_none() {
            return;
        }
        let Some(counted) = self.tasks.get_mut(&name).and_then(|task| task.counted.take()) else { return };
        if matches!(stop, Stop::Entry(_) | Stop::Exit(_) | Stop::Exiting) {
            return;
        }
        self.record.is_miscounted |= inspect.registers().is_ok_and(|registers| {
            registers.orig_rax == counted.number && RESTARTS.contains(&(registers.rax as i64))
        });
    }
}
