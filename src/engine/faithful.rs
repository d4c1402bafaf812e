//! How a call fails: what the kernel would still have done, and whether it could have failed so at all.
//! It must not know which rule fires when.

use super::Engine;
use super::fire::Deed;
use super::inspect::Inspect;
use super::task::InCall;
use crate::abi::{Errno, Sysno};
use crate::plan::Rule;
use crate::transcript::TaskName;

/// A failure that a rule asks for at the entry of a call.
pub(super) struct Request<'a> {
    /// Who makes the call.
    pub(super) task: TaskName,
    /// The rule.
    pub(super) rule: &'a Rule,
    /// The call.
    pub(super) sysno: Sysno,
    /// Its registers.
    pub(super) call: &'a InCall,
    /// The failure.
    pub(super) errno: Errno,
}

impl Request<'_> {
    /// What makes the call fail as the kernel would; `Err` says why it could not fail so here.
    #[allow(clippy::unnecessary_wraps, reason = "what cannot happen here is told")]
    pub(super) fn carried_out(&self, engine: &mut Engine, inspect: &dyn Inspect) -> Result<Vec<Deed>, String> {
        let _ = (engine, inspect, self.task, self.rule, self.call);
        if closes_anyway(self.sysno, self.errno) {
            return Ok(vec![Deed::Fail(self.errno)]);
        }
        Ok(vec![Deed::Skip { result: -i64::from(self.errno.number()), chosen: false }])
    }
}

/// close(2) frees the descriptor also when it reports one of these: Linux releases it before the flush that fails.
fn closes_anyway(sysno: Sysno, errno: Errno) -> bool {
    sysno.name() == "close" && errno.name() != Some("EBADF")
}
