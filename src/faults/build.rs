//! The words of the generated table.
//! It must not know a call.

use super::condition::{Clause, Condition, Kinds};
use super::model::{Effect, Model, Restart, Row};

pub(super) const CAUGHT: Clause = Clause::Caught;
pub(super) const LIMITED: Clause = Clause::Limited;
pub(super) const TIMED: Clause = Clause::Timed;

pub(super) const fn m(name: &'static str, restart: Restart, source: &'static str, rows: &'static [Row]) -> Model {
    Model { name, restart, source, rows }
}

pub(super) const fn r(
    errnos: &'static [u16],
    clauses: &'static [Clause],
    effect: Effect,
    source: &'static str,
) -> Row {
    Row { errnos, when: Condition(clauses), effect, source }
}

pub(super) const fn on(arg: u8, kinds: u8) -> Clause {
    Clause::On { arg, kinds: Kinds(kinds) }
}

pub(super) const fn nonblocking(arg: u8) -> Clause {
    Clause::NonBlocking { arg }
}

pub(super) const fn has(arg: u8, bits: u64) -> Clause {
    Clause::Has { arg, bits }
}

pub(super) const fn lacks(arg: u8, bits: u64) -> Clause {
    Clause::Lacks { arg, bits }
}

pub(super) const fn is(arg: u8, mask: u64, values: &'static [u64]) -> Clause {
    Clause::Is { arg, mask, values }
}

pub(super) const fn differs(arg: u8) -> Clause {
    Clause::Differs { arg }
}

pub(super) const fn locks(arg: u8) -> Clause {
    Clause::Locks { arg }
}

pub(super) const fn unread(arg: u8) -> Clause {
    Clause::Unread { arg }
}

pub(super) const fn given(arg: u8) -> Clause {
    Clause::Given { arg }
}
