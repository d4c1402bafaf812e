//! The nearest miss: of the events that are not what is wanted, the one that comes closest to it.

use super::met::At;
use crate::pattern::{Bindings, Matcher};
use crate::transcript::{Event, EventKind};

/// How near an event comes to a pattern that it does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    /// It is a call that the pattern speaks of.
    Call,
    /// It is all that the pattern asks for but the result.
    Arguments,
    /// It is all that the pattern asks for, but the rule that was to make it did not.
    Result,
}

/// The nearest miss so far; of several that are as near it is the last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Miss(Option<(Nearness, At)>);

impl Nearness {
    /// How near `event` comes, which does not match; `None` if it is about something else.
    pub(super) fn of(event: &Event, matcher: &Matcher, known: &Bindings) -> Option<Nearness> {
        let EventKind::Call(call) = &event.kind else { return None };
        if !matcher.is_about(call.sysno?) {
            return None;
        }
        let arguments = matcher.matches_entry(event, known);
        Some(if arguments { Nearness::Arguments } else { Nearness::Call })
    }
}

impl Miss {
    /// Takes an event that is so near.
    pub(super) fn see(&mut self, nearness: Option<Nearness>, here: At) {
        let Some(nearness) = nearness else { return };
        if self.0.is_none_or(|(best, _)| nearness >= best) {
            self.0 = Some((nearness, here));
        }
    }

    /// Where it is.
    pub(super) fn at(self) -> Option<At> {
        self.0.map(|(_, at)| at)
    }
}
