//! Sets of system calls.

use super::call::Sysno;
use super::table::CALLS;

/// Words of [`CallSet`]; the table must not grow past them.
const WORDS: usize = 8;
const _: () = assert!(CALLS.len() <= WORDS * 64);

/// A set of calls, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallSet {
    bits: [u64; WORDS],
}

impl CallSet {
    /// No call.
    pub fn new() -> CallSet {
        CallSet::default()
    }

    /// The calls of these names; one that is no call's is an error of the compiler in a constant.
    pub const fn named(names: &[&str]) -> CallSet {
        let mut bits = [0; WORDS];
        let mut at = 0;
        while at < names.len() {
            let call = Sysno::named(names[at]).0 as usize;
            bits[call / 64] |= 1 << (call % 64);
            at += 1;
        }
        CallSet { bits }
    }

    /// Every call of the table.
    pub fn all() -> CallSet {
        Sysno::all().collect()
    }

    /// Adds `call`; true if it was not there before.
    pub fn insert(&mut self, call: Sysno) -> bool {
        let new = !self.contains(call);
        self.bits[usize::from(call.0) / 64] |= 1 << (call.0 % 64);
        new
    }

    /// Takes `call` out.
    pub fn remove(&mut self, call: Sysno) {
        self.bits[usize::from(call.0) / 64] &= !(1 << (call.0 % 64));
    }

    /// Whether `call` is in the set.
    pub fn contains(&self, call: Sysno) -> bool {
        self.bits[usize::from(call.0) / 64] & (1 << (call.0 % 64)) != 0
    }

    /// Adds every call of `other`.
    pub fn union(&mut self, other: &CallSet) {
        for (mine, theirs) in self.bits.iter_mut().zip(other.bits) {
            *mine |= theirs;
        }
    }

    /// Whether no call is in the set.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|bits| *bits == 0)
    }

    /// The calls in name order.
    pub fn iter(&self) -> impl Iterator<Item = Sysno> + '_ {
        Sysno::all().filter(|call| self.contains(*call))
    }
}

impl FromIterator<Sysno> for CallSet {
    fn from_iter<I: IntoIterator<Item = Sysno>>(calls: I) -> CallSet {
        let mut set = CallSet::new();
        for call in calls {
            set.insert(call);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_made_of_names() {
        let set = CallSet::named(&["openat", "close"]);
        let names: Vec<&str> = set.iter().map(Sysno::name).collect();
        assert_eq!(names, ["close", "openat"]);
        assert!(!CallSet::named(&[]).contains(Sysno::named("close")));
    }
}
