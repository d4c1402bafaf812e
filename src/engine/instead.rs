//! What a program did instead of the calls of a rule: other calls that do the same job, where the rule's conditions hold.
//! It must not know how rules fire; it only tells the author why one did not.

use crate::abi::{CallSet, Operation, Sysno};
use crate::pattern::{Bindings, Matcher};
use crate::transcript::{Event, EventKind};

/// The calls beside those of one rule.
#[derive(Debug)]
pub(super) struct Instead {
    matchers: Vec<(Operation, Matcher)>,
    seen: Vec<(Operation, Sysno)>,
}

impl Instead {
    pub(super) fn new(rule: &crate::plan::Rule) -> Instead {
        let matchers = rule.instead.iter().map(|(job, pattern)| (*job, Matcher::new(pattern.clone())));
        Instead { matchers: matchers.collect(), seen: Vec::new() }
    }

    /// What they are looked at with.
    pub(super) fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        self.matchers.iter().map(|(_, matcher)| matcher)
    }

    /// The calls that are looked at.
    pub(super) fn calls(&self) -> CallSet {
        let mut calls = CallSet::new();
        for (_, matcher) in &self.matchers {
            calls.union(&matcher.pattern().calls());
        }
        calls
    }

    /// Notes the call of `event`, if it does the job of one of the rule's calls. `known` are captured values, `holds` is the rule's `where`.
    pub(super) fn notice(&mut self, event: &Event, known: &Bindings, holds: impl Fn(&Event) -> bool) {
        let EventKind::Call(call) = &event.kind else { return };
        let Some(sysno) = call.sysno else { return };
        for (job, matcher) in &self.matchers {
            if !self.seen.contains(&(*job, sysno)) && matcher.matches_entry(event, known) && holds(event) {
                self.seen.push((*job, sysno));
            }
        }
    }

    /// Each call that was seen, with the job that it did.
    pub(super) fn seen(&self) -> &[(Operation, Sysno)] {
        &self.seen
    }
}
