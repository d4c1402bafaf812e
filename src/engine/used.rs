//! What has served at one stop serves at the next: to allocate it anew each time, and to move it to where it stays, is dear.
//! It must not carry anything from one stop to another.

use super::stop::{Decision, RawCall};
use super::task::InCall;
use crate::abi::Sysno;
use crate::transcript::{Arg, EventKind};

/// Memory that is there to be used.
#[derive(Debug, Default)]
pub(super) struct Used {
    decision: Decision,
    call: Option<Box<InCall>>,
    args: Vec<Arg>,
}

impl Used {
    /// A decision of nothing.
    #[inline]
    pub(super) fn decision(&mut self) -> Decision {
        std::mem::take(&mut self.decision)
    }

    /// A decision that has been carried out.
    #[inline]
    pub(super) fn decided(&mut self, mut decision: Decision) {
        decision.edits.clear();
        if let Some(EventKind::Call(call)) = decision.events.last_mut().map(|event| &mut event.kind) {
            self.args = std::mem::take(&mut call.args);
            self.args.clear();
        }
        decision.events.clear();
        (decision.put_off, decision.holds) = (false, false);
        self.decision = decision;
    }

    /// No arguments, where those of an event were that has been told.
    #[inline]
    pub(super) fn args(&mut self) -> Vec<Arg> {
        std::mem::take(&mut self.args)
    }

    /// A call of which nothing is known but what stands in the registers.
    #[inline]
    pub(super) fn call(&mut self, raw: RawCall, sysno: Option<Sysno>) -> Box<InCall> {
        match self.call.take() {
            Some(mut call) => {
                call.renew(raw, sysno);
                call
            }
            None => Box::new(InCall::new(raw, sysno)),
        }
    }

    /// A call that nobody asks about any more.
    #[inline]
    pub(super) fn over(&mut self, call: Box<InCall>) {
        self.call = Some(call);
    }
}
