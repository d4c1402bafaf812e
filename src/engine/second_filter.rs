//! The second filter. As long as there is one task, only the calls that the plan selects stop. With several tasks all do
//! that may wake or be woken. To let tasks stop at every entry and exit for that would be dear: a selected call stops
//! three times then, and a call that touches nobody else twice. So the call that makes the second task puts another filter
//! upon the first one, which all tasks inherit from there on.
//! It must not know how a call is replaced.

use super::Engine;
use super::calls::wakes_nobody;
use super::inspect::Inspect;
use super::stop::{Decision, Edit, RawCall};
use super::tamper;
use crate::abi::{Arch, CallSet, Sysno};
use crate::plan::{self, FilterMode};
use crate::transcript::TaskName;

/// How far it has come.
#[derive(Debug, Default)]
pub(super) enum SecondFilter {
    /// There was no second task yet.
    #[default]
    None,
    /// This task is about to get it; what brings it back to the call that it was about to make.
    Asked(TaskName, Vec<Edit>),
    /// Every task has it.
    Installed,
    /// There is none: tasks stop at every call.
    Refused,
}

impl Engine {
    /// Whether the calls of all tasks that may touch others stop by a filter.
    pub(super) fn has_second_filter(&self) -> bool {
        matches!(self.second_filter, SecondFilter::Installed)
    }

    /// Whether the task, at the entry of this call, gets the second filter first.
    pub(super) fn asks_for_filter(
        &mut self,
        name: TaskName,
        raw: &RawCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        match &self.second_filter {
            SecondFilter::None => {}
            SecondFilter::Asked(task, _) => return *task == name,
            SecondFilter::Installed | SecondFilter::Refused => return false,
        }
        let makes_task = Sysno::from_number(raw.arch, raw.number)
            .is_some_and(|sysno| matches!(sysno.name(), "clone" | "clone3" | "fork" | "vfork"));
        if !makes_task || self.schedule.is_free() || self.plan.trace.filter != FilterMode::Seccomp {
            return false;
        }
        let is_plain = self.tasks.get(&name).is_some_and(|task| !task.sandboxed && task.walk.is_none());
        let quiet = || -> CallSet {
            Sysno::all().filter(|sysno| wakes_nobody(*sysno) && !self.selected.contains(*sysno)).collect()
        };
        let is_native = is_plain && raw.arch == Arch::X86_64;
        let tampering = is_native.then(|| tamper::filtered(&plan::filter_all_but(&quiet(), raw.arch), raw, inspect));
        let Some(Ok(tampering)) = tampering else {
            self.second_filter = SecondFilter::Refused;
            return false;
        };
        decision.edits.extend(tampering.edits);
        self.second_filter = SecondFilter::Asked(name, tampering.undo);
        self.go(name, |go| go.calls = true);
        true
    }

    /// Whether the call whose exit this is was made for the filter alone.
    pub(super) fn has_got_filter(&mut self, name: TaskName, result: i64, decision: &mut Decision) -> bool {
        if !matches!(&self.second_filter, SecondFilter::Asked(task, _) if *task == name) {
            return false;
        }
        let outcome = if result == 0 { SecondFilter::Installed } else { SecondFilter::Refused };
        if let SecondFilter::Asked(_, undo) = std::mem::replace(&mut self.second_filter, outcome) {
            decision.edits.extend(undo);
        }
        true
    }
}
