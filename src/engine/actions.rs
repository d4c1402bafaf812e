//! What the actions of a rule come to, at whatever event it fired.

use super::Engine;
use super::stop::{Decision, Edit};
use crate::plan::Action;
use crate::transcript::TaskName;

impl Engine {
    /// Carries out the actions that mean the same at every event: signals, delays, kills. The outcome of a call
    /// and of a signal's delivery is decided where they are seen.
    pub(super) fn carry_out(&mut self, name: TaskName, actions: Vec<Action>, decision: &mut Decision) {
        for action in actions {
            match action {
                Action::Signal { signal, to, value, at: _ } => decision.edits.push(Edit::Send { signal, to, value }),
                Action::Delay { duration, at: _ } => {
                    self.go(name, |go| go.hold = Some(go.hold.unwrap_or_default() + duration));
                }
                Action::Kill { victim, at: _ } => {
                    decision.edits.push(Edit::Kill(victim));
                    self.go(name, |go| go.may_end = true);
                }
                Action::Error(_) | Action::Retval(_) | Action::Suppress | Action::Replace(_) => {}
            }
        }
    }
}
