//! io_uring: work that a ring does needs no calls, so that nothing would be seen of it.
//! It must not know how calls are selected.

use super::Engine;
use super::inspect::Inspect;
use super::stop::{Decision, Edit, RawCall};
use crate::abi::{Errno, Sysno};
use crate::plan::IoUring;
use crate::transcript::{EventKind, Fired, TaskName};

impl Engine {
    /// Answers a call that is about rings, whoever traces it; whether that was all there is to do.
    pub(super) fn ring(
        &mut self,
        name: TaskName,
        sysno: Sysno,
        raw: &RawCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        if !sysno.name().starts_with("io_uring_") {
            return false;
        }
        let Some(process) = self.processes.get(&name.process) else { return false };
        let (image, tracing) = (process.image.clone(), process.tracing);
        if self.plan.trace.io_uring == IoUring::Allow {
            if sysno.name() == "io_uring_setup" {
                self.note(format!(
                    "`{image}` set up an io_uring: what it did through the ring could not be seen, and no rule fires on it"
                ));
            }
            return false;
        }
        self.note(format!(
            "`{image}` was told that there is no io_uring (ENOSYS): what a ring does could not be seen; \
             `[trace] io-uring = \"allow\"` lets it"
        ));
        let Some(enosys) = Errno::parse("ENOSYS") else { return false };
        let result = -i64::from(enosys.number());
        decision.edits.push(Edit::Skip(result));
        if tracing && self.tasks.get(&name).is_some_and(|task| !task.silent) {
            let decoded = self.decoder(name, inspect).entry(raw.arch, raw.number, &raw.args);
            let mut event = self.event(name, EventKind::Call(decoded));
            if let EventKind::Call(shown) = &mut event.kind {
                self.decoder(name, inspect).exit(shown, result);
            }
            self.rings_denied += 1;
            event.fired.push(Fired { rule: IoUring::RULE.into(), hit: self.rings_denied });
            self.emit(event, decision);
        }
        true
    }
}
