//! Targets with a seccomp filter of their own. What that filter answers itself never reaches rinject's, so such a task
//! stops at the entry and exit of every call. A call that both filters look at is told twice at its entry, before
//! them and after them; it is dealt with at the second, where it can be skipped without the target's filter being
//! asked about the number -1 (seccomp(2), SECCOMP_RET_TRACE).
//! It must not know what rules do to a call.

use super::Engine;
use super::inspect::Inspect;
use super::stop::{Decision, Edit, RawCall};
use crate::abi::{Errno, Signal, Sysno};
use crate::plan::FilterMode;
use crate::transcript::TaskName;

const PRCTL: Sysno = Sysno::named("prctl");
const SECCOMP: Sysno = Sysno::named("seccomp");
/// seccomp(2) and prctl(2).
const SET_MODE_STRICT: u64 = 0;
const SET_MODE_FILTER: u64 = 1;
const FILTER_FLAG_TSYNC: u64 = 1;
const PR_SET_SECCOMP: u64 = 22;
const MODE_STRICT: u64 = 1;

/// Whether a call puts a filter upon its task.
pub(super) fn installs_filter(sysno: Sysno, raw: &RawCall) -> bool {
    match sysno {
        SECCOMP => matches!(raw.args[0], SET_MODE_STRICT | SET_MODE_FILTER),
        PRCTL => raw.args[0] == PR_SET_SECCOMP,
        _ => false,
    }
}

impl Engine {
    /// A call is over that would put a filter upon its task, or upon all of its process.
    pub(super) fn filter_installed(&mut self, name: TaskName, sysno: Sysno, raw: &RawCall, result: i64) {
        let is_strict = match sysno.name() {
            "seccomp" => raw.args[0] == SET_MODE_STRICT,
            _ => raw.args[1] == MODE_STRICT,
        };
        let einval = Errno::parse("EINVAL").map(|errno| -i64::from(errno.number()));
        if is_strict && Some(result) == einval && self.plan.trace.filter == FilterMode::Seccomp {
            let image = self.image_name(name);
            self.note(format!(
                "`{image}` could not go into strict mode (EINVAL), since it has the filter of rinject; \
                 `[trace] filter = \"ptrace\"` does without"
            ));
        }
        if result < 0 {
            return;
        }
        let all = sysno.name() == "seccomp" && !is_strict && raw.args[1] & FILTER_FLAG_TSYNC != 0;
        for task in self.tasks.values_mut() {
            task.sandboxed |= task.name == name || all && task.name.process == name.process;
        }
    }

    /// Whether this entry is told before the filters look at the call, and will be told again if the target's lets it
    /// pass.
    pub(super) fn is_announced(&mut self, name: TaskName, raw: &RawCall) -> bool {
        let by_filter = self.plan.trace.filter == FilterMode::Seccomp;
        let Some(task) = self.tasks.get_mut(&name) else { return false };
        if task.announced.take_if(|before| before == raw).is_some()
            || !(task.sandboxed && task.told_every_call && by_filter)
        {
            return false;
        }
        let sysno = Sysno::from_number(raw.arch, raw.number);
        let is_selected = sysno.is_some_and(|sysno| self.selected.contains(sysno));
        if is_selected {
            task.announced = Some(*raw);
        }
        is_selected
    }

    /// The target's filter asks for a tracer. It has none that it knows of, and then the call fails with ENOSYS
    /// (seccomp(2), SECCOMP_RET_TRACE).
    pub(super) fn their_filter(&mut self, decision: &mut Decision) {
        let enosys = Errno::parse("ENOSYS").map(|errno| Edit::Skip(-i64::from(errno.number())));
        decision.edits.extend(enosys);
    }

    /// The target's filter has answered a call that was announced: what rules do to it is done to its result. True
    /// where it has none, since the filter raises SIGSYS.
    pub(super) fn answered(
        &mut self,
        name: TaskName,
        raw: RawCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        let mut meant = Decision::default();
        // Told a second time, as if the filter had let it pass.
        if let Some(task) = self.tasks.get_mut(&name) {
            task.announced = Some(raw);
        }
        self.entry(name, raw, inspect, &mut meant);
        decision.edits.extend(meant.edits.into_iter().filter_map(|edit| match edit {
            Edit::Skip(result) => Some(Edit::Result(result)),
            Edit::Number(_) | Edit::Argument { .. } | Edit::Write { .. } => None,
            other => Some(other),
        }));
        decision.events.extend(meant.events);
        Signal::parse("SIGSYS").is_some_and(|sigsys| inspect.pending_signals().contains(sigsys))
    }
}
