//! Calls that rinject answers itself, whatever rules say: as the kernel would that has no such call, or forbids it.
//! It must not know which calls those are.

use std::sync::Arc;

use super::Engine;
use super::inspect::Inspect;
use super::stop::{Decision, Edit, RawCall};
use crate::abi::Errno;
use crate::transcript::{EventKind, Fired, TaskName};

impl Engine {
    /// Lets a call fail with `errno`, and tells it as what `rule` did.
    pub(super) fn refuse(
        &mut self,
        name: TaskName,
        raw: &RawCall,
        (errno, rule): (&str, &'static str),
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        let Some(errno) = Errno::parse(errno) else { return };
        let result = -i64::from(errno.number());
        decision.edits.push(Edit::Skip(result));
        if !self.has_events(name) {
            return;
        }
        let mut call = self.decoder(name, inspect).entry(raw.arch, raw.number, &raw.args);
        self.decoder(name, inspect).exit(raw.arch, &mut call, result);
        let mut event = self.event(name, EventKind::Call(call));
        let hit = self.refused.entry(rule).or_default();
        *hit += 1;
        event.fired.push(Fired { rule: rule.into(), hit: *hit });
        self.emit(event, decision);
    }

    /// The name of what a task executes.
    pub(super) fn image_name(&self, name: TaskName) -> Arc<str> {
        self.processes.get(&name.process).map(|process| process.image.clone()).unwrap_or_default()
    }
}
