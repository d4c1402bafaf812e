//! io_uring: work that a ring does needs no calls, so that nothing would be seen of it.
//! It must not know how calls are selected.

use super::Engine;
use super::inspect::Inspect;
use super::stop::{Decision, RawCall};
use crate::abi::Sysno;
use crate::plan::IoUring;
use crate::transcript::TaskName;

const IO_URING_ENTER: Sysno = Sysno::named("io_uring_enter");
const IO_URING_REGISTER: Sysno = Sysno::named("io_uring_register");
const IO_URING_SETUP: Sysno = Sysno::named("io_uring_setup");

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
        if !matches!(sysno, IO_URING_ENTER | IO_URING_REGISTER | IO_URING_SETUP) {
            return false;
        }
        let image = self.image_name(name);
        if self.plan.trace.io_uring == IoUring::Allow {
            if sysno == IO_URING_SETUP {
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
        self.refuse(name, raw, ("ENOSYS", IoUring::RULE), inspect, decision);
        true
    }
}
