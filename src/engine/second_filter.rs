//! The second filter. With several tasks all calls have to stop that may wake somebody. At first tasks stop at every entry
//! and exit for that, which is dear: a selected call stops three times, and a call that touches nobody else twice. A task
//! that has made some such calls gets another filter, which its children inherit. Not before: it cannot be taken off
//! again, and would slow a program down that only starts another one and then works on alone.
//!
//! To that end a call is replaced with seccomp(2), and made once the filter is there.
//! It must not know how a call is replaced.

use super::Engine;
use super::effects::{QUIET, is_quiet};
use super::inspect::Inspect;
use super::stop::{Decision, Edit, RawCall};
use super::tamper;
use crate::abi::{Arch, CallSet, Sysno};
use crate::plan::{self, FilterMode};
use crate::transcript::TaskName;

/// After how many stops that the filter would spare a task gets it: so many take about as long as to put it there.
const ENOUGH: u32 = 32;

/// How far a task has come with it.
#[derive(Clone, Debug)]
pub(super) enum SecondFilter {
    /// It has none, and so many stops that were not needed.
    None(u32),
    /// It is about to get it; what brings it back to the call that it was about to make.
    Asked(Vec<Edit>),
    /// It has it.
    Installed,
    /// The kernel has refused it.
    Refused,
}

impl SecondFilter {
    /// What a child has.
    pub(super) fn inherited(&self) -> SecondFilter {
        match self {
            SecondFilter::Installed => SecondFilter::Installed,
            SecondFilter::None(_) | SecondFilter::Asked(_) | SecondFilter::Refused => SecondFilter::None(0),
        }
    }
}

impl Engine {
    /// Whether the task, at the entry of this call, gets the second filter first.
    pub(super) fn asks_for_filter(
        &mut self,
        name: TaskName,
        raw: &RawCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        if self.awaits_filter(name) {
            return true;
        }
        let Some(task) = self.tasks.get_mut(&name) else { return false };
        let SecondFilter::None(stops) = &mut task.second_filter else { return false };
        let is_spared = |sysno| is_quiet(Some(sysno)) || self.selected.contains(sysno);
        let is_wanted = !self.schedule.alone() && self.plan.trace.filter == FilterMode::Seccomp;
        if !is_wanted || !task.told_every_call || !Sysno::from_number(raw.arch, raw.number).is_some_and(is_spared) {
            return false;
        }
        *stops += 1;
        // Where a call is told for the second time rules have dealt with it already.
        let is_first = task.call.is_none() && task.announced.is_none();
        if *stops < ENOUGH || !is_first {
            return false;
        }
        // If it cannot be put there now, perhaps it can another time.
        *stops = 0;
        if task.sandboxed || task.walk.is_some() || task.over.is_some() {
            return false;
        }
        let quiet: CallSet = QUIET.iter().filter(|sysno| !self.selected.contains(*sysno)).collect();
        let filter = plan::filter_all_but(&quiet, Arch::X86_64);
        let Ok(tampering) = tamper::filtered(&filter, raw, inspect) else { return false };
        task.second_filter = SecondFilter::Asked(tampering.undo);
        decision.edits.extend(tampering.edits);
        self.awaits_filter(name)
    }

    /// Whether a task is about to get the filter; then the exit of the call that puts it there has to be seen.
    fn awaits_filter(&mut self, name: TaskName) -> bool {
        let Some(task) = self.tasks.get_mut(&name) else { return false };
        let awaits = matches!(task.second_filter, SecondFilter::Asked(_));
        task.go.calls |= awaits;
        awaits
    }

    /// Whether the call whose exit this is was made for the filter alone.
    pub(super) fn has_got_filter(&mut self, name: TaskName, result: i64, decision: &mut Decision) -> bool {
        if !self.awaits_filter(name) {
            return false;
        }
        let Some(task) = self.tasks.get_mut(&name) else { return false };
        task.go.calls = false;
        let outcome = if result == 0 { SecondFilter::Installed } else { SecondFilter::Refused };
        if let SecondFilter::Asked(undo) = std::mem::replace(&mut task.second_filter, outcome) {
            decision.edits.extend(undo);
        }
        true
    }
}
